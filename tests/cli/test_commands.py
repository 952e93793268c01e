"""The commands as scripts use them: exit status, JSON shapes, and words for people."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from postloan.book import Book
from postloan.settings import REPOSITORY

BORROWERS = "客户号,客户名称,客户类型,手机号\nC1,城东合作社,小微企业,10000000001\n"
LOANS = (
    "借据号,客户号,贷款金额,年利率,发放日期,到期日,客户经理工号,机构号\n"
    "L1,C1,100000.00,4.35,2026-02-20,2027-02-20,S001,B1\n"
    "L2,C1,5000.50,6,2026-02-25,2026-08-25,,B1\n"
)
DAY = "2026-03-02"


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """Runs commands on one book, each as a script would."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.capsys = home, capsys
        self.book = f"sqlite:///{home / 'book.db'}"

    def __call__(self, *words: str, form: str = "") -> Result:
        with pytest.raises(SystemExit) as ended:
            main([*words, *(("--format", form) if form else ())])
        said = self.capsys.readouterr()
        return Result(int(ended.value.code or 0), said.out, " ".join(said.err.split()))

    def json(self, *words: str) -> Any:
        result = self(*words, form="json")
        assert result.status == 0, result.err
        return result.json

    def file(self, text: str, name: str = "feed.csv") -> str:
        (self.home / name).write_text(text)
        return str(self.home / name)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    before = dict(os.environ)
    for name in [n for n in os.environ if n.startswith(("POSTLOAN_", "PREFECT_API"))]:
        monkeypatch.delenv(name)
    os.environ["POSTLOAN_HOME"] = str(tmp_path)
    yield Desk(tmp_path, capsys)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def filled(desk: Desk) -> Desk:
    """A book with two loans whose first inspection opens, and people."""
    assert desk("init").status == 0
    for number, name, role in (("S001", "王", "account_officer"), ("S002", "李", "credit_supervisor")):
        assert desk("staff", "add", number, name, "--role", role, "--branch", "B1").status == 0
    assert desk("import", "borrowers", desk.file(BORROWERS)).status == 0
    assert desk("import", "loans", desk.file(LOANS)).status == 0
    return desk


def test_nothing_works_before_init_and_init_is_repeatable(desk: Desk) -> None:
    empty = desk("due", "--from", DAY, "--to", DAY)
    assert (empty.status, "postloan init" in empty.err) == (1, True)
    assert "ready" in desk("init").out
    assert "up to date" in desk("init").out


def test_an_import_says_what_it_did_and_a_repetition_changes_nothing(filled: Desk) -> None:
    again = filled.json("import", "loans", filled.file(LOANS))
    assert (again["rows"], again["added"], again["repeated"]) == (2, 0, True)
    other = filled.json("import", "loans", filled.file(LOANS + "L3,C1,1,1,2026-02-25,2026-08-25,,B1\n"), "--dry-run")
    assert (other["added"], other["unchanged"], other["dry_run"]) == (1, 2, True)
    assert filled("loan", "L3").status == 1


def test_a_refused_import_lists_its_faults(filled: Desk) -> None:
    bad = LOANS.replace("2026-02-20", "2026-02-30").replace("5000.50", "5000.505")
    refused = filled("import", "loans", filled.file(bad), form="json")
    assert refused.status == 1
    assert refused.json["count"] == 2
    assert [(f["row"], f["column"].split(" ")[0]) for f in refused.json["faults"]] == [
        (2, "disbursed_on"),
        (3, "principal"),
    ]
    for people in (filled("import", "loans", filled.file(bad)),):
        assert "row 2, disbursed_on" in people.err
        assert "Nothing was changed" in people.err
    assert "cannot be read" in filled("import", "loans", "nowhere.csv").err
    unknown = filled.file("receipt_no,loan_no,paid_on,amount\nR1,L9,2026-03-01,5\n")
    assert "the book knows no such loan" in filled("import", "repayments", unknown).err
    other_terms = filled.file(LOANS.replace("100000.00", "200000.00"))
    assert "L1" in filled("import", "loans", other_terms).err
    assert filled.json("audit", "verify")["ok"]


def test_due_day_and_the_card(filled: Desk) -> None:
    duties = filled.json("due", "--from", DAY, "--to", "2026-03-31")
    firsts = [d for d in duties if d["kind"] == "first_inspection"]
    assert [(d["loan_no"], d["due_on"]) for d in firsts] == [("L1", "2026-03-07"), ("L2", "2026-03-12")]
    assert all(d["rule"] for d in duties)

    done = filled.json("day", "--date", DAY, "--no-cases")
    assert (done["date"], done["opened"], done["opened_cases"]) == (DAY, 2, ["FI-L1", "FI-L2"])
    assert filled.json("day", "--date", DAY, "--no-cases")["opened"] == 0

    card = filled.json("loan", "L1", "--date", DAY)
    expected = {"loan_no", "as_of", "principal_outstanding", "days_past_due", "bucket", "risk_class"}
    assert expected | {"duties", "cases", "notices", "documents", "events"} <= set(card)
    assert card["principal_outstanding"] == "100000.00"
    assert [c["case_no"] for c in card["cases"]] == ["FI-L1"]
    assert "FI-L1" in filled("loan", "L1", "--date", DAY, form="md").out
    assert "<html" in filled("loan", "L1", "--date", DAY, form="html").out
    out = filled.home / "card.pdf"
    assert filled("loan", "L1", "--out", str(out), form="pdf").status == 0
    assert out.read_bytes().startswith(b"%PDF")

    assert filled.json("case", "FI-L1")["state"] == "open"
    assert filled.json("inbox") == []
    assert filled.json("notices") == []
    assert "loan_no" in filled("due", "--from", DAY, "--to", "2026-03-31", form="csv").out.splitlines()[0]


def test_what_people_get_wrong_is_said(filled: Desk) -> None:
    wrong = {
        ("loan", "L404"): (1, "L404"),
        ("case", "FI-404"): (1, "FI-404"),
        ("notice", "N404"): (1, "N404"),
        ("due", "--from", "2026-02-30", "--to", DAY): (2, "2026-02-30"),
        ("due", "--from", "2026-03-03", "--to", DAY): (2, "before"),
        ("due", "--from", DAY, "--to", DAY, "--loan", "L404"): (1, "L404"),
        ("staff", "add", "S009", "x", "--role", "king"): (1, "king"),
        ("staff", "enrol", "S404"): (1, "S404"),
        ("policy", "explain", "no.such"): (1, "no.such"),
        ("day", "--date", DAY): (1, "postloan up"),
        ("loan", "L1", "--format", "pdf", "--out", "/nowhere/card.pdf"): (1, "/nowhere/card.pdf"),
        ("--book", "nonsense"): (2, ""),
        ("due", "--from", DAY, "--to", DAY, "--book", "nonsense://x"): (1, "nonsense"),
    }
    for words, (status, said) in wrong.items():
        found = filled(*words)
        assert (found.status, said in found.err + found.out) == (status, True), (words, found)
        os.environ["POSTLOAN_BOOK"] = filled.book


def test_policy_commands_and_a_wrong_policy(filled: Desk) -> None:
    assert "valid" in filled("policy", "check").out
    explained = filled.json("policy", "explain", "inspection.first.days")
    assert (explained["value"], bool(explained["rule"]), bool(explained["source"])) == (15, True, True)
    assert json.loads(filled("policy", "show").out)["inspection"]["first"]["days"] == 15

    text = (REPOSITORY / "policy.toml").read_text().replace("\ndays = 15", '\ndays = "soon"')
    wrong = filled("policy", "check", "--policy", filled.file(text, "wrong.toml"))
    assert wrong.status == 1
    assert "inspection.first.days" in wrong.err
    assert "soon" in wrong.err


def test_the_calendar_and_the_years_that_it_does_not_know(filled: Desk) -> None:
    days = {d["date"]: d for d in filled.json("calendar", "--from", "2026-02-14", "--to", "2026-02-16")}
    assert days["2026-02-14"]["working"] is True, "a Saturday worked in exchange"
    assert days["2026-02-16"]["working"] is False
    later = filled("calendar", "--from", "2031-10-01", "--to", "2031-10-02")
    assert (later.status, "2031" in later.err) == (0, True)


def test_people(filled: Desk) -> None:
    enrolled = filled("staff", "enrol", "S001")
    assert "otpauth://" in enrolled.out or "█" in enrolled.out or "▄" in enrolled.out
    assert [s["enrolled"] for s in filled.json("staff", "list")] == [True, False]
    first = date.fromisoformat(DAY)
    away = ("staff", "absent", "S001", "--from", DAY, "--until", str(first + timedelta(days=3)))
    assert filled(*away).status == 0


def test_a_forged_event_is_named(filled: Desk) -> None:
    assert filled.json("audit", "verify")["ok"] is True
    book = Book(filled.book)
    with book.connect(write=True) as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_event_no_update")
        for name in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger'").scalars().all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit_event SET actor = 'S666' WHERE seq = 2")
        connection.commit()
    book.close()
    verdict = filled("audit", "verify", form="json")
    assert (verdict.status, verdict.json["ok"], verdict.json["broken_at"]) == (1, False, 2)
