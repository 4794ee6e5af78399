"""Counting the tokens of a model's tokenizer, where the operator names one. Door to `tokenizers`, which is optional."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import RecipeError


@dataclass(frozen=True)
class Counter:
    """Counts tokens by one tokenizer."""

    name: str
    """What it is called in statistics: its file, and what the file contains."""
    tokenizer: Any

    def count(self, texts: pa.Array) -> NDArray[np.int64]:
        """int64[texts]: tokens of each, without those that mark its beginning and end."""
        found = self.tokenizer.encode_batch(texts.to_pylist(), add_special_tokens=False)
        return np.array([len(one.ids) for one in found], np.int64)


def load_tokenizer(path: Path) -> Counter:
    """Read a `tokenizer.json`.

    Raises:
        RecipeError: the file is none, or the library is not there.
    """
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 - not among what Qingyuan needs
    except ImportError:
        raise RecipeError("--tokenizer needs the library `tokenizers`: pip install tokenizers") from None
    try:
        content = path.read_bytes()
        tokenizer = Tokenizer.from_buffer(content)
    except Exception as error:  # the library raises nothing narrower
        raise RecipeError(f"--tokenizer {path}: cannot be read: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Counter(f"{path.name}, sha256 {sha256(content).hexdigest()}", tokenizer)
