"""Roll rates of real histories: 30,000 card accounts over six months, against a count straight from the file.

The mapping (examples/taiwan) makes n months past due 30 n days, which is bucket Mn. An account that owes nothing, and
in no later month that is known anything again, counts as settled: that is what the book makes of a position with
nothing outstanding. All roll rates are over all accounts; day by day the book is held against a sample of 300.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from postloan import feeds
from postloan.book import Book
from postloan.errors import FeedError
from postloan.reports.delinquency.ageing import ageing
from postloan.reports.delinquency.month_ends import month_ends
from postloan.reports.delinquency.pack import delinquency
from postloan.reports.delinquency.rolls import Move, moves
from postloan.reports.period import Month
from tests.conftest import ROOT, SHARED_DATA

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples" / "taiwan"
DATA = "taiwan_2005_payment_history.csv"
MONTHS = tuple(Month(date(2005, number, 1)) for number in range(4, 10))
BUCKETS = ("current", "M1", "M2", "M3", "M4", "M5", "M6", "M7+")
SAMPLE = 300

# What of an account is known at six month ends: (months past due, bill; 0 where overpaid).
History = tuple[tuple[int, Decimal], ...]
Counted = dict[tuple[str, str], tuple[int, Decimal, Decimal]]  # origin, to: accounts, bills before, bills now


@pytest.fixture(scope="module")
def repaired(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with its first record put together again."""
    source = SHARED_DATA / DATA
    if not source.is_file():
        pytest.skip(f"the real payment histories are not here ({DATA})")
    lines = source.read_text().splitlines()
    assert (len(lines[1].split(",")), len(lines[2].split(","))) == (2, 24), "one record on two lines"
    file = tmp_path_factory.mktemp("taiwan") / "repaired.csv"
    file.write_text("\n".join([lines[0], lines[1] + lines[2], *lines[3:]]) + "\n")
    return file


@pytest.fixture(scope="module")
def histories(repaired: Path) -> dict[str, History]:
    """Every account by its number, straight from the file."""
    found = {}
    with repaired.open(newline="") as file:
        for row in csv.DictReader(file):
            late = [max(int(row[f"PAY_{n}"]), 0) for n in (6, 5, 4, 3, 2, 0)]
            bills = [max(Decimal(row[f"BILL_AMT{n}"]), Decimal(0)) for n in (6, 5, 4, 3, 2, 1)]
            found[f"TW{row['ID']}"] = tuple(zip(late, bills, strict=True))
    return found


def bucket(months_late: int) -> str:
    return BUCKETS[min(months_late, 7)]


def last_owing(history: History, known: int) -> int:
    """The last of so many months in which anything was owed; -1 for none."""
    return max((n for n in range(known) if any(history[n])), default=-1)


def counted(histories: dict[str, History], to: int, known: int) -> Counted:
    """The moves into a month, where so many months are known."""
    sums: dict[tuple[str, str], list] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for history in histories.values():
        owing = last_owing(history, known)
        if to - 1 > owing:
            continue  # settled before
        late, bill = history[to - 1]
        now = history[to][1] if to <= owing else Decimal(0)
        line = sums[bucket(late), bucket(history[to][0]) if to <= owing else "settled"]
        line[0] += 1
        line[1] += bill
        line[2] += now
    return {key: tuple(line) for key, line in sums.items()}


def stand(histories: dict[str, History], month: int, known: int) -> dict[str, tuple[int, Decimal]]:
    """(accounts, bills) by bucket at the end of a month."""
    counts: Counter[str] = Counter()
    bills: dict[str, Decimal] = defaultdict(Decimal)
    for history in histories.values():
        if month <= last_owing(history, known):
            late, bill = history[month]
            counts[bucket(late)] += 1
            bills[bucket(late)] += bill
    return {name: (count, bills[name]) for name, count in counts.items()}


def as_counted(found: list[Move], month: Month) -> Counted:
    return {(m.origin, m.to): (m.loans, m.outstanding, m.outstanding_now) for m in found if m.month == str(month)}


def take(book: Book, file: Path, kind: str, mapping: str) -> int:
    return feeds.take_in(book, kind, file, mapping=EXAMPLES / f"{mapping}.toml").added


def test_the_file_as_found_is_refused_and_where_it_is_broken_is_said(sqlite_book: Book, shared_data: Path) -> None:
    with pytest.raises(FeedError, match="nothing was changed") as refused:
        take(sqlite_book, shared_data / DATA, "borrowers", "borrowers")
    assert [(fault.row, fault.reason.split(" (")[0]) for fault in refused.value.faults] == [
        (2, "has 2 fields, the header has 25"),
        (3, "has 24 fields, the header has 25"),
    ]
    assert "stray line end" in str(refused.value)


def test_roll_rates_of_all_accounts_month_end_by_month_end(
    sqlite_book: Book, repaired: Path, histories: dict[str, History]
) -> None:
    assert len(histories) == 30_000
    for kind in ("borrowers", "loans"):
        assert take(sqlite_book, repaired, kind, kind) == 30_000
    for n, month in enumerate(MONTHS):
        assert take(sqlite_book, repaired, "positions", f"positions_{str(month).replace('-', '_')}") == 30_000
        with sqlite_book.read() as session, month_ends(session, month.last, 2) as ends:
            aged = {a.bucket: (a.loans, a.outstanding) for a in ageing(session, month) if a.loans}
            moved = moves(session, ends)
        assert aged == stand(histories, n, n + 1), month
        if n:
            assert as_counted(moved, month) == counted(histories, n, n + 1), month

    with sqlite_book.read() as session:
        pack = delinquency(session, MONTHS[-1], date(2005, 10, 1), by="month")
    for n, month in enumerate(MONTHS[1:], start=1):  # with hindsight: what is settled is known better now
        assert as_counted(list(pack.history), month) == counted(histories, n, 6), month
    assert_rates(histories, pack)
    ever = {(v.months_on_book): (v.loans, v.loans_30, v.loans_90) for v in pack.vintages}
    assert ever == {age: (30_000, ever_late(histories, age, 2), ever_late(histories, age, 4)) for age in range(6)}


def assert_rates(histories: dict[str, History], pack) -> None:  # type: ignore[no-untyped-def]
    """Forward rolls and cures, and that they are those that are known of these data."""
    rolled, of_all = Counter[str](), Counter[str]()
    for n in range(1, 6):
        late = {key: line[0] for key, line in counted(histories, n, 6).items()}
        for (origin, to), accounts in late.items():
            of_all[origin] += accounts
            if to != "settled" and BUCKETS.index(to) > BUCKETS.index(origin):
                rolled[origin] += accounts
        past_due = sum(accounts for (origin, _), accounts in late.items() if origin != "current")
        cured = sum(accounts for (origin, to), accounts in late.items() if origin != "current" and to == "current")
        (cure,) = [c for c in pack.cures if c.month == str(MONTHS[n])]
        assert (cure.past_due, cure.cured) == (past_due, cured)
    whole = {f.bucket: f for f in pack.forward if not f.month}
    assert {name: (f.loans, f.rolled) for name, f in whole.items() if f.loans} == {
        name: (count, rolled[name]) for name, count in of_all.items()
    }
    product = Decimal(1)
    for name in BUCKETS[:-1]:
        product = product * rolled[name] / of_all[name]
    assert whole["current"].to_last == pytest.approx(product, abs=Decimal("0.000001"))
    assert Decimal("0.05") < whole["current"].rate < Decimal("0.08"), "one in sixteen falls behind in a month"


def ever_late(histories: dict[str, History], age: int, months_late: int) -> int:
    """Accounts that were as late at the end of a month up to this one, while anything was owed."""
    return sum(any(late >= months_late for late, _ in history[: age + 1]) for history in histories.values())


# ---------------------------------------------------------------------------------- day by day


def between(history: History, day: date) -> tuple[int, Decimal]:
    """Days past due and bill on a day from the end of April on: days run evenly from one month's end to the next,
    the bill changes on the last day."""
    n = next(n for n, month in enumerate(MONTHS) if day <= month.last)
    if day == MONTHS[n].last:
        return 30 * history[n][0], history[n][1]
    before, after = 30 * history[n - 1][0], 30 * history[n][0]
    return before + (after - before) * day.day // MONTHS[n].last.day, history[n - 1][1]


def test_a_sample_day_by_day(sqlite_book: Book, repaired: Path, histories: dict[str, History], tmp_path: Path) -> None:
    """One file of positions a day; buckets every day, roll rates at the month ends."""
    numbers = list(histories)[:: len(histories) // SAMPLE][:SAMPLE]
    sample = {number: histories[number] for number in numbers}
    lines = repaired.read_text().splitlines()
    ids = {number.removeprefix("TW") for number in sample}
    part = tmp_path / "part.csv"
    part.write_text("\n".join([lines[0], *(line for line in lines[1:] if line.split(",")[0] in ids)]) + "\n")
    for kind in ("borrowers", "loans"):
        assert take(sqlite_book, part, kind, kind) == SAMPLE
    day, owing = MONTHS[0].last, {number: date.min for number in sample}
    while day <= MONTHS[-1].last:
        stands = {number: between(history, day) for number, history in sample.items()}
        owing |= {number: day for number, stand in stands.items() if any(stand)}
        file = tmp_path / "day.csv"
        rows = [f"{number},{day},{bill:f},0,0,{days}" for number, (days, bill) in stands.items()]
        header = "loan_no,as_of,principal_outstanding,overdue_principal,overdue_interest,days_past_due"
        file.write_text("\n".join([header, *rows]) + "\n")
        feeds.take_in(sqlite_book, "positions", file)
        month, month_is_over = Month.of(day), day == Month.of(day).last
        with sqlite_book.read() as session, month_ends(session, day, 2 if month_is_over else 1) as ends:
            aged = {a.bucket: a.loans for a in ageing(session, month) if a.loans}
            moved = moves(session, ends)
        late = Counter(bucket(-(-days // 30)) for number, (days, _) in stands.items() if owing[number] == day)
        assert aged == late, day
        if month_is_over and month != MONTHS[0]:
            n = MONTHS.index(month)
            assert as_counted(moved, month) == counted(sample, n, n + 1), month
        day += timedelta(days=1)
