"""What a person sees and clicks: the resume form in the Prefect UI, in headless Chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, sync_playwright

from cli.demo import answer, unused_code
from postloan.book import cases
from postloan.book.tables import HumanTask
from tests.e2e.conftest import Installation
from tests.e2e.test_first_inspection import SIGN, done, report, until, waiting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed (see the Makefile)"),
]

CASE = "FI-L12"


@pytest.fixture
def page(installation: Installation) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        opened = browser.new_page(viewport={"width": 1300, "height": 1100})
        opened.set_default_timeout(30_000)
        yield opened
        browser.close()


def resume_form(here: Installation, page: Page, task: HumanTask) -> Locator:
    page.goto(f"{here.stack.api.removesuffix('/api')}/runs/flow-run/{task.flow_run_id}")
    page.get_by_role("button", name=re.compile("Resume")).first.click()
    form = page.get_by_role("dialog")
    form.get_by_text("工号 Staff number").wait_for()
    return form


def fill(form: Locator, page: Page, *, opinion: str, staff_no: str, code: str) -> None:
    def label(title: str) -> Locator:
        return form.locator(".p-label", has_text=title).last

    # By keyboard: a click scrolls the form, which closes the list again.
    label("审核结论 Decision").locator(".p-select-button__control").press("Space")
    page.locator(".p-select-option", has_text="合格 accept").last.click()
    for title, value in (("审核意见", opinion), ("工号", staff_no), ("动态口令", code)):
        label(title).locator("input, textarea").first.fill(value)
    form.get_by_role("button", name="Submit").click()
    form.wait_for(state="hidden")


def test_risk_control_signs_in_the_browser_after_a_wrong_code(
    installation: Installation, first_round: dict[str, Any], page: Page
) -> None:
    here = installation
    assert answer(here.office, CASE, "report", report(here)) == ""
    assert answer(here.office, CASE, "sign", SIGN) == ""
    form = resume_form(here, page, waiting(here, CASE, "review"))
    assert "L12" in form.inner_text() and "检查报告" in form.inner_text(), "the report can be read before signing"
    fill(form, page, opinion="资料齐全", staff_no="S003", code="000000")
    until(lambda: _refused(here), "the wrong code to be refused")

    form = resume_form(here, page, waiting(here, CASE, "review"))
    assert "动态口令错误" in form.inner_text(), "the reason stands on the form"
    code = until(lambda: unused_code(here.office, "S003"), "a code that was not used yet")
    fill(form, page, opinion="资料齐全, 归档", staff_no="S003", code=code)
    signed = until(lambda: done(here, CASE, "review"), "the signature to be taken")
    assert (signed.staff_no, signed.result["opinion"]) == ("S003", "资料齐全, 归档")
    until(lambda: _archived(here), "the report to be archived")


def _refused(here: Installation) -> bool:
    with here.office.book.read() as session:
        return cases.last_refusal(session, CASE, "review") is not None


def _archived(here: Installation) -> bool:
    with here.office.book.read() as session:
        return cases.get(session, CASE).outcome == "archived"
