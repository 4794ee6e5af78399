"""Train the lect model of filters/lect.py, always the same from the same data.

    python -m tests.benchmarks.train_lect [--data shared/data] [--out filters/models/lect.npz]

Samples are passages of 6 to 256 characters, as many for short as for long. See tests/benchmarks/lect_data.py for what
is trained on; `python -m tests.benchmarks.language` measures what came of it on the rest.
"""

import argparse
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
from numba import njit

from filters.characters import Kind, kind_table
from filters.lect import LECTS, ROWS, SCALE, SINGLES, han_table, rows_of
from tests.benchmarks.lect_data import BREAK, colloquial, disguise, documents, in_training, messages, rows, undisguise

SAMPLES = {"cmn": 130_000, "yue": 45_000, "lzh": 60_000, "wuu": 30_000, "ja": 40_000}
SHORTEST, LONGEST = 6, 256
SOURCE_CHARS = 1_000_000
EPOCHS, RATE, DECAY = 4, 0.4, 2e-6
SEEN = 3
"""A row that fewer samples than this have keeps no weight."""
WEAK = 24
"""Nor does a pair of which no weight is at least this many steps: that is half of the file, and tells nothing."""


def sinitic_rows(data):
    """(lect, source, text): Cantonese sentences, the same in Mandarin's words, and declarations in Wu and Mandarin."""
    for row in rows(data / "lid" / "cantonese.jsonl.zst"):
        if row["meta"]["set"] == "ctcpc" and in_training(row["id"]):
            yield "yue", "ctcpc", row["text"]
            if plain := undisguise(row["text"]):
                yield "cmn", "ctcpc", plain
    for row in rows(data / "lid" / "udhr.jsonl.zst"):
        if row["lang"] == "wuu" or row["lang"].startswith("cmn_hans_"):
            yield row["lang"].partition("_")[0], "udhr", row["text"]


def streams(data, rng):
    """One long text a lect and source, of training rows only."""
    parts = defaultdict(list)
    for lect, source, text, training in documents(data):
        if training:
            parts[lect, source].append(text)
    posts = [text for text, training in colloquial(data) if training]
    parts["cmn", "colloquial"] = posts
    for lect in ("yue", "wuu"):
        everyday = posts + parts["cmn", "cmrc_wiki"] + rng.sample(parts["cmn", "chinese_novel"], 500)
        parts[lect, "disguised"] = [disguise(text, lect, rng) for text in everyday]
    for lect, text, training in messages(data):
        if training and lect.partition("_")[0] in LECTS:
            parts[lect.partition("_")[0], "messages"].append(text)
    for lect, source, text in sinitic_rows(data):
        parts[lect, source].append(text)
    for (lect, source), texts in sorted(parts.items()):
        rng.shuffle(texts)
        yield lect, source, BREAK.join(texts)[:SOURCE_CHARS]


SHARE = {"colloquial": 3, "disguised": 2, "ctcpc": 2, "messages": 1, "udhr": 0.3, "chinese_novel": 1.5}
"""How often a source of a lect is drawn from, against 1 of the others."""


def samples(data, seed):
    rng = random.Random(seed)
    by_lect = defaultdict(list)
    for lect, source, text in streams(data, rng):
        codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        if lect == "ja":  # between its kana only the kanji are seen: bring what is left of them nearer
            codes = codes[np.isin(kind_table()[codes], (Kind.HAN, Kind.KANA, Kind.PUNCTUATION))]
        print(f"{lect:4} {source:14} {len(codes):9,} characters")
        by_lect[lect].append((SHARE.get(source, 1), codes))
    for lect, number in SAMPLES.items():
        weights = [share for share, _ in by_lect[lect]]
        for _ in range(number):
            _, codes = rng.choices(by_lect[lect], weights)[0]
            length = int(SHORTEST * (LONGEST / SHORTEST) ** rng.random())
            if lect == "ja":
                length *= 2
            start = rng.randrange(max(1, len(codes) - length))
            used = rows_of(codes[start : start + length], han_table())
            if len(used):
                yield LECTS.index(lect), used


@njit
def descend(flat, offsets, targets, order, weights, squares, rate, decay):
    """One pass of AdaGrad over softmax regression; the last row of the weights is the bias."""
    lects = weights.shape[1]
    logits = np.empty(lects)
    loss = 0.0
    for sample in order:
        used = flat[offsets[sample] : offsets[sample + 1]]
        scale = 1 / np.sqrt(len(used))
        for lect in range(lects):
            total = 0.0
            for row in used:
                total += weights[row, lect]
            logits[lect] = total * scale + weights[-1, lect]
        odds = np.exp(logits - logits.max())
        odds /= odds.sum()
        loss -= np.log(odds[targets[sample]] + 1e-12)
        for lect in range(lects):
            error = odds[lect] - (lect == targets[sample])
            for row in used:
                slope = error * scale + decay * weights[row, lect]
                squares[row, lect] += slope * slope
                weights[row, lect] -= rate * slope / np.sqrt(squares[row, lect] + 1e-6)
            squares[-1, lect] += error * error
            weights[-1, lect] -= rate * error / np.sqrt(squares[-1, lect] + 1e-6)
    return loss / len(order)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("filters/models/lect.npz"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    drawn = list(samples(options.data, options.seed))
    targets = np.array([target for target, _ in drawn])
    flat = np.concatenate([used for _, used in drawn])
    offsets = np.concatenate([[0], np.cumsum([len(used) for _, used in drawn])])
    weights, squares = np.zeros((ROWS, len(LECTS))), np.zeros((ROWS, len(LECTS)))
    rng = np.random.default_rng(options.seed)
    for epoch in range(EPOCHS):
        order = rng.permutation(len(targets))
        loss = descend(flat, offsets, targets, order, weights, squares, RATE, DECAY)
        print(f"epoch {epoch + 1}: loss {loss:.4f}")
    seen = np.bincount(flat, minlength=ROWS)
    weights[:-1][seen[:-1] < SEEN] = 0
    weights[:-1] -= weights[:-1].mean(axis=1, keepdims=True)
    stored = np.clip(np.rint(weights * SCALE), -127, 127).astype(np.int8)
    pairs = stored[SINGLES:-1]
    pairs[np.abs(pairs).max(axis=1) < WEAK] = 0
    options.out.parent.mkdir(exist_ok=True)
    np.savez_compressed(options.out, weights=stored)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes, {np.any(stored, axis=1).sum():,} rows in use, "
          f"clipped {np.mean(np.abs(weights * SCALE) > 127):.5f}")  # fmt: skip


if __name__ == "__main__":
    main()
