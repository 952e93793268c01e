"""Collection: causes of default, contacts and what came of them, tracing, demand notices, pauses (COL-2 to COL-7)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form
from postloan.rules.collection import CAUSES

# What a diagnosis may find, "cause: case", and the cause that it stands for.
SITUATIONS = {f"{' '.join(c.title)}: {case}": name for name, c in CAUSES.items() for case in c.cases}
MEASURES = tuple(dict.fromkeys(m for cause in CAUSES.values() for m in cause.measures))
NO_DAY = r"^(\d{4}-\d{2}-\d{2})?$"
NO_MOMENT = r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2})?$"
NO_AMOUNT = r"^(\d{1,13}(\.\d{1,2})?)?$"

EXCUSES = (
    "三角债 chain debts",
    "习惯性拖欠 habitual debtor",
    "负债过多 many debts",
    "共同借款人推诿 co-borrowers",
    "称生活困难 pleading hardship",
    "助学贷款 student loan",
    "关联案件 linked case",
    "躲避 hiding",
    "出境 abroad",
    "要求起诉 asks to be sued",
    "死亡、服刑或丧失行为能力 death, prison, incapacity",
    "联系人拒绝 contacts refuse",
)


class DefaultDiagnosis(Form):
    """Why the loan is not paid, what was found out in the five subjects, and which measures follow (COL-5)."""

    situation: Literal[tuple(SITUATIONS)] = Field(title="违约原因 Cause")  # type: ignore[valid-type]
    measures: list[Literal[MEASURES]] = Field(title="拟采取的措施 Measures", min_length=1)  # type: ignore[valid-type]
    person: str = Field(title="一、借款人现状 The person now", min_length=2, max_length=LONG)
    reason: str = Field(title="二、违约原因 The cause", min_length=2, max_length=LONG)
    business: str = Field(title="三、经营状况 The business", min_length=2, max_length=LONG)
    assets: str = Field(title="四、资产状况 The assets", min_length=2, max_length=LONG)
    debts: str = Field(title="五、负债状况 The debts", min_length=2, max_length=LONG)
    excuses: list[Literal[EXCUSES]] = Field([], title="借款人陈述的理由 Reasons given")  # type: ignore[valid-type]
    plan: str = Field(title="催收计划 Plan", min_length=2, max_length=LONG)

    @property
    def cause(self) -> str:
        """The cause as the book calls it."""
        return SITUATIONS[self.situation]

    def findings(self) -> dict[str, str]:
        """The five subjects, and the situation."""
        subjects = ("person", "reason", "business", "assets", "debts")
        return {"situation": self.situation} | {name: getattr(self, name) for name in subjects}


class ContactRequest(Form):
    """Whom the collector wants to contact now, or at a time today; the gate permits or refuses it (CON). A path's form
    offers the persons."""

    decision: Literal[
        "联系 contact",
        "记为失联 record as lost",
        "重新诊断 diagnose again",
        "移交不良处置 hand over to the workout",
    ] = Field(title="下一步 Next")
    channel: Literal["电话 call", "上门 visit"] = Field("电话 call", title="方式 Channel")
    number: str = Field("", title="号码或地址 Number or address", max_length=100)
    planned: str = Field("", title="当天预约时间 At, today (YYYY-MM-DD HH:MM; empty: now)", pattern=NO_MOMENT)
    at_workplace: bool = Field(False, title="在其工作单位 At the workplace")
    reason: str = Field("", title="说明 Remark", max_length=LONG)

    @property
    def what(self) -> str:
        """What is to be done, as the flow calls it."""
        return {"联": "contact", "记": "lost", "重": "diagnose", "移": "hand_over"}[self.decision[0]]

    @property
    def channel_code(self) -> str:
        return self.channel.split()[1]


RESULTS = {
    "与本人通话或见面 talked to the person": "talked",
    "无人接听 no answer": "no_answer",
    "关机或占线 engaged or off": "unavailable",
    "号码或地址有误 wrong number or address": "wrong",
    "他人接听, 未透露债务 somebody else answered, nothing was said of the debt": "somebody_else",
    "拒绝沟通 would not talk": "would_not_talk",
    "未进行 did not take place": "not_made",
}
# What is heard in a contact that stops others: the kind of the stop, and its channel.
STOPS = {
    "不再打电话 no more calls": ("opt_out", "call"),
    "不再发短信 no more text messages": ("opt_out", "sms"),
    "不再发邮件 no more e-mails": ("opt_out", "email"),
    "书面要求停止联系 asked in writing to stop": ("cease", ""),
    "对债务有争议 disputes the debt": ("disputed", ""),
    "已委托律师 represented by a lawyer": ("represented", ""),
    "住院 in hospital": ("hospitalised", ""),
    "已死亡 deceased": ("deceased", ""),
    "丧失行为能力 lacks capacity": ("incapacitated", ""),
    "不得在单位联系 not at the workplace": ("workplace_refused", ""),
    "第三人拒绝 third person refused": ("refused", ""),
}

OF_DEBTOR = ("deceased", "incapacitated", "hospitalised", "represented", "disputed")


class ContactResult(Form):
    """What came of a contact: who was reached, what was promised, what stops further ones (COL-3, COL-4)."""

    result: Literal[tuple(RESULTS)] = Field(title="结果 Result")  # type: ignore[valid-type]
    note: str = Field(title="记录 Record", min_length=2, max_length=LONG)
    promise_on: str = Field("", title="承诺还款日 Promised to pay on (YYYY-MM-DD)", pattern=NO_DAY)
    promise_amount: str = Field("", title="承诺金额 Amount promised", pattern=NO_AMOUNT)
    stops: list[Literal[tuple(STOPS)]] = Field([], title="限制联系的情况 What stops contacts")  # type: ignore[valid-type]
    document: str = Field("", title="凭证 Proof", max_length=300)

    @property
    def code(self) -> str:
        """The result as the book calls it."""
        return RESULTS[self.result]

    @property
    def promise(self) -> tuple[date, Decimal] | None:
        """The day and the amount that were promised, in the loan's currency."""
        if not (self.promise_on and self.promise_amount):
            return None
        return date.fromisoformat(self.promise_on), Decimal(self.promise_amount)


SOURCES = (
    "本行档案与录音 own records and recordings",
    "申请资料 application papers",
    "户籍或登记地址 address of registration",
    "公开登记 public registers",
    "经授权的信用报告 credit report as permitted",
    "法院 court",
)


class Tracing(Form):
    """The search for a borrower who is lost, from lawful sources only (COL-6)."""

    decision: Literal["已找到 found", "未找到 not found"] = Field(title="查找结果 Result")
    sources: list[Literal[SOURCES]] = Field(title="查找途径 Sources", min_length=1)  # type: ignore[valid-type]
    number: str = Field("", title="新的号码或地址 New number or address", max_length=200)
    note: str = Field(title="查找经过 What was done", min_length=2, max_length=LONG)

    @property
    def found(self) -> bool:
        return self.decision.startswith("已找到")


class DemandDelivered(Form):
    """The demand notice was handed over or sent by registered post; the slips that came back (COL-7). A path's form
    offers the addressees."""

    delivered_on: date = Field(title="送达或寄出日期 Handed over or posted on")
    signed_by: str = Field("", title="回执签收人 Signed by", max_length=200)
    registered_no: str = Field("", title="挂号信或公证编号 Number of the registered letter or deed", max_length=200)
    remark: str = Field("", title="拒签或无法送达的情况、见证人 Refused: how, witnesses", max_length=LONG)


class PauseRequest(Form):
    """The clock of a loan is to stop, or to run again before its time (COL-2)."""

    decision: Literal["暂停计时 pause", "提前恢复 resume early", "撤销 withdraw"] = Field(title="申请 Request")
    cause: Literal["延期还款政策 moratorium", "争议 dispute", "灾害 disaster", "其他 other"] = Field(
        "争议 dispute", title="原因 Reason"
    )
    from_on: date = Field(title="起始日(含)或恢复日 From, inclusive; or runs again on")
    until_on: str = Field("", title="截止日(含) Until, inclusive (YYYY-MM-DD)", pattern=NO_DAY)
    document: str = Field("", title="依据 Proof", max_length=300)
    explanation: str = Field(title="说明 Explanation", min_length=2, max_length=LONG)

    @property
    def what(self) -> str:
        return {"暂": "pause", "提": "resume", "撤": "withdraw"}[self.decision[0]]
