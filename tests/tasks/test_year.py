"""A year of rounds against a slow, obvious computation that shares no code with them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlmodel import Session, select

from postloan.book import Book, audit, cases, duties
from postloan.book.tables import (
    Borrower,
    Case,
    Collateral,
    CollateralLoan,
    Guarantee,
    Guarantor,
    Instalment,
    Loan,
    Rating,
    Repayment,
    Signal,
)
from postloan.policy import PolicyFile
from tasks.office import Office
from tasks.round import work_out
from tests.factory import staff_and_loans

START = date(2025, 3, 3)
DAYS = 400
END = START + timedelta(days=DAYS - 1)
RATINGS = ["", "AAA", "AA", "AA-", "A+", "A", "BBB", "C"]
KINDS = ["corporate", "small_enterprise", "personal"]


def fill(book: Book, seed: int, *, punctual: bool = False) -> None:
    """Loans of every sort: ratings, risk, signals, schedules paid or not, collateral, guarantors.

    With `punctual`, every loan is paid back at maturity and none has instalments before.
    """
    chance = random.Random(seed)
    staff_and_loans(book, {})
    with book.write() as writer:
        add = writer.session.add
        for n in range(18):
            add(
                Borrower(
                    borrower_no=f"B{n:02d}",
                    name=f"b{n}",
                    kind=chance.choice(KINDS),
                    rating=chance.choice(RATINGS),
                    licence_until=START + timedelta(days=chance.randrange(500)) if n % 3 == 0 else None,
                )
            )
        writer.session.flush()
        for n in range(26):
            drawn = START + timedelta(days=chance.randrange(-200, 250))
            loan_no = f"L{n:02d}"
            term = chance.choice((60, 180, 365, 800))
            settled_on = drawn + timedelta(days=term) if punctual else None
            if n % 7 == 3:
                settled_on = drawn + timedelta(days=term // 2)
            add(
                Loan(
                    loan_no=loan_no,
                    borrower_no=f"B{chance.randrange(18):02d}",
                    principal=Decimal(1200),
                    annual_rate=Decimal(5),
                    disbursed_on=drawn,
                    first_drawdown_on=drawn,
                    matures_on=drawn + timedelta(days=term),
                    high_risk=n % 9 == 0,
                    settled_on=settled_on,
                    restructured_on=drawn + timedelta(days=20) if n % 11 == 5 else None,
                )
            )
            writer.session.flush()
            if n % 2 and not punctual:
                for number in range(1, 5):
                    add(
                        Instalment(
                            loan_no=loan_no,
                            number=number,
                            due_on=drawn + timedelta(days=term * number // 4),
                            principal_due=Decimal(300),
                            interest_due=Decimal(5),
                        )
                    )
                for number in range(1, chance.randrange(1, 6)):
                    paid_on = drawn + timedelta(days=term * number // 4 + chance.randrange(-3, 20))
                    add(Repayment(receipt_no=f"{loan_no}-{number}", loan_no=loan_no, paid_on=paid_on, amount=305))
        writer.session.flush()
        for n in range(8):
            until = START + timedelta(days=chance.randrange(450))
            add(
                Collateral(
                    collateral_no=f"K{n}",
                    kind="house",
                    owner="x",
                    value=Decimal(5),
                    valued_on=START,
                    insured_until=until,
                    valuation_due=until + timedelta(days=9) if n % 2 else None,
                )
            )
            writer.session.flush()
            for loan_no in {f"L{chance.randrange(26):02d}" for _ in range(2)}:
                add(CollateralLoan(collateral_no=f"K{n}", loan_no=loan_no))
            add(Guarantor(guarantor_no=f"G{n}", name="g"))
            writer.session.flush()
            given = until if n % 2 else None
            add(Guarantee(guarantor_no=f"G{n}", loan_no=f"L{chance.randrange(26):02d}", until_on=given))
            if n < 5:
                on_loan = n % 2 == 0
                add(
                    Signal(
                        loan_no=f"L{chance.randrange(26):02d}" if on_loan else None,
                        borrower_no=None if on_loan else f"B{chance.randrange(18):02d}",
                        kind=chance.choice(("litigation", "other")),
                        seen_on=START + timedelta(days=chance.randrange(-30, 250)),
                        source=f"s{n}",
                        cleared_on=START + timedelta(days=320) if n == 1 else None,
                    )
                )
            add(Rating(borrower_no=f"B{n:02d}", rated_on=START - timedelta(days=10), rating=chance.choice(RATINGS[1:])))


# ----------------------------------------------------- the slow computation: one loan, one day at a time


@dataclass(frozen=True)
class Warned:
    """A signal as the slow computation knows it; nobody clears one here but those that came cleared."""

    kind: str
    loan_no: str | None
    borrower_no: str | None
    seen_on: date
    source: str
    cleared_on: date | None = None

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.loan_no}/{self.borrower_no}/{self.source}"


def as_warned(s: Signal) -> Warned:
    return Warned(s.kind, s.loan_no, s.borrower_no, s.seen_on, s.source, s.cleared_on)


@dataclass(frozen=True)
class Slow:
    """Everything in memory, nothing clever."""

    loans: list[Loan]
    borrowers: dict[str, Borrower]
    instalments: dict[str, list[Instalment]]
    repayments: dict[str, list[Repayment]]
    ratings: list[Rating]
    signals: list[Warned]
    secured: list[tuple[Collateral, str]]
    guarantees: list[Guarantee]
    lapsing: dict[str, tuple[str, date]]

    @classmethod
    def of(cls, session: Session) -> Slow:
        loans = list(session.exec(select(Loan).order_by(Loan.loan_no)))  # type: ignore[arg-type]
        collateral = {c.collateral_no: c for c in session.exec(select(Collateral))}
        return cls(
            loans,
            {b.borrower_no: b for b in session.exec(select(Borrower))},
            {lo.loan_no: [i for i in session.exec(select(Instalment)) if i.loan_no == lo.loan_no] for lo in loans},
            {lo.loan_no: [r for r in session.exec(select(Repayment)) if r.loan_no == lo.loan_no] for lo in loans},
            list(session.exec(select(Rating))),
            [as_warned(s) for s in session.exec(select(Signal))],
            [(collateral[x.collateral_no], x.loan_no) for x in session.exec(select(CollateralLoan))],
            list(session.exec(select(Guarantee))),
            {},
        )

    def received(self, loan: Loan, day: date) -> Decimal:
        return sum((r.amount for r in self.repayments[loan.loan_no] if r.paid_on <= day), Decimal(0))

    def total(self, loan: Loan) -> Decimal:
        plan = self.instalments[loan.loan_no]
        return sum((i.principal_due + i.interest_due for i in plan), Decimal(0)) if plan else loan.principal

    def over(self, loan: Loan, day: date) -> bool:
        """Settled by that day."""
        if loan.settled_on is not None:
            return loan.settled_on <= day
        return self.received(loan, day) >= self.total(loan)

    def late(self, loan: Loan, day: date) -> int:
        got = self.received(loan, day)
        plan = self.instalments[loan.loan_no]
        dues = sorted((i.due_on, i.principal_due + i.interest_due) for i in plan) or [(loan.matures_on, loan.principal)]
        for due_on, amount in dues:
            got -= amount
            if got < 0:
                return max((day - due_on).days, 0)
        return 0

    def warned(self, loan: Loan, day: date) -> bool:
        return any(
            s.seen_on <= day
            and (s.cleared_on is None or s.cleared_on > day)
            and (s.loan_no == loan.loan_no or s.borrower_no == loan.borrower_no)
            for s in self.signals
        )

    def rating(self, loan: Loan, day: date) -> str:
        found = [r for r in self.ratings if r.borrower_no == loan.borrower_no and r.rated_on <= day]
        return max(found, key=lambda r: r.rated_on).rating if found else self.borrowers[loan.borrower_no].rating

    def interval(self, loan: Loan, day: date) -> int:
        rating = self.rating(loan, day)
        months = [3]
        months.append({"": 3, "AAA": 6, "AA+": 6, "AA": 6, "A+": 3, "A": 3}.get(rating, 1))
        if loan.high_risk or self.warned(loan, day):
            months.append(1)
        return min(months)

    def of_day(self, today: date) -> set[tuple[str, str, date]]:
        """(kind, subject, due date) of everything that a round of today has to open at the latest."""
        self.warn(today)
        found: set[tuple[str, str, date]] = set()
        for loan in self.loans:
            found |= self.inspections(loan, today)
            found |= self.classification(loan, today)
        return found | self.papers(today) | self.followed(today)

    def warn(self, today: date) -> None:
        """What the rules see today, unless they said so before."""
        running = [lo for lo in self.loans if lo.disbursed_on <= today and not self.over(lo, today)]
        late = {lo.loan_no for lo in running if self.late(lo, today) > 0}
        late_borrowers = {lo.borrower_no for lo in running if lo.loan_no in late}
        seen = [Warned("overdue", no, None, today, "rule:SIG-2") for no in late]
        for loan in running:
            if loan.borrower_no in late_borrowers and loan.loan_no not in late:
                seen.append(Warned("overdue_elsewhere", loan.loan_no, None, today, "rule:SIG-2"))
        for loan_no, due_on in self.lapsing.values():
            if due_on < today:  # nobody works here, so the case is still open
                seen.append(Warned("exception", loan_no, None, today, "rule:INS-11"))
        for new in seen:
            if new.name not in {old.name for old in self.signals}:
                self.signals.append(new)

    def inspections(self, loan: Loan, today: date) -> set[tuple[str, str, date]]:
        found = set()
        if loan.first_drawdown_on <= today and not self.over(loan, today):
            found.add(("first_inspection", loan.loan_no, loan.first_drawdown_on + timedelta(days=15)))
        due_on = today + timedelta(days=10)  # opens today
        for day in [due_on - timedelta(days=d) for d in range(11)]:  # … or opened before, and not due yet
            n = (day.year - loan.first_drawdown_on.year) * 12 + day.month - loan.first_drawdown_on.month
            last_of_month = (day + timedelta(days=1)).day == 1
            wanted = loan.first_drawdown_on.day
            hits = day.day == wanted or (last_of_month and day.day < wanted)
            running = n > 0 and hits and day < loan.matures_on and not self.over(loan, today)
            if running and n % self.interval(loan, today) == 0:
                found.add(("routine_inspection", f"{loan.loan_no}/{n:02d}", day))
        return found

    def classification(self, loan: Loan, today: date) -> set[tuple[str, str, date]]:
        found = set()
        for back in range(16):  # a classification is due 15 days after the quarter's end
            end = today - timedelta(days=back)
            if (end.month, end.day) not in ((3, 31), (6, 30), (9, 30), (12, 31)) or end < START - timedelta(days=15):
                continue
            observed = loan.restructured_on and loan.restructured_on <= end < date(
                loan.restructured_on.year + 1, loan.restructured_on.month, min(loan.restructured_on.day, 28)
            )
            bad = self.late(loan, end) > 0 or self.warned(loan, end) or observed
            if loan.disbursed_on <= end and bad and not self.over(loan, end):
                found.add(("risk_classification", f"{loan.loan_no}/{end}", end + timedelta(days=15)))
        return found

    def papers(self, today: date) -> set[tuple[str, str, date]]:
        found = set()

        def add(
            kind: str, subject: str, due_on: date | None, loans: list[Loan], lead: int, always: bool = False
        ) -> None:
            if due_on is None or not today <= due_on <= today + timedelta(days=lead):
                return
            fit = [
                lo
                for lo in loans
                if lo.first_drawdown_on < due_on
                and not self.over(lo, today)
                and (always or lo.matures_on >= due_on or lo.matures_on < today)
            ]
            if fit:
                found.add((kind, f"{subject}-{due_on}", due_on))
                self.lapsing.setdefault(f"{kind}/{subject}-{due_on}", (min(lo.loan_no for lo in fit), due_on))

        by_no = {lo.loan_no: lo for lo in self.loans}
        for item in {c.collateral_no: c for c, _ in self.secured}.values():
            mine = [by_no[no] for c, no in self.secured if c.collateral_no == item.collateral_no]
            add("insurance_expiry", item.collateral_no, item.insured_until, mine, 30)
            add("valuation_due", item.collateral_no, item.valuation_due, mine, 30)
        for g in self.guarantees:
            loan = by_no[g.loan_no]
            month = loan.matures_on.month + 6
            year, month = loan.matures_on.year + (month - 1) // 12, (month - 1) % 12 + 1
            legal = date(year, month, 1)
            while True:  # the same day of the sixth month, or the last one of it
                following = legal + timedelta(days=1)
                if legal.day == loan.matures_on.day or following.month != month:
                    break
                legal = following
            add("guarantee_period_warning", f"{g.guarantor_no}-{g.loan_no}", g.until_on or legal, [loan], 60, True)
        for b in self.borrowers.values():
            mine = [lo for lo in self.loans if lo.borrower_no == b.borrower_no]
            add("licence_expiry", b.borrower_no, b.licence_until, mine, 30)
            if b.kind != "personal":
                for year in (2025, 2026):
                    add("statement_due", b.borrower_no, date(year, 4, 30), mine, 15)
                    add("statement_due", b.borrower_no, date(year, 8, 31), mine, 15)
        return found

    def followed(self, today: date) -> set[tuple[str, str, date]]:
        found = set()
        for s in self.signals:
            open_ = s.seen_on <= today and (s.cleared_on is None or s.cleared_on > today)
            mine = [
                lo
                for lo in self.loans
                if (lo.loan_no == s.loan_no or (s.loan_no is None and lo.borrower_no == s.borrower_no))
                and not self.over(lo, today)
            ]
            if open_ and mine:
                found.add(("warning_signal", s.name, s.seen_on + timedelta(days=15)))
                if s.kind == "litigation":
                    found.add(("special_inspection", s.name, s.seen_on + timedelta(days=3)))
        return found


PER_LOAN = {"first_inspection", "routine_inspection", "risk_classification"}


def key(case: Case, signals: dict[int, Signal]) -> tuple[str, str, date]:
    subject = case.subject
    if case.kind in ("warning_signal", "special_inspection"):
        subject = as_warned(signals[int(subject[1:])]).name
    if case.kind == "first_inspection":
        subject = case.loan_no
    elif case.kind in PER_LOAN:
        subject = f"{case.loan_no}/{case.subject}"
    return case.kind, subject, case.due_on


def test_every_duty_is_opened_once_on_its_day(office: Office, policy_file: PolicyFile) -> None:
    book = office.book
    fill(book, 1)
    with book.read() as session:
        slow = Slow.of(session)
    expected: dict[tuple[str, str, date], date] = {}
    for n in range(DAYS):
        today = START + timedelta(days=n)
        for duty in slow.of_day(today):
            expected.setdefault(duty, today)
        done = work_out(office, today)
        assert done.opened == len(done.opened_cases)
    with book.read() as session:
        found = session.exec(select(Case)).all()
        signals = {s.id: s for s in session.exec(select(Signal))}
        opened = {key(case, signals): case.opened_on for case in found}
        assert len(opened) == len(found), "each once"
        assert audit.verify(session).ok
    assert opened == expected
    kinds = {kind for kind, _, _ in opened}
    assert len(kinds) >= 8, "the book has something of nearly every kind"
    assert work_out(office, END).opened == 0


def test_what_is_due_a_year_ahead_is_what_the_rounds_open(office: Office, policy_file: PolicyFile) -> None:
    """On a book to which nothing is added, and whose loans are paid when they fall due."""
    book = office.book
    fill(book, 3, punctual=True)
    first = START + timedelta(days=70)  # all that opens in the first rounds is due by then
    with book.read() as session:
        ahead = duties.between(session, policy_file, first, START + timedelta(days=240), START)
        forecast = {(d.loan_no, d.kind, d.due_on) for d in ahead}
    end = START + timedelta(days=240)
    for n in range(241):
        work_out(office, START + timedelta(days=n))
        with book.write() as writer:  # and whose people work at once
            for case in writer.session.exec(select(Case).where(Case.state == "open")):
                cases.close(writer, case, "done")
    with book.read() as session:
        all_cases = session.exec(select(Case)).all()
        opened = {(c.loan_no, c.kind, c.due_on) for c in all_cases if first <= c.due_on <= end}
    assert forecast == opened
