"""Money is exact on both databases, in SQL as well."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlmodel import func, select

from postloan.book import Book
from postloan.book.tables import Loan
from tests.factory import staff_and_loans


def test_sums_in_sql_are_exact_and_sqlite_keeps_integers(book: Book) -> None:
    staff_and_loans(book, {f"L{n}": date(2026, 3, 2) for n in range(3)})
    with book.write() as writer:
        for loan, amount in zip(writer.session.exec(select(Loan)), ("0.10", "0.20", "99999999999999.99"), strict=True):
            loan.principal = Decimal(amount)
            writer.session.add(loan)
    with book.read() as session:
        assert session.exec(select(func.sum(Loan.principal))).one() == Decimal("100000000000000.29")
        if book.is_sqlite:
            kinds = session.execute(text("SELECT DISTINCT typeof(principal), typeof(annual_rate) FROM loan")).all()
            assert kinds == [("integer", "integer")]


@pytest.mark.parametrize("wrong", [1.5, Decimal("1.005")])
def test_floats_and_fractions_of_a_cent_are_refused(book: Book, wrong: object) -> None:
    staff_and_loans(book, {"L1": date(2026, 3, 2)})
    with pytest.raises((StatementError, TypeError, ValueError)), book.write() as writer:
        writer.session.get_one(Loan, "L1").principal = wrong
