"""Changing the schedule of a loan that runs: for an extension, a rescheduling, an early repayment.

Principal that an instalment was paid stays with it; what is not paid of those that are replaced goes into new
ones, in one transaction with the change of the loan's terms. What the claims become is worked out first, on plain
values, so that it can be shown before it is entered.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NotRequired, TypedDict, Unpack

from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from postloan.book import accounts
from postloan.book.engine import Writer
from postloan.book.standings import CHARGE, REST
from postloan.book.tables import AuditEvent, Charge, Drawdown, Extension, Instalment, Loan, Repayment
from postloan.calendar import ONE_DAY
from postloan.policy import PolicyFile
from postloan.rules.allocation import Claim, Owed
from postloan.rules.interest import cents, interest, year_fraction
from postloan.rules.position import ZERO
from postloan.rules.schedule import Planned


@dataclass(frozen=True)
class Replaced:
    """What a change of schedule takes from the old one.

    Attributes:
        principal: unpaid principal of the claims that are replaced.
        interest_from: the day from which the new schedule bears interest: until then the old one charged it.
        interest_paid: what was paid of interest that the old schedule charges after that. It pays the new one.
        besides: interest since then that the unpaid principal does not tell, exact: that on principal which fell due
            meanwhile with no interest of its own, less that on what was not drawn yet.
    """

    principal: Decimal
    interest_from: date
    interest_paid: Decimal
    besides: Fraction

    def accrued(self, loan: Loan, day: date) -> Decimal:
        """The interest that ran until a day (not counted) on all of it, half up to the cent."""
        return cents(Fraction(self.principal) * self.growth(loan, day))

    def growth(self, loan: Loan, day: date) -> Fraction:
        """The interest that ran until a day on each 1 of the principal, which all bears its part of what is besides."""
        first = min(self.interest_from, day)
        ran = Fraction(loan.annual_rate) / 100 * year_fraction(first, day, loan.day_count)
        return max(ran + self.share(Decimal(1)), Fraction(0))

    def share(self, principal: Decimal) -> Fraction:
        """The part of principal in the interest besides."""
        return self.besides * Fraction(principal) / Fraction(self.principal) if self.principal else Fraction(0)


def replaced(session: Session, file: PolicyFile, loan: Loan, from_day: date, as_of: date | None = None) -> Replaced:
    """What a new schedule would replace: everything due on `from_day` or later, as far as it is unpaid at the end
    of `as_of`, or of the day before."""
    books = accounts.open_books(session, file, [loan])[loan.loan_no]
    agreed = {claim.number: claim.interest for claim in books.claims}
    account = accounts.account(session, file, loan, as_of or from_day - ONE_DAY)
    later = [owed for owed in account.owed if owed.due_on >= from_day]
    principal = sum((owed.principal for owed in later), ZERO)
    rows = _instalments(session, loan)
    first = _interest_from(session, loan, rows, from_day)
    return Replaced(
        principal=principal,
        interest_from=first,
        interest_paid=sum((agreed[owed.number] - owed.interest for owed in later), ZERO),
        besides=_besides(session, loan, rows, principal, first, from_day - ONE_DAY),
    )


def _instalments(session: Session, loan: Loan) -> Sequence[Instalment]:
    return session.exec(select(Instalment).where(Instalment.loan_no == loan.loan_no)).all()


def _paid_early(row: Instalment) -> bool:
    """Entered on its own due date: an early repayment, which pays interest on what it repays only."""
    return row.entered_on == row.due_on


def _interest_from(session: Session, loan: Loan, rows: Sequence[Instalment], before: date) -> date:
    """The last day until which interest on all principal was charged: not that of an instalment of principal alone,
    unless the schedule knows no interest at all."""
    rows = [row for row in rows if not _paid_early(row)]
    begun = [row.due_on for row in [row for row in rows if row.interest_due] or rows]
    for found in session.exec(
        select(Extension).where(Extension.loan_no == loan.loan_no, Extension.state == "in_force")
    ):
        if found.variant == "extension":
            begun.append(found.maturity_before)
        elif found.variant == "rescheduling" and found.in_force_on is not None:
            begun.append(found.in_force_on)
    return max([loan.disbursed_on, *(day for day in begun if day < before)])


def _besides(
    session: Session, loan: Loan, rows: Sequence[Instalment], principal: Decimal, first: date, last: date
) -> Fraction:
    """`Replaced.besides` of the days from `first` to `last`. What was repaid early meanwhile bore its part of it."""
    if not principal:
        return Fraction(0)
    rows = [row for row in rows if first < row.due_on <= last]
    ran = [(row.due_on, row.principal_due) for row in rows if not row.interest_due and not _paid_early(row)]
    draws = session.exec(select(Drawdown).where(Drawdown.loan_no == loan.loan_no, Drawdown.drawn_on > first))
    ran += [(min(draw.drawn_on, last), -draw.amount) for draw in draws]
    found = Fraction(0)
    for until, amount in ran:
        early = sum((row.principal_due for row in rows if _paid_early(row) and row.due_on >= until), ZERO)
        part = Fraction(principal) / Fraction(principal + early)
        found += part * Fraction(amount) * year_fraction(first, until, loan.day_count)
    return found * Fraction(loan.annual_rate) / 100


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


def replace(writer: Writer, file: PolicyFile, loan: Loan, receipt_no: str = "", **change: Unpack[Change]) -> None:
    """Enter a change of the schedule, and for which early receipt. Raises ValueError as `changed` does."""
    session, day = writer.session, change["day"]
    claims = changed(session, file, loan, **change)
    rows = {str(row.number): row for row in _instalments(session, loan)}
    because = {"receipt_no": receipt_no} if receipt_no else {}
    for claim in claims:
        if claim.number.startswith(CHARGE):
            charge = session.get_one(Charge, claim.number.removeprefix(CHARGE))
            _enter(writer, charge, {"charge_no": charge.charge_no} | because, {"due_on": claim.due_on})
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
            _enter(writer, row, {"number": number} | because, terms | {"annual_rate": claim.annual_rate})
    session.flush()


def put_back(writer: Writer, loan: Loan, receipt_no: str) -> None:
    """PAY-1: an early receipt bounced: what its schedule took the place of stands again, as the audit trail has it.
    Where another change followed nothing is put back: what the receipt made due stays due."""
    for row, before in _to_put_back(writer.session, loan, receipt_no):
        key = {"number": row.number} if isinstance(row, Instalment) else {"charge_no": row.charge_no}
        _enter(writer, row, key, before)
    writer.session.flush()


def as_put_back(session: Session, loan: Loan, receipt_no: str, claims: Sequence[Claim]) -> list[Claim]:
    """The claims as `put_back` would leave them, in the order in which receipts cover them."""
    found = {claim.number: claim for claim in claims if claim.number != REST}
    changes = _to_put_back(session, loan, receipt_no)
    if not changes:
        return list(claims)
    for row, before in changes:
        number = str(row.number) if isinstance(row, Instalment) else CHARGE + row.charge_no
        found[number] = dataclasses.replace(found[number], **{CLAIMED.get(name, name): v for name, v in before.items()})
    planned = [claim for claim in found.values() if not claim.number.startswith(CHARGE)]
    rest = sum((claim.principal for claim in claims), ZERO) - sum((claim.principal for claim in planned), ZERO)
    if rest > ZERO:
        due_on = max([loan.matures_on, *(claim.due_on for claim in planned)])
        found[REST] = Claim(REST, due_on, ZERO, ZERO, rest)
    return accounts.in_order(found.values())


# What of an instalment's terms a claim names otherwise.
CLAIMED = {"principal_due": "principal", "interest_due": "interest"}


def _to_put_back(session: Session, loan: Loan, receipt_no: str) -> list[tuple[Instalment | Charge, dict[str, Any]]]:
    """The rows that an early receipt changed, each with the terms that it had before; none where one of them, or the
    schedule, was changed again since."""
    receipt = session.get_one(Repayment, receipt_no)
    if any(row.entered_on and row.entered_on > receipt.paid_on for row in _instalments(session, loan)):
        return []
    found = []
    for told in _changes_for(session, loan.loan_no, receipt_no):
        row: Instalment | Charge | None = (
            session.get(Instalment, (loan.loan_no, told["number"]))
            if "number" in told
            else session.get(Charge, told["charge_no"])
        )
        if row is None or any(getattr(row, name) != _value(name, value) for name, value in told["after"].items()):
            return []
        found.append((row, {name: _value(name, value) for name, value in told["before"].items()}))
    return found


def bounced(session: Session, loan_nos: Collection[str]) -> list[tuple[str, str]]:
    """(loan_no, receipt_no) of the receipts of these loans that are undone and may have changed the schedule."""
    reversal, undone = aliased(Repayment), aliased(Repayment)
    changed = exists().where(col(Instalment.loan_no) == undone.loan_no, col(Instalment.entered_on) == undone.paid_on)
    query = select(undone.loan_no, undone.receipt_no).join(reversal, col(reversal.reverses) == undone.receipt_no)
    return list(session.exec(query.where(col(undone.loan_no).in_(loan_nos), changed)).all())


def _changes_for(session: Session, loan_no: str, receipt_no: str) -> list[dict[str, Any]]:
    """What an early receipt changed, as the audit trail has it."""
    query = (
        select(AuditEvent.data)
        .where(AuditEvent.loan_no == loan_no, col(AuditEvent.event).in_(("instalment.changed", "charge.changed")))
        .order_by(col(AuditEvent.seq))
    )
    found = [json.loads(data) for data in session.exec(query)]
    return [told for told in found if told.get("receipt_no") == receipt_no]


def _value(name: str, told: str | None) -> date | Decimal | None:
    """A value of the audit trail as the row has it."""
    if told is None:
        return None
    return date.fromisoformat(told) if name == "due_on" else Decimal(told)


def _enter(writer: Writer, row: Instalment | Charge | Loan, key: dict[str, Any], terms: dict[str, Any]) -> None:
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
    _enter(writer, loan, {}, terms)
    writer.session.flush()
