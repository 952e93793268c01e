"""What the book knew at the end of a day: later rows are left out, and what came later is undone.

Most tables say themselves when a value came: `SINCE` and `UNTIL_THEN` hold these columns. Of terms
that a feed or a renewal overwrote, the audit trail tells what stood there before; personal data
(names, addresses) it does not quote, so that these are always shown as they are today.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import or_
from sqlmodel import Session, SQLModel, col, select

from postloan.book import tables as t
from postloan.book.audit import HIDDEN

Row = TypeVar("Row", bound=SQLModel)
Values = dict[str, Any]

# The column that says since when a row of the table is known.
SINCE: dict[type[SQLModel], str] = {
    t.AuditEvent: "at",
    t.Case: "opened_on",
    t.Charge: "charged_on",
    t.Collateral: "valued_on",
    t.Consent: "given_on",
    t.Contact: "contact_at",
    t.Diagnosis: "diagnosed_on",
    t.DisposalOption: "decided_on",
    t.Document: "created_at",
    t.Drawdown: "drawn_on",
    t.Extension: "applied_on",
    t.Finding: "found_on",
    t.HumanTask: "asked_at",
    t.Milestone: "entered_on",
    t.Notice: "queued_at",
    t.Payment: "requested_on",
    t.Position: "as_of",
    t.Promise: "made_on",
    t.Rating: "rated_on",
    t.Repayment: "paid_on",
    t.Responsibility: "determined_on",
    t.RiskPlan: "made_on",
    t.Signal: "seen_on",
    t.Stage: "entered_on",
    t.Step: "done_at",
    t.Suspension: "suspended_on",
    t.TitleRelease: "released_on",
    t.Transfer: "transferred_on",
    t.WorkLogEntry: "entered_on",
    t.WriteOff: "written_off_on",
}
# The columns that come later, by the one that says when, and what stands in them until then.
UNTIL_THEN: dict[type[SQLModel], dict[str, Values]] = {
    t.Case: {"closed_at": {"state": "open", "outcome": "", "closed_at": None}},
    t.Contact: {"noted_at": {"result": "", "conversed": False, "note": "", "noted_at": None}},
    t.DisposalOption: {"ended_on": {"state": "approved", "ended_on": None}},
    t.Extension: {
        "in_force_on": {"state": "signed", "in_force_on": None},
        "decided_on": {
            "state": "applied",
            "decided_on": None,
            "reason": "",
            "contract_no": "",
            "new_loan_no": "",
            "takes_force_on": None,
        },
    },
    t.Finding: {"rectified_on": {"rectified_on": None}},
    t.HumanTask: {"answered_at": {"state": "open", "reason": "", "answer": None, "answered_at": None}},
    t.Loan: {name: {name: None} for name in ("first_drawdown_on", "restructured_on", "settled_on")},
    t.Milestone: {
        "ended_on": {"state": "planned", "ended_on": None, "done_on": None, "document": "", "remark": ""},
    },
    t.Payment: {
        "decided_on": {"state": "requested", "decided_on": None, "decided_by": "", "case_no": None},
        "verified_on": {"verified_on": None, "as_agreed": None, "paid_on": None},
    },
    t.Promise: {"settled_on": {"state": "open", "settled_on": None}},
    t.ReceiptSlip: {
        "returned_on": {"state": "out", "returned_on": None, "signed_by": ""},
        "handed_over_on": {"handed_over_on": None},
    },
    t.Responsibility: {"handed_over_on": {"handed_over_on": None}},
    t.RiskPlan: {"ended_on": {"ended_on": None}},
    t.Signal: {"cleared_on": {"cleared_on": None}},
    t.Suspension: {"resumed_on": {"resumed_on": None}},
    t.WorkLogEntry: {"reviewed_on": {"opinion": "", "reviewed_by": None, "reviewed_on": None, "review_case_no": None}},
}


@dataclass(frozen=True)
class Until:
    """The end of a day in the institution's time zone: what came later is not known."""

    day: date
    zone: ZoneInfo

    @property
    def end(self) -> datetime:
        """The first moment of the next day."""
        return datetime.combine(self.day + timedelta(days=1), time.min, self.zone).astimezone(UTC)

    def reached(self, when: date | datetime | None) -> bool:
        """Whether a day or moment was there by then."""
        if when is None:
            return False
        return when < self.end if isinstance(when, datetime) else when <= self.day

    def then(self, row: SQLModel) -> Values:
        """A row as it was at the end of the day."""
        values = row.model_dump()
        for when, before in UNTIL_THEN.get(type(row), {}).items():
            if values[when] is not None and not self.reached(values[when]):
                values |= before
        return values

    def known(self, rows: Iterable[SQLModel]) -> list[Values]:
        """The rows that were there at the end of the day, as they were."""
        return [self.then(row) for row in rows if self.reached(getattr(row, SINCE[type(row)]))]


# ---------------------------------------------------------------------- what was overwritten since


# What an event of a change tells besides the row: the file, or the early receipt, that it came of.
CAUSES = ("file", "receipt_no")


@dataclass(frozen=True)
class Overwritten:
    """A change that came later: of which row, and what stood there before."""

    noun: str
    key: Values
    before: Values

    def of(self, row: SQLModel) -> bool:
        """Whether it is this row that was changed."""
        return row.__tablename__ == self.noun and all(
            str(getattr(row, name, None)) == str(value) for name, value in self.key.items()
        )


def overwritten(session: Session, until: Until, loan: t.Loan, collateral_nos: Sequence[str]) -> list[Overwritten]:
    """What was changed of a loan, its schedule, borrower, security and registers after a day, the latest first."""
    numbers = [json.dumps(no, ensure_ascii=False) for no in (loan.loan_no, loan.borrower_no, *collateral_nos)]
    nouns = ("loan", "instalment", "charge", "guarantee", "borrower", "collateral", "payment", "work_log_entry")
    query = select(t.AuditEvent).where(
        col(t.AuditEvent.at) >= until.end,
        col(t.AuditEvent.event).in_([f"{noun}.{what}" for noun in nouns for what in ("changed", "renewed")]),
        or_(
            col(t.AuditEvent.loan_no) == loan.loan_no,
            *(col(t.AuditEvent.data).contains(number, autoescape=True) for number in numbers),
        ),
    )
    return [_overwritten(event) for event in session.exec(query.order_by(col(t.AuditEvent.seq).desc()))]


def secured_then(later: Iterable[Overwritten]) -> dict[str, list[str]]:
    """Which loans the collateral items secured whose loans were changed later, by the items' numbers."""
    changes = [change for change in later if change.noun == "collateral" and "secures" in change.before]
    return {change.key["collateral_no"]: change.before["secures"] or [] for change in changes}


def _overwritten(event: t.AuditEvent) -> Overwritten:
    noun, _, what = event.event.partition(".")
    told = json.loads(event.data)
    if what == "renewed":  # a document that lapsed (book.ticklers): its subject, the field, before and after
        key, before = {f"{noun}_no": told["subject"]}, {told["field"]: told["before"]}
        if noun == "guarantee":
            number = told["subject"].removesuffix(f"-{event.loan_no}")
            key = {"guarantor_no": number, "loan_no": event.loan_no}
        return Overwritten(noun, key, before)
    key = {name: value for name, value in told.items() if name not in ("before", "after", *CAUSES)}
    if event.loan_no:
        key["loan_no"] = event.loan_no
    return Overwritten(noun, key, told.get("before", {}))


def undone(row: Row, later: Iterable[Overwritten]) -> Row:
    """A row with the changes undone that came later, the latest first; personal data stays as it is."""
    before: Values = {}
    for change in later:
        if change.of(row):
            before |= change.before
    fields = type(row).model_fields
    kept = {name: value for name, value in before.items() if name in fields and value != HIDDEN}
    return type(row).model_validate(row.model_dump() | kept) if kept else row
