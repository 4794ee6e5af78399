"""crowd-kit as a judge of our consensus: the same labels but for few, and none the worse."""

import warnings

import numpy as np
import pytest

from annotation.consensus import Votes, anchored, dawid_skene

pd = pytest.importorskip("pandas", reason="crowd-kit is not installed")


def oracle(item, person, label):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its dependencies warn of one another
        aggregation = pytest.importorskip("crowdkit.aggregation", reason="crowd-kit is not installed")
        frame = pd.DataFrame({"task": item, "worker": person, "label": label})
        found = aggregation.DawidSkene(n_iter=100).fit_predict(frame)
    return found.sort_index().to_numpy()


def test_labels_are_crowd_kits_but_for_few_and_no_worse():
    g = np.random.default_rng(11)
    truth = g.choice(3, 300, p=[0.6, 0.3, 0.1])
    item = np.repeat(np.arange(300), 6)
    person = g.integers(0, 25, len(item))
    item, person = np.unique(np.stack([item, person]), axis=1)
    skill = g.uniform(0.4, 0.95, 25)
    label = np.where(g.random(len(item)) < skill[person], truth[item], g.integers(0, 3, len(item)))
    votes = Votes([str(n) for n in range(300)], [str(n) for n in range(25)], list("abc"), item, person, label)
    theirs = oracle(item, person, label)
    assert (dawid_skene(votes).labels == theirs).mean() >= 0.98
    assert (anchored(votes).labels == theirs).mean() >= 0.9
    assert (anchored(votes).labels == truth).mean() >= (theirs == truth).mean() - 0.002
