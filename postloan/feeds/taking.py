"""Taking in a feed: read and check everything first, then load it in one transaction."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from postloan.book import Book, Writer, accounts, audit, loans, schedules
from postloan.book import tables as t
from postloan.errors import FeedError, PostloanError
from postloan.feeds.checking import Progress, check, known
from postloan.feeds.faults import SECRET, Faults, refused
from postloan.feeds.files import File
from postloan.feeds.kinds import KINDS, Row
from postloan.feeds.mapping import Mapping, read_mapping
from postloan.feeds.reading import Feed
from postloan.feeds.shelf import Change, Changing, Shelf
from postloan.feeds.shelves import shelf_of
from postloan.feeds.spool import CHUNK, Spool
from postloan.policy import PolicyFile

# Events are chained in lots of this many: a correction of a million rows must not stand in memory.
EVENTS_AT_ONCE = 20_000


ALSO_CHANGED_ELSEWHERE = ("staff", "borrowers", "collaterals", "guarantees", "loans", "instalments", "charges")
WHAT_IS_OWED = ("loans", "instalments", "charges", "drawdowns", "repayments")


@dataclass(frozen=True)
class Outcome:
    """What taking in a feed did, or would do.

    Attributes:
        kind: the kind of feed.
        file_name: the file's name.
        rows: records in the file, those that the mapping skips not counted.
        added, changed, unchanged: rows of the book.
        skipped: records that the mapping skips.
        unknown_columns: headers that nothing was done with.
        dry_run: nothing was kept.
        repeated: the same file was taken in before; nothing was changed.
    """

    kind: str
    file_name: str
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    unknown_columns: list[str] = field(default_factory=list)
    dry_run: bool = False
    repeated: bool = False


class _Undo(Exception):
    """Ends a dry run's transaction."""


def take_in(
    book: Book,
    kind: str,
    path: Path,
    *,
    mapping: Path | None = None,
    dry_run: bool = False,
    actor: str = "system",
    progress: Progress | None = None,
    corrections: bool = False,
    policy: PolicyFile | None = None,
) -> Outcome:
    """Take a CSV or XLSX file into the book: all of it, or nothing.

    Args:
        book: the book.
        kind: what the file holds, a key of KINDS.
        path: the file.
        mapping: a mapping file for columns that are not canonical.
        dry_run: check and count everything, keep nothing.
        actor: who does it, for the audit trail.
        progress: called now and then with (done, total).
        corrections: allow principal, borrower, currency and day of disbursement of a loan to change, and a
            schedule that was changed here.
        policy: by which receipts are allocated; without it the accounts wait for the next who has it.

    Raises:
        FeedError: the file was refused; it carries the faults. Nothing was changed.
    """
    if kind not in KINDS:
        raise FeedError(f"there is no feed {kind!r}; there are {', '.join(KINDS)}")
    what, path = KINDS[kind], Path(path)
    plan = read_mapping(Path(mapping), what) if mapping else Mapping()
    file = File(path, plan.sheet)
    tell = progress or (lambda done, total: None)
    with book.read() as session:
        taken = t.ALL.tables["feed"].c
        last = session.execute(
            select(taken.sha256, taken.mapping_sha256, taken.rows)
            .where(taken.kind == kind)
            .order_by(taken.id.desc())
            .limit(1)
        ).first()
    faults = Faults(path.name)
    # What people change by other ways as well is compared again, row by row.
    if last and last[:2] == (file.sha256, plan.sha256) and kind not in ALSO_CHANGED_ELSEWHERE:
        return Outcome(kind, path.name, last[2], unchanged=last[2], dry_run=dry_run, repeated=True)
    feed = Feed(file, what, plan, faults)
    shelf = shelf_of(what)
    spool = Spool(what, feed.targets)
    try:
        check(book, feed, shelf, spool, faults, corrections, tell)
        faults.raise_if_any()
        outcome = Outcome(
            kind, path.name, feed.rows, skipped=feed.skipped, unknown_columns=feed.unknown_columns, dry_run=dry_run
        )
        return _Load(feed, shelf, spool, corrections, tell, policy).run(book, outcome, actor)
    finally:
        spool.close()


def _loan_of(row: Row) -> Row:
    """The loan that a row is about, for its event."""
    return {"loan_no": row["loan_no"]} if row.get("loan_no") else {}


# Loading: one transaction


class _Load:
    """Loads a checked feed within one transaction."""

    def __init__(
        self, feed: Feed, shelf: Shelf, spool: Spool, corrections: bool, tell: Progress, policy: PolicyFile | None
    ) -> None:
        self.policy, self.owing = policy, set[str]()  # loans of which something else may be owed now
        self.feed, self.kind, self.shelf, self.spool = feed, feed.kind, shelf, spool
        self.corrections, self.tell = corrections, tell
        self.keeps = {c.target for c in self.kind.columns if c.keeps}
        self.added = self.changed = self.unchanged = 0
        self.digest = hashlib.sha256()
        self.branches: list[str] = []
        self.later: list[Row] = []
        self.events: list[audit.Event] = []

    def run(self, book: Book, outcome: Outcome, actor: str) -> Outcome:
        try:
            with book.write(actor, origin="import") as writer:
                self._load(writer)
                duplicates = self.feed.rows - self.spool.count if self.feed.mapping.schedule is None else 0
                outcome = replace(
                    outcome,
                    added=self.added,
                    changed=self.changed,
                    unchanged=self.unchanged + max(duplicates, 0),
                )
                if not self.added and not self.changed and self._known_file(writer.session):
                    return replace(outcome, repeated=True)
                self._enter(writer, outcome)
                if outcome.dry_run:
                    raise _Undo
        except _Undo:
            pass
        except IntegrityError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise FeedError(
                f"{outcome.file_name} was refused by the book, nothing was changed ({reason}); "
                "was the book changed at the same time? import it again"
            ) from error
        self.tell(2 * self.feed.file.size, 2 * self.feed.file.size)
        return outcome

    def _load(self, writer: Writer) -> None:
        session = writer.session
        if session.get_bind().dialect.name == "postgresql":
            # Imports wait for each other, as they do on SQLite; everybody else goes on.
            session.execute(text("LOCK TABLE feed IN SHARE ROW EXCLUSIVE MODE"))
        size, done = self.feed.file.size, 0
        for chunk in self.spool.chunks():
            self._load_chunk(writer, chunk)
            done += len(chunk)
            self.tell(size + size * done // self.spool.count, 2 * size)
        if self.later:
            self.shelf.update(session, (self.kind.own,), self.later)
        self._check_whole(session)
        if self.policy is not None and self.owing:
            if self.kind.name == "repayments":
                self._put_back(writer)
            self._allocate(session, self.policy)
        self._chain(writer)

    def _check_whole(self, session: Session) -> None:
        """What only the book as a whole can tell, once every row is in it."""
        faults = Faults(self.feed.file.path.name)
        for row, column, reason in self.shelf.contradictions(session, self.spool):
            faults.add(self.spool.number(row), column, row[column], reason)
        faults.raise_if_any()

    def _put_back(self, writer: Writer) -> None:
        """PAY-1: an early repayment that bounced leaves the schedule that it found."""
        loan_nos = sorted(self.owing)
        for at in range(0, len(loan_nos), CHUNK):
            for loan_no, receipt_no in schedules.bounced(writer.session, loan_nos[at : at + CHUNK]):
                schedules.put_back(writer, loans.get(writer.session, loan_no), receipt_no)

    def _allocate(self, session: Session, policy: PolicyFile) -> None:
        """PAY-1: what the receipts of these loans pay now."""
        try:
            accounts.refresh(session, policy, self.owing)
        except PostloanError as error:
            raise refused(self.feed.file.path.name, str(error)) from None

    def _load_chunk(self, writer: Writer, chunk: list[Row]) -> None:
        session, shelf = writer.session, self.shelf
        if not self.corrections:
            known_better = len(chunk)
            chunk = shelf.relevant(session, chunk)
            self.unchanged += known_better - len(chunk)
            if not chunk:
                return
        self._add_branches(session, chunk)
        prepared = shelf.prepare(session, chunk)
        touched = {value for _, key, _, _ in prepared for value in key.values()}
        held = shelf.fetch(session, chunk)
        adding: list[Row] = []
        changing: list[Changing] = []
        moved: list[Row] = []
        changes: list[Change] = list(prepared)
        for row in chunk:
            old = held.get(shelf.key(row))
            if old is None:
                adding.append(self._new(row))
                moved.append(row)
                continue
            before = self._differences(old, row)
            if not self.corrections and (fixed := sorted(before.keys() & set(self.kind.fixed))):
                raise self._changed_meanwhile(row, fixed)
            if before:
                key = {name: row[name] for name in self.kind.keys}
                changes.append((self.kind.noun, key | _loan_of(row), before, {name: row[name] for name in before}))
                changing.append(self._changed(row, before))
                moved.append(row)
            elif touched and row[self.kind.keys[0]] in touched:
                self.changed += 1
            else:
                self.unchanged += 1
        shelf.note(session, adding, changing)
        if adding:
            shelf.add(session, adding)
        if changing:
            shelf.change(session, changing)
        if moved:
            changes += shelf.follow(session, moved)
            if self.kind.name in WHAT_IS_OWED:
                self.owing |= {row["loan_no"] for row in moved}
                # What was corrected to be of another loan is owed on, or paid to, the first no longer.
                self.owing |= {before["loan_no"] for _, before in changing if "loan_no" in before}
        self.added += len(adding)
        self.changed += len(changing)
        for change in changes:
            self._note(writer, *change)
        if self.kind.name == "borrowers":
            self._keep_changes(writer, changes)

    def _changed_meanwhile(self, row: Row, fixed: list[str]) -> FeedError:
        """The check before the transaction saw other terms: somebody else imported this row since."""
        which = " ".join(str(row[name]) for name in self.kind.keys)
        return refused(
            self.feed.file.path.name,
            f"the book got this {self.kind.noun} ({which}) with another {', '.join(fixed)} while the file was read; "
            "import it again",
        )

    def _add_branches(self, session: Session, chunk: list[Row]) -> None:
        if self.kind.name == "branches":
            return
        wanted = {row["branch_no"] for row in chunk if row.get("branch_no")}
        new = sorted(wanted - known(session, "branch", "branch_no", wanted))
        if new:
            session.execute(insert(t.ALL.tables["branch"]), [{"branch_no": no, "name": ""} for no in new])
            self.branches += new

    def _new(self, row: Row) -> Row:
        self.digest.update(json.dumps(row, default=str, sort_keys=True, ensure_ascii=False).encode() + b"\n")
        return self._without_own(row)

    def _changed(self, row: Row, before: Row) -> Changing:
        if self.kind.own not in before:
            return row, before
        if row[self.kind.own] is None:  # nothing to wait for
            return row, before
        self.later.append(row)
        return row, {name: value for name, value in before.items() if name != self.kind.own}

    def _without_own(self, row: Row) -> Row:
        """A row may refer to one that comes later in the file: that is filled in at the end."""
        if self.kind.own and row.get(self.kind.own) is not None:
            self.later.append(row)
            return row | {self.kind.own: None}
        return row

    def _differences(self, old: Row, row: Row) -> Row:
        """The changed fields as the book has them now."""
        return {
            name: old[name]
            for name, value in row.items()
            if name in old and old[name] != value and not (name in self.keeps and not value)
        }

    def _note(self, writer: Writer, noun: str, key: Row, before: Row, after: Row) -> None:
        data = {
            **{name: value for name, value in key.items() if name != "loan_no"},
            "before": {name: audit.HIDDEN if name in SECRET else value for name, value in before.items()},
            "after": {name: audit.HIDDEN if name in SECRET else value for name, value in after.items()},
            "file": self.feed.file.path.name,
        }
        self.events.append(
            audit.Event(f"{noun}.changed", key.get("loan_no") or "", "", writer.actor, writer.origin, data=data)
        )
        if len(self.events) >= EVENTS_AT_ONCE:
            self._chain(writer)

    def _keep_changes(self, writer: Writer, changes: list[Change]) -> None:
        """Note which fields of which borrowers changed, for the rules that look at it (INS-11); a field
        that was empty before is only filled in."""
        rows = [
            {"borrower_no": key["borrower_no"], "field": name, "changed_on": writer.now.date()}
            for _, key, before, _ in changes
            for name, old in before.items()
            if old not in ("", None)
        ]
        if rows:
            writer.session.execute(insert(t.ALL.tables["borrower_change"]), rows)

    def _chain(self, writer: Writer) -> None:
        audit.append(writer.session, self.events, writer.now)
        self.events = []

    def _known_file(self, session: Session) -> bool:
        feed, file = t.ALL.tables["feed"].c, self.feed.file
        return (
            session.execute(
                select(feed.id).where(
                    feed.kind == self.kind.name,
                    feed.sha256 == file.sha256,
                    feed.mapping_sha256 == self.feed.mapping.sha256,
                )
            ).first()
            is not None
        )

    def _enter(self, writer: Writer, outcome: Outcome) -> None:
        file, mapping = self.feed.file, self.feed.mapping
        writer.session.add(
            t.Feed(
                kind=self.kind.name,
                file_name=outcome.file_name,
                sha256=file.sha256,
                mapping_sha256=mapping.sha256,
                rows=outcome.rows,
                added=outcome.added,
                changed=outcome.changed,
                taken_at=writer.now,
            )
        )
        writer.record(
            "feed.taken",
            kind=self.kind.name,
            file=outcome.file_name,
            sha256=file.sha256,
            mapping_sha256=mapping.sha256,
            rows=outcome.rows,
            added=outcome.added,
            changed=outcome.changed,
            unchanged=outcome.unchanged,
            skipped=outcome.skipped,
            added_sha256=self.digest.hexdigest() if outcome.added else "",
            branches_added=self.branches,
            unknown_columns=outcome.unknown_columns,
            corrections=self.corrections,
        )
