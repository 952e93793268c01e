"""A case under way: what every flow of a case begins with, asks by, and ends with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from prefect.states import Completed, State
from pydantic import Field
from sqlmodel import Session

from postloan.book import Writer, cases, loans
from postloan.book.tables import Borrower, Case, Loan
from postloan.calendar import Calendar
from postloan.forms.base import Form, LevelDecision, rows
from postloan.policy import Policy
from postloan.rendering import masked, money, plain
from postloan.rules.duties_apart import Mandate
from tasks import human, runs
from tasks.human import Answer, Check, Signer
from tasks.office import Office

F = TypeVar("F", bound=Form)


# How the one parameter of every case flow shows in the Prefect UI, which takes a title from there only.
CASE_NUMBER = Field(
    description="The case in the book; the daily round opens it.", json_schema_extra={"title": "案件号 Case number"}
)


@dataclass(frozen=True)
class Work:
    """A case that this run carries out, with the policy that it finishes under."""

    office: Office
    case: Case
    policy: Policy

    @property
    def branch(self) -> str:
        """The branch whose people the case is for; "" for head office."""
        return self.case.branch_no

    @property
    def calendar(self) -> Calendar:
        return self.policy.working_days

    @property
    def policy_of_today(self) -> Policy:
        """What is in force now, whatever the case began under: the law on contacts does not wait for a case."""
        return self.office.policy

    def in_working_days(self, days: int) -> date:
        """So many working days after today."""
        return self.calendar.add_working_days(self.office.today, days)

    def working_days_after(self, answer: Answer, days: int) -> date:
        """So many working days after the day on which an answer was signed."""
        return self.calendar.add_working_days(self.day_of(answer), days)

    def days_after(self, answer: Answer, days: int) -> date:
        """So many calendar days after the day on which an answer was signed."""
        return self.day_of(answer) + timedelta(days=days)

    def day_of(self, answer: Answer) -> date:
        """The institution's day on which an answer was signed."""
        return self.office.local(answer.signed_at).date()

    def ask(
        self,
        step: str,
        form: type[F],
        *,
        duty: str,
        title: str,
        of: Mandate,
        due_on: date,
        context: str,
        check: Check[F] | None = None,
    ) -> Answer[F]:
        """Ask a person; see `human.ask`."""
        return human.ask(
            self.office,
            self.case,
            step=step,
            duty=duty,
            title=title,
            form=form,
            of=of,
            due_on=due_on,
            context=context,
            check=check,
        )

    def named(self, role: str, staff_no: str) -> Mandate:
        """A person with a role; should they leave, everybody with it at the case's branch. "": all of them."""
        return Mandate(role, staff_no, self.branch)

    def of_branch(self, role: str) -> Mandate:
        """Everybody with a role at the case's branch or at head office."""
        return Mandate(role, branch_no=self.branch)

    def returned(self, rework: int, *steps: tuple[str, str]) -> str:
        """Why the work of the round before came back, from the first of these steps that was done in it:
        (step, the field with the opinion). Empty in the first round."""
        if rework == 1:
            return ""
        with self.office.book.read() as session:
            for name, field in steps:
                step = cases.result(session, self.case.case_no, nth(name, rework - 1))
                if step is not None:
                    return f"\n\n> **退回意见 Returned by {step.staff_no}:** {plain(step.result[field])}"
        return ""

    def heading(self, title: str, *columns: tuple[str, str]) -> str:
        """What stands above every form of the case."""
        return table(title, columns)

    def note(self, enter: Callable[[Writer], None]) -> None:
        """Put what was decided so far into the book; `enter` runs again after each answer and must not mind."""
        with self.office.book.write(origin=f"flow-run {runs.current_run_id()}") as writer:
            enter(writer)

    def finish(self, outcome: str, message: str, enter: Callable[[Writer], str | None] | None = None) -> State:
        """Close the case and end the run; `enter` puts what was decided into the book, in the same transaction, and
        gives the outcome if it finds that it is another one. A case that was closed or cancelled meanwhile enters
        nothing."""
        with self.office.book.write(origin=f"flow-run {runs.current_run_id()}") as writer:
            if cases.still_open(writer, self.case.case_no):
                other = enter(writer) if enter is not None else None
                if other is not None:
                    outcome, message = other, f"{self.case.case_no}: {other}"
                cases.close(writer, self.case, outcome)
        runs.show_done(self.case)
        return Completed(message=message)


@dataclass(frozen=True)
class LoanWork(Work):
    """Work on one loan."""

    loan: Loan
    borrower: Borrower

    def heading(self, title: str, *columns: tuple[str, str]) -> str:
        """What stands above every form of the case: which loan, and whose (masked)."""
        return table(
            title,
            (
                ("借据号", self.loan.loan_no),
                ("借款人", masked(self.borrower.name)),
                ("金额", f"{money(self.loan.principal)} {self.loan.currency}"),
                ("到期日", str(self.loan.matures_on)),
                *columns,
            ),
        )


def begin(case_no: str) -> Work | None:
    """Claim the case for this run; None if another live run carries it out, or it is closed."""
    office = Office.open()
    if not runs.claim(office, case_no):
        return None
    with office.book.read() as session:
        case = cases.get(session, case_no)
        policy = office.policy_of(session, case)
        if case.loan_no is None:
            return Work(office, case, policy)
        loan = loans.get(session, case.loan_no)
        return LoanWork(office, case, policy, loan, loans.borrower_of(session, loan))


def begin_on_loan(case_no: str) -> LoanWork | None:
    """As `begin`, for the kinds of cases that are always on a loan."""
    work = begin(case_no)
    if work is not None and not isinstance(work, LoanWork):
        raise TypeError(f"case {case_no} is on no loan")
    return work


def once(
    case_no: str, step: str, work_out: Callable[[Session, Case], dict[str, Any]], *, origin: str
) -> dict[str, Any]:
    """What a machine's step finds out, worked out when the step is first reached and kept from then on: what a form
    offers, or who is asked, must not change while people answer."""
    with Office.open().book.write(origin=origin) as writer:
        case = cases.get(writer.session, case_no)
        done = cases.result(writer.session, case_no, step)
        if done is not None:
            return done.result
        return cases.finish_step(writer, case, step, work_out(writer.session, case))


def superseded() -> State:
    """How a run ends that does not carry out its case."""
    return Completed(name="Superseded", message="another run carries out this case, or it is closed")


# ------------------------------------------------------------------------- what many flows do


def nth(step: str, rework: int) -> str:
    """The stable name of a step in a round of rework: report, report-2, report-3 …"""
    return step if rework == 1 else f"{step}-{rework}"


WIDEST = 4  # columns that the dialog of a form shows without cutting


def table(title: str, columns: tuple[tuple[str, str], ...]) -> str:
    """A heading and what there is to know under it, as markdown: one row, or one line each if there is more than a
    form can show side by side."""
    facts = [(name, plain(value) or "—") for name, value in columns]
    if len(facts) > WIDEST:
        lines = ["| 项目 | 内容 |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts)]
    else:
        names, values = zip(*facts, strict=True) if facts else ((), ())
        lines = ["|".join(("", *cells, "")) for cells in (names, ["---"] * len(names), values)]
    return f"### {title}\n\n" + "\n".join(lines) + "\n"


def shown(title: str, answer: Answer) -> str:
    """An earlier answer, as markdown above the next form."""
    lines = "\n".join(f"| {name} | {plain(text)} |" for name, text in rows(answer.form))
    return f"\n\n**{title}** ({answer.staff_no})\n\n| 项目 | 内容 |\n|---|---|\n{lines}"


def decided_above(work: Work, about: str, after: Answer, *, days: int, rework: int = 1) -> list[Answer[LevelDecision]]:
    """INS-10: what is beyond the authority, reported upward level by level until one decides; the last
    level decides in any case."""
    decisions: list[Answer[LevelDecision]] = []
    levels = work.policy.signals.levels
    for number, role in enumerate(levels, start=1):
        before = decisions[-1] if decisions else after

        def check(form: LevelDecision, _signer: Signer, *, last: bool = number == len(levels)) -> list[str]:
            return (
                ["已是最高层级, 须作出决定 (there is no level above: decide)"] if last and form.reported_upward else []
            )

        decisions.append(
            work.ask(
                nth(f"level-{number}", rework),
                LevelDecision,
                duty=f"decide-{number}",
                title="上级决定",
                of=work.of_branch(role),
                due_on=work.working_days_after(before, days),
                context=about + "".join(f"\n\n**{a.staff_no}**: {plain(a.form.opinion)}" for a in decisions),
                check=check,
            )
        )
        if not decisions[-1].form.reported_upward:
            break
    return decisions
