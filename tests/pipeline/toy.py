"""Toy items: a module that workers can import, which never imports Prefect."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from pipeline.errors import LedgerError, ServiceError
from pipeline.executor import report


def double(number):
    return {"number": 2 * number}


def fail():
    raise ValueError("no\n  good")


def kill_myself():
    os.kill(os.getpid(), signal.SIGKILL)


def die_beside_others(folder, others):
    """Die while others run, survive alone: as an item does that memory is short for."""
    path = Path(folder) / "died"
    if path.exists():
        return {"survived": True, "others": [other for other in others if alive(other, folder)]}
    path.touch()
    return os._exit(1)


def wait_beside(name, folder, seconds):
    path = Path(folder) / name
    path.touch()
    time.sleep(seconds)
    path.unlink()
    return {"name": name}


def alive(name, folder):
    return (Path(folder) / name).exists()


def meet(mine, other, folder):
    """Return only when the other item runs at the same time."""
    (Path(folder) / mine).touch()
    deadline = time.monotonic() + 30
    while not (Path(folder) / other).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(other)
        time.sleep(0.01)
    return {"pid": os.getpid()}


def describe():
    import pyarrow as pa

    return {
        "prefect": "prefect" in sys.modules,
        "main": sys.modules["__main__"].__spec__.name,
        "threads": pa.cpu_count(),
        "numba": os.environ["NUMBA_NUM_THREADS"],
    }


def report_in_parts(total, times):
    for _ in range(times):
        report(total // times)
    return {}


def report_twice_as_much_then_fail(total):
    report(2 * total)
    raise ValueError


def serve_at_third(folder):
    tries = len(list(Path(folder).glob("try-*")))
    (Path(folder) / f"try-{tries}").touch()
    if tries < 2:
        raise ServiceError("down")
    return {"tries": tries + 1}


def never_serve():
    raise ServiceError("down")


def break_ledger():
    raise LedgerError("1 != 2")


def unpicklable():
    return {"lock": threading.Lock()}


def say():
    print("from an item")
    return {}


def hang(folder):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)
