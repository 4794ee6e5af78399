"""A trained quality score: how much a text looks like well-formed writing and not like rubbish."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.contract import attribute
from filters.model import PairWeights, load_pair_weights, pair_logits
from filters.texts import Texts
from filters.tokens import TOKENS_FORMAT, TOKENS_VERSION, Tokens, token_alphabet, tokenise

SHIPPED_DIGEST = "33daf4c9e3b04091d32e444e906bb0af073a447aa7bf1012a94edd54403aa1e0"
"""sha256 of the shipped models/quality/calibration.json, which holds that of its model.bin."""

CALIBRATION_FORMAT = 1
"""Format of calibration.json."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A trained model with its calibration."""

    weights: PairWeights
    slope: float
    intercept: float

    def __call__(self, tokens: Tokens) -> NDArray[np.float64]:
        """Return float64[texts]: the calibrated probability that a text is good."""
        raw = pair_logits(self.weights, tokens.values, tokens.offsets)
        return calibrated(raw, self.slope, self.intercept)


def calibrated(raw: NDArray[np.float64], slope: float, intercept: float) -> NDArray[np.float64]:
    """Return the probability that Platt's calibration gives a raw logit: 1 / (1 + exp(-(slope * raw + intercept)))."""
    # Rounded, so that the last bit of an exponential, which differs between machines, decides nothing.
    return np.round(1 / (1 + np.exp(-np.clip(slope * raw + intercept, -40, 40))), 9)


def read_calibration(data: bytes, where: str) -> Mapping[str, Any]:
    """Read calibration.json: format, tokens, model (sha256), slope, intercept, seed.

    Raises:
        ValueError: it is something else, or made for other tokens than these.
    """
    try:
        stored = json.loads(data)
        known = stored["format"], float(stored["slope"]), float(stored["intercept"]), str(stored["model"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{where} is no calibration of a quality model: {error!r}") from error
    if known[0] != CALIBRATION_FORMAT or stored.get("tokens") != TOKENS_FORMAT:
        raise ValueError(
            f"{where} is of format {known[0]} for tokens {stored.get('tokens')}; this version reads format "
            f"{CALIBRATION_FORMAT} for tokens {TOKENS_FORMAT}: train the model again by `qingyuan train`"
        )
    calibration: Mapping[str, Any] = stored
    return calibration


@cache
def load_scorer(model: str | None, digest: str) -> Scorer:
    """Load a model's folder once a process.

    Raises:
        ValueError: a file is missing, or not the one that `digest` means.
    """
    with as_file(files("filters") / "models" / "quality") as shipped:
        folder = shipped if model is None else Path(model)
        path = folder / "calibration.json"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ValueError(f"no quality model in {folder}: {path.name}: {error.strerror}") from error
        found = sha256(data).hexdigest()
        if found != digest:
            raise ValueError(f"{path} has the digest {found}, not {digest or 'any that was named'}")
        stored = read_calibration(data, str(path))
        weights = load_pair_weights(folder / "model.bin", stored["model"], token_alphabet())
    return Scorer(weights, stored["slope"], stored["intercept"])


@dataclass(frozen=True)
class TrainedQuality:
    """A fastText classifier over frequent characters and their pairs, read from a sample spread over the text."""

    model: str | None = field(default=None, metadata={"path": True})
    """Folder that `qingyuan train` wrote; the shipped model if none is named."""
    digest: str = SHIPPED_DIGEST
    """sha256 of the folder's calibration.json, as `qingyuan train` prints it; needed beside `model`."""

    schema: ClassVar[pa.Schema] = pa.schema([
        attribute(
            "quality.score", pa.float64(), "score",
            "calibrated probability of well-formed text, by a trained classifier; null without any character",
        ),
    ])  # fmt: skip

    def __post_init__(self) -> None:
        if not isinstance(self.digest, str) or not isinstance(self.model, str | None):
            raise TypeError("model and digest are strings")
        if (self.model is None) != (self.digest == SHIPPED_DIGEST):
            raise ValueError("a model of one's own needs both model, its folder, and digest, as `qingyuan train` says")

    @property
    def version(self) -> str:
        """Version of the measurement: of the tokens, and which model reads them."""
        return f"1/{TOKENS_VERSION}/{self.digest[:16]}"

    def open(self) -> None:
        """Load the model now; ValueError if it is not the one that is meant."""
        load_scorer(self.model, self.digest)

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        tokens = tokenise(texts.code_points, texts.offsets)
        silent = texts.null | (np.diff(tokens.offsets) == 0)
        scores = load_scorer(self.model, self.digest)(tokens)
        return pa.record_batch([pa.array(scores, pa.float64(), mask=silent)], schema=self.schema)
