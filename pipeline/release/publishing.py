"""What a candidate gets before its name: what gates say of it, evidence, its entry in registry and audit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.database import record
from pipeline.errors import GateError
from pipeline.gates import Finding
from pipeline.registry import Release, Session
from pipeline.release.building import Built
from pipeline.release.evidence import write_evidence
from pipeline.release.form import ReleaseFile
from pipeline.release.manifest import CANDIDATE, NAME, finish, sha256_of
from pipeline.release.plan import Candidate
from pipeline.release.tokenizer import Counter
from pipeline.store import flush, write_json

RELEASES = "releases"
Gates: TypeAlias = Callable[[Session, Path, Candidate], list[Finding]]


@dataclass(frozen=True)
class Request:
    """What is to be released, by whom, and under which gates."""

    version: str
    runs: tuple[str, ...]
    workspace: Path
    form: ReleaseFile
    trial: bool
    gates: Gates
    actor: str
    tokenizer: Counter | None = None

    @property
    def folder(self) -> Path:
        """Where the release is to stand."""
        return self.workspace / RELEASES / self.version

    @property
    def candidate(self) -> Path:
        """Where it is made."""
        return self.workspace / RELEASES / ".candidates" / self.version


def describe_release(
    built: Built, since: dict[str, Any], findings: Sequence[Finding], opened: Session, at: datetime, state: str
) -> dict[str, Any]:
    """Write evidence and manifest of a candidate; return the manifest."""
    data = built.manifest["files"]
    manifest = {key: value for key, value in built.manifest.items() if key not in {"files", "root", "seal"}}
    manifest |= since | {"state": state, "gates": [one.as_json() for one in findings]}
    write_evidence(built.folder, manifest, built.statistics, opened, at)
    manifest = finish(manifest, built.folder, data)
    write_json(built.folder / NAME, manifest)
    return manifest


def refuse(
    request: Request, built: Built, since: dict[str, Any], findings: Sequence[Finding], opened: Session, at: datetime
) -> GateError:
    """Write into a candidate and into the audit why gates refuse it.

    Returns:
        The error, to be raised when the transaction is kept.
    """
    refused = [one for one in findings if not one.passed]
    manifest = describe_release(built, since, findings, opened, at, CANDIDATE)
    record(
        opened, request.actor, "release refused", version=request.version, data_root=manifest["data_root"],
        gates=[one.gate for one in refused],
    )  # fmt: skip
    lines = [f"  {one.gate}: {one.reason}" + (f"\n    → {one.remedy}" if one.remedy else "") for one in refused]
    return GateError(
        f"{len(refused)} of {len(findings)} gates refuse the release {request.version}; nothing was released:\n"
        + "\n".join(lines)
        + f"\nThe candidate and why: {built.folder / 'evidence' / 'gates.json'}"
    )


def enter(opened: Session, request: Request, manifest: dict[str, Any], folder: Path, at: datetime) -> None:
    """Put a release into the registry and its audit."""
    previous = manifest["previous"]
    seal = sha256_of(folder / NAME)
    opened.add(
        Release(
            version=request.version, trial=manifest["trial"], documents=manifest["documents"], root=manifest["root"],
            data_root=manifest["data_root"], manifest=seal,
            previous=None if previous is None else previous["version"], released_at=at,
        )
    )  # fmt: skip
    record(
        opened, request.actor, "release", version=request.version, root=manifest["root"], manifest=seal,
        trial=manifest["trial"], documents=manifest["documents"],
    )  # fmt: skip


def give_name(candidate: Path, folder: Path) -> None:
    """Let a candidate stand under its name: all of it on the disk first, then one rename."""
    for path in sorted(candidate.rglob("*"), reverse=True):
        flush(path)
    flush(candidate)
    candidate.rename(folder)
    flush(folder.parent)
    flush(candidate.parent)
