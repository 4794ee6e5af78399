"""A webhook at a Label Studio: registered for a receiver on its machine, tried out, and removed at the end."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from annotation.label_studio.client import LabelStudio
from annotation.label_studio.receiver import HOST, Receiver
from annotation.label_studio.transport import AbsentError, ConflictError
from pipeline.errors import QingyuanError, ServiceError

TEST_LIMIT = 2.0
"""Seconds after the server has said that it called us; it gives up a call after one."""

INSTEAD = "`annotate sync ROUND --cron` does the same without webhooks, by asking now and then"


def mark_of(workspace: Path) -> str:
    """Return the name by which a workspace's webhook is found again when its receiver was killed."""
    return hashlib.sha256(str(workspace.resolve()).encode()).hexdigest()[:16]


@contextmanager
def registered(studio: LabelStudio, mark: str, receiver: Receiver) -> Iterator[None]:
    """Have the server call `receiver` when answers change, in place of what was under this mark, as long as this lasts.

    Raises:
        ServiceError: the server refuses, its calls do not arrive, or it could not be told at the end to stop.
    """
    path = f"/api/qingyuan/webhooks/{mark}/"
    _register(studio, path, receiver)
    try:
        _check(studio, receiver)
        yield
    except BaseException:
        with suppress(QingyuanError):
            studio.transport.call("DELETE", path)
        raise
    try:
        studio.transport.call("DELETE", path)
    except QingyuanError as error:
        raise ServiceError(f"the webhook is still there; the next `annotate listen` replaces it. {error}") from error


def _register(studio: LabelStudio, path: str, receiver: Receiver) -> None:
    try:
        studio.transport.call("PUT", path, {"port": receiver.port, "secret": receiver.secret})
    except AbsentError as error:
        raise ServiceError(
            f"our app in the Label Studio at {studio.transport.url} is an older one that makes no webhooks: start it"
            f" again with this version's annotation/server. {INSTEAD}"
        ) from error
    except ConflictError as error:
        raise ServiceError(
            f"{error}. Its protection against requests to inner networks forbids {HOST}; started with"
            " LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS=false (and all but 127.0.0.0/8 of what that banned in"
            f" LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS) it may call. {INSTEAD}"
        ) from error


def _check(studio: LabelStudio, receiver: Receiver) -> None:
    if not receiver.called(TEST_LIMIT):
        raise ServiceError(
            f"the Label Studio at {studio.transport.url} tried to call {HOST}:{receiver.port}, and nothing arrived:"
            f" webhooks need it on this machine, and not behind a proxy for such calls. {INSTEAD}"
        )
