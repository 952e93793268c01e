"""The monthly pack as a workbook: a sheet for each table, real numbers and dates, two charts."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from postloan.reports.columns import COUNT, DAY, MONEY, SCORE, SHARE, TEXT, Column, Sheet
from postloan.reports.monthly import Pack
from postloan.reports.words import Words

NUMBERS = {
    TEXT: "@",
    COUNT: "#,##0",
    MONEY: "#,##0.00;[Red]-#,##0.00",
    SHARE: "0.00%",
    SCORE: "0.0",
    DAY: "yyyy-mm-dd",
}
WIDTHS = {TEXT: 16, COUNT: 9, MONEY: 18, SHARE: 10, SCORE: 8, DAY: 12}
WIDEST = 60
DARK, PALE, LINE = "#1f4e79", "#eef2f6", "#c9c9c9"
NOW, BEFORE, ACCENT = "#1f4e79", "#b9c8d6", "#d9822b"


def workbook(pack: Pack, sheets: Mapping[str, Sheet], notes: Sequence[tuple[str, str]], words: Words) -> bytes:
    """The workbook. The first sheet holds the notes, (title, text); the same figures give the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    # Otherwise the file would bear the moment at which it was written.
    book.set_properties({"created": datetime.combine(pack.as_of, time.min)})
    formats = _Formats(book)
    _notes(book.add_worksheet(words.pick("说明", "Notes")), notes, formats)
    places = {}
    for name, sheet in sheets.items():
        places[name] = book.add_worksheet(sheet.title[:31])
        _table(places[name], sheet, formats)
    _signal_chart(book, places["signal_trend"], sheets["signal_trend"])
    _on_time_chart(book, places["branch_performance"], sheets["branch_performance"])
    book.close()
    return out.getvalue()


class _Formats:
    """The formats of the cells, by what a column holds."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        plain = {"valign": "top", "border": 1, "border_color": LINE}
        self.head: Format = book.add_format(
            plain | {"bold": True, "font_color": "white", "bg_color": DARK, "text_wrap": True, "valign": "vcenter"}
        )
        self.title: Format = book.add_format({"bold": True, "valign": "top"})
        self.words: Format = book.add_format({"text_wrap": True, "valign": "top"})
        self.cell = {kind: book.add_format(plain | {"num_format": text}) for kind, text in NUMBERS.items()}
        self.total = {
            kind: book.add_format(plain | {"num_format": text, "bold": True, "bg_color": PALE, "top": 2})
            for kind, text in NUMBERS.items()
        }
        self.alert = {
            kind: book.add_format(plain | {"num_format": text, "bold": True, "font_color": "#a11111"})
            for kind, text in NUMBERS.items()
        }

    def of(self, row: dict[str, Any], column: Column) -> dict[str, Format]:
        """The formats for a cell of a row."""
        if row.get("whole"):
            return self.total
        return self.alert if column.alert and row.get(column.key) else self.cell


def _notes(place: Worksheet, notes: Sequence[tuple[str, str]], formats: _Formats) -> None:
    place.hide_gridlines(2)
    place.set_column(0, 0, 22)
    place.set_column(1, 1, 90)
    for row, (title, text) in enumerate(notes):
        place.write_string(row, 0, title, formats.title)
        place.write_string(row, 1, text, formats.words)


def _table(place: Worksheet, sheet: Sheet, formats: _Formats) -> None:
    """A heading that stays, a filter over the rows, the totals below it."""
    place.hide_gridlines(2)
    place.freeze_panes(1, 0)
    place.set_landscape()
    place.fit_to_pages(1, 0)
    place.repeat_rows(0)
    place.set_row(0, 30)
    for at, (column, title) in enumerate(zip(sheet.columns, sheet.titles, strict=True)):
        place.set_column(at, at, _width(column, title, sheet))
        place.write_string(0, at, title, formats.head)
    for number, row in enumerate(sheet.rows, start=1):
        for at, column in enumerate(sheet.columns):
            _write(place, number, at, row.get(column.key), formats.of(row, column)[column.kind])
    place.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.columns) - 1)
    if sheet.total is not None:
        for at, column in enumerate(sheet.columns):
            _write(place, len(sheet.rows) + 1, at, sheet.total.get(column.key), formats.total[column.kind])


def _write(place: Worksheet, row: int, at: int, value: Any, form: Format) -> None:
    """A value as what it is: never a text that begins with = as a formula."""
    if value is None or value == "":
        place.write_blank(row, at, None, form)
    elif isinstance(value, int | Decimal):
        place.write_number(row, at, value, form)
    elif isinstance(value, str):
        place.write_string(row, at, value, form)
    else:
        place.write_datetime(row, at, datetime.combine(value, time.min), form)


def _width(column: Column, title: str, sheet: Sheet) -> int:
    """Wide enough for the title and, of text, for what stands in it; Chinese takes two places."""
    texts = [str(row.get(column.key) or "") for row in sheet.rows] if column.kind == TEXT else []
    return min(max(WIDTHS[column.kind] if not texts else 0, *(_places(t) + 3 for t in [title, *texts])), WIDEST)


def _places(text: str) -> int:
    return sum(2 if ord(character) > 0x2E80 else 1 for character in text)


# ---------------------------------------------------------------------------------- the charts


def _signal_chart(book: xlsxwriter.Workbook, place: Worksheet, sheet: Sheet) -> None:
    chart = book.add_chart({"type": "column"})
    for key, colour in (("raised", ACCENT), ("cleared", NOW)):
        chart.add_series(_series(place, sheet, "month", key, colour))
    chart.set_title({"name": sheet.title, "name_font": {"size": 11}})
    chart.set_legend({"position": "bottom"})
    chart.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": LINE}}})
    chart.set_size({"width": 720, "height": 320})
    place.insert_chart(1, len(sheet.columns) + 1, chart)


def _on_time_chart(book: xlsxwriter.Workbook, place: Worksheet, sheet: Sheet) -> None:
    chart = book.add_chart({"type": "bar"})
    chart.add_series(_series(place, sheet, "branch", "on_time_share", NOW))
    title = sheet.titles[[c.key for c in sheet.columns].index("on_time_share")]
    chart.set_title({"name": title, "name_font": {"size": 11}})
    chart.set_legend({"none": True})
    chart.set_x_axis({"min": 0, "max": 1, "num_format": "0%", "major_gridlines": {"visible": False}})
    chart.set_y_axis({"reverse": True})
    chart.set_size({"width": 720, "height": 120 + 32 * max(len(sheet.rows), 2)})
    place.insert_chart(len(sheet.rows) + 3, 0, chart)


def _series(place: Worksheet, sheet: Sheet, names: str, values: str, colour: str) -> dict[str, Any]:
    """A series over the rows of a sheet, totals left out."""
    keys = [column.key for column in sheet.columns]
    last = max(len(sheet.rows), 1)

    def cells(key: str) -> list[Any]:
        return [place.get_name(), 1, keys.index(key), last, keys.index(key)]

    return {
        "name": sheet.titles[keys.index(values)],
        "categories": cells(names),
        "values": cells(values),
        "fill": {"color": colour},
        "gap": 60,
        "data_labels": {"value": True},
    }
