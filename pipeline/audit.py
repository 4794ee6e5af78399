"""The audit beside a release: what was decided about it, row by row, so that the chain of seals is checked offline.

Rows that tell of other things are there by their seals only: nothing can be left out unseen, and nothing is told.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from pipeline.database import FIRST_SEAL, seal_of
from pipeline.errors import LedgerError
from pipeline.registry import Audit, Session, select
from pipeline.store import write_bytes

TOLD = (
    "source",
    "assessment",
    "draw",
    "sample",
    "takedown",
    "appeal",
    "release",
    "candidate",
    "acceptance",
    "round",
    "paper",
    "bar",
)
"""First words of the actions that a release tells of: nothing about people who label."""


BUILT = "candidate built"
"""Action of what says by which seal a candidate is known."""

UNTOLD = ("collector", "contract", "contract_party", "ip_owner")
"""Of a source: who people and parties are. No audit tells it; which of these changed, it does."""


def is_told(action: str) -> bool:
    """Say whether a release tells of an action."""
    return action.replace("_", ".").replace(" ", ".").split(".")[0] in TOLD


def extract(
    opened: Session, path: Path, told: Callable[[str], bool] = is_told, version: str | None = None
) -> dict[str, Any]:
    """Write the audit as it stands, or as it stood when a version was released, if it was.

    What was entered last is left out if it only says that this version's candidate was built: nothing was decided
    since, and the same release made elsewhere, or after a kill, has the same bytes.

    Returns:
        How many rows it has, how many are told, and the last seal.
    """
    lines, counts, last = [], Counter[bool](), FIRST_SEAL
    for row in _until(opened, version):
        entry: dict[str, Any] = {"seq": row.seq, "previous": row.previous, "seal": row.seal}
        if told(row.action) and not set(UNTOLD) & set(row.detail.get("entry") or ()):  # older audits have them
            said = {"at": row.at.isoformat(), "actor": row.actor, "action": row.action, "detail": row.detail}
            entry = {**entry, **said}
        counts["action" in entry] += 1
        last = row.seal
        lines.append(orjson.dumps(entry))
    write_bytes(path, b"".join(line + b"\n" for line in lines))
    return {"rows": counts.total(), "told": counts[True], "last": last}


def _until(opened: Session, version: str | None) -> list[Audit]:
    """Return the audit's rows that a release of a version tells of."""
    rows: list[Audit] = []
    for row in opened.scalars(select(Audit).order_by(Audit.seq)):
        if row.action == "release" and row.detail.get("version") == version:
            break
        rows.append(row)
    while rows and rows[-1].action == BUILT and rows[-1].detail["version"] == version:
        rows.pop()
    return rows


def check_extract(path: Path) -> int:
    """Check the chain of an extract; return how many rows it has.

    Raises:
        LedgerError: a row was changed, left out or put in; says which line.
    """
    previous, seq = FIRST_SEAL, 0
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = orjson.loads(line)
            seq += 1
            right = row["seq"] == seq and row["previous"] == previous
            if "action" in row:
                seal = seal_of(row["seq"], row["at"], row["actor"], row["action"], row["detail"], row["previous"])
                right = right and seal == row["seal"]
            previous = row["seal"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise LedgerError(f"{path}, line {number}: no row of an audit: {error}") from error
        if not right:
            raise LedgerError(f"{path}, line {number}: the chain of seals is broken: it is not what was written")
    return seq
