"""What was owed at the end of the card's day, by the terms and the schedule of then.

What was entered later has changed the claims of the book, and its journal with them: the receipts are replayed
over the claims as they were. Where nothing changed since, that gives what `loans.standing` gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from postloan.book import tables as t
from postloan.book.accounts import in_order
from postloan.book.standings import CHARGE, REST
from postloan.rules import allocation
from postloan.rules.allocation import Account, Claim, Entry, Receipt, Terms
from postloan.rules.position import ZERO


@dataclass(frozen=True)
class Owed:
    """A loan's account at the end of a day: `account` with penalty interest to that day, `journal` with what was
    charged by the last receipt."""

    claims: list[Claim]
    journal: list[Entry]
    account: Account

    @property
    def principal_paid(self) -> Decimal:
        return sum((entry.paid for entry in self.journal if entry.part == "principal"), ZERO)

    @property
    def late(self) -> list[tuple[date, Decimal]]:
        """(due date, unpaid) of the claims that are past due, penalty interest as of the last receipt."""
        unpaid = {claim.number: claim.fee + claim.interest + claim.principal for claim in self.claims}
        for entry in self.journal:
            if entry.claim:
                unpaid[entry.claim] += entry.charged - entry.paid
        fallen = [claim for claim in self.claims if claim.due_on < self.account.as_of]
        return [(claim.due_on, unpaid[claim.number]) for claim in fallen if unpaid[claim.number] > ZERO]

    @property
    def paid(self) -> dict[str, Decimal]:
        """What each claim as agreed was paid, without penalty interest, by its number."""
        found = {claim.number: ZERO for claim in self.claims}
        for entry in self.journal:
            if entry.claim and entry.part != "penalty":
                found[entry.claim] += entry.paid
        return found


def owed(terms: Terms, claims: list[Claim], repayments: Sequence[t.Repayment], day: date) -> Owed:
    """What is owed at the end of a day, by the receipts that came in by then."""
    receipts = [Receipt(r.receipt_no, r.paid_on, r.amount, r.reverses or "") for r in repayments if r.paid_on <= day]
    journal = allocation.journal(terms, claims, receipts, day)
    return Owed(claims, journal, allocation.account(terms, claims, receipts, day))


def claims(
    loan: t.Loan, instalments: Sequence[t.Instalment], charges: Sequence[t.Charge], drawdowns: Sequence[t.Drawdown]
) -> list[Claim]:
    """What there is to pay, as `accounts.open_books` has it: the principal that no instalment speaks of is due at
    maturity, or with the last instalment."""
    found = [
        Claim(str(i.number), i.due_on, i.fee_due, i.interest_due, i.principal_due, i.annual_rate) for i in instalments
    ]
    lent = sum((drawdown.amount for drawdown in drawdowns), ZERO) if drawdowns else loan.principal
    rest = lent - sum((i.principal_due for i in instalments), ZERO)
    if rest > ZERO:
        due_on = max([loan.matures_on, *(i.due_on for i in instalments)])
        found.append(Claim(REST, due_on, ZERO, ZERO, rest))
    found += [Claim(CHARGE + charge.charge_no, charge.due_on, charge.amount, ZERO, ZERO) for charge in charges]
    return in_order(found)
