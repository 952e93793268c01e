"""The machine's steps of the workout: who decides, who may investigate, which milestone is next. Each is worked out
once for its step, and kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from prefect import task
from sqlmodel import Session

from postloan.book import cases, loans, people, workout
from postloan.book.tables import Case
from postloan.rendering import money, plain
from postloan.rules.duties_apart import Mandate
from postloan.rules.words import word
from postloan.rules.workout import Alternative, ranked
from tasks.office import Office
from tasks.work import LoanWork, once


@task(name="workout-levels")
def levels_of(case_no: str, step: str) -> list[str]:
    """The roles that decide about a plan (WO-3) or a write-off (WO-5), in order, by what is unpaid on the day."""
    office = Office.open()

    def by_amount(session: Session, case: Case) -> dict[str, Any]:
        policy, loan = office.policy_of(session, case), loans.get(session, case.loan_no)
        owed = workout.unpaid(session, office.policy_file, loan, office.today)
        of = workout.write_off_levels if case.kind == "write_off" else workout.levels_for
        return {"levels": list(of(policy, owed.total)), "amount": str(owed.total)}

    return list(once(case_no, step, by_amount, origin="workout-levels")["levels"])


@task(name="investigators")
def investigators_of(case_no: str) -> str:
    """WO-2: the first role of the policy in which somebody had nothing to do with the loan; else the last one."""
    office = Office.open()
    with office.book.write(origin="investigators") as writer:
        session = writer.session
        case = cases.get(session, case_no)
        done = cases.result(session, case_no, "investigators")
        if done is not None:
            return str(done.result["role"])
        roles = office.policy_of(session, case).workout.investigators
        barred = workout.involved(session, loans.get(session, case.loan_no), but=case_no)
        free = [
            person
            for person in people.everyone(session, office.today)
            if person.active and person.staff_no not in barred
        ]
        role = next((role for role in roles if any(role in person.roles for person in free)), roles[-1])
        return str(cases.finish_step(writer, case, "investigators", {"role": role, "barred": sorted(barred)})["role"])


@dataclass(frozen=True)
class Heard:
    """A person concerned, and who is asked for the statement: the person, by a role that he holds, or, where he
    cannot sign here, the investigator, who takes it down."""

    person: str
    role: str


@task(name="persons-concerned")
def persons_of(case_no: str, named: list[str], step: str) -> list[Heard]:
    """WO-2: the persons whom an investigation named; `role` is "" for those who are no active staff, or are absent."""
    today = Office.open().today

    def able(session: Session, _case: Case) -> dict[str, Any]:
        there = {p.staff_no: p for p in people.everyone(session, today) if p.active and not p.absent}
        return {
            "persons": {
                person: min(there[person].roles) if person in there and there[person].roles else "" for person in named
            }
        }

    asked = once(case_no, step, able, origin="persons-concerned")["persons"]
    return [Heard(person, asked[person]) for person in named]


@dataclass(frozen=True)
class Next:
    """The milestone that a report is about."""

    number: int
    name: str
    measure: str
    due_on: date
    article: str


@task(name="next-milestone")
def next_of(case_no: str, step: str) -> Next:
    """WO-4: the milestone that is due next when the step is first reached."""

    def coming(session: Session, _case: Case) -> dict[str, Any]:
        found = workout.next_milestone(session, case_no)
        if found is None:
            raise RuntimeError(f"case {case_no} has no milestone to report on")
        return {
            "number": found.number,
            "name": found.name,
            "measure": found.measure,
            "due_on": found.due_on.isoformat(),
            "article": found.rule,
        }

    result = once(case_no, step, coming, origin="next-milestone")
    return Next(**(result | {"due_on": date.fromisoformat(result["due_on"])}))


# ------------------------------------------------------------------------------- what stands above a form


def manager_of(work: LoanWork) -> Mandate:
    """Who works the loan out: whoever took it over, else everybody with the role."""
    with work.office.book.read() as session:
        handed = workout.latest_transfer(session, work.loan.loan_no)
    return work.named(work.policy.workout.manager, handed.taken_by if handed is not None else "")


def owed_of(work: LoanWork) -> workout.Unpaid:
    """What is owed today."""
    with work.office.book.read() as session:
        return workout.unpaid(session, work.office.policy_file, work.loan, work.office.today)


def comparison(work: LoanWork, alternatives: list[Alternative]) -> list[tuple[str, ...]]:
    """WO-3: the alternatives, the best by present value first: rank, measure, expected, costs, months, value."""
    rate = work.policy.workout.discount_rate
    return [
        (str(place), word(one.measure, "measure"), money(one.expected), money(one.cost), str(one.months), money(value))
        for place, (one, value) in enumerate(ranked(alternatives, rate), start=1)
    ]


COMPARED = ("排序", "方案", "预计回收", "费用", "月数", "净现值")


def compared(work: LoanWork, alternatives: list[Alternative]) -> str:
    """The comparison as markdown."""
    lines = [COMPARED, ("---",) * len(COMPARED), *comparison(work, alternatives)]
    table = "\n".join("|" + "|".join(line) + "|" for line in lines)
    return f"\n\n**方案比较 Alternatives compared** ({work.policy.workout.discount_rate} %)\n\n{table}"


def milestones_of(work: LoanWork) -> str:
    """The milestones of the case so far, as markdown."""
    with work.office.book.read() as session:
        found = workout.of_case(session, work.case.case_no)
    if not found:
        return ""
    lines = [f"| {m.due_on} | {plain(m.name)} | {word(m.state, 'milestone')} | {m.done_on or ''} |" for m in found]
    return "\n\n**进度 Milestones**\n\n| 期限 | 事项 | 状态 | 完成日 |\n|---|---|---|---|\n" + "\n".join(lines)
