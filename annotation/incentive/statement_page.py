"""A contributor's statement, 计酬说明: one page of HTML that prints on A4 and asks nothing of the network.

It is made of the person's own ledger rows and scores: nothing of anybody else, and no item of gold, can come in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from annotation.incentive.charts import Line, earnings, progress, yuan
from annotation.incentive.statement import kind_words, statement_sentences

KIND_TITLES = {"advance": "预付", "settlement": "结算", "correction": "更正", "dividend": "分红"}

_STYLE = """
@page{size:A4;margin:16mm 15mm}
*{box-sizing:border-box}
body{font:14px/1.75 "Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif;
 max-width:180mm;margin:1.6rem auto;padding:0 1rem;color:#1d2b33;background:#fff}
header{display:flex;justify-content:space-between;align-items:flex-end;border-bottom:3px solid #1b7a78;
 padding-bottom:.5rem;margin-bottom:1rem}
h1{font-size:1.5rem;margin:0;letter-spacing:.05em}header p{margin:0;text-align:right;color:#4c6169;font-size:.9rem}
h2{font-size:1.05rem;color:#1b7a78;margin:1.5rem 0 .4rem;break-after:avoid}
h3{font-size:1rem;margin:0;display:flex;justify-content:space-between;gap:1rem}
h3 b{font-variant-numeric:tabular-nums;white-space:nowrap}
.total{display:flex;gap:.8rem}.total div{flex:1;background:#f1f6f6;border-radius:6px;padding:.6rem .9rem}
.total div:first-child{background:#1b7a78;color:#fff}.total b{display:block;font-size:1.45rem;line-height:1.3;
 font-variant-numeric:tabular-nums}.total span{font-size:.85rem;opacity:.85}
article{border:1px solid #dde5e8;border-radius:6px;padding:.7rem 1rem;margin:.6rem 0;break-inside:avoid}
dl{display:grid;grid-template-columns:4.6em 1fr;gap:.1rem .8rem;margin:.5rem 0 0}dt{color:#4c6169}dd{margin:0}
figure{margin:.4rem 0;break-inside:avoid}figcaption{color:#4c6169;font-size:.9rem}
svg{width:100%;height:auto}svg text{font-size:11px;fill:#1d2b33;font-family:inherit}svg text.axis{fill:#6b7d84}
ol{margin:.2rem 0;padding-left:1.4rem}footer{margin-top:1.4rem;border-top:1px solid #dde5e8;padding-top:.5rem;
 color:#6b7d84;font-size:.8rem;overflow-wrap:anywhere}
@media print{body{margin:0;padding:0;max-width:none}
 .total div{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the ledger, as far as its owner is told."""

    seq: int
    at: str
    kind: str
    amount_fen: int
    why: Mapping[str, Any]
    seal: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What one person's page is made of."""

    contributor: str
    period: str
    rows: Sequence[Row]
    """Payments of the period, oldest first."""
    lines: Sequence[Line]
    """Informedness of this period and those before, by kind of round."""
    earned: Sequence[tuple[str, int]]
    """Period and fen, oldest first."""


def statement_page(statement: Statement) -> str:
    """Return the whole page.

    Raises:
        LedgerError: a row's numbers do not add up.
    """
    title = f"计酬说明 {statement.period}"
    paid = sum(row.amount_fen for row in statement.rows)
    by_kind = {kind: sum(row.amount_fen for row in statement.rows if row.kind == kind) for kind in KIND_TITLES}
    tiles = [("本期已发合计（元）", paid)]
    tiles += [(f"其中{KIND_TITLES[kind]}（元）", fen) for kind, fen in by_kind.items() if fen]
    total = "".join(f"<div><b>{yuan(fen)}</b><span>{escape(name)}</span></div>" for name, fen in tiles)
    articles = "".join(_article(row) for row in statement.rows) or "<p>本期没有发放。</p>"
    body = (
        f"<header><h1>{escape(title)}</h1><p>编号 {escape(statement.contributor)}<br>本单只与您本人有关</p></header>"
        f'<div class="total">{total}</div>'
        f"<h2>每一笔怎么来的</h2>{articles}{_charts(statement)}{_appeal(statement)}"
        f"<footer>账本行与校验码：{escape('；'.join(f'第 {row.seq} 行 {row.seal[:16]}' for row in statement.rows))}。"
        "账本只增不改，每行由前一行封存；凭行号与校验码可要求核对。</footer>"
    )
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _article(row: Row) -> str:
    why = row.why
    sentences = dividend_sentences(why, row.amount_fen) if row.kind == "dividend" else statement_sentences(why)
    heads = [sentence.partition("：") for sentence in sentences]
    lines = "".join(f"<dt>{escape(head)}</dt><dd>{escape(rest)}</dd>" if rest else f"<dt></dt><dd>{escape(head)}</dd>"
                    for head, _, rest in heads)  # fmt: skip
    about = kind_words(why["kind"]) if why.get("kind") else ""
    title = f"{KIND_TITLES[row.kind]}{' · ' + about if about else ''} · {row.at}"
    return f"<article><h3><span>{escape(title)}</span><b>{yuan(row.amount_fen)} 元</b></h3><dl>{lines}</dl></article>"


def dividend_sentences(why: Mapping[str, Any], amount_fen: int) -> list[str]:
    """Return what a dividend's row says."""
    return [f"贡献：您的贡献点为 {why['points']:,}。", f"分得：按贡献点占比，从本期分红池分得 {yuan(amount_fen)} 元。"]


def _charts(statement: Statement) -> str:
    quality, money = progress(statement.lines), earnings(statement.earned)
    if not quality and not money:
        return ""
    first = f"<figure><figcaption>知情度，浅色带与竖线为可信区间</figcaption>{quality}</figure>" if quality else ""
    second = f"<figure><figcaption>报酬（元）</figcaption>{money}</figure>" if money else ""
    return f"<h2>各期进展</h2>{first}{second}"


def _appeal(statement: Statement) -> str:
    until = max((row.why.get("appeal_until") or "" for row in statement.rows), default="")
    if not until:
        return ""
    return (
        f"<h2>怎样申诉（{escape(until)} 之前）</h2><ol>"
        "<li>记下轮次名称和任务编号：标注页面左上角「#」后的数字。</li>"
        "<li>发给运营方，写明理由；一题一条，不收费。</li>"
        "<li>由没有见过这道题的人重新判断，他看不到您的编号和理由之外的任何人的答案。</li>"
        "<li>判断即为定论，对答过这道题的每个人生效；应补的差额补发，已发的不追回。</li></ol>"
    )
