"""Extensions: until when at the latest, by when to apply, who decides, and who must agree (EXT-1 to EXT-4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from postloan.calendar import months_after


def term_class(disbursed_on: date, matures_on: date) -> str:
    """EXT-3: "short" (up to 1 year), "medium" (up to 5 years) or "long", by the calendar, both limits inclusive.

    A year of a loan of 29 February ends on 28 February.
    """
    if matures_on <= months_after(disbursed_on, 12):
        return "short"
    return "medium" if matures_on <= months_after(disbursed_on, 60) else "long"


@dataclass(frozen=True)
class Limit:
    """EXT-3: how long all extensions of a loan together may be: either a share of the original term
    (1 is all of it) or so many calendar months.

    Raises ValueError if neither or both are given, or what is given is not positive.
    """

    share: Decimal | None = None
    months: int | None = None

    def __post_init__(self) -> None:
        given = [length for length in (self.share, self.months) if length is not None]
        if len(given) != 1 or given[0] <= 0:
            raise ValueError(f"a limit is a positive share or a positive number of months, not {self}")


def latest_maturity(disbursed_on: date, original_maturity: date, limit: Limit) -> date:
    """EXT-3: the latest day (inclusive) to which all extensions together may move the maturity.

    Months are counted from the original maturity, where the extension begins: the same day of the month,
    or the last one of a shorter month. A share is a number of months wherever that comes out whole: all of
    a term of 6 months (2026-01-31 to 2026-07-31) is 6 months (2027-01-31), half of 3 years is 18. Half of 5
    months, and any share of a term that does not end on its day of the month, is taken of the days from
    `disbursed_on` to `original_maturity`, rounded down.

    Raises ValueError if `original_maturity` is not after `disbursed_on`.
    """
    if original_maturity <= disbursed_on:
        raise ValueError(f"the original maturity {original_maturity} must be after the disbursement {disbursed_on}")
    if limit.share is None:
        return months_after(original_maturity, limit.months or 0)  # a limit has one of both
    months = _whole_months(disbursed_on, original_maturity)
    if months is not None and (share_of_it := months * limit.share) % 1 == 0:
        return months_after(original_maturity, int(share_of_it))
    return original_maturity + timedelta(days=int((original_maturity - disbursed_on).days * limit.share))


def _whole_months(first: date, last: date) -> int | None:
    """How many calendar months lead from one day to the other; None if no whole number does."""
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if months and months_after(first, months) == last else None


def extension_faults(
    *,
    today: date,
    original_maturity: date,
    current_maturity: date,
    asked_until: date,
    latest: date,
    extended_before: int,
    max_times: int,
    settled: bool,
) -> list[str]:
    """EXT-3: what keeps an extension from being asked for; empty if nothing does.

    Args:
        today: the day on which it is asked for; on the day of maturity it still can be, after it no more.
        latest: the last day that the law allows (inclusive), from `latest_maturity`.
        extended_before: how many extensions of the loan are in force.
        max_times: how many it may have in all.
        settled: nothing of the loan is left to pay.
    """
    if settled:
        return ["贷款已结清, 无可展期 (settled: there is nothing to extend)"]
    faults = []
    if today > current_maturity:
        faults.append(f"贷款已于 {current_maturity} 到期, 不能再展期 (it has matured: nothing is left to extend)")
    if asked_until <= current_maturity:
        faults.append(
            f"展期到期日 {asked_until} 须晚于现到期日 {current_maturity} (it must end after the current maturity)"
        )
    if asked_until > latest:
        faults.append(
            f"原到期日为 {original_maturity}, 累计展期最迟至 {latest} "
            f"(by law all extensions together may reach {latest} at the latest)"
        )
    if extended_before >= max_times:
        faults.append(
            f"已展期 {extended_before} 次, 最多 {max_times} 次 (extended {extended_before} times, allowed: {max_times})"
        )
    return faults


def deadline(matures_on: date, days: int) -> date:
    """EXT-1, EXT-2: the last day (inclusive) for what must be in `days` calendar days before maturity.

    Weekends and holidays do not move it.
    """
    return matures_on - timedelta(days=days)


def late_by(received_on: date, deadline: date) -> int:
    """EXT-1, EXT-2: how many calendar days after the deadline something came; 0 if in time, the day itself
    included."""
    return max((received_on - deadline).days, 0)


@dataclass(frozen=True)
class Tier:
    """EXT-4: who decides about extensions up to an amount (inclusive, in the loan's currency; None: any).

    `levels` are roles in the order in which they decide; without `products` the tier is for all of them.
    """

    up_to: Decimal | None
    levels: tuple[str, ...]
    products: tuple[str, ...] = ()


def levels(amount: Decimal, exposure: Decimal, product: str, tiers: Sequence[Tier]) -> tuple[str, ...]:
    """EXT-4: the roles that decide about an extension, from the first tier for the product that holds both
    the amount and the borrower's whole exposure.

    Raises ValueError if there is no such tier (the policy is checked to have one).
    """
    for tier in tiers:
        for_product = not tier.products or product in tier.products
        if for_product and (tier.up_to is None or max(amount, exposure) <= tier.up_to):
            return tier.levels
    raise ValueError(f"no tier for an extension of {amount} with an exposure of {exposure} and product {product!r}")


def missing_consents(needed: Sequence[str], given: Collection[str]) -> list[str]:
    """EXT-3: whose consent in writing is still missing, each once, in the order of `needed`."""
    return [who for who in dict.fromkeys(needed) if who not in given]


def reduction_faults(
    decided_until: date, decided_amount: Decimal, asked_until: date, asked_amount: Decimal, current_maturity: date
) -> list[str]:
    """EXT-4: what keeps a level's approval from being taken. It may grant less than was asked, in time
    (still after the current maturity) and in amount (above 0, in the loan's currency), never more."""
    faults = []
    if decided_until > asked_until:
        faults.append(
            f"批准期限 {decided_until} 不得晚于申请期限 {asked_until} (it cannot be longer than was asked for)"
        )
    if decided_until <= current_maturity:
        faults.append(
            f"批准期限 {decided_until} 须晚于现到期日 {current_maturity} (it must end after the current maturity)"
        )
    if decided_amount > asked_amount:
        faults.append(f"批准金额不得超过申请金额 {asked_amount:,.2f} (it cannot be more than was asked for)")
    if decided_amount <= 0:
        faults.append("批准金额须大于零 (the amount must be above zero)")
    return faults
