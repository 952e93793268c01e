"""Maturity: the visit before it, the notice, and, when the last cent is in, the settlement (INS-12, MAT-1 to MAT-4)."""

from __future__ import annotations

from datetime import date, timedelta

from prefect import flow
from prefect.states import State

from postloan.book import Writer, cases, signals, slips, titles, work_log
from postloan.book.tables import Case
from postloan.errors import PostloanError
from postloan.forms.base import Form, SupervisorSignature, chosen, with_choices
from postloan.forms.maturity import (
    CollectionPreparation,
    FileClosed,
    PreMaturityVisit,
    SettlementCheck,
    SlipsReturned,
    TitleHandOver,
)
from postloan.rendering import money
from postloan.rules.roles import OFFICER, SUPERVISOR
from tasks import notices, runs
from tasks.archive import archive_paper, archive_report
from tasks.human import Answer, Signer
from tasks.maturity import (
    Statement,
    due_at_maturity,
    issue_repayment_notice,
    owed_again,
    owed_now,
    statement_of,
    tell,
    titles_of,
)
from tasks.officers import assign_officer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded

VISIT = "到期前回访记录"
NOTICE = "归还贷款提示通知书"
STATEMENT = "贷款结清单"
RELEASE = "权证交还记录"
CERTIFICATE = "贷款结清证明"
PREPARATION = "催收准备表"
TO_EXTEND = ("extension", "renewal", "refinancing")


# ---------------------------------------------------------------------------- the visit before maturity


@flow(name="pre-maturity-visit", flow_run_name="到期前回访 {case_no}", retries=0)
def pre_maturity_visit(case_no: str = CASE_NUMBER) -> State:
    """The visit before maturity: whether the borrower can pay, and what follows if not.

    Args:
        case_no: the case in the book, for example PV-L0001-2026-12-31. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    due = due_at_maturity(work.office, work.loan)
    about = work.heading(VISIT, *((name, money(amount)) for name, amount in due))

    rework = 1
    while True:
        visit = _visit(work, about, officer, rework)
        signed = work.ask(
            nth("sign", rework),
            SupervisorSignature,
            duty="sign",
            title="信贷主管签字",
            of=work.of_branch(SUPERVISOR),
            due_on=work.working_days_after(visit, work.policy.maturity.sign_working_days),
            context=about + shown("回访记录", visit),
        )
        if not signed.form.returned:
            break
        rework += 1

    papers: list[tuple[str, Form]] = [("回访记录", visit.form), ("信贷主管意见", signed.form)]
    archive_paper(case_no, "pre_maturity_visit_record", VISIT, papers, rounds=rework)

    def enter(writer: Writer) -> None:
        _enter_in_log(writer, work, visit, signed)
        _follow_up(writer, work, visit)

    return work.finish(visit.form.code, f"{case_no}: {visit.form.code}", enter)


def _visit(work: LoanWork, about: str, officer: str, rework: int) -> Answer[PreMaturityVisit]:
    """The officer calls at the borrower's door and looks at the first source of repayment (INS-12)."""

    def check(form: PreMaturityVisit, signer: Signer) -> list[str]:
        faults = []
        if not min(work.case.opened_on, work.case.due_on) <= form.visited_on <= signer.day:
            faults.append(f"走访日期须在 {work.case.opened_on} 至今天之间 (visited between the opening and today)")
        if form.visited_on > work.case.due_on and not form.reason_late.strip():
            faults.append(f"走访晚于 {work.case.due_on}, 须说明原因 (later than due: say why)")
        if form.code == "on_time" and form.sufficient.startswith("不足"):
            faults.append("第一还款来源不足时不能预计按期归还 (insufficient: it cannot be expected on time)")
        if form.code != "on_time" and not form.reason.strip():
            faults.append("须说明理由 (say why it will not be paid on time)")
        return faults

    return work.ask(
        nth("report", rework),
        PreMaturityVisit,
        duty="report",
        title=VISIT,
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.maturity.sign_working_days),
        context=about + work.returned(rework, ("sign", "opinion")),
        check=check,
    )


def _enter_in_log(writer: Writer, work: LoanWork, visit: Answer[PreMaturityVisit], signed: Answer) -> None:
    work_log.enter(
        writer,
        work.case,
        borrower_no=work.borrower.borrower_no,
        staff_no=visit.staff_no,
        activity="on_site",
        acted_on=visit.form.visited_on,
        entered_on=work.day_of(visit),
        content=f"{VISIT}: {visit.form.first_source}",
        opinion=signed.form.opinion,
        reviewed_by=signed.staff_no,
        reviewed_on=work.day_of(signed),
    )


def _follow_up(writer: Writer, work: LoanWork, visit: Answer[PreMaturityVisit]) -> None:
    """What the outcome leads to: an application, or a warning signal and preparation for collection."""
    day, file = work.day_of(visit), work.office.policy_file
    if visit.form.code in TO_EXTEND:
        cases.open_next(writer, file, "extension", work.loan, day, origin=work.case.case_no)
    elif visit.form.code == "doubtful":
        signals.note(writer, work.case, "repayment_doubtful", day, visit.form.reason)
        cases.open_next(writer, file, "collection_preparation", work.loan, day, origin=work.case.case_no)


@flow(name="collection-preparation", flow_run_name="催收准备 {case_no}", retries=0)
def collection_preparation(case_no: str = CASE_NUMBER) -> State:
    """What is made ready where payment is in doubt, or an extension was refused.

    Args:
        case_no: the case in the book, for example CP-L0001-1.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    about = work.heading(PREPARATION, ("起因", work.case.subject))
    days = work.policy.maturity.prepare_working_days

    rework = 1
    while True:
        prepared = work.ask(
            nth("prepare", rework),
            CollectionPreparation,
            duty="report",
            title=PREPARATION,
            of=work.named(OFFICER, officer),
            due_on=work.case.due_on if rework == 1 else work.in_working_days(days),
            context=about + work.returned(rework, ("sign", "opinion")),
        )
        signed = work.ask(
            nth("sign", rework),
            SupervisorSignature,
            duty="sign",
            title="信贷主管签字",
            of=work.of_branch(SUPERVISOR),
            due_on=work.working_days_after(prepared, days),
            context=about + shown(PREPARATION, prepared),
        )
        if not signed.form.returned:
            break
        rework += 1

    papers: list[tuple[str, Form]] = [(PREPARATION, prepared.form), ("信贷主管意见", signed.form)]
    archive_paper(case_no, "collection_preparation_record", PREPARATION, papers, rounds=rework)
    return work.finish("prepared", f"{case_no}: prepared")


# ------------------------------------------------------------------------------------------ the notice


@flow(name="repayment-notice", flow_run_name="归还贷款提示通知书 {case_no}", retries=0)
def repayment_notice(case_no: str = CASE_NUMBER) -> State:
    """The repayment notice: sent and printed, handed over, and its slips brought back and archived (MAT-1).

    Args:
        case_no: the case in the book, for example RN-L0001-2026-12-31. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    addressees = issue_repayment_notice(case_no)
    due = due_at_maturity(work.office, work.loan)
    tell(
        case_no,
        "repayment_notice",
        "tell",
        ["borrower", "guarantor", "consignor"],
        matures_on=work.loan.matures_on,
        amount=sum(amount for _, amount in due),
        currency=work.loan.currency,
        apply_until=_apply_until(work),
    )
    notices.deliver()
    returned = _slips(work, list(addressees.values()), officer)
    papers: list[tuple[str, Form]] = [("送达与回执", returned.form)]
    archive_paper(case_no, "repayment_notice_slips", f"{NOTICE}: 回执", papers)
    back = {slip_no for slip_no, label in addressees.items() if label in chosen(returned.form, "returned")}

    def enter(writer: Writer) -> None:
        slips.settle(
            writer,
            work.case,
            returned=back,
            day=returned.form.settled_on,
            signed_by=returned.form.signed_by,
            handed_over_on=returned.form.handed_over_on,
            by=returned.staff_no,
        )

    outcome = "slips_returned" if len(back) == len(addressees) else "slips_refused"
    return work.finish(outcome, f"{case_no}: {len(back)} of {len(addressees)} slips returned", enter)


def _apply_until(work: LoanWork) -> date | None:
    """The last day on which an extension can be applied for, if it is not over (EXT-1)."""
    last = work.loan.matures_on - timedelta(days=work.policy.extension.apply_days)
    return last if last >= work.case.opened_on else None


def _slips(work: LoanWork, addressees: list[str], officer: str) -> Answer[SlipsReturned]:
    """The officer hands the paper over and brings the slips back; who refuses to sign is on record."""
    form = with_choices(
        SlipsReturned,
        returned=("已收回签字回执 Signed slips returned by", addressees),
        refused=("拒签或无法送达 Refused to sign, or not reached", addressees),
    )

    def check(given: SlipsReturned, signer: Signer) -> list[str]:
        back, refused = chosen(given, "returned"), chosen(given, "refused")
        faults = [f"{who}: 须选择收回或拒签 (returned or refused?)" for who in addressees if who not in back + refused]
        faults += [f"{who}: 不能既收回又拒签 (not both)" for who in back if who in refused]
        if not work.case.opened_on <= given.handed_over_on <= given.settled_on <= signer.day:
            faults.append("日期须依次为立案、送达、收回、今天 (opened, handed over, returned, today: in this order)")
        if back and not given.signed_by.strip():
            faults.append("须填写回执签收人 (who signed the slip?)")
        if refused and len(given.remark.strip()) < 5:
            faults.append("拒签或无法送达须说明情况和见证人 (refused: say how, and who was witness)")
        return faults

    return work.ask(
        "slips",
        form,
        duty="report",
        title=f"{NOTICE}: 收回回执",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on + timedelta(days=work.policy.maturity.slip_days),
        context=work.heading(NOTICE, ("收件人", "、".join(addressees))),
        check=check,
    )


# ------------------------------------------------------------------------------------------ settlement


@flow(name="settlement", flow_run_name="结清 {case_no}", retries=0)
def settlement(case_no: str = CASE_NUMBER) -> State:
    """The last cent is in: statement, certificate, documents of title handed back, file closed (MAT-3, MAT-4). Where
    a receipt bounces on the way, the loan is not settled: the case ends, and what was under way goes on.

    Args:
        case_no: the case in the book, for example ST-L0001-2026-12-31. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    statement = statement_of(work.office, work.loan, work.case.anchor_on)
    about = work.heading(STATEMENT, ("结清日", str(statement.settled_on))) + statement.as_markdown()

    rework = 1
    while True:
        checked = _check_statement(work, statement, about, rework)
        if not checked.form.agrees:
            return work.finish("reopened", f"{case_no}: something is owed again")
        signed = work.ask(
            nth("sign", rework),
            SupervisorSignature,
            duty="sign",
            title="结清单签字",
            of=work.of_branch(work.policy.settlement.head),
            due_on=work.working_days_after(checked, work.policy.settlement.step_working_days),
            context=about + shown("财务核对", checked),
            check=lambda form, _signer: [] if form.returned else _owed_again(work),
        )
        if not signed.form.returned:
            break
        rework += 1

    papers = {"settled_on": statement.settled_on}
    archive_report(
        case_no,
        "settlement_statement",
        STATEMENT,
        papers
        | {
            "received": statement.received,
            "receipts": statement.receipts,
            "overpaid": statement.overpaid,
            "entrusted": statement.entrusted,
        },
        step="archive-statement",
    )
    archive_report(case_no, "settlement_certificate", CERTIFICATE, papers, step="archive-certificate")
    held = titles_of(case_no)
    tell(
        case_no,
        "settlement_certificate",
        "tell",
        ["borrower", "consignor"],
        settled_on=statement.settled_on,
        titles=bool(held),
    )
    notices.deliver()

    given = _hand_over_all(work, about, held, work.working_days_after(signed, work.policy.settlement.step_working_days))
    if not _asked(work, "close-file") and _owed_now(work):
        return work.finish("reopened", f"{case_no}: something is owed again")
    closed = _close_file(work, about, signed)
    filled_in: list[tuple[str, Form]] = [("财务核对", checked.form), ("领导签字", signed.form)]
    filled_in += [(f"权证交还 {no}", form) for no, form in given.items()]
    archive_paper(case_no, "settlement_record", "结清及权证交还记录", [*filled_in, ("档案移交", closed.form)])
    kept = len(held) - sum(form.handed_back for form in given.values())
    outcome = "settled_titles_kept" if kept else "settled"
    moot: list[Case] = []

    def enter(writer: Writer) -> str | None:
        # The archivist may take days, in which a receipt may bounce: the collection of what is owed must go on.
        if owed_now(writer.session, work.loan, work.office.today):
            return "reopened"
        moot.extend(cases.cancel_moot(writer, work.loan.loan_no, "settled"))
        return None

    done = work.finish(outcome, f"{case_no}: settled, {len(held) - kept} document(s) of title back, {kept} kept", enter)
    runs.end(moot, f"{work.loan.loan_no} is settled")
    return done


def _asked(work: LoanWork, step: str) -> bool:
    """Whether a question was put: what was asked once is asked until it is answered."""
    with work.office.book.read() as session:
        number = work.case.case_no
        return bool(cases.result(session, number, step) or cases.open_task(session, number, step))


def _check_statement(work: LoanWork, statement: Statement, about: str, rework: int) -> Answer[SettlementCheck]:
    """Finance compares what was received with the accounts (MAT-4)."""

    def check(form: SettlementCheck, _signer: Signer) -> list[str]:
        faults = _owed_again(work)
        if not form.agrees:
            # A receipt bounced: this case ends, and another opens on the day on which all is paid again.
            return [] if faults else ["请先更正收款或费用, 再行核对 (correct receipts or charges first, then answer)"]
        if statement.overpaid and not form.overpaid.strip():
            faults.append(f"多收 {money(statement.overpaid)}, 须说明如何退还 (how is the overpayment returned?)")
        return faults

    return work.ask(
        nth("statement", rework),
        SettlementCheck,
        duty="check",
        title="结清单核对",
        of=work.of_branch(work.policy.settlement.checker),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.settlement.step_working_days),
        context=about + work.returned(rework, ("sign", "opinion")),
        check=check,
    )


def _owed_again(work: LoanWork) -> list[str]:
    """What keeps a settlement from going on: a receipt bounced since."""
    if not owed_again(work.office, work.loan, work.case.anchor_on):
        return []
    return ["贷款又有欠款, 不能结清, 请选不符 (something is owed again, a receipt may have bounced: it differs)"]


def _owed_now(work: LoanWork) -> bool:
    with work.office.book.read() as session:
        return owed_now(session, work.loan, work.office.today)


# ----------------------------------------------------------------------------------- documents of title


@flow(name="title-release", flow_run_name="权证交还 {case_no}", retries=0)
def title_release(case_no: str = CASE_NUMBER) -> State:
    """Documents of title that were kept when the loan was settled are handed back later (MAT-3).

    Args:
        case_no: the case in the book, for example TR-L0001-1.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    held = titles_of(case_no)
    given = _hand_over_all(work, work.heading(RELEASE), held, work.case.due_on)
    papers: list[tuple[str, Form]] = [(f"权证交还 {no}", form) for no, form in given.items()]
    if papers:
        archive_paper(case_no, "title_release_record", RELEASE, papers)
    kept = len(held) - sum(form.handed_back for form in given.values())
    outcome = "kept" if kept else "released"
    return work.finish(outcome, f"{case_no}: {len(held) - kept} document(s) of title back, {kept} kept")


def _hand_over_all(work: LoanWork, about: str, held: list[str], due_on: date) -> dict[str, TitleHandOver]:
    """What the custodian answered of each document of title that may go back, by the number of its collateral."""
    answers = {no: _hand_over(work, about, number, no, due_on) for number, no in enumerate(held, start=1)}
    return {no: answer.form for no, answer in answers.items() if answer is not None}


def _hand_over(
    work: LoanWork, about: str, number: int, collateral_no: str, due_on: date
) -> Answer[TitleHandOver] | None:
    """A document of title goes back to its owner, who signs for it, or is kept and it is said why (MAT-3); None while
    it secures another loan.

    What was asked already is asked until it is answered: a receipt may bounce while the form is open.
    """
    attempt = 1
    while True:
        step = nth(f"release-{number}", attempt)
        with work.office.book.read() as session:
            held = titles.held(session, collateral_no, work.office.today)
        if (held.owed_on or held.released) and not _asked(work, step):
            return None
        answer = _release_form(work, about, step, held, due_on)
        if not answer.form.handed_back:
            return answer
        try:
            work.note(lambda writer, answer=answer: _enter_release(writer, work, collateral_no, answer))  # type: ignore[misc]
        except PostloanError:
            attempt += 1  # a receipt bounced in the very moment: nothing was entered
        else:
            return answer


def _enter_release(writer: Writer, work: LoanWork, collateral_no: str, answer: Answer[TitleHandOver]) -> None:
    titles.release(
        writer,
        work.case,
        collateral_no,
        received_by=answer.form.received_by,
        evidence=answer.form.evidence,
        day=answer.form.released_on,
        by=answer.staff_no,
    )


def _release_form(work: LoanWork, about: str, step: str, held: titles.Held, due_on: date) -> Answer[TitleHandOver]:
    item = held.collateral

    def check(form: TitleHandOver, signer: Signer) -> list[str]:
        if not form.handed_back:
            return [] if form.remark.strip() else ["须说明继续保管的理由 (say why it is kept)"]
        faults = []
        if not work.case.anchor_on <= form.released_on <= signer.day:
            faults.append(f"交还日期须在 {work.case.anchor_on} 至今天之间 (between these days)")
        if not form.received_by.strip() or not form.evidence.strip():
            faults.append("须填写签收人及其证件或授权书 (who received it, and on what evidence?)")
        with work.office.book.read() as session:
            owed = {
                *titles.owed_on(session, item.collateral_no, signer.day),
                *titles.owed_on(session, item.collateral_no, form.released_on),
            }
        if owed:
            faults.append(f"仍担保未结清借据 {', '.join(sorted(owed))}, 不得交还 (it secures loans that are not paid)")
        return faults

    return work.ask(
        step,
        TitleHandOver,
        duty="release",
        title=f"权证交还签收 {item.collateral_no}",
        of=work.of_branch(work.policy.settlement.custodian),
        due_on=due_on,
        context=about + f"\n\n权证 **{item.title_document or '—'}** ({item.kind} {item.collateral_no})",
        check=check,
    )


def _close_file(work: LoanWork, about: str, after: Answer) -> Answer[FileClosed]:
    """The archivist takes over the complete file (REC-5)."""

    def check(form: FileClosed, _signer: Signer) -> list[str]:
        if len(form.complete) < 6 and not form.missing.strip():
            return ["资料不全须说明 (say what is missing, and why)"]
        return []

    return work.ask(
        "close-file",
        FileClosed,
        duty="archive",
        title="结清档案移交",
        of=work.of_branch(work.policy.settlement.archivist),
        due_on=work.working_days_after(after, 2 * work.policy.settlement.step_working_days),
        context=about,
        check=check,
    )
