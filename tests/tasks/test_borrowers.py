"""What the round tells about instalments: borrowers before they fall due, officers when they were missed (MAT-2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from sqlmodel import select

from postloan.book import cases, extensions
from postloan.book.tables import Borrower, Case, Extension, Instalment, Loan, Notice, Position, Repayment, Staff
from tasks.office import Office
from tasks.round import work_out
from tests.factory import staff_and_loans

DRAWN = date(2026, 1, 12)
DUE = date(2026, 3, 12)  # a Thursday
SATURDAY = date(2026, 3, 14)


def lend(office: Office, *dues: tuple[str, date]) -> None:
    staff_and_loans(office.book, {loan_no: DRAWN for loan_no in sorted({no for no, _ in dues})})
    with office.book.write() as writer:
        for number, (loan_no, due_on) in enumerate(dues, start=1):
            writer.session.add(
                Instalment(loan_no=loan_no, number=number, due_on=due_on, principal_due=1000, interest_due=10)
            )


def pay(office: Office, loan_no: str, day: date, amount: int) -> None:
    with office.book.write() as writer:
        writer.session.add(Repayment(receipt_no=f"R-{loan_no}-{day}", loan_no=loan_no, paid_on=day, amount=amount))


def told(office: Office, kind: str) -> Sequence[Notice]:
    with office.book.read() as session:
        return session.exec(select(Notice).where(Notice.kind == kind).order_by(Notice.queued_at, Notice.loan_no)).all()  # type: ignore[arg-type]


def test_a_reminder_goes_out_three_days_before_and_once(office: Office) -> None:
    lend(office, ("L1", DUE), ("L2", DUE + timedelta(days=1)))
    day = DUE - timedelta(days=4)
    assert [work_out(office, day + timedelta(days=n)).borrowers_reminded for n in range(5)] == [0, 1, 1, 0, 0]
    assert work_out(office, day + timedelta(days=1)).borrowers_reminded == 0
    first, second = told(office, "instalment_reminder")
    assert (first.loan_no, first.recipient_kind, second.loan_no) == ("L1", "borrower", "L2")
    assert "1,010.00" in first.body and str(DUE) in first.body


def test_it_names_all_that_is_unpaid_by_then_and_says_nothing_where_it_is_paid(office: Office) -> None:
    before = DUE - timedelta(days=30)
    lend(office, ("L1", before), ("L1", DUE), ("L2", DUE), ("L3", DUE))
    pay(office, "L1", before, 1000)
    pay(office, "L2", before, 1010)
    assert work_out(office, DUE - timedelta(days=3)).borrowers_reminded == 2
    bodies = {notice.loan_no: notice.body for notice in told(office, "instalment_reminder")}
    assert "1,020.00" in bodies["L1"] and "1,010.00" in bodies["L3"]


def test_where_the_core_system_keeps_the_account_its_figures_are_told(office: Office) -> None:
    lend(office, ("L1", DUE - timedelta(days=30)), ("L1", DUE))
    with office.book.write() as writer:
        writer.session.add(
            Position(
                loan_no="L1", as_of=DUE - timedelta(days=5), principal_outstanding=Decimal(99_000),
                overdue_principal=0, overdue_interest=0, days_past_due=0,
            )
        )  # fmt: skip
    work_out(office, DUE - timedelta(days=3))
    (notice,) = told(office, "instalment_reminder")
    assert "1,010.00" in notice.body, "not the instalment of February as well, which the core system has as paid"


def test_missed_days_are_caught_up_on_but_not_for_what_is_over(office: Office) -> None:
    lend(office, ("L1", DUE), ("L2", DUE + timedelta(days=3)))
    work_out(office, DUE - timedelta(days=10))
    assert work_out(office, DUE + timedelta(days=1)).borrowers_reminded == 1
    assert [notice.loan_no for notice in told(office, "instalment_reminder")] == ["L2"]


def test_a_borrower_is_not_reminded_of_principal_that_was_extended(office: Office) -> None:
    lend(office, ("L1", DUE))
    with office.book.write() as writer:
        loan = writer.session.get_one(Loan, "L1")
        loan.matures_on = DUE
        case = cases.open_by_hand(writer, office.policy_file, "extension", loan, DUE - timedelta(days=9))
        asked = extensions.Terms("extension", DUE + timedelta(days=30), Decimal(100_000), Decimal(5), "bullet", 1)
        extensions.apply(writer, case, loan, asked, DUE - timedelta(days=9), by="S001")
        found = writer.session.get_one(Extension, case.case_no)
        found.state, found.takes_force_on = "signed", DUE
    assert work_out(office, DUE - timedelta(days=3)).borrowers_reminded == 1
    (notice,) = told(office, "instalment_reminder")
    assert " 10.00" in notice.body, "the interest of the old term only"
    with office.book.read() as session:
        opened = {case.kind for case in session.exec(select(Case))}
    assert not opened & {"repayment_notice", "pre_maturity_visit"}, "nor asked to pay at a maturity that moves"


def test_who_missed_an_instalment_is_on_the_call_list_from_the_next_day_until_he_paid(office: Office) -> None:
    lend(office, ("L1", DUE), ("L2", SATURDAY))
    days = {day: work_out(office, day).to_call for day in (DUE + timedelta(days=n) for n in range(6))}
    # L2 fell due on a Saturday: it can be paid on Monday, and is called for on Tuesday
    assert list(days.values()) == [0, 1, 1, 1, 1, 2]
    pay(office, "L1", DUE + timedelta(days=6), 1010)
    assert work_out(office, DUE + timedelta(days=6)).to_call == 1
    lists = told(office, "call_list")
    assert {notice.recipient_no for notice in lists} == {"S001"}, "the loans' officer"
    assert len(lists) == 6, "one a day"
    assert "L1" in lists[0].body and "1010" not in lists[0].body.replace(",", ""), "no amounts, no names"


def test_loans_without_an_officer_are_told_to_the_branch_and_nobody_without_address(office: Office) -> None:
    lend(office, ("L1", DUE))
    with office.book.write() as writer:
        writer.session.get_one(Loan, "L1").officer_no = None
        writer.session.get_one(Staff, "S004").email = ""
        writer.session.get_one(Borrower, "C1").phone = ""
    assert work_out(office, DUE - timedelta(days=3)).borrowers_reminded == 0
    work_out(office, DUE + timedelta(days=1))
    assert [notice.recipient_no for notice in told(office, "call_list")] == ["S001"]
