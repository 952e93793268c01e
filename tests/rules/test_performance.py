"""PER-1, REC-3: tables that a head of department can read and extend."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.calendar import Calendar
from postloan.rules.performance import Tally, Weights, on_time_share, score, share, too_late

CHINA = Calendar("CN")
WEIGHTS = Weights(timely=60, quality=25, log=15)


@pytest.mark.parametrize(
    ("tally", "expected", "why"),
    [
        (Tally(), None, "nothing to judge"),
        (Tally(on_time=8), "100.0", "only steps: they have all the weight"),
        (Tally(on_time=8, late=2), "80.0", "eight of ten"),
        (Tally(on_time=8, open_late=2), "80.0", "what is open and late counts as missed"),
        (Tally(on_time=8, open=5), "100.0", "what is open and not late does not count"),
        (Tally(open_late=1), "0.0", "nothing done, something late"),
        (Tally(on_time=10, reports=4, returned=1), "92.6", "(60·1 + 25·0.75) / 85"),
        (Tally(reports=1, returned=2), "0.0", "more came back than were handed in: never below nothing"),
        (Tally(returned=2), None, "nothing handed in: nothing to judge its quality by"),
        (Tally(on_time=1, refused=9), "100.0", "a wrong code is no wrong work"),
        (Tally(entries=4, entries_late=1), "75.0", "only the log"),
        (Tally(entries=2, reviews=2, entries_late=1, reviews_late=1), "50.0", "entries and opinions alike"),
        (Tally(on_time=9, late=1, reports=4, entries=2, entries_late=2), "79.0", "60·0.9 + 25 + 0"),
    ],
)
def test_the_score(tally: Tally, expected: str | None, why: str) -> None:
    assert score(tally, WEIGHTS) == (None if expected is None else Decimal(expected)), why


def test_a_part_without_weight_is_not_judged() -> None:
    tally = Tally(on_time=1, reports=1, returned=1, entries=1, entries_late=1)
    assert score(tally, Weights(timely=1, quality=0, log=0)) == Decimal("100.0")
    assert score(Tally(reports=1), Weights(timely=1, quality=0, log=0)) is None


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(1, 3, "0.3333"), (2, 3, "0.6667"), (1, 2, "0.5000"), (0, 5, "0.0000"), (1, 0, None), (0, 0, None)],
)
def test_a_share_has_four_places_and_there_is_none_of_nothing(part: int, whole: int, expected: str | None) -> None:
    found = share(part, whole)
    assert (found if found is None else str(found)) == expected


@pytest.mark.parametrize(
    ("acted", "entered", "late", "why"),
    [
        ("2026-03-02", "2026-03-04", False, "Monday: until Wednesday"),
        ("2026-03-02", "2026-03-05", True, "Thursday is too late"),
        ("2026-03-05", "2026-03-09", False, "Thursday: until Monday, over the weekend"),
        ("2026-09-30", "2026-10-09", False, "before the National Day: 8 and 9 October"),
        ("2026-02-13", "2026-02-24", False, "before the Spring Festival: 14 Feb is worked, then 24 Feb"),
        ("2026-02-13", "2026-02-25", True, "a day after that"),
    ],
)
def test_an_entry_is_due_two_working_days_after_what_was_done(acted: str, entered: str, late: bool, why: str) -> None:
    assert too_late(date.fromisoformat(entered), date.fromisoformat(acted), 2, CHINA) is late, why


counts = st.integers(0, 50)
tallies = st.builds(Tally, *(counts for _ in range(11)))


@given(st.lists(tallies, max_size=6))
def test_tallies_add_up_and_the_share_is_that_of_the_sum(found: list[Tally]) -> None:
    total = sum(found, Tally())
    assert total.answered == sum(t.on_time + t.late for t in found)
    assert total.returned == sum(t.returned for t in found)
    assert on_time_share(total) == share(sum(t.on_time for t in found), total.answered)


@given(tallies)
def test_a_score_lies_between_nothing_and_a_hundred(tally: Tally) -> None:
    from dataclasses import replace

    sound = replace(
        tally,
        entries_late=min(tally.entries_late, tally.entries),
        reviews_late=min(tally.reviews_late, tally.reviews),
    )
    found = score(sound, WEIGHTS)
    assert found is None or 0 <= found <= 100
    better = score(replace(sound, on_time=sound.on_time + 1), WEIGHTS)
    if sound.answered or sound.open_late:  # otherwise a part is judged that was not before
        assert found is not None and better is not None and better >= found
