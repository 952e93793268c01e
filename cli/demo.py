"""The demo: a sample book, its people, and the first inspection from the day's round to the archive."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from sqlmodel import col, select

from cli import show
from cli.sinks import Sinks
from cli.stack import Stack, running, speaking_to, watch
from postloan import feeds, policy, sample
from postloan.book import Book, audit, cases, documents, migrate, people
from postloan.book.tables import Case, Document, HumanTask, Staff, UsedCode
from postloan.errors import PostloanError
from postloan.rules.duties_apart import signatories
from postloan.settings import REPOSITORY
from tasks.office import Office

# The order in which feeds refer to each other.
KINDS = (
    "branches", "staff", "partners", "consignors", "borrowers", "relations", "loans", "drawdowns", "instalments",
    "repayments", "collaterals", "guarantees", "ratings", "signals", "payments", "work_log", "charges",
)  # fmt: skip
PATIENCE = 180


def environment(home: Path) -> dict[str, str]:
    """The settings of a demo under `home`."""
    return {
        "POSTLOAN_HOME": str(home),
        "POSTLOAN_BOOK": f"sqlite:///{home / 'book.db'}",
        "POSTLOAN_POLICY": str(home / "policy.toml"),
        "PREFECT_HOME": str(home / "prefect"),
    }


def prepare(home: Path, today: date) -> Office:
    """Make the demo's book, policy and people, once."""
    os.environ.update(environment(home))
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        (home / "policy.toml").write_text(
            f'extends = "{REPOSITORY / "policy.toml"}"\n\n[round]\n'
            f"go_live = {today - timedelta(days=10)}  # earlier duties were the former system's\n"
        )
        book = Book(f"sqlite:///{home / 'book.db'}")
        migrate.upgrade(book)
        files = {file.stem: file for file in sample.write(home / "feeds", today=today)}
        file = policy.load(home / "policy.toml")
        for kind in KINDS:
            taken = feeds.take_in(book, kind, files[kind], policy=file)
            show.out.print(f"  {kind}: {taken.rows} rows", highlight=False)
        book.close()
        here = Office.open()
        with here.book.write(origin="postloan demo") as writer:
            for staff_no in writer.session.exec(select(Staff.staff_no)).all():
                people.enrol(writer, here.vault, staff_no, "postloan demo")
        (home / "ready").touch()
    return Office.open()


def current_code(home: Path, staff_no: str) -> str:
    """The code that this person's app would show now."""
    if not (home / "ready").exists():
        raise PostloanError(f"there is no demo under {home}; start one with: postloan demo")
    os.environ.update(environment(home))
    here = Office.open()
    with here.book.read() as session:
        return people.current_code(people.get(session, staff_no), here.vault, datetime.now(UTC))


def run(home: Path, port: int, *, once: bool) -> None:
    """Start everything, run the day, and either show a person around or do the work alone."""
    show.out.print(f"Preparing the demo under {home} …", markup=False)
    today = datetime.now(policy.load(REPOSITORY / "policy.toml").at(date.today()).time_zone).date()
    prepare(home, today)
    with Sinks(home / "messages") as sinks:
        os.environ.update(sinks.environment())
        stack = Stack(home, port)
        show.out.print("Starting the Prefect server, the deployments and a worker …")
        with running(stack), speaking_to(stack):
            here = Office.open()
            _round()
            case_no = _first_waiting(here)
            if once:
                _carry_out(here, case_no)
                show.out.print(f"Messages delivered: {len(sinks.messages())}", highlight=False)
                return
            _tour(here, stack, sinks, case_no)
            watch(stack)


def _round() -> None:
    """The day's round, as a flow run on the server that was just started."""
    from flows.daily import daily_round

    state = daily_round(return_state=True)
    show.out.print(f"The daily round: {state.message}", markup=False, highlight=False)
    if state.is_failed():
        raise PostloanError(f"the daily round failed: {state.message}")


def _first_waiting(here: Office) -> str:
    """The first case that waits for its officer."""
    with here.book.read() as session:
        first = session.exec(
            select(Case.case_no).where(Case.kind == "first_inspection", Case.state == "open").order_by(col(Case.due_on))
        ).first()
    if first is None:
        raise PostloanError("the demo's book has no first inspection left; remove its folder and start again")
    return first


def _carry_out(here: Office, case_no: str) -> None:
    """Answer one case through the API as its people would, once returned for rework."""
    today = here.today.isoformat()
    report = {
        "inspected_on": today,
        "method": "实地检查 on site",
        "place": "借款人经营场所",
        "met": "负责人",
        "use_of_proceeds": "符合 in order",
        "conditions": "符合 in order",
        "documents": "符合 in order",
        "findings": "资金用于约定用途, 凭证齐全。",
        "reason_late": "演示数据",
    }
    script: list[tuple[str, dict[str, Any]]] = [
        ("report", report),
        ("sign", {"decision": "签字 sign", "opinion": "同意"}),
        ("review", {"decision": "退回 return", "opinion": "请补充资金流向"}),
        ("report-2", {**report, "use_detail": "购货款, 已核对合同与发票"}),
        ("sign-2", {"decision": "签字 sign", "opinion": "已补充, 同意"}),
        ("review-2", {"decision": "合格 accept", "opinion": "合格, 归档"}),
    ]
    wrong = answer(here, case_no, "report", report, code="000000")
    show.out.print(f"  {case_no} report: with a wrong code refused: {wrong}", markup=False, highlight=False)
    for step, fields in script:
        reason = answer(here, case_no, step, fields)
        if reason:
            raise PostloanError(f"{case_no} {step} was refused: {reason}")
        show.out.print(f"  {case_no} {step}: signed", highlight=False)
    _until(lambda: _closed(here, case_no), f"{case_no} to be archived")
    with here.book.read() as session:
        archived = session.exec(select(Document).where(Document.case_no == case_no)).all()
        verdict = audit.verify(session)
    for document in archived:
        show.out.print(f"  archived {documents.path_of(here.settings.archive, document)}", markup=False, soft_wrap=True)
    if not verdict.ok:
        raise PostloanError(f"the audit trail is broken: {verdict.reason}")
    show.out.print(f"Audit trail: {verdict.events} events, unbroken, head {verdict.head}", highlight=False)


def _closed(here: Office, case_no: str) -> bool:
    with here.book.read() as session:
        return cases.get(session, case_no).state == "closed"


def answer(here: Office, case_no: str, step: str, fields: dict[str, Any], *, staff_no: str = "", code: str = "") -> str:
    """Resume a waiting run with a signed form, as the UI does, and wait until it was judged.

    Waits until the step is asked and its form is there. Without `staff_no`, the first person who
    may sign and has a code that was not used yet does; without `code`, with a fresh one. Gives ""
    when the answer was accepted, else the reason why it was not.
    """
    task = _until(lambda: _open_task(here, case_no, step), f"{case_no} to ask for {step}")
    if not staff_no:
        staff_no = _until(lambda: _able(here, task), f"somebody who can sign {case_no} {step}")
    fresh = code or _until(lambda: unused_code(here, staff_no), f"a code that {staff_no} has not used yet")
    signed = fields | {"staff_no": staff_no, "code": fresh}
    _until(lambda: _resume(here, case_no, step, signed), f"{case_no} {step} to take the answer")

    def judged() -> HumanTask | None:
        with here.book.read() as session:
            now = session.get_one(HumanTask, (case_no, step, task.attempt))
        return now if now.state != "open" else None

    return _until(judged, f"{case_no} {step} to be judged").reason


def _able(here: Office, task: HumanTask) -> str | None:
    """The first person who may answer and has a fresh code."""
    with here.book.read() as session:
        others = cases.barred(session, task.case_no, task.duty)
        able = sorted(signatories(cases.mandate_of(task), people.everyone(session, here.today), others))
    return next((no for no in able if unused_code(here, no)), None)


def _open_task(here: Office, case_no: str, step: str) -> HumanTask | None:
    with here.book.read() as session:
        return cases.open_task(session, case_no, step)


def unused_code(here: Office, staff_no: str) -> str | None:
    """A code of this person's that is good now and was not used yet, or None: that of the moment, or of
    the steps beside it, which are taken too."""
    now = datetime.now(UTC)
    with here.book.read() as session:
        for steps in range(0, people.CODE_WINDOW + 1):
            at = now + timedelta(seconds=steps * people.CODE_SECONDS)
            if session.get(UsedCode, (staff_no, int(at.timestamp()) // people.CODE_SECONDS)) is None:
                return people.current_code(people.get(session, staff_no), here.vault, at)
    return None


def _resume(here: Office, case_no: str, step: str, signed: dict[str, Any]) -> bool:
    """One try to resume; False while the server is busy or the form is not saved yet."""
    task = _open_task(here, case_no, step)
    if task is None:
        return True
    with get_client(sync_client=True) as client:
        try:
            run = client.read_flow_run(task.flow_run_id)  # type: ignore[arg-type]
        except ObjectNotFound:
            return False  # deleted, and not replaced yet
        if run.state is None or run.state.state_details.pause_key != f"{task.step}-{task.attempt}":
            return False
        try:
            result = client.resume_flow_run(run.id, run_input=signed)
        except httpx.HTTPStatusError:
            return False
    if result.status.value == "REJECT" and "schema not found" not in str(result.details):
        raise PostloanError(f"the form was rejected: {result.details}")
    return result.status.value == "ACCEPT"


def _until(true: Any, what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = true()
        if value:
            return value
        time.sleep(0.5)
    raise PostloanError(f"waited {PATIENCE} s for {what}; see the logs under the demo's folder")


def _tour(here: Office, stack: Stack, sinks: Sinks, case_no: str) -> None:
    task = _until(lambda: _any_task(here, case_no), f"{case_no} to wait for its officer")
    with here.book.read() as session:
        run_id = cases.get(session, case_no).flow_run_id
        officer = task.staff_no or ""
    ui = stack.api.removesuffix("/api")
    current = f"postloan demo --home {here.settings.home} --code {officer}"
    show.out.print(
        f"""
[bold]Ready.[/bold]
  Prefect UI       {ui}
  Messages         {sinks.page}
  A current code   {current}

[bold]A short tour[/bold]
  1. Open {ui}/runs/flow-run/{run_id}
     It is case {case_no}, suspended until account officer {officer} reports.
  2. Press Resume, fill in the form; staff number {officer}, code 000000: it is asked again, with the reason.
  3. Resume with the code of: {current}
  4. The mail at {sinks.page} now asks the credit supervisor, then risk control. Sign as they would;
     choose "退回 return" once and see the officer asked again.
  5. The card and the archived report: POSTLOAN_HOME={here.settings.home} postloan loan {task.case_no[3:]} --format html
  6. The daily digest: {ui}/artifacts
Ctrl-C ends it; the demo's book stays in {here.settings.home}.
""",
        highlight=False,
        soft_wrap=True,
    )


def _any_task(here: Office, case_no: str) -> HumanTask | None:
    with here.book.read() as session:
        return session.exec(select(HumanTask).where(HumanTask.case_no == case_no, HumanTask.state == "open")).first()
