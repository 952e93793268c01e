"""Head office's inspections of branches in the book: what is drawn, found and rectified (SUP-1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, or_, select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from postloan.book import tables as t
from postloan.book.duties.base import open_signal
from postloan.book.engine import Writer
from postloan.book.sql import on
from postloan.book.standings import decided_class, settlements, standings
from postloan.book.tables import Case, Finding
from postloan.rules.supervision import Candidate, Found

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]


def candidates(session: Session, branch_no: str, day: date) -> list[Candidate]:
    """The loans of a branch that run at the end of a day, and which of them are risky."""
    where, settled = standings(day), settlements()
    newest = decided_class(LOAN.loan_no, day)
    risky = or_(
        where.c.days_past_due > 0,
        open_signal(on(day)),
        func.coalesce(newest, "normal") != "normal",
        LOAN.high_risk,
    )
    rows = session.execute(
        select(LOAN.loan_no, risky.label("risky"))
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            func.coalesce(LOAN.branch_no, "") == branch_no,
            LOAN.disbursed_on <= day,
            or_(settled.c.settled_on.is_(None), settled.c.settled_on > day),
        )
        .order_by(LOAN.loan_no)
    )
    return [Candidate(loan_no, bool(is_risky)) for loan_no, is_risky in rows]


def enter(writer: Writer, case: Case, found: Sequence[Found], *, day: date, due_on: date, by: str) -> list[str]:
    """Enter the findings of a case, once; gives their numbers."""
    numbers = [f"{case.case_no}/{n}" for n in range(1, len(found) + 1)]
    for number, one in zip(numbers, found, strict=True):
        if writer.session.get(Finding, number) is not None:
            continue
        writer.session.add(
            Finding(
                finding_no=number,
                case_no=case.case_no,
                branch_no=case.branch_no or None,
                loan_no=one.loan_no or None,
                content=one.content,
                found_on=day,
                due_on=due_on,
            )
        )
        writer.record(
            "finding.entered",
            loan_no=one.loan_no,
            case_no=case.case_no,
            policy_version=case.policy_version,
            actor=by,
            finding_no=number,
            due_on=due_on,
        )
    return numbers


def rectified(writer: Writer, case: Case, *, day: date, by: str) -> None:
    """Every finding of a case is rectified, as supervision has seen."""
    for finding in of_case(writer.session, case.case_no):
        if finding.rectified_on is None:
            finding.rectified_on = day
            writer.session.add(finding)
            writer.record(
                "finding.rectified",
                loan_no=finding.loan_no,
                case_no=case.case_no,
                policy_version=case.policy_version,
                actor=by,
                finding_no=finding.finding_no,
            )


def of_case(session: Session, case_no: str) -> Sequence[Finding]:
    """The findings of a case, in order."""
    return session.exec(
        rows_of(Finding).where(Finding.case_no == case_no).order_by(func.length(Finding.finding_no), Finding.finding_no)
    ).all()


def still_open(session: Session, day: date) -> Sequence[Finding]:
    """The findings that were not rectified by the end of a day, the most urgent first."""
    return session.exec(
        rows_of(Finding)
        .where(Finding.found_on <= day, or_(col(Finding.rectified_on).is_(None), col(Finding.rectified_on) > day))
        .order_by(col(Finding.due_on), col(Finding.finding_no))
    ).all()
