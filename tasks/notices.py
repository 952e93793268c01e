"""Notices: rendered by Jinja2, put into the book's outbox, sent by Apprise.

`queue` belongs into the transaction of the change that the notice tells about; `deliver` sends
what is due and can be repeated, interrupted and run twice at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import apprise
from prefect import task

from postloan.book import Writer, contacts, notices
from postloan.book.notices import Recipient
from postloan.book.tables import Notice
from postloan.errors import PostloanError
from postloan.settings import Settings
from tasks.office import Office

BATCH = 50


def queue(
    office: Office,
    writer: Writer,
    *,
    key: str,
    kind: str,
    to: Recipient,
    loan_no: str | None,
    case_no: str | None,
    **values: Any,
) -> Notice:
    """Render a notice in the recipient's language and put it into the outbox, once per key.

    Raises PostloanError where the template wants a value that is missing: nothing is queued.
    """
    waiting = notices.by_key(writer.session, key)
    if waiting is not None:
        return waiting
    policy = office.policy
    if kind not in policy.notices.kinds:
        raise PostloanError(f"the policy has no notices.kinds.{kind}; add it with channels and on_unknown")
    language = to.language or policy.institution.language
    zh, en = ("借据", "Loan") if loan_no else ("案件", "Case")
    message = office.renderer.message(
        kind,
        language,
        recipient=to,
        institution=policy.institution.name,
        loan_no=loan_no,
        case_no=case_no,
        about=f"{zh if language == 'zh' else en} {loan_no or case_no}",
        **values,
    )
    return notices.queue(
        writer,
        key=key,
        kind=kind,
        recipient=to,
        channel=_channel(policy.notices.kinds[kind].channels, to, office.settings),
        language=language,
        template=message.template,
        title=message.title,
        body=message.body,
        loan_no=loan_no,
        case_no=case_no,
    )


def _channel(allowed: list[Any], to: Recipient, settings: Settings) -> str:
    """The first allowed channel that has both an address of the recipient and a gateway; if none
    has a gateway, the first with an address, so that the missing gateway shows as the error."""
    reachable = [channel for channel in allowed if to.address(channel)]
    ready = [channel for channel in reachable if _gateway(settings, channel)]
    return (ready or reachable or [""])[0]


def _gateway(settings: Settings, channel: str) -> str:
    return {
        "email": settings.gateway_email,
        "sms": settings.gateway_sms,
        "webhook": settings.gateway_webhook,
    }[channel].get_secret_value()


@dataclass(frozen=True)
class Delivery:
    """What one delivery did."""

    sent: int = 0
    refused: int = 0
    interrupted: int = 0
    held: int = 0


@task(name="deliver-notices")
def deliver() -> Delivery:
    """Send what is due in the outbox, as a task of a flow run."""
    return deliver_due(Office.open())


def deliver_due(office: Office, limit: int = 500) -> Delivery:
    """Send what is due in the outbox. A gateway that refuses is tried again later, by the policy; a message about a
    debt goes only when the gate permits it (CON), and waits until it will."""
    sent = refused = held = 0
    with office.book.write(origin="outbox") as writer:
        interrupted = notices.settle_interrupted(writer, office.policy.notices)
    while sent + refused < limit:
        # One at a time: what waits its turn behind a slow gateway must not look as if it were being sent.
        with office.book.write(origin="outbox") as writer:
            notice = notices.take(writer)
            if notice is None:
                break
            waits = ""
            with writer.attempt() as failed:
                if _is_collection(office, notice):
                    waits = contacts.let_through(writer, office.policy, notice)
            if failed:  # what cannot be judged is not sent, and must not keep the others from going
                notices.mark_refused(writer, notice, f"not judged by the gate: {failed[0]}", office.policy.notices)
                refused += 1
                continue
        if waits:
            held += 1
            continue
        error = send(office.settings, notice)
        with office.book.write(origin="outbox") as writer:
            if error:
                notices.mark_refused(writer, notice, error, office.policy.notices)
                refused += 1
            else:
                notices.mark_sent(writer, notice)
                sent += 1
    return Delivery(sent, refused, interrupted, held)


def _is_collection(office: Office, notice: Notice) -> bool:
    kind = office.policy.notices.kinds.get(notice.kind)
    return kind is not None and kind.collection and bool(notice.loan_no)


def send(settings: Settings, notice: Notice) -> str:
    """Hand one notice to its gateway; gives "" when it was taken, else what the gateway said."""
    template = _gateway(settings, notice.channel)
    if not template:
        return f"there is no gateway for {notice.channel}: set POSTLOAN_GATEWAY_{notice.channel.upper()}"
    address = (
        template.replace("{to}", quote(notice.address, safe="@+"))
        .replace("{notice_no}", notice.notice_no)
        .replace("{title}", quote(notice.title))
    )
    with apprise.LogCapture(level=apprise.logging.WARNING) as said:
        gateway = apprise.Apprise()
        if not gateway.add(address):
            return f"POSTLOAN_GATEWAY_{notice.channel.upper()} is not an address that Apprise understands"
        taken = gateway.notify(
            title=notice.title,
            body=notice.body,
            body_format=apprise.NotifyFormat.TEXT,
            interpret_escapes=False,
        )
        # Operations see this in the Prefect UI, where no address belongs.
        error = said.getvalue().strip().replace(notice.address, "<address>")
        return "" if taken else (error or "the gateway refused it without saying why")
