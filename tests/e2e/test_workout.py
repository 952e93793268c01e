"""From the transfer to what comes in after the write-off, as people live it; and assets preserved in time.

On a book of its own, where people sign without codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from postloan.book import accounts, audit, cases, loans, workout
from postloan.book.tables import (
    Borrower,
    Case,
    Diagnosis,
    DisposalOption,
    Instalment,
    Interruption,
    Loan,
    Milestone,
    RecoveryCost,
    Repayment,
    Responsibility,
    Step,
    Transfer,
    WriteOff,
)
from postloan.calendar import months_after
from tasks.office import Office
from tasks.round import work_out
from tests.e2e.clerk import Clerk
from tests.e2e.conftest import Installation, add_branch, own_book
from tests.e2e.test_maturity import APPLICATION as ASKED
from tests.e2e.test_maturity import case_of, description, open_case, outcome, papers

pytestmark = [pytest.mark.server, pytest.mark.slow]

POSTS = (
    ("A1", "account_officer", "B6"),
    ("A2", "account_officer", "B6"),
    ("S1", "credit_supervisor", "B6"),
    ("GM1", "general_manager", ""),
    ("L1", "legal", ""),
    ("L2", "legal", ""),
    ("H1", "collection_head", ""),
    ("CA1", "credit_administration", ""),
    ("CA2", "credit_administration", ""),
    ("RK1", "risk_control", ""),
    ("RK2", "risk_control", ""),
    ("RC1", "risk_committee", ""),
    ("SV1", "supervision", ""),
    ("BD1", "board", ""),
)
SIGN = {"decision": "签字 sign", "opinion": "同意"}
APPROVE = {"decision": "同意 approve", "opinion": "同意"}
RETURN = {"decision": "退回 return", "opinion": "请补充财产线索"}
REFUSE = {"decision": "不同意 refuse", "opinion": "转让价格过低"}


@pytest.fixture(scope="module")
def desk(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A book of its own on the same server: loans that were not paid, and everybody who has to do with them."""
    home: Path = tmp_path_factory.mktemp("workout")
    with own_book(installation, home, _fill) as desk:
        yield desk


def _fill(office: Office) -> None:
    due_on = office.today - timedelta(days=92)
    with office.book.write(origin="test") as writer:
        add, session = writer.session.add, writer.session
        add_branch(writer, "B6", "河西支行", POSTS)
        for n in range(1, 6):
            add(Borrower(borrower_no=f"D{n}", name=f"客户{n}", kind="personal", branch_no="B6", phone=f"100003{n:05d}"))
        session.flush()
        for n in range(1, 6):
            drawn = months_after(due_on, -12)
            add(
                Loan(
                    loan_no=f"W{n}", borrower_no=f"D{n}", branch_no="B6", officer_no="A1",
                    principal=Decimal(300_000), annual_rate=Decimal(6), disbursed_on=drawn, first_drawdown_on=drawn,
                    matures_on=due_on, purpose="购进原材料", repayment="bullet",
                )
            )  # fmt: skip
            session.flush()
            add(Instalment(loan_no=f"W{n}", number=1, due_on=due_on, principal_due=300_000, interest_due=18_000))


HANDED = {
    "decision": "移交 hand over",
    "ground": "逾期天数达标 days past due",
    "situation": "借款人停业, 抵押物空置",
    "done": "电话与上门催收各三次",
    "location": "2026-不良-1",
}
INQUIRY = {
    "loss": "150000",
    "course": "贷后未发现借款人挪用资金, 逾期后处置迟缓",
    "evidence": "检查报告、流水",
    "person_1": "A1",
    "part_1": "贷后检查",
    "degree_1": "次要责任 minor",
    "finding_1": "两次检查流于形式",
}


def items(desk: Installation) -> list[str]:
    return list(desk.office.policy.workout.file_items)


def to_workout(desk: Installation, loan_no: str) -> Clerk:
    """The loan's transfer, all the way."""
    clerk = Clerk(desk, case_of(desk, "workout_transfer", loan_no))
    assert clerk.answer("hand-over", **HANDED, present=items(desk)) == ""
    assert clerk.answer("sign", **SIGN) == ""
    assert clerk.answer("approve", **APPROVE) == ""
    assert clerk.answer("take-over", decision="接收 take over", opinion="资料齐全") == ""
    assert outcome(clerk) == "transferred"
    return clerk


def plan(desk: Installation, **more: Any) -> dict[str, Any]:
    """A suit against a sale of the debt: the suit is worth more."""
    soon = (desk.today + timedelta(days=20)).isoformat()
    later = (desk.today + timedelta(days=60)).isoformat()
    return {
        "assets": "厂房一处, 估值 28 万元",
        "measure_1": "诉讼 litigation",
        "expected_1": "260000",
        "cost_1": "15000",
        "months_1": 12,
        "measure_2": "债权转让 debt transfer",
        "expected_2": "150000",
        "cost_2": "0",
        "months_2": 2,
        "chosen": "方案一 1",
        "reasons": "债务人有可供执行的财产",
        "milestones": f"{soon} 提交立案\n{later} 开庭",
    } | more


def milestones(desk: Installation, case_no: str) -> list[tuple[str, str]]:
    with desk.office.book.read() as session:
        return [(m.name, m.state) for m in workout.of_case(session, case_no)]


def report(desk: Installation, **more: Any) -> dict[str, Any]:
    return {"decision": "已完成 done", "happened_on": desk.today.isoformat(), "document": "立案通知1"} | more


def receive(desk: Installation, loan_no: str, receipt_no: str, amount: int) -> None:
    with desk.office.book.write(origin="test") as writer:
        writer.session.add(Repayment(receipt_no=receipt_no, loan_no=loan_no, paid_on=desk.today, amount=amount))
        writer.session.flush()
        accounts.refresh(writer.session, desk.office.policy_file, [loan_no])


def test_the_complete_file_is_handed_over_by_four_people(desk: Installation) -> None:
    clerk = Clerk(desk, case_of(desk, "workout_transfer", "W1"))
    every = items(desk)
    assert "仍符合移交条件" in clerk.answer("hand-over", **HANDED | {"decision": "不再移交 withdraw"}, present=every)
    assert every[-1] in clerk.answer("hand-over", **HANDED, present=every[:-1])
    assert clerk.answer("hand-over", **HANDED, present=every[:-1], missing="财产线索由法务继续查找") == ""
    assert clerk.answer("sign", staff_no="A1", **SIGN), "nobody signs his own"
    assert clerk.answer("sign", **SIGN) == ""
    assert clerk.answer("approve", **RETURN) == ""
    assert "请补充财产线索" in description(clerk, "hand-over-2")
    assert clerk.answer("hand-over-2", **HANDED, present=every) == ""
    assert clerk.answer("sign-2", **SIGN) == ""
    form = description(clerk, "approve-2")
    assert "300,000.00" in form and "18,000.00" in form, "principal and interest stand apart"
    assert clerk.answer("approve-2", **APPROVE) == ""
    for somebody in ("A1", "S1", "GM1"):
        assert clerk.answer("take-over-2", staff_no=somebody, decision="接收 take over", opinion="齐全")
    assert clerk.answer("take-over-2", decision="接收 take over", opinion="资料齐全") == ""
    assert outcome(clerk) == "transferred"
    assert "2026-不良-1" in papers(clerk, "workout_transfer_record")
    with desk.office.book.read() as session:
        handed = session.get_one(Transfer, clerk.case_no)
        assert (handed.handed_by, handed.taken_by) == ("A1", "L1")
        assert (handed.principal, handed.interest) == (Decimal(300_000), Decimal(18_000))
        mine = session.exec(select(Case).where(Case.loan_no == "W1", Case.state == "open")).all()
        assert {"workout", "responsibility_determination"} <= {case.kind for case in mine}


def test_responsibility_is_found_by_somebody_who_had_nothing_to_do_with_the_loan(desk: Installation) -> None:
    with desk.office.book.write(origin="test") as writer:  # RK1 once reviewed an inspection of the loan
        case = writer.session.get_one(Case, case_of(desk, "first_inspection", "W1"))
        about = {"duty": "review", "attempt": 1, "result": {}, "done_at": writer.now}
        writer.session.add(Step(case_no=case.case_no, step="review", staff_no="RK1", **about))
    clerk = Clerk(desk, case_of(desk, "responsibility_determination", "W1"))
    assert "须由他人调查" in clerk.answer("inquire", staff_no="RK1", **INQUIRY)
    assert "nobody answers for it" in clerk.answer(
        "inquire", staff_no="RK2", **{k: INQUIRY[k] for k in ("loss", "course", "evidence")}
    )
    unfinished = INQUIRY | {"degree_1": "无 nobody"}
    assert "须填写岗位" in clerk.answer("inquire", staff_no="RK2", **unfinished)
    two = INQUIRY | {
        "person_2": "X9", "part_2": "原客户经理", "degree_2": "主要责任 major", "finding_2": "未核实用途",
    }  # fmt: skip
    assert clerk.answer("inquire", staff_no="RK2", **two) == ""
    own = {"given": "本人陈述 in person", "statement": "检查时未见异常"}
    assert clerk.answer("answer-1", staff_no="RK2", **own), "the investigator does not answer for him"
    assert clerk.answer("answer-1", staff_no="A1", **own) == ""
    assert "本人" in clerk.answer("answer-2", staff_no="RK2", **own)
    paper = {"given": "拒绝或无法陈述 refused or not to be had", "statement": "已离职, 邮寄无回复"}
    assert "书面材料编号" in clerk.answer("answer-2", staff_no="RK2", **paper)
    assert clerk.answer("answer-2", staff_no="RK2", **paper, document="EMS-1") == ""
    assert "检查时未见异常" in description(clerk, "determine")
    assert clerk.answer("determine", decision="退回重查 return", opinion="补充流水") == ""
    assert "补充流水" in description(clerk, "inquire-2")
    assert clerk.answer("inquire-2", staff_no="RK2", **INQUIRY) == ""
    assert clerk.answer("answer-1-2", staff_no="A1", **own) == ""
    assert clerk.answer("determine-2", decision="同意认定 determine", opinion="认定属实") == ""
    assert clerk.waits_at() == {"receive"}
    assert clerk.answer("receive", register_no="监-1", action="经济处罚") == ""
    assert outcome(clerk) == "determined"
    assert "检查时未见异常" in papers(clerk, "responsibility_record")
    with desk.office.book.read() as session:
        (found,) = session.exec(select(Responsibility).where(Responsibility.loan_no == "W1")).all()
    assert (found.person, found.degree, found.determined_by, found.handed_over_on) == ("A1", "minor", "RC1", desk.today)


def test_a_plan_is_compared_approved_followed_changed_and_ends_in_a_write_off(desk: Installation) -> None:
    clerk = Clerk(desk, case_of(desk, "workout", "W1"))
    same = {"measure_2": "诉讼 litigation"}
    assert "two different alternatives" in clerk.answer("plan", **plan(desk, **same))
    assert "未填写" in clerk.answer("plan", **plan(desk, chosen="方案三 3"))
    assert "每行须为" in clerk.answer("plan", **plan(desk, milestones="下个月起诉，然后开庭"))
    past = (desk.today - timedelta(days=1)).isoformat()
    assert "期限已过" in clerk.answer("plan", **plan(desk, milestones=f"{past} 提交立案"))
    assert "详述理由" in clerk.answer("plan", **plan(desk, chosen="方案二 2", reasons="买方已出价"))
    assert clerk.answer("plan", **plan(desk, chosen="方案二 2", reasons="债务人财产难以执行, 买方愿意付现")) == ""
    shown = description(clerk, "sign")
    assert shown.index("诉讼") < shown.index("债权转让") and "净现值" in shown
    assert "230,283.02" in shown, "260,000 / 1.06 - 15,000"
    assert clerk.answer("sign", staff_no="L1", **APPROVE), "the head signs, not the manager"
    assert clerk.answer("sign", **APPROVE) == ""
    assert clerk.answer("approve-1", **REFUSE) == ""
    assert "转让价格过低" in description(clerk, "plan-2")
    assert "已被否决" in clerk.answer("plan-2", **plan(desk, chosen="方案二 2", reasons="债务人财产难以执行, 买方在等"))
    assert clerk.answer("plan-2", **plan(desk)) == ""
    assert clerk.answer("sign-2", **APPROVE) == ""
    assert clerk.answer("approve-1-2", **APPROVE) == ""
    for somebody in ("L1", "H1", "CA1"):
        assert clerk.answer("approve-2-2", staff_no=somebody, **APPROVE), "each level is another person"
    assert clerk.answer("approve-2-2", **APPROVE) == ""

    assert clerk.waits_at() == {"milestone"}
    early = report(desk, decision="处置终结 the workout ends", reason="无财产可供执行")
    assert "须先变更方案" in clerk.answer("milestone", **early, outcome="债权已转让 debt transferred")
    assert "尚未还清" in clerk.answer("milestone", **early, outcome="已还清 paid")
    assert "须填写凭证" in clerk.answer("milestone", **report(desk, document=""))
    filed = report(desk, event="已提交立案 filed", cost="3500.50")
    assert clerk.answer("milestone", **filed) == ""
    assert clerk.answer("sign-off", **RETURN) == ""
    assert clerk.answer("milestone-2", **filed) == ""
    assert clerk.answer("sign-off-2", **APPROVE) == ""
    there = milestones(desk, clerk.case_no)
    assert sorted(there) == [("开庭", "planned"), ("提交立案", "done"), ("法院受理", "planned")]
    assert str(desk.today + timedelta(days=7)) in description(clerk, "milestone-3")
    put_off = report(desk, decision="延期 postponed", reason="法院未排期", new_due_on=str(desk.today + timedelta(9)))
    assert "民事诉讼法 126" in clerk.answer("milestone-3", **put_off)
    assert clerk.answer("milestone-3", **report(desk)) == ""
    assert clerk.answer("sign-off-3", **APPROVE) == ""
    assert "新期限" in clerk.answer("milestone-4", **put_off), "it was due later than that anyway"
    put_off["new_due_on"] = str(desk.today + timedelta(days=80))
    assert clerk.answer("milestone-4", **put_off) == ""
    assert clerk.answer("sign-off-4", **APPROVE) == ""

    receive(desk, "W1", "W1-R1", 40_000)
    receive(desk, "W1", "W1-R2", 2_000)
    heard = report(desk, document="判决书1", event="判决书已送达 judgment served", receipts="W1-R2, W1-R9")
    assert "W1-R9" in clerk.answer("milestone-5", **heard)
    assert clerk.answer("milestone-5", **heard | {"receipts": "W1-R2"}) == ""
    assert clerk.answer("sign-off-5", **APPROVE) == ""
    change = report(desk, decision="变更方案 change the plan", reason="债务人无其他财产, 转向保证人")
    assert "新方案" in clerk.answer("milestone-6", **change, cost="5")
    assert clerk.answer("milestone-6", **change) == ""
    assert clerk.answer("sign-off-6", **APPROVE) == ""
    assert clerk.waits_at() == {"plan-3"}
    other = plan(desk, measure_1="追偿保证人 guarantor", expected_1="200000")
    assert clerk.answer("plan-3", **other) == ""
    for step in ("sign-3", "approve-1-3", "approve-2-3"):
        assert clerk.answer(step, **APPROVE) == "", step
    end = report(
        desk,
        decision="处置终结 the workout ends",
        reason="执行终结, 无财产可供执行",
        outcome="转核销 to be written off",
    )
    assert clerk.answer("milestone-7", **end) == ""
    assert clerk.answer("sign-off-7", **APPROVE) == ""
    assert outcome(clerk) == "to_write_off"
    assert "净现值" in papers(clerk, "workout_record")
    with desk.office.book.read() as session:
        taken = [(o.measure, o.state) for o in session.exec(select(DisposalOption)) if o.state != "compared"]
        assert sorted(taken) == [("guarantor", "failed"), ("litigation", "failed")]
        states = [m.state for m in session.exec(select(Milestone).where(Milestone.case_no == clerk.case_no))]
        assert sorted(set(states)) == ["done", "dropped", "postponed"]
        (cost,) = session.exec(select(RecoveryCost)).all()
        assert (cost.amount, cost.measure) == (Decimal("3500.50"), "litigation"), "once, though it was reported twice"


APPLICATION = {
    "decision": "申请核销 apply",
    "ground": "诉讼执行终结, 无财产可供执行 enforcement exhausted",
    "pursuit": "起诉并申请执行, 查无财产, 保证人已破产",
    "evidence": ["法院裁判或执行终结裁定 court papers"],
    "document": "(2026)执终1号",
}


def test_the_authority_writes_off_and_the_file_is_kept(desk: Installation) -> None:
    clerk = Clerk(desk, case_of(desk, "write_off", "W1"))
    assert "须选择证明材料" in clerk.answer("write-off", **APPLICATION | {"evidence": []})
    assert clerk.answer("write-off", **APPLICATION) == ""
    assert clerk.answer("sign", **APPROVE) == ""
    assert clerk.answer("approve-1", **RETURN) == ""
    assert clerk.answer("write-off-2", **APPLICATION) == ""
    assert clerk.answer("sign-2", **APPROVE) == ""
    assert clerk.answer("approve-1-2", **APPROVE) == ""
    assert clerk.answer("approve-2-2", **APPROVE) == ""
    with desk.office.book.read() as session:
        assert workout.written_off(session, "W1") is None, "not before the authority has approved"
    assert clerk.answer("approve-3-2", staff_no="RC1", **APPROVE), "the board, and nobody else"
    assert clerk.answer("approve-3-2", **APPROVE) == ""
    assert outcome(clerk) == "written_off"
    assert "查无财产" in papers(clerk, "write_off_record")
    with desk.office.book.read() as session:
        off = session.exec(select(WriteOff)).one()
        assert (off.authority, off.ground) == ("BD1", "enforcement_exhausted")
        assert off.principal + off.interest == Decimal(318_000 - 42_000)
        assert loans.standing(session, loans.get(session, "W1"), desk.today).principal_outstanding == off.principal

    receive(desk, "W1", "W1-R3", 500)  # after the write-off
    review_on = months_after(desk.today, 12) - timedelta(days=25)
    work_out(desk.office, review_on)
    review = Clerk(desk, case_of(desk, "recovery_review", "W1"))
    looked = {"conclusion": "发现财产线索 assets found", "searched": "查得车辆一台", "demanded": "已寄催收通知"}
    assert review.answer("search", **looked) == ""
    assert review.answer("sign", **RETURN) == ""
    assert review.answer("search-2", **looked) == ""
    assert review.answer("sign-2", **APPROVE) == ""
    assert outcome(review) == "assets_found"
    again = case_of(desk, "workout", "W1")
    with desk.office.book.read() as session:
        assert cases.get(session, again).state == "open", "worked out anew"
        loan = loans.get(session, "W1")
        found = {
            one.measure: (one.received, one.costs)
            for one in workout.books(session, desk.office.policy_file, loan, last=desk.today).recovered()
        }
        assert audit.verify(session).ok
    zero = Decimal(0)
    assert found == {
        "litigation": (Decimal(2_000), Decimal("3500.50")),
        "voluntary": (Decimal(40_500), zero),
    }, "all of it came on the day on which the plans were over; but W1-R2 is known to have come of the suit"


def test_what_was_refused_is_worked_out_further(desk: Installation) -> None:
    to_workout(desk, "W2")
    clerk = open_case(desk, "write_off", "W2")
    why = {"responsibility": "责任认定正在办理"}
    assert "责任认定尚未完成" in clerk.answer("write-off", **APPLICATION)
    assert clerk.answer("write-off", **APPLICATION, **why) == ""
    assert clerk.answer("sign", **APPROVE) == ""
    assert clerk.answer("approve-1", **REFUSE) == ""
    assert outcome(clerk) == "refused"
    with desk.office.book.read() as session:
        assert workout.written_off(session, "W2") is None
        assert cases.get(session, case_of(desk, "workout", "W2")).state == "open"


def test_a_restructuring_that_is_refused_is_worked_out_further(desk: Installation) -> None:
    clerk = Clerk(desk, case_of(desk, "workout", "W2"))
    assert clerk.answer("plan", **plan(desk, measure_1="展期或重组 restructuring")) == ""
    for step in ("sign", "approve-1", "approve-2"):
        assert clerk.answer(step, **APPROVE) == "", step
    end = report(
        desk, decision="处置终结 the workout ends", outcome="转重组 restructured", reason="与借款人达成重组意向"
    )
    assert clerk.answer("milestone", **end) == ""
    assert clerk.answer("sign-off", **APPROVE) == ""
    assert outcome(clerk) == "restructured"
    day = desk.today.isoformat()
    asked = ASKED | {"variant": "重组 rescheduling", "applied_on": day, "amount": "300000"}
    asked["until_on"] = (desk.today + timedelta(days=180)).isoformat()
    refused = Clerk(desk, case_of(desk, "extension", "W2"))
    assert refused.answer("apply", **asked) == ""
    assert refused.answer("late", decision="不予受理 refuse", reason="无还款来源") == ""
    assert outcome(refused) == "refused"
    second = case_of(desk, "workout", "W2")
    with desk.office.book.write(origin="test") as writer:
        assert cases.get(writer.session, second).state == "open"
        cases.close(writer, cases.get(writer.session, second), "restructured")  # and so does the second one end
    withdrawn = open_case(desk, "extension", "W2")
    assert withdrawn.answer("apply", **asked | {"decision": "不再申请 withdraw"}) == ""
    assert outcome(withdrawn) == "withdrawn"
    with desk.office.book.read() as session:
        mine = session.exec(select(Case).where(Case.loan_no == "W2")).all()
    assert [c.state for c in mine if c.kind == "workout"].count("open") == 1
    assert not [c for c in mine if c.kind == "collection_preparation"]


def test_heirs_assume_a_debt_within_the_estate(desk: Installation) -> None:
    to_workout(desk, "W3")
    clerk = Clerk(desk, case_of(desk, "workout", "W3"))
    heirs = plan(desk, measure_1="继承人债务承担 debt assumption", expected_1="280000", months_1=6)
    assert clerk.answer("plan", **heirs) == ""
    for step in ("sign", "approve-1", "approve-2"):
        assert clerk.answer(step, **APPROVE) == "", step
    end = report(
        desk, decision="处置终结 the workout ends", outcome="继承人已承担债务 debt assumed by heirs",
        document="债务承担协议1", reason="继承人签订协议", estate="120000",
    )  # fmt: skip
    assert "120,000.00" in clerk.answer("milestone", **end, amount="120000.01")
    assert clerk.answer("milestone", **end, amount="120000") == ""
    assert clerk.answer("sign-off", **APPROVE) == ""
    assert outcome(clerk) == "debt_assumed"


def test_assets_are_preserved_within_a_day_sued_on_in_time_and_frozen_on(desk: Installation) -> None:
    with desk.office.book.write(origin="test") as writer:
        row = Diagnosis(
            diagnosis_no="DG1", loan_no="W4", diagnosed_on=desk.today, cause="vanished", measures=[], findings={}
        )
        writer.session.add(row)
    work_out(desk.office, desk.today)
    clerk = Clerk(desk, case_of(desk, "preservation", "W4"))
    with desk.office.book.read() as session:
        assert cases.get(session, clerk.case_no).due_on == desk.today + timedelta(days=1)
    day = desk.today.isoformat()
    asked = {
        "decision": "申请保全 apply",
        "stage": "诉前保全 before the suit",
        "applied_on": day,
        "court": "河西区人民法院",
        "assets": "银行存款约 8 万元, 商铺一间",
        "cost": "1520",
    }
    assert "须提供担保" in clerk.answer("assets", **asked)
    assert clerk.answer("assets", **asked, security="保函") == ""
    assert clerk.answer("sign", **APPROVE) == ""
    order = {"decision": "已裁定并执行 ordered and taken", "order_no": "(2026)财保1号", "taken_on": day}
    a_year = months_after(desk.today, 12)
    assert "until when" in clerk.answer("order", **order)
    assert "485" in clerk.answer("order", **order, deposits_until=a_year.isoformat()), "a day too long"
    until, longest = months_after(desk.today, 6), a_year - timedelta(days=1)
    assert clerk.answer("order", **order, deposits_until=until.isoformat()) == ""
    assert clerk.answer("sign-order", **APPROVE) == ""
    with desk.office.book.read() as session:
        first, second = workout.of_case(session, clerk.case_no)
    assert (first.name, first.due_on, first.rule) == ("提起诉讼", desk.today + timedelta(days=30), "民事诉讼法 104")
    assert second.due_on == until - timedelta(days=30)
    sued = {"decision": "已起诉 sued", "happened_on": day, "document": "立案通知书"}
    assert "本节点为" in clerk.answer("milestone", **sued | {"decision": "已续封 renewed"}, until=until.isoformat())
    assert clerk.answer("milestone", **sued) == ""
    assert clerk.answer("sign-off", **APPROVE) == ""
    with desk.office.book.read() as session:
        (act,) = session.exec(select(Interruption).where(Interruption.loan_no == "W4")).all()
    assert (act.kind, act.happened_on) == ("suit", desk.today), "a suit begins a new limitation period"
    renewed = {"decision": "已续封 renewed", "happened_on": day, "document": "续封裁定"}
    for wrong in (a_year, until):
        assert "续封期限须" in clerk.answer("milestone-2", **renewed, until=wrong.isoformat())
    assert clerk.answer("milestone-2", **renewed, until=longest.isoformat()) == ""
    assert clerk.answer("sign-off-2", **APPROVE) == ""
    with desk.office.book.read() as session:
        coming = workout.next_milestone(session, clerk.case_no)
    assert coming is not None and coming.due_on == longest - timedelta(days=30)
    lifted = {"decision": "已解除 lifted", "happened_on": day, "document": "解除裁定", "reason": "已和解还款"}
    assert clerk.answer("milestone-3", **lifted) == ""
    assert clerk.answer("sign-off-3", **APPROVE) == ""
    assert outcome(clerk) == "lifted"
    assert "财保1号" in papers(clerk, "preservation_record")
    with desk.office.book.read() as session:
        costs = session.exec(select(RecoveryCost).where(RecoveryCost.loan_no == "W4")).all()
        assert [(c.measure, c.amount) for c in costs] == [("preservation", Decimal(1520))]


def test_nothing_to_preserve_is_signed_as_well(desk: Installation) -> None:
    clerk = open_case(desk, "preservation", "W5")
    nothing = {
        "decision": "无可保全财产 nothing to preserve", "stage": "诉前保全 before the suit",
        "applied_on": desk.today.isoformat(), "assets": "已查不动产、车辆、存款, 均无",
    }  # fmt: skip
    assert clerk.answer("assets", **nothing) == ""
    assert clerk.answer("sign", **APPROVE) == ""
    assert outcome(clerk) == "nothing_to_preserve"


def test_a_loan_is_not_handed_over_where_the_authority_refuses(desk: Installation) -> None:
    clerk = Clerk(desk, case_of(desk, "workout_transfer", "W5"))
    assert clerk.answer("hand-over", **HANDED, present=items(desk)) == ""
    assert clerk.answer("sign", **SIGN) == ""
    assert clerk.answer("approve", **REFUSE) == ""
    assert outcome(clerk) == "not_transferred"
    assert "转让价格过低" in papers(clerk, "workout_transfer_record")
    with desk.office.book.read() as session:
        assert workout.latest_transfer(session, "W5") is None
        everyone = session.exec(select(Step).where(Step.case_no == clerk.case_no, Step.staff_no.is_not(None)))  # type: ignore[union-attr]
        assert len({step.staff_no for step in everyone}) == 3


def test_every_days_work_is_by_another_person(desk: Installation) -> None:
    """REC-6: in none of these cases did anybody fill two duties."""
    with desk.office.book.read() as session:
        signed = session.exec(select(Step, Case).join(Case).where(Step.staff_no.is_not(None))).all()  # type: ignore[union-attr]
        duties: dict[tuple[str, str], set[str]] = {}
        for step, case in signed:
            duties.setdefault((case.case_no, step.staff_no or ""), set()).add(step.duty)
        assert all(len(one) == 1 for one in duties.values()), duties
        assert audit.verify(session).ok
