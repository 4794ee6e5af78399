"""The account of a finished run: what `run.json` holds."""

import platform
from dataclasses import asdict
from importlib.metadata import version

from filters.characters import UNICODE_VERSION
from pipeline.errors import LedgerError
from pipeline.ledger import draw_up, over_quarantined
from pipeline.readers.reading import LIBRARIES
from pipeline.recipe import Recipe
from pipeline.stage import Receipt, Stages
from pipeline.store import RunFolder


def summarize(recipe: Recipe, folder: RunFolder, stages: Stages, wall_seconds: float) -> Receipt:
    """Draw up the ledger and return the content of run.json.

    Raises:
        LedgerError: the numbers do not add up.
    """
    scans, judges, writes = (stages.receipts[stage] for stage in ("scan", "judge", "write"))
    whole = [number for number in scans if number in judges and number in writes]
    sources = recipe.sources
    ledger = draw_up(sources, [(scans[n], judges[n], writes[n]) for n in whole])
    documents = sum(receipt["documents"] for receipt in scans.values())
    compared = stages.receipts["dedup"][0]["documents"]
    if documents != compared:
        raise LedgerError(f"{documents} documents scanned, {compared} deduplicated")
    return {
        "run": recipe.name,
        "policy": recipe.policy_name,
        "documents": ledger.whole.as_json(),
        "reasons": dict(ledger.whole.reasons.most_common()),
        "review": {"documents": ledger.whole.reviewed, "reasons": dict(ledger.whole.review.most_common())},
        "packs": list(recipe.packs),
        "rules_left_out": list(recipe.packed.left_out),
        "shards": len(whole),
        "parts": list(scans),
        "parts_done": whole,
        "shards_failed": dict(sorted(stages.failed.items())),
        "bytes_in": sum(scans[n]["bytes_in"] for n in whole),
        "text_bytes": sum(scans[n]["text_bytes"] for n in whole),
        "kept_chars": sum(writes[n]["chars"] for n in whole),
        "personal_data": recipe.disposition.summary([writes[n]["personal_data"] for n in whole]),
        "ids_replaced": stages.receipts["ids"][0]["replaced"],
        "taken_down_places": {
            name: sorted({one for n in whole for one in scans[n].get("places", {}).get(name, ())})
            for name in ("others", "moved", "unknown")
        },
        "records_lost_unknown": sum(scans[n]["lost_unknown"] for n in whole),
        "over_quarantined": over_quarantined(ledger, sources),
        "cpu_seconds": round(sum(stage.cpu_seconds for stage in stages.records.values()), 3),
        "wall_seconds": round(wall_seconds, 3),
        "stages": {name: asdict(stage) for name, stage in stages.records.items()},
        "sources": {name: account.as_json() for name, account in ledger.sources.items()},
        "versions": _versions(),
        "corpus": str(folder.path / "corpus"),
        "report": str(folder.path / "report.html"),
    }


def _versions() -> dict[str, str]:
    packages = ("qingyuan", *LIBRARIES, "numpy", "numba", "rjieba", "fasttext-new", "opencc", "datasketch")
    return {"python": platform.python_version(), "unicode": UNICODE_VERSION} | {
        name: version(name) for name in packages
    }
