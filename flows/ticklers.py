"""Documents that lapse or are due each year: insurance, valuations, licences, statements … (INS-11).

Which there are stands in the policy; this one flow carries all of them out.
"""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.states import State

from postloan.book import Writer, ticklers
from postloan.forms.base import SupervisorSignature
from postloan.forms.papers import LapsingDocument
from postloan.policy.sections import Tickler
from postloan.rules.roles import OFFICER, SUPERVISOR
from tasks import notices
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.loans import announce
from tasks.officers import assign_officer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded


@flow(name="tickler", flow_run_name="到期事项 {case_no}", retries=0)
def tickler(case_no: str = CASE_NUMBER) -> State:
    """A document that lapses: the borrower is told, an officer gets the new one, the supervisor confirms.

    Args:
        case_no: the case in the book, for example INSURANCE-EXPIRY-K7-2026-05-01.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    rule = work.policy.ticklers[work.case.kind]
    officer = assign_officer(case_no) if rule.role == OFFICER else ""
    if rule.announce:
        announce(case_no, "document_reminder", title=rule.title)
        notices.deliver()
    about = work.heading(rule.title, ("事项", ticklers.subject_of(work.case)), ("到期日", str(work.case.due_on)))

    rework = 1
    while True:
        obtained = _obtain(work, rule, about, officer, rework)
        signed = _confirm(work, rule, about, obtained, rework)
        if not signed.form.returned:
            break
        rework += 1

    form = obtained.form
    papers = [("办理结果", form), ("信贷主管意见", signed.form)]
    archive_paper(case_no, "tickler_record", rule.title, papers, rounds=rework)

    def enter(writer: Writer) -> None:
        if form.obtained and rule.on:
            until = date.fromisoformat(form.valid_until)
            ticklers.renew(writer, work.case, rule, until, by=obtained.staff_no)

    outcome = "obtained" if form.obtained else "waived"
    return work.finish(outcome, f"{case_no}: {outcome}", enter)


def _obtain(work: LoanWork, rule: Tickler, about: str, officer: str, rework: int) -> Answer[LapsingDocument]:
    """The officer enters the new document, or asks for a waiver."""

    def check(form: LapsingDocument, _signer: Signer) -> list[str]:
        if not form.obtained:
            return [] if form.remark.strip() else ["申请豁免须说明理由 (say why it may be waived)"]
        faults = [] if form.document.strip() else ["须填写文件名称与编号 (name the document)"]
        if rule.on:
            try:
                later = date.fromisoformat(form.valid_until) > work.case.due_on
            except ValueError:
                return [*faults, f"新的到期日 {form.valid_until!r} 不是日期 (the new date is not a date)"]
            if not later:
                faults.append(f"新的到期日须晚于 {work.case.due_on} (must be later than what lapses)")
        return faults

    return work.ask(
        nth("obtain", rework),
        LapsingDocument,
        duty="obtain",
        title=rule.title,
        of=work.named(rule.role, officer),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(rule.step_working_days),
        context=about + work.returned(rework, ("sign", "opinion")),
        check=check,
    )


def _confirm(
    work: LoanWork, rule: Tickler, about: str, obtained: Answer[LapsingDocument], rework: int
) -> Answer[SupervisorSignature]:
    """The supervisor has seen the document, or agrees to the waiver."""
    return work.ask(
        nth("sign", rework),
        SupervisorSignature,
        duty="sign",
        title=f"{rule.title}: 信贷主管确认",
        of=work.of_branch(SUPERVISOR),
        due_on=work.working_days_after(obtained, rule.step_working_days),
        context=about + shown("办理结果", obtained),
    )
