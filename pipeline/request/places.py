"""Documents that were taken out by their place in the input: whether what stands there now is still the same.

A record without an id is known by its file and number alone. Once the operator has deleted its line, another stands at
its place. So a takedown keeps salted hashes of the text at the place and of its neighbours': by the first the document
is known wherever it has moved in its file, by the others it is known that another one stands there. What is neither may
be the same one, read in another way: it is left out, and that is said.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from filters.texts import Texts
from pipeline.identity import place_id
from pipeline.removed import Place, Removed
from pipeline.request.demand import folded_hashes
from pipeline.salt import salted
from pipeline.store import read_batches
from pipeline.veiled import Named

NEIGHBOURS = 16
"""Records before and behind a place whose hashes are kept: so many lines of a file may go before nothing is known."""
_PLACE = re.compile(r"(?P<file>.*)#(?P<record>\d+)", re.DOTALL)
_COLUMNS = ["source", "file", "record", "text"]
_At = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Settled:
    """What stands at the places of a part."""

    others: Named
    """Places at which another document stands now: it stays."""
    moved: dict[tuple[str, str], Place]
    """Where documents that were taken out stand now."""
    unknown: Named
    """Places at which something else stands that is left out, for it may be the same one, read in another way."""


def places_of(runs: Iterable[Iterable[Path]], documents: Named, salt: bytes) -> dict[tuple[str, str], Place]:
    """Return what is kept of those documents that are named by their places, as runs have them: each by its parts."""
    wanted = _by_file(documents)
    found: dict[tuple[str, str], Place] = {}
    for parts in runs if wanted else ():
        tokens: dict[tuple[str, str], dict[int, str]] = {}
        for path in parts:
            for source, file, record, token in _tokens(path, set(wanted), salt):
                tokens.setdefault((source, file), {})[record] = token
        for key, rows in tokens.items():
            order = sorted(rows)
            for record in wanted[key] & rows.keys():
                at = order.index(record)
                near = order[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]
                others = frozenset(rows[one] for one in near) - {rows[record]}
                found[key[0], place_id(*key, record)] = Place(rows[record], others)
    return found


def settle_places(path: Path, removed: Removed, salt: bytes) -> Settled:
    """Say of a part that was scanned what stands at the places of documents that were taken out."""
    places = removed.places
    files = set(_by_file(frozenset(places)))
    texts = {(source, place.text): place for (source, _), place in places.items()}
    others: set[tuple[str, str]] = set()
    unknown: set[tuple[str, str]] = set()
    moved: dict[tuple[str, str], Place] = {}
    for source, file, record, token in _tokens(path, files, salt) if files else ():
        here = (source, place_id(source, file, record))
        if (source, token) in texts:
            if here not in places or removed.is_stale(here):
                moved[here] = texts[source, token]
        elif here in places and not removed.is_stale(here):
            (others if token in places[here].others else unknown).add(here)
    return Settled(frozenset(others), moved, frozenset(unknown))


def _by_file(documents: Named) -> dict[tuple[str, str], set[int]]:
    """Return the records of documents that are named by their places, by source and file."""
    found: dict[tuple[str, str], set[int]] = {}
    for source, identity in documents:
        match = _PLACE.fullmatch(identity.removeprefix(f"{source}:"))
        if match is not None and identity.startswith(f"{source}:"):
            found.setdefault((source, match["file"]), set()).add(int(match["record"]))
    return found


def _tokens(path: Path, files: set[tuple[str, str]], salt: bytes) -> Iterator[tuple[str, str, int, str]]:
    """Yield source, file, record and the salted hash of the text of a part's documents that are of some files."""
    for batch in read_batches(path, _COLUMNS):
        pairs = zip(batch["source"].to_pylist(), batch["file"].to_pylist(), strict=True)
        rows = np.flatnonzero(np.fromiter((pair in files for pair in pairs), np.bool_, batch.num_rows))
        if not len(rows):
            continue
        some = batch.take(pa.array(rows))
        folded = Texts(some["text"].combine_chunks()).folded
        digests = folded_hashes(folded.values, folded.offsets)
        for row, digest in zip(some.select(_COLUMNS[:3]).to_pylist(), digests, strict=True):
            yield row["source"], row["file"], row["record"], salted(salt, "hash", digest)
