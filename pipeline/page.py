"""Pieces of a report page: one HTML file without scripts or anything from elsewhere, readable offline and printable."""

from collections.abc import Sequence
from html import escape
from typing import Any

_STYLE = """
body{font:15px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;max-width:60rem;
 margin:2rem auto;padding:0 1rem;color:#1d2b33;background:#fff}
h1{font-size:1.6rem;border-bottom:3px solid #1b7a78;padding-bottom:.3rem}
h2{font-size:1.15rem;margin:2rem 0 .6rem;color:#1b7a78}
table{border-collapse:collapse;margin:.6rem 0;min-width:16rem}
th,td{padding:.25rem .7rem;border-bottom:1px solid #dde5e8;text-align:left;overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.tiles{display:flex;flex-wrap:wrap;gap:.8rem}
.tiles div{flex:1 1 8rem;background:#f1f6f6;border-radius:6px;padding:.7rem 1rem}
.tiles b{display:block;font-size:1.5rem}.tiles span{color:#4c6169}
.columns{display:flex;flex-wrap:wrap;gap:2rem}
.bar{display:grid;grid-template-columns:11rem 1fr 6rem;gap:.6rem;align-items:center}
.bar i{display:block;height:.8rem;background:#1b7a78;border-radius:2px;min-width:1px}
.bar span:last-child{text-align:right}
figure{margin:1rem 0;break-inside:avoid}svg{width:100%;height:7rem}mark{background:#ffd9a8}
iframe{width:100%;height:30rem;border:1px solid #dde5e8}small{color:#4c6169}
"""


def page(title: str, body: str) -> str:
    """Return a whole page."""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table; numbers are set to the right."""
    right = [bool(rows) and isinstance(rows[0][column], int) for column in range(len(head))]
    mark = [' class="n"' if one else "" for one in right]
    heads = "".join(f"<th{mark[c]}>{escape(name)}</th>" for c, name in enumerate(head))
    lines = "".join(
        "<tr>" + "".join(f"<td{mark[c]}>{_cell(value)}</td>" for c, value in enumerate(row)) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def bars(rows: Sequence[tuple[str, int]]) -> str:
    """Return one horizontal bar for each name and number."""
    most = max((number for _, number in rows), default=0) or 1
    return "".join(
        f'<div class="bar"><span>{escape(name)}</span><span><i style="width:{100 * number / most:.1f}%"></i></span>'
        f"<span>{number:,}</span></div>"
        for name, number in rows
    )


def histogram(counts: Sequence[int], low: float, high: float, bounds: Sequence[float]) -> str:
    """Return a histogram of equal bins over [low, high] with a line at each bound; heights are square roots.

    A root scale keeps the few documents near a bound visible beside the thousands that are far from it.
    """
    most = max(counts) ** 0.5 or 1.0
    width = 1000 / len(counts)
    columns = "".join(
        f'<rect x="{i * width:.1f}" y="{90 - 85 * n**0.5 / most:.1f}" width="{width - 1:.1f}"'
        f' height="{85 * n**0.5 / most:.1f}" fill="#8fbfbd"><title>{n:,}</title></rect>'
        for i, n in enumerate(counts)
    )
    span = high - low or 1.0
    lines = "".join(
        f'<line x1="{1000 * (b - low) / span:.1f}" x2="{1000 * (b - low) / span:.1f}" y1="0" y2="92"'
        ' stroke="#b3402a" stroke-width="3"/>'
        for b in bounds
    )
    ends = (
        f'<text x="0" y="108" font-size="14">{low:.3g}</text>'
        f'<text x="1000" y="108" font-size="14" text-anchor="end">{high:.3g}</text>'
    )
    return f'<svg viewBox="0 0 1000 112" preserveAspectRatio="none" role="img">{columns}{lines}{ends}</svg>'
