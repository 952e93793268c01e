"""Messages about a debt wait in the outbox until the gate lets them go, against a real gateway (CON)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlmodel import select

from cli.sinks import Sinks
from postloan.book import contacts
from postloan.book.tables import Borrower, Contact, Instalment, Notice
from tasks import notices as outbox
from tasks.office import Office
from tasks.round import work_out
from tests.conftest import Clock
from tests.tasks.test_outbox import office, sinks  # noqa: F401  (fixtures)

DUE = date(2026, 3, 20)


@pytest.fixture
def late(office: Office, clock: Clock) -> Office:  # noqa: F811
    """A loan that is two days past due, on an evening at eleven."""
    with office.book.write() as writer:
        writer.session.add(
            Instalment(loan_no="L1", number=1, due_on=DUE, principal_due=Decimal(1000), interest_due=Decimal(10))
        )
        borrower = writer.session.exec(select(Borrower)).one()
        borrower.phone = "10000000001"
        writer.session.add(borrower)
    clock.now = datetime.fromisoformat("2026-03-22T23:00:00+08:00")
    return office


def reminder(office: Office) -> Notice:  # noqa: F811
    with office.book.read() as session:
        return session.exec(select(Notice).where(Notice.kind == "overdue_reminder")).one()


def test_at_night_it_waits_for_the_morning_and_goes_once(late: Office, clock: Clock, sinks: Sinks) -> None:  # noqa: F811
    done = work_out(late, date(2026, 3, 22))
    assert (done.stages, done.overdue_reminded) == (1, 1)
    outbox.deliver_due(late)
    waiting = reminder(late)
    assert (waiting.state, waiting.last_error[:5]) == ("queued", "CON-3")
    assert waiting.next_try_at == datetime.fromisoformat("2026-03-23T08:00:00+08:00")
    assert [m for m in sinks.messages() if m["channel"] == "sms"] == []
    clock.now = datetime.fromisoformat("2026-03-23T07:59:59+08:00")
    outbox.deliver_due(late)
    assert reminder(late).state == "queued"
    clock.now = datetime.fromisoformat("2026-03-23T08:00:00+08:00")
    outbox.deliver_due(late)
    outbox.deliver_due(late)
    assert reminder(late).state == "sent"
    assert len([m for m in sinks.messages() if m["channel"] == "sms"]) == 1
    with late.book.read() as session:
        (made,) = session.exec(select(Contact)).all()
        assert (made.permitted, made.agent, made.contact_at) == (True, "postloan", clock.now), (
            "as it went, not as it was"
        )
    again = work_out(late, date(2026, 3, 23))
    assert again.overdue_reminded == 0, "three days apart"


def test_nothing_goes_to_who_must_not_be_contacted(late: Office, clock: Clock) -> None:
    with late.book.write() as writer:
        who = writer.session.exec(select(Borrower.borrower_no)).one()
        about = {"channel": "", "day": date(2026, 3, 21), "document": "死亡证明", "case": None, "by": "S001"}
        contacts.stop(writer, "S", role="borrower", person_no=who, kind="deceased", loan_no="L1", **about)
    clock.now = datetime.fromisoformat("2026-03-22T10:00:00+08:00")
    work_out(late, date(2026, 3, 22))
    outbox.deliver_due(late)
    given_up = reminder(late)
    assert (given_up.state, given_up.last_error[:5]) == ("given_up", "CON-2")
