"""Masking: putting placeholders in the places of personal data, in the text by its measured spans, and in meta and URL.

What is masked cannot be got back from the corpus: no value and no map of values is kept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters.personal import find_personal
from filters.personal_lexicon import categories
from filters.texts import Texts
from pipeline.disposition import DONE, Disposition, replacement
from pipeline.policy_form import Disposal

_BESIDE = {"name_alone": "name"}
Spans: TypeAlias = Sequence[tuple[int, int, str]]
"""Start, end and category, ascending and apart."""


class Masker:
    """Replaces personal data as a disposition says, and counts what it did: by what was done and by category."""

    def __init__(self, disposition: Disposition) -> None:
        """Read the key, if there is need for one."""
        self._actions: Mapping[str, Disposal] = dict(disposition.actions)
        self._key = disposition.key()
        self.done: dict[str, Counter[str]] = {}

    def mask(self, text: str, spans: Spans) -> str:
        """Return a text with its personal data replaced; every other character stays."""
        pieces, last = [], 0
        for start, end, category in spans:
            action = self._actions.get(category, "keep")
            self.done.setdefault(DONE[action], Counter())[category] += 1
            if action != "keep":
                pieces += [text[last:start], replacement(category, action, text[start:end], self._key)]
                last = end
        return "".join([*pieces, text[last:]])

    def column(self, texts: pa.Array, found: Mapping[int, Spans]) -> pa.Array:
        """Mask the strings of a column that have spans, by their numbers."""
        changed = {number: self.mask(texts[number].as_py(), spans) for number, spans in found.items()}
        if not changed:
            return texts
        which = np.zeros(len(texts), np.bool_)
        which[list(changed)] = True
        values = pa.array([changed[number] for number in sorted(changed)], texts.type)
        return pc.replace_with_mask(texts, pa.array(which), values)

    def strings(self, texts: pa.Array) -> pa.Array:
        """Find and mask personal data in strings that no filter has measured: addresses of pages."""
        return self.column(texts, find_personal(Texts(texts)))

    def meta(self, maps: pa.MapArray) -> pa.MapArray:
        """Mask the values of a column of maps; a value's key says what it is: {"phone": "…"}."""
        offsets, keys, items = maps.offsets, maps.keys, maps.items
        begin, end = offsets[0].as_py(), offsets[-1].as_py()
        keys, items = keys.slice(begin, end - begin), items.slice(begin, end - begin)
        offsets = pc.subtract(offsets, begin)
        said = pc.binary_join_element_wise(keys.cast(pa.string()), items.cast(pa.string()), "：")
        measured = find_personal(Texts(said))
        rows = np.searchsorted(offsets.to_numpy(), np.arange(len(keys)), side="right")
        identified = {
            int(rows[number])
            for number, spans in measured.items()
            if any(kind != "name" and not categories()[kind].open for _, _, kind in spans)
        }
        found: dict[int, Spans] = {}
        for number, spans in measured.items():
            if rows[number] in identified:  # the fields of a document stand beside one another, as in a line
                spans = [(start, end, _BESIDE.get(kind, kind)) for start, end, kind in spans]  # noqa: PLW2901
            front = len(keys[number].as_py()) + 1
            inside = [(start - front, end - front, kind) for start, end, kind in spans if start >= front]
            if inside:
                found[number] = inside
        if not found:
            return maps
        return pa.MapArray.from_arrays(offsets, keys, self.column(items, found))


def measured_spans(column: pa.ChunkedArray | pa.Array) -> dict[int, Spans]:
    """Return the spans of a column by row, for the rows that have any."""
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    rows = np.flatnonzero(lengths)
    lists = column.take(pa.array(rows)).to_pylist()
    return {
        row: [(span["start"], span["end"], span["kind"]) for span in spans]
        for row, spans in zip(rows.tolist(), lists, strict=True)
    }
