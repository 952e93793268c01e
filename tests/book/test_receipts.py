"""Receipts entered by hand: what was shown beforehand is what they do, to the cent (PAY-1, ENT-1)."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func
from sqlmodel import select

from postloan.book import Book, Writer, accounts, audit, cases, loans, receipts, schedules
from postloan.book.receipts import Received
from postloan.book.standings import settlements
from postloan.book.tables import AuditEvent, Charge, Consent, Instalment, Loan, Repayment
from postloan.calendar import ONE_DAY, months_after
from postloan.policy import PolicyFile
from postloan.rules.allocation import Account
from postloan.rules.interest import interest
from tests.book.test_schedules import MATURES, START, ZERO, account, agree, case_on, lend, live, money, pay
from tests.factory import staff_and_loans

CENT = Decimal("0.01")


def enter(writer: Writer, file: PolicyFile, received: Received, no: str, times: int = 1) -> receipts.Effect:
    """As a case does; gives what was shown before."""
    case = case_on(writer, file, "receipt", no, received.paid_on)
    loan = loans.get(writer.session, no)
    shown = receipts.effect(writer.session, file, loan, received)
    for _ in range(times):
        receipts.enter(writer, file, case, loan, received, document="凭证", by=["F1", "S002"])
    cases.close(writer, case, "entered")
    return shown


# ------------------------------------------------------------------------------------------ what always holds


@pytest.mark.parametrize("seed", range(2))
def test_what_was_shown_is_what_it_does(book: Book, policy_file: PolicyFile, seed: int) -> None:
    """Ordinary ones, partial and too much, early ones, reversals, at any time in any loan's life."""
    numbers, chance = lend(book, 20 + seed, 14), random.Random(seed)
    done: dict[str, int] = {}
    for no in numbers:
        day = loans_start(book, no) + timedelta(days=chance.randrange(0, 200))
        with book.write() as writer:
            live(writer, policy_file, no, day, chance)
        for n in range(5):
            day += timedelta(days=chance.randrange(0, 60))
            early = chance.choice(("", "", "part", "part", "all"))
            with book.write() as writer:
                loan = loans.get(writer.session, no)
                needed = receipts.due_to_settle(writer.session, policy_file, loan, day)
                undo = _undoable(writer, no) if chance.random() < 0.25 else ""
                amount = money(chance.choice((CENT, 290, 8_000, 30_000, 110_000)))
                if early == "all" and needed > 0:
                    amount = needed + chance.choice((ZERO, ZERO, CENT, money(70)))
                received = Received(
                    f"E{no}-{n}", day, ZERO if undo else amount, reverses=undo, early="" if undo else early
                )
                before = account(writer.session, policy_file, no, day)
                try:
                    receipts.effect(writer.session, policy_file, loan, received)
                except ValueError:
                    continue  # nothing was entered
                shown = enter(writer, policy_file, received, no, times=2)
                kind = "reversal" if undo else early or "ordinary"
                done[kind] = done.get(kind, 0) + 1
                after = account(writer.session, policy_file, no, day)
                assert (shown.before, shown.after) == (before, after), (no, kind)
                assert sum(after.paid.values()) + after.excess == accounts.received(writer.session, no, day)
                moved = before.principal_outstanding - after.principal_outstanding
                if kind == "part":
                    assert moved == after.paid["principal"] - before.paid["principal"] > 0
                    assert not [o for o in after.owed if o.due_on <= day and o.total], "what is due is paid first"
                if kind == "all":
                    assert after.settled, (no, after)
                    assert after.excess == amount - needed, "and nothing more is kept"
    assert set(done) == {"ordinary", "part", "all", "reversal"}, done
    assert min(done.values()) > 1, done
    with book.read() as session:
        assert audit.verify(session).ok
        for day in (START + timedelta(days=n) for n in (40, 160, 300, 420, 700)):
            agree(session, policy_file, numbers, day)


def unpaid(state: Account) -> list[tuple[date, Decimal, Decimal, Decimal, Decimal]]:
    """What is owed of an account, by due date."""
    return sorted((o.due_on, o.fee, o.penalty, o.interest, o.principal) for o in state.owed if o.total)


def loans_start(book: Book, no: str) -> date:
    with book.read() as session:
        return loans.get(session, no).disbursed_on


def _undoable(writer: Writer, no: str) -> str:
    rows = writer.session.exec(select(Repayment).where(Repayment.loan_no == no)).all()
    undone = {row.reverses for row in rows}
    return next((r.receipt_no for r in rows if not r.reverses and r.receipt_no not in undone), "")


@pytest.mark.parametrize("seed", range(2))
def test_exactly_what_it_takes_settles_on_that_day_and_a_cent_less_does_not(
    book: Book, policy_file: PolicyFile, seed: int
) -> None:
    """Fees and advances to come, interest paid ahead, money that was held: nothing is asked twice or forgotten."""
    numbers, chance = lend(book, 40 + seed, 17), random.Random(seed)
    settled_on: dict[str, date] = {}
    bounces: dict[str, tuple[date, list[tuple[date, Decimal, Decimal, Decimal, Decimal]]]] = {}
    for no in numbers:
        day = loans_start(book, no) + timedelta(days=chance.randrange(0, 500))
        with book.write() as writer:
            session, loan = writer.session, loans.get(writer.session, no)
            live(writer, policy_file, no, day, chance)
            later = day + timedelta(days=chance.randrange(0, 40))
            bounces[no] = later, unpaid(account(session, policy_file, no, later))
            due = receipts.due_to_settle(session, policy_file, loan, day)
            if due <= 0:
                state = account(session, policy_file, no, day)
                assert state.settled or state.excess >= sum(o.total for o in state.owed), "paid, or held for it"
                continue
            early = "all" if schedules.replaced(session, policy_file, loan, day + ONE_DAY).principal else ""
            short = Received(f"E{no}", day, due - CENT, early=early)
            if early:
                with pytest.raises(ValueError, match=f"{due:,.2f}"):
                    receipts.effect(session, policy_file, loan, short)
            elif short.amount:
                assert not receipts.effect(session, policy_file, loan, short).after.settled
            enter(writer, policy_file, Received(f"E{no}", day, due, early=early), no)
            state = account(session, policy_file, no, day)
            assert (state.settled, state.excess) == (True, ZERO), (no, state)
            settled_on[no] = day
    with book.read() as session:
        found = dict(session.execute(select(settlements())).tuples().all())
        assert {no: found.get(no) for no in settled_on} == settled_on
        assert len(settled_on) > 12
    for no, day in settled_on.items():
        with book.write() as writer:  # it bounces
            later, without_it = bounces[no]
            enter(writer, policy_file, Received(f"X{no}", later, ZERO, reverses=f"E{no}"), no)
            state, loan = account(writer.session, policy_file, no, later), loans.get(writer.session, no)
            assert not state.settled
            assert unpaid(state) == without_it, "as if it had never come: what was not due is not due at once"
            again = receipts.due_to_settle(writer.session, policy_file, loan, later)
            original = writer.session.get_one(Repayment, f"E{no}").amount
            assert again >= original if later > day else again == original
            early = "all" if schedules.replaced(writer.session, policy_file, loan, later + ONE_DAY).principal else ""
            enter(writer, policy_file, Received(f"Y{no}", later, again, early=early), no)
            assert account(writer.session, policy_file, no, later).settled
    with book.read() as session:
        agree(session, policy_file, numbers, START + timedelta(days=700))


# ------------------------------------------------------------------------------------------------- single cases


@pytest.fixture
def lent(book: Book) -> Book:
    """L1 in four instalments of 25,000 with 300 of interest, L2 in one, L3 without any."""
    staff_and_loans(book, dict.fromkeys(("L1", "L2", "L3"), START))
    with book.write() as writer:
        for number in range(1, 5):
            about = {"loan_no": "L1", "number": number, "due_on": months_after(START, 3 * number)}
            writer.session.add(Instalment(principal_due=25_000, interest_due=300, **about))
        about = {"loan_no": "L2", "number": 1, "due_on": MATURES}
        writer.session.add(Instalment(principal_due=100_000, interest_due=4_400, **about))
    return book


def test_what_is_left_is_planned_anew_on_the_due_dates_that_are_left(lent: Book, policy_file: PolicyFile) -> None:
    """Two instalments are paid ahead; an advance falls due in between: neither is a due date of the rest."""
    day = date(2025, 3, 1)
    with lent.write() as writer:
        about = {"kind": "advance", "charged_on": START, "due_on": date(2025, 11, 1)}
        writer.session.add(Charge(charge_no="C1", loan_no="L1", amount=money(80), **about))
        pay(writer.session, "L1", date(2025, 2, 1), 2 * 25_300)
        accounts.refresh(writer.session, policy_file, ["L1"])
        shown = enter(writer, policy_file, Received("E1", day, money(10_000), early="part"), "L1")
        state = account(writer.session, policy_file, "L1", day)
    repaid, *rest = shown.planned
    # 600 of interest were paid ahead: they pay for the time to now, and the rest is principal.
    assert repaid.principal + repaid.interest == 10_600
    assert repaid.interest == interest(repaid.principal, Decimal("4.35"), START, day, "actual/360")
    assert [p.due_on for p in rest] == [months_after(START, 9), MATURES]
    assert sum(p.principal for p in rest) == 50_000 - repaid.principal == state.principal_outstanding
    assert rest[0].interest == interest(
        state.principal_outstanding, Decimal("4.35"), START, rest[0].due_on, "actual/360"
    )


@pytest.mark.parametrize("no", ["L1", "L2", "L3"])
def test_money_that_was_held_counts_once(lent: Book, policy_file: PolicyFile, no: str) -> None:
    """ENT-1: what comes early is held; with the consent to settle, it is part of what settles."""
    day = date(2025, 3, 1)
    with lent.write() as writer:
        loan = loans.get(writer.session, no)
        loan.consignor = "某公司"
        writer.session.add(loan)
        about = {"kind": "fee", "charged_on": START, "due_on": MATURES}
        writer.session.add(Charge(charge_no="C1", loan_no=no, amount=money(80), **about))
        pay(writer.session, no, date(2025, 2, 1), 30_000)
        accounts.refresh(writer.session, policy_file, [no])
        state = account(writer.session, policy_file, no, day)
        assert (state.excess, state.principal_outstanding) == (30_000, 100_000)
        due = receipts.due_to_settle(writer.session, policy_file, loan, day)
        assert due == 70_080 + interest(money(100_000), Decimal("4.35"), START, day, "actual/360")
        shown = enter(writer, policy_file, Received("E1", day, due, early="all"), no)
        state = account(writer.session, policy_file, no, day)
        assert (state.settled, state.excess) == (True, 0)
        assert shown.after == state
        assert account(writer.session, policy_file, no, day - ONE_DAY).excess == 30_000, "until then it was held"
        assert writer.session.exec(select(Consent)).one().party == "consignor"


def test_consent_to_one_early_repayment_is_none_to_the_next(lent: Book, policy_file: PolicyFile) -> None:
    with lent.write() as writer:
        loan = loans.get(writer.session, "L2")
        loan.consignor = "某公司"
        writer.session.add(loan)
        writer.session.flush()
        shown = enter(writer, policy_file, Received("E1", date(2025, 3, 1), money(20_000), early="part"), "L2")
        assert shown.after == account(writer.session, policy_file, "L2", date(2025, 3, 1))
        outstanding = shown.after.principal_outstanding
        assert outstanding == 100_000 - shown.planned[0].principal < 81_000
        pay(writer.session, "L2", date(2025, 5, 1), 5_000)
        accounts.refresh(writer.session, policy_file, ["L2"])
        state = account(writer.session, policy_file, "L2", date(2025, 5, 2))
    assert (state.excess, state.principal_outstanding) == (5_000, outstanding), "held: nobody consented to it"


@pytest.mark.parametrize("early", ["part", "all"])
def test_an_early_repayment_is_not_entered_behind_what_came_later(
    lent: Book, policy_file: PolicyFile, early: str
) -> None:
    with lent.write() as writer:
        pay(writer.session, "L2", date(2025, 6, 1), 30_000)
        accounts.refresh(writer.session, policy_file, ["L2"])
    for day, amount in ((date(2025, 5, 15), 60_000), (date(2025, 5, 31), 200_000)):
        with pytest.raises(ValueError, match="2025-06-01"), lent.write() as writer:
            enter(writer, policy_file, Received("E1", day, money(amount), early=early), "L2")
    with lent.write() as writer:
        amount = money(90_000) if early == "all" else money(20_000)
        enter(writer, policy_file, Received("E1", date(2025, 6, 1), amount, early=early), "L2")
        assert account(writer.session, policy_file, "L2", date(2025, 6, 1)).settled == (early == "all")


def test_what_cannot_be_reversed_is_not(lent: Book, policy_file: PolicyFile) -> None:
    with lent.write() as writer:
        enter(writer, policy_file, Received("A", date(2025, 4, 1), money(500)), "L1")
        enter(writer, policy_file, Received("B", date(2025, 4, 2), money(500)), "L2")
        enter(writer, policy_file, Received("B-", date(2025, 4, 3), ZERO, reverses="B"), "L2")
    wrong = [
        Received("X", date(2025, 4, 5), ZERO, reverses="B"),  # of another loan
        Received("X", date(2025, 3, 31), ZERO, reverses="A"),  # before it came in
        Received("X", date(2025, 4, 5), ZERO, reverses="nothing"),
    ]
    for received in wrong:
        with pytest.raises(ValueError, match=r"no such receipt|not before|undone already"), lent.write() as writer:
            enter(writer, policy_file, received, "L1")
    for reverses in ("B", "B-"):
        with pytest.raises(ValueError, match=r"no such receipt|not before|undone already"), lent.write() as writer:
            enter(writer, policy_file, Received("X", date(2025, 4, 5), ZERO, reverses=reverses), "L2")
    with lent.read() as session:
        assert session.exec(select(func.count()).select_from(Repayment)).one() == 3
        assert account(session, policy_file, "L2", date(2025, 4, 5)).excess == 0
        assert account(session, policy_file, "L2", date(2025, 4, 5)).principal_outstanding == 100_000


def test_entered_twice_is_entered_once(lent: Book, policy_file: PolicyFile) -> None:
    day = date(2025, 3, 1)
    with lent.write() as writer:
        for no, early in (("L1", "part"), ("L2", "all"), ("L3", "")):
            due = receipts.due_to_settle(writer.session, policy_file, loans.get(writer.session, no), day)
            amount = due if early == "all" else money(20_000)
            enter(writer, policy_file, Received(f"E{no}", day, amount, early=early), no, times=3)
    with lent.read() as session:
        assert session.exec(select(func.count()).select_from(Repayment)).one() == 3
        told = session.exec(select(AuditEvent).where(AuditEvent.event == "receipt.entered")).all()
        assert sorted(e.loan_no for e in told) == ["L1", "L2", "L3"]
        for loan in session.exec(select(Loan)):
            rows = session.exec(select(Instalment).where(Instalment.loan_no == loan.loan_no)).all()
            assert sum((row.principal_due for row in rows), ZERO) in (0, 100_000)
