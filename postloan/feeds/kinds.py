"""The kinds of feeds: their columns, the headers each is known by, and how a cell is read.

Headers are compared without spaces, underscores, case and full-width forms. A unit in the header is
understood only where it changes nothing: 贷款金额(元) is 贷款金额, 贷款金额(万元) is unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from postloan.book.tables import (
    ACTIVITIES,
    BORROWER_KINDS,
    CHANNELS,
    CHARGE_KINDS,
    CONTACT_ROLES,
    CONTACT_STOPS,
    DAY_COUNTS,
    INTERRUPTIONS,
    MEASURES,
    PAYMENT_KINDS,
    RELATIONS,
    REPAYMENT_METHODS,
    SECURITIES,
)
from postloan.feeds import values as v

Row = dict[str, Any]
Check = Callable[[Row], "list[tuple[str, str]]"]


@dataclass(frozen=True)
class Column:
    """One column of a feed.

    Attributes:
        name: the canonical header.
        read: from text to value.
        also: other headers for it.
        required: the column must be there; and each cell filled, unless `blank`.
        blank: an empty cell is allowed though the column is required.
        default: the value of an empty cell, and of a new row when the column is not there.
        field: its name in the book, if another.
        refers: the table and column that must know the value.
        keeps: an empty cell leaves what the book has.
    """

    name: str
    read: v.Reader
    also: str = ""
    required: bool = False
    blank: bool = False
    default: Any = None
    field: str = ""
    refers: str = ""
    keeps: bool = False

    @property
    def target(self) -> str:
        return self.field or self.name

    @property
    def headers(self) -> list[str]:
        """Every header that is accepted, the canonical one first."""
        return [self.name, *self.also.split()]


@dataclass(frozen=True)
class Kind:
    """One kind of feed. `noun` names its audit events, `check` looks at a whole row, `fixed` are the
    fields that only a correction may change, `own` is the column that refers to this very table."""

    name: str
    noun: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    check: Check = field(default=lambda row: [])
    fixed: tuple[str, ...] = ()
    own: str = ""

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)


def header_key(header: str) -> str:
    """What is compared of a header."""
    plain = unicodedata.normalize("NFKC", header).casefold()
    plain = re.sub(r"\((元|人民币|%|rmb|cny)\)$", "", re.sub(r"\s+", "", plain))
    return re.sub(r"[_\-]+", "", plain)


def _words(allowed: tuple[str, ...], **others: str) -> v.Reader:
    return v.choice({value: others.get(re.sub(r"\W", "_", value), "") for value in allowed})


KEY = v.key(64)
SHORT = v.text(100)
NAME = v.text(200)
LONG = v.text(4000, lines=True)
AMOUNT = v.money()

BORROWER_KIND = _words(
    BORROWER_KINDS,
    corporate="企业, 公司, 对公, 法人, 企业客户, 公司客户, 大中型企业",
    small_enterprise="小微企业, 小微, 小企业, 微型企业, 小型企业, 小微企业客户",
    personal="个人, 个人客户, 自然人, 对私, 个体, 农户, 个体工商户",
)
REPAYMENT = _words(
    REPAYMENT_METHODS,
    bullet="到期一次还本付息, 一次还本付息, 利随本清, 一次性还本付息",
    equal_instalment="等额本息, 等额本息还款, equal_installment",
    equal_principal="等额本金, 等额本金还款",
    interest_only="按月付息到期还本, 按期付息到期还本, 按季付息到期还本, 先息后本, 定期付息到期还本, "
    "按月付息、到期还本, 按期付息、到期还本",
    custom="自定义, 不规则还款, 按计划还款, 分期还款, 其他",
)
SECURITY = _words(
    SECURITIES,
    credit="信用, 信用贷款, 免担保, unsecured",
    guaranteed="保证, 保证担保, 保证贷款",
    mortgaged="抵押, 抵押担保, 抵押贷款",
    pledged="质押, 质押担保, 质押贷款",
)
DAY_COUNT = _words(
    DAY_COUNTS,
    actual_360="act/360, 实际/360, 实际天数/360, 360",
    actual_365="act/365, 实际/365, 实际天数/365, 365",
)
GUARANTEE_KIND = _words(
    ("joint", "general"),
    joint="连带责任保证, 连带责任, 连带保证, 连带, 连带责任担保",
    general="一般保证, 一般, 一般担保",
)

CHARGE_KIND = _words(
    CHARGE_KINDS,
    advance="垫款, 代垫, 代垫款项",
    fee="费用, 手续费, 诉讼费, 保险费, 评估费",
    penalty="罚息, 复利, 逾期利息",
)
MEASURE = _words(
    MEASURES,
    voluntary="自愿归还, 主动还款",
    repayment_plan="还款计划",
    restructuring="重组, 展期, 展期或重组",
    collateral="处置抵质押物, 处置抵押物, 处置押品",
    guarantor="追偿保证人, 保证人代偿",
    preservation="诉讼保全, 财产保全, 保全",
    litigation="诉讼, 起诉",
    enforcement="强制执行, 执行",
    debt_transfer="债权转让",
    debt_assumption="债务承担",
    rescue_loan="救助性贷款",
    write_off="核销",
)
FOUND_BY = _words(
    ("consignor", "lender"),
    consignor="委托人, 委托人自行确定, 自行确定, 委托人指定",
    lender="贷款人, 推荐, 本行推荐, 贷款人推荐",
)
PARTY = _words(("borrower", "guarantor"), borrower="借款人, 债务人", guarantor="保证人, 担保人")
INTERRUPTION = _words(
    INTERRUPTIONS,
    demand="催收, 催收通知, 催收通知书",
    agreement="同意履行, 还款承诺, 还款协议",
    payment="还款, 部分还款",
    suit="起诉, 诉讼, 仲裁",
)
CONTACT_ROLE = _words(CONTACT_ROLES, borrower="借款人, 债务人", guarantor="保证人", third_party="联系人, 第三人")
CONTACT_CHANNEL = _words(CHANNELS, call="电话", sms="短信", email="电子邮件, 邮件", letter="信函", visit="上门")
CONTACT_STOP = _words(
    CONTACT_STOPS,
    opt_out="拒绝此方式, 退订",
    deceased="死亡, 已死亡",
    incapacitated="丧失行为能力",
    hospitalised="住院",
    represented="委托律师, 已委托律师",
    disputed="争议, 有争议",
    cease="停止联系",
    refused="拒绝联系",
    workplace_refused="不得在单位联系",
    workplace_agreed="同意在单位联系",
    lost="失联",
    hours_agreed="同意其他时段",
    electronic_consent="同意电子方式",
)
PAYMENT_KIND = _words(PAYMENT_KINDS, drawdown="提款, 放款, 支用", payment="支付, 受托支付, 自主支付, 用款")
ACTIVITY = _words(
    ACTIVITIES,
    on_site="现场检查, 实地, 现场, 实地走访, 走访",
    telephone="电话, 电话访问, 电话回访",
    off_site="非现场, 非现场检查, 系统监测",
    analysis="数据分析, 分析, 报表分析",
    data_collection="资料收集, 收集资料, 数据收集",
)
RELATION = _words(
    RELATIONS,
    control="控制, 实际控制, 母子公司",
    shareholding="参股, 股权, 股东",
    family="亲属, 家族, 配偶, 直系亲属",
    common_management="共同管理层, 同一法定代表人, 同一实际控制人, 高管兼任",
    mutual_guarantee="互保, 联保, 互相担保",
    other="其他",
)

_PARTNER = "合作机构编号 合作机构号 担保公司编号 合作机构代码"
_BRANCH = "机构号 机构编号 机构 机构代码 支行 支行号 经办机构 所属机构 管户机构 网点 网点号 分支机构"
_LOAN = "借据号 借据编号 借据号码 贷款借据号 贷款借据编号 合同借据号 借据流水号 贷款编号 贷款账号"
_BORROWER = "客户号 客户编号 客户代码 客户ID 借款人编号 借款人客户号 核心客户号"
_PHONE = "手机号 手机号码 手机 联系电话 电话 电话号码 移动电话 联系方式"
_EMAIL = "电子邮箱 邮箱 电子邮件 邮箱地址 e-mail"
_RATING = "评级 信用等级 客户评级 信用评级 评级结果 内部评级 评级等级"


def _loan(**more: Any) -> Column:
    return Column("loan_no", KEY, _LOAN, required=True, refers="loan.loan_no", **more)


def _branch() -> Column:
    return Column("branch", KEY, _BRANCH, field="branch_no")


def _phone() -> Column:
    return Column("phone", v.text(40), _PHONE, default="")


def _email() -> Column:
    return Column("email", v.email, _EMAIL, default="")


def _after(first: str, second: str, *, or_equal: bool = True) -> Check:
    def check(row: Row) -> list[tuple[str, str]]:
        a, b = row.get(first), row.get(second)
        if a is None or b is None or b > a or (or_equal and a == b):
            return []
        return [(second, f"is {'before' if or_equal else 'not after'} {first} {a}")]

    return check


def _check_loan(row: Row) -> list[tuple[str, str]]:
    return [
        *_after("disbursed_on", "matures_on", or_equal=False)(row),
        *_after("disbursed_on", "first_drawdown_on")(row),
        *_after("first_drawdown_on", "matures_on")(row),
        *_after("disbursed_on", "settled_on")(row),
    ]


def _check_signal(row: Row) -> list[tuple[str, str]]:
    return [] if row.get("loan_no") or row.get("borrower_no") else [("loan_no", "neither loan nor borrower")]


def _check_position(row: Row) -> list[tuple[str, str]]:
    if row["overdue_principal"] > row["principal_outstanding"]:
        return [("overdue_principal", f"is more than the principal outstanding ({row['principal_outstanding']})")]
    return []


def _check_staff(row: Row) -> list[tuple[str, str]]:
    away, back = row.get("absent_from"), row.get("absent_until")
    if (away is None) != (back is None):
        missing = "absent_until" if back is None else "absent_from"
        return [(missing, "is empty; an absence has a first and a last day")]
    if row.get("deputy_no") == row["staff_no"]:
        return [("deputy", "is the person's own number")]
    return _after("absent_from", "absent_until")(row)


def _check_repayment(row: Row) -> list[tuple[str, str]]:
    return [("reverses", "a receipt cannot reverse itself")] if row.get("reverses") == row["receipt_no"] else []


_BORROWERS = Kind(
    "borrowers",
    "borrower",
    ("borrower_no",),
    (
        Column("borrower_no", KEY, _BORROWER, required=True),
        Column(
            "name",
            NAME,
            "客户名称 客户姓名 借款人 借款人名称 借款人姓名 姓名 名称 企业名称",
            required=True,
        ),
        Column("kind", BORROWER_KIND, "客户类型 客户类别 借款人类型 客户种类", required=True),
        Column(
            "id_no",
            v.text(40),
            "证件号码 证件号 身份证号 身份证号码 统一社会信用代码 营业执照号 身份证",
            default="",
        ),
        _phone(),
        _email(),
        Column("rating", v.text(20), _RATING, default="", keeps=True),
        Column("segment", SHORT, "客户分层 客户细分 客群 客户分群 客户分类", default=""),
        _branch(),
        Column("language", v.language, "语言 通知语言", default=""),
        Column("address", v.text(500, lines=True), "地址 联系地址 通讯地址 住址 家庭住址 经营地址", default=""),
        Column("legal_representative", NAME, "法定代表人 法人代表 法人 法定代表人姓名", default=""),
        Column("licence_until", v.day, "营业执照到期日 执照有效期 营业期限至 执照到期日"),
    ),
)
_LOANS = Kind(
    "loans",
    "loan",
    ("loan_no",),
    (
        Column("loan_no", KEY, _LOAN, required=True),
        Column("borrower_no", KEY, _BORROWER, required=True, refers="borrower.borrower_no"),
        Column(
            "principal",
            v.money(above_zero=True),
            "本金 贷款本金 借款金额 贷款金额 发放金额 放款金额 借据金额 借款本金",
            required=True,
        ),
        Column("annual_rate", v.rate, "年利率 贷款利率 执行利率 执行年利率 利率 贷款年利率 借款利率", required=True),
        Column(
            "disbursed_on",
            v.day,
            "发放日 发放日期 放款日 放款日期 贷款发放日 贷款发放日期 借据起期 借据起始日 借据起始日期 "
            "起息日 起息日期 借款日期 贷款起始日",
            required=True,
        ),
        Column(
            "matures_on",
            v.day,
            "到期日 到期日期 借据到期日 借据到期日期 贷款到期日 贷款到期日期 借据止期 借款到期日",
            required=True,
        ),
        Column(
            "first_drawdown_on",
            v.day,
            "首次提款日 首次提款日期 首笔提款日 首笔提款日期 首次支用日 首次支用日期",
            keeps=True,
        ),
        Column("settled_on", v.day, "结清日 结清日期 贷款结清日"),
        Column("restructured_on", v.day, "重组日 重组日期 借新还旧日期"),
        Column("product", SHORT, "产品 产品名称 贷款品种 业务品种 产品类型 贷款种类", default=""),
        Column("currency", v.currency, "币种 货币 币别", default="CNY"),
        Column("day_count", DAY_COUNT, "计息基础 计息天数基础", default="actual/360"),
        Column("repayment", REPAYMENT, "还款方式 偿还方式 还本付息方式", default="custom"),
        Column("security", SECURITY, "担保方式 主担保方式 主要担保方式", default="credit"),
        Column(
            "officer",
            KEY,
            "客户经理 客户经理号 客户经理编号 客户经理工号 管户客户经理 管户经理 管户人 信贷员",
            field="officer_no",
            refers="staff.staff_no",
        ),
        _branch(),
        Column("purpose", v.text(500, lines=True), "贷款用途 用途 借款用途", default=""),
        Column("consignor", NAME, "委托人 委托贷款委托人 委托方", default=""),
        Column("partner", KEY, _PARTNER, field="partner_no", refers="partner.partner_no"),
        Column("high_risk", v.yes_no, "高风险 是否高风险 高风险标志", default=False),
        Column(
            "penalty_surcharge", v.surcharge, "罚息上浮比例 罚息加收比例 逾期加收比例 逾期罚息上浮比例 罚息浮动比例"
        ),
        Column("compound", v.yes_no, "是否计收复利 计收复利 复利", default=False),
        Column("found_by", FOUND_BY, "借款人确定方式 借款人来源 推荐方式", default=""),
        Column("base_rate", v.rate, "贷款基准利率 基准利率 LPR"),
    ),
    _check_loan,
    fixed=("borrower_no", "principal", "currency", "disbursed_on"),
)
_INSTALMENTS = Kind(
    "instalments",
    "instalment",
    ("loan_no", "number"),
    (
        _loan(),
        Column("number", v.whole(1, 10_000), "期次 期数 期号 分期序号 还款期次 期供序号", required=True),
        Column(
            "due_on",
            v.day,
            "应还日 应还日期 应还款日 应还款日期 还款日 还款日期 计划还款日 计划还款日期",
            required=True,
        ),
        Column("principal_due", AMOUNT, "应还本金 计划本金 应收本金 本金", required=True),
        Column("interest_due", AMOUNT, "应还利息 计划利息 应收利息 利息", required=True),
        Column("fee_due", AMOUNT, "应还费用 费用 应收费用", default=v.money()("0.00")),
    ),
)
_REPAYMENTS = Kind(
    "repayments",
    "repayment",
    ("receipt_no",),
    (
        Column(
            "receipt_no", KEY, "流水号 交易流水号 还款流水号 还款流水 回单号 收据号 凭证号 还款凭证号", required=True
        ),
        _loan(),
        Column("paid_on", v.day, "还款日期 还款日 交易日期 入账日期 实还日期 实际还款日 到账日期", required=True),
        Column("amount", v.money(above_zero=True), "还款金额 金额 交易金额 实还金额 还款额", required=True),
        Column("channel", SHORT, "渠道 还款渠道 交易渠道 支付渠道", default=""),
        Column("reverses", KEY, "冲正流水号 冲销流水号 原流水号 被冲正流水号 冲正原流水号"),
    ),
    _check_repayment,
    fixed=("loan_no", "amount"),
    own="reverses",
)
_POSITIONS = Kind(
    "positions",
    "position",
    ("loan_no", "as_of"),
    (
        _loan(),
        Column("as_of", v.day, "数据日期 统计日期 余额日期 日期 会计日期 截止日期", required=True),
        Column("principal_outstanding", AMOUNT, "贷款余额 本金余额 余额 借据余额 剩余本金 未还本金", required=True),
        Column("overdue_principal", AMOUNT, "逾期本金 拖欠本金 逾期金额", required=True),
        Column("overdue_interest", AMOUNT, "逾期利息 拖欠利息 欠息 欠息金额", required=True),
        Column("days_past_due", v.whole(0, 100_000), "逾期天数 拖欠天数", required=True),
        Column("status", SHORT, "状态 贷款状态 借据状态", default=""),
    ),
    _check_position,
)
_COLLATERALS = Kind(
    "collaterals",
    "collateral",
    ("collateral_no",),
    (
        Column("collateral_no", KEY, "押品编号 押品号 抵质押物编号 抵押物编号 质押物编号 担保物编号", required=True),
        Column("kind", SHORT, "押品类型 抵质押物类型 抵押物类型 押品种类 类型", required=True),
        Column("owner", NAME, "权属人 所有权人 抵押人 出质人 产权人 押品所有人", required=True),
        Column("value", AMOUNT, "评估价值 押品价值 评估金额 认定价值 评估价", required=True),
        Column("valued_on", v.day, "评估日期 评估日 估值日期 估值日 评估基准日", required=True),
        Column(
            "secures",
            v.several(KEY),
            f"{_LOAN} 担保借据 担保借据号 关联借据号 关联借据 担保贷款",
            required=True,
            blank=True,
            default=(),
            refers="loan.loan_no",
        ),
        Column("title_document", SHORT, "权证号 权证编号 权证号码 产权证号 他项权证号", default=""),
        Column("insured_until", v.day, "保险到期日 保险到期日期 投保到期日"),
        Column("valuation_due", v.day, "下次评估日 下次评估日期 重估日期 重估到期日 评估到期日"),
    ),
)
_GUARANTEES = Kind(
    "guarantees",
    "guarantee",
    ("guarantor_no", "loan_no"),
    (
        Column("guarantor_no", KEY, "保证人编号 保证人客户号 保证人号 担保人编号 担保人客户号", required=True),
        Column("name", NAME, "保证人 保证人名称 保证人姓名 担保人 担保人名称 担保人姓名", required=True),
        _loan(),
        Column("kind", GUARANTEE_KIND, "保证方式 保证类型 保证责任 担保类型", required=True),
        Column("amount", v.money(above_zero=True), "保证金额 担保金额 保证限额"),
        Column("until", v.day, "保证到期日 保证期间届满日 保证期间到期日 担保到期日", field="until_on"),
        _phone(),
        _email(),
    ),
)
_RATINGS = Kind(
    "ratings",
    "rating",
    ("borrower_no", "rated_on"),
    (
        Column("borrower_no", KEY, _BORROWER, required=True, refers="borrower.borrower_no"),
        Column("rating", v.text(20), _RATING, required=True),
        Column("rated_on", v.day, "评级日期 评级日 评定日期 评级生效日", required=True),
    ),
)
_SIGNALS = Kind(
    "signals",
    "signal",
    ("source", "loan_no", "borrower_no", "kind", "seen_on"),
    (
        Column("loan_no", KEY, _LOAN, refers="loan.loan_no"),
        Column("borrower_no", KEY, _BORROWER, refers="borrower.borrower_no"),
        Column("kind", v.signal_kind, "预警类型 信号类型 预警信号 预警种类", required=True),
        Column("seen_on", v.day, "预警日期 发现日期 触发日期 信号日期", required=True),
        Column("detail", LONG, "预警内容 详情 说明 描述 预警说明", default=""),
        Column("source", SHORT, "来源 数据来源 信号来源 预警来源", default=""),
    ),
    _check_signal,
)
_STAFF = Kind(
    "staff",
    "staff",
    ("staff_no",),
    (
        Column("staff_no", KEY, "工号 员工号 员工编号 人员编号 员工工号", required=True),
        Column("name", NAME, "姓名 员工姓名 名称", required=True),
        Column(
            "roles",
            v.several(v.role),
            "岗位 角色 职务 岗位角色",
            required=True,
            blank=True,
            default=(),
        ),
        _branch(),
        _email(),
        _phone(),
        Column("language", v.language, "语言", default=""),
        Column("deputy", KEY, "代理人 代理人工号 AB岗 顶岗人 顶岗人工号", field="deputy_no"),
        Column("active", v.yes_no, "在职 是否在职", default=True),
        Column("absent_from", v.day, "请假开始 请假开始日期 离岗开始 离岗开始日期 缺勤开始"),
        Column("absent_until", v.day, "请假结束 请假结束日期 离岗结束 离岗结束日期 缺勤结束"),
    ),
    _check_staff,
    own="deputy_no",
)
_DRAWDOWNS = Kind(
    "drawdowns",
    "drawdown",
    ("loan_no", "number"),
    (
        _loan(),
        Column("number", v.whole(1, 10_000), "提款序号 序号 提款次数 期次 支用序号", required=True),
        Column("drawn_on", v.day, "提款日 提款日期 支用日期 支用日 用款日期", required=True),
        Column("amount", v.money(above_zero=True), "提款金额 支用金额 金额 用款金额", required=True),
    ),
)
_BRANCHES = Kind(
    "branches",
    "branch",
    ("branch_no",),
    (
        Column("branch_no", KEY, f"{_BRANCH} branch", required=True),
        Column("name", NAME, "机构名称 支行名称 网点名称 名称", required=True),
    ),
)

_PARTNERS = Kind(
    "partners",
    "partner_position",
    ("partner_no", "as_of"),
    (
        Column("partner_no", KEY, _PARTNER, required=True),
        Column("name", NAME, "合作机构名称 合作机构 担保公司 担保公司名称 机构名称 名称", required=True),
        Column("kind", SHORT, "合作机构类型 机构类型 类型", default=""),
        Column("as_of", v.day, "数据日期 统计日期 日期 截止日期", required=True),
        Column("outstanding", AMOUNT, "贷款余额 在保余额 担保余额 余额", required=True),
        Column("non_performing", AMOUNT, "不良余额 不良贷款余额", default=v.money()("0.00")),
        Column("compensated", AMOUNT, "代偿金额 代偿余额 累计代偿", default=v.money()("0.00")),
    ),
)
_PAYMENTS = Kind(
    "payments",
    "payment",
    ("payment_no",),
    (
        Column("payment_no", KEY, "用款编号 用款申请号 支付编号 支付申请号 受托支付编号", required=True),
        _loan(),
        Column("requested_on", v.day, "申请日期 用款申请日 申请日 用款日期", required=True),
        Column("amount", v.money(above_zero=True), "用款金额 支付金额 提款金额 金额", required=True),
        Column("payee", NAME, "收款人 收款单位 收款人名称 交易对手", required=True),
        Column("purpose", v.text(500, lines=True), "用途 用款用途 支付用途 资金用途", required=True),
        Column("kind", PAYMENT_KIND, "种类 用款种类", default="payment"),
        Column("evidence", v.text(500, lines=True), "凭证 合同号 发票号 合同编号 交易凭证", default=""),
    ),
    fixed=("loan_no", "amount"),
)
_WORK_LOG = Kind(
    "work_log",
    "work_log_entry",
    ("entry_no",),
    (
        Column("entry_no", KEY, "日志编号 编号 日志号", required=True),
        Column("borrower_no", KEY, _BORROWER, required=True, refers="borrower.borrower_no"),
        Column("loan_no", KEY, _LOAN, refers="loan.loan_no"),
        Column("staff_no", KEY, "工号 客户经理 客户经理工号 记录人 经办人", required=True, refers="staff.staff_no"),
        Column("activity", ACTIVITY, "工作内容 工作类型 方式", required=True),
        Column("acted_on", v.day, "工作日期 发生日期 走访日期", required=True),
        Column("entered_on", v.day, "记录日期 登记日期 填写日期", required=True),
        Column("content", LONG, "内容 日志内容 信息 记录", required=True),
    ),
    _after("acted_on", "entered_on"),
    fixed=("borrower_no", "staff_no", "acted_on", "content"),
)
_RELATIONS = Kind(
    "relations",
    "relation",
    ("borrower_no", "other_no", "kind"),
    (
        Column("borrower_no", KEY, _BORROWER, required=True, refers="borrower.borrower_no"),
        Column(
            "other_no",
            KEY,
            "关联客户号 关联方客户号 关联人客户号 对方客户号",
            required=True,
            refers="borrower.borrower_no",
        ),
        Column("kind", RELATION, "关联关系 关系 关系类型", required=True),
    ),
    lambda row: [("other_no", "is the borrower's own number")] if row["other_no"] == row["borrower_no"] else [],
)

_CHARGES = Kind(
    "charges",
    "charge",
    ("charge_no",),
    (
        Column("charge_no", KEY, "费用编号 垫款编号 垫款号 费用流水号", required=True),
        _loan(),
        Column("kind", CHARGE_KIND, "费用种类 费用类型 种类", required=True),
        Column("charged_on", v.day, "发生日期 垫付日期 垫款日期 垫款日", required=True),
        Column("due_on", v.day, "应还日 应还日期 应还款日 到期日", required=True),
        Column("amount", v.money(above_zero=True), "金额 垫款金额 费用金额", required=True),
        Column("detail", SHORT, "说明 摘要 事由", default=""),
    ),
    _after("charged_on", "due_on"),
    fixed=("loan_no", "amount"),
)
_CONSIGNORS = Kind(
    "consignors",
    "consignor",
    ("consignor_no",),
    (
        Column("consignor_no", KEY, "委托人编号 委托人客户号 委托人号", required=True),
        Column("name", NAME, "委托人 委托人名称 委托人姓名 名称", required=True),
        _phone(),
        _email(),
    ),
)

_INTERRUPTIONS = Kind(
    "interruptions",
    "interruption",
    ("interruption_no",),
    (
        Column("interruption_no", KEY, "编号 催收编号 时效中断编号 催收通知书编号", required=True),
        _loan(),
        Column("party", PARTY, "对象 催收对象 当事人类型", required=True),
        Column("party_no", KEY, "对象编号 当事人编号 催收对象编号", required=True),
        Column("kind", INTERRUPTION, "种类 中断事由 催收方式", required=True),
        Column("happened_on", v.day, "发生日期 催收日期 签收日期 中断日期", required=True),
        Column("document", v.text(300), "凭证 回执编号 凭证编号", required=True),
    ),
)

_CONTACT_PERSONS = Kind(
    "contact_persons",
    "contact_person",
    ("person_no",),
    (
        Column("person_no", KEY, "联系人编号 编号", required=True),
        Column("borrower_no", KEY, "客户号 客户编号", required=True, refers="borrower.borrower_no"),
        Column("name", v.text(100), "姓名 联系人姓名 名称", required=True),
        Column("relation", v.text(50), "关系 与借款人关系", default=""),
        Column("phone", v.text(40), "手机号 联系电话 电话", default=""),
        Column("debtor", v.yes_no, "共同债务人 是否共同债务人", default=False),
    ),
)

_CONTACT_STOPS = Kind(
    "contact_stops",
    "contact_stop",
    ("stop_no",),
    (
        Column("stop_no", KEY, "编号 限制编号", required=True),
        Column("role", CONTACT_ROLE, "对象 当事人类型", required=True),
        Column("person_no", KEY, "对象编号 当事人编号", required=True),
        Column("kind", CONTACT_STOP, "限制种类 种类", required=True),
        Column("channel", CONTACT_CHANNEL, "方式 渠道", default=""),
        Column("from_on", v.day, "起始日 开始日期", required=True),
        Column("until_on", v.day, "截止日 结束日期"),
        Column("hours", v.hours, "时段 同意的时段", default="", field="detail"),
        Column("document", v.text(300), "凭证 依据", default=""),
    ),
)

_RECOVERY_COSTS = Kind(
    "recovery_costs",
    "recovery_cost",
    ("cost_no",),
    (
        Column("cost_no", KEY, "处置费用编号 清收费用编号 费用单号", required=True),
        _loan(),
        Column("measure", MEASURE, "处置方式 清收方式 处置措施", required=True),
        Column("incurred_on", v.day, "发生日期 支付日期 支出日期", required=True),
        Column("amount", v.money(above_zero=True), "金额 费用金额 支出金额", required=True),
        Column("detail", SHORT, "说明 摘要 事由", default=""),
    ),
    fixed=("loan_no", "amount"),
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _BORROWERS, _LOANS, _INSTALMENTS, _REPAYMENTS, _POSITIONS, _COLLATERALS, _GUARANTEES, _RATINGS,
        _SIGNALS, _STAFF, _DRAWDOWNS, _BRANCHES, _PARTNERS, _PAYMENTS, _WORK_LOG, _RELATIONS, _CHARGES, _CONSIGNORS,
        _INTERRUPTIONS, _CONTACT_PERSONS, _CONTACT_STOPS, _RECOVERY_COSTS,
    )
}  # fmt: skip
