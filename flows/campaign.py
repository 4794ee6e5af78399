"""The flow `campaign`: clean → ask people → fetch what they said, until they are through → scores, pay, statements.

It goes as far as it can each time: what is clean stays clean, what was sent is not sent again, and while people still
work it says how much they have left. Importing this imports Prefect (see `flows.runtime`).
"""

from pathlib import Path
from typing import Any

from prefect import flow

from flows.annotation_flows import annotation_round, sync_round
from flows.clean import clean
from flows.following import follow, score_round
from flows.score_flow import score


@flow(name="campaign", persist_result=False, validate_parameters=False)
def campaign(
    recipe: str, round_file: str, name: str, workspace: str, policy: str | None, wait: float | None, workers: int,
    memory: int,
) -> dict[str, Any]:  # fmt: skip
    """Carry a campaign as far as it goes now; parameters are plain, for Prefect stores them."""
    summary = clean(recipe, workspace, workers, memory, quiet=True)
    pushed = annotation_round(round_file, workspace, policy)
    synced = follow(lambda: sync_round(workspace, name), Path(workspace), name, wait)
    scores = score_round(
        lambda period, act: score(workspace, period, policy, act), Path(workspace), name,
        settle=policy is not None and synced["through"],
    )  # fmt: skip
    return {"run": summary, "pushed": pushed, "synced": synced, "scores": scores}
