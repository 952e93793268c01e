"""Making the book, and bringing an older one up to this version (Alembic)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from postloan.book.engine import Book
from postloan.book.tables import ALL
from postloan.errors import BookError

FOLDER = Path(__file__).parent / "migrations"


def config() -> Config:
    """Alembic's configuration, for `upgrade` and for writing a new version."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    return made


def upgrade(book: Book) -> tuple[str | None, str]:
    """Make the book or migrate it; gives the versions before and after. Safe to repeat."""
    settings = config()
    with book.connect(write=True) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        newest = ScriptDirectory.from_config(settings).get_current_head()
        known = {s.revision for s in ScriptDirectory.from_config(settings).walk_revisions()}
        if before is not None and before not in known:
            raise BookError(f"the book is of version {before}, newer than this program; upgrade postloan")
        settings.attributes["connection"] = connection
        if before != newest:
            command.upgrade(settings, "head")
        connection.commit()
    return before, str(newest)


def differences(book: Book) -> list:
    """What a migrated book lacks compared with the tables in the code; empty when they agree."""
    with book.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), ALL)


def check(book: Book) -> None:
    """Raises BookError unless the book is of this version."""
    with book.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != ScriptDirectory.from_config(config()).get_current_head():
        state = "is empty" if found is None else f"is of version {found}"
        raise BookError(f"the book at {book.url.split('@')[-1]} {state}; run: postloan init")
