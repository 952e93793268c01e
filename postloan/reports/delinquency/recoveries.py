"""Recoveries by measure (清收, WO-6): what came in on loans handed over to the workout or written off, and what it
cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Subquery, and_, case, func, literal, or_, select, union_all
from sqlmodel import Session

from postloan.book import tables as t
from postloan.reports.delinquency.month_ends import LOAN
from postloan.reports.period import Period
from postloan.rules.performance import share
from postloan.rules.position import ZERO

RECEIPT = t.Repayment.__table__.c  # type: ignore[attr-defined]
RECOVERY = t.Recovery.__table__.c  # type: ignore[attr-defined]
COST = t.RecoveryCost.__table__.c  # type: ignore[attr-defined]
TRANSFER = t.Transfer.__table__.c  # type: ignore[attr-defined]
WRITE_OFF = t.WriteOff.__table__.c  # type: ignore[attr-defined]
OPTION = t.DisposalOption.__table__.c  # type: ignore[attr-defined]
VOLUNTARY, NO_MEASURE, ALL_MEASURES = "voluntary", "write_off", ""


@dataclass(frozen=True)
class Recovered:
    """What a measure brought in, in one currency; "" is all measures together, with every loan that was handed over
    or written off.

    Attributes:
        received, costs, net: in the month; a receipt that bounced is taken off on the day on which it did.
        received_so_far, costs_so_far, net_so_far: up to the month's end.
        loans, amount: on which the measure brought or cost something so far; principal and interest of these as
            handed over, else as written off.
        rate, net_rate: received, and net, so far over that amount; None of nothing. Below 0 where it cost more than
            it brought in.
    """

    currency: str
    measure: str
    received: Decimal
    costs: Decimal
    net: Decimal
    received_so_far: Decimal
    costs_so_far: Decimal
    net_so_far: Decimal
    loans: int
    amount: Decimal
    rate: Decimal | None
    net_rate: Decimal | None


@dataclass
class _Sums:
    received: Decimal = ZERO
    costs: Decimal = ZERO
    received_so_far: Decimal = ZERO
    costs_so_far: Decimal = ZERO
    loans: int = 0
    amount: Decimal = ZERO
    known: set[str] = field(default_factory=set)


def recoveries(session: Session, period: Period) -> list[Recovered]:
    """The recoveries of a period and up to its last day, by measure; after those of a currency all together."""
    sums: dict[tuple[str, str], _Sums] = defaultdict(_Sums)
    lost, flows = _lost(period.last), _flows(period.last)
    f = flows.c
    within = f.day >= period.first
    nothing = literal(ZERO, f.received.type)
    totals = select(
        LOAN.currency,
        f.measure,
        func.sum(case((within, f.received), else_=nothing)),
        func.sum(case((within, f.cost), else_=nothing)),
        func.sum(f.received),
        func.sum(f.cost),
    ).join(LOAN.loan_no.table, LOAN.loan_no == f.loan_no)
    for currency, measure, *amounts in session.execute(totals.group_by(LOAN.currency, f.measure)):
        for line in (sums[currency, measure], sums[currency, ALL_MEASURES]):
            line.received += amounts[0]
            line.costs += amounts[1]
            line.received_so_far += amounts[2]
            line.costs_so_far += amounts[3]
    touched = select(f.loan_no, f.measure).distinct().subquery("touched")
    by_measure = (
        select(LOAN.currency, touched.c.measure, func.count(), func.sum(lost.c.amount))
        .join(LOAN.loan_no.table, LOAN.loan_no == touched.c.loan_no)
        .join(lost, lost.c.loan_no == touched.c.loan_no)
        .group_by(LOAN.currency, touched.c.measure)
    )
    whole = (
        select(LOAN.currency, literal(ALL_MEASURES), func.count(), func.sum(lost.c.amount))
        .join(lost, lost.c.loan_no == LOAN.loan_no)
        .group_by(LOAN.currency)
    )
    for query in (by_measure, whole):
        for currency, measure, loans, amount in session.execute(query):
            sums[currency, measure].loans, sums[currency, measure].amount = loans, amount
    order = sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] == ALL_MEASURES, item[0][1]))
    return [_line(currency, measure, line) for (currency, measure), line in order]


def _line(currency: str, measure: str, line: _Sums) -> Recovered:
    net_so_far = line.received_so_far - line.costs_so_far
    return Recovered(
        currency,
        measure,
        line.received,
        line.costs,
        line.received - line.costs,
        line.received_so_far,
        line.costs_so_far,
        net_so_far,
        line.loans,
        line.amount,
        share(line.received_so_far, line.amount),
        share(net_so_far, line.amount),
    )


def _lost(last: date) -> Subquery:
    """(loan_no, since, amount) of the loans handed over or written off by a day: by the first handover, else by the
    write-off."""
    first = (
        select(
            TRANSFER.loan_no,
            TRANSFER.transferred_on,
            (TRANSFER.principal + TRANSFER.interest).label("amount"),
            func.row_number()
            .over(partition_by=TRANSFER.loan_no, order_by=(TRANSFER.transferred_on, TRANSFER.case_no))
            .label("place"),
        )
        .where(TRANSFER.transferred_on <= last)
        .subquery("first")
    )
    handed = select(first.c.loan_no, first.c.transferred_on, first.c.amount).where(first.c.place == 1)
    gone = select(
        WRITE_OFF.loan_no, WRITE_OFF.written_off_on, (WRITE_OFF.principal + WRITE_OFF.interest).label("amount")
    ).where(WRITE_OFF.written_off_on <= last, WRITE_OFF.loan_no.not_in(select(first.c.loan_no)))
    both = union_all(handed, gone).subquery("both")
    return select(both.c.loan_no, both.c.transferred_on.label("since"), both.c.amount).subquery("lost")


def _flows(last: date) -> Subquery:
    """(loan_no, measure, day, received, cost): receipts from the handover on, or with a measure of their own, receipts
    that bounced as less than nothing, and costs."""
    lost, option, original = _lost(last), OPTION.loan_no.table.alias("option").c, RECEIPT.loan_no.table.alias("orig").c
    # As `rules.workout.came_of` says of one receipt: the newest measure in force on its day; nothing comes of a
    # write-off.
    plan = (
        select(case((option.measure == NO_MEASURE, VOLUNTARY), else_=option.measure))
        .where(
            option.loan_no == original.loan_no,
            option.state != "compared",
            option.decided_on <= original.paid_on,
            or_(option.ended_on.is_(None), option.ended_on > original.paid_on),
        )
        .order_by(option.decided_on.desc(), option.case_no.desc(), option.number)
        .limit(1)
        .correlate(original.loan_no.table)
        .scalar_subquery()
    )
    receipts = (
        select(
            original.loan_no,
            func.coalesce(RECOVERY.measure, plan, VOLUNTARY).label("measure"),
            RECEIPT.paid_on.label("day"),
            case((RECEIPT.reverses.is_(None), RECEIPT.amount), else_=-RECEIPT.amount).label("received"),
            literal(ZERO, RECEIPT.amount.type).label("cost"),
        )
        # What undoes a receipt counts to the measure of that receipt.
        .join(original.loan_no.table, original.receipt_no == func.coalesce(RECEIPT.reverses, RECEIPT.receipt_no))
        .outerjoin(lost, lost.c.loan_no == original.loan_no)
        .outerjoin(RECOVERY.loan_no.table, RECOVERY.receipt_no == original.receipt_no)
        .where(
            RECEIPT.paid_on <= last,
            or_(RECOVERY.receipt_no.is_not(None), and_(lost.c.since.is_not(None), original.paid_on >= lost.c.since)),
        )
    )
    costs: Any = select(
        COST.loan_no, COST.measure, COST.incurred_on, literal(ZERO, COST.amount.type), COST.amount
    ).where(COST.incurred_on <= last)
    return union_all(receipts, costs).subquery("flows")
