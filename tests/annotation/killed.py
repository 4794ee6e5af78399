"""A command in a process of its own that is killed at a moment which always comes."""

import importlib
import multiprocessing
import os
import signal
import sys
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["flows.annotation_runtime", "annotation.opening", "annotation.round_check", __name__])
"""What a command imports, imported once for all that are killed."""
LIMIT = 120
"""Seconds for a command on a busy machine."""


def kill_after(place, count, command, environment):
    """Carry out a command and kill it, as a power cut would, the moment it has called `place` for the `count`-th time.

    What was called is done by then, at the server or in the registry, and nothing that follows from it is.

    Args:
        place: as "annotation.push:_write_map", or with a class, "module:Class.method".
        count: from 1.
        command: its words.
        environment: what to set.

    Returns:
        The exit code: -9, or another if the command ended before.
    """
    child = FORKS.Process(target=_carry_out, args=(place, count, list(map(str, command)), environment))
    child.start()
    child.join(LIMIT)
    if child.is_alive():
        child.kill()
        child.join()
        raise TimeoutError(f"{command} took more than {LIMIT} s and never came to {place} number {count}")
    return child.exitcode


def _carry_out(place, count, command, environment):
    from flows.cli import main

    os.environ.update(environment)
    module, _, names = place.partition(":")
    owner = importlib.import_module(module)
    *outer, name = names.split(".")
    for one in outer:
        owner = getattr(owner, one)
    proper, calls = getattr(owner, name), []

    def counted(*arguments, **more):
        result = proper(*arguments, **more)
        calls.append(1)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, counted)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout = nowhere
        sys.exit(main(command))
