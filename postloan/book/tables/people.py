"""Branches, staff, their roles, absences and one-time codes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, LargeBinary
from sqlmodel import Field, SQLModel

from postloan.book.tables.base import ref
from postloan.book.types import Moment


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
    branch_no: str | None = ref("branch.branch_no", default=None)
    email: str = ""
    phone: str = ""
    language: str = ""
    deputy_no: str | None = ref("staff.staff_no", default=None)
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
