"""Clusters of documents that are the same or resemble each other: candidates → verified edges → components."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.candidates import agreement, banded_pairs, decoded, encoded, least_agreement, united
from pipeline.signing import EMPTY_DIGEST, Signing
from pipeline.verify import Load, verify_pairs

COMPLETE = 32
"""Texts up to which every pair of a component is compared: at most 496 comparisons, and no pair that the bands
missed (at a Jaccard of 0.7 they miss 44 %) leaves a duplicate standing beside its survivor."""

LEADERS = 8
"""Best-ranked texts of a larger component that all its others are compared with, so that a survivor knows its
duplicates; eight comparisons a text at most, never one with each."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """Who resembles whom among n documents. Indices are the caller's rows; their order changes nothing else."""

    cluster: NDArray[np.int64]
    """int64[n]: the member with the smallest id; the document itself when it is alone."""
    rank: NDArray[np.int64]
    """int64[n]: place within the cluster in base order, from 0, before any rule was looked at."""
    size: NDArray[np.int64]
    """int64[n]: members of the document's cluster, itself included."""
    exact_group: NDArray[np.int64]
    """int64[n]: the best-ranked document with the same folded text; itself when there is no other."""
    edges: NDArray[np.int64]
    """int64[edges, 2]: exact groups, each by its best-ranked document, whose similarity reaches the threshold; the
    better-ranked one first, sorted in base order."""
    edge_jaccard: NDArray[np.float64]
    """float64[edges]: their exact Jaccard similarity."""


@njit(cache=True, nogil=True)
def components(n: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join 0 … n - 1 along pairs, int64[pairs, 2]: int64[n], the smallest member of each one's component."""
    root = np.arange(n)
    for pair in range(len(pairs)):
        one, other = pairs[pair, 0], pairs[pair, 1]
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        while root[other] != other:
            root[other] = root[root[other]]
            other = root[other]
        root[max(one, other)] = min(one, other)
    for i in range(n):  # what i hangs below is smaller than i, so it is final by now
        root[i] = root[root[i]]
    return root


def exact_groups(exact: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return for every document the first with the same digest; one without text is alone. int64[n]."""
    alone = np.arange(len(exact), dtype=np.int64)
    order = np.lexsort((exact[:, 1], exact[:, 0]))
    differs = np.ones(len(exact), np.bool_)
    differs[1:] = np.any(exact[order[1:]] != exact[order[:-1]], axis=1)
    group = np.empty_like(alone)
    group[order] = order[np.maximum.accumulate(np.where(differs, alone, 0))]
    return np.where(np.all(exact == EMPTY_DIGEST, axis=1), alone, group)


@njit(cache=True, nogil=True)
def _pairs_within(root: NDArray[np.int64], order: NDArray[np.int64], leaders: int, pairs: NDArray[np.int64]) -> int:
    """Write the pairs of `pairs_within`, as far as `pairs` has room; return how many there are."""
    found = 0
    start = 0
    while start < len(order):
        after = start + 1
        while after < len(order) and root[order[after]] == root[order[start]]:
            after += 1
        paired = after - start if after - start <= COMPLETE else leaders
        for j in range(start + 1, after):
            for i in range(start, min(j, start + paired)):
                if found < len(pairs):
                    pairs[found, 0] = order[i]
                    pairs[found, 1] = order[j]
                found += 1
        start = after
    return found


def pairs_within(root: NDArray[np.int64], leaders: int) -> NDArray[np.int64]:
    """List pairs inside components, which are given as `components` returns them, int64[n].

    Returns:
        int64[pairs, 2], the earlier one first: all pairs of a component of up to COMPLETE members; in a larger one
        those of its first `leaders` members with all others.
    """
    order = np.argsort(root, kind="stable")
    pairs = np.empty((_pairs_within(root, order, leaders, np.empty((0, 2), np.int64)), 2), np.int64)
    _pairs_within(root, order, leaders, pairs)
    return pairs


def _verified_edges(
    signatures: NDArray[np.uint32],
    rows: NDArray[np.int64],
    verify: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    signing: Signing,
    threshold: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the pairs of distinct texts at or above the threshold.

    Args:
        signatures: uint32[documents, permutations].
        rows: int64[texts] of `signatures`, best first.
        verify: exact similarity of pairs of documents.
        signing: bands and rows.
        threshold: least similarity of an edge.

    Returns:
        int64[edges, 2] positions in `rows`, the better one first, sorted; float64[edges] their similarity.
    """
    n = len(rows)
    least = least_agreement(signing, threshold)

    def likely(root: NDArray[np.int64], leaders: int) -> NDArray[np.int64]:
        pairs = pairs_within(root, leaders)
        return pairs[agreement(signatures, rows[pairs]) >= least]

    def reaching(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        pairs = decoded(codes, n)
        # By component, then by the worse member: its better ones are few, so texts are rarely loaded twice.
        pairs = pairs[np.lexsort((pairs[:, 0], pairs[:, 1], components(n, pairs)[pairs[:, 0]]))]
        similarity = verify(rows[pairs])
        reached = similarity >= threshold
        return pairs[reached], similarity[reached]

    # First what the bands found, and all pairs where it hangs together in few texts. Then, in the larger components
    # that are left when what failed is gone, each text against the leaders.
    candidates = banded_pairs(signatures, rows, signing, threshold)
    compared = united(encoded(candidates, n), encoded(likely(components(n, candidates), 0), n))
    edges, similarity = reaching(compared)
    remaining = np.setdiff1d(encoded(likely(components(n, edges), LEADERS), n), compared, assume_unique=True)
    more_edges, more_similarity = reaching(remaining)
    edges = np.concatenate([edges, more_edges])
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    return edges[order], np.concatenate([similarity, more_similarity])[order]


def find_clusters(
    exact: NDArray[np.uint64],
    signatures: NDArray[np.uint32],
    shingle_counts: NDArray[np.int64],
    id_order: NDArray[np.int64],
    base_order: NDArray[np.int64],
    *,
    load: Load,
    signing: Signing,
    threshold: float = 0.7,
    memory_bytes: int = 256 << 20,
) -> Clusters:
    """Find the clusters of n documents.

    Documents with the same folded text are one text; texts are compared where a band of their signatures agrees; a
    cluster is what hangs together by comparisons that reached the threshold. A document of which folding left
    nothing is alone, and one shorter than a shingle resembles nothing but its copies.

    Args:
        exact: digests of the folded texts, uint64[n, 2].
        signatures: uint32[n, permutations].
        shingle_counts: int64[n], shingles of each text, repeated ones too.
        id_order: int64[n], the place of each document's id among the sorted ids; no two alike.
        base_order: int64[n], which documents one would rather keep: smaller is better, ties go by id.
        load: gives folded texts; asked only for documents that have candidates, as many at a time as fit.
        signing: what the signatures were made with.
        threshold: least exact Jaccard similarity of two texts that count as near-duplicates.
        memory_bytes: budget for loaded texts and their shingles; one pair is compared whatever its size.
    """
    n = len(exact)
    # From here on documents are numbered in base order: what comes first is best, and no result knows the rows.
    row = np.lexsort((id_order, base_order)).astype(np.int64)
    group = exact_groups(exact[row])
    texts = np.flatnonzero((group == np.arange(n)) & (shingle_counts[row] > 0))
    edges, similarity = _verified_edges(
        signatures,
        row[texts],
        lambda pairs: verify_pairs(pairs, shingle_counts, load, signing.shingle, memory_bytes, signing.unit),
        signing,
        threshold,
    )
    return assemble(row, group, texts[edges], similarity, id_order)


def assemble(
    row: NDArray[np.int64],
    group: NDArray[np.int64],
    edges: NDArray[np.int64],
    similarity: NDArray[np.float64],
    id_order: NDArray[np.int64],
) -> Clusters:
    """Put clusters together from what resembles what.

    Args:
        row: int64[n], the caller's row of each document, in base order; by their places in it documents are named here.
        group: int64[n], for each document the best one with its text.
        edges: int64[edges, 2], pairs of such best ones, the better one first, sorted.
        similarity: float64[edges].
        id_order: int64[n], by row, the order of the ids.
    """
    n = len(row)
    copies = np.flatnonzero(group != np.arange(n))
    root = components(n, np.concatenate([edges, np.stack([group[copies], copies], axis=1)]))
    members, start = _grouped(root, id_order[row])
    cluster, size, rank, exact_group = (np.empty(n, np.int64) for _ in range(4))
    cluster[row[members]] = row[members[start]]
    size[row] = np.bincount(root, minlength=n)[root]
    members, start = _grouped(root, np.arange(n))
    rank[row[members]] = np.arange(n) - start
    exact_group[row] = row[group]
    return Clusters(cluster, rank, size, exact_group, row[edges], similarity)


def _grouped(root: NDArray[np.int64], key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sort documents by component, then by key: int64[n] documents, int64[n] where each one's component starts."""
    members = np.lexsort((key, root))
    first = np.ones(len(root), np.bool_)
    first[1:] = root[members[1:]] != root[members[:-1]]
    return members, np.maximum.accumulate(np.where(first, np.arange(len(root)), 0))
