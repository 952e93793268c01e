"""The commands on what is owed and on the end of a loan, as scripts call them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from postloan.book import Book, accounts, migrate
from postloan.book.tables import Borrower, Charge, Instalment, Loan, Position, Repayment
from postloan.policy import PolicyFile
from tests.conftest import ROOT
from tests.factory import staff_and_loans

DRAWN = date(2026, 1, 10)


@pytest.fixture
def book(tmp_path: Path, policy_file: PolicyFile, monkeypatch: pytest.MonkeyPatch) -> Book:
    """L1 is paid late, with a penalty and an advance; L2 is not paid; the core system tells of L1."""
    url = f"sqlite:///{tmp_path / 'book.db'}"
    for name, value in (("HOME", tmp_path), ("BOOK", url), ("POLICY", ROOT / "policy.toml")):
        monkeypatch.setenv(f"POSTLOAN_{name}", str(value))
    made = Book(url)
    migrate.upgrade(made)
    staff_and_loans(made, {"L1": DRAWN, "L2": DRAWN})
    with made.write() as writer:
        add, session = writer.session.add, writer.session
        session.get_one(Loan, "L1").penalty_surcharge = Decimal(50)
        for loan_no in ("L1", "L2"):
            add(Instalment(loan_no=loan_no, number=1, due_on=date(2026, 4, 10), principal_due=1000, interest_due=10))
        add(Charge(charge_no="C1", loan_no="L1", kind="advance", charged_on=DRAWN, due_on=date(2026, 5, 1), amount=80))
        add(Repayment(receipt_no="R1", loan_no="L1", paid_on=date(2026, 4, 20), amount=Decimal("1011.81")))
        add(
            Position(
                loan_no="L1", as_of=date(2026, 5, 1), principal_outstanding=Decimal(99000), overdue_principal=0,
                overdue_interest=0, days_past_due=0,
            )
        )  # fmt: skip
        session.flush()
        accounts.refresh(session, policy_file, ["L1", "L2"])
    return made


def asked(*words: str) -> object:
    result = CliRunner().invoke(app, [*words, "--format", "json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_an_account_tells_what_is_owed_and_what_receipts_paid(book: Book) -> None:
    told = asked("account", "L1", "--date", "2026-05-11")
    assert isinstance(told, dict)
    # 1,000 for ten days at 4.35 % and half of it again: 1.81
    assert told["paid"] == {"fee": "0.00", "penalty": "1.81", "interest": "10.00", "principal": "1000.00"}
    assert (told["days_past_due"], told["overdue"], told["principal_outstanding"]) == (10, "80.00", "99000.00")
    assert [one["number"] for one in told["owed"]] == ["C-C1", "rest"]
    assert Decimal(told["to_settle_early"]) > 99_080


def test_lists_of_calls_and_differences(book: Book) -> None:
    calls = asked("calls", "--date", "2026-04-13")
    assert [(c["loan_no"], c["days_past_due"], c["overdue"]) for c in calls] == [
        ("L1", 3, "1010.00"),
        ("L2", 3, "1010.00"),
    ]
    assert [c["loan_no"] for c in asked("calls", "--date", "2026-04-21")] == ["L2"]
    (unlike,) = asked("differences", "--date", "2026-05-11")
    assert (unlike["loan_no"], unlike["days"], unlike["schedule_overdue"]) == ("L1", 10, "80.00")
    assert asked("slips") == asked("titles", "--from", "2026-01-01", "--to", "2026-12-31") == asked("extensions") == []


def test_a_case_is_opened_by_hand_once(book: Book) -> None:
    opened = asked("open", "extension", "L1")
    assert isinstance(opened, dict) and opened["case_no"] == "EX-L1-1"
    again = CliRunner().invoke(app, ["open", "extension", "L1"])
    assert again.exit_code == 1 and isinstance(again.exception, Exception)
    assert "EX-L1-1" in str(again.exception) + again.output
    assert CliRunner().invoke(app, ["open", "first_inspection", "L1"]).exit_code == 2
    unknown = CliRunner().invoke(app, ["open", "receipt", "L9"])
    assert unknown.exit_code == 1


def test_due_tells_of_reminders_and_deadlines(book: Book) -> None:
    found = asked("due", "--from", "2026-12-01", "--to", "2027-01-31", "--loan", "L2")
    told = {(duty["kind"], duty["due_on"], duty["rule"]) for duty in found}
    matures = date(2027, 1, 10)
    assert {
        ("pre_maturity_visit", str(matures - timedelta(days=20)), "INS-12"),
        ("repayment_notice", str(matures - timedelta(days=10)), "MAT-1"),
        ("instalment_reminder", str(matures - timedelta(days=3)), "MAT-2"),
        ("extension_application_deadline", str(matures - timedelta(days=30)), "EXT-1"),
        ("extension_filing_deadline", str(matures - timedelta(days=15)), "EXT-2"),
    } <= told


def test_reminders_are_printed_for_those_whom_nothing_else_reaches(book: Book, tmp_path: Path) -> None:
    out = tmp_path / "letters.pdf"
    words = ["letters", "--date", "2026-04-07", "--out", str(out)]
    assert "0 letter" in CliRunner().invoke(app, words).output
    with book.write() as writer:
        writer.session.get_one(Borrower, "C1").phone = ""
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, "2 letter" in result.output) == (0, True), result.output
    assert out.read_bytes().startswith(b"%PDF")
