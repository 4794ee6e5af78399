"""The flow `clean`: sources → corpus, as Prefect sees it. Importing it imports Prefect (see `flows.runtime`)."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from prefect import State, flow
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.states import Failed

from flows.progress import choose
from flows.task import PrefectTasks
from pipeline import run
from pipeline.pool import ProcessPool

SET_ASIDE = "SetAside"
"""Name of the failed state of a flow that did everything but some shards."""

DELIVERY_LIMIT = 30.0
"""Seconds for Prefect's last messages: some hundred tasks take a second or two."""


@flow(name="clean", persist_result=False, validate_parameters=False)
def clean(recipe: str, workspace: str, workers: int, memory: int, quiet: bool = False) -> dict[str, Any] | State[Any]:
    """Clean a recipe's sources into a corpus in the workspace.

    Parameters are plain, for Prefect stores them: paths, processes at once, bytes a worker may use.
    """
    _end_with_parent()
    progress = choose(quiet=quiet)
    with ProcessPool(workers, progress.advance) as pool:
        done = run.clean(Path(recipe), Path(workspace), PrefectTasks(pool), memory=memory, progress=progress)
    return (
        Failed(name=SET_ASIDE, message="Some shards were set aside; the rest is done.", data=done)
        if done["shards_failed"]
        else done
    )


def summary(state: State[Any]) -> dict[str, Any]:
    """Take what `run.json` holds out of the flow's last state.

    Raises:
        QingyuanError: what ended the run.
    """
    result: Any = state.result(raise_on_failure=state.name != SET_ASIDE)
    return dict(result)


def send_the_rest() -> None:
    """Let Prefect deliver its last events and log lines, which it does in the background, before its server ends.

    Otherwise its pages would show tasks that never ended, and its threads would try to reach the server for a minute.
    """
    EventsWorker.drain_all(timeout=DELIVERY_LIMIT)
    APILogWorker.drain_all(timeout=DELIVERY_LIMIT)


def _end_with_parent() -> None:
    """When this is a scheduled run's process, end it as soon as `qingyuan serve` is gone, however that went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent.sentinel,), name="end-with-parent", daemon=True).start()


def _outlive(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)  # the pool's workers go with us; what is done has its receipt
