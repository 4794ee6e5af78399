"""What a round found: its tables, what people think of every rule, and texts to train on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from annotation.agreement import alpha, span_alpha
from annotation.comparison import compare, side_of
from annotation.estimates import Design, Estimate, respond, rules, share, total
from annotation.round_tables import round_folder
from annotation.standing import Reading, Standing, believe, form_of
from pipeline.registry import Answer, Assignment, Item, Round, Session, select
from pipeline.store import read_table, write_json, write_table

ANSWERS = pa.schema(
    [
        pa.field("item", pa.int64(), nullable=False),
        pa.field("document", pa.string(), nullable=False),
        pa.field("contributor", pa.string(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("category", pa.string()),
        pa.field("label", pa.string()),
        pa.field("is_gold", pa.bool_(), nullable=False),
        pa.field("gold", pa.string()),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("revision", pa.int64(), nullable=False),
        pa.field("latest", pa.bool_(), nullable=False),
        pa.field("valid", pa.bool_(), nullable=False),
        pa.field("refusal", pa.string()),
        pa.field("server_seconds", pa.float64()),
        pa.field("client_seconds", pa.float64()),
        pa.field("at", pa.timestamp("us"), nullable=False),
    ]
)
"""Every revision of every answer, in the order of items and people. label: JSON; category and gold: its class."""

CONSENSUS = pa.schema(
    [
        pa.field("item", pa.int64(), nullable=False),
        pa.field("document", pa.string(), nullable=False),
        pa.field("annotators", pa.string()),
        pa.field("posterior", pa.float64()),
        pa.field("final", pa.string()),
        pa.field("votes", pa.int64(), nullable=False),
        pa.field("reviewed", pa.bool_(), nullable=False),
        pa.field("adjudicated", pa.bool_(), nullable=False),
        pa.field("is_gold", pa.bool_(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("probability", pa.float64()),
        pa.field("stratum", pa.string(), nullable=False),
    ]
)
"""annotators: what they agreed on, with its posterior; final: after review and adjudication, null until then."""


def write_results(
    opened: Session, round_: Round, workspace: Path, standing: Sequence[Standing], reading: Reading
) -> dict[str, Any]:
    """Write a round's tables anew and return what `results.json` holds.

    `answers.parquet`, `consensus.parquet`, `attributes.parquet` (one row a document: what people said, to be joined
    to a run's attributes), `training.parquet` (text, label 0 or 1, weight, for `qingyuan train`), `results.json`.
    """
    folder = round_folder(workspace, round_.name)
    write_table(folder / "answers.parquet", _answers(opened, round_, reading))
    finals = [one.final(reading) if one.item.state != "void" else None for one in standing]
    write_table(folder / "consensus.parquet", _consensus(standing, finals))
    items = {row["document"]: row for row in read_table(folder / "items.parquet").to_pylist()}
    done = [(one, final) for one, final in zip(standing, finals, strict=True) if final is not None]
    write_table(folder / "attributes.parquet", _attributes(round_, done, items, reading))
    if reading.trains:
        write_table(folder / "training.parquet", _training(done, items, reading))
    result = {
        "round": round_.name,
        "kind": round_.kind,
        "labels": dict(Counter(final for _, final in done)),
        "agreement": _agreement(standing, round_, reading, items),
        "estimates": _estimates(round_, standing, finals, items, reading),
        "pairs": round_.design.get("pairs", {}),
    }
    write_json(folder / "results.json", result)
    return result


def _answers(opened: Session, round_: Round, reading: Reading) -> pa.Table:
    import orjson  # noqa: PLC0415 - JSON inside a column

    rows = opened.execute(
        select(Item, Assignment, Answer)
        .join(Assignment, Assignment.item == Item.id)
        .join(Answer, Answer.assignment == Assignment.id)
        .where(Item.round == round_.id)
        .order_by(Item.id, Assignment.contributor, Answer.sequence)
    ).all()
    told = [
        {
            "item": item.id, "document": item.document, "contributor": held.contributor, "role": held.role,
            "category": None if answer.label is None else reading.category(answer.label),
            "label": None if answer.label is None else orjson.dumps(answer.label).decode(),
            "is_gold": item.is_gold, "gold": None if item.gold is None else reading.category(item.gold),
            "stratum": item.stratum, "revision": answer.revision, "latest": answer.latest, "valid": answer.valid,
            "refusal": answer.refusal, "server_seconds": answer.server_seconds,
            "client_seconds": answer.client_seconds, "at": answer.at,
        }
        for item, held, answer in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(told, ANSWERS)


def _consensus(standing: Sequence[Standing], finals: Sequence[str | None]) -> pa.Table:
    rows = [
        {
            "item": one.item.id, "document": one.item.document, "annotators": one.category,
            "posterior": None if one.category is None else one.posterior, "final": final,
            "votes": len(one.said("annotator")), "reviewed": bool(one.said("reviewer")),
            "adjudicated": bool(one.said("adjudicator")), "is_gold": one.item.is_gold, "state": one.item.state,
            "probability": one.item.probability, "stratum": one.item.stratum,
        }
        for one, final in zip(standing, finals, strict=True)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, CONSENSUS)


def _attributes(
    round_: Round, done: Sequence[tuple[Standing, str]], items: Mapping[str, Mapping[str, Any]], reading: Reading
) -> pa.Table:
    """Return what people said as attributes of the documents: a policy can bound them like any other."""
    rows = [(one, final) for one, final in done if not one.is_planted]
    runs = form_of(round_).round.runs
    said = [side_of(final, items[one.item.document].get("left_run"), runs) for one, final in rows]
    columns = {
        "id": pa.array([one.item.document for one, _ in rows], pa.string()),
        "source": pa.array([items[one.item.document]["source"] for one, _ in rows], pa.string()),
        f"human.{round_.kind}": pa.array(said, pa.string()),
        f"human.{round_.kind}_bad": pa.array([int(reading.bad(final)) for _, final in rows], pa.int64()),
        f"human.{round_.kind}_posterior": pa.array(_sureness(rows), pa.float64()),
    }
    return pa.table(columns)


def _training(
    done: Sequence[tuple[Standing, str]], items: Mapping[str, Mapping[str, Any]], reading: Reading
) -> pa.Table:
    """Return texts with 1 or 0, the class behind it, and how sure it is; gold stays out: it is for examining.

    1 is good where a model of quality can be trained, and bad where one of harm can: as `qingyuan train` reads it.
    """
    rows = [(one, final) for one, final in done if not one.is_planted]
    harm = reading.trains == "harm"
    return pa.table({
        "id": pa.array([one.item.document for one, _ in rows], pa.string()),
        "text": pa.array([items[one.item.document]["text"] for one, _ in rows], pa.large_string()),
        "label": pa.array([int(reading.bad(final) == harm) for _, final in rows], pa.int64()),
        "category": pa.array([final for _, final in rows], pa.string()),
        "weight": pa.array(_sureness(rows), pa.float64()),
    })  # fmt: skip


def _sureness(rows: Sequence[tuple[Standing, str]]) -> list[float]:
    """Return the posterior of each label; 1 of an adjudicator's, of which the annotators' consensus says nothing."""
    return [1.0 if one.said("adjudicator") else one.posterior for one, _ in rows]


def _agreement(
    standing: Sequence[Standing], round_: Round, reading: Reading, items: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    asked = [one for one in standing if not one.is_planted]
    found = believe(asked, form_of(round_).round.consensus, reading)
    said: dict[str, Any] = {"nominal": None, "ordinal": None, "converged": None}
    if found is not None:
        votes, belief = found
        said = {"nominal": alpha(votes), "ordinal": alpha(votes, "ordinal") if reading.ordinal else None,
                "converged": belief.converged}  # fmt: skip
    if not reading.marks:
        return said
    texts = []
    for one in asked:
        people = {held.assignment.contributor: reading.spans(held.answer.label) for held in one.said("annotator")
                  if held.answer is not None and held.answer.label is not None}  # fmt: skip
        texts.append((len(items[one.item.document]["text"]), people))
    return {**said, "spans": span_alpha(texts)}


def _estimates(
    round_: Round, standing: Sequence[Standing], finals: Sequence[str | None], items: Mapping[str, Mapping[str, Any]],
    reading: Reading,
) -> dict[str, Any]:  # fmt: skip
    """Say what the labelled sample says of the whole run: shares of each label, each rule's precision and recall."""
    drawn = [(one, final) for one, final in zip(standing, finals, strict=True) if not one.is_planted]
    answered = np.array([final is not None for _, final in drawn], np.bool_)
    if not answered.any():
        return {"documents": 0}
    probability = np.array([one.item.probability for one, _ in drawn], np.float64)
    design = respond(probability, [one.item.stratum for one, _ in drawn], answered)
    labels = [final for _, final in drawn if final is not None]
    bad = np.array([reading.bad(label) for label in labels], np.bool_)
    rows = [items[one.item.document] for one, final in drawn if final is not None]
    if runs := form_of(round_).round.runs:
        comparison = compare(design, labels, rows, runs)
        return {"documents": len(labels), "population": total(design, np.ones(len(labels))), "comparison": comparison,
                "labels": {label: _json(share(design, np.array([said == label for said in labels], np.bool_)))
                           for label in reading.classes}}  # fmt: skip
    dropped = np.array([not row["kept"] for row in rows], np.bool_)
    reasons = sorted({reason for row in rows for reason in row["failed"]})
    failed = {reason: np.array([reason in row["failed"] for row in rows], np.bool_) for reason in reasons}
    by_source = groupby(sorted(range(len(rows)), key=lambda i: rows[i]["source"]), key=lambda i: rows[i]["source"])
    return {
        "documents": len(labels),
        "population": total(design, np.ones(len(labels))),
        "labels": {label: _json(share(design, np.array([said == label for said in labels], np.bool_)))
                   for label in reading.classes},
        "bad": _json(share(design, bad)),
        "sources": {source: _source(design, bad, list(inside)) for source, inside in by_source},
        "rules": {reason: {name: _json(estimate) for name, estimate in found.items()}
                  for reason, found in rules(design, failed, dropped, bad).items()},
        **({"categories": _categories(drawn, design, rows, reading)} if reading.marks_all else {}),
    }  # fmt: skip


def _categories(
    drawn: Sequence[tuple[Standing, str | None]], design: Design, rows: Sequence[Mapping[str, Any]], reading: Reading
) -> dict[str, Any]:
    """Say of each category of places how often documents in which filters find it have it, and are found that do."""
    import orjson  # noqa: PLC0415 - JSON inside a column

    marked = [one.categories_marked(reading) for one, final in drawn if final is not None]
    measured = [{code for *_, code in reading.spans(orjson.loads(row.get("measured") or "{}"))} for row in rows]
    if not any(row.get("measured") for row in rows):
        return {}
    found = {}
    for code in sorted(set().union(*marked, *measured)):
        is_marked = np.array([code in codes for codes in marked], np.bool_)
        is_found = np.array([code in codes for codes in measured], np.bool_)
        found[code] = {"precision": _json(share(design, is_marked, is_found)),
                       "recall": _json(share(design, is_found, is_marked))}  # fmt: skip
    return found


def _source(design: Design, bad: np.ndarray[Any, np.dtype[np.bool_]], inside: list[int]) -> dict[str, Any]:
    among = np.zeros(len(bad), np.bool_)
    among[inside] = True
    return {"bad": _json(share(design, bad, among)), "found": int(bad[inside].sum())}


def _json(estimate: Estimate) -> dict[str, Any]:
    return estimate.as_json()
