"""Interest between due dates: principal bears it from the day on which it was lent to the day on which it is due."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from postloan.book import Book, accounts, extensions, loans, receipts
from postloan.book.receipts import Received
from postloan.book.tables import Drawdown, Instalment
from postloan.feeds import take_in
from postloan.policy import PolicyFile
from postloan.rules.interest import interest
from tests.book.test_schedules import ZERO, account, ask, case_on, extend, pay
from tests.factory import staff_and_loans

Row = tuple[date, str, str]


def of(principal: int, first: date, last: date) -> Decimal:
    return interest(Decimal(principal), Decimal("4.35"), first, last, "actual/360")


def lend(book: Book, drawn_on: date, *rows: Row) -> None:
    """L1: 100,000 at 4.35 %, (due on, principal, interest)."""
    staff_and_loans(book, {"L1": drawn_on})
    with book.write() as writer:
        for number, (due_on, principal, due) in enumerate(rows, start=1):
            about = {"principal_due": Decimal(principal), "interest_due": Decimal(due)}
            writer.session.add(Instalment(loan_no="L1", number=number, due_on=due_on, **about))


def receive(book: Book, file: PolicyFile, received: Received) -> None:
    with book.write() as writer:
        loan, case = loans.get(writer.session, "L1"), case_on(writer, file, "receipt", "L1", received.paid_on)
        receipts.enter(writer, file, case, loan, received, document="凭证", by=["A", "B"])


def to_settle(book: Book, file: PolicyFile, day: date) -> Decimal:
    with book.read() as session:
        return receipts.due_to_settle(session, file, loans.get(session, "L1"), day)


FROM, APART, DAY = date(2026, 3, 21), date(2026, 5, 15), date(2026, 5, 20)


@pytest.fixture
def apart(book: Book, policy_file: PolicyFile) -> Book:
    """Interest on the 21st of each quarter, principal on a day of its own; paid so far."""
    lend(
        book,
        date(2025, 12, 21),
        (FROM, "0", "1087.50"),
        (APART, "20000", "0"),
        (date(2026, 6, 21), "0", "1000"),
        (date(2026, 12, 21), "80000", "1700"),
    )
    with book.write() as writer:
        pay(writer.session, "L1", FROM, Decimal("1087.50"))
        pay(writer.session, "L1", APART, 20_000)
        accounts.refresh(writer.session, policy_file, ["L1"])
    return book


def test_principal_with_no_interest_of_its_own_bears_it_until_it_is_due(apart: Book, policy_file: PolicyFile) -> None:
    on_20 = of(20_000, FROM, APART)
    assert to_settle(apart, policy_file, APART) == 80_000 + of(100_000, FROM, APART)
    due = 80_000 + of(80_000, FROM, DAY) + on_20
    assert to_settle(apart, policy_file, DAY) == due
    receive(apart, policy_file, Received("E1", DAY, due, early="all"))
    with apart.read() as session:
        state = account(session, policy_file, "L1", DAY)
    assert (state.settled, state.excess) == (True, ZERO)


def test_a_part_repaid_early_pays_its_part_of_that_interest_and_the_rest_the_other(
    apart: Book, policy_file: PolicyFile
) -> None:
    amount = 30_000 + of(30_000, FROM, DAY) + of(7_500, FROM, APART)
    receive(apart, policy_file, Received("E1", DAY, amount, early="part"))
    later = date(2026, 6, 1)
    with apart.read() as session:
        state = account(session, policy_file, "L1", DAY)
    assert state.principal_outstanding == 50_000
    (next_one,) = [o for o in state.owed if o.total and o.due_on == date(2026, 6, 21)]
    rest = of(12_500, FROM, APART)
    assert next_one.interest == of(50_000, FROM, date(2026, 6, 21)) + rest
    assert to_settle(apart, policy_file, later) == 50_000 + of(50_000, FROM, later) + rest


def test_a_rescheduling_charges_it_too(apart: Book, policy_file: PolicyFile) -> None:
    with apart.write() as writer:
        extend(writer, policy_file, "L1", ask(date(2027, 6, 21), 80_000, "rescheduling"), DAY)
        owed = account(writer.session, policy_file, "L1", DAY).owed
    (due,) = [o.interest for o in owed if o.due_on == DAY]
    assert due == of(80_000, FROM, DAY) + of(20_000, FROM, APART)


def test_a_schedule_without_interest_counts_from_its_last_due_date(book: Book, policy_file: PolicyFile) -> None:
    """The core system reckons it: what it charged until then is not asked for again."""
    lend(book, date(2026, 1, 10), (date(2026, 4, 10), "50000", "0"), (date(2026, 7, 10), "50000", "0"))
    with book.write() as writer:
        pay(writer.session, "L1", date(2026, 4, 10), 50_000)
        accounts.refresh(writer.session, policy_file, ["L1"])
    assert to_settle(book, policy_file, DAY) == 50_000 + of(50_000, date(2026, 4, 10), DAY)


def test_what_is_drawn_later_bears_interest_from_then(book: Book, policy_file: PolicyFile) -> None:
    first, second, day = date(2026, 1, 10), date(2026, 9, 1), date(2026, 9, 11)
    lend(book, first)
    with book.write() as writer:
        for number, drawn_on in enumerate((first, second), start=1):
            writer.session.add(Drawdown(loan_no="L1", number=number, drawn_on=drawn_on, amount=Decimal(50_000)))
    days = (day - first) + (day - second)
    assert to_settle(book, policy_file, day) == 100_000 + of(50_000, first, first + days), "rounded once"
    amount = 20_000 + of(20_000, first, day) - of(10_000, first, second)
    receive(book, policy_file, Received("E1", day, amount, early="part"))
    later = date(2026, 10, 1)
    assert to_settle(book, policy_file, later) == 80_000 + of(80_000, first, later) - of(40_000, first, second)


def test_an_extension_keeps_the_interest_of_an_instalment_that_a_holiday_put_off(
    book: Book, policy_file: PolicyFile
) -> None:
    matures, put_off, until = date(2026, 10, 1), date(2026, 10, 9), date(2027, 4, 1)
    lend(book, date(2025, 10, 1), (date(2026, 7, 1), "0", "3300"), (put_off, "100000", "1200"))
    with book.write() as writer:
        assert loans.get(writer.session, "L1").matures_on == matures
        pay(writer.session, "L1", date(2026, 7, 1), 3300)
        accounts.refresh(writer.session, policy_file, ["L1"])
        extend(writer, policy_file, "L1", ask(until, 100_000), date(2026, 8, 28))
    with book.write() as writer:
        assert extensions.take_force(writer, policy_file, matures) == 1
        owed = {o.due_on: o for o in account(writer.session, policy_file, "L1", matures).owed if o.total}
    assert (owed[put_off].interest, owed[put_off].principal) == (Decimal("1200.00"), ZERO)
    planned = interest(Decimal(100_000), Decimal(6), put_off, until, "actual/360")
    assert (owed[until].interest, owed[until].principal) == (planned, Decimal("100000.00"))


HEADER = "receipt_no,loan_no,paid_on,amount,reverses\n"


@pytest.mark.parametrize("early", ["part", "all"])
def test_an_early_repayment_that_bounces_leaves_the_schedule_that_it_found(
    book: Book, policy_file: PolicyFile, tmp_path, early: str
) -> None:
    """By the feed as by hand (`test_receipts.py`)."""
    quarters = [(date(2026, month, 10), "0", "1087") for month in (4, 7, 10)]
    lend(book, date(2026, 1, 10), *quarters, (date(2027, 1, 10), "100000", "1087"))
    with book.write() as writer:
        loans.get(writer.session, "L1").penalty_surcharge = Decimal(50)
        pay(writer.session, "L1", date(2026, 4, 10), 1087)
        accounts.refresh(writer.session, policy_file, ["L1"])
    day, bounced, later = date(2026, 5, 10), date(2026, 5, 12), date(2026, 8, 20)
    with book.read() as session:
        before = account(session, policy_file, "L1", later)
    amount = to_settle(book, policy_file, day) if early == "all" else Decimal(30_000)
    receive(book, policy_file, Received("E1", day, amount, early=early))
    file = tmp_path / "repayments.csv"
    file.write_text(HEADER + f"E2,L1,{bounced},{amount},E1\n")
    take_in(book, "repayments", file, policy=policy_file)
    with book.read() as session:
        after = account(session, policy_file, "L1", later)
    assert [o for o in after.owed if o.total] == [o for o in before.owed if o.total]
    assert after.days_past_due == before.days_past_due == 41, "of the instalment in July that was missed"


def test_what_an_early_repayment_made_due_stays_due_where_the_schedule_was_changed_since(
    book: Book, policy_file: PolicyFile
) -> None:
    lend(book, date(2026, 1, 10), (date(2026, 7, 10), "50000", "2187"), (date(2027, 1, 10), "50000", "1087"))
    day, again = date(2026, 5, 10), date(2026, 5, 11)
    receive(book, policy_file, Received("E1", day, Decimal(10_000), early="part"))
    receive(book, policy_file, Received("E2", again, Decimal(10_000), early="part"))
    receive(book, policy_file, Received("E3", date(2026, 5, 12), ZERO, reverses="E1"))
    with book.read() as session:
        state = account(session, policy_file, "L1", date(2026, 5, 20))
    assert state.days_past_due == 9, "of what the second made due, which paid the first one's"
    assert state.principal_outstanding > 90_000
