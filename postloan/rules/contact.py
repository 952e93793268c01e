"""The gate that every contact with a debtor passes: whether it is permitted, else which rule forbids it and
from when it would be allowed (CON-1 to CON-9).

All that is counted is counted in calendar days at the place of the person, over all agents and agencies
together, as the law does (12 CFR 1006.14(b)(2): the day of a conversation is the first of the seven).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from postloan.rules.clock import ONE_DAY, Window, first_at, moments, within
from postloan.rules.contact_limits import CHANNELS, ELECTRONIC, PARTIES, Cap, Limits, check

PURPOSES = ("collection", "locate")
STOPS = (
    "deceased",
    "represented",
    "moratorium",
    "disputed",
    "hospitalised",
    "cease",
    "opt_out",
    "refused",
    "workplace_refused",
)
CONSENTS = ("hours_agreed", "electronic_consent", "workplace_agreed")
FOR_ALL = ("disputed", "moratorium")  # these may concern everybody of a debt; the others are one person's
WISHES = ("cease", "opt_out")  # these do not stop a letter that the law itself demands (12 CFR 1006.6(c)(2))


@dataclass(frozen=True)
class Attempt:
    """A contact that was granted, whoever made it and whatever came of it.

    `conversed` is None until the outcome is known: until then it counts as a conversation and as unanswered.
    `loans` are the debts it is about, none: about every one.
    """

    channel: str
    at: datetime
    party: str
    party_no: str
    number: str = ""
    conversed: bool | None = None
    agent: str = ""
    loans: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check("channel", self.channel, CHANNELS)
        check("party", self.party, PARTIES)
        _check_moment(self.at)


@dataclass(frozen=True)
class Stop:
    """What stops contact with a person, or consents to more, on the days from `from_on` to `until_on`, both
    inclusive (None: until it is lifted). Empty means all: channels, numbers, debts.

    `hours` are those of "hours_agreed". A third party's "refused" holds for ever, whatever `until_on` says, and
    for its `number` under whatever name.
    """

    kind: str
    from_on: date
    until_on: date | None = None
    party_no: str = ""
    channel: str = ""
    number: str = ""
    loans: tuple[str, ...] = ()
    hours: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        check("kind", self.kind, (*STOPS, *CONSENTS))
        check("channel", self.channel, ("", *CHANNELS))
        if not self.party_no and self.kind not in FOR_ALL:
            raise ValueError(f"a stop of kind {self.kind!r} needs the number of the person")

    def holds(self, day: date) -> bool:
        return self.from_on <= day and (self.until_on is None or day <= self.until_on or self.kind == "refused")


@dataclass(frozen=True)
class Asked:
    """A contact that somebody asks for.

    Args:
        zone: of the place where the person is.
        party: as what the person is contacted; a spouse whose household the debt served is a "co_debtor".
        at_workplace: at an employer's, or with somebody there.
        opt_out_text: the message says how to have no more of them.
        by_law: a letter that the law itself demands (demand notice, court paper): no hours, days or caps.
        debtor_lost: the debtor cannot be reached. This and the two after it are about whose debt it is.
    """

    channel: str
    at: datetime
    zone: ZoneInfo
    party: str
    party_no: str
    number: str = ""
    loans: tuple[str, ...] = ()
    at_workplace: bool = False
    purpose: str = "collection"
    mentions_debt: bool = True
    opt_out_text: bool = False
    by_law: bool = False
    debtor_lost: bool = False
    debtor_dead: bool = False
    debtor_lacks_capacity: bool = False

    def __post_init__(self) -> None:
        check("channel", self.channel, CHANNELS)
        check("party", self.party, PARTIES)
        check("purpose", self.purpose, PURPOSES)
        _check_moment(self.at)
        if self.by_law and self.channel != "letter":
            raise ValueError("only a letter is one that the law itself demands")


@dataclass(frozen=True)
class Permission:
    """Whether a contact is permitted. If not: by which rule, why (for people), and the first instant, in
    UTC, at which the same contact would be, as far as is known now (None: not before something is lifted)."""

    allowed: bool
    rule: str = ""
    reason: str = ""
    allowed_from: datetime | None = None


def permission(
    asked: Asked,
    past: Collection[Attempt],
    stops: Collection[Stop],
    limits: Limits,
    working_day: Callable[[date], bool],
) -> Permission:
    """CON-1 to CON-9: whether this contact is permitted, by the first rule that refuses it.

    Every rule names the first instant at which it no longer refuses; from there all are asked again until
    none refuses, so that nothing between is allowed.
    """
    asked = replace(asked, at=asked.at.astimezone(UTC))  # instants of one zone would be compared by its clock
    now = _Now(asked, tuple(past), tuple(stops), limits, working_day)
    first = no = _refusal(now)
    if first is None:
        return Permission(True, allowed_from=asked.at)
    while no is not None:
        if no.until is None:
            return Permission(False, first.rule, first.reason, None)
        # A day whose first minutes come twice has begun already while it is the day before again.
        next_minute = now.asked.at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        now = replace(now, asked=replace(asked, at=no.until if no.until > now.asked.at else next_minute))
        no = _refusal(now)
    return Permission(False, first.rule, first.reason, now.asked.at)


@dataclass(frozen=True)
class _Now:
    asked: Asked
    past: tuple[Attempt, ...]
    stops: tuple[Stop, ...]
    limits: Limits
    working_day: Callable[[date], bool]

    @property
    def day(self) -> date:
        return self.asked.at.astimezone(self.asked.zone).date()

    def of_kind(self, kind: str) -> list[Stop]:
        """The stops or consents of a kind that concern what is asked, on whatever days. A stop of one number
        or debt concerns what is asked about none in particular, a consent to it does not."""
        return [s for s in self.stops if s.kind == kind and self._concerned_by(s)]

    def _concerned_by(self, s: Stop) -> bool:
        asked = self.asked
        if s.party_no not in ("", asked.party_no) or s.channel not in ("", asked.channel):
            return False
        if s.kind in CONSENTS:
            debts = not s.loans or (bool(asked.loans) and set(asked.loans) <= set(s.loans))
            return debts and s.number in ("", asked.number)
        return (not s.number or s.number == asked.number or not asked.number) and _same_debt(s.loans, asked.loans)

    def start_of(self, day: date) -> datetime:
        return first_at(day, time(0), self.asked.zone)

    def until(self, which: Sequence[Stop]) -> datetime | None:
        """When the last of these that hold today is over."""
        ends = [s.until_on for s in which if s.holds(self.day)]
        known = [end for end in ends if end is not None and end < date.max]
        return self.start_of(max(known) + ONE_DAY) if len(known) == len(ends) else None

    def begin_of(self, which: Sequence[Stop]) -> datetime | None:
        """When the first of these that is still to come begins."""
        coming = [s.from_on for s in which if s.from_on > self.day and s.holds(s.from_on)]
        return self.start_of(min(coming)) if coming else None


@dataclass(frozen=True)
class _No:
    rule: str
    reason: str
    until: datetime | None = None


def _refusal(now: _Now) -> _No | None:
    rules: list[Callable[[_Now], _No | None]] = [_whom, _stopped, _workplace, _electronic]
    if not now.asked.by_law:
        rules += [_hours, _days, _caps]
    return next((no for rule in rules if (no := rule(now))), None)


def _whom(now: _Now) -> _No | None:
    """CON-1: third persons only to find a debtor who is lost, dead or incapable, never told of the debt, never
    at a workplace, never again once they refused. Nothing of it is the policy's to relax."""
    asked = now.asked
    if asked.party == "attorney":
        # Of whom he is the attorney does not matter here; without anybody represented he is a third person.
        represented = [s for s in now.stops if s.kind == "represented"]
        if not any(s.holds(now.day) for s in represented):
            return _No("CON-1", "无人委托律师 (nobody is represented)", now.begin_of(represented))
    if asked.party == "heir" and not asked.debtor_dead:
        return _No("CON-1", "债务人在世, 无继承人可联系 (the debtor is alive: there are no heirs)")
    if asked.party != "third_party":
        return None
    if asked.at_workplace:
        return _No("CON-1", "不得向单位、同事或上级施压 (no pressure through employers, colleagues or superiors)")
    if asked.mentions_debt or asked.purpose != "locate":
        return _No("CON-1", "不得向第三人透露债务 (a third person is never told of the debt, only asked for contact)")
    if now.limits.third_parties == "never":
        return _No("CON-1", "不得联系与债务无关的第三人 (third persons are not approached)")
    gone = now.limits.third_parties == "if_unreachable" and (asked.debtor_dead or asked.debtor_lacks_capacity)
    if not (asked.debtor_lost or gone):
        return _No("CON-1", "债务人可联系, 不得联系第三人 (the debtor can be reached: no third person)")
    refusals = [s for s in now.stops if s.kind == "refused" and s.holds(now.day)]
    if any(s.party_no == asked.party_no or (s.number and s.number == asked.number) for s in refusals):
        return _No("CON-1", "第三人已拒绝, 不得再联系 (the third person refused: never again)")
    return None


_WORDS = {
    "deceased": "此人已故, 应与继承人联系 (has died: only the heirs)",
    "represented": "已委托律师, 只能联系律师 (is represented: only through the attorney)",
    "moratorium": "催收已暂停 (collection is paused)",
    "disputed": "债务有争议, 核实前不得催收 (the debt is disputed: not before it is verified)",
    "hospitalised": "此人住院 (is in hospital)",
    "cease": "此人书面要求停止联系 (asked in writing to cease)",
    "opt_out": "此人已拒绝这一联系方式 (opted out of this)",
}


def _stopped(now: _Now) -> _No | None:
    """CON-2: what stops contact with the person, or about the debt."""
    if now.asked.party == "borrower" and now.asked.debtor_dead:
        return _No("CON-2", _WORDS["deceased"])
    for kind, words in _WORDS.items():
        if now.asked.by_law and kind in WISHES:
            continue
        holding = [s for s in now.of_kind(kind) if s.holds(now.day)]
        if holding:
            return _No("CON-2", words, now.until(holding))
    return None


def _workplace(now: _Now) -> _No | None:
    """CON-9: not at the workplace of who refused it, or did not agree, or of anybody."""
    if not now.asked.at_workplace:
        return None
    if now.limits.workplace == "never":
        return _No("CON-9", "不得在工作场所联系 (not at a workplace)")
    holding = [s for s in now.of_kind("workplace_refused") if s.holds(now.day)]
    if holding:
        return _No("CON-9", "此人拒绝在工作场所联系 (not at the workplace: refused)", now.until(holding))
    agreed = now.of_kind("workplace_agreed")
    if now.limits.workplace == "if_agreed" and not any(s.holds(now.day) for s in agreed):
        return _No("CON-9", "未同意在工作场所联系 (not at the workplace: not agreed)", now.begin_of(agreed))
    return None


def _electronic(now: _Now) -> _No | None:
    """CON-8: electronic messages say how to have no more of them, and need consent where the policy says so."""
    channel = now.asked.channel
    if channel in ELECTRONIC and now.limits.opt_out_text and not now.asked.opt_out_text:
        return _No("CON-8", "电子信息须载明退订方式 (the message must say how to opt out)")
    if channel not in now.limits.consent_for:
        return None
    consents = now.of_kind("electronic_consent")
    if any(s.holds(now.day) for s in consents):
        return None
    return _No("CON-8", f"未同意以此方式联系 (no consent to {channel})", now.begin_of(consents))


def _hours(now: _Now) -> _No | None:
    """CON-3: within the hours at the person's place, or those that the person agreed to."""
    usual = now.limits.hours.get(now.asked.channel, ())
    if not usual:
        return _No("CON-3", f"不使用这一联系方式 (this channel is not used: {now.asked.channel})")
    agreed = now.of_kind("hours_agreed")

    def open_at(moment: datetime) -> bool:
        local = moment.astimezone(now.asked.zone)
        windows = [*usual, *(w for s in agreed if s.holds(local.date()) for w in s.hours)]
        return any(within(local.time(), window) for window in windows)

    if open_at(now.asked.at):
        return None
    starts = {time(0)} | {start for start, _ in usual} | {start for s in agreed for start, _ in s.hours}
    day = now.day
    while True:
        found = [m for m in moments(day, starts, now.asked.zone) if m > now.asked.at and open_at(m)]
        if found:
            reason = f"当地时间 {now.asked.at.astimezone(now.asked.zone):%H:%M} 不得联系 (outside the hours)"
            return _No("CON-3", reason, min(found))
        day += ONE_DAY


def _days(now: _Now) -> _No | None:
    """CON-4: on the days that the policy has for the channel."""
    which = now.limits.days.get(now.asked.channel, "all")

    def fits(day: date) -> bool:
        return which == "all" or (day.isoweekday() < 7 if which == "not_sunday" else now.working_day(day))

    if fits(now.day):
        return None
    ahead = (now.day + timedelta(days=n) for n in range(1, 367))
    day = next((day for day in ahead if fits(day)), None)
    return _No("CON-4", f"{now.day} 不得以此方式联系 (not on this day)", now.start_of(day) if day else None)


_COUNTED = {"attempts": "联系", "conversations": "有效通话", "unanswered": "无人接听"}


def _caps(now: _Now) -> _No | None:
    """CON-5 to CON-7: no more than so many in any run of so many days with the day asked for in it."""
    for cap in now.limits.caps:
        if now.asked.channel not in cap.channels or (cap.parties and now.asked.party not in cap.parties):
            continue
        days = sorted(a.at.astimezone(now.asked.zone).date() for a in now.past if _counts(cap, a, now.asked))
        runs = [(days[i], days[i + cap.most - 1]) for i in range(len(days) - cap.most + 1)]
        full = [first for first, last in runs if (max(last, now.day) - min(first, now.day)).days < cap.days]
        if full:
            words = f"{cap.days}天内{_COUNTED[cap.of]}已达{cap.most}次"
            reason = f"{words} ({cap.most} {cap.of} in {cap.days} days per {cap.per})"
            return _No(cap.rule, reason, now.start_of(max(full) + timedelta(days=cap.days)))
    return None


def _counts(cap: Cap, past: Attempt, asked: Asked) -> bool:
    if past.channel not in cap.channels or (cap.parties and past.party not in cap.parties):
        return False
    if (cap.of == "conversations" and past.conversed is False) or (cap.of == "unanswered" and past.conversed):
        return False
    same_person = past.party_no == asked.party_no
    if cap.per == "number" and past.number and asked.number:
        return past.number == asked.number
    return same_person and (cap.per != "debt" or _same_debt(past.loans, asked.loans))


def _same_debt(some: Sequence[str], others: Sequence[str]) -> bool:
    return not some or not others or not set(some).isdisjoint(others)


def _check_moment(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
