"""PAY-2: day counts and interest against published numbers, and what always holds."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.rules.interest import DAY_COUNTS, cents, interest, year_fraction

PUBLISHED = tomllib.loads(Path(__file__).with_name("published_cases.toml").read_text("utf-8"))
days = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize("case", PUBLISHED["day_count"], ids=lambda c: c["source"])
def test_day_counts_as_published(case: dict) -> None:
    year = 365 if case["day_count"] == "actual/365" else 360
    for first, last, count in case["rows"]:
        fraction = year_fraction(date.fromisoformat(first), date.fromisoformat(last), case["day_count"])
        assert fraction == Fraction(count, year), (first, last)


@pytest.mark.parametrize("case", PUBLISHED["interest"], ids=lambda c: c["source"])
def test_interest_as_published(case: dict) -> None:
    principal, rate, first, last, day_count = case["terms"]
    got = interest(Decimal(principal), Decimal(rate), date.fromisoformat(first), date.fromisoformat(last), day_count)
    assert str(got) == case["interest"]


@given(days, st.integers(0, 4000), st.integers(0, 4000), st.sampled_from(DAY_COUNTS))
def test_time_never_runs_backwards(first: date, some: int, more: int, day_count: str) -> None:
    middle = first + timedelta(days=some)
    last = middle + timedelta(days=more)
    whole = year_fraction(first, last, day_count)
    assert 0 <= year_fraction(first, middle, day_count) <= whole
    if day_count != "30/360":
        assert year_fraction(first, middle, day_count) + year_fraction(middle, last, day_count) == whole


@given(st.decimals(-(10**9), 10**9, places=5))
def test_cents_round_half_up(amount: Decimal) -> None:
    expected = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert str(cents(amount)).lstrip("-") == str(expected).lstrip("-")
    assert cents(Fraction(amount)) == expected


@pytest.mark.parametrize(
    ("first", "last", "day_count", "fault"),
    [
        (date(2026, 1, 2), date(2026, 1, 1), "actual/360", "before"),
        (date(2026, 1, 2), date(2026, 1, 1), "30/360", "before"),
        (date(2026, 1, 1), date(2026, 1, 2), "actual/actual", "not known"),
    ],
)
def test_what_cannot_be_counted(first: date, last: date, day_count: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        year_fraction(first, last, day_count)
