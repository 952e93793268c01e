"""Taking in texts as files, and looking at what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from postloan.book import Book
from postloan.book.tables import AuditEvent
from postloan.errors import FeedError
from postloan.feeds import Fault, Outcome, take_in

BORROWERS = """borrower_no,name,kind,id_no,phone,branch
B1,Green Farm,small_enterprise,91330000X,13800000001,HZ
B2,Li Ming,personal,330100199001010011,13800000002,HZ
"""
STAFF = "staff_no,name,roles,branch,email\nS1,Wang,account_officer,HZ,wang@bank.example\n"
LOANS = """loan_no,borrower_no,principal,annual_rate,disbursed_on,matures_on,officer
L1,B1,100000.00,4.35,2026-01-05,2027-01-05,S1
L2,B2,5000.50,6,2026-02-01,2026-08-01,
"""


class Desk:
    """Takes in texts as files."""

    def __init__(self, book: Book, folder: Path) -> None:
        self.book, self.folder = book, folder

    def file(self, content: str | bytes, name: str = "feed.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def take(self, kind: str, content: str | bytes, *, mapping: str | None = None, **more: Any) -> Outcome:
        rules = self.file(mapping, "mapping.toml") if mapping is not None else None
        return take_in(self.book, kind, self.file(content), mapping=rules, **more)

    def faults(self, kind: str, content: str | bytes, **more: Any) -> list[Fault]:
        """The faults of a feed that must be refused, nothing being changed by it."""
        before = self.events()
        with pytest.raises(FeedError) as refused:
            self.take(kind, content, **more)
        assert refused.value.count >= len(refused.value.faults) > 0
        assert self.events() == before
        return refused.value.faults

    def fault(self, kind: str, content: str | bytes, **more: Any) -> Fault:
        (only,) = self.faults(kind, content, **more)
        return only

    def refusal(self, kind: str, content: str | bytes, **more: Any) -> str:
        with pytest.raises(FeedError) as refused:
            self.take(kind, content, **more)
        return str(refused.value)

    def ask(self, query: Any) -> Any:
        with self.book.read() as session:
            return session.exec(query).all()

    def get(self, model: Any, key: Any) -> Any:
        with self.book.read() as session:
            return session.get_one(model, key)

    def events(self, name: str = "") -> list[AuditEvent]:
        def found(session: Session) -> list[AuditEvent]:
            query = select(AuditEvent).order_by(AuditEvent.seq)  # type: ignore[arg-type]
            return [e for e in session.exec(query) if name in ("", e.event)]

        with self.book.read() as session:
            return [AuditEvent(**event.model_dump()) for event in found(session)]
