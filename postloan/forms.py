"""The forms that people fill in. Titles are what they see, in Chinese and English.

A form holds the business fields only; the human step adds who signs and with which code. No field
is optional in type: an empty string means that nothing was to be said.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LONG = 4000
METHODS = {"实地检查 on site": "on_site", "电话询问 telephone": "telephone", "非现场 off site": "off_site"}
IN_ORDER = "符合 in order"

Method = Literal["实地检查 on site", "电话询问 telephone", "非现场 off site"]
Verdict = Literal["符合 in order", "部分符合 partly", "不符合 not in order"]
SignalKind = Literal[
    "挪用贷款 misuse of proceeds",
    "贷款条件未落实 conditions not fulfilled",
    "法律文件瑕疵 defective documents",
    "经营恶化 business deteriorating",
    "财务恶化 finances deteriorating",
    "抵质押物异常 collateral impaired",
    "保证人异常 guarantor impaired",
    "法定代表人变更 change of legal representative",
    "失联 lost contact",
    "涉诉 litigation",
    "其他 other",
]


class Form(BaseModel):
    """Base of the forms: unknown fields are refused, text is stripped of blanks around it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class FirstInspectionReport(Form):
    """《信贷业务首次检查报告单》, filled in by the account officer (INS-3, INS-4, INS-11)."""

    inspected_on: date = Field(title="检查日期 Inspected on")
    method: Method = Field(title="检查方式 Method")
    place: str = Field("", title="检查地点 Place", max_length=200)
    met: str = Field("", title="接待人及职务 Who was met, position", max_length=100)
    use_of_proceeds: Verdict = Field(title="借款用途 Use of proceeds as agreed")
    use_detail: str = Field("", title="资金实际去向 Where the money went", max_length=LONG)
    conditions: Verdict = Field(title="贷款条件落实 Conditions of the loan fulfilled")
    conditions_detail: str = Field("", title="条件落实说明 Conditions: remarks", max_length=LONG)
    documents: Verdict = Field(title="法律文书合法有效 Legal documents valid")
    documents_detail: str = Field("", title="法律文书说明 Documents: remarks", max_length=LONG)
    operations: str = Field("", title="经营与财务状况 Operations and finances", max_length=LONG)
    security: str = Field("", title="保证人与抵质押物 Guarantors and collateral", max_length=LONG)
    findings: str = Field("", title="检查情况与问题 Findings", max_length=LONG)
    signals: list[SignalKind] = Field(default_factory=list, title="预警信号 Warning signals", max_length=11)
    measures: str = Field("", title="拟采取措施 Proposed measures", max_length=LONG)
    reason_late: str = Field("", title="逾期原因 Reason if late", max_length=1000)

    @property
    def fully_compliant(self) -> bool:
        """INS-3: whether all three subjects are in order."""
        return {self.use_of_proceeds, self.conditions, self.documents} == {IN_ORDER}


class SupervisorSignature(Form):
    """The credit supervisor reads, gives an opinion and signs, or has it inspected again (INS-4, INS-10)."""

    decision: Literal["签字 sign", "退回 return"] = Field(title="决定 Decision")
    opinion: str = Field(title="处理意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")


class RiskReview(Form):
    """Risk control accepts the report or returns it for rework (INS-8)."""

    decision: Literal["合格 accept", "退回 return"] = Field(title="审核结论 Decision")
    opinion: str = Field(title="审核意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")


class UndeliveredNotice(Form):
    """Operations decide what becomes of a notice that could not be sent (MAT-1)."""

    decision: Literal["重发 send again", "已送达 it did arrive", "放弃 give up"] = Field(title="处理 Decision")
    address: str = Field("", title="更正后的地址 Corrected address, if any", max_length=200)
    remark: str = Field(title="说明 Remark", min_length=2, max_length=LONG)
