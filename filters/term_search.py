"""The pass that finds terms: each text reduced, walked through, and every hit compared with its term."""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.term_index import BASE, Reduced, TermIndex

# Whatever a kernel reads stands in this file: numba's cache does not notice when another file changes.

BREAK, SYMBOL, INVISIBLE, BLANK, LINE = range(5)
"""What a code point is instead of a character: the end of a sentence or quotation; a sign that may stand between the
characters of a term; one that nobody sees; white space; a line feed."""
LEAST_CHARACTER = 8
"""From here on skeletons are characters."""

MOST_SYMBOLS = 3
"""Signs that may stand between two characters of a term."""
MOST_GAP = 8
"""Code points of all sorts that may."""

HIDDEN, SIGNED, SPACED = 1, 2, 3
"""What stood before a character of a reduced text: only what nobody sees, a sign, or white space."""

SYMBOLS, REPEATS, LOOKALIKES, SOUNDS = 1, 2, 4, 8
"""Bits: what a hit differs by from its term."""

HAN = 0x3400
"""From here on a letter is no Latin one, digit or sign: Han, for all that matters here."""


@njit(cache=True, nogil=True)
def _alphanumeric(letter: int) -> int:
    """1 for a to z, 2 for 0 to 9, else 0."""
    if 97 <= letter <= 122:  # noqa: PLR2004
        return 1
    return 2 if 48 <= letter <= 57 else 0  # noqa: PLR2004


@njit(cache=True, nogil=True)
def _reduce(
    values: NDArray[np.uint32], skeletons: NDArray[np.uint32], letters: NDArray[np.uint32],
    skeleton: NDArray[np.uint32], letter: NDArray[np.uint32], run: NDArray[np.int32], gap: NDArray[np.uint8],
    start: NDArray[np.int32], end: NDArray[np.int32],
) -> int:  # fmt: skip
    """Reduce one text as `Reduced` says, into arrays that are one longer than it; return how much was written."""
    n, signs, skipped, lines, between = 0, 0, 0, 0, 0
    for i in range(len(values)):
        code = skeletons[values[i]]
        if code >= LEAST_CHARACTER:
            own = letters[values[i]]
            if n and skipped == 0 and code == skeleton[n - 1] and _alphanumeric(own) != 2:  # noqa: PLR2004
                run[n - 1] += 1
                end[n - 1] = i + 1
            else:
                skeleton[n], letter[n], run[n], gap[n], start[n], end[n] = code, own, 1, between, i, i + 1
                n += 1
            signs, skipped, lines, between = 0, 0, 0, 0
            continue
        skipped += 1
        if code == SYMBOL:
            signs += 1
            between = max(between, SIGNED)
        elif code == INVISIBLE:
            between = max(between, HIDDEN)
        elif code != BREAK:
            lines += code == LINE
            between = SPACED
        broken = code == BREAK or signs > MOST_SYMBOLS or skipped > MOST_GAP or lines > 1
        if broken and n and skeleton[n - 1] != BREAK:
            skeleton[n], letter[n], run[n], gap[n], start[n], end[n] = BREAK, 0, 1, 0, i, i + 1
            n += 1
    return n


@njit(cache=True, nogil=True)
def _compare(  # noqa: C901 - one character after the other, each of the ways in which it may differ
    letter: NDArray[np.uint32], run: NDArray[np.int32], gap: NDArray[np.uint8], term: NDArray[np.uint32],
    term_run: NDArray[np.int32], term_gap: NDArray[np.uint8], heard: bool,
) -> int:  # fmt: skip
    """Return the bits of what a place differs by from a term of the same skeleton, -1 if it is not the term."""
    bits, same, exceeded, fewest, spaced, latin = 0, 0, 0, 3, 0, 0
    last = len(term) - 1
    for k in range(last + 1):
        more = run[k] - term_run[k]
        if more < 0:
            return -1
        if more:
            exceeded += 1
            if 0 < k < last:
                bits |= REPEATS
                fewest = min(fewest, more)
        if letter[k] == term[k]:
            same += _alphanumeric(term[k]) != 2  # noqa: PLR2004
        elif heard and letter[k] >= HAN and term[k] >= HAN:
            bits |= SOUNDS
        elif (letter[k] >= HAN and _alphanumeric(term[k]) == 1) or (term[k] >= HAN and _alphanumeric(letter[k]) == 1):
            return -1  # 一 is no l
        else:
            bits |= LOOKALIKES
        if k and not term_gap[k]:
            pair = _alphanumeric(term[k]) == 1 and _alphanumeric(term[k - 1]) == 1
            latin += pair
            if gap[k]:
                bits |= SYMBOLS
                spaced += pair and gap[k] == SPACED
    # 他妈妈的 is no 他妈的: a single doubling is how Chinese is written.
    if bits & REPEATS and fewest < 2 and exceeded <= last:  # noqa: PLR2004
        return -1
    # Two Latin words side by side are none; letters each for itself are.
    if 0 < spaced < latin:
        return -1
    return bits if same or not bits & LOOKALIKES else -1


@njit(cache=True, nogil=True)
def _inside_latin(letters: NDArray[np.uint32], values: NDArray[np.uint32], first: int, behind: int) -> bool:
    """Whether a hit begins or ends inside a run of Latin letters or of digits; all Latin, of both."""
    head, tail = _alphanumeric(letters[values[first]]), _alphanumeric(letters[values[behind - 1]])
    before = _alphanumeric(letters[values[first - 1]]) if first > 0 else 0
    after = _alphanumeric(letters[values[behind]]) if behind < len(values) else 0
    if head == tail == 1:
        return before + after > 0
    return (head > 0 and before == head) or (tail > 0 and after == tail)


@njit(cache=True, nogil=True)
def find_terms(  # noqa: C901 - one walk from every character, as far as any term goes
    values: NDArray[np.uint32], offsets: NDArray[np.int64], skeletons: NDArray[np.uint32], letters: NDArray[np.uint32],
    sieve: NDArray[np.uint64], keys: NDArray[np.uint64], rows: NDArray[np.int32], following: NDArray[np.int32],
    at: NDArray[np.int64], term: NDArray[np.uint32], term_run: NDArray[np.int32], term_gap: NDArray[np.uint8],
    allowed: NDArray[np.uint8], unlike: NDArray[np.uint8], heard: bool, base: np.uint64,
) -> NDArray[np.int64]:  # fmt: skip
    """Find every pattern in every text: int64[hits, 5] of text, start, end, pattern, bits; unordered within a text."""
    room = 1
    for text in range(len(offsets) - 1):
        room = max(room, offsets[text + 1] - offsets[text] + 1)
    skeleton, letter, run = np.empty(room, np.uint32), np.empty(room, np.uint32), np.empty(room, np.int32)
    gap, start, end = np.empty(room, np.uint8), np.empty(room, np.int32), np.empty(room, np.int32)
    hits, found = np.empty((256, 5), np.int64), 0
    mask, bit_mask = np.uint64(len(keys) - 1), np.uint64(64 * len(sieve) - 1)
    for text in range(len(offsets) - 1):
        own = values[offsets[text] : offsets[text + 1]]
        n = _reduce(own, skeletons, letters, skeleton, letter, run, gap, start, end)
        for first in range(n - 1):
            pair = (
                (np.uint64(skeleton[first]) * base + np.uint64(skeleton[first + 1])) * base >> np.uint64(24)
            ) & bit_mask
            if not sieve[pair >> np.uint64(6)] >> (pair & np.uint64(63)) & np.uint64(1):
                continue
            key = (np.uint64(skeleton[first]) + np.uint64(1)) * base
            for place in range(first + 1, n):
                key = (key + np.uint64(skeleton[place]) + np.uint64(1)) * base
                slot = key >> np.uint64(32) & mask
                while rows[slot] != -1 and keys[slot] != key:
                    slot = (slot + np.uint64(1)) & mask
                if rows[slot] == -1:
                    break
                pattern = rows[slot]
                while pattern >= 0:
                    low, high = at[pattern], at[pattern + 1]
                    bits = _compare(
                        letter[first : place + 1], run[first : place + 1], gap[first : place + 1], term[low:high],
                        term_run[low:high], term_gap[low:high], heard,
                    )  # fmt: skip
                    if bits >= 0 and not bits & ~allowed[pattern] and bits & unlike[pattern] == unlike[pattern]:
                        whole = bits & REPEATS
                        begin = start[first] if whole else end[first] - term_run[low]
                        behind = end[place] if whole else start[place] + term_run[high - 1]
                        if not _inside_latin(letters, own, begin, behind):
                            if found == len(hits):
                                wider = np.empty((2 * found, 5), np.int64)
                                wider[:found] = hits
                                hits = wider
                            hits[found, 0], hits[found, 1], hits[found, 2] = text, begin, behind
                            hits[found, 3], hits[found, 4] = pattern, bits
                            found += 1
                    pattern = following[pattern]
    return hits[:found]


@njit(cache=True, nogil=True)
def _reduce_all(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], skeletons: NDArray[np.uint32], letters: NDArray[np.uint32],
    at: NDArray[np.int64], skeleton: NDArray[np.uint32], letter: NDArray[np.uint32], run: NDArray[np.int32],
    gap: NDArray[np.uint8],
) -> int:  # fmt: skip
    n = 0
    for term in range(len(offsets) - 1):
        room = offsets[term + 1] - offsets[term] + 1
        start, end = np.empty(room, np.int32), np.empty(room, np.int32)
        n += _reduce(
            values[offsets[term] : offsets[term + 1]], skeletons, letters, skeleton[n : n + room], letter[n : n + room],
            run[n : n + room], gap[n : n + room], start, end,
        )  # fmt: skip
        at[term + 1] = n
    return n


def reduce_terms(terms: Sequence[str], skeletons: NDArray[np.uint32], letters: NDArray[np.uint32]) -> Reduced:
    """Reduce terms exactly as texts are."""
    values = np.frombuffer("".join(terms).encode("utf-32-le"), np.uint32)
    offsets = np.concatenate([[0], np.cumsum(list(map(len, terms)))]).astype(np.int64)
    room = len(values) + len(terms) + 1
    at = np.zeros(len(terms) + 1, np.int64)
    skeleton, letter = np.empty(room, np.uint32), np.empty(room, np.uint32)
    run, gap = np.empty(room, np.int32), np.empty(room, np.uint8)
    n = _reduce_all(values, offsets, skeletons, letters, at, skeleton, letter, run, gap)
    return Reduced(at, skeleton[:n], letter[:n], run[:n], gap[:n])


def search(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], skeletons: NDArray[np.uint32], letters: NDArray[np.uint32],
    index: TermIndex,
) -> NDArray[np.int64]:  # fmt: skip
    """Find every pattern of the index: int64[hits, 5] of text, start, end (code points of the text), pattern, bits."""
    if not len(index.following):
        return np.empty((0, 5), np.int64)
    return find_terms(
        values, offsets, skeletons, letters, index.sieve, index.keys, index.rows, index.following, index.patterns.at,
        index.patterns.letter, index.patterns.run, index.patterns.gap, index.allowed, index.unlike, index.heard, BASE,
    )  # fmt: skip
