"""What every person says given the truth, by two witnesses: the golds, and what the others believe.

For person w (and stratum) and each of his answers r to an item that is no gold, T is the belief of everybody but him
(and but those who answer as one with him), made of the model of `annotation.anchored`. If T is calibrated and answers are
independent given the truth, E[1(r = k) | T] = sum_c T_c R[c, k]; so least squares of the answers on T estimates R
without attenuation (shared/reference/incentive.md, 4 T4)::

    A = sum T T'        B = sum T 1[r = k]'        R = (A + g I)^-1 (B + g M)        n_c = 1 / ((A + g I)^-1)_cc

g = 4 / classes: four answers in all that stand for what is thought beforehand, M. First M = 1 m' with m the person's own
marginal: without evidence his answers tell nothing (sum_c m_c = 1, so J = 0). Then M = e P + (1 - e) 1 m', P the crowd's
matrix and e the effort, least squares of the first R's diagonal along M's::

    e = sum_c n_c v_c (R_cc - m_c) / (sum_c n_c v_c^2 + g), 0 to 1          v_c = P_cc - m_c

Who does not look has R_cc = m_c on average, so e = 0 and J = 0 as before; who looks is not taken for one who does not in
those classes in which he has seen little. (The reference stops at the first R: with five classes it halves J.)
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from annotation.anchored import NATS, Fit, Panel

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

RIDGE = 4.0
"""Answers that stand for what is thought beforehand, spread over the classes."""
FINE = 2.0**20
"""Units of a belief; of a product of two, FINE squared: room for eight million answers of one person."""


@njit(cache=True, nogil=True)
def _others(start, order, person, label, table, sums, prior, cluster):  # type: ignore[no-untyped-def]
    """Return float64[answers, classes]: the belief of all but him and his cluster. `order` lists answers by item."""
    answers, classes = len(person), sums.shape[1]
    belief = np.zeros((answers, classes))
    log = np.zeros(classes, np.int64)
    for item in range(len(start) - 1):
        for at in range(start[item], start[item + 1]):
            row = order[at]
            who = person[row]
            for c in range(classes):
                log[c] = sums[item, c] - table[who, c, label[row]]
            if cluster[who] > 0:
                for near in range(start[item], start[item + 1]):
                    other = order[near]
                    if other != row and cluster[person[other]] == cluster[who]:
                        for c in range(classes):
                            log[c] -= table[person[other], c, label[other]]
            top = -np.inf
            for c in range(classes):
                belief[row, c] = log[c] / 2.0**32 + prior[c]
                top = max(top, belief[row, c])
            whole = 0.0
            for c in range(classes):
                belief[row, c] = np.exp(belief[row, c] - top)
                whole += belief[row, c]
            for c in range(classes):
                belief[row, c] /= whole
    return belief


@njit(cache=True, nogil=True)
def _moments(unit, label, fine, units):  # type: ignore[no-untyped-def]
    """Return A in FINE squared and B in FINE, int64[units, classes, classes]; unit -1 is passed over."""
    classes = fine.shape[1]
    squares = np.zeros((units, classes, classes), np.int64)
    sums = np.zeros((units, classes, classes), np.int64)
    for row in range(len(unit)):
        u = unit[row]
        if u >= 0:
            for c in range(classes):
                sums[u, c, label[row]] += fine[row, c]
                for d in range(classes):
                    squares[u, c, d] += fine[row, c] * fine[row, d]
    return squares, sums


@dataclass(frozen=True, slots=True)
class Lists:
    """Answers by item: `order[start[i]:start[i + 1]]` are the rows of item i."""

    start: Whole
    order: Whole

    @classmethod
    def of(cls, panel: Panel) -> "Lists":
        """Sort once."""
        start = np.zeros(panel.items + 1, np.int64)
        np.cumsum(np.bincount(panel.item, minlength=panel.items), out=start[1:])
        return cls(start, np.argsort(panel.item, kind="stable"))


def belief_of_others(panel: Panel, lists: Lists, found: Fit, cluster: Whole) -> Numbers:
    """Return T, float64[answers, classes]: for every answer what all others believe of its item; golds too.

    Args:
        panel: the answers.
        lists: the same by item.
        found: the model.
        cluster: int64[people]: who answers as one; 0 is alone.
    """
    assert NATS == 2.0**32
    log = np.log(found.prior)
    belief = _others(lists.start, lists.order, panel.person, panel.label, found.table, found.sums, log, cluster)
    return np.asarray(belief, np.float64)


@dataclass(frozen=True, slots=True)
class Witness:
    """What one witness knows of units (a person, or a person in a stratum)."""

    right: Numbers
    """float64[units, classes], 0 to 1: share of right answers given the true class; its prior without evidence."""
    weight: Numbers
    """float64[units, classes]: how many answers to items of that class it rests on."""
    rows: Whole
    """int64[units]: answers it has seen."""


def gold_witness(unit: Whole, label: Whole, true: Whole, units: int, classes: int) -> tuple[Witness, Whole, Whole]:
    """Count the answers to golds.

    Args:
        unit: int64[golds]: whose (person and stratum).
        label: int64[golds]: what he said.
        true: int64[golds]: what it is.
        units: how many there are.
        classes: how many there are.

    Returns:
        The witness (1 / classes where it has seen no gold of a class), and int64[units, classes]: golds seen, right.
    """
    seen = np.bincount(unit * classes + true, minlength=units * classes).reshape(units, classes)
    hit = label == true
    right = np.bincount((unit * classes + true)[hit], minlength=units * classes).reshape(units, classes)
    share = np.where(seen > 0, right / np.maximum(seen, 1), 1 / classes)
    return Witness(share, seen.astype(np.float64), seen.sum(axis=1)), seen, right


def peer_witness(
    unit: Whole, label: Whole, others: Numbers, units: int, pool: Numbers
) -> tuple[Witness, Numbers]:
    """Regress the answers on what the others believe.

    Args:
        unit: int64[answers]: whose; -1 for an answer that does not count here.
        label: int64[answers]: what he said.
        others: float64[answers, classes]: T.
        units: how many there are.
        pool: float64[classes, classes]: the crowd's matrix, P.

    Returns:
        The witness, ridge included, and what is thought beforehand of right answers: float64[units, classes].
    """
    classes = others.shape[1]
    ridge = RIDGE / classes
    fine = np.rint(others * FINE).astype(np.int64)
    squares, sums = _moments(unit, label, fine, units)
    counted = unit >= 0
    said = np.bincount(unit[counted] * classes + label[counted], minlength=units * classes).reshape(units, classes)
    rows = said.sum(axis=1)
    marginal = np.where(rows[:, None] > 0, said / np.maximum(rows, 1)[:, None], 1 / classes)
    inverse = np.linalg.inv(squares / FINE**2 + ridge * np.eye(classes))
    weight = 1 / np.maximum(np.diagonal(inverse, axis1=1, axis2=2), 1e-12)
    seen = np.einsum("ucd,udc->uc", inverse, sums / FINE)
    first = seen + ridge * inverse.sum(axis=2) * marginal
    ahead = np.diagonal(pool) - marginal
    effort = (weight * ahead * (first - marginal)).sum(axis=1) / ((weight * ahead**2).sum(axis=1) + ridge)
    effort = np.clip(effort, 0, 1)[:, None]
    beforehand = effort[:, :, None] * pool + (1 - effort[:, :, None]) * marginal[:, None, :]
    right = np.clip(seen + ridge * np.einsum("ucd,udc->uc", inverse, beforehand), 0, 1)
    return Witness(right, weight, rows), np.diagonal(beforehand, axis1=1, axis2=2)
