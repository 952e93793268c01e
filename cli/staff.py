"""`postloan staff`: people, roles, one-time codes and deputies."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import segno
import typer
from sqlmodel import col, select

from cli import show
from cli.options import BookOption, FormatOption, PolicyOption, day_of, office
from cli.show import Format
from postloan.book import people
from postloan.book.tables import Absence, Branch, Staff, StaffRole
from postloan.errors import PostloanError
from postloan.rules.roles import ROLES

app = typer.Typer(no_args_is_help=True, help="People, roles, one-time codes, deputies.")


@app.command()
def add(
    staff_no: str,
    name: str,
    role: Annotated[list[str], typer.Option(help="A role; repeat for more")],
    branch: Annotated[str | None, typer.Option(help="Branch number; none: head office")] = None,
    email: str = "",
    phone: str = "",
    deputy: Annotated[str | None, typer.Option(help="Who acts while this person is absent")] = None,
    language: Annotated[str, typer.Option(help="zh or en; empty: the institution's")] = "",
    book: BookOption = None,
    policy: PolicyOption = None,
) -> None:
    """Add a member of staff, or change one: roles and addresses become as given here."""
    unknown = [r for r in role if r not in ROLES]
    if unknown:
        raise PostloanError(f"there is no role {', '.join(unknown)}; the roles are: {', '.join(ROLES)}")
    if deputy == staff_no:
        raise PostloanError(f"{staff_no} cannot be the deputy of themselves")
    here = office(book, policy)
    with here.book.write(origin="postloan staff add") as writer:
        session = writer.session
        if deputy is not None:
            people.get(session, deputy)
        if branch is not None and session.get(Branch, branch) is None:
            session.add(Branch(branch_no=branch, name=branch))
            session.flush()
        person = session.get(Staff, staff_no)
        event = "staff.added" if person is None else "staff.changed"
        person = person or Staff(staff_no=staff_no, name=name)
        person.name, person.branch_no, person.email, person.phone = name, branch, email, phone
        person.deputy_no, person.language, person.active = deputy, language, True
        session.add(person)
        session.flush()
        for old in session.exec(select(StaffRole).where(StaffRole.staff_no == staff_no)):
            session.delete(old)
        session.flush()
        session.add_all(StaffRole(staff_no=staff_no, role=r) for r in dict.fromkeys(role))
        writer.record(event, staff_no=staff_no, roles=sorted(role), branch=branch, deputy=deputy)
    show.out.print(f"{staff_no} {name}: {', '.join(role)}. Next: postloan staff enrol {staff_no}", markup=False)


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
    book: BookOption = None,
    policy: PolicyOption = None,
) -> None:
    """Note an absence: the deputy may sign on these days."""
    if last < first:
        raise typer.BadParameter(f"--until {last} is before --from {first}")
    here = office(book, policy)
    with here.book.write(origin="postloan staff absent") as writer:
        person = people.get(writer.session, staff_no)
        writer.session.merge(Absence(staff_no=staff_no, from_on=first, until_on=last))
        writer.record("staff.absent", staff_no=staff_no, first=first, last=last)
    acting = person.deputy_no or "nobody: name a deputy with postloan staff add --deputy"
    show.out.print(f"{staff_no} is away {first} to {last}; acting: {acting}", markup=False)
