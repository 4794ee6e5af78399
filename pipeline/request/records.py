"""Requests in the registry: opened, decided, revoked, appealed against; each step in the audit, without their words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.database import now, record
from pipeline.disposition import EVERYTHING
from pipeline.errors import RecipeError
from pipeline.masking import Masker
from pipeline.registry import Objection, Removal, Request, Session, select
from pipeline.request.clock import Clock
from pipeline.request.demand import Demand
from pipeline.salt import salt_of

TAKEDOWN = "takedown"
APPEAL = "appeal"
_GROUND_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what, and why."""

    ground: str
    asked_by: str
    operator: str
    """Who enters it: the audit's actor."""


def veiled(words: str) -> str:
    """Return somebody's words with the personal data in them masked."""
    maps = pa.array([[("", words)]], pa.map_(pa.string(), pa.string()))
    ((_, masked),) = Masker(EVERYTHING).meta(maps)[0].as_py()
    return str(masked)


def _checked(name: str, what: str) -> str:
    if veiled(name) != name or not name.strip():
        raise RecipeError(f"{what} must be a pseudonym, such as a case number: it is empty or personal data itself")
    return name.strip()[:64]


def checked_by(name: str) -> str:
    """Return by whom something is done, as it may stand in the audit.

    Raises:
        RecipeError: it is empty or personal data.
    """
    return _checked(name, "--by")


def open_request(
    opened: Session, workspace: Path, demand: Demand, asked: Asked, clock: Clock, *, twins: bool, banned: bool
) -> int:
    """Enter a request and start its clock; return its number.

    Raises:
        RecipeError: who asks is named by personal data.
    """
    at = now()
    asked_by = _checked(asked.asked_by, "--asked-by")
    request = Request(
        kind=TAKEDOWN, ground=veiled(asked.ground)[:_GROUND_CHARS], opened_at=at, deadline=clock.deadline(at),
        decision="pending",
    )  # fmt: skip
    opened.add(request)
    opened.flush()
    selector = demand.selector(salt_of(workspace))
    opened.add(
        Removal(
            request=request.id,
            way=demand.by,
            asked_by=asked_by,
            selector=selector,
            basis=clock.basis,
            documents=0,
            twins=twins,
            banned=banned,
        )
    )
    opened.flush()
    record(
        opened, asked.operator, "takedown.opened", request=request.id, way=demand.by, selector=selector,
        deadline=request.deadline.isoformat(), twins=twins, banned=banned,
    )  # fmt: skip
    return request.id


def find_request(opened: Session, number: int) -> tuple[Request, Removal]:
    """Return a request to take documents out.

    Raises:
        RecipeError: there is none of that number.
    """
    request, removal = opened.get(Request, number), opened.get(Removal, number)
    if request is None or removal is None:
        known = [str(one) for one in opened.scalars(select(Removal.request).order_by(Removal.request))]
        raise RecipeError(f"there is no takedown request {number}; known: {', '.join(known) or 'none'}")
    return request, removal


def same_request(opened: Session, selector: str, *, twins: bool) -> Removal | None:
    """Return the last request that names the same, unless it was revoked or refused."""
    rows = select(Removal).where(Removal.selector == selector, Removal.twins == twins, Removal.revoked_at.is_(None))
    found = [
        row for row in opened.scalars(rows.order_by(Removal.request))
        if (request := opened.get(Request, row.request)) is not None and request.decision != "refused"
    ]  # fmt: skip
    return found[-1] if found else None


def grant(opened: Session, number: int, operator: str, *, documents: int, proof: str, digest: str) -> None:
    """Note that what a request asks for is done."""
    request, removal = find_request(opened, number)
    again = request.decision == "granted"
    if not again:
        request.decision, request.decided_at, request.decided_by = "granted", now(), operator[:64]
    removal.documents, removal.proof, removal.digest = documents, proof, digest
    action = "takedown.proof" if again else "takedown.granted"
    record(opened, operator, action, request=number, documents=documents, proof=proof, sha256=digest)


def refuse(opened: Session, number: int, operator: str, why: str) -> None:
    """Note that a request is refused, and why.

    Raises:
        RecipeError: it is decided.
    """
    request, _ = find_request(opened, number)
    if request.decision != "pending":
        raise RecipeError(
            f"request {number} is {request.decision} already; `takedown revoke` undoes one that is granted"
        )
    request.decision, request.decided_at, request.decided_by = "refused", now(), operator[:64]
    record(opened, operator, "takedown.refused", request=number, why=veiled(why))


def mark_revoked(opened: Session, number: int, operator: str, why: str) -> Removal:
    """Note that a request that was granted is undone.

    Raises:
        RecipeError: it is not granted, or revoked already.
    """
    request, removal = find_request(opened, number)
    if request.decision != "granted" or removal.revoked_at is not None:
        state = "revoked" if removal.revoked_at is not None else request.decision
        raise RecipeError(f"request {number} is {state}: only one that is granted can be revoked")
    removal.revoked_at, removal.revoked_by = now(), operator[:64]
    record(opened, operator, "takedown.revoked", request=number, why=veiled(why), proof=removal.proof)
    return removal


def appeal(opened: Session, number: int, asked: Asked, clock: Clock) -> int:
    """Enter an appeal against the decision of a request; return the appeal's own number.

    Raises:
        RecipeError: the request is not decided yet.
    """
    request, _ = find_request(opened, number)
    if request.decision == "pending":
        raise RecipeError(f"request {number} is not decided yet: there is nothing to appeal against")
    at = now()
    against = Request(
        kind=APPEAL, ground=veiled(asked.ground)[:_GROUND_CHARS], opened_at=at, deadline=clock.deadline(at),
        decision="pending",
    )  # fmt: skip
    opened.add(against)
    opened.flush()
    opened.add(Objection(request=against.id, against=number))
    by = _checked(asked.asked_by, "--asked-by")
    record(opened, asked.operator, "takedown.appeal", request=against.id, against=number, asked_by=by)
    return against.id


def decide_appeal(opened: Session, number: int, operator: str, why: str, *, granted: bool) -> int:
    """Decide an appeal; return the number of the request that it is against.

    Raises:
        RecipeError: there is no such appeal, or it is decided.
    """
    objection, request = opened.get(Objection, number), opened.get(Request, number)
    if objection is None or request is None or request.decision != "pending":
        raise RecipeError(f"there is no appeal {number} that waits for a decision")
    request.decision = "granted" if granted else "refused"
    request.decided_at, request.decided_by = now(), operator[:64]
    record(
        opened,
        operator,
        f"takedown.appeal.{request.decision}",
        request=number,
        against=objection.against,
        why=veiled(why),
    )
    return objection.against


def describe(opened: Session, number: int, clock: Clock) -> dict[str, Any]:
    """Return a request with its clock, its decision and its appeals."""
    request, removal = find_request(opened, number)
    at = now()
    late = request.decision == "pending" and at > request.deadline
    state = "revoked" if removal.revoked_at is not None else request.decision
    appeals = opened.scalars(select(Objection.request).where(Objection.against == number).order_by(Objection.request))
    return {
        "request": number, "way": removal.way, "ground": request.ground, "asked_by": removal.asked_by,
        "opened": request.opened_at.isoformat(), "deadline": request.deadline.isoformat(),
        "working_days_left": clock.left(at.date(), request.deadline) if request.decision == "pending" else None,
        "late": late, "basis": removal.basis, "state": state,
        "decided": request.decided_at.isoformat() if request.decided_at else None, "decided_by": request.decided_by,
        "documents": removal.documents, "twins": removal.twins, "banned": removal.banned, "proof": removal.proof,
        "proof_sha256": removal.digest,
        "revoked": removal.revoked_at.isoformat() if removal.revoked_at else None, "revoked_by": removal.revoked_by,
        "appeals": [
            {"appeal": one.id, "ground": one.ground, "decision": one.decision, "deadline": one.deadline.isoformat()}
            for one in (opened.get_one(Request, identity) for identity in appeals)
        ],
    }  # fmt: skip


def list_requests(opened: Session, clock: Clock) -> list[dict[str, Any]]:
    """Return all requests, those that wait for a decision, or whose appeal does, first; by deadline."""
    numbers = list(opened.scalars(select(Removal.request).order_by(Removal.request)))
    found = [describe(opened, number, clock) for number in numbers]
    return sorted(found, key=lambda one: (not _waits(one), one["deadline"], one["request"]))


def _waits(one: dict[str, Any]) -> bool:
    return one["state"] == "pending" or any(appeal["decision"] == "pending" for appeal in one["appeals"])
