"""The policy's section on contacts: which law holds, and where the institution is stricter (CON-1 to CON-5)."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, model_validator

from postloan.policy.base import Section, TimeZone, key
from postloan.rules.contact import LAWS, Cap, Limits


def _known_law(name: str) -> str:
    if name not in LAWS:
        raise ValueError(f"allowed: one of {', '.join(LAWS)}")
    return name


def _hour(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError:
        raise ValueError("allowed: an hour of the day such as 09:00") from None
    return text


Hour = Annotated[str, AfterValidator(_hour)]


class ContactCap(Section):
    """No more contacts than so many in so many days; beside those of the law."""

    channels: list[Literal["call", "sms", "email", "visit"]] = key("CON-3", "own; counted together", min_length=1)
    count: int = key("CON-3", "own", "contacts", ge=0, le=1000)
    days: int = key("CON-3", "own; consecutive days, 1: the day", "calendar days", ge=1, le=366)
    counted: Literal["attempts", "conversations", "unanswered"] = key("CON-3", "own", default="attempts")
    per: Literal["debtor", "debt", "number"] = key("CON-3", "own", default="debtor")


class ContactPolicy(Section):
    law: Annotated[str, AfterValidator(_known_law)] = key(
        "CON-1", "cn: GB/T 45251-2025, 中国银行业协会催收工作指引 (2026-01); us: 12 CFR 1006; what no policy widens"
    )
    time_zone: TimeZone | Literal[""] = key("CON-2", "own; of the borrowers' place; empty: the institution's")
    opens: Hour = key("CON-2", "22:00至次日8:00不得催收; own", "hour")
    closes: Hour = key("CON-2", "22:00至次日8:00不得催收; own", "hour, exclusive")
    caps: list[ContactCap] = key("CON-3", "own; beside those of the law")
    visits_on_days_off: bool = key("CON-2", "own; visits on holidays and at weekends")
    electronic_consent: bool = key("CON-4", "own; messages only to who agreed to them")

    @model_validator(mode="after")
    def _within_the_law(self) -> ContactPolicy:
        opens, closes = time.fromisoformat(self.opens), time.fromisoformat(self.closes)
        for law in LAWS[self.law]:
            if not law.opens <= opens < closes <= law.closes:
                hours = f"{law.opens:%H:%M} and {law.closes:%H:%M}"
                raise ValueError(f"allowed: hours between {hours}; the law lets no policy widen them: {law.source}")
        return self

    def limits(self, institution: ZoneInfo) -> Limits:
        """The limits as the rule takes them."""
        return Limits(
            LAWS[self.law],
            ZoneInfo(self.time_zone) if self.time_zone else institution,
            time.fromisoformat(self.opens),
            time.fromisoformat(self.closes),
            tuple(Cap(c.count, tuple(c.channels), c.days, c.counted, c.per) for c in self.caps),
            self.visits_on_days_off,
            self.electronic_consent,
        )
