"""Which documents people are asked about: drawn by seed, with the probability kept by which each was drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

LEAST_OF_A_STRATUM = 2
"""Documents drawn of each stratum where it has them: from one alone no variance can be told."""
REACH = 0.05
"""Distance from a bound, as a share of all documents in between, at which the chance of being drawn falls to 1/e."""
FLOOR = 0.25
"""Least weight of a document, a fifth of the greatest: rarely drawn ones stand for many, and make intervals lie."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was drawn of a frame."""

    rows: NDArray[np.int64]
    """Of the frame, ascending."""
    probability: Numbers
    """float64[rows], in (0, 1]: of being drawn."""
    strata: list[str]
    """Stratum of each row drawn."""
    population: dict[str, int]
    """Documents of the frame in each stratum."""


def draw(
    ids: Sequence[str],
    size: int,
    *,
    seed: int,
    strata: Sequence[str] | None = None,
    weights: Numbers | None = None,
    balanced: bool = False,
) -> Sample:
    """Draw `size` documents: stratum by stratum, within each with chances in proportion to the weights.

    Each document has a random number of its own, made of seed and id, so the order of the frame changes nothing. Within
    a stratum it is Pareto sampling (B. Rosén, "On sampling with probability proportional to size", J. Stat. Plan.
    Inference 62, 1997): the number drawn is fixed, the chances are the wanted ones up to a few parts in a thousand,
    and with equal weights it is simple random sampling, exactly.

    Args:
        ids: of all documents of the frame, each once.
        size: how many to draw; of a smaller frame all.
        seed: another seed, another sample.
        strata: stratum of each document; None for one stratum.
        weights: how much each is worth asking about, above 0; None for all alike.
        balanced: strata count by the square root of their documents, so that small ones can be told apart and large
            ones still weigh (M. D. Bankier's power allocation, 1988); otherwise by their documents.
    """
    if not ids:
        return Sample(np.zeros(0, np.int64), np.zeros(0), [], {})
    names, group = np.unique(np.array(strata if strata is not None else [""] * len(ids), np.str_), return_inverse=True)
    population = np.bincount(group)
    wanted = allocate(population, min(size, len(ids)), balanced=balanced)
    chance = random_numbers(ids, seed)
    weight = np.ones(len(ids)) if weights is None else weights
    rows, probability = [], []
    for stratum, number in enumerate(wanted):
        inside = np.flatnonzero(group == stratum)
        pi = inclusion(weight[inside], int(number))
        with np.errstate(divide="ignore", invalid="ignore"):
            rank = np.where(pi < 1, chance[inside] * (1 - pi) / ((1 - chance[inside]) * pi), -1.0)
        drawn = np.argsort(rank, kind="stable")[:number]
        rows.append(inside[drawn])
        probability.append(pi[drawn])
    chosen, pis = np.concatenate(rows), np.concatenate(probability)
    order = np.argsort(chosen)
    return Sample(
        chosen[order], pis[order], [str(names[group[row]]) for row in chosen[order]],
        {str(name): int(number) for name, number in zip(names, population, strict=True)},
    )  # fmt: skip


def random_numbers(ids: Sequence[str], seed: int) -> Numbers:
    """Return a number in (0, 1) for each id: always the same for the same seed."""
    drawn = [xxhash.xxh3_64_intdigest(f"sample:{seed}:{name}".encode()) for name in ids]
    return (np.array(drawn, np.uint64) >> np.uint64(11)).astype(np.float64) / 2.0**53 + 2.0**-54


def allocate(population: NDArray[np.int64], size: int, *, balanced: bool) -> NDArray[np.int64]:
    """Share a sample out among strata: int64[strata], none above its population, `size` together.

    Two of each come first, where `size` suffices for that; the rest goes by largest remainder.
    """
    given = np.minimum(population, LEAST_OF_A_STRATUM)
    if given.sum() > size:
        given = np.zeros_like(population)
    given = given.astype(np.int64)
    measure = np.sqrt(population) if balanced else population.astype(np.float64)
    while (left := size - int(given.sum())) > 0:
        room = population - given
        share = np.where(room > 0, np.maximum(measure * size / measure.sum() - given, 0), 0)
        if not share.any():
            share = room.astype(np.float64)
        share *= left / share.sum()
        more = np.minimum(np.floor(share).astype(np.int64), room)
        if more.sum() == 0:
            best = np.argsort(-share, kind="stable")[:left]
            more[best] = np.minimum(1, room[best])
        given += more
    return given


def inclusion(weights: Numbers, number: int) -> Numbers:
    """Return chances of being drawn in proportion to the weights, `number` together, none above 1."""
    if number >= len(weights):
        return np.ones(len(weights))
    sure = np.zeros(len(weights), np.bool_)
    while True:
        pi = np.ones(len(weights))
        pi[~sure] = (number - sure.sum()) * weights[~sure] / weights[~sure].sum()
        above = pi > 1
        if not above.any():
            return pi
        sure |= above


def near_bounds(values: Sequence[Numbers], bounds: Sequence[float]) -> Numbers:
    """Weigh documents by how near they are to any rule's bound: a moved threshold would decide them anew.

    Args:
        values: of each bounded attribute, float64[documents]; NaN where it was not measured.
        bounds: of each of these attributes.
    """
    nearest = np.full(len(values[0]) if values else 0, np.inf)
    for column, bound in zip(values, bounds, strict=True):
        known = np.sort(column[~np.isnan(column)])
        if not len(known):
            continue
        # Distance in ranks, so that it means the same for a ratio and for a number of characters.
        place = (np.searchsorted(known, column, "left") + np.searchsorted(known, column, "right")) / 2
        edge = (np.searchsorted(known, bound, "left") + np.searchsorted(known, bound, "right")) / 2
        nearest = np.fmin(nearest, np.where(np.isnan(column), np.inf, np.abs(place - edge) / len(known)))
    return np.asarray(np.exp(-nearest / REACH) + FLOOR, np.float64)


def uncertain(scores: Numbers) -> Numbers:
    """Weigh documents by how little a score in [0, 1] says: most at 0.5. Unmeasured ones weigh least."""
    return np.nan_to_num(4 * scores * (1 - scores), nan=0.0).clip(0, 1) + FLOOR


def disputed(scores: Sequence[Numbers]) -> Numbers:
    """Weigh documents by how far scores in [0, 1] of several models lie apart."""
    table = np.stack(scores)
    spread = np.fmax.reduce(table, axis=0) - np.fmin.reduce(table, axis=0)
    return np.asarray(np.nan_to_num(spread, nan=0.0).clip(0, 1) + FLOOR, np.float64)
