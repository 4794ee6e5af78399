"""Documents beside those that they resemble: the largest clusters of a run, and the twin of one document."""

from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import pyarrow.compute as pc

from pipeline.differences import Spans, pair_of
from pipeline.page import page, table
from pipeline.parts import Parts
from pipeline.runs import Run
from pipeline.store import RunFolder, read_batches, read_range, read_table, write_bytes

LARGEST = 20
"""Clusters that are shown."""

FOLDER = "excerpts"
"""Of a run: pages with pieces of its texts, closed to other users as the documents are."""

_COLUMNS = ("dedup.cluster", "dedup.size", "dedup.kind", "dedup.jaccard", "dedup.of", "dedup.of_run")


@dataclass
class _Cluster:
    size: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    least: tuple[float, int, str, str] | None = None
    """Similarity, row, survivor and run of the survivor ("" for this one) of the dropped document that resembles its
    survivor least."""


def largest_clusters(run: Run, most: int = LARGEST) -> list[dict[str, Any]]:
    """Describe the clusters with the most documents, the largest first (of equals the one with the smaller id).

    Returns:
        For each: cluster, size, kinds of its documents, jaccard: the least exact similarity of a dropped document with
        its survivor, and pair: those two, by `pair_of`; both null where nothing was dropped as a duplicate.
    """
    path = run.folder.path / "survivors.parquet"
    sizes: dict[str, int] = {}
    for batch in read_batches(path, ["dedup.cluster", "dedup.size"]):
        several = batch.filter(pc.greater(batch["dedup.size"], 1))
        sizes |= dict(zip(several["dedup.cluster"].to_pylist(), several["dedup.size"].to_pylist(), strict=True))
        sizes = dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:most])
    found = {name: _Cluster(size) for name, size in sizes.items()}
    begin = 0
    for batch in read_batches(path, _COLUMNS):
        several = pc.greater(batch["dedup.size"], 1).to_numpy()
        inside = np.flatnonzero(several)
        for row, one in zip((inside + begin).tolist(), batch.take(inside).to_pylist(), strict=True):
            cluster = found.get(one["dedup.cluster"])
            if cluster is None:
                continue
            cluster.kinds[one["dedup.kind"]] += 1
            if one["dedup.of"] is not None:
                least = (one["dedup.jaccard"], row, one["dedup.of"], one["dedup.of_run"] or "")
                cluster.least = min(cluster.least or least, least)
        begin += batch.num_rows
    return [
        {
            "cluster": name,
            "size": one.size,
            "kinds": dict(sorted(one.kinds.items())),
            "jaccard": None if one.least is None else one.least[0],
            "pair": None if one.least is None else _pair_with(run, one.least[1], one.least[2], one.least[3] or None),
        }
        for name, one in found.items()
    ]


def rows_of(run: Run, ids: set[str]) -> dict[str, int]:
    """Find the rows of documents, by their ids."""
    found: dict[str, int] = {}
    begin = 0
    for batch in read_batches(run.folder.path / "clusters.parquet", ["id"]):
        if len(found) == len(ids):
            break
        for place in np.flatnonzero(np.isin(batch["id"].to_numpy(), list(ids - found.keys()))).tolist():
            found[batch["id"][place].as_py()] = begin + place
        begin += batch.num_rows
    return found


def _document(parts: Parts, row: int) -> dict[str, Any]:
    (document,) = parts.take("documents", np.array([row], np.int64), ["id", "source", "text"]).to_pylist()
    return dict(document)


def _pair_with(run: Run, row: int, of: str, of_run: str | None) -> dict[str, Any] | None:
    """Compare a document of the run with the kept one that it duplicates; null if that run is not in the workspace."""
    if of_run is None:
        rows = rows_of(run, {of})
        return pair_of(_document(run.parts, rows[of]), _document(run.parts, row)) if of in rows else None
    folder = RunFolder(run.folder.path.parent / of_run)
    for path in sorted((folder.path / "documents").glob("part-*.parquet")):
        place = pc.index(read_table(path, ["id"])["id"], of).as_py()
        if place >= 0:
            (kept,) = read_range(path, place, place + 1).select(["id", "source", "text"]).to_pylist()
            return pair_of(kept, _document(run.parts, row))
    return None


def find_twin(
    run: Run, document: str, of: str | None, jaccard: float | None, of_run: str | None = None
) -> dict[str, Any] | None:
    """Find the document that another one duplicates, or else the one that resembles it least of those it stands for.

    Args:
        run: of the document.
        document: its id.
        of: the id of the document that it duplicates; null if there is none.
        jaccard: its exact similarity with that.
        of_run: the earlier run that it is of; null if it is of this one.

    Returns:
        id and source of the twin, whether it `is` the kept one or a dropped one, their exact similarity (jaccard), and
        the pair, which is null where the twin is of a run that is gone; null if there is none.
    """
    if of is not None:
        pair = _pair_with(run, rows_of(run, {document})[document], of, of_run)
    else:
        least: tuple[float, int] | None = None
        begin = 0
        for batch in read_batches(run.folder.path / "survivors.parquet", ["dedup.of", "dedup.of_run", "dedup.jaccard"]):
            here = batch["dedup.of_run"].is_null().to_numpy()
            mine = np.flatnonzero(np.asarray(batch["dedup.of"].to_numpy() == document, np.bool_) & here)
            similarity = batch["dedup.jaccard"].to_numpy()
            for place in mine.tolist():
                least = min(least or (2.0, 0), (float(similarity[place]), begin + place))
            begin += batch.num_rows
        if least is None:
            return None
        jaccard = least[0]
        pair = pair_of(_document(run.parts, rows_of(run, {document})[document]), _document(run.parts, least[1]))
    twin = "other" if of is None else "kept"
    return {
        "id": of if pair is None else pair[twin]["id"],
        "source": None if pair is None else pair[twin]["source"],
        "is": "dropped" if of is None else "kept",
        "jaccard": jaccard,
        "pair": pair,
    }


def clusters_table(clusters: list[dict[str, Any]]) -> str:
    """Lay the clusters out without their texts."""
    rows = [
        [
            one["cluster"], one["size"], one["kinds"].get("exact", 0), one["kinds"].get("near", 0),
            "–" if one["jaccard"] is None else f"{one['jaccard']:.3f}",
        ]
        for one in clusters
    ]  # fmt: skip
    head = ["最小 id smallest id", "篇数 documents", "相同 exact", "相近 near", "最低相似度 least Jaccard"]
    return table(head, rows)


def write_excerpts(run: Run, clusters: list[dict[str, Any]]) -> str:
    """Write the page with excerpts of the clusters, for this user only; return its path beside the report."""
    folder = run.folder.path / FOLDER
    folder.mkdir(exist_ok=True)
    folder.chmod(0o700)
    shown = "".join(_shown(one) for one in clusters if one["pair"] is not None)
    write_bytes(folder / "clusters.html", page("重复文档 Largest clusters", shown or "<p>无 none</p>").encode())
    return f"{FOLDER}/clusters.html"


def _shown(cluster: dict[str, Any]) -> str:
    pair = cluster["pair"]
    lines = "".join(
        f"<tr><th>{name}</th><td>{escape(one['id'])}<br><small>{escape(one['source'])}</small></td>"
        f"<td>{'…' if pair['start'] else ''}{_html(one['excerpt'])}…</td></tr>"
        for name, one in (("保留 kept", pair["kept"]), ("剔除 dropped", pair["other"]))
    )
    said = f"{cluster['size']:,} 篇 documents, Jaccard {cluster['jaccard']:.3f}"
    return (
        f"<figure><figcaption><b>{escape(cluster['cluster'])}</b>: {said}</figcaption><table>{lines}</table></figure>"
    )


def _html(spans: Spans) -> str:
    return "".join(f"<mark>{escape(text)}</mark>" if differs else escape(text) for text, differs in spans)
