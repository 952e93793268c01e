"""Collection (催收): the stage that days past due lead to, the rhythm of contacts, promises, and when a borrower is
lost (COL-1 to COL-6)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from postloan.calendar import ONE_DAY

CURRENT = "current"


@dataclass(frozen=True)
class Paused:
    """A pause of the clock, both days inclusive."""

    from_on: date
    until_on: date


@dataclass(frozen=True)
class Paid:
    """Money that came in on a day, in the loan's currency."""

    paid_on: date
    amount: Decimal


@dataclass(frozen=True)
class Try:
    """An attempt to reach a borrower: at which number, in which part of the day, and whether anybody was reached."""

    on: date
    channel: str
    number: str
    part_of_day: str
    reached: bool


def stage(days: int, stages: Sequence[tuple[str, int]]) -> str:
    """COL-1: the stage of so many days past due; `stages` are (name, from which day on) in rising order."""
    found = CURRENT
    for name, from_day in stages:
        if days >= from_day:
            found = name
    return found


def days_on_the_clock(days_past_due: int, day: date, pauses: Iterable[Paused]) -> int:
    """COL-2: days past due at the end of a day without those of pauses, which do not overlap."""
    since = day - timedelta(days=days_past_due) + ONE_DAY
    stopped = sum(max((min(p.until_on, day) - max(p.from_on, since)).days + 1, 0) for p in pauses)
    return max(days_past_due - stopped, 0)


def next_contact(last_on: date, every_days: int, pay_days: Iterable[int]) -> date:
    """COL-3: the day of the next contact: so many days after the last, or on a pay day that comes before.

    A pay day beyond a month's end is its last day.
    """
    regular = last_on + timedelta(days=every_days)
    months = {(last_on.year, last_on.month), (regular.year, regular.month)}
    paid = [date(year, month, min(d, monthrange(year, month)[1])) for year, month in months for d in pay_days]
    return min([regular, *(day for day in paid if last_on < day < regular)])


def promise_state(made_on: date, due_on: date, amount: Decimal, paid: Iterable[Paid], day: date) -> str:
    """COL-4: "kept" once enough came in from the day of the promise to that of payment, both inclusive; "broken" after
    the end of the latter; "open" before."""
    received = sum((p.amount for p in paid if made_on <= p.paid_on <= due_on and p.paid_on <= day), Decimal(0))
    if received >= amount:
        return "kept"
    return "broken" if day > due_on else "open"


def missing_before_lost(tries: Sequence[Try], *, numbers: int, parts_of_day: int, calls: int) -> list[str]:
    """COL-6, the 3:3:3 rule: what is still to be tried before a borrower is recorded as lost; empty when he may be.

    So many different numbers, each called so often and in so many parts of the day, nobody reached; and after the
    last call a text message.
    """
    called = [one for one in tries if one.channel == "call"]
    if any(one.reached for one in tries):
        reached = max(one.on for one in tries if one.reached)
        called = [one for one in called if one.on > reached]
    missing = []
    tried = sorted({one.number for one in called if one.number})
    if len(tried) < numbers:
        missing.append(f"还须拨打 {numbers - len(tried)} 个不同号码 ({numbers - len(tried)} more numbers to be called)")
    for number in tried[:]:
        of_number = [one for one in called if one.number == number]
        parts = {one.part_of_day for one in of_number}
        if len(of_number) < calls:
            missing.append(f"{number}: 还须拨打 {calls - len(of_number)} 次 ({calls - len(of_number)} more calls)")
        if len(parts) < parts_of_day:
            more = parts_of_day - len(parts)
            missing.append(f"{number}: 还须换 {more} 个时段 (in {more} more parts of the day)")
    last = max((one.on for one in called), default=None)
    if not any(one.channel == "sms" and (last is None or one.on >= last) for one in tries):
        missing.append("最后一次拨打后还须发送短信 (a text message after the last call)")
    return missing


def part_of_day(hour: int) -> str:
    """The part of a day that an hour of the borrower's place falls in."""
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"


# COL-5: the nine causes of default, each with its cases and the measures that it leads to (Chinese, English).
@dataclass(frozen=True)
class Cause:
    """A cause of default: its words, its cases, and the measures that it leads to."""

    title: tuple[str, str]
    cases: tuple[str, ...]
    measures: tuple[str, ...]


CAUSES: dict[str, Cause] = {
    "careless": Cause(
        ("有还款能力但疏忽", "able but careless"),
        ("遗忘还款日", "对罚息不了解"),
        ("每期提前通知", "信用教育", "告知罚息利率"),
    ),
    "short": Cause(
        ("临时资金短缺且不能展期", "short for a time, cannot be extended"),
        ("下游未回款", "季节性", "工资延迟"),
        ("密切关注经营和账户", "资金到账即催收"),
    ),
    "ability_lost": Cause(
        ("有还款意愿但丧失能力", "willing, ability gone for good"),
        ("可处置资产", "家庭资产或其他融资", "无财产可供执行", "再贷可恢复"),
        ("处置闲置或全部资产", "家庭资产或其他融资偿还", "保全时效, 继续追偿", "严格控制下的救助贷款"),
    ),
    "great_loss": Cause(
        ("突发重大损失", "sudden great loss"),
        ("无法恢复", "可继续但资金短缺", "人员技术完好需设备"),
        ("处置资产, 保险赔款优先", "展期或重组, 给予宽限", "救助贷款加宽限期"),
    ),
    "stopped": Cause(
        ("停业或转产", "stopped or changed business"),
        ("停业", "转产"),
        ("停办项目资产优先还贷", "追加可靠担保后转入新项目"),
    ),
    "insolvent": Cause(
        ("负债过多、资不抵债, 债权人追讨", "over-indebted, creditors pressing"),
        ("债权人追讨", "已有诉讼"),
        ("立即控制资产", "诉讼保全"),
    ),
    "ill_or_dead": Cause(
        ("重病或死亡", "gravely ill or dead"),
        ("重病", "死亡"),
        ("立即与继承人或财产代管人协商", "签订债务承担协议", "在遗产价值范围内起诉, 保全"),
    ),
    "vanished": Cause(
        ("失踪、涉嫌欺诈", "vanished"),
        ("失联", "出境", "涉嫌欺诈"),
        ("立即查找并控制资产", "诉讼保全"),
    ),
    "wilful": Cause(
        ("恶意拖欠", "wilful default"),
        ("拒不还款", "转移财产"),
        ("充分谈话, 告知后果", "起诉"),
    ),
}


def label(cause: str) -> str:
    """How forms call a cause."""
    return " ".join(CAUSES[cause].title)
