"""What the card works out: which instalments are covered, how the balance went, how far collateral covers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

from postloan.book.tables import AccountEntry, Instalment, Loan, Position, Repayment
from postloan.rules import position
from postloan.rules.position import ZERO, Due

Point = tuple[date, Decimal]


def received(repayments: Sequence[Repayment], day: date) -> Decimal:
    """What was received by the end of a day, receipts that were reversed by then left out."""
    by_then = [r for r in repayments if r.paid_on <= day]
    undone = {r.reverses for r in by_then if r.reverses}
    return sum((r.amount for r in by_then if r.reverses is None and r.receipt_no not in undone), ZERO)


def covered(
    schedule: Sequence[Instalment],
    got: Decimal | None,
    day: date,
    *,
    settled: bool = False,
    journal: Sequence[AccountEntry] = (),
) -> list[dict[str, Any]]:
    """What of each instalment is covered, oldest first or as the journal says, and its state at the end of a
    day: paid, part, due or overdue; "unknown" where the receipts are not known (None), "settled" where the loan
    is, whatever they say."""
    if journal and got is not None:
        paid = {(e.claim): ZERO for e in journal}
        for e in journal:
            if e.entered_on <= day and e.part != "penalty":
                paid[e.claim] += e.paid
    found: list[dict[str, Any]] = []
    for one in sorted(schedule, key=lambda i: (i.due_on, i.number)):
        amount = one.principal_due + one.interest_due + one.fee_due
        if got is None and not settled:
            found.append({"covered": None, "state": "unknown" if one.due_on < day else "due"})
            continue
        if journal and got is not None:
            part = paid.get(str(one.number), ZERO)
        else:
            part = min(got or ZERO, amount)
            got = (got or ZERO) - part
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
    loan: Loan,
    schedule: Sequence[Instalment],
    repayments: Sequence[Repayment],
    drawdowns: Sequence[Point],
    positions: Sequence[Position],
    day: date,
    journal: Sequence[AccountEntry] = (),
) -> list[Point]:
    """The principal outstanding on each day up to `day` on which it changed: the core system's figures where
    it reports any, else by schedule, as `loans.standing` has it.

    Args:
        drawdowns: (day, amount) of each, later ones too; none at all: all of it on the day of disbursement.
    """
    if positions:
        points = [(p.as_of, p.principal_outstanding) for p in sorted(positions, key=lambda p: p.as_of)]
    else:
        drawn = drawdowns or [(loan.disbursed_on, loan.principal)]
        days = sorted({on for on, _ in drawn} | {r.paid_on for r in repayments} | {e.entered_on for e in journal})
        lent = sum((amount for _, amount in drawn), ZERO)
        points = []
        for on in days:
            paid = _repaid(loan, schedule, repayments, lent, journal, on)
            points.append((on, max(sum((amount for drawn_on, amount in drawn if drawn_on <= on), ZERO) - paid, ZERO)))
    settled_on = loan.settled_on
    if settled_on is not None and settled_on <= day:
        points = [(on, left) for on, left in points if on < settled_on] + [(settled_on, ZERO)]
    return _changes([point for point in points if point[0] <= day])


def _repaid(
    loan: Loan,
    schedule: Sequence[Instalment],
    repayments: Sequence[Repayment],
    lent: Decimal,
    journal: Sequence[AccountEntry],
    day: date,
) -> Decimal:
    """The principal repaid by the end of a day."""
    if journal:
        return sum((e.paid for e in journal if e.part == "principal" and e.entered_on <= day), ZERO)
    dues = [
        Due(i.due_on, i.principal_due + i.interest_due + i.fee_due, i.principal_due)
        for i in sorted(schedule, key=lambda i: (i.due_on, i.number))
    ]
    rest = max(lent - sum((due.principal for due in dues), ZERO), ZERO)
    parts = position.covered([*dues, Due(loan.matures_on, rest, rest)], received(repayments, day))
    return sum((principal for _, principal in parts), ZERO)


def _changes(points: Sequence[Point]) -> list[Point]:
    return [point for n, point in enumerate(points) if n == 0 or point[1] != points[n - 1][1]]


def cover(values: Sequence[Decimal], outstanding: Decimal) -> dict[str, Any]:
    """SIG-2: the worth of the collateral, and as a share of what is outstanding, cut to two places; an item
    that secures several loans counts in full for each."""
    worth = sum(values, ZERO)
    ratio = (worth / outstanding).quantize(Decimal("0.01"), ROUND_DOWN) if values and outstanding else None
    return {"collateral_value": worth, "ratio": ratio}
