"""A flow on a schedule: a Prefect deployment, its runs and, unless one is configured, its server, in one process."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.runtime import prepare
from flows.server import own_server
from flows.signals import on_signals
from pipeline.lock import locked

if TYPE_CHECKING:
    from prefect import Flow

SHANGHAI = "Asia/Shanghai"


def serve(
    recipe: Path,
    workspace: Path,
    cron: str,
    *,
    timezone: str = SHANGHAI,
    workers: int,
    memory: int,
    say: Callable[[str], None],
) -> None:
    """Clean on a schedule until SIGTERM or Ctrl-C.

    Args:
        recipe: the recipe's file.
        workspace: the folder that holds all runs.
        cron: five fields: minute, hour, day, month, day of the week.
        timezone: name of the zone in which `cron` is meant.
        workers: processes at once.
        memory: bytes that a worker may use.
        say: takes each line for the operator.

    Raises:
        RecipeError: the schedule makes no sense, or this workspace is being served already.
        ServiceError: Prefect's server does not start.
    """
    prepare(workspace)
    from flows.clean import clean  # noqa: PLC0415 - imports Prefect: after its environment is set

    parameters = {
        "recipe": str(recipe.absolute()),
        "workspace": str(workspace.absolute()),
        "workers": workers,
        "memory": memory,
    }
    serve_flow(clean, recipe.stem, parameters, cron, timezone=timezone, say=say)


def serve_flow(
    flow: "Flow[..., Any]",
    name: str,
    parameters: dict[str, Any],
    cron: str,
    *,
    timezone: str,
    say: Callable[[str], None],
) -> None:
    """Run any flow on a schedule, as `serve` does; `prepare` was called before its module was imported.

    The parameters are strings and numbers, for Prefect stores them.
    """
    from flows.deployment import first_times, run_for_ever  # noqa: PLC0415 - imports Prefect

    times = first_times(cron, timezone)
    home = Path(os.environ["PREFECT_HOME"])
    with suppress(KeyboardInterrupt), on_signals(_interrupt), _only_one(home), ExitStack() as stack:
        api = os.environ.get("PREFECT_API_URL")
        ours = api is None
        api = api or f"{stack.enter_context(own_server(home))}/api"
        say(f"{name}: runs at {cron!r}, time zone {timezone}; first on {times[0]}, then on {times[1]}.")
        say("One run at a time: a run that falls due while another is going is cancelled; the next one finds its work.")
        say("Runs that fall due while this command is not running are not made up for; the next one finds what is new.")
        say(f"Pages: {api.removesuffix('/api')}")
        say("Ctrl-C or SIGTERM ends it; a run that is going is stopped, and the next one resumes its work.")
        run_for_ever(flow, name, parameters, cron, timezone, api=api, ours=ours)
    say("Stopped.")


def _interrupt() -> None:
    """Take SIGTERM for Ctrl-C while Prefect's runner does not listen: before it starts and after it has ended."""
    raise KeyboardInterrupt


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Hold the workspace's right to be served; the kernel gives it back however this process ends."""
    with locked(home / "serve.lock", f"{home.parent} is being served already; end that command first"):
        yield
