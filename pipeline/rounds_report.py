"""What people have said of a run, for its report: rounds, their estimates, comparisons with other runs."""

from html import escape
from typing import Any

from pipeline.page import table
from pipeline.runs import Run
from pipeline.store import read_json


def show_rounds(run: Run) -> list[str]:
    """Show how far the rounds are that ask about this run, and what people think of its rules: pieces of a page."""
    folder = run.folder.path.parent.parent / "rounds"
    found = [read_json(path) for path in sorted(folder.glob("*/results.json"))]
    blocks = []
    for result in found:
        if result is None or run.name not in result.get("runs", [result.get("run")]):
            continue
        status, estimates = result["status"], result["estimates"]
        rate = status["per_hour"] or "–"
        said = (
            f"<h3>{escape(result['round'])}（{escape(result['kind'])}）</h3><p>有效答案 valid answers "
            f"{status['answers']['valid']:,}，每小时 per hour {rate}，未答 left {status['left']:,}，"
            f"预计完成 expected end {escape(status['expected_end'] or '–')}</p>"
        )
        rules = [[reason, *(_interval(figures.get(name)) for name in ("precision", "recall", "lost", "passed"))]
                 for reason, figures in estimates.get("rules", {}).items()]  # fmt: skip
        kinds = [[code, *(_interval(figures[name]) for name in ("precision", "recall"))]
                 for code, figures in estimates.get("categories", {}).items()]  # fmt: skip
        head = ["规则 rule", "准确率 precision", "召回率 recall", "误删 lost of the good", "漏过 bad of the kept"]
        share = f"<p>不宜入库 bad: {_interval(estimates.get('bad'))}</p>"
        blocks += [said, share if "bad" in estimates else "", table(head, rules) if rules else ""]
        if kinds:
            blocks.append(table(["类别 category", "准确率 precision", "召回率 recall"], kinds))
        blocks += _compared(estimates.get("comparison"), result.get("pairs", {}))
    return blocks


def _compared(found: dict[str, Any] | None, pairs: dict[str, int]) -> list[str]:
    """Show which of two runs people prefer, over all and where one alone broke a rule."""
    if found is None:
        return []
    runs = [name for name in found["prefer"] if any(name in by["prefer"] for rule in found["rules"].values()
            for by in rule.values())]  # fmt: skip
    said = ", ".join(f"{escape(name)} {number:,}" for name, number in pairs.items())
    over_all = [[name, _interval(share)] for name, share in found["prefer"].items()]
    rules = [[reason, run, *(_interval(by["prefer"].get(name)) for name in runs)]
             for reason, by_run in found["rules"].items() for run, by in by_run.items()]  # fmt: skip
    head = ["规则 rule", "仅此运行违反 broken in this run alone", *(f"偏好 prefer {name}" for name in runs)]
    return [
        f"<p>文档 documents: {said}</p>", table(["答案 answer", "比例 share"], over_all),
        table(head, rules) if rules else "",
    ]  # fmt: skip


def _interval(estimate: dict[str, Any] | None) -> str:
    """Show a share with its interval of 95 %."""
    if not estimate or estimate["value"] is None:
        return "–"
    return f"{estimate['value']:.1%} ({estimate['low']:.1%} – {estimate['high']:.1%})"
