"""Branches and partners: business stopped and resumed, head office's inspections (SIG-2, SUP-1)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form


class SuspensionProposal(Form):
    """Risk control proposes to stop business with a branch or partner, or to watch it (SIG-2: 停牌)."""

    decision: Literal["停牌 suspend", "观察 watch"] = Field(title="建议 Proposal")
    reason: str = Field(title="理由 Reasons", min_length=2, max_length=LONG)
    conditions: str = Field("", title="复牌条件 What has to be met to resume", max_length=LONG)

    @property
    def stops(self) -> bool:
        return self.decision.startswith("停牌")


class ResumptionProposal(Form):
    """Risk control proposes to resume business, or to leave it stopped (SIG-2: 复牌)."""

    decision: Literal["复牌 resume", "继续停牌 stay suspended"] = Field(title="建议 Proposal")
    reason: str = Field(title="理由与指标 Reasons and figures", min_length=2, max_length=LONG)

    @property
    def resumes(self) -> bool:
        return self.decision.startswith("复牌")


class OfficeDecision(Form):
    """The authority decides about a proposal (SIG-2)."""

    decision: Literal["同意 approve", "不同意 refuse"] = Field(title="决定 Decision")
    opinion: str = Field(title="意见 Opinion", min_length=2, max_length=LONG)

    @property
    def approved(self) -> bool:
        return self.decision.startswith("同意")


class SupervisionReport(Form):
    """Supervision reports what it found in the sampled files of a branch (SUP-1: 监督检查)."""

    grade: Literal["好 good", "合格 fair", "差 poor"] = Field(title="总体评价 Overall")
    findings: str = Field("", title="问题清单 Findings, one a line (借据号: 问题)", max_length=20_000)
    opinion: str = Field(title="检查意见 Opinion", min_length=2, max_length=LONG)


class Rectification(Form):
    """The branch says how the findings were rectified (SUP-1: 整改)."""

    measures: str = Field(title="整改情况 What was done about each", min_length=2, max_length=20_000)


class RectificationReview(Form):
    """Supervision looks at what was rectified (SUP-1: 整改验收)."""

    decision: Literal["整改到位 rectified", "继续整改 go on"] = Field(title="验收结论 Decision")
    opinion: str = Field(title="验收意见 Opinion", min_length=2, max_length=LONG)

    @property
    def rectified(self) -> bool:
        return self.decision.startswith("整改到位")
