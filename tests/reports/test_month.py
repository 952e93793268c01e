"""The month from end to end: archived once, audited, told by numbers only; and the commands."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from cli.main import main
from flows import reports as flow
from postloan.book import Book, audit, documents
from postloan.book.tables import AuditEvent, Borrower, Document, Staff
from postloan.errors import NotFound, PostloanError
from postloan.policy import PolicyFile
from postloan.settings import Settings
from tasks import reports
from tasks.office import Office
from tests.conftest import ROOT, Clock
from tests.reports.seeded import Seeder

NUMBERS = ["D-MONTHLY-2026-10-HTML", "D-MONTHLY-2026-10-PDF", "D-MONTHLY-2026-10-XLSX"]


def opened(office: Office, file: PolicyFile, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An installation with a year of work, on the second of November, that the tasks find as well."""
    clock.now = datetime.fromisoformat("2026-11-02T08:00:00+08:00")
    Seeder(office.book, file, seed=9, loans=40).fill()
    monkeypatch.setattr(Office, "open", classmethod(lambda cls, chosen=None: office))
    return office


@pytest.fixture
def here(
    sqlite_book: Book, tmp_path: Path, policy_file: PolicyFile, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Office:
    """For what does not depend on the database."""
    office = Office(sqlite_book, Settings(home=tmp_path, book=sqlite_book.url, policy=ROOT / "policy.toml"))
    return opened(office, policy_file, clock, monkeypatch)


class Artifacts(list):
    """What would be published in the Prefect UI."""

    def take(self, **what: Any) -> None:
        self.append(what)


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    found = Artifacts()
    monkeypatch.setattr(reports, "create_markdown_artifact", found.take)
    monkeypatch.setattr(reports, "create_table_artifact", found.take)
    return found


def run(month: str | None = None) -> Any:
    """The flow without a server: its task is called as the function that it is."""
    return flow.monthly_pack.fn(month)


@pytest.fixture(autouse=True)
def without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "archive_pack", reports.archive_pack.fn)


def test_a_month_is_archived_once(
    office: Office, artifacts: Artifacts, policy_file: PolicyFile, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = opened(office, policy_file, clock, monkeypatch)
    state = run()
    assert state.is_completed()
    assert all(number in state.message for number in NUMBERS)
    with here.book.read() as session:
        first = {d.document_no: d.sha256 for d in session.exec(select(Document))}
        assert sorted(first) == NUMBERS
        begins = {number: documents.read(session, here.settings.archive, number)[:4] for number in NUMBERS}
        assert [begins[n] for n in NUMBERS] == [b"<!do", b"%PDF", b"PK\x03\x04"]
        made = session.exec(select(AuditEvent).where(AuditEvent.event == "report.made")).all()
        assert [json.loads(event.data)["period"] for event in made] == ["2026-10"]
    with here.book.write() as writer:  # what comes in later changes no archived pack
        writer.session.get_one(Borrower, "C00001").name = "改名"
    assert run("2026-10").is_completed()
    with here.book.read() as session:
        assert {d.document_no: d.sha256 for d in session.exec(select(Document))} == first
        assert len(session.exec(select(AuditEvent).where(AuditEvent.event == "report.made")).all()) == 1
        assert audit.verify(session).ok


def test_a_crash_between_archive_and_book_is_made_good(
    here: Office, artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(documents, "enter_report", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run()
    with here.book.read() as session:
        assert session.exec(select(Document)).all() == []
        with pytest.raises(NotFound):
            documents.read(session, here.settings.archive, NUMBERS[1])
    assert run().is_completed()
    with here.book.read() as session:
        assert documents.read(session, here.settings.archive, NUMBERS[1]).startswith(b"%PDF")


def test_what_everybody_can_read_has_no_names(here: Office, artifacts: Artifacts) -> None:
    run()
    page, table = artifacts
    assert (page["key"], table["key"]) == ("monthly-pack", "monthly-performance")
    told = json.dumps([page, table["table"]], ensure_ascii=False, default=str)
    with here.book.read() as session:
        names = [*session.exec(select(Staff.name)), *session.exec(select(Borrower.name))]
    assert names and not [name for name in names if name in told]
    assert {row["branch_no"] for row in table["table"]} == {"HO", "B1", "B2", "B3"}
    assert "S11" in {row["staff_no"] for row in table["table"]}
    assert "| B1 |" in page["markdown"] and NUMBERS[1] in page["markdown"]
    lines = [line for line in page["markdown"].splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in lines)


@pytest.mark.parametrize("month", ["2026-11", "2026-12", "2026-13", "last"])
def test_only_a_month_that_is_over_is_archived(here: Office, artifacts: Artifacts, month: str) -> None:
    with pytest.raises(PostloanError):
        run(month)
    with here.book.read() as session:
        assert session.exec(select(Document)).all() == []


# ------------------------------------------------------------------------------ the commands


@pytest.fixture
def desk(here: Office, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    before = dict(os.environ)

    def command(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["report", *words, "--book", here.book.url])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, " ".join(said.err.split())

    yield command
    os.environ.clear()
    os.environ.update(before)


def test_the_pack_in_every_form(desk: Any, tmp_path: Path) -> None:
    status, out, _ = desk("monthly", "--format", "json")
    pack = json.loads(out)
    assert (status, pack["month"], pack["as_of"], pack["complete"]) == (0, "2026-10", "2026-10-31", True)
    assert pack["headline"]["outstanding"] == pack["portfolio"][0]["outstanding"]
    assert {"staff", "branches", "total"} == set(pack["performance"])
    assert isinstance(pack["performance"]["total"]["on_time"], int)
    assert len(pack["signal_trend"]) == 12

    assert desk("monthly", "--month", "2026-09", "--format", "html")[1].startswith("<!doctype html>")
    assert "2026-11-02" in desk("monthly", "--month", "2026-11")[1], "the month that runs, as of today"
    for form, begin in (("pdf", b"%PDF"), ("xlsx", b"PK")):
        target = tmp_path / f"pack.{form}"
        assert desk("monthly", "--format", form, "--out", str(target))[0] == 0
        assert target.read_bytes().startswith(begin)


def test_performance_in_every_form(desk: Any) -> None:
    period = ("--from", "2026-10-01", "--to", "2026-10-31")
    status, out, _ = desk("performance", *period, "--format", "json")
    found = json.loads(out)
    assert (status, found["from"], found["to"]) == (0, "2026-10-01", "2026-10-31")
    assert {"staff_no", "branch_no", "on_time", "late", "on_time_share", "reports", "returned", "score"} <= set(
        found["staff"][0]
    )
    assert found["total"]["on_time"] == sum(b["on_time"] for b in found["branches"])
    rows = list(csv.DictReader(io.StringIO(desk("performance", *period, "--format", "csv")[1])))
    assert {row["of"] for row in rows} == {"branch", "staff"}
    assert sum(int(row["on_time"]) for row in rows if row["of"] == "branch") == found["total"]["on_time"]
    assert "B1" in desk("performance", *period)[1]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("monthly", "--month", "2026-13"), 2, "2026-03"),
        (("monthly", "--month", "2026-12"), 1, "lies in the future"),
        (("monthly", "--format", "docx"), 2, "docx"),
        (("performance", "--from", "2026-10-31", "--to", "2026-10-01"), 2, "before"),
        (("performance", "--from", "2026-10-01", "--to", "2026-11-03"), 1, "2026-11-02"),
        (("performance", "--from", "2026-02-30", "--to", "2026-11-03"), 2, "2026-02-30"),
    ],
)
def test_what_people_get_wrong_is_said(desk: Any, words: tuple[str, ...], status: int, said: str) -> None:
    found = desk(*words)
    assert (found[0], said in found[2]) == (status, True), found
