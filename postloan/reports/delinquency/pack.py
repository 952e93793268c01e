"""REP-1: the pack of delinquency (逾期管理月报): everything of one month as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.standings import worked_out
from postloan.reports.delinquency import ageing as ages
from postloan.reports.delinquency import promises, recoveries, rolls, vintage
from postloan.reports.delinquency.ageing import BRANCH, PRODUCT, SEGMENT, WHOLE, Aged
from postloan.reports.delinquency.month_ends import WRITTEN_OFF, index, month_ends
from postloan.reports.delinquency.promises import Counts, Promised
from postloan.reports.delinquency.recoveries import ALL_MEASURES, Recovered
from postloan.reports.delinquency.rolls import ALL_MONTHS, CURRENT, Cure, Forward, Move
from postloan.reports.delinquency.vintage import Vintage
from postloan.reports.period import Month, Period
from postloan.reports.portfolio import BUCKETS, Balance
from postloan.rules.performance import share
from postloan.rules.position import ZERO

BRANCHES = t.Branch.__table__.c  # type: ignore[attr-defined]
STAFF = t.Staff.__table__.c  # type: ignore[attr-defined]
# How far the report looks back: cures a year old have been watched for a year, vintages grow two years old.
HISTORY_MONTHS, SHOWN_MONTHS = 25, 12
OVER_90 = BUCKETS[4:]


@dataclass(frozen=True)
class Headline:
    """The figures that the reader begins with, in the currency in which most is outstanding.

    Attributes:
        loans, outstanding: on the balance sheet; `past_due` of it by any day, `over_90` by more than 90 days.
        past_due_share: past due over outstanding, 0 to 1; None of nothing.
        expected_loss: of what is not past due, by the amounts that rolled forward in the months reported on.
        cure_rate: by number, of those past due a month before.
        kept_rate: promises kept, by number, of those decided in the month.
        recovery_rate: net, so far, of all handed over or written off.
    """

    currency: str
    loans: int
    outstanding: Decimal
    outstanding_before: Decimal
    past_due_loans: int
    past_due: Decimal
    past_due_before: Decimal
    past_due_share: Decimal | None
    past_due_share_before: Decimal | None
    over_90: Decimal
    over_90_before: Decimal
    written_off: Decimal
    expected_loss: Decimal | None
    cure_rate: Decimal | None
    kept_rate: Decimal | None
    recovery_rate: Decimal | None


@dataclass(frozen=True)
class Pack:
    """The figures of a month; amounts are in the currency of their line.

    Attributes:
        month: written 2026-03.
        as_of: the end of this day is meant by "now": the month's last, or today while the month runs.
        complete: the month is over.
        branch_names, staff_names: by number.
        ageing: of all loans, and by branch, product and the borrower's segment.
        moves: from bucket to bucket in the month; `history` of the year up to it.
        forward: of the year up to the month, each month's and all together.
        promises, cures: of the year, and of two years, up to the month.
    """

    month: str
    first: date
    as_of: date
    before: date
    complete: bool
    branch_names: dict[str, str]
    staff_names: dict[str, str]
    headline: Headline
    ageing: tuple[Aged, ...]
    ageing_by_branch: tuple[Aged, ...]
    ageing_by_product: tuple[Aged, ...]
    ageing_by_segment: tuple[Aged, ...]
    moves: tuple[Move, ...]
    history: tuple[Move, ...]
    forward: tuple[Forward, ...]
    cures: tuple[Cure, ...]
    vintages: tuple[Vintage, ...]
    promises: tuple[Promised, ...]
    recoveries: tuple[Recovered, ...]


def delinquency(session: Session, month: Month, today: date, *, by: str = vintage.QUARTER) -> Pack:
    """The pack of a month. It looks back two years; whatever happened counts on its day, so that a pack made later
    for the same month says the same, but for what a feed brought in afterwards.

    Args:
        by: vintages by "month" or "quarter" of disbursement.
    """
    last = min(month.last, today)
    with worked_out(session, last), month_ends(session, last, HISTORY_MONTHS) as ends:
        aged = {group: tuple(ages.ageing(session, month, group)) for group in ages.GROUPS}
        moved, relapses = rolls.moves(session, ends), rolls.again(session)
        # A quarter of which the first months lie too far back would be shown by its rest.
        first = index(ends[0])
        whole = by == vintage.MONTH or len(ends) < HISTORY_MONTHS
        cells = vintage.cells(session, first if whole else -(-first // 3) * 3, last)
    shown = {str(month.later(-back)) for back in range(SHOWN_MONTHS)}
    history = [m for m in moved if m.month in shown]
    forward, cures = rolls.forward(history), rolls.cures(moved, relapses, month)
    promised = promises.promises(session, month.later(1 - SHOWN_MONTHS), last)
    recovered = recoveries.recoveries(session, Period(month.first, last))
    return Pack(
        month=str(month),
        first=month.first,
        as_of=last,
        before=month.before.last,
        complete=month.last < today,
        branch_names=_names(session, BRANCHES.branch_no, BRANCHES.name),
        staff_names=_names(session, STAFF.staff_no, STAFF.name),
        headline=_headline(str(month), aged[WHOLE], forward, cures, promised, recovered),
        ageing=aged[WHOLE],
        ageing_by_branch=aged[BRANCH],
        ageing_by_product=aged[PRODUCT],
        ageing_by_segment=aged[SEGMENT],
        moves=tuple(m for m in moved if m.month == str(month)),
        history=tuple(history),
        forward=tuple(forward),
        cures=tuple(cures),
        vintages=tuple(vintage.vintages(cells, index(month), by)),
        promises=tuple(promised),
        recoveries=tuple(recovered),
    )


def _names(session: Session, number: Any, name: Any) -> dict[str, str]:
    return dict(session.execute(select(number, name)).tuples().all())


def _headline(
    month: str,
    aged: Iterable[Aged],
    forward: Iterable[Forward],
    cures: Iterable[Cure],
    promised: Iterable[Promised],
    recovered: Iterable[Recovered],
) -> Headline:
    totals: dict[str, Decimal] = {}
    for line in aged:
        totals[line.currency] = totals.get(line.currency, ZERO) + line.outstanding
    currency = min(totals, key=lambda c: (-totals[c], c), default="")
    here = [line for line in aged if line.currency == currency]
    now, before = ages.added(here, BUCKETS), ages.added(here, BUCKETS, before=True)
    late, late_before = (ages.added(here, BUCKETS[1:], before=then) for then in (False, True))
    bad, bad_before = (ages.added(here, OVER_90, before=then) for then in (False, True))
    chain = next(
        (f for f in forward if (f.currency, f.month, f.bucket) == (currency, ALL_MONTHS, CURRENT)),
        None,
    )
    cure = next((c for c in cures if (c.currency, c.month) == (currency, month)), None)
    kept = [p for p in promises.added(promised, "month") if (p.currency, p.month) == (currency, month)]
    whole = next((r for r in recovered if (r.currency, r.measure) == (currency, ALL_MEASURES)), None)
    return Headline(
        currency=currency,
        loans=now.loans,
        outstanding=now.outstanding,
        outstanding_before=before.outstanding,
        past_due_loans=late.loans,
        past_due=late.outstanding,
        past_due_before=late_before.outstanding,
        past_due_share=_share(late, now),
        past_due_share_before=_share(late_before, before),
        over_90=bad.outstanding,
        over_90_before=bad_before.outstanding,
        written_off=ages.added(here, [WRITTEN_OFF]).outstanding,
        expected_loss=chain.amount_to_last if chain else None,
        cure_rate=cure.rate if cure else None,
        kept_rate=kept[0].rate if kept else None,
        recovery_rate=whole.net_rate if whole else None,
    )


def _share(part: Balance, whole: Balance) -> Decimal | None:
    return share(part.outstanding, whole.outstanding)


LINES = {
    "ageing": Aged,
    "roll_rates": Move,
    "cure_rates": Cure,
    "vintage": Vintage,
    "promises": Promised,
    "recoveries": Recovered,
}


def rows(pack: Pack, report: str) -> list[dict[str, Any]]:
    """One of the reports as flat rows: `ageing` with its groups, `roll_rates` the moves of the year."""
    found: dict[str, tuple[Any, ...]] = {
        "ageing": pack.ageing + pack.ageing_by_branch + pack.ageing_by_product + pack.ageing_by_segment,
        "roll_rates": pack.history,
        "cure_rates": pack.cures,
        "vintage": pack.vintages,
        "promises": pack.promises,
        "recoveries": pack.recoveries,
    }
    return [line.flat() if isinstance(line, Promised) else asdict(line) for line in found[report]]


def keys(report: str) -> list[str]:
    """The keys of a report's rows, in order, whether it has any or not."""
    names = [f.name for f in fields(LINES[report])]
    if report == "promises":
        at = names.index("counts")
        names[at : at + 1] = [f.name for f in fields(Counts)]
    return names


def plain(pack: Pack) -> dict[str, Any]:
    """The pack as plain values: what it is about, the headline, each report's rows, and the forward rolls."""
    about = {name: getattr(pack, name) for name in ("month", "first", "as_of", "before", "complete", "branch_names")}
    reports = {report: rows(pack, report) for report in LINES}
    return about | {"headline": asdict(pack.headline), **reports, "forward": [asdict(f) for f in pack.forward]}
