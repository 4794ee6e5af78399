"""Deduplication of millions of made-up documents within a budget: `python -m tests.benchmarks.scale [MILLIONS …]`.

Signatures are made up, with clusters planted in them; texts are made when they are asked for, so that their exact
similarity is known. Every planted cluster must come out whole and nothing else may be joined. Everything runs in one
worker process whose peak memory is said; figures are CPU-seconds, so neighbours on the machine inflate them somewhat.
Needs about 1.2 KB of disk per document while it runs.
"""

import argparse
import shutil
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numba import njit

from filters.fold import FOLD_VERSION
from filters.policy import Policy
from pipeline.banding import cut_bands
from pipeline.dedup_stages import deduplicate
from pipeline.executor import Item
from pipeline.form import Deduplication, Source
from pipeline.judge import elect_survivors
from pipeline.parts import Parts
from pipeline.pool import ProcessPool
from pipeline.preference import Preference
from pipeline.schema import DOCUMENTS, signature_schema
from pipeline.signing import Signing
from pipeline.stage import Stages
from pipeline.store import RunFolder

SIGNING = Signing()
PREFERENCE = Preference(("priority", "length", "id"), (Source(name="made", path="up"),))
IN_PART = 40_000
"""Documents of a part: what a shard of 64 MB of Chinese text holds."""
CHARS = 120
KEPT_BANDS = 4
"""Bands that a copy surely shares with the original; in each of the others one place differs."""


@njit(cache=True)
def _mixed(number):
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@njit(cache=True)
def _signatures(origin, edited, first, bands, rows, out):
    for i in range(len(origin)):
        for place in range(bands * rows):
            out[i, place] = np.uint32(_mixed(np.uint64(origin[i]) * np.uint64(131) + np.uint64(place) + np.uint64(7)))
        if edited[i]:
            luck = _mixed(np.uint64(first + i) + np.uint64(1) << np.uint64(20))
            start = luck % np.uint64(bands)
            for band in range(KEPT_BANDS, bands):
                place = np.uint64((start + np.uint64(band)) % np.uint64(bands)) * np.uint64(rows)
                place += (luck >> np.uint64(3 * (band % 16))) % np.uint64(rows)
                out[i, place] ^= np.uint32(luck >> np.uint64(16)) | np.uint32(1)


@dataclass(frozen=True)
class Made(Parts):
    """Parts without texts: these follow from the row."""

    before: int = 0
    """Documents of other runs: no text is theirs and of one of these."""
    total: int = 0
    giant: float = 0.01
    thousands: float = 0.01
    """Share of the documents in clusters of 1,000."""

    def origin(self, rows):
        """The document that a row is a copy of: 30 % of all are in clusters; one is giant, some of 1,000, most of 4."""
        k = rows // 10 * 3 + rows % 10
        size = np.where(k < self.total * self.giant, int(self.total * self.giant), 4)
        size = np.where((k >= self.total * self.giant) & (k < self.total * (self.giant + self.thousands)), 1000, size)
        first = np.where(size == 1000, k - (k - int(self.total * self.giant)) % 1000, k - k % 4)
        first = np.where(size == int(self.total * self.giant), 0, first)
        first = np.where(
            (first < self.total * (self.giant + self.thousands)) & (size == 4), k, first
        )  # none begins in another
        return np.where(rows % 10 < 3, first // 3 * 10 + first % 3, rows)

    def load_folded(self, rows):
        origin = self.origin(rows).astype(np.uint64)
        with np.errstate(over="ignore"):
            chars = origin[:, None] * np.uint64(1 << 20) + np.arange(CHARS, dtype=np.uint64)
            for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
                chars = (chars ^ (chars >> np.uint64(shift))) * np.uint64(factor)
        # Hangul, for folding leaves it as it is.
        values = (0xAC00 + (chars >> np.uint64(40)) % np.uint64(11_000)).astype(np.uint32)
        edited = origin != rows
        values[edited, (rows[edited] * 7919) % CHARS] = (0xAC00 + 11_000 + rows[edited] % 170).astype(np.uint32)
        return values.ravel(), np.arange(len(rows) + 1) * CHARS


def make(folder, total, giant, kind=Made):
    """Write what a scan would have left, as far as deduplication reads it."""
    run = RunFolder(folder)
    run.make()
    prefix = "document" if folder.name.startswith("scale") else folder.name
    schema = signature_schema(SIGNING.permutations, SIGNING.header(FOLD_VERSION))
    parts = kind(run, tuple(range(-(-total // IN_PART))), total=total, giant=giant)
    for number in parts.numbers:
        rows = np.arange(number * IN_PART, min(total, (number + 1) * IN_PART))
        origin = parts.origin(rows)
        signatures = np.empty((len(rows), SIGNING.permutations), np.uint32)
        _signatures(origin, origin != rows, rows[0], SIGNING.bands, SIGNING.rows, signatures)
        exact = np.stack([rows + parts.before] * 2, axis=1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        fixed = [pa.Array.from_buffers(schema.field(name).type, len(rows), [None, pa.py_buffer(data.tobytes())])
                 for name, data in (("exact", exact), ("signature", signatures))]  # fmt: skip
        ids = pa.array([f"{prefix}-{row:010d}" for row in rows.tolist()])
        counts = [pa.array(np.full(len(rows), value)) for value in (CHARS - SIGNING.shingle + 1, CHARS)]
        table = pa.table([ids, *fixed, *counts], schema=schema)
        pq.write_table(table, run.part("signatures", number), compression="zstd", use_dictionary=False)
        documents = pa.table([ids, pa.repeat("made", len(rows))], schema=pa.schema(list(DOCUMENTS)[:2]))
        pq.write_table(documents, run.part("documents", number))
    return parts


def _peak(pool):
    """Bytes that the worker had at most since the last call; Linux."""
    worker = next(iter([*pool._idle, *pool._busy]))
    process = Path(f"/proc/{worker._process.pid}")
    size = next(line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM"))
    (process / "clear_refs").write_text("5")
    return int(size.split()[1]) * 1024


class Watched:
    """A pool that remembers what its items took."""

    def __init__(self, pool):
        self._pool = pool
        self.cpu = defaultdict(float)
        self.tasks = defaultdict(int)
        self.peak = defaultdict(int)

    def run(self, stage, items):
        for outcome in self._pool.run(stage, items):
            if outcome.error:
                raise SystemExit(f"{outcome.item.name}: {outcome.error}")
            self.cpu[stage] += outcome.receipt["cpu_seconds"]
            self.peak[stage] = max(self.peak[stage], _peak(self._pool))
            self.tasks[stage] += 1
            yield outcome


class Disk:
    """Shows no progress, and measures the disk at the beginning of every stage."""

    def __init__(self, folder):
        self.folder, self.most = folder, 0

    def stage(self, *_):
        self.most = max(self.most, sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()))

    def advance(self, _):
        pass

    def finish(self):
        pass


def check(parts):
    """Count the documents whose cluster is not the planted one."""
    table = pq.read_table(parts.folder.path / "clusters.parquet", columns=["cluster"])["cluster"].to_numpy()
    found = np.array([int(name[9:]) for name in table.tolist()])
    origin = parts.origin(np.arange(parts.total))
    return int(np.count_nonzero(found != origin)), int(np.count_nonzero(np.bincount(origin) > 1))


def measure(folder, total, memory, giant):
    parts = make(folder, total, giant)
    before = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    disk = Disk(folder / "dedup")
    begun = time.monotonic()
    with ProcessPool(1) as pool:
        watched = Watched(pool)
        stages = Stages(parts.folder, watched, disk)
        receipt = deduplicate(stages, parts, Deduplication(), SIGNING, PREFERENCE, "x", memory)
        wall = time.monotonic() - begun
        elect = (parts, Policy(()), "x")
        (last,) = watched.run("elect", [Item("elect", elect_survivors, elect)])
    peak = max(watched.peak.values())
    wrong, planted = check(parts)
    print(f"\n{total:,} documents, {planted:,} clusters planted, {wrong:,} documents in another cluster than planted")
    print(f"  {'step':16}{'tasks':>7}{'CPU s':>9}{'µs a document':>16}{'peak MB':>10}")
    own = {step: seconds for step, seconds in watched.cpu.items() if step not in {"dedup", "elect"}}
    own["dedup"] = receipt["cpu_seconds"] - sum(own.values())
    for step, seconds in {**own, "elect": last.receipt["cpu_seconds"]}.items():
        peak_mb = watched.peak[step] / 1e6
        print(f"  {step:16}{watched.tasks[step]:7}{seconds:9.1f}{seconds / total * 1e6:16.2f}{peak_mb:10,.0f}")
    text = own["dedup-texts"] + own["dedup-compare"]
    rate = total / (receipt["cpu_seconds"] - text)
    print(f"  without reading and comparing texts: {rate:,.0f} signatures per CPU-second")
    print(
        f"  whole stage: {receipt['cpu_seconds']:.1f} CPU-s, {wall:.0f} s on one worker, "
        f"{total / receipt['cpu_seconds']:,.0f} documents per CPU-second"
    )
    print(f"  peak memory of the worker, elect included: {peak / 1e6:,.0f} MB of a budget of {memory / 1e6:,.0f} MB")
    print(f"  disk: signatures and ids {before / total:,.0f} B a document, put aside {disk.most / total:,.0f} B")
    return total, receipt["cpu_seconds"], peak, disk.most


def chart(figures):
    """One line a size: CPU-seconds and peak memory, as bars."""
    print(f"\n{'documents':>12}  {'CPU-seconds':44}peak memory, MB")
    most = max(seconds for _, seconds, _, _ in figures)
    for total, seconds, peak, _ in figures:
        left = "█" * max(1, round(30 * seconds / most)) + f" {seconds:,.0f}"
        print(f"{total:12,}  {left:44}{'█' * max(1, round(peak / 50e6))} {peak / 1e6:,.0f}")


def extrapolate(total, seconds, disk):
    """What a billion documents need, if every step grows as it does now: all but sorting of ids is linear."""
    billion = 1_000_000_000
    _, partitions = cut_bands(SIGNING.bands, billion, 1_500_000_000)
    cpu = seconds / total * billion
    print(
        f"\na billion documents, from {total:,}: {cpu / 3600:,.0f} CPU-hours, {len(partitions):,} band partitions, "
        f"{disk / total * billion / 1e12:.1f} TB put aside"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("millions", type=float, nargs="*", default=[1, 3])
    parser.add_argument("--memory", type=float, default=1.5, help="budget in GB (%(default)s)")
    parser.add_argument("--giant", type=float, default=0.01, help="share of the documents in one cluster (%(default)s)")
    options = parser.parse_args()
    results = []
    for millions in options.millions:
        place = Path(tempfile.mkdtemp(prefix="scale-"))
        try:
            results.append(measure(place, int(millions * 1e6), int(options.memory * 1e9), options.giant))
        finally:
            shutil.rmtree(place)
    chart(results)
    total, seconds, _, disk = results[-1]
    extrapolate(total, seconds, disk)


if __name__ == "__main__":
    from tests.benchmarks import scale  # a worker must find what it is sent under this name, not under "__main__"

    scale.main()
