"""What came of the loan's end: what receipts paid, charges, extensions, slips, documents of title handed back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import col, or_, select

from postloan.book import accounts, limitation
from postloan.book import tables as t
from postloan.book.standings import CHARGE, EXCESS
from postloan.card.asof import Values
from postloan.card.collecting import Dossier
from postloan.rules.allocation import PARTS
from postloan.rules.position import ZERO

GRANTED = ("signed", "in_force", "lapsed")


def collected(held: Dossier) -> dict[str, Any]:
    """The card's part on repayment and maturity, by its keys."""
    rights = limitation.of_loan(held.session, held.file.at(held.until.day), held.loan, held.until.day)
    return {
        "charges": _charges(held),
        "allocations": _allocations(held),
        "penalty_accrued": _penalty(held),
        "rights": [asdict(right) for right in rights],
        "extensions": _extensions(held),
        "consents": held.until.known(held.of_loan(t.Consent, t.Consent.given_on, t.Consent.case_no)),
        "slips": _slips(held),
        "title_releases": [
            release.model_dump()
            for release in _releases(held)
            if held.loan.loan_no == release.loan_no or held.loan.disbursed_on <= release.released_on
        ],
    }


# ------------------------------------------------------------------------------------ what was paid


def _charges(held: Dossier) -> list[Values]:
    """The advances and fees, with what was paid of each, and how long each is past due."""
    owed = {one.number: one.total for one in held.owed.account.owed}
    found = []
    for charge in held.charges:
        unpaid = owed[CHARGE + charge.charge_no]
        days = max((held.until.day - charge.due_on).days, 0) if unpaid else 0
        found.append(charge.model_dump() | {"paid": charge.amount - unpaid, "unpaid": unpaid, "days_past_due": days})
    return found


def _allocations(held: Dossier) -> list[Values]:
    """What each receipt paid by part; a reversal shows what it took back, and paid anew of those after it."""
    parts: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys((*PARTS, EXCESS), ZERO))
    for entry in held.owed.journal:
        parts[entry.receipt_no][entry.part] += entry.paid
    known = [receipt for receipt in held.history.repayments if held.until.reached(receipt.paid_on)]
    undone = {receipt.reverses for receipt in known}
    return [
        {
            "receipt_no": receipt.receipt_no,
            "paid_on": receipt.paid_on,
            "amount": receipt.amount,
            "reverses": receipt.reverses,
            "reversed": receipt.receipt_no in undone,
            **parts[receipt.receipt_no],
        }
        for receipt in known
    ]


def _penalty(held: Dossier) -> Decimal | None:
    """Penalty interest that is owed at the end of the day; None where the core system keeps the account."""
    if held.until.reached(held.loan.settled_on):
        return ZERO
    if accounts.kept_by_core(held.session, [held.loan.loan_no], held.until.day):
        return None
    return sum((owed.penalty for owed in held.owed.account.owed), ZERO)


# --------------------------------------------------------------------------- extensions, slips, titles


def _extensions(held: Dossier) -> list[Values]:
    """The applications, oldest first: what was asked for, and what was granted once it was signed."""
    trail = {(event.case_no, event.event): event for event in held.history.events}
    found = []
    for one in held.until.known(held.of_loan(t.Extension, t.Extension.applied_on, t.Extension.case_no)):
        applied, lapsed = (trail.get((one["case_no"], f"extension.{what}")) for what in ("applied", "lapsed"))
        asked = {"until_on": one["until_on"], "amount": one["amount"]}
        if applied is not None:
            told = json.loads(applied.data)
            asked = {
                "until_on": date.fromisoformat(told["until_on"]),
                "amount": Decimal(told["amount"]).quantize(ZERO),
            }
        if one["state"] == "lapsed" and lapsed is not None and not held.until.reached(lapsed.at):
            one["state"] = "signed"
        if one["state"] not in GRANTED:  # rate and method are proposed on the way, and said in the contract
            one |= asked | {"annual_rate": None, "repayment": None, "every_months": None}
        found.append(one | {f"asked_{name}": value for name, value in asked.items()})
    return found


def _slips(held: Dossier) -> list[Values]:
    """The receipt slips of the notices that were issued by then."""
    since: dict[str, Any] = {case.case_no: case.opened_on for case in held.history.cases}
    issued = select(t.Step).join(t.Case).where(t.Case.loan_no == held.loan.loan_no, t.Step.step == "issue")
    since |= {step.case_no: step.done_at for step in held.session.exec(issued)}
    slips = held.of_loan(t.ReceiptSlip, t.ReceiptSlip.slip_no)
    return [held.until.then(slip) for slip in slips if held.until.reached(since.get(slip.case_no))]


def _releases(held: Dossier) -> Sequence[t.TitleRelease]:
    """The lines of the register on the loan or its collateral, oldest first."""
    table = t.TitleRelease
    numbers = [item.collateral_no for item in held.collaterals]
    about = or_(table.loan_no == held.loan.loan_no, col(table.collateral_no).in_(numbers))
    query = select(table).where(about, table.released_on <= held.until.day)
    return held.session.exec(query.order_by(col(table.released_on), col(table.collateral_no))).all()


def with_titles(held: Dossier, collaterals: Sequence[Values]) -> list[Values]:
    """The collateral, each item with whether its document of title is kept or was handed back, as
    `titles.of_loan` has it."""
    released = {release.collateral_no: release.released_on for release in _releases(held)}
    secured = {no for item in collaterals for no in item["also_secures"]} | {held.loan.loan_no}
    query = select(col(t.Loan.loan_no), col(t.Loan.disbursed_on)).where(col(t.Loan.loan_no).in_(secured))
    begun = {no: on for no, on in held.session.exec(query) if held.until.reached(on)}

    def state(item: Values) -> str:
        last = released.get(item["collateral_no"])
        newest = max((begun[no] for no in (held.loan.loan_no, *item["also_secures"]) if no in begun), default=None)
        return "released" if last is not None and (newest is None or newest < last) else "kept"

    return [item | {"title_state": state(item)} for item in collaterals]
