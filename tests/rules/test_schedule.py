"""PAY-2: schedules against published tables, and what holds of every schedule."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.rules.interest import DAY_COUNTS, interest
from postloan.rules.schedule import PLANNED_METHODS, Planned, due_dates, plan

PUBLISHED = tomllib.loads(Path(__file__).with_name("published_cases.toml").read_text("utf-8"))
FIRST = date(2026, 1, 31)


@pytest.mark.parametrize("case", PUBLISHED["schedule"], ids=lambda c: c["source"])
def test_schedules_as_published(case: dict) -> None:
    principal, rate, first, method, day_count = case["terms"]
    start, listed = date.fromisoformat(first), [date.fromisoformat(row[0]) for row in case["rows"]]
    dates = due_dates(start, date.fromisoformat(case["last"]), case["months"]) if "last" in case else listed
    planned = plan(Decimal(principal), Decimal(rate), start, dates, method, day_count)
    rows = [[p.due_on.isoformat(), str(p.principal), str(p.interest)] for p in planned]
    assert rows[: case.get("shown")] == case["rows"]


@pytest.mark.parametrize(
    ("first", "last", "months", "expected"),
    [
        ("2026-01-31", "2026-05-31", 1, "2026-02-28 2026-03-31 2026-04-30 2026-05-31"),
        ("2026-01-15", "2026-07-20", 3, "2026-04-15 2026-07-15 2026-07-20"),
        ("2026-01-15", "2026-02-10", 1, "2026-02-10"),
        ("2024-02-29", "2026-02-28", 12, "2025-02-28 2026-02-28"),
    ],
)
def test_due_dates_keep_to_the_day_and_end_with_the_last(first: str, last: str, months: int, expected: str) -> None:
    found = due_dates(date.fromisoformat(first), date.fromisoformat(last), months)
    assert " ".join(day.isoformat() for day in found) == expected


@given(
    st.integers(1, 10**11).map(lambda n: Decimal(n).scaleb(-2)),
    st.integers(0, 3600).map(lambda n: Decimal(n) / 100),
    st.lists(st.integers(1, 400), min_size=1, max_size=40),
    st.sampled_from(PLANNED_METHODS),
    st.sampled_from(DAY_COUNTS),
)
def test_every_schedule_repays_the_principal_exactly(
    principal: Decimal, rate: Decimal, gaps: list[int], method: str, day_count: str
) -> None:
    dates = [FIRST + timedelta(days=sum(gaps[: n + 1])) for n in range(len(gaps))]
    planned = plan(principal, rate, FIRST, dates, method, day_count, first_number=3)
    assert sum(p.principal for p in planned) == principal
    assert all(p.principal >= 0 and p.interest >= 0 for p in planned)
    assert [p.due_on for p in planned] == (dates[-1:] if method == "bullet" else dates)
    assert [p.number for p in planned] == list(range(3, 3 + len(planned)))

    balance, start = principal, FIRST
    for p in planned:
        assert p.interest == interest(balance, rate, start, p.due_on, day_count)
        balance, start = balance - p.principal, p.due_on


@given(
    st.integers(10**5, 10**11).map(lambda n: Decimal(n).scaleb(-2)),
    st.integers(0, 3600).map(lambda n: Decimal(n) / 100),
    st.integers(1, 60),
    st.sampled_from(DAY_COUNTS),
)
def test_equal_instalments_differ_only_in_the_last_by_what_rounding_left(
    principal: Decimal, rate: Decimal, months: int, day_count: str
) -> None:
    dates = due_dates(FIRST, FIRST + timedelta(days=31 * months), 1)
    payments = [p.principal + p.interest for p in plan(principal, rate, FIRST, dates, "equal_instalment", day_count)]
    assert len(set(payments[:-1])) <= 1
    # One rounding of the payment and one of the interest in each period, with interest on them.
    growth = (1 + rate / 1200) ** len(dates)
    assert abs(payments[-1] - payments[0]) <= Decimal("0.01") * len(dates) * growth * 2


def test_a_loan_of_no_interest_is_repaid_in_equal_parts() -> None:
    dates = due_dates(date(2026, 1, 1), date(2026, 4, 1), 1)
    for method in ("equal_instalment", "equal_principal"):
        planned = plan(Decimal("100.00"), Decimal(0), date(2026, 1, 1), dates, method, "actual/360")
        assert [str(p.principal) for p in planned] == ["33.33", "33.33", "33.34"]
        assert planned[0] == Planned(1, date(2026, 2, 1), Decimal("33.33"), Decimal("0.00"))


@pytest.mark.parametrize(
    ("principal", "dates", "method", "fault"),
    [
        ("100.00", [date(2026, 3, 1)], "custom", "entered as agreed"),
        ("100.00", [date(2026, 3, 1)], "balloon", "not known"),
        ("100.00", [], "bullet", "at least one"),
        ("100.00", [FIRST], "bullet", "must rise"),
        ("100.00", [date(2026, 3, 1), date(2026, 3, 1)], "interest_only", "must rise"),
        ("0.00", [date(2026, 3, 1)], "bullet", "positive"),
    ],
)
def test_what_cannot_be_planned(principal: str, dates: list[date], method: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        plan(Decimal(principal), Decimal(5), FIRST, dates, method, "actual/360")


@pytest.mark.parametrize(("last", "months", "fault"), [(FIRST, 1, "must be after"), (date(2027, 1, 1), 0, "one month")])
def test_due_dates_that_cannot_be(last: date, months: int, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        due_dates(FIRST, last, months)
