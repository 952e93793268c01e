"""What the figures of the monthly pack mean: it is read by people who did not make it."""

from __future__ import annotations

from postloan.policy import Policy
from postloan.reports.monthly import Pack
from postloan.reports.words import Words


def notes(pack: Pack, policy: Policy, words: Words) -> list[tuple[str, str]]:
    """Each definition, as (title, text)."""
    return _chinese(pack, policy) if words.language == "zh" else _english(pack, policy)


def _chinese(pack: Pack, policy: Policy) -> list[tuple[str, str]]:
    weights = policy.performance
    return [
        ("统计时点", f"{pack.as_of} 日终, 与 {pack.before} 日终比较。日期按 {policy.institution.time_zone} 时区。"),
        ("贷款", "已发放、未结清的贷款。余额与逾期按核心系统最近持仓, 无持仓的按还款计划与还款记录计算。"),
        ("分类", "最近一次认定的分类; 逾期天数要求更低分类的, 按更低的列示 (CLS-1, CLS-2)。"),
        ("不良率", "次级、可疑、损失类余额 ÷ 贷款余额。"),
        ("逾期期次", "M1 为逾期 1–30 天, M2 为 31–60 天, 依此类推。"),
        ("预警信号", f"发现后 {policy.signals.clear_days} 天内应予消除 (SIG-1), 超过的为超期。"),
        ("本月到期的检查", "以首次报告的检查日期与检查期限相比; 月末尚无报告的为未报告 (INS-2, INS-5, INS-9)。"),
        ("案件逾期", "案件有步骤超过期限未办, 或案件超过期限而尚未交办。"),
        ("按期、逾期", "本月办结的步骤, 以办结日与步骤期限相比, 计入签字人 (代理人签字的计入代理人)。"),
        ("待办、超期待办", "月末等待办理的步骤; 等待某一岗位而未指定人员的, 只计入机构。"),
        ("报告、退回", "本月上报的报告 (含返工), 本月被退回重做的报告; 退回计入退回当月。"),
        ("未受理", "签字或内容有误而未被受理的提交; 提交人未经证实, 计入应办人。"),
        (
            "工作日志",
            f"办理后 {policy.work_log.enter_working_days} 个工作日内记录, "
            f"记录后 {policy.work_log.review_working_days} 个工作日内审阅 (REC-3), 超过的为迟记、迟审。",
        ),
        (
            "得分",
            f"百分制 (PER-1): 按期率 {weights.timely_weight} 分 (超期待办视同未按期), "
            f"报告未退回率 {weights.quality_weight} 分, 日志及时率 {weights.log_weight} 分; "
            "没有相应工作的项目不计分, 其权重由其他项目分担。",
        ),
        ("管户", f"编制日的客户数; 每人以不超过 {policy.workload.customers_per_officer} 户为宜 (INS-13)。"),
    ]


def _english(pack: Pack, policy: Policy) -> list[tuple[str, str]]:
    weights = policy.performance
    return [
        (
            "As of",
            f"The end of {pack.as_of}, compared with the end of {pack.before}; days in {policy.institution.time_zone}.",
        ),
        (
            "Loans",
            "Disbursed and not settled. Balances are those of the core system's newest position, else by "
            "schedule and receipts.",
        ),
        ("Category", "The one decided last, or the worse one that the days past due ask for (CLS-1, CLS-2)."),
        ("NPL ratio", "Substandard, doubtful and loss over outstanding."),
        ("Months past due", "M1 is 1 to 30 days past due, M2 31 to 60, and so on."),
        ("Warning signals", f"To be cleared within {policy.signals.clear_days} days (SIG-1), else overdue."),
        (
            "Inspections due",
            "By the day of inspection that the first report gives; without a report at the month's end: not "
            "reported (INS-2, INS-5, INS-9).",
        ),
        ("Late cases", "A step is past its last day; or the case is, and nobody has been asked yet."),
        (
            "On time, late",
            "Steps answered in the month, by the last day for the answer or after it; they are the signer's, a "
            "deputy's own.",
        ),
        ("Open; open, late", "Steps that wait at the month's end. Those that wait for a role are the branch's only."),
        (
            "Reports, returned",
            "Reports handed in during the month, rework included; reports that came back during the month.",
        ),
        ("Refused", "Answers not taken. Who gave them is not proven: they stand with whom the step waits for."),
        (
            "Work log",
            f"Entered within {policy.work_log.enter_working_days} working days, opinion within "
            f"{policy.work_log.review_working_days} (REC-3).",
        ),
        (
            "Score",
            f"Of 100 (PER-1): on time {weights.timely_weight} (open and late counts as missed), reports not "
            f"returned {weights.quality_weight}, log in time {weights.log_weight}; a part without work leaves its "
            "weight to the others.",
        ),
        (
            "Customers",
            f"On the day on which this was made; {policy.workload.customers_per_officer} are the measure (INS-13).",
        ),
    ]
