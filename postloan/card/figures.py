"""What the card works out: which instalments are covered, how the balance went, how far collateral covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

from postloan.book.tables import Instalment, Loan, Position
from postloan.rules.allocation import Entry
from postloan.rules.position import ZERO

Point = tuple[date, Decimal]


def covered(
    schedule: Sequence[Instalment], paid: Mapping[str, Decimal] | None, day: date, *, settled: bool = False
) -> list[dict[str, Any]]:
    """What of each instalment is covered, by its number, and its state at the end of a day: paid, part, due or
    overdue; "unknown" where it is not known what was paid (None), "settled" where the loan is, whatever the
    receipts say."""
    found: list[dict[str, Any]] = []
    for one in sorted(schedule, key=lambda i: (i.due_on, i.number)):
        amount = one.principal_due + one.interest_due + one.fee_due
        if paid is None and not settled:
            found.append({"covered": None, "state": "unknown" if one.due_on < day else "due"})
            continue
        part = (paid or {}).get(str(one.number), ZERO)
        if part == amount:
            state = "paid"
        elif settled:
            state = "settled"
        elif one.due_on < day:
            state = "overdue"
        else:
            state = "part" if part else "due"
        found.append({"covered": part, "state": state})
    return found


def agreed(loan: Loan, schedule: Sequence[Instalment]) -> list[Point]:
    """The balance as agreed: on each day on which it is to change, what is to be left from then on. What no
    instalment speaks of is due at maturity."""
    left = loan.principal
    points = [(loan.disbursed_on, left)]
    for due in sorted(schedule, key=lambda i: (i.due_on, i.number)):
        left = max(left - due.principal_due, ZERO)
        points.append((due.due_on, left))
    return points if left == ZERO else [*points, (max(loan.matures_on, points[-1][0]), ZERO)]


def balances(
    loan: Loan, journal: Sequence[Entry], drawdowns: Sequence[Point], positions: Sequence[Position], day: date
) -> list[Point]:
    """The principal outstanding on each day up to `day` on which it changed: the core system's figures where
    it reports any, else what was drawn less what receipts paid.

    Args:
        drawdowns: (day, amount) of each, later ones too; none at all: all of it on the day of disbursement.
    """
    if positions:
        points = [(p.as_of, p.principal_outstanding) for p in sorted(positions, key=lambda p: p.as_of)]
    else:
        drawn = drawdowns or [(loan.disbursed_on, loan.principal)]
        paid = [(entry.on, entry.paid) for entry in journal if entry.part == "principal"]
        days = sorted({on for on, _ in (*drawn, *paid)})
        points = [(on, max(_by(drawn, on) - _by(paid, on), ZERO)) for on in days]
    settled_on = loan.settled_on
    if settled_on is not None and settled_on <= day:
        points = [(on, left) for on, left in points if on < settled_on] + [(settled_on, ZERO)]
    return _changes([point for point in points if point[0] <= day])


def _by(amounts: Sequence[Point], day: date) -> Decimal:
    return sum((amount for on, amount in amounts if on <= day), ZERO)


def _changes(points: Sequence[Point]) -> list[Point]:
    return [point for n, point in enumerate(points) if n == 0 or point[1] != points[n - 1][1]]


def cover(values: Sequence[Decimal], outstanding: Decimal) -> dict[str, Any]:
    """SIG-2: the worth of the collateral, and as a share of what is outstanding, cut to two places; an item
    that secures several loans counts in full for each."""
    worth = sum(values, ZERO)
    ratio = (worth / outstanding).quantize(Decimal("0.01"), ROUND_DOWN) if values and outstanding else None
    return {"collateral_value": worth, "ratio": ratio}
