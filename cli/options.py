"""What the commands share: their options, and the installation that these name."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli import show
from cli.show import Format
from postloan import settings
from postloan.book import migrate
from postloan.calendar import UnknownYear
from tasks.office import Office

FIRST_YEAR, LAST_YEAR = 1900, 2199  # as in feeds
LONGEST_YEARS = 30


def day_of(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write it as 2026-03-31") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise typer.BadParameter(f"{text} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return day


def check_period(first: date, last: date) -> None:
    """Refuse a period that ends before it begins, or is longer than anybody reads."""
    if last < first:
        raise typer.BadParameter(f"--to {last} is before --from {first}")
    if last.year - first.year > LONGEST_YEARS:
        raise typer.BadParameter(f"{first} to {last} is too long: at most {LONGEST_YEARS} years at a time")


def check_state(state: str | None, states: Sequence[str]) -> None:
    """Refuse a state that there is none of."""
    if state is not None and state not in states:
        raise typer.BadParameter(f"there is no state {state!r}; the states are: {', '.join(states)}")


@contextmanager
def telling_unknown_years() -> Iterator[None]:
    """Say once, in a line, for which years the official holidays are not known yet."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnknownYear)
        yield
    for message in sorted({str(w.message) for w in caught if issubclass(w.category, UnknownYear)}):
        show.err.print(message, style="yellow", markup=False)


BookOption = Annotated[
    str | None, typer.Option("--book", help="Address of the book, e.g. sqlite:////data/book.db", envvar="POSTLOAN_BOOK")
]
PolicyOption = Annotated[Path | None, typer.Option("--policy", help="The policy file", envvar="POSTLOAN_POLICY")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print")]
DayOption = Annotated[
    date | None, typer.Option("--date", parser=day_of, help="The day, e.g. 2026-03-31; default today")
]

FirstOption = Annotated[date, typer.Option("--from", parser=day_of, help="First day")]
LastOption = Annotated[date, typer.Option("--to", parser=day_of, help="Last day, inclusive")]
LoanOption = Annotated[str | None, typer.Option("--loan", help="One loan only")]


def office(book: str | None, policy: Path | None, *, check: bool = True) -> Office:
    """The installation that the options and the environment name; its book must be of this version."""
    settings.export(book=book, policy=policy)
    opened = Office.open()
    if check:
        opened.book.require()
        migrate.check(opened.book)
    return opened
