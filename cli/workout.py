"""The commands on loans that are not performing: what is being done about them, and what they have brought in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer
from sqlmodel import col, select

from cli import show
from cli.options import BookOption, DayOption, FormatOption, LoanOption, PolicyOption, check_period, day_of, office
from cli.show import Format
from postloan.book import loans, workout
from postloan.book.tables import Transfer

FirstDay = Annotated[date | None, typer.Option("--from", parser=day_of, help="First day; default from the transfer on")]
LastDay = Annotated[date | None, typer.Option("--to", parser=day_of, help="Last day, inclusive; default today")]


def show_workout(
    loan: LoanOption = None,
    on: DayOption = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The loans that went to the workout: measure, next milestone, what came in net of costs."""
    here = office(book, policy)
    with here.book.read() as session:
        if loan is not None:
            loans.get(session, loan)
        found = workout.standings(session, here.policy_file, on or here.today, loan)
    rows = [asdict(one) | {"net": one.net} for one in found]
    columns = ["loan_no", "case_no", "transferred_on", "state", "measure", "next_milestone", "next_due_on",
               "principal", "interest", "received", "costs", "net"]  # fmt: skip
    show.listing(rows, columns, form, "不良处置 Workout")


def show_recoveries(
    first: FirstDay = None,
    last: LastDay = None,
    loan: LoanOption = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """What each measure brought in since the transfer, net of what it cost, loan by loan."""
    here = office(book, policy)
    last = last or here.today
    if first is not None:
        check_period(first, last)
    rows = []
    with here.book.read() as session:
        if loan is not None:
            loans.get(session, loan)
        numbers = session.exec(select(col(Transfer.loan_no)).distinct().order_by(col(Transfer.loan_no))).all()
        for number in numbers:
            if loan not in (None, number):
                continue
            one = loans.get(session, number)
            for found in workout.books(session, here.policy_file, one, first, last).recovered():
                rows.append({"loan_no": number, "currency": one.currency} | asdict(found) | {"net": found.net})
    columns = ["loan_no", "measure", "currency", "received", "costs", "net"]
    show.listing(rows, columns, form, "清收 Recoveries")
