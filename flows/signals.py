"""Warning signals (预警信号): publish, assign, handle, feed back, confirm, clear (SIG-1, INS-10)."""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from postloan.book import Writer, people, signals
from postloan.forms.base import Form
from postloan.forms.signals import (
    SignalAssignment,
    SignalClearance,
    SignalConfirmation,
    SignalFeedback,
    SignalHandling,
)
from postloan.rendering import plain
from postloan.rules.duties_apart import Mandate
from postloan.rules.roles import OFFICER, RISK_CONTROL, SUPERVISOR
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.loans import Seen, signal_of
from tasks.officers import assign_officer
from tasks.work import CASE_NUMBER, Work, begin, decided_above, nth, shown, superseded

TITLE = "预警信号处置单"


@flow(name="warning-signal", flow_run_name="预警信号 {case_no}", retries=0)
def warning_signal(case_no: str = CASE_NUMBER) -> State:
    """A warning signal, followed until it is cleared; never by the person who handled it.

    Args:
        case_no: the case in the book, for example WS-S12. The daily round opens it.
    """
    work = begin(case_no)
    if work is None:
        return superseded()
    signal = signal_of(work.office, work.case)
    about = _about(work, signal)
    officer = assign_officer(case_no) if work.case.loan_no else ""
    assigned = _assign(work, about, officer)
    handler = assigned.form.handler or officer
    papers: list[tuple[str, Form]] = [("分派", assigned.form)]
    told = f"\n\n**处置要求** ({assigned.staff_no}): {plain(assigned.form.instruction)}"
    last: Answer = assigned
    rework = 1
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
            context = about + shown("反馈", fed_back) + shown("认定", confirmed)
            days = work.policy.signals.confirm_working_days
            decided = decided_above(work, context, confirmed, days=days, rework=rework)
            papers += [("上级决定", answer.form) for answer in decided]
            told, last = "".join(f"\n\n**{a.staff_no}**: {plain(a.form.opinion)}" for a in decided), decided[-1]
        else:
            told = f"\n\n**{confirmed.staff_no}**: {plain(confirmed.form.opinion)}"
        rework += 1

    archive_paper(case_no, "signal_record", TITLE, papers, rounds=rework)

    def enter(writer: Writer) -> None:
        found = signals.get(writer.session, signal.number)
        signals.clear(writer, found, work.case, work.day_of(cleared), by=cleared.staff_no)

    return work.finish("cleared", f"{case_no} cleared after {rework} round(s)", enter)


def _about(work: Work, signal: Seen) -> str:
    columns = [("预警信号", signal.title), ("发现日期", str(signal.seen_on)), ("来源", signal.source)]
    if signal.office:
        columns.insert(0, ("机构", signal.office))
    return work.heading(TITLE, *columns) + (f"\n\n> {plain(signal.detail)}" if signal.detail else "")


def _assign(work: Work, about: str, officer: str) -> Answer[SignalAssignment]:
    """The supervisor says who handles the signal, and what is to be done."""

    def known(form: SignalAssignment, signer: Signer) -> list[str]:
        if not form.handler:
            return [] if officer else ["须指定处置人 (name a handler: no account officer goes with it)"]
        if form.handler == signer.staff_no:
            return ["不能分派给自己 (you cannot handle what you assign and clear)"]
        with work.office.book.read() as session:
            everyone = people.everyone(session, work.office.today)
        if any(p.staff_no == form.handler and p.active and OFFICER in p.roles for p in everyone):
            return []
        return [f"工号 {form.handler} 不是在岗的客户经理 (there is no such active account officer)"]

    return work.ask(
        "assign-handler",
        SignalAssignment,
        duty="supervise",
        title="分派处置人",
        of=work.of_branch(SUPERVISOR),
        due_on=work.calendar.add_working_days(work.case.opened_on, work.policy.signals.assign_working_days),
        context=about,
        check=known,
    )


def _handle(
    work: Work, about: str, handler: str, rework: int, after: Answer
) -> tuple[Answer[SignalHandling], Answer[SignalFeedback]]:
    """The handler acts, and feeds back what came of it."""
    days = work.policy.signals.handle_working_days
    handled = work.ask(
        nth("handle", rework),
        SignalHandling,
        duty="handle",
        title="处置",
        of=work.named(OFFICER, handler),
        due_on=work.working_days_after(after, days),
        context=about,
    )
    fed_back = work.ask(
        nth("feedback", rework),
        SignalFeedback,
        duty="handle",
        title="反馈",
        of=work.named(OFFICER, handler),
        due_on=work.working_days_after(handled, days),
        context=about + shown("处置", handled),
    )
    return handled, fed_back


def _confirm(
    work: Work, about: str, handled: Answer[SignalHandling], fed_back: Answer[SignalFeedback], rework: int
) -> Answer[SignalConfirmation]:
    """Risk control judges whether the risk is gone."""
    return work.ask(
        nth("confirm", rework),
        SignalConfirmation,
        duty="confirm",
        title="风险认定",
        of=Mandate(RISK_CONTROL),
        due_on=work.working_days_after(fed_back, work.policy.signals.confirm_working_days),
        context=about + shown("处置", handled) + shown("反馈", fed_back),
    )


def _clear(
    work: Work, about: str, fed_back: Answer[SignalFeedback], confirmed: Answer[SignalConfirmation], rework: int
) -> Answer[SignalClearance]:
    """The supervisor clears the signal; not while the condition that raised it lasts."""

    def check(form: SignalClearance, signer: Signer) -> list[str]:
        if not form.cleared:
            return []
        with work.office.book.read() as session:
            signal = signals.get(session, signal_of(work.office, work.case).number)
            if signals.still_holds(session, work.policy, signal, signer.day):
                return ["规则条件仍然存在, 不能消除 (what raised the signal still holds; it cannot be cleared yet)"]
        return []

    return work.ask(
        nth("clear", rework),
        SignalClearance,
        duty="supervise",
        title="消除信号",
        of=work.of_branch(SUPERVISOR),
        due_on=work.working_days_after(confirmed, work.policy.signals.confirm_working_days),
        context=about + shown("反馈", fed_back) + shown("认定", confirmed),
        check=check,
    )
