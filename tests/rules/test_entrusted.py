"""ENT-1: entrusted loans, in tables that a credit supervisor can read and extend."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.rules.entrusted import (
    early_faults,
    faults,
    fee_found,
    fee_recommended,
    net_to_consignor,
    tax_withheld,
)

MONEY = st.decimals("0.00", "1000000000.00", places=2)
RATES = st.decimals("0.00", "40.00", places=4)
CENT = Decimal("0.01")


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("principal", "percent", "fee"),
    [
        ("100000.00", "1", "1000.00"),
        ("100000.00", "3", "3000.00"),
        ("123456.50", "1", "1234.57"),  # 1234.565: half up
        ("123456.49", "1", "1234.56"),
        ("250000.00", "1.25", "3125.00"),
        ("100000.00", "0", "0.00"),
    ],
)
def test_the_fee_for_a_borrower_whom_the_consignor_found(principal: str, percent: str, fee: str) -> None:
    assert fee_found(Decimal(principal), Decimal(percent)) == Decimal(fee)


@pytest.mark.parametrize(
    ("loan_rate", "base_rate", "first", "last", "fee", "why"),
    [
        ("7.85", "4.35", "2026-03-02", "2027-02-25", "35000.00", "a margin of 3.5 %, 360 days of 360"),
        ("7.85", "4.35", "2026-03-02", "2027-03-02", "35486.11", "a year of 365 days: 1,000,000 × 3.5 % × 365/360"),
        ("7.85", "4.35", "2023-03-02", "2024-03-02", "35583.33", "a year of 366 days"),
        ("6.35", "4.35", "2026-03-02", "2027-02-25", "20000.00", "a margin of just 2 %"),
        ("6.34", "4.35", "2026-03-02", "2027-02-25", "20000.00", "a margin of less: at least 2 % a year"),
        ("4.35", "4.35", "2026-03-02", "2027-02-25", "20000.00", "at the base rate: at least 2 % a year"),
        ("4.00", "4.35", "2026-03-02", "2026-08-29", "10000.00", "below it, half a year: 180 days"),
        ("4.35", "4.35", "2026-03-02", "2026-03-02", "0.00", "no day at all"),
    ],
)
def test_the_fee_for_a_borrower_whom_the_lender_recommended(
    loan_rate: str, base_rate: str, first: str, last: str, fee: str, why: str
) -> None:
    rates = Decimal(loan_rate), Decimal(base_rate)
    assert fee_recommended(Decimal(1_000_000), *rates, day(first), day(last), Decimal(2)) == Decimal(fee), why


def test_a_term_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="before the first day"):
        fee_recommended(Decimal(1), Decimal(5), Decimal(4), date(2026, 3, 2), date(2026, 3, 1), Decimal(2))


@given(MONEY, RATES, RATES, RATES, st.integers(0, 366), st.integers(0, 366))
def test_the_fee_grows_with_margin_and_term(
    principal: Decimal, base: Decimal, margin: Decimal, more: Decimal, days: int, later: int
) -> None:
    first = date(2026, 3, 2)
    last = first + timedelta(days=days)
    fee = fee_recommended(principal, base + margin, base, first, last, Decimal(2))
    assert fee >= fee_recommended(principal, base, base, first, last, Decimal(2)), "at least the minimum"
    assert fee <= fee_recommended(principal, base + margin + more, base, first, last, Decimal(2))
    assert fee <= fee_recommended(principal, base + margin, base, first, last + timedelta(days=later), Decimal(2))


@pytest.mark.parametrize(
    ("principal", "interest", "percent", "tax", "net"),
    [
        ("100000.00", "5000.00", "5.6", "280.00", "104720.00"),
        ("100000.00", "4437.50", "5.6", "248.50", "104189.00"),
        ("0.00", "1234.56", "5.6", "69.14", "1165.42"),  # 69.13536
        ("0.00", "0.25", "5.6", "0.01", "0.24"),  # 0.014
        ("100000.00", "5000.00", "0", "0.00", "105000.00"),
        ("100000.00", "0.00", "5.6", "0.00", "100000.00"),
    ],
)
def test_the_tax_and_what_the_consignor_gets(principal: str, interest: str, percent: str, tax: str, net: str) -> None:
    assert tax_withheld(Decimal(interest), Decimal(percent)) == Decimal(tax)
    assert net_to_consignor(Decimal(principal), Decimal(interest), Decimal(percent)) == Decimal(net)


@given(MONEY, MONEY, st.decimals("0.00", "100.00", places=2))
def test_nothing_is_lost_between_tax_and_consignor(principal: Decimal, interest: Decimal, percent: Decimal) -> None:
    tax, net = tax_withheld(interest, percent), net_to_consignor(principal, interest, percent)
    assert tax + net == principal + interest
    assert 0 <= tax <= interest
    assert net >= principal, "the principal is not taxed"
    assert abs(tax - interest * percent / 100) <= CENT / 2


LIMITS = {
    "min_amount": Decimal(100_000),
    "min_months": 3,
    "max_months": 12,
    "max_rate_multiple": Decimal("2.3"),
}
LOAN = {
    "principal": Decimal("500000.00"),
    "disbursed_on": date(2026, 3, 2),
    "matures_on": date(2026, 12, 2),
    "annual_rate": Decimal("6.00"),
    "base_rate": Decimal("4.35"),
}


@pytest.mark.parametrize(
    ("what", "change", "fault"),
    [
        ("in order", {}, None),
        ("just enough", {"principal": Decimal("100000.00")}, None),
        ("a cent too little", {"principal": Decimal("99999.99")}, "least amount"),
        ("three months", {"matures_on": date(2026, 6, 2)}, None),
        ("a day less", {"matures_on": date(2026, 6, 1)}, "shorter than 3 months"),
        ("to the end of February", {"disbursed_on": date(2026, 11, 30), "matures_on": date(2027, 2, 28)}, None),
        ("a year", {"matures_on": date(2027, 3, 2)}, None),
        ("a year from a leap day", {"disbursed_on": date(2024, 2, 29), "matures_on": date(2025, 2, 28)}, None),
        ("a day more", {"disbursed_on": date(2024, 2, 29), "matures_on": date(2025, 3, 1)}, "longer than 12 months"),
        ("2.3 times the base rate", {"annual_rate": Decimal("10.005")}, None),
        ("more than that", {"annual_rate": Decimal("10.0051")}, "2.3 times the base rate"),
        ("no base rate", {"base_rate": None}, "no base rate on record"),
    ],
)
def test_what_of_an_entrusted_loan_is_against_the_procedures(what: str, change: dict, fault: str | None) -> None:
    found = faults(**(LOAN | change), **LIMITS)
    assert (found == []) if fault is None else (len(found) == 1 and fault in found[0]), what


def test_every_fault_of_an_entrusted_loan_is_told() -> None:
    bad = {"principal": Decimal(1), "matures_on": date(2026, 3, 3), "annual_rate": Decimal(36)}
    assert len(faults(**(LOAN | bad), **LIMITS)) == 3


@pytest.mark.parametrize(
    ("paid", "consents", "missing"),
    [
        ("2026-12-02", [], []),
        ("2026-12-03", [], []),
        ("2026-12-01", ["lender", "consignor"], []),
        ("2026-12-01", ["lender"], ["consignor"]),
        ("2026-12-01", ["consignor", "guarantor"], ["lender"]),
        ("2026-12-01", [], ["lender", "consignor"]),
    ],
)
def test_nobody_repays_early_without_both_consents(paid: str, consents: list[str], missing: list[str]) -> None:
    found = early_faults(day(paid), date(2026, 12, 2), consents)
    assert len(found) == len(missing)
    assert all(f"consent of the {who}" in fault for who, fault in zip(missing, found, strict=True))
