"""EXT-1 to EXT-4: tables that a credit supervisor can read and extend."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.calendar import months_after
from postloan.rules.extension import (
    Limit,
    Tier,
    deadline,
    extension_faults,
    late_by,
    latest_maturity,
    levels,
    missing_consents,
    reduction_faults,
    term_class,
)

ALL = Limit(share=Decimal(1))
HALF = Limit(share=Decimal("0.5"))
THREE_YEARS = Limit(months=36)

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))
TERMS = st.integers(1, 40 * 365)
SHARES = st.decimals("0.01", "1", places=2)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("disbursed", "matures", "term", "why"),
    [
        ("2026-03-02", "2026-06-02", "short", "three months"),
        ("2026-03-02", "2027-03-02", "short", "a year to the day"),
        ("2026-03-02", "2027-03-03", "medium", "a year and a day"),
        ("2024-02-29", "2025-02-28", "short", "a year from a leap day ends on the last of February"),
        ("2024-02-29", "2025-03-01", "medium", "a year and a day from a leap day"),
        ("2023-03-01", "2024-03-01", "short", "a year with a leap day in it, of 366 days"),
        ("2026-03-02", "2031-03-02", "medium", "five years to the day"),
        ("2026-03-02", "2031-03-03", "long", "five years and a day"),
    ],
)
def test_short_up_to_a_year_medium_up_to_five_long_over(disbursed: str, matures: str, term: str, why: str) -> None:
    assert term_class(day(disbursed), day(matures)) == term, why


@pytest.mark.parametrize(
    ("disbursed", "matures", "limit", "latest", "why"),
    [
        ("2026-01-31", "2026-07-31", ALL, "2027-01-31", "6 months and 6 more, though not as many days"),
        ("2026-07-01", "2027-01-01", ALL, "2027-07-01", "the second half of a year and then the first"),
        ("2026-03-02", "2027-03-02", ALL, "2028-03-02", "a year and another, with a leap day"),
        ("2024-02-29", "2025-02-28", ALL, "2026-02-28", "a year from a leap day"),
        ("2026-08-31", "2027-02-28", ALL, "2027-08-28", "6 months are counted from the maturity"),
        ("2026-11-30", "2027-02-28", ALL, "2027-05-28", "3 months that end with February"),
        ("2026-03-02", "2026-06-10", ALL, "2026-09-18", "100 days and 100 more"),
        ("2026-03-02", "2026-03-03", ALL, "2026-03-04", "one day and another"),
        ("2026-01-31", "2029-01-31", HALF, "2030-07-31", "3 years and 18 months"),
        ("2026-03-31", "2028-03-31", HALF, "2029-03-31", "2 years and one"),
        ("2023-08-31", "2025-08-31", HALF, "2026-08-31", "2 years and one, over a leap day"),
        ("2022-02-28", "2023-08-28", HALF, "2024-05-28", "18 months and 9"),
        ("2026-01-01", "2027-04-01", HALF, "2027-11-14", "15 months: half of 455 days, rounded down"),
        ("2026-03-02", "2028-03-03", HALF, "2029-03-04", "2 years and a day: half of 732 days"),
        ("2026-03-02", "2028-03-04", HALF, "2029-03-05", "2 years and 2 days: half of 733 days, rounded down"),
        ("2016-03-02", "2026-03-02", THREE_YEARS, "2029-03-02", "10 years and 3"),
        ("2014-02-28", "2024-02-29", THREE_YEARS, "2027-02-28", "3 years from a leap day"),
    ],
)
def test_the_latest_day_of_all_extensions(disbursed: str, matures: str, limit: Limit, latest: str, why: str) -> None:
    assert latest_maturity(day(disbursed), day(matures), limit) == day(latest), why


@given(DAYS, TERMS, SHARES)
def test_all_extensions_are_as_long_as_the_share_of_the_term(disbursed: date, term: int, share: Decimal) -> None:
    maturity = disbursed + timedelta(days=term)
    latest = latest_maturity(disbursed, maturity, Limit(share=share))
    assert latest >= maturity
    # Equally many months are not equally many days: a few more or less.
    assert abs((latest - maturity).days - term * share) <= 5


@given(DAYS, st.integers(1, 480), st.integers(1, 480))
def test_whole_months_are_extended_by_as_many_months(disbursed: date, months: int, other: int) -> None:
    maturity = months_after(disbursed, months)
    assert latest_maturity(disbursed, maturity, ALL) == months_after(maturity, months)
    if months % 2 == 0:
        assert latest_maturity(disbursed, maturity, HALF) == months_after(maturity, months // 2)
    shorter, longer = sorted((months, other))
    assert latest_maturity(disbursed, months_after(disbursed, shorter), ALL) <= latest_maturity(
        disbursed, months_after(disbursed, longer), ALL
    ), "a longer loan may be extended to a later day"


@given(DAYS, TERMS, st.integers(1, 60), st.integers(1, 60))
def test_more_months_reach_further(disbursed: date, term: int, one: int, other: int) -> None:
    maturity = disbursed + timedelta(days=term)
    shorter, longer = sorted((one, other))
    latest = latest_maturity(disbursed, maturity, Limit(months=shorter))
    assert maturity < latest <= latest_maturity(disbursed, maturity, Limit(months=longer))
    assert latest == months_after(maturity, shorter)


@pytest.mark.parametrize(
    ("share", "months"), [(None, None), (Decimal(1), 12), (Decimal(0), None), (None, 0), (None, -1)]
)
def test_a_limit_is_a_share_or_months(share: Decimal | None, months: int | None) -> None:
    with pytest.raises(ValueError, match="positive share or a positive number"):
        Limit(share, months)


def test_a_loan_without_a_term_has_no_limit() -> None:
    with pytest.raises(ValueError, match="must be after the disbursement"):
        latest_maturity(date(2026, 3, 2), date(2026, 3, 2), ALL)


ASKED = {
    "today": date(2026, 6, 1),
    "original_maturity": date(2026, 7, 31),
    "current_maturity": date(2026, 7, 31),
    "asked_until": date(2026, 10, 31),
    "latest": date(2027, 1, 31),
    "extended_before": 0,
    "max_times": 1,
    "settled": False,
}


@pytest.mark.parametrize(
    ("what", "change", "fault"),
    [
        ("in order", {}, None),
        ("to the latest day", {"asked_until": date(2027, 1, 31)}, None),
        ("a day more than the law allows", {"asked_until": date(2027, 2, 1)}, "2027-01-31 at the latest"),
        ("a day longer than now", {"asked_until": date(2026, 8, 1)}, None),
        ("no longer than now", {"asked_until": date(2026, 7, 31)}, "after the current maturity"),
        ("asked for on the day of maturity", {"today": date(2026, 7, 31)}, None),
        ("asked for the day after", {"today": date(2026, 8, 1)}, "it has matured"),
        ("extended once already", {"extended_before": 1}, "allowed: 1"),
        (
            "a second time, where two are allowed",
            {"extended_before": 1, "max_times": 2, "current_maturity": date(2026, 9, 30)},
            None,
        ),
        ("repaid, whatever else", {"settled": True, "extended_before": 1}, "settled"),
    ],
)
def test_what_keeps_an_extension_from_being_asked_for(what: str, change: dict, fault: str | None) -> None:
    faults = extension_faults(**(ASKED | change))
    assert (faults == []) if fault is None else (len(faults) == 1 and fault in faults[0]), what


def test_every_fault_of_an_extension_is_told_at_once() -> None:
    change = {"today": date(2027, 2, 1), "current_maturity": date(2027, 1, 31), "extended_before": 1}
    assert len(extension_faults(**(ASKED | change | {"latest": date(2026, 9, 30)}))) == 4


@given(DAYS, TERMS, SHARES, st.integers(1, 4000))
def test_what_is_beyond_the_limit_is_never_let_through(disbursed: date, term: int, share: Decimal, more: int) -> None:
    maturity = disbursed + timedelta(days=term)
    latest = latest_maturity(disbursed, maturity, Limit(share=share))
    asked = maturity + timedelta(days=more)
    terms = {"original_maturity": maturity, "current_maturity": maturity, "asked_until": asked, "latest": latest}
    assert (extension_faults(**(ASKED | terms | {"today": disbursed})) == []) == (asked <= latest)


@pytest.mark.parametrize(
    ("matures", "days", "last"),
    [
        ("2026-07-31", 30, "2026-07-01"),
        ("2026-07-31", 15, "2026-07-16"),
        ("2024-03-15", 15, "2024-02-29"),
        ("2026-03-15", 15, "2026-02-28"),
        ("2026-01-15", 30, "2025-12-16"),
        ("2026-07-31", 0, "2026-07-31"),
    ],
)
def test_applications_are_in_so_many_days_before_maturity(matures: str, days: int, last: str) -> None:
    until = deadline(day(matures), days)
    assert until == day(last)
    assert late_by(until, until) == 0, "the last day is in time"
    assert late_by(until - timedelta(days=3), until) == 0
    assert late_by(until + timedelta(days=1), until) == 1


TIERS = (
    Tier(Decimal(300_000), ("business", "board"), products=("船舶贷款",)),
    Tier(Decimal(500_000), ("supervisor",)),
    Tier(Decimal(2_000_000), ("supervisor", "business")),
    Tier(None, ("supervisor", "business", "committee", "board")),
)


@pytest.mark.parametrize(
    ("amount", "exposure", "product", "depth"),
    [
        ("500000.00", "500000.00", "", 1),
        ("500000.01", "500000.01", "", 2),
        ("100000.00", "500000.01", "", 2),  # small itself, but the borrower owes more
        ("2000000.00", "100.00", "", 2),  # exposure does not yet hold it: the amount does
        ("2000000.01", "2000000.01", "", 4),
        ("300000.00", "300000.00", "船舶贷款", 2),
        ("300000.01", "300000.01", "船舶贷款", 1),  # beyond its own tier the common ones hold
    ],
)
def test_who_decides_by_amount_exposure_and_product(amount: str, exposure: str, product: str, depth: int) -> None:
    assert len(levels(Decimal(amount), Decimal(exposure), product, TIERS)) == depth


def test_without_a_tier_nobody_decides() -> None:
    with pytest.raises(ValueError, match="no tier"):
        levels(Decimal(1), Decimal(2_000_001), "", TIERS[:3])


@given(st.decimals(0, 10**9, places=2), st.decimals(0, 10**9, places=2), st.decimals(0, 10**9, places=2))
def test_more_money_is_never_decided_lower_down(amount: Decimal, exposure: Decimal, more: Decimal) -> None:
    here = len(levels(amount, exposure, "", TIERS))
    assert len(levels(amount + more, exposure, "", TIERS)) >= here
    assert len(levels(amount, exposure + more, "", TIERS)) >= here


@pytest.mark.parametrize(
    ("needed", "given", "missing"),
    [
        ([], [], []),
        (["保证人甲", "抵押人乙"], [], ["保证人甲", "抵押人乙"]),
        (["保证人甲", "抵押人乙", "出质人丙"], {"抵押人乙"}, ["保证人甲", "出质人丙"]),
        (["甲", "乙", "甲"], {"丁"}, ["甲", "乙"]),
        (["甲"], {"甲", "乙"}, []),
    ],
)
def test_whose_consent_is_missing(needed: list[str], given: list[str], missing: list[str]) -> None:
    assert missing_consents(needed, given) == missing


@pytest.mark.parametrize(
    ("what", "until", "amount", "fault"),
    [
        ("as asked", "2026-10-31", "100000.00", None),
        ("shorter and less", "2026-08-01", "0.01", None),
        ("longer", "2026-11-01", "100000.00", "longer than was asked"),
        ("no extension at all", "2026-07-31", "100000.00", "after the current maturity"),
        ("more", "2026-10-31", "100000.01", "more than was asked"),
        ("nothing", "2026-10-31", "0.00", "above zero"),
    ],
)
def test_a_level_may_grant_less_and_never_more(what: str, until: str, amount: str, fault: str | None) -> None:
    asked_until, asked_amount, maturity = date(2026, 10, 31), Decimal("100000.00"), date(2026, 7, 31)
    faults = reduction_faults(day(until), Decimal(amount), asked_until, asked_amount, maturity)
    assert (faults == []) if fault is None else (len(faults) == 1 and fault in faults[0]), what
