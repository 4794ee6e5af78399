"""The gate `requests`: nothing is released past somebody's request to take documents out that is not decided.

A request that is overdue stops every release, whatever it is about: deciding is one command, and a duty. Before its
deadline it stops those that would hold what it names, or might: what it names is not known if whoever entered it was
killed, if it also asks for all that resembles it (found only when it is carried out), or if it names documents by their
text, address or person and a run was read after it was searched for. So does one that is half carried out. They are
refused rather than made without these documents: leaving them out would be granting the request unseen, and a copy that
dedup had dropped would come into the next release in their place. A request that is granted, refused or revoked stops
nothing; one that is refused and appealed against is open again until the appeal is decided and, if it is granted,
carried out. An appeal that wants documents back stops nothing, overdue or not: they are out.
"""

from dataclasses import dataclass
from typing import Any

from pipeline.clauses import clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection, listed
from pipeline.registry import Removal
from pipeline.removed import Named
from pipeline.request.demand import Ids
from pipeline.request.search import find_in_run
from pipeline.request.waiting import Waiting, looked_through, named_by, waiting
from pipeline.store import RunFolder

AGAIN = "or say the qingyuan takedown … --pending of it again, which looks anew"


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a request stands towards a release."""

    waiting: Waiting
    why: str
    """It stops the release; empty if it does not."""
    remedy: str
    documents: int | None
    """Of the release, that it names; None where that is not known."""

    def as_json(self) -> dict[str, Any]:
        """Return it for the manifest: numbers and days, nothing that names somebody."""
        return {
            "request": self.waiting.request, "appeal": self.waiting.appeal, "why": self.why,
            "deadline": self.waiting.deadline.isoformat(), "documents": self.documents,
        }  # fmt: skip


def requests(look: Inspection) -> Finding:
    """Hold the release against every request that is not closed."""
    found = [_standing(look, one) for one in waiting(look.opened)]
    stops = [one for one in found if one.why]
    if stops:
        reason = "; ".join(f"request {one.waiting.request} {one.why}" for one in stops)
    elif found:
        reason = f"none of the {len(found)} request(s) that wait is overdue or names a document of it"
    else:
        reason = "no request to take documents out waits"
    figures = {"waiting": len(found), "requests": [one.as_json() for one in found]}
    remedy = f"{stops[0].remedy}; then run the recipes it was taken out of, and release again" if stops else ""
    return Finding("requests", clauses("deletion"), not stops, reason, figures, remedy)


def _standing(look: Inspection, one: Waiting) -> _Standing:
    kept = named_by(look.workspace, one.request)
    unknown, again = _unknown(look, one.request, kept)
    documents = None if unknown or kept is None else _held(look, kept)
    late = look.day > one.deadline.date() and not one.appeal_granted
    if not (late or unknown or documents):
        return _Standing(one, "", "", documents)
    decided = one.request if one.appeal is None or one.appeal_granted else one.appeal
    how = "granted" if one.appeal_granted or (kept is not None and kept.get("begun")) else "granted|refused"
    remedy = f"qingyuan takedown decide {decided} {'refused' if kept is None else how}"
    parts = [f"is overdue since {one.deadline.date()}"] if late else []
    if one.appeal is not None:
        state = "granted and not carried out" if one.appeal_granted else "not decided"
        parts.append(f"was refused, and appeal {one.appeal} against that is {state}")
    if unknown or documents:
        parts.append(unknown or f"names {documents:,} of its documents")
    return _Standing(one, ", ".join(parts), f"{remedy}, {AGAIN}" if again else remedy, documents)


def _unknown(look: Inspection, number: int, kept: dict[str, Any] | None) -> tuple[str, bool]:
    """Say why it is not known what a request names, and whether to enter it again would help; empty if it is known."""
    if kept is None:
        return "is not entered whole: what it names is not known", True
    if kept.get("begun"):
        return "is half carried out", False
    if kept["twins"]:
        return "asks for all that resembles what it names, which is not known before it is carried out", False
    if look.opened.get_one(Removal, number).way == "id":
        return "", False
    looked = looked_through(look.workspace, look.opened)
    later = [run for run in look.candidate.runs if kept.get("read", {}).get(run) != looked["read"].get(run, "gone")]
    if later:
        return f"was entered before {listed(later)} was read as it is now: what it names there is not known", True
    back = kept.get("revoked") != looked["revoked"]
    return "was entered before another was revoked: whether it names what came back is not known" if back else "", back


def _held(look: Inspection, kept: dict[str, Any]) -> int:
    """Count the documents of a release that a request names, under whatever names the runs know them by."""
    named: Named = frozenset((source, identity) for source, identity in kept["documents"])
    for run in look.candidate.runs:
        folder = RunFolder(look.workspace / "runs" / run)
        if named and (folder.path / "documents").is_dir():
            named |= find_in_run(folder, Ids(named))
    return len(look.contents.found(named))
