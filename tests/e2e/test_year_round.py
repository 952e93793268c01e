"""Routine and special inspection, a signal, a lapsing document and a classification, as people live them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from postloan.book import audit, cases, documents
from postloan.book.tables import (
    Borrower,
    Case,
    Classification,
    Collateral,
    CollateralLoan,
    Document,
    Loan,
    Signal,
    Staff,
    StaffRole,
)
from postloan.calendar import months_after
from tasks.office import Office
from tests.e2e.clerk import Clerk
from tests.e2e.conftest import Installation, own_book
from tests.e2e.test_first_inspection import ACCEPT, RETURN, SIGN, done
from tests.factory import staff_and_loans

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def year(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Four loans on which something falls due today, and the round that found it."""
    # So that a day of classification is never far, whatever the day is.
    every_month = "[classification]\nmonths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]\ndue_days = 40\n"
    with own_book(installation, tmp_path_factory.mktemp("year"), _fill, every_month) as here:
        yield here


def _fill(office: Office) -> None:
    staff_and_loans(office.book, {}, officer_each=True)
    today = office.today
    long_ago = months_after(today, -3) + timedelta(days=3)
    recently = today - timedelta(days=3)
    drawn = {"Y1": long_ago, "Y2": recently, "Y3": recently, "Y4": long_ago}
    with office.book.write(origin="test") as writer:
        add, session = writer.session.add, writer.session
        add(Borrower(borrower_no="C2", name="李某某", kind="personal", branch_no="B1", email="c2@mail.test"))
        for n in (1, 2, 3, 4):
            add(Staff(staff_no=f"S20{n}", name=f"员工{n}", branch_no="B1", email=f"S20{n}@bank.test"))
        session.flush()
        for n, (loan_no, day) in enumerate(drawn.items(), start=1):
            add(StaffRole(staff_no=f"S20{n}", role="account_officer"))
            add(
                Loan(
                    loan_no=loan_no,
                    borrower_no="C2",
                    branch_no="B1",
                    officer_no=f"S20{n}",
                    principal=Decimal("100000.00"),
                    annual_rate=Decimal("4.35"),
                    disbursed_on=day,
                    first_drawdown_on=day,
                    matures_on=day.replace(year=day.year + 1),
                    restructured_on=today - timedelta(days=40) if loan_no == "Y4" else None,
                )
            )
        session.flush()
        add(Signal(loan_no="Y2", kind="litigation", seen_on=today, detail="被诉", source="court"))
        add(
            Collateral(
                collateral_no="K1",
                kind="house",
                owner="x",
                value=Decimal(500000),
                valued_on=today,
                insured_until=today + timedelta(days=10),
            )
        )
        session.flush()
        add(CollateralLoan(collateral_no="K1", loan_no="Y3"))


def clerk_of(here: Installation, kind: str, loan_no: str) -> Clerk:
    with here.office.book.read() as session:
        return Clerk(here, session.exec(select(Case.case_no).where(Case.kind == kind, Case.loan_no == loan_no)).one())


def answer(clerk: Clerk, step: str, given: dict[str, Any], staff_no: str = "") -> str:
    return clerk.answer(step, staff_no=staff_no, **given)


def archived(clerk: Clerk) -> str:
    """The HTML record of a case that is closed."""
    here, case_no = clerk.here, clerk.case_no
    with here.office.book.read() as session:
        assert cases.get(session, case_no).state == "closed", clerk.waits_at()
        papers = session.exec(select(Document).where(Document.case_no == case_no)).all()
        assert {p.media_type for p in papers} == {"text/html", "application/pdf"}
        html = next(p for p in papers if p.media_type == "text/html")
        assert audit.verify(session).ok
        return documents.read(session, here.office.settings.archive, html.document_no).decode()


def test_a_routine_inspection_on_site_returned_once(year: Installation) -> None:
    here, clerk = year, clerk_of(year, "routine_inspection", "Y1")
    assert clerk.case_no == "RI-Y1-03"
    report = {
        "inspected_on": here.today.isoformat(),
        "method": "电话询问 telephone",
        "operations": "正常 in order",
        "finances": "不适用 not applicable",
        "management": "不适用 not applicable",
        "guarantors": "不适用 not applicable",
        "collateral": "不适用 not applicable",
        "trend": "稳定 stable",
    }
    assert "INS-5" in answer(clerk, "report", report), "the third month must be on site"
    report["method"] = "实地检查 on site"
    assert "须检查" in answer(clerk, "report", report | {"operations": "不适用 not applicable"})
    assert answer(clerk, "report", report) == ""
    assert answer(clerk, "sign", SIGN) == ""
    assert answer(clerk, "review", RETURN) == ""
    assert answer(clerk, "report-2", report | {"findings": "补充", "place": "厂区"}) == ""
    assert answer(clerk, "sign-2", SIGN) == ""
    assert answer(clerk, "review-2", ACCEPT) == ""
    html = archived(clerk)
    assert "信贷资产检查报告" in html
    assert "厂区" in html


def test_a_special_inspection_goes_up_level_by_level(year: Installation) -> None:
    here, clerk = year, clerk_of(year, "special_inspection", "Y2")
    report = {
        "inspected_on": here.today.isoformat(),
        "method": "实地检查 on site",
        "event": "供应商起诉",
        "impact": "危及还款 repayment at risk",
        "findings": "账户被冻结",
        "measures": "要求追加担保",
    }
    assert answer(clerk, "report", report) == ""
    upward = {"decision": "上报 report upward", "opinion": "超出权限"}
    assert answer(clerk, "sign", upward) == ""
    assert answer(clerk, "review", ACCEPT) == ""
    assert answer(clerk, "level-1", upward) == ""
    decision = {"decision": "决定 decide", "opinion": "同意追加担保"}
    assert answer(clerk, "level-2", decision) == ""
    html = archived(clerk)
    assert "同意追加担保" in html
    step = done(here, clerk.case_no, "level-2")
    assert step is not None
    with here.office.book.read() as session:
        assert session.get(StaffRole, (step.staff_no, "general_manager")) is not None


def test_a_signal_is_followed_until_it_is_cleared(year: Installation) -> None:
    here, clerk = year, clerk_of(year, "warning_signal", "Y2")
    unknown = {"handler": "S999", "instruction": "核实"}
    assert "S999" in answer(clerk, "assign-handler", unknown)
    assert answer(clerk, "assign-handler", unknown | {"handler": ""}) == ""
    handled = {"finding": "与供应商纠纷", "measures": "和解"}
    assert answer(clerk, "handle", handled) == ""
    fed_back = {"result": "风险缓解 eased", "evidence": "已达成意向"}
    assert answer(clerk, "feedback", fed_back) == ""
    assert answer(clerk, "confirm", {"decision": "继续处置 go on", "opinion": "须撤诉"}) == ""
    assert answer(clerk, "handle-2", handled) == ""
    gone = {"result": "风险已消除 gone", "evidence": "撤诉裁定"}
    assert answer(clerk, "feedback-2", gone) == ""
    assert answer(clerk, "confirm-2", {"decision": "认定消除 gone", "opinion": "已撤诉"}) == ""
    clear = {"decision": "消除 clear", "evidence": "裁定书"}
    assert "不相容岗位" in answer(clerk, "clear-2", clear, staff_no="S202"), "never by the handler"
    assert answer(clerk, "clear-2", clear) == ""
    assert "撤诉裁定" in archived(clerk)
    with here.office.book.read() as session:
        signal = session.exec(select(Signal).where(Signal.loan_no == "Y2", Signal.kind == "litigation")).one()
    assert signal.cleared_on == here.today


def test_a_lapsing_insurance_is_renewed_and_the_next_duty_follows(year: Installation) -> None:
    here, clerk = year, clerk_of(year, "insurance_expiry", "Y3")
    lapses = here.today + timedelta(days=10)
    assert clerk.case_no == f"INSURANCE-EXPIRY-K1-{lapses}"
    given = {"decision": "已取得 obtained", "document": "保单 77", "valid_until": lapses.isoformat()}
    assert "must be later" in answer(clerk, "obtain", given)
    given["valid_until"] = months_after(lapses, 6).isoformat()
    assert answer(clerk, "obtain", given) == ""
    assert answer(clerk, "sign", SIGN) == ""
    assert "保单 77" in archived(clerk)
    with here.office.book.read() as session:
        assert session.get_one(Collateral, "K1").insured_until == months_after(lapses, 6)
    told = [m for m in here.sinks.messages() if "c2@mail.test" in m["to"] and "押品保险到期" in m["title"]]
    assert len(told) == 1, "the borrower is told once"


def test_a_better_category_than_the_rule_needs_the_authority(year: Installation) -> None:
    here, clerk = year, clerk_of(year, "risk_classification", "Y4")
    normal = {"proposed": "正常 normal", "reason": "良好"}
    assert "须说明理由" in answer(clerk, "propose", normal)
    normal["reason"] = "重组后经营恢复, 还款来源充足"
    assert answer(clerk, "propose", normal) == ""
    assert answer(clerk, "review", {"decision": "同意 agree", "opinion": "同意"}) == ""
    refused = {"decision": "不批准 refuse", "reason": "观察期未满"}
    assert answer(clerk, "approve", refused) == ""
    special = {"proposed": "关注 special_mention", "reason": "观察期", "plan": "每月走访"}
    assert answer(clerk, "propose-2", special | {"plan": ""}) != "", "a plan is needed"
    assert answer(clerk, "propose-2", special) == ""
    assert answer(clerk, "review-2", {"decision": "同意 agree", "opinion": "同意"}) == ""
    archived(clerk)
    with here.office.book.read() as session:
        decided = session.exec(select(Classification).where(Classification.loan_no == "Y4")).one()
    assert (decided.risk_class, decided.rule_class, decided.case_no) == (
        "special_mention",
        "special_mention",
        clerk.case_no,
    )
