"""Where webhooks arrive: who knows the secret may say, from this machine, that something happened, and nothing more.

What a call says is not read. The secret is made at each start, is kept by this process and by Label Studio alone, and
is never logged; strangers are refused alike, whatever they ask for.
"""

import hmac
import secrets
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from pipeline.errors import RecipeError

HOST = "127.0.0.1"
SECRET_HEADER = "X-Qingyuan-Secret"  # noqa: S105 - its name
"""As annotation/server/blinding/operator.py has it, and the path."""

MOST_BYTES = 1_000_000
"""Of a call's body, which is a few dozen."""

MOST_CALLS = 32
"""Connections at once; who comes after them is hung up on, for a call may be lost."""

TIMEOUT = 5.0
"""Seconds that a caller may keep us waiting for his next byte."""


class Receiver:
    """Listens on this machine only, and calls `ring` for each call that has the secret; a context manager.

    Entered, it answers; left, nobody is answered any more.
    """

    def __init__(self, mark: str, ring: Callable[[], None], port: int = 0) -> None:
        """Take the port, or any free one for 0.

        Raises:
            RecipeError: it is taken.
        """
        self.secret = secrets.token_urlsafe(32)
        try:
            self._server = _Server((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            raise RecipeError(f"port {port} on {HOST} cannot be had ({error}); choose another by --port") from error
        self._server.path, self._server.secret = f"/qingyuan/{mark}", self.secret.encode()
        self._server.ring = self._rung
        self._ring, self._called = ring, threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    def called(self, seconds: float) -> bool:
        """Wait so long for the first call, and say whether there has been one."""
        return self._called.wait(seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _rung(self) -> None:
        self._called.set()
        self._ring()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    path: str
    secret: bytes
    ring: Callable[[], None]

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - as its parent's
        super().__init__(*arguments)
        self._slots = threading.BoundedSemaphore(MOST_CALLS)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as its parent's
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as its parent's
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:  # noqa: ANN401
        """Say nothing of who hangs up or keeps us waiting."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = TIMEOUT

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_POST(self) -> None:
        """Answer first, for an annotator's browser waits until we have; then ring."""
        status = self._judge()
        self.close_connection = True
        self.send_response_only(status)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "POST")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        if status == HTTPStatus.NO_CONTENT:
            self.server.ring()

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815 - as http.server calls them

    def _judge(self) -> HTTPStatus:
        given = self.headers.get(SECRET_HEADER, "").encode("latin-1", "replace")
        length = self.headers.get("Content-Length", "0")
        if not hmac.compare_digest(given, self.server.secret):
            return HTTPStatus.FORBIDDEN
        if self.path != self.server.path:
            return HTTPStatus.NOT_FOUND
        if self.command != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        if not (length.isascii() and length.isdecimal()):
            return HTTPStatus.BAD_REQUEST
        if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        self.rfile.read(int(length))
        return HTTPStatus.NO_CONTENT
