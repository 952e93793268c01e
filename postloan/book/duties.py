"""The duties that loans bring with them, each kind one SELECT over the whole book.

`postloan due` reads these SELECTs and the daily round opens cases from them, so that both always
agree. A new kind is a new function in `KINDS` (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Date,
    Select,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement
from sqlmodel import Session

from postloan.book.engine import Writer
from postloan.book.tables import Case, Loan, Position
from postloan.policy import Policy, PolicyFile


class plus_days(ColumnElement[date]):
    """`day` and a number of calendar days later, in either database's words."""

    inherit_cache = True
    type = Date()

    def __init__(self, day: Any, days: int) -> None:
        self.day, self.days = day, int(days)


plus_days.inherit_cache = False  # the number of days is part of the text


@compiles(plus_days, "sqlite")
def _sqlite_plus_days(element: plus_days, compiler: Any, **kw: Any) -> str:
    return f"date({compiler.process(element.day, **kw)}, '{element.days:+d} days')"


@compiles(plus_days)
def _plus_days(element: plus_days, compiler: Any, **kw: Any) -> str:
    return f"({compiler.process(element.day, **kw)} + {element.days:d})"


@dataclass(frozen=True)
class Duty:
    """Something that has to be done about a loan by a day."""

    loan_no: str
    kind: str
    due_on: date
    rule: str


DutySelect = Callable[[Policy, date, date, date | None], Select]


def _alive(opens_on: Any, as_of: date | None) -> Any:
    """The loan is not settled, by its own date or by the core system: when the duty opens, or on
    `as_of`, for a round that comes later than that."""
    opens_on = opens_on if as_of is None else literal(as_of, Date())
    paid_off = exists().where(
        Position.loan_no == Loan.loan_no,
        Position.as_of <= opens_on,
        Position.principal_outstanding == 0,
        Position.overdue_principal == 0,
        Position.overdue_interest == 0,
    )
    return and_(or_(Loan.settled_on.is_(None), Loan.settled_on > opens_on), ~paid_off)  # type: ignore[union-attr, operator]


def first_inspections(policy: Policy, first: date, last: date, as_of: date | None) -> Select:
    """INS-2: one per loan, counted from the first drawdown on a day from `first` to `last`."""
    rule = policy.inspection.first
    due_on = plus_days(Loan.first_drawdown_on, rule.days)
    # Never before the drawdown itself: nothing can be inspected yet.
    opens_on = plus_days(Loan.first_drawdown_on, max(rule.days - rule.opens_days_before, 0))
    return select(
        Loan.loan_no,  # type: ignore[call-overload]
        literal("first_inspection").label("kind"),
        literal("first").label("subject"),
        literal("INS-2").label("rule"),
        Loan.first_drawdown_on.label("anchor_on"),  # type: ignore[union-attr]
        due_on.label("due_on"),
        opens_on.label("opens_on"),
    ).where(Loan.first_drawdown_on.between(first, last), _alive(opens_on, as_of))  # type: ignore[union-attr]


@dataclass(frozen=True)
class Kind:
    """A kind of duty: its SELECT, and the prefix of its case numbers."""

    select: DutySelect
    prefix: str


KINDS: dict[str, Kind] = {"first_inspection": Kind(first_inspections, "FI")}


def _everything(file: PolicyFile, kind: Kind, day: date, as_of: date | None = None) -> CompoundSelect:
    """The kind's duties under the policy in force on each duty's anchor day; `go_live` is that of `day`."""
    go_live = file.at(day).round.go_live or date.min
    parts = []
    for first, last, policy in file.periods():
        duties = kind.select(policy, first, last, as_of).subquery()
        parts.append(select(duties).where(duties.c.due_on >= go_live))
    return union_all(*parts)


def between(session: Session, file: PolicyFile, first: date, last: date, loan_no: str | None = None) -> list[Duty]:
    """The duties due from `first` to `last`, both inclusive, of one loan or of all; reads only."""
    found: list[Duty] = []
    for kind in KINDS.values():
        all_of = _everything(file, kind, last).subquery()
        query = select(all_of.c.loan_no, all_of.c.kind, all_of.c.due_on, all_of.c.rule).where(
            all_of.c.due_on.between(first, last)
        )
        if loan_no is not None:
            query = query.where(all_of.c.loan_no == loan_no)
        found += [Duty(*row) for row in session.execute(query)]
    return sorted(found, key=lambda d: (d.due_on, d.loan_no, d.kind))


def open_cases(writer: Writer, file: PolicyFile, version: str, day: date) -> list[str]:
    """Open a case for every duty that opens by `day` and has none; gives the new case numbers.

    One INSERT … SELECT per kind, however many loans. The case's key keeps a second round, or two
    at once, from opening it again.
    """
    opened: list[str] = []
    for name, kind in KINDS.items():
        all_of = _everything(file, kind, day, as_of=day).subquery()
        new = select(
            (literal(f"{kind.prefix}-") + all_of.c.loan_no + _suffix(all_of.c.subject)).label("case_no"),
            all_of.c.kind,
            all_of.c.loan_no,
            all_of.c.subject,
            all_of.c.rule,
            all_of.c.anchor_on,
            all_of.c.due_on,
            literal(day, Date()).label("opened_on"),
            literal(version).label("policy_version"),
            literal("open").label("state"),
            literal("").label("outcome"),
            literal(0).label("generation"),
            literal("").label("flow_run_id"),
        ).where(
            all_of.c.opens_on <= day,
            ~exists().where(Case.kind == name, Case.loan_no == all_of.c.loan_no, Case.subject == all_of.c.subject),
        )
        columns = [c.name for c in new.selected_columns]
        rows = writer.session.execute(
            insert(Case).from_select(columns, new).returning(Case.case_no, Case.loan_no, Case.due_on, Case.rule)  # type: ignore[arg-type]
        ).all()
        for case_no, loan_no, due_on, rule in sorted(rows):
            writer.record(
                "case.opened",
                loan_no=loan_no,
                case_no=case_no,
                policy_version=version,
                kind=name,
                due_on=due_on,
                rule=rule,
            )
            opened.append(case_no)
    return opened


def _suffix(subject: Any) -> Any:
    """What makes a case number one of several of its kind on a loan; nothing for the one first."""
    return func.replace(literal("-") + subject, "-first", "")
