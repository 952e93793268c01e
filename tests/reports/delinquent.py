"""What a seeded book has of delinquency: walks from bucket to bucket, write-offs, transfers, promises, recoveries."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from postloan.book import Book
from postloan.book.tables import (
    Borrower,
    Case,
    DisposalOption,
    Loan,
    Position,
    Promise,
    Recovery,
    RecoveryCost,
    Repayment,
    Transfer,
    WriteOff,
)
from postloan.book.tables.base import MEASURES, PROMISE_STATES
from postloan.calendar import months_after
from postloan.policy import PolicyFile
from postloan.reports.period import Month
from tests.reports.registers import END
from tests.reports.seeded import Seeder

WALKS = 30
PRODUCTS, SEGMENTS = ("经营贷", "消费贷", ""), ("retail", "micro", "")


def fill(book: Book, file: PolicyFile, seed: int, loans: int) -> None:
    """A year of work, and loans that walk from bucket to bucket for two years."""
    seeder = Seeder(book, file, seed=seed, loans=loans)
    seeder.fill()
    with book.write(origin="test") as writer:
        seeder.session = writer.session
        _walks(seeder)
        _groups(seeder)
        _workout(seeder)
        _promises(seeder)


def _walks(seeder: Seeder) -> None:
    """Positions at month ends, past due by as many days as a walk of better and worse months gives."""
    chance = seeder.chance
    for n in range(WALKS):
        loan_no = f"W{n:03d}"
        begin = months_after(date(2024, 10, 1), chance.randrange(20)) + timedelta(days=chance.choice((0, 14, 27)))
        principal = Decimal(chance.randrange(10_000, 900_000))
        loan = Loan(
            loan_no=loan_no,
            borrower_no="C00001",
            principal=principal,
            currency="USD" if n % 9 == 0 else "CNY",
            annual_rate=Decimal("6"),
            disbursed_on=begin,
            first_drawdown_on=begin,
            matures_on=months_after(begin, 48),
            branch_no=chance.choice(("B1", "B2", None)),
            officer_no=chance.choice(("S11", "S21", None)),
        )
        seeder.add(loan)
        month, days, left = Month.of(begin), 0, principal
        while (as_of := month.last) <= END:
            days = chance.choice((days + 30, days + 31, days + 30, days, 0, 0)) if days else chance.choice((0, 0, 17))
            left = max(left - Decimal(chance.randrange(1, 20_000)), Decimal(0))
            if left == 0 or (not days and chance.random() < 0.03):
                days, left = 0, Decimal(0)
            seeder.add(
                Position(
                    loan_no=loan_no,
                    as_of=as_of,
                    principal_outstanding=left,
                    overdue_principal=min(left, Decimal(days * 50)),
                    overdue_interest=Decimal(days),
                    days_past_due=days,
                )
            )
            if not left:
                break
            if days > 120 and chance.random() < 0.3:
                when = as_of + timedelta(days=chance.choice((0, 1, 12)))
                case = _case(seeder, f"X{n}", "write_off", loan_no, when)
                seeder.add(
                    WriteOff(
                        case_no=case,
                        loan_no=loan_no,
                        written_off_on=when,
                        ground="x",
                        principal=left,
                        interest=Decimal(days),
                    )
                )
                if chance.random() < 0.5:  # some of them are paid nevertheless
                    loan.settled_on = when + timedelta(days=chance.choice((3, 80)))
                    seeder.add(loan)
                break
            month = month.later(1)


def _groups(seeder: Seeder) -> None:
    for loan_no in (*seeder.loan_nos, *(f"W{n:03d}" for n in range(WALKS))):
        seeder.session.get_one(Loan, loan_no).product = seeder.chance.choice(PRODUCTS)
    for n in range(seeder.borrowers):
        seeder.session.get_one(Borrower, f"C{n:05d}").segment = seeder.chance.choice(SEGMENTS)


def _case(seeder: Seeder, case_no: str, kind: str, loan_no: str, on: date) -> str:
    seeder.add(
        Case(
            case_no=case_no,
            kind=kind,
            loan_no=loan_no,
            subject=case_no,
            rule="WO-1",
            anchor_on=on,
            due_on=on,
            opened_on=on,
            policy_version=seeder.version,
        )
    )
    return case_no


def _workout(seeder: Seeder) -> None:
    chance, n = seeder.chance, 0
    for loan_no in [*seeder.loan_nos[::2], *(f"W{n:03d}" for n in range(0, WALKS, 2))]:
        handed = seeder.day(date(2026, 1, 1), date(2026, 9, 1))
        for again in range(chance.choice((0, 1, 1, 2))):
            n += 1
            on = handed + timedelta(days=90 * again)
            case = _case(seeder, f"T{n:04d}", "workout", loan_no, on)
            seeder.add(
                Transfer(
                    case_no=case,
                    loan_no=loan_no,
                    transferred_on=on,
                    ground="x",
                    principal=Decimal(chance.randrange(1, 10**8)) / 100,
                    interest=Decimal(chance.randrange(1, 10**6)) / 100,
                    handed_by="S11",
                    taken_by="S901",
                )
            )
            for number in range(1, 4):
                state = chance.choice(("compared", "approved", "done", "failed"))
                decided = on + timedelta(days=chance.choice((0, 10, 10, 60)))
                ended = decided + timedelta(days=chance.choice((1, 30))) if state in ("done", "failed") else None
                seeder.add(
                    DisposalOption(
                        case_no=case,
                        number=number,
                        loan_no=loan_no,
                        measure=chance.choice(MEASURES),
                        expected=Decimal(1),
                        cost=Decimal(0),
                        months=1,
                        state=state,
                        decided_on=decided,
                        ended_on=ended,
                    )
                )
        for number in range(chance.randrange(5)):
            paid = handed + timedelta(days=chance.choice((-20, 0, 1, 10, 11, 40, 61, 70, 95)))
            receipt = f"V{loan_no}-{number}"
            amount = Decimal(chance.randrange(1, 10**6)) / 100
            seeder.add(Repayment(receipt_no=receipt, loan_no=loan_no, paid_on=paid, amount=amount))
            if chance.random() < 0.3:
                seeder.add(
                    Recovery(receipt_no=receipt, loan_no=loan_no, measure=chance.choice(MEASURES), attributed_on=paid)
                )
            if chance.random() < 0.25:
                bounced = paid + timedelta(days=chance.choice((1, 30)))
                back = Repayment(
                    receipt_no=f"{receipt}R", loan_no=loan_no, paid_on=bounced, amount=amount, reverses=receipt
                )
                seeder.add(back)
            if chance.random() < 0.5:
                seeder.add(
                    RecoveryCost(
                        cost_no=f"Z{loan_no}-{number}",
                        loan_no=loan_no,
                        measure=chance.choice(MEASURES),
                        incurred_on=seeder.day(date(2026, 1, 1)),
                        amount=Decimal(chance.randrange(1, 10**5)) / 100,
                    )
                )


def _promises(seeder: Seeder) -> None:
    chance = seeder.chance
    for n in range(120):
        made = seeder.day(date(2025, 9, 1))
        due = made + timedelta(days=chance.randrange(40))
        state = chance.choice(PROMISE_STATES)
        settled = None if state == "open" else chance.choice((due + timedelta(days=1), due, seeder.day(made)))
        seeder.add(
            Promise(
                promise_no=f"P{n:04d}",
                loan_no=chance.choice([*seeder.loan_nos, "W000", "W001"]),
                made_on=made,
                due_on=due,
                amount=Decimal(chance.randrange(100, 10**6)) / 100,
                state=state,
                settled_on=settled,
            )
        )
