"""What the safety models, the frames of texts and the signs of poisoning are worth, and what they cost.

    python -m tests.benchmarks.safety DATA [--train-half]

DATA is the folder of development data. COLD's dev posts and the reported half of every source (by a salted hash of the
id) were neither trained on nor looked at for bounds; --train-half shows the other half, for looking for bounds.
Templates of harm that the models had not seen are reported by `python -m tests.benchmarks.train_safety`.
"""

import argparse
import json
import time
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import rjieba

from filters.catalogue import CATALOGUE
from filters.policy import broken
from filters.texts import Texts
from pipeline.calibration import area_under_curve, calibration_error
from pipeline.packs import load_pack
from tests.benchmarks.examples import documents
from tests.benchmarks.safety_examples import cold, reported

SOURCES = (
    "laws_cn", "laws_tw", "howtocook", "chinese_novel", "classical_lzh", "poetry", "cmrc_wiki", "oiwiki",
    "pingcap_docs", "debian_docs",
)  # fmt: skip
FILTERS = ("safety", "context", "poison", "lexicon")
FRAMES = Path(__file__).resolve().parents[1] / "data" / "offensive_context_texts.jsonl"
SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "originals"
WORD_POSTS, WORD_SHARE = 20, 0.8


def columns_of(texts):
    views = Texts(pa.array(texts, pa.large_string()))
    found = {}
    for name in FILTERS:
        batch = CATALOGUE[name]()(views)
        found |= dict(zip(batch.schema.names, batch.columns, strict=True))
    return found


def numbers(column):
    return column.fill_null(0).to_numpy(zero_copy_only=False)


def macro_f1(said, truth):
    scores = [2 * (said & truth).sum() / max(1, said.sum() + truth.sum()),
              2 * (~said & ~truth).sum() / max(1, (~said).sum() + (~truth).sum())]  # fmt: skip
    return sum(scores) / 2


def word_list(folder):
    """Words that stand in at least 20 posts of train of which four fifths are offensive: what a list could know."""
    cut = rjieba.Jieba()
    posts, bad = Counter(), Counter()
    for text, offensive, _ in cold(folder, "train"):
        words = set(cut.cut(text))
        posts.update(words)
        if offensive:
            bad.update(words)
    return {word for word, n in posts.items() if n >= WORD_POSTS and bad[word] >= WORD_SHARE * n}, cut


def report_cold(folder, bound):
    posts = cold(folder, "dev")
    truth = np.array([offensive for _, offensive, _ in posts])
    topics = np.array([topic for *_, topic in posts])
    scores = numbers(columns_of([text for text, *_ in posts])["safety.offensive"])
    words, cut = word_list(folder)
    listed = np.array([bool(words & set(cut.cut(text))) for text, *_ in posts])
    majority = np.full(len(truth), truth.mean() >= 0.5)
    print(f"COLD dev: {len(posts):,} posts, {truth.mean():.1%} offensive")
    answers = {
        "majority": majority,
        f"word list ({len(words)} words learned from train)": listed,
        "safety.offensive > 0.5": scores > 0.5,
        f"safety.offensive > {bound:g}": scores > bound,
    }
    for name, said in answers.items():
        precision = truth[said].mean() if said.any() else 1.0
        print(
            f"  {name:<46} macro-F1 {macro_f1(said, truth):.4f}  precision {precision:.3f}  "
            f"recall {said[truth].mean():.3f}"
        )
    print(f"  area under curve {area_under_curve(scores, truth):.4f}, calibration error "
          f"{calibration_error(scores, truth, np.ones(len(truth))):.4f}; by topic "
          + ", ".join(f"{topic} {area_under_curve(scores[topics == topic], truth[topics == topic]):.4f}"
                      for topic in sorted(set(topics.tolist()))))  # fmt: skip


def report_harmless(folder, rules, train_half):
    half = "training" if train_half else "reported"
    print(f"\nharmless documents that each rule of safety_default flags ({half} half):")
    print(f"  {'':<14} {'docs':>5}  {'dropped':>8} {'reviewed':>8}  rules")
    for name in SOURCES:
        texts = [text for key, text in documents(folder, name) if reported(key) != train_half]
        columns = columns_of(texts)
        table = broken(rules, columns, len(texts))
        drops = np.array([rule.action == "drop" for rule in rules])
        dropped = np.count_nonzero(table & drops, axis=1) > 0
        asked = np.count_nonzero(table & ~drops, axis=1) > 0
        each = ", ".join(
            f"{rule.reason} {table[:, at].mean():.2%}" for at, rule in enumerate(rules) if table[:, at].any()
        )
        frames = Counter(columns["context.kind"].to_pylist())
        print(f"  {name:<14} {len(texts):>5}  {dropped.mean():>8.2%} {asked.mean():>8.2%}  {each or '-'}")
        print(f"  {'':<14} frames: " + ", ".join(f"{kind} {n}" for kind, n in frames.most_common()))


def report_frames(rules):
    rows = [json.loads(line) for line in FRAMES.read_text("utf-8").splitlines()]
    kinds = columns_of([row["text"] for row in rows])["context.kind"].to_pylist()
    spoken = [row["kind"] != "none" for row in rows]
    right = sum(kind == row["kind"] for kind, row in zip(kinds, rows, strict=True))
    framed = [kind != "none" for kind in kinds]
    found = sum(a and b for a, b in zip(framed, spoken, strict=True))
    print(f"\nframes of {len(rows)} own texts: {found} of {sum(spoken)} that speak of harm have "
          f"a frame, {sum(framed) - found} of {len(rows) - sum(spoken)} that do harm; right: {right}")  # fmt: skip
    for row, kind in zip(rows, kinds, strict=True):
        if (kind == "none") != (row["kind"] == "none"):
            print(f"    {row['kind']} taken for {kind}: {row['text'][:40]}")
    table = broken(rules, columns_of([row["text"] for row in rows]), len(rows))
    drops = [rule.action == "drop" for rule in rules]
    for name, wanted in (("speak of harm", True), ("do harm", False)):
        mine = table[[one == wanted for one in spoken]]
        print(f"    of those that {name}: dropped {mine[:, drops].any(axis=1).mean():.0%}, "
              f"reviewed or dropped {mine.any(axis=1).mean():.0%}")  # fmt: skip


def report_sample(rules):
    print("\nsample_data's originals (never trained on) with a broken rule:")
    entries = [(path.stem, entry) for path in sorted(SAMPLE.glob("*.toml"))
               for entry in tomllib.loads(path.read_text("utf-8"))["document"]]  # fmt: skip
    table = broken(rules, columns_of([entry["text"] for _, entry in entries]), len(entries))
    for (genre, entry), row in zip(entries, table, strict=True):
        if row.any():
            told = ", ".join(rule.reason for rule, one in zip(rules, row, strict=True) if one)
            print(f"  {genre} ({entry.get('verdict', 'keep')}): {told}: {' '.join(entry['text'].split())[:40]}")
    print(f"  of {len(entries)}")


def report_cost(folder):
    print(
        "\nCPU-seconds per MB, least of five, beside the views that all filters share (statutes, whole and cut at 300):"
    )
    texts = [text for _, text in documents(folder, "laws_cn")]
    for chars in (None, 300):
        views = Texts(pa.array([text[:chars] for text in texts * (1 if chars is None else 8)], pa.large_string()))
        size = sum(len(text.as_py().encode()) for text in views.column) / 1e6
        views.code_points, views.folded, views.kinds  # noqa: B018 - computed once, before the clock runs
        begun = time.process_time()
        views.content  # noqa: B018
        told = [f"tokens {(time.process_time() - begun) / size:.4f}"]
        for name in FILTERS:
            spent = []
            for _ in range(5):
                begun = time.process_time()
                CATALOGUE[name]()(views)
                spent.append(time.process_time() - begun)
            told.append(f"{name} {min(spent) / size:.4f}")
        print(f"  {chars or 'all'} characters, {size:.1f} MB: {', '.join(told)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--train-half", action="store_true", help="the half that bounds were looked for on")
    options = parser.parse_args()
    if not (options.data / "docs").is_dir() or not (options.data / "labels").is_dir():
        raise SystemExit(f"{options.data} holds no docs/ and labels/: there is nothing to measure on")
    rules = load_pack("safety_default", Path()).rules
    if not options.train_half:
        bound = next(rule.at_most for rule in rules if rule.reason == "offence_suspected")
        report_cold(options.data, bound)
    report_harmless(options.data, rules, options.train_half)
    report_frames(rules)
    report_sample(rules)
    report_cost(options.data)


if __name__ == "__main__":
    main()
