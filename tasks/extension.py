"""Who decides about an extension: worked out once for each round of a case, and kept (EXT-4)."""

from __future__ import annotations

from decimal import Decimal

from prefect import task

from postloan.book import cases, extensions, loans
from tasks.office import Office


@task(name="extension-levels")
def levels_of(case_no: str, amount: Decimal, step: str) -> list[str]:
    """The roles that decide, in order, by the amount and the borrower's exposure of the day."""
    office = Office.open()
    with office.book.write(origin="extension-levels") as writer:
        session = writer.session
        case = cases.get(session, case_no)
        done = cases.result(session, case_no, step)
        if done is not None:
            return done.result["levels"]
        loan = loans.get(session, case.loan_no)
        exposed = extensions.exposure(session, loan, office.today)
        levels = extensions.levels_for(office.policy_of(session, case), loan, amount, exposed)
        found = {"levels": list(levels), "amount": str(amount), "exposure": str(exposed)}
        return cases.finish_step(writer, case, step, found)["levels"]
