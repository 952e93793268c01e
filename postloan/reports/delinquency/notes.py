"""What the figures of the delinquency pack mean: it is read by people who did not make it."""

from __future__ import annotations

from postloan.policy import Policy
from postloan.reports.delinquency.pack import HISTORY_MONTHS, SHOWN_MONTHS, Pack
from postloan.reports.words import Words


def notes(pack: Pack, policy: Policy, words: Words) -> list[tuple[str, str]]:
    """Each definition, as (title, text)."""
    zone = policy.institution.time_zone
    return [(words.pick(zh, en), words.pick(text_zh, text_en)) for zh, en, text_zh, text_en in _all(pack, zone)]


def _all(pack: Pack, zone: object) -> list[tuple[str, str, str, str]]:
    main = pack.headline.currency or "—"
    return [
        (
            "统计时点",
            "As of",
            f"{pack.as_of} 日终, 与 {pack.before} 日终比较; 迁徙、还清与账龄均按各月月末观察。日期按 {zone} 时区。",
            f"The end of {pack.as_of}, compared with the end of {pack.before}. Rolls, cures and vintages look at month "
            f"ends only. Days in {zone}.",
        ),
        (
            "逾期期次",
            "Months past due",
            "M1 为逾期 1–30 天, M2 为 31–60 天, 依此类推, M7+ 为 180 天以上。"
            "余额为未还本金; 逾期金额为到期未还的本息费。已核销贷款单列, 不计入占比。",
            "M1 is 1 to 30 days past due, M2 31 to 60, and so on; M7+ more than 180. Outstanding is principal, overdue "
            "what is due and unpaid of it, of interest and of fees. Written-off loans stand apart, and in no share.",
        ),
        (
            "迁徙率",
            "Roll rates",
            "上月末在某期次的贷款, 本月末到了哪里; 金额按上月末余额。当月核销的列入核销, 其余不再存续的列入结清。",
            "Where the loans of a bucket at the end of the month before are now; amounts are those of then. What was "
            "written off in the month stands there, what else is gone is settled.",
        ),
        (
            "逐期迁徙率",
            "Forward rolls",
            "迁入更差期次 (不限一期) 或核销的占比。M0→M7+ 为各期迁徙率之积, 即正常贷款的预期损失率; "
            f"“近一年”为近 {SHOWN_MONTHS} 个月合并计算。某期无贷款时不计算。",
            "What went into a worse bucket, however far, or was written off. M0→M7+ is the product of the rates: the "
            f"expected loss of what is not past due. Of the year: {SHOWN_MONTHS} months put together. Where nobody was "
            "in a bucket there is no rate.",
        ),
        (
            "还清逾期",
            "Cures",
            "上月末逾期、本月末未逾期的占比; 结清的另列。再次逾期: 还清后十二个月内任一月末又逾期或已核销; "
            "观察月数不足十二的尚未看完。",
            "Past due at the end of the month before and current now; those settled stand apart. Again: past due or "
            "written off at one of the next twelve month ends; with fewer months watched there is more to come.",
        ),
        (
            "账龄",
            "Vintages",
            f"按放款季度, 至某账龄 (月) 曾在月末逾期超过 30 天 (M2 及以上)、90 天 (M4 及以上) 或已核销的占比, "
            f"金额按放款本金; 放款当月为 0。一季的贷款均已到达的账龄才列示。追溯 {HISTORY_MONTHS - 1} 个月。",
            "Of all loans disbursed in a quarter, those that by a month on book were ever more than 30 days (M2 and "
            "worse), 90 days (M4 and worse) past due at a month's end, or written off; amounts are the principal "
            "disbursed; the month of disbursement is 0. Shown as far as all loans of the quarter have come. "
            f"{HISTORY_MONTHS - 1} months back.",
        ),
        (
            "承诺兑现",
            "Promises",
            "兑现率 = 已兑现 ÷ (已兑现 + 未兑现), 按到期月 (COL-4); 被新承诺取代的不计入到期。"
            "计入贷款的客户经理与机构。",
            "Kept over kept and broken, by the month in which they were due (COL-4); those that another one replaced "
            "are not due. They count to the loan's officer and branch.",
        ),
        (
            "按措施清收",
            "Recoveries",
            "移交或核销之日起的收款; 未注明措施的, 计入当日执行中的处置方案, 否则计入自愿偿还 (WO-6)。"
            "退回的收款在退回日冲减。回收率按移交本息, 未移交的按核销本息; 合计含全部移交与核销贷款。",
            "What came in from the handover or write-off on. A receipt without a measure counts to that of the option "
            "in force, else as voluntary (WO-6); one that bounced is taken off on the day on which it did. Rates: of "
            "principal and interest handed over, else written off; the total is of all such loans.",
        ),
        (
            "币种",
            "Currency",
            f"迁徙矩阵与账龄表为 {main}; 其他币种见 JSON 或 CSV。",
            f"Matrices and vintages are in {main}; the JSON and CSV have the others.",
        ),
    ]
