"""Stages, the clock, the rhythm, promises, and when a borrower is lost (COL-1 to COL-6)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.rules.collection import (
    CAUSES,
    CURRENT,
    Paid,
    Paused,
    Try,
    days_on_the_clock,
    missing_before_lost,
    next_contact,
    part_of_day,
    promise_state,
    stage,
)

LADDER = [("reminder", 1), ("early", 4), ("M1", 16), ("M2", 31)]
DAY = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, CURRENT), (1, "reminder"), (3, "reminder"), (4, "early"), (15, "early"), (16, "M1"), (31, "M2"), (900, "M2")],
)
def test_the_stage_of_so_many_days(days: int, expected: str) -> None:
    assert stage(days, LADDER) == expected


@pytest.mark.parametrize(
    ("days", "pauses", "expected"),
    [
        (10, [], 10),
        (10, [Paused(date(2026, 6, 26), date(2026, 6, 30))], 5),
        (10, [Paused(date(2026, 6, 1), date(2026, 6, 21))], 9),  # one of its days was past due
        (10, [Paused(date(2026, 6, 1), date(2026, 6, 20))], 10),  # over before
        (10, [Paused(date(2026, 6, 1), date(2026, 12, 31))], 0),
        (10, [Paused(date(2026, 7, 1), date(2026, 7, 31))], 10),  # still to come
        (0, [Paused(date(2026, 6, 1), date(2026, 12, 31))], 0),
        (10, [Paused(date(2026, 6, 22), date(2026, 6, 23)), Paused(date(2026, 6, 25), date(2026, 6, 25))], 7),
    ],
)
def test_days_of_a_pause_do_not_count(days: int, pauses: list[Paused], expected: int) -> None:
    assert days_on_the_clock(days, DAY, pauses) == expected


@given(st.integers(0, 400), st.lists(st.tuples(st.integers(-500, 50), st.integers(0, 60)), max_size=4))
def test_the_clock_counts_the_days_one_by_one(days: int, stretches: list[tuple[int, int]]) -> None:
    taken: set[date] = set()
    pauses = []
    for start, length in stretches:
        first = DAY + timedelta(days=start)
        span = {first + timedelta(days=n) for n in range(length + 1)}
        if not span & taken:
            taken |= span
            pauses.append(Paused(first, first + timedelta(days=length)))
    late = {DAY - timedelta(days=n) for n in range(days)}
    assert days_on_the_clock(days, DAY, pauses) == len(late - taken)


@pytest.mark.parametrize(
    ("last", "every", "pay_days", "expected"),
    [
        (date(2026, 6, 1), 7, [], date(2026, 6, 8)),
        (date(2026, 6, 1), 7, [5, 10], date(2026, 6, 5)),
        (date(2026, 6, 5), 3, [5, 10], date(2026, 6, 8)),  # not on the day itself again
        (date(2026, 6, 27), 7, [5], date(2026, 7, 4)),
        (date(2026, 6, 29), 10, [5], date(2026, 7, 5)),
        (date(2026, 2, 20), 20, [30], date(2026, 2, 28)),  # the month's last day
        (date(2026, 12, 29), 9, [5], date(2027, 1, 5)),
    ],
)
def test_the_next_contact_comes_sooner_near_pay_days(
    last: date, every: int, pay_days: list[int], expected: date
) -> None:
    assert next_contact(last, every, pay_days) == expected


@pytest.mark.parametrize(
    ("paid", "day", "expected"),
    [
        ([], date(2026, 6, 10), "open"),
        ([], date(2026, 6, 11), "broken"),
        ([Paid(date(2026, 6, 10), Decimal(100))], date(2026, 6, 10), "kept"),
        ([Paid(date(2026, 6, 11), Decimal(100))], date(2026, 6, 11), "broken"),
        ([Paid(date(2026, 5, 31), Decimal(100))], date(2026, 6, 11), "broken"),  # before it was promised
        ([Paid(date(2026, 6, 2), Decimal(60)), Paid(date(2026, 6, 3), Decimal(40))], date(2026, 6, 3), "kept"),
        ([Paid(date(2026, 6, 2), Decimal("99.99"))], date(2026, 6, 10), "open"),
    ],
)
def test_a_promise_is_kept_by_its_day_to_the_cent(paid: list[Paid], day: date, expected: str) -> None:
    assert promise_state(date(2026, 6, 1), date(2026, 6, 10), Decimal(100), paid, day) == expected


def tries(numbers: int = 3, calls: int = 3, sms: int | None = 9, reached: bool = False) -> list[Try]:
    parts = ("morning", "afternoon", "evening")
    made = [
        Try(date(2026, 6, 1 + call), "call", f"no{n}", parts[call % 3], reached and n == call == 0)
        for n in range(numbers)
        for call in range(calls)
    ]
    return made + ([Try(date(2026, 6, sms), "sms", "no0", "morning", False)] if sms else [])


def missing(made: list[Try]) -> list[str]:
    return missing_before_lost(made, numbers=3, parts_of_day=3, calls=3)


def test_three_numbers_three_times_of_day_three_calls_then_a_message() -> None:
    assert missing(tries()) == []
    assert "1 more numbers" in missing(tries(numbers=2))[0]
    assert len([m for m in missing(tries(calls=2)) if "more calls" in m]) == 3
    assert any("text message" in m for m in missing(tries(sms=None)))
    assert any("text message" in m for m in missing(tries(sms=2))), "it comes after the last call"
    same = [Try(one.on, one.channel, one.number, "morning", False) for one in tries()]
    assert len([m for m in missing(same) if "parts of the day" in m]) == 3
    assert missing(tries(reached=True)), "who was reached is not lost: what was before counts no more"
    assert len(missing([])) == 2
    assert {part_of_day(h) for h in range(24)} == {"morning", "afternoon", "evening"}


def test_the_nine_causes_each_have_cases_and_measures() -> None:
    assert len(CAUSES) == 9
    assert all(cause.cases and cause.measures for cause in CAUSES.values())
