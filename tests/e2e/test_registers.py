"""Payments, the work log, the ledger, suspensions, supervision, plans and groups, as people live them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from postloan.book import audit, cases, documents, ledger, plans, suspensions, work_log
from postloan.book.tables import (
    Borrower,
    Branch,
    Case,
    Document,
    Finding,
    Loan,
    Partner,
    PartnerPosition,
    Payment,
    Relation,
    RiskPlan,
    Signal,
    Staff,
    StaffRole,
    WorkLogEntry,
)
from tasks.office import Office
from tasks.round import work_out
from tests.e2e.clerk import Clerk
from tests.e2e.conftest import Installation, own_book

pytestmark = [pytest.mark.server, pytest.mark.slow]

SIGN = {"decision": "签字 sign", "opinion": "同意"}


@pytest.fixture(scope="module")
def branch(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A branch with loans, people and everything that the registers ask about."""
    with own_book(installation, tmp_path_factory.mktemp("registers"), _fill) as here:
        yield here


def _fill(office: Office) -> None:
    today = office.today
    long_ago = today - timedelta(days=500)
    with office.book.write(origin="test") as writer:
        add, session = writer.session.add, writer.session
        add(Branch(branch_no="B9", name="登记支行"))
        add(Partner(partner_no="PT1", name="某担保公司"))
        session.flush()
        for n in range(1, 9):
            add(Staff(staff_no=f"R1{n}", name=f"经理{n}", branch_no="B9", email=f"R1{n}@bank.test"))
            add(Staff(staff_no=f"R2{n}", name=f"主管{n}", branch_no="B9", email=f"R2{n}@bank.test"))
            session.flush()
            add(StaffRole(staff_no=f"R1{n}", role="account_officer"))
            add(StaffRole(staff_no=f"R2{n}", role="credit_supervisor"))
            for role in ("risk_control", "general_manager", "supervision", "credit_administration"):
                number = f"R{role[:1].upper()}{role[-1]}{n}"
                add(Staff(staff_no=number, name=number, email=f"{number}@bank.test"))
                session.flush()
                add(StaffRole(staff_no=number, role=role))
        for no, kind in (("E1", "corporate"), ("E2", "corporate"), ("E3", "personal")):
            add(
                Borrower(
                    borrower_no=no, name=f"企业{no}", kind=kind, branch_no="B9", rating="BB", email=f"{no}@mail.test"
                )
            )
        session.flush()
        for n, no in enumerate(("E1", "E2", "E3"), start=1):
            add(
                Loan(
                    loan_no=f"Z{n}", borrower_no=no, branch_no="B9", officer_no=f"R1{n}", principal=Decimal(900000),
                    annual_rate=Decimal("4.35"), disbursed_on=long_ago, first_drawdown_on=long_ago,
                    matures_on=today + timedelta(days=400), purpose="购进原材料",
                )
            )  # fmt: skip
        session.flush()
        for n, amount in ((1, "300000.00"), (2, "700000.00")):
            add(
                Payment(
                    payment_no=f"Q{n}", loan_no="Z1", requested_on=today, amount=Decimal(amount), payee="供应商",
                    purpose="购进原材料", evidence="合同1",
                )
            )  # fmt: skip
        add(Relation(borrower_no="E1", other_no="E2", kind="control"))
        add(
            PartnerPosition(
                partner_no="PT1", as_of=today, outstanding=Decimal(1000), non_performing=Decimal(0),
                compensated=Decimal(80),
            )
        )  # fmt: skip
        add(
            WorkLogEntry(
                entry_no="W9", borrower_no="E1", staff_no="R11", activity="on_site", acted_on=today, entered_on=today,
                content="新增订单",
            )
        )  # fmt: skip


def clerk_of(here: Installation, kind: str, **where: str) -> Clerk:
    """Takes up the case of a kind, whose columns begin as given."""
    with here.office.book.read() as session:
        found = [
            c.case_no
            for c in session.exec(select(Case).where(Case.kind == kind))
            if all(str(getattr(c, name)).startswith(value) for name, value in where.items())
        ]
    assert len(found) == 1, found
    return Clerk(here, found[0])


def closed(clerk: Clerk) -> tuple[str, str]:
    """The outcome of a case that is closed, and its archived paper."""
    here = clerk.here
    with here.office.book.read() as session:
        case = cases.get(session, clerk.case_no)
        assert case.state == "closed", clerk.waits_at()
        papers = session.exec(select(Document).where(Document.case_no == clerk.case_no)).all()
        assert {p.media_type for p in papers} == {"text/html", "application/pdf"}
        html = next(p for p in papers if p.media_type == "text/html")
        assert audit.verify(session).ok
        return case.outcome, documents.read(session, here.office.settings.archive, html.document_no).decode()


def test_a_high_risk_payment_takes_three_levels_and_is_followed_to_where_it_went(branch: Installation) -> None:
    clerk = clerk_of(branch, "use_of_proceeds", subject="Q1")
    given = {
        "decision": "同意 approve",
        "fits_purpose": "不符合 no",
        "evidence": "已见合同或发票 seen",
        "payee_checked": "真实且无关联 genuine, unrelated",
        "opinion": "合同与发票一致",
    }
    assert "不能同意" in clerk.answer("review", **given)
    given["fits_purpose"] = "符合 yes"
    assert clerk.answer("review", **given) == ""
    assert clerk.answer("approve-2", decision="同意 approve", opinion="同意") == ""
    assert clerk.answer("approve-3", decision="同意 approve", opinion="同意") == ""
    with branch.office.book.read() as session:
        payment = session.get_one(Payment, "Q1")
    assert (payment.state, payment.decided_on) == ("approved", branch.today)
    assert payment.decided_by.startswith("R11, R2"), "the officer, the supervisor, risk control"
    used = {"paid_on": branch.today.isoformat(), "as_agreed": "不一致 otherwise", "flow": "转入股东个人账户"}
    assert clerk.answer("verify", **used) == ""
    outcome, paper = closed(clerk)
    assert (outcome, "转入股东个人账户" in paper) == ("misused", True)
    with branch.office.book.read() as session:
        (signal,) = session.exec(select(Signal).where(Signal.loan_no == "Z1")).all()
        assert session.get_one(Payment, "Q1").as_agreed is False
    assert signal.kind == "misuse_of_proceeds"


def test_a_payment_beyond_the_loan_is_refused(branch: Installation) -> None:
    clerk = clerk_of(branch, "use_of_proceeds", subject="Q2")
    given = {
        "decision": "同意 approve",
        "fits_purpose": "符合 yes",
        "evidence": "已见合同或发票 seen",
        "payee_checked": "未核实 not checked",
        "opinion": "超过额度",
    }
    assert "exceeds the loan" in clerk.answer("review", **given), "300,000 of 900,000 are approved already"
    assert clerk.answer("review", **given | {"decision": "不同意 refuse"}) == ""
    assert closed(clerk)[0] == "refused"


def test_business_with_a_partner_beyond_the_threshold_is_stopped_and_resumed(branch: Installation) -> None:
    here = branch
    clerk = clerk_of(here, "business_suspension")
    stop = {"decision": "停牌 suspend", "reason": "代偿率 8%", "conditions": "代偿率低于 5%"}
    assert clerk.answer("propose", **stop) == ""
    assert clerk.answer("decide", decision="同意 approve", opinion="同意") == ""
    with here.office.book.read() as session:
        (stopped,) = suspensions.in_force(session, here.today)
    assert stopped.partner_no == "PT1"
    resume = {"decision": "复牌 resume", "reason": "已改善"}
    assert "仍超过阈值" in clerk.answer("look", **resume)
    with here.office.book.write(origin="test") as writer:
        figures = writer.session.get_one(PartnerPosition, ("PT1", here.today))
        figures.compensated = Decimal(10)
        writer.session.add(figures)
    assert clerk.answer("look", **resume) == ""
    assert clerk.answer("resume", decision="同意 approve", opinion="同意") == ""
    assert closed(clerk)[0] == "resumed"
    with here.office.book.read() as session:
        assert suspensions.in_force(session, here.today) == []


def test_head_office_inspects_a_sample_and_tracks_what_it_found(branch: Installation) -> None:
    here = branch
    clerk = clerk_of(here, "branch_supervision", branch_no="B9")
    report = {"grade": "差 poor", "findings": "", "opinion": "问题较多"}
    assert "须列出问题" in clerk.answer("report", **report)
    report["findings"] = "Z1: 首次检查报告缺签字\nZ2：抵押物未续保\n台帐登记不及时"
    assert clerk.answer("report", **report) == ""
    with here.office.book.read() as session:
        found = session.exec(select(Finding).order_by(Finding.finding_no)).all()  # type: ignore[arg-type]
    assert [(f.loan_no, f.rectified_on) for f in found] == [("Z1", None), ("Z2", None), (None, None)]
    assert clerk.answer("rectify", measures="已补签, 已续保") == ""
    assert clerk.answer("accept", decision="继续整改 go on", opinion="台帐未改") == ""
    assert clerk.answer("rectify-2", measures="台帐已补登") == ""
    assert clerk.answer("accept-2", decision="整改到位 rectified", opinion="已验收") == ""
    outcome, paper = closed(clerk)
    assert (outcome, "首次检查报告缺签字" in paper) == ("rectified", True)
    with here.office.book.read() as session:
        assert {f.rectified_on for f in session.exec(select(Finding))} == {here.today}


def test_entries_of_the_work_log_are_put_before_the_head_of_the_branch(branch: Installation) -> None:
    clerk = clerk_of(branch, "work_log_review", branch_no="B9")
    assert clerk.answer("review", opinion="已阅, 继续关注订单") == ""
    assert "新增订单" in closed(clerk)[1]
    with branch.office.book.read() as session:
        entry = session.get_one(WorkLogEntry, "W9")
    assert (entry.opinion, entry.reviewed_on) == ("已阅, 继续关注订单", branch.today)


def test_what_the_work_log_lacks_is_entered(branch: Installation) -> None:
    here = branch
    month_end = here.today.replace(day=1) - timedelta(days=1)
    open_case(here, "work_log", "WL", "Z2", f"E2-{month_end}", month_end)
    clerk = Clerk(here, "WL-E2")
    entry = {"activity": "电话 telephone", "acted_on": month_end.isoformat(), "content": "电话了解经营情况, 正常"}
    late = (month_end.replace(day=1) - timedelta(days=1)).isoformat()
    assert "done between" in clerk.answer("enter", **entry | {"acted_on": late})
    assert clerk.answer("enter", **entry) == ""
    assert clerk.answer("sign", **SIGN) == ""
    assert closed(clerk)[0] == "entered"
    with here.office.book.read() as session:
        assert work_log.made(session, "E2", month_end, month_end) == 1


def test_a_plan_is_followed_changed_and_ended(branch: Installation) -> None:
    here = branch
    made_on = here.today - timedelta(days=30)
    open_case(here, "plan_follow_up", "PF", "Z3", f"E3-{here.today}", made_on)
    with here.office.book.write(origin="test") as writer:
        writer.session.add(RiskPlan(borrower_no="E3", made_on=made_on, loan_no="Z3", plan="追加担保", case_no="PF-E3"))
    clerk = Clerk(here, "PF-E3")
    resolved = {"progress": "已追加担保", "result": "风险已化解 resolved"}
    assert clerk.answer("follow", **resolved) == ""
    assert clerk.answer("sign", **SIGN) == ""
    assert closed(clerk)[0] == "resolved"
    with here.office.book.read() as session:
        assert plans.in_force(session, "E3", here.today + timedelta(days=1)) is None


def test_the_balances_of_a_year_are_carried_forward_checked_and_signed(branch: Installation) -> None:
    here = branch
    year_end = here.today.replace(month=1, day=1) - timedelta(days=1)
    open_case(here, "ledger_carry_over", "LC", None, f"B9-{year_end}", year_end)
    clerk = Clerk(here, "LC-B9")
    assert clerk.answer("check", decision="相符 agree") == ""
    assert clerk.answer("sign", **SIGN) == ""
    outcome, paper = closed(clerk)
    with here.office.book.read() as session:
        carried = ledger.balances(session, "LC-B9")
    assert outcome == "carried_over"
    expected = {"Z1", "Z2", "Z3"} if year_end >= here.today - timedelta(days=500) else set()
    assert {row["loan_no"] for row in carried} == expected
    assert all(row["loan_no"] in paper for row in carried)


def test_a_members_serious_signal_has_the_others_of_the_group_inspected(branch: Installation) -> None:
    here = branch
    with here.office.book.write(origin="test") as writer:
        writer.session.add(Signal(loan_no="Z2", kind="litigation", seen_on=here.today, detail="被诉", source="court"))
    work_out(here.office, here.today)
    with here.office.book.read() as session:
        inspected = {
            c.loan_no
            for c in session.exec(select(Case).where(Case.kind == "special_inspection"))
            if c.branch_no == "B9"
        }
    assert inspected == {"Z1", "Z2"}


def open_case(here: Installation, kind: str, prefix: str, loan_no: str | None, subject: str, anchor: object) -> None:
    """A case that the round of another day would open."""
    with here.office.book.write(origin="test") as writer:
        version = cases.keep_policy(writer, here.office.policy_file)
        writer.session.add(
            Case(
                case_no=f"{prefix}-{subject[:2]}", kind=kind, loan_no=loan_no, branch_no="B9", subject=subject,
                rule="x", anchor_on=anchor, due_on=here.today, opened_on=here.today, policy_version=version,
            )
        )  # fmt: skip
