"""What comes of a loan at its end: notices with a slip to return, extensions, documents of title handed back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Column, Index, Text
from sqlmodel import Field, SQLModel

from postloan.book.tables.base import (
    EXTENSION_STATES,
    INTERRUPTIONS,
    PARTIES,
    REPAYMENT_METHODS,
    SLIP_STATES,
    VARIANTS,
    money,
    one_of,
    ref,
)
from postloan.book.types import Rate


class ReceiptSlip(SQLModel, table=True):
    """The slip (回执) of a paper notice, which its addressee signs: out until it is returned (收回通知书) or
    it is on record that he refused to sign."""

    __tablename__ = "receipt_slip"
    __table_args__ = (one_of("state", SLIP_STATES), one_of("party", PARTIES), Index("ix_receipt_slip", "state"))
    slip_no: str = Field(primary_key=True)
    case_no: str = ref("case.case_no")
    loan_no: str = ref("loan.loan_no")
    party: str
    party_no: str
    handed_over_on: date | None = None
    state: str = "out"
    returned_on: date | None = None
    signed_by: str = ""


class Extension(SQLModel, table=True):
    """An application for an extension (展期), renewal (续贷), refinancing (借新还旧) or rescheduling (重组), and
    what became of it: EXT-1 to EXT-4. Amounts are principal in the loan's currency."""

    __tablename__ = "extension"
    __table_args__ = (
        one_of("variant", VARIANTS),
        one_of("repayment", REPAYMENT_METHODS),
        one_of("state", EXTENSION_STATES),
        CheckConstraint("amount > 0", name="ck_extension_amount"),
        Index("ix_extension_state", "state", "takes_force_on"),
    )
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    loan_no: str = ref("loan.loan_no")
    variant: str
    applied_on: date
    maturity_before: date
    until_on: date
    amount: Decimal = money()
    annual_rate: Decimal = Field(sa_column=Column(Rate, nullable=False))
    repayment: str = "bullet"
    every_months: int = Field(default=1, description="Months between two instalments")
    state: str = "applied"
    decided_on: date | None = None
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    contract_no: str = ""
    new_loan_no: str = ""
    takes_force_on: date | None = None
    in_force_on: date | None = None


class Consent(SQLModel, table=True):
    """The consent in writing of somebody who stands for the loan, to one extension or early repayment (EXT-3,
    ENT-1)."""

    __tablename__ = "consent"
    __table_args__ = (one_of("party", PARTIES),)
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    party: str = Field(primary_key=True)
    party_no: str = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    given_on: date
    document: str


class TitleRelease(SQLModel, table=True):
    """A line of the register of documents of title handed back (权证交还签收登记): MAT-3."""

    __tablename__ = "title_release"
    collateral_no: str = Field(foreign_key="collateral.collateral_no", primary_key=True)
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    loan_no: str = ref("loan.loan_no")
    released_on: date
    title_document: str
    received_by: str
    evidence: str = Field(default="", description="Identity document or authorisation seen")
    handed_by: str = ref("staff.staff_no")


class Interruption(SQLModel, table=True):
    """An act that interrupts the limitation period of a right against somebody, with its proof (LIM-1)."""

    __tablename__ = "interruption"
    __table_args__ = (one_of("party", PARTIES), one_of("kind", INTERRUPTIONS), Index("ix_interruption", "loan_no"))
    interruption_no: str = Field(primary_key=True)
    loan_no: str = Field(foreign_key="loan.loan_no")
    party: str
    party_no: str
    kind: str
    happened_on: date
    document: str
    case_no: str | None = ref("case.case_no", default=None)
