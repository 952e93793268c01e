"""A loan past due as people live it: diagnosis, contacts through the gate, promises, cure; lost and traced; demand
notices with proof; the clock paused; guarantee periods.

On a book of its own, in a time zone where it is about noon now, whenever the tests run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from postloan.book import audit, cases, collection, contacts, limitation, loans, stages
from postloan.book.tables import (
    Borrower,
    Case,
    Contact,
    ContactPerson,
    ContactStop,
    Guarantee,
    Guarantor,
    Instalment,
    Interruption,
    Loan,
    Notice,
    Promise,
    ReceiptSlip,
    Repayment,
    Signal,
)
from tasks.notices import deliver_due
from tasks.office import Office
from tasks.round import work_out
from tests.e2e.clerk import Clerk
from tests.e2e.conftest import Installation, add_branch, own_book
from tests.e2e.test_maturity import SIGN, case_of, description, open_case, outcome, papers
from tests.e2e.test_workout import HANDED, REFUSE, to_workout

pytestmark = [pytest.mark.server, pytest.mark.slow]

POSTS = (
    ("A1", "account_officer", "B5"),
    ("S1", "credit_supervisor", "B5"),
    ("S2", "credit_supervisor", "B5"),
    ("C1", "collector", "B5"),
    ("F1", "finance", ""),
    ("GM1", "general_manager", ""),
    ("L1", "legal", ""),
    ("H1", "collection_head", ""),
    ("CA1", "credit_administration", ""),
    ("RK1", "risk_control", ""),
    ("RC1", "risk_committee", ""),
    ("SV1", "supervision", ""),
    ("BD1", "board", ""),
)
DIAGNOSIS = {
    "situation": "临时资金短缺且不能展期 short for a time, cannot be extended: 下游未回款",
    "measures": ["密切关注经营和账户"],
    "person": "在本市居住, 身体健康",
    "reason": "下游推迟付款",
    "business": "订单正常",
    "assets": "住房一套, 无其他抵押",
    "debts": "无其他借款",
    "plan": "每周联系, 回款即扣",
}
CALL = {"decision": "联系 contact", "channel": "电话 call", "person": "借款人 borrower D1"}


@pytest.fixture(scope="module")
def desk(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A book of its own on the same server, with loans that are past due since some days."""
    home: Path = tmp_path_factory.mktemp("collection")
    now = datetime.now(UTC)
    zone = f"Etc/GMT{now.hour - 13:+d}"  # its sign is the other way round: there it is one o'clock
    any_day = "[repayment]\nnext_working_day_in_time = false\n"  # late is late, also on the day after a holiday
    with own_book(installation, home, _fill, f'[institution]\ntime_zone = "{zone}"\n{any_day}') as desk:
        yield desk


def _fill(office: Office) -> None:
    today = office.today
    with office.book.write(origin="test") as writer:
        add, session = writer.session.add, writer.session
        add_branch(writer, "B5", "河东支行", POSTS)
        add(Guarantor(guarantor_no="G1", name="保证人甲", phone="10000020001"))
        add(Guarantor(guarantor_no="G2", name="保证人乙"))
        for n in range(1, 9):
            add(
                Borrower(borrower_no=f"D{n}", name=f"客户{n}", kind="personal", branch_no="B5", phone=f"1000001{n:04d}")
            )
        session.flush()
        add(ContactPerson(person_no="T1", borrower_no="D1", name="友人", phone="10000030001"))
        for n, days in ((1, 5), (2, 20), (3, 40), (4, 5), (5, 140), (6, 2), (7, 5), (8, 5)):
            drawn, late = today - timedelta(days=365), today - timedelta(days=days)
            matures_on = late if n == 5 else today + timedelta(days=400)
            add(
                Loan(
                    loan_no=f"Q{n}", borrower_no=f"D{n}", branch_no="B5", officer_no="A1", principal=Decimal(60_000),
                    annual_rate=Decimal("5.4"), disbursed_on=drawn, first_drawdown_on=drawn, matures_on=matures_on,
                    security="guaranteed" if n in (3, 5) else "credit",
                )
            )  # fmt: skip
            session.flush()
            add(Instalment(loan_no=f"Q{n}", number=1, due_on=late, principal_due=Decimal(5_000), interest_due=270))
        for guarantor, loan_no, kind in (("G1", "Q3", "joint"), ("G1", "Q5", "joint"), ("G2", "Q5", "general")):
            add(Guarantee(guarantor_no=guarantor, loan_no=loan_no, kind=kind))


def diagnosed(desk: Installation, loan_no: str, **more: Any) -> Clerk:
    clerk = Clerk(desk, case_of(desk, "collection", loan_no))
    assert clerk.answer("diagnosis-1", **DIAGNOSIS | more) == ""
    assert clerk.answer("diagnosis-sign-1", **SIGN) == ""
    return clerk


def test_from_the_diagnosis_to_the_kept_promise_and_the_cure(desk: Installation) -> None:
    clerk = Clerk(desk, case_of(desk, "collection", "Q1"))
    wrong = clerk.answer("diagnosis-1", **DIAGNOSIS | {"measures": ["诉讼保全"]})
    assert "not a measure for this cause" in wrong
    assert clerk.answer("diagnosis-1", **DIAGNOSIS) == ""
    assert clerk.answer("diagnosis-sign-1", **SIGN) == ""
    assert "下游推迟付款" in papers(clerk, "default_diagnosis")

    third = clerk.answer("contact-1", **CALL | {"person": "联系人 contact person T1"})
    assert third.startswith("CON-1"), "the debtor himself can be reached"
    tomorrow = desk.today + timedelta(days=1)
    refused = clerk.answer("contact-1", **CALL, planned=f"{desk.today} 22:30")
    assert refused.startswith("CON-3") and f"{tomorrow} 08:00" in refused
    assert "come back on that day" in clerk.answer("contact-1", **CALL, planned=f"{tomorrow} 10:00")
    assert "时间已过" in clerk.answer("contact-1", **CALL, planned="2026-01-05 10:00")
    assert clerk.answer("contact-1", **CALL) == ""
    assert clerk.waits_at() == {"result-1"}
    talked = {"result": "与本人通话或见面 talked to the person", "note": "承诺下周还款"}
    far = (desk.today + timedelta(days=60)).isoformat()
    assert "承诺日须在" in clerk.answer("result-1", **talked, promise_on=far, promise_amount="5270")
    assert "exact day and amount" in clerk.answer("result-1", **talked, promise_amount="5270")
    nobody = {"result": "无人接听 no answer", "note": "无人接听"}
    on = (desk.today + timedelta(days=3)).isoformat()
    assert "only who owes can promise" in clerk.answer("result-1", **nobody, promise_on=on, promise_amount="5270")
    assert clerk.answer("result-1", **talked, promise_on=on, promise_amount="5270") == ""
    assert clerk.waits_at() == {"contact-2"}
    with desk.office.book.read() as session:
        waits = cases.open_task(session, clerk.case_no, "contact-2")
        assert waits is not None and waits.due_on == desk.today + timedelta(days=4), "the day after the promise"
        made = session.exec(select(Contact).where(Contact.loan_no == "Q1", Contact.case_no == clerk.case_no)).all()
        assert [(c.result, c.conversed, c.agent) for c in made] == [("talked", True, "A1")]
    with desk.office.book.write(origin="test") as writer:
        writer.session.add(Repayment(receipt_no="R1", loan_no="Q1", paid_on=desk.today, amount=Decimal(5270)))
    done = work_out(desk.office, desk.today + timedelta(days=1))
    assert done.promises_kept == 1
    assert clerk.case_no in done.ended_cases
    with desk.office.book.read() as session:
        assert cases.get(session, clerk.case_no).outcome == "cured"
        assert session.exec(select(Promise.state).where(Promise.loan_no == "Q1")).all() == ["kept"]
        assert [s.stage for s in stages.of_loan(session, "Q1", date.max)] == ["early", "current"]
        assert audit.verify(session).ok


def test_lost_only_after_three_by_three_and_traced_by_lawful_means(desk: Installation) -> None:
    clerk = diagnosed(desk, "Q2")
    who = CALL | {"person": "借款人 borrower D2"}
    missing = clerk.answer("contact-1", **who | {"decision": "记为失联 record as lost"})
    assert "3 more numbers" in missing
    with desk.office.book.write(origin="test") as writer:
        for n in range(3):
            for hour, call in ((9, 0), (15, 1), (19, 2)):
                at = datetime.combine(desk.today, datetime.min.time(), desk.office.policy.time_zone)
                writer.session.add(
                    Contact(
                        contact_no=f"X{n}{call}", loan_no="Q2", borrower_no="D2", role="borrower", person_no="D2",
                        channel="call", address=f"1390000{n}", agent="A1", contact_at=at + timedelta(hours=hour),
                        permitted=True, result="no_answer",
                    )
                )  # fmt: skip
        writer.session.add(
            Contact(
                contact_no="XS", loan_no="Q2", borrower_no="D2", role="borrower", person_no="D2", channel="sms",
                address="13900000", agent="postloan", contact_at=at + timedelta(hours=20), permitted=True,
            )
        )  # fmt: skip
    assert clerk.answer("contact-1", **who | {"decision": "记为失联 record as lost"}) == ""
    with desk.office.book.read() as session:
        assert session.exec(select(Signal.kind).where(Signal.loan_no == "Q2", Signal.kind == "lost_contact")).all()
        assert [s.kind for s in contacts.active_stops(session, "borrower", "D2", desk.today)] == ["lost"]
    traced = {"sources": ["公开登记 public registers"], "note": "查工商登记"}
    assert "new number" in clerk.answer("trace-1", decision="已找到 found", **traced)
    assert clerk.answer("trace-1", decision="已找到 found", number="13700000001", **traced) == ""
    assert clerk.waits_at() == {"contact-2"}
    with desk.office.book.read() as session:
        lost = session.exec(select(ContactStop).where(ContactStop.person_no == "D2")).one()
        assert lost.until_on is not None and lost.until_on < desk.today, "found again: no third party any more"

    # He dies: the heir, whom nobody knew when the case began, can be contacted in it from the next form on.
    with desk.office.book.write(origin="test") as writer:
        contacts.stop(
            writer, "dead-D2", role="borrower", person_no="D2", kind="deceased", channel="", day=desk.today,
            document="死亡证明", case=None, by="A1", loan_no="Q2",
        )  # fmt: skip
        writer.session.add(
            ContactPerson(person_no="H2", borrower_no="D2", name="客户2之子", relation="继承人", phone="10000030002")
        )
    assert clerk.answer("contact-2", **who).startswith("CON-2")
    assert clerk.answer("contact-2", **who | {"decision": "重新诊断 diagnose again"}) == ""
    assert clerk.answer("diagnosis-2", **DIAGNOSIS) == ""
    assert clerk.answer("diagnosis-sign-2", **SIGN) == ""
    assert clerk.answer("contact-3", **CALL | {"person": "继承人 heir H2"}) == ""
    assert clerk.waits_at() == {"result-3"}


def test_a_demand_notice_is_proven_and_interrupts_against_each(desk: Installation) -> None:
    clerk = Clerk(desk, case_of(desk, "demand_notice", "Q3"))
    page = papers(clerk, "demand_notice")
    assert "5,000.00" in page and "回" in page and "保证人 guarantor G1" in page
    with desk.office.book.read() as session:
        told = session.exec(select(Notice).where(Notice.kind == "demand_notice", Notice.loan_no == "Q3")).all()
        assert {(n.recipient_no, n.state) for n in told} == {("D3", "queued"), ("G1", "sent")}
        held = next(n for n in told if n.recipient_no == "D3")
        assert held.last_error.startswith("CON-5"), "the borrower had his message of the day; this one waits"
        assert held.next_try_at > held.queued_at
        assert {c.person_no for c in contacts.of_loan(session, "Q3") if c.notice_no} >= {"D3", "G1"}
    both = {
        "returned": ["借款人 borrower D3"],
        "posted": ["保证人 guarantor G1"],
        "delivered_on": desk.today.isoformat(),
    }
    fault = clerk.answer("deliver", **both, signed_by="客户3")
    assert "registered letter" in fault
    assert "one way of delivery" in clerk.answer(
        "deliver",
        **both | {"refused": ["借款人 borrower D3"]},
        signed_by="客户3",
        registered_no="XA1",
        remark="见证人甲",
    )
    assert clerk.answer("deliver", **both, signed_by="客户3", registered_no="XA123") == ""
    assert outcome(clerk) == "demand_proven"
    with desk.office.book.read() as session:
        slips = {s.party_no: s.state for s in session.exec(select(ReceiptSlip).where(ReceiptSlip.loan_no == "Q3"))}
        acts = {i.party_no: i for i in session.exec(select(Interruption).where(Interruption.loan_no == "Q3"))}
        rights = limitation.of_loan(session, desk.office.policy, loans.get(session, "Q3"), desk.today)
    assert slips == {"D3": "returned", "G1": "refused"}
    assert {no: act.document for no, act in acts.items()} == {"D3": "回执 客户3", "G1": "XA123"}
    assert {r.party_no for r in rights} == {"D3", "G1"}


def test_a_paused_clock_stops_stages_messages_and_contacts(desk: Installation) -> None:
    clerk = open_case(desk, "clock_pause", "Q4")
    until = (desk.today + timedelta(days=10)).isoformat()
    asked = {
        "decision": "暂停计时 pause", "cause": "争议 dispute", "from_on": desk.today.isoformat(), "document": "异议书",
        "explanation": "对利息有争议",
    }  # fmt: skip
    assert "until when" in clerk.answer("request", **asked)
    assert clerk.answer("request", **asked, until_on=until) == ""
    assert clerk.answer("approve", decision="同意 approve", opinion="核实前暂停") == ""
    assert outcome(clerk) == "paused"
    call = diagnosed(desk, "Q4")
    refused = call.answer("contact-1", **CALL | {"person": "借款人 borrower D4"})
    assert refused.startswith("CON-2") and str(desk.today + timedelta(days=11)) in refused
    with desk.office.book.read() as session:
        task = cases.open_task(session, call.case_no, "contact-1")
        assert task is not None
        one = collection.one_past_due(session, desk.today + timedelta(days=6), "Q4")
    assert one is not None
    assert (one.stage, one.paused, one.days, one.calendar_days) == ("early", True, 4, 11)
    resumed = open_case(desk, "clock_pause", "Q4")
    early = asked | {"decision": "提前恢复 resume early", "from_on": (desk.today + timedelta(days=2)).isoformat()}
    assert resumed.answer("request", **early) == ""
    assert resumed.answer("approve", decision="同意 approve", opinion="争议已解决") == ""
    assert outcome(resumed) == "clock_resumed"
    with desk.office.book.read() as session:
        assert stages.running(session, "Q4", desk.today + timedelta(days=2)) is None


def test_collection_goes_on_until_the_workout_has_taken_the_loan_over(desk: Installation) -> None:
    clerk = diagnosed(desk, "Q7")
    refer = CALL | {"decision": "移交不良处置 hand over to the workout", "person": "借款人 borrower D7"}
    assert "say why" in clerk.answer("contact-1", **refer)
    for number in (1, 2):
        assert clerk.answer(f"contact-{number}", **refer, reason="借款人停业, 拟提前移交") == ""
        assert clerk.answer(f"refer-{number}", **SIGN) == ""
    (first,) = _open(desk, "workout_transfer", "Q7")
    assert first in description(clerk, "contact-3"), "the form says what is under way; a second time opens no other"
    transfer = Clerk(desk, first)
    assert transfer.answer("hand-over", **HANDED, present=list(desk.office.policy.workout.file_items)) == ""
    assert transfer.answer("sign", **SIGN) == ""
    assert transfer.answer("approve", **REFUSE) == ""
    assert outcome(transfer) == "not_transferred"
    assert clerk.answer("contact-3", **CALL | {"person": "借款人 borrower D7"}) == "", "somebody still works on it"
    assert clerk.answer("result-3", result="无人接听 no answer", note="无人接听") == ""
    assert _open(desk, "workout_transfer", "Q7") == [first]
    assert clerk.answer("contact-4", **refer, reason="借款人失踪, 再次移交") == ""
    assert clerk.answer("refer-4", **SIGN) == ""
    to_workout(desk, "Q7")
    with desk.office.book.read() as session:
        ended = cases.get(session, clerk.case_no)
        assert (ended.state, ended.outcome) == ("cancelled", "transferred")
        assert cases.open_questions(session, clerk.case_no) == set()


def test_a_guarantee_period_does_not_end_in_silence(desk: Installation) -> None:
    found = sorted(_open(desk, "guarantee_period_warning", "Q5"))
    assert len(found) == 2, "six months from maturity, ninety days ahead"
    joint, general = (Clerk(desk, number) for number in found)
    act = {
        "decision": "已催收 demanded",
        "happened_on": desk.today.isoformat(),
        "document": "邮寄单",
        "signed_by": "乙",
    }
    assert "has to be sued" in general.answer("act", **act)
    assert general.answer("act", **act | {"decision": "已起诉 sued", "document": "立案通知书"}) == ""
    assert general.answer("sign", **SIGN) == ""
    assert outcome(general) == "interrupted"
    assert joint.answer("act", **act) == ""
    assert joint.answer("sign", **SIGN) == ""
    assert outcome(joint) == "interrupted"
    with desk.office.book.read() as session:
        rights = limitation.of_loan(session, desk.office.policy, loans.get(session, "Q5"), desk.today)
        assert {r.under for r in rights} == {"limitation"}, "their limitation periods run now"
    assert work_out(desk.office, desk.today + timedelta(days=2)).opened_cases.count(found[0]) == 0


def _open(desk: Installation, kind: str, loan_no: str) -> list[str]:
    with desk.office.book.read() as session:
        return list(session.exec(select(Case.case_no).where(Case.kind == kind, Case.loan_no == loan_no)))


def test_messages_wait_for_the_gate_or_are_not_sent_at_all(desk: Installation) -> None:
    with desk.office.book.read() as session:
        first = session.exec(
            select(Notice)
            .where(Notice.kind == "overdue_reminder", Notice.loan_no == "Q6")
            .order_by(col(Notice.queued_at))
        ).first()
        assert first is not None
    deliver_due(desk.office)
    with desk.office.book.read() as session:
        assert session.get_one(Notice, first.notice_no).state == "sent"
        assert session.get_one(Contact, first.notice_no).permitted
    with desk.office.book.write(origin="test") as writer:
        contacts.stop(
            writer, "stop-D8", role="borrower", person_no="D8", kind="opt_out", channel="sms", day=desk.today,
            document="", case=None, by="A1", loan_no="Q8",
        )  # fmt: skip
        waiting = writer.session.exec(
            select(Notice).where(Notice.kind == "overdue_reminder", Notice.loan_no == "Q8")
        ).first()
        assert waiting is not None
        waiting.state, waiting.next_try_at = "queued", writer.now
        writer.session.add(waiting)
    deliver_due(desk.office)
    with desk.office.book.read() as session:
        again = session.get_one(Notice, waiting.notice_no)
    assert (again.state, again.last_error[:5]) == ("given_up", "CON-2")
