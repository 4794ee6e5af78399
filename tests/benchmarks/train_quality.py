"""Train the quality model that ships in filters/models/quality, and write its figures into the data card.

    python -m tests.benchmarks.train_quality DATA [--output filters/models/quality]

DATA is the folder of development data (docs/ and lid/ in it). Two minutes on one core; the same data give the same
bytes. The last lines printed are what filters/classifier.py and QUALITY.md must say.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from filters.model import BAD, GOOD
from filters.scorer import calibrated
from pipeline.calibration import area_under_curve, calibration_error, fit_platt
from pipeline.training import fit, raw_scores, write_model
from tests.benchmarks.damage import DAMAGE, SPAM
from tests.benchmarks.examples import TRAINING, training_examples

SEED = 1
KINDS = (*DAMAGE, *SPAM)


def score_by(train, asked):
    """Train on some examples and return the raw scores of others."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.bin"
        labels = [GOOD if example.kind == "good" else BAD for example in train]
        fit([example.text for example in train], labels, np.ones(len(train)), model, SEED)
        return raw_scores(model, [example.text for example in asked])[:, 0], model.read_bytes()


def unseen_scores(examples):
    """Score every source and kind by a model that saw neither: (example, raw score) of eight foldings."""
    found = []
    for fold, source in enumerate(TRAINING):
        left_out = {kind for place, kind in enumerate(KINDS) if place % len(TRAINING) == fold}
        train = [e for e in examples if not e.held_out and e.source != source and e.kind not in left_out]
        asked = [e for e in examples if e.source == source or (e.kind in left_out and e.held_out)]
        found += zip(asked, score_by(train, asked)[0], strict=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, default=Path("filters/models/quality"))
    options = parser.parse_args()
    if not (options.data / "docs").is_dir():
        raise SystemExit(f"{options.data} holds no docs/: the model can only be trained where that data is")
    examples = training_examples(options.data)
    pooled = unseen_scores(examples)
    raw = np.array([score for _, score in pooled])
    good = np.array([example.kind == "good" for example, _ in pooled])
    weights = np.where(good, 0.5 / good.mean(), 0.5 / (1 - good.mean()))
    slope, intercept = fit_platt(raw, good, weights)
    scores = calibrated(raw, slope, intercept)
    print(f"unseen sources and kinds: AUC {area_under_curve(scores, good):.4f}, calibration error "
          f"{calibration_error(scores, good, weights):.4f} on {len(raw):,} scores")  # fmt: skip
    train = [example for example in examples if not example.held_out]
    _, model = score_by(train, examples[:1])
    digest = write_model(options.output, model, {"slope": slope, "intercept": intercept}, seed=SEED)
    counts = Counter(f"{e.source}/{'good' if e.kind == 'good' else 'bad'}" for e in train)
    print("trained on", ", ".join(f"{name} {number}" for name, number in counts.items()))
    print(f"{len(model):,} bytes; SHIPPED_DIGEST = {digest!r}")


if __name__ == "__main__":
    main()
