"""Documents that lapse: what a case is about, and the new date once the document is there (INS-11)."""

from __future__ import annotations

from datetime import date

from postloan.book.engine import Writer
from postloan.book.tables import Borrower, Case, Collateral, Guarantee
from postloan.policy.sections import Tickler


def subject_of(case: Case) -> str:
    """What lapses: the number of the collateral item, borrower or guarantor; the case's subject
    without its date."""
    return case.subject[: -len("-YYYY-MM-DD")]


def renew(writer: Writer, case: Case, rule: Tickler, until: date, *, by: str) -> None:
    """Enter the new date in the book, so that the next duty follows from it; audited."""
    table, field = rule.on.split(".")
    number = subject_of(case)
    key: object = number
    if table == "guarantee":
        key = (number[: -len(case.loan_no) - 1], case.loan_no)
    model = {"collateral": Collateral, "borrower": Borrower, "guarantee": Guarantee}[table]
    row = writer.session.get_one(model, key)
    before = getattr(row, field)
    if before == until:
        return
    setattr(row, field, until)
    writer.session.add(row)
    writer.record(
        f"{table}.renewed",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        actor=by,
        subject=number,
        field=field,
        before=before,
        after=until,
    )
