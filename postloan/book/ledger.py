"""The loan ledger (贷款台帐): each day's changes, and the balances carried forward at a year's end (REC-2).

The day's changes are read from the book itself, so that the ledger shows them on the same day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, insert, literal, or_, select, true
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.engine import Writer
from postloan.book.sql import COUNTING, on
from postloan.book.standings import decided_class, only, settlements, standings
from postloan.book.tables import Case, LedgerBalance
from postloan.policy import Policy
from postloan.rules.classification import CLASSES

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
BALANCE = t.LedgerBalance.__table__.c  # type: ignore[attr-defined]
# What of a loan's terms the ledger shows when it changes, and how it calls that.
TERMS = {
    "annual_rate": "rate_changed",
    "security": "security_changed",
    "matures_on": "extended",
    "principal": "corrected",
    "disbursed_on": "corrected",
    "borrower_no": "corrected",
}


@dataclass(frozen=True)
class Change:
    """A line of the ledger: `amount` in the loan's currency, None where no money moved."""

    day: date
    loan_no: str
    kind: str
    amount: Decimal | None
    detail: str = ""


def changes(session: Session, first: date, last: date, zone: ZoneInfo, loan_no: str | None = None) -> list[Change]:
    """REC-2: disbursements, drawdowns, repayments and reversals, changes of terms and of security, and
    settlements from `first` to `last`, both inclusive; of one loan or of all, in order.

    `zone` is the institution's: a change of terms belongs to the day on which it was entered there.
    """
    found = [
        *_disbursed(session, first, last, loan_no),
        *_drawn(session, first, last, loan_no),
        *_received(session, first, last, loan_no),
        *_settled(session, first, last, loan_no),
        *_terms(session, first, last, zone, loan_no),
    ]
    return sorted(found, key=lambda c: (c.day, c.loan_no, ORDER.index(c.kind), c.detail))


ORDER = (
    "disbursed", "drawn", "repaid", "reversed", "rate_changed", "security_changed", "extended", "corrected", "settled",
)  # fmt: skip


def _of(column: Any, loan_no: str | None) -> Any:
    """Of one loan, or of all."""
    return true() if loan_no is None else column == loan_no


def _disbursed(session: Session, first: date, last: date, of_loan: str | None) -> Iterator[Change]:
    query = select(LOAN.disbursed_on, LOAN.loan_no, LOAN.principal).where(LOAN.disbursed_on.between(first, last))
    for day, loan_no, principal in session.execute(query.where(_of(LOAN.loan_no, of_loan))):
        yield Change(day, loan_no, "disbursed", principal)


def _drawn(session: Session, first: date, last: date, of_loan: str | None) -> Iterator[Change]:
    drawdown = t.Drawdown.__table__.c  # type: ignore[attr-defined]
    query = select(drawdown.drawn_on, drawdown.loan_no, drawdown.amount, drawdown.number).where(
        drawdown.drawn_on.between(first, last), _of(drawdown.loan_no, of_loan)
    )
    for day, loan_no, amount, number in session.execute(query):
        yield Change(day, loan_no, "drawn", amount, f"no. {number}")


def _received(session: Session, first: date, last: date, of_loan: str | None) -> Iterator[Change]:
    repayment = t.Repayment.__table__.c  # type: ignore[attr-defined]
    query = select(
        repayment.paid_on, repayment.loan_no, repayment.amount, repayment.receipt_no, repayment.reverses
    ).where(repayment.paid_on.between(first, last), _of(repayment.loan_no, of_loan))
    for day, loan_no, amount, receipt_no, reverses in session.execute(query):
        if reverses is None:
            yield Change(day, loan_no, "repaid", amount, receipt_no)
        else:
            yield Change(day, loan_no, "reversed", -amount, f"{receipt_no} reverses {reverses}")


def _settled(session: Session, first: date, last: date, of_loan: str | None) -> Iterator[Change]:
    with only([of_loan]) if of_loan is not None else nullcontext():
        settled = settlements()
    query = select(settled.c.settled_on, settled.c.loan_no).where(settled.c.settled_on.between(first, last))
    for day, loan_no in session.execute(query):
        yield Change(day, loan_no, "settled", None)


def _terms(session: Session, first: date, last: date, zone: ZoneInfo, of_loan: str | None) -> Iterator[Change]:
    event = t.AuditEvent.__table__.c  # type: ignore[attr-defined]
    query = select(event.at, event.loan_no, event.event, event.data).where(
        event.event.in_(("loan.changed", "guarantee.changed", "collateral.changed"))
    )
    if of_loan is not None:
        # Collateral may secure several loans: which ones stands in what changed.
        named = event.data.contains(json.dumps(of_loan, ensure_ascii=False), autoescape=True)
        query = query.where(or_(event.loan_no == of_loan, and_(event.event == "collateral.changed", named)))
    for at, loan_no, what, data in session.execute(query.order_by(event.seq)):
        day = at.astimezone(zone).date()
        if not (first <= day <= last):
            continue
        told = json.loads(data)
        before, after = told.get("before", {}), told.get("after", {})
        if what == "guarantee.changed":
            yield Change(day, loan_no, "security_changed", None, f"guarantee: {', '.join(sorted(after))}")
        elif what == "collateral.changed":
            for secured in sorted({*_secured(before), *_secured(after)}):
                if of_loan in (None, secured):
                    yield Change(day, secured, "security_changed", None, f"collateral {told.get('collateral_no')}")
        for name in (name for name in after if what == "loan.changed" and name in TERMS):
            yield Change(day, loan_no, TERMS[name], None, f"{name}: {before.get(name)} → {after[name]}")


def _secured(fields: dict[str, Any]) -> list[str]:
    return list(fields.get("secures") or ())


# ------------------------------------------------------------------------------- year's end


def carry_over(writer: Writer, policy: Policy, case_: Case, as_of: date) -> int:
    """REC-2: carry the balance of every loan of the case's branch forward, as it stood at the end of the
    day; one INSERT … SELECT. Gives how many; carried again, none."""
    where, settled = standings(as_of), settlements()
    newest = decided_class(LOAN.loan_no, as_of)
    limits = policy.classification
    by_days = case(
        (where.c.days_past_due > limits.loss_days, "loss"),
        (where.c.days_past_due > limits.doubtful_days, "doubtful"),
        (where.c.days_past_due > limits.substandard_days, "substandard"),
        (where.c.days_past_due > limits.special_mention_days, "special_mention"),
        else_="normal",
    )
    rows = (
        select(
            LOAN.loan_no,
            on(as_of).label("as_of"),
            where.c.principal_outstanding,
            where.c.overdue,
            where.c.days_past_due,
            # As the card shows it: never better than the days past due allow by then.
            case((_rank(newest) > _rank(by_days), newest), else_=by_days).label("risk_class"),
            literal(case_.case_no).label("case_no"),
        )
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            func.coalesce(LOAN.branch_no, "") == case_.branch_no,
            LOAN.disbursed_on <= as_of,
            or_(settled.c.settled_on.is_(None), settled.c.settled_on > as_of),
            ~select(BALANCE.loan_no).where(and_(BALANCE.loan_no == LOAN.loan_no, BALANCE.as_of == as_of)).exists(),
        )
    )
    entered = insert(LedgerBalance.__table__).from_select([c.name for c in rows.selected_columns], rows)  # type: ignore[attr-defined]
    carried = writer.session.connection().execute(entered, execution_options=COUNTING).rowcount
    if carried:
        writer.record(
            "ledger.carried_over",
            case_no=case_.case_no,
            policy_version=case_.policy_version,
            branch_no=case_.branch_no,
            as_of=as_of,
            loans=carried,
        )
    return carried


def _rank(risk_class: Any) -> Any:
    return case(*((risk_class == name, at) for at, name in enumerate(CLASSES)), else_=-1)


def balances(session: Session, case_no: str) -> list[dict[str, Any]]:
    """The balances that a case carried forward, loan by loan."""
    borrower = t.Borrower.__table__.c  # type: ignore[attr-defined]
    query = (
        select(
            LOAN.loan_no,
            borrower.name,
            LOAN.currency,
            LOAN.principal,
            LOAN.matures_on,
            BALANCE.principal_outstanding,
            BALANCE.overdue,
            BALANCE.days_past_due,
            BALANCE.risk_class,
        )
        .join(LOAN.loan_no.table, LOAN.loan_no == BALANCE.loan_no)
        .join(borrower.borrower_no.table, borrower.borrower_no == LOAN.borrower_no)
        .where(BALANCE.case_no == case_no)
        .order_by(LOAN.loan_no)
    )
    return [dict(row) for row in session.execute(query).mappings()]
