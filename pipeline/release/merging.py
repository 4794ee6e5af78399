"""Documents that several runs have: which of them stay in a release of all these runs."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from pipeline.cluster_table import read_clusters
from pipeline.dedup import DEDUP_VERSION
from pipeline.dedup_stages import deduplicate
from pipeline.election import elect
from pipeline.errors import RecipeError
from pipeline.executor import Executor, Progress
from pipeline.form import PreferenceKey, RecipeFile, Source
from pipeline.parts import Parts, WordParts
from pipeline.preference import LICENCE, QUALITY, Preference, choose_preference
from pipeline.recipe import signing_of, stored_recipe
from pipeline.release.plan import Part, Plan
from pipeline.runs import Run
from pipeline.stage import Stages
from pipeline.store import RunFolder, fingerprint, read_json, read_table


@dataclass(frozen=True, slots=True)
class MergedFolder(RunFolder):
    """The parts of several runs under numbers of their own; what is found out about them lies in a folder apart."""

    places: tuple[tuple[Path, int], ...]

    def part(self, table: str, number: int) -> Path:
        """Return where part `number` of a table lies."""
        run, theirs = self.places[number]
        return RunFolder(run).part(table, theirs)


@dataclass
class Merged:
    """What becomes of the documents of the runs."""

    stays: dict[tuple[str, int], NDArray[np.bool_]]
    """By run and part: bool[rows of its corpus]."""
    renamed: dict[tuple[str, int], dict[int, str]]
    """Of rows whose id another document has: the id that they have in the release."""
    replaced: int = 0
    """Documents of which a run named later has another one of the same source and id."""
    duplicates: int = 0
    """Documents that resemble one which stays, of another run."""


def merge(
    plan: Plan, eligible: Callable[[Part], NDArray[np.bool_]], folder: Path, executor: Executor, progress: Progress,
    memory: int,
) -> Merged:  # fmt: skip
    """Find out which documents of several runs stay.

    First, of documents with the same source and id the one of the run that is named last stays. Then clusters are
    found over all runs as a run finds its own, and of each the one that one would rather keep stays, among those
    that their own runs kept and that may be released: none that stays out stands for another. Last, documents of
    other sources that happen to share an id get ids of their own.

    Args:
        plan: of the release.
        eligible: says of a part which rows of its corpus may be released, but for what other runs have.
        folder: for what is put aside; what is there from a call before is used if it is the same.
        executor: carries out the tasks.
        progress: shows how far it is.
        memory: bytes that a worker may use.

    Raises:
        RecipeError: the runs cannot be compared with each other.
    """
    parts = sorted(plan.parts, key=lambda part: (part.place, part.number))
    stays = {_key(part): np.ones(len(_ids(part)), np.bool_) for part in parts}
    merged = Merged(stays, {})
    if len(plan.runs) == 1:
        return merged
    _replace(parts, merged)
    if plan.form.merge.duplicates != "keep":
        _deduplicate(plan, parts, eligible, merged, folder, executor, progress, memory)
    _rename(parts, merged)
    return merged


def _key(part: Part) -> tuple[str, int]:
    return part.run.name, part.number


def _ids(part: Part) -> list[str]:
    return cast("list[str]", read_table(part.path("corpus"), ["id"])["id"].to_pylist())


def _shared(parts: Sequence[Part], merged: Merged, *, source: bool) -> dict[str, list[tuple[int, Part, int]]]:
    """Return the documents that share an id (with their source, or without): place of the run, part and row of each."""

    def names(part: Part) -> list[str]:
        return [f"{part.source}\0{one}" if source else one for one in _ids(part)]

    hashes = [np.fromiter((xxhash.xxh3_64_intdigest(n.encode()) for n in names(part)), np.uint64) for part in parts]
    whole = np.sort(np.concatenate([np.empty(0, np.uint64), *hashes]))
    repeated = np.unique(whole[1:][whole[1:] == whole[:-1]])
    found: dict[str, list[tuple[int, Part, int]]] = {}
    for part, ours in zip(parts, hashes, strict=True):
        rows = np.flatnonzero(np.isin(ours, repeated) & merged.stays[_key(part)])
        named = names(part) if len(rows) else []
        for row in rows.tolist():
            found.setdefault(named[row], []).append((part.place, part, row))
    return {name: places for name, places in found.items() if len(places) > 1}


def _replace(parts: Sequence[Part], merged: Merged) -> None:
    for places in _shared(parts, merged, source=True).values():
        for _, part, row in places[:-1]:  # parts come in the order of the runs
            merged.stays[_key(part)][row] = False
            merged.replaced += 1


def _rename(parts: Sequence[Part], merged: Merged) -> None:
    shared = _shared(parts, merged, source=False)
    taken = {one for part in parts for one in _ids(part)} if shared else set()
    for identity, places in sorted(shared.items()):
        for _, part, row in places[1:]:
            name = f"{part.run.name}/{part.source}/{identity}"
            while name in taken:
                name = f"{part.run.name}/{name}"
            taken.add(name)
            merged.renamed.setdefault(_key(part), {})[row] = name


def _deduplicate(
    plan: Plan, parts: Sequence[Part], eligible: Callable[[Part], NDArray[np.bool_]], merged: Merged, folder: Path,
    executor: Executor, progress: Progress, memory: int,
) -> None:  # fmt: skip
    recipes = [stored_recipe(run.folder.path / "recipe.toml") for run in plan.runs]
    _check_alike(plan.runs, recipes)
    dedup = recipes[0].dedup.model_copy(update={"near": recipes[0].dedup.near and plan.form.merge.duplicates == "near"})
    signing = signing_of(recipes[0].dedup, ())
    preference = _preference(plan, recipes)
    places = tuple((part.run.folder.path, part.number) for part in parts)
    kind = WordParts if signing.unit == "words" else Parts
    extra = ((),) if signing.unit == "words" else ()
    joined = kind(MergedFolder(folder, places), tuple(range(len(places))), *extra)
    scans = [(read_json(part.run.folder.receipt("scan", part.number)) or {}).get("outputs") for part in parts]
    settled = [(read_json(run.folder.whole_receipt("ids")) or {}).get("outputs") for run in plan.runs]
    wanted = fingerprint(DEDUP_VERSION, dedup.model_dump(), preference.fingerprint(), scans, settled, _names(parts))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    deduplicate(Stages(joined.folder, executor, progress), joined, dedup, signing, preference, wanted, memory)
    found = read_clusters(joined.folder)
    passes = np.zeros(joined.rows, np.bool_)
    for number, part in enumerate(parts):
        begin, end = joined.bounds(number)
        passes[begin:end][_kept(part)] = merged.stays[_key(part)] & eligible(part)
    election = elect(found.clusters, passes[found.rows])
    gone = found.rows[(election.of >= 0) & passes[found.rows]]
    for number, part in enumerate(parts):
        begin, end = joined.bounds(number)
        low, high = np.searchsorted(gone, [begin, end])
        rows = np.searchsorted(np.flatnonzero(_kept(part)), gone[low:high] - begin)
        merged.stays[_key(part)][rows] = False
        merged.duplicates += len(rows)


def _names(parts: Sequence[Part]) -> list[list[object]]:
    return [[part.run.name, part.number] for part in parts]


def _kept(part: Part) -> NDArray[np.bool_]:
    """bool[documents]: which of a part its run kept."""
    keep = read_table(part.path("verdicts"), ["verdict.keep"])["verdict.keep"]
    return cast("NDArray[np.bool_]", pc.fill_null(keep, False).to_numpy())


def _check_alike(runs: Sequence[Run], recipes: Sequence[RecipeFile]) -> None:
    """Refuse runs whose signatures do not compare."""
    way = 'say duplicates = "keep" in [merge], or clean them with the same [dedup]'
    for run, recipe in zip(runs, recipes, strict=True):
        if recipe.dedup.unit == "words" and recipe.segment.dictionaries:
            raise RecipeError(f"the run {run.name} compares by words of its own dictionaries: {way}")
        ours, theirs = signing_of(recipes[0].dedup, ()), signing_of(recipe.dedup, ())
        if ours != theirs or recipe.dedup.threshold != recipes[0].dedup.threshold:
            raise RecipeError(f"the runs {runs[0].name} and {run.name} compare documents by other settings: {way}")


def _preference(plan: Plan, recipes: Sequence[RecipeFile]) -> Preference:
    """Return whom one would rather keep, by what all runs can tell."""
    sources: dict[str, Source] = {}
    for recipe in recipes:
        for source in recipe.sources:
            sources.setdefault(source.name, source)
    has = [{name for choice in run.filters() for name in choice.make().schema.names} for run in plan.runs]
    common = set.intersection(*has) & {LICENCE, QUALITY}
    said: tuple[PreferenceKey, ...] | None = plan.form.merge.prefer
    where = "the release's plan" if said is not None else f"the recipe of {plan.runs[0].name}"
    if said is None and recipes[0].dedup.prefer is not None:
        said = tuple(key for key in recipes[0].dedup.prefer if key != "quality" or QUALITY in common)
    return choose_preference(said, tuple(sources.values()), common, where)


def forget(folder: Path) -> None:
    """Remove what was put aside."""
    shutil.rmtree(folder / "receipts", ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
