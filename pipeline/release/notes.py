"""Release notes: what was added and removed since the previous release, and why, by both manifests and lists of ids.

Files that both releases share by their digest are not read. Who holds the previous release learns from
removed_ids.jsonl which of its rows to delete; the ids are those that it has there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.release.manifest import NAME
from pipeline.removed import load_removed
from pipeline.request.releases import id_in_run
from pipeline.salt import salt_of
from pipeline.store import RunFolder, read_batches, read_json, read_table, write_bytes, write_json
from pipeline.veiled import hidden_ids

NOTES = "RELEASE_NOTES.md"
CHANGES = "evidence/changes.json"
REMOVED_IDS = "evidence/removed_ids.jsonl"
_COLUMNS = ("id", "source", "run", "meta")
_SHOWN = 20
TAKEN_DOWN, BARRED, GONE, LEFT_OUT = "taken down", "its source is barred", "not in its run any more", "not selected"


def write_notes(folder: Path, workspace: Path, manifest: Mapping[str, Any], data: Iterable[Mapping[str, Any]]) -> None:
    """Compare a candidate with the release before it; write notes, counts, and the ids of what was removed."""
    previous = (manifest.get("previous") or {}).get("version")
    before = None if previous is None else workspace / "releases" / previous
    old = None if before is None else read_json(before / NAME)
    if before is None or old is None:
        why = (
            f"first {_kind(manifest)}" if previous is None else f"the folder of {previous} is not here to compare with"
        )
        write_json(folder / CHANGES, {"previous": previous, "compared": False, "why": why})
        write_bytes(folder / NOTES, _page(manifest, previous, None).encode())
        return
    ours = {one["sha256"]: one["path"] for one in data if one["path"].endswith(".parquet")}
    theirs = {one["sha256"]: one["path"] for one in old["files"] if one["path"].startswith("data/") and "rows" in one}
    salt = salt_of(workspace)
    now = _rows(folder, [path for digest, path in ours.items() if digest not in theirs], salt)
    was = _rows(before, [path for digest, path in theirs.items() if digest not in ours], salt)
    added, gone = sorted(now.keys() - was.keys()), sorted(was.keys() - now.keys())
    reasons = _reasons(workspace, manifest, {key: was[key] for key in gone})
    lines = [orjson.dumps({"source": s, **was[s, i].named, "why": reasons[s, i]}) for s, i in gone]
    write_bytes(folder / REMOVED_IDS, b"".join(line + b"\n" for line in lines))
    changes = {
        "previous": previous, "compared": True, "documents": {"before": old["documents"], "now": manifest["documents"]},
        "added": {"documents": len(added), "sources": dict(sorted(Counter(source for source, _ in added).items()))},
        "removed": {
            "documents": len(gone), "sources": dict(sorted(Counter(source for source, _ in gone).items())),
            "why": dict(sorted(Counter(reasons.values()).items())),
        },
        "runs": {
            "before": [one["name"] for one in old["runs"]], "now": [one["name"] for one in manifest["runs"]],
            "changed": _changed_runs(old, manifest),
        },
        "selection_changed": _selected(old) != _selected(manifest),
    }  # fmt: skip
    write_json(folder / CHANGES, changes)
    write_bytes(folder / NOTES, _page(manifest, previous, changes).encode())


def _kind(manifest: Mapping[str, Any]) -> str:
    return "trial" if manifest["trial"] else "release"


def _selected(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a plan said of which documents to take: not of the files that they come in."""
    return {key: manifest["selection"].get(key) for key in ("selection", "mixture", "merge")}


class _Row(NamedTuple):
    named: dict[str, Any]
    """By its id in the release; by its place there, if that id is an identifier of a person."""
    run: str


def _rows(release: Path, paths: Iterable[str], salt: bytes) -> dict[tuple[str, str], _Row]:
    """Return every row by its source, and its id in its run or what stands for that."""
    found = {}
    for path in paths:
        begin = 0
        for batch in read_batches(release / path, _COLUMNS):
            rows = batch.to_pylist()
            ids = [id_in_run(row) for row in rows]
            veiled = hidden_ids(salt, batch["source"], pa.array(ids, pa.string()))
            for number, row in enumerate(rows):
                place = {"id": veiled.get(number), "file": path, "row": begin + number}
                named = place if number in veiled else {"id": row["id"]}
                found[row["source"], veiled.get(number, ids[number])] = _Row(named, row["run"])
            begin += len(rows)
    return found


def _changed_runs(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Say of runs in both what they were made by that is another now."""
    before = {one["name"]: one for one in old["runs"]}
    said = []
    for one in new["runs"]:
        was = before.get(one["name"])
        keys = [key for key in ("recipe_sha256", "policy_sha256", "filters", "models", "lexicons", "versions")
                if was is not None and was.get(key) != one.get(key)]  # fmt: skip
        said += [f"{one['name']}: {', '.join(keys)}"] if keys else []
    return said


def _reasons(
    workspace: Path, manifest: Mapping[str, Any], gone: Mapping[tuple[str, str], _Row]
) -> dict[tuple[str, str], str]:
    """Say why each row is there no more: taken down, barred, dropped by its run for a reason, or not selected."""
    removed = load_removed(workspace)
    barred = set(manifest["removed"].get("barred_sources", []))
    found: dict[tuple[str, str], str] = {}
    left: dict[str, set[tuple[str, str]]] = {}
    for key, (_, run) in gone.items():
        if key in removed.documents:
            found[key] = TAKEN_DOWN
        elif key[0] in barred:
            found[key] = BARRED
        else:
            left.setdefault(run, set()).add(key)
    for run, keys in left.items():
        verdicts = _verdicts(RunFolder(workspace / "runs" / run), keys, salt_of(workspace))
        for key in keys:
            found[key] = verdicts.get(key, GONE)
    return found


def _verdicts(folder: RunFolder, keys: set[tuple[str, str]], salt: bytes) -> dict[tuple[str, str], str]:
    ids = pa.array(sorted({identity for _, identity in keys}), pa.string())
    found = {}
    for path in sorted((folder.path / "verdicts").glob("part-*.parquet")):
        table = read_table(path, ["id", "source", "verdict.keep", "verdict.reason"])
        names = table["id"].to_pylist()
        for row, name in hidden_ids(salt, table["source"], table["id"]).items():
            names[row] = name
        table = table.set_column(0, "id", pa.array(names, pa.string()))
        rows = np.flatnonzero(pc.is_in(table["id"], ids).to_numpy())
        for row in table.take(rows).to_pylist():
            if (row["source"], row["id"]) in keys:
                dropped = f"dropped by its run: {row['verdict.reason']}"
                found[row["source"], row["id"]] = LEFT_OUT if row["verdict.keep"] else dropped
    return found


def _page(manifest: Mapping[str, Any], previous: str | None, changes: Mapping[str, Any] | None) -> str:
    title = f"# 发布说明 Release notes: {manifest['version']}{'（试用 trial）' if manifest['trial'] else ''}"
    if changes is None:
        said = (
            f"首次{'试用' if manifest['trial'] else '发布'} the first {_kind(manifest)}."
            if previous is None
            else f"上一版 {previous} 不在此处，未比较 not compared."
        )
        return f"{title}\n\n{said}\n\n{manifest['documents']:,} documents, {manifest['characters']:,} characters.\n"
    added, removed = changes["added"], changes["removed"]
    why = [f"- {reason}: {count:,}" for reason, count in removed["why"].items()]
    runs = [f"- {one}" for one in changes["runs"]["changed"][:_SHOWN]]
    before, now = changes["documents"]["before"], changes["documents"]["now"]
    chosen = ["选择条件、配比或跨次去重方式有变 the selection, mixture or merging is another.", ""]
    left = f"“{LEFT_OUT}” 仅指本版未选，本身不是删除的理由: not selected here, which alone is no reason to delete."
    listed = ["移除的编号 their ids: `evidence/removed_ids.jsonl`.", *([left] if LEFT_OUT in removed["why"] else [])]
    return "\n".join(
        [
            title, "", f"与 {previous} 相比 compared with {previous}: {before:,} → {now:,} 篇 documents.", "",
            *(chosen if changes["selection_changed"] else []),
            f"## 新增 Added: {added['documents']:,}", "",
            *(f"- {name}: {count:,}" for name, count in added["sources"].items()), "",
            f"## 移除 Removed: {removed['documents']:,}", "", *why, "",
            *(listed if removed["documents"] else ["无 none."]), "",
            "## 清洗的变化 What changed in the runs", "", *(runs or ["无 nothing."]), "",
        ]
    )  # fmt: skip
