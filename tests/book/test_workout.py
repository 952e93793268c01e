"""The workout in the book: when a loan goes there, what is planned and put off, the write-off, what is recovered."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import select

from postloan import feeds
from postloan.book import Writer, accounts, audit, cases, collection, duties, loans, stages, workout
from postloan.book.tables import (
    AuditEvent,
    Case,
    Classification,
    Diagnosis,
    DisposalOption,
    Instalment,
    Loan,
    Milestone,
    Pause,
    Position,
    Recovery,
    RecoveryCost,
    Repayment,
    Step,
    Transfer,
    WriteOff,
)
from postloan.book.workout import Answerable, Planned
from postloan.calendar import months_after
from postloan.errors import FeedError, PostloanError
from postloan.rules.workout import Alternative
from tasks.office import Office
from tasks.round import work_out
from tests.conftest import Clock
from tests.factory import staff_and_loans

DRAWN = date(2025, 1, 10)
FIRST_DUE = date(2025, 4, 10)
GOES_ON = FIRST_DUE + timedelta(days=90)


@pytest.fixture
def lent(office: Office) -> Office:
    """L1 to L3, 100,000 each in four instalments of which none was paid but L3's."""
    staff_and_loans(office.book, {no: DRAWN for no in ("L1", "L2", "L3")})
    with office.book.write() as writer:
        for no in ("L1", "L2", "L3"):
            for number in range(1, 5):
                due_on = months_after(DRAWN, 3 * number)
                about = {"loan_no": no, "number": number, "due_on": due_on}
                writer.session.add(Instalment(principal_due=25_000, interest_due=300, **about))
        pay(writer, office, "L3", FIRST_DUE, 101_200)
    return office


def pay(writer: Writer, office: Office, loan_no: str, day: date, amount: int, reverses: str = "") -> str:
    receipt_no = f"R{len(writer.session.exec(select(Repayment)).all())}"
    row = Repayment(receipt_no=receipt_no, loan_no=loan_no, paid_on=day, amount=amount, reverses=reverses or None)
    writer.session.add(row)
    writer.session.flush()
    accounts.refresh(writer.session, office.policy_file, [loan_no])
    return receipt_no


def opened(office: Office, kind: str) -> list[tuple[str, date, date]]:
    with office.book.read() as session:
        found = session.exec(select(Case).where(Case.kind == kind)).all()
    return sorted((case.loan_no or "", case.anchor_on, case.due_on) for case in found)


def close_all(office: Office) -> None:
    with office.book.write() as writer:
        for case in writer.session.exec(select(Case).where(Case.state == "open")):
            cases.close(writer, case, "done")


def hand_over(writer: Writer, office: Office, loan_no: str, day: date) -> Case:
    """The loan goes to the workout; gives the case of the workout."""
    file, loan = office.policy_file, loans.get(writer.session, loan_no)
    case = cases.open_next(writer, file, "workout_transfer", loan, day, origin="test")
    about = {"day": day, "ground": "days_past_due", "missing": "", "handed_by": "S001", "taken_by": "S003"}
    workout.transfer(writer, file, case, loan, **about)
    workout.transfer(writer, file, case, loan, **about)
    cases.close(writer, case, "transferred")
    return cases.open_next(writer, file, "workout", loan, day, origin=case.case_no)


SUIT = Alternative(11, "litigation", Decimal(90_000), Decimal(5_000), 18)
SALE = Alternative(12, "debt_transfer", Decimal(40_000), Decimal(0), 2)


# ---------------------------------------------------------------------------------------- when a loan goes


def test_a_loan_goes_on_the_day_that_the_rule_names_once(lent: Office) -> None:
    work_out(lent, GOES_ON - timedelta(days=1))
    assert opened(lent, "workout_transfer") == []
    with lent.book.read() as session:
        ahead = duties.between(
            session, lent.policy_file, GOES_ON, GOES_ON + timedelta(days=9), GOES_ON - timedelta(days=30)
        )
        found = [(d.loan_no, d.due_on, d.rule) for d in ahead if d.kind == "workout_transfer"]
    due_on = GOES_ON + timedelta(days=5)
    assert found == [("L1", due_on, "WO-1"), ("L2", due_on, "WO-1")], "foreseen a month ahead"
    work_out(lent, GOES_ON)
    both = [("L1", GOES_ON, due_on), ("L2", GOES_ON, due_on)]
    assert opened(lent, "workout_transfer") == both
    with lent.book.write() as writer:  # part of it is paid: the oldest claim is a later one, the case is the same
        pay(writer, lent, "L1", GOES_ON + timedelta(days=1), 25_300)
    for days in (2, 40, 100, 200):
        work_out(lent, GOES_ON + timedelta(days=days))
    assert opened(lent, "workout_transfer") == both


def test_not_while_the_clock_is_paused(lent: Office) -> None:
    until = GOES_ON + timedelta(days=20)
    with lent.book.write() as writer:
        about = {"reason": "disaster", "from_on": FIRST_DUE, "until_on": until}
        writer.session.add(Pause(pause_no="P1", loan_no="L1", **about))
        writer.session.add(Pause(pause_no="P2", loan_no="L2", ended_on=GOES_ON + timedelta(days=3), **about))
    for days, gone in ((0, []), (3, []), (4, ["L2"]), (20, ["L2"]), (21, ["L1", "L2"])):
        work_out(lent, GOES_ON + timedelta(days=days))
        assert [no for no, *_ in opened(lent, "workout_transfer")] == gone, days


def test_a_category_that_was_decided_sends_it_before_that(lent: Office) -> None:
    decided = date(2025, 3, 31)
    with lent.book.write() as writer:
        about = {"rule_class": "normal", "as_of": decided, "cause": "signals", "reason": ""}
        writer.session.add(Classification(loan_no="L1", risk_class="substandard", **about))
        writer.session.add(Classification(loan_no="L2", risk_class="special_mention", **about))
    work_out(lent, date(2025, 4, 1))
    assert opened(lent, "workout_transfer") == [("L1", decided, decided + timedelta(days=20))]
    with lent.book.write() as writer:
        hand_over(writer, lent, "L1", date(2025, 4, 8))
        writer.session.add(Classification(loan_no="L1", risk_class="doubtful", **about | {"as_of": date(2025, 6, 30)}))
    work_out(lent, GOES_ON + timedelta(days=3))
    assert [no for no, *_ in opened(lent, "workout_transfer")] == ["L1", "L2"], "L1 is there already"


def test_a_loan_that_was_cured_goes_again_when_it_fails_again(lent: Office, clock: Clock) -> None:
    clock.now = clock.now.replace(year=2025, month=7, day=15)
    with lent.book.write() as writer:
        case = hand_over(writer, lent, "L1", GOES_ON)
        pay(writer, lent, "L1", GOES_ON + timedelta(days=5), 50_600)
        cases.close(writer, case, "restructured")
    third_due = months_after(DRAWN, 9)
    work_out(lent, third_due + timedelta(days=89))
    assert [c for c in opened(lent, "workout_transfer") if c[0] == "L1"] == [("L1", GOES_ON, GOES_ON + timedelta(5))]
    work_out(lent, third_due + timedelta(days=90))
    assert ("L1", third_due + timedelta(90), third_due + timedelta(95)) in opened(lent, "workout_transfer")


def test_a_workout_goes_on_until_the_loan_is_cured_or_rescheduled(lent: Office) -> None:
    """What follows where the restructuring that ended a workout is refused."""
    stages_on(lent, GOES_ON)
    day = GOES_ON + timedelta(days=5)
    with lent.book.write() as writer:
        loan = loans.get(writer.session, "L1")
        assert not workout.goes_on(writer.session, loan, day)
        for no in ("L1", "L2", "L3"):
            hand_over(writer, lent, no, GOES_ON)
        assert workout.goes_on(writer.session, loan, day)
        assert workout.goes_on(writer.session, loans.get(writer.session, "L3"), day), "by its category, never past due"
        rescheduled = loans.get(writer.session, "L2")
        rescheduled.restructured_on = day
        writer.session.add(rescheduled)
        assert not workout.goes_on(writer.session, rescheduled, day)
        pay(writer, lent, "L1", GOES_ON + timedelta(days=1), 50_600)
    stages_on(lent, day)
    with lent.book.read() as session:
        assert not workout.goes_on(session, loans.get(session, "L1"), day)


def test_what_the_workout_cured_is_collected_again_when_it_fails_again(lent: Office) -> None:
    stages_on(lent, GOES_ON)
    with lent.book.write() as writer:
        case = hand_over(writer, lent, "L1", GOES_ON)
        cases.close(writer, hand_over(writer, lent, "L2", GOES_ON), "restructured")
        pay(writer, lent, "L1", GOES_ON + timedelta(days=1), 50_600)
    stages_on(lent, GOES_ON + timedelta(days=5))
    again = months_after(DRAWN, 9) + timedelta(days=5)
    stages_on(lent, again)
    with lent.book.write() as writer:
        late = [one.loan_no for one in collection.past_due(writer.session, again)]
        assert late == [], "L1 is worked out still, L2 never was cured"
        cases.close(writer, case, "restructured")
        late = [one.loan_no for one in collection.past_due(writer.session, again)]
        assert late == ["L1"]
        one = collection.one_past_due(writer.session, again, "L1")
        assert one is not None and one.episode == 2
    work_out(lent, again)
    assert [no for no, *_ in opened(lent, "collection")] == ["L1"]


def stages_on(office: Office, day: date) -> None:
    with office.book.write() as writer:
        stages.refresh(writer, office.policy_file.at(day), day)


def test_what_the_core_system_reports_counts_as_well(lent: Office) -> None:
    with lent.book.write() as writer:
        about = {"principal_outstanding": 80_000, "overdue_principal": 80_000, "overdue_interest": 1_234}
        writer.session.add(Position(loan_no="L2", as_of=date(2025, 3, 1), days_past_due=88, **about))
    work_out(lent, date(2025, 3, 2))
    assert opened(lent, "workout_transfer") == []
    work_out(lent, date(2025, 3, 3))
    assert [no for no, *_ in opened(lent, "workout_transfer")] == ["L2"]
    with lent.book.write() as writer:
        hand_over(writer, lent, "L2", date(2025, 3, 4))
        handed = writer.session.exec(select(Transfer)).one()
    assert (handed.principal, handed.interest) == (Decimal(80_000), Decimal(1_234))


def test_a_workout_is_of_a_loan_that_was_handed_over(lent: Office) -> None:
    with lent.book.write() as writer:
        loan = loans.get(writer.session, "L1")
        for kind in ("workout", "write_off", "responsibility_determination"):
            with pytest.raises(PostloanError, match="postloan open workout_transfer"):
                cases.open_by_hand(writer, lent.policy_file, kind, loan, GOES_ON)
        assert hand_over(writer, lent, "L1", GOES_ON).case_no == "WK-L1-1"
        again = cases.open_next(writer, lent.policy_file, "workout", loan, GOES_ON, origin="other")
        assert again.case_no == "WK-L1-1", "one workout at a time"
    with lent.book.read() as session:
        (handed,) = session.exec(select(Transfer)).all()
        assert (handed.principal, handed.interest) == (Decimal(100_000), Decimal(300)), "one instalment was due"
        assert audit.verify(session).ok


def test_a_diagnosis_of_death_flight_or_insolvency_has_assets_preserved_within_a_day(lent: Office) -> None:
    day = date(2025, 5, 6)
    with lent.book.write() as writer:
        for n, (no, cause) in enumerate([("L1", "ill_or_dead"), ("L2", "short"), ("L3", "vanished")]):
            row = Diagnosis(diagnosis_no=f"DG{n}", loan_no=no, diagnosed_on=day, cause=cause, measures=[], findings={})
            writer.session.add(row)
    work_out(lent, day)
    work_out(lent, day + timedelta(days=1))
    assert opened(lent, "preservation") == [("L1", day, day + timedelta(days=1))], "L3 is paid"


# ---------------------------------------------------------------------------------- plan and milestones


def test_a_plan_is_entered_once_and_gives_way_to_the_next(lent: Office) -> None:
    day, later = date(2025, 8, 1), date(2025, 9, 1)
    with lent.book.write() as writer:
        case = hand_over(writer, lent, "L1", GOES_ON)
        steps = [Planned("起诉", date(2025, 8, 20)), Planned("开庭", date(2025, 10, 20))]
        for _ in range(2):
            workout.approve(writer, case, [SUIT, SALE], 11, steps, remark="有财产", day=day, by="S003")
        assert workout.measure_of(writer.session, case.case_no).measure == "litigation"  # type: ignore[union-attr]
        first = workout.next_milestone(writer.session, case.case_no)
        assert first is not None and (first.number, first.name, first.measure) == (1, "起诉", "litigation")
        about = {"day": later, "by": "S003"}
        assert workout.end_milestone(writer, case, 1, "postponed", remark="材料未齐", **about)
        assert not workout.end_milestone(writer, case, 1, "done", done_on=later, **about), "it is over"
        workout.plan(writer, case, [Planned("起诉", date(2025, 9, 20))], measure="litigation", **about)
        workout.plan(writer, case, [Planned("起诉", date(2025, 9, 20))], measure="litigation", **about)
        again = [Alternative(21, *list(vars(SALE).values())[1:]), Alternative(22, *list(vars(SUIT).values())[1:])]
        closing = [Planned("签约", date(2025, 9, 30))]
        workout.approve(writer, case, again, 21, closing, remark="", day=later, by="S003")
        assert workout.next_milestone(writer.session, case.case_no).name == "签约"  # type: ignore[union-attr]
        workout.end_plan(writer, case, "done", day=later, by="S003", why="已转让")
        assert workout.next_milestone(writer.session, case.case_no) is None
    with lent.book.read() as session:
        every = {o.number: (o.measure, o.state) for o in session.exec(select(DisposalOption))}
        assert every == {
            11: ("litigation", "failed"),
            12: ("debt_transfer", "compared"),
            21: ("debt_transfer", "done"),
            22: ("litigation", "compared"),
        }
        states = [(m.name, m.state) for m in session.exec(select(Milestone).order_by(Milestone.number))]  # type: ignore[arg-type]
        assert states == [("起诉", "postponed"), ("开庭", "dropped"), ("起诉", "dropped"), ("签约", "dropped")]
        told = [e.event for e in session.exec(select(AuditEvent)) if e.event.startswith(("milestone", "disposal"))]
        assert told.count("disposal.approved") == told.count("disposal.ended") == 2
        assert told.count("milestone.planned") == 4 and told.count("milestone.dropped") == 3
        assert audit.verify(session).ok


def test_who_had_to_do_with_a_loan(lent: Office) -> None:
    with lent.book.write() as writer:
        case = hand_over(writer, lent, "L1", GOES_ON)
        other = cases.open_by_hand(writer, lent.policy_file, "extension", loans.get(writer.session, "L1"), GOES_ON)
        about = {"duty": "approve", "attempt": 1, "result": {}, "done_at": writer.now}
        writer.session.add(Step(case_no=case.case_no, step="x", staff_no="S002", on_behalf_of="S004", **about))
        writer.session.add(Step(case_no=other.case_no, step="x", staff_no="S006", **about))
        writer.session.flush()
        loan = loans.get(writer.session, "L1")
        assert workout.involved(writer.session, loan) == {"S001", "S002", "S004", "S006"}
        assert workout.involved(writer.session, loan, but=other.case_no) == {"S001", "S002", "S004"}
        assert workout.involved(writer.session, loan, kinds=["extension"]) == {"S001", "S006"}
        assert workout.involved(writer.session, loans.get(writer.session, "L2")) == {"S001"}


def test_responsibility_is_entered_once(lent: Office) -> None:
    with lent.book.write() as writer:
        hand_over(writer, lent, "L1", GOES_ON)
        loan = loans.get(writer.session, "L1")
        case = cases.open_by_hand(writer, lent.policy_file, "responsibility_determination", loan, GOES_ON)
        assert not workout.determined(writer.session, "L1")
        found = [Answerable("S001", "贷前调查", "major", "未核实用途", "已知悉")]
        for _ in range(2):
            workout.determine(writer, case, found, determined_on=GOES_ON, by="S003", handed_over_on=GOES_ON)
        cases.close(writer, case, "determined")
        assert workout.determined(writer.session, "L1")
    with lent.book.read() as session:
        (event,) = session.exec(select(AuditEvent).where(AuditEvent.event == "responsibility.determined")).all()
    assert json.loads(event.data)["degree"] == "major"


# ------------------------------------------------------------------------------------------ write-off


def sign(writer: Writer, case: Case, step: str, decision: str, role: str = "board") -> None:
    writer.session.add(
        Step(
            case_no=case.case_no, step=step, duty=step, attempt=1, result={"decision": decision},
            staff_no="S003", done_at=writer.now,
        )
    )  # fmt: skip
    writer.session.flush()


def test_nothing_is_written_off_before_every_level_has_approved(lent: Office) -> None:
    file = lent.policy_file
    with lent.book.write() as writer:
        loan = loans.get(writer.session, "L1")
        hand_over(writer, lent, "L1", GOES_ON)
        case = cases.open_by_hand(writer, file, "write_off", loan, GOES_ON)

        def enter() -> None:
            workout.write_off(writer, file, case, loan, ground="disaster", document="D", day=GOES_ON)

        with pytest.raises(PostloanError, match="nobody has approved"):
            enter()
        cases.finish_step(writer, case, "levels", {"levels": ["credit_administration", "board"]})
        sign(writer, case, "approve-1", "同意 approve")
        with pytest.raises(PostloanError, match=r"level 2 \(board\)"):
            enter()
        sign(writer, case, "approve-2", "不同意 refuse")
        with pytest.raises(PostloanError, match=r"level 2 \(board\)"):
            enter()
        cases.finish_step(writer, case, "levels-2", {"levels": ["credit_administration", "board"]})
        with pytest.raises(PostloanError, match="level 1"):
            enter()  # what was approved in the round before does not count
        sign(writer, case, "approve-1-2", "同意 approve")
        sign(writer, case, "approve-2-2", "同意 approve")
        enter()
        enter()
        assert writer.session.exec(select(WriteOff)).one().authority == "S003"
        other = Case(**case.model_dump() | {"case_no": "WF-L1-9", "subject": "9"})
        with pytest.raises(PostloanError, match="was written off"):
            workout.write_off(writer, file, other, loan, ground="disaster", document="D", day=GOES_ON)


def written_off(office: Office, loan_no: str, day: date) -> None:
    with office.book.write() as writer:
        case = hand_over(writer, office, loan_no, day)
        cases.close(writer, case, "to_write_off")
        loan = loans.get(writer.session, loan_no)
        case = cases.open_by_hand(writer, office.policy_file, "write_off", loan, day)
        cases.finish_step(writer, case, "levels", {"levels": ["board"]})
        sign(writer, case, "approve-1", "同意 approve")
        workout.write_off(writer, office.policy_file, case, loan, ground="disaster", document="D", day=day)
        cases.close(writer, case, "written_off")


def test_a_loan_written_off_is_owed_still_and_looked_at_each_year_until_it_is_paid(lent: Office) -> None:
    off = date(2025, 8, 1)
    written_off(lent, "L1", off)
    with lent.book.read() as session:
        assert loans.standing(session, loans.get(session, "L1"), off).principal_outstanding == Decimal(100_000)
        ahead = duties.between(session, lent.policy_file, off, date(2029, 1, 1), off, "L1")
        assert [d.due_on for d in ahead if d.kind == "recovery_review"] == [date(y, 8, 1) for y in (2026, 2027, 2028)]
    for day in (date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 3)):
        work_out(lent, day)
    assert opened(lent, "recovery_review") == [("L1", off, date(2026, 8, 1))]
    assert [no for no, *_ in opened(lent, "workout_transfer")] == ["L1", "L2"], "L1 not again: it is written off"
    with lent.book.write() as writer:
        pay(writer, lent, "L1", date(2026, 9, 9), 101_200)
    work_out(lent, date(2027, 7, 15))
    assert len(opened(lent, "recovery_review")) == 1
    with lent.book.write() as writer:
        moot = cases.cancel_moot(writer, "L1", "settled")
        assert "recovery_review" in {case.kind for case in moot}


# ----------------------------------------------------------------------------------------- recoveries


def test_recoveries_are_put_down_to_measures_and_net_of_costs(lent: Office) -> None:
    file = lent.policy_file
    with lent.book.write() as writer:
        before = pay(writer, lent, "L1", GOES_ON - timedelta(days=1), 1_000)
        case = hand_over(writer, lent, "L1", GOES_ON)
        early = pay(writer, lent, "L1", GOES_ON + timedelta(days=3), 200)
        day = GOES_ON + timedelta(days=10)
        workout.approve(writer, case, [SUIT, SALE], 11, [], remark="", day=day, by="S003")
        court = pay(writer, lent, "L1", day + timedelta(days=30), 30_000)
        sold = pay(writer, lent, "L1", day + timedelta(days=31), 5_000)
        bounced = pay(writer, lent, "L1", day + timedelta(days=32), 7_000)
        pay(writer, lent, "L1", day + timedelta(days=40), 7_000, reverses=bounced)
        said_on = day + timedelta(days=33)
        workout.attribute(writer, case, [sold, sold], measure="collateral", day=said_on, by="S003")
        workout.attribute(writer, case, [sold], measure="guarantor", day=said_on, by="S003")
        for _ in range(2):
            about = {"measure": "litigation", "day": day, "detail": "诉讼费", "by": "S003"}
            workout.cost(writer, case, "WK-L1-1-1", amount=Decimal("1234.56"), **about)
            workout.cost(writer, case, "WK-L1-1-2", amount=Decimal(0), **about)
        assert workout.not_attributable(writer.session, "L1", [court]) == []
        for wrong in (before, "R99", sold):
            assert len(workout.not_attributable(writer.session, "L1", [wrong])) == 1
        assert len(workout.not_attributable(writer.session, "L2", [court])) == 1
    with lent.book.read() as session:
        loan = loans.get(session, "L1")

        def told(last: date, first: date | None = None) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
            found = workout.books(session, file, loan, first, last).recovered()
            return {one.measure: (one.received, one.costs, one.net) for one in found}

        zero = Decimal(0)
        assert told(day + timedelta(days=60)) == {
            "voluntary": (Decimal(200), zero, Decimal(200)),
            "litigation": (Decimal(30_000), Decimal("1234.56"), Decimal("28765.44")),
            "collateral": (Decimal(5_000), zero, Decimal(5_000)),
        }
        assert told(day + timedelta(days=35))["litigation"][0] == Decimal(37_000), "it had not bounced yet"
        assert told(day + timedelta(days=32))["litigation"][0] == Decimal(42_000), "nobody had said of what it came"
        assert set(told(day + timedelta(days=60), day + timedelta(days=31))) == {"collateral"}
        assert told(GOES_ON - timedelta(days=1)) == {}
        by = {r.receipt_no: m for r, m in workout.books(session, file, loan, last=day + timedelta(60)).by_receipt()}
        assert by == {early: "voluntary", court: "litigation", sold: "collateral"}
        (row,) = workout.standings(session, file, day + timedelta(days=60), "L1")
        assert (row.state, row.measure, row.net) == ("in_progress", "litigation", Decimal("33965.44"))
        assert workout.standings(session, file, day, "L2") == []
        assert len(session.exec(select(Recovery)).all()) == len(session.exec(select(RecoveryCost)).all()) == 1


@pytest.mark.parametrize("seed", range(4))
def test_through_any_sequence_every_cent_is_recovered_once(lent: Office, seed: int) -> None:
    """Plans that change, receipts that come and bounce, costs: the sum over measures is what came in."""
    chance = random.Random(seed)
    day, good, spent = GOES_ON, dict[str, int](), Decimal(0)
    measures = ("litigation", "collateral", "guarantor", "write_off")
    with lent.book.write() as writer:
        case = hand_over(writer, lent, "L1", GOES_ON)
        for n in range(1, 30):
            day += timedelta(days=chance.randrange(0, 9))
            what = chance.choice(("pay", "pay", "bounce", "plan", "cost", "attribute"))
            if what == "pay":
                amount = chance.randrange(1, 900)
                good[pay(writer, lent, "L1", day, amount)] = amount
            elif what == "bounce" and good:
                receipt_no = chance.choice(sorted(good))
                pay(writer, lent, "L1", day, good.pop(receipt_no), reverses=receipt_no)
            elif what == "plan":
                two = [
                    Alternative(10 * n + place, chance.choice(measures), Decimal(1), Decimal(0), 1) for place in (1, 2)
                ]
                workout.approve(writer, case, two, 10 * n + 1, [], remark="", day=day, by="S003")
            elif what == "cost":
                spent += n
                about = {"measure": chance.choice(measures), "day": day, "detail": "", "by": "S003"}
                workout.cost(writer, case, f"C{n}", amount=Decimal(n), **about)
            elif what == "attribute" and good:
                workout.attribute(
                    writer, case, [chance.choice(sorted(good))], measure="enforcement", day=day, by="S003"
                )
    with lent.book.read() as session:
        found = workout.books(session, lent.policy_file, loans.get(session, "L1"), last=day).recovered()
        assert sum((one.received for one in found), Decimal(0)) == sum(good.values())
        assert sum((one.costs for one in found), Decimal(0)) == spent
        assert len([o for o in session.exec(select(DisposalOption)) if o.state == "approved"]) <= 1
        assert audit.verify(session).ok


def test_the_levels_go_by_what_is_unpaid_and_end_with_the_authority(lent: Office) -> None:
    policy = lent.policy
    assert workout.levels_for(policy, Decimal(200_000)) == ("credit_administration",)
    assert workout.levels_for(policy, Decimal("200000.01")) == ("credit_administration", "risk_committee")
    assert workout.write_off_levels(policy, Decimal(1)) == ("credit_administration", "board")


def test_by_rule_or_not(lent: Office) -> None:
    with lent.book.read() as session:
        loan: Loan = loans.get(session, "L1")
        for days, due in ((89, False), (90, True)):
            day = FIRST_DUE + timedelta(days=days)
            assert workout.due_by_rule(session, lent.policy, loan, day) is due


def test_costs_that_another_system_keeps_come_by_a_feed(lent: Office, tmp_path: Path) -> None:
    with lent.book.write() as writer:
        hand_over(writer, lent, "L1", GOES_ON)
    file = tmp_path / "costs.csv"
    file.write_text(
        "费用单号,借据号,处置方式,支付日期,金额,说明\n"
        f"C1,L1,诉讼,{GOES_ON},1200.50,诉讼费\nC2,L1,auction,{GOES_ON},1,拍卖\n"
    )
    with pytest.raises(FeedError, match="auction"):
        feeds.take_in(lent.book, "recovery_costs", file)
    file.write_text(file.read_text().replace("auction", "处置押品"))
    assert feeds.take_in(lent.book, "recovery_costs", file).added == 2
    with lent.book.read() as session:
        found = workout.books(session, lent.policy_file, loans.get(session, "L1"), last=GOES_ON).recovered()
    assert [(one.measure, one.net) for one in found] == [
        ("collateral", Decimal("-1.00")),
        ("litigation", Decimal("-1200.50")),
    ]
