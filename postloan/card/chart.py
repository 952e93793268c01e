"""The balance over time as a small drawing: what is left (solid) against what was agreed (dotted)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from html import escape

from postloan.rendering import money

Point = tuple[date, Decimal]
WIDTH, HEIGHT = 680, 118
LEFT, RIGHT, TOP, BOTTOM = 2, 2, 20, 16  # margins around the drawing
LABEL = 62  # the room that a day below the axis takes
# Inside the drawing, as a PDF does not take the page's styles into it.
STYLE = """
.b-text { font: 8.5px 'Noto Sans CJK SC', 'Noto Sans', sans-serif; fill: #55585c; }
.b-now { font-weight: 600; fill: #1d1f21; }
.b-actual { fill: none; stroke: #1f3a52; stroke-width: 1.6; }
.b-agreed { fill: none; stroke: #8b8f94; stroke-width: 1; stroke-dasharray: 2 2.5; }
.b-area { fill: #1f3a52; fill-opacity: .08; stroke: none; }
.b-axis { stroke: #b9bcc0; stroke-width: .6; }
.b-today { stroke: #1f3a52; stroke-width: .6; stroke-dasharray: 1.5 2; }
.b-dot { fill: #1f3a52; }
"""


def balance(
    *,
    actual: Sequence[Point],
    agreed: Sequence[Point],
    as_of: date,
    title: str,
    actual_title: str,
    agreed_title: str,
) -> str:
    """An SVG of the balance from the first day to maturity or the card's day, whichever is later; "" where
    there is nothing to draw.

    Args:
        actual, agreed: from each day on, so much is left.
    """
    if not actual or not agreed:
        return ""
    first = min(actual[0][0], agreed[0][0])
    last = max(agreed[-1][0], as_of, first + timedelta(days=1))
    top = max(amount for _, amount in (*actual, *agreed)) or Decimal(1)

    def x(day: date) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / (last - first).days

    def y(amount: Decimal) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * float(1 - amount / top)

    def steps(points: Sequence[Point], until: date) -> str:
        path = f"M{x(points[0][0]):.1f} {y(points[0][1]):.1f}"
        for day, amount in points[1:]:
            path += f"H{x(day):.1f}V{y(amount):.1f}"
        return path + f"H{x(until):.1f}"

    base, today, now = y(Decimal(0)), x(as_of), y(actual[-1][1])
    line = steps(actual, as_of)
    anchor, beside = ("end", -6) if today > WIDTH * 0.7 else ("start", 6)
    shapes = (
        f'<path d="{line}V{base:.1f}H{x(actual[0][0]):.1f}Z" class="b-area"/>',
        f'<path d="{steps(agreed, last)}" class="b-agreed"/>',
        f'<path d="{line}" class="b-actual"/>',
        _line(LEFT, base, WIDTH - RIGHT, base, "b-axis"),
        _line(today, TOP, today, base, "b-today"),
        f'<circle cx="{today:.1f}" cy="{now:.1f}" r="2.6" class="b-dot"/>',
        _text(today + beside, max(now - 5, TOP - 5), money(actual[-1][1]), anchor, "b-now"),
        _text(LEFT, 9, title, "start"),
        f'<path d="M{WIDTH - 170} 6h18" class="b-actual"/>',
        _text(WIDTH - 148, 9, actual_title, "start"),
        f'<path d="M{WIDTH - 90} 6h18" class="b-agreed"/>',
        _text(WIDTH - 68, 9, agreed_title, "start"),
    )
    opening = f'<svg class="balance" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">'
    label = f"<title>{escape(title)}</title><style>{STYLE}</style>"
    return "\n".join((opening, label, *shapes, *_days(first, last, as_of, x, base), "</svg>"))


def _days(first: date, last: date, as_of: date, x: Callable[[date], float], base: float) -> Iterator[str]:
    """The days below the axis: both ends, the card's day, and the turns of the year as far as there is room."""
    taken: list[float] = []
    turns = [date(year, 1, 1) for year in range(first.year + 1, last.year + 1)]
    for day in (first, last, as_of, *turns):
        at, is_turn = x(day), day in turns and day != as_of
        if is_turn:
            yield _line(at, base, at, base + 3, "b-axis")
        if any(abs(at - other) < LABEL for other in taken):
            continue
        taken.append(at)
        anchor = "start" if at < LABEL / 2 else "end" if at > WIDTH - LABEL / 2 else "middle"
        yield _text(at, HEIGHT - 3, str(day.year) if is_turn else day.isoformat(), anchor)


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="b-text {style}">{escape(text)}</text>'
