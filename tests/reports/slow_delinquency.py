"""The reports of delinquency worked out the slow, obvious way: loan by loan, month by month, row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import Session, select

from postloan.book import loans
from postloan.book.tables import (
    Borrower,
    DisposalOption,
    Loan,
    Promise,
    Recovery,
    RecoveryCost,
    Repayment,
    Transfer,
    WriteOff,
)
from postloan.policy import Policy
from postloan.reports.period import Month
from postloan.rules.position import bucket
from tests.reports.slow import Slow

Where = tuple[str, int, Decimal, Decimal]  # bucket, days, outstanding, overdue
BUCKETS = ("current", "M1", "M2", "M3", "M4", "M5", "M6", "M7+")


@dataclass
class SlowDelinquency:
    """A book at the end of a month and at the ends of the months before it."""

    session: Session
    policy: Policy
    last: date
    months: int = 25
    path: dict[str, dict[Month, Where]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.newest = Month.of(self.last)
        self.loans = {loan.loan_no: loan for loan in self.rows(Loan)}
        self.off = {w.loan_no: w.written_off_on for w in self.rows(WriteOff)}
        slow = Slow(self.session, self.policy, self.newest.first, self.last)
        self.settled = {no: slow.settled_on(loan) for no, loan in self.loans.items()}
        for no, loan in self.loans.items():
            self.path[no] = {}
            for back in range(self.months):
                month = self.newest.later(-back)
                end = min(month.last, self.last)
                if loan.disbursed_on <= end and not self.is_settled(no, end):
                    at = loans.standing(self.session, loan, end)
                    name = "written_off" if self.is_off(no, end) else bucket(at.days_past_due)
                    self.path[no][month] = (name, at.days_past_due, at.principal_outstanding, at.overdue)

    def rows(self, table: Any) -> list[Any]:
        return list(self.session.exec(select(table)))

    def is_settled(self, no: str, day: date) -> bool:
        return self.settled[no] is not None and self.settled[no] <= day  # type: ignore[operator]

    def is_off(self, no: str, day: date) -> bool:
        return no in self.off and self.off[no] <= day

    def ageing(self, by: str) -> dict[tuple[str, str, str], tuple[int, Decimal, Decimal]]:
        segments = {b.borrower_no: b.segment for b in self.rows(Borrower)}
        found: dict[tuple[str, str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
        for no, path in self.path.items():
            if self.newest in path:
                loan = self.loans[no]
                group = {
                    "": "",
                    "branch": loan.branch_no or "",
                    "product": loan.product,
                    "segment": segments[loan.borrower_no],
                }
                name, _, outstanding, overdue = path[self.newest]
                line = found[loan.currency, group[by], name]
                line[0] += 1
                line[1] += outstanding
                line[2] += overdue
        return {key: tuple(line) for key, line in found.items()}

    def moves(self) -> dict[tuple[str, str, str, str], tuple[int, Decimal, Decimal]]:
        found: dict[tuple[str, str, str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
        for no, path in self.path.items():
            for month, (name, _, outstanding, _) in path.items():
                then = month.later(1)
                if name == "written_off" or then > self.newest:
                    continue
                if then in path:
                    to, now = path[then][0], path[then][2]
                else:
                    to, now = ("written_off" if no in self.off else "settled"), Decimal(0)
                line = found[self.loans[no].currency, str(then), name, to]
                line[0] += 1
                line[1] += outstanding
                line[2] += now
        return {key: tuple(line) for key, line in found.items()}

    def cures(self) -> dict[tuple[str, str], Counter[str]]:
        found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for no, path in self.path.items():
            for month, (name, *_) in path.items():
                then = month.later(1)
                if then > self.newest or name == "written_off":
                    continue
                count = found[self.loans[no].currency, str(then)]
                if name == "current":
                    continue
                count["past_due"] += 1
                if path.get(then, ("",))[0] == "current":
                    count["cured"] += 1
                    later = [path.get(then.later(n), ("current",))[0] for n in range(1, 13)]
                    count["again"] += any(place != "current" for place in later)
        return found

    def vintages(self, by: str) -> dict[tuple[str, str, int], tuple[Any, ...]]:
        found = {}
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        for no, loan in self.loans.items():
            if loan.disbursed_on <= self.last:
                groups[loan.currency, self.vintage(loan.disbursed_on, by)].append(no)
        for (currency, name), members in groups.items():
            youngest = Month.of(self.loans[members[0]].disbursed_on)
            while by == "quarter" and youngest.first.month % 3:
                youngest = youngest.later(1)
            for age in range(self.months):
                if age == 0 or youngest.later(age) <= self.newest:
                    all_of_it = sum(self.loans[no].principal for no in members)
                    bad = [[no for no in members if self.worst(no, age) > days] for days in (30, 90)]
                    sums = [(len(those), sum(self.loans[no].principal for no in those)) for those in bad]
                    found[currency, name, age] = (len(members), all_of_it, *sums[0], *sums[1])
        return found

    @staticmethod
    def vintage(day: date, by: str) -> str:
        return f"{day:%Y-%m}" if by == "month" else f"{day.year}Q{(day.month + 2) // 3}"

    def worst(self, no: str, age: int) -> int:
        born = Month.of(self.loans[no].disbursed_on)
        seen = [self.path[no][born.later(n)] for n in range(age + 1) if born.later(n) in self.path[no]]
        return max((10_000 if name == "written_off" else days for name, days, *_ in seen), default=0)

    def promises(self, first: Month) -> dict[tuple[str, str, str, str], Counter[str]]:
        found: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
        for p in self.rows(Promise):
            if p.made_on > self.last:
                continue
            loan = self.loans[p.loan_no]

            def add(day: date, what: str, loan: Loan = loan, p: Promise = p) -> None:
                line = found[loan.currency, f"{day:%Y-%m}", loan.branch_no or "", loan.officer_no or ""]
                line[what] += 1
                line[f"{what}_amount"] += p.amount  # type: ignore[assignment]

            if p.made_on >= first.first:
                add(p.made_on, "made")
            if first.first <= p.due_on <= self.last:
                known = p.state if p.settled_on is None or p.settled_on <= self.last else "open"
                if known != "superseded":
                    add(p.due_on, "due")
                    add(p.due_on, known)
        return found

    def recoveries(self, first: date) -> dict[tuple[str, str], dict[str, Any]]:
        given = {r.receipt_no: r.measure for r in self.rows(Recovery)}
        receipts = {r.receipt_no: r for r in self.rows(Repayment)}
        lost: dict[str, tuple[date, Decimal]] = {}
        for w in self.rows(WriteOff):
            if w.written_off_on <= self.last:
                lost[w.loan_no] = (w.written_off_on, w.principal + w.interest)
        for one in sorted(self.rows(Transfer), key=lambda x: (x.transferred_on, x.case_no), reverse=True):
            if one.transferred_on <= self.last:
                lost[one.loan_no] = (one.transferred_on, one.principal + one.interest)
        found: dict[tuple[str, str], dict[str, Any]] = defaultdict(
            lambda: {"received": 0, "costs": 0, "received_so_far": 0, "costs_so_far": 0, "loans": set()}
        )

        def add(loan_no: str, measure: str, what: str, day: date, amount: Decimal) -> None:
            for name in (measure, ""):
                line = found[self.loans[loan_no].currency, name]
                line[f"{what}_so_far"] += amount
                line[what] += amount if day >= first else 0
            found[self.loans[loan_no].currency, measure]["loans"].add(loan_no)

        for r in receipts.values():
            original = receipts[r.reverses] if r.reverses else r
            counts = original.receipt_no in given or (r.loan_no in lost and original.paid_on >= lost[r.loan_no][0])
            if counts and r.paid_on <= self.last:
                measure = given.get(original.receipt_no) or self.plan(r.loan_no, original.paid_on)
                add(r.loan_no, measure, "received", r.paid_on, -r.amount if r.reverses else r.amount)
        for cost in self.rows(RecoveryCost):
            if cost.incurred_on <= self.last:
                add(cost.loan_no, cost.measure, "costs", cost.incurred_on, cost.amount)
        for loan_no in lost:
            found[self.loans[loan_no].currency, ""]["loans"].add(loan_no)
        for line in found.values():
            line["loans"] &= set(lost)
            line["amount"] = sum(lost[no][1] for no in line["loans"])
            line["loans"] = len(line["loans"])
        return found

    def plan(self, loan_no: str, day: date) -> str:
        options = [
            o
            for o in self.rows(DisposalOption)
            if o.loan_no == loan_no
            and o.state != "compared"
            and o.decided_on <= day
            and (o.ended_on is None or day < o.ended_on)
        ]
        # The newest decision; of one day that of the newest case, of one case the first.
        options.sort(key=lambda o: -o.number)
        options.sort(key=lambda o: (o.decided_on, o.case_no))
        return options[-1].measure if options and options[-1].measure != "write_off" else "voluntary"
