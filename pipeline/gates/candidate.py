"""A release that is not one yet, as gates see it: what it says of itself, and what its files really hold."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pipeline.errors import RecipeError
from pipeline.removed import Named
from pipeline.schema import INPUT_ID
from pipeline.sources.drawing import Digests, digest_documents, root_of, stack
from pipeline.store import read_batches, read_json

CANDIDATES = Path("releases") / ".candidates"
"""In the workspace."""
BATCH_KEY = "authorisation_batch"
"""In a document's meta: which batch of users' authorisations it is under."""


class Counts(Protocol):
    """What a release holds of a source."""

    @property
    def documents(self) -> int:
        """Documents of the source."""


class Candidate(Protocol):
    """What gates are told of a release."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def trial(self) -> bool:
        """Whether it is for trying out only."""

    @property
    def documents_root(self) -> str:
        """What it says is the root over its documents, hexadecimal."""

    @property
    def documents(self) -> int:
        """Documents in it."""

    @property
    def sources(self) -> Mapping[str, Counts]:
        """What it says it holds of each source."""

    @property
    def runs(self) -> Sequence[str]:
        """Names of the runs it was made of."""

    @property
    def folder(self) -> Path:
        """Where its files lie."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A candidate as its manifest describes it."""

    version: str
    trial: bool
    documents_root: str
    documents: int
    runs: tuple[str, ...]
    folder: Path


def stored_candidate(workspace: Path, version: str) -> Stored:
    """Open a candidate of a workspace by its version.

    Raises:
        RecipeError: there is none.
    """
    folder = workspace / CANDIDATES / version
    manifest: dict[str, Any] | None = read_json(folder / "manifest.json")
    if manifest is None:
        known = sorted(path.parent.name for path in (workspace / CANDIDATES).glob("*/manifest.json"))
        hint = f"candidates: {', '.join(known)}" if known else "`qingyuan release VERSION RUN…` makes one"
        raise RecipeError(f'there is no candidate of the release "{version}" in {workspace}; {hint}')
    runs = tuple(run["name"] for run in manifest["runs"])
    return Stored(version, manifest["trial"], manifest.get("documents_root", ""), manifest["documents"], runs, folder)


def data_files(folder: Path) -> list[Path]:
    """Return the Parquet files of a candidate, in order."""
    return sorted((folder / "data").rglob("*.parquet"))


def read_data(folder: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Read some columns of all documents of a candidate, in order, piece by piece."""
    for path in data_files(folder):
        yield from read_batches(path, columns)


def released_digests(folder: Path) -> Digests:
    """Return the digest of source, id and text of every document of a candidate, in its order."""
    wanted = ["source", "id", "text"]
    return stack(digest_documents(table, wanted) for table in read_data(folder, wanted))


def _fields(meta: Iterable[Any] | None) -> dict[str, str]:
    """Return a row's fields: a list of structs, as `datasets` reads it, or Parquet's own map, which comes as pairs."""
    return dict(tuple(one.values()) if isinstance(one, dict) else one for one in meta or ())


@dataclass(frozen=True)
class Contents:
    """What the files of a candidate hold, read once for all gates."""

    folder: Path
    removed: frozenset[tuple[str, str]]
    """Source and id of all that was taken out of the workspace."""

    @cached_property
    def _read(self) -> tuple[Counter[str], list[tuple[str, str]], Counter[tuple[str, str | None]]]:
        sources, back, batches = Counter[str](), [], Counter[tuple[str, str | None]]()
        for table in read_data(self.folder, ["id", "source", "meta"]):
            names, ids = table["source"].to_pylist(), table["id"].to_pylist()
            sources.update(names)
            for name, identity, meta in zip(names, ids, table["meta"].to_pylist(), strict=True):
                said = _fields(meta)
                batches[name, said.get(BATCH_KEY)] += 1
                if self.removed and {(name, identity), (name, said.get(INPUT_ID, identity))} & self.removed:
                    back.append((name, identity))
        return sources, back, batches

    def found(self, documents: Named) -> list[tuple[str, str]]:
        """Return which of some documents it holds, read anew: few ask."""
        if not documents:
            return []
        return [
            (name, identity)
            for table in read_data(self.folder, ["id", "source", "meta"])
            for name, identity, meta in zip(*(table[of].to_pylist() for of in ("source", "id", "meta")), strict=True)
            if {(name, identity), (name, _fields(meta).get(INPUT_ID, identity))} & documents
        ]

    @cached_property
    def documents_root(self) -> str:
        """Root over its documents, however they are cut into files."""
        return root_of(released_digests(self.folder))

    @property
    def sources(self) -> Counter[str]:
        """Documents of each source."""
        return self._read[0]

    @property
    def taken_down(self) -> list[tuple[str, str]]:
        """Documents that were taken out of the workspace and stand here all the same."""
        return self._read[1]

    @property
    def batches(self) -> Counter[tuple[str, str | None]]:
        """Documents of each source and batch of authorisations; None where a document names none."""
        return self._read[2]
