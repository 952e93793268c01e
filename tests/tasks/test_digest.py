"""The digest's tables: what is there is published, by numbers only; what is not, is not."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from postloan.book.tables import Instalment, Position, Repayment
from tasks import digest
from tasks.office import Office
from tasks.round import DayResult
from tests.factory import staff_and_loans

DAY = date(2026, 3, 20)


def published(office: Office, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    monkeypatch.setattr(digest, "create_markdown_artifact", lambda **_: None)
    monkeypatch.setattr(digest, "create_table_artifact", lambda key, table, description: tables.update({key: table}))
    digest.publish(office, DAY, DayResult(DAY))
    return tables


def test_where_the_core_system_differs_is_published_when_it_does(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff_and_loans(office.book, dict.fromkeys(("L1", "L2"), date(2026, 2, 2)))
    with office.book.write() as writer:
        for no, days in (("L1", 10), ("L2", 3)):
            due_on = DAY - timedelta(days=10)
            writer.session.add(Instalment(loan_no=no, number=1, due_on=due_on, principal_due=100, interest_due=5))
            writer.session.add(Repayment(receipt_no=no, loan_no=no, paid_on=due_on, amount=Decimal("20.00")))
            about = {"overdue_interest": 0, "principal_outstanding": Decimal("99985.00")}
            writer.session.add(Position(loan_no=no, as_of=DAY, days_past_due=days, overdue_principal=85, **about))
    tables = published(office, monkeypatch)
    assert tables["core-differences"] == [{"loan_no": "L2", "core_days": 3, "schedule_days": 10, "days": 7}]
    with office.book.write() as writer:
        position = writer.session.get_one(Position, ("L2", DAY))
        position.days_past_due = 10
    assert "core-differences" not in published(office, monkeypatch)
