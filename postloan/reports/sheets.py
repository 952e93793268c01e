"""The tables of the monthly pack: which columns, in which words. Page and workbook show the same ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from postloan.reports.columns import (
    BEFORE,
    BORROWER,
    BRANCH,
    CURRENCY,
    DAY,
    DAYS_PAST_DUE,
    KIND,
    LOAN,
    LOANS,
    MONEY,
    OPEN,
    OUTSTANDING,
    OVERDUE,
    SCORE,
    SHARE,
    TEXT,
    Column,
    Sheet,
    sheet,
    total,
)
from postloan.reports.monthly import Pack
from postloan.reports.performance import Record
from postloan.reports.quality import Line
from postloan.reports.words import Words


def sheets(pack: Pack, words: Words) -> dict[str, Sheet]:
    """Every table of the pack, by name, in the order of the meeting."""
    made = (
        _lines("portfolio", ("资产总体情况", "Portfolio"), pack.portfolio, (), words, lambda name: name),
        _lines("classes", ("风险五级分类", "Risk categories"), pack.classes, pack.portfolio, words, words.risk_class),
        _lines("buckets", ("逾期期次", "Months past due"), pack.buckets, pack.portfolio, words, words.bucket),
        _branches(pack, words),
        _migrations(pack, words),
        _most_overdue(pack, words),
        _signals(pack, words),
        _trend(pack, words),
        _groups(pack, words),
        _plans(pack, words),
        _suspensions(pack, words),
        _findings(pack, words),
        _inspections(pack, words),
        _cases(pack, words),
        _funds(pack, words),
        _performance("branch_performance", ("机构履职情况", "Performance of branches"), pack, words),
        _performance("staff_performance", ("人员履职情况", "Performance of staff"), pack, words),
    )
    return {one.name: one for one in made}


def _lines(
    name: str,
    title: tuple[str, str],
    lines: Sequence[Line],
    totals: Sequence[Line],
    words: Words,
    called: Callable[[str], str],
) -> Sheet:
    """Lines of the portfolio, without a column for an only currency; of a second one, lines of nothing are
    left out."""
    one = len({line.currency for line in lines}) <= 1 and name != "portfolio"
    columns = [
        *(() if one else (CURRENCY,)),
        *((Column("name", "类别", "Category", TEXT),) if name != "portfolio" else ()),
        LOANS,
        OUTSTANDING,
        *((Column("share", "占比", "Share", SHARE),) if name != "portfolio" else ()),
        OVERDUE,
        Column("loans_before", "上月末笔数", "Loans before"),
        Column("outstanding_before", "上月末余额", "Outstanding before", MONEY),
        Column("change", "余额增减", "Change", MONEY),
    ]
    main = lines[0].currency if lines else ""
    told = [line for line in lines if line.loans or line.loans_before or line.currency == main]
    rows = [_line(line) | {"name": called(line.name)} for line in told]
    whole = _line(totals[0]) | {"name": words.pick("合计", "Total")} if one and totals else None
    return sheet(name, title, columns, rows, words, whole)


def _line(line: Line) -> dict[str, Any]:
    return asdict(line) | {"change": line.outstanding - line.outstanding_before}


def _branches(pack: Pack, words: Words) -> Sheet:
    columns = (
        *((CURRENCY,) if len(pack.portfolio) > 1 else ()),
        BRANCH,
        LOANS,
        OUTSTANDING,
        Column("late_loans", "逾期笔数", "Past due"),
        OVERDUE,
        Column("non_performing", "不良余额", "Non-performing", MONEY),
        Column("ratio", "不良率", "NPL ratio", SHARE),
        Column("ratio_before", "上月末不良率", "Ratio before", SHARE),
    )
    rows = [asdict(q) | {"branch": words.branch(q.branch_no), "whole": q.branch_no is None} for q in pack.branches]
    return sheet("branches", ("机构资产质量", "Quality by branch"), columns, rows, words)


def _migrations(pack: Pack, words: Words) -> Sheet:
    columns = (
        CURRENCY,
        Column("origin", "上月末分类", "Month before", TEXT),
        Column("to", "本月末分类", "Now", TEXT),
        LOANS,
        OUTSTANDING,
    )
    rows = [asdict(m) | {"origin": words.risk_class(m.origin), "to": words.risk_class(m.to)} for m in pack.migrations]
    return sheet("migrations", ("分类迁徙", "Migration of categories"), columns, rows, words)


def _most_overdue(pack: Pack, words: Words) -> Sheet:
    columns = (
        LOAN,
        BORROWER,
        BRANCH,
        CURRENCY,
        OUTSTANDING,
        OVERDUE,
        DAYS_PAST_DUE,
        Column("risk_class", "分类", "Category", TEXT),
    )
    rows = [
        asdict(o) | {"branch": words.branch(o.branch_no), "risk_class": words.risk_class(o.risk_class)}
        for o in pack.most_overdue
    ]
    return sheet("most_overdue", ("逾期金额最大的贷款", "Most overdue loans"), columns, rows, words)


def _signals(pack: Pack, words: Words) -> Sheet:
    columns = (
        KIND,
        BEFORE,
        Column("raised", "本月发布", "Raised"),
        Column("cleared", "本月消除", "Cleared"),
        OPEN,
        Column("days_30", "≤30天", "≤30 days"),
        Column("days_60", "31–60天", "31–60 days"),
        Column("days_90", "61–90天", "61–90 days"),
        Column("older", ">90天", ">90 days"),
        Column("overdue", "超期未消除", "Overdue", alert=True),
    )
    rows = [asdict(s) | {"kind": words.signal(s.kind)} for s in pack.signals]
    return sheet("signals", ("预警信号", "Warning signals"), columns, rows, words, total(columns, rows, words))


def _trend(pack: Pack, words: Words) -> Sheet:
    columns = (
        Column("month", "月份", "Month", TEXT),
        Column("raised", "发布", "Raised"),
        Column("cleared", "消除", "Cleared"),
    )
    return sheet(
        "signal_trend", ("预警信号近十二月", "Signals over a year"), columns, map(asdict, pack.signal_trend), words
    )


def _groups(pack: Pack, words: Words) -> Sheet:
    columns = (
        Column("group_no", "客户群", "Group", TEXT),
        Column("members", "成员", "Members"),
        Column("circle", "互保圈", "In a circle"),
        CURRENCY,
        LOANS,
        OUTSTANDING,
        OVERDUE,
        DAYS_PAST_DUE,
        Column("open_signals", "未消除信号", "Open signals"),
    )
    return sheet(
        "groups", ("有未消除信号的客户群", "Groups with open signals"), columns, map(asdict, pack.groups), words
    )


def _plans(pack: Pack, words: Words) -> Sheet:
    columns = (
        Column("borrower_no", "客户号", "Number", TEXT),
        BORROWER,
        LOAN,
        Column("made_on", "方案日期", "Made on", DAY),
        Column("days", "已执行天数", "Days"),
    )
    return sheet("plans", ("执行中的潜在风险客户方案", "Plans in force"), columns, map(asdict, pack.plans), words)


def _suspensions(pack: Pack, words: Words) -> Sheet:
    columns = (
        Column("case_no", "案件号", "Case", TEXT),
        KIND,
        Column("number", "编号", "Number", TEXT),
        Column("name", "名称", "Name", TEXT),
        Column("suspended_on", "停牌日期", "Suspended on", DAY),
        Column("days", "已停天数", "Days"),
    )
    rows = [asdict(s) | {"kind": words.stop(s.kind)} for s in pack.suspensions]
    return sheet("suspensions", ("停牌中的机构", "Suspensions in force"), columns, rows, words)


def _findings(pack: Pack, words: Words) -> Sheet:
    columns = (
        Column("finding_no", "编号", "Number", TEXT),
        BRANCH,
        LOAN,
        Column("content", "问题", "Finding", TEXT),
        Column("found_on", "发现日期", "Found on", DAY),
        Column("due_on", "整改期限", "Due on", DAY),
        Column("days_late", "超期天数", "Days late", alert=True),
    )
    rows = [asdict(f) | {"branch": words.branch(f.branch_no)} for f in pack.findings]
    return sheet("findings", ("监督检查未整改问题", "Findings not rectified"), columns, rows, words)


def _inspections(pack: Pack, words: Words) -> Sheet:
    columns = (
        KIND,
        Column("due", "本月到期", "Due"),
        Column("on_time", "按期完成", "On time"),
        Column("late", "逾期完成", "Late"),
        Column("missing", "未报告", "Not reported", alert=True),
        Column("on_time_share", "按期率", "On time", SHARE),
    )
    rows = [asdict(i) | {"kind": words.case(i.kind)} for i in pack.inspections]
    return sheet("inspections", ("本月到期的检查", "Inspections due"), columns, rows, words)


def _cases(pack: Pack, words: Words) -> Sheet:
    columns = (
        KIND,
        BEFORE,
        Column("opened", "本月新开", "Opened"),
        Column("closed", "本月办结", "Closed"),
        OPEN,
        Column("late", "其中逾期", "Of it late", alert=True),
    )
    rows = [asdict(c) | {"kind": words.case(c.kind)} for c in pack.cases]
    return sheet("cases", ("案件", "Cases"), columns, rows, words, total(columns, rows, words))


def _funds(pack: Pack, words: Words) -> Sheet:
    columns = (
        CURRENCY,
        Column("requested", "申请", "Asked for"),
        Column("requested_amount", "申请金额", "Amount asked for", MONEY),
        Column("approved", "同意", "Approved"),
        Column("approved_amount", "同意金额", "Amount approved", MONEY),
        Column("refused", "拒绝", "Refused"),
        Column("refused_amount", "拒绝金额", "Amount refused", MONEY),
        Column("undecided", "待审", "Undecided"),
        Column("as_agreed", "去向相符", "As agreed"),
        Column("not_as_agreed", "去向不符", "Not as agreed", alert=True),
        Column("unverified_late", "超期未核", "Unverified, late", alert=True),
    )
    return sheet("funds", ("资金流向监控", "Use-of-funds register"), columns, map(asdict, pack.funds), words)


def _performance(name: str, title: tuple[str, str], pack: Pack, words: Words) -> Sheet:
    whose = (
        (
            Column("staff_no", "工号", "Number", TEXT),
            Column("name", "姓名", "Name", TEXT),
            BRANCH,
            Column("customers", "管户", "Customers"),
        )
        if name == "staff_performance"
        else (BRANCH, Column("staff", "人数", "Staff"))
    )
    columns = (
        *whose,
        Column("on_time", "按期", "On time"),
        Column("late", "逾期", "Late"),
        Column("on_time_share", "按期率", "On time %", SHARE),
        Column("open", "待办", "Open"),
        Column("open_late", "超期待办", "Open, late", alert=True),
        Column("reports", "报告", "Reports"),
        Column("returned", "退回", "Returned"),
        Column("refused", "未受理", "Refused"),
        Column("entries", "日志", "Entries"),
        Column("entries_late", "迟记", "Entered late"),
        Column("reviews", "审阅", "Opinions"),
        Column("reviews_late", "迟审", "Given late"),
        Column("score", "得分", "Score", SCORE),
    )
    done = pack.performance
    records = done.staff if name == "staff_performance" else done.branches
    whole = _record(done.total, words) | {"branch": words.branch(None)} if name == "branch_performance" else None
    return sheet(name, title, columns, [_record(r, words) for r in records], words, whole)


def _record(record: Record, words: Words) -> dict[str, Any]:
    return record.flat() | {"branch": words.branch(record.branch_no)}
