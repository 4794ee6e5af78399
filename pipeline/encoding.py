"""Which encodings bytes may be in: by their marks, their patterns, and how Chinese they make them."""

import codecs
import re
from collections.abc import Iterator

import numpy as np

from pipeline.likelihood import Likelihood, likelihood

BAD_SHARE = 0.005
"""Bytes that are no text, of all bytes, up to which a text is repaired: a few damaged characters in a page. Beyond
it the guess of the encoding is what is wrong, or the file is no text."""

WINDOW = 1_024
"""Bytes by which candidates are compared, from the first byte beyond ASCII: 50 characters decide 1,000 of 1,000."""

UTF8_KINDS = tuple(bytes(range(*span)) for span in ((0x80, 0xC0), (0xC2, 0xE0), (0xE0, 0xF0), (0xF0, 0xF5)))
"""Bytes of UTF-8 beyond ASCII: continuations, then leads that ask for one, two and three of them."""

MOST_BAD = 32.0
"""Bad bytes in a window for which UTF-8 is still tried: in long texts they may cluster."""

HINT_BONUS = 6.0
"""Nats by which the file's encoding is preferred: about one character's evidence, so it settles ties only."""

VALID_BONUS = 10.0
"""Nats for being valid UTF-8, where that is weak evidence: 一些 in GB18030 is also two Cyrillic letters in UTF-8."""

UTF16_SHARE = 0.5
"""Of the code units read one way round, the share whose upper byte is that of ASCII, CJK punctuation, Han or full
width: above 0.9 in Chinese UTF-16, about 0.3 in GB18030 or Big5. The likelihood decides among those above."""

CODECS = {
    "utf-8": "utf-8",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16",
    "utf-32-le": "utf-32",
    "utf-32-be": "utf-32",
    "gb18030": "gb18030",
    "big5hkscs": "big5-hkscs",
}
"""Python's codec to the name that records carry."""

WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs"}
"""What a label says to the superset that is used for it: pages labelled gb2312 hold GBK."""

# UTF-32 before UTF-16: the mark of UTF-32-LE begins with that of UTF-16-LE.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def codec_of(label: str) -> str | None:
    """Python's codec for a label (`GB2312` gives gb18030, `Big5` big5hkscs); None where nobody knows the label."""
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return None
    return WIDER.get(name, name)


def ranked_codecs(data: bytes, hint: str | None) -> Iterator[str]:
    """Yield codecs that make the bytes Chinese, the likeliest first.

    One that makes them Chinese beyond doubt comes at once, before others are tried; it comes again with them.

    Args:
        data: a record; what is not UTF-8, or is so by accident.
        hint: codec that settles ties.
    """
    start = 0
    if len(data) > WINDOW:
        high = re.search(rb"[\x80-\xff]", data)
        start = min(high.start(), len(data) - WINDOW) if high else 0
    window = data[start : start + WINDOW]
    known: dict[str, Likelihood] = {}
    for codec in ("big5hkscs", "gb18030") if hint == "big5hkscs" else ("gb18030", "big5hkscs"):
        known[codec] = likelihood(window.decode(codec, "replace"))
        if known[codec].certain:
            yield codec
    if _is_nearly_utf8(window, BAD_SHARE * len(data)):
        # Valid multi-byte sequences are proof enough, whatever they say; who decodes counts the bad ones.
        known["utf-8"] = likelihood(window.decode("utf-8", "replace"))._replace(plausible=True)
    for codec in _wide(data[:WINDOW]):
        # UTF-16 has no bytes by which to find where a unit begins, so it is sampled from the record's beginning.
        known[codec] = likelihood(data[:WINDOW].decode(codec, "replace"))
    bonus = {"utf-8": VALID_BONUS}
    if hint is not None:
        bonus[hint] = bonus.get(hint, 0.0) + HINT_BONUS
    plausible = [codec for codec, found in known.items() if found.plausible]
    yield from sorted(plausible, key=lambda codec: -known[codec].total - bonus.get(codec, 0.0))


def _is_nearly_utf8(window: bytes, bad: float) -> bool:
    """Whether there are about as many continuation bytes as lead bytes ask for; saves decoding what is all errors.

    A bad byte, or a sequence cut off at either end of the window, puts the balance out by three at most.
    """
    counts = [len(window) - len(window.translate(None, lead)) for lead in UTF8_KINDS]
    continuations, *leads = counts
    asked = sum(length * count for length, count in enumerate(leads, start=1))
    return abs(continuations - asked) <= 3 * (2 + min(bad, MOST_BAD))


def _wide(sample: bytes) -> list[str]:
    """UTF-16 one way round or the other, where upper bytes look like it."""
    found = []
    for first, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        upper = np.frombuffer(sample, dtype=np.uint8)[first::2]
        likely = (upper == 0) | (upper == 0x30) | (upper == 0xFF) | ((upper >= 0x4E) & (upper <= 0x9F))  # noqa: PLR2004 - see UTF16_SHARE
        if np.count_nonzero(likely) > UTF16_SHARE * len(upper):
            found.append(codec)
    return found
