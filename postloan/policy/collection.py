"""The policy's section on collection: stages, rhythm, promises, when a borrower is lost, demand notices."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from postloan.policy.base import Role, Section, key
from postloan.rules.collection import CURRENT

# The stages in order, each with the first day past due that it begins on.
Ladder = tuple[tuple[str, int], ...]


class CollectionStage(Section):
    name: str = key("COL-1", "M1, M2, M3 …; own names for the first days", pattern=r"^[A-Za-z][A-Za-z0-9+_]{0,15}$")
    from_days: int = key("COL-1", "own", "days past due, pauses left out", ge=1, le=3660)


class Rhythm(Section):
    """COL-3: what is done in a stage, and how often; the first that fits a loan."""

    stage: str = key("COL-3", "own; the stage that it is for")
    segments: list[str] = key("COL-3", "own; the borrowers' segments that it is for; none: all", default=[])
    borrower_kinds: list[Literal["corporate", "small_enterprise", "personal"]] = key(
        "COL-3", "own; the kinds of borrowers that it is for; none: all", default=[]
    )
    securities: list[Literal["credit", "guaranteed", "mortgaged", "pledged"]] = key(
        "COL-3", "own; the securities that it is for; none: all", default=[]
    )
    message_days: int = key("COL-3", "own; a message this often; 0: none", "calendar days", default=0, ge=0, le=366)
    contact_days: int = key(
        "COL-3", "own; a call or a visit this often; 0: no case", "calendar days", default=0, ge=0, le=366
    )
    visit: bool = key("COL-3", "own; a visit is expected rather than a call", default=False)
    demand: bool = key("COL-7", "own; a demand notice goes out when the stage begins", default=False)
    collector: Role = key("COL-3", "own; who does it", default="account_officer")


class CollectionPolicy(Section):
    stages: list[CollectionStage] = key("COL-1", "own; in rising order", min_length=1, max_length=20)
    rhythm: list[Rhythm] = key("COL-3", "own; the first that fits", min_length=1)
    pay_days: list[int] = key("COL-3", "每月5日、10日、15日、28日、30日为催收高峰", "days of the month", max_length=31)
    redefault_months: int = key(
        "COL-1", "own; past due again so soon after a cure is a re-default", "calendar months", ge=1, le=120
    )
    first_contact_days: int = key("COL-3", "own; from the opening to the first contact", "calendar days", ge=0, le=60)
    diagnose_days: int = key("COL-5", "own; from the opening to the diagnosis", "calendar days", ge=0, le=366)
    step_working_days: int = key("COL-3", "own; for each step of the supervisor", "working days", ge=0, le=60)
    promise_max_days: int = key("COL-4", "own; no promise is taken for longer", "calendar days", ge=1, le=366)
    lost_numbers: int = key("COL-6", "三个不同号码", "numbers", ge=1, le=10)
    lost_parts_of_day: int = key("COL-6", "三个不同时段", "parts of the day", ge=1, le=3)
    lost_calls: int = key("COL-6", "各拨打三次", "calls to each number", ge=1, le=10)
    pause_authority: Role = key("COL-2", "own; who grants a pause of the clock")
    pause_max_days: int = key("COL-2", "own; no pause is longer", "calendar days", ge=1, le=3660)
    slip_days: int = key("COL-7", "收回催收通知书, 客户签字后收回存档; own", "calendar days", ge=0, le=366)

    @model_validator(mode="after")
    def _in_order(self) -> CollectionPolicy:
        days = [stage.from_days for stage in self.stages]
        names = [stage.name for stage in self.stages]
        if days != sorted(set(days)) or len(set(names)) < len(names) or CURRENT in names:
            raise ValueError(f'allowed: stages with rising from_days and names of their own, not "{CURRENT}"')
        unknown = sorted({row.stage for row in self.rhythm} - set(names))
        if unknown:
            raise ValueError(f"allowed: a rhythm for one of {', '.join(names)}; not {unknown[0]}")
        if any(not 1 <= day <= 31 for day in self.pay_days):
            raise ValueError("allowed: pay days from 1 to 31")
        return self

    def ladder(self) -> Ladder:
        """The stages as the rule takes them."""
        return tuple((stage.name, stage.from_days) for stage in self.stages)

    def rhythm_of(self, stage: str, segment: str, borrower_kind: str, security: str) -> Rhythm | None:
        """The first rhythm that fits a loan in a stage; None where nothing is to be done."""
        for row in self.rhythm:
            if (
                row.stage == stage
                and (not row.segments or segment in row.segments)
                and (not row.borrower_kinds or borrower_kind in row.borrower_kinds)
                and (not row.securities or security in row.securities)
            ):
                return row
        return None
