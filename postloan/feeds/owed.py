"""Where loans, their schedules and their charges stand: what was changed here is not taken back by a file that does
not know of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlmodel import Session

from postloan.book import tables as t
from postloan.feeds.kinds import Kind, Row
from postloan.feeds.shelf import Changing, Shelf, table_of
from postloan.feeds.spool import CHUNK, Spool
from postloan.rules.position import ZERO


class Loans(Shelf):
    # What an extension changes of a loan, and a file that does not know of it leaves.
    OURS = ("matures_on", "annual_rate", "repayment", "restructured_on")

    def relevant(self, session: Session, rows: list[Row]) -> list[Row]:
        """A file that does not know yet that a loan was extended here does not take the extension back; one that
        knows of an extension that is signed does not bring it before its day."""
        loan, extension = self.table.c, table_of(t.Extension).c
        numbers = [row["loan_no"] for row in rows]
        changed = and_(
            extension.loan_no == loan.loan_no,
            extension.state.in_(("signed", "in_force")),
            extension.variant.in_(("extension", "rescheduling")),
        )
        query = (
            select(loan, extension.maturity_before, extension.until_on, extension.state)
            .select_from(self.table.outerjoin(table_of(t.Extension), changed))
            .where(
                loan.loan_no.in_(numbers),
                or_(extension.loan_no.is_not(None), loan.original_maturity.is_not(None)),
            )
        )
        held: dict[str, list[Any]] = defaultdict(list)
        for found in session.execute(query).mappings():
            held[found["loan_no"]].append(found)
        for row in rows:
            for found in held.get(row["loan_no"], ()):
                before = {found["original_maturity"]}
                if found["state"] == "in_force":
                    before.add(found["maturity_before"])
                too_early = found["state"] == "signed" and row["matures_on"] == found["until_on"]
                if row["matures_on"] in before or too_early:
                    row |= {name: found[name] for name in self.OURS if name in row}
        self._keep_restructured(session, rows)
        return rows

    def _keep_restructured(self, session: Session, rows: list[Row]) -> None:
        """An empty cell does not tell that a loan was not rescheduled here, or does not refinance another."""
        empty = {row["loan_no"]: row for row in rows if row.get("restructured_on", ...) is None}
        if not empty:
            return
        loan, extension = self.table.c, table_of(t.Extension).c
        rescheduled = and_(extension.loan_no == loan.loan_no, extension.variant == "rescheduling")
        here = or_(rescheduled, extension.new_loan_no == loan.loan_no) & (extension.state == "in_force")
        query = select(loan.loan_no, loan.restructured_on).where(
            loan.loan_no.in_(empty), select(extension.case_no).where(here).exists()
        )
        for loan_no, day in session.execute(query):
            empty[loan_no]["restructured_on"] = day

    def complete(self, row: Row) -> Row:
        made = super().complete(row)
        made["first_drawdown_on"] = made["first_drawdown_on"] or made["disbursed_on"]
        return made

    def change(self, session: Session, changing: list[Changing]) -> None:
        for row, before in changing:
            # The first drawdown was only taken to be on the day of disbursement: it moves along.
            if "disbursed_on" in before and not row.get("first_drawdown_on"):
                loan, drawn = self.table.c, table_of(t.Drawdown).c
                known = select(drawn.loan_no).where(drawn.loan_no == row["loan_no"]).exists()
                session.execute(
                    update(self.table)
                    .where(loan.loan_no == row["loan_no"], loan.first_drawdown_on == before["disbursed_on"])
                    .where(~known)
                    .values(first_drawdown_on=row["disbursed_on"])
                )
        super().change(session, changing)


class Instalments(Shelf):
    """A schedule that was changed here (an extension, an early repayment) has instalments of a later number in the
    place of others, and a new one of fewer instalments leaves the last of the old one in the book: row by row, a file
    that numbers them otherwise would have the same principal due twice."""

    def __init__(self, kind: Kind, model: Any, **always: Any) -> None:
        super().__init__(kind, model, **always)
        # Only of loans that had a schedule, and whose principal the file changes: it may be about every loan.
        self.planned: dict[str, Decimal] = {}  # principal in the book before that
        self.raising: dict[str, tuple[int, Decimal]] = {}  # the first number that is given more principal, and how much

    def relevant(self, session: Session, rows: list[Row]) -> list[Row]:
        """The schedule of a loan that was changed here is left as it is."""
        ours = self._changed_here(session, {row["loan_no"] for row in rows})
        return [row for row in rows if row["loan_no"] not in ours] if ours else rows

    def note(self, session: Session, adding: list[Row], changing: list[Changing]) -> None:
        given = [(row, ZERO) for row in adding]
        given += [(row, before["principal_due"]) for row, before in changing if "principal_due" in before]
        moved = {row["loan_no"] for row, old in given if row["principal_due"] != old} - self.planned.keys()
        if moved:
            self.planned |= self._principal(session, moved)
        for row, old in given:
            if row["principal_due"] > old and row["loan_no"] in self.planned:
                self.raising.setdefault(row["loan_no"], (row["number"], row["principal_due"]))

    def contradictions(self, session: Session, spool: Spool) -> Iterator[tuple[Row, str, str]]:
        """Nobody owes more principal than was lent: a part of it is in two instalments. A file that gives every
        instalment is believed: interest that was capitalised raises the sum."""
        doubtful = sorted(self.raising)
        for at in range(0, len(doubtful), CHUNK):
            loan_nos = doubtful[at : at + CHUNK]
            lent, now = _lent(session, loan_nos), self._principal(session, loan_nos)
            twice = [no for no in loan_nos if now[no] > max(self.planned[no], lent[no])]
            ours, contract = self._changed_here(session, twice), _contract(session, twice)
            for loan_no in twice:
                agreed = max(self.planned[loan_no], lent[loan_no])
                if loan_no in ours:
                    numbers = self._numbers(session, loan_no, self.table.c.entered_on.is_not(None))
                    why = "its schedule was changed here; give what takes its place together with 0 for the new "
                    why += f"instalments of the book (number {_listed(numbers)})"
                else:
                    agreed = max(agreed, contract[loan_no])
                    numbers = [
                        number
                        for number in self._numbers(session, loan_no)
                        if not spool.has({"loan_no": loan_no, "number": number})
                    ]
                    if not numbers or now[loan_no] <= agreed:
                        continue
                    why = f"the file does not give all instalments of the book (number {_listed(numbers)}); "
                    why += "give them with 0"
                number, principal = self.raising[loan_no]
                yield (
                    {"loan_no": loan_no, "number": number, "principal_due": principal},
                    "principal_due",
                    f"the instalments of loan {loan_no} would sum up to {now[loan_no]} of principal, more than "
                    f"{agreed}: {why}",
                )

    def _changed_here(self, session: Session, loan_nos: Iterable[str]) -> set[str]:
        instalment = self.table.c
        changed = select(instalment.loan_no).where(instalment.loan_no.in_(loan_nos), instalment.entered_on.is_not(None))
        return set(session.execute(changed.distinct()).scalars())

    def _principal(self, session: Session, loan_nos: Iterable[str]) -> dict[str, Decimal]:
        instalment = self.table.c
        query = select(instalment.loan_no, func.sum(instalment.principal_due)).where(instalment.loan_no.in_(loan_nos))
        return dict(session.execute(query.group_by(instalment.loan_no)).tuples().all())

    def _numbers(self, session: Session, loan_no: str, *which: Any) -> list[int]:
        """The numbers of the instalments of a loan in the book that have principal."""
        instalment = self.table.c
        query = select(instalment.number).where(instalment.loan_no == loan_no, instalment.principal_due > 0, *which)
        return list(session.execute(query.order_by(instalment.number)).scalars())


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _contract(session: Session, loan_nos: Iterable[str]) -> dict[str, Decimal]:
    """The principal of loans by contract."""
    loan = table_of(t.Loan).c
    agreed = select(loan.loan_no, loan.principal).where(loan.loan_no.in_(loan_nos))
    return dict(session.execute(agreed).tuples().all())


def _lent(session: Session, loan_nos: Iterable[str]) -> dict[str, Decimal]:
    """What was lent of loans: what was drawn, as far as the book knows of drawdowns; else the principal."""
    drawn = table_of(t.Drawdown).c
    paid_out = select(drawn.loan_no, func.sum(drawn.amount)).where(drawn.loan_no.in_(loan_nos)).group_by(drawn.loan_no)
    return _contract(session, loan_nos) | dict(session.execute(paid_out).tuples().all())


class Charges(Shelf):
    def relevant(self, session: Session, rows: list[Row]) -> list[Row]:
        """A file that does not know that a loan was settled early here does not put off what that made due: on the
        day of a change that left no principal for later."""
        charge, instalment = self.table.c, table_of(t.Instalment).c
        of_loan = select(instalment.number).where(instalment.loan_no == charge.loan_no)
        changed = of_loan.where(instalment.entered_on == charge.due_on).exists()
        later = of_loan.where(instalment.due_on > charge.due_on, instalment.principal_due > 0).exists()
        numbers = [row["charge_no"] for row in rows]
        query = select(charge.charge_no, charge.due_on).where(charge.charge_no.in_(numbers), changed, ~later)
        settled = dict(session.execute(query).tuples().all())
        for row in rows:
            row["due_on"] = min(row["due_on"], settled.get(row["charge_no"], row["due_on"]))
        return rows
