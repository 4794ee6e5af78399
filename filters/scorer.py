"""Trained scores: a model of single tokens and pairs with its calibration, checked by digest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filters.model import PairWeights, load_pair_weights, pair_logits
from filters.tokens import STYLE, Reading, Tokens, token_alphabet

CALIBRATION_FORMAT = 1
"""Format of calibration.json."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A trained model with its calibration."""

    weights: PairWeights
    reading: Reading
    """How it must be given texts."""
    calibration: tuple[tuple[float, float], ...]
    """Slope and intercept of each of the model's labels."""

    def __call__(self, tokens: Tokens) -> NDArray[np.float64]:
        """Return float64[texts, labels]: the calibrated probability of each label."""
        raw = pair_logits(self.weights, tokens.values, tokens.offsets)
        columns = [calibrated(raw[:, at], *line) for at, line in enumerate(self.calibration)]
        return np.stack(columns, axis=1)


def calibrated(raw: NDArray[np.float64], slope: float, intercept: float) -> NDArray[np.float64]:
    """Return the probability that Platt's calibration gives a raw logit: 1 / (1 + exp(-(slope * raw + intercept)))."""
    # Rounded, so that the last bit of an exponential, which differs between machines, decides nothing.
    return np.round(1 / (1 + np.exp(-np.clip(slope * raw + intercept, -40, 40))), 9)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What calibration.json says."""

    model: str
    """sha256 of model.bin."""
    lines: Mapping[str, tuple[float, float]]
    """Slope and intercept by label; of a model of one label under ""."""


def read_calibration(data: bytes, reading: Reading, where: str) -> Calibration:
    """Read calibration.json: format, tokens, model, and slope and intercept, or `labels` with the two of each.

    Raises:
        ValueError: it is something else, or made for other tokens than `reading`.
    """
    try:
        stored = json.loads(data)
        form, model = stored["format"], str(stored["model"])
        pairs = stored.get("labels") or {"": (stored["slope"], stored["intercept"])}
        lines = {label: (float(slope), float(intercept)) for label, (slope, intercept) in pairs.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{where} is no calibration of a model: {error!r}") from error
    if form != CALIBRATION_FORMAT or stored.get("tokens") != reading.format:
        raise ValueError(
            f"{where} is of format {form} for tokens {stored.get('tokens')}; format {CALIBRATION_FORMAT} for tokens "
            f"{reading.format} is needed: train the model again by `qingyuan train` for this score"
        )
    return Calibration(model, lines)


@cache
def load_scorer(model: str | None, digest: str, shipped: str = "quality", reading: Reading = STYLE) -> Scorer:
    """Load a model's folder once a process.

    Args:
        model: the folder; None for one that ships.
        digest: sha256 that its calibration.json must have.
        shipped: name of that one.
        reading: how the model must read.

    Raises:
        ValueError: a file is missing, or not the one that `digest` means.
    """
    with as_file(files("filters") / "models" / shipped) as own:
        folder = own if model is None else Path(model)
        path = folder / "calibration.json"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ValueError(f"no {shipped} model in {folder}: {path.name}: {error.strerror}") from error
        found = sha256(data).hexdigest()
        if found != digest:
            raise ValueError(f"{path} has the digest {found}, not {digest or 'any that was named'}")
        stored = read_calibration(data, reading, str(path))
        weights = load_pair_weights(folder / "model.bin", stored.model, token_alphabet(reading))
    labels = ("",) if len(weights.labels) == 1 else weights.labels
    if set(labels) != set(stored.lines):
        raise ValueError(f"{path} calibrates {sorted(stored.lines)}, but its model knows {sorted(weights.labels)}")
    return Scorer(weights, reading, tuple(stored.lines[label] for label in labels))
