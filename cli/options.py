"""What the commands share: their options, and the installation that these name."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.show import Format
from postloan import settings
from postloan.book import migrate
from tasks.office import Office


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write it as 2026-03-31") from None


BookOption = Annotated[
    str | None, typer.Option("--book", help="Address of the book, e.g. sqlite:////data/book.db", envvar="POSTLOAN_BOOK")
]
PolicyOption = Annotated[Path | None, typer.Option("--policy", help="The policy file", envvar="POSTLOAN_POLICY")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print")]
DayOption = Annotated[
    date | None, typer.Option("--date", parser=day_of, help="The day, e.g. 2026-03-31; default today")
]


def office(book: str | None, policy: Path | None, *, check: bool = True) -> Office:
    """The installation that the options and the environment name; its book must be of this version."""
    settings.export(book=book, policy=policy)
    opened = Office.open()
    if check:
        migrate.check(opened.book)
    return opened
