"""Working days: official holidays and the weekends that are worked in exchange for them.

The days come from the `holidays` library, which for China knows the yearly notice of the State
Council. That notice appears late in the year before; what is done about a year without one is
the policy's `calendar.unknown_years`: "statutory" (statutory holidays only, and a warning) or
"refuse".
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import holidays
from dateutil.relativedelta import relativedelta

from postloan.errors import CalendarError

ONE_DAY = timedelta(days=1)


class UnknownYear(UserWarning):
    """The official arrangement of holidays of a year is not known yet."""


@dataclass(frozen=True)
class Day:
    """One day of the calendar: whether it is worked, and why (not)."""

    date: date
    working: bool
    why: str


class Calendar:
    """The working days of one country, with the institution's own corrections.

    Args:
        country: ISO 3166-1 code that the `holidays` library knows, for example "CN" or "US".
        unknown_years: "statutory" or "refuse", for years without an official arrangement.
        extra_holidays: days off beyond the library's.
        extra_workdays: days worked although the library or the week says otherwise.
    """

    def __init__(
        self,
        country: str = "CN",
        *,
        unknown_years: str = "statutory",
        extra_holidays: Iterable[date] = (),
        extra_workdays: Iterable[date] = (),
    ) -> None:
        try:
            self._days = holidays.country_holidays(country)
        except NotImplementedError:
            raise CalendarError(
                f"calendar.country is {country!r}, which the holidays library does not know; "
                "use an ISO code such as CN, US or DE"
            ) from None
        self.country = country
        self._unknown_years = unknown_years
        self._extra_holidays = frozenset(extra_holidays)
        self._extra_workdays = frozenset(extra_workdays)
        self._supplied = {d.year for d in self._extra_holidays | self._extra_workdays}
        # Countries whose days follow from rules alone have no such table: every year is known.
        announced = getattr(self._days, "special_public_holidays", {}) if country == "CN" else {}
        self.known_years = (min(announced), max(announced)) if announced else None
        self._warned: set[int] = set()

    def day(self, day: date) -> Day:
        """Whether `day` is worked, and why. Raises CalendarError in a year that is refused."""
        self._check_year(day.year)
        if day in self._extra_workdays:
            return Day(day, True, "worked by the institution's policy")
        if day in self._extra_holidays:
            return Day(day, False, "holiday of the institution's policy")
        # The library writes the day that was exchanged the American way.
        name = re.sub(r"(\d\d)/(\d\d)/(\d{4})", r"\3-\1-\2", self._days.get(day) or "")
        if self._days.is_working_day(day):
            weekend_worked = self._days._is_weekend(day)
            return Day(day, True, "weekend worked in exchange" if weekend_worked else "working day")
        return Day(day, False, name or "weekend")

    def is_working(self, day: date) -> bool:
        """Whether `day` is a working day."""
        return self.day(day).working

    def days(self, first: date, last: date) -> Iterator[Day]:
        """Every day from `first` to `last`, both inclusive."""
        while first <= last:
            yield self.day(first)
            first += ONE_DAY

    def add_working_days(self, start: date, count: int) -> date:
        """The `count`-th working day after `start` (not counting `start` itself).

        With a count of 0, `start` if it is worked, else the next working day.
        """
        day = start
        if count == 0:
            while not self.is_working(day):
                day += ONE_DAY
            return day
        while count:
            day += ONE_DAY
            count -= self.is_working(day)
        return day

    def days_off_before(self, day: date) -> int:
        """How many days in a row up to the day before `day` are days off; 0 where that one is worked."""
        count = 0
        while not self.is_working(day - (count + 1) * ONE_DAY):
            count += 1
        return count

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after `start` up to and including `end`; 0 if end ≤ start."""
        return sum(day.working for day in self.days(start + ONE_DAY, end))

    def _check_year(self, year: int) -> None:
        if self.known_years is None or year in self._supplied:
            return
        first, last = self.known_years
        if first <= year <= last or year in self._warned:
            return
        message = f"the official holidays of {self.country} for {year} are not known (known: {first} to {last})"
        if self._unknown_years == "refuse":
            raise CalendarError(
                f"{message}; upgrade the holidays package, or list them in policy.toml under "
                "calendar.extra_holidays and calendar.extra_workdays"
            )
        self._warned.add(year)
        warnings.warn(f"{message}; counting statutory holidays and plain weekends", UnknownYear, stacklevel=3)


def months_after(start: date, months: int) -> date:
    """The same day of the month so many months later, or the last day of a shorter month.

    Raises ValueError beyond the years that a date can have.
    """
    return start + relativedelta(months=months)
