"""Collection: the cases that stages open and cure ends, and what is known of each loan past due (COL-1 to COL-7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Subquery, exists, or_
from sqlmodel import Session, col, func, select

from postloan.book import cases, stages
from postloan.book import tables as t
from postloan.book.engine import Writer
from postloan.book.standings import only
from postloan.book.tables import Borrower, Case, Diagnosis, Loan, Promise
from postloan.calendar import months_after
from postloan.policy import Policy, PolicyFile
from postloan.policy.collection import Rhythm
from postloan.rules.collection import CURRENT, next_contact

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
BORROWER = t.Borrower.__table__.c  # type: ignore[attr-defined]
CASE = t.Case.__table__.c  # type: ignore[attr-defined]
STAGE = t.Stage.__table__.c  # type: ignore[attr-defined]
TRANSFER = t.Transfer.__table__.c  # type: ignore[attr-defined]
WORKED_OUT = ("workout", "write_off")


@dataclass(frozen=True)
class PastDue:
    """A loan that is past due: its stage since a day, days past due on the clock and by the calendar, and what is
    overdue in its currency."""

    loan_no: str
    borrower_no: str
    branch_no: str
    officer_no: str
    security: str
    segment: str
    borrower_kind: str
    stage: str
    since: date
    episode: int
    days: int
    calendar_days: int
    overdue: Decimal
    paused: bool
    currency: str

    def rhythm(self, policy: Policy) -> Rhythm | None:
        """COL-3: what is to be done in its stage."""
        return policy.collection.rhythm_of(self.stage, self.segment, self.borrower_kind, self.security)


def one_past_due(session: Session, day: date, loan_no: str) -> PastDue | None:
    """One loan as `past_due` has it; None where it is not among them. Looks at no other loan."""
    with only([loan_no]):
        return next(iter(past_due(session, day)), None)


def past_due(session: Session, day: date) -> list[PastDue]:
    """Every loan in a stage of collection at the end of a day that the workout does not have."""
    where, last = stages.on_the_clock(day), stages.latest(day)
    query = (
        select(
            LOAN.loan_no,
            LOAN.borrower_no,
            func.coalesce(LOAN.branch_no, ""),
            func.coalesce(LOAN.officer_no, ""),
            LOAN.security,
            BORROWER.segment,
            BORROWER.kind,
            last.c.stage,
            last.c.entered_on,
            last.c.episode,
            where.c.days,
            where.c.calendar_days,
            where.c.overdue,
            where.c.paused,
            LOAN.currency,
        )
        .select_from(last)
        .join(Loan, LOAN.loan_no == last.c.loan_no)
        .join(Borrower, BORROWER.borrower_no == LOAN.borrower_no)
        .join(where, where.c.loan_no == LOAN.loan_no)
        .where(last.c.stage != CURRENT, ~_in_workout(last, day))
        .order_by(LOAN.loan_no)
    )
    return [PastDue(*row) for row in session.execute(query)]  # type: ignore[call-overload]


def _in_workout(last: Subquery, day: date) -> ColumnElement[bool]:
    """WO-1: handed over in the delinquency that lasts, or worked out still. What was cured since is collected again
    when it is past due anew."""
    begun = (
        select(func.min(STAGE.entered_on))
        .where(STAGE.loan_no == last.c.loan_no, STAGE.episode == last.c.episode, STAGE.stage != CURRENT)
        .correlate(last)
        .scalar_subquery()
    )
    handed_over = exists().where(TRANSFER.loan_no == last.c.loan_no, TRANSFER.transferred_on.between(begun, day))
    worked_out = exists().where(
        CASE.loan_no == last.c.loan_no,
        CASE.kind.in_(WORKED_OUT),
        CASE.opened_on <= day,
        CASE.state == "open",
    )
    return or_(handed_over, worked_out)


def open_cases(writer: Writer, file: PolicyFile, version: str, day: date, late: Sequence[PastDue]) -> list[str]:
    """COL-3, COL-7: a case of collection for every loan past due whose stage asks for contacts, once for each episode
    of delinquency, and a demand notice for every stage that asks for one; none while the clock is paused."""
    policy, opened = file.at(day), []
    known = _known(writer.session, ("collection", "demand_notice"))
    for one in late:
        rhythm = one.rhythm(policy)
        if one.paused or rhythm is None:
            continue
        if rhythm.contact_days:
            due_on = day + timedelta(days=policy.collection.diagnose_days)
            opened += _open(writer, version, known, "collection", "CO", "COL-3", one, f"{one.episode}", day, due_on)
        if rhythm.demand:
            subject, due_on = f"{one.episode}-{one.stage}", day + timedelta(days=policy.collection.slip_days)
            opened += _open(writer, version, known, "demand_notice", "DN", "COL-7", one, subject, day, due_on)
    return opened


def _known(session: Session, kinds: Sequence[str]) -> set[tuple[str, str | None, str]]:
    rows = session.execute(select(CASE.kind, CASE.loan_no, CASE.subject).where(CASE.kind.in_(kinds)))  # type: ignore[call-overload]
    return {tuple(row) for row in rows}


def _open(
    writer: Writer,
    version: str,
    known: set[tuple[str, str | None, str]],
    kind: str,
    prefix: str,
    rule: str,
    one: PastDue,
    subject: str,
    day: date,
    due_on: date,
) -> list[str]:
    if (kind, one.loan_no, subject) in known:
        return []
    case = Case(
        case_no=f"{prefix}-{one.loan_no}-{subject}",
        kind=kind,
        loan_no=one.loan_no,
        branch_no=one.branch_no,
        subject=subject,
        rule=rule,
        anchor_on=one.since,
        due_on=due_on,
        opened_on=day,
        policy_version=version,
    )
    cases.enter(writer, case)
    return [case.case_no]


ENDED_BY_CURE = ("collection", "demand_notice", "collection_preparation")


def end_cured(writer: Writer, day: date) -> list[str]:
    """COL-1: what is cured needs no collection any more; gives the numbers of the cases that end so."""
    last = stages.latest(day)
    cured = writer.session.exec(
        select(Case)
        .join(last, last.c.loan_no == Case.loan_no)
        .where(Case.state == "open", col(Case.kind).in_(ENDED_BY_CURE), last.c.stage == CURRENT)
        .where(last.c.entered_on >= Case.opened_on)
        .order_by(col(Case.case_no))
    ).all()
    for case in cured:
        cases.end(writer, case, "cured")
    return [case.case_no for case in cured]


def end_transferred(writer: Writer, loan_no: str) -> list[Case]:
    """WO-1: what the workout takes over ends here; gives the cases, for their runs to be ended."""
    open_ = writer.session.exec(
        select(Case).where(Case.loan_no == loan_no, Case.state == "open", Case.kind == "collection")
    ).all()
    for case in open_:
        cases.end(writer, case, "transferred")
    return list(open_)


def is_redefault(session: Session, policy: Policy, loan_no: str, day: date) -> bool:
    """COL-1: whether the loan is past due again within so many months after a cure."""
    history = stages.of_loan(session, loan_no, day)
    if not history or history[-1].episode < 2:
        return False
    cured = max(s.entered_on for s in history if s.stage == CURRENT)
    begun = min(s.entered_on for s in history if s.episode == history[-1].episode and s.stage != CURRENT)
    return begun <= months_after(cured, policy.collection.redefault_months)


# ---------------------------------------------------------------------------------------- the diagnosis


def diagnose(
    writer: Writer, case: Case, number: str, *, day: date, cause: str, measures: list[str], findings: dict[str, Any],
    by: str,
) -> None:  # fmt: skip
    """COL-5: enter why a loan is not paid and what follows from it, once."""
    if writer.session.get(Diagnosis, number) is not None:
        return
    writer.session.add(
        Diagnosis(
            diagnosis_no=number,
            loan_no=case.loan_no or "",
            diagnosed_on=day,
            cause=cause,
            measures=measures,
            findings=findings,
            case_no=case.case_no,
        )
    )
    cases.record(writer, case, "default.diagnosed", by, cause=cause, measures=measures)


# ---------------------------------------------------------------------------------------- the work list


@dataclass(frozen=True)
class Work:
    """A line of the collector's work list: a loan, why now, and what is known of it."""

    loan: PastDue
    reason: str
    promise: Promise | None
    last_contact_on: date | None


REASONS = ("broken_promise", "promise_due", "contact_due", "none")


def work_list(session: Session, policy: Policy, day: date) -> list[Work]:
    """COL-3: the loans past due in the order in which to work on them: broken promises, promises due today, contacts
    due, then the others; in each the longest past due and the largest amounts first. Paused ones are left out."""
    promises = {p.loan_no: p for p in session.exec(select(Promise).order_by(col(Promise.made_on)))}
    contact = t.Contact.__table__.c  # type: ignore[attr-defined]
    last = dict(
        session.execute(
            select(contact.loan_no, func.max(contact.contact_at)).where(contact.permitted).group_by(contact.loan_no)  # type: ignore[call-overload]
        ).all()
    )
    found = []
    for one in past_due(session, day):
        if one.paused:
            continue
        promise, rhythm = promises.get(one.loan_no), one.rhythm(policy)
        at = last.get(one.loan_no)
        last_on = at.astimezone(policy.time_zone).date() if at else None
        if promise is not None and promise.state == "broken" and (last_on is None or last_on <= promise.due_on):
            reason = "broken_promise"
        elif promise is not None and promise.state == "open" and promise.due_on == day:
            reason = "promise_due"
        elif promise is not None and promise.state == "open":
            reason = "none"
        elif (
            rhythm is not None
            and rhythm.contact_days
            and (last_on is None or next_contact(last_on, rhythm.contact_days, policy.collection.pay_days) <= day)
        ):
            reason = "contact_due"
        else:
            reason = "none"
        found.append(Work(one, reason, promise, last_on))
    return sorted(found, key=lambda w: (REASONS.index(w.reason), -w.loan.days, -w.loan.overdue, w.loan.loan_no))
