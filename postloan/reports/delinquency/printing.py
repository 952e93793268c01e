"""The delinquency pack on paper: page, PDF and workbook, all of the same tables."""

from __future__ import annotations

from datetime import date

from postloan.policy import Policy
from postloan.rendering import Renderer
from postloan.reports.delinquency.notes import notes
from postloan.reports.delinquency.pack import Pack
from postloan.reports.delinquency.sheets import sheets
from postloan.reports.words import Words, percent, points


def title(pack: Pack, words: Words) -> str:
    """The title of the pack."""
    return words.pick(f"逾期管理月报 ({pack.month})", f"Delinquency report, {pack.month}")


def render(renderer: Renderer, pack: Pack, form: str, *, policy: Policy, made_on: date) -> bytes:
    """The pack as "html", "pdf" or "xlsx", in the institution's language."""
    words = Words.of(policy, pack.branch_names)
    tables = sheets(pack, words)
    if form == "xlsx":
        from postloan.reports.workbook import ACCENT, BEFORE, NOW, Graph, workbook

        rates = (("rate", NOW), ("again_rate", ACCENT))
        balances = (("outstanding_before", BEFORE), ("outstanding", NOW))
        graphs = (
            Graph("ageing", "column", "bucket", balances, title=tables["ageing"].title),
            Graph("forward_trend", "line", "month", shares=True, title=tables["forward_trend"].title),
            Graph("cures", "line", "month", rates, shares=True, title=tables["cures"].title, below=True),
            *(
                Graph(name, "line", "age", shares=True, title=table.title)
                for name, table in tables.items()
                if name.startswith("vintage_") and table.rows
            ),
        )
        about = [(policy.institution.name, title(pack, words)), *notes(pack, policy, words)]
        return workbook(pack.as_of, tables, graphs, about, words)
    from postloan.reports.delinquency.charts import draw  # heavy: only what prints loads it

    html = renderer.text(
        f"reports/{words.language}/delinquency_pack.html",
        title=title(pack, words),
        institution=policy.institution.name,
        pack=pack,
        now=pack.headline,
        sheets=tables,
        charts=draw(pack, words),
        notes=notes(pack, policy, words),
        words=words,
        made_on=made_on,
        percent=percent,
        points=points,
    )
    return renderer.pdf(html) if form == "pdf" else html.encode()
