"""A pack as a workbook: a sheet for each table, real numbers and dates, charts beside some of them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from postloan.reports.columns import COUNT, DAY, MONEY, SCORE, SHARE, TEXT, Column, Sheet
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
MANY = (NOW, ACCENT, "#5b9bd5", "#8c510a", "#01665e", "#b2abd2", "#80cdc1", "#c51b7d", "#666666")


@dataclass(frozen=True)
class Graph:
    """A chart over the rows of a sheet.

    Attributes:
        kind: as Excel calls it: column, bar, line.
        names: key of the column whose values stand along the axis.
        series: keys of the columns shown, each with its colour; none given: every other column of the sheet.
        shares: the values go from 0 to 1.
        title: "" for the title of the first series.
        below: under the rows instead of beside them.
    """

    sheet: str
    kind: str
    names: str
    series: tuple[tuple[str, str], ...] = ()
    shares: bool = False
    title: str = ""
    below: bool = False


def workbook(
    as_of: date, sheets: Mapping[str, Sheet], graphs: Sequence[Graph], notes: Sequence[tuple[str, str]], words: Words
) -> bytes:
    """The workbook. The first sheet holds the notes, (title, text); the same figures give the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    # Otherwise the file would bear the moment at which it was written.
    book.set_properties({"created": datetime.combine(as_of, time.min)})
    formats = _Formats(book)
    _notes(book.add_worksheet(words.pick("说明", "Notes")), notes, formats)
    places = {}
    for name, sheet in sheets.items():
        places[name] = book.add_worksheet(sheet.title[:31])
        _table(places[name], sheet, formats)
    for graph in graphs:
        _graph(book, places[graph.sheet], sheets[graph.sheet], graph)
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


def _graph(book: xlsxwriter.Workbook, place: Worksheet, sheet: Sheet, graph: Graph) -> None:
    chart = book.add_chart({"type": graph.kind})
    given = graph.series or tuple(
        (column.key, MANY[at % len(MANY)]) for at, column in enumerate(c for c in sheet.columns if c.key != graph.names)
    )
    for key, colour in given:
        chart.add_series(_series(place, sheet, graph, key, colour))
    first = sheet.titles[[c.key for c in sheet.columns].index(given[0][0])] if given else sheet.title
    chart.set_title({"name": graph.title or first, "name_font": {"size": 11}})
    chart.set_legend({"position": "bottom"} if len(given) > 1 else {"none": True})
    height = 320
    if graph.kind == "bar":  # its axes lie the other way, and every row needs its place
        chart.set_x_axis({"min": 0, "max": 1, "num_format": "0%", "major_gridlines": {"visible": False}})
        chart.set_y_axis({"reverse": True})
        height = 120 + 32 * max(len(sheet.rows), 2)
    else:
        shares = {"min": 0, "num_format": "0%"} if graph.shares else {}
        chart.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": LINE}}, **shares})
    chart.set_size({"width": 720, "height": height})
    if graph.below:
        place.insert_chart(len(sheet.rows) + 3, 0, chart)
    else:
        place.insert_chart(1, len(sheet.columns) + 1, chart)


def _series(place: Worksheet, sheet: Sheet, graph: Graph, values: str, colour: str) -> dict[str, Any]:
    """A series over the rows of a sheet, totals left out."""
    keys = [column.key for column in sheet.columns]
    last = max(len(sheet.rows), 1)

    def cells(key: str) -> list[Any]:
        return [place.get_name(), 1, keys.index(key), last, keys.index(key)]

    drawn: dict[str, Any] = {"fill": {"color": colour}, "gap": 60, "data_labels": {"value": True}}
    if graph.kind == "line":
        drawn = {"line": {"color": colour, "width": 1.75}}
    return {
        "name": sheet.titles[keys.index(values)],
        "categories": cells(graph.names),
        "values": cells(values),
        **drawn,
    }
