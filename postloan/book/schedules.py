"""Changing the schedule of a loan that runs: for an extension, a rescheduling, an early repayment.

Principal that an instalment was paid stays with it; what is not paid of those that are replaced goes into new
ones, in one transaction with the change of the loan's terms. What the claims become is worked out first, on plain
values, so that it can be shown before it is entered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NotRequired, TypedDict, Unpack

from sqlmodel import Session, select

from postloan.book import accounts
from postloan.book.engine import Writer
from postloan.book.standings import CHARGE, REST
from postloan.book.tables import Charge, Extension, Instalment, Loan
from postloan.calendar import ONE_DAY
from postloan.policy import PolicyFile
from postloan.rules.allocation import Claim, Owed
from postloan.rules.interest import interest
from postloan.rules.position import ZERO
from postloan.rules.schedule import Planned


@dataclass(frozen=True)
class Replaced:
    """What a change of schedule takes from the old one.

    Attributes:
        principal: unpaid principal of the claims that are replaced.
        interest_from: the day from which the new schedule bears interest: until then the old one charged it.
        interest_paid: what was paid of interest that the old schedule charges after that. It pays the new one.
    """

    principal: Decimal
    interest_from: date
    interest_paid: Decimal


def replaced(session: Session, file: PolicyFile, loan: Loan, from_day: date, as_of: date | None = None) -> Replaced:
    """What a new schedule would replace: everything due on `from_day` or later, as far as it is unpaid at the end
    of `as_of`, or of the day before."""
    books = accounts.open_books(session, file, [loan])[loan.loan_no]
    agreed = {claim.number: claim.interest for claim in books.claims}
    account = accounts.account(session, file, loan, as_of or from_day - ONE_DAY)
    later = [owed for owed in account.owed if owed.due_on >= from_day]
    return Replaced(
        principal=sum((owed.principal for owed in later), ZERO),
        interest_from=_interest_from(session, loan, from_day),
        interest_paid=sum((agreed[owed.number] - owed.interest for owed in later), ZERO),
    )


def _interest_from(session: Session, loan: Loan, before: date) -> date:
    """The last day until which interest on all principal was charged. An instalment that was entered on its own
    due date is none such: an early repayment pays interest on what it repays only."""
    rows = session.exec(select(Instalment).where(Instalment.loan_no == loan.loan_no, Instalment.due_on < before))
    begun = [row.due_on for row in rows if row.entered_on != row.due_on]
    for found in session.exec(
        select(Extension).where(Extension.loan_no == loan.loan_no, Extension.state == "in_force")
    ):
        if found.variant == "extension":
            begun.append(found.maturity_before)
        elif found.variant == "rescheduling" and found.in_force_on is not None:
            begun.append(found.in_force_on)
    return max([loan.disbursed_on, *(day for day in begun if day < before)])


class Change(TypedDict):
    """New instalments in the place of unpaid principal that was due on `from_day` or later, latest first.

    Principal that was paid ahead of its time counts as due on the day of the change, so that nothing else that is
    due by then takes its money.

    Attributes:
        amount: principal that moves, in the loan's currency; that of `planned`.
        annual_rate: percent per year; penalty interest on what stays is reckoned from the old one.
        day: on which the change is entered, as the receipts by then leave the account.
        interest_kept_until: interest that was due by then stays due; what was due later is dropped, as the new
            schedule bears it, and what was paid of it pays that. Principal that stays bears interest from then on.
        settles: whatever is not due yet counts as due on the day, fees and advances as well.
    """

    from_day: date
    amount: Decimal
    planned: Sequence[Planned]
    annual_rate: Decimal
    day: date
    interest_kept_until: date
    settles: NotRequired[bool]


def changed(session: Session, file: PolicyFile, loan: Loan, **change: Unpack[Change]) -> list[Claim]:
    """The claims as a change would leave them, in the order in which receipts cover them.

    Raises ValueError where less than `amount` is unpaid, or `planned` is another sum.
    """
    claims = accounts.open_books(session, file, [loan])[loan.loan_no].claims
    owed = {one.number: one for one in accounts.account(session, file, loan, change["day"]).owed}
    amount = change["amount"]
    there = sum((owed[c.number].principal for c in claims if c.due_on >= change["from_day"]), ZERO)
    if sum((p.principal for p in change["planned"]), ZERO) != amount or there < amount:
        raise ValueError(f"loan {loan.loan_no}: {amount} cannot be moved to the new schedule")
    return _changed(loan, claims, owed, change)


def _changed(loan: Loan, claims: Sequence[Claim], owed: Mapping[str, Owed], change: Change) -> list[Claim]:
    rate = loan.annual_rate if change["annual_rate"] != loan.annual_rate else None
    number = max((int(c.number) for c in claims if c.number.isdigit()), default=0) + 1
    moving, ahead = change["amount"], ZERO
    kept: list[Claim] = []
    stays: dict[str, Decimal] = {}  # of principal on which the interest that was due later is dropped
    for claim in reversed(claims):
        if claim.number.startswith(CHARGE):
            kept.append(claim)
            continue
        claim = dataclasses.replace(claim, annual_rate=rate if claim.annual_rate is None else claim.annual_rate)
        if claim.due_on >= change["from_day"]:
            part = min(owed[claim.number].principal, moving)
            moving -= part
            principal, left = claim.principal - part, owed[claim.number].principal - part
            if claim.due_on > change["day"]:
                ahead, principal = ahead + principal - left, left
            claim = dataclasses.replace(claim, principal=principal)
            if claim.due_on > change["interest_kept_until"]:
                claim = dataclasses.replace(claim, interest=ZERO)
                stays[claim.number] = left
            if claim.number == REST:
                if not claim.principal:
                    continue
                # What no instalment spoke of and does not move stays due when it was, wherever the maturity goes.
                claim, stays[str(number)] = dataclasses.replace(claim, number=str(number)), stays.pop(REST, ZERO)
                number += 1
        kept.append(claim)
    kept = _with_interest(loan, accounts.in_order(kept), stays, change["interest_kept_until"])
    if ahead:
        kept.append(Claim(str(number), change["day"], ZERO, ZERO, ahead, rate))
        number += 1
    if change.get("settles"):
        kept = [
            dataclasses.replace(claim, due_on=min(claim.due_on, change["day"])) if claim.fee else claim
            for claim in kept
        ]
    new = [Claim(str(n), p.due_on, ZERO, p.interest, p.principal) for n, p in enumerate(change["planned"], number)]
    return accounts.in_order([*kept, *new])


def _with_interest(loan: Loan, claims: list[Claim], stays: Mapping[str, Decimal], first: date) -> list[Claim]:
    """Principal that stays bears the old interest from `first` on, as it is outstanding."""
    balance, found = sum(stays.values(), ZERO), []
    for claim in claims:
        if balance and claim.number in stays and claim.due_on > first:
            due = interest(balance, loan.annual_rate, first, claim.due_on, loan.day_count)
            claim = dataclasses.replace(claim, interest=due)
            balance, first = balance - stays[claim.number], claim.due_on
        found.append(claim)
    return found


def replace(writer: Writer, file: PolicyFile, loan: Loan, **change: Unpack[Change]) -> None:
    """Enter a change of the schedule. Raises ValueError as `changed` does."""
    session, day = writer.session, change["day"]
    claims = changed(session, file, loan, **change)
    rows = {str(row.number): row for row in session.exec(select(Instalment).where(Instalment.loan_no == loan.loan_no))}
    for claim in claims:
        if claim.number.startswith(CHARGE):
            charge = session.get_one(Charge, claim.number.removeprefix(CHARGE))
            _enter(writer, charge, {"charge_no": charge.charge_no}, {"due_on": claim.due_on})
        elif claim.number != REST:
            number, due_on = int(claim.number), claim.due_on
            row = rows.get(claim.number) or Instalment(
                loan_no=loan.loan_no,
                number=number,
                due_on=due_on,
                principal_due=ZERO,
                interest_due=ZERO,
                entered_on=day,
            )
            terms = {"due_on": due_on, "principal_due": claim.principal, "interest_due": claim.interest}
            _enter(writer, row, {"number": number}, terms | {"annual_rate": claim.annual_rate})
    session.flush()


def _enter(writer: Writer, row: Instalment | Charge, key: dict[str, Any], terms: dict[str, Any]) -> None:
    """Give a row terms, and say on the audit trail what changed."""
    differing = {name: value for name, value in terms.items() if getattr(row, name) != value}
    before = {name: getattr(row, name) for name in differing}
    for name, value in differing.items():
        setattr(row, name, value)
    writer.session.add(row)
    if differing:
        event = f"{row.__tablename__}.changed"
        writer.record(event, loan_no=row.loan_no, before=before, after=differing, **key)


def change_terms(writer: Writer, loan: Loan, **terms: object) -> None:
    """Change terms of a loan, and say so on the audit trail."""
    changed = {name: value for name, value in terms.items() if getattr(loan, name) != value}
    if not changed:
        return
    before = {name: getattr(loan, name) for name in changed}
    for name, value in changed.items():
        setattr(loan, name, value)
    writer.session.add(loan)
    writer.session.flush()
    writer.record("loan.changed", loan_no=loan.loan_no, before=before, after=changed)
