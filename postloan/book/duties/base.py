"""What every SELECT of duties looks at, and the columns that it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Integer,
    Select,
    String,
    Subquery,
    case,
    cast,
    exists,
    literal,
    null,
    or_,
    select,
    union_all,
)

from postloan.book import tables as t
from postloan.book.sql import on
from postloan.calendar import ONE_DAY, months_after
from postloan.policy import Policy

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
BORROWER = t.Borrower.__table__.c  # type: ignore[attr-defined]
SIGNAL = t.Signal.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Duty:
    """Something that has to be done by a day about a loan; about a branch or partner if `loan_no` is ""."""

    loan_no: str
    kind: str
    due_on: date
    rule: str
    branch_no: str = ""


@dataclass(frozen=True)
class Span:
    """What a SELECT is to look at.

    Attributes:
        policy: in force on the anchor days from `first` to `last`, both inclusive.
        due_from, due_to: no duty due outside of these days is asked for.
        as_of: the day of a round, whose facts count; None for a forecast, where each duty is
            judged by what is known of the day on which it opens.
        known: the last day of which anything is known; what is paid by then is paid, and what falls
            due later is taken to be paid when it falls due.
    """

    policy: Policy
    first: date
    last: date
    due_from: date
    due_to: date
    known: date
    as_of: date | None = None

    def known_on(self, opens_on: Any, due_on: Any = None) -> Any:
        """The day whose facts count for a duty that opens on a day and is due on another.

        For a round its own; for a forecast the latest day of which anything is known, as long as the
        duty can still open, so that both say the same of what opens next.
        """
        if self.as_of is not None:
            return on(self.as_of)
        if due_on is None:
            return opens_on
        return case((opens_on > self.known, opens_on), (due_on < self.known, due_on), else_=on(self.known))


DutySelect = Callable[[Span], Select | CompoundSelect]
NO_LOAN = cast(null(), String())


def duty(
    kind: str,
    subject: Any,
    rule: Any,
    anchor_on: Any,
    due_on: Any,
    opens_on: Any,
    loan_no: Any = None,
    branch_no: Any = None,
) -> Select:
    """The columns that every SELECT of duties gives. `subject` makes a duty one of its kind. Without a
    `branch_no` it is for the people of the loan's branch; `loan_no` may be `NO_LOAN`."""
    return select(
        (LOAN.loan_no if loan_no is None else loan_no).label("loan_no"),
        (NO_LOAN if branch_no is None else branch_no).label("branch_no"),
        literal(kind).label("kind"),
        subject.label("subject"),
        rule.label("rule"),
        anchor_on.label("anchor_on"),
        due_on.label("due_on"),
        opens_on.label("opens_on"),
    )


@dataclass(frozen=True)
class Anchor:
    """A day from which something counts for many at once, with its own opening and due day."""

    day: date
    opens_on: date
    due_on: date


def anchors(found: list[Anchor]) -> Subquery:
    """(day, opens_on, due_on) as a table, from at least one anchor."""
    rows = (
        select(on(a.day).label("day"), on(a.opens_on).label("opens_on"), on(a.due_on).label("due_on")) for a in found
    )
    return union_all(*rows).subquery("anchors")


def month_ends(span: Span, lead_days: int) -> list[date]:
    """The last days of months within the span whose duty, at most so many days later, is asked for. A round
    looks at days that are over only: what the core system says of a day comes after it."""
    lead = timedelta(days=lead_days)
    first = max(span.first, span.due_from - lead if span.due_from - date.min > lead else date.min)
    over = span.as_of - ONE_DAY if span.as_of else span.last
    last = min(span.last, span.due_to, over, date(9998, 12, 31))
    found, day = [], first.replace(day=1)
    while day <= last:
        end = months_after(day, 1) - timedelta(days=1)
        if first <= end <= last:
            found.append(end)
        day = end + timedelta(days=1)
    return found


def running(span: Span, opens_on: Any, settled: Any) -> Any:
    """The loan is not settled when the duty opens, or on the day of the round."""
    return or_(settled.c.settled_on.is_(None), settled.c.settled_on > span.known_on(opens_on))


def nothing(kind: str) -> Select:
    day = on(date.min)
    return duty(kind, literal(""), literal(""), day, day, day).where(literal(False))


def numbers(first: date, last: date) -> Any:
    """The numbers of the months from that of `first` to that of `last`, from 0. Without a name: several
    stretches of the policy stand in one statement."""
    count = max((last.year - first.year) * 12 + last.month - first.month, 0)
    start = select(literal(0, Integer()).label("number")).cte(recursive=True)
    return start.union_all(select(start.c.number + 1).where(start.c.number < count))


def padded(number: Any) -> Any:
    """At least two digits, so that case numbers sort."""
    text = cast(number, String())
    return case((number < 10, literal("0") + text), else_=text)


def open_signal(known: Any) -> Any:
    """The loan or its borrower has a warning signal that is open on a day."""
    return exists().where(
        or_(SIGNAL.loan_no == LOAN.loan_no, SIGNAL.borrower_no == LOAN.borrower_no),
        SIGNAL.seen_on <= known,
        or_(SIGNAL.cleared_on.is_(None), SIGNAL.cleared_on > known),
    )
