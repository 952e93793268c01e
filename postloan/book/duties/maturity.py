"""What a loan's end brings: reminders, the visit before maturity, the notice, the deadlines of an extension, and
the settlement (INS-12, MAT-1 to MAT-4, EXT-1, EXT-2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, String, case, cast, exists, func, literal, select, union_all

from postloan.book import tables as t
from postloan.book.duties.base import LOAN, DutySelect, Span, duty, nothing, running
from postloan.book.sql import on, plus_days, plus_months
from postloan.book.standings import settlements

CASE = t.Case.__table__.c  # type: ignore[attr-defined]
INSTALMENT = t.Instalment.__table__.c  # type: ignore[attr-defined]
EXTENSION = t.Extension.__table__.c  # type: ignore[attr-defined]
ROUND = t.RoundDay.__table__.c  # type: ignore[attr-defined]


def pre_maturity_visits(span: Span) -> Select:
    """INS-12: a visit at the borrower's door, so many days ahead of maturity by product and term."""
    rule = span.policy.maturity
    ahead: list[tuple[Any, Any]] = [
        (LOAN.product == product, plus_days(LOAN.matures_on, -days))
        for product, days in rule.visit_days_by_product.items()
    ]
    short = LOAN.matures_on <= plus_months(LOAN.disbursed_on, literal(12))
    ahead.append((short, plus_days(LOAN.matures_on, -rule.visit_days_ahead)))
    due_on = case(*ahead, else_=plus_days(LOAN.matures_on, -rule.visit_days_ahead_longer))
    leads = (*rule.visit_days_by_product.values(), rule.visit_days_ahead, rule.visit_days_ahead_longer)
    opens_on = case(
        *((condition, plus_days(day, -rule.visit_opens_days_before)) for condition, day in ahead),
        else_=plus_days(LOAN.matures_on, -rule.visit_days_ahead_longer - rule.visit_opens_days_before),
    )
    return _before_maturity(span, "pre_maturity_visit", "INS-12", due_on, opens_on, max(leads))


def repayment_notices(span: Span) -> Select:
    """MAT-1: the repayment notice (归还贷款提示通知书) is out so many days ahead of maturity."""
    rule = span.policy.maturity
    due_on = plus_days(LOAN.matures_on, -rule.notice_days_ahead)
    opens_on = plus_days(LOAN.matures_on, -rule.notice_days_ahead - rule.notice_opens_days_before)
    return _before_maturity(span, "repayment_notice", "MAT-1", due_on, opens_on, rule.notice_days_ahead)


def extension_deadline(kind: str, rule: str) -> DutySelect:
    """EXT-1, EXT-2: the last day on which a borrower applies, and on which the office files it for approval."""

    def select_(span: Span) -> Select:
        days = {"EXT-1": span.policy.extension.apply_days, "EXT-2": span.policy.extension.file_days}[rule]
        due_on = plus_days(LOAN.matures_on, -days)
        return _before_maturity(span, kind, rule, due_on, due_on, days)

    return select_


def _before_maturity(span: Span, kind: str, rule: str, due_on: Any, opens_on: Any, lead: int) -> Select:
    """One for each maturity of a loan that runs, whoever changes the maturity; after it, it is too late. None where
    a signed extension is about to move it."""
    first, last = max(span.first, span.due_from), min(span.last, _later(span.due_to, lead))
    if span.as_of is not None:
        first = max(first, span.as_of)
    if last < first:
        return nothing(kind)
    settled = settlements()
    moves = exists().where(
        EXTENSION.loan_no == LOAN.loan_no,
        EXTENSION.state == "signed",
        EXTENSION.maturity_before == LOAN.matures_on,
    )
    return (
        duty(kind, cast(LOAN.matures_on, String()), literal(rule), LOAN.matures_on, due_on, opens_on)
        .select_from(LOAN.loan_no.table)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(LOAN.matures_on.between(first, last), due_on > LOAN.first_drawdown_on, running(span, opens_on, settled))
        .where(~moves)
    )


def instalment_reminders(span: Span) -> Select:
    """MAT-2: the borrower is told so many days before each instalment, and before what is due at maturity."""
    days = span.policy.repayment.remind_days_before
    first, last = max(span.first, _later(span.due_from, days)), min(span.last, _later(span.due_to, days))
    if last < first:
        return nothing("instalment_reminder")
    scheduled = select(INSTALMENT.loan_no, INSTALMENT.due_on).where(INSTALMENT.due_on.between(first, last))
    later = exists().where(INSTALMENT.loan_no == LOAN.loan_no, INSTALMENT.due_on >= LOAN.matures_on)
    unscheduled = select(LOAN.loan_no, LOAN.matures_on).where(LOAN.matures_on.between(first, last), ~later)
    due = union_all(scheduled, unscheduled).subquery("due")
    settled = settlements()
    remind_on = plus_days(due.c.due_on, -days)
    return (
        duty(
            "instalment_reminder",
            cast(due.c.due_on, String()),
            literal("MAT-2"),
            due.c.due_on,
            remind_on,
            remind_on,
        )
        .select_from(due)
        .join(LOAN.loan_no.table, LOAN.loan_no == due.c.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(LOAN.first_drawdown_on < due.c.due_on, running(span, remind_on, settled))
        .distinct()
    )


def settlements_due(span: Span) -> Select:
    """MAT-4: a loan whose last cent is in is settled. Those settled before the first round were the former
    system's. One that was reopened is settled again, also as of the same day: a receipt that was reversed by mistake
    is entered anew as of the day on which it came."""
    rule = span.policy.settlement
    settled = settlements()
    known = span.as_of or span.known
    began = func.coalesce(select(func.min(ROUND.day)).scalar_subquery(), on(known))
    last = known if span.as_of is not None else min(span.last, span.due_to)
    due_on = plus_days(settled.c.settled_on, rule.days)
    day = cast(settled.c.settled_on, String())
    reopened = (
        select(func.count())
        .where(CASE.kind == "settlement", CASE.loan_no == LOAN.loan_no, CASE.anchor_on == settled.c.settled_on)
        .where(CASE.state == "closed", CASE.outcome == "reopened")
        .scalar_subquery()
    )
    return (
        duty(
            "settlement",
            case((reopened == 0, day), else_=day + "-" + cast(reopened + 1, String())),
            literal("MAT-4"),
            settled.c.settled_on,
            due_on,
            settled.c.settled_on,
        )
        .select_from(LOAN.loan_no.table)
        .join(settled, settled.c.loan_no == LOAN.loan_no)
        .where(settled.c.settled_on >= began, settled.c.settled_on.between(span.first, min(span.last, last)))
    )


def _later(day: date, days: int) -> date:
    """So many days later, as far as there are dates."""
    return day + timedelta(days=days) if date.max - day > timedelta(days=days) else date.max
