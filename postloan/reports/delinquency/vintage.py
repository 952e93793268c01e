"""Vintages (账龄): of the loans of a month or quarter of disbursement, how many were ever long past due, by months on
book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, null, or_, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.sql import month_index
from postloan.reports.delinquency.month_ends import AT_WRITTEN_OFF, LOAN, MONTH_END, named
from postloan.rules.performance import share
from postloan.rules.position import ZERO

MONTH, QUARTER = "month", "quarter"


@dataclass(frozen=True)
class Cell:
    """Loans of one month of disbursement that were first more than 30, and more than 90, days past due at the end
    of the same months on book; None: not so far."""

    currency: str
    born: int
    first_30: int | None
    first_90: int | None
    loans: int
    principal: Decimal


@dataclass(frozen=True)
class Vintage:
    """A vintage at so many months on book: 0 is the end of the month of disbursement.

    Attributes:
        vintage: 2026-03, or 2026Q1.
        loans, principal: all that were disbursed then.
        loans_30, principal_30: those that were ever more than 30 days past due at a month's end (M2 and worse), or
            written off; 90 likewise (M4 and worse).
        share_30, amount_share_30: of all of the vintage, by number and by principal disbursed, 0 to 1.
    """

    currency: str
    vintage: str
    months_on_book: int
    loans: int
    principal: Decimal
    loans_30: int
    principal_30: Decimal
    loans_90: int
    principal_90: Decimal
    share_30: Decimal | None
    amount_share_30: Decimal | None
    share_90: Decimal | None
    amount_share_90: Decimal | None


def cells(session: Session, first: int, last: date) -> list[Cell]:
    """The loans disbursed from month number `first` to the day `last`, in cells of those that are alike; the ends
    of all these months must have been worked out."""
    end = MONTH_END.c

    def first_beyond(days: int) -> Any:
        beyond = or_(end.days_past_due > days, end.place == AT_WRITTEN_OFF)
        return func.min(case((beyond, end.month), else_=null()))

    ever = (
        select(end.loan_no, first_beyond(30).label("first_30"), first_beyond(90).label("first_90"))
        .group_by(end.loan_no)
        .subquery("ever")
    )
    one_by_one = (
        select(
            LOAN.currency,
            month_index(LOAN.disbursed_on).label("born"),
            ever.c.first_30,
            ever.c.first_90,
            LOAN.principal,
        )
        .select_from(t.Loan)
        .outerjoin(ever, ever.c.loan_no == LOAN.loan_no)
        .where(LOAN.disbursed_on >= named(first).first, LOAN.disbursed_on <= last)
        .subquery("one_by_one")
    )
    c = one_by_one.c
    alike = (c.currency, c.born, c.first_30, c.first_90)
    query = select(*alike, func.count(), func.sum(c.principal)).group_by(*alike)
    return [
        Cell(currency, born, _age(first_30, born), _age(first_90, born), loans, principal)
        for currency, born, first_30, first_90, loans, principal in session.execute(query)
    ]


def _age(month: int | None, born: int) -> int | None:
    return None if month is None else month - born


def vintages(found: Iterable[Cell], newest: int, by: str = QUARTER) -> list[Vintage]:
    """The vintages, each as far as all of its loans have come by month number `newest`."""
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in found:
        groups[cell.currency, name(cell.born, by)].append(cell)
    lines = []
    for (currency, vintage), here in sorted(groups.items()):
        loans, principal = sum(c.loans for c in here), sum((c.principal for c in here), ZERO)
        for age in range(newest - min(_last_month(here[0].born, by), newest) + 1):
            bad = [_beyond([(c.first_30, c) for c in here], age), _beyond([(c.first_90, c) for c in here], age)]
            shares = [part for count, amount in bad for part in (share(count, loans), share(amount, principal))]
            lines.append(Vintage(currency, vintage, age, loans, principal, *bad[0], *bad[1], *shares))
    return lines


def name(born: int, by: str) -> str:
    """What a vintage is called: 2026-03, 2026Q1."""
    return str(named(born)) if by == MONTH else f"{born // 12}Q{born % 12 // 3 + 1}"


def _last_month(born: int, by: str) -> int:
    """The youngest loans of a vintage are of this month."""
    return born if by == MONTH else born // 3 * 3 + 2


def _beyond(dated: list[tuple[int | None, Cell]], age: int) -> tuple[int, Decimal]:
    those = [cell for first, cell in dated if first is not None and first <= age]
    return sum(c.loans for c in those), sum((c.principal for c in those), ZERO)
