"""The round's part in the book: each duty once, on its date, on either database, late or not."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from postloan.book import Book, cases, duties
from postloan.book.tables import Case, Loan, Notice
from postloan.policy import PolicyFile
from postloan.rules.duties_apart import Mandate
from tasks.office import Office
from tasks.round import work_out
from tests.conftest import Clock
from tests.factory import staff_and_loans

START = date(2026, 3, 2)


def opened(book: Book) -> list[tuple[str, date]]:
    with book.read() as session:
        return sorted((c.loan_no, c.due_on) for c in session.exec(select(Case)))


def test_a_missed_week_is_caught_up_in_one_round(office: Office) -> None:
    staff_and_loans(office.book, {f"L{n}": START + timedelta(days=n) for n in range(8)})
    assert work_out(office, START).opened == 1
    done = work_out(office, START + timedelta(days=7))
    assert done.opened == 7
    assert done.caught_up == [START + timedelta(days=n) for n in range(1, 7)]
    assert work_out(office, START + timedelta(days=3)).opened == 0, "an earlier day again"


def test_settled_loans_and_those_before_go_live_bring_no_duty(office: Office, policy_file: PolicyFile) -> None:
    staff_and_loans(office.book, {"OLD": START - timedelta(days=40), "PAID": START, "LIVE": START})
    with office.book.write() as writer:
        writer.session.get_one(Loan, "PAID").settled_on = START
    values = policy_file.values | {"round": policy_file.values["round"] | {"go_live": START}}
    with office.book.write() as writer:
        file = PolicyFile(values)
        version = cases.keep_policy(writer, file)
        opened_now = duties.open_cases(writer, file, version, START, None)
    assert [no for no in opened_now if no.startswith("FI-")] == ["FI-LIVE"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_sql_and_the_pure_rule_give_the_same_due_dates(
    sqlite_book: Book, policy_file: PolicyFile, offsets: list[int]
) -> None:
    from postloan.rules.inspection import first_inspection_due

    drawn = [date(2024, 2, 1) + timedelta(days=n) for n in offsets]
    with sqlite_book.read() as session:
        from decimal import Decimal

        from postloan.book.tables import Borrower

        session.add(Borrower(borrower_no="C1", name="x", kind="personal"))
        session.flush()
        for n, day in enumerate(drawn):
            session.add(
                Loan(
                    loan_no=f"L{n}",
                    borrower_no="C1",
                    principal=Decimal(1),
                    annual_rate=Decimal(1),
                    disbursed_on=day,
                    first_drawdown_on=day,
                    matures_on=day + timedelta(days=400),
                )
            )
        session.flush()
        found = duties.between(session, policy_file, date(2024, 1, 1), date(2024, 12, 31), date(2024, 1, 1))
        session.rollback()
    assert sorted(d.due_on for d in found if d.kind == "first_inspection") == sorted(
        first_inspection_due(day, 15) for day in drawn
    )


def test_late_tasks_are_reminded_of_and_escalated_each_time_once(office: Office, clock: Clock) -> None:
    staff_and_loans(office.book, {"L1": START})
    work_out(office, START)
    due_on = START + timedelta(days=15)
    with office.book.write() as writer:
        case = cases.get(writer.session, "FI-L1")
        cases.ask(
            writer,
            case,
            step="report",
            duty="report",
            mandate=Mandate("account_officer", "S001"),
            form="F",
            due_on=due_on,
            flow_run_id="r",
        )
    reminded, escalated = {}, {}
    for n in range(-5, 12):
        done = work_out(office, due_on + timedelta(days=n))
        reminded[n], escalated[n] = done.reminders, done.escalations
        again = work_out(office, due_on + timedelta(days=n))
        assert (again.reminders, again.escalations, again.notices_queued) == (0, 0, 0)
    assert [n for n, count in reminded.items() if count] == [-2, 1, 4, 7, 10]
    # Three days late the credit supervisor is told, six days late supervision; then nobody is above.
    assert {n: count for n, count in escalated.items() if count} == {3: 1, 6: 1}
    with office.book.read() as session:
        told = session.exec(select(Notice.recipient_no).where(Notice.kind == "task_escalation")).all()
    assert sorted(told) == ["S002", "S006"]
