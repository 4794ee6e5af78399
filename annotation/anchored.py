"""Dawid and Skene's model anchored on gold: people's errors shrunk to the crowd's, sums that no order can change.

A person w of truth c says k with probability R_w[c, k]. With N_w[c, k] = sum over his answers k of the belief in c,
and the crowd's pooled matrix P (rows normalised sum_w N_w + I + 0.1)::

    R_w[c, k] = (N_w[c, k] + KAPPA P[c, k]) / (N_w[c, .] + KAPPA)
    L_i[c]    = log p_c + sum_{w answered i} v_w log R_w[c, r_wi]          belief_i = softmax(L_i); gold: one-hot

p is the mean belief of the items without gold (+ 1), v_w a person's weight (1, or less where several answer as one).
shared/reference/incentive.md, 5.1; A. P. Dawid and A. M. Skene, 1979; shrinking to a pool as in hierarchical models.

Sums over answers are of whole numbers (COUNT, NATS), so the order of rows, items and people changes nothing at all.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

KAPPA = 4.0
"""Answers that the crowd's matrix counts as, beside a person's own."""
MOST = 50
"""Rounds of expectation and maximisation."""
CHANGE = 1e-4
"""Mean absolute change of a belief at which it counts as settled."""
GOLDS_TO_START = 2.0
"""Golds answered per person, on average, from which the first matrices are counted on gold alone."""
SOUND = 0.6
"""Informedness of the consensus on golds below which it is not to be trusted."""
COUNT = 2.0**40
"""Units of a count of answers: room for eight million answers."""
NATS = 2.0**32
"""Units of a logarithm."""


@njit(cache=True, nogil=True)
def _count(item, person, label, belief, people):  # type: ignore[no-untyped-def]
    """Return int64[people, classes, classes] in units of 1 / COUNT; `belief` has whole numbers of them."""
    classes = belief.shape[1]
    counts = np.zeros((people, classes, classes), np.int64)
    for row in range(len(item)):
        for c in range(classes):
            counts[person[row], c, label[row]] += belief[item[row], c]
    return counts


@njit(cache=True, nogil=True)
def _add(item, person, label, table, items):  # type: ignore[no-untyped-def]
    """Return int64[items, classes]: each item's sum of `table`[person, :, label]."""
    classes = table.shape[1]
    sums = np.zeros((items, classes), np.int64)
    for row in range(len(item)):
        for c in range(classes):
            sums[item[row], c] += table[person[row], c, label[row]]
    return sums


@dataclass(frozen=True, slots=True)
class Panel:
    """Answers as codes: who (person) says what (label) of which item, and what is known."""

    item: Whole
    person: Whole
    label: Whole
    gold: Whole
    """int64[items]: the true class, else -1."""
    people: int
    classes: int

    @property
    def items(self) -> int:
        """How many items there are, answered or not."""
        return len(self.gold)

    @property
    def known(self) -> Whole:
        """Items whose truth is known."""
        return np.flatnonzero(self.gold >= 0)


@dataclass(frozen=True, slots=True)
class Fit:
    """What the model believes, and what it needs to take a person out again."""

    belief: Numbers
    """float64[items, classes]; rows sum to 1."""
    errors: Numbers
    """float64[people, classes, classes]: R."""
    pool: Numbers
    """float64[classes, classes]: P."""
    table: Whole
    """int64[people, classes, classes]: v_w log R_w in units of 1 / NATS."""
    sums: Whole
    """int64[items, classes]: each item's sum of `table`, without the prior."""
    prior: Numbers
    converged: bool
    iterations: int
    reference: float | None
    """Informedness, on the golds, of what the others say (uniform prior); None without golds of two classes."""


def softmax(log: Numbers) -> Numbers:
    """Return rows that sum to 1."""
    raised = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit(panel: Panel, weight: Numbers | None = None, most: int = MOST) -> Fit:
    """Believe what people and golds say together.

    The first matrices are counted on gold alone where people have answered GOLDS_TO_START of them on average (a clique
    cannot agree them away), else on the votes. Where the outcome fails on the golds (`reference` < SOUND), the other
    start and the matrices of gold alone are tried and the best kept: many who say the same can still pull the
    iterations over to themselves.

    Args:
        panel: the answers.
        weight: float64[people]: v_w; 1 for all by default.
        most: rounds of expectation and maximisation.
    """
    weight = np.ones(panel.people) if weight is None else weight
    on_gold = panel.gold[panel.item] >= 0
    by_gold = bool(on_gold.any()) and on_gold.sum() >= GOLDS_TO_START * panel.people
    found = _run(panel, weight, most, by_gold=by_gold)
    if found.reference is None or found.reference >= SOUND:
        return found
    others = (_run(panel, weight, most, by_gold=not by_gold), _run(panel, weight, 1, by_gold=True))
    for other in others:
        if other.reference is not None and other.reference > (found.reference or 0) + 1e-9:
            found = other
    return found


def _run(panel: Panel, weight: Numbers, most: int, *, by_gold: bool) -> Fit:
    prior = np.full(panel.classes, 1 / panel.classes)
    if by_gold:
        belief = np.zeros((panel.items, panel.classes))
    else:
        votes = np.zeros((panel.people, panel.classes, panel.classes), np.int64)
        votes[:, np.arange(panel.classes), np.arange(panel.classes)] = np.rint(weight * NATS).astype(np.int64)[:, None]
        counts = _add(panel.item, panel.person, panel.label, votes, panel.items) / NATS
        cast = counts.sum(axis=1, keepdims=True)
        belief = np.where(cast > 0, counts / np.maximum(cast, 1e-300), prior)
    belief = _anchor(belief, panel)
    errors = pool = table = sums = None
    converged, turn = False, 0
    while turn < most and not converged:
        turn += 1
        errors, pool = matrices(panel, belief)
        table = np.rint(weight[:, None, None] * np.log(errors) * NATS).astype(np.int64)
        sums = _add(panel.item, panel.person, panel.label, table, panel.items)
        if turn > 1 or not by_gold:
            prior = _prior(panel, belief)
        new = _anchor(softmax(sums / NATS + np.log(prior)), panel)
        converged = float(np.abs(new - belief).mean()) < CHANGE if panel.items else True
        belief = new
    assert errors is not None
    assert pool is not None
    assert table is not None
    assert sums is not None
    return Fit(belief, errors, pool, table, sums, prior, converged, turn, reference(panel, table, sums))


def matrices(panel: Panel, belief: Numbers) -> tuple[Numbers, Numbers]:
    """Return R, float64[people, classes, classes], what each says given the truth, shrunk to the crowd's; and that, P."""
    whole = np.rint(belief * COUNT).astype(np.int64)
    own = _count(panel.item, panel.person, panel.label, whole, panel.people) / COUNT
    pool = own.sum(axis=0) + np.eye(panel.classes) + 0.1
    pool /= pool.sum(axis=1, keepdims=True)
    return np.asarray((own + KAPPA * pool) / (own.sum(axis=2, keepdims=True) + KAPPA)), pool


def _prior(panel: Panel, belief: Numbers) -> Numbers:
    free = np.rint(belief[panel.gold < 0] * COUNT).astype(np.int64).sum(axis=0) / COUNT + 1.0
    return np.asarray(free / free.sum())


def _anchor(belief: Numbers, panel: Panel) -> Numbers:
    known = panel.known
    belief[known] = 0
    belief[known, panel.gold[known]] = 1
    return belief


def reference(panel: Panel, table: Whole, sums: Whole) -> float | None:
    """Return J_ref: how far the others' belief, without prior, tells the golds' classes apart; 0 is not at all.

    The mean over the classes that have golds of the mean belief in the true class, where every answer to a gold is
    left out in turn, brought to the scale of informedness: (m n - 1) / (n - 1) over those n classes.
    """
    rows = np.flatnonzero(panel.gold[panel.item] >= 0)
    true = panel.gold[panel.item[rows]]
    present = np.unique(true)
    if len(present) < 2:  # noqa: PLR2004 - nothing to tell apart
        return None
    rest = sums[panel.item[rows]] - table[panel.person[rows], :, panel.label[rows]]
    belief = softmax(rest[:, present] / NATS)
    whole = np.rint(belief[np.arange(len(rows)), np.searchsorted(present, true)] * COUNT).astype(np.int64)
    means = [whole[true == c].sum() / COUNT / (true == c).sum() for c in present]
    return float((np.sum(means) - 1) / (len(present) - 1))
