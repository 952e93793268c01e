"""Limitation periods (诉讼时效): from when a right runs, what interrupts it, and on which day it lapses (LIM-1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from postloan.calendar import months_after

# What begins a new period (Civil Code art. 195): a demand, the debtor's agreement, a payment, a suit.
INTERRUPTIONS = ("demand", "agreement", "payment", "suit")
REVIVING = ("agreement", "payment")


@dataclass(frozen=True)
class Act:
    """Something that happened on a day and interrupts a period."""

    kind: str
    happened_on: date


@dataclass(frozen=True)
class Period:
    """A period that runs: since which day and by what; `lapses_on` is the last day of the right, inclusive."""

    started_on: date
    cause: str
    lapses_on: date


def period(due_on: date, acts: Iterable[Act], years: int) -> Period:
    """LIM-1: the period that runs after all these acts, so many years from the latest day that counts.

    It begins when the right could be exercised: of a debt in instalments, when the last of them fell due
    (art. 188, 189). What happened before that day begins no period. Once it is over, no demand and no suit
    revives it, but the debtor's agreement or payment does (art. 192).
    """
    started_on, cause = due_on, "due"
    for act in sorted(acts, key=lambda a: a.happened_on):
        in_time = act.happened_on <= months_after(started_on, 12 * years)
        if act.happened_on > started_on and (in_time or act.kind in REVIVING):
            started_on, cause = act.happened_on, act.kind
    return Period(started_on, cause, months_after(started_on, 12 * years))
