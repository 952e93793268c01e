"""The reports of delinquency against a slow, obvious computation, on either database; and on paper."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from postloan.book import Book
from postloan.policy import PolicyFile
from postloan.reports.delinquency.pack import Pack, delinquency
from postloan.reports.delinquency.rolls import Move, forward
from postloan.reports.period import Month
from tests.reports.delinquent import fill
from tests.reports.slow_delinquency import BUCKETS, SlowDelinquency

TODAY = date(2026, 11, 15)
MONTHS = ("2026-03", "2026-10", "2026-11")  # the last one runs: as of today


@pytest.fixture
def seeded(book: Book, policy_file: PolicyFile) -> Book:
    fill(book, policy_file, seed=11, loans=30)
    return book


def test_every_figure_is_that_of_the_slow_computation(seeded: Book, policy_file: PolicyFile) -> None:
    for text in MONTHS:
        month = Month.parse(text)
        with seeded.read() as session:
            by_quarter = delinquency(session, month, TODAY)
            by_month = delinquency(session, month, TODAY, by="month")
            slow = SlowDelinquency(session, policy_file.at(TODAY), by_quarter.as_of)
            assert_ageing(by_quarter, slow)
            assert_moves(by_quarter, slow)
            assert_cures(by_quarter, slow)
            assert_vintages(by_quarter, slow, "quarter")
            assert_vintages(by_month, slow, "month")
            assert_promises(by_quarter, slow)
            assert_recoveries(by_quarter, slow)


def assert_ageing(pack: Pack, slow: SlowDelinquency) -> None:
    lines = {
        "": pack.ageing,
        "branch": pack.ageing_by_branch,
        "product": pack.ageing_by_product,
        "segment": pack.ageing_by_segment,
    }
    before = SlowDelinquency(slow.session, slow.policy, pack.before, months=1)
    for by, found in lines.items():
        now = {(a.currency, a.group, a.bucket): (a.loans, a.outstanding, a.overdue) for a in found if a.loans}
        then = {
            (a.currency, a.group, a.bucket): (a.loans_before, a.outstanding_before, a.overdue_before)
            for a in found
            if a.loans_before
        }
        assert now == slow.ageing(by), by
        assert then == before.ageing(by), by
        assert {a.by for a in found} == {by}
    assert sum(a.share or 0 for a in pack.ageing if a.currency == "CNY") == pytest.approx(1, abs=Decimal("0.0005"))


def assert_moves(pack: Pack, slow: SlowDelinquency) -> None:
    expected = slow.moves()
    first = str(slow.newest.later(-11))
    found = {(m.currency, m.month, m.origin, m.to): (m.loans, m.outstanding, m.outstanding_now) for m in pack.history}
    assert found == {key: value for key, value in expected.items() if key[1] >= first}
    assert {m.month for m in pack.moves} == {pack.month}
    for m in pack.history:
        all_of_it = sum(v[0] for k, v in expected.items() if k[:3] == (m.currency, m.month, m.origin))
        assert m.share == round(Decimal(m.loans) / all_of_it, 4) or abs(m.share * all_of_it - m.loans) < Decimal("0.01")
    for f in pack.forward:
        if f.month:
            place = BUCKETS.index(f.bucket)
            worse = (*BUCKETS[place + 1 :], "written_off")
            here = {k[3]: v for k, v in expected.items() if k[:3] == (f.currency, f.month, f.bucket)}
            assert f.loans == sum(v[0] for v in here.values())
            assert (f.rolled, f.rolled_outstanding) == (
                sum(v[0] for to, v in here.items() if to in worse),
                sum(v[1] for to, v in here.items() if to in worse),
            )


def assert_cures(pack: Pack, slow: SlowDelinquency) -> None:
    expected = slow.cures()
    assert {(c.currency, c.month) for c in pack.cures} == set(expected)
    for c in pack.cures:
        count = expected[c.currency, c.month]
        assert (c.past_due, c.cured, c.again) == (count["past_due"], count["cured"], count["again"]), c
    newest = [c for c in pack.cures if c.month == pack.month]
    assert {c.watched for c in newest} == {0}
    assert max(c.watched for c in pack.cures) == 12


def assert_vintages(pack: Pack, slow: SlowDelinquency, by: str) -> None:
    found = {
        (v.currency, v.vintage, v.months_on_book): (
            v.loans, v.principal, v.loans_30, v.principal_30, v.loans_90, v.principal_90,
        )
        for v in pack.vintages
    }  # fmt: skip
    begin = slow.newest.later(-24)
    names = {slow.vintage(begin.later(n).first, by) for n in range(25)}
    if by == "quarter" and begin.first.month % 3 != 1:
        names.discard(slow.vintage(begin.first, by))
    assert found == {key: value for key, value in slow.vintages(by).items() if key[1] in names}
    for v in pack.vintages:
        assert v.loans_90 <= v.loans_30 <= v.loans


def assert_promises(pack: Pack, slow: SlowDelinquency) -> None:
    found = {
        (p.currency, p.month, p.branch_no, p.staff_no): {k: v for k, v in asdict(p.counts).items() if v}
        for p in pack.promises
    }
    assert found == {k: {n: v for n, v in c.items() if v} for k, c in slow.promises(slow.newest.later(-11)).items()}
    for p in pack.promises:
        assert p.counts.due == p.counts.kept + p.counts.broken + p.counts.open


def assert_recoveries(pack: Pack, slow: SlowDelinquency) -> None:
    found = {
        (r.currency, r.measure): {
            k: v for k, v in asdict(r).items() if k in ("received", "costs", "received_so_far", "costs_so_far",
                                                        "loans", "amount")
        }
        for r in pack.recoveries
    }  # fmt: skip
    assert found == slow.recoveries(pack.first)
    for r in pack.recoveries:
        assert (r.net, r.net_so_far) == (r.received - r.costs, r.received_so_far - r.costs_so_far)


def test_the_seeded_book_has_something_of_everything(seeded: Book) -> None:
    """Otherwise equal figures would prove little."""
    with seeded.read() as session:
        pack = delinquency(session, Month.parse("2026-10"), TODAY)
    assert {m.to for m in pack.history} >= {*BUCKETS, "written_off", "settled"}
    assert {a.bucket for a in pack.ageing if a.loans} >= {"current", "M1", "M7+", "written_off"}
    assert sum(c.again for c in pack.cures) > 3
    assert max(v.loans_90 for v in pack.vintages) > 1
    assert len({r.measure for r in pack.recoveries}) > 6
    assert {p.month for p in pack.promises} == {str(Month.parse("2026-10").later(-n)) for n in range(12)}


def test_a_past_month_says_the_same_whenever_it_is_made(seeded: Book) -> None:
    with seeded.read() as session:
        then, later = (delinquency(session, Month.parse("2026-06"), day) for day in (date(2026, 7, 1), TODAY))
    assert then == later


def test_an_empty_book_has_an_empty_pack(book: Book) -> None:
    with book.read() as session:
        pack = delinquency(session, Month.parse("2026-10"), TODAY)
    assert (pack.ageing, pack.history, pack.forward, pack.cures, pack.vintages) == ((), (), (), (), ())
    assert (pack.headline.loans, pack.headline.expected_loss, pack.headline.recovery_rate) == (0, None, None)


def move(origin: str, to: str, loans: int, amount: int, month: str = "2026-01") -> Move:
    return Move("CNY", month, origin, to, loans, Decimal(amount), Decimal(0), None, None)


def test_the_expected_loss_is_the_product_of_the_forward_rolls() -> None:
    """Half of each bucket rolls: 0.5 to the power of the seven steps; the last bucket is no step."""
    chain = [m for a, b in pairwise(BUCKETS) for m in (move(a, b, 1, 30), move(a, a, 1, 10))]
    found = {f.bucket: f for f in forward([*chain, move("M7+", "written_off", 1, 5)]) if f.month}
    assert found["current"].to_last == Decimal("0.007813")  # 1 / 128, half up
    assert found["current"].amount_to_last == Decimal("0.133484")
    assert found["M6"].to_last == Decimal("0.5")
    assert (found["M7+"].rate, found["M7+"].to_last) == (1, 1)


def test_a_bucket_that_nobody_was_in_has_no_rate_and_ends_the_chain() -> None:
    found = {f.bucket: f for f in forward([move("current", "M1", 1, 10), move("M6", "M7+", 1, 10)]) if f.month}
    assert (found["M3"].rate, found["current"].to_last, found["M6"].to_last) == (None, None, 1)


def test_months_are_put_together_by_their_sums() -> None:
    found = forward([move("M1", "M2", 1, 10), move("M1", "current", 3, 90, "2026-02")])
    (whole,) = [f for f in found if not f.month and f.bucket == "M1"]
    assert (whole.loans, whole.rolled, whole.rate, whole.amount_rate) == (4, 1, Decimal("0.25"), Decimal("0.1"))


def test_whoever_jumps_buckets_or_is_written_off_has_rolled_and_whoever_paid_has_not() -> None:
    (line,) = [
        f
        for f in forward([move("M2", to, 1, 1) for to in ("M5", "written_off", "settled", "M1")])
        if f.month and f.bucket == "M2"
    ]
    assert (line.loans, line.rolled) == (4, 2)
