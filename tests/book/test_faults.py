"""Faults from outside: a full disk, a policy that changes while a case waits."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import func, select

from postloan.book import Book, audit, cases
from postloan.book.tables import Borrower, Case
from postloan.errors import BookError
from postloan.feeds import take_in
from postloan.policy import PolicyFile
from postloan.settings import REPOSITORY, Settings
from tasks.office import Office
from tasks.round import work_out
from tests.factory import staff_and_loans

START = date(2026, 3, 2)


def test_a_full_disk_is_said_and_changes_nothing(sqlite_book: Book, tmp_path: Path) -> None:
    feed = tmp_path / "borrowers.csv"
    feed.write_text(
        "borrower_no,name,kind\n" + "".join(f"B{n},an agricultural cooperative,personal\n" for n in range(20_000))
    )
    full = Book(sqlite_book.url)

    @event.listens_for(full.engine, "connect")
    def _little_room(connection, _record) -> None:  # type: ignore[no-untyped-def]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 20}").close()

    with pytest.raises(BookError, match=r"is full.*nothing was changed, free some space"):
        take_in(full, "borrowers", feed)
    full.close()
    with sqlite_book.read() as session:
        assert session.exec(select(func.count()).select_from(Borrower)).one() == 0
        assert audit.verify(session).ok
    assert take_in(sqlite_book, "borrowers", feed).added == 20_000, "with room again, the same import goes through"


def test_a_case_finishes_under_the_policy_that_it_was_opened_with(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTLOAN_HOME", str(tmp_path))
    mine = tmp_path / "policy.toml"
    mine.write_text((REPOSITORY / "policy.toml").read_text())
    monkeypatch.setenv("POSTLOAN_POLICY", str(mine))
    staff_and_loans(book, {"L1": START, "L2": START + timedelta(days=1)})
    before = Office(book, Settings())
    assert work_out(before, START).opened == 1

    mine.write_text(mine.read_text().replace("report_working_days = 2", "report_working_days = 7"))
    after = Office(book, Settings())
    assert after.policy_file.version != before.policy_file.version
    assert work_out(after, START + timedelta(days=1)).opened == 1
    with book.read() as session:
        old, new = (session.get_one(Case, f"FI-L{n}") for n in (1, 2))
        assert after.policy_of(session, old).inspection.first.report_working_days == 2
        assert after.policy_of(session, new).inspection.first.report_working_days == 7


def test_a_case_that_waited_through_an_upgrade_of_the_program(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its policy version knows nothing of the keys that the new program needs."""
    monkeypatch.setenv("POSTLOAN_HOME", str(tmp_path))
    staff_and_loans(book, {"L1": START})
    now = Office(book, Settings())
    old = {name: value for name, value in now.policy_file.values.items() if name not in ("signals", "ticklers")}
    old["inspection"] = {"first": old["inspection"]["first"] | {"report_working_days": 4}}
    assert work_out(now, START).opened == 1
    with book.write() as writer:
        version = cases.keep_policy(writer, PolicyFile(old))
        writer.session.get_one(Case, "FI-L1").policy_version = version
    with book.read() as session:
        kept = now.policy_of(session, session.get_one(Case, "FI-L1"))
    assert kept.inspection.first.report_working_days == 4
    assert kept.inspection.routine.max_months == now.policy.inspection.routine.max_months
