"""Taking documents out of the indexes and runs of a workspace, with proof of every file that was written anew.

Their neighbours come back by themselves: the next run of a recipe finds its clusters without them, and the best that is
left of each survives. Whatever is killed on the way, the same command ends it.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.cluster_members import unknown_clusters, with_members
from pipeline.errors import LedgerError, RecipeError
from pipeline.index import GONE, Index, at_index, open_index, removal_digest, signing_of
from pipeline.indexing import purge, restate
from pipeline.lock import locked
from pipeline.removal import forget_copies, forget_traces, remove_documents
from pipeline.removed import Ban, add_removed
from pipeline.request.beside import alone_at_rounds, forget_beside, inputs_of, tokens_of
from pipeline.request.demand import Ids
from pipeline.request.places import places_of
from pipeline.request.releases import Held, account, holding
from pipeline.request.resemblance import Resembling, folded_texts, near_duplicates
from pipeline.request.search import Report, find_in_run, numbers_of, runs_of, silent, unveiled
from pipeline.run import alone
from pipeline.salt import FOLDER, salt_of
from pipeline.segment import name_keys, name_of
from pipeline.signing import Signing
from pipeline.store import RunFolder, digest_file, fingerprint, read_json, write_json
from pipeline.veiled import Named, hidden


@dataclass
class _Proof:
    """What is known of every file: its digest before it is written anew, noted first, and after.

    It is stored whenever it grows; what a takedown that was killed left open, the same one closes.
    """

    path: Path
    content: dict[str, Any]

    def save(self) -> None:
        write_json(self.path, self.content)

    def note_parts(self, run: str, files: list[dict[str, Any]]) -> None:
        """Note files of a run, before (`after` is empty) or after they are written anew."""
        entries = self.content["runs"]
        for file in files:
            same = ("run", "part", "table")
            found = {"run": run, **file}
            still = [one for one in entries if not one["after"] and all(one[key] == found[key] for key in same)]
            if not still:
                entries.append(found)
            elif file["after"]:
                still[0]["after"] = file["after"]
        self.save()

    def close_parts(self, folder: RunFolder) -> None:
        """Say of the files that a killed takedown had written anew what they are now."""
        ours = [one for one in self.content["runs"] if one["run"] == folder.path.name and not one["after"]]
        for one in ours:
            path = folder.part(one["table"], one["part"])
            one["after"] = digest_file(path) if path.exists() else "removed"
            if one["after"] == one["before"]:
                self.content["runs"].remove(one)
        if ours:
            self.save()

    def note_index(self, index: Index, documents: int, before: dict[str, dict[str, str]]) -> None:
        """Note the segments of an index that are to be written anew; `after` is None until they are."""
        entry = self.open_index(index.path.name)
        if entry is None:
            entry = {"index": index.path.name, "documents": 0, "before": {}, "after": None, "since": index.next}
            self.content["index"].append(entry)
        entry["documents"] = max(entry["documents"], documents)
        entry["before"] = before | entry["before"]
        self.save()

    def note_input(self, workspace: Path, documents: Named) -> frozenset[str]:
        """Note where in the input documents stand, and the salted hashes of their texts; return these, of all times."""
        known = {json.dumps(one): one for one in self.content.get("input", [])}
        known |= {json.dumps(one): one for one in inputs_of(workspace, documents)}
        self.content["input"] = list(known.values())
        tokens = tokens_of(workspace, documents) | frozenset(self.content.get("texts", []))
        self.content["texts"] = sorted(tokens)
        self.save()
        return tokens

    def note_beside(self, file: str, before: str, after: str, texts: int) -> None:
        """Note a file beside runs, before (`after` is empty) or after it is written anew or removed."""
        entries = self.content.setdefault("beside", [])
        still = [one for one in entries if one["file"] == file and not one["after"]]
        if still:
            still[0]["after"] = after
        else:
            entries.append({"file": file, "before": before, "after": after, "texts": texts})
        self.save()

    def close_beside(self, workspace: Path) -> None:
        """Say of the files that a killed takedown had written anew what they are now."""
        for one in [one for one in self.content.get("beside", []) if not one["after"]]:
            one["after"] = digest_file(workspace / one["file"])
            if one["after"] == one["before"]:
                self.content["beside"].remove(one)
            self.save()

    def note_releases(self, workspace: Path, held: dict[str, list[Held]]) -> None:
        """Note which releases hold any of the documents: as found now, and by the same one before it was killed."""
        known = {one["release"]: [Held(**row) for row in one["rows"]] for one in self.content.get("releases", [])}
        both = {
            version: list(dict.fromkeys((*known.get(version, []), *held.get(version, [])))) for version in known | held
        }
        self.content["releases"] = account(workspace, both)
        self.save()

    def open_index(self, name: str) -> dict[str, Any] | None:
        """Return what is noted of an index that is not done."""
        found = (one for one in self.content["index"] if one["index"] == name and one["after"] is None)
        return next(found, None)


def take_down(
    workspace: Path,
    documents: Named,
    indexes: Sequence[str] | None,
    memory: int,
    *,
    twins: bool = False,
    bans: Sequence[Ban] = (),
    report: Report = silent,
) -> dict[str, Any]:
    """Take documents out of indexes and of all runs of a workspace.

    Args:
        workspace: of the runs and indexes.
        documents: source and id of each.
        indexes: names of those to take them out of; None for all.
        memory: bytes that it may use.
        twins: also those in a cluster with them, in any run, and whatever resembles any of these, in any run or index.
        bans: what is to be kept out besides, should it come.
        report: told how far the search for twins is.

    Returns:
        The proof, which is also written: for every file its digest before and after; the releases that hold any of the
        documents. Done again, it is the same.

    Raises:
        RecipeError: there is no such index, or another process is at it, at a run, or at a takedown.
        LedgerError: an index holds documents still that were taken out.
    """
    check_possible(workspace, indexes, twins=False)
    with alone_at(workspace), alone_at_rounds(workspace):
        banned = [[ban.by, ban.token] for ban in sorted(bans)]
        asked = sorted(set(hidden(workspace, documents).values()))
        named = fingerprint(asked, *(["twins"] if twins else []), *([banned] if banned else []))
        path = workspace / FOLDER / f"{named}.json"
        proof = _Proof(path, read_json(path) or {"documents": [], "index": [], "runs": []})
        # Of a takedown that was killed, some clusters are gone already: it has noted who was in them.
        documents |= frozenset((source, identity) for source, identity in proof.content["documents"])
        documents |= unveiled(workspace, documents)
        resembling = None
        if twins:
            documents, resembling = _with_twins(workspace, documents, proof, report)
        runs = ((one.part("documents", number) for number in numbers_of(one)) for one in runs_of(workspace))
        places = places_of(runs, documents, salt_of(workspace))
        add_removed(workspace, documents, bans, places)  # before all else: from here on nothing brings them back
        proof.content["documents"] = [list(one) for one in sorted(set(hidden(workspace, documents).values()))]
        proof.save()
        known = documents | _own_names(workspace, documents)
        proof.note_releases(workspace, holding(workspace, known, resembling=resembling))
        tokens = proof.note_input(workspace, documents)  # while the runs still have them
        forget_beside(workspace, known, tokens, proof.note_beside)
        proof.close_beside(workspace)
        for index in _indexes(workspace) if indexes is None else [workspace / "index" / name for name in indexes]:
            _from_index(index, known, memory, proof)
        for run in sorted(one for one in (workspace / "runs").glob("*") if one.is_dir()):
            folder = RunFolder(run)
            with alone(folder):
                remove_documents(folder, numbers_of(folder), documents, partial(proof.note_parts, run.name))
                proof.close_parts(folder)
                forget_copies(folder)
                forget_traces(folder, documents)
        return proof.content | {"proof": str(path)}


def check_possible(workspace: Path, indexes: Sequence[str] | None, *, twins: bool) -> None:
    """Refuse what could not be taken out now, before anything is entered or begun.

    Raises:
        RecipeError: there is no such index, or who is in clusters is not known.
    """
    for name in indexes or ():
        signing_of(workspace / "index" / name)
    unknown = unknown_clusters(workspace) if twins else []
    if unknown:
        raise _unknown(unknown)


def _unknown(runs: Sequence[str]) -> RecipeError:
    return RecipeError(
        f"who is in clusters of the runs {', '.join(runs)} is not known, as they are not done: "
        "run their recipes first (or remove the runs), or leave out --twins"
    )


def _own_names(workspace: Path, documents: Named) -> Named:
    """Return the documents by the ids that they go by in indexes, releases and rounds, whatever they are named by.

    They are not put on the list: there, an id also means those that gave it up, which nobody has named.
    """
    return frozenset().union(*(find_in_run(folder, Ids(documents)) for folder in runs_of(workspace)))


def _with_twins(workspace: Path, documents: Named, proof: _Proof, report: Report) -> tuple[Named, Resembling]:
    """Add whoever is in a cluster with some documents or resembles them, and with these, to the last."""
    before: Named = frozenset()
    while before != documents:
        before = documents
        documents, unknown = with_members(workspace, documents)
        if unknown and not proof.path.exists():
            raise _unknown(unknown)
        near, other = near_duplicates(workspace, documents, report)
        proof.content["not_compared"] = other
        documents |= near
    return documents, Resembling(folded_texts(workspace, documents))


@contextmanager
def alone_at(workspace: Path) -> Iterator[None]:
    """Keep other takedowns away from a workspace: two that add to its list at once would lose an entry."""
    folder = workspace / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with locked(folder / ".lock", f"{workspace}: another takedown is at work here; do this one when it is done"):
        yield


def _indexes(workspace: Path) -> list[Path]:
    return sorted(one for one in (workspace / "index").glob("*") if one.is_dir())


def _from_index(path: Path, documents: Named, memory: int, proof: _Proof) -> None:
    """Take documents out of an index: first their status says so, then their segments are written anew without them."""
    with at_index(path):
        if not (path / "index.json").exists():  # its first run was killed: all it left is rubbish
            Index(path, Signing()).sweep()
            return
        signing = signing_of(path)
        index = open_index(path, signing)
        index.sweep()
        names = {name_of(*document) for document in documents}
        segments = index.open()
        status = [segment.status.copy() for segment in segments]
        found = 0
        for entry, segment in zip(index.segments, segments, strict=True):
            rows = np.sort(segment.lookup(signing.bands + 1, np.unique(name_keys(names))))
            ours = [name in names for name in segment.read(rows, texts=False).names]
            # Also what is gone already because a later run replaced it: it is to leave no trace.
            segment.status[rows[np.array(ours, np.bool_)]] |= GONE
            found += sum(ours)
            if any(ours):
                entry["taken_out"] = True
        out = [entry["name"] for entry in index.segments if entry.get("taken_out")]
        if out:
            restate(index, segments, status)
            known = set(index.removals)
            index.removals += sorted({removal_digest(*document) for document in documents} - known)
            proof.note_index(index, found, {name: _digests(path / name) for name in out})
            index.save()
            purge(path, signing, memory)
        after = open_index(path, signing)
        left = [entry["name"] for entry in after.segments if entry.get("taken_out")]
        if left:
            raise LedgerError(f"{path}: {left} still hold what was taken out; run the same command again")
        noted = proof.open_index(path.name)
        if noted is not None:
            since = noted.pop("since")
            noted["after"] = {e["name"]: _digests(path / e["name"]) for e in after.segments if int(e["name"]) >= since}
            proof.save()


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: digest_file(path) for path in sorted(folder.iterdir())}
