"""The audit trail: nothing changes it unseen, on either database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from postloan.book import Book, audit, migrate


def fill(book: Book, count: int = 6) -> None:
    for number in range(count):
        with book.write(actor="S001", origin="test") as writer:
            writer.record("thing.done", loan_no=f"L{number}", number=number)


def verdict(book: Book) -> audit.Verdict:
    with book.read() as session:
        return audit.verify(session)


def without_guards(book: Book) -> None:
    with book.write() as writer:
        run = writer.session.execute
        if book.is_sqlite:
            run(text("DROP TRIGGER audit_event_no_update"))
            run(text("DROP TRIGGER audit_event_no_delete"))
        else:
            run(text("DROP TRIGGER audit_event_append_only ON audit_event"))


def test_the_migrated_book_is_what_the_code_expects(book: Book) -> None:
    assert migrate.differences(book) == []
    assert migrate.upgrade(book)[0] == migrate.upgrade(book)[1]


@pytest.mark.parametrize("change", ["UPDATE audit_event SET actor = 'x' WHERE seq = 2", "DELETE FROM audit_event"])
def test_the_database_refuses_to_change_a_link(book: Book, change: str) -> None:
    fill(book)
    with pytest.raises(DBAPIError, match="append-only"), book.write() as writer:
        writer.session.execute(text(change))
    assert verdict(book).ok


@pytest.mark.parametrize("column", ["event", "loan_no", "case_no", "actor", "origin", "policy_version", "data", "hash"])
def test_whoever_gets_round_that_breaks_the_chain_at_that_link(book: Book, column: str) -> None:
    fill(book)
    without_guards(book)
    with book.write() as writer:
        writer.session.execute(text(f"UPDATE audit_event SET {column} = 'forged' WHERE seq = 3"))
    found = verdict(book)
    assert (found.ok, found.broken_at) == (False, 3)


@pytest.mark.parametrize(("gone", "broken_at"), [(1, 1), (4, 4), (6, 6)])
def test_a_missing_link_is_named_the_last_one_too(book: Book, gone: int, broken_at: int) -> None:
    fill(book)
    without_guards(book)
    with book.write() as writer:
        writer.session.execute(text(f"DELETE FROM audit_event WHERE seq = {gone}"))
    assert (verdict(book).ok, verdict(book).broken_at) == (False, broken_at)


def test_many_writers_at_once_make_one_chain(book: Book) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fill(book, 5), range(8)))
    assert verdict(book) == audit.Verdict(True, 40, verdict(book).head)


def test_a_transaction_that_fails_leaves_no_event(book: Book) -> None:
    fill(book, 1)
    with pytest.raises(RuntimeError), book.write() as writer:
        writer.record("thing.done")
        raise RuntimeError
    assert verdict(book).events == 1
