"""Cases, their steps and questions, the notices and documents that come of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from postloan.book.tables.base import CASE_STATES, NOTICE_STATES, TASK_STATES, one_of, ref
from postloan.book.types import Moment


class PolicyVersion(SQLModel, table=True):
    """A policy as it was when a case was first opened under it; a waiting case keeps its version."""

    __tablename__ = "policy_version"
    version: str = Field(primary_key=True)
    content: str = Field(sa_column=Column(Text, nullable=False))
    first_used_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class Case(SQLModel, table=True):
    """One piece of people's work on one loan, or on a branch or partner where `loan_no` is empty. The
    flow run that executes it is disposable: `flow_run_id` names the one that does now, `generation`
    counts how many there were."""

    __tablename__ = "case"
    __table_args__ = (
        UniqueConstraint("kind", "loan_no", "subject", name="uq_case_subject"),
        one_of("state", CASE_STATES),
        Index("ix_case_open", "state", "kind"),
    )
    case_no: str = Field(primary_key=True)
    kind: str
    loan_no: str | None = ref("loan.loan_no", default=None)
    branch_no: str = Field(default="", description="The branch whose people it is for; empty: head office")
    subject: str = Field(description="What makes it one of its kind on this loan: a date, a notice number")
    rule: str
    anchor_on: date = Field(description="The day that the due date is counted from")
    due_on: date
    opened_on: date
    policy_version: str = ref("policy_version.version")
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
    staff_no: str | None = ref("staff.staff_no", default=None)
    on_behalf_of: str | None = Field(default=None, foreign_key="staff.staff_no")
    done_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class HumanTask(SQLModel, table=True):
    """A question to a person, one row per attempt. Only an answered one counts; what the flow run's
    state says proves nothing."""

    __tablename__ = "human_task"
    __table_args__ = (one_of("state", TASK_STATES), Index("ix_task_open", "state", "due_on"))
    case_no: str = Field(foreign_key="case.case_no", primary_key=True)
    step: str = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    duty: str
    role: str
    staff_no: str | None = ref("staff.staff_no", default=None)
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
    __table_args__ = (one_of("state", NOTICE_STATES), Index("ix_notice_outbox", "state", "next_try_at"))
    notice_no: str = Field(primary_key=True)
    notice_key: str = Field(unique=True)
    kind: str
    loan_no: str | None = ref("loan.loan_no", default=None)
    case_no: str | None = ref("case.case_no", default=None)
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
    loan_no: str | None = ref("loan.loan_no", default=None)
    case_no: str | None = ref("case.case_no", default=None)
    kind: str
    title: str
    media_type: str
    sha256: str
    size: int
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))
