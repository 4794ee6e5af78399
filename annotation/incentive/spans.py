"""Informedness of spans: how much more like the others' a person's spans are than like what they said of other texts.

For answers x, y the similarity a is F1 of the characters marked, each with its type; two that mark nothing: 1. With g_p
what a peer counts, and j drawn texts of the same peer (DRAWS of them, by the texts' content, no generator)::

    same = sum_{i, p} g_p a(x_wi, x_pi)        cross = sum_{i, p} g_p mean_j a(x_wi, x_pj)        W = sum_{i, p} g_p
    J = (same - cross) / (W - cross + RIDGE W / items)             g_p = max(J_p, 0.02)^2, ROUNDS rounds from 1; gold: 3

so marking nothing, or the same places everywhere, has J = 0: that is as like other texts as like these. For exact match
of balanced classes it is the informedness of `informedness.py`. Gold joins as a peer named "=gold".
Bounds are those of the bootstrap over texts in its limit of infinitely many draws (infinitesimal jackknife: the
residuals of the ratio), so no draw decides and no order; RIDGE texts that tell nothing stand beside (J = 0, residual
1/2). shared/reference/incentive.md, 5.3 (on CoNLL-2003's crowd: rank correlation with true F1 0.87, marking nothing
0.02).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from annotation.incentive.informedness import CAP_Z, LOW_Z, PEER_Z, basis_points
from annotation.incentive.measures import UNANCHORED
from annotation.incentive.tables import CAPS, GOLD_CLASS, SCORES

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

GOLD = "=gold"
"""The contributor whose rows are the golds' spans."""
GOLD_WEIGHT = 3.0
RIDGE = 2.0
ROUNDS = 3
LEAST_WEIGHT = 0.02
SPANS_VERSION = "spans/1"


@njit(cache=True, nogil=True)
def _merge(first: Whole, kind: Whole, start: Whole, end: Whole) -> Whole:
    """Join overlapping spans of a type in place; return how many are left of every answer. Sorted by type and start."""
    left = np.zeros(len(first) - 1, np.int64)
    for row in range(len(first) - 1):
        to = first[row]
        for at in range(first[row], first[row + 1]):
            if end[at] <= start[at]:
                continue
            if left[row] > 0 and kind[to - 1] == kind[at] and start[at] <= end[to - 1]:
                end[to - 1] = max(end[to - 1], end[at])
            else:
                kind[to], start[to], end[to] = kind[at], start[at], end[at]
                to += 1
                left[row] += 1
    return left


@njit(cache=True, nogil=True)
def _likeness(
    one: Whole, other: Whole, first: Whole, left: Whole, kind: Whole, start: Whole, end: Whole, marked: Whole,
) -> Numbers:  # fmt: skip
    """Return F1, float64[pairs], of the answers `one` and `other` (rows)."""
    result = np.ones(len(one))
    for pair in range(len(one)):
        x, y = one[pair], other[pair]
        whole = marked[x] + marked[y]
        if whole == 0:
            continue
        a, b, common = first[x], first[y], 0
        while a < first[x] + left[x] and b < first[y] + left[y]:
            if kind[a] == kind[b]:
                common += max(0, min(end[a], end[b]) - max(start[a], start[b]))
            if kind[a] < kind[b] or (kind[a] == kind[b] and end[a] <= end[b]):
                a += 1
            else:
                b += 1
        result[pair] = 2 * common / whole
    return result


@dataclass(frozen=True, slots=True)
class _Marks:
    """Spans of all answers, those of row r at first[r]: first[r] + left[r]."""

    first: Whole
    left: Whole
    kind: Whole
    start: Whole
    end: Whole
    marked: Whole
    """int64[rows]: characters, each counted once a type."""
    content: NDArray[np.uint64]
    """uint64[rows]: a hash of the places, without types' names."""

    def likeness(self, one: Whole, other: Whole) -> Numbers:
        return np.asarray(_likeness(one, other, self.first, self.left, self.kind, self.start, self.end, self.marked))


def _marks(spans: pa.Array) -> _Marks:
    first = np.concatenate([[0], np.cumsum(np.asarray(pc.fill_null(pc.list_value_length(spans), 0)))]).astype(np.int64)
    flat = pc.list_flatten(spans)
    kind = np.asarray(pc.struct_field(flat, "type").dictionary_encode().indices, np.int64)
    start, end = (np.asarray(pc.struct_field(flat, name), np.int64) for name in ("start", "end"))
    row = np.repeat(np.arange(len(spans)), np.diff(first))
    order = np.lexsort((end, start, kind, row))
    kind, start, end = kind[order], start[order], end[order]
    left = _merge(first, kind, start, end)
    at = np.arange(len(row)) - first[row]
    held = at < left[row]
    marked = np.bincount(row[held], (end - start)[held], len(spans)).astype(np.int64)
    content = np.zeros(len(spans), np.uint64)
    np.add.at(content, row[held], _mix(start[held].astype(np.uint64) << np.uint64(32) | end[held].astype(np.uint64)))
    return _Marks(first, left, kind, start, end, marked, content)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return well mixed bits (the finaliser of splitmix64; G. L. Steele and others, 2014)."""
    value = (value + np.uint64(0x9E3779B97F4A7C15)) & np.uint64(2**64 - 1)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)))


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Every answer with every other to the same text."""

    item: Whole
    person: Whole
    peer: Whole
    same: Numbers
    cross: Numbers


def _pairs(item: Whole, person: Whole, marks: _Marks) -> _Pairs:
    order = np.argsort(item, kind="stable")
    counts = np.bincount(item)
    sizes = counts[item[order]]
    begins = (np.cumsum(counts) - counts)[item[order]]
    one = np.repeat(order, sizes)
    step = np.arange(len(one)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    other = order[np.repeat(begins, sizes) + step]
    one, other = one[person[one] != person[other]], other[person[one] != person[other]]
    key = np.zeros(len(counts), np.uint64)
    np.add.at(key, item, _mix(marks.content))  # of a text: what was said of it, whoever did
    key = _mix(key)
    mine = np.lexsort((marks.content, key[item], person))
    rows = np.bincount(person)
    since = np.cumsum(rows) - rows
    cross = np.zeros(len(one))
    alone = rows[person[other]] < 2  # noqa: PLR2004 - no other text of his
    for draw in (1, 2):
        jump = _mix(key[item[one]] + np.uint64(draw)) % rows[person[other]].astype(np.uint64)
        place = jump.astype(np.int64)
        found = mine[since[person[other]] + place]
        again = item[found] == item[one]
        place = np.where(again, (place + 1) % rows[person[other]], place)
        found = mine[since[person[other]] + place]
        cross += marks.likeness(one, found) / 2
    return _Pairs(item[one], person[one], person[other], marks.likeness(one, other), np.where(alone, 0.0, cross))


def _ratio(pairs: _Pairs, weight: Numbers, people: int) -> tuple[Numbers, Numbers, Whole]:
    """Return J, its standard error, and on how many texts they rest; each float64[people]."""
    key, at = np.unique(np.stack([pairs.person, pairs.item]), axis=1, return_inverse=True)
    person = key[0]

    def total(where: Whole, values: Numbers, size: int) -> Numbers:
        return np.bincount(where, np.rint(values * 2.0**28), size) / 2.0**28  # whole numbers: no order matters

    gain = total(at, weight * (pairs.same - pairs.cross), len(person))
    room = total(at, weight * (1 - pairs.cross), len(person))
    used = total(at, weight, len(person))
    texts = np.bincount(person[used > 0], minlength=people)
    ridge = RIDGE * total(person, used, people) / np.maximum(texts, 1)
    whole = np.maximum(total(person, room, people) + ridge, 1e-12)
    j = total(person, gain, people) / whole
    residual = total(person, np.square(gain - j[person] * room), people) + np.square(ridge) / RIDGE / 4
    return j, np.sqrt(residual) / whole, texts


def score_spans(answers: pa.Table) -> pa.Table:
    """Return SCORES of a kind of question whose answers are spans; one row for each contributor but GOLD.

    Args:
        answers: ANSWERS of one kind, an answer an item and contributor. Rows without spans (null) are left out; rows of
            contributor "=gold" are the golds' spans. The columns item, contributor, kind and spans are read. Copies are
            found by `scoring.score` on the answers' classes, not here.
    """
    answers = answers.filter(pc.is_valid(answers["spans"])).combine_chunks()
    names = sorted(set(pc.unique(answers["contributor"]).to_pylist()) - {GOLD})
    if not names:
        return SCORES.empty_table()
    known = pa.array([*names, GOLD])
    person = np.asarray(pc.index_in(answers["contributor"], value_set=known), np.int64)
    item = np.asarray(answers["item"].combine_chunks().dictionary_encode().indices, np.int64)
    pairs = _pairs(item, person, _marks(answers["spans"].combine_chunks()))
    people, is_gold = len(names) + 1, pairs.peer == len(names)
    count = np.ones(people)
    count[-1] = GOLD_WEIGHT
    for _ in range(ROUNDS):
        j, error, _ = _ratio(pairs, count[pairs.peer], people)
        count[:-1] = np.maximum(j[:-1], LEAST_WEIGHT) ** 2
    by_gold, gold_error, golds = _ratio(pairs, is_gold.astype(np.float64), people)
    by_peers, peer_error, peers = _ratio(pairs, np.where(is_gold, 0.0, count[pairs.peer]), people)
    right = np.bincount(pairs.person[is_gold & (pairs.same == 1)], minlength=people)
    nothing = np.full(people, np.inf)
    limits = np.stack([
        j, np.where(golds > 0, by_gold + CAP_Z * gold_error, nothing),
        np.where(peers > 0, by_peers + PEER_Z * peer_error, nothing), np.where(golds > 1, nothing, UNANCHORED),
    ])[:, :-1]  # fmt: skip
    paid = limits.min(axis=0)
    high = np.minimum(j + LOW_Z * error, 1)[:-1]
    which = np.where(j[:-1] <= paid, 0, limits.argmin(axis=0))
    seen = np.bincount(person, minlength=people)[:-1]
    marked = zip(golds[:-1].tolist(), right.tolist(), strict=False)
    gold_j, peer_j = (
        pa.array(basis_points(value[:-1]), mask=rows[:-1] == 0) for value, rows in ((by_gold, golds), (by_peers, peers))
    )
    columns = [
        names, [answers["kind"][0].as_py()] * len(names), seen, golds[:-1],
        pa.array([[{"name": "spans", "seen": s, "right": r}] for s, r in marked], pa.list_(GOLD_CLASS)),
        basis_points(paid), basis_points(np.minimum((j - LOW_Z * error)[:-1], paid)),
        basis_points(np.maximum(np.minimum(high, limits[1:].min(axis=0)), paid)), basis_points(j[:-1]),
        gold_j, peer_j,
        *(pa.array(basis_points(np.nan_to_num(bound, posinf=1)), mask=~np.isfinite(bound)) for bound in limits[1:3]),
        [CAPS[code] for code in which], ["anchored" if g > 1 else "unanchored" for g in golds[:-1].tolist()],
        np.zeros(len(names), np.int32), np.ones(len(names), np.int32), np.ones(len(names), np.int32),
        [SPANS_VERSION] * len(names),
    ]  # fmt: skip
    return pa.table([pa.array(column) for column in columns], SCORES)
