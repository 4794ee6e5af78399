"""From labelled texts to a quality model: trained, calibrated, measured on texts it has not seen, and written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from filters.model import BAD, GOOD, MODEL_VERSION, Form, load_pair_weights, pair_logits
from filters.model import train_classifier as train_fasttext
from filters.passages import cut_passages
from filters.scorer import CALIBRATION_FORMAT, calibrated
from filters.texts import Texts
from filters.tokens import CONTENT, STYLE, Reading, Tokens, token_alphabet, tokenise
from pipeline.calibration import (
    BINS,
    Numbers,
    area_under_curve,
    calibration_error,
    fit_platt,
    measure_bound,
    propose_bound,
)
from pipeline.labels import Labelled
from pipeline.store import write_bytes, write_json

QUALITY = "quality"
TRAIN_SHARE, CALIBRATE_SHARE = 0.7, 0.15
"""Of the texts, by digest; the rest is what the metrics are measured on and nothing else."""
RECALL = 0.95
"""Share of good texts of the calibration part that the proposed threshold keeps."""
SHOWN = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MOST_COPIES = 20
LOWEST = -1000.0
"""Below every logit."""
PLAIN = Form()


@dataclass(frozen=True, slots=True)
class Parts:
    """Which texts train, which calibrate, which are held out: row numbers."""

    train: NDArray[np.int64]
    calibrate: NDArray[np.int64]
    test: NDArray[np.int64]


def split(labelled: Labelled) -> Parts:
    """Split by digest, good and bad texts apart, so that each part has its share of both."""
    parts: list[list[int]] = [[], [], []]
    for kind in (True, False):
        rows = np.flatnonzero(labelled.good == kind).tolist()  # in the order of the digests, as good as drawn
        first, second = round(len(rows) * TRAIN_SHARE), round(len(rows) * (TRAIN_SHARE + CALIBRATE_SHARE))
        for part, chosen in zip(parts, (rows[:first], rows[first:second], rows[second:]), strict=True):
            part.extend(chosen)
    return Parts(*(np.array(sorted(part), np.int64) for part in parts))


def tokens_of(texts: Sequence[str], reading: Reading = STYLE) -> Tokens:
    """Return the tokens that a model reads of texts."""
    views = Texts(pa.array(texts, pa.large_string()))
    return tokenise(views.code_points, views.offsets, reading)


def fit(
    texts: Sequence[str], labels: Sequence[str], weights: Numbers, model: Path, seed: int,
    reading: Reading = STYLE, form: Form = PLAIN,
) -> None:  # fmt: skip
    """Train a model; a text of weight 2 stands there twice, a rarer label as often as makes all labels weigh the same.

    Args:
        texts: what it learns from.
        labels: of each text, as `filters.model` names them.
        weights: of each text.
        model: file that it is written to.
        seed: of the training.
        reading: how texts become tokens.
        form: size and length of the training.
    """
    totals: dict[str, float] = {}
    for label, weight in zip(labels, weights.tolist(), strict=True):
        totals[label] = totals.get(label, 0.0) + weight
    own = np.array([totals[label] for label in labels])
    copies = np.clip(np.round(weights * own.max() / own), 1, MOST_COPIES).astype(np.int64)
    lines = [
        (copy, sha256(text.encode()).hexdigest(), f"{label} {line}\n")
        for text, line, label, number in zip(texts, tokens_of(texts, reading).lines(), labels, copies, strict=True)
        for copy in range(number)
    ]
    # Labels must be mixed: fastText reads in order. The digest mixes them, alike on every machine.
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lines.txt"
        path.write_text("".join(line for *_, line in sorted(lines)), "utf-8")
        train_fasttext(path, model, seed=seed, form=form)


def raw_scores(model: Path, texts: Sequence[str], reading: Reading = STYLE) -> Numbers:
    """Return a model's raw logits of texts, float64[texts, labels]; of the highest passage if it reads whole texts."""
    weights = load_pair_weights(model, sha256(model.read_bytes()).hexdigest(), token_alphabet(reading))
    tokens = tokens_of(texts, reading)
    if reading == STYLE:
        return pair_logits(weights, tokens.values, tokens.offsets)
    passages = cut_passages(tokens)
    raw = pair_logits(weights, passages.tokens.values, passages.tokens.offsets)
    return passages.highest(raw - LOWEST) + LOWEST


def train_model(labelled: Labelled, output: Path, *, seed: int, source: str, score: str = QUALITY) -> dict[str, Any]:
    """Train a model and write its folder: model.bin, calibration.json, card.json, README.md.

    The same texts, labels and seed give the same bytes.

    Args:
        labelled: what people said.
        output: folder; made if it is not there, files of the same names in it are replaced.
        seed: of the training.
        source: what the texts are called in the card.
        score: which score it gives: `quality`, where a good text (1) scores high, or one of the filter `safety`, where
            a harmful one (1) does.

    Returns:
        The card: `digest` for the recipe, `counts`, `metrics`, `thresholds`, `proposed`.
    """
    parts = split(labelled)
    texts, good, weights = labelled.texts, labelled.good, labelled.weights
    output.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        model = Path(folder) / "model.bin"
        reading = STYLE if score == QUALITY else CONTENT
        said = np.where(good, GOOD, BAD).tolist()
        fit([texts[row] for row in parts.train], [said[row] for row in parts.train], weights[parts.train], model, seed,
            reading)  # fmt: skip
        held = np.concatenate([parts.calibrate, parts.test])
        raw = raw_scores(model, [texts[row] for row in held], reading)[:, 0]
        data = model.read_bytes()
    cut = len(parts.calibrate)
    slope, intercept = fit_platt(raw[:cut], good[parts.calibrate], weights[parts.calibrate])
    scores = calibrated(raw, slope, intercept)
    lines = {"slope": slope, "intercept": intercept}
    digest = write_model(output, data, lines, seed=seed, reading=reading)
    proposed = propose_bound(scores[:cut], good[parts.calibrate], weights[parts.calibrate], RECALL)
    tested = (scores[cut:], good[parts.test], weights[parts.test])
    card = {
        "score": score,
        "digest": digest,
        "labels": source,
        "seed": seed,
        "counts": {
            "labels": labelled.read,
            "texts": len(texts) + labelled.undecided,
            "undecided": labelled.undecided,
            "good": int(good.sum()),
            "bad": int((~good).sum()),
            "train": len(parts.train),
            "calibrate": cut,
            "test": len(parts.test),
        },
        "metrics": {
            "auc": round(area_under_curve(tested[0], tested[1]), 4),
            "calibration_error": round(calibration_error(*tested), 4),
        },
        "proposed": measure_bound(proposed, *tested).as_json(),
        "thresholds": [measure_bound(at_least, *tested).as_json() for at_least in SHOWN],
    }
    write_json(output / "card.json", card)
    write_bytes(output / "README.md", render_card(card).encode())
    return card


def write_model(
    output: Path, model: bytes, lines: Mapping[str, Any], *, seed: int, reading: Reading = STYLE, form: Form = PLAIN
) -> str:
    """Write model.bin and calibration.json; return the sha256 of the latter, which names the former's.

    Args:
        output: folder.
        model: the model's bytes.
        lines: the calibration: `slope` and `intercept`, or `labels` with the two of each.
        seed: of the training, as `reading` and `form`, for the record.
        reading: how it reads texts.
        form: how it was trained.
    """
    calibration = {
        "format": CALIBRATION_FORMAT,
        "tokens": reading.format,
        "model": sha256(model).hexdigest(),
        **lines,
        "trained_by": {
            "library": MODEL_VERSION.partition("/")[0],
            "dim": form.dim,
            "epochs": form.epochs,
            "rate": form.rate,
            "seed": seed,
        },
    }
    data = orjson.dumps(calibration, option=orjson.OPT_INDENT_2)
    write_bytes(output / "model.bin", model)
    write_bytes(output / "calibration.json", data)
    return sha256(data).hexdigest()


def render_card(card: dict[str, Any]) -> str:
    """Write the card for people."""
    counts, metrics, quality = card["counts"], card["metrics"], card["score"] == QUALITY
    lines = [
        "# A quality model" if quality else f"# A model for safety.{card['score']}; good below means {card['score']}",
        "",
        f"Trained by `qingyuan train` on {card['labels']}: {counts['labels']:,} labels of {counts['texts']:,} texts.",
        f"{counts['good']:,} are good, {counts['bad']:,} bad, {counts['undecided']:,} undecided and left out.",
        "",
        f"Split by a hash of the text: {counts['train']:,} train, {counts['calibrate']:,} calibrate and choose the",
        f"threshold, {counts['test']:,} are what the figures below are measured on.",
        "",
        f"AUC {metrics['auc']}, expected calibration error {metrics['calibration_error']} ({BINS} bins).",
        "",
        "| at_least | precision | 95 % | recall | 95 % | kept |",
        "|---|---|---|---|---|---|",
    ]
    for bound in (*card["thresholds"], card["proposed"]):
        mark = " (proposed)" if bound is card["proposed"] else ""
        lines.append(
            f"| {bound['at_least']:.2f}{mark} | {bound['precision']:.3f} | {_span(bound['precision_interval'])} | "
            f"{bound['recall']:.3f} | {_span(bound['recall_interval'])} | {bound['kept']:.3f} |"
        )
    proposed = (
        f"keeps {RECALL:.0%} of the good texts" if quality else f"finds {RECALL:.0%} of the {card['score']} texts"
    )
    lines += ["", f"Proposed: the highest that {proposed} of the calibration part.", ""]
    lines += ["```toml", usage(card, "path/of/this/folder"), "```", ""]
    lines.append("A probability holds for texts drawn as these labels were; on others only the order means something.")
    return "\n".join(lines) + "\n"


def _span(interval: Sequence[float]) -> str:
    return f"{interval[0]:.3f}-{interval[1]:.3f}"


def usage(card: dict[str, Any], model: str) -> str:
    """Return the lines by which a recipe uses the model."""
    score, bound = card["score"], card["proposed"]["at_least"]
    if score != QUALITY:
        return "\n".join([
            "[filters.safety]",
            f"models = {{ {score} = {orjson.dumps(model).decode()} }}  # relative to the recipe",
            f'digests = {{ {score} = "{card["digest"]}" }}',
            "",
            "[[rules]]",
            f'reason = "{score}"',
            f'attribute = "safety.{score}"',
            f"at_most = {bound:g}",
            'missing = "pass"',
            'action = "review"',
        ])  # fmt: skip
    return "\n".join([
        "[filters.quality]",
        f"model = {orjson.dumps(model).decode()}  # relative to the recipe",
        f'digest = "{card["digest"]}"',
        "",
        "[[rules]]",
        'reason = "low_quality"',
        'attribute = "quality.score"',
        f"at_least = {bound:g}",
    ])  # fmt: skip
