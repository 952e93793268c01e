"""What the daily round does in the book: set-based, repeatable, and without Prefect."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from postloan.book import (
    Writer,
    cases,
    classification,
    collection,
    duties,
    extensions,
    groups,
    notices,
    people,
    promises,
    signals,
    stages,
    work_log,
)
from postloan.book.notices import staff_recipient
from postloan.book.standings import worked_out
from postloan.book.tables import Case, HumanTask, Notice, RoundDay
from postloan.calendar import UnknownYear
from postloan.rules.duties_apart import Mandate, signatories
from postloan.rules.reminders import escalation_level, reminder_number, superior
from tasks import runs
from tasks.borrowers import remind_borrowers, tell_officers_to_call
from tasks.collection import remind_overdue
from tasks.notices import queue
from tasks.office import Office


@dataclass
class DayResult:
    """What a round did; counts of what it added, so that a second one shows zeros."""

    date: date
    caught_up: list[date] = field(default_factory=list)
    opened: int = 0
    signals: int = 0
    classified: int = 0
    notices_queued: int = 0
    reminders: int = 0
    escalations: int = 0
    borrowers_reminded: int = 0
    to_call: int = 0
    stages: int = 0
    cured: int = 0
    overdue_reminded: int = 0
    promises_kept: int = 0
    promises_broken: int = 0
    in_force: int = 0
    notices_sent: int = 0
    started: int = 0
    healed: int = 0
    alarms: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    opened_cases: list[str] = field(default_factory=list)
    ended_cases: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, dates ISO 8601."""
        plain = asdict(self)
        plain["date"] = self.date.isoformat()
        plain["caught_up"] = [day.isoformat() for day in self.caught_up]
        return plain


def work_out(office: Office, day: date) -> DayResult:
    """Everything of the round for `day` that is the book's: one transaction.

    Opens the cases of the duties that opened by `day`, missed days included; reminds borrowers of what falls
    due, and tells officers whom to call; enters the extensions that take force, the stages of collection and what
    became of promises; queues reminders and
    escalations of late tasks; opens a case for every notice that failed for good.
    """
    done = DayResult(day)
    with warnings.catch_warnings(record=True) as caught, office.book.write(origin="round") as writer:
        warnings.simplefilter("always", UnknownYear)
        office.policy_file.at(day).working_days.day(day)
        writer.alone("postloan round")
        before = _queued(writer.session)
        version = cases.keep_policy(writer, office.policy_file)
        since = _last_round(writer.session, day)
        done.caught_up = _days_after(since, day)
        groups.refresh(writer)
        done.in_force = extensions.take_force(writer, office.policy_file, day)  # first: what is extended is not late
        done.promises_kept, done.promises_broken = promises.follow(writer, day)
        stages.catch_up(writer, office.policy_file, done.caught_up)
        with worked_out(writer.session, day):
            done.signals = signals.raise_signals(writer, office.policy_file.at(day), day, since)
            done.classified = classification.classify_normal(writer, office.policy_file, day, since)
            done.opened_cases = duties.open_cases(writer, office.policy_file, version, day, since)
            work_log.put_before_heads(writer, done.opened_cases)
            done.borrowers_reminded = remind_borrowers(office, writer, day, since)
            done.to_call = tell_officers_to_call(office, writer, day)
            done.stages = stages.refresh(writer, office.policy_file.at(day), day)
            done.ended_cases = collection.end_cured(writer, day)
            done.cured = len(done.ended_cases)
            late = collection.past_due(writer.session, day)
            done.opened_cases += collection.open_cases(writer, office.policy_file, version, day, late)
            done.overdue_reminded = remind_overdue(office, writer, day, late)
        done.opened_cases += notices.open_failure_cases(writer, version, day)
        done.opened = len(done.opened_cases)
        done.reminders, done.escalations = _remind(office, writer, day)
        done.notices_queued = _queued(writer.session) - before
        _note_days(writer, day, done)
    done.warnings = sorted({str(w.message) for w in caught if issubclass(w.category, UnknownYear)})
    return done


def _queued(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Notice)).one()


def _last_round(session: Session, day: date) -> date | None:
    """The last day before `day` that a round has dealt with."""
    return session.exec(select(func.max(RoundDay.day)).where(RoundDay.day < day)).one()


def _days_after(since: date | None, day: date) -> list[date]:
    """The days between, both exclusive: those without a round."""
    return [since + timedelta(days=n) for n in range(1, (day - since).days)] if since else []


def _note_days(writer: Writer, day: date, done: DayResult) -> None:
    for dealt_with in (*done.caught_up, day):
        if writer.session.get(RoundDay, dealt_with) is None:
            writer.session.add(
                RoundDay(
                    day=dealt_with,
                    done_by=day,
                    done_at=writer.now,
                    result={
                        "opened": done.opened,
                        "reminders": done.reminders,
                        "escalations": done.escalations,
                    },
                )
            )
            writer.record("round.done", day=dealt_with, done_by=day)


def _remind(office: Office, writer: Writer, day: date) -> tuple[int, int]:
    """Queue what is due about the open tasks: reminders to those who may answer, word to those above."""
    policy = office.policy_file.at(day).tasks
    reminders = escalations = 0
    everyone = people.everyone(writer.session, day)
    horizon = day + timedelta(days=policy.remind_days_before)
    waiting = writer.session.exec(
        select(HumanTask, Case)
        .join(Case, col(Case.case_no) == HumanTask.case_no)
        .where(HumanTask.state == "open", Case.state == "open", HumanTask.due_on <= horizon)
        .order_by(col(HumanTask.due_on), col(HumanTask.case_no))
    ).all()
    for task, case in waiting:
        number = reminder_number(
            day, task.due_on, days_before=policy.remind_days_before, every_days=policy.remind_every_days
        )
        mandate, barred = cases.mandate_of(task), cases.barred(writer.session, task.case_no, task.duty)
        if number is not None:
            able = signatories(mandate, everyone, barred)
            reminders += _tell(office, writer, "task_reminder", f"{number}", able, task, case, day)
        level = escalation_level(day, task.due_on, after_days=policy.escalate_after_days)
        above = superior(task.role, level, policy.escalate_to)
        if above is not None:
            over = Mandate(above, branch_no=task.branch_no)
            told = signatories(over, everyone)
            escalations += _tell(office, writer, "task_escalation", above, told, task, case, day)
    return reminders, escalations


def _tell(
    office: Office,
    writer: Writer,
    kind: str,
    which: str,
    people_told: Iterable[str],
    task: HumanTask,
    case: Case,
    day: date,
) -> int:
    """Queue one message to each of these people; gives how many were new."""
    new = 0
    for staff_no in people_told:
        key = f"{kind}:{case.case_no}:{task.step}:{task.attempt}:{which}:{staff_no}"
        if notices.by_key(writer.session, key) is not None:
            continue
        queue(
            office,
            writer,
            key=key,
            kind=kind,
            to=staff_recipient(people.get(writer.session, staff_no)),
            loan_no=case.loan_no,
            case_no=case.case_no,
            step=task.step,
            waits_for=task.staff_no or task.role,
            due_on=task.due_on,
            days_late=(day - task.due_on).days,
            link=runs.run_url(office.settings, case.flow_run_id),
        )
        new += 1
    return new
