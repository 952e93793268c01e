"""PAY-1: what each receipt pays, and what is owed after it; penalty interest on what is past due.

Everything is computed by replaying the receipts over the claims, so that a reversed receipt leaves no
trace in what is owed from the day of its reversal on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from postloan.rules.interest import DAY_COUNTS, cents, year_fraction

ZERO = Decimal("0.00")
PARTS = ("fee", "penalty", "interest", "principal")
EXCESS = "excess"


@dataclass(frozen=True)
class Claim:
    """An instalment or a charge as agreed: all of it is due at the end of `due_on`. `annual_rate` is the rate
    that its penalty is reckoned from, in percent; None: the contract's."""

    number: str
    due_on: date
    fee: Decimal
    interest: Decimal
    principal: Decimal
    annual_rate: Decimal | None = None


@dataclass(frozen=True)
class Receipt:
    """Money that came in on `paid_on`; with `reverses` the undoing of that receipt (`amount` is not read)."""

    receipt_no: str
    paid_on: date
    amount: Decimal
    reverses: str = ""


def _same_day(due_on: date) -> date:
    return due_on


@dataclass(frozen=True)
class Terms:
    """How the contract allocates receipts and charges penalties (PAY-1, PAY-2).

    Attributes:
        annual_rate: the contract rate, percent per year.
        surcharge: percent on top of the contract rate, on what is past due; None: no penalty at all.
        compound: penalty on unpaid interest as well as on unpaid principal.
        order: the parts of a claim in the order in which they are paid, a permutation of PARTS.
        non_performing_order: the same for a non-performing loan, part by part over all due claims.
        non_performing_days: with more days past due than this a loan is non-performing.
        early: receipts may be applied to what is not due yet (ENT-1: without consent they may not).
        last_day_in_time: from a due date the last day on which paying is not late (PAY-2). What is paid
            by then bears no penalty; what is not bears it from the due date.

    Raises ValueError for an order that is no permutation of PARTS, and an unknown day count.
    """

    annual_rate: Decimal
    day_count: str
    surcharge: Decimal | None
    compound: bool
    order: tuple[str, ...]
    non_performing_order: tuple[str, ...]
    non_performing_days: int
    early: bool = True
    last_day_in_time: Callable[[date], date] = _same_day

    def __post_init__(self) -> None:
        for order in (self.order, self.non_performing_order):
            if sorted(order) != sorted(PARTS):
                raise ValueError(f"an order names each of {', '.join(PARTS)} once, not {', '.join(order)}")
        if self.day_count not in DAY_COUNTS:
            raise ValueError(f"day count {self.day_count!r} is not known; use one of {', '.join(DAY_COUNTS)}")

    def penalty_rate(self, annual_rate: Decimal | None = None) -> Fraction:
        """The contract rate, or another one, with the surcharge, as a part of one; nothing without a surcharge."""
        if self.surcharge is None:
            return Fraction(0)
        rate = self.annual_rate if annual_rate is None else annual_rate
        return Fraction(rate) / 100 * (1 + Fraction(self.surcharge) / 100)


@dataclass(frozen=True)
class Entry:
    """What one event changed in one part of one claim.

    Attributes:
        on: day of the event.
        claim: the claim's number; "" with part "excess" for money that nothing is owed for (yet).
        due_on: the claim's due date; for the excess the day of the event.
        receipt_no: the receipt that the money came with, or the reversal.
        charged: penalty charged by the event; negative if a reversal takes it back.
        paid: what the part was paid; negative if taken back.
    """

    on: date
    claim: str
    due_on: date
    part: str
    receipt_no: str
    charged: Decimal
    paid: Decimal


@dataclass(frozen=True)
class Owed:
    """What of a claim is unpaid at the end of the day, penalty accrued up to that day included."""

    number: str
    due_on: date
    fee: Decimal
    penalty: Decimal
    interest: Decimal
    principal: Decimal

    @property
    def total(self) -> Decimal:
        """All parts together."""
        return self.fee + self.penalty + self.interest + self.principal


@dataclass(frozen=True)
class Account:
    """A loan at the end of `as_of`.

    Attributes:
        owed: every claim in due order; paid ones with zeros.
        excess: money received that nothing is owed for (yet).
        days_past_due: calendar days since the oldest claim that is not wholly paid fell due; 0 if none is.
        paid: what was paid so far, by part.
    """

    as_of: date
    owed: tuple[Owed, ...]
    excess: Decimal
    days_past_due: int
    paid: Mapping[str, Decimal]

    @property
    def principal_outstanding(self) -> Decimal:
        """Unpaid principal, due or not."""
        return sum((owed.principal for owed in self.owed), ZERO)

    @property
    def overdue(self) -> Decimal:
        """What fell due before `as_of` and is unpaid, penalties included."""
        return sum((owed.total for owed in self.owed if owed.due_on < self.as_of), ZERO)

    @property
    def settled(self) -> bool:
        """Whether nothing is owed, due or not."""
        return not any(owed.total for owed in self.owed)


def account(terms: Terms, claims: Iterable[Claim], receipts: Iterable[Receipt], as_of: date) -> Account:
    """PAY-1: what is owed and paid at the end of `as_of`, receipts and reversals of that day included.

    Receipts count in the order of (paid_on, receipt_no). While the loan is performing they pay the
    oldest due claim first and within it the parts in `order`. Money that is held because of
    `early=False` pays at the end of the due dates that follow, after the receipts of those days.

    Penalty is simple: unpaid principal (and interest, if compound) × contract rate × (1 + surcharge)
    × days from the due date (counted) to the day (not counted). It accrues exactly; what is charged by
    a day is the accrual up to it, rounded half up to the cent.

    Raises ValueError for numbers given twice, amounts below zero, receipts of nothing, and reversals
    of receipts that are unknown, reversed already or reversals themselves.
    """
    claims, receipts = _checked(claims, receipts)
    events = _events(claims, receipts, as_of)
    ledger = _replay(terms, claims, events, {r.reverses for _, r in events if r})
    ledger.charge(as_of)
    return ledger.account(as_of)


def journal(
    terms: Terms, claims: Iterable[Claim], receipts: Iterable[Receipt], until: date | None = None
) -> list[Entry]:
    """PAY-1: the changes that receipts, reversals and due dates (of held money) made, in their order.

    The sums up to the end of a day are the paid parts and the excess of `account` on that day, and
    together the receipts in force on it. `charged` is as of the last event; `account` accrues beyond it.
    A reversal's entries are the differences to the account as if the receipt had never come.

    Args:
        until: last day, inclusive; None for all that follows from the receipts, on due dates to come too.

    Raises ValueError as `account` does.
    """
    claims, receipts = _checked(claims, receipts)
    events = _events(claims, receipts, until)
    ledger = _Ledger(terms, claims)
    void: set[str] = set()
    entries: list[Entry] = []
    for position, (day, receipt) in enumerate(events):
        if receipt and receipt.reverses:
            void.add(receipt.reverses)
            replayed = _replay(terms, claims, events[:position], void)
            replayed.charge(day)
            entries += ledger.difference(replayed, day, receipt.receipt_no)
            ledger = replayed
        else:
            ledger.take(day, receipt, void)
            entries += ledger.entries(day)
    return entries


# ------------------------------------------------------------------------------------------- the replay

Event = tuple[date, Receipt | None]


def _checked(claims: Iterable[Claim], receipts: Iterable[Receipt]) -> tuple[list[Claim], list[Receipt]]:
    claims, receipts = list(claims), list(receipts)
    for kind, numbers in (("claim", [c.number for c in claims]), ("receipt", [r.receipt_no for r in receipts])):
        if len(set(numbers)) < len(numbers):
            twice = next(number for number in numbers if numbers.count(number) > 1)
            raise ValueError(f"{kind} {twice} is there twice")
    for claim in claims:
        if min(claim.fee, claim.interest, claim.principal) < 0:
            raise ValueError(f"claim {claim.number} has an amount below zero")
    reversible = {r.receipt_no for r in receipts if not r.reverses}
    for receipt in receipts:
        if not receipt.reverses and receipt.amount <= 0:
            raise ValueError(f"receipt {receipt.receipt_no} must be of more than {receipt.amount}")
        if receipt.reverses and receipt.reverses not in reversible:
            raise ValueError(
                f"{receipt.receipt_no} reverses {receipt.reverses}, "
                "which is no receipt of this loan, is reversed already or is a reversal itself"
            )
        reversible.discard(receipt.reverses)
    return claims, receipts


def _events(claims: list[Claim], receipts: list[Receipt], until: date | None) -> list[Event]:
    """Receipts in their order and, after the receipts of its day, each due date; none after `until`."""
    events: list[Event] = [(receipt.paid_on, receipt) for receipt in receipts]
    events += [(due_on, None) for due_on in {claim.due_on for claim in claims}]
    within = (event for event in events if until is None or event[0] <= until)
    return sorted(within, key=lambda event: (event[0], event[1] is None, event[1].receipt_no if event[1] else ""))


def _replay(terms: Terms, claims: list[Claim], events: list[Event], void: Collection[str]) -> _Ledger:
    ledger = _Ledger(terms, claims)
    for day, receipt in events:
        ledger.take(day, receipt, void)
    return ledger


class _Line:
    """A claim in the course of a replay: what of each part is unpaid, and the penalty it bears."""

    def __init__(self, claim: Claim, terms: Terms) -> None:
        self.claim, self._terms = claim, terms
        self.unpaid = {"fee": claim.fee, "penalty": ZERO, "interest": claim.interest, "principal": claim.principal}
        self.charged = ZERO
        self._accrued = self._years = Fraction(0)

    @property
    def settled(self) -> bool:
        return not any(self.unpaid.values())

    @cached_property
    def _last_day_in_time(self) -> date:
        return self._terms.last_day_in_time(self.claim.due_on)

    @cached_property
    def _penalty_rate(self) -> Fraction:
        return self._terms.penalty_rate(self.claim.annual_rate)

    def paid(self, part: str) -> Decimal:
        return (self.charged if part == "penalty" else getattr(self.claim, part)) - self.unpaid[part]

    def charge(self, day: date) -> Decimal:
        """Charges the penalty up to `day`, a day after the due date, and returns what that adds."""
        base = self.unpaid["principal"] + (self.unpaid["interest"] if self._terms.compound else ZERO)
        if not base or not self._penalty_rate or day <= self._last_day_in_time:
            return ZERO
        # Measured from the due date each time, for 30/360 does not add up over parts of a period.
        years = year_fraction(self.claim.due_on, day, self._terms.day_count)
        self._accrued += Fraction(base) * self._penalty_rate * (years - self._years)
        self._years = years
        added = cents(self._accrued) - self.charged
        self.charged += added
        self.unpaid["penalty"] += added
        return added


class _Ledger:
    """All claims in the course of a replay, the money held, and the changes since `entries` was called."""

    def __init__(self, terms: Terms, claims: list[Claim]) -> None:
        self._terms = terms
        self._lines = [_Line(claim, terms) for claim in sorted(claims, key=lambda c: c.due_on)]
        self._first_open = 0
        self._held: deque[tuple[str, Decimal]] = deque()
        self._changes: dict[tuple[_Line | None, str, str], list[Decimal]] = {}

    def take(self, day: date, receipt: Receipt | None, void: Collection[str]) -> None:
        """A receipt that is not void, or (None) the end of a due date."""
        if receipt is None:
            self._apply_held(day)
        elif not receipt.reverses and receipt.receipt_no not in void:
            self._receive(receipt)

    def charge(self, day: date, receipt_no: str = "") -> None:
        """Charges all penalties up to `day`."""
        for line in self._open():
            if line.claim.due_on >= day:
                break
            self._note(line, "penalty", receipt_no, charged=line.charge(day))

    def _receive(self, receipt: Receipt) -> None:
        day, left = receipt.paid_on, receipt.amount
        self.charge(day, receipt.receipt_no)
        if self._days_past_due(day) > self._terms.non_performing_days:
            order = self._terms.non_performing_order
            due = ((line, part) for part in order for line in self._open() if line.claim.due_on <= day)
            left = self._pay(due, receipt.receipt_no, left)
        left = self._pay(self._in_order(day), receipt.receipt_no, left)
        if left:
            self._held.append((receipt.receipt_no, left))
            self._note(None, EXCESS, receipt.receipt_no, paid=left)

    def _apply_held(self, day: date) -> None:
        left = ZERO
        while self._held and not left:
            receipt_no, amount = self._held.popleft()
            left = self._pay(self._in_order(day), receipt_no, amount)
            self._note(None, EXCESS, receipt_no, paid=left - amount)
            if left:
                self._held.appendleft((receipt_no, left))

    def _in_order(self, day: date) -> Iterator[tuple[_Line, str]]:
        for line in self._open():
            if not self._terms.early and line.claim.due_on > day:
                break
            yield from ((line, part) for part in self._terms.order)

    def _pay(self, targets: Iterable[tuple[_Line, str]], receipt_no: str, left: Decimal) -> Decimal:
        for line, part in targets:
            paid = min(left, line.unpaid[part])
            line.unpaid[part] -= paid
            left -= paid
            self._note(line, part, receipt_no, paid=paid)
            if not left:
                break
        return left

    def _note(
        self, line: _Line | None, part: str, receipt_no: str, *, charged: Decimal = ZERO, paid: Decimal = ZERO
    ) -> None:
        change = self._changes.setdefault((line, part, receipt_no), [ZERO, ZERO])
        change[0] += charged
        change[1] += paid

    def _open(self) -> Iterator[_Line]:
        """The lines of which anything is unpaid, oldest due first."""
        while self._first_open < len(self._lines) and self._lines[self._first_open].settled:
            self._first_open += 1
        return (line for line in self._lines[self._first_open :] if not line.settled)

    def _days_past_due(self, day: date) -> int:
        oldest = next(self._open(), None)
        return max((day - oldest.claim.due_on).days, 0) if oldest else 0

    @property
    def _excess(self) -> Decimal:
        return sum((amount for _, amount in self._held), ZERO)

    def entries(self, day: date) -> list[Entry]:
        """The changes since the last call."""
        changes, self._changes = self._changes, {}
        return [_entry(day, *key, *change) for key, change in changes.items() if any(change)]

    def difference(self, other: _Ledger, day: date, receipt_no: str) -> list[Entry]:
        """The changes that lead from here to `other`, whose own changes are forgotten."""
        self._changes, other._changes = {}, {}
        for old, new in zip(self._lines, other._lines, strict=True):
            self._note(new, "penalty", receipt_no, charged=new.charged - old.charged)
            for part in self._terms.order:
                self._note(new, part, receipt_no, paid=new.paid(part) - old.paid(part))
        self._note(None, EXCESS, receipt_no, paid=other._excess - self._excess)
        return self.entries(day)

    def account(self, as_of: date) -> Account:
        """The state as an account; call `charge` first."""
        owed = tuple(Owed(line.claim.number, line.claim.due_on, **line.unpaid) for line in self._lines)
        paid = {part: sum((line.paid(part) for line in self._lines), ZERO) for part in PARTS}
        return Account(as_of, owed, self._excess, self._days_past_due(as_of), paid)


def _entry(day: date, line: _Line | None, part: str, receipt_no: str, charged: Decimal, paid: Decimal) -> Entry:
    number, due_on = (line.claim.number, line.claim.due_on) if line else ("", day)
    return Entry(day, number, due_on, part, receipt_no, charged, paid)
