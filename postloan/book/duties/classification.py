"""The classification of the loans that are not plainly normal (CLS-1, CLS-2)."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Select, String, and_, cast, func, literal, or_, select, union_all

from postloan.book import tables as t
from postloan.book.duties.base import LOAN, Span, duty, nothing, open_signal
from postloan.book.sql import on, plus_days, plus_months
from postloan.book.standings import settlements, standings
from postloan.calendar import months_after


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


def month_ends(span: Span, due_days: int) -> list[date]:
    """The last days of the months within the span whose duty, so many days later, is asked for."""
    lead = timedelta(days=due_days)
    first = max(span.first, span.due_from - lead if span.due_from - date.min > lead else date.min)
    last = min(span.last, span.due_to - lead, span.as_of or span.last, date(9998, 12, 31))
    found, day = [], first.replace(day=1)
    while day <= last:
        end = months_after(day, 1) - timedelta(days=1)
        if first <= end <= last:
            found.append(end)
        day = end + timedelta(days=1)
    return found


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
