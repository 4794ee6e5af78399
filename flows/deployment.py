"""The Prefect side of `qingyuan serve`: one deployment, its schedule, and the runner that starts its runs."""

import asyncio
import signal
from contextlib import suppress
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, State, StateType
from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.server.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Crashed

from pipeline.errors import RecipeError

POLL_INTERVAL = 5
"""Seconds between two looks for a run that is due."""


def first_times(cron: str, timezone: str) -> list[str]:
    """Give the first two times of a schedule, as the operator's clock shows them.

    Raises:
        RecipeError: the schedule or the zone makes no sense, or no such time ever comes.
    """
    try:
        times = asyncio.run(CronSchedule(cron=cron, timezone=timezone).get_dates(2))
    except ValueError as error:
        raise RecipeError(
            f"schedule {cron!r} in {timezone!r}: five fields (minute, hour, day, month, day of the week) and a zone "
            "such as Asia/Shanghai are needed"
        ) from error
    return [f"{time:%a %Y-%m-%d %H:%M}" for time in times]


class _Runner(Runner):
    """A runner that ends in order on SIGTERM and Ctrl-C, the run that is going first.

    Prefect's own handler of SIGTERM calls a coroutine and never awaits it, and on Ctrl-C waits until the run is done.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name, query_seconds=POLL_INTERVAL, pause_on_shutdown=True)
        self._main = asyncio.current_task()
        self._home = asyncio.get_running_loop()
        self._leaving: asyncio.Task[None] | None = None

    def handle_sigterm(self, *_args: object, **_kwargs: object) -> None:
        """Leave from inside the event loop: a signal handler alone would not wake it."""
        self._home.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        if self.started and self._leaving is None:
            self._leaving = self._home.create_task(self.astop())
        elif self._main is not None:  # not yet polling, or asked a second time
            self._main.cancel()


def run_for_ever(
    flow: Flow[..., Any], name: str, parameters: dict[str, Any], cron: str, timezone: str, *, api: str, ours: bool
) -> None:
    """Deploy and start runs as they fall due, until a signal; then stop the run that is going.

    Args:
        flow: what to run.
        name: the deployment's name.
        parameters: of each run.
        cron: the schedule.
        timezone: its zone.
        api: address of the server's API; given here because Prefect has read its environment already.
        ours: whether the server is our own, so that whatever it still calls running is a leftover.
    """
    with temporary_settings({PREFECT_API_URL: api}), suppress(asyncio.CancelledError):
        asyncio.run(_run(flow, name, parameters, cron, timezone, ours=ours))


async def _run(
    flow: Flow[..., Any], name: str, parameters: dict[str, Any], cron: str, timezone: str, *, ours: bool
) -> None:
    runner = _Runner(name)
    deployment = await runner.aadd_flow(
        flow,
        name=name,
        parameters=parameters,
        schedules=[Cron(cron, timezone=timezone)],
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        paused=True,
    )
    await _forget_the_past(deployment, ours=ours)
    signal.signal(signal.SIGINT, runner.handle_sigterm)
    await runner.start()


async def _forget_the_past(deployment: UUID, *, ours: bool) -> None:
    """Let the schedule start from now: no missed run is made up for, no run of an earlier life holds the one place."""
    async with get_client() as client:
        await client.pause_deployment(deployment)  # which deletes every run that was scheduled, late ones too
        if ours:
            leftovers = await client.read_flow_runs(
                flow_run_filter=FlowRunFilter(
                    deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
                    state=FlowRunFilterState(
                        type=FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
                    ),
                )
            )
            for run in leftovers:
                ended: State[Any] = Crashed(message="The command that ran it was ended.")
                await client.set_flow_run_state(run.id, ended, force=True)
        await client.resume_deployment(deployment)
