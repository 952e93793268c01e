"""Where the rows of each kind stand in the book: fetch them by key, add new ones, change others.

One plain shelf serves every feed that is one table. The others keep part of a row in a second
table (roles, secured loans, guarantors), or pass something on to another noun (the newest rating,
the first drawdown). Those of loans and what is owed on them are in `owed`.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, or_, select, update
from sqlmodel import Session

from postloan.book import tables as t
from postloan.feeds.kinds import Kind, Row
from postloan.feeds.owed import Charges, Instalments, Loans
from postloan.feeds.shelf import Change, Changing, Key, Shelf, table_of


class Collaterals(Shelf):
    links = table_of(t.CollateralLoan)

    def _select(self, session: Session, where: Any) -> dict[Key, Row]:
        found = super()._select(session, where)
        secured: dict[str, list[str]] = defaultdict(list)
        link = self.links.c
        for no, loan in session.execute(
            select(link.collateral_no, link.loan_no).where(link.collateral_no.in_([k[0] for k in found]))
        ):
            secured[no].append(loan)
        for (no,), row in found.items():
            row["secures"] = tuple(sorted(secured[no]))
        return found

    def add(self, session: Session, rows: list[Row]) -> None:
        super().add(session, rows)
        self._link(session, rows)

    def change(self, session: Session, changing: list[Changing]) -> None:
        super().change(session, changing)
        moved = [row for row, before in changing if "secures" in before]
        if moved:
            numbers = [row["collateral_no"] for row in moved]
            session.execute(delete(self.links).where(self.links.c.collateral_no.in_(numbers)))
            self._link(session, moved)

    def _link(self, session: Session, rows: list[Row]) -> None:
        made = [{"collateral_no": row["collateral_no"], "loan_no": loan} for row in rows for loan in row["secures"]]
        if made:
            session.execute(insert(self.links), made)


class Staffs(Shelf):
    """Roles are replaced by those of the feed. An absence takes the place of those it overlaps;
    none given leaves those that are known."""

    roles = table_of(t.StaffRole)
    absences = table_of(t.Absence)

    def fetch(self, session: Session, rows: list[Row]) -> dict[Key, Row]:
        found = super().fetch(session, rows)
        numbers = [key[0] for key in found]
        held: dict[str, list[str]] = defaultdict(list)
        for no, role in session.execute(
            select(self.roles.c.staff_no, self.roles.c.role).where(self.roles.c.staff_no.in_(numbers))
        ):
            held[no].append(role)
        away: dict[str, set] = defaultdict(set)
        for no, first, last in session.execute(select(self.absences).where(self.absences.c.staff_no.in_(numbers))):
            away[no].add((first, last))
        for row in rows:
            old = found.get(self.key(row))
            if old is not None:
                no, given = row["staff_no"], (row.get("absent_from"), row.get("absent_until"))
                old["roles"] = tuple(sorted(held[no]))
                same = given[0] is None or given in away[no]
                old["absent_from"], old["absent_until"] = given if same else (None, None)
        return found

    def add(self, session: Session, rows: list[Row]) -> None:
        super().add(session, rows)
        self._set_roles(session, rows)
        self._set_absences(session, rows)

    def change(self, session: Session, changing: list[Changing]) -> None:
        super().change(session, changing)
        moved = [row for row, before in changing if "roles" in before]
        if moved:
            numbers = [row["staff_no"] for row in moved]
            session.execute(delete(self.roles).where(self.roles.c.staff_no.in_(numbers)))
            self._set_roles(session, moved)
        self._set_absences(session, [row for row, before in changing if "absent_from" in before])

    def _set_roles(self, session: Session, rows: list[Row]) -> None:
        made = [{"staff_no": row["staff_no"], "role": role} for row in rows for role in row["roles"]]
        if made:
            session.execute(insert(self.roles), made)

    def _set_absences(self, session: Session, rows: list[Row]) -> None:
        away = self.absences.c
        for row in rows:
            no, first, last = row["staff_no"], row.get("absent_from"), row.get("absent_until")
            if first is None:
                continue
            session.execute(
                delete(self.absences).where(away.staff_no == no, away.from_on <= last, away.until_on >= first)
            )
            session.execute(insert(self.absences).values(staff_no=no, from_on=first, until_on=last))


class Owned(Shelf):
    """A row that also tells about its owner, who is one row of another table: the owner's own fields are
    brought up to date first."""

    owners: Table
    owner: str
    number: str
    fields: tuple[str, ...]

    def prepare(self, session: Session, rows: list[Row]) -> list[Change]:
        key = self.owners.c[self.number]
        names = [name for name in self.fields if name in rows[0]]
        given = {row[self.number]: {name: row[name] for name in names} for row in rows}
        found = session.execute(select(self.owners).where(key.in_(given))).mappings()
        known = {row[self.number]: dict(row) for row in found}
        blank = dict.fromkeys(self.fields, "")
        new = [blank | {self.number: no} | fields for no, fields in given.items() if no not in known]
        if new:
            session.execute(insert(self.owners), new)
        changes: list[Change] = []
        for no in given.keys() & known.keys():
            after = {name: value for name, value in given[no].items() if known[no][name] != value}
            if after:
                session.execute(update(self.owners).where(key == no).values(**after))
                before = {name: known[no][name] for name in after}
                changes.append((self.owner, {self.number: no}, before, after))
        return changes


class Guarantees(Owned):
    """Guarantor and guarantee in one row."""

    owners, owner, number, fields = table_of(t.Guarantor), "guarantor", "guarantor_no", ("name", "phone", "email")


class Partners(Owned):
    """A partner and its figures of a day in one row."""

    owners, owner, number, fields = table_of(t.Partner), "partner", "partner_no", ("name", "kind")


class Ratings(Shelf):
    def follow(self, session: Session, rows: list[Row]) -> list[Change]:
        """The newest rating that holds already is the borrower's."""
        borrower, rating = table_of(t.Borrower).c, table_of(t.Rating).c
        newest: dict[str, str] = {}
        numbers = {row["borrower_no"] for row in rows}
        query = select(rating.borrower_no, rating.rating).where(
            rating.borrower_no.in_(numbers), rating.rated_on <= date.today()
        )
        for no, value in session.execute(query.order_by(rating.rated_on)):
            newest[no] = value
        held = session.execute(select(borrower.borrower_no, borrower.rating).where(borrower.borrower_no.in_(numbers)))
        return _pass_on(session, t.Borrower, "borrower", "rating", dict(held.tuples().all()), newest)


class Drawdowns(Shelf):
    def follow(self, session: Session, rows: list[Row]) -> list[Change]:
        """The earliest drawdown starts the loan's post-loan period."""
        loan, drawn = table_of(t.Loan).c, table_of(t.Drawdown).c
        numbers = {row["loan_no"] for row in rows}
        first = session.execute(
            select(drawn.loan_no, func.min(drawn.drawn_on)).where(drawn.loan_no.in_(numbers)).group_by(drawn.loan_no)
        )
        held = session.execute(select(loan.loan_no, loan.first_drawdown_on).where(loan.loan_no.in_(numbers)))
        return _pass_on(
            session, t.Loan, "loan", "first_drawdown_on", dict(held.tuples().all()), dict(first.tuples().all())
        )


def _pass_on(
    session: Session, model: Any, noun: str, name: str, held: dict[str, Any], wanted: dict[str, Any]
) -> list[Change]:
    table = table_of(model)
    (key,) = table.primary_key.columns
    changes: list[Change] = []
    for no, value in wanted.items():
        if held[no] != value:
            changes.append((noun, {key.name: no}, {name: held[no]}, {name: value}))
    if changes:
        session.connection().execute(
            update(table).where(key == bindparam("key")).values({name: bindparam("new")}),
            [{"key": k[key.name], "new": after[name]} for _, k, _, after in changes],
        )
    return changes


class Signals(Shelf):
    """No single column is always there to find a signal by: a loan's or a borrower's."""

    def complete(self, row: Row) -> Row:
        made = super().complete(row)
        made["source"] = made["source"] or ""
        return made

    def fetch(self, session: Session, rows: list[Row]) -> dict[Key, Row]:
        signal = self.table.c
        days = {row["seen_on"] for row in rows}
        loans = {row["loan_no"] for row in rows if row["loan_no"]}
        borrowers = {row["borrower_no"] for row in rows if row["borrower_no"]}
        where = or_(signal.loan_no.in_(loans), signal.borrower_no.in_(borrowers))
        return self._select(session, where & signal.seen_on.in_(days))


def shelf_of(kind: Kind) -> Shelf:
    """The shelf of a kind of feed."""
    made: dict[str, tuple[type[Shelf], Any]] = {
        "borrowers": (Shelf, t.Borrower),
        "loans": (Loans, t.Loan),
        "instalments": (Instalments, t.Instalment),
        "repayments": (Shelf, t.Repayment),
        "positions": (Shelf, t.Position),
        "collaterals": (Collaterals, t.Collateral),
        "guarantees": (Guarantees, t.Guarantee),
        "ratings": (Ratings, t.Rating),
        "signals": (Signals, t.Signal),
        "staff": (Staffs, t.Staff),
        "drawdowns": (Drawdowns, t.Drawdown),
        "branches": (Shelf, t.Branch),
        "partners": (Partners, t.PartnerPosition),
        "payments": (Shelf, t.Payment),
        "work_log": (Shelf, t.WorkLogEntry),
        "relations": (Shelf, t.Relation),
        "charges": (Charges, t.Charge),
        "consignors": (Shelf, t.Consignor),
        "interruptions": (Shelf, t.Interruption),
        "contact_persons": (Shelf, t.ContactPerson),
        "contact_stops": (Shelf, t.ContactStop),
        "recovery_costs": (Shelf, t.RecoveryCost),
    }
    # What a new row has that no feed speaks about.
    always: dict[str, Row] = {
        "staff": {"failed_codes": 0},
        "payments": {"state": "requested", "decided_by": ""},
        "work_log": {"opinion": ""},
    }
    shelf, model = made[kind.name]
    return shelf(kind, model, **always.get(kind.name, {}))
