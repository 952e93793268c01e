"""Collecting what the book held about a loan at the end of a day: a few SELECTs for each noun, none for each row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlmodel import Session, col, or_, select

from postloan.book import accounts, audit, groups, ledger, loans
from postloan.book import tables as t
from postloan.book.loans import History
from postloan.card import figures, owed
from postloan.card.asof import Overwritten, Row, Until, Values, overwritten, secured_then, undone
from postloan.policy import PolicyFile
from postloan.rules.position import ZERO, bucket


@dataclass(frozen=True)
class Dossier:
    """What is kept of a loan: its history, its terms with what was overwritten since undone, and until when."""

    session: Session
    file: PolicyFile
    until: Until
    loan: t.Loan
    borrower: t.Borrower
    guarantees: list[tuple[t.Guarantee, t.Guarantor]]
    collaterals: list[t.Collateral]
    instalments: list[t.Instalment]
    charges: list[t.Charge]
    history: History
    later: list[Overwritten]

    @cached_property
    def owed(self) -> owed.Owed:
        """The account, by the claims of then."""
        terms = accounts.terms(self.file, self.loan)
        claims = owed.claims(self.loan, self.instalments, self.charges, self.drawn)
        return owed.owed(terms, claims, self.history.repayments, self.until.day)

    @cached_property
    def drawn(self) -> Sequence[t.Drawdown]:
        """The drawdowns, later ones too."""
        return self.of_loan(t.Drawdown, t.Drawdown.number)

    def of_borrower(self, table: type[Row], *order: Any) -> Sequence[Row]:
        """The borrower's rows of a table."""
        same = table.borrower_no == self.loan.borrower_no  # type: ignore[attr-defined]
        found = self.session.exec(select(table).where(same).order_by(*order))
        return [undone(row, self.later) for row in found]

    def of_loan(self, table: type[Row], *order: Any) -> Sequence[Row]:
        """The loan's rows of a table."""
        same = table.loan_no == self.loan.loan_no  # type: ignore[attr-defined]
        found = self.session.exec(select(table).where(same).order_by(*order))
        return [undone(row, self.later) for row in found]


def dossier(session: Session, file: PolicyFile, loan_no: str, until: Until) -> Dossier:
    """A loan's dossier. Raises NotFound."""
    loan = loans.get(session, loan_no)
    history = loans.history(session, loan)
    later = overwritten(session, until, loan, [c.collateral_no for c in history.collaterals])
    charges = session.exec(select(t.Charge).where(t.Charge.loan_no == loan_no).order_by(col(t.Charge.charged_on)))
    return Dossier(
        session=session,
        file=file,
        until=until,
        loan=undone(loan, later),
        borrower=undone(history.borrower, later),
        guarantees=[(undone(guarantee, later), guarantor) for guarantee, guarantor in history.guarantees],
        collaterals=[undone(item, later) for item in _securing(session, loan_no, history, secured_then(later))],
        instalments=_instalments(history.instalments, until, later),
        charges=[undone(charge, later) for charge in charges if until.reached(charge.charged_on)],
        history=history,
        later=later,
    )


def _instalments(rows: Iterable[t.Instalment], until: Until, later: Iterable[Overwritten]) -> list[t.Instalment]:
    """The schedule of then. What an extension or an early repayment put into it later was not there: it was entered
    on a later day, or began as nothing by what the audit trail says."""
    found = []
    for row in rows:
        before = undone(row, later)
        if row.entered_on is None or (until.reached(row.entered_on) and (_due(before) or not _due(row))):
            found.append(before)
    return sorted(found, key=lambda i: (i.due_on, i.number))


def _due(row: t.Instalment) -> Decimal:
    return row.principal_due + row.interest_due + row.fee_due


def _securing(session: Session, loan_no: str, history: History, secured: dict[str, list[str]]) -> list[t.Collateral]:
    """The collateral that secured the loan: what does so today, but for what `secured` says it did then."""
    today = {item.collateral_no: item for item in history.collaterals}
    released = [no for no, loan_nos in secured.items() if loan_no in loan_nos and no not in today]
    if released:
        found = session.exec(select(t.Collateral).where(col(t.Collateral.collateral_no).in_(released)))
        today |= {item.collateral_no: item for item in found}
    return [item for no, item in sorted(today.items()) if loan_no in secured.get(no, [loan_no])]


# ------------------------------------------------------------------------------- who and what


def ratings(held: Dossier) -> list[Values]:
    """The borrower's ratings, oldest first."""
    return held.until.known(held.of_borrower(t.Rating, t.Rating.rated_on))


def branch(held: Dossier) -> Values | None:
    """The loan's branch, as number and name."""
    found = held.session.get(t.Branch, held.loan.branch_no) if held.loan.branch_no else None
    return found.model_dump() if found else None


def partner(held: Dossier) -> Values | None:
    """The partner that the loan came through."""
    found = held.session.get(t.Partner, held.loan.partner_no) if held.loan.partner_no else None
    return found.model_dump() if found else None


def collaterals(held: Dossier) -> list[Values]:
    """The collateral, each item with the other loans that it secures."""
    known = held.until.known(held.collaterals)
    link = t.CollateralLoan
    links = select(link).where(
        col(link.collateral_no).in_([item["collateral_no"] for item in known]), link.loan_no != held.loan.loan_no
    )
    today: dict[str, list[str]] = {}
    for row in held.session.exec(links.order_by(link.loan_no)):
        today.setdefault(row.collateral_no, []).append(row.loan_no)
    secured = today | {
        no: [loan for loan in of if loan != held.loan.loan_no] for no, of in secured_then(held.later).items()
    }
    return [item | {"also_secures": secured.get(item["collateral_no"], [])} for item in known]


# ----------------------------------------------------------------------------------- where it stands


def standing(held: Dossier) -> loans.Standing:
    """Where the loan stood: by its schedule as it was then, where that says it."""
    today = loans.standing(held.session, held.loan, held.until.day)
    if today.source != "schedule":
        return today
    late = held.owed.late
    days = max(((held.until.day - due_on).days for due_on, _ in late), default=0)
    return replace(
        today,
        principal_outstanding=max(_drawn(held) - held.owed.principal_paid, ZERO),
        overdue=sum((unpaid for _, unpaid in late), ZERO),
        days_past_due=days,
        bucket=bucket(days),
    )


def _drawn(held: Dossier) -> Decimal:
    amounts = [(d.drawn_on, d.amount) for d in held.drawn] or [(held.loan.disbursed_on, held.loan.principal)]
    return sum((amount for on, amount in amounts if held.until.reached(on)), ZERO)


def instalments(held: Dossier, source: str) -> list[Values]:
    """The schedule, with what of each instalment is covered. Where the core system reports positions, the
    receipts need not be in the book: then that is not known."""
    paid = None if source == "core" else held.owed.paid
    states = figures.covered(held.instalments, paid, held.until.day, settled=source == "settled")
    return [one.model_dump() | state for one, state in zip(held.instalments, states, strict=True)]


def balance(held: Dossier) -> Values:
    """The balance as it went and as it was agreed: from each day on, so much is left."""
    drawn = [(d.drawn_on, d.amount) for d in held.drawn]
    positions = [p for p in held.of_loan(t.Position, t.Position.as_of) if held.until.reached(p.as_of)]
    went = figures.balances(held.loan, held.owed.journal, drawn, positions, held.until.day)
    planned = figures.agreed(held.loan, held.instalments)
    return {
        name: [{"on": on, "outstanding": amount} for on, amount in points]
        for name, points in (("actual", went), ("agreed", planned))
    }


def drawdowns(held: Dossier) -> list[Values]:
    return held.until.known(held.drawn)


def classifications(held: Dossier) -> list[t.Classification]:
    """The categories that were decided by then, the one of the latest day last.

    A category is as of a quarter's end and is decided later: in a case, when that ends; by rule, when
    the round enters it.
    """
    event = t.AuditEvent
    entered_later = {
        json.loads(link.data)["as_of"]
        for link in held.session.exec(
            select(event).where(event.event == "loans.classified", col(event.at) >= held.until.end)
        )
    }
    closed = {case.case_no: case.closed_at for case in held.history.cases}

    def decided(one: t.Classification) -> bool:
        if one.case_no is None:
            return str(one.as_of) not in entered_later
        return closed.get(one.case_no) is None or held.until.reached(closed[one.case_no])

    table = t.Classification
    return [c for c in held.of_loan(table, table.as_of) if held.until.reached(c.as_of) and decided(c)]


def with_reasons(held: Dossier, decided: Sequence[t.Classification], done: Sequence[t.Step]) -> list[Values]:
    """The categories, each with who decided it and the reason that the officer gave; "" where the rule did."""
    by = {link.case_no: link.actor for link in held.history.events if link.event == "loan.classified"}
    reasons = {step.case_no: step.result.get("reason", "") for step in done if step.duty == "propose"}
    return [
        one.model_dump() | {"decided_by": by.get(one.case_no or "", ""), "reason": reasons.get(one.case_no or "", "")}
        for one in decided
    ]


# --------------------------------------------------------------------------------- what was done


def signals(held: Dossier) -> list[Values]:
    """The warning signals on the loan and on its borrower, oldest first."""
    table = t.Signal
    whose = or_(table.loan_no == held.loan.loan_no, table.borrower_no == held.loan.borrower_no)
    found = held.session.exec(select(table).where(whose).order_by(col(table.seen_on), col(table.id)))
    return held.until.known(found)


def steps(held: Dossier) -> list[t.Step]:
    """The steps done in the loan's cases, in order."""
    of_cases = select(t.Step).join(t.Case).where(t.Case.loan_no == held.loan.loan_no)
    done = held.session.exec(of_cases.order_by(col(t.Step.done_at), col(t.Step.attempt)))
    return [step for step in done if held.until.reached(step.done_at)]


INSPECTIONS = ("first_inspection", "routine_inspection", "special_inspection")


def inspections(held: Dossier, done: Sequence[t.Step]) -> list[Values]:
    """The inspections of which there is a report: the newest one, who signed, and in how many rounds."""
    found = []
    for case in held.history.cases:
        if case.kind not in INSPECTIONS:
            continue
        of_case = [step for step in done if step.case_no == case.case_no]
        reports, signs, reviews = (
            [step for step in of_case if step.duty == duty] for duty in ("report", "sign", "review")
        )
        if not reports:
            continue
        report = reports[-1]
        found.append(
            {
                "case_no": case.case_no,
                "kind": case.kind,
                "inspected_on": report.result.get("inspected_on"),
                "rounds": len(reports),
                "report": report.result,
                "reported_by": report.staff_no,
                "on_behalf_of": report.on_behalf_of,
                "opinion": _answer(signs, len(reports)),
                "review": _answer(reviews, len(reports)),
            }
        )
    return sorted(found, key=lambda i: (str(i["inspected_on"]), i["case_no"]))


def _answer(steps_: Sequence[t.Step], rounds: int) -> Values | None:
    """What was answered to the report of the newest round, and by whom; None while it waits."""
    suffix = "" if rounds == 1 else f"-{rounds}"
    for step in steps_:
        if step.step in (f"sign{suffix}", f"review{suffix}"):
            return step.result | {"staff_no": step.staff_no}
    return None


def payments(held: Dossier) -> list[Values]:
    return held.until.known(held.of_loan(t.Payment, t.Payment.requested_on, t.Payment.payment_no))


def plans(held: Dossier) -> list[Values]:
    """The plans for the borrower as a potential-risk customer, oldest first."""
    return held.until.known(held.of_borrower(t.RiskPlan, t.RiskPlan.made_on))


def work_log(held: Dossier) -> list[Values]:
    """What the work log says of the borrower, whichever loan it names."""
    return held.until.known(held.of_borrower(t.WorkLogEntry, t.WorkLogEntry.acted_on, t.WorkLogEntry.entry_no))


def findings(held: Dossier) -> list[Values]:
    """What head office found on the loan."""
    return held.until.known(held.of_loan(t.Finding, t.Finding.found_on, t.Finding.finding_no))


def ledger_changes(held: Dossier) -> list[Values]:
    """REC-2: the loan's lines of the ledger."""
    lines = ledger.changes(held.session, date.min, held.until.day, held.until.zone, held.loan.loan_no)
    return [{name: value for name, value in asdict(line).items() if name != "loan_no"} for line in lines]


def ledger_balances(held: Dossier) -> list[Values]:
    """REC-2: the balances that were carried forward by then."""
    table = t.LedgerBalance
    carried = {
        step.case_no: step.done_at
        for step in held.session.exec(
            select(t.Step)
            .join(table, col(table.case_no) == t.Step.case_no)
            .where(table.loan_no == held.loan.loan_no, t.Step.step == "carry-over")
        )
    }
    return [
        row.model_dump()
        for row in held.of_loan(table, table.as_of)
        if held.until.reached(carried.get(row.case_no, row.as_of))
    ]


def group(held: Dossier) -> Values | None:
    """The borrower's group as one exposure, by the members' numbers; None for one who stands alone."""
    group_no, members = groups.as_known(held.session, held.loan.borrower_no, held.until.end)
    if not group_no:
        return None
    exposures = groups.exposures(held.session, members, held.until.day)
    owed: Decimal = sum((one["outstanding"] for one in exposures), ZERO)
    return {"group_no": group_no, "outstanding": owed, "members": exposures}


# ----------------------------------------------------------------------------- what was sent and kept


def notices(held: Dossier) -> list[Values]:
    """The notices without their text. One that went on later is in the state that the trail tells of."""
    trail: dict[str, list[t.AuditEvent]] = {}
    for event in held.history.events:
        if event.event.startswith("notice."):
            trail.setdefault(json.loads(event.data).get("notice_no", ""), []).append(event)
    found = []
    for notice in held.history.notices:
        if held.until.reached(notice.queued_at):
            values = {k: v for k, v in notice.model_dump().items() if k not in ("body", "address")}
            found.append(values | _state_then(trail.get(notice.notice_no, []), held.until))
    return found


def _state_then(events: Sequence[t.AuditEvent], until: Until) -> Values:
    """The state of a notice that changed later, {} if none did."""
    if not events or until.reached(events[-1].at):
        return {}
    seen = [event for event in events if until.reached(event.at)]
    last = seen[-1] if seen else events[0]
    told = json.loads(last.data)
    state = last.event.removeprefix("notice.")
    if state == "interrupted":
        state = "queued" if told.get("sent_again") else "failed"
    return {
        "state": "queued" if state == "requeued" else state,
        "tries": told.get("tries", 0),
        "taken_at": None,
        "sent_at": last.at if state == "sent" else None,
        "last_error": told.get("error", ""),
        "next_try_at": last.at,
    }


def events(held: Dossier) -> list[t.AuditEvent]:
    return [event for event in held.history.events if held.until.reached(event.at)]


def chain(held: Dossier, links: Sequence[t.AuditEvent]) -> Values:
    """Whether the loan's links of the audit chain are what was chained, and its first and last one."""
    ends = [{"seq": link.seq, "hash": link.hash} for link in (*links[:1], *links[-1:])]
    return {
        "links": len(links),
        "first": ends[0] if ends else None,
        "last": ends[-1] if ends else None,
        "altered": audit.altered(held.session, held.loan.loan_no, links),
    }


def staff(held: Dossier, numbers: Iterable[str | None]) -> dict[str, str]:
    """The names of members of staff by their numbers; numbers that nobody has are left out."""
    wanted = sorted({no for no in numbers if no})
    found = held.session.exec(select(t.Staff).where(col(t.Staff.staff_no).in_(wanted)))
    return {person.staff_no: person.name for person in found}
