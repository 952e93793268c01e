"""Days and months in SQL, in either database's words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, BindParameter, Date, Integer, Select, String, case, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

# A day or a number of days, or the parameter of a statement that is put together once and run for many days.
Day = date | BindParameter[date]
Days = int | BindParameter[int]

# PostgreSQL tells how many rows an INSERT … SELECT entered only if it is asked to, on the bare connection.
COUNTING = {"preserve_rowcount": True}


class plus_days(FunctionElement[date]):
    """`plus_days(day, days)`: so many calendar days later; `days` may be an expression."""

    inherit_cache = True
    type = Date()

    def __init__(self, day: Any, days: Any) -> None:
        super().__init__(day, literal(days, Integer()) if isinstance(days, int) else days)


class plus_months(FunctionElement[date]):
    """`plus_months(day, months)`: the same day of the month so many months later, or the last day of a
    shorter month; as `calendar.months_after`."""

    inherit_cache = True
    type = Date()


class days_between(FunctionElement[int]):
    """`days_between(first, last)`: calendar days from one to the other."""

    inherit_cache = True
    type = Integer()


class month_index(FunctionElement[int]):
    """`month_index(day)`: months since the year 0; the difference of two is the months between, days
    left aside."""

    inherit_cache = True
    type = Integer()


class utc_day(FunctionElement[date]):
    """`utc_day(moment)`: the day of a moment, in UTC."""

    inherit_cache = True
    type = Date()


class day_in(FunctionElement[date]):
    """`day_in(moment, zone)`: the day on which a moment falls in a time zone, summer time and all."""

    inherit_cache = True
    type = Date()

    def __init__(self, moment: Any, zone: ZoneInfo) -> None:
        super().__init__(moment, literal(zone.key, String()))


def sqlite_day_in(moment: str | None, zone: str) -> str | None:
    """What SQLite, which knows no time zones, calls for `day_in`; the engine registers it."""
    return moment and datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).date().isoformat()


def _words(element: FunctionElement[Any], compiler: Any, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(plus_days, "sqlite")
def _sqlite_plus_days(element: plus_days, compiler: Any, **kw: Any) -> str:
    day, days = _words(element, compiler, **kw)
    return f"date({day}, ({days}) || ' days')"


@compiles(plus_days)
def _plus_days(element: plus_days, compiler: Any, **kw: Any) -> str:
    day, days = _words(element, compiler, **kw)
    return f"({day} + CAST({days} AS integer))"


@compiles(plus_months, "sqlite")
def _sqlite_plus_months(element: plus_months, compiler: Any, **kw: Any) -> str:
    day, months = _words(element, compiler, **kw)
    start = f"'start of month', ({months}) || ' months'"
    last = f"date({day}, {start}, '+1 months', '-1 days')"
    return f"min(date({day}, {start}, (strftime('%d', {day}) - 1) || ' days'), {last})"


@compiles(plus_months)
def _plus_months(element: plus_months, compiler: Any, **kw: Any) -> str:
    day, months = _words(element, compiler, **kw)
    return f"CAST({day} + make_interval(months => CAST({months} AS integer)) AS date)"


@compiles(days_between, "sqlite")
def _sqlite_days_between(element: days_between, compiler: Any, **kw: Any) -> str:
    first, last = _words(element, compiler, **kw)
    return f"CAST(julianday({last}) - julianday({first}) AS INTEGER)"


@compiles(days_between)
def _days_between(element: days_between, compiler: Any, **kw: Any) -> str:
    first, last = _words(element, compiler, **kw)
    return f"(CAST({last} AS date) - CAST({first} AS date))"


@compiles(month_index, "sqlite")
def _sqlite_month_index(element: month_index, compiler: Any, **kw: Any) -> str:
    (day,) = _words(element, compiler, **kw)
    return f"(CAST(strftime('%Y', {day}) AS INTEGER) * 12 + CAST(strftime('%m', {day}) AS INTEGER) - 1)"


@compiles(month_index)
def _month_index(element: month_index, compiler: Any, **kw: Any) -> str:
    (day,) = _words(element, compiler, **kw)
    return f"CAST(extract(year from CAST({day} AS date)) * 12 + extract(month from CAST({day} AS date)) - 1 AS integer)"


@compiles(utc_day, "sqlite")
def _sqlite_utc_day(element: utc_day, compiler: Any, **kw: Any) -> str:
    (moment,) = _words(element, compiler, **kw)
    return f"date({moment})"


@compiles(utc_day)
def _utc_day(element: utc_day, compiler: Any, **kw: Any) -> str:
    (moment,) = _words(element, compiler, **kw)
    return f"CAST({moment} AT TIME ZONE 'UTC' AS date)"


@compiles(day_in, "sqlite")
def _sqlite_day_in(element: day_in, compiler: Any, **kw: Any) -> str:
    moment, zone = _words(element, compiler, **kw)
    return f"day_in({moment}, {zone})"


@compiles(day_in)
def _day_in(element: day_in, compiler: Any, **kw: Any) -> str:
    moment, zone = _words(element, compiler, **kw)
    return f"CAST(timezone({zone}, {moment}) AS date)"


def materialised(query: Select) -> CTE:
    """A query whose rows are worked out once, however often its columns are looked at."""
    return query.cte().prefix_with("MATERIALIZED")


def on(day: Day) -> Any:
    """A day as a typed constant; one that is given when the statement is run stays as it is."""
    return literal(day, Date()) if isinstance(day, date) else day


def least(one: Any, other: Any) -> Any:
    """The smaller of two expressions that are not NULL."""
    return case((one <= other, one), else_=other)


def greatest(one: Any, other: Any) -> Any:
    """The larger of two expressions that are not NULL."""
    return case((one >= other, one), else_=other)


def how_many(condition: Any) -> Any:
    """Of the rows that are put together, how many meet a condition; what is unknown does not."""
    return func.sum(case((condition, 1), else_=0))
