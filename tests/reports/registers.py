"""The registers of a seeded book: signals, work log, payments, plans, findings, suspensions, relations."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from postloan.book.tables import Finding, Payment, Relation, RiskPlan, Signal, Suspension, WorkLogEntry

if TYPE_CHECKING:
    from tests.reports.seeded import Seeder

START, END = date(2025, 9, 1), date(2026, 11, 15)
CASE = "K00000"
SIGNALS = ("overdue", "litigation", "rating_downgrade", "cover_short", "finances_deteriorating", "lost_contact")


def fill_registers(seeder: Seeder) -> None:
    """Fill every register."""
    _signals(seeder)
    _work_log(seeder)
    for n in range(seeder.loans):
        _payment(seeder, n)
    _plans(seeder)
    _findings(seeder)
    _suspensions(seeder)
    for n in range(0, min(seeder.borrowers - 1, 24), 4):
        seeder.add(Relation(borrower_no=f"C{n:05d}", other_no=f"C{n + 1:05d}", kind="control"))


def _signals(seeder: Seeder) -> None:
    chance, rows = seeder.chance, []
    for n in range(seeder.loans):
        seen_on = seeder.day()
        subject = chance.choice(("loan_no", "borrower_no", "branch_no"))
        number = {
            "loan_no": chance.choice(seeder.loan_nos),
            "borrower_no": f"C{chance.randrange(seeder.borrowers):05d}",
            "branch_no": "B2",
        }[subject]
        cleared_on = seeder.day(seen_on, seen_on + timedelta(days=120)) if chance.random() < 0.8 else None
        rows.append(
            Signal(
                **{subject: number},
                kind=chance.choice(SIGNALS),
                seen_on=seen_on,
                source=f"s{n}",
                cleared_on=cleared_on if cleared_on and cleared_on <= END else None,
            )
        )
    seeder.add(*rows)


def _work_log(seeder: Seeder) -> None:
    chance = seeder.chance
    officers = [no for numbers in seeder.officers.values() for no in numbers]
    for n in range(seeder.loans * 2):
        acted_on = seeder.day()
        entered_on = acted_on + timedelta(days=chance.choice((0, 1, 1, 2, 3, 9)))
        reviewed_on = entered_on + timedelta(days=chance.choice((0, 1, 2, 3, 8))) if chance.random() < 0.9 else None
        seeder.add(
            WorkLogEntry(
                entry_no=f"W{n}",
                borrower_no=f"C{chance.randrange(seeder.borrowers):05d}",
                staff_no=chance.choice(officers),
                activity="on_site",
                acted_on=acted_on,
                entered_on=entered_on,
                content="走访",
                reviewed_by=f"S{chance.choice((1, 2, 3))}9" if reviewed_on else None,
                reviewed_on=reviewed_on,
            )
        )


def _payment(seeder: Seeder, n: int) -> None:
    chance = seeder.chance
    requested_on = seeder.day()
    decided_on = seeder.day(requested_on, requested_on + timedelta(days=8)) if chance.random() < 0.9 else None
    approved = chance.random() < 0.85
    verified_on = seeder.day(decided_on, decided_on + timedelta(days=60)) if decided_on and n % 3 else None
    seeder.add(
        Payment(
            payment_no=f"P{n}",
            loan_no=chance.choice(seeder.loan_nos),
            requested_on=requested_on,
            amount=Decimal(chance.randrange(100_00, 900_000_00)) / 100,
            payee="某某供应链有限公司",
            purpose="购进原材料",
            state=("approved" if approved else "refused") if decided_on else "requested",
            decided_on=decided_on,
            verified_on=verified_on if approved else None,
            as_agreed=(n % 7 != 1) if verified_on and approved else None,
        )
    )


def _plans(seeder: Seeder) -> None:
    chance = seeder.chance
    for n in range(min(seeder.loans // 4, 40)):
        made_on = START + timedelta(days=9 * n)
        seeder.add(
            RiskPlan(
                borrower_no=f"C{n // 2:05d}",
                made_on=made_on,
                loan_no=chance.choice(seeder.loan_nos),
                plan="压降",
                case_no=CASE,
                ended_on=made_on + timedelta(days=60) if n % 3 else None,
            )
        )


def _findings(seeder: Seeder) -> None:
    chance = seeder.chance
    for n in range(min(seeder.loans // 5, 30)):
        found_on = seeder.day()
        seeder.add(
            Finding(
                finding_no=f"F{n}",
                case_no=CASE,
                branch_no=chance.choice(("B1", "B2", "B3")),
                loan_no=chance.choice((None, *seeder.loan_nos[:9])),
                content="未见贷款用途凭证, 补充收集增值税发票并核对合同",
                found_on=found_on,
                due_on=found_on + timedelta(days=30),
                rectified_on=found_on + timedelta(days=chance.randrange(5, 90)) if n % 4 else None,
            )
        )


def _suspensions(seeder: Seeder) -> None:
    stops = (("K00001", "B2", None, 40, None), ("K00002", None, "P1", 90, 70), ("K00003", None, "P1", 20, None))
    for case_no, branch, partner, back, until in stops:
        seeder.add(
            Suspension(
                case_no=case_no,
                branch_no=branch,
                partner_no=partner,
                suspended_on=END - timedelta(days=back),
                resumed_on=END - timedelta(days=until) if until else None,
            )
        )
