"""The flow `campaign`: clean → ask people → fetch what they said, again and again until they are through.

It goes as far as it can each time: what is clean stays clean, what was sent is not sent again, and while people still
work it says how much they have left. Importing this imports Prefect (see `flows.runtime`).
"""

from typing import Any

from prefect import flow

from flows.annotation_flows import annotation_round, sync_round
from flows.clean import clean


@flow(name="campaign", persist_result=False, validate_parameters=False)
def campaign(recipe: str, round_file: str, name: str, workspace: str, workers: int, memory: int) -> dict[str, Any]:
    """Carry a campaign as far as it goes now; parameters are plain, for Prefect stores them."""
    summary = clean(recipe, workspace, workers, memory, quiet=True)
    pushed = annotation_round(round_file, workspace)
    return {"run": summary, "pushed": pushed, "synced": sync_round(workspace, name)}
