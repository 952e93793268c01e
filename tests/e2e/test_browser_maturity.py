"""The whole end of a loan as people click it in the Prefect UI: from the visit to the signed extension, and from the
last receipt to the released collateral."""

from __future__ import annotations

import re
import shutil
from calendar import month_name
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, sync_playwright

from postloan.book import cases, extensions, loans, receipts, titles
from postloan.forms.extension import ExtensionApplication
from tasks.round import work_out
from tests.e2e.clerk import Clerk
from tests.e2e.conftest import Installation
from tests.e2e.test_maturity import (  # noqa: F401  (desk is a fixture: a book of its own for this file)
    APPLICATION,
    APPROVE,
    FILE,
    INVESTIGATION,
    SIGN,
    case_of,
    desk,
    open_case,
    outcome,
    visit,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed (see the Makefile)"),
]


@pytest.fixture(scope="module")
def page(desk: Installation) -> Iterator[Page]:  # noqa: F811
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        opened = browser.new_page(viewport={"width": 1300, "height": 1100})
        opened.set_default_timeout(30_000)
        yield opened
        browser.close()


class Person:
    """Opens the suspended run of a case's step, fills the form in and submits it."""

    def __init__(self, here: Installation, page: Page, clerk: Clerk) -> None:
        self.here, self.page, self.clerk = here, page, clerk

    def signs(self, step: str, **fields: Any) -> str:
        """Fill in and submit a step's form; gives what stood above it. It has to be accepted."""
        with self.here.office.book.read() as session:
            task = cases.open_task(session, self.clerk.case_no, step)
        assert task is not None, f"{self.clerk.case_no} waits at {self.clerk.waits_at()}, not at {step}"
        self.page.goto(f"{self.here.stack.api.removesuffix('/api')}/runs/flow-run/{task.flow_run_id}")
        self.page.get_by_role("button", name=re.compile("Resume")).first.click()
        form = self.page.get_by_role("dialog")
        form.get_by_text("工号 Staff number").wait_for()
        said = form.inner_text()
        for _ in range(5):
            # The dialog may be drawn anew while it is filled in, which empties a field, and a busy server may not
            # take the answer: then it stays, and says so.
            for name, value in (fields | {"staff_no": self.clerk.able(task)}).items():
                self._enter(form, name, value)
            self.page.screenshot(path=str(self.here.office.settings.home / f"{self.clerk.case_no}-{step}.png"))
            form.get_by_role("button", name="Submit").click()
            with suppress(TimeoutError):
                form.wait_for(state="hidden", timeout=10_000)
                break
        assert not form.is_visible(), form.inner_text()
        self.clerk.go_on()
        with self.here.office.book.read() as session:
            refused = cases.last_refusal(session, self.clerk.case_no, step)
            assert cases.result(session, self.clerk.case_no, step) is not None, refused and refused.reason
        return said

    def _enter(self, form: Locator, name: str, value: Any) -> None:
        title = re.compile(rf"^\s*{re.escape(TITLES[name])}(\s*\(\w+\))?\s*$", re.IGNORECASE)
        field = form.locator(".p-label", has=self.page.locator(".schema-form-property__label", has_text=title)).last
        if field.locator(".p-date-button__control").count():
            self._pick(field, date.fromisoformat(value))
        elif field.locator(".p-select-button__control, .p-select__wrapper").count():
            if isinstance(value, list) and any(text in field.inner_text() for text in value):
                return  # filled in before; to choose once more would undo it
            # By keyboard: a click scrolls the form, which closes the list again.
            field.locator(".p-select-button__control, [role=combobox]").first.press("Space")
            for choice in value if isinstance(value, list) else [value]:
                self.page.locator(".p-select-option", has_text=choice).last.click()
            if isinstance(value, list):
                self.page.keyboard.press("Tab")  # a list of several stays open
        else:
            field.locator("input, textarea").first.fill(str(value))

    def _pick(self, field: Locator, day: date) -> None:
        """A day in the calendar, leafed to its month."""
        field.locator(".p-date-button__control").first.click()
        calendar = self.page.locator(".p-calendar").last
        for _ in range(40):
            shown = calendar.locator(".p-date-picker__title-month").inner_text()
            year = int(calendar.locator(".p-date-picker__title-year").inner_text())
            ahead = (day.year - year) * 12 + day.month - MONTHS.index(shown.strip()) - 1
            if not ahead:
                break
            calendar.locator(".p-calendar-header__arrow").nth(1 if ahead > 0 else 0).click()
        in_month = calendar.locator(".p-calendar-date-picker__date--in-month")
        in_month.filter(has_text=re.compile(rf"^\s*{day.day}\s*$")).first.click()
        self.page.get_by_role("button", name="Apply").last.click()


MONTHS = list(month_name)[1:]
TITLES: dict[str, str] = {"staff_no": "工号 Staff number"}


def know(*forms: Any, **more: str) -> None:
    """The titles of a form's fields, by which a person finds them."""
    for form in forms:
        TITLES.update({name: str(info.title) for name, info in form.model_fields.items()})
    TITLES.update(more)


def test_from_the_visit_to_the_signed_extension(desk: Installation, page: Page) -> None:  # noqa: F811
    from postloan.forms.base import SupervisorSignature
    from postloan.forms.extension import Consents, ContractSigned, ExtensionDecision, ExtensionInvestigation
    from postloan.forms.maturity import PreMaturityVisit

    seen = Person(desk, page, Clerk(desk, case_of(desk, "pre_maturity_visit", "M1")))
    know(PreMaturityVisit)
    asks = visit(desk, outcome="申请展期 extension", reason="下游回款推迟")
    assert "300,000.00" in seen.signs("report", **asks)
    know(SupervisorSignature)
    assert "销售回款" in seen.signs("sign", **SIGN), "the supervisor reads the report before signing"
    assert outcome(seen.clerk) == "extension"

    person = Person(desk, page, Clerk(desk, case_of(desk, "extension", "M1")))
    with desk.office.book.read() as session:
        matures_on = loans.get(session, "M1").matures_on
    until = (matures_on + timedelta(days=60)).isoformat()
    know(ExtensionApplication)
    person.signs("apply", **APPLICATION, applied_on=desk.today.isoformat(), until_on=until, amount="300000")
    know(ExtensionInvestigation)
    proposal = {name: value for name, value in INVESTIGATION.items() if name != "every_months"}
    person.signs("investigate", **proposal, until_on=until, amount="300000")
    know(Consents, given="已取得书面同意 Consent in writing of")
    person.signs(
        "consents",
        result="已全部取得 all obtained",
        given=["保证人 guarantor G1", "抵押人 mortgagor K1"],
        given_on=desk.today.isoformat(),
        document="同意书1-2",
    )
    know(ExtensionDecision)
    shown = person.signs("approve-1", **APPROVE)
    for part in ("审批顺序", "变更前", "变更后", until, "覆盖率"):
        assert part in shown, part
    know(ContractSigned, signed_by="已签字的各方 Signed by")
    person.signs(
        "contract",
        result="已签订 signed",
        contract_no="ZQ-1",
        signed_on=desk.today.isoformat(),
        signed_by=["借款人 borrower D1", "保证人 guarantor G1", "抵押人 mortgagor K1"],
    )
    assert outcome(person.clerk) == "signed"
    with desk.office.book.write(origin="test") as writer:
        assert extensions.take_force(writer, desk.office.policy_file, matures_on) == 1
        assert loans.get(writer.session, "M1").matures_on.isoformat() == until


def test_from_the_last_receipt_to_the_released_collateral(desk: Installation, page: Page) -> None:  # noqa: F811
    from postloan.forms.base import SupervisorSignature
    from postloan.forms.maturity import FileClosed, ReceiptEntry, SettlementCheck, TitleHandOver, Verification

    for loan_no in ("M4", "M5"):
        with desk.office.book.read() as session:
            due = receipts.due_to_settle(session, desk.office.policy_file, loans.get(session, loan_no), desk.today)
        paid = Person(desk, page, open_case(desk, "receipt", loan_no))
        know(ReceiptEntry)
        said = paid.signs(
            "enter", kind="提前结清 early settlement", paid_on=desk.today.isoformat(), amount=str(due), document="凭证1"
        )
        assert f"{due:,.2f}" in said, "what it takes to settle stands above the form"
        know(Verification)
        assert "新的还款计划" in paid.signs("compare", decision="相符 agrees", opinion="与凭证一致")
    work_out(desk.office, desk.today)
    person = Person(desk, page, Clerk(desk, case_of(desk, "settlement", "M5")))
    know(SettlementCheck)
    person.signs("statement", result="相符 agrees")
    know(SupervisorSignature)
    person.signs("sign", **SIGN)
    know(TitleHandOver)
    for number, item in ((1, "K2"), (2, "K3")):
        said = person.signs(
            f"release-{number}",
            decision="已交还 handed back",
            released_on=desk.today.isoformat(),
            received_by=f"权利人{item}",
            evidence="身份证已核",
        )
        assert f"权证-{item}" in said
    know(FileClosed)
    person.signs("close-file", **FILE)
    assert outcome(person.clerk) == "settled"
    with desk.office.book.read() as session:
        assert all(held.released for held in titles.of_loan(session, "M5", desk.today))
