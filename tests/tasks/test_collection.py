"""Messages about a debt wait in the outbox until the gate lets them go, against a real gateway (CON)."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlmodel import select

from cli.sinks import Sinks
from postloan.book import accounts, contacts
from postloan.book.tables import AuditEvent, Borrower, Contact, Instalment, Notice, Repayment, Signal
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
    assert [told["error"][:5] for told in events(late, "notice.given_up")] == ["CON-2"]


def events(office: Office, what: str) -> list[dict]:  # noqa: F811
    with office.book.read() as session:
        return [json.loads(e.data) for e in session.exec(select(AuditEvent).where(AuditEvent.event == what))]


@pytest.mark.parametrize("with_a_round", [False, True])
def test_nobody_is_reminded_of_what_was_paid_meanwhile(
    late: Office,
    clock: Clock,
    sinks: Sinks,  # noqa: F811
    with_a_round: bool,
) -> None:
    work_out(late, date(2026, 3, 22))
    outbox.deliver_due(late)
    assert reminder(late).state == "queued", "held for the night"
    with late.book.write() as writer:
        writer.session.add(Repayment(receipt_no="R1", loan_no="L1", paid_on=date(2026, 3, 22), amount=Decimal(2000)))
        writer.session.flush()
        accounts.refresh(writer.session, late.policy_file, ["L1"])
    clock.now = datetime.fromisoformat("2026-03-23T08:00:00+08:00")
    if with_a_round:
        work_out(late, date(2026, 3, 23))
    assert outbox.deliver_due(late).held == 1
    given_up = reminder(late)
    assert (given_up.state, "not past due" in given_up.last_error) == ("given_up", True)
    assert [m for m in sinks.messages() if m["channel"] == "sms"] == []
    assert [told["notice_no"] for told in events(late, "notice.given_up")] == [given_up.notice_no]
    work_out(late, date(2026, 3, 24))
    with late.book.read() as session:
        assert not session.exec(select(Signal).where(Signal.kind == "lost_contact")).all(), "nothing went astray"


def test_part_of_it_paid_is_still_reminded_of(late: Office, clock: Clock) -> None:
    work_out(late, date(2026, 3, 22))
    with late.book.write() as writer:
        writer.session.add(Repayment(receipt_no="R1", loan_no="L1", paid_on=date(2026, 3, 22), amount=Decimal(500)))
        writer.session.flush()
        accounts.refresh(writer.session, late.policy_file, ["L1"])
    clock.now = datetime.fromisoformat("2026-03-23T08:00:00+08:00")
    outbox.deliver_due(late)
    assert reminder(late).state == "sent"
