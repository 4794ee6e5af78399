"""A million answers of two thousand people: `python -m tests.benchmarks.incentive.speed [ANSWERS] [PEOPLE]`.

Prints CPU seconds of `score` with copy detection (arrays are made before, compilation happens on a small table), and the
greatest memory of the process. Required: 10 s for two classes, 20 s for five, 1.5 GB.
"""

import resource
import sys
import time

import numpy as np

from annotation.incentive.scoring import score
from tests.benchmarks.incentive.table import answers


def crowd(rows, people, classes, seed=1):
    """Return ANSWERS: five people an item, true class skewed, one item in fifty gold, reference labels as strata."""
    generator = np.random.default_rng(seed)
    items = rows // 5
    prior = np.array([0.9, 0.1]) if classes == 2 else np.full(classes, 1 / classes)
    truth = generator.choice(classes, items, p=prior)
    item = np.repeat(np.arange(items), 5)
    person = (
        np.arange(items)[:, None] * 7 + generator.integers(1, people // 5, (items, 5)).cumsum(axis=1)
    ).ravel() % people
    skill = generator.uniform(0.7, 0.95, people)
    wrong = (truth[item] + generator.integers(1, classes, len(item))) % classes
    label = np.where(generator.random(len(item)) < skill[person], truth[item], wrong)
    model = np.where(generator.random(items) < 0.9, truth, (truth + 1) % classes)
    gold = np.where(np.arange(items) % 50 == 0, truth, -1)
    return answers(item, person, label, [f"c{c}" for c in range(classes)], gold[item], model[item])


def main():
    rows, people = (int(word) for word in (*sys.argv[1:3], *("1000000", "2000")[len(sys.argv) - 1 :]))
    score(crowd(5_000, 20, 2), ["c0", "c1"])
    for classes, limit in ((2, 10), (5, 20)):
        table = crowd(rows, people, classes)
        started = time.process_time()
        scored = score(table, [f"c{c}" for c in range(classes)])
        seconds = time.process_time() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{rows:,} answers, {people:,} people, {classes} classes: {seconds:.1f} s CPU (limit {limit}), "
            f"{memory:.2f} GB at most (limit 1.5), {scored.iterations} iterations, converged {scored.converged}, "
            f"mean J {np.mean(scored.table['j_bp'].to_numpy()) / 10_000:.3f}"
        )


if __name__ == "__main__":
    main()
