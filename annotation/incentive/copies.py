"""Who answers as one: people who deviate from the belief alike, more often than two who know as much would by chance.

For two people and the items both answered, on which either deviates from the likeliest class: with P the probability of
a person's answer by all others (their belief times his errors), an answer that repeats the other's with probability
COPY has the log likelihood ratio::

    llr += log((COPY same + (1 - COPY) P) / P)        mean of both directions, nats

`shared` counts equal deviations. A pair is an edge where llr > 4, shared >= 3 and shared / deviations >= 0.6. A set of
people joined by edges is a cluster where its largest llr > log(pairs) + 5, or where it has three people or more, its
llr sum to more than twice that and at least half of its pairs are edges; pairs: all that were compared.
shared/reference/incentive.md, 5.4. A flag is a reason to look and to hold pay back, not a verdict.

The reference label (a model's, shown or not) takes part as one more person: who follows it in its errors is found.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from annotation.anchored import Fit, Panel
from annotation.incentive.confusion import Lists

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

COPY = 0.9
"""How often a copier repeats the other."""
LEAST_LLR = 4.0
LEAST_SHARED = 3
LEAST_PART = 0.6
MARGIN = 5.0
"""Nats beyond the logarithm of the number of pairs: one false pair in 150 times as many."""
LEAST_P = 1e-3
"""No answer is rarer: one alone cannot make a pair."""
GROUP = 3
UNIT = 2.0**32
"""Units of llr: sums that no order changes."""


@njit(cache=True, nogil=True)
def _compare(mine, theirs, item, start, order, person, label, deviates, p, people):  # type: ignore[no-untyped-def]
    """Return the pairs with enough shared deviations: one, other, shared, deviations, llr; and how many were compared.

    `mine` bounds each person's answers in `theirs`, a list of rows; `start` and `order` list rows by item.
    """
    found = []
    compared = 0
    llr = np.zeros(people, np.int64)
    shared = np.zeros(people, np.int64)
    both = np.zeros(people, np.int64)
    touched = np.zeros(people, np.int64)
    seen = np.zeros(people, np.bool_)
    for one in range(people):
        count = 0
        for at in range(mine[one], mine[one + 1]):
            row = theirs[at]
            for near in range(start[item[row]], start[item[row] + 1]):
                peer = order[near]
                other = person[peer]
                if other <= one:
                    continue
                if not seen[other]:
                    seen[other] = True
                    touched[count] = other
                    count += 1
                if not (deviates[row] or deviates[peer]):
                    continue
                both[other] += 1
                same = 0.9 if label[row] == label[peer] else 0.0
                if same > 0.0:
                    shared[other] += 1
                gain = np.log((same + 0.1 * p[row]) / p[row]) + np.log((same + 0.1 * p[peer]) / p[peer])
                llr[other] += np.int64(np.rint(gain / 2 * 2.0**32))
        compared += count
        for at in range(count):
            other = touched[at]
            if shared[other] >= 3:
                found.append((one, other, shared[other], both[other], llr[other]))
            seen[other] = False
            llr[other] = shared[other] = both[other] = 0
    return found, compared


@dataclass(frozen=True, slots=True)
class Copies:
    """Clusters, and the pairs they are made of."""

    cluster: Whole
    """int64[people]: 0 is alone; 1 is the cluster of the strongest evidence."""
    size: Whole
    """int64[people]: people in the cluster; 1 is alone."""
    one: Whole
    """int64[pairs]: by their evidence, the strongest first; so the others."""
    other: Whole
    shared: Whole
    deviations: Whole
    llr: Numbers
    """float64[pairs]: nats."""
    compared: int
    """Pairs of people who have answered an item both."""

    @classmethod
    def none(cls, people: int) -> "Copies":
        """Return that nobody copies."""
        empty = np.zeros(0, np.int64)
        return cls(np.zeros(people, np.int64), np.ones(people, np.int64), *[empty] * 4, np.zeros(0), 0)


def find_copies(panel: Panel, lists: Lists, found: Fit, others: Numbers) -> Copies:
    """Compare all pairs of people who have answered an item both.

    Args:
        panel: the answers.
        lists: the same by item.
        found: the model.
        others: float64[answers, classes]: what all others believe of each answer's item.
    """
    said = found.errors[panel.person, :, panel.label]
    p = np.clip((others * said).sum(axis=1), LEAST_P, 1.0)
    likeliest = np.argmax(np.rint(found.belief * 2.0**32), axis=1)
    deviates = panel.label != likeliest[panel.item]
    mine = np.zeros(panel.people + 1, np.int64)
    np.cumsum(np.bincount(panel.person, minlength=panel.people), out=mine[1:])
    theirs = np.argsort(panel.person, kind="stable")
    rows, compared = _compare(
        mine, theirs, panel.item, lists.start, lists.order, panel.person, panel.label, deviates, p, panel.people
    )
    table = np.array(rows, np.int64).reshape(-1, 5)
    llr = table[:, 4] / UNIT
    edge = (llr > LEAST_LLR) & (table[:, 2] >= LEAST_SHARED) & (table[:, 2] >= LEAST_PART * table[:, 3])
    table, llr = table[edge], llr[edge]
    by_evidence = np.lexsort((table[:, 1], table[:, 0], -table[:, 2], -table[:, 4]))
    table, llr = table[by_evidence], llr[by_evidence]
    cluster = _clusters(panel.people, table, llr, np.log(max(compared, 1)) + MARGIN)
    sizes = np.bincount(cluster, minlength=1)
    size = np.where(cluster > 0, sizes[cluster], 1)
    return Copies(cluster, size, *(table[:, column] for column in range(4)), llr, compared)


def _clusters(people: int, table: Whole, llr: Numbers, enough: float) -> Whole:
    """Join the edges, strongest first, and number the sets that are clusters in that order."""
    above = list(range(people))

    def top(who: int) -> int:
        while above[who] != who:
            above[who] = above[above[who]]
            who = above[who]
        return who

    for one, other in table[:, :2].tolist():
        above[top(one)] = top(other)
    sets = [top(one) for one in table[:, 0].tolist()]
    members: dict[int, set[int]] = {}
    edges: dict[int, list[float]] = {}
    for (one, other), root, evidence in zip(table[:, :2].tolist(), sets, llr.tolist(), strict=True):
        members.setdefault(root, set()).update((one, other))
        edges.setdefault(root, []).append(evidence)
    cluster = np.zeros(people, np.int64)
    number = 0
    for root, evidence in edges.items():
        size = len(members[root])
        dense = 2 * len(evidence) >= size * (size - 1) / 2
        if max(evidence) > enough or (size >= GROUP and sum(evidence) > 2 * enough and dense):
            number += 1
            cluster[list(members[root])] = number
    return cluster
