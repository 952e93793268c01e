"""No right lapses in silence: the round opens its case half a year before, whatever happened until then."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from postloan.book import cases, duties, limitation
from postloan.book.tables import Case, Guarantee, Guarantor, Interruption, Loan, Repayment
from postloan.calendar import months_after
from tasks.office import Office
from tasks.round import work_out
from tests.factory import staff_and_loans

DRAWN = date(2020, 3, 2)
MATURES = date(2021, 3, 2)


@pytest.fixture
def lent(office: Office) -> Office:
    staff_and_loans(office.book, {"L1": DRAWN, "L2": DRAWN})
    with office.book.write() as writer:
        writer.session.add(Guarantor(guarantor_no="G1", name="g"))
        writer.session.flush()
        writer.session.add(Guarantee(guarantor_no="G1", loan_no="L1"))
    return office


def act(office: Office, day: date, kind: str = "demand", party: str = "borrower", party_no: str = "C1") -> None:
    with office.book.write() as writer:
        if kind == "payment":
            writer.session.add(Repayment(receipt_no=f"R{day}", loan_no="L1", paid_on=day, amount=Decimal(5)))
            return
        writer.session.add(
            Interruption(
                interruption_no=f"{party_no}-{day}", loan_no="L1", party=party, party_no=party_no, kind=kind,
                happened_on=day, document="回执",
            )
        )  # fmt: skip


def warned(office: Office, loan_no: str = "L1") -> list[tuple[str, date, date]]:
    with office.book.read() as session:
        found = session.exec(select(Case).where(Case.kind == "limitation_warning", Case.loan_no == loan_no)).all()
    return sorted((case.subject, case.anchor_on, case.due_on) for case in found)


def test_the_case_opens_half_a_year_before_and_is_due_two_months_before(lent: Office) -> None:
    lapses_on = date(2024, 3, 2)
    work_out(lent, lapses_on - timedelta(days=181))
    assert warned(lent) == []
    work_out(lent, lapses_on - timedelta(days=180))
    assert warned(lent) == [(f"C1-{lapses_on}", lapses_on, lapses_on - timedelta(days=60))]
    assert work_out(lent, lapses_on - timedelta(days=179)).opened == 0
    with lent.book.read() as session:
        (ahead,) = [
            d
            for d in duties.between(
                session, lent.policy_file, date(2024, 1, 1), date(2024, 1, 31), date(2022, 1, 1), "L1"
            )
            if d.kind == "limitation_warning"
        ]
    assert (ahead.due_on, ahead.rule) == (lapses_on - timedelta(days=60), "LIM-1")


@pytest.mark.parametrize("kind", ["demand", "agreement", "payment", "suit"])
def test_an_act_begins_a_new_period_and_a_new_warning(lent: Office, kind: str) -> None:
    act(lent, date(2022, 5, 10), kind)
    work_out(lent, date(2024, 3, 1))
    assert warned(lent) == []
    assert len(warned(lent, "L2")) == 1, "the other loan's period was not interrupted"
    work_out(lent, date(2024, 12, 1))
    assert warned(lent) == [("C1-2025-05-10", date(2025, 5, 10), date(2025, 3, 11))]


def test_a_guarantor_who_was_called_upon_has_a_period_of_his_own(lent: Office) -> None:
    with lent.book.read() as session:
        loan = session.get_one(Loan, "L1")
        rights = limitation.of_loan(session, lent.policy, loan, date(2021, 6, 1))
    assert [(r.party, r.under, r.lapses_on) for r in rights] == [
        ("borrower", "limitation", date(2024, 3, 2)),
        ("guarantor", "guarantee", date(2021, 9, 2)),
    ]
    act(lent, date(2021, 8, 1), party="guarantor", party_no="G1")
    with lent.book.read() as session:
        rights = limitation.of_loan(session, lent.policy, loan, date(2022, 6, 1))
    assert (rights[1].under, rights[1].cause, rights[1].lapses_on) == ("limitation", "demand", date(2024, 8, 1))
    work_out(lent, date(2024, 3, 1))
    assert [subject for subject, _, _ in warned(lent)] == ["C1-2024-03-02", "G1-2024-08-01"]


def ends(office: Office) -> list[tuple[str, date, date]]:
    with office.book.read() as session:
        found = session.exec(select(Case).where(Case.kind == "guarantee_period_warning")).all()
    return sorted((case.case_no, case.anchor_on, case.due_on) for case in found)


def test_a_guarantee_period_is_warned_of_ninety_days_ahead(lent: Office) -> None:
    until = date(2021, 9, 2)
    work_out(lent, until - timedelta(days=91))
    assert ends(lent) == []
    work_out(lent, until - timedelta(days=90))
    assert ends(lent) == [(f"GP-G1-L1-{until}", until, until - timedelta(days=30))]
    assert work_out(lent, until - timedelta(days=89)).opened_cases == []


@pytest.mark.parametrize(("kind", "act_kind", "keeps"), [
    ("joint", "demand", True), ("joint", "suit", True), ("general", "demand", False), ("general", "suit", True),
])  # fmt: skip
def test_a_general_guarantor_has_to_be_sued(lent: Office, kind: str, act_kind: str, keeps: bool) -> None:
    with lent.book.write() as writer:
        guarantee = writer.session.get_one(Guarantee, ("G1", "L1"))
        guarantee.kind, guarantee.until_on = kind, date(2021, 12, 31)
        writer.session.add(guarantee)
    act(lent, date(2021, 7, 1), act_kind, "guarantor", "G1")
    work_out(lent, date(2021, 10, 15))
    assert (ends(lent) == []) == keeps
    with lent.book.read() as session:
        rights = limitation.of_loan(session, lent.policy, session.get_one(Loan, "L1"), date(2021, 10, 15))
    assert (rights[1].under == "limitation") == keeps
    work_out(lent, date(2024, 3, 1))
    assert ("G1-2024-07-01" in [subject for subject, _, _ in warned(lent)]) == keeps


@pytest.mark.parametrize(("day", "in_time"), [
    (date(2020, 9, 1), False), (MATURES, False), (date(2021, 3, 3), True), (date(2021, 9, 2), True),
    (date(2021, 9, 3), False),
])  # fmt: skip
def test_only_in_his_guarantee_period_is_a_guarantor_called_upon(lent: Office, day: date, in_time: bool) -> None:
    """Art. 692: the period begins with maturity, so that a demand before it, or on its day, calls upon nobody."""
    act(lent, day, party="guarantor", party_no="G1")
    with lent.book.read() as session:
        right = limitation.of_loan(session, lent.policy, session.get_one(Loan, "L1"), date(2021, 9, 5))[1]
    assert (right.under == "limitation") == in_time
    work_out(lent, date(2021, 8, 1))
    assert (ends(lent) == []) == in_time
    for day_of_round in (date(2024, 3, 1), date(2024, 3, 20)):
        work_out(lent, day_of_round)
    lapsing = [subject for subject, _, _ in warned(lent) if subject.startswith("G1")]
    assert lapsing == ([f"G1-{day + timedelta(days=3 * 365 + 1)}"] if in_time else [])


@pytest.mark.parametrize("agreed", [MATURES - timedelta(days=40), MATURES, MATURES + timedelta(days=1)])
def test_a_period_agreed_to_end_before_it_begins_is_none(lent: Office, agreed: date) -> None:
    """Art. 692: six months then."""
    with lent.book.write() as writer:
        guarantee = writer.session.get_one(Guarantee, ("G1", "L1"))
        guarantee.until_on = agreed
        writer.session.add(guarantee)
    until = agreed if agreed > MATURES else date(2021, 9, 2)
    with lent.book.read() as session:
        right = limitation.of_loan(session, lent.policy, session.get_one(Loan, "L1"), MATURES)[1]
    assert (right.under, right.lapses_on) == ("guarantee", until)
    work_out(lent, until - timedelta(days=30))
    assert [anchor for _, anchor, _ in ends(lent)] == [until]


@pytest.mark.parametrize("seed", range(6))
def test_no_sequence_of_events_lets_a_guarantee_period_end_unseen(lent: Office, seed: int) -> None:
    """Acts against the guarantor and rounds at odd times: who was not called upon in time was warned of."""
    chance, day = random.Random(seed), MATURES - timedelta(days=200)
    with lent.book.write() as writer:
        guarantee = writer.session.get_one(Guarantee, ("G1", "L1"))
        guarantee.kind = chance.choice(("joint", "general"))
        guarantee.until_on = chance.choice((None, MATURES + timedelta(days=chance.randrange(1, 700))))
        writer.session.add(guarantee)
        until = guarantee.until_on or date(2021, 9, 2)
    called = False
    while day < until:
        day += timedelta(days=chance.randrange(1, 60))
        if chance.random() < 0.3:
            kind = chance.choice(("demand", "agreement", "suit"))
            act(lent, day, kind, "guarantor", "G1")
            called |= MATURES < day <= until and (kind == "suit" or guarantee.kind == "joint")
        if day <= until:
            work_out(lent, day)
            with lent.book.read() as session:
                right = limitation.of_loan(session, lent.policy, session.get_one(Loan, "L1"), day)[1]
            assert (right.under == "limitation") == called, day
            if not called and (until - day).days <= lent.policy.limitation.guarantee_warn_days:
                assert until in [anchor for _, anchor, _ in ends(lent)], (day, until)


@pytest.mark.parametrize("seed", range(4))
def test_no_sequence_of_events_lets_a_right_lapse_unseen(lent: Office, seed: int) -> None:
    """Demands, payments and silence, at odd times; rounds once in a while. Whenever the period is shorter than
    the policy's warning, a case for that very period is open or was dealt with."""
    chance, day = random.Random(seed), MATURES
    while day < date(2030, 1, 1):
        day += timedelta(days=chance.randrange(20, 120))
        if chance.random() < 0.12:
            act(lent, day, chance.choice(("demand", "agreement", "payment")))
        work_out(lent, day)
        with lent.book.read() as session:
            loan = session.get_one(Loan, "L1")
            right = limitation.of_loan(session, lent.policy, loan, day)[0]
        if right.lapses_on < day:
            assert warned(lent), "it lapsed, but not in silence"
            assert max(anchor for _, anchor, _ in warned(lent)) >= right.lapses_on
            return
        soon = (right.lapses_on - day).days <= lent.policy.limitation.warn_days
        told = [anchor for _, anchor, _ in warned(lent)]
        assert (right.lapses_on in told) == soon or (right.lapses_on in told), (day, right)
        if soon:
            assert right.lapses_on in told
            if chance.random() < 0.7:
                with lent.book.write() as writer:
                    case = writer.session.exec(
                        select(Case).where(
                            Case.kind == "limitation_warning", Case.state == "open", Case.loan_no == "L1"
                        )
                    ).first()
                    if case is not None:
                        limitation.interrupt(
                            writer, case, party="borrower", party_no="C1", kind="demand", happened_on=day,
                            document="回执", by="S001",
                        )  # fmt: skip
                        cases.close(writer, case, "interrupted")
    assert months_after(MATURES, 36) < day
