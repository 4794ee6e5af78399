"""What each part buys: `python -m tests.benchmarks.incentive.ablation [SEEDS]`, 6 by default, on seeds of its own.

The simulation's 95/5 rounds, once whole and then without one part: pay of cheats over honest pay, and honest pay.
"""

import sys
from contextlib import contextmanager

import numpy as np

from annotation import anchored
from annotation.incentive import confusion, copies, measures
from annotation.incentive.scoring import Scoring
from tests.benchmarks.incentive import simulate
from tests.benchmarks.incentive.simulate import CHEATS, SETTINGS, STAMPS

SHOWN = ("golds honest, rest random, 3", "random clique, 18", "one works for 6", "one works for 12", "half effort, 6")
FIRST = 500
"""Neither the seeds of the report nor those that anything was chosen by."""


@contextmanager
def changed(module, name, value):
    before = getattr(module, name)
    setattr(module, name, value)
    yield
    setattr(module, name, before)


@contextmanager
def whole():
    yield


def without_effort(*arguments):
    """The regression without the second step: the crowd's matrix is what says nothing."""
    flat = np.full_like(arguments[4], 1 / len(arguments[4]))
    return confusion.peer_witness(*arguments[:4], flat)


PARTS = {
    "whole": (whole, None),
    "no caps": (whole, Scoring(caps=False)),
    "no search for copies": (whole, Scoring(find_copies=False)),
    "pairs of copies only": (lambda: changed(copies, "GROUP", 10_000), None),
    "no fall-back on golds": (lambda: changed(anchored, "SOUND", -9.0), None),
    "no effort": (lambda: changed(measures, "peer_witness", without_effort), None),
    "no strata": (whole, Scoring(strata=1)),
}


def main():
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    cheats = [cheat for cheat in CHEATS if cheat.name in SHOWN]
    print(
        f"{'':24} {'honest m':>9} "
        + " ".join(f"{c.name[-20:]:>20}" for c in [*cheats, STAMPS[2]])
        + "  others keep, 18"
    )
    for part, (change, parameters) in PARTS.items():
        with change():
            got, kept, _, honest = simulate.play(SETTINGS[0], cheats, seeds, parameters, first=FIRST)
            stamped, *_ = simulate.play(SETTINGS[3], STAMPS[2:3], seeds, parameters, first=FIRST)
        values = [got[cheat.name].mean() for cheat in cheats] + [stamped[STAMPS[2].name].mean()]
        print(f"{part:24} {honest:9.2f} " + " ".join(f"{value:20.2f}" for value in values)
              + f"  {np.mean(kept['random clique, 18']):.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
