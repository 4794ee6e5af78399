"""A round comes to be: documents drawn from a run, gold beside them, rows in the registry and their texts in a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from annotation.round_file import RoundFile, RoundPlan, Sampling
from annotation.round_tables import ITEMS, round_folder
from annotation.sample_file import read_sample
from annotation.sampling import Sample, disputed, draw, near_bounds, uncertain
from annotation.standing import form_of
from pipeline.database import now, record
from pipeline.disposition import EVERYTHING
from pipeline.errors import RecipeError
from pipeline.masking import Masker
from pipeline.registry import Item, Round, Session, select
from pipeline.runs import Run, open_run
from pipeline.store import write_table
from pipeline.toml import nearest

Numbers = NDArray[np.float64]
ReadLabel = Callable[[object, str], dict[str, Any]]
"""Turns what a gold file says of a text into an answer of the round's kind, or raises ValueError."""
Suggest = tuple[str, Callable[[Any], dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Chosen:
    rows: list[dict[str, Any]]
    population: dict[str, int]


def open_round(
    opened: Session, plan: RoundPlan, workspace: Path, read_label: ReadLabel, *, review: str,
    suggest: Suggest | None = None, masked: bool = True,
) -> Round:  # fmt: skip
    """Draw a round's documents and enter them; a round that is there already stays as it is.

    Args:
        opened: the transaction.
        plan: the round's file.
        workspace: where its run and its tables lie.
        read_label: reads the labels of the gold.
        review: what is looked at again: every item, an audit of each batch, or none.
        suggest: the attribute that suggests answers and what makes one of its value; None hides what was measured.
        masked: whether people see placeholders in the place of personal data, in gold too.

    Raises:
        RecipeError: the round exists with other settings; the run, an attribute or the gold file is not there or wrong.
    """
    form, head = plan.form, plan.form.round
    settings = form.model_dump(mode="json")
    there = opened.scalars(select(Round).where(Round.name == head.name)).first()
    if there is not None:
        if form_of(there) != form:  # as forms: what a newer program may say besides has its default
            raise RecipeError(
                f'round "{head.name}" was opened with other settings; what was drawn and dealt cannot change: '
                "say what you had, or give the new round a name of its own"
            )
        return there
    golds = _read_gold(plan, read_label, masked=masked)
    chosen = _Chosen([], {})
    if plan.sample_file is not None:
        chosen = _drawn_already(read_sample(plan.sample_file))
    elif head.run is not None and head.purpose != "exam":
        chosen = _choose(open_run(head.run, workspace), form, suggest)
    if masked and head.release is None:
        _mask(chosen.rows)
    drawn = {row["document"] for row in chosen.rows}
    golds = [gold for gold in golds if gold["document"] not in drawn]
    made = Round(
        name=head.name, kind=head.kind, rule_version=head.rule_version, run=head.run, purpose=head.purpose,
        review=review, seed=head.seed, opened_at=now(), design={"file": settings, "population": chosen.population},
    )  # fmt: skip
    opened.add(made)
    opened.flush()
    order = np.random.default_rng(head.seed).permutation(len(chosen.rows))
    for row, place in zip(chosen.rows, order, strict=True):
        opened.add(Item(
            round=made.id, document=row["document"], probability=row["probability"], stratum=row["stratum"],
            overlap=head.overlap, batch=int(place) // form.review.batch,
        ))  # fmt: skip
    for gold in golds:
        opened.add(Item(
            round=made.id, document=gold["document"], overlap=0, is_gold=True, gold=gold["gold"], gold_revision=1,
        ))  # fmt: skip
    record(opened, "operator", "round opened", round=head.name, items=len(chosen.rows), gold=len(golds))
    rows = chosen.rows + [{**dict.fromkeys(ITEMS.names), "failed": [], "stratum": "", **gold} for gold in golds]
    table = pa.Table.from_pylist([{name: row[name] for name in ITEMS.names} for row in rows], ITEMS)
    write_table(round_folder(workspace, head.name) / "items.parquet", table)
    return made


def _choose(run: Run, form: RoundFile, suggest: Suggest | None) -> _Chosen:
    sampling = form.sampling
    parts = run.parts
    columns = {name: parts.column("verdicts", name).to_pylist() for name in ("id", "source", "verdict.reason")}
    kept = np.array(parts.column("verdicts", "verdict.keep").to_pylist(), np.bool_)
    frame = np.flatnonzero({"all": kept | True, "kept": kept, "dropped": ~kept}[sampling.include])
    strata = _strata(run, sampling, columns, kept)
    weights = _weights(run, sampling)
    sample = draw(
        [columns["id"][row] for row in frame], sampling.size, seed=form.round.seed,
        strata=[strata[row] for row in frame], balanced=sampling.balanced,
        weights=None if weights is None else weights[frame],
    )  # fmt: skip
    if not len(sample.rows):
        raise RecipeError(f'round "{form.round.name}": run "{run.name}" has no documents to draw from')
    rows = _rows(run, frame[sample.rows], sample)
    if suggest is not None:
        values = _attribute(run, suggest[0]).take(frame[sample.rows]).to_pylist()
        for row, value in zip(rows, values, strict=True):
            row["suggestion"] = None if value is None else orjson.dumps(suggest[1](value)).decode()
    return _Chosen(rows, sample.population)


def _drawn_already(rows: list[dict[str, Any]]) -> _Chosen:
    population = round(1 / rows[0]["probability"] * len(rows)) if rows else 0
    return _Chosen([{**row, "stratum": "", "suggestion": None} for row in rows], {"": population})


def _mask(rows: list[dict[str, Any]]) -> None:
    """Put placeholders in the place of personal data, of every kind that is known."""
    texts = pa.array([row["text"] for row in rows], pa.large_string())
    for row, text in zip(rows, Masker(EVERYTHING).strings(texts).to_pylist(), strict=True):
        row["text"] = text


def _rows(run: Run, rows: NDArray[np.int64], sample: Sample) -> list[dict[str, Any]]:
    texts = run.parts.take("documents", rows, ["text"])["text"].to_pylist()
    verdicts = run.parts.take(
        "verdicts", rows, ["id", "source", "verdict.keep", "verdict.reason", "verdict.failed"]
    ).to_pylist()
    return [
        {
            "document": verdict["id"], "text": text, "source": verdict["source"], "kept": verdict["verdict.keep"],
            "reason": verdict["verdict.reason"], "failed": verdict["verdict.failed"], "stratum": stratum,
            "probability": float(probability), "suggestion": None,
        }
        for verdict, text, stratum, probability in zip(verdicts, texts, sample.strata, sample.probability, strict=True)
    ]  # fmt: skip


def _strata(run: Run, sampling: Sampling, columns: dict[str, list[Any]], kept: NDArray[np.bool_]) -> list[str]:
    read: dict[str, Sequence[Any]] = {
        "source": columns["source"],
        "reason": [reason or "kept" for reason in columns["verdict.reason"]],
        "verdict": np.where(kept, "kept", "dropped").tolist(),
    }
    if "domain" in sampling.by:
        read["domain"] = [domain or "other" for domain in _attribute(run, "domain.top").to_pylist()]
    chosen = [read[name] for name in sampling.by]
    return ["/".join(map(str, values)) for values in zip(*chosen, strict=True)] if chosen else [""] * len(kept)


def _weights(run: Run, sampling: Sampling) -> Numbers | None:
    match sampling.focus:
        case "thresholds":
            edges = [(r.attribute, bound) for r in run.policy.rules for bound in (r.at_least, r.at_most)
                     if bound is not None and not r.attribute.startswith("dedup.")]  # fmt: skip
            return near_bounds([_numbers(run, name) for name, _ in edges], [float(bound) for _, bound in edges])
        case "uncertainty":
            return uncertain(_numbers(run, sampling.scores[0]))
        case "disagreement":
            return disputed([_numbers(run, name) for name in sampling.scores])
        case _:
            return None


def _attribute(run: Run, name: str) -> pa.ChunkedArray:
    known = [field for choice in run.filters() for field in choice.make().schema.names]
    if name not in known:
        raise RecipeError(f'run "{run.name}" did not measure "{name}"{nearest(name, known)}')
    return run.parts.column("attributes", name)


def _numbers(run: Run, name: str) -> Numbers:
    values = _attribute(run, name)
    if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
        raise RecipeError(f'"{name}" is no number, and nothing can be near to it')
    return np.array([np.nan if value is None else value for value in values.to_pylist()], np.float64)


def _read_gold(plan: RoundPlan, read_label: ReadLabel, *, masked: bool) -> list[dict[str, Any]]:
    path = plan.gold_file
    if path is None:
        return []
    where = f"gold {path}"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where}: cannot be read: {error}") from error
    golds, seen = [], set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            if masked:
                _mask([row])
            document, text = str(row["id"]), row["text"]
            gold = read_label(row["label"], text)
        except (orjson.JSONDecodeError, TypeError, KeyError, ValueError) as error:
            raise RecipeError(f"{where}, line {number}: id, text and label are needed: {error!r}") from error
        if not isinstance(text, str) or not text.strip() or document in seen:
            raise RecipeError(f"{where}, line {number}: the text is empty, or the id {document!r} is there twice")
        seen.add(document)
        golds.append({"document": document, "text": text, "gold": gold})
    if not golds:
        raise RecipeError(f"{where}: holds nothing")
    return golds
