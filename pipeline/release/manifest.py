"""The manifest of a release: what it is made of, what is in it, and the digest of every file."""

from collections.abc import Mapping, Sequence
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from filters.contract import Modelled
from pipeline.errors import RecipeError
from pipeline.lexicon_report import LEXICON_FILE
from pipeline.release import merkle
from pipeline.release.merging import Merged
from pipeline.release.plan import RELEASE_VERSION, Plan
from pipeline.release.rows import Left
from pipeline.runs import Run
from pipeline.store import read_json

FORMAT = 2
NAME = "manifest.json"
SIGNATURE = f"{NAME}.sig"
"""Beside the manifest: 64 bytes, hexadecimal. Not a file that the manifest names."""
STATISTICS = "statistics.json"
DATA = "data/"
UNKNOWN = "unknown"
"""Stands for the licence of rows that have none."""
_AND = " AND "
CANDIDATE, RELEASED = "candidate", "released"
_PACKAGES = ("qingyuan", "numpy", "orjson", "pyarrow", "rjieba")


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def is_covered(path: str) -> bool:
    """Say whether the manifest names a file: all but itself, and what is signed of it afterwards."""
    return path not in {NAME, SIGNATURE}


def list_files(folder: Path) -> list[str]:
    """Return the paths of all files of a release, sorted, but the manifest and its signature."""
    found = (
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )
    return sorted(path for path in found if is_covered(path))


def describe_files(folder: Path, rows: Mapping[str, int], known: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return path, sha256 and bytes of every file, and the rows of those with data.

    Args:
        folder: of the release.
        rows: by path.
        known: sha256 of files that need not be read again, by path.
    """
    entries = []
    for path in list_files(folder):
        entry: dict[str, Any] = {"path": path, "sha256": known.get(path) or sha256_of(folder / path)}
        entry["bytes"] = (folder / path).stat().st_size
        if path in rows:
            entry["rows"] = rows[path]
        entries.append(entry)
    return entries


def digests(files: Sequence[Mapping[str, Any]], prefix: str = "") -> dict[str, str]:
    """Return the sha256 of files by path, of those below a folder."""
    return {one["path"]: one["sha256"] for one in files if one["path"].startswith(prefix)}


def describe(
    plan: Plan, merged: Merged, left: Left, statistics: Mapping[str, Any], data: Sequence[Mapping[str, Any]],
    documents_root: str,
) -> dict[str, Any]:  # fmt: skip
    """Return the manifest of a candidate but for what is decided about it later: `gates`, `files`, `root`.

    Args:
        plan: what was asked for.
        merged: what the runs had in common.
        left: what was left out.
        statistics: of the rows.
        data: the entries of its data files.
        documents_root: over the digests of its documents.
    """
    return {
        "format": FORMAT,
        "version": plan.version,
        "state": CANDIDATE,
        "trial": plan.trial,
        "created_from": plan.fingerprint(),
        "previous": None,
        "runs": [_run(run) for run in plan.runs],
        "code": {"release": RELEASE_VERSION, **{name: version(name) for name in _PACKAGES}},
        "selection": plan.form.model_dump(mode="json"),
        "data_root": merkle.root_of(digests(data, DATA)),
        "documents_root": documents_root,
        "documents": statistics["documents"],
        "characters": statistics["characters"],
        "sources": {
            name: {
                **{key: entry[key] for key in ("documents", "characters", "share")},
                "licence": _joined(entry["licences"]),
            }
            for name, entry in statistics["sources"].items()
        },
        "removed": {
            "taken_down": left.reasons["taken down"],
            "listed": len(plan.removed),
            "barred_sources": sorted(plan.barred),
            "left_out": {reason: count for reason, count in sorted(left.reasons.items()) if count},
            "duplicates_across_runs": merged.duplicates,
            "replaced_by_later_runs": merged.replaced,
            "renamed": sum(map(len, merged.renamed.values())),
        },
    }  # fmt: skip


def _run(run: Run) -> dict[str, Any]:
    """Say what a run was made by."""
    made = {choice.filter: choice.make() for choice in run.filters()}
    lexicon = read_json(run.folder.path / LEXICON_FILE) or {"lists": []}
    return {
        "name": run.name,
        "recipe_sha256": sha256_of(run.folder.path / "recipe.toml"),
        "policy": run.summary["policy"],
        "policy_sha256": sha256_of(run.folder.path / "policy.json"),
        "packs": run.summary["packs"],
        "versions": run.summary["versions"],
        "filters": {name: one.version for name, one in sorted(made.items())},
        "models": {name: one.version for name, one in sorted(made.items()) if isinstance(one, Modelled)},
        "lexicons": [{key: one[key] for key in ("name", "digest", "terms", "released")} for one in lexicon["lists"]],
        "documents": run.summary["documents"],
        "personal_data": run.summary["personal_data"],
    }


def _joined(licences: Mapping[str, int]) -> str | None:
    """Return the licences that a source's rows are under, all of them; None if none is known."""
    known = sorted(filter(None, licences))
    return _AND.join([*known, *([UNKNOWN] if "" in licences else [])]) if known else None


def licences_of(manifest: Mapping[str, Any]) -> list[str]:
    """Return the licences of a release, each once; `UNKNOWN` is one, where a row has none."""
    return sorted(
        {one for source in manifest["sources"].values() for one in (source["licence"] or UNKNOWN).split(_AND)}
    )


def leaves_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what the root is over: the sha256 of every file by its path, and of the manifest itself.

    Of the manifest it is that of all else it says, so that nobody who knows the root can be told another version, or
    that a trial is none.
    """
    said = {key: value for key, value in manifest.items() if key not in {"files", "root", "seal"}}
    whole = sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return digests(manifest["files"]) | {NAME: whole}


def finish(manifest: dict[str, Any], folder: Path, data: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the manifest with all files of the release, and the root over them and over what it says."""
    rows = {one["path"]: one["rows"] for one in data}
    files = describe_files(folder, rows, digests(data))
    whole = manifest | {"files": files}
    whole |= {"root": merkle.root_of(leaves_of(whole))}
    return whole | {"seal": seal_of(whole)}


def seal_of(manifest: Mapping[str, Any]) -> str:
    """Return the sha256 of all that a manifest says but its seal: a byte that changes anywhere in it is found."""
    said = {key: value for key, value in manifest.items() if key != "seal"}
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a release.

    Raises:
        RecipeError: there is none.
    """
    manifest = read_json(folder / NAME)
    if manifest is None:
        raise RecipeError(f"{folder} is no release: it has no {NAME} that can be read")
    return manifest
