"""A loan that was not paid on its card: transferred, worked out, written off, and what came in; as of each day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from postloan.book import Writer, accounts, cases, loans, workout
from postloan.book.tables import Case, Instalment, Repayment, Step
from postloan.book.workout import Answerable, Planned
from postloan.card.view import Paper
from postloan.policy import PolicyFile
from postloan.rules.workout import Alternative
from tasks.office import Office
from tests.conftest import Clock
from tests.factory import staff_and_loans
from tests.story import Story
from tests.test_card import LANGUAGES, Tags, html, shown

START = date(2025, 1, 10)
OWN = {
    *("transfers", "responsibilities", "disposal_options", "milestones", "write_offs"),
    *("recoveries", "recovered", "recovery_costs"),
}


@pytest.fixture
def story(office: Office, clock: Clock, policy_file: PolicyFile) -> Story:
    told = Story(office.book, clock, policy_file, office.settings.home)
    clock.now = clock.now.replace(year=2025, month=1, day=10)
    staff_and_loans(office.book, {"L1": START})
    with told.write(str(START)) as writer:
        about = {"loan_no": "L1", "number": 1, "due_on": date(2025, 4, 10)}
        writer.session.add(Instalment(principal_due=100_000, interest_due=1_000, **about))
    return told


def pay(writer: Writer, story: Story, receipt_no: str, day: date, amount: int) -> None:
    writer.session.add(Repayment(receipt_no=receipt_no, loan_no="L1", paid_on=day, amount=amount))
    writer.session.flush()
    accounts.refresh(writer.session, story.file, ["L1"])


def open_case(writer: Writer, story: Story, kind: str, day: date) -> Case:
    return cases.open_by_hand(writer, story.file, kind, loans.get(writer.session, "L1"), day)


def tell(story: Story, look: Callable[[str], None]) -> None:
    """Everything that happens, and a look at the card after each of it."""
    day = date(2025, 7, 9)
    with story.write(str(day)) as writer:
        case = open_case(writer, story, "workout_transfer", day)
        loan = loans.get(writer.session, "L1")
        workout.transfer(
            writer, story.file, case, loan, day=day, ground="days_past_due", missing="权证<遗失>",
            handed_by="S001", taken_by="S003",
        )  # fmt: skip
        cases.close(writer, case, "transferred")
        for kind in ("workout", "responsibility_determination"):
            open_case(writer, story, kind, day)
    look("2025-07-09")
    plan_on = date(2025, 7, 20)
    with story.write(str(plan_on)) as writer:
        case = cases.get(writer.session, "WK-L1-1")
        two = [
            Alternative(11, "litigation", Decimal(90_000), Decimal(5_000), 18),
            Alternative(12, "debt_transfer", Decimal(40_000), Decimal(0), 2),
        ]
        steps = [Planned("起诉", date(2025, 8, 1)), Planned("开庭", date(2025, 10, 1))]
        workout.approve(writer, case, two, 11, steps, remark="有财产", day=plan_on, by="S003")
    look("2025-07-20")
    with story.write("2025-08-01") as writer:
        case = cases.get(writer.session, "WK-L1-1")
        on = date(2025, 8, 1)
        about: dict[str, Any] = {"day": on, "by": "S003"}
        workout.end_milestone(writer, case, 1, "done", done_on=on, document="立案通知1", **about)
        workout.plan(
            writer, case, [Planned("法院受理", date(2025, 8, 8), "民事诉讼法 126")], measure="litigation", **about
        )
        workout.cost(
            writer, case, "C1", measure="litigation", amount=Decimal("2300.50"), day=on, detail="诉讼费", by="S003"
        )
        pay(writer, story, "R1", on, 10_000)
    look("2025-08-01")
    with story.write("2025-08-20") as writer:
        case = cases.get(writer.session, "WK-L1-1")
        on = date(2025, 8, 20)
        workout.end_milestone(writer, case, 3, "postponed", remark="法院补正", day=on, by="S003")
        workout.attribute(writer, case, ["R1"], measure="guarantor", day=on, by="S003")
        found = [Answerable("S001", "贷前调查", "major", "未核实用途", "已知悉")]
        other = cases.get(writer.session, "RD-L1-1")
        workout.determine(writer, other, found, determined_on=date(2025, 8, 15), by="S003", handed_over_on=on)
    look("2025-08-20")
    with story.write("2025-11-03") as writer:
        case = cases.get(writer.session, "WK-L1-1")
        on = date(2025, 11, 3)
        workout.end_plan(writer, case, "failed", day=on, by="S003", why="无财产可供执行")
        cases.close(writer, case, "to_write_off")
        case = open_case(writer, story, "write_off", on)
        cases.finish_step(writer, case, "levels", {"levels": ["board"]})
        signed = {"decision": "同意 approve"}
        about = {"duty": "approve-1", "attempt": 1, "result": signed, "staff_no": "S003", "done_at": writer.now}
        writer.session.add(Step(case_no=case.case_no, step="approve-1", **about))
        writer.session.flush()
        loan = loans.get(writer.session, "L1")
        workout.write_off(writer, story.file, case, loan, ground="enforcement_exhausted", document="执终1", day=on)
        cases.close(writer, case, "written_off")
    look("2025-11-03")
    with story.write("2025-12-24") as writer:
        pay(writer, story, "R2", date(2025, 12, 24), 500)
    look("2025-12-24")


@pytest.fixture
def told(story: Story, office: Office) -> dict[str, dict[str, Any]]:
    """The story told; gives the cards as they were made on each day."""
    made: dict[str, dict[str, Any]] = {}

    def look(day: str) -> None:
        with story.write(day, 20):
            pass
        made[day] = shown(office, "L1", date.fromisoformat(day))

    tell(story, look)
    return made


def test_an_earlier_card_is_what_it_was(told: dict[str, dict[str, Any]], office: Office) -> None:
    for day, then in told.items():
        again = shown(office, "L1", date.fromisoformat(day))
        for name in OWN | {"cases", "events"}:
            assert again[name] == then[name], (day, name)
    before = shown(office, "L1", date(2025, 7, 8))
    last = told["2025-12-24"]
    assert {name for name in OWN if before[name]} == set()
    assert {name for name in OWN if not last[name]} == set(), "the story fills every part"


def test_what_the_card_says_of_the_workout(told: dict[str, dict[str, Any]]) -> None:
    def of(day: str, section: str, *names: str) -> list[tuple[Any, ...]]:
        return [tuple(row[name] for name in names) for row in told[day][section]]

    assert of("2025-07-20", "milestones", "name", "state") == [("起诉", "planned"), ("开庭", "planned")]
    assert of("2025-08-20", "milestones", "name", "state", "done_on") == [
        ("起诉", "done", "2025-08-01"),
        ("法院受理", "postponed", None),
        ("开庭", "planned", None),
    ]
    assert of("2025-08-20", "disposal_options", "measure", "state") == [
        ("litigation", "approved"),
        ("debt_transfer", "compared"),
    ]
    assert of("2025-12-24", "disposal_options", "state") == [("failed",), ("compared",)]
    assert of("2025-08-01", "recoveries", "measure", "received", "costs", "net") == [
        ("litigation", "10000.00", "2300.50", "7699.50")
    ]
    assert of("2025-12-24", "recoveries", "measure", "net") == [
        ("guarantor", "10000.00"),
        ("litigation", "-2300.50"),
        ("voluntary", "500.00"),
    ]
    assert of("2025-12-24", "write_offs", "principal", "interest", "authority") == [("90000.00", "1000.00", "S003")], (
        "principal first"
    )
    assert told["2025-12-24"]["staff"]["S003"] == "员工S003"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["html", "md"])
def test_the_paper_says_it_in_words(told: dict[str, dict[str, Any]], office: Office, language: str, form: str) -> None:
    page = html(office, told["2025-12-24"], language, form)
    said = {
        "zh": ("移交处置", "责任认定", "主要责任", "处置方案比较", "诉讼", "法院受理", "执行终结", "保证人", "清收"),
        "en": ("Transfer to the workout", "Responsibility", "major", "litigation", "Milestones",
               "enforcement exhausted", "claim on the guarantor", "Recoveries net of costs"),
    }[language]  # fmt: skip
    assert [words for words in said if words not in page] == []
    assert "-2,300.50" in page or "−2,300.50" in page
    assert "<遗失>" not in page, "what people typed is no markup"
    if form == "html":
        Tags(page)
    assert "workout" not in html(office, shown(office, "L1", date(2025, 7, 8)), "zh", "html")


def test_a_milestone_that_is_late_is_marked(told: dict[str, dict[str, Any]], office: Office) -> None:
    page = html(office, shown(office, "L1", date(2025, 10, 2)), "zh")
    assert 'flag">2025-10-01' in page
    assert Paper(told["2025-12-24"], "zh").say("write_off", "measure") == "核销"
