"""Promises to pay (承诺还款): an exact amount by an exact day, followed to kept or broken (COL-4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from sqlmodel import Session, and_, col, or_, select

from postloan.book import cases
from postloan.book.engine import Writer
from postloan.book.tables import Case, Position, Promise, Repayment
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
    cases.record(writer, case, "promise.made", by, promise_no=number, due_on=due_on, amount=amount)


# A receipt of the last day may come in a feed after the round that found the promise broken.
SECOND_LOOK = timedelta(days=7)
AT_ONCE = 500


def follow(writer: Writer, day: date) -> tuple[int, int]:
    """COL-4: what became of the open promises by the end of a day, and of those that were found broken in the last
    week; gives how many turned out kept and broken."""
    session = writer.session
    waiting = session.exec(
        select(Promise)
        .where(
            or_(Promise.state == "open", and_(Promise.state == "broken", col(Promise.settled_on) >= day - SECOND_LOOK)),
            Promise.made_on <= day,
        )
        .order_by(col(Promise.promise_no))
    ).all()
    money = _received(session, [p.loan_no for p in waiting])
    counts = {"kept": 0, "broken": 0, "open": 0}
    for promise in waiting:
        paid = money[promise.loan_no] if promise.loan_no in money else _by_core(session, promise, day)
        state = promise_state(promise.made_on, promise.due_on, promise.amount, paid, day)
        if state == promise.state or state == "open":
            continue
        counts[state] += 1
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


def _received(session: Session, loan_nos: Sequence[str]) -> dict[str, list[Paid]]:
    """The receipts in force of each loan that has any."""
    found: dict[str, list[Paid]] = {}
    numbers = sorted(set(loan_nos))
    for at in range(0, len(numbers), AT_ONCE):
        rows = session.exec(select(Repayment).where(col(Repayment.loan_no).in_(numbers[at : at + AT_ONCE]))).all()
        undone = {row.reverses for row in rows if row.reverses}
        for row in rows:
            mine = found.setdefault(row.loan_no, [])
            if not row.reverses and row.receipt_no not in undone:
                mine.append(Paid(row.paid_on, row.amount))
    return found


def _by_core(session: Session, promise: Promise, day: date) -> list[Paid]:
    """Of a loan whose receipts the core system keeps: by how much less is owed at its last position up to the day of
    payment than when it was promised, as one payment."""
    before = _position(session, promise.loan_no, promise.made_on)
    after = _position(session, promise.loan_no, min(promise.due_on, day))
    if before is None or after is None or after.as_of <= before.as_of:
        return []
    if after.days_past_due == 0:
        return [Paid(after.as_of, promise.amount)]
    less = before.principal_outstanding + before.overdue_interest - after.principal_outstanding - after.overdue_interest
    return [Paid(after.as_of, less)]


def _position(session: Session, loan_no: str, day: date) -> Position | None:
    return session.exec(
        select(Position).where(Position.loan_no == loan_no, Position.as_of <= day).order_by(col(Position.as_of).desc())
    ).first()


def of_loan(session: Session, loan_no: str) -> Sequence[Promise]:
    """The promises on a loan, in order."""
    return session.exec(
        select(Promise).where(Promise.loan_no == loan_no).order_by(col(Promise.made_on), col(Promise.promise_no))
    ).all()


def open_one(session: Session, loan_no: str) -> Promise | None:
    """The promise that is awaited."""
    return next((p for p in of_loan(session, loan_no) if p.state == "open"), None)
