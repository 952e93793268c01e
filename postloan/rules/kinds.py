"""The kinds of duties and cases, and how people call them."""

from __future__ import annotations

KINDS = {
    "first_inspection": ("首次检查", "first inspection"),
    "routine_inspection": ("常规检查", "routine inspection"),
    "special_inspection": ("紧急检查", "special inspection"),
    "warning_signal": ("预警信号", "warning signal"),
    "business_suspension": ("业务停复牌", "business suspension"),
    "risk_classification": ("风险分类", "risk classification"),
    "plan_follow_up": ("方案跟踪", "follow-up of a plan"),
    "use_of_proceeds": ("用款审核", "use of proceeds"),
    "work_log": ("工作日志", "work log"),
    "work_log_review": ("工作日志审阅", "review of the work log"),
    "ledger_carry_over": ("台帐结转", "carry-over of the ledger"),
    "branch_supervision": ("监督检查", "supervision of a branch"),
    "instalment_reminder": ("还款提醒", "instalment reminder"),
    "pre_maturity_visit": ("到期前回访", "visit before maturity"),
    "repayment_notice": ("归还贷款提示通知书", "repayment notice"),
    "extension_application_deadline": ("展期申请截止", "last day to apply for an extension"),
    "extension_filing_deadline": ("展期申报截止", "last day to file an extension"),
    "extension": ("展期", "extension"),
    "receipt": ("收款登记", "receipt"),
    "settlement": ("结清", "settlement"),
    "title_release": ("权证交还", "release of documents of title"),
    "limitation_warning": ("诉讼时效届满", "limitation period"),
    "guarantee_period_warning": ("保证期间届满", "guarantee period"),
    "collection": ("逾期催收", "collection"),
    "demand_notice": ("催收通知书", "demand notice"),
    "clock_pause": ("暂停计时", "pause of the clock"),
    "collection_preparation": ("催收准备", "preparation for collection"),
    "workout_transfer": ("移交处置", "transfer to the workout"),
    "responsibility_determination": ("责任认定", "determination of responsibility"),
    "workout": ("不良处置", "workout"),
    "preservation": ("诉讼保全", "preservation of assets"),
    "write_off": ("核销", "write-off"),
    "recovery_review": ("账销案存追索", "review of a loan written off"),
    "undelivered_notice": ("通知未送达", "undelivered notice"),
}


def title(kind: str, language: str = "zh") -> str:
    """How people call a kind; one of the policy's own goes by its own name."""
    if kind not in KINDS:
        return kind.replace("_", " ")
    return KINDS[kind][0 if language == "zh" else 1]
