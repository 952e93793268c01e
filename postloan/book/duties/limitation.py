"""The rights that would lapse: interrupted before they do, and never in silence (LIM-1, LIM-2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, String, Subquery, and_, case, cast, exists, func, literal, or_, select, union_all

from postloan.book import tables as t
from postloan.book.duties.base import LOAN, Span, duty, running
from postloan.book.sql import greatest, plus_days, plus_months
from postloan.book.standings import looked_at, settlements

GUARANTEE = t.Guarantee.__table__.c  # type: ignore[attr-defined]
INSTALMENT = t.Instalment.__table__.c  # type: ignore[attr-defined]
INTERRUPTION = t.Interruption.__table__.c  # type: ignore[attr-defined]
REPAYMENT = t.Repayment.__table__.c  # type: ignore[attr-defined]


def limitation_warnings(span: Span) -> Select:
    """LIM-1: for the borrower of every loan that is not paid, and every guarantor who was called upon, the last
    day but so many on which the period has to be interrupted; open long before."""
    rule = span.policy.limitation
    runs = _runs(_guaranteed_until(rule.guarantee_months))
    lapses_on = plus_months(runs.c.started_on, literal(12 * rule.years))
    opens_on = plus_days(lapses_on, -rule.warn_days)
    due_on = plus_days(lapses_on, -rule.act_days)
    settled = settlements()
    return (
        duty(
            "limitation_warning",
            runs.c.party_no + literal("-") + cast(lapses_on, String()),
            literal("LIM-1"),
            lapses_on,
            due_on,
            opens_on,
        )
        .select_from(LOAN.loan_no.table)
        .join(runs, runs.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            lapses_on.between(span.first, span.last),
            running(span, opens_on, settled),
            # What was there before is the former system's to have dealt with; a right that is over is past help.
            lapses_on >= span.known_on(opens_on),
        )
    )


def guarantee_warnings(span: Span) -> Select:
    """LIM-2: every guarantor who was not called upon, the last day but so many of his guarantee period; a general
    guarantor only by suit."""
    rule = span.policy.limitation
    until = _guaranteed_until(rule.guarantee_months)
    due_on, opens_on = plus_days(until, -rule.guarantee_act_days), plus_days(until, -rule.guarantee_warn_days)
    called = exists().where(*_calls_upon(), INTERRUPTION.happened_on <= until)
    settled = settlements()
    return (
        duty(
            "guarantee_period_warning",
            GUARANTEE.guarantor_no + literal("-") + LOAN.loan_no + literal("-") + cast(until, String()),
            literal("LIM-2"),
            until,
            due_on,
            opens_on,
        )
        .select_from(LOAN.loan_no.table)
        .join(t.Guarantee, GUARANTEE.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            until.between(span.first, span.last),
            LOAN.first_drawdown_on < due_on,
            running(span, opens_on, settled),
            until >= span.known_on(opens_on),
            ~called,
        )
    )


def _guaranteed_until(months: int) -> Any:
    """The last day of a guarantee period: as agreed, else so many months from maturity. One agreed to end by then is
    none (art. 692)."""
    agreed = GUARANTEE.until_on > LOAN.matures_on
    return case((agreed, GUARANTEE.until_on), else_=plus_months(LOAN.matures_on, literal(months)))


def _calls_upon() -> tuple[Any, ...]:
    """What makes an act one that calls upon the guarantor of a guarantee: after maturity, as his period begins with
    it, and against a general one a suit (art. 692, 693)."""
    return (
        INTERRUPTION.loan_no == LOAN.loan_no,
        INTERRUPTION.party == "guarantor",
        INTERRUPTION.party_no == GUARANTEE.guarantor_no,
        INTERRUPTION.happened_on > LOAN.matures_on,
        or_(GUARANTEE.kind != "general", INTERRUPTION.kind == "suit"),
    )


def _runs(guaranteed_until: Any) -> Subquery:
    """(loan_no, party_no, started_on): since when each right runs. Acts after a period had lapsed are not told
    apart here: nobody lets one lapse unseen from the first round on."""
    last = (
        select(INSTALMENT.loan_no, func.max(INSTALMENT.due_on).label("due_on"))
        .where(looked_at(INSTALMENT.loan_no))
        .group_by(INSTALMENT.loan_no)
        .subquery("last_instalment")
    )
    undone = select(REPAYMENT.reverses).where(REPAYMENT.reverses.is_not(None), looked_at(REPAYMENT.loan_no))
    paid = select(REPAYMENT.loan_no, REPAYMENT.paid_on.label("day")).where(
        func.coalesce(REPAYMENT.reverses, "") == "", REPAYMENT.receipt_no.not_in(undone), looked_at(REPAYMENT.loan_no)
    )
    told = select(INTERRUPTION.loan_no, INTERRUPTION.happened_on).where(
        INTERRUPTION.party == "borrower", looked_at(INTERRUPTION.loan_no)
    )
    acts = union_all(paid, told).subquery("acts")
    newest = select(acts.c.loan_no, func.max(acts.c.day).label("day")).group_by(acts.c.loan_no).subquery("newest_act")
    due: Any = greatest(LOAN.matures_on, func.coalesce(last.c.due_on, LOAN.matures_on))
    debtors = (
        select(
            LOAN.loan_no,
            LOAN.borrower_no.label("party_no"),
            greatest(due, func.coalesce(newest.c.day, due)).label("started_on"),
        )
        .select_from(LOAN.loan_no.table)
        .outerjoin(last, last.c.loan_no == LOAN.loan_no)
        .outerjoin(newest, newest.c.loan_no == LOAN.loan_no)
        .where(looked_at(LOAN.loan_no))
    )
    called = (
        select(LOAN.loan_no, GUARANTEE.guarantor_no, func.max(INTERRUPTION.happened_on).label("started_on"))
        .select_from(LOAN.loan_no.table)
        .join(t.Guarantee, GUARANTEE.loan_no == LOAN.loan_no)
        .join(t.Interruption, and_(*_calls_upon()))
        .where(looked_at(LOAN.loan_no))
        .group_by(LOAN.loan_no, GUARANTEE.guarantor_no, GUARANTEE.until_on, LOAN.matures_on)
        # Who was not called upon in his guarantee period is free: no later act begins anything.
        .having(func.min(INTERRUPTION.happened_on) <= guaranteed_until)
    )
    return union_all(debtors, called).subquery("runs")
