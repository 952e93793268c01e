"""The post-loan management card (贷后管理卡): everything about one loan, in order (REC-1).

`collecting`, `maturity`, `collection` and `workout` read the book, `asof` keeps out what came after the card's day,
`owed` and `figures` work out what has to be worked out; all of that is the card as plain values. `view` and the
templates make it a paper.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from postloan.book import classification, duties, suspensions
from postloan.book.tables import Step
from postloan.calendar import months_after
from postloan.card import collecting, collection, figures, maturity, workout
from postloan.card.asof import Until
from postloan.card.collecting import Dossier
from postloan.card.view import Paper
from postloan.policy import Policy, PolicyFile
from postloan.rendering import Renderer
from postloan.rules.classification import customer_class


def card(session: Session, file: PolicyFile, loan_no: str, as_of: date) -> dict[str, Any]:
    """The card as of the end of a day, as plain JSON values: dates ISO 8601, money decimal strings.

    Nothing that came later shows. Raises NotFound.
    """
    policy = file.at(as_of)
    held = collecting.dossier(session, file, loan_no, Until(as_of, policy.time_zone))
    steps = collecting.steps(held)
    shown = {
        "loan_no": loan_no,
        "as_of": as_of,
        "time_zone": policy.time_zone.key,
        "titles": {kind: lapsing.title for kind, lapsing in policy.ticklers.items()},
        **_position(held, policy, steps),
        **maturity.collected(held),
        **collection.collected(held),
        **workout.collected(held),
        **_parties(held),
        "duties": [asdict(duty) for duty in _duties(held)],
        **_work(held, steps),
        **_trail(held),
    }
    shown["staff"] = collecting.staff(held, _people(shown))
    return json.loads(json.dumps(shown, default=_plain))


def _position(held: Dossier, policy: Policy, steps: Sequence[Step]) -> dict[str, Any]:
    """Where the loan stands, how it got there and how it is classified."""
    until, loan = held.until, held.loan
    standing = collecting.standing(held)
    classified = collecting.classifications(held)
    risk_class = classification.shown(policy, standing.days_past_due, classified[-1] if classified else None)
    signals, collaterals = collecting.signals(held), maturity.with_titles(held, collecting.collaterals(held))
    open_signal = any(signal["cleared_on"] is None for signal in signals)
    worth = [item["value"] for item in collaterals]
    return {
        "principal_outstanding": standing.principal_outstanding,
        "overdue": standing.overdue,
        "days_past_due": standing.days_past_due,
        "bucket": standing.bucket,
        "risk_class": risk_class,
        "customer_class": customer_class(risk_class, open_signal=open_signal),
        "suspended": suspensions.stopped(held.session, loan, until.day),
        "source": standing.source,
        "classifications": collecting.with_reasons(held, classified, steps),
        "cover": figures.cover(worth, standing.principal_outstanding) | {"needed": policy.signals.min_cover},
        "collaterals": collaterals,
        "drawdowns": collecting.drawdowns(held),
        "instalments": collecting.instalments(held, standing.source),
        "repayments": until.known(held.history.repayments),
        "balance": collecting.balance(held),
        "signals": signals,
    }


def _parties(held: Dossier) -> dict[str, Any]:
    """Who borrowed what, and who answers for it."""
    ratings = collecting.ratings(held)
    return {
        "loan": held.until.then(held.loan),
        "borrower": held.borrower.model_dump() | ({"rating": ratings[-1]["rating"]} if ratings else {}),
        "ratings": ratings,
        "branch": collecting.branch(held),
        "partner": collecting.partner(held),
        "guarantees": [guarantee.model_dump() | {"name": who.name} for guarantee, who in held.guarantees],
        "group": collecting.group(held),
    }


def _duties(held: Dossier) -> list[duties.Duty]:
    """The duties from disbursement to a year past maturity, for guarantee periods."""
    first, last = held.loan.disbursed_on, months_after(held.loan.matures_on, 12)
    return duties.between(held.session, held.file, first, last, held.until.day, held.loan.loan_no)


def _work(held: Dossier, steps: Sequence[Step]) -> dict[str, Any]:
    """What was done about the loan."""
    return {
        "cases": held.until.known(held.history.cases),
        "tasks": held.until.known(held.history.tasks),
        "inspections": collecting.inspections(held, steps),
        "findings": collecting.findings(held),
        "plans": collecting.plans(held),
        "payments": collecting.payments(held),
        "work_log": collecting.work_log(held),
        "ledger": collecting.ledger_changes(held),
        "ledger_balances": collecting.ledger_balances(held),
    }


def _trail(held: Dossier) -> dict[str, Any]:
    """What was sent and kept, and every event."""
    links = collecting.events(held)
    return {
        "notices": collecting.notices(held),
        "documents": held.until.known(held.history.documents),
        "events": [link.model_dump() | {"data": json.loads(link.data)} for link in links],
        "chain": collecting.chain(held, links),
    }


PEOPLE = frozenset(
    {
        *("actor", "claimed_by", "decided_by", "handed_by", "officer_no"),
        *("on_behalf_of", "reported_by", "reviewed_by", "staff_no"),
        *("authority", "determined_by", "person", "taken_by"),
    }
)


def _people(shown: Any) -> Iterator[str]:
    """The staff numbers that stand anywhere on the card."""
    if isinstance(shown, list):
        for one in shown:
            yield from _people(one)
    elif isinstance(shown, dict):
        for name, value in shown.items():
            if name in PEOPLE and isinstance(value, str):
                yield from value.split(", ")
            else:
                yield from _people(value)


def render(renderer: Renderer, shown: dict[str, Any], form: str, language: str, institution: str) -> str | bytes:
    """The card as "md", "html" (text) or "pdf" (bytes)."""
    paper = Paper(shown, language)
    name = "cards/loan.md" if form == "md" else "cards/loan.html"
    text = renderer.text(name, card=shown, paper=paper, lang=language, institution=institution)
    return renderer.pdf(text) if form == "pdf" else text


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} has no plain form")
