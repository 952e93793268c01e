"""When people are reminded of a task, and when somebody above them is told (INS-10)."""

from __future__ import annotations

from datetime import date


def reminder_number(today: date, due_on: date, *, days_before: int, every_days: int) -> int | None:
    """Which reminder of a task is due by `today`; None while there is none.

    Number 0 comes `days_before` calendar days ahead of the due date; 1 on the first day that the
    task is late, 2 `every_days` later, and so on. A round that missed days gives the newest only.
    """
    late = (today - due_on).days
    if late <= 0:
        return 0 if -late <= days_before else None
    return (late - 1) // every_days + 1


def escalation_level(today: date, due_on: date, *, after_days: int) -> int:
    """How many levels up a late task is told by `today`: one more every `after_days` calendar days."""
    return max((today - due_on).days, 0) // after_days


def superior(role: str, level: int, chain: dict[str, str]) -> str | None:
    """The role `level` steps above `role` in the policy's chain, or the last one that there is;
    None where the chain does not know the role."""
    above = None
    for _ in range(level):
        if role not in chain:
            break
        above = role = chain[role]
    return above
