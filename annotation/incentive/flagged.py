"""Whom people should look at, by the newest scoring; `annotate status` reads it, which scores nobody."""

from pathlib import Path

from pipeline.store import read_table

FOLDER = "scores"
CONTRIBUTORS_FILE = "contributors.parquet"


def last_flags(workspace: Path) -> dict[str, list[str]]:
    """Return what people should be looked at for, by person, as the newest period that was scored has it."""
    files = sorted((workspace / FOLDER).glob(f"*/{CONTRIBUTORS_FILE}"))
    found: dict[str, list[str]] = {}
    for row in read_table(files[-1], ["contributor", "flags"]).to_pylist() if files else []:
        named = found.setdefault(row["contributor"], [])
        named += [flag for flag in row["flags"] if flag not in named]
    return {person: flags for person, flags in sorted(found.items()) if flags}
