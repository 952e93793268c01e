"""Clocks on the wall at a place: windows of a day, and the instants at which a clock shows something."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Window = tuple[time, time]  # from, inclusive, until, exclusive; until 00:00 is until midnight
ONE_DAY = timedelta(days=1)


def within(clock: time, window: Window) -> bool:
    start, end = window
    return start <= clock and (clock < end or end == time(0))


def moments(day: date, clocks: Collection[time], zone: ZoneInfo) -> list[datetime]:
    """Every instant of a day at which its clock shows one of these times, and those at which it is put on."""
    begin, end = first_at(day, time(0), zone), first_at(day + ONE_DAY, time(0), zone)
    shown = [datetime.combine(day, clock, zone).replace(fold=fold) for clock in clocks for fold in (0, 1)]
    found = {begin, *(s.astimezone(UTC) for s in shown)}
    if begin.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
        found.add(_turn(begin, end, zone))
    return sorted(m for m in found if begin <= m < end)


def first_at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock shows this, or where it leaps over it, the instant of the leap."""
    before, after = (datetime.combine(day, clock, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if before.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, clock):
        return before
    return _turn(after, before, zone)


def _turn(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second between two instants from which on the clock runs by another offset."""
    old = before.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
