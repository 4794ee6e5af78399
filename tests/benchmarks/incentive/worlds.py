"""A simulated round: thirty people, items with a skewed truth, golds, a model's pre-label; and ways to cheat in it."""

from dataclasses import dataclass

import numpy as np

from tests.benchmarks.incentive.table import answers

PEOPLE, ITEMS, GOLDS, OVERLAP = 30, 250, 20, 5
DECEPTIVE = 0.1
"""Share of items whose look misleads: everybody's chance to see the same wrong class is at least MISLED there."""
MISLED = 0.6
LEAST_CELL = 5
"""Golds of every class and pre-label that a person gets where strata are used."""


@dataclass(frozen=True)
class Setting:
    """A kind of round."""

    name: str
    prior: tuple[float, ...]
    items: int = ITEMS
    golds: int = GOLDS
    stamps: bool = False
    """Whether a pre-label is known (strata)."""
    spread: bool = True
    """Whether golds are spread over the cells of class and pre-label; else the model says of them what it says."""
    bounded: bool = True
    """Whether the bounds hold: they are about rounds of the usual size."""

    @property
    def classes(self):
        return len(self.prior)


SETTINGS = (
    Setting("95/5", (0.95, 0.05)), Setting("50/50", (0.5, 0.5)), Setting("85/5/5/5", (0.85, 0.05, 0.05, 0.05)),
    Setting("95/5 with pre-label", (0.95, 0.05), stamps=True),
    Setting("80/20 with pre-label, 60 items, golds spread", (0.8, 0.2), items=60, stamps=True, bounded=False),
    Setting("80/20 with pre-label, 60 items, golds as they come", (0.8, 0.2), items=60, stamps=True, spread=False,
            bounded=False),
)  # fmt: skip


class World:
    """Who gets which items, what is true, what each would see who looks."""

    def __init__(self, setting, seed):
        self.setting, self.g = setting, np.random.default_rng([seed, 20_261_122])
        g, k = self.g, setting.classes
        plain = PEOPLE * setting.items // OVERLAP
        pool = 4 * setting.golds  # a gold is shown to several people, never twice to one
        self.truth = np.concatenate([g.choice(k, plain, p=setting.prior), np.arange(pool) % k])
        self.model = self._model()
        if setting.stamps and setting.spread:  # golds stand in every cell of class and pre-label alike
            self.model[plain:] = np.arange(pool) // k % k
        self.deceptive = g.random(len(self.truth)) < DECEPTIVE
        self.lure = (self.truth + g.integers(1, k, len(self.truth))) % k
        self.gold = np.where(np.arange(len(self.truth)) >= plain, self.truth, -1)
        self.item, self.person = self._hand_out(plain, pool)
        self.skill = g.uniform(0.70, 0.95, (PEOPLE, k))
        self.skill[:, 0] = g.uniform(0.93, 0.99, PEOPLE)
        self.honest = self.look(self.item, self.person)
        self.random = g.integers(0, k, len(self.truth))
        """One random answer an item, that a clique may share."""

    def _model(self):
        g, k = self.g, self.setting.classes
        right = np.where(self.truth == 0, 0.97, 0.65)  # of safe and of everything else
        other = (self.truth + g.integers(1, k, len(self.truth))) % k
        return np.where(g.random(len(self.truth)) < right, self.truth, other)

    def _hand_out(self, plain, pool):
        """Every plain item to OVERLAP people, every person the same number; golds a balanced sample of the pool."""
        g, item, person = self.g, [], []
        room = np.full(PEOPLE, self.setting.items)
        for number in range(plain):
            chosen = np.argsort(-(room + g.random(PEOPLE)))[:OVERLAP]  # who has most left, at random among equals
            room[chosen] -= 1
            item += [number] * OVERLAP
            person += chosen.tolist()
        spread = self.setting.stamps and self.setting.spread
        cells = self.setting.classes * (self.setting.classes if spread else 1)
        each = max(LEAST_CELL if spread else 0, self.setting.golds // cells)
        for who in range(PEOPLE):
            for cell in range(cells):
                own = plain + np.flatnonzero(np.arange(pool) % cells == cell)
                item += g.choice(own, min(each, len(own)), replace=False).tolist()
                person += [who] * min(each, len(own))
        return np.array(item), np.array(person)

    def look(self, item, person):
        """What people answer who look: class 0 right at U(.93, .99), the others at U(.70, .95), unless misled."""
        g, true = self.g, self.truth[item]
        chance = self.skill[person, true]
        wrong = (true + g.integers(1, self.setting.classes, len(true))) % self.setting.classes
        misled = self.deceptive[item]
        lured = misled & (g.random(len(true)) < np.maximum(MISLED, 1 - chance))
        return np.where(lured, self.lure[item], np.where(misled | (g.random(len(true)) < chance), true, wrong))

    def said(self, strategy, people):
        """Return everybody's answers when the first `people` follow a strategy, and the others are honest."""
        mine = self.person < people
        return np.where(mine, strategy(self), self.honest)

    def table(self, label):
        """Return ANSWERS."""
        model = self.model[self.item] if self.setting.stamps else None
        names = [f"c{c}" for c in range(self.setting.classes)]
        return answers(self.item, self.person, label, names, self.gold[self.item], model), names


def constant(world):
    return np.zeros_like(world.item)


def rare(world):
    return np.ones_like(world.item)


def guess(world):
    return world.g.integers(0, world.setting.classes, len(world.item))


def mimic(world):
    return world.g.choice(world.setting.classes, len(world.item), p=world.setting.prior)


def flip(world):
    return (world.honest + 1) % world.setting.classes


def half(world):
    return np.where(world.g.random(len(world.item)) < 0.5, world.honest, guess(world))


def sandbag(world):
    """Recognise every gold and answer it honestly; guess the rest (at the classes' shares: the harder to find)."""
    return np.where(world.gold[world.item] >= 0, world.honest, mimic(world))


def sandbag_constant(world):
    return np.where(world.gold[world.item] >= 0, world.honest, 0)


def clique(world):
    """All say the same random thing of an item."""
    return world.random[world.item]


def one_works(world):
    """One looks at every item that any of them has, and all say what he saw."""
    seen = world.look(np.arange(len(world.truth)), np.zeros(len(world.truth), np.int64))
    return seen[world.item]


def stamp(world):
    return world.model[world.item]


def honest(world):
    return world.honest
