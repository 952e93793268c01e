"""What is owed is the same wherever it is read: worked out, kept in the journal, added up over the whole book."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import Session, select

from postloan import policy
from postloan.book import Book, Writer, accounts, extensions, loans, receipts
from postloan.book.receipts import Received
from postloan.book.standings import EXCESS, settlements, standings
from postloan.book.tables import AccountEntry, Charge, Drawdown, Instalment, Loan, Repayment
from postloan.calendar import months_after
from postloan.errors import PostloanError
from postloan.policy import PolicyFile
from postloan.rules import allocation
from postloan.rules.interest import DAY_COUNTS
from tests.book.test_schedules import account, agree, ask, case_on, extend, lend, money, pay
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


# ------------------------------------------------------------------------- through all that may happen to a loan


@pytest.mark.parametrize("seed", range(2))
def test_nothing_gets_lost_in_any_sequence(book: Book, policy_file: PolicyFile, seed: int) -> None:
    """Receipts, reversals, charges, extensions, reschedulings, early repayments, as they come."""
    numbers, chance = lend(book, 60 + seed, 12), random.Random(seed)
    did: Counter[str] = Counter()
    for no in numbers:
        with book.read() as session:
            day = loans.get(session, no).disbursed_on
        for step in range(9):
            day += timedelta(days=chance.randrange(1, 70))
            try:
                with book.write() as writer:
                    before = account(writer.session, policy_file, no, day)
                    what = _something(writer, policy_file, no, day, step, chance)
                    accounts.refresh(writer.session, policy_file, [no])
                    after = account(writer.session, policy_file, no, day)
                    received = accounts.received(writer.session, no, day)
                    lent = sum(c.principal for c in _books(writer.session, policy_file, no).claims)
                    drawn = writer.session.get(Drawdown, (no, 1)) is not None
            except (PostloanError, ValueError):
                continue  # refused: nothing of it is entered
            did[what] += 1
            assert sum(after.paid.values()) + after.excess == received, (no, what)
            assert after.paid["principal"] + after.principal_outstanding == lent == (60_000 if drawn else 100_000)
            if what in ("extension", "rescheduling"):
                # Penalty or interest that was paid may pay something else, never the other way.
                assert after.principal_outstanding <= before.principal_outstanding, (no, what)
    assert min(did[w] for w in ("receipt", "reversal", "charge", "extension", "rescheduling", "early")) > 1, did
    with book.write() as writer:
        session = writer.session
        kept = {no: [e.model_dump() for e in accounts.entries(session, no)] for no in numbers}
        assert accounts.refresh(session, policy_file, numbers) == sum(map(bool, kept.values()))
        assert kept == {no: [e.model_dump() for e in accounts.entries(session, no)] for no in numbers}
        settled = dict(session.execute(select(settlements())).tuples().all())
        for no in numbers:
            of = _books(session, policy_file, no)
            days = sorted({r.paid_on for r in of.receipts} | {c.due_on for c in of.claims})
            free = [allocation.account(of.terms, of.claims, of.receipts, day).settled for day in days]
            owing = max((n for n, one in enumerate(free) if not one), default=-1)
            assert settled.get(no) == (days[owing + 1] if owing + 1 < len(days) else None), no
        for days_on in (40, 60, 150, 260, 365, 366, 500, 900):
            agree(session, policy_file, numbers, START + timedelta(days=days_on))


def _something(writer: Writer, file: PolicyFile, no: str, day: date, step: int, chance: random.Random) -> str:
    session, loan = writer.session, loans.get(writer.session, no)
    what = chance.choice(("receipt", "receipt", "reversal", "charge", "extension", "rescheduling", "early"))
    if what == "charge":
        due_on = day + timedelta(days=chance.randrange(0, 60))
        about = {"kind": "fee", "charged_on": day, "due_on": due_on, "amount": money(12.34)}
        session.add(Charge(charge_no=f"C{no}-{step}", loan_no=no, **about))
        session.flush()
    elif what in ("extension", "rescheduling"):
        there = extensions.unpaid_principal(session, file, loan, what, day)
        amount = there if what == "rescheduling" else money(there / chance.choice((1, 3)))
        if not amount:
            raise ValueError("nothing to extend")
        extend(writer, file, no, ask(months_after(loan.matures_on, chance.choice((2, 9))), amount, what), day)
        extensions.take_force(writer, file, day)
    elif what == "early":
        due = receipts.due_to_settle(session, file, loan, day)
        early = chance.choice(("part", "all"))
        received = Received(f"E{no}-{step}", day, due if early == "all" else money(due / 4), early=early)
        case = case_on(writer, file, "receipt", no, day)
        receipts.enter(writer, file, case, loan, received, document="凭证", by=["F1"])
    elif what == "reversal":
        rows = session.exec(select(Repayment).where(Repayment.loan_no == no)).all()
        undone = {r.reverses for r in rows}
        free = [r.receipt_no for r in rows if not r.reverses and r.receipt_no not in undone]
        if not free:
            raise ValueError("nothing to undo")
        pay(session, no, day, 1, reverses=chance.choice(free))
    else:
        pay(session, no, day, money(chance.choice((0.01, 400, 5_000, 26_000, 120_000))))
    return what


def _books(session: Session, file: PolicyFile, no: str) -> accounts.Books:
    return accounts.open_books(session, file, [loans.get(session, no)])[no]


# ----------------------------------------------------------------------------------------------- single cases


def test_receipts_that_simply_cover_the_schedule_need_no_journal(book: Book, policy_file: PolicyFile) -> None:
    """In time, in part, ahead and too much; the figures are those of the replay all the same."""
    numbers = [f"L{n}" for n in range(4)]
    staff_and_loans(book, dict.fromkeys(numbers, START))
    with book.write() as writer:
        session = writer.session
        for no in numbers:
            for number in range(1, 5):
                about = {"loan_no": no, "number": number, "due_on": months_after(START, 3 * number)}
                session.add(Instalment(principal_due=25_000, interest_due=300, fee_due=money(5), **about))
        for no, paid in zip(
            numbers,
            ([(90, 25_305)], [(20, 100), (60, 30_000)], [(1, 150_000)], [(95, 200), (150, 25_105)]),
            strict=True,
        ):
            for days, amount in paid:
                pay(session, no, START + timedelta(days=days), amount)
        assert accounts.refresh(session, policy_file, numbers) == 0
        for days in (0, 20, 61, 89, 90, 91, 100, 151, 200, 300, 400):
            agree(session, policy_file, numbers, START + timedelta(days=days))
        settled = dict(session.execute(select(settlements())).tuples().all())
        assert settled == {"L2": START + timedelta(days=1)}


@pytest.mark.parametrize("what", ["held", "twice"])
def test_a_bounced_receipt_leaves_the_days_before_as_they_were(book: Book, policy_file: PolicyFile, what: str) -> None:
    """Without any penalty: money of an entrusted loan that was held; a loan that was paid twice."""
    staff_and_loans(book, {"L1": START})
    with book.write() as writer:
        session, loan = writer.session, loans.get(writer.session, "L1")
        loan.consignor = "某公司" if what == "held" else ""
        session.add(loan)
        made = pay(session, "L1", START + timedelta(days=10), 100_000)
        if what == "twice":
            pay(session, "L1", START + timedelta(days=11), 100_000)
        pay(session, "L1", START + timedelta(days=13), 1, reverses=made)
        accounts.refresh(session, policy_file, ["L1"])
        for days in (9, 10, 11, 12, 13, 14, 400):
            agree(session, policy_file, ["L1"], START + timedelta(days=days))
        settled = dict(session.execute(select(settlements())).tuples().all())
        assert settled == ({"L1": START + timedelta(days=10)} if what == "twice" else {})


@pytest.mark.parametrize(
    "order", [("principal", "interest", "fee", "penalty"), ("interest", "principal", "fee", "penalty")]
)
def test_another_order_of_the_contract_counts_for_receipts_in_time_as_well(
    book: Book, tmp_path: Path, order: tuple[str, ...]
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(f'extends = "policy.toml"\n[repayment]\norder = {list(order)}\n')
    agreed = policy.load(file)
    staff_and_loans(book, {"L1": START})
    with book.write() as writer:
        session = writer.session
        about = {"loan_no": "L1", "number": 1, "due_on": months_after(START, 12)}
        session.add(Instalment(principal_due=100_000, interest_due=4_400, fee_due=money(50), **about))
        pay(session, "L1", START + timedelta(days=30), 10_000)
        accounts.refresh(session, agreed, ["L1"])
        agree(session, agreed, ["L1"], START + timedelta(days=31))
        paid = 10_000 if order[0] == "principal" else 5_600
        assert account(session, agreed, "L1", START + timedelta(days=31)).paid["principal"] == paid


@given(st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_loan_of_any_kind(sqlite_book: Book, policy_file: PolicyFile, data: st.DataObject) -> None:
    """A schedule, receipts and reversals as hypothesis likes them: three readings, one answer."""
    days, cents = st.integers(1, 500), st.integers(1, 9_000_000)
    rows = data.draw(st.lists(st.tuples(days, cents, st.integers(0, 50_000)), max_size=4), "instalments")
    paid = data.draw(st.lists(st.tuples(days, cents), max_size=5), "receipts")
    undone = data.draw(st.sets(st.integers(0, 4), max_size=2), "reversals")
    about = data.draw(st.tuples(st.booleans(), st.booleans(), st.sampled_from(DAY_COUNTS), st.booleans()), "terms")
    with sqlite_book.write() as writer:
        session = writer.session
        if session.get(Loan, "L1") is None:
            session.rollback()
            staff_and_loans(sqlite_book, {"L1": START})
    with sqlite_book.write() as writer:
        session = writer.session
        for table in (AccountEntry, Repayment, Instalment):
            session.execute(delete(table).where(table.loan_no == "L1"))  # type: ignore[attr-defined]
        loan = loans.get(session, "L1")
        loan.penalty_surcharge = Decimal(40) if about[0] else None
        loan.compound, loan.day_count, loan.consignor = about[1], about[2], "某公司" if about[3] else ""
        session.add(loan)
        for number, (after, principal, due) in enumerate(rows, start=1):
            session.add(
                Instalment(
                    loan_no="L1",
                    number=number,
                    due_on=START + timedelta(days=after),
                    principal_due=min(Decimal(principal) / 100, Decimal(100_000 // len(rows))),
                    interest_due=Decimal(due) / 100,
                )
            )
        for n, (after, amount) in enumerate(paid):
            made = pay(session, "L1", START + timedelta(days=after), Decimal(amount) / 100)
            if n in undone:
                pay(session, "L1", START + timedelta(days=after + 9), 1, reverses=made)
        accounts.refresh(session, policy_file, ["L1"])
        looked_at = {0, 365, 366, 600} | {after + more for after, *_ in [*rows, *paid] for more in (0, 1)}
        for after in sorted(looked_at):
            agree(session, policy_file, ["L1"], START + timedelta(days=after))
