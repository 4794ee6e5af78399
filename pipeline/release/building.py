"""Writing the data of a candidate: rows into files, statistics beside them, and what the manifest says of both."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import LedgerError, RecipeError
from pipeline.executor import Executor, Progress
from pipeline.release.manifest import NAME, STATISTICS, describe, sha256_of
from pipeline.release.merging import forget, merge
from pipeline.release.plan import TRIAL, Candidate, Plan, SourceCount
from pipeline.release.rows import Left, eligible_rows, released_rows
from pipeline.release.sealing import data_of, is_whole, seal_of_candidate
from pipeline.release.shards import ShardWriter
from pipeline.release.statistics import Statistics
from pipeline.release.tokenizer import Counter
from pipeline.sources.drawing import digest_documents, root_of, stack
from pipeline.store import digest_file, flush, read_json, write_json

LINES = "jsonl"
"""Folder with the same rows as JSON lines, where they are asked for."""


@dataclass(frozen=True)
class Built:
    """A candidate that is there."""

    folder: Path
    manifest: dict[str, Any]
    """As `describe` makes it, with the entries of its data under `files`."""
    statistics: dict[str, Any]

    @property
    def candidate(self) -> Candidate:
        """What gates are told of it."""
        said = self.manifest
        sources = {name: SourceCount(one["documents"], one["characters"]) for name, one in said["sources"].items()}
        runs = tuple(run["name"] for run in said["runs"])
        return Candidate(
            said["version"], said["trial"], said["data_root"], said["documents_root"], said["documents"], sources, runs,
            self.folder,
        )  # fmt: skip


def build(
    plan: Plan, folder: Path, aside: Path, executor: Executor, progress: Progress, memory: int,
    tokenizer: Counter | None, seal: str | None,
) -> Built:  # fmt: skip
    """Write a candidate, unless it is there already, whole and as it was built.

    Args:
        plan: what is asked for.
        folder: where the candidate stands.
        aside: folder for what is put aside on the way.
        executor: carries out the tasks of deduplication.
        progress: shows how far it is.
        memory: bytes that a worker may use.
        tokenizer: whose tokens are counted too.
        seal: of the candidate that was built last; what lies there and has another was changed, and is made anew.

    Raises:
        RecipeError: nothing is left to release, or the runs cannot be compared.
        LedgerError: what a run wrote is not there any more as it was.
    """
    found = _found(plan, folder, progress, seal)
    if found is not None:
        return found
    shutil.rmtree(folder, ignore_errors=True)
    _check_inputs(plan, progress)
    merged = merge(plan, lambda part: eligible_rows(part, plan), aside, executor, progress, memory)
    documents: list[bytes] = []
    left, statistics = Left(), Statistics(tokenizer)
    stem = TRIAL if plan.trial else "train"
    shaping = plan.form.shards
    kinds = {"data": "parquet", **({LINES: "jsonl"} if shaping.format == "jsonl" else {})}
    for name in kinds:
        (folder / name).mkdir(parents=True)
    writers = [ShardWriter(folder / name, stem, shaping, kind) for name, kind in kinds.items()]
    progress.stage("write", sum(part.path("corpus").stat().st_size for part in plan.parts), "bytes")
    for part in plan.parts:
        for rows, measures in released_rows(part, plan, merged, left):
            statistics.add(rows, measures)
            documents.append(digest_documents(rows, ["source", "id", "text"]))
            for writer in writers:
                writer.write(rows)
        progress.advance(part.path("corpus").stat().st_size)
    entries = [
        {
            "path": path.relative_to(folder).as_posix(),
            "sha256": sha256_of(path),
            "bytes": path.stat().st_size,
            "rows": number,
        }
        for writer in writers
        for path, number in writer.close()
    ]
    if not entries:
        shutil.rmtree(folder)
        why = "; ".join(f"{count} {reason}" for reason, count in left.reasons.items() if count) or "its runs kept none"
        raise RecipeError(f"no document is left for the release {plan.version}: {why}")
    flush(folder / "data")
    numbers = statistics.as_json()
    write_json(folder / STATISTICS, {"version": plan.version, "trial": plan.trial, **numbers})
    manifest = describe(plan, merged, left, numbers, entries, root_of(stack(documents)))
    write_json(folder / NAME, {**manifest, "files": entries})
    forget(aside)
    return Built(folder, {**manifest, "files": entries}, numbers)


def _check_inputs(plan: Plan, progress: Progress) -> None:
    progress.stage("read", sum(part.path("corpus").stat().st_size for part in plan.parts), "bytes")
    for part in plan.parts:
        path = part.path("corpus")
        if digest_file(path) != part.corpus:
            raise LedgerError(f"{path} is not what the run wrote; remove it and run its recipe again")
        progress.advance(path.stat().st_size)


def _found(plan: Plan, folder: Path, progress: Progress, seal: str | None) -> Built | None:
    """Return the candidate that is there if it was made of the same and is as it was; clear what was added."""
    manifest, statistics = read_json(folder / NAME), read_json(folder / STATISTICS)
    if manifest is None or statistics is None or manifest.get("created_from") != plan.fingerprint():
        return None
    if seal is None or seal_of_candidate(folder, manifest) != seal:
        return None
    data = data_of(manifest)
    clear(folder, data)
    progress.stage("check", sum(one["bytes"] for one in data), "bytes")
    for one in data:
        if not is_whole(folder, one):
            return None
        progress.advance(one["bytes"])
    return Built(folder, {**manifest, "files": data}, statistics)


def clear(folder: Path, data: Sequence[Mapping[str, Any]]) -> None:
    """Remove what stands beside the data of a candidate: evidence is written anew."""
    named = {one["path"] for one in data} | {NAME, STATISTICS}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in named:
            path.unlink()
