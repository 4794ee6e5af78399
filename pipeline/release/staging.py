"""A release from candidate to its name: gates, evidence, and one rename.

`<workspace>/releases/.candidates/<version>/` holds the candidate; under `<workspace>/releases/<version>/` stands a
release that is whole, or nothing. The rename happens in the transaction of the registry in which all gates passed and
the release was entered, as its last step but the commit. Who is killed between the two leaves a whole release that the
registry does not know: the next call enters it, if its gates still pass.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.database import now, open_registry, record, session
from pipeline.errors import GateError, LedgerError, RecipeError
from pipeline.executor import Executor, Progress
from pipeline.gates import Finding
from pipeline.lock import locked
from pipeline.registry import Release, Session, Source, select
from pipeline.release.building import STATISTICS, Built, build
from pipeline.release.evidence import write_evidence
from pipeline.release.form import ReleaseFile
from pipeline.release.manifest import CANDIDATE, DATA, NAME, RELEASED, digests, finish, read_manifest, sha256_of
from pipeline.release.pages import compare
from pipeline.release.plan import Candidate, Plan, check_version, make_plan
from pipeline.release.tokenizer import Counter
from pipeline.release.verify import check
from pipeline.removed import removed_ids
from pipeline.run import alone
from pipeline.sources.barring import barred
from pipeline.store import RunFolder, flush, read_json, write_json

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


def release(request: Request, executor: Executor, progress: Progress, memory: int) -> dict[str, Any]:
    """Make a release, or end one that was begun.

    Returns:
        Its manifest.

    Raises:
        RecipeError: the request is wrong, or the version is taken.
        GateError: a gate refused; the candidate's `evidence/gates.json` says why.
        LedgerError: what is there is not what was written.
    """
    check_version(request.version, trial=request.trial)
    if not request.workspace.is_dir():
        raise RecipeError(f"there is no workspace {request.workspace}")
    with _alone(request.workspace / RELEASES, "a release"), _alone(request.workspace / "takedowns", "a takedown"):
        if request.folder.exists():
            return _settle(request)
        with ExitStack() as stack:
            for name in dict.fromkeys(request.runs):
                folder = RunFolder(request.workspace / "runs" / name)
                if folder.path.is_dir():  # else the plan says what is wrong with its name
                    stack.enter_context(alone(folder))
            plan = _plan(request)
            aside = request.workspace / RELEASES / ".merging" / request.version
            built = build(plan, request.candidate, aside, executor, progress, memory, request.tokenizer)
            since = _since(request, built)
            progress.stage("gates", 1, "steps")
            return _publish(request, plan, built, since)


def is_entered(request: Request) -> bool:
    """Say whether the version stands there, and the registry knows it: then `release` makes nothing, but checks it."""
    if not request.folder.is_dir():
        return False
    with session(open_registry(request.workspace)) as opened:
        return opened.scalars(select(Release).where(Release.version == request.version)).first() is not None


@contextmanager
def _alone(folder: Path, what: str) -> Iterator[None]:
    """Keep others away from a folder; the system frees the lock when we die, however that happens."""
    folder.mkdir(exist_ok=True)
    with locked(folder / ".lock", f"{folder}: another process is at {what}; wait for it or end it first"):
        yield


def _plan(request: Request) -> Plan:
    """Check the request, and add what the registry knows: what is barred, and licences."""
    tokenizer = None if request.tokenizer is None else request.tokenizer.name
    plan = make_plan(
        request.version, request.runs, request.workspace, request.form, trial=request.trial, tokenizer=tokenizer
    )  # fmt: skip
    with session(open_registry(request.workspace)) as opened:
        return replace(plan, barred=_barred(opened, plan), licences=_licences(opened, plan))


def _barred(opened: Session, plan: Plan) -> frozenset[str]:
    return frozenset(barred(opened, sorted({part.source for part in plan.parts})))


def _licences(opened: Session, plan: Plan) -> dict[str, str]:
    named = select(Source).where(Source.name.in_({part.source for part in plan.parts}))
    return {one.name: one.licence for one in opened.scalars(named) if one.licence}


def _publish(request: Request, plan: Plan, built: Built, since: dict[str, Any]) -> dict[str, Any]:
    """Evaluate the gates, and if all pass, give the candidate its name; all in one transaction."""
    with session(open_registry(request.workspace)) as opened:
        known = opened.scalars(select(Release).where(Release.version == request.version)).first()
        _check_unchanged(request, plan, opened)
        findings = request.gates(opened, request.workspace, built.candidate)
        refused = [one for one in findings if not one.passed]
        at = now() if known is None else known.released_at
        manifest = _described(built, since, findings, opened, at, CANDIDATE if refused else RELEASED)
        if not refused:
            if known is not None and known.root != manifest["root"]:
                raise RecipeError(
                    f"the version {request.version} was released with other content (root {known.root[:16]}…) and has "
                    "gone since; a version is given once: choose another"
                )
            if known is None:
                _enter(opened, request, manifest, built.folder, at)
            else:
                record(opened, request.actor, "release made again", version=request.version, root=manifest["root"])
            _give_name(built.folder, request.folder)
            return manifest
        record(
            opened, request.actor, "release refused", version=request.version, data_root=manifest["data_root"],
            gates=[one.gate for one in refused],
        )  # fmt: skip
    lines = [f"  {one.gate}: {one.reason}" + (f"\n    → {one.remedy}" if one.remedy else "") for one in refused]
    raise GateError(
        f"{len(refused)} of {len(findings)} gates refuse the release {request.version}; nothing was released:\n"
        + "\n".join(lines)
        + f"\nThe candidate and why: {built.folder / 'evidence' / 'gates.json'}"
    )


def _check_unchanged(request: Request, plan: Plan, opened: Session) -> None:
    """Refuse a candidate that was overtaken while it was written: what was decided meanwhile counts."""
    if removed_ids(request.workspace) != plan.removed or _barred(opened, plan) != plan.barred:
        raise RecipeError("documents were taken down or sources barred while it was written: say the same again")
    if _licences(opened, plan) != plan.licences:
        raise RecipeError("the registry says another licence of a source than when it was written: say the same again")


def _described(
    built: Built, since: dict[str, Any], findings: Sequence[Finding], opened: Session, at: datetime, state: str
) -> dict[str, Any]:
    """Write evidence and manifest of a candidate; return the manifest."""
    data = built.manifest["files"]
    manifest = {key: value for key, value in built.manifest.items() if key not in {"files", "root"}}
    manifest |= since | {"state": state, "gates": [one.as_json() for one in findings]}
    write_evidence(built.folder, manifest, built.statistics, opened, at)
    manifest = finish(manifest, built.folder, data)
    write_json(built.folder / NAME, manifest)
    return manifest


def _since(request: Request, built: Built) -> dict[str, Any]:
    """Say which release came before, and how much of it stands as it stood."""
    query = select(Release).where(Release.version != request.version).order_by(Release.seq.desc()).limit(1)
    with session(open_registry(request.workspace)) as opened:  # a comparison takes longer than others should wait
        known = opened.scalars(select(Release.seq).where(Release.version == request.version)).first()
        before = opened.scalars(query if known is None else query.where(Release.seq < known)).first()
    if before is None:
        return {"previous": None, "kept": None}
    folder = request.workspace / RELEASES / before.version
    said = {"previous": {"version": before.version, "root": before.root}, "kept": None}
    old = read_json(folder / NAME)
    if old is not None and old.get("root") == before.root:
        there = {path: one for path, one in digests(old["files"], DATA).items() if (folder / path).is_file()}
        said["kept"] = compare(folder, there, built.folder, digests(built.manifest["files"], DATA))
    return said


def _enter(opened: Session, request: Request, manifest: dict[str, Any], folder: Path, at: datetime) -> None:
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


def _give_name(candidate: Path, folder: Path) -> None:
    for path in sorted(candidate.rglob("*"), reverse=True):
        flush(path)
    flush(candidate)
    candidate.rename(folder)
    flush(folder.parent)
    flush(candidate.parent)


def _settle(request: Request) -> dict[str, Any]:
    """End a release whose name is there already: enter it if nobody did; refuse if it is another one.

    Raises:
        RecipeError: the version stands for something else.
        LedgerError: it is not what was released.
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
        if known is None:
            statistics = read_json(request.folder / STATISTICS) or {}
            whole = Built(request.folder, manifest, statistics)
            refused = [one for one in request.gates(opened, request.workspace, whole.candidate) if not one.passed]
            if refused:
                shutil.rmtree(request.candidate, ignore_errors=True)
                request.candidate.parent.mkdir(exist_ok=True)
                request.folder.rename(request.candidate)
                raise GateError(
                    f"{request.version} was never entered as released, and gates refuse it by now: "
                    + "; ".join(one.reason for one in refused)
                )
            _enter(opened, request, manifest, request.folder, now())
    return manifest
