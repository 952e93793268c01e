"""A book of an older version keeps what it holds when it is brought up to this one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import RowMapping, Table, column, insert, inspect, select, text, update
from sqlalchemy import table as plain
from sqlmodel import select as entities

from postloan.book import Book, accounts, audit, loans, migrate
from postloan.book.standings import settlements, standings
from postloan.book.tables import ALL, Loan
from postloan.errors import BookError
from postloan.policy import PolicyFile
from tests.book.test_standings import scattered
from tests.conftest import _sql, database


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_first_version_with_loans_in_it(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if kind == "sqlite":
        book = Book(f"sqlite:///{tmp_path / 'old.db'}")
    else:
        server = request.getfixturevalue("postgres")
        _sql(server, "DROP DATABASE IF EXISTS old_book", "CREATE DATABASE old_book")
        book = Book(database(server, "old_book"))
    settings = migrate.config()
    with book.connect(write=True) as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        connection.execute(text("INSERT INTO borrower (borrower_no, name, kind, id_no, phone, email, rating, segment, "
                                "language, address, legal_representative) "
                                "VALUES ('C1', 'x', 'personal', '', '', '', '', '', '', '', '')"))  # fmt: skip
        cents = ("10000000", "43500") if kind == "sqlite" else ("100000.00", "4.35")
        connection.execute(text("INSERT INTO loan (loan_no, borrower_no, principal, currency, annual_rate, day_count, "
                                "repayment, security, disbursed_on, first_drawdown_on, matures_on, product, purpose, "
                                f"consignor, high_risk) VALUES ('L1', 'C1', {cents[0]}, 'CNY', {cents[1]}, "
                                "'actual/360', 'bullet', 'credit', '2026-01-10', '2026-01-10', '2027-01-10', '', '', "
                                "'', false)"))  # fmt: skip
        connection.commit()
    before, after = migrate.upgrade(book)
    assert before == "0001" and after > before
    assert migrate.differences(book) == []
    with book.read() as session:
        loan = loans.get(session, "L1")
        assert (loan.principal, loan.compound, loan.found_by, loan.penalty_surcharge) == (
            Decimal("100000.00"),
            False,
            "",
            None,
        )
        assert loans.standing(session, loan, date(2027, 1, 13)).days_past_due == 3
    book.close()
    if kind == "sqlite":
        shutil.rmtree(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Book]:
    """An empty place for a book, on each database."""
    if request.param == "sqlite":
        made = Book(f"sqlite:///{tmp_path / 'older.db'}")
    else:
        server = request.getfixturevalue("postgres")
        _sql(server, "DROP DATABASE IF EXISTS older_book", "CREATE DATABASE older_book")
        made = Book(database(server, "older_book"))
    yield made
    made.close()


def rows_of(book: Book, table: Table, columns: Sequence[str]) -> list[tuple]:
    """Every row of a table, in some order that both books have."""
    with book.connect() as connection:
        found = connection.execute(select(*(table.c[name] for name in columns))).tuples().all()
    return sorted(map(tuple, found), key=repr)


def copied(book: Book, given: Book, version: str) -> dict[str, list[str]]:
    """Make a book of an older version with the rows of another one; gives the columns by table that it has."""
    settings, kept = migrate.config(), dict[str, list[str]]()
    with book.connect(write=True) as connection, given.connect() as source:
        settings.attributes["connection"] = connection
        command.upgrade(settings, version)
        there = inspect(connection)
        for table in ALL.sorted_tables:
            if not there.has_table(table.name) or table.name.startswith("audit_"):
                continue
            names = {one["name"] for one in there.get_columns(table.name)}
            kept[table.name] = [one.name for one in table.c if one.name in names]
            bare = plain(table.name, *(column(name, table.c[name].type) for name in kept[table.name]))
            found = source.execute(select(*(table.c[name] for name in kept[table.name]))).mappings().all()
            if found:  # deputies may come after those whom they stand in for
                connection.execute(insert(bare), [{**row} | _without_deputy(row) for row in found])
            for row in found:
                if row.get("deputy_no"):
                    of = bare.c.staff_no == row["staff_no"]
                    connection.execute(update(bare).where(of).values(deputy_no=row["deputy_no"]))
        connection.commit()
    return kept


def _without_deputy(row: RowMapping) -> dict[str, None]:
    return {"deputy_no": None} if "deputy_no" in row else {}


@pytest.mark.parametrize("version", ["0001", "0002"])
def test_a_whole_book_of_loans_stands_where_it_stood(
    old: Book, sqlite_book: Book, policy_file: PolicyFile, version: str
) -> None:
    """Schedules, drawdowns, receipts, bounced ones, positions: each row is there, and each loan stands as in a
    book that was never another version; also once their accounts were worked out."""
    days = scattered(sqlite_book, 3)
    kept = copied(old, sqlite_book, version)
    with pytest.raises(BookError, match=version):
        migrate.check(old)
    with old.write() as writer:
        writer.record("book.kept", note="written by the older version")
    assert migrate.upgrade(old)[0] == version
    assert migrate.upgrade(old)[0] != version, "a second time changes nothing"
    migrate.check(old)
    assert migrate.differences(old) == []
    assert len(kept) > 30
    for table in ALL.sorted_tables:
        if table.name in kept:
            columns = kept[table.name]
            assert rows_of(old, table, columns) == rows_of(sqlite_book, table, columns), table.name
    with old.read() as session:
        assert audit.verify(session).ok
    _stand_alike(old, sqlite_book, days)
    for book in (old, sqlite_book):
        with book.write() as writer:
            every = [loan.loan_no for loan in writer.session.exec(entities(Loan))]
            assert accounts.refresh(writer.session, policy_file, every) > 3
    _stand_alike(old, sqlite_book, days)


def _stand_alike(one: Book, other: Book, days: Sequence[date]) -> None:
    for day in days:
        with one.read() as mine, other.read() as theirs:
            found = [sorted(map(tuple, s.execute(select(standings(day))))) for s in (mine, theirs)]
            assert found[0] == found[1], day
    with one.read() as mine, other.read() as theirs:
        found = [sorted(map(tuple, s.execute(select(settlements())))) for s in (mine, theirs)]
    assert found[0] == found[1]
    assert found[0]
