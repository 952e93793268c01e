"""Preservation of assets (诉讼保全): applied for within a day, ordered, followed by the suit in time and by renewals
until it is lifted (WO-4)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from prefect import flow
from prefect.states import State

from postloan.book import Writer, limitation, workout
from postloan.book.workout import Planned
from postloan.forms.base import Form
from postloan.forms.workout import FreezeReport, HeadsSignature, PreservationAsked, PreservationOrder, amount
from postloan.rendering import money
from postloan.rules.words import word
from postloan.rules.workout import frozen_until, renewal, suit_after_preservation
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded
from tasks.workout import Next, manager_of, milestones_of, next_of, owed_of

TITLE = "诉讼保全办理记录"
MEASURE = "preservation"


@flow(name="preservation", flow_run_name="诉讼保全 {case_no}", retries=0)
def preservation(case_no: str = CASE_NUMBER) -> State:
    """Assets are preserved before others reach for them (WO-4).

    Args:
        case_no: the case in the book, for example AP-L0001-1. The round opens it on a diagnosis that the borrower has
            died, fled or is insolvent, or people do (`postloan open preservation L0001`).
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    owed = owed_of(work)
    about = work.heading(TITLE, ("未还本金", money(owed.principal)), ("欠息及费用", money(owed.interest)))
    papers: list[tuple[str, Form]] = []

    asked = _signed(work, about, papers)
    if not asked.form.applied:
        return _done(work, papers, "nothing_to_preserve")
    order = _order(work, about, asked, papers)
    work.note(partial(_enter_order, work=work, asked=asked, order=order))
    if not order.form.taken:
        return _done(work, papers, "preservation_refused")
    return _keep(work, about, papers)


def _signed(work: LoanWork, about: str, papers: list[tuple[str, Form]]) -> Answer[PreservationAsked]:
    """The application, or that there is nothing to preserve, signed by the head."""
    rework = 1
    while True:
        asked = _ask_court(work, about, rework)
        signed = _sign(work, nth("sign", rework), about + shown("保全申请", asked), asked)
        papers += [("保全申请", asked.form), ("处置主管意见", signed.form)]
        if not signed.form.returned:
            return asked
        rework += 1


def _ask_court(work: LoanWork, about: str, rework: int) -> Answer[PreservationAsked]:
    """The manager applies to the court within a day: the first to preserve is the first to be paid (WO-4)."""

    def check(form: PreservationAsked, signer: Signer) -> list[str]:
        faults = []
        if form.applied_on > signer.day:
            faults.append("日期不得晚于今天 (not later than today)")
        if form.applied and not form.court.strip():
            faults.append("须填写受理法院 (which court?)")
        if form.applied and form.before_suit and not form.security.strip():
            faults.append("诉前保全须提供担保 (before a suit, security has to be given)")
        return faults

    return work.ask(
        nth("assets", rework),
        PreservationAsked,
        duty="report",
        title="申请保全",
        of=manager_of(work),
        due_on=work.case.due_on if rework == 1 else work.office.today,
        context=about + work.returned(rework, ("sign", "opinion")),
        check=check,
    )


def _sign(work: LoanWork, step: str, context: str, after: Answer) -> Answer[HeadsSignature]:
    return work.ask(
        step,
        HeadsSignature,
        duty="sign",
        title="保全签字",
        of=work.of_branch(work.policy.workout.head),
        due_on=work.working_days_after(after, 1),
        context=context,
    )


def _order(
    work: LoanWork, about: str, asked: Answer[PreservationAsked], papers: list[tuple[str, Form]]
) -> Answer[PreservationOrder]:
    """The court's order, signed by the head: from here on the days of the law run (WO-4)."""
    limits = work.policy.workout.limits

    def check(form: PreservationOrder, signer: Signer) -> list[str]:
        if not form.taken:
            return [] if len(form.reason.strip()) >= 5 else ["须说明驳回理由 (say why it was refused)"]
        faults = []
        if not asked.form.applied_on <= form.taken_on <= signer.day:
            faults.append("保全日期须在申请之后、不晚于今天 (after the application, not later than today)")
        if not form.until:
            faults.append("须填写至少一项冻结期限 (until when is what frozen?)")
        for kind, until in form.until.items():
            longest = frozen_until(kind, form.taken_on, limits)
            if not form.taken_on < until <= longest:
                faults.append(
                    f"{word(kind, 'asset')}: 期限须在 {form.taken_on} 之后、不晚于 {longest} (民诉法解释 485)"
                )
        return faults

    rework = 1
    while True:
        order = work.ask(
            nth("order", rework),
            PreservationOrder,
            duty="report",
            title="保全裁定与执行",
            of=manager_of(work),
            due_on=work.working_days_after(asked, work.policy.workout.step_working_days),
            context=about + shown("保全申请", asked) + work.returned(rework, ("sign-order", "opinion")),
            check=check,
        )
        signed = _sign(work, nth("sign-order", rework), about + shown("保全裁定", order), order)
        papers += [("保全裁定", order.form), ("处置主管意见", signed.form)]
        if not signed.form.returned:
            return order
        rework += 1


def _enter_order(
    writer: Writer, work: LoanWork, asked: Answer[PreservationAsked], order: Answer[PreservationOrder]
) -> None:
    """The suit in time, the renewals in time, and what the court cost."""
    policy, day, by = work.policy.workout, work.day_of(order), order.staff_no
    workout.cost(
        writer, work.case, f"{work.case.case_no}-0",
        measure=MEASURE, amount=amount(asked.form.cost), day=asked.form.applied_on, detail=TITLE, by=by,
    )  # fmt: skip
    if not order.form.taken or workout.of_case(writer.session, work.case.case_no):
        return
    planned = [_renewal(work, kind, until) for kind, until in order.form.until.items()]
    if asked.form.before_suit:
        suit = suit_after_preservation(order.form.taken_on, policy.suit_days)
        planned.append(Planned(word(suit.what, "deadline"), suit.due_on, suit.article))
    workout.plan(writer, work.case, planned, measure=MEASURE, day=day, by=by)


def _renewal(work: LoanWork, kind: str, until: date) -> Planned:
    due = renewal(until, work.policy.workout.renewal_days)
    return Planned(f"{word(due.what, 'deadline')}: {word(kind, 'asset')} ({until})", due.due_on, due.article)


def _keep(work: LoanWork, about: str, papers: list[tuple[str, Form]]) -> State:
    """The suit is filed, each freeze renewed in time, until all is lifted; each report signed by the head (WO-4)."""
    number = 0
    while True:
        number += 1
        at = next_of(work.case.case_no, nth("next", number))
        here = about + milestones_of(work) + f"\n\n**{at.name}**, {at.article}"
        report = _report(work, here, at, number)
        signed = _sign(work, nth("sign-off", number), here + shown("办理结果", report), report)
        papers += [(at.name, report.form), ("处置主管意见", signed.form)]
        if signed.form.returned:
            continue
        if report.form.lifted:
            return _done(work, papers, "lifted", report)
        work.note(partial(_enter_report, work=work, report=report, at=at))


def _is_suit(at: Next) -> bool:
    return at.name == word("suit", "deadline")


def _kind(at: Next) -> str:
    """Of which assets a renewal is."""
    return next(kind for kind in ("deposits", "movables", "real_estate") if word(kind, "asset") in at.name)


def _report(work: LoanWork, about: str, at: Next, number: int) -> Answer[FreezeReport]:
    limits = work.policy.workout.limits

    def check(form: FreezeReport, signer: Signer) -> list[str]:
        faults = [] if form.happened_on <= signer.day else ["发生日期不得晚于今天 (not later than today)"]
        if form.lifted:
            return faults + ([] if len(form.reason.strip()) >= 5 else ["须说明解除的原因 (say why it was lifted)"])
        if form.sued != _is_suit(at):
            faults.append(f"本节点为: {at.name} (this milestone is another one)")
        elif form.sued and form.happened_on > at.due_on:
            faults.append(f"逾期起诉, 保全应已解除, 截止 {at.due_on} (too late: the measure is lifted by law)")
        elif form.renewed:
            ends_on = at.due_on + timedelta(days=limits.renewal_days)
            longest = frozen_until(_kind(at), form.happened_on, limits)
            if not form.until or not ends_on < date.fromisoformat(form.until) <= longest:
                faults.append(f"续封期限须晚于 {ends_on}、不晚于 {longest} (民诉法解释 485)")
        return faults

    return work.ask(
        nth("milestone", number),
        FreezeReport,
        duty="report",
        title=f"保全: {at.name}",
        of=manager_of(work),
        due_on=at.due_on,
        context=about + work.returned(number, ("sign-off", "opinion")),
        check=check,
    )


def _enter_report(writer: Writer, work: LoanWork, report: Answer[FreezeReport], at: Next) -> None:
    """A suit begins a new limitation period as well; a freeze that was renewed has a new end."""
    form, day, by = report.form, work.day_of(report), report.staff_no
    entered = workout.end_milestone(
        writer, work.case, at.number, "done",
        day=day, by=by, done_on=form.happened_on, document=form.document, remark=form.reason,
    )  # fmt: skip
    if not entered:
        return
    if form.sued:
        limitation.interrupt(
            writer,
            work.case,
            party="borrower",
            party_no=work.borrower.borrower_no,
            kind="suit",
            happened_on=form.happened_on,
            document=form.document,
            by=by,
        )
    else:
        following = _renewal(work, _kind(at), date.fromisoformat(form.until))
        workout.plan(writer, work.case, [following], measure=MEASURE, day=day, by=by)


def _done(
    work: LoanWork, papers: list[tuple[str, Form]], outcome: str, report: Answer[FreezeReport] | None = None
) -> State:
    archive_paper(work.case.case_no, "preservation_record", TITLE, papers)

    def enter(writer: Writer) -> None:
        if report is not None:
            day, by = work.day_of(report), report.staff_no
            workout.drop_milestones(writer, work.case, day=day, by=by, why=report.form.reason)

    return work.finish(outcome, f"{work.case.case_no}: {outcome}", enter)
