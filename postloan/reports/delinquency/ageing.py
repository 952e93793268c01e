"""Ageing: the loans of a month's end by months past due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, literal, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.reports.delinquency.month_ends import LOAN, MONTH_END, PLACES, WRITTEN_OFF, index
from postloan.reports.period import Month
from postloan.reports.portfolio import Balance
from postloan.rules.performance import share
from postloan.rules.position import ZERO

BORROWER = t.Borrower.__table__.c  # type: ignore[attr-defined]
LINES = PLACES[:-1]  # what is settled is not there
WHOLE, BRANCH, PRODUCT, SEGMENT = "", "branch", "product", "segment"
GROUPS = (WHOLE, BRANCH, PRODUCT, SEGMENT)


@dataclass(frozen=True)
class Aged:
    """The loans of a bucket in one currency, at the month's end and a month before; written-off ones on a line of
    their own.

    Attributes:
        by, group: what the loans are grouped by, and which group this is; both "" for all of a currency.
        outstanding: principal outstanding; `overdue` what is due and unpaid, interest and fees included.
        share: of the group's outstanding that is on the balance sheet, 0 to 1; None of nothing and of what is off it.
    """

    currency: str
    by: str
    group: str
    bucket: str
    loans: int
    outstanding: Decimal
    overdue: Decimal
    share: Decimal | None
    loans_before: int
    outstanding_before: Decimal
    overdue_before: Decimal


def ageing(session: Session, month: Month, by: str = WHOLE) -> list[Aged]:
    """The loans at the end of a month that was worked out, beside those a month before; every bucket of each group.

    Args:
        by: "branch", "product", "segment" (the borrower's), or "" for all of a currency together.
    """
    groups = {WHOLE: literal(""), BRANCH: LOAN.branch_no, PRODUCT: LOAN.product, SEGMENT: BORROWER.segment}
    alike = (MONTH_END.c.month, LOAN.currency, func.coalesce(groups[by], ""), MONTH_END.c.place)
    now, before = index(month), index(month.before)
    query = (
        select(*alike, func.count(), func.sum(MONTH_END.c.outstanding), func.sum(MONTH_END.c.overdue))
        .select_from(MONTH_END)
        .join(t.Loan, LOAN.loan_no == MONTH_END.c.loan_no)
        .where(MONTH_END.c.month.in_((now, before)))
        .group_by(*alike)
    )
    if by == SEGMENT:
        query = query.join(t.Borrower, BORROWER.borrower_no == LOAN.borrower_no)
    found: dict[tuple[str, str], dict[tuple[int, str], Balance]] = defaultdict(dict)
    for when, currency, group, place, *sums in session.execute(query):
        found[currency, group][when, PLACES[place]] = Balance(*sums)
    return [_line(key, by, name, balances, now, before) for key, balances in sorted(found.items()) for name in LINES]


def _line(
    key: tuple[str, str], by: str, name: str, balances: dict[tuple[int, str], Balance], now: int, before: int
) -> Aged:
    here, then = balances.get((now, name), Balance()), balances.get((before, name), Balance())
    on_sheet = sum((b.outstanding for (when, n), b in balances.items() if when == now and n != WRITTEN_OFF), ZERO)
    of_it = None if name == WRITTEN_OFF else share(here.outstanding, on_sheet)
    return Aged(
        key[0],
        by,
        key[1],
        name,
        here.loans,
        here.outstanding,
        here.overdue,
        of_it,
        then.loans,
        then.outstanding,
        then.overdue,
    )


def added(lines: Iterable[Aged], names: Iterable[str], before: bool = False) -> Balance:
    """The sum of some buckets."""
    wanted: Any = set(names)
    return sum(
        (
            Balance(a.loans_before, a.outstanding_before, a.overdue_before)
            if before
            else Balance(a.loans, a.outstanding, a.overdue)
            for a in lines
            if a.bucket in wanted
        ),
        Balance(),
    )
