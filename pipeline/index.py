"""The index of documents across runs: what it consists of, and what a run sees of it.

`<workspace>/index/<name>/` holds immutable segments, a file of status beside each, and `index.json`, which alone says
what counts. That file is replaced whole, last; so whatever is killed, the index is as before or as after, and files
that it does not name are rubbish, which the next run at the index removes.

One run at a time is at an index. A run sees the documents of all other runs, but none that it has itself (by source and
id): cleaning the same data again finds no duplicates of itself. What a run saw is kept with it: while nothing of its
own changes, later runs are none of its business, and doing it again does nothing.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from filters.fold import FOLD_VERSION
from pipeline.errors import RecipeError
from pipeline.lock import locked
from pipeline.segment import ORDER_KEYS, Segment, name_of, read_status
from pipeline.signing import Signing
from pipeline.store import fingerprint, read_json, write_json
from pipeline.toml import nearest

FORMAT = "2"
"""2: of signatures made of words the texts are kept as words, by which they are compared; `index.json` says whom one
would rather keep (`prefer`)."""

KEPT, GONE = np.uint8(1), np.uint8(2)
"""Status of a document: its run kept it; it was removed, or replaced by a later one of its source and id."""


@dataclass
class Index:
    """An index as its file says."""

    path: Path
    signing: Signing
    next: int = 1
    """Number of the next file or segment."""
    runs: list[str] = field(default_factory=list)
    """Names of runs by their numbers."""
    segments: list[dict[str, Any]] = field(default_factory=list)
    """Name, file of status and number of documents of each."""
    commits: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of each run: `print` of what it put in; `inputs` of its deduplication; `seen`, a digest of what it saw, and of
    which runs (`saw`); how many `removals` there were by then."""
    removals: list[str] = field(default_factory=list)
    """Digests of the names of documents that were taken out, in order."""
    prefer: list[str] | None = None
    """Keys of the preference that its documents were ordered by; None before the first run has put any in."""

    def save(self) -> None:
        """Make the index what this says, all at once."""
        value = {name: getattr(self, name) for name in _STORED}
        write_json(
            self.path / "index.json", {"header": header(self.signing), "signing": asdict(self.signing), **value}
        )  # fmt: skip

    def open(self) -> list[Segment]:
        """Open the segments."""
        return [
            Segment(self.path / one["name"], self.signing, read_status(self.path / one["status"]))
            for one in self.segments
        ]

    def number(self, run: str) -> int:
        """Return the number of a run, a new one if it has none."""
        if run not in self.runs:
            self.runs.append(run)
        return self.runs.index(run)

    def take_number(self) -> str:
        """Return a name for a file or segment that was never used in this index."""
        self.next += 1
        return f"{self.next - 1:06d}"

    def seen(self, run: str, inputs: str, compared: set[str]) -> tuple[str, tuple[str, ...]]:
        """Return a digest of what a run sees of the index, and whose documents these are.

        Args:
            run: its name.
            inputs: fingerprint of its deduplication but for the index.
            compared: digests of the names of the earlier documents that it was compared with the last time.
        """
        commit = self.commits.get(run)
        if commit is not None and commit["inputs"] == inputs:
            since = self.removals[commit["removals"] :]
            if compared.isdisjoint(since):
                return str(commit["seen"]), tuple(commit["saw"])
        others = sorted((name, one["print"]) for name, one in self.commits.items() if name != run)
        return fingerprint(others, self.removals), tuple(name for name, _ in others)

    def sweep(self) -> None:
        """Remove files that the index does not name: what an interrupted run or merge left."""
        named = {one[key] for one in self.segments for key in ("name", "status")} | {"index.json", ".lock"}
        for path in self.path.iterdir():
            if path.name not in named:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


_STORED = ("next", "runs", "segments", "commits", "removals", "prefer")


def signing_of(path: Path) -> Signing:
    """Return how the documents of an index were signed.

    Raises:
        RecipeError: there is no such index.
    """
    stored = read_json(path / "index.json")
    if stored is None:
        known = sorted(one.parent.name for one in path.parent.glob("*/index.json"))
        hint = nearest(path.name, known) if known else "; there is none yet"
        raise RecipeError(f'there is no index "{path.name}" in {path.parent}{hint}')
    return Signing(**stored["signing"])


def removal_digest(source: str, identity: str) -> str:
    """Return what is kept of the name of a document that was taken out."""
    return xxhash.xxh3_128_hexdigest(b"qingyuan takedown\0" + name_of(source, identity))


def header(signing: Signing) -> dict[str, str]:
    """Say what the documents of an index are compared by."""
    return {
        "format": FORMAT, **signing.header(FOLD_VERSION), "bands": str(signing.bands), "rows": str(signing.rows),
        "order": f"{ORDER_KEYS} keys",
    }  # fmt: skip


def open_index(path: Path, signing: Signing) -> Index:
    """Open an index, a new one if there is none.

    Raises:
        RecipeError: it was made in another way than this run compares.
    """
    stored = read_json(path / "index.json")
    if stored is None:
        if (path / "index.json").exists():
            raise RecipeError(f"{path / 'index.json'} cannot be read; put it back, or remove the index to begin anew")
        return Index(path, signing)
    ours, theirs = header(signing), stored["header"]
    differs = [f"{key} is {theirs.get(key)} there and {ours.get(key)} here"
               for key in {**theirs, **ours} if theirs.get(key) != ours.get(key)]  # fmt: skip
    if differs:
        raise RecipeError(
            f"the index {path} cannot be compared with: {'; '.join(differs)}. "
            "Give [dedup] the settings it was made with, or name another index: it fills as runs are cleaned again"
        )
    return Index(path, signing, **{name: stored[name] for name in _STORED})


@contextmanager
def at_index(path: Path) -> Iterator[None]:
    """Keep other processes away from an index; the system frees the lock when we die, however that happens.

    Raises:
        RecipeError: another process is at it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(path / ".lock", f"{path}: another process is at this index; wait for it or end it first"):
        yield


def standing(segment: Segment) -> NDArray[np.bool_]:
    """bool[documents]: which are there still."""
    return np.asarray(segment.status & GONE == 0, np.bool_)
