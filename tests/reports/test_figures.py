"""The figures of a month against a slow, obvious computation, on either database."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict
from datetime import date
from decimal import Decimal

import pytest
from sqlmodel import Session

from postloan.book import Book, classification, groups, supervision, suspensions
from postloan.book.tables import Classification, Position
from postloan.policy import PolicyFile
from postloan.reports import portfolio, quality
from postloan.reports.monthly import Pack, monthly
from postloan.reports.performance import Performance, performance
from postloan.reports.period import Month, Period
from postloan.reports.quality import Line
from postloan.rules.classification import CLASSES
from postloan.rules.performance import share
from postloan.rules.position import bucket
from tests.factory import staff_and_loans
from tests.reports.seeded import Seeder
from tests.reports.slow import Slow

TODAY = date(2026, 11, 15)
MONTHS = ("2025-12", "2026-03", "2026-10")


def slow_of(session: Session, file: PolicyFile, first: date, last: date) -> Slow:
    return Slow(session, file.at(last), first, last)


@pytest.fixture
def seeded(book: Book, policy_file: PolicyFile) -> Book:
    Seeder(book, policy_file, seed=5, loans=48).fill()
    return book


def test_every_figure_is_that_of_the_slow_computation(seeded: Book, policy_file: PolicyFile) -> None:
    for text in MONTHS:
        month = Month.parse(text)
        with seeded.read() as session:
            pack = monthly(session, policy_file, month, TODAY)
            slow = slow_of(session, policy_file, month.first, month.last)
            assert_portfolio(pack, slow)
            assert_watched(pack, slow)
            assert_worked(pack, slow)
            assert_performance(pack.performance, slow)
            assert len(pack.most_overdue) <= 10
            assert [o.overdue for o in pack.most_overdue] == sorted(
                (o.overdue for o in pack.most_overdue), reverse=True
            )


def lines_of(lines: tuple[Line, ...], *, before: bool = False) -> dict[tuple[str, str], tuple[int, Decimal, Decimal]]:
    if before:
        found = {(x.currency, x.name): (x.loans_before, x.outstanding_before, x.overdue_before) for x in lines}
    else:
        found = {(x.currency, x.name): (x.loans, x.outstanding, x.overdue) for x in lines}
    return {key: value for key, value in found.items() if value[0]}


def assert_portfolio(pack: Pack, slow: Slow) -> None:
    by_class, by_branch = slow.balances(pack.as_of, "class"), slow.balances(pack.as_of, "branch")
    assert lines_of(pack.classes) == by_class
    assert lines_of(pack.classes, before=True) == slow.balances(pack.before, "class")
    assert lines_of(pack.buckets) == slow.balances(pack.as_of, "bucket")
    assert lines_of(pack.buckets, before=True) == slow.balances(pack.before, "bucket")
    bad, was_bad = slow.non_performing(pack.as_of), slow.non_performing(pack.before)
    owed_before = slow.balances(pack.before, "branch")
    for one in (q for q in pack.branches if q.branch_no is not None):
        key = (one.currency, one.branch_no)
        assert (one.loans, one.outstanding, one.overdue) == by_branch.get(key, (0, 0, 0))
        assert one.non_performing == bad[key]
        assert one.ratio == share(bad[key], one.outstanding)
        assert one.ratio_before == share(was_bad[key], owed_before.get(key, (0, Decimal(0)))[1])
    whole = {q.currency: q for q in pack.branches if q.branch_no is None}
    for line in pack.portfolio:
        assert (
            whole[line.currency].outstanding
            == line.outstanding
            == sum(v[1] for k, v in by_class.items() if k[0] == line.currency)
        )
    assert {(m.currency, m.origin, m.to): (m.loans, m.outstanding) for m in pack.migrations} == slow.migrations(
        pack.before
    )


def assert_watched(pack: Pack, slow: Slow) -> None:
    counts = {s.kind: {k: v for k, v in asdict(s).items() if v and k != "kind"} for s in pack.signals}
    assert counts == slow.signals()
    assert pack.signal_trend[-1].month == pack.month
    assert pack.signal_trend[-1].raised == sum(s.raised for s in pack.signals)
    for flow in pack.signal_trend:
        month = Month.parse(flow.month)
        then = Slow(slow.session, slow.policy, month.first, month.last).signals().values()
        assert (flow.raised, flow.cleared) == (
            sum(c.get("raised", 0) for c in then),
            sum(c.get("cleared", 0) for c in then),
        )
    assert {(p.borrower_no, p.made_on) for p in pack.plans} == slow.plans()
    assert [f.finding_no for f in pack.findings] == [
        f.finding_no for f in supervision.still_open(slow.session, pack.as_of)
    ]
    assert [s.case_no for s in pack.suspensions] == [s.case_no for s in suspensions.in_force(slow.session, pack.as_of)]
    assert sum(g.open_signals for g in pack.groups) == sum(
        g["open_signals"] for g in groups.overview(slow.session, pack.as_of)
    )


def assert_worked(pack: Pack, slow: Slow) -> None:
    counts = {c.kind: {k: v for k, v in asdict(c).items() if v and k != "kind"} for c in pack.cases}
    assert counts == slow.cases()
    assert {i.kind: (i.due, i.on_time, i.late, i.missing) for i in pack.inspections} == slow.inspections()
    expected = slow.funds()
    assert {f.currency for f in pack.funds} == set(expected)
    for line in pack.funds:
        for name, value in asdict(line).items():
            assert name == "currency" or value == expected[line.currency][name], (line.currency, name)


def assert_performance(done: Performance, slow: Slow) -> None:
    staff, branches = slow.performance()
    for record in (*done.staff, *done.branches):
        expected = staff[record.staff_no] if record.staff_no else branches[record.branch_no]
        assert {k: v for k, v in asdict(record.tally).items() if v} == dict(+expected), record
        assert record.on_time_share == share(expected["on_time"], expected["on_time"] + expected["late"])
    assert {no for no, count in staff.items() if +count} <= {r.staff_no for r in done.staff}
    total = sum(branches.values(), Counter())
    assert {k: v for k, v in asdict(done.total.tally).items() if v} == dict(+total)


def test_months_add_up_to_their_quarter(seeded: Book, policy_file: PolicyFile) -> None:
    """What is open belongs to a day; everything else happened in one of the months, and only there."""
    with seeded.read() as session:
        whole = performance(session, policy_file, Period(date(2026, 7, 1), date(2026, 9, 30)), TODAY).total.tally
        parts = [
            performance(session, policy_file, Period(m.first, m.last), TODAY).total.tally
            for m in map(Month.parse, ("2026-07", "2026-08", "2026-09"))
        ]
    for name, value in asdict(whole).items():
        if name not in ("open", "open_late"):
            assert value == sum(getattr(part, name) for part in parts), name
    assert (whole.open, whole.open_late) == (parts[-1].open, parts[-1].open_late)


def test_a_past_month_says_the_same_whenever_it_is_made(seeded: Book, policy_file: PolicyFile) -> None:
    month = Month.parse("2026-06")
    with seeded.read() as session:
        then, later = (monthly(session, policy_file, month, day) for day in (date(2026, 7, 1), TODAY))
    assert then == later


def test_the_month_that_runs_is_seen_as_of_today(seeded: Book, policy_file: PolicyFile) -> None:
    with seeded.read() as session:
        pack = monthly(session, policy_file, Month.of(TODAY), TODAY)
        slow = slow_of(session, policy_file, date(2026, 11, 1), TODAY)
        assert (pack.as_of, pack.complete, pack.before) == (TODAY, False, date(2026, 10, 31))
        assert_portfolio(pack, slow)
        assert_performance(pack.performance, slow)


def test_an_empty_book_has_an_empty_pack(book: Book, policy_file: PolicyFile) -> None:
    with book.read() as session:
        pack = monthly(session, policy_file, Month.parse("2026-10"), TODAY)
    assert (pack.portfolio, pack.signals, pack.cases, pack.performance.staff) == ((), (), (), ())
    assert (pack.headline.loans, pack.headline.ratio, pack.headline.on_time_share) == (0, None, None)
    assert [flow.raised for flow in pack.signal_trend] == [0] * 12


def test_the_category_shown_for_all_is_the_one_shown_for_each(book: Book, policy_file: PolicyFile) -> None:
    """Every decided category, every one that the rule allowed, and days past due around every threshold."""
    policy, day = policy_file.at(TODAY), date(2026, 10, 31)
    decided = [None, *((risk, rule) for risk in CLASSES for rule in CLASSES)]
    wanted = {
        f"L{n}": (days, pair)
        for n, (days, pair) in enumerate(
            (days, pair) for days in (0, 1, 30, 31, 90, 91, 180, 181, 270, 271, 360, 361) for pair in decided
        )
    }
    staff_and_loans(book, {loan_no: date(2026, 1, 5) for loan_no in wanted})
    with book.write() as writer:
        for loan_no, (days, pair) in wanted.items():
            amount = Decimal(int(loan_no[1:]) + 1)
            zero = Decimal(0)
            writer.session.add(
                Position(
                    loan_no=loan_no,
                    as_of=day,
                    principal_outstanding=amount,
                    overdue_principal=zero,
                    overdue_interest=zero,
                    days_past_due=days,
                )
            )
            if pair is not None:
                risk, rule = pair
                writer.session.add(Classification(loan_no=loan_no, as_of=day, risk_class=risk, rule_class=rule))
    expected: dict[str, Decimal] = defaultdict(Decimal)
    in_buckets: Counter[str] = Counter(bucket(days) for days, _ in wanted.values())
    with book.read() as session:
        for loan_no, (days, _) in wanted.items():
            newest = classification.newest(session, loan_no, day)
            expected[classification.shown(policy, days, newest)] += Decimal(int(loan_no[1:]) + 1)
        found = portfolio.cells(session, policy, day, date(2026, 9, 30))
    assert {line.name: line.outstanding for line in quality.by_class(found)} == expected
    assert {line.name: line.loans for line in quality.by_bucket(found) if line.loans} == in_buckets
