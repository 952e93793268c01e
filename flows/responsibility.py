"""Who answers for a loss (责任认定, 追责): found out by somebody outside of the chain that granted the loan, answered
to by the persons concerned, determined by the authority, handed to supervision (WO-2)."""

from __future__ import annotations

from dataclasses import dataclass

from prefect import flow
from prefect.states import State

from postloan.book import Writer, workout
from postloan.book.workout import Answerable
from postloan.forms.base import Form
from postloan.forms.workout import DEGREES, NOBODY, Determination, HandedToSupervision, PersonsStatement
from postloan.forms.workout import ResponsibilityInquiry as Inquiry
from postloan.rendering import money
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded
from tasks.workout import Heard, investigators_of, owed_of, persons_of

TITLE = "不良贷款责任认定书"


@dataclass(frozen=True)
class Found:
    """What was found out and answered in a round."""

    inquiry: Answer[Inquiry]
    answers: list[tuple[Heard, Answer[PersonsStatement]]]

    @property
    def papers(self) -> list[tuple[str, Form]]:
        return [
            ("责任调查", self.inquiry.form),
            *((f"{heard.person} 的陈述", answer.form) for heard, answer in self.answers),
        ]

    def shown(self) -> str:
        answers = "".join(shown(f"{heard.person} 的陈述", answer) for heard, answer in self.answers)
        return shown("责任调查", self.inquiry) + answers


@flow(name="responsibility-determination", flow_run_name="责任认定 {case_no}", retries=0)
def responsibility_determination(case_no: str = CASE_NUMBER) -> State:
    """Who answers for the loss of a loan that went to the workout (WO-2).

    Args:
        case_no: the case in the book, for example RD-L0001-1. It follows from the transfer.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    role = investigators_of(case_no)
    owed = owed_of(work)
    about = work.heading(TITLE, ("未还本金", money(owed.principal)), ("欠息及费用", money(owed.interest)))

    rework = 1
    while True:
        inquiry = _inquire(work, about, role, rework)
        named = [one.person for one in inquiry.form.persons]
        heard = persons_of(case_no, named, nth("persons", rework)) if named else []
        found = Found(inquiry, [(one, _hear(work, about, inquiry, one, n, rework)) for n, one in enumerate(heard, 1)])
        determined = _determine(work, about, found, rework)
        if not determined.form.returned:
            break
        rework += 1
    received = _receive(work, about, found, determined)

    papers: list[tuple[str, Form]] = [*found.papers, ("认定决定", determined.form), ("监察受理", received.form)]
    archive_paper(case_no, "responsibility_record", TITLE, papers, rounds=rework)

    def enter(writer: Writer) -> None:
        said = {one.person: answer.form.statement for one, answer in found.answers}
        workout.determine(
            writer,
            work.case,
            [Answerable(p.person, p.part, p.degree, p.finding, said[p.person]) for p in inquiry.form.persons],
            determined_on=work.day_of(determined),
            by=determined.staff_no,
            handed_over_on=work.day_of(received),
        )

    outcome = "determined" if inquiry.form.persons else "nobody_answers"
    return work.finish(outcome, f"{case_no}: {outcome}", enter)


def _inquire(work: LoanWork, about: str, role: str, rework: int) -> Answer[Inquiry]:
    """Somebody who signed nothing on the loan, and is not its officer, finds out how the loss came about (WO-2)."""

    def check(form: Inquiry, signer: Signer) -> list[str]:
        with work.office.book.read() as session:
            chain = workout.involved(session, work.loan, but=work.case.case_no)
        faults = []
        if signer.staff_no in chain:
            faults.append(
                f"{signer.staff_no} 曾在本笔贷款的案件中签字或为其客户经理, 须由他人调查 "
                "(the investigator must have had nothing to do with the loan)"
            )
        persons = [one.person for one in form.persons]
        faults += [f"{who} 不得调查自己 (nobody investigates himself)" for who in persons if who == signer.staff_no]
        if len(persons) != len(set(persons)):
            faults.append("同一责任人只填一次 (each person once)")
        faults += [f for n in (1, 2, 3) for f in _person_faults(form, n)]
        if not persons and len(form.no_one.strip()) < 10:
            faults.append("无人承担责任须详述理由 (nobody answers for it: say why)")
        return faults

    return work.ask(
        nth("inquire", rework),
        Inquiry,
        duty="investigate",
        title="责任调查",
        of=work.of_branch(role),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.workout.answer_working_days),
        context=about + work.returned(rework, ("determine", "opinion")),
        check=check,
    )


def _person_faults(form: Inquiry, n: int) -> list[str]:
    """What is missing of a person who is named, or is there of one who is not."""
    person, degree = getattr(form, f"person_{n}"), getattr(form, f"degree_{n}")
    part, finding = getattr(form, f"part_{n}").strip(), getattr(form, f"finding_{n}").strip()
    if not person:
        filled = part or finding or degree != NOBODY
        return [f"须填写责任人{n}的工号 (who is person {n}?)"] if filled else []
    complete = degree in DEGREES and part and len(finding) >= 5
    return [] if complete else [f"{person}: 须填写岗位、责任和事实依据 (part, degree and finding)"]


def _hear(
    work: LoanWork, about: str, inquiry: Answer[Inquiry], heard: Heard, n: int, rework: int
) -> Answer[PersonsStatement]:
    """The person concerned answers; who cannot sign here does so on paper, which the investigator takes down."""
    whom = (heard.role, heard.person) if heard.role else (investigators_of(work.case.case_no), inquiry.staff_no)

    def check(form: PersonsStatement, signer: Signer) -> list[str]:
        if form.in_person != (signer.staff_no == heard.person):
            return [f"须由 {heard.person} 本人陈述, 他人只能代录书面陈述 (only the person himself answers in person)"]
        if not form.in_person and not form.document.strip():
            return ["须填写书面材料编号或见证人 (the paper, or the witness)"]
        return []

    about += f"\n\n须陈述的责任人 person concerned: **{heard.person}**" + shown("责任调查", inquiry)
    return work.ask(
        nth(f"answer-{n}", rework),
        PersonsStatement,
        duty="answer" if heard.role else "investigate",
        title="责任人陈述",
        of=work.named(*whom),
        due_on=work.working_days_after(inquiry, work.policy.workout.answer_working_days),
        context=about,
        check=check,
    )


def _determine(work: LoanWork, about: str, found: Found, rework: int) -> Answer[Determination]:
    """The authority determines who answers for what; nobody decides who granted the loan, or is concerned (WO-2)."""
    concerned = {heard.person for heard, _ in found.answers}

    def check(_form: Determination, signer: Signer) -> list[str]:
        with work.office.book.read() as session:
            granting = workout.involved(session, work.loan, but=work.case.case_no, kinds=work.policy.workout.granting)
        if signer.staff_no in granting | concerned:
            return [
                f"{signer.staff_no} 参与过本笔贷款的审批或为责任人, 须由他人认定 (somebody else has to determine it)"
            ]
        return []

    return work.ask(
        nth("determine", rework),
        Determination,
        duty="determine",
        title=TITLE,
        of=work.of_branch(work.policy.workout.determiner),
        due_on=work.working_days_after(found.inquiry, 2 * work.policy.workout.answer_working_days),
        context=about + found.shown(),
        check=check,
    )


def _receive(work: LoanWork, about: str, found: Found, determined: Answer) -> Answer[HandedToSupervision]:
    """Supervision signs for what was determined (WO-2: 追责)."""
    return work.ask(
        "receive",
        HandedToSupervision,
        duty="supervision",
        title="移交监察部门",
        of=work.of_branch(work.policy.workout.supervisor),
        due_on=work.working_days_after(determined, work.policy.workout.step_working_days),
        context=about + found.shown() + shown("认定决定", determined),
    )
