"""How a report calls things, in Chinese or English, and how it writes numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from postloan.policy import Policy
from postloan.reports.quality import GONE, NEW
from postloan.rules import kinds
from postloan.rules.words import word

ELSEWHERE = {NEW: ("新发放", "new"), GONE: ("已结清", "settled")}
HEAD_OFFICE = ("总行", "Head office")
KINDS_OF_STOP = {"branch": ("机构", "branch"), "partner": ("合作机构", "partner")}
# Amounts in charts and headlines, by language: from how much on, the unit, and what it is called.
UNITS = {
    "zh": ((Decimal(10**8), "亿"), (Decimal(10**4), "万"), (Decimal(1), "")),
    "en": ((Decimal(10**9), "bn"), (Decimal(10**6), "m"), (Decimal(10**3), "k"), (Decimal(1), "")),
}


def percent(value: Decimal | None, places: int = 2) -> str:
    """A share of 0 to 1 as percent; a dash for none."""
    return "—" if value is None else f"{value * 100:.{places}f}%"


def points(now: Decimal | None, before: Decimal | None) -> str:
    """The difference of two shares in percentage points, signed; "" where one is not known."""
    return "" if now is None or before is None else f"{(now - before) * 100:+.2f}"


@dataclass(frozen=True)
class Words:
    """One language's words.

    Attributes:
        language: zh or en.
        branches: names by branch number.
        lapsing: titles of the policy's own kinds of cases, documents that lapse.
    """

    language: str
    branches: Mapping[str, str]
    lapsing: Mapping[str, str]

    @classmethod
    def of(cls, policy: Policy, branches: Mapping[str, str]) -> Words:
        """The words of an institution."""
        return cls(policy.institution.language, branches, {kind: t.title for kind, t in policy.ticklers.items()})

    def pick(self, zh: str, en: str) -> str:
        """The word of this language."""
        return zh if self.language == "zh" else en

    def risk_class(self, name: str) -> str:
        """A category, or where loans are that have none."""
        if name in ELSEWHERE:
            return self.pick(*ELSEWHERE[name])
        return word(name, "risk_class", self.language)

    def bucket(self, name: str) -> str:
        """Months past due."""
        return word(name, "bucket", self.language)

    def measure(self, name: str) -> str:
        """A measure of recovery."""
        return word(name, "measure", self.language)

    def branch(self, number: str | None) -> str:
        """A branch by number and name; None is all of them together."""
        if number is None:
            return self.pick("全行", "All")
        if not number:
            return self.pick(*HEAD_OFFICE)
        name = self.branches.get(number, "")
        return f"{number} {name}" if name and name != number else number

    def short_branch(self, number: str) -> str:
        """A branch by its name alone, for charts."""
        return self.branches.get(number) or number or self.pick(*HEAD_OFFICE)

    def signal(self, kind: str) -> str:
        """A kind of warning signal."""
        return word(kind, "signal", self.language)

    def case(self, kind: str) -> str:
        """A kind of case."""
        return self.lapsing.get(kind) or kinds.title(kind, self.language)

    def stop(self, kind: str) -> str:
        """Whether a branch or a partner is suspended."""
        return self.pick(*KINDS_OF_STOP[kind])

    def unit(self, largest: Decimal) -> tuple[Decimal, str]:
        """The unit in which amounts up to the largest are easy to read: what to divide by, and its name."""
        units = UNITS[self.language]
        return next((unit for unit in units if abs(largest) >= unit[0]), units[-1])

    def amount(self, value: Decimal) -> str:
        """An amount in a unit that is easy to read, to two places."""
        divisor, name = self.unit(value)
        return f"{value / divisor:,.2f}{' ' if self.language == 'en' and name else ''}{name}"

    def signed(self, value: Decimal) -> str:
        """A difference of amounts, with its sign."""
        return f"{'-' if value < 0 else '+'}{self.amount(abs(value))}"


def shown(value: Any, kind: str) -> str:
    """A value of a table as text: counts and money with thousands separators, shares in percent."""
    if value is None or value == "":
        return "—"
    if kind == "money":
        return f"{value:,.2f}"
    if kind == "count":
        return f"{value:,}"
    if kind == "share":
        return percent(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
