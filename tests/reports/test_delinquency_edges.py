"""The edges of the delinquency figures, loan by loan, where a day or a month more would make a difference."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from postloan import policy
from postloan.book import Book, cases
from postloan.book.tables import Case, DisposalOption, Loan, Position, Recovery, Repayment, Transfer, WriteOff
from postloan.reports.delinquency.pack import Pack, delinquency
from postloan.reports.period import Month
from tests.conftest import ROOT
from tests.factory import staff_and_loans

BEGIN = Month.parse("2025-01")


def at(book: Book, month: str, by: str = "month") -> Pack:
    with book.read() as session:
        return delinquency(session, Month.parse(month), date(2030, 1, 1), by=by)


def walk(book: Book, loan_no: str, *days: int, left: int = 100) -> None:
    """Positions at the month ends from January 2025 on."""
    with book.write() as writer:
        for n, past_due in enumerate(days):
            writer.session.add(
                Position(
                    loan_no=loan_no,
                    as_of=BEGIN.later(n).last,
                    principal_outstanding=Decimal(left),
                    overdue_principal=Decimal(0),
                    overdue_interest=Decimal(0),
                    days_past_due=past_due,
                )
            )


def case(book: Book, case_no: str, loan_no: str) -> None:
    on, file = date(2025, 1, 1), policy.load(ROOT / "policy.toml")
    with book.write() as writer:
        version = cases.keep_policy(writer, file)
        writer.session.add(
            Case(
                case_no=case_no,
                kind="workout",
                loan_no=loan_no,
                subject=case_no,
                rule="WO-1",
                anchor_on=on,
                due_on=on,
                opened_on=on,
                policy_version=version,
            )
        )


def write_off(book: Book, loan_no: str, on: date) -> None:
    case(book, f"X{loan_no}", loan_no)
    with book.write() as writer:
        writer.session.add(
            WriteOff(
                case_no=f"X{loan_no}",
                loan_no=loan_no,
                written_off_on=on,
                ground="x",
                principal=Decimal(100),
                interest=Decimal(0),
            )
        )


def moved(pack: Pack, month: str) -> dict[tuple[str, str], int]:
    return {(m.origin, m.to): m.loans for m in pack.history if m.month == month}


@pytest.mark.parametrize(("days", "bucket"), [(0, "current"), (1, "M1"), (30, "M1"), (31, "M2"), (180, "M6"),
                                              (181, "M7+"), (999, "M7+")])  # fmt: skip
def test_the_bucket_at_a_months_end(sqlite_book: Book, days: int, bucket: str) -> None:
    staff_and_loans(sqlite_book, {"L1": date(2025, 1, 5)})
    walk(sqlite_book, "L1", days)
    assert {a.bucket for a in at(sqlite_book, "2025-01").ageing if a.loans} == {bucket}


def test_a_position_between_the_ends_runs_on_to_the_end(sqlite_book: Book) -> None:
    staff_and_loans(sqlite_book, {"L1": date(2025, 1, 5)})
    walk(sqlite_book, "L1", 30)  # 58 days on 28 February, 89 on 31 March
    pack = at(sqlite_book, "2025-03")
    assert (moved(pack, "2025-02"), moved(pack, "2025-03")) == ({("M1", "M2"): 1}, {("M2", "M3"): 1})


@pytest.mark.parametrize(
    ("written_off", "settled", "moves"),
    [
        (date(2025, 2, 1), None, {("M4", "written_off"): 1}),
        (date(2025, 2, 28), None, {("M4", "written_off"): 1}),
        (date(2025, 3, 1), None, {("M4", "M5"): 1}),
        (date(2025, 1, 31), None, {}),
        (date(2025, 2, 3), date(2025, 2, 28), {("M4", "written_off"): 1}),
        (date(2025, 2, 3), date(2025, 3, 1), {("M4", "written_off"): 1}),
        (None, date(2025, 2, 28), {("M4", "settled"): 1}),
        (None, date(2025, 3, 1), {("M4", "M5"): 1}),
    ],
)
def test_where_a_loan_goes_that_is_written_off_or_settled(
    book: Book, written_off: date | None, settled: date | None, moves: dict[tuple[str, str], int]
) -> None:
    """A loss that was taken stays one, though all was paid in the same month."""
    staff_and_loans(book, {"L1": date(2024, 1, 5)})
    walk(book, "L1", 100, 128, 159)
    if written_off:
        write_off(book, "L1", written_off)
    with book.write() as writer:
        writer.session.get_one(Loan, "L1").settled_on = settled
    assert moved(at(book, "2025-02"), "2025-02") == moves


def test_a_cure_is_watched_for_twelve_month_ends(book: Book) -> None:
    staff_and_loans(book, {no: date(2024, 1, 5) for no in ("L1", "L2", "L3")})
    walk(book, "L1", 10, 0, *[0] * 11, 5)  # the twelfth end after the cure
    walk(book, "L2", 10, 0, *[0] * 12, 5)  # the thirteenth
    walk(book, "L3", 10, 0, 0)
    write_off(book, "L3", date(2025, 6, 1))
    (cure,) = [c for c in at(book, "2026-03").cures if c.month == "2025-02"]
    assert (cure.past_due, cure.cured, cure.again, cure.watched) == (3, 3, 2, 12)
    (early,) = [c for c in at(book, "2025-05").cures if c.month == "2025-02"]
    assert (early.again, early.watched) == (0, 3)


def test_a_vintage_counts_who_was_ever_late_and_only_as_far_as_all_have_come(book: Book) -> None:
    staff_and_loans(book, {"L1": date(2025, 1, 31), "L2": date(2025, 2, 1), "L3": date(2025, 3, 31)})
    walk(book, "L1", 30, 31, 0, 0, 91)
    walk(book, "L2", 0, 0, 0, 90, 0)
    walk(book, "L3", 0, 0, 0, 0, 0)
    by_month = {(v.vintage, v.months_on_book): (v.loans_30, v.loans_90) for v in at(book, "2025-05").vintages}
    assert [by_month["2025-01", age] for age in range(5)] == [(0, 0), (1, 0), (1, 0), (1, 0), (1, 1)]
    assert ("2025-01", 5) not in by_month
    by_quarter = {v.months_on_book: (v.loans, v.loans_30, v.loans_90) for v in at(book, "2025-05", "quarter").vintages}
    assert by_quarter == {0: (3, 0, 0), 1: (3, 1, 0), 2: (3, 2, 0)}


def test_the_measure_of_a_receipt_after_the_handover(book: Book) -> None:
    """Its own, else that of the newest option in force on its day, else voluntary; none before the handover."""
    staff_and_loans(book, {"L1": date(2024, 1, 5)})
    for number in ("T1", "T2"):
        case(book, number, "L1")
    money = Decimal(100)
    receipts = {"R0": date(2025, 2, 28), "R1": date(2025, 3, 1), "R2": date(2025, 3, 10), "R3": date(2025, 3, 20)}
    with book.write() as writer:
        for case_no, day in (("T1", date(2025, 3, 1)), ("T2", date(2025, 3, 15))):
            writer.session.add(
                Transfer(
                    case_no=case_no,
                    loan_no="L1",
                    transferred_on=day,
                    ground="x",
                    principal=Decimal(1000) if case_no == "T1" else Decimal(900),
                    interest=Decimal(0),
                    handed_by="S001",
                    taken_by="S004",
                )
            )
        for case_no, number, measure, state, decided in (
            ("T1", 1, "collateral", "compared", date(2025, 3, 10)),
            ("T1", 2, "litigation", "failed", date(2025, 3, 10)),
            ("T2", 1, "guarantor", "approved", date(2025, 3, 15)),
        ):
            writer.session.add(
                DisposalOption(
                    case_no=case_no,
                    number=number,
                    loan_no="L1",
                    measure=measure,
                    expected=money,
                    cost=Decimal(0),
                    months=1,
                    state=state,
                    decided_on=decided,
                    ended_on=date(2025, 3, 15) if state == "failed" else None,
                )
            )
        for number, day in receipts.items():
            writer.session.add(Repayment(receipt_no=number, loan_no="L1", paid_on=day, amount=money))
        writer.session.add(Repayment(receipt_no="R4", loan_no="L1", paid_on=date(2025, 3, 21), amount=money))
        writer.session.flush()
        writer.session.add(
            Recovery(receipt_no="R4", loan_no="L1", measure="debt_transfer", attributed_on=date(2025, 3, 21))
        )
        writer.session.add(
            Repayment(receipt_no="R5", loan_no="L1", paid_on=date(2025, 4, 1), amount=money, reverses="R3")
        )
    march = {r.measure: (r.received, r.amount, r.rate) for r in at(book, "2025-03").recoveries}
    each = (money, Decimal(1000), Decimal("0.1"))
    assert march == {
        "voluntary": each,
        "litigation": each,
        "guarantor": each,
        "debt_transfer": each,
        "": (4 * money, Decimal(1000), Decimal("0.4")),
    }
    april = {r.measure: (r.received, r.received_so_far) for r in at(book, "2025-04").recoveries}
    assert april["guarantor"] == (-money, 0)
    assert april[""] == (-money, 3 * money)
