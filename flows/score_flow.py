"""The flow of `qingyuan score` as Prefect sees it: one task, for a settlement is one transaction.

Importing this imports Prefect (see `flows.runtime`). Parameters are plain, for Prefect stores them.
"""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from annotation.incentive.period import Act, score_period


@task(name="score_period", cache_policy=NO_CACHE, persist_result=False)
def _score(workspace: str, period: str | None, policy: str | None, act: Act, what_if: str | None) -> dict[str, Any]:
    return score_period(
        Path(workspace), period, None if policy is None else Path(policy), act=act,
        what_if=None if what_if is None else Path(what_if),
    )  # fmt: skip


@flow(name="score", persist_result=False, validate_parameters=False)
def score(
    workspace: str, period: str | None = None, policy: str | None = None, act: Act = "show", what_if: str | None = None
) -> dict[str, Any]:
    """Score a period and, as `act` says, show, advance or settle it."""
    return _score(workspace, period, policy, act, what_if)
