"""Inspections: the first (首次检查), the routine (常规检查) and the special one (紧急检查).

All three go the same way (INS-4, INS-8, INS-9): an officer inspects and reports, the credit
supervisor signs, risk control accepts or has it done again, the report is archived.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from prefect import flow
from prefect.states import State

from postloan.book import Writer, work_log
from postloan.forms.base import Form, LevelDecision, RiskReview, SupervisorSignature, rows
from postloan.forms.inspections import (
    METHODS,
    FirstInspectionReport,
    RoutineInspectionReport,
    SpecialInspectionReport,
    SupervisorDecision,
)
from postloan.rendering import plain
from postloan.rules import entrusted
from postloan.rules.duties_apart import Mandate
from postloan.rules.inspection import (
    FirstInspectionFacts,
    inspection_report_faults,
    on_site_required,
    report_due,
    report_faults,
)
from postloan.rules.roles import OFFICER, RISK_CONTROL, SUPERVISOR
from postloan.rules.signals import BY_LABEL
from tasks import notices
from tasks.archive import archive_paper, archive_report
from tasks.human import Answer, Check, Signer
from tasks.loans import announce, inspection_basis, record_signals, security_of, signal_of
from tasks.officers import assign_officer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, decided_above, nth, shown, superseded

F = TypeVar("F", bound=Form)
S = TypeVar("S", SupervisorSignature, SupervisorDecision)


@dataclass(frozen=True)
class Paper(Generic[F, S]):
    """What one kind of inspection puts on paper, and by when.

    Attributes:
        kind: of the document in the archive; its template.
        form, signature: what the officer and the supervisor fill in.
        again_days: working days for the report after it was returned.
        sign_days, review_days: working days for the signature and the review.
        faults: what keeps a report, handed in on a day, from being accepted.
        about: markdown above every form.
    """

    kind: str
    title: str
    form: type[F]
    signature: type[S]
    again_days: int
    sign_days: int
    review_days: int
    faults: Check[F]
    about: str


@dataclass(frozen=True)
class Signed(Generic[F, S]):
    """A report that risk control accepted, and how many rounds it took."""

    report: Answer[F]
    signature: Answer[S]
    review: Answer[RiskReview]
    rounds: int


# -------------------------------------------------------------------------------- the three kinds


@flow(name="first-inspection", flow_run_name="首次检查 {case_no}", retries=0)
def first_inspection(case_no: str = CASE_NUMBER) -> State:
    """The first inspection of a loan, from the assignment of an officer to the archived report.

    Args:
        case_no: the case in the book, for example FI-L0001. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    if work.policy.inspection.first.announce_to_borrower:
        announce(case_no)
        notices.deliver()
    paper = _first_paper(work)
    signed = _inspect(work, paper, officer)
    _record_signals(work, signed)
    archive_report(
        case_no,
        paper.kind,
        paper.title,
        {
            "report": signed.report.form.model_dump(),
            "supervisor": signed.signature.form.model_dump(),
            "review": signed.review.form.model_dump(),
            "rounds": signed.rounds,
        },
    )
    return _finish(work, signed, f"{case_no} archived after {signed.rounds} round(s)")


@flow(name="routine-inspection", flow_run_name="常规检查 {case_no}", retries=0)
def routine_inspection(case_no: str = CASE_NUMBER) -> State:
    """A routine inspection of a loan, by its rating and risk, to the archived report.

    Args:
        case_no: the case in the book, for example RI-L0001-03. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    paper = _routine_paper(work)
    signed = _inspect(work, paper, officer)
    _record_signals(work, signed)
    _archive(work, paper, signed)
    return _finish(work, signed, f"{case_no} archived after {signed.rounds} round(s)")


@flow(name="special-inspection", flow_run_name="紧急检查 {case_no}", retries=0)
def special_inspection(case_no: str = CASE_NUMBER) -> State:
    """A special inspection on a serious warning signal, with what the levels above decided.

    Args:
        case_no: the case in the book, for example SI-S12. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    paper = _special_paper(work)
    signed = _inspect(work, paper, officer)
    decisions = _levels(work, paper, signed) if signed.signature.form.reported_upward else []
    _record_signals(work, signed)
    _archive(work, paper, signed, decisions)
    return _finish(work, signed, f"{case_no} archived, {len(decisions)} level(s) above decided")


def _first_paper(work: LoanWork) -> Paper[FirstInspectionReport, SupervisorSignature]:
    """《信贷业务首次检查报告单》: INS-2, INS-3, INS-4."""
    rules = work.policy.inspection.first

    def faults(form: FirstInspectionReport, signer: Signer) -> list[str]:
        found = []
        if METHODS[form.method] not in rules.methods:
            found.append(f"检查方式 {form.method} 不被允许 (the policy allows {', '.join(rules.methods)})")
        return found + report_faults(
            FirstInspectionFacts(work.case.anchor_on, signer.day, work.case.due_on),
            inspected_on=form.inspected_on,
            report_due_on=report_due(form.inspected_on, rules.report_working_days, work.calendar),
            fully_compliant=form.fully_compliant,
            signals=list(form.signals),
            findings=form.findings,
            reason_late=form.reason_late,
        )

    title = "信贷业务首次检查报告单"
    return Paper(
        "first_inspection_report",
        title,
        FirstInspectionReport,
        SupervisorSignature,
        rules.report_working_days,
        rules.sign_working_days,
        rules.review_working_days,
        faults,
        work.heading(title, ("首次提款日", str(work.case.anchor_on)), ("约定用途", work.loan.purpose))
        + _entrusted(work),
    )


def _entrusted(work: LoanWork) -> str:
    """ENT-1: what of an entrusted loan is against the procedures, for the officer to look at."""
    loan, rule = work.loan, work.policy.entrusted
    if not loan.consignor:
        return ""
    found = entrusted.faults(
        loan.principal,
        loan.disbursed_on,
        loan.original_maturity or loan.matures_on,
        loan.annual_rate,
        loan.base_rate,
        min_amount=rule.min_amount,
        min_months=rule.min_months,
        max_months=rule.max_months,
        max_rate_multiple=rule.max_rate_multiple,
    )
    lines = "".join(f"\n> - {fault}" for fault in found) or "\n> - 未见不符 (nothing against the procedures)"
    return f"\n\n> **委托贷款, 委托人 {plain(loan.consignor)}**{lines}"


def _routine_paper(work: LoanWork) -> Paper[RoutineInspectionReport, SupervisorSignature]:
    """《信贷资产检查报告》: INS-5, INS-7, INS-8, INS-11."""
    rules = work.policy.inspection.routine
    facts = security_of(work.office, work.loan)
    basis = inspection_basis(work.case.case_no)
    on_site = on_site_required(
        int(work.case.subject),
        basis.interval,
        every_months=rules.high_risk_months if work.loan.high_risk else rules.on_site_months,
        off_site=basis.off_site,
    )

    def faults(form: RoutineInspectionReport, signer: Signer) -> list[str]:
        found = []
        if on_site and METHODS[form.method] != "on_site":
            found.append("本次须实地检查 (INS-5: this one must be on site)")
        missing = form.missing_subjects(
            enterprise=work.borrower.kind != "personal", guaranteed=facts.guaranteed, secured=facts.secured
        )
        if missing:
            found.append(f"须检查 (to be looked at): {'; '.join(missing)}")
        return found + inspection_report_faults(
            inspected_on=form.inspected_on,
            today=signer.day,
            not_before=min(work.case.opened_on, work.case.due_on) - timedelta(days=rules.opens_days_before),
            due_on=work.case.due_on,
            report_due_on=report_due(form.inspected_on, rules.report_working_days, work.calendar),
            in_order=form.in_order,
            signals=list(form.signals),
            findings=form.findings,
            reason_late=form.reason_late,
        )

    title = "信贷资产检查报告"
    how = "实地 on site" if on_site else "非现场 off site" if basis.off_site else "不限 any"
    return Paper(
        "routine_inspection_report",
        title,
        RoutineInspectionReport,
        SupervisorSignature,
        rules.report_working_days,
        rules.sign_working_days,
        rules.review_working_days,
        faults,
        work.heading(title, ("检查依据", work.case.rule), ("检查方式要求", how)) + facts.as_markdown(),
    )


def _special_paper(work: LoanWork) -> Paper[SpecialInspectionReport, SupervisorDecision]:
    """《紧急检查报告》: INS-9, INS-10."""
    rules = work.policy.inspection.special
    signal = signal_of(work.office, work.case)

    def faults(form: SpecialInspectionReport, signer: Signer) -> list[str]:
        return inspection_report_faults(
            inspected_on=form.inspected_on,
            today=signer.day,
            not_before=signal.seen_on,
            due_on=work.case.due_on,
            report_due_on=form.inspected_on + timedelta(days=rules.report_days),
            in_order=True,
            signals=list(form.signals),
            findings=form.findings,
            reason_late=form.reason_late,
        )

    title = "紧急检查报告"
    about = work.heading(title, ("预警信号", signal.title), ("发现日期", str(signal.seen_on)))
    return Paper(
        "special_inspection_report",
        title,
        SpecialInspectionReport,
        SupervisorDecision,
        rules.sign_working_days,
        rules.sign_working_days,
        rules.review_working_days,
        faults,
        about + (f"\n\n> {plain(signal.detail)}" if signal.detail else ""),
    )


# --------------------------------------------------------------------------- what they have in common


def _inspect(work: LoanWork, paper: Paper[F, S], officer: str) -> Signed[F, S]:
    """Report, signature and review, again and again until risk control accepts."""
    rework = 1
    while True:
        report = _report(work, paper, officer, rework)
        signature = _signature(work, paper, report, rework)
        if signature.form.returned:
            rework += 1
            continue
        review = _review(work, paper, report, signature, rework)
        if not review.form.returned:
            return Signed(report, signature, review, rework)
        rework += 1


def _report(work: LoanWork, paper: Paper[F, S], officer: str, rework: int) -> Answer[F]:
    """The officer inspects and reports; after rework, inspects again."""
    again = work.in_working_days(paper.again_days)
    return work.ask(
        nth("report", rework),
        paper.form,
        duty="report",
        title="检查报告" if rework == 1 else f"检查报告 (第{rework}次)",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on if rework == 1 else again,
        context=paper.about + work.returned(rework, ("review", "opinion"), ("sign", "opinion")),
        check=paper.faults,
    )


def _signature(work: LoanWork, paper: Paper[F, S], report: Answer[F], rework: int) -> Answer[S]:
    """The credit supervisor reads the report, opines and signs."""
    return work.ask(
        nth("sign", rework),
        paper.signature,
        duty="sign",
        title="信贷主管签字",
        of=work.of_branch(SUPERVISOR),
        due_on=work.working_days_after(report, paper.sign_days),
        context=paper.about + _summary(report),
    )


def _review(
    work: LoanWork, paper: Paper[F, S], report: Answer[F], signature: Answer[S], rework: int
) -> Answer[RiskReview]:
    """Risk control reviews, and accepts the report or returns it."""
    opinion = plain(signature.form.opinion)
    return work.ask(
        nth("review", rework),
        RiskReview,
        duty="review",
        title="风险控制部审核",
        of=Mandate(RISK_CONTROL),
        due_on=work.working_days_after(signature, paper.review_days),
        context=paper.about + _summary(report) + f"\n\n**信贷主管意见** ({signature.staff_no}): {opinion}",
    )


def _levels(
    work: LoanWork, paper: Paper[F, SupervisorDecision], signed: Signed[F, SupervisorDecision]
) -> list[Answer[LevelDecision]]:
    """INS-10: what the supervisor reported upward, decided level by level."""
    opinion = f"\n\n**{signed.signature.staff_no}**: {plain(signed.signature.form.opinion)}"
    return decided_above(work, paper.about + _summary(signed.report) + opinion, signed.review, days=paper.sign_days)


def _record_signals(work: LoanWork, signed: Signed) -> None:
    form = signed.report.form
    if form.signals:
        kinds = [BY_LABEL[label] for label in form.signals]
        record_signals(work.case.case_no, kinds, form.inspected_on, form.findings)


def _archive(
    work: LoanWork, paper: Paper, signed: Signed, decisions: list[Answer[LevelDecision]] | None = None
) -> None:
    papers: list[tuple[str, Form]] = [
        (paper.title, signed.report.form),
        ("信贷主管意见", signed.signature.form),
        ("风险控制部审核", signed.review.form),
        *(("上级决定", decision.form) for decision in decisions or []),
    ]
    archive_paper(work.case.case_no, paper.kind, paper.title, papers, rounds=signed.rounds)


def _finish(work: LoanWork, signed: Signed, message: str) -> State:
    """Close the case; what was done is in the work log as well, with the supervisor's opinion (REC-3)."""
    report = signed.report.form

    def enter(writer: Writer) -> None:
        work_log.enter(
            writer,
            work.case,
            borrower_no=work.borrower.borrower_no,
            staff_no=signed.report.staff_no,
            activity=METHODS[report.method],
            acted_on=report.inspected_on,
            entered_on=work.day_of(signed.report),
            content=report.findings or _in_a_line(report),
            opinion=signed.signature.form.opinion,
            reviewed_by=signed.signature.staff_no,
            reviewed_on=work.day_of(signed.signature),
        )

    return work.finish("archived", message, enter)


def _in_a_line(report: Form) -> str:
    """A report in one line, where the officer wrote no findings."""
    return "; ".join(f"{title}: {text}" for title, text in rows(report))


def _summary(report: Answer) -> str:
    return shown("经办人检查报告", report)
