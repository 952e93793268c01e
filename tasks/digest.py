"""The daily digest: Prefect artifacts for operations. Loan and case numbers only: everybody who can
open the UI reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from sqlmodel import Session, col, func, select

from postloan.book import calls, cases, differences, extensions, people, slips
from postloan.book.tables import AuditHead, Case, HumanTask, Notice
from postloan.rules.duties_apart import signatories
from tasks import runs
from tasks.borrowers import falling_due
from tasks.office import Office
from tasks.round import DayResult

# A digest that nobody can read to the end helps nobody; the inbox has them all.
MOST_ROWS = 500


def inbox(
    office: Office, session: Session, *, role: str | None = None, staff_no: str | None = None
) -> list[dict[str, Any]]:
    """What waits for whom: one row per open task, most urgent first; dates ISO 8601."""
    query = (
        select(HumanTask, Case)
        .join(Case, col(Case.case_no) == HumanTask.case_no)
        .where(HumanTask.state == "open", Case.state == "open")
        .order_by(col(HumanTask.due_on), col(HumanTask.case_no))
    )
    if role:
        query = query.where(HumanTask.role == role)
    rows = session.exec(query).all()
    if staff_no:
        everyone = people.everyone(session, office.today)
        rows = [
            (t, c)
            for t, c in rows
            if staff_no in signatories(cases.mandate_of(t), everyone, cases.barred(session, t.case_no, t.duty))
        ]
    return [
        {
            "case_no": case.case_no,
            "loan_no": case.loan_no,
            "kind": case.kind,
            "step": task.step,
            "attempt": task.attempt,
            "role": task.role,
            "staff_no": task.staff_no or "",
            "since": task.asked_at.isoformat(timespec="seconds"),
            "due_on": task.due_on.isoformat(),
            "run_url": runs.run_url(office.settings, case.flow_run_id),
        }
        for task, case in rows
    ]


def publish(office: Office, day: date, done: DayResult) -> None:
    """Publish the day's digest: a page, and the table of what waits."""
    with office.book.read() as session:
        waiting = inbox(office, session)
        head = session.exec(select(AuditHead)).one()
        failed = session.exec(select(func.count()).select_from(Notice).where(col(Notice.state) == "failed")).one()
        opened = [cases.get(session, no) for no in done.opened_cases[:MOST_ROWS]]
        overloaded = _overloaded(office, session)
        unmanned = _unmanned(office, session, waiting)
        slips_out, awaited = len(slips.still_out(session)), extensions.awaited(session, day)
        unlike = differences.on_day(session, day)
        letters = sum(one.on_paper for one in falling_due(office, session, day))
        to_call = calls.on_day(session, office.policy_file.at(day), day)
    late = [row for row in waiting if row["due_on"] < day.isoformat()]
    page = office.renderer.text(
        "digest.md",
        day=day,
        done=done,
        opened=opened,
        waiting=waiting[:MOST_ROWS],
        waiting_count=len(waiting),
        late=late[:MOST_ROWS],
        late_count=len(late),
        failed=failed,
        overloaded=overloaded,
        slips_out=slips_out,
        letters=letters,
        unmanned=unmanned,
        awaited=awaited,
        head=head,
    )
    create_markdown_artifact(key="daily-digest", markdown=page, description=f"贷后日报 Daily digest {day}")
    create_table_artifact(
        key="waiting-tasks",
        table=waiting[:MOST_ROWS] or [{"case_no": "", "note": "nothing waits"}],
        description=f"待办 What waits for whom, {day}",
    )
    create_table_artifact(
        key="call-list",
        table=[
            {"loan_no": c.loan_no, "officer": c.officer_no, "due_on": str(c.due_on), "days_past_due": c.days_past_due}
            for c in to_call[:MOST_ROWS]
        ]
        or [{"loan_no": "", "note": "nobody is to be called"}],
        description=f"催收电话名单 Whom to call, {day} ({len(to_call)})",
    )
    if unlike:
        create_table_artifact(
            key="core-differences",
            table=[
                {"loan_no": d.loan_no, "core_days": d.core_days, "schedule_days": d.schedule_days, "days": d.days}
                for d in unlike[:MOST_ROWS]
            ],
            description=f"核心系统差异 The core system and the schedule disagree, {day} ({len(unlike)})",
        )


def _unmanned(office: Office, session: Session, waiting: Sequence[dict[str, Any]]) -> list[str]:
    """The roles that work waits for and that nobody holds: it would wait for ever."""
    held = {role for person in people.everyone(session, office.today) if person.active for role in person.roles}
    return sorted({str(row["role"]) for row in waiting} - held)


def _overloaded(office: Office, session: Session) -> Sequence[tuple[str, int]]:
    """INS-13: the officers with more customers than the policy's measure."""
    most = office.policy.workload.customers_per_officer
    officers = [p.staff_no for p in people.everyone(session, office.today) if "account_officer" in p.roles]
    load = people.customers_of(session, officers)
    return sorted((no, count) for no, count in load.items() if count > most)
