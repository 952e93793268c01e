"""The quality of the portfolio: its cells added up by category, by months past due and by branch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from postloan.reports.portfolio import BUCKETS, Balance, Cell
from postloan.rules.classification import CLASSES, rank
from postloan.rules.performance import share
from postloan.rules.position import ZERO

NON_PERFORMING = rank("substandard")
NEW, GONE = "new", "gone"


@dataclass(frozen=True)
class Line:
    """A line of the portfolio in one currency, now and a month before.

    Attributes:
        name: of the class, bucket or branch; "" for all of a currency.
        share: of the currency's outstanding now, 0 to 1; None of nothing.
    """

    currency: str
    name: str
    loans: int
    outstanding: Decimal
    overdue: Decimal
    share: Decimal | None
    loans_before: int
    outstanding_before: Decimal
    overdue_before: Decimal


@dataclass(frozen=True)
class Quality:
    """The non-performing loans (不良贷款: substandard, doubtful, loss) of a branch, or of all.

    Attributes:
        branch_no: "" for head office's own; of the whole, None.
        late_loans: past due, by any day.
        ratio, ratio_before: non-performing over outstanding, 0 to 1; None of nothing.
    """

    currency: str
    branch_no: str | None
    loans: int
    outstanding: Decimal
    late_loans: int
    overdue: Decimal
    non_performing: Decimal
    ratio: Decimal | None
    ratio_before: Decimal | None


@dataclass(frozen=True)
class Migration:
    """Loans that came from one class into another (迁徙): "new" were not there a month before, "gone" are
    settled now; `outstanding` is today's, of those gone the one before."""

    currency: str
    origin: str
    to: str
    loans: int
    outstanding: Decimal


def by_class(found: Iterable[Cell]) -> list[Line]:
    """By risk category, the best first; every category of each currency."""
    return _lines(found, CLASSES, lambda c: c.risk_class, lambda c: c.risk_class_before)


def by_bucket(found: Iterable[Cell]) -> list[Line]:
    """By months past due, the best first; every bucket of each currency."""
    return _lines(found, BUCKETS, lambda c: c.bucket, lambda c: c.bucket_before)


def in_all(found: Iterable[Cell]) -> list[Line]:
    """All of each currency, the largest first."""
    lines = _lines(found, ("",), lambda c: "" if c.risk_class else None, lambda c: "" if c.risk_class_before else None)
    return sorted(lines, key=lambda line: (-line.outstanding, line.currency))


Named = Callable[[Cell], str | None]


def _lines(found: Iterable[Cell], names: tuple[str, ...], now: Named, before: Named) -> list[Line]:
    sums: dict[tuple[str, str], Balance] = defaultdict(Balance)
    sums_before: dict[tuple[str, str], Balance] = defaultdict(Balance)
    currencies: dict[str, Decimal] = defaultdict(Decimal)
    for cell in found:
        currencies[cell.currency] += cell.now.outstanding
        if (name := now(cell)) is not None:
            sums[cell.currency, name] += cell.now
        if (name := before(cell)) is not None:
            sums_before[cell.currency, name] += cell.before
    return [
        Line(
            currency,
            name,
            sums[currency, name].loans,
            sums[currency, name].outstanding,
            sums[currency, name].overdue,
            share(sums[currency, name].outstanding, whole),
            sums_before[currency, name].loans,
            sums_before[currency, name].outstanding,
            sums_before[currency, name].overdue,
        )
        for currency, whole in sorted(currencies.items())
        for name in names
    ]


def by_branch(found: Iterable[Cell]) -> list[Quality]:
    """The quality of each branch's loans, and after those of a currency that of all its loans."""
    groups: dict[tuple[str, str | None], list[Cell]] = defaultdict(list)
    for cell in found:
        groups[cell.currency, None].append(cell)
        groups[cell.currency, cell.branch_no].append(cell)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] is None, item[0][1] or ""))
    return [_quality(currency, branch_no, of_branch) for (currency, branch_no), of_branch in ordered]


def _quality(currency: str, branch_no: str | None, found: list[Cell]) -> Quality:
    def bad(risk_class: str | None) -> bool:
        return risk_class is not None and rank(risk_class) >= NON_PERFORMING

    now, before = sum((c.now for c in found), Balance()), sum((c.before for c in found), Balance())
    non_performing = sum((c.now.outstanding for c in found if bad(c.risk_class)), ZERO)
    was_non_performing = sum((c.before.outstanding for c in found if bad(c.risk_class_before)), ZERO)
    return Quality(
        currency,
        branch_no,
        now.loans,
        now.outstanding,
        sum(c.now.loans for c in found if c.bucket not in (None, BUCKETS[0])),
        now.overdue,
        non_performing,
        share(non_performing, now.outstanding),
        share(was_non_performing, before.outstanding),
    )


def migrations(found: Iterable[Cell]) -> list[Migration]:
    """From which category into which; loans that stayed in theirs as well."""
    sums: dict[tuple[str, str, str], Balance] = defaultdict(Balance)
    for cell in found:
        key = (cell.currency, cell.risk_class_before or NEW, cell.risk_class or GONE)
        sums[key] += cell.now if cell.risk_class else cell.before
    order = (NEW, *CLASSES, GONE)
    return [
        Migration(currency, origin, to, balance.loans, balance.outstanding)
        for (currency, origin, to), balance in sorted(
            sums.items(), key=lambda item: (item[0][0], order.index(item[0][1]), order.index(item[0][2]))
        )
    ]
