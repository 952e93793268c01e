"""The outbox against a real SMTP server and a real HTTP gateway: once, again, or asked about."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import select

from cli.sinks import Sinks
from postloan.book import Book, notices
from postloan.book.notices import Recipient
from postloan.book.tables import Contact, Notice
from postloan.errors import PostloanError
from postloan.settings import Settings
from tasks import notices as outbox
from tasks.office import Office
from tasks.round import work_out
from tests.conftest import Clock
from tests.factory import staff_and_loans

OFFICER = Recipient("staff", "S001", "王某", "zh", "s001@bank.test", "")
BORROWER = Recipient("borrower", "C1", "张某", "zh", "c1@example.test", "10000000001")


@pytest.fixture
def sinks(tmp_path: Path):
    with Sinks(tmp_path / "messages") as running:
        yield running


@pytest.fixture
def office(book: Book, sinks: Sinks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    for name, value in sinks.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POSTLOAN_HOME", str(tmp_path))
    staff_and_loans(book, {"L1": date(2026, 3, 2)})
    return Office(book, Settings())


def put(office: Office, key: str = "k1", kind: str = "task_assigned", to: Recipient = OFFICER) -> Notice:
    values = {"title": "检查报告", "reason": "", "link": "http://ui/run"} if kind == "task_assigned" else {}
    with office.book.write() as writer:
        return outbox.queue(
            office, writer, key=key, kind=kind, to=to, loan_no="L1", case_no=None, due_on=date(2026, 3, 17), **values
        )


def state(office: Office, notice: Notice) -> Notice:
    with office.book.read() as session:
        return notices.get(session, notice.notice_no)


def test_a_notice_goes_out_once_however_often_it_is_queued_and_delivered(office: Office, sinks: Sinks) -> None:
    mail = put(office)
    assert put(office).notice_no == mail.notice_no
    text = put(office, "k2", "first_inspection_announcement", BORROWER)
    assert outbox.deliver_due(office).sent == 2
    assert outbox.deliver_due(office).sent == 0
    arrived = {m["channel"]: m for m in sinks.messages()}
    assert len(sinks.messages()) == 2
    assert arrived["email"]["to"] == ["s001@bank.test"]
    assert arrived["email"]["notice_no"] == mail.notice_no, "the mail proves which notice it is"
    assert "http://ui/run" in arrived["email"]["body"]
    assert arrived["sms"]["to"] == ["10000000001"]
    assert "L1" in arrived["sms"]["body"] and state(office, text).state == "sent"


def test_a_missing_value_is_an_error_before_anything_is_queued(office: Office) -> None:
    with pytest.raises(PostloanError, match=r"task_assigned.*'reason' is undefined"), office.book.write() as writer:
        outbox.queue(
            office,
            writer,
            key="k",
            kind="task_assigned",
            to=OFFICER,
            loan_no="L1",
            case_no=None,
            title="x",
            link="",
            due_on=date(2026, 3, 17),
        )
    assert outbox.deliver_due(office).sent == 0


def test_a_gateway_that_refuses_is_tried_again_with_growing_waits_and_then_operations_are_asked(
    office: Office, sinks: Sinks, clock: Clock
) -> None:
    sinks.refuse = True
    notice = put(office)
    waits = office.policy.notices.retry_minutes
    for tried, minutes in enumerate(waits, 1):
        assert outbox.deliver_due(office).refused == 1
        assert outbox.deliver_due(office).refused == 0, "not before the wait is over"
        found = state(office, notice)
        assert (found.state, found.tries) == ("queued", tried)
        assert found.last_error
        clock.now += timedelta(minutes=minutes, seconds=1)
    assert outbox.deliver_due(office).refused == 1
    assert state(office, notice).state == "failed"
    opened = work_out(office, office.today).opened_cases
    assert [no for no in opened if no.startswith("UN-")] == [f"UN-{notice.notice_no}-1"]
    assert not [no for no in work_out(office, office.today).opened_cases if no.startswith("UN-")]
    sinks.refuse = False
    with office.book.write() as writer:
        notices.send_again(writer, notice.notice_no, "other@bank.test")
    assert outbox.deliver_due(office).sent == 1
    assert sinks.messages()[-1]["to"] == ["other@bank.test"]


@pytest.mark.parametrize(
    ("kind", "to", "after"), [("task_assigned", OFFICER, "sent"), ("first_inspection_announcement", BORROWER, "failed")]
)
def test_when_the_sender_dies_after_the_gateway_took_it_the_policy_decides(
    office: Office, sinks: Sinks, clock: Clock, kind: str, to: Recipient, after: str
) -> None:
    notice = put(office, kind=kind, to=to)
    with office.book.write() as writer:
        taken = notices.take(writer)
    assert taken is not None
    assert outbox.send(office.settings, taken) == "", "the gateway took it …"
    # … and the process is gone before marking it.
    assert outbox.deliver_due(office).interrupted == 0, "it may still be at work"
    clock.now += timedelta(minutes=office.policy.notices.sending_minutes, seconds=1)
    assert outbox.deliver_due(office).interrupted == 1
    assert state(office, notice).state == after
    assert len(sinks.messages()) == (2 if after == "sent" else 1)
    if after == "failed":
        assert state(office, notice).last_error == notices.UNKNOWN_FATE


def test_a_missing_gateway_says_which_setting_is_missing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTLOAN_GATEWAY_EMAIL", "")
    without = Office(office.book, Settings())
    notice = put(without)
    outbox.deliver_due(without)
    assert "POSTLOAN_GATEWAY_EMAIL" in state(without, notice).last_error
    nowhere = put(without, "k9", to=Recipient("staff", "", "无", "zh", "", ""))
    assert (nowhere.state, "no address" in nowhere.last_error) == ("failed", True)


def about_a_debt(office: Office, key: str, to: Recipient) -> Notice:
    with office.book.write() as writer:
        values = {"amount": Decimal(1000), "currency": "CNY", "pay_by": date(2026, 3, 20), "as_party": to.kind}
        return outbox.queue(office, writer, key=key, kind="demand_notice", to=to, loan_no="L1", case_no=None, **values)


CONSIGNOR = Recipient("consignor", "W1", "委托人", "zh", "w1@example.test", "10000000002")


@pytest.mark.parametrize(
    ("channel", "to", "counted"),
    [
        ("webhook", BORROWER, [("borrower", "sms")]),
        ("webhook", CONSIGNOR, []),
        ("email", CONSIGNOR, []),
        ("email", OFFICER, []),
    ],
)
def test_a_message_about_a_debt_goes_by_every_channel_and_to_everybody(
    office: Office,
    sinks: Sinks,
    channel: str,
    to: Recipient,
    counted: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A webhook is a message to the person; to the creditor and to staff it is no contact with a debtor."""
    monkeypatch.setenv("POSTLOAN_GATEWAY_WEBHOOK", sinks.environment()["POSTLOAN_GATEWAY_SMS"])
    monkeypatch.setattr(outbox, "_channel", lambda *_: channel)
    office = Office(office.book, Settings())
    notice = about_a_debt(office, "debt", to)
    assert outbox.deliver_due(office).sent == 1
    assert state(office, notice).state == "sent"
    with office.book.read() as session:
        assert [(c.role, c.channel) for c in session.exec(select(Contact))] == counted


def test_a_notice_that_cannot_be_judged_keeps_no_other_from_going(office: Office, clock: Clock) -> None:
    stranger = about_a_debt(office, "stranger", Recipient("agency", "A1", "外包", "zh", "a1@example.test", "1"))
    clock.now += timedelta(seconds=1)
    other = put(office)
    done = outbox.deliver_due(office)
    assert (done.sent, done.refused, done.held) == (1, 1, 0)
    assert state(office, other).state == "sent"
    for minutes in office.policy.notices.retry_minutes:
        clock.now += timedelta(minutes=minutes, seconds=1)
        outbox.deliver_due(office)
    failed = state(office, stranger)
    assert (failed.state, "'agency'" in failed.last_error) == ("failed", True)
    assert f"UN-{stranger.notice_no}-1" in work_out(office, office.today).opened_cases
