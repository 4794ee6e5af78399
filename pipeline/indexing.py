"""Putting a finished run into the index, and merging segments: what is written first and what counts last."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays import write_array
from pipeline.banding import fixed_width
from pipeline.dedup import order_keys
from pipeline.executor import report
from pipeline.index import GONE, KEPT, Index, open_index, standing
from pipeline.parts import Parts
from pipeline.preference import Preference
from pipeline.segment import Documents, Segment, SegmentWriter, name_keys, name_of
from pipeline.signing import Signing
from pipeline.store import read_batches, withdraw, write_json

FAN = 4
"""Segments of a size class that are merged into one of the next: each document is rewritten once in a factor of four,
and a lookup asks at most three segments of a class."""

BYTES_PER_KEYS = 320
"""What a document costs while the keys of its segment are collected and sorted: 16 kinds of 8 bytes, twice."""

AT_ONCE = 10_000
"""Documents read at once while segments are merged."""


def put_in(
    parts: Parts, path: Path, signing: Signing, preference: Preference, commit: dict[str, Any], memory: int
) -> dict[str, Any]:
    """Put the documents of a finished run into the index, in place of what the run had put there before.

    Args:
        parts: those that were judged.
        path: of the index.
        signing: of the run.
        preference: of the run.
        commit: what the index keeps of it; its `print` is this stage's fingerprint.
        memory: bytes that a worker may use.
    """
    begun = time.process_time()
    withdraw(parts.folder.whole_receipt("index"))
    index = open_index(path, signing)
    index.sweep()
    run = parts.folder.path.name
    number = index.number(run)
    segments = index.open()
    before = [segment.status.copy() for segment in segments]
    for segment in segments:
        segment.status[segment.runs == number] |= GONE
    order = order_keys(parts, preference)
    room = max(1, memory // 2 // BYTES_PER_KEYS)
    documents = 0
    for chosen in _portions(parts, room):
        name = index.take_number()
        status: list[NDArray[np.uint8]] = []
        with SegmentWriter(path / name, signing) as writer:
            for part in chosen:
                begin, end = parts.bounds(part)
                for some, kept in _of_part(parts, part, order[begin:end], number):
                    writer.add(some)
                    status.append(np.where(kept, KEPT, 0).astype(np.uint8))
                    digests = np.unique(name_keys(some.names))
                    for segment in segments:
                        segment.status[segment.lookup(signing.bands + 1, digests)] |= GONE
                    report(len(kept))
        documents += writer.documents
        _name(index, name, np.concatenate([np.empty(0, np.uint8), *status]))
    restate(index, segments, before)
    index.prefer = list(preference.keys)
    index.commits[run] = commit | {"removals": len(index.removals)}
    index.save()
    index.sweep()
    receipt = {
        "stage": "index", "fingerprint": commit["print"], "documents": documents,
        "cpu_seconds": round(time.process_time() - begun, 3),
    }  # fmt: skip
    write_json(parts.folder.whole_receipt("index"), receipt)
    return receipt


def _portions(parts: Parts, room: int) -> list[list[int]]:
    """Share parts out to segments of so many documents at most, or of one part."""
    portions: list[list[int]] = [[]]
    taken = 0
    for number in parts.numbers:
        begin, end = parts.bounds(number)
        if portions[-1] and taken + end - begin > room:
            portions.append([])
            taken = 0
        portions[-1].append(number)
        taken += end - begin
    return portions


def _of_part(parts: Parts, part: int, order: NDArray[np.int64], run: int) -> Any:  # noqa: ANN401 - pairs, batch by batch
    """Yield the documents of a part, a row group at a time, with whether they were kept."""
    tables = zip(
        read_batches(parts.folder.part("documents", part), ["id", "source", "text"]),
        read_batches(parts.folder.part("signatures", part), ["exact", "signature", "shingles"]),
        strict=True,
    )
    kept = np.concatenate(
        [b["verdict.keep"].to_numpy() for b in read_batches(parts.folder.part("verdicts", part), ["verdict.keep"])]
    )
    at = 0
    for documents, signed in tables:
        n = documents.num_rows
        values, offsets = parts.folded(documents["text"].combine_chunks())
        ends = offsets.tolist()
        pairs = zip(documents["source"].to_pylist(), documents["id"].to_pylist(), strict=True)
        signature = signed["signature"].combine_chunks()
        yield (
            Documents(
                fixed_width(signature, np.dtype(np.uint32), signature.type.byte_width // 4),
                fixed_width(signed["exact"].combine_chunks(), np.dtype(np.uint64), 2), signed["shingles"].to_numpy(),
                order[at : at + n], np.full(n, run, np.uint32), [name_of(*pair) for pair in pairs],
                [values[ends[i] : ends[i + 1]] for i in range(n)],
            ),
            kept[at : at + n],
        )  # fmt: skip
        at += n


def _name(index: Index, name: str, status: NDArray[np.uint8]) -> None:
    """Let the index name a segment that is written, and its status; it counts once the index is saved."""
    file = f"{index.take_number()}.status"
    write_array(index.path / file, status)
    index.segments.append({"name": name, "status": file, "documents": len(status)})


def restate(index: Index, segments: list[Segment], before: list[NDArray[np.uint8]]) -> None:
    """Write the status of segments anew where it has changed."""
    for entry, segment, old in zip(index.segments, segments, before, strict=False):
        if not np.array_equal(segment.status, old):
            entry["status"] = f"{index.take_number()}.status"
            write_array(index.path / entry["status"], segment.status)


def due(index: Index) -> list[str]:
    """Choose the segments that are to be merged next: FAN of a size class, or one with much that is gone; or none."""
    classes: dict[int, list[str]] = {}
    for entry, segment in zip(index.segments, index.open(), strict=True):
        gone = int(np.count_nonzero(~standing(segment)))
        if gone * 2 > entry["documents"] or entry.get("taken_out"):
            return [entry["name"]]
        classes.setdefault(int(np.log2(max(1, entry["documents"])) // np.log2(FAN)), []).append(entry["name"])
    return next((names[:FAN] for _, names in sorted(classes.items()) if len(names) >= FAN), [])


def merge(path: Path, signing: Signing, memory: int) -> dict[str, Any]:
    """Merge segments until none are due, leaving out what is gone: no trace of it is left on disk."""
    begun = time.process_time()
    index = open_index(path, signing)
    index.sweep()
    merged = 0
    room = max(1, memory // 2 // BYTES_PER_KEYS)
    while names := due(index):
        if len(names) > 1 and sum(_documents(index, name) for name in names) > room:
            break
        _write_anew(index, names, room)
        merged += len(names)
    return {"segments": merged, "cpu_seconds": round(time.process_time() - begun, 3)}


def purge(path: Path, signing: Signing, memory: int) -> None:
    """Write the segments that documents were taken out of anew, however large they are, and no others."""
    index = open_index(path, signing)
    index.sweep()
    for entry in [one for one in index.segments if one.get("taken_out")]:
        _write_anew(index, [entry["name"]], max(1, memory // 2 // BYTES_PER_KEYS))


def _write_anew(index: Index, names: list[str], room: int) -> None:
    """Put what stands in some segments into new ones of so many documents at most, in their place."""
    chosen = [segment for entry, segment in zip(index.segments, index.open(), strict=True) if entry["name"] in names]
    rows = [np.flatnonzero(standing(segment)) for segment in chosen]
    index.segments = [entry for entry in index.segments if entry["name"] not in names]
    behind = np.cumsum([0, *(len(some) for some in rows)]).tolist()
    for begin in range(0, behind[-1], room):
        name = index.take_number()
        status = []
        with SegmentWriter(index.path / name, index.signing) as writer:
            for segment, standing_rows, start in zip(chosen, rows, behind[:-1], strict=True):
                some = standing_rows[max(0, begin - start) : max(0, begin + room - start)]
                for first in range(0, len(some), AT_ONCE):
                    writer.add(segment.read(some[first : first + AT_ONCE]))
                status.append(segment.status[some])
        _name(index, name, np.concatenate(status))
    index.save()
    index.sweep()


def _documents(index: Index, name: str) -> int:
    return next(int(entry["documents"]) for entry in index.segments if entry["name"] == name)
