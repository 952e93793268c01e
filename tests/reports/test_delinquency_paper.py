"""The delinquency pack on paper, in the archive and at the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlmodel import select

from cli.main import main
from flows import reports as flow
from postloan.book import Book, documents
from postloan.book.tables import Borrower, Document, Staff
from postloan.errors import PostloanError
from postloan.policy import Policy, PolicyFile
from postloan.rendering import Renderer
from postloan.reports.columns import DAY, TEXT
from postloan.reports.delinquency import charts
from postloan.reports.delinquency.pack import LINES, Pack, delinquency, rows
from postloan.reports.delinquency.printing import render
from postloan.reports.delinquency.sheets import sheets
from postloan.reports.period import Month
from postloan.reports.words import Words, percent
from postloan.settings import REPOSITORY, Settings
from tasks import reports
from tasks.office import Office
from tests.conftest import ROOT, Clock
from tests.reports.delinquent import fill
from tests.reports.test_paper import same

TODAY = date(2026, 11, 2)
MONTH = Month.parse("2026-10")
NUMBERS = ["D-DELINQUENCY-2026-10-HTML", "D-DELINQUENCY-2026-10-PDF", "D-DELINQUENCY-2026-10-XLSX"]
HEADINGS = {
    "zh": ("逾期管理月报", "一 逾期分布", "二 迁徙与还清", "三 账龄", "四 承诺与清收", "口径说明"),
    "en": ("Delinquency report", "1 Ageing", "2 Roll rates and cures", "3 Vintages", "4 Promises", "What the figures"),
}


@pytest.fixture
def filled(sqlite_book: Book, policy_file: PolicyFile, clock: Clock) -> Book:
    clock.now = datetime.fromisoformat("2026-11-02T08:00:00+08:00")
    fill(sqlite_book, policy_file, seed=3, loans=24)
    return sqlite_book


@pytest.fixture
def pack(filled: Book) -> Pack:
    with filled.read() as session:
        return delinquency(session, MONTH, TODAY)


def in_language(file: PolicyFile, language: str) -> Policy:
    return PolicyFile(file.values | {"institution": file.values["institution"] | {"language": language}}).at(TODAY)


def printed(pack: Pack, form: str, policy: Policy) -> bytes:
    return render(Renderer(REPOSITORY / "templates"), pack, form, policy=policy, made_on=TODAY)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_workbook_read_again_has_the_figures(pack: Pack, policy_file: PolicyFile, language: str) -> None:
    policy = in_language(policy_file, language)
    content = printed(pack, "xlsx", policy)
    book = openpyxl.load_workbook(io.BytesIO(content))
    expected = sheets(pack, Words.of(policy, pack.branch_names))
    assert book.sheetnames[1:] == [sheet.title for sheet in expected.values()], "none is too long for Excel"
    for sheet in expected.values():
        place = book[sheet.title]
        assert [cell.value for cell in place[1]] == list(sheet.titles)
        assert place.max_row == len(sheet.rows) + 1
        for at, row in enumerate(sheet.rows, start=2):
            for column, cell in zip(sheet.columns, place[at], strict=False):
                assert same(cell.value, row.get(column.key)), (sheet.name, column.key)
                number = cell.value is not None and column.kind not in (TEXT, DAY)
                assert not number or isinstance(cell.value, int | float), "numbers are numbers"
    assert {place.title for place in book if place._charts} == {
        expected[name].title
        for name in ("ageing", "forward_trend", "cures", *(n for n in expected if n.startswith("vintage_")))
    }
    vintages = book[expected["vintage_30_amount"].title]
    assert len(vintages._charts[0].series) == len(expected["vintage_30_amount"].columns) - 1, "a line a vintage"
    assert content == printed(pack, "xlsx", policy), "the same bytes again"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_has_every_heading_and_figure(pack: Pack, policy_file: PolicyFile, language: str) -> None:
    policy = in_language(policy_file, language)
    html = printed(pack, "html", policy).decode()
    assert html.count("<svg") == 5
    assert all(heading in html for heading in HEADINGS[language])
    assert percent(pack.headline.expected_loss) in html
    assert percent(pack.headline.past_due_share) in html
    in_workbook_only = {"moves_loans", "moves_amount", "vintage_30_loans", "vintage_90_loans"}
    for sheet in sheets(pack, Words.of(policy, pack.branch_names)).values():
        assert (sheet.title in html) == (sheet.name not in in_workbook_only), sheet.name
    assert printed(pack, "pdf", policy).startswith(b"%PDF")


def test_the_charts_are_svg_and_the_same_every_time(pack: Pack) -> None:
    words = Words("en", pack.branch_names, {})
    drawn = charts.draw(pack, words)
    assert set(drawn) == {"buckets", "forward", "cures", "vintage_30", "vintage_90"}
    for svg in drawn.values():
        assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert charts.draw(pack, words) == drawn


def test_a_book_with_nothing_in_it_can_be_printed(sqlite_book: Book, policy_file: PolicyFile) -> None:
    with sqlite_book.read() as session:
        empty = delinquency(session, MONTH, TODAY)
    policy = in_language(policy_file, "en")
    assert printed(empty, "html", policy).startswith(b"<!doctype html>")
    assert printed(empty, "xlsx", policy).startswith(b"PK")


# ------------------------------------------------------------------------------- the flow


@pytest.fixture
def here(filled: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    office = Office(filled, Settings(home=tmp_path, book=filled.url, policy=ROOT / "policy.toml"))
    monkeypatch.setattr(Office, "open", classmethod(lambda cls, chosen=None: office))
    monkeypatch.setattr(reports, "archive_delinquency", reports.archive_delinquency.fn)
    return office


def test_a_month_is_archived_once_and_told_without_names(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    for name in ("create_markdown_artifact", "create_table_artifact"):
        monkeypatch.setattr(reports, name, lambda **what: told.append(what))
    state = flow.delinquency_pack.fn(None)
    assert state.is_completed()
    assert all(number in state.message for number in NUMBERS)
    with here.book.read() as session:
        first = {d.document_no: d.sha256 for d in session.exec(select(Document))}
        assert sorted(first) == NUMBERS
        begins = [documents.read(session, here.settings.archive, number)[:4] for number in NUMBERS]
        assert begins == [b"<!do", b"%PDF", b"PK\x03\x04"]
        names = [*session.exec(select(Staff.name)), *session.exec(select(Borrower.name))]
    with here.book.write() as writer:  # what comes in later changes no archived pack
        writer.session.get_one(Staff, "S11").name = "改名"
    assert flow.delinquency_pack.fn("2026-10").is_completed()
    with here.book.read() as session:
        assert {d.document_no: d.sha256 for d in session.exec(select(Document))} == first
    page, table = told[:2]
    assert (page["key"], table["key"]) == ("delinquency-pack", "delinquency-rolls")
    words = json.dumps(told, ensure_ascii=False, default=str)
    assert names and not [name for name in names if name in words]
    assert NUMBERS[1] in page["markdown"]
    assert all(line.endswith("|") for line in page["markdown"].splitlines() if line.startswith("|"))
    assert len({row["month"] for row in table["table"]}) > 6


@pytest.mark.parametrize("month", ["2026-11", "2026-12", "last"])
def test_only_a_month_that_is_over_is_archived(here: Office, month: str) -> None:
    with pytest.raises(PostloanError):
        flow.delinquency_pack.fn(month)


# ------------------------------------------------------------------------------ the command


@pytest.fixture
def desk(here: Office, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    before = dict(os.environ)

    def command(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["delinquency", *words, "--book", here.book.url])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, " ".join(said.err.split())

    yield command
    os.environ.clear()
    os.environ.update(before)


def test_every_report_as_json_and_csv(desk: Any, pack: Pack) -> None:
    status, out, _ = desk("--format", "json")
    whole = json.loads(out)
    assert (status, whole["month"], whole["as_of"], whole["complete"]) == (0, "2026-10", "2026-10-31", True)
    assert whole["headline"]["outstanding"] == str(pack.headline.outstanding)
    for report in LINES:
        expected = rows(pack, report)
        found = json.loads(desk("--report", report, "--format", "json")[1])
        assert found == whole[report]
        assert len(found) == len(expected) > 0
        table = list(csv.reader(io.StringIO(desk("--report", report, "--format", "csv")[1])))
        assert table[0] == list(expected[0])
        assert [row[2] for row in table[1:]] == [str(list(row.values())[2]) for row in expected]
        assert desk("--report", report)[0] == 0


def test_the_table_the_month_and_the_workbook(desk: Any, tmp_path: Path) -> None:
    status, out, _ = desk("--month", "2026-09")
    assert (status, "expected_loss" in out, "M7+" in out) == (0, True, True)
    target = tmp_path / "d.xlsx"
    status, _, err = desk("--xlsx", str(target), "--vintages", "month")
    assert (status, target.read_bytes()[:2]) == (0, b"PK")
    assert "d.xlsx" in err
    book = openpyxl.load_workbook(target)
    headings = [cell.value for cell in book["账龄 30+ (笔数)"][1]]
    assert "2026-03" in headings


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--month", "2026-13"), 2, "2026-03"),
        (("--month", "2026-12"), 1, "lies in the future"),
        (("--format", "csv"), 2, "--report"),
        (("--report", "losses"), 2, "losses"),
    ],
)
def test_what_people_get_wrong_is_said(desk: Any, words: tuple[str, ...], status: int, said: str) -> None:
    found = desk(*words)
    assert (found[0], said in found[2]) == (status, True), found
