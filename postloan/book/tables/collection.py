"""What collection keeps: stages, pauses of the clock, contacts and who may not be contacted, promises, diagnoses."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, Text
from sqlmodel import Field, SQLModel

from postloan.book.tables.base import (
    CHANNELS,
    CONTACT_ROLES,
    CONTACT_STOPS,
    PAUSE_REASONS,
    PROMISE_STATES,
    money,
    one_of,
    ref,
)
from postloan.book.types import Moment


class Stage(SQLModel, table=True):
    """The stage of collection that a loan entered on a day (COL-1), "current" included. `episode` counts the
    delinquencies of the loan, so that a default after a cure is known as one."""

    __tablename__ = "stage"
    loan_no: str = Field(foreign_key="loan.loan_no", primary_key=True)
    entered_on: date = Field(primary_key=True)
    stage: str = Field(index=True)
    days_past_due: int = Field(ge=0, description="Calendar days; days of a pause are left out")
    episode: int = 1


class Pause(SQLModel, table=True):
    """A pause of the clock (COL-2): from a day to a day, both inclusive; `ended_on` is its last day where it was
    resumed early."""

    __tablename__ = "pause"
    __table_args__ = (one_of("reason", PAUSE_REASONS), CheckConstraint("from_on <= until_on", name="ck_pause_order"))
    pause_no: str = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    reason: str
    from_on: date
    until_on: date
    ended_on: date | None = None
    document: str = ""
    case_no: str | None = ref("case.case_no", default=None)


class ContactPerson(SQLModel, table=True):
    """Somebody beside the parties whom a borrower named: a spouse, a contact for emergencies (CON-1). `debtor` where
    the debt is his as well, by law or by contract."""

    __tablename__ = "contact_person"
    person_no: str = Field(primary_key=True)
    borrower_no: str = ref("borrower.borrower_no")
    name: str
    relation: str = ""
    phone: str = ""
    debtor: bool = False


class ContactStop(SQLModel, table=True):
    """Why somebody must not be contacted, or may be beyond the usual (CON-2): from a day, until one or until lifted,
    both inclusive. An empty `channel` means every one."""

    __tablename__ = "contact_stop"
    __table_args__ = (one_of("kind", CONTACT_STOPS), Index("ix_contact_stop", "role", "person_no"))
    stop_no: str = Field(primary_key=True)
    role: str
    person_no: str
    kind: str
    channel: str = ""
    from_on: date
    until_on: date | None = None
    document: str = ""
    detail: str = ""
    case_no: str | None = ref("case.case_no", default=None)


class Contact(SQLModel, table=True):
    """A contact that was asked for: permitted or refused by the gate (CON-1 to CON-9), and what came of it.

    `contact_at` is when it takes place; `agent` who makes it, staff or agency; `address` the number or address used.
    """

    __tablename__ = "contact"
    __table_args__ = (
        one_of("channel", CHANNELS),
        one_of("role", CONTACT_ROLES),
        Index("ix_contact_debtor", "borrower_no", "contact_at"),
        Index("ix_contact_with", "role", "person_no"),
        Index("ix_contact_address", "address"),
    )
    contact_no: str = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    borrower_no: str = Field(foreign_key="borrower.borrower_no")
    role: str
    person_no: str
    channel: str
    address: str = ""
    purpose: str = "collection"
    agent: str
    contact_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    permitted: bool
    rule: str = ""
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    allowed_from: datetime | None = Field(default=None, sa_column=Column(Moment, nullable=True))
    result: str = ""
    conversed: bool = False
    noted_at: datetime | None = Field(default=None, sa_column=Column(Moment, nullable=True))
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    case_no: str | None = ref("case.case_no", default=None)
    notice_no: str | None = ref("notice.notice_no", default=None)


class Promise(SQLModel, table=True):
    """A promise to pay an exact amount by the end of an exact day (COL-4), followed to kept or broken."""

    __tablename__ = "promise"
    __table_args__ = (
        one_of("state", PROMISE_STATES),
        CheckConstraint("amount > 0", name="ck_promise_amount"),
        Index("ix_promise_state", "state", "due_on"),
    )
    promise_no: str = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    made_on: date
    due_on: date
    amount: Decimal = money()
    state: str = "open"
    settled_on: date | None = None
    case_no: str | None = ref("case.case_no", default=None)


class Diagnosis(SQLModel, table=True):
    """The cause of a default and the measures that it leads to (COL-5), with the five subjects found out."""

    __tablename__ = "diagnosis"
    diagnosis_no: str = Field(primary_key=True)
    loan_no: str = ref("loan.loan_no")
    diagnosed_on: date
    cause: str
    measures: list[str] = Field(sa_column=Column(JSON, nullable=False))
    findings: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    case_no: str | None = ref("case.case_no", default=None)
