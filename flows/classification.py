"""Risk classification (风险分类): proposed, reviewed, and approved where better than the rule (CLS-1, CLS-2);
and the plans for potential-risk customers, followed until they end (SIG-3)."""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from postloan.book import Writer, classification, plans, signals
from postloan.forms.base import Form, SupervisorSignature
from postloan.forms.classification import ClassificationApproval, ClassificationProposal, ClassificationReview
from postloan.forms.registers import PlanFollowUp
from postloan.rendering import plain
from postloan.rules.classification import TITLES, Best, customer_class, needs_authority, proposal_faults
from postloan.rules.roles import OFFICER, SUPERVISOR
from tasks.archive import archive_paper
from tasks.classification import rule_class
from tasks.human import Answer, Signer
from tasks.officers import assign_officer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded

TITLE = "信贷资产风险分类认定表"
PLAN_TITLE = "潜在风险客户管理方案跟踪表"


@flow(name="risk-classification", flow_run_name="风险分类 {case_no}", retries=0)
def risk_classification(case_no: str = CASE_NUMBER) -> State:
    """The category of a loan at a quarter's end, where it is not plainly normal.

    Args:
        case_no: the case in the book, for example RC-L0001-2026-03-31. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    as_of = work.case.anchor_on
    best = rule_class(case_no)
    officer = assign_officer(case_no)
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
    archive_paper(case_no, "classification_record", TITLE, papers, rounds=rework)

    def enter(writer: Writer) -> None:
        classification.decide(writer, work.case, as_of, decided, best, by=last.staff_no)
        if (plan := proposal.form.plan.strip()) and _potential_risk(work, decided):
            plans.make(writer, work.case, work.loan, plan, work.day_of(last), by=proposal.staff_no)

    return work.finish(decided, f"{case_no}: {decided}", enter)


def _potential_risk(work: LoanWork, risk_class: str) -> bool:
    """SIG-3: whether the loan's borrower would be a potential-risk customer with this category."""
    with work.office.book.read() as session:
        open_signal = signals.is_open(session, work.loan, work.case.anchor_on)
    return customer_class(risk_class, open_signal=open_signal) == "potential_risk"


def _propose(work: LoanWork, about: str, best: Best, officer: str, rework: int) -> Answer[ClassificationProposal]:
    """The officer proposes; a potential-risk customer gets a plan (SIG-3)."""

    def check(form: ClassificationProposal, _signer: Signer) -> list[str]:
        faults = proposal_faults(form.risk_class, best, reason=form.reason)
        if _potential_risk(work, form.risk_class) and not form.plan.strip():
            faults.append("潜在风险客户须填写管理方案 (a potential-risk customer needs a plan)")
        return faults

    return work.ask(
        nth("propose", rework),
        ClassificationProposal,
        duty="propose",
        title="分类建议",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on
        if rework == 1
        else work.in_working_days(work.policy.classification.review_working_days),
        context=about + work.returned(rework, ("approve", "reason"), ("review", "opinion")),
        check=check,
    )


def _review(work: LoanWork, about: str, proposal: Answer, rework: int) -> Answer[ClassificationReview]:
    """Credit administration reviews."""
    return work.ask(
        nth("review", rework),
        ClassificationReview,
        duty="review",
        title="分类复核",
        of=work.of_branch("credit_administration"),
        due_on=work.working_days_after(proposal, work.policy.classification.review_working_days),
        context=about + shown("客户经理建议", proposal),
    )


def _approve(
    work: LoanWork, about: str, proposal: Answer, review: Answer, rework: int
) -> Answer[ClassificationApproval]:
    """The authority decides about a better category than the rule gives."""
    return work.ask(
        nth("approve", rework),
        ClassificationApproval,
        duty="approve",
        title="优于规则的分类审批",
        of=work.of_branch(work.policy.classification.authority),
        due_on=work.working_days_after(review, work.policy.classification.approve_working_days),
        context=about + shown("客户经理建议", proposal) + shown("信贷管理岗复核", review),
    )


# ------------------------------------------------------------------- potential-risk customers


@flow(name="plan-follow-up", flow_run_name="潜在风险客户方案跟踪 {case_no}", retries=0)
def plan_follow_up(case_no: str = CASE_NUMBER) -> State:
    """The plan for a potential-risk customer is looked at: followed, changed, or ended.

    Args:
        case_no: the case in the book, for example PF-C1-2026-05-08. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    with work.office.book.read() as session:
        plan = plans.in_force(session, work.borrower.borrower_no, work.case.opened_on)
    about = work.heading(PLAN_TITLE, ("方案日期", str(work.case.anchor_on)))
    about += f"\n\n> {plain(plan.plan)}" if plan is not None else ""
    officer = assign_officer(case_no)

    rework = 1
    while True:
        followed = _follow(work, about, officer, rework)
        signed = work.ask(
            nth("sign", rework),
            SupervisorSignature,
            duty="sign",
            title="信贷主管审阅",
            of=work.of_branch(SUPERVISOR),
            due_on=work.working_days_after(followed, work.policy.classification.review_working_days),
            context=about + shown("方案执行情况", followed),
        )
        if not signed.form.returned:
            break
        rework += 1

    papers: list[tuple[str, Form]] = [("方案执行情况", followed.form), ("信贷主管意见", signed.form)]
    archive_paper(case_no, "plan_record", PLAN_TITLE, papers, rounds=rework)

    def enter(writer: Writer) -> None:
        day = work.day_of(signed)
        now = plans.in_force(writer.session, work.borrower.borrower_no, day)
        if now is None or now.made_on != work.case.anchor_on:
            return  # another plan took its place while this one was looked at
        if followed.form.resolved:
            plans.end(writer, work.case, work.borrower.borrower_no, day, by=signed.staff_no)
        elif followed.form.new_plan.strip():
            plans.make(writer, work.case, work.loan, followed.form.new_plan, day, by=followed.staff_no)

    outcome = "resolved" if followed.form.resolved else "changed" if followed.form.new_plan.strip() else "followed"
    return work.finish(outcome, f"{case_no}: {outcome}", enter)


def _follow(work: LoanWork, about: str, officer: str, rework: int) -> Answer[PlanFollowUp]:
    """The officer reports; who is off plan says what is to be done instead."""

    def check(form: PlanFollowUp, signer: Signer) -> list[str]:
        faults = []
        if form.off_plan and not form.new_plan.strip():
            faults.append("偏离方案时须填写调整后的方案 (off plan: say what is to be done instead)")
        if form.resolved:
            with work.office.book.read() as session:
                if signals.is_open(session, work.loan, signer.day):
                    faults.append("尚有未消除的预警信号, 不能结束方案 (a warning signal is still open)")
        return faults

    return work.ask(
        nth("follow", rework),
        PlanFollowUp,
        duty="report",
        title="方案跟踪",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on
        if rework == 1
        else work.in_working_days(work.policy.classification.review_working_days),
        context=about + work.returned(rework, ("sign", "opinion")),
        check=check,
    )
