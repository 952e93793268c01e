"""What is printed: charts, page, PDF and workbook say what the figures say, in either language."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from postloan.book import Book
from postloan.policy import Policy, PolicyFile
from postloan.rendering import Renderer
from postloan.reports import charts
from postloan.reports.columns import DAY, TEXT
from postloan.reports.monthly import Pack, monthly
from postloan.reports.period import Month
from postloan.reports.printing import matrix, render, talk
from postloan.reports.sheets import sheets
from postloan.reports.words import Words, percent, points
from postloan.settings import REPOSITORY
from tests.reports.seeded import Seeder

TODAY = date(2026, 11, 15)
HEADINGS = {
    "zh": ("贷后管理例会材料", "提请会议关注", "资产质量", "风险预警与处置", "贷后检查与案件", "履职考核", "口径说明"),
    "en": (
        "Monthly post-loan meeting",
        "For the meeting",
        "Quality of the portfolio",
        "Performance",
        "What the figures",
    ),
}


@pytest.fixture
def pack(sqlite_book: Book, policy_file: PolicyFile) -> Pack:
    Seeder(sqlite_book, policy_file, seed=3, loans=60).fill()
    with sqlite_book.read() as session:
        return monthly(session, policy_file, Month.parse("2026-10"), TODAY)


def in_language(file: PolicyFile, language: str) -> Policy:
    institution = file.values["institution"] | {"language": language}
    return PolicyFile(file.values | {"institution": institution}).at(TODAY)


def words_of(pack: Pack, language: str) -> Words:
    return Words(language, pack.branch_names, {})


def printed(pack: Pack, form: str, policy: Policy) -> bytes:
    renderer = Renderer(REPOSITORY / "templates")
    return render(renderer, pack, form, policy=policy, made_on=TODAY)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_charts_are_svg_and_the_same_every_time(pack: Pack, language: str) -> None:
    drawn = charts.draw(pack, words_of(pack, language))
    assert set(drawn) == {"classes", "buckets", "signals", "on_time"}
    for svg in drawn.values():
        root = ET.fromstring(svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "viewBox" in root.attrib
        assert not {"width", "height"} & set(root.attrib), "as wide as its place"
        assert "<text" not in svg, "letters are drawn: no font is needed to read it"
        assert len(svg) < 200_000
        ids = re.findall(r' id="([^"]+)"', svg)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= set(ids)
    ids = [found for svg in drawn.values() for found in re.findall(r' id="([^"]+)"', svg)]
    assert len(ids) == len(set(ids)), "they stand in one page"
    assert charts.draw(pack, words_of(pack, language)) == drawn


def test_without_a_chinese_font_the_charts_speak_english(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "chinese_font", lambda: None)
    assert charts.draw(pack, words_of(pack, "zh")) == charts.draw(
        replace(pack, branch_names={}), words_of(replace(pack, branch_names={}), "en")
    )


def test_a_book_with_nothing_in_it_can_be_printed(sqlite_book: Book, policy_file: PolicyFile) -> None:
    with sqlite_book.read() as session:
        empty = monthly(session, policy_file, Month.parse("2026-10"), TODAY)
    for language in ("zh", "en"):
        policy = in_language(policy_file, language)
        assert printed(empty, "pdf", policy).startswith(b"%PDF")
        assert printed(empty, "xlsx", policy).startswith(b"PK")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_and_its_pdf_have_every_heading_and_figure(
    pack: Pack, policy_file: PolicyFile, language: str, tmp_path: Path
) -> None:
    policy = in_language(policy_file, language)
    html = printed(pack, "html", policy).decode()
    assert html.count("<svg") == 4
    assert all(heading in html for heading in HEADINGS[language])
    assert f"{pack.headline.outstanding:,.2f}" in html
    assert percent(pack.headline.ratio) in html
    for sheet in sheets(pack, words_of(pack, language)).values():
        if sheet.name not in ("portfolio", "migrations", "signal_trend"):
            assert sheet.title.replace("'", "&#39;") in html, sheet.name
    pdf = printed(pack, "pdf", policy)
    assert pdf.startswith(b"%PDF")
    if shutil.which("pdftotext"):
        (tmp_path / "pack.pdf").write_bytes(pdf)
        told = subprocess.run(["pdftotext", tmp_path / "pack.pdf", "-"], capture_output=True, check=True)
        text = "".join(told.stdout.decode().split())
        assert all("".join(heading.split()) in text for heading in HEADINGS[language])


def test_borrowers_names_are_escaped(pack: Pack, policy_file: PolicyFile) -> None:
    assert pack.most_overdue
    bad = replace(pack.most_overdue[0], borrower="<script>x</script>")
    html = printed(replace(pack, most_overdue=(bad,)), "html", in_language(policy_file, "zh")).decode()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_workbook_read_again_has_the_figures(pack: Pack, policy_file: PolicyFile, language: str) -> None:
    content = printed(pack, "xlsx", in_language(policy_file, language))
    book = openpyxl.load_workbook(io.BytesIO(content))
    expected = sheets(pack, words_of(pack, language))
    assert book.sheetnames[1:] == [sheet.title[:31] for sheet in expected.values()]
    for sheet in expected.values():
        place = book[sheet.title[:31]]
        assert [cell.value for cell in place[1]] == list(sheet.titles)
        assert place.freeze_panes == "A2"
        assert place.auto_filter.ref is not None
        rows = [*sheet.rows, *([sheet.total] if sheet.total else [])]
        assert place.max_row == len(rows) + 1
        for at, row in enumerate(rows, start=2):
            for column, cell in zip(sheet.columns, place[at], strict=False):
                assert same(cell.value, row.get(column.key)), (sheet.name, column.key)
                number = cell.value is not None and column.kind not in (TEXT, DAY)
                assert not number or isinstance(cell.value, int | float), "numbers are numbers"
    with_charts = [place.title for place in book if place._charts]
    assert len(with_charts) == 2
    assert content == printed(pack, "xlsx", in_language(policy_file, language)), "the same bytes again"


def same(read: object, wanted: object) -> bool:
    if wanted in (None, ""):
        return read is None
    if isinstance(wanted, Decimal):
        return Decimal(str(read)).quantize(Decimal("0.0001")) == wanted.quantize(Decimal("0.0001"))
    if isinstance(wanted, date):
        return isinstance(read, datetime) and read.date() == wanted
    return read == wanted


def test_a_text_that_looks_like_a_formula_stays_a_text(pack: Pack, policy_file: PolicyFile) -> None:
    bad = replace(pack.most_overdue[0], borrower='=HYPERLINK("http://x")')
    content = printed(replace(pack, most_overdue=(bad,)), "xlsx", in_language(policy_file, "zh"))
    place = openpyxl.load_workbook(io.BytesIO(content))["逾期金额最大的贷款"]
    assert (place["B2"].value, place["B2"].data_type) == ('=HYPERLINK("http://x")', "s")


def test_the_matrix_holds_every_loan_once(pack: Pack) -> None:
    moves = matrix(pack)
    here = [m for m in pack.migrations if m.currency == pack.headline.currency]
    assert sum(cell.loans for row in moves.values() for cell in row.values()) == sum(m.loans for m in here)
    assert moves["normal"]["special_mention"].way == "worse"
    assert moves["loss"]["normal"].way == "better" if "normal" in moves["loss"] else True
    assert all(cell.way == "" for cell in moves["new"].values())


def test_what_the_meeting_is_to_talk_about(pack: Pack, policy_file: PolicyFile) -> None:
    found = talk(pack, policy_file.at(TODAY))
    limit = policy_file.at(TODAY).signals.branch_non_performing
    assert {q.branch_no for q in found.above} == {
        q.branch_no for q in pack.branches if q.branch_no is not None and (q.ratio or 0) >= limit
    }
    assert None not in {q.branch_no for q in found.above}
    assert all(i.late or i.missing for i in found.inspections)


@pytest.mark.parametrize(
    ("amount", "zh", "en"),
    [
        ("0.00", "0.00", "0.00"),
        ("9999.99", "9,999.99", "10.00 k"),
        ("10000.00", "1.00万", "10.00 k"),
        ("99999999.00", "10,000.00万", "100.00 m"),
        ("123456789.00", "1.23亿", "123.46 m"),
    ],
)
def test_amounts_that_are_easy_to_read(amount: str, zh: str, en: str) -> None:
    assert Words("zh", {}, {}).amount(Decimal(amount)) == zh
    assert Words("en", {}, {}).amount(Decimal(amount)) == en


def test_percent_and_points() -> None:
    assert (percent(Decimal("0.0512")), percent(None), percent(Decimal(1), 0)) == ("5.12%", "—", "100%")
    assert points(Decimal("0.0512"), Decimal("0.0500")) == "+0.12"
    assert points(Decimal("0.0500"), Decimal("0.0512")) == "-0.12"
    assert points(None, Decimal("0.05")) == ""
