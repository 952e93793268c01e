"""All or nothing, once, and on the audit trail: on SQLite and on PostgreSQL."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from postloan.book import audit
from postloan.book.tables import (
    Absence,
    Borrower,
    Branch,
    CollateralLoan,
    Drawdown,
    Feed,
    Guarantee,
    Guarantor,
    Loan,
    Rating,
    Repayment,
    Signal,
    Staff,
    StaffRole,
)  # fmt: skip
from postloan.errors import FeedError
from tests.feeds.desk import BORROWERS, LOANS, STAFF, Desk

RECEIPTS = "receipt_no,loan_no,paid_on,amount,reverses\n"


def verified(desk: Desk) -> bool:
    with desk.book.read() as session:
        return audit.verify(session).ok


# What is taken in


def test_a_first_import_is_one_event_and_a_branch_comes_with_it(desk: Desk) -> None:
    outcome = desk.take("borrowers", BORROWERS, actor="S9")
    assert (outcome.rows, outcome.added, outcome.changed, outcome.unchanged) == (2, 2, 0, 0)
    assert desk.get(Branch, "HZ").name == ""
    (event,) = desk.events()
    data = json.loads(event.data)
    assert (event.event, event.actor) == ("feed.taken", "S9")
    assert (data["added"], data["file"], data["branches_added"]) == (2, "feed.csv", ["HZ"])
    assert "13800000001" not in event.data
    assert verified(desk)


def test_loans_start_with_the_day_of_disbursement_until_a_drawdown_is_known(stocked: Desk) -> None:
    loan = stocked.get(Loan, "L1")
    assert (loan.first_drawdown_on, loan.currency, loan.officer_no) == (date(2026, 1, 5), "CNY", "S1")
    text = "loan_no,number,drawn_on,amount\nL1,1,2026-01-20,1000\nL1,2,2026-02-20,1000\n"
    assert stocked.take("drawdowns", text).added == 2
    assert stocked.get(Loan, "L1").first_drawdown_on == date(2026, 1, 20)
    (event,) = stocked.events("loan.changed")
    assert (event.loan_no, json.loads(event.data)["before"]) == ("L1", {"first_drawdown_on": "2026-01-05"})
    # The loans again, without that column, leave it alone.
    assert stocked.take("loans", LOANS + "\n").unchanged == 2
    assert stocked.get(Loan, "L1").first_drawdown_on == date(2026, 1, 20)
    assert len(stocked.ask(select(Drawdown))) == 2


def test_the_newest_rating_is_the_borrowers(stocked: Desk) -> None:
    stocked.take("ratings", "borrower_no,rating,rated_on\nB1,BBB,2026-03-01\nB1,AA,2025-03-01\n")
    assert stocked.get(Borrower, "B1").rating == "BBB"
    stocked.take("ratings", "borrower_no,rating,rated_on\nB1,A,2024-03-01\n")
    assert stocked.get(Borrower, "B1").rating == "BBB"
    assert len(stocked.ask(select(Rating))) == 3
    # A borrowers feed that has the column but not the rating does not wipe it out.
    stocked.take("borrowers", "borrower_no,name,kind,rating\nB1,Green Farm,small_enterprise,\n")
    assert stocked.get(Borrower, "B1").rating == "BBB"


def test_staff_with_roles_deputies_and_absences(desk: Desk) -> None:
    header = "staff_no,name,roles,branch,email,deputy,absent_from,absent_until\n"
    text = (
        header
        + "S1,Wang,客户经理;operations,HZ,w@b.example,S2,2026-03-01,2026-03-05\nS2,Li,信贷主管,,l@b.example,S1,,\n"
    )
    desk.take("staff", text)
    assert (desk.get(Staff, "S1").deputy_no, desk.get(Staff, "S2").deputy_no) == ("S2", "S1")
    assert desk.ask(select(StaffRole.role).where(StaffRole.staff_no == "S1").order_by(StaffRole.role)) == [
        "account_officer", "operations",
    ]  # fmt: skip
    assert desk.take("staff", text + "\n").unchanged == 2
    corrected = text.replace(";operations", "").replace("2026-03-01,", "2026-03-02,").replace("S2,Li", "S2,Lin")
    assert desk.take("staff", corrected).changed == 2
    assert desk.ask(select(StaffRole.role).where(StaffRole.staff_no == "S1")) == ["account_officer"]
    assert [(a.from_on.day, a.until_on.day) for a in desk.ask(select(Absence))] == [(2, 5)]
    first = json.loads(desk.events("staff.changed")[0].data)
    assert first["before"]["roles"] == ["account_officer", "operations"]
    assert '"name": "•••"' in desk.events("staff.changed")[1].data


def test_collateral_secures_loans(stocked: Desk) -> None:
    text = "collateral_no,kind,owner,value,valued_on,secures\nC1,house,Li,100,2026-01-01,L1、L2\n"
    stocked.take("collaterals", text)
    assert len(stocked.ask(select(CollateralLoan))) == 2
    assert stocked.take("collaterals", text.replace("L1、L2", "L2")).changed == 1
    assert stocked.ask(select(CollateralLoan.loan_no)) == ["L2"]
    assert stocked.fault("collaterals", text.replace("L1、L2", "L2;L7")).value == "L7"


def test_a_guarantor_of_two_loans(stocked: Desk) -> None:
    text = (
        "guarantor_no,name,loan_no,kind,amount,until,phone\n"
        "G1,Zhao,L1,连带责任保证,,,139\nG1,Zhao,L2,一般保证,5.00,2027-01-01,139\n"
    )
    assert stocked.take("guarantees", text).added == 2
    kinds = {g.loan_no: (g.kind, g.amount) for g in stocked.ask(select(Guarantee))}
    assert kinds == {"L1": ("joint", None), "L2": ("general", Decimal("5.00"))}
    assert stocked.take("guarantees", text.replace("139", "137")).changed == 2
    (event,) = stocked.events("guarantor.changed")
    assert json.loads(event.data)["after"] == {"phone": "•••"}
    assert stocked.get(Guarantor, "G1").phone == "137"
    assert "elsewhere in this file" in stocked.faults("guarantees", text.replace("139", "138", 1))[0].reason


def test_signals_are_known_by_subject_kind_day_and_source(stocked: Desk) -> None:
    text = "loan_no,borrower_no,kind,seen_on,detail\nL1,,lawsuit,2026-03-01,one\n,B1,lawsuit,2026-03-01,two\n"
    assert stocked.take("signals", text).added == 2
    assert stocked.take("signals", text.replace("two", "three")).changed == 1
    assert sorted(s.detail for s in stocked.ask(select(Signal))) == ["one", "three"]
    assert "neither" in stocked.fault("signals", text + ",,lawsuit,2026-03-01,x\n").reason


def test_instalments_positions_and_branches(stocked: Desk) -> None:
    assert stocked.take(
        "instalments", "loan_no,number,due_on,principal_due,interest_due\nL1,1,2026-02-05,100,1.5\n"
    ).added
    header = "loan_no,as_of,principal_outstanding,overdue_principal,overdue_interest,days_past_due,status\n"
    assert stocked.take("positions", header + "L1,2026-03-01,99,0,0,0,ok\nL1,2026-03-02,99,1,0,1,late\n").added == 2
    assert stocked.take("branches", "机构号,机构名称\nHZ,杭州支行\n").changed == 1
    assert stocked.get(Branch, "HZ").name == "杭州支行"


def test_a_receipt_reverses_one_that_comes_later_in_the_file(stocked: Desk) -> None:
    text = RECEIPTS + "R2,L1,2026-03-02,10.00,R1\nR1,L1,2026-03-01,10.00,\n"
    assert stocked.take("repayments", text).added == 2
    assert stocked.get(Repayment, "R2").reverses == "R1"
    assert stocked.take("repayments", text + "\n").unchanged == 2
    reason = stocked.fault("repayments", RECEIPTS + "R3,L1,2026-03-03,10.00,R1\n").reason
    assert reason == "is reversed by R2 already"
    for row, said in {
        "R3,L1,2026-03-03,10.00,R9": "neither this file nor the book",
        "R3,L1,2026-03-03,10.00,R2": "is itself a reversal",
        "R5,L1,2026-03-01,10.00,\nR3,L2,2026-03-03,10.00,R5": "another loan or amount",
        "R5,L1,2026-03-04,10.00,\nR3,L1,2026-03-03,10.00,R5": "before the receipt",
        "R3,L1,2026-03-03,10.00,R3": "cannot reverse itself",
    }.items():
        assert said in stocked.fault("repayments", RECEIPTS + row + "\n").reason


# Once


def test_the_same_file_twice_changes_nothing(stocked: Desk) -> None:
    before = stocked.events()
    outcome = stocked.take("loans", LOANS)
    assert (outcome.repeated, outcome.rows, outcome.unchanged) == (True, 2, 2)
    assert stocked.events() == before
    assert len(stocked.ask(select(Feed))) == 3


def test_the_same_content_saved_anew_changes_no_row(stocked: Desk) -> None:
    outcome = stocked.take("loans", LOANS.replace("\n", "\r\n").replace(",", ";"))
    assert (outcome.added, outcome.changed, outcome.unchanged) == (0, 0, 2)
    assert stocked.events("loan.changed") == []


def test_an_earlier_version_again_takes_the_change_back(stocked: Desk) -> None:
    stocked.take("loans", LOANS.replace("4.35", "3.85"))
    outcome = stocked.take("loans", LOANS)
    assert (outcome.changed, outcome.repeated) == (1, False)
    assert stocked.get(Loan, "L1").annual_rate == Decimal("4.35")


def test_yesterdays_receipts_again_are_recognised(stocked: Desk) -> None:
    first, second = RECEIPTS + "R1,L1,2026-03-01,1,\n", RECEIPTS + "R2,L1,2026-03-02,1,\n"
    stocked.take("repayments", first)
    stocked.take("repayments", second)
    before = stocked.events()
    assert stocked.take("repayments", first).repeated
    assert stocked.events() == before


def test_a_correction_changes_only_the_rows_that_differ(stocked: Desk) -> None:
    outcome = stocked.take("loans", LOANS.replace("4.35", "3.85"), actor="S9")
    assert (outcome.changed, outcome.unchanged) == (1, 1)
    (event,) = stocked.events("loan.changed")
    data = json.loads(event.data)
    assert (event.loan_no, event.actor) == ("L1", "S9")
    assert (data["before"], data["after"]) == ({"annual_rate": "4.350000"}, {"annual_rate": "3.850000"})
    assert verified(stocked)


def test_private_things_are_not_written_on_the_audit_trail(stocked: Desk) -> None:
    changed = (
        BORROWERS.replace("13800000001", "13900000009").replace("91330000X", "91330000Y").replace("Li Ming", "Li Min")
    )
    assert stocked.take("borrowers", changed).changed == 2
    trail = "".join(event.data for event in stocked.events())
    for secret in ("13900000009", "13800000001", "91330000", "Li Min", "330100199001010011"):
        assert secret not in trail
    assert json.loads(stocked.events("borrower.changed")[0].data)["after"] == {"phone": "•••", "id_no": "•••"}


def test_columns_that_are_not_there_stay_as_they_are_and_empty_cells_wipe_out(stocked: Desk) -> None:
    stocked.take("borrowers", "borrower_no,name,kind\nB1,Green Farm,small_enterprise\n")
    assert stocked.get(Borrower, "B1").phone == "13800000001"
    stocked.take("borrowers", "borrower_no,name,kind,phone\nB1,Green Farm,small_enterprise,\n")
    assert stocked.get(Borrower, "B1").phone == ""


# All or nothing


def test_one_bad_row_refuses_the_file(stocked: Desk) -> None:
    good = "".join(f"R{i},L1,2026-03-01,{i}.00,\n" for i in range(1, 5001))
    fault = stocked.fault("repayments", RECEIPTS + good + "R0,L1,2026-02-30,1,\n")
    assert (fault.row, fault.column, fault.value) == (5002, "paid_on", "2026-02-30")
    assert stocked.ask(select(Repayment)) == []


def test_every_fault_is_named_and_the_first_hundred_are_listed(stocked: Desk) -> None:
    rows = "".join(f"R{i},L7,2026-03-01,1.005,\n" for i in range(150))
    with pytest.raises(FeedError) as refused:
        stocked.take("repayments", RECEIPTS + rows)
    assert (len(refused.value.faults), refused.value.count) == (100, 150)
    assert "150 faults" in str(refused.value)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("L1,B2,100000.00,4.35,2026-01-05,2027-01-05,CNY,", "borrower_no", "with B1"),
        ("L1,B1,100000.01,4.35,2026-01-05,2027-01-05,CNY,", "principal", "with 100000.00"),
        ("L1,B1,100000.00,4.35,2026-01-06,2027-01-05,CNY,", "disbursed_on", "with 2026-01-05"),
        ("L1,B1,100000.00,4.35,2026-01-05,2027-01-05,USD,", "currency", "with CNY"),
        ("L3,B1,100,4.35,2026-01-05,2026-01-05,CNY,", "matures_on", "not after disbursed_on"),
        ("L3,B1,100,4.35,2026-01-05,2025-01-05,CNY,", "matures_on", "not after disbursed_on"),
        ("L3,B1,100,4.35,2026-02-30,2027-01-05,CNY,", "disbursed_on", "does not exist"),
        ("L3,B9,100,4.35,2026-01-05,2027-01-05,CNY,", "borrower_no", "import borrowers first"),
        ("L3,B1,0,4.35,2026-01-05,2027-01-05,CNY,", "principal", "zero"),
        ("L3,B1,-5,4.35,2026-01-05,2027-01-05,CNY,", "principal", "negative"),
        ("L3,B1,100,4.35,2026-01-05,2027-01-05,XXX,", "currency", "ISO 4217"),
        ("L3,B1,100,1001,2026-01-05,2027-01-05,CNY,", "annual_rate", "between 0 and 1000"),
        ("L3,B1,100,4.35,2026-01-05,2027-01-05,CNY,S7", "officer", "import staff first"),
        ("L3,,100,4.35,2026-01-05,2027-01-05,CNY,", "borrower_no", "is empty"),
        ("L" * 65 + ",B1,100,4.35,2026-01-05,2027-01-05,CNY,", "loan_no", "longer than 64"),
    ],
)
def test_loans_that_are_refused(stocked: Desk, row: str, column: str, reason: str) -> None:
    header = "loan_no,borrower_no,principal,annual_rate,disbursed_on,matures_on,currency,officer\n"
    fault = stocked.fault("loans", header + row + "\n")
    assert (fault.row, fault.column) == (2, column)
    assert reason in fault.reason


def test_terms_change_by_an_import_marked_as_corrections(stocked: Desk) -> None:
    corrected = LOANS.replace("100000.00", "90000.00").replace("2026-01-05", "2026-01-07")
    assert stocked.take("loans", corrected, corrections=True).changed == 1
    loan = stocked.get(Loan, "L1")
    # Nothing else was known of the first drawdown, so it moves along.
    assert (loan.principal, loan.first_drawdown_on) == (Decimal("90000.00"), date(2026, 1, 7))
    assert set(json.loads(stocked.events("loan.changed")[0].data)["before"]) >= {"principal", "disbursed_on"}


def test_two_rows_of_one_number(stocked: Desk) -> None:
    row = "R1,L1,2026-03-01,1.00,\n"
    far = "".join(f"X{i},L1,2026-03-01,1.00,\n" for i in range(2100))
    fault = stocked.fault("repayments", RECEIPTS + row + far + "R1,L1,2026-03-01,2.00,\n")
    assert (fault.row, fault.value) == (2103, "R1")
    assert fault.reason == "duplicate of row 2 with other amount"
    # The very same row twice is one row.
    outcome = stocked.take("repayments", RECEIPTS + row + far + row)
    assert (outcome.rows, outcome.added, outcome.unchanged) == (2102, 2101, 1)


def test_faults_do_not_quote_private_things(stocked: Desk) -> None:
    text = "borrower_no,name,kind,id_no\nB1,x,personal," + "3" * 50 + "\n"
    assert stocked.fault("borrowers", text).value == "•••"


def test_a_dry_run_counts_and_keeps_nothing(stocked: Desk) -> None:
    before = stocked.events()
    outcome = stocked.take("loans", LOANS.replace("4.35", "3.85") + "L3,B1,5,1,2026-01-01,2026-02-01,\n", dry_run=True)
    assert (outcome.dry_run, outcome.added, outcome.changed, outcome.unchanged) == (True, 1, 1, 1)
    assert stocked.events() == before
    assert stocked.get(Loan, "L1").annual_rate == Decimal("4.35")
    assert len(stocked.ask(select(Loan))) == 2


def test_a_crash_in_the_middle_of_loading_leaves_nothing(stocked: Desk) -> None:
    class Crash(Exception):
        pass

    def crash(done: int, total: int) -> None:
        if done > total // 2 + 1:
            raise Crash

    rows = "".join(f"R{i},L1,2026-03-01,1,\n" for i in range(5000))
    with pytest.raises(Crash):
        stocked.take("repayments", RECEIPTS + rows, progress=crash)
    assert stocked.ask(select(Repayment)) == []
    assert stocked.take("repayments", RECEIPTS + rows).added == 5000


def test_progress_goes_from_the_file_to_the_end(stocked: Desk) -> None:
    seen: list[tuple[int, int]] = []
    rows = "".join(f"R{i},L1,2026-03-01,1,\n" for i in range(5000))
    stocked.take("repayments", RECEIPTS + rows, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert len(seen) > 4
    assert seen[-1][0] == seen[-1][1]


# Whatever the words


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=20
).filter(lambda word: not word.startswith("#"))  # a spreadsheet's error is refused
NUMBERS = st.from_regex(r"[A-Za-z0-9一-龥._/-]{1,20}", fullmatch=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NUMBERS, st.tuples(WORDS, WORDS), min_size=1, max_size=8))
def test_borrowers_come_out_as_they_went_in(lite: Desk, people: dict[str, tuple[str, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["borrower_no", "name", "kind", "address"])
    for no, (name, address) in people.items():
        writer.writerow([no, name, "个人", address])
    outcome = lite.take("borrowers", out.getvalue())
    assert outcome.added + outcome.changed + outcome.unchanged == len(people)
    for no, (name, address) in people.items():
        kept = lite.get(Borrower, no)
        assert (kept.name, kept.kind, kept.address) == (name, "personal", address)
    assert lite.take("borrowers", out.getvalue()).repeated


def test_staff_is_stocked(stocked: Desk) -> None:
    assert stocked.take("staff", STAFF).repeated
