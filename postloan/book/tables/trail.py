"""The audit trail, the feeds taken in, the days that the round has dealt with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, Text
from sqlmodel import Field, SQLModel

from postloan.book.types import Moment


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
