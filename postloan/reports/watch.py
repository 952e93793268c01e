"""What is watched at a month's end: signals, groups, plans, suspensions, findings (SIG-1 to SIG-3, SUP-1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import and_, exists, func, or_, select
from sqlmodel import Session

from postloan.book import groups, supervision, suspensions
from postloan.book import tables as t
from postloan.book.sql import days_between, how_many, month_index, on
from postloan.policy import Policy
from postloan.reports.period import Month, Period

SIGNAL = t.Signal.__table__.c  # type: ignore[attr-defined]
PLAN = t.RiskPlan.__table__.c  # type: ignore[attr-defined]
BORROWER = t.Borrower.__table__.c  # type: ignore[attr-defined]
BRANCH = t.Branch.__table__.c  # type: ignore[attr-defined]
PARTNER = t.Partner.__table__.c  # type: ignore[attr-defined]
TREND_MONTHS = 12


@dataclass(frozen=True)
class SignalCount:
    """The warning signals of a kind (SIG-1).

    Attributes:
        before: open at the end of the month before; `open` at the end of this one.
        days_30, days_60, days_90, older: of those open, seen up to 30, 31 to 60, 61 to 90, more days ago.
        overdue: of those open, past the day by which a signal is to be cleared.
    """

    kind: str
    before: int
    raised: int
    cleared: int
    open: int
    days_30: int
    days_60: int
    days_90: int
    older: int
    overdue: int


@dataclass(frozen=True)
class Flow:
    """How many signals were raised and cleared in a month (written 2026-03)."""

    month: str
    raised: int
    cleared: int


@dataclass(frozen=True)
class Group:
    """A group with open signals, as one exposure in one currency (SIG-3)."""

    group_no: str
    members: int
    circle: int
    currency: str
    loans: int
    outstanding: Decimal
    overdue: Decimal
    days_past_due: int
    open_signals: int


@dataclass(frozen=True)
class Plan:
    """A plan for a potential-risk customer that is in force (SIG-3); `days` since it was made."""

    borrower_no: str
    borrower: str
    loan_no: str
    made_on: date
    days: int


@dataclass(frozen=True)
class Stop:
    """A suspension in force (停牌): of a branch, or of a partner."""

    case_no: str
    kind: str
    number: str
    name: str
    suspended_on: date
    days: int


@dataclass(frozen=True)
class OpenFinding:
    """What head office found and a branch has not rectified yet (SUP-1); `days_late` past its day, or 0."""

    finding_no: str
    branch_no: str
    loan_no: str
    content: str
    found_on: date
    due_on: date
    days_late: int


def signals(session: Session, policy: Policy, period: Period) -> list[SignalCount]:
    """SIG-1: the signals raised, cleared and open, by kind; those with the most open first."""
    first, last = period.first, period.last
    seen, cleared = SIGNAL.seen_on, SIGNAL.cleared_on
    still = and_(seen <= last, or_(cleared.is_(None), cleared > last))
    age = days_between(seen, on(last))
    query = select(
        SIGNAL.kind,
        how_many(and_(seen < first, or_(cleared.is_(None), cleared >= first))).label("before"),
        how_many(seen.between(first, last)).label("raised"),
        how_many(cleared.between(first, last)).label("cleared"),
        how_many(still).label("open"),
        how_many(and_(still, age <= 30)).label("days_30"),
        how_many(and_(still, age > 30, age <= 60)).label("days_60"),
        how_many(and_(still, age > 60, age <= 90)).label("days_90"),
        how_many(and_(still, age > 90)).label("older"),
        how_many(and_(still, seen < last - timedelta(days=policy.signals.clear_days))).label("overdue"),
    ).group_by(SIGNAL.kind)
    found = [SignalCount(**row) for row in session.execute(query.where(seen <= last)).mappings()]
    told = [count for count in found if count.before or count.raised or count.cleared or count.open]
    return sorted(told, key=lambda count: (-count.open, -count.raised, count.kind))


def trend(session: Session, month: Month, last: date) -> list[Flow]:
    """How many signals were raised and cleared in each of the twelve months that end with this one."""
    months = [month.later(-back) for back in reversed(range(TREND_MONTHS))]
    raised, cleared = (
        dict(
            session.execute(
                select(month_index(day), func.count())
                .where(day.between(months[0].first, last))
                .group_by(month_index(day))
            )
            .tuples()
            .all()
        )
        for day in (SIGNAL.seen_on, SIGNAL.cleared_on)
    )
    return [Flow(str(m), raised.get(_index(m), 0), cleared.get(_index(m), 0)) for m in months]


def _index(month: Month) -> int:
    return month.first.year * 12 + month.first.month - 1


def groups_with_signals(session: Session, day: date) -> list[Group]:
    """The groups in which a signal is open, the largest exposure first."""
    return [
        Group(
            row["group_no"],
            len(row["members"]),
            len(row["circle"]),
            row["currency"],
            row["loans"],
            row["outstanding"],
            row["overdue"],
            row["days_past_due"],
            row["open_signals"],
        )
        for row in groups.overview(session, day)
        if row["open_signals"]
    ]


def plans_in_force(session: Session, day: date) -> list[Plan]:
    """The plans that had not ended by a day, the oldest first; of a borrower the newest."""
    later = t.RiskPlan.__table__.alias("later")  # type: ignore[attr-defined]
    newer = exists().where(
        later.c.borrower_no == PLAN.borrower_no, later.c.made_on > PLAN.made_on, later.c.made_on <= day
    )
    query = (
        select(PLAN.borrower_no, BORROWER.name.label("borrower"), PLAN.loan_no, PLAN.made_on)
        .join(BORROWER.borrower_no.table, BORROWER.borrower_no == PLAN.borrower_no)
        .where(PLAN.made_on <= day, or_(PLAN.ended_on.is_(None), PLAN.ended_on > day), ~newer)
        .order_by(PLAN.made_on, PLAN.borrower_no)
    )
    return [Plan(**row, days=(day - row["made_on"]).days) for row in session.execute(query).mappings()]


def stops_in_force(session: Session, day: date) -> list[Stop]:
    """The suspensions in force on a day, the oldest first."""
    branches: dict[str, str] = dict(session.execute(select(BRANCH.branch_no, BRANCH.name)).tuples().all())
    partners: dict[str, str] = dict(session.execute(select(PARTNER.partner_no, PARTNER.name)).tuples().all())
    found = []
    for stop in suspensions.in_force(session, day):
        kind, number = ("branch", stop.branch_no) if stop.branch_no else ("partner", stop.partner_no or "")
        name = (branches if kind == "branch" else partners).get(number, "")
        found.append(Stop(stop.case_no, kind, number, name, stop.suspended_on, (day - stop.suspended_on).days))
    return found


def open_findings(session: Session, day: date) -> list[OpenFinding]:
    """What was found at branches and not rectified by the end of a day, the most urgent first."""
    return [
        OpenFinding(
            f.finding_no,
            f.branch_no,
            f.loan_no or "",
            f.content,
            f.found_on,
            f.due_on,
            max((day - f.due_on).days, 0),
        )
        for f in supervision.still_open(session, day)
    ]
