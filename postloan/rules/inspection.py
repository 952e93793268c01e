"""When an inspection is due, and what its report must hold to be accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from postloan.calendar import Calendar


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
