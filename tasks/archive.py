"""The archive: what was signed, rendered to HTML and PDF, kept and entered on the card."""

from __future__ import annotations

from typing import Any

from prefect import task

from postloan.book import cases, documents, loans, people
from postloan.book.tables import Case
from postloan.forms.base import Form, rows
from tasks.office import Office


@task(name="archive-report")
def archive_report(
    case_no: str, kind: str, title: str, values: dict[str, Any], template: str = "", step: str = "archive"
) -> str:
    """Render a signed report to HTML and PDF, archive both, and enter them on the card.

    Gives the SHA-256 of the PDF. Done again after a crash, it changes nothing; a case with several papers
    has a `step` for each. The template is that of the kind unless another is named; "paper" takes
    `sections`: titles with rows of (title, text).
    """
    office = Office.open()
    with office.book.read() as session:
        case = cases.get(session, case_no)
        done = cases.result(session, case_no, step)
        if done is not None:
            return done.result["pdf"]
        html = _report_html(office, session, case, template or kind, title, values)
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
        return cases.finish_step(writer, case, step, result)["pdf"]


def _report_html(office: Office, session: Any, case: Case, template: str, title: str, values: dict[str, Any]) -> str:
    loan = loans.get(session, case.loan_no) if case.loan_no else None
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
        f"reports/{policy.institution.language}/{template}.html",
        title=title,
        institution=policy.institution.name,
        case=case,
        loan=loan,
        borrower=loans.borrower_of(session, loan) if loan else None,
        signatures=signatures,
        **values,
    )


def archive_paper(
    case_no: str,
    kind: str,
    title: str,
    papers: list[tuple[str, Form]],
    *,
    rounds: int = 1,
    tables: list[dict[str, Any]] | None = None,
    step: str = "archive",
) -> str:
    """Archive what was filled in, form by form, on the plain paper that needs no template of its own.

    `tables` stand before the forms, each with `title`, `columns` and `rows` of texts.
    """
    sections = [(name, rows(form)) for name, form in papers]
    return archive_report(
        case_no,
        kind,
        title,
        {"sections": sections, "rounds": rounds, "tables": tables or []},
        template="paper",
        step=step,
    )
