"""The tables of the book. One class per noun; docs/rules.md has the glossary.

Conventions: money is `Money` (exact, two places, in the loan's currency), rates are percent per
year, dates are days of the institution's calendar, moments are UTC. Numbers that people use
(loan number, staff number, case number) are the keys.
"""

from sqlmodel import SQLModel

from postloan.book.tables.base import (
    ACTIVITIES,
    BORROWER_KINDS,
    CASE_STATES,
    DAY_COUNTS,
    NOTICE_STATES,
    PAYMENT_KINDS,
    PAYMENT_STATES,
    RELATIONS,
    REPAYMENT_METHODS,
    RISK_CLASSES,
    SECURITIES,
    TASK_STATES,
)
from postloan.book.tables.cases import Case, Document, HumanTask, Notice, PolicyVersion, Step
from postloan.book.tables.loans import (
    Borrower,
    BorrowerChange,
    Collateral,
    CollateralLoan,
    Drawdown,
    Guarantee,
    Guarantor,
    Instalment,
    Loan,
    Position,
    Rating,
    Repayment,
)
from postloan.book.tables.people import Absence, Branch, Staff, StaffRole, UsedCode
from postloan.book.tables.registers import (
    Finding,
    GroupMember,
    LedgerBalance,
    Partner,
    PartnerPosition,
    Payment,
    Relation,
    RiskPlan,
    Suspension,
    WorkLogEntry,
)
from postloan.book.tables.trail import AuditEvent, AuditHead, Feed, RoundDay
from postloan.book.tables.watch import Classification, Signal

ALL = SQLModel.metadata

__all__ = [
    "ACTIVITIES",
    "ALL",
    "BORROWER_KINDS",
    "CASE_STATES",
    "DAY_COUNTS",
    "NOTICE_STATES",
    "PAYMENT_KINDS",
    "PAYMENT_STATES",
    "RELATIONS",
    "REPAYMENT_METHODS",
    "RISK_CLASSES",
    "SECURITIES",
    "TASK_STATES",
    "Absence",
    "AuditEvent",
    "AuditHead",
    "Borrower",
    "BorrowerChange",
    "Branch",
    "Case",
    "Classification",
    "Collateral",
    "CollateralLoan",
    "Document",
    "Drawdown",
    "Feed",
    "Finding",
    "GroupMember",
    "Guarantee",
    "Guarantor",
    "HumanTask",
    "Instalment",
    "LedgerBalance",
    "Loan",
    "Notice",
    "Partner",
    "PartnerPosition",
    "Payment",
    "PolicyVersion",
    "Position",
    "Rating",
    "Relation",
    "Repayment",
    "RiskPlan",
    "RoundDay",
    "Signal",
    "Staff",
    "StaffRole",
    "Step",
    "Suspension",
    "UsedCode",
    "WorkLogEntry",
]
