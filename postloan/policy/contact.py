"""The policy's section on contact with debtors: the hours, days and numbers of the law and our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from postloan.policy.base import Section, TimeZone, key
from postloan.rules.clock import Window
from postloan.rules.contact_limits import Cap, Limits, check_hours

Channel = Literal["call", "sms", "email", "letter", "visit"]
Party = Literal["borrower", "guarantor", "co_debtor", "mortgagor", "pledgor", "attorney", "heir", "third_party"]
Which = Literal["all", "not_sunday", "working"]
Hours = list[Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]]


class ContactCap(Section):
    """At most so many contacts in any run of so many calendar days at the person's place."""

    channels: list[Channel] = key("CON-5", "what is counted, and what is refused once it is full", min_length=1)
    most: int = key("CON-5", "at most so many", "contacts", ge=1, le=1000)
    days: int = key("CON-5", "in so many consecutive days; 1: a day", "calendar days", default=1, ge=1, le=366)
    of: Literal["attempts", "conversations", "unanswered"] = key(
        "CON-5",
        "CON-6: conversations, CON-7: unanswered attempts; outcome unknown: both",
        default="attempts",
    )
    per: Literal["person", "debt", "number"] = key("CON-5", "debt: a person and a debt", default="person")
    parties: list[Party] = key("CON-5", "own; persons that it is for; none: all", default=[])


class ContactPolicy(Section):
    """Contact with debtors. That third persons are never told of the debt nor approached where they work, and
    that nobody is contacted outside the law's hours without having agreed, no value here can change."""

    law: Literal["CN", "US"] = key(
        "CON-3", "GB/T 45251-2025: 22:00-08:00不得催收; 12 CFR 1006.6(b): 08:00-21:00; hours beyond are refused"
    )
    hours: dict[Channel, Hours] = key(
        "CON-3", 'own within the law; at the person\'s place; none: not used; "08:00-22:00" is until 22:00 exactly'
    )
    days: dict[Channel, Which] = key(
        "CON-4", "own; days on which a channel is used: all, not_sunday, working; without one: all"
    )
    caps: list[ContactCap] = key(
        "CON-5",
        "GB/T 45251-2025: 每日有效通话不超过3次; 中国银行业协会指引 (2026): 同一号码未接通每日不超过6次; "
        "12 CFR 1006.14(b)(2): 7 calls in 7 days, none for 7 days after a conversation",
    )
    own_caps: list[ContactCap] = key("CON-5", "own; beside those of the law")
    interval_days: int = key(
        "CON-5",
        "reported of GB/T 45251-2025, unconfirmed: 7 days for one product; 0: none",
        "calendar days from one call, message or visit about a debt to the next",
        ge=0,
        le=366,
    )
    third_parties: Literal["if_lost", "if_unreachable", "never"] = key(
        "CON-1",
        "GB/T 45251-2025: lost, dead or incapable (if_unreachable); 指引 (2026): 仅在债务人失联时 (if_lost)",
    )
    workplace: Literal["unless_refused", "if_agreed", "never"] = key(
        "CON-9", "指引 (2026): 严禁未经同意进入债务人办公区域; 12 CFR 1006.6(b)(3): unless refused"
    )
    zones: dict[str, TimeZone] = key(
        "CON-3", "own; the time zone of the people of a branch, by its number; none: the institution's", default={}
    )
    consent_for: list[Literal["sms", "email"]] = key("CON-8", "own; electronic channels only with consent")
    opt_out_text: bool = key("CON-8", "12 CFR 1006.6(e): each electronic message says how to opt out")

    def zone(self, branch_no: str, institution: ZoneInfo) -> ZoneInfo:
        """The time zone of the place where a branch's borrowers are."""
        return ZoneInfo(self.zones[branch_no]) if branch_no in self.zones else institution

    @property
    def limits(self) -> Limits:
        """The plain values that the gate works with."""
        caps = [_cap(cap) for cap in (*self.caps, *self.own_caps)]
        if self.interval_days:
            caps.append(Cap(("call", "sms", "email", "visit"), 1, self.interval_days, per="debt"))
        return Limits(
            law=self.law,
            hours=_windows(self.hours),
            days={channel: which for channel, which in self.days.items()},
            caps=tuple(caps),
            third_parties=self.third_parties,
            workplace=self.workplace,
            consent_for=tuple(self.consent_for),
            opt_out_text=self.opt_out_text,
        )

    @field_validator("hours")
    @classmethod
    def _within_the_law(cls, hours: dict[Channel, Hours], info: ValidationInfo) -> dict[Channel, Hours]:
        if "law" in info.data:  # else it is refused itself
            check_hours(info.data["law"], _windows(hours))
        return hours


def _cap(cap: ContactCap) -> Cap:
    return Cap(tuple(cap.channels), cap.most, cap.days, cap.of, cap.per, tuple(cap.parties))


def _windows(hours: Mapping[Channel, Sequence[str]]) -> dict[str, tuple[Window, ...]]:
    return {channel: tuple(_window(text) for text in texts) for channel, texts in hours.items()}


def _window(text: str) -> Window:
    start, end = (time.fromisoformat(part) for part in text.split("-"))
    return start, end
