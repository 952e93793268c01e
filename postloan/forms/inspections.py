"""The reports of inspections."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form

METHODS = {"实地检查 on site": "on_site", "电话询问 telephone": "telephone", "非现场 off site": "off_site"}
IN_ORDER = "符合 in order"

Method = Literal["实地检查 on site", "电话询问 telephone", "非现场 off site"]
Verdict = Literal["符合 in order", "部分符合 partly", "不符合 not in order"]
# Written out, as the types must know them; a test compares them with rules.signals.
SignalKind = Literal[
    "挪用贷款 misuse of proceeds",
    "贷款条件未落实 conditions not fulfilled",
    "法律文件瑕疵 defective documents",
    "经营恶化 business deteriorating",
    "财务恶化 finances deteriorating",
    "抵质押物异常 collateral impaired",
    "保证人异常 guarantor impaired",
    "法定代表人变更 change of legal representative",
    "登记事项变更 change of registration",
    "失联 lost contact",
    "涉诉 litigation",
    "贷款逾期 overdue",
    "他处逾期 overdue elsewhere",
    "评级下调 rating downgrade",
    "押品覆盖不足 cover short",
    "资料逾期未交 exception",
    "其他 other",
]


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
    signals: list[SignalKind] = Field(default_factory=list, title="预警信号 Warning signals", max_length=20)
    measures: str = Field("", title="拟采取措施 Proposed measures", max_length=LONG)
    reason_late: str = Field("", title="逾期原因 Reason if late", max_length=1000)

    @property
    def fully_compliant(self) -> bool:
        """INS-3: whether all three subjects are in order."""
        return {self.use_of_proceeds, self.conditions, self.documents} == {IN_ORDER}


Subject = Literal["正常 in order", "有异常 not in order", "不适用 not applicable"]
NOT_APPLICABLE = "不适用 not applicable"
Trend = Literal["改善 better", "稳定 stable", "下滑 worse"]


class Inspected(Form):
    """What every report of a routine or special inspection says."""

    inspected_on: date = Field(title="检查日期 Inspected on")
    method: Method = Field(title="检查方式 Method")
    place: str = Field("", title="检查地点 Place", max_length=200)
    met: str = Field("", title="接待人及职务 Who was met, position", max_length=100)


class RoutineInspectionReport(Inspected):
    """《信贷资产检查报告》, filled in by the account officer (INS-5, INS-8, INS-11)."""

    operations: Subject = Field(title="经营或收入 Operations, or income of a person")
    operations_detail: str = Field("", title="经营说明 Operations: remarks", max_length=LONG)
    finances: Subject = Field(title="财务与报表 Finances and statements")
    finances_detail: str = Field("", title="财务说明 Finances: remarks", max_length=LONG)
    management: Subject = Field(title="管理层与登记事项 Management and registration")
    management_detail: str = Field("", title="变更说明 Management: remarks", max_length=LONG)
    guarantors: Subject = Field(title="保证人 Guarantors")
    guarantors_detail: str = Field("", title="保证人说明 Guarantors: remarks", max_length=LONG)
    collateral: Subject = Field(title="抵质押物完整与安全 Collateral intact and safe")
    collateral_detail: str = Field("", title="抵质押物说明 Collateral: remarks", max_length=LONG)
    trend: Trend = Field(title="还款能力趋势 Trend of the ability to repay")
    findings: str = Field("", title="检查情况与问题 Findings", max_length=LONG)
    signals: list[SignalKind] = Field(default_factory=list, title="预警信号 Warning signals", max_length=20)
    measures: str = Field("", title="拟采取措施 Proposed measures", max_length=LONG)
    reason_late: str = Field("", title="逾期原因 Reason if late", max_length=1000)

    @property
    def in_order(self) -> bool:
        """INS-11: whether nothing that was looked at is out of order."""
        looked_at = (self.operations, self.finances, self.management, self.guarantors, self.collateral)
        return not any(subject.startswith("有异常") for subject in looked_at)

    def missing_subjects(self, *, enterprise: bool, guaranteed: bool, secured: bool) -> list[str]:
        """INS-11: subjects that this loan has, and that were not looked at."""
        wanted = {"operations": True, "finances": enterprise, "management": enterprise}
        wanted |= {"guarantors": guaranteed, "collateral": secured}
        return [
            str(type(self).model_fields[name].title)
            for name, must in wanted.items()
            if must and getattr(self, name) == NOT_APPLICABLE
        ]


class SpecialInspectionReport(Inspected):
    """《紧急检查报告》, filled in by the account officer on a warning signal (INS-9)."""

    event: str = Field(title="事件经过 What happened", min_length=2, max_length=LONG)
    impact: Literal["无影响 none", "可控 under control", "危及还款 repayment at risk"] = Field(
        title="对还款的影响 Effect on repayment"
    )
    findings: str = Field(title="核查情况 Findings", min_length=2, max_length=LONG)
    signals: list[SignalKind] = Field(default_factory=list, title="另发现的预警信号 Further signals", max_length=20)
    measures: str = Field(title="已采取与拟采取措施 Measures taken and proposed", min_length=2, max_length=LONG)
    reason_late: str = Field("", title="逾期原因 Reason if late", max_length=1000)


class SupervisorDecision(Form):
    """The credit supervisor signs, returns, or reports what is beyond the authority upward (INS-10)."""

    decision: Literal["签字 sign", "退回 return", "上报 report upward"] = Field(title="决定 Decision")
    opinion: str = Field(title="处理意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")

    @property
    def reported_upward(self) -> bool:
        return self.decision.startswith("上报")
