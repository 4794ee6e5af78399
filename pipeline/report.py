"""The report page of a run, 运行报告: what was kept, what went and why. Ids and numbers only, never text.

Excerpts of duplicates are on a page of their own, in a folder that is closed to others.
"""

from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters.personal_lexicon import categories
from filters.policy import HELD, Rule
from pipeline.disposition import DONE
from pipeline.lexicon_report import lexicon_section
from pipeline.packs import DISCLAIMER, LEFT_TO, assess
from pipeline.page import bars, histogram, page, table
from pipeline.policy_file import measured
from pipeline.rounds_report import show_rounds
from pipeline.runs import Run
from pipeline.schema import ACCOUNT
from pipeline.store import read_json, read_table, write_bytes
from pipeline.twins import clusters_table, largest_clusters, write_excerpts

QUARANTINE_ROWS = 50


def write_report(run: Run) -> Path:
    """Write report.html of a finished run from what is stored, and return its path."""
    path = run.folder.path / "report.html"
    sections = [
        _totals(run),
        _sources(run),
        _reasons(run),
        _review(run),
        _risks(run),
        _rules(run),
        _languages(run),
        _personal_data(run),
        lexicon_section(run),
        _clusters(run),
        _quarantine(run),
        _section("人工标注 What people say", *said) if (said := show_rounds(run)) else "",
        _stages(run),
    ]
    write_bytes(path, page(f"清源 Qingyuan · {run.name}", "".join(sections)).encode())
    return path


def _section(title: str, *body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(body)}</section>"


def _totals(run: Run) -> str:
    account = run.summary["documents"]
    share = account["kept"] / max(account["in"], 1)
    figures = [
        ("输入 in", account["in"]),
        ("保留 kept", account["kept"]),
        ("剔除 dropped", account["dropped"]),
        ("隔离 quarantined", account["quarantined"]),
    ]
    tiles = "".join(f"<div><b>{number:,}</b><span>{name}</span></div>" for name, number in figures)
    said = (
        f"<p>策略 policy <b>{escape(run.summary['policy'])}</b>，保留 {share:.1%}，"
        f"{run.summary['kept_chars']:,} 字 characters。"
        "输入 = 保留 + 剔除 + 隔离，已逐分片核对 (checked for every shard)。</p>"
    )
    failed = [[part, error] for part, error in run.summary["shards_failed"].items()]
    over = [[name, f"{share:.1%}"] for name, share in run.summary["over_quarantined"].items()]
    return _section(
        "总览 Overview",
        f'<div class="tiles">{tiles}</div>',
        said,
        table(["失败分片 failed shards", "错误 error"], failed) if failed else "",
        table(["隔离过多的来源 too much quarantined", "比例 share"], over) if over else "",
    )


def _sources(run: Run) -> str:
    rows = [[name, *account.values()] for name, account in run.summary["sources"].items()]
    return _section(
        "来源 Sources", table(["来源 source", "输入 in", "保留 kept", "剔除 dropped", "隔离 quarantined"], rows)
    )


def _reasons(run: Run) -> str:
    failed: Counter[str] = Counter()
    for number in run.judged:
        failed.update((read_json(run.folder.receipt("judge", number)) or {}).get("failed", {}))
    reasons = run.summary["reasons"]
    names = [rule.reason for rule in run.policy.rules if rule.action == "drop"]
    names += [HELD] if any(rule.action == "hold" for rule in run.policy.rules) else []
    rows = [[name, reasons.get(name, 0), failed[name]] for name in names]
    return _section(
        "剔除原因 Reasons",
        bars([(str(row[0]), int(row[1])) for row in rows]),
        table(["原因 reason", "首个原因 as first reason", "全部违反 all that break it"], rows),
    )


def _review(run: Run) -> str:
    """Show how many documents people should see, for what, and whether they are in the corpus meanwhile."""
    asking = [rule for rule in run.policy.rules if rule.action != "drop"]
    if not asking:
        return ""
    found = run.summary.get("review", {"documents": 0, "reasons": {}})
    meanwhile = {"review": "保留 kept", "hold": "暂扣 held"}
    rows = [[rule.reason, found["reasons"].get(rule.reason, 0), meanwhile[rule.action]] for rule in asking]
    return _section(
        "请人复核 For review",
        f"<p>{found['documents']:,} 篇 documents; 编号见 verdicts 的 verdict.review（ids: verdict.review there）。</p>",
        table(["原因 reason", "文档 documents", "其间 meanwhile"], rows),
    )


def _risks(run: Run) -> str:
    """Show, for each of the 31 risks, which rules look for it and what they leave: a self-assessment."""
    if not any(rule.risks for rule in run.policy.rules) and not run.risks:
        return ""
    count = run.summary["reasons"]
    asked = run.summary.get("review", {"reasons": {}})["reasons"]
    rows = [
        [
            line.risk,
            line.name,
            "、".join(f"{name} {count.get(name, 0):,}" for name in line.drops) or "–",
            "、".join(f"{name} {asked.get(name, 0):,}" for name in line.reviews) or "–",
            LEFT_TO[line.left_to],
            line.note or "–",
        ]
        for line in assess(run.policy, run.risks)
    ]
    left_out = run.summary.get("rules_left_out", [])
    return _section(
        "31 类风险自评 Self-assessment by risk",
        f"<p>{escape(DISCLAIMER)}</p>",
        f"<p>未应用的规则 rules not applied, since the recipe leaves out what measures them: "
        f"{escape(', '.join(left_out))}</p>" if left_out else "",
        table(["编号 id", "风险 risk", "剔除 drops", "复核 reviews", "其余归 the rest is for", "说明 note"], rows),
    )  # fmt: skip


def _rules(run: Run) -> str:
    """Show each bounded attribute's distribution with the bound in it, so that a threshold can be judged by eye."""
    meanings = measured(choice.make() for choice in run.filters())
    shown = []
    bounded = [rule for rule in run.policy.rules if not rule.attribute.startswith("dedup.")]
    bounded = [rule for rule in bounded if rule.at_least is not None or rule.at_most is not None]
    columns = run.parts.measured([rule.attribute for rule in bounded])
    for rule, column in zip(bounded, columns, strict=True):
        field = meanings[rule.attribute]
        meaning = escape(field.metadata[b"meaning"].decode())
        shown.append(
            f"<figure><figcaption><b>{escape(rule.reason)}</b>: {escape(rule.attribute)} {escape(rule.bounds())}"
            f"<br><small>{meaning}</small></figcaption>{_histogram(rule, column.drop_null())}</figure>"
        )
    return _section("指标分布 Distributions", *shown)


def _histogram(rule: Rule, column: pa.ChunkedArray) -> str:
    values = column.to_numpy().astype(np.float64)
    if not len(values):
        return "<p>–</p>"
    bounds = [bound for bound in (rule.at_least, rule.at_most) if bound is not None]
    # The tail beyond the 99th percentile goes into the last bin, unless a bound lies there.
    top = max(float(np.quantile(values, 0.99)), *bounds) * 1.05 or 1.0
    low = min(0.0, float(values.min()))
    counts, edges = np.histogram(np.clip(values, low, top), bins=48, range=(low, top))
    return histogram(counts.tolist(), float(edges[0]), float(edges[-1]), bounds)


def _languages(run: Run) -> str:
    names = run.parts.column("attributes", "reading.encoding")
    encodings = _counts(names)
    blocks = [table(["编码 encoding", "文档 documents"], encodings)]
    if "language" in {choice.filter for choice in run.filters()}:
        blocks.insert(
            0, table(["语言 language", "文档 documents"], _counts(run.parts.column("attributes", "language.label")))
        )
        blocks.insert(
            1, table(["书面语 lect", "文档 documents"], _counts(run.parts.column("attributes", "language.lect")))
        )
    return _section("语言与编码 Languages and encodings", '<div class="columns">', *blocks, "</div>")


def _counts(column: pa.ChunkedArray) -> list[list[Any]]:
    counted = [(row["values"], row["counts"]) for row in pc.value_counts(column).to_pylist()]
    return [
        ["–" if name is None else name, number] for name, number in sorted(counted, key=lambda c: (-c[1], str(c[0])))
    ]


def _personal_data(run: Run) -> str:
    done = run.summary.get("personal_data", {"disposition": "off"})  # runs of before there was masking
    title = "个人信息 Personal data in kept documents"
    if done["disposition"] == "off":
        return _section(title, "<p>未处理：语料中的个人信息保持原样 left as they were found (personal_data = off)</p>")
    names = {name: category.placeholder for name, category in categories().items()}
    kinds = [kind for kind in names if any(kind in done.get(what, {}) for what in DONE.values())]
    if not kinds:
        return _section(title, "<p>无 none</p>")
    rows = [[f"{names[kind]} {kind}", *(done.get(what, {}).get(kind, 0) for what in DONE.values())] for kind in kinds]
    return _section(title, table(["类别 category", "已遮盖 masked", "假名化 pseudonymised", "保留 kept"], rows))


def _clusters(run: Run) -> str:
    """Count the clusters and list the largest; their texts are on a page of their own, which is shown in this one."""
    counts = read_json(run.folder.whole_receipt("dedup")) or {}
    number, documents = counts.get("clusters_of_several", 0), counts.get("documents_in_them", 0)
    clusters = largest_clusters(run)
    beside = write_excerpts(run, clusters)
    said = f"<p>{number:,} 组重复文档 clusters, {documents:,} 篇 documents.</p>"
    excerpts = (
        f'<p><a href="{beside}">摘录与差异 Excerpts and differences</a>'
        " (仅本机用户可读 readable by this user only)</p>"
        f'<iframe src="{beside}" title="excerpts"></iframe>'
    )
    return _section("重复 Duplicates", said, *((clusters_table(clusters), excerpts) if clusters else ()))


def _quarantine(run: Run) -> str:
    kinds: Counter[str] = Counter()
    shown: list[list[Any]] = []
    for number in run.judged:
        rows = read_table(run.folder.part("quarantine", number), ACCOUNT).to_pylist()
        kinds.update(row["error"].partition(":")[0] for row in rows)
        places = [[r["source"], r["file"], r["record"], r["offset"], r["error"].partition(":")[0]] for r in rows]
        shown += places[: QUARANTINE_ROWS - len(shown)]
    if not kinds:
        return _section("隔离 Quarantine", "<p>无 none</p>")
    return _section(
        "隔离 Quarantine",
        table(["错误 error", "记录 records"], [[kind, n] for kind, n in kinds.most_common()]),
        table(["来源 source", "文件 file", "记录 record", "字节 byte", "错误 error"], shown),
    )


def _stages(run: Run) -> str:
    rows = [[name, s["items"], s["reused"], f"{s['cpu_seconds']:.1f}"] for name, s in run.summary["stages"].items()]
    versions = ", ".join(f"{name} {number}" for name, number in run.summary["versions"].items())
    return _section(
        "阶段 Stages",
        table(["阶段 stage", "任务 items", "沿用 reused", "CPU 秒 seconds"], rows),
        f"<p><small>{escape(versions)}</small></p>",
    )
