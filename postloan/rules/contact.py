"""Contact permission (触达许可): one gate that every call, visit, message and letter passes (CON-1 to CON-5).

What the law forbids is here, by law and date, and no policy widens it: a policy names the law and may be stricter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from postloan.calendar import ONE_DAY

CHANNELS = ("call", "sms", "email", "letter", "visit")
ELECTRONIC = ("sms", "email")
COUNTED = ("attempts", "conversations", "unanswered")
# Who a contact is with, and answers for the debt or stands for somebody who does; anybody else is a third party.
CONCERNED = ("borrower", "guarantor", "mortgagor", "pledgor", "consignor", "co_debtor", "heir", "attorney")
THIRD_PARTY = "third_party"
HORIZON = timedelta(days=3660)


@dataclass(frozen=True)
class Cap:
    """No more than `count` contacts by these channels in so many consecutive days of the borrower's place.

    Attributes:
        counted: attempts, conversations, or attempts that nobody answered.
        per: with the debtor about all debts and by all agents together, about one debt, or at one number.
        rule: what a refusal is called by.
    """

    count: int
    channels: tuple[str, ...] = CHANNELS
    days: int = 1
    counted: Literal["attempts", "conversations", "unanswered"] = "attempts"
    per: Literal["debtor", "debt", "number"] = "debtor"
    rule: str = "CON-3"


@dataclass(frozen=True)
class Law:
    """What a law allows at most: hours of the day, caps, and days without calls after a conversation about a debt,
    that of the conversation included."""

    from_on: date
    source: str
    opens: time
    closes: time
    caps: tuple[Cap, ...]
    quiet_days: int = 0


# By country, what holds from which day on; what was before the first is judged by it.
LAWS: dict[str, tuple[Law, ...]] = {
    "cn": (
        Law(
            date(2025, 2, 28),
            "GB/T 45251-2025, as reported",
            time(8),
            time(22),
            (Cap(3, ("call",), counted="conversations"),),
        ),
        Law(
            date(2026, 1, 1),
            "中国银行业协会个人消费贷款催收工作指引 (试行, 2026-01), as reported; GB/T 45251-2025",
            time(8),
            time(22),
            (
                Cap(3, ("call",), counted="conversations"),
                Cap(6, ("call",), counted="unanswered", per="number"),
            ),
        ),
    ),
    "us": (
        Law(
            date(2021, 11, 30),
            "Regulation F, 12 CFR 1006.6, 1006.14, 1006.42",
            time(8),
            time(21),
            (Cap(7, ("call",), days=7, per="debt"),),
            quiet_days=7,
        ),
    ),
}


@dataclass(frozen=True)
class Limits:
    """What holds for a contact: the law, stricter hours and caps of the institution, and the borrower's place."""

    laws: tuple[Law, ...]
    zone: ZoneInfo
    opens: time
    closes: time
    caps: tuple[Cap, ...] = ()
    visits_on_days_off: bool = False
    electronic_consent: bool = False

    def law(self, day: date) -> Law:
        """The law in force on a day."""
        return next((law for law in reversed(self.laws) if law.from_on <= day), self.laws[0])


@dataclass(frozen=True)
class Attempt:
    """A contact that was permitted, whoever made it: every agent and agency counts. What is not known yet counts
    as both a conversation and unanswered."""

    channel: str
    at: datetime
    role: str = "borrower"
    person_no: str = ""
    number: str = ""
    conversed: bool = True
    answered: bool = False
    agent: str = ""
    loan_no: str = ""


@dataclass(frozen=True)
class Stop:
    """Why somebody must not be contacted, or has agreed to more: from a day on, until one or until lifted, both
    inclusive; an empty channel means every one."""

    kind: str
    channel: str = ""
    from_on: date = date.min
    until_on: date | None = None

    def holds(self, day: date) -> bool:
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True)
class Asked:
    """A contact that is asked for; `at` is aware of its zone."""

    channel: str
    at: datetime
    role: str = "borrower"
    person_no: str = ""
    number: str = ""
    at_workplace: bool = False
    purpose: Literal["collection", "locate"] = "collection"
    mentions_debt: bool = True
    loan_no: str = ""
    debtor_lost: bool = False
    debtor_dead: bool = False
    debtor_lacks_capacity: bool = False
    agent: str = ""


@dataclass(frozen=True)
class Permission:
    """What the gate says: `allowed_from` is the first moment at which the same contact will be permitted, as things
    are known; None where only a lifted stop or a changed request would do."""

    allowed: bool
    rule: str = ""
    reason: str = ""
    allowed_from: datetime | None = None


@dataclass(frozen=True)
class _Refusal:
    rule: str
    reason: str
    again: datetime | None  # from when this rule alone refuses no more; None: it does not end by itself


# Stops that end every contact with a person, and what a letter on paper may still do.
EVERY_CHANNEL = {
    "deceased": "已死亡, 只能与继承人联系 (deceased: speak to the heirs)",
    "incapacitated": "丧失行为能力 (lacks capacity)",
    "hospitalised": "住院期间 (in hospital)",
    "represented": "已委托律师, 须与律师联系 (represented: speak to the lawyer)",
    "refused": "已拒绝联系 (refused to be contacted)",
    "moratorium": "暂停计时期间 (the clock is paused)",
}
ALL_BUT_LETTERS = {
    "disputed": "对债务有争议, 只能书面答复 (disputed: answer in writing only)",
    "cease": "书面要求停止联系 (asked in writing to stop)",
}


def permission(
    asked: Asked,
    past: Sequence[Attempt],
    stops: Sequence[Stop],
    limits: Limits,
    working_day: Callable[[date], bool],
) -> Permission:
    """CON-1: whether a contact is permitted; if not, by which rule, why, and from when on it will be.

    Args:
        past: every contact permitted with the debtor and those who answer for him, planned ones included.
        stops: what is on record about the person asked for.
        working_day: whether a day of the borrower's place is one of work.

    Raises ValueError for a moment without a zone or an unknown channel.
    """
    if asked.at.tzinfo is None:
        raise ValueError("a contact takes place at a moment with its time zone")
    if asked.channel not in CHANNELS:
        raise ValueError(f"{asked.channel!r} is no channel; these are: {', '.join(CHANNELS)}")
    first = next(_refusals(asked, asked.at, past, stops, limits, working_day), None)
    if first is None:
        return Permission(True)
    return Permission(False, first.rule, first.reason, _allowed_from(asked, past, stops, limits, working_day))


def _allowed_from(
    asked: Asked,
    past: Sequence[Attempt],
    stops: Sequence[Stop],
    limits: Limits,
    working_day: Callable[[date], bool],
) -> datetime | None:
    """The first moment that no rule refuses: from each refusal to where it ends, until none is left."""
    at = asked.at
    while at - asked.at < HORIZON:
        refusal = next(_refusals(asked, at, past, stops, limits, working_day), None)
        if refusal is None:
            return at
        if refusal.again is None:
            return None
        at = refusal.again
    return None


def _refusals(
    asked: Asked,
    at: datetime,
    past: Sequence[Attempt],
    stops: Sequence[Stop],
    limits: Limits,
    working_day: Callable[[date], bool],
) -> Iterator[_Refusal]:
    day = at.astimezone(limits.zone).date()
    yield from _third_parties(asked)
    yield from _stopped(asked, day, stops, limits)
    if asked.channel == "letter":
        return  # on paper, in the letter box: neither hours nor counts
    yield from _hours(asked, at, day, stops, limits, working_day)
    yield from _caps(asked, day, past, limits)


def _third_parties(asked: Asked) -> Iterator[_Refusal]:
    """CON-5: a third party is asked only how to reach a debtor who cannot be reached otherwise, by telephone, never
    at work, with never a word of the debt."""
    if asked.role in CONCERNED:
        return
    if asked.mentions_debt or asked.purpose != "locate":
        yield _Refusal("CON-5", "不得向第三人透露债务 (never a word of the debt to a third party)", None)
    if not (asked.debtor_lost or asked.debtor_dead or asked.debtor_lacks_capacity):
        yield _Refusal("CON-5", "能联系到债务人时不得联系第三人 (the debtor himself can be reached)", None)
    if asked.channel != "call":
        yield _Refusal("CON-5", "对第三人只能电话询问联系方式 (a third party is only telephoned)", None)
    if asked.at_workplace:
        yield _Refusal("CON-5", "不得联系工作单位 (never the employer)", None)


def _stopped(asked: Asked, day: date, stops: Sequence[Stop], limits: Limits) -> Iterator[_Refusal]:
    """CON-4: what stops contacts with the person."""
    for stop in stops:
        if not stop.holds(day):
            continue
        again = _midnight(stop.until_on + ONE_DAY, limits.zone) if stop.until_on is not None else None
        if stop.kind in EVERY_CHANNEL:
            yield _Refusal("CON-4", EVERY_CHANNEL[stop.kind], again)
        elif stop.kind in ALL_BUT_LETTERS and asked.channel != "letter":
            yield _Refusal("CON-4", ALL_BUT_LETTERS[stop.kind], again)
        elif stop.kind == "opt_out" and stop.channel in ("", asked.channel) and asked.channel != "letter":
            yield _Refusal("CON-4", "本人要求停止此方式 (opted out of this channel)", again)
        elif stop.kind == "workplace_refused" and asked.at_workplace:
            yield _Refusal("CON-4", "不得在工作单位联系 (not at the workplace)", again)
    agreed = any(s.kind == "electronic_consent" and s.holds(day) for s in stops)
    if limits.electronic_consent and asked.channel in ELECTRONIC and not agreed:
        yield _Refusal("CON-4", "未同意电子方式 (no consent to electronic messages)", None)


def _hours(
    asked: Asked, at: datetime, day: date, stops: Sequence[Stop], limits: Limits, working_day: Callable[[date], bool]
) -> Iterator[_Refusal]:
    """CON-2: the hours of the day in the borrower's place, unless he agreed to others; visits on working days."""
    law = limits.law(day)
    opens, closes = max(limits.opens, law.opens), min(limits.closes, law.closes)
    starts, ends = (datetime.combine(day, hour, limits.zone) for hour in (opens, closes))
    off = asked.channel == "visit" and not limits.visits_on_days_off and not working_day(day)
    if off:
        yield _Refusal("CON-2", "非工作日不上门 (no visits on days off)", _midnight(day + ONE_DAY, limits.zone))
    if any(s.kind == "hours_agreed" and s.holds(day) and s.channel in ("", asked.channel) for s in stops):
        return
    if _before(at, starts):
        yield _Refusal("CON-2", f"{opens:%H:%M} 前不得联系 (too early)", starts)
    elif not _before(at, ends):
        tomorrow = datetime.combine(day + ONE_DAY, opens, limits.zone)
        yield _Refusal("CON-2", f"{closes:%H:%M} 后不得联系 (too late)", tomorrow)


def _before(one: datetime, other: datetime) -> bool:
    """Whether a moment is before another; of two in one zone Python would compare the hands of the clock only."""
    return one.timestamp() < other.timestamp()


def _caps(asked: Asked, day: date, past: Sequence[Attempt], limits: Limits) -> Iterator[_Refusal]:
    """CON-3: how often, all agents together; and the quiet days after a conversation about the debt."""
    tomorrow = _midnight(day + ONE_DAY, limits.zone)
    law = limits.law(day)
    for cap in (*law.caps, *limits.caps):
        if asked.channel in cap.channels and _full(cap, asked, day, past, limits.zone):
            span = "每日" if cap.days == 1 else f"{cap.days}日内"
            yield _Refusal(cap.rule, f"{span}已满 {cap.count} 次 (as often as is allowed in {cap.days} days)", tomorrow)
    quiet = law.quiet_days
    if quiet and asked.channel == "call":
        for one in past:
            on = one.at.astimezone(limits.zone).date()
            talked = one.channel == "call" and one.conversed and one.loan_no == asked.loan_no
            if talked and on <= day < on + timedelta(days=quiet):
                again = _midnight(on + timedelta(days=quiet), limits.zone)
                yield _Refusal("CON-3", f"通话后 {quiet} 日内不再致电 (no call so soon after a conversation)", again)


def _full(cap: Cap, asked: Asked, day: date, past: Iterable[Attempt], zone: ZoneInfo) -> bool:
    """Whether a contact on the day would be one too many in any stretch of the cap's days around it."""
    days = sorted(
        one.at.astimezone(zone).date() for one in past if one.channel in cap.channels and _counts(cap, asked, one)
    )
    around = [on for on in days if abs((on - day).days) < cap.days]
    starts = (day - timedelta(days=n) for n in range(cap.days))
    return any(sum(start <= on < start + timedelta(days=cap.days) for on in around) >= cap.count for start in starts)


def _counts(cap: Cap, asked: Asked, one: Attempt) -> bool:
    if cap.per == "debt" and one.loan_no != asked.loan_no:
        return False
    if cap.per == "number" and (one.number != asked.number or one.person_no != asked.person_no):
        return False
    if cap.per == "debtor" and (one.role, one.person_no) != (asked.role, asked.person_no):
        return False
    if cap.counted == "conversations":
        return one.conversed
    return not one.answered if cap.counted == "unanswered" else True


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
