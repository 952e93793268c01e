"""Receipt slips (回执) of paper notices: out until they are returned, or refused before witnesses (MAT-1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from sqlmodel import Session, col, select

from postloan.book.engine import Writer
from postloan.book.parties import Party
from postloan.book.tables import Case, ReceiptSlip


def number_of(case: Case, position: int) -> str:
    """The number of the slip of a notice's addressee, counted from 1."""
    return f"{case.case_no}-{position}"


def issue(writer: Writer, case: Case, parties: Sequence[Party]) -> None:
    """A slip for each addressee of the case's notice, once."""
    for number, party in enumerate(parties, start=1):
        slip_no = number_of(case, number)
        if writer.session.get(ReceiptSlip, slip_no) is None:
            writer.session.add(
                ReceiptSlip(
                    slip_no=slip_no,
                    case_no=case.case_no,
                    loan_no=case.loan_no or "",
                    party=party.role,
                    party_no=party.number,
                )
            )
    writer.session.flush()


def settle(
    writer: Writer, case: Case, *, returned: Collection[str], day: date, signed_by: str, handed_over_on: date, by: str
) -> None:
    """Enter which of the case's slips came back, by their numbers; the others were refused."""
    for slip in of_case(writer.session, case.case_no):
        if slip.state != "out":
            continue
        slip.state = "returned" if slip.slip_no in returned else "refused"
        slip.handed_over_on, slip.returned_on = handed_over_on, day
        slip.signed_by = signed_by if slip.state == "returned" else ""
        writer.session.add(slip)
        writer.record(
            f"slip.{slip.state}",
            loan_no=case.loan_no,
            case_no=case.case_no,
            policy_version=case.policy_version,
            actor=by,
            slip_no=slip.slip_no,
            party=f"{slip.party} {slip.party_no}",
            day=day,
        )


def of_case(session: Session, case_no: str) -> Sequence[ReceiptSlip]:
    """The slips of a case's notice, in order."""
    return session.exec(
        select(ReceiptSlip).where(ReceiptSlip.case_no == case_no).order_by(col(ReceiptSlip.slip_no))
    ).all()


def still_out(session: Session) -> Sequence[ReceiptSlip]:
    """The slips that did not come back yet."""
    return session.exec(select(ReceiptSlip).where(ReceiptSlip.state == "out").order_by(col(ReceiptSlip.slip_no))).all()
