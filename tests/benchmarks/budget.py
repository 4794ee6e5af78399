"""What each filter costs, in CPU-seconds per MB of text, beside its share of the budget, and beside bare rjieba.

    python -m tests.benchmarks.budget [CORPUS] [--rounds 3] [--megabytes 12]

CORPUS is a folder made by shared/tools/bench_corpus.py or a JSONL file (.zst); by default real documents of every
source. Each figure is the least of some rounds. Neighbours on the machine inflate all of them alike: the column beside
says what a part costs in units of cutting the same texts by rjieba alone, in the same run. The last column reckons the
cost where rjieba takes 0.048 CPU-seconds per MB, as it did, on statutes and at rest, when the budgets were set.
"""

import argparse
import random
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import rjieba
import zstandard

from filters.catalogue import CATALOGUE, ON_DEMAND
from filters.texts import Texts
from filters.variants import to_simplified_table
from pipeline.batch import BATCH_CHARS
from pipeline.signing import Signing, exact_digest, sign
from tests.benchmarks.sources import FOLDER, available, load
from tests.benchmarks.throughput import corpus_file

RJIEBA = 0.048
"""CPU-seconds per MB of bare rjieba where the budgets were set: 21 MB/s."""
BUDGETS = {
    "fold": (0.015, ("view folded",)),
    "words": (0.048, ("view words",)),
    "language": (0.015, ("filter language",)),
    "quality measures": (0.045, tuple(f"filter {name}" for name in (
        "length", "script", "lines", "punctuation", "symbols", "debris", "repetition", "boilerplate", "words",
        "vocabulary",
    ))),
    "classifiers": (0.020, ("filter quality", "filter domain")),
    "lexicon": (0.020, ("filter notices", "filter contamination")),
    "signing": (0.020, ("signing", "exact digest")),
    "views without a budget": (None, ("view code_points", "view kinds")),
    "on demand": (None, tuple(f"filter {name}" for name in sorted(ON_DEMAND))),
}  # fmt: skip


def texts_of(corpus, megabytes):
    """About so many megabytes, drawn at random from the corpus, or evenly from the sources."""
    if corpus is None:
        if not available():
            raise SystemExit(f"there is no data in {FOLDER}; name a CORPUS, or set QINGYUAN_DATA")
        pools = [[row["text"] for row in load(source)] for source in available()]
    else:
        raw = corpus_file(corpus).read_bytes()
        data = zstandard.ZstdDecompressor().stream_reader(raw).read() if raw[:4] == b"\x28\xb5\x2f\xfd" else raw
        pools = [[orjson.loads(line)["text"] for line in data.splitlines()]]
    taken = []
    for pool in pools:
        random.Random(0).shuffle(pool)
        room = megabytes * 1e6 / len(pools)
        for text in pool:
            if room <= 0:
                break
            taken.append(text)
            room -= len(text.encode())
    random.Random(0).shuffle(taken)
    return taken


def batches(texts):
    batch, chars = [], 0
    for text in texts:
        batch.append(text)
        chars += len(text)
        if chars >= BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def cut_all(bare, texts):
    for text in texts:
        bare.cut(text)


def measure(texts):
    """CPU seconds of each part over all texts."""
    spent = {}

    def clock(name, function, *arguments):
        begun = time.process_time()
        function(*arguments)
        spent[name] = spent.get(name, 0.0) + time.process_time() - begun

    bare = rjieba.Jieba()
    for batch in batches(texts):
        views = Texts(pa.array(batch, pa.large_string()))
        for name in ("code_points", "kinds", "folded"):
            clock(f"view {name}", getattr, views, name)
        simplified = np.take(to_simplified_table(), views.code_points).astype("<u4", copy=False)
        plain = [simplified[a:b].tobytes().decode("utf-32-le") for a, b in pairwise(views.offsets.tolist())]
        clock("bare rjieba", cut_all, bare, plain)
        clock("view words", getattr, views, "words")
        for name, make in CATALOGUE.items():
            clock(f"filter {name}", make(), views)
        folded = views.folded
        clock("signing", sign, folded.values, folded.offsets, Signing())
        clock("exact digest", exact_digest, folded.values, folded.offsets)
    return spent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=float, default=12)
    options = parser.parse_args()
    texts = texts_of(options.corpus, options.megabytes)
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    measure(["预热一次。" * 10])
    least = {}
    for _ in range(options.rounds):
        for name, seconds in measure(texts).items():
            least[name] = min(least.get(name, np.inf), seconds / megabytes)
    bare = least["bare rjieba"]
    print(f"{megabytes:.1f} MB, {len(texts):,} texts, least of {options.rounds} rounds; "
          f"bare rjieba {bare:.4f} CPU s/MB, {RJIEBA} where budgets were set\n"
          f"{'':<26} {'CPU s/MB':>9} {'budget':>7} {'of rjieba':>9} {'there':>8}")  # fmt: skip
    for group, (budget, parts) in BUDGETS.items():
        cost = sum(least[part] for part in parts)
        said = "" if budget is None else f"{budget:.3f}"
        print(f"{group:<26} {cost:>9.4f} {said:>7} {cost / bare:>9.2f} {cost / bare * RJIEBA:>8.4f}")
        for part in parts if len(parts) > 1 else ():
            print(f"  {part:<24} {least[part]:>9.4f} {'':>7} {least[part] / bare:>9.2f} "
                  f"{least[part] / bare * RJIEBA:>8.4f}")  # fmt: skip


if __name__ == "__main__":
    main()
