"""The workout of loans that are not performing (不良处置): what is entered and read of WO-1 to WO-6."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlmodel import Session, col, select

from postloan.book import accounts, cases, classification, loans, stages
from postloan.book.engine import Writer
from postloan.book.tables import (
    Case,
    DisposalOption,
    Loan,
    Milestone,
    Recovery,
    RecoveryCost,
    Repayment,
    Responsibility,
    Step,
    Transfer,
    WriteOff,
)
from postloan.errors import PostloanError
from postloan.policy import Policy, PolicyFile
from postloan.rules.collection import CURRENT
from postloan.rules.position import ZERO
from postloan.rules.workout import Alternative, InForce, Received, Recovered, came_of, recovered


@dataclass(frozen=True)
class Unpaid:
    """What is owed on a loan, in its currency: `interest` is all that is not principal: interest that is due,
    penalty interest, fees and advances."""

    principal: Decimal
    interest: Decimal

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest


def unpaid(session: Session, file: PolicyFile, loan: Loan, day: date) -> Unpaid:
    """What is owed at the end of a day, whether it is due or not; interest as far as it is due."""
    if accounts.kept_by_core(session, [loan.loan_no], day):
        newest = loans.position(session, loan, day)
        if newest is not None:
            return Unpaid(newest.principal_outstanding, newest.overdue_interest)
    account = accounts.account(session, file, loan, day)
    due = [owed for owed in account.owed if owed.due_on <= day]
    return Unpaid(account.principal_outstanding, sum((o.interest + o.penalty + o.fee for o in due), ZERO))


def levels_for(policy: Policy, amount: Decimal) -> tuple[str, ...]:
    """WO-3: the roles that decide about a plan, in order, by what is unpaid."""
    tiers = policy.workout.tiers
    return next(tuple(t.levels) for t in tiers if t.up_to is None or amount <= t.up_to)


def write_off_levels(policy: Policy, amount: Decimal) -> tuple[str, ...]:
    """WO-5: the roles that decide about a write-off: those of a plan, and the authority last."""
    last = policy.workout.write_off_authority
    return (*(role for role in levels_for(policy, amount) if role != last), last)


def due_by_rule(session: Session, policy: Policy, loan: Loan, day: date) -> bool:
    """WO-1: whether the loan has to go to the workout, by days past due or by the category that was decided."""
    decided = classification.newest(session, loan.loan_no, day)
    by_class = decided is not None and decided.risk_class in policy.workout.transfer_classes
    return by_class or loans.standing(session, loan, day).days_past_due >= policy.workout.transfer_days


# ------------------------------------------------------------------------------------ who had to do with it


def involved(session: Session, loan: Loan, *, but: str = "", kinds: Sequence[str] = ()) -> set[str]:
    """WO-2: who signed anything in a case on the loan, or had it signed by a deputy, and its officer.

    Args:
        but: a case that does not count.
        kinds: only cases of these kinds count; none: all.
    """
    query = select(Step).join(Case).where(Case.loan_no == loan.loan_no, Case.case_no != but)
    if kinds:
        query = query.where(col(Case.kind).in_(kinds))
    signed = {who for step in session.exec(query) for who in (step.staff_no, step.on_behalf_of) if who}
    return signed | ({loan.officer_no} if loan.officer_no else set())


# ------------------------------------------------------------------------------------------- the transfer


def transfer(
    writer: Writer,
    file: PolicyFile,
    case: Case,
    loan: Loan,
    *,
    day: date,
    ground: str,
    missing: str,
    handed_by: str,
    taken_by: str,
) -> None:
    """WO-1: enter that the loan was handed over to the workout, once."""
    if writer.session.get(Transfer, case.case_no) is not None:
        return
    owed = unpaid(writer.session, file, loan, day)
    writer.session.add(
        Transfer(
            case_no=case.case_no,
            loan_no=loan.loan_no,
            transferred_on=day,
            ground=ground,
            principal=owed.principal,
            interest=owed.interest,
            missing=missing,
            handed_by=handed_by,
            taken_by=taken_by,
        )
    )
    cases.record(
        writer, case, "loan.transferred", taken_by, ground=ground, principal=owed.principal, interest=owed.interest,
        missing=missing, handed_by=handed_by,
    )  # fmt: skip


def latest_transfer(session: Session, loan_no: str) -> Transfer | None:
    """The loan's latest transfer; None while it was never handed over."""
    query = select(Transfer).where(Transfer.loan_no == loan_no).order_by(col(Transfer.transferred_on).desc())
    return session.exec(query).first()


def goes_on(session: Session, loan: Loan, day: date) -> bool:
    """WO-1: whether a loan that was handed over is still the workout's: neither cured nor rescheduled since."""
    handed = latest_transfer(session, loan.loan_no)
    if handed is None:
        return False
    over = [s.entered_on for s in stages.of_loan(session, loan.loan_no, day) if s.stage == CURRENT]
    over += [loan.restructured_on] if loan.restructured_on else []
    return all(one <= handed.transferred_on for one in over)


@dataclass(frozen=True)
class Answerable:
    """WO-2: what somebody answers for, as determined."""

    person: str
    part: str
    degree: str
    finding: str
    statement: str


def determine(
    writer: Writer, case: Case, found: Sequence[Answerable], *, determined_on: date, by: str, handed_over_on: date
) -> None:
    """WO-2: enter the responsibility that was determined and handed to supervision, once."""
    if writer.session.get(Responsibility, (case.case_no, 1)) is not None:
        return
    for number, one in enumerate(found, start=1):
        writer.session.add(
            Responsibility(
                case_no=case.case_no,
                number=number,
                loan_no=case.loan_no or "",
                person=one.person,
                part=one.part,
                degree=one.degree,
                finding=one.finding,
                statement=one.statement,
                determined_on=determined_on,
                determined_by=by,
                handed_over_on=handed_over_on,
            )
        )
        cases.record(writer, case, "responsibility.determined", by, person=one.person, part=one.part, degree=one.degree)


def determined(session: Session, loan_no: str) -> bool:
    """WO-2: whether it was determined who answers for the loss: nobody, it may be."""
    query = select(Case).where(
        Case.loan_no == loan_no, Case.kind == "responsibility_determination", Case.state == "closed"
    )
    return session.exec(query).first() is not None


# ------------------------------------------------------------------------------------ the plan, milestones


@dataclass(frozen=True)
class Planned:
    """A milestone to enter: what has to be done by a day; `rule` is the article of a legal deadline."""

    name: str
    due_on: date
    rule: str = ""


def of_case(session: Session, case_no: str) -> Sequence[Milestone]:
    """Every milestone of a case, in the order in which they are due."""
    query = select(Milestone).where(Milestone.case_no == case_no)
    return session.exec(query.order_by(col(Milestone.due_on), col(Milestone.number))).all()


def next_milestone(session: Session, case_no: str) -> Milestone | None:
    """The milestone that is due next; None where none is planned."""
    return next((m for m in of_case(session, case_no) if m.state == "planned"), None)


def plan(writer: Writer, case: Case, milestones: Iterable[Planned], *, measure: str, day: date, by: str) -> None:
    """WO-4: enter milestones; one of the same name and day that is planned already is not entered again."""
    there = of_case(writer.session, case.case_no)
    known = {(m.name, m.due_on) for m in there if m.state == "planned"}
    number = max((m.number for m in there), default=0)
    for one in milestones:
        if (one.name, one.due_on) in known:
            continue
        known.add((one.name, one.due_on))
        number += 1
        writer.session.add(
            Milestone(
                case_no=case.case_no,
                number=number,
                loan_no=case.loan_no or "",
                measure=measure,
                name=one.name,
                due_on=one.due_on,
                rule=one.rule,
                entered_on=day,
            )
        )
        cases.record(writer, case, "milestone.planned", by, name=one.name, due_on=one.due_on, article=one.rule)
    writer.session.flush()


def end_milestone(
    writer: Writer,
    case: Case,
    number: int,
    state: str,
    *,
    day: date,
    by: str,
    done_on: date | None = None,
    document: str = "",
    remark: str = "",
) -> bool:
    """WO-4: enter what became of a milestone; tells whether it was planned until now."""
    found = writer.session.get_one(Milestone, (case.case_no, number))
    if found.state != "planned":
        return False
    found.state, found.ended_on, found.done_on, found.document, found.remark = state, day, done_on, document, remark
    writer.session.add(found)
    writer.session.flush()
    cases.record(
        writer, case, f"milestone.{state}", by, name=found.name, due_on=found.due_on, document=document, why=remark
    )
    return True


def drop_milestones(writer: Writer, case: Case, *, day: date, by: str, why: str) -> None:
    """WO-4: what is still planned in a case will not be done: the plan changed, or the case ends."""
    for one in of_case(writer.session, case.case_no):
        if one.state == "planned":
            end_milestone(writer, case, one.number, "dropped", day=day, by=by, remark=why)


def options(session: Session, case_no: str) -> Sequence[DisposalOption]:
    """The alternatives of the plans of a case that were approved, in their order."""
    return session.exec(
        select(DisposalOption).where(DisposalOption.case_no == case_no).order_by(col(DisposalOption.number))
    ).all()


def approve(
    writer: Writer,
    case: Case,
    compared: Sequence[Alternative],
    chosen: int,
    milestones: Sequence[Planned],
    *,
    remark: str,
    day: date,
    by: str,
) -> None:
    """WO-3: enter an approved plan, once: its alternatives, the one that was chosen, and its milestones. The plan
    before it is over.

    Args:
        compared: numbered so that no two of a case have one number.
        chosen: the number of the measure that will be taken.
    """
    session = writer.session
    if session.get(DisposalOption, (case.case_no, chosen)) is not None:
        return
    end_plan(writer, case, "failed", day=day, by=by, why="the plan was changed")
    for one in compared:
        session.add(
            DisposalOption(
                case_no=case.case_no,
                number=one.number,
                loan_no=case.loan_no or "",
                measure=one.measure,
                expected=one.expected,
                cost=one.cost,
                months=one.months,
                state="approved" if one.number == chosen else "compared",
                remark=remark if one.number == chosen else "",
                decided_on=day,
            )
        )
    session.flush()
    measure = next(one.measure for one in compared if one.number == chosen)
    cases.record(writer, case, "disposal.approved", by, measure=measure, compared=[one.measure for one in compared])
    plan(writer, case, milestones, measure=measure, day=day, by=by)


def measure_of(session: Session, case_no: str) -> DisposalOption | None:
    """The measure that is being taken in a case: the approved one, while it is not over."""
    return next((one for one in options(session, case_no) if one.state == "approved"), None)


def end_plan(writer: Writer, case: Case, state: str, *, day: date, by: str, why: str) -> None:
    """WO-3: the plan is over: the measure was "done", or has "failed"; what is still planned is dropped."""
    drop_milestones(writer, case, day=day, by=by, why=why)
    found = measure_of(writer.session, case.case_no)
    if found is not None:
        found.state, found.ended_on = state, day
        writer.session.add(found)
        cases.record(writer, case, "disposal.ended", by, measure=found.measure, state=state, why=why)


# ------------------------------------------------------------------------------------------- write-off


def write_off(
    writer: Writer, file: PolicyFile, case: Case, loan: Loan, *, ground: str, document: str, day: date
) -> None:
    """WO-5: enter that the loan was written off, once. It is still owed, and still pursued.

    Raises PostloanError where not every level up to the authority has approved it in this case, or the loan was
    never transferred: nothing is entered, whoever asks.
    """
    session = writer.session
    before = session.exec(select(WriteOff).where(WriteOff.loan_no == loan.loan_no)).first()
    if before is not None:
        if before.case_no == case.case_no:
            return
        raise PostloanError(f"loan {loan.loan_no} was written off on {before.written_off_on} already")
    if latest_transfer(session, loan.loan_no) is None:
        raise PostloanError(f"loan {loan.loan_no} is not in the workout; it must be transferred first")
    authority = approved_by(session, case)
    owed = unpaid(session, file, loan, day)
    session.add(
        WriteOff(
            case_no=case.case_no,
            loan_no=loan.loan_no,
            written_off_on=day,
            ground=ground,
            principal=owed.principal,
            interest=owed.interest,
            authority=authority,
            document=document,
        )
    )
    cases.record(
        writer, case, "loan.written_off", authority, ground=ground, principal=owed.principal, interest=owed.interest,
        document=document,
    )  # fmt: skip


def approved_by(session: Session, case: Case) -> str:
    """WO-5: who approved last of all the levels of a case, in its last round. Raises PostloanError where one of them
    has not approved."""
    rounds = session.exec(select(Step).where(Step.case_no == case.case_no, col(Step.step).startswith("levels"))).all()
    if not rounds:
        raise PostloanError(f"case {case.case_no}: nobody has approved it")
    last = max(rounds, key=lambda step: int(step.step.partition("-")[2] or 1))
    suffix = last.step.removeprefix("levels")
    who = ""
    for number, role in enumerate(last.result["levels"], start=1):
        step = session.get(Step, (case.case_no, f"approve-{number}{suffix}"))
        if step is None or not step.staff_no or not str(step.result.get("decision", "")).startswith("同意"):
            raise PostloanError(f"case {case.case_no}: level {number} ({role}) has not approved it")
        who = step.staff_no
    return who


def written_off(session: Session, loan_no: str) -> WriteOff | None:
    """The loan's write-off, if it was written off."""
    return session.exec(select(WriteOff).where(WriteOff.loan_no == loan_no)).first()


# ------------------------------------------------------------------------------------------- recoveries


def cost(
    writer: Writer, case: Case, cost_no: str, *, measure: str, amount: Decimal, day: date, detail: str, by: str
) -> None:
    """WO-6: enter what a measure cost, once for each number."""
    if amount <= ZERO or writer.session.get(RecoveryCost, cost_no) is not None:
        return
    writer.session.add(
        RecoveryCost(
            cost_no=cost_no,
            loan_no=case.loan_no or "",
            measure=measure,
            incurred_on=day,
            amount=amount,
            detail=detail,
            case_no=case.case_no,
        )
    )
    cases.record(writer, case, "recovery.cost", by, measure=measure, amount=amount, cost_no=cost_no)


def attribute(writer: Writer, case: Case, receipt_nos: Iterable[str], *, measure: str, day: date, by: str) -> None:
    """WO-6: enter that receipts came of a measure, whatever was in force when they came in; once for each receipt."""
    for receipt_no in dict.fromkeys(receipt_nos):
        if writer.session.get(Recovery, receipt_no) is None:
            writer.session.add(
                Recovery(
                    receipt_no=receipt_no,
                    loan_no=case.loan_no or "",
                    measure=measure,
                    attributed_on=day,
                    case_no=case.case_no,
                )
            )
            cases.record(writer, case, "recovery.attributed", by, receipt_no=receipt_no, measure=measure)


def not_attributable(session: Session, loan_no: str, receipt_nos: Iterable[str]) -> list[str]:
    """What keeps receipts from being put down to a measure: those that are not of this loan, undo another, came before
    the transfer, or were put down to one already."""
    handed = transferred_first(session, loan_no)
    faults = []
    for receipt_no in receipt_nos:
        found = session.get(Repayment, receipt_no)
        if found is None or found.loan_no != loan_no or found.reverses:
            faults.append(f"本借据没有收款 {receipt_no!r} (there is no such receipt of this loan)")
        elif handed is None or found.paid_on < handed:
            faults.append(f"收款 {receipt_no} 早于移交 (it came in before the transfer)")
        elif session.get(Recovery, receipt_no) is not None:
            faults.append(f"收款 {receipt_no} 已归入处置方式 (it was put down to a measure already)")
    return faults


def transferred_first(session: Session, loan_no: str) -> date | None:
    """The day of the loan's first transfer: from then on what comes in is a recovery."""
    query = select(col(Transfer.transferred_on)).where(Transfer.loan_no == loan_no)
    return min(session.exec(query).all(), default=None)


@dataclass(frozen=True)
class Books:
    """What the recoveries of a loan are worked out from: receipts since the transfer, costs, measures in force."""

    receipts: list[Received]
    costs: list[RecoveryCost]
    measures: list[InForce]

    def recovered(self) -> list[Recovered]:
        """WO-6: by measure, net of costs."""
        return recovered(self.receipts, [(c.measure, c.amount) for c in self.costs], self.measures)

    def by_receipt(self) -> list[tuple[Received, str]]:
        """Each receipt with the measure that it is put down to."""
        return [(receipt, came_of(receipt, self.measures)) for receipt in self.receipts]


def books(session: Session, file: PolicyFile, loan: Loan, first: date | None = None, last: date = date.max) -> Books:
    """WO-6: the recoveries of a loan that came in, and the costs that were incurred, from a day to a day. A receipt
    that bounced by the last day is none."""
    since = transferred_first(session, loan.loan_no)
    if since is None or since > last:
        return Books([], [], [])
    since_or_first = max(since, first or since)
    said = select(Recovery).where(Recovery.loan_no == loan.loan_no, Recovery.attributed_on <= last)
    known = {r.receipt_no: r.measure for r in session.exec(said)}
    kept = accounts.open_books(session, file, [loan])[loan.loan_no].in_force(last)
    receipts = [
        Received(r.receipt_no, r.paid_on, r.amount, known.get(r.receipt_no, ""))
        for r in kept
        if r.paid_on >= since_or_first
    ]
    spent = session.exec(
        select(RecoveryCost)
        .where(
            RecoveryCost.loan_no == loan.loan_no,
            RecoveryCost.incurred_on >= (first or date.min),
            RecoveryCost.incurred_on <= last,
        )
        .order_by(col(RecoveryCost.incurred_on), col(RecoveryCost.cost_no))
    ).all()
    taken = session.exec(
        select(DisposalOption).where(DisposalOption.loan_no == loan.loan_no, DisposalOption.state != "compared")
    ).all()
    measures = [InForce(o.measure, o.decided_on, o.ended_on) for o in taken if o.decided_on <= last]
    return Books(receipts, list(spent), measures)


# --------------------------------------------------------------------------------------------- the list


@dataclass(frozen=True)
class Standing:
    """A loan in the workout, as `postloan workout` lists it. Amounts are in the loan's currency."""

    loan_no: str
    case_no: str
    transferred_on: date
    state: str
    measure: str
    next_milestone: str
    next_due_on: date | None
    principal: Decimal
    interest: Decimal
    received: Decimal
    costs: Decimal

    @property
    def net(self) -> Decimal:
        return self.received - self.costs


def standings(session: Session, file: PolicyFile, day: date, loan_no: str | None = None) -> list[Standing]:
    """Every loan that was transferred, with what is being done about it and what it has brought in by a day."""
    query = select(Transfer).where(Transfer.transferred_on <= day)
    if loan_no is not None:
        query = query.where(Transfer.loan_no == loan_no)
    newest = {t.loan_no: t for t in session.exec(query.order_by(col(Transfer.transferred_on)))}
    return [_standing(session, file, handed, day) for _, handed in sorted(newest.items())]


def _standing(session: Session, file: PolicyFile, handed: Transfer, day: date) -> Standing:
    loan = loans.get(session, handed.loan_no)
    mine = session.exec(
        select(Case)
        .where(Case.loan_no == loan.loan_no, col(Case.kind).in_(("workout", "preservation")))
        .order_by(col(Case.opened_on), col(Case.case_no))
    ).all()
    worked = [case for case in mine if case.kind == "workout"]
    case = worked[-1] if worked else None
    measure = measure_of(session, case.case_no) if case is not None else None
    waiting = [m for one in mine if (m := next_milestone(session, one.case_no)) is not None]
    coming = min(waiting, key=lambda m: (m.due_on, m.case_no), default=None)
    totals = books(session, file, loan, last=day).recovered()
    if case is not None and case.state == "open":
        state = "in_progress" if measure is not None else "planning"
    elif written_off(session, loan.loan_no) is not None:
        state = "written_off"
    else:
        state = case.outcome if case is not None else "planning"
    return Standing(
        loan_no=loan.loan_no,
        case_no=case.case_no if case is not None else handed.case_no,
        transferred_on=handed.transferred_on,
        state=state,
        measure=measure.measure if measure is not None else "",
        next_milestone=coming.name if coming is not None else "",
        next_due_on=coming.due_on if coming is not None else None,
        principal=handed.principal,
        interest=handed.interest,
        received=sum((one.received for one in totals), ZERO),
        costs=sum((one.costs for one in totals), ZERO),
    )
