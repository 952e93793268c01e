"""The charts of the delinquency pack as SVG. Matplotlib is heavy: only what prints imports this module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from postloan.reports.charts import HALF, WIDE, columns, drawn, legend
from postloan.reports.delinquency.pack import Pack
from postloan.reports.delinquency.rolls import ALL_MONTHS
from postloan.reports.delinquency.sheets import step
from postloan.reports.portfolio import BUCKETS
from postloan.reports.words import Words

# The newest vintage darkest.
SHADES = ("#c7d3df", "#a9bccd", "#8aa5bb", "#6b8ea9", "#4c7797", "#2d6085", "#1f4e79", "#0b2c4d", "#d9822b")
STEPS = ("#1f4e79", "#d9822b", "#5b9bd5", "#8c510a")


def draw(pack: Pack, words: Words) -> dict[str, str]:
    """Every chart as an SVG element, by name."""
    return drawn(
        {
            "buckets": (HALF, _buckets),
            "forward": (HALF, _forward),
            "cures": (WIDE, _cures),
            "vintage_30": (HALF, _vintage(30)),
            "vintage_90": (HALF, _vintage(90)),
        },
        pack,
        words,
    )


def _buckets(figure: Figure, pack: Pack, words: Words) -> None:
    lines = {a.bucket: a for a in pack.ageing if a.currency == pack.headline.currency}
    names = BUCKETS[1:]
    now = [lines[n].outstanding if n in lines else Decimal(0) for n in names]
    before = [lines[n].outstanding_before if n in lines else Decimal(0) for n in names]
    axes = figure.subplots()
    columns(axes, list(names), now, before, pack.headline.currency, words)
    legend(axes, words)


def _forward(figure: Figure, pack: Pack, words: Words) -> None:
    """The first rolls, by amount: what comes later follows from them."""
    here = [f for f in pack.forward if f.currency == pack.headline.currency and f.month != ALL_MONTHS]
    months = sorted({f.month for f in here})
    axes = figure.subplots()
    for bucket, colour in zip(BUCKETS, STEPS, strict=False):
        rates = {f.month: f.amount_rate for f in here if f.bucket == bucket}
        _line(axes, range(len(months)), [rates.get(m) for m in months], colour, step(bucket, words))
    axes.set_xticks(range(len(months)), [m[2:] for m in months], rotation=45)
    _shares(axes)


def _cures(figure: Figure, pack: Pack, words: Words) -> None:
    here = [c for c in pack.cures if c.currency == pack.headline.currency]
    axes = figure.subplots()
    places = range(len(here))
    _line(axes, places, [c.rate for c in here], STEPS[0], words.pick("还清率", "Cured"))
    full = words.pick("其后再次逾期", "Past due again")
    _line(axes, places, [c.again_rate for c in here], STEPS[1], full)
    axes.set_xticks(list(places), [c.month[2:] for c in here], rotation=45)
    _shares(axes)


def _vintage(days: int) -> Callable[[Figure, Pack, Words], None]:
    def chart(figure: Figure, pack: Pack, words: Words) -> None:
        here = [v for v in pack.vintages if v.currency == pack.headline.currency]
        names = sorted({v.vintage for v in here})[-len(SHADES) :]
        axes = figure.subplots()
        for vintage, colour in zip(names, SHADES[-len(names) :] if names else (), strict=True):
            line = [v for v in here if v.vintage == vintage]
            shares = [getattr(v, f"amount_share_{days}") for v in line]
            _line(axes, [v.months_on_book for v in line], shares, colour, vintage)
        axes.set_xlabel(words.pick("账龄 (月)", "Months on book"), fontsize=6)
        _shares(axes)

    return chart


def _line(axes: Axes, places: Sequence[int], values: Sequence[Decimal | None], colour: str, label: str) -> None:
    heights = [float("nan") if v is None else float(v) * 100 for v in values]
    axes.plot(list(places), heights, color=colour, linewidth=1.2, marker="o", markersize=2, label=label)


def _shares(axes: Axes) -> None:
    """Percent from 0 up, with room for the legend above the lines."""
    axes.set_ylim(0, axes.get_ylim()[1] * 1.3)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.tick_params(labelsize=6)
    if axes.get_lines():
        axes.legend(loc="upper left", ncols=2, fontsize=5.5, handlelength=1.2, columnspacing=1, borderaxespad=0)
