"""Items as Prefect tasks: Prefect sees, names and retries them; our own processes, without it, do the work."""

import queue
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture

from pipeline.errors import ServiceError
from pipeline.executor import PAUSES, STOPS, Account, Item, Outcome, failed
from pipeline.pool import ProcessPool

Receipt = dict[str, Any]


def _service_is_down(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry only what may be better in a moment."""
    return isinstance(state.result(raise_on_failure=False), ServiceError)


@task(cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=_service_is_down)
def _carry_out(perform: Callable[[], Receipt]) -> Receipt:
    return perform()


class PrefectTasks:
    """Carries out items as tasks of the running flow, as many at once as the pool has workers.

    A failed task stands as Failed on Prefect's pages and stops neither the others nor the flow.
    """

    def __init__(self, pool: ProcessPool, pauses: Sequence[float] = PAUSES) -> None:
        self._pool = pool
        self._pauses = list(pauses)

    def run(self, stage: str, items: Sequence[Item]) -> Iterator[Outcome]:
        """Carry out all items of a stage; if the caller gives up, what is running is killed and the pool stops."""
        waiting = iter(items)
        running: dict[PrefectFuture[Receipt], tuple[Item, Account]] = {}
        done: queue.SimpleQueue[PrefectFuture[Receipt]] = queue.SimpleQueue()

        def submit(count: int) -> None:
            # Never more than can run: Prefect keeps each submitted task, with its thread, in memory.
            for item in islice(waiting, count):
                account = Account(item.weight, self._pool.advance)
                future = self._submit(stage, item, account)
                running[future] = (item, account)
                future.add_done_callback(done.put)

        try:
            submit(self._pool.workers)
            while running:
                future = done.get()
                item, account = running.pop(future)
                outcome = self._outcome(item, future)
                account.finish()
                submit(1)
                yield outcome
        except BaseException:
            self._pool.stop()
            raise

    def _submit(self, stage: str, item: Item, account: Account) -> PrefectFuture[Receipt]:
        def perform() -> Receipt:
            account.restart()
            return self._pool.perform(item, account)

        named = _carry_out.with_options(
            name=stage, task_run_name=item.name, retries=len(self._pauses), retry_delay_seconds=self._pauses
        )
        return named.submit(perform)

    def _outcome(self, item: Item, future: PrefectFuture[Receipt]) -> Outcome:
        result: Receipt | BaseException = future.result(raise_on_failure=False)
        if isinstance(result, STOPS) or (isinstance(result, BaseException) and not isinstance(result, Exception)):
            raise result
        if isinstance(result, BaseException):
            return failed(item, result, tries=len(self._pauses) + 1)
        return Outcome(item, result)
