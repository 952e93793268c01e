"""What is owed follows the feeds at once; what was changed here is not taken back by them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from postloan.book import Book, accounts, extensions, loans, receipts
from postloan.book.extensions import Terms
from postloan.book.tables import Charge, Instalment, Repayment
from postloan.errors import FeedError
from postloan.feeds import take_in
from postloan.feeds.taking import Outcome
from postloan.policy import PolicyFile
from tests.book.test_schedules import ask, case_on, extend

MATURES, UNTIL = date(2026, 1, 10), date(2026, 7, 10)
RECEIPTS = "receipt_no,loan_no,paid_on,amount,reverses\n"


TERMS = "loan_no,borrower_no,principal,annual_rate,disbursed_on,matures_on,penalty_surcharge\n"
LOAN = TERMS + "L1,B1,1000.00,7.2,2025-01-10,2026-01-10,50\n"
ALSO = TERMS + "L2,B1,1000.00,7.2,2025-01-10,2026-01-10,50\n"
CHARGES = "charge_no,loan_no,kind,charged_on,due_on,amount,detail\n"
PLAN = "loan_no,number,due_on,principal_due,interest_due\nL1,1,2025-07-10,500.00,36.00\nL1,2,2026-01-10,500.00,18.00\n"


def _lent(book: Book, desk: Path, policy_file: PolicyFile) -> None:
    """A loan of 12 months in two instalments, half again the rate on what is past due."""
    _take(book, desk, "borrowers", "borrower_no,name,kind\nB1,x,personal\n")
    _take(book, desk, "loans", LOAN, policy_file)
    _take(book, desk, "instalments", PLAN, policy_file)


def _take(book: Book, desk: Path, kind: str, text: str, policy: PolicyFile | None = None, **more: Any) -> Outcome:
    file = desk / f"{kind}.csv"
    file.write_text(text)
    return take_in(book, kind, file, policy=policy, **more)


def test_receipts_are_allocated_when_they_are_taken_in(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    # 500.00 are 30 days late, at 7.2 % and half of it again: 4.50
    _take(book, tmp_path, "repayments", RECEIPTS + "R1,L1,2025-08-09,536.00,\n", policy_file)
    with book.read() as session:
        parts = {e.part: (e.charged, e.paid) for e in accounts.entries(session, "L1")}
        standing = loans.standing(session, loans.get(session, "L1"), date(2025, 8, 10))
    assert parts == {
        "penalty": (Decimal("4.50"), Decimal("4.50")),
        "interest": (Decimal("0.00"), Decimal("36.00")),
        "principal": (Decimal("0.00"), Decimal("495.50")),
    }
    assert (standing.days_past_due, standing.overdue) == (31, Decimal("4.50"))


def test_a_dry_run_allocates_nothing(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    late = "R1,L1,2025-08-09,536.00,\n"
    _take(book, tmp_path, "repayments", RECEIPTS + late, policy_file, dry_run=True)
    with book.read() as session:
        assert accounts.entries(session, "L1") == []


def test_charges_are_debts_of_their_own(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    header = "垫款编号,借据号,费用种类,垫款日期,应还日,金额,事由\n"
    _take(book, tmp_path, "charges", header + "C1,L1,垫款,2025-02-01,2025-02-11,80.00,保险费\n", policy_file)
    with book.read() as session:
        loan = loans.get(session, "L1")
        assert loans.standing(session, loan, date(2025, 2, 21)).days_past_due == 10
        assert loans.standing(session, loan, date(2025, 2, 21)).principal_outstanding == Decimal("1000.00")


# ------------------------------------------------------------------------------------------ moved to another loan


def _journal(book: Book, loan_no: str) -> list[dict[str, Any]]:
    with book.read() as session:
        return [entry.model_dump() for entry in accounts.entries(session, loan_no)]


def test_a_receipt_that_is_corrected_to_be_of_another_loan(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    """It pays there, and no longer here."""
    _lent(book, tmp_path, policy_file)
    _take(book, tmp_path, "loans", ALSO, policy_file)
    _take(book, tmp_path, "repayments", RECEIPTS + "R1,L1,2025-08-09,536.00,\n", policy_file)
    assert _journal(book, "L1") != []
    moved = RECEIPTS + "R1,L2,2025-08-09,536.00,\n"
    _take(book, tmp_path, "repayments", moved, policy_file, corrections=True)
    assert _journal(book, "L1") == []
    with book.read() as session:
        left = [loans.standing(session, loans.get(session, no), date(2025, 8, 9)) for no in ("L1", "L2")]
    assert [standing.principal_outstanding for standing in left] == [Decimal("1000.00"), Decimal("464.00")]


def test_a_charge_that_is_corrected_to_be_of_another_loan(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    _take(book, tmp_path, "loans", ALSO, policy_file)
    charge = CHARGES + "C1,L1,advance,2025-02-01,2025-02-11,80.00,\n"
    _take(book, tmp_path, "charges", charge, policy_file)
    _take(book, tmp_path, "repayments", RECEIPTS + "R1,L1,2025-07-10,536.00,\n", policy_file)
    assert {entry["claim"] for entry in _journal(book, "L1")} == {"1", "C-C1"}
    _take(book, tmp_path, "charges", charge.replace("L1", "L2"), policy_file, corrections=True)
    assert _journal(book, "L1") == [], "the receipt simply covers the first instalment"


@pytest.mark.parametrize("dry_run", [True, False])
def test_receipts_that_contradict_each_other_are_refused_by_their_loan(
    book: Book, tmp_path: Path, policy_file: PolicyFile, dry_run: bool
) -> None:
    """A receipt is corrected to be of another loan, and what reversed it stays behind."""
    _lent(book, tmp_path, policy_file)
    _take(book, tmp_path, "loans", ALSO, policy_file)
    bounced = "R1,L1,2025-08-09,536.00,\nR2,L1,2025-08-11,536.00,R1\n"
    _take(book, tmp_path, "repayments", RECEIPTS + bounced, policy_file)
    before = _journal(book, "L1")
    moved = RECEIPTS + "R1,L2,2025-08-09,536.00,\n"
    with pytest.raises(FeedError, match="loan L1: its receipts cannot be allocated: R2 reverses R1"):
        _take(book, tmp_path, "repayments", moved, policy_file, corrections=True, dry_run=dry_run)
    assert _journal(book, "L1") == before != []
    with book.read() as session:
        assert session.get_one(Repayment, "R1").loan_no == "L1"


# ------------------------------------------------------------------------------------------ changed here


def _extended(
    book: Book, policy_file: PolicyFile, terms: Terms, day: date, loan_no: str = "L1", new_loan_no: str = ""
) -> None:
    with book.write() as writer:
        extend(writer, policy_file, loan_no, terms, day, new_loan_no)


def _planned(book: Book, loan_no: str = "L1") -> list[tuple[int, date, Decimal, Decimal]]:
    with book.read() as session:
        query = select(Instalment).where(Instalment.loan_no == loan_no).order_by(col(Instalment.number))
        return [(row.number, row.due_on, row.principal_due, row.interest_due) for row in session.exec(query)]


@pytest.mark.parametrize(
    ("row", "matures_on", "rate"),
    [
        ("7.2,2025-01-10,2026-01-10", UNTIL, 6),  # yesterday's: it does not know of the extension
        ("6,2025-01-10,2026-07-10", UNTIL, 6),  # the core system's own entry of it
        ("5.8,2025-01-10,2026-08-10", date(2026, 8, 10), Decimal("5.8")),  # something new
    ],
)
def test_an_old_file_does_not_take_an_extension_back(
    book: Book, tmp_path: Path, policy_file: PolicyFile, row: str, matures_on: date, rate: Decimal
) -> None:
    _lent(book, tmp_path, policy_file)
    _extended(book, policy_file, ask(UNTIL, 1000), MATURES)
    schedule = _planned(book)
    taken = _take(book, tmp_path, "loans", TERMS + f"L1,B1,1000.00,{row},50\n", policy_file)
    assert (taken.changed, taken.unchanged) == ((0, 1) if matures_on == UNTIL else (1, 0))
    # The very file that was taken in before the extension is not taken for known.
    for old in (PLAN, PLAN + "\n", PLAN.replace("2026-01-10,500", "2026-07-10,500")):
        plan = _take(book, tmp_path, "instalments", old, policy_file)
        assert (plan.added, plan.changed, plan.unchanged) == (0, 0, 2)
    assert _planned(book) == schedule
    with book.read() as session:
        loan = loans.get(session, "L1")
        assert (loan.matures_on, loan.original_maturity, loan.annual_rate) == (matures_on, MATURES, rate)


def test_a_file_does_not_bring_an_extension_before_its_day(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    _lent(book, tmp_path, policy_file)
    _extended(book, policy_file, ask(UNTIL, 1000), MATURES - timedelta(days=20))
    core = LOAN.replace("7.2,2025-01-10,2026-01", "6,2025-01-10,2026-07")
    assert _take(book, tmp_path, "loans", core, policy_file).unchanged == 1
    with book.read() as session:
        assert loans.get(session, "L1").matures_on == MATURES


def test_what_else_a_file_tells_of_an_extended_loan_is_taken(
    book: Book, tmp_path: Path, policy_file: PolicyFile
) -> None:
    _lent(book, tmp_path, policy_file)
    _extended(book, policy_file, ask(UNTIL, 1000), MATURES)
    assert _take(book, tmp_path, "loans", LOAN.replace(",50", ",30"), policy_file).changed == 1
    with book.read() as session:
        loan = loans.get(session, "L1")
        assert (loan.penalty_surcharge, loan.matures_on) == (30, UNTIL)


def _restructured(book: Book, desk: Path, policy_file: PolicyFile, variant: str) -> tuple[str, date, str]:
    """L1 is rescheduled, or L2 refinances or renews it: the loan, its day, and what the core system tells of it, which
    knows of the new terms but of no restructuring."""
    _lent(book, desk, policy_file)
    if variant == "rescheduling":
        _extended(book, policy_file, ask(UNTIL, 1000, variant), date(2025, 9, 1))
        return "L1", date(2025, 9, 1), "L1,B1,1000.00,6,2025-01-10,2026-07-20,50"
    new = "L2,B1,1000.00,7.2,2026-01-10,2027-01-10,50"
    _take(book, desk, "loans", f"{TERMS}{new}\n", policy_file)
    _extended(book, policy_file, ask(date(2027, 1, 10), 1000, variant), MATURES, new_loan_no="L2")
    return "L2", MATURES, new


@pytest.mark.parametrize("variant", ["rescheduling", "refinancing", "renewal"])
def test_an_empty_cell_does_not_undo_a_restructuring(
    book: Book, tmp_path: Path, policy_file: PolicyFile, variant: str
) -> None:
    loan_no, day, row = _restructured(book, tmp_path, policy_file, variant)

    def told(cell: str, **more: Any) -> tuple[int, date | None]:
        file = f"{TERMS.strip()},重组日期\n{row},{cell}\n"
        changed = _take(book, tmp_path, "loans", file, policy_file, **more).changed
        with book.read() as session:
            return changed, loans.get(session, loan_no).restructured_on

    assert told("") == (variant == "rescheduling", day), "its other terms are news"
    assert told("") == (0, day)
    assert told("2026-02-01") == (1, date(2026, 2, 1)), "another day is something new"
    assert told("") == (0, date(2026, 2, 1))
    assert told("", corrections=True) == (1, None)


def test_an_empty_cell_takes_back_a_restructuring_that_a_file_told_of(
    book: Book, tmp_path: Path, policy_file: PolicyFile
) -> None:
    """An extension is none, though it is in force here; nor does the loan that was refinanced keep it."""
    _lent(book, tmp_path, policy_file)
    _take(book, tmp_path, "loans", ALSO, policy_file)
    header = f"{TERMS.strip()},重组日期\n"
    rows = "L1,B1,1000.00,7.2,2025-01-10,2026-01-10,50,{0}\nL2,B1,1000.00,7.2,2025-01-10,2026-08-10,50,{0}\n"
    _take(book, tmp_path, "loans", header + rows.format("2025-03-01"), policy_file)
    _extended(book, policy_file, ask(date(2027, 1, 10), 1000, "refinancing"), MATURES, new_loan_no="L2")
    _extended(book, policy_file, ask(date(2026, 12, 10), 1000), date(2026, 8, 10), "L2")
    news = rows.replace("2026-08-10", "2026-12-20").format("")
    assert _take(book, tmp_path, "loans", header + news, policy_file).changed == 2
    with book.read() as session:
        assert loans.get(session, "L1").restructured_on is None
        assert loans.get(session, "L2").restructured_on == date(2025, 1, 10)


# ---------------------------------------------------------------------- a schedule that was changed here, corrected


@pytest.fixture
def half(book: Book, tmp_path: Path, policy_file: PolicyFile) -> Book:
    """The first instalment is paid, the second is extended: its principal is in the third."""
    _lent(book, tmp_path, policy_file)
    _take(book, tmp_path, "repayments", RECEIPTS + "R1,L1,2025-07-10,536.00,\n", policy_file)
    _extended(book, policy_file, ask(UNTIL, 500), MATURES)
    assert [(number, principal) for number, _, principal, _ in _planned(book)] == [(1, 500), (2, 0), (3, 500)]
    return book


CORE = PLAN.replace("2026-01-10,500.00,18.00", "2026-07-10,500.00,33.10")  # has the extension by the old number


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("plan", [PLAN, CORE])
def test_principal_is_not_corrected_to_be_due_twice(
    half: Book, tmp_path: Path, policy_file: PolicyFile, plan: str, dry_run: bool
) -> None:
    schedule = _planned(half)
    with pytest.raises(FeedError, match=r"sum up to 1500.00 of principal, more than 1000.00.*\(number 3\)") as refused:
        _take(half, tmp_path, "instalments", plan, policy_file, corrections=True, dry_run=dry_run)
    assert [(f.row, f.column, f.value) for f in refused.value.faults] == [(3, "principal_due", "500.00")]
    assert _planned(half) == schedule


@pytest.mark.parametrize("first", [True, False])
def test_a_correction_that_sets_the_new_instalments_to_nothing(
    half: Book, tmp_path: Path, policy_file: PolicyFile, first: bool
) -> None:
    """Wherever in the file they stand."""
    nothing = "L1,3,2026-07-10,0,0\n"
    header, rows = CORE.split("\n", 1)
    whole = f"{header}\n" + (nothing + rows if first else rows + nothing)
    assert _take(half, tmp_path, "instalments", whole, policy_file, corrections=True).changed == 2
    with half.read() as session:
        assert [(o.claim, o.due_on, o.unpaid) for o in accounts.owing(session, loans.get(session, "L1"), UNTIL)] == [
            ("1", date(2025, 7, 10), 0),
            ("2", UNTIL, Decimal("533.10")),
            ("3", UNTIL, 0),
        ]
    assert _take(half, tmp_path, "instalments", PLAN, policy_file).changed == 0, "and so it stays"


@pytest.mark.parametrize(
    "row", ["L1,3,2026-07-20,500.00,15.91", "L1,3,2026-07-10,400.00,15.08\nL1,4,2026-08-10,100.00,1"]
)
def test_a_correction_that_knows_the_new_instalments_needs_no_others(
    half: Book, tmp_path: Path, policy_file: PolicyFile, row: str
) -> None:
    plan = f"{PLAN.splitlines()[0]}\n{row}\n"
    taken = _take(half, tmp_path, "instalments", plan, policy_file, corrections=True)
    assert (taken.changed, taken.added) == (1, row.count("\n"))


def test_each_loan_that_would_owe_twice_is_named(half: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    """L2 was extended as well; L3 has its schedule from the files only, and is corrected freely."""
    also = ALSO + ALSO.splitlines()[1].replace("L2", "L3") + "\n"
    _take(half, tmp_path, "loans", also, policy_file)
    rows = PLAN.split("\n", 1)[1]
    others = rows.replace("L1", "L2") + rows.replace("L1", "L3")
    _take(half, tmp_path, "instalments", PLAN + others, policy_file)
    _extended(half, policy_file, ask(UNTIL, 500), MATURES, "L2")
    more = PLAN + others.replace("L3,2,2026-01-10,500", "L3,2,2026-01-10,900")
    with pytest.raises(FeedError, match="2 faults") as refused:
        _take(half, tmp_path, "instalments", more, policy_file, corrections=True)
    assert [(f.row, f.column) for f in refused.value.faults] == [(3, "principal_due"), (5, "principal_due")]


# ---------------------------------------------------------------------- a schedule that was not, but shrinks


@pytest.fixture
def ten(book: Book, tmp_path: Path, policy_file: PolicyFile) -> Book:
    """A loan of 1,000.00 in ten instalments."""
    _take(book, tmp_path, "borrowers", "borrower_no,name,kind\nB1,x,personal\n")
    _take(book, tmp_path, "loans", LOAN, policy_file)
    _take(book, tmp_path, "instalments", _plan(range(1, 11), 100), policy_file)
    return book


def _plan(numbers: Any, principal: int, loan_no: str = "L1", header: bool = True) -> str:
    rows = [f"{loan_no},{n},2025-{n + 1:02d}-10,{principal}.00,1.00\n" for n in numbers]
    return "loan_no,number,due_on,principal_due,interest_due\n" * header + "".join(rows)


@pytest.mark.parametrize("corrections", [True, False])
@pytest.mark.parametrize("dry_run", [True, False])
def test_fewer_instalments_of_the_same_principal_leave_none_of_the_old(
    ten: Book, tmp_path: Path, policy_file: PolicyFile, corrections: bool, dry_run: bool
) -> None:
    schedule = _planned(ten)
    how = {"corrections": corrections, "dry_run": dry_run}
    said = (
        r"loan L1 would sum up to 1500.00 of principal, more than 1000.00: .*number 6, 7, 8, 9, 10\); give them with 0"
    )
    with pytest.raises(FeedError, match=said) as refused:
        _take(ten, tmp_path, "instalments", _plan(range(1, 6), 200), policy_file, **how)
    assert [(f.row, f.column, f.value) for f in refused.value.faults] == [(2, "principal_due", "200.00")]
    assert _planned(ten) == schedule
    whole = _plan(range(1, 6), 200) + _plan(range(6, 11), 0, header=False)
    assert _take(ten, tmp_path, "instalments", whole, policy_file, **how).changed == 10


@pytest.mark.parametrize(
    "plan",
    [
        _plan(range(1, 11), 150),  # every instalment: interest was capitalised
        _plan(range(1, 6), 150) + _plan(range(6, 11), 50, header=False),
        _plan(range(1, 6), 50),  # less
        _plan((1,), 50) + _plan((2,), 150, header=False),  # as much as before
        _plan((11,), 0),
    ],
)
def test_what_makes_nothing_due_twice_is_taken(ten: Book, tmp_path: Path, policy_file: PolicyFile, plan: str) -> None:
    taken = _take(ten, tmp_path, "instalments", plan, policy_file)
    assert taken.changed + taken.added == plan.count("\n") - 1


def test_a_new_instalment_beside_the_old_ones_makes_principal_due_twice(
    ten: Book, tmp_path: Path, policy_file: PolicyFile
) -> None:
    """Unless the loan itself is raised, or was planned in part only."""
    with pytest.raises(FeedError, match=r"1100.00 of principal, more than 1000.00.*number 1, 2, 3"):
        _take(ten, tmp_path, "instalments", _plan((11,), 100), policy_file)
    _take(ten, tmp_path, "loans", LOAN.replace("1000.00", "1100.00"), policy_file, corrections=True)
    assert _take(ten, tmp_path, "instalments", _plan((11,), 100), policy_file).added == 1


@pytest.mark.parametrize("by_loan", [True, False])
def test_a_first_schedule_is_believed_however_long_the_file(
    ten: Book, tmp_path: Path, policy_file: PolicyFile, by_loan: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L2 and L3 come with more than was lent, in pieces; L1 does not, and shrinks over several pieces, too."""
    monkeypatch.setattr("postloan.feeds.spool.CHUNK", 3)
    also = ALSO + ALSO.splitlines()[1].replace("L2", "L3") + "\n"
    _take(ten, tmp_path, "loans", also, policy_file)
    rows = [(no, n) for no in ("L2", "L1", "L3") for n in range(1, 6)]
    if not by_loan:
        rows.sort(key=lambda row: row[1])
    plan = "".join(_plan((n,), 200 if no == "L1" else 300, no, header=False) for no, n in rows)
    with pytest.raises(FeedError, match="1 fault") as refused:
        _take(ten, tmp_path, "instalments", _plan((), 0) + plan, policy_file)
    assert "loan L1 would sum up to 1500.00" in refused.value.faults[0].reason
    rest = "".join(row + "\n" for row in plan.splitlines() if not row.startswith("L1"))
    assert _take(ten, tmp_path, "instalments", _plan((), 0) + rest, policy_file).added == 10


# ---------------------------------------------------------------------- charges that early settlement made due

SETTLED = date(2025, 3, 11)
ADVANCE = CHARGES + "C1,L1,advance,2025-02-01,2025-12-01,80.00,\n"


@pytest.fixture
def settled(book: Book, tmp_path: Path, policy_file: PolicyFile) -> Book:
    """A loan with an advance that was not due yet, settled early; entrusted, so that receipts pay nothing before its
    due date."""
    _lent(book, tmp_path, policy_file)
    entrusted = f"{TERMS.strip()},委托人\nL1,B1,1000.00,7.2,2025-01-10,2026-01-10,50,W1\n"
    _take(book, tmp_path, "loans", entrusted, policy_file)
    _take(book, tmp_path, "charges", ADVANCE, policy_file)
    _received(book, policy_file, "all")
    with book.read() as session:
        assert extensions.settled_on(session, loans.get(session, "L1")) == SETTLED
    return book


def _received(book: Book, policy_file: PolicyFile, early: str) -> None:
    """All that settles the loan, or half of it."""
    with book.write() as writer:
        loan = loans.get(writer.session, "L1")
        due = receipts.due_to_settle(writer.session, policy_file, loan, SETTLED)
        case = case_on(writer, policy_file, "receipt", "L1", SETTLED)
        received = receipts.Received("R1", SETTLED, due if early == "all" else Decimal("500.00"), early=early)
        receipts.enter(writer, policy_file, case, loan, received, document="V", by=["S1"])


def _charge(book: Book, charge_no: str = "C1") -> Charge:
    with book.read() as session:
        return Charge(**session.get_one(Charge, charge_no).model_dump())


@pytest.mark.parametrize("text", [ADVANCE, ADVANCE + "\n", ADVANCE.replace("2025-12-01", "2026-12-01")])
def test_an_old_file_does_not_put_off_what_was_settled_early(
    settled: Book, tmp_path: Path, policy_file: PolicyFile, text: str
) -> None:
    assert _take(settled, tmp_path, "charges", text, policy_file).changed == 0
    assert _charge(settled).due_on == SETTLED
    with settled.read() as session:
        loan = loans.get(session, "L1")
        assert extensions.settled_on(session, loan) == SETTLED
        assert accounts.account(session, policy_file, loan, SETTLED).excess == 0


def test_what_else_a_file_tells_of_charges_is_taken(settled: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    news = ADVANCE.replace("80.00,", "80.00,保险费") + "C2,L1,fee,2025-02-01,2025-12-02,1.00,\n"
    taken = _take(settled, tmp_path, "charges", news, policy_file)
    assert (taken.changed, taken.added) == (1, 1)
    assert (_charge(settled).due_on, _charge(settled).detail) == (SETTLED, "保险费")
    assert _charge(settled, "C2").due_on == date(2025, 12, 2), "a new one is due when the file says"
    _take(settled, tmp_path, "charges", ADVANCE.replace("2025-12-01", "2025-02-11"), policy_file)
    assert _charge(settled).due_on == date(2025, 2, 11), "it was due before that"


def test_corrections_put_off_a_charge(settled: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    """Also by the very file that was taken in last."""
    assert _take(settled, tmp_path, "charges", ADVANCE, policy_file, corrections=True).changed == 1
    assert _charge(settled).due_on == date(2025, 12, 1)


def test_a_charge_of_a_loan_that_goes_on_is_put_off(book: Book, tmp_path: Path, policy_file: PolicyFile) -> None:
    """Part of the principal was repaid early on the day on which the charge was due, by the way."""
    _lent(book, tmp_path, policy_file)
    _take(book, tmp_path, "charges", ADVANCE.replace("2025-12-01", str(SETTLED)), policy_file)
    _received(book, policy_file, "part")
    assert _take(book, tmp_path, "charges", ADVANCE, policy_file).changed == 1
    assert _charge(book).due_on == date(2025, 12, 1)
