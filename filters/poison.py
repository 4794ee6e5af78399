"""Signs that a text was made to steer who trains on it or reads it: hidden characters, commands to a model, bursts.

What normalisation takes out before (control characters, U+FEFF) is not seen here: it stands among the document's edits.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import ClassVar

import numpy as np
import pyarrow as pa
import xxhash
from numba import njit
from numpy.typing import NDArray

from filters.contract import attribute
from filters.fold import FOLD_VERSION
from filters.hidden import hidden_characters
from filters.passages import sentence_ends
from filters.phrase_search import PhraseTable, search, table_of
from filters.texts import Texts
from filters.tokens import CONTENT

LEAST_SENTENCE, MOST_SENTENCE = 8, 200
"""Tokens of a sentence that may be one of a burst."""
LEAST_BURST = 5
"""Near-identical sentences that are a burst: fewer stand in any list."""
ABOUT_WORDS = 2
"""Different words about prompt injection from which a text is taken to discuss it."""

_LEXICON = (files("filters.lexicons") / "injection.toml").read_bytes()
_COMMAND, _ROLE, _ABOUT = range(3)


@dataclass(frozen=True, slots=True)
class _Phrases:
    table: PhraseTable
    kind: NDArray[np.int8]
    """int8[phrases]: command, role or about."""


@cache
def _phrases() -> _Phrases:
    lists = tomllib.loads(_LEXICON.decode("utf-8"))
    kinds: dict[str, int] = {}
    for group in lists["crossed"]:
        for parts in product(*group["parts"]):
            if not group["framed"] or any(parts[1:-1]):
                kinds.setdefault("".join(parts).replace(" ", ""), _COMMAND)
    for name, phrases in lists["plain"].items():
        kinds |= dict.fromkeys((phrase.replace(" ", "") for phrase in phrases), _ROLE if name == "role" else _COMMAND)
    kinds |= dict.fromkeys((word.replace(" ", "") for word in lists["about"]["words"]), _ABOUT)
    return _Phrases(table_of(kinds), np.array(list(kinds.values()), np.int8))


@njit(cache=True, nogil=True)
def _bursts(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], ends: NDArray[np.bool_], least: int, most: int
) -> NDArray[np.int64]:
    """Return int64[texts, 2]: sentences that were compared, and those in the largest group of near-identical ones.

    Two sentences are near-identical if the smallest of their hashed runs of three tokens is the same under both of two
    hash functions: of a pair with the Jaccard similarity s, s * s are found.
    """
    found = np.zeros((len(offsets) - 1, 2), np.int64)
    for text in range(len(offsets) - 1):
        keys = np.empty((offsets[text + 1] - offsets[text]) // least + 1, np.uint64)
        number = 0
        begin = offsets[text]
        for i in range(offsets[text], offsets[text + 1]):
            if not ends[values[i]] and i + 1 < offsets[text + 1]:
                continue
            stop = i if ends[values[i]] else i + 1
            if least <= stop - begin <= most:
                low, other = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(0xFFFFFFFFFFFFFFFF)
                for k in range(begin, stop - 2):
                    mixed = (np.uint64(values[k]) << np.uint64(42)) ^ (np.uint64(values[k + 1]) << np.uint64(21))
                    mixed = (mixed ^ np.uint64(values[k + 2])) * np.uint64(0x9E3779B97F4A7C15)
                    mixed ^= mixed >> np.uint64(29)
                    low = min(low, mixed)
                    other = min(other, mixed * np.uint64(0xBF58476D1CE4E5B9))
                keys[number] = low ^ (other * np.uint64(0x94D049BB133111EB))
                number += 1
            begin = i + 1
        ordered = np.sort(keys[:number])
        run = largest = min(number, 1)
        for k in range(1, number):
            run = run + 1 if ordered[k] == ordered[k - 1] else 1
            largest = max(largest, run)
        found[text, 0], found[text, 1] = number, largest
    return found


@dataclass(frozen=True, slots=True)
class Poison:
    """Hidden characters, commands to language models, and near-identical sentences in bursts."""

    version: ClassVar[str] = f"1/{xxhash.xxh3_64_hexdigest(_LEXICON)}/{CONTENT.version}/fold-{FOLD_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("poison.tag_chars", pa.int64(), "chars", "tag characters (U+E0000 to U+E007F) outside flag emoji"),
        attribute(
            "poison.bidi_controls", pa.int64(), "chars",
            "embeddings, overrides and isolates of writing direction (U+202A to U+202E, U+2066 to U+2069)",
        ),
        attribute("poison.zero_width_chars", pa.int64(), "chars", "zero-width, invisible characters outside emoji"),
        attribute(
            "poison.longest_hidden_run", pa.int64(), "chars",
            "longest run of tags, zero-width characters and variation selectors, as a hidden message needs",
        ),
        attribute(
            "poison.injections", pa.int64(), "count",
            "phrases that command a language model (忽略以上所有指令, ignore previous instructions, 如果你是AI …)",
        ),
        attribute("poison.role_markers", pa.int64(), "count", "marks of a chat's format (<|im_start|>, [INST] …)"),
        attribute(
            "poison.discussed", pa.string(), "label",
            f"yes if it holds at least {ABOUT_WORDS} words about such attacks or formats (提示注入 …), else no",
        ),
        attribute(
            "poison.burst_sentences", pa.int64(), "count",
            f"sentences in the largest group of near-identical ones; 0 below {LEAST_BURST}",
        ),
        attribute(
            "poison.burst_ratio", pa.float64(), "ratio",
            f"sentences in that group / sentences of {LEAST_SENTENCE} to {MOST_SENTENCE} characters; 0 without any",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        hidden = hidden_characters(texts.code_points, texts.offsets)
        phrases = _phrases()
        hits = search(texts.folded, phrases.table)
        kinds = phrases.kind[hits[:, 1]]
        injections, roles = (np.bincount(hits[kinds == kind, 0], minlength=len(texts)) for kind in (_COMMAND, _ROLE))
        about = np.unique(hits[kinds == _ABOUT, :2], axis=0)
        discussed = np.bincount(about[:, 0], minlength=len(texts)) >= ABOUT_WORDS
        tokens = texts.content
        bursts = _bursts(tokens.values, tokens.offsets, sentence_ends(), LEAST_SENTENCE, MOST_SENTENCE)
        burst = np.where(bursts[:, 1] < LEAST_BURST, 0, bursts[:, 1])
        ratio = burst / np.maximum(bursts[:, 0], 1)
        columns = [pa.array(column, pa.int64(), mask=texts.null) for column in (*hidden.T, injections, roles)]
        columns += [
            pa.array(np.where(discussed, "yes", "no").tolist(), pa.string(), mask=texts.null),
            pa.array(burst, pa.int64(), mask=texts.null),
            pa.array(ratio, pa.float64(), mask=texts.null),
        ]
        return pa.record_batch(columns, schema=self.schema)
