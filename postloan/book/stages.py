"""The stages of collection (COL-1), pauses of the clock (COL-2) and cure: worked out for the whole book at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, Integer, Subquery, and_, bindparam, case, exists, func, insert, literal, or_, select
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session, col
from sqlmodel import select as rows

from postloan.book import cases
from postloan.book import tables as t
from postloan.book.engine import Writer
from postloan.book.sql import Day, Days, days_between, greatest, least, on, plus_days
from postloan.book.standings import looked_at, standings
from postloan.book.tables import Case, Loan, Pause, Stage
from postloan.calendar import ONE_DAY
from postloan.errors import PostloanError
from postloan.policy import Policy, PolicyFile
from postloan.policy.collection import Ladder
from postloan.rules.collection import CURRENT, Paused, days_on_the_clock

STAGE = t.Stage.__table__.c  # type: ignore[attr-defined]
PAUSE = t.Pause.__table__.c  # type: ignore[attr-defined]
ZERO_DAYS = literal(0, Integer())


# ---------------------------------------------------------------------------------------- the stages


def refresh(writer: Writer, policy: Policy, day: date) -> int:
    """COL-1: note the stage of every loan whose stage is another one at the end of the day before; gives how many.

    While the clock is paused a loan keeps its stage, unless nothing is late any more. PAY-2: what fell due on a day
    off is late only after the next working day. One INSERT … SELECT, however many loans; a second time it enters
    nothing.
    """
    entering = _entering(policy.collection.ladder(), day, policy.days_in_time(day))
    return _enter(writer, entering, day, {})


def catch_up(writer: Writer, file: PolicyFile, days: Sequence[date]) -> int:
    """COL-1: as `refresh`, for days that no round has dealt with, in order, each by its own policy."""
    entered = 0
    for day in days:
        policy = file.at(day)
        entering = _entering_of_any_day(policy.collection.ladder())
        entered += _enter(writer, entering, day, {DAY.key: day, IN_TIME.key: policy.days_in_time(day)})
    return entered


DAY = bindparam("day", type_=Date())
IN_TIME = bindparam("days_in_time", type_=Integer())


@lru_cache(maxsize=16)
def _entering_of_any_day(ladder: Ladder) -> ReturningInsert[Any]:
    """Put together once: that takes longer than to run it on a small book, and months may have been missed."""
    return _entering(ladder, DAY, IN_TIME)


def _entering(ladder: Ladder, day: Day, in_time: Days) -> ReturningInsert[Any]:
    """`in_time`: with so many calendar days past due a loan is not late yet."""
    where, last = on_the_clock(day), latest(day)
    stage = case(
        (where.c.calendar_days <= in_time, literal(CURRENT)),
        *((where.c.days >= start, literal(name)) for name, start in reversed(ladder)),
        else_=literal(CURRENT),
    )
    before = func.coalesce(last.c.stage, CURRENT)
    begins = and_(before == CURRENT, stage != CURRENT)
    new = (
        select(
            where.c.loan_no,
            on(day).label("entered_on"),
            stage.label("stage"),
            where.c.days.label("days_past_due"),
            (func.coalesce(last.c.episode, ZERO_DAYS) + case((begins, 1), else_=0)).label("episode"),
        )
        .select_from(where)
        .outerjoin(last, last.c.loan_no == where.c.loan_no)
        .where(
            stage != before,
            or_(~where.c.paused, where.c.calendar_days <= in_time),
            or_(last.c.entered_on.is_(None), last.c.entered_on < day),
        )
    )
    return (
        insert(t.Stage.__table__)  # type: ignore[attr-defined]
        .from_select(["loan_no", "entered_on", "stage", "days_past_due", "episode"], new)
        .returning(STAGE.loan_no, STAGE.stage, STAGE.days_past_due, STAGE.episode)
    )


def _enter(writer: Writer, entering: ReturningInsert[Any], day: date, values: dict[str, Any]) -> int:
    writer.session.flush()
    made = writer.session.connection().execute(entering, values).all()
    for loan_no, stage, days, episode in sorted(made):
        writer.record(
            "stage.entered", loan_no=loan_no, stage=stage, days_past_due=days, episode=episode, entered_on=day
        )
    return len(made)


def on_the_clock(day: Day) -> Subquery:
    """(loan_no, calendar_days, days, paused) of every loan at the end of a day: days past due with and without the
    days of pauses, and whether one runs on it."""
    where = standings(day)
    # Unpaid since the day after the due date; pauses of a loan do not overlap.
    since = plus_days(on(day), 1 - where.c.days_past_due)
    first, last = greatest(PAUSE.from_on, since), least(_end(), on(day))
    overlap = case((first <= last, days_between(first, last) + 1), else_=0)
    stopped = (
        select(func.coalesce(func.sum(overlap), 0))
        .where(PAUSE.loan_no == where.c.loan_no, PAUSE.from_on <= on(day))
        .correlate(where)
        .scalar_subquery()
    )
    runs = exists().where(PAUSE.loan_no == where.c.loan_no, PAUSE.from_on <= on(day), _end() >= on(day))
    counted = where.c.days_past_due - stopped
    return select(
        where.c.loan_no,
        where.c.days_past_due.label("calendar_days"),
        case((counted > 0, counted), else_=0).label("days"),
        runs.label("paused"),
        where.c.overdue,
    ).subquery("on_the_clock")


def _end() -> Any:
    return func.coalesce(PAUSE.ended_on, PAUSE.until_on)


def latest(day: Day) -> Subquery:
    """(loan_no, entered_on, stage, episode): the last stage of each loan that was entered by a day."""
    newest = (
        select(STAGE.loan_no, func.max(STAGE.entered_on).label("entered_on"))
        .where(STAGE.entered_on <= on(day), looked_at(STAGE.loan_no))
        .group_by(STAGE.loan_no)
        .subquery("newest_stage")
    )
    return (
        select(STAGE.loan_no, STAGE.entered_on, STAGE.stage, STAGE.episode)
        .join(newest, and_(newest.c.loan_no == STAGE.loan_no, newest.c.entered_on == STAGE.entered_on))
        .subquery("latest_stage")
    )


def of_loan(session: Session, loan_no: str, day: date) -> Sequence[Stage]:
    """The stages that a loan went through by a day, in order."""
    return session.exec(
        rows(Stage).where(Stage.loan_no == loan_no, Stage.entered_on <= day).order_by(col(Stage.entered_on))
    ).all()


def current(session: Session, loan_no: str, day: date) -> Stage | None:
    """The stage that a loan is in; None if it never was past due."""
    found = of_loan(session, loan_no, day)
    return found[-1] if found else None


# ---------------------------------------------------------------------------------------- the pauses


def pauses(session: Session, loan_no: str) -> Sequence[Pause]:
    """The pauses of a loan's clock, in order."""
    return session.exec(rows(Pause).where(Pause.loan_no == loan_no).order_by(col(Pause.from_on))).all()


def last_day(pause: Pause) -> date:
    """The last day of a pause, inclusive: the agreed one, or that of an early resumption."""
    return min(pause.ended_on, pause.until_on) if pause.ended_on is not None else pause.until_on


def running(session: Session, loan_no: str, day: date) -> Pause | None:
    """The pause that runs on a day."""
    return next((p for p in pauses(session, loan_no) if p.from_on <= day <= last_day(p)), None)


def clock(session: Session, loan_no: str, calendar_days: int, day: date) -> int:
    """COL-2: days past due without those of pauses, of one loan."""
    stopped = [Paused(p.from_on, last_day(p)) for p in pauses(session, loan_no) if p.from_on <= last_day(p)]
    return days_on_the_clock(calendar_days, day, stopped)


def pause(
    writer: Writer, case: Case, loan: Loan, *, reason: str, from_on: date, until_on: date, document: str, by: str
) -> None:
    """COL-2: stop the clock of a loan from a day to a day, both inclusive; once for each case.

    Raises PostloanError where another pause of the loan overlaps.
    """
    if writer.session.get(Pause, case.case_no) is not None:
        return
    for other in pauses(writer.session, loan.loan_no):
        if from_on <= last_day(other) and other.from_on <= until_on:
            raise PostloanError(f"loan {loan.loan_no} is paused from {other.from_on} to {last_day(other)} already")
    writer.session.add(
        Pause(
            pause_no=case.case_no,
            loan_no=loan.loan_no,
            reason=reason,
            from_on=from_on,
            until_on=until_on,
            document=document,
            case_no=case.case_no,
        )
    )
    cases.record(writer, case, "clock.paused", by, reason=reason, from_on=from_on, until_on=until_on, document=document)


def resume(writer: Writer, case: Case, loan: Loan, *, on_day: date, document: str, by: str) -> None:
    """COL-2: let the clock of a loan run again from a day on. Raises PostloanError where no pause runs on it."""
    found = running(writer.session, loan.loan_no, on_day)
    if found is None:
        raise PostloanError(f"the clock of loan {loan.loan_no} is not paused on {on_day}")
    found.ended_on = on_day - ONE_DAY
    writer.session.add(found)
    cases.record(writer, case, "clock.resumed", by, resumed_on=on_day, pause_no=found.pause_no, document=document)
