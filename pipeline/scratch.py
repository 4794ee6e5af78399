"""What deduplication puts aside on disk when a run does not fit into memory: which files there are, and their sizes.

Documents have two numbers here: their row through all parts, and their position in base order, 0 for the one that one
would rather keep than any other. All comparing is done by position, so that no result knows how the input was cut.
"""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays import gather, map_array, read_array
from pipeline.parts import Parts
from pipeline.signing import Signing
from pipeline.store import RunFolder, read_json, write_json

TEXT = 1
"""A document's kind: it is the best of those with its text, and has shingles to compare."""

CODES = 1 << 20
"""Pairs read at once: 8 MB."""


@dataclass(frozen=True)
class Scratch:
    """The files of one deduplication, and what it compares by."""

    parts: Parts
    signing: Signing
    threshold: float
    memory: int
    """Bytes that a worker may use; results do not depend on it."""
    groups: tuple[int, ...]
    """Rows at which the work on parts is cut: group g holds the rows groups[g] to groups[g + 1]."""

    @property
    def folder(self) -> RunFolder:
        """Where the files lie, with receipts of their own."""
        return RunFolder(self.parts.folder.path / "dedup")

    def path(self, kind: str, number: int) -> Path:
        """Return where a numbered file lies."""
        return self.folder.path / kind / f"{number:05d}"

    def order(self, name: str) -> Path:
        """Return where an array about all documents lies."""
        return self.folder.path / "order" / name

    def receipt(self, stage: str, number: int, fingerprint: str, begun: float, **counts: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the stage counts
        """Write the receipt of one task of a stage."""
        receipt = {
            "stage": f"dedup-{stage}", "part": number, "fingerprint": fingerprint, **counts,
            "cpu_seconds": round(time.process_time() - begun, 3),
        }  # fmt: skip
        write_json(self.folder.receipt(f"dedup-{stage}", number), receipt)
        return receipt

    def begin(self, fingerprint: str) -> None:
        """Remove what another deduplication, or this one with another budget, left when it was interrupted.

        Its receipts alone do not tell: who is killed between a file and its receipt leaves the receipt of another's.
        """
        path = self.folder.path / "begun.json"
        begun = {"fingerprint": fingerprint}
        if read_json(path) != begun:
            self.remove()
            write_json(path, begun)

    def remove(self) -> None:
        """Remove all of it; receipts first, so that nothing seems to be there that is not."""
        shutil.rmtree(self.folder.path / "receipts", ignore_errors=True)
        shutil.rmtree(self.folder.path, ignore_errors=True)

    def rows_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of documents given by ascending position."""
        rows = np.empty((len(positions), 4), np.uint8)
        gather(self.order("row"), 4, positions, rows)
        return rows.view(np.uint32)[:, 0].astype(np.int64)

    def signatures(self, positions: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Read signatures, uint32[positions, permutations], of documents given by ascending position."""
        rows = self.rows_of(positions)
        order = np.argsort(rows)
        found = np.empty((len(rows), 4 * self.signing.permutations), np.uint8)
        for group, begin, end in self._of_groups(rows[order]):
            gather(
                self.path("signatures", group), found.shape[1], rows[order[begin:end]] - self.groups[group],
                out := np.empty((end - begin, found.shape[1]), np.uint8),
            )  # fmt: skip
            found[order[begin:end]] = out
        return found.view(np.uint32)

    def text_lengths(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many code points the folded texts have of documents given by ascending position."""
        rows = self.rows_of(positions)
        order = np.argsort(rows)
        lengths = np.empty(len(rows), np.int64)
        for group, begin, end in self._of_groups(rows[order]):
            low, high = self._bounds(group, rows[order[begin:end]])
            lengths[order[begin:end]] = (np.abs(high) - np.abs(low)) // np.where(high < 0, 4, 2)
        return lengths

    def _bounds(self, group: int, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where texts of a group lie; a negative end says that code points took four bytes, not two."""
        stored = map_array(self.path("texts", group).with_suffix(".rows"), np.int64)
        offsets = map_array(self.path("texts", group).with_suffix(".offsets"), np.int64)
        places = np.searchsorted(stored, rows)
        return np.array(offsets[places]), np.array(offsets[places + 1])

    def texts(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Read the folded texts of documents given by ascending position: code points and offsets."""
        rows = self.rows_of(positions)
        order = np.argsort(rows)
        low, high = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
        groups = list(self._of_groups(rows[order]))
        for group, begin, end in groups:
            low[order[begin:end]], high[order[begin:end]] = self._bounds(group, rows[order[begin:end]])
        wide = high < 0
        low, high = np.abs(low), np.abs(high)
        # As they lie on disk, end to end, in the order asked for; then all at once as code points.
        at = np.cumsum(np.concatenate([[0], high - low]))
        data = np.empty(at[-1], np.uint8)
        view = memoryview(data.data)
        starts, sizes, places = low.tolist(), (high - low).tolist(), at.tolist()
        for group, begin, end in groups:
            with self.path("texts", group).open("rb", buffering=0) as file:
                handle = file.fileno()
                for i in order[begin:end].tolist():
                    if os.preadv(handle, [view[places[i] : places[i + 1]]], starts[i]) != sizes[i]:
                        raise OSError(f"{file.name}: ends before byte {starts[i] + sizes[i]}")
        offsets = np.cumsum(np.concatenate([[0], (high - low) // np.where(wide, 4, 2)]))
        if not wide.any():
            return data.view(np.uint16).astype(np.uint32), offsets
        pieces = [data[places[i] : places[i + 1]].view(np.uint32 if four else np.uint16) for i, four in enumerate(wide)]
        return np.concatenate([piece.astype(np.uint32) for piece in pieces]), offsets

    def _of_groups(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
        """Cut ascending rows by group: (group, first, behind) of those that have any."""
        cuts = np.searchsorted(rows, self.groups).tolist()
        for group, (begin, end) in enumerate(pairwise(cuts)):
            if end > begin:
                yield group, begin, end


def codes_of(path: Path) -> Iterator[NDArray[np.uint64]]:
    """Read a file of pairs a portion at a time."""
    count = path.stat().st_size // 8
    for begin in range(0, count, CODES):
        yield read_array(path, np.uint64, begin, min(begin + CODES, count))
