"""What is known of each contributor in a period: how much, how fast, how well, how steadily; for looking, not for pay.

Everything is a pure function of tables. Pay is made of SCORES and the ledger alone; what stands here beside them says
why somebody should look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from annotation.incentive.contributor_tables import CONTRIBUTORS, FLAGS

Numbers: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

FAST, TIMED = 1 / 3, 20
"""Of the norm, over at least so many answers."""
SKIPS = 0.2
"""Of what was sent, of 20 at least (incentive reference, 5.8)."""
NORMS = 3
"""An answer counts as work for at most so many norms."""
SENIOR, SENIORS = 2, 20
"""Tier from which people make the norm, where they gave so many answers; otherwise everybody does."""
REFERENCE = "=Z"
"""In COPIES, the filters' suggestion among the people."""
HALF = 5
"""Golds in each half before anything is said of drift."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What metrics are made of; the tables of a period."""

    answers: pa.Table  # ANSWERS
    activity: pa.Table  # ACTIVITY
    scores: pa.Table  # SCORES
    tiers: pa.Table  # TIERS
    copies: pa.Table  # COPIES
    appeals: pa.Table  # APPEALS
    exams: pa.Table  # EXAMS


def contributor_metrics(evidence: Evidence, period: str) -> pa.Table:
    """Return CONTRIBUTORS: everybody who sent anything, was measured or appealed, in each kind of round."""
    said = _Said(evidence.answers)
    done = _submissions(evidence.activity, evidence.tiers)
    scores = _by_person(evidence.scores)
    tiers = _by_person(evidence.tiers)
    exams = _by_person(evidence.exams)
    appeals: dict[tuple[str, str], list[str]] = {}
    for asked in evidence.appeals.to_pylist():
        appeals.setdefault((asked["contributor"], asked["kind"]), []).append(asked["decision"])
    stamps = {
        person for pair in evidence.copies.to_pylist() if REFERENCE in {pair["one"], pair["other"]} and pair["cluster"]
        for person in (pair["one"], pair["other"])
    }  # fmt: skip
    rows = []
    for person, kind in sorted({*scores, *done, *said.places, *appeals}, key=lambda key: (key[1], key[0])):
        key = (person, kind)
        score = scores.get(key, {})
        row: dict[str, Any] = {
            "period": period, "contributor": person, "kind": kind,
            **dict.fromkeys(("answers", "skips", "refused", "forged", "late", "rejected"), 0),
            "active_seconds": 0.0, **done.get(key, {}), **said.of(key),
            **{name: score.get(name) for name in ("j_bp", "j_low_bp", "j_high_bp", "cap", "state")},
            "copy_cluster": score.get("copy_cluster", 0), "copy_size": score.get("copy_size", 1),
            "tier": tiers.get(key, {}).get("tier"),
            "appeals": len(appeals.get(key, [])), "appeals_granted": appeals.get(key, []).count("granted"),
            "qualification": exams.get(key, {}).get("state", "none"),
            "qualified_until": exams.get(key, {}).get("until"),
        }  # fmt: skip
        row["flags"] = _flags(row, stamped=person in stamps)
        rows.append(row)
    return pa.Table.from_pylist(rows, CONTRIBUTORS)


def _flags(row: dict[str, Any], *, stamped: bool) -> list[str]:
    sent = row["answers"] + row["skips"] + row["refused"]
    found = {
        "copies": row["copy_cluster"] > 0,
        "stamps": stamped,
        "fast": row.get("pace") is not None and row["pace"] < FAST and row["timed"] >= TIMED,
        "skips": sent >= TIMED and row["skips"] > SKIPS * sent,
        "forged": row["forged"] > 0,
        "late": row["late"] > 0,
        "overclaimed": row.get("overclaimed", 0) > 0,
        "unwitnessed": row.get("unwitnessed", 0) > 0,
        "unanchored": row["state"] in {"unanchored", "none"},
        "drift": row.get("drift_high") is not None and row["drift_high"] < 0,
    }
    return [name for name in FLAGS if found[name]]


def _by_person(table: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["contributor"], row["kind"]): row for row in table.to_pylist()}


class _Said:
    """What answers say: golds, agreement, difficulty, drift."""

    def __init__(self, answers: pa.Table) -> None:
        ordered = answers.sort_by([("at", "ascending"), ("item", "ascending")])
        self._label = np.array(ordered["label"].to_pylist(), object)
        self._gold = np.array(ordered["gold"].to_pylist(), object)
        kinds, people = ordered["kind"].to_pylist(), ordered["contributor"].to_pylist()
        grouped: dict[tuple[str, str], list[int]] = {}
        for place, key in enumerate(zip(people, kinds, strict=True)):
            grouped.setdefault(key, []).append(place)
        self.places = {key: np.array(places, np.int64) for key, places in grouped.items()}
        self._agree, self._hard = leave_one_out(ordered)

    def of(self, key: tuple[str, str]) -> dict[str, Any]:
        """Return the columns of a person and kind."""
        places = self.places.get(key)
        if places is None:
            return {"gold_classes": []}
        golds = places[[self._gold[place] is not None for place in places]]
        right = self._label[golds] == self._gold[golds]
        names = sorted(set(self._gold[golds]))
        classes = [
            {"name": name, "seen": int((self._gold[golds] == name).sum()),
             "right": int(right[self._gold[golds] == name].sum())}
            for name in names
        ]  # fmt: skip
        drift = change(right.astype(np.float64)) if len(golds) else None
        return {
            "gold_classes": classes,
            "agreement": _mean(self._agree[places]), "difficulty": _mean(self._hard[places]),
            "drift": drift and drift[0], "drift_low": drift and drift[1], "drift_high": drift and drift[2],
        }  # fmt: skip


def leave_one_out(answers: pa.Table) -> tuple[Numbers, Numbers]:
    """Compare every answer with what the others said of the same item in the same kind of round.

    With n_c the others' votes for class c and T the classes that have the most: agreement is 1/|T| if the answer is in
    T, else 0; difficulty is 1 - max n / sum n.

    Returns:
        Agreement, NaN without others; difficulty, NaN with fewer than two. Shapes (answers,).
    """
    size = answers.num_rows
    agree, hard = np.full(size, np.nan), np.full(size, np.nan)
    if not size:
        return agree, hard
    item = _codes(pc.binary_join_element_wise(answers["kind"], answers["item"], "\t"))
    label = _codes(answers["label"])
    counts = np.zeros((int(item.max()) + 1, int(label.max()) + 1), np.int32)
    np.add.at(counts, (item, label), 1)
    others = counts[item]
    others[np.arange(size), label] -= 1
    cast, most = others.sum(axis=1), others.max(axis=1)
    tied = (others == most[:, None]).sum(axis=1)
    some = cast > 0
    agree[some] = ((others[np.arange(size), label] == most) / tied)[some]
    several = cast > 1
    hard[several] = 1 - most[several] / cast[several]
    return agree, hard


def change(right: Numbers) -> tuple[float, float, float] | None:
    """Return by how much the share of ones differs between the last and the first half, with its interval of 95 %.

    The answer in the middle of an odd number is in neither half. None with fewer than HALF in a half.
    """
    half = len(right) // 2
    return None if half < HALF else difference(right[-half:], right[:half])


def difference(last: Numbers, first: Numbers, z: float = 1.96) -> tuple[float, float, float]:
    """Return the difference of two shares of ones, and its interval.

    Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, 873, method 10) of two Wilson intervals.
    """
    (p, p_low, p_high), (q, q_low, q_high) = _wilson(last, z), _wilson(first, z)
    low = p - q - sqrt((p - p_low) ** 2 + (q_high - q) ** 2)
    high = p - q + sqrt((p_high - p) ** 2 + (q - q_low) ** 2)
    return p - q, low, high


def _wilson(right: Numbers, z: float) -> tuple[float, float, float]:
    n, p = len(right), float(right.mean())
    middle, width = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p, (middle - width) / (1 + z * z / n), (middle + width) / (1 + z * z / n)


def _submissions(activity: pa.Table, tiers: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    """Return how much was sent and how long it took, by person and kind."""
    seconds = np.array([np.nan if s is None else s for s in activity["server_seconds"].to_pylist()], np.float64)
    outcome = np.array(activity["outcome"].to_pylist(), object)
    keys = list(zip(activity["contributor"].to_pylist(), activity["kind"].to_pylist(), strict=True))
    senior = {(row["contributor"], row["kind"]) for row in tiers.to_pylist() if row["tier"] >= SENIOR}
    norm = norms(activity, np.array([key in senior for key in keys], np.bool_))
    rejected = np.array(activity["rejected"].to_pylist(), np.bool_)
    words = [set(flags.split()) for flags in activity["flags"].to_pylist()]
    marked = {name: np.array([name in one for one in words], np.bool_) for name in ("overclaimed", "unwitnessed")}
    grouped: dict[tuple[str, str], list[int]] = {}
    for place, key in enumerate(keys):
        grouped.setdefault(key, []).append(place)
    found = {}
    for key, listed in grouped.items():
        places = np.array(listed, np.int64)
        valid = places[outcome[places] == "valid"]
        work = places[np.isin(outcome[places], ("valid", "skipped"))]
        timed = valid[~np.isnan(seconds[valid])]
        found[key] = {
            **{name: int((outcome[places] == said).sum()) for name, said in (
                ("answers", "valid"), ("skips", "skipped"), ("refused", "refused"), ("forged", "forged"),
                ("late", "late"))},
            "active_seconds": float(np.nansum(np.minimum(seconds[work], NORMS * norm[work]))),
            "median_seconds": float(np.median(seconds[timed])) if len(timed) else None,
            "pace": float(np.median(seconds[timed] / norm[timed])) if len(timed) else None,
            "timed": len(timed), "rejected": int(rejected[places].sum()),
            **{name: int(mark[places].sum()) for name, mark in marked.items()},
        }  # fmt: skip
    return found


def norms(activity: pa.Table, senior: NDArray[np.bool_]) -> Numbers:
    """Return for each row how many seconds an answer to a text of its length usually takes.

    The median over valid answers of its kind and length (each bucket twice as long as the one before, from 100
    characters on) by people of tier SENIOR and above where they gave SENIORS of them, else by everybody; a bucket that
    nobody was timed in has the median of its kind. Never 0; infinite where nothing at all was timed.
    """
    chars = np.array(activity["chars"].to_pylist(), np.float64)
    bucket = np.clip(np.floor(np.log2(np.maximum(chars, 1) / 100)) + 1, 0, 12).astype(np.int64)
    seconds = np.array([np.nan if s is None else s for s in activity["server_seconds"].to_pylist()], np.float64)
    counts = (np.array(activity["outcome"].to_pylist(), object) == "valid") & ~np.isnan(seconds)
    kind = _codes(activity["kind"])
    norm = np.full(len(chars), np.inf)
    for one in np.unique(kind):
        for place in (None, *np.unique(bucket[kind == one])):
            rows = (kind == one) if place is None else (kind == one) & (bucket == place)
            made = rows & counts
            made = made & senior if (made & senior).sum() >= SENIORS else made
            if made.any():
                norm[rows] = max(float(np.median(seconds[made])), 0.1)
    return norm


def _codes(column: pa.ChunkedArray) -> Codes:
    coded = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(coded.dictionary_encode().indices.to_numpy(zero_copy_only=False), np.int64)


def _mean(values: Sequence[float] | Numbers) -> float | None:
    known = np.asarray(values)[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
