"""Writing, verifying and issuing again: how fast a release is written, and how much of it a removal changes.

    python -m tests.benchmarks.release [--documents 1000000] [--characters 700] [--removed 100] [--texts FILE…]

A run is made up: texts cut to lengths around so many characters (700: 1.3 KB each, 2100: about 4 KB) from JSONL files
(.zst, field `text`), or from a sentence of our own where none are named, with ids, addresses and scores as a crawl has
them. Then the code that `qingyuan release` calls makes data and manifest of it, twice: whole, and without the removed
ones, which a salted hash spreads over everything: the worst case, for a takedown's documents mostly lie together.
Seconds are of CPU, of one process.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from pipeline.executor import nowhere
from pipeline.pool import InProcess
from pipeline.release.building import build
from pipeline.release.form import ReleaseFile, Shaping
from pipeline.release.manifest import DATA, digests, finish
from pipeline.release.pages import compare
from pipeline.release.plan import make_plan
from pipeline.release.rows import RELEASED
from pipeline.release.shards import ShardWriter
from pipeline.release.verify import check
from pipeline.schema import CORPUS
from pipeline.store import PartWriter, RunFolder, digest_file, read_batches, write_json, write_table
from pipeline.stream import blocks
from pipeline.worker import limit_threads

PART = 25_000
"""Documents of a part."""
BATCH = 2_500
OWN = "渔船在天亮以前回到港口，岸上的人把鱼一筐一筐抬进市场，按大小分开，价钱由当天的潮水和天气决定。"
RECIPE = """\
[recipe]
name = "made_up"
filters = ["words", "quality", "domain", "script", "language", "personal"]
packs = []
[[sources]]
name = "crawl"
path = "none.jsonl"
licence = "CC-BY-4.0"
"""


class Quiet:
    """Shows nothing."""

    def stage(self, name, total, unit):
        pass

    def advance(self, weight):
        pass

    def finish(self):
        pass


def pieces(files, characters):
    """Texts of about so many characters: log-normal lengths, cut from what is read."""
    rng = np.random.default_rng(1)
    texts = []
    for file in files:
        for line in b"".join(blocks(str(file))).splitlines():
            text = orjson.loads(line)["text"]
            at = 0
            while at < len(text):
                size = int(rng.lognormal(np.log(characters) - 0.32, 0.8)) + 20
                texts.append(text[at : at + size])
                at += size
    if not texts:
        texts = [f"{number}。{OWN * (1 + characters // len(OWN))}"[:characters] for number in range(10_000)]
    return texts


def make_run(workspace, texts, documents, without=frozenset()):
    """Write what a release reads of a run, as far as it reads it."""
    rng = np.random.default_rng(2)
    folder = RunFolder(workspace / "runs" / "made_up")
    folder.make()
    (folder.path / "recipe.toml").write_text(RECIPE, "utf-8")
    write_json(folder.path / "policy.json", {"rules": [], "pack_rules": [], "risks": []})
    picked = rng.integers(0, len(texts), documents)
    scores = np.round(rng.random(documents), 6)
    domains = rng.choice(["law", "news", "finance", "other"], documents)
    size = 0
    for number, begin in enumerate(range(0, documents, PART)):
        rows = [row for row in range(begin, min(begin + PART, documents)) if row not in without]
        some = [texts[picked[row]] for row in rows]
        size += sum(len(text.encode()) for text in some)
        ids = [f"crawl:2026-{row // 5000:04d}.jsonl#{row % 5000}" for row in rows]
        urls = [f"https://www.example.org/{xxhash.xxh3_64_hexdigest(str(row).encode())}/{row}.html" for row in rows]
        meta = pa.array([[("title", text[:16]), ("date", f"2026-0{row % 9 + 1}-11")]
                         for row, text in zip(rows, some, strict=True)], CORPUS.field("meta").type)  # fmt: skip
        corpus = pa.table([ids, ["crawl"] * len(rows), urls, pa.array(some, pa.large_string()), meta], schema=CORPUS)
        attributes = pa.table({
            "id": ids, "domain.top": domains[rows], "language.lect": ["cmn_Hans"] * len(rows),
            "script.hant_ratio": np.zeros(len(rows)), "quality.score": scores[rows],
            "words.count": pa.array([len(text) * 2 // 3 for text in some], pa.int64()),
        })  # fmt: skip
        with PartWriter([(folder.part("corpus", number), CORPUS)]) as writer:
            for batch in corpus.to_batches(max_chunksize=BATCH):
                writer.write(batch)
        write_table(folder.part("attributes", number), attributes)
        write_table(folder.part("documents", number), pa.table({"id": ids}))
        write_table(folder.part("verdicts", number), pa.table({"id": ids, "verdict.keep": [True] * len(rows)}))
        write_json(folder.receipt("scan", number), {"source": "crawl", "outputs": {}})
        write_json(folder.receipt("write", number), {"outputs": {"corpus": digest_file(folder.part("corpus", number))}})
    numbers = list(range(-(-documents // PART)))
    kept = documents - len(without)
    summary = {
        "run": "made_up", "policy": "web", "packs": [], "versions": {}, "shards_failed": {}, "parts": numbers,
        "parts_done": numbers, "documents": {"in": kept, "kept": kept}, "personal_data": {}, "stages": {},
    }  # fmt: skip
    write_json(folder.path / "run.json", summary)
    return size


def make(workspace, version, form):
    folder = workspace / "releases" / version
    plan = make_plan(version, ["made_up"], workspace, form, trial=False)
    begun = time.process_time()
    built = build(plan, folder, workspace / "aside", InProcess(nowhere), Quiet(), 10**9, None, None)
    seconds = time.process_time() - begun
    manifest = finish(built.manifest | {"gates": []}, folder, built.manifest["files"])
    write_json(folder / "manifest.json", manifest)
    return folder, manifest, seconds


def writing(workspace, shaping):
    """CPU seconds of writing alone, the rows being in memory; the least of seven."""
    tables = []
    for path in sorted((workspace / "releases" / "whole" / "data").glob("*"))[:1]:
        tables = [table for _, table in zip(range(12), read_batches(path), strict=False)]
    size = sum(len(chunk) and chunk.nbytes for table in tables for chunk in table["text"].chunks)
    best = np.inf
    for _ in range(7):
        target = Path(tempfile.mkdtemp(dir=workspace))
        writer = ShardWriter(target, "train", shaping)
        begun = time.process_time()
        for table in tables:
            writer.write(table.cast(RELEASED))
        writer.close()
        best = min(best, time.process_time() - begun)
        shutil.rmtree(target)
    return size / best / 1e6


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--documents", type=int, default=1_000_000)
    options.add_argument("--characters", type=int, default=700)
    options.add_argument("--removed", type=int, default=100)
    options.add_argument("--salt", default="release benchmark", help="another one removes others")
    options.add_argument("--page-kb", type=int, default=24)
    options.add_argument("--target-mb", type=float, default=256)
    options.add_argument("--texts", type=Path, nargs="*", default=[])
    options.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()))
    options = options.parse_args()
    limit_threads()
    texts = pieces(options.texts, options.characters)
    names = [xxhash.xxh3_64_intdigest(f"{options.salt}{row}".encode()) for row in range(options.documents)]
    without = frozenset(np.argsort(names)[: options.removed].tolist())
    shaping = Shaping(page_kb=options.page_kb, target_mb=options.target_mb)
    form = ReleaseFile(shards=shaping)
    workspace = Path(tempfile.mkdtemp(dir=options.scratch))
    try:
        size = make_run(workspace, texts, options.documents)
        print(f"{options.documents} documents, {size / 1e6:.0f} MB of text", file=sys.stderr, flush=True)
        old, first, seconds = make(workspace, "whole", form)
        packed = sum(one["bytes"] for one in first["files"] if "rows" in one)
        begun = time.process_time()
        assert check(old) == []
        checked = time.process_time() - begun
        begun = time.process_time()
        faults = check(old, rows=True)
        rows_checked = time.process_time() - begun
        assert faults == [], faults
        alone = writing(workspace, shaping)
        make_run(workspace, texts, options.documents, without)
        new, second, _ = make(workspace, "less", form)
        kept = compare(old, digests(first["files"], DATA), new, digests(second["files"], DATA))
        print(json.dumps({
            "documents": options.documents, "removed": options.removed,
            "bytes_a_document": round(size / options.documents),
            "text_mb": round(size / 1e6, 1), "released_mb": round(packed / 1e6, 1), "files": kept["files"],
            "release_mb_s": round(size / seconds / 1e6, 1), "writing_alone_mb_s": round(alone, 1),
            "verify_mb_s": round(packed / checked / 1e6, 1),
            "verify_rows_mb_s": round(packed / rows_checked / 1e6, 1),
            "rewritten_by_files": round(1 - kept["bytes_in_kept_files"] / kept["bytes"], 4),
            "rewritten_by_pages": round(1 - kept["bytes_in_kept_pages"] / kept["bytes"], 4),
        }, indent=2))  # fmt: skip
    finally:
        shutil.rmtree(workspace)


if __name__ == "__main__":
    main()
