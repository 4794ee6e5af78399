"""A segment of the index: documents that never change, as plain arrays, and sorted keys to find them by.

For each document: signature, digest, number of shingles, order, name (source and id), number of its run, and its folded
text, from which shingles can be compared exactly even when the run it came from is gone. The text takes two bytes a
character: 2.8 KB for 1,400 characters, where its 1,200 shingles as sorted 64-bit hashes take 9.6 KB.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import xxhash
from numpy.typing import NDArray

from pipeline.arrays import ArrayWriter, array_writer, gather, gather_pieces, map_array, read_array, write_array
from pipeline.candidates import NO_KEY, band_keys
from pipeline.signing import EMPTY_DIGEST, Signing

ORDER_KEYS = 6
"""Numbers that say whom one would rather keep, as many as a preference has keys at most; those that it lacks are 0."""


@dataclass(frozen=True)
class Documents:
    """Some documents with all that the index knows of them."""

    signatures: NDArray[np.uint32]
    exact: NDArray[np.uint64]
    shingles: NDArray[np.int64]
    order: NDArray[np.int64]
    """int64[documents, ORDER_KEYS]."""
    runs: NDArray[np.uint32]
    """Numbers of runs."""
    names: list[bytes]
    """Source and id, as `name_of` writes them."""
    texts: list[NDArray[np.uint32]]
    """Folded."""

    def keys(self, signing: Signing) -> list[NDArray[np.uint64]]:
        """Return what the documents are found by: the keys of all bands, of the digest, and of the name."""
        return [*compared_keys(self.signatures, self.exact, self.shingles, signing), name_keys(self.names)]


def name_of(source: str, identity: str) -> bytes:
    """Return a document's name in the index."""
    return f"{source}\0{identity}".encode()


def name_keys(names: Iterable[bytes]) -> NDArray[np.uint64]:
    """Return the keys that names are found by."""
    return np.array([xxhash.xxh3_64_intdigest(name) for name in names], np.uint64)


def compared_keys(
    signatures: NDArray[np.uint32], exact: NDArray[np.uint64], shingles: NDArray[np.int64], signing: Signing
) -> list[NDArray[np.uint64]]:
    """Return the keys of all bands, and of the digest; NO_KEY where there is nothing to compare."""
    found = band_keys(signatures, signing).T
    found[:, shingles == 0] = NO_KEY
    digests = exact[:, 0] ^ exact[:, 1]
    digests[np.all(exact == EMPTY_DIGEST, axis=1)] = NO_KEY
    return [*found, digests]


@dataclass(frozen=True)
class Segment:
    """An open segment."""

    path: Path
    signing: Signing
    status: NDArray[np.uint8]
    """uint8[documents]: KEPT and GONE."""

    def __len__(self) -> int:
        return len(self.status)

    def lookup(self, key: int, wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the documents that have one of some keys, given sorted and each once; not sorted."""
        keys, rows = self._sorted(key)
        if not len(keys) or not len(wanted):
            return np.empty(0, np.int64)
        low = np.searchsorted(keys, wanted)
        hit = keys[np.minimum(low, len(keys) - 1)] == wanted
        low = low[hit]
        count = np.searchsorted(keys, wanted[hit], "right") - low
        begin = np.repeat(low - np.concatenate([[0], np.cumsum(count)[:-1]]), count) if len(low) else low
        return rows[begin + np.arange(int(count.sum()))].astype(np.int64)

    def _sorted(self, key: int) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        n = len(self)
        return self._keys[0][key * n : (key + 1) * n], self._keys[1][key * n : (key + 1) * n]

    @cached_property
    def _keys(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        return map_array(self.path / "keys", np.uint64), map_array(self.path / "rows", np.uint32)

    @property
    def runs(self) -> NDArray[np.uint32]:
        """Number of the run of each document."""
        return map_array(self.path / "runs", np.uint32)

    def read(self, rows: NDArray[np.int64], *, texts: bool = True) -> Documents:
        """Read some documents, given in ascending order."""
        width = 4 * self.signing.permutations
        return Documents(
            self._rows("signatures", width, rows).view(np.uint32), self._rows("exact", 16, rows).view(np.uint64),
            self._rows("shingles", 8, rows).view(np.int64)[:, 0],
            self._rows("order", 8 * ORDER_KEYS, rows).view(np.int64), self._rows("runs", 4, rows).view(np.uint32)[:, 0],
            self.names(rows), self.texts(rows) if texts else [],
        )  # fmt: skip

    def texts(self, rows: NDArray[np.int64]) -> list[NDArray[np.uint32]]:
        """Read the folded texts of some documents, given in ascending order."""
        data, ends = self._pieces("texts", rows)
        four = self._rows("wide", 1, rows)[:, 0].astype(np.bool_)
        cuts = ends.tolist()
        if not four.any():
            values = data.view(np.uint16).astype(np.uint32)
            return [values[begin // 2 : end // 2] for begin, end in pairwise(cuts)]
        kinds = [np.uint32 if wide else np.uint16 for wide in four.tolist()]
        return [data[begin:end].view(kind).astype(np.uint32)
                for kind, (begin, end) in zip(kinds, pairwise(cuts), strict=True)]  # fmt: skip

    def names(self, rows: NDArray[np.int64]) -> list[bytes]:
        """Read the names of some documents, given in ascending order."""
        data, ends = self._pieces("names", rows)
        whole = data.tobytes()
        return [whole[begin:end] for begin, end in pairwise(ends.tolist())]

    def compared(self, rows: NDArray[np.int64]) -> list[NDArray[np.uint64]]:
        """Return the keys that some documents, given in ascending order, are compared by."""
        signatures = self._rows("signatures", 4 * self.signing.permutations, rows).view(np.uint32)
        exact = self._rows("exact", 16, rows).view(np.uint64)
        return compared_keys(signatures, exact, self._rows("shingles", 8, rows).view(np.int64)[:, 0], self.signing)

    def _rows(self, name: str, width: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        found = np.empty((len(rows), width), np.uint8)
        gather(self.path / name, width, rows, found)
        return found

    def _pieces(self, name: str, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Read what some documents have in a file of pieces: all bytes, int64[rows + 1] where each piece ends."""
        offsets = map_array(self.path / f"{name}.offsets", np.int64)
        low, high = np.array(offsets[rows]), np.array(offsets[rows + 1])
        return gather_pieces(self.path / name, low, high), np.cumsum(np.concatenate([[0], high - low]))


@dataclass
class SegmentWriter:
    """Writes a segment: documents in portions, then `finish`. Nothing of it counts before the index names it."""

    path: Path
    signing: Signing
    _keys: list[list[NDArray[np.uint64]]] = field(default_factory=list)
    _ends: dict[str, list[NDArray[np.int64]]] = field(default_factory=dict)
    _files: dict[str, ArrayWriter] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)
    documents: int = 0

    def __enter__(self) -> Self:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("signatures", "exact", "shingles", "order", "runs", "names", "texts", "wide"):
            self._files[name] = self._stack.enter_context(array_writer(self.path / name))
        for name in ("names", "texts"):
            self._ends[name] = [np.zeros(1, np.int64)]
        return self

    def add(self, some: Documents) -> None:
        """Append documents."""
        if not some.names:
            return
        for name in ("signatures", "exact", "shingles", "order", "runs"):
            self._files[name].add(getattr(some, name))
        wide = np.array([bool(len(text)) and int(text.max()) >= 1 << 16 for text in some.texts], np.bool_)
        stored = [text if four else text.astype(np.uint16) for text, four in zip(some.texts, wide, strict=True)]
        self._pieces("texts", [text.tobytes() for text in stored])
        self._pieces("names", some.names)
        self._files["wide"].add(wide.view(np.uint8))
        self._keys.append(some.keys(self.signing))
        self.documents += len(some.names)

    def _pieces(self, name: str, pieces: list[bytes]) -> None:
        self._files[name].add(np.frombuffer(b"".join(pieces), np.uint8))
        last = self._ends[name][-1][-1]
        self._ends[name].append(last + np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces))))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, at)
        if kind is None:
            for name, ends in self._ends.items():
                write_array(self.path / f"{name}.offsets", np.concatenate(ends))
            with array_writer(self.path / "keys") as keys_file, array_writer(self.path / "rows") as rows_file:
                for key in range(self.signing.bands + 2):
                    keys = np.concatenate([np.empty(0, np.uint64), *(portion[key] for portion in self._keys)])
                    order = np.argsort(keys)
                    keys_file.add(keys[order])
                    rows_file.add(order.astype(np.uint32))
                    for portion in self._keys:
                        portion[key] = np.empty(0, np.uint64)


def read_status(path: Path) -> NDArray[np.uint8]:
    """Read the status of a segment's documents."""
    return read_array(path, np.uint8)
