"""Reading CSV and XLSX as rows of text, numbered as a person sees them in the file."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import python_calamine as calamine

from postloan.errors import FeedError
from postloan.feeds.faults import Faults, refused

Record = tuple[int, list[str]]
_BLOCK = 1 << 20
# Chinese in GB18030 happens to be valid UTF-8 for a character or two, never for so many.
_SURELY_UTF8 = 10
# Excel keeps 15 digits of a number; the rest of an ID number stored as a number is made up.
_EXACT = 10**15
# Stands before the reason why a cell cannot be read; a character that no text may hold.
UNREADABLE = "\ufdd0"
_MANY_BAD_CELLS = 100_000
# What the readers of archives and XML raise on damaged ones.
_DAMAGED = (
    calamine.CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)


class File:
    """A feed's file: its digest, whether it is a spreadsheet, and its records.

    `done` and `size` are bytes of CSV or rows of a sheet.
    """

    def __init__(self, path: Path, sheet: str = "") -> None:
        self.path = path
        self.sheet = sheet
        try:
            with path.open("rb") as file:
                start = file.read(8)
                file.seek(0)
                self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            self._stamp = self._look()
        except OSError as error:
            raise FeedError(f"{path.name} cannot be read: {error.strerror}") from error
        if not self._stamp[0]:
            raise refused(path.name, "the file is empty")
        if start.startswith(b"\xd0\xcf\x11\xe0"):
            raise refused(path.name, "is an old XLS or has a password; save it as XLSX without a password")
        self.is_sheet = start.startswith(b"PK\x03\x04")
        if path.suffix.lower() in (".xlsx", ".xls", ".xlsm") and not self.is_sheet:
            raise refused(path.name, "is no spreadsheet though its name says so; save it again as XLSX or CSV")
        self.done, self.size = 0, self._stamp[0]

    def _look(self) -> tuple[int, int]:
        stat = self.path.stat()
        return stat.st_size, stat.st_mtime_ns

    def records(self, faults: Faults) -> Iterator[Record]:
        """Each record that is not blank, with the row it starts on. What ends the reading early (a
        quote that never closes) becomes a fault; a file that cannot be read at all is refused."""
        yield from self._sheet_records() if self.is_sheet else self._csv_records(faults)
        if self._look() != self._stamp:
            raise refused(self.path.name, "the file changed while it was read; import it once it is complete")

    # CSV

    def _csv_records(self, faults: Faults) -> Iterator[Record]:
        encoding = _encoding(self.path)
        with self.path.open("rb") as raw, TextIOWrapper(raw, encoding=encoding, newline="") as text:
            row = 1
            try:
                delimiter = _delimiter(text)
                text.seek(0)
                reader = csv.reader(text, delimiter=delimiter, strict=True)
                for fields in reader:
                    if any(map(str.strip, fields)):
                        yield row, fields
                    row = reader.line_num + 1
                    self.done = raw.tell()
            except csv.Error as error:
                faults.add(row, "", None, f"broken quoting, reading stopped here ({error})")
            except UnicodeDecodeError:
                reason = "the text is neither UTF-8 nor GB18030 from about here"
                raise refused(self.path.name, reason, row) from None

    # XLSX

    def _sheet_records(self) -> Iterator[Record]:
        name = self.path.name
        try:
            book = calamine.CalamineWorkbook.from_path(str(self.path))
            title = self._choose(book)
            bad = _bad_cells(self.path, title)
            sheet = book.get_sheet_by_name(title)
            self.size = max(sheet.total_height, 1)
            for row, cells in enumerate(sheet.iter_rows(), start=1):
                fields = [_as_text(cell) for cell in cells]
                for place, reason in bad.pop(row, ()):
                    if place < len(fields):
                        fields[place] = UNREADABLE + reason
                if any(map(str.strip, fields)):
                    yield row, fields
                self.done = row
        except _DAMAGED as error:
            raise refused(
                name, f"the spreadsheet is damaged, incomplete or protected by a password ({error})"
            ) from error

    def _choose(self, book: calamine.CalamineWorkbook) -> str:
        visible = [m.name for m in book.sheets_metadata if m.visible == calamine.SheetVisibleEnum.Visible]
        if self.sheet:
            if self.sheet not in book.sheet_names:
                raise refused(self.path.name, f"there is no sheet {self.sheet!r}; there are {', '.join(visible)}")
            return self.sheet
        filled = [title for title in visible if book.get_sheet_by_name(title).total_height]
        if len(filled) > 1:
            raise refused(
                self.path.name,
                f'has several sheets ({", ".join(filled)}); name one in a mapping: sheet = "{filled[0]}"',
            )
        if not filled:
            raise refused(self.path.name, "the spreadsheet is empty")
        return filled[0]


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        file.seek(0)
        decoder, other, lines = codecs.getincrementaldecoder("utf-8")(), 0, 1
        while True:
            block = file.read(_BLOCK)
            try:
                decoded = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode("utf-8", errors="ignore")
                if other + sum(not c.isascii() for c in good) < _SURELY_UTF8:
                    _refuse_mixed(path)
                    return "gb18030"
                lines += good.count("\n")
                raise refused(path.name, "the text is damaged: UTF-8 up to here, then not", lines) from None
            other += 0 if decoded.isascii() else sum(not c.isascii() for c in decoded)
            lines += decoded.count("\n")
            if not block:
                return "utf-8"


def _refuse_mixed(path: Path) -> None:
    """Lines of Chinese in UTF-8 among others that are not: files of two sources put together. Read as
    GB18030 they would become other words without a fault."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isascii():
                continue
            try:
                decoded = line.decode("utf-8")
            except UnicodeDecodeError:
                continue
            if any("\u4e00" <= sign <= "\u9fff" for sign in decoded):
                reason = "is text in UTF-8 in a file that is not; save all of it in one encoding"
                raise refused(path.name, f"row {number} {reason}", number)


def _delimiter(text: TextIOWrapper) -> str:
    header = next((line for line in text if line.strip()), "")
    outside = re.sub(r'"[^"]*"', "", header)
    return max(",;\t|", key=outside.count)


def _as_text(cell: Any) -> str:
    """A cell as text; a binary number to the 15 digits that a sheet shows: 0.1 + 0.2 is 0.3."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        if abs(cell) >= _EXACT:
            return f"{UNREADABLE}is a number of more than 15 digits, which a spreadsheet rounds; store it as text"
        return str(int(cell)) if cell.is_integer() else format(Decimal(f"{cell:.15g}"), "f")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


_BAD_CELL = re.compile(
    rb'<c r="([A-Z]+)([0-9]+)"[^<>]*\bt="e"'
    rb'|<c r="([A-Z]+)([0-9]+)"[^<>]*><f[^<>]*(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>'
)


def _bad_cells(path: Path, title: str) -> dict[int, list[tuple[int, str]]]:
    """The cells that the reader would give as empty, by row: errors, and formulas never calculated;
    each with its place in the row, counted from 0, and the reason. Reading every part to its end
    also checks the archive's checksums."""
    bad: dict[int, list[tuple[int, str]]] = {}
    if not zipfile.is_zipfile(path):
        return bad
    with zipfile.ZipFile(path) as archive:
        part = _part_of(archive, title)
        for name in archive.namelist():
            with archive.open(name) as stream:
                tail = b""
                while block := stream.read(_BLOCK):
                    if name != part:
                        continue
                    block = tail + block
                    cut = block.rfind(b"<c ")  # the last cell may be cut off: look at it with the next block
                    cut = cut if cut > 0 else len(block)
                    tail = block[cut:]
                    _note_bad(block[:cut], bad)
                _note_bad(tail, bad)
                if len(bad) > _MANY_BAD_CELLS:
                    raise refused(path.name, f"more than {_MANY_BAD_CELLS} rows hold errors or uncalculated formulas")
    return bad


def _note_bad(xml: bytes, bad: dict[int, list[tuple[int, str]]]) -> None:
    for column, row, formula_column, formula_row in _BAD_CELL.findall(xml):
        if row:
            reason = "the cell holds a spreadsheet's error such as #N/A"
            bad.setdefault(int(row), []).append((_place(column), reason))
        else:
            reason = "a formula that was never calculated; open the file in a spreadsheet program and save it"
            bad.setdefault(int(formula_row), []).append((_place(formula_column), reason))


def _place(letters: bytes) -> int:
    """A column's letters as its place from 0: A is 0, AA is 26."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place - 1


def _part_of(archive: zipfile.ZipFile, title: str) -> str:
    names = {
        "m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "p": "http://schemas.openxmlformats.org/package/2006/relationships",
    }
    relation = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    target = {link.get("Id"): link.get("Target", "") for link in links.findall("p:Relationship", names)}
    for sheet in book.findall("m:sheets/m:sheet", names):
        if sheet.get("name") == title:
            part = target.get(sheet.get(relation), "")
            return part.lstrip("/") if part.startswith("/") else f"xl/{part}"
    return ""
