"""A person's identifier in texts: in whatever spelling, by the filter's spans, by its characters, by its pseudonym.

The identifier is never written anywhere: a request is known by the salted hash of its plain form.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.personal import find_personal
from filters.personal_lexicon import categories
from filters.personal_tables import HAN_DIGITS
from filters.texts import Texts
from pipeline.disposition import KEY, read_key, replacement
from pipeline.errors import RecipeError
from pipeline.salt import salted

LEAST_CHARS = 5
"""Letters and digits of an identifier that is looked for: fewer stand everywhere."""
LEAST_HAN = 2
"""Characters of a Chinese name."""

_DIGITS = str.maketrans({han: str(digit) for han, digit in HAN_DIGITS.items()})
_BETWEEN = r"[^0-9a-z㐀-鿿\U00020000-\U0003ffff␞]{0,3}"
"""What may stand between two characters of an identifier: dashes, dots, brackets; white space is folded away."""
_COUNTRY = re.compile(r"^(?:00)?86(?=1[3-9]\d{9}$)")
_LEAST_DIGITS = 5
"""From which a string with so many digits is a number, in which Chinese numerals are digits."""
FIELD_END = "␞"
"""Between the text, the URL and the fields of a document: nothing goes on across it."""


def _folded(value: str) -> str:
    codes = Texts(pa.array([value], pa.large_string())).folded.values
    return codes.astype("<u4", copy=False).tobytes().decode("utf-32-le")


def _is_number(plain: str) -> bool:
    return sum(char.isascii() and char.isdigit() for char in plain) >= _LEAST_DIGITS


def plain_form(value: str) -> str:
    """Return an identifier as all its spellings read: folded, letters and digits alone, no country code of a mobile."""
    folded = _folded(value)
    spelt = folded.translate(_DIGITS)
    plain = "".join(char for char in spelt if char.isalnum())
    if not _is_number(plain):
        return "".join(char for char in folded if char.isalnum())
    return _COUNTRY.sub("", plain)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whoever is known by an identifier; it is shown in no output of ours, nor when this is printed."""

    plain: str = field(repr=False)

    @classmethod
    def of(cls, value: str) -> "Subject":
        """Read an identifier.

        Raises:
            RecipeError: it is too short to tell one person from others.
        """
        plain = plain_form(value)
        if len(plain) < (LEAST_CHARS if plain.isascii() else LEAST_HAN):
            raise RecipeError(
                f"the subject key has {len(plain)} letters and digits: at least {LEAST_CHARS} are needed "
                f"({LEAST_HAN} of a Chinese name), or it would take everything out"
            )
        return cls(plain)

    def token(self, salt: bytes) -> str:
        """Return what the request is known by."""
        return salted(salt, "subject", self.plain)

    def pattern(self) -> re.Pattern[str]:
        """Return what finds it in folded text in which, for a number, Chinese numerals are digits."""
        inside = _BETWEEN.join(map(re.escape, self.plain))
        before = r"(?<![0-9])(?:(?:\+|00)?86" + _BETWEEN + ")?" if self.plain[0].isdigit() else ""
        if self.plain[0].isascii() and self.plain[0].isalpha():
            before = r"(?<![a-z0-9])"
        behind = r"(?![0-9a-z])" if self.plain[-1].isascii() else ""
        return re.compile(before + inside + behind)

    def in_folded(self, values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which folded texts hold it: bool[texts]."""
        found = np.zeros(len(offsets) - 1, np.bool_)
        whole = values.astype("<u4", copy=False).tobytes().decode("utf-32-le")
        if _is_number(self.plain):
            whole = whole.translate(_DIGITS)
        pattern, at = self.pattern(), 0
        while (hit := pattern.search(whole, at)) is not None:
            row = int(np.searchsorted(offsets, hit.start(), "right")) - 1
            inside = hit.end() <= offsets[row + 1]
            found[row] |= inside
            at = int(offsets[row + 1]) if inside else hit.start() + 1
        return found

    def in_documents(self, whole: pa.LargeStringArray) -> NDArray[np.bool_]:
        """Say which documents, given as `whole_documents` writes them, hold it: bool[documents]."""
        texts = Texts(whole)
        found = self.in_folded(texts.folded.values, texts.folded.offsets)
        for row, values in personal_values(texts):
            found[row] |= self.plain in values
        for pseudonym in self._pseudonyms():
            found |= np.array([pseudonym in (one or "") for one in whole.to_pylist()], np.bool_)
        return found

    def _pseudonyms(self) -> list[str]:
        """Return what stands for it in a corpus with pseudonyms, where this process has their key."""
        if not os.environ.get(KEY):
            return []
        key = read_key()
        return [replacement(category, "pseudonymise", self.plain, key) for category in categories()]


def personal_values(texts: Texts) -> list[tuple[int, set[str]]]:
    """Return for each text with personal data its row and the plain forms of their values."""
    found = []
    for row, spans in find_personal(texts).items():
        text = texts.column[row].as_py()
        found.append((row, {plain_form(text[start:end]) for start, end, _ in spans}))
    return found


def whole_documents(table: pa.Table | pa.RecordBatch) -> pa.LargeStringArray:
    """Write each document with everything that it carries as one string: text, URL, fields."""
    columns: Sequence[str] = table.schema.names
    empty = [None] * table.num_rows
    urls = table["url"].to_pylist() if "url" in columns else empty
    metas = table["meta"].to_pylist() if "meta" in columns else empty
    rows = zip(table["text"].to_pylist(), urls, metas, strict=True)
    end = f" {FIELD_END} "
    whole = [
        end.join([text, url or "", *(f"{key}: {value}" for key, value in entries(meta))]) for text, url, meta in rows
    ]
    return pa.array(whole, pa.large_string())


def entries(meta: Sequence[Any] | None) -> list[tuple[str, str]]:
    """Return the fields of a document, from a map of a run or the list of key and value of a release."""
    return [(one["key"], one["value"]) if isinstance(one, dict) else one for one in meta or ()]
