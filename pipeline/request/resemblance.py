"""What resembles some documents, anywhere: runs that were never compared with each other, indexes, releases."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.texts import Texts
from pipeline.banding import fixed_width
from pipeline.candidates import NO_KEY, band_keys
from pipeline.index import open_index, signing_of
from pipeline.request.search import Report, indexes_of, joined, numbers_of, pair_of, portions, runs_of, silent
from pipeline.signing import Signing, mismatch, sign
from pipeline.store import RunFolder, count_rows, read_batches, read_rows, read_schema
from pipeline.veiled import Named
from pipeline.verify import jaccard_pairs

THRESHOLD = 0.7
"""Exact Jaccard of shingles from which a document is a near-duplicate: the deduplication's own default."""

_AT_ONCE = 64
"""Candidates that are compared with every given text at once."""


class Resembling:
    """Some texts, and the question what resembles any of them."""

    def __init__(self, texts: Iterable[NDArray[np.uint32]], signing: Signing | None = None) -> None:
        """Sign the folded texts."""
        self.signing = signing or Signing()
        self._texts = [text for text in texts if len(text)]
        values, offsets = joined(self._texts)
        keys = self._keys(sign(values, offsets, self.signing))
        self._wanted = [np.unique(band[band != NO_KEY]) for band in keys]

    def _keys(self, signatures: NDArray[np.uint32]) -> NDArray[np.uint64]:
        return np.asarray(band_keys(signatures, self.signing)).T

    def candidates(self, signatures: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return the rows that share a band with any of the texts."""
        found = np.zeros(len(signatures), np.bool_)
        for band, wanted in zip(self._keys(signatures), self._wanted, strict=True):
            found |= np.isin(band, wanted)
        return np.flatnonzero(found)

    def confirmed(self, texts: list[NDArray[np.uint32]]) -> NDArray[np.bool_]:
        """Say which folded texts have an exact Jaccard with one of ours that makes them near-duplicates."""
        found = np.zeros(len(texts), np.bool_)
        for begin in range(0, len(texts), _AT_ONCE):
            some = texts[begin : begin + _AT_ONCE]
            values, offsets = joined([*self._texts, *some])
            ours = len(self._texts)
            pairs = np.array([(one, ours + other) for other in range(len(some)) for one in range(ours)], np.int64)
            if len(pairs):
                similarity = jaccard_pairs(values, offsets, pairs, self.signing.shingle).reshape(len(some), ours)
                found[begin : begin + len(some)] = similarity.max(axis=1) >= THRESHOLD
        return found

    def in_texts(self, column: pa.ChunkedArray) -> NDArray[np.bool_]:
        """Say which texts resemble any of ours: bool[texts]."""
        folded = Texts(column.combine_chunks()).folded
        found = np.zeros(len(column), np.bool_)
        rows = self.candidates(sign(folded.values, folded.offsets, self.signing))
        found[rows] = self.confirmed([folded.values[folded.offsets[row] : folded.offsets[row + 1]] for row in rows])
        return found


def folded_texts(workspace: Path, documents: Named) -> list[NDArray[np.uint32]]:
    """Return the folded texts of documents, from whatever run or index has them, each of them once."""
    found: dict[bytes, NDArray[np.uint32]] = {}
    ids = pa.array(sorted({identity for _, identity in documents}), pa.string())
    for folder in runs_of(workspace):
        for number in numbers_of(folder):
            for batch in read_batches(folder.part("documents", number), ["source", "id", "text"]):
                likely = batch.filter(pc.is_in(batch["id"], ids))
                folded = Texts(likely["text"].combine_chunks()).folded
                pairs = zip(likely["source"].to_pylist(), likely["id"].to_pylist(), strict=True)
                for row, pair in enumerate(pairs):
                    if pair in documents:
                        text = folded.values[folded.offsets[row] : folded.offsets[row + 1]]
                        found[text.tobytes()] = text
    for path in indexes_of(workspace):
        signing = signing_of(path)
        for segment in open_index(path, signing).open() if signing.unit == "characters" else ():
            for rows in portions(segment):
                ours = rows[[pair_of(name) in documents for name in segment.names(rows)]]
                found |= {text.tobytes(): text for text in (segment.texts(ours) if len(ours) else ())}
    return list(found.values())


def near_duplicates(workspace: Path, documents: Named, report: Report = silent) -> tuple[Named, list[str]]:
    """Return the documents of any run or index that resemble some of these; and which indexes could not be asked."""
    texts = folded_texts(workspace, documents)
    ours = Resembling(texts)
    found: set[tuple[str, str]] = set()
    for folder in runs_of(workspace):
        for number in numbers_of(folder):
            for begin, hits, table in _in_part(folder, number, ours):
                chosen = table.select(["source", "id"]).take(hits)
                found |= set(zip(chosen["source"].to_pylist(), chosen["id"].to_pylist(), strict=True))
                report(folder.path.name, begin)
    unknown = []
    for path in indexes_of(workspace):
        signing = signing_of(path)
        if signing.unit != "characters":  # it holds words: what is compared is another text
            unknown.append(path.name)
            continue
        here = Resembling(texts, signing)
        for segment in open_index(path, signing).open():
            for rows in portions(segment):
                likely = rows[here.candidates(segment.read(rows, texts=False).signatures)]
                near = likely[here.confirmed(segment.texts(likely))] if len(likely) else likely
                found |= {pair_of(name) for name in segment.names(near)} if len(near) else set()
                report(path.name, len(rows))
    return frozenset(found) - documents, unknown


def _in_part(folder: RunFolder, number: int, ours: Resembling) -> Iterator[tuple[int, NDArray[np.int64], pa.Table]]:
    """Yield for each batch of a part how many documents it has, which of them resemble ours, and the batch."""
    documents, signatures = folder.part("documents", number), folder.part("signatures", number)
    signed = signatures.exists() and mismatch(read_schema(signatures).metadata, ours.signing) is None
    if not signed or count_rows(signatures) != count_rows(documents):  # by other settings, or of a scan that was killed
        for batch in read_batches(documents, ["source", "id", "text"]):
            yield batch.num_rows, np.flatnonzero(ours.in_texts(batch["text"])), batch
        return
    width = ours.signing.permutations
    rows = [
        fixed_width(batch["signature"].combine_chunks(), np.dtype(np.uint32), width)
        for batch in read_batches(signatures, ["signature"])
    ]
    likely = ours.candidates(np.concatenate([np.empty((0, width), np.uint32), *rows]))
    table = read_rows(documents, likely, ["source", "id", "text"])
    yield count_rows(documents), np.flatnonzero(ours.in_texts(table["text"])), table
