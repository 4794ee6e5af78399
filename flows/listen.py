"""`qingyuan annotate listen`: Label Studio says when there is something to fetch, and it is fetched."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.signals import on_signals

if TYPE_CHECKING:
    from annotation.label_studio.client import LabelStudio
    from annotation.listening import Bell

MINUTES = 10.0
"""Between two fetches when nobody calls: a call is tried once by the server, and may be lost."""


def add_listen(add: Callable[..., argparse.ArgumentParser], server: str) -> None:
    """Add the action `listen`."""
    action = add(
        "listen", "fetch answers as soon as they are given, by webhook",
        "Registers a webhook at the Label Studio of this machine, with a secret of its own, and\n"
        "fetches as `pull` does whenever it calls, every so many minutes anyway, and until\n"
        "Ctrl-C or SIGTERM, which remove the webhook. Nothing a call says is believed. Without\n"
        f"Prefect. Without webhooks, sync --cron does as much, later.\n{server}",
    )  # fmt: skip
    action.add_argument(
        "--sync", nargs="*", metavar="ROUND",
        help="also send what follows, as `sync` does, for these rounds (all open ones if none is named)",
    )  # fmt: skip
    action.add_argument("--port", type=int, default=0, help="on 127.0.0.1, where it listens (any free one)")
    action.add_argument("--every", type=_minutes, default=MINUTES, metavar="MINUTES", help="(%(default)s)")
    action.set_defaults(act=_listen)


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no time to wait")
    return minutes


def _listen(options: argparse.Namespace) -> int:
    from annotation.label_studio.client import LabelStudio  # noqa: PLC0415
    from annotation.label_studio.receiver import Receiver  # noqa: PLC0415
    from annotation.label_studio.webhook import mark_of, registered  # noqa: PLC0415
    from annotation.listening import Bell, listen  # noqa: PLC0415
    from pipeline.lock import locked  # noqa: PLC0415

    bell, mark = Bell(), mark_of(options.workspace)
    _rounds(options.workspace, options.sync or ())
    rounds = options.workspace / "rounds"
    rounds.mkdir(parents=True, exist_ok=True)
    busy = f"somebody listens for {options.workspace} already; end that command first"
    ringing_off = on_signals(partial(_ring_off, bell))
    with LabelStudio.from_environment() as studio, locked(rounds / ".listen.lock", busy), ringing_off:
        studio.server()
        with Receiver(mark, bell.ring, options.port) as receiver, registered(studio, mark, receiver):
            _note(f"{studio.transport.url} calls 127.0.0.1:{receiver.port} when there are answers; Ctrl-C ends it.")
            listen(bell, lambda: _fetch(options, studio), _note, every=options.every * 60)
    _note("Stopped; the webhook is removed.")
    return 0


def _fetch(options: argparse.Namespace, studio: "LabelStudio") -> None:
    """Pull, or sync, and print what came of it, if anything did."""
    from annotation.rounds import pull_rounds, sync_round  # noqa: PLC0415

    names = None if options.sync is None else _rounds(options.workspace, options.sync)
    if not names:
        said = [{"pulled": pull_rounds(options.workspace, studio, lambda _: None)}]
    else:
        said = [sync_round(options.workspace, name, studio, lambda _: None) for name in names]
    for one in said:
        _tell(one, as_json=options.json)


def _tell(said: dict[str, Any], *, as_json: bool) -> None:
    from flows.round_actions import pulled_lines, pushed_lines, warn  # noqa: PLC0415

    pulled, pushed = said["pulled"], said.get("pushed")
    came = any(pulled[name] for name in ("revisions", "rounds", "withdrawn_tasks"))
    sent = pushed is not None and any(
        pushed[name] for name in ("tasks", "projects", "found", "void", "returned", "lapsed")
    )
    if not came and not sent:
        return
    if as_json:
        print(json.dumps(said, ensure_ascii=False, default=str), flush=True)
    else:
        lines = [*(pulled_lines(pulled) if came else ()), *(pushed_lines(pushed) if pushed and sent else ())]
        print(f"{time.strftime('%H:%M:%S')} " + "\n".join(lines), flush=True)
    warn(*(one["status"] for one in pulled["rounds"].values()), *([pushed] if pushed else []))


def _rounds(workspace: Path, named: Sequence[str]) -> list[str]:
    """Return the names of rounds that were named, and have to be there, or of all open ones."""
    from annotation.status import find_round  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.registry import OPEN, Round, select  # noqa: PLC0415

    engine = open_registry(workspace)
    try:
        with session(engine) as opened:
            if named:
                return [find_round(opened, name).name for name in named]
            return list(opened.scalars(select(Round.name).where(Round.state == OPEN).order_by(Round.id)))
    finally:
        engine.dispose()


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _ring_off(bell: "Bell") -> None:
    """Let the first signal end it in order, and a second one at once."""
    if bell.stopping:
        raise KeyboardInterrupt
    bell.stop()
