"""The human step: ask a person, wait suspended, and take only a signed answer.

What Prefect says of the run proves nothing; only an answer whose signature, role, duties and
content held is entered in the book. Anything else is asked again, with the reason on top of the
form and the earlier answers filled in. A flow run that starts again from the top finds the
accepted answer in the book and goes on.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from prefect import get_run_logger, suspend_flow_run
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRunInput
from prefect.input import RunInput
from prefect.input.run_input import keyset_from_base_key
from pydantic import Field, TypeAdapter, ValidationError, create_model

from postloan.book import Writer, cases, people
from postloan.book.notices import staff_recipient
from postloan.book.tables import Case, HumanTask
from postloan.errors import PostloanError
from postloan.forms.base import Form, rows
from postloan.rendering import plain
from postloan.rules.duties_apart import Mandate, signatories
from tasks import notices, runs
from tasks.office import Office

F = TypeVar("F", bound=Form)

# Far beyond any real wait: a suspension that times out fails the run (the round heals that too).
TEN_YEARS = 10 * 365 * 24 * 3600
STEP_NAME = re.compile(r"[A-Za-z0-9-]+")
SIGNATURE = ("staff_no", "code")
NOTHING_ANSWERED = "流程被继续但未提交表单 (the run was continued without an answer)"


@dataclass(frozen=True)
class Signer:
    """Who answers, and on which of the institution's days."""

    staff_no: str
    day: date


Check = Callable[[F, Signer], list[str]]


@dataclass(frozen=True)
class Answer(Generic[F]):
    """An accepted answer: the form as filled in, who signed it and when."""

    form: F
    staff_no: str
    on_behalf_of: str
    signed_at: datetime


def ask(
    office: Office,
    case: Case,
    *,
    step: str,
    duty: str,
    title: str,
    form: type[F],
    of: Mandate,
    due_on: date,
    context: str,
    check: Check[F] | None = None,
) -> Answer[F]:
    """Ask a person and give the accepted answer; suspends the flow run while there is none.

    Args:
        step: stable name of the step within the case; a round of rework has a name of its own.
        duty: what the person does here (report, sign, review): nobody fills two in one case.
        title: the step's name for people.
        form: the business fields.
        of: for whom it waits.
        due_on: last day for the answer, inclusive, in the institution's calendar.
        context: markdown above the form. Everyone who can open the UI reads it.
        check: faults of an answer by its signer (empty: accepted).
    """
    if not STEP_NAME.fullmatch(step):
        raise ValueError(f"{step!r} cannot be a step: Prefect takes only letters, digits and - in a key")
    while True:
        with office.book.read() as session:
            done = cases.result(session, case.case_no, step)
        if done is not None:
            return _accepted(form, done)
        task = _waiting_task(office, case, step, duty, title, form, of, due_on)
        given = _wait(office, case, task, title, form, context)
        _judge(office, case, task, title, given, form, check)


def _accepted(form: type[F], done: Any) -> Answer[F]:
    fields = {name: value for name, value in done.result.items() if name not in SIGNATURE}
    return Answer(form.model_validate(fields), done.staff_no or "", done.on_behalf_of or "", done.done_at)


# ------------------------------------------------------------------------------------ asking


def _waiting_task(
    office: Office, case: Case, step: str, duty: str, title: str, form: type[Form], of: Mandate, due_on: date
) -> HumanTask:
    """The open task of the step; a new one comes with the messages to those who may answer it."""
    run_id = runs.current_run_id()
    with office.book.write(origin=f"flow-run {run_id}") as writer:
        task, new = cases.ask(
            writer,
            case,
            step=step,
            duty=duty,
            mandate=of,
            form=form.__name__,
            due_on=due_on,
            flow_run_id=run_id,
        )
        # A question that another run asked is told again: the link to that run is dead.
        tell = new or task.flow_run_id != run_id
        if tell:
            _tell(office, writer, case, task, title)
    if tell:
        notices.deliver_due(office, limit=notices.BATCH)
    return task


def _tell(office: Office, writer: Writer, case: Case, task: HumanTask, title: str) -> None:
    """Queue the message with the link to everybody who may answer."""
    run_id = runs.current_run_id()
    refusal = cases.last_refusal(writer.session, case.case_no, task.step)
    everyone = people.everyone(writer.session, office.today)
    barred = cases.barred(writer.session, case.case_no, task.duty)
    for staff_no in signatories(cases.mandate_of(task), everyone, barred):
        notices.queue(
            office,
            writer,
            key=f"task_assigned:{case.case_no}:{task.step}:{task.attempt}:{staff_no}:{run_id}",
            kind="task_assigned",
            to=staff_recipient(people.get(writer.session, staff_no)),
            loan_no=case.loan_no,
            case_no=case.case_no,
            title=title,
            due_on=task.due_on,
            reason=refusal.reason if refusal else "",
            link=runs.run_url(office.settings, run_id),
        )


@dataclass(frozen=True)
class Given:
    """What came back from a suspension, before anything of it is believed."""

    fields: dict[str, Any]
    at: datetime
    malformed: str = ""


def _wait(office: Office, case: Case, task: HumanTask, title: str, form: type[Form], context: str) -> Given:
    """Suspend until the form comes back; an answer that another run of the case got is taken over."""
    key = f"{task.step}-{task.attempt}"
    run_id = runs.current_run_id()
    with get_client(sync_client=True) as client:
        if task.flow_run_id not in ("", run_id):
            left_behind = _response(client, task.flow_run_id, key)
            if left_behind is not None:
                return _given(left_behind, form)
            with office.book.write(origin=f"flow-run {run_id}") as writer:
                task = writer.session.merge(task)
                task.flow_run_id = run_id
        runs.show_waiting(client, run_id, case, title=title, step=task.step, role=task.role)
    with office.book.read() as session:
        refusal = cases.last_refusal(session, case.case_no, task.step)
    shown = _form_to_show(
        form,
        description=_description(context, task, refusal),
        earlier=(refusal.answer or {}) if refusal else {},
        codes=office.policy.signing.codes,
    )
    get_run_logger().info("Case %s waits at step %s, attempt %d", case.case_no, task.step, task.attempt)
    try:
        suspend_flow_run(wait_for_input=shown, key=key, timeout=TEN_YEARS)
    except ValidationError:
        # The server checks patterns but no formats; what it let through is judged below.
        get_run_logger().warning("The answer to %s is malformed and is asked again", key)
    with get_client(sync_client=True) as client:
        response = _response(client, run_id, key)
    if response is None:
        return Given({}, office.book.clock(), NOTHING_ANSWERED)
    return _given(response, form)


def _response(client: SyncPrefectClient, run_id: str, key: str) -> FlowRunInput | None:
    """The stored answer under a pause key, with the moment at which it was given."""
    wanted = keyset_from_base_key(f"suspended-{key}")["response"]
    try:
        found = client.filter_flow_run_input(
            flow_run_id=run_id,
            key_prefix=wanted,
            limit=5,
            exclude_keys=set(),  # type: ignore[arg-type]
        )
    except Exception as error:  # the run is gone with its inputs: then there is nothing to take over
        if runs.is_not_found(error):
            return None
        raise
    return next((entry for entry in found if entry.key == wanted), None)


def _given(response: FlowRunInput, form: type[Form]) -> Given:
    at = response.created
    if at is None:  # the server always sets it
        raise RuntimeError(f"the answer {response.key} has no time")
    try:
        value = response.decoded_value
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return Given({}, at, "答复不是表单 (the answer is not a form)")
    if "\x00" in json.dumps(value, ensure_ascii=False).replace("\\u0000", "\x00"):
        return Given({}, at, "答复含有不可见的控制字符 (the answer contains NUL characters)")
    business = {name: entry for name, entry in value.items() if name not in SIGNATURE}
    try:
        form.model_validate(business)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:10])
        return Given(value, at, f"填写有误 (malformed): {faults}")
    return Given(value, at)


def _description(context: str, task: HumanTask, refusal: HumanTask | None) -> str:
    lines = []
    if refusal is not None:
        lines += [f"> **上次提交未被接受 / not accepted:** {plain(refusal.reason)}", ""]
    lines += [context.strip(), "", f"须于 **{task.due_on}** 前完成 / due by this day (inclusive)."]
    return "\n".join(lines)


def _form_to_show(form: type[Form], *, description: str, earlier: dict[str, Any], codes: bool) -> type[RunInput]:
    """The Prefect form: the business fields with the earlier answers filled in, then the signature.

    Copied FieldInfos keep titles and bounds, which `with_initial_data` would lose.
    """
    fields: dict[str, Any] = {}
    for name, info in form.model_fields.items():
        shown = copy.copy(info)
        if name in earlier and _fits(info.annotation, earlier[name]):
            shown.default, shown.default_factory = (
                TypeAdapter(info.annotation).validate_python(earlier[name]),
                None,
            )
        fields[name] = (info.annotation, shown)
    fields["staff_no"] = (str, Field(title="工号 Staff number", min_length=1, max_length=32))
    if codes:
        fields["code"] = (str, Field(title="动态口令 One-time code", pattern=r"^[0-9]{6}$"))
    shown_form = create_model(form.__name__, __base__=RunInput, **fields)
    shown_form._description = description  # type: ignore[attr-defined]
    return shown_form


def _fits(annotation: Any, value: Any) -> bool:
    try:
        TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return False
    return True


# ----------------------------------------------------------------------------------- judging


def _judge(
    office: Office,
    case: Case,
    task: HumanTask,
    title: str,
    given: Given,
    form: type[F],
    check: Check[F] | None,
) -> None:
    """Accept the answer or refuse it with the reason: one transaction, the used code included."""
    with office.book.write(origin=f"flow-run {runs.current_run_id()}") as writer:
        task = writer.session.get_one(HumanTask, (task.case_no, task.step, task.attempt))
        if task.state != "open" or cases.result(writer.session, case.case_no, task.step) is not None:
            return  # another run of the case was faster
        reason, signature = given.malformed, cases.Signature()
        if not reason:
            signature = cases.verify_signature(
                writer,
                office.vault,
                office.policy,  # today's: how people sign is no matter of the case
                task,
                str(given.fields.get("staff_no", "")).strip(),
                str(given.fields.get("code", "")),
                _credible(given.at, task, writer.now),
            )
            reason = signature.reason
        business = {name: value for name, value in given.fields.items() if name not in SIGNATURE}
        if not reason and check is not None:
            signer = Signer(signature.staff_no, office.local(given.at).date())
            reason = "; ".join(_faults(check, form.model_validate(business), signer))
        if reason:
            cases.refuse(writer, case, task, given.fields, reason)
            get_run_logger().warning("Case %s: the answer to %s was refused", case.case_no, task.step)
            return
        clean = form.model_validate(business)
        codes = office.policy.signing.codes
        cases.accept(writer, case, task, clean.model_dump(mode="json"), signature, codes)
        if office.policy.signing.confirm:
            notices.queue(
                office,
                writer,
                key=f"answer_confirmed:{case.case_no}:{task.step}:{task.attempt}",
                kind="answer_confirmed",
                to=staff_recipient(people.get(writer.session, signature.staff_no)),
                loan_no=case.loan_no,
                case_no=case.case_no,
                title=title,
                at=office.local(given.at),
                filled_in=rows(clean),
            )
    notices.deliver_due(office, limit=notices.BATCH)  # at once: a stolen code is to be noticed


def _faults(check: Check[F], form: F, signer: Signer) -> list[str]:
    """What the check says. An answer that it cannot even work on (a date in the year 9999) is asked again:
    raising here would fail this run, and every run that takes its place, on the same answer."""
    try:
        return check(form, signer)
    except (ArithmeticError, ValueError, PostloanError) as error:
        return [f"填写内容无法核算, 请检查日期和数字 (this cannot be worked out, look at dates and numbers): {error}"]


def _credible(at: datetime, task: HumanTask, now: datetime) -> datetime:
    """When the answer was given, never before it was asked nor later than now."""
    return min(max(at, task.asked_at), now)
