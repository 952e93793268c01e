"""The commands on collection: the work list, the gate, the register of contacts, promises, stages."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from sqlmodel import col, select

from cli import show
from cli.options import (
    BookOption,
    DayOption,
    FormatOption,
    LoanOption,
    PolicyOption,
    check_state,
    office,
    telling_unknown_years,
)
from cli.show import Format
from postloan.book import collection, contacts, loans, stages
from postloan.book.contacts import Request
from postloan.book.tables import PROMISE_STATES, Promise
from postloan.errors import PostloanError
from postloan.forms.collection import RESULTS
from postloan.rules.contact_limits import CHANNELS
from tasks.office import Office


def show_work_list(
    on: DayOption = None,
    staff: Annotated[str | None, typer.Option(help="Only the loans of this officer")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The collector's work list: broken promises first, then what is promised for today, then contacts due."""
    here = office(book, policy)
    day = on or here.today
    with telling_unknown_years(), here.book.read() as session:
        listed = collection.work_list(session, here.policy_file.at(day), day)
    rows = [
        asdict(work.loan)
        | {
            "reason": work.reason,
            "promised_on": work.promise.due_on if work.promise else None,
            "promised": work.promise.amount if work.promise else None,
            "promise": work.promise.state if work.promise else "",
            "last_contact_on": work.last_contact_on,
        }
        for work in listed
        if staff in (None, work.loan.officer_no)
    ]
    columns = ["loan_no", "borrower_no", "officer_no", "stage", "days", "overdue", "reason", "promised_on", "promised",
               "last_contact_on"]  # fmt: skip
    show.listing(rows, columns, form, f"催收清单 Work list {day}")


def moment_of(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a moment; write it as 2026-03-31T15:30") from None


def _in_zone(here: Office, at: datetime | None) -> datetime:
    """A moment as it was given, in the institution's time zone unless it names another; now if none was."""
    moment = at or here.now
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=here.policy.time_zone)


def show_permission(
    loan_no: str,
    at: Annotated[
        datetime | None,
        typer.Option("--at", parser=moment_of, help="When, e.g. 2026-03-31T15:30; default now"),
    ] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Whom the gate lets contact about a loan, by which channel, and from when on otherwise; changes nothing."""
    here = office(book, policy)
    moment = _in_zone(here, at)
    rows = []
    with telling_unknown_years(), here.book.read() as session:
        loan = loans.get(session, loan_no)
        for person in contacts.persons(session, loan):
            for channel in CHANNELS:
                asked = Request(person, channel, moment, "postloan", person.phone)
                said = contacts.permission(session, here.policy, loan, asked)
                rows.append(
                    {"role": person.role, "person_no": person.number, "channel": channel, "allowed": said.allowed}
                    | {"rule": said.rule, "reason": said.reason}
                    | {"allowed_from": here.local(said.allowed_from) if said.allowed_from else None}
                )
    columns = ["role", "person_no", "channel", "allowed", "rule", "reason", "allowed_from"]
    show.listing(rows, columns, form, f"触达许可 Contact permission {loan_no} {moment:%Y-%m-%d %H:%M}")


def show_contacts(
    loan_no: str, book: BookOption = None, policy: PolicyOption = None, form: FormatOption = Format.table
) -> None:
    """The register of contacts about a loan: permitted and refused ones, by every agent, and their results."""
    here = office(book, policy)
    with here.book.read() as session:
        loans.get(session, loan_no)
        rows = [one.model_dump() for one in contacts.of_loan(session, loan_no)]
    for row in rows:
        row["contact_at"] = here.local(row["contact_at"])
        row["allowed_from"] = here.local(row["allowed_from"]) if row["allowed_from"] else None
    columns = ["contact_no", "contact_at", "role", "person_no", "channel", "agent", "permitted", "rule", "result"]
    show.listing(rows, columns, form, f"联系登记 Contacts {loan_no}")


def show_promises(
    loan: LoanOption = None,
    state: Annotated[str | None, typer.Option(help="open, kept, broken or superseded")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Promises to pay, and what became of them."""
    check_state(state, PROMISE_STATES)
    here = office(book, policy)
    query = select(Promise).order_by(col(Promise.due_on), col(Promise.promise_no))
    if loan is not None:
        query = query.where(Promise.loan_no == loan)
    if state is not None:
        query = query.where(Promise.state == state)
    with here.book.read() as session:
        if loan is not None:
            loans.get(session, loan)
        rows = [one.model_dump() for one in session.exec(query)]
    columns = ["promise_no", "loan_no", "made_on", "due_on", "amount", "state", "settled_on"]
    show.listing(rows, columns, form, "承诺还款 Promises")


def show_stages(
    loan_no: str,
    on: DayOption = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The stages of collection that a loan went through, and the pauses of its clock."""
    here = office(book, policy)
    day = on or here.today
    with here.book.read() as session:
        loan = loans.get(session, loan_no)
        calendar = loans.standing(session, loan, day).days_past_due
        facts = {
            "loan_no": loan_no,
            "as_of": day,
            "days_past_due": calendar,
            "days_on_the_clock": stages.clock(session, loan_no, calendar, day),
        }
        entered = [one.model_dump() for one in stages.of_loan(session, loan_no, day)]
        paused = [one.model_dump() | {"last_day": stages.last_day(one)} for one in stages.pauses(session, loan_no)]
    if form is Format.json:
        show.as_json(facts | {"stages": entered, "pauses": paused})
        return
    columns = ["entered_on", "stage", "days_past_due", "episode"]
    if form is Format.csv:
        show.listing(entered, columns, form)
        return
    show.facts(facts, form)
    show.listing(entered, columns, form, "逾期阶段 Stages")
    show.listing(paused, ["pause_no", "reason", "from_on", "until_on", "last_day", "document"], form, "暂停 Pauses")


def ask_permission(
    loan_no: str,
    channel: Annotated[str, typer.Option(help="call, sms, email, letter or visit")],
    agent: Annotated[str, typer.Option(help="Who makes it: a staff number, or an agency")],
    person: Annotated[str, typer.Option(help="The number of the person; default the borrower")] = "",
    number: Annotated[str, typer.Option(help="Telephone number or address; default the known one")] = "",
    at: Annotated[datetime | None, typer.Option("--at", parser=moment_of, help="When; default now")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Ask the gate for a contact and enter it in the register: for agencies and telephone systems (exit 1: refused)."""
    if channel not in CHANNELS:
        raise typer.BadParameter(f"there is no channel {channel!r}; the channels are: {', '.join(CHANNELS)}")
    here = office(book, policy)
    moment = _in_zone(here, at)
    with telling_unknown_years(), here.book.write(origin="postloan permit") as writer:
        loan = loans.get(writer.session, loan_no)
        people = contacts.persons(writer.session, loan)
        who = next((p for p in people if p.number == (person or loan.borrower_no)), None)
        if who is None:
            raise PostloanError(
                f"loan {loan_no} has nobody of number {person!r}: {', '.join(p.number for p in people)}"
            )
        count = len(contacts.of_loan(writer.session, loan_no)) + 1
        asked = Request(who, channel, moment, agent, number or who.phone)
        entry = contacts.ask(writer, here.policy, loan, asked, f"CT-{loan_no}-{count}")
        told = entry.model_dump()
    told["allowed_from"] = here.local(told["allowed_from"]) if told["allowed_from"] else None
    if form is Format.json:
        show.as_json(told)
    if not told["permitted"]:
        when = (
            f"permitted from {told['allowed_from']:%Y-%m-%d %H:%M} on" if told["allowed_from"] else "until it is lifted"
        )
        raise PostloanError(f"not permitted, {told['rule']}: {told['reason']}; {when}")
    if form is not Format.json:
        show.out.print(f"{told['contact_no']}: permitted", markup=False, highlight=False)


def enter_result(
    contact_no: str,
    result: Annotated[str, typer.Argument(help="talked, no_answer, unavailable, wrong, somebody_else, …")],
    agent: Annotated[str, typer.Option(help="Who made it")],
    note: Annotated[str, typer.Option(help="What was said")] = "",
    book: BookOption = None,
    policy: PolicyOption = None,
) -> None:
    """Enter what came of a contact that was permitted."""
    if result not in RESULTS.values():
        raise typer.BadParameter(f"there is no result {result!r}; the results are: {', '.join(RESULTS.values())}")
    here = office(book, policy)
    with here.book.write(origin="postloan contact-result") as writer:
        contacts.note(writer, contact_no, result=result, text=note, by=agent)
    show.out.print(f"{contact_no}: {result}", markup=False, highlight=False)
