"""The folded form of texts: what remains when width, case, script variant and white space are taken away.

A text is cut into segments that begin at a starter; each is put through NFKC, lower case (character by
character), the one-to-one Traditional→Simplified table, and loses its white space. Nearly every segment is one
character with a fixed answer, so one numba pass over a table does the work; only where marks combine does
`unicodedata` itself decide.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import CODE_POINTS, UNICODE_VERSION, Kind, kind_table
from filters.variants import VARIANTS_VERSION, to_simplified_table

FOLD_VERSION = f"1/unicode-{UNICODE_VERSION}/{VARIANTS_VERSION}"
"""Changes whenever the folded form of some text could change; stored beside everything derived from it."""

# How the folding pass treats a code point.
_PLAIN = 0  # becomes exactly one code point
_SPREAD = 1  # becomes none (white space) or several
_JOINS = 2  # may combine with what stands before it: the whole segment goes through unicodedata


@dataclass(frozen=True, slots=True)
class Folded:
    """The folded texts of a batch, end to end."""

    values: NDArray[np.uint32]
    """Code points, uint32[total]."""
    offsets: NDArray[np.int64]
    """int64[texts + 1]: text i is values[offsets[i]:offsets[i + 1]]."""


@dataclass(frozen=True, slots=True)
class FoldedMap:
    """Where each folded code point came from: [start, end) in code points of its own text."""

    starts: NDArray[np.int32]
    ends: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Tables:
    treatment: NDArray[np.uint8]  # [CODE_POINTS]
    plain: NDArray[np.uint32]  # [CODE_POINTS]: the answer of a _PLAIN one, for a _SPREAD one its row in `spread_at`
    spread_at: NDArray[np.int64]  # row r becomes spread[spread_at[r]:spread_at[r + 1]]
    spread: NDArray[np.uint32]


@lru_cache(1 << 16)  # the same few letters with their marks come again and again
def fold_segment(segment: str) -> tuple[int, ...]:
    """Fold one segment by definition: NFKC, lower case, Simplified, no white space. Code points."""
    table = to_simplified_table()
    lowered = (lower for char in unicodedata.normalize("NFKC", segment) for lower in char.lower())
    return tuple(int(table[ord(char)]) for char in lowered if not char.isspace())


def _joining() -> set[str]:
    """Return the characters that can combine with, or be reordered against, what stands before them."""
    joining = {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}  # Hangul vowels and finals
    for code in np.flatnonzero(np.isin(kind_table(), [Kind.SPACE, Kind.HAN, Kind.BROKEN, Kind.DIGIT], invert=True)):
        char = chr(code)
        if unicodedata.combining(char):
            joining.add(char)
        pair = unicodedata.decomposition(char).split()
        if len(pair) == 2 and not pair[0].startswith("<"):  # noqa: PLR2004 - a canonical pair: the second may compose
            joining.add(chr(int(pair[1], 16)))
    return joining


@cache
def _tables() -> _Tables:
    treatment = np.full(CODE_POINTS, _PLAIN, np.uint8)
    plain = to_simplified_table().copy()
    joining = _joining()
    kinds = kind_table()
    spread_at, spread = [0], list[int]()
    compatibility = (*range(0xF900, 0xFB00), *range(0x2F800, 0x2FA20))  # ideographs that NFKC does change
    others = np.flatnonzero((kinds != Kind.HAN) & (kinds != Kind.BROKEN))
    for code in (*others.tolist(), *compatibility):
        char = chr(code)
        first = unicodedata.normalize("NFKD", char)[:1]
        if first in joining:
            treatment[code] = _JOINS
            continue
        becomes = fold_segment(char)
        if len(becomes) == 1:
            plain[code] = becomes[0]
        else:
            treatment[code] = _SPREAD
            plain[code] = len(spread_at) - 1
            spread.extend(becomes)
            spread_at.append(len(spread))
    return _Tables(treatment, plain, np.array(spread_at, np.int64), np.array(spread, np.uint32))


@cache
def plain_table() -> NDArray[np.uint32]:
    """Return uint32[CODE_POINTS]: the folded form of every code point that has one alone, of any other itself.

    For whoever compares characters one by one, with their places: a ﬁ and a combining accent remain what they are.
    """
    tables = _tables()
    table = np.where(tables.treatment == _PLAIN, tables.plain, np.arange(CODE_POINTS, dtype=np.uint32))
    table.setflags(write=False)
    return table


@njit(cache=True, nogil=True)
def _joined_segments(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], treatment: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Find the segments that unicodedata has to fold: int64[segments, 2], [start, end) in `values`."""
    found = 0
    for text in range(len(offsets) - 1):
        for i in range(offsets[text], offsets[text + 1]):
            if treatment[values[i]] == _JOINS and (i == offsets[text] or treatment[values[i - 1]] != _JOINS):
                found += 1
    segments = np.empty((found, 2), np.int64)
    found = 0
    for text in range(len(offsets) - 1):
        i, end = offsets[text], offsets[text + 1]
        while i < end:
            if treatment[values[i]] != _JOINS:
                i += 1
                continue
            segments[found, 0] = i - 1 if i > offsets[text] else i
            while i < end and treatment[values[i]] == _JOINS:
                i += 1
            segments[found, 1] = i
            found += 1
    return segments


@njit(cache=True, nogil=True)
def _fold(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    treatment: NDArray[np.uint8],
    plain: NDArray[np.uint32],
    spread_at: NDArray[np.int64],
    spread: NDArray[np.uint32],
    segments: NDArray[np.int64],
    segment_at: NDArray[np.int64],
    segment_values: NDArray[np.uint32],
    out: NDArray[np.uint32],
    out_offsets: NDArray[np.int64],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
) -> int:
    """Fold into `out`, and into `starts` and `ends` unless they are empty; return how much was written."""
    mapped = len(starts) > 0
    written = 0
    segment = 0
    next_segment = segments[0, 0] if len(segments) else len(values) + 1
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        out_offsets[text] = written
        i = begin
        while i < end:
            if i == next_segment:
                after = segments[segment, 1]
                for k in range(segment_at[segment], segment_at[segment + 1]):
                    out[written] = segment_values[k]
                    if mapped:
                        starts[written] = i - begin
                        ends[written] = after - begin
                    written += 1
                segment += 1
                next_segment = segments[segment, 0] if segment < len(segments) else len(values) + 1
                i = after
                continue
            code = values[i]
            if treatment[code] == _PLAIN:
                out[written] = plain[code]
                if mapped:
                    starts[written] = i - begin
                    ends[written] = i - begin + 1
                written += 1
            else:
                row = plain[code]
                for k in range(spread_at[row], spread_at[row + 1]):
                    out[written] = spread[k]
                    if mapped:
                        starts[written] = i - begin
                        ends[written] = i - begin + 1
                    written += 1
            i += 1
    out_offsets[len(offsets) - 1] = written
    return written


@njit(cache=True, nogil=True)
def _room(
    values: NDArray[np.uint32], treatment: NDArray[np.uint8], plain: NDArray[np.uint32], spread_at: NDArray[np.int64]
) -> int:
    """Count how much room the spread characters need beyond one each."""
    extra = 0
    for code in values:
        if treatment[code] == _SPREAD:
            row = plain[code]
            extra += max(0, spread_at[row + 1] - spread_at[row] - 1)
    return extra


def _concatenate(rows: Iterable[tuple[int, ...]]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    at, flat = [0], list[int]()
    for row in rows:
        flat.extend(row)
        at.append(len(flat))
    return np.array(at, np.int64), np.array(flat, np.uint32)


def _run(values: NDArray[np.uint32], offsets: NDArray[np.int64], *, mapped: bool) -> tuple[Folded, FoldedMap]:
    tables = _tables()
    segments = _joined_segments(values, offsets, tables.treatment)
    texts = (values[start:end].astype("<u4").tobytes().decode("utf-32-le") for start, end in segments)
    segment_at, segment_values = _concatenate(map(fold_segment, texts))
    room = len(values) + len(segment_values) + _room(values, tables.treatment, tables.plain, tables.spread_at)
    out = np.empty(room, np.uint32)
    out_offsets = np.empty(len(offsets), np.int64)
    starts = np.empty(room if mapped else 0, np.int32)
    ends = np.empty(room if mapped else 0, np.int32)
    written = _fold(
        values, offsets, tables.treatment, tables.plain, tables.spread_at, tables.spread,
        segments, segment_at, segment_values, out, out_offsets, starts, ends,
    )  # fmt: skip
    return Folded(out[:written], out_offsets), FoldedMap(starts[:written], ends[:written])


def fold(values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> Folded:
    """Fold texts given as code points, uint32[total] with int64[texts + 1] offsets."""
    return _run(values, offsets, mapped=False)[0]


def fold_map(values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> FoldedMap:
    """Return for every folded code point where it came from: the same texts, in the same order, as `fold`."""
    return _run(values, offsets, mapped=True)[1]
