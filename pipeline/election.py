"""Who survives in each cluster, once every other rule has been applied, and whom the others duplicate."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.clusters import Clusters


@dataclass(frozen=True, slots=True)
class Election:
    """The outcome for n documents, in the rows of the clusters it was held in."""

    rank: NDArray[np.int64]
    """int64[n]: 0 for a survivor, for a document that is alone, and for one that resembles no survivor; the others
    are numbered from 1 within their cluster, in base order."""
    of: NDArray[np.int64]
    """int64[n]: the best-ranked survivor whose text is the same or was verified to resemble it; -1 where rank is 0."""
    jaccard: NDArray[np.float64]
    """float64[n]: exact similarity with `of`, 1.0 for the same text; NaN where there is none."""
    exact: NDArray[np.bool_]
    """bool[n]: whether `of` has the same folded text."""


@njit(cache=True, nogil=True)
def _neighbours(
    n: int, edges: NDArray[np.int64], edge_jaccard: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Lay edges out by document: offsets int64[n + 1], neighbours and similarities of 2 × edges."""
    offsets = np.zeros(n + 1, np.int64)
    for edge in range(len(edges)):
        offsets[edges[edge, 0] + 1] += 1
        offsets[edges[edge, 1] + 1] += 1
    offsets = np.cumsum(offsets)
    at = offsets[:-1].copy()
    neighbours = np.empty(2 * len(edges), np.int64)
    similarity = np.empty(2 * len(edges), np.float64)
    for edge in range(len(edges)):
        for side in range(2):
            document = edges[edge, side]
            neighbours[at[document]] = edges[edge, 1 - side]
            similarity[at[document]] = edge_jaccard[edge]
            at[document] += 1
    return offsets, neighbours, similarity


@njit(cache=True, nogil=True)
def _elect(
    order: NDArray[np.int64],
    passes: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    base_rank: NDArray[np.int64],
    exact_group: NDArray[np.int64],
    edges: NDArray[np.int64],
    edge_jaccard: NDArray[np.float64],
    of: NDArray[np.int64],
    jaccard: NDArray[np.float64],
) -> None:
    n = len(order)
    offsets, neighbours, similarity = _neighbours(n, edges, edge_jaccard)
    survivor = np.full(n, -1, np.int64)  # of each exact group, at the group's best-ranked document
    for document in order:
        group = exact_group[document]
        free = passes[document]
        for at in range(offsets[group], offsets[group + 1]):
            free = free and survivor[neighbours[at]] < 0
        if survivor[group] < 0 and (free or kept[document]):
            survivor[group] = document
    for document in range(n):
        group = exact_group[document]
        if survivor[group] >= 0:  # then no neighbour of the group survived: it would have been a duplicate of it
            if survivor[group] != document:
                of[document] = survivor[group]
                jaccard[document] = 1.0
            continue
        for at in range(offsets[group], offsets[group + 1]):
            one = survivor[neighbours[at]]
            if one >= 0 and (of[document] < 0 or base_rank[one] < base_rank[of[document]]):
                of[document] = one
                jaccard[document] = similarity[at]


def elect(clusters: Clusters, passes: NDArray[np.bool_], kept: NDArray[np.bool_] | None = None) -> Election:
    """Choose survivors: the best-ranked member that passes, then the next that resembles none so far, and so on.

    So a good twin is never lost because a better-ranked one was dropped for something else, and nothing is dropped
    for resembling a document that is itself dropped: in a chain A ~ B ~ C where A and C differ, both survive.

    Args:
        clusters: what `find_clusters` found.
        passes: bool[n], whether a document breaks no other rule.
        kept: bool[n], which documents an earlier run has kept: they survive before all others, whatever they resemble.

    Returns:
        The election; a document that does not pass is told whom it resembles, too, if that one survives.
    """
    n = len(passes)
    of, jaccard = np.full(n, -1, np.int64), np.full(n, np.nan)
    kept = np.zeros(n, np.bool_) if kept is None else kept
    order = np.lexsort((clusters.rank, ~kept))  # clusters do not touch each other: any order between them will do
    _elect(
        order, passes, kept, clusters.rank, clusters.exact_group, clusters.edges, clusters.edge_jaccard, of, jaccard
    )  # fmt: skip
    exact = (of >= 0) & (clusters.exact_group[of] == clusters.exact_group)
    return Election(_numbered(clusters, of >= 0), of, jaccard, exact)


def _numbered(clusters: Clusters, duplicate: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the duplicates of each cluster from 1, in base order; int64[n], 0 for the others."""
    members = np.flatnonzero(duplicate)
    members = members[np.lexsort((clusters.rank[members], clusters.cluster[members]))]
    cluster = clusters.cluster[members]
    place = np.arange(len(members))
    first = np.ones(len(members), np.bool_)
    first[1:] = cluster[1:] != cluster[:-1]
    rank = np.zeros(len(duplicate), np.int64)
    rank[members] = place - np.maximum.accumulate(np.where(first, place, 0)) + 1
    return rank
