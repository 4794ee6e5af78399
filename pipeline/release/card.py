"""The data card of a release: README.md in the form of Hugging Face, in Chinese and English, from its manifest."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.disposition import DONE
from pipeline.release.manifest import UNKNOWN, by_freedom, licences_of

_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"), (10_000_000_000, "1B<n<10B"),
    (100_000_000_000, "10B<n<100B"), (1_000_000_000_000, "100B<n<1T"),
)  # fmt: skip
_HUB_LICENCES = frozenset({
    "apache-2.0", "mit", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
    "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0", "cc-by-nd-4.0", "odbl", "odc-by", "pddl", "gfdl", "unlicense",
})  # fmt: skip
"""Names of licences that the Hub knows, of those that texts are under."""

LEFT = DONE["keep"]
TRIAL_ZH = "**试用发布：未满足验收抽样条件，不得作为通过验收的语料使用。**"
TRIAL_EN = "**Trial release: it did not and cannot pass the acceptance samples; do not use it as if it had.**"


def size_category(documents: int) -> str:
    """Return the size as the Hub names it."""
    return next((name for bound, name in _SIZES if documents < bound), "n>1T")


def _licence(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the Hub is told: licences that it knows, the least free first, or "other" with all their names."""
    found = licences_of(manifest)
    if found and all(one.lower() in _HUB_LICENCES for one in found):
        names = [one.lower() for one in found]
        return {"license": names[0] if len(names) == 1 else names}
    return {"license": "other", "license_name": " AND ".join(found) or UNKNOWN, "license_link": "evidence/sources.json"}


def front_matter(manifest: Mapping[str, Any], statistics: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands between the dashes."""
    scripts = [name for name in statistics.get("scripts", {}) if name]
    trial = ["trial"] if manifest["trial"] else []
    split = "trial" if manifest["trial"] else "train"
    return {
        "pretty_name": f"Qingyuan {manifest['version']}",
        "language": ["zh"],
        **_licence(manifest),
        "size_categories": [size_category(manifest["documents"])],
        "task_categories": ["text-generation"],
        "annotations_creators": ["no-annotation"],
        "language_creators": ["found"],
        "multilinguality": ["monolingual"],
        "tags": ["pre-training", "chinese", *sorted(f"script-{name.lower()}" for name in scripts), *trial],
        "configs": [{"config_name": "default", "data_files": [{"split": split, "path": "data/*.parquet"}]}],
    }


def _yaml(values: Mapping[str, Any]) -> str:
    """Write values as YAML: every scalar in the form of JSON, which YAML reads alike."""
    lines = []
    for key, value in values.items():
        if isinstance(value, list):
            lines += [f"{key}:", *(f"- {json.dumps(one, ensure_ascii=False)}" for one in value)]
        else:
            lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    def cell(value: Any) -> str:  # noqa: ANN401 - whatever is shown
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}"
        return ("–" if value is None or value == "" else str(value)).replace("|", "\\|").replace("\n", " ")

    return "\n".join(
        [f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *(f"| {' | '.join(map(cell, row))} |" for row in rows)]
    )


def card(manifest: Mapping[str, Any], statistics: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """Return README.md of a release."""
    trial, compared = bool(manifest["trial"]), bool(facts.get("compared"))
    title = f"# 清源 Qingyuan {manifest['version']}" + (" （试用 trial）" if trial else "")
    sources = _table(
        ["来源 source", "类别 class", "许可 licence", "篇 documents", "字 characters", "占比 share"],
        [
            [name, entry.get("class"), _licences(one["licence"], entry.get("licence")), one["documents"],
             one["characters"], f"{one['share']:.2%}"]
            for name, one in manifest["sources"].items()
            for entry in [facts["sources"].get(name) or {}]
        ],
    )  # fmt: skip
    return f"""---
{_yaml(front_matter(manifest, statistics))}
---

{title}

{f"> {TRIAL_ZH}" if trial else ""}
{f"> {TRIAL_EN}" if trial else ""}

{_chinese(manifest, statistics, compared=compared)}

{sources}

{_by_licence(statistics)}

{_english(manifest, statistics, compared=compared)}
"""


def _licences(of_rows: str | None, registered: str | None) -> str | None:
    """Say what a source's rows are under, and what the registry has where that is something else."""
    if of_rows is None or registered is None or registered == of_rows:
        return of_rows or registered
    return f"{of_rows}（登记 registry: {registered}）"


def _by_licence(statistics: Mapping[str, Any]) -> str:
    """Show how much is under each licence, the least free first; rows say which."""
    counts = {name or UNKNOWN: one for name, one in statistics.get("licences", {}).items()}
    if not counts:
        return ""
    rows = [[name, counts[name]["documents"], counts[name]["characters"]] for name in by_freedom(counts)]
    said = "各行自带 `licence` 字段；整体使用时以最严格者为准。Each row has its own; as a whole the least free counts."
    table = _table(["许可 licence", "篇 documents", "字 characters"], rows)
    return f"## 许可 Licences\n\n{said}\n\n{table}"


def _number(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _units(statistics: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {meaning}" for name, meaning in statistics.get("units", {}).items())


def _since(manifest: Mapping[str, Any], *, compared: bool) -> tuple[str, str]:
    """Say where changes are told of, in Chinese and English; the ids are there only if both releases are."""
    if not manifest.get("previous"):
        return "这是首次发布。", "This is the first release."
    if not compared:
        return "与上一版未作比较，见 `RELEASE_NOTES.md`。", "Not compared with the one before it: `RELEASE_NOTES.md`."
    english = (
        "What was added and removed since the previous one: `RELEASE_NOTES.md`; who holds that one should remove the "
        "rows of `evidence/removed_ids.jsonl` too, which says why of each."
    )
    return (
        "与上一版相比的增删见 `RELEASE_NOTES.md`；持有旧版者请按 `evidence/removed_ids.jsonl` 一并删除。",
        english,
    )


def _masked(manifest: Mapping[str, Any]) -> int:
    done = (one.get("personal_data") or {} for one in manifest["runs"])
    return sum(sum(one.get(how, {}).values()) for one in done for how in ("masked", "pseudonymised"))


def _left(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Say how many were found and left as they are, as the policy says of their kind, in Chinese and English."""
    left = sum(sum(((one.get("personal_data") or {}).get(LEFT) or {}).values()) for one in manifest["runs"])
    if not left:
        return "", ""
    return (
        f"另有 {left:,} 处按策略识别后保留原文。",
        f"Found and left as they are, as policies say: {_number(left, 'place')}. ",
    )


def _veiled(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Say how many ids and addresses were identifiers themselves, in Chinese and English."""
    ids, urls = (manifest.get("veiled", {}).get(name, 0) for name in ("ids", "urls"))
    if not ids + urls:
        return "", ""
    chinese = f"{ids:,} 篇的编号本身即个人标识，以加盐散列（`veiled-…`）代替；{urls:,} 篇网址中的标识已遮盖。"
    english = (
        f"The ids of {_number(ids, 'document')} were identifiers themselves: a salted hash (`veiled-…`) stands for "
        f"each. Identifiers in the addresses of {_number(urls, 'document')} are masked."
    )
    return chinese, english


def _chinese(manifest: Mapping[str, Any], statistics: Mapping[str, Any], *, compared: bool) -> str:
    quantiles = statistics.get("lengths", {}).get("quantiles", {})
    lengths = "，".join(f"{float(share):.0%}：{chars:,} 字" for share, chars in quantiles.items()) or "–"
    return f"""\
## 概述

中文预训练语料，{manifest["documents"]:,} 篇，{manifest["characters"]:,} 字，来自 {len(manifest["sources"])} 个来源、\
{len(manifest["runs"])} 次清洗（{"、".join(one["name"] for one in manifest["runs"])}）。本页由 `manifest.json` 与 \
`statistics.json` 生成，不手工修改。篇长分位数 {lengths}。

- 读取：`datasets.load_dataset("parquet", data_files="data/*.parquet")`；字段见 `croissant.json`。
- 校验：`qingyuan verify .` 离线核对每个文件；Merkle 根在 `manifest.json`。
- 溯源：`qingyuan trace {manifest["version"]} ID` 给出一行的来源、文件位置、每处修改与每条判定。
- 自评估：`evidence/self_assessment.html`（自评估证据包，不是认证）。

## 个人信息

清洗时按类别遮盖，各次清洗所输出语料共处理 {_masked(manifest):,} 处（类别与数量见 `evidence/personal_data.json`，\
不含任何值）。{_left(manifest)[0]}残留无法排除；请求删除见下。{_veiled(manifest)[0]}

## 删除与更正

已删除的文档不进入本次发布（{manifest["removed"].get("listed", 0):,} 篇在删除名单上）。\
{_since(manifest, compared=compared)[0]}

## 局限

风险由规则、词表与分类器筛查，抽样有误差；许可文件只证明持有，不证明授权人有权授权；\
没有 AI 生成标识不代表没有 AI 生成内容。

## 来源"""


def _english(manifest: Mapping[str, Any], statistics: Mapping[str, Any], *, compared: bool) -> str:
    return f"""\
## Summary

A Chinese pre-training corpus: {manifest["documents"]:,} documents, {manifest["characters"]:,} characters, from \
{_number(len(manifest["sources"]), "source")} in {_number(len(manifest["runs"]), "cleaning run")}. This page is \
generated from `manifest.json` and `statistics.json`. Units: {_units(statistics)}.

- Read it: `datasets.load_dataset("parquet", data_files="data/*.parquet")`; fields are in `croissant.json`.
- Check it: `qingyuan verify .` compares every file offline; the Merkle root is in `manifest.json`.
- Trace a row: `qingyuan trace {manifest["version"]} ID` gives its source, its place in the raw \
file, every edit and verdict.
- Self-assessment: `evidence/self_assessment.html` (evidence for one's own assessment, no certification).

## Personal and sensitive information

Masked by category when the runs wrote their corpora: {_masked(manifest):,} places in all (kinds and numbers in \
`evidence/personal_data.json`, no values). {_left(manifest)[1]}What remains cannot be ruled out. {_veiled(manifest)[1]}

## Removal

What was taken down is not in this release. {_since(manifest, compared=compared)[1]}

## Limitations

Risks are screened by rules, word lists and classifiers, and sampling has error. A licence on file shows that it is \
held, not that the licensor owned the right. Absence of an AI label is no proof of human origin."""
