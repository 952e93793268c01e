"""`postloan staff`: people, roles, one-time codes and deputies."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import segno
import typer
from sqlalchemy import delete
from sqlmodel import col, select

from cli import show
from cli.options import BookOption, FormatOption, PolicyOption, day_of, office
from cli.show import Format
from postloan.book import people
from postloan.book.tables import Absence, Branch, Staff, StaffRole
from postloan.errors import PostloanError
from postloan.feeds import KINDS

app = typer.Typer(no_args_is_help=True, help="People, roles, one-time codes, deputies.")


@app.command()
def add(
    staff_no: str,
    name: Annotated[str | None, typer.Argument(help="Needed for somebody new")] = None,
    role: Annotated[list[str] | None, typer.Option(help="A role; repeat for more. They replace earlier ones")] = None,
    branch: Annotated[str | None, typer.Option(help='Branch number; "": head office')] = None,
    email: str | None = None,
    phone: str | None = None,
    deputy: Annotated[str | None, typer.Option(help='Who acts while this person is absent; "": nobody')] = None,
    language: Annotated[str | None, typer.Option(help='zh or en; "": the institution\'s')] = None,
    active: Annotated[bool | None, typer.Option("--active/--left", help="Whether the person works here")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
) -> None:
    """Add a member of staff, or change one: what is not given stays as it is."""
    given = _read(
        {"staff_no": staff_no, "name": name, "branch": branch, "email": email, "phone": phone, "language": language,
         "deputy": deputy, "roles": "、".join(role) if role is not None else None}
    )  # fmt: skip
    number = given["staff_no"]
    if given.get("deputy") == number:
        raise PostloanError(f"{number} cannot be the deputy of themselves")
    here = office(book, policy)
    with here.book.write(origin="postloan staff add") as writer:
        session = writer.session
        person = session.get(Staff, number)
        if person is None and not (given.get("name") and given.get("roles")):
            raise PostloanError(f"there is no {number} yet: give a name and at least one --role")
        if given.get("deputy"):
            people.get(session, given["deputy"])
        if given.get("branch") and session.get(Branch, given["branch"]) is None:
            session.add(Branch(branch_no=given["branch"], name=given["branch"]))
            session.flush()
        event = "staff.added" if person is None else "staff.changed"
        person = person or Staff(staff_no=number, name=given["name"])
        for field, key, empty in FIELDS:
            if key in given:
                setattr(person, field, given[key] or empty)
        person.active = person.active if active is None else active
        session.add(person)
        session.flush()
        if "roles" in given:
            session.execute(delete(StaffRole).where(col(StaffRole.staff_no) == number))
            session.add_all(StaffRole(staff_no=number, role=one) for one in given["roles"])
            session.flush()
        roles = sorted(session.exec(select(StaffRole.role).where(StaffRole.staff_no == number)))
        writer.record(
            event, staff_no=number, roles=roles, branch=person.branch_no, deputy=person.deputy_no, active=person.active
        )
        enrolled = person.code_secret is not None
    then = "" if enrolled else f". Next: postloan staff enrol {number}"
    show.out.print(f"{number} {person.name}: {', '.join(roles)}{then}", markup=False)


# Of the person, in what was given, and what an empty one means.
FIELDS = (
    ("name", "name", ""), ("branch_no", "branch", None), ("email", "email", ""), ("phone", "phone", ""),
    ("deputy_no", "deputy", None), ("language", "language", ""),
)  # fmt: skip


def _read(given: dict[str, str | None]) -> dict[str, Any]:
    """What was given, read as the staff feed reads it. Raises PostloanError naming the field."""
    columns = {column.name: column for column in KINDS["staff"].columns}
    found: dict[str, Any] = {}
    for name, text in given.items():
        if text is None:
            continue
        if not text.strip():
            if name in ("staff_no", "name", "roles"):
                raise PostloanError(f"{name} is empty")
            found[name] = ""
            continue
        try:
            found[name] = columns[name].read(text.strip())
        except ValueError as error:
            raise PostloanError(f"{name} {text!r} {error}") from None
    return found


@app.command()
def enrol(staff_no: str, book: BookOption = None, policy: PolicyOption = None) -> None:
    """Give a person a new one-time-code secret and show its QR code."""
    here = office(book, policy)
    with here.book.write(origin="postloan staff enrol") as writer:
        address = people.enrol(writer, here.vault, staff_no, here.policy.institution.name)
    segno.make(address).terminal(compact=True)
    show.out.print(f"Scan this with an authenticator app as {staff_no}, or enter: {address}", markup=False)
    show.out.print("Earlier codes of this person no longer count. Do not keep this screen.", style="bold")


@app.command("list")
def list_staff(book: BookOption = None, policy: PolicyOption = None, form: FormatOption = Format.table) -> None:
    """Everybody, with roles, deputies and whether they can sign."""
    here = office(book, policy)
    with here.book.read() as session:
        known = {p.staff_no: p for p in people.everyone(session, here.today)}
        rows = [
            {
                "staff_no": s.staff_no,
                "name": s.name,
                "roles": sorted(known[s.staff_no].roles),
                "branch_no": s.branch_no or "",
                "deputy_no": s.deputy_no or "",
                "absent": known[s.staff_no].absent,
                "enrolled": s.code_secret is not None,
                "active": s.active,
            }
            for s in session.exec(select(Staff).order_by(col(Staff.staff_no)))
        ]
    columns = ["staff_no", "name", "roles", "branch_no", "deputy_no", "absent", "enrolled", "active"]
    show.listing(rows, columns, form, "员工 Staff")


@app.command()
def absent(
    staff_no: str,
    first: Annotated[date, typer.Option("--from", parser=day_of, help="First day away")],
    last: Annotated[date, typer.Option("--until", parser=day_of, help="Last day away, inclusive")],
    cancel: Annotated[bool, typer.Option("--cancel", help="Not away after all on these days")] = False,
    book: BookOption = None,
    policy: PolicyOption = None,
) -> None:
    """Note an absence: the deputy may sign on these days."""
    if last < first:
        raise typer.BadParameter(f"--until {last} is before --from {first}")
    here = office(book, policy)
    with here.book.write(origin="postloan staff absent") as writer:
        person = people.get(writer.session, staff_no)
        # It takes the place of those that it overlaps.
        writer.session.execute(
            delete(Absence).where(
                col(Absence.staff_no) == staff_no, col(Absence.from_on) <= last, col(Absence.until_on) >= first
            )
        )
        if not cancel:
            writer.session.add(Absence(staff_no=staff_no, from_on=first, until_on=last))
        writer.record("staff.present" if cancel else "staff.absent", staff_no=staff_no, first=first, last=last)
    if cancel:
        show.out.print(f"{staff_no} is not away {first} to {last}", markup=False)
        return
    acting = person.deputy_no or "nobody: name a deputy with postloan staff add --deputy"
    show.out.print(f"{staff_no} is away {first} to {last}; acting: {acting}", markup=False)
