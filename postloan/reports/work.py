"""The work of a month: cases, inspections, and the use-of-funds register (INS-2, INS-5, INS-9, REC-4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import String, and_, case, cast, exists, func, or_, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.sql import how_many
from postloan.book.standings import ZERO
from postloan.policy import Policy
from postloan.reports.period import Period
from postloan.rules.performance import share

CASE = t.Case.__table__.c  # type: ignore[attr-defined]
TASK = t.HumanTask.__table__.c  # type: ignore[attr-defined]
STEP = t.Step.__table__.c  # type: ignore[attr-defined]
LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
PAYMENT = t.Payment.__table__.c  # type: ignore[attr-defined]
INSPECTIONS = ("first_inspection", "routine_inspection", "special_inspection")


@dataclass(frozen=True)
class CaseCount:
    """The cases of a kind.

    Attributes:
        before: open at the end of the month before; `open` at the end of this one.
        late: of those open, a step of it is past its last day; or the case itself is, and nobody has been
            asked yet.
    """

    kind: str
    before: int
    opened: int
    closed: int
    open: int
    late: int


@dataclass(frozen=True)
class InspectionCount:
    """The inspections of a kind that were due in the month, as reported by its end.

    Attributes:
        on_time, late: inspected by the last day, or after it.
        missing: not reported yet.
        on_time_share: of all that were due, 0 to 1; None where none was.
    """

    kind: str
    due: int
    on_time: int
    late: int
    missing: int
    on_time_share: Decimal | None


@dataclass(frozen=True)
class FundsCount:
    """The use-of-funds register in one currency: what was asked for and decided in the month, what waits.

    Attributes:
        requested, approved, refused: in the month, whenever asked for; amounts likewise.
        undecided: at the end of the month.
        as_agreed, not_as_agreed: seen in the month where the money went.
        unverified_late: approved, and past the day by which it is to be seen where the money went.
    """

    currency: str
    requested: int
    requested_amount: Decimal
    approved: int
    approved_amount: Decimal
    refused: int
    refused_amount: Decimal
    undecided: int
    as_agreed: int
    not_as_agreed: int
    unverified_late: int


def cases(session: Session, period: Period, zone: ZoneInfo) -> list[CaseCount]:
    """The cases opened, closed and open, by kind; those with the most open first."""
    start, end = period.start(zone), period.end(zone)
    opened = CASE.opened_on
    still = and_(opened <= period.last, _open_until(end))
    waits = and_(TASK.case_no == CASE.case_no, TASK.asked_at < end)
    open_task = or_(TASK.state == "open", TASK.answered_at >= end)
    step_late = exists().where(waits, open_task, TASK.due_on < period.last)
    late = or_(step_late, and_(CASE.due_on < period.last, ~exists().where(waits)))
    query = (
        select(
            CASE.kind,
            how_many(and_(opened < period.first, _open_until(start))).label("before"),
            how_many(opened.between(period.first, period.last)).label("opened"),
            how_many(and_(CASE.closed_at >= start, CASE.closed_at < end)).label("closed"),
            how_many(still).label("open"),
            how_many(and_(still, late)).label("late"),
        )
        .where(opened <= period.last, _open_until(start))
        .group_by(CASE.kind)
    )
    found = [CaseCount(**row) for row in session.execute(query).mappings()]
    return sorted(found, key=lambda count: (-count.open, -count.opened, count.kind))


def _open_until(moment: Any) -> Any:
    return or_(CASE.state == "open", CASE.closed_at >= moment)


def inspections(session: Session, period: Period, zone: ZoneInfo) -> list[InspectionCount]:
    """INS-2, INS-5, INS-9: the inspections due in the month, by the day of the first report's inspection."""
    inspected_on = STEP.result["inspected_on"].as_string()
    reported = (
        select(STEP.case_no, inspected_on.label("inspected_on"))
        .where(STEP.step == "report", STEP.done_at < period.end(zone))
        .subquery("reported")
    )
    on_time = reported.c.inspected_on <= cast(CASE.due_on, String())
    query = (
        select(
            CASE.kind,
            func.count().label("due"),
            how_many(on_time).label("on_time"),
            how_many(~on_time).label("late"),
            how_many(reported.c.case_no.is_(None)).label("missing"),
        )
        .outerjoin_from(t.Case, reported, reported.c.case_no == CASE.case_no)
        .where(CASE.kind.in_(INSPECTIONS), CASE.due_on.between(period.first, period.last))
        .where(CASE.opened_on <= period.last)
        # What was called off by then was not to be done.
        .where(or_(CASE.state != "cancelled", CASE.closed_at >= period.end(zone), reported.c.case_no.is_not(None)))
        .group_by(CASE.kind)
    )
    found = {row["kind"]: row for row in session.execute(query).mappings()}
    return [
        InspectionCount(**found[kind], on_time_share=share(found[kind]["on_time"], found[kind]["due"]))
        for kind in INSPECTIONS
        if kind in found
    ]


def funds(session: Session, policy: Policy, period: Period) -> list[FundsCount]:
    """REC-4: the use-of-funds register, by currency."""
    requested = PAYMENT.requested_on.between(period.first, period.last)
    decided = PAYMENT.decided_on.between(period.first, period.last)
    approved, refused = and_(decided, PAYMENT.state == "approved"), and_(decided, PAYMENT.state == "refused")
    undecided = or_(PAYMENT.decided_on.is_(None), PAYMENT.decided_on > period.last)
    verified = PAYMENT.verified_on.between(period.first, period.last)
    unverified = or_(PAYMENT.verified_on.is_(None), PAYMENT.verified_on > period.last)
    too_old = PAYMENT.decided_on < period.last - timedelta(days=policy.proceeds.verify_days)
    query = (
        select(
            LOAN.currency,
            how_many(requested).label("requested"),
            _amount(requested).label("requested_amount"),
            how_many(approved).label("approved"),
            _amount(approved).label("approved_amount"),
            how_many(refused).label("refused"),
            _amount(refused).label("refused_amount"),
            how_many(undecided).label("undecided"),
            how_many(and_(verified, PAYMENT.as_agreed.is_(True))).label("as_agreed"),
            how_many(and_(verified, PAYMENT.as_agreed.is_(False))).label("not_as_agreed"),
            how_many(and_(PAYMENT.state == "approved", unverified, too_old)).label("unverified_late"),
        )
        .join(LOAN.loan_no.table, LOAN.loan_no == PAYMENT.loan_no)
        .where(PAYMENT.requested_on <= period.last)
        .group_by(LOAN.currency)
        .order_by(LOAN.currency)
    )
    return [FundsCount(**row) for row in session.execute(query).mappings()]


def _amount(condition: Any) -> Any:
    return func.sum(case((condition, PAYMENT.amount), else_=ZERO))
