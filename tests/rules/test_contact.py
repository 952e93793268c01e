"""CON-1 to CON-9, as a table that a credit department can read, and held against an oracle (contact_oracle.py)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from postloan import policy
from postloan.calendar import Calendar
from postloan.rules.clock import first_at
from postloan.rules.contact import Asked, Attempt, Permission, Stop, permission
from postloan.rules.contact_limits import CHANNELS, OUTER, PARTIES, Cap, Limits
from tests.conftest import ROOT
from tests.rules.contact_oracle import PRESETS

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
LIMITS = {name: policy.load(ROOT / "policies" / f"{name}.toml").at(date.max).contact.limits for name in PRESETS}
WORKING = {"cn_2025": Calendar("CN"), "cn_2026": Calendar("CN"), "us_regulation_f": Calendar("US")}
NO = {"B1": "13800000000", "G1": "13900000000", "T1": "13700000000"}


def asked(preset: str, at: str, **given: Any) -> Asked:
    zone = NEW_YORK if preset.startswith("us") else SHANGHAI
    plain = {"channel": "call", "party": "borrower", "party_no": "B1", "loans": ("L1",)} | given
    plain.setdefault("number", NO.get(plain["party_no"], ""))
    return Asked(at=datetime.fromisoformat(at).replace(tzinfo=zone), zone=zone, **plain)


def made(zone: ZoneInfo, *texts: str) -> list[Attempt]:
    """Contacts such as "call 2026-03-02 09:00 yes": yes, no or nothing for whether anybody spoke."""
    found = []
    for text in texts:
        channel, day, clock, *rest = text.split()
        spoke = {"yes": True, "no": False}.get(rest[0]) if rest else None
        loans = tuple(rest[1].split("+")) if len(rest) > 1 else ("L1",)
        at = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=zone)
        found.append(Attempt(channel, at, "borrower", "B1", NO["B1"], spoke, f"agent {len(found)}", loans))
    return found


def stop(kind: str, since: str = "2026-01-01", until: str | None = None, party_no: str = "B1", **given: Any) -> Stop:
    return Stop(kind, date.fromisoformat(since), date.fromisoformat(until) if until else None, party_no, **given)


def gate(preset: str, what: Asked, past: Any = (), stops: Any = (), limits: Limits | None = None) -> Permission:
    return permission(what, past, stops, limits or LIMITS[preset], WORKING[preset].is_working)


LOCATE = {"party": "third_party", "party_no": "T1", "purpose": "locate", "mentions_debt": False}
LATE = (time(22), time(0))
# What it is, the preset, when (there), what else is asked; what was done, what stops; the rule, and from when.
CASES: list[tuple[str, str, str, dict, list[str], list[Stop], str, str | None]] = [
    ("a call in the morning", "cn_2025", "2025-03-03 09:00", {}, [], [], "", "2025-03-03 09:00"),
    ("eight to the minute", "cn_2025", "2025-03-03 08:00", {}, [], [], "", "2025-03-03 08:00"),
    ("a second before eight", "cn_2025", "2025-03-03 07:59:59", {}, [], [], "CON-3", "2025-03-03 08:00"),
    ("the last second before ten", "cn_2025", "2025-03-03 21:59:59", {}, [], [], "", "2025-03-03 21:59:59"),
    ("ten at night", "cn_2025", "2025-03-03 22:00", {}, [], [], "CON-3", "2025-03-04 08:00"),
    ("midnight", "cn_2025", "2025-03-04 00:00", {}, [], [], "CON-3", "2025-03-04 08:00"),
    ("a text message at night", "cn_2026", "2026-03-03 23:00", {"channel": "sms"}, [], [], "CON-3", "2026-03-04 08:00"),
    ("at night, as agreed", "cn_2025", "2025-03-03 23:00", {}, [], [stop("hours_agreed", "2025-01-01", hours=(LATE,))],
     "", "2025-03-03 23:00"),
    ("agreed until midnight, and asked then", "cn_2025", "2025-03-04 00:00", {}, [],
     [stop("hours_agreed", "2025-01-01", hours=(LATE,))], "CON-3", "2025-03-04 08:00"),
    ("the agreement was for calls", "cn_2025", "2025-03-03 23:00", {"channel": "sms"}, [],
     [stop("hours_agreed", "2025-01-01", channel="call", hours=(LATE,))], "CON-3", "2025-03-04 08:00"),
    ("agreed early, too: the earlier of the two", "cn_2025", "2025-03-03 03:00", {}, [],
     [stop("hours_agreed", "2025-01-01", hours=((time(5), time(6)),))], "CON-3", "2025-03-03 05:00"),
    ("agreed for one number, none is named", "cn_2025", "2025-03-03 23:00", {"number": ""}, [],
     [stop("hours_agreed", "2025-01-01", number=NO["B1"], hours=(LATE,))], "CON-3", "2025-03-04 08:00"),
    ("agreed for one debt, called about two", "cn_2025", "2025-03-03 23:00", {"loans": ("L1", "L2")}, [],
     [stop("hours_agreed", "2025-01-01", loans=("L1",), hours=(LATE,))], "CON-3", "2025-03-04 08:00"),
    ("the guarantor agreed, not the borrower", "cn_2025", "2025-03-03 23:00", {}, [],
     [stop("hours_agreed", "2025-01-01", party_no="G1", hours=(LATE,))], "CON-3", "2025-03-04 08:00"),
    ("three conversations today, by three agents", "cn_2025", "2025-03-03 12:00", {},
     ["call 2025-03-03 08:00 yes", "call 2025-03-03 09:00 yes", "call 2025-03-03 10:00 yes"], [],
     "CON-6", "2025-03-04 08:00"),
    ("two, and one whose outcome is not known", "cn_2025", "2025-03-03 12:00", {},
     ["call 2025-03-03 08:00 yes", "call 2025-03-03 09:00 yes", "call 2025-03-03 10:00"], [],
     "CON-6", "2025-03-04 08:00"),
    ("two, and one that nobody answered", "cn_2025", "2025-03-03 12:00", {},
     ["call 2025-03-03 08:00 yes", "call 2025-03-03 09:00 yes", "call 2025-03-03 10:00 no"], [],
     "", "2025-03-03 12:00"),
    ("three yesterday", "cn_2025", "2025-03-04 08:00", {},
     ["call 2025-03-03 08:00 yes", "call 2025-03-03 09:00 yes", "call 2025-03-03 21:59 yes"], [],
     "", "2025-03-04 08:00"),
    ("three with the borrower, the guarantor is another person", "cn_2025", "2025-03-03 12:00",
     {"party": "guarantor", "party_no": "G1"},
     ["call 2025-03-03 08:00 yes", "call 2025-03-03 09:00 yes", "call 2025-03-03 10:00 yes"], [],
     "", "2025-03-03 12:00"),
    ("six calls unanswered, 2026", "cn_2026", "2026-03-03 15:00", {},
     [f"call 2026-03-03 {h:02}:00 no" for h in range(8, 14)], [], "CON-7", "2026-03-04 08:00"),
    ("six calls unanswered, 2025", "cn_2025", "2025-03-03 15:00", {},
     [f"call 2025-03-03 {h:02}:00 no" for h in range(8, 14)], [], "", "2025-03-03 15:00"),
    ("six unanswered, another number", "cn_2026", "2026-03-03 15:00", {"number": "010-1"},
     [f"call 2026-03-03 {h:02}:00 no" for h in range(8, 14)], [], "", "2026-03-03 15:00"),
    ("six unanswered, no number given", "cn_2026", "2026-03-03 15:00", {"number": ""},
     [f"call 2026-03-03 {h:02}:00 no" for h in range(8, 14)], [], "CON-7", "2026-03-04 08:00"),
    ("ten in all", "cn_2025", "2025-03-03 20:00", {}, [f"call 2025-03-03 {h:02}:00 no" for h in range(8, 18)], [],
     "CON-5", "2025-03-04 08:00"),
    ("a second text message on a day", "cn_2026", "2026-03-03 15:00", {"channel": "sms"},
     ["sms 2026-03-03 09:00"], [], "CON-5", "2026-03-04 08:00"),
    ("a fourth text message in a week", "cn_2026", "2026-03-06 15:00", {"channel": "sms"},
     ["sms 2026-03-03 09:00", "sms 2026-03-04 09:00", "sms 2026-03-05 09:00"], [], "CON-5", "2026-03-10 08:00"),
    ("a visit on Saturday", "cn_2026", "2026-03-07 10:00", {"channel": "visit"}, [], [], "CON-4", "2026-03-09 08:00"),
    ("a visit over Spring Festival, a Saturday worked for it", "cn_2026", "2026-02-16 10:00", {"channel": "visit"},
     [], [], "CON-4", "2026-02-24 08:00"),
    ("a visit on a Sunday that is worked", "cn_2026", "2026-02-14 10:00", {"channel": "visit"}, [], [],
     "", "2026-02-14 10:00"),
    ("a visit at eight at night", "cn_2026", "2026-03-06 20:00", {"channel": "visit"}, [], [],
     "CON-3", "2026-03-09 08:00"),
    ("opted out of text messages", "cn_2026", "2026-03-03 09:00", {"channel": "sms"}, [],
     [stop("opt_out", channel="sms")], "CON-2", None),
    ("opted out of text messages, called", "cn_2026", "2026-03-03 09:00", {}, [], [stop("opt_out", channel="sms")],
     "", "2026-03-03 09:00"),
    ("opted out of one number", "cn_2026", "2026-03-03 09:00", {}, [], [stop("opt_out", number="13800000000")],
     "CON-2", None),
    ("opted out of another number", "cn_2026", "2026-03-03 09:00", {}, [], [stop("opt_out", number="010-1")],
     "", "2026-03-03 09:00"),
    ("in hospital until the 10th", "cn_2026", "2026-03-03 23:00", {}, [], [stop("hospitalised", until="2026-03-10")],
     "CON-2", "2026-03-11 08:00"),
    ("out of hospital into a moratorium", "cn_2026", "2026-03-03 09:00", {}, [],
     [stop("hospitalised", until="2026-03-10"), stop("moratorium", "2026-03-09", "2026-03-20", party_no="")],
     "CON-2", "2026-03-21 08:00"),
    ("another debt is disputed", "cn_2026", "2026-03-03 09:00", {}, [], [stop("disputed", party_no="", loans=("L2",))],
     "", "2026-03-03 09:00"),
    ("this debt is disputed", "cn_2026", "2026-03-03 09:00", {}, [], [stop("disputed", party_no="", loans=("L1",))],
     "CON-2", None),
    ("dead: the heirs", "cn_2026", "2026-03-03 09:00", {"party": "heir", "party_no": "H1", "debtor_dead": True}, [],
     [stop("deceased")], "", "2026-03-03 09:00"),
    ("dead: not the borrower", "cn_2026", "2026-03-03 09:00", {}, [], [stop("deceased")], "CON-2", None),
    ("said to be dead: not the borrower", "cn_2026", "2026-03-03 09:00", {"debtor_dead": True}, [], [], "CON-2", None),
    ("alive: no heirs", "cn_2026", "2026-03-03 09:00", {"party": "heir", "party_no": "H1"}, [], [], "CON-1", None),
    ("represented: not the client", "us_regulation_f", "2026-03-03 09:00", {}, [], [stop("represented")],
     "CON-2", None),
    ("represented: the attorney", "us_regulation_f", "2026-03-03 09:00", {"party": "attorney", "party_no": "A1"}, [],
     [stop("represented")], "", "2026-03-03 09:00"),
    ("an attorney of nobody", "cn_2025", "2026-03-03 09:00", {"party": "attorney", "party_no": "A1"}, [], [],
     "CON-1", None),
    ("an attorney from the 9th on", "cn_2025", "2026-03-03 09:00", {"party": "attorney", "party_no": "A1"}, [],
     [stop("represented", "2026-03-09")], "CON-1", "2026-03-09 08:00"),
    ("a court paper at night, after a wish to cease", "us_regulation_f", "2026-03-03 23:00",
     {"channel": "letter", "by_law": True}, [], [stop("cease"), stop("opt_out")], "", "2026-03-03 23:00"),
    ("a court paper to the dead", "cn_2026", "2026-03-03 09:00", {"channel": "letter", "by_law": True}, [],
     [stop("deceased")], "CON-2", None),
    ("a court paper past the attorney", "cn_2026", "2026-03-03 09:00", {"channel": "letter", "by_law": True}, [],
     [stop("represented")], "CON-2", None),
    ("any letter at night", "cn_2026", "2026-03-03 23:00", {"channel": "letter"}, [], [], "CON-3", "2026-03-04 08:00"),
    ("a third person while the debtor can be reached", "cn_2025", "2025-03-03 09:00", LOCATE, [], [], "CON-1", None),
    ("a third person, the debtor is lost", "cn_2026", "2026-03-03 09:00", LOCATE | {"debtor_lost": True}, [], [],
     "", "2026-03-03 09:00"),
    ("a third person, the debtor is dead, 2025", "cn_2025", "2025-03-03 09:00", LOCATE | {"debtor_dead": True}, [], [],
     "", "2025-03-03 09:00"),
    ("a third person, the debtor is dead, 2026", "cn_2026", "2026-03-03 09:00", LOCATE | {"debtor_dead": True}, [], [],
     "CON-1", None),
    ("a third person is told", "cn_2025", "2025-03-03 09:00", LOCATE | {"debtor_lost": True, "mentions_debt": True}, [],
     [], "CON-1", None),
    ("a third person is to pay", "cn_2025", "2025-03-03 09:00", LOCATE | {"debtor_lost": True, "purpose": "collection"},
     [], [], "CON-1", None),
    ("a superior", "cn_2025", "2025-03-03 09:00", LOCATE | {"debtor_lost": True, "at_workplace": True}, [], [],
     "CON-1", None),
    ("a third person who refused, whatever end was entered", "cn_2025", "2025-03-03 09:00",
     LOCATE | {"debtor_lost": True}, [], [stop("refused", "2024-01-01", "2024-02-01", party_no="T1")], "CON-1", None),
    ("who refused, under another name", "cn_2025", "2025-03-03 09:00", LOCATE | {"debtor_lost": True}, [],
     [stop("refused", "2025-01-01", party_no="T2", number=NO["T1"])], "CON-1", None),
    ("a third person at night", "cn_2026", "2026-03-03 23:00", LOCATE | {"debtor_lost": True}, [], [],
     "CON-3", "2026-03-04 08:00"),
    ("at work, 2025", "cn_2025", "2025-03-03 09:00", {"at_workplace": True}, [], [], "", "2025-03-03 09:00"),
    ("at work, 2026", "cn_2026", "2026-03-03 09:00", {"at_workplace": True}, [], [], "CON-9", None),
    ("at work, agreed from the 5th on", "cn_2026", "2026-03-03 09:00", {"at_workplace": True}, [],
     [stop("workplace_agreed", "2026-03-05")], "CON-9", "2026-03-05 08:00"),
    ("at work, refused", "us_regulation_f", "2026-03-03 09:00", {"at_workplace": True}, [],
     [stop("workplace_refused")], "CON-9", None),
    ("nine at night in New York", "us_regulation_f", "2026-03-03 21:00", {}, [], [], "CON-3", "2026-03-04 08:00"),
    ("seven calls since Wednesday", "us_regulation_f", "2026-04-03 18:00", {},
     ["call 2026-04-01 09:00 no"] + [f"call 2026-04-03 {h:02}:00 no" for h in range(9, 15)], [],
     "CON-5", "2026-04-08 08:00"),  # the example of the commentary to 1006.14(b)(2)(i)
    ("seven calls about another debt", "us_regulation_f", "2026-04-03 18:00", {"loans": ("L2",)},
     [f"call 2026-04-03 {h:02}:00 no" for h in range(9, 16)], [], "", "2026-04-03 18:00"),
    ("seven calls about another debt, and now about both", "us_regulation_f", "2026-04-03 18:00",
     {"loans": ("L1", "L2")}, [f"call 2026-04-03 {h:02}:00 no L2" for h in range(9, 16)], [],
     "CON-5", "2026-04-10 08:00"),
    ("a conversation on the 1st, late", "us_regulation_f", "2026-04-07 20:59", {}, ["call 2026-04-01 20:59 yes"], [],
     "CON-6", "2026-04-08 08:00"),
    ("a conversation on the 1st, and an email", "us_regulation_f", "2026-04-02 10:00",
     {"channel": "email", "opt_out_text": True}, ["call 2026-04-01 20:59 yes"], [], "", "2026-04-02 10:00"),
    ("an email that tells no way out", "us_regulation_f", "2026-04-02 10:00", {"channel": "email"}, [], [],
     "CON-8", None),
    ("the night before clocks go forward", "us_regulation_f", "2026-03-07 22:00", {}, [], [],
     "CON-3", "2026-03-08 08:00"),
    ("the night before clocks go back", "us_regulation_f", "2026-10-31 22:00", {}, [], [], "CON-3", "2026-11-01 08:00"),
    ("a conversation before clocks go forward", "us_regulation_f", "2026-03-08 09:00", {},
     ["call 2026-03-02 09:00 yes"], [], "CON-6", "2026-03-09 08:00"),
    ("a conversation before clocks go back", "us_regulation_f", "2026-11-01 09:00", {}, ["call 2026-10-26 09:00 yes"],
     [], "CON-6", "2026-11-02 08:00"),
    ("agreed at an hour that is leapt over", "us_regulation_f", "2026-03-08 00:30", {}, [],
     [stop("hours_agreed", hours=((time(2, 15), time(3, 30)),))], "CON-3", "2026-03-08 03:00"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]}: {case[0]}")
def test_the_gate(case: tuple) -> None:
    _, preset, at, given, past, stops, rule, allowed_from = case
    what = asked(preset, at, **given)
    found = gate(preset, what, made(what.zone, *past), stops)
    assert found.rule == rule, found
    assert found.allowed == (rule == "")
    local = found.allowed_from and found.allowed_from.astimezone(what.zone).replace(tzinfo=None)
    assert local == (datetime.fromisoformat(allowed_from) if allowed_from else None)


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    agreed = [stop("hours_agreed", hours=((time(1), time(1, 30)),))]
    half_past = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)  # the first of two
    found = gate("us_regulation_f", Asked("call", half_past, NEW_YORK, "borrower", "B1"), [], agreed)
    assert found.allowed_from == datetime(2026, 11, 1, 6, 0, tzinfo=UTC), "one o'clock again, by winter time"
    again = gate("us_regulation_f", Asked("call", found.allowed_from, NEW_YORK, "borrower", "B1"), [], agreed)
    assert again.allowed


def test_hours_are_those_of_the_persons_place() -> None:
    noon_in_shanghai = datetime(2026, 3, 3, 12, tzinfo=SHANGHAI)
    there = Asked("call", noon_in_shanghai, NEW_YORK, "borrower", "B1")
    assert gate("us_regulation_f", there).allowed_from == datetime(2026, 3, 3, 8, tzinfo=NEW_YORK)


def test_the_day_before_comes_again_when_a_clock_is_put_back_over_midnight() -> None:
    st_johns = ZoneInfo("America/St_Johns")
    again = datetime(2010, 11, 6, 23, 30, tzinfo=st_johns, fold=1)
    what = Asked("call", again, st_johns, "borrower", "B1")
    ill = [stop("hospitalised", "2010-11-01", "2010-11-06")]
    found = gate("us_regulation_f", what, [], ill)
    assert (found.rule, found.allowed_from) == ("CON-2", datetime(2010, 11, 7, 8, tzinfo=st_johns))
    night = [stop("hours_agreed", "2010-11-07", hours=((time(0), time(1)),))]
    found = gate("us_regulation_f", what, [], [*ill, *night])
    assert found.allowed_from == datetime(2010, 11, 7, 3, 30, tzinfo=UTC), "midnight, the second one"


def test_a_day_whose_midnight_is_leapt_over_begins_at_one() -> None:
    beirut = ZoneInfo("Asia/Beirut")
    assert first_at(date(2026, 3, 29), time(0), beirut).astimezone(beirut).isoformat() == "2026-03-29T01:00:00+03:00"


def test_consent_to_electronic_messages_where_the_policy_asks_for_it() -> None:
    limits = Limits("CN", {"sms": (OUTER["CN"],)}, {}, (), consent_for=("sms",))
    what = asked("cn_2026", "2026-03-03 09:00", channel="sms")
    assert gate("cn_2026", what, limits=limits).rule == "CON-8"
    of_another_number = [stop("electronic_consent", number="010-1")]
    assert not gate("cn_2026", what, [], of_another_number, limits).allowed
    assert gate("cn_2026", what, [], [stop("electronic_consent", channel="sms")], limits).allowed
    later = gate("cn_2026", what, [], [stop("electronic_consent", "2026-03-05")], limits)
    assert later.allowed_from == datetime(2026, 3, 5, 8, tzinfo=SHANGHAI)
    call = gate("cn_2026", asked("cn_2026", "2026-03-03 09:00"), limits=limits)
    assert (call.rule, call.allowed_from) == ("CON-3", None), "a channel without hours is not used"


def test_the_policys_interval_keeps_contacts_about_one_debt_apart(tmp_path: Any) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "policies/cn_2026.toml"\n[contact]\ninterval_days = 7')
    limits = policy.load(file).at(date(2026, 3, 3)).contact.limits
    past = made(SHANGHAI, "sms 2026-03-01 09:00")
    found = gate("cn_2026", asked("cn_2026", "2026-03-03 09:00"), past, limits=limits)
    assert (found.rule, found.allowed_from) == ("CON-5", datetime(2026, 3, 8, 8, tzinfo=SHANGHAI))
    assert gate("cn_2026", asked("cn_2026", "2026-03-03 09:00", loans=("L2",)), past, limits=limits).allowed


def test_chinas_values_hold_from_their_dates() -> None:
    file = policy.load(ROOT / "policy.toml")
    for day, preset in [("2025-02-28", "cn_2025"), ("2026-01-29", "cn_2025"), ("2026-01-30", "cn_2026")]:
        assert file.at(date.fromisoformat(day)).contact.limits == LIMITS[preset]


def test_what_no_policy_can_say() -> None:
    for law, (start, end) in OUTER.items():
        for window in [
            (time(start.hour - 1), end), (start, time(end.hour, 1)), (end, start), (start, start), (start, time(0))
        ]:  # fmt: skip
            with pytest.raises(ValueError, match=f"call within {start:%H:%M}-{end:%H:%M}"):
                Limits(law, {"call": (window,)}, {}, ())


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("third_parties", ["if_lost", "if_unreachable", "never"])
def test_whatever_a_policy_says_nobody_else_is_told(preset: str, third_parties: str) -> None:
    loose = Limits(LIMITS[preset].law, LIMITS[preset].hours, {}, (), third_parties, "unless_refused")
    lost = {"debtor_lost": True, "debtor_dead": True, "debtor_lacks_capacity": True}
    for channel in CHANNELS:
        for wrong in ({"mentions_debt": True}, {"purpose": "collection"}, {"at_workplace": True}):
            what = asked(preset, "2026-03-03 09:00", **(LOCATE | lost | {"channel": channel} | wrong))
            found = gate(preset, what, limits=loose)
            assert (found.allowed, found.rule, found.allowed_from) == (False, "CON-1", None)


def test_wrong_words_are_refused() -> None:
    at = datetime(2026, 3, 3, 9, tzinfo=SHANGHAI)
    with pytest.raises(ValueError, match="channel 'fax'; allowed: call, sms"):
        Asked("fax", at, SHANGHAI, "borrower", "B1")
    with pytest.raises(ValueError, match="party 'boss'; allowed: borrower"):
        Attempt("call", at, "boss", "B1")
    with pytest.raises(ValueError, match="has no time zone"):
        Attempt("call", at.replace(tzinfo=None), "borrower", "B1")
    with pytest.raises(ValueError, match="kind 'asleep'"):
        stop("asleep")
    with pytest.raises(ValueError, match="needs the number of the person"):
        stop("deceased", party_no="")
    with pytest.raises(ValueError, match="only a letter"):
        Asked("call", at, SHANGHAI, "borrower", "B1", by_law=True)
    with pytest.raises(ValueError, match="at least 1"):
        Cap(("call",), 0)


def test_the_policy_knows_the_channels_and_parties_of_the_rule() -> None:
    from postloan.policy import contact

    assert contact.Channel.__args__ == CHANNELS
    assert contact.Party.__args__ == PARTIES


def test_a_long_history_is_judged_quickly() -> None:
    begin = datetime(2020, 1, 1, 9, tzinfo=SHANGHAI)
    past = [Attempt("call", begin + timedelta(hours=6 * n), "borrower", "B1", "1", False) for n in range(9000)]
    assert gate("cn_2026", asked("cn_2026", "2026-03-03 09:00"), past).allowed_from
