"""The workout of loans that are not performing: transfer, responsibility, plan, milestones, preservation, write-off
(WO-1 to WO-6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form
from postloan.forms.extension import DAY
from postloan.forms.maturity import MONEY, NO_MONEY
from postloan.rules.workout import Alternative

MEASURES = {
    "还款计划 repayment plan": "repayment_plan",
    "展期或重组 restructuring": "restructuring",
    "处置抵质押物 collateral": "collateral",
    "追偿保证人 guarantor": "guarantor",
    "诉讼保全 preservation": "preservation",
    "诉讼 litigation": "litigation",
    "强制执行 enforcement": "enforcement",
    "债权转让 debt transfer": "debt_transfer",
    "继承人债务承担 debt assumption": "debt_assumption",
    "救助性贷款 rescue loan": "rescue_loan",
    "核销 write-off": "write_off",
}
NO_MEASURE = "无 none"
GROUNDS = {
    "逾期天数达标 days past due": "days_past_due",
    "风险分类为不良 classified": "classified",
    "客户停业或逃废债 stopped or evading": "stopped",
    "其他 other": "other",
}
DEGREES = {"无责任 none": "none", "次要责任 minor": "minor", "主要责任 major": "major", "全部责任 full": "full"}
NOBODY = "无 nobody"
WRITE_OFF_GROUNDS = {
    "借款人破产、关闭、解散, 清偿后仍不足 bankrupt or dissolved": "bankrupt",
    "借款人死亡、失踪, 遗产清偿后仍不足 dead or missing": "dead_or_missing",
    "重大自然灾害或意外事故, 无力偿还 disaster": "disaster",
    "触犯刑律, 财产不足清偿 convicted": "convicted",
    "诉讼执行终结, 无财产可供执行 enforcement exhausted": "enforcement_exhausted",
    "处置抵质押物、追偿担保人后仍不足 security exhausted": "security_exhausted",
    "债权转让或重组的损失 loss on a transfer or restructuring": "loss_on_disposal",
    "小额贷款长期催收无果 small and long pursued": "small",
}


def amount(text: str) -> Decimal:
    """An amount that was typed; nothing for an empty one."""
    return Decimal(text or 0).quantize(Decimal("0.01"))


def dated_lines(text: str) -> list[tuple[date, str]]:
    """Milestones as people list them, one a line: 2026-03-31 起诉.

    Raises ValueError naming the line that is none.
    """
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        day, _, what = line.strip().partition(" ")
        try:
            found.append((date.fromisoformat(day), what.strip()))
        except ValueError:
            raise ValueError(f"{line.strip()[:40]!r}: 每行须为“2026-03-31 事项” (a day, then what)") from None
        if not 2 <= len(what.strip()) <= 100:
            raise ValueError(f"{line.strip()[:40]!r}: 须写明事项, 不超过100字 (a day, then what)")
    return found


# --------------------------------------------------------------------------------------------- transfer


class FileHandedOver(Form):
    """The officer hands the complete file over (WO-1); a path's form offers the documents of the checklist."""

    decision: Literal["移交 hand over", "不再移交 withdraw"] = Field(title="办理结果 Result")
    ground: Literal[tuple(GROUNDS)] = Field(title="移交原因 Ground")  # type: ignore[valid-type]
    missing: str = Field("", title="缺少的资料及原因 What is missing, and why", max_length=LONG)
    situation: str = Field(title="借款人、担保及财产现状 The situation", min_length=5, max_length=LONG)
    done: str = Field(title="已采取的催收措施 What was done so far", min_length=2, max_length=LONG)
    location: str = Field(title="档案存放处 Where the file is", min_length=1, max_length=200)

    @property
    def withdrawn(self) -> bool:
        return self.decision.startswith("不再移交")

    @property
    def code(self) -> str:
        return GROUNDS[self.ground]


class ChainDecision(Form):
    """A level approves, returns or refuses (WO-1, WO-3, WO-5)."""

    decision: Literal["同意 approve", "退回 return", "不同意 refuse"] = Field(title="决定 Decision")
    opinion: str = Field(title="意见 Opinion", min_length=2, max_length=LONG)

    @property
    def approved(self) -> bool:
        return self.decision.startswith("同意")

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")

    @property
    def refused(self) -> bool:
        return self.decision.startswith("不同意")


class FileTakenOver(Form):
    """The workout's manager compares the file with the checklist, and takes it over or returns it (WO-1)."""

    decision: Literal["接收 take over", "退回 return"] = Field(title="决定 Decision")
    opinion: str = Field(title="核对情况 What was compared", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")


# --------------------------------------------------------------------------------------- responsibility


@dataclass(frozen=True)
class Named:
    """A person concerned, as the investigation names one."""

    person: str
    part: str
    degree: str
    finding: str


PERSON = r"^[^\s]{0,32}$"


class ResponsibilityInquiry(Form):
    """Somebody outside of the chain that granted the loan finds out how the loss came about, and who answers for what
    (WO-2: 责任认定)."""

    loss: str = Field(title="预计损失金额 Expected loss", pattern=MONEY)
    course: str = Field(title="形成不良的经过与原因 How it came about", min_length=10, max_length=20_000)
    evidence: str = Field(title="查阅的资料与证据 Evidence", min_length=2, max_length=LONG)
    person_1: str = Field("", title="责任人一(工号) Person 1 (staff number)", pattern=PERSON)
    part_1: str = Field("", title="责任人一的岗位与环节 Part 1", max_length=200)
    degree_1: Literal[(NOBODY, *DEGREES)] = Field(NOBODY, title="责任人一的责任 Degree 1")  # type: ignore[valid-type]
    finding_1: str = Field("", title="责任人一的事实与依据 Finding 1", max_length=LONG)
    person_2: str = Field("", title="责任人二(工号) Person 2 (staff number)", pattern=PERSON)
    part_2: str = Field("", title="责任人二的岗位与环节 Part 2", max_length=200)
    degree_2: Literal[(NOBODY, *DEGREES)] = Field(NOBODY, title="责任人二的责任 Degree 2")  # type: ignore[valid-type]
    finding_2: str = Field("", title="责任人二的事实与依据 Finding 2", max_length=LONG)
    person_3: str = Field("", title="责任人三(工号) Person 3 (staff number)", pattern=PERSON)
    part_3: str = Field("", title="责任人三的岗位与环节 Part 3", max_length=200)
    degree_3: Literal[(NOBODY, *DEGREES)] = Field(NOBODY, title="责任人三的责任 Degree 3")  # type: ignore[valid-type]
    finding_3: str = Field("", title="责任人三的事实与依据 Finding 3", max_length=LONG)
    no_one: str = Field("", title="无人承担责任的理由(尽职免责) Why nobody answers for it", max_length=LONG)

    @property
    def persons(self) -> list[Named]:
        """Those who were named, in their order."""
        found = []
        for n in (1, 2, 3):
            person, degree = getattr(self, f"person_{n}"), getattr(self, f"degree_{n}")
            if person:
                found.append(
                    Named(person, getattr(self, f"part_{n}"), DEGREES.get(degree, ""), getattr(self, f"finding_{n}"))
                )
        return found


class PersonsStatement(Form):
    """What a person concerned answers (WO-2: 陈述申辩); on paper where he cannot sign here."""

    given: Literal["本人陈述 in person", "代录书面陈述 on paper", "拒绝或无法陈述 refused or not to be had"] = Field(
        title="陈述方式 How it was given"
    )
    statement: str = Field(title="陈述与申辩 Statement", min_length=2, max_length=LONG)
    document: str = Field("", title="书面材料编号、见证人 Paper, witness", max_length=300)

    @property
    def in_person(self) -> bool:
        return self.given.startswith("本人")


class Determination(Form):
    """The authority determines the responsibility as it was found, or has it looked into again (WO-2)."""

    decision: Literal["同意认定 determine", "退回重查 return"] = Field(title="决定 Decision")
    opinion: str = Field(title="认定意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")


class HandedToSupervision(Form):
    """Supervision signs for what was determined, and says what it will do (WO-2: 追责)."""

    register_no: str = Field(title="受理编号 Register number", min_length=1, max_length=100)
    action: str = Field(title="拟采取的追责措施 What will be done", min_length=2, max_length=LONG)


# ----------------------------------------------------------------------------------- plan and milestones


class DisposalPlan(Form):
    """The workout's manager compares alternatives, and plans the one to take by milestones (WO-3)."""

    assets: str = Field(title="可供清偿的财产与债务人现状 Assets, the debtor", min_length=5, max_length=LONG)
    measure_1: Literal[tuple(MEASURES)] = Field(title="方案一 Alternative 1")  # type: ignore[valid-type]
    expected_1: str = Field(title="方案一预计回收 Expected 1", pattern=MONEY)
    cost_1: str = Field("0", title="方案一费用 Costs 1", pattern=MONEY)
    months_1: int = Field(title="方案一所需月数 Months 1", ge=0, le=240)
    measure_2: Literal[tuple(MEASURES)] = Field(title="方案二 Alternative 2")  # type: ignore[valid-type]
    expected_2: str = Field(title="方案二预计回收 Expected 2", pattern=MONEY)
    cost_2: str = Field("0", title="方案二费用 Costs 2", pattern=MONEY)
    months_2: int = Field(title="方案二所需月数 Months 2", ge=0, le=240)
    measure_3: Literal[(NO_MEASURE, *MEASURES)] = Field(NO_MEASURE, title="方案三 Alternative 3")  # type: ignore[valid-type]
    expected_3: str = Field("", title="方案三预计回收 Expected 3", pattern=NO_MONEY)
    cost_3: str = Field("", title="方案三费用 Costs 3", pattern=NO_MONEY)
    months_3: int = Field(0, title="方案三所需月数 Months 3", ge=0, le=240)
    measure_4: Literal[(NO_MEASURE, *MEASURES)] = Field(NO_MEASURE, title="方案四 Alternative 4")  # type: ignore[valid-type]
    expected_4: str = Field("", title="方案四预计回收 Expected 4", pattern=NO_MONEY)
    cost_4: str = Field("", title="方案四费用 Costs 4", pattern=NO_MONEY)
    months_4: int = Field(0, title="方案四所需月数 Months 4", ge=0, le=240)
    chosen: Literal["方案一 1", "方案二 2", "方案三 3", "方案四 4"] = Field(title="建议采用 Proposed")
    reasons: str = Field(title="理由 Reasons", min_length=5, max_length=LONG)
    milestones: str = Field(
        title="进度安排, 每行一项: 2026-03-31 起诉 Milestones, one a line", min_length=10, max_length=LONG
    )

    @property
    def place(self) -> int:
        """Which alternative is proposed, from 1."""
        return int(self.chosen[-1])

    @property
    def alternatives(self) -> list[Alternative]:
        """Those that are filled in, numbered by their places."""
        return [
            Alternative(
                n,
                MEASURES[getattr(self, f"measure_{n}")],
                amount(getattr(self, f"expected_{n}")),
                amount(getattr(self, f"cost_{n}")),
                getattr(self, f"months_{n}"),
            )
            for n in (1, 2, 3, 4)
            if getattr(self, f"measure_{n}") != NO_MEASURE
        ]


EVENTS = {
    "无 none": "",
    "已提交立案 filed": "filed",
    "判决书已送达 judgment served": "judgment_served",
    "判决履行期届满 judgment payable": "judgment_payable",
}
OUTCOMES = {
    "无 none": "",
    "已还清 paid": "paid",
    "转重组 restructured": "restructured",
    "债权已转让 debt transferred": "debt_transferred",
    "继承人已承担债务 debt assumed by heirs": "debt_assumed",
    "转核销 to be written off": "to_write_off",
}


class MilestoneReport(Form):
    """The manager says what became of a milestone, or how the workout ends (WO-4)."""

    decision: Literal["已完成 done", "延期 postponed", "变更方案 change the plan", "处置终结 the workout ends"] = Field(
        title="办理结果 Result"
    )
    happened_on: date = Field(title="发生日期 On")
    document: str = Field("", title="凭证(裁判文书、回执、协议) Document", max_length=300)
    reason: str = Field("", title="说明、延期或变更的原因 Reasons", max_length=LONG)
    new_due_on: str = Field("", title="延期至 Postponed to (YYYY-MM-DD)", pattern=DAY)
    event: Literal[tuple(EVENTS)] = Field("无 none", title="诉讼节点 Event of the suit")  # type: ignore[valid-type]
    further: str = Field("", title="新增进度安排, 每行一项 Further milestones, one a line", max_length=LONG)
    cost: str = Field("", title="本节点费用 Costs of this", pattern=NO_MONEY)
    receipts: str = Field("", title="本节点收回的收款号(逗号分隔) Receipts that came of it", max_length=LONG)
    outcome: Literal[tuple(OUTCOMES)] = Field("无 none", title="终结原因 How it ends")  # type: ignore[valid-type]
    amount: str = Field("", title="转让价款或承担金额 Price, or debt assumed", pattern=NO_MONEY)
    estate: str = Field("", title="遗产价值 Value of the estate", pattern=NO_MONEY)

    @property
    def done(self) -> bool:
        return self.decision.startswith("已完成")

    @property
    def postponed(self) -> bool:
        return self.decision.startswith("延期")

    @property
    def changes_plan(self) -> bool:
        return self.decision.startswith("变更方案")

    @property
    def ends(self) -> bool:
        return self.decision.startswith("处置终结")

    @property
    def ending(self) -> str:
        return OUTCOMES[self.outcome]

    @property
    def receipt_nos(self) -> list[str]:
        return [no for part in self.receipts.replace("，", ",").split(",") if (no := part.strip())]


class HeadsSignature(Form):
    """The head of the workout signs a report, or has it done again (WO-4)."""

    decision: Literal["同意 approve", "退回 return"] = Field(title="决定 Decision")
    opinion: str = Field(title="意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")


# -------------------------------------------------------------------------------------------- preservation


class PreservationAsked(Form):
    """The manager applies for preservation, or says that there is nothing to preserve (WO-4: 诉讼保全)."""

    decision: Literal["申请保全 apply", "无可保全财产 nothing to preserve"] = Field(title="办理结果 Result")
    stage: Literal["诉前保全 before the suit", "诉中保全 in the suit"] = Field(title="保全种类 Kind")
    applied_on: date = Field(title="申请或查询日期 Applied or searched on")
    court: str = Field("", title="受理法院 Court", max_length=200)
    assets: str = Field(title="财产线索(种类、价值、所在) Assets found, or searched for", min_length=5, max_length=LONG)
    security: str = Field("", title="提供的担保 Security given", max_length=300)
    cost: str = Field("", title="保全费用 Costs", pattern=NO_MONEY)

    @property
    def applied(self) -> bool:
        return self.decision.startswith("申请保全")

    @property
    def before_suit(self) -> bool:
        return self.stage.startswith("诉前")


class PreservationOrder(Form):
    """The court's order, and until when each kind of asset is frozen (WO-4)."""

    decision: Literal["已裁定并执行 ordered and taken", "裁定驳回 refused"] = Field(title="结果 Result")
    order_no: str = Field(title="裁定书文号 Order", min_length=2, max_length=100)
    taken_on: date = Field(title="采取保全措施的日期 Measure taken on")
    deposits_until: str = Field("", title="存款冻结至 Deposits frozen until (YYYY-MM-DD)", pattern=DAY)
    movables_until: str = Field("", title="动产查封至 Movables until (YYYY-MM-DD)", pattern=DAY)
    real_estate_until: str = Field("", title="不动产及其他权利查封至 Real estate until (YYYY-MM-DD)", pattern=DAY)
    reason: str = Field("", title="驳回理由及下一步 Why refused, what next", max_length=LONG)

    @property
    def taken(self) -> bool:
        return self.decision.startswith("已裁定")

    @property
    def until(self) -> dict[str, date]:
        """The last day of each freeze, by the kind of asset."""
        given = {kind: getattr(self, f"{kind}_until") for kind in ("deposits", "movables", "real_estate")}
        return {kind: date.fromisoformat(text) for kind, text in given.items() if text}


class FreezeReport(Form):
    """The suit was filed in time, the freeze renewed, or lifted (WO-4)."""

    decision: Literal["已起诉 sued", "已续封 renewed", "已解除 lifted"] = Field(title="办理结果 Result")
    happened_on: date = Field(title="发生日期 On")
    document: str = Field(title="凭证(立案通知、裁定书) Document", min_length=2, max_length=300)
    until: str = Field("", title="续封至 Renewed until (YYYY-MM-DD)", pattern=DAY)
    reason: str = Field("", title="解除的原因 Why it was lifted", max_length=LONG)

    @property
    def sued(self) -> bool:
        return self.decision.startswith("已起诉")

    @property
    def renewed(self) -> bool:
        return self.decision.startswith("已续封")

    @property
    def lifted(self) -> bool:
        return self.decision.startswith("已解除")


# ------------------------------------------------------------------------------ write-off and what follows


class WriteOffApplication(Form):
    """The manager applies for a write-off, with the ground and the proof that everything was tried (WO-5: 核销)."""

    decision: Literal["申请核销 apply", "不再申请 withdraw"] = Field(title="办理结果 Result")
    ground: Literal[tuple(WRITE_OFF_GROUNDS)] = Field(title="核销依据 Ground")  # type: ignore[valid-type]
    pursuit: str = Field(title="追索经过与结果 How the debt was pursued", min_length=10, max_length=20_000)
    evidence: list[
        Literal[
            "法院裁判或执行终结裁定 court papers",
            "破产、注销、死亡或失踪证明 proof of bankruptcy, death …",
            "财产调查报告 search for assets",
            "催收记录与回执 demands and slips",
            "担保追偿证明 pursuit of security",
        ]
    ] = Field(title="证明材料 Proof")
    document: str = Field(title="材料编号 Numbers of the papers", min_length=2, max_length=300)
    responsibility: str = Field(
        "", title="责任认定尚未完成的说明 Why responsibility is not determined yet", max_length=LONG
    )

    @property
    def withdrawn(self) -> bool:
        return self.decision.startswith("不再申请")

    @property
    def code(self) -> str:
        return WRITE_OFF_GROUNDS[self.ground]


class RecoveryReview(Form):
    """A loan that was written off is looked at again (WO-6: 账销案存, 继续追索)."""

    conclusion: Literal["继续追索 go on", "发现财产线索 assets found"] = Field(title="结论 Conclusion")
    searched: str = Field(
        title="查询的内容与结果 Where was searched, and what was found", min_length=5, max_length=LONG
    )
    demanded: str = Field(title="本期催收与时效维护 Demands made, the limitation period", min_length=2, max_length=LONG)

    @property
    def found(self) -> bool:
        return self.conclusion.startswith("发现")
