"""The duties that loans bring with them, each kind one SELECT over the whole book.

`postloan due` reads these SELECTs and the daily round opens cases from them, so that both always
agree. A new kind is a function in `KINDS`, or a section of the policy (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import CompoundSelect, case, exists, func, insert, literal, or_, select, union_all
from sqlmodel import Session

from postloan.book.duties import maturity, registers
from postloan.book.duties.base import Duty, DutySelect, Span
from postloan.book.duties.classification import classifications
from postloan.book.duties.inspections import (
    business_suspensions,
    first_inspections,
    routine_inspections,
    special_inspections,
    warning_signals,
)
from postloan.book.duties.limitation import guarantee_warnings, limitation_warnings
from postloan.book.duties.ticklers import tickler
from postloan.book.duties.workout import preservations, recovery_reviews, workout_transfers
from postloan.book.engine import Writer
from postloan.book.sql import on
from postloan.book.standings import only, worked_out
from postloan.book.tables import Case, CollateralLoan, Loan
from postloan.policy import Policy, PolicyFile


@dataclass(frozen=True)
class Kind:
    """A kind of duty: its SELECT, and the prefix of its case numbers.

    Attributes:
        backlog: also what opened before the last round is opened, however late it became known.
            Of duties that come again only what is still to come is: the next one is never far.
        per_loan: one for each loan and subject; otherwise one for each subject, shown on one loan or none.
        opens: a case for people, a notice that the round sends, or nothing: a deadline to know.
    """

    select: DutySelect
    prefix: str = ""
    backlog: bool = True
    per_loan: bool = True
    opens: Literal["case", "notice", "nothing"] = "case"


KINDS: dict[str, Kind] = {
    "first_inspection": Kind(first_inspections, "FI"),
    "routine_inspection": Kind(routine_inspections, "RI", backlog=False),
    "special_inspection": Kind(special_inspections, "SI", per_loan=False),
    "warning_signal": Kind(warning_signals, "WS", per_loan=False),
    "business_suspension": Kind(business_suspensions, "BS", per_loan=False),
    "risk_classification": Kind(classifications, "RC", backlog=False),
    "plan_follow_up": Kind(registers.plan_follow_ups, "PF", backlog=False, per_loan=False),
    "use_of_proceeds": Kind(registers.payments, "UP", per_loan=False),
    "work_log": Kind(registers.work_log, "WL", backlog=False, per_loan=False),
    "work_log_review": Kind(registers.work_log_reviews, "WR", per_loan=False),
    "ledger_carry_over": Kind(registers.carry_overs, "LC", backlog=False, per_loan=False),
    "branch_supervision": Kind(registers.supervisions, "SV", backlog=False, per_loan=False),
    "instalment_reminder": Kind(maturity.instalment_reminders, opens="notice"),
    "pre_maturity_visit": Kind(maturity.pre_maturity_visits, "PV"),
    "repayment_notice": Kind(maturity.repayment_notices, "RN"),
    "extension_application_deadline": Kind(
        maturity.extension_deadline("extension_application_deadline", "EXT-1"), opens="nothing"
    ),
    "extension_filing_deadline": Kind(
        maturity.extension_deadline("extension_filing_deadline", "EXT-2"), opens="nothing"
    ),
    "settlement": Kind(maturity.settlements_due, "ST"),
    "limitation_warning": Kind(limitation_warnings, "LW"),
    "guarantee_period_warning": Kind(guarantee_warnings, "GP", per_loan=False),
    "workout_transfer": Kind(workout_transfers, "WT"),
    "preservation": Kind(preservations, "AP"),
    "recovery_review": Kind(recovery_reviews, "RV", backlog=False),
}


# Sections that no duty depends on: each stretch of the policy costs every duty a statement of its own.
NO_DUTIES = ("contact",)


def kinds(policy: Policy) -> dict[str, Kind]:
    """Every kind of duty under a policy: those of the code, and the policy's documents that lapse."""
    lapsing = {
        name: Kind(tickler(name, rule), name.upper().replace("_", "-"), backlog=False, per_loan=False)
        for name, rule in policy.ticklers.items()
    }
    return KINDS | lapsing


def _everything(
    file: PolicyFile, name: str, due_from: date, due_to: date, known: date, as_of: date | None = None
) -> CompoundSelect | None:
    """The kind's duties under the policy in force on each duty's anchor day."""
    parts = []
    for first, last, policy in file.periods(NO_DUTIES):
        kind = kinds(policy).get(name)
        if kind is None:
            continue
        duties = kind.select(Span(policy, first, last, due_from, due_to, known, as_of)).subquery()
        go_live = file.at(as_of or due_to).round.go_live or date.min
        parts.append(select(duties).where(duties.c.due_on >= go_live, duties.c.due_on.between(due_from, due_to)))
    return union_all(*parts) if parts else None


def _names(file: PolicyFile) -> list[str]:
    return list(dict.fromkeys(name for _, _, policy in file.periods(NO_DUTIES) for name in kinds(policy)))


def between(
    session: Session, file: PolicyFile, first: date, last: date, known: date, loan_no: str | None = None
) -> list[Duty]:
    """The duties due from `first` to `last`, both inclusive, of one loan or of all; reads only.

    What depends on the days after `known` is judged by what is known then: what falls due is paid,
    ratings stay, no new signal is seen.
    """
    found: list[Duty] = []
    with only(_with(session, loan_no)) if loan_no is not None else nullcontext(), worked_out(session, known):
        for name in _names(file):
            found += _found(session, _everything(file, name, first, last, known), loan_no)
    return sorted(found, key=lambda d: (d.due_on, d.loan_no, d.kind))


def _with(session: Session, loan_no: str) -> Sequence[str]:
    """The loan and those that its duties depend on: its borrower's others, and what the same collateral secures."""
    loan, link = Loan.__table__.c, CollateralLoan.__table__.c  # type: ignore[attr-defined]
    borrower = select(loan.borrower_no).where(loan.loan_no == loan_no)
    items = select(link.collateral_no).where(link.loan_no == loan_no)
    secured = select(link.loan_no).where(link.collateral_no.in_(items))
    query = select(loan.loan_no).where(or_(loan.borrower_no.in_(borrower), loan.loan_no.in_(secured)))
    return session.execute(query).scalars().all()


def _found(session: Session, everything: CompoundSelect | None, loan_no: str | None) -> Iterator[Duty]:
    if everything is not None:
        all_of = everything.subquery()
        query = select(
            func.coalesce(all_of.c.loan_no, ""),
            all_of.c.kind,
            all_of.c.due_on,
            all_of.c.rule,
            func.coalesce(all_of.c.branch_no, ""),
        )
        if loan_no is not None:
            query = query.where(all_of.c.loan_no == loan_no)
        yield from (Duty(*row) for row in session.execute(query))


LONGEST_LEAD = timedelta(days=366)  # no duty opens longer ahead: the policy's bound


def open_cases(writer: Writer, file: PolicyFile, version: str, day: date, since: date | None) -> list[str]:
    """Open a case for every duty that opens by `day` and has none; gives the new case numbers.

    One INSERT … SELECT per kind, however many loans. The case's key keeps a second round, or two
    at once, from opening it again.

    Args:
        since: the day of the round before; None for the first one, which leaves recurring duties
            that were due before it to whoever looked after the loans until then.
    """
    opened: list[str] = []
    for name in _names(file):
        kind = kinds(file.at(day)).get(name)
        if kind is None or kind.opens != "case":
            continue
        due_from = date.min if kind.backlog else min(since + timedelta(days=1), day) if since else day
        everything = _everything(file, name, due_from, day + LONGEST_LEAD, day, as_of=day)
        if everything is None:
            continue
        all_of = everything.subquery()
        same = [Case.kind == name, Case.subject == all_of.c.subject]
        if kind.per_loan:
            same.append(Case.loan_no == all_of.c.loan_no)
        loan = Loan.__table__.c  # type: ignore[attr-defined]
        new = select(
            _case_no(kind, all_of.c).label("case_no"),
            all_of.c.kind,
            all_of.c.loan_no,
            func.coalesce(all_of.c.branch_no, loan.branch_no, "").label("branch_no"),
            all_of.c.subject,
            all_of.c.rule,
            all_of.c.anchor_on,
            all_of.c.due_on,
            on(day).label("opened_on"),
            literal(version).label("policy_version"),
            literal("open").label("state"),
            literal("").label("outcome"),
            literal(0).label("generation"),
            literal("").label("flow_run_id"),
        ).outerjoin_from(all_of, Loan, loan.loan_no == all_of.c.loan_no)
        new = new.where(all_of.c.opens_on <= day, ~exists().where(*same))
        if not kind.backlog and since is not None:
            new = new.where(or_(all_of.c.opens_on > since, all_of.c.due_on >= day))
        columns = [c.name for c in new.selected_columns]
        rows = writer.session.execute(
            insert(Case).from_select(columns, new).returning(Case.case_no, Case.loan_no, Case.due_on, Case.rule)  # type: ignore[arg-type]
        ).all()
        for case_no, loan_no, due_on, rule in sorted(rows):
            writer.record(
                "case.opened",
                loan_no=loan_no,
                case_no=case_no,
                policy_version=version,
                kind=name,
                due_on=due_on,
                rule=rule,
            )
            opened.append(case_no)
    return opened


def to_tell(session: Session, file: PolicyFile, day: date, since: date | None) -> list[tuple[str, str, date]]:
    """(kind, loan_no, anchor day) of the duties of a round that are notices: those due on its day, and those of
    the days missed before it whose own day is not over."""
    due_from = min(since + timedelta(days=1), day) if since else day
    found: list[tuple[str, str, date]] = []
    for name in _names(file):
        kind = kinds(file.at(day)).get(name)
        if kind is None or kind.opens != "notice":
            continue
        everything = _everything(file, name, due_from, day, day, as_of=day)
        if everything is not None:
            all_of = everything.subquery()
            query = select(all_of.c.kind, all_of.c.loan_no, all_of.c.anchor_on).where(all_of.c.anchor_on >= day)
            found += session.execute(query).tuples()
    return sorted(found)


def _case_no(kind: Kind, columns: Any) -> Any:
    """RI-L0001-03, or FI-L0001 for what comes once on a loan; WS-S12 where the subject alone says which.

    Never the same for two duties: behind a loan's number stands nothing, or a text of one fixed form.
    """
    if not kind.per_loan:
        return literal(f"{kind.prefix}-") + columns.subject
    which = case((columns.subject == "first", ""), else_=literal("-") + columns.subject)
    return literal(f"{kind.prefix}-") + columns.loan_no + which
