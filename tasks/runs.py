"""The flow runs of cases: started with an idempotency key, shown to people, healed.

A run is disposable. The case in the book says which run executes it now (`flow_run_id`) and how
many there have been (`generation`); the key `case:generation` makes starting repeatable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.states import Cancelled
from sqlmodel import select

from postloan.book import cases
from postloan.book.tables import Case, HumanTask
from postloan.errors import PostloanError
from postloan.policy import Policy
from postloan.rules.healing import TERMINAL, Run, Verdict, verdict
from postloan.rules.kinds import KINDS, title
from postloan.settings import Settings
from tasks.office import Office

BATCH = 200  # as many runs as the API gives at once


def current_run_id() -> str:
    """The id of the flow run that this code runs in."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("this is a part of a flow and works only inside a flow run")
    return str(context.flow_run.id)


def run_url(settings: Settings, run_id: str) -> str:
    """Where people open the run; "" while there is none."""
    return f"{settings.ui_url.rstrip('/')}/runs/flow-run/{run_id}" if run_id else ""


def deployment_of(kind: str) -> str:
    """The deployment that executes cases of a kind, `flow/deployment`: named like the kind; one for
    all the documents that lapse, which are the policy's."""
    name = kind.replace("_", "-") if kind in KINDS else "tickler"
    return f"{name}/{name}"


def is_not_found(error: Exception) -> bool:
    """Whether the API said that there is no such thing."""
    response = getattr(error, "response", None)
    return isinstance(error, ObjectNotFound) or getattr(response, "status_code", None) == 404


def _title(case: Case) -> str:
    return f"{kind_title(Office.open().policy, case.kind)} {case.loan_no or case.branch_no or '总行'}"


def kind_title(policy: Policy, kind: str) -> str:
    """How people call a kind of case."""
    lapsing = policy.ticklers.get(kind)
    return lapsing.title if lapsing else title(kind)


def _tags(case: Case, *more: str) -> list[str]:
    about = f"loan:{case.loan_no}" if case.loan_no else f"branch:{case.branch_no or 'HO'}"
    return [f"case:{case.case_no}", about, f"kind:{case.kind}", *more]


def show_waiting(client: SyncPrefectClient, run_id: str, case: Case, *, title: str, step: str, role: str) -> None:
    """Name and tag the run after what it waits for: `waiting:<role>` finds it in the UI."""
    client.update_flow_run(
        run_id,  # type: ignore[arg-type]
        name=f"{_title(case)} · {title}",
        tags=_tags(case, f"step:{step}", f"waiting:{role}"),
    )


def show_done(case: Case) -> None:
    """Name and tag the run of a case that is closed: nobody is awaited."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(
            current_run_id(),  # type: ignore[arg-type]
            name=f"{_title(case)} · {case.case_no} 完成",
            tags=_tags(case),
        )


def claim(office: Office, case_no: str) -> bool:
    """Make the current run the one that executes the case; False if another live run does.

    However many runs of a case are started, by hand or by mistake, one goes on.
    """
    me = current_run_id()
    with office.book.read() as session:
        holder = cases.get(session, case_no).flow_run_id
    if holder not in ("", me):
        with get_client(sync_client=True) as client:
            other = _read(client, [holder]).get(holder)
        if other is not None and _state(other) not in TERMINAL:
            return False
    with office.book.write(origin=f"flow-run {me}") as writer:
        return cases.claim(writer, case_no, me, instead_of=holder)


def end(cases_: Iterable[Case], why: str) -> None:
    """End the runs of cases that were cancelled. One that is resumed all the same finds its case closed."""
    with get_client(sync_client=True) as client:
        for run_id, run in _read(client, (case.flow_run_id for case in cases_ if case.flow_run_id)).items():
            if _state(run) not in TERMINAL:
                client.set_flow_run_state(run_id, Cancelled(message=why), force=True)  # type: ignore[arg-type]


def end_by_number(office: Office, case_nos: Iterable[str], why: str) -> None:
    """End the runs of cases that were cancelled, by their numbers."""
    with office.book.read() as session:
        ended = [cases.get(session, number) for number in case_nos]
    if ended:
        end(ended, why)


# -------------------------------------------------------------------------- starting, healing


@dataclass
class Health:
    """What healing did: counts, and what people have to know."""

    started: int = 0
    replaced: int = 0
    alarms: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)


def heal(office: Office) -> Health:
    """Give every open case a live run: start those that have none, replace those that are lost.

    A replaced run is cancelled first, and the new one continues at the first unanswered step.
    """
    health = Health()
    with office.book.read() as session:
        open_cases = session.exec(select(Case).where(Case.state == "open").order_by(Case.case_no)).all()
        questions = {
            (t.case_no, f"{t.step}-{t.attempt}")
            for t in session.exec(select(HumanTask).where(HumanTask.state == "open"))
        }
    with get_client(sync_client=True) as client:
        known = _read(client, (c.flow_run_id for c in open_cases if c.flow_run_id))
        for case in open_cases:
            # A case that cannot be healed now must not keep the others from it.
            try:
                _heal(office, client, case, known.get(case.flow_run_id), questions, health)
            except (PostloanError, httpx.HTTPError, PrefectException) as error:
                health.reports.append(f"{case.case_no}: {error}")
    return health


def _heal(
    office: Office,
    client: SyncPrefectClient,
    case: Case,
    flow_run: FlowRun | None,
    questions: set[tuple[str, str]],
    health: Health,
) -> None:
    what = _verdict(office, client, case, flow_run, questions)
    if what.action == "replace" and flow_run is not None:
        # Much may have happened since the first look at all the cases: the run itself may have gone on.
        flow_run = _read(client, [case.flow_run_id]).get(case.flow_run_id)
        with office.book.read() as session:
            asked = cases.open_questions(session, case.case_no)
        what = _verdict(office, client, case, flow_run, {(case.case_no, key) for key in asked})
    if what.action == "report":
        health.reports.append(f"{case.case_no}: {what.why}")
    elif what.action == "start":
        start(office, case)
        health.started += 1
    elif what.action == "replace":
        if what.alarm:
            health.alarms.append(f"{case.case_no}: {what.why}")
        _replace(office, client, case, flow_run, what.why, what.alarm)
        health.replaced += 1


def _verdict(
    office: Office, client: SyncPrefectClient, case: Case, flow_run: FlowRun | None, questions: set[tuple[str, str]]
) -> Verdict:
    limits = office.policy.round
    return verdict(
        _facts(client, case, flow_run, questions) if flow_run else None,
        had_run=bool(case.flow_run_id),
        stale_minutes=limits.stale_minutes,
        late_start_minutes=limits.late_start_minutes,
    )


def start(office: Office, case: Case) -> None:
    """Start the case's run; started already, it is the same run again (idempotency key)."""
    try:
        flow_run = run_deployment(
            deployment_of(case.kind),
            parameters={"case_no": case.case_no},
            flow_run_name=f"{_title(case)} · {case.case_no}",
            tags=_tags(case),
            idempotency_key=f"{case.case_no}:{case.generation}",
            timeout=0,
            as_subflow=False,
        )
    except ObjectNotFound:
        raise PostloanError(
            f"Prefect has no deployment {deployment_of(case.kind)}; run: prefect deploy --all (or postloan up)"
        ) from None
    with office.book.write(origin="round") as writer:
        # Lost if a run was claimed for it meanwhile: then that one executes the case.
        cases.claim(writer, case.case_no, str(flow_run.id), instead_of="")  # type: ignore[union-attr]


def _replace(office: Office, client: SyncPrefectClient, case: Case, old: FlowRun | None, why: str, alarm: bool) -> None:
    if old is not None and _state(old) not in TERMINAL:
        client.set_flow_run_state(old.id, Cancelled(message=f"replaced: {why}"), force=True)
    with office.book.write(origin="round") as writer:
        current = cases.get(writer.session, case.case_no)
        if current.state != "open" or current.flow_run_id != case.flow_run_id:
            return  # healed by somebody else meanwhile
        current.generation += 1
        current.flow_run_id = ""
        writer.session.add(current)
        writer.record(
            "run.tampered" if alarm else "run.replaced",
            loan_no=case.loan_no,
            case_no=case.case_no,
            policy_version=case.policy_version,
            old_run=case.flow_run_id,
            why=why,
        )
    start(office, current)


def _read(client: SyncPrefectClient, ids: Iterable[str]) -> dict[str, FlowRun]:
    wanted = list(ids)
    found: dict[str, FlowRun] = {}
    for at in range(0, len(wanted), BATCH):
        batch: list[Any] = wanted[at : at + BATCH]
        for run in client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=batch)), limit=BATCH):
            found[str(run.id)] = run
    return found


def _state(run: FlowRun) -> str:
    return run.state.type.value if run.state else "SCHEDULED"


def _facts(client: SyncPrefectClient, case: Case, flow_run: FlowRun, questions: set[tuple[str, str]]) -> Run:
    now = datetime.now(UTC)
    state = flow_run.state
    if state is None:
        return Run("SCHEDULED")
    since = state.timestamp
    if state.type.value == "SCHEDULED" and state.state_details.scheduled_time:
        since = max(since, state.state_details.scheduled_time)
    minutes = (now - since).total_seconds() / 60
    if state.type.value != "PAUSED":
        return Run(state.type.value, minutes)
    details = state.state_details
    keys = details.run_input_keyset or {}
    try:
        saved = bool(keys) and bool(client.read_flow_run_input(flow_run.id, keys["schema"]))
    except Exception as error:  # whatever the server's trouble is, only "not found" says that there is none
        if not is_not_found(error):
            raise
        saved = False
    return Run(
        "PAUSED",
        minutes,
        # The form is saved right after the state: give a run that is just suspending its time.
        form_saved=saved or minutes < 1,
        expired=details.pause_timeout is not None and details.pause_timeout <= now,
        asks_open_question=minutes < 1 or (case.case_no, str(details.pause_key)) in questions,
    )
