"""Scores of a period: people measured kind by kind, kept as Parquet and, whenever they change, in the registry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from annotation.incentive.answers import ACCEPT, REJECT
from annotation.incentive.flagged import FOLDER
from annotation.incentive.ledger import digest
from annotation.incentive.scoring import Scored, score
from annotation.incentive.tables import SCORES
from annotation.standing import Reading
from pipeline.database import record
from pipeline.errors import RecipeError
from pipeline.registry import Audit, Contributor, Score, Session, select
from pipeline.store import write_table

DECIDED = "copying decided"
"""Action of the audit: what a person decided about somebody who is suspected of copying."""
Scorer = Callable[[pa.Table, Sequence[str]], Scored]


@dataclass(frozen=True, slots=True)
class Standings:
    """Everybody's scores of a period."""

    table: pa.Table
    """SCORES of all kinds."""
    by_kind: Mapping[str, Scored]
    inputs: Mapping[str, str]
    """Kind -> sha256 of its answers."""

    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the scores by person and kind."""
        return {(row["contributor"], row["kind"]): row for row in self.table.to_pylist()}

    def alarms(self) -> list[str]:
        """Return what the operator should look at."""
        return [f"{kind}: {alarm}" for kind, found in sorted(self.by_kind.items()) for alarm in found.alarms]


def score_kinds(answers: pa.Table, readings: Callable[[str], Reading], scorer: Scorer = score) -> Standings:
    """Score every kind of round by itself; a reviewer's work is a question of two classes."""
    found, inputs = {}, {}
    for kind in sorted(pc.unique(answers["kind"]).to_pylist()):
        own = answers.filter(pc.equal(answers["kind"], kind))
        classes = (ACCEPT, REJECT) if "/" in kind else tuple(readings(kind).classes)
        found[kind] = scorer(own, classes)
        inputs[kind] = digest([str(row) for row in own.to_pylist()])
    table = pa.concat_tables([one.table for one in found.values()]) if found else SCORES.empty_table()
    return Standings(table, found, inputs)


def write_scores(workspace: Path, period: str, answers: pa.Table, found: Standings) -> Path:
    """Write `answers`, `scores`, and of every kind `labels` and `copies`, as Parquet; return their folder."""
    folder = workspace / FOLDER / period
    write_table(folder / "answers.parquet", answers)
    write_table(folder / "scores.parquet", found.table)
    for kind, one in found.by_kind.items():
        name = kind.replace("/", "-")
        write_table(folder / f"labels-{name}.parquet", one.labels)
        write_table(folder / f"copies-{name}.parquet", one.copies)
    return folder


def enter_scores(
    opened: Session, period: str, found: Standings, tiers: Mapping[tuple[str, str], tuple[int, str]], at: datetime
) -> int:
    """Enter the scores that have changed since they were last entered; return how many."""
    rows = opened.scalars(select(Score).where(Score.period == period).order_by(Score.revision))
    last = {(row.contributor, row.kind): row for row in rows}
    number = 0
    for key, row in found.rows().items():
        tier, because = tiers.get(key, (0, ""))
        parts, before = {**row, "because": because}, last.get(key)
        if before is not None and (before.parts, before.tier) == (parts, tier):
            continue
        opened.add(Score(
            contributor=key[0], kind=key[1], period=period, revision=1 if before is None else before.revision + 1,
            answers=row["answers"], golds=row["golds"], j_bp=row["j_bp"], tier=tier, parts=parts,
            scorer_version=row["scorer_version"], inputs=found.inputs[key[1]], at=at,
        ))  # fmt: skip
        number += 1
    opened.flush()
    return number


def decide_copying(opened: Session, period: str, contributor: str, *, confirmed: bool) -> None:
    """Enter what a person decided about somebody who is suspected of copying; the last decision counts.

    Raises:
        RecipeError: there is nobody of this pseudonym.
    """
    if opened.get(Contributor, contributor) is None:
        raise RecipeError(f'there is nobody called "{contributor}"')
    decision = "confirmed" if confirmed else "cleared"
    record(opened, "operator", DECIDED, period=period, contributor=contributor, decision=decision)


def decisions(opened: Session, period: str) -> dict[str, str]:
    """Return what was decided about people in a period: confirmed or cleared."""
    rows = opened.scalars(select(Audit).where(Audit.action == DECIDED).order_by(Audit.seq))
    return {row.detail["contributor"]: row.detail["decision"] for row in rows if row.detail["period"] == period}
