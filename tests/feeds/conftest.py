"""A book with two borrowers, their loans and an officer, and files written on the spot."""

from __future__ import annotations

from pathlib import Path

import pytest

from postloan.book import Book
from tests.feeds.desk import BORROWERS, LOANS, STAFF, Desk


@pytest.fixture
def desk(book: Book, tmp_path: Path) -> Desk:
    """An empty book, on each database."""
    return Desk(book, tmp_path)


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """A book that knows two loans, on each database."""
    for kind, content in (("borrowers", BORROWERS), ("staff", STAFF), ("loans", LOANS)):
        desk.take(kind, content)
    return desk


@pytest.fixture
def lite(sqlite_book: Book, tmp_path: Path) -> Desk:
    """The same book on SQLite only, for what has nothing to do with the database."""
    desk = Desk(sqlite_book, tmp_path)
    for kind, content in (("borrowers", BORROWERS), ("staff", STAFF), ("loans", LOANS)):
        desk.take(kind, content)
    return desk


@pytest.fixture
def examples() -> Path:
    """The mapping files that the project comes with."""
    return Path(__file__).parents[2] / "examples"
