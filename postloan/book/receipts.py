"""Receipts entered by hand: repayments, early ones that change the schedule, reversals (PAY-1, ENT-1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from sqlmodel import Session, select

from postloan.book import accounts, schedules
from postloan.book.engine import Writer
from postloan.book.tables import Case, Consent, Instalment, Loan, Repayment
from postloan.calendar import ONE_DAY
from postloan.policy import PolicyFile
from postloan.rules import allocation
from postloan.rules.allocation import Account, Receipt
from postloan.rules.interest import cents
from postloan.rules.position import ZERO
from postloan.rules.schedule import PLANNED_METHODS, Planned, plan


@dataclass(frozen=True)
class Received:
    """Money that came in, in the loan's currency; with `reverses` the return of that receipt. `early` is "" for
    an ordinary one, "part" where it repays principal ahead of its time, "all" where it settles the loan."""

    receipt_no: str
    paid_on: date
    amount: Decimal
    channel: str = ""
    reverses: str = ""
    early: str = ""


@dataclass(frozen=True)
class Effect:
    """What a receipt would do: the account at the end of its day without and with it, and the new schedule of
    an early one: what is due at once, then the rest."""

    before: Account
    after: Account
    planned: list[Planned]


def effect(session: Session, file: PolicyFile, loan: Loan, received: Received) -> Effect:
    """What entering it would do. Raises ValueError where it cannot be, or does not reach for what it is to be."""
    faults = reversible(session, loan.loan_no, received.reverses, received.paid_on) if received.reverses else []
    if faults:
        raise ValueError("; ".join(faults))
    books = accounts.open_books(session, file, [loan])[loan.loan_no]
    before = allocation.account(books.terms, books.claims, books.receipts, received.paid_on)
    planned, claims = list[Planned](), books.claims
    if received.early:
        planned = _planned(session, file, loan, received, before, books)
        claims = schedules.changed(session, file, loan, **_change(loan, received, planned))
    if received.reverses:
        claims = schedules.as_put_back(session, loan, received.reverses, claims)
    new = Receipt(received.receipt_no, received.paid_on, received.amount, received.reverses)
    after = allocation.account(books.terms, claims, [*books.receipts, new], received.paid_on)
    return Effect(before, after, planned)


def due_to_settle(session: Session, file: PolicyFile, loan: Loan, day: date) -> Decimal:
    """What settles the loan early on a day: all that is due by then, fees and advances that are not, and the
    principal that is not, with interest on it to that day; less what was paid of interest for a later time."""
    account = accounts.account(session, file, loan, day)
    left = schedules.replaced(session, file, loan, day + ONE_DAY)
    return _due(account, day) - account.excess + _to_come(loan, left, account, day)


def _to_come(loan: Loan, left: schedules.Replaced, account: Account, day: date) -> Decimal:
    """What of the claims that are not due on a day has to be paid for the loan to be settled then."""
    later = [owed for owed in account.owed if owed.due_on > day]
    if left.principal <= ZERO:
        return sum((owed.total for owed in later), ZERO)
    fees = sum((owed.fee for owed in later), ZERO)
    return fees + left.principal + left.accrued(loan, day) - left.interest_paid


def _due(account: Account, day: date) -> Decimal:
    return sum((owed.total for owed in account.owed if owed.due_on <= day), ZERO)


def _planned(
    session: Session, file: PolicyFile, loan: Loan, received: Received, before: Account, books: accounts.Books
) -> list[Planned]:
    """The schedule after an early repayment: what it repays is due on its day, with interest on it to that day;
    the rest by the contract's method on the due dates that are left."""
    day = received.paid_on
    _check_nothing_later(session, loan, books, day)
    left = schedules.replaced(session, file, loan, day + ONE_DAY)
    if left.principal <= ZERO:
        raise ValueError("没有未到期本金可提前归还 (there is no principal to repay early)")
    # Interest that was paid for a time to come pays for this one.
    ahead = received.amount + before.excess + left.interest_paid - _due(before, day)
    if received.early == "all":
        to_come = _to_come(loan, left, before, day) + left.interest_paid
        if ahead < to_come:
            raise ValueError(f"结清需 {received.amount + to_come - ahead:,.2f} (to settle it takes so much)")
        return [Planned(1, day, left.principal, left.accrued(loan, day))]
    principal = cents(Fraction(ahead) / (1 + left.growth(loan, day)))
    if not ZERO < principal < left.principal:
        raise ValueError(
            f"扣除到期款项后可提前归还 {max(principal, ZERO):,.2f}, 未到期本金 {left.principal:,.2f} "
            "(what is due comes first; for all of it choose early settlement)"
        )
    unpaid = {o.due_on for o in before.owed if o.interest + o.principal > ZERO}  # what was paid ahead stays paid
    dates = sorted(due_on for due_on in unpaid if due_on > day)
    method = loan.repayment if loan.repayment in PLANNED_METHODS else "equal_principal"
    rest = plan(
        left.principal - principal,
        loan.annual_rate,
        min(left.interest_from, day),
        dates,
        method,
        loan.day_count,
        first_number=2,
    )
    due = cents(Fraction(rest[0].interest) + left.share(left.principal - principal))
    return [Planned(1, day, principal, ahead - principal), dataclasses.replace(rest[0], interest=due), *rest[1:]]


def _check_nothing_later(session: Session, loan: Loan, books: accounts.Books, day: date) -> None:
    """Raises ValueError where something came in or changed after the day, which an early repayment would alter."""
    rows = session.exec(select(Instalment).where(Instalment.loan_no == loan.loan_no))
    days = [receipt.paid_on for receipt in books.receipts] + [row.entered_on for row in rows if row.entered_on]
    if max(days, default=day) > day:
        raise ValueError(
            f"不得早于最近一次收款或计划变更 {max(days)} (not before the latest receipt or change of schedule)"
        )


def _change(loan: Loan, received: Received, planned: Sequence[Planned]) -> schedules.Change:
    return {
        "from_day": received.paid_on + ONE_DAY,
        "amount": sum((p.principal for p in planned), ZERO),
        "planned": planned,
        "annual_rate": loan.annual_rate,
        "day": received.paid_on,
        "interest_kept_until": received.paid_on,
        "settles": received.early == "all",
    }


def reversible(session: Session, loan_no: str, receipt_no: str, day: date) -> list[str]:
    """What keeps a receipt from being undone on a day."""
    found = session.get(Repayment, receipt_no)
    if found is None or found.loan_no != loan_no or found.reverses:
        return [f"本借据没有收款 {receipt_no!r} (there is no such receipt of this loan)"]
    if session.exec(select(Repayment).where(Repayment.reverses == receipt_no)).first() is not None:
        return [f"收款 {receipt_no} 已冲正 (it is undone already)"]
    return [] if day >= found.paid_on else [f"冲正日不得早于收款日 {found.paid_on} (not before it came in)"]


def enter(
    writer: Writer, file: PolicyFile, case: Case, loan: Loan, received: Received, *, document: str, by: Sequence[str]
) -> None:
    """Enter a receipt, its new schedule if it is an early one, and the account that follows, once."""
    session = writer.session
    if session.get(Repayment, received.receipt_no) is not None:
        return
    planned = effect(session, file, loan, received).planned
    amount = received.amount if not received.reverses else session.get_one(Repayment, received.reverses).amount
    if planned:
        schedules.replace(writer, file, loan, received.receipt_no, **_change(loan, received, planned))
    if received.reverses:
        schedules.put_back(writer, loan, received.reverses)
    if received.early and loan.consignor:
        session.add(
            Consent(
                case_no=case.case_no,
                party="consignor",
                party_no=loan.consignor,
                loan_no=loan.loan_no,
                given_on=received.paid_on,
                document=document,
            )
        )
    session.add(
        Repayment(
            receipt_no=received.receipt_no,
            loan_no=loan.loan_no,
            paid_on=received.paid_on,
            amount=amount,
            channel=received.channel,
            reverses=received.reverses or None,
        )
    )
    session.flush()
    accounts.refresh(session, file, [loan.loan_no])
    writer.record(
        "receipt.reversed" if received.reverses else "receipt.entered",
        loan_no=loan.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by[-1],
        receipt_no=received.receipt_no,
        amount=amount,
        paid_on=received.paid_on,
        reverses=received.reverses,
        document=document,
        by=list(by),
    )
