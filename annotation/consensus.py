"""Many answers to one label: methods behind one signature, each with the posterior that its label rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from annotation.anchored import Panel, fit

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

UNSURE = 0.8
"""Posterior below which a person should look at the item again."""
ITERATIONS = 1000
CHANGE = 1e-5
"""Mean absolute change of the posterior at which it counts as settled."""
SMOOTHING = 0.01
"""Answers of every kind that each person is taken to have given besides: no probability is ever 0."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Who said what of which item: three columns of codes, and what the codes mean."""

    items: Sequence[str]
    people: Sequence[str]
    classes: Sequence[str]
    item: Codes
    """int64[votes]: position in `items`; so the others."""
    person: Codes
    label: Codes

    @classmethod
    def of(cls, table: pa.Table, classes: Sequence[str], items: Sequence[str] | None = None) -> Self:
        """Read a table of the columns item, contributor and label (strings); one row an answer.

        Args:
            table: the answers.
            classes: all labels there are, in their order; a tie goes to the first.
            items: the items to judge, if some may have no answer; those of the table by default, sorted.
        """
        names = sorted(pc.unique(table["item"]).to_pylist()) if items is None else list(items)
        people = sorted(pc.unique(table["contributor"]).to_pylist())
        return cls(
            names, people, list(classes),
            *(_codes(table[name], known) for name, known in
              (("item", names), ("contributor", people), ("label", classes))),
        )  # fmt: skip

    def panel(self, gold: Codes | None = None) -> Panel:
        """Return the codes alone, with the true class of every item (-1: not known)."""
        known = np.full(len(self.items), -1, np.int64) if gold is None else gold
        return Panel(self.item, self.person, self.label, known, len(self.people), len(self.classes))


def _codes(values: pa.ChunkedArray, known: Sequence[str]) -> Codes:
    places = pc.index_in(values, value_set=pa.array(known, pa.string()))
    if places.null_count:
        raise KeyError(values.filter(pc.is_null(places))[0].as_py())
    return np.asarray(places.to_numpy(), np.int64)


@dataclass(frozen=True, slots=True)
class Belief:
    """What a method believes."""

    posterior: Numbers
    """float64[items, classes]; each row sums to 1. An item without a vote has the prior."""
    errors: Numbers | None
    """float64[people, classes, classes]: P(says the second | truth is the first); None where a method has none."""
    converged: bool
    iterations: int

    @property
    def labels(self) -> Codes:
        """The likeliest class of every item; the first of equals."""
        return np.asarray(np.argmax(self.posterior, axis=1), np.int64)

    @property
    def needs_review(self) -> NDArray[np.bool_]:
        """Where the posterior is too low to rest on."""
        return np.asarray(self.posterior.max(axis=1) < UNSURE)


class Method(Protocol):
    """How votes become a belief."""

    def __call__(self, votes: Votes, gold: Codes | None = None) -> Belief:
        """Judge every item.

        Args:
            votes: who said what.
            gold: int64[items]: the true class where it is known, else -1; None if it is known of none.
        """
        ...


def majority(votes: Votes, gold: Codes | None = None) -> Belief:
    """Count: the posterior is the share of the votes. A gold item has its gold."""
    counts = np.zeros((len(votes.items), len(votes.classes)))
    np.add.at(counts, (votes.item, votes.label), 1.0)
    cast = counts.sum(axis=1, keepdims=True)
    posterior = np.where(cast > 0, counts / np.maximum(cast, 1), 1 / len(votes.classes))
    return Belief(_anchor(posterior, gold), None, converged=True, iterations=0)


def dawid_skene(votes: Votes, gold: Codes | None = None) -> Belief:
    """Weigh people by the errors that they make, found together with the labels (A. P. Dawid and A. M. Skene, 1979).

    Expectation and maximisation from the majority's posterior: a person's errors are counted against the belief, the
    belief is made of prior and errors, in logarithms, until it changes no more.
    """
    classes = len(votes.classes)
    posterior = majority(votes, gold).posterior
    errors = np.zeros((len(votes.people), classes, classes))
    voted = np.zeros(len(votes.items), np.bool_)
    voted[votes.item] = True
    for turn in range(1, ITERATIONS + 1):
        errors[:] = 0
        np.add.at(errors.transpose(0, 2, 1), (votes.person, votes.label), posterior[votes.item])
        errors += SMOOTHING
        errors /= errors.sum(axis=2, keepdims=True)
        prior = posterior[voted].sum(axis=0) + SMOOTHING
        prior /= prior.sum()
        log = np.tile(np.log(prior), (len(votes.items), 1))
        np.add.at(log, votes.item, np.log(errors)[votes.person, :, votes.label])
        log -= log.max(axis=1, keepdims=True)
        new = np.exp(log)
        new = _anchor(new / new.sum(axis=1, keepdims=True), gold)
        change = float(np.abs(new - posterior).mean())
        posterior = new
        if change < CHANGE:
            return Belief(posterior, errors, converged=True, iterations=turn)
    return Belief(posterior, errors, converged=False, iterations=ITERATIONS)


def anchored(votes: Votes, gold: Codes | None = None) -> Belief:
    """Dawid and Skene's model with errors shrunk to the crowd's and a start on gold; `annotation.anchored` says how."""
    found = fit(votes.panel(gold))
    return Belief(found.belief, found.errors, found.converged, found.iterations)


def _anchor(posterior: Numbers, gold: Codes | None) -> Numbers:
    if gold is not None:
        known = np.flatnonzero(gold >= 0)
        posterior[known] = 0
        posterior[known, gold[known]] = 1
    return posterior


METHODS: dict[str, Method] = {"majority": majority, "dawid_skene": dawid_skene, "anchored": anchored}
"""By the name that a round's file gives."""
