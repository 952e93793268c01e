"""The outbox: notices wait here until a gateway took them, and stay as the register of what was sent.

A notice is marked as being sent, and that is committed, before it is handed to the gateway. If
the process dies in between, nobody knows whether it went out: the policy decides per kind
whether to send again or to ask operations.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func
from sqlmodel import Session
from sqlmodel import select as select_rows

from postloan.book import cases
from postloan.book.engine import Writer
from postloan.book.tables import Borrower, Case, Notice, Staff
from postloan.errors import NotFound
from postloan.policy.sections import Notices

FAILURE_CASE = "undelivered_notice"
UNKNOWN_FATE = "interrupted while being sent: the gateway may or may not have taken it"


@dataclass(frozen=True)
class Recipient:
    """Someone who gets notices, with an address per channel (empty where there is none)."""

    kind: str
    number: str
    name: str
    language: str
    email: str
    phone: str

    def address(self, channel: str) -> str:
        """The address on a channel: SMS goes to the phone; the webhook is one for all."""
        return {"email": self.email, "sms": self.phone, "webhook": self.number}[channel]


def staff_recipient(person: Staff) -> Recipient:
    """A member of staff as a recipient."""
    return Recipient("staff", person.staff_no, person.name, person.language, person.email, person.phone)


def borrower_recipient(person: Borrower) -> Recipient:
    """A borrower as a recipient."""
    return Recipient("borrower", person.borrower_no, person.name, person.language, person.email, person.phone)


def get(session: Session, notice_no: str) -> Notice:
    """A notice. Raises NotFound."""
    found = session.get(Notice, notice_no)
    if found is None:
        raise NotFound(f"there is no notice {notice_no!r}; see: postloan notices")
    return found


def by_key(session: Session, notice_key: str) -> Notice | None:
    """The notice with this key, if it was queued."""
    return session.exec(select_rows(Notice).where(Notice.notice_key == notice_key)).first()


def queue(
    writer: Writer,
    *,
    key: str,
    kind: str,
    recipient: Recipient,
    channel: str,
    language: str,
    template: str,
    title: str,
    body: str,
    loan_no: str | None,
    case_no: str | None,
) -> Notice:
    """Put a rendered notice into the outbox, once per key."""
    queued = by_key(writer.session, key)
    if queued is not None:
        return queued
    notice = Notice(
        notice_no="N" + hashlib.sha256(key.encode()).hexdigest()[:12].upper(),
        notice_key=key,
        kind=kind,
        loan_no=loan_no,
        case_no=case_no,
        recipient_kind=recipient.kind,
        recipient_no=recipient.number,
        channel=channel,
        address=recipient.address(channel) if channel else "",
        language=language,
        template=template,
        title=title,
        body=body,
        sha256=hashlib.sha256(f"{title}\n\n{body}".encode()).hexdigest(),
        state="queued" if channel else "failed",
        last_error="" if channel else "the recipient has no address on any channel that the policy allows",
        queued_at=writer.now,
        next_try_at=writer.now,
    )
    writer.session.add(notice)
    writer.session.flush()
    _record(writer, "notice.queued" if channel else "notice.failed", notice, sha256=notice.sha256)
    return notice


def take(writer: Writer) -> Notice | None:
    """Take the notice that is due longest out of the outbox to send it; it is `sending` from now on."""
    notice = writer.session.exec(
        select_rows(Notice)
        .where(Notice.state == "queued", Notice.next_try_at <= writer.now)
        .order_by(Notice.next_try_at, Notice.notice_no)  # type: ignore[arg-type]
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if notice is not None:
        notice.state, notice.taken_at, notice.tries = "sending", writer.now, notice.tries + 1
        writer.session.add(notice)
    return notice


def _sent_by_us(writer: Writer, taken: Notice) -> Notice | None:
    """The notice as it stands, if this try of it is still under way: nobody took it for interrupted."""
    notice = writer.session.get_one(Notice, taken.notice_no, with_for_update=True, populate_existing=True)
    return notice if (notice.state, notice.tries) == ("sending", taken.tries) else None


def mark_sent(writer: Writer, taken: Notice) -> None:
    """The gateway took it."""
    notice = _sent_by_us(writer, taken)
    if notice is None:
        return
    notice.state, notice.sent_at, notice.last_error = "sent", writer.now, ""
    writer.session.add(notice)
    _record(writer, "notice.sent", notice, channel=notice.channel, tries=notice.tries)


def mark_refused(writer: Writer, taken: Notice, error: str, policy: Notices) -> None:
    """The gateway did not take it: tried again after the policy's next wait, or failed for good."""
    notice = _sent_by_us(writer, taken)
    if notice is None:
        return
    notice.last_error = error[:1000]
    if notice.tries > len(policy.retry_minutes):
        notice.state = "failed"
        _record(writer, "notice.failed", notice, error=notice.last_error, tries=notice.tries)
    else:
        notice.state = "queued"
        notice.next_try_at = writer.now + timedelta(minutes=policy.retry_minutes[notice.tries - 1])
    writer.session.add(notice)


def settle_interrupted(writer: Writer, policy: Notices) -> int:
    """Deal with notices whose sender died between handing over and marking; gives how many."""
    lost = writer.session.exec(
        select_rows(Notice).where(
            Notice.state == "sending",
            Notice.taken_at < writer.now - timedelta(minutes=policy.sending_minutes),  # type: ignore[operator]
        )
    ).all()
    for notice in lost:
        again = notice.kind in policy.kinds and policy.kinds[notice.kind].on_unknown == "resend"
        notice.state = "queued" if again else "failed"
        notice.last_error = UNKNOWN_FATE
        notice.next_try_at = writer.now
        writer.session.add(notice)
        _record(writer, "notice.interrupted", notice, sent_again=again)
    return len(lost)


def send_again(writer: Writer, notice_no: str, address: str = "") -> None:
    """Operations' decision: another series of tries, to another address if one is given."""
    notice = get(writer.session, notice_no)
    notice.state, notice.tries, notice.next_try_at = "queued", 0, writer.now
    notice.address = address or notice.address
    writer.session.add(notice)
    _record(writer, "notice.requeued", notice, other_address=bool(address))


def give_up(writer: Writer, notice_no: str, why: str = "") -> None:
    """Not sent, and not tried again: operations' decision, or that of the gate of contacts, which says why."""
    notice = get(writer.session, notice_no)
    notice.state = "given_up"
    writer.session.add(notice)
    _record(writer, "notice.given_up", notice, **({"error": why} if why else {}))


def confirm_sent(writer: Writer, notice_no: str) -> None:
    """Operations' finding: it did arrive."""
    notice = get(writer.session, notice_no)
    notice.state, notice.sent_at = "sent", notice.taken_at or writer.now
    writer.session.add(notice)
    _record(writer, "notice.sent", notice, confirmed_by_operations=True)


def open_failure_cases(writer: Writer, version: str, day: date) -> list[str]:
    """MAT-1: a case for operations for every notice that failed for good and has no open one.

    Messages about such a case itself open no other: they stay in the register and the digest.
    """
    waiting = select_rows(Case.subject).where(Case.kind == FAILURE_CASE, Case.state == "open")
    failed = writer.session.exec(
        select_rows(Notice)
        .outerjoin(Case, Case.case_no == Notice.case_no)  # type: ignore[arg-type]
        .where(
            Notice.state == "failed",
            func.coalesce(Case.kind, "") != FAILURE_CASE,
        )
    ).all()
    busy = {subject.split("/")[0] for subject in writer.session.exec(waiting)}
    opened = []
    for notice in failed:
        if notice.notice_no in busy:
            continue
        earlier = writer.session.exec(
            select_rows(func.count())
            .select_from(Case)
            .where(Case.kind == FAILURE_CASE, Case.subject.startswith(f"{notice.notice_no}/"))  # type: ignore[attr-defined]
        ).one()
        subject = f"{notice.notice_no}/{earlier + 1}"
        case = Case(
            case_no=f"UN-{notice.notice_no}-{earlier + 1}",
            kind=FAILURE_CASE,
            loan_no=notice.loan_no,
            subject=subject,
            rule="MAT-1",
            anchor_on=day,
            due_on=day,
            opened_on=day,
            policy_version=version,
        )
        cases.enter(writer, case)
        opened.append(case.case_no)
    return opened


def _record(writer: Writer, event: str, notice: Notice, **data: object) -> None:
    writer.record(
        event,
        loan_no=notice.loan_no or "",
        case_no=notice.case_no or "",
        notice_no=notice.notice_no,
        kind=notice.kind,
        recipient=f"{notice.recipient_kind} {notice.recipient_no}",
        **data,
    )
