"""The end of a loan on its card: penalties, a bounced receipt, an extension, an early settlement, the title back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from postloan.book import Writer, accounts, cases, extensions, loans, parties, receipts, slips, titles
from postloan.book.receipts import Received
from postloan.book.tables import (
    Case,
    Charge,
    Collateral,
    CollateralLoan,
    Guarantee,
    Guarantor,
    Instalment,
    Loan,
    Position,
    Repayment,
)
from postloan.calendar import months_after
from postloan.card import card
from postloan.card.view import Paper
from tasks.office import Office
from tests.conftest import DATABASES, Clock, empty_book, office_of
from tests.factory import staff_and_loans
from tests.story import Story
from tests.test_card import LANGUAGES, Tags, html, shown

START, MATURES = date(2025, 1, 10), date(2026, 1, 10)
# Forecasts are judged by what is known when they are made; the periods of rights follow today's schedule.
OF_TODAY = {"duties", "rights"}


def begin(office: Office, clock: Clock) -> Story:
    """L1 and L2: 100,000 each in four instalments, half again of penalty, secured by K1 and G1."""
    told = Story(office.book, clock, office.policy_file, office.settings.home)
    clock.now = clock.now.replace(year=2025, month=1, day=10)
    staff_and_loans(office.book, dict.fromkeys(("L1", "L2"), START))
    with told.write(str(START)) as writer:
        add = writer.session.add
        add(Guarantor(guarantor_no="G1", name="李某某"))
        about = {"value": 150_000, "valued_on": START, "title_document": "房权证 1"}
        add(Collateral(collateral_no="K1", kind="房产", owner="王某某", **about))
        writer.session.flush()
        for no in ("L1", "L2"):
            loan = writer.session.get_one(Loan, no)
            loan.penalty_surcharge, loan.security = Decimal(50), "mortgaged"
            add(CollateralLoan(collateral_no="K1", loan_no=no))
            add(Guarantee(guarantor_no="G1", loan_no=no))
            for number in range(1, 5):
                about = {"loan_no": no, "number": number, "due_on": months_after(START, 3 * number)}
                add(Instalment(principal_due=25_000, interest_due=300, **about))
    return told


def open_case(writer: Writer, story: Story, kind: str, no: str, day: date) -> Case:
    return cases.open_by_hand(writer, story.file, kind, loans.get(writer.session, no), day)


def pay(story: Story, day: str, no: str, receipt_no: str, amount: str = "0", **more: str) -> None:
    """A receipt, entered by hand and compared."""
    on = date.fromisoformat(day)
    with story.write(day) as writer:
        loan, received = loans.get(writer.session, no), Received(receipt_no, on, Decimal(amount), **more)
        if received.early == "all":
            due = receipts.due_to_settle(writer.session, story.file, loan, on)
            received = Received(receipt_no, on, due, early="all")
        case = open_case(writer, story, "receipt", no, on)
        receipts.enter(writer, story.file, case, loan, received, document="凭证", by=["S005", "S003"])
        cases.close(writer, case, "entered")


def apply(story: Story, day: str, no: str, variant: str, until: date, amount: int) -> str:
    on = date.fromisoformat(day)
    with story.write(day) as writer:
        case, loan = open_case(writer, story, "extension", no, on), loans.get(writer.session, no)
        asked = extensions.Terms(variant, until, Decimal(amount), loan.annual_rate, "bullet", 1)
        extensions.apply(writer, case, loan, asked, on, by="S001")
        slips.issue(writer, case, parties.to_notify(writer.session, loan))
        return case.case_no


def sign(story: Story, day: str, case_no: str, variant: str, until: date, amount: int) -> None:
    on = date.fromisoformat(day)
    with story.write(day) as writer:
        case = cases.get(writer.session, case_no)
        everybody = parties.to_consent(writer.session, loans.get(writer.session, case.loan_no or ""))
        extensions.consent(writer, case, everybody, on, "同意书 1", by="S001")
        granted = extensions.Terms(variant, until, Decimal(amount), Decimal(6), "bullet", 1)
        extensions.sign(
            writer, story.file, story.file.at(on), case, granted,
            contract_no="展 1", signed_on=on, new_loan_no="", day=on, by="S001",
        )  # fmt: skip
        cases.close(writer, case, "signed")


def tell(story: Story, look: Callable[[str], None]) -> None:
    """Everything that happens, and a look at the cards after each of it."""
    pay(story, "2025-05-02", "L1", "R1", "30000")
    look("2025-05-02")
    with story.write("2025-05-10") as writer:
        about = {"kind": "advance", "charged_on": date(2025, 5, 10), "due_on": date(2025, 6, 1), "detail": "代垫保险费"}
        writer.session.add(Charge(charge_no="CH1", loan_no="L1", amount=Decimal("80.00"), **about))
        writer.session.flush()
        accounts.refresh(writer.session, story.file, ["L1"])
    look("2025-05-10")
    pay(story, "2025-05-20", "L1", "R2", reverses="R1")
    look("2025-06-15")
    pay(story, "2025-07-01", "L1", "R3", "52000")
    case_no = apply(story, "2025-12-05", "L1", "extension", date(2026, 7, 10), 25_000)
    look("2025-12-06")
    sign(story, "2025-12-28", case_no, "extension", date(2026, 6, 10), 20_000)
    look("2025-12-29")
    case_no = apply(story, "2026-01-05", "L2", "rescheduling", date(2026, 12, 10), 100_000)
    look("2026-01-12")
    with story.write("2026-01-13") as writer:  # after rounds that were missed
        assert extensions.take_force(writer, story.file, date(2026, 1, 13)) == 1
    look("2026-01-13")
    sign(story, "2026-02-02", case_no, "rescheduling", date(2026, 10, 10), 100_000)
    look("2026-02-02")
    pay(story, "2026-03-01", "L1", "R4", early="all")
    look("2026-03-01")
    pay(story, "2026-03-03", "L2", "R5", early="all")
    look("2026-03-03")
    with story.write("2026-03-04") as writer:
        case = open_case(writer, story, "collection_preparation", "L2", date(2026, 3, 4))
        titles.release(
            writer, case, "K1", received_by="王某某", evidence="身份证", day=date(2026, 3, 4), by="S005"
        )  # fmt: skip
    look("2026-03-04")


@dataclass(frozen=True)
class Told:
    """The story told to its end, and the cards as they were made on each day, by loan and day."""

    office: Office
    cards: dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module", params=DATABASES)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One telling for all tests that look at it: none of them writes."""
    clock, home = Clock(), tmp_path_factory.mktemp("told")
    for book in empty_book(request, home, clock):
        yield telling(office_of(book, home), clock)


def telling(office: Office, clock: Clock) -> Told:
    story = begin(office, clock)
    made: dict[tuple[str, str], dict[str, Any]] = {}

    def look(day: str) -> None:
        with story.write(day, 20):
            pass
        for no in ("L1", "L2"):
            made[no, day] = shown(office, no, date.fromisoformat(day))

    tell(story, look)
    return Told(office, made)


def test_an_earlier_card_is_what_it_was_though_schedule_and_terms_changed(told: Told) -> None:
    office = told.office
    for (no, day), then in told.cards.items():
        again = shown(office, no, date.fromisoformat(day))
        for name in then.keys() - OF_TODAY:
            assert again[name] == then[name], (no, day, name)


def pick(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


PARTS = ("receipt_no", "fee", "penalty", "interest", "principal", "excess")


def test_what_receipts_paid_and_what_a_bounced_one_took_back(told: Told) -> None:
    office = told.office
    # 25,000 for 22 days at 4.35 % and half of it again: 99.69
    then = shown(office, "L1", date(2025, 5, 2))
    assert pick(then["allocations"], *PARTS) == [("R1", "0.00", "99.69", "600.00", "29300.31", "0.00")]
    assert (then["charges"], then["penalty_accrued"], then["allocations"][0]["reversed"]) == ([], "0.00", False)
    charged = shown(office, "L1", date(2025, 5, 10))  # what was paid ahead pays what falls due before
    assert pick(charged["allocations"], *PARTS) == [("R1", "80.00", "99.69", "600.00", "29220.31", "0.00")]
    assert pick(charged["charges"], "charge_no", "paid", "unpaid", "days_past_due") == [("CH1", "80.00", "0.00", 0)]
    bounced = shown(office, "L1", date(2025, 6, 15))
    assert pick(bounced["allocations"], "receipt_no", "reverses", "reversed") == [
        ("R1", None, True),
        ("R2", "R1", False),
    ]
    assert pick(bounced["allocations"], *PARTS)[1] == ("R2", "-80.00", "-99.69", "-600.00", "-29220.31", "0.00")
    accrued = Decimal(25_000) * 66 * Decimal("4.35") * Decimal("1.5") / 36_000
    assert Decimal(bounced["penalty_accrued"]) == accrued.quantize(Decimal("0.01"))
    assert pick(bounced["charges"], "paid", "unpaid", "days_past_due") == [("0.00", "80.00", 14)]
    assert pick(bounced["instalments"], "number", "covered", "state")[0] == (1, "0.00", "overdue")
    assert bounced["days_past_due"] == 66
    paid = shown(office, "L1", date(2025, 7, 1))
    assert pick(paid["charges"], "paid", "unpaid", "days_past_due") == [("80.00", "0.00", 0)]


def test_an_extension_from_the_application_to_its_force(told: Told) -> None:
    office = told.office
    names = ("state", "until_on", "amount", "annual_rate", "contract_no", "in_force_on")
    asked = ("asked_until_on", "asked_amount")
    seen = {day: shown(office, "L1", date.fromisoformat(day)) for day in ("2025-12-06", "2025-12-29", "2026-01-13")}
    assert [pick(of["extensions"], *names) for of in seen.values()] == [
        [("applied", "2026-07-10", "25000.00", None, "", None)],
        [("signed", "2026-06-10", "20000.00", "6.000000", "展 1", None)],
        [("in_force", "2026-06-10", "20000.00", "6.000000", "展 1", "2026-01-13")],
    ]
    assert {pick(of["extensions"], *asked)[0] for of in seen.values()} == {("2026-07-10", "25000.00")}
    before, signed, _ = seen.values()
    assert (before["consents"], pick(signed["consents"], "party", "party_no")) == (
        [],
        [("guarantor", "G1"), ("mortgagor", "K1")],
    )
    assert [len(of["instalments"]) for of in seen.values()] == [4, 4, 5]
    assert [of["loan"]["matures_on"] for of in seen.values()] == ["2026-01-10", "2026-01-10", "2026-06-10"]
    assert [of["loan"]["original_maturity"] for of in seen.values()] == [None, None, "2026-01-10"]
    assert pick(before["slips"], "party", "state") == [("borrower", "out"), ("guarantor", "out")]
    late = shown(office, "L1", date(2026, 1, 12))
    assert late["days_past_due"] > 0, "until the round the old schedule holds"
    (rescheduled,) = shown(office, "L2", date(2026, 2, 2))["extensions"]
    assert (rescheduled["variant"], rescheduled["state"]) == ("rescheduling", "in_force")
    kinds = pick(shown(office, "L2", date(2026, 2, 2))["charges"], "kind", "days_past_due")
    assert kinds == [("penalty", 0)], "the penalty interest that ran is owed as a charge"
    assert shown(office, "L2", date(2026, 2, 1))["charges"] == []


def test_the_end_settled_early_and_the_title_handed_back(told: Told) -> None:
    office = told.office
    settled = shown(office, "L1", date(2026, 3, 1))
    assert (settled["principal_outstanding"], settled["overdue"], settled["penalty_accrued"]) == ("0.00",) * 3
    assert {i["state"] for i in Paper(settled, "zh").instalments} == {"paid"}
    assert pick(settled["collaterals"], "collateral_no", "title_state") == [("K1", "kept")]
    for no in ("L1", "L2"):  # the register's line is of L2, the document was theirs together
        after = shown(office, no, date(2026, 3, 4))
        assert pick(after["collaterals"], "title_state") == [("released",)]
        assert pick(after["title_releases"], "collateral_no", "loan_no", "received_by") == [("K1", "L2", "王某某")]
        assert after["staff"]["S005"] == "员工S005"
    assert shown(office, "L1", date(2026, 3, 3))["title_releases"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_paper_says_all_of_it_in_words(told: Told, language: str) -> None:
    office = told.office
    said = {
        "zh": {
            "2025-06-15": ("收款冲账", "已冲销", "费用及垫款", "垫款", "截至当日应收罚息", "罚息加收比例", "保管中"),
            "2025-12-29": ("展期与重组", "已签合同", "原申请", "25,000.00 → 2026-07-10", "保证人 G1", "通知回执"),
            "2026-03-04": ("已生效", "原到期日", "权证交还登记", "已交还", "员工S005 S005"),
        },
        "en": {
            "2025-06-15": ("What receipts paid", "reversed", "advance", "Penalty interest owed", "Penalty surcharge"),
            "2025-12-29": ("Extensions", "signed", "asked for", "guarantor G1", "Receipt slips"),
            "2026-03-04": ("in force", "Original maturity", "handed back", "员工S005 S005"),
        },
    }[language]
    for day, expected in said.items():
        of = shown(office, "L1", date.fromisoformat(day))
        words = " ".join(Tags(html(office, of, language)).text)
        assert [word for word in expected if word not in words] == [], day
        assert not re.findall(r"[a-z]+_[a-z_]+|\bNone\b", words)
        short = html(office, of, language, "md")
        assert not re.findall(r"[a-z]+_[a-z_]+|\bNone\b", short)
        assert [word for word in expected[:2] if word not in short] == []
    for day in ("2025-06-15", "2026-02-02"):
        timeline = Paper(shown(office, "L2", date.fromisoformat(day)), language).timeline
        if language == "zh":
            assert [line["what"] for line in timeline if re.search(r"[a-z]{3}", line["what"])] == []


def test_penalties_of_a_loan_that_the_core_system_keeps_are_not_known_here(office: Office) -> None:
    staff_and_loans(office.book, {"L1": START})
    with office.book.write() as writer:
        loan = writer.session.get_one(Loan, "L1")
        loan.consignor, loan.found_by, loan.base_rate = "某公司", "lender", Decimal("3.1")
        loan.penalty_surcharge, loan.compound = Decimal(30), True
        about = {"as_of": MATURES, "principal_outstanding": 5, "overdue_principal": 5, "overdue_interest": 0}
        writer.session.add(Position(loan_no="L1", days_past_due=3, **about))
    of = shown(office, "L1", MATURES + timedelta(days=9))
    assert (of["penalty_accrued"], of["days_past_due"]) == (None, 12)
    words = " ".join(Tags(html(office, of)).text)
    assert [w for w in ("某公司", "借款人推荐方", "贷款人", "3.1 %", "30 %，计收复利") if w not in words] == []
    assert "罚息 " not in words


def test_a_receipt_alone_needs_no_split_and_an_empty_instalment_is_not_shown(office: Office) -> None:
    staff_and_loans(office.book, {"L1": START})
    with office.book.write() as writer:
        for number, principal in ((1, 0), (2, 100_000)):
            about = {"loan_no": "L1", "number": number, "due_on": months_after(START, number)}
            writer.session.add(Instalment(principal_due=principal, interest_due=0, **about))
        day = START + timedelta(days=20)
        writer.session.add(Repayment(receipt_no="R1", loan_no="L1", paid_on=day, amount=Decimal(500)))
    of = shown(office, "L1", date(2025, 2, 1))
    paper = Paper(of, "zh")
    assert (len(of["instalments"]), [i["number"] for i in paper.schedule]) == (2, [2])
    assert pick(of["allocations"], *PARTS) == [("R1", "0.00", "0.00", "0.00", "500.00", "0.00")]
    assert "收款冲账" not in html(office, of)
    with office.book.read() as session:
        assert card(session, office.policy_file, "L1", START)["allocations"] == []
