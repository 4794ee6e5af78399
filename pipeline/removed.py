"""What was taken out of a workspace and stays out: of its runs, and of every release made from now on.

The list holds sources and ids, never a text or a personal value: where an id is or holds somebody's identifier, what
stands for it (`pipeline.veiled`). What is kept out before it has ever come is known by its salted hash only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
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
class Removed:
    """The list of a workspace."""

    documents: Named
    bans: frozenset[Ban]

    def fingerprint(self) -> str:
        """Digest it: a part that was looked through with this list need not be looked through again."""
        listed = sorted(self.documents)
        return (
            fingerprint(listed, [[ban.by, ban.token] for ban in sorted(self.bans)])
            if self.bans
            else fingerprint(listed)
        )


def load_removed(workspace: Path) -> Removed:
    """Read the list of a workspace; empty where nothing was taken out. Ids of older lists stand under both names."""
    stored = read_json(workspace / LIST) or {}
    documents = frozenset((one["source"], one["id"]) for one in stored.get("documents", []))
    documents = with_hidden(workspace, documents)
    return Removed(documents, frozenset(Ban(one["by"], one["token"]) for one in stored.get("bans", [])))


def removed_ids(workspace: Path) -> Named:
    """Return source and id of all that was taken out of a workspace: none of them may stand in a release."""
    return load_removed(workspace).documents


def write_removed(workspace: Path, removed: Removed) -> None:
    """Replace the list."""
    names = set(hidden(workspace, removed.documents).values())
    content: dict[str, Any] = {"documents": [{"source": s, "id": i} for s, i in sorted(names)]}
    if removed.bans:
        content["bans"] = [{"by": ban.by, "token": ban.token} for ban in sorted(removed.bans)]
    write_json(workspace / LIST, content)


def add_removed(workspace: Path, documents: Named, bans: Iterable[Ban] = ()) -> None:
    """Put documents, and what is to be kept out, on the list."""
    before = load_removed(workspace)
    write_removed(workspace, Removed(before.documents | documents, before.bans | frozenset(bans)))
