"""PAY-2: the schedule that follows from a repayment method: when what is to be paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from postloan.calendar import months_after
from postloan.rules.interest import cents, interest, year_fraction

ZERO = Decimal("0.00")
PLANNED_METHODS = ("bullet", "equal_instalment", "equal_principal", "interest_only")


@dataclass(frozen=True)
class Planned:
    """An instalment as planned: all of it is due at the end of `due_on`, in the loan's currency."""

    number: int
    due_on: date
    principal: Decimal
    interest: Decimal


def due_dates(first: date, last: date, months: int) -> list[date]:
    """Every `months` months after `first` and before `last`, and then `last` itself.

    Counted from `first` each time, so that a loan of the 31st keeps to the ends of the months.
    `first` itself is not among them.

    Raises ValueError if `months` is below 1 or `last` is not after `first`.
    """
    if months < 1:
        raise ValueError(f"instalments must be at least one month apart, not {months}")
    if last <= first:
        raise ValueError(f"the last due date {last} must be after {first}")
    found: list[date] = []
    while (due_on := months_after(first, months * (len(found) + 1))) < last:
        found.append(due_on)
    return [*found, last]


def plan(
    principal: Decimal,
    annual_rate: Decimal,
    first: date,
    dates: Sequence[date],
    method: str,
    day_count: str,
    *,
    first_number: int = 1,
) -> list[Planned]:
    """PAY-2: the instalments that repay `principal` on `dates`, with interest on what is still outstanding.

    The interest of each period is rounded half up to the cent, the last instalment takes what rounding
    left, and the principal sums to `principal` exactly. Methods: "bullet" (one instalment on the last
    date, with interest for the whole time), "interest_only" (principal on the last date),
    "equal_principal" and "equal_instalment" (the one payment that brings the balance to zero with the
    actual lengths of the periods, to the cent).

    Args:
        annual_rate: percent per year.
        first: the day from which interest runs (counted; each due date ends its period uncounted).
        dates: the due dates, rising, the first one after `first`.
        first_number: number of the first instalment.

    Raises ValueError for another method ("custom" schedules are entered, not planned), without dates,
    for dates that do not rise, and for a principal that is not positive.
    """
    _check(principal, first, dates, method)
    if method == "bullet":
        dates = dates[-1:]
    periods = list(pairwise([first, *dates]))
    level = _level(principal, annual_rate, periods, method, day_count)
    planned: list[Planned] = []
    balance = principal
    for number, (start, due_on) in enumerate(periods, first_number):
        accrued = interest(balance, annual_rate, start, due_on, day_count)
        part = level - accrued if method == "equal_instalment" else level
        # Only with loans of a few cents can a rounded payment fall short of the interest or exceed the balance.
        repaid = balance if due_on == dates[-1] else min(max(part, ZERO), balance)
        planned.append(Planned(number, due_on, repaid, accrued))
        balance -= repaid
    return planned


def _check(principal: Decimal, first: date, dates: Sequence[date], method: str) -> None:
    if method == "custom":
        raise ValueError("a custom schedule is entered as agreed, it cannot be planned")
    if method not in PLANNED_METHODS:
        raise ValueError(f"repayment method {method!r} is not known; use one of {', '.join(PLANNED_METHODS)}")
    if principal <= 0:
        raise ValueError(f"the principal must be positive, not {principal}")
    if not dates:
        raise ValueError("a schedule needs at least one due date")
    for earlier, later in pairwise([first, *dates]):
        if later <= earlier:
            raise ValueError(f"the due dates must rise: {later} does not come after {earlier}")


def _level(
    principal: Decimal, annual_rate: Decimal, periods: list[tuple[date, date]], method: str, day_count: str
) -> Decimal:
    """What stays equal over the periods: the payment, the principal, or no principal at all."""
    if method == "equal_principal":
        return cents(Fraction(principal) / len(periods))
    if method != "equal_instalment":
        return ZERO
    grown, paid = Fraction(1), Fraction(0)  # what 1 lent, and 1 paid at the end of each period, come to
    for start, end in periods:
        factor = 1 + Fraction(annual_rate) / 100 * year_fraction(start, end, day_count)
        grown, paid = grown * factor, paid * factor + 1
    return cents(Fraction(principal) * grown / paid)
