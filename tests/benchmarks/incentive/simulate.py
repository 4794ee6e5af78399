"""What cheating pays: `python -m tests.benchmarks.incentive.simulate [SEEDS]`, 20 by default.

Thirty people, 250 items and 20 balanced golds each, five answers an item, a tenth of the items misleading. For every
way to cheat and every seed: the mean pay of those who cheat over the mean pay of the same world where all are honest.
Pay is m(J) over the size of the cluster of copies, m = clip((J - 0.2) / 0.6, 0, 1.25): variable pay alone; the floor of
credited time is owed besides. The bound is the issue's; the exit code is 1 when one is broken. Two small rounds, of 60
items a person, are shown without bounds.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np

from annotation.incentive.scoring import score
from tests.benchmarks.incentive import worlds
from tests.benchmarks.incentive.worlds import PEOPLE, SETTINGS, World


@dataclass(frozen=True)
class Cheat:
    """How many do what, and what they may earn of an honest person's pay; None: shown only."""

    name: str
    strategy: object
    people: int
    bound: float | None
    others: float | None = None
    """The least that honest people keep."""


CHEATS = (
    Cheat("constant (commonest class), 1", worlds.constant, 1, 0.02),
    Cheat("constant, 12", worlds.constant, 12, 0.02),
    Cheat("constant, 30", worlds.constant, 30, 0.02),
    Cheat("constant (rare class), 1", worlds.rare, 1, 0.02),
    Cheat("random, 6", worlds.guess, 6, 0.02),
    Cheat("random at the classes' shares, 6", worlds.mimic, 6, 0.02),
    Cheat("flip, 3", worlds.flip, 3, 0.02),
    Cheat("golds honest, rest constant, 3", worlds.sandbag_constant, 3, 0.05),
    Cheat("golds honest, rest random, 3", worlds.sandbag, 3, 0.05),
    Cheat("random clique, 6", worlds.clique, 6, 0.05),
    Cheat("random clique, 12", worlds.clique, 12, 0.05),
    Cheat("random clique, 18", worlds.clique, 18, 0.05, others=0.70),
    Cheat("one works for 6", worlds.one_works, 6, 0.10),
    Cheat("one works for 12", worlds.one_works, 12, None),
    Cheat("half effort, 6", worlds.half, 6, 0.35),
    Cheat("half effort, 30", worlds.half, 30, None),
)
FIRST = 1000
"""The first seed: none of those by which anything was chosen (below 500)."""
STAMPS = tuple(Cheat(f"stamp the pre-label, {n}", worlds.stamp, n, 0.02) for n in (1, 6, 15, 30))


def pay(scored):
    """Return everybody's pay for one item at the full rate."""
    j, size = (scored.table[name].to_numpy() for name in ("j_bp", "copy_size"))
    return np.clip((j / 10_000 - 0.2) / 0.6, 0, 1.25) / size


def ordered(scored, column):
    """Return a column by the number in the people's names."""
    who = np.array([int(name[1:]) for name in scored.table["contributor"].to_pylist()])
    return column[np.argsort(who)]


def play(setting, cheats, seeds, parameters=None, first=FIRST):
    """Return mean pay of cheats over honest, of the others over honest (both lists over seeds), and honest flags."""
    got = {cheat.name: [] for cheat in cheats}
    kept = {cheat.name: [] for cheat in cheats}
    honest, flags = [], []
    for seed in range(first, first + seeds):
        world = World(setting, seed)
        table, names = world.table(world.honest)
        alone = score(table, names, parameters)
        paid = ordered(alone, pay(alone))
        honest.append(paid.mean())
        flags.append((alone.table["copy_size"].to_numpy() > 1).mean())
        for cheat in cheats:
            table, names = world.table(world.said(cheat.strategy, cheat.people))
            scored = score(table, names, parameters)
            each = ordered(scored, pay(scored))
            got[cheat.name].append(each[: cheat.people].mean())
            if cheat.people < PEOPLE:
                kept[cheat.name].append(each[cheat.people :].mean() / paid[cheat.people :].mean())
    whole = np.mean(honest)
    return {name: np.array(values) / whole for name, values in got.items()}, kept, np.mean(flags), whole


def verdict(value, bound, *, least=False):
    """Return pass or FAIL."""
    if bound is None:
        return ""
    return "pass" if (value >= bound if least else value <= bound) else "FAIL"


def report(setting, seeds, parameters=None):
    """Print one setting; return how many bounds are broken."""
    cheats = CHEATS + (STAMPS if setting.stamps else ())
    started = time.process_time()
    got, kept, flags, honest = play(setting, cheats, seeds, parameters)
    print(f"\n{setting.name}: honest m {honest:.2f}; honest people flagged {100 * flags:.2f} % "
          f"{verdict(flags, 0.005)}; {seeds} seeds, {time.process_time() - started:.0f} s CPU")  # fmt: skip
    failed = int(flags > 0.005)
    for cheat in cheats:
        values = got[cheat.name]
        mean, error = values.mean(), values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
        word = verdict(mean, cheat.bound) if setting.bounded else ""
        line = f"  {cheat.name:36} {mean:5.2f} ± {error:.2f}  worst seed {values.max():.2f}"
        line += f"  bound {cheat.bound:.2f} {word}" if cheat.bound is not None and setting.bounded else ""
        if kept[cheat.name]:
            rest = np.mean(kept[cheat.name])
            line += f"  others keep {rest:.2f}"
            if cheat.others is not None and setting.bounded:
                failed += rest < cheat.others
                line += f" bound {cheat.others:.2f} {verdict(rest, cheat.others, least=True)}"
        print(line)
        failed += word == "FAIL"
    return failed


def main():
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    failed = sum(report(setting, seeds) for setting in SETTINGS)
    print(f"\n{failed} bounds broken; {time.process_time():.0f} s CPU in all")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
