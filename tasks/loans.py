"""What the machine does about a loan: tells the borrower, records signals, looks up what secures it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from prefect import task
from sqlmodel import Session, col, select

from postloan.book import cases, loans
from postloan.book import signals as signals_of
from postloan.book.notices import borrower_recipient
from postloan.book.tables import Case, Loan, Signal
from postloan.policy import Policy
from postloan.rendering import plain
from postloan.rules import signals
from postloan.rules.inspection import routine_interval
from postloan.rules.position import ZERO
from tasks.notices import queue
from tasks.office import Office


@task(name="announce-to-borrower")
def announce(case_no: str, kind: str = "first_inspection_announcement", **values: Any) -> None:
    """Tell the borrower what is coming, once; `kind` of notice and the values of its template."""
    office = Office.open()
    with office.book.write(origin="announce-to-borrower") as writer:
        case = cases.get(writer.session, case_no)
        if cases.result(writer.session, case_no, "announce") is not None:
            return
        borrower = loans.borrower_of(writer.session, loans.get(writer.session, case.loan_no))
        if not (borrower.phone or borrower.email):
            cases.finish_step(writer, case, "announce", {"skipped": "the borrower has no phone or e-mail"})
            return
        notice = queue(
            office,
            writer,
            key=f"{kind}:{case_no}",
            kind=kind,
            to=borrower_recipient(borrower),
            loan_no=case.loan_no,
            case_no=case_no,
            due_on=case.due_on,
            **values,
        )
        cases.finish_step(writer, case, "announce", {"notice_no": notice.notice_no})


@task(name="record-signals")
def record_signals(case_no: str, kinds: list[str], seen_on: Any, detail: str) -> None:
    """Record the warning signals that the report names on the loan (SIG-1); once per case and kind."""
    office = Office.open()
    with office.book.write(origin="record-signals") as writer:
        case = cases.get(writer.session, case_no)
        if cases.result(writer.session, case_no, "signals") is not None:
            return
        known = set(writer.session.exec(select(Signal.kind).where(col(Signal.case_no) == case_no)))
        for kind in kinds:
            if kind in known:
                continue
            writer.session.add(
                Signal(
                    loan_no=case.loan_no,
                    kind=kind,
                    seen_on=seen_on,
                    detail=detail,
                    source=case_no,
                    case_no=case_no,
                )
            )
            writer.record("signal.recorded", loan_no=case.loan_no, case_no=case_no, kind=kind, seen_on=seen_on)
        cases.finish_step(writer, case, "signals", {"recorded": kinds})


@dataclass(frozen=True)
class Security:
    """What secures a loan."""

    guarantees: list[tuple[str, str]]
    collaterals: list[tuple[str, str]]

    @property
    def guaranteed(self) -> bool:
        return bool(self.guarantees)

    @property
    def secured(self) -> bool:
        return bool(self.collaterals)

    def as_markdown(self) -> str:
        """Guarantors by number and collateral by number and kind; no names."""
        lines = [f"- 保证人 {number}: {kind}" for number, kind in self.guarantees]
        lines += [f"- 抵质押物 {number}: {plain(kind)}" for number, kind in self.collaterals]
        return "\n" + "\n".join(lines) + "\n" if lines else ""


def security_of(office: Office, loan: Loan) -> Security:
    """The loan's guarantors and collateral."""
    with office.book.read() as session:
        history = loans.history(session, loan)
    return Security(
        [(g.guarantor_no, g.kind) for g, _ in history.guarantees],
        [(c.collateral_no, c.kind) for c in history.collaterals],
    )


@dataclass(frozen=True)
class Seen:
    """A warning signal as the forms show it; `office` is the branch or partner that it is about, if any."""

    number: int
    kind: str
    title: str
    seen_on: date
    detail: str
    source: str
    office: str


def signal_of(office: Office, case: Case) -> Seen:
    """The signal that a case is about: its subject is S and the signal's number, and another member's
    number where it is about the others of a group."""
    with office.book.read() as session:
        found = session.get_one(Signal, int(case.subject.split("-")[0].removeprefix("S")))
    return Seen(
        number=int(found.id or 0),
        kind=found.kind,
        title=signals.title(found.kind),
        seen_on=found.seen_on,
        detail=found.detail,
        source=found.source,
        office=found.branch_no or found.partner_no or "",
    )


@dataclass(frozen=True)
class Basis:
    """What a routine inspection is judged by: the months between two of the loan's, and whether it may be
    made off site."""

    interval: int
    off_site: bool


@task(name="inspection-basis")
def inspection_basis(case_no: str) -> Basis:
    """INS-5, INS-6, INS-7: as things were when the case was opened; kept for the whole case."""
    office = Office.open()
    with office.book.write(origin="inspection-basis") as writer:
        session = writer.session
        case = cases.get(session, case_no)
        done = cases.result(session, case_no, "basis")
        if done is not None:
            return Basis(**done.result)
        policy = office.policy_of(session, case)
        loan = loans.get(session, case.loan_no)
        basis = {
            "interval": _interval(session, policy, loan, case.opened_on),
            "off_site": _off_site(session, policy, loan, case.opened_on),
        }
        return Basis(**cases.finish_step(writer, case, "basis", basis))


def _interval(session: Session, policy: Policy, loan: Loan, day: date) -> int:
    rule = policy.inspection.routine
    return routine_interval(
        rating=loans.borrower_of(session, loan).rating,
        high_risk=loan.high_risk,
        open_signal=signals_of.is_open(session, loan, day),
        by_rating=rule.by_rating,
        other_months=rule.other_months,
        unrated_months=rule.unrated_months,
        max_months=rule.max_months,
        high_risk_months=rule.high_risk_months,
        signal_months=rule.signal_months,
        shortest=rule.rule == "shortest",
    ).months


def _off_site(session: Session, policy: Policy, loan: Loan, day: date) -> bool:
    """INS-7: the borrower is of a kind and has products that the policy names only, all below its sum, and
    this loan is not of high risk."""
    rule = policy.inspection.routine
    running = loans.running(session, loan.borrower_no, day)
    return (
        not loan.high_risk
        and loans.borrower_of(session, loan).kind in rule.off_site_kinds
        and all(other.product in rule.off_site_products for other in [loan, *running])
        and sum((other.principal for other in running), ZERO) < rule.off_site_below
    )
