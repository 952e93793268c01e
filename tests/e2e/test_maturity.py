"""From the visit before maturity to the signed extension, the refusal, or the released collateral, as people live it.

On a book of its own, where people sign without codes: the codes have tests of their own, and nobody has to
wait for the next one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from postloan.book import accounts, audit, cases, documents, extensions, limitation, loans, titles
from postloan.book.receipts import due_to_settle
from postloan.book.tables import (
    Borrower,
    Case,
    Collateral,
    CollateralLoan,
    Consent,
    Consignor,
    Document,
    Extension,
    Guarantee,
    Guarantor,
    Instalment,
    Loan,
    Notice,
    ReceiptSlip,
    Repayment,
    Signal,
    StaffRole,
    Step,
    TitleRelease,
)
from postloan.errors import PostloanError
from tasks.office import Office
from tasks.round import work_out
from tests.e2e.clerk import Clerk
from tests.e2e.conftest import Installation, add_branch, own_book

pytestmark = [pytest.mark.server, pytest.mark.slow]

SIGN = {"decision": "签字 sign", "opinion": "同意"}
POSTS = (
    ("A1", "account_officer", "B5"),
    ("A2", "account_officer", "B5"),
    ("S1", "credit_supervisor", "B5"),
    ("S2", "credit_supervisor", "B5"),
    ("F1", "finance", ""),
    ("CA1", "credit_administration", ""),
    ("RC1", "risk_committee", ""),
    ("RS1", "risk_secretary", ""),
    ("GM1", "general_manager", ""),
    ("BD1", "board", ""),
    ("AR1", "archivist", ""),
)


@pytest.fixture(scope="module")
def desk(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A book of its own on the same server: loans that mature soon, and everybody who has to do with them."""
    home: Path = tmp_path_factory.mktemp("desk")
    with own_book(installation, home, _fill) as desk:
        yield desk


def _fill(office: Office) -> None:
    today = office.today
    with office.book.write(origin="test") as writer:
        add, session = writer.session.add, writer.session
        add_branch(writer, "B5", "河东支行", POSTS)
        for n in range(1, 10):
            add(
                Borrower(
                    borrower_no=f"D{n}", name=f"客户{n}", kind="corporate" if n == 7 else "personal", branch_no="B5",
                    email=f"d{n}@mail.test", phone=f"1000001{n:04d}",
                )
            )  # fmt: skip
        add(Guarantor(guarantor_no="G1", name="保证人甲", phone="10000020001"))
        add(Consignor(consignor_no="CN1", name="委托人甲", email="cn1@mail.test"))
        for no in ("K1", "K2", "K3"):
            add(
                Collateral(
                    collateral_no=no, kind="房产", owner=f"权利人{no}", value=Decimal(900000), valued_on=today,
                    title_document=f"权证-{no}",
                )
            )  # fmt: skip
        session.flush()
        for no, days, principal, more in (
            ("M1", 30, 300_000, {"security": "mortgaged"}),
            ("M2", 18, 80_000, {}),
            ("M3", 9, 80_000, {"security": "guaranteed"}),
            ("M4", 60, 90_000, {"security": "mortgaged", "penalty_surcharge": Decimal(50)}),
            ("M5", 90, 60_000, {"security": "mortgaged"}),
            ("M6", 25, 100_000, {}),
            ("M7", 45, 30_000_000, {}),
            ("M8", 40, 200_000, {}),
            ("M9", 80, 150_000, {"consignor": "CN1", "found_by": "consignor", "base_rate": Decimal(4)}),
        ):
            _lend(writer, no, today + timedelta(days=days), Decimal(principal), **more)
        session.flush()
        for loan_no in ("M1", "M3"):
            add(Guarantee(guarantor_no="G1", loan_no=loan_no))
        for item, loan_no in (("K1", "M1"), ("K2", "M4"), ("K2", "M5"), ("K3", "M5")):
            add(CollateralLoan(collateral_no=item, loan_no=loan_no))


def _lend(writer: Any, number: str, matures_on: date, principal: Decimal, loan_no: str = "", **more: Any) -> None:
    no, drawn = loan_no or number, matures_on - timedelta(days=182)
    writer.session.add(
        Loan(
            loan_no=no, borrower_no=f"D{number[1]}", branch_no="B5", officer_no="A1", principal=principal,
            annual_rate=Decimal("5.4"), disbursed_on=drawn, first_drawdown_on=drawn, matures_on=matures_on,
            purpose="购进原材料", repayment="bullet", **more,
        )
    )  # fmt: skip
    writer.session.flush()
    interest = (principal * Decimal("5.4") / 100 * 182 / 360).quantize(Decimal("0.01"))
    writer.session.add(
        Instalment(loan_no=no, number=1, due_on=matures_on, principal_due=principal, interest_due=interest)
    )


def case_of(desk: Installation, kind: str, loan_no: str) -> str:
    with desk.office.book.read() as session:
        found = session.exec(select(Case).where(Case.kind == kind, Case.loan_no == loan_no)).all()
    return max(found, key=lambda case: case.opened_on.isoformat() + case.case_no).case_no


def open_case(desk: Installation, kind: str, loan_no: str) -> Clerk:
    with desk.office.book.write(origin="test") as writer:
        loan = loans.get(writer.session, loan_no)
        opened = cases.open_by_hand(writer, desk.office.policy_file, kind, loan, desk.today)
    return Clerk(desk, opened.case_no)


def outcome(clerk: Clerk) -> str:
    with clerk.here.office.book.read() as session:
        case = cases.get(session, clerk.case_no)
        assert case.state == "closed", clerk.waits_at()
        assert audit.verify(session).ok
    return case.outcome


def papers(clerk: Clerk, kind: str) -> str:
    """The archived page of a kind; there is a PDF beside it."""
    with clerk.here.office.book.read() as session:
        found = session.exec(select(Document).where(Document.case_no == clerk.case_no, Document.kind == kind)).all()
        assert {d.media_type for d in found} == {"text/html", "application/pdf"}, kind
        html = next(d for d in found if d.media_type == "text/html")
        return documents.read(session, clerk.here.office.settings.archive, html.document_no).decode()


def told(desk: Installation, kind: str, loan_no: str) -> list[tuple[str, str]]:
    with desk.office.book.read() as session:
        found = session.exec(select(Notice).where(Notice.kind == kind, Notice.loan_no == loan_no)).all()
    return sorted((notice.recipient_kind, notice.recipient_no) for notice in found)


VISIT = {
    "place": "经营场所",
    "met": "负责人",
    "first_source": "销售回款约 32 万元",
    "sufficient": "充足 sufficient",
    "operations": "经营正常",
    "security_in_order": "正常 in order",
    "outcome": "按期归还 repay on time",
}
APPLICATION = {
    "decision": "登记申请 enter",
    "variant": "展期 extension",
    "reason": "下游回款推迟, 预计三个月后到账",
    "source": "应收账款回款",
}
INVESTIGATION = {
    "changed": "下游客户验收推迟",
    "evaluation": "项目进度正常, 回款推迟约三个月",
    "first_source": "应收账款 35 万元",
    "security": "抵押物和保证人无变化",
    "conclusion": "同意上报 propose",
    "annual_rate": "5.85",
    "repayment": "到期一次还本付息 bullet",
    "every_months": 1,
}
APPROVE = {"decision": "同意 approve", "opinion": "同意展期"}


def visit(desk: Installation, **more: Any) -> dict[str, Any]:
    return VISIT | {"visited_on": desk.today.isoformat()} | more


def test_a_visit_leads_to_an_extension_that_takes_force_on_the_day_of_maturity(desk: Installation) -> None:
    seen = Clerk(desk, case_of(desk, "pre_maturity_visit", "M1"))
    wrong = visit(desk, sufficient="不足 insufficient")
    assert "不能预计按期归还" in seen.answer("report", **wrong)
    assert "须说明理由" in seen.answer("report", **visit(desk, outcome="申请展期 extension"))
    assert seen.answer("report", **visit(desk, outcome="申请展期 extension", reason="回款推迟")) == ""
    assert "不相容岗位" in seen.answer("sign", staff_no="A1", **SIGN) or "无权办理" in seen.answer(
        "sign", staff_no="A1", **SIGN
    )
    assert seen.answer("sign", **SIGN) == ""
    assert outcome(seen) == "extension"
    assert "销售回款" in papers(seen, "pre_maturity_visit_record")

    with desk.office.book.read() as session:
        loan = loans.get(session, "M1")
    clerk = Clerk(desk, case_of(desk, "extension", "M1"))
    until = loan.matures_on + timedelta(days=90)
    asked = APPLICATION | {"applied_on": desk.today.isoformat(), "amount": "300000"}
    beyond = clerk.answer("apply", **asked, until_on=(loan.matures_on + timedelta(days=183)).isoformat())
    assert "by law" in beyond, "a loan of six months is extended by six months at most"
    assert "unpaid principal" in clerk.answer("apply", **asked | {"amount": "300000.01"}, until_on=until.isoformat())
    assert clerk.answer("apply", **asked, until_on=until.isoformat()) == ""
    proposal = INVESTIGATION | {"until_on": until.isoformat(), "amount": "300000"}
    assert clerk.answer("investigate", **proposal) == ""

    given = {"result": "已全部取得 all obtained", "given_on": desk.today.isoformat(), "document": "同意书1-2"}
    assert "抵押人 mortgagor K1" in clerk.answer("consents", **given, given=["保证人 guarantor G1"])
    both = ["保证人 guarantor G1", "抵押人 mortgagor K1"]
    assert clerk.answer("consents", **given, given=both) == ""
    assert clerk.waits_at() == {"approve-1"}
    form = description(clerk, "approve-1")
    for part in ("审批顺序", "覆盖率", "月末逾期天数", "变更前", "变更后", str(until), "300,000.00"):
        assert part in form, part
    assert clerk.answer("approve-1", **APPROVE) == ""
    assert told(desk, "extension_approved", "M1") == [("borrower", "D1")]
    contract = {"result": "已签订 signed", "contract_no": "ZQ-1", "signed_on": desk.today.isoformat()}
    assert "尚未签字" in clerk.answer("contract", **contract, signed_by=["借款人 borrower D1"])
    assert clerk.answer("contract", **contract, signed_by=["借款人 borrower D1", *both]) == ""
    assert outcome(clerk) == "signed"
    assert "权利人K1" in papers(clerk, "extension_contract")
    assert "同意展期" in papers(clerk, "extension_record")

    with desk.office.book.read() as session:
        assert {c.party for c in session.exec(select(Consent).where(Consent.case_no == clerk.case_no))} == {
            "guarantor",
            "mortgagor",
        }
        assert loans.get(session, "M1").matures_on == loan.matures_on, "not before the old maturity"
    with desk.office.book.write(origin="test") as writer:
        assert extensions.take_force(writer, desk.office.policy_file, loan.matures_on - timedelta(days=1)) == 0
        assert extensions.take_force(writer, desk.office.policy_file, loan.matures_on) == 1
    with desk.office.book.read() as session:
        now = loans.get(session, "M1")
        assert (now.matures_on, now.original_maturity, now.annual_rate) == (until, loan.matures_on, Decimal("5.85"))
        assert loans.standing(session, now, until).days_past_due > 0, "the interest of the old term stays due"
        owed = accounts.account(session, desk.office.policy_file, now, loan.matures_on).owed
        assert [(o.due_on, o.principal) for o in owed] == [
            (loan.matures_on, Decimal("0.00")),
            (until, Decimal("300000.00")),
        ]
        assert owed[1].interest == Decimal("4387.50"), "300,000 at 5.85 % for 90 days of 360"
        assert session.get_one(Extension, clerk.case_no).state == "in_force"
        assert audit.verify(session).ok
    again = open_case(desk, "extension", "M1")
    more = APPLICATION | {"applied_on": desk.today.isoformat(), "amount": "300000"}
    more |= {"until_on": (until + timedelta(days=30)).isoformat()}
    assert "最多 1 次" in again.answer("apply", **more), "once only"
    assert again.answer("apply", **more | {"decision": "不再申请 withdraw"}) == ""
    assert outcome(again) == "withdrawn"


def description(clerk: Clerk, step: str) -> str:
    """What stands above the form of a waiting step."""
    from prefect.client.orchestration import get_client

    with clerk.here.office.book.read() as session:
        task = cases.open_task(session, clerk.case_no, step)
    assert task is not None
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(task.flow_run_id)
        key = run.state.state_details.run_input_keyset["description"]
        return str(client.read_flow_run_input(run.id, key))


def run_state(clerk: Clerk) -> str:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return client.read_flow_run(clerk.run_id).state.type.value


def test_doubt_raises_a_signal_and_prepares_collection(desk: Installation) -> None:
    seen = Clerk(desk, case_of(desk, "pre_maturity_visit", "M2"))
    doubtful = visit(desk, sufficient="不足 insufficient", outcome="还款存疑 doubtful", reason="停产两月")
    assert "须说明原因" in seen.answer("report", **doubtful), "it was due two days ago"
    assert seen.answer("report", **doubtful, reason_late="立案时已逾期") == ""
    assert seen.answer("sign", **SIGN) == ""
    assert outcome(seen) == "doubtful"
    with desk.office.book.read() as session:
        (signal,) = session.exec(select(Signal).where(Signal.loan_no == "M2")).all()
    assert (signal.kind, signal.detail) == ("repayment_doubtful", "停产两月")
    clerk = Clerk(desk, case_of(desk, "collection_preparation", "M2"))
    ready = {"done": ["联系方式已核实 contacts verified"], "contacts": "本人电话可通", "plan": "到期次日上门"}
    assert clerk.answer("prepare", **ready) == ""
    assert clerk.answer("sign", **SIGN) == ""
    assert outcome(clerk) == "prepared"


def test_the_notice_reaches_everybody_and_its_slips_come_back(desk: Installation) -> None:
    clerk = Clerk(desk, case_of(desk, "repayment_notice", "M3"))
    assert told(desk, "repayment_notice", "M3") == [("borrower", "D3"), ("guarantor", "G1")]
    page = papers(clerk, "repayment_notice")
    assert "签收日期" in page and "82,184.00" in page, "80,000 and 5.4 % for 182 days"
    with desk.office.book.read() as session:
        assert {s.state for s in session.exec(select(ReceiptSlip))} == {"out"}
    day = desk.today.isoformat()
    back = {"handed_over_on": day, "settled_on": day, "signed_by": "客户3"}
    assert "保证人 guarantor G1" in clerk.answer("slips", **back, returned=["借款人 borrower D3"])
    both = {"returned": ["借款人 borrower D3"], "refused": ["保证人 guarantor G1"]}
    assert "见证人" in clerk.answer("slips", **back, **both)
    assert clerk.answer("slips", **back, **both, remark="当面拒签, 见证人员工A2") == ""
    assert outcome(clerk) == "slips_refused"
    with desk.office.book.read() as session:
        slips = {s.party: (s.state, s.signed_by) for s in session.exec(select(ReceiptSlip))}
    assert slips == {"borrower": ("returned", "客户3"), "guarantor": ("refused", "")}


def test_a_late_application_is_refused_unless_the_authority_takes_it(desk: Installation) -> None:
    clerk = open_case(desk, "extension", "M6")
    with desk.office.book.read() as session:
        matures_on = loans.get(session, "M6").matures_on
    asked = APPLICATION | {
        "applied_on": desk.today.isoformat(),
        "until_on": (matures_on + timedelta(days=60)).isoformat(),
        "amount": "100000",
    }
    assert clerk.answer("apply", **asked) == ""
    assert clerk.waits_at() == {"late"}
    assert str(matures_on - timedelta(days=30)) in description(clerk, "late"), "the date that was missed"
    assert clerk.answer("late", decision="不予受理 refuse", reason="逾期且无正当理由") == ""
    assert outcome(clerk) == "refused"
    assert told(desk, "extension_refused", "M6") == [("borrower", "D6")]
    assert case_of(desk, "collection_preparation", "M6")
    with desk.office.book.read() as session:
        assert session.get_one(Extension, clerk.case_no).reason == "逾期且无正当理由"

    second = open_case(desk, "extension", "M6")
    assert second.answer("apply", **asked) == ""
    assert second.answer("late", decision="同意受理 take it", reason="客户住院, 有证明") == ""
    against = INVESTIGATION | {
        "until_on": asked["until_on"],
        "amount": "100000",
        "conclusion": "不同意 do not propose",
        "reason_for_reject": "还款来源不可靠",
    }
    assert second.answer("investigate", **against) == ""
    assert outcome(second) == "refused"


def test_level_by_level_each_another_person_reduced_returned_and_refused(desk: Installation) -> None:
    clerk = open_case(desk, "extension", "M7")
    with desk.office.book.read() as session:
        matures_on = loans.get(session, "M7").matures_on
    until = matures_on + timedelta(days=120)
    asked = APPLICATION | {
        "applied_on": desk.today.isoformat(),
        "until_on": until.isoformat(),
        "amount": "30000000",
    }
    assert clerk.answer("apply", **asked) == ""
    proposal = INVESTIGATION | {
        "until_on": until.isoformat(),
        "amount": "30000000",
        "repayment": "等额本金 equal principal",
    }
    longer = proposal | {"until_on": (until + timedelta(days=1)).isoformat()}
    assert "longer than was asked" in clerk.answer("investigate", **longer)
    assert clerk.answer("investigate", **proposal) == ""
    assert clerk.answer("approve-1", decision="退回 return", opinion="补充应收账款清单") == ""
    assert clerk.waits_at() == {"investigate-2"}
    assert "补充应收账款清单" in description(clerk, "investigate-2")
    assert clerk.answer("investigate-2", **proposal) == ""
    assert clerk.answer("approve-1-2", **APPROVE) == ""
    less = {"decision": "缩减 reduce", "opinion": "期限过长"}
    assert "缩减须填写" in clerk.answer("approve-2-2", **less)
    more = {"until_on": (until + timedelta(days=9)).isoformat()}
    assert "longer than was asked" in clerk.answer("approve-2-2", **less, **more)
    shorter = until - timedelta(days=30)
    assert clerk.answer("approve-2-2", **less, until_on=shorter.isoformat(), amount="20000000") == ""
    assert clerk.waits_at() == {"papers-3-2"}, "the committee's secretary prepares its papers"
    ready = {"meeting": "2026年第9次", "attendance": "应到7人实到6人", "summary": "展期材料齐全"}
    assert clerk.answer("papers-3-2", **ready) == ""
    assert "20,000,000.00" in description(clerk, "approve-3-2"), "what the level before left of it"
    for somebody in ("RS1", "CA1", "A1"):
        assert clerk.answer("approve-3-2", staff_no=somebody, **APPROVE), "nobody acts twice, nor without the role"
    assert clerk.answer("approve-3-2", **APPROVE) == ""
    assert clerk.answer("approve-4-2", decision="不同意 reject", opinion="行业风险上升, 不同意") == ""
    assert outcome(clerk) == "refused"
    assert told(desk, "extension_refused", "M7") == [("borrower", "D7")]
    with desk.office.book.read() as session:
        signed = session.exec(select(Step).where(Step.case_no == clerk.case_no, Step.staff_no.is_not(None))).all()  # type: ignore[union-attr]
        duties: dict[str, set[str]] = {}
        for step in signed:
            duties.setdefault(step.staff_no or "", set()).add(step.duty)
        assert all(len(one) == 1 for one in duties.values()), duties
        assert loans.get(session, "M7").matures_on == matures_on
    assert "行业风险上升" in papers(clerk, "extension_record")


def test_a_refinancing_marks_the_new_loan_as_restructured(desk: Installation) -> None:
    clerk = open_case(desk, "extension", "M8")
    with desk.office.book.read() as session:
        old = loans.get(session, "M8")
    until = old.matures_on + timedelta(days=365)
    asked = APPLICATION | {
        "variant": "借新还旧 refinancing",
        "applied_on": desk.today.isoformat(),
        "until_on": until.isoformat(),
        "amount": "200000",
    }
    assert clerk.answer("apply", **asked) == "", "a new loan has a term of its own"
    assert clerk.answer("investigate", **INVESTIGATION, until_on=until.isoformat(), amount="200000") == ""
    assert clerk.answer("approve-1", **APPROVE) == ""
    contract = {"result": "已签订 signed", "contract_no": "JX-1", "signed_on": desk.today.isoformat()}
    signed_by = {"signed_by": ["借款人 borrower D8"]}
    assert "新借据号" in clerk.answer("contract", **contract, **signed_by)
    assert clerk.answer("contract", **contract, **signed_by, new_loan_no="M8N") == ""
    assert outcome(clerk) == "signed"
    with desk.office.book.write(origin="test") as writer:
        assert extensions.take_force(writer, desk.office.policy_file, old.matures_on) == 0
        assert [e.case_no for e in extensions.awaited(writer.session, old.matures_on)] == [clerk.case_no]
        _lend(writer, "M8N", until, Decimal(200_000))
    with desk.office.book.write(origin="test") as writer:
        assert extensions.take_force(writer, desk.office.policy_file, old.matures_on) == 1
        new = loans.get(writer.session, "M8N")
        assert new.restructured_on == new.disbursed_on
        assert loans.get(writer.session, "M8").matures_on == old.matures_on


def receive(desk: Installation, loan_no: str, **fields: Any) -> Clerk:
    """Enter a receipt by hand, compared by the supervisor."""
    clerk = open_case(desk, "receipt", loan_no)
    entered = {"kind": "还款 repayment", "paid_on": desk.today.isoformat(), "document": "凭证1"} | fields
    assert clerk.answer("enter", **entered) == ""
    assert "F1" in description(clerk, "compare")
    assert clerk.answer("compare", decision="相符 agrees", opinion="与凭证一致") == ""
    return clerk


def test_receipts_by_hand_early_consented_and_undone(desk: Installation) -> None:
    early = open_case(desk, "receipt", "M9")
    entered = {"kind": "提前结清 early settlement", "paid_on": desk.today.isoformat(), "amount": "160000"}
    assert "consent of the consignor" in early.answer("enter", **entered, document="同意书", consents=["贷款人 lender"])
    both = ["贷款人 lender", "委托人 consignor"]
    assert "结清需" in early.answer("enter", **entered | {"amount": "1000"}, document="同意书", consents=both)
    assert early.answer("enter", **entered, document="同意书9", consents=both) == ""
    assert "新的还款计划" in description(early, "compare")
    assert early.answer("compare", decision="退回 return", opinion="金额与凭证不符") == ""
    assert early.answer("enter-2", **entered | {"amount": "152295"}, document="同意书9", consents=both) == ""
    assert early.answer("compare-2", decision="相符 agrees", opinion="一致") == ""
    assert outcome(early) == "entered"
    with desk.office.book.read() as session:
        loan = loans.get(session, "M9")
        account = accounts.account(session, desk.office.policy_file, loan, desk.today)
        assert account.settled
        # 150,000 at 5.4 % for the 102 days of 360 that it was out: 2,295.00
        assert (account.paid["interest"], account.excess) == (Decimal("2295.00"), Decimal("0.00"))
        receipt_no = session.exec(select(Repayment.receipt_no).where(Repayment.loan_no == "M9")).one()
    undone = {"kind": "冲正 reversal", "document": "退票"}
    clerk = open_case(desk, "receipt", "M9")
    assert "no such receipt" in clerk.answer("enter", **undone, paid_on=desk.today.isoformat(), reverses="X")
    assert clerk.answer("enter", **undone, paid_on=desk.today.isoformat(), reverses=receipt_no) == ""
    assert clerk.answer("compare", decision="相符 agrees", opinion="退票属实") == ""
    assert outcome(clerk) == "reversed"
    with desk.office.book.read() as session:
        account = accounts.account(session, desk.office.policy_file, loans.get(session, "M9"), desk.today)
        assert account.principal_outstanding == Decimal("150000.00"), "it is owed again"
        assert account.days_past_due == 0, "and due when it was"


def settle(desk: Installation, loan_no: str) -> Clerk:
    """The settlement's case, up to the documents of title."""
    work_out(desk.office, desk.today)
    clerk = Clerk(desk, case_of(desk, "settlement", loan_no))
    assert "differs" not in clerk.answer("statement", result="相符 agrees")
    assert clerk.answer("sign", **SIGN) == ""
    return clerk


FILE = {
    "complete": [
        "借款及担保合同 contracts",
        "借据与还款凭证 notes and receipts",
        "检查报告 inspection reports",
        "通知与回执 notices and slips",
        "结清单与结清证明 settlement papers",
        "权证交还登记 register of documents of title",
    ],
    "location": "2026-结-1",
}


def test_collateral_is_handed_back_when_the_last_loan_that_it_secures_is_paid(desk: Installation) -> None:
    with desk.office.book.read() as session:
        due = {}
        for no in ("M4", "M5"):
            due[no] = due_to_settle(session, desk.office.policy_file, loans.get(session, no), desk.today)
    receive(desk, "M4", kind="提前结清 early settlement", amount=str(due["M4"]))
    first = settle(desk, "M4")
    assert told(desk, "settlement_certificate", "M4") == [("borrower", "D4")]
    assert f"{due['M4']:,.2f}" in papers(first, "settlement_statement")
    assert "结清" in papers(first, "settlement_certificate")
    assert first.waits_at() == {"close-file"}, "K2 secures M5 still: nobody is even asked to hand it back"
    assert first.answer("close-file", **FILE) == ""
    assert outcome(first) == "settled_titles_kept"

    receive(desk, "M5", kind="提前结清 early settlement", amount=str(due["M5"]))
    second = settle(desk, "M5")
    handed = {
        "decision": "已交还 handed back",
        "released_on": desk.today.isoformat(),
        "received_by": "权利人K2",
        "capacity": "权利人本人 the owner",
        "evidence": "身份证已核",
        "lien_cancelled": "已注销 cancelled",
    }
    assert second.waits_at() == {"release-1"}
    # M4's receipt bounces while the custodian has the form open.
    bounced = open_case(desk, "receipt", "M4")
    with desk.office.book.read() as session:
        receipt_no = session.exec(select(Repayment.receipt_no).where(Repayment.loan_no == "M4")).one()
    undone = {"kind": "冲正 reversal", "document": "退票", "paid_on": desk.today.isoformat(), "reverses": receipt_no}
    assert bounced.answer("enter", **undone) == ""
    assert bounced.answer("compare", decision="相符 agrees", opinion="退票属实") == ""
    assert "不得交还" in second.answer("release-1", **handed)
    receive(desk, "M4", kind="提前结清 early settlement", amount=str(due["M4"]))
    assert second.answer("release-1", **handed) == ""
    assert second.waits_at() == {"release-2"}
    assert second.answer("release-2", **handed | {"received_by": "权利人K3"}) == ""
    inspected = Clerk(desk, case_of(desk, "first_inspection", "M5"))
    assert inspected.waits_at() == {"report"}
    assert second.answer("close-file", **FILE) == ""
    assert outcome(second) == "settled"
    with desk.office.book.read() as session:
        moot = cases.get(session, inspected.case_no)
    assert (moot.state, moot.outcome, inspected.waits_at()) == ("cancelled", "settled", set())
    assert run_state(inspected) == "CANCELLED", "nobody is asked to inspect a loan that is paid"
    with desk.office.book.read() as session:
        lines = session.exec(select(TitleRelease).order_by(TitleRelease.collateral_no)).all()  # type: ignore[arg-type]
        assert [(t.collateral_no, t.received_by, t.handed_by) for t in lines] == [
            ("K2", "权利人K2", "CA1"),
            ("K3", "权利人K3", "CA1"),
        ]
        assert all(held.released for held in titles.of_loan(session, "M5", desk.today))
        assert audit.verify(session).ok


def test_a_document_that_was_kept_when_the_loan_was_settled_goes_back_later(desk: Installation) -> None:
    today = desk.today.isoformat()
    with desk.office.book.write(origin="test") as writer:
        _lend(writer, "M8", desk.today + timedelta(days=70), Decimal(70_000), loan_no="T1")
        item = {"kind": "房产", "owner": "权利人K4", "value": Decimal(90_000), "valued_on": desk.today}
        writer.session.add(Collateral(collateral_no="K4", title_document="权证-K4", **item))
        writer.session.flush()
        writer.session.add(CollateralLoan(collateral_no="K4", loan_no="T1"))
    with pytest.raises(PostloanError, match="loan T1 is not paid"):
        open_case(desk, "title_release", "T1")
    with desk.office.book.read() as session:
        due = due_to_settle(session, desk.office.policy_file, loans.get(session, "T1"), desk.today)
    receive(desk, "T1", kind="提前结清 early settlement", amount=str(due))
    settled = settle(desk, "T1")
    keep = {"decision": "继续保管 keep", "released_on": today}
    assert "须说明继续保管的理由" in settled.answer("release-1", **keep)
    assert settled.answer("release-1", **keep, remark="权利人在外地") == ""
    assert settled.answer("close-file", **FILE) == ""
    assert outcome(settled) == "settled_titles_kept"
    assert "权利人在外地" in papers(settled, "settlement_record")

    clerk = open_case(desk, "title_release", "T1")
    assert "权证-K4" in description(clerk, "release-1")
    handed = {"decision": "已交还 handed back", "released_on": today, "received_by": "权利人K4", "evidence": "身份证"}
    assert clerk.answer("release-1", **handed) == ""
    assert outcome(clerk) == "released"
    assert "权利人K4" in papers(clerk, "title_release_record")
    with desk.office.book.read() as session:
        (line,) = session.exec(select(TitleRelease).where(TitleRelease.collateral_no == "K4")).all()
        assert (line.case_no, line.loan_no, line.handed_by) == (clerk.case_no, "T1", "CA1")
    with pytest.raises(PostloanError, match="no document of title of loan T1 is held"):
        open_case(desk, "title_release", "T1")


def test_a_right_is_interrupted_with_proof_or_let_lapse_by_the_authority_only(desk: Installation) -> None:
    """Two loans that matured three years ago but 100 days: one is demanded, one is to be given up."""
    lapses_on = desk.today + timedelta(days=100)
    matured = lapses_on.replace(year=lapses_on.year - 3)
    with desk.office.book.write(origin="test") as writer:
        for loan_no in ("Y1", "Y2"):
            _lend(writer, "M2", matured, Decimal(50_000), loan_no=loan_no)
    work_out(desk.office, desk.today)
    clerk = Clerk(desk, case_of(desk, "limitation_warning", "Y1"))
    demand = {"decision": "已催收 demanded", "happened_on": desk.today.isoformat(), "signed_by": "客户2"}
    assert "凭证" in clerk.answer("act", **demand)
    early = demand | {"happened_on": matured.isoformat(), "document": "回执1"}
    assert "after the period began" in clerk.answer("act", **early)
    assert clerk.answer("act", **demand, document="催收通知书回执1") == ""
    assert clerk.answer("sign", **SIGN) == ""
    assert outcome(clerk) == "interrupted"
    with desk.office.book.read() as session:
        (right,) = limitation.of_loan(session, desk.office.policy, loans.get(session, "Y1"), desk.today)
    assert (right.cause, right.started_on) == ("demand", desk.today)

    other = Clerk(desk, case_of(desk, "limitation_warning", "Y2"))
    lapse = {"decision": "建议放弃 let it lapse", "happened_on": desk.today.isoformat()}
    assert "须说明放弃的理由" in other.answer("act", **lapse)
    assert other.answer("act", **lapse, reason="已无财产可供执行") == ""
    assert other.answer("sign", **SIGN) == ""
    assert other.answer("lapse", decision="不同意 refuse", opinion="须先催收") == ""
    assert "须先催收" in description(other, "act-2"), "nothing is given up without the authority"
    assert other.answer("act-2", **lapse, reason="借款人已注销, 无财产") == ""
    assert other.answer("sign-2", **SIGN) == ""
    assert other.answer("lapse-2", decision="同意 approve", opinion="同意放弃") == ""
    assert outcome(other) == "let_lapse"


ANSWERS: dict[str, list[dict[str, Any]]] = {
    "investigate": [{}, {"conclusion": "不同意 do not propose", "reason_for_reject": "来源不足"}],
    "consents": [{"given": []}, {}],
    "late": [{"decision": "同意受理 take it", "reason": "情况属实, 有证明"}],
    "late-filing": [{"decision": "同意受理 take it", "reason": "情况属实, 有证明"}],
    "papers": [{"meeting": "第1次", "attendance": "7人", "summary": "展期材料齐全"}],
    "approve": [
        APPROVE,
        APPROVE,
        {"decision": "退回 return", "opinion": "再查"},
        {"decision": "缩减 reduce", "opinion": "减额", "amount": "70000"},
        {"decision": "不同意 reject", "opinion": "不同意"},
    ],
    "contract": [{}],
}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_sequence_of_answers_goes_beyond_the_law_nor_lets_anybody_act_twice(desk: Installation, seed: int) -> None:
    """Anybody answers anything, in time and too late, with terms within the law and far beyond it."""
    chance, loan_no = random.Random(seed), f"X{seed}"
    with desk.office.book.write(origin="test") as writer:
        if writer.session.get(Borrower, "DX") is None:
            writer.session.add(Borrower(borrower_no="DX", name="客户", kind="corporate", branch_no="B5", phone="1"))
            writer.session.flush()
        _lend(writer, "M1X", desk.today + timedelta(days=27 + seed), Decimal(40_000_000), loan_no=loan_no)
        writer.session.get_one(Loan, loan_no).borrower_no = "DX"
    with desk.office.book.read() as session:
        loan = loans.get(session, loan_no)
        last = extensions.latest(desk.office.policy, loan)
    clerk = open_case(desk, "extension", loan_no)
    for _ in range(40):
        waiting = clerk.waits_at()
        if not waiting:
            break
        (step,) = waiting
        base = step.split("-")[0] if not step.startswith("late") else step
        until = loan.matures_on + timedelta(days=chance.choice((-5, 30, 90, 183, 184, 4000)))
        about = {"until_on": until.isoformat(), "amount": chance.choice(("30000000", "40000000.01", "9000000"))}
        if base == "apply":
            fields = APPLICATION | about | {"applied_on": desk.today.isoformat()}
        elif base == "contract":
            fields = {
                "result": "已签订 signed", "contract_no": "Z", "signed_on": desk.today.isoformat(),
                "signed_by": ["借款人 borrower DX"],
            }  # fmt: skip
        else:
            fields = dict(chance.choice(ANSWERS[base]))
            if base == "investigate":
                fields = INVESTIGATION | about | fields
            elif base == "approve" and chance.random() < 0.2:
                fields |= {"until_on": until.isoformat()}
        anybody = "" if chance.random() < 0.6 else chance.choice([no for no, _, _ in POSTS])
        clerk.answer(step, staff_no=anybody, **fields)
        with desk.office.book.read() as session:
            done = session.exec(select(Step).where(Step.case_no == clerk.case_no, Step.staff_no.is_not(None))).all()  # type: ignore[union-attr]
            by_person: dict[str, set[str]] = {}
            for one in done:
                by_person.setdefault(one.staff_no or "", set()).add(one.duty)
            assert all(len(duties) == 1 for duties in by_person.values()), by_person
            found = session.get(Extension, clerk.case_no)
            assert found is None or found.until_on <= last
    with desk.office.book.write(origin="test") as writer:
        extensions.take_force(writer, desk.office.policy_file, loan.matures_on)
        assert loans.get(writer.session, loan_no).matures_on <= last


def test_the_digest_names_a_role_that_nobody_holds(desk: Installation) -> None:
    """Work that waits for nobody is not left in silence; the round's digest says so, and whom to call."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import ArtifactSort

    from flows.daily import daily_round

    with desk.office.book.write(origin="test") as writer:
        writer.session.delete(writer.session.get_one(StaffRole, ("F1", "finance")))
    open_case(desk, "receipt", "M2")
    state = daily_round(return_state=True)
    assert state.is_completed(), state.message
    with get_client(sync_client=True) as client:
        filed = client.read_artifacts(limit=200, sort=ArtifactSort.CREATED_DESC)
    # The newest: other books have their digests on the same server.
    digest = next(artifact for artifact in filed if artifact.key == "daily-digest")
    assert "`finance`" in str(digest.data)
