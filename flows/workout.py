"""The workout (不良处置): the transfer, the plan and its milestones, the write-off and what follows it (WO-1 to WO-6).

Who answers for the loss is `flows/responsibility.py`, preservation of assets `flows/preservation.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from prefect import flow
from prefect.states import State

from postloan.book import Writer, cases, collection, extensions, workout
from postloan.book.tables import Case
from postloan.book.workout import Planned
from postloan.forms.base import Form, SupervisorSignature, chosen, with_choices
from postloan.forms.workout import (
    EVENTS,
    ChainDecision,
    DisposalPlan,
    FileHandedOver,
    FileTakenOver,
    HeadsSignature,
    MilestoneReport,
    RecoveryReview,
    WriteOffApplication,
    amount,
    dated_lines,
)
from postloan.rendering import money, plain
from postloan.rules.roles import OFFICER, SUPERVISOR
from postloan.rules.roles import title as role_title
from postloan.rules.words import word
from postloan.rules.workout import Alternative, follows, heirs_owe, ranked
from tasks import previews, runs
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.officers import assign_officer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded
from tasks.workout import COMPARED, Next, compared, comparison, levels_of, manager_of, milestones_of, next_of, owed_of

TRANSFER = "不良贷款移交清单"
PLAN = "不良贷款处置方案"
WRITE_OFF = "贷款核销审批表"
REVIEW = "账销案存追索记录"
LEVELS = tuple((f"approve-{n}", "opinion") for n in range(7, 0, -1))

Papers = list[tuple[str, Form]]


# ------------------------------------------------------------------------------------------ the transfer


@flow(name="workout-transfer", flow_run_name="移交处置 {case_no}", retries=0)
def workout_transfer(case_no: str = CASE_NUMBER) -> State:
    """A loan goes to the workout: its file is handed over, signed, approved, and taken over by another person (WO-1).

    Args:
        case_no: the case in the book, for example WT-L0001-2026-06-29. The daily round opens it, or people do
            (`postloan open workout_transfer L0001`).
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    about = _about(work, TRANSFER)

    rework = 1
    while True:
        handed = _hand_over(work, about, officer, rework)
        signed = work.ask(
            nth("sign", rework),
            SupervisorSignature,
            duty="sign",
            title="移交清单签字",
            of=work.of_branch(SUPERVISOR),
            due_on=work.working_days_after(handed, work.policy.workout.step_working_days),
            context=about + shown("移交清单", handed),
        )
        papers: Papers = [("移交清单", handed.form), ("信贷主管意见", signed.form)]
        if signed.form.returned:
            rework += 1
            continue
        if handed.form.withdrawn:
            archive_paper(case_no, "workout_transfer_record", TRANSFER, papers, rounds=rework)
            return work.finish("withdrawn", f"{case_no}: not transferred")
        approved = _approve_transfer(work, about, handed, signed, rework)
        papers.append(("移交审批", approved.form))
        if approved.form.refused:
            archive_paper(case_no, "workout_transfer_record", TRANSFER, papers, rounds=rework)
            return work.finish("not_transferred", f"{case_no}: refused by the authority")
        if approved.form.returned:
            rework += 1
            continue
        taken = _take_over(work, about, handed, approved, rework)
        papers.append(("接收", taken.form))
        if not taken.form.returned:
            break
        rework += 1

    archive_paper(case_no, "workout_transfer_record", TRANSFER, papers, rounds=rework)

    ended: list[Case] = []

    def enter(writer: Writer) -> None:
        day, file = work.day_of(taken), work.office.policy_file
        workout.transfer(
            writer, file, work.case, work.loan,
            day=day, ground=handed.form.code, missing=handed.form.missing,
            handed_by=handed.staff_no, taken_by=taken.staff_no,
        )  # fmt: skip
        for kind in ("workout", "responsibility_determination"):
            cases.open_next(writer, file, kind, work.loan, day, origin=case_no)
        ended.extend(collection.end_transferred(writer, work.loan.loan_no))

    done = work.finish("transferred", f"{case_no}: taken over by {taken.staff_no}", enter)
    runs.end(ended, f"{work.loan.loan_no} is in the workout")
    return done


def _about(work: LoanWork, title: str) -> str:
    """The loan, what is owed on it, and how it was paid and secured."""
    owed = owed_of(work)
    with work.office.book.read() as session:
        exposure = previews.exposure(session, work.policy, work.loan, work.office.today)
    return work.heading(title, ("未还本金", money(owed.principal)), ("欠息及费用", money(owed.interest))) + exposure


def _hand_over(work: LoanWork, about: str, officer: str, rework: int) -> Answer[FileHandedOver]:
    """The officer hands over the complete file by its checklist; what is missing needs a reason (WO-1)."""
    items = work.policy.workout.file_items
    form = with_choices(FileHandedOver, present=("已移交的资料 Documents handed over", items))

    def check(given: FileHandedOver, signer: Signer) -> list[str]:
        if given.withdrawn:
            with work.office.book.read() as session:
                due = workout.due_by_rule(session, work.policy, work.loan, signer.day)
            return ["仍符合移交条件, 不得撤回 (by the rule it has to be transferred)"] if due else []
        missing = [item for item in items if item not in chosen(given, "present")]
        if missing and len(given.missing.strip()) < 5:
            return [f"缺少 {'、'.join(missing)}, 须说明原因 (missing: say why)"]
        return []

    return work.ask(
        nth("hand-over", rework),
        form,
        duty="report",
        title=TRANSFER,
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.workout.step_working_days),
        context=about + work.returned(rework, ("take-over", "opinion"), ("approve", "opinion"), ("sign", "opinion")),
        check=check,
    )


def _approve_transfer(work: LoanWork, about: str, handed: Answer, signed: Answer, rework: int) -> Answer[ChainDecision]:
    """The authority approves the transfer, returns or refuses it (WO-1)."""
    return work.ask(
        nth("approve", rework),
        ChainDecision,
        duty="approve",
        title="移交审批",
        of=work.of_branch(work.policy.workout.authority),
        due_on=work.working_days_after(signed, work.policy.workout.step_working_days),
        context=about + shown("移交清单", handed) + shown("信贷主管意见", signed),
    )


def _take_over(work: LoanWork, about: str, handed: Answer, approved: Answer, rework: int) -> Answer[FileTakenOver]:
    """Another person compares the file with the checklist and takes it over (WO-1)."""
    return work.ask(
        nth("take-over", rework),
        FileTakenOver,
        duty="take-over",
        title="接收不良贷款档案",
        of=work.of_branch(work.policy.workout.manager),
        due_on=work.working_days_after(approved, work.policy.workout.step_working_days),
        context=about + shown("移交清单", handed) + shown("移交审批", approved),
    )


# -------------------------------------------------------------------------------- the plan and its milestones


@dataclass
class Course:
    """How far a workout has come: rounds of planning, reports so far, and what the chain will not have."""

    rework: int = 1
    reports: int = 0
    struck: set[str] = field(default_factory=set)
    papers: Papers = field(default_factory=list)


@dataclass(frozen=True)
class Approved:
    """A plan that the chain approved, and which of its alternatives is taken."""

    plan: Answer[DisposalPlan]
    last: Answer[ChainDecision]
    alternatives: list[Alternative]
    taken: Alternative


@dataclass(frozen=True)
class Ended:
    """How a workout ended: the report that the head signed, and on which milestone."""

    report: Answer[MilestoneReport]
    signed: Answer[HeadsSignature]
    at: Next
    number: int


@flow(name="workout", flow_run_name="不良处置 {case_no}", retries=0)
def workout_case(case_no: str = CASE_NUMBER) -> State:
    """The workout of a loan: alternatives compared, a plan approved by the chain, milestones followed to the end
    (WO-3, WO-4).

    Args:
        case_no: the case in the book, for example WK-L0001-1. It follows from the transfer.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    course = Course()
    while True:
        approved = _approved_plan(work, course)
        work.note(partial(_enter_plan, work=work, approved=approved))
        ended = _follow(work, course, approved.taken.measure)
        if ended is not None:
            return _end(work, course, approved, ended)
        course.rework += 1


def _approved_plan(work: LoanWork, course: Course) -> Approved:
    """Planned, signed by the head and approved level by level; what is returned or refused is planned again, a
    refused measure not a second time (WO-3)."""
    while True:
        about = _about(work, PLAN)
        made = _plan(work, about, course)
        alternatives = _alternatives(made.form, course.rework)
        taken = next(one for one in alternatives if one.number == _number(course.rework, made.form.place))
        about += compared(work, alternatives) + shown("处置方案", made)
        signed = work.ask(
            nth("sign", course.rework),
            HeadsSignature,
            duty="sign",
            title="处置方案签字",
            of=work.of_branch(work.policy.workout.head),
            due_on=work.working_days_after(made, work.policy.workout.step_working_days),
            context=about,
        )
        course.papers += [("处置方案", made.form), ("处置主管意见", signed.form)]
        if not signed.form.returned:
            last = _chain(work, course, about, signed, "处置方案审批")
            if last.form.approved:
                return Approved(made, last, alternatives, taken)
            if last.form.refused:
                course.struck.add(taken.measure)
        course.rework += 1


def _plan(work: LoanWork, about: str, course: Course) -> Answer[DisposalPlan]:
    """The manager compares at least two alternatives and plans the one to take (WO-3)."""
    struck = "、".join(word(measure, "measure") for measure in sorted(course.struck))

    def check(form: DisposalPlan, signer: Signer) -> list[str]:
        alternatives = _alternatives(form, course.rework)
        number = _number(course.rework, form.place)
        proposed = next((one for one in alternatives if one.number == number), None)
        if proposed is None:
            return ["建议采用的方案未填写 (the alternative that is proposed is not filled in)"]
        faults = []
        if len({one.measure for one in alternatives}) < 2:
            faults.append("至少比较两种不同方案 (compare two different alternatives at least)")
        if proposed.measure in course.struck:
            faults.append(f"{word(proposed.measure, 'measure')} 已被否决 (this measure was refused)")
        best = ranked(alternatives, work.policy.workout.discount_rate)[0][0]
        if best.number != number and len(form.reasons.strip()) < 10:
            faults.append("未采用净现值最高的方案, 须详述理由 (not the best by present value: say why)")
        return faults + _line_faults(form.milestones, signer.day)

    return work.ask(
        nth("plan", course.rework),
        DisposalPlan,
        duty="report",
        title=PLAN,
        of=manager_of(work),
        due_on=work.case.due_on if course.rework == 1 else work.in_working_days(work.policy.workout.step_working_days),
        context=about
        + milestones_of(work)
        + (f"\n\n> **已否决的方案 Refused:** {struck}" if struck else "")
        + work.returned(course.rework, *LEVELS, ("sign", "opinion")),
        check=check,
    )


def _number(rework: int, place: int) -> int:
    """An alternative's number in its case: no two rounds share one."""
    return 10 * rework + place


def _alternatives(form: DisposalPlan, rework: int) -> list[Alternative]:
    return [replace(one, number=_number(rework, one.number)) for one in form.alternatives]


def _line_faults(text: str, day: date) -> list[str]:
    """What is wrong with milestones as they were listed."""
    try:
        early = [f"{on} {what}" for on, what in dated_lines(text) if on < day]
    except ValueError as error:
        return [str(error)]
    return [f"期限已过 (it is over): {line}" for line in early]


def _chain(work: LoanWork, course: Course, about: str, before: Answer, title: str) -> Answer[ChainDecision]:
    """Level by level, each another person; gives the decision that ended it: the last level's, or the first that
    is no approval."""
    levels = levels_of(work.case.case_no, nth("levels", course.rework))
    last: Answer[Any] = before
    opinions = ""
    for number, role in enumerate(levels, start=1):
        last = work.ask(
            nth(f"approve-{number}", course.rework),
            ChainDecision,
            duty=f"approve-{number}",
            title=f"{title} (第{number}级)",
            of=work.of_branch(role),
            due_on=work.working_days_after(last, work.policy.workout.step_working_days),
            context=about + previews.signers(levels, number - 1) + opinions,
        )
        course.papers.append((f"第{number}级审批 ({role_title(role)})", last.form))
        opinions += f"\n\n**{role_title(role)}**: {plain(last.form.opinion)}"
        if not last.form.approved:
            break
    return last


def _enter_plan(writer: Writer, work: LoanWork, approved: Approved) -> None:
    form = approved.plan.form
    workout.approve(
        writer,
        work.case,
        approved.alternatives,
        approved.taken.number,
        [Planned(what, on) for on, what in dated_lines(form.milestones)],
        remark=form.reasons,
        day=work.day_of(approved.last),
        by=approved.last.staff_no,
    )


def _follow(work: LoanWork, course: Course, measure: str) -> Ended | None:
    """Milestone by milestone, each report signed by the head; None where the plan is to be changed (WO-4)."""
    while True:
        course.reports += 1
        number = course.reports
        at = next_of(work.case.case_no, nth("next", number))
        about = work.heading(
            PLAN,
            ("方案", word(measure, "measure")),
            ("节点", at.name),
            ("期限", str(at.due_on)),
            ("法律依据", at.article),
        ) + milestones_of(work)
        report = _report(work, about, at, measure, number)
        signed = work.ask(
            nth("sign-off", number),
            HeadsSignature,
            duty="sign",
            title="处置进展签字",
            of=work.of_branch(work.policy.workout.head),
            due_on=work.working_days_after(report, work.policy.workout.step_working_days),
            context=about + shown("处置进展", report),
        )
        course.papers += [(f"处置进展: {at.name}", report.form), ("处置主管意见", signed.form)]
        if signed.form.returned:
            continue
        if report.form.ends:
            return Ended(report, signed, at, number)
        if report.form.changes_plan:
            return None
        work.note(partial(_enter_report, work=work, report=report, at=at, number=number))


def _report(work: LoanWork, about: str, at: Next, measure: str, number: int) -> Answer[MilestoneReport]:
    """The manager says what became of the milestone: done with a document, put off with a reason and a new day, the
    plan to be changed, or the workout at its end (WO-4)."""

    def check(form: MilestoneReport, signer: Signer) -> list[str]:
        faults = [] if form.happened_on <= signer.day else ["发生日期不得晚于今天 (not later than today)"]
        if form.done:
            faults += _done_faults(work, form, at)
        elif form.postponed:
            faults += _postponed_faults(form, at, signer.day)
        elif len(form.reason.strip()) < 5:
            faults.append("须说明原因 (say why)")
        if form.ends:
            faults += _ending_faults(work, form, measure, signer.day)
        elif form.ending:
            faults.append("只有处置终结时才填写终结原因 (an outcome is for the end of the workout only)")
        if EVENTS[form.event] and not form.done:
            faults.append("只有节点完成时才填写诉讼节点 (an event of the suit is for what is done only)")
        if form.changes_plan and (form.receipts.strip() or form.further.strip() or amount(form.cost)):
            faults.append("费用、收款和新节点填入新方案的节点 (costs, receipts and milestones go with the new plan)")
        with work.office.book.read() as session:
            faults += workout.not_attributable(session, work.loan.loan_no, form.receipt_nos)
        return faults + _line_faults(form.further, signer.day)

    return work.ask(
        nth("milestone", number),
        MilestoneReport,
        duty="report",
        title=f"处置进展: {at.name}",
        of=manager_of(work),
        due_on=at.due_on,
        context=about + work.returned(number, ("sign-off", "opinion")),
        check=check,
    )


def _done_faults(work: LoanWork, form: MilestoneReport, at: Next) -> list[str]:
    faults = []
    if not form.document.strip():
        faults.append("须填写凭证 (name the document that proves it)")
    if form.happened_on > at.due_on and len(form.reason.strip()) < 5:
        faults.append(f"晚于期限 {at.due_on}, 须说明原因 (later than due: say why)")
    with work.office.book.read() as session:
        there = workout.of_case(session, work.case.case_no)
    others = [m for m in there if m.state == "planned" and m.number != at.number]
    deadlines = _deadlines(work, form)
    if not others and not form.further.strip() and not deadlines:
        faults.append(
            "已无后续安排, 须新增进度安排, 或填写处置终结 (nothing is planned after it: plan more, or end it)"
        )
    return faults


def _postponed_faults(form: MilestoneReport, at: Next, day: date) -> list[str]:
    if at.article:
        return [f"法定期限不得延期: {at.article} (a deadline of the law cannot be put off)"]
    faults = [] if len(form.reason.strip()) >= 5 else ["延期须说明原因 (say why it is put off)"]
    if not form.new_due_on or date.fromisoformat(form.new_due_on) <= max(at.due_on, day):
        faults.append(f"须填写晚于今天和 {at.due_on} 的新期限 (a new day, later than today and than it was due)")
    return faults


def _ending_faults(work: LoanWork, form: MilestoneReport, measure: str, day: date) -> list[str]:
    """What keeps a workout from ending as the report says."""
    needs = {"restructured": "restructuring", "debt_transferred": "debt_transfer", "debt_assumed": "debt_assumption"}
    ending = form.ending
    if not ending:
        return ["须填写终结原因 (say how it ends)"]
    if ending in needs and measure != needs[ending]:
        return [
            f"获批方案为{word(measure, 'measure')}, 须先变更方案 (another measure was approved: change the plan first)"
        ]
    faults = []
    if ending == "paid":
        with work.office.book.read() as session:
            if not extensions.settled(session, work.loan, day):
                faults.append("贷款尚未还清 (something is owed still)")
    if ending in ("debt_transferred", "debt_assumed"):
        if not form.document.strip():
            faults.append("须填写协议编号 (name the contract)")
        if amount(form.amount) <= 0:
            faults.append("须填写金额 (the amount)")
    if ending == "debt_assumed":
        limit = heirs_owe(owed_of(work).total, amount(form.estate))
        if amount(form.amount) > limit:
            faults.append(
                f"继承人仅在遗产价值内清偿, 最多 {money(limit)} (heirs answer within the value of the estate only)"
            )
    return faults


def _deadlines(work: LoanWork, form: MilestoneReport) -> list[Planned]:
    """The legal deadlines that what was done sets running."""
    found = follows(EVENTS[form.event], form.happened_on, work.policy.workout.limits)
    return [Planned(word(one.what, "deadline"), one.due_on, one.article) for one in found]


def _enter_report(writer: Writer, work: LoanWork, report: Answer[MilestoneReport], at: Next, number: int) -> None:
    """A milestone is done or put off; what it cost, what came of it, and what follows."""
    form, day, by = report.form, work.day_of(report), report.staff_no
    state = "done" if form.done else "postponed"
    entered = workout.end_milestone(
        writer, work.case, at.number, state,
        day=day, by=by, done_on=form.happened_on if form.done else None, document=form.document, remark=form.reason,
    )  # fmt: skip
    if not entered:
        return
    further = [Planned(what, on) for on, what in dated_lines(form.further)]
    if form.postponed:
        further.append(Planned(at.name, date.fromisoformat(form.new_due_on)))
    workout.plan(writer, work.case, further + _deadlines(work, form), measure=at.measure, day=day, by=by)
    _enter_money(writer, work, report, at, number)


def _enter_money(writer: Writer, work: LoanWork, report: Answer[MilestoneReport], at: Next, number: int) -> None:
    form, by = report.form, report.staff_no
    workout.cost(
        writer, work.case, f"{work.case.case_no}-{number}",
        measure=at.measure, amount=amount(form.cost), day=form.happened_on, detail=at.name, by=by,
    )  # fmt: skip
    day = work.day_of(report)
    workout.attribute(writer, work.case, form.receipt_nos, measure=at.measure, day=day, by=by)


def _end(work: LoanWork, course: Course, approved: Approved, ended: Ended) -> State:
    """The workout is over: the file is archived, and what follows is opened."""
    case_no, ending = work.case.case_no, ended.report.form.ending
    archive_paper(
        case_no,
        "workout_record",
        PLAN,
        course.papers,
        rounds=course.rework,
        tables=[{"title": "方案比较", "columns": COMPARED, "rows": comparison(work, approved.alternatives)}],
    )
    follow = {"restructured": "extension", "to_write_off": "write_off"}.get(ending)

    def enter(writer: Writer) -> None:
        day, by = work.day_of(ended.signed), ended.signed.staff_no
        _enter_money(writer, work, ended.report, ended.at, ended.number)
        state = "failed" if ending == "to_write_off" else "done"
        workout.end_plan(writer, work.case, state, day=day, by=by, why=ended.report.form.reason)
        if follow:
            cases.open_next(writer, work.office.policy_file, follow, work.loan, day, origin=case_no)

    return work.finish(ending, f"{case_no}: {ending}", enter)


# --------------------------------------------------------------------------- write-off, and the file kept on


@flow(name="write-off", flow_run_name="核销 {case_no}", retries=0)
def write_off(case_no: str = CASE_NUMBER) -> State:
    """A write-off, from the application with its proof to the authority; the loan stays owed and on file (WO-5).

    Args:
        case_no: the case in the book, for example WF-L0001-1. It follows from the workout, or is opened by hand.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    course = Course()
    while True:
        about = _about(work, WRITE_OFF)
        applied = _apply_for_write_off(work, about, course.rework)
        signed = work.ask(
            nth("sign", course.rework),
            HeadsSignature,
            duty="sign",
            title="核销申请签字",
            of=work.of_branch(work.policy.workout.head),
            due_on=work.working_days_after(applied, work.policy.workout.step_working_days),
            context=about + shown("核销申请", applied),
        )
        course.papers += [("核销申请", applied.form), ("处置主管意见", signed.form)]
        if not signed.form.returned:
            if applied.form.withdrawn:
                return _not_written_off(work, course, signed, "withdrawn")
            last = _chain(work, course, about + shown("核销申请", applied), signed, "核销审批")
            if last.form.approved:
                return _written_off(work, course, applied, last)
            if last.form.refused:
                return _not_written_off(work, course, last, "refused")
        course.rework += 1


def _apply_for_write_off(work: LoanWork, about: str, rework: int) -> Answer[WriteOffApplication]:
    """The manager applies, with the ground and the proof of pursuit (WO-5)."""

    def check(form: WriteOffApplication, signer: Signer) -> list[str]:
        if form.withdrawn:
            return []
        faults = [] if form.evidence else ["须选择证明材料 (choose the proof that there is)"]
        with work.office.book.read() as session:
            if extensions.settled(session, work.loan, signer.day):
                faults.append("贷款已还清 (it is paid)")
            before = workout.written_off(session, work.loan.loan_no)
            if before is not None:
                faults.append(f"已于 {before.written_off_on} 核销 (it was written off)")
            if not workout.determined(session, work.loan.loan_no) and len(form.responsibility.strip()) < 5:
                faults.append("责任认定尚未完成, 须说明 (responsibility is not determined yet: say why)")
        return faults

    return work.ask(
        nth("write-off", rework),
        WriteOffApplication,
        duty="report",
        title=WRITE_OFF,
        of=manager_of(work),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.workout.step_working_days),
        context=about + work.returned(rework, *LEVELS, ("sign", "opinion")),
        check=check,
    )


def _written_off(
    work: LoanWork, course: Course, applied: Answer[WriteOffApplication], last: Answer[ChainDecision]
) -> State:
    case_no, form = work.case.case_no, applied.form
    archive_paper(case_no, "write_off_record", WRITE_OFF, course.papers, rounds=course.rework)

    def enter(writer: Writer) -> None:
        workout.write_off(
            writer, work.office.policy_file, work.case, work.loan,
            ground=form.code, document=form.document, day=work.day_of(last),
        )  # fmt: skip

    return work.finish("written_off", f"{case_no}: written off, and kept on file", enter)


def _not_written_off(work: LoanWork, course: Course, last: Answer, outcome: str) -> State:
    """The loan is still to be worked out."""
    case_no = work.case.case_no
    archive_paper(case_no, "write_off_record", WRITE_OFF, course.papers, rounds=course.rework)

    def enter(writer: Writer) -> None:
        file, day = work.office.policy_file, work.day_of(last)
        cases.open_next(writer, file, "workout", work.loan, day, origin=case_no)

    return work.finish(outcome, f"{case_no}: {outcome}", enter)


@flow(name="recovery-review", flow_run_name="账销案存 {case_no}", retries=0)
def recovery_review(case_no: str = CASE_NUMBER) -> State:
    """A loan that was written off is looked at again: searched for assets, demanded, and worked out anew where there
    are any (WO-6).

    Args:
        case_no: the case in the book, for example RV-L0001-2028-03-31. The daily round opens it each year.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    about = _about(work, REVIEW)

    rework = 1
    while True:
        looked = work.ask(
            nth("search", rework),
            RecoveryReview,
            duty="report",
            title=REVIEW,
            of=manager_of(work),
            due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.workout.step_working_days),
            context=about + work.returned(rework, ("sign", "opinion")),
        )
        signed = work.ask(
            nth("sign", rework),
            HeadsSignature,
            duty="sign",
            title="追索记录签字",
            of=work.of_branch(work.policy.workout.head),
            due_on=work.working_days_after(looked, work.policy.workout.step_working_days),
            context=about + shown("追索记录", looked),
        )
        if not signed.form.returned:
            break
        rework += 1

    papers: Papers = [("追索记录", looked.form), ("处置主管意见", signed.form)]
    archive_paper(case_no, "recovery_review_record", REVIEW, papers, rounds=rework)

    def enter(writer: Writer) -> None:
        if looked.form.found:
            file, day = work.office.policy_file, work.day_of(signed)
            cases.open_next(writer, file, "workout", work.loan, day, origin=case_no)

    outcome = "assets_found" if looked.form.found else "pursued"
    return work.finish(outcome, f"{case_no}: {outcome}", enter)
