"""The machine's step of a classification: what the rule gives, kept for the whole case."""

from __future__ import annotations

from prefect import task

from postloan.book import cases, classification, loans
from postloan.rules.classification import Best
from tasks.office import Office


@task(name="rule-class")
def rule_class(case_no: str) -> Best:
    """CLS-1: the best category that the rules allow on the case's day; later corrections of the book
    do not change it while the case is under way."""
    office = Office.open()
    with office.book.write(origin="rule-class") as writer:
        case = cases.get(writer.session, case_no)
        done = cases.result(writer.session, case_no, "rule")
        if done is not None:
            return Best(**done.result)
        loan = loans.get(writer.session, case.loan_no)
        best = classification.best(writer.session, office.policy_of(writer.session, case), loan, case.anchor_on)
        kept = {"risk_class": best.risk_class, "why": best.why, "cause": best.cause}
        return Best(**cases.finish_step(writer, case, "rule", kept))
