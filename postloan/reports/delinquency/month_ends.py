"""Where every loan stood at the end of each of a row of months, worked out once for every question about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy import Column, Integer, MetaData, Select, String, Table, and_, case, func, insert, literal, or_, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.standings import settlements, standings
from postloan.book.types import Money
from postloan.reports.period import Month
from postloan.reports.portfolio import BUCKETS, bucket_place

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
WRITE_OFF = t.WriteOff.__table__.c  # type: ignore[attr-defined]
WRITTEN_OFF, SETTLED = "written_off", "settled"
# A loan that runs is in one of the buckets, or written off and still pursued; from there it can be settled.
PLACES = (*BUCKETS, WRITTEN_OFF, SETTLED)
AT_WRITTEN_OFF, AT_SETTLED = PLACES.index(WRITTEN_OFF), PLACES.index(SETTLED)

# Of one transaction, and no part of the book. `month` counts from the year 0, as `sql.month_index` does; `place` is
# one in PLACES. A loan has a row for each end at which it was disbursed and not settled.
MONTH_END = Table(
    "month_end_worked_out",
    MetaData(),
    Column("loan_no", String, primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, nullable=False),
    Column("days_past_due", Integer, nullable=False),
    Column("outstanding", Money, nullable=False),
    Column("overdue", Money, nullable=False),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


def index(month: Month) -> int:
    """The number of a month, as `sql.month_index` gives it for its days."""
    return month.first.year * 12 + month.first.month - 1


def named(number: int) -> Month:
    """The month of a number."""
    return Month(date(number // 12, number % 12 + 1, 1))


@contextmanager
def month_ends(session: Session, last: date, months: int) -> Iterator[list[Month]]:
    """Work out the ends of so many months up to that of `last`, whose end is `last` itself, for the questions in
    the `with` block; gives the months, the oldest first. Before anything was lent there is nothing to work out."""
    newest = Month.of(last)
    oldest = session.execute(select(func.min(LOAN.disbursed_on)).where(LOAN.disbursed_on <= last)).scalar_one()
    begin = newest.later(1 - months)
    first = max(begin, Month.of(oldest)) if oldest else newest
    found = [named(number) for number in range(index(first), index(newest) + 1)]
    connection = session.connection()
    MONTH_END.create(connection)
    names = [column.name for column in MONTH_END.c]
    for month in found:
        query = _running(min(month.last, last), index(month))
        connection.execute(insert(MONTH_END).from_select(names, query))
    yield found
    # After an error the transaction is rolled back, and the table is gone with it.
    MONTH_END.drop(connection)


def _running(day: date, month: int) -> Select:
    where, settled = standings(day), settlements()
    days = where.c.days_past_due
    return (
        select(
            LOAN.loan_no,
            literal(month, Integer()),
            case((WRITE_OFF.loan_no.is_not(None), AT_WRITTEN_OFF), else_=bucket_place(days)),
            days,
            where.c.principal_outstanding,
            where.c.overdue,
        )
        .select_from(t.Loan)
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .outerjoin(t.WriteOff, and_(WRITE_OFF.loan_no == LOAN.loan_no, WRITE_OFF.written_off_on <= day))
        .where(LOAN.disbursed_on <= day, or_(settled.c.settled_on.is_(None), settled.c.settled_on > day))
    )
