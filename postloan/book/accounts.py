"""What is owed on a loan and what its receipts paid, to the cent (PAY-1).

As long as receipts simply cover the schedule in order, they need no bookkeeping: `standings` adds them up, for
the whole book at once. Where that is not exact (penalty interest was charged, there are charges, the loan was
non-performing when a receipt came, money was held), `rules.allocation` replays them, and what it
finds is kept as the loan's journal, which every figure is then read from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from postloan.book.standings import AFTER_INSTALMENTS, CHARGE, REST
from postloan.book.tables import AccountEntry, Charge, Drawdown, Instalment, Loan, Position, Repayment
from postloan.errors import PostloanError
from postloan.policy import PolicyFile
from postloan.rules import allocation
from postloan.rules.allocation import Account, Claim, Receipt, Terms
from postloan.rules.position import ZERO, Due, covered

AT_ONCE = 500  # loans whose accounts are worked out together


# ------------------------------------------------------------------------------- as the book has it


@dataclass(frozen=True)
class Owing:
    """A claim at the end of a day: `amount` as agreed, of it `principal`; `charged` is penalty interest so far;
    `paid` of all that, `principal_paid` of the principal."""

    claim: str
    due_on: date
    amount: Decimal
    principal: Decimal
    charged: Decimal
    paid: Decimal
    principal_paid: Decimal

    @property
    def unpaid(self) -> Decimal:
        return self.amount + self.charged - self.paid


def owing(session: Session, loan: Loan, as_of: date) -> list[Owing]:
    """Every claim of a loan at the end of a day, in the order in which receipts cover them; penalty interest
    as of the last receipt."""
    claims = _claims(session, [loan])[loan.loan_no]
    journal = entries(session, loan.loan_no)
    if not journal:
        dues = [Due(c.due_on, c.fee + c.interest + c.principal, c.principal) for c in claims]
        parts = covered(dues, received(session, loan.loan_no, as_of))
        return [
            Owing(c.number, c.due_on, d.amount, c.principal, ZERO, paid, principal)
            for c, d, (paid, principal) in zip(claims, dues, parts, strict=True)
        ]
    charged, paid, principal = (defaultdict[str, Decimal](lambda: ZERO) for _ in range(3))
    for entry in journal:
        if entry.entered_on <= as_of:
            charged[entry.claim] += entry.charged
            paid[entry.claim] += entry.paid
            principal[entry.claim] += entry.paid if entry.part == "principal" else ZERO
    return [
        Owing(
            c.number,
            c.due_on,
            c.fee + c.interest + c.principal,
            c.principal,
            charged[c.number],
            paid[c.number],
            principal[c.number],
        )
        for c in claims
    ]


def entries(session: Session, loan_no: str) -> Sequence[AccountEntry]:
    """A loan's journal, in order; empty where receipts simply cover the schedule."""
    query = select(AccountEntry).where(AccountEntry.loan_no == loan_no).order_by(col(AccountEntry.number))
    return session.exec(query).all()


def received(session: Session, loan_no: str, as_of: date) -> Decimal:
    """What came in by the end of a day, without the receipts that were reversed by then."""
    receipts = session.exec(select(Repayment).where(Repayment.loan_no == loan_no, Repayment.paid_on <= as_of)).all()
    undone = {r.reverses for r in receipts if r.reverses}
    return sum((r.amount for r in receipts if r.reverses is None and r.receipt_no not in undone), ZERO)


# -------------------------------------------------------------------------------------- worked out


@dataclass(frozen=True)
class Books:
    """What a loan's account is worked out from."""

    terms: Terms
    claims: list[Claim]
    receipts: list[Receipt]

    def in_force(self, as_of: date) -> list[Receipt]:
        """The receipts that count at the end of a day, in order: none that was reversed by then."""
        by_then = [r for r in self.receipts if r.paid_on <= as_of]
        undone = {r.reverses for r in by_then if r.reverses}
        kept = [r for r in by_then if not r.reverses and r.receipt_no not in undone]
        return sorted(kept, key=lambda r: (r.paid_on, r.receipt_no))


def account(session: Session, file: PolicyFile, loan: Loan, as_of: date) -> Account:
    """PAY-1: what is owed and paid at the end of a day, penalty interest accrued to that day included."""
    books = open_books(session, file, [loan])[loan.loan_no]
    return allocation.account(books.terms, books.claims, books.receipts, as_of)


def open_books(session: Session, file: PolicyFile, loans: Sequence[Loan]) -> dict[str, Books]:
    """The terms, claims and receipts of loans, by their numbers. What the contract leaves open is under the
    policy that was in force on the day of disbursement."""
    numbers = [loan.loan_no for loan in loans]
    claims, receipts = _claims(session, loans), defaultdict[str, list[Receipt]](list)
    for r in session.exec(select(Repayment).where(col(Repayment.loan_no).in_(numbers))):
        receipts[r.loan_no].append(Receipt(r.receipt_no, r.paid_on, r.amount, r.reverses or ""))
    return {
        loan.loan_no: Books(
            terms(file, loan),
            claims[loan.loan_no],
            receipts[loan.loan_no],
        )
        for loan in loans
    }


def terms(file: PolicyFile, loan: Loan) -> Terms:
    """How receipts of a loan are allocated. ENT-1: those of an entrusted loan pay nothing before its due date; an
    early repayment that was consented to makes what it repays due on its day."""
    policy = file.at(loan.disbursed_on)
    rule, calendar = policy.repayment, policy.working_days
    surcharge = loan.penalty_surcharge
    if surcharge is None and isinstance(rule.penalty_surcharge, Decimal):
        surcharge = rule.penalty_surcharge
    return Terms(
        annual_rate=loan.annual_rate,
        day_count=loan.day_count,
        surcharge=surcharge or None,
        compound=loan.compound,
        order=tuple(rule.order),
        non_performing_order=tuple(rule.non_performing_order),
        non_performing_days=rule.non_performing_days,
        early=not loan.consignor,
        last_day_in_time=(lambda day: calendar.add_working_days(day, 0))
        if rule.next_working_day_in_time
        else (lambda day: day),
    )


def kept_by_core(session: Session, loan_nos: Sequence[str], as_of: date) -> set[str]:
    """The loans whose account the core system keeps: it reports positions by a day, and the book has no receipts,
    so that nothing is known here of what was paid."""
    reported = select(Position.loan_no).where(col(Position.loan_no).in_(loan_nos), Position.as_of <= as_of)
    received = select(Repayment.loan_no).where(col(Repayment.loan_no).in_(loan_nos))
    return set(session.exec(reported.distinct())) - set(session.exec(received.distinct()))


def refresh(session: Session, file: PolicyFile, loan_nos: Iterable[str]) -> int:
    """Work the journals of these loans out anew; gives how many have one. To be called in the transaction
    that changed their receipts, charges, schedule or terms.

    Raises PostloanError naming the loan whose receipts contradict each other.
    """
    kept = 0
    everything = sorted(set(loan_nos))
    session.flush()
    for at in range(0, len(everything), AT_ONCE):
        numbers = everything[at : at + AT_ONCE]
        session.execute(delete(AccountEntry).where(col(AccountEntry.loan_no).in_(numbers)))
        loans = session.exec(select(Loan).where(col(Loan.loan_no).in_(numbers))).all()
        rows: list[dict] = []
        for loan_no, books in open_books(session, file, loans).items():
            if _in_order(books):
                continue
            try:
                found = list(_rows(loan_no, allocation.journal(books.terms, books.claims, books.receipts)))
            except ValueError as error:
                raise PostloanError(f"loan {loan_no}: its receipts cannot be allocated: {error}") from None
            kept += bool(found)
            rows += found
        if rows:
            session.execute(insert(AccountEntry), rows)
    return kept


def _rows(loan_no: str, journal: Iterable[allocation.Entry]) -> Iterator[dict]:
    for number, entry in enumerate(journal, start=1):
        yield {
            "loan_no": loan_no,
            "number": number,
            "entered_on": entry.on,
            "claim": entry.claim,
            "part": entry.part,
            "receipt_no": entry.receipt_no,
            "charged": entry.charged,
            "paid": entry.paid,
        }


def _in_order(books: Books) -> bool:
    """Whether the receipts simply cover the claims in order, so that adding them up is exact: there are no
    charges, none came so late that it mattered, none too early, none was reversed, and principal is paid last."""
    terms = books.terms
    if any(claim.number.startswith(CHARGE) for claim in books.claims):
        return False
    if any(r.reverses for r in books.receipts):
        return False
    if any(terms.order.index("principal") < terms.order.index(part) for part in ("fee", "interest")):
        return False
    so_far, until_here = ZERO, ZERO
    claims = iter(books.claims)
    claim = next(claims, None)
    for receipt in sorted(books.receipts, key=lambda r: (r.paid_on, r.receipt_no)):
        while claim is not None and until_here + _total(claim) <= so_far:
            until_here += _total(claim)
            claim = next(claims, None)
        late = (receipt.paid_on - claim.due_on).days if claim is not None else 0
        if late > 0 and (terms.surcharge is not None or late > terms.non_performing_days):
            return False
        so_far += receipt.amount
        due = sum((_total(c) for c in books.claims if c.due_on <= receipt.paid_on), ZERO) if not terms.early else so_far
        if so_far > due:
            return False
    return True


def _total(claim: Claim) -> Decimal:
    return claim.fee + claim.interest + claim.principal


def _claims(session: Session, loans: Sequence[Loan]) -> dict[str, list[Claim]]:
    """The claims of loans in the order in which receipts cover them, as `standings` has it: instalments and
    charges by due date, and the principal that no instalment speaks of at maturity or after the last of them."""
    numbers = [loan.loan_no for loan in loans]
    every: dict[str, list[Claim]] = {no: [] for no in numbers}
    planned, last = defaultdict[str, Decimal](lambda: ZERO), dict[str, date]()
    for i in session.exec(select(Instalment).where(col(Instalment.loan_no).in_(numbers))):
        every[i.loan_no].append(
            Claim(str(i.number), i.due_on, i.fee_due, i.interest_due, i.principal_due, i.annual_rate)
        )
        planned[i.loan_no] += i.principal_due
        last[i.loan_no] = max(last.get(i.loan_no, i.due_on), i.due_on)
    for c in session.exec(select(Charge).where(col(Charge.loan_no).in_(numbers))):
        every[c.loan_no].append(Claim(CHARGE + c.charge_no, c.due_on, c.amount, ZERO, ZERO))
    drawn: dict[str, Decimal] = {}
    for d in session.exec(select(Drawdown).where(col(Drawdown.loan_no).in_(numbers))):
        drawn[d.loan_no] = drawn.get(d.loan_no, ZERO) + d.amount
    for loan in loans:
        rest = drawn.get(loan.loan_no, loan.principal) - planned[loan.loan_no]
        if rest > ZERO:
            due_on = max(loan.matures_on, last.get(loan.loan_no, loan.matures_on))
            every[loan.loan_no].append(Claim(REST, due_on, ZERO, ZERO, rest))
    return {no: in_order(found) for no, found in every.items()}


def in_order(claims: Iterable[Claim]) -> list[Claim]:
    """Claims of a loan in the order in which receipts cover them."""
    return sorted(claims, key=lambda claim: (claim.due_on, _rank(claim.number), claim.number))


def _rank(number: str) -> int:
    if number == REST:
        return AFTER_INSTALMENTS + 1
    return AFTER_INSTALMENTS if number.startswith(CHARGE) else int(number)
