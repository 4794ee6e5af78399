"""Texts that people have labelled good or bad, read from a file for training."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.texts import Texts
from pipeline.errors import RecipeError, ShardError
from pipeline.readers.reading import ReadOptions, guess_format, read
from pipeline.readers.records import Record, Unread
from pipeline.readers.slicing import slice_file

FORMATS = ("jsonl", "parquet", "csv", "tsv")
HIGHEST = 5
"""Of a label: 0 and 1 are bad and good; where any label lies above 1, all are scores from 0 to this."""
WHOLE = 1 << 40
"""A file of labels is read in one piece."""
LEAST_OF_EACH = 50
"""Good and bad texts needed of each: a tenth of them must still say something about the rest."""
HEAVIEST = 100.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts with what people said of them, each text once, in the order of their digests."""

    texts: list[str]
    good: NDArray[np.bool_]
    weights: NDArray[np.float64]
    digests: list[str]
    """sha256 of the folded text, hexadecimal: what decides on which side of a split a text falls."""
    read: int
    """Labels read: several may be of one text."""
    undecided: int
    """Texts left out since their labels lie exactly between good and bad."""


def read_labels(path: Path, *, good_from: float) -> Labelled:
    """Read labelled texts; several labels of one text are averaged by weight.

    Args:
        path: JSONL (`.gz`, `.zst`), Parquet, CSV or TSV with `text`, `label` (0 or 1, or 0 to 5) and perhaps `weight`;
            other fields, as `annotator`, are ignored.
        good_from: from which score on a text is good, where labels run from 0 to 5.

    Raises:
        RecipeError: the file cannot be read, a record has no text or no number for a label, there are too few texts of
            one kind, or all are alike.
    """
    where = f"labels {path}"
    found: dict[str, tuple[str, float, float]] = {}
    highest, number = 0.0, 0
    for text, label, weight in _records(path, where):
        digest = _digest(text)
        before = found.get(digest, (text, 0.0, 0.0))
        found[digest] = (min(before[0], text), before[1] + label * weight, before[2] + weight)
        highest = max(highest, label)
        number += 1
    bound = good_from if highest > 1 else 0.5
    scores = {digest: total / weight for digest, (_, total, weight) in found.items()}
    # In a scale of scores the bound itself is good; between 0 and 1 a draw is no answer.
    decided = sorted(digest for digest, score in scores.items() if highest > 1 or score != bound)
    good = np.array([scores[digest] >= bound for digest in decided], np.bool_)
    for said, count in (("good", int(good.sum())), ("bad", int((~good).sum()))):
        if count < LEAST_OF_EACH:
            raise RecipeError(
                f"{where}: {count} of {len(decided)} texts are {said} (a label of {bound:g} or more is good); "
                f"training needs at least {LEAST_OF_EACH} good and {LEAST_OF_EACH} bad ones"
            )
    weights = np.array([found[digest][2] for digest in decided], np.float64)
    texts = [found[digest][0] for digest in decided]
    return Labelled(texts, good, weights / weights.mean(), decided, number, len(found) - len(decided))


def _digest(text: str) -> str:
    # Folded, so that a text and its copy in the other script are never on both sides of a split.
    return sha256(Texts(pa.array([text], pa.large_string())).folded.values.tobytes()).hexdigest()


def _records(path: Path, where: str) -> Iterator[tuple[str, float, float]]:
    if not path.is_file():
        raise RecipeError(f"{where}: there is no such file")
    form = guess_format(path.name)[0]
    if form not in FORMATS:
        raise RecipeError(f"{where}: labels come as {', '.join(FORMATS)}, not as {form}")
    options = ReadOptions()
    pieces = slice_file(
        source="labels", path=str(path.absolute()), file=path.name, format=form, target_bytes=WHOLE,
        split_folder=path.parent, options=options,
    )  # fmt: skip
    try:
        for piece in pieces:
            for item in read(piece, options):
                yield _entry(item, f"{where}, record {item.record + 1}")
    except ShardError as error:
        raise RecipeError(f"{where}: {error}") from error


def _entry(item: Record | Unread, where: str) -> tuple[str, float, float]:
    if isinstance(item, Unread):
        raise RecipeError(f"{where}: {item.error}")
    if not item.text.strip():
        raise RecipeError(f"{where}: the text is empty")
    label, weight = item.meta.get("label"), item.meta.get("weight", "1")
    if label is None:
        raise RecipeError(f"{where}: no label; there are {', '.join(sorted(item.meta)) or 'no other fields'}")
    return item.text, _number(label, "label", HIGHEST, where), _number(weight, "weight", HEAVIEST, where)


def _number(value: str, name: str, highest: float, where: str) -> float:
    try:
        number = float({"true": "1", "false": "0"}.get(value, value))
    except ValueError:
        number = float("nan")
    if not isfinite(number) or not 0 <= number <= highest or (name == "weight" and not number):
        least = "above 0" if name == "weight" else "from 0"
        raise RecipeError(f"{where}: {name} is {value[:40]!r}; a number {least} to {highest:g} is needed")
    return number
