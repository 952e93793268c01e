"""A year of rounds against a slow, obvious computation that shares no code with them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import col, select

from postloan.book import Book, audit, cases, duties
from postloan.book.tables import (
    Borrower,
    Case,
    Collateral,
    CollateralLoan,
    Guarantee,
    Guarantor,
    Instalment,
    Loan,
    Rating,
    Repayment,
    Signal,
)
from postloan.policy import PolicyFile
from tasks.office import Office
from tasks.round import work_out
from tests.factory import staff_and_loans
from tests.slow import Key, Slow, as_warned

pytestmark = pytest.mark.slow

START = date(2025, 3, 3)
DAYS = {"sqlite": 250, "postgresql": 100}  # the same computation, so some months will do on the second
RATINGS = ["", "AAA", "AA", "AA-", "A+", "A", "BBB", "C"]
KINDS = ["corporate", "small_enterprise", "personal"]


def fill(book: Book, seed: int, *, punctual: bool = False) -> None:
    """Loans of every sort: ratings, risk, signals, schedules paid or not, collateral, guarantors.

    With `punctual`, every loan is paid back at maturity and none has instalments before.
    """
    chance = random.Random(seed)
    staff_and_loans(book, {})
    with book.write() as writer:
        add = writer.session.add
        for n in range(18):
            add(
                Borrower(
                    borrower_no=f"B{n:02d}",
                    name=f"b{n}",
                    kind=chance.choice(KINDS),
                    rating=chance.choice(RATINGS),
                    licence_until=START + timedelta(days=chance.randrange(500)) if n % 3 == 0 else None,
                )
            )
        writer.session.flush()
        for n in range(26):
            drawn = START + timedelta(days=chance.randrange(-200, 250))
            loan_no = f"L{n:02d}"
            term = chance.choice((60, 180, 365, 800))
            settled_on = drawn + timedelta(days=term) if punctual else None
            if n % 7 == 3:
                settled_on = drawn + timedelta(days=term // 2)
            add(
                Loan(
                    loan_no=loan_no,
                    borrower_no=f"B{chance.randrange(18):02d}",
                    principal=Decimal(1200),
                    annual_rate=Decimal(5),
                    disbursed_on=drawn,
                    first_drawdown_on=drawn,
                    matures_on=drawn + timedelta(days=term),
                    high_risk=n % 9 == 0,
                    settled_on=settled_on,
                    restructured_on=drawn + timedelta(days=20) if n % 11 == 5 else None,
                )
            )
            writer.session.flush()
            if n % 2 and not punctual:
                for number in range(1, 5):
                    add(
                        Instalment(
                            loan_no=loan_no,
                            number=number,
                            due_on=drawn + timedelta(days=term * number // 4),
                            principal_due=Decimal(300),
                            interest_due=Decimal(5),
                        )
                    )
                for number in range(1, chance.randrange(1, 6)):
                    paid_on = drawn + timedelta(days=term * number // 4 + chance.randrange(-3, 20))
                    add(Repayment(receipt_no=f"{loan_no}-{number}", loan_no=loan_no, paid_on=paid_on, amount=305))
        writer.session.flush()
        for n in range(8):
            until = START + timedelta(days=chance.randrange(450))
            add(
                Collateral(
                    collateral_no=f"K{n}",
                    kind="house",
                    owner="x",
                    value=Decimal(5),
                    valued_on=START,
                    insured_until=until,
                    valuation_due=until + timedelta(days=9) if n % 2 else None,
                )
            )
            writer.session.flush()
            for loan_no in {f"L{chance.randrange(26):02d}" for _ in range(2)}:
                add(CollateralLoan(collateral_no=f"K{n}", loan_no=loan_no))
            add(Guarantor(guarantor_no=f"G{n}", name="g"))
            writer.session.flush()
            given = until if n % 2 else None
            add(Guarantee(guarantor_no=f"G{n}", loan_no=f"L{chance.randrange(26):02d}", until_on=given))
            if n < 5:
                on_loan = n % 2 == 0
                add(
                    Signal(
                        loan_no=f"L{chance.randrange(26):02d}" if on_loan else None,
                        borrower_no=None if on_loan else f"B{chance.randrange(18):02d}",
                        kind=chance.choice(("litigation", "other")),
                        seen_on=START + timedelta(days=chance.randrange(-30, 250)),
                        source=f"s{n}",
                        cleared_on=START + timedelta(days=320) if n == 1 else None,
                    )
                )
            add(Rating(borrower_no=f"B{n:02d}", rated_on=START - timedelta(days=10), rating=chance.choice(RATINGS[1:])))


PER_LOAN = {
    "first_inspection",
    "routine_inspection",
    "risk_classification",
    "pre_maturity_visit",
    "repayment_notice",
    "settlement",
    "workout_transfer",
}


def key(case: Case, signals: dict[int, Signal]) -> Key:
    """A case as the slow computation calls it."""
    subject = case.subject
    if case.kind in ("warning_signal", "special_inspection", "business_suspension"):
        number, _, other = subject[1:].partition("-")
        subject = as_warned(signals[int(number)]).name + (f"-{other}" if other else "")
    if case.kind == "first_inspection":
        subject = case.loan_no
    elif case.kind in PER_LOAN:
        subject = f"{case.loan_no}/{case.subject}"
    return case.kind, subject, case.due_on


def opens_a_case(kind: str) -> bool:
    """The others are notices, or deadlines to know."""
    return kind not in duties.KINDS or duties.KINDS[kind].opens == "case"


def test_every_duty_is_opened_once_on_its_day(office: Office, policy_file: PolicyFile) -> None:
    book = office.book
    fill(book, 1)
    with book.read() as session:
        slow = Slow.of(session, "CN", START)
    expected: dict[Key, date] = {}
    days = DAYS[book.engine.dialect.name]
    for n in range(days):
        today = START + timedelta(days=n)
        for duty in slow.of_day(today):
            expected.setdefault(duty, today)
        done = work_out(office, today)
        assert done.opened == len(done.opened_cases)
    with book.read() as session:
        # What a stage of collection opens has tests of its own, against plain Python day by day.
        found = session.exec(select(Case).where(col(Case.kind).not_in(("collection", "demand_notice")))).all()
        signals = {s.id: s for s in session.exec(select(Signal))}
        opened = {key(case, signals): case.opened_on for case in found}
        assert len(opened) == len(found), "each once"
        assert audit.verify(session).ok
    assert opened == expected
    kinds = {kind for kind, _, _ in opened}
    assert len(kinds) >= 8, "the book has something of nearly every kind"
    assert work_out(office, START + timedelta(days=days - 1)).opened == 0


def test_what_is_due_a_year_ahead_is_what_the_rounds_open(office: Office, policy_file: PolicyFile) -> None:
    """On a book to which nothing is added, and whose loans are paid when they fall due."""
    book = office.book
    fill(book, 3, punctual=True)
    first = START + timedelta(days=70)  # all that opens in the first rounds is due by then
    end = START + timedelta(days=DAYS[book.engine.dialect.name])
    with book.read() as session:
        ahead = duties.between(session, policy_file, first, end, START)
        forecast = {(d.loan_no, d.kind, d.due_on) for d in ahead if opens_a_case(d.kind)}
    for n in range((end - START).days + 1):
        work_out(office, START + timedelta(days=n))
        with book.write() as writer:  # and whose people work at once
            for case in writer.session.exec(select(Case).where(Case.state == "open")):
                cases.close(writer, case, "done")
    with book.read() as session:
        all_cases = session.exec(select(Case)).all()
        opened = {(c.loan_no or "", c.kind, c.due_on) for c in all_cases if first <= c.due_on <= end}
    assert forecast == opened
