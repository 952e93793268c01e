"""The policy's sections on repayment, maturity, settlement, extension and entrusted loans."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from postloan.policy.base import Role, Section, key
from postloan.rules.allocation import PARTS

Part = Literal["fee", "penalty", "interest", "principal"]
Days = Annotated[int, Field(ge=0, le=366)]


def _every_part(parts: list[str]) -> list[str]:
    if sorted(parts) != sorted(PARTS):
        raise ValueError(f"allowed: each of {', '.join(PARTS)} once")
    return parts


Order = Annotated[list[Part], AfterValidator(_every_part)]


class RepaymentPolicy(Section):
    """How receipts are allocated, and when borrowers are reminded. A loan is under what was in force when it
    was disbursed."""

    order: Order = key("PAY-1", "民法典 561: 实现债权的有关费用、利息、主债务; own: penalty before interest")
    non_performing_order: Order = key("PAY-1", "实务: 逾期90天以上先还本金; own: the rest in the law's order")
    non_performing_days: int = key("PAY-1", "实务: 逾期90天以上", "days past due, more than", ge=0)
    penalty_surcharge: Decimal | Literal[""] = key(
        "PAY-1",
        "罚息利率在合同利率上加收30%-50%; own: where the loan says nothing; empty: none was agreed",
        "percent of the contract rate",
    )
    next_working_day_in_time: bool = key(
        "PAY-2",
        "民法典 203: 期间最后一日为法定休假日的, 以次日为最后一日; no penalty, call or dunning until it is over",
    )
    enterer: Role = key("PAY-1", "own; who enters a receipt by hand")
    verifier: Role = key("REC-6", "own; who compares it with the voucher: another person")
    verify_working_days: int = key("PAY-1", "own; until it is compared", "working days", ge=0, le=60)
    remind_days_before: int = key(
        "MAT-2", "own; the reminder goes out so long before an instalment", "calendar days", ge=0, le=60
    )


class MaturityPolicy(Section):
    visit_days_ahead: int = key("INS-12", "短期贷款提前20天进行回收走访", "calendar days", ge=0, le=366)
    visit_days_ahead_longer: int = key("INS-12", "own; loans of more than a year", "calendar days", ge=0, le=366)
    visit_days_by_product: dict[str, Days] = key("INS-12", "own; products with a lead of their own", "calendar days")
    visit_opens_days_before: int = key(
        "INS-12", "own; the case opens this long before the visit is due", "calendar days", ge=0, le=366
    )
    sign_working_days: int = key("INS-12", "own; the supervisor signs this long after", "working days", ge=0, le=60)
    notice_days_ahead: int = key(
        "MAT-1", "到期贷款提前催收; own: the repayment notice is out so long before", "calendar days", ge=0, le=366
    )
    notice_opens_days_before: int = key(
        "MAT-1", "own; the case opens this long before the notice is due", "calendar days", ge=0, le=366
    )
    slip_days: int = key(
        "MAT-1", "收回催收通知书, 客户签字后收回存档; own: until the slip is back", "calendar days", ge=0, le=366
    )
    prepare_working_days: int = key(
        "MAT-1", "own; until collection is prepared, for each who does it", "working days", ge=0, le=60
    )


class SettlementPolicy(Section):
    days: int = key("MAT-4", "own; from the last cent to the statement", "calendar days", ge=0, le=366)
    step_working_days: int = key("MAT-4", "own; for each step after it", "working days", ge=0, le=60)
    checker: Role = key("MAT-4", "结清客户应付款项以及各种手续费; own: the role that checks the statement")
    head: Role = key("MAT-4", "打印表格让领导核实签字; own: the role that signs it")
    custodian: Role = key("MAT-3", "权证; own: the role that keeps the documents of title and hands them back")
    archivist: Role = key("REC-5", "own; the role that takes the closed file")


class ExtensionTier(Section):
    """Which levels decide about an extension, up to an amount."""

    products: list[str] = key("EXT-4", "own; products that it is for; none: all", default=[])
    up_to: Decimal | None = key(
        "EXT-4", "own; the larger of the amount and the borrower's exposure; none: any", "currency", default=None, gt=0
    )
    levels: list[Role] = key(
        "EXT-4", "信贷主管 → 业务部门 → 风险委员会 → 董事会; own roles, each another person", min_length=1, max_length=6
    )


class ExtensionLimit(Section):
    """EXT-3: how long all extensions of a loan together may be; the first one that fits."""

    products: list[str] = key("EXT-3", "own; products that it is for; none: all", default=[])
    term: Literal["short", "medium", "long"] = key("EXT-3", "短期1年以内(含), 中期1至5年(含), 长期5年以上")
    share: Decimal | None = key(
        "EXT-3", "原贷款期限; 原贷款期限的一半", "of the original term", default=None, gt=0, le=1
    )
    months: int | None = key("EXT-3", "长期贷款展期不得超过3年", "calendar months", default=None, ge=1)

    @model_validator(mode="after")
    def _one_of_both(self) -> ExtensionLimit:
        if (self.share is None) == (self.months is None):
            raise ValueError("allowed: either share or months")
        return self


class ExtensionPolicy(Section):
    apply_days: int = key("EXT-1", "在借款前30天提交贷款展期申请书", "calendar days before maturity", ge=0, le=366)
    file_days: int = key("EXT-2", "要求在贷款到期15天前…申报", "calendar days before maturity", ge=0, le=366)
    late_authority: Role = key("EXT-1", "own; who may take an application that is late")
    max_times: int = key("EXT-3", "own; a loan is extended so often", "times", ge=1, le=10)
    limits: list[ExtensionLimit] = key(
        "EXT-3",
        "流动资金贷款管理办法 (2024); 贷款通则 12: 短期不超过原期限, 中期不超过一半, 长期不超过3年",
        min_length=3,
    )
    tiers: list[ExtensionTier] = key("EXT-4", "own amounts; the first that fits decides", min_length=1)
    secretary: Role | Literal[""] = key(
        "EXT-4", "风险委员会秘书; own: who prepares the papers of the committee; empty: nobody"
    )
    committee: Role = key("EXT-4", "风险委员会; the level whose papers the secretary prepares")
    investigate_working_days: int = key("EXT-2", "深入调查并完成后评价; own", "working days", ge=0, le=60)
    step_working_days: int = key("EXT-4", "own; for each level, and for the contract", "working days", ge=0, le=60)

    @model_validator(mode="after")
    def _nothing_falls_through(self) -> ExtensionPolicy:
        if not any(not tier.products and tier.up_to is None for tier in self.tiers):
            raise ValueError("allowed: a last tier for all products without up_to")
        for term in ("short", "medium", "long"):
            if not any(not limit.products and limit.term == term for limit in self.limits):
                raise ValueError(f'allowed: for each term a limit for all products; there is none for "{term}"')
        return self


class EntrustedPolicy(Section):
    """Entrusted loans (委托贷款)."""

    min_amount: Decimal = key("ENT-1", "单笔委托资金额起点为10万元以上", "CNY", gt=0)
    min_months: int = key("ENT-1", "期限必须在三个月以上(含三个月)", "calendar months", ge=1)
    max_months: int = key("ENT-1", "一年以内", "calendar months", ge=1)
    fee_percent: Decimal = key("ENT-1", "手续费按贷款本金的1-3%收取; own share", "percent of principal", ge=0, le=100)
    min_fee_percent: Decimal = key("ENT-1", "手续费最低收取标准为委托贷款本金的2%(年)以上", "percent a year", ge=0)
    max_rate_multiple: Decimal = key("ENT-1", "不得超过贷款基准利率的2.3倍", "times the base rate", gt=0)
    tax_percent: Decimal = key("ENT-1", "利息收入营业税及附加(5.6%)…在委托人收益中直接扣划", "percent", ge=0, le=100)
