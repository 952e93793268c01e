"""Who looks after a case: the loan's own account officer, else the least-loaded of the branch (INS-13)."""

from __future__ import annotations

from prefect import task

from postloan.book import cases, loans, people
from postloan.errors import PostloanError
from postloan.rules.duties_apart import Mandate, holders
from postloan.rules.roles import OFFICER
from tasks.office import Office


@task(name="assign-officer")
def assign_officer(case_no: str) -> str:
    """The loan's own account officer, else the least-loaded one of the branch (INS-13).

    Raises PostloanError when nobody holds the role: the round tries again after one was added.
    """
    office = Office.open()
    with office.book.write(origin="assign-officer") as writer:
        case = cases.get(writer.session, case_no)
        done = cases.result(writer.session, case_no, "assign")
        if done is not None:
            return done.result["staff_no"]
        loan = loans.get(writer.session, case.loan_no)
        everyone = people.everyone(writer.session, office.today)
        own = [p for p in everyone if p.active and p.staff_no == loan.officer_no and OFFICER in p.roles]
        if own:
            chosen, why = own[0].staff_no, "the loan's own officer"
        else:
            able = holders(Mandate(OFFICER, branch_no=loan.branch_no or ""), everyone)
            able = [p for p in able if not p.absent] or able
            if not able:
                raise PostloanError(
                    f"nobody can inspect loan {loan.loan_no}: no active staff holds the role {OFFICER}; "
                    "add one with: postloan staff add"
                )
            load = people.customers_of(writer.session, [p.staff_no for p in able])
            chosen = min(able, key=lambda p: (load[p.staff_no], p.staff_no)).staff_no
            why = f"least-loaded of the branch ({load[chosen]} customers)"
        return cases.finish_step(writer, case, "assign", {"staff_no": chosen, "why": why})["staff_no"]
