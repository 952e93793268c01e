"""The classification of the loans that are not plainly normal (CLS-1, CLS-2)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Select, String, and_, case, cast, exists, func, literal, or_, select, union_all

from postloan.book import tables as t
from postloan.book.duties.base import LOAN, Span, duty, month_ends, nothing, open_signal
from postloan.book.sql import on, plus_days, plus_months
from postloan.book.standings import ZERO, decided_class, settlements, standings
from postloan.calendar import ONE_DAY
from postloan.rules.classification import NON_PERFORMING


def classifications(span: Span) -> Select:
    """CLS-2: at the end of the policy's months, every loan that is not plainly normal: past due, with
    an open signal, under observation, not normal so far, or of a debtor whose other loans are
    non-performing. The others are classified by the round."""
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
        plus_days(all_of.c.day, 1),
        all_of.c.loan_no,
    )


def to_classify(span: Span, day: date) -> Select:
    """(loan_no, day) of the loans that are not plainly normal at the end of a day."""
    where = standings(min(day, span.known))
    settled = settlements()
    before = decided_class(LOAN.loan_no, day - ONE_DAY)
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
                LOAN.borrower_no.in_(_tainted(span, day)),
            ),
        )
    )


def _tainted(span: Span, day: date) -> Select:
    """CLS-1: the non-retail debtors of whose debts here more than the policy's share is non-performing, by
    days past due or by a decision that did not itself come of this rule."""
    rule = span.policy.classification
    where = standings(min(day, span.known), "standing_of_debtor")
    loan = t.Loan.__table__.alias("loan_of_debtor")  # type: ignore[attr-defined]
    decided = t.Classification.__table__.alias("decided")  # type: ignore[attr-defined]
    later = t.Classification.__table__.alias("decided_later")  # type: ignore[attr-defined]
    newer = exists().where(later.c.loan_no == decided.c.loan_no, later.c.as_of > decided.c.as_of, later.c.as_of <= day)
    by_decision = exists().where(
        decided.c.loan_no == loan.c.loan_no,
        decided.c.as_of <= day,
        decided.c.risk_class.in_(NON_PERFORMING),
        decided.c.cause != "contagion",
        ~newer,
    )
    owed = where.c.principal_outstanding
    bad = case((or_(where.c.days_past_due > rule.substandard_days, by_decision), owed), else_=ZERO)
    share = literal(int(rule.contagion_share * 10_000))
    return (
        select(loan.c.borrower_no)
        .join(where, where.c.loan_no == loan.c.loan_no)
        .join(t.Borrower, t.Borrower.borrower_no == loan.c.borrower_no)
        .where(t.Borrower.kind != "personal")
        .group_by(loan.c.borrower_no)
        .having(func.sum(bad) * literal(10_000) > func.sum(owed) * share)
    )
