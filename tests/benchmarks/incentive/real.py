"""Does the score measure the person? `python -m tests.benchmarks.incentive.real [FOLDER] [SEEDS]`.

FOLDER has a folder for each crowd with label.csv (item, worker, label) and truth.csv (item, truth); by default the shared
crowds. A control set of a fifth of the known items, from all classes alike, is gold; the truth of a person is his
informedness on the other known items, of people with 20 of those or more. For each score: Spearman's correlation with it
and the mean absolute error, means over the seeds (6 by default). Then the accuracy of labels, beside crowd-kit's Dawid
and Skene where that is installed: without gold on all known items, with a tenth of them gold on the others.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np

from annotation.consensus import METHODS, Votes
from annotation.incentive.scoring import score
from tests.benchmarks.incentive.crowds import SHARED, control, crowds, true_informedness
from tests.benchmarks.incentive.rivals import RIVALS
from tests.benchmarks.incentive.table import answers

LEAST = 20
CONTROL, ANCHOR = 0.2, 0.1


def ranks(values):
    """Return ranks, equal values the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[place]


def spearman(one, other):
    """Return the correlation of ranks; 0 where one is constant."""
    a, b = ranks(one), ranks(other)
    return 0.0 if a.std() == 0 or b.std() == 0 else float(np.corrcoef(a, b)[0, 1])


def informedness(crowd, gold, column="j_bp", parameters=None):
    """Return float[people]: our score."""
    table = answers(crowd.item, crowd.person, crowd.label, crowd.classes, gold[crowd.item])
    scored = score(table, crowd.classes, parameters)
    who = np.array([int(name[1:]) for name in scored.table["contributor"].to_pylist()])
    j = np.zeros(crowd.people)
    j[who] = scored.table[column].to_numpy() / 10_000
    return j, scored


def measured(crowd, seeds):
    """Return {score: (Spearman, mean absolute error)} and the share of people flagged as copying."""
    found, flagged = {}, []
    for seed in range(seeds):
        gold = control(crowd, CONTROL, seed)
        truth = true_informedness(crowd, gold, LEAST)
        judged = np.isfinite(truth)
        j, scored = informedness(crowd, gold)
        flagged.append((scored.table["copy_size"].to_numpy() > 1).mean())
        scores = {"J": j, "J of all, uncapped": scored_column(crowd, scored, "j_all_bp"),
                  "J without gold": informedness(crowd, np.full_like(gold, -1), "j_all_bp")[0]}  # fmt: skip
        scores |= {name: rival(crowd, gold) for name, rival in RIVALS.items()}
        for name, values in scores.items():
            found.setdefault(name, []).append(
                (spearman(values[judged], truth[judged]), np.abs(values[judged] - truth[judged]).mean())
            )
    return {name: np.mean(pairs, axis=0) for name, pairs in found.items()}, float(np.mean(flagged)), int(judged.sum())


def scored_column(crowd, scored, column):
    """Return a column of SCORES in units of J by the number of people."""
    values = np.zeros(crowd.people)
    values[[int(name[1:]) for name in scored.table["contributor"].to_pylist()]] = scored.table[column].to_numpy() / 10_000
    return values


def crowd_kit(crowd, gold):
    """Return crowd-kit's labels as codes, or None where it is not installed."""
    try:
        import pandas as pd
        from crowdkit.aggregation import DawidSkene
    except ImportError:
        return None
    frame = pd.DataFrame({"task": crowd.item, "worker": crowd.person, "label": crowd.label})
    known = np.flatnonzero(gold >= 0)
    true = pd.Series(gold[known], index=pd.Index(known, name="task"), name="label") if len(known) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = DawidSkene(n_iter=100).fit_predict(frame, true_labels=true)
    labels = np.full(len(crowd.truth), -1)
    labels[found.index.to_numpy()] = found.to_numpy()
    return labels


def accuracy(crowd, gold):
    """Return {method: percent right} on the known items that are no gold."""
    votes = Votes(
        [str(n) for n in range(len(crowd.truth))], [str(n) for n in range(crowd.people)], crowd.classes,
        crowd.item, crowd.person, crowd.label,
    )  # fmt: skip
    judged = (crowd.truth >= 0) & (gold < 0)
    labels = {name: method(votes, gold).labels for name, method in METHODS.items()}
    peer = crowd_kit(crowd, gold)
    if peer is not None:
        labels["crowd-kit DS"] = peer
    return {name: 100 * (said == crowd.truth)[judged].mean() for name, said in labels.items()}


def print_table(title, rows):
    """Print {crowd: {name: value}} with means."""
    names = list(next(iter(rows.values())))
    width = max(map(len, names))
    print(f"\n{title}\n{'':{width}} " + " ".join(f"{crowd[:11]:>11}" for crowd in rows) + f" {'mean':>11}")
    for name in names:
        values = [rows[crowd][name] for crowd in rows]
        print(f"{name:{width}} " + " ".join(f"{value:11.3f}" for value in [*values, np.mean(values)]))
    return {name: np.mean([rows[crowd][name] for crowd in rows]) for name in names}


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    if not folder.is_dir():
        sys.exit(f"{folder} is not there: name a folder of crowds")
    whole = crowds(folder)
    rank, error = {}, {}
    for crowd in whole:
        found, flagged, judged = measured(crowd, seeds)
        rank[crowd.name] = {name: pair[0] for name, pair in found.items()}
        error[crowd.name] = {name: pair[1] for name, pair in found.items()}
        print(f"{crowd.name}: {len(crowd.item):,} answers, {crowd.people} people ({judged} judged), "
              f"{len(crowd.classes)} classes, {100 * flagged:.2f} % flagged as copying", flush=True)  # fmt: skip
    means = print_table(f"Spearman with true informedness, {100 * CONTROL:.0f} % of the known items gold", rank)
    best = max(means[name] for name in RIVALS)
    print(f"J {means['J']:.3f}, best other {best:.3f}: {'pass' if means['J'] >= best - 0.02 else 'FAIL'} (within 0.02)")
    means = print_table("Mean absolute error", error)
    least = min(means[name] for name in RIVALS)
    print(f"J {means['J']:.3f}, least other {least:.3f}: {'pass' if means['J'] < least else 'FAIL'} (the smallest)")
    none = {crowd.name: accuracy(crowd, np.full(len(crowd.truth), -1)) for crowd in whole}
    verdicts(print_table("Labels right without gold, %", none), -0.2)
    some = {}
    for crowd in whole:
        runs = [accuracy(crowd, control(crowd, ANCHOR, seed)) for seed in range(min(seeds, 3))]
        some[crowd.name] = {name: np.mean([run[name] for run in runs]) for name in runs[0]}
    verdicts(print_table(f"Labels right with {100 * ANCHOR:.0f} % gold, on the others, %", some), 0.0)
    print(f"\n{time.process_time():.0f} s CPU")


def verdicts(means, margin):
    """Print how the anchored consensus stands against crowd-kit's."""
    if "crowd-kit DS" not in means:
        print("crowd-kit is not installed: no comparison")
        return
    ahead = means["anchored"] - means["crowd-kit DS"]
    print(f"anchored - crowd-kit DS: {ahead:+.2f} points: {'pass' if ahead >= margin else 'FAIL'} (at least {margin:+.1f})")


if __name__ == "__main__":
    main()
