"""Terms of word lists in each text: of a small list that comes with Qingyuan, and of an operator's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from filters.contract import SPANS, attribute
from filters.risks import GROUPS, RISKS
from filters.segment import SEGMENT_VERSION
from filters.term import ACTIONS, INDIRECT, Term
from filters.term_hits import Hits, TermFinder
from filters.term_list import TermList, merge, read_terms, starter_digest, starter_list
from filters.term_patterns import PATTERNS_VERSION
from filters.texts import Texts

_GROUPS = ("A1", "A2", "A3", "A4")
_WEIGHT = 0.1
"""Of one point of severity in `lexicon.review_score`; half of it if only an indirect channel found the term."""


@dataclass(frozen=True, slots=True)
class Library:
    """The lists that a filter was given, and their terms ready to be found."""

    lists: tuple[TermList, ...]
    finder: TermFinder
    action: NDArray[np.int64]
    """Of each term: its place in `ACTIONS`."""
    severity: NDArray[np.int64]
    category: NDArray[np.int64]
    """Its place in `categories`."""
    categories: tuple[str, ...]
    """The 31 risks, then an operator's own."""


@lru_cache(maxsize=4)
def _load(paths: tuple[str, ...], _stamps: tuple[tuple[int, int], ...], starter: bool, defaults: bytes) -> Library:
    """Read and compile lists; a file of another time or size is read again."""
    given = orjson.loads(defaults)
    lists = [starter_list()] if starter else []
    lists += [read_terms(Path(path), given.get(Path(path).name)) for path in paths]
    return compile_library(lists)


def compile_library(lists: list[TermList]) -> Library:
    """Make lists ready to be found; of terms that are spelt alike the one of the last list counts."""
    terms = merge(lists)
    own = sorted({term.category for term in terms if not term.risk})
    categories = (*RISKS, *own)
    place = {name: number for number, name in enumerate(categories)}
    return Library(
        tuple(lists), TermFinder(terms),
        np.array([ACTIONS.index(term.action) for term in terms], np.int64),
        np.array([term.severity for term in terms], np.int64),
        np.array([place[term.category] for term in terms], np.int64), categories,
    )  # fmt: skip


def _counts() -> list[pa.Field]:
    meanings = {
        "drop_terms": "different terms with the action drop, found as they are or by a direct channel",
        "review_terms": "the same with the action review",
        "measure_terms": "the same with the action measure, which only this column counts",
        "indirect_terms": "different drop and review terms found only by pinyin, initials, sound or split characters",
        **{group.lower(): f"drop and review terms: {GROUPS[group][1]}" for group in _GROUPS},
        "own": "drop and review terms of an operator's own categories",
        **{risk.column: f"drop and review terms of {risk.id}: {risk.english}" for risk in RISKS.values()},
    }
    return [attribute(f"lexicon.{name}", pa.int64(), "count", meaning) for name, meaning in meanings.items()]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Terms of word lists, found in the spellings that they are hidden in.

    Direct channels find the term itself: in any width, case and script, with signs, blanks or unseen characters between
    its characters, with characters repeated, with digits and letters that look alike. Indirect ones (pinyin, initials,
    sound, 拆字) suggest it, and only raise `lexicon.review_score`. A word of the dictionary that reaches across an end
    of a hit rules it out (口交 in 路口交通), unless the term's boundary is `any`.

    Not found: a term with a clause's mark (，。) inside, in another order, or written by meaning alone. Which context a
    text gives to a term (a statute, news, a call for help) is not looked at here, only what the term itself asks for.
    """

    lists: tuple[str, ...] = ()
    """Files of terms (.toml, .csv, or one a line); relative to the recipe. Later ones replace terms of earlier ones."""
    starter: bool = True
    """Whether the list that comes with Qingyuan is used too."""
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By a list's file name: fields of terms that do not state them (category, action …), and `released`."""
    ungated: bool = False
    """Accept lists that the benign gate refuses."""

    files: ClassVar[tuple[str, ...]] = ("lists",)
    version: ClassVar[str] = f"1/{starter_digest()[:16]}/{PATTERNS_VERSION}/{SEGMENT_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        *_counts(),
        attribute(
            "lexicon.review_score", pa.float64(), "score",
            "1 - product of (1 - severity / 10) over drop and review terms; (1 - severity / 20) for indirect ones",
        ),
        attribute("lexicon.worst", pa.string(), "label", "category of the severest drop or review term"),
        attribute("lexicon.spans", SPANS, "spans", "terms: category and action, or channel if indirect (A1-f:drop)"),
    ])  # fmt: skip

    def __post_init__(self) -> None:
        """Take one name for a list of one; refuse defaults for lists that are not there."""
        if isinstance(self.lists, str):
            object.__setattr__(self, "lists", (self.lists,))
        names = {Path(path).name for path in self.lists}
        unknown = sorted(self.defaults.keys() - names) if self.lists else []
        if unknown:
            raise ValueError(f"defaults for {unknown[0]!r}, which is none of the lists {', '.join(sorted(names))}")

    def open(self) -> None:
        """Read and compile the lists.

        Raises:
            ValueError: a list has wrong lines.
            OSError: one cannot be read.
        """
        self.library()

    def library(self) -> Library:
        """Return the lists, read and compiled."""
        status = [Path(path).stat() for path in self.lists]
        stamps = tuple((entry.st_mtime_ns, entry.st_size) for entry in status)
        return _load(tuple(self.lists), stamps, self.starter, orjson.dumps(self.defaults, option=orjson.OPT_SORT_KEYS))

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        library = self.library()
        hits = library.finder.find(texts)
        counts, score, worst = _summary(library, hits, len(texts))
        columns = [pa.array(column, pa.int64(), mask=texts.null) for column in counts.T]
        columns.append(pa.array(score, pa.float64(), mask=texts.null))
        columns.append(pa.array([library.categories[k] if k >= 0 else None for k in worst.tolist()], pa.string()))
        columns.append(_spans(library, hits, texts))
        return pa.record_batch(columns, schema=self.schema)


def _summary(
    library: Library, hits: Hits, texts: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """int64[texts, counts] in the schema's order, float64[texts] scores, int64[texts] worst category or -1."""
    # Each term once a text, by its most direct channel.
    order = np.lexsort((hits.start, hits.channel, hits.term, hits.text))
    text, term, channel = hits.text[order], hits.term[order], hits.channel[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (text[1:] != text[:-1]) | (term[1:] != term[:-1])
    text, term, direct = text[fresh], term[fresh], channel[fresh] == 0
    start = hits.start[order][fresh]
    action, severity, category = library.action[term], library.severity[term], library.category[term]
    told = action != ACTIONS.index("measure")
    counts = np.zeros((texts, len(ACTIONS) + 1 + len(_GROUPS) + 1 + len(RISKS)), np.int64)
    np.add.at(counts, (text[direct], action[direct]), 1)
    np.add.at(counts, (text[~direct & told], len(ACTIONS)), 1)
    chosen = direct & told
    group_of = np.array([_GROUPS.index(risk.group) if risk.group in _GROUPS else -1 for risk in RISKS.values()])
    risk = chosen & (category < len(RISKS))
    grouped = np.flatnonzero(risk)[group_of[category[risk]] >= 0]
    first = len(ACTIONS) + 1
    np.add.at(counts, (text[grouped], first + group_of[category[grouped]]), 1)
    np.add.at(counts, (text[chosen & ~risk], first + len(_GROUPS)), 1)
    np.add.at(counts, (text[risk], first + len(_GROUPS) + 1 + category[risk]), 1)
    product = np.ones(texts)
    np.multiply.at(product, text[told], 1 - _WEIGHT * np.where(direct, severity, severity / 2)[told])
    worst = np.full(texts, -1, np.int64)
    ranked = np.flatnonzero(chosen)
    ranked = ranked[np.lexsort((category[ranked], start[ranked], -severity[ranked], text[ranked]))]
    at, place = np.unique(text[ranked], return_index=True)
    worst[at] = category[ranked[place]]
    return counts, 1 - product, worst


def _spans(library: Library, hits: Hits, texts: Texts) -> pa.Array:
    terms: tuple[Term, ...] = library.finder.terms
    kinds = [
        f"{terms[term].category}:{terms[term].action if channel == 0 else INDIRECT[channel - 1]}"
        for term, channel in zip(hits.term.tolist(), hits.channel.tolist(), strict=True)
    ]
    places = pa.StructArray.from_arrays(
        [pa.array(hits.start, pa.int32()), pa.array(hits.end, pa.int32()), pa.array(kinds, pa.string())],
        fields=list(SPANS.value_type),
    )
    offsets = np.searchsorted(hits.text, np.arange(len(texts) + 1))
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), places, type=SPANS, mask=pa.array(texts.null) if texts.null.any() else None
    )
