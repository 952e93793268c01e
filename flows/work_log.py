"""The work log (工作日志): what is missing is entered, and the heads opine on what came in (REC-3)."""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.states import State

from postloan.book import Writer, work_log
from postloan.forms.base import Form, SupervisorSignature
from postloan.forms.registers import WorkLogOpinion, WorkLogRecord
from postloan.rendering import plain
from postloan.rules.roles import OFFICER, SUPERVISOR
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.officers import assign_officer
from tasks.registers import missing_entries, wanted_entries
from tasks.work import CASE_NUMBER, LoanWork, begin, begin_on_loan, nth, shown, superseded

TITLE = "贷后管理工作日志"


@flow(name="work-log", flow_run_name="工作日志 {case_no}", retries=0)
def missing_entry(case_no: str = CASE_NUMBER) -> State:
    """A borrower for whom the month's work log lacks an entry: the officer makes it, the head opines.

    Args:
        case_no: the case in the book, for example WL-C1-2026-03-31. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    month = work.case.anchor_on
    first = month.replace(day=1)
    rule = work.policy.work_log
    wanted = wanted_entries(work.policy, work.borrower)
    officer = assign_officer(case_no)
    missing = missing_entries(case_no)
    about = work.heading(TITLE, ("月份", f"{month:%Y-%m}"), ("应有篇数", str(wanted)), ("尚缺篇数", str(missing)))

    rework = 1
    while True:
        entered = [_enter(work, about, officer, first, number, rework) for number in range(1, missing + 1)]
        signed = work.ask(
            nth("sign", rework),
            SupervisorSignature,
            duty="sign",
            title="信贷主管审阅工作日志",
            of=work.of_branch(SUPERVISOR),
            due_on=work.working_days_after(entered[-1], rule.review_working_days),
            context=about + "".join(shown("工作日志", answer) for answer in entered),
        )
        if not signed.form.returned:
            break
        rework += 1

    papers: list[tuple[str, Form]] = [("工作日志", answer.form) for answer in entered]
    archive_paper(case_no, "work_log_entry", TITLE, [*papers, ("信贷主管意见", signed.form)], rounds=rework)

    def enter(writer: Writer) -> None:
        for number, answer in enumerate(entered, start=1):
            work_log.enter(
                writer,
                work.case,
                number=number,
                borrower_no=work.borrower.borrower_no,
                staff_no=answer.staff_no,
                activity=answer.form.kind,
                acted_on=answer.form.acted_on,
                entered_on=work.day_of(answer),
                content=answer.form.content,
                opinion=signed.form.opinion,
                reviewed_by=signed.staff_no,
                reviewed_on=work.day_of(signed),
            )

    return work.finish("entered", f"{case_no}: entered", enter)


def _enter(work: LoanWork, about: str, officer: str, first: date, number: int, rework: int) -> Answer[WorkLogRecord]:
    """The officer enters what was done in the month."""
    last = work.case.anchor_on

    def check(form: WorkLogRecord, signer: Signer) -> list[str]:
        # Who did nothing in the month does it now, and says so: the entry is of the day on which it was done.
        if not first <= form.acted_on <= max(last, signer.day):
            return [f"日期须在 {first} 至今天之间 (done between {first} and today)"]
        return []

    return work.ask(
        nth("enter" if number == 1 else f"enter-no{number}", rework),
        WorkLogRecord,
        duty="report",
        title="补记工作日志",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.work_log.enter_working_days),
        context=about + work.returned(rework, ("sign", "opinion")),
        check=check,
    )


@flow(name="work-log-review", flow_run_name="工作日志审阅 {case_no}", retries=0)
def review(case_no: str = CASE_NUMBER) -> State:
    """The entries that came in at a branch, read by its head, who opines.

    Args:
        case_no: the case in the book, for example WR-B01-2026-03-31. The daily round opens it.
    """
    work = begin(case_no)
    if work is None:
        return superseded()
    with work.office.book.read() as session:
        entries = work_log.of_review(session, case_no)
    lines = [
        f"| {e.entry_no} | {e.borrower_no} | {e.staff_no} | {e.acted_on} | {e.activity} | {plain(e.content)[:200]} |"
        for e in entries
    ]
    about = work.heading(TITLE, ("机构", work.branch), ("日期", str(work.case.anchor_on)), ("篇数", str(len(entries))))
    about += "\n\n| 编号 | 客户号 | 工号 | 日期 | 工作内容 | 信息 |\n|---|---|---|---|---|---|\n" + "\n".join(lines)
    read = work.ask(
        "review",
        WorkLogOpinion,
        duty="review",
        title="信贷主管审阅工作日志",
        of=work.of_branch(SUPERVISOR),
        due_on=work.case.due_on,
        context=about,
    )
    table = {
        "title": TITLE,
        "columns": ["编号", "客户号", "工号", "日期", "工作内容", "信息"],
        "rows": [[e.entry_no, e.borrower_no, e.staff_no, str(e.acted_on), e.activity, e.content] for e in entries],
    }
    archive_paper(case_no, "work_log_review", TITLE, [("审阅意见", read.form)], tables=[table])

    def enter(writer: Writer) -> None:
        work_log.review(writer, work.case, read.form.opinion, by=read.staff_no, day=work.day_of(read))

    return work.finish("reviewed", f"{case_no}: {len(entries)} entries reviewed", enter)
