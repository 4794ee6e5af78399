"""How likely a string is as Chinese text: what tells the right encoding from the wrong ones."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filters.frequency import character_log_frequency

HAN_SHARE = 0.8
"""Of the characters of Chinese text, roughly: the rest is punctuation, digits, Latin."""

RAREST_HAN = -13.0
"""Nats, for all Han characters that the dictionary has seldom or never: a name may hold one."""

CANTONESE = "嘅喺啲咗冇佢哋嚟唔係嗰咁諗攞睇畀俾啱嘢瞓嗌揾搵乜唞噉冚咩喎啩㗎噃嗮晒仲咪"
CANTONESE_LOG = -7.5
"""Nats: ordinary words of Cantonese, which a Mandarin dictionary does not know."""

# [start, end), nats. Orders of magnitude, from what Chinese pages hold; only the differences matter, and a wrong
# encoding misses by five nats a character.
RANGES = (
    (0x0000, 0x0020, -16.0),  # control characters
    (0x0009, 0x000E, -4.0),  # tab and line ends
    (0x000D, 0x000E, -4.0),
    (0x0020, 0x007F, -5.0),  # ASCII
    (0x007F, 0x00A0, -18.0),  # delete and C1 controls: never in text
    (0x00A0, 0x0250, -12.0),  # Latin with diacritics
    (0x00B7, 0x00B8, -7.0),  # middle dot, as in 卡尔·马克思
    (0x0370, 0x0530, -11.0),  # Greek and Cyrillic
    (0x2010, 0x2040, -7.0),  # dashes, curly quotation marks, ellipsis
    (0x2100, 0x27C0, -10.0),  # symbols, circled digits, box drawing
    (0x3000, 0x3040, -6.0),  # CJK punctuation
    (0x3040, 0x3130, -10.5),  # kana, bopomofo
    (0x3200, 0x3400, -11.0),
    (0xAC00, 0xD7A4, -13.0),  # hangul
    (0xE000, 0xF900, -18.0),  # private use
    (0xFF01, 0xFF5F, -6.5),  # full-width forms
    (0xFFFD, 0xFFFE, -25.0),  # what stands for a byte that is no text
    (0x1F300, 0x1FB00, -10.0),  # emoji
)
OTHER = -14.0

COMMON = (("，。、", -3.5), ("　：；（）《》“”？！", -5.5))

SIGNS = ((0x00A0, 0x00C0), (0x2010, 0x2070), (0x2100, 0x2800), (0x3000, 0x3040), (0xFF01, 0xFF5F), (0x1F300, 0x1FB00))
"""Punctuation and symbols beyond ASCII: no evidence for or against Chinese (a table may be drawn with box lines)."""

LEAST_MEAN = -9.5
"""Nats a letter beyond ASCII below which a long text is not Chinese. Of 400 characters of real texts the mean is -7 to
-8.3, and -9.3 at worst but for an ancient dictionary of rare characters (-9 to -10.9); EUC-JP read as GB18030 has
-10.2, EUC-KR -10.3, Thai -10.9, Cyrillic and Shift-JIS less."""

LENIENCE = 6.0
"""Nats by which the mean of few letters may miss LEAST_MEAN, divided by root n: one of them may be a rare one."""


CERTAIN_MEAN = -8.3
"""Nats a letter that a wrong encoding never reaches (see above), and 19 of 20 samples of 50 characters do."""
CERTAIN_LETTERS = 24


@cache
def _table() -> NDArray[np.float32]:
    frequency = character_log_frequency()
    table = np.full(len(frequency), OTHER, dtype=np.float32)
    for start, end, value in RANGES:
        table[start:end] = value
    for start, end in ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x32400)):
        table[start:end] = np.maximum(frequency[start:end] + np.float32(np.log(HAN_SHARE)), RAREST_HAN)
    for characters, value in (*COMMON, (CANTONESE, CANTONESE_LOG)):
        for character in characters:
            table[ord(character)] = value
    return table


@cache
def _is_letter() -> NDArray[np.bool_]:
    letter = np.ones(0x110000, dtype=np.bool_)
    for start, end in ((0x00, 0x80), (0xFFFD, 0xFFFE), *SIGNS):  # bad bytes are counted elsewhere
        letter[start:end] = False
    return letter


class Likelihood(NamedTuple):
    """How likely a string is as Chinese text."""

    total: float
    """Sum over all characters, in nats."""
    plausible: bool
    """Its letters beyond ASCII are common enough to be Chinese."""
    certain: bool
    """They are so many, and so common, that no other encoding needs to be tried."""


def likelihood(text: str) -> Likelihood:
    """Score a string by the frequency of each of its characters; U+FFFD stands for bytes that are no text."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    values = _table()[points]
    letters = values[_is_letter()[points]]
    total = float(values.sum(dtype=np.float64))
    count = len(letters)
    if not count:
        return Likelihood(total, plausible=True, certain=False)
    mean = float(letters.sum(dtype=np.float64)) / count
    return Likelihood(
        total, mean >= LEAST_MEAN - LENIENCE / count**0.5, count >= CERTAIN_LETTERS and mean >= CERTAIN_MEAN
    )
