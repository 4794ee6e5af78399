"""Taking documents out of the indexes and runs of a workspace, with proof of every file that was written anew.

Their neighbours come back by themselves: the next run of a recipe finds its clusters without them, and the best that is
left of each survives. Whatever is killed on the way, the same command ends it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.index import GONE, at_index, open_index, removal_digest, signing_of
from pipeline.indexing import merge, restate
from pipeline.removal import Named, add_removed, remove_documents
from pipeline.run import alone
from pipeline.segment import name_keys, name_of
from pipeline.store import RunFolder, digest_file, fingerprint, read_json, write_json


def take_down(workspace: Path, documents: Named, indexes: Sequence[str], memory: int) -> dict[str, Any]:
    """Take documents out of indexes and of all runs of a workspace.

    Args:
        workspace: of the runs and indexes.
        documents: source and id of each.
        indexes: names of those to take them out of.
        memory: bytes that it may use.

    Returns:
        The proof, which is also written: for every file its digest before and after. Done again, it is the same.

    Raises:
        RecipeError: there is no such index, or another process is at it or at a run.
    """
    for name in indexes:
        signing_of(workspace / "index" / name)
    add_removed(workspace, documents)  # first: from here on nothing brings them back
    path = workspace / "takedowns" / f"{fingerprint(sorted(documents))}.json"
    proof = read_json(path) or {"documents": [list(one) for one in sorted(documents)], "index": [], "runs": []}
    for name in indexes:
        proof["index"] += _from_index(workspace / "index" / name, documents, memory)
    for run in sorted((workspace / "runs").glob("*")):
        folder = RunFolder(run)
        with alone(folder):
            numbers = sorted(int(part.stem.removeprefix("part-")) for part in (run / "documents").glob("*.parquet"))
            proof["runs"] += [{"run": run.name, **one} for one in remove_documents(folder, numbers, documents)]
    write_json(path, proof)
    return proof | {"proof": str(path)}


def _from_index(path: Path, documents: Named, memory: int) -> list[dict[str, Any]]:
    """Take documents out of an index: first their status says so, then their segments are written anew without them."""
    with at_index(path):
        signing = signing_of(path)
        index = open_index(path, signing)
        names = {name_of(*document) for document in documents}
        segments = index.open()
        status = [segment.status.copy() for segment in segments]
        found = 0
        for entry, segment in zip(index.segments, segments, strict=True):
            rows = np.sort(segment.lookup(signing.bands + 1, np.unique(name_keys(names))))
            ours = [name in names for name in segment.read(rows, texts=False).names]
            # Also what is gone already because a later run replaced it: it is to leave no trace.
            segment.status[rows[np.array(ours, np.bool_)]] |= GONE
            found += sum(ours)
            if any(ours):
                entry["taken_out"] = True
        out = [entry["name"] for entry in index.segments if entry.get("taken_out")]
        if not out:
            return []
        restate(index, segments, status)
        known = set(index.removals)
        index.removals += sorted({removal_digest(*document) for document in documents} - known)
        index.save()
        before = {name: _digests(path / name) for name in out}
        merge(path, signing, memory)
        after = open_index(path, signing)
        written = {e["name"]: _digests(path / e["name"]) for e in after.segments if int(e["name"]) >= index.next}
        return [{"index": path.name, "documents": found, "before": before, "after": written}]


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: digest_file(path) for path in sorted(folder.iterdir())}
