"""The two ways to carry out what rounds need: in this process, or as flows that Prefect sees."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from annotation.incentive.period import Act, score_period
from annotation.label_studio.client import LabelStudio
from annotation.round_file import load_round
from annotation.rounds import pull_rounds, push_round, sync_round
from flows.following import follow, score_round
from flows.progress import choose
from flows.runtime import prepare, run_direct
from flows.server import own_server


def push(file: Path, workspace: Path, *, direct: bool, policy: Path | None = None) -> dict[str, Any]:
    """Open a round and send what can be sent."""
    _check(file, workspace, policy)
    if direct:
        with _progress("push", "tasks") as advance, LabelStudio.from_environment() as studio:
            return push_round(workspace, load_round(file), studio, advance, policy)
    with _prefect(workspace):
        from flows.annotation_flows import annotation_round  # noqa: PLC0415 - imports Prefect

        return annotation_round(str(file), str(workspace), None if policy is None else str(policy))


def pull(workspace: Path, *, direct: bool) -> dict[str, Any]:
    """Fetch all new answers."""
    if direct:
        with _progress("pull", "revisions") as advance, LabelStudio.from_environment() as studio:
            return pull_rounds(workspace, studio, advance)
    with _prefect(workspace):
        from flows.annotation_flows import fetch_answers  # noqa: PLC0415 - imports Prefect

        return fetch_answers(str(workspace))


def sync(workspace: Path, name: str, *, direct: bool) -> dict[str, Any]:
    """Fetch answers, and send what follows from them."""
    if direct:
        with _progress("sync", "rows") as advance, LabelStudio.from_environment() as studio:
            return sync_round(workspace, name, studio, advance)
    with _prefect(workspace):
        from flows.annotation_flows import sync_round as flow  # noqa: PLC0415 - imports Prefect

        return flow(str(workspace), name)


def campaign(
    recipe: Path, file: Path, workspace: Path, *, policy: Path | None, wait: float | None, workers: int, memory: int,
    direct: bool,
) -> dict[str, Any]:  # fmt: skip
    """Clean, ask people, fetch what they said, and score them, as far as it goes now; see `flows.campaign`."""
    from pipeline.recipe import load_recipe  # noqa: PLC0415

    name = load_round(file).form.round.name
    _check(file, workspace, policy, coming=load_recipe(recipe).name)
    _ask_who_is_there()  # what is wrong is said before anything starts
    if direct:
        summary = run_direct(recipe, workspace, workers=workers, memory=memory, quiet=False)
        pushed = push(file, workspace, direct=True, policy=policy)
        synced = follow(lambda: sync(workspace, name, direct=True), workspace, name, wait)
        scores = score_round(
            lambda period, act: score(workspace, period, policy, act, None, direct=True), workspace, name,
            settle=policy is not None and synced["through"],
        )  # fmt: skip
        return {"run": summary, "pushed": pushed, "synced": synced, "scores": scores}
    with _prefect(workspace):
        from flows.campaign import campaign as flow  # noqa: PLC0415 - imports Prefect

        paid_by = None if policy is None else str(policy)
        return flow(str(recipe), str(file), name, str(workspace), paid_by, wait, workers, memory)


def score(
    workspace: Path, period: str | None, policy: Path | None, act: Act, what_if: Path | None, *, direct: bool
) -> dict[str, Any]:
    """Score a period, and advance or settle it."""
    if direct:
        return score_period(workspace, period, policy, act=act, what_if=what_if)
    with _prefect(workspace, asks=False):
        from flows.score_flow import score as flow  # noqa: PLC0415 - imports Prefect

        files = [None if path is None else str(path.absolute()) for path in (policy, what_if)]
        return flow(str(workspace.absolute()), period, files[0], act, files[1])


def serve_sync(workspace: Path, name: str, cron: str, timezone: str, say: Callable[[str], None]) -> None:
    """Sync a round on a schedule, until a signal."""
    _ask_who_is_there()
    prepare(workspace)
    from flows.annotation_flows import sync_round as flow  # noqa: PLC0415 - imports Prefect
    from flows.serve import serve_flow  # noqa: PLC0415

    parameters = {"workspace": str(workspace.absolute()), "name": name}
    serve_flow(flow, f"sync-{name}", parameters, cron, timezone=timezone, say=say)


def _check(file: Path, workspace: Path, policy: Path | None, coming: str | None = None) -> None:
    """Have said what is wrong with a round's file before Prefect starts, or a run of hours."""
    from annotation.round_check import check_plan  # noqa: PLC0415 - the filters behind it take two seconds to import

    check_plan(load_round(file), workspace, policy, coming=coming)


def _ask_who_is_there() -> None:
    """Have a Label Studio that is away, or refuses us, said now: not after Prefect's start, nor at two at night."""
    with LabelStudio.from_environment() as studio:
        studio.server()


@contextmanager
def _progress(name: str, unit: str) -> Iterator[Callable[[int], None]]:
    shown = choose()
    shown.stage(name, 0, unit)
    try:
        yield shown.advance
    except BaseException:
        shown.finish(broken=True)
        raise
    shown.finish()


@contextmanager
def _prefect(workspace: Path, *, asks: bool = True) -> Iterator[None]:
    """Have Prefect ready: the server that the environment names, or one of our own for as long as this takes.

    Args:
        workspace: where Prefect keeps what it has.
        asks: whether Label Studio is asked for anything; what is owed to people is settled without it.
    """
    if asks:
        _ask_who_is_there()
    prepare(workspace)
    with ExitStack() as stack:
        if "PREFECT_API_URL" not in os.environ:
            address = stack.enter_context(own_server(Path(os.environ["PREFECT_HOME"])))
            os.environ["PREFECT_API_URL"] = f"{address}/api"
            stack.callback(os.environ.pop, "PREFECT_API_URL")
        from flows.clean import send_the_rest  # noqa: PLC0415 - imports Prefect: after its environment is set

        stack.callback(send_the_rest)
        yield
