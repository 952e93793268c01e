"""Where the core system and the schedule disagree is found over the whole book, and nothing is changed for it."""

from __future__ import annotations

import random
from dataclasses import astuple
from datetime import date, timedelta

from sqlmodel import select

from postloan.book import Book, differences, loans
from postloan.book.tables import Instalment, Loan, Position, Repayment
from postloan.policy import PolicyFile
from tests.book.test_accounts import NUMBERS, scattered


def test_the_differences_are_those_that_each_loan_by_itself_has(book: Book, policy_file: PolicyFile) -> None:
    day, chance = scattered(book, policy_file, 17)[5], random.Random(17)
    with book.write() as writer:
        session = writer.session
        by_schedule = {no: loans.standing(session, loans.get(session, no), day) for no in NUMBERS}
        for no in chance.sample(NUMBERS, 22):
            about = by_schedule[no]
            apart = chance.choice((0, 0, 3, -2))
            days = max(about.days_past_due + apart, 0)
            session.add(
                Position(
                    loan_no=no,
                    as_of=day,
                    principal_outstanding=about.principal_outstanding + chance.choice((0, 0, 1)),
                    overdue_principal=about.overdue,
                    overdue_interest=0,
                    days_past_due=days,
                )
            )
            older = {"as_of": day - timedelta(days=9), "overdue_principal": 7, "overdue_interest": 7}
            session.add(Position(loan_no=no, principal_outstanding=1, days_past_due=99, **older))
        session.flush()
        session.get_one(Loan, NUMBERS[1]).settled_on = day
    with book.read() as session:
        found = differences.on_day(session, day)
        expected = {}
        for no in NUMBERS:
            core, ours = loans.standing(session, loans.get(session, no), day), by_schedule[no]
            rows = [session.exec(select(t).where(t.loan_no == no)).first() for t in (Instalment, Repayment)]
            both = (
                (core.days_past_due, ours.days_past_due),
                (core.principal_outstanding, ours.principal_outstanding),
                (core.overdue, ours.overdue),
            )
            if core.source == "core" and all(rows) and any(a != b for a, b in both):
                expected[no] = (no, *both[0], *both[1], *both[2])
        assert {one.loan_no: astuple(one) for one in found} == expected
        assert 3 < len(found) < 22
        assert [abs(one.days) for one in found] == sorted((abs(one.days) for one in found), reverse=True)


def test_the_core_systems_count_runs_on_and_an_earlier_day_knows_nothing_of_later_positions(
    book: Book, policy_file: PolicyFile
) -> None:
    scattered(book, policy_file, 17)
    with book.write() as writer:
        session = writer.session
        no = session.exec(select(Repayment.loan_no).join(Instalment, Instalment.loan_no == Repayment.loan_no)).first()
        about = {"overdue_principal": 1, "overdue_interest": 0, "principal_outstanding": 1}
        session.add(Position(loan_no=no, as_of=date(2026, 9, 1), days_past_due=5, **about))
    with book.read() as session:
        assert differences.on_day(session, date(2026, 8, 31)) == []
        (one,) = differences.on_day(session, date(2026, 9, 11))
        assert (one.loan_no, one.core_days) == (no, 15)
