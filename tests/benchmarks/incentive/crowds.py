"""Real crowds on the disk: a folder each, label.csv (item, worker, label) and truth.csv (item, truth)."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SHARED = Path(__file__).resolve().parents[3] / "../shared/data/labels/crowd"


@dataclass(frozen=True)
class Crowd:
    """Answers and truth as codes; items, people and classes in the order of their names."""

    name: str
    item: np.ndarray
    person: np.ndarray
    label: np.ndarray
    truth: np.ndarray
    """int64[items]: -1 where it is not known."""
    classes: list

    @property
    def people(self):
        return int(self.person.max()) + 1


def load(folder):
    """Read a crowd; the last of several answers of a person to an item counts, truths of items without answers do not."""
    with (folder / "label.csv").open(encoding="utf-8") as labels, (folder / "truth.csv").open(encoding="utf-8") as truths:
        said = {(row["item"], row["worker"]): row["label"] for row in csv.DictReader(labels)}
        known = {row["item"]: row["truth"] for row in csv.DictReader(truths)}
    classes = sorted({*said.values(), *known.values()})
    items, item = np.unique([one for one, _ in said], return_inverse=True)
    person = np.unique([one for _, one in said], return_inverse=True)[1]
    code = {name: number for number, name in enumerate(classes)}
    truth = np.array([code[known[name]] if name in known else -1 for name in items])
    return Crowd(folder.name, item, person, np.array([code[one] for one in said.values()]), truth, classes)


def crowds(folder=SHARED):
    """Return all crowds of a folder, by name."""
    return [load(one) for one in sorted(Path(folder).iterdir()) if (one / "label.csv").is_file()]


def control(crowd, share, seed):
    """Return the golds of a control set: of all known items a share, from all classes alike as far as they reach."""
    generator = np.random.default_rng([seed, 7_410])
    known = np.flatnonzero(crowd.truth >= 0)
    wanted = round(share * len(known))
    by_class = [list(generator.permutation(known[crowd.truth[known] == c])) for c in range(len(crowd.classes))]
    chosen = []
    while len(chosen) < wanted:
        for items in by_class:
            if items and len(chosen) < wanted:
                chosen.append(items.pop())
    gold = np.full(len(crowd.truth), -1)
    gold[chosen] = crowd.truth[chosen]
    return gold


def true_informedness(crowd, gold, least):
    """Return float[people]: J against the known items that are no control; NaN with fewer than `least` of those.

    Classes of which somebody has seen none are left out of his mean; two at least.
    """
    known = (crowd.truth[crowd.item] >= 0) & (gold[crowd.item] < 0)
    person, true, label = crowd.person[known], crowd.truth[crowd.item][known], crowd.label[known]
    classes = len(crowd.classes)
    seen, right = (
        np.bincount(person[which] * classes + true[which], minlength=crowd.people * classes).reshape(-1, classes)
        for which in (np.ones(len(true), bool), label == true)
    )
    present = (seen > 0).sum(axis=1)
    recall = (right / np.maximum(seen, 1)).sum(axis=1)
    j = (recall - 1) / np.maximum(present - 1, 1)
    return np.where((seen.sum(axis=1) >= least) & (present > 1), j, np.nan)
