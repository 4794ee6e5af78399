"""Ending a release whose name is there already: who was killed between the rename and the registry's entry."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.database import now, open_registry, session
from pipeline.errors import GateError, LedgerError, RecipeError
from pipeline.gates import Finding
from pipeline.registry import Release, Session, select
from pipeline.release.building import Built, clear
from pipeline.release.manifest import NAME, RELEASED, STATISTICS, read_manifest
from pipeline.release.publishing import Request, enter, refuse
from pipeline.release.sealing import data_of, last_seal, seal_of_candidate
from pipeline.release.verify import check
from pipeline.store import flush, read_json


def settle(request: Request) -> dict[str, Any]:
    """End a release whose name is there already: enter it if nobody did; refuse if it is another one.

    Raises:
        RecipeError: the version stands for something else.
        LedgerError: it is not what was released, or was never entered and is not what was built.
        GateError: it was never entered, and its gates refuse it by now.
    """
    faults = check(request.folder)
    if faults:
        raise LedgerError(f"the release {request.folder} is not whole: {'; '.join(map(str, faults))}")
    manifest = read_manifest(request.folder)
    names = [run["name"] for run in manifest["runs"]]
    if (manifest["version"], manifest["state"]) != (request.version, RELEASED):
        raise LedgerError(
            f"{request.folder} holds the {manifest['state']} {manifest['version']}, which was not released under this "
            "name: move it away"
        )
    if manifest["trial"] != request.trial or names != [Path(name).name for name in request.runs]:
        raise RecipeError(
            f"the version {request.version} is released already, of the runs {', '.join(names)}; choose another version"
        )
    if manifest["selection"] != request.form.model_dump(mode="json"):
        raise RecipeError(
            f"the version {request.version} is released already, selected otherwise; choose another version"
        )
    with session(open_registry(request.workspace)) as opened:
        known = opened.scalars(select(Release).where(Release.version == request.version)).first()
        if known is not None and known.root != manifest["root"]:
            raise LedgerError(
                f"the registry knows the release {request.version} by another root than {request.folder / NAME}"
            )
        if known is not None:
            return manifest
        if seal_of_candidate(request.folder, manifest) != last_seal(opened, request.version):
            raise LedgerError(
                f"{request.folder} was never entered as released, and is not the candidate that the registry knows was "
                "built under this version: move it away, and release again"
            )
        built = Built(
            request.folder, manifest | {"files": data_of(manifest)}, read_json(request.folder / STATISTICS) or {}
        )
        findings = request.gates(opened, request.workspace, built.candidate)
        if all(one.passed for one in findings):
            enter(opened, request, manifest, request.folder, now())
            return manifest
        refused = _take_back(request, built, findings, opened)
    raise refused


def _take_back(request: Request, built: Built, findings: Sequence[Finding], opened: Session) -> GateError:
    """Make a release that was never entered a candidate again, as if gates had refused it at once."""
    shutil.rmtree(request.candidate, ignore_errors=True)
    request.candidate.parent.mkdir(exist_ok=True)
    request.folder.rename(request.candidate)
    flush(request.folder.parent)
    flush(request.candidate.parent)
    clear(request.candidate, built.manifest["files"])
    since = {key: built.manifest[key] for key in ("previous", "kept")}
    return refuse(request, replace(built, folder=request.candidate), since, findings, opened, now())
