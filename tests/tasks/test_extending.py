"""docs/extending.md: a new kind of duty is a few lines of policy."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from sqlmodel import select

from postloan import policy
from postloan.book import Book, duties
from postloan.book.tables import Borrower, Case
from postloan.settings import Settings
from tasks.office import Office
from tasks.round import work_out
from tasks.runs import deployment_of
from tests.conftest import ROOT
from tests.factory import staff_and_loans

DRAWN = date(2026, 1, 5)


def test_the_annual_check_of_the_document_is_due_and_opened(book: Book, tmp_path: Path) -> None:
    text = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "extending.md").read_text(), flags=re.S)[0]
    file = tmp_path / "policy.toml"
    file.write_text(f'extends = "policy.toml"\n{text}')
    office = Office(book, Settings(home=tmp_path, book=book.url, policy=file))
    staff_and_loans(book, {"L1": DRAWN})
    with book.write() as writer:
        borrower = writer.session.get_one(Borrower, "C1")
        borrower.kind = "corporate"
        writer.session.add(borrower)
    with book.read() as session:
        found = duties.between(session, policy.load(file), date(2026, 5, 1), date(2026, 5, 31), DRAWN, "L1")
    assert [(d.due_on, d.rule) for d in found if d.kind == "permit_check"] == [(date(2026, 5, 31), "ENV-1")]
    work_out(office, date(2026, 5, 10))
    assert not [no for no in _cases(book) if no.startswith("PERMIT-CHECK")]
    work_out(office, date(2026, 5, 11))
    assert [no for no in _cases(book) if no.startswith("PERMIT-CHECK")] == ["PERMIT-CHECK-C1-2026-05-31"]
    assert deployment_of("permit_check") == "tickler/tickler", "one flow carries all of them out"


def _cases(book: Book) -> list[str]:
    with book.read() as session:
        return list(session.exec(select(Case.case_no)))
