"""The registers that post-loan work is entered in, and what groups and supervision look at."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Column, Index, Text
from sqlmodel import Field, SQLModel

from postloan.book.tables.base import (
    ACTIVITIES,
    PAYMENT_KINDS,
    PAYMENT_STATES,
    RELATIONS,
    RISK_CLASSES,
    money,
    one_of,
    ref,
)


class Payment(SQLModel, table=True):
    """A line of the use-of-funds register (资金流向监控表): a drawdown or payment that a borrower asked
    for, what was decided, and where the money went (REC-4)."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount > 0", name="ck_payment_amount"),
        one_of("kind", PAYMENT_KINDS),
        one_of("state", PAYMENT_STATES),
    )
    payment_no: str = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    requested_on: date = Field(index=True)
    amount: Decimal = money()
    payee: str
    purpose: str
    kind: str = "payment"
    evidence: str = Field(default="", description="Contract and invoice numbers, as the borrower gave them")
    state: str = "requested"
    decided_on: date | None = None
    decided_by: str = Field(default="", description="Staff numbers of all who decided, in order")
    paid_on: date | None = None
    as_agreed: bool | None = Field(default=None, description="Whether the money went where it was to go")
    verified_on: date | None = None
    case_no: str | None = ref("case.case_no", default=None)


class WorkLogEntry(SQLModel, table=True):
    """An entry of the work log (工作日志): what an officer did for a borrower, and the head's opinion (REC-3)."""

    __tablename__ = "work_log_entry"
    __table_args__ = (one_of("activity", ACTIVITIES), Index("ix_work_log", "borrower_no", "acted_on"))
    entry_no: str = Field(primary_key=True)
    borrower_no: str = ref("borrower.borrower_no")
    loan_no: str | None = ref("loan.loan_no", default=None)
    staff_no: str = ref("staff.staff_no")
    activity: str
    acted_on: date
    entered_on: date = Field(index=True)
    content: str = Field(sa_column=Column(Text, nullable=False))
    case_no: str | None = ref("case.case_no", default=None)
    review_case_no: str | None = ref("case.case_no", default=None)
    opinion: str = Field(default="", sa_column=Column(Text, nullable=False))
    reviewed_by: str | None = ref("staff.staff_no", default=None)
    reviewed_on: date | None = None


class LedgerBalance(SQLModel, table=True):
    """A loan's balance as carried forward at a year's end (REC-2)."""

    __tablename__ = "ledger_balance"
    __table_args__ = (one_of("risk_class", RISK_CLASSES),)
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    as_of: date = Field(primary_key=True)
    principal_outstanding: Decimal = money()
    overdue: Decimal = money()
    days_past_due: int
    risk_class: str
    case_no: str = ref("case.case_no")


class Partner(SQLModel, table=True):
    """A partner (合作机构) that loans come through, or a guarantee company (担保公司): SIG-2. A guarantee
    company's guarantees bear its number as the guarantor's."""

    __tablename__ = "partner"
    partner_no: str = Field(primary_key=True)
    name: str
    kind: str = ""


class PartnerPosition(SQLModel, table=True):
    """How the loans of a partner stood at the end of a day, over all its business with the institution.

    `compensated` is what a guarantee company had to pay in its debtors' place (代偿).
    """

    __tablename__ = "partner_position"
    __table_args__ = (
        CheckConstraint("outstanding >= 0 AND non_performing >= 0 AND compensated >= 0", name="ck_partner_position"),
    )
    partner_no: str = Field(foreign_key="partner.partner_no", primary_key=True)
    as_of: date = Field(primary_key=True)
    outstanding: Decimal = money()
    non_performing: Decimal = money()
    compensated: Decimal = money()


class Suspension(SQLModel, table=True):
    """The stop of new business with a branch or partner (停牌) and its resumption (复牌): SIG-2."""

    __tablename__ = "suspension"
    __table_args__ = (CheckConstraint("branch_no IS NOT NULL OR partner_no IS NOT NULL", name="ck_suspension"),)
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    branch_no: str | None = ref("branch.branch_no", default=None)
    partner_no: str | None = ref("partner.partner_no", default=None)
    suspended_on: date
    resumed_on: date | None = None


class Relation(SQLModel, table=True):
    """Two connected borrowers (关联关系). Guarantees between borrowers need no row: they are seen from
    the guarantees, where the guarantor's number is a borrower's."""

    __tablename__ = "relation"
    __table_args__ = (CheckConstraint("borrower_no <> other_no", name="ck_relation"), one_of("kind", RELATIONS))
    borrower_no: str = Field(foreign_key="borrower.borrower_no", primary_key=True)
    other_no: str = Field(foreign_key="borrower.borrower_no", primary_key=True, index=True)
    kind: str = Field(primary_key=True)


class GroupMember(SQLModel, table=True):
    """A borrower's group (客户群), as the round works it out from relations and guarantees. `circle` is
    set where the borrower stands in a circle of mutual guarantees (互保圈)."""

    __tablename__ = "group_member"
    borrower_no: str = Field(foreign_key="borrower.borrower_no", primary_key=True)
    group_no: str = Field(index=True)
    circle: bool = False


class RiskPlan(SQLModel, table=True):
    """The plan for a potential-risk customer (潜在风险客户管理方案), followed until it ends (SIG-3)."""

    __tablename__ = "risk_plan"
    __table_args__ = (Index("ix_risk_plan_open", "ended_on"),)
    borrower_no: str = Field(foreign_key="borrower.borrower_no", primary_key=True)
    made_on: date = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    plan: str = Field(sa_column=Column(Text, nullable=False))
    case_no: str = ref("case.case_no")
    ended_on: date | None = None


class Finding(SQLModel, table=True):
    """What head office found at a branch, tracked until it is rectified (监督检查)."""

    __tablename__ = "finding"
    finding_no: str = Field(primary_key=True)
    case_no: str = ref("case.case_no")
    branch_no: str | None = ref("branch.branch_no", default=None)
    loan_no: str | None = ref("loan.loan_no", default=None)
    content: str = Field(sa_column=Column(Text, nullable=False))
    found_on: date
    due_on: date
    rectified_on: date | None = None
