"""The use-of-funds register (资金流向监控表): REC-4."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import func
from sqlmodel import Session, col, select

from postloan.book import signals, suspensions
from postloan.book.engine import Writer
from postloan.book.tables import Case, Loan, Payment, Step
from postloan.errors import NotFound
from postloan.policy import Policy
from postloan.rules.position import ZERO
from postloan.rules.proceeds import Tier, levels, risk_of


def get(session: Session, payment_no: str) -> Payment:
    """A line of the register. Raises NotFound."""
    found = session.get(Payment, payment_no)
    if found is None:
        raise NotFound(f"there is no payment {payment_no!r} in the use-of-funds register")
    return found


def risk(session: Session, policy: Policy, loan: Loan, rating: str, day: date) -> str:
    """REC-4: how risky a payment out of this loan is on a day."""
    return risk_of(
        high_risk=loan.high_risk,
        open_signal=signals.is_open(session, loan, day),
        suspended=suspensions.stopped(session, loan, day),
        rating=rating,
        well_rated=policy.proceeds.well_rated,
        ill_rated=policy.proceeds.ill_rated,
    )


def levels_for(policy: Policy, amount: Decimal, risk: str) -> tuple[str, ...]:
    """REC-4: the roles that decide, in order."""
    return levels(amount, risk, [Tier(t.risk, t.up_to, tuple(t.levels)) for t in policy.proceeds.tiers])


def taken_up(session: Session, payment: Payment) -> Decimal:
    """What other payments of the same loan and kind take up, in its currency: those approved, and those
    under way that their officer has approved already."""
    under_way = (
        select(Step.result, Payment.amount)
        .join(Case, col(Case.case_no) == Step.case_no)
        .join(Payment, col(Payment.payment_no) == Case.subject)
        .where(
            Case.kind == "use_of_proceeds",
            Case.state == "open",
            Step.step == "review",
            Payment.state == "requested",
            Payment.loan_no == payment.loan_no,
            Payment.kind == payment.kind,
            Payment.payment_no != payment.payment_no,
        )
    )
    approved = select(func.sum(Payment.amount)).where(
        Payment.loan_no == payment.loan_no,
        Payment.kind == payment.kind,
        Payment.state == "approved",
        Payment.payment_no != payment.payment_no,
    )
    so_far = session.exec(approved).one() or ZERO
    return so_far + sum((a for given, a in session.exec(under_way) if given["decision"].startswith("同意")), ZERO)


def decide(writer: Writer, case: Case, payment_no: str, *, approved: bool, by: Sequence[str], day: date) -> None:
    """Enter what was decided, once."""
    payment = get(writer.session, payment_no)
    if payment.state != "requested":
        return
    payment.state = "approved" if approved else "refused"
    payment.decided_on, payment.decided_by, payment.case_no = day, ", ".join(by), case.case_no
    writer.session.add(payment)
    writer.record(
        f"payment.{payment.state}",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by[-1],
        payment_no=payment_no,
        amount=payment.amount,
        by=list(by),
    )


def verify(writer: Writer, case: Case, payment_no: str, *, paid_on: date, as_agreed: bool, by: str, day: date) -> None:
    """Enter where the money went, once."""
    payment = get(writer.session, payment_no)
    if payment.verified_on is not None:
        return
    payment.paid_on, payment.as_agreed, payment.verified_on = paid_on, as_agreed, day
    writer.session.add(payment)
    writer.record(
        "payment.verified",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by,
        payment_no=payment_no,
        paid_on=paid_on,
        as_agreed=as_agreed,
    )


def register(session: Session, first: date, last: date, loan_no: str | None = None) -> Sequence[Payment]:
    """The lines of the register asked for from `first` to `last`, both inclusive, of one loan or of all."""
    query = select(Payment).where(Payment.requested_on >= first, Payment.requested_on <= last)
    if loan_no is not None:
        query = query.where(Payment.loan_no == loan_no)
    return session.exec(query.order_by(col(Payment.requested_on), col(Payment.payment_no))).all()
