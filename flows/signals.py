"""Warning signals (预警信号): publish, assign, handle, feed back, confirm, clear (SIG-1, INS-10)."""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.states import State

from postloan.book import people, signals
from postloan.forms.base import Form, LevelDecision, rows
from postloan.forms.signals import SignalAssignment, SignalClearance, SignalConfirmation, SignalFeedback, SignalHandling
from postloan.rendering import plain
from postloan.rules.duties_apart import Mandate, holders
from tasks import inspection, runs
from tasks.human import Answer, ask
from tasks.work import Work, begin, finish, superseded

TITLE = "预警信号处置单"
SUPERVISOR = "credit_supervisor"


@flow(name="warning-signal", flow_run_name="预警信号 {case_no}", retries=0)
def warning_signal(case_no: str) -> State:
    """A warning signal, followed until it is cleared; never by the person who handled it.

    Args:
        case_no: the case in the book, for example WS-L0001-S12. The daily round opens it.
    """
    work = begin(case_no)
    if work is None:
        return superseded()
    officer = inspection.assign_officer(case_no)
    signal = inspection.signal_of(work.office, work.case)
    about = work.heading(TITLE, ("预警信号", signal.title), ("发现日期", str(signal.seen_on)))
    about += f"\n\n> {plain(signal.detail)}" if signal.detail else ""

    assigned = _assign(work, about)
    handler = assigned.form.handler or officer
    papers: list[tuple[str, Form]] = [("分派", assigned.form)]
    told = f"\n\n**处置要求** ({assigned.staff_no}): {plain(assigned.form.instruction)}"
    rework, last = 1, assigned
    while True:
        handled, fed_back = _handle(work, about + told, handler, rework, last)
        confirmed = _confirm(work, about, handled, fed_back, rework)
        papers += [("处置", handled.form), ("反馈", fed_back.form), ("认定", confirmed.form)]
        last = confirmed
        if confirmed.form.gone:
            cleared = _clear(work, about, fed_back, confirmed, rework)
            papers.append(("消除", cleared.form))
            if cleared.form.cleared:
                break
            told, last = f"\n\n**{cleared.staff_no}**: {plain(cleared.form.evidence)}", cleared
        elif confirmed.form.reported_upward:
            decided = _levels(work, about, fed_back, confirmed, rework)
            papers += [("上级决定", answer.form) for answer in decided]
            told, last = "".join(f"\n\n**{a.staff_no}**: {plain(a.form.opinion)}" for a in decided), decided[-1]
        else:
            told = f"\n\n**{confirmed.staff_no}**: {plain(confirmed.form.opinion)}"
        rework += 1

    inspection.archive_report(
        case_no,
        "signal_record",
        TITLE,
        {"sections": [(name, rows(form)) for name, form in papers], "rounds": rework},
        template="paper",
    )
    with work.office.book.write(origin=f"flow-run {runs.current_run_id()}") as writer:
        found = signals.get(writer.session, signal.number)
        signals.clear(writer, found, work.case, work.office.local(cleared.signed_at).date(), by=cleared.staff_no)
    return finish(work, "cleared", f"{case_no} cleared after {rework} round(s)")


def _step(name: str, rework: int) -> str:
    return name if rework == 1 else f"{name}-{rework}"


def _assign(work: Work, about: str) -> Answer[SignalAssignment]:
    """The supervisor says who handles the signal, and what is to be done."""

    def known(form: SignalAssignment, _answered_on: date) -> list[str]:
        if not form.handler:
            return []
        with work.office.book.read() as session:
            everyone = people.everyone(session, work.office.today)
        if holders(Mandate(inspection.OFFICER, form.handler), everyone):
            return []
        return [f"工号 {form.handler} 不存在或已停用 (there is no such active member of staff)"]

    return ask(
        work.office,
        work.case,
        step="assign-handler",
        duty="supervise",
        title="分派处置人",
        form=SignalAssignment,
        of=Mandate(SUPERVISOR, branch_no=work.branch),
        due_on=work.calendar.add_working_days(work.case.opened_on, work.policy.signals.assign_working_days),
        context=about,
        check=known,
    )


def _handle(
    work: Work, about: str, handler: str, rework: int, after: Answer
) -> tuple[Answer[SignalHandling], Answer[SignalFeedback]]:
    """The handler acts, and feeds back what came of it."""
    days = work.policy.signals.handle_working_days
    handled = ask(
        work.office,
        work.case,
        step=_step("handle", rework),
        duty="handle",
        title="处置",
        form=SignalHandling,
        of=Mandate(inspection.OFFICER, handler),
        due_on=work.working_days_after(after, days),
        context=about,
    )
    fed_back = ask(
        work.office,
        work.case,
        step=_step("feedback", rework),
        duty="handle",
        title="反馈",
        form=SignalFeedback,
        of=Mandate(inspection.OFFICER, handler),
        due_on=work.working_days_after(handled, days),
        context=about + _shown("处置", handled),
    )
    return handled, fed_back


def _confirm(
    work: Work, about: str, handled: Answer[SignalHandling], fed_back: Answer[SignalFeedback], rework: int
) -> Answer[SignalConfirmation]:
    """Risk control judges whether the risk is gone."""
    return ask(
        work.office,
        work.case,
        step=_step("confirm", rework),
        duty="confirm",
        title="风险认定",
        form=SignalConfirmation,
        of=Mandate("risk_control"),
        due_on=work.working_days_after(fed_back, work.policy.signals.confirm_working_days),
        context=about + _shown("处置", handled) + _shown("反馈", fed_back),
    )


def _clear(
    work: Work, about: str, fed_back: Answer[SignalFeedback], confirmed: Answer[SignalConfirmation], rework: int
) -> Answer[SignalClearance]:
    """The supervisor clears the signal; not while the condition that raised it lasts."""

    def check(form: SignalClearance, answered_on: date) -> list[str]:
        if not form.cleared:
            return []
        with work.office.book.read() as session:
            signal = signals.get(session, int(work.case.subject.removeprefix("S")))
            if signals.still_holds(session, work.policy, signal, answered_on):
                return ["规则条件仍然存在, 不能消除 (what raised the signal still holds; it cannot be cleared yet)"]
        return []

    return ask(
        work.office,
        work.case,
        step=_step("clear", rework),
        duty="supervise",
        title="消除信号",
        form=SignalClearance,
        of=Mandate(SUPERVISOR, branch_no=work.branch),
        due_on=work.working_days_after(confirmed, work.policy.signals.confirm_working_days),
        context=about + _shown("反馈", fed_back) + _shown("认定", confirmed),
        check=check,
    )


def _levels(
    work: Work, about: str, fed_back: Answer[SignalFeedback], confirmed: Answer[SignalConfirmation], rework: int
) -> list[Answer[LevelDecision]]:
    """INS-10: beyond the authority, reported upward level by level until one decides."""
    decided: list[Answer[LevelDecision]] = []
    for number, role in enumerate(work.policy.signals.levels, start=1):
        decided.append(
            ask(
                work.office,
                work.case,
                step=_step(f"level-{number}", rework),
                duty=f"decide-{number}",
                title="上级决定",
                form=LevelDecision,
                of=Mandate(role, branch_no=work.branch),
                due_on=work.working_days_after(
                    decided[-1] if decided else confirmed, work.policy.signals.confirm_working_days
                ),
                context=about + _shown("反馈", fed_back) + _shown("认定", confirmed),
            )
        )
        if not decided[-1].form.reported_upward:
            break
    return decided


def _shown(title: str, answer: Answer) -> str:
    lines = "\n".join(f"| {name} | {plain(text)} |" for name, text in rows(answer.form))
    return f"\n\n**{title}** ({answer.staff_no})\n\n| 项目 | 内容 |\n|---|---|\n{lines}"
