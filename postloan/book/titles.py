"""Documents of title (权证): kept while they secure anything, handed back and signed for after that (MAT-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_
from sqlmodel import Session, col, select

from postloan.book import accounts, loans
from postloan.book.engine import Writer
from postloan.book.standings import CHARGE, only, settlements
from postloan.book.tables import Case, Collateral, CollateralLoan, Loan, Repayment, TitleRelease
from postloan.errors import PostloanError
from postloan.rules.position import ZERO


@dataclass(frozen=True)
class Held:
    """A collateral item of a loan, and the loans that it secures on which anything is owed still."""

    collateral: Collateral
    owed_on: tuple[str, ...]
    released: bool


def of_loan(session: Session, loan_no: str, day: date) -> list[Held]:
    """The collateral of a loan at the end of a day, in the order of its numbers."""
    items = session.exec(
        select(Collateral)
        .join(CollateralLoan)
        .where(CollateralLoan.loan_no == loan_no)
        .order_by(col(Collateral.collateral_no))
    ).all()
    return [held(session, item.collateral_no, day) for item in items]


def held(session: Session, collateral_no: str, day: date) -> Held:
    """A collateral item at the end of a day."""
    item = session.get_one(Collateral, collateral_no)
    return Held(item, owed_on(session, collateral_no, day), _released(session, item))


def owed_on(session: Session, collateral_no: str, day: date) -> tuple[str, ...]:
    """The loans that an item secures and that are not settled at the end of a day: nothing counts as settled
    of which the last cent is not in."""
    secured = session.exec(select(CollateralLoan.loan_no).where(CollateralLoan.collateral_no == collateral_no)).all()
    return tuple(sorted(still_owed(session, secured, day)))


def still_owed(session: Session, loan_nos: Sequence[str], day: date) -> set[str]:
    """Those of the loans on which anything is owed at the end of a day."""
    with only(loan_nos):
        settled = settlements()
        query = (
            select(Loan.loan_no)
            .outerjoin(settled, settled.c.loan_no == Loan.loan_no)
            .where(col(Loan.loan_no).in_(loan_nos), or_(settled.c.settled_on.is_(None), settled.c.settled_on > day))
        )
        owed = set(session.exec(query))
    return owed | {no for no in set(loan_nos) - owed if _owed_here(session, session.get_one(Loan, no), day)}


def why_none_goes_back(session: Session, loan_no: str, day: date) -> str:
    """Why no document of title of a loan can be handed back; "" if one can."""
    if still_owed(session, [loan_no], day):
        return f"loan {loan_no} is not paid: its documents of title secure it"
    open_ = select(Case.case_no).where(Case.loan_no == loan_no, Case.kind == "settlement", Case.state == "open")
    if (settlement := session.exec(open_).first()) is not None:
        return f"the settlement of loan {loan_no} hands its documents of title back: {settlement}"
    kept = [item for item in of_loan(session, loan_no, day) if not item.released]
    if not kept:
        return f"no document of title of loan {loan_no} is held"
    if all(item.owed_on for item in kept):
        secured = sorted({other for item in kept for other in item.owed_on})
        return f"the documents of title of loan {loan_no} still secure {', '.join(secured)}"
    return ""


def _owed_here(session: Session, loan: Loan, day: date) -> bool:
    """Whether anything is owed on a loan that is settled by what the core system says: it does not know what was
    advanced here, nor, where the loan itself is said to be paid, of a receipt that bounced after that."""
    bounced = (
        loan.settled_on is not None
        and session.exec(
            select(Repayment).where(
                Repayment.loan_no == loan.loan_no,
                col(Repayment.reverses).is_not(None),
                Repayment.paid_on > loan.settled_on,
            )
        ).first()
    )
    unpaid = [owing.claim for owing in accounts.owing(session, loan, day) if owing.unpaid > ZERO]
    return any(bounced or claim.startswith(CHARGE) for claim in unpaid)


def _released(session: Session, item: Collateral) -> bool:
    """Whether the document went back after the latest loan that it secures was disbursed. One of the same day
    may have been disbursed after that: then it is held."""
    last = session.exec(
        select(TitleRelease.released_on)
        .where(TitleRelease.collateral_no == item.collateral_no)
        .order_by(col(TitleRelease.released_on).desc())
    ).first()
    newest = session.exec(
        select(Loan.disbursed_on)
        .join(CollateralLoan)
        .where(CollateralLoan.collateral_no == item.collateral_no)
        .order_by(col(Loan.disbursed_on).desc())
    ).first()
    return last is not None and (newest is None or newest < last)


def release(
    writer: Writer, case: Case, collateral_no: str, *, received_by: str, evidence: str, day: date, by: str
) -> None:
    """MAT-3: enter in the register that a document of title was handed back, once.

    Raises PostloanError while anything is owed on any loan that it secures, and where it was handed back already:
    nothing is entered.
    """
    if writer.session.get(TitleRelease, (collateral_no, case.case_no)) is not None:
        return
    owed = owed_on(writer.session, collateral_no, day)
    if owed:
        raise PostloanError(f"collateral {collateral_no} still secures {', '.join(owed)}; it must not be released")
    item = writer.session.get_one(Collateral, collateral_no)
    if _released(writer.session, item):
        raise PostloanError(f"the document of title of collateral {collateral_no} was handed back already")
    writer.session.add(
        TitleRelease(
            collateral_no=collateral_no,
            case_no=case.case_no,
            loan_no=loans.get(writer.session, case.loan_no).loan_no,
            released_on=day,
            title_document=item.title_document,
            received_by=received_by,
            evidence=evidence,
            handed_by=by,
        )
    )
    writer.record(
        "title.released",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by,
        collateral_no=collateral_no,
        title_document=item.title_document,
        released_on=day,
    )


def register(session: Session, first: date, last: date) -> Sequence[TitleRelease]:
    """The lines of the register from `first` to `last`, both inclusive."""
    query = select(TitleRelease).where(TitleRelease.released_on >= first, TitleRelease.released_on <= last)
    return session.exec(query.order_by(col(TitleRelease.released_on), col(TitleRelease.collateral_no))).all()
