"""The registers in the book: what a reviewer found could go wrong, on either database."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlmodel import select

from postloan.book import Book, cases, ledger, plans, proceeds, supervision, work_log
from postloan.book.tables import Case, Classification, Finding, Loan, Payment, RiskPlan, Step, WorkLogEntry
from postloan.rules.duties_apart import Mandate
from postloan.rules.supervision import Found
from tasks.office import Office
from tasks.round import work_out
from tests.factory import staff_and_loans

DRAWN = date(2025, 1, 6)
YEAR_END = date(2025, 12, 31)


def case(office: Office, case_no: str, kind: str, *, loan_no: str | None = None, subject: str = "x") -> Case:
    with office.book.write() as writer:
        made = Case(
            case_no=case_no, kind=kind, loan_no=loan_no, subject=subject, rule="x", anchor_on=YEAR_END,
            due_on=YEAR_END, opened_on=YEAR_END, policy_version=cases.keep_policy(writer, office.policy_file),
        )  # fmt: skip
        writer.session.add(made)
    return made


def test_findings_at_head_office_are_entered(office: Office) -> None:
    staff_and_loans(office.book, {"L1": DRAWN})
    inspected = case(office, "SV-(HO)-2025-12-31", "branch_supervision")
    with office.book.write() as writer:
        supervision.enter(writer, inspected, [Found("L1", "缺签字")], day=YEAR_END, due_on=YEAR_END, by="S006")
        supervision.enter(writer, inspected, [Found("L1", "缺签字")], day=YEAR_END, due_on=YEAR_END, by="S006")
    with office.book.read() as session:
        (found,) = session.exec(select(Finding)).all()
    assert (found.branch_no, found.loan_no) == (None, "L1")


def test_payments_under_way_count_against_the_loan(office: Office) -> None:
    staff_and_loans(office.book, {"L1": DRAWN})
    with office.book.write() as writer:
        for no, amount in (("P1", 60_000), ("P2", 60_000), ("P3", 10_000)):
            writer.session.add(
                Payment(payment_no=no, loan_no="L1", requested_on=DRAWN, amount=Decimal(amount), payee="x", purpose="x")
            )
    for no, decision in (("P1", "同意 approve"), ("P3", "不同意 refuse")):
        case(office, f"UP-{no}", "use_of_proceeds", loan_no="L1", subject=no)
        with office.book.write() as writer:
            writer.session.add(
                Step(
                    case_no=f"UP-{no}", step="review", duty="report", result={"decision": decision}, done_at=writer.now
                )
            )
    with office.book.read() as session:
        assert proceeds.taken_up(session, proceeds.get(session, "P2")) == Decimal(60_000)
        assert proceeds.taken_up(session, proceeds.get(session, "P1")) == 0
    with office.book.write() as writer:
        under_way = cases.get(writer.session, "UP-P1")
        proceeds.decide(writer, under_way, "P1", approved=True, by=["S001"], day=DRAWN)
        cases.close(writer, under_way, "verified")
    with office.book.read() as session:
        assert proceeds.taken_up(session, proceeds.get(session, "P2")) == Decimal(60_000)


def test_a_balance_is_carried_with_the_worse_of_decision_and_days_past_due(office: Office) -> None:
    late = YEAR_END - timedelta(days=100)
    staff_and_loans(office.book, {"L1": DRAWN, "L2": DRAWN})
    with office.book.write() as writer:
        for no in ("L1", "L2"):
            loan = writer.session.get_one(Loan, no)
            loan.branch_no, loan.matures_on = None, late if no == "L1" else loan.matures_on
            writer.session.add(loan)
        for no, decided in (("L1", "normal"), ("L2", "doubtful")):
            writer.session.add(
                Classification(loan_no=no, as_of=date(2025, 9, 30), risk_class=decided, rule_class=decided)
            )
    carried = case(office, "LC-(HO)-2025-12-31", "ledger_carry_over")
    with office.book.write() as writer:
        assert ledger.carry_over(writer, office.policy, carried, YEAR_END) == 2
        assert ledger.carry_over(writer, office.policy, carried, YEAR_END) == 0, "once"
    with office.book.read() as session:
        classes = {row["loan_no"]: row["risk_class"] for row in ledger.balances(session, carried.case_no)}
    assert classes == {"L1": "substandard", "L2": "doubtful"}


def test_two_plans_of_one_day_are_both_kept(office: Office) -> None:
    staff_and_loans(office.book, {"L1": DRAWN, "L2": DRAWN})
    for no in ("L1", "L2"):
        made = case(office, f"RC-{no}", "risk_classification", loan_no=no)
        with office.book.write() as writer:
            loan = writer.session.get_one(Loan, no)
            plans.make(writer, made, loan, f"方案 {no}", YEAR_END, by="S001")
            plans.make(writer, made, loan, f"方案 {no}", YEAR_END, by="S001")
    with office.book.read() as session:
        (plan,) = session.exec(select(RiskPlan)).all()
    assert plan.plan == "方案 L1\nL2: 方案 L2"


def test_a_case_is_claimed_by_one_run(office: Office) -> None:
    staff_and_loans(office.book, {"L1": DRAWN})
    case(office, "FI-L1", "first_inspection", loan_no="L1")
    with office.book.write() as writer:
        assert cases.claim(writer, "FI-L1", "run 1", instead_of="")
        assert cases.claim(writer, "FI-L1", "run 1", instead_of="")
        assert not cases.claim(writer, "FI-L1", "run 2", instead_of="")
        assert cases.claim(writer, "FI-L1", "run 2", instead_of="run 1")


def test_entries_go_before_the_head_of_their_branch_once(office: Office) -> None:
    staff_and_loans(office.book, {"L1": DRAWN})
    with office.book.write() as writer:
        writer.session.add(
            WorkLogEntry(
                entry_no="W1", borrower_no="C1", staff_no="S001", activity="on_site", acted_on=YEAR_END,
                entered_on=YEAR_END, content="x",
            )
        )  # fmt: skip
    done = work_out(office, YEAR_END)
    review = f"WR-B1-{YEAR_END}"
    assert review in done.opened_cases
    with office.book.read() as session:
        assert [e.entry_no for e in work_log.of_review(session, review)] == ["W1"]
    assert not [no for no in work_out(office, YEAR_END + timedelta(days=1)).opened_cases if no.startswith("WR-")]


def test_a_refused_answer_wins_no_time(book: Book, office: Office) -> None:
    staff_and_loans(book, {"L1": DRAWN})
    asked = case(office, "FI-L1", "first_inspection", loan_no="L1")
    for due_on in (YEAR_END, YEAR_END + timedelta(days=9)):
        with book.write() as writer:
            task, new = cases.ask(
                writer, asked, step="report-2", duty="report", mandate=Mandate("account_officer"), form="F",
                due_on=due_on, flow_run_id="r",
            )  # fmt: skip
            assert new and task.due_on == YEAR_END
            cases.refuse(writer, asked, task, {}, "wrong code")
