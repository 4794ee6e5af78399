"""What a round's files say of its documents: their lengths, and the label that filters would give them.

The label by filters is made for every document, gold ones too, whether anybody was shown it or not: who just says what
a filter says is found by measuring people within its labels (incentive reference, 3.4).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from annotation.incentive.answers import Reference
from annotation.kinds import Kind
from annotation.round_tables import ROUNDS
from annotation.suggestions import SUGGESTERS
from filters.catalogue import CATALOGUE
from filters.texts import Texts
from pipeline.registry import Round
from pipeline.store import read_table, write_table

PRELABELS = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),
        pa.field("chars", pa.int32(), nullable=False),
        pa.field("prelabel", pa.string(), nullable=False),
    ]
)
"""One row: a document of a round. chars: code points; prelabel: the class that filters give it, empty for none."""
FLAGGED = 0.5
"""Probability of a risk, by `filters.safety`, from which a document counts as flagged."""
AT_ONCE = 1000


def _risk(clear: str) -> Callable[[pa.RecordBatch], list[str]]:
    def label(measured: pa.RecordBatch) -> list[str]:
        rows = zip(*(column.to_pylist() for column in measured.columns), strict=True)
        return ["flagged" if max((score or 0.0) for score in row) >= FLAGGED else clear for row in rows]

    return label


def _suggested(kind: str) -> Callable[[pa.RecordBatch], list[str]]:
    suggester = SUGGESTERS[kind]
    (attribute,) = suggester.attributes

    def label(measured: pa.RecordBatch) -> list[str]:
        answers = [suggester.make({attribute: value}) for value in measured.column(attribute).to_pylist()]
        return ["" if answer is None else str(next(iter(answer.values()))) for answer in answers]

    return label


def _personal(measured: pa.RecordBatch) -> list[str]:
    return ["some" if value else "none" for value in measured.column("personal.density").to_pylist()]


MADE_BY: Mapping[str, tuple[str, Callable[[pa.RecordBatch], list[str]]]] = {
    Kind.QUALITY: ("quality", _suggested(Kind.QUALITY)),
    Kind.DOMAIN: ("domain", _suggested(Kind.DOMAIN)),
    Kind.PERSONAL: ("personal", _personal),
    Kind.SAFETY: ("safety", _risk("safe")),
    Kind.ACCEPTANCE: ("safety", _risk("pass")),
}
"""Kind of round -> filter, and what makes a label of what it measures."""


def prelabel(kind: str, texts: Sequence[str]) -> list[str]:
    """Return the label that filters give each text in a kind of round; empty where none can."""
    if kind not in MADE_BY:
        return [""] * len(texts)
    name, label = MADE_BY[kind]
    measure, found = CATALOGUE[name](), list[str]()
    for begin in range(0, len(texts), AT_ONCE):
        found += label(measure(Texts(pa.array(texts[begin : begin + AT_ONCE], pa.large_string()))))
    return found


def load_references(workspace: Path, rounds: Sequence[Round], *, keep: bool = True) -> dict[tuple[str, str], Reference]:
    """Return lengths and labels by filters of all documents of rounds.

    They are made once and kept in the round's folder, as `prelabels.parquet`, unless nothing is to be written. A round
    whose texts are gone has none.
    """
    found = {}
    for round_ in rounds:
        folder = workspace / ROUNDS / round_.name
        path = folder / "prelabels.parquet"
        if not (folder / "items.parquet").exists():
            continue
        table = read_table(path) if path.exists() else _make(folder, round_.kind)
        if keep and not path.exists():
            write_table(path, table)
        rows: list[dict[str, Any]] = table.to_pylist()
        found.update({(round_.name, row["document"]): Reference(row["chars"], row["prelabel"]) for row in rows})
    return found


def _make(folder: Path, kind: str) -> pa.Table:
    items = read_table(folder / "items.parquet", ["document", "text"])
    labels = prelabel(kind, items["text"].to_pylist())
    chars = pc.cast(pc.utf8_length(items["text"]), pa.int32())
    return pa.table([items["document"], chars, pa.array(labels, pa.string())], PRELABELS)
