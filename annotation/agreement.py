"""How far people agree beyond chance: Krippendorff's alpha for labels, scores and spans. For reports, never for pay."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from annotation.consensus import Votes

Numbers: TypeAlias = NDArray[np.float64]
Level: TypeAlias = Literal["nominal", "ordinal"]
Spans: TypeAlias = Iterable[tuple[int, int, str]]
"""Code points [start, end) and a kind."""


def alpha(votes: Votes, level: Level = "nominal") -> float | None:
    """Return alpha: 1 is full agreement, 0 what chance gives; None where there is nothing to compare.

    1 - (observed / expected disagreement) by the matrix of coincidences: every pair of answers to one item counts
    1 / (answers to it - 1). Nominal: two labels differ or not. Ordinal: they differ by how many answers lie between
    them, squared. K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.
    """
    counts = np.zeros((len(votes.items), len(votes.classes)))
    np.add.at(counts, (votes.item, votes.label), 1.0)
    cast = counts.sum(axis=1)
    counts, cast = counts[cast >= 2], cast[cast >= 2]  # noqa: PLR2004 - a pair
    if not len(cast):
        return None
    pairs = np.einsum("ic,ik->ick", counts, counts)
    pairs[:, np.arange(counts.shape[1]), np.arange(counts.shape[1])] -= counts
    coincidence = (pairs / (cast - 1)[:, None, None]).sum(axis=0)
    margin = coincidence.sum(axis=1)
    distance = _distance(margin, level)
    expected = (np.outer(margin, margin) * distance).sum() / (margin.sum() - 1)
    if expected == 0:
        return None  # all said the same of everything: agreement cannot be told from habit
    return float(1 - (coincidence * distance).sum() / expected)


def _distance(margin: Numbers, level: Level) -> Numbers:
    if level == "nominal":
        return 1 - np.eye(len(margin))
    below = np.cumsum(margin) - margin / 2
    return np.asarray((below[:, None] - below[None, :]) ** 2, np.float64)


def span_alpha(texts: Sequence[tuple[int, Mapping[str, Spans]]]) -> dict[str, float | None]:
    """Return alpha of spans, for each kind and, as `""`, for all kinds together.

    Krippendorff's alpha for unitizing (Content Analysis, 2004, section 11.6): where two people's spans of a kind
    overlap, the squares of the distances between their beginnings and between their ends count; a span that lies in
    another's gap counts its length, squared. Expected is what spans and gaps of these lengths give at random places.
    Overlapping spans of one person and kind are one. Texts stand one behind the other; a gap ends with its text.

    Args:
        texts: of each its length in code points, and every person's spans (people without any stand there too).
    """
    found = [
        (length, {person: list(spans) for person, spans in people.items()})
        for length, people in texts
        if len(people) > 1 and length
    ]
    kinds = sorted({kind for _, people in found for spans in people.values() for *_, kind in spans})
    parts = {
        kind: _disagreement(
            [
                (n, [_merge((s, e) for s, e, k in spans if k == kind) for spans in people.values()])
                for n, people in found
            ]
        )
        for kind in kinds
    }
    result = {kind: _ratio(*part) for kind, part in parts.items()}
    return {**result, "": _ratio(sum(p[0] for p in parts.values()), sum(p[1] for p in parts.values()))}


def _ratio(observed: float, expected: float) -> float | None:
    return 1 - observed / expected if expected > 0 else None


Places: TypeAlias = list[tuple[int, int]]


def _merge(spans: Iterable[tuple[int, int]]) -> Places:
    merged: Places = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif end > start:
            merged.append((start, end))
    return merged


def _gaps(spans: Places, length: int) -> Places:
    edges = [0, *(edge for span in spans for edge in span), length]
    return [(edges[i], edges[i + 1]) for i in range(0, len(edges), 2) if edges[i + 1] > edges[i]]


def _disagreement(texts: list[tuple[int, list[Places]]]) -> tuple[float, float]:
    """Return observed and expected disagreement in spans of one kind."""
    people = max((len(spans) for _, spans in texts), default=0)
    whole = sum(length for length, _ in texts)
    observed = sum(
        _difference(spans[i], spans[j], length) / (len(spans) - 1)
        for length, spans in texts for i in range(len(spans)) for j in range(len(spans)) if i != j
    )  # fmt: skip
    lengths = np.array([e - s for _, all_of in texts for spans in all_of for s, e in spans], np.float64)
    gaps = np.array([e - s for n, all_of in texts for spans in all_of for s, e in _gaps(spans, n)], np.float64)
    if not len(lengths):
        return 0.0, 0.0
    room = sum(length * len(spans) for length, spans in texts)
    overlapping = (len(lengths) - 1) / 3 * (2 * lengths**3 - 3 * lengths**2 + lengths)
    fits = np.maximum(gaps[None, :] - lengths[:, None] + 1, 0).sum(axis=1)
    places = room * (room - 1) - (lengths * (lengths - 1)).sum()
    expected = 2 / whole * (overlapping + lengths**2 * fits).sum() / places
    return observed / (people * whole**2), float(expected)


def _difference(one: Places, other: Places, length: int) -> float:
    """Return what one's spans differ from the other's: overlaps by their edges, spans in a gap by their length."""
    differing = 0.0
    for start, end in one:
        differing += sum((start - s) ** 2 + (end - e) ** 2 for s, e in other if s < end and start < e)
    # A span that lies in the other's gap counts for the pair once from either side.
    for mine, gaps in ((one, _gaps(other, length)), (other, _gaps(one, length))):
        differing += sum((e - s) ** 2 for s, e in mine if any(a <= s and e <= b for a, b in gaps))
    return differing


def raw_agreement(votes: Votes) -> float | None:
    """Return the share of pairs of answers to one item that are equal, the mean over items with two answers or more."""
    counts, cast = _counts(votes)
    paired = cast >= 2  # noqa: PLR2004 - a pair
    if not paired.any():
        return None
    counts, cast = counts[paired], cast[paired]
    return float(((counts * (counts - 1)).sum(axis=1) / (cast * (cast - 1))).mean())


def ac1(votes: Votes) -> float | None:
    """Return Gwet's AC1: beyond what people who agree only on the doubtful items would reach; None as `alpha`.

    (raw - e) / (1 - e), e = sum_k s_k (1 - s_k) / (classes - 1), s_k the mean share of class k in an item's answers.
    K. L. Gwet, 2008. Where a class is rare it stays high when alpha falls to 0: show both, and the raw share.
    """
    raw = raw_agreement(votes)
    if raw is None or len(votes.classes) < 2:  # noqa: PLR2004 - nothing to disagree on
        return None
    counts, cast = _counts(votes)
    share = (counts[cast > 0] / cast[cast > 0, None]).mean(axis=0)
    chance = float((share * (1 - share)).sum() / (len(votes.classes) - 1))
    return (raw - chance) / (1 - chance)


def _counts(votes: Votes) -> tuple[Numbers, Numbers]:
    size = (len(votes.items), len(votes.classes))
    counts = np.bincount(votes.item * size[1] + votes.label, minlength=size[0] * size[1]).reshape(size)
    return counts.astype(np.float64), counts.sum(axis=1).astype(np.float64)
