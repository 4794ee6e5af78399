"""How fast a whole run is, and what each stage and each bare kernel takes of it.

    python -m tests.benchmarks.throughput CORPUS [--runs 3] [--workers 1] [--prefect] [--keep FOLDER]

CORPUS is a folder made by shared/tools/bench_corpus.py (corpus.jsonl.zst), or any file a recipe can name. CPU time of
all processes is counted, from the start of the interpreter to its end; a first run, not counted, fills numba's cache.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECIPE = '[recipe]\nname = "bench"\n[[sources]]\nname = "corpus"\npath = "{path}"\n'
ROOT = Path(__file__).resolve().parents[2]


def corpus_file(path):
    return path / "corpus.jsonl.zst" if path.is_dir() else path


def run_once(corpus, folder, workers, *, prefect=False):
    """Run the whole command in a child; return run.json, CPU seconds, wall seconds and peak memory in MB."""
    folder.mkdir(parents=True, exist_ok=True)
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE.format(path=corpus_file(corpus).resolve()))
    command = [sys.executable, "-m", "flows.cli", "run", recipe, "--workspace", folder / "ws", "--json", "--quiet"]
    command += ["--workers", str(workers)] + ([] if prefect else ["--direct"])
    begun = time.monotonic()
    with (folder / "out.json").open("wb") as out:
        child = subprocess.Popen(list(map(str, command)), stdout=out, cwd=ROOT)
        _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    if status:
        raise SystemExit(f"the run failed with status {status}")
    summary = json.loads((folder / "out.json").read_text())
    return summary, usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def bare_kernels(corpus):
    """CPU seconds of each kernel over all texts in batches, nothing else; in this process."""
    import orjson
    import pyarrow as pa
    import zstandard

    from filters.catalogue import CATALOGUE
    from filters.texts import Texts
    from pipeline.batch import BATCH_CHARS
    from pipeline.signing import Signing, exact_digest, sign

    spent = {}

    def clock(name, function):
        begun = time.process_time()
        result = function()
        spent[name] = spent.get(name, 0.0) + time.process_time() - begun
        return result

    def measure(texts):
        views = Texts(pa.array(texts))
        for name in ("code_points", "kinds", "folded", "words"):
            clock(f"view {name}", lambda name=name: getattr(views, name))
        for name, make in CATALOGUE.items():
            clock(f"filter {name}", lambda make=make: make()(views))
        folded = views.folded
        clock("signing", lambda: sign(folded.values, folded.offsets, Signing()))
        clock("exact digest", lambda: exact_digest(folded.values, folded.offsets))

    measure(["预热一次。" * 10])
    spent.clear()
    with corpus_file(corpus).open("rb") as raw:
        data = clock("decompress", lambda: zstandard.ZstdDecompressor().stream_reader(raw).read())
    texts = clock("parse", lambda: [orjson.loads(line)["text"] for line in data.splitlines()])
    batch, chars = [], 0
    for text in texts:
        batch.append(text)
        chars += len(text)
        if chars >= BATCH_CHARS:
            measure(batch)
            batch, chars = [], 0
    measure(batch)
    return spent, sum(len(text.encode()) for text in texts) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--prefect", action="store_true", help="also run as a Prefect flow, beside")
    parser.add_argument("--keep", type=Path, help="leave the last run here, for tests.benchmarks.truth")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        run_once(corpus_file(options.corpus), base / "warm", options.workers)
        results = []
        for number in range(options.runs):
            last = number == options.runs - 1
            folder = options.keep if options.keep and last else base / f"run{number}"
            results.append(run_once(options.corpus, folder, options.workers))
        summary = results[-1][0]
        megabytes = summary["text_bytes"] / 1e6
        cpu = statistics.median(result[1] for result in results)
        wall = statistics.median(result[2] for result in results)
        print(f"{megabytes:.1f} MB of text, {summary['documents']['in']:,} documents, {options.workers} worker(s), "
              f"median of {options.runs}")  # fmt: skip
        print(f"whole run      {megabytes / cpu:6.2f} MB per CPU-second  ({cpu:.1f} CPU s, {wall:.1f} s)")
        print(f"peak memory    {max(result[3] for result in results):6.0f} MB in one process")
        for name, stage in summary["stages"].items():
            print(f"  stage {name:<8} {stage['cpu_seconds']:7.2f} CPU s {stage['cpu_seconds'] / megabytes:8.4f} s/MB")
        rest = cpu - sum(stage["cpu_seconds"] for stage in summary["stages"].values())
        print(f"  the rest       {rest:7.2f} CPU s  (start, plan with its first reading, report)")
        if options.prefect:
            flow = run_once(options.corpus, base / "prefect", options.workers, prefect=True)
            rate = megabytes / flow[1]
            print(f"with Prefect   {rate:6.2f} MB per CPU-second  ({flow[1]:.1f} CPU s, {flow[2]:.1f} s)")
    kernels, text_megabytes = bare_kernels(options.corpus)
    total = sum(kernels.values())
    print(f"bare kernels   {text_megabytes / total:6.2f} MB per CPU-second  ({total:.1f} CPU s)")
    for name, seconds in kernels.items():
        print(f"  {name:<20} {seconds:7.2f} CPU s {seconds / text_megabytes:8.4f} s/MB")
    print(f"this process peaked at {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
