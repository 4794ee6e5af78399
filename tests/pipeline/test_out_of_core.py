"""Deduplication over files finds what deduplication in memory finds, byte for byte."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters.fold import FOLD_VERSION
from filters.texts import Texts
from pipeline import banding, comparison, dedup, dedup_stages
from pipeline.arrays import gather, write_array
from pipeline.banding import cell_pairs, cut_bands
from pipeline.candidates import candidate_pairs
from pipeline.cluster_table import read_clusters
from pipeline.clusters import COMPLETE
from pipeline.dedup_stages import deduplicate
from pipeline.errors import ShardError
from pipeline.executor import Outcome
from pipeline.form import Deduplication, Source
from pipeline.parts import Parts
from pipeline.pool import InProcess, ProcessPool
from pipeline.preference import Preference
from pipeline.scan import _sign
from pipeline.schema import DOCUMENTS, signature_schema
from pipeline.scratch import Scratch
from pipeline.signing import Signing
from pipeline.stage import Stages
from pipeline.store import RunFolder
from pipeline.union import link, packed, settle, unpacked
from tests.pipeline.conftest import Quiet, Recording
from tests.pipeline.test_clusters import families, jaccard, random_text, substituted

pytestmark = pytest.mark.slow

SIGNING = Signing()
SOURCES = (Source(name="a", path="a", priority=1), Source(name="b", path="b"))
PREFERENCE = Preference(("priority", "length", "id"), SOURCES)
ROOMY = 10**9
NUMBERS = count()


def collection(seed):
    """Texts with exact copies, near copies to every degree, two large clusters, short ones and empty ones."""
    rng = random.Random(seed)
    texts = families(seed, n=160)
    for size in (COMPLETE + 20, COMPLETE):
        parent = random_text(rng, 120)
        texts += [substituted(rng, parent, 0.015) for _ in range(size)]
    texts += ["四个字。", "四个字。", "", "", "𠮷野家" * 9, "𠮷野家" * 9 + "店", *texts[:20]]
    rng.shuffle(texts)
    return texts


def write_run(folder, texts, ids=None, parts=6):
    """Write the tables of a scan that deduplication reads."""
    run = RunFolder(folder)
    run.make()
    ids = [f"{n:04d}" for n in random.Random(len(texts)).sample(range(9999), len(texts))] if ids is None else ids
    schema = signature_schema(SIGNING.permutations, SIGNING.header(FOLD_VERSION))
    cuts = np.linspace(0, len(texts), parts + 1).astype(int)
    for number, (begin, end) in enumerate(pairwise(cuts)):
        columns = {
            "id": ids[begin:end], "source": [SOURCES[int(one) % 2].name for one in ids[begin:end]], "url": None,
            "text": texts[begin:end], "meta": [], "edits": [], "file": "f", "record": 0, "offset": 0,
        }  # fmt: skip
        rows = [
            {k: v if not isinstance(v, list) or not v else v[i] for k, v in columns.items()} for i in range(end - begin)
        ]
        documents = pa.RecordBatch.from_pylist(rows, schema=DOCUMENTS)
        signed = _sign(documents, Texts(documents["text"]), SIGNING, schema)
        pq.write_table(pa.table(documents), run.part("documents", number))
        pq.write_table(pa.Table.from_batches([signed]), run.part("signatures", number))
    return Parts(run, tuple(range(parts)))


def in_small_tasks():
    banding.ROWS_IN_PARTITION, dedup_stages.PAIRS_IN_TASK = 500, 200


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    monkeypatch.setattr(banding, "ROWS_IN_PARTITION", 500)
    monkeypatch.setattr(dedup_stages, "PAIRS_IN_TASK", 200)


def run(parts, memory, executor=None, *, wanted=None, **settings):
    executor = executor or Recording()
    wanted = wanted or str(next(NUMBERS))  # nothing is taken for done
    stages = Stages(parts.folder, executor, Quiet())
    deduplicate(stages, parts, Deduplication(**settings), SIGNING, PREFERENCE, wanted, memory)
    tables = {name: (parts.folder.path / f"{name}.parquet").read_bytes() for name in dedup_stages.TABLES}
    assert not (parts.folder.path / "dedup").exists()  # nothing is left behind
    return tables, executor


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run"), collection(1))


@pytest.fixture(scope="module")
def expected(parts):
    tables, executor = run(parts, ROOMY)
    assert executor.done == ["dedup"]
    return tables


@pytest.mark.parametrize(("memory", "pairs", "slabs"), [(300_000, 7, 1), (15_000, 7, 19)])
def test_no_memory_budget_changes_a_byte(parts, expected, memory, pairs, slabs):
    tables, executor = run(parts, memory)

    steps = Counter(name.split()[1] for name in executor.done if " " in name)
    assert tables == expected
    assert set(steps) == {"order", "keys", "pairs", "likely", "split", "texts", "compare", "lead"}
    assert (steps["pairs"], steps["likely"]) == (pairs, slabs)


def test_no_number_of_workers_changes_a_byte(parts, expected):
    with ProcessPool(2) as pool:
        assert run(parts, 300_000, pool)[0] == expected


def test_without_near_only_exact_copies_are_found(parts):
    small, _ = run(parts, ROOMY, near=False)
    large, _ = run(parts, 100_000, near=False)

    assert large == small


def test_the_order_of_files_changes_no_cluster(parts, tmp_path):
    def clusters(folder):
        return {
            row["id"]: (row["cluster"], row["rank"], row["size"], row["of"], row["jaccard"], row["place"])
            for row in pq.read_table(folder.path / "clusters.parquet").to_pylist()
        }

    texts = [t for n in parts.numbers for t in pq.read_table(parts.folder.part("documents", n))["text"].to_pylist()]
    ids = [i for n in parts.numbers for i in pq.read_table(parts.folder.part("documents", n))["id"].to_pylist()]
    moved = random.Random(3).sample(range(len(texts)), len(texts))
    other = write_run(tmp_path / "moved", [texts[i] for i in moved], [ids[i] for i in moved], parts=4)
    run(parts, 100_000)
    run(other, 100_000)

    assert clusters(other.folder) == clusters(parts.folder)


def test_what_is_dropped_resembles_what_is_kept(parts):
    run(parts, 40_000)
    texts = {
        row["id"]: "".join(row["text"].split())
        for n in parts.numbers
        for row in pq.read_table(parts.folder.part("documents", n)).to_pylist()
    }
    rows = pq.read_table(parts.folder.path / "clusters.parquet").to_pylist()
    dropped = [row for row in rows if row["of"] is not None]
    kept = {row["id"] for row in rows if row["of"] is None}

    assert len(dropped) > 150
    for row in dropped:
        same = texts[row["id"]] == texts[row["of"]]
        assert (row["of"] in kept, row["jaccard"]) == (
            True,
            1.0 if same else jaccard(texts[row["id"]], texts[row["of"]]),
        )
        assert row["jaccard"] >= 0.7


class Stopping(InProcess):
    """Gives up before the task with a number."""

    def __init__(self, after):
        super().__init__()
        self.left = after
        self.done = []

    def run(self, stage, items):
        for item in items:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.done.append(item.name)
            yield from super().run(stage, [item])


class StoppingBehind(InProcess):
    """Gives up when a step is done."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def run(self, stage, items):
        yield from super().run(stage, items)
        if stage == f"dedup-{self.step}":
            raise KeyboardInterrupt


def test_what_is_done_is_not_done_again_after_an_interruption(parts, expected):
    whole = run(parts, 40_000, wanted="whole")[1].done
    done = []
    for _ in range(100):
        stopping = Stopping(after=8)
        try:
            tables, _ = run(parts, 40_000, stopping, wanted="in pieces")
        except KeyboardInterrupt:
            done += stopping.done
            continue
        done += stopping.done
        break

    assert (tables, sorted(done)) == (expected, sorted(whole))


@pytest.mark.parametrize("step", ["keys", "pairs", "likely", "split", "texts", "compare"])
@pytest.mark.parametrize(("before", "behind"), [(40_000, 300_000), (300_000, 40_000)])
def test_resumed_with_another_budget_it_ends_the_same(parts, expected, step, before, behind):
    with pytest.raises(KeyboardInterrupt):
        run(parts, before, StoppingBehind(step), wanted=f"{step} {before}")
    assert len(list((parts.folder.path / "dedup" / "receipts" / f"dedup-{step}").iterdir())) > 0

    assert run(parts, behind, wanted=f"{step} {before}")[0] == expected


def test_a_file_without_its_receipt_is_not_taken_for_that_of_another_budget(parts, expected, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        run(parts, 300_000, StoppingBehind("pairs"), wanted="torn")
    monkeypatch.setattr(Scratch, "receipt", torn(proper := Scratch.receipt))
    with pytest.raises(KeyboardInterrupt):
        run(parts, 40_000, wanted="torn")
    monkeypatch.setattr(Scratch, "receipt", proper)

    assert run(parts, 300_000, wanted="torn")[0] == expected


def torn(proper):
    """Stop before the first receipt of a step that is cut by memory."""

    def receipt(self, stage, *rest, **counts):
        if stage == "keys":
            raise KeyboardInterrupt
        return proper(self, stage, *rest, **counts)

    return receipt


def test_files_of_another_deduplication_are_not_taken_for_its_own(parts, expected):
    with pytest.raises(KeyboardInterrupt):
        run(parts, 40_000, Stopping(after=25), wanted="loose", threshold=0.5)

    assert run(parts, 40_000)[0] == expected


def test_a_task_that_fails_fails_the_stage_and_only_it_is_done_again(parts, expected):
    class Failing(InProcess):
        def run(self, stage, items):
            for item in items:
                if item.name == "dedup pairs 00002":
                    yield Outcome(item, None, "OSError: disk full")
                else:
                    yield from super().run(stage, [item])

    budget = 40_000
    with pytest.raises(ShardError, match="dedup, part-00002: dedup-pairs: OSError: disk full"):
        run(parts, budget, Failing(), wanted="f")
    tables, executor = run(parts, budget, wanted="f")

    assert tables == expected
    assert [name for name in executor.done if name.startswith("dedup pairs")] == ["dedup pairs 00002"]


def test_killed_in_the_middle_it_ends_the_same(parts, expected, tmp_path):
    folder = tmp_path / "killed"
    shutil.copytree(parts.folder.path, folder)
    for name in dedup_stages.TABLES:
        (folder / f"{name}.parquet").unlink()
    script = (
        "import sys; from pathlib import Path; from tests.pipeline import test_out_of_core as t;"
        "from pipeline.parts import Parts; from pipeline.store import RunFolder;"
        "t.in_small_tasks(); t.run(Parts(RunFolder(Path(sys.argv[1])), tuple(range(6))), 40_000, wanted='k')"
    )
    again = Parts(RunFolder(folder), parts.numbers)
    for least in (3, 25):
        child = subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=Path(__file__).parents[2])
        while child.poll() is None and len(list(folder.glob("dedup/receipts/*/*.json"))) < least:
            time.sleep(0.005)
        assert child.poll() is None
        os.kill(child.pid, signal.SIGKILL)
        child.wait()

    assert run(again, 40_000, wanted="k")[0] == expected


def test_signatures_made_in_another_way_are_refused(parts):
    stages = Stages(parts.folder, Recording(), Quiet())
    with pytest.raises(ShardError, match="such signatures do not compare"):
        deduplicate(stages, parts, Deduplication(), Signing(seed=2), PREFERENCE, "s", 40_000)


def test_alone_documents_are_left_out_of_what_is_read(parts, expected):
    (parts.folder.path / "clusters.parquet").write_bytes(expected["clusters"])
    (parts.folder.path / "pairs.parquet").write_bytes(expected["pairs"])
    table = pq.read_table(parts.folder.path / "clusters.parquet").to_pylist()
    found = read_clusters(parts.folder)

    assert found.rows.tolist() == [row for row, entry in enumerate(table) if entry["size"] > 1]
    assert found.clusters.size.tolist() == [entry["size"] for entry in table if entry["size"] > 1]
    groups = found.rows[found.clusters.exact_group].tolist()
    assert groups == [entry["group"] for entry in table if entry["size"] > 1]


def test_pairs_of_a_cell_are_those_of_its_buckets_in_base_order():
    generator = np.random.default_rng(1)
    keys = generator.integers(1, 300, 1000).astype(np.uint64) << np.uint64(32) | np.uint64(7)
    keys[:500] ^= np.uint64(1) << np.uint64(50)  # 36 bits alike, and yet another key
    positions = generator.permutation(5000)[:1000].astype(np.uint32)
    order = np.argsort(positions)
    pairs = positions[order][candidate_pairs(keys[order])].astype(np.int64)

    assert sorted(cell_pairs(keys, positions).tolist()) == sorted(packed(pairs[:, 0], pairs[:, 1]).tolist())


def test_cells_cover_every_band_once_and_fit_into_memory(monkeypatch):
    monkeypatch.undo()
    ranges, partitions = cut_bands(14, 10_000_000, 1_500_000_000)
    assert (ranges, [len(cells) for cells in partitions]) == (1, [3, 3, 3, 3, 2])
    ranges, partitions = cut_bands(14, 1_000_000_000, 1_500_000_000)
    assert [cell for cells in partitions for cell in cells] == list(range(14 * ranges))
    assert 1_000_000_000 // ranges * banding.ROW_BYTES <= 750_000_000
    assert len(partitions) < 700


def test_union_of_packed_pairs_points_at_the_smallest():
    root = np.arange(8, dtype=np.uint32)
    codes = packed(np.array([6, 1, 2, 1]), np.array([7, 5, 5, 3]))
    link(root, codes)
    settle(root)

    assert root.tolist() == [0, 1, 1, 1, 4, 1, 6, 6]
    assert unpacked(codes).tolist() == [[6, 7], [1, 5], [2, 5], [1, 3]]


@pytest.mark.parametrize("width", [4, 448, 5_000_000])
def test_gathering_reads_exactly_the_rows(tmp_path, width):
    stored = np.random.default_rng(2).integers(0, 256, (3000 if width < 1000 else 6, width)).astype(np.uint8)
    write_array(tmp_path / "rows", stored)
    rows = np.array(sorted(random.Random(4).sample(range(len(stored)), len(stored) // 3)))
    found = np.empty((len(rows), width), np.uint8)
    gather(tmp_path / "rows", width, rows, found)

    assert np.array_equal(found, stored[rows]) is True
    with pytest.raises(OSError, match="ends before row"):
        gather(tmp_path / "rows", width, rows + len(stored), found)


def test_the_budget_for_texts_is_kept(parts, monkeypatch):
    asked = []
    proper = comparison.verify_pairs
    monkeypatch.setattr(comparison, "verify_pairs", lambda *a: asked.append(a[4]) or proper(*a))
    run(parts, 60_000)

    assert set(asked) == {60_000 // comparison.TEXT_SHARE}
    assert dedup.fits(625_000, 1_500_000_000) is True
    assert dedup.fits(625_001, 1_500_000_000) is False
