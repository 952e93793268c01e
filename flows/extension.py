"""Extension (展期), renewal (续贷), refinancing (借新还旧) and rescheduling (重组): EXT-1 to EXT-4.

From the application to the signed contract, or to a reasoned refusal and the preparation of collection; of a loan in
the workout, the workout goes on.
The new schedule is entered on the day on which it takes force, by the round if that is to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial

from prefect import flow
from prefect.states import State
from sqlmodel import Session

from postloan.book import Writer, cases, extensions, parties, workout
from postloan.book.extensions import SAME_LOAN, Terms
from postloan.forms.base import Form, chosen, with_choices
from postloan.forms.extension import (
    VARIANTS,
    CommitteePapers,
    Consents,
    ContractSigned,
    ExtensionApplication,
    ExtensionDecision,
    ExtensionInvestigation,
    LateDecision,
)
from postloan.rendering import money, plain
from postloan.rules.extension import deadline, extension_faults, late_by, missing_consents, reduction_faults
from postloan.rules.roles import OFFICER
from postloan.rules.roles import title as role_title
from postloan.rules.words import word
from tasks import notices, previews
from tasks.archive import archive_paper, archive_report
from tasks.extension import levels_of
from tasks.human import Answer, Signer
from tasks.maturity import parties_of, tell
from tasks.officers import assign_officer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded

TITLE = "贷款展期审批表"
CONTRACT = "贷款展期合同"


@dataclass(frozen=True)
class Decided:
    """How the chain ended: the terms that were granted, or why not and by whom; everything that was signed."""

    terms: Terms
    papers: list[tuple[str, Form]]
    rounds: int
    last: Answer
    refusal: str = ""


@flow(name="extension", flow_run_name="展期 {case_no}", retries=0)
def extension(case_no: str = CASE_NUMBER) -> State:
    """An extension of a loan, from the borrower's application to the signed contract or the refusal.

    Args:
        case_no: the case in the book, for example EX-L0001-1. It follows from the visit before maturity, or
            is opened by hand (`postloan open extension L0001`).
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    application = _apply(work, officer)
    if application.form.withdrawn:
        archive_paper(case_no, "extension_record", TITLE, [("展期申请", application.form)])
        goes_on = partial(_follow, work=work, last=application)
        return work.finish("withdrawn", f"{case_no}: not applied for", goes_on)
    asked = _asked(work, application)
    work.note(lambda w: extensions.apply(w, work.case, work.loan, asked, application.form.applied_on, by=officer))
    papers: list[tuple[str, Form]] = [("展期申请", application.form)]

    late = late_by(application.form.applied_on, _apply_until(work))
    if late:
        taken = _taken_late(work, application, "late", f"申请逾期 {late} 天, 应于 {_apply_until(work)} 前提出")
        papers.append(("逾期受理决定", taken.form))
        if not taken.form.taken:
            return _refused(work, Decided(asked, papers, 1, taken, taken.form.reason))

    decided = _decide(work, application, asked, papers, officer)
    if decided.refusal:
        return _refused(work, decided)
    return _contract(work, decided, officer)


# ------------------------------------------------------------------------------------ the application


def _apply_until(work: LoanWork) -> date:
    return deadline(work.loan.matures_on, work.policy.extension.apply_days)


def _file_until(work: LoanWork) -> date:
    return deadline(work.loan.matures_on, work.policy.extension.file_days)


def _apply(work: LoanWork, officer: str) -> Answer[ExtensionApplication]:
    """The officer enters the borrower's application (EXT-1); what the law forbids is not even taken."""

    def check(form: ExtensionApplication, signer: Signer) -> list[str]:
        if form.withdrawn:
            return []
        faults = _faults(work, form.code, form.until_on, form.money, signer.day)
        if not work.loan.disbursed_on <= form.applied_on <= signer.day:
            faults.append("收到申请的日期须在放款日至今天之间 (received between disbursement and today)")
        return faults

    return work.ask(
        "apply",
        ExtensionApplication,
        duty="report",
        title="登记展期申请",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on,
        context=_about(work) + f"\n\n最迟可展至 latest by law: **{extensions.latest(work.policy, work.loan)}**",
        check=check,
    )


def _asked(work: LoanWork, application: Answer[ExtensionApplication]) -> Terms:
    form = application.form
    return Terms(form.code, form.until_on, form.money, work.loan.annual_rate, "bullet", 1)


def _faults(work: LoanWork, variant: str, until: date, amount: Decimal, day: date) -> list[str]:
    """What keeps terms from being asked for or granted: the law, and what is there to extend (EXT-3)."""
    with work.office.book.read() as session:
        settled = extensions.settled(session, work.loan, day)
        before = extensions.times(session, work.loan.loan_no)
        there = extensions.unpaid_principal(session, work.office.policy_file, work.loan, variant, day)
        others = extensions.of_loan(session, work.loan.loan_no)
    waiting = any(e.state == "signed" and e.variant in SAME_LOAN for e in others)
    same = variant in SAME_LOAN
    faults = extension_faults(
        # A rescheduling is for a loan that cannot be paid as agreed, whenever that shows.
        today=day if variant == "extension" else min(day, work.loan.matures_on),
        original_maturity=work.loan.original_maturity or work.loan.matures_on,
        current_maturity=work.loan.matures_on,
        asked_until=until,
        latest=extensions.latest(work.policy, work.loan) if same else until,
        extended_before=before if same else 0,
        max_times=work.policy.extension.max_times,
        settled=settled,
    )
    if waiting:
        faults.append("已有展期合同待生效 (a signed extension of this loan is still to take force)")
    if variant == "rescheduling" and until <= day:
        faults.append(f"新到期日须晚于今天 {day} (the new maturity must be after today)")
    if variant == "rescheduling" and amount < there:
        faults.append(f"重组须含全部未还本金 {money(there)} (a rescheduling is of all that is unpaid)")
    if amount > there:
        faults.append(f"未还本金仅 {money(there)} (more than the unpaid principal)")
    if amount <= 0:
        faults.append("金额须大于零 (the amount must be above zero)")
    return faults


def _about(work: LoanWork) -> str:
    return work.heading(
        TITLE,
        ("申请截止", str(_apply_until(work))),
        ("申报截止", str(_file_until(work))),
        ("已展期", "是" if work.loan.original_maturity else "否"),
    )


def _taken_late(work: LoanWork, after: Answer, step: str, why: str) -> Answer[LateDecision]:
    """What is too late is refused, with the dates, unless the authority takes it (EXT-1, EXT-2)."""
    return work.ask(
        step,
        LateDecision,
        duty="authorise",
        title="逾期受理决定",
        of=work.of_branch(work.policy.extension.late_authority),
        due_on=work.working_days_after(after, work.policy.extension.step_working_days),
        context=_about(work) + f"\n\n> **{why}**" + shown("展期申请", after),
    )


# ---------------------------------------------------------------- investigation, consents, the chain


def _decide(work: LoanWork, application: Answer, asked: Terms, papers: list[tuple[str, Form]], officer: str) -> Decided:
    """Investigated, consented to and decided level by level; what is returned is investigated again."""
    rework = 1
    while True:
        found = _investigate(work, application, asked, officer, rework)
        signed: list[tuple[str, Form]] = [*papers, ("调查与后评价", found.form)]
        proposed = _proposed(asked, found)
        if not found.form.proposed:
            return Decided(proposed, signed, rework, found, found.form.reason_for_reject)
        agreed = _consents(work, found, officer, rework)
        if agreed is not None:
            signed.append(("同意书", agreed.form))
            if not agreed.form.obtained:
                return Decided(proposed, signed, rework, agreed, f"未取得书面同意: {agreed.form.remark}")
        filed = agreed or found
        late = late_by(work.day_of(filed), _file_until(work))
        if late and rework == 1:
            taken = _taken_late(work, filed, "late-filing", f"申报逾期 {late} 天, 应于 {_file_until(work)} 前申报")
            signed.append(("逾期申报决定", taken.form))
            if not taken.form.taken:
                return Decided(proposed, signed, rework, taken, taken.form.reason)
            papers.append(signed[-1])
        decided = _levels(work, application, found, filed, proposed, signed, rework)
        if decided is not None:
            return decided
        rework += 1


def _proposed(asked: Terms, found: Answer[ExtensionInvestigation]) -> Terms:
    form = found.form
    return Terms(asked.variant, form.until_on, form.money, Decimal(form.annual_rate), form.method, form.every_months)


def _investigate(
    work: LoanWork, application: Answer, asked: Terms, officer: str, rework: int
) -> Answer[ExtensionInvestigation]:
    """A deep investigation, a post-evaluation, and the terms that are proposed (EXT-2)."""

    def check(form: ExtensionInvestigation, signer: Signer) -> list[str]:
        if not form.proposed:
            return [] if form.reason_for_reject.strip() else ["须说明不同意的理由 (say why it is not proposed)"]
        day = signer.day if asked.variant == "rescheduling" else work.day_of(application)
        faults = _faults(work, asked.variant, form.until_on, form.money, day)
        return faults + reduction_faults(form.until_on, form.money, asked.until_on, asked.amount, work.loan.matures_on)

    return work.ask(
        nth("investigate", rework),
        ExtensionInvestigation,
        duty="report",
        title="调查与后评价",
        of=work.named(OFFICER, officer),
        due_on=work.in_working_days(work.policy.extension.investigate_working_days),
        context=_about(work)
        + shown("展期申请", application)
        + work.returned(rework, *((f"approve-{n}", "opinion") for n in range(6, 0, -1))),
        check=check,
    )


def _consents(work: LoanWork, after: Answer, officer: str, rework: int) -> Answer[Consents] | None:
    """Guarantors, owners of collateral and the consignor agree in writing (EXT-3); None if there are none."""
    everybody = parties_of(work.case.case_no, "parties")
    borrower = next(iter(everybody.values()))
    needed = {label: party for label, party in everybody.items() if parties.consents(party, borrower)}
    if not needed:
        return None
    form = with_choices(Consents, given=("已取得书面同意 Consent in writing of", list(needed)))

    def check(answer: Consents, signer: Signer) -> list[str]:
        if not answer.obtained:
            return [] if answer.remark.strip() else ["须说明原因 (say why it cannot be obtained)"]
        faults = [
            f"缺少 {who} 的书面同意 (consent in writing is missing)"
            for who in missing_consents(list(needed), chosen(answer, "given"))
        ]
        if not answer.document.strip():
            faults.append("须填写同意书编号 (name the letters of consent)")
        if answer.given_on > signer.day:
            faults.append("同意书日期不得晚于今天 (not later than today)")
        return faults

    answer = work.ask(
        nth("consents", rework),
        form,
        duty="report",
        title="书面同意",
        of=work.named(OFFICER, officer),
        due_on=work.working_days_after(after, work.policy.extension.investigate_working_days),
        context=_about(work) + shown("调查与后评价", after),
        check=check,
    )
    if answer.form.obtained:
        given = [needed[label] for label in chosen(answer.form, "given") if label in needed]
        work.note(
            lambda w: extensions.consent(
                w, work.case, given, answer.form.given_on, answer.form.document, by=answer.staff_no
            )
        )
    return answer


def _levels(
    work: LoanWork,
    application: Answer,
    found: Answer[ExtensionInvestigation],
    filed: Answer,
    proposed: Terms,
    papers: list[tuple[str, Form]],
    rework: int,
) -> Decided | None:
    """EXT-4: level by level, each another person; None if one returned it."""
    levels = levels_of(work.case.case_no, proposed.amount, nth("levels", rework))
    terms, last, signed = proposed, filed, list(papers)
    for number, role in enumerate(levels, start=1):
        about = _before_decision(work, application, found, terms, levels, number, signed)
        if role == work.policy.extension.committee and work.policy.extension.secretary:
            last = _committee_papers(work, last, about, number, rework)
            signed.append(("委员会材料", last.form))
            about += shown("委员会材料", last)
        decision = _decision(work, terms, last, role, number, about, rework)
        signed.append((f"第{number}级审批 ({role_title(role)})", decision.form))
        last = decision
        if decision.form.returned:
            return None
        if decision.form.rejected:
            return Decided(terms, signed, rework, decision, decision.form.opinion)
        terms = _reduced(terms, decision)
    return Decided(terms, signed, rework, last)


def _before_decision(
    work: LoanWork,
    application: Answer,
    found: Answer,
    terms: Terms,
    levels: Sequence[str],
    number: int,
    signed: list[tuple[str, Form]],
) -> str:
    """What an approver sees: the borrower, the exposure, how it was paid, and what he would decide."""
    with work.office.book.read() as session:
        exposure = previews.exposure(session, work.policy, work.loan, work.office.today)
        schedules = _schedules(work, session, terms)
    opinions = "".join(
        f"\n\n**{name}**: {plain(form.opinion)}" for name, form in signed if isinstance(form, ExtensionDecision)
    )
    proposal = (
        f"{_variant(terms)} {money(terms.amount)} {work.loan.currency} → {terms.until_on}, {terms.annual_rate:f} %"
    )
    return (
        _about(work)
        + f"\n\n拟批准 to be granted: **{proposal}**"
        + previews.signers(levels, number - 1)
        + exposure
        + schedules
        + shown("展期申请", application)
        + shown("调查与后评价", found)
        + opinions
    )


def _schedules(work: LoanWork, session: Session, terms: Terms) -> str:
    """What would become of the schedule; or why it cannot: the level then reduces, returns or rejects."""
    try:
        return previews.schedules(
            extensions.preview(session, work.office.policy_file, work.loan, terms, work.office.today)
        )
    except ValueError as error:
        return f"\n\n> **无法编制还款计划 (no schedule can be made of this): {error}**"


def _committee_papers(work: LoanWork, after: Answer, about: str, number: int, rework: int) -> Answer[CommitteePapers]:
    """The committee's secretary prepares its papers."""
    return work.ask(
        nth(f"papers-{number}", rework),
        CommitteePapers,
        duty="prepare",
        title="风险委员会材料准备",
        of=work.of_branch(work.policy.extension.secretary),
        due_on=work.working_days_after(after, work.policy.extension.step_working_days),
        context=about,
    )


def _decision(
    work: LoanWork, terms: Terms, after: Answer, role: str, number: int, about: str, rework: int
) -> Answer[ExtensionDecision]:
    """A level approves, reduces, rejects, or returns it for another investigation."""

    def check(form: ExtensionDecision, signer: Signer) -> list[str]:
        if form.returned or form.rejected:
            return []
        granted = _reduced_by(terms, form)
        day = signer.day if terms.variant == "rescheduling" else min(signer.day, work.loan.matures_on)
        faults = _faults(work, terms.variant, granted.until_on, granted.amount, day)
        faults += reduction_faults(granted.until_on, granted.amount, terms.until_on, terms.amount, work.loan.matures_on)
        if form.reduced and granted == terms:
            faults.append("缩减须填写更早的到期日或更少的金额 (reduce to an earlier day or a smaller amount)")
        if not form.reduced and (form.until_on or form.amount):
            faults.append("只有缩减时才填写期限和金额 (a day and an amount are for a reduction only)")
        return faults

    return work.ask(
        nth(f"approve-{number}", rework),
        ExtensionDecision,
        duty=f"approve-{number}",
        title=f"展期审批 (第{number}级)",
        of=work.of_branch(role),
        due_on=work.working_days_after(after, work.policy.extension.step_working_days),
        context=about,
        check=check,
    )


def _reduced(terms: Terms, decision: Answer[ExtensionDecision]) -> Terms:
    return _reduced_by(terms, decision.form) if decision.form.reduced else terms


def _reduced_by(terms: Terms, form: ExtensionDecision) -> Terms:
    until = date.fromisoformat(form.until_on) if form.until_on else terms.until_on
    amount = Decimal(form.amount).quantize(Decimal("0.01")) if form.amount else terms.amount
    return replace(terms, until_on=until, amount=amount)


# ------------------------------------------------------------------------------- how it ends


def _refused(work: LoanWork, decided: Decided) -> State:
    """Refused with its reason: the borrower is told, and collection is prepared, or the workout goes on."""
    case_no, reason = work.case.case_no, decided.refusal
    tell(case_no, "extension_refused", "tell", ["borrower"], reason=reason, matures_on=work.loan.matures_on)
    notices.deliver()
    archive_paper(case_no, "extension_record", TITLE, decided.papers, rounds=decided.rounds)

    def enter(writer: Writer) -> None:
        extensions.refuse(writer, work.case, reason, work.day_of(decided.last), by=decided.last.staff_no)
        _follow(writer, work, decided.last, "collection_preparation")

    return work.finish("refused", f"{case_no}: refused", enter)


def _follow(writer: Writer, work: LoanWork, last: Answer, otherwise: str = "") -> None:
    """Where there is no extension, the workout of a loan that it has goes on (WO-3); else `otherwise` follows."""
    day = work.day_of(last)
    kind = "workout" if workout.goes_on(writer.session, work.loan, day) else otherwise
    if kind:
        cases.open_next(writer, work.office.policy_file, kind, work.loan, day, origin=work.case.case_no)


def _contract(work: LoanWork, decided: Decided, officer: str) -> State:
    """The borrower is told, the contract is printed and signed by all, and the new schedule entered."""
    case_no, terms = work.case.case_no, decided.terms
    tell(case_no, "extension_approved", "tell", ["borrower"], until=terms.until_on, annual_rate=terms.annual_rate)
    notices.deliver()
    _print_contract(work, terms)
    contract = _signed_by_all(work, decided, officer)
    papers = [*decided.papers, ("展期合同签订", contract.form)]
    archive_paper(case_no, "extension_record", TITLE, papers, rounds=decided.rounds)
    if not contract.form.signed:
        return _given_up(work, contract)

    def enter(writer: Writer) -> None:
        extensions.sign(
            writer,
            work.office.policy_file,
            work.policy,
            work.case,
            terms,
            contract_no=contract.form.contract_no,
            signed_on=contract.form.signed_on,
            new_loan_no=contract.form.new_loan_no,
            day=work.day_of(contract),
            by=contract.staff_no,
        )

    return work.finish("signed", f"{case_no}: until {terms.until_on}", enter)


def _given_up(work: LoanWork, contract: Answer[ContractSigned]) -> State:
    """Granted, but not signed: the loan stays due as it was."""

    def enter(writer: Writer) -> None:
        extensions.refuse(writer, work.case, contract.form.remark, work.day_of(contract), by=contract.staff_no)
        _follow(writer, work, contract, "collection_preparation")

    return work.finish("not_signed", f"{work.case.case_no}: not signed", enter)


def _print_contract(work: LoanWork, terms: Terms) -> None:
    with work.office.book.read() as session:
        everybody = parties.of_loan(session, work.loan)[1:]
        try:
            preview = extensions.preview(session, work.office.policy_file, work.loan, terms, work.office.today)
        except ValueError:  # its day is over: the contract cannot be signed, and is given up
            preview = extensions.Preview([], [])
    archive_report(
        work.case.case_no,
        "extension_contract",
        CONTRACT,
        {
            "variant_title": _variant(terms),
            "until": terms.until_on,
            "annual_rate": terms.annual_rate,
            "principal": terms.amount,
            "parties": [(parties.TITLES[party.role][0], party.name) for party in everybody],
            "before": [(p.number, p.due_on, p.principal, p.interest) for p in preview.before],
            "after": [(p.number, p.due_on, p.principal, p.interest) for p in preview.after],
            "conditions": f"还款方式: {word(terms.repayment, 'repayment')}",
            "contract_no": work.case.case_no,
        },
        step="archive-contract",
    )


def _variant(terms: Terms) -> str:
    return next(label for label, code in VARIANTS.items() if code == terms.variant).split()[0]


def _signed_by_all(work: LoanWork, decided: Decided, officer: str) -> Answer[ContractSigned]:
    """All parties sign the contract (EXT-1)."""
    needed = list(parties_of(work.case.case_no, "signers"))
    form = with_choices(ContractSigned, signed_by=("已签字的各方 Signed by", needed))
    terms = decided.terms

    def check(answer: ContractSigned, signer: Signer) -> list[str]:
        if not answer.signed:
            return [] if answer.remark.strip() else ["须说明未签订的原因 (say why it was not signed)"]
        faults = [f"{who} 尚未签字 (has not signed)" for who in missing_consents(needed, chosen(answer, "signed_by"))]
        if not answer.contract_no.strip():
            faults.append("须填写合同编号 (the contract's number)")
        if answer.signed_on > signer.day:
            faults.append("签订日期不得晚于今天 (not later than today)")
        if terms.variant not in SAME_LOAN and not answer.new_loan_no.strip():
            faults.append("续贷、借新还旧须填写新借据号 (the number of the new loan)")
        with work.office.book.read() as session:
            if extensions.settled(session, work.loan, signer.day):
                faults.append("贷款已结清, 无可展期 (settled: there is nothing to extend)")
            faults += extensions.unlawful(session, work.policy, work.case.case_no, terms, signer.day)
        if terms.variant == "rescheduling" and terms.until_on <= signer.day:
            faults.append("新到期日已过, 不能签订 (the new maturity is over: it cannot be signed)")
        return faults

    return work.ask(
        "contract",
        form,
        duty="report",
        title="签订展期合同",
        of=work.named(OFFICER, officer),
        due_on=work.working_days_after(decided.last, work.policy.extension.step_working_days),
        context=_about(work)
        + f"\n\n批准 granted: **{_variant(terms)}** {money(terms.amount)} {work.loan.currency} → **{terms.until_on}**, "
        f"{terms.annual_rate:f} %",
        check=check,
    )
