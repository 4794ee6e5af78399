"""Signs that a text does no harm but speaks of it: forbids, judges, reports, teaches against it, asks for help, quotes.

By phrases, not by a model. What the signs are good for is a rule's `when`: harm in such a text goes to people instead
of the bin. They prove nothing: spam may borrow a phrase of news, so harm with a sign is never simply kept.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from filters.contract import attribute
from filters.fold import FOLD_VERSION
from filters.phrase_search import PhraseTable, search, table_of
from filters.texts import Texts

KINDS = ("statute", "judgment", "news", "education", "help", "medicine", "quotation")
LEAST_SCORE = 0.5
"""Score from which a kind may be `context.kind`."""
HALF = 4.0
"""Points at which a short text's score is 0.5: two phrases, one of them strong."""
CHARS_A_POINT = 1000.0
"""A longer text needs a point more for so many folded characters: in a whole novel every phrase stands somewhere."""

_LEXICON = (files("filters.lexicons") / "context.toml").read_bytes()


@dataclass(frozen=True, slots=True)
class _Signs:
    table: PhraseTable
    points: NDArray[np.float64]
    """float64[phrases, kinds]."""


@cache
def _signs() -> _Signs:
    lists = tomllib.loads(_LEXICON.decode("utf-8"))
    points: dict[str, list[float]] = {}
    for column, kind in enumerate(KINDS):
        for weight, phrases in lists[kind].items():
            for phrase in phrases:
                points.setdefault(phrase, [0.0] * len(KINDS))[column] = float(weight)
    return _Signs(table_of(points), np.array(list(points.values())))


@dataclass(frozen=True, slots=True)
class Context:
    """What frame a text speaks of harm in, by the phrases of such frames; each phrase counts once a text."""

    version: ClassVar[str] = f"1/{xxhash.xxh3_64_hexdigest(_LEXICON)}/fold-{FOLD_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute(
            "context.kind", pa.string(), "label",
            f"frame of the highest score: {', '.join(KINDS)}; none below {LEAST_SCORE}",
        ),
        *(
            attribute(
                f"context.{kind}_score", pa.float64(), "score",
                f"p / (p + {HALF:g} + chars / {CHARS_A_POINT:g}), where p are the points of different {kind} phrases",
            )
            for kind in KINDS
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        signs = _signs()
        hits = search(texts.folded, signs.table)
        once = np.unique(hits[:, :2], axis=0)
        points = np.zeros((len(texts), len(KINDS)), np.float64)
        np.add.at(points, once[:, 0], signs.points[once[:, 1]])
        chars = np.diff(texts.folded.offsets)
        scores = points / (points + HALF + chars[:, None] / CHARS_A_POINT)
        best = scores.argmax(axis=1) if len(texts) else np.zeros(0, np.int64)
        kinds = [
            KINDS[kind] if row[kind] >= LEAST_SCORE else "none"
            for kind, row in zip(best.tolist(), scores, strict=True)
        ]  # fmt: skip
        columns = [pa.array(kinds, pa.string(), mask=texts.null)]
        columns += [pa.array(column, pa.float64(), mask=texts.null) for column in scores.T]
        return pa.record_batch(columns, schema=self.schema)
