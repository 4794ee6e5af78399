"""What deduplication costs and finds: `python -m tests.benchmarks.dedup [CORPUS.jsonl.zst]`.

Prints CPU-seconds of this process, so run it with nothing else on the core. Without a corpus it takes the Chinese
statutes of the development data if they are there, else made-up text.
"""

import argparse
import io
import json
import random
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import zstandard
from datasketch import MinHash

from filters.fold import fold
from filters.texts import Texts
from pipeline.candidates import agreement, band_keys, banded_pairs, least_agreement
from pipeline.clusters import components, find_clusters
from pipeline.election import elect
from pipeline.shingles import shingle_counts, shingle_hash
from pipeline.signing import Signing, exact_digest, sign
from pipeline.verify import jaccard_of_sets, jaccard_pairs, shingle_sets

STATUTES = Path(__file__).resolve().parents[2] / "../shared/data/docs/laws_cn.jsonl.zst"
HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
THRESHOLD = 0.7
SIGNING = Signing()


class Cpu:
    """CPU-seconds of a `with` block, at least a millisecond so that it can be divided by."""

    def __enter__(self):
        self.start = time.process_time()
        return self

    def __exit__(self, *_):
        self.seconds = max(0.001, time.process_time() - self.start)


def read(path):
    if path is None:
        rng = random.Random(1)
        return ["".join(rng.choices(HAN, k=1400)) for _ in range(2000)]
    with path.open("rb") as raw:
        return [json.loads(line)["text"] for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw))]


def pack(texts):
    values = np.frombuffer("".join(texts).encode("utf-32-le"), "<u4").astype(np.uint32)
    return values, np.cumsum([0, *map(len, texts)], dtype=np.int64)


def substituted(rng, text, share):
    chars = list(text)
    for place in rng.sample(range(len(chars)), round(share * len(chars))):
        chars[place] = rng.choice(HAN)
    return "".join(chars)


def speed(texts):
    """Cost of signing, digesting and comparing, beside datasketch on the first megabytes."""
    column = Texts(pa.array(texts))
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    folded = fold(column.code_points, column.offsets)
    values, offsets = folded.values, folded.offsets
    few = offsets[:2]
    sign(values, few, SIGNING)  # compiled now, or read from numba's cache
    jaccard_pairs(values, few, np.zeros((1, 2), np.int64), 5)
    print(
        f"{len(texts):,} documents, {megabytes:.1f} MB of UTF-8 text, {offsets[-1] / 1e6:.1f} million characters folded"
    )
    with Cpu() as cpu:
        sign(values, offsets, SIGNING)
    print(f"sign, {SIGNING.permutations} permutations      {megabytes / cpu.seconds:8.1f} MB per CPU-second")
    some = texts[: max(1, int(len(texts) * 1.5 / megabytes))]
    share = sum(len(text.encode()) for text in some) / 1e6
    for name, hashfunc in (("sha1, its default", None), ("shingle_hash", shingle_hash)):
        with Cpu() as cpu:
            for text in some:
                minhash = MinHash(SIGNING.permutations, 1, scheme="affine32", hashfunc=hashfunc)
                minhash.update_batch([text[i : i + 5].encode() for i in range(len(text) - 4)])
        print(f"datasketch.update_batch     {share / cpu.seconds:8.1f} MB per CPU-second ({name}; {share:.1f} MB)")
    with Cpu() as cpu:
        exact_digest(values, offsets)
    print(f"exact digest                {megabytes / cpu.seconds:8.1f} MB per CPU-second")
    with Cpu() as cpu:
        sets = shingle_sets(values, offsets, 5)
    print(f"shingle sets to compare     {megabytes / cpu.seconds:8.1f} MB per CPU-second")
    pairs = np.random.default_rng(1).integers(0, len(texts), (5000, 2))
    with Cpu() as cpu:
        jaccard_of_sets(sets, pairs)
    length = np.diff(sets.offsets)[pairs].sum() / len(pairs)
    print(
        f"exact comparison            {cpu.seconds / len(pairs) * 1e6:8.1f} µs a pair, {length / 2:,.0f} shingles each"
    )


def recall():
    """How many synthetic pairs the bands find, by exact Jaccard, beside theory."""
    rng = random.Random(2)
    texts = []
    for target in np.arange(0.48, 0.99, 0.01):
        kept = (2 * target / (1 + target)) ** (1 / 5)  # of the characters, so that shingles are shared to this degree
        for _ in range(150):
            text = "".join(rng.choices(HAN, k=600))
            texts += [text, substituted(rng, text, 1 - kept)]
    values, offsets = pack(texts)
    signatures = sign(values, offsets, SIGNING)
    pairs = np.arange(len(texts)).reshape(-1, 2)
    similarity = jaccard_pairs(values, offsets, pairs, SIGNING.shingle)
    keys = band_keys(signatures, SIGNING)
    found = (keys[pairs[:, 0]] == keys[pairs[:, 1]]).any(axis=1)
    likely = agreement(signatures, pairs) >= least_agreement(SIGNING, THRESHOLD)
    theory = np.array([SIGNING.probability(value) for value in similarity])
    print(f"\nrecall of {SIGNING.bands} bands x {SIGNING.rows} rows    pairs   found  theory  lost by agreement")
    for low in np.arange(0.5, 0.95, 0.05):
        chosen = (similarity >= low) & (similarity < low + 0.05)
        lost = int((~likely & chosen).sum()) if low > THRESHOLD - 0.01 else "-"
        print(
            f"  Jaccard {low:.2f} - {low + 0.05:.2f}      {chosen.sum():6,}   {found[chosen].mean():.3f}"
            f"   {theory[chosen].mean():.3f}  {lost}"
        )


def scale():
    """The cluster stage on made-up signatures with planted copies, and one giant cluster of real comparisons."""
    generator = np.random.default_rng(3)
    n = 400_000
    signatures = generator.integers(0, 1 << 32, (n, SIGNING.permutations), np.uint32)
    copies = np.arange(n // 10)
    signatures[copies + n // 2] = signatures[copies]
    changed = generator.random((len(copies), SIGNING.permutations)) < 0.15
    signatures[copies + n // 2] ^= changed.astype(np.uint32)
    banded_pairs(signatures[:10], np.arange(10), SIGNING, THRESHOLD)
    with Cpu() as cpu:
        pairs = banded_pairs(signatures, np.arange(n), SIGNING, THRESHOLD)
        components(n, pairs)
    print(f"\ncandidates and components   {n / cpu.seconds:8,.0f} signatures per CPU-second, {len(pairs):,} pairs")

    rng = random.Random(4)
    text = "".join(rng.choices(HAN, k=1400))
    texts = [substituted(rng, text, 0.01) for _ in range(20_000)]
    values, offsets = pack(texts)
    signatures = sign(values, offsets, SIGNING)
    asked = []

    def load(documents):
        asked.append(len(documents))
        return pack([texts[document] for document in documents])

    with Cpu() as cpu:
        clusters = find_clusters(
            exact_digest(values, offsets),
            signatures,
            shingle_counts(offsets, 5),
            np.arange(len(texts)),
            np.zeros(len(texts), np.int64),
            load=load,
            signing=SIGNING,
            threshold=THRESHOLD,
        )
    election = elect(clusters, np.ones(len(texts), np.bool_))
    print(
        f"a giant cluster             {cpu.seconds:8.1f} CPU-seconds, {len(texts):,} documents of 1,400 characters, "
        f"{len(clusters.edges):,} edges, {sum(asked):,} texts loaded, largest {clusters.size.max():,}, "
        f"survivors {int((election.rank == 0).sum()):,}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", default=STATUTES if STATUTES.exists() else None)
    speed(read(parser.parse_args().corpus))
    recall()
    scale()
