"""What people see of a text instead of its personal data: placeholders, and where places in it have moved to."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from filters.personal import find_personal
from filters.texts import Texts
from pipeline.disposition import EVERYTHING
from pipeline.masking import Masker

Cuts: TypeAlias = Sequence[tuple[int, int, int]]
"""[start, end) of what was replaced, in code points of the text before, and how long what stands there now is."""


def mask_texts(texts: Sequence[str]) -> tuple[list[str], list[Cuts]]:
    """Return texts with placeholders for personal data of every category, open ones too, and what was replaced."""
    masker = Masker(EVERYTHING)
    found = find_personal(Texts(pa.array(texts, pa.large_string())))
    shown, cuts = [], list[Cuts]()
    for number, text in enumerate(texts):
        spans = found.get(number, [])
        shown.append(masker.mask(text, spans))
        cuts.append([(s, e, len(masker.mask(text[s:e], [(0, e - s, kind)]))) for s, e, kind in spans])
    return shown, cuts


def move_label(label: Mapping[str, Any], cuts: Cuts) -> dict[str, Any]:
    """Return an answer whose spans lie where its text has them behind the masking."""
    return {
        name: moved(value, cuts) if isinstance(value, list) and any(isinstance(one, list) for one in value) else value
        for name, value in label.items()
    }


def moved(spans: Sequence[Sequence[Any]], cuts: Cuts) -> list[list[Any]]:
    """Return [start, end, code] where they lie behind the masking; a span that reaches into what is masked is lost."""
    kept = [
        span for span in spans if all(span[1] <= start or span[0] >= end for start, end, _ in cuts)
    ]  # fmt: skip
    return [[_place(span[0], cuts), _place(span[1], cuts), *span[2:]] for span in kept]


def _place(place: int, cuts: Cuts) -> int:
    return place + sum(now - (end - start) for start, end, now in cuts if end <= place)
