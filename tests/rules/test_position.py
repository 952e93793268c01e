"""Days past due against a slow, obvious count."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.rules.classification import Thresholds, by_days
from postloan.rules.position import Due, bucket, days_past_due

DAY = date(2026, 3, 31)
dues = st.lists(
    st.builds(
        Due,
        st.dates(date(2026, 1, 1), date(2026, 6, 30)),
        st.integers(1, 500).map(lambda cents: Decimal(cents) / 100),
    ),
    max_size=12,
)


@given(dues, st.integers(0, 4000).map(lambda cents: Decimal(cents) / 100))
def test_days_past_due_equal_a_cent_by_cent_count(schedule: list[Due], received: Decimal) -> None:
    cents = int(received * 100)
    oldest = None
    for due in sorted(schedule, key=lambda d: d.due_on):
        for _ in range(int(due.amount * 100)):
            if cents:
                cents -= 1
            elif oldest is None:
                oldest = due.due_on
    expected = 0
    day = oldest
    while day is not None and day < DAY:
        day += timedelta(days=1)
        expected += 1
    assert days_past_due(schedule, received, DAY) == expected


@pytest.mark.parametrize(
    ("days", "stage", "category"),
    [
        (0, "current", "normal"),
        (1, "M1", "special_mention"),
        (30, "M1", "special_mention"),
        (31, "M2", "special_mention"),
        (90, "M3", "special_mention"),
        (91, "M4", "substandard"),
        (270, "M7+", "substandard"),
        (271, "M7+", "doubtful"),
        (361, "M7+", "loss"),
    ],
)
def test_stage_and_class(days: int, stage: str, category: str) -> None:
    assert (bucket(days), by_days(days, Thresholds(0, 90, 270, 360))) == (stage, category)
