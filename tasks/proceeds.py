"""The machine's steps of a payment: what is asked for, and who has to decide."""

from __future__ import annotations

from dataclasses import dataclass

from prefect import task

from postloan.book import cases, loans, proceeds
from postloan.book.tables import Case, Payment
from tasks.office import Office


@dataclass(frozen=True)
class Tiers:
    """How risky a payment is, and the roles that decide, in order."""

    risk: str
    levels: tuple[str, ...]


def payment_of(office: Office, case: Case) -> Payment:
    """The payment that a case is about: its subject is the payment's number."""
    with office.book.read() as session:
        return proceeds.get(session, case.subject)


@task(name="payment-tiers")
def tiers_of(case_no: str) -> Tiers:
    """REC-4: risk and levels as they were when the case began; kept for the whole case."""
    office = Office.open()
    with office.book.write(origin="payment-tiers") as writer:
        case = cases.get(writer.session, case_no)
        done = cases.result(writer.session, case_no, "tiers")
        if done is None:
            policy = office.policy_of(writer.session, case)
            loan = loans.get(writer.session, case.loan_no)
            rating = loans.borrower_of(writer.session, loan).rating
            risk = proceeds.risk(writer.session, policy, loan, rating, case.opened_on)
            payment = proceeds.get(writer.session, case.subject)
            levels = proceeds.levels_for(policy, payment.amount, risk)
            result = cases.finish_step(writer, case, "tiers", {"risk": risk, "levels": list(levels)})
        else:
            result = done.result
        return Tiers(result["risk"], tuple(result["levels"]))
