"""Documents of earlier runs that a run's documents hang together with, directly or through others, by any shared band.

Whatever the index holds besides could not be in a cluster with them, however they are compared. So the clusters of
these together are those that one run of everything would find, and comparing them is all that a new run costs.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.arrays import map_array, write_array
from pipeline.banding import fixed_width
from pipeline.candidates import NO_KEY
from pipeline.executor import report
from pipeline.index import KEPT, Index, open_index, standing
from pipeline.parts import Parts
from pipeline.schema import EARLIER, signature_schema
from pipeline.segment import Segment, compared_keys, name_keys, name_of
from pipeline.signing import Signing
from pipeline.store import PartWriter, RunFolder, digest_file, read_batches, read_schema, withdraw, write_json

NUMBER = 1 << 30
"""Number of the part that earlier documents pass for, behind all others."""

AT_ONCE = 50_000
"""Documents whose signatures are read at once."""


@dataclass(frozen=True, slots=True)
class JointFolder(RunFolder):
    """A run's folder in which the earlier documents are one more part."""

    def part(self, table: str, number: int) -> Path:
        """Return where part `number` of a table lies."""
        return self.path / "earlier" / f"{table}.parquet" if number == NUMBER else RunFolder.part(self, table, number)


@dataclass(frozen=True)
class JointParts(Parts):
    """The parts of a run, and behind them the earlier documents."""

    own: Parts
    index: Path
    signing: Signing

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """int64[earlier, keys]: whom one would rather keep, as the index knows it."""
        return np.array(map_array(self.folder.path / "earlier/order", np.int64)).reshape(self.rows - self.own.rows, -1)

    def load_folded(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Read the folded texts of some documents, rows ascending: from the run, and from the index."""
        cut = int(np.searchsorted(rows, self.own.rows))
        texts: list[NDArray[np.uint32]] = []
        values, ends = np.empty(0, np.uint32), np.zeros(1, np.int64)
        if cut:
            values, ends = self.own.load_folded(rows[:cut])
        places = map_array(self.folder.path / "earlier/places", np.uint32, 2)[rows[cut:] - self.own.rows]
        segments = {int(one.path.name): one for one in open_index(self.index, self.signing).open()}
        for number in dict.fromkeys(places[:, 0].tolist()):  # one segment after the other, in each rows ascend
            texts += segments[number].texts(places[places[:, 0] == number, 1].astype(np.int64))
        behind = ends[-1] + np.cumsum([len(text) for text in texts], dtype=np.int64)
        return np.concatenate([values, *texts]), np.concatenate([ends, behind])


def joint(parts: Parts, index: Path, signing: Signing) -> JointParts:
    """Put the earlier documents that were found behind a run's parts."""
    return JointParts(JointFolder(parts.folder.path), (*parts.numbers, NUMBER), parts, index, signing)


def find_earlier(parts: Parts, path: Path, signing: Signing, runs: tuple[str, ...], fingerprint: str) -> dict[str, Any]:
    """Find the documents of some runs that could be in clusters with these; write what is compared of them."""
    begun = time.process_time()
    withdraw(parts.folder.whole_receipt("earlier"))
    index = open_index(path, signing)
    segments = index.open()
    found = _Search(segments, [_visible(index, segment, runs) for segment in segments])
    if segments:
        for number in parts.numbers:
            found.hide(_names(parts, number), signing.bands + 1)
        for number in parts.numbers:
            for batch in read_batches(parts.folder.part("signatures", number), ["exact", "signature", "shingles"]):
                signatures = fixed_width(batch["signature"].combine_chunks(), np.dtype(np.uint32), signing.permutations)
                exact = fixed_width(batch["exact"].combine_chunks(), np.dtype(np.uint64), 2)
                found.look_up(compared_keys(signatures, exact, batch["shingles"].to_numpy(), signing))
                report(batch.num_rows)
        found.close_over()
    documents = _write(parts, index, segments, found)
    names = [parts.folder.path / "earlier" / name for name in ("documents.parquet", "signatures.parquet", "order")]
    receipt = {
        "stage": "earlier", "fingerprint": fingerprint, "documents": documents,
        "outputs": {path.name: digest_file(path) for path in names},
        "segments": {s.path.name: content_of(s) for s, mask in zip(segments, found.found, strict=True) if mask.any()},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }  # fmt: skip
    write_json(parts.folder.whole_receipt("earlier"), receipt)
    return receipt


def content_of(segment: Segment) -> str:
    """Digest whose texts a segment holds, in their order."""
    return digest_file(segment.path / "exact")


def texts_stand(receipt: Mapping[str, Any], path: Path, signing: Signing) -> bool:
    """Say whether the texts of the documents that were found are still where they were: merging moves them."""
    segments = {segment.path.name: segment for segment in open_index(path, signing).open()}
    known = receipt.get("segments")  # versions before this one did not say
    return known is not None and all(
        name in segments and content_of(segments[name]) == was for name, was in known.items()
    )


def _visible(index: Index, segment: Segment, runs: tuple[str, ...]) -> NDArray[np.bool_]:
    """bool[documents]: those of some runs that are there still."""
    return standing(segment) & np.isin(segment.runs, [index.runs.index(run) for run in runs])


def _names(parts: Parts, number: int) -> NDArray[np.uint64]:
    """Digest the names of a part's documents."""
    digests = []
    for batch in read_batches(parts.folder.part("documents", number), ["source", "id"]):
        pairs = zip(batch["source"].to_pylist(), batch["id"].to_pylist(), strict=True)
        digests.append(name_keys(name_of(*pair) for pair in pairs))
    return np.unique(np.concatenate([np.empty(0, np.uint64), *digests]))


def _distinct(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort keys, each once; np.unique of numpy 2.4 hashes them, which is slower."""
    keys = np.sort(keys)
    new = np.ones(len(keys), np.bool_)
    new[1:] = keys[1:] != keys[:-1]
    return keys[new]


@dataclass
class _Search:
    """Which documents of the segments are found: those in new ones' buckets, then in theirs, to the last."""

    segments: list[Segment]
    visible: list[NDArray[np.bool_]]

    def __post_init__(self) -> None:
        self.found = [np.zeros(len(one), np.bool_) for one in self.segments]
        self._fresh: list[list[NDArray[np.int64]]] = [[] for _ in self.segments]

    def hide(self, names: NDArray[np.uint64], key: int) -> None:
        """Leave out the documents of some names."""
        for segment, visible in zip(self.segments, self.visible, strict=True):
            visible[segment.lookup(key, names)] = False

    def look_up(self, keys: list[NDArray[np.uint64]]) -> None:
        """Find the documents that share any of some keys, given for each kind of them."""
        for kind, values in enumerate(keys):
            wanted = _distinct(values[values != NO_KEY])
            for number, segment in enumerate(self.segments):
                rows = segment.lookup(kind, wanted)
                rows = rows[self.visible[number][rows] & ~self.found[number][rows]]
                self.found[number][rows] = True
                self._fresh[number].append(rows)

    def close_over(self) -> None:
        """Find the documents that share a key with those found, until there are no more."""
        while any(len(rows) for fresh in self._fresh for rows in fresh):
            fresh, self._fresh = self._fresh, [[] for _ in self.segments]
            for segment, pieces in zip(self.segments, fresh, strict=True):
                rows = np.unique(np.concatenate([np.empty(0, np.int64), *pieces]))
                for begin in range(0, len(rows), AT_ONCE):
                    self.look_up(segment.compared(rows[begin : begin + AT_ONCE]))


def _write(parts: Parts, index: Index, segments: list[Segment], found: _Search) -> int:
    """Write the found documents as a part: their tables, their order, and where their texts lie."""
    folder = JointFolder(parts.folder.path)
    schema = read_schema(parts.folder.part("signatures", parts.numbers[0]))
    schema = signature_schema(index.signing.permutations, {k.decode(): v.decode() for k, v in schema.metadata.items()})
    places, order = [np.empty((0, 2), np.uint32)], [np.empty(0, np.int64)]
    written = 0
    tables = [(folder.part("documents", NUMBER), EARLIER), (folder.part("signatures", NUMBER), schema)]
    with PartWriter(tables, dictionaries=("source", "run")) as writer:
        for segment, mask in zip(segments, found.found, strict=True):
            rows = np.flatnonzero(mask)
            for begin in range(0, len(rows), AT_ONCE):
                some = rows[begin : begin + AT_ONCE]
                known = segment.read(some, texts=False)
                names = [name.decode().partition("\0") for name in known.names]
                ids = pa.array([identity for _, _, identity in names], pa.string())
                runs = pa.array(index.runs).take(pa.array(known.runs))
                kept = pa.array(segment.status[some] & KEPT > 0)
                documents = [ids, pa.array([source for source, _, _ in names], pa.string()), runs, kept]
                binaries = [
                    pa.Array.from_buffers(schema.field(name).type, len(some), [None, pa.py_buffer(data.tobytes())])
                    for name, data in (("exact", known.exact), ("signature", known.signatures))
                ]
                counts = [pa.array(known.shingles), pa.array(-known.order[:, -1])]
                writer.write(
                    pa.record_batch(documents, schema=EARLIER),
                    pa.record_batch([ids, *binaries, *counts], schema=schema),
                )
                places.append(np.stack([np.full(len(some), int(segment.path.name)), some], axis=1).astype(np.uint32))
                order.append(known.order.ravel())
                written += len(some)
    write_array(folder.path / "earlier/places", np.concatenate(places))
    write_array(folder.path / "earlier/order", np.concatenate(order))
    return written
