"""Working days: the official ones, what is unknown, and the arithmetic on them."""

from __future__ import annotations

import warnings
from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.calendar import Calendar, UnknownYear
from postloan.errors import CalendarError

CHINA = Calendar("CN")


def test_two_independent_libraries_agree_on_every_day_but_one() -> None:
    day, differing = date(2004, 1, 1), []
    while day <= date(2026, 12, 31):
        if chinese_calendar.is_workday(day) != CHINA.is_working(day):
            differing.append(day)
        day += timedelta(days=1)
    # New Year 2006: the one day on which the two read the notice differently.
    assert differing == [date(2005, 12, 31)]


@pytest.mark.parametrize(
    ("day", "working", "why"),
    [
        ("2026-02-14", True, "weekend worked in exchange"),
        ("2026-02-17", False, "Chinese New Year"),
        ("2026-03-07", False, "weekend"),
        ("2026-03-09", True, "working day"),
    ],
)
def test_each_day_says_why(day: str, working: bool, why: str) -> None:
    found = CHINA.day(date.fromisoformat(day))
    assert found.working is working
    assert why in found.why


def test_an_unpublished_year_is_warned_about_once_or_refused() -> None:
    with pytest.warns(UnknownYear, match="2030"):
        quiet = Calendar("CN")
        assert not quiet.is_working(date(2030, 10, 1)), "statutory holidays still count"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet.is_working(date(2030, 10, 8))
    with pytest.raises(CalendarError, match=r"2030.*extra_holidays"):
        Calendar("CN", unknown_years="refuse").is_working(date(2030, 10, 1))


def test_the_institutions_own_days_and_other_countries() -> None:
    own = Calendar("CN", extra_holidays=[date(2026, 3, 9)], extra_workdays=[date(2026, 3, 8)])
    assert not own.is_working(date(2026, 3, 9))
    assert own.is_working(date(2026, 3, 8))
    assert not Calendar("US").is_working(date(2026, 7, 3))
    with pytest.raises(CalendarError, match="'ZZ'"):
        Calendar("ZZ")


@given(st.dates(date(2004, 1, 1), date(2026, 9, 30)), st.integers(1, 40))
def test_what_is_due_on_a_day_off_is_in_time_while_only_days_off_have_passed(start: date, count: int) -> None:
    late_from = CHINA.add_working_days(start, 0) + timedelta(days=1)
    day = start + timedelta(days=count)
    assert (count > CHINA.days_off_before(day)) == (day >= late_from)


@given(st.dates(date(2004, 1, 1), date(2026, 9, 30)), st.integers(1, 40))
def test_adding_working_days_is_monotone_and_exact(start: date, count: int) -> None:
    end = CHINA.add_working_days(start, count)
    assert CHINA.is_working(end)
    assert CHINA.working_days_between(start, end) == count
    assert CHINA.add_working_days(start, count) <= CHINA.add_working_days(start + timedelta(days=1), count)
