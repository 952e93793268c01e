"""Borrowers, loans, what was agreed and paid, and what secures them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from postloan.book.tables.base import (
    BORROWER_KINDS,
    CHARGE_KINDS,
    DAY_COUNTS,
    REPAYMENT_METHODS,
    SECURITIES,
    money,
    one_of,
    ref,
)
from postloan.book.types import Rate


class Borrower(SQLModel, table=True):
    """A borrower (借款人)."""

    __tablename__ = "borrower"
    __table_args__ = (one_of("kind", BORROWER_KINDS),)
    borrower_no: str = Field(primary_key=True)
    name: str
    kind: str
    id_no: str = ""
    phone: str = ""
    email: str = ""
    rating: str = ""
    segment: str = ""
    branch_no: str | None = ref("branch.branch_no", default=None)
    language: str = ""
    address: str = ""
    legal_representative: str = ""
    licence_until: date | None = None


class BorrowerChange(SQLModel, table=True):
    """A change of a borrower's record that a feed brought (INS-11), for the rules to look at."""

    __tablename__ = "borrower_change"
    id: int | None = Field(default=None, primary_key=True)
    borrower_no: str = ref("borrower.borrower_no")
    field: str
    changed_on: date = Field(index=True)


class Loan(SQLModel, table=True):
    """A loan note (借据). `annual_rate` is percent per year; `settled_on` the day the last cent came
    in, where the feed says so; `restructured_on` that of the latest restructuring or refinancing;
    `original_maturity` is kept once the loan was extended.

    `penalty_surcharge` is percent on top of the contract rate on what is past due, and
    `compound` whether it is on unpaid interest as well; None where no penalty interest was agreed. An
    entrusted loan (委托贷款) has a `consignor`; `found_by` says who found its borrower, and `base_rate` the
    benchmark of its day.
    """

    __tablename__ = "loan"
    __table_args__ = (
        CheckConstraint("principal > 0", name="ck_loan_principal"),
        CheckConstraint("matures_on > disbursed_on", name="ck_loan_term"),
        one_of("repayment", REPAYMENT_METHODS),
        one_of("security", SECURITIES),
        one_of("day_count", DAY_COUNTS),
        Index("ix_loan_first_drawdown", "first_drawdown_on"),
    )
    loan_no: str = Field(primary_key=True)
    borrower_no: str = ref("borrower.borrower_no")
    principal: Decimal = money()
    currency: str = Field(default="CNY", min_length=3, max_length=3)
    annual_rate: Decimal = Field(sa_column=Column(Rate, nullable=False))
    day_count: str = "actual/360"
    repayment: str = "custom"
    security: str = "credit"
    disbursed_on: date
    first_drawdown_on: date | None = None
    matures_on: date = Field(index=True)
    original_maturity: date | None = None
    penalty_surcharge: Decimal | None = Field(default=None, sa_column=Column(Rate, nullable=True))
    compound: bool = False
    settled_on: date | None = None
    restructured_on: date | None = None
    product: str = ""
    purpose: str = ""
    consignor: str = ""
    found_by: str = Field(default="", description="consignor or lender; empty: no entrusted loan")
    base_rate: Decimal | None = Field(default=None, sa_column=Column(Rate, nullable=True))
    high_risk: bool = False
    officer_no: str | None = ref("staff.staff_no", default=None)
    branch_no: str | None = ref("branch.branch_no", default=None)
    partner_no: str | None = ref("partner.partner_no", default=None)


class Drawdown(SQLModel, table=True):
    """A payment out of a loan (提款); the first one starts the post-loan period."""

    __tablename__ = "drawdown"
    __table_args__ = (CheckConstraint("amount > 0", name="ck_drawdown_amount"),)
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    number: int = Field(primary_key=True)
    drawn_on: date
    amount: Decimal = money()


class Instalment(SQLModel, table=True):
    """An instalment (分期) as agreed: due at the end of `due_on`.

    What an extension or an early repayment changed is entered on a day; `annual_rate` is the rate that penalty
    interest on it is reckoned from, None for the loan's.
    """

    __tablename__ = "instalment"
    __table_args__ = (
        CheckConstraint("principal_due >= 0 AND interest_due >= 0 AND fee_due >= 0", name="ck_instalment"),
    )
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    number: int = Field(primary_key=True)
    due_on: date = Field(index=True)
    principal_due: Decimal = money()
    interest_due: Decimal = money()
    fee_due: Decimal = money(default=Decimal("0.00"))
    annual_rate: Decimal | None = Field(default=None, sa_column=Column(Rate, nullable=True))
    entered_on: date | None = None


class Repayment(SQLModel, table=True):
    """A receipt. A bounced one is undone by another whose `reverses` names it."""

    __tablename__ = "repayment"
    __table_args__ = (CheckConstraint("amount > 0", name="ck_repayment_amount"),)
    receipt_no: str = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    paid_on: date
    amount: Decimal = money()
    channel: str = ""
    reverses: str | None = Field(default=None, foreign_key="repayment.receipt_no", unique=True)


class Charge(SQLModel, table=True):
    """What a borrower owes beside the instalments: an advance paid for him (垫款), a fee or a cost. A debt
    with days past due of its own, due at the end of `due_on`."""

    __tablename__ = "charge"
    __table_args__ = (CheckConstraint("amount > 0", name="ck_charge_amount"), one_of("kind", CHARGE_KINDS))
    charge_no: str = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    kind: str
    charged_on: date
    due_on: date
    amount: Decimal = money()
    detail: str = ""


class AccountEntry(SQLModel, table=True):
    """What a receipt paid, part by part (PAY-1): the journal of the loans whose receipts do not simply cover
    the schedule in order, as penalty interest or charges were owed, or the loan was non-performing.

    Worked out anew by `book.accounts` whenever the receipts or the schedule change. `claim` is the number of
    an instalment, "rest", or C- and a charge's number; `charged` is penalty interest that came to be owed.
    """

    __tablename__ = "account_entry"
    __table_args__ = (Index("ix_account_entry", "loan_no", "entered_on"),)
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    number: int = Field(primary_key=True)
    entered_on: date
    claim: str
    part: str
    receipt_no: str
    charged: Decimal = money()
    paid: Decimal = money()


class Consignor(SQLModel, table=True):
    """A consignor (委托人), whose money an entrusted loan is."""

    __tablename__ = "consignor"
    consignor_no: str = Field(primary_key=True)
    name: str
    phone: str = ""
    email: str = ""


class Position(SQLModel, table=True):
    """Where the core banking system says that a loan stood at the end of a day."""

    __tablename__ = "position"
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    as_of: date = Field(primary_key=True)
    principal_outstanding: Decimal = money()
    overdue_principal: Decimal = money()
    overdue_interest: Decimal = money()
    days_past_due: int = Field(ge=0)
    status: str = ""


class Guarantor(SQLModel, table=True):
    """A guarantor (保证人)."""

    __tablename__ = "guarantor"
    guarantor_no: str = Field(primary_key=True)
    name: str
    phone: str = ""
    email: str = ""


class Guarantee(SQLModel, table=True):
    """A guarantee for one loan; no `amount` means all of it, no `until_on` the legal period."""

    __tablename__ = "guarantee"
    __table_args__ = (one_of("kind", ("joint", "general")),)
    guarantor_no: str = Field(foreign_key="guarantor.guarantor_no", primary_key=True)
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True, index=True)
    kind: str = "joint"
    amount: Decimal | None = money(nullable=True)
    until_on: date | None = None


class Collateral(SQLModel, table=True):
    """A collateral item (抵质押物) and its document of title (权证)."""

    __tablename__ = "collateral"
    __table_args__ = (CheckConstraint("value >= 0", name="ck_collateral_value"),)
    collateral_no: str = Field(primary_key=True)
    kind: str
    owner: str
    value: Decimal = money()
    valued_on: date
    title_document: str = ""
    insured_until: date | None = None
    valuation_due: date | None = None


class CollateralLoan(SQLModel, table=True):
    """Which loans a collateral item secures."""

    __tablename__ = "collateral_loan"
    collateral_no: str = Field(foreign_key="collateral.collateral_no", primary_key=True)
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True, index=True)


class Rating(SQLModel, table=True):
    """A borrower's rating from a day on."""

    __tablename__ = "rating"
    borrower_no: str = Field(foreign_key="borrower.borrower_no", primary_key=True)
    rated_on: date = Field(primary_key=True)
    rating: str
