"""`postloan`: the commands. docs/cli.md describes them and the JSON that they print.

Prefect takes a second to import: commands that need it import it themselves.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, func, select

from cli import collection, delinquency, maturity, registers, reports, show, stack, staff, workout
from cli.options import (
    BookOption,
    DayOption,
    FormatOption,
    PolicyOption,
    check_period,
    check_state,
    day_of,
    office,
    telling_unknown_years,
)
from cli.show import Format
from postloan import feeds, settings
from postloan import policy as policies
from postloan.book import audit, cases, duties, loans, migrate, notices, people
from postloan.book.tables import NOTICE_STATES, HumanTask, Notice, RoundDay
from postloan.card import card, render
from postloan.errors import FeedError, PostloanError
from postloan.rules.roles import ROLES
from tasks.office import Office

app = typer.Typer(
    name="postloan",
    help="贷后管理系统 Post-loan management on Prefect.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def init(book: BookOption = None, policy: PolicyOption = None) -> None:
    """Make the book, or bring an older one up to this version."""
    here = office(book, policy, check=False)
    here.policy_file  # noqa: B018  a wrong policy is refused before anything is made
    before, after = migrate.upgrade(here.book)
    here.vault  # noqa: B018  makes the key file
    where = here.book.url.split("@")[-1]
    if before == after:
        show.out.print(f"The book at {where} is up to date (version {after}).")
    else:
        show.out.print(f"The book at {where} is ready (version {before or 'none'} → {after}).")


@app.command("import")
def import_feed(
    kind: Annotated[str, typer.Argument(help="borrowers, loans, instalments, repayments, positions, …")],
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file")],
    mapping: Annotated[Path | None, typer.Option(help="Mapping file for foreign headers")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing")] = False,
    corrections: Annotated[bool, typer.Option("--corrections", help="Let the file change agreed loan terms")] = False,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Take in a feed: all of it or nothing."""
    if kind not in feeds.KINDS:
        raise typer.BadParameter(f"there is no feed {kind!r}; the kinds are: {', '.join(feeds.KINDS)}")
    here = office(book, policy)
    with Progress(console=show.err, transient=True, disable=not show.err.is_terminal) as bar:
        task = bar.add_task(f"{kind} {file.name}", total=None)
        try:
            taken = feeds.take_in(
                here.book,
                kind,
                file,
                mapping=mapping,
                dry_run=dry_run,
                corrections=corrections,
                policy=here.policy_file,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        except FeedError as error:
            bar.stop()
            _show_faults(error, form)
            raise typer.Exit(1) from None
    show.facts(asdict(taken), form)


def _show_faults(error: FeedError, form: Format) -> None:
    if form is Format.json:
        show.as_json({"refused": str(error), "count": error.count, "faults": [asdict(f) for f in error.faults]})
        return
    show.err.print(str(error), style="red", markup=False)
    for fault in error.faults:
        show.err.print(f"  {fault}", markup=False, highlight=False)
    if error.count > len(error.faults):
        show.err.print(f"  … and {error.count - len(error.faults)} more", markup=False)
    show.err.print("Nothing was changed.", style="bold")


@app.command()
def day(
    on: DayOption = None,
    no_cases: Annotated[bool, typer.Option("--no-cases", help="Work everything out but start no flow run")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also for a day more than a year ahead")] = False,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The daily round for a day, catching up on missed ones."""
    here = office(book, policy)
    if on is not None and not force:
        _refuse_far_ahead(here, on)
    if no_cases:
        from tasks.round import work_out

        show.facts(work_out(here, on or here.today).as_json(), form)
        return
    from cli.stack import require_server

    require_server()
    from flows.daily import daily_round

    state = daily_round(on, return_state=True)
    if state.is_failed() and state.name != "Alarm":
        state.result()  # raises what went wrong
    show.facts(state.data if isinstance(state.data, dict) else _result(state), form)


def _refuse_far_ahead(here: Office, day: date) -> None:
    """A round cannot be undone: a mistyped year would open the work of years."""
    with here.book.read() as session:
        last = session.exec(select(func.max(RoundDay.day))).one()
    furthest = max(here.today, last or here.today) + timedelta(days=366)
    if day > furthest:
        raise PostloanError(f"{day} is more than a year ahead; is the year right? if it is: --force")


def _result(state: object) -> dict:
    return state.result(raise_on_failure=False)  # type: ignore[attr-defined]


@app.command()
def due(
    first: Annotated[date, typer.Option("--from", parser=day_of, help="First day")],
    last: Annotated[date, typer.Option("--to", parser=day_of, help="Last day, inclusive")],
    loan: Annotated[str | None, typer.Option(help="One loan only")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The duties that fall in a period; reads only."""
    check_period(first, last)
    here = office(book, policy)
    with telling_unknown_years(), here.book.read() as session:
        if loan is not None:
            loans.get(session, loan)
        found = duties.between(session, here.policy_file, first, last, here.today, loan)
    rows = [asdict(duty) for duty in found]
    show.listing(rows, ["due_on", "loan_no", "branch_no", "kind", "rule"], form, f"到期职责 Duties {first} – {last}")


@app.command("loan")
def show_loan(
    loan_no: str,
    on: DayOption = None,
    form: Annotated[str, typer.Option("--format", help="json, md, html, pdf or table")] = "table",
    out: Annotated[Path | None, typer.Option("--out", help="File to write to (pdf: default LOAN.pdf)")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
) -> None:
    """A loan's card (贷后管理卡) as of a day."""
    if form not in ("json", "md", "html", "pdf", "table", "csv"):
        raise typer.BadParameter(f"--format {form!r}: use json, md, html, pdf, table or csv")
    here = office(book, policy)
    with telling_unknown_years(), here.book.read() as session:
        shown = card(session, here.policy_file, loan_no, on or here.today)
    if form == "json":
        if out is not None:
            out.write_text(show.json_text(shown))
            return
        show.as_json(shown)
    elif form in ("table", "csv"):
        short = ("loan_no", "as_of", "principal_outstanding", "overdue", "days_past_due", "bucket", "risk_class")
        facts = {name: shown[name] for name in short}
        facts["cases"] = [f"{c['case_no']} {c['state']} {c['outcome']}".strip() for c in shown["cases"]]
        facts["documents"] = [d["document_no"] for d in shown["documents"]]
        facts["signals"] = [s["kind"] for s in shown["signals"]]
        facts["events"] = len(shown["events"])
        show.facts(facts, Format(form))
    else:
        policy_now = here.policy
        made = render(here.renderer, shown, form, policy_now.institution.language, policy_now.institution.name)
        if isinstance(made, str) and out is None:
            sys.stdout.write(made + "\n")
            return
        target = out or Path(re.sub(r"[^\w.-]", "_", loan_no).lstrip(".") + f".{form}")
        target.write_bytes(made if isinstance(made, bytes) else made.encode())
        show.out.print(str(target), markup=False)


@app.command()
def inbox(
    role: Annotated[str | None, typer.Option(help="One role only")] = None,
    staff: Annotated[str | None, typer.Option(help="What this person may answer, deputising included")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """What waits for whom, since when, until when, with the link."""
    from tasks import digest

    here = office(book, policy)
    if role is not None and role not in ROLES:
        raise typer.BadParameter(f"there is no role {role!r}; the roles are: {', '.join(ROLES)}")
    with here.book.read() as session:
        if staff is not None:
            people.get(session, staff)
        rows = digest.inbox(here, session, role=role, staff_no=staff)
    show.listing(rows, ["due_on", "case_no", "loan_no", "step", "attempt", "role", "staff_no", "run_url"], form, "待办")


@app.command("case")
def show_case(
    case_no: str, book: BookOption = None, policy: PolicyOption = None, form: FormatOption = Format.table
) -> None:
    """One case: its steps, answers and who signed."""
    here = office(book, policy)
    with here.book.read() as session:
        case = cases.get(session, case_no)
        steps = [s.model_dump() for s in cases.steps(session, case_no)]
        asked = session.exec(
            select(HumanTask).where(HumanTask.case_no == case_no).order_by(col(HumanTask.asked_at))
        ).all()
        tasks = [t.model_dump() for t in asked]
    if form is Format.json:
        show.as_json(case.model_dump() | {"steps": steps, "tasks": tasks})
        return
    show.facts(case.model_dump(), form)
    show.listing(
        steps, ["step", "duty", "staff_no", "on_behalf_of", "attempt", "done_at", "result"], form, "步骤 Steps"
    )
    show.listing(tasks, ["step", "attempt", "role", "staff_no", "due_on", "state", "reason"], form, "提问 Asked")


@app.command("notice")
def show_notice(
    notice_no: str, book: BookOption = None, policy: PolicyOption = None, form: FormatOption = Format.table
) -> None:
    """A notice as sent."""
    here = office(book, policy)
    with here.book.read() as session:
        notice = notices.get(session, notice_no)
    show.facts(notice.model_dump(), form)


@app.command("notices")
def list_notices(
    loan: Annotated[str | None, typer.Option(help="One loan only")] = None,
    state: Annotated[str | None, typer.Option(help="queued, sending, sent, failed or given_up")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The register of notices."""
    here = office(book, policy)
    query = select(Notice).order_by(col(Notice.queued_at))
    check_state(state, NOTICE_STATES)
    if loan:
        query = query.where(Notice.loan_no == loan)
    if state:
        query = query.where(Notice.state == state)
    with here.book.read() as session:
        if loan:
            loans.get(session, loan)
        rows = [n.model_dump() for n in session.exec(query)]
    show.listing(
        rows, ["notice_no", "kind", "loan_no", "recipient_no", "channel", "state", "tries", "sent_at"], form, "通知登记"
    )


@app.command("calendar")
def show_calendar(
    first: Annotated[date, typer.Option("--from", parser=day_of)],
    last: Annotated[date, typer.Option("--to", parser=day_of)],
    policy: PolicyOption = None,
    book: BookOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Each day of a period: worked or not, and why."""
    check_period(first, last)
    settings.export(policy=policy)
    here = Office.open()
    with telling_unknown_years():
        days = list(here.policy.working_days.days(first, last))
    show.listing([{"date": d.date, "working": d.working, "why": d.why} for d in days], ["date", "working", "why"], form)


# ------------------------------------------------------------------------------ policy, audit

policy_app = typer.Typer(no_args_is_help=True, help="Validate and explain the policy.")
app.add_typer(policy_app, name="policy")


@policy_app.command("check")
def policy_check(policy: PolicyOption = None, book: BookOption = None) -> None:
    """Validate the policy on every day on which a value changes."""
    settings.export(policy=policy)
    file = policies.load(settings.load().policy)
    show.out.print(f"{file.name}: valid, version {file.version}, {len(file.periods())} period(s)", markup=False)


@policy_app.command("show")
def policy_show(on: DayOption = None, policy: PolicyOption = None, book: BookOption = None) -> None:
    """The values in force on a day, as JSON."""
    settings.export(policy=policy)
    here = Office.open()
    show.as_json(here.policy_file.at(on or here.today).model_dump(mode="json"))


@policy_app.command("explain")
def policy_explain(
    key: str,
    on: DayOption = None,
    policy: PolicyOption = None,
    book: BookOption = None,
    form: FormatOption = Format.table,
) -> None:
    """A key's rule, source, unit, what is allowed, and its value."""
    settings.export(policy=policy)
    here = Office.open()
    explained = policies.explain(key)
    value: object = here.policy_file.at(on or here.today)
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
    show.facts(explained | {"value": value}, form)


audit_app = typer.Typer(no_args_is_help=True, help="The audit trail.")
app.add_typer(audit_app, name="audit")


@audit_app.command("verify")
def audit_verify(book: BookOption = None, policy: PolicyOption = None, form: FormatOption = Format.table) -> None:
    """Re-compute the chain; names the first broken link (exit status 1)."""
    here = office(book, policy)
    with here.book.read() as session:
        verdict = audit.verify(session)
    found = {"ok": verdict.ok, "events": verdict.events, "head": verdict.head, "broken_at": verdict.broken_at}
    show.facts(found | ({"reason": verdict.reason} if verdict.reason else {}), form)
    if not verdict.ok:
        raise typer.Exit(1)


# ------------------------------------------------------------- registers, reports, staff, demo

app.command("account")(maturity.show_account)
app.command("calls")(maturity.show_calls)
app.command("letters")(maturity.print_reminders)
app.command("differences")(maturity.show_differences)
app.command("slips")(maturity.show_slips)
app.command("titles")(maturity.show_titles)
app.command("extensions")(maturity.show_extensions)
app.command("open")(maturity.open_case)
app.command("worklist")(collection.show_work_list)
app.command("contact")(collection.show_permission)
app.command("permit")(collection.ask_permission)
app.command("contact-result")(collection.enter_result)
app.command("contacts")(collection.show_contacts)
app.command("promises")(collection.show_promises)
app.command("stages")(collection.show_stages)
app.command("workout")(workout.show_workout)
app.command("recoveries")(workout.show_recoveries)
app.command("ledger")(registers.show_ledger)
app.command("funds")(registers.show_funds)
app.command("worklog")(registers.show_work_log)
app.command("groups")(registers.show_groups)
app.command("suspensions")(registers.show_suspensions)
app.command("findings")(registers.show_findings)
app.command("delinquency")(delinquency.show_delinquency)

app.add_typer(staff.app, name="staff")
app.add_typer(reports.app, name="report")
app.command("up")(stack.up)
app.command("demo")(stack.demo)


def main(words: Sequence[str] | None = None) -> None:
    """The entry point: errors for people, no traceback for what was refused."""
    try:
        app(words)
    except PostloanError as error:
        show.err.print(str(error), style="red", markup=False, highlight=False)
        sys.exit(1)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        show.err.print(f"the book refused it: {reason}", style="red", markup=False)
        sys.exit(1)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        show.err.print(f"a file cannot be read or written: {what}", style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
