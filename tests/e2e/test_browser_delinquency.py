"""A loan past due as people click it in the Prefect UI: from the diagnosis and the first contact through the workout to
the write-off and a later recovery."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from postloan.book import audit, cases, contacts, loans, promises, workout
from postloan.book.tables import Transfer, WriteOff
from postloan.forms.base import SupervisorSignature
from postloan.forms.collection import ContactRequest, ContactResult, DefaultDiagnosis
from postloan.forms.maturity import ReceiptEntry, Verification
from postloan.forms.workout import (
    ChainDecision,
    DisposalPlan,
    FileHandedOver,
    FileTakenOver,
    HeadsSignature,
    MilestoneReport,
    WriteOffApplication,
)
from tests.e2e.clerk import Clerk
from tests.e2e.conftest import Installation
from tests.e2e.test_browser_maturity import Person, know, page  # noqa: F401  (a fixture)
from tests.e2e.test_delinquency import CALL, DIAGNOSIS, desk  # noqa: F401  (a fixture: a book of its own for this file)
from tests.e2e.test_maturity import SIGN, case_of, open_case, outcome
from tests.e2e.test_workout import APPLICATION, APPROVE, HANDED, plan, report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed (see the Makefile)"),
]
LOAN = "Q3"


def test_from_the_first_contact_to_the_handing_over(desk: Installation, page: Page) -> None:  # noqa: F811
    person = Person(desk, page, Clerk(desk, case_of(desk, "collection", LOAN)))
    know(DefaultDiagnosis)
    said = person.signs("diagnosis-1", **DIAGNOSIS)
    assert "M2" in said and "5,270.00" in said, "the stage and what is overdue stand above the form"
    know(SupervisorSignature)
    assert "下游推迟付款" in person.signs("diagnosis-sign-1", **SIGN)
    know(ContactRequest, person="联系对象 Whom")
    person.signs("contact-1", **CALL | {"person": "借款人 borrower D3"})
    know(ContactResult)
    on = (desk.today + timedelta(days=3)).isoformat()
    person.signs(
        "result-1",
        result="与本人通话或见面 talked to the person",
        note="承诺三日内还款",
        promise_on=on,
        promise_amount="5270",
        stops=["不再发短信 no more text messages"],
    )
    with desk.office.book.read() as session:
        promise = promises.open_one(session, LOAN)
        assert promise is not None and promise.due_on.isoformat() == on
        assert [s.channel for s in contacts.active_stops(session, "borrower", "D3", desk.today)] == ["sms"]
    know(ContactRequest, person="联系对象 Whom")
    said = person.signs(
        "contact-2",
        decision="移交不良处置 hand over to the workout",
        person="借款人 borrower D3",
        reason="借款人停业, 拟提前移交",
    )
    assert "承诺" in said and "opt_out" in said
    know(SupervisorSignature)
    person.signs("refer-2", **SIGN)
    assert person.clerk.waits_at() == {"contact-3"}, "until the workout has taken it over"


def test_from_the_transfer_to_the_write_off_and_a_later_recovery(desk: Installation, page: Page) -> None:  # noqa: F811
    person = Person(desk, page, Clerk(desk, case_of(desk, "workout_transfer", LOAN)))
    know(FileHandedOver, present="已移交的资料 Documents handed over")
    person.signs("hand-over", **HANDED, present=list(desk.office.policy.workout.file_items))
    know(SupervisorSignature)
    person.signs("sign", **SIGN)
    know(ChainDecision)
    assert "60,000.00" in person.signs("approve", **APPROVE)
    know(FileTakenOver)
    person.signs("take-over", decision="接收 take over", opinion="资料齐全")
    assert outcome(person.clerk) == "transferred"
    with desk.office.book.read() as session:
        assert cases.get(session, case_of(desk, "collection", LOAN)).outcome == "transferred"

    person = Person(desk, page, Clerk(desk, case_of(desk, "workout", LOAN)))
    know(DisposalPlan)
    person.signs("plan", **_in_full(plan(desk, expected_1="30000", cost_1="2000", expected_2="9000")))
    know(HeadsSignature)
    assert "净现值" in person.signs("sign", **APPROVE)
    know(ChainDecision)
    person.signs("approve-1", **APPROVE)
    know(MilestoneReport)
    person.signs(
        "milestone",
        **report(desk, decision="处置终结 the workout ends", reason="执行终结, 无财产可供执行"),
        outcome="转核销 to be written off",
    )
    know(HeadsSignature)
    person.signs("sign-off", **APPROVE)
    assert outcome(person.clerk) == "to_write_off"

    person = Person(desk, page, Clerk(desk, case_of(desk, "write_off", LOAN)))
    know(WriteOffApplication)
    person.signs("write-off", **APPLICATION, responsibility="责任认定正在办理")
    know(HeadsSignature)
    person.signs("sign", **APPROVE)
    know(ChainDecision)
    person.signs("approve-1", **APPROVE)
    assert "董事会" in person.signs("approve-2", **APPROVE), "who signs next stands above the form"
    assert outcome(person.clerk) == "written_off"

    paid = Person(desk, page, open_case(desk, "receipt", LOAN))
    know(ReceiptEntry)
    paid.signs("enter", kind="还款 repayment", paid_on=desk.today.isoformat(), amount="1200.50", document="凭证9")
    know(Verification)
    paid.signs("compare", decision="相符 agrees", opinion="与凭证一致")
    with desk.office.book.read() as session:
        assert session.exec(select(Transfer).where(Transfer.loan_no == LOAN)).one().taken_by == "L1"
        assert session.exec(select(WriteOff).where(WriteOff.loan_no == LOAN)).one().authority == "BD1"
        loan = loans.get(session, LOAN)
        found = workout.books(session, desk.office.policy_file, loan, last=desk.today).recovered()
        assert sum(one.received for one in found) == pytest.approx(1200.50)
        assert cases.get(session, paid.clerk.case_no).outcome == "entered"
        assert audit.verify(session).ok


def _in_full(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, str) else str(value) for name, value in fields.items()}
