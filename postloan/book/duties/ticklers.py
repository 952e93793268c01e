"""Documents that lapse, or are due on days of each year: the policy's, without code (INS-11)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, String, cast, func, literal, or_, select, union_all

from postloan.book import tables as t
from postloan.book.duties.base import BORROWER, LOAN, DutySelect, Span, duty, nothing, running
from postloan.book.sql import on, plus_days
from postloan.book.standings import settlements
from postloan.policy.sections import Tickler


def tickler(name: str, rule: Tickler) -> DutySelect:
    """The SELECT of a document that lapses on a date of the book, or is due on days of each year."""

    def select_(span: Span) -> Select:
        settled = settlements()
        due_on, subject, source = _lapses(span, rule)
        if due_on is None:
            return nothing(name)
        opens_on = plus_days(due_on, -rule.opens_days_before)
        # After maturity it matters only for a loan that is known not to be paid.
        matters = or_(LOAN.matures_on >= due_on, LOAN.matures_on < span.known)
        found = (
            source.outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
            .with_only_columns(
                func.min(LOAN.loan_no).label("loan_no"), subject.label("subject"), due_on.label("due_on")
            )
            .where(
                due_on.between(max(span.first, span.due_from), min(span.last, span.due_to)),
                LOAN.first_drawdown_on < due_on,
                matters,
                running(span, opens_on, settled),
            )
            .group_by(subject, due_on)
        )
        if rule.borrower_kinds:
            found = found.where(BORROWER.kind.in_(rule.borrower_kinds))
        one = found.subquery("lapsing")
        return duty(
            name,
            one.c.subject + literal("-") + cast(one.c.due_on, String()),
            literal(rule.rule),
            one.c.due_on,
            one.c.due_on,
            plus_days(one.c.due_on, -rule.opens_days_before),
            one.c.loan_no,
        )

    return select_


def _lapses(span: Span, rule: Tickler) -> tuple[Any, Any, Any]:
    """(the day, what it is about, the rows that have it); the day is None where there is none."""
    loans = select(LOAN.loan_no).join(t.Borrower, BORROWER.borrower_no == LOAN.borrower_no)
    if rule.on.startswith("collateral."):
        collateral = t.Collateral.__table__.c  # type: ignore[attr-defined]
        secures = t.CollateralLoan.__table__.c  # type: ignore[attr-defined]
        source = loans.join(t.CollateralLoan, secures.loan_no == LOAN.loan_no).join(
            t.Collateral, collateral.collateral_no == secures.collateral_no
        )
        return collateral[rule.on.split(".")[1]], collateral.collateral_no, source
    if rule.on == "borrower.licence_until":
        return BORROWER.licence_until, LOAN.borrower_no, loans
    days = [day for day in _each_year(span, rule.yearly)]
    if not days:
        return None, None, None
    dates = union_all(*(select(on(day).label("day")) for day in days)).subquery("dates")
    return dates.c.day, LOAN.borrower_no, loans.join(dates, literal(True))


def _each_year(span: Span, days: list[str]) -> list[date]:
    first, last = max(span.first, span.due_from), min(span.last, span.due_to)
    found = (date.fromisoformat(f"{year:04}-{day}") for year in range(first.year, last.year + 1) for day in days)
    return sorted(day for day in found if first <= day <= last)
