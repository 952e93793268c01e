"""`postloan delinquency`: ageing, roll rates, cures, vintages, promises and recoveries."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import show
from cli.options import BookOption, FormatOption, PolicyOption, office
from cli.reports import month_of
from cli.show import Format
from postloan.reports.delinquency.pack import delinquency, keys, plain, rows
from postloan.reports.delinquency.vintage import MONTH, QUARTER
from postloan.reports.period import Month, reported

# What fits a terminal; JSON and CSV have every key.
COLUMNS = {
    "ageing": ["currency", "by", "group", "bucket", "loans", "outstanding", "share", "overdue", "loans_before"],
    "roll_rates": ["currency", "month", "origin", "to", "loans", "share", "outstanding", "amount_share"],
    "cure_rates": ["currency", "month", "past_due", "cured", "rate", "settled", "written_off", "again", "watched"],
    "vintage": ["currency", "vintage", "months_on_book", "loans", "share_30", "amount_share_30", "share_90",
                "amount_share_90"],
    "promises": ["currency", "month", "branch_no", "staff_no", "made", "due", "kept", "broken", "open", "rate"],
    "recoveries": ["currency", "measure", "received", "costs", "net", "net_so_far", "loans", "amount", "net_rate"],
    "forward": ["currency", "month", "bucket", "loans", "rolled", "rate", "amount_rate", "amount_to_last"],
}  # fmt: skip


class Report(StrEnum):
    """Which of the reports."""

    ageing = "ageing"
    roll_rates = "roll_rates"
    cure_rates = "cure_rates"
    vintage = "vintage"
    promises = "promises"
    recoveries = "recoveries"


class By(StrEnum):
    """Which loans make a vintage."""

    month = MONTH
    quarter = QUARTER


def show_delinquency(
    month: Annotated[
        Month | None, typer.Option(parser=month_of, help="The month, e.g. 2026-03; default the one before today's")
    ] = None,
    report: Annotated[Report | None, typer.Option("--report", help="One of the reports, row by row")] = None,
    vintages: Annotated[By, typer.Option("--vintages", help="Vintages by what of disbursement")] = By.quarter,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="Write all of them as a workbook to this file")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Ageing, roll rates (迁徙率), cures, vintages (账龄), promises and recoveries, from the book as it is now."""
    if form is Format.csv and report is None:
        raise typer.BadParameter("a CSV holds one table; name it with --report")
    here = office(book, policy)
    wanted = reported(str(month) if month else None, here.today)
    with here.book.read() as session:
        pack = delinquency(session, wanted, here.today, by=vintages.value)
    if xlsx is not None:
        from tasks.reports import DELINQUENCY

        xlsx.write_bytes(DELINQUENCY.printed(here, pack, "xlsx"))
        show.err.print(str(xlsx), markup=False)
    if report is not None:
        columns = COLUMNS[report] if form is Format.table else keys(report)
        show.listing(rows(pack, report), columns, form, f"{report} {pack.month}")
    elif form is Format.json:
        show.as_json(plain(pack))
    else:
        show.facts({"month": pack.month, "as_of": pack.as_of, **asdict(pack.headline)}, form)
        ageing, forward = (asdict(a) for a in pack.ageing), [asdict(f) for f in pack.forward if f.month == pack.month]
        show.listing(list(ageing), COLUMNS["ageing"], form, f"逾期分布 Ageing {pack.month}")
        show.listing(forward, COLUMNS["forward"], form, f"逐期迁徙率 Forward rolls {pack.month}")
