"""Lines that belong to a page and not to its text: menus, "show more", share bars, registration numbers, and so on.

A line is boilerplate by what stands on it alone, or as one of several lines next to each other that hold nothing but
words of menus. So cutting such lines makes no others into boilerplate.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from filters.characters import UNICODE_VERSION
from filters.contract import attribute
from filters.fold import FOLD_VERSION
from filters.matching import MATCHING_VERSION, match_lines
from filters.phrases import KINDS, boilerplate_phrases, phrases_digest
from filters.script import share
from filters.texts import Texts

BOILERPLATE_VERSION = f"{MATCHING_VERSION}/{phrases_digest()}/unicode-{UNICODE_VERSION}/fold-{FOLD_VERSION}"

MEANINGS = {
    "navigation": "lines of menus, of where the reader is, and of what comes before and behind",
    "expand": "lines such as 展开全文, 阅读原文",
    "share": "lines such as 分享到 微信 微博",
    "registration": "lines with the numbers that a site must show (ICP备, 公网安备, licences)",
    "copyright": "lines that say whose a page is and who may copy it",
    "advertising": "lines such as 扫码关注, 加微信 领取优惠券",
    "contact": "lines of telephone numbers and addresses",
}


def find_lines(text: str) -> list[tuple[int, int, str]]:
    """Find the boilerplate lines of one text: (start, end, kind) in code points, without the line feed."""
    found, _ = match_lines(Texts(pa.array([text], pa.large_string())), boilerplate_phrases())
    return [(start, end, KINDS[kind]) for _, start, end, kind, _ in found.tolist()]


def find_batch(texts: Texts) -> dict[int, list[tuple[int, int, str]]]:
    """Find the boilerplate lines of a batch: by number of the text as `find_lines`; texts without any are left out."""
    lines: dict[int, list[tuple[int, int, str]]] = {}
    for text, start, end, kind, _ in match_lines(texts, boilerplate_phrases())[0].tolist():
        lines.setdefault(text, []).append((start, end, KINDS[kind]))
    return lines


@dataclass(frozen=True, slots=True)
class Boilerplate:
    """How much of the text, as it is stored, is boilerplate: nothing, where the recipe has it cut."""

    version: ClassVar[str] = BOILERPLATE_VERSION
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("boilerplate.line_ratio", pa.float64(), "ratio", "boilerplate lines of all kinds / lines"),
        attribute("boilerplate.char_ratio", pa.float64(), "ratio", "characters in boilerplate lines / text characters"),
        *(attribute(f"boilerplate.{kind}_lines", pa.int64(), "lines", MEANINGS[kind]) for kind in KINDS),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        found, totals = match_lines(texts, boilerplate_phrases())
        text, _, _, kind, chars = found.T
        counts = np.zeros((len(texts), len(KINDS)), np.int64)
        np.add.at(counts, (text, kind), 1)
        covered = np.zeros(len(texts), np.int64)
        np.add.at(covered, text, chars)
        columns = [share(counts.sum(axis=1), totals[:, 0]), share(covered, totals[:, 1]), *counts.T]
        return pa.record_batch([pa.array(c, mask=texts.null) for c in columns], schema=self.schema)
