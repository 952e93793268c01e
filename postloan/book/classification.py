"""The risk categories of loans in the book (风险分类): CLS-1, CLS-2."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import and_, exists, func, insert, literal, or_, select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from postloan.book import loans
from postloan.book import tables as t
from postloan.book.duties.base import Span, month_ends
from postloan.book.duties.classification import to_classify
from postloan.book.engine import Writer
from postloan.book.sql import on
from postloan.book.standings import settlements
from postloan.book.tables import Case, Classification, Loan, Signal
from postloan.policy import Policy
from postloan.rules.classification import Best, Facts, Thresholds, best_allowed, by_days, rank, worse

LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]


def thresholds(policy: Policy) -> Thresholds:
    """The policy's days past due."""
    rule = policy.classification
    return Thresholds(rule.special_mention_days, rule.substandard_days, rule.doubtful_days, rule.loss_days)


def newest(session: Session, loan_no: str, as_of: date) -> Classification | None:
    """The loan's latest classification up to and including a day."""
    return session.exec(
        rows_of(Classification)
        .where(Classification.loan_no == loan_no, Classification.as_of <= as_of)
        .order_by(col(Classification.as_of).desc())
    ).first()


def shown(policy: Policy, days_past_due: int, decided: Classification | None) -> str:
    """The category to show: the decided one, never better than the days past due allow by now, unless
    the authority approved it against that very rule."""
    rule = by_days(days_past_due, thresholds(policy))
    if decided is None:
        return rule
    approved = rank(decided.risk_class) < rank(decided.rule_class)
    if approved and rank(rule) <= rank(decided.rule_class):
        return decided.risk_class
    return worse(decided.risk_class, rule)


def facts(session: Session, policy: Policy, loan: Loan, day: date) -> Facts:
    """What the rule looks at, at the end of a day."""
    standing = loans.standing(session, loan, day)
    serious = session.exec(
        rows_of(func.count())
        .select_from(Signal)
        .where(
            or_(col(Signal.loan_no) == loan.loan_no, col(Signal.borrower_no) == loan.borrower_no),
            Signal.seen_on <= day,
            or_(col(Signal.cleared_on).is_(None), col(Signal.cleared_on) > day),
            col(Signal.kind).in_(policy.signals.serious),
        )
    ).one()
    borrower = loans.borrower_of(session, loan)
    restructured_on = loan.restructured_on if loan.restructured_on and loan.restructured_on <= day else None
    return Facts(
        days_past_due=standing.days_past_due,
        non_performing_elsewhere=None if borrower.kind == "personal" else _non_performing(session, policy, loan, day),
        restructured_on=restructured_on,
        relapsed=restructured_on is not None and standing.days_past_due > 0,
        serious_signal=bool(serious),
    )


def _non_performing(session: Session, policy: Policy, loan: Loan, day: date) -> float:
    """The share of the debtor's debts here that is non-performing."""
    total = bad = 0.0
    for other in session.exec(rows_of(Loan).where(Loan.borrower_no == loan.borrower_no)):
        standing = loans.standing(session, other, day)
        decided = newest(session, other.loan_no, day)
        owed = float(standing.principal_outstanding)
        total += owed
        if shown(policy, standing.days_past_due, decided) in BAD:
            bad += owed
    return bad / total if total else 0.0


BAD = ("substandard", "doubtful", "loss")


def best(session: Session, policy: Policy, loan: Loan, day: date) -> Best:
    """CLS-1: the best category that the rules allow at the end of a day."""
    rule = policy.classification
    return best_allowed(
        facts(session, policy, loan, day),
        day,
        thresholds(policy),
        contagion_share=float(rule.contagion_share),
        observation_months=rule.observation_months,
    )


def decide(writer: Writer, case: Case, day: date, risk_class: str, best: Best, *, by: str) -> None:
    """Enter a decided category, once per loan and day."""
    if writer.session.get(Classification, (case.loan_no, day)) is not None:
        return
    writer.session.add(
        Classification(
            loan_no=case.loan_no,
            as_of=day,
            risk_class=risk_class,
            rule_class=best.risk_class,
            why=best.why,
            case_no=case.case_no,
        )
    )
    writer.record(
        "loan.classified",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by,
        as_of=day,
        risk_class=risk_class,
        rule_class=best.risk_class,
        why=best.why,
    )


def classify_normal(writer: Writer, policy: Policy, day: date, since: date | None) -> int:
    """CLS-2: at each quarter's end since the round before, classify the loans that are plainly normal.

    The others get a case each (`duties.classifications`). One INSERT … SELECT; gives how many.
    """
    rule = policy.classification
    span = Span(policy, date.min, date.max, (since or day) + timedelta(days=rule.due_days), date.max, day, day)
    classified = 0
    table = t.Classification.__table__  # type: ignore[attr-defined]
    for end in month_ends(span, rule.due_days):
        if end.month not in rule.months or (since is not None and end <= since):
            continue
        doubtful = to_classify(span, end).subquery("doubtful")
        settled = settlements()
        new = select(
            LOAN.loan_no,
            on(end).label("as_of"),
            literal("normal").label("risk_class"),
            literal("normal").label("rule_class"),
            literal("by rule: nothing against it").label("why"),
        ).where(
            LOAN.disbursed_on <= end,
            ~exists().where(settled.c.loan_no == LOAN.loan_no, settled.c.settled_on <= end),
            ~exists().where(doubtful.c.loan_no == LOAN.loan_no),
            ~exists().where(and_(table.c.loan_no == LOAN.loan_no, table.c.as_of == end)),
        )
        done = writer.session.execute(
            insert(Classification).from_select(list(new.selected_columns.keys()), new)
        ).rowcount  # type: ignore[attr-defined]
        if done:
            writer.record("loans.classified", as_of=end, risk_class="normal", count=done)
        classified += done
    return classified
