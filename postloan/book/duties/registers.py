"""What the registers ask for: payments to decide, the work log, the year's balances, plans (REC-2 to REC-4, SIG-3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, String, and_, case, cast, exists, func, literal, or_, select

from postloan.book import tables as t
from postloan.book.duties.base import (
    BORROWER,
    LOAN,
    NO_LOAN,
    Anchor,
    Span,
    anchors,
    duty,
    month_ends,
    nothing,
    numbers,
    running,
)
from postloan.book.sql import greatest, month_index, on, plus_days, plus_months
from postloan.book.standings import settlements
from postloan.calendar import ONE_DAY

PAYMENT = t.Payment.__table__.c  # type: ignore[attr-defined]
ENTRY = t.WorkLogEntry.__table__.c  # type: ignore[attr-defined]
STAFF = t.Staff.__table__.c  # type: ignore[attr-defined]
PLAN = t.RiskPlan.__table__.c  # type: ignore[attr-defined]
LATER_PLAN = t.RiskPlan.__table__.alias("later_plan").c  # type: ignore[attr-defined]

OPENS_BEFORE = 5  # days before a plan is to be followed up


def payments(span: Span) -> Select:
    """REC-4: every drawdown or payment that a borrower asked for is decided."""
    due_on = plus_days(PAYMENT.requested_on, span.policy.proceeds.decide_days)
    return duty(
        "use_of_proceeds",
        PAYMENT.payment_no,
        literal("REC-4"),
        PAYMENT.requested_on,
        due_on,
        PAYMENT.requested_on,
        PAYMENT.loan_no,
    ).where(PAYMENT.state == "requested", PAYMENT.requested_on.between(span.first, span.last))


def work_log(span: Span) -> Select:
    """REC-3: after each month, every borrower for whom fewer entries were made than there have to be."""
    rule, calendar = span.policy.work_log, span.policy.working_days
    ends = [
        Anchor(end, end + ONE_DAY, calendar.add_working_days(end, rule.enter_working_days))
        for end in month_ends(span, lead_days=60)
    ]
    if not ends or not rule.borrower_kinds:
        return nothing("work_log")
    month = anchors(ends)
    settled = settlements()
    started = plus_months(plus_days(month.c.day, 1), literal(-1))  # the first of the month
    made = (
        select(func.count())
        .where(ENTRY.borrower_no == BORROWER.borrower_no, ENTRY.acted_on.between(started, month.c.day))
        .scalar_subquery()
    )
    wanted = case((BORROWER.segment.in_(rule.key_segments), rule.per_month_key), else_=rule.per_month)
    found = (
        select(
            func.min(LOAN.loan_no).label("loan_no"),
            BORROWER.borrower_no,
            month.c.day,
            month.c.opens_on,
            month.c.due_on,
        )
        .join(LOAN.loan_no.table, LOAN.borrower_no == BORROWER.borrower_no)
        .join(month, literal(True))
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            BORROWER.kind.in_(rule.borrower_kinds),
            LOAN.first_drawdown_on < started,  # a whole month long
            or_(settled.c.settled_on.is_(None), settled.c.settled_on > month.c.day),
            running(span, month.c.opens_on, settled),
            made < wanted,
        )
        .group_by(BORROWER.borrower_no, month.c.day, month.c.opens_on, month.c.due_on)
        .subquery("unlogged")
    )
    subject = found.c.borrower_no + literal("-") + cast(found.c.day, String())
    return duty("work_log", subject, literal("REC-3"), found.c.day, found.c.due_on, found.c.opens_on, found.c.loan_no)


def work_log_reviews(span: Span) -> Select:
    """REC-3: the entries that came in since, put before the head of their branch; nothing to forecast."""
    if span.as_of is None or not span.first <= span.as_of <= span.last:
        return nothing("work_log_review")
    day = on(span.as_of)
    due_on = span.policy.working_days.add_working_days(span.as_of, span.policy.work_log.review_working_days)
    branch = func.coalesce(STAFF.branch_no, "")
    waiting = (
        select(branch.label("branch_no"))
        .join(STAFF.staff_no.table, STAFF.staff_no == ENTRY.staff_no)
        .where(ENTRY.reviewed_on.is_(None), ENTRY.review_case_no.is_(None), ENTRY.entered_on <= day)
        .group_by(branch)
        .subquery("unreviewed")
    )
    subject = _office(waiting.c.branch_no) + literal(f"-{span.as_of}")
    return duty(
        "work_log_review", subject, literal("REC-3"), day, on(due_on), day, NO_LOAN, waiting.c.branch_no
    ).select_from(waiting)


def carry_overs(span: Span) -> Select:
    """REC-2: after a year's end, the balances of each branch are carried forward loan by loan."""
    rule, calendar = span.policy.ledger, span.policy.working_days
    ends = [
        Anchor(end, end + ONE_DAY, calendar.add_working_days(end, rule.carry_over_working_days))
        for end in month_ends(span, lead_days=120)
        if end.month == 12
    ]
    return _branches(span, "ledger_carry_over", "REC-2", ends)


def supervisions(span: Span) -> Select:
    """SUP-1: head office inspects each branch after the policy's months."""
    rule = span.policy.supervision
    ends = [
        Anchor(end, end + ONE_DAY, end + timedelta(days=rule.due_days))
        for end in month_ends(span, rule.due_days)
        if end.month in rule.months
    ]
    return _branches(span, "branch_supervision", "SUP-1", ends)


def _branches(span: Span, kind: str, rule: str, ends: list[Anchor]) -> Select:
    """One for each anchor and branch that has loans which ran at the end of that day."""
    if not ends:
        return nothing(kind)
    end, settled = anchors(ends), settlements()
    branch = func.coalesce(LOAN.branch_no, "")
    found = (
        select(branch.label("branch_no"), end.c.day, end.c.opens_on, end.c.due_on)
        .select_from(LOAN.loan_no.table)
        .join(end, literal(True))
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(LOAN.disbursed_on <= end.c.day, or_(settled.c.settled_on.is_(None), settled.c.settled_on > end.c.day))
        .group_by(branch, end.c.day, end.c.opens_on, end.c.due_on)
        .subquery("branches")
    )
    subject = _office(found.c.branch_no) + literal("-") + cast(found.c.day, String())
    return duty(kind, subject, literal(rule), found.c.day, found.c.due_on, found.c.opens_on, NO_LOAN, found.c.branch_no)


def _office(branch_no: Any) -> Any:
    """How a branch is called in a case's number; head office is "(HO)", which no branch may be called."""
    return case((branch_no == "", "(HO)"), else_=branch_no)


def plan_follow_ups(span: Span) -> Select:
    """SIG-3: the plan for a potential-risk customer is followed up whole intervals of months after it was
    made, until it ends."""
    months = span.policy.classification.plan_months
    due_from, due_to = max(span.first, span.due_from), min(span.last, span.due_to)
    if span.as_of is not None:
        due_to = min(due_to, span.as_of + timedelta(days=OPENS_BEFORE))
    if due_to < due_from:
        return nothing("plan_follow_up")
    number = numbers(due_from, due_to)
    month = literal(due_from.year * 12 + due_from.month - 1) - month_index(PLAN.made_on) + number.c.number
    settled = settlements()
    due_on = plus_months(PLAN.made_on, month)
    opens_on = greatest(plus_days(due_on, -OPENS_BEFORE), plus_days(PLAN.made_on, 1))
    subject = PLAN.borrower_no + literal("-") + cast(due_on, String())
    return (
        duty("plan_follow_up", subject, literal("SIG-3"), PLAN.made_on, due_on, opens_on, PLAN.loan_no)
        .select_from(PLAN.loan_no.table)
        .join(LOAN.loan_no.table, LOAN.loan_no == PLAN.loan_no)
        .join(number, literal(True))
        .outerjoin(settled, settled.c.loan_no == PLAN.loan_no)
        .where(
            month > 0,
            month % months == 0,
            due_on.between(due_from, due_to),
            or_(PLAN.ended_on.is_(None), PLAN.ended_on > span.known_on(opens_on)),
            running(span, opens_on, settled),
            ~exists().where(and_(LATER_PLAN.borrower_no == PLAN.borrower_no, LATER_PLAN.made_on > PLAN.made_on)),
        )
    )
