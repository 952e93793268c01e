"""Groups of customers in the book (客户群): worked out by the round, seen as one exposure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, or_, select
from sqlmodel import Session

from postloan.book import tables as t
from postloan.book.engine import Writer
from postloan.book.standings import only, settlements, standings
from postloan.errors import NotFound
from postloan.rules.groups import groups
from postloan.rules.position import bucket

MEMBER = t.GroupMember.__table__.c  # type: ignore[attr-defined]
LOAN = t.Loan.__table__.c  # type: ignore[attr-defined]
SIGNAL = t.Signal.__table__.c  # type: ignore[attr-defined]


def refresh(writer: Writer) -> int:
    """Work out the groups anew from relations and guarantees; gives how many borrowers changed theirs.

    A guarantee connects two borrowers where the guarantor's number is a borrower's.
    """
    session = writer.session
    relation, guarantee = t.Relation.__table__.c, t.Guarantee.__table__.c  # type: ignore[attr-defined]
    borrower = t.Borrower.__table__.c  # type: ignore[attr-defined]
    pairs = session.execute(select(relation.borrower_no, relation.other_no)).tuples().all()
    vouched = session.execute(
        select(guarantee.guarantor_no, LOAN.borrower_no)
        .join(LOAN.loan_no.table, LOAN.loan_no == guarantee.loan_no)
        .join(borrower.borrower_no.table, borrower.borrower_no == guarantee.guarantor_no)
        .distinct()
    )
    wanted = {
        who: (group.group_no, who in group.circle)
        for group in groups(pairs, vouched.tuples().all())
        for who in group.members
    }
    known = {row.borrower_no: (row.group_no, row.circle) for row in session.execute(select(MEMBER.group_no.table))}
    changed = sorted(who for who in wanted.keys() | known.keys() if wanted.get(who) != known.get(who))
    if not changed:
        return 0
    session.execute(delete(t.GroupMember).where(MEMBER.borrower_no.in_(changed)))
    rows = [
        {"borrower_no": who, "group_no": wanted[who][0], "circle": wanted[who][1]} for who in changed if who in wanted
    ]
    if rows:
        session.execute(insert(t.GroupMember), rows)
    writer.record("groups.changed", members={who: wanted.get(who, ("",))[0] for who in changed})
    return len(changed)


def overview(session: Session, as_of: date, group_no: str | None = None) -> list[dict[str, Any]]:
    """Each group as one exposure at the end of a day: members, circle, running loans, outstanding, days
    past due (the worst), open signals; amounts added up by currency, largest first."""
    where, settled = standings(as_of), settlements()
    query = (
        select(
            MEMBER.group_no,
            LOAN.currency,
            func.count(LOAN.loan_no).label("loans"),
            func.sum(where.c.principal_outstanding).label("outstanding"),
            func.sum(where.c.overdue).label("overdue"),
            func.max(where.c.days_past_due).label("days_past_due"),
        )
        .join(LOAN.loan_no.table, LOAN.borrower_no == MEMBER.borrower_no)
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(LOAN.disbursed_on <= as_of, or_(settled.c.settled_on.is_(None), settled.c.settled_on > as_of))
        .group_by(MEMBER.group_no, LOAN.currency)
    )
    if group_no is not None:
        query = query.where(MEMBER.group_no == group_no)
    members = _members(session, group_no)
    signals = _open_signals(session, as_of)
    if group_no is not None and group_no not in members:
        raise NotFound(f"there is no group {group_no!r}; see: postloan groups")
    found = [
        {
            "group_no": row.group_no,
            "members": [who for who, _ in members[row.group_no]],
            "circle": [who for who, circle in members[row.group_no] if circle],
            "currency": row.currency,
            "loans": row.loans,
            "outstanding": row.outstanding,
            "overdue": row.overdue,
            "days_past_due": row.days_past_due,
            "bucket": bucket(row.days_past_due),
            "open_signals": sum(signals.get(who, 0) for who, _ in members[row.group_no]),
        }
        for row in session.execute(query)
    ]
    return sorted(found, key=lambda row: (-row["outstanding"], row["group_no"]))


def members(session: Session, group_no: str, as_of: date) -> list[dict[str, Any]]:
    """The members of a group, each with its own exposure. Raises NotFound."""
    known = _members(session, group_no)
    if group_no not in known:
        raise NotFound(f"there is no group {group_no!r}; see: postloan groups")
    return exposures(session, known[group_no], as_of)


def exposures(session: Session, members: Sequence[tuple[str, bool]], as_of: date) -> list[dict[str, Any]]:
    """What each of these borrowers owes at the end of a day; (number, whether in a circle) of each."""
    theirs = select(LOAN.loan_no).where(LOAN.borrower_no.in_([who for who, _ in members]))
    numbers = session.execute(theirs).scalars().all()
    with only(numbers):
        where, settled = standings(as_of), settlements()
    rows = session.execute(
        select(
            LOAN.borrower_no,
            func.sum(where.c.principal_outstanding).label("outstanding"),
            func.max(where.c.days_past_due).label("days_past_due"),
        )
        .join(where, where.c.loan_no == LOAN.loan_no)
        .outerjoin(settled, settled.c.loan_no == LOAN.loan_no)
        .where(LOAN.disbursed_on <= as_of, or_(settled.c.settled_on.is_(None), settled.c.settled_on > as_of))
        .group_by(LOAN.borrower_no)
    )
    exposure = {row.borrower_no: row for row in rows}
    signals = _open_signals(session, as_of, [who for who, _ in members])
    return [
        {
            "borrower_no": who,
            "circle": circle,
            "outstanding": exposure[who].outstanding if who in exposure else Decimal("0.00"),
            "days_past_due": exposure[who].days_past_due if who in exposure else 0,
            "open_signals": signals.get(who, 0),
        }
        for who, circle in members
    ]


def group_of(session: Session, borrower_no: str) -> str:
    """The number of a borrower's group; "" for one who stands alone."""
    found = session.get(t.GroupMember, borrower_no)
    return found.group_no if found else ""


def as_known(session: Session, borrower_no: str, moment: datetime) -> tuple[str, list[tuple[str, bool]]]:
    """A borrower's group as the rounds before a moment worked it out: its number, and its members with
    whether they stand in a circle; ("", []) for one who stood alone. Of members that left it since, the
    trail does not tell whether they stood in a circle."""
    event = t.AuditEvent.__table__.c  # type: ignore[attr-defined]
    changed = select(event.data).where(event.event == "groups.changed")
    if not session.execute(changed.where(event.at >= moment).limit(1)).first():
        group_no = group_of(session, borrower_no)
        return group_no, _members(session, group_no)[group_no] if group_no else []
    then: dict[str, str] = {}
    for data in session.execute(changed.where(event.at < moment).order_by(event.seq)).scalars():
        then |= json.loads(data)["members"]
    group_no = then.get(borrower_no, "")
    if not group_no:
        return "", []
    circles = {who for who, circle in _members(session, group_no).get(group_no, []) if circle}
    return group_no, sorted((who, who in circles) for who, other in then.items() if other == group_no)


def _members(session: Session, group_no: str | None) -> dict[str, list[tuple[str, bool]]]:
    query = select(MEMBER.group_no, MEMBER.borrower_no, MEMBER.circle).order_by(MEMBER.borrower_no)
    if group_no is not None:
        query = query.where(MEMBER.group_no == group_no)
    found: dict[str, list[tuple[str, bool]]] = {}
    for number, who, circle in session.execute(query):
        found.setdefault(number, []).append((who, circle))
    return found


def _open_signals(session: Session, as_of: date, borrowers: Sequence[str] | None = None) -> dict[str, int]:
    """How many signals are open on each of the borrowers, or each member of any group, or a loan of theirs."""
    whose = func.coalesce(SIGNAL.borrower_no, LOAN.borrower_no)
    wanted = whose.in_(select(MEMBER.borrower_no) if borrowers is None else borrowers)
    rows: Sequence[Any] = session.execute(
        select(whose, func.count())
        .select_from(SIGNAL.id.table)
        .outerjoin(LOAN.loan_no.table, LOAN.loan_no == SIGNAL.loan_no)
        .where(wanted, SIGNAL.seen_on <= as_of, or_(SIGNAL.cleared_on.is_(None), SIGNAL.cleared_on > as_of))
        .group_by(whose)
    ).all()
    return {who: count for who, count in rows}
