"""Stages for the whole book, pauses, promises, cases of collection, and the gate with its register (COL, CON)."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from postloan.book import Book, Writer, calls, cases, collection, contacts, loans, promises, stages
from postloan.book.contacts import Person, Request
from postloan.book.standings import standings
from postloan.book.tables import (
    Borrower,
    Case,
    Collateral,
    CollateralLoan,
    Contact,
    ContactPerson,
    Guarantee,
    Guarantor,
    Instalment,
    Pause,
    Position,
    Promise,
    Repayment,
)
from postloan.errors import PostloanError
from postloan.policy import Policy, PolicyFile
from postloan.rules.collection import CURRENT, Paused, days_on_the_clock, stage
from tasks.collection import overdue_by_part
from tasks.office import Office
from tests.book.test_schedules import case_on
from tests.conftest import Clock
from tests.factory import staff_and_loans

START = date(2026, 1, 5)


def lend(book: Book, count: int, monthly: int = 6) -> list[str]:
    """Loans with a schedule of monthly instalments of 1,000 from February on."""
    numbers = [f"L{n:02d}" for n in range(count)]
    staff_and_loans(book, dict.fromkeys(numbers, START))
    with book.write() as writer:
        for no in numbers:
            for n in range(monthly):
                due_on = date(2026, 2 + n, 10)
                writer.session.add(
                    Instalment(loan_no=no, number=n + 1, due_on=due_on, principal_due=Decimal(1000), interest_due=0)
                )
    return numbers


def pay(writer: Writer, no: str, day: date, amount: int) -> None:
    number = f"R{no}-{day}-{amount}"
    writer.session.add(Repayment(receipt_no=number, loan_no=no, paid_on=day, amount=Decimal(amount)))


def test_every_stage_is_that_of_the_loan_on_its_own_day_by_day(book: Book, policy_file: PolicyFile) -> None:
    """Set-based against a loan at a time in plain Python, with payments, pauses and holidays at random."""
    numbers, chance = lend(book, 12), random.Random(7)
    ladder, working_days = policy_file.at(START).collection.ladder(), policy_file.at(START).working_days
    paused: dict[str, list[Paused]] = {no: [] for no in numbers}
    with book.write() as writer:
        for no in numbers:
            due_on = chance.choice([date(2026, 1, 31), date(2026, 2, 16), date(2026, 4, 4), date(2026, 5, 1)])
            writer.session.add(
                Instalment(loan_no=no, number=7, due_on=due_on, principal_due=Decimal(500), interest_due=0)
            )
            for _ in range(chance.randrange(4)):
                pay(
                    writer,
                    no,
                    date(2026, 2, 1) + timedelta(days=chance.randrange(150)),
                    chance.choice((500, 1000, 2500)),
                )
            if chance.random() < 0.6:
                first = date(2026, 2, 20) + timedelta(days=chance.randrange(60))
                last = first + timedelta(days=chance.randrange(40))
                paused[no].append(Paused(first, last))
                writer.session.add(Pause(pause_no=f"P{no}", loan_no=no, reason="dispute", from_on=first, until_on=last))
    expected: dict[str, str] = dict.fromkeys(numbers, CURRENT)
    episodes: Counter[str] = Counter()
    in_time = 0
    for n in range(190):
        day = date(2026, 2, 1) + timedelta(days=n)
        with book.write() as writer:
            if chance.random() < 0.5:
                changed = stages.refresh(writer, policy_file.at(day), day)
            else:
                changed = stages.catch_up(writer, policy_file, [day])
            assert stages.refresh(writer, policy_file.at(day), day) == 0, "a second time enters nothing"
            days = dict(
                writer.session.execute(
                    select(standings(day)).with_only_columns((found := standings(day)).c.loan_no, found.c.days_past_due)
                )
                .tuples()
                .all()
            )
            moved = 0
            for no in numbers:
                on_hold = any(p.from_on <= day <= p.until_on for p in paused[no])
                now = stage(days_on_the_clock(days[no], day, paused[no]), ladder)
                last_in_time = day - timedelta(days=days[no])
                while not working_days.is_working(last_in_time):
                    last_in_time += timedelta(days=1)
                in_time += days[no] > 0 and day <= last_in_time
                if day <= last_in_time:
                    now = CURRENT
                elif on_hold:
                    now = expected[no]
                if now != expected[no]:
                    moved += 1
                    episodes[no] += expected[no] == CURRENT
                    expected[no] = now
            assert changed == moved, day
    with book.read() as session:
        for no in numbers:
            last = stages.current(session, no, date(2026, 12, 31))
            assert (last.stage if last else CURRENT) == expected[no]
            assert (last.episode if last else 0) == episodes[no]
            for day in (date(2026, 5, 1), date(2026, 7, 1)):
                calendar = loans.standing(session, loans.get(session, no), day).days_past_due
                assert stages.clock(session, no, calendar, day) == days_on_the_clock(calendar, day, paused[no])
    assert sum(episodes.values()) > len(numbers), "cure and re-default both happened"
    assert in_time > 5, "past due, but not late by law"


@pytest.mark.parametrize("missed", [False, True])
def test_what_fell_due_on_a_holiday_is_late_after_the_next_working_day(
    book: Book, policy_file: PolicyFile, missed: bool
) -> None:
    """PAY-2: an instalment of 1 October 2026 can be paid until the 8th; nobody is dunned for it before the 9th."""
    staff_and_loans(book, dict.fromkeys(("L00", "L01"), START))
    with book.write() as writer:
        version, opened, late = cases.keep_policy(writer, policy_file), [], []
        for no, due_on in (("L00", date(2026, 10, 1)), ("L01", date(2026, 9, 1)), ("L01", date(2026, 10, 1))):
            about = {"loan_no": no, "number": due_on.month, "due_on": due_on}
            writer.session.add(Instalment(principal_due=Decimal(1000), interest_due=0, **about))
        pay(writer, "L01", date(2026, 10, 3), 1000)
        for n in range(1, 11):
            day, policy = date(2026, 10, n), policy_file.at(date(2026, 10, n))
            if missed:
                stages.catch_up(writer, policy_file, [day])
            else:
                stages.refresh(writer, policy, day)
            late += [(n, one.loan_no) for one in collection.past_due(writer.session, day)]
            assert {c.loan_no for c in calls.on_day(writer.session, policy, day)} == {no for at, no in late if at == n}
            opened += opened_on(writer, policy_file, version, day)
    assert late == [(1, "L01"), (2, "L01"), *((n, no) for n in (9, 10) for no in ("L00", "L01"))]
    assert "CO-L00-1" in opened and "CO-L01-2" in opened, "what was paid was cured, though the next was unpaid"


def test_a_pause_holds_the_stage_and_ends_early(book: Book, policy_file: PolicyFile) -> None:
    lend(book, 1)
    with book.write() as writer:
        loan = loans.get(writer.session, "L00")
        first, last = date(2026, 2, 12), date(2026, 3, 31)
        case = case_on(writer, policy_file, "clock_pause", "L00", first)
        about = {"reason": "dispute", "document": "申请书", "by": "S1"}
        stages.pause(writer, case, loan, from_on=first, until_on=last, **about)
        stages.pause(writer, case, loan, from_on=first, until_on=last, **about)  # once
        cases.close(writer, case, "paused")
        again = case_on(writer, policy_file, "clock_pause", "L00", last)
        with pytest.raises(PostloanError, match="paused from"):
            stages.pause(writer, again, loan, from_on=last, until_on=last, **about)
        for n in range(40):
            day = date(2026, 2, 10) + timedelta(days=n)
            stages.refresh(writer, policy_file.at(day), day)
        assert [s.stage for s in stages.of_loan(writer.session, "L00", last)] == ["reminder"]
        stages.resume(writer, again, loan, on_day=date(2026, 3, 1), document="撤诉", by="S1")
        with pytest.raises(PostloanError, match="not paused"):
            stages.resume(writer, again, loan, on_day=date(2026, 3, 2), document="撤诉", by="S1")
        assert stages.running(writer.session, "L00", date(2026, 3, 1)) is None
        # Unpaid since 11 February: one day before the pause, then again from 1 March on.
        calendar = loans.standing(writer.session, loan, date(2026, 3, 5)).days_past_due
        assert (calendar, stages.clock(writer.session, "L00", calendar, date(2026, 3, 5))) == (23, 6)


def opened_on(writer: Writer, file: PolicyFile, version: str, day: date) -> list[str]:
    return collection.open_cases(writer, file, version, day, collection.past_due(writer.session, day))


def test_cases_open_once_and_end_with_the_cure(book: Book, policy_file: PolicyFile) -> None:
    lend(book, 3)
    with book.write() as writer:
        version = cases.keep_policy(writer, policy_file)
        opened = []
        for n in range(60):
            day = date(2026, 2, 10) + timedelta(days=n)
            stages.refresh(writer, policy_file.at(day), day)
            new = opened_on(writer, policy_file, version, day)
            assert opened_on(writer, policy_file, version, day) == []
            opened += [(number, day) for number in new]
        assert ("CO-L00-1", date(2026, 2, 14)) in opened, "four days past due"
        assert ("DN-L00-1-M2", date(2026, 3, 13)) in opened, "31 days past due"
        assert len(opened) == 6
        assert not collection.is_redefault(writer.session, policy_file.at(START), "L00", date(2026, 4, 10))
        pay(writer, "L00", date(2026, 4, 10), 3000)
        writer.session.flush()
        day = date(2026, 4, 11)
        stages.refresh(writer, policy_file.at(day), day)
        assert sorted(collection.end_cured(writer, day)) == ["CO-L00-1", "DN-L00-1-M2"]
        assert writer.session.get_one(Case, "CO-L00-1").outcome == "cured"
        assert collection.end_cured(writer, day) == []
        # Past due again: another episode, another case, and known as a re-default.
        for n in range(31, 40):
            day = date(2026, 4, 10) + timedelta(days=n)
            stages.refresh(writer, policy_file.at(day), day)
            opened += [(number, day) for number in opened_on(writer, policy_file, version, day)]
        assert ("CO-L00-2", date(2026, 5, 14)) in opened
        assert collection.is_redefault(writer.session, policy_file.at(START), "L00", date(2026, 5, 19))


def test_promises_are_followed(book: Book, policy_file: PolicyFile) -> None:
    lend(book, 3)
    with book.write() as writer:
        for no, amount in (("L00", 1000), ("L01", 1000), ("L02", 700)):
            case = case_on(writer, policy_file, "collection_preparation", no, date(2026, 2, 20))
            made = {"made_on": date(2026, 2, 20), "due_on": date(2026, 2, 25), "by": "A1"}
            promises.make(writer, case, f"{no}-1", amount=Decimal(300), **made)
            promises.make(writer, case, f"{no}-2", amount=Decimal(amount), **made)
            promises.make(writer, case, f"{no}-2", amount=Decimal(amount), **made)
        pay(writer, "L00", date(2026, 2, 24), 1000)
        pay(writer, "L01", date(2026, 2, 26), 1000)
        pay(writer, "L02", date(2026, 2, 21), 700)
        writer.session.add(
            Repayment(receipt_no="back", loan_no="L02", paid_on=date(2026, 2, 23), amount=Decimal(700),
                      reverses="RL02-2026-02-21-700")
        )  # fmt: skip
        writer.session.flush()
        assert promises.follow(writer, date(2026, 2, 23)) == (0, 0)
        assert promises.follow(writer, date(2026, 2, 25)) == (1, 0)
        assert promises.follow(writer, date(2026, 2, 27)) == (0, 2)
        assert promises.follow(writer, date(2026, 2, 28)) == (0, 0)
        # The feed of the last day comes late: it was kept after all.
        pay(writer, "L02", date(2026, 2, 25), 701)
        writer.session.flush()
        assert promises.follow(writer, date(2026, 3, 1)) == (1, 0)
        states = {p.promise_no: p.state for p in writer.session.exec(select(Promise))}
    assert states == {
        "L00-1": "superseded", "L00-2": "kept", "L01-1": "superseded", "L01-2": "broken", "L02-1": "superseded",
        "L02-2": "kept",
    }  # fmt: skip


def test_promises_on_loans_of_the_core_system(book: Book, policy_file: PolicyFile) -> None:
    lend(book, 3)
    with book.write() as writer:
        for no, then, days in (("L00", 2700, 15), ("L01", 2750, 15), ("L02", 2900, 0)):
            case = case_on(writer, policy_file, "collection_preparation", no, date(2026, 2, 20))
            made = {"made_on": date(2026, 2, 20), "due_on": date(2026, 2, 25), "by": "A1", "amount": Decimal(300)}
            promises.make(writer, case, f"{no}-1", **made)
            for as_of, owed, late in ((date(2026, 2, 19), 3000, 9), (date(2026, 2, 25), then, days)):
                writer.session.add(
                    Position(loan_no=no, as_of=as_of, principal_outstanding=Decimal(owed), overdue_principal=Decimal(0),
                             overdue_interest=Decimal(0), days_past_due=late)
                )  # fmt: skip
        writer.session.flush()
        assert promises.follow(writer, date(2026, 2, 26)) == (2, 1)
        states = {p.loan_no: p.state for p in writer.session.exec(select(Promise))}
    assert states == {"L00": "kept", "L01": "broken", "L02": "kept"}


def test_a_demand_leaves_out_what_can_still_be_paid_in_time(office: Office) -> None:
    staff_and_loans(office.book, {"L00": START})
    with office.book.write() as writer:
        for number, due_on in ((1, date(2026, 9, 2)), (2, date(2026, 10, 2))):
            about = {"loan_no": "L00", "number": number, "due_on": due_on}
            writer.session.add(Instalment(principal_due=Decimal(1000), interest_due=0, **about))
        writer.session.flush()
        case = case_on(writer, office.policy_file, "collection_preparation", "L00", date(2026, 10, 3))
        for day, principal in ((date(2026, 10, 3), 1000), (date(2026, 10, 8), 1000), (date(2026, 10, 9), 2000)):
            assert dict(overdue_by_part(office, writer.session, case, day))["本金"] == principal, day


BORROWER = "borrower"


def request(channel: str, at: str, person: Person | None = None, agent: str = "A1", number: str = "138") -> Request:
    return Request(person or Person(BORROWER, "BL00", ""), channel, datetime.fromisoformat(at), agent, number)


def test_the_register_counts_every_agent_and_says_from_when_on(
    book: Book, policy_file: PolicyFile, clock: Clock
) -> None:
    lend(book, 1)
    policy = policy_file.at(date(2026, 3, 2))
    with book.write() as writer:
        session = writer.session
        loan = loans.get(session, "L00")
        who = Person(BORROWER, loan.borrower_no, "")
        late = contacts.ask(writer, policy, loan, request("call", "2026-03-02T22:30:00+08:00", who), "C0")
        assert (late.permitted, late.rule) == (False, "CON-3")
        assert late.allowed_from == datetime.fromisoformat("2026-03-03T08:00:00+08:00")
        for n, agent in enumerate(("A1", "agency X", "A1"), start=1):
            made = contacts.ask(
                writer, policy, loan, request("call", f"2026-03-02T1{n}:00:00+08:00", who, agent), f"C{n}"
            )
            assert made.permitted
            contacts.note(writer, f"C{n}", result="talked", text="说明情况", by="A1")
        full = contacts.ask(writer, policy, loan, request("call", "2026-03-02T15:00:00+08:00", who), "C4")
        assert (full.permitted, full.rule) == (False, "CON-6"), "three effective calls a day, whoever made them"
        assert full.allowed_from == datetime.fromisoformat("2026-03-03T08:00:00+08:00")
        contacts.stop(
            writer, "S1", role=BORROWER, person_no=loan.borrower_no, kind="represented", channel="",
            day=date(2026, 3, 3), document="委托书", case=None, by="A1", loan_no="L00",
        )  # fmt: skip
        never = contacts.ask(writer, policy, loan, request("call", "2026-03-03T10:00:00+08:00", who), "C5")
        assert (never.permitted, never.rule, never.allowed_from) == (False, "CON-2", None)
        assert contacts.lift(
            writer, BORROWER, loan.borrower_no, "represented", date(2026, 3, 4), by="A1", loan_no="L00"
        )
        again = contacts.ask(writer, policy, loan, request("call", "2026-03-04T10:00:00+08:00", who), "C6")
        assert again.permitted
        refused = [c.contact_no for c in session.exec(select(Contact).where(~Contact.permitted))]  # type: ignore[operator]
        assert sorted(refused) == ["C0", "C4", "C5"]


def test_a_third_person_only_when_the_debtor_is_lost(book: Book, policy_file: PolicyFile) -> None:
    lend(book, 1)
    policy = policy_file.at(date(2026, 3, 2))
    with book.write() as writer:
        loan = loans.get(writer.session, "L00")
        for number, about in (("T1", {}), ("T2", {"debtor": True, "relation": "配偶"}), ("T3", {"relation": "律师"})):
            writer.session.add(
                ContactPerson(person_no=number, borrower_no=loan.borrower_no, name="某人", phone="1", **about)
            )
        writer.session.flush()
        by_no = {p.number: p for p in contacts.persons(writer.session, loan)}
        assert [by_no[n].role for n in ("T1", "T2", "T3")] == ["third_party", "co_debtor", "attorney"]
        asked = request("call", "2026-03-02T10:00:00+08:00", by_no["T1"])
        assert contacts.permission(writer.session, policy, loan, asked).rule == "CON-1"
        spouse = request("call", "2026-03-02T10:00:00+08:00", by_no["T2"])
        assert contacts.permission(writer.session, policy, loan, spouse).allowed
        contacts.stop(
            writer, "lost", role=BORROWER, person_no=loan.borrower_no, kind="lost", channel="", day=date(2026, 3, 1),
            document="3:3:3", case=None, by="A1", loan_no="L00",
        )  # fmt: skip
        assert contacts.ask(writer, policy, loan, asked, "C1").purpose == "locate"
        contacts.stop(
            writer, "no", role="third_party", person_no="T1", kind="refused", channel="", day=date(2026, 3, 2),
            document="", case=None, by="A1", loan_no="L00",
        )  # fmt: skip
        once_more = contacts.permission(writer.session, policy, loan, asked)
        assert (once_more.allowed, once_more.allowed_from) == (False, None)


def test_who_refused_is_asked_no_more_under_another_name(book: Book, policy_file: PolicyFile) -> None:
    """The number of a third person who refused is left alone, whoever named it: the one on record and the one used."""
    lend(book, 2)
    policy = policy_file.at(date(2026, 3, 2))
    with book.write() as writer:
        session = writer.session
        session.add(Borrower(borrower_no="C2", name="李某", kind="personal", branch_no="B1"))
        session.flush()
        loans.get(session, "L01").borrower_no = "C2"
        for number, borrower_no, phone in (("T1", "C1", "1000"), ("T2", "C1", "1000"), ("T3", "C2", "1000"),
                                           ("T4", "C2", "2000"), ("T5", "C2", "3000")):  # fmt: skip
            session.add(ContactPerson(person_no=number, borrower_no=borrower_no, name="友人", phone=phone))
        about = {"channel": "", "day": date(2026, 2, 1), "document": "", "case": None, "by": "A1", "loan_no": "L00"}
        for borrower_no in ("C1", "C2"):
            contacts.stop(writer, borrower_no, role=BORROWER, person_no=borrower_no, kind="lost", **about)

        def said(loan_no: str, person_no: str, number: str) -> str:
            person = next(p for p in contacts.persons(session, loans.get(session, loan_no)) if p.number == person_no)
            asked = request("call", "2026-03-02T10:00:00+08:00", person, number=number)
            return contacts.permission(session, policy, loans.get(session, loan_no), asked).rule

        who = Person("third_party", "T1", "", "1000")
        asked = request("call", "2026-03-02T10:00:00+08:00", who, number="2000")
        assert contacts.ask(writer, policy, loans.get(session, "L00"), asked, "K1").permitted
        about |= {"day": date(2026, 3, 2)}
        assert said("L00", "T2", "1000") == said("L01", "T3", "1000") == said("L01", "T4", "2000") == ""
        contacts.stop(writer, "K1-refused", role="third_party", person_no="T1", kind="refused", **about)
        assert said("L00", "T2", "1000") == said("L01", "T3", "1000") == said("L01", "T4", "2000") == "CON-1"
        assert said("L01", "T3", "") == said("L01", "T3", "3000") == "CON-1", "it is the same person"
        assert said("L01", "T5", "3000") == "", "somebody else"


def pledge(writer: Writer, loan_no: str, **owners: str) -> None:
    for number, owner in owners.items():
        writer.session.add(
            Collateral(collateral_no=number, kind="房产", owner=owner, value=Decimal(100), valued_on=START)
        )
        writer.session.flush()
        writer.session.add(CollateralLoan(collateral_no=number, loan_no=loan_no))
    writer.session.flush()


def test_who_owns_the_collateral_and_owes_as_well_is_one_person(book: Book, policy_file: PolicyFile) -> None:
    """No stop and no cap is passed by under a second name, not even one that a form still offers."""
    lend(book, 1)
    policy = policy_file.at(date(2026, 3, 2))
    with book.write() as writer:
        session = writer.session
        loan = loans.get(session, "L00")
        debtor = session.get_one(Borrower, loan.borrower_no)
        session.add(Guarantor(guarantor_no="G1", name="保某"))
        session.flush()
        session.add(Guarantee(guarantor_no="G1", loan_no="L00"))
        pledge(writer, "L00", K1=debtor.name, K2="保某", K3="物主", K4="物主")
        people = [(p.role, p.number) for p in contacts.persons(session, loan)]
        assert people == [("borrower", debtor.borrower_no), ("guarantor", "G1"), ("mortgagor", "K3")]
        house = Person("mortgagor", "K1", "")
        for n, who in enumerate((Person(BORROWER, debtor.borrower_no, ""), house, house), start=10):
            asked = request("call", f"2026-03-02T{n}:00:00+08:00", who)
            assert contacts.ask(writer, policy, loan, asked, f"C{n}").permitted
            contacts.note(writer, f"C{n}", result="talked", text="说明情况", by="A1")
        for who in (Person(BORROWER, debtor.borrower_no, ""), house):
            full = contacts.permission(session, policy, loan, request("call", "2026-03-02T15:00:00+08:00", who))
            assert full.rule == "CON-6"
        about = {"channel": "", "day": date(2026, 3, 3), "document": "函", "case": None, "by": "A1", "loan_no": "L00"}
        contacts.stop(writer, "S1", role="mortgagor", person_no="K4", kind="cease", **about)
        contacts.stop(writer, "S2", role=BORROWER, person_no=debtor.borrower_no, kind="represented", **about)
        for number in ("K1", "K3", "K4"):
            asked = request("call", "2026-03-04T10:00:00+08:00", Person("mortgagor", number, ""))
            assert contacts.permission(session, policy, loan, asked).rule == "CON-2", number
        guarantor = request("call", "2026-03-04T10:00:00+08:00", Person("guarantor", "G1", ""))
        assert contacts.permission(session, policy, loan, guarantor).allowed


@pytest.fixture
def guaranteed(book: Book) -> Book:
    """Loans of two borrowers with one guarantor."""
    lend(book, 2)
    with book.write() as writer:
        writer.session.add(Guarantor(guarantor_no="G1", name="保某", phone="139"))
        writer.session.add(Borrower(borrower_no="C2", name="李某", kind="personal", branch_no="B1"))
        writer.session.flush()
        writer.session.add_all(Guarantee(guarantor_no="G1", loan_no=no) for no in ("L00", "L01"))
        loans.get(writer.session, "L01").borrower_no = "C2"
    return book


def call_guarantor(writer: Writer, policy: Policy, loan_no: str, number: str, hour: int) -> Contact:
    asked = request("call", f"2026-03-02T{hour}:00:00+08:00", Person("guarantor", "G1", ""), number="139")
    return contacts.ask(writer, policy, loans.get(writer.session, loan_no), asked, number)


def test_a_guarantor_of_two_borrowers_is_counted_once(guaranteed: Book, policy_file: PolicyFile) -> None:
    policy = policy_file.at(date(2026, 3, 2))
    with guaranteed.write() as writer:
        for n, loan_no in enumerate(("L00", "L01", "L00", "L01"), start=1):
            made = call_guarantor(writer, policy, loan_no, f"C{n}", 9 + n)
            assert (made.permitted, made.rule) == ((True, "") if n < 4 else (False, "CON-6"))
            contacts.note(writer, f"C{n}", result="talked", text="说明情况", by="A1")


def test_a_number_is_counted_whosever_it_is(guaranteed: Book, policy_file: PolicyFile) -> None:
    policy = policy_file.at(date(2026, 3, 2))
    with guaranteed.write() as writer:
        for n, loan_no in enumerate(("L00", "L01") * 4):
            who = loans.get(writer.session, loan_no).borrower_no
            asked = request("call", f"2026-03-02T{10 + n}:00:00+08:00", Person(BORROWER, who, ""), number="111")
            made = contacts.ask(writer, policy, loans.get(writer.session, loan_no), asked, f"C{n}")
            assert (made.permitted, made.rule) == ((True, "") if n < 6 else (False, "CON-7"))
            contacts.note(writer, f"C{n}", result="no_answer", text="无人接听", by="A1")


def test_two_agents_on_two_loans_of_one_guarantor_wait_for_each_other(
    guaranteed: Book, policy_file: PolicyFile
) -> None:
    policy = policy_file.at(date(2026, 3, 2))

    def from_the_other_loan() -> str:
        with guaranteed.write() as writer:
            return call_guarantor(writer, policy, "L01", "C4", 14).rule

    with ThreadPoolExecutor(1) as pool:
        with guaranteed.write() as writer:
            for n in (1, 2, 3):
                assert call_guarantor(writer, policy, "L00", f"C{n}", 9 + n).permitted
            other = pool.submit(from_the_other_loan)
            with pytest.raises(TimeoutError):
                other.result(timeout=1)
        assert other.result(timeout=60) == "CON-6"


def test_the_work_list_is_in_order(book: Book, policy_file: PolicyFile) -> None:
    lend(book, 4)
    day = date(2026, 3, 1)
    with book.write() as writer:
        session = writer.session
        stages.refresh(writer, policy_file.at(day), day)
        for no, due_on, state in (("L01", date(2026, 2, 27), "broken"), ("L02", day, "open")):
            session.add(
                Promise(
                    promise_no=no,
                    loan_no=no,
                    made_on=date(2026, 2, 20),
                    due_on=due_on,
                    amount=Decimal(1000),
                    state=state,
                )
            )
        session.add(Pause(pause_no="P", loan_no="L03", reason="dispute", from_on=day, until_on=day))
        session.flush()
        listed = collection.work_list(session, policy_file.at(day), day)
    assert [(w.loan.loan_no, w.reason) for w in listed] == [
        ("L01", "broken_promise"),
        ("L02", "promise_due"),
        ("L00", "contact_due"),
    ]
    assert listed[0].loan.stage == "M1"
