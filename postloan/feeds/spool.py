"""Rows that were read and found good, kept in a private temporary file until all of them are.

So the book is not locked while a long file is read, memory stays flat, and two rows with one key
are found wherever they stand. SQLite deletes the file by itself, whatever happens to the program.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator

from postloan.feeds.faults import Faults
from postloan.feeds.kinds import Kind, Row

CHUNK = 2000


class Spool:
    """The rows of one feed, by key."""

    def __init__(self, kind: Kind, fields: tuple[str, ...]) -> None:
        self.kind, self.fields = kind, fields
        self.db = sqlite3.connect("", isolation_level=None)  # "": a temporary file of its own
        self.db.execute("PRAGMA journal_mode=OFF")
        self.db.execute("CREATE TABLE row (key TEXT PRIMARY KEY, number INTEGER, own TEXT, content BLOB)")
        self.db.execute("BEGIN")
        self.count = 0

    def close(self) -> None:
        self.db.close()

    def add(self, rows: list[tuple[int, Row]], faults: Faults) -> None:
        """Keep rows; a key that was there before with other values is a fault."""
        packed = []
        for number, row in rows:
            values = tuple(row.get(name) for name in self.fields)
            own = row.get(self.kind.own) if self.kind.own else None
            packed.append((self._key(row), number, own, pickle.dumps(values, pickle.HIGHEST_PROTOCOL)))
        before = self.db.total_changes
        self.db.executemany("INSERT OR IGNORE INTO row VALUES (?, ?, ?, ?)", packed)
        added = self.db.total_changes - before
        self.count += added
        if added < len(packed):
            for (key, number, _, content), (_, row) in zip(packed, rows, strict=True):
                self._compare(key, number, pickle.loads(content), row, faults)

    def _compare(self, key: str, number: int, mine: tuple, row: Row, faults: Faults) -> None:
        first, kept = self.db.execute("SELECT number, content FROM row WHERE key = ?", (key,)).fetchone()
        if first == number:
            return
        pairs = zip(self.fields, mine, pickle.loads(kept), strict=True)
        other = [name for name, here, there in pairs if here != there]
        if other:
            shown = " ".join(str(row[name]) for name in self.kind.keys if row[name])
            reason = f"duplicate of row {first} with other {', '.join(other)}"
            faults.add(number, ", ".join(self.kind.keys), shown, reason)

    def _key(self, row: Row) -> str:
        return "\x1f".join(str(row[name] or "") for name in self.kind.keys)

    def chunks(self) -> Iterator[list[Row]]:
        """The rows again, in the order of the file."""
        found = self.db.execute("SELECT content FROM row ORDER BY rowid")
        while rows := found.fetchmany(CHUNK):
            yield [dict(zip(self.fields, pickle.loads(content), strict=True)) for (content,) in rows]

    def own_references(self) -> Iterator[tuple[int, str, str, Row | None]]:
        """(row number, key, key referred to, the row referred to if it is in this feed)."""
        query = """SELECT a.number, a.key, a.own, b.content FROM row a LEFT JOIN row b ON b.key = a.own
                   WHERE a.own IS NOT NULL ORDER BY a.rowid"""
        for number, key, own, content in self.db.execute(query):
            row = dict(zip(self.fields, pickle.loads(content), strict=True)) if content else None
            yield number, key, own, row

    def row(self, key: str) -> Row:
        """One row by its key."""
        (content,) = self.db.execute("SELECT content FROM row WHERE key = ?", (key,)).fetchone()
        return dict(zip(self.fields, pickle.loads(content), strict=True))

    def has(self, row: Row) -> bool:
        """Whether the file has a row with the key of this one."""
        return self.db.execute("SELECT 1 FROM row WHERE key = ?", (self._key(row),)).fetchone() is not None

    def number(self, row: Row) -> int:
        """Where a row stands in the file."""
        found = self.db.execute("SELECT number FROM row WHERE key = ?", (self._key(row),)).fetchone()
        return int(found[0])
