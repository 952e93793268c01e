"""Use of proceeds: who decides about a payment, and what the officer must have seen (REC-4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Tier:
    """Who decides about payments of a risk, up to an amount (inclusive, in the loan's currency; None: any).

    `levels` are roles in the order in which they decide.
    """

    risk: str
    up_to: Decimal | None
    levels: tuple[str, ...]


def risk_of(
    *,
    high_risk: bool,
    open_signal: bool,
    suspended: bool,
    rating: str,
    well_rated: Sequence[str],
    ill_rated: Sequence[str],
) -> str:
    """REC-4: "high", "ordinary" or "low".

    High: a high-risk loan, an ill-rated borrower, an open warning signal, or business that is stopped
    with the branch or partner. Low: none of these, and well rated.
    """
    if high_risk or open_signal or suspended or rating in ill_rated:
        return "high"
    return "low" if rating in well_rated else "ordinary"


def levels(amount: Decimal, risk: str, tiers: Sequence[Tier]) -> tuple[str, ...]:
    """REC-4: the roles that decide about a payment, from the first tier of its risk that holds the amount."""
    for tier in tiers:
        if tier.risk == risk and (tier.up_to is None or amount <= tier.up_to):
            return tier.levels
    raise ValueError(f"no tier for {amount} of {risk} risk")  # the policy is checked to have one


def payment_faults(*, approved: bool, fits_purpose: bool, evidence_seen: bool, opinion: str) -> list[str]:
    """REC-4: what keeps an officer's approval of a payment from being taken."""
    if not approved:
        return []
    faults = []
    if not fits_purpose:
        faults.append("用途与约定不符, 不能同意用款 (not for the agreed purpose: it cannot be approved)")
    if not evidence_seen and len(opinion.strip()) < 5:
        faults.append("未见合同或发票时须说明理由 (approved without a contract or invoice: give the reason)")
    return faults


def overdrawn(amount: Decimal, approved_so_far: Decimal, principal: Decimal) -> bool:
    """REC-4: whether a payment, with those approved before it, would exceed the loan."""
    return approved_so_far + amount > principal
