"""What a policy may lay down about contact with debtors, and the hours beyond which none reaches (CON-3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from postloan.rules.clock import Window

CHANNELS = ("call", "sms", "email", "letter", "visit")
ELECTRONIC = ("sms", "email")
DEBTORS = ("borrower", "guarantor", "co_debtor", "mortgagor", "pledgor")
# An heir answers with the estate, an attorney for who is represented; whoever else there is, is a third party.
PARTIES = (*DEBTORS, "attorney", "heir", "third_party")
COUNTED = ("attempts", "conversations", "unanswered")
SCOPES = ("person", "debt", "number")
THIRD_PARTIES = ("if_lost", "if_unreachable", "never")  # unreachable: lost, dead or without capacity
WORKPLACES = ("unless_refused", "if_agreed", "never")
DAYS = ("all", "not_sunday", "working")

# No policy reaches beyond these hours, only the person's own agreement does.
OUTER: dict[str, Window] = {
    "CN": (time(8), time(22)),  # GB/T 45251-2025: none from 22:00 to 08:00
    "US": (time(8), time(21)),  # 12 CFR 1006.6(b)(1)(i)
}


@dataclass(frozen=True)
class Cap:
    """At most so many in any run of so many calendar days. One conversation in seven days is a pause of
    seven days after it, one attempt an interval between attempts."""

    channels: tuple[str, ...]
    most: int
    days: int = 1
    of: str = "attempts"
    per: str = "person"
    parties: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        return {"attempts": "CON-5", "conversations": "CON-6", "unanswered": "CON-7"}[self.of]

    def __post_init__(self) -> None:
        for channel in self.channels:
            check("channel", channel, CHANNELS)
        for party in self.parties:
            check("party", party, PARTIES)
        check("of", self.of, COUNTED)
        check("per", self.per, SCOPES)
        if self.most < 1 or self.days < 1:
            raise ValueError("a cap is of at least 1 in at least 1 day")


@dataclass(frozen=True)
class Limits:
    """What the policy lays down. A channel without hours is not used.

    Raises ValueError if the hours reach beyond those of the law.
    """

    law: str
    hours: Mapping[str, tuple[Window, ...]]
    days: Mapping[str, str]
    caps: tuple[Cap, ...]
    third_parties: str = "never"
    workplace: str = "never"
    consent_for: tuple[str, ...] = ()
    opt_out_text: bool = False

    def __post_init__(self) -> None:
        check("law", self.law, tuple(OUTER))
        check("third_parties", self.third_parties, THIRD_PARTIES)
        check("workplace", self.workplace, WORKPLACES)
        check_hours(self.law, self.hours)
        for channel, which in self.days.items():
            check("channel", channel, CHANNELS)
            check("days", which, DAYS)


def check_hours(law: str, hours: Mapping[str, tuple[Window, ...]]) -> None:
    """Raises ValueError, for people, if hours reach beyond those of the law (CON-3)."""
    earliest, latest = OUTER[law]
    for channel, windows in hours.items():
        check("channel", channel, CHANNELS)
        for start, end in windows:
            if start < earliest or not start < end <= latest:
                raise ValueError(
                    f"allowed: {channel} within {earliest:%H:%M}-{latest:%H:%M}, the hours of the law "
                    f"({law}), not {start:%H:%M}-{end:%H:%M}"
                )


def check(what: str, given: str, allowed: Sequence[str]) -> None:
    if given not in allowed:
        raise ValueError(f"{what} {given!r}; allowed: {', '.join(a for a in allowed if a)}")
