"""Roll rates (迁徙率) between month ends, and what follows from them: cures (还清逾期) and the expected loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import and_, case, exists, func, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.sql import month_index
from postloan.book.standings import ZERO as NO_MONEY
from postloan.reports.delinquency.month_ends import (
    AT_SETTLED,
    AT_WRITTEN_OFF,
    LOAN,
    MONTH_END,
    PLACES,
    SETTLED,
    WRITE_OFF,
    WRITTEN_OFF,
    index,
    named,
)
from postloan.reports.period import Month
from postloan.reports.portfolio import BUCKETS
from postloan.rules.performance import share
from postloan.rules.position import ZERO

SIX_PLACES = Decimal("0.000001")
WATCHED_MONTHS = 12  # how long a cure is watched for a new default
CURRENT = BUCKETS[0]
ALL_MONTHS = ""


@dataclass(frozen=True)
class Move:
    """Loans that were in one bucket at the end of the month before, and in which they are at the end of this one;
    `to` is "written_off" or "settled" for those that are in none any more.

    Attributes:
        month: the one at whose end they are in `to`, as 2026-03.
        outstanding: principal at the end of the month before; `outstanding_now` at the end of this one.
        share, amount_share: of all that were in `origin`, by number and by principal then, 0 to 1.
    """

    currency: str
    month: str
    origin: str
    to: str
    loans: int
    outstanding: Decimal
    outstanding_now: Decimal
    share: Decimal | None
    amount_share: Decimal | None


@dataclass(frozen=True)
class Forward:
    """What rolled forward out of a bucket in a month: into a worse one, however far, or into the write-off.

    Of the last bucket nothing can become worse but by the write-off.

    Attributes:
        month: "" for all months together.
        rate, amount_rate: rolled over all that were in the bucket, 0 to 1; None of nothing.
        to_last, amount_to_last: the product of the rates from this bucket on to the last one, which is what of it
            is expected to be lost; None where a rate is missing. Of the first bucket: of all that is not past due.
    """

    currency: str
    month: str
    bucket: str
    loans: int
    outstanding: Decimal
    rolled: int
    rolled_outstanding: Decimal
    rate: Decimal | None
    amount_rate: Decimal | None
    to_last: Decimal | None
    amount_to_last: Decimal | None


@dataclass(frozen=True)
class Cure:
    """What became within a month of the loans that were past due at the end of the month before.

    Attributes:
        cured: current again; those paid in full are `settled`. Amounts are principal at the end of the month before.
        rate, amount_rate: cured over past due, 0 to 1; None of nothing.
        again: of those cured, past due again at one of the next twelve month ends, or written off.
        watched: how many of these month ends are behind us.
    """

    currency: str
    month: str
    past_due: int
    past_due_outstanding: Decimal
    cured: int
    cured_outstanding: Decimal
    settled: int
    written_off: int
    rate: Decimal | None
    amount_rate: Decimal | None
    again: int
    again_rate: Decimal | None
    watched: int


def moves(session: Session, ends: Sequence[Month]) -> list[Move]:
    """Every move between two ends that follow each other, of those that were worked out."""
    a, b = MONTH_END.alias("a"), MONTH_END.alias("b")
    # Not there any more is settled; whoever wrote it off before has lost on it, whatever came in afterwards.
    off = and_(WRITE_OFF.loan_no == a.c.loan_no, month_index(WRITE_OFF.written_off_on) <= a.c.month + 1)
    to = case((b.c.place.is_not(None), b.c.place), (exists().where(off), AT_WRITTEN_OFF), else_=AT_SETTLED)
    one_by_one = (
        select(
            LOAN.currency,
            a.c.month,
            a.c.place,
            to.label("to_place"),
            a.c.outstanding,
            func.coalesce(b.c.outstanding, NO_MONEY).label("outstanding_now"),
        )
        .select_from(a)
        .join(t.Loan, LOAN.loan_no == a.c.loan_no)
        .outerjoin(b, and_(b.c.loan_no == a.c.loan_no, b.c.month == a.c.month + 1))
        .where(a.c.place < AT_WRITTEN_OFF, a.c.month < index(ends[-1]))
        .subquery("one_by_one")
    )
    c = one_by_one.c
    alike = (c.currency, c.month, c.place, c.to_place)
    query = (
        select(*alike, func.count(), func.sum(c.outstanding), func.sum(c.outstanding_now))
        .group_by(*alike)
        .order_by(*alike)
    )
    rows = [tuple(row) for row in session.execute(query)]
    loans: dict[tuple[str, int, int], int] = defaultdict(int)
    amounts: dict[tuple[str, int, int], Decimal] = defaultdict(Decimal)
    for currency, month, origin, _, count, amount, _ in rows:
        loans[currency, month, origin] += count
        amounts[currency, month, origin] += amount
    return [
        Move(
            currency,
            str(named(month + 1)),
            PLACES[origin],
            PLACES[to_place],
            count,
            amount,
            amount_now,
            share(count, loans[currency, month, origin]),
            share(amount, amounts[currency, month, origin]),
        )
        for currency, month, origin, to_place, count, amount, amount_now in rows
    ]


def forward(found: Iterable[Move]) -> list[Forward]:
    """The forward rolls of every month, and after those of a currency of all its months together."""
    found = list(found)
    months = sorted({(m.currency, m.month) for m in found})
    for currency in sorted({currency for currency, _ in months}):
        months.append((currency, ALL_MONTHS))
    months.sort(key=lambda key: (key[0], key[1] == ALL_MONTHS, key[1]))
    lines = []
    for currency, month in months:
        here = [m for m in found if m.currency == currency and month in (m.month, ALL_MONTHS)]
        lines += _chain(currency, month, here)
    return lines


def _chain(currency: str, month: str, here: list[Move]) -> list[Forward]:
    chain: list[Forward] = []
    to_last: Decimal | None = Decimal(1)
    amount_to_last: Decimal | None = Decimal(1)
    for bucket in reversed(BUCKETS):
        of_it = [m for m in here if m.origin == bucket]
        worse = [m for m in of_it if _worse(bucket, m.to)]
        loans, outstanding = sum(m.loans for m in of_it), sum((m.outstanding for m in of_it), ZERO)
        rolled, amount = sum(m.loans for m in worse), sum((m.outstanding for m in worse), ZERO)
        if bucket != BUCKETS[-1]:
            to_last, amount_to_last = _times(to_last, rolled, loans), _times(amount_to_last, amount, outstanding)
        chain.append(
            Forward(
                currency,
                month,
                bucket,
                loans,
                outstanding,
                rolled,
                amount,
                share(rolled, loans),
                share(amount, outstanding),
                _rounded(to_last),
                _rounded(amount_to_last),
            )
        )
    return chain[::-1]


def _worse(origin: str, to: str) -> bool:
    return to != SETTLED and PLACES.index(to) > PLACES.index(origin)


def _times(so_far: Decimal | None, part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """Exact rates are multiplied: eight rounded ones would be off in what is shown."""
    return so_far * Decimal(part) / Decimal(whole) if so_far is not None and whole else None


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(SIX_PLACES, ROUND_HALF_UP)


def again(session: Session) -> dict[tuple[str, str], int]:
    """Of the loans that became current in a month, how many were past due once more within a year, by currency and
    month."""
    a, b, c = (MONTH_END.alias(name) for name in "abc")
    later = exists().where(
        c.c.loan_no == b.c.loan_no,
        c.c.month > b.c.month,
        c.c.month <= b.c.month + WATCHED_MONTHS,
        c.c.place > 0,
    )
    query = (
        select(LOAN.currency, b.c.month, func.count())
        .select_from(b)
        .join(a, and_(a.c.loan_no == b.c.loan_no, a.c.month == b.c.month - 1))
        .join(t.Loan, LOAN.loan_no == b.c.loan_no)
        .where(b.c.place == 0, a.c.place > 0, a.c.place < AT_WRITTEN_OFF, later)
        .group_by(LOAN.currency, b.c.month)
    )
    return {(currency, str(named(month))): count for currency, month, count in session.execute(query)}


def cures(found: Iterable[Move], relapses: Mapping[tuple[str, str], int], newest: Month) -> list[Cure]:
    """The cures of every month, watched up to the end of the newest."""
    groups: dict[tuple[str, str], list[Move]] = defaultdict(list)
    for move in found:
        groups[move.currency, move.month].append(move)
    lines = []
    for (currency, month), here in sorted(groups.items()):
        late = [m for m in here if m.origin != CURRENT]
        cured = [m for m in late if m.to == CURRENT]
        past_due, amount = sum(m.loans for m in late), sum((m.outstanding for m in late), ZERO)
        good, good_amount = sum(m.loans for m in cured), sum((m.outstanding for m in cured), ZERO)
        relapsed = relapses.get((currency, month), 0)
        behind = index(newest) - index(Month.parse(month))
        lines.append(
            Cure(
                currency,
                month,
                past_due,
                amount,
                good,
                good_amount,
                sum(m.loans for m in late if m.to == SETTLED),
                sum(m.loans for m in late if m.to == WRITTEN_OFF),
                share(good, past_due),
                share(good_amount, amount),
                relapsed,
                share(relapsed, good),
                min(behind, WATCHED_MONTHS),
            )
        )
    return lines
