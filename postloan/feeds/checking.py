"""Checking a feed against the book, before anything is locked or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from postloan.book import Book
from postloan.book import tables as t
from postloan.feeds.faults import Faults
from postloan.feeds.kinds import Column, Kind, Row
from postloan.feeds.reading import Feed
from postloan.feeds.shelf import Shelf
from postloan.feeds.shelves import Owned
from postloan.feeds.spool import CHUNK, Spool

Progress = Callable[[int, int], None]


def check(
    book: Book, feed: Feed, shelf: Shelf, spool: Spool, faults: Faults, corrections: bool, tell: Progress
) -> None:
    """Read the whole feed into the spool and find what is wrong with it; the book is only read."""
    with book.read() as session:
        for chunk in _in_chunks(feed):
            _check_references(session, feed.kind, chunk, faults)
            if feed.kind.fixed and not corrections:
                _check_fixed(session, feed.kind, shelf, chunk, faults)
            spool.add(chunk, faults)
            tell(min(feed.file.done, feed.file.size), 2 * feed.file.size)
        if isinstance(shelf, Owned):
            _check_owners(spool, shelf, faults)
        if feed.kind.own:
            _check_own(session, feed.kind, spool, faults)


def _in_chunks(rows: Iterable[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    stream = iter(rows)
    while chunk := list(islice(stream, CHUNK)):
        yield chunk


def _values(value: Any) -> tuple:
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _check_references(session: Session, kind: Kind, chunk: list[tuple[int, Row]], faults: Faults) -> None:
    for column in kind.columns:
        if not column.refers:
            continue
        table, name = column.refers.split(".")
        wanted = {value for _, row in chunk for value in _values(row.get(column.target))}
        missing = wanted - known(session, table, name, wanted)
        if not missing:
            continue
        for number, row in chunk:
            for value in _values(row.get(column.target)):
                if value in missing:
                    faults.add(number, column.name, value, f"the book knows no such {table}{_hint(column)}")


def _hint(column: Column) -> str:
    feeds = {"loan": "loans", "borrower": "borrowers", "staff": "staff", "partner": "partners"}
    return f"; import {feeds[column.refers.split('.')[0]]} first"


def known(session: Session, table: str, name: str, wanted: set[str]) -> set[str]:
    column = t.ALL.tables[table].c[name]
    return set(session.scalars(select(column).where(column.in_(wanted)))) if wanted else set()


def _check_fixed(session: Session, kind: Kind, shelf: Shelf, chunk: list[tuple[int, Row]], faults: Faults) -> None:
    held = shelf.fetch(session, [row for _, row in chunk])
    for number, row in chunk:
        old = held.get(shelf.key(row))
        for name in kind.fixed:
            if old is not None and name in row and old[name] != row[name]:
                faults.add(
                    number,
                    name,
                    row[name],
                    f"the book has this {kind.noun} ({' '.join(map(str, shelf.key(row)))}) with {old[name]}; "
                    "terms change only by an import marked as corrections",
                )


def _check_owners(spool: Spool, shelf: Owned, faults: Faults) -> None:
    """One guarantor or partner with two names in one file: which one is right?"""
    seen: dict[str, tuple] = {}
    for chunk in spool.chunks():
        for row in chunk:
            mine = tuple(row.get(name) for name in shelf.fields)
            if seen.setdefault(row[shelf.number], mine) != mine:
                reason = f"has another {', '.join(shelf.fields)} elsewhere in this file"
                faults.add(0, shelf.number, row[shelf.number], reason)


def _check_own(session: Session, kind: Kind, spool: Spool, faults: Faults) -> None:
    """Receipts that reverse receipts, staff who deputise for staff: in this file or in the book."""
    table = t.ALL.tables[kind.noun]
    key, own = table.c[kind.keys[0]], table.c[kind.own]
    column = next(c.name for c in kind.columns if c.target == kind.own)
    reversed_by: dict[str, str] = {}
    for number, mine, other, row in spool.own_references():
        if row is None:
            found = session.execute(select(table).where(key == other)).mappings().first()
            row = dict(found) if found else None
        if row is None:
            faults.add(number, column, other, f"neither this file nor the book knows this {kind.noun}")
        elif kind.name == "repayments":
            before = session.scalars(select(key).where(own == other, key != mine)).first()
            before = before or reversed_by.setdefault(other, mine)
            if before != mine:
                faults.add(number, column, other, f"is reversed by {before} already")
            this = spool.row(mine)
            if row.get("reverses"):
                faults.add(number, column, other, "is itself a reversal; what it undid comes as a new receipt")
            if spool.row(mine)["paid_on"] < row["paid_on"]:
                faults.add(number, "paid_on", None, f"is before the receipt that it reverses ({row['paid_on']})")
            if (row["loan_no"], row["amount"]) != (this["loan_no"], this["amount"]):
                faults.add(number, column, other, "is a receipt of another loan or amount")
