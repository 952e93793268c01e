"""`postloan workout` and `postloan recoveries`, as scripts call them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app, main
from postloan.book import Book, accounts, cases, loans, migrate, workout
from postloan.book.tables import Instalment, Repayment
from postloan.book.workout import Planned
from postloan.policy import PolicyFile
from postloan.rules.workout import Alternative
from tests.conftest import ROOT
from tests.factory import staff_and_loans

DRAWN, HANDED, PLANNED = date(2025, 1, 10), date(2025, 7, 9), date(2025, 7, 20)


@pytest.fixture
def book(tmp_path: Path, policy_file: PolicyFile, monkeypatch: pytest.MonkeyPatch) -> Book:
    """L1 is in the workout, by a suit that cost something and brought something in; L2 is not."""
    url = f"sqlite:///{tmp_path / 'book.db'}"
    for name, value in (("HOME", tmp_path), ("BOOK", url), ("POLICY", ROOT / "policy.toml")):
        monkeypatch.setenv(f"POSTLOAN_{name}", str(value))
    made = Book(url)
    migrate.upgrade(made)
    staff_and_loans(made, {"L1": DRAWN, "L2": DRAWN})
    with made.write() as writer:
        session, add = writer.session, writer.session.add
        add(Instalment(loan_no="L1", number=1, due_on=date(2025, 4, 10), principal_due=100_000, interest_due=1_000))
        session.flush()
        loan = loans.get(session, "L1")
        case = cases.open_by_hand(writer, policy_file, "workout_transfer", loan, HANDED)
        workout.transfer(
            writer, policy_file, case, loan,
            day=HANDED, ground="other", missing="", handed_by="S001", taken_by="S003",
        )  # fmt: skip
        cases.close(writer, case, "transferred")
        case = cases.open_by_hand(writer, policy_file, "workout", loan, HANDED)
        two = [
            Alternative(11, "litigation", Decimal(90_000), Decimal(5_000), 18),
            Alternative(12, "debt_transfer", Decimal(40_000), Decimal(0), 2),
        ]
        steps = [Planned("开庭", date(2025, 10, 1)), Planned("起诉", date(2025, 8, 1))]
        workout.approve(writer, case, two, 11, steps, remark="", day=PLANNED, by="S003")
        about: dict[str, Any] = {"measure": "litigation", "detail": "诉讼费", "by": "S003"}
        workout.cost(writer, case, "C1", amount=Decimal("2300.50"), day=date(2025, 8, 1), **about)
        add(Repayment(receipt_no="R1", loan_no="L1", paid_on=date(2025, 7, 10), amount=100))
        add(Repayment(receipt_no="R2", loan_no="L1", paid_on=date(2025, 9, 1), amount=4_000))
        session.flush()
        accounts.refresh(session, policy_file, ["L1"])
    return made


def asked(*words: str) -> Any:
    result = CliRunner().invoke(app, [*words, "--format", "json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_list_of_the_workout(book: Book) -> None:
    (row,) = asked("workout", "--date", "2025-09-30")
    assert row == {
        "loan_no": "L1",
        "case_no": "WK-L1-1",
        "transferred_on": "2025-07-09",
        "state": "in_progress",
        "measure": "litigation",
        "next_milestone": "起诉",
        "next_due_on": "2025-08-01",
        "principal": "100000.00",
        "interest": "1000.00",
        "received": "4100.00",
        "costs": "2300.50",
        "net": "1799.50",
    }
    assert asked("workout", "--loan", "L2") == asked("workout", "--date", "2025-07-08") == []


def test_recoveries_by_measure_and_period(book: Book) -> None:
    every = asked("recoveries")
    assert [(r["measure"], r["received"], r["costs"], r["net"]) for r in every] == [
        ("litigation", "4000.00", "2300.50", "1699.50"),
        ("voluntary", "100.00", "0.00", "100.00"),
    ]
    later = asked("recoveries", "--from", "2025-08-02", "--to", "2025-12-31", "--loan", "L1")
    assert [(r["measure"], r["net"]) for r in later] == [("litigation", "4000.00")]
    assert asked("recoveries", "--to", "2025-07-08") == asked("recoveries", "--loan", "L2") == []


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("workout", "--loan", "L9"), 1, "L9"),
        (("recoveries", "--loan", "L9"), 1, "L9"),
        (("recoveries", "--from", "2025-03-03", "--to", "2025-03-02"), 2, "before"),
        (("open", "write_off", "L2"), 1, "postloan open workout_transfer"),
    ],
)
def test_what_people_get_wrong_is_said(
    book: Book, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], status: int, said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    told = capsys.readouterr()
    assert ended.value.code == status
    assert said in " ".join((told.err + told.out).split())
