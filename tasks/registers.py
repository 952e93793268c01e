"""The machine's steps of the registers: what the work log lacks, kept as it was when the case began."""

from __future__ import annotations

from prefect import task

from postloan.book import cases, loans, work_log
from postloan.book.tables import Borrower
from postloan.policy import Policy
from tasks.office import Office


def wanted_entries(policy: Policy, borrower: Borrower) -> int:
    """REC-3: how many entries a month a borrower needs; key borrowers more."""
    rule = policy.work_log
    return rule.per_month_key if borrower.segment in rule.key_segments else rule.per_month


@task(name="missing-entries")
def missing_entries(case_no: str) -> int:
    """REC-3: how many entries the borrower's month lacks; one at least, as the case was opened for it."""
    office = Office.open()
    with office.book.write(origin="missing-entries") as writer:
        case = cases.get(writer.session, case_no)
        done = cases.result(writer.session, case_no, "missing")
        if done is not None:
            return int(done.result["entries"])
        borrower = loans.borrower_of(writer.session, loans.get(writer.session, case.loan_no))
        wanted = wanted_entries(office.policy_of(writer.session, case), borrower)
        first, last = case.anchor_on.replace(day=1), case.anchor_on
        made = work_log.made(writer.session, borrower.borrower_no, first, last)
        return int(cases.finish_step(writer, case, "missing", {"entries": max(wanted - made, 1)})["entries"])
