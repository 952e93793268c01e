"""Promises to pay (承诺还款, COL-4): made, due, kept, broken, by month, branch and officer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.sql import how_many, month_index
from postloan.book.standings import ZERO as NO_MONEY
from postloan.reports.delinquency.month_ends import LOAN, named
from postloan.reports.period import Month
from postloan.rules.performance import share
from postloan.rules.position import ZERO

PROMISE = t.Promise.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Counts:
    """Promises; amounts likewise.

    Attributes:
        made: in the month, whatever became of them.
        due: in the month, and not replaced by another promise; each is kept, broken or still open.
    """

    made: int = 0
    made_amount: Decimal = ZERO
    due: int = 0
    due_amount: Decimal = ZERO
    kept: int = 0
    kept_amount: Decimal = ZERO
    broken: int = 0
    broken_amount: Decimal = ZERO
    open: int = 0
    open_amount: Decimal = ZERO

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Promised:
    """The promises of a month on the loans of an officer. `staff_no` is "" for loans without one, and `branch_no`
    for head office's.

    Attributes:
        rate, amount_rate: kept over kept and broken, 0 to 1; None where none was decided.
    """

    currency: str
    month: str
    branch_no: str
    staff_no: str
    counts: Counts
    rate: Decimal | None
    amount_rate: Decimal | None

    def flat(self) -> dict[str, Any]:
        """All in one row."""
        names = {"currency": self.currency, "month": self.month, "branch_no": self.branch_no, "staff_no": self.staff_no}
        counts = {f.name: getattr(self.counts, f.name) for f in fields(self.counts)}
        return names | counts | {"rate": self.rate, "amount_rate": self.amount_rate}


def promised(currency: str, month: str, branch_no: str, staff_no: str, counts: Counts) -> Promised:
    """A line with its rates."""
    rate = share(counts.kept, counts.kept + counts.broken)
    amount_rate = share(counts.kept_amount, counts.kept_amount + counts.broken_amount)
    return Promised(currency, month, branch_no, staff_no, counts, rate, amount_rate)


def promises(session: Session, first: Month, last: date) -> list[Promised]:
    """The promises made or due from the first month up to a day, as they stood at its end; those with the officer
    of the loan."""
    decided = and_(PROMISE.state != "open", or_(PROMISE.settled_on.is_(None), PROMISE.settled_on <= last))
    replaced = and_(decided, PROMISE.state == "superseded")
    kept, broken = (and_(decided, PROMISE.state == state) for state in ("kept", "broken"))
    found: dict[tuple[str, int, str, str], Counts] = defaultdict(Counts)
    wanted = (
        (PROMISE.made_on, PROMISE.made_on >= first.first, {"made": PROMISE.made_on.is_not(None)}),
        (
            PROMISE.due_on,
            and_(PROMISE.due_on.between(first.first, last), ~replaced),
            {"due": ~replaced, "kept": kept, "broken": broken, "open": ~decided},
        ),
    )
    for day, which, counted in wanted:
        alike = (
            LOAN.currency,
            month_index(day).label("month"),
            func.coalesce(LOAN.branch_no, "").label("branch_no"),
            func.coalesce(LOAN.officer_no, "").label("staff_no"),
            *(how_many(of).label(name) for name, of in counted.items()),
            *(_amount(of).label(f"{name}_amount") for name, of in counted.items()),
        )
        query = (
            select(*alike)
            .join(LOAN.loan_no.table, LOAN.loan_no == PROMISE.loan_no)
            .where(PROMISE.made_on <= last, which)
            .group_by(*alike[:4])
        )
        for row in session.execute(query).mappings():
            key = (row["currency"], row["month"], row["branch_no"], row["staff_no"])
            found[key] += Counts(**{k: v for k, v in row.items() if k in Counts.__dataclass_fields__})
    return [promised(key[0], str(named(key[1])), *key[2:], counts) for key, counts in sorted(found.items())]


def _amount(condition: Any) -> Any:
    return func.sum(case((condition, PROMISE.amount), else_=NO_MONEY))


def added(found: Iterable[Promised], *by: str) -> list[Promised]:
    """The promises put together by some of "month", "branch_no", "staff_no", always by currency."""
    sums: dict[tuple[str, str, str, str], Counts] = defaultdict(Counts)
    for one in found:
        month, branch_no, staff_no = (
            getattr(one, name) if name in by else "" for name in ("month", "branch_no", "staff_no")
        )
        sums[one.currency, month, branch_no, staff_no] += one.counts
    return [promised(*key, counts) for key, counts in sorted(sums.items())]
