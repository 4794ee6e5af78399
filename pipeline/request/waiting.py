"""Requests that are not closed yet, and what each of them names: kept in takedowns/open/ until it is carried out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.registry import Objection, Removal, Request, Session, func, select
from pipeline.removed import FOLDER
from pipeline.request.search import numbers_of, runs_of
from pipeline.store import RunFolder, fingerprint, read_json, write_json

OPEN = "open"
"""Folder in takedowns/ of what waits for a decision, or was being taken out when somebody was killed."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that somebody must still act on."""

    request: int
    """To take documents out."""
    deadline: datetime
    appeal: int | None = None
    """That reopened it after it was refused."""
    appeal_granted: bool = False


def waiting(opened: Session) -> Iterator[Waiting]:
    """Yield what is not closed: requests without a decision, and refused ones with an appeal that was not refused.

    A granted appeal against a refusal is closed by carrying the request out, or by asking for the same again. An appeal
    against a granted request wants documents back: until then they stay out, and nothing waits to leave.
    """
    for removal in opened.scalars(select(Removal).order_by(Removal.request)):
        request = opened.get_one(Request, removal.request)
        if request.decision == "pending":
            yield Waiting(request.id, request.deadline)
        elif request.decision == "refused":
            against = select(Objection.request).where(Objection.against == request.id)
            appeals = (opened.get_one(Request, number) for number in opened.scalars(against))
            again = opened.scalar(select(func.max(Removal.request)).where(Removal.selector == removal.selector))
            for one in appeals:
                if one.decision == "pending" or (one.decision == "granted" and (again or 0) < one.id):
                    yield Waiting(request.id, one.deadline, one.id, one.decision == "granted")


def open_file(workspace: Path, number: int) -> Path:
    """Return where it is kept what a request names."""
    return workspace / FOLDER / OPEN / f"{number}.json"


def named_by(workspace: Path, number: int) -> dict[str, Any] | None:
    """Return what a request names; None where nobody knows, as when somebody was killed who entered it."""
    return read_json(open_file(workspace, number))


def begin(workspace: Path, number: int, named: dict[str, Any]) -> None:
    """Note that what a request names is being taken out from now on: until it is ended, only half of it may be gone."""
    write_json(open_file(workspace, number), named | {"begun": True})


def reading(run: RunFolder) -> str:
    """Digest what a run has read and how; a takedown does not change it."""
    receipts = {number: read_json(run.receipt("scan", number)) or {} for number in numbers_of(run)}
    return fingerprint(sorted((number, one.get("fingerprint")) for number, one in receipts.items()))


def looked_through(workspace: Path, opened: Session) -> dict[str, Any]:
    """Say what a search would look through now; documents that come later it cannot have found.

    Returns:
        `read`: the `reading` of each run. `revoked`: how many takedowns were undone, for these bring documents back.
    """
    undone = select(func.count()).select_from(Removal).where(Removal.revoked_at.is_not(None))
    return {
        "read": {run.path.name: reading(run) for run in runs_of(workspace)},
        "revoked": opened.scalar(undone),
    }
