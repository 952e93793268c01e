"""MAT-3, MAT-4: a receipt that bounces while the settlement is under way; a document of title that is kept then. What
people answer is given here at once; how they are asked has tests of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from flows import maturity as flows
from postloan.book import accounts, cases, loans, titles
from postloan.book.tables import Case, Collateral, CollateralLoan
from postloan.errors import PostloanError
from tasks import human, maturity, runs
from tasks.human import Answer, Signer
from tasks.office import Office
from tests.book.test_schedules import case_on, pay
from tests.conftest import Clock
from tests.factory import staff_and_loans

DRAWN, SETTLED = date(2025, 3, 2), date(2026, 3, 2)
CASE = f"ST-L1-{SETTLED}"
ANSWERS: dict[str, dict[str, Any]] = {
    "statement": {"result": "相符 agrees"},
    "sign": {"decision": "签字 sign", "opinion": "同意"},
    "release": {"decision": "已交还 handed back", "released_on": SETTLED, "received_by": "x", "evidence": "身份证"},
    "close-file": {"complete": ["借款及担保合同 contracts"], "missing": "其余资料随后", "location": "A-1"},
}


@dataclass
class Desk:
    """Answers what is asked, and does something just before it answers a step."""

    office: Office
    asked: list[str] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=lambda: dict(ANSWERS))
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    receipt: str = ""

    def ask(self, office: Office, case: Case, *, step: str, form: Any, check: Any = None, **_: Any) -> Answer[Any]:
        given = form(**self.answers[step.split("-1")[0]])
        with office.book.read() as session:
            done = cases.result(session, case.case_no, step)
        if done is None:
            self.asked.append(step)
            self.just_before(step)
            assert check is None or check(given, Signer("S002", office.today)) == []
            with office.book.write() as writer:
                cases.finish_step(writer, case, step, given.model_dump(mode="json"))
        return Answer(given, "S002", "", datetime.fromisoformat(f"{office.today}T09:00:00+08:00"))

    def just_before(self, step: str) -> None:
        self.before.pop(step, lambda: None)()

    def titles_of(self, case_no: str) -> list[str]:
        self.just_before("titles")
        return maturity.titles_of.fn(case_no)

    def receive(self, reverses: str = "", day: date = SETTLED) -> None:
        with self.office.book.write() as writer:
            made = pay(writer.session, "L1", day, 100_000, reverses=reverses)
            accounts.refresh(writer.session, self.office.policy_file, ["L1"])
        self.receipt = self.receipt if reverses else made

    def bounce(self) -> None:
        self.receive(self.receipt)

    def states(self) -> dict[str, tuple[str, str]]:
        with self.office.book.read() as session:
            return {case.kind: (case.state, case.outcome) for case in session.exec(select(Case))}


@pytest.fixture
def desk(office: Office, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Desk:
    """L1, secured by K1, is paid in full; its settlement is open, and so is what was done about its collection."""
    desk = Desk(office)
    staff_and_loans(office.book, {"L1": DRAWN})
    with office.book.write() as writer:
        item = Collateral(collateral_no="K1", kind="房产", owner="x", value=Decimal(1), valued_on=DRAWN)
        writer.session.add(item)
        writer.session.flush()
        writer.session.add(CollateralLoan(collateral_no="K1", loan_no="L1"))
        late = case_on(writer, office.policy_file, "collection_preparation", "L1", date(2026, 2, 20))
        about = {"loan_no": "L1", "branch_no": "B1", "rule": "MAT-4", "policy_version": late.policy_version}
        days = {"anchor_on": SETTLED, "due_on": SETTLED, "opened_on": SETTLED}
        cases.enter(writer, Case(case_no=CASE, kind="settlement", subject=f"{SETTLED}", **about, **days))
    desk.receive()
    monkeypatch.setattr(Office, "open", lambda: office)
    monkeypatch.setattr(human, "ask", desk.ask)
    monkeypatch.setattr(flows, "titles_of", desk.titles_of)
    monkeypatch.setattr(flows.notices, "deliver", lambda: None)
    for name in ("archive_report", "archive_paper", "tell"):
        monkeypatch.setattr(flows, name, lambda *given, **more: None)
    monkeypatch.setattr(runs, "claim", lambda office, case_no: True)
    monkeypatch.setattr(runs, "current_run_id", lambda: "run")
    monkeypatch.setattr(runs, "show_done", lambda case: None)
    monkeypatch.setattr(runs, "end", lambda ended, why: desk.ended.extend(case.case_no for case in ended))
    return desk


def settle() -> str:
    return str(flows.settlement.fn(CASE).message)


def test_what_is_paid_needs_no_collection(desk: Desk) -> None:
    assert settle() == f"{CASE}: settled, 1 document(s) of title back, 0 kept"
    assert desk.asked == ["statement", "sign", "release-1", "close-file"]
    assert desk.states() == {"settlement": ("closed", "settled"), "collection_preparation": ("cancelled", "settled")}
    assert desk.ended == ["CP-L1-1"]


@pytest.mark.parametrize(("when", "asked"), [("titles", 2), ("close-file", 4)])
def test_a_cheque_that_bounces_after_the_signature_leaves_the_collection_alone(
    desk: Desk, when: str, asked: int
) -> None:
    """Whoever was not asked yet is asked no more; and the case's run from the top again changes nothing."""
    desk.before[when] = desk.bounce
    for _ in range(2):
        settle()
        assert desk.states() == {"settlement": ("closed", "reopened"), "collection_preparation": ("open", "")}
        assert (len(desk.asked), desk.ended) == (asked, [])


def test_another_receipt_for_the_one_that_bounced_settles_it_all_the_same(desk: Desk, clock: Clock) -> None:
    """The day of settlement has moved, but nothing is owed when the file is closed."""
    clock.now = datetime.fromisoformat("2026-03-05T09:00:00+08:00")

    def replaced() -> None:
        desk.bounce()
        desk.receive(day=date(2026, 3, 4))

    desk.before["close-file"] = replaced
    settle()
    with desk.office.book.read() as session:
        assert maturity.owed_again(desk.office, loans.get(session, "L1"), SETTLED)
    assert desk.states()["settlement"] == ("closed", "settled")
    assert desk.ended == ["CP-L1-1"]


def test_a_case_that_was_closed_meanwhile_cancels_nothing(desk: Desk) -> None:
    def closed() -> None:
        with desk.office.book.write() as writer:
            cases.close(writer, cases.get(writer.session, CASE), "reopened")

    desk.before["close-file"] = closed
    settle()
    assert desk.states() == {"settlement": ("closed", "reopened"), "collection_preparation": ("open", "")}
    assert desk.ended == []


def test_what_the_custodian_kept_goes_back_later(desk: Desk) -> None:
    desk.answers["release"] = {"decision": "继续保管 keep", "released_on": SETTLED, "remark": "权利人未到"}
    settle()
    assert desk.states()["settlement"] == ("closed", "settled_titles_kept")

    def release() -> str:
        with desk.office.book.write() as writer:
            case = case_on(writer, desk.office.policy_file, "title_release", "L1", SETTLED)
        return str(flows.title_release.fn(case.case_no).message)

    assert release() == "TR-L1-1: 0 document(s) of title back, 1 kept"
    assert desk.states()["title_release"] == ("closed", "kept")
    desk.answers["release"] = ANSWERS["release"]
    assert release() == "TR-L1-2: 1 document(s) of title back, 0 kept"
    assert desk.states()["title_release"] == ("closed", "released")
    with desk.office.book.read() as session:
        (held,) = titles.of_loan(session, "L1", SETTLED)
        assert held.released
    with pytest.raises(PostloanError, match="no document of title of loan L1 is held"):
        release()


def test_a_settlement_that_is_done_again_asks_for_no_document_that_went_back(desk: Desk) -> None:
    """The receipt bounced while the file was closed, and was entered anew."""
    desk.before["close-file"] = desk.bounce
    settle()
    desk.receive()
    with desk.office.book.write() as writer:
        first = cases.get(writer.session, CASE)
        again = first.model_dump() | {"case_no": f"{CASE}-2", "subject": f"{SETTLED}-2", "state": "open", "outcome": ""}
        cases.enter(writer, Case(**again))
    desk.asked.clear()
    assert flows.settlement.fn(f"{CASE}-2").message == f"{CASE}-2: settled, 0 document(s) of title back, 0 kept"
    assert desk.asked == ["statement", "sign", "close-file"]
