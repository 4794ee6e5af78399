"""Where a row of a release comes from: file and proof, run, edits, verdicts and masks, source and papers, labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from filters.personal_lexicon import categories
from pipeline.database import open_registry, session
from pipeline.errors import RecipeError
from pipeline.explain import explain
from pipeline.recipe import stored_recipe
from pipeline.registry import Answer, Assignment, Draw, Item, Round, Session, select
from pipeline.release import merkle
from pipeline.release.facts import source_facts
from pipeline.release.manifest import digests, leaves_of, read_manifest, sha256_of
from pipeline.removed import removed_ids
from pipeline.request.releases import data_files, id_in_run
from pipeline.runs import Run, open_run
from pipeline.salt import salt_of
from pipeline.store import read_json, read_range, read_table
from pipeline.veiled import is_veiled, veiled_id, veiled_in

EXCERPT_CHARS = 120


def trace(release: Path, identity: str, workspace: Path) -> dict[str, Any]:
    """Collect what is known of a row.

    Args:
        release: its folder, or a copy of it.
        identity: the row's id in the release.
        workspace: of the run and the registry; what is not there any more is said.

    Raises:
        RecipeError: the folder holds no release, or the release has no such row.
    """
    manifest = read_manifest(release)
    path, number, row = _find(release, identity, workspace)
    source, own = row["source"], id_in_run(row)
    found: dict[str, Any] = {
        "release": {key: manifest.get(key) for key in ("version", "trial", "state", "root", "data_root", "previous")},
        "row": {key: row[key] for key in row if key not in {"text", "meta"}} | {"excerpt": row["text"][:EXCERPT_CHARS]},
        "file": _proof(release, manifest, path) | {"row": number},
        "made_by": next((one for one in manifest["runs"] if one["name"] == row["run"]), None),
        "taken_down_since": (source, own) in removed_ids(workspace),
    }
    stored = read_json(release / "evidence/sources.json") or {"sources": {}}
    found["source"] = {"name": source, "at_release": stored["sources"].get(source)}
    try:
        run = open_run(row["run"], workspace)
        own = _own_id(run, source, own, workspace)
        found["document"] = _document(run, own, row["text"])
    except RecipeError as error:
        found["document"] = {"missing": str(error)}
    if (workspace / "registry.db").exists() or workspace.is_dir():
        with session(open_registry(workspace)) as opened:
            found["source"]["now"] = source_facts(opened, source)
            found["labels"] = _labels(opened, own, row, manifest)
    return found


def _own_id(run: Run, source: str, identity: str, workspace: Path) -> str:
    """Return the id that a row has in its run, where the release has something that stands for it."""
    if not is_veiled(identity):
        return identity
    wanted = frozenset({(source, identity)})
    for number in run.judged:
        for _, own in veiled_in(run.folder.part("documents", number), wanted, salt_of(workspace)):
            return own
    raise RecipeError(f'run "{run.name}" has no document that "{identity}" stands for, by the salt of {workspace}')


def _find(release: Path, identity: str, workspace: Path) -> tuple[Path, int, dict[str, Any]]:
    """Find a row by its id, or by the one that it had before something stood for it."""
    manifest = read_manifest(release)
    stands: list[str] = []
    if manifest.get("veiled", {}).get("ids") and workspace.is_dir():
        stands = [veiled_id(salt_of(workspace), source, identity) for source in manifest["sources"]]
    for one in (identity, *stands):
        for path in data_files(release):
            place = pc.index(read_table(path, ["id"])["id"], one).as_py()
            if place >= 0:
                (row,) = read_range(path, place, place + 1).to_pylist()
                return path, int(place), row
    raise RecipeError(f'the release {release} has no row "{identity}"')


def _proof(release: Path, manifest: dict[str, Any], path: Path) -> dict[str, Any]:
    """Prove that the row's file is one of the release: its digest, and the way from there to the root."""
    name = path.relative_to(release).as_posix()
    if name not in digests(manifest["files"]):
        raise RecipeError(f"{name} is not in the manifest of {release}: `qingyuan verify` says what is wrong")
    files = leaves_of(manifest)
    names = sorted(files)
    leaves = [merkle.leaf(one, files[one]) for one in names]
    number = names.index(name)
    way = merkle.proof(leaves, number)
    ours = merkle.leaf(name, sha256_of(path))
    proved = merkle.proves(way, ours, number, len(names), bytes.fromhex(manifest["root"]))
    return {
        "path": name, "sha256": files[name], "leaf": number, "leaves": len(names), "proof": [one.hex() for one in way],
        "root": manifest["root"], "proved": proved,
    }  # fmt: skip


def _document(run: Run, identity: str, released: str) -> dict[str, Any]:
    """Say where the document was read, what was changed and measured, and that masks account for the released text."""
    said = explain(run, identity)
    if said["verdict"] == "quarantined":
        return {"missing": f"the run {run.name} has it in quarantine now"}
    number, document = _stored(run, identity)
    masks = mask_places(document["text"], document["spans"], released)
    form = stored_recipe(run.folder.path / "recipe.toml")
    given = next((one for one in form.sources if one.name == document["source"]), None)
    scan = read_json(run.folder.receipt("scan", number)) or {}
    return {
        "run": run.name, "part": number, "input": None if given is None else given.path,
        "origin": said["origin"], "meta": said["meta"], "scan": scan.get("fingerprint"), "edits": said["edits"],
        "verdict": {key: said[key] for key in ("verdict", "reason", "failed", "review")}, "rules": said["rules"],
        "attributes": {k: v for k, v in said["attributes"].items() if k != "personal.spans"},
        "cluster": {key: said["cluster"][key] for key in ("cluster", "size", "of", "of_run", "jaccard", "members")},
        "masks": masks, "text_accounted_for": masks is not None,
    }  # fmt: skip


def _stored(run: Run, identity: str) -> tuple[int, dict[str, Any]]:
    for number in run.judged:
        path = run.folder.part("documents", number)
        place = pc.index(read_table(path, ["id"])["id"], identity).as_py()
        if place >= 0:
            (document,) = read_range(path, place, place + 1).to_pylist()
            (measured,) = read_range(run.folder.part("attributes", number), place, place + 1).to_pylist()
            spans = [(one["start"], one["end"], one["kind"]) for one in measured.get("personal.spans") or ()]
            return number, {**document, "spans": spans}
    raise RecipeError(f'run "{run.name}" has no document "{identity}"')


def mask_places(text: str, spans: Sequence[tuple[int, int, str]], released: str) -> list[dict[str, Any]] | None:
    """Say what became of each span of personal data, by comparing the stored text with the released one.

    Returns:
        kind, place in the stored text, place in the released one, and what was done; never a value. None if masks do
        not account for every character of the released text: it was made from another text.
    """
    places, last, at = [], 0, 0
    for start, end, kind in spans:
        gap, value = text[last:start], text[start:end]
        name = categories()[kind].placeholder
        if not released.startswith(gap, at):
            return None
        at += len(gap)
        begin = at
        if released.startswith(f"[{name}]", at) and value != f"[{name}]":
            at, done = at + len(name) + 2, "masked"
        elif released.startswith(f"[{name}#", at):
            at, done = released.index("]", at) + 1, "pseudonymised"
        elif released.startswith(value, at):
            at, done = at + len(value), "kept"
        else:
            return None
        places.append({"kind": kind, "start": start, "end": end, "released": [begin, at], "done": done})
        last = end
    return places if released[at:] == text[last:] else None


def _labels(
    opened: Session, document: str, row: Mapping[str, Any], manifest: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return what people said of a document, in rounds about its run and samples of its source or release.

    People are told by their pseudonyms; in the sample of a release documents are called by run and id.
    """
    of_release = (Draw.release == manifest["version"]) & (Draw.root == manifest["documents_root"])
    of_source = (Draw.source == row["source"]) & (Draw.run == row["run"])
    about = ((Item.document == document) & ((Round.run == row["run"]) | Round.name.in_(_asked(of_source)))) | (
        (Item.document == f"{row['run']}/{row['id']}") & Round.name.in_(_asked(of_release))
    )
    query = (
        select(Round, Item, Assignment, Answer)
        .join(Item, Item.round == Round.id).join(Assignment, Assignment.item == Item.id)
        .join(Answer, Answer.assignment == Assignment.id)
        .where(about, Answer.latest, Answer.valid)
        .order_by(Answer.id)
    )  # fmt: skip
    return [
        {
            "round": round_.name, "kind": round_.kind, "rule_version": round_.rule_version, "role": assignment.role,
            "contributor": assignment.contributor, "label": answer.label, "at": answer.at.isoformat(),
            "item_state": item.state,
        }
        for round_, item, assignment, answer in opened.execute(query)
    ]  # fmt: skip


def _asked(samples: Any) -> Any:  # noqa: ANN401 - parts of a query
    """Return the names of the rounds that asked people about some samples."""
    return select(Draw.labels).where(samples, Draw.labels.is_not(None))
