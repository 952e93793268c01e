"""The first inspection as its people live it, and the faults that it must survive.

One real installation serves the whole file; each test works on cases of its own.
"""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Scheduled
from sqlmodel import func, select

from cli.demo import answer, unused_code
from flows.daily import daily_round
from postloan.book import audit, cases, documents
from postloan.book.tables import AuditEvent, Case, Document, HumanTask, Notice, Signal, StaffRole, Step
from tasks import runs
from tests.e2e.conftest import LOANS, Installation
from tests.factory import officer_of

pytestmark = [pytest.mark.server, pytest.mark.slow]

GOOD_REPORT = {
    "method": "实地检查 on site",
    "use_of_proceeds": "符合 in order",
    "conditions": "符合 in order",
    "documents": "符合 in order",
}
SIGN = {"decision": "签字 sign", "opinion": "同意"}
ACCEPT = {"decision": "合格 accept", "opinion": "合格"}
RETURN = {"decision": "退回 return", "opinion": "请补充资金流向"}


def report(here: Installation, **more: Any) -> dict[str, Any]:
    return GOOD_REPORT | {"inspected_on": here.today.isoformat()} | more


def until(true: Any, what: str, seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := true():
            return value
        time.sleep(0.3)
    raise AssertionError(f"waited {seconds} s for {what}")


def case_of(here: Installation, case_no: str) -> Case:
    with here.office.book.read() as session:
        return cases.get(session, case_no)


def done(here: Installation, case_no: str, step: str) -> Step | None:
    with here.office.book.read() as session:
        return cases.result(session, case_no, step)


def replaced(here: Installation) -> dict[str, str]:
    """Why the last run of each case was replaced, by case."""
    with here.office.book.read() as session:
        events = session.exec(
            select(AuditEvent)
            .where(AuditEvent.event.in_(("run.replaced", "run.tampered")))  # type: ignore[attr-defined]
            .order_by(AuditEvent.seq)  # type: ignore[arg-type]
        ).all()
    return {event.case_no: json.loads(event.data)["why"] for event in events}


def waiting(here: Installation, case_no: str, step: str) -> HumanTask:
    """Wait until the run is suspended at the step, its form saved."""

    def ready() -> HumanTask | None:
        with here.office.book.read() as session:
            task = cases.open_task(session, case_no, step)
        if task is None:
            return None
        with get_client(sync_client=True) as client:
            try:
                run = client.read_flow_run(task.flow_run_id)
            except ObjectNotFound:
                return None  # deleted, and not replaced yet
            if run.state is None or run.state.state_details.pause_key != f"{step}-{task.attempt}":
                return None
            saved = client.filter_flow_run_input(run.id, f"suspended-{step}-{task.attempt}-schema", 1, set())
        return task if saved else None

    return until(ready, f"{case_no} to wait at {step}")


def round_(here: Installation) -> dict[str, Any]:
    state = daily_round(return_state=True)
    return state.result(raise_on_failure=False)


def test_a_round_opens_each_case_once_and_a_second_one_changes_nothing(
    installation: Installation, first_round: dict[str, Any]
) -> None:
    assert first_round["opened"] == len(LOANS)
    assert first_round["started"] == len(LOANS)
    with installation.office.book.read() as session:
        before = session.exec(select(func.count()).select_from(AuditEvent)).one()
    again = round_(installation)
    assert (again["opened"], again["started"], again["healed"], again["reminders"]) == (0, 0, 0, 0)
    with installation.office.book.read() as session:
        opened = session.exec(select(func.count()).select_from(AuditEvent).where(AuditEvent.event == "case.opened"))
        assert opened.one() == len(LOANS)
        assert session.exec(select(func.count()).select_from(AuditEvent)).one() >= before


def test_from_the_wrong_code_through_rework_to_the_archived_report(
    installation: Installation, first_round: dict[str, Any]
) -> None:
    here, case_no = installation, "FI-L01"
    refused = answer(here.office, case_no, "report", report(here, place="城关"), code="000000")
    assert "动态口令错误" in refused
    second = waiting(here, case_no, "report")
    assert second.attempt == 2
    with get_client(sync_client=True) as client:
        entries = client.filter_flow_run_input(second.flow_run_id, "suspended-report-2-", 5, set())
        shown = {e.key.rsplit("-", 1)[-1]: e.decoded_value for e in entries}
        run = client.read_flow_run(second.flow_run_id)
    assert "动态口令错误" in shown["description"], "the reason stands on the form"
    assert shown["schema"]["properties"]["place"]["default"] == "城关", "the earlier answers are filled in"
    assert shown["schema"]["properties"]["place"]["title"].startswith("检查地点")
    assert shown["schema"]["properties"]["code"]["pattern"] == "^[0-9]{6}$"
    assert {"waiting:account_officer", "step:report", "case:FI-L01", "loan:L01"} <= set(run.tags)
    assert "L01" in run.name and "检查报告" in run.name

    assert answer(here.office, case_no, "report", report(here)) == ""
    assert "无权办理" in answer(here.office, case_no, "sign", SIGN, staff_no="S004")
    assert answer(here.office, case_no, "sign", SIGN) == ""
    assert answer(here.office, case_no, "review", RETURN) == ""
    again = report(
        here, use_detail="购货款已付供应商", signals=["挪用贷款 misuse of proceeds"], findings="部分资金转出"
    )
    assert answer(here.office, case_no, "report-2", again) == ""
    assert answer(here.office, case_no, "sign-2", SIGN) == ""
    assert answer(here.office, case_no, "review-2", ACCEPT) == ""
    until(lambda: case_of(here, case_no).state == "closed", "the case to be closed")

    with here.office.book.read() as session:
        archived = session.exec(select(Document).where(Document.case_no == case_no)).all()
        assert {d.media_type for d in archived} == {"text/html", "application/pdf"}
        for document in archived:
            content = documents.read(session, here.office.settings.archive, document.document_no)
            assert content.startswith(b"%PDF" if document.media_type == "application/pdf" else b"<!doctype html>")
        signals = session.exec(select(Signal).where(Signal.loan_no == "L01")).all()
        assert [s.kind for s in signals] == ["misuse_of_proceeds"]
        signed = [s.staff_no for s in cases.steps(session, case_no) if s.staff_no]
        roles = dict(session.exec(select(StaffRole.staff_no, StaffRole.role)).all())
        assert [roles[no] for no in signed] == ["account_officer", "credit_supervisor", "risk_control"] * 2
        assert audit.verify(session).ok
        codes = session.exec(select(HumanTask.answer)).all()
        assert all("code" not in (given or {}) for given in codes), "no code is kept"

    mails = [m for m in here.sinks.messages() if m["channel"] == "email" and "L01" in m["title"]]
    assert {to for m in mails for to in m["to"]} >= {"S101@bank.test", "S002@bank.test", "S003@bank.test"}
    asked = [m for m in mails if m["title"].startswith("【待办】")]
    assert asked and all(re.search(r"/runs/flow-run/[0-9a-f-]{36}", m["body"]) for m in asked)
    confirmed = [m["to"][0].split("@")[0] for m in mails if m["title"].startswith("【已签署】")]
    assert sorted(confirmed) == sorted(signed), "who signed is told what was signed"
    texts = [m for m in here.sinks.messages() if m["channel"] == "sms" and "L01" in m["body"]]
    assert len(texts) == 1, "the borrower is told once"


def test_malformed_answers_through_the_api_are_asked_again(
    installation: Installation, first_round: dict[str, Any]
) -> None:
    here, case_no = installation, "FI-L02"
    task = waiting(here, case_no, "report")
    with get_client(sync_client=True) as client:
        empty = client.resume_flow_run(task.flow_run_id, run_input={})
        assert empty.status.value == "REJECT", "the server itself checks what is required"
    assert "malformed" in answer(here.office, case_no, "report", GOOD_REPORT | {"inspected_on": "2026-02-30"})
    assert "future" in answer(
        here.office,
        case_no,
        "report",
        GOOD_REPORT | {"inspected_on": (here.today + timedelta(days=3)).isoformat()},
    )
    task = waiting(here, case_no, "report")
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(task.flow_run_id, Scheduled(), force=True)
    until(lambda: waiting(here, case_no, "report").attempt > task.attempt, "a forced run to ask again")
    with here.office.book.read() as session:
        assert "without an answer" in session.get_one(HumanTask, (case_no, "report", task.attempt)).reason
    assert answer(here.office, case_no, "report", report(here)) == ""


def test_a_used_code_and_two_duties_of_one_person_are_refused(
    installation: Installation, first_round: dict[str, Any]
) -> None:
    here, case_no = installation, "FI-L03"
    assert answer(here.office, case_no, "report", report(here)) == ""
    with here.office.book.write(origin="test") as writer:
        writer.session.merge(StaffRole(staff_no="S103", role="credit_supervisor"))
    try:
        assert "incompatible" in answer(here.office, case_no, "sign", SIGN, staff_no="S103")
    finally:
        with here.office.book.write(origin="test") as writer:
            writer.session.delete(writer.session.get_one(StaffRole, ("S103", "credit_supervisor")))
    waiting(here, "FI-L04", "report")
    used = until(lambda: unused_code(here.office, "S002"), "a fresh code")
    assert answer(here.office, case_no, "sign", SIGN | {"opinion": "x y"}, staff_no="S002", code=used) == ""
    reused = answer(here.office, "FI-L04", "report", report(here), staff_no="S002", code=used)
    assert "already used" in reused


def test_eight_answers_at_once_count_once(installation: Installation, first_round: dict[str, Any]) -> None:
    here, case_no = installation, "FI-L05"
    task = waiting(here, case_no, "report")
    code = until(lambda: unused_code(here.office, officer_of(case_no)), "a fresh code")

    def resume(_: int) -> str:
        try:
            with get_client(sync_client=True) as client:
                given = report(here) | {"staff_no": officer_of(case_no), "code": code}
                return client.resume_flow_run(task.flow_run_id, run_input=given).status.value
        except Exception:
            return "busy"

    with ThreadPoolExecutor(8) as pool:
        # Each thread in a copy of our context: it holds which server we speak to.
        contexts = [copy_context() for _ in range(8)]
        said = list(pool.map(lambda context: context.run(resume, 0), contexts))
    assert said.count("ACCEPT") <= 1
    if "ACCEPT" not in said:
        assert resume(0) == "ACCEPT"
    until(lambda: done(here, case_no, "report"), "the report to be taken")
    with here.office.book.read() as session:
        signed = session.exec(
            select(func.count())
            .select_from(AuditEvent)
            .where(AuditEvent.event == "step.signed", AuditEvent.case_no == case_no)
        ).one()
    assert signed == 1


def test_of_two_runs_of_one_case_one_goes_on(installation: Installation, first_round: dict[str, Any]) -> None:
    here, case_no = installation, "FI-L06"
    task = waiting(here, case_no, "report")
    second = run_deployment(
        "first-inspection/first-inspection", parameters={"case_no": case_no}, timeout=60, as_subflow=False
    )
    assert second.state is not None and second.state.name == "Superseded"
    assert waiting(here, case_no, "report").flow_run_id == task.flow_run_id


def test_deleted_completed_and_half_suspended_runs_are_replaced(
    installation: Installation, first_round: dict[str, Any]
) -> None:
    here = installation
    deleted, completed, formless = (waiting(here, f"FI-L{n:02d}", "report") for n in (7, 8, 9))
    with get_client(sync_client=True) as client:
        client.delete_flow_run(deleted.flow_run_id)
        client.set_flow_run_state(completed.flow_run_id, Completed(), force=True)
        client.delete_flow_run_input(formless.flow_run_id, "suspended-report-1-schema")
    # A run that has just suspended is given a minute to save its form.
    time.sleep(max(0.0, 62 - (datetime.now(UTC) - formless.asked_at).total_seconds()))
    healed = round_(here)
    assert healed["healed"] == 3
    assert [a.split(":")[0] for a in healed["alarms"]] == ["FI-L08"], "a forced Completed is alarmed"
    for task in (deleted, completed, formless):
        assert waiting(here, task.case_no, "report").flow_run_id != task.flow_run_id
        assert answer(here.office, task.case_no, "report", report(here)) == ""
    with here.office.book.read() as session:
        tampered = session.exec(select(AuditEvent).where(AuditEvent.event == "run.tampered")).all()
    assert [e.case_no for e in tampered] == ["FI-L08"]


def test_an_answer_given_while_the_worker_was_dead_is_not_lost(
    installation: Installation, first_round: dict[str, Any]
) -> None:
    here, case_no = installation, "FI-L10"
    task = waiting(here, case_no, "report")
    here.stack.kill("worker")
    code = until(lambda: unused_code(here.office, officer_of(case_no)), "a fresh code")
    with get_client(sync_client=True) as client:
        given = report(here) | {"staff_no": officer_of(case_no), "code": code}
        assert client.resume_flow_run(task.flow_run_id, run_input=given).status.value == "ACCEPT"
        # … and its run is lost as well: the new one takes the answer over.
        client.set_flow_run_state(task.flow_run_id, Completed(), force=True)
    round_(here)
    # The killed worker may have had runs of the other tests' cases in its hands: they are healed too.
    assert "the run is Completed while its case is open" in replaced(here)[case_no]
    here.stack.start_worker()
    assert until(lambda: done(here, case_no, "report"), "the answer to be taken over").staff_no == officer_of(case_no)


def test_kill_9_of_the_server_and_loss_of_its_database(installation: Installation, first_round: dict[str, Any]) -> None:
    here, case_no = installation, "FI-L11"
    assert answer(here.office, case_no, "report", report(here)) == ""
    waiting(here, case_no, "sign")
    here.stack.kill("worker")
    here.stack.kill("server")
    for file in (here.stack.home / "prefect").glob("prefect.db*"):
        file.unlink()
    here.stack.start()
    healed = round_(here)
    assert healed["healed"] > 0
    assert answer(here.office, case_no, "sign", SIGN) == ""
    assert answer(here.office, case_no, "review", ACCEPT) == ""
    until(lambda: case_of(here, case_no).state == "closed", "the case to be closed")
    with here.office.book.read() as session:
        reports = session.exec(
            select(func.count()).select_from(Notice).where(Notice.kind == "first_inspection_announcement")
        ).one()
        assert audit.verify(session).ok
    assert reports == len(LOANS), "nothing was announced twice"


def test_health_of_what_is_left(installation: Installation, first_round: dict[str, Any]) -> None:
    """After all these faults, every open case has a live run and none was lost."""
    until(lambda: runs.heal(installation.office).replaced == 0, "a quiet installation")
    with installation.office.book.read() as session:
        firsts = session.exec(
            select(func.count()).select_from(Case).where(Case.case_no.in_([f"FI-{no}" for no in LOANS]))
        )
        assert firsts.one() == len(LOANS)
