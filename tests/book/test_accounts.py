"""What is owed is the same wherever it is read: worked out, kept in the journal, added up over the whole book."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from sqlmodel import select

from postloan.book import Book, accounts, loans
from postloan.book.standings import EXCESS, settlements, standings
from postloan.book.tables import Charge, Instalment, Loan, Repayment
from postloan.calendar import months_after
from postloan.policy import PolicyFile
from postloan.rules import allocation
from tests.factory import staff_and_loans

START = date(2025, 1, 31)
NUMBERS = [f"L{n:02d}" for n in range(30)]


def scattered(book: Book, policy_file: PolicyFile, seed: int) -> list[date]:
    """Loans with penalties, charges, reversals, long arrears and consignors; gives days to look at."""
    chance = random.Random(seed)
    staff_and_loans(book, {no: START + timedelta(days=chance.randrange(40)) for no in NUMBERS})
    with book.write() as writer:
        add, session = writer.session.add, writer.session
        for at, no in enumerate(NUMBERS):
            loan = session.get_one(Loan, no)
            loan.penalty_surcharge = Decimal(50) if at % 2 else None
            loan.compound = at % 4 == 1
            loan.day_count = ("actual/360", "actual/365", "30/360")[at % 3]
            loan.consignor = "某公司" if at % 7 == 3 else ""
            add(loan)
            for number in range(1, 7 if at % 5 else 0):
                interest = Decimal(chance.randrange(0, 50_000)) / 100
                principal = Decimal("16666.67") if number < 6 else Decimal("16666.65")
                due_on = months_after(loan.disbursed_on, 2 * number)
                add(
                    Instalment(loan_no=no, number=number, due_on=due_on, principal_due=principal, interest_due=interest)
                )
            if at % 3 == 0:
                due_on = loan.disbursed_on + timedelta(days=chance.randrange(30, 300))
                add(Charge(charge_no=f"C{no}", loan_no=no, kind="advance", charged_on=due_on, due_on=due_on, amount=77))
            paid_on = loan.disbursed_on + timedelta(days=chance.choice((20, 70, 200)))
            for n in range(chance.randrange(0, 12)):
                paid_on += timedelta(days=chance.randrange(0, 60))
                amount = Decimal(chance.choice((833_333, 1_670_000, 2_000_000, 10, 12_000_000))) / 100
                add(Repayment(receipt_no=f"{no}-{n}", loan_no=no, paid_on=paid_on, amount=amount))
                session.flush()
                if chance.random() < 0.2:
                    undone_on = paid_on + timedelta(days=chance.randrange(0, 30))
                    add(
                        Repayment(
                            receipt_no=f"{no}-{n}R", loan_no=no, paid_on=undone_on, amount=amount,
                            reverses=f"{no}-{n}",
                        )
                    )  # fmt: skip
        session.flush()
        kept = accounts.refresh(session, policy_file, NUMBERS)
        assert 10 < kept < 30, "some need a journal, some do not"
    return [START + timedelta(days=d) for d in (0, 45, 95, 180, 290, 330, 400, 500, 900)]


def test_the_book_the_loan_and_a_replay_agree_on_every_day(book: Book, policy_file: PolicyFile) -> None:
    for day in scattered(book, policy_file, 5):
        with book.read() as session:
            together = {row.loan_no: tuple(row)[1:] for row in session.execute(select(standings(day)))}
            every = session.exec(select(Loan)).all()
            books = accounts.open_books(session, policy_file, every)
            for loan in every:
                where = loans.standing(session, loan, day)
                alone = (where.days_past_due, where.principal_outstanding, where.overdue)
                assert together[loan.loan_no] == alone, (loan.loan_no, day)
                of_loan = books[loan.loan_no]
                replayed = allocation.account(of_loan.terms, of_loan.claims, of_loan.receipts, day)
                assert where.days_past_due == replayed.days_past_due, (loan.loan_no, day)
                if loan.disbursed_on <= day:
                    assert where.principal_outstanding == replayed.principal_outstanding
                accrued = replayed.overdue - where.overdue
                assert accrued >= 0, "what accrued since the last receipt is all that is between them"


def test_settled_is_the_day_on_which_a_replay_finds_nothing_owed(book: Book, policy_file: PolicyFile) -> None:
    scattered(book, policy_file, 8)
    with book.read() as session:
        settled = dict(session.execute(select(settlements())).tuples().all())
        assert len(settled) > 3
        every = session.exec(select(Loan)).all()
        for loan_no, books in accounts.open_books(session, policy_file, every).items():
            days = sorted({r.paid_on for r in books.receipts} | {c.due_on for c in books.claims})
            free = [allocation.account(books.terms, books.claims, books.receipts, day).settled for day in days]
            last_owing = max((n for n, one in enumerate(free) if not one), default=-1)
            expected = days[last_owing + 1] if last_owing + 1 < len(days) else None
            assert settled.get(loan_no) == expected, loan_no


def test_money_is_conserved_to_the_cent_and_a_second_time_changes_nothing(book: Book, policy_file: PolicyFile) -> None:
    days = scattered(book, policy_file, 13)
    with book.write() as writer:
        session = writer.session
        before = {no: [e.model_dump() for e in accounts.entries(session, no)] for no in NUMBERS}
        accounts.refresh(session, policy_file, NUMBERS)
        after = {no: [e.model_dump() for e in accounts.entries(session, no)] for no in NUMBERS}
        assert before == after
        for no, journal in after.items():
            for day in days if journal else []:
                paid = sum((e["paid"] for e in journal if e["entered_on"] <= day), Decimal(0))
                assert paid == accounts.received(session, no, day), (no, day)
                held = sum((e["paid"] for e in journal if e["part"] == EXCESS and e["entered_on"] <= day), Decimal(0))
                assert held >= 0
