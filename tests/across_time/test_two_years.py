"""Two years of a real book, day by day, with people who answer, are late, answer wrongly and are away.

Every duty is raised exactly once, on the day that the slow computation gives; nobody fills two
duties of a case; reminders and escalations come when they are due; the audit trail holds.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import col, select

from postloan import feeds
from postloan.book import Book, audit, cases, classification, ledger, loans, people, plans, signals, work_log
from postloan.book.tables import (
    Absence,
    Borrower,
    Branch,
    Case,
    Collateral,
    CollateralLoan,
    HumanTask,
    Instalment,
    Loan,
    Payment,
    Rating,
    Relation,
    Repayment,
    Signal,
    Staff,
    StaffRole,
    Step,
)
from postloan.calendar import ONE_DAY
from postloan.rules.duties_apart import Mandate, signatories
from postloan.settings import Settings
from tasks.office import Office
from tasks.round import work_out
from tests.across_time.test_year import key
from tests.conftest import ROOT, Clock
from tests.slow import Key, Slow, Warned, about

pytestmark = pytest.mark.slow

START = date(1995, 1, 2)
DAYS = 730
BRANCHES = 4
LOANS = 36

# Who does what in a case: (step, duty, role). The flows do the same in Prefect; here time flies.
OFFICER, SUPERVISOR, RISK = "account_officer", "credit_supervisor", "risk_control"
REPORT = (("report", "report", OFFICER), ("sign", "sign", SUPERVISOR), ("review", "review", RISK))
SCRIPTS = {
    "first_inspection": REPORT,
    "routine_inspection": REPORT,
    "special_inspection": REPORT,
    "warning_signal": (
        ("assign-handler", "supervise", SUPERVISOR),
        ("handle", "handle", OFFICER),
        ("confirm", "confirm", RISK),
        ("clear", "supervise", SUPERVISOR),
    ),
    "business_suspension": (("propose", "propose", RISK), ("decide", "approve", "general_manager")),
    "risk_classification": (("propose", "propose", OFFICER), ("review", "review", "credit_administration")),
    "plan_follow_up": (("follow", "report", OFFICER), ("sign", "sign", SUPERVISOR)),
    "use_of_proceeds": (("review", "report", OFFICER), ("approve-2", "approve-2", SUPERVISOR)),
    "work_log": (("enter", "report", OFFICER), ("sign", "sign", SUPERVISOR)),
    "ledger_carry_over": (("check", "check", "credit_administration"), ("sign", "sign", SUPERVISOR)),
    "branch_supervision": (("report", "supervision", "supervision"),),
    "pre_maturity_visit": (("report", "report", OFFICER), ("sign", "sign", SUPERVISOR)),
    "repayment_notice": (("slips", "report", OFFICER),),
    "workout_transfer": (("hand-over", "report", OFFICER), ("sign", "sign", SUPERVISOR)),
    "settlement": (
        ("statement", "check", "finance"),
        ("sign", "sign", SUPERVISOR),
        ("close-file", "archive", "archivist"),
    ),
}
TICKLER = (("obtain", "obtain", OFFICER), ("sign", "sign", SUPERVISOR))


@pytest.fixture
def office(sqlite_book: Book, tmp_path: Path, shared_data: Path) -> Office:
    """The first loans of the Berka bank, with the receipts that their status tells of, under Czech holidays."""
    book = sqlite_book
    policy = tmp_path / "policy.toml"
    policy.write_text(f'extends = "{ROOT / "policy.toml"}"\n[calendar]\ncountry = "CZ"\n')
    files = {"borrowers": "account", "loans": "loan", "instalments": "loan"}
    for kind, name in files.items():
        part = tmp_path / f"{kind}.csv"
        part.write_text(_part(shared_data / f"berka_1993_1998_{name}.csv", _first_accounts(shared_data)))
        feeds.take_in(book, kind, part, mapping=ROOT / "examples" / "berka" / f"{kind}.toml")
    _staff(book)
    _enrich(book, _unpaid(shared_data))
    return Office(book, Settings(home=tmp_path, book=book.url, policy=policy))


def _first_accounts(data: Path) -> dict[str, tuple[date, str]]:
    """The accounts of the first loans, with the loan's day and status."""
    found = []
    for line in (data / "berka_1993_1998_loan.csv").read_text().splitlines()[1:]:
        _, account, day, *_, status, _year, _month = line.split(",")
        found.append((datetime.strptime(day, "%m/%d/%Y").date(), account, status))
    chosen = sorted(f for f in found if START - timedelta(days=200) < f[0])[:LOANS]
    return {account: (day, status) for day, account, status in chosen}


def _unpaid(data: Path) -> set[str]:
    return {account for account, (_, status) in _first_accounts(data).items() if status in "BD"}


def _part(file: Path, accounts: dict[str, tuple[date, str]]) -> str:
    header, *lines = file.read_text().splitlines()
    at = header.split(",").index("account_id")
    return "\n".join([header, *(line for line in lines if line.split(",")[at] in accounts)]) + "\n"


def _staff(book: Book) -> None:
    posts = [(f"O{b}{n}", OFFICER, f"R{b}") for b in range(BRANCHES) for n in (1, 2)]
    posts += [(f"S{b}", SUPERVISOR, f"R{b}") for b in range(BRANCHES)]
    posts += [
        (f"H{n}", role, "")
        for n, role in enumerate(
            (
                RISK,
                RISK,
                "credit_administration",
                "general_manager",
                "supervision",
                SUPERVISOR,
                "credit_administration",
                "finance",
                "archivist",
            )
        )
    ]
    with book.write() as writer:
        writer.session.add_all(Branch(branch_no=f"R{b}", name=f"r{b}") for b in range(BRANCHES))
        writer.session.flush()
        for no, role, branch in posts:
            writer.session.add(Staff(staff_no=no, name=no, branch_no=branch or None, email=f"{no}@bank.test"))
            writer.session.flush()
            writer.session.add(StaffRole(staff_no=no, role=role))
        for b in range(BRANCHES):
            writer.session.get_one(Staff, f"O{b}1").deputy_no = f"O{b}2"
            writer.session.get_one(Staff, f"S{b}").deputy_no = "H5"


def _enrich(book: Book, unpaid: set[str]) -> None:
    """What the Berka data do not tell: kinds of borrowers, officers, receipts, collateral, signals …"""
    chance = random.Random(5)
    with book.write() as writer:
        session = writer.session
        for loan in session.exec(select(Loan).order_by(Loan.loan_no)):  # type: ignore[arg-type]
            borrower = session.get_one(Borrower, loan.borrower_no)
            branch = f"R{int(loan.borrower_no) % BRANCHES}"
            loan.branch_no = borrower.branch_no = branch
            loan.officer_no = f"O{branch[1:]}{chance.choice((1, 2))}" if chance.random() < 0.8 else None
            loan.high_risk = chance.random() < 0.05
            borrower.kind = chance.choice(("personal", "personal", "small_enterprise", "corporate"))
            borrower.rating = chance.choice(("", "AAA", "AA", "A+", "A", "BBB"))
            session.add_all((loan, borrower))
            bad = loan.borrower_no in unpaid
            stops = chance.randrange(2, 9) if bad else 99
            plan = session.exec(select(Instalment).where(Instalment.loan_no == loan.loan_no)).all()
            for i in sorted(plan, key=lambda i: i.number):
                late = chance.choice((0, 0, 0, 0, 0, 3, 12)) if chance.random() < 0.15 else 0
                if i.number <= stops:
                    session.add(
                        Repayment(
                            receipt_no=f"{loan.loan_no}-{i.number}",
                            loan_no=loan.loan_no,
                            paid_on=i.due_on + timedelta(days=late),
                            amount=i.principal_due + i.interest_due,
                        )
                    )
        numbers = sorted(session.exec(select(Loan.loan_no)))
        for n, loan_no in enumerate(numbers[::4]):
            until = START + timedelta(days=chance.randrange(20, 300))
            session.add(
                Collateral(
                    collateral_no=f"K{n}",
                    kind="house",
                    owner="x",
                    value=Decimal(500000),
                    valued_on=START,
                    insured_until=until,
                )
            )
            session.flush()
            session.add(CollateralLoan(collateral_no=f"K{n}", loan_no=loan_no))
        who = [session.get_one(Loan, no).borrower_no for no in numbers]
        for a, b in ((0, 1), (1, 2), (10, 11), (20, 30)):
            session.add(Relation(borrower_no=who[a], other_no=who[b], kind="family"))
        for n in range(10):
            seen_on = START + timedelta(days=chance.randrange(30, 650))
            kind = chance.choice(("litigation", "other", "misuse_of_proceeds"))
            session.add(Signal(loan_no=numbers[3 * n], kind=kind, seen_on=seen_on, source=f"feed{n}"))
        for n in range(12):
            session.add(
                Payment(
                    payment_no=f"P{n}",
                    loan_no=numbers[3 * n],
                    requested_on=START + timedelta(days=chance.randrange(700)),
                    amount=Decimal(1000),
                    payee="x",
                    purpose="x",
                )
            )
        for n in range(0, LOANS, 5):
            day = START + timedelta(days=chance.randrange(600))
            session.merge(Rating(borrower_no=who[n], rated_on=day, rating=chance.choice(("AA", "A", "BB"))))
        for b in range(BRANCHES):
            for month in range(3, 24, 6):
                first = START + timedelta(days=30 * month + 5 * b)
                session.add(Absence(staff_no=f"O{b}1", from_on=first, until_on=first + timedelta(days=14)))
                session.add(Absence(staff_no=f"S{b}", from_on=first, until_on=first + timedelta(days=7)))


@dataclass
class People:
    """Everybody who works here, by the dice: on time, late, with a wrong code first."""

    office: Office
    clock: Clock
    slow: Slow
    chance: random.Random = field(default_factory=lambda: random.Random(11))
    wait_until: dict[tuple[str, str], date] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)
    deputised: int = 0

    def work(self, today: date) -> None:
        """What all of them do on a day, after the round."""
        with self.office.book.read() as session:
            waiting = session.exec(select(Case).where(Case.state == "open").order_by(Case.case_no)).all()  # type: ignore[arg-type]
        for case in waiting:
            self.go_on(case, today)

    def go_on(self, case: Case, today: date) -> None:
        for step, duty, role in SCRIPTS.get(case.kind, TICKLER):
            with self.office.book.write() as writer:
                if cases.result(writer.session, case.case_no, step) is not None:
                    continue
                task = self.question(writer, case, step, duty, role, today)
            if today < self.wait_until[case.case_no, step]:
                return
            if not self.answer(case, task, today):
                return
        self.end(case, today)

    def question(self, writer, case: Case, step: str, duty: str, role: str, today: date) -> HumanTask:
        own = loans.get(writer.session, case.loan_no).officer_no if case.loan_no and role == OFFICER else None
        mandate = Mandate(role, own or "", case.branch_no)
        due_on = max(case.due_on, today) if step == SCRIPTS.get(case.kind, TICKLER)[0][0] else today + timedelta(days=3)
        task, new = cases.ask(
            writer, case, step=step, duty=duty, mandate=mandate, form="F", due_on=due_on, flow_run_id="r"
        )
        if new:
            late = self.chance.random() < 0.06
            days = self.chance.randrange(15, 30) if late else self.chance.randrange(0, 4)
            self.wait_until.setdefault((case.case_no, step), today + timedelta(days=days))
        return task

    def answer(self, case: Case, task: HumanTask, today: date) -> bool:
        """One signed answer, sometimes with a wrong code; whether it was accepted."""
        if case.kind == "warning_signal" and task.step == "clear" and not self.may_clear(case, today):
            self.wait_until[case.case_no, task.step] = today + timedelta(days=9)  # looked at again then
            return False
        with self.office.book.write() as writer:
            task = writer.session.merge(task)
            others = cases.barred(writer.session, case.case_no, task.duty)
            able = signatories(cases.mandate_of(task), people.everyone(writer.session, today), others)
            assert able, f"{case.case_no} {task.step} must never wait for no one"
            who = self.chance.choice(sorted(able))
            wrong = self.chance.random() < 0.03
            self.clock.now += timedelta(seconds=31)
            staff = people.get(writer.session, who)
            code = "000000" if wrong else people.current_code(staff, self.office.vault, self.clock.now)
            signed = cases.verify_signature(
                writer, self.office.vault, self.office.policy, task, who, code, self.clock.now
            )
            if signed.reason:
                assert wrong, signed.reason
                self.wrong[who] += 1
                cases.refuse(writer, case, task, {"staff_no": who}, signed.reason)
                return False
            assert not wrong
            self.deputised += signed.on_behalf_of != ""
            cases.accept(writer, case, task, {"staff_no": who}, signed, codes=True)
        return True

    def may_clear(self, case: Case, today: date) -> bool:
        """The book and the slow computation agree whether what raised the signal still holds."""
        with self.office.book.read() as session:
            signal = session.get_one(Signal, int(case.subject[1:]))
            holds = signals.still_holds(session, self.office.policy_file.at(today), signal, today)
        assert holds == self.slow.condition_holds(self.warned(signal), today), (case.case_no, today)
        return not holds

    def warned(self, signal: Signal) -> Warned:
        mine = (signal.kind, about(signal), signal.seen_on, signal.source)
        return next(s for s in self.slow.signals if (s.kind, s.about, s.seen_on, s.source) == mine)

    def end(self, case: Case, today: date) -> None:
        """The last answer is in: what follows from it is entered in the book, and told to the slow computation."""
        slow = self.slow
        with self.office.book.write() as writer:
            session = writer.session
            if case.kind == "warning_signal":
                signal = session.get_one(Signal, int(case.subject[1:]))
                warned = self.warned(signal)
                signals.clear(writer, signal, case, today, by="S0")
                slow.signals[slow.signals.index(warned)] = Warned(
                    warned.kind, warned.about, warned.seen_on, warned.source, today
                )
            elif case.kind == "risk_classification":
                loan = loans.get(session, case.loan_no)
                best = classification.best(session, self.office.policy_file.at(today), loan, case.anchor_on)
                classification.decide(writer, case, case.anchor_on, best.risk_class, best, by="H2")
                slow.classes.setdefault(loan.loan_no, {})[case.anchor_on] = (best.risk_class, best.cause)
                if best.risk_class == "special_mention" and not any(
                    who == loan.borrower_no and made_on == today for who, _, made_on in slow.plans
                ):
                    plans.make(writer, case, loan, "plan", today, by="O01")
                    slow.plans.append((loan.borrower_no, loan.loan_no, today))
            elif case.kind == "plan_follow_up" and self.chance.random() < 0.4:
                borrower_no = loans.get(session, case.loan_no).borrower_no
                plan = plans.in_force(session, borrower_no, today)
                plans.end(writer, case, borrower_no, today, by="S0")
                if plan is not None:
                    slow.plan_ends[borrower_no, plan.made_on] = today
            elif case.kind == "work_log" or case.kind.endswith("inspection"):
                borrower_no = loans.get(session, case.loan_no).borrower_no
                acted_on = case.anchor_on if case.kind == "work_log" else today
                work_log.enter(
                    writer, case, borrower_no=borrower_no, staff_no="O01", activity="on_site", acted_on=acted_on,
                    entered_on=today, content="seen", opinion="read", reviewed_by="S0", reviewed_on=today,
                )  # fmt: skip
                slow.entries.append((borrower_no, acted_on))
            elif case.kind == "use_of_proceeds":
                payment = session.get_one(Payment, case.subject)
                payment.state = "approved"
                session.add(payment)
            elif case.kind == "ledger_carry_over":
                policy = self.office.policy_file.at(today)
                assert ledger.carry_over(writer, policy, case, case.anchor_on) > 0
            elif case.kind == "insurance_expiry":
                collateral = session.get_one(Collateral, case.subject.rsplit("-", 3)[0])
                collateral.insured_until = case.due_on + timedelta(days=200)
                session.add(collateral)
                mine = [c for c, _ in slow.secured if c.collateral_no == collateral.collateral_no]
                for known in mine:
                    known.insured_until = collateral.insured_until
            cases.close(writer, case, "done")
        subject = f"{case.loan_no}/{case.subject}" if case.kind == "workout_transfer" else case.subject
        slow.closed[case.kind, subject] = today


def test_two_years_of_a_real_book_with_people_who_are_late_wrong_and_away(office: Office, clock: Clock) -> None:
    book = office.book
    with book.write() as writer:
        for no in writer.session.exec(select(Staff.staff_no)).all():
            people.enrol(writer, office.vault, no, "test")
    with book.read() as session:
        slow = Slow.of(session, "CZ", START)
    everybody = People(office, clock, slow)
    expected: dict[Key, date] = {}
    reminders = escalations = 0
    for n in range(DAYS):
        today = START + timedelta(days=n)
        clock.now = datetime.combine(today, time(7), tzinfo=clock.now.tzinfo)
        for duty in slow.of_day(today):
            expected.setdefault(duty, today)
        late = _late_tasks(book, today)
        done = work_out(office, today)
        reminders, escalations = reminders + done.reminders, escalations + done.escalations
        assert (done.reminders > 0) == (late["reminder"] > 0), today
        if n % 97 == 0:
            again = work_out(office, today)
            assert (again.opened, again.signals, again.reminders, again.escalations) == (0, 0, 0, 0)
        everybody.work(today)

    with book.read() as session:
        # What a stage of collection opens has tests of its own, against plain Python day by day.
        found = session.exec(select(Case).where(col(Case.kind).not_in(("collection", "demand_notice")))).all()
        raised = {s.id: s for s in session.exec(select(Signal))}
        opened = {key(case, raised): case.opened_on for case in found}  # type: ignore[arg-type]
        assert len(opened) == len(found), "each once"
        assert audit.verify(session).ok
        signed = session.exec(select(Step.case_no, Step.duty, Step.staff_no).where(Step.staff_no.is_not(None))).all()  # type: ignore[union-attr]
    assert opened == expected
    by_person: dict[tuple[str, str], set[str]] = {}
    for case_no, duty, who in signed:
        by_person.setdefault((case_no, who or ""), set()).add(duty)
    assert all(len(duties) == 1 for duties in by_person.values()), "nobody fills two duties of a case"
    kinds = Counter(kind for kind, _, _ in opened)
    assert len(kinds) >= 11, kinds
    assert len(found) > 700
    assert reminders > 100 and escalations > 10
    assert sum(everybody.wrong.values()) > 20 and everybody.deputised > 20


def _late_tasks(book: Book, today: date) -> Counter[str]:
    """By hand: the open questions of which somebody is reminded today: two days before, and every third day late."""
    found: Counter[str] = Counter()
    with book.read() as session:
        waiting = session.exec(
            select(HumanTask, Case).join(Case).where(HumanTask.state == "open", Case.state == "open")
        )
        for task, _ in waiting:
            days = (today - task.due_on).days
            asked = task.asked_at.date()
            new = asked == today - ONE_DAY  # asked yesterday, after the round
            if days == -2 or (new and -2 < days <= 0) or (days > 0 and (days - 1) % 3 == 0) or (new and days > 0):
                found["reminder"] += 1
    return found
