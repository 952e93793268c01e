"""When an inspection is due, and what its report must hold to be accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from postloan.calendar import Calendar, months_after


def first_inspection_due(first_drawdown_on: date, days: int) -> date:
    """INS-2: the last day for the first inspection, `days` calendar days after the first drawdown.

    The day of the drawdown is not counted: drawn on the 1st with 15 days means due on the 16th.
    Weekends and holidays do not move it.
    """
    return first_drawdown_on + timedelta(days=days)


def report_due(inspected_on: date, working_days: int, calendar: Calendar) -> date:
    """INS-4: the last day for the report, `working_days` working days after the inspection
    (the day of the inspection is not counted)."""
    return calendar.add_working_days(inspected_on, working_days)


@dataclass(frozen=True)
class FirstInspectionFacts:
    """What the report of a first inspection is checked against.

    Attributes:
        first_drawdown_on: day of the first drawdown.
        today: day on which the report is handed in.
        due_on: last day for the inspection.
    """

    first_drawdown_on: date
    today: date
    due_on: date


def report_faults(
    facts: FirstInspectionFacts,
    *,
    inspected_on: date,
    report_due_on: date,
    fully_compliant: bool,
    signals: list[str],
    findings: str,
    reason_late: str,
) -> list[str]:
    """INS-2, INS-3, INS-4: what keeps a first inspection's report from being accepted.

    An empty list means that it can be signed. A late inspection or report is accepted, for the
    work has to be done all the same, but not without a reason.

    Args:
        inspected_on: day of the visit or call.
        report_due_on: last day for the report, from `report_due`.
        fully_compliant: all three subjects (use of proceeds, conditions, documents) in order.
        signals: the warning signals that the report names.
        findings: the officer's findings in words.
        reason_late: why the inspection or the report is late.
    """
    faults = []
    if inspected_on > facts.today:
        faults.append(f"检查日期 {inspected_on} 晚于今天 {facts.today} (the inspection lies in the future)")
    if inspected_on < facts.first_drawdown_on:
        faults.append(
            f"检查日期 {inspected_on} 早于首次提款日 {facts.first_drawdown_on} "
            "(the inspection was before the first drawdown)"
        )
    if not fully_compliant and not findings.strip():
        faults.append("存在不符合项时须填写检查情况 (describe what is not in order)")
    if signals and not findings.strip():
        faults.append("发现预警信号时须填写检查情况 (describe the warning signals)")
    late = inspected_on > facts.due_on or facts.today > report_due_on
    if late and not reason_late.strip():
        faults.append(
            f"检查应于 {facts.due_on} 前、报告应于 {report_due_on} 前完成, 逾期须说明原因 (late: give the reason)"
        )
    return faults


# ------------------------------------------------------------------- routine and special inspection


@dataclass(frozen=True)
class Interval:
    """How many months lie between routine inspections, and the rule that says so."""

    months: int
    rule: str


def routine_interval(
    *,
    rating: str,
    high_risk: bool,
    open_signal: bool,
    by_rating: dict[str, int],
    other_months: int,
    unrated_months: int,
    max_months: int,
    high_risk_months: int,
    signal_months: int,
    shortest: bool,
) -> Interval:
    """INS-5, INS-6, SIG-1: the interval that applies; of several the shortest, and of equals the first.

    Args:
        rating: the borrower's rating, exactly as in `by_rating`; "" for none.
        by_rating: months by rating; any other rating has `other_months`, none at all `unrated_months`.
        shortest: with it `max_months` applies to every loan; without it only loans that are high-risk
            or have an open signal are looked at more often than their rating says.
    """
    months = by_rating.get(rating, other_months) if rating else unrated_months
    candidates = [Interval(months, "INS-6")]
    if shortest:
        candidates.append(Interval(max_months, "INS-5"))
    if high_risk:
        candidates.append(Interval(high_risk_months, "INS-5"))
    if open_signal:
        candidates.append(Interval(signal_months, "SIG-1"))
    return min(candidates, key=lambda c: c.months)


def routine_inspections(first_drawdown_on: date, matures_on: date, interval: int) -> list[tuple[int, date]]:
    """INS-5: (month, due date) of a loan's routine inspections, all at one interval.

    The months are counted from the first drawdown, so that a change of interval keeps the dates;
    the last one lies before maturity, where the pre-maturity visit (INS-12) takes over.
    """
    found = []
    month = interval
    while (due_on := months_after(first_drawdown_on, month)) < matures_on:
        found.append((month, due_on))
        month += interval
    return found


def on_site_required(month: int, interval: int, *, every_months: int, off_site: bool) -> bool:
    """INS-5, INS-7: whether the inspection of this month since the first drawdown must be on site.

    At least every `every_months` months one is: the first inspection, of those at the loan's `interval`
    of months, in each stretch of so many. Loans that are monitored off site need none.
    """
    return not off_site and month % every_months < interval


def inspection_report_faults(
    *,
    inspected_on: date,
    today: date,
    not_before: date,
    due_on: date,
    report_due_on: date,
    in_order: bool,
    signals: list[str],
    findings: str,
    reason_late: str,
) -> list[str]:
    """INS-8, INS-9: what keeps a routine or special inspection's report from being accepted.

    Late work is accepted with a reason only. `due_on` and `report_due_on` are last days, inclusive.
    """
    faults = []
    if inspected_on > today:
        faults.append(f"检查日期 {inspected_on} 晚于今天 {today} (the inspection lies in the future)")
    if inspected_on < not_before:
        faults.append(f"检查日期 {inspected_on} 早于 {not_before} (before this inspection could begin)")
    if not (in_order or findings.strip()):
        faults.append("存在异常项时须填写检查情况 (describe what is not in order)")
    if signals and not findings.strip():
        faults.append("发现预警信号时须填写检查情况 (describe the warning signals)")
    if (inspected_on > due_on or today > report_due_on) and not reason_late.strip():
        faults.append(f"检查应于 {due_on} 前、报告应于 {report_due_on} 前完成, 逾期须说明原因 (late: give the reason)")
    return faults
