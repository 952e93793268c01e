"""Extension, renewal, refinancing, rescheduling (EXT-1 to EXT-4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form
from postloan.forms.maturity import MONEY, NO_MONEY

RATE = r"^[0-9]{1,2}(\.[0-9]{1,6})?$"
DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"
VARIANTS = {
    "展期 extension": "extension",
    "续贷 renewal": "renewal",
    "借新还旧 refinancing": "refinancing",
    "重组 rescheduling": "rescheduling",
}
METHODS = {
    "到期一次还本付息 bullet": "bullet",
    "按期付息到期还本 interest only": "interest_only",
    "等额本金 equal principal": "equal_principal",
    "等额本息 equal instalments": "equal_instalment",
}


class ExtensionApplication(Form):
    """The borrower's application, as the officer received it (EXT-1: 贷款展期申请书); or that he does not apply."""

    decision: Literal["登记申请 enter", "不再申请 withdraw"] = Field(title="办理结果 Result")
    variant: Literal[tuple(VARIANTS)] = Field(title="种类 Kind")  # type: ignore[valid-type]
    applied_on: date = Field(title="收到申请的日期 Received on")
    until_on: date = Field(title="申请的新到期日 New maturity asked for")
    amount: str = Field(title="申请金额(本金) Principal asked for", pattern=MONEY)
    reason: str = Field(title="申请理由 Reasons", min_length=5, max_length=LONG)
    source: str = Field(title="届时还款来源 Source of repayment then", min_length=2, max_length=LONG)
    documents: str = Field("", title="所附材料 Enclosed", max_length=LONG)

    @property
    def withdrawn(self) -> bool:
        return self.decision.startswith("不再申请")

    @property
    def code(self) -> str:
        return VARIANTS[self.variant]

    @property
    def money(self) -> Decimal:
        return Decimal(self.amount).quantize(Decimal("0.01"))


class LateDecision(Form):
    """The authority takes what came too late, or does not (EXT-1, EXT-2)."""

    decision: Literal["同意受理 take it", "不予受理 refuse"] = Field(title="决定 Decision")
    reason: str = Field(title="理由 Reasons", min_length=5, max_length=LONG)

    @property
    def taken(self) -> bool:
        return self.decision.startswith("同意")


class ExtensionInvestigation(Form):
    """The officer's investigation and post-evaluation, with the terms that are proposed (EXT-2)."""

    changed: str = Field(title="项目情况发生的变化 What has changed", min_length=5, max_length=LONG)
    evaluation: str = Field(title="后评价 Post-evaluation", min_length=5, max_length=LONG)
    first_source: str = Field(title="第一还款来源 First source of repayment", min_length=2, max_length=LONG)
    security: str = Field(title="保证人及抵质押物 Guarantors and collateral", min_length=1, max_length=LONG)
    conclusion: Literal["同意上报 propose", "不同意 do not propose"] = Field(title="调查结论 Conclusion")
    until_on: date = Field(title="建议的新到期日 New maturity proposed")
    amount: str = Field(title="建议金额(本金) Principal proposed", pattern=MONEY)
    annual_rate: str = Field(title="年利率 (%) Annual rate", pattern=RATE)
    repayment: Literal[tuple(METHODS)] = Field(title="还款方式 Repayment")  # type: ignore[valid-type]
    every_months: int = Field(1, title="每几个月一期 Months between instalments", ge=1, le=12)
    reason_for_reject: str = Field("", title="不同意的理由 Reasons against", max_length=LONG)

    @property
    def proposed(self) -> bool:
        return self.conclusion.startswith("同意")

    @property
    def method(self) -> str:
        return METHODS[self.repayment]

    @property
    def money(self) -> Decimal:
        return Decimal(self.amount).quantize(Decimal("0.01"))


class Consents(Form):
    """The consents in writing of guarantors, owners of collateral and the consignor (EXT-3). A path's form
    offers them by name."""

    result: Literal["已全部取得 all obtained", "无法取得 cannot be obtained"] = Field(title="结果 Result")
    given_on: date = Field(title="最后一份同意书的日期 Date of the last one")
    document: str = Field("", title="同意书编号 Letters of consent", max_length=500)
    remark: str = Field("", title="说明 Remarks", max_length=LONG)

    @property
    def obtained(self) -> bool:
        return self.result.startswith("已全部取得")


class CommitteePapers(Form):
    """The committee's secretary prepares the papers (EXT-4)."""

    meeting: str = Field(title="会议届次与日期 Meeting", min_length=2, max_length=200)
    attendance: str = Field(title="应到、实到委员 Members present", min_length=1, max_length=LONG)
    summary: str = Field(title="审议材料摘要 Summary of the papers", min_length=5, max_length=LONG)


class ExtensionDecision(Form):
    """A level approves, rejects, reduces or returns (EXT-4)."""

    decision: Literal["同意 approve", "缩减 reduce", "不同意 reject", "退回 return"] = Field(title="决定 Decision")
    until_on: str = Field("", title="缩减后的到期日 Reduced: until (YYYY-MM-DD)", pattern=DAY)
    amount: str = Field("", title="缩减后的金额 Reduced: principal", pattern=NO_MONEY)
    opinion: str = Field(title="意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")

    @property
    def rejected(self) -> bool:
        return self.decision.startswith("不同意")

    @property
    def reduced(self) -> bool:
        return self.decision.startswith("缩减")


class ContractSigned(Form):
    """The extension contract as signed by all parties (EXT-1)."""

    result: Literal["已签订 signed", "未签订 not signed"] = Field(title="结果 Result")
    contract_no: str = Field("", title="合同编号 Contract number", max_length=100)
    signed_on: date = Field(title="签订日期 Signed on")
    new_loan_no: str = Field("", title="新借据号(续贷、借新还旧) New loan number", max_length=64)
    remark: str = Field("", title="说明 Remarks", max_length=LONG)

    @property
    def signed(self) -> bool:
        return self.result.startswith("已签订")
