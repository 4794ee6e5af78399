"""What a filter is: the protocol, the units, and the declaration of an attribute."""

from typing import ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

import pyarrow as pa

from filters.texts import Texts

Unit: TypeAlias = Literal["ratio", "count", "chars", "lines", "words", "score", "label", "bits", "spans"]
"""What a value counts. `ratio` and `score` lie in 0..1; `chars` are Unicode code points; `label` is a name; `spans` are
places in the text, which no rule bounds."""

SPANS = pa.list_(
    pa.struct([
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
    ])
)  # fmt: skip
"""Places in a text, ascending by start: code points [start, end) of the measured text, and what stands there."""


class Filter(Protocol):
    """A pure measurement of a batch of texts: says what each text is, never what to do about it.

    One row per text, in order, matching `schema`; a row depends on its own text alone, so cutting the
    batch anywhere changes nothing; a null text measures null; no number is NaN; it cannot raise on text.

    `version` changes whenever an attribute's value could change for some text: stored measurements are
    reused by it.
    """

    @property
    def version(self) -> str:
        """Version of the measurement, part of the scan's fingerprint."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Attribute columns, named `<filter>.<measure>`, each declared by `attribute`."""
        ...

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text: one row per text, in order, matching `schema`."""
        ...


@runtime_checkable
class Modelled(Protocol):
    """A filter that reads a model's file: it can be asked to do so before there are any texts."""

    def open(self) -> None:
        """Load the model; ValueError if it is missing or not the one that is meant."""
        ...


@runtime_checkable
class BeforeCutting(Protocol):
    """A filter that measures texts as they were read: lines that the recipe has cut (boilerplate, templates) too."""

    before_cutting: ClassVar[Literal[True]]


def attribute(name: str, dtype: pa.DataType, unit: Unit, meaning: str) -> pa.Field:
    """Declare one measured column.

    Args:
        name: `<filter>.<measure>`, in ASCII snake_case.
        dtype: float64 for ratios and scores (a float32 0.7 lies below 0.7), int64 for counts, string for labels,
            `SPANS` for spans.
        unit: what the value counts.
        meaning: one sentence for the table in README and for `qingyuan explain`: numerator / denominator.
    """
    return pa.field(name, dtype, metadata={"unit": unit, "meaning": meaning})
