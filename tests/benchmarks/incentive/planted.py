"""Cheating planted among real people: `python -m tests.benchmarks.incentive.planted [FOLDER] [SEEDS]`.

In every crowd (as `real.py` reads them) a fifth of the known items, from all classes alike, is gold. Three people with
20 answers or more (six for a clique), drawn by the seed, answer otherwise than they did; everything else stays as it
is. Shown is what they earn over what the same three earned as themselves, pay being the number of answers times m(J)
over the size of the cluster of copies, summed over the seeds (6 by default). The bounds are those of the incentive
reference, R7, on the mean of the crowds; the exit code is 1 when one is broken.

Then contribution: Spearman's correlation of count times m(J) with each person's Shapley value for the class-balanced
accuracy of the majority's labels, by PERMUTATIONS random orders of people, beside that of the plain count (R10).
"""

import sys
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.incentive.crowds import SHARED, control, crowds
from tests.benchmarks.incentive.real import CONTROL, informedness, spearman

LEAST, FEW, CLIQUE = 20, 3, 6
PERMUTATIONS = 300


def constant(crowd, _gold, _generator, mine):
    return np.full(int(mine.sum()), np.bincount(crowd.label).argmax())


def mimic(crowd, _gold, generator, mine):
    return generator.choice(crowd.label, int(mine.sum()))


def clique(crowd, _gold, generator, mine):
    return generator.integers(0, len(crowd.classes), len(crowd.truth))[crowd.item[mine]]


def sandbag(crowd, gold, generator, mine):
    return np.where(gold[crowd.item[mine]] >= 0, crowd.label[mine], mimic(crowd, gold, generator, mine))


def half(crowd, _gold, generator, mine):
    guess = generator.integers(0, len(crowd.classes), int(mine.sum()))
    return np.where(generator.random(len(guess)) < 0.5, crowd.label[mine], guess)


CHEATS = {
    "constant": (constant, FEW, 0.02), "mimic": (mimic, FEW, 0.03), "clique": (clique, CLIQUE, 0.05),
    "sandbag": (sandbag, FEW, 0.10), "half effort": (half, FEW, 0.35),
}  # fmt: skip


def pay(crowd, gold):
    """Return float[people]: answers times m(J) over the size of the cluster."""
    j, scored = informedness(crowd, gold)
    who = np.array([int(name[1:]) for name in scored.table["contributor"].to_pylist()])
    size = np.ones(crowd.people)
    size[who] = scored.table["copy_size"].to_numpy()
    counts = np.bincount(crowd.person, minlength=crowd.people)
    return counts * np.clip((j - 0.2) / 0.6, 0, 1.25) / size


def planted(crowd, seeds):
    """Return {cheat: what is earned over what was earned honestly}."""
    earned = {name: np.zeros(2) for name in CHEATS}
    able = np.flatnonzero(np.bincount(crowd.person) >= LEAST)
    for seed in range(seeds):
        gold = control(crowd, CONTROL, seed)
        honest = pay(crowd, gold)
        for name, (cheat, number, _) in CHEATS.items():
            generator = np.random.default_rng([seed, number, 6_007])
            people = generator.choice(able, min(number, len(able) // 3), replace=False)
            mine = np.isin(crowd.person, people)
            label = crowd.label.copy()
            label[mine] = cheat(crowd, gold, generator, mine)
            other = type(crowd)(crowd.name, crowd.item, crowd.person, label, crowd.truth, crowd.classes)
            earned[name] += pay(other, gold)[people].sum(), honest[people].sum()
    return {name: float(got / own) for name, (got, own) in earned.items()}


def shapley(crowd, generator):
    """Return float[people]: mean gain in class-balanced accuracy of the majority's labels when somebody joins.

    Items nobody has answered yet count as answered at random, ties are shared.
    """
    classes, known = len(crowd.classes), crowd.truth >= 0
    weight = np.zeros(len(crowd.truth))
    present = np.flatnonzero(np.bincount(crowd.truth[known], minlength=classes))
    for label in present:
        weight[crowd.truth == label] = 1 / (np.sum(crowd.truth == label) * len(present))
    order = np.argsort(crowd.person, kind="stable")
    ends = np.searchsorted(crowd.person[order], np.arange(crowd.people + 1))
    value = np.zeros(crowd.people)
    items = np.arange(len(crowd.truth))
    for _ in range(PERMUTATIONS):
        votes = np.zeros((len(crowd.truth), classes), np.int32)
        right = np.full(len(crowd.truth), 1 / classes)
        for person in generator.permutation(crowd.people):
            rows = order[ends[person] : ends[person + 1]]
            item = crowd.item[rows]
            np.add.at(votes, (item, crowd.label[rows]), 1)
            mine = np.unique(item[known[item]])
            if len(mine):
                top = votes[mine] == votes[mine].max(axis=1, keepdims=True)
                now = top[items[: len(mine)], crowd.truth[mine]] / top.sum(axis=1)
                value[person] += ((now - right[mine]) * weight[mine]).sum()
                right[mine] = now
    return value / PERMUTATIONS


def show(name, row):
    print(f"{name:14}" + "".join(f"{one:14.3f}" for one in row[:-2]) + f"{row[-2]:12.2f}{row[-1]:8.2f}", flush=True)


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    found = crowds(folder)
    if not found:
        print(f"no crowds in {folder}")
        return 2
    print(f"{'crowd':14}" + "".join(f"{name:>14}" for name in CHEATS) + f"{'points':>12}{'count':>8}")
    rows = []
    for crowd in found:
        ratios = planted(crowd, seeds)
        value = shapley(crowd, np.random.default_rng(9_210))
        told = [spearman(pay(crowd, control(crowd, CONTROL, seed)), value) for seed in range(seeds)]
        count = spearman(np.bincount(crowd.person, minlength=crowd.people), value)
        rows.append([*ratios.values(), float(np.mean(told)), count])
        show(crowd.name, rows[-1])
    means = np.mean(rows, axis=0)
    show("mean", means)
    broken = [name for one, (name, (*_, bound)) in zip(means[:-2], CHEATS.items(), strict=True) if one > bound]
    print(f"{'bound':14}" + "".join(f"{bound:14.2f}" for *_, bound in CHEATS.values()))
    print(f"{len(broken)} bounds broken {broken or ''}; {time.process_time():.0f} s CPU")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
