"""Scores of harm: offensive text, pornography, gambling, fraud and illicit advertising, abuse; by any models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.contract import attribute
from filters.model import LABEL, FastTextFile, load_fasttext_file
from filters.passages import PASSAGES_VERSION, Passages, cut_passages
from filters.scorer import load_scorer
from filters.segment import SEGMENT_VERSION
from filters.texts import Texts
from filters.tokens import CONTENT

SCORES: Mapping[str, str] = {
    "offensive": "offends or discriminates against a group of people, or attacks a person",
    "porn": "is pornography or advertises it or sex",
    "gambling": "draws people into gambling",
    "fraud": "is a fraud or advertises what is illegal (forged papers, loans without checks, drugs, spying)",
    "abuse": "insults, threatens or hounds someone",
}
"""By name: what a passage does that scores high."""

SHIPPED = {
    "offensive": "c8e3e3cedb473a83b53c90382b27acc47b93c31cb0aeaa6997596f29e09ba7e8",
    "harm": "586030370e2b607b96d1788fd85b0fe297329c3b97356aa0065971f853872f16",
}
"""sha256 of the calibration.json of each shipped model, models/offensive and models/harm."""

GROUP = "qingyuan.classifiers"
"""Entry points of this group are callables that give a score."""


@cache
def _entry_point(name: str) -> EntryPoint:
    found = entry_points(group=GROUP, name=name)
    if not found:
        known = sorted(entry.name for entry in entry_points(group=GROUP))
        raise ValueError(f'no installed package has the entry point "{name}" of {GROUP}; known: {known or "none"}')
    return next(iter(found))


@cache
def _callable(name: str) -> Callable[[Sequence[str]], Sequence[float]]:
    loaded: Callable[[Sequence[str]], Sequence[float]] = _entry_point(name).load()
    return loaded


def _called(name: str, texts: Texts, silent: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Ask a callable for its scores of the texts that say something."""
    scores = np.zeros(len(texts), np.float64)
    asked = np.flatnonzero(~silent)
    if not len(asked):
        return scores
    given = np.asarray(_callable(name)(texts.column.take(pa.array(asked)).to_pylist()), np.float64)
    if given.shape != asked.shape or not ((given >= 0) & (given <= 1)).all():
        raise ValueError(f'the classifier "{name}" must give one number from 0 to 1 for each of {len(asked)} texts')
    scores[asked] = given
    return scores


def _words(texts: Texts) -> list[str]:
    """Each text as its words with spaces between, in one line, as fastText's files for Chinese are usually trained."""
    words, lines = texts.words, []
    for number, text in enumerate(texts.column.to_pylist()):
        at, cut = 0, []
        for length in words.lengths[words.offsets[number] : words.offsets[number + 1]].tolist():
            cut.append((text or "")[at : at + length].strip())
            at += length
        lines.append(" ".join(word for word in cut if word))
    return lines


@dataclass(frozen=True)
class Safety:
    """How harmful the worst passage of a text is, as far as small models can say: by its characters and their pairs.

    A text is read whole, in passages of a few sentences, and has the score of the highest. The models know what COLD's
    posts and templates of this project are like (models/SAFETY.md has their figures); they do not know whether a text
    quotes, reports or teaches: `context.kind` does. Each score can be given by a model of one's own instead.
    """

    models: Mapping[str, str] = field(default_factory=dict, metadata={"path": True})
    """By score: a folder that `qingyuan train --score …` wrote, or a fastText file, which reads each text as words."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """By score: sha256 of the folder's calibration.json, or of the file; needed beside each of `models`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """By score: the label of a fastText file whose probability is the score; by default the score's name."""
    callables: Mapping[str, str] = field(default_factory=dict)
    """By score: an entry point of the group `qingyuan.classifiers`: called with a list of texts, it returns a number
    from 0 to 1 for each; the version of its package is part of this filter's."""

    schema: ClassVar[pa.Schema] = pa.schema([
        attribute(
            f"safety.{name}", pa.float64(), "score",
            f"calibrated probability that a passage {meaning}; the highest of its passages; null without a character",
        )
        for name, meaning in SCORES.items()
    ])  # fmt: skip

    def __post_init__(self) -> None:
        for settings in (self.models, self.digests, self.labels, self.callables):
            if not isinstance(settings, Mapping) or not all(isinstance(value, str) for value in settings.values()):
                raise TypeError("models, digests, labels and callables are tables of strings by score")
            for name in settings:
                if name not in SCORES:
                    raise ValueError(f'there is no score "{name}"; known: {", ".join(SCORES)}')
        if set(self.models) != set(self.digests):
            raise ValueError("models and digests go together: each model is named with its sha256")
        if set(self.models) & set(self.callables):
            raise ValueError(f"given twice: {', '.join(sorted(set(self.models) & set(self.callables)))}")

    @property
    def version(self) -> str:
        """Version of the measurement: how texts are read, and by which models."""
        called = [f"{score}={name}-{_distribution(name)}" for score, name in sorted(self.callables.items())]
        own = [f"{score}={digest[:16]}" for score, digest in sorted(self.digests.items())]
        shipped = [digest[:16] for digest in SHIPPED.values()]
        return "/".join(
            ["1", CONTENT.version, PASSAGES_VERSION, *shipped, *([SEGMENT_VERSION] if own else []), *own, *called]
        )

    def open(self) -> None:
        """Load the models now; ValueError if one is missing or not the one that is meant."""
        for name, digest in SHIPPED.items():
            load_scorer(None, digest, name, CONTENT)
        for score in self.models:
            self._own(score)
        for name in self.callables.values():
            _callable(name)

    def _own(self, score: str) -> FastTextFile | None:
        """Load an own model; return it if it is a fastText file."""
        path, digest = self.models[score], self.digests[score]
        if not Path(path).is_dir():
            return load_fasttext_file(path, digest, self.labels.get(score, f"{LABEL}{score}"))
        if len(load_scorer(path, digest, "safety", CONTENT).calibration) != 1:
            raise ValueError(f"the model in {path} gives several scores, not one")
        return None

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        tokens = texts.content
        silent = texts.null | (np.diff(tokens.offsets) == 0)
        passages = cut_passages(tokens)
        found = {name: _called(entry, texts, silent) for name, entry in self.callables.items()}
        for score, path in self.models.items():
            file = self._own(score)
            if file is None:
                found[score] = _highest(passages, path, self.digests[score], "safety")[""]
            else:
                found[score] = file(_words(texts))
        for model, digest in SHIPPED.items():
            if set(_GIVEN[model]) - set(found):
                found = _highest(passages, None, digest, model) | found
        columns = [pa.array(found[name], pa.float64(), mask=silent) for name in SCORES]
        return pa.record_batch(columns, schema=self.schema)


_GIVEN = {"offensive": ("offensive",), "harm": ("porn", "gambling", "fraud", "abuse")}


def _highest(passages: Passages, path: str | None, digest: str, shipped: str) -> dict[str, NDArray[np.float64]]:
    """Return the highest score of each text by name; an own model's one score has none."""
    scorer = load_scorer(path, digest, shipped, CONTENT)
    scores = passages.highest(scorer(passages.tokens))
    names = ("",) if path is not None else scorer.weights.labels
    return {name: scores[:, at] for at, name in enumerate(names)}


def _distribution(name: str) -> str:
    entry = _entry_point(name)
    return "unknown" if entry.dist is None else f"{entry.dist.name}-{entry.dist.version}"
