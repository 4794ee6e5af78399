"""The seal of a candidate: what the registry's audit says was built, held against what lies in the folder.

A candidate waits for days while people look at its sample, in a folder that others can write to. Its manifest names
the digest of every data file, and nothing names the manifest's: who changes both together is found by this seal alone.
It is over all that building decided; not under it is what is decided later (gates, state, evidence, which came before).
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from pipeline.audit import BUILT
from pipeline.database import record
from pipeline.registry import Audit, Session, select
from pipeline.release.manifest import DATA, NAME, STATISTICS, list_files, sha256_of
from pipeline.store import read_json

LATER = ("state", "previous", "kept", "gates", "files", "root", "seal")
"""What a manifest says that is not decided when its data are built; of its files the data are."""


def seal_of_candidate(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Return the seal of a candidate by what its manifest says, and by its statistics as they lie there."""
    said = {key: value for key, value in manifest.items() if key not in LATER}
    data = sorted(data_of(manifest), key=lambda one: str(one["path"]))
    whole = [said, data, sha256_of(folder / STATISTICS)]
    return sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def data_of(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of the data files of a manifest, which may be anybody's."""
    files = manifest.get("files")
    found = [one for one in files if isinstance(one, dict)] if isinstance(files, list) else []
    return [one for one in found if {"path", "sha256", "bytes", "rows"} <= one.keys()]


def last_seal(opened: Session, version: str) -> str | None:
    """Return the seal of the candidate of a version that was built last; None if none was."""
    rows = opened.scalars(select(Audit).where(Audit.action == BUILT).order_by(Audit.seq.desc()))
    return next((row.detail["seal"] for row in rows if row.detail["version"] == version), None)


def enter_seal(opened: Session, actor: str, version: str, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Enter what was built, unless that is what was built last: who is killed and goes on leaves no other trace."""
    seal = seal_of_candidate(folder, manifest)
    if seal != last_seal(opened, version):
        record(
            opened, actor, BUILT, version=version, seal=seal, documents=manifest["documents"],
            documents_root=manifest["documents_root"],
        )  # fmt: skip


def changed(opened: Session, version: str, folder: Path) -> str | None:
    """Say what of a candidate is not as it was built, every byte of its data looked at; None if all is."""
    manifest = read_json(folder / NAME)
    seal = last_seal(opened, version)
    if seal is None:
        return "the registry knows of no candidate that was built under this version"
    if manifest is None or not (folder / STATISTICS).is_file() or seal_of_candidate(folder, manifest) != seal:
        return f"{NAME} or {STATISTICS} is not what was built"
    named = {one["path"]: one for one in data_of(manifest)}
    wrong = [path for path in list_files(folder) if path.startswith(DATA) and path not in named]
    wrong += [path for path, one in named.items() if not is_whole(folder, one)]
    return f"{wrong[0]} is not what was built" if wrong else None


def is_whole(folder: Path, entry: Mapping[str, Any]) -> bool:
    """Say whether a file is there, itself and no link, with the bytes that its entry in the manifest names."""
    path = folder / entry["path"]
    return path.is_file() and not path.is_symlink() and sha256_of(path) == entry["sha256"]
