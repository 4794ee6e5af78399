"""Whether deduplication is right, and what signing costs.

    python -m tests.benchmarks.resemblance [correct|recall|speed]

correct   all pairs of the Chinese statutes, and of 3,000 mixed documents, compared by brute force: precision of what is
          taken for a duplicate, and how many of the pairs at the threshold end up in one cluster
recall    synthetic pairs by their exact Jaccard, beside theory, for several settings, and what each setting costs
speed     signing beside datasketch.update_batch and rensa (if it is installed), in CPU-seconds of this process

Run with nothing else on the core; times are the least of several repetitions. The mixed documents are chosen by a
salted hash of their ids; nothing in deduplication was tuned on them.
"""

import argparse
import csv
import io
import json
import random
import time
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import zstandard
from datasketch import MinHash
from numba import njit

from filters.texts import Texts
from pipeline.candidates import band_keys, banded_pairs
from pipeline.clusters import components, find_clusters
from pipeline.election import elect
from pipeline.shingles import shingle_counts, shingle_hash, shingled
from pipeline.signing import Signing, exact_digest, sign
from pipeline.verify import jaccard_pairs, shingle_sets
from tests.benchmarks.dedup import HAN, pack, substituted

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
THRESHOLD = 0.7
SETTINGS = {
    "14 x 8, the default": Signing(),
    "18 x 6 of 112": Signing(bands=18, rows=6),
    "28 x 4 of 112": Signing(bands=28, rows=4),
    "25 x 8 of 200": Signing(permutations=200, bands=25, rows=8),
}
WORDS = Signing(shingle=3, unit="words")


def read(path):
    with path.open("rb") as raw:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8"):
            row = json.loads(line)
            yield str(row["id"]), row["text"]


def salted(name):
    return blake2b(name.encode(), salt=b"resemblance").hexdigest()


def mixed(n):
    """Documents of all sources alike, and for every fifth a copy with some characters replaced."""
    rows = []
    sources = sorted((SHARED / "docs").glob("*.jsonl.zst"))
    for path in sources:
        rows += sorted(read(path), key=lambda row: salted(row[0]))[: n // 8]
    rng = random.Random(5)
    rows = sorted(rows, key=lambda row: salted(row[0]))[: n * 5 // 6]
    copies = [
        (f"{name}+", substituted(rng, text, rng.choice([0.01, 0.02, 0.03, 0.05, 0.1]))) for name, text in rows[::5]
    ]
    return rows + copies


@njit(cache=True)
def _shared(texts, starts, counts):
    for group in range(len(starts) - 1):
        for i in range(starts[group], starts[group + 1]):
            for j in range(starts[group], i):
                counts[texts[i], texts[j]] += 1


def all_pairs(values, offsets, signing):
    """Compare all pairs: float64[n, n], exact Jaccard of the sets of shingles, lower half."""
    sets = shingle_sets(values, offsets, signing.shingle, signing.unit)
    sizes = np.diff(sets.offsets)
    texts = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((texts, sets.hashes))
    hashes, texts = sets.hashes[order], texts[order]
    starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1], [True]]))
    counts = np.zeros((len(sizes), len(sizes)), np.int32)
    _shared(texts, starts, counts)
    return counts / np.maximum(sizes[:, None] + sizes[None, :] - counts, 1)


def by_definition(values, offsets, pair, width):
    """Compare two texts as Python sets of strings."""
    one, other = ("".join(map(chr, values[offsets[row] : offsets[row + 1]])) for row in pair)
    sets = [{text[i : i + width] for i in range(len(text) - width + 1)} for text in (one, other)]
    return len(sets[0] & sets[1]) / max(1, len(sets[0] | sets[1]))


def clusters_of(values, offsets, signing, threshold=THRESHOLD):
    texts = len(offsets) - 1

    def load(rows):
        pieces = [values[offsets[row] : offsets[row + 1]] for row in rows]
        return np.concatenate(pieces), np.concatenate([[0], np.cumsum(list(map(len, pieces)))])

    return find_clusters(
        exact_digest(values, offsets), sign(values, offsets, signing), shingle_counts(offsets, signing.shingle),
        np.arange(texts), -np.diff(offsets), load=load, signing=signing, threshold=threshold,
    )  # fmt: skip


def correct():
    if not SHARED.exists():
        print("the development data is not here: nothing to compare")
        return
    statutes = list(read(SHARED / "docs/laws_cn.jsonl.zst"))
    for name, rows in (("statutes", statutes), ("mixed", mixed(3000))):
        values, offsets = shingled(Texts(pa.array([row[1] for row in rows])), "characters")
        similarity = all_pairs(values, offsets, Signing())
        true = np.argwhere(similarity >= THRESHOLD)
        pairs = len(rows) * (len(rows) - 1) // 2
        print(f"{name}: {len(rows):,} documents, {pairs:,} pairs, {len(true):,} of them at {THRESHOLD}")
        if name == "statutes":
            compare_with_truth([row[0] for row in rows], similarity)
        for label, signing in SETTINGS.items():
            judge(label, values, offsets, signing, similarity, true)


def compare_with_truth(names, similarity):
    """Compare our brute force with somebody else's."""
    with (SHARED / "neardup/laws_cn.pairs.tsv").open(encoding="utf-8") as file:
        known = list(csv.DictReader(file, delimiter="\t"))
    place = {one: row for row, one in enumerate(names)}
    pairs = np.sort([(place[row["id_a"]], place[row["id_b"]]) for row in known])
    truth = np.array([float(row["jaccard_char5"]) for row in known])
    off = np.abs(similarity[pairs[:, 1], pairs[:, 0]] - truth).max()
    print(f"  brute force beside the known {len(known)} pairs: differs by {off:.5f} at most")


def judge(label, values, offsets, signing, similarity, true):
    """Say what clusters found by one setting are worth."""
    clusters = clusters_of(values, offsets, signing)
    a, b = clusters.edges.max(axis=1), clusters.edges.min(axis=1)
    right = int((similarity[a, b] >= THRESHOLD).sum())
    election = elect(clusters, np.ones(len(offsets) - 1, np.bool_))
    dropped = np.flatnonzero(election.of >= 0)
    checked = np.array([by_definition(values, offsets, (row, election.of[row]), 5) for row in dropped])
    exact = np.abs(checked - election.jaccard[dropped]).max(initial=0)
    together = clusters.cluster[true[:, 0]] == clusters.cluster[true[:, 1]]
    kept = int(((election.of[true[:, 0]] < 0) & (election.of[true[:, 1]] < 0)).sum())
    print(
        f"  {label:<20} edges that reach it {right} of {len(a)}; dropped {len(dropped)}, resembling the kept one by"
        f" {checked.min(initial=1):.4f} at least (stored: off by {exact:.0e});"
        f" true pairs in one cluster {together.mean():.4f}, with both kept {kept} of {len(true)}"
    )


def recall():
    rng = random.Random(2)
    texts = []
    for target in np.arange(0.48, 0.99, 0.01):
        kept = (2 * target / (1 + target)) ** (1 / 5)
        for _ in range(150):
            text = "".join(rng.choices(HAN, k=600))
            texts += [text, substituted(rng, text, 1 - kept)]
    values, offsets = pack(texts)
    pairs = np.arange(len(texts)).reshape(-1, 2)
    similarity = jaccard_pairs(values, offsets, pairs, 5)
    found, theory = {}, {}
    for label, signing in SETTINGS.items():
        keys = band_keys(sign(values, offsets, signing), signing)
        found[label] = (keys[pairs[:, 0]] == keys[pairs[:, 1]]).any(axis=1)
        theory[label] = np.array([signing.probability(one) for one in similarity])
    print("found by the bands (in theory), by exact Jaccard of the pair")
    print(f"{'Jaccard':<14}{'pairs':>6}  " + "".join(f"{label:>24}" for label in SETTINGS))
    bins = [(low, low + 0.05) for low in np.arange(0.5, 0.95, 0.05)] + [(0.79, 0.81)]
    for low, high in bins:
        chosen = (similarity >= low) & (similarity < high)
        cells = "".join(f"{found[k][chosen].mean():>14.4f} ({theory[k][chosen].mean():.4f})" for k in SETTINGS)
        print(f"{low:.2f} - {high:.2f}   {chosen.sum():>6}  {cells}")
    print("at 0.80 exactly, in theory: " + ", ".join(f"{k} {s.probability(0.8):.4f}" for k, s in SETTINGS.items()))
    cost()


def corpus():
    """The texts of all sources, poems apart (seven of ten documents)."""
    paths = sorted((SHARED / "docs").glob("*.jsonl.zst")) if SHARED.exists() else []
    texts = [text for path in paths if "poetry" not in path.name for _, text in read(path)]
    return texts or ["".join(random.Random(n).choices(HAN, k=1400)) for n in range(8000)]


def cost():
    """What the settings cost on real text: signing, candidates, and the whole cluster stage."""
    values, offsets = shingled(Texts(pa.array(corpus())), "characters")
    print(f"\ncost on {len(offsets) - 1:,} real documents, {offsets[-1] / 1e6:.1f} million folded characters")
    for label, signing in SETTINGS.items():
        begun = time.process_time()
        signatures = sign(values, offsets, signing)
        signed = time.process_time()
        pairs = banded_pairs(signatures, np.arange(len(signatures)), signing, THRESHOLD)
        components(len(signatures), pairs)
        banded = time.process_time()
        clusters = clusters_of(values, offsets, signing)
        whole = time.process_time() - banded - (signed - begun)
        keys = band_keys(signatures, signing)
        shared = sum(len(keys) - len(np.unique(keys[:, band])) for band in range(signing.bands))
        print(
            f"  {label:<20} signing {signed - begun:5.2f} s, candidates {banded - signed:5.2f} s"
            f" ({shared:,} keys shared, {len(pairs):,} pairs), clusters {whole:5.2f} s, {len(clusters.edges):,} edges"
        )


def least(perform, repeat):
    """CPU-seconds of the fastest of some repetitions."""
    seconds = []
    for _ in range(repeat):
        begun = time.process_time()
        perform()
        seconds.append(time.process_time() - begun)
    return min(seconds)


def speed():
    texts = corpus()
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts):,} documents, {megabytes:.1f} MB of UTF-8 text; 112 permutations, MB of it per CPU-second")
    for label, signing in (("ours, 5 characters", Signing()), ("ours, 3 words (cut before)", WORDS)):
        values, offsets = shingled(Texts(pa.array(texts)), signing.unit)
        sign(values, offsets[:2], signing)
        print(f"  {label:<40}{megabytes / least(lambda v=values, o=offsets, s=signing: sign(v, o, s), 5):8.1f}")
    some, size = [], 0
    for text in texts:
        some.append(text)
        size += len(text.encode())
        if size > 3e6:
            break
    values, offsets = shingled(Texts(pa.array(some)), "characters")
    others(["".join(map(chr, values[s:e])) for s, e in pairwise(offsets.tolist())], size / 1e6)


def shingles(text):
    return [text[i : i + 5] for i in range(len(text) - 4)]


def others(some, megabytes):
    """Sign folded texts by other libraries, the cutting of shingles included as it is in ours."""

    def datasketch(text, hashfunc):
        minhash = MinHash(112, seed=1, scheme="affine32", hashfunc=hashfunc)
        minhash.update_batch([piece.encode() for piece in shingles(text)])

    def rensa(text, kind):
        minhash = kind(num_perm=112, seed=1)
        minhash.update(shingles(text))
        minhash.digest()

    ways = [("datasketch.update_batch, its own hash", datasketch, None)]
    ways += [("datasketch.update_batch, shingle_hash", datasketch, shingle_hash)]
    try:
        from rensa import CMinHash, RMinHash
    except ImportError:
        print("  rensa: not installed")
    else:
        ways += [("rensa.RMinHash", rensa, RMinHash), ("rensa.CMinHash", rensa, CMinHash)]
    for label, way, how in ways:
        print(f"  {label:<40}{megabytes / least(lambda w=way, h=how: [w(text, h) for text in some], 3):8.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["correct", "recall", "speed"])
    chosen = parser.parse_args().what
    for what in (correct, recall, speed):
        if chosen in (None, what.__name__):
            what()
