"""From answers to scores: consensus, copies, informedness, alarms; a pure function, whatever the order of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from annotation.anchored import SOUND, Fit, fit, matrices
from annotation.consensus import UNSURE
from annotation.incentive.confusion import Lists, belief_of_others
from annotation.incentive.copies import Copies, find_copies
from annotation.incentive.informedness import basis_points
from annotation.incentive.measures import Measures, measure, nothing
from annotation.incentive.reading import Reading, read_answers
from annotation.incentive.tables import COPIES, GOLD_CLASS, LABELS, SCORES

Numbers = NDArray[np.float64]

SCORER_VERSION = "twin/1"
REFERENCE = "=Z"
"""The reference label among people: no pseudonym begins with an equals sign."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """What may be chosen; the defaults are what the benchmark was run with."""

    costs: tuple[float, ...] | None = None
    """Cost of missing each class, for unequal weights; None: all classes count alike."""
    perspectivist: bool = False
    """The question has no truth (taste, offence as felt): nothing is measured, everybody's state is none."""
    strata: int = 4
    """Most strata; rarer reference labels are one."""
    find_copies: bool = True
    cleared: frozenset[str] = frozenset()
    """People whom somebody has looked at and found to work for themselves: in no cluster."""
    caps: bool = True
    """Off only to show what the caps do."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What came out."""

    table: pa.Table
    """SCORES, by contributor."""
    labels: pa.Table
    """LABELS, by item."""
    copies: pa.Table
    """COPIES, strongest first."""
    converged: bool
    iterations: int
    j_reference: float | None
    """Informedness of the consensus on the golds; None without golds of two classes."""
    alarms: list[str] = field(default_factory=list)
    """Sentences for the operator."""


def score(answers: pa.Table, classes: Sequence[str], parameters: Scoring | None = None) -> Scored:
    """Score the people who answered one kind of question.

    Args:
        answers: ANSWERS of one kind; of two answers of a person to an item the later counts. The columns item,
            contributor, label, gold, gold_revision, stratum, kind and at are read.
        classes: all labels there are, in their order; a tie goes to the first. An answer "" (skipped) counts nowhere.
        parameters: what may be chosen.

    Raises:
        ValueError: the table has several kinds.
        KeyError: a label or a gold is none of the classes.
    """
    parameters = parameters or Scoring()
    reading = read_answers(answers, classes, parameters.strata)
    if reading is None:
        return Scored(SCORES.empty_table(), LABELS.empty_table(), COPIES.empty_table(), True, 0, None)
    panel, lists = reading.panel, Lists.of(reading.panel)
    found = fit(panel)
    copies = Copies.none(panel.people)
    if parameters.find_copies:
        copies = _copies(reading, lists, found, parameters.cleared)
        if copies.cluster.any():
            found = fit(panel, 1 / copies.size[: panel.people])
    others = belief_of_others(panel, lists, found, copies.cluster[: panel.people])
    if parameters.perspectivist:
        measures = nothing(reading)
    else:
        measures = measure(reading, found, others, copies.size[: panel.people], parameters.costs, caps=parameters.caps)
    table = _table(reading, copies, measures)
    alarms = [] if parameters.perspectivist else _alarms(table, found, copies)
    labels, pairs = _labels(reading, found), _pairs(reading, copies)
    return Scored(table, labels, pairs, found.converged, found.iterations, found.reference, alarms)


def _copies(reading: Reading, lists: Lists, found: Fit, names: frozenset[str]) -> Copies:
    """Find copies, with the reference label as one more person where it is a class and not always the same."""
    panel = reading.panel
    cleared = np.array([*(name in names for name in reading.votes.people), False])
    if reading.reference.min() < 0 or reading.reference.min() == reading.reference.max():
        return find_copies(panel, lists, found, cleared)
    label = np.zeros(panel.items, np.int64)
    label[panel.item] = reading.reference
    items = np.unique(panel.item)
    wide = replace(
        panel, people=panel.people + 1, item=np.concatenate([panel.item, items]),
        person=np.concatenate([panel.person, np.full(len(items), panel.people)]),
        label=np.concatenate([panel.label, label[items]]),
    )  # fmt: skip
    silent = np.zeros((1, panel.classes, panel.classes), np.int64)  # it has no vote
    told = replace(found, errors=matrices(wide, found.belief)[0], table=np.concatenate([found.table, silent]))
    return find_copies(wide, Lists.of(wide), told, cleared)


def _table(reading: Reading, copies: Copies, measures: Measures) -> pa.Table:
    votes, people = reading.votes, reading.panel.people
    golds = [
        [{"name": name, "seen": s, "right": r} for name, s, r in zip(votes.classes, seen, right, strict=True)]
        for seen, right in zip(measures.seen.tolist(), measures.right.tolist(), strict=True)
    ]
    maybe = (measures.gold, measures.peer, measures.gold_cap, measures.peer_cap)
    columns = [
        votes.people, [reading.kind] * people, np.bincount(reading.panel.person, minlength=people),
        measures.seen.sum(axis=1), pa.array(golds, pa.list_(GOLD_CLASS)),
        *map(basis_points, (measures.j, measures.low, measures.high, measures.whole)),
        *(pa.array(basis_points(np.nan_to_num(bound)), mask=np.isnan(bound)) for bound in maybe),
        measures.cap, measures.state, copies.cluster[:people].astype(np.int32), copies.size[:people].astype(np.int32),
        measures.strata.astype(np.int32), [SCORER_VERSION] * people,
    ]  # fmt: skip
    return pa.table([pa.array(column) for column in columns], SCORES)


def _labels(reading: Reading, found: Fit) -> pa.Table:
    belief = np.rint(found.belief * 1e9) / 1e9  # a tie is a tie, whatever the last bits are
    likeliest = belief.argmax(axis=1)
    posterior = belief.max(axis=1)
    names = pa.array(list(reading.votes.classes)).take(pa.array(likeliest))
    return pa.table([pa.array(reading.votes.items), names, pa.array(posterior), pa.array(posterior < UNSURE)], LABELS)


def _pairs(reading: Reading, copies: Copies) -> pa.Table:
    names = [*reading.votes.people, REFERENCE]
    one, other = ([names[code] for code in codes.tolist()] for codes in (copies.one, copies.other))
    cluster = pa.array(copies.cluster[copies.one], pa.int32())
    columns = [one, other, copies.shared, copies.deviations, copies.llr, cluster]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, COPIES, strict=True)], COPIES)


def _alarms(table: pa.Table, found: Fit, copies: Copies) -> list[str]:
    unanchored = pc.sum(pc.equal(table["state"], "unanchored")).as_py()
    said = [
        (not found.converged, f"the consensus has not settled after {found.iterations} iterations"),
        (found.reference is None, "no golds of two classes: peers alone judge, and payable J is at most 0.5"),
        (found.reference is not None and found.reference < SOUND,
         f"the consensus fails on the golds (J_ref {found.reference or 0:.2f} < {SOUND}): peers count for less"),
        (unanchored > 0, f"{unanchored} of {table.num_rows} people have no golds of two classes"),
        (copies.cluster.any(),
         f"{np.count_nonzero(copies.cluster)} people answer as one ({copies.cluster.max()} clusters): look"),
    ]  # fmt: skip
    return [sentence for condition, sentence in said if condition]
