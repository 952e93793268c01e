"""A receipt entered by hand (收款登记): entered by finance, compared by another person, allocated to the cent."""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from postloan.book import Writer, accounts, receipts
from postloan.book.receipts import Received
from postloan.errors import PostloanError
from postloan.forms.maturity import ReceiptEntry, Verification
from postloan.rendering import money
from postloan.rules import entrusted
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.maturity import PARTS, account_of
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded

TITLE = "收款登记表"
CONSENTS = {"贷款人 lender": "lender", "委托人 consignor": "consignor"}


@flow(name="receipt", flow_run_name="收款登记 {case_no}", retries=0)
def receipt(case_no: str = CASE_NUMBER) -> State:
    """Money that came in, an early repayment, or a receipt that bounced: entered, compared, allocated (PAY-1).

    Args:
        case_no: the case in the book, for example RP-L0001-1. It is opened by hand
            (`postloan open receipt L0001`).
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    rework = 1
    while True:
        entered = _enter(work, rework)
        if entered.form.cancelled:
            return work.finish("cancelled", f"{case_no}: nothing to enter")
        verified = _verify(work, entered, rework)
        received = _received(work, entered.form)
        # What it pays may have changed since it was compared: a feed came in, or another entered it.
        if not verified.form.returned and _booked(work, entered, verified, received):
            break
        rework += 1
    archive_paper(case_no, "receipt_record", TITLE, [(TITLE, entered.form), ("复核", verified.form)], rounds=rework)
    return work.finish("reversed" if received.reverses else "entered", f"{case_no}: {received.receipt_no}")


def _booked(work: LoanWork, entered: Answer[ReceiptEntry], verified: Answer[Verification], received: Received) -> bool:
    """Enter it; False if it cannot be entered any more, and finance has to look at it again."""

    def enter(writer: Writer) -> None:
        receipts.enter(
            writer,
            work.office.policy_file,
            work.case,
            work.loan,
            received,
            document=entered.form.document,
            by=[entered.staff_no, verified.staff_no],
        )

    try:
        work.note(enter)
    except (ValueError, PostloanError):
        return False
    return True


def _received(work: LoanWork, form: ReceiptEntry) -> Received:
    early = "all" if form.settles else "part" if form.is_early else ""
    return Received(
        f"H-{work.case.case_no}",
        form.paid_on,
        form.money,
        form.channel,
        form.reverses if form.is_reversal else "",
        early,
    )


def _faults(work: LoanWork, form: ReceiptEntry, signer: Signer) -> list[str]:
    """What keeps a receipt from being entered as it is; looked at again when it is compared."""
    if form.cancelled:
        return []
    faults = []
    if not work.loan.disbursed_on <= form.paid_on <= signer.day:
        faults.append("到账日期须在放款日至今天之间 (between disbursement and today)")
    with work.office.book.read() as session:
        if accounts.kept_by_core(session, [work.loan.loan_no], signer.day):
            return ["本借据由核心系统记账, 请在核心系统登记 (the core system keeps this account: enter it there)"]
        if form.is_reversal:
            if form.money:
                faults.append("冲正不填金额, 按原收款冲正 (no amount: it is that of the receipt)")
            return faults + receipts.reversible(session, work.loan.loan_no, form.reverses, form.paid_on)
        if not form.money:
            faults.append("须填写金额 (the amount is missing)")
        if form.is_early and work.loan.consignor:
            consents = [CONSENTS[label] for label in form.consents]
            faults += entrusted.early_faults(form.paid_on, work.loan.matures_on, consents)
            if not form.document.strip():
                faults.append("须填写同意书编号 (name the letters of consent)")
        if not faults:
            try:
                receipts.effect(session, work.office.policy_file, work.loan, _received(work, form))
            except ValueError as error:
                faults.append(str(error))
    return faults


def _enter(work: LoanWork, rework: int) -> Answer[ReceiptEntry]:
    account = account_of(work.office, work.loan, work.office.today)
    owed = {part: sum(getattr(o, part) for o in account.owed if o.due_on <= work.office.today) for part, _ in PARTS}
    with work.office.book.read() as session:
        to_settle = receipts.due_to_settle(session, work.office.policy_file, work.loan, work.office.today)
    about = work.heading(
        TITLE,
        *((f"今日应还{title}", money(owed[part])) for part, title in PARTS),
        ("今日提前结清需", money(to_settle)),
    )
    return work.ask(
        nth("enter", rework),
        ReceiptEntry,
        duty="enter",
        title="收款登记",
        of=work.of_branch(work.policy.repayment.enterer),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.repayment.verify_working_days),
        context=about + work.returned(rework, ("compare", "opinion")),
        check=lambda form, signer: _faults(work, form, signer),
    )


def _verify(work: LoanWork, entered: Answer[ReceiptEntry], rework: int) -> Answer[Verification]:
    """Another person compares it with the voucher, and sees what it will pay."""
    return work.ask(
        nth("compare", rework),
        Verification,
        duty="verify",
        title="收款复核",
        of=work.of_branch(work.policy.repayment.verifier),
        due_on=work.working_days_after(entered, work.policy.repayment.verify_working_days),
        context=work.heading(TITLE) + shown(TITLE, entered) + _preview(work, entered.form),
        check=lambda form, signer: [] if form.returned else _faults(work, entered.form, signer),
    )


def _preview(work: LoanWork, form: ReceiptEntry) -> str:
    with work.office.book.read() as session:
        try:
            effect = receipts.effect(session, work.office.policy_file, work.loan, _received(work, form))
        except ValueError as error:
            return f"\n\n> {error}"
    if effect.planned:
        lines = [f"| {p.due_on} | {money(p.principal)} | {money(p.interest)} |" for p in effect.planned]
        return "\n\n**新的还款计划 New schedule**\n\n| 应还日 | 本金 | 利息 |\n|---|---|---|\n" + "\n".join(lines)
    lines = [f"| {title} | {money(effect.after.paid[p] - effect.before.paid[p])} |" for p, title in PARTS]
    lines.append(f"| 多收 | {money(effect.after.excess - effect.before.excess)} |")
    lines.append(f"| 逾期天数 | {effect.before.days_past_due} → {effect.after.days_past_due} |")
    return "\n\n**冲账 Allocation**\n\n| 项目 | 金额 |\n|---|---|\n" + "\n".join(lines)
