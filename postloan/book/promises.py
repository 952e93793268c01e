"""Promises to pay (承诺还款): an exact amount by an exact day, followed to kept or broken (COL-4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlmodel import Session, col, select

from postloan.book.engine import Writer
from postloan.book.tables import Case, Promise, Repayment
from postloan.rules.collection import Paid, promise_state


def make(writer: Writer, case: Case, number: str, *, made_on: date, due_on: date, amount: Decimal, by: str) -> None:
    """Enter a promise on the case's loan, once; one that was open is superseded by it."""
    if writer.session.get(Promise, number) is not None:
        return
    for earlier in of_loan(writer.session, case.loan_no or ""):
        if earlier.state == "open":
            earlier.state, earlier.settled_on = "superseded", made_on
            writer.session.add(earlier)
    writer.session.add(
        Promise(
            promise_no=number,
            loan_no=case.loan_no or "",
            made_on=made_on,
            due_on=due_on,
            amount=amount,
            case_no=case.case_no,
        )
    )
    writer.record(
        "promise.made",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by,
        promise_no=number,
        due_on=due_on,
        amount=amount,
    )


def follow(writer: Writer, day: date) -> tuple[int, int]:
    """COL-4: what became of the open promises by the end of the day before; gives how many were kept and broken."""
    session = writer.session
    open_ = session.exec(
        select(Promise).where(Promise.state == "open", Promise.made_on <= day).order_by(col(Promise.promise_no))
    ).all()
    money = _received(session, [p.loan_no for p in open_])
    counts = {"kept": 0, "broken": 0, "open": 0}
    for promise in open_:
        state = promise_state(promise.made_on, promise.due_on, promise.amount, money.get(promise.loan_no, []), day)
        counts[state] += 1
        if state != "open":
            promise.state, promise.settled_on = state, day
            session.add(promise)
            writer.record(
                f"promise.{state}",
                loan_no=promise.loan_no,
                case_no=promise.case_no or "",
                promise_no=promise.promise_no,
                due_on=promise.due_on,
                amount=promise.amount,
            )
    return counts["kept"], counts["broken"]


AT_ONCE = 500


def _received(session: Session, loan_nos: Sequence[str]) -> dict[str, list[Paid]]:
    """The receipts in force of each loan."""
    found: dict[str, list[Paid]] = {}
    numbers = sorted(set(loan_nos))
    for at in range(0, len(numbers), AT_ONCE):
        rows = session.exec(select(Repayment).where(col(Repayment.loan_no).in_(numbers[at : at + AT_ONCE]))).all()
        undone = {row.reverses for row in rows if row.reverses}
        for row in rows:
            if not row.reverses and row.receipt_no not in undone:
                found.setdefault(row.loan_no, []).append(Paid(row.paid_on, row.amount))
    return found


def of_loan(session: Session, loan_no: str) -> Sequence[Promise]:
    """The promises on a loan, in order."""
    return session.exec(
        select(Promise).where(Promise.loan_no == loan_no).order_by(col(Promise.made_on), col(Promise.promise_no))
    ).all()


def open_one(session: Session, loan_no: str) -> Promise | None:
    """The promise that is awaited."""
    return next((p for p in of_loan(session, loan_no) if p.state == "open"), None)
