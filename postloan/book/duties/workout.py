"""Loans that go to the workout, assets to be preserved, and loans written off that are looked at again (WO-1, WO-4,
WO-6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, String, and_, case, cast, exists, func, literal, or_, select

from postloan.book import tables as t
from postloan.book.duties.base import LOAN, Span, duty, nothing, numbers, running
from postloan.book.sql import day_in, greatest, month_index, on, plus_days, plus_months
from postloan.book.standings import settlements, standings

CLASS = t.Classification.__table__  # type: ignore[attr-defined]
CASE = t.Case.__table__.alias("other_case")  # type: ignore[attr-defined]
TRANSFER = t.Transfer.__table__.c  # type: ignore[attr-defined]
WRITE_OFF = t.WriteOff.__table__.c  # type: ignore[attr-defined]
PAUSE = t.Pause.__table__.c  # type: ignore[attr-defined]
DIAGNOSIS = t.Diagnosis.__table__.c  # type: ignore[attr-defined]
IN_WORKOUT = ("workout_transfer", "workout", "write_off")


def workout_transfers(span: Span) -> Select:
    """WO-1: a loan goes to the workout on the day on which it is so long past due; or, before that, when it was
    classified as not performing, where it never was there.

    Not while the clock is paused, nor where somebody works it out already, nor again for what was past due when it
    was transferred, nor once it is written off.
    """
    rule = span.policy.workout
    day = span.as_of or span.known
    where, settled = standings(day), settlements()
    newest = (
        select(CLASS.c.loan_no, func.max(CLASS.c.as_of).label("as_of"))
        .where(CLASS.c.as_of <= day)
        .group_by(CLASS.c.loan_no)
        .subquery("newest_class")
    )
    decided = (
        select(CLASS.c.loan_no, CLASS.c.as_of)
        .join(newest, and_(newest.c.loan_no == CLASS.c.loan_no, newest.c.as_of == CLASS.c.as_of))
        .where(CLASS.c.risk_class.in_(rule.transfer_classes))
        .subquery("not_performing")
    )
    # The day on which the oldest unpaid claim fell due, and from it the day on which the loan goes.
    due_since = plus_days(on(day), -where.c.days_past_due)
    by_days = or_(where.c.days_past_due >= rule.transfer_days, decided.c.as_of.is_(None))
    found = (
        select(
            LOAN.loan_no,
            case((by_days, literal(1)), else_=literal(0)).label("by_days"),
            due_since.label("due_since"),
            case(
                (by_days, plus_days(on(day), rule.transfer_days - where.c.days_past_due)), else_=decided.c.as_of
            ).label("anchor_on"),
            case(
                (by_days, plus_days(on(day), rule.transfer_days + rule.handover_days - where.c.days_past_due)),
                else_=plus_days(decided.c.as_of, span.policy.classification.due_days + rule.handover_days),
            ).label("due_on"),
        )
        .select_from(LOAN.loan_no.table)
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(decided, decided.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            or_(where.c.days_past_due > 0, decided.c.as_of.is_not(None)),
            or_(settled.c.settled_on.is_(None), settled.c.settled_on > day),
        )
        .subquery("to_transfer")
    )
    subject = cast(found.c.anchor_on, String())
    before = exists().where(
        TRANSFER.loan_no == found.c.loan_no,
        or_(found.c.by_days == 0, TRANSFER.transferred_on >= found.c.due_since),
    )
    elsewhere = exists().where(
        CASE.c.loan_no == found.c.loan_no,
        CASE.c.kind.in_(IN_WORKOUT),
        CASE.c.opened_on < found.c.anchor_on,
        or_(CASE.c.closed_at.is_(None), day_in(CASE.c.closed_at, span.policy.time_zone) >= found.c.anchor_on),
    )
    by_hand = exists().where(
        CASE.c.loan_no == found.c.loan_no,
        CASE.c.kind.in_(IN_WORKOUT),
        CASE.c.subject != subject,
        CASE.c.state == "open",
    )
    paused = exists().where(
        PAUSE.loan_no == found.c.loan_no,
        PAUSE.from_on <= day,
        func.coalesce(PAUSE.ended_on, PAUSE.until_on) >= day,
    )
    gone = exists().where(WRITE_OFF.loan_no == found.c.loan_no)
    return duty(
        "workout_transfer", subject, literal("WO-1"), found.c.anchor_on, found.c.due_on, found.c.anchor_on,
        found.c.loan_no,
    ).where(
        found.c.anchor_on.between(span.first, span.last), ~before, ~elsewhere, ~by_hand, ~paused, ~gone
    )  # fmt: skip


def preservations(span: Span) -> Select:
    """WO-4: where a diagnosis found that the borrower has died, fled or is insolvent, assets are preserved within a
    day: the first to preserve is the first to be paid."""
    rule = span.policy.workout
    settled = settlements()
    made_on = DIAGNOSIS.diagnosed_on
    return (
        duty(
            "preservation", DIAGNOSIS.diagnosis_no, literal("WO-4"), made_on,
            plus_days(made_on, rule.preservation_days), made_on,
        )
        .select_from(LOAN.loan_no.table)
        .join(DIAGNOSIS.loan_no.table, DIAGNOSIS.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            DIAGNOSIS.cause.in_(rule.preservation_causes),
            made_on.between(span.first, span.last),
            running(span, made_on, settled),
        )
    )  # fmt: skip


def recovery_reviews(span: Span) -> Select:
    """WO-6: a loan that was written off is kept on file, and looked at again each year until it is paid (账销案存)."""
    rule = span.policy.workout
    due_from, due_to = max(span.first, span.due_from), min(span.last, span.due_to)
    if span.as_of is not None:
        due_to = min(due_to, span.as_of + timedelta(days=rule.review_opens_days))
    if due_to < due_from:
        return nothing("recovery_review")
    number = numbers(due_from, due_to)
    begun = WRITE_OFF.written_off_on
    month: Any = literal(due_from.year * 12 + due_from.month - 1) - month_index(begun) + number.c.number
    due_on = plus_months(begun, month)
    opens_on = greatest(plus_days(due_on, -rule.review_opens_days), plus_days(begun, 1))
    settled = settlements()
    return (
        duty("recovery_review", cast(due_on, String()), literal("WO-6"), begun, due_on, opens_on)
        .select_from(LOAN.loan_no.table)
        .join(WRITE_OFF.loan_no.table, WRITE_OFF.loan_no == LOAN.loan_no)
        .join(number, literal(True))
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            month > 0,
            month % rule.review_months == 0,
            due_on.between(due_from, due_to),
            running(span, opens_on, settled),
        )
    )
