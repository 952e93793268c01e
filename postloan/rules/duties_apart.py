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


def holders(mandate: Mandate, people: Iterable[Person], barred: Collection[str] = ()) -> list[Person]:
    """The active people whom the mandate names, absent or not, without those who are barred.

    Somebody named who has left, lost the role or is barred gives way to everybody with the role. A
    role at a branch is also filled by head office (no branch), and by any branch when nobody of the
    loan's own branch can fill it: a step must never wait for no one.
    """
    able = [p for p in people if p.active and mandate.role in p.roles and p.staff_no not in barred]
    named = [p for p in able if p.staff_no == mandate.staff_no]
    near = [p for p in able if not mandate.branch_no or p.branch_no in ("", mandate.branch_no)]
    return named or near or able


def signatories(mandate: Mandate, people: Collection[Person], barred: Collection[str] = ()) -> dict[str, str]:
    """Who may sign, as {staff number: staff number represented}.

    Present holders represent themselves; an absent holder is represented by the deputy. A deputy
    who is absent too hands on to the deputy's own deputy. If nobody is left, the absent holders
    themselves may sign after all.

    Args:
        barred: who filled another duty of the case, and may not act in this one, nor for another.
    """
    by_no = {p.staff_no: p for p in people if p.active and p.staff_no not in barred}
    held = holders(mandate, people, barred)
    allowed = {p.staff_no: p.staff_no for p in held if not p.absent}
    for holder in (p for p in held if p.absent):
        acting, seen = holder, {holder.staff_no}
        while acting.absent and acting.deputy_no in by_no and acting.deputy_no not in seen:
            acting = by_no[acting.deputy_no]
            seen.add(acting.staff_no)
        if not acting.absent:
            allowed.setdefault(acting.staff_no, holder.staff_no)
    return allowed or {p.staff_no: p.staff_no for p in held}


def barred(duty: str, signed: Iterable[tuple[str, str]]) -> set[str]:
    """REC-6: who may not fill `duty` in a case, because they filled another.

    Args:
        duty: what is to be signed now: report, sign, review, approve …
        signed: (duty, staff number) of every accepted step of the case, those represented by a
            deputy included.

    The same duty may be done again by the same person (a report after rework).
    """
    return {who for other, who in signed if other != duty}
