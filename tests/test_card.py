"""The card shows what was known at the end of its day, in words, and as a sound paper."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from postloan.book import Book, accounts, audit, duties, ledger, loans
from postloan.book.tables import Borrower, Charge, Drawdown, Instalment, Loan, Position, Repayment, Signal
from postloan.card import card, chart, collecting, render
from postloan.card.asof import Until
from postloan.card.figures import covered
from postloan.card.view import Paper
from postloan.errors import NotFound
from postloan.policy import PolicyFile
from tasks.office import Office
from tests.across_time.test_year import START, fill
from tests.book.test_accounts import NUMBERS, scattered
from tests.conftest import Clock
from tests.factory import staff_and_loans
from tests.story import LATER, LOAN, TODAY, Story, first_part, second_part

# What scripts have relied on from the first version on.
PLAIN = {"loan_no", "as_of", "principal_outstanding", "overdue", "bucket", "risk_class", "source"}
LISTS = {
    *("guarantees", "collaterals", "duties", "cases", "tasks", "signals", "repayments", "instalments"),
    *("notices", "documents", "events"),
}
LANGUAGES = ("zh", "en")


@pytest.fixture
def story(office: Office, clock: Clock, policy_file: PolicyFile) -> Story:
    return Story(office.book, clock, policy_file, office.settings.home)


def shown(office: Office, loan_no: str = LOAN, day: date = TODAY) -> dict[str, Any]:
    with office.book.read() as session:
        return card(session, office.policy_file, loan_no, day)


def html(office: Office, of: dict[str, Any], language: str = "zh", form: str = "html") -> str:
    made = render(office.renderer, of, form, language, "示范农村商业银行")
    assert isinstance(made, str)
    return made


# ------------------------------------------------------------------------------ what was known


def test_a_card_is_the_same_however_much_later_it_is_made(story: Story, office: Office) -> None:
    first_part(story)
    then = shown(office)
    second_part(story)
    again = shown(office)
    for name in then:
        if name == "duties":  # forecasts are judged by what is known when they are made
            continue
        assert again[name] == then[name], name
    later = shown(office, day=LATER)
    moved = {name for name in then if later[name] != then[name]}
    same = {
        "loan_no",
        "time_zone",
        "titles",
        "branch",
        "partner",
        "inspections",
        "work_log",
        "staff",
        "ratings",
        "penalty_accrued",
        "rights",
        # The workout is told in a story of its own (test_card_workout.py).
        *("transfers", "responsibilities", "disposal_options", "milestones", "write_offs"),
        *("recoveries", "recovered", "recovery_costs"),
    }
    assert set(then) - moved <= same, "the second part changes every section, or this proves nothing"


def test_each_section_says_what_was_known(story: Story, office: Office) -> None:
    first_part(story)
    second_part(story)
    then, later = shown(office), shown(office, day=LATER)

    def pick(of: dict[str, Any], section: str, *names: str) -> list[tuple[Any, ...]]:
        return [tuple(row[name] for name in names) for row in of[section]]

    assert pick(then, "signals", "kind", "cleared_on") == [("overdue", None), ("litigation", None)]
    assert pick(later, "signals", "kind", "cleared_on")[0] == ("overdue", "2026-04-20")
    assert pick(then, "classifications", "risk_class") == []
    assert pick(later, "classifications", "as_of", "risk_class", "decided_by") == [
        ("2026-03-31", "substandard", "S017")
    ]
    assert pick(then, "payments", "payment_no", "state", "as_agreed") == [
        ("P1", "approved", None),
        ("P2", "requested", None),
    ]
    assert pick(later, "payments", "state", "as_agreed") == [("approved", True), ("refused", None), ("requested", None)]
    assert pick(then, "plans", "ended_on") == [(None,)]
    assert pick(later, "plans", "ended_on") == [("2026-04-20",)]
    assert pick(then, "work_log", "opinion", "reviewed_by") == [("", None)]
    assert pick(later, "work_log", "opinion", "reviewed_by") == [("知悉", "S002")]
    assert pick(then, "extensions", "state", "reason") == [("applied", "")]
    assert pick(later, "extensions", "state", "reason") == [("refused", "还款来源不可靠")]
    assert pick(then, "slips", "state", "signed_by") == [("out", ""), ("out", "")]
    assert pick(later, "slips", "state", "signed_by") == [("returned", "张某某"), ("refused", "")]
    assert pick(then, "charges", "charge_no", "unpaid") == [("CH1", "80.00")]
    assert (then["consents"], then["title_releases"]) == ([], [])
    assert pick(later, "title_releases", "collateral_no", "received_by") == [("K2", "张某某")]
    assert [c["state"] for c in then["cases"]] == ["closed", "open", "open", "open", "open"]
    assert {c["state"] for c in later["cases"][:5]} == {"closed"}
    assert then["tasks"][-1]["state"] == "open"
    assert pick(then, "notices", "state", "sent_at")[-1] == ("queued", None)
    assert pick(later, "notices", "state", "last_error")[-1] == ("failed", "no such number")
    assert (len(then["documents"]), len(later["documents"])) == (2, 4)
    assert (then["borrower"]["rating"], later["borrower"]["rating"]) == ("A", "BB")
    terms = ("annual_rate", "matures_on", "security", "repayment", "settled_on")
    assert [then["loan"][name] for name in terms] == ["4.350000", "2027-01-15", "mortgaged", "equal_principal", None]
    assert [later["loan"][name] for name in terms] == ["6.100000", "2027-03-15", "guaranteed", "custom", "2026-08-01"]
    assert pick(then, "guarantees", "kind", "amount") == [("joint", "50000.00")]
    assert pick(then, "collaterals", "collateral_no", "value", "insured_until", "also_secures") == [
        ("K1", "160000.00", "2026-06-01", ["L02"]),
        ("K2", "20000.00", None, []),
    ]
    assert pick(later, "collaterals", "collateral_no", "value", "insured_until") == [("K1", "150000.00", "2027-06-01")]
    assert then["cover"] == {"collateral_value": "180000.00", "ratio": "4.52", "needed": "1.0"}
    assert pick(then, "instalments", "number", "covered", "state")[:2] == [
        (1, "20900.00", "overdue"),
        (2, "0.00", "due"),
    ]
    assert then["balance"]["actual"][-1] == {"on": "2026-03-18", "outstanding": then["principal_outstanding"]}
    assert (then["principal_outstanding"], then["overdue"], then["days_past_due"]) == ("39800.00", "4800.00", 26)
    assert (then["customer_class"], then["suspended"]) == ("potential_risk", False)
    assert (later["customer_class"], later["suspended"]) == ("non_performing", True)
    assert (later["principal_outstanding"], later["source"]) == ("0.00", "settled")
    assert {i["state"] for i in later["instalments"]} == {"settled"}
    assert later["balance"]["actual"][-1] == {"on": "2026-08-01", "outstanding": "0.00"}
    assert [row["kind"] for row in then["ledger"]] == ["disbursed", "drawn", "repaid", "repaid"]
    assert {"rate_changed", "security_changed", "extended", "reversed", "settled"} <= {
        row["kind"] for row in later["ledger"]
    }
    assert then["ledger_balances"] == []
    assert pick(later, "ledger_balances", "as_of", "principal_outstanding") == [("2026-03-31", "39800.00")]
    assert then["group"]["group_no"] == "G-C1"
    assert pick(then["group"], "members", "borrower_no", "outstanding") == [("C1", "139800.00"), ("C2", "70000.00")]
    assert later["group"] is None
    assert pick(then, "findings", "content", "rectified_on") == [("合同缺页", None)]
    (inspection,) = then["inspections"]
    assert (inspection["rounds"], inspection["report"]["conditions"]) == (2, "符合 in order")
    assert (inspection["opinion"]["staff_no"], inspection["review"]["decision"]) == ("S002", "合格 accept")
    assert then["staff"]["S001"] == "员工S001"
    assert max(event["at"] for event in then["events"]) < "2026-04-10T16:00:00+00:00"
    assert then["chain"]["links"] == len(then["events"])


def test_the_json_keeps_its_keys_and_is_json(story: Story, office: Office) -> None:
    first_part(story)
    of = shown(office)
    assert json.loads(json.dumps(of)) == of
    assert all(isinstance(of[name], str) for name in PLAIN)
    assert all(isinstance(of[name], list) for name in LISTS)
    assert isinstance(of["days_past_due"], int)
    assert (of["loan"]["loan_no"], of["borrower"]["borrower_no"]) == (LOAN, "C1")
    assert not {"body", "address"} & set(of["notices"][0])
    with pytest.raises(NotFound):
        shown(office, "L404")


def test_a_loan_alone_has_the_ledger_and_the_duties_that_it_has_in_the_whole_book(
    book: Book, policy_file: PolicyFile
) -> None:
    fill(book, seed=7)
    first, end = START + timedelta(days=150), START + timedelta(days=350)
    zone = policy_file.at(end).time_zone
    with book.read() as session:
        everything = duties.between(session, policy_file, first, end, end - timedelta(days=90))
        lines = ledger.changes(session, first, end, zone)
        for loan_no in sorted({duty.loan_no for duty in everything if duty.loan_no}):
            alone = duties.between(session, policy_file, first, end, end - timedelta(days=90), loan_no)
            assert alone == [duty for duty in everything if duty.loan_no == loan_no]
            assert ledger.changes(session, first, end, zone, loan_no) == [
                line for line in lines if line.loan_no == loan_no
            ]


# ------------------------------------------------------------------------------------- figures


def test_the_card_stands_where_the_loan_stands_and_its_balance_ends_there(
    sqlite_book: Book, policy_file: PolicyFile
) -> None:
    """The card replays the receipts over the claims as they were: where nothing changed since, that is what the
    book adds up."""
    days = scattered(sqlite_book, policy_file, 11)
    with sqlite_book.write() as writer:
        for n, loan_no in enumerate(NUMBERS):
            if n % 6 == 1:
                about = {"loan_no": loan_no, "number": 1, "drawn_on": days[0]}
                writer.session.add(Drawdown(amount=Decimal(50000), **about))
            if n % 6 == 4:
                about = {"loan_no": loan_no, "as_of": days[0], "overdue_principal": 0, "overdue_interest": 0}
                writer.session.add(Position(principal_outstanding=Decimal(77), days_past_due=0, **about))
        writer.session.flush()
        accounts.refresh(writer.session, policy_file, NUMBERS)
    with sqlite_book.read() as session:
        charged = dict(session.exec(select(Charge.loan_no, Charge.charged_on)).all())
        for loan_no, day in product(NUMBERS, days):
            if charged.get(loan_no, day) > day:
                continue  # a charge that came later has paid parts of what the receipts paid
            held = collecting.dossier(session, policy_file, loan_no, Until(day, policy_file.at(day).time_zone))
            stood = loans.standing(session, held.loan, day)
            assert collecting.standing(held) == stood, (loan_no, day)
            went = [(point["on"], point["outstanding"]) for point in collecting.balance(held)["actual"]]
            assert not went or went[-1][1] == stood.principal_outstanding
            assert [on for on, _ in went] == sorted({on for on, _ in went})


def test_each_instalment_says_what_of_it_is_covered() -> None:
    schedule = [
        Instalment(loan_no="L", number=n, due_on=date(2026, n, 1), principal_due=Decimal(100), interest_due=Decimal(n))
        for n in (3, 1, 2)
    ]
    day = date(2026, 2, 2)
    states = covered(schedule, {"1": Decimal(101), "2": Decimal(49)}, day)
    assert [(s["covered"], s["state"]) for s in states] == [(101, "paid"), (49, "overdue"), (0, "due")]
    states = covered(schedule, {"1": Decimal(101), "2": Decimal(102), "3": Decimal(7)}, day)
    assert [s["state"] for s in states] == ["paid", "paid", "part"]
    assert [s["state"] for s in covered(schedule, None, day)] == ["unknown", "unknown", "due"]
    assert {s["state"] for s in covered(schedule, None, day, settled=True)} == {"settled"}


def test_the_drawing_is_of_what_there_is() -> None:
    nothing = {"agreed": [], "as_of": TODAY, "title": "t", "actual_title": "a", "agreed_title": "b"}
    assert chart.balance(actual=[], **nothing) == ""
    one_day = [(TODAY, Decimal(5))]
    drawn = chart.balance(**nothing | {"actual": one_day, "agreed": one_day, "title": "<b>"})
    assert drawn.startswith("<svg")
    assert "<b>" not in drawn


# --------------------------------------------------------------------------------------- paper


class Tags(HTMLParser):
    """Whether every tag that is opened is closed, in order; and the text between them."""

    VOID = frozenset({"meta", "br", "col"})
    EMPTY = frozenset({"path", "line", "circle"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_paper_is_well_formed_and_says_everything_in_words(story: Story, office: Office, language: str) -> None:
    first_part(story)
    second_part(story)
    for day in (TODAY, LATER):
        page = Tags(html(office, shown(office, day=day), language))
        words = " ".join(page.text)
        assert not re.findall(r"[a-z]+_[a-z_]+", words), "codes are said in words"
        assert not re.findall(r"\b(?:None|Decimal|Undefined)\b|\{\{|\}\}", words)
        expected = ("关注", "首次检查", "连带责任保证", "等额本金", "未消除", "张某某", "员工S001 S001", "39,800.00")
        if language == "en":
            expected = ("special mention", "first inspection", "joint and several", "equal parts of principal", "open")
        if day == TODAY:
            assert [word for word in expected if word not in words] == []
        short = html(office, shown(office, day=day), language, "md")
        assert not re.findall(r"[a-z]+_[a-z_]+", short.replace("\\_", " "))
        assert len(short) < len(html(office, shown(office, day=day), language))


def test_a_chinese_paper_has_no_english_in_what_rules_noted(story: Story, office: Office) -> None:
    first_part(story)
    second_part(story)
    of = shown(office, day=LATER)
    paper = Paper(of, "zh")
    noted = [
        *(paper.phrase(row["detail"]) for row in of["ledger"] if row["kind"] != "repaid"),
        *(paper.phrase(row["why"]) for row in of["classifications"]),
        *(paper.phrase(row["detail"]) for row in of["signals"]),
    ]
    assert len(noted) > 5
    assert [text for text in noted if re.search(r"[a-z]{2}", text)] == []
    assert [line["what"] for line in paper.timeline if re.search(r"[a-z]{3}", line["what"])] == [
        line["what"] for line in paper.timeline if "wrong one-time code" in line["what"]
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_is_made(story: Story, office: Office, language: str) -> None:
    first_part(story)
    made = render(office.renderer, shown(office), "pdf", language, "Bank")
    assert isinstance(made, bytes)
    assert made.startswith(b"%PDF")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_loan_has_a_card(office: Office, language: str) -> None:
    staff_and_loans(office.book, {"L9": date(2026, 3, 2)}, officer=None)
    for day in (date(2026, 1, 1), date(2026, 3, 2)):
        of = shown(office, "L9", day)
        words = " ".join(Tags(html(office, of, language)).text)
        assert "L9" in words
        assert (of["inspections"], of["group"], of["chain"]["links"], of["cover"]["ratio"]) == ([], None, 0, None)
        assert ("以下各项截至当日无记录" if language == "zh" else "Nothing was recorded") in words
        assert "L9" in html(office, of, language, "md")
    assert shown(office, "L9", date(2026, 1, 1))["principal_outstanding"] == "0.00"


def test_a_loan_that_is_not_drawn_yet_and_one_that_the_core_system_reports(office: Office) -> None:
    staff_and_loans(office.book, {"L1": date(2026, 3, 2), "L2": date(2026, 3, 2)})
    with office.book.write() as writer:
        add = writer.session.add
        add(Drawdown(loan_no="L1", number=1, drawn_on=date(2026, 3, 20), amount=Decimal("60000.00")))
        for day, left, late in ((date(2026, 3, 9), 90000, 0), (date(2026, 4, 9), 80000, 4), (date(2026, 5, 9), 7, 0)):
            add(
                Position(
                    loan_no="L2",
                    as_of=day,
                    principal_outstanding=Decimal(left),
                    overdue_principal=Decimal(late),
                    overdue_interest=Decimal(0),
                    days_past_due=late,
                )
            )
        due_on = date(2026, 4, 5)
        add(Instalment(loan_no="L2", number=1, due_on=due_on, principal_due=Decimal(10000), interest_due=Decimal(5)))
    of = shown(office, "L1", date(2026, 3, 10))
    assert (of["principal_outstanding"], of["drawdowns"], of["balance"]["actual"]) == ("0.00", [], [])
    assert Paper(of, "zh").repaid == "—"
    assert Paper(shown(office, "L1", date(2026, 3, 20)), "zh").repaid == "0 %"
    of = shown(office, "L2", date(2026, 4, 10))
    assert (of["source"], of["days_past_due"], of["bucket"]) == ("core", 5, "M1")
    assert [point["outstanding"] for point in of["balance"]["actual"]] == ["90000.00", "80000.00"]
    assert [i["state"] for i in of["instalments"]] == ["unknown"]
    assert "以核心系统为准" in html(office, of)


def test_hostile_names_are_only_text(office: Office) -> None:
    evil = '<script>alert("x")</script>|`[a](b)` "; } body { display: none'
    staff_and_loans(office.book, {"L<1>": date(2026, 3, 2)})
    with office.book.write() as writer:
        session = writer.session
        session.get_one(Borrower, "C1").name = evil
        session.get_one(Loan, "L<1>").purpose = evil
        session.add(Signal(loan_no="L<1>", kind="<blink>own_kind", seen_on=date(2026, 3, 2), detail=evil, source=evil))
        writer.record("thing.<marquee>done", loan_no="L<1>", case_no="<dialog>", actor="<iframe>")
    of = shown(office, "L<1>")
    page = html(office, of)
    Tags(page)
    assert not re.search(r"<(script|blink|marquee|dialog|iframe|1)", page)
    assert "&lt;script&gt;" in page
    assert "display: none" not in page.split("</style>")[0]
    short = html(office, of, form="md")
    assert "\\<script\\>" in short
    assert "[a](b)" not in short


def test_a_long_schedule_is_cut_to_what_matters(office: Office) -> None:
    start = date(2024, 1, 10)
    staff_and_loans(office.book, {"L1": start})
    with office.book.write() as writer:
        session = writer.session
        session.get_one(Loan, "L1").matures_on = date(2029, 1, 10)
        for n in range(60):
            due_on = date(2024 + (n + 1) // 12, 1 + (n + 1) % 12, 10)
            session.add(
                Instalment(
                    loan_no="L1",
                    number=n + 1,
                    due_on=due_on,
                    principal_due=Decimal("1666.66"),
                    interest_due=Decimal("9.99"),
                )
            )
        for n in range(25):
            paid_on = date(2024 + (n + 1) // 12, 1 + (n + 1) % 12, 10)
            session.add(Repayment(receipt_no=f"R{n:02d}", loan_no="L1", paid_on=paid_on, amount=Decimal("1676.65")))
    of = shown(office, "L1", date(2026, 4, 12))
    paper = Paper(of, "zh")
    assert [i["number"] for i in paper.schedule] == [26, 27, 28, 29, 30, 31, 32, 33]
    assert paper.schedule_states == [("已还清", 25), ("逾期", 2), ("未到期", 33)]
    assert [r["receipt_no"] for r in paper.receipts] == [f"R{n}" for n in range(13, 25)]
    assert paper.received == "41,916.25"
    page = html(office, of)
    assert "仅列" in page
    assert "R12" not in page.split("贷款台帐")[0]


def test_the_card_says_which_of_its_events_were_altered(story: Story, office: Office) -> None:
    first_part(story)
    of = shown(office)
    assert of["chain"]["altered"] == []
    assert (of["chain"]["first"]["hash"], of["chain"]["last"]["seq"]) == (
        of["events"][0]["hash"],
        of["events"][-1]["seq"],
    )
    assert of["chain"]["last"]["hash"] in html(office, of)
    forged = of["events"][2]["seq"]
    with office.book.write() as writer:
        run = writer.session.execute
        if office.book.is_sqlite:
            run(text("DROP TRIGGER audit_event_no_update"))
        else:
            run(text("DROP TRIGGER audit_event_append_only ON audit_event"))
        run(text(f"UPDATE audit_event SET actor = 'S666' WHERE seq = {forged}"))
    of = shown(office)
    assert of["chain"]["altered"] == [forged]
    assert f"postloan audit verify）：{forged}" in html(office, of)
    with office.book.read() as session:
        assert audit.verify(session).broken_at == forged
