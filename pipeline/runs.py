"""Finished runs of a workspace, opened for reading: for explaining, replaying and reporting."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from filters.policy import Policy, Rule
from pipeline.errors import RecipeError
from pipeline.parts import Parts
from pipeline.policy_file import asked
from pipeline.policy_form import RiskEntry
from pipeline.recipe import FilterChoice, stored_filters
from pipeline.store import RunFolder, read_json
from pipeline.toml import nearest


@dataclass(frozen=True)
class Run:
    """A run that has ended, with what it was made by."""

    folder: RunFolder
    summary: dict[str, Any]
    policy: Policy
    pack_rules: tuple[Rule, ...]
    """Those of its rules that packs brought."""
    risks: tuple[RiskEntry, ...]
    """What the packs say of what remains of each risk."""
    parts: Parts
    """All that were scanned: the rows of clusters.parquet."""
    judged: tuple[int, ...]
    """Those of them that were judged and written too."""

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.folder.path.name

    def filters(self) -> tuple[FilterChoice, ...]:
        """Return the filters that the run measured with, without the files that they read."""
        return stored_filters(self.folder.path / "recipe.toml", self.policy.rules)

    @property
    def surveyed(self) -> tuple[pa.Field, ...]:
        """What it measured because it was asked for."""
        stages = self.summary["stages"]
        return asked(templates="templates" in stages, passages="passages" in stages, answers="answers" in stages)


def list_runs(workspace: Path) -> list[str]:
    """Return the names of the runs of a workspace that have ended."""
    return sorted(path.parent.name for path in (workspace / "runs").glob("*/run.json"))


def open_run(name: str, workspace: Path) -> Run:
    """Open a run by its name in the workspace, or by the path of its folder.

    Raises:
        RecipeError: there is no such run, or it has not ended.
    """
    path = workspace / "runs" / name
    if not path.is_dir() and Path(name).is_dir():
        path = Path(name)
    summary = read_json(path / "run.json")
    if summary is None and (path / "recipe.toml").is_file():
        raise RecipeError(
            f'there is no finished run "{path.name}" in {workspace}: it was begun but did not end, or a takedown took '
            "documents out of it since; run its recipe again: qingyuan run RECIPE"
        )
    if summary is None:
        known = list_runs(workspace)
        hint = nearest(name, known) if known else "; it holds none yet"
        raise RecipeError(f'there is no finished run "{name}" in {workspace}{hint}')
    folder = RunFolder(path)
    stored = read_json(path / "policy.json") or {"rules": []}
    policy = Policy(tuple(_load_rule(entry) for entry in stored["rules"]))
    packed = tuple(_load_rule(entry) for entry in stored.get("pack_rules", []))  # older runs know no packs
    risks = tuple(RiskEntry(**entry) for entry in stored.get("risks", []))
    parts = Parts(folder, tuple(summary["parts"]))
    return Run(folder, summary, policy, packed, risks, parts, tuple(summary["parts_done"]))


def _load_rule(entry: dict[str, Any]) -> Rule:
    """Undo what JSON did to a rule: its tuples are lists there."""
    when = entry["when"]
    return Rule(
        **{
            **entry,
            "one_of": None if entry["one_of"] is None else tuple(entry["one_of"]),
            "none_of": None if entry["none_of"] is None else tuple(entry["none_of"]),
            "when": None if when is None else (when[0], tuple(when[1])),
            "risks": tuple(entry.get("risks", ())),
        }
    )
