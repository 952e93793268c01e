"""Extensions, early repayments and documents of title in the book, through any sequence of what may happen."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from postloan.book import Book, Writer, accounts, audit, cases, duties, extensions, loans, receipts, schedules, titles
from postloan.book.extensions import Terms
from postloan.book.receipts import Received
from postloan.book.standings import settlements
from postloan.book.tables import (
    AuditEvent,
    Case,
    Charge,
    Collateral,
    CollateralLoan,
    Extension,
    Instalment,
    Loan,
    Repayment,
    RoundDay,
    TitleRelease,
)
from postloan.calendar import months_after
from postloan.card import card
from postloan.errors import PostloanError
from postloan.policy import Policy, PolicyFile
from tests.factory import staff_and_loans

DRAWN = date(2025, 1, 10)
MATURES = date(2026, 1, 10)  # L1 to L3: 100,000 at 4.35 % for a year
HALF_A_YEAR = date(2026, 7, 10)


@pytest.fixture
def policy(policy_file: PolicyFile) -> Policy:
    return policy_file.at(MATURES)


@pytest.fixture
def lent(book: Book) -> Book:
    """L1 in four instalments, L2 in one, L3 without any; all of them secured by K1."""
    staff_and_loans(book, {no: DRAWN for no in ("L1", "L2", "L3")})
    with book.write() as writer:
        add = writer.session.add
        for number in range(1, 5):
            due_on = months_after(DRAWN, 3 * number)
            add(Instalment(loan_no="L1", number=number, due_on=due_on, principal_due=25000, interest_due=300))
        add(Instalment(loan_no="L2", number=1, due_on=MATURES, principal_due=100_000, interest_due=4400))
        add(Collateral(collateral_no="K1", kind="房产", owner="x", value=1, valued_on=DRAWN, title_document="T1"))
        writer.session.flush()
        for no in ("L1", "L2", "L3"):
            add(CollateralLoan(collateral_no="K1", loan_no=no))
    return book


def pay(writer: Writer, file: PolicyFile, loan_no: str, day: date, amount: Decimal | int, reverses: str = "") -> str:
    number = len(writer.session.exec(select(Repayment)).all())
    receipt_no = f"R{number}"
    writer.session.add(
        Repayment(receipt_no=receipt_no, loan_no=loan_no, paid_on=day, amount=amount, reverses=reverses or None)
    )
    writer.session.flush()
    accounts.refresh(writer.session, file, [loan_no])
    return receipt_no


def case_on(writer: Writer, file: PolicyFile, kind: str, loan_no: str, day: date) -> Case:
    return cases.open_by_hand(writer, file, kind, loans.get(writer.session, loan_no), day)


def terms(until: date, amount: int = 100_000, variant: str = "extension", **more: object) -> Terms:
    return Terms(variant, until, Decimal(amount), Decimal(6), **({"repayment": "bullet", "every_months": 1} | more))  # type: ignore[arg-type]


def extend(writer: Writer, file: PolicyFile, policy: Policy, loan_no: str, asked: Terms, day: date) -> Extension:
    case = case_on(writer, file, "extension", loan_no, day)
    extensions.apply(writer, case, loans.get(writer.session, loan_no), asked, day, by="S001")
    extensions.sign(
        writer, file, policy, case, asked, contract_no="Z", signed_on=day, new_loan_no="", day=day, by="S001"
    )
    cases.close(writer, case, "signed")
    return writer.session.get_one(Extension, case.case_no)


def owed(book: Book, file: PolicyFile, loan_no: str, day: date) -> list[tuple[date, Decimal, Decimal]]:
    with book.read() as session:
        account = accounts.account(session, file, loans.get(session, loan_no), day)
    return [(o.due_on, o.principal, o.interest) for o in account.owed if o.principal + o.interest]


def late(book: Book, loan_no: str, day: date) -> int:
    with book.read() as session:
        return loans.standing(session, loans.get(session, loan_no), day).days_past_due


@pytest.mark.parametrize("missed", [0, 7])
@pytest.mark.parametrize("loan_no", ["L2", "L3"])
def test_an_extension_takes_force_at_maturity_also_when_rounds_were_missed(
    lent: Book, policy_file: PolicyFile, policy: Policy, loan_no: str, missed: int
) -> None:
    with lent.write() as writer:
        made = extend(writer, policy_file, policy, loan_no, terms(HALF_A_YEAR), MATURES - timedelta(days=20))
        assert (made.state, made.takes_force_on) == ("signed", MATURES)
        pay(writer, policy_file, loan_no, MATURES, 4400 if loan_no == "L2" else 0 + 1)
    with lent.write() as writer:
        extensions.take_force(writer, policy_file, MATURES - timedelta(days=1))
        assert loans.get(writer.session, loan_no).matures_on == MATURES
        assert extensions.take_force(writer, policy_file, MATURES + timedelta(days=missed)) == 1
        assert extensions.take_force(writer, policy_file, MATURES + timedelta(days=missed)) == 0
    left = Decimal(100_000) if loan_no == "L2" else Decimal(99_999)
    interest = (left * 6 / 100 * 181 / 360).quantize(Decimal("0.01"))
    assert owed(lent, policy_file, loan_no, MATURES) == [(HALF_A_YEAR, left, interest)]
    assert late(lent, loan_no, MATURES + timedelta(days=30)) == 0
    assert late(lent, loan_no, HALF_A_YEAR + timedelta(days=3)) == 3
    with lent.read() as session:
        before = card(session, policy_file, loan_no, MATURES - timedelta(days=1))
        after = card(session, policy_file, loan_no, date.today())
        assert audit.verify(session).ok
    assert (str(before["loan"]["matures_on"]), str(after["loan"]["matures_on"])) == (str(MATURES), str(HALF_A_YEAR))
    assert [i for i in before["instalments"] if i["principal_due"]] != [
        i for i in after["instalments"] if i["principal_due"]
    ]


def test_what_was_paid_before_is_not_extended_and_a_loan_that_is_paid_not_at_all(
    lent: Book, policy_file: PolicyFile, policy: Policy
) -> None:
    day = MATURES - timedelta(days=20)
    with lent.write() as writer:
        extend(writer, policy_file, policy, "L2", terms(HALF_A_YEAR), day)
        extend(writer, policy_file, policy, "L3", terms(HALF_A_YEAR), day)
        pay(writer, policy_file, "L2", day, 34_400)
        pay(writer, policy_file, "L3", day, 100_000)
    with lent.write() as writer:
        assert extensions.take_force(writer, policy_file, MATURES) == 1
        states = {e.loan_no: (e.state, e.amount) for e in writer.session.exec(select(Extension))}
    assert states == {"L2": ("in_force", Decimal("70000.00")), "L3": ("lapsed", Decimal("100000.00"))}
    assert [principal for _, principal, _ in owed(lent, policy_file, "L2", MATURES)] == [Decimal(70_000)]


def test_a_part_is_extended_and_the_rest_stays_due_when_it_was(
    lent: Book, policy_file: PolicyFile, policy: Policy
) -> None:
    asked = terms(HALF_A_YEAR, 60_000, repayment="equal_principal", every_months=2)
    with lent.write() as writer:
        extend(writer, policy_file, policy, "L3", asked, MATURES)
    found = owed(lent, policy_file, "L3", MATURES)
    assert [(day, principal) for day, principal, _ in found] == [
        (MATURES, Decimal(40_000)),
        (date(2026, 3, 10), Decimal(20_000)),
        (date(2026, 5, 10), Decimal(20_000)),
        (HALF_A_YEAR, Decimal(20_000)),
    ]
    assert late(lent, "L3", MATURES + timedelta(days=4)) == 4


def test_a_rescheduling_takes_what_is_past_due_along_and_marks_the_loan(
    lent: Book, policy_file: PolicyFile, policy: Policy
) -> None:
    day = date(2025, 11, 20)  # 25,300 paid; the instalments of July and October are missed
    asked = terms(HALF_A_YEAR, 75_000, "rescheduling", repayment="interest_only", every_months=3)
    with lent.write() as writer:
        writer.session.get_one(Loan, "L1").penalty_surcharge = Decimal(50)
        pay(writer, policy_file, "L1", date(2025, 4, 10), 25_300)
        loan = loans.get(writer.session, "L1")
        assert loans.standing(writer.session, loan, day).days_past_due == 133
        before = accounts.account(writer.session, policy_file, loan, day)
        made = extend(writer, policy_file, policy, "L1", asked, day)
        assert (made.state, made.in_force_on) == ("in_force", day)
        loan = loans.get(writer.session, "L1")
        assert (loan.restructured_on, loan.matures_on, loan.annual_rate) == (day, HALF_A_YEAR, Decimal(6))
        after = accounts.account(writer.session, policy_file, loan, day)
        charges = writer.session.exec(select(Charge)).all()
    found = [(o.due_on, o.principal, o.interest) for o in after.owed if o.principal + o.interest]
    assert sum(principal for _, principal, _ in found) == 75_000
    assert [interest for due_on, _, interest in found if due_on < day] == [300, 300], "interest that was due stays due"
    assert all(principal == 0 for due_on, principal, _ in found if due_on < HALF_A_YEAR)
    # on the 25,000 that were not due yet, 41 days since the last due date, at the old 4.35 %
    assert [interest for due_on, _, interest in found if due_on == day] == [Decimal("123.85")]
    # 25,000 for 133 days and 25,000 for 41 at 6.525 %: owed all the same, though the principal has moved
    penalty = sum(o.penalty for o in before.owed)
    assert penalty == Decimal("602.66") + Decimal("185.78")
    assert [(c.kind, c.amount, c.due_on) for c in charges] == [("penalty", penalty, day)]
    paid_down = before.principal_outstanding - after.principal_outstanding
    assert paid_down == 0


@pytest.mark.parametrize("variant", ["extension", "rescheduling"])
def test_the_book_itself_enters_nothing_beyond_the_law(
    lent: Book, policy_file: PolicyFile, policy: Policy, variant: str
) -> None:
    """Whoever signed, and whatever the flow let through: a year at most for a loan of a year, and once."""
    with lent.write() as writer:
        last = extensions.latest(policy, loans.get(writer.session, "L2"))
        assert last == date(2027, 1, 10)
    with pytest.raises(PostloanError, match="2027-01-10"), lent.write() as writer:
        extend(writer, policy_file, policy, "L2", terms(last + timedelta(days=1), variant=variant), MATURES)
    with lent.write() as writer:
        extend(writer, policy_file, policy, "L2", terms(HALF_A_YEAR, variant=variant), MATURES)
    with pytest.raises(PostloanError, match="1 time"), lent.write() as writer:
        extend(writer, policy_file, policy, "L2", terms(last, variant=variant), HALF_A_YEAR)
    with lent.read() as session:
        assert loans.get(session, "L2").matures_on == HALF_A_YEAR
        told = session.exec(select(AuditEvent).where(AuditEvent.event == "loan.changed")).all()
    (change,) = (json.loads(event.data) for event in told)
    assert (change["before"]["matures_on"], change["after"]["matures_on"]) == (str(MATURES), str(HALF_A_YEAR))


# ------------------------------------------------------------------------------------------- early


@pytest.mark.parametrize("days", [0, 1, 100, 273, 364, 365, 400])
@pytest.mark.parametrize("loan_no", ["L1", "L2", "L3"])
def test_settled_early_with_exactly_what_it_takes(lent: Book, policy_file: PolicyFile, loan_no: str, days: int) -> None:
    day = DRAWN + timedelta(days=days)
    with lent.write() as writer:
        about = {"kind": "advance", "charged_on": DRAWN, "due_on": MATURES - timedelta(days=9)}
        writer.session.add(Charge(charge_no="C1", loan_no=loan_no, amount=Decimal("80.00"), **about))
        writer.session.flush()
        loan = loans.get(writer.session, loan_no)
        due = receipts.due_to_settle(writer.session, policy_file, loan, day)
        case = case_on(writer, policy_file, "receipt", loan_no, day)
        early = (
            "all" if schedules.replaced(writer.session, policy_file, loan, day + timedelta(days=1)).principal else ""
        )
        if early:
            with pytest.raises(ValueError, match="to settle"):
                short = Received("X", day, due - Decimal("0.01"), early=early)
                receipts.effect(writer.session, policy_file, loan, short)
        received = Received("E1", day, due, early=early)
        for _ in range(2):  # entered twice is entered once
            receipts.enter(writer, policy_file, case, loan, received, document="凭证", by=["F1", "S1"])
    with lent.read() as session:
        account = accounts.account(session, policy_file, loans.get(session, loan_no), day)
        assert (account.settled, account.excess) == (True, Decimal("0.00"))
        settled = dict(session.execute(select(settlements())).tuples().all())
        assert settled[loan_no] == day
    with lent.write() as writer:  # it bounces
        pay(writer, policy_file, loan_no, day + timedelta(days=2), due, reverses="E1")
        account = accounts.account(writer.session, policy_file, loans.get(writer.session, loan_no), day)
        later = accounts.account(
            writer.session, policy_file, loans.get(writer.session, loan_no), day + timedelta(days=2)
        )
        assert account.settled
        assert later.principal_outstanding == 100_000, "it is owed again, all of it"


def test_a_part_repaid_early_shortens_what_is_left(lent: Book, policy_file: PolicyFile) -> None:
    day = date(2025, 3, 1)
    with lent.write() as writer:
        loan = loans.get(writer.session, "L1")
        loan.repayment = "equal_principal"
        case = case_on(writer, policy_file, "receipt", "L1", day)
        received = Received("E1", day, Decimal("40000.00"), early="part")
        planned = receipts.effect(writer.session, policy_file, loan, received).planned
        receipts.enter(writer, policy_file, case, loan, received, document="凭证", by=["F1", "S1"])
    repaid = planned[0]
    assert repaid.principal + repaid.interest == 40_000
    # 50 days of 360 at 4.35 % on what is repaid
    assert repaid.interest == (repaid.principal * Decimal("4.35") / 100 * 50 / 360).quantize(Decimal("0.01"))
    found = owed(lent, policy_file, "L1", day)
    assert sum(principal for _, principal, _ in found) == 100_000 - repaid.principal
    assert [due_on for due_on, _, _ in found] == [months_after(DRAWN, 3 * n) for n in range(1, 5)]


# ------------------------------------------------------------------------------ documents of title


@pytest.mark.parametrize("seed", range(4))
def test_no_sequence_releases_what_secures_a_debt(lent: Book, policy_file: PolicyFile, seed: int) -> None:
    """Receipts, bounced ones and advances on three loans that one house secures; now and then somebody tries."""
    chance, day, tried, released = random.Random(seed), MATURES - timedelta(days=40), 0, 0
    in_force: list[tuple[str, str, Decimal]] = []
    with lent.write() as writer:
        for loan in writer.session.exec(select(Loan)):
            loan.penalty_surcharge = Decimal(50)
        case = case_on(writer, policy_file, "collection_preparation", "L1", day)
    for step in range(40):
        day += timedelta(days=chance.randrange(0, 4))
        with lent.write() as writer:
            loan = loans.get(writer.session, chance.choice(("L1", "L2", "L3")))
            owing = sum(
                (o.total for o in accounts.account(writer.session, policy_file, loan, day).owed), Decimal("0.00")
            )
            what = chance.random()
            if what < 0.15 and in_force:
                receipt_no, loan_no, amount = in_force.pop(chance.randrange(len(in_force)))
                pay(writer, policy_file, loan_no, day, amount, reverses=receipt_no)
            elif what < 0.22:
                writer.session.add(
                    Charge(charge_no=f"C{step}", loan_no=loan.loan_no, kind="fee", charged_on=day, due_on=day, amount=9)
                )
                writer.session.flush()
                accounts.refresh(writer.session, policy_file, [loan.loan_no])
            elif owing:
                amount = owing if chance.random() < 0.7 else (owing / 2).quantize(Decimal("0.01"))
                if amount:
                    in_force.append((pay(writer, policy_file, loan.loan_no, day, amount), loan.loan_no, amount))
        with lent.read() as session:
            every = session.exec(select(Loan)).all()
            debts = [loan.loan_no for loan in every if not accounts.account(session, policy_file, loan, day).settled]
            said = titles.owed_on(session, "K1", day)
            lines = len(session.exec(select(TitleRelease)).all())
        assert set(debts) <= set(said), (step, day)
        tried += 1
        try:
            with lent.write() as writer:
                titles.release(writer, case, "K1", received_by="x", evidence="y", day=day, by="S001")
        except PostloanError:
            continue
        with lent.read() as session:
            if len(session.exec(select(TitleRelease)).all()) > lines:
                released += 1
                assert debts == [], (step, day)
    assert (tried, released) == (40, 1)


def test_a_document_goes_back_once_all_is_paid_and_a_new_loan_holds_it_again(
    lent: Book, policy_file: PolicyFile
) -> None:
    with lent.write() as writer:
        for loan_no, amount in (("L1", 101_200), ("L2", 104_400), ("L3", 100_000)):
            pay(writer, policy_file, loan_no, MATURES, amount)
        case = case_on(writer, policy_file, "collection_preparation", "L1", MATURES)
        titles.release(writer, case, "K1", received_by="x", evidence="y", day=MATURES, by="S001")
        (held,) = titles.of_loan(writer.session, "L1", MATURES)
        assert (held.owed_on, held.released) == ((), True)
        old = loans.get(writer.session, "L1")
        new = old.model_dump() | {"loan_no": "L9", "disbursed_on": MATURES, "first_drawdown_on": MATURES}
        writer.session.add(Loan(**new | {"matures_on": HALF_A_YEAR, "disbursed_on": MATURES + timedelta(days=1)}))
        writer.session.flush()
        writer.session.add(CollateralLoan(collateral_no="K1", loan_no="L9"))
        writer.session.flush()
        (held,) = titles.of_loan(writer.session, "L9", MATURES + timedelta(days=1))
    assert (held.owed_on, held.released) == (("L9",), False)


def test_one_extension_that_cannot_be_entered_keeps_no_round_from_the_others(
    lent: Book, policy_file: PolicyFile, policy: Policy
) -> None:
    with lent.write() as writer:
        for loan_no in ("L2", "L3"):
            extend(writer, policy_file, policy, loan_no, terms(HALF_A_YEAR), MATURES - timedelta(days=20))
        broken = writer.session.exec(select(Extension).where(Extension.loan_no == "L2")).one()
        broken.repayment = "custom"  # no schedule can be planned
    with lent.write() as writer:
        assert extensions.take_force(writer, policy_file, MATURES) == 1
    with lent.read() as session:
        states = {e.loan_no: e.state for e in session.exec(select(Extension))}
        failed = session.exec(select(AuditEvent).where(AuditEvent.event == "extension.failed")).all()
        assert states == {"L2": "signed", "L3": "in_force"}
        assert [event.loan_no for event in failed] == ["L2"]
        assert loans.get(session, "L2").matures_on == MATURES
        assert audit.verify(session).ok


# ------------------------------------------------------------------------------------------ settled again


def test_a_settlement_that_was_reopened_opens_again_for_the_same_day(lent: Book, policy_file: PolicyFile) -> None:
    """A receipt is reversed by mistake, and entered anew as of the day on which it came; and so once more."""
    day = MATURES
    with lent.write() as writer:
        writer.session.add(RoundDay(day=day, done_by=day, done_at=writer.now, result={}))
        version = cases.keep_policy(writer, policy_file)

    def round_of(today: date) -> list[str]:
        with lent.write() as writer:
            opened = duties.open_cases(writer, policy_file, version, today, day)
        return [no for no in opened if no.startswith("ST")]

    def due(today: date) -> list[date]:
        with lent.read() as session:
            found = duties.between(session, policy_file, day, today, today)
            on_card = card(session, policy_file, "L2", today)["duties"]
        days = [duty.due_on for duty in found if duty.kind == "settlement"]
        assert [duty["due_on"] for duty in on_card if duty["kind"] == "settlement"] == [f"{one}" for one in days]
        return days

    with lent.write() as writer:
        made = pay(writer, policy_file, "L2", day, 104_400)
    assert round_of(day) == [f"ST-L2-{day}"]
    for number in (2, 3):
        today = day + timedelta(days=2 * number)
        last = f"ST-L2-{day}" + (f"-{number - 1}" if number > 2 else "")
        with lent.write() as writer:
            pay(writer, policy_file, "L2", today, 104_400, reverses=made)
            cases.close(writer, cases.get(writer.session, last), "reopened")
        assert (round_of(today), due(today)) == ([], []), "it is owed"
        with lent.write() as writer:
            made = pay(writer, policy_file, "L2", day, 104_400)
        assert round_of(today + timedelta(days=1)) == [f"ST-L2-{day}-{number}"]
        assert round_of(today + timedelta(days=1)) == [], "once"
        assert due(day + timedelta(days=30)) == [day + timedelta(days=5)], "whatever its number"
    with lent.write() as writer:
        cases.close(writer, cases.get(writer.session, f"ST-L2-{day}-3"), "settled")
    assert round_of(today + timedelta(days=2)) == []
    with lent.read() as session:
        kept = session.exec(select(Case).where(Case.kind == "settlement")).all()
        assert {case.anchor_on for case in kept} == {day}
