"""The registers: ledger, use of funds, work log, groups, suspensions, findings; all read only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli import show
from cli.options import (
    BookOption,
    DayOption,
    FirstOption,
    FormatOption,
    LastOption,
    LoanOption,
    PolicyOption,
    check_period,
    office,
)
from cli.show import Format
from postloan.book import groups, ledger, loans, people, proceeds, supervision, suspensions, work_log


def show_ledger(
    first: FirstOption,
    last: LastOption,
    loan: LoanOption = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The loan ledger (贷款台帐): what changed on each day of a period."""
    check_period(first, last)
    here = office(book, policy)
    with here.book.read() as session:
        if loan is not None:
            loans.get(session, loan)
        rows = [asdict(c) for c in ledger.changes(session, first, last, here.policy.time_zone, loan)]
    show.listing(rows, ["day", "loan_no", "kind", "amount", "detail"], form, f"贷款台帐 Ledger {first} – {last}")


def show_funds(
    first: FirstOption,
    last: LastOption,
    loan: LoanOption = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The use-of-funds register (资金流向监控表), by the day on which the money was asked for."""
    check_period(first, last)
    here = office(book, policy)
    with here.book.read() as session:
        if loan is not None:
            loans.get(session, loan)
        rows = [p.model_dump() for p in proceeds.register(session, first, last, loan)]
    columns = [
        "payment_no",
        "loan_no",
        "requested_on",
        "amount",
        "payee",
        "purpose",
        "state",
        "decided_by",
        "as_agreed",
    ]
    show.listing(rows, columns, form, f"资金流向监控表 Use of funds {first} – {last}")


def show_work_log(
    first: FirstOption,
    last: LastOption,
    borrower: Annotated[str | None, typer.Option(help="One borrower only")] = None,
    staff: Annotated[str | None, typer.Option(help="One person's entries only")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The work log (工作日志), by the day on which something was done."""
    check_period(first, last)
    here = office(book, policy)
    with here.book.read() as session:
        if staff is not None:
            people.get(session, staff)
        rows = work_log.listing(session, first, last, borrower_no=borrower, staff_no=staff)
    columns = ["entry_no", "acted_on", "borrower_no", "staff_no", "activity", "content", "reviewed_by", "opinion"]
    show.listing(rows, columns, form, f"工作日志 Work log {first} – {last}")


def show_groups(
    group: Annotated[str | None, typer.Argument(help="A group's number: its members")] = None,
    on: DayOption = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Groups of customers (客户群), each as one exposure; as the last round found them."""
    here = office(book, policy)
    day = on or here.today
    with here.book.read() as session:
        if group is not None:
            rows = groups.members(session, group, day)
            columns = ["borrower_no", "circle", "outstanding", "days_past_due", "open_signals"]
        else:
            rows = groups.overview(session, day)
            columns = ["group_no", "members", "circle", "currency", "loans", "outstanding", "overdue", "days_past_due",
                       "bucket", "open_signals"]  # fmt: skip
    show.listing(rows, columns, form, f"客户群 Groups {day}")


def show_suspensions(
    on: DayOption = None, book: BookOption = None, policy: PolicyOption = None, form: FormatOption = Format.table
) -> None:
    """Branches and partners with whom business is stopped (停牌) on a day."""
    here = office(book, policy)
    with here.book.read() as session:
        rows = [s.model_dump() for s in suspensions.in_force(session, on or here.today)]
    show.listing(rows, ["case_no", "branch_no", "partner_no", "suspended_on", "resumed_on"], form, "停牌 Suspensions")


def show_findings(
    on: DayOption = None, book: BookOption = None, policy: PolicyOption = None, form: FormatOption = Format.table
) -> None:
    """What head office found at branches and is not rectified on a day, the most urgent first."""
    here = office(book, policy)
    with here.book.read() as session:
        rows = [f.model_dump() for f in supervision.still_open(session, on or here.today)]
    show.listing(rows, ["finding_no", "branch_no", "loan_no", "content", "found_on", "due_on"], form, "问题 Findings")
