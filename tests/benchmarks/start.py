"""How long a user waits: for --help, for the sample without Prefect, for a second run that has nothing to do.

    python -m tests.benchmarks.start [--runs 3]

Wall and CPU seconds, medians; numba's cache is warm, as it is from the second command on.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "sample_data/recipe.toml"


def timed(*arguments):
    begun = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{arguments} failed with status {status}")
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    figures = {"--help": [], "sample, --direct": [], "again, nothing to do": []}
    with tempfile.TemporaryDirectory() as scratch:
        timed("run", RECIPE, "--workspace", Path(scratch) / "warm", "--direct", "--quiet")
        for number in range(runs):
            workspace = Path(scratch) / str(number)
            figures["--help"].append(timed("--help"))
            figures["sample, --direct"].append(timed("run", RECIPE, "--workspace", workspace, "--direct", "--quiet"))
            figures["again, nothing to do"].append(timed("run", RECIPE, "--workspace", workspace, "--quiet"))
    for name, values in figures.items():
        wall, cpu = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"{name:<22} {wall:6.2f} s, {cpu:6.2f} CPU s")


if __name__ == "__main__":
    main()
