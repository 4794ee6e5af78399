"""What was taken out of a workspace and stays out: of its runs, and of every release made from now on.

The list holds sources and ids, never a text or a personal value. What is kept out before it has ever come is known by
its salted hash only.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.store import fingerprint, read_json, write_json

Named: TypeAlias = frozenset[tuple[str, str]]
"""Source and id of documents."""

Way: TypeAlias = Literal["id", "url", "text", "hash", "subject"]
"""By what a request names documents."""

LIST = "takedowns.json"
FOLDER = "takedowns"
"""Of proofs and of what requests asked for; closed to others."""

_SALT_BYTES = 32


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

    def among(self, table: pa.Table | pa.RecordBatch) -> NDArray[np.bool_]:
        """Say of each row of a table with `source` and `id` whether it is on the list: bool[rows]."""
        pairs = zip(table["source"].to_pylist(), table["id"].to_pylist(), strict=True)
        return np.fromiter((pair in self.documents for pair in pairs), np.bool_, table.num_rows)


def load_removed(workspace: Path) -> Removed:
    """Read the list of a workspace; empty where nothing was taken out."""
    stored = read_json(workspace / LIST) or {}
    documents = frozenset((one["source"], one["id"]) for one in stored.get("documents", []))
    return Removed(documents, frozenset(Ban(one["by"], one["token"]) for one in stored.get("bans", [])))


def removed_ids(workspace: Path) -> Named:
    """Return source and id of all that was taken out of a workspace: none of them may stand in a release."""
    return load_removed(workspace).documents


def write_removed(workspace: Path, removed: Removed) -> None:
    """Replace the list."""
    content: dict[str, Any] = {"documents": [{"source": s, "id": i} for s, i in sorted(removed.documents)]}
    if removed.bans:
        content["bans"] = [{"by": ban.by, "token": ban.token} for ban in sorted(removed.bans)]
    write_json(workspace / LIST, content)


def add_removed(workspace: Path, documents: Named, bans: Iterable[Ban] = ()) -> None:
    """Put documents, and what is to be kept out, on the list."""
    before = load_removed(workspace)
    write_removed(workspace, Removed(before.documents | documents, before.bans | frozenset(bans)))


def salt_of(workspace: Path) -> bytes:
    """Return the salt of the workspace's hashes; made at first, readable by this user only, and in no release."""
    path = workspace / FOLDER / "salt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        partial = path.with_name(f"salt.{os.getpid()}.partial")
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(os.urandom(_SALT_BYTES).hex())
            file.flush()
            os.fsync(handle)
        try:
            os.link(partial, path)  # of two that make one at once, the first one's stays
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return bytes.fromhex(path.read_text())


def salted(salt: bytes, *values: str) -> str:
    """Return the keyed hash of some values, 64 hexadecimal digits; without the salt nobody can try values out."""
    return hmac.new(salt, "\0".join(values).encode(), hashlib.sha256).hexdigest()
