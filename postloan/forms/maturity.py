"""Before and at maturity: the visit, the notice's slip, receipts, settlement, documents of title (INS-12, MAT-1 to
MAT-4, PAY-1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form

MONEY = r"^[0-9]{1,13}(\.[0-9]{1,2})?$"
NO_MONEY = r"^([0-9]{1,13}(\.[0-9]{1,2})?)?$"
OUTCOMES = {
    "按期归还 repay on time": "on_time",
    "申请展期 extension": "extension",
    "申请续贷 renewal": "renewal",
    "借新还旧 refinancing": "refinancing",
    "还款存疑 doubtful": "doubtful",
}


class PreMaturityVisit(Form):
    """The officer's visit before maturity: whether the first source of repayment suffices (INS-12)."""

    visited_on: date = Field(title="走访日期 Visited on")
    place: str = Field(title="地点 Place", min_length=2, max_length=200)
    met: str = Field(title="走访对象 Met", min_length=1, max_length=200)
    first_source: str = Field(title="第一还款来源及金额 First source of repayment", min_length=2, max_length=LONG)
    sufficient: Literal["充足 sufficient", "部分充足 in part", "不足 insufficient"] = Field(
        title="第一还款来源充足性 Is it sufficient"
    )
    other_sources: str = Field("", title="其他还款来源 Other sources", max_length=LONG)
    operations: str = Field(title="经营与财务情况 Operations and finances", min_length=2, max_length=LONG)
    security_in_order: Literal["正常 in order", "异常 not in order", "无 none"] = Field(
        title="保证人及抵质押物 Guarantors and collateral"
    )
    outcome: Literal[tuple(OUTCOMES)] = Field(title="预计结果 Outcome")  # type: ignore[valid-type]
    reason: str = Field("", title="展期、续贷或存疑的理由 Why not on time", max_length=LONG)
    reason_late: str = Field("", title="逾期走访原因 Reason if late", max_length=LONG)

    @property
    def code(self) -> str:
        """The outcome as the book calls it."""
        return OUTCOMES[self.outcome]


class SlipsReturned(Form):
    """The notice was handed over; the slips that came back, signed (MAT-1: 收回通知书). A path's form offers the
    addressees by name."""

    handed_over_on: date = Field(title="送达日期 Handed over on")
    signed_by: str = Field("", title="回执签收人 Signed by", max_length=200)
    settled_on: date = Field(title="回执收回或拒签日期 Returned or refused on")
    remark: str = Field("", title="拒签或无法送达的情况、见证人 Refused: how, witnesses", max_length=LONG)


class ReceiptEntry(Form):
    """Finance enters money that came in, or undoes a receipt that bounced (PAY-1)."""

    kind: Literal[
        "还款 repayment", "提前还本 early repayment", "提前结清 early settlement", "冲正 reversal", "撤销 cancel"
    ] = Field(title="种类 Kind")
    paid_on: date = Field(title="到账日期 Received on (reversal: returned on)")
    amount: str = Field("", title="金额 Amount", pattern=NO_MONEY)
    channel: str = Field("", title="渠道 Channel", max_length=100)
    reverses: str = Field("", title="被冲正的收款号 Receipt to undo", max_length=64)
    consents: list[Literal["贷款人 lender", "委托人 consignor"]] = Field(
        [], title="提前还款已取得的书面同意 Consents in writing (entrusted loans)"
    )
    document: str = Field("", title="凭证或同意书编号 Voucher, letter of consent", max_length=200)

    @property
    def money(self) -> Decimal:
        return Decimal(self.amount or 0).quantize(Decimal("0.01"))

    @property
    def is_reversal(self) -> bool:
        return self.kind.startswith("冲正")

    @property
    def cancelled(self) -> bool:
        return self.kind.startswith("撤销")

    @property
    def is_early(self) -> bool:
        return self.kind.startswith("提前")

    @property
    def settles(self) -> bool:
        return self.kind.startswith("提前结清")


class Verification(Form):
    """A second person compares what was entered with the voucher."""

    decision: Literal["相符 agrees", "退回 return"] = Field(title="复核结论 Decision")
    opinion: str = Field(title="复核意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")


class SettlementCheck(Form):
    """Finance compares the statement with the accounts: all amounts due and fees are in (MAT-4)."""

    result: Literal["相符 agrees", "不符 differs"] = Field(title="核对结果 Result")
    remark: str = Field("", title="差异或说明 Differences, remarks", max_length=LONG)
    overpaid: str = Field("", title="多收款项的退还方式 How an overpayment is returned", max_length=200)

    @property
    def agrees(self) -> bool:
        return self.result.startswith("相符")


class TitleHandOver(Form):
    """The custodian hands a document of title back, and the receiver signs the register (MAT-3); or keeps it, as
    something is owed again."""

    decision: Literal["已交还 handed back", "继续保管 keep"] = Field(title="办理结果 Result")
    released_on: date = Field(title="日期 On")
    received_by: str = Field("", title="签收人 Received by", max_length=200)
    capacity: Literal["权利人本人 the owner", "受托人 authorised by the owner", "继承人 heir"] = Field(
        "权利人本人 the owner", title="签收人身份 In what capacity"
    )
    evidence: str = Field("", title="身份证件或授权书 Identity document, authorisation", max_length=200)
    lien_cancelled: Literal["已注销 cancelled", "未登记 not registered"] = Field(
        "未登记 not registered", title="抵质押登记 Registration of the mortgage or pledge"
    )
    remark: str = Field("", title="继续保管的理由 Why it is kept", max_length=LONG)

    @property
    def handed_back(self) -> bool:
        return self.decision.startswith("已交还")


class FileClosed(Form):
    """The archivist takes over the loan's closed file (REC-5)."""

    complete: list[
        Literal[
            "借款及担保合同 contracts",
            "借据与还款凭证 notes and receipts",
            "检查报告 inspection reports",
            "通知与回执 notices and slips",
            "结清单与结清证明 settlement papers",
            "权证交还登记 register of documents of title",
        ]
    ] = Field(title="已归入档案的资料 In the file", min_length=1)
    missing: str = Field("", title="缺失资料及说明 What is missing, and why", max_length=LONG)
    location: str = Field(title="档案编号或存放位置 File number, where it is kept", min_length=1, max_length=200)


class CollectionPreparation(Form):
    """What is made ready for the case that a loan is not paid (MAT-1)."""

    done: list[
        Literal[
            "联系方式已核实 contacts verified",
            "保证人已告知 guarantors told",
            "资产线索已登记 assets on record",
            "合同与凭证齐全 contracts and receipts complete",
            "诉讼时效已核对 limitation period checked",
            "抵质押物状态已核实 collateral verified",
        ]
    ] = Field(title="已完成的准备 Done", min_length=1)
    contacts: str = Field(title="借款人现状与联系方式核实 Borrower's situation", min_length=2, max_length=LONG)
    assets: str = Field("", title="可供还款的资产与收入 Assets and income", max_length=LONG)
    plan: str = Field(title="催收方案 What is to be done when", min_length=2, max_length=LONG)
