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


def staff_and_loans(
    book: Book,
    drawn: dict[str, date],
    *,
    vault: Vault | None = None,
    officer: str | None = "S001",
    phone: str = "10000000001",
) -> None:
    """Enter the people, one borrower and a loan for each {loan number: first drawdown}."""
    with book.write(origin="test") as writer:
        session = writer.session
        session.add(Branch(branch_no="B1", name="城关支行"))
        session.flush()
        for staff_no, role, branch, _ in PEOPLE:
            session.add(
                Staff(
                    staff_no=staff_no, name=f"员工{staff_no}", branch_no=branch or None, email=f"{staff_no}@bank.test"
                )
            )
            session.flush()
            session.add(StaffRole(staff_no=staff_no, role=role))
        session.flush()
        for staff_no, _, _, deputy in PEOPLE:
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
                    officer_no=officer,
                    principal=Decimal("100000.00"),
                    annual_rate=Decimal("4.35"),
                    disbursed_on=day,
                    first_drawdown_on=day,
                    matures_on=day.replace(year=day.year + 1),
                    purpose="购进原材料",
                )
            )
