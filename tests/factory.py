"""Small books for tests: one branch, its people, loans as asked for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from postloan.book import Book, people
from postloan.book.people import Vault
from postloan.book.tables import Borrower, Branch, Loan, Staff, StaffRole

PEOPLE = (
    ("S001", "account_officer", "B1", "S004"),
    ("S004", "account_officer", "B1", "S001"),
    ("S002", "credit_supervisor", "B1", ""),
    ("S003", "risk_control", "", ""),
    ("S005", "operations", "", ""),
    ("S006", "supervision", "", ""),
)
# So many of each that nobody has to wait 30 seconds for the next code.
MORE_PEOPLE = (
    *((f"S0{n}2", "credit_supervisor", "B1", "") for n in (1, 2, 3)),
    *((f"S0{n}3", "risk_control", "", "") for n in (1, 2, 3)),
    ("S017", "credit_administration", "", ""),
    ("S018", "risk_committee", "", ""),
    ("S019", "general_manager", "", ""),
)


def officer_of(loan_or_case: str) -> str:
    """The officer of a loan or case that has one of its own."""
    return f"S1{loan_or_case[-2:]}"


def staff_and_loans(
    book: Book,
    drawn: dict[str, date],
    *,
    vault: Vault | None = None,
    officer: str | None = "S001",
    phone: str = "10000000001",
    officer_each: bool = False,
) -> None:
    """Enter the people, one borrower and a loan for each {loan number: first drawdown}.

    With `officer_each`, loan L07 has an officer S107 of its own: a code is good once in 30 seconds.
    """
    posts = [
        *PEOPLE,
        *(MORE_PEOPLE if officer_each else ()),
        *(((officer_of(no), "account_officer", "B1", "") for no in drawn) if officer_each else ()),
    ]
    with book.write(origin="test") as writer:
        session = writer.session
        session.add(Branch(branch_no="B1", name="城关支行"))
        session.flush()
        for staff_no, role, branch, _ in posts:
            session.add(
                Staff(
                    staff_no=staff_no, name=f"员工{staff_no}", branch_no=branch or None, email=f"{staff_no}@bank.test"
                )
            )
            session.flush()
            session.add(StaffRole(staff_no=staff_no, role=role))
        session.flush()
        for staff_no, _, _, deputy in posts:
            session.get_one(Staff, staff_no).deputy_no = deputy or None
            if vault is not None:
                people.enrol(writer, vault, staff_no, "test")
        session.add(Borrower(borrower_no="C1", name="张某某", kind="personal", phone=phone, branch_no="B1"))
        session.flush()
        for loan_no, day in drawn.items():
            session.add(
                Loan(
                    loan_no=loan_no,
                    borrower_no="C1",
                    branch_no="B1",
                    officer_no=officer_of(loan_no) if officer_each else officer,
                    principal=Decimal("100000.00"),
                    annual_rate=Decimal("4.35"),
                    disbursed_on=day,
                    first_drawdown_on=day,
                    matures_on=day.replace(year=day.year + 1),
                    purpose="购进原材料",
                )
            )
