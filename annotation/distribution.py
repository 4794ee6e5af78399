"""Who answers what: dealt at random among the qualified, evenly, nobody twice on an item, gold among it unseen."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np

from pipeline.registry import Qualification

Generator = np.random.Generator

Cell: TypeAlias = tuple[str, str]
"""Of a gold: its class, and what filters say of it; empty where people are not measured within that."""
GOLD_SPREAD = 0.3
"""A person's own rate of gold differs from the round's by up to this part of it: counting does not find the gold."""


@dataclass(frozen=True, slots=True)
class Need:
    """An item that more people must answer."""

    item: int
    people: int
    barred: frozenset[str]
    """Who holds a role on it already."""


@dataclass(frozen=True, slots=True)
class Deal:
    """What was dealt."""

    pairs: list[tuple[int, str]]
    """Item and person."""
    short: dict[int, int]
    """Item -> people who could not be found for it."""


def qualified(
    qualifications: Sequence[Qualification], *, kind: str, rule_version: str, role: str, at: datetime
) -> set[str]:
    """Return who has a passed, unexpired, unrevoked exam of this kind, role and version of the rules.

    Only the last exam counts: who failed after having passed does not work.
    """
    last: dict[str, Qualification] = {}
    for exam in sorted(qualifications, key=lambda row: row.taken_at):
        if (exam.kind, exam.rule_version, exam.role) == (kind, rule_version, role) and exam.taken_at <= at:
            last[exam.contributor] = exam
    return {
        person for person, exam in last.items()
        if exam.passed and exam.valid_until > at and (exam.revoked_at is None or exam.revoked_at > at)
    }  # fmt: skip


def deal(needs: Sequence[Need], room: Mapping[str, int], generator: Generator) -> Deal:
    """Give every item its people: always those with the most room left, equals by lot; nobody chooses.

    Args:
        needs: items and how many people each wants.
        room: person -> tasks that he may still get.
        generator: of the round's seed.
    """
    left = dict(sorted(room.items()))
    pairs: list[tuple[int, str]] = []
    short: dict[int, int] = {}
    for place in generator.permutation(len(needs)):
        need = needs[int(place)]
        free = [person for person, tasks in left.items() if tasks > 0 and person not in need.barred]
        lots = generator.random(len(free))
        order = sorted(range(len(free)), key=lambda number: (-left[free[number]], lots[number]))
        chosen = [free[number] for number in order[: need.people]]
        pairs += [(need.item, person) for person in chosen]
        for person in chosen:
            left[person] -= 1
        if len(chosen) < need.people:
            short[need.item] = need.people - len(chosen)
    return Deal(sorted(pairs), short)


def plant(
    tasks: Mapping[str, int],
    golds: Mapping[int, Cell],
    seen: Mapping[str, Collection[int]],
    rate: float,
    generator: Generator,
    least: int = 0,
) -> list[tuple[int, str]]:
    """Choose the gold items that each person gets among his tasks, none of them twice, of every cell alike.

    Twenty golds drawn as documents come hold one unsafe document, and then whoever always says "safe" passes them.

    Args:
        tasks: person -> new tasks that are no gold.
        golds: gold items of the round, and the cell of each.
        seen: person -> gold items that he has had.
        rate: gold among all tasks, on average.
        generator: of the round's seed.
        least: gold that each person has in the end at least, as far as there is so much.
    """
    pairs = []
    for person, number in sorted(tasks.items()):
        own = rate * (1 + GOLD_SPREAD * (2 * generator.random() - 1))
        wanted = number * own / (1 - own) if own < 1 else len(golds)
        had = set(seen.get(person, ())) & set(golds)
        count = max(int(wanted) + int(generator.random() < wanted % 1), least - len(had))
        pairs += [(item, person) for item in sorted(_even(golds, had, count, generator))]
    return pairs


def _even(golds: Mapping[int, Cell], had: Collection[int], count: int, generator: Generator) -> list[int]:
    """Draw `count` golds that a person has not had, each time of the class that he has had least of, equals by lot.

    Of that class it is one of the cell that he has had least of: few cells are as large as the others.
    """
    sizes: Counter[Cell | str] = Counter()
    for item in had:
        sizes.update((golds[item], golds[item][0]))
    fresh: dict[Cell, list[int]] = {cell: [] for cell in sorted(set(golds.values()))}
    left = sorted(set(golds) - set(had))
    for place in generator.permutation(len(left)):
        fresh[golds[left[int(place)]]].append(left[int(place)])
    drawn: list[int] = []
    while len(drawn) < count and (cells := [cell for cell in fresh if fresh[cell]]):
        lots = dict(zip(cells, generator.random(len(cells)), strict=True))
        cell = min(cells, key=lambda cell: (sizes[cell[0]], sizes[cell], lots[cell]))
        drawn.append(fresh[cell].pop())
        sizes.update((cell, cell[0]))
    return drawn


def shuffle(pairs: Sequence[tuple[int, str]], first: Mapping[str, int], generator: Generator) -> list[int]:
    """Return the place of each pair among its person's tasks: a random order of his own behind those he has.

    Args:
        pairs: item and person, gold among them.
        first: person -> his next free place.
        generator: of the round's seed.
    """
    places = [0] * len(pairs)
    by_person: dict[str, list[int]] = {}
    for number, (_, person) in enumerate(pairs):
        by_person.setdefault(person, []).append(number)
    for person, numbers in sorted(by_person.items()):
        order = generator.permutation(len(numbers))
        for place, number in zip(order, numbers, strict=True):
            places[number] = first.get(person, 0) + int(place)
    return places
