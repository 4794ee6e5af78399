"""The tables of a round on disk: what it asks about, and where its results lie."""

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from pipeline.store import read_table

ROUNDS = "rounds"
ITEMS = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("kept", pa.bool_()),
        pa.field("reason", pa.string()),
        pa.field("failed", pa.list_(pa.string()), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("probability", pa.float64()),
        pa.field("suggestion", pa.string()),
        pa.field("right", pa.large_string()),
        pa.field("left_run", pa.string()),
        pa.field("other_kept", pa.bool_()),
        pa.field("other_failed", pa.list_(pa.string())),
        pa.field("measured", pa.string()),
    ]
)
"""What a round asks about. A gold document has no probability, and no run says anything of it. measured: the answer
that filters would give, JSON; suggestion: the same, where people are shown it.

Where two runs are compared, `text` stands left and `right` right, `left_run` is the run of the left one, `kept`,
`reason` and `failed` are the verdict of the run that the round's file names first, `other_…` that of the other."""


def round_folder(workspace: Path, name: str) -> Path:
    """Return where a round's tables lie; closed to other users, for they hold texts."""
    folder = workspace / ROUNDS / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def read_texts(workspace: Path, name: str) -> dict[str, str]:
    """Return the text of every document of a round."""
    table = read_table(round_folder(workspace, name) / "items.parquet", ["document", "text"])
    return dict(zip(table["document"].to_pylist(), table["text"].to_pylist(), strict=True))


def read_right_texts(workspace: Path, name: str) -> dict[str, str]:
    """Return the text that stands on the right of each document, of a round that compares two."""
    table = read_table(round_folder(workspace, name) / "items.parquet", ["document", "right"])
    pairs = zip(table["document"].to_pylist(), table["right"].to_pylist(), strict=True)
    return {document: text for document, text in pairs if text is not None}


def read_suggestions(workspace: Path, name: str) -> dict[str, dict[str, Any]]:
    """Return the answers that filters suggest, of the documents where a round shows one."""
    table = read_table(round_folder(workspace, name) / "items.parquet", ["document", "suggestion"])
    return {
        document: orjson.loads(label)
        for document, label in zip(table["document"].to_pylist(), table["suggestion"].to_pylist(), strict=True)
        if label is not None
    }
