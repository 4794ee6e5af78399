"""Train the two safety models that ship: filters/models/offensive and filters/models/harm.

    python -m tests.benchmarks.train_safety DATA [--output filters/models]

DATA is the folder of development data (docs/, lid/ and labels/ in it). Under a minute on one core; the same data give
the same bytes. What it prints are what filters/safety.py must say (digests) and what SAFETY.md says of templates that
the model had not seen.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from filters.model import BENIGN, LABEL, Form
from filters.scorer import calibrated
from filters.tokens import CONTENT
from pipeline.calibration import area_under_curve, calibration_error, fit_platt
from pipeline.training import fit, raw_scores, write_model
from tests.benchmarks.safety_examples import FOLDS, HARMS, calibrates, cold, foreign, harmless, machine_text, own

SEED = 1
OFFENSIVE_FORM = Form(dim=2, buckets=1 << 18, epochs=5, rate=0.3)
HARM_FORM = Form(dim=4, buckets=1 << 16, epochs=10, rate=0.3)


def trained(texts, labels, asked, form):
    """The model's bytes and its raw scores of the asked texts."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.bin"
        fit(texts, labels, np.ones(len(texts)), model, SEED, CONTENT, form)
        return model.read_bytes(), raw_scores(model, asked, CONTENT) if asked else None


def offensive(folder, output):
    posts = cold(folder, "train")
    learn = [(text, said) for text, said, _ in posts if not calibrates(text)]
    held = [(text, said) for text, said, _ in posts if calibrates(text)]
    calm = [*harmless(folder), *foreign(folder), *machine_text()]
    texts = [text for text, _ in learn] + calm
    labels = [f"{LABEL}offensive" if said else BENIGN for _, said in learn] + [BENIGN] * len(calm)
    model, raw = trained(texts, labels, [text for text, _ in held], OFFENSIVE_FORM)
    truth = np.array([said for _, said in held])
    even = np.ones(len(held))
    slope, intercept = fit_platt(raw[:, 0], truth, even)
    scores = calibrated(raw[:, 0], slope, intercept)
    lines = {"slope": slope, "intercept": intercept}
    digest = write_model(output / "offensive", model, lines, seed=SEED, reading=CONTENT, form=OFFENSIVE_FORM)
    print(f"offensive: {len(learn):,} posts and {len(calm):,} harmless passages train, {len(held):,} posts calibrate: "
          f"AUC {area_under_curve(scores, truth):.4f}, calibration error {calibration_error(scores, truth, even):.4f}; "
          f"{len(model):,} bytes, digest {digest}")  # fmt: skip


def harm(folder, output):
    examples, calm = own(), [*harmless(folder, "harm"), *foreign(folder), *machine_text()]
    calm += [text for text, said, _ in cold(folder, "train") if not said and not calibrates(text)][:6000]
    raw, kept = [], []
    for fold in range(FOLDS):
        learn = [e for e in examples if e.fold != fold]
        asked = [e for e in examples if e.fold == fold]
        texts = [e.text for e in learn] + calm
        _, scores = trained(texts, [LABEL + e.label for e in learn] + [BENIGN] * len(calm), [e.text for e in asked],
                            HARM_FORM)  # fmt: skip
        raw.append(scores)
        kept += asked
    raw = np.concatenate(raw)
    texts, labels = [e.text for e in examples] + calm, [LABEL + e.label for e in examples] + [BENIGN] * len(calm)
    model, _ = trained(texts, labels, None, HARM_FORM)
    lines = {}
    for at, name in enumerate(sorted(HARMS)):
        truth = np.array([e.label == name for e in kept])
        # As rare as a tenth: passages of harm are no half of what is read.
        even = np.where(truth, 0.1 / truth.mean(), 0.9 / (1 - truth.mean()))
        lines[name] = fit_platt(raw[:, at], truth, even)
        scores = calibrated(raw[:, at], *lines[name])
        plain = np.array([e.label == "benign" for e in kept])
        print(f"harm, templates not seen: {name}: AUC {area_under_curve(scores, truth):.4f}, calibration error "
              f"{calibration_error(scores, truth, even):.4f}, found at 0.5 {(scores[truth] >= 0.5).mean():.1%}, "
              f"harmless templates flagged {(scores[plain] >= 0.5).mean():.1%}")  # fmt: skip
        for kind in sorted({e.kind for e in kept if e.label == "benign"}):
            mine = scores[[e.kind == kind for e in kept]]
            print(f"    {kind}: {(mine >= 0.5).mean():.1%} of {len(mine)}")
    digest = write_model(output / "harm", model, {"labels": lines}, seed=SEED, reading=CONTENT, form=HARM_FORM)
    print(
        f"harm: {len(examples):,} own examples and {len(calm):,} harmless passages; {len(model):,} bytes, "
        f"digest {digest}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, default=Path("filters/models"))
    options = parser.parse_args()
    if not (options.data / "labels").is_dir():
        raise SystemExit(f"{options.data} holds no labels/: the models can only be trained where that data is")
    offensive(options.data, options.output)
    harm(options.data, options.output)


if __name__ == "__main__":
    main()
