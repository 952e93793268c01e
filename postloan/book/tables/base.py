"""Conventions that the tables share, and the words that a column may hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field

from postloan.book.types import Money

BORROWER_KINDS = ("corporate", "small_enterprise", "personal")
REPAYMENT_METHODS = ("bullet", "equal_instalment", "equal_principal", "interest_only", "custom")
SECURITIES = ("credit", "guaranteed", "mortgaged", "pledged")
DAY_COUNTS = ("actual/360", "actual/365", "30/360")
RISK_CLASSES = ("normal", "special_mention", "substandard", "doubtful", "loss")
CASE_STATES = ("open", "closed", "cancelled")
TASK_STATES = ("open", "answered", "refused", "superseded")
NOTICE_STATES = ("queued", "sending", "sent", "failed", "given_up")
PAYMENT_KINDS = ("drawdown", "payment")
PAYMENT_STATES = ("requested", "approved", "refused")
ACTIVITIES = ("on_site", "telephone", "off_site", "analysis", "data_collection")
CHARGE_KINDS = ("advance", "fee", "penalty")
FOUND_BY = ("", "consignor", "lender")
VARIANTS = ("extension", "renewal", "refinancing", "rescheduling")
EXTENSION_STATES = ("applied", "signed", "in_force", "refused", "lapsed")
SLIP_STATES = ("out", "returned", "refused")
INTERRUPTIONS = ("demand", "agreement", "payment", "suit")
PARTIES = ("borrower", "guarantor", "mortgagor", "pledgor", "consignor")
CHANNELS = ("call", "sms", "email", "letter", "visit")
CONTACT_ROLES = (
    "borrower", "guarantor", "mortgagor", "pledgor", "consignor", "co_debtor", "heir", "attorney", "third_party",
)  # fmt: skip
CONTACT_STOPS = (
    "opt_out", "deceased", "incapacitated", "hospitalised", "represented", "disputed", "cease", "refused",
    "workplace_refused", "workplace_agreed", "lost", "hours_agreed", "electronic_consent",
)  # fmt: skip
PAUSE_REASONS = ("moratorium", "dispute", "disaster", "other")
PROMISE_STATES = ("open", "kept", "broken", "superseded")
MEASURES = (
    "voluntary", "repayment_plan", "restructuring", "collateral", "guarantor", "preservation", "litigation",
    "enforcement", "debt_transfer", "debt_assumption", "rescue_loan", "write_off",
)  # fmt: skip
OPTION_STATES = ("compared", "approved", "done", "failed")
MILESTONE_STATES = ("planned", "done", "postponed", "dropped")
DEGREES = ("none", "minor", "major", "full")
RELATIONS = ("control", "shareholding", "family", "common_management", "mutual_guarantee", "other")


def one_of(column: str, allowed: tuple[str, ...]) -> CheckConstraint:
    values = ", ".join(f"'{value}'" for value in allowed)
    return CheckConstraint(f"{column} IN ({values})", name=f"ck_{column}")


def ref(target: str, **kwargs: Any) -> Any:
    return Field(foreign_key=target, index=True, **kwargs)


def money(*, default: Decimal | None = None, nullable: bool = False) -> Any:
    if nullable:
        return Field(default=None, sa_column=Column(Money, nullable=True))
    if default is not None:
        return Field(default=default, sa_column=Column(Money, nullable=False))
    return Field(sa_column=Column(Money, nullable=False))
