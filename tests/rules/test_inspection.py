"""INS-2, INS-4: tables that a credit supervisor can read and extend."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.calendar import Calendar
from postloan.rules.inspection import FirstInspectionFacts, first_inspection_due, report_due, report_faults

CHINA = Calendar("CN")


@pytest.mark.parametrize(
    ("drawn", "due"),
    [
        ("2026-03-02", "2026-03-17"),
        ("2026-02-10", "2026-02-25"),  # over the Spring Festival: calendar days, nothing moves
        ("2024-02-15", "2024-03-01"),  # a leap year
        ("2026-12-31", "2027-01-15"),
    ],
)
def test_the_first_inspection_is_due_fifteen_days_after_the_first_drawdown(drawn: str, due: str) -> None:
    assert first_inspection_due(date.fromisoformat(drawn), 15) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("inspected", "due", "why"),
    [
        ("2026-03-02", "2026-03-04", "Monday: Wednesday"),
        ("2026-03-05", "2026-03-09", "Thursday: Monday"),
        ("2026-02-13", "2026-02-24", "before the Spring Festival: 14 Feb is worked, 24 Feb is the next working day"),
        ("2026-09-30", "2026-10-09", "before the National Day: 8 and 9 October"),
    ],
)
def test_the_report_is_due_two_working_days_after_the_inspection(inspected: str, due: str, why: str) -> None:
    assert report_due(date.fromisoformat(inspected), 2, CHINA) == date.fromisoformat(due), why


@given(st.dates(date(2005, 1, 1), date(2026, 6, 30)), st.integers(0, 30))
def test_the_report_is_never_due_on_a_day_off_nor_earlier_than_its_days(inspected: date, days: int) -> None:
    due = report_due(inspected, days, CHINA)
    assert CHINA.is_working(due)
    assert due >= inspected + timedelta(days=days)
    if days:
        assert CHINA.working_days_between(inspected, due) == days


FACTS = FirstInspectionFacts(first_drawdown_on=date(2026, 3, 2), today=date(2026, 3, 10), due_on=date(2026, 3, 17))
IN_ORDER = {
    "inspected_on": date(2026, 3, 9),
    "report_due_on": date(2026, 3, 11),
    "fully_compliant": True,
    "signals": [],
    "findings": "",
    "reason_late": "",
}


@pytest.mark.parametrize(
    ("what", "change", "fault"),
    [
        ("in order", {}, None),
        ("an inspection tomorrow", {"inspected_on": date(2026, 3, 11)}, "future"),
        ("an inspection before the drawdown", {"inspected_on": date(2026, 3, 1)}, "before the first drawdown"),
        ("not in order and no findings", {"fully_compliant": False}, "describe what"),
        ("not in order with findings", {"fully_compliant": False, "findings": "挪用"}, None),
        ("signals without findings", {"signals": ["失联"]}, "warning signals"),
        ("a late report", {"report_due_on": date(2026, 3, 9)}, "late"),
        ("a late report with its reason", {"report_due_on": date(2026, 3, 9), "reason_late": "住院"}, None),
    ],
)
def test_what_keeps_a_report_from_being_accepted(what: str, change: dict, fault: str | None) -> None:
    faults = report_faults(FACTS, **(IN_ORDER | change))
    assert (faults == []) if fault is None else (len(faults) == 1 and fault in faults[0]), what
