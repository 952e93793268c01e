"""The policy's section on the workout of loans that are not performing."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from postloan.policy.base import Role, Section, key
from postloan.rules.collection import CAUSES
from postloan.rules.kinds import KINDS
from postloan.rules.workout import Limits


def _known_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"allowed: a kind of case, one of {', '.join(KINDS)}")
    return name


Kind = Annotated[str, AfterValidator(_known_kind)]
RiskClass = Literal["special_mention", "substandard", "doubtful", "loss"]


def _known_cause(name: str) -> str:
    if name not in CAUSES:
        raise ValueError(f"allowed: a cause of default, one of {', '.join(CAUSES)}")
    return name


Cause = Annotated[str, AfterValidator(_known_cause)]


class WorkoutTier(Section):
    """Which levels decide about a plan, up to an amount."""

    up_to: Decimal | None = key(
        "WO-3", "own; principal and interest that are unpaid; none: any", "currency", default=None, gt=0
    )
    levels: list[Role] = key("WO-3", "own; in order, each another person", min_length=1, max_length=6)


class WorkoutPolicy(Section):
    """From the transfer to the last recovery (不良处置)."""

    transfer_days: int = key("WO-1", "own; a loan so long past due is transferred", "calendar days", ge=1, le=3660)
    transfer_classes: list[RiskClass] = key("WO-1", "形成不良的移交处置; own: also by the category that was decided")
    handover_days: int = key("WO-1", "own; until the officer hands the file over", "calendar days", ge=0, le=366)
    file_items: list[Annotated[str, Field(min_length=1, max_length=100)]] = key(
        "WO-1", "own; the complete file: what the checklist names", min_length=1, max_length=40
    )
    authority: Role = key("WO-1", "own; who approves a transfer")
    manager: Role = key("WO-1", "法律资产保全部; own: who takes over and works the loan out")
    head: Role = key("WO-3", "own; who signs plans and the reports on milestones")
    step_working_days: int = key("WO-1", "own; for each signature", "working days", ge=0, le=60)

    investigators: list[Role] = key(
        "WO-2",
        "责任认定不得由发放贷款的同一链条作出; own: the first role in which somebody had nothing to do with the loan",
        min_length=1,
    )
    determiner: Role = key("WO-2", "own; who determines the responsibility")
    supervisor: Role = key("WO-2", "追责: 移交监察部门; own: who signs for it")
    granting: list[Kind] = key("WO-2", "own; kinds of cases whose signers granted the loan or what came of it")
    answer_working_days: int = key("WO-2", "own; for the statement of a person concerned", "working days", ge=0, le=60)

    discount_rate: Decimal = key("WO-3", "own; alternatives are compared at it", "percent per year", ge=0, le=100)
    tiers: list[WorkoutTier] = key("WO-3", "own amounts; the first that fits decides", min_length=1)

    preservation_causes: list[Cause] = key(
        "WO-4", "死亡、下落不明、资不抵债: 立即保全; causes of a diagnosis that call for preservation"
    )
    preservation_days: int = key("WO-4", "先保全者先受偿; own: until it is applied for", "calendar days", ge=0, le=60)
    acceptance_days: int = key("WO-4", "民事诉讼法 126: 七日内立案", "calendar days", ge=1, le=366)
    suit_days: int = key("WO-4", "民事诉讼法 104: 保全后三十日内起诉", "calendar days", ge=1, le=366)
    appeal_days: int = key("WO-4", "民事诉讼法 171: 判决书送达之日起十五日内", "calendar days", ge=1, le=366)
    enforcement_years: int = key("WO-4", "民事诉讼法 250: 申请执行的期间为二年", "years", ge=1, le=20)
    deposits_years: int = key("WO-4", "民诉法解释 485: 银行存款一年", "years", ge=1, le=20)
    movables_years: int = key("WO-4", "民诉法解释 485: 动产两年", "years", ge=1, le=20)
    real_estate_years: int = key("WO-4", "民诉法解释 485: 不动产、其他财产权三年", "years", ge=1, le=20)
    renewal_days: int = key(
        "WO-4", "财产保全规定 18: 届满七日前; own: longer before", "calendar days before the end", ge=7, le=366
    )

    write_off_authority: Role = key("WO-5", "金融企业呆账核销管理办法 (2017); own: who decides last, after the tier")
    review_months: int = key("WO-6", "账销案存; own: a loan written off is looked at again", "months", ge=1, le=60)
    review_opens_days: int = key("WO-6", "own; the case opens so long before", "calendar days", ge=0, le=60)

    @property
    def limits(self) -> Limits:
        """What the law gives, for the rules."""
        return Limits(
            acceptance_days=self.acceptance_days,
            suit_days=self.suit_days,
            appeal_days=self.appeal_days,
            enforcement_years=self.enforcement_years,
            deposits_years=self.deposits_years,
            movables_years=self.movables_years,
            real_estate_years=self.real_estate_years,
            renewal_days=self.renewal_days,
        )

    @model_validator(mode="after")
    def _nothing_falls_through(self) -> WorkoutPolicy:
        if all(tier.up_to is not None for tier in self.tiers):
            raise ValueError("allowed: a last tier without up_to")
        return self
