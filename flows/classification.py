"""Risk classification (风险分类): proposed, reviewed, and approved where better than the rule (CLS-1, CLS-2)."""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.states import State

from postloan.book import cases, classification
from postloan.forms.base import Form, rows
from postloan.forms.classification import ClassificationApproval, ClassificationProposal, ClassificationReview
from postloan.rendering import plain
from postloan.rules.classification import TITLES, Best, customer_class, needs_authority, proposal_faults
from postloan.rules.duties_apart import Mandate
from tasks import inspection, runs
from tasks.classification import rule_class
from tasks.human import Answer, ask
from tasks.work import Work, begin, finish, superseded

TITLE = "信贷资产风险分类认定表"


@flow(name="risk-classification", flow_run_name="风险分类 {case_no}", retries=0)
def risk_classification(case_no: str) -> State:
    """The category of a loan at a quarter's end, where it is not plainly normal.

    Args:
        case_no: the case in the book, for example RC-L0001-2026-03-31. The daily round opens it.
    """
    work = begin(case_no)
    if work is None:
        return superseded()
    as_of = work.case.anchor_on
    best = rule_class(case_no)
    officer = inspection.assign_officer(case_no)
    about = work.heading(TITLE, ("分类基准日", str(as_of)), ("规则分类", f"{TITLES[best.risk_class]}: {best.why}"))

    rework = 1
    while True:
        proposal = _propose(work, about, best, officer, rework)
        review = _review(work, about, proposal, rework)
        papers: list[tuple[str, Form]] = [("客户经理建议", proposal.form), ("信贷管理岗复核", review.form)]
        if review.form.returned:
            rework += 1
            continue
        last: Answer = review
        if not needs_authority(proposal.form.risk_class, best):
            break
        approval = _approve(work, about, proposal, review, rework)
        papers.append(("有权人审批", approval.form))
        last = approval
        if approval.form.approved:
            break
        rework += 1

    decided = proposal.form.risk_class
    inspection.archive_report(
        case_no,
        "classification_record",
        TITLE,
        {"sections": [(name, rows(form)) for name, form in papers], "rounds": rework},
        template="paper",
    )
    with work.office.book.write(origin=f"flow-run {runs.current_run_id()}") as writer:
        classification.decide(writer, work.case, as_of, decided, best, by=last.staff_no)
    return finish(work, decided, f"{case_no}: {decided}")


def _step(name: str, rework: int) -> str:
    return name if rework == 1 else f"{name}-{rework}"


def _propose(work: Work, about: str, best: Best, officer: str, rework: int) -> Answer[ClassificationProposal]:
    """The officer proposes; a potential-risk customer gets a plan (SIG-3)."""

    def check(form: ClassificationProposal, _answered_on: date) -> list[str]:
        faults = proposal_faults(form.risk_class, best, reason=form.reason)
        if customer_class(form.risk_class, open_signal=False) == "potential_risk" and not form.plan.strip():
            faults.append("潜在风险客户须填写管理方案 (a potential-risk customer needs a plan)")
        return faults

    return ask(
        work.office,
        work.case,
        step=_step("propose", rework),
        duty="propose",
        title="分类建议",
        form=ClassificationProposal,
        of=Mandate(inspection.OFFICER, officer),
        due_on=work.case.due_on
        if rework == 1
        else work.calendar.add_working_days(work.office.today, work.policy.classification.review_working_days),
        context=about + _returned(work, rework),
        check=check,
    )


def _review(work: Work, about: str, proposal: Answer, rework: int) -> Answer[ClassificationReview]:
    """Credit administration reviews."""
    return ask(
        work.office,
        work.case,
        step=_step("review", rework),
        duty="review",
        title="分类复核",
        form=ClassificationReview,
        of=Mandate("credit_administration", branch_no=work.branch),
        due_on=work.working_days_after(proposal, work.policy.classification.review_working_days),
        context=about + _shown(proposal),
    )


def _approve(work: Work, about: str, proposal: Answer, review: Answer, rework: int) -> Answer[ClassificationApproval]:
    """The authority decides about a better category than the rule gives."""
    return ask(
        work.office,
        work.case,
        step=_step("approve", rework),
        duty="approve",
        title="优于规则的分类审批",
        form=ClassificationApproval,
        of=Mandate(work.policy.classification.authority, branch_no=work.branch),
        due_on=work.working_days_after(review, work.policy.classification.approve_working_days),
        context=about + _shown(proposal) + _shown(review),
    )


def _returned(work: Work, rework: int) -> str:
    """Why it came back."""
    if rework == 1:
        return ""
    with work.office.book.read() as session:
        for name, field in (("approve", "reason"), ("review", "opinion")):
            step = cases.result(session, work.case.case_no, _step(name, rework - 1))
            if step is not None:
                return f"\n\n> **退回 Returned by {step.staff_no}:** {plain(step.result[field])}"
    return ""


def _shown(answer: Answer) -> str:
    lines = "\n".join(f"| {name} | {plain(text)} |" for name, text in rows(answer.form))
    return f"\n\n**{answer.staff_no}**\n\n| 项目 | 内容 |\n|---|---|\n{lines}"
