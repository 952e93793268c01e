"""Where the rows of each kind stand in the book: fetch them by key, add new ones, change others.

One plain shelf serves every feed that is one table. The others keep part of a row in a second
table (roles, secured loans, guarantors), or pass something on to another noun (the newest rating,
the first drawdown).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, func, insert, or_, select, tuple_, update
from sqlmodel import Session

from postloan.book import tables as t
from postloan.feeds.kinds import Kind, Row
from postloan.feeds.spool import CHUNK

Key = tuple[Any, ...]
# A row of the book that changed: noun, its key, before and after of the changed fields.
Change = tuple[str, Row, Row, Row]
Changing = tuple[Row, Row]  # the new row, and the changed fields as they were


def _table(model: Any) -> Table:
    return model.__table__


class Shelf:
    """A feed that is one table of the book."""

    def __init__(self, kind: Kind, model: Any, **always: Any) -> None:
        self.kind = kind
        self.table = _table(model)
        self.always = always
        self.stored = [c.target for c in kind.columns if c.target in self.table.c]
        self.defaults = {c.target: c.default for c in kind.columns}

    def key(self, row: Row) -> Key:
        return tuple(row[name] for name in self.kind.keys)

    def fetch(self, session: Session, rows: list[Row]) -> dict[Key, Row]:
        """What the book has of these rows."""
        columns = [self.table.c[name] for name in self.kind.keys]
        wanted = [self.key(row) for row in rows]
        if len(columns) == 1:
            return self._select(session, columns[0].in_([key[0] for key in wanted]))
        return self._select(session, tuple_(*columns).in_(wanted))

    def _select(self, session: Session, where: Any) -> dict[Key, Row]:
        query = select(*(self.table.c[name] for name in self.stored)).where(where)
        found = (dict(row) for row in session.execute(query).mappings())
        return {self.key(row): row for row in found}

    def complete(self, row: Row) -> Row:
        """A new row, with the defaults of what the feed does not speak about."""
        full = self.defaults | row
        return {name: full[name] for name in self.stored} | self.always

    def add(self, session: Session, rows: list[Row]) -> None:
        session.execute(insert(self.table), [self.complete(row) for row in rows])

    def change(self, session: Session, changing: list[Changing]) -> None:
        groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row, before in changing:
            groups[tuple(name for name in before if name in self.table.c)].append(row)
        for names, rows in groups.items():
            if names:
                self.update(session, names, rows)

    def update(self, session: Session, names: Sequence[str], rows: Iterable[Row]) -> None:
        """Set the fields `names` of these rows."""
        statement = update(self.table).values({name: bindparam(f"new_{name}") for name in names})
        for name in self.kind.keys:
            column = self.table.c[name]
            given = bindparam(f"key_{name}", type_=column.type)
            # A signal has a loan or a borrower, and NULL equals nothing.
            same = column.is_not_distinct_from(given) if column.nullable else column == given
            statement = statement.where(same)
        session.connection().execute(
            statement,
            [{f"new_{n}": row[n] for n in names} | {f"key_{n}": row[n] for n in self.kind.keys} for row in rows],
        )

    def relevant(self, session: Session, rows: list[Row]) -> list[Row]:
        """The rows that are compared with the book: those that know less than it are left out, or completed.
        Corrections are not asked."""
        return rows

    def note(self, session: Session, rows: list[Row]) -> None:
        """Corrections that are about to be entered: keep what `contradictions` needs."""

    def contradictions(self, session: Session) -> Iterator[tuple[Row, str, str]]:
        """Rows, a column of each, and why the book cannot be as corrections left it, once all are entered."""
        yield from ()

    def prepare(self, session: Session, rows: list[Row]) -> list[Change]:
        """What these rows need in the book before they are compared."""
        return []

    def follow(self, session: Session, rows: list[Row]) -> list[Change]:
        """What follows in other tables once these rows are in the book."""
        return []


class Loans(Shelf):
    # What an extension changes of a loan, and a file that does not know of it leaves.
    OURS = ("matures_on", "annual_rate", "repayment", "restructured_on")

    def relevant(self, session: Session, rows: list[Row]) -> list[Row]:
        """A file that does not know yet that a loan was extended here does not take the extension back; one that
        knows of an extension that is signed does not bring it before its day."""
        loan, extension = self.table.c, _table(t.Extension).c
        numbers = [row["loan_no"] for row in rows]
        changed = and_(
            extension.loan_no == loan.loan_no,
            extension.state.in_(("signed", "in_force")),
            extension.variant.in_(("extension", "rescheduling")),
        )
        query = (
            select(loan, extension.maturity_before, extension.until_on, extension.state)
            .select_from(self.table.outerjoin(_table(t.Extension), changed))
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
        loan, extension = self.table.c, _table(t.Extension).c
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
                loan, drawn = self.table.c, _table(t.Drawdown).c
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
    place of others: row by row, a file that numbers them otherwise would have the same principal due twice."""

    def __init__(self, kind: Kind, model: Any, **always: Any) -> None:
        super().__init__(kind, model, **always)
        self.planned: dict[str, Decimal] = {}  # principal of what was changed here, before the corrections
        self.raising: dict[str, Row] = {}  # the first row of each that gives more principal than the book has

    def relevant(self, session: Session, rows: list[Row]) -> list[Row]:
        """The schedule of a loan that was changed here is left as it is."""
        ours = self._changed_here(session, rows)
        return [row for row in rows if row["loan_no"] not in ours] if ours else rows

    def note(self, session: Session, rows: list[Row]) -> None:
        ours = self._changed_here(session, rows)
        if not ours:
            return
        self.planned = self._principal(session, ours) | self.planned
        mine = [row for row in rows if row["loan_no"] in ours]
        held = self.fetch(session, mine)
        for row in mine:
            old = held.get(self.key(row))
            if row["principal_due"] > (old["principal_due"] if old else 0):
                self.raising.setdefault(row["loan_no"], row)

    def contradictions(self, session: Session) -> Iterator[tuple[Row, str, str]]:
        """Nobody owes more principal than was lent: a part of it is in two instalments."""
        doubtful = sorted(self.raising)
        for at in range(0, len(doubtful), CHUNK):
            loan_nos = doubtful[at : at + CHUNK]
            lent, planned = _lent(session, loan_nos), self._principal(session, loan_nos)
            for loan_no in loan_nos:
                now, agreed = planned[loan_no], max(self.planned[loan_no], lent[loan_no])
                if now > agreed:
                    reason = (
                        f"the instalments of loan {loan_no} would sum up to {now} of principal, more than {agreed}: "
                        f"its schedule was changed here; give what takes its place together with 0 for the new "
                        f"instalments of the book (number {self._ours(session, loan_no)})"
                    )
                    yield self.raising[loan_no], "principal_due", reason

    def _changed_here(self, session: Session, rows: list[Row]) -> set[str]:
        instalment, numbers = self.table.c, {row["loan_no"] for row in rows}
        changed = select(instalment.loan_no).where(instalment.loan_no.in_(numbers), instalment.entered_on.is_not(None))
        return set(session.execute(changed.distinct()).scalars())

    def _principal(self, session: Session, loan_nos: Iterable[str]) -> dict[str, Decimal]:
        instalment = self.table.c
        query = select(instalment.loan_no, func.sum(instalment.principal_due)).where(instalment.loan_no.in_(loan_nos))
        return dict(session.execute(query.group_by(instalment.loan_no)).tuples().all())

    def _ours(self, session: Session, loan_no: str) -> str:
        """The numbers of the instalments that were entered here and have principal."""
        instalment = self.table.c
        ours = (instalment.loan_no == loan_no, instalment.entered_on.is_not(None), instalment.principal_due > 0)
        return ", ".join(map(str, session.execute(select(instalment.number).where(*ours).order_by("number")).scalars()))


def _lent(session: Session, loan_nos: Iterable[str]) -> dict[str, Decimal]:
    """What was lent of loans: what was drawn, as far as the book knows of drawdowns; else the principal."""
    loan, drawn = _table(t.Loan).c, _table(t.Drawdown).c
    agreed = select(loan.loan_no, loan.principal).where(loan.loan_no.in_(loan_nos))
    paid_out = select(drawn.loan_no, func.sum(drawn.amount)).where(drawn.loan_no.in_(loan_nos)).group_by(drawn.loan_no)
    return dict(session.execute(agreed).tuples().all()) | dict(session.execute(paid_out).tuples().all())


class Charges(Shelf):
    def relevant(self, session: Session, rows: list[Row]) -> list[Row]:
        """A file that does not know that a loan was settled early here does not put off what that made due: on the
        day of a change that left no principal for later."""
        charge, instalment = self.table.c, _table(t.Instalment).c
        of_loan = select(instalment.number).where(instalment.loan_no == charge.loan_no)
        changed = of_loan.where(instalment.entered_on == charge.due_on).exists()
        later = of_loan.where(instalment.due_on > charge.due_on, instalment.principal_due > 0).exists()
        numbers = [row["charge_no"] for row in rows]
        query = select(charge.charge_no, charge.due_on).where(charge.charge_no.in_(numbers), changed, ~later)
        settled = dict(session.execute(query).tuples().all())
        for row in rows:
            row["due_on"] = min(row["due_on"], settled.get(row["charge_no"], row["due_on"]))
        return rows


class Collaterals(Shelf):
    links = _table(t.CollateralLoan)

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

    roles = _table(t.StaffRole)
    absences = _table(t.Absence)

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

    owners, owner, number, fields = _table(t.Guarantor), "guarantor", "guarantor_no", ("name", "phone", "email")


class Partners(Owned):
    """A partner and its figures of a day in one row."""

    owners, owner, number, fields = _table(t.Partner), "partner", "partner_no", ("name", "kind")


class Ratings(Shelf):
    def follow(self, session: Session, rows: list[Row]) -> list[Change]:
        """The newest rating that holds already is the borrower's."""
        borrower, rating = _table(t.Borrower).c, _table(t.Rating).c
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
        loan, drawn = _table(t.Loan).c, _table(t.Drawdown).c
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
    table = _table(model)
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
    }
    # What a new row has that no feed speaks about.
    always: dict[str, Row] = {
        "staff": {"failed_codes": 0},
        "payments": {"state": "requested", "decided_by": ""},
        "work_log": {"opinion": ""},
    }
    shelf, model = made[kind.name]
    return shelf(kind, model, **always.get(kind.name, {}))
