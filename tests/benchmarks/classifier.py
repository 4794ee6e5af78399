"""What the quality score is worth: by source, by kind of rubbish, on sources never trained on, and what it costs.

    python -m tests.benchmarks.classifier DATA [--unseen-only]

DATA is the folder of development data. Three tables: models that saw neither the source nor the kind (as
train_quality's calibration), the shipped model on held-out pieces, and the shipped model on sources that no model saw,
whole and damaged, and on sample_data by the verdict that its authors meant.
"""

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa

from filters.classifier import SHIPPED_DIGEST, TrainedQuality
from filters.scorer import calibrated, load_scorer
from filters.texts import Texts
from pipeline.calibration import area_under_curve, calibration_error, measure_bound
from tests.benchmarks.examples import TRAINING, UNSEEN, documents, examples, training_examples
from tests.benchmarks.train_quality import unseen_scores

BOUNDS = (0.05, 0.1, 0.2, 0.3, 0.5)
WHOLE_CHARS = 200
"""Whole documents from this length on, as the policy for web pages has it."""
SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


def measure(texts):
    column = TrainedQuality()(Texts(pa.array(texts, pa.large_string())))["quality.score"]
    return column.fill_null(0).to_numpy(zero_copy_only=False)


def table(title, found):
    """found: (source, kind, score). Each source's good pieces against all rubbish, each kind against all good ones."""
    sources, kinds = defaultdict(list), defaultdict(list)
    for source, kind, score in found:
        (sources[source] if kind == "good" else kinds[kind]).append(score)
    good, bad = (np.concatenate([np.array(v) for v in group.values()]) for group in (sources, kinds))
    scores, truths = np.concatenate([good, bad]), np.arange(len(good) + len(bad)) < len(good)
    even = np.where(truths, 0.5 / truths.mean(), 0.5 / (1 - truths.mean()))
    print(f"\n{title}: {len(good):,} good, {len(bad):,} bad, AUC {area_under_curve(scores, truths):.4f}, "
          f"calibration error {calibration_error(scores, truths, even):.4f} (kinds weighted alike)")  # fmt: skip
    print(f"  {'':<20} {'pieces':>6}    AUC  " + "  ".join(f"kept at {bound}" for bound in BOUNDS))
    for names, others, is_good in ((sources, bad, True), (kinds, good, False)):
        for name, values in names.items():
            mine = np.array(values)
            pair = np.concatenate([mine, others])
            own = np.arange(len(pair)) < len(mine)
            auc = area_under_curve(pair, own if is_good else ~own)
            kept = "  ".join(f"{(mine >= bound).mean():>11.1%}" for bound in BOUNDS)
            print(f"  {name:<20} {len(mine):>6} {auc:>6.3f}  {kept}")
    for bound in BOUNDS:
        told = measure_bound(bound, scores, truths, even)
        print(f"  at least {bound}: precision {told.precision:.3f}, recall {told.recall:.3f}")


def sample_scores():
    import tomllib

    for path in sorted((SAMPLE / "originals").glob("*.toml")):
        for entry in tomllib.loads(path.read_text("utf-8"))["document"]:
            repeat = entry.get("repeat")
            more = repeat.get("join", "\n").join([repeat["line"]] * repeat["times"]) if repeat else ""
            yield path.stem, entry.get("verdict", "keep"), entry["text"].strip() + "\n" + more


def cost(folder):
    """CPU seconds per MB, on statutes in whole."""
    texts = [text for _, text in documents(folder, "laws_cn")]
    for chars in (300, 1400, None):
        cut = [text[:chars] for text in texts for _ in range(1 if chars is None else 4)]
        views = Texts(pa.array(cut, pa.large_string()))
        views.code_points  # noqa: B018 - shared by all filters, so not counted here
        measure_batch = TrainedQuality()
        measure_batch(views)
        begun = time.process_time()
        measure_batch(views)
        size = sum(len(text.encode()) for text in cut) / 1e6
        spent = (time.process_time() - begun) / size
        print(f"  {chars or 'all'} characters a text: {spent:.4f} CPU-s per MB ({size:.1f} MB)")
    load_scorer.cache_clear()
    begun = time.process_time()
    load_scorer(None, SHIPPED_DIGEST)
    print(f"  loading the model: {time.process_time() - begun:.3f} CPU-s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--unseen-only", action="store_true", help="without the first two tables, which train models")
    options = parser.parse_args()
    if not (options.data / "docs").is_dir():
        raise SystemExit(f"{options.data} holds no docs/: there is nothing to measure on")
    if not options.unseen_only:
        shipped = load_scorer(None, SHIPPED_DIGEST)
        trained = training_examples(options.data)
        pooled = unseen_scores(trained)
        scores = calibrated(np.array([score for _, score in pooled]), *shipped.calibration[0])
        table("Neither source nor kind seen", [(e.source, e.kind, s) for (e, _), s in zip(pooled, scores, strict=True)])
        held = [example for example in trained if example.held_out]
        scores = measure([example.text for example in held])
        table("Shipped model, held-out pieces", [(e.source, e.kind, s) for e, s in zip(held, scores, strict=True)])
    fresh = [example for name, number in UNSEEN.items() for example in examples(options.data, name, number)]
    fresh = [example for example in fresh if example.text.strip()]
    scores = measure([example.text for example in fresh])
    table("Shipped model, sources never seen", [(e.source, e.kind, s) for e, s in zip(fresh, scores, strict=True)])
    print(f"\nWhole documents of {WHOLE_CHARS} characters or more, as they are:")
    for name in (*TRAINING, *UNSEEN):
        whole = [text for _, text in documents(options.data, name) if len(text) >= WHOLE_CHARS]
        mine = measure(whole)
        kept = "  ".join(f"{bound}: {(mine >= bound).mean():>6.1%}" for bound in BOUNDS)
        print(f"  {name:<20} {len(mine):>6}  median {np.median(mine):.3f}  kept at {kept}")
    print("\nsample_data, by its authors' verdict (never trained on):")
    found = defaultdict(list)
    entries = list(sample_scores())
    for (genre, verdict, _), score in zip(entries, measure([text for *_, text in entries]), strict=True):
        found[verdict if verdict != "keep" else f"keep/{genre}"].append(score)
    for name, values in sorted(found.items()):
        mine = np.array(values)
        kept = "  ".join(f"{(mine >= b).mean():>6.0%}" for b in BOUNDS)
        print(f"  {name:<24} {len(mine):>3}  median {np.median(mine):.3f}  {kept}")
    print("\ncost, beside the shared views:")
    cost(options.data)


if __name__ == "__main__":
    main()
