"""Items as Prefect tasks, on a real Prefect server: what fails is seen there, and stops nothing else."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterId
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, get_current_settings, temporary_settings
from prefect.states import Failed
from prefect.testing.utilities import prefect_test_harness

from flows.clean import SET_ASIDE, summary
from flows.cli import main
from flows.task import PrefectTasks
from pipeline.errors import LedgerError
from pipeline.executor import Item
from pipeline.pool import ProcessPool
from tests.annotation.incentive.till import worked_till
from tests.pipeline import toy

pytestmark = [pytest.mark.service, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
SHOW_SETTINGS = """
import json, os, sys
from pathlib import Path
from flows.runtime import prepare
assert "prefect" not in sys.modules
prepare(Path(sys.argv[1]))
from prefect.settings import get_current_settings
settings = get_current_settings()
print(json.dumps([
    str(settings.home), settings.server.analytics_enabled, settings.results.persist_by_default,
    os.environ["DO_NOT_TRACK"],
]))
"""


@pytest.fixture(scope="module")
def server():
    """One server for all tests; without heartbeats, for each flow would wait a second for its own to end."""
    with (
        prefect_test_harness(server_startup_timeout=180),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        yield


@pytest.fixture
def addresses(monkeypatch):
    """Every address that this process connects to."""
    seen = []
    connect = socket.socket.connect

    def note(self, address):
        seen.append((self.family, address))
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    return seen


def run(*items, workers=2):
    """Run a flow over the items: its state, the outcomes, what was advanced."""
    advanced = []

    @flow(name="toy", persist_result=False)
    def stage():
        with ProcessPool(workers, advanced.append) as pool:
            executor = PrefectTasks(pool, pauses=(0.0, 0.0))
            return {one.item.name: one.receipt or one.error for one in executor.run("stage", items)}

    return stage(return_state=True), advanced


def task_states(state):
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
        )
    return {run.name: run.state_name for run in runs}


def wait_for_task_states(state, count):
    """The server records task runs a moment after they end."""
    for _ in range(100):
        states = task_states(state)
        if len(states) == count and not {"Running", "Pending"} & set(states.values()):
            break
        toy.time.sleep(0.1)
    return states


def item(name, function, *arguments):
    return Item(name, function, arguments, 10)


@pytest.mark.usefixtures("server")
def test_a_failed_item_is_seen_and_stops_neither_the_others_nor_the_flow(addresses):
    state, advanced = run(
        item("scan part-00000", toy.double, 0),
        item("scan part-00001", toy.fail),
        item("scan part-00002", toy.double, 2),
    )

    assert state.name == "Completed"
    assert state.result() == {
        "scan part-00000": {"number": 0},
        "scan part-00001": "ShardError: ValueError: no good",
        "scan part-00002": {"number": 4},
    }
    assert sum(advanced) == 30
    assert wait_for_task_states(state, 3) == {
        "scan part-00000": "Completed",
        "scan part-00001": "Failed",
        "scan part-00002": "Completed",
    }
    assert {address[0] for family, address in addresses if family != socket.AF_UNIX} <= {
        "127.0.0.1",
        "::1",
        "localhost",
    }


@pytest.mark.usefixtures("server")
def test_workers_do_not_import_prefect():
    state, _ = run(item("look", toy.describe))

    assert state.result()["look"]["prefect"] is False


@pytest.mark.usefixtures("server")
def test_only_a_service_that_is_down_is_tried_again(tmp_path):
    state, _ = run(
        item("recovers", toy.serve_at_third, str(tmp_path)),
        item("stays down", toy.never_serve),
        item("is bad", toy.fail),
    )

    assert state.result() == {
        "recovers": {"tries": 3},
        "stays down": "ShardError: ServiceError after 3 tries: down",
        "is bad": "ShardError: ValueError: no good",
    }


@pytest.mark.usefixtures("server")
def test_a_dead_worker_costs_one_item():
    state, _ = run(item("a", toy.double, 1), item("killer", toy.kill_myself), item("b", toy.double, 2))

    assert state.result() == {
        "a": {"number": 2},
        "b": {"number": 4},
        "killer": "ShardError: its worker died twice, the second time with nothing running beside it (signal 9)",
    }


@pytest.mark.usefixtures("server")
def test_an_error_in_the_numbers_ends_the_flow_as_itself():
    state, _ = run(item("a", toy.break_ledger), *[item("b", toy.double, 1)] * 3)

    assert state.name == "Failed"
    with pytest.raises(LedgerError, match="1 != 2"):
        state.result()


@pytest.mark.usefixtures("server")
def test_more_items_than_workers_are_never_all_at_prefect(monkeypatch):
    submitted, done = [], []
    submit, outcome = PrefectTasks._submit, PrefectTasks._outcome
    monkeypatch.setattr(
        PrefectTasks,
        "_submit",
        lambda self, *args: (submitted.append(len(submitted) - len(done)), submit(self, *args))[1],
    )
    monkeypatch.setattr(PrefectTasks, "_outcome", lambda self, *args: (done.append(1), outcome(self, *args))[1])

    state, _ = run(*(item(str(n), toy.double, n) for n in range(20)))

    assert len(state.result()) == 20
    assert max(submitted) == 1  # one besides the one being submitted


@pytest.mark.usefixtures("server")
def test_a_flow_that_set_shards_aside_has_failed_but_has_its_summary():
    @flow(name="toy", persist_result=False)
    def partial():
        return Failed(name=SET_ASIDE, message="x", data={"shards_failed": {"part-00001": "x"}})

    state = partial(return_state=True)

    assert state.is_failed()
    assert summary(state) == {"shards_failed": {"part-00001": "x"}}


@pytest.mark.usefixtures("server")
def test_a_period_is_scored_and_settled_as_a_flow_without_any_label_studio(tmp_path, capsys):
    till = worked_till(tmp_path)

    def settle(*words):
        code = main(["score", "--settle", "--json", "--workspace", str(tmp_path), *words])
        told = capsys.readouterr()
        return code, json.loads(told.out) if code == 0 else told.err

    named = ("QINGYUAN_LABELSTUDIO_URL", "QINGYUAN_LABELSTUDIO_TOKEN", "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY")
    environment = {name: value for name, value in os.environ.items() if name not in named}
    # The server of these tests, in the place of one of the command's own.
    environment["PREFECT_API_URL"] = get_current_settings().api.url
    with patch.dict(os.environ, environment, clear=True):
        code, said = settle()
        assert (code, said["act"]) == (0, "settle")
        assert till.paid() == {one["contributor"]: one["entitled_fen"] for one in said["people"]}
        assert sum(till.paid().values()) == said["due_fen"] > 0
        assert settle()[1]["due_fen"] == 0
        code, error = settle("--period", "2026-01")
    assert (code, "Traceback" in error) == (2, False)
    assert "2026-01" in error
    with get_client(sync_client=True) as client:
        of_score = FlowFilter(name=FlowFilterName(any_=["score"]))
        runs = client.read_flow_runs(flow_filter=of_score)
        assert sorted(run.state_name for run in runs) == ["Completed", "Completed", "Failed"]
        tasks = client.read_task_runs(flow_filter=of_score)
    assert {run.name.rpartition("-")[0] for run in tasks} == {"score_period"}
    assert [run.parameters["workspace"] for run in runs] == [str(tmp_path)] * 3
    till.engine.dispose()


def test_prefect_is_set_up_before_it_is_imported(tmp_path):
    environment = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    shown = subprocess.run(
        [sys.executable, "-c", SHOW_SETTINGS, tmp_path], cwd=ROOT, env=environment, capture_output=True, check=True
    )

    assert json.loads(shown.stdout) == [str(tmp_path / ".prefect"), False, False, "1"]
