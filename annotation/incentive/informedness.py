"""Informedness J: how far a person's answers tell the classes apart; 0 for whoever does not look, 1 for who knows all.

With q_c the share of right answers given class c and weights w_c (sum 1; 1 / classes unless costs are given)::

    J = (sum_c w_c q_c - max w) / (1 - max w)            for equal weights (sum_c q_c - 1) / (classes - 1)

Every way of answering that does not depend on the item has J <= 0 (equal weights: exactly 0), whatever the classes'
shares. Two witnesses know q: golds (exact, few) and peers (many, can conspire). J is taken of both together, class by
class in proportion to what they rest on, and is never more than either of them can believe::

    q     = (n_G q_G + lambda n_P q_P + g (1 - lambda) M) / (n_G + lambda n_P + g (1 - lambda))      see confusion.py
    up(z) = J(q) + |w (U(q_c, n_c, z) - q_c)|_2 / (1 - max w)              U: Wilson's upper bound, joined as in MOVER
    j     = min( J, up_G(2), up_P(1.64 / trust) )

so a clique of peers cannot raise what golds contradict, and answering golds alone does not raise what peers contradict.
J never falls when an answer to a gold is turned right: q_G rises, n_G stays, and U grows with q.
E. B. Wilson, 1927; G. Y. Zou and A. Donner, 2008 (MOVER); shared/reference/incentive.md, 4 and 5.2, where witnesses were
pooled in one regression: apart, the law just named holds for any number of classes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotation.incentive.confusion import RIDGE, Witness

Numbers = NDArray[np.float64]

CAP_Z = 2.0
"""Standard deviations that a witness's bound lies above what it saw."""
PEER_Z = 1.64
"""The same for peers: of 2.0, 1.64, 1.28 and 1.0 the highest under which answering golds alone earns nothing much."""
LOW_Z = 1.28
"""Standard deviations of the interval shown and advanced upon: 10 % beyond on each side."""


def wilson(share: Numbers, weight: Numbers, z: Numbers | float) -> tuple[Numbers, Numbers]:
    """Return Wilson's lower and upper bound of a share that rests on `weight` trials; 0 and 1 without any."""
    z2 = np.square(z)
    middle = (weight * share + z2 / 2) / (weight + z2)
    half = np.sqrt(z2 * (weight * share * (1 - share) + z2 / 4)) / (weight + z2)
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """J with its half-widths downwards and upwards."""

    j: Numbers
    down: Numbers
    up: Numbers

    def mean(self, share: Numbers) -> "Bounds":
        """Return the mean over the last axis by `share` (rows sum to 1); half-widths in quadrature."""
        return Bounds(
            (share * self.j).sum(axis=-1),
            np.sqrt(np.square(share * self.down).sum(axis=-1)),
            np.sqrt(np.square(share * self.up).sum(axis=-1)),
        )


def bounds(right: Numbers, weight: Numbers, z: Numbers | float, omega: Numbers) -> Bounds:
    """Return J of the shares of right answers, float64[..., classes], with the half-widths at z."""
    low, high = wilson(right, weight, z)
    rest = 1 - omega.max()
    return Bounds(
        ((omega * right).sum(axis=-1) - omega.max()) / rest,
        np.sqrt(np.square(omega * (right - low)).sum(axis=-1)) / rest,
        np.sqrt(np.square(omega * (high - right)).sum(axis=-1)) / rest,
    )


def together(gold: Witness, peers: Witness, beforehand: Numbers, share: float) -> Witness:
    """Return both witnesses as one; peers count `share` (lambda) of what they are, what is thought beforehand always g."""
    rest = RIDGE / beforehand.shape[1] * (1 - share)
    weight = gold.weight + share * peers.weight + rest
    right = gold.weight * gold.right + share * peers.weight * peers.right + rest * beforehand
    return Witness(right / weight, weight, gold.rows + peers.rows)


def weights(known: NDArray[np.bool_], prior: Numbers, costs: tuple[float, ...] | None) -> Numbers:
    """Return w: equal among classes that occur, or in proportion to how often each does times what missing it costs.

    A question may offer classes that this material has none of; nobody can show that he tells them apart, and with a
    weight they would draw everybody's J towards 0. An answer of such a class is wrong all the same.

    Equal weights pay for the answer that explains best what was seen; with costs the answer of least expected cost is
    the one that pays, and the best answer without looking has J = 0 again.
    """
    if costs is None:
        return np.asarray(known / known.sum(), np.float64)
    raw = prior * np.asarray(costs, np.float64)
    return np.asarray(raw / raw.sum(), np.float64)


def basis_points(j: Numbers) -> NDArray[np.int32]:
    """Quantise once: half upwards, with a slack so that noise of the last bits cannot decide a half."""
    return np.floor(np.clip(j, -1, 1) * 10_000 + 0.5 + 1e-6).astype(np.int32)
