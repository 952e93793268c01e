"""The audit trail: append-only, each link's hash covering its content and the link before.

The database refuses to change or delete a link (triggers, see the migrations); whoever gets round
that breaks the chain, and `verify` names the first broken link. The head is printed in every
day's digest: a copy of it outside the book proves that the tail was not cut off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, type_coerce, update
from sqlalchemy import select as select_columns
from sqlalchemy.types import NullType
from sqlmodel import Session, select

from postloan.book.tables import AuditEvent, AuditHead

GENESIS = "0" * 64
HIDDEN = "•••"  # stands for personal data, which the trail names but never quotes


@dataclass(frozen=True)
class Event:
    """What is to be entered: who did what to which loan or case, from where, under which policy."""

    event: str
    loan_no: str = ""
    case_no: str = ""
    actor: str = "system"
    origin: str = "postloan"
    policy_version: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """The result of verifying the chain; `broken_at` is the number of the first broken link."""

    ok: bool
    events: int
    head: str
    broken_at: int | None = None
    reason: str = ""


def append(session: Session, events: Sequence[Event], at: datetime) -> None:
    """Chain `events` to the trail, in order, within the caller's transaction.

    Writers queue up on the head row, so that the chain has no forks on any database.
    """
    if not events:
        return
    head = session.exec(select(AuditHead).with_for_update()).one()
    seq, previous = head.seq, head.hash
    rows = []
    for item in events:
        seq += 1
        row: dict[str, Any] = {
            "seq": seq,
            "at": at.astimezone(UTC),
            "event": item.event,
            "loan_no": item.loan_no,
            "case_no": item.case_no,
            "actor": item.actor,
            "origin": item.origin,
            "policy_version": item.policy_version,
            "data": json.dumps(item.data, ensure_ascii=False, sort_keys=True, default=str),
            "previous": previous,
        }
        row["hash"] = previous = _digest(row)
        rows.append(row)
    session.execute(insert(AuditEvent), rows)
    session.execute(update(AuditHead).values(seq=seq, hash=previous))


def verify(session: Session) -> Verdict:
    """Re-compute the whole chain in order; stops at the first link that does not fit."""
    previous, expected, count = GENESIS, 0, 0
    # As text, so that what was altered into something unreadable is named like any other broken link.
    columns = [type_coerce(AuditEvent.at, NullType()) if name == "at" else getattr(AuditEvent, name) for name in _READ]
    for link in session.execute(select(*columns).order_by(AuditEvent.seq).execution_options(yield_per=2000)):
        expected += 1
        count += 1
        if link.seq != expected:
            return Verdict(False, count - 1, previous, expected, f"link {expected} is missing")
        if link.previous != previous:
            return Verdict(False, count, previous, link.seq, f"link {link.seq} does not follow the one before")
        if _digest({name: getattr(link, name) for name in _COVERED}) != link.hash:
            return Verdict(False, count, previous, link.seq, f"link {link.seq} was altered")
        previous = link.hash
    head = session.exec(select(AuditHead)).first()
    if head is None or (head.seq, head.hash) != (expected, previous):
        return Verdict(False, count, previous, expected + 1, "links at the end are missing")
    return Verdict(True, count, previous)


def altered(session: Session, loan_no: str, links: Sequence[AuditEvent]) -> list[int]:
    """The numbers of those of a loan's links that are no longer what was chained: their content or the
    link before does not fit. A missing link of the loan's own shows only when the whole chain is verified."""
    this, before = AuditEvent.__table__.alias("this").c, AuditEvent.__table__.alias("before").c  # type: ignore[attr-defined]
    unchained = session.execute(
        select_columns(this.seq)
        .outerjoin(before.seq.table, before.seq == this.seq - 1)
        .where(this.loan_no == loan_no, this.previous != func.coalesce(before.hash, GENESIS))
    )
    forged = {link.seq for link in links if _digest({name: getattr(link, name) for name in _COVERED}) != link.hash}
    return sorted((forged | set(unchained.scalars())) & {link.seq for link in links})


_READ = ("seq", "at", "event", "loan_no", "case_no", "actor", "origin", "policy_version", "data", "previous", "hash")
_COVERED = (
    "seq", "at", "event", "loan_no", "case_no", "actor", "origin", "policy_version", "data", "previous",
)  # fmt: skip


def _digest(row: dict[str, Any]) -> str:
    content = [_stamp(row["at"]) if name == "at" else row[name] for name in _COVERED]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, default=repr).encode()).hexdigest()


def _stamp(at: Any) -> Any:
    """A moment as the chain covers it; one that the database gives as text is covered as it stands."""
    return at.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(at, datetime) else at
