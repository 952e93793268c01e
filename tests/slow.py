"""What is due, worked out one loan and one day at a time: slow, obvious, and sharing no code with the book.

The tests tell it what people did (`close`, `clear`, `decide` …), as they tell the book.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import chinese_calendar
import holidays
from sqlmodel import Session, select

from postloan.book.tables import (
    Borrower,
    Collateral,
    CollateralLoan,
    Guarantee,
    Instalment,
    Loan,
    Payment,
    Rating,
    Relation,
    Repayment,
    Signal,
)

Key = tuple[str, str, date]  # kind, subject, due date
BAD = ("substandard", "doubtful", "loss")
SERIOUS = ("misuse_of_proceeds", "lost_contact", "litigation", "collateral_impaired", "business_deteriorating")
ONE = timedelta(days=1)


def month_later(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month; counted by hand."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(number, day.day))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


@dataclass(frozen=True)
class Warned:
    """A signal. `source` and what it is about tell one from the other, with the day on which it was seen."""

    kind: str
    about: str  # loan/L1, borrower/B1, branch/X
    seen_on: date
    source: str
    cleared_on: date | None = None

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.about}/{self.source}/{self.seen_on}"

    def open_on(self, day: date) -> bool:
        return self.seen_on <= day and (self.cleared_on is None or self.cleared_on > day)


def about(signal: Signal) -> str:
    for name in ("loan", "borrower", "partner", "branch"):
        if (number := getattr(signal, f"{name}_no")) is not None:
            return f"{name}/{number}"
    raise AssertionError("a signal is about something")


def as_warned(s: Signal) -> Warned:
    return Warned(s.kind, about(s), s.seen_on, s.source, s.cleared_on)


@dataclass
class Slow:
    """The whole book in memory, and what people did."""

    loans: list[Loan]
    borrowers: dict[str, Borrower]
    instalments: dict[str, list[Instalment]]
    repayments: dict[str, list[Repayment]]
    ratings: list[Rating]
    signals: list[Warned]
    secured: list[tuple[Collateral, str]]
    guarantees: list[Guarantee]
    payments: list[Payment]
    group_of: dict[str, str]
    country: str
    start: date
    months_of_classification: tuple[int, ...] = (3, 6, 9, 12)
    lapsing: dict[str, tuple[str, str, date]] = field(default_factory=dict)  # key: kind, loan, due
    closed: dict[tuple[str, str], date] = field(default_factory=dict)
    classes: dict[str, dict[date, tuple[str, str]]] = field(default_factory=dict)  # of a loan, by day: class, cause
    plans: list[tuple[str, str, date]] = field(default_factory=list)  # borrower, loan, made on
    plan_ends: dict[tuple[str, date], date] = field(default_factory=dict)
    entries: list[tuple[str, date]] = field(default_factory=list)  # borrower, acted on
    transferring: dict[tuple[str, date], date] = field(default_factory=dict)  # loan, since when late: opened on

    @classmethod
    def of(cls, session: Session, country: str, start: date) -> Slow:
        loans = list(session.exec(select(Loan).order_by(Loan.loan_no)))  # type: ignore[arg-type]
        collateral = {c.collateral_no: c for c in session.exec(select(Collateral))}
        plans: dict[str, list[Instalment]] = {lo.loan_no: [] for lo in loans}
        for i in session.exec(select(Instalment)):
            plans[i.loan_no].append(i)
        paid: dict[str, list[Repayment]] = {lo.loan_no: [] for lo in loans}
        for r in session.exec(select(Repayment)):
            paid[r.loan_no].append(r)
        borrowers = {b.borrower_no: b for b in session.exec(select(Borrower))}
        guarantees = list(session.exec(select(Guarantee)))
        edges = [(r.borrower_no, r.other_no) for r in session.exec(select(Relation))]
        by_no = {lo.loan_no: lo for lo in loans}
        edges += [(g.guarantor_no, by_no[g.loan_no].borrower_no) for g in guarantees if g.guarantor_no in borrowers]
        return cls(
            loans,
            borrowers,
            plans,
            paid,
            list(session.exec(select(Rating))),
            [as_warned(s) for s in session.exec(select(Signal))],
            [(collateral[x.collateral_no], x.loan_no) for x in session.exec(select(CollateralLoan))],
            guarantees,
            list(session.exec(select(Payment))),
            _groups(edges),
            country,
            start,
        )

    # ------------------------------------------------------------------------- where a loan stands

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
        if loan.settled_on is not None and loan.settled_on <= day:
            return 0
        got = self.received(loan, day)
        plan = self.instalments[loan.loan_no]
        dues = sorted((i.due_on, i.principal_due + i.interest_due) for i in plan) or [(loan.matures_on, loan.principal)]
        for due_on, amount in dues:
            got -= amount
            if got < 0:
                return max((day - due_on).days, 0)
        return 0

    def owed(self, loan: Loan, day: date) -> Decimal:
        if loan.disbursed_on > day or (loan.settled_on is not None and loan.settled_on <= day):
            return Decimal(0)
        got, left = self.received(loan, day), loan.principal
        plan = sorted(self.instalments[loan.loan_no], key=lambda i: i.number)
        if not plan:
            return max(left - got, Decimal(0))
        for i in plan:
            got = max(got - i.interest_due, Decimal(0)) if got >= i.interest_due else Decimal(0)
            paid = min(got, i.principal_due)
            got, left = got - paid, left - paid
            if paid < i.principal_due:
                break
        return left

    def runs(self, loan: Loan, day: date) -> bool:
        return loan.disbursed_on <= day and not self.over(loan, day)

    def of_borrower(self, loan: Loan) -> list[Loan]:
        return [lo for lo in self.loans if lo.borrower_no == loan.borrower_no]

    def warned(self, loan: Loan, day: date) -> bool:
        mine = (f"loan/{loan.loan_no}", f"borrower/{loan.borrower_no}")
        return any(s.about in mine and s.open_on(day) for s in self.signals)

    def rating(self, loan: Loan, day: date) -> str:
        found = [r for r in self.ratings if r.borrower_no == loan.borrower_no and r.rated_on <= day]
        return max(found, key=lambda r: r.rated_on).rating if found else self.borrowers[loan.borrower_no].rating

    def class_before(self, loan_no: str, day: date) -> tuple[str, str]:
        """The newest category of a day before, and its cause."""
        mine = self.classes.get(loan_no, {})
        days = [at for at in mine if at < day]
        return mine[max(days)] if days else ("normal", "days")

    def non_performing(self, loan: Loan, day: date, *, of_debtor: bool = False) -> bool:
        """By days past due, or as it was decided; where a debtor's loans are added up, not by that very rule."""
        decided, cause = self.class_before(loan.loan_no, day + ONE)
        return self.late(loan, day) > 90 or (decided in BAD and not (of_debtor and cause == "contagion"))

    # ------------------------------------------------------------------------------------- what is due

    def working_days_after(self, day: date, count: int) -> date:
        off = holidays.country_holidays(self.country)
        while count:
            day += ONE
            if self.country == "CN":  # where weekends are worked in exchange; another library than the book's
                count -= chinese_calendar.is_workday(day)
            else:
                count -= day.weekday() < 5 and day not in off
        return day

    def of_day(self, today: date) -> set[Key]:
        """Everything that a round of today has to have opened at the latest."""
        self.warn(today)
        self.classify_normal(today)
        found: set[Key] = set()
        for loan in self.loans:
            found |= self.inspections(loan, today) | self.classification(loan, today)
        found |= self.papers(today) | self.followed(today) | self.offices(today) | self.logs(today)
        found |= self.transfers(today)
        return found | self.follow_ups(today) | self.asked_for(today) | self.endings(today)

    def warn(self, today: date) -> None:
        """What the rules see today, unless they said so before."""
        running = [lo for lo in self.loans if self.runs(lo, today)]
        late = {lo.loan_no for lo in running if self.late(lo, today) > 0}
        late_borrowers = {lo.borrower_no for lo in running if lo.loan_no in late}
        seen = [("overdue", f"loan/{no}", "rule:SIG-2") for no in sorted(late)]
        for loan in running:
            if loan.borrower_no in late_borrowers and loan.loan_no not in late:
                seen.append(("overdue_elsewhere", f"loan/{loan.loan_no}", "rule:SIG-2"))
        for key, (kind, loan_no, due_on) in self.lapsing.items():
            done = self.closed.get((kind, key))
            loan = next(lo for lo in self.loans if lo.loan_no == loan_no)
            if due_on < today and (done is None or done >= today) and self.runs(loan, today):
                seen.append(("exception", f"loan/{loan_no}", "rule:INS-11"))
        for branch in sorted({lo.branch_no for lo in running if lo.branch_no}):
            here = [lo for lo in running if lo.branch_no == branch]
            owed = sum(self.owed(lo, today) for lo in here)
            bad = sum(self.owed(lo, today) for lo in here if self.non_performing(lo, today))
            if owed > 0 and bad * 20 >= owed:
                seen.append(("branch_non_performing", f"branch/{branch}", "rule:SIG-2"))
        for kind, about_, source in seen:
            if not self.known(kind, about_, source, today):
                self.signals.append(Warned(kind, about_, today, source))

    def known(self, kind: str, about_: str, source: str, today: date) -> bool:
        return any(
            (s.kind, s.about, s.source) == (kind, about_, source)
            and (s.cleared_on is None or s.cleared_on >= today or s.seen_on == today)
            for s in self.signals
        )

    def condition_holds(self, signal: Warned, today: date) -> bool:
        """Whether what a rule's signal stands for lasts."""
        others = [s for s in self.signals if s.name != signal.name]
        # What was closed today is closed now, if not at the time of the round.
        closed = {key: day - ONE if day == today else day for key, day in self.closed.items()}
        probe = replace(self, signals=others, closed=closed)
        probe.warn(today)
        return signal.source.startswith("rule:") and any(
            (s.kind, s.about, s.source) == (signal.kind, signal.about, signal.source) and s.seen_on == today
            for s in probe.signals
        )

    def inspections(self, loan: Loan, today: date) -> set[Key]:
        found = set()
        if loan.first_drawdown_on <= today and not self.over(loan, today):
            found.add(("first_inspection", loan.loan_no, loan.first_drawdown_on + timedelta(days=15)))
        for ahead in range(11):  # opens ten days before it is due
            day = today + timedelta(days=ahead)
            n = (day.year - loan.first_drawdown_on.year) * 12 + day.month - loan.first_drawdown_on.month
            if n <= 0 or month_later(loan.first_drawdown_on, n) != day or day >= loan.matures_on:
                continue
            if not self.over(loan, today) and n % self.interval(loan, today) == 0:
                found.add(("routine_inspection", f"{loan.loan_no}/{n:02d}", day))
        return found

    def interval(self, loan: Loan, day: date) -> int:
        by_rating = {"": 3, "AAA": 6, "AA+": 6, "AA": 6, "A+": 3, "A": 3}.get(self.rating(loan, day), 1)
        return 1 if loan.high_risk or self.warned(loan, day) else min(3, by_rating)

    def quarter_ends(self, today: date, days: int) -> list[date]:
        ends = [today - timedelta(days=back) for back in range(1, days + 1)]
        return [d for d in ends if (d + ONE).day == 1 and d.month in self.months_of_classification]

    def doubtful(self, loan: Loan, end: date) -> bool:
        observed = loan.restructured_on and loan.restructured_on <= end < month_later(loan.restructured_on, 12)
        by_itself = self.late(loan, end) > 0 or self.warned(loan, end) or observed
        return bool(by_itself) or self.class_before(loan.loan_no, end)[0] != "normal" or self.tainted(loan, end)

    def tainted(self, loan: Loan, end: date) -> bool:
        """More than a tenth of what an enterprise owes here is non-performing."""
        if self.borrowers[loan.borrower_no].kind == "personal":
            return False
        mine = self.of_borrower(loan)
        owed = sum(self.owed(lo, end) for lo in mine)
        return sum(self.owed(lo, end) for lo in mine if self.non_performing(lo, end, of_debtor=True)) * 10 > owed

    def classification(self, loan: Loan, today: date) -> set[Key]:
        return {
            ("risk_classification", f"{loan.loan_no}/{end}", end + timedelta(days=15))
            for end in self.quarter_ends(today, 15)
            if end + timedelta(days=15) >= self.start and self.runs(loan, end) and self.doubtful(loan, end)
        }

    def classify_normal(self, today: date) -> None:
        """The round of the first of the month finds the others normal."""
        for end in self.quarter_ends(today, 1):
            for loan in self.loans:
                if self.runs(loan, end) and not self.doubtful(loan, end):
                    self.classes.setdefault(loan.loan_no, {}).setdefault(end, ("normal", "days"))

    def papers(self, today: date) -> set[Key]:
        found = set()

        def add(kind: str, subject: str, due_on: date | None, loans: list[Loan], lead: int) -> None:
            if due_on is None or not today <= due_on <= today + timedelta(days=lead):
                return
            fit = [
                lo
                for lo in loans
                if lo.first_drawdown_on < due_on
                and not self.over(lo, today)
                and (lo.matures_on >= due_on or lo.matures_on < today)
            ]
            if fit:
                key = f"{subject}-{due_on}"
                found.add((kind, key, due_on))
                self.lapsing.setdefault(key, (kind, min(lo.loan_no for lo in fit), due_on))

        by_no = {lo.loan_no: lo for lo in self.loans}
        for item in {c.collateral_no: c for c, _ in self.secured}.values():
            mine = [by_no[no] for c, no in self.secured if c.collateral_no == item.collateral_no]
            add("insurance_expiry", item.collateral_no, item.insured_until, mine, 30)
            add("valuation_due", item.collateral_no, item.valuation_due, mine, 30)
        for g in self.guarantees:
            loan = by_no[g.loan_no]
            agreed = g.until_on if g.until_on and g.until_on > loan.matures_on else None
            until = agreed or month_later(loan.matures_on, 6)
            if today <= until <= today + timedelta(days=90) and not self.over(loan, today):
                due_on = until - timedelta(days=30)
                if loan.first_drawdown_on < due_on:
                    key = f"{g.guarantor_no}-{g.loan_no}-{until}"
                    found.add(("guarantee_period_warning", key, due_on))
        for b in self.borrowers.values():
            mine = [lo for lo in self.loans if lo.borrower_no == b.borrower_no]
            if not mine:
                continue
            add("licence_expiry", b.borrower_no, b.licence_until, mine, 30)
            if b.kind != "personal":
                for year in range(today.year, today.year + 2):
                    add("statement_due", b.borrower_no, date(year, 4, 30), mine, 15)
                    add("statement_due", b.borrower_no, date(year, 8, 31), mine, 15)
        return found

    def followed(self, today: date) -> set[Key]:
        found = set()
        for s in self.signals:
            if not s.open_on(today):
                continue
            what, number = s.about.split("/", 1)
            if what == "branch":
                found.add(("warning_signal", s.name, s.seen_on + timedelta(days=15)))
                found.add(("business_suspension", s.name, s.seen_on + timedelta(days=3)))
                continue
            mine = [
                lo
                for lo in self.loans
                if number == (lo.loan_no if what == "loan" else lo.borrower_no) and not self.over(lo, today)
            ]
            if mine:
                found.add(("warning_signal", s.name, s.seen_on + timedelta(days=15)))
            if s.kind not in SERIOUS or s.source.startswith("SI-"):
                continue
            if mine:
                found.add(("special_inspection", s.name, s.seen_on + timedelta(days=3)))
            whose = next(lo.borrower_no for lo in self.loans if lo.loan_no == number) if what == "loan" else number
            for other in {lo.borrower_no for lo in self.loans if self.runs(lo, today)} - {whose}:
                if whose in self.group_of and self.group_of.get(other) == self.group_of[whose]:
                    found.add(("special_inspection", f"{s.name}-{other}", s.seen_on + timedelta(days=3)))
        return found

    def offices(self, today: date) -> set[Key]:
        found = set()
        for back in range(1, 120):
            end = today - timedelta(days=back)
            if (end + ONE).day != 1:
                continue
            branches = {lo.branch_no or "" for lo in self.loans if self.runs(lo, end)}
            for branch in branches:
                due_on = self.working_days_after(end, 20)
                if end.month == 12 and due_on >= today:
                    found.add(("ledger_carry_over", f"{branch or '(HO)'}-{end}", due_on))
                due_on = end + timedelta(days=60)
                if end.month in (3, 6, 9, 12) and due_on >= today and due_on >= self.start:
                    found.add(("branch_supervision", f"{branch or '(HO)'}-{end}", due_on))
        return found

    def logs(self, today: date) -> set[Key]:
        """Month by month: the enterprises for which nobody entered anything, as long as that is to be done."""
        found = set()
        for back in range(1, 30):
            end = today - timedelta(days=back)
            due_on = self.working_days_after(end, 2) if (end + ONE).day == 1 else date.min
            if due_on < today:
                continue
            first = end.replace(day=1)
            for no, borrower in self.borrowers.items():
                mine = [lo for lo in self.loans if lo.borrower_no == no and lo.first_drawdown_on < first]
                mine = [lo for lo in mine if not self.over(lo, end) and not self.over(lo, today)]
                made = [1 for who, day in self.entries if who == no and first <= day <= end]
                if borrower.kind != "personal" and mine and not made:
                    found.add(("work_log", f"{no}-{end}", due_on))
        return found

    def follow_ups(self, today: date) -> set[Key]:
        found = set()
        for borrower, loan_no, made_on in self.plans:
            newer = any(who == borrower and day > made_on for who, _, day in self.plans)
            ended = self.plan_ends.get((borrower, made_on))
            loan = next(lo for lo in self.loans if lo.loan_no == loan_no)
            if newer or (ended is not None and ended <= today) or self.over(loan, today):
                continue
            for n in range(1, 30):
                due_on = month_later(made_on, n)
                if max(due_on - timedelta(days=5), made_on + ONE) <= today <= due_on:
                    found.add(("plan_follow_up", f"{borrower}-{due_on}", due_on))
        return found

    def endings(self, today: date) -> set[Key]:
        """Visits and notices before maturity, and the settlements since the rounds began."""
        found = set()
        for loan in self.loans:
            end = loan.matures_on
            year_later = month_later(loan.disbursed_on, 12)
            visit = end - timedelta(days=20 if end <= year_later else 60)
            notice = end - timedelta(days=10)
            for kind, due_on, lead in (("pre_maturity_visit", visit, 10), ("repayment_notice", notice, 2)):
                opens = due_on - timedelta(days=lead)
                if opens <= today <= end and due_on > loan.first_drawdown_on and not self.over(loan, today):
                    found.add((kind, f"{loan.loan_no}/{end}", due_on))
            settled_on = self.settled_on(loan, today)
            if settled_on is not None and settled_on >= self.start:
                found.add(("settlement", f"{loan.loan_no}/{settled_on}", settled_on + timedelta(days=5)))
        return found

    def transfers(self, today: date) -> set[Key]:
        """The loans that go to the workout: 90 days late, or classified as not performing before that. Nobody is
        asked while he is at it already."""
        found = set()
        for loan in self.loans:
            late = self.late(loan, today)
            days = [day for day in self.classes.get(loan.loan_no, {}) if day <= today]
            bad = bool(days) and self.classes[loan.loan_no][max(days)][0] in BAD
            if self.over(loan, today) or not (late >= 90 or bad):
                continue
            anchor, lead = (today - timedelta(days=late - 90), 5) if late >= 90 else (max(days), 20)
            at_it = [
                subject
                for (loan_no, subject), opened in self.transferring.items()
                if loan_no == loan.loan_no and subject != anchor and self.at_work(loan_no, subject, opened, anchor)
            ]
            if not at_it:
                self.transferring.setdefault((loan.loan_no, anchor), today)
                found.add(("workout_transfer", f"{loan.loan_no}/{anchor}", anchor + timedelta(days=lead)))
        return found

    def at_work(self, loan_no: str, subject: date, opened: date, anchor: date) -> bool:
        """A transfer is open now, or was on the day from which another would count."""
        done = self.closed.get(("workout_transfer", f"{loan_no}/{subject}"))
        return done is None or (opened < anchor <= done)

    def settled_on(self, loan: Loan, today: date) -> date | None:
        """The day by whose end all was paid, as known today."""
        if not self.over(loan, today):
            return None
        if loan.settled_on is not None:
            return loan.settled_on
        days = sorted({r.paid_on for r in self.repayments[loan.loan_no] if r.paid_on <= today})
        return next(day for day in days if self.over(loan, day))

    def asked_for(self, today: date) -> set[Key]:
        return {
            ("use_of_proceeds", p.payment_no, p.requested_on + timedelta(days=3))
            for p in self.payments
            if p.requested_on <= today and p.state == "requested"
        }


def _groups(edges: list[tuple[str, str]]) -> dict[str, str]:
    """The smallest number of everybody's group; those who stand alone are in none."""
    group = {who: who for edge in edges for who in edge}
    for _ in range(len(group)):
        for a, b in edges:
            group[a] = group[b] = min(group[a], group[b])
    return group
