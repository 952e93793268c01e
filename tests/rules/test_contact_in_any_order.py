"""No sequence of events makes the gate let through what the law forbids, and its `allowed_from` is exact: both
held against the sentences of contact_oracle.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postloan import policy
from postloan.calendar import Calendar
from postloan.rules.contact import CONSENTS, FOR_ALL, PURPOSES, STOPS, Asked, Attempt, Stop, permission
from postloan.rules.contact_limits import CHANNELS
from tests.conftest import ROOT
from tests.rules.contact_oracle import CHINA, PRESETS, US, World, broken, permitted, talks

LIMITS = {name: policy.load(ROOT / "policies" / f"{name}.toml").at(date.max).contact.limits for name in PRESETS}
CALENDAR = Calendar("CN")
WORKED = {
    date(2026, 1, 1) + timedelta(days=n): CALENDAR.is_working(date(2026, 1, 1) + timedelta(n)) for n in range(365)
}
working: Callable[[date], bool] = WORKED.__getitem__
# Clocks put on at midnight, at half an hour, by two hours, over a quarter of an hour's offset, and any other.
ODD = ["America/New_York", "Asia/Shanghai", "Asia/Beirut", "Africa/Cairo", "America/Havana", "America/Santiago",
       "Australia/Lord_Howe", "Antarctica/Troll", "America/Nuuk", "Asia/Kathmandu", "Pacific/Kiritimati"]  # fmt: skip
ZONES = st.one_of(st.sampled_from(ODD), st.sampled_from(sorted(available_timezones() - {"localtime"}))).map(ZoneInfo)
PEOPLE = {"B1": "borrower", "C1": "co_debtor", "G1": "guarantor", "A1": "attorney", "H1": "heir", "T1": "third_party"}
# Most of what is drawn is about one person, number and debt, so that it meets.
PERSON = st.sampled_from([*["B1"] * 8, *PEOPLE])
NUMBER = st.sampled_from(["1"] * 5 + ["2", ""])
LOANS = st.sampled_from([*[("L1",)] * 4, (), ("L2",), ("L1", "L2")])
CHANNEL = st.sampled_from([*["call"] * 5, *CHANNELS])
HOUR = st.sampled_from([0, 3, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20, 21, 22, 23])
# The weeks in which most clocks are put on, and back.
BEGINS = st.sampled_from([datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 27, tzinfo=UTC),
                          datetime(2026, 4, 3, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC),
                          datetime(2026, 10, 30, tzinfo=UTC)])  # fmt: skip
QUARTER = timedelta(minutes=15)
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


@st.composite
def moments(draw: st.DrawFn, begin: datetime, first: int, last: int, zone: ZoneInfo) -> datetime:
    day = begin.date() + timedelta(days=draw(st.integers(first, last)))
    clock = time(draw(HOUR), draw(st.sampled_from([0, 0, 29, 59])), draw(st.sampled_from([0, 0, 59])))
    return datetime.combine(day, clock, zone).replace(fold=draw(st.integers(0, 1))).astimezone(UTC)


@st.composite
def windows(draw: st.DrawFn) -> tuple[time, time]:
    start, end = sorted([draw(clocks), draw(clocks)])
    return (start, time(0)) if start == end else (start, end)


@st.composite
def stops_of(draw: st.DrawFn, begin: datetime) -> Stop:
    kind = draw(st.sampled_from([*STOPS, *CONSENTS, *["hours_agreed", "workplace_agreed"] * 3]))
    since = begin.date() + timedelta(days=draw(st.integers(-1, 4)))
    until = draw(st.sampled_from([None, 0, 0, 1, 2, 3, 4]))
    person = "T1" if kind == "refused" else draw(st.sampled_from([*["B1"] * 6, *PEOPLE]))
    return Stop(
        kind,
        since,
        None if until is None else since + timedelta(days=until),
        draw(st.sampled_from([person, ""])) if kind in FOR_ALL else person,
        draw(st.sampled_from([*[""] * 6, *CHANNELS])),
        draw(st.sampled_from(["", "", "", "1", "2"])),
        draw(st.sampled_from([(), (), (), ("L1",), ("L2",)])),
        tuple(draw(st.lists(windows(), min_size=1, max_size=2))) if kind == "hours_agreed" else (),
    )


@st.composite
def asked_for(draw: st.DrawFn, at: datetime, zone: ZoneInfo) -> Asked:
    party_no, channel = draw(PERSON), draw(CHANNEL)
    likely = st.sampled_from([True] * 6 + [False])
    alone = PEOPLE[party_no] == "third_party"
    return Asked(
        channel,
        at,
        zone,
        PEOPLE[party_no],
        party_no,
        draw(NUMBER),
        draw(LOANS),
        at_workplace=not draw(likely),
        purpose=PURPOSES[draw(likely) if alone else draw(st.booleans())],
        mentions_debt=not draw(likely) if alone else draw(st.booleans()),
        opt_out_text=draw(likely),
        by_law=channel == "letter" and draw(st.booleans()),
        debtor_lost=alone and draw(likely),
        debtor_dead=PEOPLE[party_no] == "heir" and draw(likely),
        debtor_lacks_capacity=draw(st.booleans()),
    )


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(PRESETS), BEGINS, ZONES, st.booleans())
def test_nothing_forbidden_passes(
    data: st.DataObject, preset: str, begin: datetime, zone: ZoneInfo, sorted_: bool
) -> None:
    """Several agents ask, stops begin and are lifted, outcomes become known, all in any order."""
    when = data.draw(st.lists(moments(begin, 0, data.draw(st.sampled_from([1, 8])), zone), min_size=8, max_size=30))
    granted: list[Attempt] = []
    stops: list[Stop] = []
    for moment in sorted(when) if sorted_ else when:
        event = data.draw(st.sampled_from(["ask"] * 8 + ["stop", "stop", "lift", "outcome"]), label="event")
        if event == "stop":
            stops.append(data.draw(stops_of(begin)))
        elif event == "lift" and stops:
            stops.pop(data.draw(st.integers(0, len(stops) - 1)))
        elif event == "outcome" and granted:
            n = data.draw(st.integers(0, len(granted) - 1))
            spoke = data.draw(st.booleans()) if granted[n].conversed is None else granted[n].conversed
            granted[n] = _with_outcome(granted[n], spoke)
        else:
            asked = data.draw(asked_for(moment, zone))
            found = permission(asked, granted, stops, LIMITS[preset], working)
            world = World(asked, asked.at, granted, stops, working)
            wrong = broken(preset, world)
            assert not (found.allowed and wrong), f"let through although: {wrong}"
            if sorted_:
                assert found.allowed == permitted(preset, world), "a refusal needs a reason, too"
            if found.allowed:
                outcome = data.draw(st.sampled_from([None, True, False]), label="conversed")
                granted.append(_granted(asked, outcome, f"agent {moment.hour % 3}"))
    if sorted_:
        _history_is_lawful(preset, granted, zone)


def _granted(asked: Asked, outcome: bool | None, agent: str) -> Attempt:
    return Attempt(asked.channel, asked.at, asked.party, asked.party_no, asked.number, outcome, agent, asked.loans)


def _with_outcome(attempt: Attempt, spoke: bool | None) -> Attempt:
    a = attempt
    return Attempt(a.channel, a.at, a.party, a.party_no, a.number, spoke, a.agent, a.loans)


def _history_is_lawful(preset: str, granted: list[Attempt], zone: ZoneInfo) -> None:
    """Looked at from behind, with what came of each contact: over all agents together."""
    days = [(a, a.at.astimezone(zone).date()) for a in granted if a.channel == "call"]
    for person in PEOPLE:
        mine = [(a, day) for a, day in days if a.party_no == person]
        for _, today in mine:
            if preset in CHINA:
                assert len(talks([a for a, day in mine if day == today])) <= 3
        for loan in ("L1", "L2"):
            about = [(a, day) for a, day in mine if not a.loans or loan in a.loans]
            for first, begin in about if preset in US else []:
                week = [a for a, day in about if begin <= day < begin + timedelta(days=7)]
                assert len(week) <= 7
                if first.conversed:
                    assert not [a for a in week if a.at > first.at]


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(PRESETS), BEGINS, ZONES)
def test_allowed_from_is_the_first_instant(data: st.DataObject, preset: str, begin: datetime, zone: ZoneInfo) -> None:
    """Every place's clock is put on, and every window begins, at a quarter of an hour: looking at each, and at
    the microsecond before, is looking at every instant."""
    past = []
    for moment in data.draw(st.lists(moments(begin, data.draw(st.sampled_from([-8, -1])), -1, zone), max_size=14)):
        asked = data.draw(asked_for(moment, zone))
        past.append(_granted(asked, data.draw(st.sampled_from([None, True, False])), "agent"))
    stops = data.draw(st.lists(stops_of(begin), max_size=5), label="stops")
    asked = data.draw(asked_for(data.draw(moments(begin, -1, 2, zone)), zone))
    found = permission(asked, past, stops, LIMITS[preset], working)

    def at(moment: datetime) -> bool:
        return permitted(preset, World(asked, moment, past, stops, working))

    assert found.allowed == at(asked.at)
    if found.allowed_from is not None:
        moved = _asked_at(asked, found.allowed_from)
        assert permission(moved, past, stops, LIMITS[preset], working).allowed
        assert at(found.allowed_from)
        assert found.allowed or found.allowed_from > asked.at
    end = found.allowed_from or asked.at + timedelta(days=30)
    quarter = asked.at.replace(minute=asked.at.minute // 15 * 15, second=0)
    while not found.allowed and quarter < end:
        for moment in (quarter, quarter + QUARTER - timedelta(microseconds=1)):
            assert not asked.at <= moment < end or not at(moment), f"allowed already at {moment.astimezone(zone)}"
        quarter += QUARTER


def _asked_at(asked: Asked, at: datetime) -> Asked:
    return Asked(**(vars(asked) | {"at": at}))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "America/Havana"])
def test_a_year_of_quarters_of_an_hour(zone: str) -> None:
    """Every quarter of an hour of a year: allowed exactly while the clock on the wall is within the hours."""
    moment, place = datetime(2026, 1, 2, tzinfo=UTC), ZoneInfo(zone)
    previous: datetime | None = None
    while moment < datetime(2026, 12, 30, tzinfo=UTC):
        found = permission(Asked("call", moment, place, "borrower", "B1"), [], [], LIMITS["cn_2025"], working)
        assert found.allowed == (8 <= moment.astimezone(place).hour < 22)
        if previous is not None and found.allowed:
            assert previous == moment, "what was promised is the first that is allowed"
        previous = None if found.allowed else found.allowed_from
        moment += QUARTER
