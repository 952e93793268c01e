"""MAT-3: a document of title stays while a cent is owed on any loan that its item secures, and goes back once."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from postloan.book import Book, Writer, accounts, audit, cases, loans, receipts, titles
from postloan.book.receipts import Received
from postloan.book.tables import AuditEvent, Case, Charge, Collateral, CollateralLoan, Instalment, Loan, TitleRelease
from postloan.calendar import ONE_DAY, months_after
from postloan.errors import PostloanError
from postloan.policy import PolicyFile
from tests.book.test_schedules import MATURES, START, ZERO, account, case_on, money, pay
from tests.factory import staff_and_loans

SECURES = {"K1": ("L1", "L2", "L3"), "K2": ("L2",), "K3": ("L3", "L4")}


@pytest.fixture
def lent(book: Book) -> Book:
    """Four loans with penalty interest, three items: L1 in four instalments, L2 in one, L3 and L4 without any."""
    staff_and_loans(book, dict.fromkeys(("L1", "L2", "L3", "L4"), START))
    with book.write() as writer:
        add = writer.session.add
        for loan in writer.session.exec(select(Loan)):
            loan.penalty_surcharge = Decimal(50)
        for number in range(1, 5):
            about = {"loan_no": "L1", "number": number, "due_on": months_after(START, 3 * number)}
            add(Instalment(principal_due=25_000, interest_due=300, **about))
        add(Instalment(loan_no="L2", number=1, due_on=MATURES, principal_due=100_000, interest_due=4_400))
        for no in SECURES:
            add(Collateral(collateral_no=no, kind="房产", owner="x", value=1, valued_on=START, title_document=f"T{no}"))
        writer.session.flush()
        writer.session.add_all(
            CollateralLoan(collateral_no=no, loan_no=of) for no, all_of in SECURES.items() for of in all_of
        )
    return book


def settlement(book: Book, file: PolicyFile, no: str, day: date) -> Case:
    with book.write() as writer:
        return case_on(writer, file, "collection_preparation", no, day)


def release(book: Book, case: Case, item: str, day: date) -> bool:
    """Whether it is entered in the register that the document went back."""
    with book.read() as session:
        before = len(session.exec(select(TitleRelease)).all())
    try:
        with book.write() as writer:
            titles.release(writer, case, item, received_by="x", evidence="身份证", day=day, by="S001")
    except PostloanError:
        return False
    with book.read() as session:
        return len(session.exec(select(TitleRelease)).all()) > before


def settle(writer: Writer, file: PolicyFile, no: str, day: date, number: object) -> bool:
    """All that it takes, early where it is not due; gives whether it took anything."""
    loan = loans.get(writer.session, no)
    due = receipts.due_to_settle(writer.session, file, loan, day)
    early = any(o.principal and o.due_on > day for o in account(writer.session, file, no, day).owed)
    if due > 0:
        case = case_on(writer, file, "receipt", no, day)
        received = Received(f"S{no}-{number}", day, due, early="all" if early else "")
        receipts.enter(writer, file, case, loan, received, document="凭证", by=["F1"])
    return due > 0


def debts(session: Session, file: PolicyFile, day: date) -> set[str]:
    return {no for no in ("L1", "L2", "L3", "L4") if not account(session, file, no, day).settled}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_it_is_kept_exactly_while_something_is_owed(
    lent: Book, policy_file: PolicyFile, seed: int
) -> None:
    chance, day = random.Random(seed), MATURES - timedelta(days=60)
    case = {no: settlement(lent, policy_file, no, day) for no in ("L1", "L2", "L3", "L4")}
    in_force: list[tuple[str, str]] = []
    free, kept = 0, 0
    for step in range(30):
        day += timedelta(days=chance.randrange(0, 5))
        no = chance.choice(("L1", "L2", "L3", "L4"))
        with lent.write() as writer:
            what = chance.random()
            if what < 0.12 and in_force:
                made, no = in_force.pop(chance.randrange(len(in_force)))
                pay(writer.session, no, day, 1, reverses=made)
            elif what < 0.2:
                about = {"kind": chance.choice(("fee", "advance", "penalty")), "charged_on": day}
                due_on = day + timedelta(days=chance.randrange(0, 30))
                writer.session.add(
                    Charge(charge_no=f"C{step}", loan_no=no, amount=money("0.01"), due_on=due_on, **about)
                )
                writer.session.flush()
            elif what < 0.6:
                if settle(writer, policy_file, no, day, step):
                    in_force.append((f"S{no}-{step}", no))
            else:
                in_force.append((pay(writer.session, no, day, money(chance.choice((1, 300, 20_000)))), no))
            accounts.refresh(writer.session, policy_file, [no])
        with lent.read() as session:
            owed = debts(session, policy_file, day)
            back = {line.collateral_no for line in session.exec(select(TitleRelease))}
            for held in titles.of_loan(session, chance.choice(sorted(case)), day):
                item = held.collateral.collateral_no
                assert held.owed_on == tuple(sorted(owed & set(SECURES[item]))), (step, item)
                assert held.released == (item in back)
        item = chance.choice(sorted(SECURES))
        of = chance.choice(SECURES[item])
        may = not owed & set(SECURES[item]) and item not in back
        assert release(lent, case[of], item, day) == may, (step, item, owed)
        free, kept = free + may, kept + (not may)
    assert kept > 20
    assert free > 0
    with lent.read() as session:
        lines = session.exec(select(TitleRelease)).all()
        assert len({line.collateral_no for line in lines}) == len(lines) == free, "each goes back once"
        told = session.exec(select(AuditEvent).where(AuditEvent.event == "title.released")).all()
        assert len(told) == free
        assert audit.verify(session).ok


@pytest.mark.parametrize("what", ["cent", "charge to come", "penalty", "interest"])
def test_the_last_cent_holds_it(lent: Book, policy_file: PolicyFile, what: str) -> None:
    day = MATURES + timedelta(days=10)
    case = settlement(lent, policy_file, "L2", day)
    with lent.write() as writer:
        if what == "charge to come":
            about = {"kind": "advance", "charged_on": day, "due_on": day + timedelta(days=300)}
            writer.session.add(Charge(charge_no="C1", loan_no="L2", amount=money("0.01"), **about))
            writer.session.flush()
        due = sum((o.total for o in account(writer.session, policy_file, "L2", day).owed), ZERO)
        penalty = sum((o.penalty for o in account(writer.session, policy_file, "L2", day).owed), ZERO)
        assert penalty > 0
        less = {"cent": money("0.01"), "charge to come": money("0.01"), "penalty": penalty, "interest": money(4_400)}[
            what
        ]
        pay(writer.session, "L2", day, due - less)
        accounts.refresh(writer.session, policy_file, ["L2"])
    assert not release(lent, case, "K2", day)
    with lent.read() as session:
        assert titles.owed_on(session, "K2", day) == ("L2",)
    with lent.write() as writer:
        day += ONE_DAY
        settle(writer, policy_file, "L2", day, "last")
    with lent.read() as session:
        assert titles.owed_on(session, "K2", day) == ()
        assert titles.owed_on(session, "K1", day) == ("L1", "L3")
    assert not release(lent, case, "K2", day - ONE_DAY), "not as of a day before the money came"
    assert release(lent, case, "K2", day)
    assert not release(lent, case, "K2", day), "once"
    another = settlement(lent, policy_file, "L1", day)
    assert not release(lent, another, "K2", day + ONE_DAY), "it is not here any more"
    with lent.read() as session:
        assert len(titles.register(session, day, day)) == 1


def _paid_off(book: Book, file: PolicyFile, day: date) -> None:
    with book.write() as writer:
        for no in ("L1", "L2", "L3", "L4"):
            settle(writer, file, no, day, "x")


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_new_loan_on_the_item_holds_its_document_again(lent: Book, policy_file: PolicyFile, days: int) -> None:
    """Also one that is disbursed on the very day on which it went back, as when a loan repays the old one."""
    _paid_off(lent, policy_file, MATURES)
    case = settlement(lent, policy_file, "L2", MATURES)
    if days >= 0:
        assert release(lent, case, "K2", MATURES)
    disbursed = MATURES + timedelta(days=days)
    with lent.write() as writer:
        terms = {"loan_no": "N1", "disbursed_on": disbursed, "first_drawdown_on": disbursed}
        old = loans.get(writer.session, "L2").model_dump()
        writer.session.add(Loan(**old | terms | {"matures_on": months_after(MATURES, 12)}))
        writer.session.flush()
        writer.session.add(CollateralLoan(collateral_no="K2", loan_no="N1"))
    day = disbursed + ONE_DAY
    with lent.read() as session:
        (held,) = titles.of_loan(session, "N1", day)
        assert (held.owed_on, held.released) == (("N1",), False)
    another = settlement(lent, policy_file, "N1", day)
    assert not release(lent, another, "K2", day)
    with lent.write() as writer:
        settle(writer, policy_file, "N1", day, "n")
    assert release(lent, another, "K2", day)
    with lent.read() as session:
        (held,) = titles.of_loan(session, "N1", day)
        assert (held.owed_on, held.released) == ((), True)


def test_a_loan_that_is_said_to_be_paid_holds_it_when_the_receipt_bounces(lent: Book, policy_file: PolicyFile) -> None:
    """The feed said settled; the cheque that settled it came back after that."""
    with lent.write() as writer:
        made = pay(writer.session, "L2", MATURES, 104_400)
        loan = loans.get(writer.session, "L2")
        loan.settled_on = MATURES
        writer.session.add(loan)
        accounts.refresh(writer.session, policy_file, ["L2"])
    case = settlement(lent, policy_file, "L2", MATURES)
    with lent.read() as session:
        assert titles.owed_on(session, "K2", MATURES) == ()
    with lent.write() as writer:
        pay(writer.session, "L2", MATURES + ONE_DAY, 1, reverses=made)
        accounts.refresh(writer.session, policy_file, ["L2"])
    assert not release(lent, case, "K2", MATURES + 2 * ONE_DAY)


def test_a_release_is_opened_by_hand_only_where_a_document_can_go_back(lent: Book, policy_file: PolicyFile) -> None:
    day = MATURES + ONE_DAY

    def refused(no: str) -> str:
        with pytest.raises(PostloanError) as error, lent.write() as writer:
            case_on(writer, policy_file, "title_release", no, day)
        return str(error.value)

    assert refused("L2") == "loan L2 is not paid: its documents of title secure it"
    with lent.write() as writer:
        settle(writer, policy_file, "L4", day, "x")
    assert refused("L4") == "the documents of title of loan L4 still secure L3"
    with lent.write() as writer:
        for no in ("L1", "L2", "L3"):
            settle(writer, policy_file, no, day, "x")
        terms = {"kind": "settlement", "loan_no": "L2", "subject": f"{day}", "rule": "MAT-4", "opened_on": day}
        version = cases.keep_policy(writer, policy_file)
        case = Case(case_no=f"ST-L2-{day}", anchor_on=day, due_on=day, policy_version=version, **terms)
        cases.enter(writer, case)
    assert refused("L2") == f"the settlement of loan L2 hands its documents of title back: ST-L2-{day}"
    with lent.write() as writer:
        cases.close(writer, case, "settled_titles_kept")
        made = case_on(writer, policy_file, "title_release", "L2", day)
        assert (made.case_no, made.rule) == ("TR-L2-1", "MAT-3")
    for item in ("K1", "K2"):
        assert release(lent, made, item, day)
    with lent.write() as writer:
        cases.close(writer, made, "released")
    assert refused("L2") == "no document of title of loan L2 is held"
