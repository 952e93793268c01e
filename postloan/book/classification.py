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
from postloan.book.sql import COUNTING, on
from postloan.book.standings import settlements
from postloan.book.tables import Case, Classification, Loan, Signal
from postloan.policy import Policy, PolicyFile
from postloan.rules.classification import NON_PERFORMING, Best, Facts, Thresholds, best_allowed, by_days, rank, worse

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
    share = None if borrower.kind == "personal" else _non_performing_share(session, policy, loan, day)
    return Facts(
        days_past_due=standing.days_past_due,
        non_performing_share=share,
        restructured_on=restructured_on,
        relapsed_on=loans.last_past_due(session, loan, restructured_on, day) if restructured_on else None,
        serious_signal=bool(serious),
    )


def _non_performing_share(session: Session, policy: Policy, loan: Loan, day: date) -> float:
    """The share of the debtor's debts here that is non-performing, by days past due or by a decision that
    did not itself come of this rule; of the loan itself, by days past due only."""
    total = bad = 0.0
    for other in session.exec(rows_of(Loan).where(Loan.borrower_no == loan.borrower_no)):
        standing = loans.standing(session, other, day)
        decided = newest(session, other.loan_no, day) if other.loan_no != loan.loan_no else None
        owed = float(standing.principal_outstanding)
        total += owed
        by_decision = decided is not None and decided.cause != "contagion" and decided.risk_class in NON_PERFORMING
        if by_decision or by_days(standing.days_past_due, thresholds(policy)) in NON_PERFORMING:
            bad += owed
    return bad / total if total else 0.0


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
    """Enter a decided category, once; it takes the place of one that the round entered by rule."""
    there = writer.session.get(Classification, (case.loan_no, day))
    if there is not None and there.case_no == case.case_no:
        return
    before = there.risk_class if there else None
    decided = there or Classification(loan_no=case.loan_no, as_of=day, risk_class=risk_class, rule_class="")
    decided.risk_class, decided.rule_class, decided.why = risk_class, best.risk_class, best.why
    decided.cause = best.cause if risk_class == best.risk_class else "judgement"
    decided.case_no = case.case_no
    writer.session.add(decided)
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
        **({"by_rule_before": before} if before else {}),
    )


def classify_normal(writer: Writer, file: PolicyFile, day: date, since: date | None) -> int:
    """CLS-2: classify the loans that were plainly normal at the ends of quarters that are over since the
    round before, each by the policy of its day.

    The others get a case each (`duties.classifications`). One INSERT … SELECT a quarter's end; gives how many.
    """
    first = since or day - timedelta(days=file.at(day).classification.due_days)
    classified = 0
    table = t.Classification.__table__  # type: ignore[attr-defined]
    case_ = t.Case.__table__.c  # type: ignore[attr-defined]
    everything = Span(file.at(day), first, date.max, date.min, date.max, day, day)
    for end in month_ends(everything, lead_days=0):
        policy = file.at(end)
        if end.month not in policy.classification.months:
            continue
        span = Span(policy, date.min, date.max, date.min, date.max, day, day)
        doubtful, settled = to_classify(span, end).subquery("doubtful"), settlements()
        new = select(
            LOAN.loan_no,
            on(end).label("as_of"),
            literal("normal").label("risk_class"),
            literal("normal").label("rule_class"),
            literal("by rule: nothing against it").label("why"),
            literal("days").label("cause"),
        ).where(
            LOAN.disbursed_on <= end,
            ~exists().where(settled.c.loan_no == LOAN.loan_no, settled.c.settled_on <= end),
            ~exists().where(doubtful.c.loan_no == LOAN.loan_no),
            ~exists().where(and_(table.c.loan_no == LOAN.loan_no, table.c.as_of == end)),
            ~exists().where(case_.kind == "risk_classification", case_.loan_no == LOAN.loan_no, case_.anchor_on == end),
        )
        entered = insert(table).from_select(list(new.selected_columns.keys()), new)
        done = writer.session.connection().execute(entered, execution_options=COUNTING).rowcount
        if done:
            writer.record("loans.classified", as_of=end, risk_class="normal", count=done)
        classified += done
    return classified
