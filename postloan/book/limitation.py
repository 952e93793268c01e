"""The rights against debtors and guarantors, and when they lapse (LIM-1, LIM-2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from postloan.book.engine import Writer
from postloan.book.tables import Case, Guarantee, Instalment, Interruption, Loan, Repayment
from postloan.calendar import months_after
from postloan.policy import Policy
from postloan.rules.limitation import INTERRUPTIONS, Act, Period, period


@dataclass(frozen=True)
class Right:
    """A right against a party to a loan: the period that runs, as known on a day. `under` says which: "limitation",
    or "guarantee" while a guarantor was not called upon in his guarantee period."""

    party: str
    party_no: str
    under: str
    started_on: date
    cause: str
    lapses_on: date


def of_loan(session: Session, policy: Policy, loan: Loan, day: date) -> list[Right]:
    """LIM-1, LIM-2: the rights against the borrower and each guarantor, by what happened up to a day."""
    acts: dict[tuple[str, str], list[Act]] = {}
    rows = select(Interruption).where(Interruption.loan_no == loan.loan_no, Interruption.happened_on <= day)
    for row in session.exec(rows):
        acts.setdefault((row.party, row.party_no), []).append(Act(row.kind, row.happened_on))
    own = acts.get(("borrower", loan.borrower_no), []) + _payments(session, loan, day)
    years = policy.limitation.years
    found = [_right("borrower", loan.borrower_no, period(last_due(session, loan), own, years))]
    for guarantee in session.exec(
        select(Guarantee).where(Guarantee.loan_no == loan.loan_no).order_by(col(Guarantee.guarantor_no))
    ):
        until = guarantee.until_on
        if until is None or until <= loan.matures_on:  # agreed to end before it begins counts as not agreed (art. 692)
            until = months_after(loan.matures_on, policy.limitation.guarantee_months)
        # A general guarantor has to be sued, or the debtor in his guarantee period (art. 693).
        counts = ("suit",) if guarantee.kind == "general" else INTERRUPTIONS
        mine = acts.get(("guarantor", guarantee.guarantor_no), [])
        # His period begins with maturity: who was called upon before it was not called upon in it (art. 692).
        called = sorted(a.happened_on for a in mine if a.kind in counts and a.happened_on > loan.matures_on)
        in_time = [on for on in called if on <= until]
        if in_time:
            later = [Act("demand", on) for on in called]
            found.append(_right("guarantor", guarantee.guarantor_no, period(in_time[0], later, years), "demand"))
        else:
            found.append(Right("guarantor", guarantee.guarantor_no, "guarantee", loan.matures_on, "due", until))
    return found


def _right(party: str, number: str, runs: Period, cause: str = "") -> Right:
    why = cause if cause and runs.cause == "due" else runs.cause
    return Right(party, number, "limitation", runs.started_on, why, runs.lapses_on)


def last_due(session: Session, loan: Loan) -> date:
    """The day from which the limitation period of the loan runs: that of its last instalment (art. 189)."""
    dues = session.exec(select(Instalment.due_on).where(Instalment.loan_no == loan.loan_no)).all()
    return max([loan.matures_on, *dues])


def _payments(session: Session, loan: Loan, day: date) -> list[Act]:
    """The debtor's payments: who pays agrees to the debt. What bounced is none."""
    every = session.exec(select(Repayment).where(Repayment.loan_no == loan.loan_no, Repayment.paid_on <= day)).all()
    undone = {r.reverses for r in every if r.reverses}
    return [Act("payment", r.paid_on) for r in every if not r.reverses and r.receipt_no not in undone]


def interrupt(
    writer: Writer, case: Case, *, party: str, party_no: str, kind: str, happened_on: date, document: str, by: str
) -> None:
    """LIM-1: enter an act that begins a new period, with its proof; once for each case and party."""
    number = f"{case.case_no}-{party_no}"
    if writer.session.get(Interruption, number) is not None:
        return
    writer.session.add(
        Interruption(
            interruption_no=number,
            loan_no=case.loan_no or "",
            party=party,
            party_no=party_no,
            kind=kind,
            happened_on=happened_on,
            document=document,
            case_no=case.case_no,
        )
    )
    writer.record(
        "limitation.interrupted",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by,
        party=f"{party} {party_no}",
        kind=kind,
        happened_on=happened_on,
        document=document,
    )
