"""The commands on what is owed and on the end of a loan, as scripts call them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app, main
from postloan.book import Book, accounts, cases, extensions, loans, migrate, parties, slips, titles
from postloan.book.tables import (
    Borrower,
    Charge,
    Collateral,
    CollateralLoan,
    Instalment,
    Loan,
    Position,
    Repayment,
)
from postloan.errors import PostloanError
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


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """The exit status of a command that a person got wrong, and what it says."""

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        return int(ended.value.code or 0), " ".join((said.err + said.out).split())

    return run


def test_the_table_of_an_account_has_what_receipts_paid_and_the_csv_what_is_owed(book: Book) -> None:
    table = CliRunner().invoke(app, ["account", "L1", "--date", "2026-05-11"]).output
    assert [word for word in ("应还明细", "收款冲账", "R1", "penalty 1.81", "C-C1") if word not in table] == []
    rows = CliRunner().invoke(app, ["account", "L1", "--date", "2026-05-11", "--format", "csv"]).output.splitlines()
    assert rows[0] == "number,due_on,fee,penalty,interest,principal,total"
    assert rows[1] == "C-C1,2026-05-01,80.00,0.00,0.00,0.00,80.00"


def test_an_account_may_be_asked_for_on_any_day(book: Book) -> None:
    for day in ("2025-12-31", "2026-01-10", "2026-04-10", "2027-01-10", "2031-02-28"):
        for loan_no in ("L1", "L2"):
            told = asked("account", loan_no, "--date", day)
            assert isinstance(told, dict)
            assert sum(Decimal(one["total"]) for one in told["owed"]) >= Decimal(told["overdue"])


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


def test_lists_of_slips_extensions_and_titles(book: Book, policy_file: PolicyFile) -> None:
    """L1's slips are back, one of them refused; L2's is out, it asks for an extension, is paid, its title goes back."""
    day = date(2026, 5, 2)
    with book.write() as writer:
        session, add = writer.session, writer.session.add
        add(Collateral(collateral_no="K1", kind="房产", owner="x", value=1, valued_on=DRAWN, title_document="T1"))
        session.flush()
        add(CollateralLoan(collateral_no="K1", loan_no="L2"))
        first, second = (loans.get(session, no) for no in ("L1", "L2"))
        case = cases.open_by_hand(writer, policy_file, "collection_preparation", first, day)
        told = parties.to_notify(session, first)
        slips.issue(writer, case, told * 2)
        about = {"signed_by": "张某某", "handed_over_on": day, "by": "S001"}
        slips.settle(writer, case, returned=[slips.number_of(case, 2)], day=day, **about)
        case = cases.open_by_hand(writer, policy_file, "extension", second, day)
        slips.issue(writer, case, told)
        terms = extensions.Terms("extension", date(2027, 7, 10), Decimal(1000), Decimal(6), "bullet", 1)
        extensions.apply(writer, case, second, terms, day, by="S001")
        second.settled_on = day
        session.flush()
        titles.release(writer, case, "K1", received_by="x", evidence="y", day=day, by="S005")

    def numbers(name: str, *words: str) -> list[str]:
        found = asked(*words)
        assert isinstance(found, list)
        return [row[name] for row in found]

    assert numbers("slip_no", "slips") == ["EX-L2-1-1"]
    assert numbers("state", "slips", "--all") == ["refused", "returned", "out"]
    assert numbers("slip_no", "slips", "--loan", "L1") == []
    assert numbers("case_no", "extensions") == numbers("case_no", "extensions", "--state", "applied") == ["EX-L2-1"]
    assert (
        numbers("case_no", "extensions", "--loan", "L1") == numbers("case_no", "extensions", "--state", "signed") == []
    )
    assert numbers("collateral_no", "titles", "--from", "2026-05-01", "--to", "2026-05-31") == ["K1"]
    assert numbers("collateral_no", "titles", "--from", "2026-05-03", "--to", "2026-05-31") == []


def test_what_people_get_wrong_is_said(book: Book, refused: Callable[..., tuple[int, str]]) -> None:
    with book.write() as writer:
        about = {"as_of": DRAWN, "overdue_principal": 0, "overdue_interest": 0, "days_past_due": 0}
        writer.session.add(Position(loan_no="L2", principal_outstanding=Decimal(100), **about))
    wrong = {
        ("account", "L9"): (1, "L9"),
        ("account", "L2"): (1, "the core system keeps the account of loan L2"),
        ("calls", "--date", "2026-02-30"): (2, "2026-02-30"),
        ("slips", "--loan", "L9"): (1, "L9"),
        ("titles", "--from", "2026-03-03", "--to", "2026-03-02"): (2, "before"),
        ("titles",): (2, "--from"),
        ("extensions", "--state", "granted"): (2, "granted"),
        ("extensions", "--loan", "L9"): (1, "L9"),
        ("open", "first_inspection", "L1"): (2, "extension, receipt, collection_preparation"),
        ("open", "receipt", "L9"): (1, "L9"),
        ("differences", "--format", "pdf"): (2, "pdf"),
    }
    for words, (status, said) in wrong.items():
        found = refused(*words)
        assert (found[0], said in found[1]) == (status, True), (words, found)


def test_a_case_is_opened_by_hand_once(
    book: Book, refused: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.stack.require_server", _nobody_answers)
    result = CliRunner().invoke(app, ["open", "extension", "L1", "--format", "json"])
    assert result.exit_code == 0, result.output
    opened = json.loads(result.stdout)
    assert (opened["case_no"], opened["started"]) == ("EX-L1-1", False)
    assert "starts with the next upkeep" in result.stderr
    status, said = refused("open", "extension", "L1")
    assert (status, "EX-L1-1" in said) == (1, True)


def test_the_run_of_a_case_is_started_where_a_server_answers(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr("cli.stack.require_server", lambda: None)
    monkeypatch.setattr("tasks.runs.start", lambda _, case: started.append(case.case_no))
    opened = asked("open", "receipt", "L1")
    assert isinstance(opened, dict)
    assert (opened["started"], started) == (True, ["RP-L1-1"])
    monkeypatch.setattr("tasks.runs.start", _no_deployment)
    result = CliRunner().invoke(app, ["open", "receipt", "L1", "--format", "json"])
    assert (result.exit_code, json.loads(result.stdout)["case_no"]) == (0, "RP-L1-2"), "the case is open all the same"
    assert "prefect deploy" in result.stderr


def _nobody_answers() -> None:
    raise PostloanError("PREFECT_API_URL is not set")


def _no_deployment(*_: object) -> None:
    raise PostloanError("Prefect has no deployment; run: prefect deploy --all")


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
