"""Charts of a statement, as SVG that stands in the page: how a person's figures went over the periods."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from annotation.incentive.tables import FULL

WIDTH, HEIGHT = 680, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 92, 16, 30
COLOURS = ("#1b7a78", "#b3642a", "#5a4fa0", "#7a1b4a")
"""Of kinds of rounds in their order; told apart in grey print by their marks."""
MARKS = ("circle", "square", "diamond", "triangle")
NARROW = 16
"""Points between the names at the ends of two lines."""


@dataclass(frozen=True, slots=True)
class Point:
    """One period: informedness with its interval (basis points) and what was paid (fen)."""

    period: str
    j_bp: int
    j_low_bp: int
    j_high_bp: int


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of round over the periods."""

    name: str
    points: tuple[Point, ...]


def progress(lines: Sequence[Line]) -> str:
    """Return a chart of informedness over the periods, each with its interval; below 0 it is drawn at 0."""
    periods = sorted({point.period for line in lines for point in line.points})
    if not periods:
        return ""
    step = (WIDTH - LEFT - RIGHT) / max(len(periods) - 1, 1)
    across = {period: LEFT + (step * number if len(periods) > 1 else step / 2) for number, period in enumerate(periods)}
    parts = [_grid(periods, across)]
    ends: list[float] = []
    for number, line in enumerate(lines[: len(COLOURS)]):
        parts.append(_line(line, across, number, ends))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>各期知情度</title>{''.join(parts)}</svg>"
    )


def earnings(rows: Sequence[tuple[str, int]]) -> str:
    """Return bars of what was paid in each period, fen shown as yuan."""
    if not rows:
        return ""
    most = max(fen for _, fen in rows) or 1
    room, bottom = (WIDTH - LEFT - RIGHT) / len(rows), HEIGHT - BOTTOM
    width = min(room * 0.6, 48)
    parts = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" stroke="#9fb0b6"/>']
    for number, (period, fen) in enumerate(rows):
        middle = LEFT + room * (number + 0.5)
        height = (bottom - TOP - 14) * fen / most
        parts.append(
            f'<rect x="{middle - width / 2:.1f}" y="{bottom - height:.1f}" width="{width:.1f}" height="{height:.1f}"'
            f' rx="2" fill="{COLOURS[0]}" fill-opacity=".75"/>'
            f'<text x="{middle:.1f}" y="{bottom - height - 5:.1f}" text-anchor="middle">{yuan(fen)}</text>'
            f'<text x="{middle:.1f}" y="{HEIGHT - 10}" text-anchor="middle" class="axis">{escape(period)}</text>'
        )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>各期报酬（元）</title>{''.join(parts)}</svg>"
    )


def yuan(fen: int) -> str:
    """Return fen as yuan with two decimals and thousands, exactly."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def _height(bp: int) -> float:
    share = min(max(bp, 0), FULL) / FULL
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def _grid(periods: Sequence[str], across: dict[str, float]) -> str:
    parts = []
    for bp in (0, 2500, 5000, 7500, FULL):
        y = _height(bp)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3eaec"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" class="axis">{bp / FULL:.2f}</text>'
        )
    every = -(-len(periods) // 12)  # at most twelve names fit
    parts += [
        f'<text x="{across[one]:.1f}" y="{HEIGHT - 10}" text-anchor="middle" class="axis">{escape(one)}</text>'
        for one in periods[::-1][::every]
    ]
    return "".join(parts)


def _line(line: Line, across: dict[str, float], number: int, ends: list[float]) -> str:
    colour = COLOURS[number]
    points = [(across[point.period], point) for point in sorted(line.points, key=lambda one: one.period)]
    band = [f"{x:.1f},{_height(p.j_high_bp):.1f}" for x, p in points]
    band += [f"{x:.1f},{_height(p.j_low_bp):.1f}" for x, p in reversed(points)]
    parts = []
    if len(points) > 1:
        way = " ".join(f"{x:.1f},{_height(p.j_bp):.1f}" for x, p in points)
        parts += [
            f'<polygon points="{" ".join(band)}" fill="{colour}" fill-opacity=".10"/>',
            f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>',
        ]
    for x, point in points:
        low, high, y = _height(point.j_low_bp), _height(point.j_high_bp), _height(point.j_bp)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{high:.1f}" y2="{low:.1f}" stroke="{colour}" stroke-opacity=".45"/>'
            + _mark(MARKS[number], x, y, colour)
        )
    end = _height(points[-1][1].j_bp)
    while any(abs(end - other) < NARROW for other in ends):
        end += NARROW
    ends.append(end)
    parts.append(f'<text x="{points[-1][0] + 10:.1f}" y="{end + 4:.1f}" fill="{colour}">{escape(line.name)}</text>')
    return "".join(parts)


def _mark(mark: str, x: float, y: float, colour: str) -> str:
    if mark == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    corners = {
        "square": ((-4, -4), (4, -4), (4, 4), (-4, 4)),
        "diamond": ((0, -5), (5, 0), (0, 5), (-5, 0)),
        "triangle": ((0, -5), (5, 4), (-5, 4)),
    }[mark]
    way = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{way}" fill="{colour}"/>'
