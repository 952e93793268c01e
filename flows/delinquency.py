"""Delinquency: no right lapses in silence (LIM-1). The stages of collection and the workout come here too."""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from postloan.book import Writer, limitation
from postloan.book.limitation import Right
from postloan.book.parties import TITLES
from postloan.forms.base import Form, SupervisorSignature
from postloan.forms.delinquency import LimitationAct
from postloan.forms.offices import OfficeDecision
from postloan.rules.roles import OFFICER, SUPERVISOR
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.officers import assign_officer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded

TITLE = "诉讼时效管理记录"


@flow(name="limitation-warning", flow_run_name="诉讼时效 {case_no}", retries=0)
def limitation_warning(case_no: str = CASE_NUMBER) -> State:
    """A limitation period is about to lapse: it is interrupted with proof, or the authority lets it lapse.

    Args:
        case_no: the case in the book, for example LW-L0001-C1-2029-06-30. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    right = _right(work)
    about = work.heading(
        TITLE,
        ("债务人", f"{TITLES[right.party][0]} {right.party_no}"),
        ("起算日", str(right.started_on)),
        ("届满日", str(work.case.anchor_on)),
    )

    rework, decided = 1, None
    while True:
        acted = _act(work, right, about, officer, rework)
        signed = work.ask(
            nth("sign", rework),
            SupervisorSignature,
            duty="sign",
            title="信贷主管核实凭证",
            of=work.of_branch(SUPERVISOR),
            due_on=work.working_days_after(acted, work.policy.limitation.step_working_days),
            context=about + shown("办理结果", acted),
        )
        if not signed.form.returned:
            decided = _decide(work, about, acted, signed, rework) if acted.form.lets_lapse else None
            if decided is None or decided.form.approved:
                break
        rework += 1

    papers: list[tuple[str, Form]] = [("办理结果", acted.form), ("信贷主管意见", signed.form)]
    if decided is not None:
        papers.append(("放弃权利审批", decided.form))
    archive_paper(case_no, "limitation_record", TITLE, papers, rounds=rework)

    def enter(writer: Writer) -> None:
        if not acted.form.lets_lapse:
            limitation.interrupt(
                writer,
                work.case,
                party=right.party,
                party_no=right.party_no,
                kind=acted.form.act,
                happened_on=acted.form.happened_on,
                document=acted.form.document,
                by=acted.staff_no,
            )

    outcome = "let_lapse" if acted.form.lets_lapse else "interrupted"
    return work.finish(outcome, f"{case_no}: {outcome}", enter)


def _right(work: LoanWork) -> Right:
    """The right that the case is about: its subject begins with the party's number."""
    with work.office.book.read() as session:
        rights = limitation.of_loan(session, work.policy, work.loan, work.case.opened_on)
    number = work.case.subject.removesuffix(f"-{work.case.anchor_on}")
    return next(right for right in rights if right.party_no == number)


def _act(work: LoanWork, right: Right, about: str, officer: str, rework: int) -> Answer[LimitationAct]:
    """The debtor is demanded of, agrees, or is sued, while there is time; each with its proof."""

    def check(form: LimitationAct, signer: Signer) -> list[str]:
        if form.lets_lapse:
            return [] if len(form.reason.strip()) >= 5 else ["须说明放弃的理由 (say why the right may lapse)"]
        faults = []
        if not right.started_on < form.happened_on <= min(signer.day, work.case.anchor_on):
            faults.append(
                f"日期须晚于 {right.started_on}, 不晚于今天和届满日 {work.case.anchor_on} "
                "(after the period began, not after today nor its last day)"
            )
        if not form.document.strip():
            faults.append("须填写凭证 (name the proof: without one, the period is not interrupted)")
        if form.delivery.startswith("当面签收") and form.act == "demand" and not form.signed_by.strip():
            faults.append("当面送达须填写签收人 (who signed for it?)")
        return faults

    return work.ask(
        nth("act", rework),
        LimitationAct,
        duty="report",
        title="中断诉讼时效",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.limitation.step_working_days),
        context=about + work.returned(rework, ("lapse", "opinion"), ("sign", "opinion")),
        check=check,
    )


def _decide(work: LoanWork, about: str, acted: Answer, signed: Answer, rework: int) -> Answer[OfficeDecision]:
    """Only the authority lets a right lapse."""
    return work.ask(
        nth("lapse", rework),
        OfficeDecision,
        duty="approve",
        title="放弃权利审批",
        of=work.of_branch(work.policy.limitation.authority),
        due_on=work.working_days_after(signed, work.policy.limitation.step_working_days),
        context=about + shown("办理结果", acted) + shown("信贷主管意见", signed),
    )
