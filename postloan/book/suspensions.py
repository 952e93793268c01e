"""Business with a branch or partner that is stopped, and resumed (停复牌): SIG-2."""

from __future__ import annotations

from datetime import date

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from postloan.book.engine import Writer
from postloan.book.tables import Case, Guarantee, Loan, Signal, Suspension


def start(writer: Writer, case: Case, signal: Signal, day: date, *, by: str) -> None:
    """Stop business with the branch or partner of a signal, once per case."""
    if writer.session.get(Suspension, case.case_no) is not None:
        return
    writer.session.add(
        Suspension(case_no=case.case_no, branch_no=signal.branch_no, partner_no=signal.partner_no, suspended_on=day)
    )
    _record(writer, case, "business.suspended", signal, by)


def resume(writer: Writer, case: Case, signal: Signal, day: date, *, by: str) -> None:
    """Resume it, once."""
    found = writer.session.get_one(Suspension, case.case_no)
    if found.resumed_on is not None:
        return
    found.resumed_on = day
    writer.session.add(found)
    _record(writer, case, "business.resumed", signal, by)


def _record(writer: Writer, case: Case, event: str, signal: Signal, by: str) -> None:
    writer.record(
        event,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by,
        branch_no=signal.branch_no,
        partner_no=signal.partner_no,
        signal=signal.id,
    )


def in_force(session: Session, day: date) -> list[Suspension]:
    """The suspensions in force on a day, oldest first."""
    return list(session.exec(select(Suspension).where(_in_force(day)).order_by(col(Suspension.suspended_on))))


def stopped(session: Session, loan: Loan, day: date) -> bool:
    """Whether business with the loan's branch, its partner or one of its guarantors is stopped on a day."""
    guarantors = select(Guarantee.guarantor_no).where(Guarantee.loan_no == loan.loan_no)
    whose = or_(
        and_(col(Suspension.branch_no).is_not(None), Suspension.branch_no == loan.branch_no),
        and_(col(Suspension.partner_no).is_not(None), Suspension.partner_no == loan.partner_no),
        col(Suspension.partner_no).in_(guarantors),
    )
    return session.exec(select(Suspension).where(_in_force(day), whose)).first() is not None


def _in_force(day: date) -> object:
    return and_(
        col(Suspension.suspended_on) <= day,
        or_(col(Suspension.resumed_on).is_(None), col(Suspension.resumed_on) > day),
    )
