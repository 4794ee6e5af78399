"""What a copy of a text can look like on the web, and how alike two texts are by the rule the copies are claimed by."""

import random
import unicodedata
from functools import cache

import opencc
from identifier import WIDE

_TO_TRADITIONAL = opencc.OpenCC("s2t")
_TO_SIMPLIFIED = opencc.OpenCC("t2s")

COMMON = (
    "的一是了不在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方"
    "多经么去"
)
"""Frequent characters, which typing errors leave in a text."""


@cache
def _simplified(char: str) -> str:
    return str(_TO_SIMPLIFIED.convert(char))


def fold(text: str) -> str:
    """Return NFKC in lower case without white space, each Traditional character by its Simplified one."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(_simplified(char) for char in plain if not char.isspace())


def jaccard(first: str, second: str) -> float:
    """Return the similarity of the sets of character 5-grams of the folded texts."""
    one, other = (_grams(fold(text)) for text in (first, second))
    return len(one & other) / max(1, len(one | other))


def _grams(text: str) -> set[str]:
    return {text[i : i + 5] for i in range(len(text) - 4)}


def widened(text: str) -> str:
    """Return the text with full-width letters, digits and signs: of the same length, the same when folded."""
    return text.translate(WIDE)


def spaced(text: str) -> str:
    """Return the text with indented paragraphs and a blank after each stop: longer, the same when folded."""
    marked = "".join(f"{char} " if char in "，。；：！？" else char for char in text)
    return "\n".join(f"\u3000\u3000{line.strip()}" for line in marked.split("\n"))


def shouted(text: str) -> str:
    """Return the text with Latin letters in upper case and digits in full width: of the same length."""
    return "".join(c.translate(WIDE) if c.isdigit() and c.isascii() else c.upper() if c.isascii() else c for c in text)


def edited(rng: random.Random, text: str) -> str:
    """Return the text with 1 % of its characters, at least three, replaced: Han by other Han."""
    chars = list(text)
    places = [place for place, char in enumerate(chars) if "\u4e00" <= char <= "\u9fff"]
    for place in rng.sample(places, max(3, len(text) // 100)):
        chars[place] = rng.choice([char for char in COMMON if char != chars[place]])
    return "".join(chars)


def traditional(text: str) -> str:
    """Return the text in Traditional characters; those planted come back exactly by a table of single characters."""
    return str(_TO_TRADITIONAL.convert(text))


def excerpt(text: str) -> str:
    """Return whole sentences from the beginning, at most 110 characters and at least one sentence's first part."""
    end = max(text.rfind(stop, 0, 110) for stop in "。！？；，")
    return text[: end + 1].replace("\n", "")


def misread(text: str) -> str:
    """Return what UTF-8 looks like when it is read as GBK, as far as GBK can show it."""
    return text.encode().decode("gbk", "replace")


def riddled(text: str) -> str:
    """Return the text with every fourth character lost to U+FFFD."""
    return "".join("\ufffd" if place % 4 == 3 else char for place, char in enumerate(text))


def private(text: str) -> str:
    """Return the text with every fifth character in the private use area, as from a font of someone's own."""
    return "".join(chr(0xE000 + ord(c) % 0x1000) if place % 5 == 4 else c for place, c in enumerate(text))


def stuttered(text: str) -> str:
    """Return the second paragraph twelve times over."""
    return "\n".join([text.split("\n")[1]] * 12)
