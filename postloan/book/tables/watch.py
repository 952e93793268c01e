"""What the institution thinks of its loans: warning signals and risk categories."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Column, Index, Text
from sqlmodel import Field, SQLModel

from postloan.book.tables.base import RISK_CLASSES, one_of, ref


class Signal(SQLModel, table=True):
    """A warning signal (预警信号) on a loan, borrower, partner or branch, from a feed, a case or a rule;
    open until it is cleared."""

    __tablename__ = "signal"
    __table_args__ = (
        CheckConstraint("coalesce(loan_no, borrower_no, partner_no, branch_no) IS NOT NULL", name="ck_signal_subject"),
        Index("ix_signal_open", "cleared_on", "kind"),
    )
    id: int | None = Field(default=None, primary_key=True)
    loan_no: str | None = ref("loan.loan_no", default=None)
    borrower_no: str | None = ref("borrower.borrower_no", default=None)
    partner_no: str | None = ref("partner.partner_no", default=None)
    branch_no: str | None = ref("branch.branch_no", default=None)
    kind: str
    seen_on: date
    detail: str = Field(default="", sa_column=Column(Text, nullable=False))
    source: str = ""
    case_no: str | None = ref("case.case_no", default=None)
    cleared_on: date | None = None


class Classification(SQLModel, table=True):
    """The risk category of a loan from a day on (风险分类), and the best one that the rules allowed."""

    __tablename__ = "classification"
    __table_args__ = (one_of("risk_class", RISK_CLASSES), one_of("rule_class", RISK_CLASSES))
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    as_of: date = Field(primary_key=True)
    risk_class: str
    rule_class: str
    why: str = ""
    cause: str = Field(default="days", description="days, signal, observation, relapse, contagion or judgement")
    case_no: str | None = ref("case.case_no", default=None)
