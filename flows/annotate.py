"""`qingyuan annotate …`: people's side of the corpus, in Label Studio."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.round_actions import run_campaign
from flows.rounds import add_round_actions

FOLDER = "labelstudio"
"""Of the server's data, in the workspace."""


def add_verbs(
    add: Callable[..., argparse.ArgumentParser],
    workspace: Callable[[str], Path],
    engine: Callable[[argparse.ArgumentParser], None],
) -> None:
    """Add the verbs `annotate` and `campaign`."""
    campaign = add(
        "campaign", run_campaign, "clean, ask people, fetch what they said, score and pay them",
        "Goes as far as it can: say the same again when people have worked on, or --wait for them.\n"
        "Each time it scores what there is (WORKSPACE/scores/PERIOD: tables, operator.html). With\n"
        "--policy money is set aside before work is sent, and once nobody has anything left the\n"
        "period is settled and everybody's statement written (statements/NAME.html). With --release\n"
        "a candidate of the corpus is made then, and what its gates ask for is said.",
    )  # fmt: skip
    campaign.add_argument("recipe", type=Path, help="the run's recipe")
    campaign.add_argument("--round", type=Path, required=True, help="the round's file; see annotate push --help")
    campaign.add_argument("--policy", type=Path, metavar="FILE", help="rules of pay; see score --help")
    campaign.add_argument(
        "--wait", type=float, metavar="SECONDS",
        help="stay, and fetch answers every so many seconds, until nobody has anything left to do",
    )  # fmt: skip
    campaign.add_argument(
        "--release", metavar="VERSION", help="make a release's candidate in the end; a trial says so, as 2026.11-trial"
    )
    engine(campaign)
    campaign.add_argument("--direct", action="store_true", help="without Prefect, which takes some 20 s to start")
    annotate = add(
        "annotate", lambda options: options.act(options), "have people label and review, in Label Studio",
        "Say `qingyuan annotate ACTION --help` for each.",
    )  # fmt: skip
    add_actions(annotate, workspace)


def add_actions(verb: argparse.ArgumentParser, workspace: Callable[[str], Path]) -> None:
    """Add what `annotate` can do; each action sets `act`, which carries it out and returns the exit code."""
    actions = verb.add_subparsers(dest="action", required=True, metavar="ACTION")
    up = actions.add_parser(
        "up", help="start a Label Studio here, for trying out",
        description="Start a Label Studio on this machine only, with its data in WORKSPACE/labelstudio, and serve\n"
        "until Ctrl-C. Everyone but its operator sees only the tasks of his own projects.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    # Not `default`: what stood before the action counts unless it is said again.
    up.add_argument("--workspace", type=workspace, default=argparse.SUPPRESS, help="folder of all runs")
    up.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="say where it is as JSON")
    up.add_argument("--port", type=int, default=8080, help="where it listens (%(default)s); a busy port is refused")
    up.set_defaults(act=_up)
    add_round_actions(actions, workspace)


def _up(options: argparse.Namespace) -> int:
    from annotation.serving import Server  # noqa: PLC0415

    server = Server(options.workspace / FOLDER, options.port)
    print("Starting Label Studio (5 to 10 s, longer the first time) ...", file=sys.stderr, flush=True)
    started = time.monotonic()
    with server:
        seconds = time.monotonic() - started
        _say(server.url, server.secrets, server.log, seconds, as_json=options.json)
        try:
            return 3 if server.wait() else 0
        except KeyboardInterrupt:
            print("\nStopping; the data stays.", file=sys.stderr, flush=True)
            return 0


def _say(url: str, secrets: Path, log: Path, seconds: float, *, as_json: bool) -> None:
    said: dict[str, Any] = {"url": url, "operator": str(secrets), "log": str(log)}
    if as_json:
        print(json.dumps(said), flush=True)
        return
    print(f"""\
Label Studio is at {url} (after {seconds:.0f} s)
operator's e-mail, password and token: {secrets}
log: {log}

In another terminal:
  export QINGYUAN_LABELSTUDIO_URL={url}
  export QINGYUAN_LABELSTUDIO_TOKEN=...    # the token in that file
Ctrl-C stops it; the same command starts it again on the same data.""", flush=True)  # fmt: skip
