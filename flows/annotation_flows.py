"""The flows of annotation as Prefect sees them: a round is opened and sent, answers come back, what follows is sent.

Importing this imports Prefect (see `flows.runtime`). Parameters are plain, for Prefect stores them; the server's
address and token are in the environment and nowhere else.
"""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from annotation import rounds
from annotation.label_studio.client import LabelStudio
from annotation.round_file import load_round
from flows.progress import choose


@task(name="push", cache_policy=NO_CACHE, persist_result=False)
def _push(file: str, workspace: str, policy: str | None) -> dict[str, Any]:
    with LabelStudio.from_environment() as studio:
        return rounds.push_round(
            Path(workspace), load_round(Path(file)), studio, choose(quiet=True).advance,
            None if policy is None else Path(policy),
        )  # fmt: skip


@task(name="pull", cache_policy=NO_CACHE, persist_result=False)
def _pull(workspace: str) -> dict[str, Any]:
    with LabelStudio.from_environment() as studio:
        return rounds.pull_rounds(Path(workspace), studio, choose(quiet=True).advance)


@task(name="sync", cache_policy=NO_CACHE, persist_result=False)
def _sync(workspace: str, name: str) -> dict[str, Any]:
    with LabelStudio.from_environment() as studio:
        return rounds.sync_round(Path(workspace), name, studio, choose(quiet=True).advance)


@flow(name="annotation_round", persist_result=False, validate_parameters=False)
def annotation_round(file: str, workspace: str, policy: str | None = None) -> dict[str, Any]:
    """Open a round if it is new and send what each person may have now."""
    return _push(file, workspace, policy)


@flow(name="fetch_answers", persist_result=False, validate_parameters=False)
def fetch_answers(workspace: str) -> dict[str, Any]:
    """Fetch the new answers of all rounds."""
    return _pull(workspace)


@flow(name="sync_round", persist_result=False, validate_parameters=False)
def sync_round(workspace: str, name: str) -> dict[str, Any]:
    """Fetch answers and send what follows from them; on a schedule this keeps a round going."""
    return _sync(workspace, name)
