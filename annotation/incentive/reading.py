"""Answers as codes: who said what of which item, which gold is in force, and what the reference label was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from annotation.anchored import Panel
from annotation.consensus import Votes

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reading:
    """A table of answers as codes."""

    kind: str
    votes: Votes
    panel: Panel
    golds: Whole
    """int64[answers]: the true class where the answer is measured by it, else -1."""
    stratum: Whole
    """int64[answers]: 0 is the commonest."""
    reference: Whole
    """int64[answers]: the reference label's class, -1 where it is none of the classes."""


def read_answers(answers: pa.Table, classes: Sequence[str], most_strata: int) -> Reading | None:
    """Read a table of ANSWERS; None where nobody has said anything.

    Raises:
        ValueError: the table has several kinds.
        KeyError: a label or a gold is none of the classes.
    """
    answers = answers.filter(pc.not_equal(answers["label"], "")).combine_chunks()
    if not answers.num_rows:
        return None
    kinds = pc.unique(answers["kind"]).to_pylist()
    if len(kinds) > 1:
        raise ValueError(f"answers of {len(kinds)} kinds ({', '.join(sorted(kinds))}): score one at a time")
    votes = Votes.of(answers, classes)
    kept = _latest(votes, answers["at"])
    if kept is not None:
        answers = answers.take(pa.array(kept))
        votes = replace(votes, item=votes.item[kept], person=votes.person[kept], label=votes.label[kept])
    said = _places(answers["gold"], classes)
    if (unknown := (said < 0) & ~np.asarray(pc.is_null(answers["gold"]))).any():
        raise KeyError(answers["gold"][int(np.flatnonzero(unknown)[0])].as_py())
    gold = _golds(votes, said, np.asarray(answers["gold_revision"].to_numpy(), np.int64))
    return Reading(
        kinds[0], votes, votes.panel(gold), np.where(said >= 0, gold[votes.item], -1),
        _strata(answers["stratum"], most_strata), _places(answers["stratum"], classes),
    )  # fmt: skip


def _places(column: pa.ChunkedArray, known: Sequence[str]) -> Whole:
    """Return every value's position among the known, -1 for all others and for null."""
    return np.asarray(pc.fill_null(pc.index_in(column, value_set=pa.array(list(known), pa.string())), -1), np.int64)


def _latest(votes: Votes, at: pa.ChunkedArray) -> Whole | None:
    """Return the rows to keep, or None where nobody has answered an item twice."""
    key = votes.item * len(votes.people) + votes.person
    order = np.argsort(key, kind="stable")
    if (key[order][1:] != key[order][:-1]).all():
        return None
    order = np.lexsort((votes.label, np.asarray(at.cast(pa.int64())), key))
    return np.sort(order[np.append(key[order][1:] != key[order][:-1], True)])


def _golds(votes: Votes, said: Whole, revision: Whole) -> Whole:
    """Return int64[items]: the gold of the highest revision, the first class of equals; -1 without."""
    classes, rows = len(votes.classes), said >= 0
    best = np.full(len(votes.items), -1, np.int64)
    np.maximum.at(best, votes.item[rows], revision[rows] * classes + (classes - 1 - said[rows]))
    return np.where(best >= 0, classes - 1 - best % classes, -1)


def _strata(column: pa.ChunkedArray, most: int) -> Whole:
    """Return every row's stratum, the commonest first; the rarest beyond `most` are one."""
    counts = {row["values"]: row["counts"] for row in pc.value_counts(column).to_pylist()}
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return np.minimum(_places(column, names), most - 1)
