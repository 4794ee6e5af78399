"""A trained quality score: how much a text looks like well-formed writing and not like rubbish."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from filters.contract import attribute
from filters.scorer import load_scorer
from filters.texts import Texts
from filters.tokens import STYLE, tokenise

SHIPPED_DIGEST = "33daf4c9e3b04091d32e444e906bb0af073a447aa7bf1012a94edd54403aa1e0"
"""sha256 of the shipped models/quality/calibration.json, which holds that of its model.bin."""


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
        return f"1/{STYLE.version}/{self.digest[:16]}"

    def open(self) -> None:
        """Load the model now; ValueError if it is not the one that is meant."""
        load_scorer(self.model, self.digest)

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        tokens = tokenise(texts.code_points, texts.offsets)
        silent = texts.null | (np.diff(tokens.offsets) == 0)
        scores = load_scorer(self.model, self.digest)(tokens)[:, 0]
        return pa.record_batch([pa.array(scores, pa.float64(), mask=silent)], schema=self.schema)
