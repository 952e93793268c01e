"""Loans: where they stand and what happened to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import func, or_
from sqlmodel import Session, SQLModel, col, select

from postloan.book import accounts
from postloan.book.standings import settlements
from postloan.book.tables import (
    AuditEvent,
    Borrower,
    Case,
    Collateral,
    CollateralLoan,
    Document,
    Drawdown,
    Guarantee,
    Guarantor,
    HumanTask,
    Instalment,
    Loan,
    Notice,
    Position,
    Repayment,
    Signal,
)
from postloan.calendar import ONE_DAY
from postloan.errors import NotFound
from postloan.rules.position import ZERO, bucket

Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True)
class Standing:
    """Where a loan stands at the end of `as_of`; amounts in the loan's currency.

    `source` says who worked it out: "core" (a positions feed), "schedule" (instalments and receipts,
    oldest first), or "settled" (the loan itself says that it is paid).
    """

    as_of: date
    principal_outstanding: Decimal
    overdue: Decimal
    days_past_due: int
    bucket: str
    source: str


def get(session: Session, loan_no: str | None) -> Loan:
    """A loan. Raises NotFound, also for the case that is on none."""
    found = session.get(Loan, loan_no) if loan_no else None
    if found is None:
        raise NotFound(f"there is no loan {loan_no!r} in the book")
    return found


def borrower_of(session: Session, loan: Loan) -> Borrower:
    """The loan's borrower."""
    return session.get_one(Borrower, loan.borrower_no)


def running(session: Session, borrower_no: str, day: date) -> list[Loan]:
    """The borrower's loans that are disbursed and not settled on a day, in the order of their numbers."""
    settled = settlements()
    query = (
        select(Loan)
        .outerjoin(settled, settled.c.loan_no == Loan.loan_no)
        .where(
            Loan.borrower_no == borrower_no,
            Loan.disbursed_on <= day,
            or_(settled.c.settled_on.is_(None), settled.c.settled_on > day),
        )
    )
    return list(session.exec(query.order_by(col(Loan.loan_no))))


def standing(session: Session, loan: Loan, as_of: date) -> Standing:
    """Where the loan stands: as the core system's newest position says, else by its schedule.

    By schedule, receipts cover instalments oldest first and, of what they cover, interest and
    fees before principal; or as the loan's journal says (`accounts`). Penalty interest is as of the last receipt.
    """
    if loan.settled_on is not None and loan.settled_on <= as_of:
        return Standing(as_of, ZERO, ZERO, 0, bucket(0), "settled")
    newest = position(session, loan, as_of)
    if newest is not None:
        # The core system's count grows by a day each day until it says otherwise.
        days = newest.days_past_due + ((as_of - newest.as_of).days if newest.days_past_due else 0)
        return Standing(
            as_of=as_of,
            principal_outstanding=newest.principal_outstanding,
            overdue=newest.overdue_principal + newest.overdue_interest,
            days_past_due=days,
            bucket=bucket(days),
            source="core",
        )
    owed = accounts.owing(session, loan, as_of)
    late = [o for o in owed if o.due_on < as_of and o.unpaid > ZERO]
    days = max(((as_of - o.due_on).days for o in late), default=0)
    paid = sum((o.principal_paid for o in owed), ZERO)
    return Standing(
        as_of=as_of,
        principal_outstanding=max(_drawn(session, loan, as_of) - paid, ZERO),
        overdue=sum((o.unpaid for o in late), ZERO),
        days_past_due=days,
        bucket=bucket(days),
        source="schedule",
    )


def position(session: Session, loan: Loan, as_of: date) -> Position | None:
    """The core system's newest position of a loan by a day; None where it reports none."""
    return session.exec(
        select(Position)
        .where(Position.loan_no == loan.loan_no, Position.as_of <= as_of)
        .order_by(col(Position.as_of).desc())
    ).first()


def last_past_due(session: Session, loan: Loan, since: date, day: date) -> date | None:
    """The latest day after `since` and up to `day` on which the loan was past due, or None: days on which
    the core system said so, on which a receipt came in late, or the last one itself."""
    looked_at = {day}
    looked_at |= set(
        session.exec(
            select(Position.as_of).where(
                Position.loan_no == loan.loan_no, Position.as_of > since, Position.as_of <= day
            )
        )
    )
    dues = session.exec(select(Instalment.due_on).where(Instalment.loan_no == loan.loan_no)).all() or [loan.matures_on]
    looked_at |= {due_on + ONE_DAY for due_on in dues if since < due_on + ONE_DAY <= day}
    receipts = session.exec(select(Repayment.paid_on).where(Repayment.loan_no == loan.loan_no))
    looked_at |= {paid_on - ONE_DAY for paid_on in receipts if since < paid_on - ONE_DAY <= day}
    return next((d for d in sorted(looked_at, reverse=True) if standing(session, loan, d).days_past_due > 0), None)


def _drawn(session: Session, loan: Loan, as_of: date) -> Decimal:
    if session.exec(select(Drawdown).where(Drawdown.loan_no == loan.loan_no).limit(1)).first() is None:
        return loan.principal if loan.disbursed_on <= as_of else ZERO
    drawn = session.exec(
        select(func.sum(Drawdown.amount)).where(Drawdown.loan_no == loan.loan_no, Drawdown.drawn_on <= as_of)
    ).one()
    return drawn or ZERO


@dataclass(frozen=True)
class History:
    """Everything about a loan that its card shows, up to and including a day."""

    loan: Loan
    borrower: Borrower
    guarantees: list[tuple[Guarantee, Guarantor]]
    collaterals: list[Collateral]
    instalments: list[Instalment]
    repayments: list[Repayment]
    signals: list[Signal]
    cases: list[Case]
    tasks: list[HumanTask]
    notices: list[Notice]
    documents: list[Document]
    events: list[AuditEvent]


def history(session: Session, loan: Loan) -> History:
    """The loan's whole history in the book, in order."""

    def of(table: type[Row], *order: object) -> list[Row]:
        return list(session.exec(select(table).where(table.loan_no == loan.loan_no).order_by(*order)))  # type: ignore

    return History(
        loan=loan,
        borrower=borrower_of(session, loan),
        guarantees=[
            (g, p)
            for g, p in session.exec(
                select(Guarantee, Guarantor).join(Guarantor).where(Guarantee.loan_no == loan.loan_no)
            )
        ],
        collaterals=list(
            session.exec(select(Collateral).join(CollateralLoan).where(CollateralLoan.loan_no == loan.loan_no))
        ),
        instalments=of(Instalment, Instalment.number),
        repayments=of(Repayment, Repayment.paid_on, Repayment.receipt_no),
        signals=of(Signal, Signal.seen_on),
        cases=of(Case, Case.opened_on, Case.case_no),
        tasks=list(
            session.exec(
                select(HumanTask)
                .join(Case)
                .where(Case.loan_no == loan.loan_no)
                .order_by(col(HumanTask.asked_at), col(HumanTask.attempt))
            )
        ),
        notices=of(Notice, Notice.queued_at),
        documents=of(Document, Document.created_at),
        events=of(AuditEvent, AuditEvent.seq),
    )
