"""The evidence beside the shards of a release: facts of the registry, self-assessment, card, Croissant, notes."""

from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.registry import Session
from pipeline.release.assessment_pages import write_pages
from pipeline.release.card import card
from pipeline.release.croissant import croissant
from pipeline.release.facts import write_facts
from pipeline.release.manifest import DATA, NAME, describe_files
from pipeline.release.notes import REMOVED_IDS, write_notes
from pipeline.release.self_assessment import assess
from pipeline.store import read_json, write_bytes, write_json


def write_evidence(
    folder: Path, manifest: dict[str, Any], statistics: dict[str, Any], opened: Session, at: datetime
) -> None:
    """Write what shows how a release came to be, before the manifest's `files` and `root` are filled in.

    Args:
        folder: of the candidate.
        manifest: its manifest, gates included, but for `files` and `root`.
        statistics: content of statistics.json.
        opened: a transaction at the registry.
        at: when it is released, or was: one that is made again tells what was there then.
    """
    facts = write_facts(folder, manifest, statistics, opened, at)
    data = _data_files(folder)
    write_notes(folder, folder.parents[2], manifest, data)
    write_pages(folder, manifest, assess(folder, manifest, facts))
    write_bytes(
        folder / "README.md",
        card(manifest, statistics, facts | {"compared": (folder / REMOVED_IDS).is_file()}).encode(),
    )
    write_json(folder / "croissant.json", croissant(manifest, data, facts, facts["day"]))


def _data_files(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of the data files: the candidate's first manifest has them; else they are read."""
    stored = (read_json(folder / NAME) or {}).get("files") or describe_files(folder, {}, {})
    return [one for one in stored if one["path"].startswith(DATA)]
