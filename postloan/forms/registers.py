"""Use of proceeds, the work log, the ledger's balances, plans (REC-2 to REC-4, SIG-3)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form


class PaymentReview(Form):
    """The officer checks a drawdown or payment against the agreed purpose (REC-4: 用款审核)."""

    decision: Literal["同意 approve", "不同意 refuse"] = Field(title="审核结论 Decision")
    fits_purpose: Literal["符合 yes", "不符合 no"] = Field(title="符合约定用途 For the agreed purpose")
    evidence: Literal["已见合同或发票 seen", "未见 not seen"] = Field(title="交易凭证 Contract or invoice")
    payee_checked: Literal["真实且无关联 genuine, unrelated", "关联方 related party", "未核实 not checked"] = Field(
        title="收款人核实 The payee"
    )
    opinion: str = Field(title="审核意见 Opinion", min_length=2, max_length=LONG)

    @property
    def approved(self) -> bool:
        return self.decision.startswith("同意")


class PaymentDecision(Form):
    """A level above decides about a drawdown or payment (REC-4: 分级审核)."""

    decision: Literal["同意 approve", "不同意 refuse"] = Field(title="审批结论 Decision")
    opinion: str = Field(title="审批意见 Opinion", min_length=2, max_length=LONG)

    @property
    def approved(self) -> bool:
        return self.decision.startswith("同意")


class PaymentUse(Form):
    """The officer enters where the money went (REC-4: 资金流向监控)."""

    paid_on: date = Field(title="实际支付日 Paid on")
    as_agreed: Literal["与约定一致 as agreed", "不一致 otherwise"] = Field(title="资金流向 Where it went")
    flow: str = Field(title="资金流向说明 Account by account", min_length=2, max_length=LONG)

    @property
    def misused(self) -> bool:
        return self.as_agreed.startswith("不一致")


class WorkLogRecord(Form):
    """The officer enters what was done for the borrower in the month (REC-3: 工作日志)."""

    activity: Literal[
        "现场检查 on_site", "电话 telephone", "非现场 off_site", "数据分析 analysis", "资料收集 data_collection"
    ] = Field(title="工作内容 Activity")
    acted_on: date = Field(title="日期 Done on")
    content: str = Field(title="有价值的信息 What was learnt", min_length=5, max_length=LONG)

    @property
    def kind(self) -> str:
        return self.activity.split()[1]


class WorkLogOpinion(Form):
    """The head reads the entries and opines (REC-3: 主管签署意见)."""

    opinion: str = Field(title="审阅意见 Opinion", min_length=2, max_length=LONG)


class LedgerCheck(Form):
    """The balances are checked against the general ledger (REC-2: 逐笔结转)."""

    decision: Literal["相符 agree", "不符 differ"] = Field(title="核对结果 Result")
    differences: str = Field("", title="差异说明 Differences", max_length=LONG)

    @property
    def agree(self) -> bool:
        return self.decision.startswith("相符")


class PlanFollowUp(Form):
    """The officer follows up the plan for a potential-risk customer (SIG-3)."""

    progress: str = Field(title="方案执行情况 What was done", min_length=2, max_length=LONG)
    result: Literal["按方案推进 on plan", "偏离方案 off plan", "风险已化解 resolved"] = Field(title="进展 State")
    new_plan: str = Field("", title="调整后的方案 Changed plan, if any", max_length=LONG)

    @property
    def resolved(self) -> bool:
        return self.result.startswith("风险已化解")

    @property
    def off_plan(self) -> bool:
        return self.result.startswith("偏离")
