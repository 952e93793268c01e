"""Warning signals (预警信号): their kinds, and the closed loop from publication to clearance (SIG-1)."""

from __future__ import annotations

# Kind: its Chinese name, then other words for it that a feed may hold.
KINDS = {
    "misuse_of_proceeds": ("挪用贷款", "贷款挪用", "资金挪用", "未按用途使用"),
    "conditions_not_fulfilled": ("贷款条件未落实", "条件未落实"),
    "defective_documents": ("法律文件瑕疵", "法律文书瑕疵", "资料失效", "客户资料失效"),
    "business_deteriorating": ("经营恶化", "经营异常", "停产停业"),
    "finances_deteriorating": ("财务恶化", "财务异常"),
    "collateral_impaired": ("抵质押物异常", "押品异常", "抵押物灭失"),
    "guarantor_impaired": ("保证人异常", "担保人异常"),
    "change_of_legal_representative": ("法定代表人变更", "法人变更", "法人代表变更"),
    "change_of_registration": ("登记事项变更", "名称变更", "住所变更", "经营范围变更"),
    "lost_contact": ("失联", "失去联系", "联系不上"),
    "litigation": ("涉诉", "诉讼", "被执行"),
    "overdue": ("贷款逾期", "逾期", "拖欠"),
    "overdue_elsewhere": ("他处逾期", "其他贷款逾期", "外部逾期"),
    "repayment_doubtful": ("还款存疑", "还款来源不足", "到期还款存疑"),
    "rating_downgrade": ("评级下调", "评级下降", "降级"),
    "cover_short": ("押品覆盖不足", "抵质押率不足", "担保不足"),
    "partner_impaired": ("合作机构风险", "担保公司代偿率超标", "合作机构不良率超标"),
    "branch_non_performing": ("机构不良率超标", "支行不良率超标"),
    "exception": ("资料逾期未交", "例外事项"),
    "other": ("其他",),
}


def title(kind: str, language: str = "zh") -> str:
    """How people call a kind of signal; one that an institution added goes by its own name."""
    if kind not in KINDS or language != "zh":
        return kind.replace("_", " ")
    return KINDS[kind][0]


def label(kind: str) -> str:
    """A kind as the forms show it: in Chinese and English."""
    return f"{title(kind)} {title(kind, 'en')}"


BY_LABEL = {label(kind): kind for kind in KINDS}
