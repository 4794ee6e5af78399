"""What is kept out of a run because it is banned, though it came under a name that nobody had named."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.texts import Texts
from pipeline.removed import Ban, Removed, Way
from pipeline.request.demand import folded_hashes, plain_url, text_hashes
from pipeline.request.subject import personal_values, whole_documents
from pipeline.salt import salted
from pipeline.store import read_batches
from pipeline.veiled import Named


def banned_documents(path: Path, removed: Removed, salt: bytes) -> Named:
    """Return source and id of the documents of a part that are banned."""
    found: set[tuple[str, str]] = set()
    if removed.bans:
        for batch in read_batches(path, ["source", "id", "url", "text", "meta"]):
            rows = np.flatnonzero(banned_rows(batch, removed, salt))
            chosen = batch.select(["source", "id"]).take(rows)
            found |= set(zip(chosen["source"].to_pylist(), chosen["id"].to_pylist(), strict=True))
    return frozenset(found)


def banned_rows(table: pa.Table, removed: Removed, salt: bytes) -> NDArray[np.bool_]:
    """Say which rows of a table of documents are banned: bool[rows]."""
    found = np.zeros(table.num_rows, np.bool_)
    ways = {ban.by for ban in removed.bans}

    def note(way: Way, row: int, values: set[str]) -> None:
        found[row] |= any(Ban(way, salted(salt, way, value)) in removed.bans for value in values)

    if "url" in ways:
        for row, url in enumerate(table["url"].to_pylist()):
            note("url", row, set() if url is None else {plain_url(url)})
    if "hash" in ways:
        folded = Texts(table["text"].combine_chunks()).folded
        own = zip(folded_hashes(folded.values, folded.offsets), text_hashes(table["text"].to_pylist()), strict=True)
        for row, (digest, digests) in enumerate(own):
            note("hash", row, {digest, *digests})
    if "subject" in ways:
        for row, values in personal_values(Texts(whole_documents(table))):
            note("subject", row, values)
    return found
