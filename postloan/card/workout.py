"""What came of a loan that was not performing: transfer, responsibility, plans, milestones, write-off, recoveries."""

from __future__ import annotations

from typing import Any

from postloan.book import tables as t
from postloan.book import workout
from postloan.card.asof import Values
from postloan.card.collecting import Dossier


def collected(held: Dossier) -> dict[str, Any]:
    """The card's part on the workout, by its keys."""
    return {
        "transfers": held.until.known(held.of_loan(t.Transfer, t.Transfer.transferred_on)),
        "responsibilities": held.until.known(
            held.of_loan(t.Responsibility, t.Responsibility.determined_on, t.Responsibility.number)
        ),
        "disposal_options": held.until.known(
            held.of_loan(t.DisposalOption, t.DisposalOption.decided_on, t.DisposalOption.number)
        ),
        "milestones": held.until.known(held.of_loan(t.Milestone, t.Milestone.due_on, t.Milestone.number)),
        "write_offs": held.until.known(held.of_loan(t.WriteOff, t.WriteOff.written_off_on)),
        **_recoveries(held),
    }


def _recoveries(held: Dossier) -> dict[str, list[Values]]:
    """What each measure brought in and cost by the day, and each receipt and cost for itself."""
    books = workout.books(held.session, held.file, held.loan, last=held.until.day)
    return {
        "recoveries": [
            {"measure": one.measure, "received": one.received, "costs": one.costs, "net": one.net}
            for one in books.recovered()
        ],
        "recovered": [
            {"receipt_no": receipt.receipt_no, "on": receipt.on, "amount": receipt.amount, "measure": measure}
            for receipt, measure in books.by_receipt()
        ],
        "recovery_costs": [cost.model_dump() for cost in books.costs],
    }
