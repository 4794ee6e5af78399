"""What a comparison of two runs found: which of them people prefer, over all and where a rule fired in one alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.estimates import Design, share

LEFT, RIGHT = "left", "right"


def side_of(label: str, left_run: str | None, runs: Sequence[str]) -> str:
    """Return what an answer says of the runs: the preferred one's name instead of left or right."""
    if left_run is None or label not in {LEFT, RIGHT}:
        return label
    return left_run if label == LEFT else next(run for run in runs if run != left_run)


def compare(
    design: Design, said: Sequence[str], rows: Sequence[Mapping[str, Any]], runs: Sequence[str]
) -> dict[str, Any]:
    """Estimate the shares that prefer each run, of the documents whose texts differ.

    Args:
        design: of the answered documents.
        said: what was decided of each, left or right.
        rows: of items.parquet, of each.
        runs: the two, as the round's file names them.

    Returns:
        `prefer`: for each run, and for the answers that prefer neither, the share. `rules`: for each rule that one run
        alone broke, that run's name, and the share of these documents in which each run is preferred.
    """
    preferred = np.array([side_of(label, row["left_run"], runs) for label, row in zip(said, rows, strict=True)])
    answers = [*runs, *sorted(set(said) - {LEFT, RIGHT})]
    mine = [set(row["failed"]) for row in rows]
    theirs = [set(row["other_failed"] or ()) for row in rows]
    found: dict[str, dict[str, Any]] = {}
    for reason in sorted(set().union(*(a ^ b for a, b in zip(mine, theirs, strict=True)))):
        for run, broke, other in zip(runs, (mine, theirs), (theirs, mine), strict=True):
            among = np.array([reason in a and reason not in b for a, b in zip(broke, other, strict=True)], np.bool_)
            if among.any():
                shares = {name: _share(design, preferred, name, among) for name in runs}
                found.setdefault(reason, {})[run] = {"prefer": shares}
    return {
        "prefer": {name: _share(design, preferred, name, None) for name in answers},
        "rules": found,
    }


def _share(
    design: Design, preferred: NDArray[np.str_], name: str, among: NDArray[np.bool_] | None
) -> dict[str, float | int | None]:
    return share(design, np.asarray(preferred == name, np.bool_), among).as_json()
