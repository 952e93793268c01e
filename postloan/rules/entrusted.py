"""Entrusted loans (委托贷款): fee, tax on the consignor's interest, and what the procedures forbid (ENT-1)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from fractions import Fraction

from postloan.calendar import months_after
from postloan.rules.extension import missing_consents
from postloan.rules.interest import cents, year_fraction

# Whose consent an early repayment needs.
CONSENTS = {"lender": "贷款人", "consignor": "委托人"}


def fee_found(principal: Decimal, percent: Decimal) -> Decimal:
    """ENT-1: the fee where the consignor found the borrower: `percent` of the principal, taken once at
    disbursement, half up to the cent."""
    return cents(_percent_of(principal, percent))


def fee_recommended(
    principal: Decimal, loan_rate: Decimal, base_rate: Decimal, first: date, last: date, minimum_percent: Decimal
) -> Decimal:
    """ENT-1: the fee where the lender recommended the borrower: principal × (loan rate − base rate) × term,
    half up to the cent, and at least `minimum_percent` a year.

    Rates are percent a year. The term is in years of 360 days (actual/360, as interest in China: PAY-2),
    the day of disbursement `first` counted, that of maturity `last` not; the minimum is for the same term.

    Raises ValueError if `last` is before `first`.
    """
    margin = max(loan_rate - base_rate, minimum_percent)
    return cents(_percent_of(principal, margin) * year_fraction(first, last, "actual/360"))


def tax_withheld(interest: Decimal, percent: Decimal) -> Decimal:
    """ENT-1: what the lender withholds of the consignor's interest as tax, half up to the cent."""
    return cents(_percent_of(interest, percent))


def net_to_consignor(principal: Decimal, interest: Decimal, percent: Decimal) -> Decimal:
    """ENT-1: what the consignor gets of the principal and interest that were paid: all but the tax withheld."""
    return principal + interest - tax_withheld(interest, percent)


def faults(
    principal: Decimal,
    disbursed_on: date,
    matures_on: date,
    annual_rate: Decimal,
    base_rate: Decimal | None,
    *,
    min_amount: Decimal,
    min_months: int,
    max_months: int,
    max_rate_multiple: Decimal,
) -> list[str]:
    """ENT-1: what of an entrusted loan is against the procedures; empty if nothing is. Every limit is inclusive.

    Args:
        annual_rate: percent a year.
        base_rate: the benchmark rate of its day, percent a year; None where it is not on record, which
            is a fault, for then the rate cannot be checked.
        min_amount: in the loan's currency.
        min_months: calendar months from disbursement to maturity, as `max_months`.
        max_rate_multiple: how many times the base rate the loan's may be.
    """
    found = []
    if principal < min_amount:
        found.append(f"委托资金额不得少于 {min_amount:,.2f} (below the least amount of an entrusted loan)")
    if matures_on < months_after(disbursed_on, min_months):
        found.append(f"期限不得短于 {min_months} 个月 (shorter than {min_months} months)")
    if matures_on > months_after(disbursed_on, max_months):
        found.append(f"期限不得超过 {max_months} 个月 (longer than {max_months} months)")
    if base_rate is None:
        found.append("未登记贷款基准利率, 无法核对利率 (no base rate on record: the rate cannot be checked)")
    elif annual_rate > base_rate * max_rate_multiple:
        found.append(
            f"年利率 {annual_rate}% 超过基准利率 {base_rate}% 的 {max_rate_multiple} 倍 "
            f"(above {max_rate_multiple} times the base rate)"
        )
    return found


def early_faults(paid_on: date, due_on: date, consents: Collection[str]) -> list[str]:
    """ENT-1: what keeps an entrusted loan from being repaid on `paid_on`: before its due date nobody repays
    it without the consents of both "lender" and "consignor"."""
    if paid_on >= due_on:
        return []
    return [
        f"{due_on} 前提前还款须经{CONSENTS[who]}同意 (repaid early: the consent of the {who} is missing)"
        for who in missing_consents(tuple(CONSENTS), consents)
    ]


def _percent_of(amount: Decimal, percent: Decimal) -> Fraction:
    return Fraction(amount) * Fraction(percent) / 100
