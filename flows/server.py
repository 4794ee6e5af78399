"""A Prefect server of our own: a child process that listens on this machine only and ends with us."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ServiceError

HOST = "127.0.0.1"

START_LIMIT = 180.0
"""Seconds until the server must answer: 14 on a quiet machine, several times that on a busy one at first start."""

STOP_LIMIT = 20.0
"""Seconds the server has to close its database before it is killed."""

_LEASHED = """
import os, sys
from pipeline.worker import die_with_parent
die_with_parent()
os.execv(sys.argv[1], sys.argv[1:])
"""
"""The kernel's leash outlives exec: on Linux the server ends with us even if we are killed."""


@contextmanager
def own_server(home: Path) -> Iterator[str]:
    """Run a Prefect server on a free port, with its database and log in `home`.

    Yields:
        Its address, as `http://127.0.0.1:PORT`.

    Raises:
        ServiceError: it ended or did not answer in time; the message names its log.
    """
    port = _free_port()
    address = f"http://{HOST}:{port}"
    log = home / "server.log"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    with log.open("ab") as sink:
        server = subprocess.Popen(  # noqa: S603 - Prefect's own command, no shell
            [sys.executable, "-P", "-c", _LEASHED, *command],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # Ctrl-C is for us: the server must outlive the runs that report to it
            # The pages ask their browser to fetch from here, not from Prefect's usual port.
            env=os.environ
            | {
                "PREFECT_UI_API_URL": f"{address}/api",
                "PYTHONPATH": os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path),
            },
        )
    try:
        _wait(server, port, log)
        yield address
    finally:
        _end(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise ServiceError(f"Prefect's server ended with {server.returncode} while starting; see {log}")
        if _healthy(port):
            return
        time.sleep(0.5)
    raise ServiceError(f"Prefect's server did not answer within {START_LIMIT:.0f} s; see {log}")


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)  # unlike most clients, it heeds no proxy
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
