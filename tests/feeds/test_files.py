"""Files as they come: encodings, separators, spreadsheets, and broken ones."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from postloan.book.tables import Borrower, Loan, Repayment
from postloan.errors import FeedError
from postloan.feeds import take_in
from tests.feeds.desk import Desk

CHINESE = (
    "借据号,客户号,贷款金额（元）,年利率(%),发放日期,到期日,还款方式,担保方式\n"
    "L9,B1,1000.00,4.35,2026年1月5日,2027/1/5,等额本息,抵押\n"
)


def sheet(rows: list[list[Any]], **others: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, more in others.items():
        extra = book.create_sheet(title)
        for row in more:
            extra.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


LOAN_HEADER = ["loan_no", "borrower_no", "principal", "annual_rate", "disbursed_on", "matures_on"]
REPAYMENT_HEADER = ["receipt_no", "loan_no", "paid_on", "amount"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_chinese_headers_in_every_encoding(lite: Desk, encoding: str, separator: str) -> None:
    assert lite.take("loans", CHINESE.replace(",", separator).encode(encoding)).added == 1
    loan = lite.get(Loan, "L9")
    assert (loan.principal, loan.repayment, loan.security) == (Decimal("1000.00"), "equal_instalment", "mortgaged")
    assert (loan.disbursed_on, loan.matures_on) == (date(2026, 1, 5), date(2027, 1, 5))


def test_damaged_utf8_is_not_taken_for_gb18030(lite: Desk) -> None:
    text = "borrower_no,name,kind\n" + "".join(f"B{i},杭州农业合作社,企业\n" for i in range(10, 20))
    assert "damaged" in lite.fault("borrowers", text.encode()[:-3] + b"\xff\n").reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n \n", "no header"),
        (b"\xef\xbb\xbf", "no header"),
        (b"R1,L1,2026-03-01,5\nR2,L1,2026-03-01,5\n", "not a header"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xff", ""),
        (b"PK\x03\x04 not really", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "XLS"),
    ],
)
def test_what_is_no_feed_at_all(lite: Desk, content: bytes, reason: str) -> None:
    assert reason in lite.fault("repayments", content).reason


def test_a_missing_file_and_an_unknown_kind(lite: Desk) -> None:
    with pytest.raises(FeedError, match="cannot be read"):
        take_in(lite.book, "loans", lite.folder / "nowhere.csv")
    with pytest.raises(FeedError, match="there are borrowers"):
        lite.take("receipts", "a,b\n")


def test_rows_are_numbered_by_the_line_they_start_on(lite: Desk) -> None:
    text = 'borrower_no,name,kind,address\nB7,A,personal,"street\nhouse"\n\nB8,B,alien,x\nB9,C\nB9,D,personal,x,y\n'
    found = lite.faults("borrowers", text)
    assert [(f.row, f.column) for f in found] == [(5, "kind"), (6, ""), (7, "")]
    assert "2 fields, the header has 4" in found[1].reason


@pytest.mark.parametrize("tail", ['B8,"broken"x,personal\n', 'B8,"never closed,personal\nB9,y,personal\n'])
def test_broken_quoting_is_refused_with_its_row(lite: Desk, tail: str) -> None:
    fault = lite.fault("borrowers", "borrower_no,name,kind\nB7,good,personal\n" + tail)
    assert fault.row == 3
    assert "broken quoting" in fault.reason


def test_a_stray_line_end_inside_a_key(lite: Desk) -> None:
    fault = lite.fault("borrowers", 'borrower_no,name,kind\n"B\n7",x,personal\n')
    assert (fault.row, fault.column) == (2, "borrower_no")
    assert "U+000A" in fault.reason


def test_a_file_without_rows_is_a_quiet_day(lite: Desk) -> None:
    assert lite.take("repayments", "receipt_no,loan_no,paid_on,amount\n").rows == 0


def test_a_missing_column_names_what_is_accepted_and_found(lite: Desk) -> None:
    fault = lite.fault("repayments", "流水号,借据号,还款日期\nR1,L1,2026-03-01\n")
    assert (fault.row, fault.column) == (1, "amount")
    assert "还款金额" in fault.reason
    assert "流水号, 借据号, 还款日期" in fault.reason


def test_two_columns_for_one_meaning(lite: Desk) -> None:
    text = CHINESE.replace("担保方式", "客户经理").replace("还款方式", "客户经理工号").replace("等额本息,抵押", "S1,王")
    assert "two columns mean this" in lite.fault("loans", text).reason
    chosen = lite.take("loans", text, mapping='[columns]\nofficer = "客户经理工号"\n')
    assert chosen.unknown_columns == ["客户经理"]
    assert lite.get(Loan, "L9").officer_no == "S1"


def test_unknown_columns_are_reported(lite: Desk) -> None:
    outcome = lite.take("borrowers", "borrower_no,name,kind,shoe size,\nB7,x,personal,43,\n")
    assert outcome.unknown_columns == ["shoe size", "(column 5)"]


def test_a_formula_is_just_text(lite: Desk) -> None:
    lite.take("borrowers", "borrower_no,name,kind\nB7,=HYPERLINK(1),personal\n")
    assert lite.get(Borrower, "B7").name == "=HYPERLINK(1)"


def test_a_spreadsheet_with_numbers_and_dates(lite: Desk) -> None:
    rows = [LOAN_HEADER, [20260001, "B1", 1234.5, 4.35, date(2026, 1, 5), datetime(2027, 1, 5)]]
    assert lite.take("loans", sheet(rows)).added == 1
    loan = lite.get(Loan, "20260001")
    assert (loan.principal, loan.annual_rate, loan.matures_on) == (
        Decimal("1234.50"),
        Decimal("4.35"),
        date(2027, 1, 5),
    )


def test_the_same_rows_as_csv_and_as_spreadsheet(lite: Desk) -> None:
    lite.take("repayments", "receipt_no,loan_no,paid_on,amount\nR1,L1,2026-03-01,0.10\n")
    outcome = lite.take("repayments", sheet([REPAYMENT_HEADER, ["R1", "L1", date(2026, 3, 1), 0.1]]))
    assert (outcome.added, outcome.changed, outcome.unchanged) == (0, 0, 1)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (["R1", "L1", date(2026, 3, 1), 0.125], "amount", "more than 2 decimal"),
        (["R1", "L1", date(2026, 3, 1), 1e20], "amount", "15 digits"),
        ([330100199001010011, "L1", date(2026, 3, 1), 1], "receipt_no", "15 digits"),
        (["R1", "L1", datetime(2026, 3, 1, 10, 30), 1], "paid_on", "not a date"),
        (["R1", "L1", 45000, 1], "paid_on", "not a date"),
        (["R1", "L1", date(2026, 3, 1), "#N/A"], "amount", "spreadsheet's error"),
        (["R1", "L1", date(2026, 3, 1), "=1+1"], "amount", "never calculated"),
    ],
)
def test_cells_of_a_spreadsheet_that_are_refused(lite: Desk, row: list, column: str, reason: str) -> None:
    found = lite.faults("repayments", sheet([REPAYMENT_HEADER, row]))
    assert all(fault.row == 2 for fault in found)
    assert any(fault.column == column and reason in fault.reason for fault in found)


def test_a_percent_cell_is_not_guessed(lite: Desk) -> None:
    rows = [LOAN_HEADER, ["L9", "B1", 1000, 0.0435, date(2026, 1, 5), date(2027, 1, 5)]]
    assert "formatted as percent" in lite.fault("loans", sheet(rows)).reason
    lite.take("loans", sheet(rows), mapping='[formats]\nannual_rate = "fraction"\n')
    assert lite.get(Loan, "L9").annual_rate == Decimal("4.35")


@pytest.mark.parametrize(("style", "percent"), [("fraction", 50), ("percent", Decimal("0.5"))])
def test_a_percent_cell_of_a_surcharge_is_asked_about(lite: Desk, style: str, percent: Decimal) -> None:
    """50 % is stored as 0.5, half a percent as well."""
    row = ["L9", "B1", 1000, 4.35, date(2026, 1, 5), date(2027, 1, 5), 0.5]
    content = sheet([[*LOAN_HEADER, "罚息上浮比例"], row])
    fault = lite.fault("loans", content)
    assert (fault.row, fault.column, fault.value) == (2, "penalty_surcharge (罚息上浮比例)", "0.5")
    assert 'penalty_surcharge = "fraction"' in fault.reason
    assert lite.take("loans", content, mapping=f'[formats]\npenalty_surcharge = "{style}"\n').added == 1
    assert lite.get(Loan, "L9").penalty_surcharge == percent


def test_a_surcharge_in_percent_needs_no_mapping(lite: Desk) -> None:
    header = [*LOAN_HEADER, "penalty_surcharge"]
    terms = ["B1", 1000, 4.35, date(2026, 1, 5), date(2027, 1, 5)]
    rows = [["L7", *terms, 50], ["L8", *terms, "50%"], ["L9", *terms, None]]
    lite.take("loans", sheet([header, *rows]))
    assert [lite.get(Loan, no).penalty_surcharge for no in ("L7", "L8", "L9")] == [50, 50, None]


def test_several_sheets_need_a_choice(lite: Desk) -> None:
    content = sheet([["notes"], ["to the branch"]], March=[REPAYMENT_HEADER, ["R1", "L1", date(2026, 3, 1), 5]])
    assert "several sheets (Sheet, March)" in lite.fault("repayments", content).reason
    assert lite.take("repayments", content, mapping='sheet = "March"\n').added == 1
    assert "there is no sheet" in lite.fault("repayments", content, mapping='sheet = "April"\n').reason


def test_an_error_in_a_column_that_may_be_empty_is_not_lost(lite: Desk) -> None:
    rows = [[*REPAYMENT_HEADER, "channel"], ["R1", "L1", date(2026, 3, 1), 5, "#REF!"]]
    fault = lite.fault("repayments", sheet(rows))
    assert (fault.row, fault.column) == (2, "channel")
    unused = [[*REPAYMENT_HEADER, "remark"], ["R1", "L1", date(2026, 3, 1), 5, "#REF!"]]
    assert lite.take("repayments", sheet(unused)).added == 1, "a column that is not read may hold anything"


def test_every_truncation_of_a_spreadsheet_is_refused(lite: Desk) -> None:
    whole = sheet([REPAYMENT_HEADER, *([f"R{i}", "L1", date(2026, 3, 1), i] for i in range(1, 60))])
    for size in (1, 10, len(whole) // 3, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        with pytest.raises(FeedError):
            take_in(lite.book, "repayments", lite.file(whole[:size], "cut.xlsx"))


def test_no_flipped_byte_of_a_spreadsheet_changes_what_is_read(lite: Desk) -> None:
    whole = sheet([REPAYMENT_HEADER, *([f"R{i}", "L1", date(2026, 3, 1), i] for i in range(1, 20))])
    for at in range(0, len(whole), 97):
        broken = bytearray(whole)
        broken[at] ^= 0xFF
        try:
            outcome = lite.take("repayments", bytes(broken), dry_run=True)
        except FeedError:
            continue
        assert (outcome.added, outcome.unknown_columns) == (19, [])


def test_a_file_that_grows_while_it_is_read(lite: Desk, tmp_path: Path) -> None:
    path = lite.file("receipt_no,loan_no,paid_on,amount\n" + "".join(f"R{i},L1,2026-03-01,1\n" for i in range(5000)))

    def grow(done: int, total: int) -> None:
        with path.open("a") as file:
            file.write("R9,L1,2026-03-01,1\n")

    with pytest.raises(FeedError, match="changed while it was read"):
        take_in(lite.book, "repayments", path, progress=grow)
    with lite.book.read() as session:
        assert session.get(Repayment, "R1") is None
