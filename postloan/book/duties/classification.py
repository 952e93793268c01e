"""The classification of the loans that are not plainly normal (CLS-1, CLS-2)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Select, String, and_, cast, func, literal, or_, select, union_all

from postloan.book import tables as t
from postloan.book.duties.base import LOAN, Span, duty, month_ends, nothing, open_signal
from postloan.book.sql import on, plus_days, plus_months
from postloan.book.standings import settlements, standings


def classifications(span: Span) -> Select:
    """CLS-2: at the end of the policy's months, every loan that is not plainly normal: past due, with
    an open signal, under observation, or not normal so far. The others are classified by the round."""
    rule = span.policy.classification
    ends = [day for day in month_ends(span, rule.due_days) if day.month in rule.months]
    parts = [to_classify(span, end) for end in ends]
    if not parts:
        return nothing("risk_classification")
    all_of = union_all(*parts).subquery("doubtful")
    return duty(
        "risk_classification",
        cast(all_of.c.day, String()),
        literal("CLS-1"),
        all_of.c.day,
        plus_days(all_of.c.day, rule.due_days),
        all_of.c.day,
        all_of.c.loan_no,
    )


def to_classify(span: Span, day: date) -> Select:
    """(loan_no, day) of the loans that are not plainly normal at the end of a day."""
    where = standings(min(day, span.known))
    settled = settlements()
    earlier = t.Classification.__table__.c  # type: ignore[attr-defined]
    before = (
        select(earlier.risk_class)
        .where(earlier.loan_no == LOAN.loan_no, earlier.as_of < day)
        .order_by(earlier.as_of.desc())
        .limit(1)
        .scalar_subquery()
    )
    observed = plus_months(LOAN.restructured_on, literal(span.policy.classification.observation_months))
    return (
        select(LOAN.loan_no, on(day).label("day"))
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            LOAN.disbursed_on <= day,
            or_(settled.c.settled_on.is_(None), settled.c.settled_on > day),
            or_(
                where.c.days_past_due > span.policy.classification.special_mention_days,
                open_signal(on(day)),
                and_(LOAN.restructured_on <= day, observed > day),
                func.coalesce(before, "normal") != "normal",
            ),
        )
    )
