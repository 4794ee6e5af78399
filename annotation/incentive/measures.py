"""What is measured of every person: informedness by both witnesses, in strata, with its caps and its interval.

A stratum holds the answers to items with the same reference label (a model's, shown or not). Whoever stamps that label
says the same of all of a stratum, so his J is 0 in each, and so is every mean. Strata count by what J rests on there,
1 / sum_c(w_c^2 / n_c): one gold in a stratum that hardly occurs would otherwise weigh like all the rest (the reference,
5.2, counts them alike; with 60 items a person and golds as they come honest people earned .47 to .50 of the full rate
so, .57 to .66 by evidence, and cheats about as much of that as before). What that is does not depend on the person's
own answers. Half-widths are joined in quadrature; a stratum in which a witness has seen nothing does not bound anything
(J up to 1).

People who answer as one (a cluster of copies) are one witness: what each rests on counts 1 / size, and what is payable
until a person has looked is only what is certain of that, the lower bound of the interval.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from annotation.anchored import Fit
from annotation.incentive.confusion import RIDGE, Witness, gold_witness, peer_witness
from annotation.incentive.informedness import CAP_Z, LOW_Z, PEER_Z, Bounds, bounds, together, weights
from annotation.incentive.reading import Reading
from annotation.incentive.tables import CAPS, STATES

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

UNANCHORED = 0.5
"""The most that is payable without golds of two classes."""
LEAST = 0.02
"""The least part of their weight that peers keep, however wrong the consensus is on golds."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured of every person; arrays of people, bounds in units of J, NaN where a witness saw nothing."""

    seen: Whole
    """int64[people, classes]: golds of a class; `right`: those answered rightly."""
    right: Whole
    strata: Whole
    j: Numbers
    low: Numbers
    high: Numbers
    whole: Numbers
    """J of all answers before caps."""
    gold: Numbers
    peer: Numbers
    gold_cap: Numbers
    peer_cap: Numbers
    cap: list[str]
    state: list[str]


def trust(reference: float | None) -> tuple[float, float]:
    """Return what peers count beside golds (lambda), and the divisor of their cap's z, by J_ref; 1 and 1 without."""
    if reference is None:
        return 1.0, 1.0
    return float(np.clip((reference - 0.2) / 0.4, LEAST, 1)), float(np.clip((reference - 0.1) / 0.2, LEAST, 1))


def nothing(reading: Reading) -> Measures:
    """Return the measures of people of whom nothing is measured."""
    people, classes = reading.panel.people, reading.panel.classes
    zero, nan, count = np.zeros(people), np.full(people, np.nan), np.zeros((people, classes), np.int64)
    return Measures(
        count, count, count[:, 0], zero, zero, zero, zero, nan, nan, nan, nan, ["none"] * people, ["none"] * people
    )


def measure(
    reading: Reading, found: Fit, others: Numbers, size: Whole, costs: tuple[float, ...] | None, *, caps: bool
) -> Measures:
    """Measure everybody.

    Args:
        reading: the answers.
        found: the model.
        others: float64[answers, classes]: what all others believe of each answer's item.
        size: int64[people]: how many answer as one with everybody; 1 is alone.
        costs: of missing each class; None: all alike.
        caps: whether a witness bounds what both together say.
    """
    panel = reading.panel
    people, classes = panel.people, panel.classes
    strata = int(reading.stratum.max()) + 1
    unit = panel.person * strata + reading.stratum
    units, on_gold = people * strata, reading.golds >= 0
    gold, seen, right = gold_witness(unit[on_gold], panel.label[on_gold], reading.golds[on_gold], units, classes)
    peers, beforehand = peer_witness(np.where(on_gold, -1, unit), panel.label, others, units, found.pool)
    share, sound = trust(found.reference)
    omega = weights(_occurring(seen, found), found.prior, costs)
    present = ((gold.rows + peers.rows) > 0).reshape(people, strata)
    rests = (gold.weight + share * peers.weight).reshape(people, strata, classes)
    evidence = present / (np.square(omega) / np.maximum(rests, RIDGE / classes)).sum(axis=-1)
    part = evidence / evidence.sum(axis=1, keepdims=True)

    def mean(witness: Witness, z: float) -> Bounds:
        of = bounds(witness.right, witness.weight, z, omega)
        silent = witness.rows == 0
        of = Bounds(
            *(np.where(silent, rest, value) for rest, value in zip((0, 1, 1), (of.j, of.down, of.up), strict=True))
        )
        return Bounds(*(value.reshape(people, strata) for value in (of.j, of.down, of.up))).mean(part)

    both = together(gold, peers, beforehand, share)
    each = replace(both, weight=both.weight / np.repeat(size, strata)[:, None])
    whole, certain = mean(each, LOW_Z), mean(each, CAP_Z)
    by_gold, by_peers = mean(gold, CAP_Z), mean(peers, PEER_Z / sound)
    unseen = seen == 0  # the golds say nothing of such a class: what the peers say of it stands in their bound
    mixed = Witness(np.where(unseen, peers.right, gold.right), np.where(unseen, peers.weight, gold.weight), gold.rows)
    bound = mean(mixed, CAP_Z)
    has_gold, has_peers = (np.add.reduce(w.rows.reshape(people, strata), axis=1) > 0 for w in (gold, peers))
    gold_cap = np.where(has_gold, bound.j + bound.up, np.inf)
    peer_cap = np.where(has_peers, by_peers.j + by_peers.up, np.inf)
    seen, right = (count.reshape(people, strata, classes).sum(axis=1) for count in (seen, right))
    anchored = (seen > 0).sum(axis=1) >= 2  # noqa: PLR2004 - J tells classes apart
    escrow = np.where(size > 1, certain.j - certain.down, np.inf)
    limits = np.stack([whole.j, gold_cap, peer_cap, np.where(anchored, np.inf, UNANCHORED), escrow])
    if not caps:
        limits[1:3] = np.inf
    j = limits.min(axis=0)
    ceiling = np.minimum(limits[1:].min(axis=0), 1.0)
    which = np.where(whole.j <= j, 0, np.argmin(limits, axis=0))
    return Measures(
        seen, right, present.sum(axis=1), j, np.minimum(whole.j - whole.down, j),
        np.maximum(np.minimum(whole.j + whole.up, ceiling), j), whole.j,
        np.where(has_gold, by_gold.j, np.nan), np.where(has_peers, by_peers.j, np.nan),
        np.where(has_gold, gold_cap, np.nan), np.where(has_peers, peer_cap, np.nan),
        [CAPS[code] for code in which],
        [STATES[0] if known else STATES[1] for known in anchored],
    )  # fmt: skip


def _occurring(seen: Whole, found: Fit) -> NDArray[np.bool_]:
    """bool[classes]: of which there are golds; without golds of two classes, that are believed of some item."""
    believed = np.bincount(found.belief.argmax(axis=1), minlength=seen.shape[1]) > 0
    for known in (seen.sum(axis=0) > 0, believed):
        if known.sum() >= 2:  # noqa: PLR2004 - J tells classes apart
            return np.asarray(known)
    return np.ones(seen.shape[1], np.bool_)
