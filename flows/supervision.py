"""Head office's own inspections of branches (上级行监督检查): a sample, findings, rectification (SUP-1)."""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from postloan.book import Writer, supervision
from postloan.forms.base import Form
from postloan.forms.offices import Rectification, RectificationReview, SupervisionReport
from postloan.rules.duties_apart import Mandate
from postloan.rules.roles import SUPERVISOR
from postloan.rules.supervision import Found, findings
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.supervision import draw_sample
from tasks.work import CASE_NUMBER, Work, begin, nth, shown, superseded

TITLE = "贷后管理监督检查表"


@flow(name="branch-supervision", flow_run_name="监督检查 {case_no}", retries=0)
def branch_supervision(case_no: str = CASE_NUMBER) -> State:
    """A branch's post-loan work, inspected by head office on a sample; what is found is rectified.

    Args:
        case_no: the case in the book, for example SV-B01-2026-03-31. The daily round opens it.
    """
    work = begin(case_no)
    if work is None:
        return superseded()
    sample = draw_sample(case_no)
    about = work.heading(
        TITLE,
        ("机构", work.branch or "总行"),
        ("基准日", str(work.case.anchor_on)),
        ("抽样笔数", str(len(sample))),
    )
    about += "\n\n**抽样借据:** " + "、".join(sample)

    reported = _report(work, about, sample)
    found, _ = findings(reported.form.findings, sample)
    papers: list[tuple[str, Form]] = [("检查报告", reported.form)]
    rounds, last = 1, reported
    if found:
        rounds, last, more = _rectify(work, about, reported, found)
        papers += more

    table = {
        "title": "抽样借据",
        "columns": ["借据号", "问题"],
        "rows": [[no, "; ".join(f.content for f in found if f.loan_no == no) or "—"] for no in sample],
    }
    archive_paper(case_no, "supervision_record", TITLE, papers, rounds=rounds, tables=[table])

    def enter(writer: Writer) -> None:
        supervision.rectified(writer, work.case, day=work.day_of(last), by=last.staff_no)

    return work.finish("rectified" if found else "no_findings", f"{case_no}: {len(found)} finding(s)", enter)


def _report(work: Work, about: str, sample: list[str]) -> Answer[SupervisionReport]:
    """Supervision reads the sampled files and reports."""

    def check(form: SupervisionReport, _signer: Signer) -> list[str]:
        found, faults = findings(form.findings, sample)
        if form.grade.startswith("差") and not found:
            faults.append("评价为差时须列出问题 (poor, but nothing found?)")
        return faults

    return work.ask(
        "report",
        SupervisionReport,
        duty="supervision",
        title="监督检查报告",
        of=Mandate("supervision"),
        due_on=work.case.due_on,
        context=about,
        check=check,
    )


def _rectify(
    work: Work, about: str, reported: Answer, found: list[Found]
) -> tuple[int, Answer, list[tuple[str, Form]]]:
    """The branch rectifies until supervision has seen that it did; gives rounds, the last answer, the papers."""
    rules = work.policy.supervision
    due_on = work.days_after(reported, rules.rectify_days)

    def enter(writer: Writer) -> None:
        supervision.enter(writer, work.case, found, day=work.day_of(reported), due_on=due_on, by=reported.staff_no)

    work.note(enter)
    papers: list[tuple[str, Form]] = []
    rework = 1
    while True:
        rectified = work.ask(
            nth("rectify", rework),
            Rectification,
            duty="rectify",
            title="问题整改",
            of=work.of_branch(SUPERVISOR),
            due_on=due_on if rework == 1 else work.in_working_days(rules.review_working_days),
            context=about + shown("检查报告", reported) + work.returned(rework, ("accept", "opinion")),
        )
        accepted = work.ask(
            nth("accept", rework),
            RectificationReview,
            duty="supervision",
            title="整改验收",
            of=Mandate("supervision"),
            due_on=work.working_days_after(rectified, rules.review_working_days),
            context=about + shown("检查报告", reported) + shown("整改情况", rectified),
        )
        papers += [("整改情况", rectified.form), ("整改验收", accepted.form)]
        if accepted.form.rectified:
            return rework, accepted, papers
        rework += 1
