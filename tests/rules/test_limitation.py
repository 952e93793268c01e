"""LIM-1, as a table that a credit department can read."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.book import tables
from postloan.rules.limitation import INTERRUPTIONS, Act, period

DUE = date(2023, 6, 30)


@pytest.mark.parametrize(
    ("acts", "since", "cause", "lapses_on"),
    [
        ([], "2023-06-30", "due", "2026-06-30"),
        ([("demand", "2024-05-10")], "2024-05-10", "demand", "2027-05-10"),
        ([("demand", "2024-05-10"), ("payment", "2025-01-02")], "2025-01-02", "payment", "2028-01-02"),
        ([("suit", "2025-01-02"), ("demand", "2024-05-10")], "2025-01-02", "suit", "2028-01-02"),
        ([("demand", "2023-06-01")], "2023-06-30", "due", "2026-06-30"),  # before it was due
        ([("demand", "2026-06-30")], "2026-06-30", "demand", "2029-06-30"),  # on the last day
        ([("demand", "2026-07-01")], "2023-06-30", "due", "2026-06-30"),  # a day too late
        ([("suit", "2027-07-01")], "2023-06-30", "due", "2026-06-30"),
        ([("payment", "2027-07-01")], "2027-07-01", "payment", "2030-07-01"),  # the debtor agrees to the debt
        ([("demand", "2026-07-01"), ("agreement", "2027-01-01")], "2027-01-01", "agreement", "2030-01-01"),
    ],
)
def test_the_period_that_runs(acts: list[tuple[str, str]], since: str, cause: str, lapses_on: str) -> None:
    found = period(DUE, [Act(kind, date.fromisoformat(day)) for kind, day in acts], 3)
    assert (str(found.started_on), found.cause, str(found.lapses_on)) == (since, cause, lapses_on)


def test_a_leap_day_lapses_on_the_last_of_february() -> None:
    assert period(date(2024, 2, 29), [], 3).lapses_on == date(2027, 2, 28)


@given(st.lists(st.tuples(st.sampled_from(INTERRUPTIONS), st.dates(date(2020, 1, 1), date(2040, 1, 1))), max_size=8))
def test_no_act_shortens_a_right(acts: list[tuple[str, date]]) -> None:
    found = period(DUE, [Act(*act) for act in acts], 3)
    assert found.lapses_on >= period(DUE, [], 3).lapses_on
    more = period(DUE, [*(Act(*act) for act in acts), Act("payment", found.lapses_on)], 3)
    assert more.lapses_on >= found.lapses_on


def test_the_book_keeps_the_acts_of_the_rule() -> None:
    assert tables.INTERRUPTIONS == INTERRUPTIONS
