"""How long the daily round takes over a large book, beside a loop over its loans that asks the same.

    python bench/round.py [loans] [SQLAlchemy address of an empty database]

Both are measured in one run, on the same book, three times each; what counts is their ratio. The
loop knows less: it finds first and routine inspections and days past due only.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import select

from postloan.book import Book, loans, migrate
from postloan.book.tables import Borrower, Instalment, Loan, Repayment
from postloan.calendar import months_after
from postloan.policy import Policy
from postloan.rules.inspection import first_inspection_due, routine_inspections, routine_interval
from postloan.settings import REPOSITORY, Settings
from tasks.office import Office
from tasks.round import work_out

TODAY = date(2026, 6, 15)
MONTHLY = Decimal(105)
SAMPLE = 500  # loans that the loop looks at; the whole of it is worked out from that


def fill(book: Book, count: int) -> None:
    """So many loans of a year, each with twelve instalments; one in twenty stopped paying."""
    dice = random.Random(1)
    with book.write(origin="bench") as writer:
        run = writer.session.execute
        run(
            insert(Borrower),
            [
                {"borrower_no": f"B{n}", "name": f"b{n}", "kind": "personal", "rating": dice.choice(("AA", "A", "B"))}
                for n in range(count)
            ],
        )
        for start in range(0, count, 5_000):
            lent, plan, paid = [], [], []
            for n in range(start, min(start + 5_000, count)):
                drawn = TODAY - timedelta(days=dice.randrange(1, 330))
                lent.append(
                    {"loan_no": f"L{n}", "borrower_no": f"B{n}", "principal": Decimal(1200), "annual_rate": Decimal(5),
                     "disbursed_on": drawn, "first_drawdown_on": drawn, "matures_on": months_after(drawn, 12)}
                )  # fmt: skip
                stops = dice.randrange(1, 6) if n % 20 == 0 else 12
                for number in range(1, 13):
                    due_on = months_after(drawn, number)
                    plan.append(
                        {"loan_no": f"L{n}", "number": number, "due_on": due_on, "principal_due": Decimal(100),
                         "interest_due": Decimal(5), "fee_due": Decimal(0)}
                    )  # fmt: skip
                    if due_on <= TODAY and number <= stops:
                        paid.append(
                            {
                                "receipt_no": f"R{n}-{number}",
                                "loan_no": f"L{n}",
                                "paid_on": due_on,
                                "amount": Decimal(105),
                            }
                        )
            run(insert(Loan), lent)
            run(insert(Instalment), plan)
            run(insert(Repayment), paid)


def loop(book: Book, policy: Policy, sample: list[str]) -> int:
    """What a program that goes from loan to loan would ask of each of them."""
    found, rule = 0, policy.inspection.routine
    with book.read() as session:
        for no in sample:
            loan = loans.get(session, no)
            borrower = loans.borrower_of(session, loan)
            interval = routine_interval(
                rating=borrower.rating, high_risk=loan.high_risk, open_signal=False, by_rating=rule.by_rating,
                other_months=rule.other_months, unrated_months=rule.unrated_months, max_months=rule.max_months,
                high_risk_months=rule.high_risk_months, signal_months=rule.signal_months, shortest=True,
            ).months  # fmt: skip
            dues = [due for _, due in routine_inspections(loan.first_drawdown_on, loan.matures_on, interval)]
            dues.append(first_inspection_due(loan.first_drawdown_on, policy.inspection.first.days))
            found += sum(TODAY <= due <= TODAY + timedelta(days=10) for due in dues)
            found += loans.standing(session, loan, TODAY).days_past_due > 0
    return found


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes, in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Fill a book, measure, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    home = Path(tempfile.mkdtemp(prefix="postloan-bench-"))
    book = Book(sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{home / 'book.db'}")
    migrate.upgrade(book)
    office = Office(book, Settings(home=home, book=book.url, policy=REPOSITORY / "policy.toml"))
    print(f"filling a book of {count:,} loans took {seconds(lambda: fill(book, count)):.0f} s")
    print(f"the first round, which opens everything: {seconds(lambda: work_out(office, TODAY)):.1f} s")
    with book.read() as session:
        sample = list(session.exec(select(Loan.loan_no).limit(SAMPLE)))
    rounds, loops = [], []
    for n in range(1, 4):
        rounds.append(seconds(lambda n=n: work_out(office, TODAY + timedelta(days=n))))  # type: ignore[misc]
        loops.append(seconds(lambda: loop(book, office.policy, sample)) * count / len(sample))
    best = min(rounds)
    print(f"a round: {best:.2f} s; the loop over all loans: {min(loops):.1f} s; ratio {min(loops) / best:.0f} to 1")


if __name__ == "__main__":
    main()
