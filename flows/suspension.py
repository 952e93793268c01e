"""Business with a branch or partner beyond a threshold: stopped, and resumed when it is sound again (停复牌, SIG-2)."""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from postloan.book import Writer, signals, suspensions
from postloan.forms.base import Form
from postloan.forms.offices import OfficeDecision, ResumptionProposal, SuspensionProposal
from postloan.rendering import plain
from postloan.rules.duties_apart import Mandate
from postloan.rules.roles import RISK_CONTROL
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.loans import Seen, signal_of
from tasks.work import CASE_NUMBER, Work, begin, nth, shown, superseded

TITLE = "业务停复牌审批表"


@flow(name="business-suspension", flow_run_name="业务停复牌 {case_no}", retries=0)
def business_suspension(case_no: str = CASE_NUMBER) -> State:
    """Business with a branch or partner: proposed to stop, decided, looked at again until it is resumed.

    Args:
        case_no: the case in the book, for example BS-S12. The daily round opens it.
    """
    work = begin(case_no)
    if work is None:
        return superseded()
    signal = signal_of(work.office, work.case)
    about = work.heading(TITLE, ("机构", signal.office), ("信号", signal.title), ("发现日期", str(signal.seen_on)))
    about += f"\n\n> {plain(signal.detail)}" if signal.detail else ""

    papers: list[tuple[str, Form]] = []
    rework = 1
    while True:
        proposed = _propose_stop(work, about + work.returned(rework, ("decide", "opinion")), rework)
        decided = _decide(work, nth("decide", rework), about, "停牌建议", proposed)
        papers += [("停牌建议", proposed.form), ("有权人决定", decided.form)]
        if proposed.form.stops or decided.form.approved:
            break
        rework += 1  # to watch only was not enough for the authority
    if not (proposed.form.stops and decided.form.approved):
        archive_paper(case_no, "suspension_record", TITLE, papers)
        return work.finish("not_suspended", f"{case_no}: business goes on")

    def stop(writer: Writer) -> None:
        found = signals.get(writer.session, signal.number)
        suspensions.start(writer, work.case, found, work.day_of(decided), by=decided.staff_no)

    work.note(stop)
    last: Answer = decided
    look = 1
    while True:
        looked = _propose_resumption(work, about, signal, proposed, last, look)
        papers.append((f"复牌建议 ({look})", looked.form))
        last = looked
        if looked.form.resumes:
            resumed = _decide(work, nth("resume", look), about, "复牌建议", looked)
            papers.append((f"有权人决定 ({look})", resumed.form))
            last = resumed
            if resumed.form.approved:
                break
        look += 1

    archive_paper(case_no, "suspension_record", TITLE, papers, rounds=look)

    def resume(writer: Writer) -> None:
        found = signals.get(writer.session, signal.number)
        suspensions.resume(writer, work.case, found, work.day_of(last), by=last.staff_no)

    return work.finish("resumed", f"{case_no}: resumed", resume)


def _propose_stop(work: Work, about: str, rework: int) -> Answer[SuspensionProposal]:
    """Risk control proposes; whoever is stopped is told what has to be met."""

    def check(form: SuspensionProposal, _signer: Signer) -> list[str]:
        if form.stops and not form.conditions.strip():
            return ["停牌须写明复牌条件 (say what has to be met to resume)"]
        return []

    return work.ask(
        nth("propose", rework),
        SuspensionProposal,
        duty="propose",
        title="停牌建议",
        of=Mandate(RISK_CONTROL),
        due_on=max(work.case.due_on, work.office.today) if rework > 1 else work.case.due_on,
        context=about,
        check=check,
    )


def _propose_resumption(
    work: Work, about: str, signal: Seen, proposed: Answer, after: Answer, look: int
) -> Answer[ResumptionProposal]:
    """Risk control looks again; business is not resumed while the figures are beyond the threshold."""

    def check(form: ResumptionProposal, signer: Signer) -> list[str]:
        if not form.resumes:
            return []
        with work.office.book.read() as session:
            found = signals.get(session, signal.number)
            if signals.still_holds(session, work.policy, found, signer.day):
                return ["指标仍超过阈值, 不能复牌 (the figures are still beyond the threshold)"]
        return []

    return work.ask(
        nth("look", look),
        ResumptionProposal,
        duty="propose",
        title="复牌评估",
        of=Mandate(RISK_CONTROL),
        due_on=work.days_after(after, work.policy.suspension.review_days),
        context=about + shown("停牌建议", proposed),
        check=check,
    )


def _decide(work: Work, step: str, about: str, title: str, proposal: Answer) -> Answer[OfficeDecision]:
    """The authority decides about a proposal."""
    return work.ask(
        step,
        OfficeDecision,
        duty="approve",
        title=f"{title}审批",
        of=Mandate(work.policy.suspension.authority),
        due_on=work.working_days_after(proposal, work.policy.suspension.decide_working_days),
        context=about + shown(title, proposal),
    )
