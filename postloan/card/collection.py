"""What collection did about a loan: stages and pauses, contacts and what stops them, promises, diagnoses."""

from __future__ import annotations

from datetime import date
from typing import Any

from postloan.book import contacts, stages
from postloan.book import tables as t
from postloan.card.asof import Values
from postloan.card.collecting import Dossier


def collected(held: Dossier) -> dict[str, Any]:
    """The card's part on collection, by its keys."""
    known = held.until.known
    return {
        "stages": known(held.of_loan(t.Stage, t.Stage.entered_on)),
        "pauses": _pauses(held),
        "days_on_the_clock": stages.clock(
            held.session, held.loan.loan_no, held.owed.account.days_past_due, held.until.day
        ),
        "contacts": known(held.of_loan(t.Contact, t.Contact.contact_at, t.Contact.contact_no)),
        "contact_stops": _stops(held),
        "promises": known(held.of_loan(t.Promise, t.Promise.made_on, t.Promise.promise_no)),
        "diagnoses": known(held.of_loan(t.Diagnosis, t.Diagnosis.diagnosed_on, t.Diagnosis.diagnosis_no)),
    }


def _pauses(held: Dossier) -> list[Values]:
    """The pauses that had begun by then; one that was ended early later on is shown as it was agreed."""
    found = []
    for one in stages.pauses(held.session, held.loan.loan_no):
        if held.until.reached(one.from_on):
            ended_on = one.ended_on if held.until.reached(one.ended_on) else None
            found.append(one.model_dump() | {"ended_on": ended_on, "last_day": ended_on or one.until_on})
    return found


def _stops(held: Dossier) -> list[Values]:
    """What stops contacts with the people of the loan, or is over by then."""
    found = []
    for person in contacts.persons(held.session, held.loan):
        for stop in contacts.stops_of(held.session, person.role, person.number):
            if held.until.reached(stop.from_on):
                over = stop.until_on is not None and held.until.reached(stop.until_on)
                found.append(stop.model_dump() | {"until_on": _shown(stop.until_on, over)})
    return found


def _shown(until_on: date | None, over: bool) -> date | None:
    """A stop that was lifted later is shown as it stood: without an end."""
    return until_on if over else None
