"""What came of the loan's end: what receipts paid, charges, extensions, slips, documents of title handed back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from sqlmodel import select

from postloan.book import accounts, limitation
from postloan.book import tables as t
from postloan.book.standings import CHARGE, EXCESS
from postloan.card.asof import Values
from postloan.card.collecting import Dossier
from postloan.policy import PolicyFile
from postloan.rules import allocation
from postloan.rules.position import ZERO


def collected(held: Dossier, file: PolicyFile) -> dict[str, Any]:
    """The card's part on repayment and maturity, by its keys."""
    books = accounts.open_books(held.session, file, [held.loan])[held.loan.loan_no]  # by its terms of then
    account = allocation.account(books.terms, books.claims, books.receipts, held.until.day)
    # Where the core system keeps the account, nothing is known here of what was paid.
    by_core = bool(accounts.kept_by_core(held.session, [held.loan.loan_no], held.until.day))
    rights = limitation.of_loan(held.session, file.at(held.until.day), held.loan, held.until.day)
    return {
        "charges": _charges(held, account),
        "allocations": _allocations(held, books),
        "penalty_accrued": ZERO if by_core else sum((owed.penalty for owed in account.owed), ZERO),
        "rights": [asdict(right) for right in rights],
        "extensions": _known(held, t.Extension),
        "consents": _known(held, t.Consent),
        "slips": _slips(held),
        "title_releases": _known(held, t.TitleRelease),
    }


def _known(held: Dossier, table: Any) -> list[Values]:
    return held.until.known(held.of_loan(table, table.case_no))


def _charges(held: Dossier, account: allocation.Account) -> list[Values]:
    """The advances and fees, with what is unpaid of each and since when."""
    owed = {one.number: one.total for one in account.owed}
    found = []
    for charge in held.until.known(held.of_loan(t.Charge, t.Charge.charged_on, t.Charge.charge_no)):
        unpaid = owed.get(CHARGE + charge["charge_no"], ZERO)
        days = max((held.until.day - charge["due_on"]).days, 0) if unpaid else 0
        found.append(charge | {"unpaid": unpaid, "days_past_due": days})
    return found


def _allocations(held: Dossier, books: accounts.Books) -> list[Values]:
    """What each receipt paid by part; a reversal shows what it took back, and paid anew of those after it."""
    days = {receipt.receipt_no: receipt.paid_on for receipt in books.receipts}
    parts: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys((*allocation.PARTS, EXCESS), ZERO))
    for entry in allocation.journal(books.terms, books.claims, books.receipts, held.until.day):
        parts[entry.receipt_no][entry.part] += entry.paid
    return [{"receipt_no": no, "paid_on": days[no]} | paid for no, paid in parts.items()]


def _slips(held: Dossier) -> list[Values]:
    """The receipt slips of the notices whose cases were open by then."""
    opened = {case.case_no for case in held.history.cases if held.until.reached(case.opened_on)}
    slips = held.session.exec(
        select(t.ReceiptSlip).where(t.ReceiptSlip.loan_no == held.loan.loan_no).order_by(t.ReceiptSlip.slip_no)
    )
    return [held.until.then(slip) for slip in slips if slip.case_no in opened]
