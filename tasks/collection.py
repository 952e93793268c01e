"""What the machine does in collection: the gate, what stands above each form, demand notices, daily messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from prefect import task
from sqlmodel import Session, func, select

from postloan.book import (
    Writer,
    accounts,
    cases,
    collection,
    contacts,
    limitation,
    loans,
    parties,
    promises,
    slips,
    stages,
)
from postloan.book.collection import PastDue
from postloan.book.contacts import Person, Request
from postloan.book.notices import borrower_recipient, by_key
from postloan.book.tables import Borrower, Case, Interruption, Notice, Promise
from postloan.policy import Policy
from postloan.policy.collection import Rhythm
from postloan.rendering import money
from postloan.rules.collection import Try, missing_before_lost, next_contact, part_of_day
from postloan.rules.position import ZERO
from tasks.archive import archive_report
from tasks.maturity import issue_slips
from tasks.notices import queue
from tasks.office import Office
from tasks.work import LoanWork, once, table

# ---------------------------------------------------------------------------------------- what is known


def standing_of(work: LoanWork) -> PastDue | None:
    """The loan's stage today; None once it is cured or handed over."""
    with work.office.book.read() as session:
        return collection.one_past_due(session, work.office.today, work.loan.loan_no)


def rhythm_of(work: LoanWork) -> Rhythm | None:
    """COL-3: what is to be done in the loan's stage."""
    found = standing_of(work)
    return found.rhythm(work.policy) if found else None


def next_on(work: LoanWork, rhythm: Rhythm | None) -> date:
    """COL-3: the day of the next contact: the day after a promise or a pause ends, else by the stage's rhythm."""
    today, rules = work.office.today, work.policy.collection
    with work.office.book.read() as session:
        promise = promises.open_one(session, work.loan.loan_no)
        paused = stages.running(session, work.loan.loan_no, today)
        made = [c for c in contacts.of_loan(session, work.loan.loan_no) if c.permitted and c.notice_no is None]
    if paused is not None:
        return stages.last_day(paused) + timedelta(days=1)
    if promise is not None:
        return promise.due_on + timedelta(days=1)
    if not made:
        return work.case.opened_on + timedelta(days=rules.first_contact_days)
    last = work.office.local(made[-1].contact_at).date()
    return next_contact(last, rhythm.contact_days if rhythm and rhythm.contact_days else 7, rules.pay_days)


def known(work: LoanWork) -> str:
    """What stands above a form of collection: stage, what is overdue, promises, the last contacts, what stops them."""
    day, loan_no = work.office.today, work.loan.loan_no
    one = standing_of(work)
    with work.office.book.read() as session:
        given = promises.of_loan(session, loan_no)[-3:]
        made = contacts.of_loan(session, loan_no)[-5:]
        stopped = [
            (person.label, stop.kind)
            for person in contacts.persons(session, work.loan)
            for stop in contacts.active_stops(session, person.role, person.number, day)
        ]
        again = collection.is_redefault(session, work.policy, loan_no, day)
        transfer = cases.under_way(session, "workout_transfer", loan_no)
    facts = [
        ("阶段", f"{one.stage} ({one.since} 起)" if one else "已还清"),
        ("逾期天数(扣除暂停)", str(one.days) if one else "0"),
        ("逾期天数(日历)", str(one.calendar_days) if one else "0"),
        ("逾期金额", money(one.overdue) if one else "0.00"),
        ("再次违约", "是" if again else "否"),
        *((f"承诺 {p.promise_no}", f"{p.due_on} {money(p.amount)} {p.state}") for p in given),
        *(
            (f"联系 {work.office.local(c.contact_at):%m-%d %H:%M}", f"{c.channel} {c.result or c.rule or '-'}")
            for c in made
        ),
        *((f"限制 {label}", kind) for label, kind in stopped),
        *([("移交不良处置", f"{transfer.case_no} 办理中")] if transfer else []),
    ]
    return "\n\n" + table("催收情况", tuple(facts))


# ---------------------------------------------------------------------------------------- the gate


@task(name="persons-of-case")
def persons_of(case_no: str, step: str) -> dict[str, Person]:
    """The people who may be contacted, by their labels, as they were when the step was first reached."""

    def known_now(session: Session, case: Case) -> dict[str, Any]:
        return {"persons": [asdict(one) for one in contacts.persons(session, loans.get(session, case.loan_no))]}

    found = once(case_no, step, known_now, origin="persons-of-case")
    return {person.label: person for person in (Person(**one) for one in found["persons"])}


def refused(work: LoanWork, asked: Request) -> str:
    """CON: why the gate does not permit a contact, and from when it will; "" where it does. Reads only."""
    with work.office.book.read() as session:
        said = contacts.permission(session, work.policy_of_today, work.loan, asked)
    if said.allowed:
        return ""
    when = f"{work.office.local(said.allowed_from):%Y-%m-%d %H:%M} 起可联系" if said.allowed_from else "须先解除限制"
    return f"{said.rule}: {said.reason}; {when}"


@task(name="permit-contact")
def permit(case_no: str, step: str, asked: Request) -> str:
    """CON: enter the contact in the register, if the gate still permits it; gives its number, or "" if not."""
    office = Office.open()
    with office.book.write(origin="permit-contact") as writer:
        case = cases.get(writer.session, case_no)
        done = cases.result(writer.session, case_no, f"permit-{step}")
        if done is not None:
            return done.result["contact_no"]
        loan = loans.get(writer.session, case.loan_no)
        entry = contacts.ask(writer, office.policy, loan, asked, f"{case_no}-{step}", case)
        result = {"contact_no": entry.contact_no if entry.permitted else ""}
        return cases.finish_step(writer, case, f"permit-{step}", result)["contact_no"]


def missing_before_loss(work: LoanWork) -> list[str]:
    """COL-6: what is still to be tried before the borrower is recorded as lost."""
    rules, since = work.policy.collection, work.case.opened_on
    with work.office.book.read() as session:
        made = [c for c in contacts.of_loan(session, work.loan.loan_no) if c.permitted and c.role == "borrower"]
    tries = []
    for one in made:
        at = work.office.local(one.contact_at)
        if at.date() >= since and one.result != "not_made":
            reached = one.result in ("talked", "would_not_talk", "somebody_else")
            tries.append(Try(at.date(), one.channel, one.address, part_of_day(at.hour), reached))
    return missing_before_lost(
        tries, numbers=rules.lost_numbers, parts_of_day=rules.lost_parts_of_day, calls=rules.lost_calls
    )


# ---------------------------------------------------------------------------------------- the demand notice


def overdue_by_part(office: Office, session: Session, case: Case, day: date) -> list[tuple[str, Decimal]]:
    """What is past due at the end of a day, part by part, in the loan's currency; not what can still be paid in time
    (PAY-2), as far as the core system does not keep the account."""
    loan = loans.get(session, case.loan_no)
    if accounts.kept_by_core(session, [loan.loan_no], day):
        position = loans.position(session, loan, day)
        if position is not None:
            return [("逾期本金", position.overdue_principal), ("逾期利息", position.overdue_interest)]
    account = accounts.account(session, office.policy_file, loan, day)
    in_time = office.policy_file.at(day).days_in_time(day)
    late = [one for one in account.owed if (day - one.due_on).days > in_time]
    titles = (("principal", "本金"), ("interest", "利息"), ("penalty", "罚息"), ("fee", "费用及垫款"))
    sums = [(title, sum((getattr(one, part) for one in late), ZERO)) for part, title in titles]
    return [(title, amount) for title, amount in sums if amount]


def overdue_of(work: LoanWork) -> Decimal:
    """What is past due today in all, in the loan's currency."""
    with work.office.book.read() as session:
        return sum((amount for _, amount in overdue_by_part(work.office, session, work.case, work.office.today)), ZERO)


@task(name="issue-demand")
def issue_demand(case_no: str, pay_by: date) -> dict[str, str]:
    """COL-7: print the demand notice (催收通知书) with its slips, and enter these; gives the addressees' labels by the
    slips' numbers. Only the borrower and the guarantors are addressed."""
    office = Office.open()
    with office.book.read() as session:
        case = cases.get(session, case_no)
        done = cases.result(session, case_no, "issue")
        loan = loans.get(session, case.loan_no)
        told = [p for p in parties.to_notify(session, loan) if p.role in ("borrower", "guarantor")]
        amounts = overdue_by_part(office, session, case, office.today)
        days = stages.current(session, loan.loan_no, office.today)
    if done is not None:
        return done.result["addressees"]
    archive_report.fn(
        case_no,
        "demand_notice",
        "逾期贷款催收通知书",
        {
            "amounts": amounts,
            "total": sum((amount for _, amount in amounts), ZERO),
            "as_of": office.today,
            "pay_by": pay_by,
            "stage": days.stage if days else "",
            "addressees": [f"{p.label} {p.name}" for p in told],
            "slips": [(slips.number_of(case, n), p.label) for n, p in enumerate(told, start=1)],
        },
        step="archive-notice",
    )
    return issue_slips(office, case_no, told, origin="issue-demand")


def refused_letter(work: LoanWork, label: str, agent: str) -> str:
    """CON: why a demand, which the law itself asks for, may not go to an addressee; "" where it may."""
    with work.office.book.read() as session:
        person = next(p for p in contacts.persons(session, work.loan) if p.label == label)
    return refused(work, Request(person, "letter", work.office.now, agent, by_law=True))


def enter_letters(writer: Writer, work: LoanWork, slip_nos: set[str], by: str, at: datetime) -> None:
    """Enter the letters that were delivered in the register of contacts."""
    people = {(p.role, p.number): p for p in contacts.persons(writer.session, work.loan)}
    for slip in slips.of_case(writer.session, work.case.case_no):
        person = people.get((slip.party, slip.party_no))
        if slip.slip_no in slip_nos and person is not None:
            asked = Request(person, "letter", at, by, by_law=True)
            contacts.ask(writer, work.policy_of_today, work.loan, asked, slip.slip_no, work.case)


def interrupt(writer: Writer, work: LoanWork, slip_nos: set[str], day: date, document: str, by: str) -> None:
    """COL-7, LIM-1: a demand that was signed for, or went by registered post, begins a new period against each."""
    for slip in slips.of_case(writer.session, work.case.case_no):
        if slip.slip_no in slip_nos:
            known_ = writer.session.get(Interruption, f"{work.case.case_no}-{slip.party_no}")
            if known_ is None:
                limitation.interrupt(
                    writer,
                    work.case,
                    party=slip.party,
                    party_no=slip.party_no,
                    kind="demand",
                    happened_on=day,
                    document=document,
                    by=by,
                )


# ---------------------------------------------------------------------------------------- the daily messages


def remind_overdue(office: Office, writer: Writer, day: date, late: Sequence[PastDue]) -> int:
    """COL-3: queue a message to every borrower past due whose stage asks for one and who had none for so many days;
    gives how many were new. Paused loans and open promises get none; the gate decides when it goes out (CON)."""
    policy, new, session = office.policy_file.at(day), 0, writer.session
    promised = set(session.exec(select(Promise.loan_no).where(Promise.state == "open")))
    last = _last_messages(session, policy)
    for one in late:
        rhythm = one.rhythm(policy)
        if one.paused or rhythm is None or not rhythm.message_days or one.loan_no in promised:
            continue
        last_on = last.get(one.loan_no)
        if last_on is not None and one.since <= last_on and day < last_on + timedelta(days=rhythm.message_days):
            continue
        borrower, key = session.get_one(Borrower, one.borrower_no), f"overdue_reminder:{one.loan_no}:{day}"
        if not (borrower.phone or borrower.email) or by_key(session, key) is not None:
            continue
        queue(
            office,
            writer,
            key=key,
            kind="overdue_reminder",
            to=borrower_recipient(borrower),
            loan_no=one.loan_no,
            case_no=None,
            amount=one.overdue,
            currency=one.currency,
            days=one.days,
        )
        new += 1
    return new


def _last_messages(session: Session, policy: Policy) -> dict[str, date]:
    """The day of the last message about each loan past due."""
    rows = session.exec(
        select(Notice.loan_no, func.max(Notice.queued_at))
        .where(Notice.kind == "overdue_reminder")
        .group_by(Notice.loan_no)  # type: ignore[arg-type]
    )
    return {str(loan_no): at.astimezone(policy.time_zone).date() for loan_no, at in rows}
