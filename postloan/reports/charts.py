"""The charts of the packs as SVG; those of the monthly one. Colours keep apart in print and for the colour-blind.

Matplotlib is heavy: only what prints imports this module.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from postloan.reports.monthly import Pack
from postloan.reports.portfolio import BUCKETS
from postloan.reports.words import Words
from postloan.rules.classification import CLASSES

P = TypeVar("P")
NOW, BEFORE, ACCENT = "#1f4e79", "#b9c8d6", "#d9822b"
INK, MUTED, RULE = "#1a1a1a", "#6b6b6b", "#c9c9c9"
CHINESE = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Noto Sans CJK JP", "WenQuanYi Micro Hei")
LATIN = "DejaVu Sans"  # comes with matplotlib
HALF, WIDE, LANDSCAPE = (3.45, 2.05), (7.05, 1.75), (10.6, 2.0)  # inches
HALO = [withStroke(linewidth=1.6, foreground="white")]  # keeps a label apart from the bar behind it
STYLE: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "postloan",
    "font.size": 7,
    "axes.edgecolor": RULE,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.titlesize": 7.5,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
}


Size = tuple[float, float]


def draw(pack: Pack, words: Words) -> dict[str, str]:
    """Every chart of the monthly pack as an SVG element, by name."""
    return drawn(
        {
            "classes": (HALF, _classes),
            "buckets": (HALF, _buckets),
            "signals": (WIDE, _signals),
            "on_time": (LANDSCAPE, _on_time),
        },
        pack,
        words,
    )


def drawn(
    charts: Mapping[str, tuple[Size, Callable[[Figure, P, Words], None]]], pack: P, words: Words
) -> dict[str, str]:
    """Charts of a pack as SVG elements, by name; in English, and branches by number, where no Chinese font is
    installed."""
    family = chinese_font()
    if family is None:
        words, family = replace(words, language="en", branches={}), LATIN
    found = {}
    with matplotlib.rc_context(STYLE | {"font.family": [family, LATIN]}):
        for name, (size, chart) in charts.items():
            figure = Figure(figsize=size, layout="constrained")
            chart(figure, pack, words)
            found[name] = _svg(figure, name)
    return found


def chinese_font() -> str | None:
    """A font with Chinese characters that is installed, or None."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    for family in CHINESE:
        if family in known:
            return family
    # Installed after matplotlib last looked.
    for file in sorted(font_manager.findSystemFonts()):
        if "SansCJK" in file and "Regular" in file:
            font_manager.fontManager.addfont(file)
            return font_manager.FontProperties(fname=file).get_name()
    return None


def _svg(figure: Figure, name: str) -> str:
    """The figure as an element that stands in a page: no prolog, as wide as its place, and with ids that no
    other chart of the page has."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    element = out.getvalue()[out.getvalue().index("<svg") :]
    for attribute in ("width", "height"):
        element = re.sub(rf'(<svg[^>]*?) {attribute}="[^"]*"', r"\1", element, count=1)
    return re.sub(r'( id="|href="#|url\(#)', rf"\1{name}-", element)


# ------------------------------------------------------------------------------- the four charts


def _classes(figure: Figure, pack: Pack, words: Words) -> None:
    """Normal loans on a scale of their own: beside them the others could not be seen."""
    lines = {line.name: line for line in pack.classes if line.currency == pack.headline.currency}
    left, right = figure.subplots(1, 2, width_ratios=(1, 3.1))
    for axes, names in ((left, CLASSES[:1]), (right, CLASSES[1:])):
        now = [lines[n].outstanding if n in lines else Decimal(0) for n in names]
        before = [lines[n].outstanding_before if n in lines else Decimal(0) for n in names]
        columns(
            axes, [words.risk_class(n).replace(" ", "\n") for n in names], now, before, pack.headline.currency, words
        )
    legend(right, words)


def _buckets(figure: Figure, pack: Pack, words: Words) -> None:
    lines = {line.name: line for line in pack.buckets if line.currency == pack.headline.currency}
    names = BUCKETS[1:]
    now = [lines[n].outstanding if n in lines else Decimal(0) for n in names]
    before = [lines[n].outstanding_before if n in lines else Decimal(0) for n in names]
    axes = figure.subplots()
    columns(axes, list(names), now, before, pack.headline.currency, words)
    legend(axes, words)


def columns(
    axes: Axes, names: list[str], now: Sequence[Decimal], before: Sequence[Decimal], currency: str, words: Words
) -> None:
    """Amounts of this month beside those of the month before."""
    divisor, unit = words.unit(max([*now, *before, Decimal(0)]))
    places = range(len(names))
    heights = [float(value / divisor) for value in now]
    axes.bar([x - 0.2 for x in places], [float(v / divisor) for v in before], 0.38, color=BEFORE)
    bars = axes.bar([x + 0.2 for x in places], heights, 0.38, color=NOW)
    axes.bar_label(bars, [_short(h) for h in heights], padding=1.5, fontsize=6, color=INK, path_effects=HALO)
    axes.set_xticks(list(places), names)
    axes.set_yticks([])
    axes.set_ylim(0, max(*heights, *(float(v / divisor) for v in before), 1e-9) * 1.22)
    axes.margins(x=0.08)
    axes.set_title(f"{unit} {currency}".strip(), color=MUTED, fontsize=6.5)


def _short(height: float) -> str:
    """Three digits are enough on a bar; none on a bar that is not there."""
    return f"{height:,.{2 if height < 10 else 1 if height < 100 else 0}f}" if height else ""


def legend(axes: Axes, words: Words) -> None:
    handles = [Patch(color=colour) for colour in (BEFORE, NOW)]
    labels = [words.pick("上月末", "Month before"), words.pick("本月末", "Now")]
    axes.legend(handles, labels, loc="upper right", ncols=2, handlelength=0.9, borderaxespad=0, columnspacing=1)


def _signals(figure: Figure, pack: Pack, words: Words) -> None:
    flows = pack.signal_trend
    axes = figure.subplots()
    places = range(len(flows))
    for shift, colour, label, heights in (
        (-0.2, ACCENT, words.pick("发布", "Raised"), [f.raised for f in flows]),
        (0.2, NOW, words.pick("消除", "Cleared"), [f.cleared for f in flows]),
    ):
        bars = axes.bar([x + shift for x in places], heights, 0.38, color=colour, label=label)
        axes.bar_label(bars, [str(h) if h else "" for h in heights], padding=1.5, fontsize=6, color=INK)
    axes.set_xticks(list(places), [f.month for f in flows])
    axes.set_yticks([])
    axes.set_ylim(0, max([1, *(f.raised for f in flows), *(f.cleared for f in flows)]) * 1.3)
    axes.margins(x=0.02)
    axes.legend(loc="upper right", ncols=2, handlelength=0.9, borderaxespad=0, columnspacing=1)


def _on_time(figure: Figure, pack: Pack, words: Words) -> None:
    """The best branch on top; the line is the institution's own share."""
    judged = [r for r in pack.performance.branches if r.on_time_share is not None]
    judged.sort(key=lambda r: (r.on_time_share, r.branch_no))
    figure.set_figheight(0.55 + 0.24 * max(len(judged), 2))
    axes = figure.subplots()
    shares = [float(r.on_time_share or 0) * 100 for r in judged]
    axes.barh(range(len(judged)), shares, 0.58, color=NOW)
    texts = [f"{s:.1f}%  ({r.tally.on_time}/{r.tally.answered})" for s, r in zip(shares, judged, strict=True)]
    for place, text in enumerate(texts):
        axes.text(101, place, text, va="center", fontsize=6.5, color=INK)
    axes.set_yticks(range(len(judged)), [words.short_branch(r.branch_no) for r in judged])
    axes.set_xlim(0, 112)
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"])
    axes.set_ylim(-0.6, max(len(judged), 2) - 0.4)
    axes.tick_params(axis="x", labelcolor=MUTED, labelsize=6)
    whole = pack.headline.on_time_share
    if whole is not None:
        axes.axvline(float(whole) * 100, color=ACCENT, linewidth=1, linestyle=(0, (4, 2)))
        axes.set_title(words.pick(f"虚线: 全行 {whole:.1%}", f"dashed: all, {whole:.1%}"), color=ACCENT, fontsize=6.5)
