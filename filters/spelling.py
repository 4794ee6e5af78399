"""What terms and texts are reduced to, so that one pass finds a term in any width, case and script, and disguised.

Every code point becomes a character of a skeleton, something to skip, or a break that no term reaches across.
Characters that look alike share one skeleton character (0, O and Cyrillic О; 1, l and 一; 6 and 六), so a hit is
compared with the term afterwards, and that comparison says by which channels it was found.
"""

import unicodedata
from functools import cache
from importlib.resources import files

import numpy as np
import xxhash
from numpy.typing import NDArray

from filters.characters import CODE_POINTS, Kind, kind_table
from filters.fold import FOLD_VERSION, plain_table
from filters.term_search import BLANK, BREAK, INVISIBLE, LINE, SYMBOL

SYLLABLE = 0x200000
"""Added to the number of a syllable where characters are compared by their sound."""

SENTENCE_MARKS = '。！？；，、：…‥!?;,:"“”‘’『』「」《》〈〉()（）'
"""No term reaches across these; NFKC makes the full-width ones half-width. Square brackets and dashes are symbols."""

LOOK_ALIKE = (
    "0oОΟ〇零", "1liІΙ一壹", "2二贰", "3eЕ三叁", "4aАΑ四肆", "5sЅ五伍", "6六陆", "7七柒", "8八捌", "9九玖",
    "bВЬ", "cС", "hНһ", "jЈ", "kКΚ", "mМΜ", "nΝ", "pРΡ", "tТΤ", "vѵ", "xХΧ", "yУΥ", "zΖ", "十拾",
)  # fmt: skip
"""Written for this project: capital and small letters of Latin, Cyrillic and Greek whose glyphs are the same, digits
that stand for letters, the two ways to write a numeral. Each group is one skeleton character, named by its first."""

_PINYIN = (files("filters.lexicons") / "pinyin.txt").read_text("utf-8")
_NAMED = (
    "NEGATIVE CIRCLED ", "NEGATIVE SQUARED ", "SQUARED ", "REGIONAL INDICATOR SYMBOL ", "DOUBLE CIRCLED ",
    "DINGBAT NEGATIVE CIRCLED ", "DINGBAT CIRCLED SANS-SERIF ", "DINGBAT NEGATIVE CIRCLED SANS-SERIF ",
)  # fmt: skip
_NAMED_BLOCKS = ((0x2460, 0x2500), (0x2776, 0x2794), (0x1F100, 0x1F200))
_DIGITS = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")

SPELLING_VERSION = (
    f"1/{xxhash.xxh3_64_hexdigest((_PINYIN + SENTENCE_MARKS + ''.join(LOOK_ALIKE)).encode())}/fold-{FOLD_VERSION}"
)


def _enclosed() -> dict[int, int]:
    """Letters and digits in circles and squares that NFKC leaves alone, by their names: 🅰, 🇦, ❶."""
    found = {}
    for first, last in _NAMED_BLOCKS:
        for code in range(first, last):
            name = unicodedata.name(chr(code), "")
            prefix = max((p for p in _NAMED if name.startswith(p)), key=len, default=None)
            if prefix is not None:
                what = name.removeprefix(prefix).removeprefix("LATIN CAPITAL LETTER ").removeprefix("DIGIT ")
                if len(what) == 1:
                    found[code] = ord(what.lower())
                elif what in _DIGITS:
                    found[code] = ord("0") + _DIGITS.index(what)
    return found


@cache
def letters() -> NDArray[np.uint32]:
    """uint32[CODE_POINTS]: each character folded (width, case, Simplified), letters without accents and circles."""
    table = plain_table().copy()
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        first = unicodedata.normalize("NFD", chr(int(table[code])))[0].lower()
        if first.isascii() and first.isalpha():
            table[code] = ord(first)
    for code, letter in _enclosed().items():
        table[code] = letter
    table.setflags(write=False)
    return table


@cache
def skeletons() -> NDArray[np.uint32]:
    """uint32[CODE_POINTS]: the skeleton character of each code point, or what it is instead."""
    folded = letters()
    alike = np.arange(CODE_POINTS, dtype=np.uint32)
    for group in LOOK_ALIKE:
        alike[folded[[ord(char) for char in group]]] = ord(group[0])
    table = alike[folded]
    kinds = kind_table()[folded]
    for kind, becomes in (
        (Kind.SPACE, BLANK), (Kind.PUNCTUATION, SYMBOL), (Kind.SYMBOL, SYMBOL), (Kind.BROKEN, SYMBOL),
        (Kind.MARK, INVISIBLE), (Kind.CONTROL, INVISIBLE),
    ):  # fmt: skip
        table[kinds == kind] = becomes
    table[np.isin(folded, [ord(char) for char in SENTENCE_MARKS])] = BREAK
    table[[0x0A, 0x0D, 0x85, 0x2028, 0x2029]] = LINE
    table.setflags(write=False)
    return table


@cache
def syllables() -> dict[str, str]:
    """Return the commonest reading of each character of GB 2312, without its tone."""
    rows = (line.split() for line in _PINYIN.splitlines() if line[0] != "#")
    return {char: syllable for syllable, chars in rows for char in chars}


@cache
def sounds() -> NDArray[np.uint32]:
    """uint32[CODE_POINTS]: as `skeletons`, but Han characters with a known reading become their syllable."""
    readings = syllables()
    number = {syllable: SYLLABLE + row for row, syllable in enumerate(sorted(set(readings.values())))}
    by_character = np.zeros(CODE_POINTS, np.uint32)
    for char, syllable in readings.items():
        by_character[ord(char)] = number[syllable]
    heard = by_character[letters()]
    table = np.where(heard > 0, heard, skeletons())
    table.setflags(write=False)
    return table
