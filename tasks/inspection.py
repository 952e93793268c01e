"""The machine's steps of an inspection: assigning, announcing, recording signals, archiving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from prefect import task
from sqlmodel import col, select

from postloan.book import cases, documents, loans, people
from postloan.book.notices import borrower_recipient
from postloan.book.tables import Case, Loan, Signal
from postloan.errors import PostloanError
from postloan.rendering import plain
from postloan.rules import signals
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
def announce(case_no: str, kind: str = "first_inspection_announcement", **values: Any) -> None:
    """Tell the borrower what is coming, once; `kind` of notice and the values of its template."""
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
            key=f"{kind}:{case_no}",
            kind=kind,
            to=borrower_recipient(borrower),
            loan_no=case.loan_no,
            case_no=case_no,
            due_on=case.due_on,
            **values,
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
def archive_report(case_no: str, kind: str, title: str, values: dict[str, Any], template: str = "") -> str:
    """Render a signed report to HTML and PDF, archive both, and enter them on the card.

    Gives the SHA-256 of the PDF. Done again after a crash, it changes nothing. The template is that
    of the kind unless another is named; "paper" takes `sections`: titles with rows of (title, text).
    """
    office = Office.open()
    with office.book.read() as session:
        case = cases.get(session, case_no)
        done = cases.result(session, case_no, "archive")
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
        return cases.finish_step(writer, case, "archive", result)["pdf"]


def _report_html(office: Office, session: Any, case: Case, template: str, title: str, values: dict[str, Any]) -> str:
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
        f"reports/{policy.institution.language}/{template}.html",
        title=title,
        institution=policy.institution.name,
        case=case,
        loan=loan,
        borrower=loans.borrower_of(session, loan),
        signatures=signatures,
        **values,
    )


@dataclass(frozen=True)
class Security:
    """What secures a loan."""

    guarantees: list[tuple[str, str]]
    collaterals: list[tuple[str, str]]

    @property
    def guaranteed(self) -> bool:
        return bool(self.guarantees)

    @property
    def secured(self) -> bool:
        return bool(self.collaterals)

    def as_markdown(self) -> str:
        """Guarantors by number and collateral by number and kind; no names."""
        lines = [f"- 保证人 {number}: {kind}" for number, kind in self.guarantees]
        lines += [f"- 抵质押物 {number}: {plain(kind)}" for number, kind in self.collaterals]
        return "\n" + "\n".join(lines) + "\n" if lines else ""


def security_of(office: Office, loan: Loan) -> Security:
    """The loan's guarantors and collateral."""
    with office.book.read() as session:
        history = loans.history(session, loan)
    return Security(
        [(g.guarantor_no, g.kind) for g, _ in history.guarantees],
        [(c.collateral_no, c.kind) for c in history.collaterals],
    )


@dataclass(frozen=True)
class Seen:
    """A warning signal as the forms show it."""

    number: int
    kind: str
    title: str
    seen_on: date
    detail: str
    source: str


def signal_of(office: Office, case: Case) -> Seen:
    """The signal that a case is about: its subject is S and the signal's number."""
    with office.book.read() as session:
        found = session.get_one(Signal, int(case.subject.removeprefix("S")))
    return Seen(int(found.id or 0), found.kind, signals.title(found.kind), found.seen_on, found.detail, found.source)
