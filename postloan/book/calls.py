"""The call list: who did not pay an instalment that was due (MAT-2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, or_, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.standings import settlements, standings
from postloan.policy import Policy

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
BORROWER = t.Borrower.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Call:
    """A borrower to be called about a loan: `overdue` in its currency, since the day after `due_on`."""

    loan_no: str
    borrower_no: str
    officer_no: str
    branch_no: str
    currency: str
    due_on: date
    days_past_due: int
    overdue: Decimal


def on_day(session: Session, policy: Policy, day: date) -> list[Call]:
    """MAT-2: everybody who is past due at the end of the day before, from the day after the due date until all is
    paid; the longest first. PAY-2: a due date on a day off can be met on the next working day."""
    where, settled = standings(day), settlements()
    query = (
        select(
            LOAN.loan_no,
            LOAN.borrower_no,
            func.coalesce(LOAN.officer_no, ""),
            func.coalesce(LOAN.branch_no, ""),
            LOAN.currency,
            where.c.days_past_due,
            where.c.overdue,
        )
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(where.c.days_past_due > policy.days_in_time(day))
        .where(or_(settled.c.settled_on.is_(None), settled.c.settled_on > day))
        .order_by(where.c.days_past_due.desc(), LOAN.loan_no)
    )
    return [
        Call(loan_no, borrower_no, officer_no, branch_no, currency, day - timedelta(days=days), days, overdue)
        for loan_no, borrower_no, officer_no, branch_no, currency, days, overdue in session.execute(query)
    ]
