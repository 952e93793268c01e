"""A shelf: where the rows of one kind of feed stand in the book. A plain one serves a feed that is one table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, tuple_, update
from sqlmodel import Session

from postloan.feeds.kinds import Kind, Row
from postloan.feeds.spool import Spool

Key = tuple[Any, ...]
# A row of the book that changed: noun, its key, before and after of the changed fields.
Change = tuple[str, Row, Row, Row]
Changing = tuple[Row, Row]  # the new row, and the changed fields as they were


def table_of(model: Any) -> Table:
    """The table of a model."""
    return model.__table__


class Shelf:
    """A feed that is one table of the book."""

    def __init__(self, kind: Kind, model: Any, **always: Any) -> None:
        self.kind = kind
        self.table = table_of(model)
        self.always = always
        self.stored = [c.target for c in kind.columns if c.target in self.table.c]
        self.defaults = {c.target: c.default for c in kind.columns}

    def key(self, row: Row) -> Key:
        return tuple(row[name] for name in self.kind.keys)

    def fetch(self, session: Session, rows: list[Row]) -> dict[Key, Row]:
        """What the book has of these rows."""
        columns = [self.table.c[name] for name in self.kind.keys]
        wanted = [self.key(row) for row in rows]
        if len(columns) == 1:
            return self._select(session, columns[0].in_([key[0] for key in wanted]))
        return self._select(session, tuple_(*columns).in_(wanted))

    def _select(self, session: Session, where: Any) -> dict[Key, Row]:
        query = select(*(self.table.c[name] for name in self.stored)).where(where)
        found = (dict(row) for row in session.execute(query).mappings())
        return {self.key(row): row for row in found}

    def complete(self, row: Row) -> Row:
        """A new row, with the defaults of what the feed does not speak about."""
        full = self.defaults | row
        return {name: full[name] for name in self.stored} | self.always

    def add(self, session: Session, rows: list[Row]) -> None:
        session.execute(insert(self.table), [self.complete(row) for row in rows])

    def change(self, session: Session, changing: list[Changing]) -> None:
        groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row, before in changing:
            groups[tuple(name for name in before if name in self.table.c)].append(row)
        for names, rows in groups.items():
            if names:
                self.update(session, names, rows)

    def update(self, session: Session, names: Sequence[str], rows: Iterable[Row]) -> None:
        """Set the fields `names` of these rows."""
        statement = update(self.table).values({name: bindparam(f"new_{name}") for name in names})
        for name in self.kind.keys:
            column = self.table.c[name]
            given = bindparam(f"key_{name}", type_=column.type)
            # A signal has a loan or a borrower, and NULL equals nothing.
            same = column.is_not_distinct_from(given) if column.nullable else column == given
            statement = statement.where(same)
        session.connection().execute(
            statement,
            [{f"new_{n}": row[n] for n in names} | {f"key_{n}": row[n] for n in self.kind.keys} for row in rows],
        )

    def relevant(self, session: Session, rows: list[Row]) -> list[Row]:
        """The rows that are compared with the book: those that know less than it are left out, or completed.
        Corrections are not asked."""
        return rows

    def note(self, session: Session, adding: list[Row], changing: list[Changing]) -> None:
        """Rows that are about to be entered: keep what `contradictions` needs."""

    def contradictions(self, session: Session, spool: Spool) -> Iterator[tuple[Row, str, str]]:
        """Rows, a column of each, and why the book cannot be as they left it, once all are entered."""
        yield from ()

    def prepare(self, session: Session, rows: list[Row]) -> list[Change]:
        """What these rows need in the book before they are compared."""
        return []

    def follow(self, session: Session, rows: list[Row]) -> list[Change]:
        """What follows in other tables once these rows are in the book."""
        return []
