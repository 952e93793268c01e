"""A loan to which everything happens, in two parts: up to a day, and after it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from postloan.book import (
    Book,
    Writer,
    cases,
    classification,
    contacts,
    documents,
    extensions,
    groups,
    ledger,
    notices,
    parties,
    people,
    plans,
    proceeds,
    signals,
    slips,
    supervision,
    suspensions,
    ticklers,
    work_log,
)
from postloan.book.tables import (
    Borrower,
    Case,
    Charge,
    Collateral,
    CollateralLoan,
    Contact,
    Diagnosis,
    Drawdown,
    Guarantee,
    Guarantor,
    Instalment,
    Loan,
    Partner,
    Pause,
    Payment,
    Promise,
    Rating,
    Relation,
    Repayment,
    Signal,
    Stage,
    Suspension,
    TitleRelease,
    WorkLogEntry,
)
from postloan.feeds import take_in
from postloan.policy import PolicyFile
from postloan.rules.classification import Best
from postloan.rules.duties_apart import Mandate
from postloan.rules.supervision import Found
from tests.conftest import Clock
from tests.factory import staff_and_loans

LOAN = "L01"
TODAY = date(2026, 4, 10)  # between the two parts
LATER = date(2026, 8, 20)
REPORT = {
    "inspected_on": "2026-01-20",
    "method": "实地检查 on site",
    "use_of_proceeds": "符合 in order",
    "conditions": "部分符合 partly",
    "documents": "符合 in order",
    "findings": "登记在办",
    "signals": [],
}


FEEDS = (  # what changes later: day, kind, file
    ("2026-05-02", "ratings", "borrower_no,rating,rated_on\nC1,BB,2026-05-01\n"),
    (
        "2026-05-03",
        "loans",
        "loan_no,borrower_no,principal,annual_rate,disbursed_on,matures_on,security,repayment\n"
        "L01,C1,100000.00,6.1,2026-01-15,2027-03-15,guaranteed,custom\n",
    ),
    (
        "2026-05-04",
        "instalments",
        "loan_no,number,due_on,principal_due,interest_due\nL01,4,2026-12-15,25000.00,1400.00\n",
    ),
    ("2026-05-04", "guarantees", "guarantor_no,name,loan_no,kind,amount\nC2,李某某,L01,general,60000.00\n"),
    (
        "2026-05-05",
        "collaterals",
        "collateral_no,kind,owner,value,valued_on,secures\n"
        "K1,房产,张某某,150000.00,2026-05-05,L01;L02\nK2,车辆,张某某,20000.00,2026-01-05,L02\n",
    ),
)


class Story:
    """Tells what happens, day by day."""

    def __init__(self, book: Book, clock: Clock, file: PolicyFile, folder: Path) -> None:
        self.book, self.clock, self.file, self.folder = book, clock, file, folder

    def write(self, day: str, hour: int = 9) -> AbstractContextManager[Writer]:
        self.clock.now = datetime.fromisoformat(f"{day}T{hour:02d}:00:00+08:00")
        return self.book.write(origin="test")

    def open(self, day: str, kind: str, case_no: str, due: str, loan_no: str | None = LOAN, subject: str = "") -> None:
        with self.write(day) as writer:
            version = cases.keep_policy(writer, self.file)
            writer.session.add(
                Case(
                    case_no=case_no,
                    kind=kind,
                    loan_no=loan_no,
                    branch_no="B1",
                    subject=subject or case_no,
                    rule="INS-2",
                    anchor_on=date.fromisoformat(day),
                    due_on=date.fromisoformat(due),
                    opened_on=date.fromisoformat(day),
                    policy_version=version,
                )
            )
            writer.session.flush()
            about = {"kind": kind, "due_on": due, "rule": "INS-2"}
            writer.record("case.opened", loan_no=loan_no, case_no=case_no, policy_version=version, **about)

    def ask(self, day: str, case_no: str, step: str, duty: str, role: str) -> None:
        with self.write(day) as writer:
            case = cases.get(writer.session, case_no)
            mandate = Mandate(role, branch_no="B1")
            cases.ask(
                writer, case, step=step, duty=duty, mandate=mandate, form="F", due_on=case.due_on, flow_run_id="r"
            )

    def answer(self, day: str, case_no: str, step: str, staff_no: str, **answer: Any) -> None:
        with self.write(day, 15) as writer:
            task = cases.open_task(writer.session, case_no, step)
            assert task is not None
            case = cases.get(writer.session, case_no)
            cases.accept(writer, case, task, answer, cases.Signature(staff_no), codes=True)

    def refuse(self, day: str, case_no: str, step: str, reason: str) -> None:
        with self.write(day, 14) as writer:
            task = cases.open_task(writer.session, case_no, step)
            assert task is not None
            cases.refuse(writer, cases.get(writer.session, case_no), task, {"staff_no": "S004"}, reason)

    def close(self, day: str, case_no: str, outcome: str) -> None:
        with self.write(day, 16) as writer:
            cases.close(writer, cases.get(writer.session, case_no), outcome)

    def notify(self, day: str, key: str, case_no: str, staff_no: str = "") -> str:
        with self.write(day, 10) as writer:
            session = writer.session
            to = (
                notices.staff_recipient(people.get(session, staff_no))
                if staff_no
                else notices.borrower_recipient(session.get_one(Borrower, "C1"))
            )
            return notices.queue(
                writer,
                key=key,
                kind="task_assigned" if staff_no else "first_inspection_announcement",
                recipient=to,
                channel="email" if staff_no else "sms",
                language="zh",
                template="t",
                title="t",
                body="b",
                loan_no=LOAN,
                case_no=case_no,
            ).notice_no

    def sent(self, day: str, notice_no: str) -> None:
        with self.write(day, 11) as writer:
            taken = notices.take(writer)
            assert taken is not None and taken.notice_no == notice_no
            notices.mark_sent(writer, taken)

    def archive(self, day: str, case_no: str, kind: str, title: str) -> None:
        with self.write(day, 16) as writer:
            case = cases.get(writer.session, case_no)
            for media_type in ("text/html", "application/pdf"):
                sha256 = f"{abs(hash(case_no + media_type)):064x}"
                documents.enter(writer, case, kind=kind, title=title, media_type=media_type, sha256=sha256, size=9)

    def feed(self, day: str, kind: str, text: str) -> None:
        self.clock.now = datetime.fromisoformat(f"{day}T08:00:00+08:00")
        path = self.folder / f"{kind}.csv"
        path.write_text(text)
        take_in(self.book, kind, path)


def first_part(story: Story) -> None:
    """Up to TODAY: the loan is paid out, inspected once, and a signal is seen, cleared, and seen again."""
    story.clock.now = datetime.fromisoformat("2026-01-10T09:00:00+08:00")
    staff_and_loans(story.book, {LOAN: date(2026, 1, 15), "L02": date(2026, 1, 20)})
    with story.write("2026-01-15") as writer:
        session, add = writer.session, writer.session.add
        add(Partner(partner_no="P1", name="担保公司"))
        add(Borrower(borrower_no="C2", name="李某某", kind="personal"))
        add(Guarantor(guarantor_no="C2", name="李某某"))
        session.flush()
        loan = session.get_one(Loan, LOAN)
        loan.partner_no, loan.repayment, loan.security, loan.day_count = "P1", "equal_principal", "mortgaged", "30/360"
        add(
            Loan(
                loan_no="L03",
                borrower_no="C2",
                principal=Decimal("70000.00"),
                annual_rate=Decimal("5"),
                disbursed_on=date(2026, 2, 1),
                first_drawdown_on=date(2026, 2, 1),
                matures_on=date(2027, 2, 1),
            )
        )
        add(Drawdown(loan_no=LOAN, number=1, drawn_on=date(2026, 1, 15), amount=Decimal("60000.00")))
        for number in range(1, 5):
            due_on = date(2026, 1 + 2 * number, 15)
            add(
                Instalment(
                    loan_no=LOAN,
                    number=number,
                    due_on=due_on,
                    principal_due=Decimal("25000.00"),
                    interest_due=Decimal("700.00"),
                )
            )
        add(Stage(loan_no=LOAN, entered_on=date(2026, 3, 16), stage="reminder", days_past_due=1))
        add(Pause(pause_no="PA1", loan_no=LOAN, reason="other", from_on=date(2026, 3, 20), until_on=date(2026, 3, 25)))
        called = {"role": "borrower", "borrower_no": "C1", "person_no": "C1", "channel": "call", "agent": "S001"}
        at = datetime.fromisoformat("2026-04-08T10:00:00+08:00")
        add(Contact(contact_no="CT1", loan_no=LOAN, contact_at=at, permitted=True, **called))
        made = {"made_on": date(2026, 4, 8), "due_on": date(2026, 4, 15), "amount": Decimal("900.00")}
        add(Promise(promise_no="PR1", loan_no=LOAN, **made))
        add(Repayment(receipt_no="R1", loan_no=LOAN, paid_on=date(2026, 3, 14), amount=Decimal("20000.00")))
        add(Repayment(receipt_no="R2", loan_no=LOAN, paid_on=date(2026, 3, 18), amount=Decimal("900.00")))
        add(
            Collateral(
                collateral_no="K1",
                kind="房产",
                owner="张某某",
                value=Decimal("160000.00"),
                valued_on=date(2026, 1, 5),
                insured_until=date(2026, 6, 1),
            )
        )
        add(
            Collateral(
                collateral_no="K2", kind="车辆", owner="张某某", value=Decimal("20000.00"), valued_on=date(2026, 1, 5)
            )
        )
        add(Guarantee(guarantor_no="C2", loan_no=LOAN, amount=Decimal("50000.00")))
        session.flush()
        add(CollateralLoan(collateral_no="K1", loan_no=LOAN))
        add(CollateralLoan(collateral_no="K1", loan_no="L02"))
        add(CollateralLoan(collateral_no="K2", loan_no=LOAN))
        add(Relation(borrower_no="C1", other_no="C2", kind="family"))
        add(Rating(borrower_no="C1", rated_on=date(2026, 1, 5), rating="A"))
        for number, day in (("P1", date(2026, 1, 16)), ("P2", date(2026, 4, 8))):
            add(
                Payment(
                    payment_no=number,
                    loan_no=LOAN,
                    requested_on=day,
                    amount=Decimal("30000.00"),
                    payee="粮站",
                    purpose="收购",
                    evidence="合同 1",
                )
            )
    story.open("2026-01-15", "first_inspection", "FI-L01", "2026-01-30", subject="first")
    story.sent("2026-01-15", story.notify("2026-01-15", "n1", "FI-L01"))
    story.ask("2026-01-15", "FI-L01", "report", "report", "account_officer")
    story.sent("2026-01-15", story.notify("2026-01-15", "n2", "FI-L01", "S001"))
    story.refuse("2026-01-20", "FI-L01", "report", "动态口令错误 (wrong one-time code)")
    story.ask("2026-01-20", "FI-L01", "report", "report", "account_officer")
    story.answer("2026-01-21", "FI-L01", "report", "S001", **REPORT)
    story.ask("2026-01-21", "FI-L01", "sign", "sign", "credit_supervisor")
    story.answer("2026-01-22", "FI-L01", "sign", "S002", decision="退回 return", opinion="补齐")
    story.ask("2026-01-22", "FI-L01", "report-2", "report", "account_officer")
    story.answer("2026-01-23", "FI-L01", "report-2", "S001", **(REPORT | {"conditions": "符合 in order"}))
    story.ask("2026-01-23", "FI-L01", "sign-2", "sign", "credit_supervisor")
    story.answer("2026-01-24", "FI-L01", "sign-2", "S002", decision="签字 sign", opinion="同意")
    story.ask("2026-01-24", "FI-L01", "review-2", "review", "risk_control")
    story.answer("2026-01-25", "FI-L01", "review-2", "S003", decision="合格 accept", opinion="同意")
    story.archive("2026-01-25", "FI-L01", "first_inspection_report", "信贷业务首次检查报告单")
    story.close("2026-01-25", "FI-L01", "archived")
    story.open("2026-01-16", "use_of_proceeds", "UP-L01-P1", "2026-01-19")
    with story.write("2026-01-17") as writer:
        case = cases.get(writer.session, "UP-L01-P1")
        proceeds.decide(writer, case, "P1", approved=True, by=["S001", "S002"], day=date(2026, 1, 17))
        work_log.enter(
            writer,
            case,
            borrower_no="C1",
            staff_no="S001",
            activity="on_site",
            acted_on=date(2026, 3, 2),
            entered_on=date(2026, 3, 3),
            content="看过库存",
        )
        groups.refresh(writer)
    with story.write("2026-03-05") as writer:
        writer.session.add(
            Signal(
                loan_no=LOAN, kind="overdue", seen_on=date(2026, 3, 5), detail="days past due: 3", source="rule:SIG-2"
            )
        )
        writer.session.add(Signal(borrower_no="C1", kind="litigation", seen_on=date(2026, 4, 1), source="法院公告"))
        about = {"kind": "overdue", "detail": "days past due: 3", "rule": "SIG-2"}
        writer.record("signal.raised", loan_no=LOAN, signal=1, **about)
    story.open("2026-04-01", "warning_signal", "WS-L01-S1", "2026-04-20")
    story.ask("2026-04-01", "WS-L01-S1", "assign-handler", "supervise", "credit_supervisor")
    story.open("2026-03-31", "risk_classification", "RC-L01-2026-03-31", "2026-04-15")
    story.open("2026-04-01", "plan_follow_up", "PF-L01-1", "2026-04-20")
    with story.write("2026-04-02") as writer:
        loan = writer.session.get_one(Loan, LOAN)
        case = cases.get(writer.session, "PF-L01-1")
        plans.make(writer, case, loan, "每旬核对回款", date(2026, 4, 2), by="S001")
    story.open("2026-04-01", "branch_supervision", "SV-B1", "2026-05-30", loan_no=None)
    with story.write("2026-04-05") as writer:
        case, found = cases.get(writer.session, "SV-B1"), [Found(LOAN, "合同缺页")]
        supervision.enter(writer, case, found, day=date(2026, 4, 5), due_on=date(2026, 5, 5), by="S006")
    with story.write("2026-04-08") as writer:
        session, case = writer.session, cases.get(writer.session, "PF-L01-1")
        loan = session.get_one(Loan, LOAN)
        asked = extensions.Terms("extension", date(2027, 3, 15), Decimal("9000.00"), Decimal(6), "bullet", 1)
        extensions.apply(writer, case, loan, asked, date(2026, 4, 8), by="S001")
        slips.issue(writer, case, parties.to_notify(session, loan))
        about = {"kind": "advance", "charged_on": date(2026, 4, 8), "due_on": date(2026, 11, 30)}
        session.add(Charge(charge_no="CH1", loan_no=LOAN, amount=Decimal("80.00"), detail="代垫保险费", **about))
    story.notify("2026-04-09", "n3", "WS-L01-S1")
    story.clock.now = datetime.fromisoformat("2026-04-10T23:59:59+08:00")


def second_part(story: Story) -> None:
    """After TODAY: all that was open is decided, terms change, more comes in."""
    with story.write("2026-04-11") as writer:
        case = cases.get(writer.session, "UP-L01-P1")
        proceeds.verify(writer, case, "P1", paid_on=date(2026, 1, 18), as_agreed=True, by="S001", day=date(2026, 4, 11))
        notice = notices.by_key(writer.session, "n3")
        assert notice is not None
        for _ in range(len(story.file.at(TODAY).notices.retry_minutes) + 1):
            notice.next_try_at = writer.now
            taken = notices.take(writer)
            assert taken is not None
            notices.mark_refused(writer, taken, "no such number", story.file.at(TODAY).notices)
        suspended = Suspension(case_no="SV-B1", partner_no="P1", suspended_on=date(2026, 4, 11))
        writer.session.add(suspended)
        assert suspensions.in_force(writer.session, LATER)
    story.answer("2026-04-12", "WS-L01-S1", "assign-handler", "S002", handler="", instruction="上门")
    with story.write("2026-04-20") as writer:
        session, add = writer.session, writer.session.add
        signals.clear(writer, session.get_one(Signal, 1), cases.get(session, "WS-L01-S1"), date(2026, 4, 20), by="S002")
        add(Signal(loan_no=LOAN, kind="misuse_of_proceeds", seen_on=date(2026, 4, 20), source="WS-L01-S1"))
        add(Drawdown(loan_no=LOAN, number=2, drawn_on=date(2026, 4, 20), amount=Decimal("40000.00")))
        add(Repayment(receipt_no="R3", loan_no=LOAN, paid_on=date(2026, 4, 20), amount=Decimal("5000.00")))
        add(
            Repayment(receipt_no="R4", loan_no=LOAN, paid_on=date(2026, 4, 21), amount=Decimal("900.00"), reverses="R2")
        )
        add(
            Payment(
                payment_no="P3",
                loan_no=LOAN,
                requested_on=date(2026, 4, 20),
                amount=Decimal("1.00"),
                payee="x",
                purpose="x",
            )
        )
        case = cases.get(session, "UP-L01-P1")
        proceeds.decide(writer, case, "P2", approved=False, by=["S001"], day=date(2026, 4, 20))
        entry = session.get_one(WorkLogEntry, "W-UP-L01-P1")
        entry.opinion, entry.reviewed_by, entry.reviewed_on = "知悉", "S002", date(2026, 4, 20)
        best = Best("special_mention", "26 days past due")
        case = cases.get(session, "RC-L01-2026-03-31")
        classification.decide(writer, case, date(2026, 3, 31), "substandard", best, by="S017")
        plans.end(writer, cases.get(session, "PF-L01-1"), "C1", date(2026, 4, 20), by="S002")
        case = cases.get(session, "SV-B1")
        supervision.rectified(writer, case, day=date(2026, 4, 20), by="S006")
        case = cases.get(session, "PF-L01-1")
        extensions.refuse(writer, case, "还款来源不可靠", date(2026, 4, 20), by="S002")
        told = parties.to_notify(session, session.get_one(Loan, LOAN))
        extensions.consent(writer, case, told[1:], date(2026, 4, 20), "同意书", by="S001")
        slips.settle(
            writer, case, returned=["PF-L01-1-1"], day=date(2026, 4, 20), signed_by="张某某",
            handed_over_on=date(2026, 4, 19), by="S001",
        )  # fmt: skip
        add(
            TitleRelease(
                collateral_no="K2", case_no="PF-L01-1", loan_no=LOAN, released_on=date(2026, 4, 20),
                title_document="T2", received_by="张某某", handed_by="S001",
            )
        )  # fmt: skip
        contacts.note(writer, "CT1", result="talked", text="承诺还款", by="S001")
        promise = session.get_one(Promise, "PR1")
        promise.state, promise.settled_on = "broken", date(2026, 4, 20)
        add(Stage(loan_no=LOAN, entered_on=date(2026, 4, 20), stage="M1", days_past_due=20))
        add(Pause(pause_no="PA2", loan_no=LOAN, reason="dispute", from_on=date(2026, 5, 1), until_on=date(2026, 5, 9)))
        about = {"role": "borrower", "person_no": "C1", "day": date(2026, 4, 20), "document": "", "case": None}
        contacts.stop(writer, "ST2", kind="opt_out", channel="sms", by="S001", loan_no=LOAN, **about)
        diagnosed = {"cause": "short", "measures": [], "findings": {}, "diagnosed_on": date(2026, 4, 20)}
        add(Diagnosis(diagnosis_no="DI2", loan_no=LOAN, **diagnosed))
        about = {"kind": "fee", "charged_on": date(2026, 4, 20), "due_on": date(2026, 12, 1)}
        add(Charge(charge_no="CH2", loan_no=LOAN, amount=Decimal("5.00"), **about))
        case = cases.get(session, "SV-B1")
        carried = ledger.carry_over(writer, story.file.at(TODAY), case, date(2026, 3, 31))
        cases.finish_step(writer, case, "carry-over", {"loans": carried})
    for case_no, outcome in (
        ("WS-L01-S1", "cleared"),
        ("RC-L01-2026-03-31", "substandard"),
        ("PF-L01-1", "resolved"),
        ("UP-L01-P1", "verified"),
    ):
        story.close("2026-04-20", case_no, outcome)
    story.archive("2026-04-20", "WS-L01-S1", "signal_record", "预警信号处置单")
    for day, kind, text in FEEDS:
        story.feed(day, kind, text)
    story.open(
        "2026-05-06", "insurance_expiry", "INSURANCE-EXPIRY-K1-2026-06-01", "2026-06-01", subject="K1-2026-06-01"
    )
    with story.write("2026-05-10") as writer:
        session = writer.session
        case = cases.get(session, "INSURANCE-EXPIRY-K1-2026-06-01")
        rule = story.file.at(TODAY).ticklers["insurance_expiry"]
        ticklers.renew(writer, case, rule, date(2027, 6, 1), by="S001")
        session.delete(session.get_one(Relation, ("C1", "C2", "family")))
        session.delete(session.get_one(Guarantee, ("C2", LOAN)))
        session.flush()
        groups.refresh(writer)
        session.add(Guarantee(guarantor_no="C2", loan_no=LOAN, kind="general", amount=Decimal("60000.00")))
        session.get_one(Loan, LOAN).settled_on = date(2026, 8, 1)
