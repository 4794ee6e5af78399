"""What was taken out of a workspace and stays out: of its runs, and of every release made from now on.

The list holds sources and ids, never a text or a personal value: where an id is or holds somebody's identifier, what
stands for it (`pipeline.veiled`). What is kept out before it has ever come is known by its salted hash only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pipeline.store import fingerprint, read_json, write_json
from pipeline.veiled import Named, hidden, with_hidden

Way: TypeAlias = Literal["id", "url", "text", "hash", "subject"]
"""By what a request names documents."""

LIST = "takedowns.json"


@dataclass(frozen=True, slots=True, order=True)
class Ban:
    """Something that is kept out should it come: what names it, as a salted hash."""

    by: Way
    token: str


@dataclass(frozen=True, slots=True)
class Place:
    """What is kept of a document that is named by its place: salted hashes of its text and of its neighbours'."""

    text: str
    others: frozenset[str]


@dataclass(frozen=True, slots=True)
class Removed:
    """The list of a workspace."""

    documents: Named
    bans: frozenset[Ban]
    places: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    """By source and id. Those of them that are not among the documents are stale: another document stands there."""

    def is_stale(self, document: tuple[str, str]) -> bool:
        """Say whether another document stands at a place by now."""
        return document in self.places and document not in self.documents

    def fingerprint(self) -> str:
        """Digest it: a part that was looked through with this list need not be looked through again."""
        bans = [[ban.by, ban.token] for ban in sorted(self.bans)]
        places = [[*name, place.text] for name, place in sorted(self.places.items(), key=lambda one: one[0])]
        return fingerprint(sorted(self.documents), *([bans] if bans else []), *([places] if places else []))


def load_removed(workspace: Path) -> Removed:
    """Read the list of a workspace; empty where nothing was taken out. Ids of older lists stand under both names."""
    stored = read_json(workspace / LIST) or {}
    listed = stored.get("documents", [])
    documents = frozenset((one["source"], one["id"]) for one in listed if not one.get("stale"))
    places = {
        (one["source"], one["id"]): Place(one["text"], frozenset(one["others"])) for one in listed if "text" in one
    }  # fmt: skip
    documents = with_hidden(workspace, documents)
    return Removed(documents, frozenset(Ban(one["by"], one["token"]) for one in stored.get("bans", [])), places)


def removed_ids(workspace: Path) -> Named:
    """Return source and id of all that was taken out of a workspace: none of them may stand in a release."""
    return load_removed(workspace).documents


def write_removed(workspace: Path, removed: Removed) -> None:
    """Replace the list."""
    names = set(hidden(workspace, removed.documents).values())
    stale = set(removed.places) - removed.documents

    def entry(name: tuple[str, str]) -> dict[str, Any]:
        place = removed.places.get(name)
        said = {} if place is None else {"text": place.text, "others": sorted(place.others)}
        return {"source": name[0], "id": name[1], **said, **({"stale": True} if name in stale else {})}

    content: dict[str, Any] = {"documents": [entry(name) for name in sorted(names | stale)]}
    if removed.bans:
        content["bans"] = [{"by": ban.by, "token": ban.token} for ban in sorted(removed.bans)]
    write_json(workspace / LIST, content)


def add_removed(
    workspace: Path, documents: Named, bans: Iterable[Ban] = (), places: Mapping[tuple[str, str], Place] | None = None
) -> None:
    """Put documents, what is to be kept out, and what is known of places, on the list."""
    before = load_removed(workspace)
    known = {**before.places, **(places or {})}
    write_removed(workspace, Removed(before.documents | documents, before.bans | frozenset(bans), known))


def restate_places(workspace: Path, others: Named, moved: Mapping[tuple[str, str], Place]) -> None:
    """Note at which places other documents stand by now, and where those that were taken out have moved to."""
    before = load_removed(workspace)
    documents = (before.documents - others) | frozenset(moved)
    write_removed(workspace, Removed(documents, before.bans, {**before.places, **moved}))
