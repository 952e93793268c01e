"""The post-loan management card (贷后管理卡): everything about one loan, in order (REC-1)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session, SQLModel

from postloan.book import classification, duties, loans
from postloan.book.tables import Loan
from postloan.calendar import months_after
from postloan.policy import PolicyFile
from postloan.rendering import Renderer


def card(session: Session, file: PolicyFile, loan_no: str, as_of: date) -> dict[str, Any]:
    """The card as of the end of a day, as plain JSON values: dates ISO 8601, money decimal strings.

    Raises NotFound.
    """
    loan = loans.get(session, loan_no)
    history = loans.history(session, loan)
    standing = loans.standing(session, loan, as_of)
    zone = file.at(as_of).time_zone

    def seen(moment: datetime) -> bool:
        return moment.astimezone(zone).date() <= as_of

    shown = {
        "loan_no": loan.loan_no,
        "as_of": as_of,
        "principal_outstanding": standing.principal_outstanding,
        "overdue": standing.overdue,
        "days_past_due": standing.days_past_due,
        "bucket": standing.bucket,
        "risk_class": classification.shown(
            file.at(as_of), standing.days_past_due, classification.newest(session, loan_no, as_of)
        ),
        "source": standing.source,
        "loan": _row(loan),
        "borrower": _row(history.borrower),
        "guarantees": [_row(g) | {"name": p.name} for g, p in history.guarantees],
        "collaterals": [_row(c) for c in history.collaterals],
        "duties": [
            asdict(d) for d in duties.between(session, file, loan.disbursed_on, _last_day(loan), as_of, loan_no)
        ],
        "cases": [_row(c) for c in history.cases if c.opened_on <= as_of],
        "tasks": [_row(t) for t in history.tasks if seen(t.asked_at)],
        "signals": [_row(s) for s in history.signals if s.seen_on <= as_of],
        "repayments": [_row(r) for r in history.repayments if r.paid_on <= as_of],
        "instalments": [_row(i) for i in history.instalments],
        "notices": [_row(n, without=("body", "address")) for n in history.notices if seen(n.queued_at)],
        "documents": [_row(d) for d in history.documents if seen(d.created_at)],
        "events": [_row(e) | {"data": json.loads(e.data)} for e in history.events if seen(e.at)],
    }
    return json.loads(json.dumps(shown, default=_plain))


def render(renderer: Renderer, shown: dict[str, Any], form: str, language: str, institution: str) -> str | bytes:
    """The card as "md", "html" (text) or "pdf" (bytes)."""
    if form == "md":
        return renderer.text(f"cards/{language}/loan.md", card=shown, institution=institution)
    html = renderer.text(f"cards/{language}/loan.html", card=shown, institution=institution)
    return renderer.pdf(html) if form == "pdf" else html


def _last_day(loan: Loan) -> date:
    """How far ahead duties are shown: a year past maturity, for guarantee periods."""
    return months_after(loan.matures_on, 12)


def _row(row: SQLModel, without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: value for name, value in row.model_dump().items() if name not in without}


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} has no plain form")
