"""Where a loan stands: what is unpaid, since when, and the stage that follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Due:
    """An instalment: all of it is due at the end of `due_on`, in the loan's currency; of it, `principal`."""

    due_on: date
    amount: Decimal
    principal: Decimal = ZERO


def days_past_due(instalments: Iterable[Due], received: Decimal, as_of: date) -> int:
    """Calendar days since the oldest instalment that the receipts do not cover fell due.

    Receipts cover instalments oldest first. An instalment is past due from the day after its due
    date: due on the 1st and unpaid on the 2nd is one day.

    Args:
        instalments: the whole schedule, in any order.
        received: all receipts up to and including `as_of`, in the loan's currency.
    """
    for due in sorted(instalments, key=lambda d: d.due_on):
        if due.due_on >= as_of:
            break
        received -= due.amount
        if received < 0:
            return (as_of - due.due_on).days
    return 0


def covered(instalments: Iterable[Due], received: Decimal) -> list[tuple[Decimal, Decimal]]:
    """What of each instalment is paid, and of its principal, where receipts cover them in the given order, and
    of each one interest and fees before principal (PAY-1)."""
    found = []
    for due in instalments:
        paid = min(received, due.amount)
        received -= paid
        found.append((paid, max(paid - (due.amount - due.principal), ZERO)))
    return found


def bucket(days: int) -> str:
    """The months-past-due bucket: "current", "M1" for 1 to 30 days, "M2" for 31 to 60, …, "M7+"."""
    if days <= 0:
        return "current"
    month = (days + 29) // 30
    return f"M{month}" if month < 7 else "M7+"
