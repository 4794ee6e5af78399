"""A Label Studio of our own for trying out and for tests: a child process with its data in the workspace."""

import fcntl
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pipeline.errors import RecipeError, ServiceError

HOST = "127.0.0.1"
PORT = 8080
"""Label Studio's own default."""

START_LIMIT = 180.0
"""Seconds until it must answer: 5 to 10 on a quiet machine, several times that on a busy one at first start."""

STOP_LIMIT = 20.0
"""Seconds it has to finish what it is answering before it is killed."""

PYTHON_VARIABLE = "QINGYUAN_LABELSTUDIO_PYTHON"
"""Names the interpreter of another environment that has label-studio in it."""

BANNED = (
    "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.0.2.0/24,192.88.99.0/24,"
    "192.168.0.0/16,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,224.0.0.0/4,240.0.0.0/4,::/128,::1/128,::ffff:0:0/96,"
    "::ffff:0:0:0/96,64:ff9b::/96,64:ff9b:1::/48,100::/64,2001::/32,2001:20::/28,2001:db8::/32,2002::/16,fc00::/7,"
    "fe80::/10,ff00::/8"
)
"""Networks that are no public address (IANA's special-purpose registries), but for 127.0.0.0/8."""

_AGAIN = " (remove its folder .venv-labelstudio first)"
_ROOT = Path(__file__).resolve().parents[1]
_BOOT = Path(__file__).resolve().parent / "server" / "boot.py"


@dataclass(frozen=True, slots=True)
class Operator:
    """The account that owns the server."""

    email: str
    password: str
    token: str


class Server:
    """Label Studio on `folder`, which keeps its database, its log and its operator's password between starts.

    A context manager: leaving it stops the server and keeps the data.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        """Take note of where; `port` is any free one if None."""
        self.folder = folder.absolute()
        self.log = self.folder / "server.log"
        self.secrets = self.folder / "operator.json"
        self._wanted = port
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address; the port is known once it was started."""
        return f"http://{HOST}:{self._port}"

    @property
    def operator(self) -> Operator:
        """The owner's account, from the file that only the owner of this machine's account can read."""
        return Operator(**json.loads(self.secrets.read_text("utf-8")))

    def start(self) -> Self:
        """Start it and wait until it answers.

        Raises:
            RecipeError: its environment is missing, the port is taken, or another process has this folder.
            ServiceError: it ended or did not answer in time; the message names its log.
        """
        python = _interpreter()
        self._prepare()
        self._port = self._wanted or self._port or _free_port()
        self._refuse_busy()
        self._take_folder()
        environment = {
            # Made from nothing: Label Studio also reads names as plain as HOST, PORT, DEBUG, USERNAME and PASSWORD.
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "TZ") if name in os.environ},
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.folder),
            "DJANGO_DB": "sqlite",
            # Webhooks may reach a receiver on this machine (`annotate listen`); the rest of what Label Studio bans by
            # default stays banned. Only the operator can name an address: contributors are refused all of that.
            "LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS": "false",
            "LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS": BANNED,
            "PYTHONUNBUFFERED": "1",
            "QINGYUAN_LABELSTUDIO_PARENT": str(os.getpid()),
            "QINGYUAN_LABELSTUDIO_PORT": str(self._port),
            "QINGYUAN_LABELSTUDIO_OPERATOR": str(self.secrets),
        }
        with self.log.open("ab") as sink:
            self._process = subprocess.Popen(  # noqa: S603 - our own file, no shell
                [str(python), str(_BOOT)], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=self.folder,
                env=environment, start_new_session=True,  # Ctrl-C is for us: we stop it in our own time
            )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Let it finish what it is answering, and end it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def wait(self) -> int:
        """Wait until it ends by itself, and return its exit code."""
        return self._process.wait() if self._process is not None else 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.secrets.exists():
            return
        # Label Studio makes itself a key with signs in it ($, #) that its reader of this file takes for something else:
        # the next start then has another key, and everybody is logged out.
        with os.fdopen(os.open(self.folder / ".env", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"SECRET_KEY={secrets.token_hex(32)}\n")
        account = {
            "email": "operator@annotators.invalid",
            "password": secrets.token_urlsafe(18),
            "token": secrets.token_hex(20),
        }
        partial = self.secrets.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            json.dump(account, file)
        partial.rename(self.secrets)

    def _refuse_busy(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self._port))
            except OSError as error:
                raise RecipeError(f"port {self._port} on {HOST} is taken; choose another by --port") from error

    def _take_folder(self) -> None:
        self._lock = (self.folder / "lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise RecipeError(f"another process serves {self.folder}; stop it, or name another workspace") from error

    def _wait(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self._process is not None and (code := self._process.poll()) is not None:
                raise ServiceError(f"Label Studio ended with {code} while starting; see {self.log}{self._half_made()}")
            if _healthy(self._port):
                return
            time.sleep(0.1)
        raise ServiceError(f"Label Studio did not answer within {START_LIMIT:.0f} s; see {self.log}")

    def _half_made(self) -> str:
        """Return what to do where the log's end says that the environment lacks a module: it was made in part."""
        end = self.log.read_bytes()[-4000:]
        if b"ModuleNotFoundError" not in end and b"ImportError" not in end:
            return ""
        line = next(one for one in reversed(end.decode(errors="replace").splitlines()) if "Error" in one)
        return f" ({line.strip()}). Its environment is not whole: `make labelstudio` in {_ROOT} makes it{_AGAIN}"

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._lock is not None:
            self._lock.close()


def _interpreter() -> Path:
    named = os.environ.get(PYTHON_VARIABLE)
    python = Path(named) if named else _ROOT / ".venv-labelstudio" / "bin" / "python"
    if not python.exists():
        raise RecipeError(
            f"Label Studio's environment is missing ({python}); `make labelstudio` in {_ROOT} makes it (a minute or"
            f" two), or name the interpreter of another one by {PYTHON_VARIABLE}"
        )
    return python.absolute()  # not resolved: a venv's python is a link, and says by its place which venv it is


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: Any = probe.getsockname()[1]
        return int(port)


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)  # unlike most clients, it heeds no proxy
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
