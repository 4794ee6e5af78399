"""The spellings of terms that are looked for: as they are, as pinyin, as initials, taken apart, by their sound."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product

import numpy as np
import xxhash
from numpy.typing import NDArray

from filters.spelling import SPELLING_VERSION, letters, skeletons, sounds, syllables
from filters.term import Channel, Term
from filters.term_index import TermIndex, build_index
from filters.term_search import LOOKALIKES, REPEATS, SOUNDS, SYMBOLS, reduce_terms

_SPLIT = (files("filters.lexicons") / "split_characters.txt").read_text("utf-8")
PATTERNS_VERSION = f"1/{xxhash.xxh3_64_hexdigest(_SPLIT.encode())}/{SPELLING_VERSION}"

MIXED = 4
"""Characters up to which any of a term's may be pinyin: beyond, only characters in a row, or spellings would double
with each."""
LEAST_PINYIN = 4
"""Letters of a whole term's pinyin: shorter ones are English words and abbreviations."""
LEAST_HEARD = 3
"""Characters of a term that is compared by sound: any two syllables are somebody's ordinary word."""
MOST_SPLIT = 8
"""Spellings of one term with characters taken apart."""

_BITS: dict[Channel, int] = {"symbols": SYMBOLS, "repeats": REPEATS, "lookalikes": LOOKALIKES}
_TWICE = re.compile(r"(.)(?=\1)")


@dataclass(frozen=True, slots=True)
class Patterns:
    """What is looked for: an index, and for each pattern its term and channel."""

    index: TermIndex
    term: NDArray[np.int64]
    """Row of the term in the list."""
    channel: NDArray[np.int8]
    """0 direct, else 1 + the place of the channel in `filters.term.INDIRECT`."""


@cache
def _parts() -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    for line in _SPLIT.splitlines():
        if not line.startswith("#"):
            char, apart = line.split()
            parts.setdefault(char, []).append(apart)
    return parts


def folded(text: str) -> str:
    """Fold a text character by character: width, case, Simplified, no accents."""
    return letters()[np.frombuffer(text.encode("utf-32-le"), np.uint32)].tobytes().decode("utf-32-le")


def spellings(term: Term) -> Iterator[tuple[str, int]]:
    """Yield what is looked for to find a term by its characters, each with the number of its channel."""
    yield term.term, 0
    chars = folded(term.term)
    if "symbols" in term.channels and (apart := _TWICE.sub(r"\1 ", chars)) != chars:
        yield apart, 0  # 扣扣 is one character twice, unless something stands between
    readings = [syllables().get(char) for char in chars]
    if all(readings):
        heard = [reading or "" for reading in readings]
        if "pinyin" in term.channels:
            if len("".join(heard)) >= LEAST_PINYIN:
                yield " ".join(heard), 1  # where it has blanks, a text may
            yield from ((mixed, 1) for mixed in _mixed(chars, heard))
        if "initials" in term.channels:
            yield "".join(reading[0] for reading in heard), 2
    if "split" in term.channels:
        ways = product(*([char, *_parts().get(char, ())] for char in chars))
        yield from (
            ("".join(way), 4) for _, way in zip(range(MOST_SPLIT + 1), ways, strict=False) if "".join(way) != chars
        )


def _mixed(chars: str, heard: Sequence[str]) -> Iterator[str]:
    """Yield a term with some of its characters as pinyin: of a short one any, of a longer one those in a row."""
    count = len(chars)
    if count <= MIXED:
        yield from ("".join(chosen) for chosen in list(product(*zip(chars, heard, strict=True)))[1:-1])
        return
    for first in range(count):
        for behind in range(first + 1, count + (first > 0)):
            yield chars[:first] + "".join(heard[first:behind]) + chars[behind:]


def compile_terms(terms: Sequence[Term]) -> tuple[Patterns, Patterns]:
    """Return the patterns that are compared by character, and those compared by sound."""
    rows = [(text, row, channel) for row, term in enumerate(terms) for text, channel in spellings(term)]
    bits = [sum(_BITS.get(channel, 0) for channel in term.channels) for term in terms]
    allowed = [SYMBOLS if channel else bits[row] for _, row, channel in rows]
    seen = reduce_terms([text for text, _, _ in rows], skeletons(), letters())
    by_character = Patterns(
        build_index(seen, allowed, [0] * len(rows)),
        np.array([row for _, row, _ in rows], np.int64), np.array([channel for _, _, channel in rows], np.int8),
    )  # fmt: skip
    spoken = [row for row, term in enumerate(terms) if _heard(term)]
    heard = reduce_terms([terms[row].term for row in spoken], sounds(), letters())
    by_sound = Patterns(
        build_index(heard, [SOUNDS | SYMBOLS] * len(spoken), [SOUNDS] * len(spoken), heard=True),
        np.array(spoken, np.int64), np.full(len(spoken), 3, np.int8),
    )  # fmt: skip
    return by_character, by_sound


def _heard(term: Term) -> bool:
    known = syllables()
    return (
        "homophones" in term.channels
        and len(term.term) >= LEAST_HEARD
        and all(char in known for char in folded(term.term))
    )
