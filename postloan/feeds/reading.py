"""From records of text to rows of exact values: headers found, cells read, rows checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from postloan.calendar import months_after
from postloan.feeds import values as v
from postloan.feeds.faults import Faults, refused
from postloan.feeds.files import UNREADABLE, File
from postloan.feeds.kinds import Column, Kind, Row, header_key
from postloan.feeds.mapping import Mapping

_MONTHS = v.whole(1, 1200)


@dataclass(frozen=True)
class Source:
    """Where the text of one column comes from: a place in the record, a constant, or a template."""

    column: Column
    shown: str
    read: v.Reader
    place: int | None = None
    constant: str | None = None
    template: str = ""
    words: dict[str, str] | None = None

    def text(self, cells: list[str], named: dict[str, int]) -> str:
        if self.place is not None:
            found = cells[self.place].strip()
            return self.words.get(found, found) if self.words else found
        if self.constant is not None:
            return self.constant
        return self.template.format_map({name: cells[at].strip() for name, at in named.items()})


class Feed:
    """A file read as one kind of feed. Iterating gives (row number, values by the book's names);
    what is wrong goes to `faults`, and such rows are not given."""

    def __init__(self, file: File, kind: Kind, mapping: Mapping, faults: Faults) -> None:
        self.kind, self.mapping, self.faults, self.file = kind, mapping, faults, file
        self.rows = self.skipped = 0
        self._records = file.records(faults)
        first = next(self._records, None)
        if first is None:
            faults.raise_if_any()
            raise refused(file.path.name, "the file holds no header")
        self.header_row, cells = first
        self.header = [cell.strip() for cell in cells]
        self._named = {name: at for at, name in enumerate(self.header) if name}
        self.unknown_columns: list[str] = []
        self._sources = self._find_sources()
        faults.raise_if_any()
        self.targets = self._targets()
        self._used = {name: self._named[name] for name in mapping.sources()}
        self._read_places = {s.place for s in self._sources if s.place is not None} | {*self._used.values()}

    # The header

    def _find_sources(self) -> list[Source]:
        mapping, kind = self.mapping, self.kind
        for name in sorted(mapping.sources()):
            if name not in self._named:
                self._fault_header(name, "is named in the mapping, but the file has no such column")
        if self.faults.count:
            return []
        places: dict[str, int] = {name: self._named[header] for name, header in mapping.columns.items()}
        claimed = mapping.sources()
        by_key = {header_key(h): c for c in reversed(kind.columns) for h in c.headers}
        for at, header in enumerate(self.header):
            if header in claimed or header in mapping.ignore:
                continue
            column = by_key.get(header_key(header)) if header else None
            if column is None:
                if "*" not in mapping.ignore:
                    self.unknown_columns.append(header or f"(column {at + 1})")
            elif column.name in mapping.given():
                self.unknown_columns.append(header)
            elif column.name in places:
                other = self.header[places[column.name]]
                self._fault_header(
                    f"{column.name} ({header})",
                    f"two columns mean this: {other!r} and {header!r}; choose with a mapping, [columns]",
                )
            else:
                places[column.name] = at
        self._check_missing(places)
        return [self._source(column, places) for column in kind.columns if self._has(column, places)]

    def _has(self, column: Column, places: dict[str, int]) -> bool:
        return column.name in places or column.name in {*self.mapping.constants, *self.mapping.template}

    def _check_missing(self, places: dict[str, int]) -> None:
        given = set(places) | self.mapping.given()
        needed = [c for c in self.kind.columns if c.required and c.name not in given]
        found = ", ".join(h for h in self.header if h) or "nothing"
        if not given and needed:
            raise refused(
                self.file.path.name,
                f"this row is not a header of {self.kind.name}: it should hold "
                f"{', '.join(c.name for c in needed)} (or their Chinese names), found: {found}",
                self.header_row,
            )
        for column in needed:
            accepted = ", ".join(column.headers[:12])
            self._fault_header(column.name, f"the column is missing; accepted headers: {accepted}; found: {found}")
        if self.kind.name == "signals" and not given & {"loan_no", "borrower_no"}:
            self._fault_header("loan_no", f"there is neither loan_no nor borrower_no; found: {found}")

    def _fault_header(self, column: str, reason: str) -> None:
        self.faults.add(self.header_row, column, None, reason)

    def _source(self, column: Column, places: dict[str, int]) -> Source:
        read = self.mapping.reader(column.name, column.read, self.file.is_sheet)
        words = self.mapping.values.get(column.name)
        place = places.get(column.name)
        if place is not None:
            header = self.header[place]
            shown = column.name if header_key(header) == header_key(column.name) else f"{column.name} ({header})"
            return Source(column, shown, read, place=place, words=words)
        constant = self.mapping.constants.get(column.name)
        if constant is not None:
            # A constant of the mapping is written canonically.
            return Source(column, column.name, column.read, constant=constant.strip())
        return Source(column, column.name, read, template=self.mapping.template[column.name])

    def _targets(self) -> tuple[str, ...]:
        """The fields of the book that this feed speaks about; the others stay as they are."""
        names = {source.column.name for source in self._sources} | self.mapping.given()
        return tuple(c.target for c in self.kind.columns if c.name in names or c.target in self.kind.keys)

    # The rows

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        width = len(self.header)
        for number, cells in self._records:
            if len(cells) != width:
                self.rows += 1
                self.faults.add(
                    number,
                    "",
                    None,
                    f"has {len(cells)} fields, the header has {width} (a stray line end or separator?)",
                )
                continue
            if self._skips(cells):
                self.skipped += 1
                continue
            if unreadable := [at for at in self._read_places if cells[at].startswith(UNREADABLE)]:
                self.rows += 1
                for at in unreadable:
                    self.faults.add(number, self.header[at], None, cells[at].removeprefix(UNREADABLE))
                continue
            self.rows += 1
            before = self.faults.count
            row = self._read(number, cells)
            self._derive(number, cells, row)
            rows = self._expand(number, cells, row) if self.mapping.schedule else [row]
            if self.faults.count == before:
                for one in rows:
                    for column, reason in self.kind.check(one):
                        self.faults.add(number, column, one.get(column), reason)
            if self.faults.count == before:
                for one in rows:
                    yield number, one

    def _skips(self, cells: list[str]) -> bool:
        return any(cells[self._named[name]].strip() in skip for name, skip in self.mapping.skip.items())

    def _read(self, number: int, cells: list[str]) -> Row:
        row: Row = {}
        for source in self._sources:
            column = source.column
            text = source.text(cells, self._used)
            if not text:
                row[column.target] = column.default
                if column.required and not column.blank:
                    self.faults.add(number, source.shown, None, "is empty")
                continue
            try:
                row[column.target] = source.read(text)
            except ValueError as error:
                self.faults.add(number, source.shown, text, str(error))
                row[column.target] = None
        for key in self.kind.keys:
            row.setdefault(key, "" if key == "source" else None)
        return row

    def _derive(self, number: int, cells: list[str], row: Row) -> None:
        for name, rule in self.mapping.derive.items():
            start, months = row.get(rule.source), rule.months
            row[name] = None
            try:
                if isinstance(months, str):
                    months = int(_MONTHS(cells[self._named[months]].strip()))
                if start is not None:
                    row[name] = months_after(start, months)
            except ValueError as error:
                self.faults.add(number, f"{name} ({rule.months})", cells[self._named[str(rule.months)]], str(error))

    def _expand(self, number: int, cells: list[str], row: Row) -> list[Row]:
        plan = self.mapping.schedule
        assert plan is not None
        due = self.kind.column("due_on")
        assert due is not None
        readers = {
            plan.start: self.mapping.reader("due_on", due.read, self.file.is_sheet),
            plan.count: _MONTHS,
            plan.each: v.money(),
            plan.total: v.money(),
        }
        got: dict[str, Any] = {}
        for header, read in readers.items():
            if header:
                text = cells[self._named[header]].strip()
                try:
                    got[header] = read(text)
                except ValueError as error:
                    self.faults.add(number, header, text, str(error) if text else "is empty")
        if len(got) < len([h for h in readers if h]):
            return []
        count, each = got[plan.count], got[plan.each]
        last = got[plan.total] - each * (count - 1) if plan.total else each
        if last < 0:
            self.faults.add(number, plan.each, each, f"{count} of these are more than the total {got[plan.total]}")
            return []
        return [
            row
            | {
                "number": i,
                "due_on": months_after(got[plan.start], i),
                "principal_due": each if i < count else last,
            }
            for i in range(1, count + 1)
        ]
