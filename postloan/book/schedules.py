"""Changing the schedule of a loan that runs: for an extension, a rescheduling, an early repayment.

What an instalment was paid stays with it; what is not paid of those that are replaced goes into new ones, in
one transaction with the change of the loan's terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlmodel import Session, col, select

from postloan.book import accounts
from postloan.book.engine import Writer
from postloan.book.standings import REST
from postloan.book.tables import Instalment, Loan
from postloan.policy import PolicyFile
from postloan.rules.position import ZERO
from postloan.rules.schedule import Planned


@dataclass(frozen=True)
class Replaced:
    """What a change of schedule takes from the old one.

    Attributes:
        principal: unpaid principal of the claims that are replaced.
        interest_from: the day from which the new schedule bears interest: the due date before them.
    """

    principal: Decimal
    interest_from: date


def replaced(session: Session, file: PolicyFile, loan: Loan, from_day: date) -> Replaced:
    """What a new schedule would replace: everything due on `from_day` or later."""
    books = accounts.open_books(session, file, [loan])[loan.loan_no]
    earlier = [claim.due_on for claim in books.claims if claim.due_on < from_day]
    left = _unpaid(session, file, loan, from_day)
    return Replaced(sum(left.values(), ZERO), max([loan.disbursed_on, *earlier]))


def _unpaid(session: Session, file: PolicyFile, loan: Loan, from_day: date) -> dict[str, Decimal]:
    """The unpaid principal of each claim due on a day or later, as all receipts so far leave it."""
    account = accounts.account(session, file, loan, date.max)
    return {owed.number: owed.principal for owed in account.owed if owed.due_on >= from_day}


def replace(
    writer: Writer,
    file: PolicyFile,
    loan: Loan,
    *,
    from_day: date,
    amount: Decimal,
    planned: Sequence[Planned],
    annual_rate: Decimal,
    day: date,
    interest_kept_until: date,
) -> None:
    """Put new instalments in the place of unpaid principal that was due on `from_day` or later, latest first.

    Args:
        amount: principal that moves, in the loan's currency; that of `planned`.
        annual_rate: percent per year; penalty interest on what stays is reckoned from the old one.
        day: on which the change is entered.
        interest_kept_until: unpaid interest that was due by then stays due; what was due later is dropped, as
            the new schedule bears it.

    Raises ValueError where less than `amount` is unpaid, or `planned` is another sum.
    """
    left = _unpaid(writer.session, file, loan, from_day)
    if sum((p.principal for p in planned), ZERO) != amount or sum(left.values(), ZERO) < amount:
        raise ValueError(f"loan {loan.loan_no}: {amount} cannot be moved to the new schedule")
    books = accounts.open_books(writer.session, file, [loan])[loan.loan_no]
    rest = next((claim for claim in books.claims if claim.number == REST), None)
    rows = writer.session.exec(
        select(Instalment).where(Instalment.loan_no == loan.loan_no).order_by(col(Instalment.due_on).desc())
    ).all()
    moving = amount
    for row in rows:
        before = row.model_dump(include={"principal_due", "interest_due", "annual_rate"})
        if row.annual_rate is None and annual_rate != loan.annual_rate:
            row.annual_rate = loan.annual_rate
        if row.due_on >= from_day:
            part = min(left.get(str(row.number), ZERO), moving)
            row.principal_due -= part
            moving -= part
            if row.due_on > interest_kept_until:
                row.interest_due = _interest_paid(writer.session, file, loan, row)
        _record(writer, loan, row.number, before, row.model_dump(include=set(before)))
        writer.session.add(row)
    number = max((row.number for row in rows), default=0) + 1
    if rest is not None and rest.principal > moving:
        # What no instalment spoke of and does not move stays due when it was, wherever the maturity goes.
        _add(writer, loan, number, Planned(number, rest.due_on, rest.principal - moving, ZERO), day)
        number += 1
    for n, new in enumerate(planned, start=number):
        _add(writer, loan, n, new, day)
    writer.session.flush()


def _add(writer: Writer, loan: Loan, number: int, new: Planned, day: date) -> None:
    row = Instalment(
        loan_no=loan.loan_no,
        number=number,
        due_on=new.due_on,
        principal_due=new.principal,
        interest_due=new.interest,
        entered_on=day,
    )
    writer.session.add(row)
    nothing = {"principal_due": ZERO, "interest_due": ZERO}
    _record(writer, loan, number, nothing, row.model_dump(include=set(nothing)))


def _interest_paid(session: Session, file: PolicyFile, loan: Loan, row: Instalment) -> Decimal:
    account = accounts.account(session, file, loan, date.max)
    unpaid = next(owed.interest for owed in account.owed if owed.number == str(row.number))
    return row.interest_due - unpaid


def _record(writer: Writer, loan: Loan, number: int, before: dict, after: dict) -> None:
    changed = {name: value for name, value in after.items() if before[name] != value}
    if changed:
        old = {name: before[name] for name in changed}
        writer.record("instalment.changed", loan_no=loan.loan_no, number=number, before=old, after=changed)


def change_terms(writer: Writer, loan: Loan, **terms: object) -> None:
    """Change terms of a loan, and say so on the audit trail."""
    changed = {name: value for name, value in terms.items() if getattr(loan, name) != value}
    if not changed:
        return
    before = {name: getattr(loan, name) for name in changed}
    for name, value in changed.items():
        setattr(loan, name, value)
    writer.session.add(loan)
    writer.session.flush()
    writer.record("loan.changed", loan_no=loan.loan_no, before=before, after=changed)
