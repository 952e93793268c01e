"""Where every loan of the book stands on a day: one SELECT, however many loans.

The same figures as `loans.standing` gives for one loan, which a test compares with it. Who has many
questions of one day works them out once for all (`worked_out`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    MetaData,
    Select,
    String,
    Subquery,
    Table,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.sql import Day, days_between, greatest, least, on
from postloan.book.types import Money

ZERO = literal(Decimal("0.00"), Money())
# How the journal calls what is owed: an instalment by its number, the unscheduled principal, a charge.
REST, CHARGE, EXCESS = "rest", "C-", "excess"
AFTER_INSTALMENTS = 1_000_000


# Tables of one transaction. They are no part of the book.
_TEMPORARY = {"prefixes": ["TEMPORARY"], "postgresql_on_commit": "DROP"}
STANDING = Table(
    "standing_worked_out",
    MetaData(),
    Column("loan_no", String, primary_key=True),
    Column("days_past_due", Integer, nullable=False),
    Column("principal_outstanding", Money, nullable=False),
    Column("overdue", Money, nullable=False),
    **_TEMPORARY,
)
SETTLEMENT = Table(
    "settlement_worked_out",
    MetaData(),
    Column("loan_no", String, primary_key=True),
    Column("settled_on", Date, nullable=False),
    **_TEMPORARY,
)
_WORKED_OUT: ContextVar[date | None] = ContextVar("worked_out", default=None)


_ONLY: ContextVar[Sequence[str] | None] = ContextVar("only", default=None)


@contextmanager
def only(loan_nos: Sequence[str]) -> Iterator[None]:
    """Within the `with` block only these loans are looked at: who asks about a few need not wait for all."""
    token = _ONLY.set(loan_nos)
    try:
        yield
    finally:
        _ONLY.reset(token)


def looked_at(loan_no: Any) -> Any:
    """Whether a loan is one of those that are looked at."""
    numbers = _ONLY.get()
    return true() if numbers is None else loan_no.in_(numbers)


@contextmanager
def worked_out(session: Session, as_of: date) -> Iterator[None]:
    """Work out the settlements, and the standings at the end of a day, once for every question asked in the
    `with` block through this session. What changes of receipts and positions meanwhile is not seen."""
    connection = session.connection()
    for table, query in ((SETTLEMENT, _settlements()), (STANDING, _standings(as_of))):
        table.create(connection)
        connection.execute(insert(table).from_select([column.name for column in table.c], query))
    token = _WORKED_OUT.set(as_of)
    try:
        yield
    finally:
        _WORKED_OUT.reset(token)
    # After an error the transaction is rolled back, and they are gone with it.
    for table in (SETTLEMENT, STANDING):
        table.drop(connection)


def standings(as_of: Day, name: str = "standing") -> FromClause:
    """(loan_no, days_past_due, principal_outstanding, overdue) of every loan, at the end of a day."""
    if isinstance(as_of, date) and _WORKED_OUT.get() == as_of:
        return STANDING.alias(name)
    return _standings(as_of).subquery(name)


def _standings(as_of: Day) -> Select:
    core = by_core(as_of)
    schedule = by_schedule(as_of)
    loan = t.Loan.__table__.c  # type: ignore[attr-defined]
    has_core = core.c.loan_no.is_not(None)
    paid = and_(loan.settled_on.is_not(None), loan.settled_on <= as_of)  # whatever the receipts say
    return (
        select(
            loan.loan_no,
            case((paid, 0), (has_core, core.c.days_past_due), else_=func.coalesce(schedule.c.days_past_due, 0)).label(
                "days_past_due"
            ),
            case((paid, ZERO), (has_core, core.c.principal_outstanding), else_=schedule.c.principal_outstanding).label(
                "principal_outstanding"
            ),
            case((paid, ZERO), (has_core, core.c.overdue), else_=schedule.c.overdue).label("overdue"),
        )
        .select_from(t.Loan)
        .outerjoin(core, core.c.loan_no == loan.loan_no)
        .join(schedule, schedule.c.loan_no == loan.loan_no)
        .where(looked_at(loan.loan_no))
    )


def settlements() -> FromClause:
    """(loan_no, settled_on) of the loans that are paid in full: as the loan itself says, else the day of
    the first position with nothing outstanding after which nothing is owed again, else that of the
    receipt that covers the whole schedule."""
    if _WORKED_OUT.get() is not None:
        return SETTLEMENT.alias()  # another one each time: none is taken for that of a query around it
    return _settlements().subquery("settlement")


def _settlements() -> Select:
    loan = t.Loan.__table__.c  # type: ignore[attr-defined]
    position = t.Position.__table__.c  # type: ignore[attr-defined]
    # Nothing outstanding and yet past due is a loan that was charged off: it is not paid.
    nothing_left = and_(
        position.principal_outstanding == ZERO,
        position.overdue_principal == ZERO,
        position.overdue_interest == ZERO,
        position.days_past_due == 0,
    )
    # A payment that bounced, or a row from before the drawdown, is followed by one with something outstanding.
    last_owing = (
        select(position.loan_no, func.max(case((~nothing_left, position.as_of), else_=null())).label("day"))
        .where(looked_at(position.loan_no))
        .group_by(position.loan_no)
        .subquery("last_owing")
    )
    core = (
        select(position.loan_no, func.min(case((nothing_left, position.as_of), else_=null())).label("settled_on"))
        .join(last_owing, last_owing.c.loan_no == position.loan_no)
        .join(t.Loan, loan.loan_no == position.loan_no)
        .where(
            or_(last_owing.c.day.is_(None), position.as_of > last_owing.c.day),
            position.as_of > func.coalesce(loan.first_drawdown_on, loan.disbursed_on),
        )
        .group_by(position.loan_no)
        .subquery("core_settled")
    )
    known = exists().where(position.loan_no == loan.loan_no)
    covered = _covered()
    settled_on = case(
        (loan.settled_on.is_not(None), loan.settled_on),
        (known, core.c.settled_on),
        else_=covered.c.settled_on,
    )
    return (
        select(loan.loan_no, settled_on.label("settled_on"))
        .select_from(t.Loan)
        .outerjoin(core, core.c.loan_no == loan.loan_no)
        .outerjoin(covered, covered.c.loan_no == loan.loan_no)
        .where(settled_on.is_not(None), looked_at(loan.loan_no))
    )


def decided_class(loan_no: Any, day: date) -> Any:
    """The risk category decided last for a loan, up to and including a day; NULL where none was."""
    decided = t.Classification.__table__.alias()  # type: ignore[attr-defined]
    return (
        select(decided.c.risk_class)
        .where(decided.c.loan_no == loan_no, decided.c.as_of <= day)
        .order_by(decided.c.as_of.desc())
        .limit(1)
        .scalar_subquery()
    )


def _covered() -> Subquery:
    """The day on which the receipts of a loan first covered all that is owed: by the journal where the loan
    has one, else all of them together."""
    repayment = t.Repayment.__table__.c  # type: ignore[attr-defined]
    entry = t.AccountEntry.__table__.c  # type: ignore[attr-defined]
    claims = _claims()
    total = (
        select(claims.c.loan_no, func.sum(claims.c.amount).label("amount")).group_by(claims.c.loan_no).subquery("total")
    )
    undone = select(repayment.reverses).where(repayment.reverses.is_not(None), looked_at(repayment.loan_no))
    received = select(
        repayment.loan_no,
        repayment.paid_on.label("day"),
        func.sum(repayment.amount)
        .over(partition_by=repayment.loan_no, order_by=(repayment.paid_on, repayment.receipt_no))
        .label("so_far"),
    ).where(_is_payment(), repayment.receipt_no.not_in(undone), looked_at(repayment.loan_no), ~_journaled(repayment))
    by_day = (
        select(entry.loan_no, entry.entered_on.label("day"), func.sum(entry.paid - entry.charged).label("amount"))
        .where(looked_at(entry.loan_no), entry.part != EXCESS)
        .group_by(entry.loan_no, entry.entered_on)
        .subquery("by_day")
    )
    entered = select(
        by_day.c.loan_no,
        by_day.c.day,
        func.sum(by_day.c.amount).over(partition_by=by_day.c.loan_no, order_by=by_day.c.day).label("so_far"),
    )
    paths = union_all(received, entered).subquery("running")
    # A receipt that bounced leaves days behind it on which all seemed to be paid.
    owing = (
        select(paths.c.loan_no, func.max(paths.c.day).label("day"))
        .join(total, total.c.loan_no == paths.c.loan_no)
        .where(paths.c.so_far < total.c.amount)
        .group_by(paths.c.loan_no)
        .subquery("owing")
    )
    return (
        select(paths.c.loan_no, func.min(paths.c.day).label("settled_on"))
        .join(total, total.c.loan_no == paths.c.loan_no)
        .outerjoin(owing, owing.c.loan_no == paths.c.loan_no)
        .where(paths.c.so_far >= total.c.amount, or_(owing.c.day.is_(None), paths.c.day >= owing.c.day))
        .group_by(paths.c.loan_no)
        .subquery("covered")
    )


def by_core(as_of: Day) -> Subquery:
    """The newest position of each loan; a count of days that runs, runs on."""
    position = t.Position.__table__.c  # type: ignore[attr-defined]
    newest = (
        select(position.loan_no, func.max(position.as_of).label("as_of"))
        .where(position.as_of <= as_of, looked_at(position.loan_no))
        .group_by(position.loan_no)
        .subquery("newest")
    )
    days = position.days_past_due
    return (
        select(
            position.loan_no,
            case((days > 0, days + days_between(position.as_of, on(as_of))), else_=0).label("days_past_due"),
            position.principal_outstanding,
            (position.overdue_principal + position.overdue_interest).label("overdue"),
        )
        .join(newest, and_(newest.c.loan_no == position.loan_no, newest.c.as_of == position.as_of))
        .subquery("core")
    )


def _claims() -> Subquery:
    """(loan_no, claim, due_on, rank, principal, amount) of all that is owed: instalments, charges, and the
    principal that no instalment speaks of. Receipts cover them by due date, then rank."""
    instalment = t.Instalment.__table__.c  # type: ignore[attr-defined]
    charge = t.Charge.__table__.c  # type: ignore[attr-defined]
    unscheduled = _unscheduled()
    instalments = select(
        instalment.loan_no,
        cast(instalment.number, String()).label("claim"),
        instalment.due_on,
        instalment.number.label("rank"),
        instalment.principal_due.label("principal"),
        (instalment.principal_due + instalment.interest_due + instalment.fee_due).label("amount"),
    ).where(looked_at(instalment.loan_no))
    charges = select(
        charge.loan_no,
        literal(CHARGE) + charge.charge_no,
        charge.due_on,
        literal(AFTER_INSTALMENTS),
        ZERO,
        charge.amount,
    ).where(looked_at(charge.loan_no))
    rest = select(
        unscheduled.c.loan_no,
        literal(REST),
        unscheduled.c.due_on,
        literal(AFTER_INSTALMENTS + 1),
        unscheduled.c.amount,
        unscheduled.c.amount,
    ).where(unscheduled.c.amount > ZERO)
    return union_all(instalments, charges, rest).subquery("claims")


def by_schedule(as_of: Day) -> Subquery:
    """By what is owed and received, oldest first, interest and fees before principal; part by part where the
    loan has a journal (`book.accounts`)."""
    loan = t.Loan.__table__.c  # type: ignore[attr-defined]
    claims = _claims()
    dues = select(
        claims,
        func.sum(claims.c.amount)
        .over(partition_by=claims.c.loan_no, order_by=(claims.c.due_on, claims.c.rank))
        .label("until_here"),
    ).subquery("dues")
    received, entered, journal = _received(as_of), _entered(as_of), _journals()
    got = func.coalesce(received.c.amount, ZERO)
    before = dues.c.until_here - dues.c.amount
    reached = got - before - (dues.c.amount - dues.c.principal)
    by_order = case((reached <= ZERO, ZERO), else_=least(reached, dues.c.principal))
    left = dues.c.until_here - got
    short = case((left <= ZERO, ZERO), else_=least(left, dues.c.amount))
    journaled = journal.c.loan_no.is_not(None)
    charged, paid = (func.coalesce(column, ZERO) for column in (entered.c.charged, entered.c.paid))
    unpaid = case((journaled, dues.c.amount + charged - paid), else_=short)
    principal_paid = case((journaled, func.coalesce(entered.c.principal, ZERO)), else_=by_order)
    fallen = dues.c.due_on < as_of
    sums = (
        select(
            dues.c.loan_no,
            func.min(case((and_(fallen, unpaid > ZERO), dues.c.due_on), else_=null())).label("oldest"),
            func.sum(case((fallen, unpaid), else_=ZERO)).label("overdue"),
            func.sum(principal_paid).label("paid"),
        )
        .select_from(dues)
        .outerjoin(received, received.c.loan_no == dues.c.loan_no)
        .outerjoin(journal, journal.c.loan_no == dues.c.loan_no)
        .outerjoin(entered, and_(entered.c.loan_no == dues.c.loan_no, entered.c.claim == dues.c.claim))
        .group_by(dues.c.loan_no)
        .subquery("sums")
    )
    drawn = _drawn(as_of)
    lent = case(
        (drawn.c.loan_no.is_not(None), drawn.c.amount), (loan.disbursed_on <= as_of, loan.principal), else_=ZERO
    )
    return (
        select(
            loan.loan_no,
            case((sums.c.oldest.is_(None), literal(0, Integer())), else_=days_between(sums.c.oldest, on(as_of))).label(
                "days_past_due"
            ),
            greatest(lent - sums.c.paid, ZERO).label("principal_outstanding"),
            sums.c.overdue,
        )
        .select_from(t.Loan)
        .join(sums, sums.c.loan_no == loan.loan_no)
        .outerjoin(drawn, drawn.c.loan_no == loan.loan_no)
        .where(looked_at(loan.loan_no))
        .subquery("schedule")
    )


def _journals() -> Subquery:
    """The loans that have a journal."""
    entry = t.AccountEntry.__table__.c  # type: ignore[attr-defined]
    return select(entry.loan_no).where(looked_at(entry.loan_no)).distinct().subquery("journal")


def _journaled(columns: Any) -> Any:
    entry = t.AccountEntry.__table__.alias("any_entry").c  # type: ignore[attr-defined]
    return exists().where(entry.loan_no == columns.loan_no)


def _entered(as_of: Day) -> Subquery:
    """What was charged and paid of each claim by a day, by the journal."""
    entry = t.AccountEntry.__table__.c  # type: ignore[attr-defined]
    principal = case((entry.part == "principal", entry.paid), else_=ZERO)
    return (
        select(
            entry.loan_no,
            entry.claim,
            func.sum(entry.charged).label("charged"),
            func.sum(entry.paid).label("paid"),
            func.sum(principal).label("principal"),
        )
        .where(entry.entered_on <= as_of, looked_at(entry.loan_no))
        .group_by(entry.loan_no, entry.claim)
        .subquery("entered")
    )


def _unscheduled() -> Subquery:
    """(loan_no, due_on, amount): the principal that no instalment speaks of; it is due at maturity. A loan
    without a schedule is due then as a whole; of one that was drawn in part, what was drawn."""
    loan = t.Loan.__table__.c  # type: ignore[attr-defined]
    instalment = t.Instalment.__table__.c  # type: ignore[attr-defined]
    drawdown = t.Drawdown.__table__.c  # type: ignore[attr-defined]
    planned = (
        select(
            instalment.loan_no,
            func.sum(instalment.principal_due).label("principal"),
            func.max(instalment.due_on).label("last_due_on"),
        )
        .where(looked_at(instalment.loan_no))
        .group_by(instalment.loan_no)
        .subquery("planned_principal")
    )
    drawn = (
        select(drawdown.loan_no, func.sum(drawdown.amount).label("amount"))
        .where(looked_at(drawdown.loan_no))
        .group_by(drawdown.loan_no)
        .subquery("all_drawn")
    )
    lent = func.coalesce(drawn.c.amount, loan.principal)
    rest = lent - func.coalesce(planned.c.principal, ZERO)
    due_on = greatest(loan.matures_on, func.coalesce(planned.c.last_due_on, loan.matures_on))
    return (
        select(loan.loan_no, due_on.label("due_on"), greatest(rest, ZERO).label("amount"))
        .select_from(t.Loan)
        .outerjoin(planned, planned.c.loan_no == loan.loan_no)
        .outerjoin(drawn, drawn.c.loan_no == loan.loan_no)
        .where(looked_at(loan.loan_no))
        .subquery("unscheduled")
    )


def _received(as_of: Day) -> Subquery:
    repayment = t.Repayment.__table__.c  # type: ignore[attr-defined]
    undone = select(repayment.reverses).where(
        repayment.reverses.is_not(None), repayment.paid_on <= as_of, looked_at(repayment.loan_no)
    )
    return (
        select(repayment.loan_no, func.sum(repayment.amount).label("amount"))
        .where(
            repayment.paid_on <= as_of,
            _is_payment(),
            repayment.receipt_no.not_in(undone),
            looked_at(repayment.loan_no),
        )
        .group_by(repayment.loan_no)
        .subquery("received")
    )


def _drawn(as_of: Day) -> Subquery:
    """What was drawn by a day, for the loans that have drawdowns at all."""
    drawdown = t.Drawdown.__table__.c  # type: ignore[attr-defined]
    amount = case((drawdown.drawn_on <= as_of, drawdown.amount), else_=ZERO)
    return (
        select(drawdown.loan_no, func.sum(amount).label("amount"))
        .where(looked_at(drawdown.loan_no))
        .group_by(drawdown.loan_no)
        .subquery("drawn")
    )


def _is_payment() -> ColumnElement[bool]:
    """The receipt undoes no other. Written so that SQLite does not take the unique index of `reverses` for a
    sign of one row, and compare every receipt with every loan."""
    return func.coalesce(t.Repayment.__table__.c.reverses, "") == ""  # type: ignore[attr-defined]
