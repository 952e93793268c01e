"""How members of staff and branches did in a period (考核评价): PER-1.

Everything is counted set-based, in the database, on the day on which it happened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, literal, or_, select
from sqlmodel import Session

from postloan.book import people
from postloan.book import tables as t
from postloan.book.sql import day_in, how_many
from postloan.policy import Policy, PolicyFile
from postloan.reports.period import Period
from postloan.rules.duties_apart import Person
from postloan.rules.performance import Tally, Weights, on_time_share, score, too_late
from postloan.rules.roles import OFFICER

TASK = t.HumanTask.__table__.c  # type: ignore[attr-defined]
STEP = t.Step.__table__.c  # type: ignore[attr-defined]
CASE = t.Case.__table__.c  # type: ignore[attr-defined]
STAFF = t.Staff.__table__.c  # type: ignore[attr-defined]
BRANCH = t.Branch.__table__.c  # type: ignore[attr-defined]
ENTRY = t.WorkLogEntry.__table__.c  # type: ignore[attr-defined]
# The duty of those whose papers are signed or returned by others (REC-6).
REPORT = "report"


@dataclass(frozen=True)
class Record:
    """What one did: a member of staff, or a branch where `staff_no` is "".

    Attributes:
        branch_no: "" for head office.
        staff: how many members of staff it is about.
        customers: INS-13, borrowers looked after when the report is made; None for a branch.
        on_time_share: of the steps answered, 0 to 1; None where none was.
        score: 0 to 100; None where there is nothing to judge.
    """

    staff_no: str
    name: str
    branch_no: str
    roles: tuple[str, ...]
    staff: int
    customers: int | None
    tally: Tally
    on_time_share: Decimal | None
    score: Decimal | None

    def flat(self) -> dict[str, Any]:
        """All of it as one row, the counts among the rest."""
        row = asdict(self)
        counts = row.pop("tally")
        row["roles"] = list(self.roles)
        head = ("staff_no", "name", "branch_no", "roles", "staff", "customers")
        return {name: row[name] for name in head} | counts | {n: row[n] for n in ("on_time_share", "score")}


@dataclass(frozen=True)
class Performance:
    """The members of staff by branch and number, the branches, and all together."""

    staff: tuple[Record, ...]
    branches: tuple[Record, ...]
    total: Record


@dataclass(frozen=True)
class Count:
    """Something counted: by whom, or, where nobody is named, for the people of which branch."""

    staff_no: str
    branch_no: str
    tally: Tally


def performance(session: Session, file: PolicyFile, period: Period, today: date) -> Performance:
    """PER-1: how everybody did in the period.

    Members of staff are listed who did something, whose step waits, or who are account officers. Steps
    that wait for a role count for the branch only. A deputy's answers are the deputy's own.
    """
    policy = file.at(period.last)
    counts = list(_counts(session, file, period, policy.time_zone))
    by_staff: dict[str, Tally] = defaultdict(Tally)
    for count in counts:
        if count.staff_no:
            by_staff[count.staff_no] += count.tally
    names: dict[str, str] = dict(session.execute(select(STAFF.staff_no, STAFF.name)).tuples().all())
    everyone = people.everyone(session, today)
    listed = [p for p in everyone if by_staff[p.staff_no] != Tally() or (p.active and OFFICER in p.roles)]
    customers = people.customers_of(session, [p.staff_no for p in listed])
    staff = [
        _record(policy, p.staff_no, names[p.staff_no], p.branch_no, [p], by_staff[p.staff_no], customers[p.staff_no])
        for p in sorted(listed, key=lambda p: (p.branch_no, p.staff_no))
    ]
    branches = _branches(session, policy, counts, listed)
    total = _record(policy, "", "", "", listed, sum((c.tally for c in counts), Tally()))
    return Performance(tuple(staff), tuple(branches), total)


def _branches(session: Session, policy: Policy, counts: list[Count], listed: list[Person]) -> Iterator[Record]:
    home = {p.staff_no: p.branch_no for p in listed}
    by_branch: dict[str, Tally] = defaultdict(Tally)
    for count in counts:
        by_branch[home[count.staff_no] if count.staff_no else count.branch_no] += count.tally
    names: dict[str, str] = dict(session.execute(select(BRANCH.branch_no, BRANCH.name)).tuples().all())
    for branch_no in sorted({*by_branch, *home.values()}):
        of_branch = [p for p in listed if p.branch_no == branch_no]
        yield _record(policy, "", names.get(branch_no, ""), branch_no, of_branch, by_branch[branch_no])


def _record(
    policy: Policy,
    staff_no: str,
    name: str,
    branch_no: str,
    members: list[Person],
    tally: Tally,
    customers: int | None = None,
) -> Record:
    weights = policy.performance
    return Record(
        staff_no,
        name,
        branch_no,
        tuple(sorted(members[0].roles)) if staff_no else (),
        len(members),
        customers,
        tally,
        on_time_share(tally),
        score(tally, Weights(weights.timely_weight, weights.quality_weight, weights.log_weight)),
    )


# --------------------------------------------------------------------------------- what is counted


def _counts(session: Session, file: PolicyFile, period: Period, zone: ZoneInfo) -> Iterator[Count]:
    start, end = period.start(zone), period.end(zone)
    for query in (
        _answered(start, end, zone),
        _waiting(end, period.last),
        _reports(start, end),
        _returned(start, end),
        _refused(start, end),
    ):
        for staff_no, branch_no, *numbers in session.execute(query):
            names = query.selected_columns.keys()[2:]
            yield Count(staff_no or "", branch_no or "", Tally(**dict(zip(names, numbers, strict=True))))
    yield from _entries(session, file, period)
    yield from _reviews(session, file, period)


def _answered(start: Any, end: Any, zone: ZoneInfo) -> Any:
    """Steps answered, by who signed; on time up to the end of the last day in the institution's zone."""
    late = day_in(TASK.answered_at, zone) > TASK.due_on
    same = and_(TASK.case_no == STEP.case_no, TASK.step == STEP.step, TASK.attempt == STEP.attempt)
    return (
        select(STEP.staff_no, _nowhere(), how_many(~late).label("on_time"), how_many(late).label("late"))
        .join(TASK.case_no.table, same)
        .where(TASK.state == "answered", TASK.answered_at >= start, TASK.answered_at < end)
        .group_by(STEP.staff_no)
    )


def _waiting(end: Any, last: date) -> Any:
    """Steps that waited at the end of the period, and those of them whose last day lay before its last."""
    waited = or_(TASK.state == "open", TASK.answered_at >= end)
    case_open = or_(CASE.state == "open", CASE.closed_at >= end)
    return (
        select(
            TASK.staff_no,
            TASK.branch_no,
            func.count().label("open"),
            how_many(TASK.due_on < last).label("open_late"),
        )
        .join(CASE.case_no.table, CASE.case_no == TASK.case_no)
        .where(TASK.asked_at < end, waited, case_open)
        .group_by(TASK.staff_no, TASK.branch_no)
    )


def _reports(start: Any, end: Any) -> Any:
    """Reports handed in, by who signed them."""
    return (
        select(STEP.staff_no, _nowhere(), func.count().label("reports"))
        .where(STEP.duty == REPORT, STEP.done_at >= start, STEP.done_at < end)
        .group_by(STEP.staff_no)
    )


def _returned(start: Any, end: Any) -> Any:
    """Reports that came back: where a further one is asked for in a case, the one before was returned."""
    earlier = (
        select(STEP.staff_no)
        .where(
            STEP.case_no == TASK.case_no,
            STEP.duty == REPORT,
            STEP.step != TASK.step,
            STEP.done_at <= TASK.asked_at,
        )
        .order_by(STEP.done_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    again = (
        select(earlier.label("staff_no"))
        .where(TASK.duty == REPORT, TASK.attempt == 1, TASK.asked_at >= start, TASK.asked_at < end)
        .subquery("again")
    )
    return (
        select(again.c.staff_no, _nowhere(), func.count().label("returned"))
        .where(again.c.staff_no.is_not(None))
        .group_by(again.c.staff_no)
    )


def _refused(start: Any, end: Any) -> Any:
    """Answers that were not taken, by whom the step waits for: who gave them is not proven."""
    return (
        select(TASK.staff_no, TASK.branch_no, func.count().label("refused"))
        .where(TASK.state == "refused", TASK.answered_at >= start, TASK.answered_at < end)
        .group_by(TASK.staff_no, TASK.branch_no)
    )


def _nowhere() -> Any:
    """No branch: it is that of the person."""
    return literal("").label("branch_no")


def _entries(session: Session, file: PolicyFile, period: Period) -> Iterable[Count]:
    """REC-3: entries of the work log, by the rule in force when they were entered."""
    query = (
        select(ENTRY.staff_no, ENTRY.acted_on, ENTRY.entered_on, func.count())
        .where(ENTRY.entered_on.between(period.first, period.last))
        .group_by(ENTRY.staff_no, ENTRY.acted_on, ENTRY.entered_on)
    )
    for staff_no, acted_on, entered_on, number in session.execute(query):
        policy = file.at(entered_on)
        late = too_late(entered_on, acted_on, policy.work_log.enter_working_days, policy.working_days)
        yield Count(staff_no, "", Tally(entries=number, entries_late=number if late else 0))


def _reviews(session: Session, file: PolicyFile, period: Period) -> Iterable[Count]:
    """REC-3: opinions on entries, by the rule in force when they were given."""
    query = (
        select(ENTRY.reviewed_by, ENTRY.entered_on, ENTRY.reviewed_on, func.count())
        .where(ENTRY.reviewed_by.is_not(None), ENTRY.reviewed_on.between(period.first, period.last))
        .group_by(ENTRY.reviewed_by, ENTRY.entered_on, ENTRY.reviewed_on)
    )
    for staff_no, entered_on, reviewed_on, number in session.execute(query):
        policy = file.at(reviewed_on)
        late = too_late(reviewed_on, entered_on, policy.work_log.review_working_days, policy.working_days)
        yield Count(staff_no, "", Tally(reviews=number, reviews_late=number if late else 0))
