"""Use of proceeds (用款审核与资金流向监控): each drawdown and payment decided by tiers, and followed (REC-4)."""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from postloan.book import Writer, proceeds
from postloan.book.tables import Payment
from postloan.forms.base import Form
from postloan.forms.registers import PaymentDecision, PaymentReview, PaymentUse
from postloan.rendering import money
from postloan.rules.proceeds import overdrawn, payment_faults
from postloan.rules.roles import OFFICER
from postloan.rules.roles import title as role_title
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.loans import record_signals
from tasks.officers import assign_officer
from tasks.proceeds import payment_of, tiers_of
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, shown, superseded

TITLE = "用款审核与资金流向监控表"


@flow(name="use-of-proceeds", flow_run_name="用款审核 {case_no}", retries=0)
def use_of_proceeds(case_no: str = CASE_NUMBER) -> State:
    """A drawdown or payment: checked against the purpose, decided level by level, and followed to where it went.

    Args:
        case_no: the case in the book, for example UP-P000123. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    payment = payment_of(work.office, work.case)
    tiers = tiers_of(case_no)
    about = _about(work, payment, tiers.risk, tiers.levels)

    reviewed = _review(work, payment, about, officer)
    papers: list[tuple[str, Form]] = [("经办审核", reviewed.form)]
    signed: list[Answer] = [reviewed]
    approved = reviewed.form.approved
    for number, role in enumerate(tiers.levels[1:], start=2):
        if not approved:
            break
        decided = _decide(work, payment, about, signed, role, number)
        papers.append((f"第{number}级审批 ({role_title(role)})", decided.form))
        signed.append(decided)
        approved = decided.form.approved

    def enter(writer: Writer) -> None:
        by = [answer.staff_no for answer in signed]
        proceeds.decide(writer, work.case, payment.payment_no, approved=approved, by=by, day=work.day_of(signed[-1]))

    if not approved:
        archive_paper(case_no, "payment_record", TITLE, papers)
        return work.finish("refused", f"{case_no}: refused", enter)

    work.note(enter)
    used = _use(work, payment, about, signed, officer)
    papers.append(("资金流向", used.form))
    if used.form.misused:
        record_signals(case_no, ["misuse_of_proceeds"], work.day_of(used), used.form.flow)
    archive_paper(case_no, "payment_record", TITLE, papers)

    def verified(writer: Writer) -> None:
        proceeds.verify(
            writer,
            work.case,
            payment.payment_no,
            paid_on=used.form.paid_on,
            as_agreed=not used.form.misused,
            by=used.staff_no,
            day=work.day_of(used),
        )

    return work.finish("misused" if used.form.misused else "verified", f"{case_no}: {used.form.as_agreed}", verified)


def _about(work: LoanWork, payment: Payment, risk: str, levels: tuple[str, ...]) -> str:
    return work.heading(
        TITLE,
        ("用款编号", payment.payment_no),
        ("种类", {"drawdown": "提款", "payment": "支付"}[payment.kind]),
        ("用款金额", f"{money(payment.amount)} {work.loan.currency}"),
        ("申请用途", payment.purpose),
        ("约定用途", work.loan.purpose),
        ("凭证", payment.evidence),
        ("风险", {"low": "低", "ordinary": "一般", "high": "高"}[risk]),
        ("审批层级", " → ".join(role_title(role) for role in levels)),
    )


def _review(work: LoanWork, payment: Payment, about: str, officer: str) -> Answer[PaymentReview]:
    """The officer checks the payment against the agreed purpose and the loan's amount."""

    def check(form: PaymentReview, _signer: Signer) -> list[str]:
        faults = payment_faults(
            approved=form.approved,
            fits_purpose=form.fits_purpose.startswith("符合"),
            evidence_seen=form.evidence.startswith("已见"),
            opinion=form.opinion,
        )
        if form.approved:
            faults += _beyond_the_loan(work, payment)
        return faults

    return work.ask(
        "review",
        PaymentReview,
        duty="report",
        title="用款审核",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on,
        context=about,
        check=check,
    )


def _beyond_the_loan(work: LoanWork, payment: Payment) -> list[str]:
    """What keeps a payment from being approved: with the others it is more than the loan."""
    with work.office.book.read() as session:
        others = proceeds.taken_up(session, payment)
    if overdrawn(payment.amount, others, work.loan.principal):
        return [f"累计用款超过贷款金额, 其他用款 {money(others)} (exceeds the loan together with others)"]
    return []


def _decide(
    work: LoanWork, payment: Payment, about: str, signed: list[Answer], role: str, number: int
) -> Answer[PaymentDecision]:
    """The next level decides."""

    def check(form: PaymentDecision, _signer: Signer) -> list[str]:
        return _beyond_the_loan(work, payment) if form.approved else []

    return work.ask(
        f"approve-{number}",
        PaymentDecision,
        duty=f"approve-{number}",
        title=f"用款审批 (第{number}级)",
        of=work.of_branch(role),
        due_on=work.working_days_after(signed[-1], work.policy.proceeds.step_working_days),
        context=about + "".join(shown("审核意见", answer) for answer in signed),
        check=check,
    )


def _use(work: LoanWork, payment: Payment, about: str, signed: list[Answer], officer: str) -> Answer[PaymentUse]:
    """The officer sees where the money went."""

    def check(form: PaymentUse, signer: Signer) -> list[str]:
        if not payment.requested_on <= form.paid_on <= signer.day:
            return [f"支付日须在 {payment.requested_on} 至今天之间 (paid between the request and today)"]
        return []

    return work.ask(
        "verify",
        PaymentUse,
        duty="report",
        title="资金流向登记",
        of=work.named(OFFICER, officer),
        due_on=work.days_after(signed[-1], work.policy.proceeds.verify_days),
        context=about + "".join(shown("审核意见", answer) for answer in signed),
        check=check,
    )
