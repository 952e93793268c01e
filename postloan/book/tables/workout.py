"""The non-performing workout (不良处置): the transfer, who answers for the loss, the plan, write-off and recoveries."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Column, Text
from sqlmodel import Field, SQLModel

from postloan.book.tables.base import DEGREES, MEASURES, MILESTONE_STATES, OPTION_STATES, money, one_of, ref


class Transfer(SQLModel, table=True):
    """A loan handed over to the workout (WO-1): amounts unpaid on that day, in the loan's currency."""

    __tablename__ = "transfer"
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    loan_no: str = ref("loan.loan_no")
    transferred_on: date
    ground: str
    principal: Decimal = money()
    interest: Decimal = money()
    missing: str = Field(default="", sa_column=Column(Text, nullable=False), description="Of the file, and why")
    handed_by: str = ref("staff.staff_no")
    taken_by: str = ref("staff.staff_no")


class Responsibility(SQLModel, table=True):
    """What somebody answers for in a loss (WO-2: 责任认定)."""

    __tablename__ = "responsibility"
    __table_args__ = (one_of("degree", DEGREES),)
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    number: int = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    person: str
    part: str
    degree: str
    finding: str = Field(default="", sa_column=Column(Text, nullable=False))
    statement: str = Field(default="", sa_column=Column(Text, nullable=False), description="What the person answers")
    determined_on: date
    determined_by: str = ref("staff.staff_no")
    handed_over_on: date | None = None


class DisposalOption(SQLModel, table=True):
    """An alternative of a plan of disposal (WO-3): what it would bring in, in the loan's currency, and in how many
    months. Entered once a plan is approved; `ended_on` is the day on which the approved one was done or given up."""

    __tablename__ = "disposal_option"
    __table_args__ = (one_of("measure", MEASURES), one_of("state", OPTION_STATES))
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    number: int = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    measure: str
    expected: Decimal = money()
    cost: Decimal = money()
    months: int = Field(ge=0)
    state: str = "compared"
    remark: str = Field(default="", sa_column=Column(Text, nullable=False))
    decided_on: date
    ended_on: date | None = None


class Milestone(SQLModel, table=True):
    """A dated step of a plan or of a suit (WO-4), with the article where it is a legal deadline. One that is put off
    ends, and another takes its place: what was agreed before stays to be read. `done_on` is the day on which it
    happened, `ended_on` the one on which that was known here."""

    __tablename__ = "milestone"
    __table_args__ = (one_of("measure", MEASURES), one_of("state", MILESTONE_STATES))
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    number: int = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    measure: str
    name: str
    due_on: date = Field(index=True)
    rule: str = ""
    state: str = "planned"
    entered_on: date
    done_on: date | None = None
    ended_on: date | None = None
    document: str = ""
    remark: str = Field(default="", sa_column=Column(Text, nullable=False))


class WriteOff(SQLModel, table=True):
    """A loan written off by the authority (WO-5): off the balance sheet, still owed and still pursued (账销案存)."""

    __tablename__ = "write_off"
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    loan_no: str = Field(foreign_key="loan.loan_no", unique=True)
    written_off_on: date
    ground: str
    principal: Decimal = money()
    interest: Decimal = money()
    authority: str = ""
    document: str = ""


class Recovery(SQLModel, table=True):
    """By which measure a receipt came in (WO-6), and since when that is known; said once for each receipt."""

    __tablename__ = "recovery"
    __table_args__ = (one_of("measure", MEASURES),)
    receipt_no: str = Field(foreign_key="repayment.receipt_no", primary_key=True)
    loan_no: str = ref("loan.loan_no")
    measure: str
    attributed_on: date
    case_no: str | None = ref("case.case_no", default=None)


class RecoveryCost(SQLModel, table=True):
    """What a measure cost the lender (WO-6): recoveries are reported net of it."""

    __tablename__ = "recovery_cost"
    __table_args__ = (one_of("measure", MEASURES), CheckConstraint("amount > 0", name="ck_recovery_cost_amount"))
    cost_no: str = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    measure: str
    incurred_on: date
    amount: Decimal = money()
    detail: str = ""
    case_no: str | None = ref("case.case_no", default=None)
