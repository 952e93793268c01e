"""The work log (工作日志): what officers did for borrowers, and the heads' opinions (REC-3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from postloan.book.engine import Writer
from postloan.book.tables import Borrower, Case, Staff, WorkLogEntry

REVIEW = "work_log_review"


def enter(
    writer: Writer,
    case: Case,
    *,
    number: int = 1,
    borrower_no: str,
    staff_no: str,
    activity: str,
    acted_on: date,
    entered_on: date,
    content: str,
    opinion: str = "",
    reviewed_by: str | None = None,
    reviewed_on: date | None = None,
) -> None:
    """Enter what was done in a case, once per case and number; with the head's opinion where the case
    itself has it."""
    entry_no = f"W-{case.case_no}" + (f"-{number}" if number > 1 else "")
    if writer.session.get(WorkLogEntry, entry_no) is not None:
        return
    writer.session.add(
        WorkLogEntry(
            entry_no=entry_no,
            borrower_no=borrower_no,
            loan_no=case.loan_no,
            staff_no=staff_no,
            activity=activity,
            acted_on=acted_on,
            entered_on=entered_on,
            content=content,
            case_no=case.case_no,
            opinion=opinion,
            reviewed_by=reviewed_by,
            reviewed_on=reviewed_on,
        )
    )
    writer.record(
        "work_log.entered",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=staff_no,
        entry_no=entry_no,
        activity=activity,
        acted_on=acted_on,
    )


def made(session: Session, borrower_no: str, first: date, last: date) -> int:
    """How many entries there are of what was done for a borrower from `first` to `last`, both inclusive."""
    return session.exec(
        select(func.count())
        .select_from(WorkLogEntry)
        .where(WorkLogEntry.borrower_no == borrower_no, WorkLogEntry.acted_on >= first, WorkLogEntry.acted_on <= last)
    ).one()


def put_before_heads(writer: Writer, case_nos: Sequence[str]) -> int:
    """Give each entry that nobody has reviewed to the review case that was opened for its branch; gives how many."""
    given = 0
    for case_no in case_nos:
        case = writer.session.get_one(Case, case_no)
        if case.kind != REVIEW:
            continue
        of_branch = select(Staff.staff_no).where(func.coalesce(Staff.branch_no, "") == case.branch_no)
        given += writer.session.execute(
            update(WorkLogEntry)
            .where(
                col(WorkLogEntry.staff_no).in_(of_branch),
                col(WorkLogEntry.reviewed_on).is_(None),
                col(WorkLogEntry.review_case_no).is_(None),
                col(WorkLogEntry.entered_on) <= case.anchor_on,
            )
            .values(review_case_no=case_no)
        ).rowcount  # type: ignore[attr-defined]
    return given


def of_review(session: Session, case_no: str) -> Sequence[WorkLogEntry]:
    """The entries that a review case is about."""
    return session.exec(
        select(WorkLogEntry)
        .where(WorkLogEntry.review_case_no == case_no)
        .order_by(col(WorkLogEntry.entered_on), col(WorkLogEntry.entry_no))
    ).all()


def review(writer: Writer, case: Case, opinion: str, *, by: str, day: date) -> int:
    """Enter the head's opinion on every entry of a review case; gives how many were new."""
    entries = [e for e in of_review(writer.session, case.case_no) if e.reviewed_on is None]
    for entry in entries:
        entry.opinion, entry.reviewed_by, entry.reviewed_on = opinion, by, day
        writer.session.add(entry)
    if entries:
        writer.record(
            "work_log.reviewed",
            case_no=case.case_no,
            policy_version=case.policy_version,
            actor=by,
            entries=[e.entry_no for e in entries],
        )
    return len(entries)


def listing(
    session: Session, first: date, last: date, *, borrower_no: str | None = None, staff_no: str | None = None
) -> list[dict[str, Any]]:
    """The entries of what was done from `first` to `last`, both inclusive, oldest first."""
    query = (
        select(WorkLogEntry, Borrower.name)
        .join(Borrower, col(Borrower.borrower_no) == WorkLogEntry.borrower_no)
        .where(WorkLogEntry.acted_on >= first, WorkLogEntry.acted_on <= last)
        .order_by(col(WorkLogEntry.acted_on), col(WorkLogEntry.entry_no))
    )
    if borrower_no:
        query = query.where(WorkLogEntry.borrower_no == borrower_no)
    if staff_no:
        query = query.where(WorkLogEntry.staff_no == staff_no)
    return [entry.model_dump() | {"borrower": name} for entry, name in session.exec(query)]
