"""The monthly pack worked out the slow, obvious way: every row in memory, one loan and one task at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from postloan.book import classification, loans
from postloan.book.tables import (
    Case,
    Classification,
    HumanTask,
    Instalment,
    Loan,
    Payment,
    Position,
    Repayment,
    RiskPlan,
    Signal,
    Staff,
    Step,
    WorkLogEntry,
)
from postloan.policy import Policy

BAD = ("substandard", "doubtful", "loss")


@dataclass
class Slow:
    """A period from `first` to `last`, both inclusive, of a book read into memory."""

    session: Session
    policy: Policy
    first: date
    last: date

    def rows(self, table: Any) -> list[Any]:
        return list(self.session.exec(select(table)))

    @property
    def zone(self) -> ZoneInfo:
        return self.policy.time_zone

    def day(self, moment: datetime | None) -> date | None:
        return moment.astimezone(self.zone).date() if moment else None

    def within(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last

    # ------------------------------------------------------------------------ portfolio

    def settled_on(self, loan: Loan) -> date | None:
        if loan.settled_on is not None:
            return loan.settled_on
        positions = [p for p in self.rows(Position) if p.loan_no == loan.loan_no]
        if positions:
            owing = [p.as_of for p in positions if p.principal_outstanding or p.overdue_principal or p.days_past_due]
            return min((p.as_of for p in positions if p.as_of > max(owing, default=date.min)), default=None)
        due = [i.principal_due + i.interest_due for i in self.rows(Instalment) if i.loan_no == loan.loan_no]
        needed, so_far = sum(due, Decimal(0)) or loan.principal, Decimal(0)
        for receipt in sorted(
            (r for r in self.rows(Repayment) if r.loan_no == loan.loan_no), key=lambda r: (r.paid_on, r.receipt_no)
        ):
            so_far += receipt.amount
            if so_far >= needed:
                return receipt.paid_on
        return None

    def portfolio(self, day: date) -> dict[str, dict[str, Any]]:
        """Each loan that runs at the end of a day: currency, branch, class, standing."""
        decided: dict[str, Classification] = {}
        for row in sorted(self.rows(Classification), key=lambda c: c.as_of):
            if row.as_of <= day:
                decided[row.loan_no] = row
        found = {}
        for loan in self.rows(Loan):
            settled = self.settled_on(loan)
            if loan.disbursed_on > day or (settled is not None and settled <= day):
                continue
            standing = loans.standing(self.session, loan, day)
            found[loan.loan_no] = {
                "currency": loan.currency,
                "branch": loan.branch_no or "",
                "standing": standing,
                "class": classification.shown(self.policy, standing.days_past_due, decided.get(loan.loan_no)),
            }
        return found

    def balances(self, day: date, by: str) -> dict[tuple[str, str], tuple[int, Decimal, Decimal]]:
        """(loans, outstanding, overdue) by currency and class, bucket or branch."""
        sums: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
        for row in self.portfolio(day).values():
            name = row["standing"].bucket if by == "bucket" else row[by]
            line = sums[row["currency"], name]
            line[0] += 1
            line[1] += row["standing"].principal_outstanding
            line[2] += row["standing"].overdue
        return {key: tuple(line) for key, line in sums.items()}

    def non_performing(self, day: date) -> dict[tuple[str, str], Decimal]:
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in self.portfolio(day).values():
            if row["class"] in BAD:
                sums[row["currency"], row["branch"]] += row["standing"].principal_outstanding
        return sums

    def migrations(self, before: date) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
        then, now = self.portfolio(before), self.portfolio(self.last)
        sums: dict[tuple[str, str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
        for loan_no in then.keys() | now.keys():
            row = now.get(loan_no) or then[loan_no]
            origin = then[loan_no]["class"] if loan_no in then else "new"
            to = now[loan_no]["class"] if loan_no in now else "gone"
            line = sums[row["currency"], origin, to]
            line[0] += 1
            line[1] += row["standing"].principal_outstanding
        return {key: tuple(line) for key, line in sums.items()}

    # -------------------------------------------------------------------- signals, cases

    def signals(self) -> dict[str, dict[str, int]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for s in self.rows(Signal):
            count = found[s.kind]
            if s.seen_on < self.first and (s.cleared_on is None or s.cleared_on >= self.first):
                count["before"] += 1
            count["raised"] += self.within(s.seen_on)
            count["cleared"] += self.within(s.cleared_on) and s.seen_on <= self.last
            if s.seen_on <= self.last and (s.cleared_on is None or s.cleared_on > self.last):
                age = (self.last - s.seen_on).days
                count["open"] += 1
                count["days_30" if age <= 30 else "days_60" if age <= 60 else "days_90" if age <= 90 else "older"] += 1
                count["overdue"] += age > self.policy.signals.clear_days
        return {kind: dict(+count) for kind, count in found.items() if +count}

    def open_task(self, task: HumanTask) -> bool:
        """Whether a question waited at the end of the last day."""
        asked, answered = self.day(task.asked_at), self.day(task.answered_at)
        return asked is not None and asked <= self.last and (answered is None or answered > self.last)

    def open_case(self, case: Case, day: date) -> bool:
        closed = self.day(case.closed_at)
        return case.opened_on <= day and (closed is None or closed > day)

    def cases(self) -> dict[str, dict[str, int]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        tasks = self.rows(HumanTask)
        for case in self.rows(Case):
            count = found[case.kind]
            count["before"] += self.open_case(case, self.first - timedelta(days=1))
            count["opened"] += self.within(case.opened_on)
            count["closed"] += self.within(self.day(case.closed_at))
            if self.open_case(case, self.last):
                count["open"] += 1
                mine = [t for t in tasks if t.case_no == case.case_no and self.day(t.asked_at) <= self.last]
                late = [t for t in mine if self.open_task(t) and t.due_on < self.last]
                count["late"] += bool(late) or (not mine and case.due_on < self.last)
        return {kind: dict(+count) for kind, count in found.items() if +count}

    def inspections(self) -> dict[str, tuple[int, int, int, int]]:
        """(due, on time, late, missing) by kind."""
        steps = {(s.case_no, s.step): s for s in self.rows(Step)}
        found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for case in self.rows(Case):
            if not case.kind.endswith("_inspection") or not self.within(case.due_on) or case.opened_on > self.last:
                continue
            report = steps.get((case.case_no, "report"))
            reported = report is not None and self.day(report.done_at) <= self.last
            if case.state == "cancelled" and self.day(case.closed_at) <= self.last and not reported:
                continue
            line = found[case.kind]
            line[0] += 1
            if not reported:
                line[3] += 1
            elif date.fromisoformat(report.result["inspected_on"]) <= case.due_on:
                line[1] += 1
            else:
                line[2] += 1
        return {kind: tuple(line) for kind, line in found.items()}

    def funds(self) -> dict[str, dict[str, Any]]:
        currency = {loan.loan_no: loan.currency for loan in self.rows(Loan)}
        found: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
        for p in (p for p in self.rows(Payment) if p.requested_on <= self.last):
            line = found[currency[p.loan_no]]
            for name, counts in (("requested", self.within(p.requested_on)), (p.state, self.within(p.decided_on))):
                line[name] += counts
                line[f"{name}_amount"] += p.amount if counts else 0
            line["undecided"] += p.decided_on is None or p.decided_on > self.last
            line["as_agreed"] += self.within(p.verified_on) and p.as_agreed is True
            line["not_as_agreed"] += self.within(p.verified_on) and p.as_agreed is False
            waits = p.state == "approved" and (p.verified_on is None or p.verified_on > self.last)
            age = (self.last - p.decided_on).days if p.decided_on else 0
            line["unverified_late"] += waits and age > self.policy.proceeds.verify_days
        return found

    def plans(self) -> set[tuple[str, date]]:
        newest: dict[str, RiskPlan] = {}
        for plan in sorted(self.rows(RiskPlan), key=lambda p: p.made_on):
            if plan.made_on <= self.last:
                newest[plan.borrower_no] = plan
        return {(no, p.made_on) for no, p in newest.items() if p.ended_on is None or p.ended_on > self.last}

    # ---------------------------------------------------------------------- performance

    def performance(self) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
        """What is counted, by staff number and by branch number."""
        home = {s.staff_no: s.branch_no or "" for s in self.rows(Staff)}
        staff: dict[str, Counter[str]] = defaultdict(Counter)
        branches: dict[str, Counter[str]] = defaultdict(Counter)

        def add(what: str, staff_no: str | None, branch_no: str = "") -> None:
            if staff_no:
                staff[staff_no][what] += 1
            branches[home[staff_no] if staff_no else branch_no][what] += 1

        self._steps(add)
        self._log(add)
        return staff, branches

    def _steps(self, add: Any) -> None:
        steps = {(s.case_no, s.step): s for s in self.rows(Step)}
        all_cases = {c.case_no: c for c in self.rows(Case)}
        for task in self.rows(HumanTask):
            day = self.day(task.answered_at)
            step = steps.get((task.case_no, task.step))
            if task.state == "answered" and self.within(day):
                add("on_time" if day <= task.due_on else "late", step.staff_no)
            if task.state == "refused" and self.within(day):
                add("refused", task.staff_no, task.branch_no)
            if self.open_task(task) and self.open_case(all_cases[task.case_no], self.last):
                add("open", task.staff_no, task.branch_no)
                if task.due_on < self.last:
                    add("open_late", task.staff_no, task.branch_no)
            again = task.step.startswith("report-") and task.attempt == 1
            if again and self.within(self.day(task.asked_at)):
                number = int(task.step.removeprefix("report-"))
                before = "report" if number == 2 else f"report-{number - 1}"
                add("returned", steps[task.case_no, before].staff_no)
        for step in steps.values():
            if step.duty == "report" and self.within(self.day(step.done_at)):
                add("reports", step.staff_no)

    def _log(self, add: Any) -> None:
        calendar, rule = self.policy.working_days, self.policy.work_log
        for e in self.rows(WorkLogEntry):
            if self.within(e.entered_on):
                add("entries", e.staff_no)
                if e.entered_on > calendar.add_working_days(e.acted_on, rule.enter_working_days):
                    add("entries_late", e.staff_no)
            if self.within(e.reviewed_on):
                add("reviews", e.reviewed_by)
                if e.reviewed_on > calendar.add_working_days(e.entered_on, rule.review_working_days):
                    add("reviews_late", e.reviewed_by)
