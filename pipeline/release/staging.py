"""A release from candidate to its name: gates, evidence, and one rename.

`<workspace>/releases/.candidates/<version>/` holds the candidate; under `<workspace>/releases/<version>/` stands a
release that is whole, or nothing. The rename happens in the transaction of the registry in which all gates passed and
the release was entered, as its last step but the commit. Who is killed between the two leaves a whole release that the
registry does not know: the next call enters it, if its gates still pass and it is what was built.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.database import now, open_registry, record, session
from pipeline.disk import disk_failures
from pipeline.errors import RecipeError
from pipeline.executor import Executor, Progress
from pipeline.lock import locked
from pipeline.registry import Release, Session, Source, select
from pipeline.release.building import Built, build
from pipeline.release.manifest import DATA, NAME, RELEASED, digests
from pipeline.release.pages import compare
from pipeline.release.plan import Plan, check_version, make_plan
from pipeline.release.publishing import RELEASES, Request, describe_release, enter, give_name, refuse
from pipeline.release.sealing import enter_seal, last_seal
from pipeline.release.settling import settle
from pipeline.removed import removed_ids
from pipeline.request.releases import covers
from pipeline.run import alone
from pipeline.sources.barring import barred
from pipeline.store import RunFolder, read_json

__all__ = ["Request", "is_entered", "release"]

DISK = "what stands under a version is whole, or nothing is there; make room and say the same again, which goes on"


def release(request: Request, executor: Executor, progress: Progress, memory: int) -> dict[str, Any]:
    """Make a release, or end one that was begun.

    Returns:
        Its manifest.

    Raises:
        RecipeError: the request is wrong, or the version is taken.
        GateError: a gate refused; the candidate's `evidence/gates.json` says why.
        LedgerError: what is there is not what was written.
        ServiceError: the disk is full or fails.
    """
    check_version(request.version, trial=request.trial)
    if not request.workspace.is_dir():
        raise RecipeError(f"there is no workspace {request.workspace}")
    with (
        disk_failures(DISK),
        _alone(request.workspace / RELEASES, "a release"),
        _alone(request.workspace / "takedowns", "a takedown"),
    ):
        if request.folder.exists():
            return settle(request)
        with ExitStack() as stack:
            for name in dict.fromkeys(request.runs):
                folder = RunFolder(request.workspace / "runs" / name)
                if folder.path.is_dir():  # else the plan says what is wrong with its name
                    stack.enter_context(alone(folder))
            plan = _plan(request)
            aside = request.workspace / RELEASES / ".merging" / request.version
            with session(open_registry(request.workspace)) as opened:
                seal = last_seal(opened, request.version)
            built = build(plan, request.candidate, aside, executor, progress, memory, request.tokenizer, seal)
            with session(open_registry(request.workspace)) as opened:
                enter_seal(opened, request.actor, request.version, built.folder, built.manifest)
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
        at = now() if known is None else known.released_at
        if all(one.passed for one in findings):
            manifest = describe_release(built, since, findings, opened, at, RELEASED)
            if known is not None and known.root != manifest["root"]:
                raise RecipeError(
                    f"the version {request.version} was released with other content (root {known.root[:16]}…) and has "
                    "gone since; a version is given once: choose another"
                )
            if known is None:
                enter(opened, request, manifest, built.folder, at)
            else:
                record(opened, request.actor, "release made again", version=request.version, root=manifest["root"])
            give_name(built.folder, request.folder)
            return manifest
        refused = refuse(request, built, since, findings, opened, at)
    raise refused


def _check_unchanged(request: Request, plan: Plan, opened: Session) -> None:
    """Refuse a candidate that was overtaken while it was written: what was decided meanwhile counts."""
    if removed_ids(request.workspace) != plan.removed or _barred(opened, plan) != plan.barred:
        raise RecipeError("documents were taken down or sources barred while it was written: say the same again")
    if _licences(opened, plan) != plan.licences:
        raise RecipeError("the registry says another licence of a source than when it was written: say the same again")


def _since(request: Request, built: Built) -> dict[str, Any]:
    """Say which release of its kind, trial or none, came before, and how much of it stands as it stood."""
    with session(open_registry(request.workspace)) as opened:  # a comparison takes longer than others should wait
        known = opened.scalars(select(Release).where(Release.version == request.version)).first()
        others = select(Release).where(Release.version != request.version)
        same_kind = others.where(Release.trial == request.trial)
        found = opened.scalars(same_kind if known is None else others.where(Release.version == known.previous)).all()
    before = _nearest(request.workspace, built.manifest, found)
    if before is None:
        return {"previous": None, "kept": None}
    folder = request.workspace / RELEASES / before.version
    said = {"previous": {"version": before.version, "root": before.root}, "kept": None}
    old = read_json(folder / NAME)
    if old is not None and old.get("root") == before.root:
        there = {path: one for path, one in digests(old["files"], DATA).items() if (folder / path).is_file()}
        said["kept"] = compare(folder, there, built.folder, digests(built.manifest["files"], DATA))
    return said


def _nearest(workspace: Path, manifest: Mapping[str, Any], found: Sequence[Release]) -> Release | None:
    """Return the last release that takes the same; if none does, the last that ours takes all of; if none, the last.

    Who holds a release learns what has left it from the next of its selection, whatever subsets came between.
    """

    def rank(one: Release) -> tuple[bool, bool, int]:
        theirs = read_json(workspace / RELEASES / one.version / NAME)
        takes_all = theirs is not None and covers(manifest, theirs)
        return takes_all and covers(theirs or {}, manifest), takes_all, one.seq

    return max(found, key=rank, default=None)
