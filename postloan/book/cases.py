"""Cases, their steps, and the questions that they put to people."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, select

from postloan.book import people, titles
from postloan.book.engine import Writer
from postloan.book.people import Vault
from postloan.book.tables import Case, HumanTask, Loan, PolicyVersion, Staff, Step, Transfer
from postloan.errors import NotFound, PostloanError
from postloan.policy import Policy, PolicyFile, from_json
from postloan.rules import duties_apart
from postloan.rules.duties_apart import Mandate, signatories

SECRET_FIELDS = frozenset({"code"})


def get(session: Session, case_no: str) -> Case:
    """A case. Raises NotFound."""
    found = session.get(Case, case_no)
    if found is None:
        raise NotFound(f"there is no case {case_no!r}; see: postloan inbox")
    return found


def policy_of(session: Session, case: Case) -> PolicyFile:
    """The policy that the case was opened under, and finishes under."""
    return from_json(session.get_one(PolicyVersion, case.policy_version).content)


def keep_policy(writer: Writer, file: PolicyFile) -> str:
    """Keep a policy version in the book, once; gives the version."""
    if writer.session.get(PolicyVersion, file.version) is None:
        writer.session.add(PolicyVersion(version=file.version, content=file.as_json(), first_used_at=writer.now))
        writer.session.flush()
        writer.record("policy.in_use", policy_version=file.version, name=file.name)
    return file.version


def result(session: Session, case_no: str, step: str) -> Step | None:
    """The accepted result of a step, or None while it is not done."""
    return session.get(Step, (case_no, step))


def steps(session: Session, case_no: str) -> Sequence[Step]:
    """The steps done, in order."""
    return session.exec(select(Step).where(Step.case_no == case_no).order_by(Step.done_at)).all()  # type: ignore[arg-type]


def finish_step(writer: Writer, case: Case, step: str, result: dict[str, Any]) -> dict[str, Any]:
    """Note the result of a machine's step; a step that is done already keeps its first result."""
    done = writer.session.get(Step, (case.case_no, step))
    if done is not None:
        return done.result
    writer.session.add(Step(case_no=case.case_no, step=step, result=result, done_at=writer.now))
    writer.record(
        "step.done",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        step=step,
        result=result,
    )
    return result


@dataclass(frozen=True)
class ByHand:
    """A kind of case that people open, or that follows from another: its prefix and rule, within how many calendar
    days its first step is due, and what keeps it from being opened on a loan on a day ("": nothing)."""

    prefix: str
    rule: str
    days: int
    refused: Callable[[Session, str, date], str] = lambda _session, _loan_no, _day: ""


def _not_transferred(session: Session, loan_no: str, _day: date) -> str:
    """There is something to do only about a loan that was handed over to the workout."""
    if session.exec(select(Transfer.case_no).where(Transfer.loan_no == loan_no)).first() is not None:
        return ""
    return f"loan {loan_no} is not in the workout; first: postloan open workout_transfer"


BY_HAND = {
    "extension": ByHand("EX", "EXT-1", 5),
    "receipt": ByHand("RP", "PAY-1", 1),
    "collection_preparation": ByHand("CP", "MAT-1", 3),
    "title_release": ByHand("TR", "MAT-3", 5, titles.why_none_goes_back),
    "clock_pause": ByHand("PS", "COL-2", 3),
    "workout_transfer": ByHand("WT", "WO-1", 5),
    "responsibility_determination": ByHand("RD", "WO-2", 30, _not_transferred),
    "workout": ByHand("WK", "WO-3", 10, _not_transferred),
    "preservation": ByHand("AP", "WO-4", 1),
    "write_off": ByHand("WF", "WO-5", 10, _not_transferred),
}


def open_by_hand(writer: Writer, file: PolicyFile, kind: str, loan: Loan, day: date, *, origin: str = "") -> Case:
    """Open a case of a kind on a loan: asked for by a person, or following from the case `origin`, once.

    Raises PostloanError where one of the kind is open on the loan already, or the loan is not one to work on.
    """
    if kind not in BY_HAND:
        raise PostloanError(f"{kind!r} is not opened by hand; these are: {', '.join(BY_HAND)}")
    what = BY_HAND[kind]
    if reason := what.refused(writer.session, loan.loan_no, day):
        raise PostloanError(reason)
    mine = writer.session.exec(select(Case).where(Case.kind == kind, Case.loan_no == loan.loan_no)).all()
    same = next((case for case in mine if origin and case.subject == origin), None)
    if same is not None:
        return same
    waiting = next((case for case in mine if case.state == "open"), None)
    if waiting is not None and kind != "receipt":
        raise PostloanError(f"loan {loan.loan_no} has an open case of this kind already: {waiting.case_no}")
    number = len(mine) + 1
    case = Case(
        case_no=f"{what.prefix}-{loan.loan_no}-{number}",
        kind=kind,
        loan_no=loan.loan_no,
        branch_no=loan.branch_no or "",
        subject=origin or str(number),
        rule=what.rule,
        anchor_on=day,
        due_on=day + timedelta(days=what.days),
        opened_on=day,
        policy_version=keep_policy(writer, file),
    )
    enter(writer, case, origin_case=origin)
    return case


def enter(writer: Writer, case: Case, **about: Any) -> None:
    """Enter a new case; `about` is noted with its opening."""
    writer.session.add(case)
    writer.session.flush()
    record(writer, case, "case.opened", kind=case.kind, due_on=case.due_on, rule=case.rule, **about)


def record(writer: Writer, case: Case, event: str, by: str = "", **about: Any) -> None:
    """Enter an event of a case on the audit trail, by somebody or by the machine."""
    writer.record(
        event, loan_no=case.loan_no, case_no=case.case_no, policy_version=case.policy_version, actor=by, **about
    )


def under_way(session: Session, kind: str, loan_no: str) -> Case | None:
    """An open case of a kind on a loan."""
    return session.exec(select(Case).where(Case.kind == kind, Case.loan_no == loan_no, Case.state == "open")).first()


def open_next(writer: Writer, file: PolicyFile, kind: str, loan: Loan, day: date, *, origin: str) -> Case:
    """Open the case that follows from another, once; one of its kind that is open on the loan already will do."""
    waiting = under_way(writer.session, kind, loan.loan_no)
    return waiting or open_by_hand(writer, file, kind, loan, day, origin=origin)


def still_open(writer: Writer, case_no: str) -> bool:
    """Whether a case is open, and stays so to the end of the transaction."""
    case = writer.session.get_one(Case, case_no, with_for_update=True, populate_existing=True)
    return case.state == "open"


def close(writer: Writer, case: Case, outcome: str) -> None:
    """End a case; ending it again changes nothing."""
    case = writer.session.get_one(Case, case.case_no)
    if case.state != "open":
        return
    case.state, case.outcome, case.closed_at = "closed", outcome, writer.now
    writer.session.add(case)
    record(writer, case, "case.closed", outcome=outcome)


# What nobody needs to do any more about a loan that is paid.
MOOT = (
    "first_inspection",
    "routine_inspection",
    "pre_maturity_visit",
    "repayment_notice",
    "extension",
    "collection_preparation",
    "collection",
    "demand_notice",
    "clock_pause",
    "workout_transfer",
    "write_off",
    "recovery_review",
)


def cancel_moot(writer: Writer, loan_no: str, outcome: str) -> list[Case]:
    """End the open cases of a loan that its settlement makes pointless; gives them, for their runs to be ended."""
    moot = writer.session.exec(
        select(Case).where(Case.loan_no == loan_no, Case.state == "open", Case.kind.in_(MOOT))  # type: ignore[attr-defined]
    ).all()
    for case in moot:
        end(writer, case, outcome)
    return list(moot)


def end(writer: Writer, case: Case, outcome: str) -> None:
    """End a case that nobody need go on with: what it asks is asked no more. Its run is to be ended as well."""
    case.state, case.outcome, case.closed_at = "cancelled", outcome, writer.now
    writer.session.add(case)
    for task in writer.session.exec(
        select(HumanTask).where(HumanTask.case_no == case.case_no, HumanTask.state == "open")
    ):
        task.state, task.answered_at = "superseded", writer.now
        writer.session.add(task)
    record(writer, case, "case.cancelled", outcome=outcome)


def claim(writer: Writer, case_no: str, run_id: str, *, instead_of: str) -> bool:
    """Make `run_id` the run that executes the case, if `instead_of` still does; tells whether it is."""
    changed = writer.session.execute(
        update(Case)
        .where(Case.case_no == case_no, Case.state == "open", Case.flow_run_id.in_((instead_of, run_id)))  # type: ignore[arg-type, attr-defined]
        .values(flow_run_id=run_id)
    )
    return changed.rowcount == 1  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------ human tasks


def open_task(session: Session, case_no: str, step: str) -> HumanTask | None:
    """The question of a step that waits for an answer, if there is one."""
    return session.exec(
        select(HumanTask).where(HumanTask.case_no == case_no, HumanTask.step == step, HumanTask.state == "open")
    ).first()


def open_questions(session: Session, case_no: str) -> set[str]:
    """What a case waits for, as Prefect's pause keys call it: step and attempt."""
    waiting = session.exec(select(HumanTask).where(HumanTask.case_no == case_no, HumanTask.state == "open"))
    return {f"{task.step}-{task.attempt}" for task in waiting}


def last_refusal(session: Session, case_no: str, step: str) -> HumanTask | None:
    """The latest refused attempt at a step: its reason and answers stand on the next form."""
    return session.exec(
        select(HumanTask)
        .where(HumanTask.case_no == case_no, HumanTask.step == step, HumanTask.state == "refused")
        .order_by(HumanTask.attempt.desc())  # type: ignore[attr-defined]
    ).first()


def ask(
    writer: Writer,
    case: Case,
    *,
    step: str,
    duty: str,
    mandate: Mandate,
    form: str,
    due_on: date,
    flow_run_id: str,
) -> tuple[HumanTask, bool]:
    """The open question of a step, made as a new attempt if there is none.

    Gives the task and whether it is new. An open task keeps its attempt when another run of the
    case takes over.
    """
    waiting = open_task(writer.session, case.case_no, step)
    if waiting is not None:
        return waiting, False
    last, due_before = writer.session.exec(
        select(func.max(HumanTask.attempt), func.min(HumanTask.due_on)).where(
            HumanTask.case_no == case.case_no, HumanTask.step == step
        )
    ).one()
    task = HumanTask(
        case_no=case.case_no,
        step=step,
        attempt=(last or 0) + 1,
        duty=duty,
        role=mandate.role,
        staff_no=mandate.staff_no or None,
        branch_no=mandate.branch_no,
        form=form,
        asked_at=writer.now,
        due_on=due_before or due_on,  # a refused answer wins no time
        flow_run_id=flow_run_id,
    )
    writer.session.add(task)
    writer.session.flush()
    writer.record(
        "task.asked",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        step=step,
        attempt=task.attempt,
        role=mandate.role,
        staff_no=mandate.staff_no,
        due_on=task.due_on,
    )
    return task, True


@dataclass(frozen=True)
class Signature:
    """Who answered, or why the signature does not count."""

    staff_no: str = ""
    on_behalf_of: str = ""
    reason: str = ""


def mandate_of(task: HumanTask) -> Mandate:
    """For whom a question waits."""
    return Mandate(task.role, task.staff_no or "", task.branch_no)


def barred(session: Session, case_no: str, duty: str) -> set[str]:
    """REC-6: who filled another duty of the case, or had it filled by a deputy, and may not fill this one."""
    done = steps(session, case_no)
    signed = [(s.duty, who) for s in done for who in (s.staff_no, s.on_behalf_of) if s.duty and who]
    return duties_apart.barred(duty, signed)


STAFF_NO = re.compile(r"[^\s\x00-\x1f\x7f]{1,32}")


def verify_signature(
    writer: Writer, vault: Vault, policy: Policy, task: HumanTask, staff_no: str, code: str, at: datetime
) -> Signature:
    """REC-6: whether this person may answer this question, and is who they say.

    The code is checked first, so that nobody learns about roles with somebody else's number. `policy`
    is today's: how people sign is a matter of the installation, not of the case.
    """
    known = STAFF_NO.fullmatch(staff_no) is not None
    # Locked, so that wrong codes given at once are all counted.
    staff = writer.session.get(Staff, staff_no, with_for_update=True) if known else None
    if staff is None or not staff.active:
        return Signature(reason=f"没有工号为 {staff_no!r} 的员工 (no such staff number)")
    if policy.signing.codes:
        verdict = people.check_code(writer, vault, policy.signing, staff, code, at)
        if not verdict.good:
            return Signature(reason=verdict.reason)
    day = at.astimezone(policy.time_zone).date()
    others = barred(writer.session, task.case_no, task.duty)
    if staff_no in others:
        return Signature(reason=f"不相容岗位: {staff_no} 已在本案办理其他环节 (incompatible duties)")
    allowed = signatories(mandate_of(task), people.everyone(writer.session, day), others)
    if staff_no not in allowed:
        waiting = ", ".join(sorted(allowed)) or f"role {task.role}"
        return Signature(reason=f"{staff_no} 无权办理此步骤 (not yours to answer; it waits for {waiting})")
    represented = allowed[staff_no]
    return Signature(staff_no, represented if represented != staff_no else "")


def accept(
    writer: Writer, case: Case, task: HumanTask, answer: dict[str, Any], signature: Signature, codes: bool
) -> None:
    """Enter an accepted answer: the task answered, the step done, the audit event, in one transaction."""
    kept = {name: value for name, value in answer.items() if name not in SECRET_FIELDS}
    task.state, task.answer, task.answered_at = "answered", kept, writer.now
    writer.session.add(task)
    writer.session.add(
        Step(
            case_no=case.case_no,
            step=task.step,
            duty=task.duty,
            attempt=task.attempt,
            result=kept,
            staff_no=signature.staff_no,
            on_behalf_of=signature.on_behalf_of or None,
            done_at=writer.now,
        )
    )
    writer.record(
        "step.signed",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=signature.staff_no,
        step=task.step,
        attempt=task.attempt,
        duty=task.duty,
        on_behalf_of=signature.on_behalf_of,
        signed_with="one-time code" if codes else "staff number only (codes are off)",
        answer=kept,
    )


def refuse(writer: Writer, case: Case, task: HumanTask, answer: dict[str, Any], reason: str) -> None:
    """Enter an answer that does not count, with the reason; the question is asked again."""
    kept = {name: value for name, value in answer.items() if name not in SECRET_FIELDS}
    task.state, task.reason, task.answer, task.answered_at = "refused", reason, kept, writer.now
    writer.session.add(task)
    writer.record(
        "answer.refused",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        claimed_by=str(answer.get("staff_no", ""))[:64],
        step=task.step,
        attempt=task.attempt,
        reason=reason,
    )
