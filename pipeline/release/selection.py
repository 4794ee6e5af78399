"""Which of the documents that runs kept go into a release: what was asked for, in the shares that were asked for."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from pipeline.release.form import Mixture, Selection


def chosen(rows: pa.Table, selection: Selection) -> NDArray[np.bool_]:
    """bool[rows]: which documents a selection takes.

    Args:
        rows: source, domain, script and quality of each.
        selection: what is asked for.
    """
    takes = np.ones(rows.num_rows, np.bool_)
    for column, names in (
        ("source", selection.sources), ("domain", selection.domains), ("script", selection.scripts)
    ):  # fmt: skip
        if names:
            takes &= pc.is_in(rows[column], pa.array(names, pa.string())).to_numpy()
    if selection.quality_from is not None:
        takes &= pc.fill_null(pc.greater_equal(rows["quality"], selection.quality_from), False).to_numpy()
    if selection.quality_below is not None:
        takes &= pc.fill_null(pc.less(rows["quality"], selection.quality_below), False).to_numpy()
    return takes


def drawn(rows: pa.Table, mixture: Mixture) -> NDArray[np.bool_]:
    """bool[rows]: which documents the shares of a mixture leave.

    A document is in if the hash of its name, as a number from 0 to 1, lies below its weight: no other document has a
    say, a larger weight takes the same and more, and a removed document leaves all others where they are.

    Args:
        rows: source, domain and id of each.
        mixture: the weights.
    """
    weight = _weights(rows["source"], mixture.sources) * _weights(rows["domain"], mixture.domains)
    takes = weight >= 1
    open_ones = np.flatnonzero(~takes)
    if len(open_ones):
        some = rows.select(["source", "id"]).take(pa.array(open_ones))
        takes[open_ones] = places(some["source"].to_pylist(), some["id"].to_pylist(), mixture.salt) < weight[open_ones]
    return takes


def places(sources: Sequence[str], ids: Sequence[str], salt: str) -> NDArray[np.float64]:
    """float64[rows]: where each document lies between 0 and 1."""
    names = (f"{salt}\0{source}\0{identity}".encode() for source, identity in zip(sources, ids, strict=True))
    hashes = np.fromiter((xxhash.xxh3_64_intdigest(name) for name in names), np.uint64, len(ids))
    return hashes / float(1 << 64)


def _weights(column: pa.ChunkedArray, weights: Mapping[str, float]) -> NDArray[np.float64]:
    """float64[rows]: the weight of each value; 1 where none is said, or there is no value."""
    if not weights:
        return np.ones(len(column))
    encoded = column.combine_chunks().dictionary_encode()
    known = np.array([*(weights.get(name, 1.0) for name in encoded.dictionary.to_pylist()), 1.0])
    return np.asarray(known[pc.fill_null(encoded.indices, len(known) - 1).to_numpy()], np.float64)
