"""Inspections, and what follows from warning signals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import CompoundSelect, Select, String, and_, case, cast, func, literal, or_, select, union_all

from postloan.book import tables as t
from postloan.book.duties.base import (
    BORROWER,
    LOAN,
    NO_LOAN,
    SIGNAL,
    Span,
    duty,
    nothing,
    numbers,
    open_signal,
    padded,
    running,
)
from postloan.book.sql import least, materialised, month_index, plus_days, plus_months
from postloan.book.standings import looked_at, settlements
from postloan.book.tables import Case

RATING = t.Rating.__table__.c  # type: ignore[attr-defined]


def first_inspections(span: Span) -> Select:
    """INS-2: one per loan, counted from the first drawdown."""
    rule = span.policy.inspection.first
    due_on = plus_days(LOAN.first_drawdown_on, rule.days)
    # Never before the drawdown itself: nothing can be inspected yet.
    opens_on = plus_days(LOAN.first_drawdown_on, max(rule.days - rule.opens_days_before, 0))
    settled = settlements()
    return (
        duty("first_inspection", literal("first"), literal("INS-2"), LOAN.first_drawdown_on, due_on, opens_on)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(LOAN.first_drawdown_on.between(span.first, span.last), running(span, opens_on, settled))
    )


def routine_inspections(span: Span) -> Select:
    """INS-5, INS-6: on the days that lie whole intervals of months after the first drawdown.

    The months are numbered from the first drawdown; month n is a duty if the interval that applies
    divides n. The interval may change from one month to the next; the days do not.
    """
    rule = span.policy.inspection.routine
    due_from, due_to = max(span.first, span.due_from), min(span.last, span.due_to)
    if span.as_of is not None:
        due_to = min(due_to, span.as_of + timedelta(days=rule.opens_days_before))
    if due_to < due_from:
        return nothing("routine_inspection")
    months = numbers(due_from, due_to)
    month = literal(due_from.year * 12 + due_from.month - 1) - month_index(LOAN.first_drawdown_on) + months.c.number
    days = (
        select(LOAN.loan_no, month.label("month"), plus_months(LOAN.first_drawdown_on, month).label("due_on"))
        .where(LOAN.first_drawdown_on.is_not(None), month > 0, looked_at(LOAN.loan_no))
        .join_from(LOAN.loan_no.table, months, literal(True))
        .subquery("days")
    )
    # Each stage is worked out once: what is looked at several times in an expression is evaluated as often.
    opens_on = plus_days(days.c.due_on, -rule.opens_days_before)
    grid = materialised(
        select(days, opens_on.label("opens_on"), span.known_on(opens_on, days.c.due_on).label("known"))
        .join(LOAN.loan_no.table, LOAN.loan_no == days.c.loan_no)
        # From maturity on, the pre-maturity visit and the collection of what is overdue take over.
        .where(days.c.due_on.between(due_from, due_to), days.c.due_on < LOAN.matures_on)
    )
    settled = settlements()
    facts = materialised(
        select(
            grid,
            LOAN.first_drawdown_on,
            LOAN.high_risk,
            _rating_on(grid.c.known).label("rating"),
            open_signal(grid.c.known).label("warned"),
        )
        .select_from(grid)
        .join(LOAN.loan_no.table, LOAN.loan_no == grid.c.loan_no)
        .join(t.Borrower, BORROWER.borrower_no == LOAN.borrower_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(running(span, grid.c.opens_on, settled))
    )
    never = literal(100_000)
    by_rating = case(
        (facts.c.rating == "", rule.unrated_months),
        *((facts.c.rating == name, months_) for name, months_ in rule.by_rating.items()),
        else_=rule.other_months,
    )
    intervals = materialised(
        select(
            facts,
            by_rating.label("by_rating"),
            (literal(rule.max_months) if rule.rule == "shortest" else never).label("by_quarter"),
            case((facts.c.high_risk, rule.high_risk_months), else_=never).label("by_risk"),
            case((facts.c.warned, rule.signal_months), else_=never).label("by_signal"),
        )
    )
    of = intervals.c
    interval = least(least(of.by_rating, of.by_quarter), least(of.by_risk, of.by_signal))
    # The rule to name is the one that gave the interval; of equal ones the first.
    why = case(
        (interval == of.by_rating, "INS-6"),
        (interval == of.by_quarter, "INS-5"),
        (interval == of.by_risk, "INS-5"),
        else_="SIG-1",
    )
    return duty(
        "routine_inspection", padded(of.month), why, of.first_drawdown_on, of.due_on, of.opens_on, of.loan_no
    ).where(of.month % interval == 0)


def _rating_on(day: Any) -> Any:
    """The borrower's rating on a day: the newest by then, else the one of the borrower's own record."""
    newest = (
        select(RATING.rating)
        .where(RATING.borrower_no == LOAN.borrower_no, RATING.rated_on <= day)
        .order_by(RATING.rated_on.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(newest, BORROWER.rating)


def _signals(span: Span, kind: str, rule: str, days: int, *more: Any) -> Select:
    """One for each open signal, on its loan or on the first running loan of its borrower."""
    settled = settlements()
    found = (
        select(SIGNAL.id, SIGNAL.seen_on, func.min(LOAN.loan_no).label("loan_no"))
        .join(
            LOAN.loan_no.table,
            or_(SIGNAL.loan_no == LOAN.loan_no, and_(SIGNAL.loan_no.is_(None), SIGNAL.borrower_no == LOAN.borrower_no)),
        )
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            SIGNAL.seen_on.between(span.first, span.last),
            or_(SIGNAL.cleared_on.is_(None), SIGNAL.cleared_on > span.known_on(SIGNAL.seen_on)),
            running(span, SIGNAL.seen_on, settled),
            *more,
        )
        .group_by(SIGNAL.id, SIGNAL.seen_on)
        .subquery("found")
    )
    subject = literal("S") + cast(found.c.id, String())
    due_on = plus_days(found.c.seen_on, days)
    return duty(kind, subject, literal(rule), found.c.seen_on, due_on, found.c.seen_on, found.c.loan_no)


def warning_signals(span: Span) -> CompoundSelect:
    """SIG-1: every open signal is followed until it is cleared, by the branch it is seen on or by head office."""
    days = span.policy.signals.clear_days
    return union_all(
        _signals(span, "warning_signal", "SIG-1", days), _of_offices(span, "warning_signal", "SIG-1", days, LISTED)
    )


def business_suspensions(span: Span) -> Select:
    """SIG-2: business with a branch or partner beyond a threshold is stopped until it may be resumed (停复牌)."""
    stops = SIGNAL.kind.in_(("branch_non_performing", "partner_impaired"))
    return _of_offices(span, "business_suspension", "SIG-2", span.policy.suspension.propose_days, stops)


LISTED = literal(True)


def _of_offices(span: Span, kind: str, rule: str, days: int, which: Any) -> Select:
    """One for each open signal on a branch, or on a partner, whom head office looks after."""
    subject = literal("S") + cast(SIGNAL.id, String())
    due_on = plus_days(SIGNAL.seen_on, days)
    return duty(
        kind,
        subject,
        literal(rule),
        SIGNAL.seen_on,
        due_on,
        SIGNAL.seen_on,
        NO_LOAN,
        func.coalesce(SIGNAL.branch_no, ""),
    ).where(
        func.coalesce(SIGNAL.branch_no, SIGNAL.partner_no).is_not(None),
        SIGNAL.seen_on.between(span.first, span.last),
        or_(SIGNAL.cleared_on.is_(None), SIGNAL.cleared_on > span.known_on(SIGNAL.seen_on)),
        which,
    )


def special_inspections(span: Span) -> Select | CompoundSelect:
    """INS-9: on a serious signal, unless a special inspection found it; and of the others of the
    borrower's group."""
    case_kind = select(Case.kind).where(Case.case_no == SIGNAL.case_no).scalar_subquery()  # type: ignore[arg-type]
    serious = and_(SIGNAL.kind.in_(span.policy.signals.serious), func.coalesce(case_kind, "") != "special_inspection")
    days = span.policy.inspection.special.days
    own = _signals(span, "special_inspection", "INS-9", days, serious)
    if not span.policy.groups.inspect_others:
        return own
    return union_all(own, _others_of_the_group(span, days, serious))


def _others_of_the_group(span: Span, days: int, serious: Any) -> Select:
    """The first running loan of each other member of a group in which a serious signal is seen."""
    settled = settlements()
    signalled = t.Loan.__table__.alias("signalled")  # type: ignore[attr-defined]
    member, other = (t.GroupMember.__table__.alias(name) for name in ("member", "other_member"))  # type: ignore[attr-defined]
    whose = func.coalesce(SIGNAL.borrower_no, signalled.c.borrower_no)
    found = (
        select(SIGNAL.id, SIGNAL.seen_on, other.c.borrower_no, func.min(LOAN.loan_no).label("loan_no"))
        .outerjoin(signalled, signalled.c.loan_no == SIGNAL.loan_no)
        .join(member, member.c.borrower_no == whose)
        .join(other, and_(other.c.group_no == member.c.group_no, other.c.borrower_no != member.c.borrower_no))
        .join(LOAN.loan_no.table, LOAN.borrower_no == other.c.borrower_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            SIGNAL.seen_on.between(span.first, span.last),
            or_(SIGNAL.cleared_on.is_(None), SIGNAL.cleared_on > span.known_on(SIGNAL.seen_on)),
            LOAN.disbursed_on <= span.known_on(SIGNAL.seen_on),
            running(span, SIGNAL.seen_on, settled),
            serious,
        )
        .group_by(SIGNAL.id, SIGNAL.seen_on, other.c.borrower_no)
        .subquery("others")
    )
    subject = literal("S") + cast(found.c.id, String()) + literal("-") + found.c.borrower_no
    due_on = plus_days(found.c.seen_on, days)
    return duty(
        "special_inspection", subject, literal("SIG-3"), found.c.seen_on, due_on, found.c.seen_on, found.c.loan_no
    )
