"""Documents that were chosen elsewhere for a round, in a file beside it: of a source, or of a release."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.errors import RecipeError
from pipeline.store import read_schema, read_table, write_table

SAMPLE = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("kept", pa.bool_()),
        pa.field("reason", pa.string()),
        pa.field("failed", pa.list_(pa.string()), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
    ]
)
"""What a round is told of each document."""


def write_sample(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write a sample; closed to other users, for it holds texts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_table(path, pa.Table.from_pylist(rows, SAMPLE))


def read_sample(path: Path) -> list[dict[str, Any]]:
    """Read a sample.

    Raises:
        RecipeError: there is none, or it is of another form.
    """
    try:
        if not read_schema(path).equals(SAMPLE):
            raise RecipeError(f"sample {path}: has other columns than {', '.join(SAMPLE.names)}")
        rows: list[dict[str, Any]] = read_table(path).to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise RecipeError(f"sample {path}: cannot be read: {error}") from error
    return rows
