"""The days that a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from postloan.calendar import ONE_DAY, months_after
from postloan.errors import PostloanError


@dataclass(frozen=True)
class Period:
    """Days of the institution's calendar, both inclusive."""

    first: date
    last: date

    def start(self, zone: ZoneInfo) -> datetime:
        """The moment at which the first day begins."""
        return datetime.combine(self.first, time.min, zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """The moment at which the last day is over; no longer part of it."""
        return datetime.combine(self.last + ONE_DAY, time.min, zone)


@dataclass(frozen=True, order=True)
class Month:
    """A month of the calendar."""

    first: date

    @classmethod
    def of(cls, day: date) -> Month:
        """The month in which a day lies."""
        return cls(day.replace(day=1))

    @classmethod
    def parse(cls, text: str) -> Month:
        """A month written as 2026-03. Raises PostloanError."""
        try:
            found = cls(date.fromisoformat(f"{text.strip()}-01"))
        except ValueError:
            found = None
        # fromisoformat knows other ways to write a day, which are not ours.
        if found is None or str(found) != text.strip():
            raise PostloanError(f"{text!r} is not a month; write it as 2026-03")
        return found

    @property
    def last(self) -> date:
        return self.later(1).first - ONE_DAY

    @property
    def before(self) -> Month:
        return self.later(-1)

    def later(self, months: int) -> Month:
        """So many months later; earlier, if negative."""
        return Month(months_after(self.first, months))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def reported(text: str | None, today: date) -> Month:
    """The month that a report is asked for; the one before today's if none is named.

    Raises PostloanError for what is no month, or lies in the future.
    """
    if not text:
        return Month.of(today).before
    found = Month.parse(text)
    if found > Month.of(today):
        raise PostloanError(f"{found} lies in the future; the newest month to report on is {Month.of(today)}")
    return found


def finished(text: str | None, today: date) -> Month:
    """As `reported`, but only a month that is over: what is archived about it has to stay true."""
    found = reported(text, today)
    if found == Month.of(today):
        raise PostloanError(f"{found} is not over; its pack can be archived from {found.later(1).first} on")
    return found
