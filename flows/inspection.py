"""Inspections. First inspection (首次检查): INS-2, INS-3, INS-4, INS-8, REC-6."""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.states import Completed, State

from postloan.book import cases, loans
from postloan.book.tables import Case
from postloan.forms import METHODS, FirstInspectionReport, RiskReview, SupervisorSignature
from postloan.policy import Policy
from postloan.rendering import masked, money, plain
from postloan.rules.duties_apart import Mandate
from postloan.rules.inspection import FirstInspectionFacts, report_due, report_faults
from tasks import inspection, notices, runs
from tasks.human import Answer, ask
from tasks.office import Office

TITLE = "信贷业务首次检查报告单"


@flow(name="first-inspection", flow_run_name="首次检查 {case_no}", retries=0)
def first_inspection(case_no: str) -> State:
    """The first inspection of a loan, from the assignment of an officer to the archived report.

    Args:
        case_no: the case in the book, for example FI-L0001. The daily round opens it.
    """
    office = Office.open()
    if not runs.claim(office, case_no):
        return Completed(name="Superseded", message="another run carries out this case, or it is closed")
    with office.book.read() as session:
        case = cases.get(session, case_no)
        policy = office.policy_of(session, case)
        branch = loans.get(session, case.loan_no).branch_no or ""

    officer = inspection.assign_officer(case_no)
    if policy.inspection.first.announce_to_borrower:
        inspection.announce(case_no)
        notices.deliver()

    rework = 1
    while True:
        report = _report(office, case, policy, officer, rework)
        signed = _signature(office, case, policy, branch, report, rework)
        if signed.form.returned:
            rework += 1
            continue
        reviewed = _review(office, case, policy, report, signed, rework)
        if not reviewed.form.returned:
            break
        rework += 1

    form = report.form
    if form.signals:
        inspection.record_signals(case_no, list(form.signals), form.inspected_on, form.findings)
    inspection.archive_report(
        case_no,
        "first_inspection_report",
        TITLE,
        {
            "report": form.model_dump(),
            "supervisor": signed.form.model_dump(),
            "review": reviewed.form.model_dump(),
            "rounds": rework,
        },
    )
    with office.book.write(origin=f"flow-run {runs.current_run_id()}") as writer:
        cases.close(writer, case, "archived")
    runs.show_done(case)
    return Completed(message=f"{case_no} archived after {rework} round(s)")


def _step(name: str, rework: int) -> str:
    return name if rework == 1 else f"{name}-{rework}"


def _report(office: Office, case: Case, policy: Policy, officer: str, rework: int) -> Answer[FirstInspectionReport]:
    """The officer inspects and reports; after rework, inspects again."""
    rules = policy.inspection.first

    def check(form: FirstInspectionReport, answered_on: date) -> list[str]:
        faults = []
        if METHODS[form.method] not in rules.methods:
            faults.append(f"检查方式 {form.method} 不被允许 (the policy allows {', '.join(rules.methods)})")
        return faults + report_faults(
            FirstInspectionFacts(case.anchor_on, answered_on, case.due_on),
            inspected_on=form.inspected_on,
            report_due_on=report_due(form.inspected_on, rules.report_working_days, policy.working_days),
            fully_compliant=form.fully_compliant,
            signals=list(form.signals),
            findings=form.findings,
            reason_late=form.reason_late,
        )

    return ask(
        office,
        case,
        step=_step("report", rework),
        duty="report",
        title="检查报告" if rework == 1 else f"检查报告 (第{rework}次)",
        form=FirstInspectionReport,
        of=Mandate(inspection.OFFICER, officer),
        due_on=case.due_on
        if rework == 1
        else policy.working_days.add_working_days(office.today, rules.report_working_days),
        context=_about(office, case) + _returned(office, case, rework),
        check=check,
    )


def _signature(
    office: Office,
    case: Case,
    policy: Policy,
    branch: str,
    report: Answer[FirstInspectionReport],
    rework: int,
) -> Answer[SupervisorSignature]:
    """The credit supervisor reads the report, opines and signs."""
    reported_on = office.local(report.signed_at).date()
    return ask(
        office,
        case,
        step=_step("sign", rework),
        duty="sign",
        title="信贷主管签字",
        form=SupervisorSignature,
        of=Mandate("credit_supervisor", branch_no=branch),
        due_on=policy.working_days.add_working_days(reported_on, policy.inspection.first.sign_working_days),
        context=_about(office, case) + _summary(report),
    )


def _review(
    office: Office,
    case: Case,
    policy: Policy,
    report: Answer[FirstInspectionReport],
    signed: Answer[SupervisorSignature],
    rework: int,
) -> Answer[RiskReview]:
    """Risk control reviews, and accepts the report or returns it."""
    signed_on = office.local(signed.signed_at).date()
    return ask(
        office,
        case,
        step=_step("review", rework),
        duty="review",
        title="风险控制部审核",
        form=RiskReview,
        of=Mandate("risk_control"),
        due_on=policy.working_days.add_working_days(signed_on, policy.inspection.first.review_working_days),
        context=_about(office, case)
        + _summary(report)
        + f"\n\n**信贷主管意见** ({signed.staff_no}): {plain(signed.form.opinion)}",
    )


def _about(office: Office, case: Case) -> str:
    with office.book.read() as session:
        loan = loans.get(session, case.loan_no)
        borrower = loans.borrower_of(session, loan)
    return (
        f"### {TITLE}\n\n"
        f"| 借据号 | 借款人 | 金额 | 首次提款日 | 到期日 | 约定用途 |\n|---|---|---|---|---|---|\n"
        f"| {loan.loan_no} | {masked(borrower.name)} | {money(loan.principal)} {loan.currency} "
        f"| {case.anchor_on} | {loan.matures_on} | {plain(loan.purpose) or '—'} |\n"
    )


def _returned(office: Office, case: Case, rework: int) -> str:
    """Why the report came back, for the officer who has to do it again."""
    if rework == 1:
        return ""
    with office.book.read() as session:
        for name in ("review", "sign"):
            step = cases.result(session, case.case_no, _step(name, rework - 1))
            if step is not None:
                return f"\n\n> **退回意见 Returned by {step.staff_no}:** {plain(step.result['opinion'])}"
    return ""


def _summary(report: Answer[FirstInspectionReport]) -> str:
    lines = ["", f"**经办人 {report.staff_no} 的检查报告**", "", "| 项目 | 内容 |", "|---|---|"]
    for name, info in FirstInspectionReport.model_fields.items():
        value = getattr(report.form, name)
        shown = "、".join(value) if isinstance(value, list) else str(value)
        if shown:
            lines.append(f"| {info.title} | {plain(shown)} |")
    return "\n".join(lines)
