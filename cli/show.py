"""Printing: one listing in three forms, errors for people."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

# Not wrapped where nobody reads along: an address or a path that is cut in three cannot be copied.
WIDE = 200
out = Console() if sys.stdout.isatty() else Console(width=WIDE, soft_wrap=True)
err = Console(stderr=True) if sys.stderr.isatty() else Console(stderr=True, width=WIDE, soft_wrap=True)


class Format(StrEnum):
    """How a listing is printed."""

    table = "table"
    json = "json"
    csv = "csv"


def plain(value: Any) -> Any:
    """A value as JSON has it: dates ISO 8601, money a decimal string."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def json_text(value: Any) -> str:
    """JSON, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=plain) + "\n"


def as_json(value: Any) -> None:
    """Print JSON."""
    sys.stdout.write(json_text(value))


def listing(rows: Sequence[dict[str, Any]], columns: Sequence[str], form: Format, title: str = "") -> None:
    """Print rows; JSON has every key, the others the named columns."""
    if form is Format.json:
        as_json([{name: plain(value) for name, value in row.items()} for row in rows])
    elif form is Format.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    else:
        table = Table(title=title or None)
        for name in columns:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(escape(_cell(row.get(name))) for name in columns))
        out.print(table)
        out.print(f"{len(rows)} rows", style="dim")


def facts(values: dict[str, Any], form: Format) -> None:
    """Print one thing: as JSON, or a line a key."""
    if form is Format.json:
        as_json({name: plain(value) for name, value in values.items()})
        return
    if form is Format.csv:
        csv.writer(sys.stdout).writerows([name, _cell(value)] for name, value in values.items())
        return
    for name, value in values.items():
        out.print(f"[dim]{name}[/dim] {escape(_cell(value))}", highlight=False)


def _cell(value: Any) -> str:
    value = plain(value)
    if isinstance(value, list):
        return ", ".join(str(plain(v)) for v in value)
    return "" if value is None else str(value)
