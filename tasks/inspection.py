"""The machine's steps of an inspection: assigning, announcing, recording signals, archiving."""

from __future__ import annotations

from typing import Any

from prefect import task
from sqlmodel import col, select

from postloan.book import cases, documents, loans, people
from postloan.book.notices import borrower_recipient
from postloan.book.tables import Case, Signal
from postloan.errors import PostloanError
from postloan.rules.duties_apart import Mandate, holders
from tasks.notices import queue
from tasks.office import Office

OFFICER = "account_officer"


@task(name="assign-officer")
def assign_officer(case_no: str) -> str:
    """The loan's own account officer, else the least-loaded one of the branch (INS-13).

    Raises PostloanError when nobody holds the role: the round tries again after one was added.
    """
    office = Office.open()
    with office.book.write(origin="assign-officer") as writer:
        case = cases.get(writer.session, case_no)
        done = cases.result(writer.session, case_no, "assign")
        if done is not None:
            return done.result["staff_no"]
        loan = loans.get(writer.session, case.loan_no)
        everyone = people.everyone(writer.session, office.today)
        own = holders(Mandate(OFFICER, loan.officer_no), everyone) if loan.officer_no else []
        if own:
            chosen, why = own[0].staff_no, "the loan's own officer"
        else:
            able = [p for p in holders(Mandate(OFFICER, branch_no=loan.branch_no or ""), everyone)]
            able = [p for p in able if not p.absent] or able
            if not able:
                raise PostloanError(
                    f"nobody can inspect loan {loan.loan_no}: no active staff holds the role {OFFICER}; "
                    "add one with: postloan staff add"
                )
            load = people.customers_of(writer.session, [p.staff_no for p in able])
            chosen = min(able, key=lambda p: (load[p.staff_no], p.staff_no)).staff_no
            why = f"least-loaded of the branch ({load[chosen]} customers)"
        return cases.finish_step(writer, case, "assign", {"staff_no": chosen, "why": why})["staff_no"]


@task(name="announce-to-borrower")
def announce(case_no: str) -> None:
    """Tell the borrower that the inspection is coming, once."""
    office = Office.open()
    with office.book.write(origin="announce-to-borrower") as writer:
        case = cases.get(writer.session, case_no)
        borrower = loans.borrower_of(writer.session, loans.get(writer.session, case.loan_no))
        if not (borrower.phone or borrower.email):
            cases.finish_step(writer, case, "announce", {"skipped": "the borrower has no phone or e-mail"})
            return
        notice = queue(
            office,
            writer,
            key=f"first_inspection_announcement:{case_no}",
            kind="first_inspection_announcement",
            to=borrower_recipient(borrower),
            loan_no=case.loan_no,
            case_no=case_no,
            due_on=case.due_on,
        )
        cases.finish_step(writer, case, "announce", {"notice_no": notice.notice_no})


@task(name="record-signals")
def record_signals(case_no: str, kinds: list[str], seen_on: Any, detail: str) -> None:
    """Record the warning signals that the report names on the loan (SIG-1); once per case and kind."""
    office = Office.open()
    with office.book.write(origin="record-signals") as writer:
        case = cases.get(writer.session, case_no)
        if cases.result(writer.session, case_no, "signals") is not None:
            return
        known = set(writer.session.exec(select(Signal.kind).where(col(Signal.case_no) == case_no)))
        for kind in kinds:
            if kind in known:
                continue
            writer.session.add(
                Signal(
                    loan_no=case.loan_no,
                    kind=kind,
                    seen_on=seen_on,
                    detail=detail,
                    source=case_no,
                    case_no=case_no,
                )
            )
            writer.record("signal.recorded", loan_no=case.loan_no, case_no=case_no, kind=kind, seen_on=seen_on)
        cases.finish_step(writer, case, "signals", {"recorded": kinds})


@task(name="archive-report")
def archive_report(case_no: str, kind: str, title: str, values: dict[str, Any]) -> str:
    """Render a signed report to HTML and PDF, archive both, and enter them on the card.

    Gives the SHA-256 of the PDF. Done again after a crash, it changes nothing.
    """
    office = Office.open()
    with office.book.read() as session:
        case = cases.get(session, case_no)
        done = cases.result(session, case_no, "archive")
        if done is not None:
            return done.result["pdf"]
        html = _report_html(office, session, case, kind, title, values)
    pdf = office.renderer.pdf(html)
    forms = {"text/html": html.encode(), "application/pdf": pdf}
    stored = {m: documents.store(office.settings.archive, content, m) for m, content in forms.items()}
    with office.book.write(origin="archive-report") as writer:
        for media_type, digest in stored.items():
            documents.enter(
                writer,
                case,
                kind=kind,
                title=title,
                media_type=media_type,
                sha256=digest,
                size=len(forms[media_type]),
            )
        result = {"html": stored["text/html"], "pdf": stored["application/pdf"]}
        return cases.finish_step(writer, case, "archive", result)["pdf"]


def _report_html(office: Office, session: Any, case: Case, kind: str, title: str, values: dict[str, Any]) -> str:
    loan = loans.get(session, case.loan_no)
    steps = cases.steps(session, case.case_no)
    signatures = [
        {
            "duty": s.duty,
            "name": people.get(session, s.staff_no).name,
            "staff_no": s.staff_no,
            "on_behalf_of": s.on_behalf_of or "",
            "at": office.local(s.done_at),
        }
        for s in steps
        if s.staff_no
    ]
    policy = office.policy_of(session, case)
    return office.renderer.text(
        f"reports/{policy.institution.language}/{kind}.html",
        title=title,
        institution=policy.institution.name,
        case=case,
        loan=loan,
        borrower=loans.borrower_of(session, loan),
        signatures=signatures,
        **values,
    )
