"""A book with a year of work in it: loans good and bad, cases with rework, signals, logs, payments."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from postloan.book import Book, cases, groups
from postloan.book.tables import (
    Borrower,
    Branch,
    Case,
    Classification,
    HumanTask,
    Instalment,
    Loan,
    Partner,
    Position,
    Repayment,
    Staff,
    StaffRole,
    Step,
)
from postloan.policy import PolicyFile
from postloan.rules.classification import CLASSES
from tests.reports.registers import END, START, fill_registers

SHANGHAI = ZoneInfo("Asia/Shanghai")
BRANCHES = (("B1", "城关支行"), ("B2", "河东支行"), ("B3", "西山支行"))
# Days on which a comparison that is off by one would show, for the months that the tests look at.
LASTS = (date(2025, 12, 31), date(2026, 3, 31), date(2026, 10, 31))
FIRSTS = (date(2025, 12, 1), date(2026, 3, 1), date(2026, 10, 1))
EDGES = [d + timedelta(days=n) for d in FIRSTS for n in (-1, 0)]
EDGES += [d + timedelta(days=n) for d in LASTS for n in (1, 0, -15, -16, -30, -31, -60, -90, -91)]
INSPECTIONS = ("first_inspection", "routine_inspection", "special_inspection")


@dataclass
class Seeder:
    """Fills one book; the same seed gives the same rows.

    `neglect` is the share of steps that are never answered, `trouble` that of positions past due.
    """

    book: Book
    file: PolicyFile
    seed: int
    loans: int
    neglect: float = 0.05
    trouble: float = 0.6

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.borrowers = max(self.loans * 2 // 3, 3)
        self.loan_nos = [f"L{n:05d}" for n in range(self.loans)]

    def fill(self) -> None:
        with self.book.write(origin="test") as writer:
            self.session = writer.session
            self.version = cases.keep_policy(writer, self.file)
            self._people()
            self._loans()
            self._positions()
            self._classes()
            self._cases()
            fill_registers(self)
        with self.book.write(origin="test") as writer:
            groups.refresh(writer)

    def add(self, *rows: object) -> None:
        self.session.add_all(rows)
        self.session.flush()

    def day(self, first: date = START, last: date = END) -> date:
        """Some day of the span, one of the edges in a quarter of the cases."""
        edges = [day for day in EDGES if first <= day <= last]
        if edges and self.chance.random() < 0.25:
            return self.chance.choice(edges)
        return first + timedelta(days=self.chance.randrange(max((last - first).days, 1)))

    def _moment(self, day: date) -> datetime:
        """Some time of a day in Shanghai, the minutes around midnight more often than people work then."""
        at = self.chance.choice((time(0, 0), time(0, 1), time(7, 59), time(8, 1), time(14, 30), time(23, 59, 59)))
        return datetime.combine(day, at, SHANGHAI)

    def _people(self) -> None:
        self.add(*(Branch(branch_no=no, name=name) for no, name in BRANCHES), Partner(partner_no="P1", name="担保一"))
        posts = [(f"S{b}{n}", "account_officer", f"B{b}") for b in (1, 2, 3) for n in (1, 2, 3)]
        posts += [(f"S{b}9", "credit_supervisor", f"B{b}") for b in (1, 2, 3)]
        posts += [("S901", "risk_control", None), ("S902", "risk_control", None), ("S903", "supervision", None)]
        surnames = "王李赵陈刘杨黄周吴徐孙马朱胡郭"
        self.add(
            *(Staff(staff_no=no, name=f"{s}某", branch_no=b) for (no, _, b), s in zip(posts, surnames, strict=True))
        )
        self.add(*(StaffRole(staff_no=no, role=role) for no, role, _ in posts))
        self.session.get_one(Staff, "S33").active = False
        self.officers = {
            b: [no for no, role, at in posts if at == b and role == "account_officer"] for _, _, b in posts
        }

    def _loans(self) -> None:
        chance = self.chance
        kinds = ("personal", "small_enterprise", "corporate")
        self.add(
            *(
                Borrower(borrower_no=f"C{n:05d}", name=f"客户{n:05d}", kind=chance.choice(kinds))
                for n in range(self.borrowers)
            )
        )
        rows: list[object] = []
        for n, loan_no in enumerate(self.loan_nos):
            branch = chance.choice(("B1", "B1", "B2", "B3", None))
            drawn = self.day(START - timedelta(days=500), END - timedelta(days=20))
            principal = Decimal(chance.randrange(5, 900)) * 10_000
            rows.append(
                Loan(
                    loan_no=loan_no,
                    borrower_no=f"C{chance.randrange(self.borrowers):05d}",
                    principal=principal,
                    currency="USD" if n % 17 == 5 else "CNY",
                    annual_rate=Decimal("4.35"),
                    disbursed_on=drawn,
                    first_drawdown_on=drawn,
                    matures_on=drawn + timedelta(days=chance.choice((360, 720, 1080))),
                    settled_on=LASTS[n % 3] if n % 8 == 0 and drawn < LASTS[n % 3] else None,
                    officer_no=chance.choice(self.officers[branch]) if branch and n % 5 else None,
                    branch_no=branch,
                )
            )
        self.add(*rows)
        for loan in rows[::3]:
            self._schedule(loan)  # type: ignore[arg-type]

    def _schedule(self, loan: Loan) -> None:
        """Four instalments, some of them paid late or not at all."""
        part = (loan.principal / 4).quantize(Decimal("0.01"))
        term = (loan.matures_on - loan.disbursed_on).days
        for number in range(1, 5):
            due_on = loan.disbursed_on + timedelta(days=term * number // 4)
            interest = Decimal(self.chance.randrange(1000, 90_000)) / 100
            self.add(
                Instalment(
                    loan_no=loan.loan_no, number=number, due_on=due_on, principal_due=part, interest_due=interest
                )
            )
            if self.chance.random() < 0.75:
                paid_on = due_on + timedelta(days=self.chance.choice((-2, 0, 0, 20, 70, 200)))
                self.add(
                    Repayment(
                        receipt_no=f"R{loan.loan_no}{number}",
                        loan_no=loan.loan_no,
                        paid_on=paid_on,
                        amount=part + interest,
                    )
                )

    def _positions(self) -> None:
        rows = []
        for n, loan_no in enumerate(self.loan_nos):
            if n % 3 != 1:
                continue
            days = 0
            for as_of in (date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 20), date(2026, 10, 31)):
                late = self.chance.random() < self.trouble
                days = self.chance.choice((days + 31, 5, 100, 300, 400)) if late else 0
                left = 0 if not late and self.chance.random() < 0.05 else self.chance.randrange(1, 50_000_000)
                rows.append(
                    Position(
                        loan_no=loan_no,
                        as_of=as_of,
                        principal_outstanding=Decimal(left) / 100,
                        overdue_principal=Decimal(days) * 100,
                        overdue_interest=Decimal(days),
                        days_past_due=days,
                    )
                )
        self.add(*rows)

    def _classes(self) -> None:
        rows = []
        for loan_no in self.chance.sample(self.loan_nos, self.loans * 2 // 3):
            for as_of in (date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 10, 31)):
                if self.chance.random() < 0.5:
                    risk, rule = self.chance.choices(CLASSES, (80, 12, 4, 3, 1), k=2)
                    rows.append(Classification(loan_no=loan_no, as_of=as_of, risk_class=risk, rule_class=rule))
        self.add(*rows)

    # ------------------------------------------------------------------------------ cases

    def _cases(self) -> None:
        kinds = (*INSPECTIONS, "risk_classification", "work_log_review")
        for n in range(self.loans * 2):
            kind = self.chance.choice(kinds)
            loan = self.session.get_one(Loan, self.chance.choice(self.loan_nos))
            opened_on = self.day()
            on_loan = kind != "work_log_review"
            case = Case(
                case_no=f"K{n:05d}",
                kind=kind,
                loan_no=loan.loan_no if on_loan else None,
                branch_no=(loan.branch_no or "") if on_loan else "B1",
                subject=f"{n}",
                rule="INS-5",
                anchor_on=opened_on,
                due_on=opened_on + timedelta(days=self.chance.randrange(5, 25)),
                opened_on=opened_on,
                policy_version=self.version,
            )
            self.add(case)
            self._carry_out(case)

    def _carry_out(self, case: Case) -> None:
        """Report, signature, review; some are refused, some returned, some never come."""
        chance = self.chance
        branch = case.branch_no or chance.choice(("B1", "B2", "B3"))
        officer = chance.choice(self.officers[branch])
        now = self._moment(case.opened_on)
        rework = 1
        while True:
            for step, duty, role, named in (
                ("report", "report", "account_officer", officer),
                ("sign", "sign", "credit_supervisor", None),
                ("review", "review", "risk_control", None),
            ):
                name = step if rework == 1 else f"{step}-{rework}"
                asked_on = now.astimezone(SHANGHAI).date()
                due_on = self.day(asked_on, asked_on + timedelta(days=12))
                signer = named or (chance.choice(("S901", "S902")) if duty == "review" else f"S{branch[1:]}9")
                if named and chance.random() < 0.3:
                    signer = chance.choice(self.officers[branch])  # a deputy
                done = self._ask(case, name, duty, role, named, "" if duty == "review" else branch, due_on, signer, now)
                if done is None:
                    if chance.random() < 0.3:  # closed from outside, a question still open
                        case.state, case.closed_at = "cancelled", self._moment(self.day(case.opened_on))
                        self.add(case)
                    return
                now = done
            if chance.random() < 0.7 or rework == 3:
                break
            rework += 1
        case.state, case.outcome, case.closed_at = "closed", "archived", now
        self.add(case)

    def _ask(
        self,
        case: Case,
        step: str,
        duty: str,
        role: str,
        named: str | None,
        branch: str,
        due_on: date,
        signer: str,
        now: datetime,
    ) -> datetime | None:
        """Ask until it is answered; the moment of the answer, or None while it waits."""
        attempt = 1
        while True:
            task = HumanTask(
                case_no=case.case_no,
                step=step,
                attempt=attempt,
                duty=duty,
                role=role,
                staff_no=named,
                branch_no=branch,
                form="Form",
                asked_at=now,
                due_on=due_on,
            )
            at = self._moment(due_on + timedelta(days=self.chance.choice((-3, -1, 0, 0, 0, 1, 4, 30))))
            at = max(at, now)
            if self.chance.random() < self.neglect or at.astimezone(SHANGHAI).date() > END:
                self.add(task)
                return None
            refused = self.chance.random() < 0.1
            task.state, task.answered_at = ("refused" if refused else "answered"), at
            self.add(task)
            if not refused:
                break
            now, attempt = at, attempt + 1
        inspected_on = case.due_on + timedelta(days=self.chance.randrange(-4, 3))
        self.add(
            Step(
                case_no=case.case_no,
                step=step,
                duty=duty,
                attempt=attempt,
                result={"inspected_on": inspected_on.isoformat()} if duty == "report" else {"opinion": "同意"},
                staff_no=signer,
                done_at=at,
            )
        )
        return at
