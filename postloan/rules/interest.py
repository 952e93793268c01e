"""PAY-2: interest by day count, exact inside and rounded half up to the cent at the end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

DAY_COUNTS = ("actual/360", "actual/365", "30/360")
HALF = Fraction(1, 2)


def cents(amount: Fraction | Decimal) -> Decimal:
    """The amount with two places, rounded half up (half a cent away from zero)."""
    hundredths = Fraction(amount) * 100
    whole = int(abs(hundredths) + HALF)
    return Decimal(whole if hundredths >= 0 else -whole).scaleb(-2)


def year_fraction(first: date, last: date, day_count: str) -> Fraction:
    """PAY-2: the part of a year from `first` to `last`; the first day counts, the last does not.

    Args:
        day_count: one of DAY_COUNTS; "30/360" is the bond basis of the 2006 ISDA Definitions,
            section 4.16 (f), "actual/365" always divides by 365.

    Raises ValueError for another day count, and if `last` is before `first`.
    """
    if last < first:
        raise ValueError(f"the last day {last} is before the first day {first}")
    if day_count == "30/360":
        return Fraction(_days_30_360(first, last), 360)
    if day_count not in DAY_COUNTS:
        raise ValueError(f"day count {day_count!r} is not known; use one of {', '.join(DAY_COUNTS)}")
    return Fraction((last - first).days, int(day_count.removeprefix("actual/")))


def _days_30_360(first: date, last: date) -> int:
    first_day = min(first.day, 30)
    last_day = 30 if last.day == 31 and first_day == 30 else last.day
    return 360 * (last.year - first.year) + 30 * (last.month - first.month) + last_day - first_day


def interest(principal: Decimal, annual_rate: Decimal, first: date, last: date, day_count: str) -> Decimal:
    """PAY-2: simple interest on `principal` from `first` (counted) to `last` (not counted), to the cent.

    Args:
        annual_rate: percent per year.

    Raises ValueError as `year_fraction` does.
    """
    return cents(Fraction(principal) * Fraction(annual_rate) / 100 * year_fraction(first, last, day_count))
