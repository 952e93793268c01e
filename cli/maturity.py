"""The commands on what is owed and on the end of a loan: accounts, calls, slips, extensions, documents of title."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import col, select

from cli import show
from cli.options import (
    BookOption,
    DayOption,
    FirstOption,
    FormatOption,
    LastOption,
    LoanOption,
    PolicyOption,
    check_period,
    check_state,
    office,
    telling_unknown_years,
)
from cli.show import Format
from postloan.book import accounts, calls, cases, differences, loans, receipts, slips, titles
from postloan.book.tables import EXTENSION_STATES, Case, Extension, ReceiptSlip
from postloan.errors import PostloanError
from postloan.rules import allocation
from tasks.office import Office


def show_account(
    loan_no: str,
    on: DayOption = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """What is owed on a loan, claim by claim, penalty interest to the day included, and what its receipts paid."""
    here = office(book, policy)
    day = on or here.today
    with telling_unknown_years(), here.book.read() as session:
        loan = loans.get(session, loan_no)
        if accounts.kept_by_core(session, [loan_no], day):
            raise PostloanError(
                f"the core system keeps the account of loan {loan_no}, the book has no receipts of it; "
                f"its position: postloan loan {loan_no}"
            )
        books = accounts.open_books(session, here.policy_file, [loan])[loan_no]
        account = allocation.account(books.terms, books.claims, books.receipts, day)
        journal = allocation.journal(books.terms, books.claims, books.receipts, day)
        to_settle = receipts.due_to_settle(session, here.policy_file, loan, day)
    owed = [asdict(one) | {"total": one.total} for one in account.owed if one.total]
    facts = {
        "loan_no": loan_no,
        "as_of": day,
        "principal_outstanding": account.principal_outstanding,
        "overdue": account.overdue,
        "days_past_due": account.days_past_due,
        "excess": account.excess,
        "to_settle_early": to_settle,
        "paid": dict(account.paid),
    }
    entries = [asdict(entry) for entry in journal]
    columns = ["number", "due_on", "fee", "penalty", "interest", "principal", "total"]
    if form is Format.json:
        show.as_json(facts | {"owed": owed, "entries": entries})
    elif form is Format.csv:
        show.listing(owed, columns, form)
    else:
        show.facts(facts | {"paid": ", ".join(f"{part} {amount}" for part, amount in account.paid.items())}, form)
        show.listing(owed, columns, form, f"应还明细 Owed {loan_no} {day}")
        show.listing(entries, ["on", "receipt_no", "claim", "part", "charged", "paid"], form, "收款冲账 What was paid")


def show_calls(
    on: DayOption = None, book: BookOption = None, policy: PolicyOption = None, form: FormatOption = Format.table
) -> None:
    """The call list (电话名单): who did not pay an instalment that was due before the day."""
    here = office(book, policy)
    day = on or here.today
    with telling_unknown_years(), here.book.read() as session:
        rows = [asdict(call) for call in calls.on_day(session, here.policy_file.at(day), day)]
    columns = ["loan_no", "borrower_no", "officer_no", "branch_no", "due_on", "days_past_due", "overdue", "currency"]
    show.listing(rows, columns, form, f"电话名单 Calls {day}")


def print_reminders(
    out: Annotated[Path, typer.Option("--out", help="The PDF to write")],
    on: DayOption = None,
    book: BookOption = None,
    policy: PolicyOption = None,
) -> None:
    """Print the day's reminders to borrowers without telephone and e-mail, grouped by due date, to be posted."""
    from tasks.borrowers import falling_due

    here = office(book, policy)
    day = on or here.today
    with telling_unknown_years(), here.book.read() as session:
        letters = [one for one in falling_due(here, session, day) if one.on_paper]
    institution = here.policy.institution
    title = "还款提醒" if institution.language == "zh" else "Payment reminders"
    page = here.renderer.text(
        f"reports/{institution.language}/instalment_reminders.html",
        title=title,
        institution=institution.name,
        falling_due=letters,
    )
    out.write_bytes(here.renderer.pdf(page))
    show.out.print(f"{out}: {len(letters)} letter(s) for the reminders of {day}", markup=False, highlight=False)


def show_differences(
    on: DayOption = None, book: BookOption = None, policy: PolicyOption = None, form: FormatOption = Format.table
) -> None:
    """Loans about which the core system and the schedule disagree on a day."""
    here = office(book, policy)
    day = on or here.today
    with here.book.read() as session:
        rows = [asdict(one) | {"days": one.days} for one in differences.on_day(session, day)]
    columns = ["loan_no", "days", "core_days", "schedule_days", "core_principal", "schedule_principal",
               "core_overdue", "schedule_overdue"]  # fmt: skip
    show.listing(rows, columns, form, f"核心系统差异 Differences {day}")


def show_slips(
    every: Annotated[bool, typer.Option("--all", help="Also those that came back")] = False,
    loan: LoanOption = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The receipt slips (回执) of notices: those that are out, or all."""
    here = office(book, policy)
    with here.book.read() as session:
        if loan is not None:
            loans.get(session, loan)
        found = (
            session.exec(select(ReceiptSlip).order_by(col(ReceiptSlip.slip_no))) if every else slips.still_out(session)
        )
        rows = [slip.model_dump() for slip in found if loan in (None, slip.loan_no)]
    columns = ["slip_no", "loan_no", "party", "party_no", "state", "handed_over_on", "returned_on", "signed_by"]
    show.listing(rows, columns, form, "回执 Slips")


def show_titles(
    first: FirstOption,
    last: LastOption,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The register of documents of title handed back (权证交还签收登记)."""
    check_period(first, last)
    here = office(book, policy)
    with here.book.read() as session:
        rows = [line.model_dump() for line in titles.register(session, first, last)]
    columns = ["released_on", "collateral_no", "title_document", "loan_no", "received_by", "evidence", "handed_by"]
    show.listing(rows, columns, form, f"权证交还登记 Titles {first} – {last}")


def show_extensions(
    loan: LoanOption = None,
    state: Annotated[str | None, typer.Option(help="applied, signed, in_force, refused or lapsed")] = None,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Applications for extensions, renewals, refinancings and reschedulings, and what became of them."""
    check_state(state, EXTENSION_STATES)
    here = office(book, policy)
    query = select(Extension).order_by(col(Extension.applied_on), col(Extension.case_no))
    if loan is not None:
        query = query.where(Extension.loan_no == loan)
    if state is not None:
        query = query.where(Extension.state == state)
    with here.book.read() as session:
        if loan is not None:
            loans.get(session, loan)
        rows = [one.model_dump() for one in session.exec(query)]
    columns = ["case_no", "loan_no", "variant", "applied_on", "maturity_before", "until_on", "amount", "state",
               "takes_force_on", "in_force_on"]  # fmt: skip
    show.listing(rows, columns, form, "展期 Extensions")


def open_case(
    kind: Annotated[str, typer.Argument(help="extension, receipt, workout_transfer …")],
    loan_no: str,
    book: BookOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Open a case by hand: an extension asked for, a receipt to enter, collection to prepare, a loan to work out."""
    if kind not in cases.BY_HAND:
        raise typer.BadParameter(f"{kind!r} is not opened by hand; these are: {', '.join(cases.BY_HAND)}")
    here = office(book, policy)
    with here.book.write(origin="postloan open") as writer:
        loan = loans.get(writer.session, loan_no)
        case = cases.open_by_hand(writer, here.policy_file, kind, loan, here.today)
    why_not = _start(here, case)
    facts = {"case_no": case.case_no, "kind": kind, "loan_no": loan_no, "due_on": case.due_on, "started": not why_not}
    show.facts(facts, form)
    if why_not:
        show.err.print(f"Its run starts with the next upkeep: {why_not}", markup=False, highlight=False)


def _start(here: Office, case: Case) -> str:
    """Start the case's run if a server is there; else tell why not: the case is open all the same, and upkeep
    starts the runs that are missing."""
    import httpx
    from prefect.exceptions import PrefectException

    from cli.stack import require_server
    from tasks import runs

    try:
        require_server()
    except PostloanError:
        return "no Prefect server answers here"
    try:
        runs.start(here, case)
    except (PostloanError, PrefectException, httpx.HTTPError) as error:
        return str(error)
    return ""
