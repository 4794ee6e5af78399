"""Webhooks without a server: who is let in, and how often calls lead to a fetch."""

import http.client
import socket
import threading
import time
from itertools import pairwise

import pytest

from annotation import listening
from annotation.label_studio import receiver
from annotation.label_studio.receiver import SECRET_HEADER, Receiver
from annotation.listening import Bell, listen
from flows.cli import main
from pipeline.errors import BusyError, RecipeError, ServiceError
from pipeline.lock import locked

WAY = "/qingyuan/mark"


def knock(port, method="POST", path=WAY, body=b"{}", **headers):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    line.request(method, path, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
    said = line.getresponse()
    line.close()
    return said.status


def test_only_who_knows_the_secret_rings_and_nothing_he_says_matters():
    rung = []
    with Receiver("mark", lambda: rung.append(1)) as door:
        right = {SECRET_HEADER: door.secret}
        strangers = [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: door.secret[:-1]}, {SECRET_HEADER: "\xff\xfe"},
                     {"Authorization": door.secret}]  # fmt: skip
        assert [knock(door.port, **headers) for headers in strangers] == [403] * 5
        assert [knock(door.port, "GET", "/", **{SECRET_HEADER: "x"}), knock(door.port, "GET")] == [403, 403]
        assert [knock(door.port, path=path, **right) for path in ("/", "/qingyuan/", WAY + "/", WAY + "?a")] == [
            404
        ] * 4
        assert [knock(door.port, method, **right) for method in ("GET", "PUT", "DELETE", "OPTIONS")] == [405] * 4
        lengths = {"1000001": 413, "9" * 5000: 413, "-1": 400, "１": 400, "1e3": 400}
        assert {
            size: knock(door.port, body=None, Content_Length=size.encode("utf-8"), **right) for size in lengths
        } == lengths
        assert rung == []
        assert knock(door.port, body=b"no JSON \xff" * 100, **right) == 204
        assert door.called(5)
        assert door._server.server_address[0] == "127.0.0.1"
    assert rung == [1]


def test_who_says_nothing_keeps_nobody_out_for_long(monkeypatch, capsys):
    monkeypatch.setattr(receiver, "MOST_CALLS", 3)
    monkeypatch.setattr(receiver._Handler, "timeout", 0.3)
    with Receiver("mark", lambda: None) as door:
        silent = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(3)]
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            knock(door.port, **{SECRET_HEADER: door.secret})
        assert [line.recv(1) for line in silent] == [b""] * 3  # hung up on
        time.sleep(0.1)
        assert knock(door.port, **{SECRET_HEADER: door.secret}) == 204
        for line in silent:
            line.close()
    assert capsys.readouterr().err == ""


def test_a_port_that_is_taken_is_said():
    with Receiver("mark", lambda: None) as door, pytest.raises(RecipeError, match="choose another by --port"):
        Receiver("mark", lambda: None, door.port)


@pytest.fixture
def at(monkeypatch):
    """Listens with `fetch(number)`, and returns the moments at which each fetch began."""
    monkeypatch.setattr(listening, "PAUSE", 0.1)
    monkeypatch.setattr(listening, "RETRY", 0.02)

    def run(bell, fetch, every, say=lambda _: None):
        times = []

        def counted():
            times.append(time.monotonic())
            fetch(len(times))

        listen(bell, counted, say, every=every)
        return times

    return run


def test_what_is_called_in_during_a_fetch_leads_to_one_more(at):
    bell = Bell()

    def fetch(number):
        if number == 1:
            for _ in range(5):
                bell.ring()
        else:
            threading.Timer(0.4, bell.stop).start()

    assert len(at(bell, fetch, every=60)) == 2


@pytest.mark.parametrize(("takes", "least"), [(0.0, 0.1), (0.15, 0.3)])
def test_calls_in_quick_succession_are_bundled(at, takes, least):
    bell, over = Bell(), threading.Event()

    def call():
        while not over.wait(0.005):
            bell.ring()

    def fetch(number):
        time.sleep(takes)
        if number == 4:
            bell.stop()

    caller = threading.Thread(target=call)
    caller.start()
    times = at(bell, fetch, every=60)
    over.set()
    caller.join()
    assert len(times) == 4
    assert min(later - earlier for earlier, later in pairwise(times)) >= least


def test_a_call_that_was_lost_is_made_up_for(at):
    bell = Bell()
    times = at(bell, lambda number: bell.stop() if number == 3 else None, every=0.15)
    assert len(times) == 3
    assert times[2] - times[0] >= 0.3


def test_a_server_that_is_away_and_a_command_at_work_are_waited_for_and_other_errors_end_it(at):
    bell, said = Bell(), []

    def fetch(number):
        raise {1: ServiceError("it is away"), 2: BusyError("at work"), 3: RecipeError("another server")}[number]

    with pytest.raises(RecipeError, match="another server"):
        at(bell, fetch, 60, said.append)
    assert said == ["it is away; again in 0 s", "at work; again in 0 s"]


def test_a_stop_during_a_fetch_lets_it_end_and_is_not_lost_among_calls(at):
    bell, ended = Bell(), []

    def fetch(_):
        bell.ring()
        bell.stop()
        bell.ring()
        ended.append(1)

    assert (len(at(bell, fetch, every=60)), ended) == (1, [1])


def test_a_lock_is_waited_for_as_long_as_said(tmp_path):
    held, waited = threading.Event(), time.monotonic()

    def hold():
        with locked(tmp_path / "lock", "busy"):
            held.set()
            time.sleep(0.3)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    with pytest.raises(BusyError, match="busy"), locked(tmp_path / "lock", "busy"):
        pass
    with locked(tmp_path / "lock", "busy", patience=30):
        assert time.monotonic() - waited >= 0.3
    holder.join()


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_that_is_none_is_refused(minutes, capsys):
    with pytest.raises(SystemExit):
        main(["annotate", "listen", "--every", minutes])
    assert "--every" in capsys.readouterr().err
