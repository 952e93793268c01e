"""Plans for potential-risk customers (潜在风险客户管理方案): made, followed up, ended (SIG-3)."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, col, select

from postloan.book.engine import Writer
from postloan.book.tables import Case, Loan, RiskPlan


def in_force(session: Session, borrower_no: str, day: date) -> RiskPlan | None:
    """The borrower's newest plan, if it had not ended by the day."""
    newest = session.exec(
        select(RiskPlan)
        .where(RiskPlan.borrower_no == borrower_no, RiskPlan.made_on <= day)
        .order_by(col(RiskPlan.made_on).desc())
    ).first()
    if newest is None or (newest.ended_on is not None and newest.ended_on <= day):
        return None
    return newest


def make(writer: Writer, case: Case, loan: Loan, plan: str, day: date, *, by: str) -> None:
    """Enter a plan, which takes the place of an earlier one; one of the same day from another case is
    added to that."""
    today = writer.session.get(RiskPlan, (loan.borrower_no, day))
    if today is not None:
        if today.case_no != case.case_no and plan not in today.plan:
            today.plan = f"{today.plan}\n{loan.loan_no}: {plan}"
            writer.session.add(today)
            _record(writer, case, "plan.made", loan.borrower_no, by)
        return
    before = in_force(writer.session, loan.borrower_no, day)
    if before is not None:
        before.ended_on = day
        writer.session.add(before)
    writer.session.add(
        RiskPlan(borrower_no=loan.borrower_no, made_on=day, loan_no=loan.loan_no, plan=plan, case_no=case.case_no)
    )
    _record(writer, case, "plan.made", loan.borrower_no, by)


def end(writer: Writer, case: Case, borrower_no: str, day: date, *, by: str) -> None:
    """End the borrower's plan, if there is one."""
    plan = in_force(writer.session, borrower_no, day)
    if plan is None:
        return
    plan.ended_on = day
    writer.session.add(plan)
    _record(writer, case, "plan.ended", borrower_no, by)


def _record(writer: Writer, case: Case, event: str, borrower_no: str, by: str) -> None:
    writer.record(
        event,
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by,
        borrower_no=borrower_no,
    )
