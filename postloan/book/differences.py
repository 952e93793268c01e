"""Where the core system and the schedule disagree about a loan: a report, as neither is changed for the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import exists, func, or_, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.standings import by_core, by_schedule

INSTALMENT = t.Instalment.__table__.c  # type: ignore[attr-defined]
REPAYMENT = t.Repayment.__table__.c  # type: ignore[attr-defined]
LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Difference:
    """A loan at the end of a day by the core system's newest position, and by instalments and receipts; amounts
    in its currency."""

    loan_no: str
    core_days: int
    schedule_days: int
    core_principal: Decimal
    schedule_principal: Decimal
    core_overdue: Decimal
    schedule_overdue: Decimal

    @property
    def days(self) -> int:
        """Days past due by schedule less those by the core system."""
        return self.schedule_days - self.core_days


def on_day(session: Session, day: date) -> Sequence[Difference]:
    """The loans that both tell of, where they do not agree, the largest difference of days first. One SELECT over
    the whole book; loans without instalments or without receipts cannot be compared."""
    core, schedule = by_core(day), by_schedule(day)
    query = (
        select(
            core.c.loan_no,
            core.c.days_past_due,
            schedule.c.days_past_due,
            core.c.principal_outstanding,
            schedule.c.principal_outstanding,
            core.c.overdue,
            schedule.c.overdue,
        )
        .join(schedule, schedule.c.loan_no == core.c.loan_no)
        .join(LOAN.loan_no.table, LOAN.loan_no == core.c.loan_no)
        .where(
            or_(LOAN.settled_on.is_(None), LOAN.settled_on > day),
            exists().where(INSTALMENT.loan_no == core.c.loan_no),
            exists().where(REPAYMENT.loan_no == core.c.loan_no),
            or_(
                core.c.days_past_due != schedule.c.days_past_due,
                core.c.principal_outstanding != schedule.c.principal_outstanding,
                core.c.overdue != schedule.c.overdue,
            ),
        )
        .order_by(func.abs(schedule.c.days_past_due - core.c.days_past_due).desc(), core.c.loan_no)
    )
    return [Difference(*row) for row in session.execute(query)]
