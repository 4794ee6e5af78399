"""What a recipe says about the files of a source, and what is guessed where it says nothing."""

import difflib
from dataclasses import dataclass

from pipeline.errors import RecipeError
from pipeline.stream import compression_of

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".shtml": "html",
    ".warc": "warc",
    ".wet": "warc",
}
"""Ending of a file's name to its format; `paragraphs` is never guessed."""


@dataclass(frozen=True)
class ReadOptions:
    """How the records of a source are read. None: found out from each record.

    Names are those of fields (JSONL) or columns (Parquet, CSV, TSV).
    """

    text: str | None = None
    id: str | None = None
    url: str | None = None
    encoding: str | None = None
    """All files are in this encoding; None to decide record by record."""
    max_record_bytes: int = 32 * 2**20
    """A longer record is quarantined instead of being held in memory."""


def guess_format(file: str) -> tuple[str, str | None]:
    """Return the format and the compression (gzip, zstd or None) that a file's name says.

    Raises:
        RecipeError: the name ends in nothing that is known.
    """
    name = file.rpartition("/")[2].lower()
    compression = compression_of(name)
    stem = name.rpartition(".")[0] if compression else name
    ending = f".{stem.rpartition('.')[2]}" if "." in stem else ""
    if ending in FORMATS:
        return FORMATS[ending], compression
    near = difflib.get_close_matches(ending, FORMATS, n=1)
    meant = f'; did you mean "{near[0]}"?' if near else ""
    known = " ".join(sorted(FORMATS))
    raise RecipeError(
        f'{file}: no format is known for "{ending}"{meant} Say format = "…" in its [[sources]]; '
        f"guessed are {known}, each also with .gz or .zst",
    )
