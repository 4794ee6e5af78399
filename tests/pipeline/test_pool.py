"""Executors of our own: one item's failure or death never touches the others, and no process outlives its parent."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import LedgerError
from pipeline.executor import Item
from pipeline.pool import InProcess, ProcessPool
from tests.pipeline import toy

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = (0.0, 0.0)
PARENT = """
import sys
from pipeline.executor import Item
from pipeline.pool import ProcessPool
from tests.pipeline import toy
list(ProcessPool(2).run("stage", [Item("hang", toy.hang, (sys.argv[1],))] * 2))
"""


@pytest.fixture(params=["in process", "pool"])
def executor(request):
    """Make either executor; what it is told to advance by adds up in its list."""
    advanced = []
    if request.param == "in process":
        yield InProcess(advanced.append, AT_ONCE), advanced
    else:
        with ProcessPool(2, advanced.append, AT_ONCE) as pool:
            yield pool, advanced


def item(function, *arguments, name="item", weight=10):
    return Item(name, function, arguments, weight)


def outcomes(executor, *items):
    return {one.item.name: one.receipt or one.error for one in executor.run("stage", items)}


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_every_item_has_one_outcome_and_brings_its_weight(executor):
    run, advanced = executor

    assert outcomes(run, *(item(toy.double, n, name=str(n)) for n in range(7))) == {
        str(n): {"number": 2 * n} for n in range(7)
    }
    assert sum(advanced) == 70


def test_an_exception_sets_its_item_aside_in_one_line_and_the_rest_goes_on(executor, caplog):
    run, advanced = executor

    with caplog.at_level(logging.DEBUG, "pipeline.executor"):
        result = outcomes(run, item(toy.fail, name="bad"), item(toy.double, 1, name="good"))

    assert result == {"bad": "ShardError: ValueError: no good", "good": {"number": 2}}
    assert sum(advanced) == 20
    assert "in fail" in caplog.text


def test_an_error_in_the_numbers_stops_everything(executor):
    run, _ = executor

    with pytest.raises(LedgerError, match="1 != 2"):
        outcomes(run, item(toy.break_ledger), item(toy.double, 1))


def test_an_item_reports_while_it_runs_and_brings_its_weight_whatever_it_says(executor):
    run, advanced = executor

    outcomes(run, item(toy.report_in_parts, 100, 4, weight=100))
    assert advanced == [25, 25, 25, 25, 0]

    advanced.clear()
    outcomes(run, item(toy.report_twice_as_much_then_fail, 100, weight=100))
    assert advanced == [100, 0]


def test_a_service_that_is_down_is_tried_three_times(executor, tmp_path):
    run, _ = executor

    assert outcomes(
        run, item(toy.serve_at_third, str(tmp_path), name="recovers"), item(toy.never_serve, name="stays down")
    ) == {"recovers": {"tries": 3}, "stays down": "ShardError: ServiceError after 3 tries: down"}


@pytest.fixture
def pool():
    with ProcessPool(2, pauses=AT_ONCE) as pool:
        yield pool


def test_workers_have_one_thread_and_neither_prefect_nor_our_main_module(pool):
    assert outcomes(pool, item(toy.describe)) == {
        "item": {"prefect": False, "main": "pipeline.worker", "threads": 1, "numba": "1"}
    }


def test_two_workers_work_at_the_same_time(pool, tmp_path):
    result = outcomes(
        pool,
        item(toy.meet, "a", "b", str(tmp_path), name="a"),
        item(toy.meet, "b", "a", str(tmp_path), name="b"),
    )

    assert len({receipt["pid"] for receipt in result.values()} - {os.getpid()}) == 2


def test_an_item_that_kills_its_worker_is_the_only_one_set_aside(pool):
    items = [item(toy.double, n, name=str(n)) for n in range(4)]

    assert outcomes(pool, items[0], item(toy.kill_myself, name="killer"), *items[1:]) == {
        **{str(n): {"number": 2 * n} for n in range(4)},
        "killer": "ShardError: its worker died twice, the second time with nothing running beside it (signal 9)",
    }


def test_an_item_whose_worker_died_runs_again_with_nothing_beside_it(pool, tmp_path):
    folder = str(tmp_path)

    assert outcomes(
        pool,
        item(toy.die_beside_others, folder, ["a", "b"], name="hungry"),
        item(toy.wait_beside, "a", folder, 0.5, name="a"),
        item(toy.wait_beside, "b", folder, 0.5, name="b"),
    ) == {"hungry": {"survived": True, "others": []}, "a": {"name": "a"}, "b": {"name": "b"}}


def test_a_receipt_that_cannot_be_sent_is_an_error_like_any_other(pool):
    assert outcomes(pool, item(toy.unpicklable)) == {
        "item": "ShardError: TypeError: cannot pickle '_thread.lock' object"
    }


def test_what_an_item_prints_is_not_a_result(pool, capfd):
    outcomes(pool, item(toy.say))

    assert capfd.readouterr() == ("", "from an item\n")


def test_a_caller_that_gives_up_leaves_nothing_running(tmp_path):
    with ProcessPool(2) as pool:
        results = pool.run("stage", [item(toy.double, 1), *[item(toy.hang, str(tmp_path))] * 3])
        next(results)
        assert wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
        results.close()

        assert [gone(path.name) for path in tmp_path.iterdir()] == [True, True]


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM])
def test_workers_die_with_their_parent(tmp_path, death):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], cwd=ROOT)
    try:
        assert wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    finally:
        parent.send_signal(death)
        parent.wait()

    workers = [path.name for path in tmp_path.iterdir()]
    assert wait_until(lambda: all(map(gone, workers)), seconds=2)
    assert [gone(pid) for pid in workers] == [True, True]
