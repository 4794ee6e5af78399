"""The flow `clean`: sources → corpus, as Prefect sees it. Importing it imports Prefect (see `flows.runtime`)."""

import multiprocessing
import os
import signal
import sys
import threading
from datetime import datetime
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
    served = _end_with_parent()
    progress = choose(quiet=quiet)
    if served:
        _say(f"{recipe}: a scheduled run begins")
    try:
        with ProcessPool(workers, progress.advance) as pool:
            done = run.clean(Path(recipe), Path(workspace), PrefectTasks(pool), memory=memory, progress=progress)
    except Exception as error:
        if served:
            _say(f"{recipe}: the run has FAILED: {error}")
        raise
    except BaseException:
        if served:
            _say(f"{recipe}: the run was stopped; the next one finishes its work")
        raise
    if served:
        counts = ", ".join(f"{number:,} {name}" for name, number in done["documents"].items())
        aside = f"; {len(done['shards_failed'])} shards were set aside" if done["shards_failed"] else ""
        _say(f"{recipe}: the run is done in {done['wall_seconds']:.0f} s: {counts}{aside}")
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


def _say(text: str) -> None:
    """Write a dated line for the log of `qingyuan serve`."""
    sys.stderr.write(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S%z} {text}\n")
    sys.stderr.flush()


def _end_with_parent() -> bool:
    """When this is a scheduled run's process, end it as soon as `qingyuan serve` is gone, however that went.

    Returns:
        Whether this is one.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return False
    threading.Thread(target=_outlive, args=(parent.sentinel,), name="end-with-parent", daemon=True).start()
    return True


def _outlive(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)  # the pool's workers go with us; what is done has its receipt
