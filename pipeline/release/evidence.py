"""The evidence beside the shards of a release."""

from pathlib import Path
from typing import Any

from pipeline.registry import Session
from pipeline.store import write_json


def write_evidence(folder: Path, manifest: dict[str, Any], statistics: dict[str, Any], opened: Session) -> None:  # noqa: ARG001 - what further evidence is made of
    """Write what shows how a release came to be, before the manifest's `files` and `root` are filled in.

    Args:
        folder: of the candidate.
        manifest: its manifest, gates included, but for `files` and `root`.
        statistics: content of statistics.json.
        opened: a transaction at the registry.
    """
    write_json(folder / "evidence" / "gates.json", {"version": manifest["version"], "gates": manifest["gates"]})
