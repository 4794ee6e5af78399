"""How often intervals of 95 % cover the truth: `python -m tests.benchmarks.estimates [DRAWS]`.

For each case populations are made, of each 50 samples are drawn as `qingyuan annotate push` draws them, and the share
of intervals that hold the true share of the population is counted. In one population alone the truth may lie on a step
of what so many documents can say, and that share be 2 % higher or lower. Seeds are fixed.
"""

import sys

import numpy as np

from annotation.estimates import respond, share
from annotation.sampling import draw, near_bounds, uncertain

CASES = {
    # name: (population, sample, share of bad, stratified, weighted, balanced)
    "at random, 5 % bad, 200 of 20,000": (20_000, 200, 0.05, False, None, False),
    "at random, 30 % bad, 300 of 3,000": (3_000, 300, 0.30, False, None, False),
    "at random, 2 % bad, 1,000 of 20,000": (20_000, 1_000, 0.02, False, None, False),
    "by source and verdict, in proportion, 10 % bad, 300": (10_000, 300, 0.10, True, None, False),
    "by source and verdict, balanced, 10 % bad, 400": (10_000, 400, 0.10, True, None, True),
    "near the bound, 10 % bad, 300": (10_000, 300, 0.10, False, "bound", False),
    "where the score is unsure, 15 % bad, 300": (10_000, 300, 0.15, False, "score", False),
    "by source and verdict, near the bound, 15 % bad, 400": (10_000, 400, 0.15, True, "bound", True),
}

SHARES = ("all", "kept", "recall")
SAMPLES = 50
"""Of each population."""


def population(size, bad_share, generator):
    """A score that tells good from bad moderately well, a verdict by it, six sources of very different size."""
    bad = generator.random(size) < bad_share
    score = 1 / (1 + np.exp(-generator.normal(np.where(bad, -1.0, 1.2), 1.2)))
    source = generator.choice(6, size, p=[0.5, 0.2, 0.15, 0.1, 0.04, 0.01])
    return bad, score, score < 0.4, source


def coverage(case, draws, seed=1):
    """Share of intervals that hold the truth: of the bad among all, among the kept, and of the bad that are dropped."""
    size, number, bad_share, stratified, weighted, balanced = CASES[case]
    ids = [str(row) for row in range(size)]
    held, errors, sums = dict.fromkeys(SHARES, 0), dict.fromkeys(SHARES, 0.0), dict.fromkeys(SHARES, 0.0)
    for turn in range(draws):
        if turn % SAMPLES == 0:
            generator = np.random.default_rng([seed, turn])
            bad, score, dropped, source = population(size, bad_share, generator)
            strata = [f"{a}/{b}" for a, b in zip(source, dropped, strict=True)] if stratified else None
            weights = {None: None, "bound": near_bounds([score], [0.4]), "score": uncertain(score)}[weighted]
            truth = {"all": bad.mean(), "kept": bad[~dropped].mean(), "recall": dropped[bad].mean()}
        sample = draw(ids, number, seed=turn, strata=strata, weights=weights, balanced=balanced)
        rows = sample.rows
        design = respond(sample.probability, sample.strata, np.ones(len(rows), bool))
        found = {
            "all": share(design, bad[rows]),
            "kept": share(design, bad[rows], ~dropped[rows]),
            "recall": share(design, dropped[rows], bad[rows]),
        }
        for name, estimate in found.items():
            held[name] += estimate.low <= truth[name] <= estimate.high
            errors[name] += (estimate.value or 0.0) - truth[name]
            sums[name] += truth[name]
    return {name: (held[name] / draws, errors[name] / draws, sums[name] / draws) for name in SHARES}


def main():
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rates = []
    for case in CASES:
        found = coverage(case, draws)
        rates += [rate for rate, *_ in found.values()]
        said = "  ".join(
            f"{name} {rate:.1%} ({bias:+.4f} of {truth:.3f})" for name, (rate, bias, truth) in found.items()
        )
        print(f"{case:55s} {said}")
    print(f"{len(rates)} kinds of interval, {draws} samples each: covered {np.mean(rates):.1%}; "
          f"lowest {min(rates):.1%}, highest {max(rates):.1%}")  # fmt: skip


if __name__ == "__main__":
    main()
