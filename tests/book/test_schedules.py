"""A change of schedule moves unpaid principal and nothing else: what was paid stays, only interest changes."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from postloan.book import Book, Writer, accounts, audit, cases, extensions, loans, receipts, schedules
from postloan.book.extensions import Terms
from postloan.book.receipts import Received
from postloan.book.standings import standings
from postloan.book.tables import (
    AuditEvent,
    Case,
    Charge,
    Drawdown,
    Extension,
    Instalment,
    Loan,
    Position,
    Repayment,
)
from postloan.calendar import ONE_DAY, months_after
from postloan.policy import PolicyFile
from postloan.rules.allocation import Account
from postloan.rules.interest import interest
from postloan.rules.schedule import Planned
from tests.factory import staff_and_loans

START = date(2025, 1, 10)
ZERO = Decimal("0.00")
SHAPES = ("none", "one", "equal", "interest", "balloon", "part", "drawn")


# ---------------------------------------------------------------------- loans of every sort, for other tests too


def money(amount: float | str) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def lend(book: Book, seed: int, count: int) -> list[str]:
    """Loans of a year, 100,000 at 4.35 %: with and without instalments, penalties, charges, consignors."""
    chance = random.Random(seed)
    numbers = [f"L{n:02d}" for n in range(count)]
    staff_and_loans(book, {no: START + timedelta(days=chance.randrange(30)) for no in numbers})
    with book.write() as writer:
        for at, no in enumerate(numbers):
            loan = writer.session.get_one(Loan, no)
            loan.day_count = chance.choice(("actual/360", "actual/365", "30/360"))
            loan.penalty_surcharge = chance.choice((None, Decimal(50)))
            loan.compound = chance.random() < 0.4
            loan.repayment = chance.choice(("bullet", "equal_principal", "equal_instalment", "interest_only", "custom"))
            loan.consignor = "某公司" if chance.random() < 0.15 else ""
            writer.session.add_all(_schedule(loan, SHAPES[at % len(SHAPES)], chance))
            if chance.random() < 0.2:
                due_on = loan.disbursed_on + timedelta(days=chance.randrange(20, 400))
                about = {"kind": "advance", "charged_on": loan.disbursed_on, "due_on": due_on}
                writer.session.add(Charge(charge_no=f"C{no}", loan_no=no, amount=money(77), **about))
    return numbers


def _schedule(loan: Loan, shape: str, chance: random.Random) -> list[Instalment | Drawdown]:
    if shape in ("none", "drawn"):
        return [Drawdown(loan_no=loan.loan_no, number=1, drawn_on=loan.disbursed_on, amount=money(60_000))] * (
            shape == "drawn"
        )
    periods = 1 if shape == "one" else chance.choice((2, 4, 12))
    every = 12 // periods
    balance, first, rows = money(100_000), loan.disbursed_on, []
    for number in range(1, periods + 1):
        due_on = months_after(loan.disbursed_on, every * number)
        part = {"equal": money(100_000 / periods), "part": money(60_000 / periods)}.get(shape, ZERO)
        if number == periods and shape in ("one", "equal", "interest"):
            part = balance
        due = interest(balance, loan.annual_rate, first, due_on, loan.day_count)
        fee = money(5) if chance.random() < 0.1 else ZERO
        about = {"loan_no": loan.loan_no, "number": number, "due_on": due_on, "fee_due": fee}
        rows.append(Instalment(principal_due=part, interest_due=due, **about))
        balance, first = balance - part, due_on
    return rows


def live(writer: Writer, file: PolicyFile, no: str, until: date, chance: random.Random) -> None:
    """Receipts of a loan by a day: partial ones, late ones, paid ahead, bounced."""
    session, day = writer.session, loans.get(writer.session, no).disbursed_on
    amounts = (300, 1_500, 10_000, 25_400, 40_000)
    for _ in range(chance.randrange(0, 6)):
        day += timedelta(days=chance.randrange(5, 120))
        if day > until:
            break
        made = pay(session, no, day, chance.choice(amounts))
        undone_on = day + timedelta(days=chance.randrange(0, 20))
        if chance.random() < 0.2 and undone_on <= until:
            pay(session, no, undone_on, 1, reverses=made)
    session.flush()
    accounts.refresh(session, file, [no])


def pay(session: Session, no: str, day: date, amount: Decimal | int, *, reverses: str = "") -> str:
    """Enter a receipt; the account is to be refreshed after it."""
    receipt_no = f"R{no}-{len(session.exec(select(Repayment)).all())}"
    session.add(Repayment(receipt_no=receipt_no, loan_no=no, paid_on=day, amount=amount, reverses=reverses or None))
    session.flush()
    return receipt_no


def case_on(writer: Writer, file: PolicyFile, kind: str, no: str, day: date) -> Case:
    return cases.open_by_hand(writer, file, kind, loans.get(writer.session, no), day)


def ask(until: date, amount: Decimal | int, variant: str = "extension", **more: object) -> Terms:
    usual = {"annual_rate": Decimal(6), "repayment": "bullet", "every_months": 1}
    return Terms(variant, until, money(amount), **(usual | more))  # type: ignore[arg-type]


def extend(writer: Writer, file: PolicyFile, no: str, asked: Terms, day: date, new_loan_no: str = "") -> Extension:
    """Applied for and signed on one day."""
    case = case_on(writer, file, "extension", no, day)
    extensions.apply(writer, case, loans.get(writer.session, no), asked, day, by="S001")
    policy = file.at(day)
    signed = {"contract_no": "Z", "signed_on": day, "new_loan_no": new_loan_no, "day": day, "by": "S001"}
    extensions.sign(writer, file, policy, case, asked, **signed)  # type: ignore[arg-type]
    cases.close(writer, case, "signed")
    return writer.session.get_one(Extension, case.case_no)


def account(session: Session, file: PolicyFile, no: str, day: date) -> Account:
    return accounts.account(session, file, loans.get(session, no), day)


def charged(state: Account) -> Decimal:
    """Penalty interest so far, paid or not."""
    return sum((o.penalty for o in state.owed), state.paid["penalty"])


def agree(session: Session, file: PolicyFile, numbers: Sequence[str], day: date) -> None:
    """The whole book at once, each loan alone and a replay of its receipts give the same."""
    together = {row.loan_no: tuple(row)[1:] for row in session.execute(select(standings(day)))}
    for no in numbers:
        loan = loans.get(session, no)
        where, replayed = loans.standing(session, loan, day), accounts.account(session, file, loan, day)
        assert together[no] == (where.days_past_due, where.principal_outstanding, where.overdue), (no, day)
        assert where.days_past_due == replayed.days_past_due, (no, day)
        assert where.principal_outstanding == replayed.principal_outstanding, (no, day)
        assert 0 <= replayed.overdue - where.overdue <= charged(replayed), "penalty accrued since the last receipt"


# ------------------------------------------------------------------------------------------ what always holds


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("variant", ["extension", "rescheduling"])
def test_only_interest_changes(book: Book, policy_file: PolicyFile, variant: str, seed: int) -> None:
    numbers, chance = lend(book, seed, 28), random.Random(f"{variant}{seed}")
    changed = 0
    for no in numbers:
        with book.write() as writer:
            loan = loans.get(writer.session, no)
            missed = chance.choice((0, 0, 7)) if variant == "extension" else 0
            day = loan.matures_on + timedelta(days=missed)
            if variant == "rescheduling":
                day = loan.disbursed_on + timedelta(days=chance.randrange(30, 420))
            live(writer, policy_file, no, day, chance)
            before = account(writer.session, policy_file, no, day)
            there = extensions.unpaid_principal(writer.session, policy_file, loan, variant, day)
            if not there:
                continue
            amount = there if chance.random() < 0.6 else money(there / chance.choice((2, 3, 10)))
            method = chance.choice(("bullet", "equal_principal", "equal_instalment", "interest_only"))
            until = months_after(loan.matures_on, chance.choice((3, 6, 12)))
            asked = ask(until, amount, variant, repayment=method, every_months=chance.choice((1, 3)))
            # Interest that was paid for a time to come pays the new schedule.
            ahead = schedules.replaced(writer.session, policy_file, loan, day + ONE_DAY).interest_paid
            preview = extensions.preview(writer.session, policy_file, loan, asked, day)
            made = extend(writer, policy_file, no, asked, day - timedelta(days=2 * missed))
            if made.state == "signed":
                assert extensions.take_force(writer, policy_file, day) == 1
            after = account(writer.session, policy_file, no, day)
            session = writer.session
            assert (made.state, made.amount) == ("in_force", amount)
            assert (loan.matures_on, loan.original_maturity) == (until, made.maturity_before)
            assert sum((p.principal for p in preview.after), ZERO) == amount
            assert sum(after.paid.values()) + after.excess == accounts.received(session, no, day), "to the cent"
            if variant == "rescheduling":
                kept = session.get(Charge, f"{made.case_no}-P")
                assert charged(after) + (kept.amount if kept else ZERO) == charged(before), "penalty is not forgiven"
                assert loan.restructured_on == day
                assert (
                    0 <= before.principal_outstanding - after.principal_outstanding <= ahead + before.paid["penalty"]
                ), (no, amount)
                late = {o.due_on for o in before.owed if o.principal and o.due_on <= day}
                if amount == there and late:
                    assert not any(o.principal for o in after.owed if o.due_on <= day), "nothing moved stays past due"
            else:
                assert loan.restructured_on is None
                # Penalty that was paid on what is extended pays interest of the new term, ahead of principal.
                assert 0 <= before.principal_outstanding - after.principal_outstanding <= before.paid["penalty"]
                if amount == there and not any(o.total for o in before.owed if o.due_on < made.maturity_before):
                    left = [o for o in after.owed if o.due_on <= day and o.principal]
                    assert not left, (no, left)
            changed += 1
    assert changed > 15
    with book.read() as session:
        assert audit.verify(session).ok
        for day in (START + timedelta(days=n) for n in (50, 200, 370, 500, 800)):
            agree(session, policy_file, numbers, day)


@pytest.mark.parametrize("seed", range(3))
def test_two_early_repayments_cost_the_interest_of_the_time(
    sqlite_book: Book, policy_file: PolicyFile, seed: int
) -> None:
    """Whatever is repaid ahead, when, and how often: interest on what is outstanding, from the last due date on."""
    chance, numbers = random.Random(seed), [f"L{n:02d}" for n in range(12)]
    staff_and_loans(sqlite_book, dict.fromkeys(numbers, START))
    with sqlite_book.write() as writer:
        for no in numbers:
            loan = loans.get(writer.session, no)
            loan.repayment = "interest_only"
            for number in (1, 2):
                due_on = months_after(START, 6 * number)
                due = interest(money(100_000), loan.annual_rate, months_after(due_on, -6), due_on, loan.day_count)
                about = {"loan_no": no, "number": number, "due_on": due_on}
                principal = money(100_000) if number == 2 else ZERO
                writer.session.add(Instalment(principal_due=principal, interest_due=due, **about))
            if chance.random() < 0.5:  # it must not count as a day to which interest was paid
                due_on = START + timedelta(days=45)
                about = {"kind": "fee", "charged_on": START, "due_on": due_on}
                writer.session.add(Charge(charge_no=f"C{no}", loan_no=no, amount=money(10), **about))
            writer.session.flush()
            day, expected = START, ZERO
            outstanding = money(100_000)
            for n in range(chance.choice((1, 2, 3))):
                day += timedelta(days=chance.randrange(1, 55))
                received = Received(f"E{no}-{n}", day, money(chance.choice((5_000, 20_000))), early="part")
                case = case_on(writer, policy_file, "receipt", no, day)
                due = sum(
                    (o.total for o in account(writer.session, policy_file, no, day).owed if o.due_on <= day), ZERO
                )
                repaid = receipts.effect(writer.session, policy_file, loan, received).planned[0]
                due_on_it = interest(repaid.principal, loan.annual_rate, START, day, loan.day_count)
                assert abs(repaid.interest - due_on_it) <= Decimal("0.01"), "together they are what came in"
                assert repaid.principal + repaid.interest == received.amount - due
                receipts.enter(writer, policy_file, case, loan, received, document="凭证", by=["F1"])
                cases.close(writer, case, "entered")
                outstanding -= repaid.principal
                expected += repaid.interest
            for number, first in ((1, START), (2, months_after(START, 6))):
                due_on = months_after(START, 6 * number)
                expected += interest(outstanding, loan.annual_rate, first, due_on, loan.day_count)
            rows = writer.session.exec(select(Instalment).where(Instalment.loan_no == no)).all()
            assert sum(row.interest_due for row in rows) == expected, no
            assert sum(row.principal_due for row in rows) == 100_000


# ------------------------------------------------------------------------------------------------- single cases


@pytest.fixture
def lent(book: Book) -> Book:
    """L1 in four instalments of 25,000 with 300 of interest, L2 in one, L3 without any."""
    staff_and_loans(book, dict.fromkeys(("L1", "L2", "L3"), START))
    with book.write() as writer:
        for number in range(1, 5):
            about = {"loan_no": "L1", "number": number, "due_on": months_after(START, 3 * number)}
            writer.session.add(Instalment(principal_due=25_000, interest_due=300, **about))
        about = {"loan_no": "L2", "number": 1, "due_on": months_after(START, 12)}
        writer.session.add(Instalment(principal_due=100_000, interest_due=4_400, **about))
    return book


MATURES = months_after(START, 12)
HALF_A_YEAR = months_after(MATURES, 6)


def left(state: Account) -> list[tuple[date, Decimal, Decimal]]:
    return [(o.due_on, o.principal, o.interest) for o in state.owed if o.principal + o.interest]


def test_what_is_not_rescheduled_goes_on_bearing_interest(lent: Book, policy_file: PolicyFile) -> None:
    """Of 100,000 the last 25,000 are put off; the interest on the others must not get lost."""
    day = date(2025, 2, 10)
    with lent.write() as writer:
        extend(writer, policy_file, "L1", ask(HALF_A_YEAR, 25_000, "rescheduling"), day)
        found = left(account(writer.session, policy_file, "L1", day))

    def of(principal: int, first: date, last: date, rate: str = "4.35") -> Decimal:
        return interest(money(principal), Decimal(rate), first, last, "actual/360")

    due = [months_after(START, 3 * n) for n in range(1, 5)]
    assert found == [
        (day, ZERO, of(100_000, START, day)),
        (due[0], money(25_000), of(75_000, day, due[0])),
        (due[1], money(25_000), of(50_000, due[0], due[1])),
        (due[2], money(25_000), of(25_000, due[1], due[2])),
        (HALF_A_YEAR, money(25_000), of(25_000, day, HALF_A_YEAR, "6")),
    ]


def test_principal_that_was_paid_ahead_of_a_rescheduling_stays_paid(lent: Book, policy_file: PolicyFile) -> None:
    day = date(2025, 5, 10)
    with lent.write() as writer:
        pay(writer.session, "L3", date(2025, 3, 1), 40_000)
        accounts.refresh(writer.session, policy_file, ["L3"])
        extend(writer, policy_file, "L3", ask(HALF_A_YEAR, 60_000, "rescheduling"), day)
        after = account(writer.session, policy_file, "L3", day)
    assert after.paid["principal"] == 40_000
    accrued = interest(money(60_000), Decimal("4.35"), START, day, "actual/360")
    assert left(after)[0] == (day, ZERO, accrued)
    assert after.principal_outstanding == 60_000


def test_an_instalment_that_was_paid_ahead_of_a_rescheduling_pays_no_interest_twice(
    lent: Book, policy_file: PolicyFile
) -> None:
    """Two instalments were paid, one of them not due yet: its 300 pay what ran until now, then the new interest."""
    day = date(2025, 5, 10)
    with lent.write() as writer:
        pay(writer.session, "L1", date(2025, 4, 1), 50_600)
        accounts.refresh(writer.session, policy_file, ["L1"])
        extend(writer, policy_file, "L1", ask(HALF_A_YEAR, 50_000, "rescheduling"), day)
        after = account(writer.session, policy_file, "L1", day)
    accrued = interest(money(50_000), Decimal("4.35"), date(2025, 4, 10), day, "actual/360")
    new = interest(money(50_000), Decimal(6), day, HALF_A_YEAR, "actual/360")
    assert after.paid["principal"] == 50_000
    assert left(after) == [(HALF_A_YEAR, money(50_000), new - (300 - accrued))]


def test_interest_that_was_paid_ahead_counts_for_an_early_settlement(lent: Book, policy_file: PolicyFile) -> None:
    """200 of the next 300 were paid; 30 days of interest are 362.50."""
    day = START + timedelta(days=30)
    with lent.write() as writer:
        pay(writer.session, "L1", START + ONE_DAY, 200)
        accounts.refresh(writer.session, policy_file, ["L1"])
        loan = loans.get(writer.session, "L1")
        assert receipts.due_to_settle(writer.session, policy_file, loan, day) == money("100162.50")


def test_penalty_that_was_paid_before_a_rescheduling_is_not_given_back(lent: Book, policy_file: PolicyFile) -> None:
    day = date(2025, 8, 10)
    with lent.write() as writer:
        loan = loans.get(writer.session, "L1")
        loan.penalty_surcharge = Decimal(50)
        writer.session.add(loan)
        pay(writer.session, "L1", date(2025, 6, 10), 100)
        accounts.refresh(writer.session, policy_file, ["L1"])
        before = account(writer.session, policy_file, "L1", day)
        assert before.paid["penalty"] == 100
        extend(writer, policy_file, "L1", ask(HALF_A_YEAR, 100_000, "rescheduling"), day)
        after = account(writer.session, policy_file, "L1", day)
    accrued = interest(money(50_000), Decimal("4.35"), date(2025, 7, 10), day, "actual/360")
    due = [sum((o.total for o in state.owed if o.due_on <= day), ZERO) for state in (before, after)]
    assert due[1] == due[0] - 50_000 + accrued, "all that was due is, but for the principal"


def test_no_penalty_comes_of_a_rescheduling_where_the_core_system_keeps_the_account(
    lent: Book, policy_file: PolicyFile
) -> None:
    day = date(2025, 8, 10)
    with lent.write() as writer:
        loan = loans.get(writer.session, "L1")
        loan.penalty_surcharge = Decimal(50)
        figures = {"overdue_principal": ZERO, "overdue_interest": ZERO, "days_past_due": 0}
        writer.session.add(Position(loan_no="L1", as_of=day, principal_outstanding=money(50_000), **figures))
        writer.session.flush()
        made = extend(writer, policy_file, "L1", ask(HALF_A_YEAR, 100_000, "rescheduling"), day)
        assert (made.state, made.amount) == ("in_force", 50_000)
        assert writer.session.exec(select(Charge)).all() == [], "the book does not know what was paid"


def test_what_stays_bears_penalty_at_the_old_rate(lent: Book, policy_file: PolicyFile) -> None:
    with lent.write() as writer:
        for no in ("L2", "L3"):
            loan = loans.get(writer.session, no)
            loan.penalty_surcharge = Decimal(50)
            writer.session.add(loan)
            extend(writer, policy_file, no, ask(HALF_A_YEAR, 60_000), MATURES)
        for no in ("L2", "L3"):
            state = account(writer.session, policy_file, no, MATURES + timedelta(days=40))
            late = interest(money(40_000), Decimal("4.35") * Decimal("1.5"), MATURES, state.as_of, "actual/360")
            assert charged(state) == late, no


def test_the_trail_tells_what_was_changed_and_from_what(lent: Book, policy_file: PolicyFile) -> None:
    with lent.write() as writer:
        extend(writer, policy_file, "L2", ask(HALF_A_YEAR, 100_000), MATURES)
    with lent.read() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.loan_no == "L2").order_by(AuditEvent.seq)).all()  # type: ignore[arg-type]
        told = [(e.event, json.loads(e.data)) for e in events if e.event.endswith(".changed")]
        due = interest(money(100_000), Decimal(6), MATURES, HALF_A_YEAR, "actual/360")
        assert [(event, data.get("number"), data["before"], data["after"]) for event, data in told] == [
            (
                "instalment.changed",
                1,
                {"principal_due": "100000.00", "annual_rate": None},
                {"principal_due": "0.00", "annual_rate": "4.350000"},
            ),
            (
                "instalment.changed",
                2,
                {"principal_due": "0.00", "interest_due": "0.00"},
                {"principal_due": "100000.00", "interest_due": str(due)},
            ),
            (
                "loan.changed",
                None,
                {
                    "matures_on": str(MATURES),
                    "original_maturity": None,
                    "annual_rate": "4.350000",
                    "repayment": "custom",
                },
                {
                    "matures_on": str(HALF_A_YEAR),
                    "original_maturity": str(MATURES),
                    "annual_rate": "6",
                    "repayment": "bullet",
                },
            ),
        ]
        assert audit.verify(session).ok


def test_a_sum_that_is_not_there_is_not_moved(lent: Book, policy_file: PolicyFile) -> None:
    def move(writer: Writer, amount: Decimal, planned: Decimal) -> None:
        schedules.replace(
            writer,
            policy_file,
            loans.get(writer.session, "L1"),
            from_day=MATURES,
            amount=amount,
            planned=[Planned(1, HALF_A_YEAR, planned, ZERO)],
            annual_rate=Decimal(6),
            day=MATURES,
            interest_kept_until=MATURES,
        )

    for amount, planned in ((money("25000.01"), money("25000.01")), (money(25_000), money("24999.99"))):
        with pytest.raises(ValueError, match="cannot be moved"), lent.write() as writer:
            move(writer, amount, planned)
    with lent.read() as session:
        assert len(session.exec(select(Instalment).where(Instalment.loan_no == "L1")).all()) == 4
