"""Who answers as one: people who deviate alike, more often than people who know as much would by chance.

For person x and a set G of others, on every item that x and some of G have answered, with a the answer of x, s the
share of G's answers equal to a, and P the probability of a by x's errors and the belief of all but x and G::

    llr(x | G) += log((COPY s + (1 - COPY) P) / P)                     nats; COPY: how often a copier repeats

Some items mislead everybody, so errors coincide between people who have nothing to do with each other: P of an answer k
is never below rho_k, how often in this crowd another says k too where one says k and deviates from the likeliest class.

Of two people the mean of both directions counts. Two are an edge where llr > 4 and a deviation from the likeliest
class is equal. From the strongest edge on, a set grows by all with
llr(x | G) > log(people) + 5, then loses who fails that against the rest. It is a cluster where the evidence, half the
sum of all llr(x | G without x) and of two people their llr, is more than log(pairs) + 8, and log(people) more for each
who joined a pair.
Pooling G finds cliques of which no two have shared enough: each pair's evidence is weak, that against all is not.

Taken further than shared/reference/incentive.md, 5.4, which thresholds pairs and sums them: the partner is left out of
P (else a copier makes his own copy likely), agreement with what is believed counts what it is worth, golds are known,
and the crowd's own rho stands against false finds.
A flag is a reason to look and to hold pay back, not a verdict.

The reference label (a model's, shown or not) takes part as one more person: who follows it in its errors is found.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from annotation.anchored import NATS, Fit, Panel
from annotation.incentive.confusion import Lists

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

LEAST_LLR = 4.0
"""Nats from which two people are looked at."""
MARGIN = 5.0
"""Nats beyond the logarithm of how many could have been found: one false find in 150 searches."""
PAIR_MARGIN = 8.0
"""The same for two people, whom nobody else confirms: errors do coincide more than the model knows."""
RHO = (0.02, 0.5)
"""Bounds of rho: a crowd in which most copy must not hide itself."""
GROUP = 3
SEEDS = 2
"""Edges tried as the beginning of a cluster, per person; the strongest."""
ANSWERS_COMPARED = 400_000_000
"""Pairs of answers; beyond it items with the most answers are left out, which cost most."""


@njit(cache=True, nogil=True)
def _chance(log: Whole, prior: Numbers, gold: int, errors: Numbers, said: int, least: float) -> float:
    """Return P(said) by a person's `errors`, given the others' summed logarithms (in units of 2 ** -32) or the gold."""
    if gold >= 0:
        return float(max(errors[gold, said], least))
    top = -np.inf
    for c in range(len(log)):
        top = max(top, log[c] / 2.0**32 + prior[c])
    whole, p = 0.0, 0.0
    for c in range(len(log)):
        one = np.exp(log[c] / 2.0**32 + prior[c] - top)
        whole += one
        p += one * errors[c, said]
    return float(max(p / whole, least))


@njit(cache=True, nogil=True)
def _compare(  # noqa: C901 - one pass
    mine: Whole, theirs: Whole, item: Whole, start: Whole, order: Whole, person: Whole, label: Whole,
    likeliest: Whole, gold: Whole, sums: Whole, table: Whole, errors: Numbers, prior: Numbers, rho: Numbers,
    most: int,
) -> tuple[list[tuple[int, int, int, int, int]], int]:  # fmt: skip
    """Return pairs of evidence (one, other, equal deviations, deviations, llr), and how many pairs were compared.

    `mine` bounds each person's rows in `theirs`; `start` bounds each item's in `order`; `most`: answers to an item.
    """
    people, classes = len(mine) - 1, sums.shape[1]
    found = []
    compared = 0
    scratch = np.zeros((4, people), np.int64)
    llr, shared, both, touched = scratch[0], scratch[1], scratch[2], scratch[3]
    seen = np.zeros(people, np.bool_)
    log = np.zeros(classes, np.int64)
    for one in range(people):
        count = 0
        for at in range(mine[one], mine[one + 1]):
            row = theirs[at]
            i = item[row]
            if start[i + 1] - start[i] > most:
                continue
            for near in range(start[i], start[i + 1]):
                peer = order[near]
                other = person[peer]
                if other <= one:
                    continue
                if not seen[other]:
                    seen[other] = True
                    touched[count] = other
                    count += 1
                same = 0.9 if label[row] == label[peer] else 0.0
                if label[row] != likeliest[i] or label[peer] != likeliest[i]:
                    both[other] += 1
                    if same > 0.0:
                        shared[other] += 1
                for c in range(classes):
                    log[c] = sums[i, c] - table[one, c, label[row]] - table[other, c, label[peer]]
                p = _chance(log, prior, gold[i], errors[one], label[row], rho[label[row]])
                q = _chance(log, prior, gold[i], errors[other], label[peer], rho[label[peer]])
                llr[other] += np.int64(np.rint((np.log((same + 0.1 * p) / p) + np.log((same + 0.1 * q) / q)) * 2.0**31))
        compared += count
        for at in range(count):
            other = touched[at]
            if shared[other] >= 1 and llr[other] > 4.0 * 2.0**32:
                found.append((one, other, shared[other], both[other], llr[other]))
            seen[other] = False
            llr[other] = shared[other] = both[other] = 0
    return found, compared


@njit(cache=True, nogil=True)
def _follow(  # noqa: C901 - one pass
    members: Whole, inside: NDArray[np.bool_], mine: Whole, theirs: Whole, item: Whole, start: Whole, order: Whole,
    person: Whole, label: Whole, gold: Whole, sums: Whole, table: Whole, errors: Numbers, prior: Numbers,
    rho: Numbers,
) -> Whole:  # fmt: skip
    """Return llr(x | G without x) of everybody, int64[people], in units of 2 ** -32; `inside`: who is in G."""
    classes = sums.shape[1]
    llr = np.zeros(len(inside), np.int64)
    log = np.zeros(classes, np.int64)
    without = np.zeros(classes, np.int64)
    said = np.zeros(classes, np.int64)
    for member in members:
        for at in range(mine[member], mine[member + 1]):
            i = item[theirs[at]]
            first = start[i]
            while not inside[person[order[first]]]:
                first += 1
            if order[first] != theirs[at]:
                continue  # the item has been seen with another member
            said[:] = 0
            log[:] = sums[i]
            for near in range(first, start[i + 1]):
                peer = order[near]
                if inside[person[peer]]:
                    said[label[peer]] += 1
                    for c in range(classes):
                        log[c] -= table[person[peer], c, label[peer]]
            whole = said.sum()
            for near in range(start[i], start[i + 1]):
                peer = order[near]
                x, a = person[peer], label[peer]
                if whole - inside[x] > 0:
                    for c in range(classes):
                        without[c] = log[c] - (0 if inside[x] else table[x, c, a])
                    p = _chance(without, prior, gold[i], errors[x], a, rho[a])
                    alike = (said[a] - inside[x]) / (whole - inside[x])
                    llr[x] += np.int64(np.rint(np.log((0.9 * alike + 0.1 * p) / p) * 2.0**32))
    return llr


@dataclass(frozen=True, slots=True)
class Copies:
    """Clusters, and the pairs they are made of."""

    cluster: Whole
    """int64[people]: 0 is alone; 1 is the cluster of the strongest edge."""
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
        alone = np.zeros(people, np.int64)
        return cls(alone, alone + 1, empty, empty, empty, empty, np.zeros(0), 0)


def find_copies(panel: Panel, lists: Lists, found: Fit, cleared: NDArray[np.bool_] | None = None) -> Copies:
    """Compare all pairs of people who have answered an item both, and grow clusters from the strongest.

    Args:
        panel: the answers.
        lists: the same by item.
        found: the model, of the same people.
        cleared: bool[people or more]: who is in no cluster, whatever is found.
    """
    likeliest = np.argmax(np.rint(found.belief * NATS), axis=1)
    mine = np.zeros(panel.people + 1, np.int64)
    np.cumsum(np.bincount(panel.person, minlength=panel.people), out=mine[1:])
    theirs = np.argsort(panel.person, kind="stable")
    prior = np.log(found.prior)
    answers = (mine, theirs, panel.item, lists.start, lists.order, panel.person, panel.label)
    model = (panel.gold, found.sums, found.table, found.errors, prior, _coincidence(panel, likeliest))
    rows, compared = _compare(*answers, likeliest, *model, _most_answers(lists))
    table = np.array(rows, np.int64).reshape(-1, 5)
    table = table[np.lexsort((table[:, 1], table[:, 0], -table[:, 2], -table[:, 4]))]
    llr = table[:, 4] / NATS

    def follow(members: Whole) -> Numbers:
        inside = np.zeros(panel.people, np.bool_)
        inside[members] = True
        return np.asarray(_follow(members, inside, *answers, *model) / NATS)

    free = np.ones(panel.people, np.bool_) if cleared is None else ~cleared[: panel.people]
    cluster = _clusters(free, table[:, :2], llr, np.log(max(compared, 1)) + PAIR_MARGIN, follow)
    sizes = np.bincount(cluster, minlength=1)
    size = np.where(cluster > 0, sizes[cluster], 1)
    one, other, shared, deviations, _ = table.T
    return Copies(cluster, size, one, other, shared, deviations, llr, compared)


def _coincidence(panel: Panel, likeliest: Whole) -> Numbers:
    """Return rho, float64[classes]: of answers that deviate, how often another's answer to the item is the same."""
    said = np.bincount(panel.item * panel.classes + panel.label, minlength=panel.items * panel.classes)
    said = said.reshape(panel.items, panel.classes)
    whole = said.sum(axis=1, keepdims=True)
    deviating = np.where(np.arange(panel.classes) == likeliest[:, None], 0, said)
    met = (deviating * (whole - 1)).sum(axis=0)
    return np.asarray(np.clip((deviating * (said - 1)).sum(axis=0) / np.maximum(met, 1), *RHO))


def _most_answers(lists: Lists) -> int:
    """Return up to how many answers an item may have, so that not too many pairs are compared."""
    counts = np.sort(np.diff(lists.start))
    spent = np.cumsum(counts * counts // 2)
    allowed = int(np.searchsorted(spent, ANSWERS_COMPARED, side="right"))
    return int(counts[-1] if allowed == len(counts) else counts[max(allowed - 1, 0)])


def _clusters(
    free: NDArray[np.bool_], edges: Whole, llr: Numbers, enough: float, follow: Callable[[Whole], Numbers]
) -> Whole:
    """Return int64[people]: the cluster that everybody is in, 0 is none; `free`: who may be in one."""
    people = len(free)
    each = np.log(people) + MARGIN
    cluster = np.zeros(people, np.int64)
    number = 0
    for pair, evidence in zip(edges[: SEEDS * people], llr, strict=False):
        if cluster[pair].any() or not free[pair].all():
            continue
        members = pair
        while True:  # grow
            following = (follow(members) > each) & (cluster == 0) & free
            following[members] = True
            if following.sum() == len(members):
                break
            members = np.flatnonzero(following)
        while len(members) >= GROUP:  # the weakest goes first
            held = follow(members)[members]
            if held.min() > each:
                break
            members = members[held > held.min()]
        if len(members) >= GROUP:  # two who follow each other count once
            held_by_all = follow(members)[members].sum() / 2 > enough + (len(members) - 2) * np.log(people)
        if len(members) < GROUP or not held_by_all:
            members = pair
            if evidence <= enough:
                continue
        number += 1
        cluster[members] = number
    return cluster
