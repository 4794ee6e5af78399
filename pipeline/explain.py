"""One document against every rule: a print-out of what is stored, but for personal data, which are never printed."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import differences
from pipeline.disposition import EVERYTHING
from pipeline.errors import RecipeError
from pipeline.identity import place_id
from pipeline.masking import Masker
from pipeline.parts import Parts
from pipeline.runs import Run
from pipeline.schema import ACCOUNT, CORPUS
from pipeline.store import read_range, read_table
from pipeline.twins import find_twin

EXCERPT_CHARS = 120
LONGEST = 80
"""Characters behind the excerpt that are looked at too: an identifier at its end may go on there."""


def explain(run: Run, document: str) -> dict[str, Any]:
    """Collect everything that the run knows of a document: origin, edits, every rule with its value, its twins.

    Args:
        run: a finished run.
        document: its id; of a quarantined record its place, `<source>:<file>#<record>`.

    Raises:
        RecipeError: the run has no such document.
    """
    for number in run.judged:
        row = _find(run.parts.folder.part("verdicts", number), document)
        if row is not None:
            return _explain_row(run, number, row)
        quarantined = _find_quarantined(run.parts, number, document)
        if quarantined is not None:
            return {"run": run.name, "id": document, "verdict": "quarantined", **quarantined}
    raise RecipeError(f'run "{run.name}" has no document "{document}"')


def _find(path: Path, document: str) -> int | None:
    index = pc.index(read_table(path, ["id"])["id"], document).as_py()
    return None if index < 0 else int(index)


def _find_quarantined(parts: Parts, number: int, document: str) -> dict[str, Any] | None:
    for row in read_table(parts.folder.part("quarantine", number), ACCOUNT).to_pylist():
        if document == place_id(row["source"], row["file"], row["record"]):
            return dict(row)
    return None


def _explain_row(run: Run, number: int, row: int) -> dict[str, Any]:
    folder = run.parts.folder
    document, attributes, verdict = (
        read_range(folder.part(table, number), row, row + 1).to_pylist()[0]
        for table in ("documents", "attributes", "verdicts")
    )
    for table in {"passages", "answers"} & set(run.summary["stages"]):
        attributes |= read_range(folder.part(table, number), row, row + 1).to_pylist()[0]
    values = {**attributes, **verdict}
    review = verdict.get("verdict.review", [])  # older runs have none
    broken = {*verdict["verdict.failed"], *review}
    rules = [
        {
            "reason": rule.reason,
            "attribute": rule.attribute,
            "value": values[rule.attribute],
            "kept_if": rule.bounds(),
            "action": rule.action,
            "broken": rule.reason in broken,
        }
        for rule in run.policy.rules
    ]
    return {
        "run": run.name,
        "id": document["id"],
        "verdict": "kept" if verdict["verdict.keep"] else "dropped",
        "reason": verdict["verdict.reason"],
        "failed": verdict["verdict.failed"],
        "review": review,
        "origin": _veiled({key: document[key] for key in ("source", "file", "record", "offset", "url")}),
        "meta": _veiled(dict(document["meta"])),
        "excerpt": differences.presentable(document["text"][: EXCERPT_CHARS + LONGEST])[:EXCERPT_CHARS],
        "edits": [_veiled(edit) for edit in document["edits"]],
        "personal_data": attributes.get("personal.spans"),
        "rules": rules,
        "attributes": {key: value for key, value in values.items() if "." in key and not key.startswith("verdict.")},
        "cluster": _cluster(run, verdict),
        "in_corpus": _in_corpus(run, number, document["id"]),
    }


def _veiled(values: dict[str, Any]) -> dict[str, Any]:
    """Return some values with the personal data in their strings masked; a key says what its value is."""
    strings = {key: value for key, value in values.items() if isinstance(value, str)}
    maps = pa.array([list(strings.items())], pa.map_(pa.string(), pa.string()))
    return values | dict(Masker(EVERYTHING).meta(maps)[0].as_py())


def _cluster(run: Run, verdict: dict[str, Any]) -> dict[str, Any]:
    """Return the document's twins (at most 20 by id), whom it duplicates, and one twin beside it."""
    clusters = read_table(run.folder.path / "clusters.parquet", ["id", "cluster"])
    twins = clusters.filter(pc.equal(clusters["cluster"], verdict["dedup.cluster"]))["id"].to_pylist()
    return {
        "cluster": verdict["dedup.cluster"],
        "size": verdict["dedup.size"],
        "of": verdict["dedup.of"],
        "of_run": verdict.get("dedup.of_run"),
        "jaccard": verdict["dedup.jaccard"],
        "twin": _twin(run, verdict),
        "members": sorted(twins)[:20],
    }


def _twin(run: Run, verdict: dict[str, Any]) -> dict[str, Any] | None:
    if verdict["dedup.size"] == 1:
        return None
    return find_twin(run, verdict["id"], verdict["dedup.of"], verdict["dedup.jaccard"], verdict["dedup.of_run"])


def _in_corpus(run: Run, number: int, document: str) -> bool:
    corpus: pa.Table = read_table(run.folder.part("corpus", number), CORPUS.names[:1])
    return bool(np.any(pc.equal(corpus["id"], document).to_numpy())) if corpus.num_rows else False
