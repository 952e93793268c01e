"""Opening the book: connections, transactions, and who is writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, OperationalError, ProgrammingError
from sqlmodel import Session, create_engine

from postloan.book import audit
from postloan.book.sql import sqlite_day_in
from postloan.errors import BookError, PostloanError


def utc_now() -> datetime:
    """This moment. The only clock of the book; tests give another."""
    return datetime.now(UTC)


class Writer:
    """One transaction that changes the book, with the name of who changes it.

    Attributes:
        session: the open session; it is committed when the `with` block ends without an error.
        actor: staff number, or "system".
        origin: the program or flow run that the change comes from.
        now: the moment of the transaction.
    """

    def __init__(self, session: Session, actor: str, origin: str, now: datetime) -> None:
        self.session = session
        self.actor = actor
        self.origin = origin
        self.now = now
        self._events: list[audit.Event] = []

    def record(
        self,
        what: str,
        *,
        loan_no: str | None = "",
        case_no: str = "",
        policy_version: str = "",
        actor: str = "",
        **data: Any,
    ) -> None:
        """Enter an event on the audit trail; it is chained when the transaction ends."""
        self._events.append(
            audit.Event(what, loan_no or "", case_no, actor or self.actor, self.origin, policy_version, data)
        )

    @contextmanager
    def attempt(self) -> Iterator[list[Exception]]:
        """A part of the transaction that may fail by itself: then nothing of it is kept, and the list that this
        gives holds the error."""
        failed: list[Exception] = []
        events = len(self._events)
        savepoint = self.session.begin_nested()
        try:
            yield failed
            self.session.flush()
            savepoint.commit()
        except (ValueError, PostloanError, IntegrityError) as error:
            savepoint.rollback()
            del self._events[events:]
            failed.append(error)

    def alone(self, what: str) -> None:
        """Wait until no other transaction holds this name, and hold it to the end of this one."""
        if self.session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
            self.session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": what})

    def _close(self) -> None:
        audit.append(self.session, self._events, self.now)


class Book:
    """The book at an SQLAlchemy address.

    SQLite runs in WAL mode with foreign keys on; a writer takes the write lock at once, so that
    two of them wait for each other instead of failing. `clock` is the time that transactions bear.
    """

    def __init__(self, url: str, clock: Callable[[], datetime] = utc_now) -> None:
        self.url = url
        self.clock = clock
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        try:
            self.engine = _engine(url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise BookError(
                f"{url.split('@')[-1]!r} is not the address of a book ({error}); "
                "write sqlite:////path/book.db or postgresql://user:password@host/name"
            ) from None
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    def require(self) -> None:
        """Raises BookError where a SQLite book is not there: a mistyped address must not make an empty one."""
        file = self.url.removeprefix("sqlite:///")
        if self.is_sqlite and not Path(file).is_file():
            raise BookError(f"there is no book at {file}; make one with: postloan init (or is --book mistyped?)")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; nothing that is done in it is kept."""
        with self._session() as session:
            yield session
            session.expunge_all()  # what was read stays readable; closing rolls back

    @contextmanager
    def write(self, actor: str = "system", origin: str = "postloan") -> Iterator[Writer]:
        """A transaction: everything in the block, audit events included, or nothing."""
        with self._session(write=True) as session:
            writer = Writer(session, actor, origin, self.clock())
            yield writer
            session.flush()
            writer._close()
            session.commit()

    @contextmanager
    def connect(self, write: bool = False) -> Iterator[Connection]:
        """A bare connection, for the migrations. Raises BookError where the book cannot be reached."""
        try:
            with self.engine.execution_options(write=write).connect() as connection:
                yield connection
        except OperationalError as error:
            raise BookError(str(_explain(error, self.url))) from error

    @contextmanager
    def _session(self, write: bool = False) -> Iterator[Session]:
        engine = self.engine.execution_options(write=write)
        try:
            with Session(engine, expire_on_commit=False) as session:
                yield session
        except (OperationalError, ProgrammingError) as error:
            reason = _explain(error, self.url)
            if reason is None:
                raise
            raise BookError(reason) from error

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": 60})

        @event.listens_for(engine, "connect")
        def _on_connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # BEGIN is ours, below
            for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}").close()
            connection.create_function("day_in", 2, sqlite_day_in, deterministic=True)

        @event.listens_for(engine, "begin")
        def _on_begin(connection: Any) -> None:
            write = connection.get_execution_options().get("write")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

        return engine
    return create_engine(url, pool_pre_ping=True)


def _explain(error: OperationalError | ProgrammingError, url: str) -> str | None:
    """What to tell a person; None for an error of ours, which must show as one."""
    reason = str(error.orig).strip().splitlines()[0]
    where = url.split("@")[-1]  # never the password
    if "no such table" in reason or ("relation" in reason and "does not exist" in reason):
        return f"the book at {where} is empty or not of this version ({reason}); run: postloan init"
    if isinstance(error, ProgrammingError):
        return None
    if "full" in reason:
        return f"the disk of the book at {where} is full ({reason}); nothing was changed, free some space"
    return f"the book at {where} cannot be used: {reason}"
