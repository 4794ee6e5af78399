"""The self-assessment as JSON, Markdown and a page to print: the same rows, each with its evidence and its digest."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from pipeline.page import page
from pipeline.release.assessed import Fails, Line
from pipeline.release.self_assessment import SAYS, TRIAL_SAYS, VERIFIED, totals
from pipeline.store import write_bytes, write_json

NAME = "evidence/self_assessment"
_HEAD = ("条款 clause", "依据与核对状态 rule, and how well it is known", "结果 result", "理由 reason", "证据 evidence")


def write_pages(folder: Path, manifest: Mapping[str, Any], lines: Sequence[Line]) -> None:
    """Write all three."""
    counts = totals(lines)
    said = _conclusion(counts, trial=bool(manifest["trial"]))
    write_json(
        folder / f"{NAME}.json",
        {
            "version": manifest["version"], "trial": manifest["trial"], "data_root": manifest["data_root"],
            "says": SAYS, "conclusion": said, "totals": counts, "verification": VERIFIED,
            "lines": [one.as_json() for one in lines],
        },
    )  # fmt: skip
    title = f"自评估 Self-assessment · {manifest['version']}"
    write_bytes(folder / f"{NAME}.md", _markdown(title, said, lines, trial=bool(manifest["trial"])).encode())
    write_bytes(folder / f"{NAME}.html", page(title, _html(said, lines, trial=bool(manifest["trial"]))).encode())


def _conclusion(counts: Mapping[str, int], *, trial: bool) -> str:
    numbers = "，".join(f"{name} {count}" for name, count in counts.items())
    if trial:
        return f"试用发布，不作总体结论 a trial: no overall conclusion（{numbers}）"
    open_ = counts["不符合"]
    whole = "尚有不符合项 some clauses are not met" if open_ else "未见不符合项 no clause was found unmet"
    return f"{whole}（{numbers}）"


def _clause(line: Line) -> list[str]:
    return [f"{one.cited}（{VERIFIED[one.verified]}）" for one in line.clauses]


def _reason(line: Line) -> str:
    return f"{line.result.reason} → {line.result.plan}" if isinstance(line.result, Fails) else line.result.reason


def _markdown(title: str, said: str, lines: Sequence[Line], *, trial: bool) -> str:
    def cell(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ")

    rows = [
        [f"**{line.title}**<br>`{line.id}`", "<br>".join(_clause(line)), line.result.says, _reason(line),
         "<br>".join(f"[{one.path}](../{one.path}) `{one.sha256}`" for one in line.result.evidence) or "–"]
        for line in lines
    ]  # fmt: skip
    head = [f"# {title}", "", SAYS, "", *([f"> **{TRIAL_SAYS}**", ""] if trial else []), f"**{said}**", ""]
    table = [f"| {' | '.join(_HEAD)} |", "|" + " --- |" * len(_HEAD)]
    return "\n".join([*head, *table, *(f"| {' | '.join(map(cell, row))} |" for row in rows), ""])


def _html(said: str, lines: Sequence[Line], *, trial: bool) -> str:
    banner = f"<p><b>{escape(TRIAL_SAYS)}</b></p>" if trial else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in _HEAD)
    rows = "".join(
        f"<tr><td><b>{escape(line.title)}</b><br><small>{escape(line.id)}</small></td>"
        f"<td>{'<br>'.join(map(escape, _clause(line)))}</td><td>{escape(line.result.says)}</td>"
        f"<td>{escape(_reason(line))}</td><td>{_links(line)}</td></tr>"
        for line in lines
    )
    style = (
        "<style>body{max-width:80rem}th:nth-child(3),td:nth-child(3){white-space:nowrap;overflow-wrap:normal}"
        "td:nth-child(1){min-width:9rem}@media print{body{max-width:none;font-size:11px}tr{break-inside:avoid}}</style>"
    )
    return (
        f"{style}<p>{escape(SAYS)}</p>{banner}<p><b>{escape(said)}</b></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _links(line: Line) -> str:
    return (
        "<br>".join(
            f'<a href="../{escape(one.path)}">{escape(one.path)}</a> <small>sha256 {one.sha256}</small>'
            for one in line.result.evidence
        )
        or "–"
    )
