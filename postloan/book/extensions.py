"""Extensions, renewals, refinancings and reschedulings (展期、续贷、借新还旧、重组): EXT-1 to EXT-4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlmodel import Session, col, func, select

from postloan.book import accounts, cases, groups, loans, schedules
from postloan.book.engine import Writer
from postloan.book.parties import Party
from postloan.book.standings import only, settlements
from postloan.book.tables import Case, Charge, Consent, Extension, GroupMember, Instalment, Loan
from postloan.calendar import ONE_DAY
from postloan.errors import PostloanError
from postloan.policy import Policy, PolicyFile
from postloan.rules.extension import Limit, Tier, latest_maturity, levels, term_class
from postloan.rules.position import ZERO
from postloan.rules.schedule import PLANNED_METHODS, Planned, due_dates, plan

SAME_LOAN = ("extension", "rescheduling")  # the others are a new loan


@dataclass(frozen=True)
class Terms:
    """What is asked for, proposed or granted. `amount` is principal in the loan's currency, the rate percent
    per year; the instalments are `every_months` apart."""

    variant: str
    until_on: date
    amount: Decimal
    annual_rate: Decimal
    repayment: str
    every_months: int


def latest(policy: Policy, loan: Loan, original: date | None = None) -> date:
    """EXT-3: the last day to which the law lets the loan be extended, all extensions together; `original` is the
    maturity before them, where the loan does not tell it."""
    original = original or loan.original_maturity or loan.matures_on
    term = term_class(loan.disbursed_on, original)
    limit = next(
        limit
        for limit in policy.extension.limits
        if limit.term == term and (not limit.products or loan.product in limit.products)
    )
    return latest_maturity(loan.disbursed_on, original, Limit(limit.share, limit.months))


def times(session: Session, loan_no: str) -> int:
    """How many extensions of a loan are in force, or signed to be."""
    query = select(func.count()).where(
        Extension.loan_no == loan_no,
        col(Extension.state).in_(("signed", "in_force")),
        col(Extension.variant).in_(SAME_LOAN),
    )
    return session.exec(query).one()


def exposure(session: Session, loan: Loan, day: date) -> Decimal:
    """EXT-4: what the borrower, and the group that he is of, owe in all at the end of a day, as one sum of
    principal outstanding."""
    group_no = groups.group_of(session, loan.borrower_no)
    members = session.exec(select(GroupMember.borrower_no).where(GroupMember.group_no == group_no)).all()
    everybody = [(borrower_no, False) for borrower_no in members or [loan.borrower_no]]
    return sum((one["outstanding"] for one in groups.exposures(session, everybody, day)), ZERO)


def levels_for(policy: Policy, loan: Loan, amount: Decimal, exposed: Decimal) -> tuple[str, ...]:
    """EXT-4: the roles that decide, in order."""
    tiers = [Tier(t.up_to, tuple(t.levels), tuple(t.products)) for t in policy.extension.tiers]
    return levels(amount, exposed, loan.product, tiers)


def settled(session: Session, loan: Loan, day: date) -> bool:
    """Whether nothing of the loan is left to pay at the end of a day."""
    on = settled_on(session, loan)
    return on is not None and on <= day


def settled_on(session: Session, loan: Loan) -> date | None:
    """The day on which the last cent of a loan came in, as known now."""
    with only([loan.loan_no]):
        found = settlements()
        return session.exec(select(found.c.settled_on).where(found.c.loan_no == loan.loan_no)).first()


# -------------------------------------------------------------------------------------- schedules


@dataclass(frozen=True)
class Preview:
    """The schedule before and after: the unpaid part of what is replaced, and what takes its place."""

    before: list[Planned]
    after: list[Planned]


def preview(session: Session, file: PolicyFile, loan: Loan, terms: Terms, day: date) -> Preview:
    """What terms would do to the schedule if they took force; `day` is when a rescheduling would."""
    from_day = _from_day(session, file, loan, terms.variant, day)
    owed = accounts.account(session, file, loan, max(from_day, day)).owed
    before = [
        Planned(n, o.due_on, o.principal, o.interest)
        for n, o in enumerate((o for o in owed if o.due_on >= from_day and o.principal + o.interest > ZERO), start=1)
    ]
    return Preview(before, planned(session, file, loan, terms, day))


def planned(session: Session, file: PolicyFile, loan: Loan, terms: Terms, day: date) -> list[Planned]:
    """The new instalments. Interest runs from where the old schedule ends; of a rescheduling from its day, on which
    the interest on what was not due yet is due as well."""
    first, accrued = _interest_until(session, loan, terms.until_on), list[Planned]()
    if terms.variant == "rescheduling":
        first = day
        left = schedules.replaced(session, file, loan, day + ONE_DAY)
        if left.principal > ZERO and left.interest_from < day:
            accrued = [Planned(1, day, ZERO, left.accrued(loan, day))]
    dates = [terms.until_on]
    if terms.repayment != "bullet":
        dates = [d for d in due_dates(first, terms.until_on, terms.every_months) if d > day] or dates
    return accrued + plan(terms.amount, terms.annual_rate, first, dates, terms.repayment, loan.day_count)


def _interest_until(session: Session, loan: Loan, until_on: date) -> date:
    """Until when the old schedule charges interest: maturity, or the last due date if a holiday put it off."""
    rows = session.exec(
        select(Instalment.due_on).where(Instalment.loan_no == loan.loan_no, Instalment.interest_due > 0)
    )
    return max([loan.matures_on, *(due_on for due_on in rows if due_on < until_on)])


def unpaid_principal(session: Session, file: PolicyFile, loan: Loan, variant: str, day: date) -> Decimal:
    """What there is to extend: the unpaid principal that the new schedule would replace."""
    from_day = _from_day(session, file, loan, variant, day)
    there = schedules.replaced(session, file, loan, from_day, max(from_day, day)).principal
    if accounts.kept_by_core(session, [loan.loan_no], day):
        return min(there, loans.standing(session, loan, day).principal_outstanding)
    return there


def _from_day(session: Session, file: PolicyFile, loan: Loan, variant: str, day: date) -> date:
    """The due date from which claims are replaced: maturity; of a rescheduling, the oldest that is unpaid, and all
    that is still to come, paid ahead or not: it bears interest anew."""
    if variant != "rescheduling":
        return loan.matures_on
    owed = accounts.account(session, file, loan, day).owed
    return min([day + ONE_DAY, *(o.due_on for o in owed if o.total > ZERO)])


# ---------------------------------------------------------------------------------- what is entered


def apply(writer: Writer, case: Case, loan: Loan, terms: Terms, applied_on: date, *, by: str) -> None:
    """EXT-1: enter an application, once."""
    if writer.session.get(Extension, case.case_no) is not None:
        return
    writer.session.add(
        Extension(
            case_no=case.case_no,
            loan_no=loan.loan_no,
            variant=terms.variant,
            applied_on=applied_on,
            maturity_before=loan.matures_on,
            until_on=terms.until_on,
            amount=terms.amount,
            annual_rate=terms.annual_rate,
            repayment=terms.repayment,
            every_months=terms.every_months,
        )
    )
    cases.record(
        writer, case, "extension.applied", by, until_on=terms.until_on, amount=terms.amount, variant=terms.variant
    )


def consent(writer: Writer, case: Case, parties: Sequence[Party], given_on: date, document: str, *, by: str) -> None:
    """EXT-3: enter the consents in writing, once each."""
    for party in parties:
        key = (case.case_no, party.role, party.number)
        if writer.session.get(Consent, key) is None:
            writer.session.add(
                Consent(
                    case_no=case.case_no,
                    party=party.role,
                    party_no=party.number,
                    loan_no=case.loan_no or "",
                    given_on=given_on,
                    document=document,
                )
            )
            cases.record(writer, case, "consent.given", by, party=f"{party.role} {party.number}", given_on=given_on)


def refuse(writer: Writer, case: Case, reason: str, day: date, *, by: str) -> None:
    """EXT-4: enter a refusal with its reason, once."""
    found = writer.session.get_one(Extension, case.case_no)
    if found.state == "applied":
        found.state, found.reason, found.decided_on = "refused", reason, day
        writer.session.add(found)
        cases.record(writer, case, "extension.refused", by, reason=reason)


def sign(
    writer: Writer,
    file: PolicyFile,
    policy: Policy,
    case: Case,
    terms: Terms,
    *,
    contract_no: str,
    signed_on: date,
    new_loan_no: str,
    day: date,
    by: str,
) -> None:
    """EXT-1: enter the signed contract; it takes force on the day of maturity, or at once if that is over, and a
    rescheduling at once.

    Args:
        policy: under which the case was decided.

    Raises PostloanError where it goes beyond what the law allows (EXT-3): nothing is entered, whoever signed.
    """
    found = writer.session.get_one(Extension, case.case_no)
    if found.state != "applied":
        return
    if terms.variant in SAME_LOAN:
        _check(writer.session, policy, found, terms, day)
    found.until_on, found.amount, found.annual_rate = terms.until_on, terms.amount, terms.annual_rate
    found.repayment, found.every_months = terms.repayment, terms.every_months
    found.contract_no, found.new_loan_no, found.decided_on, found.state = contract_no, new_loan_no, day, "signed"
    found.takes_force_on = day if found.variant == "rescheduling" else max(found.maturity_before, day)
    writer.session.add(found)
    writer.session.flush()
    cases.record(
        writer,
        case,
        "extension.signed",
        by,
        contract_no=contract_no,
        signed_on=signed_on,
        takes_force_on=found.takes_force_on,
    )
    take_force(writer, file, day)


def _check(session: Session, policy: Policy, found: Extension, terms: Terms, day: date) -> None:
    """Raises PostloanError for terms that the law forbids, or that could not take force."""
    loan = loans.get(session, found.loan_no)
    # The core system may have moved the maturity already.
    last = latest(policy, loan, loan.original_maturity or found.maturity_before)
    if terms.until_on > last:
        raise PostloanError(f"loan {loan.loan_no}: {terms.until_on} is beyond {last}, the last day that the law allows")
    if times(session, loan.loan_no) >= policy.extension.max_times:
        raise PostloanError(f"loan {loan.loan_no} was extended {policy.extension.max_times} time(s) already")
    begins = max(found.maturity_before, day) if terms.variant == "rescheduling" else found.maturity_before
    if terms.until_on <= begins:
        raise PostloanError(f"loan {loan.loan_no}: {terms.until_on} is not after {begins}, when it would begin")
    if terms.amount <= ZERO or terms.every_months < 1 or terms.repayment not in PLANNED_METHODS:
        raise PostloanError(f"loan {loan.loan_no}: no schedule can be planned for {terms}")


def unlawful(session: Session, policy: Policy, case_no: str, terms: Terms, day: date) -> list[str]:
    """What keeps terms from being signed: what `sign` would refuse."""
    found = session.get(Extension, case_no)
    if found is None or terms.variant not in SAME_LOAN:
        return []
    try:
        _check(session, policy, found, terms, day)
    except PostloanError as error:
        return [str(error)]
    return []


def take_force(writer: Writer, file: PolicyFile, day: date) -> int:
    """EXT-1: enter what was signed and takes force by a day; gives how many did. Each in one go: the new schedule,
    the loan's terms, and its account. One that cannot be entered must not keep the round from the others: it stays
    signed, is on the trail, and the digest names it."""
    due = writer.session.exec(
        select(Extension)
        .where(Extension.state == "signed", col(Extension.takes_force_on) <= day)
        .order_by(col(Extension.case_no))
    ).all()
    entered = 0
    for case_no in [found.case_no for found in due]:
        with writer.attempt() as failed:
            entered += _enter(writer, file, writer.session.get_one(Extension, case_no), day)
        if failed:
            case = writer.session.get_one(Case, case_no)
            cases.record(writer, case, "extension.failed", "system", why=str(failed[0])[:500])
    return entered


def _enter(writer: Writer, file: PolicyFile, found: Extension, day: date) -> bool:
    session = writer.session
    loan, case = loans.get(session, found.loan_no), session.get_one(Case, found.case_no)
    if found.variant not in SAME_LOAN:
        new = session.get(Loan, found.new_loan_no) if found.new_loan_no else None
        if new is None or new.loan_no == loan.loan_no or new.borrower_no != loan.borrower_no:
            return False  # the core system has not told of it yet, or another number was meant
        schedules.change_terms(writer, new, restructured_on=new.disbursed_on)
    elif settled(session, loan, day):
        return _lapse(writer, case, found, "paid before it took force")
    elif not _reschedule(writer, file, loan, found, day):
        return _lapse(writer, case, found, "no principal was left to extend")
    found.state, found.in_force_on = "in_force", day
    session.add(found)
    session.flush()
    cases.record(writer, case, "extension.in_force", "system", until_on=found.until_on, amount=found.amount, day=day)
    return True


def _lapse(writer: Writer, case: Case, found: Extension, why: str) -> bool:
    found.state = "lapsed"
    writer.session.add(found)
    cases.record(writer, case, "extension.lapsed", "system", why=why)
    return False


def _reschedule(writer: Writer, file: PolicyFile, loan: Loan, found: Extension, day: date) -> bool:
    """Enter the new schedule and terms; nothing where no principal is left."""
    session = writer.session
    if loan.matures_on >= found.until_on:  # the core system told of the new maturity before the round
        schedules.change_terms(writer, loan, matures_on=found.maturity_before)
    from_day = _from_day(session, file, loan, found.variant, day)
    # What was paid meanwhile is not extended.
    amount = min(found.amount, unpaid_principal(session, file, loan, found.variant, day))
    if amount <= ZERO:
        return False
    found.amount = amount
    rescheduled = found.variant == "rescheduling"
    charged = _penalty_charged(session, file, loan, day)
    terms = Terms(found.variant, found.until_on, amount, found.annual_rate, found.repayment, found.every_months)
    schedules.replace(
        writer,
        file,
        loan,
        from_day=from_day,
        amount=amount,
        planned=planned(session, file, loan, terms, day),
        annual_rate=found.annual_rate,
        day=day,
        interest_kept_until=day if rescheduled else _interest_until(session, loan, found.until_on),
    )
    schedules.change_terms(
        writer,
        loan,
        matures_on=found.until_on,
        original_maturity=loan.original_maturity or loan.matures_on,
        annual_rate=found.annual_rate,
        repayment=found.repayment,
        restructured_on=day if rescheduled else loan.restructured_on,
    )
    if rescheduled and not accounts.kept_by_core(session, [loan.loan_no], day):
        _keep_penalty(writer, file, loan, found, charged, day)
    accounts.refresh(session, file, [loan.loan_no])
    return True


def _penalty_charged(session: Session, file: PolicyFile, loan: Loan, day: date) -> Decimal:
    """The penalty interest that was charged by the end of a day, paid or not."""
    account = accounts.account(session, file, loan, day)
    return sum((owed.penalty for owed in account.owed), account.paid["penalty"])


def _keep_penalty(writer: Writer, file: PolicyFile, loan: Loan, found: Extension, before: Decimal, day: date) -> None:
    """Penalty interest that ran on principal which has moved is owed all the same: as a charge of its own. What
    was paid of it pays that now."""
    lost = before - _penalty_charged(writer.session, file, loan, day)
    if lost > ZERO:
        writer.session.add(
            Charge(
                charge_no=f"{found.case_no}-P",
                loan_no=loan.loan_no,
                kind="penalty",
                charged_on=day,
                due_on=day,
                amount=lost,
                detail="重组前罚息",
            )
        )
        writer.record("charge.entered", loan_no=loan.loan_no, case_no=found.case_no, amount=lost, due_on=day)


def of_loan(session: Session, loan_no: str) -> Sequence[Extension]:
    """Every application for a loan, oldest first."""
    return session.exec(select(Extension).where(Extension.loan_no == loan_no).order_by(col(Extension.applied_on))).all()


def awaited(session: Session, day: date) -> Sequence[Extension]:
    """Renewals and refinancings whose new loan the book does not know, though its day has come."""
    return session.exec(
        select(Extension).where(Extension.state == "signed", col(Extension.takes_force_on) <= day)
    ).all()
