"""The register of contacts, and the gate that every one passes (CON): calls, visits, messages and letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlmodel import Session, and_, col, or_, select

from postloan.book import collection, notices, parties, stages
from postloan.book.engine import Writer
from postloan.book.tables import (
    Borrower,
    Case,
    Contact,
    ContactPerson,
    ContactStop,
    Guarantee,
    Guarantor,
    Loan,
    Notice,
)
from postloan.calendar import ONE_DAY
from postloan.errors import NotFound
from postloan.policy import Policy
from postloan.rules import contact as rule
from postloan.rules.clock import Window
from postloan.rules.contact import Asked, Attempt, Permission, Stop
from postloan.rules.contact_limits import ELECTRONIC

HEARD = "talked"


@dataclass(frozen=True)
class Person:
    """Somebody who may be contacted about a loan: a party, a co-debtor, or a third person that the borrower named."""

    role: str
    number: str
    name: str
    phone: str = ""

    @property
    def label(self) -> str:
        """How forms call the person, without a name: 保证人 guarantor G1."""
        return f"{' '.join(ROLES[self.role])} {self.number}"


ROLES = parties.TITLES | {
    "co_debtor": ("共同债务人", "co-debtor"),
    "heir": ("继承人", "heir"),
    "attorney": ("代理律师", "attorney"),
    "third_party": ("联系人", "contact person"),
}


def persons(session: Session, loan: Loan) -> list[Person]:
    """The people who may be contacted about a loan, the borrower first, each once; an owner of collateral who is
    nobody else goes by the item."""
    owing = dict.fromkeys(parties.to_contact(session, loan).values())
    return [Person(p.role, p.number, p.name, p.phone) for p in owing] + _others(session, loan)


def _others(session: Session, loan: Loan) -> list[Person]:
    """Who is named beside the parties to the loan."""
    named = select(ContactPerson).where(ContactPerson.borrower_no == loan.borrower_no)
    return [
        Person(_role(one), one.person_no, one.name, one.phone)
        for one in session.exec(named.order_by(col(ContactPerson.person_no)))
    ]


def _role(person: ContactPerson) -> str:
    if person.relation in ("attorney", "律师", "代理律师"):
        return "attorney"
    if person.relation in ("heir", "继承人"):
        return "heir"
    return "co_debtor" if person.debtor else "third_party"


@dataclass(frozen=True)
class Request:
    """A contact that is asked for: with whom, how, when, by whom (staff or agency); `by_law` where the law itself
    demands the letter."""

    person: Person
    channel: str
    at: datetime
    agent: str
    number: str = ""
    at_workplace: bool = False
    by_law: bool = False


def permission(session: Session, policy: Policy, loan: Loan, asked: Request, *, but: str = "") -> Permission:
    """CON-1 to CON-9: whether a contact is permitted, by which rule not, and from when on; reads only. `but` is a
    contact of the register that is left out of the count: the one that is asked about again."""
    same = _same(session, loan)
    return rule.permission(
        _asked(session, policy, loan, asked, same),
        _past(session, loan, asked, but, same),
        _stops(session, loan, same) + _refusals(session, asked),
        policy.contact.limits,
        policy.working_days.is_working,
    )


Same = dict[tuple[str, str], tuple[str, str]]  # role and number


def _same(session: Session, loan: Loan) -> Same:
    """As whom everybody is contacted. What is asked, or on record, about an owner under another item or role is
    about him: no stop and no count is passed by under a second name."""
    same = {party: (p.role, p.number) for party, p in parties.to_contact(session, loan).items()}
    return same | {(p.role, p.number): (p.role, p.number) for p in _others(session, loan)}


def _asked(session: Session, policy: Policy, loan: Loan, asked: Request, same: Same) -> Asked:
    zone = policy.contact.zone(loan.branch_no or "", policy.time_zone)
    debtor = active_stops(session, "borrower", loan.borrower_no, asked.at.astimezone(zone).date())
    kinds = {stop.kind for stop in debtor}
    who = asked.person.role, asked.person.number
    party, party_no = same.get(who, who)
    third = party == "third_party"
    return Asked(
        channel=asked.channel,
        at=asked.at,
        zone=zone,
        party=party,
        party_no=party_no,
        number=asked.number,
        loans=(loan.loan_no,),
        at_workplace=asked.at_workplace,
        purpose="locate" if third else "collection",
        mentions_debt=not third,
        opt_out_text=asked.channel in ELECTRONIC,  # our templates say it, and people send none by hand
        by_law=asked.by_law,
        debtor_lost="lost" in kinds,
        debtor_dead="deceased" in kinds,
        debtor_lacks_capacity="incapacitated" in kinds,
    )


def _past(session: Session, loan: Loan, asked: Request, but: str, same: Same) -> list[Attempt]:
    """Every contact that was permitted on any debt of the borrower, with the same person on anybody's, and to the
    same number, whoever made it: the law counts over the whole institution."""
    who = asked.person.role, asked.person.number
    known_as = {who} | {party for party, one in same.items() if one == same.get(who)}
    concerned = [and_(Contact.role == role, Contact.person_no == number) for role, number in sorted(known_as)]
    concerned.append(col(Contact.borrower_no) == loan.borrower_no)
    if asked.number:
        concerned.append(col(Contact.address) == asked.number)
    rows = select(Contact).where(or_(*concerned), col(Contact.permitted), Contact.contact_no != but)
    found = []
    for one in session.exec(rows):
        if one.result == "not_made":
            continue
        who = one.role, one.person_no
        party, party_no = same.get(who, who)
        found.append(
            Attempt(
                channel=one.channel,
                at=one.contact_at,
                party=party,
                party_no=party_no,
                number=one.address,
                conversed=one.conversed if one.result else None,
                agent=one.agent,
                loans=(one.loan_no,),
            )
        )
    return found


def _stops(session: Session, loan: Loan, same: Same) -> list[Stop]:
    """What is on record about everybody of the loan; the pauses of its clock stop contacts with all who owe (COL-2)."""
    found = []
    for known_as, (_, number) in same.items():
        for stop in stops_of(session, *known_as):
            if stop.kind != "lost":
                found.append(
                    Stop(
                        # Who lacks capacity is left alone like who is in hospital, until it is lifted.
                        kind="hospitalised" if stop.kind == "incapacitated" else stop.kind,
                        from_on=stop.from_on,
                        until_on=stop.until_on,
                        party_no=number,
                        channel=stop.channel,
                        hours=_hours(stop.detail) if stop.kind == "hours_agreed" else (),
                    )
                )
    found += [
        Stop(kind="moratorium", from_on=p.from_on, until_on=stages.last_day(p), loans=(loan.loan_no,))
        for p in stages.pauses(session, loan.loan_no)
        if p.from_on <= stages.last_day(p)
    ]
    return found


def _refusals(session: Session, asked: Request) -> list[Stop]:
    """CON-1: a third person whose number is one that somebody refused at, as on record or as used for a contact, is
    who refused: under another name, or named by another borrower."""
    numbers = {asked.number, asked.person.phone} - {""}
    if asked.person.role != "third_party" or not numbers:
        return []
    named = select(ContactPerson.person_no).where(col(ContactPerson.phone).in_(numbers))
    contacted = select(Contact.person_no).where(
        Contact.role == "third_party", col(Contact.address).in_(numbers), col(Contact.permitted)
    )
    refused = select(ContactStop).where(
        ContactStop.kind == "refused",
        ContactStop.role == "third_party",
        or_(col(ContactStop.person_no).in_(named), col(ContactStop.person_no).in_(contacted)),
    )
    return [
        Stop(kind="refused", from_on=one.from_on, party_no=asked.person.number, number=asked.number)
        for one in session.exec(refused)
    ]


def _hours(text: str) -> tuple[Window, ...]:
    """Agreed hours as the register has them: 19:00-23:00."""
    start, _, end = text.partition("-")
    return ((time.fromisoformat(start), time.fromisoformat(end)),) if end else ()


def stops_of(session: Session, role: str, person_no: str) -> Sequence[ContactStop]:
    """Everything on record that stops contacts with somebody, or permits more of them."""
    return session.exec(
        select(ContactStop)
        .where(ContactStop.role == role, ContactStop.person_no == person_no)
        .order_by(col(ContactStop.from_on), col(ContactStop.stop_no))
    ).all()


def active_stops(session: Session, role: str, person_no: str, day: date) -> list[ContactStop]:
    """Those in force on a day."""
    return [
        s for s in stops_of(session, role, person_no) if s.from_on <= day and (s.until_on is None or day <= s.until_on)
    ]


# ---------------------------------------------------------------------------------------- entering


def ask(
    writer: Writer,
    policy: Policy,
    loan: Loan,
    asked: Request,
    number: str,
    case: Case | None = None,
    notice_no: str = "",
) -> Contact:
    """CON: ask the gate, and enter what it said under a number of the caller's, once: permitted, or refused with
    its rule and the moment from which it will be permitted.

    The rows of the debtor and his guarantors are locked: of two agents who ask at once, be it about the loans of
    two debtors with one guarantor, the second one is counted after the first.
    """
    session = writer.session
    known = session.get(Contact, number)
    if known is not None and known.permitted and not notice_no:
        return known
    _wait_for_others(session, loan)
    said = permission(session, policy, loan, asked, but=number)
    entry = known or Contact(
        contact_no=number,
        loan_no=loan.loan_no,
        borrower_no=loan.borrower_no,
        role=asked.person.role,
        person_no=asked.person.number,
        channel=asked.channel,
        agent=asked.agent,
        contact_at=asked.at,
        permitted=said.allowed,
    )
    entry.address, entry.contact_at = asked.number, asked.at
    entry.purpose = "locate" if asked.person.role == "third_party" else "collection"
    entry.permitted, entry.rule, entry.reason = said.allowed, said.rule, said.reason
    entry.allowed_from = said.allowed_from
    entry.case_no, entry.notice_no = case.case_no if case else None, notice_no or None
    session.add(entry)
    session.flush()
    writer.record(
        "contact.permitted" if said.allowed else "contact.refused",
        loan_no=loan.loan_no,
        case_no=case.case_no if case else "",
        actor=asked.agent,
        contact_no=number,
        person=f"{asked.person.role} {asked.person.number}",
        channel=asked.channel,
        at=asked.at,
        **({} if said.allowed else {"refused_by": said.rule, "allowed_from": said.allowed_from or ""}),
    )
    return entry


def _wait_for_others(session: Session, loan: Loan) -> None:
    """Lock those whose contacts are counted together: all of a loan at once and in one order, so that nobody waits
    for somebody who waits for him."""
    session.get_one(Borrower, loan.borrower_no, with_for_update=True)
    guarantors = select(Guarantor).join(Guarantee).where(Guarantee.loan_no == loan.loan_no)
    session.exec(guarantors.order_by(col(Guarantor.guarantor_no)).with_for_update(of=Guarantor)).all()


def note(writer: Writer, contact_no: str, *, result: str, text: str, by: str) -> None:
    """Enter what came of a contact, once. Raises NotFound."""
    entry = writer.session.get(Contact, contact_no)
    if entry is None:
        raise NotFound(f"there is no contact {contact_no!r}")
    if entry.result:
        return
    entry.result, entry.note, entry.conversed, entry.noted_at = result, text, result == HEARD, writer.now
    writer.session.add(entry)
    writer.record(
        "contact.noted",
        loan_no=entry.loan_no,
        case_no=entry.case_no or "",
        actor=by,
        contact_no=contact_no,
        result=result,
    )


def stop(
    writer: Writer,
    number: str,
    *,
    role: str,
    person_no: str,
    kind: str,
    channel: str,
    day: date,
    document: str,
    case: Case | None,
    by: str,
    loan_no: str,
) -> None:
    """CON-2: enter something that stops contacts with somebody from a day on, until it is lifted; once."""
    if writer.session.get(ContactStop, number) is not None:
        return
    writer.session.add(
        ContactStop(
            stop_no=number,
            role=role,
            person_no=person_no,
            kind=kind,
            channel=channel,
            from_on=day,
            document=document,
            case_no=case.case_no if case else None,
        )
    )
    writer.record(
        "contact.stopped",
        loan_no=loan_no,
        case_no=case.case_no if case else "",
        actor=by,
        person=f"{role} {person_no}",
        kind=kind,
        channel=channel,
        from_on=day,
    )


def lift(writer: Writer, role: str, person_no: str, kind: str, day: date, *, by: str, loan_no: str) -> int:
    """CON-2: what stopped contacts of a kind is over from a day on; gives how many were lifted."""
    lifted = 0
    for found in active_stops(writer.session, role, person_no, day):
        if found.kind == kind:
            found.until_on = day - ONE_DAY
            writer.session.add(found)
            writer.record(
                "contact.stop_lifted", loan_no=loan_no, actor=by, person=f"{role} {person_no}", kind=kind, day=day
            )
            lifted += 1
    return lifted


def of_loan(session: Session, loan_no: str) -> Sequence[Contact]:
    """The contacts about a loan, in order."""
    return session.exec(
        select(Contact).where(Contact.loan_no == loan_no).order_by(col(Contact.contact_at), col(Contact.contact_no))
    ).all()


# ---------------------------------------------------------------------------------------- messages


def let_through(writer: Writer, policy: Policy, notice: Notice) -> str:
    """CON: what keeps a message about a debt from being sent now: "" if nothing does. It then waits in the outbox
    until the gate will permit it, or, where nothing but a lifted stop will, or it reminds of what was paid meanwhile,
    is not sent at all. The consignor is the creditor, and staff owe nothing: telling them is no contact with a debtor.
    """
    if notice.recipient_kind in ("consignor", "staff"):
        return ""
    loan = writer.session.get_one(Loan, notice.loan_no)
    if notice.kind == "overdue_reminder" and not _still_due(writer, policy, loan):
        return _not_sent(writer, notice, "已不逾期或已移交 (not past due any more, or handed over)")
    person = Person(notice.recipient_kind, notice.recipient_no, "")
    channel = "sms" if notice.channel == "webhook" else notice.channel  # it reaches the person as a message
    asked = Request(person, channel, writer.now, "postloan", notice.address)
    said = ask(writer, policy, loan, asked, notice.notice_no, notice_no=notice.notice_no)
    if said.permitted:
        return ""
    why = f"{said.rule}: {said.reason}"
    if said.allowed_from is None:
        return _not_sent(writer, notice, why)
    notice.tries -= 1
    notice.state, notice.next_try_at, notice.last_error = "queued", said.allowed_from, why
    writer.session.add(notice)
    return why


def _still_due(writer: Writer, policy: Policy, loan: Loan) -> bool:
    """Whether a reminder still tells the truth: what was paid since the last round counts."""
    one = collection.one_past_due(writer.session, writer.now.astimezone(policy.time_zone).date(), loan.loan_no)
    return one is not None and one.overdue > 0


def _not_sent(writer: Writer, notice: Notice, why: str) -> str:
    notice.tries, notice.last_error = notice.tries - 1, why
    notices.give_up(writer, notice.notice_no, why)
    return why
