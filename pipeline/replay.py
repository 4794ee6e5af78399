"""What another policy would keep, from stored attributes and clusters: no text is read, nothing is written."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.policy import Policy
from pipeline.judge import find_survivors, tally, verdicts_of
from pipeline.policy_file import KEPT
from pipeline.runs import Run
from pipeline.store import read_table

EXAMPLES = 5
"""Ids shown for each change of verdict: enough to look some up with `explain`."""


def replay(run: Run, policy: Policy) -> dict[str, Any]:
    """Judge a run's documents by another policy and compare.

    Survivors of duplicates are chosen anew, since another member of a cluster may pass.

    Returns:
        kept, reasons and review under the new policy and under the run's own; `changed`: counts by "old -> new"
        verdict (`kept` or a reason) with some ids each.
    """
    survivors = pa.concat_tables(find_survivors(run.parts, policy).tables())
    new_totals: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    reviewed, review = 0, Counter[str]()
    changed: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    for number in run.judged:
        begin, end = run.parts.bounds(number)
        new = verdicts_of(run.parts, number, policy, survivors.slice(begin, end - begin))
        old = read_table(run.folder.part("verdicts", number), ["verdict.reason"])
        counted = tally(new)
        new_totals["kept"] += counted["kept"]
        new_totals["dropped"] += new.num_rows - counted["kept"]
        reasons.update(counted["reasons"])
        reviewed += counted["reviewed"]
        review.update(counted["review"])
        before, after = _names(old["verdict.reason"]), _names(new["verdict.reason"])
        for row in np.flatnonzero(before != after).tolist():
            change = f"{before[row]} -> {after[row]}"
            changed[change] += 1
            if len(examples.setdefault(change, [])) < EXAMPLES:
                examples[change].append(new["id"][row].as_py())
    return {
        "run": run.name,
        "documents": {"kept": new_totals["kept"], "dropped": new_totals["dropped"]},
        "reasons": dict(reasons.most_common()),
        "review": {"documents": reviewed, "reasons": dict(review.most_common())},
        "before": {
            "kept": run.summary["documents"]["kept"],
            "reasons": run.summary["reasons"],
            "review": run.summary.get("review", {"documents": 0, "reasons": {}}),
        },
        "changed": {change: {"documents": n, "examples": examples[change]} for change, n in changed.most_common()},
    }


def _names(reasons: pa.ChunkedArray) -> NDArray[np.object_]:
    """Return an object array of reasons, `kept` where there is none."""
    return np.array([reason or KEPT for reason in reasons.to_pylist()], dtype=object)
