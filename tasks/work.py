"""A case under way: what every flow of a case begins and ends with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from prefect.states import Completed, State

from postloan.book import cases, loans
from postloan.book.tables import Borrower, Case, Loan
from postloan.calendar import Calendar
from postloan.policy import Policy
from postloan.rendering import masked, money, plain
from tasks import runs
from tasks.human import Answer
from tasks.office import Office


@dataclass(frozen=True)
class Work:
    """A case that this run carries out, with the policy that it finishes under."""

    office: Office
    case: Case
    policy: Policy
    loan: Loan
    borrower: Borrower

    @property
    def branch(self) -> str:
        """The loan's branch; "" for head office."""
        return self.loan.branch_no or ""

    @property
    def calendar(self) -> Calendar:
        return self.policy.working_days

    def working_days_after(self, answer: Answer, days: int) -> date:
        """So many working days after the day on which an answer was signed."""
        return self.calendar.add_working_days(self.office.local(answer.signed_at).date(), days)

    def heading(self, title: str, *more: tuple[str, str]) -> str:
        """What stands above every form of the case: which loan, and whose (masked)."""
        columns = [
            ("借据号", self.loan.loan_no),
            ("借款人", masked(self.borrower.name)),
            ("金额", f"{money(self.loan.principal)} {self.loan.currency}"),
            ("到期日", str(self.loan.matures_on)),
            *more,
        ]
        return (
            f"### {title}\n\n"
            + "|".join(("", *(name for name, _ in columns), ""))
            + "\n"
            + "|".join(("", *("---" for _ in columns), ""))
            + "\n"
            + "|".join(("", *(plain(value) or "—" for _, value in columns), ""))
            + "\n"
        )


def begin(case_no: str) -> Work | None:
    """Claim the case for this run; None if another live run carries it out, or it is closed."""
    office = Office.open()
    if not runs.claim(office, case_no):
        return None
    with office.book.read() as session:
        case = cases.get(session, case_no)
        loan = loans.get(session, case.loan_no)
        return Work(office, case, office.policy_of(session, case), loan, loans.borrower_of(session, loan))


def superseded() -> State:
    """How a run ends that does not carry out its case."""
    return Completed(name="Superseded", message="another run carries out this case, or it is closed")


def finish(work: Work, outcome: str, message: str) -> State:
    """Close the case and end the run."""
    with work.office.book.write(origin=f"flow-run {runs.current_run_id()}") as writer:
        cases.close(writer, work.case, outcome)
    runs.show_done(work.case)
    return Completed(message=message)
