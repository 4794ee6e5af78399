"""What a text is about: the six scenes that the Chinese market asks for, and ten general domains; several at once.

By words, not by a model: every domain has a list of weighted words (filters/lexicons/domains.toml), Simplified, looked
up in the segmentation that all filters share, one to four tokens at a time, so that 自动驾驶 is found however it is
cut.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar

import numpy as np
import pyarrow as pa
import xxhash
from numba import njit
from numpy.typing import NDArray

from filters.characters import Kind
from filters.contract import attribute
from filters.domains import DOMAINS
from filters.fold import FOLD_VERSION, fold_segment
from filters.segment import SEGMENT_VERSION
from filters.texts import Texts
from filters.variants import to_simplified_table

TOKENS = 4
"""Tokens that a word of the lists may be cut into."""
LEAST_SCORE = 0.5
"""Score from which a domain may be `domain.top`."""
HALF = 4.0
"""Weighted words per 100 words of text at which a score is 0.5."""
PRIOR_WORDS = 40.0
"""Words added to every text's length: three hits in a text of ten words are no evidence yet."""
REPEAT = 4
"""A word counts this often at most per 400 words: one name repeated is no vocabulary."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_LEXICON = (files("filters.lexicons") / "domains.toml").read_bytes()


@dataclass(frozen=True, slots=True)
class _Lexicon:
    keys: NDArray[np.uint64]
    """Hashes of words, an open-addressing table."""
    rows: NDArray[np.int32]
    """Word number of each slot, -1 where free."""
    weights: NDArray[np.float32]
    """float32[words, domains]."""


@cache
def _simple_fold() -> NDArray[np.uint32]:
    """uint32[0x110000]: Simplified, half-width and lower case, where that is one character for one."""
    table = to_simplified_table().copy()
    for code in (*range(0x41, 0x250), *range(0xFF01, 0xFF5F)):
        folded = fold_segment(chr(code))
        if len(folded) == 1:
            table[code] = folded[0]
    return table


def _hash(word: str) -> int:
    key = 0
    for char in word:
        key = (key * int(_BASE) + ord(char) + 1) & 0xFFFFFFFFFFFFFFFF
    return key


@cache
def _lexicon() -> _Lexicon:
    lists = tomllib.loads(_LEXICON.decode("utf-8"))
    words: dict[str, list[float]] = {}
    for column, domain in enumerate(DOMAINS):
        for weight, held in lists[domain].items():
            for word in held.split():
                words.setdefault(word, [0.0] * len(DOMAINS))[column] = float(weight)
    room = 1 << (4 * len(words)).bit_length()
    keys, rows = np.zeros(room, np.uint64), np.full(room, -1, np.int32)
    for row, word in enumerate(words):
        key = _hash(word)
        slot = ((key * int(_BASE)) & 0xFFFFFFFFFFFFFFFF) >> 40 & (room - 1)
        while rows[slot] >= 0:
            slot = (slot + 1) & (room - 1)
        keys[slot], rows[slot] = key, row
    return _Lexicon(keys, rows, np.array(list(words.values()), np.float32))


@njit(cache=True, nogil=True)
def _weigh(  # noqa: C901, PLR0912 - one pass: tokens, the longest word from each, weights
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64], lengths: NDArray[np.int64],
    token_offsets: NDArray[np.int64], fold: NDArray[np.uint32], keys: NDArray[np.uint64], rows: NDArray[np.int32],
    weights: NDArray[np.float32], most_tokens: int, most_chars: int, repeat: int, last_written: int, base: np.uint64,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:  # fmt: skip
    """float64[texts, domains]: weights of the words found, repetitions damped; int64[texts]: words."""
    domains = weights.shape[1]
    result = np.zeros((len(offsets) - 1, domains))
    words = np.zeros(len(offsets) - 1, np.int64)
    counts = np.zeros(len(weights), np.int32)
    touched = np.empty(len(weights), np.int32)
    mask = np.uint64(len(keys) - 1)
    for text in range(len(offsets) - 1):
        seen = 0
        at = offsets[text]
        token, last = token_offsets[text], token_offsets[text + 1]
        while token < last:
            if kinds[at] == 0 or kinds[at] > last_written:
                at += lengths[token]
                token += 1
                continue
            key, i, best, best_tokens = np.uint64(0), at, -1, 1
            for ahead in range(min(most_tokens, last - token)):
                end = i + lengths[token + ahead]
                if end - at > most_chars:
                    break
                while i < end:
                    key = key * base + np.uint64(fold[values[i]]) + np.uint64(1)
                    i += 1
                slot = ((key * base) >> np.uint64(40)) & mask
                while rows[slot] >= 0:
                    if keys[slot] == key:
                        best, best_tokens = rows[slot], ahead + 1
                        break
                    slot = (slot + np.uint64(1)) & mask
            if best >= 0:
                if counts[best] == 0:
                    touched[seen] = best
                    seen += 1
                counts[best] += 1
            for _ in range(best_tokens):
                at += lengths[token]
                token += 1
            words[text] += best_tokens
        limit = repeat * (1 + words[text] // 400)
        for k in range(seen):
            word = touched[k]
            times = min(counts[word], limit)
            for domain in range(domains):
                result[text, domain] += weights[word, domain] * times
            counts[word] = 0
    return result, words


@dataclass(frozen=True, slots=True)
class Domain:
    """Score of each domain by weighted words, and the highest.

    A score is d / (d + 4), where d is weighted words found per 100 words of text (40 are added to a text's length, so
    that a few hits in a title are not taken for certain). Scores are no probabilities and do not add up: a statute on
    hospitals is law and medicine.

    Limits, by `python -m tests.benchmarks.domain` on the half of the texts that the lists were not looked over against:
    where a subject is written in its own terms the label is nearly always right (statutes, recipes, manuals: precision
    1.00, recall 0.91, 1.00, 0.72), and it is right for half of short pieces that tell a story about a subject (21 of
    45 originals of sample_data). News told without the formulas of reporting and verse stay `other`; ordinances about
    administration are called government (one in eight). For the two scenes of roads and cities there is no real text
    with a truth here: only the invented ones of the tests.
    """

    version: ClassVar[str] = f"1/{xxhash.xxh3_64_hexdigest(_LEXICON)}/{SEGMENT_VERSION}/fold-{FOLD_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("domain.top", pa.string(), "label", f"domain of the highest score; other below {LEAST_SCORE}"),
        *(
            attribute(
                f"domain.{name}_score", pa.float64(), "score",
                f"d / (d + {HALF:g}), where d is weighted words of {name} per 100 words",
            )
            for name in DOMAINS
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        lexicon, words = _lexicon(), texts.words
        weights, number = _weigh(
            texts.code_points, texts.kinds, texts.offsets, words.lengths, words.offsets, _simple_fold(),
            lexicon.keys, lexicon.rows, lexicon.weights, TOKENS, 10, REPEAT, Kind.DIGIT, _BASE,
        )  # fmt: skip
        density = 100 * weights / (number + PRIOR_WORDS)[:, None]
        scores = density / (density + HALF)
        best = scores.argmax(axis=1) if len(texts) else np.zeros(0, np.int64)
        top = [
            DOMAINS[domain] if row[domain] >= LEAST_SCORE else "other"
            for domain, row in zip(best.tolist(), scores, strict=True)
        ]
        columns = [pa.array(top, pa.string(), mask=texts.null)]
        columns += [pa.array(column, pa.float64(), mask=texts.null) for column in scores.T]
        return pa.record_batch(columns, schema=self.schema)
