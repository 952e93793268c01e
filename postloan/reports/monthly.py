"""The pack of the monthly post-loan meeting (贷后管理例会材料): everything of one month as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.standings import worked_out
from postloan.policy import PolicyFile
from postloan.reports import portfolio, quality, watch, work
from postloan.reports.performance import Performance, performance
from postloan.reports.period import Month, Period
from postloan.reports.portfolio import Overdue
from postloan.reports.quality import Line, Migration, Quality
from postloan.reports.watch import Flow, Group, OpenFinding, Plan, SignalCount, Stop
from postloan.reports.work import CaseCount, FundsCount, InspectionCount
from postloan.rules.position import ZERO

BRANCH = t.Branch.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Headline:
    """The figures that the meeting begins with; amounts in the currency in which most is outstanding.

    Attributes:
        ratio: non-performing over outstanding, 0 to 1; None of nothing.
        overdue_signals: open, and past the day by which they are to be cleared.
        on_time_share: of the steps answered in the month, 0 to 1; None where none was.
        late_steps: open, and past their last day.
        late_findings: not rectified, and past their day.
    """

    currency: str
    loans: int
    loans_before: int
    outstanding: Decimal
    outstanding_before: Decimal
    overdue: Decimal
    overdue_before: Decimal
    non_performing: Decimal
    ratio: Decimal | None
    ratio_before: Decimal | None
    open_signals: int
    open_signals_before: int
    overdue_signals: int
    on_time_share: Decimal | None
    late_steps: int
    late_findings: int


@dataclass(frozen=True)
class Pack:
    """The figures of a month. Amounts are in the currency of their line.

    Attributes:
        month: written 2026-03.
        as_of: the end of this day is meant by "now": the month's last, or today while the month runs.
        before: the last day of the month before, with which everything is compared.
        complete: the month is over.
        branch_names: by branch number.
    """

    month: str
    first: date
    as_of: date
    before: date
    complete: bool
    branch_names: dict[str, str]
    headline: Headline
    portfolio: tuple[Line, ...]
    classes: tuple[Line, ...]
    buckets: tuple[Line, ...]
    branches: tuple[Quality, ...]
    migrations: tuple[Migration, ...]
    most_overdue: tuple[Overdue, ...]
    signals: tuple[SignalCount, ...]
    signal_trend: tuple[Flow, ...]
    groups: tuple[Group, ...]
    plans: tuple[Plan, ...]
    suspensions: tuple[Stop, ...]
    findings: tuple[OpenFinding, ...]
    cases: tuple[CaseCount, ...]
    inspections: tuple[InspectionCount, ...]
    funds: tuple[FundsCount, ...]
    performance: Performance


def plain(pack: Pack) -> dict[str, Any]:
    """The pack as plain values, what everybody did in flat rows."""
    done = pack.performance
    people = {
        "staff": [record.flat() for record in done.staff],
        "branches": [record.flat() for record in done.branches],
        "total": done.total.flat(),
    }
    return asdict(pack) | {"performance": people}


def monthly(session: Session, file: PolicyFile, month: Month, today: date) -> Pack:
    """The pack of a month, by the policy in force on its last day.

    Whatever happened counts on its day in the institution's time zone, so that a pack made later for the
    same month says the same: but for `customers`, and for what a feed brought in afterwards.
    """
    last, before = min(month.last, today), month.before.last
    policy = file.at(last)
    zone, period = policy.time_zone, Period(month.first, last)
    with worked_out(session, last):
        cells = portfolio.cells(session, policy, last, before)
        in_all, branches = quality.in_all(cells), quality.by_branch(cells)
        signals, findings = watch.signals(session, policy, period), watch.open_findings(session, last)
        done = performance(session, file, period, today)
        return Pack(
            month=str(month),
            first=month.first,
            as_of=last,
            before=before,
            complete=month.last < today,
            branch_names=dict(session.execute(select(BRANCH.branch_no, BRANCH.name)).tuples().all()),
            headline=_headline(in_all, branches, signals, findings, done),
            portfolio=tuple(in_all),
            classes=tuple(quality.by_class(cells)),
            buckets=tuple(quality.by_bucket(cells)),
            branches=tuple(branches),
            migrations=tuple(quality.migrations(cells)),
            most_overdue=tuple(portfolio.most_overdue(session, policy, last)),
            signals=tuple(signals),
            signal_trend=tuple(watch.trend(session, month, last)),
            groups=tuple(watch.groups_with_signals(session, last)),
            plans=tuple(watch.plans_in_force(session, last)),
            suspensions=tuple(watch.stops_in_force(session, last)),
            findings=tuple(findings),
            cases=tuple(work.cases(session, period, zone)),
            inspections=tuple(work.inspections(session, period, zone)),
            funds=tuple(work.funds(session, policy, period)),
            performance=done,
        )


def _headline(
    in_all: list[Line],
    branches: list[Quality],
    signals: Iterable[SignalCount],
    findings: Iterable[OpenFinding],
    done: Performance,
) -> Headline:
    main = in_all[0] if in_all else Line("", "", 0, ZERO, ZERO, None, 0, ZERO, ZERO)
    whole = next((q for q in branches if q.currency == main.currency and q.branch_no is None), None)
    return Headline(
        currency=main.currency,
        loans=main.loans,
        loans_before=main.loans_before,
        outstanding=main.outstanding,
        outstanding_before=main.outstanding_before,
        overdue=main.overdue,
        overdue_before=main.overdue_before,
        non_performing=whole.non_performing if whole else ZERO,
        ratio=whole.ratio if whole else None,
        ratio_before=whole.ratio_before if whole else None,
        open_signals=sum(s.open for s in signals),
        open_signals_before=sum(s.before for s in signals),
        overdue_signals=sum(s.overdue for s in signals),
        on_time_share=done.total.on_time_share,
        late_steps=done.total.tally.open_late,
        late_findings=sum(f.days_late > 0 for f in findings),
    )
