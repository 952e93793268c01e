"""How well duties were done (考核评价): counts, shares and a score (PER-1)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from postloan.calendar import Calendar

FOUR_PLACES = Decimal("0.0001")
ONE_PLACE = Decimal("0.1")


@dataclass(frozen=True)
class Tally:
    """What somebody, or everybody of a branch, did in a period; each thing counts in the period in which
    it happened, so that periods add up and a past one never changes.

    Attributes:
        on_time, late: steps answered, by the last day for the answer or after it.
        open: steps that wait at the end of the period; `open_late` of them past their last day.
        reports: reports handed in, each round of rework included.
        returned: reports that came back for rework, whenever they were handed in.
        refused: answers that were not taken, by a wrong signature or content.
        entries, entries_late: work-log entries, and those entered too late (REC-3).
        reviews, reviews_late: opinions on others' entries, and those given too late (REC-3).
    """

    on_time: int = 0
    late: int = 0
    open: int = 0
    open_late: int = 0
    reports: int = 0
    returned: int = 0
    refused: int = 0
    entries: int = 0
    entries_late: int = 0
    reviews: int = 0
    reviews_late: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def answered(self) -> int:
        """Steps answered, on time or late."""
        return self.on_time + self.late


@dataclass(frozen=True)
class Weights:
    """What the parts of a score weigh against each other; only their proportions matter."""

    timely: int
    quality: int
    log: int


def share(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """part / whole to four places, half up; None of nothing."""
    return (Decimal(part) / Decimal(whole)).quantize(FOUR_PLACES, ROUND_HALF_UP) if whole else None


def on_time_share(tally: Tally) -> Decimal | None:
    """PER-1: of the steps answered, those on time; None where none was."""
    return share(tally.on_time, tally.answered)


def score(tally: Tally, weights: Weights) -> Decimal | None:
    """PER-1: 0 to 100, to one place; None where there is nothing to judge.

    Timeliness counts what is open and late as missed. Quality is what was handed in and not returned.
    The log is entries and opinions in time. A part with nothing in it leaves its weight to the others.
    """
    due = tally.answered + tally.open_late
    logged = tally.entries + tally.reviews
    parts = [
        (weights.timely, tally.on_time, due),
        (weights.quality, max(tally.reports - tally.returned, 0), tally.reports),
        (weights.log, logged - tally.entries_late - tally.reviews_late, logged),
    ]
    judged = [(weight, Decimal(good) / all_of) for weight, good, all_of in parts if all_of and weight]
    if not judged:
        return None
    reached = sum((weight * part for weight, part in judged), Decimal(0))
    return (100 * reached / sum(weight for weight, _ in judged)).quantize(ONE_PLACE, ROUND_HALF_UP)


def too_late(done_on: date, after: date, working_days: int, calendar: Calendar) -> bool:
    """REC-3: whether something was done later than so many working days after a day (not counting it)."""
    return done_on > calendar.add_working_days(after, working_days)
