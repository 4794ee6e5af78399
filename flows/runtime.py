"""The one place that sets Prefect up, before it is imported; and the two ways to carry out a run."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flows.progress import choose
from flows.server import own_server
from pipeline.executor import Executor
from pipeline.pool import InProcess, ProcessPool
from pipeline.worker import limit_threads

FIXED = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
"""Nothing about a run leaves the machine, whatever the environment says."""

DEFAULTS = {
    # Only for whoever uses Prefect beside us: it waits 20 s for its embedded server, and on a cold disk that is short.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    # Logs go to the server, where its pages show them; on stderr they would tear the progress apart, and what an
    # operator must know the command says itself.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    # A lease in memory dies with the server and leaves its slot taken: every later scheduled run would be cancelled.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}
"""How Prefect behaves unless its own environment variables say otherwise."""


def prepare(workspace: Path) -> None:
    """Set Prefect's environment for this process and its children; call it before anything imports Prefect.

    Prefect's own database lies in the workspace, unless `PREFECT_HOME` is set. A server named by `PREFECT_API_URL`
    is used; otherwise one of our own is started for as long as it is needed.
    """
    os.environ.update(FIXED)
    home = workspace.absolute() / ".prefect"
    for name, value in {**DEFAULTS, "PREFECT_HOME": str(home)}.items():
        os.environ.setdefault(name, value)
    Path(os.environ["PREFECT_HOME"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    # Prefect's client obeys proxies even for its own server on this machine.
    for name in ("no_proxy", "NO_PROXY"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))


def run_direct(recipe: Path, workspace: Path, *, workers: int, memory: int, quiet: bool) -> dict[str, Any]:
    """Clean without Prefect: in this process, or with more than one worker in a pool of our own.

    Args:
        recipe: the recipe's file.
        workspace: the folder that holds all runs.
        workers: processes at once.
        memory: bytes that a worker may use.
        quiet: show no progress.

    Returns:
        What `run.json` holds.
    """
    from pipeline.run import clean  # noqa: PLC0415 - `qingyuan --help` must not wait for the pipeline's libraries

    progress = choose(quiet=quiet)

    def go(executor: Executor) -> dict[str, Any]:
        return clean(recipe, workspace, executor, memory=memory, progress=progress)

    if workers == 1:
        limit_threads()
        return go(InProcess(progress.advance))
    with ProcessPool(workers, progress.advance) as pool:
        return go(pool)


def run_flow(recipe: Path, workspace: Path, *, workers: int, memory: int, quiet: bool) -> dict[str, Any]:
    """Clean as a Prefect flow: the same stages, seen and kept by Prefect. Arguments and result as `run_direct`.

    Raises:
        QingyuanError: what ended the run.
    """
    from pipeline.run import nothing_left  # noqa: PLC0415 - `qingyuan --help` must not wait for the pipeline's libraries

    done = nothing_left(recipe, workspace, memory=memory, progress=choose(quiet=True))
    if done is not None:
        return done
    prepare(workspace)
    with ExitStack() as stack:
        if "PREFECT_API_URL" not in os.environ:
            # Not the one that Prefect starts by itself: when we are killed it would live on.
            progress = choose(quiet=quiet)
            progress.stage("prefect", 1, "steps")  # so that nobody wonders at the first start's half minute
            address = stack.enter_context(own_server(Path(os.environ["PREFECT_HOME"])))
            progress.advance(1)
            progress.finish()
            os.environ["PREFECT_API_URL"] = f"{address}/api"
            stack.callback(os.environ.pop, "PREFECT_API_URL")
        from flows.clean import clean, send_the_rest, summary  # noqa: PLC0415 - imports Prefect: after its environment is set

        stack.callback(send_the_rest)
        parameters = {"recipe": str(recipe), "workspace": str(workspace), "workers": workers, "memory": memory}
        return summary(clean(**parameters, quiet=quiet, return_state=True))
