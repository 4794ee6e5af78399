"""What adding 1 % of new documents to an index costs: `python -m tests.benchmarks.increment [--millions 5]`.

Made-up documents as in `tests.benchmarks.scale`, with texts of 120 characters; of the earlier ones 30 % are in clusters
of four. One in ten new ones is a copy of an earlier document, and every one of these must be found. CPU-seconds of one
worker that has compiled its code already; the least of three additions. Needs about 3 KB of disk per document.
"""

import argparse
import shutil
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dedup_stages import deduplicate
from pipeline.earlier import find_earlier, joint
from pipeline.executor import Item
from pipeline.form import Deduplication
from pipeline.index import open_index
from pipeline.indexing import put_in
from pipeline.pool import ProcessPool
from pipeline.stage import Stages
from tests.benchmarks.scale import SIGNING, SOURCES, Disk, Made, make

MEMORY = 1_500_000_000


@dataclass(frozen=True)
class Added(Made):
    """Documents that come later: some are copies of the first `earlier`."""

    earlier: int = 0
    tenths: int = 1
    """Copies among ten documents."""

    def origin(self, rows):
        whole = Made(self.folder, (), total=self.earlier, giant=0.0, thousands=self.thousands)
        copied = whole.origin((rows * 2_654_435_761 + self.before * 40_503) % self.earlier)
        return np.where(rows % 10 < self.tenths, copied, self.before + rows)


def with_texts(parts):
    """Write the texts and the verdicts that the index reads too."""
    for number in parts.numbers:
        begin, end = parts.bounds(number)
        values, ends = parts.load_folded(np.arange(begin, end))
        data = values.astype("<u4").tobytes().decode("utf-32-le")
        texts = [data[ends[i] : ends[i + 1]] for i in range(end - begin)]
        path = parts.folder.part("documents", number)
        table = pq.read_table(path)
        pq.write_table(table.append_column("text", pa.array(texts, pa.large_string())), path)
        keep = pa.table({"verdict.keep": np.ones(end - begin, np.bool_)})
        pq.write_table(keep, parts.folder.part("verdicts", number))
    return parts


def add(pool, parts, index):
    """Deduplicate a run against the index and put it in; CPU-seconds of each step, and what was found."""
    cpu = {}

    def carry_out(name, function, *arguments):
        (outcome,) = pool.run(name, [Item(name, function, arguments)])
        if outcome.error:
            raise SystemExit(outcome.error)
        cpu[name] = outcome.receipt["cpu_seconds"]
        return outcome.receipt

    index.mkdir(exist_ok=True)
    others = tuple(open_index(index, SIGNING).commits)
    found = carry_out("find", find_earlier, parts, index, SIGNING, others, "x")
    whole = joint(parts, index, SIGNING) if found["documents"] else parts
    stages = Stages(parts.folder, pool, Disk(parts.folder.path / "dedup"))
    cpu["compare"] = deduplicate(stages, whole, Deduplication(), SIGNING, SOURCES, "x", MEMORY)["cpu_seconds"]
    commit = {"inputs": "", "seen": "", "saw": others, "print": parts.folder.path.name}
    carry_out("put in", put_in, parts, index, SIGNING, SOURCES, commit, MEMORY)
    clusters = pq.read_table(parts.folder.path / "clusters.parquet", columns=["size"])["size"].to_numpy()
    return cpu, found["documents"], int(np.count_nonzero(clusters > 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=float, default=5)
    parser.add_argument("--tenths", type=int, default=1, help="copies among ten new documents (%(default)s)")
    parser.add_argument("--thousands", type=float, default=0.0, help="share of documents in clusters of 1,000 (0)")
    options = parser.parse_args()
    n = int(options.millions * 1e6)
    place = Path(tempfile.mkdtemp(prefix="increment-"))
    try:
        with ProcessPool(1) as pool:
            for name in ("warm", "warmer"):  # compile everything once, also what only a second run needs
                add(pool, with_texts(make(place / name, 2000, 0.01)), place / "other")
            cpu, _, _ = add(
                pool,
                with_texts(make(place / "all", n, 0.0, partial(Made, thousands=options.thousands))),
                place / "index",
            )
            whole = sum(cpu.values())
            disk = sum(path.stat().st_size for path in (place / "index").rglob("*") if path.is_file())
            print(f"{n:,} documents: " + ", ".join(f"{step} {seconds:.1f}" for step, seconds in cpu.items())
                  + f" CPU-seconds, {disk / n:,.0f} B of index a document")  # fmt: skip
            least = None
            for number in range(3):
                few = n // 100
                kind = partial(
                    Added, earlier=n, before=n + few * number, tenths=options.tenths, thousands=options.thousands
                )
                made = make(place / f"new-{number}", few, 0.0, kind)
                cpu, found, copies = add(pool, with_texts(made), place / "index")
                least = min(least or sum(cpu.values()), sum(cpu.values()))
                steps = ", ".join(f"{step} {seconds:.2f}" for step, seconds in cpu.items())
                planted = few * options.tenths // 10
                print(
                    f"  {few:,} more: {steps}; {found:,} earlier ones compared, {copies:,} of {planted:,} copies found"
                )
            print(f"adding 1 % costs {least / whole:.2%} of building")
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    from tests.benchmarks import increment  # a worker must find what it is sent under this name, not under "__main__"

    increment.main()
