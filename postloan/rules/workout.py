"""The workout (不良处置): alternatives compared by present value, and the legal deadlines of a suit (WO-3, WO-4).

Deadlines are the last day, inclusive. None is moved to a working day: the law may do so (Civil Code art. 203), but
who acts by the earlier day is never late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from postloan.calendar import months_after
from postloan.rules.position import ZERO

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Alternative:
    """A measure that might be taken: what it would bring in `months` from now, and what it costs now, both in the
    loan's currency. `number` tells it from the others of its plan."""

    number: int
    measure: str
    expected: Decimal
    cost: Decimal
    months: int


def present_value(alternative: Alternative, annual_rate: Decimal) -> Decimal:
    """WO-3: what an alternative is worth today, to the cent: what it brings in, discounted at a rate in percent per
    year, compounded by the month, less its costs, which are paid first."""
    years = Decimal(alternative.months) / 12
    factor = (1 + annual_rate / 100) ** years
    return (alternative.expected / factor - alternative.cost).quantize(CENT)


def ranked(alternatives: Iterable[Alternative], annual_rate: Decimal) -> list[tuple[Alternative, Decimal]]:
    """WO-3: the alternatives with their present values, the best first; of equal ones the quicker, then the cheaper."""
    valued = [(one, present_value(one, annual_rate)) for one in alternatives]
    return sorted(valued, key=lambda pair: (-pair[1], pair[0].months, pair[0].cost, pair[0].number))


# ---------------------------------------------------------------------------------- deadlines of a suit


@dataclass(frozen=True)
class Limits:
    """How long the law gives, by the policy: calendar days, or years."""

    acceptance_days: int
    suit_days: int
    appeal_days: int
    enforcement_years: int
    deposits_years: int
    movables_years: int
    real_estate_years: int
    renewal_days: int


@dataclass(frozen=True)
class Deadline:
    """Something that must be done by a day, and the article that says so."""

    what: str
    due_on: date
    article: str


def acceptance(filed_on: date, days: int) -> Deadline:
    """WO-4: the court accepts a suit, or refuses it by a ruling, within seven days of the filing."""
    return Deadline("acceptance", filed_on + timedelta(days=days), "民事诉讼法 126")


def suit_after_preservation(taken_on: date, days: int) -> Deadline:
    """WO-4: after preservation before a suit, the suit is filed within thirty days of the measure, or it is lifted."""
    return Deadline("suit", taken_on + timedelta(days=days), "民事诉讼法 104")


def appeal(served_on: date, days: int) -> Deadline:
    """WO-4: the last day to appeal against a judgment, fifteen days from its service; that day itself not counted."""
    return Deadline("appeal", served_on + timedelta(days=days), "民事诉讼法 171")


def enforcement(payable_on: date, years: int) -> Deadline:
    """WO-4: the last day to apply for enforcement, two years from the last day on which the judgment was to be met."""
    return Deadline("enforcement", months_after(payable_on, 12 * years), "民事诉讼法 250")


ASSETS = ("deposits", "movables", "real_estate")


def frozen_until(kind: str, taken_on: date, limits: Limits) -> date:
    """WO-4: the last day for which assets of a kind can be frozen at a time: deposits a year, movables two, real
    estate and other rights three. The day of the measure is the first of them."""
    years = {
        "deposits": limits.deposits_years,
        "movables": limits.movables_years,
        "real_estate": limits.real_estate_years,
    }
    return months_after(taken_on, 12 * years[kind]) - timedelta(days=1)


def renewal(until: date, days: int) -> Deadline:
    """WO-4: the day by which the renewal of a freeze is to be asked for: so many days before it ends. The law asks
    for seven at least."""
    return Deadline("renewal", until - timedelta(days=days), "民诉法解释 485; 财产保全规定 18")


def follows(event: str, happened_on: date, limits: Limits) -> list[Deadline]:
    """WO-4: the deadlines that an event of a suit sets running; nothing for an event that sets none."""
    if event == "filed":
        return [acceptance(happened_on, limits.acceptance_days)]
    if event == "judgment_served":
        return [appeal(happened_on, limits.appeal_days)]
    if event == "judgment_payable":
        return [enforcement(happened_on, limits.enforcement_years)]
    return []


# -------------------------------------------------------------------------------------- who pays, how much


def heirs_owe(debt: Decimal, estate: Decimal) -> Decimal:
    """WO-3: what heirs can be made to pay: the debt, within the value of the estate that they take (Civil Code
    art. 1161). What they pay beyond it is up to them."""
    return max(min(debt, estate), ZERO)


@dataclass(frozen=True)
class InForce:
    """A measure of an approved plan: in force from the first day, up to the last one exclusive; None: still."""

    measure: str
    since: date
    until: date | None


@dataclass(frozen=True)
class Received:
    """Money that came in after the transfer; `by` is the measure that it is known to have come of, or ""."""

    receipt_no: str
    on: date
    amount: Decimal
    by: str = ""


@dataclass(frozen=True)
class Recovered:
    """WO-6: what a measure brought in and cost, in the loan's currency."""

    measure: str
    received: Decimal
    costs: Decimal

    @property
    def net(self) -> Decimal:
        return self.received - self.costs


def came_of(receipt: Received, measures: Sequence[InForce]) -> str:
    """WO-6: the measure that a receipt is put down to: the one it is known to have come of, else the one in force on
    its day, else none: "voluntary". Nothing comes of a write-off."""
    if receipt.by:
        return receipt.by
    running = [m for m in measures if m.since <= receipt.on and (m.until is None or receipt.on < m.until)]
    newest = max(running, key=lambda m: m.since, default=None)
    return newest.measure if newest is not None and newest.measure != "write_off" else "voluntary"


def recovered(
    receipts: Iterable[Received], costs: Iterable[tuple[str, Decimal]], measures: Sequence[InForce]
) -> list[Recovered]:
    """WO-6: recoveries by measure, net of what each cost, in the order of their names. Every cent of the receipts
    and costs is in it once."""
    received: dict[str, Decimal] = {}
    spent: dict[str, Decimal] = {}
    for receipt in receipts:
        measure = came_of(receipt, measures)
        received[measure] = received.get(measure, ZERO) + receipt.amount
    for measure, amount in costs:
        spent[measure] = spent.get(measure, ZERO) + amount
    return [
        Recovered(measure, received.get(measure, ZERO), spent.get(measure, ZERO))
        for measure in sorted(received.keys() | spent.keys())
    ]
