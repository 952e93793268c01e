"""EXT-1 to EXT-4 in the book: in force exactly when it should be, never beyond the law, never in the round's way."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from postloan.book import Book, accounts, audit, extensions, loans, receipts
from postloan.book.tables import AuditEvent, Borrower, Charge, Extension, Instalment, Loan
from postloan.calendar import ONE_DAY, months_after
from postloan.card import card
from postloan.errors import PostloanError
from postloan.policy import PolicyFile
from postloan.rules.extension import term_class
from postloan.rules.interest import interest
from tests.book.test_schedules import HALF_A_YEAR, MATURES, START, ZERO, account, ask, extend, left, money, pay
from tests.conftest import Clock
from tests.factory import staff_and_loans

WEEK = timedelta(days=7)


@pytest.fixture
def lent(book: Book, clock: Clock) -> Book:
    """L1 in four instalments of 25,000 with 300 of interest, L2 in one, L3 without any; penalty half again."""
    staff_and_loans(book, dict.fromkeys(("L1", "L2", "L3"), START))
    with book.write() as writer:
        for loan in writer.session.exec(select(Loan)):
            loan.penalty_surcharge = Decimal(50)
        for number in range(1, 5):
            about = {"loan_no": "L1", "number": number, "due_on": months_after(START, 3 * number)}
            writer.session.add(Instalment(principal_due=25_000, interest_due=300, **about))
        about = {"loan_no": "L2", "number": 1, "due_on": MATURES}
        writer.session.add(Instalment(principal_due=100_000, interest_due=4_400, **about))
    return book


def take_force(book: Book, file: PolicyFile, day: date) -> int:
    with book.write() as writer:
        return extensions.take_force(writer, file, day)


def paid(book: Book, file: PolicyFile, no: str, day: date, amount: Decimal | int) -> None:
    with book.write() as writer:
        pay(writer.session, no, day, amount)
        accounts.refresh(writer.session, file, [no])


def test_every_round_day_gives_what_the_round_on_maturity_gives(lent: Book, policy_file: PolicyFile) -> None:
    """The last quarter of L1 is extended; the rounds of a week are missed; the interest of the term was paid."""
    with lent.write() as writer:
        for no, amount in (("L1", 25_000), ("L2", 100_000), ("L3", 100_000)):
            extend(writer, policy_file, no, ask(HALF_A_YEAR, amount), MATURES - 2 * WEEK)
    paid(lent, policy_file, "L1", date(2025, 4, 10), 3 * 25_300 + 300)
    paid(lent, policy_file, "L2", MATURES, 4_400)
    for day in (MATURES - 2 * WEEK, MATURES - ONE_DAY):
        assert take_force(lent, policy_file, day) == 0
    assert take_force(lent, policy_file, MATURES + WEEK) == 3
    assert take_force(lent, policy_file, MATURES + WEEK) == 0
    with lent.read() as session:
        for no, amount in (("L1", 25_000), ("L2", 100_000), ("L3", 100_000)):
            state = account(session, policy_file, no, MATURES + WEEK)
            due = interest(money(amount), Decimal(6), MATURES, HALF_A_YEAR, "actual/360")
            assert left(state) == [(HALF_A_YEAR, money(amount), due)], "interest runs from the old maturity"
            assert (state.days_past_due, sum(o.penalty for o in state.owed)) == (0, 0)
            loan = loans.get(session, no)
            late = loans.standing(session, loan, HALF_A_YEAR + ONE_DAY)
            assert (late.days_past_due, late.overdue) == (1, amount + due)
            assert loans.standing(session, loan, MATURES + ONE_DAY).overdue == 0
            assert (loan.matures_on, loan.original_maturity) == (HALF_A_YEAR, MATURES)


def test_what_stayed_due_is_past_due_though_the_rest_was_extended(lent: Book, policy_file: PolicyFile) -> None:
    """A missed instalment before maturity is not extended along."""
    with lent.write() as writer:
        extend(writer, policy_file, "L1", ask(HALF_A_YEAR, 25_000), MATURES - WEEK)
    paid(lent, policy_file, "L1", date(2025, 4, 10), 2 * 25_300)
    assert take_force(lent, policy_file, MATURES) == 1
    with lent.read() as session:
        state = account(session, policy_file, "L1", MATURES)
        assert [(due_on, principal) for due_on, principal, _ in left(state)] == [
            (months_after(START, 9), money(25_000)),
            (MATURES, ZERO),
            (HALF_A_YEAR, money(25_000)),
        ]
        assert state.days_past_due == (MATURES - months_after(START, 9)).days


def test_with_the_principal_paid_and_a_fee_owed_there_is_nothing_to_extend(lent: Book, policy_file: PolicyFile) -> None:
    """It lapses, and does not keep the round from the other loan."""
    with lent.write() as writer:
        for no in ("L2", "L3"):
            extend(writer, policy_file, no, ask(HALF_A_YEAR, 100_000), MATURES - WEEK)
        about = {"kind": "fee", "charged_on": MATURES, "due_on": HALF_A_YEAR}
        writer.session.add(Charge(charge_no="C1", loan_no="L2", amount=money(9), **about))
    paid(lent, policy_file, "L2", MATURES - ONE_DAY, 104_400)
    assert take_force(lent, policy_file, MATURES) == 1
    with lent.read() as session:
        states = {e.loan_no: e.state for e in session.exec(select(Extension))}
        assert states == {"L2": "lapsed", "L3": "in_force"}
        assert loans.get(session, "L2").matures_on == MATURES
        (told,) = session.exec(select(AuditEvent).where(AuditEvent.event == "extension.lapsed")).all()
        assert "no principal" in json.loads(told.data)["why"]


def test_a_loan_that_is_paid_is_not_extended_and_a_bounced_receipt_after_that_leaves_it_due(
    lent: Book, policy_file: PolicyFile
) -> None:
    with lent.write() as writer:
        extend(writer, policy_file, "L3", ask(HALF_A_YEAR, 100_000), MATURES - WEEK)
        made = pay(writer.session, "L3", MATURES - ONE_DAY, 100_000)
        accounts.refresh(writer.session, policy_file, ["L3"])
    assert take_force(lent, policy_file, MATURES) == 0
    with lent.write() as writer:
        pay(writer.session, "L3", MATURES + ONE_DAY, 1, reverses=made)
        accounts.refresh(writer.session, policy_file, ["L3"])
    assert take_force(lent, policy_file, MATURES + WEEK) == 0
    with lent.read() as session:
        assert account(session, policy_file, "L3", MATURES + WEEK).days_past_due == 7
        assert session.exec(select(Extension)).one().state == "lapsed"


def test_the_core_system_may_tell_of_the_new_maturity_first(lent: Book, policy_file: PolicyFile) -> None:
    """A feed moved the maturity before the round: the schedule follows all the same, and the law is not lost."""
    with lent.write() as writer:
        for no in ("L2", "L3"):
            extend(writer, policy_file, no, ask(HALF_A_YEAR, 100_000), MATURES - WEEK)
            loan = loans.get(writer.session, no)
            loan.matures_on = HALF_A_YEAR
            writer.session.add(loan)
    paid(lent, policy_file, "L2", MATURES, 4_400)
    assert take_force(lent, policy_file, MATURES) == 2
    due = interest(money(100_000), Decimal(6), MATURES, HALF_A_YEAR, "actual/360")
    with lent.read() as session:
        for no in ("L2", "L3"):
            assert left(account(session, policy_file, no, MATURES)) == [(HALF_A_YEAR, money(100_000), due)]
            loan = loans.get(session, no)
            assert (loan.matures_on, loan.original_maturity) == (HALF_A_YEAR, MATURES)
            assert extensions.latest(policy_file.at(MATURES), loan) == months_after(MATURES, 12)


def test_interest_on_an_early_settlement_in_the_new_term_runs_from_the_old_maturity(
    lent: Book, policy_file: PolicyFile
) -> None:
    with lent.write() as writer:
        for no in ("L2", "L3"):
            extend(writer, policy_file, no, ask(HALF_A_YEAR, 100_000), MATURES)
        pay(writer.session, "L2", MATURES, 4_400)
        accounts.refresh(writer.session, policy_file, ["L2"])
        day = MATURES + 4 * WEEK
        for no in ("L2", "L3"):
            needed = receipts.due_to_settle(writer.session, policy_file, loans.get(writer.session, no), day)
            assert needed == 100_000 + interest(money(100_000), Decimal(6), MATURES, day, "actual/360"), no


# ---------------------------------------------------------------------------------------------- the law


@pytest.mark.parametrize("seed", range(6))
def test_no_sequence_extends_beyond_the_law_or_too_often(sqlite_book: Book, policy_file: PolicyFile, seed: int) -> None:
    """Whoever asks for what and when, whatever is paid meanwhile: the maturity never passes the legal last day."""
    chance = random.Random(seed)
    drawn = {f"L{n}": START + timedelta(days=chance.randrange(20)) for n in range(4)}
    staff_and_loans(sqlite_book, drawn)
    original: dict[str, date] = {}
    with sqlite_book.write() as writer:
        for at, loan in enumerate(writer.session.exec(select(Loan))):
            loan.matures_on = months_after(loan.disbursed_on, (3, 12, 24, 84)[at])
            loan.product = chance.choice(("流动资金贷款", "消费贷款"))
            original[loan.loan_no] = loan.matures_on
    refused = 0
    day = START
    for _ in range(40):
        day += timedelta(days=chance.randrange(1, 60))
        no = chance.choice(sorted(drawn))
        with sqlite_book.read() as session:
            matures_on = loans.get(session, no).matures_on
        until = matures_on + timedelta(days=chance.choice((-5, 0, 1, 90, 200, 400, 1_200)))
        asked = ask(until, chance.choice((1, 50_000, 200_000)), chance.choice(("extension", "rescheduling")))
        try:
            with sqlite_book.write() as writer:
                before = writer.session.exec(select(AuditEvent)).all()
                extend(writer, policy_file, no, asked, day)
        except PostloanError:
            refused += 1
            with sqlite_book.read() as session:
                assert len(session.exec(select(AuditEvent)).all()) == len(before), "nothing is entered"
                assert loans.get(session, no).matures_on == matures_on
        take_force(sqlite_book, policy_file, day)
        if chance.random() < 0.3:
            paid(sqlite_book, policy_file, no, day, chance.choice((500, 30_000)))
    assert 10 < refused < 40
    with sqlite_book.read() as session:
        moved = 0
        for no, matured in original.items():
            loan = loans.get(session, no)
            last = extensions.latest(policy_file.at(day), loan)
            limits = {
                "short": months_after(matured, round((matured - loan.disbursed_on).days / 30.4)),
                "medium": months_after(matured, 12),
                "long": months_after(matured, 42 if loan.product == "流动资金贷款" else 36),
            }
            assert last == limits[term_class(loan.disbursed_on, matured)]
            assert loan.matures_on <= last
            assert extensions.times(session, no) <= 1
            moved += loan.matures_on > matured
        assert moved


def test_a_second_one_is_not_signed_while_the_first_waits(lent: Book, policy_file: PolicyFile) -> None:
    with lent.write() as writer:
        extend(writer, policy_file, "L2", ask(HALF_A_YEAR, 50_000), MATURES - WEEK)
    with pytest.raises(PostloanError, match="1 time"), lent.write() as writer:
        extend(writer, policy_file, "L2", ask(HALF_A_YEAR, 50_000), MATURES - WEEK)
    assert take_force(lent, policy_file, MATURES) == 1


@pytest.mark.parametrize(
    ("variant", "until", "more"),
    [
        ("extension", MATURES, {}),
        ("extension", MATURES - ONE_DAY, {}),
        ("rescheduling", MATURES, {}),
        ("extension", HALF_A_YEAR, {"repayment": "custom"}),
        ("extension", HALF_A_YEAR, {"every_months": 0}),
    ],
)
def test_what_could_not_take_force_is_not_signed(
    lent: Book, policy_file: PolicyFile, variant: str, until: date, more: dict
) -> None:
    with pytest.raises(PostloanError), lent.write() as writer:
        extend(writer, policy_file, "L2", ask(until, 100_000, variant, **more), MATURES - WEEK)
    with lent.read() as session:
        assert session.exec(select(Extension)).all() == []


def test_signed_late_on_the_day_after_its_end_a_rescheduling_is_refused(lent: Book, policy_file: PolicyFile) -> None:
    with pytest.raises(PostloanError, match="is not after"), lent.write() as writer:
        extend(writer, policy_file, "L2", ask(HALF_A_YEAR, 100_000, "rescheduling"), HALF_A_YEAR)


# --------------------------------------------------------------------------------------- another loan


@pytest.mark.parametrize("variant", ["renewal", "refinancing"])
def test_the_new_loan_is_marked_when_it_comes_in(lent: Book, policy_file: PolicyFile, variant: str) -> None:
    with lent.write() as writer:
        asked = ask(months_after(MATURES, 60), 100_000, variant)
        made = extend(writer, policy_file, "L2", asked, MATURES - WEEK, new_loan_no="N1")
        assert (made.state, made.takes_force_on) == ("signed", MATURES)
    for day in (MATURES, MATURES + WEEK):
        assert take_force(lent, policy_file, day) == 0
        with lent.read() as session:
            assert [e.case_no for e in extensions.awaited(session, day)] == [made.case_no]
    with lent.write() as writer:
        old = loans.get(writer.session, "L2").model_dump()
        new = {"loan_no": "N1", "disbursed_on": MATURES + ONE_DAY, "first_drawdown_on": MATURES + ONE_DAY}
        writer.session.add(Loan(**old | new | {"matures_on": months_after(MATURES, 12)}))
    assert take_force(lent, policy_file, MATURES + WEEK) == 1
    with lent.read() as session:
        assert loans.get(session, "N1").restructured_on == MATURES + ONE_DAY
        assert loans.get(session, "L2").matures_on == MATURES
        assert loans.get(session, "L2").restructured_on is None
        assert extensions.awaited(session, MATURES + WEEK) == []
        (told,) = session.exec(
            select(AuditEvent).where(AuditEvent.event == "loan.changed", AuditEvent.loan_no == "N1")
        ).all()
        assert json.loads(told.data)["after"] == {"restructured_on": str(MATURES + ONE_DAY)}


@pytest.mark.parametrize("named", ["X1", "L2"])
def test_a_loan_of_somebody_else_or_the_old_one_is_not_marked(lent: Book, policy_file: PolicyFile, named: str) -> None:
    """A mistyped number of the new loan must not make a restructured loan of another borrower's."""
    with lent.write() as writer:
        writer.session.add(Borrower(borrower_no="C2", name="y", kind="personal", branch_no="B1"))
        writer.session.flush()
        writer.session.add(
            Loan(**loans.get(writer.session, "L2").model_dump() | {"loan_no": "X1", "borrower_no": "C2"})
        )
        extend(writer, policy_file, "L2", ask(HALF_A_YEAR, 100_000, "renewal"), MATURES, new_loan_no=named)
    assert take_force(lent, policy_file, MATURES) == 0
    with lent.read() as session:
        assert loans.get(session, named).restructured_on is None
        assert len(extensions.awaited(session, MATURES)) == 1, "it is waited for, and the digest says so"


# ------------------------------------------------------------------------------------------ as of a day


@pytest.mark.parametrize("variant", ["extension", "rescheduling"])
def test_the_card_of_the_day_before_shows_the_old_terms(
    lent: Book, policy_file: PolicyFile, clock: Clock, variant: str
) -> None:
    clock.now = clock.now.replace(year=MATURES.year, month=MATURES.month, day=MATURES.day)
    paid(lent, policy_file, "L2", MATURES - WEEK, 4_400)
    with lent.read() as session:
        then = card(session, policy_file, "L2", MATURES - ONE_DAY)
    with lent.write() as writer:
        extend(writer, policy_file, "L2", ask(HALF_A_YEAR, 100_000, variant), MATURES)
    with lent.read() as session:
        before = card(session, policy_file, "L2", MATURES - ONE_DAY)
        after = card(session, policy_file, "L2", MATURES)
        assert audit.verify(session).ok
    # Rights and duties are worked out from the terms of today.
    assert {part for part in then if before[part] != then[part]} <= {"rights", "duties"}
    assert before["loan"]["matures_on"] == str(MATURES)
    assert [i["principal_due"] for i in before["instalments"]] == ["100000.00"]
    assert (after["loan"]["matures_on"], Decimal(after["loan"]["annual_rate"])) == (str(HALF_A_YEAR), 6)
    assert [(i["due_on"], i["principal_due"]) for i in after["instalments"] if i["principal_due"] != "0.00"] == [
        (str(HALF_A_YEAR), "100000.00")
    ]


def test_latest_counts_from_the_original_maturity_after_an_extension(lent: Book, policy_file: PolicyFile) -> None:
    with lent.write() as writer:
        extend(writer, policy_file, "L2", ask(HALF_A_YEAR, 100_000), MATURES)
        loan = loans.get(writer.session, "L2")
        policy = policy_file.at(MATURES)
        assert extensions.latest(policy, loan) == months_after(MATURES, 12)
