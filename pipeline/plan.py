"""Which shards a run has: slices of the ordered input, packed once and then kept.

Shards that are there stay as they are, and what is new comes behind them: so a new file costs only itself, and the
numbers of finished parts never move. A plan depends on the input and the plan before it, never on worker counts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from pipeline.errors import RecipeError
from pipeline.executor import nowhere
from pipeline.form import Source
from pipeline.inputs import InputFile, list_inputs
from pipeline.readers.line import PART_SUFFIX
from pipeline.readers.reading import READING_VERSION, ReadOptions, guess_format
from pipeline.readers.records import Slice
from pipeline.readers.slicing import slice_file
from pipeline.recipe import Recipe
from pipeline.store import RunFolder, fingerprint, read_json, write_bytes
from pipeline.stream import is_url

PLAN_VERSION = 1


@dataclass(frozen=True, slots=True)
class Shard:
    """The unit of work, of retry and of resumption: slices of one source, about `target_mb` together."""

    number: int
    source: str
    slices: tuple[Slice, ...]

    @property
    def bytes(self) -> int:
        """Decompressed bytes of input."""
        return sum(piece.bytes for piece in self.slices)


@dataclass(frozen=True, slots=True)
class Plan:
    """All shards of a run, by number, and the numbers that were given up."""

    shards: tuple[Shard, ...]
    retired: tuple[int, ...]


def read_options(source: Source) -> ReadOptions:
    """Return how the records of a source are read."""
    return ReadOptions(
        text=source.text, id=source.id, url=source.url, encoding=source.encoding,
        max_record_bytes=int(source.max_record_mb * 1e6),
    )  # fmt: skip


def make_plan(recipe: Recipe, folder: RunFolder, advance: Callable[[int], None] = nowhere) -> Plan:
    """Bring the run's plan up to date with its input, and store it.

    Args:
        recipe: names the sources.
        folder: of the run; no input is taken from it.
        advance: told of every source that is done.

    Raises:
        RecipeError: a source has no files, or a file's format is unknown.
    """
    path = folder.path / "plan.json"
    stored = read_json(path) or {}
    if stored.get("version") != PLAN_VERSION:
        stored = {}
    target = int(recipe.shards.target_mb * 1e6)
    files = _cut_files(recipe, stored.get("files", {}), target, folder, advance)
    fresh = {_key(piece): piece for entry in files.values() for piece in entry["slices"]}
    old = [_load_shard(entry) for entry in stored.get("shards", [])]
    kept = _keep(old, fresh)
    taken = {_key(piece) for shard in kept for piece in shard.slices}
    following = stored.get("next", 0)
    new = list(_pack((piece for key, piece in fresh.items() if key not in taken), following, target))
    shards = (*kept, *new)
    retired = sorted({*stored.get("retired", []), *(s.number for s in old)} - {s.number for s in shards})
    plan = {
        "version": PLAN_VERSION,
        "next": following + len(new),
        "retired": retired,
        "shards": [asdict(shard) for shard in shards],
        "files": {key: {**entry, "slices": [asdict(p) for p in entry["slices"]]} for key, entry in files.items()},
    }
    data = orjson.dumps(plan)
    if not path.exists() or path.read_bytes() != data:
        write_bytes(path, data)
    return Plan(shards, tuple(retired))


def _cut_files(
    recipe: Recipe, known: Mapping[str, Any], target: int, folder: RunFolder, advance: Callable[[int], None]
) -> dict[str, dict[str, Any]]:
    """Cut every input file into slices, in order; a file that has not changed since is not read again."""
    files: dict[str, dict[str, Any]] = {}
    for source in recipe.sources:
        options = read_options(source)
        inputs = list_inputs(source.name, source.path, recipe.path.parent)
        # A glob that covers the workspace must not feed a run to itself.
        own = folder.path.absolute()
        inputs = [file for file in inputs if is_url(file.path) or not Path(file.path).is_relative_to(own)]
        for file, form in zip(inputs, _formats(source, inputs), strict=True):
            state = fingerprint(READING_VERSION, asdict(options), form, target, asdict(file))
            key = f"{source.name}:{file.name}"
            before = known.get(key)
            if before is not None and before["state"] == state and not _unreadable(before["slices"]):
                files[key] = {"state": state, "slices": [_load_slice(piece) for piece in before["slices"]]}
            else:
                files[key] = {"state": state, "slices": _cut(source, file, form, target, folder, options)}
        advance(1)
    return files


def _formats(source: Source, inputs: Sequence[InputFile]) -> list[str]:
    """Return the format of every file, stated or guessed.

    Raises:
        RecipeError: nothing is known about some names' endings; all of them are counted, the first ones named.
    """
    formats, faults = [], []
    for file in inputs:
        try:
            formats.append(source.format or guess_format(file.name)[0])
        except RecipeError as error:
            faults.append(str(error))
    if faults:
        others = f" ({len(faults)} of its {len(inputs)} files are such)" if len(faults) > 1 else ""
        raise RecipeError(
            f'source "{source.name}"{others}: {faults[0]}; or let its path be a glob that leaves them out, as *.jsonl'
        )
    return formats


def _unreadable(slices: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a file could not be read at all: that may be different by now, though the file is the same."""
    return any(piece["fault"].startswith("unreadable_file") for piece in slices)


def _load_slice(entry: Mapping[str, Any]) -> Slice:
    return Slice(**{**entry, "columns": tuple(entry["columns"])})


def _cut(
    source: Source, file: InputFile, form: str, target: int, folder: RunFolder, options: ReadOptions
) -> list[Slice]:
    return slice_file(
        source=source.name, path=file.path, file=file.name, format=form, target_bytes=target,
        split_folder=folder.path / "split", options=options,
    )  # fmt: skip


def restore_split(recipe: Recipe, folder: RunFolder, shard: Shard) -> None:
    """Split compressed input again where the parts that a shard reads were removed, as a takedown does.

    Only for a shard that is about to be read: until then the workspace needs no second copy of the input.
    """
    lost = {piece.file for piece in shard.slices if piece.path.endswith(PART_SUFFIX) and not Path(piece.path).exists()}
    if lost:
        source = next(one for one in recipe.sources if one.name == shard.source)
        for file in list_inputs(source.name, source.path, recipe.path.parent):
            if file.name in lost:
                form = source.format or guess_format(file.name)[0]
                _cut(source, file, form, int(recipe.shards.target_mb * 1e6), folder, read_options(source))


def _key(piece: Slice) -> str:
    """Say which bytes a slice is, wherever they lie: what its shard's fingerprint depends on."""
    return fingerprint(piece.source, piece.file, piece.format, piece.start, piece.end, piece.first_record, piece.digest)


def slice_keys(shard: Shard) -> list[str]:
    """Return what identifies a shard's input."""
    return [_key(piece) for piece in shard.slices]


def _load_shard(entry: Mapping[str, Any]) -> Shard:
    return Shard(entry["number"], entry["source"], tuple(_load_slice(piece) for piece in entry["slices"]))


def _keep(old: Iterable[Shard], fresh: Mapping[str, Slice]) -> list[Shard]:
    """Return the old shards with those of their slices that are still there, at the paths they have now."""
    kept = []
    for shard in old:
        slices = tuple(fresh[_key(piece)] for piece in shard.slices if _key(piece) in fresh)
        if slices:
            kept.append(Shard(shard.number, shard.source, slices))
    return kept


def _pack(slices: Iterable[Slice], number: int, target: int) -> Iterable[Shard]:
    """Pack neighbouring slices of one source into shards of at most about `target` bytes."""
    waiting: list[Slice] = []
    size = 0
    for piece in slices:
        if waiting and (piece.source != waiting[0].source or size + piece.bytes > target):
            yield Shard(number, waiting[0].source, tuple(waiting))
            number, waiting, size = number + 1, [], 0
        waiting.append(piece)
        size += piece.bytes
    if waiting:
        yield Shard(number, waiting[0].source, tuple(waiting))
