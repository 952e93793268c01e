"""What is owed follows the feeds at once; what was changed here is not taken back by them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from postloan.book import Book, accounts, loans, schedules
from postloan.book.tables import Instalment, Repayment
from postloan.errors import FeedError
from postloan.feeds import take_in
from postloan.feeds.taking import Outcome
from postloan.policy import PolicyFile
from postloan.rules.schedule import Planned

RECEIPTS = "receipt_no,loan_no,paid_on,amount,reverses\n"


TERMS = "loan_no,borrower_no,principal,annual_rate,disbursed_on,matures_on,penalty_surcharge\n"
LOAN = TERMS + "L1,B1,1000.00,7.2,2025-01-10,2026-01-10,50\n"
ALSO = TERMS + "L2,B1,1000.00,7.2,2025-01-10,2026-01-10,50\n"
CHARGES = "charge_no,loan_no,kind,charged_on,due_on,amount,detail\n"
PLAN = "loan_no,number,due_on,principal_due,interest_due\nL1,1,2025-07-10,500.00,36.00\nL1,2,2026-01-10,500.00,18.00\n"


def _lent(book: Book, desk: Path, policy_file: PolicyFile) -> None:
    """A loan of 12 months in two instalments, half again the rate on what is past due."""
    _take(book, desk, "borrowers", "borrower_no,name,kind\nB1,x,personal\n")
    _take(book, desk, "loans", LOAN, policy_file)
    _take(book, desk, "instalments", PLAN, policy_file)


def _take(book: Book, desk: Path, kind: str, text: str, policy: PolicyFile | None = None, **more: Any) -> Outcome:
    file = desk / f"{kind}.csv"
    file.write_text(text)
    return take_in(book, kind, file, policy=policy, **more)


def test_receipts_are_allocated_when_they_are_taken_in(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    # 500.00 are 30 days late, at 7.2 % and half of it again: 4.50
    _take(book, tmp_path, "repayments", RECEIPTS + "R1,L1,2025-08-09,536.00,\n", policy_file)
    with book.read() as session:
        parts = {e.part: (e.charged, e.paid) for e in accounts.entries(session, "L1")}
        standing = loans.standing(session, loans.get(session, "L1"), date(2025, 8, 10))
    assert parts == {
        "penalty": (Decimal("4.50"), Decimal("4.50")),
        "interest": (Decimal("0.00"), Decimal("36.00")),
        "principal": (Decimal("0.00"), Decimal("495.50")),
    }
    assert (standing.days_past_due, standing.overdue) == (31, Decimal("4.50"))


def test_a_dry_run_allocates_nothing(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    late = "R1,L1,2025-08-09,536.00,\n"
    _take(book, tmp_path, "repayments", RECEIPTS + late, policy_file, dry_run=True)
    with book.read() as session:
        assert accounts.entries(session, "L1") == []


def test_charges_are_debts_of_their_own(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    header = "垫款编号,借据号,费用种类,垫款日期,应还日,金额,事由\n"
    _take(book, tmp_path, "charges", header + "C1,L1,垫款,2025-02-01,2025-02-11,80.00,保险费\n", policy_file)
    with book.read() as session:
        loan = loans.get(session, "L1")
        assert loans.standing(session, loan, date(2025, 2, 21)).days_past_due == 10
        assert loans.standing(session, loan, date(2025, 2, 21)).principal_outstanding == Decimal("1000.00")


# ------------------------------------------------------------------------------------------ moved to another loan


def _journal(book: Book, loan_no: str) -> list[dict[str, Any]]:
    with book.read() as session:
        return [entry.model_dump() for entry in accounts.entries(session, loan_no)]


def test_a_receipt_that_is_corrected_to_be_of_another_loan(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    """It pays there, and no longer here."""
    _lent(book, tmp_path, policy_file)
    _take(book, tmp_path, "loans", ALSO, policy_file)
    _take(book, tmp_path, "repayments", RECEIPTS + "R1,L1,2025-08-09,536.00,\n", policy_file)
    assert _journal(book, "L1") != []
    moved = RECEIPTS + "R1,L2,2025-08-09,536.00,\n"
    _take(book, tmp_path, "repayments", moved, policy_file, corrections=True)
    assert _journal(book, "L1") == []
    with book.read() as session:
        left = [loans.standing(session, loans.get(session, no), date(2025, 8, 9)) for no in ("L1", "L2")]
    assert [standing.principal_outstanding for standing in left] == [Decimal("1000.00"), Decimal("464.00")]


def test_a_charge_that_is_corrected_to_be_of_another_loan(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    _take(book, tmp_path, "loans", ALSO, policy_file)
    charge = CHARGES + "C1,L1,advance,2025-02-01,2025-02-11,80.00,\n"
    _take(book, tmp_path, "charges", charge, policy_file)
    _take(book, tmp_path, "repayments", RECEIPTS + "R1,L1,2025-07-10,536.00,\n", policy_file)
    assert {entry["claim"] for entry in _journal(book, "L1")} == {"1", "C-C1"}
    _take(book, tmp_path, "charges", charge.replace("L1", "L2"), policy_file, corrections=True)
    assert _journal(book, "L1") == [], "the receipt simply covers the first instalment"


@pytest.mark.parametrize("dry_run", [True, False])
def test_receipts_that_contradict_each_other_are_refused_by_their_loan(
    book: Book, tmp_path: Path, policy_file: PolicyFile, dry_run: bool
) -> None:
    """A receipt is corrected to be of another loan, and what reversed it stays behind."""
    _lent(book, tmp_path, policy_file)
    _take(book, tmp_path, "loans", ALSO, policy_file)
    bounced = "R1,L1,2025-08-09,536.00,\nR2,L1,2025-08-11,536.00,R1\n"
    _take(book, tmp_path, "repayments", RECEIPTS + bounced, policy_file)
    before = _journal(book, "L1")
    moved = RECEIPTS + "R1,L2,2025-08-09,536.00,\n"
    with pytest.raises(FeedError, match="loan L1: its receipts cannot be allocated: R2 reverses R1"):
        _take(book, tmp_path, "repayments", moved, policy_file, corrections=True, dry_run=dry_run)
    assert _journal(book, "L1") == before != []
    with book.read() as session:
        assert session.get_one(Repayment, "R1").loan_no == "L1"


# ------------------------------------------------------------------------------------------ changed here


def test_an_old_file_does_not_take_an_extension_back(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    with book.write() as writer:
        loan = loans.get(writer.session, "L1")
        schedules.replace(
            writer,
            policy_file,
            loan,
            from_day=date(2026, 1, 10),
            amount=Decimal("500.00"),
            planned=[Planned(1, date(2026, 7, 10), Decimal("500.00"), Decimal("18.10"))],
            annual_rate=Decimal(8),
            day=date(2026, 1, 10),
            interest_kept_until=date(2026, 1, 10),
        )
        schedules.change_terms(
            writer, loan, matures_on=date(2026, 7, 10), original_maturity=date(2026, 1, 10), annual_rate=Decimal(8)
        )
    loan_file = "loan_no,borrower_no,principal,annual_rate,disbursed_on,matures_on\n"
    same = _take(book, tmp_path, "loans", loan_file + "L1,B1,1000.00,7.2,2025-01-10,2026-01-10\n", policy_file)
    plan = (
        "loan_no,number,due_on,principal_due,interest_due\nL1,1,2025-07-10,500.00,36.00\nL1,2,2026-01-10,500.00,18.00\n"
    )
    also = _take(book, tmp_path, "instalments", plan, policy_file)
    assert (same.changed, also.changed, also.added, also.unchanged) == (0, 0, 0, 2)
    with book.read() as session:
        assert loans.get(session, "L1").matures_on == date(2026, 7, 10)
        assert session.get_one(Instalment, ("L1", 2)).principal_due == 0
    core = _take(book, tmp_path, "loans", loan_file + "L1,B1,1000.00,8,2025-01-10,2026-08-10\n", policy_file)
    assert core.changed == 1, "the core system says something new"
    assert _take(book, tmp_path, "instalments", plan, policy_file, corrections=True).changed == 1
