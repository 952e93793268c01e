"""The machine's steps of the registers: what the work log lacks, kept as it was when the case began."""

from __future__ import annotations

from prefect import task

from postloan.book import cases, loans, work_log
from tasks.office import Office


@task(name="missing-entries")
def missing_entries(case_no: str) -> int:
    """REC-3: how many entries the borrower's month lacks; one at least, as the case was opened for it."""
    office = Office.open()
    with office.book.write(origin="missing-entries") as writer:
        case = cases.get(writer.session, case_no)
        done = cases.result(writer.session, case_no, "missing")
        if done is not None:
            return int(done.result["entries"])
        rule = office.policy_of(writer.session, case).work_log
        borrower = loans.borrower_of(writer.session, loans.get(writer.session, case.loan_no))
        wanted = rule.per_month_key if borrower.segment in rule.key_segments else rule.per_month
        first, last = case.anchor_on.replace(day=1), case.anchor_on
        made = work_log.made(writer.session, borrower.borrower_no, first, last)
        return int(cases.finish_step(writer, case, "missing", {"entries": max(wanted - made, 1)})["entries"])
