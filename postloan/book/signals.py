"""Warning signals in the book: those that rules find each day, and what becomes of each (SIG-1, SIG-2).

A rule is a SELECT over the whole book; a new one is a function in `RULES`. While a signal of the
same kind from the same rule is open on a loan or borrower, it is not raised again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, String, and_, case, cast, exists, func, insert, literal, null, or_, select, true
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.engine import Writer
from postloan.book.sql import on, utc_day
from postloan.book.standings import ZERO, decided_class, settlements, standings
from postloan.book.tables import Case, Signal
from postloan.errors import NotFound
from postloan.policy import Policy

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
SIGNAL = t.Signal.__table__.c  # type: ignore[attr-defined]
SUBJECTS = ("loan_no", "borrower_no", "partner_no", "branch_no")
CASE = t.Case.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Look:
    """What a rule looks at: the end of a day, and the days since the round before."""

    policy: Policy
    day: date
    since: date


RuleSelect = Callable[[Look], Select]


def _running(day: date) -> Any:
    """The loan is disbursed and not settled."""
    settled = settlements()
    over = exists().where(settled.c.loan_no == LOAN.loan_no, settled.c.settled_on <= day)
    return and_(LOAN.disbursed_on <= day, ~over)


NONE = cast(null(), String())


def _found(detail: Any, **subject: Any) -> Select:
    """What a rule finds: a loan, borrower, partner or branch, by the column named, and why."""
    return select(*(subject.get(name, NONE).label(name) for name in SUBJECTS), detail.label("detail"))


def overdue(look: Look) -> Select:
    """SIG-2: the loan is so many days past due."""
    where = standings(look.day)
    days = cast(where.c.days_past_due, String())
    return (
        _found(literal("days past due: ") + days, loan_no=LOAN.loan_no)
        .join(where, where.c.loan_no == LOAN.loan_no)
        .where(where.c.days_past_due >= look.policy.signals.overdue_days, _running(look.day))
    )


def overdue_elsewhere(look: Look) -> Select:
    """SIG-2: another loan of the same borrower is so many days past due, and this one is not."""
    where, other_where = standings(look.day), standings(look.day, "other_standing")
    other = t.Loan.__table__.alias("other")  # type: ignore[attr-defined]
    settled = settlements()
    late = (
        select(other.c.borrower_no, func.min(other.c.loan_no).label("loan_no"))
        .join(other_where, other_where.c.loan_no == other.c.loan_no)
        .where(
            other_where.c.days_past_due >= look.policy.signals.overdue_days,
            ~exists().where(settled.c.loan_no == other.c.loan_no, settled.c.settled_on <= look.day),
        )
        .group_by(other.c.borrower_no)
        .subquery("late")
    )
    return (
        _found(literal("loan ") + late.c.loan_no, loan_no=LOAN.loan_no)
        .join(late, late.c.borrower_no == LOAN.borrower_no)
        .join(where, where.c.loan_no == LOAN.loan_no)
        .where(where.c.days_past_due < look.policy.signals.overdue_days, _running(look.day))
    )


def change_of_legal_representative(look: Look) -> Select:
    """INS-11: the legal representative changed."""
    fields = [f for f in look.policy.signals.watched_fields if f == "legal_representative"]
    return _changed(look, "change_of_legal_representative", fields)


def change_of_registration(look: Look) -> Select:
    """INS-11: another watched field of the borrower's record changed."""
    fields = [f for f in look.policy.signals.watched_fields if f != "legal_representative"]
    return _changed(look, "change_of_registration", fields)


def _changed(look: Look, kind: str, fields: list[str]) -> Select:
    """Borrowers with a change since about the round before for which no signal was raised yet."""
    change = t.BorrowerChange.__table__.c  # type: ignore[attr-defined]
    raised = t.Signal.__table__.alias("raised")  # type: ignore[attr-defined]
    return (
        _found(func.min(change.field), borrower_no=change.borrower_no)
        .where(
            # The day of a change is that of the world's clock, which may be a day behind the institution's.
            change.changed_on >= look.since - timedelta(days=1),
            change.changed_on <= look.day,
            change.field.in_(fields),
            ~exists().where(
                raised.c.kind == kind, raised.c.borrower_no == change.borrower_no, raised.c.seen_on >= change.changed_on
            ),
            exists().where(LOAN.borrower_no == change.borrower_no, _running(look.day)),
        )
        .group_by(change.borrower_no)
    )


def rating_downgrade(look: Look) -> Select:
    """INS-6: the borrower's newest rating is worse than the one before it, and nobody was told yet; however
    late the feed brings it, but not of what is long past."""
    rating = t.Rating.__table__.c  # type: ignore[attr-defined]
    before = t.Rating.__table__.alias("before")  # type: ignore[attr-defined]
    scale = look.policy.signals.rating_scale
    if not scale:
        return _found(literal(""), borrower_no=rating.borrower_no).where(~true())

    def place(column: Any) -> Any:
        return case(*((column == name, at) for at, name in enumerate(scale)), else_=null())

    previous = (
        select(func.max(before.c.rated_on))
        .where(before.c.borrower_no == rating.borrower_no, before.c.rated_on < rating.rated_on)
        .correlate(t.Rating.__table__)  # type: ignore[attr-defined]
        .scalar_subquery()
    )
    later = t.Rating.__table__.alias("later")  # type: ignore[attr-defined]
    raised = t.Signal.__table__.alias("raised")  # type: ignore[attr-defined]
    return (
        _found(func.min(before.c.rating + literal(" → ") + rating.rating), borrower_no=rating.borrower_no)
        .join(before, and_(before.c.borrower_no == rating.borrower_no, before.c.rated_on == previous))
        .where(
            rating.rated_on > look.day - timedelta(days=look.policy.signals.rating_news_days),
            rating.rated_on <= look.day,
            ~exists().where(
                later.c.borrower_no == rating.borrower_no,
                later.c.rated_on > rating.rated_on,
                later.c.rated_on <= look.day,
            ),
            ~exists().where(
                raised.c.kind == "rating_downgrade",
                raised.c.borrower_no == rating.borrower_no,
                raised.c.seen_on >= rating.rated_on,
            ),
            place(rating.rating) > place(before.c.rating),
            exists().where(LOAN.borrower_no == rating.borrower_no, _running(look.day)),
        )
        .group_by(rating.borrower_no)
    )


def cover_short(look: Look) -> Select:
    """SIG-2: the collateral of a mortgaged or pledged loan is worth less than the policy's share of what
    is outstanding. An item that secures several loans counts in full for each."""
    collateral = t.Collateral.__table__.c  # type: ignore[attr-defined]
    secures = t.CollateralLoan.__table__.c  # type: ignore[attr-defined]
    where = standings(look.day)
    worth = (
        select(secures.loan_no, func.sum(collateral.value).label("value"))
        .join(t.Collateral, collateral.collateral_no == secures.collateral_no)
        .group_by(secures.loan_no)
        .subquery("worth")
    )
    # In hundredths, so that both databases stay with exact numbers.
    needed = where.c.principal_outstanding * literal(int(look.policy.signals.min_cover * 100))
    return (
        _found(literal("collateral below the cover that the policy asks for"), loan_no=LOAN.loan_no)
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(worth, worth.c.loan_no == LOAN.loan_no)
        .where(
            LOAN.security.in_(("mortgaged", "pledged")),
            func.coalesce(worth.c.value, ZERO) * literal(100) < needed,
            _running(look.day),
        )
    )


def lost_contact(look: Look) -> Select:
    """SIG-2: operations gave up on a notice to the borrower, and none has ever reached him. A gateway that
    is down is no lost contact."""
    notice = t.Notice.__table__.c  # type: ignore[attr-defined]
    raised = t.Signal.__table__.alias("raised")  # type: ignore[attr-defined]
    failed = exists().where(
        notice.loan_no == LOAN.loan_no,
        notice.recipient_kind == "borrower",
        notice.state == "given_up",
        # One that the gate of contacts kept back was never tried: it says nothing about the address.
        or_(notice.tries > 0, notice.channel == ""),
        ~exists().where(
            raised.c.kind == "lost_contact",
            raised.c.loan_no == LOAN.loan_no,
            raised.c.seen_on >= utc_day(notice.queued_at),
        ),
    )
    never_reached = ~exists().where(
        notice.loan_no == LOAN.loan_no, notice.recipient_kind == "borrower", notice.state == "sent"
    )
    return _found(literal("no notice reaches the borrower"), loan_no=LOAN.loan_no).where(
        failed, never_reached, _running(look.day)
    )


def exceptions(look: Look) -> Select:
    """INS-11: a document lapsed, or is not there, and nothing was got in its place by its day."""
    kinds = list(look.policy.ticklers)
    return (
        _found(func.min(CASE.case_no), loan_no=CASE.loan_no)
        .join(LOAN.loan_no.table, LOAN.loan_no == CASE.loan_no)
        .where(CASE.kind.in_(kinds), CASE.state == "open", CASE.due_on < look.day, _running(look.day))
        .group_by(CASE.loan_no)
    )


def partner_impaired(look: Look) -> Select:
    """SIG-2: of a partner's business too much is non-performing, or a guarantee company had to pay too much
    in its debtors' place, by its newest figures."""
    figures = t.PartnerPosition.__table__.c  # type: ignore[attr-defined]
    newest = (
        select(figures.partner_no, func.max(figures.as_of).label("as_of"))
        .where(figures.as_of <= look.day)
        .group_by(figures.partner_no)
        .subquery("newest_figures")
    )
    limits = look.policy.signals
    return (
        _found(literal("as of ") + cast(figures.as_of, String()), partner_no=figures.partner_no)
        .join(newest, and_(newest.c.partner_no == figures.partner_no, newest.c.as_of == figures.as_of))
        .where(
            or_(
                _share(figures.non_performing, figures.outstanding, limits.partner_non_performing),
                _share(figures.compensated, figures.outstanding, limits.partner_compensation),
            )
        )
    )


def branch_non_performing(look: Look) -> Select:
    """SIG-2: too much of what is outstanding at a branch is non-performing: classified so, or by days past due."""
    where = standings(look.day)
    newest = decided_class(LOAN.loan_no, look.day)
    bad = or_(
        where.c.days_past_due > look.policy.classification.substandard_days,
        func.coalesce(newest, "normal").in_(("substandard", "doubtful", "loss")),
    )
    owed = where.c.principal_outstanding
    ratios = (
        select(
            LOAN.branch_no.label("branch_no"),
            func.sum(owed).label("outstanding"),
            func.sum(case((bad, owed), else_=ZERO)).label("non_performing"),
        )
        .join(where, where.c.loan_no == LOAN.loan_no)
        .where(LOAN.branch_no.is_not(None), _running(look.day))
        .group_by(LOAN.branch_no)
        .subquery("ratios")
    )
    return _found(literal("non-performing ratio"), branch_no=ratios.c.branch_no).where(
        _share(ratios.c.non_performing, ratios.c.outstanding, look.policy.signals.branch_non_performing)
    )


def _share(part: Any, whole: Any, limit: Decimal) -> Any:
    """part / whole ≥ limit, in exact numbers on both databases; nothing of nothing passes no limit."""
    return and_(whole > ZERO, part * literal(10_000) >= whole * literal(int(limit * 10_000)))


@dataclass(frozen=True)
class Rule:
    """A rule that finds signals: their kind, the rule's id, and its SELECT.

    Attributes:
        lasts: what it looks at is a condition that lasts: a signal cannot be cleared before it ends.
    """

    kind: str
    rule: str
    select: RuleSelect
    lasts: bool = False


RULES = (
    Rule("overdue", "SIG-2", overdue, lasts=True),
    Rule("overdue_elsewhere", "SIG-2", overdue_elsewhere, lasts=True),
    Rule("change_of_legal_representative", "INS-11", change_of_legal_representative),
    Rule("change_of_registration", "INS-11", change_of_registration),
    Rule("rating_downgrade", "INS-6", rating_downgrade),
    Rule("cover_short", "SIG-2", cover_short, lasts=True),
    Rule("lost_contact", "SIG-2", lost_contact),
    Rule("exception", "INS-11", exceptions, lasts=True),
    Rule("partner_impaired", "SIG-2", partner_impaired, lasts=True),
    Rule("branch_non_performing", "SIG-2", branch_non_performing, lasts=True),
)


def source_of(rule: Rule) -> str:
    """What stands as the source of a rule's signals."""
    return f"rule:{rule.rule}"


def raise_signals(writer: Writer, policy: Policy, day: date, since: date | None) -> int:
    """Raise the signals that the rules find at the end of `day`; gives how many were new.

    `since` is the day of the round before; without one, changes of the last month count.
    """
    look = Look(policy, day, since or day - timedelta(days=31))
    raised = 0
    for rule in RULES:
        found = rule.select(look).subquery()
        same = and_(
            SIGNAL.kind == rule.kind,
            SIGNAL.source == source_of(rule),
            or_(*(SIGNAL[name] == found.c[name] for name in SUBJECTS)),
            # One that was cleared on this day or later is not raised again by a round for this day.
            or_(SIGNAL.cleared_on.is_(None), SIGNAL.cleared_on >= day, SIGNAL.seen_on == day),
        )
        new = select(
            *(found.c[name] for name in SUBJECTS),
            literal(rule.kind).label("kind"),
            on(day).label("seen_on"),
            found.c.detail,
            literal(source_of(rule)).label("source"),
        ).where(~exists().where(same))
        rows = (
            writer.session.execute(
                insert(Signal)
                .from_select(list(new.selected_columns.keys()), new)
                .returning(*(SIGNAL[name] for name in ("id", *SUBJECTS, "detail")))
            )
            .mappings()
            .all()
        )
        for row in sorted(rows, key=lambda row: row["id"]):
            writer.record(
                "signal.raised",
                loan_no=row["loan_no"],
                signal=row["id"],
                kind=rule.kind,
                **{name: row[name] for name in SUBJECTS[1:] if row[name]},
                rule=rule.rule,
                detail=row["detail"],
                seen_on=day,
            )
        raised += len(rows)
    return raised


def get(session: Session, number: int) -> Signal:
    """A signal. Raises NotFound."""
    found = session.get(Signal, number)
    if found is None:
        raise NotFound(f"there is no warning signal {number}")
    return found


def is_open(session: Session, loan: t.Loan, day: date) -> bool:
    """Whether a signal is open on a day on the loan or on its borrower."""
    query = select(func.count()).where(
        or_(SIGNAL.loan_no == loan.loan_no, SIGNAL.borrower_no == loan.borrower_no),
        SIGNAL.seen_on <= day,
        or_(SIGNAL.cleared_on.is_(None), SIGNAL.cleared_on > day),
    )
    return bool(session.execute(query).scalar_one())


def still_holds(session: Session, policy: Policy, signal: Signal, day: date) -> bool:
    """Whether the condition that a rule's signal stands for lasts on a day."""
    for rule in RULES:
        if rule.lasts and signal.kind == rule.kind and signal.source == source_of(rule):
            found = rule.select(Look(policy, day, day)).subquery()
            query = select(func.count()).select_from(found)
            same = [found.c[name] == value for name in SUBJECTS if (value := getattr(signal, name)) is not None]
            return bool(session.execute(query.where(*same)).scalar_one())
    return False


def note(writer: Writer, case: Case, kind: str, day: date, detail: str) -> None:
    """Enter a signal that people found in a case on a loan."""
    loan_no = case.loan_no or ""
    writer.session.add(
        Signal(loan_no=loan_no, kind=kind, seen_on=day, detail=detail, source=case.case_no, case_no=case.case_no)
    )
    writer.record("signal.recorded", loan_no=loan_no, case_no=case.case_no, kind=kind, seen_on=day)


def clear(writer: Writer, signal: Signal, case: Case, day: date, *, by: str) -> None:
    """Clear a signal; clearing it again changes nothing."""
    found = get(writer.session, int(signal.id or 0))
    if found.cleared_on is not None:
        return
    found.cleared_on = day
    writer.session.add(found)
    writer.record(
        "signal.cleared",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by,
        signal=found.id,
        kind=found.kind,
    )
