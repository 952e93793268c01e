"""Documents that lapse or are due each year: insurance, valuations, licences, statements … (INS-11).

Which there are stands in the policy; this one flow carries all of them out.
"""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.states import State

from postloan.book import ticklers
from postloan.forms.base import SupervisorSignature, rows
from postloan.forms.papers import LapsingDocument
from postloan.policy.sections import Tickler
from postloan.rendering import plain
from postloan.rules.duties_apart import Mandate
from tasks import inspection, notices, runs
from tasks.human import Answer, ask
from tasks.work import Work, begin, finish, superseded


@flow(name="tickler", flow_run_name="到期事项 {case_no}", retries=0)
def tickler(case_no: str) -> State:
    """A document that lapses: the borrower is told, an officer gets the new one, the supervisor confirms.

    Args:
        case_no: the case in the book, for example INSURANCE-EXPIRY-L0001-K7-2026-05-01.
    """
    work = begin(case_no)
    if work is None:
        return superseded()
    rule = work.policy.ticklers[work.case.kind]
    officer = inspection.assign_officer(case_no) if rule.role == inspection.OFFICER else ""
    inspection.announce(case_no, "document_reminder", title=rule.title)
    notices.deliver()
    about = work.heading(rule.title, ("事项", ticklers.subject_of(work.case)), ("到期日", str(work.case.due_on)))

    rework = 1
    while True:
        obtained = _obtain(work, rule, about, officer, rework)
        signed = _confirm(work, rule, about, obtained, rework)
        if not signed.form.returned:
            break
        about += f"\n\n> **退回意见 Returned by {signed.staff_no}:** {plain(signed.form.opinion)}"
        rework += 1

    form = obtained.form
    inspection.archive_report(
        case_no,
        "tickler_record",
        rule.title,
        {"sections": [("办理结果", rows(form)), ("信贷主管意见", rows(signed.form))], "rounds": rework},
        template="paper",
    )
    if form.obtained and rule.on:
        with work.office.book.write(origin=f"flow-run {runs.current_run_id()}") as writer:
            until = date.fromisoformat(form.valid_until)
            ticklers.renew(writer, work.case, rule, until, by=obtained.staff_no)
    outcome = "obtained" if form.obtained else "waived"
    return finish(work, outcome, f"{case_no}: {outcome}")


def _step(name: str, rework: int) -> str:
    return name if rework == 1 else f"{name}-{rework}"


def _obtain(work: Work, rule: Tickler, about: str, officer: str, rework: int) -> Answer[LapsingDocument]:
    """The officer enters the new document, or asks for a waiver."""

    def check(form: LapsingDocument, _answered_on: date) -> list[str]:
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

    return ask(
        work.office,
        work.case,
        step=_step("obtain", rework),
        duty="obtain",
        title=rule.title,
        form=LapsingDocument,
        of=Mandate(rule.role, officer, "" if officer else work.branch),
        due_on=work.case.due_on if rework == 1 else work.calendar.add_working_days(work.office.today, 2),
        context=about,
        check=check,
    )


def _confirm(
    work: Work, rule: Tickler, about: str, obtained: Answer[LapsingDocument], rework: int
) -> Answer[SupervisorSignature]:
    """The supervisor has seen the document, or agrees to the waiver."""
    lines = "\n".join(f"| {name} | {plain(text)} |" for name, text in rows(obtained.form))
    return ask(
        work.office,
        work.case,
        step=_step("sign", rework),
        duty="sign",
        title=f"{rule.title}: 信贷主管确认",
        form=SupervisorSignature,
        of=Mandate("credit_supervisor", branch_no=work.branch),
        due_on=work.working_days_after(obtained, 2),
        context=f"{about}\n\n**{obtained.staff_no}**\n\n| 项目 | 内容 |\n|---|---|\n{lines}",
    )
