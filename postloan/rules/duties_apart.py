"""REC-6: incompatible duties. Who may sign a step of a case, and on whose behalf."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A member of staff as the rule sees one.

    Attributes:
        staff_no: the staff number.
        roles: the roles held.
        branch_no: the branch; empty for head office, which serves every branch.
        deputy_no: who acts while this person is absent.
        absent: absent on the day of the decision.
        active: still employed.
    """

    staff_no: str
    roles: frozenset[str]
    branch_no: str = ""
    deputy_no: str = ""
    absent: bool = False
    active: bool = True


@dataclass(frozen=True)
class Mandate:
    """For whom a step waits: one person, or everyone with a role in a branch."""

    role: str
    staff_no: str = ""
    branch_no: str = ""


def holders(mandate: Mandate, people: Iterable[Person]) -> list[Person]:
    """The active people whom the mandate names, absent or not.

    A role at a branch is also filled by head office (no branch), and by any branch when nobody
    of the loan's own branch holds it: a step must never wait for no one.
    """
    active = [p for p in people if p.active]
    if mandate.staff_no:
        return [p for p in active if p.staff_no == mandate.staff_no]
    with_role = [p for p in active if mandate.role in p.roles]
    near = [p for p in with_role if not mandate.branch_no or p.branch_no in ("", mandate.branch_no)]
    return near or with_role


def signatories(mandate: Mandate, people: Collection[Person]) -> dict[str, str]:
    """Who may sign, as {staff number: staff number represented}.

    Present holders represent themselves; an absent holder is represented by the deputy. A deputy
    who is absent too hands on to the deputy's own deputy.
    """
    by_no = {p.staff_no: p for p in people if p.active}
    allowed: dict[str, str] = {}
    for holder in holders(mandate, people):
        acting, seen = holder, {holder.staff_no}
        while acting.absent and acting.deputy_no in by_no and acting.deputy_no not in seen:
            acting = by_no[acting.deputy_no]
            seen.add(acting.staff_no)
        # Someone marked absent who has no deputy left is still the only one who can act.
        if not acting.absent or acting is holder:
            allowed.setdefault(acting.staff_no, holder.staff_no)
    return allowed


def incompatible(duty: str, staff_no: str, signed: Iterable[tuple[str, str]]) -> str | None:
    """The duty of this case that `staff_no` filled already and that excludes `duty`, or None.

    Args:
        duty: what is to be signed now: report, sign, review, approve …
        staff_no: who wants to sign.
        signed: (duty, staff number) of every accepted step of the case, those represented by a
            deputy included.

    The same duty may be done again by the same person (a report after rework).
    """
    return next((other for other, who in signed if who == staff_no and other != duty), None)
