"""The tables of the book. One class per noun; docs/rules.md has the glossary.

Conventions: money is `Money` (exact, two places, in the loan's currency), rates are percent per
year, dates are days of the institution's calendar, moments are UTC. Numbers that people use
(loan number, staff number, case number) are the keys.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from postloan.book.types import Moment, Money, Rate

BORROWER_KINDS = ("corporate", "small_enterprise", "personal")
REPAYMENT_METHODS = ("bullet", "equal_instalment", "equal_principal", "interest_only", "custom")
SECURITIES = ("credit", "guaranteed", "mortgaged", "pledged")
DAY_COUNTS = ("actual/360", "actual/365", "30/360")
RISK_CLASSES = ("normal", "special_mention", "substandard", "doubtful", "loss")
CASE_STATES = ("open", "closed", "cancelled")
TASK_STATES = ("open", "answered", "refused", "superseded")
NOTICE_STATES = ("queued", "sending", "sent", "failed", "given_up")


def _one_of(column: str, allowed: tuple[str, ...]) -> CheckConstraint:
    values = ", ".join(f"'{value}'" for value in allowed)
    return CheckConstraint(f"{column} IN ({values})", name=f"ck_{column}")


def _ref(target: str, **kwargs: Any) -> Any:
    return Field(foreign_key=target, index=True, **kwargs)


def _money(*, default: Decimal | None = None, nullable: bool = False) -> Any:
    if nullable:
        return Field(default=None, sa_column=Column(Money, nullable=True))
    if default is not None:
        return Field(default=default, sa_column=Column(Money, nullable=False))
    return Field(sa_column=Column(Money, nullable=False))


class Branch(SQLModel, table=True):
    """A branch of the institution. Head office is a branch number left empty elsewhere."""

    __tablename__ = "branch"
    branch_no: str = Field(primary_key=True)
    name: str = ""


class Staff(SQLModel, table=True):
    """A member of staff. `code_secret` is the encrypted secret of the one-time codes."""

    __tablename__ = "staff"
    staff_no: str = Field(primary_key=True)
    name: str
    branch_no: str | None = _ref("branch.branch_no", default=None)
    email: str = ""
    phone: str = ""
    language: str = ""
    deputy_no: str | None = _ref("staff.staff_no", default=None)
    active: bool = True
    code_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    failed_codes: int = 0
    locked_until: datetime | None = Field(default=None, sa_column=Column(Moment, nullable=True))


class StaffRole(SQLModel, table=True):
    """A role that a member of staff holds."""

    __tablename__ = "staff_role"
    staff_no: str = Field(foreign_key="staff.staff_no", primary_key=True)
    role: str = Field(primary_key=True, index=True)


class Absence(SQLModel, table=True):
    """Days on which a member of staff is away, both inclusive."""

    __tablename__ = "absence"
    __table_args__ = (CheckConstraint("from_on <= until_on", name="ck_absence_order"),)
    staff_no: str = Field(foreign_key="staff.staff_no", primary_key=True)
    from_on: date = Field(primary_key=True)
    until_on: date


class UsedCode(SQLModel, table=True):
    """A one-time code that was good once: its 30-second step never counts again for this person."""

    __tablename__ = "used_code"
    staff_no: str = Field(foreign_key="staff.staff_no", primary_key=True)
    time_step: int = Field(primary_key=True)


class Borrower(SQLModel, table=True):
    """A borrower (借款人)."""

    __tablename__ = "borrower"
    __table_args__ = (_one_of("kind", BORROWER_KINDS),)
    borrower_no: str = Field(primary_key=True)
    name: str
    kind: str
    id_no: str = ""
    phone: str = ""
    email: str = ""
    rating: str = ""
    segment: str = ""
    branch_no: str | None = _ref("branch.branch_no", default=None)
    language: str = ""
    address: str = ""
    legal_representative: str = ""
    licence_until: date | None = None


class BorrowerChange(SQLModel, table=True):
    """A change of a borrower's record that a feed brought (INS-11), for the rules to look at."""

    __tablename__ = "borrower_change"
    id: int | None = Field(default=None, primary_key=True)
    borrower_no: str = _ref("borrower.borrower_no")
    field: str
    changed_on: date = Field(index=True)


class Loan(SQLModel, table=True):
    """A loan note (借据). `annual_rate` is percent per year; `settled_on` the day the last cent came
    in, where the feed says so; `restructured_on` that of the latest restructuring or refinancing."""

    __tablename__ = "loan"
    __table_args__ = (
        CheckConstraint("principal > 0", name="ck_loan_principal"),
        CheckConstraint("matures_on > disbursed_on", name="ck_loan_term"),
        _one_of("repayment", REPAYMENT_METHODS),
        _one_of("security", SECURITIES),
        _one_of("day_count", DAY_COUNTS),
        Index("ix_loan_first_drawdown", "first_drawdown_on"),
    )
    loan_no: str = Field(primary_key=True)
    borrower_no: str = _ref("borrower.borrower_no")
    principal: Decimal = _money()
    currency: str = Field(default="CNY", min_length=3, max_length=3)
    annual_rate: Decimal = Field(sa_column=Column(Rate, nullable=False))
    day_count: str = "actual/360"
    repayment: str = "custom"
    security: str = "credit"
    disbursed_on: date
    first_drawdown_on: date | None = None
    matures_on: date = Field(index=True)
    settled_on: date | None = None
    restructured_on: date | None = None
    product: str = ""
    purpose: str = ""
    consignor: str = ""
    high_risk: bool = False
    officer_no: str | None = _ref("staff.staff_no", default=None)
    branch_no: str | None = _ref("branch.branch_no", default=None)


class Drawdown(SQLModel, table=True):
    """A payment out of a loan (提款); the first one starts the post-loan period."""

    __tablename__ = "drawdown"
    __table_args__ = (CheckConstraint("amount > 0", name="ck_drawdown_amount"),)
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    number: int = Field(primary_key=True)
    drawn_on: date
    amount: Decimal = _money()


class Instalment(SQLModel, table=True):
    """An instalment (分期) as agreed: due at the end of `due_on`."""

    __tablename__ = "instalment"
    __table_args__ = (
        CheckConstraint("principal_due >= 0 AND interest_due >= 0 AND fee_due >= 0", name="ck_instalment"),
    )
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    number: int = Field(primary_key=True)
    due_on: date = Field(index=True)
    principal_due: Decimal = _money()
    interest_due: Decimal = _money()
    fee_due: Decimal = _money(default=Decimal("0.00"))


class Repayment(SQLModel, table=True):
    """A receipt. A bounced one is undone by another whose `reverses` names it."""

    __tablename__ = "repayment"
    __table_args__ = (CheckConstraint("amount > 0", name="ck_repayment_amount"),)
    receipt_no: str = Field(primary_key=True)
    loan_no: str = _ref("loan.loan_no")
    paid_on: date
    amount: Decimal = _money()
    channel: str = ""
    reverses: str | None = Field(default=None, foreign_key="repayment.receipt_no", unique=True)


class Position(SQLModel, table=True):
    """Where the core banking system says that a loan stood at the end of a day."""

    __tablename__ = "position"
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    as_of: date = Field(primary_key=True)
    principal_outstanding: Decimal = _money()
    overdue_principal: Decimal = _money()
    overdue_interest: Decimal = _money()
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
    __table_args__ = (_one_of("kind", ("joint", "general")),)
    guarantor_no: str = Field(foreign_key="guarantor.guarantor_no", primary_key=True)
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True, index=True)
    kind: str = "joint"
    amount: Decimal | None = _money(nullable=True)
    until_on: date | None = None


class Collateral(SQLModel, table=True):
    """A collateral item (抵质押物) and its document of title (权证)."""

    __tablename__ = "collateral"
    __table_args__ = (CheckConstraint("value >= 0", name="ck_collateral_value"),)
    collateral_no: str = Field(primary_key=True)
    kind: str
    owner: str
    value: Decimal = _money()
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


class Signal(SQLModel, table=True):
    """A warning signal (预警信号) on a loan or on a borrower, from a feed, a case or a rule; open
    until it is cleared."""

    __tablename__ = "signal"
    __table_args__ = (
        UniqueConstraint("source", "loan_no", "borrower_no", "kind", "seen_on", name="uq_signal"),
        CheckConstraint("loan_no IS NOT NULL OR borrower_no IS NOT NULL", name="ck_signal_subject"),
        Index("ix_signal_open", "cleared_on", "kind"),
    )
    id: int | None = Field(default=None, primary_key=True)
    loan_no: str | None = _ref("loan.loan_no", default=None)
    borrower_no: str | None = _ref("borrower.borrower_no", default=None)
    kind: str
    seen_on: date
    detail: str = Field(default="", sa_column=Column(Text, nullable=False))
    source: str = ""
    case_no: str | None = _ref("case.case_no", default=None)
    cleared_on: date | None = None


class Classification(SQLModel, table=True):
    """The risk category of a loan from a day on (风险分类), and the best one that the rules allowed."""

    __tablename__ = "classification"
    __table_args__ = (_one_of("risk_class", RISK_CLASSES), _one_of("rule_class", RISK_CLASSES))
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    as_of: date = Field(primary_key=True)
    risk_class: str
    rule_class: str
    why: str = ""
    case_no: str | None = _ref("case.case_no", default=None)


class PolicyVersion(SQLModel, table=True):
    """A policy as it was when a case was first opened under it; a waiting case keeps its version."""

    __tablename__ = "policy_version"
    version: str = Field(primary_key=True)
    content: str = Field(sa_column=Column(Text, nullable=False))
    first_used_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class Case(SQLModel, table=True):
    """One piece of people's work on one loan. The flow run that executes it is disposable:
    `flow_run_id` names the one that does now, `generation` counts how many there were."""

    __tablename__ = "case"
    __table_args__ = (
        UniqueConstraint("kind", "loan_no", "subject", name="uq_case_subject"),
        _one_of("state", CASE_STATES),
        Index("ix_case_open", "state", "kind"),
    )
    case_no: str = Field(primary_key=True)
    kind: str
    loan_no: str = _ref("loan.loan_no")
    subject: str = Field(description="What makes it one of its kind on this loan: a date, a notice number")
    rule: str
    anchor_on: date = Field(description="The day that the due date is counted from")
    due_on: date
    opened_on: date
    policy_version: str = _ref("policy_version.version")
    state: str = "open"
    outcome: str = ""
    closed_at: datetime | None = Field(default=None, sa_column=Column(Moment, nullable=True))
    generation: int = 0
    flow_run_id: str = Field(default="", index=True)


class Step(SQLModel, table=True):
    """The accepted result of a step. It is done at most once: the key says so."""

    __tablename__ = "step"
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    step: str = Field(primary_key=True)
    duty: str = Field(default="", description="report, sign, review …; empty for the machine's own steps")
    attempt: int = 1
    result: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    staff_no: str | None = _ref("staff.staff_no", default=None)
    on_behalf_of: str | None = Field(default=None, foreign_key="staff.staff_no")
    done_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class HumanTask(SQLModel, table=True):
    """A question to a person, one row per attempt. Only an answered one counts; what the flow run's
    state says proves nothing."""

    __tablename__ = "human_task"
    __table_args__ = (_one_of("state", TASK_STATES), Index("ix_task_open", "state", "due_on"))
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    step: str = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    duty: str
    role: str
    staff_no: str | None = _ref("staff.staff_no", default=None)
    branch_no: str = ""
    form: str
    asked_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    due_on: date
    state: str = "open"
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    answer: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    answered_at: datetime | None = Field(default=None, sa_column=Column(Moment, nullable=True))
    flow_run_id: str = Field(default="", index=True)


class Notice(SQLModel, table=True):
    """A message, in the outbox until it is sent. `notice_key` is unique: a repeated run cannot
    queue it twice."""

    __tablename__ = "notice"
    __table_args__ = (_one_of("state", NOTICE_STATES), Index("ix_notice_outbox", "state", "next_try_at"))
    notice_no: str = Field(primary_key=True)
    notice_key: str = Field(unique=True)
    kind: str
    loan_no: str | None = _ref("loan.loan_no", default=None)
    case_no: str | None = _ref("case.case_no", default=None)
    recipient_kind: str
    recipient_no: str
    channel: str = ""
    address: str = ""
    language: str = "zh"
    template: str = ""
    title: str = ""
    body: str = Field(default="", sa_column=Column(Text, nullable=False))
    sha256: str = ""
    state: str = "queued"
    tries: int = 0
    queued_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    next_try_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    taken_at: datetime | None = Field(default=None, sa_column=Column(Moment, nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=Column(Moment, nullable=True))
    last_error: str = Field(default="", sa_column=Column(Text, nullable=False))


class Document(SQLModel, table=True):
    """A document in the archive, kept under its SHA-256."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("case_no", "kind", "media_type", name="uq_document"),)
    document_no: str = Field(primary_key=True)
    loan_no: str = _ref("loan.loan_no")
    case_no: str | None = _ref("case.case_no", default=None)
    kind: str
    title: str
    media_type: str
    sha256: str
    size: int
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class AuditEvent(SQLModel, table=True):
    """One link of the audit chain: append-only, `hash` covers every other column and the link before."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_subject", "loan_no", "case_no"),)
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_column=Column(Moment, nullable=False))
    event: str = Field(index=True)
    loan_no: str = ""
    case_no: str = ""
    actor: str = ""
    origin: str = ""
    policy_version: str = ""
    data: str = Field(sa_column=Column(Text, nullable=False))
    previous: str
    hash: str = Field(unique=True)


class AuditHead(SQLModel, table=True):
    """The one row that says where the audit chain ends; writers queue up on it."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="ck_one_head"),)
    id: int = Field(default=1, primary_key=True)
    seq: int = 0
    hash: str = ""


class Feed(SQLModel, table=True):
    """A feed that was taken in; the same file is recognised by its digest."""

    __tablename__ = "feed"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    file_name: str
    sha256: str = Field(index=True)
    mapping_sha256: str = ""
    rows: int
    added: int
    changed: int
    taken_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class RoundDay(SQLModel, table=True):
    """A day that the daily round has dealt with, and the round that did it."""

    __tablename__ = "round_day"
    day: date = Field(primary_key=True)
    done_by: date
    done_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    result: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


ALL = SQLModel.metadata
