"""Months, and the day on which a moment falls where the institution is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import literal, select, union_all

from postloan.book import Book, cases
from postloan.book.sql import day_in
from postloan.book.tables import Case, HumanTask, Step
from postloan.book.types import Moment
from postloan.errors import PostloanError
from postloan.policy import PolicyFile
from postloan.reports import work
from postloan.reports.performance import performance
from postloan.reports.period import Month, Period, finished, reported
from postloan.rules.performance import Tally
from tests.factory import staff_and_loans

TODAY = date(2026, 11, 15)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "26-10", "2026-10-01", "2026-W10", "202610", "x"]
)
def test_what_is_no_month_is_refused_with_words(text: str) -> None:
    with pytest.raises(PostloanError, match="write it as 2026-03"):
        Month.parse(text)


def test_a_month_knows_its_days() -> None:
    february = Month.parse("2024-02")
    assert (february.first, february.last, str(february.before)) == (date(2024, 2, 1), date(2024, 2, 29), "2024-01")
    assert str(Month.parse("2026-01").before) == "2025-12"
    assert str(Month.parse("2025-12").later(1)) == "2026-01"


def test_which_month_is_reported() -> None:
    assert str(reported(None, TODAY)) == str(reported("", TODAY)) == "2026-10"
    assert str(reported(None, date(2026, 1, 1))) == "2025-12"
    assert str(reported("2026-11", TODAY)) == "2026-11"
    with pytest.raises(PostloanError, match="2026-12 lies in the future"):
        reported("2026-12", TODAY)
    with pytest.raises(PostloanError, match="from 2026-12-01 on"):
        finished("2026-11", TODAY)
    assert str(finished("2026-10", date(2026, 11, 1))) == "2026-10"


def test_the_day_of_a_moment_in_any_zone_on_either_database(book: Book) -> None:
    zones = [ZoneInfo(name) for name in ("Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC")]
    around = [datetime(2026, 3, 8, 4, 59, tzinfo=UTC), datetime(2026, 11, 1, 3, 59, 59, 999999, tzinfo=UTC)]
    moments = [at + timedelta(minutes=7 * n) for at in around for n in range(0, 220, 3)]
    rows = union_all(*(select(literal(at, Moment()).label("at")) for at in moments[:140])).subquery()
    for zone in zones:
        with book.read() as session:
            found = session.execute(select(rows.c.at, day_in(rows.c.at, zone))).tuples().all()
        assert len(found) > 100
        assert all(day == at.astimezone(zone).date() for at, day in found), zone


@dataclass(frozen=True)
class Asked:
    """A step of officer S001: asked, due, answered at a time of the institution's clock."""

    asked_at: str
    due_on: str
    answered_at: str = ""
    state: str = "answered"


def ask(book: Book, file: PolicyFile, zone: ZoneInfo, *asked: Asked) -> None:
    staff_and_loans(book, {"L1": date(2026, 1, 5)})
    with book.write(origin="test") as writer:
        version = cases.keep_policy(writer, file)
        for n, a in enumerate(asked):
            opened_on = date.fromisoformat(a.asked_at[:10])
            at = datetime.fromisoformat(a.answered_at).replace(tzinfo=zone) if a.answered_at else None
            case_no = f"K{n}"
            writer.session.add(
                Case(
                    case_no=case_no,
                    kind="routine_inspection",
                    loan_no="L1",
                    subject=str(n),
                    rule="INS-5",
                    anchor_on=opened_on,
                    due_on=date.fromisoformat(a.due_on),
                    opened_on=opened_on,
                    policy_version=version,
                )
            )
            writer.session.flush()
            writer.session.add(
                HumanTask(
                    case_no=case_no,
                    step="handle",
                    attempt=1,
                    duty="handle",
                    role="account_officer",
                    staff_no="S001",
                    form="Form",
                    asked_at=datetime.fromisoformat(a.asked_at).replace(tzinfo=zone),
                    due_on=date.fromisoformat(a.due_on),
                    state=a.state if at else "open",
                    answered_at=at,
                )
            )
            if at and a.state == "answered":
                writer.session.add(Step(case_no=case_no, step="handle", duty="handle", staff_no="S001", done_at=at))


def october(book: Book, file: PolicyFile) -> Tally:
    with book.read() as session:
        done = performance(session, file, Period(date(2026, 10, 1), date(2026, 10, 31)), TODAY)
    return next(r for r in done.staff if r.staff_no == "S001").tally


def test_a_report_that_came_back_twice_counts_for_whoever_handed_it_in(book: Book, policy_file: PolicyFile) -> None:
    """S001 reports, the deputy S004 reports again, S001 a third time; an answer that was refused is no return."""
    staff_and_loans(book, {"L1": date(2026, 1, 5)})
    rounds = (
        ("report", 1, "2026-09-28T10:00", "2026-09-29T10:00", "answered", "S001"),
        ("report-2", 1, "2026-10-01T00:00", "2026-10-02T10:00", "refused", ""),
        ("report-2", 2, "2026-10-02T10:00", "2026-10-02T10:05", "answered", "S004"),
        ("report-3", 1, "2026-10-31T23:59", "2026-11-03T10:00", "answered", "S001"),
    )
    shanghai = ZoneInfo("Asia/Shanghai")
    with book.write(origin="test") as writer:
        case = Case(
            case_no="K1",
            kind="routine_inspection",
            loan_no="L1",
            subject="1",
            rule="INS-5",
            anchor_on=date(2026, 9, 1),
            due_on=date(2026, 9, 30),
            opened_on=date(2026, 9, 1),
            policy_version=cases.keep_policy(writer, policy_file),
        )
        writer.session.add(case)
        writer.session.flush()
        for step, attempt, asked_at, at, state, signer in rounds:
            writer.session.add(
                HumanTask(
                    case_no="K1",
                    step=step,
                    attempt=attempt,
                    duty="report",
                    role="account_officer",
                    staff_no="S001",
                    form="Form",
                    asked_at=datetime.fromisoformat(asked_at).replace(tzinfo=shanghai),
                    due_on=date(2026, 10, 30),
                    state=state,
                    answered_at=datetime.fromisoformat(at).replace(tzinfo=shanghai),
                )
            )
            if signer:
                done_at = datetime.fromisoformat(at).replace(tzinfo=shanghai)
                writer.session.add(
                    Step(case_no="K1", step=step, duty="report", attempt=attempt, staff_no=signer, done_at=done_at)
                )
        case.state, case.closed_at = "closed", datetime(2026, 11, 4, tzinfo=shanghai)

    def counts(first: date, last: date) -> dict[str, Tally]:
        with book.read() as session:
            done = performance(session, policy_file, Period(first, last), TODAY)
        return {r.staff_no: r.tally for r in done.staff if r.staff_no in ("S001", "S004")}

    october = counts(date(2026, 10, 1), date(2026, 10, 31))
    assert october["S001"] == Tally(returned=1, refused=1, open=1, open_late=1)
    assert october["S004"] == Tally(on_time=1, reports=1, returned=1)
    assert counts(date(2026, 11, 1), date(2026, 11, 15))["S001"] == Tally(late=1, reports=1)
    with book.read() as session:
        for month, closed in ((Period(date(2026, 11, 1), date(2026, 11, 3)), 0), (Period(date(2026, 11, 4), TODAY), 1)):
            assert sum(c.closed for c in work.cases(session, month, shanghai)) == closed


@pytest.mark.parametrize(
    ("asked", "expected", "why"),
    [
        (Asked("2026-10-20T09:00", "2026-10-31", "2026-10-31T23:59:59"), Tally(on_time=1), "the last second of it"),
        (Asked("2026-10-20T09:00", "2026-10-31", "2026-11-01T00:00:00"), Tally(open=1), "November's, and late there"),
        (Asked("2026-09-20T09:00", "2026-09-30", "2026-10-01T00:00:00"), Tally(late=1), "October's, a second late"),
        (
            Asked("2026-09-20T09:00", "2026-10-01", "2026-10-01T00:00:00"),
            Tally(on_time=1),
            "in Shanghai; not yet in UTC",
        ),
        (Asked("2026-09-20T09:00", "2026-09-30", "2026-09-30T23:59:59"), Tally(), "September's"),
        (Asked("2026-10-20T09:00", "2026-10-30"), Tally(open=1, open_late=1), "waits, and its day is past"),
        (Asked("2026-10-20T09:00", "2026-10-31"), Tally(open=1), "waits, and is due on that very day"),
        (Asked("2026-11-01T00:00", "2026-11-02"), Tally(), "asked after the month"),
        (Asked("2026-10-31T23:59", "2026-11-02"), Tally(open=1), "asked in its last minute"),
        (Asked("2026-10-20T09:00", "2026-10-30", "2026-10-31T23:59", "refused"), Tally(refused=1), "did not count"),
    ],
)
def test_the_edges_of_a_month(book: Book, policy_file: PolicyFile, asked: Asked, expected: Tally, why: str) -> None:
    ask(book, policy_file, ZoneInfo("Asia/Shanghai"), asked)
    assert october(book, policy_file) == expected, why


def test_the_zone_is_the_policys_summer_time_and_all(book: Book, policy_file: PolicyFile) -> None:
    """New York sets its clocks back on 1 November 2026: October there ends at 04:00 UTC."""
    zone = "America/New_York"
    institution = policy_file.values["institution"] | {"time_zone": zone}
    file = PolicyFile(policy_file.values | {"institution": institution})
    ask(
        book,
        file,
        ZoneInfo(zone),
        Asked("2026-10-20T09:00", "2026-10-31", "2026-10-31T23:59:59"),
        Asked("2026-10-20T09:00", "2026-10-30", "2026-10-31T23:30:00"),
        Asked("2026-10-20T09:00", "2026-10-31", "2026-11-01T00:30:00"),
    )
    assert october(book, file) == Tally(on_time=1, late=1, open=1)
