"""The tables of the delinquency pack: which columns, in which words. Page and workbook show the same ones.

Matrices and vintages are tables of one currency, the headline's; the others have a line for every currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from postloan.reports.columns import (
    BRANCH,
    CURRENCY,
    LOANS,
    MONEY,
    OUTSTANDING,
    OVERDUE,
    SHARE,
    TEXT,
    Column,
    Sheet,
    sheet,
)
from postloan.reports.delinquency import promises
from postloan.reports.delinquency.ageing import LINES, Aged, added
from postloan.reports.delinquency.month_ends import PLACES
from postloan.reports.delinquency.pack import Pack
from postloan.reports.delinquency.promises import Promised
from postloan.reports.delinquency.recoveries import ALL_MEASURES
from postloan.reports.delinquency.rolls import ALL_MONTHS, Move
from postloan.reports.delinquency.vintage import Vintage
from postloan.reports.portfolio import BUCKETS
from postloan.reports.words import Words
from postloan.rules.performance import share

BUCKET = Column("bucket", "逾期期次", "Months past due", TEXT)
PRODUCT = Column("product", "产品", "Product", TEXT)
SEGMENT = Column("segment", "客群", "Segment", TEXT)
MONTH = Column("month", "月份", "Month", TEXT)
RATE = Column("rate", "比率", "Rate", SHARE)


def sheets(pack: Pack, words: Words) -> dict[str, Sheet]:
    """Every table of the pack, by name, in the order of the report."""
    made = (
        _ageing(pack, words),
        _groups("ageing_by_branch", ("逾期分布 (机构)", "Ageing by branch"), BRANCH, pack.ageing_by_branch, words),
        _groups("ageing_by_product", ("逾期分布 (产品)", "Ageing by product"), PRODUCT, pack.ageing_by_product, words),
        _groups("ageing_by_segment", ("逾期分布 (客群)", "Ageing by segment"), SEGMENT, pack.ageing_by_segment, words),
        _matrix("moves_loans", ("迁徙 (笔数)", "Moves, loans"), pack, words, "loans", "count"),
        _matrix("moves_amount", ("迁徙 (月初余额)", "Moves, outstanding"), pack, words, "outstanding", MONEY),
        _matrix("rates_loans", ("迁徙率 (笔数)", "Roll rates by loans"), pack, words, "share", SHARE),
        _matrix("rates_amount", ("迁徙率 (金额)", "Roll rates by amount"), pack, words, "amount_share", SHARE),
        _forward(pack, words),
        _forward_trend(pack, words),
        _cures(pack, words),
        *(
            _vintages(f"vintage_{days}_{by}", (f"账龄 {days}+ ({zh})", f"Vintages {days}+ by {en}"), pack, words, key)
            for days in (30, 90)
            for by, zh, en, key in (
                ("loans", "笔数", "loans", f"share_{days}"),
                ("amount", "金额", "amount", f"amount_share_{days}"),
            )
        ),
        _promises("promises", ("承诺兑现 (月)", "Promises by month"), pack, words, (MONTH,), "month"),
        _promises("promises_by_branch", ("本月承诺 (机构)", "Promises by branch"), pack, words, (BRANCH,), "branch_no"),
        _promises(
            "promises_by_staff",
            ("本月承诺 (客户经理)", "Promises by officer"),
            pack,
            words,
            (Column("staff_no", "工号", "Number", TEXT), Column("name", "姓名", "Name", TEXT), BRANCH),
            "branch_no",
            "staff_no",
        ),
        _recoveries(pack, words),
    )
    return {one.name: one for one in made}


def _only(lines: Iterable[Any]) -> tuple[Column, ...]:
    """A column for the currency, where there is more than one."""
    return (CURRENCY,) if len({line.currency for line in lines}) > 1 else ()


def _ageing(pack: Pack, words: Words) -> Sheet:
    columns = (
        *_only(pack.ageing),
        BUCKET,
        LOANS,
        OUTSTANDING,
        Column("share", "占比", "Share", SHARE),
        OVERDUE,
        Column("loans_before", "上月末笔数", "Loans before"),
        Column("outstanding_before", "上月末余额", "Outstanding before", MONEY),
        Column("change", "余额增减", "Change", MONEY),
    )
    rows = [
        asdict(a) | {"bucket": words.bucket(a.bucket), "change": a.outstanding - a.outstanding_before}
        for a in pack.ageing
    ]
    return sheet("ageing", ("逾期分布", "Ageing"), columns, rows, words)


def _groups(name: str, title: tuple[str, str], group: Column, lines: Sequence[Aged], words: Words) -> Sheet:
    """A row for each branch, product or segment; what is outstanding by months past due beside each other."""
    columns = (
        *_only(lines),
        group,
        LOANS,
        OUTSTANDING,
        *(Column(bucket, words.bucket(bucket), words.bucket(bucket), MONEY) for bucket in LINES[1:]),
        Column("late", "逾期率", "Past due", SHARE),
        Column("late_before", "上月末逾期率", "Before", SHARE),
    )
    found: dict[tuple[str, str], list[Aged]] = {}
    for a in lines:
        found.setdefault((a.currency, a.group), []).append(a)
    rows = []
    for (currency, number), of_group in found.items():
        whole, late = added(of_group, BUCKETS), added(of_group, BUCKETS[1:])
        before, late_before = added(of_group, BUCKETS, before=True), added(of_group, BUCKETS[1:], before=True)
        rows.append(
            {"currency": currency, group.key: words.branch(number) if group is BRANCH else number}
            | {"loans": whole.loans, "outstanding": whole.outstanding}
            | {a.bucket: a.outstanding for a in of_group if a.bucket != BUCKETS[0]}
            | {"late": share(late.outstanding, whole.outstanding)}
            | {"late_before": share(late_before.outstanding, before.outstanding)}
        )
    return sheet(name, title, columns, rows, words)


def _matrix(name: str, title: tuple[str, str], pack: Pack, words: Words, key: str, kind: str) -> Sheet:
    """From which bucket into which, of the headline's currency; what nobody did is empty."""
    columns = (
        Column("origin", "上月末 ＼ 本月末", "Before ＼ now", TEXT),
        *(Column(place, words.bucket(place), words.bucket(place), kind) for place in PLACES),
    )
    here = [m for m in pack.moves if m.currency == pack.headline.currency]
    rows = [_row(bucket, here, key, words) for bucket in BUCKETS if any(m.origin == bucket for m in here)]
    return sheet(name, title, columns, rows, words)


def _row(bucket: str, here: Iterable[Move], key: str, words: Words) -> dict[str, Any]:
    return {"origin": words.bucket(bucket)} | {m.to: getattr(m, key) for m in here if m.origin == bucket}


def _forward(pack: Pack, words: Words) -> Sheet:
    """The rates of the month beside those of the year."""
    columns = (
        *_only(pack.forward),
        Column("step", "迁徙", "Roll", TEXT),
        LOANS,
        Column("rolled", "迁徙笔数", "Rolled"),
        RATE,
        Column("outstanding", "上月末余额", "Outstanding before", MONEY),
        Column("rolled_outstanding", "迁徙金额", "Rolled, amount", MONEY),
        Column("amount_rate", "金额比率", "Rate by amount", SHARE),
        Column("year_rate", "近一年", "Of the year", SHARE),
        Column("year_amount_rate", "近一年 (金额)", "Of the year, by amount", SHARE),
        Column("amount_to_last", "预期损失率", "Expected loss", SHARE),
    )
    year = {(f.currency, f.bucket): f for f in pack.forward if f.month == ALL_MONTHS}
    rows = []
    for f in pack.forward:
        if f.month == pack.month:
            whole = year[f.currency, f.bucket]
            rates = {"year_rate": whole.rate, "year_amount_rate": whole.amount_rate}
            row = asdict(f) | rates | {"step": step(f.bucket, words), "amount_to_last": whole.amount_to_last}
            rows.append(row)
    return sheet("forward", ("逐期迁徙率", "Forward rolls"), columns, rows, words)


def step(bucket: str, words: Words) -> str:
    """How a forward roll is called: M1→M2."""
    place = PLACES.index(bucket)
    to = words.bucket(PLACES[place + 1])
    return f"{'M0' if place == 0 else words.bucket(bucket)}→{to}"


def _forward_trend(pack: Pack, words: Words) -> Sheet:
    """By amount, month by month, of the headline's currency."""
    columns = (
        MONTH,
        *(Column(bucket, step(bucket, words), step(bucket, words), SHARE) for bucket in BUCKETS),
        Column("to_last", "M0→M7+", "M0→M7+", SHARE),
    )
    rows: dict[str, dict[str, Any]] = {}
    for f in pack.forward:
        if f.currency == pack.headline.currency:
            row = rows.setdefault(f.month, {"month": f.month or words.pick("合计", "All"), "whole": not f.month})
            row[f.bucket] = f.amount_rate
            if f.bucket == BUCKETS[0]:
                row["to_last"] = f.amount_to_last
    return sheet("forward_trend", ("迁徙率走势 (金额)", "Forward rolls by month"), columns, rows.values(), words)


def _cures(pack: Pack, words: Words) -> Sheet:
    columns = (
        *_only(pack.cures),
        MONTH,
        Column("past_due", "上月末逾期", "Past due before"),
        Column("cured", "还清逾期", "Cured"),
        Column("rate", "还清率", "Cure rate", SHARE),
        Column("settled", "结清", "Settled"),
        Column("written_off", "核销", "Written off"),
        Column("past_due_outstanding", "上月末逾期贷款余额", "Outstanding of these", MONEY),
        Column("cured_outstanding", "其中还清逾期", "Of it cured", MONEY),
        Column("amount_rate", "还清率 (金额)", "Rate by amount", SHARE),
        Column("again", "再次逾期", "Past due again"),
        Column("again_rate", "再次逾期率", "Again, rate", SHARE),
        Column("watched", "观察月数", "Months watched"),
    )
    rows = [asdict(c) for c in pack.cures if c.past_due]
    return sheet("cures", ("还清逾期与再次逾期", "Cures and new defaults"), columns, rows, words)


def _vintages(name: str, title: tuple[str, str], pack: Pack, words: Words, key: str) -> Sheet:
    """A column for each vintage, a row for each month on book, as far as it has come."""
    here = [v for v in pack.vintages if v.currency == pack.headline.currency]
    names = sorted({v.vintage for v in here})
    columns = (
        Column("age", "账龄 (月)", "Months on book", TEXT),
        *(Column(vintage, vintage, vintage, SHARE) for vintage in names),
    )
    return sheet(name, title, columns, _by_age(here, key), words)


def _by_age(here: Iterable[Vintage], key: str) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for v in here:
        value: Decimal | None = getattr(v, key)
        rows.setdefault(v.months_on_book, {"age": str(v.months_on_book)})[v.vintage] = value
    return [rows[age] for age in sorted(rows)]


def _promises(
    name: str, title: tuple[str, str], pack: Pack, words: Words, whose: tuple[Column, ...], *by: str
) -> Sheet:
    """By month for the year; by branch or officer for the month."""
    here = [p for p in pack.promises if "month" in by or p.month == pack.month]
    columns = (
        *_only(here),
        *whose,
        Column("made", "作出", "Made"),
        Column("made_amount", "承诺金额", "Amount", MONEY),
        Column("due", "到期", "Due"),
        Column("kept", "已兑现", "Kept"),
        Column("broken", "未兑现", "Broken"),
        Column("open", "待判定", "Open"),
        Column("rate", "兑现率", "Kept, rate", SHARE),
        Column("due_amount", "到期金额", "Due, amount", MONEY),
        Column("kept_amount", "兑现金额", "Kept, amount", MONEY),
        Column("amount_rate", "兑现率 (金额)", "Rate by amount", SHARE),
    )
    rows = [_promised(p, pack, words) for p in promises.added(here, *by)]
    return sheet(name, title, columns, rows, words)


def _promised(one: Promised, pack: Pack, words: Words) -> dict[str, Any]:
    name = pack.staff_names.get(one.staff_no, "") or words.pick("未指定", "none")
    return one.flat() | {"branch": words.branch(one.branch_no), "name": name}


def _recoveries(pack: Pack, words: Words) -> Sheet:
    columns = (
        *_only(pack.recoveries),
        Column("measure", "清收措施", "Measure", TEXT),
        Column("received", "本月收回", "Received", MONEY),
        Column("costs", "本月费用", "Costs", MONEY),
        Column("net", "本月净额", "Net", MONEY),
        Column("received_so_far", "累计收回", "Received so far", MONEY),
        Column("costs_so_far", "累计费用", "Costs so far", MONEY),
        Column("net_so_far", "累计净额", "Net so far", MONEY),
        LOANS,
        Column("amount", "移交或核销本息", "Handed over or written off", MONEY),
        RATE,
        Column("net_rate", "净回收率", "Net rate", SHARE),
    )
    rows = []
    for r in pack.recoveries:
        whole = r.measure == ALL_MEASURES
        rows.append(asdict(r) | {"measure": words.pick("合计", "All") if whole else words.measure(r.measure)})
        rows[-1]["whole"] = whole
    return sheet("recoveries", ("按措施清收", "Recoveries by measure"), columns, rows, words)
