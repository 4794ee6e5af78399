"""What people said of documents in rounds of labelling, as attributes that rules can read like any other."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from filters.contract import attribute
from pipeline.errors import RecipeError
from pipeline.parts import Parts
from pipeline.store import ANSWERS, PartWriter, digest_file, read_table, withdraw, write_json

ANSWERS_VERSION = "1"
KINDS = ("quality", "safety", "personal", "domain", "acceptance", "preference")
"""Of rounds; `annotation.kinds` says what each asks."""

MEASURED = tuple(
    field
    for kind in KINDS
    for field in (
        attribute(
            f"human.{kind}", pa.string(), "label", f"what people decided in a round of {kind}; null if not asked"
        ),
        attribute(f"human.{kind}_bad", pa.int64(), "count", "1 if that keeps a document out of a corpus, else 0"),
        attribute(f"human.{kind}_posterior", pa.float64(), "score", "how sure the annotators' consensus is of it"),
    )
)
"""Attributes of a run whose recipe names rounds."""


def answer_files(workspace: Path, rounds: Sequence[str]) -> list[Path]:
    """Return where the answers of rounds lie.

    Raises:
        RecipeError: a round has none yet.
    """
    paths = [workspace / "rounds" / name / "attributes.parquet" for name in rounds]
    for name, path in zip(rounds, paths, strict=True):
        if not path.is_file():
            raise RecipeError(
                f'[answers]: the round "{name}" of {workspace} has no answers; `qingyuan annotate pull` fetches them'
            )
    return paths


def write_answers(parts: Parts, number: int, files: Sequence[Path], fingerprint: str) -> dict[str, Any]:
    """Write `MEASURED` for the documents of one part, and the receipt; of several rounds of a kind the last counts."""
    begun = time.process_time()
    withdraw(parts.folder.receipt("answers", number))
    said: dict[tuple[str, str], dict[str, Any]] = {}
    for path in files:
        for row in read_table(path).to_pylist():
            said.setdefault((row["source"], row["id"]), {}).update(row)
    documents = read_table(parts.folder.part("documents", number), ["id", "source"]).to_pylist()
    found = [said.get((row["source"], row["id"]), {}) for row in documents]
    schema = pa.schema([pa.field("id", pa.string(), nullable=False), *MEASURED])
    rows = [{"id": row["id"]} | {field.name: one.get(field.name) for field in MEASURED}
            for row, one in zip(documents, found, strict=True)]  # fmt: skip
    path = parts.folder.part(ANSWERS, number)
    with PartWriter([(path, schema)]) as writer:
        writer.write(pa.RecordBatch.from_pylist(rows, schema))
    receipt = {
        "stage": "answers", "part": number, "fingerprint": fingerprint, "documents": len(rows),
        "answered": sum(map(bool, found)), "outputs": {ANSWERS: digest_file(path)},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }  # fmt: skip
    write_json(parts.folder.receipt("answers", number), receipt)
    return receipt
