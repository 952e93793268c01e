"""What the machine does before and after maturity: tells the parties, works out what is due, prints the papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from prefect import task
from sqlmodel import Session

from postloan.book import accounts, cases, extensions, loans, parties, slips, titles
from postloan.book.parties import Party
from postloan.book.standings import CHARGE
from postloan.book.tables import Case, Loan
from postloan.rendering import money
from postloan.rules import allocation, entrusted
from postloan.rules.allocation import Account
from postloan.rules.position import ZERO
from tasks.archive import archive_report
from tasks.notices import queue
from tasks.office import Office
from tasks.work import once

PARTS = (("principal", "本金"), ("interest", "利息"), ("penalty", "罚息"), ("fee", "费用及垫款"))


def account_of(office: Office, loan: Loan, as_of: date) -> Account:
    """What is owed on a loan at the end of a day, to the cent."""
    with office.book.read() as session:
        return accounts.account(session, office.policy_file, loan, as_of)


def due_at_maturity(office: Office, loan: Loan) -> list[tuple[str, Decimal]]:
    """What has to be paid by maturity, part by part: all that is unpaid; by the core system's principal where
    that reports the loan."""
    with office.book.read() as session:
        account = accounts.account(session, office.policy_file, loan, office.today)
        by_core = bool(accounts.kept_by_core(session, [loan.loan_no], office.today))
        position = loans.position(session, loan, office.today)
    if by_core and position is not None:
        # What is past due of the principal is in what is outstanding already.
        to_come = sum((o.interest for o in account.owed if o.due_on > position.as_of), ZERO)
        charges = sum((o.total for o in account.owed if o.number.startswith(CHARGE)), ZERO)
        found = [("本金", position.principal_outstanding), ("利息", position.overdue_interest + to_come)]
        return found + ([("费用及垫款", charges)] if charges else [])
    sums = {part: sum((getattr(o, part) for o in account.owed), ZERO) for part, _ in PARTS}
    return [(title, sums[part]) for part, title in PARTS if sums[part] or part == "principal"]


@task(name="tell-parties")
def tell(case_no: str, kind: str, step: str, roles: Sequence[str], **values: Any) -> None:
    """Queue a notice of a kind to each party of the case's loan in one of the roles, once; parties without any
    address are noted: they get it on paper only."""
    office = Office.open()
    with office.book.write(origin=f"tell-{kind}") as writer:
        case = cases.get(writer.session, case_no)
        if cases.result(writer.session, case_no, step) is not None:
            return
        loan = loans.get(writer.session, case.loan_no)
        told: dict[str, str] = {}
        for party in parties.of_loan(writer.session, loan):
            if party.role not in roles:
                continue
            if not (party.email or party.phone):
                told[party.label] = "no address"
                continue
            notice = queue(
                office,
                writer,
                key=f"{kind}:{case_no}:{party.role}:{party.number}",
                kind=kind,
                to=party.recipient,
                loan_no=case.loan_no,
                case_no=case_no,
                **({"as_party": party.role} if kind in ("repayment_notice", "demand_notice") else {}),
                **values,
            )
            told[party.label] = notice.notice_no
        cases.finish_step(writer, case, step, told)


@task(name="issue-repayment-notice")
def issue_repayment_notice(case_no: str) -> dict[str, str]:
    """MAT-1: print the repayment notice with its slips, and enter these; gives the addressees' labels by the slips'
    numbers."""
    office = Office.open()
    with office.book.read() as session:
        case = cases.get(session, case_no)
        done = cases.result(session, case_no, "issue")
        loan = loans.get(session, case.loan_no)
        told = parties.to_notify(session, loan)
        others = [p for p in parties.of_loan(session, loan) if p.role != "borrower"]
        policy = office.policy_of(session, case)
    if done is not None:
        return done.result["addressees"]
    amounts = due_at_maturity(office, loan)
    apply_until = loan.matures_on - timedelta(days=policy.extension.apply_days)
    archive_report.fn(
        case_no,
        "repayment_notice",
        "归还贷款提示通知书",
        {
            "amounts": amounts,
            "total": sum((amount for _, amount in amounts), ZERO),
            "pay_by": loan.matures_on,
            "apply_until": apply_until if apply_until >= office.today else None,
            "parties": [f"{p.label} {p.name}" for p in others],
        },
        step="archive-notice",
    )
    return issue_slips(office, case_no, told, origin="issue-repayment-notice")


def issue_slips(office: Office, case_no: str, told: Sequence[Party], *, origin: str) -> dict[str, str]:
    """Enter a slip for each addressee of a notice that was printed; gives their labels by the slips' numbers."""
    with office.book.write(origin=origin) as writer:
        case = cases.get(writer.session, case_no)
        labels = {slips.number_of(case, n): party.label for n, party in enumerate(told, start=1)}
        slips.issue(writer, case, told)
        return cases.finish_step(writer, case, "issue", {"addressees": labels})["addressees"]


@dataclass(frozen=True)
class Statement:
    """MAT-4: what was received of a loan in all, receipt by receipt, and what is left over. `entrusted` are the
    fee and the consignor's figures of an entrusted loan."""

    settled_on: date
    received: list[tuple[str, Decimal]]
    receipts: list[tuple[date, str, Decimal, Decimal, Decimal, Decimal, Decimal]]
    overpaid: Decimal
    entrusted: list[tuple[str, Decimal]] | None

    def as_markdown(self) -> str:
        lines = [f"| {name} | {money(amount)} |" for name, amount in (*self.received, ("多收款项", self.overpaid))]
        lines += [f"| {name} | {money(amount)} |" for name, amount in self.entrusted or []]
        return "\n\n| 结清项目 | 金额 |\n|---|---|\n" + "\n".join(lines)


def statement_of(office: Office, loan: Loan, settled_on: date) -> Statement:
    """The settlement statement of a loan that was paid in full by a day."""
    with office.book.read() as session:
        books = accounts.open_books(session, office.policy_file, [loan])[loan.loan_no]
        account = accounts.account(session, office.policy_file, loan, settled_on)
        by_core = bool(accounts.kept_by_core(session, [loan.loan_no], settled_on))
    journal = allocation.journal(books.terms, books.claims, books.in_force(settled_on), settled_on)
    receipts = []
    for receipt in books.in_force(settled_on):
        parts = {part: ZERO for part in ("fee", "penalty", "interest", "principal")}
        for entry in journal:
            if entry.receipt_no == receipt.receipt_no and entry.part in parts:
                parts[entry.part] += entry.paid
        receipts.append((receipt.paid_on, receipt.receipt_no, receipt.amount, *parts.values()))
    if by_core:
        return Statement(settled_on, [("本金 (以核心系统为准)", loan.principal)], [], ZERO, None)
    received = [(title, account.paid[part]) for part, title in PARTS if account.paid[part] or part == "principal"]
    return Statement(
        settled_on,
        received,
        receipts,
        account.excess,
        _entrusted(office, loan, account, settled_on) if loan.consignor else None,
    )


def _entrusted(office: Office, loan: Loan, account: Account, settled_on: date) -> list[tuple[str, Decimal]]:
    """ENT-1: the fee of an entrusted loan, the tax withheld of its interest, and what the consignor gets."""
    rule = office.policy_file.at(loan.disbursed_on).entrusted
    interest = account.paid["interest"] + account.paid["penalty"]
    if loan.found_by == "lender" and loan.base_rate is not None:
        matured = loan.original_maturity or loan.matures_on
        fee = entrusted.fee_recommended(
            loan.principal, loan.annual_rate, loan.base_rate, loan.disbursed_on, matured, rule.min_fee_percent
        )
    else:
        fee = entrusted.fee_found(loan.principal, rule.fee_percent)
    return [
        ("委托贷款手续费", fee),
        ("委托人利息收入", interest),
        ("代扣税费", entrusted.tax_withheld(interest, rule.tax_percent)),
        ("应付委托人", entrusted.net_to_consignor(account.paid["principal"], interest, rule.tax_percent)),
    ]


def owed_again(office: Office, loan: Loan, settled_on: date) -> bool:
    """Whether the loan is not the one that was settled on the day any more: a receipt bounced since, though another
    may have come, or an advance is unpaid that the core system does not know."""
    with office.book.read() as session:
        return extensions.settled_on(session, loan) != settled_on or owed_now(session, loan, office.today)


def owed_now(session: Session, loan: Loan, day: date) -> bool:
    """Whether anything is owed on the loan at the end of a day. Where a receipt bounced and another came for it,
    nothing is: the day of settlement has moved, but the loan is paid."""
    return bool(titles.still_owed(session, [loan.loan_no], day))


@task(name="parties-of-case")
def parties_of(case_no: str, step: str) -> dict[str, Party]:
    """The parties to the case's loan by their labels, the borrower first, as they were when the step was first
    reached: what a form offers must not change while it is answered."""

    def known_now(session: Session, case: Case) -> dict[str, Any]:
        everybody = parties.of_loan(session, loans.get(session, case.loan_no))
        return {"parties": [{"role": p.role, "number": p.number, "name": p.name} for p in everybody]}

    found = once(case_no, step, known_now, origin="parties-of-case")
    return {party.label: party for party in (Party(**known) for known in found["parties"])}


@task(name="titles-of-case")
def titles_of(case_no: str) -> list[str]:
    """The collateral of the case's loan whose document of title is held, by number, as it was when this was first
    asked."""

    def held_now(session: Session, case: Case) -> dict[str, Any]:
        held = titles.of_loan(session, case.loan_no or "", Office.open().today)
        return {"held": [item.collateral.collateral_no for item in held if not item.released]}

    return once(case_no, "titles", held_now, origin="titles-of-case")["held"]
