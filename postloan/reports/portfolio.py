"""The loans at the end of a month beside those at the end of the month before: one SELECT over the book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Subquery, and_, case, func, literal, or_, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.sql import greatest, least
from postloan.book.standings import ZERO as NO_MONEY
from postloan.book.standings import settlements, standings
from postloan.policy import Policy
from postloan.rules.classification import CLASSES, rank
from postloan.rules.position import ZERO, bucket

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
BORROWER = t.Borrower.__table__.c  # type: ignore[attr-defined]
DECIDED = t.Classification.__table__.c  # type: ignore[attr-defined]
BUCKETS = tuple(bucket(30 * number) for number in range(8))
MOST_OVERDUE = 10


@dataclass(frozen=True)
class Balance:
    """Loans that run at the end of a day: how many, and how much, in one currency."""

    loans: int = 0
    outstanding: Decimal = ZERO
    overdue: Decimal = ZERO

    def __add__(self, other: Balance) -> Balance:
        return Balance(self.loans + other.loans, self.outstanding + other.outstanding, self.overdue + other.overdue)


@dataclass(frozen=True)
class Cell:
    """Loans that are alike at both ends. A class or bucket is None where the loans did not run then."""

    currency: str
    branch_no: str
    risk_class: str | None
    risk_class_before: str | None
    bucket: str | None
    bucket_before: str | None
    now: Balance
    before: Balance


@dataclass(frozen=True)
class Overdue:
    """One of the loans that are most past due, by amount."""

    loan_no: str
    borrower: str
    branch_no: str
    currency: str
    outstanding: Decimal
    overdue: Decimal
    days_past_due: int
    risk_class: str


def cells(session: Session, policy: Policy, last: date, before: date) -> list[Cell]:
    """Every loan that runs at the end of one of the two days, in cells of those that are alike."""
    now, then = _running(policy, last, "now"), _running(policy, before, "then")
    branch = func.coalesce(LOAN.branch_no, "")
    alike = (LOAN.currency, branch, now.c.rank, then.c.rank, now.c.bucket, then.c.bucket)
    query = (
        select(*alike, *_sums(now), *_sums(then))
        .select_from(t.Loan)
        .outerjoin(now, now.c.loan_no == LOAN.loan_no)
        .outerjoin(then, then.c.loan_no == LOAN.loan_no)
        .where(or_(now.c.loan_no.is_not(None), then.c.loan_no.is_not(None)))
        .group_by(*alike)
    )
    return [
        Cell(
            currency,
            branch_no,
            _named(CLASSES, class_now),
            _named(CLASSES, class_then),
            _named(BUCKETS, bucket_now),
            _named(BUCKETS, bucket_then),
            Balance(*sums[:3]),
            Balance(*sums[3:]),
        )
        for currency, branch_no, class_now, class_then, bucket_now, bucket_then, *sums in session.execute(query)
    ]


def most_overdue(session: Session, policy: Policy, day: date) -> list[Overdue]:
    """The loans with the most overdue at the end of a day."""
    now = _running(policy, day, "now")
    query = (
        select(
            LOAN.loan_no,
            BORROWER.name.label("borrower"),
            func.coalesce(LOAN.branch_no, "").label("branch_no"),
            LOAN.currency,
            now.c.outstanding,
            now.c.overdue,
            now.c.days_past_due,
            case(*((now.c.rank == rank(name), name) for name in CLASSES)).label("risk_class"),
        )
        .join(now, now.c.loan_no == LOAN.loan_no)
        .join(BORROWER.borrower_no.table, BORROWER.borrower_no == LOAN.borrower_no)
        .where(now.c.overdue > NO_MONEY, now.c.days_past_due > 0)
        .order_by(now.c.overdue.desc(), LOAN.loan_no)
        .limit(MOST_OVERDUE)
    )
    return [Overdue(**row) for row in session.execute(query).mappings()]


def _named(names: tuple[str, ...], place: int | None) -> str | None:
    return None if place is None else names[place]


def _sums(at: Subquery) -> tuple[Any, ...]:
    return (
        func.count(at.c.loan_no),
        func.coalesce(func.sum(at.c.outstanding), NO_MONEY),
        func.coalesce(func.sum(at.c.overdue), NO_MONEY),
    )


def _running(policy: Policy, day: date, name: str) -> Subquery:
    """(loan_no, days_past_due, outstanding, overdue, rank, bucket) of the loans that run at the end of a day."""
    where, settled = standings(day), settlements()
    newest = (
        select(DECIDED.loan_no, func.max(DECIDED.as_of).label("as_of"))
        .where(DECIDED.as_of <= day)
        .group_by(DECIDED.loan_no)
        .subquery("newest")
    )
    days = where.c.days_past_due
    return (
        select(
            LOAN.loan_no,
            days,
            where.c.principal_outstanding.label("outstanding"),
            where.c.overdue,
            shown_rank(policy, days).label("rank"),
            bucket_place(days).label("bucket"),
        )
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .outerjoin(newest, newest.c.loan_no == LOAN.loan_no)
        .outerjoin(DECIDED.loan_no.table, and_(DECIDED.loan_no == newest.c.loan_no, DECIDED.as_of == newest.c.as_of))
        .where(LOAN.disbursed_on <= day, or_(settled.c.settled_on.is_(None), settled.c.settled_on > day))
        .subquery(name)
    )


def bucket_place(days: Any) -> Any:
    """The place in BUCKETS of so many days past due: `rules.position.bucket` in SQL."""
    return case((days <= 0, 0), else_=least((days + 29) // 30, literal(len(BUCKETS) - 1)))


def shown_rank(policy: Policy, days: Any) -> Any:
    """CLS-1, CLS-2: the rank of the category to show, as `book.classification.shown` gives it for one loan."""
    limits = policy.classification
    rule = case(
        (days > limits.loss_days, rank("loss")),
        (days > limits.doubtful_days, rank("doubtful")),
        (days > limits.substandard_days, rank("substandard")),
        (days > limits.special_mention_days, rank("special_mention")),
        else_=rank("normal"),
    )
    decided, allowed = _place(DECIDED.risk_class), _place(DECIDED.rule_class)
    return case(
        (DECIDED.risk_class.is_(None), rule),
        (and_(decided < allowed, rule <= allowed), decided),
        else_=greatest(decided, rule),
    )


def _place(risk_class: Any) -> Any:
    return case(*((risk_class == name, rank(name)) for name in CLASSES))
