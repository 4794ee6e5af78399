"""The door to OpenCC: Traditional, Simplified and variant characters as tables of one character to one."""

from functools import cache
from importlib.metadata import version

import numpy as np
import opencc
from numpy.typing import NDArray

VARIANTS_VERSION = f"opencc-{version('opencc')}"
"""Changes whenever a table here could: part of whatever is derived from them."""

CODE_POINTS = 0x110000

HAN_BLOCKS = ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x32400))
"""[start, end) of the CJK ideographs, compatibility ones included; what is unassigned in them converts to itself."""

COMPATIBILITY_BLOCKS = ((0xF900, 0xFB00), (0x2F800, 0x2FA20))
"""Duplicates of other characters (U+F981 is 女): a mapping there says nothing about the script of a text."""

SIMPLIFIED_TOO = "著么"
"""Characters that OpenCC's regional tables change but that Simplified text needs as they are: 著作, 什么."""

NAMES_ONLY = "後於"
"""In GB2312 for surnames alone: in running text they are as Traditional as characters come."""


@cache
def to_simplified_table() -> NDArray[np.uint32]:
    """Code point to code point: Traditional and variant Han characters to their Simplified form.

    Characters are converted alone, never by phrase: 乾 is always 干, 著 always stays. What OpenCC's t2s leaves alone
    is taken from the Hong Kong table, then from the Taiwan one (衞 to 卫, 簷 to 檐).

    Returns:
        uint32[0x110000], read-only; identity outside Han; idempotent: `table[table] == table`.
    """
    table: NDArray[np.uint32] = np.arange(CODE_POINTS, dtype=np.uint32)
    han = _code_points(HAN_BLOCKS)
    table[han] = _convert("t2s", han)
    # The regional tables differ from t2s only in the Basic Multilingual Plane, in about twenty characters.
    basic = _code_points(HAN_BLOCKS[:1])
    kept = np.isin(basic, _ordinals(SIMPLIFIED_TOO))
    for configuration in ("hk2s", "tw2s"):
        converted = _convert(configuration, basic)
        untouched = (table[basic] == basic) & ~kept
        table[basic[untouched]] = converted[untouched]
    while not np.array_equal(followed := table[table], table):
        table = followed
    table.flags.writeable = False
    return table


@cache
def hant_only() -> NDArray[np.bool_]:
    """Characters of Traditional text that Simplified text does not have, as bool[0x110000].

    A character that becomes another one when simplified, unless GB2312 has it too: 乾坤, 徵羽 and 摺扇 are Simplified.
    """
    table = to_simplified_table()
    changed = np.flatnonzero(table != np.arange(CODE_POINTS, dtype=np.uint32)).astype(np.uint32)
    chosen = changed[~_encodable(changed, "gb2312") | np.isin(changed, _ordinals(NAMES_ONLY))]
    return _members(np.setdiff1d(chosen, _code_points(COMPATIBILITY_BLOCKS)))


@cache
def hans_only() -> NDArray[np.bool_]:
    """Characters of Simplified text that Traditional text does not have, as bool[0x110000].

    A character that s2t changes, unless it is one of the frequently used of Big5 (level 1), such as 后 里 干 云: those
    are words of their own in Traditional text. What only Big5's rare level 2 has (价 优 体) counts as Simplified:
    on Taiwan's statutes (3.1 million characters) six characters are called Simplified that way.
    """
    han = _code_points(HAN_BLOCKS)
    changed = han[_convert("s2t", han) != han]
    chosen = changed[~_encodable(changed, "big5", last=BIG5_LEVEL_1_END) & ~hant_only()[changed]]
    return _members(np.setdiff1d(chosen, _code_points(COMPATIBILITY_BLOCKS)))


@cache
def japanese_only() -> NDArray[np.bool_]:
    """Characters that only Japanese text has, as bool[0x110000]: the forms of its reform (駅 円 図 経).

    What OpenCC's t2jp makes of a Traditional character, if neither GB2312 nor Big5 has it and t2s does not simplify it
    further (説 and 録 are variants that Chinese books print), and the common characters that were made in Japan.
    """
    han = _code_points(HAN_BLOCKS[:1])
    made = _convert("t2jp", han)
    chosen = np.union1d(made[made != han], _ordinals(MADE_IN_JAPAN))
    chosen = np.setdiff1d(chosen, _ordinals(PRINTED_IN_CHINA_TOO))
    chosen = chosen[~_encodable(chosen, "gb2312") & ~_encodable(chosen, "big5")]
    return _members(chosen[to_simplified_table()[chosen] == chosen])


MADE_IN_JAPAN = "込働峠畑辻匂枠搾栃凧凪杢枡笹榊畠"
PRINTED_IN_CHINA_TOO = "隠髪頼浄従寛揺徴薫隣歳毎"
"""Variants that editions of the classics have: each ten times or more in 2.3 million characters of them."""


BIG5_LEVEL_1_END = 0xC67E
"""Last code of the 5,401 frequently used characters of Big5."""


def _convert(configuration: str, characters: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Convert each character alone: a line each, so that no phrase of OpenCC's dictionaries can match."""
    lines = np.full((len(characters), 2), ord("\n"), dtype=np.uint32)
    lines[:, 0] = characters
    converted: str = opencc.OpenCC(configuration).convert(lines.tobytes().decode("utf-32-le"))
    answer = np.frombuffer(converted.encode("utf-32-le"), dtype=np.uint32)
    if len(answer) != lines.size or np.any(answer[1::2] != ord("\n")):
        raise ValueError(f"OpenCC's {configuration} turns a character into several: the tables need another version")
    return answer[::2]


def _code_points(blocks: tuple[tuple[int, int], ...]) -> NDArray[np.uint32]:
    return np.concatenate([np.arange(start, end, dtype=np.uint32) for start, end in blocks])


def _ordinals(characters: str) -> NDArray[np.uint32]:
    return np.array([ord(character) for character in characters], dtype=np.uint32)


def _encodable(characters: NDArray[np.uint32], encoding: str, last: int = 0xFFFF) -> NDArray[np.bool_]:
    """Whether a two-byte code set has the character, at or before the code `last`."""
    codes = (chr(character).encode(encoding, "ignore") for character in characters)
    return np.array([len(code) == 2 and int.from_bytes(code) <= last for code in codes], dtype=np.bool_)  # noqa: PLR2004 - two bytes a character


def _members(characters: NDArray[np.uint32]) -> NDArray[np.bool_]:
    table = np.zeros(CODE_POINTS, dtype=np.bool_)
    table[characters] = True
    table.flags.writeable = False
    return table
