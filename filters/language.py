"""Which language a text is in, and which written form of Chinese.

lid.176 is good at telling Latin-script languages apart and poor inside the Han script: it takes classical
Chinese for Japanese. So the scripts decide first (kana, Hangul and Han counts of the whole text are exact),
function characters decide between modern, Cantonese and classical Chinese, and fastText names the rest from a sample.
"""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.characters import CODE_POINTS, UNICODE_VERSION, Kind
from filters.contract import attribute
from filters.model import MODEL_VERSION, guess_language
from filters.script import count_kinds
from filters.texts import Texts
from filters.variants import VARIANTS_VERSION, hans_only, hant_only

# Function characters, counted per text. Written Cantonese has its own; classical Chinese lacks the modern ones.
CANTONESE = "嘅咗喺哋冇唔佢嚟啲咁嗰嘢攞諗乜嗌瞓嘥揾嘞喎咩"
CLASSICAL = "之其者也而於于乃矣焉哉曰夫兮弗豈岂吾汝爾尔耶歟欤"
MODERN = "的了是着們们這这那嗎吗呢吧她很都就在把被"

LETTERS_NEEDED = 1
"""A text without a single letter has no language: its attributes are null."""
HAN_SHARE = 0.3
"""Han / all letters from which a text is Chinese (0.3: the hard bound that ChineseWebText uses)."""
KANA_SHARE = 0.2
"""Kana / (kana + Han) from which it is Japanese: Japanese statutes hold 0.3, Chinese with quotations below 0.1."""
HANGUL_SHARE = 0.3
CANTONESE_SHARE = 0.02
"""Cantonese function characters / Han: written Cantonese holds 0.06 to 0.15, Mandarin below 0.001."""
CLASSICAL_SHARE = 0.04
CLASSICAL_LEAD = 3
"""Classical function characters must outnumber the modern ones by this factor."""

SAMPLE_WINDOWS, WINDOW_CHARS = 8, 64
"""What fastText sees: 8 windows of 64 characters spread over the text, so that cost does not grow with length."""


@cache
def _function_marks() -> NDArray[np.uint8]:
    marks = np.zeros(CODE_POINTS, np.uint8)
    for bit, characters in enumerate((CANTONESE, CLASSICAL, MODERN)):
        marks[[ord(char) for char in characters]] |= 1 << bit
    marks |= hans_only().astype(np.uint8) << 3
    marks |= hant_only().astype(np.uint8) << 4
    return marks


@njit(cache=True, nogil=True)
def _count_bits(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], marks: NDArray[np.uint8], bits: int
) -> NDArray[np.int64]:
    counts = np.zeros((len(offsets) - 1, bits), np.int64)
    for text in range(len(offsets) - 1):
        for i in range(offsets[text], offsets[text + 1]):
            mark = marks[values[i]]
            if mark:
                for bit in range(bits):
                    counts[text, bit] += mark >> bit & 1
    return counts


def sample(codes: NDArray[np.uint32]) -> str:
    """Return up to SAMPLE_WINDOWS × WINDOW_CHARS characters of a text, spread evenly over it."""
    size = SAMPLE_WINDOWS * WINDOW_CHARS
    if len(codes) > size:
        starts = np.linspace(0, len(codes) - WINDOW_CHARS, SAMPLE_WINDOWS).astype(np.int64)
        codes = codes[(starts[:, None] + np.arange(WINDOW_CHARS)).ravel()]
    return codes.astype("<u4", copy=False).tobytes().decode("utf-32-le")


_CHINESE_OF_LID = frozenset({"zh", "yue", "wuu", "lzh", "ja", ""})
"""What lid.176 answers for Han characters; where there are too few of them for Chinese, the text is mixed."""


@dataclass(frozen=True, slots=True)
class Language:
    """Language of each text by script counts, function characters and fastText's lid.176."""

    version: ClassVar[str] = f"1/{MODEL_VERSION}/unicode-{UNICODE_VERSION}/{VARIANTS_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute(
            "language.label", pa.string(), "label",
            "zh, yue (Cantonese), lzh (classical), ja, ko, mixed, or lid.176's ISO 639 code; null without any letter",
        ),
        attribute("language.lect", pa.string(), "label", "cmn_Hans, cmn_Hant, yue or lzh; null if not Chinese"),
        attribute("language.lid_label", pa.string(), "label", "what lid.176 alone says of a sample of the text"),
        attribute("language.lid_score", pa.float64(), "score", "lid.176's probability for its label"),
        attribute("language.lid_margin", pa.float64(), "score", "that probability - the runner-up's"),
        attribute(
            "language.han_letter_ratio", pa.float64(), "ratio",
            "Han characters / letters of all scripts (Han, kana, Hangul and Latin among them)",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        counts = count_kinds(texts.kinds, texts.offsets, len(Kind))
        marks = _count_bits(texts.code_points, texts.offsets, _function_marks(), 5)
        ends = zip(texts.offsets, texts.offsets[1:], strict=False)
        guesses = guess_language([sample(texts.code_points[start:end]) for start, end in ends])
        letters = counts[:, [Kind.HAN, Kind.LATIN, Kind.KANA, Kind.HANGUL, Kind.LETTER]].sum(axis=1)
        silent = texts.null | (letters < LETTERS_NEEDED)
        labels = [
            _label(row, int(total), mark, guess)
            for row, total, mark, guess in zip(counts, letters, marks.tolist(), guesses.labels, strict=True)
        ]
        lects = [_lect(label, mark) for label, mark in zip(labels, marks.tolist(), strict=True)]
        margin = np.maximum(guesses.scores - guesses.runner_up_scores, 0.0)
        columns = [
            pa.array(labels, pa.string(), mask=silent),
            pa.array(lects, pa.string(), mask=silent | np.array([lect is None for lect in lects], bool)),
            pa.array(guesses.labels, pa.string(), mask=silent),
            pa.array(guesses.scores, pa.float64(), mask=silent),
            pa.array(margin, pa.float64(), mask=silent),
            pa.array(counts[:, Kind.HAN] / np.maximum(letters, 1), pa.float64(), mask=silent),
        ]
        return pa.record_batch(columns, schema=self.schema)


def _label(counts: NDArray[np.int64], letters: int, marks: list[int], guess: str) -> str:
    """Name the language of one text from its kind counts, its function characters and fastText's guess."""
    han, kana, hangul = int(counts[Kind.HAN]), int(counts[Kind.KANA]), int(counts[Kind.HANGUL])
    if hangul >= HANGUL_SHARE * letters and hangul >= han:
        return "ko"
    if kana + han >= HAN_SHARE * letters and kana >= KANA_SHARE * (kana + han):
        return "ja"
    if han < HAN_SHARE * letters:
        return "mixed" if guess in _CHINESE_OF_LID else guess
    cantonese, classical, modern = marks[:3]
    if cantonese >= CANTONESE_SHARE * han and cantonese > 1:
        return "yue"
    if classical >= CLASSICAL_SHARE * han and classical >= CLASSICAL_LEAD * modern and classical > 1:
        return "lzh"
    return "zh"


def _lect(label: str, marks: list[int]) -> str | None:
    """Tell Simplified from Traditional Mandarin by the characters that only one of them uses."""
    if label != "zh":
        return label if label in {"yue", "lzh"} else None
    return "cmn_Hant" if marks[4] > marks[3] else "cmn_Hans"
