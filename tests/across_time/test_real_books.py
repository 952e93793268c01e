"""On the real books: what `postloan due` says of the time ahead is what the rounds then open."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from postloan import feeds
from postloan.book import Book, cases, duties
from postloan.book.tables import Case, Instalment, Repayment
from postloan.settings import Settings
from tasks.office import Office
from tasks.round import work_out
from tests.across_time.test_year import opens_a_case
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"


@pytest.fixture
def office(sqlite_book: Book, tmp_path: Path) -> Office:
    return Office(sqlite_book, Settings(home=tmp_path, book=sqlite_book.url, policy=ROOT / "policy.toml"))


def take(office: Office, file: Path, example: str, *kinds: str) -> None:
    for kind in kinds:
        feeds.take_in(office.book, kind, file, mapping=EXAMPLES / example / f"{kind}.toml")


Counted = Counter[tuple[str, str, date]]  # loan number, kind, due date; of those on no loan, how many


def forecast(office: Office, first: date, last: date, known: date) -> Counted:
    with office.book.read() as session:
        found = duties.between(session, office.policy_file, first, last, known)
    return Counter((d.loan_no, d.kind, d.due_on) for d in found if opens_a_case(d.kind))


# What follows from a stage of collection nobody knows ahead.
BY_STAGE = ("collection", "demand_notice")


def opened(office: Office, first: date, last: date) -> Counted:
    with office.book.read() as session:
        due = select(Case.loan_no, Case.kind, Case.due_on).where(
            Case.due_on >= first, Case.due_on <= last, col(Case.kind).not_in(BY_STAGE)
        )
        return Counter((loan_no or "", kind, due_on) for loan_no, kind, due_on in session.exec(due))


def work_at_once(office: Office) -> None:
    """People whose work is never late: nothing lapses, nothing is signalled for it."""
    with office.book.write() as writer:
        for case in writer.session.exec(select(Case).where(Case.state == "open")):
            cases.close(writer, case, "done")


def test_a_year_of_the_berka_book_whose_loans_are_paid_when_due(office: Office, shared_data: Path) -> None:
    """Rounds once a week: what falls due in between is caught up on."""
    take(office, shared_data / "berka_1993_1998_account.csv", "berka", "borrowers")
    take(office, shared_data / "berka_1993_1998_loan.csv", "berka", "loans", "instalments")
    with office.book.write() as writer:
        for due in writer.session.exec(select(Instalment)).all():
            receipt = f"{due.loan_no}-{due.number}"
            paid = due.principal_due + due.interest_due
            writer.session.add(Repayment(receipt_no=receipt, loan_no=due.loan_no, paid_on=due.due_on, amount=paid))
    start = date(1996, 1, 1)
    first, last = start + timedelta(days=80), start + timedelta(days=364)
    ahead = forecast(office, first, last, start)
    for week in range(53):
        work_out(office, start + timedelta(days=7 * week))
        work_at_once(office)
    found = opened(office, first, last)
    assert len(found) > 600
    assert found == ahead


def test_a_month_of_the_lending_club_book(office: Office, shared_data: Path) -> None:
    """Ten thousand loans by their positions: the late ones have signals, and are inspected each month."""
    take(office, shared_data / "lending_club_2018_positions.csv", "lending_club", "borrowers", "loans", "positions")
    start = date(2018, 4, 1)
    work_out(office, start)
    first, last = start + timedelta(days=12), start + timedelta(days=30)
    ahead = forecast(office, first, last, start)
    for n in range(1, 31):
        work_out(office, start + timedelta(days=n))
    found = opened(office, first, last)
    assert {kind for _, kind, _ in found} >= {"routine_inspection", "warning_signal", "risk_classification"}
    assert len(found) > 5_000
    assert found == ahead
