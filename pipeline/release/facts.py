"""What the registry knows of a release's sources and requests, laid down beside it: evidence that stands alone."""

from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.audit import extract
from pipeline.registry import Assessment, Draw, Paper, Removal, Request, Session, Source, select
from pipeline.release.exhibits import lay_down
from pipeline.store import write_json

EVIDENCE = "evidence"


def write_facts(
    folder: Path, manifest: dict[str, Any], statistics: dict[str, Any], opened: Session, at: datetime
) -> dict[str, Any]:
    """Write the evidence that later pages point to, of what was there at a time; return what they need of it."""
    sources = {name: source_facts(opened, name) for name in manifest["sources"]}
    here = folder / EVIDENCE
    write_json(
        here / "gates.json", {"version": manifest["version"], "trial": manifest["trial"], "gates": manifest["gates"]}
    )
    write_json(here / "sources.json", {"sources": sources})
    samples = _samples(opened, manifest["version"], list(sources), at)
    write_json(here / "samples.json", {"samples": samples})
    write_json(
        here / "personal_data.json", {"runs": {one["name"]: one.get("personal_data") for one in manifest["runs"]}}
    )
    made_by = ("name", "policy", "packs", "filters", "models", "lexicons", "versions")
    filtering = [{key: one.get(key) for key in made_by} for one in manifest["runs"]]
    write_json(here / "filtering.json", {"runs": filtering})
    write_json(
        here / "diversity.json",
        {key: statistics.get(key) for key in ("concentration", "sources", "domains", "scripts", "licences")},
    )
    requests = _requests(opened, at)
    write_json(here / "requests.json", {"removed": manifest["removed"], "requests": requests})
    audit = extract(opened, here / "audit.jsonl", version=manifest["version"])
    return {"sources": sources, "samples": samples, "requests": requests, "audit": audit, "day": str(at.date()),
            "concentration": statistics.get("concentration") or {},
            "exhibits": lay_down(opened, folder.parents[2], folder, at)}  # fmt: skip


def source_facts(opened: Session, name: str) -> dict[str, Any] | None:
    """Return what the registry has of a source; None if it does not know it. Parties of contracts are left out."""
    row = opened.get(Source, name)
    if row is None:
        return None
    papers = opened.scalars(select(Paper).where(Paper.source == name).order_by(Paper.kind, Paper.sha256))
    return {
        "class": row.kind, "language": row.language, "domain": row.domain, "jurisdiction": row.jurisdiction,
        "origin": row.origin, "method": row.method, "licence": row.licence,
        "collected": [_day(row.collected_from), _day(row.collected_to)], "robots": row.robots,
        "robots_sha256": row.robots_sha256, "registration_code": row.registration_code, "generator": row.generator,
        "personal": row.personal, "personal_ground": row.personal_ground, "ip_review": row.ip_review,
        "expires": _day(row.expires), "barred": row.barred_at is not None,
        "papers": [
            {"kind": one.kind, "sha256": one.sha256, "valid_from": _day(one.valid_from),
             "valid_until": _day(one.valid_until), "revoked": _day(one.revoked)}
            for one in papers
        ],
    }  # fmt: skip


def _day(day: Any) -> str | None:  # noqa: ANN401 - a date or none
    return None if day is None else str(day)


def _samples(opened: Session, version: str, sources: list[str], at: datetime) -> list[dict[str, Any]]:
    """Return all samples that were drawn of a release or of its sources, whatever came of them."""
    ours = (Draw.release == version) | Draw.source.in_(sources)
    drawn = select(Draw).where(ours, Draw.drawn_at <= at).order_by(Draw.id)
    return [
        {
            "phase": one.phase, "source": one.source, "release": one.release, "round": one.round, "n": one.n,
            "population": one.population, "root": one.root, "seed": one.seed, "reason": one.reason,
            "sample_sha256": one.sample_sha256, "drawn_at": one.drawn_at.isoformat(),
            "assessments": [
                {"method": a.method, "n": a.n, "bad": a.bad, "suspected": a.suspected, "limit_bp": a.limit_bp,
                 "low": a.low, "high": a.high, "upper": a.upper, "decision": a.decision, "risks": a.risks,
                 "evidence": a.evidence}
                for a in opened.scalars(
                    select(Assessment).where(Assessment.draw == one.id, Assessment.at <= at).order_by(Assessment.id)
                )
            ],
        }
        for one in opened.scalars(drawn)
    ]  # fmt: skip


def _requests(opened: Session, at: datetime) -> list[dict[str, Any]]:
    """Return the requests to take documents out: numbers and days, neither who asked nor for what."""
    rows = []
    for removal in opened.scalars(select(Removal).order_by(Removal.request)):
        request = opened.get_one(Request, removal.request)
        if request.opened_at > at:
            continue
        closed = request.decided_at or at
        rows.append(
            {
                "request": request.id, "way": removal.way, "opened": request.opened_at.isoformat(),
                "deadline": request.deadline.isoformat(),
                "decision": "revoked" if removal.revoked_at else request.decision,
                "decided": None if request.decided_at is None else request.decided_at.isoformat(),
                "late": closed > request.deadline, "documents": removal.documents, "basis": removal.basis,
                "proof_sha256": removal.digest,
            }
        )  # fmt: skip
    return rows
