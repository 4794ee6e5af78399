"""What a round asks about, drawn from finished runs: documents of one, or pairs of two that differ in their texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from annotation.round_file import RoundFile, Sampling
from annotation.sampling import Sample, disputed, draw, near_bounds, random_numbers, uncertain
from pipeline.errors import RecipeError
from pipeline.runs import Run
from pipeline.store import read_batches
from pipeline.toml import nearest

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]

SIDES = 5
"""Added to a round's seed for the order of the two texts: it must have nothing to do with who was drawn."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn."""

    items: list[dict[str, Any]]
    """As items.parquet has them."""
    rows: Rows
    """Of the (first) run: which of its documents they are, in the same order."""
    population: dict[str, int]
    """Documents that could have been drawn, by stratum."""
    pairs: dict[str, int] = field(default_factory=dict)
    """Of a comparison: how many documents there are in both runs or in one alone, alike or different."""


def draw_documents(run: Run, form: RoundFile) -> Drawn:
    """Draw documents of a run, kept and dropped ones as the round's file says."""
    kept = _kept(run)
    frame = np.flatnonzero({"all": kept | True, "kept": kept, "dropped": ~kept}[form.sampling.include])
    sample = _sample(run, form, frame)
    rows = frame[sample.rows]
    texts = run.parts.take("documents", rows, ["text"])["text"].to_pylist()
    return Drawn(_items(run, rows, sample, texts), rows, sample.population)


def draw_pairs(run: Run, other: Run, form: RoundFile) -> Drawn:
    """Draw documents that two runs over the same sources cleaned to different texts; which stands left is random.

    A document is the same in both if its source and its id are. Strata, and weights of a focus, are the first run's;
    kept means by both, dropped by one of them at least.

    Raises:
        RecipeError: the runs have no document in common, or all texts are alike.
    """
    mine, theirs = _digests(run), _digests(other)
    place = {key: row for row, (key, _) in enumerate(theirs)}
    both = np.array([(row, place[key]) for row, (key, _) in enumerate(mine) if key in place], np.int64).reshape(-1, 2)
    if not len(both):
        raise RecipeError(
            f'round "{form.round.name}": the runs "{run.name}" and "{other.name}" have no document in common; '
            "they must have read the same sources, under the same names"
        )
    differs = np.array([mine[a][1] != theirs[b][1] for a, b in both.tolist()], np.bool_)
    pairs = {
        "both": len(both), "alike": int((~differs).sum()), "different": int(differs.sum()),
        f"only {run.name}": len(mine) - len(both), f"only {other.name}": len(theirs) - len(both),
    }  # fmt: skip
    both = both[differs]
    kept = _kept(run)[both[:, 0]] & _kept(other)[both[:, 1]]
    both = both[{"all": kept | True, "kept": kept, "dropped": ~kept}[form.sampling.include]]
    sample = _sample(run, form, both[:, 0])
    rows, others = both[sample.rows].T
    items = _items(run, rows, sample, _texts(run, rows))
    verdicts = _in_order(other, "verdicts", others, ["verdict.keep", "verdict.failed"])
    first = random_numbers([item["document"] for item in items], form.round.seed + SIDES)
    for item, text, verdict, chance in zip(items, _texts(other, others), verdicts, first, strict=True):
        item |= {"other_kept": verdict["verdict.keep"], "other_failed": verdict["verdict.failed"]}
        item |= {"right": text, "left_run": run.name}
        if chance < 0.5:  # noqa: PLR2004 - one of two
            item |= {"text": item["right"], "right": item["text"], "left_run": other.name}
    return Drawn(items, rows, sample.population, pairs)


def _kept(run: Run) -> NDArray[np.bool_]:
    return np.array(run.parts.column("verdicts", "verdict.keep").to_pylist(), np.bool_)


def _digests(run: Run) -> list[tuple[tuple[str, str], int]]:
    """Return source and id, and a digest of the text, of every document, without having two row groups in memory."""
    return [
        ((source, name), xxhash.xxh3_128_intdigest(text.encode()))
        for number in run.parts.numbers
        for batch in read_batches(run.folder.part("documents", number), ["source", "id", "text"])
        for source, name, text in zip(*(batch[name].to_pylist() for name in ("source", "id", "text")), strict=True)
    ]


def _texts(run: Run, rows: Rows) -> list[str]:
    return [row["text"] for row in _in_order(run, "documents", rows, ["text"])]


def _in_order(run: Run, table: str, rows: Rows, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Read rows in an order of their own: another run may have the documents in another."""
    order = np.argsort(rows, kind="stable")
    found = run.parts.take(table, rows[order], columns).to_pylist() if len(rows) else []
    return [found[place] for place in np.argsort(order, kind="stable")]


def _sample(run: Run, form: RoundFile, frame: Rows) -> Sample:
    sampling = form.sampling
    ids = run.parts.column("documents", "id").to_pylist()
    strata, weights = _strata(run, sampling), _weights(run, sampling)
    sample = draw(
        [ids[row] for row in frame], sampling.size, seed=form.round.seed,
        strata=[strata[row] for row in frame], balanced=sampling.balanced,
        weights=None if weights is None else weights[frame],
    )  # fmt: skip
    if not len(sample.rows):
        raise RecipeError(f'round "{form.round.name}": run "{run.name}" has no documents to draw from')
    return sample


def _items(run: Run, rows: Rows, sample: Sample, texts: Sequence[str]) -> list[dict[str, Any]]:
    verdicts = run.parts.take(
        "verdicts", rows, ["id", "source", "verdict.keep", "verdict.reason", "verdict.failed"]
    ).to_pylist()
    return [
        {
            "document": verdict["id"], "text": text, "source": verdict["source"], "kept": verdict["verdict.keep"],
            "reason": verdict["verdict.reason"], "failed": verdict["verdict.failed"], "stratum": stratum,
            "probability": float(probability),
        }
        for verdict, text, stratum, probability in zip(verdicts, texts, sample.strata, sample.probability, strict=True)
    ]  # fmt: skip


def _strata(run: Run, sampling: Sampling) -> list[str]:
    reasons = run.parts.column("verdicts", "verdict.reason").to_pylist()
    read: dict[str, Sequence[Any]] = {
        "source": run.parts.column("verdicts", "source").to_pylist(),
        "reason": [reason or "kept" for reason in reasons],
        "verdict": ["kept" if reason is None else "dropped" for reason in reasons],
    }
    if "domain" in sampling.by:
        read["domain"] = [domain or "other" for domain in attribute_of(run, "domain.top").to_pylist()]
    chosen = [read[name] for name in sampling.by]
    return ["/".join(map(str, values)) for values in zip(*chosen, strict=True)] if chosen else [""] * len(reasons)


def _weights(run: Run, sampling: Sampling) -> Numbers | None:
    match sampling.focus:
        case "thresholds":
            edges = [(r.attribute, bound) for r in run.policy.rules for bound in (r.at_least, r.at_most)
                     if bound is not None and not r.attribute.startswith("dedup.")]  # fmt: skip
            return near_bounds([numbers_of(run, name) for name, _ in edges], [float(bound) for _, bound in edges])
        case "uncertainty":
            return uncertain(numbers_of(run, sampling.scores[0]))
        case "disagreement":
            return disputed([numbers_of(run, name) for name in sampling.scores])
        case _:
            return None


def attribute_of(run: Run, name: str) -> pa.ChunkedArray:
    """Return an attribute of all documents of a run.

    Raises:
        RecipeError: the run did not measure it.
    """
    known = [field for choice in run.filters() for field in choice.make().schema.names]
    if name not in known:
        raise RecipeError(f'run "{run.name}" did not measure "{name}"{nearest(name, known)}')
    return run.parts.column("attributes", name)


def numbers_of(run: Run, name: str) -> Numbers:
    """Return an attribute of all documents of a run as numbers, NaN where there is none.

    Raises:
        RecipeError: the run did not measure it, or it is no number.
    """
    values = attribute_of(run, name)
    if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
        raise RecipeError(f'"{name}" is no number, and nothing can be near to it')
    return np.array([np.nan if value is None else value for value in values.to_pylist()], np.float64)
