"""The mapping file: how the columns of a foreign file become the canonical ones (docs/feeds.md)."""

from __future__ import annotations

import hashlib
import string
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from postloan.errors import FeedError
from postloan.feeds import values as v
from postloan.feeds.kinds import Kind

_TEXT, _TABLE, _LIST = "a text", "a table", "a list of texts"


@dataclass(frozen=True)
class MonthsLater:
    """A date so many months after another; `months` is a number or a header."""

    source: str
    months: str | int


@dataclass(frozen=True)
class Schedule:
    """One row of the file stands for `count` monthly instalments of `each`, the first a month after
    `start`; with `total` the last one takes what remains. All are headers of the file."""

    start: str
    count: str
    each: str
    total: str = ""


@dataclass(frozen=True)
class Mapping:
    """A mapping file, checked. Without one, everything is empty."""

    sha256: str = ""
    sheet: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    template: dict[str, str] = field(default_factory=dict)
    derive: dict[str, MonthsLater] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    skip: dict[str, frozenset[str]] = field(default_factory=dict)
    least: dict[str, Decimal] = field(default_factory=dict)
    schedule: Schedule | None = None

    def sources(self) -> set[str]:
        """Every header of the file that the mapping names."""
        named = {*self.columns.values(), *self.skip}
        for text in self.template.values():
            named |= set(_fields(text))
        named |= {d.months for d in self.derive.values() if isinstance(d.months, str)}
        if self.schedule:
            plan = self.schedule
            named |= {h for h in (plan.start, plan.count, plan.each, plan.total) if h}
        return named

    def given(self) -> set[str]:
        """Every canonical column that the mapping fills."""
        made = {*self.columns, *self.constants, *self.template, *self.derive}
        return made | ({"number", "due_on", "principal_due"} if self.schedule else set())

    def reader(self, canonical: str, read: v.Reader, in_sheet: bool) -> v.Reader:
        """How the cells of a column are read, [least] and [formats] considered."""
        if canonical in self.least:
            return v.at_least(self.least[canonical], read)
        style = self.formats.get(canonical)
        if read in v.RATES:
            if style == "fraction":
                return v.fraction(read)
            return v.in_sheet(read, canonical) if in_sheet and style != "percent" else read
        if read is not v.day:
            return read
        style = style or self.formats.get("date")
        if not style:
            return read
        styled = v.day_as(style)
        # A spreadsheet's own dates come as ISO text whatever the style of the others.
        return styled if not in_sheet else lambda text: _either(v.day, styled, text)


def _either(first: v.Reader, second: v.Reader, text: str) -> Any:
    try:
        return first(text)
    except ValueError:
        return second(text)


def _fields(text: str) -> Iterator[str]:
    for _, name, style, conversion in string.Formatter().parse(text):
        if name is not None:
            if style or conversion or not name or any(c in name for c in ".[]"):
                raise ValueError(f"{{{name}}} must be just a header of the file in braces")
            yield name


def read_mapping(path: Path, kind: Kind) -> Mapping:
    """Read and check a mapping file. Raises FeedError that names the key and what is wrong."""

    def wrong(key: str, reason: str) -> FeedError:
        return FeedError(f"the mapping {path.name} cannot be followed: {key} {reason}")

    try:
        content = path.read_bytes()
        raw = tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise FeedError(f"the mapping {path.name} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FeedError(f"the mapping {path.name} is not TOML: {error}") from error

    known = {"kind", "sheet", *_PARTS}
    for key in raw:
        if key not in known:
            raise wrong(key, f"is unknown; known are {', '.join(sorted(known))}")
    if raw.get("kind", kind.name) != kind.name:
        raise wrong("kind", f"is {raw['kind']!r}, but this is an import of {kind.name}")
    if not isinstance(raw.get("sheet", ""), str):
        raise wrong("sheet", "must be a text")

    def table(name: str, check: Callable[[Any], bool], what: str, canonical: bool = True) -> dict[str, Any]:
        found = raw.get(name, {})
        if not isinstance(found, dict):
            raise wrong(name, f"must be {_TABLE}")
        for key, value in found.items():
            if canonical and kind.column(key) is None and (name, key) != ("formats", "date"):
                columns = ", ".join(c.name for c in kind.columns)
                raise wrong(f"{name}.{key}", f"is no column of {kind.name}; there are {columns}")
            if not check(value):
                raise wrong(f"{name}.{key}", f"must be {what}")
        return found

    def is_text(value: Any) -> bool:
        return isinstance(value, str)

    def is_texts(value: Any) -> bool:
        return isinstance(value, list) and all(map(is_text, value))

    def is_words(value: Any) -> bool:
        return isinstance(value, dict) and all(map(is_text, value.values()))

    ignore = table("ignore", is_texts, _LIST, canonical=False)
    if set(ignore) - {"columns"}:
        raise wrong("ignore", 'knows only columns = ["…"]')
    template = table("template", is_text, _TEXT)
    for key, text in template.items():
        try:
            list(_fields(text))
        except ValueError as error:
            raise wrong(f"template.{key}", f"is {text!r}: {error}") from None
    formats = table("formats", is_text, _TEXT)
    for key, style in formats.items():
        column = kind.column(key)
        if column is not None and column.read in v.RATES:
            if style not in ("percent", "fraction"):
                raise wrong(f"formats.{key}", 'must be "percent" or "fraction"')
        elif key != "date" and column is not None and column.read is not v.day:
            raise wrong(f"formats.{key}", "is given, but the column is neither a date nor a rate")
        elif "%" not in style:
            raise wrong(f"formats.{key}", f'is {style!r}; a date is written like "%m/%d/%Y"')
    mapping = Mapping(
        sha256=hashlib.sha256(content).hexdigest(),
        sheet=raw.get("sheet", ""),
        columns=table("columns", is_text, _TEXT),
        constants=table("constants", is_text, _TEXT),
        values=table("values", is_words, "a table of texts"),
        formats=formats,
        template=template,
        derive=_derive(table("derive", lambda value: isinstance(value, dict), _TABLE), kind, wrong),
        ignore=frozenset(ignore.get("columns", [])),
        skip={key: frozenset(value) for key, value in table("skip", is_texts, _LIST, False).items()},
        schedule=_schedule(raw.get("schedule"), kind, wrong),
        least=_least(table("least", is_text, _TEXT), kind, wrong),
    )
    filled = [*mapping.columns, *mapping.constants, *mapping.template, *mapping.derive]
    filled += ["number", "due_on", "principal_due"] if mapping.schedule else []
    for name in filled:
        if filled.count(name) > 1:
            raise wrong(name, "is given more than once (columns, constants, template, derive, schedule)")
    return mapping


_PARTS = ("columns", "constants", "values", "formats", "template", "derive", "ignore", "skip", "schedule", "least")
Wrong = Callable[[str, str], FeedError]


def _derive(raw: dict[str, Any], kind: Kind, wrong: Wrong) -> dict[str, MonthsLater]:
    made = {}
    for name, rule in raw.items():
        source, months = rule.get("from"), rule.get("plus_months")
        if set(rule) != {"from", "plus_months"}:
            raise wrong(f"derive.{name}", 'must be { from = "a date column", plus_months = "header" or number }')
        column, target = kind.column(str(source)), kind.column(name)
        if column is None or column.read is not v.day or source in raw or source == name:
            raise wrong(f"derive.{name}", f"from = {source!r} is not a date column of {kind.name}")
        if target is None or target.read is not v.day:
            raise wrong(f"derive.{name}", "is not a date column")
        if isinstance(months, bool) or not isinstance(months, str | int):
            raise wrong(f"derive.{name}", "plus_months must be a header or a whole number")
        made[name] = MonthsLater(str(source), months)
    return made


def _least(raw: dict[str, str], kind: Kind, wrong: Wrong) -> dict[str, Decimal]:
    made = {}
    for name, text in raw.items():
        column = kind.column(name)
        assert column is not None
        try:
            amount = column.read(text)
        except ValueError as error:
            raise wrong(f"least.{name}", f"is {text!r}, which {error}") from None
        if not isinstance(amount, Decimal) or column.read is v.rate:
            raise wrong(f"least.{name}", "is given, but the column is no amount")
        made[name] = amount
    return made


def _schedule(raw: Any, kind: Kind, wrong: Wrong) -> Schedule | None:
    if raw is None:
        return None
    if kind.name != "instalments":
        raise wrong("schedule", "is for instalments only")
    if not isinstance(raw, dict) or not {"start", "count", "each"} <= set(raw) <= {
        "start", "count", "each", "total",
    }:  # fmt: skip
        raise wrong("schedule", "takes start, count, each and, if you like, total")
    for key, value in raw.items():
        if not isinstance(value, str):
            raise wrong(f"schedule.{key}", "must be a header of the file")
    return Schedule(**raw)
