"""Statistics of a release, added up over its rows; nothing is estimated."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.texts import Texts
from filters.words import SegmentedWords
from pipeline.release.tokenizer import Counter as TokenCounter

SHORT = 1 << 16
"""Characters: shorter texts are counted by length, longer ones noted one by one."""

QUALITY_BANDS = 20
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
GROUPS = ("source", "domain", "script", "licence", "run")
"""Columns by whose values everything is added up."""

_SUMS = ("documents", "characters", "bytes", "words")


def tokenizers(named: TokenCounter | None) -> dict[str, str]:
    """Say what each unit of text is that is counted."""
    known = {
        "characters": "Unicode code points",
        "bytes": "bytes of UTF-8",
        "words": f"words of jieba's own dictionary by rjieba {version('rjieba')}, with its model for unknown words: "
        "those that begin with a letter, a Han character or a digit",
    }
    return known | ({"tokens": named.name} if named is not None else {})


@dataclass
class Statistics:
    """What is known of the rows that were added so far."""

    tokenizer: TokenCounter | None = None
    """Besides, if the operator gives one."""
    groups: dict[str, dict[str, NDArray[np.int64]]] = field(
        default_factory=lambda: {name: defaultdict(lambda: np.zeros(5, np.int64)) for name in GROUPS}
    )
    """By column and value: documents, characters, bytes, words, tokens."""
    licensed: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By source: documents of each licence, "" where none is known."""
    lengths: NDArray[np.int64] = field(default_factory=lambda: np.zeros(SHORT, np.int64))
    long: list[int] = field(default_factory=list)
    quality: NDArray[np.int64] = field(default_factory=lambda: np.zeros(QUALITY_BANDS, np.int64))
    unscored: int = 0

    def add(self, rows: pa.Table, measures: pa.Table) -> None:
        """Add rows of a release."""
        texts = rows["text"].combine_chunks()
        characters = rows["characters"].to_numpy().astype(np.int64)
        counts = np.stack(
            [np.ones_like(characters), characters, pc.binary_length(texts).to_numpy(), _words(texts, measures),
             np.zeros_like(characters) if self.tokenizer is None else self.tokenizer.count(texts)], axis=1,
        )  # fmt: skip
        for name, group in self.groups.items():
            encoded = rows[name].combine_chunks().dictionary_encode(null_encoding="encode")
            numbers = encoded.indices.to_numpy()
            for number, value in enumerate(encoded.dictionary.to_pylist()):
                group["" if value is None else value] += counts[numbers == number].sum(axis=0)
        pairs = rows.select(["source", "licence"]).group_by(["source", "licence"]).aggregate([([], "count_all")])
        for one in pairs.to_pylist():
            self.licensed[one["source"]][one["licence"] or ""] += one["count_all"]
        self.lengths += np.bincount(characters[characters < SHORT], minlength=SHORT)
        self.long += characters[characters >= SHORT].tolist()
        scores = rows["quality"].combine_chunks()
        self.unscored += scores.null_count
        bands = np.searchsorted(np.arange(QUALITY_BANDS) / QUALITY_BANDS, scores.drop_null().to_numpy(), "right") - 1
        self.quality += np.bincount(bands, minlength=QUALITY_BANDS)

    def as_json(self) -> dict[str, Any]:
        """Return the content of statistics.json."""
        whole = sum(self.groups["source"].values(), np.zeros(5, np.int64))
        parts = {name: self._parts(group, whole) for name, group in self.groups.items()}
        for name, one in parts["source"].items():
            one["licences"] = dict(sorted(self.licensed[name].items()))
        return {
            "units": tokenizers(self.tokenizer),
            **self._named(whole),
            "lengths": self._lengths(int(whole[0])),
            "quality": {
                "unscored": self.unscored,
                "bands": [
                    {"from": band / QUALITY_BANDS, "below": (band + 1) / QUALITY_BANDS, "documents": int(count)}
                    for band, count in enumerate(self.quality)
                ],
            },
            "concentration": {
                f"{name} by {unit}": concentration(int(one[place]) for one in self.groups[name].values())
                for name in ("source", "domain") for unit, place in (("documents", 0), ("characters", 1))
            },
            **{f"{name}s": values for name, values in parts.items()},
        }  # fmt: skip

    def _named(self, sums: NDArray[np.int64]) -> dict[str, int]:
        names = (*_SUMS, "tokens") if self.tokenizer is not None else _SUMS
        return {name: int(number) for name, number in zip(names, sums, strict=False)}

    def _parts(self, group: Mapping[str, NDArray[np.int64]], whole: NDArray[np.int64]) -> dict[str, Any]:
        characters = max(1, int(whole[1]))
        return {
            name: {**self._named(sums), "share": round(int(sums[1]) / characters, 6)}
            for name, sums in sorted(group.items())
        }

    def _lengths(self, documents: int) -> dict[str, Any]:
        """Say how long the texts are, in characters. A quantile is the least length that reaches its share."""
        if not documents:
            return {"mean": 0.0, "least": 0, "most": 0, "quantiles": {}}
        tail = np.sort(np.array(self.long, np.int64))
        there = np.flatnonzero(self.lengths)
        values = np.concatenate([there, tail])
        reached = np.cumsum(np.concatenate([self.lengths[there], np.ones(len(tail), np.int64)]))
        total = int(there @ self.lengths[there]) + int(tail.sum())
        places = np.searchsorted(reached, [max(1, int(np.ceil(share * documents))) for share in QUANTILES])
        return {
            "mean": round(total / documents, 3),
            "least": int(values[0]),
            "most": int(values[-1]),
            "quantiles": {str(share): int(values[at]) for share, at in zip(QUANTILES, places.tolist(), strict=True)},
        }


def _words(texts: pa.Array, measures: pa.Table) -> NDArray[np.int64]:
    """int64[rows]: words of each text, counted anew where nobody has counted those of this text."""
    known = measures["words"].combine_chunks()
    missing = np.flatnonzero(known.is_null().to_numpy(zero_copy_only=False))
    words = np.array(pc.fill_null(known, 0).to_numpy(), np.int64)
    if len(missing):
        counted = SegmentedWords()(Texts(texts.take(pa.array(missing))))
        words[missing] = counted["words.count"].to_numpy()
    return words


def concentration(sizes: Iterable[int]) -> dict[str, float]:
    """Return how unevenly something is shared out.

    entropy: Shannon's, in bits. effective: 2 to the entropy, the number of equal shares of the same entropy (Hill
    number of order 1). hhi: sum of the squared shares (Herfindahl-Hirschman), from 1/n to 1. largest: of the shares.
    """
    known = np.array([size for size in sizes if size > 0], np.float64)
    if not len(known):
        return {"entropy_bits": 0.0, "effective": 0.0, "hhi": 0.0, "largest": 0.0}
    shares = known / known.sum()
    entropy = float(-(shares * np.log2(shares)).sum())
    return {
        "entropy_bits": round(max(0.0, entropy), 6),
        "effective": round(2**entropy, 6),
        "hhi": round(float((shares**2).sum()), 6),
        "largest": round(float(shares.max()), 6),
    }
