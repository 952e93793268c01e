"""Risk classification: proposed, reviewed, approved."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form

RiskClass = Literal["正常 normal", "关注 special_mention", "次级 substandard", "可疑 doubtful", "损失 loss"]


class ClassificationProposal(Form):
    """The account officer proposes a category, and a plan for a potential-risk customer (CLS-2, SIG-3)."""

    proposed: RiskClass = Field(title="建议分类 Proposed category")
    reason: str = Field(title="分类理由 Reasons", min_length=2, max_length=LONG)
    plan: str = Field("", title="管理方案 Plan, for a potential-risk customer", max_length=LONG)

    @property
    def risk_class(self) -> str:
        return self.proposed.split()[1]


class ClassificationReview(Form):
    """Credit administration reviews the proposal (CLS-2)."""

    decision: Literal["同意 agree", "退回 return"] = Field(title="复核结论 Decision")
    opinion: str = Field(title="复核意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")


class ClassificationApproval(Form):
    """The authority approves or refuses a better category than the rule gives (CLS-2)."""

    decision: Literal["批准 approve", "不批准 refuse"] = Field(title="审批结论 Decision")
    reason: str = Field(title="审批理由 Reasons", min_length=5, max_length=LONG)

    @property
    def approved(self) -> bool:
        return self.decision.startswith("批准")
