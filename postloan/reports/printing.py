"""The monthly pack on paper: page, PDF and workbook, all of the same tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from postloan.book.documents import XLSX
from postloan.policy import Policy
from postloan.rendering import Renderer
from postloan.reports.monthly import Pack
from postloan.reports.notes import notes
from postloan.reports.quality import GONE, NEW, Quality
from postloan.reports.sheets import sheets
from postloan.reports.words import Words, percent, points
from postloan.reports.work import FundsCount, InspectionCount
from postloan.rules.classification import CLASSES, rank

MEDIA = {"html": "text/html", "pdf": "application/pdf", "xlsx": XLSX}


@dataclass(frozen=True)
class Moved:
    """A cell of the migration matrix: `way` is same, better, worse, or "" for new and settled loans."""

    loans: int
    outstanding: Decimal
    way: str


def title(pack: Pack, words: Words) -> str:
    """The title of the pack."""
    return words.pick(f"贷后管理例会材料 ({pack.month})", f"Monthly post-loan meeting, {pack.month}")


def render(
    renderer: Renderer,
    pack: Pack,
    form: str,
    *,
    policy: Policy,
    made_on: date,
) -> bytes:
    """The pack as "html", "pdf" or "xlsx", in the institution's language."""
    words = Words.of(policy, pack.branch_names)
    if form == "xlsx":
        from postloan.reports.workbook import ACCENT, NOW, Graph, workbook

        tables = sheets(pack, words)
        trend = (("raised", ACCENT), ("cleared", NOW))
        graphs = (
            Graph("signal_trend", "column", "month", trend, title=tables["signal_trend"].title),
            Graph("branch_performance", "bar", "branch", (("on_time_share", NOW),), shares=True, below=True),
        )
        about = [(policy.institution.name, title(pack, words)), *notes(pack, policy, words)]
        return workbook(pack.as_of, tables, graphs, about, words)
    from postloan.reports.charts import draw  # heavy: only what prints loads it

    html = renderer.text(
        f"reports/{words.language}/monthly_pack.html",
        title=title(pack, words),
        institution=policy.institution.name,
        pack=pack,
        now=pack.headline,
        sheets=sheets(pack, words),
        charts=draw(pack, words),
        moves=matrix(pack),
        notes=notes(pack, policy, words),
        words=words,
        talk=talk(pack, policy),
        limits=policy,
        made_on=made_on,
        percent=percent,
        points=points,
    )
    return renderer.pdf(html) if form == "pdf" else html.encode()


@dataclass(frozen=True)
class Talk:
    """What the meeting should talk about, beyond what the pack itself names.

    Attributes:
        above: branches whose non-performing ratio has reached the policy's threshold (SIG-2).
        inspections: those of which some were late or are missing.
        funds: where money went elsewhere than agreed, or nobody looked in time (REC-4).
        overloaded: numbers of those with more customers than the measure (INS-13).
    """

    above: list[Quality]
    inspections: list[InspectionCount]
    funds: list[FundsCount]
    overloaded: list[str]


def talk(pack: Pack, policy: Policy) -> Talk:
    """What stands out, by the policy's limits."""
    limit, most = policy.signals.branch_non_performing, policy.workload.customers_per_officer
    return Talk(
        [q for q in pack.branches if q.branch_no is not None and q.ratio is not None and q.ratio >= limit],
        [i for i in pack.inspections if i.late or i.missing],
        [f for f in pack.funds if f.not_as_agreed or f.unverified_late],
        [r.staff_no for r in pack.performance.staff if (r.customers or 0) > most],
    )


def matrix(pack: Pack) -> dict[str, dict[str, Moved]]:
    """The migrations in the currency of the headline: by category a month before, by category now."""
    found: dict[str, dict[str, Moved]] = {origin: {} for origin in (*CLASSES, NEW)}
    for m in pack.migrations:
        if m.currency == pack.headline.currency:
            found[m.origin][m.to] = Moved(m.loans, m.outstanding, _way(m.origin, m.to))
    return found


def _way(origin: str, to: str) -> str:
    if origin == NEW or to == GONE:
        return ""
    if origin == to:
        return "same"
    return "worse" if rank(to) > rank(origin) else "better"
