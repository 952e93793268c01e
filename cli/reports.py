"""`postloan report`: the monthly pack, and how officers and branches did."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import show
from cli.options import BookOption, FormatOption, PolicyOption, check_period, day_of, office, telling_unknown_years
from cli.show import Format
from postloan.errors import PostloanError
from postloan.reports.monthly import monthly, plain
from postloan.reports.performance import performance
from postloan.reports.period import Month, Period, reported

app = typer.Typer(no_args_is_help=True, help="The monthly meeting's pack, and performance.")
# What fits a terminal; JSON and CSV have every key.
SHORT = ["on_time", "late", "on_time_share", "open_late", "reports", "returned", "score"]
BRANCH_COLUMNS = ["branch_no", "staff", *SHORT]
STAFF_COLUMNS = ["staff_no", "name", "branch_no", "customers", *SHORT]


class Form(StrEnum):
    """In what form the pack is wanted."""

    table = "table"
    json = "json"
    html = "html"
    pdf = "pdf"
    xlsx = "xlsx"


def month_of(text: str) -> Month:
    try:
        return Month.parse(text)
    except PostloanError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("monthly")
def show_monthly(
    month: Annotated[
        Month | None, typer.Option(parser=month_of, help="The month, e.g. 2026-03; default the one before today's")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="In what form")] = Form.table,
    out: Annotated[Path | None, typer.Option("--out", help="File to write to (pdf, xlsx: default MONTH.FORM)")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
) -> None:
    """The pack of the monthly post-loan meeting (贷后管理例会材料), from the book as it is now."""
    here = office(book, policy)
    wanted = reported(str(month) if month else None, here.today)
    with telling_unknown_years(), here.book.read() as session:
        pack = monthly(session, here.policy_file, wanted, here.today)
    if form is Form.json:
        show.as_json(plain(pack))
    elif form is Form.table:
        show.facts({"month": pack.month, "as_of": pack.as_of, **asdict(pack.headline)}, Format.table)
        rows = [record.flat() for record in pack.performance.branches]
        show.listing(rows, BRANCH_COLUMNS, Format.table, f"机构履职情况 Branches {pack.month}")
    else:
        from tasks.reports import MONTHLY

        made = MONTHLY.printed(here, pack, form)
        if form is Form.html and out is None:
            sys.stdout.write(made.decode() + "\n")
            return
        target = out or Path(f"monthly-{pack.month}.{form}")
        target.write_bytes(made)
        show.out.print(str(target), markup=False)


@app.command("performance")
def show_performance(
    first: Annotated[date, typer.Option("--from", parser=day_of, help="First day")],
    last: Annotated[date, typer.Option("--to", parser=day_of, help="Last day, inclusive")],
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """How officers and branches did in a period (考核评价); branches first, head office without a number."""
    check_period(first, last)
    here = office(book, policy)
    if last > here.today:
        raise PostloanError(f"--to {last} lies in the future; the last day to report on is {here.today}")
    with telling_unknown_years(), here.book.read() as session:
        done = performance(session, here.policy_file, Period(first, last), here.today)
    branches, staff = [r.flat() for r in done.branches], [r.flat() for r in done.staff]
    if form is Format.json:
        show.as_json({"from": first, "to": last, "staff": staff, "branches": branches, "total": done.total.flat()})
    elif form is Format.csv:
        rows = [{"of": "branch", **row} for row in branches] + [{"of": "staff", **row} for row in staff]
        show.listing(rows, ["of", *done.total.flat()], form)
    else:
        show.listing(branches, BRANCH_COLUMNS, form, f"机构 Branches {first} – {last}")
        show.listing(staff, STAFF_COLUMNS, form, f"人员 Staff {first} – {last}")
