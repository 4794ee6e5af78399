"""Which documents a sample holds: decided by what they are, the phase and the round, so that nobody can choose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.runs import Run
from pipeline.store import read_batches, write_bytes

Digests = NDArray[np.uint8]
"""uint8[documents, 32]: sha256 of each."""

_NUL = pa.scalar(b"\0", pa.large_binary())


@dataclass(frozen=True)
class Population:
    """What a sample is drawn from."""

    root: str
    """sha256 over all, hexadecimal."""
    digests: Digests
    rows: NDArray[np.int64]
    """int64[documents]: where each stands in what it was read from."""


def digest_documents(table: pa.Table, columns: Sequence[str]) -> bytes:
    """Return the sha256 of every row's columns, joined by NUL, one behind the other."""
    joined = pc.binary_join_element_wise(*(table[name].cast(pa.large_binary()) for name in columns), _NUL)
    digests = []
    for chunk in joined.chunks:
        data = memoryview(chunk.buffers()[2])
        ends = np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset : chunk.offset + len(chunk) + 1].tolist()
        digests += [sha256(data[begin:end]).digest() for begin, end in pairwise(ends)]
    return b"".join(digests)


def stack(digests: Iterable[bytes]) -> Digests:
    """Return digests as an array."""
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)


def root_of(digests: Digests) -> str:
    """Return the sha256 of all digests in ascending order: the same in whatever order they come."""
    order = np.lexsort(digests.T[::-1])
    return sha256(np.ascontiguousarray(digests[order]).tobytes()).hexdigest()


def source_population(run: Run, source: str) -> Population:
    """Read what a run has of a source, kept and dropped alike: as it was collected."""
    digests: list[bytes] = []
    rows: list[NDArray[np.int64]] = []
    begin = 0
    for number in run.parts.numbers:
        for batch in read_batches(run.folder.part("documents", number), ["id", "source", "text"]):
            ours = np.flatnonzero(np.array(batch["source"].to_pylist(), np.str_) == source)
            rows.append(ours + begin)
            if len(ours):
                taken = batch.take(ours)
                digests.append(digest_documents(taken, ["id", "text"]))
            begin += batch.num_rows
    stacked = stack(digests)
    places = np.concatenate(rows) if rows else np.zeros(0, np.int64)
    return Population(root_of(stacked), stacked, places)


def keep_population(workspace: Path, population: Population) -> None:
    """Keep which documents a sample was drawn from, as digests, so that later ones can be told from them."""
    order = np.lexsort(population.digests.T[::-1])
    write_bytes(_kept(workspace, population.root), np.ascontiguousarray(population.digests[order]).tobytes())


def count_new(workspace: Path, root: str, population: Population) -> int | None:
    """Count the documents that were not among those a sample was drawn from; None if it is not known any more."""
    if population.root == root:
        return 0
    path = _kept(workspace, root)
    data = path.read_bytes() if path.is_file() else b""
    if sha256(data).hexdigest() != root:
        return None
    known = np.frombuffer(data, "V32")
    return int(np.count_nonzero(~np.isin(np.ascontiguousarray(population.digests).view("V32").ravel(), known)))


def _kept(workspace: Path, root: str) -> Path:
    return workspace / "assessments" / f"population-{root}.bin"


def seed_of(root: str, phase: str, round_: int) -> str:
    """Return the seed of a round: sha256 of root, phase and number, so that it is known only once the data are.

    Of the manual sample of a release the phase is left out: root and number alone.
    """
    return sha256(bytes.fromhex(root) + phase.encode() + str(round_).encode()).hexdigest()


def draw_sample(digests: Digests, n: int, seed: str) -> NDArray[np.int64]:
    """Draw n of the documents, all alike, without putting back: their numbers, ascending.

    Each gets the number sha256(seed, digest); the n smallest are drawn. So anybody who has the documents can draw the
    same again, whatever their order and however they are cut into files.
    """
    prefix = bytes.fromhex(seed)
    drawn = b"".join(sha256(prefix + digest.tobytes()).digest()[:8] for digest in digests)
    keys = np.frombuffer(drawn, ">u8")
    return np.sort(np.argsort(keys, kind="stable")[:n])


def list_digest(names: Sequence[str]) -> str:
    """Return the digest of a list of what was drawn."""
    return sha256("\n".join(sorted(names)).encode()).hexdigest()
