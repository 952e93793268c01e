"""A book of an older version keeps what it holds when it is brought up to this one."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from postloan.book import Book, loans, migrate
from tests.conftest import database


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_first_version_with_loans_in_it(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if kind == "sqlite":
        book = Book(f"sqlite:///{tmp_path / 'old.db'}")
    else:
        from tests.conftest import _sql

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
