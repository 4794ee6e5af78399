"""From a request to its proof: what it names is searched for, entered, taken out, and can be put back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.database import open_registry, session
from pipeline.errors import QingyuanError, RecipeError
from pipeline.registry import Engine
from pipeline.removed import Ban, Removed, load_removed, write_removed
from pipeline.request import records
from pipeline.request.clock import Clock
from pipeline.request.demand import Demand, Ids
from pipeline.request.records import Asked
from pipeline.request.releases import Held, account, holding
from pipeline.request.search import Report, numbers_of, runs_of, search, silent
from pipeline.request.waiting import begin, looked_through, named_by, open_file
from pipeline.run import alone
from pipeline.salt import FOLDER, salt_of
from pipeline.store import read_json, withdraw, write_bytes, write_json
from pipeline.takedown import alone_at, check_possible, take_down
from pipeline.veiled import Named, hidden, with_hidden


@dataclass(frozen=True, slots=True)
class Manner:
    """How far a takedown goes."""

    indexes: tuple[str, ...] | None = None
    twins: bool = False
    ban: bool = False
    """Also keep out what is named should it come later, and where nothing has it."""
    memory: int = 1_500_000_000


@dataclass(frozen=True, slots=True)
class Sought:
    """What a request names, as found."""

    documents: Named
    runs: dict[str, int]
    indexes: dict[str, int]
    releases: dict[str, list[Held]]
    missing: tuple[tuple[str, str], ...] = ()
    """Of those named by id, the ones that nothing has."""

    def as_json(self) -> dict[str, Any]:
        """Return it for `--dry-run`."""
        return {
            "documents": [list(one) for one in sorted(self.documents)], "runs": self.runs, "indexes": self.indexes,
            "releases": {version: len(rows) for version, rows in self.releases.items()},
            "missing": [list(one) for one in self.missing],
        }  # fmt: skip


def check_workspace(workspace: Path) -> None:
    """Refuse a folder that is no workspace.

    Raises:
        RecipeError: it holds neither runs nor indexes nor releases.
    """
    if not any((workspace / name).is_dir() for name in ("runs", "index", "releases")):
        raise RecipeError(f"{workspace} is no workspace: it has no runs, indexes or releases; say --workspace")


def seek(workspace: Path, demand: Demand, report: Report = silent) -> Sought:
    """Look everywhere for what a request names; nothing is written."""
    found = search(workspace, demand, report)
    held = holding(workspace, found.documents, demand)
    named = {(one.source, one.id) for rows in held.values() for one in rows}
    missing: list[tuple[str, str]] = []
    if isinstance(demand, Ids):
        unsettled = sorted(demand.documents - found.documents - named)
        # One that gave its id up, or is named by its place, is found under another name.
        missing = [one for one in unsettled if not search(workspace, Ids(frozenset({one}))).documents]
    return Sought(
        frozenset(hidden(workspace, found.documents | named).values()),  # a run and a release name one differently
        {name: len(documents) for name, documents in found.runs.items()},
        {name: len(documents) for name, documents in found.indexes.items()},
        held,
        tuple(missing),
    )


def _hint(workspace: Path, demand: Demand) -> str:
    if isinstance(demand, Ids):
        sources = {run_source for folder in runs_of(workspace) for run_source in _sources(folder.path)}
        unknown = sorted({source for source, _ in demand.documents} - sources)
        if unknown:
            return f"; no run has a source {', '.join(unknown)}, but: {', '.join(sorted(sources)) or 'none'}"
    return ""


def _sources(run: Path) -> set[str]:
    receipts = (read_json(path) for path in (run / "receipts/scan").glob("part-*.json"))
    return {receipt["source"] for receipt in receipts if receipt is not None}


def ask(
    workspace: Path, demand: Demand, asked: Asked, clock: Clock, manner: Manner, *, pending: bool, report: Report
) -> dict[str, Any]:
    """Enter a request, and unless it is to wait for a decision, take out what it names.

    Raises:
        RecipeError: nothing has it, and it is not to be banned; or it cannot be taken out now, and is not entered.
        QingyuanError: it could not be taken out to the end; what is said names the request that it is entered as.
    """
    check_workspace(workspace)
    bans = demand.bans(b"") if manner.ban else frozenset()  # a passage cannot be: said before anything is done
    engine = open_registry(workspace)
    with session(engine) as opened:
        looked = looked_through(workspace, opened)
    sought = seek(workspace, demand, report)
    with session(engine) as opened:
        known = records.same_request(opened, demand.selector(salt_of(workspace)), twins=manner.twins)
        number = None if known is None else known.request
        state = None if known is None else records.describe(opened, known.request, clock)["state"]
    left = named_by(workspace, number) if number is not None else None
    if not manner.ban and left is None and state != "granted" and (sought.missing or not sought.documents):
        what = ", ".join(f"{source} {identity}" for source, identity in sought.missing) or f"this {demand.by}"
        raise RecipeError(
            f"nothing in {workspace} has {what}: no run, index or release{_hint(workspace, demand)}. Nothing was "
            "changed; --ban keeps it out should it come"
        )
    in_force = not bans or demand.bans(salt_of(workspace)) <= load_removed(workspace).bans
    gone = in_force and not (sought.runs or sought.indexes)
    if state == "granted" and left is None and gone and number is not None:
        return show(workspace, number, clock) | {"again": True}
    if number is None or state == "granted":
        check_possible(workspace, manner.indexes, twins=manner.twins and not pending)
        with session(engine) as opened:
            number = records.open_request(
                opened, workspace, demand, asked, clock, twins=manner.twins, banned=manner.ban
            )  # fmt: skip
    # As they were named, where they were: a run knows more names of a document than the one it goes by.
    documents = demand.documents if isinstance(demand, Ids) else sought.documents
    documents |= frozenset(map(tuple, (left or {}).get("documents", [])))
    salted_bans = demand.bans(salt_of(workspace)) if bans else frozenset()
    salted_bans |= frozenset(Ban(by, token) for by, token in (left or {}).get("bans", []))
    names = sorted(set(hidden(workspace, documents).values()))
    keep = {
        "documents": [list(one) for one in names], "bans": [[ban.by, ban.token] for ban in sorted(salted_bans)],
        "indexes": manner.indexes, "twins": manner.twins, "memory": manner.memory, **looked,
        "begun": (left or {}).get("begun", False),
    }  # fmt: skip
    write_json(open_file(workspace, number), keep)
    if pending:
        return show(workspace, number, clock) | {"waits_for": f"qingyuan takedown decide {number} granted|refused"}
    try:
        return carry_out(workspace, number, asked.operator, clock, report)
    except QingyuanError as error:
        how = f"say the same again once that is mended, or qingyuan takedown decide {number} granted"
        raise type(error)(f"{error}\nIt is entered as request {number}, which stays open: {how}") from error


def carry_out(workspace: Path, number: int, operator: str, clock: Clock, report: Report = silent) -> dict[str, Any]:
    """Take out what an open request names, and note that it is granted.

    Raises:
        RecipeError: there is no such request, nothing of it waits, or it cannot be taken out now.
    """
    engine = open_registry(workspace)
    with session(engine) as opened:
        records.find_request(opened, number)
    kept = named_by(workspace, number)
    if kept is None:
        raise RecipeError(f"nothing of request {number} waits to be taken out; see `qingyuan takedown show {number}`")
    documents = frozenset((source, identity) for source, identity in kept["documents"])
    bans = [Ban(by, token) for by, token in kept["bans"]]
    if not kept.get("begun"):
        check_possible(workspace, kept["indexes"], twins=kept["twins"])
    begin(workspace, number, kept)
    proof = take_down(
        workspace, documents, kept["indexes"], kept["memory"], twins=kept["twins"], bans=bans, report=report
    )
    path = Path(proof["proof"])
    stored = read_json(path) or {}
    stored["requests"] = sorted({*stored.get("requests", []), number})
    stored["bans"] = sorted({*map(tuple, stored.get("bans", [])), *((ban.by, ban.token) for ban in bans)})
    write_json(path, stored)
    with session(engine) as opened:
        records.grant(
            opened, number, operator, documents=len(proof["documents"]), proof=path.stem, digest=_sha256(path)
        )
    withdraw(open_file(workspace, number))
    return stored | {
        "proof": str(path), "request": _described(engine, number, clock), "run_again": _unfinished(workspace, stored)
    }  # fmt: skip


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _described(engine: Engine, number: int, clock: Clock) -> dict[str, Any]:
    with session(engine) as opened:
        return records.describe(opened, number, clock)


def show(workspace: Path, number: int, clock: Clock) -> dict[str, Any]:
    """Return a request and its proof, with the releases as they stand today; a proof that grew is sealed anew."""
    engine = open_registry(workspace)
    request = _described(engine, number, clock)
    path = workspace / FOLDER / f"{request['proof']}.json"
    stored = read_json(path) if request["proof"] else None
    if stored is None or request["state"] == "revoked":
        return {"request": request}
    held = {one["release"]: [Held(**row) for row in one["rows"]] for one in stored.get("releases", [])}
    documents = frozenset((source, identity) for source, identity in stored["documents"])
    listed = load_removed(workspace)
    fresh = holding(workspace, frozenset(one for one in documents if not listed.is_stale(one)))
    releases = account(workspace, fresh | held)
    if releases != stored.get("releases", []):
        write_json(path, stored | {"releases": releases})
        with session(engine) as opened:
            records.grant(
                opened, number, "show", documents=request["documents"], proof=path.stem, digest=_sha256(path)
            )  # fmt: skip
        request = _described(engine, number, clock)
    return {
        **(read_json(path) or {}), "proof": str(path), "request": request, "run_again": _unfinished(workspace, stored)
    }  # fmt: skip


def _unfinished(workspace: Path, proof: Mapping[str, Any]) -> list[str]:
    """Return the runs that have lost documents and were not run again since: of these no release is made."""
    names = sorted({one["run"] for one in proof["runs"]})
    return [name for name in names if not (workspace / "runs" / name / "run.json").exists()]


def revoke(workspace: Path, number: int, operator: str, why: str) -> dict[str, Any]:
    """Undo a takedown: what it alone took out is on the list no more, and the next run reads it again.

    What was written anew stays as it is until then: the input is where the documents come back from.

    Raises:
        RecipeError: the request was not granted, or another takedown is at work.
    """
    check_workspace(workspace)
    with alone_at(workspace), session(open_registry(workspace)) as opened:
        removal = records.mark_revoked(opened, number, operator, why)
        path = workspace / FOLDER / f"{removal.proof}.json"
        stored = read_json(path) or {"documents": [], "runs": []}
        requests = [one for one in stored.get("requests", []) if one != number]
        if requests:  # another one asks for the same
            write_json(path, stored | {"requests": requests})
            return {"request": number, "documents": 0, "runs": [], "still_asked_for_by": requests}
        others = [read_json(one) or {} for one in sorted((workspace / FOLDER).glob("*.json")) if one != path]
        listed = load_removed(workspace)
        kept = frozenset((source, identity) for one in others for source, identity in one.get("documents", []))
        banned = frozenset(Ban(by, token) for one in others for by, token in one.get("bans", []))
        ours = frozenset((source, identity) for source, identity in stored["documents"]) - kept
        ours = with_hidden(workspace, ours)
        bans = frozenset(Ban(by, token) for by, token in stored.get("bans", [])) - banned
        runs = _read_again(workspace)
        write_bytes(workspace / FOLDER / "revoked" / f"{removal.proof}-{number}.json", path.read_bytes())
        places = {name: one for name, one in listed.places.items() if name not in ours}
        write_removed(workspace, Removed(listed.documents - ours, listed.bans - bans, places))
        path.unlink(missing_ok=True)
        return {"request": number, "documents": len(ours), "runs": runs, "still_asked_for_by": []}


def _read_again(workspace: Path) -> list[str]:
    """Make the next run read the shards again that lost anything; what others asked for leaves them again."""
    runs = []
    for folder in runs_of(workspace):
        with alone(folder):
            receipts = [folder.receipt("scan", number) for number in numbers_of(folder)]
            lost = [path for path in receipts if (read_json(path) or {}).get("taken_down")]
            withdraw(*lost)
            runs += [folder.path.name] if lost else []
    return runs
