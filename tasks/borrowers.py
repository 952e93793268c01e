"""What the round tells about instalments: borrowers before they fall due, officers when they were missed (MAT-2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlmodel import Session, col, select

from postloan.book import Writer, accounts, calls, duties, notices, people
from postloan.book.calls import Call
from postloan.book.loans import standing
from postloan.book.notices import borrower_recipient, staff_recipient
from postloan.book.tables import Borrower, Extension, Loan
from postloan.rules.allocation import account
from postloan.rules.duties_apart import Mandate, signatories
from postloan.rules.position import ZERO
from postloan.rules.roles import OFFICER
from tasks.notices import queue
from tasks.office import Office

AT_ONCE = 500


@dataclass(frozen=True)
class FallsDue:
    """What a borrower has to pay on a day, an earlier instalment that was missed included, in the loan's currency."""

    loan: Loan
    borrower: Borrower
    due_on: date
    amount: Decimal

    @property
    def on_paper(self) -> bool:
        """Nothing else reaches the borrower."""
        return not (self.borrower.phone or self.borrower.email)


def remind_borrowers(office: Office, writer: Writer, day: date, since: date | None) -> int:
    """Queue a reminder to every borrower of whom an instalment falls due so many days later, one for each loan
    and due date; gives how many were new. Those without an address are on paper (`falling_due`)."""
    new = 0
    for one in falling_due(office, writer.session, day, since):
        key = f"instalment_reminder:{one.loan.loan_no}:{one.due_on}"
        if one.on_paper or notices.by_key(writer.session, key) is not None:
            continue
        queue(
            office,
            writer,
            key=key,
            kind="instalment_reminder",
            to=borrower_recipient(one.borrower),
            loan_no=one.loan.loan_no,
            case_no=None,
            due_on=one.due_on,
            amount=one.amount,
            currency=one.loan.currency,
        )
        new += 1
    return new


def falling_due(office: Office, session: Session, day: date, since: date | None = None) -> Iterator[FallsDue]:
    """MAT-2: what falls due so many days after a day, or after the days missed since another, by due date. What is
    paid already needs no reminder, nor principal that is extended."""
    due = [(loan_no, due_on) for _, loan_no, due_on in duties.to_tell(session, office.policy_file, day, since)]
    due = sorted(due, key=lambda one: (one[1], one[0]))
    for at in range(0, len(due), AT_ONCE):
        yield from _owed(office, session, day, due[at : at + AT_ONCE])


def _owed(office: Office, session: Session, day: date, due: list[tuple[str, date]]) -> Iterator[FallsDue]:
    loans = session.exec(select(Loan).where(col(Loan.loan_no).in_([no for no, _ in due]))).all()
    by_no = {loan.loan_no: loan for loan in loans}
    books = accounts.open_books(session, office.policy_file, loans)
    by_core = accounts.kept_by_core(session, list(by_no), day)
    borrowers = {
        borrower.borrower_no: borrower
        for borrower in session.exec(
            select(Borrower).where(col(Borrower.borrower_no).in_({loan.borrower_no for loan in loans}))
        )
    }
    moving = _moving(session, list(by_no))
    for loan_no, due_on in due:
        loan, of_loan = by_no[loan_no], books[loan_no]
        if loan_no in by_core:
            now = [c for c in of_loan.claims if c.due_on == due_on]
            amount = sum((c.fee + c.interest + c.principal for c in now), standing(session, loan, day).overdue)
        else:
            owed = account(of_loan.terms, of_loan.claims, of_loan.receipts, day).owed
            amount = sum((o.total for o in owed if o.due_on <= due_on), ZERO)
        amount -= moving.get((loan_no, due_on), ZERO)
        if amount > ZERO:
            yield FallsDue(loan, borrowers[loan.borrower_no], due_on, amount)


def _moving(session: Session, loan_nos: list[str]) -> dict[tuple[str, date], Decimal]:
    """The principal that a signed extension is about to move away from a maturity."""
    signed = select(Extension).where(
        col(Extension.loan_no).in_(loan_nos), Extension.state == "signed", Extension.variant == "extension"
    )
    return {(e.loan_no, e.maturity_before): e.amount for e in session.exec(signed)}


def tell_officers_to_call(office: Office, writer: Writer, day: date) -> int:
    """Queue each day's call list to the officers, each theirs; gives how many borrowers are on it.

    Loans without an officer go to everybody who may act as one at the branch.
    """
    policy = office.policy_file.at(day)
    listed = calls.on_day(writer.session, policy, day)
    everyone = people.everyone(writer.session, day)
    theirs: dict[str, list[Call]] = defaultdict(list)
    mandates: dict[tuple[str, str], list[str]] = {}
    for call in listed:
        whose = (call.officer_no, call.branch_no)
        if whose not in mandates:
            mandates[whose] = list(signatories(Mandate(OFFICER, call.officer_no, call.branch_no), everyone))
        for staff_no in mandates[whose]:
            theirs[staff_no].append(call)
    for staff_no, mine in sorted(theirs.items()):
        key = f"call_list:{day}:{staff_no}"
        person = people.get(writer.session, staff_no)
        if (person.email or person.phone) and notices.by_key(writer.session, key) is None:
            queue(
                office,
                writer,
                key=key,
                kind="call_list",
                to=staff_recipient(person),
                loan_no=None,
                case_no=None,
                day=day,
                count=len(mine),
                list=[(call.loan_no, call.days_past_due) for call in mine],
            )
    return len(listed)
