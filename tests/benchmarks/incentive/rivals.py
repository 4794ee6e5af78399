"""Other ways to score a person, all from the same answers and golds; none sees the truth that is reported on.

Each returns float[people], 1 for a perfect person where the method has such a scale (what the mean error compares).
"""

import numpy as np

from annotation.consensus import Votes, dawid_skene, majority


def _votes(crowd):
    items = [str(number) for number in range(len(crowd.truth))]
    people = [str(number) for number in range(crowd.people)]
    return Votes(items, people, crowd.classes, crowd.item, crowd.person, crowd.label)


def _mean_by(crowd, values, which=None):
    which = np.ones(len(crowd.item), bool) if which is None else which
    whole = np.bincount(crowd.person[which], minlength=crowd.people)
    return np.bincount(crowd.person[which], values[which], crowd.people) / np.maximum(whole, 1)


def majority_agreement(crowd, gold):
    """Share of answers that are the majority's (his own vote among them), as common platforms count."""
    return _mean_by(crowd, (majority(_votes(crowd)).labels[crowd.item] == crowd.label).astype(float))


def gold_accuracy(crowd, gold):
    """Share of right answers to the control items; those without any: the crowd's."""
    on = gold[crowd.item] >= 0
    right = (gold[crowd.item] == crowd.label).astype(float)
    seen = np.bincount(crowd.person[on], minlength=crowd.people)
    return np.where(seen > 0, _mean_by(crowd, right, on), right[on].mean())


def dawid_skene_accuracy(crowd, gold):
    """Sum over classes of share times chance to be right, of Dawid and Skene's model with the golds."""
    belief = dawid_skene(_votes(crowd), gold)
    prior = belief.posterior.mean(axis=0)
    return np.einsum("c,pcc->p", prior, belief.errors)


def correlated_agreement(crowd, gold):
    """CA, detail-free (V. Shnayder et al., 2016): agreement on the same item less that on different ones, where the
    crowd's answers correlate; all pairs in expectation instead of draws.
    """
    classes, people = len(crowd.classes), crowd.people
    said = np.bincount(crowd.item * classes + crowd.label, minlength=len(crowd.truth) * classes).reshape(-1, classes)
    one = np.eye(classes)[crowd.label]
    others = said[crowd.item] - one
    answered = others.sum(axis=1)
    others = others / np.maximum(answered, 1)[:, None]
    paired = answered > 0
    joint = np.zeros((people, classes, classes))
    np.add.at(joint, crowd.person[paired], one[paired, :, None] * others[paired, None, :])
    joint /= np.maximum(joint.sum(axis=(1, 2), keepdims=True), 1e-12)
    apart = joint.sum(axis=2)[:, :, None] * joint.sum(axis=1)[:, None, :]
    whole = joint.mean(axis=0)
    sign = (whole - np.outer(whole.sum(axis=1), whole.sum(axis=0)) > 0).astype(float)
    return ((joint - apart) * sign).sum(axis=(1, 2))


def dmi(crowd, gold):
    """DMI (Y. Kong, 2020): the mean over peers of the product of two determinants of joint counts, halves of the items
    shared; of peers with 2 K shared items or more. The root of its size with its sign, so that it is in units of J.
    """
    classes, people = len(crowd.classes), crowd.people
    grid = np.full((people, len(crowd.truth)), -1)
    grid[crowd.person, crowd.item] = crowd.label
    half = np.random.default_rng(5).random(len(crowd.truth)) < 0.5
    score, peers = np.zeros(people), np.zeros(people)
    for one in range(people):
        mine = np.flatnonzero(grid[one] >= 0)
        for other in range(one):
            shared = mine[grid[other, mine] >= 0]
            if len(shared) < 2 * classes:
                continue
            product = 1.0
            for part in (half[shared], ~half[shared]):
                pairs = grid[one, shared[part]] * classes + grid[other, shared[part]]
                joint = np.bincount(pairs, minlength=classes**2).reshape(classes, classes) / max(part.sum(), 1)
                product *= np.linalg.det(joint) * classes**classes
            for who in (one, other):
                score[who] += product
                peers[who] += 1
    mean = score / np.maximum(peers, 1)
    return np.sign(mean) * np.abs(mean) ** (1 / (2 * classes))


RIVALS = {
    "majority agreement": majority_agreement,
    "gold accuracy": gold_accuracy,
    "DS accuracy": dawid_skene_accuracy,
    "CA": correlated_agreement,
    "DMI": dmi,
}
