"""The machine's step of the year's end: balances carried forward, once."""

from __future__ import annotations

from prefect import task

from postloan.book import cases, ledger
from tasks.office import Office


@task(name="carry-over")
def carry_over(case_no: str) -> None:
    """REC-2: carry every balance of the case's branch forward as of the case's day; kept as a step."""
    office = Office.open()
    with office.book.write(origin="carry-over") as writer:
        case = cases.get(writer.session, case_no)
        if cases.result(writer.session, case_no, "carry-over") is not None:
            return
        policy = office.policy_of(writer.session, case)
        carried = ledger.carry_over(writer, policy, case, case.anchor_on)
        cases.finish_step(writer, case, "carry-over", {"loans": carried})
