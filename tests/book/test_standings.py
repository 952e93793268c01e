"""The whole book at once gives what each loan gives alone, on either database."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import literal
from sqlalchemy import select as plain
from sqlmodel import select

from postloan.book import Book, loans
from postloan.book.sql import month_index, on, plus_months
from postloan.book.standings import settlements, standings
from postloan.book.tables import Drawdown, Instalment, Loan, Position, Repayment
from postloan.calendar import months_after
from tests.factory import staff_and_loans

START = date(2025, 1, 31)


def scattered(book: Book, seed: int) -> list[date]:
    """Loans of every sort with receipts, reversals and positions; gives days to look at."""
    chance = random.Random(seed)
    numbers = [f"L{n:02d}" for n in range(24)]
    staff_and_loans(book, {no: START + timedelta(days=chance.randrange(60)) for no in numbers})
    with book.write() as writer:
        add = writer.session.add
        for at, no in enumerate(numbers):
            loan = writer.session.get_one(Loan, no)
            if at % 3:
                for number in range(1, 13):
                    due_on = months_after(loan.disbursed_on, number)
                    interest = Decimal(chance.randrange(0, 50_000)) / 100
                    add(
                        Instalment(
                            loan_no=no,
                            number=number,
                            due_on=due_on,
                            principal_due=Decimal("8333.33") if number < 12 else Decimal("8333.37"),
                            interest_due=interest,
                        )
                    )
            if at % 4 == 1:
                add(Drawdown(loan_no=no, number=1, drawn_on=loan.disbursed_on, amount=Decimal("40000.00")))
                add(
                    Drawdown(
                        loan_no=no,
                        number=2,
                        drawn_on=loan.disbursed_on + timedelta(days=70),
                        amount=Decimal("60000.00"),
                    )
                )
            paid_on = loan.disbursed_on
            for n in range(chance.randrange(0, 14)):
                paid_on += timedelta(days=chance.randrange(5, 50))
                amount = Decimal(chance.choice((833_333, 870_000, 2_000_000, 10, 12_000_000))) / 100
                add(Repayment(receipt_no=f"{no}-{n}", loan_no=no, paid_on=paid_on, amount=amount))
                if chance.random() < 0.15:
                    writer.session.flush()
                    add(
                        Repayment(
                            receipt_no=f"{no}-{n}R",
                            loan_no=no,
                            paid_on=paid_on + timedelta(days=3),
                            amount=amount,
                            reverses=f"{no}-{n}",
                        )
                    )
            if at % 5 == 2:
                for days in (100, 200):
                    add(
                        Position(
                            loan_no=no,
                            as_of=loan.disbursed_on + timedelta(days=days),
                            principal_outstanding=Decimal(0 if days == 200 and at % 2 else 5),
                            overdue_principal=Decimal(0 if days == 200 else 3),
                            overdue_interest=Decimal(0),
                            days_past_due=chance.choice((0, 12)),
                        )
                    )
    return [START + timedelta(days=d) for d in (0, 3, 33, 95, 180, 290, 400, 500)]


def test_all_loans_at_once_stand_where_each_stands(book: Book) -> None:
    for day in scattered(book, 7):
        with book.read() as session:
            together = {row.loan_no: tuple(row)[1:] for row in session.execute(select(standings(day)))}
            alone = {}
            for loan in session.exec(select(Loan)):
                where = loans.standing(session, loan, day)
                alone[loan.loan_no] = (where.days_past_due, where.principal_outstanding, where.overdue)
        assert together == alone, day


def test_settled_is_the_first_day_with_nothing_left(book: Book) -> None:
    scattered(book, 11)
    with book.read() as session:
        settled = dict(session.execute(select(settlements())).tuples().all())
        assert 0 < len(settled) < 24
        for loan in session.exec(select(Loan)):
            last = loans.standing(session, loan, date(2027, 1, 1))
            by_schedule = last.source == "schedule"
            day = settled.get(loan.loan_no)
            if day is None:
                assert last.principal_outstanding > 0 or last.overdue > 0 or last.days_past_due > 0
            elif by_schedule:
                assert loans.standing(session, loan, day).overdue == 0


def test_months_in_sql_are_the_months_of_the_calendar(book: Book) -> None:
    days = [date(2024, 1, 31), date(2023, 12, 30), date(2026, 2, 28), date(2024, 2, 29), date(2025, 6, 15)]
    with book.read() as session:
        for day in days:
            for months in (0, 1, 2, 11, 12, 13, 49):
                found = session.execute(plain(plus_months(on(day), literal(months)), month_index(on(day)))).one()
                assert found[0] == months_after(day, months), (day, months)
                assert found[1] == day.year * 12 + day.month - 1
