"""The duties that loans bring with them, each kind one SELECT over the whole book.

`postloan due` reads these SELECTs and the daily round opens cases from them, so that both always
agree. A new kind is a function in `KINDS`, or a section of the policy (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.engine import Writer
from postloan.book.sql import least, month_index, on, plus_days, plus_months
from postloan.book.standings import settlements, standings
from postloan.book.tables import Case
from postloan.calendar import months_after
from postloan.policy import Policy, PolicyFile, Tickler

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
BORROWER = t.Borrower.__table__.c  # type: ignore[attr-defined]
SIGNAL = t.Signal.__table__.c  # type: ignore[attr-defined]
RATING = t.Rating.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Duty:
    """Something that has to be done about a loan by a day."""

    loan_no: str
    kind: str
    due_on: date
    rule: str


@dataclass(frozen=True)
class Span:
    """What a SELECT is to look at.

    Attributes:
        policy: in force on the anchor days from `first` to `last`, both inclusive.
        due_from, due_to: no duty due outside of these days is asked for.
        as_of: the day of a round, whose facts count; None for a forecast, where each duty is
            judged by what is known of the day on which it opens.
        known: the last day of which anything is known; what is paid by then is paid, and what falls
            due later is taken to be paid when it falls due.
    """

    policy: Policy
    first: date
    last: date
    due_from: date
    due_to: date
    known: date
    as_of: date | None = None

    def known_on(self, opens_on: Any) -> Any:
        """The day whose facts count for a duty that opens on a day."""
        return opens_on if self.as_of is None else on(self.as_of)


DutySelect = Callable[[Span], Select]


def _duty(
    kind: str, subject: Any, rule: Any, anchor_on: Any, due_on: Any, opens_on: Any, loan_no: Any = None
) -> Select:
    """The columns that every SELECT of duties gives. `subject` makes a duty one of its kind."""
    return select(
        (LOAN.loan_no if loan_no is None else loan_no).label("loan_no"),
        literal(kind).label("kind"),
        subject.label("subject"),
        rule.label("rule"),
        anchor_on.label("anchor_on"),
        due_on.label("due_on"),
        opens_on.label("opens_on"),
    )


def _running(span: Span, opens_on: Any, settled: Any) -> Any:
    """The loan is not settled when the duty opens, or on the day of the round."""
    return or_(settled.c.settled_on.is_(None), settled.c.settled_on > span.known_on(opens_on))


def first_inspections(span: Span) -> Select:
    """INS-2: one per loan, counted from the first drawdown."""
    rule = span.policy.inspection.first
    due_on = plus_days(LOAN.first_drawdown_on, rule.days)
    # Never before the drawdown itself: nothing can be inspected yet.
    opens_on = plus_days(LOAN.first_drawdown_on, max(rule.days - rule.opens_days_before, 0))
    settled = settlements()
    return (
        _duty("first_inspection", literal("first"), literal("INS-2"), LOAN.first_drawdown_on, due_on, opens_on)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(LOAN.first_drawdown_on.between(span.first, span.last), _running(span, opens_on, settled))
    )


def routine_inspections(span: Span) -> Select:
    """INS-5, INS-6: on the days that lie whole intervals of months after the first drawdown.

    The months are numbered from the first drawdown; month n is a duty if the interval that applies
    divides n. The interval may change from one month to the next; the days do not.
    """
    rule = span.policy.inspection.routine
    due_from, due_to = max(span.first, span.due_from), min(span.last, span.due_to)
    if span.as_of is not None:
        due_to = min(due_to, span.as_of + timedelta(days=rule.opens_days_before))
    if due_to < due_from:
        return _nothing("routine_inspection")
    months = _numbers(due_from, due_to)
    month = literal(due_from.year * 12 + due_from.month - 1) - month_index(LOAN.first_drawdown_on) + months.c.number
    grid = (
        select(LOAN.loan_no, month.label("month"), plus_months(LOAN.first_drawdown_on, month).label("due_on"))
        .where(LOAN.first_drawdown_on.is_not(None), month > 0)
        .join_from(LOAN.loan_no.table, months, literal(True))
        .subquery("grid")
    )
    opens_on = plus_days(grid.c.due_on, -rule.opens_days_before)
    known = span.known_on(opens_on)
    rating = func.coalesce(
        select(RATING.rating)
        .where(RATING.borrower_no == LOAN.borrower_no, RATING.rated_on <= known)
        .order_by(RATING.rated_on.desc())
        .limit(1)
        .scalar_subquery(),
        BORROWER.rating,
    )
    by_rating = case(
        (rating == "", rule.unrated_months),
        *((rating == name, months_) for name, months_ in rule.by_rating.items()),
        else_=rule.other_months,
    )
    never = literal(100_000)
    by_quarter = literal(rule.max_months) if rule.rule == "shortest" else never
    by_risk = case((LOAN.high_risk, rule.high_risk_months), else_=never)
    by_signal = case((open_signal(known), rule.signal_months), else_=never)
    interval = least(least(by_rating, by_quarter), least(by_risk, by_signal))
    # The rule to name is the one that gave the interval; of equal ones the first.
    why = case(
        (interval == by_rating, "INS-6"),
        (interval == by_quarter, "INS-5"),
        (interval == by_risk, "INS-5"),
        else_="SIG-1",
    )
    settled = settlements()
    return (
        _duty("routine_inspection", _padded(grid.c.month), why, LOAN.first_drawdown_on, grid.c.due_on, opens_on)
        .join(grid, grid.c.loan_no == LOAN.loan_no)
        .join(t.Borrower, BORROWER.borrower_no == LOAN.borrower_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            grid.c.due_on.between(due_from, due_to),
            # From maturity on, the pre-maturity visit and the collection of what is overdue take over.
            grid.c.due_on < LOAN.matures_on,
            grid.c.month % interval == 0,
            _running(span, opens_on, settled),
        )
    )


def _numbers(first: date, last: date) -> Any:
    """The numbers of the months from that of `first` to that of `last`, from 0."""
    count = max((last.year - first.year) * 12 + last.month - first.month, 0)
    start = select(literal(0, Integer()).label("number")).cte("months", recursive=True)
    return start.union_all(select(start.c.number + 1).where(start.c.number < count))


def _padded(number: Any) -> Any:
    """At least two digits, so that case numbers sort."""
    text = cast(number, String())
    return case((number < 10, literal("0") + text), else_=text)


def open_signal(known: Any) -> Any:
    """The loan or its borrower has a warning signal that is open on a day."""
    return exists().where(
        or_(SIGNAL.loan_no == LOAN.loan_no, SIGNAL.borrower_no == LOAN.borrower_no),
        SIGNAL.seen_on <= known,
        or_(SIGNAL.cleared_on.is_(None), SIGNAL.cleared_on > known),
    )


def _signals(span: Span, kind: str, rule: str, days: int, *more: Any) -> Select:
    """One for each open signal, on its loan or on the first running loan of its borrower."""
    settled = settlements()
    found = (
        select(SIGNAL.id, SIGNAL.seen_on, func.min(LOAN.loan_no).label("loan_no"))
        .join(
            LOAN.loan_no.table,
            or_(SIGNAL.loan_no == LOAN.loan_no, and_(SIGNAL.loan_no.is_(None), SIGNAL.borrower_no == LOAN.borrower_no)),
        )
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            SIGNAL.seen_on.between(span.first, span.last),
            or_(SIGNAL.cleared_on.is_(None), SIGNAL.cleared_on > span.known_on(SIGNAL.seen_on)),
            _running(span, SIGNAL.seen_on, settled),
            *more,
        )
        .group_by(SIGNAL.id, SIGNAL.seen_on)
        .subquery("found")
    )
    subject = literal("S") + cast(found.c.id, String())
    due_on = plus_days(found.c.seen_on, days)
    return _duty(kind, subject, literal(rule), found.c.seen_on, due_on, found.c.seen_on, found.c.loan_no)


def warning_signals(span: Span) -> Select:
    """SIG-1: every open signal is followed until it is cleared."""
    return _signals(span, "warning_signal", "SIG-1", span.policy.signals.clear_days)


def special_inspections(span: Span) -> Select:
    """INS-9: on a serious signal, unless a special inspection found it."""
    case_kind = select(Case.kind).where(Case.case_no == SIGNAL.case_no).scalar_subquery()  # type: ignore[arg-type]
    return _signals(
        span,
        "special_inspection",
        "INS-9",
        span.policy.inspection.special.days,
        SIGNAL.kind.in_(span.policy.signals.serious),
        func.coalesce(case_kind, "") != "special_inspection",
    )


def classifications(span: Span) -> Select:
    """CLS-2: at the end of the policy's months, every loan that is not plainly normal: past due, with
    an open signal, under observation, or not normal so far. The others are classified by the round."""
    rule = span.policy.classification
    ends = [day for day in month_ends(span, rule.due_days) if day.month in rule.months]
    parts = [to_classify(span, end) for end in ends]
    if not parts:
        return _nothing("risk_classification")
    all_of = union_all(*parts).subquery("doubtful")
    return _duty(
        "risk_classification",
        cast(all_of.c.day, String()),
        literal("CLS-1"),
        all_of.c.day,
        plus_days(all_of.c.day, rule.due_days),
        all_of.c.day,
        all_of.c.loan_no,
    )


def month_ends(span: Span, due_days: int) -> list[date]:
    """The last days of the months within the span whose duty, so many days later, is asked for."""
    lead = timedelta(days=due_days)
    first = max(span.first, span.due_from - lead if span.due_from - date.min > lead else date.min)
    last = min(span.last, span.due_to - lead, span.as_of or span.last, date(9998, 12, 31))
    found, day = [], first.replace(day=1)
    while day <= last:
        end = months_after(day, 1) - timedelta(days=1)
        if first <= end <= last:
            found.append(end)
        day = end + timedelta(days=1)
    return found


def to_classify(span: Span, day: date) -> Select:
    """(loan_no, day) of the loans that are not plainly normal at the end of a day."""
    where = standings(min(day, span.known))
    settled = settlements()
    earlier = t.Classification.__table__.c  # type: ignore[attr-defined]
    before = (
        select(earlier.risk_class)
        .where(earlier.loan_no == LOAN.loan_no, earlier.as_of < day)
        .order_by(earlier.as_of.desc())
        .limit(1)
        .scalar_subquery()
    )
    observed = plus_months(LOAN.restructured_on, literal(span.policy.classification.observation_months))
    return (
        select(LOAN.loan_no, on(day).label("day"))
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(
            LOAN.disbursed_on <= day,
            or_(settled.c.settled_on.is_(None), settled.c.settled_on > day),
            or_(
                where.c.days_past_due > span.policy.classification.special_mention_days,
                open_signal(on(day)),
                and_(LOAN.restructured_on <= day, observed > day),
                func.coalesce(before, "normal") != "normal",
            ),
        )
    )


def _nothing(kind: str) -> Select:
    day = on(date.min)
    return _duty(kind, literal(""), literal(""), day, day, day).where(literal(False))


# ---------------------------------------------------------------- documents that lapse (ticklers)


def tickler(name: str, rule: Tickler) -> DutySelect:
    """The SELECT of a document that lapses on a date of the book, or is due on days of each year."""

    def select_(span: Span) -> Select:
        settled = settlements()
        due_on, subject, source = _lapses(span, rule)
        if due_on is None:
            return _nothing(name)
        opens_on = plus_days(due_on, -rule.opens_days_before)
        # After maturity it matters only for a loan that is known not to be paid.
        matters = or_(LOAN.matures_on >= due_on, LOAN.matures_on < span.known)
        if rule.on == "guarantee.until_on":
            matters = literal(True)
        found = (
            source.outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
            .with_only_columns(
                func.min(LOAN.loan_no).label("loan_no"), subject.label("subject"), due_on.label("due_on")
            )
            .where(
                due_on.between(max(span.first, span.due_from), min(span.last, span.due_to)),
                LOAN.first_drawdown_on < due_on,
                matters,
                _running(span, opens_on, settled),
            )
            .group_by(subject, due_on)
        )
        if rule.borrower_kinds:
            found = found.where(BORROWER.kind.in_(rule.borrower_kinds))
        one = found.subquery("lapsing")
        return _duty(
            name,
            one.c.subject + literal("-") + cast(one.c.due_on, String()),
            literal(rule.rule),
            one.c.due_on,
            one.c.due_on,
            plus_days(one.c.due_on, -rule.opens_days_before),
            one.c.loan_no,
        )

    return select_


def _lapses(span: Span, rule: Tickler) -> tuple[Any, Any, Any]:
    """(the day, what it is about, the rows that have it); the day is None where there is none."""
    loans = select(LOAN.loan_no).join(t.Borrower, BORROWER.borrower_no == LOAN.borrower_no)
    if rule.on.startswith("collateral."):
        collateral = t.Collateral.__table__.c  # type: ignore[attr-defined]
        secures = t.CollateralLoan.__table__.c  # type: ignore[attr-defined]
        source = loans.join(t.CollateralLoan, secures.loan_no == LOAN.loan_no).join(
            t.Collateral, collateral.collateral_no == secures.collateral_no
        )
        return collateral[rule.on.split(".")[1]], collateral.collateral_no, source
    if rule.on == "guarantee.until_on":
        guarantee = t.Guarantee.__table__.c  # type: ignore[attr-defined]
        legal = plus_months(LOAN.matures_on, literal(span.policy.limitation.guarantee_months))
        source = loans.join(t.Guarantee, guarantee.loan_no == LOAN.loan_no)
        return func.coalesce(guarantee.until_on, legal), guarantee.guarantor_no + literal("-") + LOAN.loan_no, source
    if rule.on == "borrower.licence_until":
        return BORROWER.licence_until, LOAN.borrower_no, loans
    days = [day for day in _each_year(span, rule.yearly)]
    if not days:
        return None, None, None
    dates = union_all(*(select(on(day).label("day")) for day in days)).subquery("dates")
    return dates.c.day, LOAN.borrower_no, loans.join(dates, literal(True))


def _each_year(span: Span, days: list[str]) -> list[date]:
    first, last = max(span.first, span.due_from), min(span.last, span.due_to)
    found = (date.fromisoformat(f"{year:04}-{day}") for year in range(first.year, last.year + 1) for day in days)
    return sorted(day for day in found if first <= day <= last)


# ----------------------------------------------------------------------------------- all kinds


@dataclass(frozen=True)
class Kind:
    """A kind of duty: its SELECT, and the prefix of its case numbers.

    Attributes:
        backlog: also what opened before the last round is opened, however late it became known.
            Of duties that come again only what is still to come is: the next one is never far.
        per_loan: one for each loan and subject; otherwise one for each subject, shown on one loan.
    """

    select: DutySelect
    prefix: str
    backlog: bool = True
    per_loan: bool = True


KINDS: dict[str, Kind] = {
    "first_inspection": Kind(first_inspections, "FI"),
    "routine_inspection": Kind(routine_inspections, "RI", backlog=False),
    "special_inspection": Kind(special_inspections, "SI", per_loan=False),
    "warning_signal": Kind(warning_signals, "WS", per_loan=False),
    "risk_classification": Kind(classifications, "RC", backlog=False),
}


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
    for first, last, policy in file.periods():
        kind = kinds(policy).get(name)
        if kind is None:
            continue
        duties = kind.select(Span(policy, first, last, due_from, due_to, known, as_of)).subquery()
        go_live = file.at(as_of or due_to).round.go_live or date.min
        parts.append(select(duties).where(duties.c.due_on >= go_live, duties.c.due_on.between(due_from, due_to)))
    return union_all(*parts) if parts else None


def _names(file: PolicyFile) -> list[str]:
    return list(dict.fromkeys(name for _, _, policy in file.periods() for name in kinds(policy)))


def between(
    session: Session, file: PolicyFile, first: date, last: date, known: date, loan_no: str | None = None
) -> list[Duty]:
    """The duties due from `first` to `last`, both inclusive, of one loan or of all; reads only.

    What depends on the days after `known` is judged by what is known then: what falls due is paid,
    ratings stay, no new signal is seen.
    """
    found: list[Duty] = []
    for name in _names(file):
        everything = _everything(file, name, first, last, known)
        if everything is None:
            continue
        all_of = everything.subquery()
        query = select(all_of.c.loan_no, all_of.c.kind, all_of.c.due_on, all_of.c.rule)
        if loan_no is not None:
            query = query.where(all_of.c.loan_no == loan_no)
        found += [Duty(*row) for row in session.execute(query)]
    return sorted(found, key=lambda d: (d.due_on, d.loan_no, d.kind))


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
        if kind is None:
            continue
        due_from = date.min if kind.backlog else min(since + timedelta(days=1), day) if since else day
        everything = _everything(file, name, due_from, day + LONGEST_LEAD, day, as_of=day)
        if everything is None:
            continue
        all_of = everything.subquery()
        same = [Case.kind == name, Case.subject == all_of.c.subject]
        if kind.per_loan:
            same.append(Case.loan_no == all_of.c.loan_no)
        new = select(
            (literal(f"{kind.prefix}-") + all_of.c.loan_no + _suffix(all_of.c.subject)).label("case_no"),
            all_of.c.kind,
            all_of.c.loan_no,
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
        ).where(all_of.c.opens_on <= day, ~exists().where(*same))
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


def _suffix(subject: Any) -> Any:
    """What makes a case number one of several of its kind on a loan; nothing for the one first."""
    return func.replace(literal("-") + subject, "-first", "")
