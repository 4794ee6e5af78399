"""What a request names: documents by id, by URL, by a text they hold, by the hash of their text, by a person."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from filters.texts import Texts
from pipeline.errors import RecipeError
from pipeline.removed import Ban, Way
from pipeline.request.subject import Subject, whole_documents
from pipeline.salt import salted
from pipeline.signing import exact_digest
from pipeline.veiled import Named

LEAST_PASSAGE = 8
"""Folded characters of a passage: shorter ones stand everywhere."""

_HASH = re.compile(r"(?:(sha256|xxh3):)?([0-9a-f]+)")
_DIGITS_OF = {64: "sha256", 32: "xxh3"}

Bits = NDArray[np.bool_]


class Demand(Protocol):
    """What names documents."""

    @property
    def by(self) -> Way:
        """Return in which way."""

    def in_documents(self, table: pa.Table) -> Bits:
        """Say which rows of a table with source, id, url, text and meta are meant: bool[rows]."""

    def in_folded(self, values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> Bits:
        """Say which folded texts are meant, where an index holds nothing else: bool[texts]."""

    def selector(self, salt: bytes) -> str:
        """Return the salted hash by which the request is known."""

    def bans(self, salt: bytes) -> frozenset[Ban]:
        """Return what keeps out whatever is named should it come later."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Documents by source and id; a run also knows them by the id they gave up and by their place."""

    documents: Named
    by: Way = "id"

    def in_documents(self, table: pa.Table) -> Bits:
        """Compare ids."""
        pairs = zip(table["source"].to_pylist(), table["id"].to_pylist(), strict=True)
        return np.fromiter((pair in self.documents for pair in pairs), np.bool_, table.num_rows)

    def in_folded(self, values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> Bits:  # noqa: ARG002
        """Say no: a text has no id."""
        return np.zeros(len(offsets) - 1, np.bool_)

    def selector(self, salt: bytes) -> str:
        """Hash them all."""
        return salted(salt, "id", *(f"{source}\0{identity}" for source, identity in sorted(self.documents)))

    def bans(self, salt: bytes) -> frozenset[Ban]:  # noqa: ARG002
        """Return none: they stand in the list of documents."""
        return frozenset()


_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)


def plain_url(url: str) -> str:
    """Return a URL as it is compared: no scheme, no fragment, no slash at its end, the host in lower case.

    Characters are those that they stand for: of full width, or written as bytes (%E4…), or a host in Punycode. What is
    no URL is compared as it is.
    """
    plain = unicodedata.normalize("NFKC", url).strip()
    try:
        parts = urlsplit(plain if _SCHEME.match(plain) else f"//{plain}")
    except ValueError:
        return plain
    host = parts.netloc.lower().removesuffix(":80").removesuffix(":443").removesuffix(".")
    with suppress(UnicodeError):  # no such name: it stays as it is
        host = host.encode("ascii").decode("idna") if "xn--" in host else host
    path = unicodedata.normalize("NFKC", unquote(parts.path)).rstrip("/")
    return f"{host}{path}" + (f"?{unicodedata.normalize('NFKC', unquote(parts.query))}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class Urls:
    """Documents by the address they were found at."""

    urls: frozenset[str]
    by: Way = "url"

    @classmethod
    def of(cls, urls: Iterable[str]) -> "Urls":
        """Read them."""
        return cls(frozenset(map(plain_url, urls)))

    def in_documents(self, table: pa.Table) -> Bits:
        """Compare URLs."""
        found = (url is not None and plain_url(url) in self.urls for url in table["url"].to_pylist())
        return np.fromiter(found, np.bool_, table.num_rows)

    def in_folded(self, values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> Bits:  # noqa: ARG002
        """Say no: an index knows no URLs."""
        return np.zeros(len(offsets) - 1, np.bool_)

    def selector(self, salt: bytes) -> str:
        """Hash them all."""
        return salted(salt, "url", *sorted(self.urls))

    def bans(self, salt: bytes) -> frozenset[Ban]:
        """Keep each of them out."""
        return frozenset(Ban("url", salted(salt, "url", url)) for url in self.urls)


@dataclass(frozen=True, slots=True)
class Passage:
    """Documents that hold a text, whole or as a part of theirs, however it is written: both are folded."""

    folded: bytes = field(repr=False)
    """UTF-32-LE."""
    by: Way = "text"

    @classmethod
    def of(cls, text: str) -> "Passage":
        """Read one.

        Raises:
            RecipeError: it is too short.
        """
        codes = Texts(pa.array([text], pa.large_string())).folded.values
        if len(codes) < LEAST_PASSAGE:
            raise RecipeError(
                f"the text has {len(codes)} characters but for white space; at least {LEAST_PASSAGE} are needed"
            )
        return cls(codes.astype("<u4", copy=False).tobytes())

    def in_documents(self, table: pa.Table) -> Bits:
        """Look for it in folded texts."""
        folded = Texts(table["text"].combine_chunks()).folded
        return self.in_folded(folded.values, folded.offsets)

    def in_folded(self, values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> Bits:
        """Look for it."""
        found = np.zeros(len(offsets) - 1, np.bool_)
        data, chars, at = values.astype("<u4", copy=False).tobytes(), len(self.folded) // 4, 0
        while (at := data.find(self.folded, at)) >= 0:
            begin, inside = divmod(at, 4)
            row = int(np.searchsorted(offsets, begin, "right")) - 1
            if not inside and begin + chars <= offsets[row + 1]:
                found[row] = True
                at = 4 * int(offsets[row + 1])
            else:
                at += 1
        return found

    def selector(self, salt: bytes) -> str:
        """Hash it."""
        return salted(salt, "text", hashlib.sha256(self.folded).hexdigest())

    def bans(self, salt: bytes) -> frozenset[Ban]:  # noqa: ARG002
        """Refuse: of a passage nothing is kept that a later text could be compared with."""
        raise RecipeError("--ban cannot keep a passage out, as nothing of it is kept; ban documents by hash or by URL")


@dataclass(frozen=True, slots=True)
class Hashes:
    """Documents by the hash of their text.

    sha256 or xxh3-128 of its UTF-8, as it stands in documents or in a release; or the xxh3-128 of the folded text that
    stands in `signatures` as `exact`.
    """

    digests: frozenset[str]
    by: Way = "hash"

    @classmethod
    def of(cls, digests: Iterable[str]) -> "Hashes":
        """Read them.

        Raises:
            RecipeError: one is none.
        """
        found = set()
        for one in digests:
            match = _HASH.fullmatch(one.strip().lower())
            kind = None if match is None else _DIGITS_OF.get(len(match[2]))
            if match is None or kind is None or match[1] not in (None, kind):
                raise RecipeError(
                    f'"{one}" is no hash of a text: say the sha256 (64 hexadecimal digits) or the xxh3-128 (32) of it'
                )
            found.add(match[2])
        return cls(frozenset(found))

    def in_documents(self, table: pa.Table) -> Bits:
        """Compare the hashes of texts, as they stand and folded."""
        folded = Texts(table["text"].combine_chunks()).folded
        found = self.in_folded(folded.values, folded.offsets)
        for row, digests in enumerate(text_hashes(table["text"].to_pylist())):
            found[row] |= not self.digests.isdisjoint(digests)
        return found

    def in_folded(self, values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> Bits:
        """Compare the hashes of folded texts."""
        found = (one in self.digests for one in folded_hashes(values, offsets))
        return np.fromiter(found, np.bool_, len(offsets) - 1)

    def selector(self, salt: bytes) -> str:
        """Hash them all."""
        return salted(salt, "hash", *sorted(self.digests))

    def bans(self, salt: bytes) -> frozenset[Ban]:
        """Keep each of them out."""
        return frozenset(Ban("hash", salted(salt, "hash", digest)) for digest in self.digests)


def text_hashes(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield sha256 and xxh3-128 of each text's UTF-8."""
    for text in texts:
        data = text.encode()
        yield hashlib.sha256(data).hexdigest(), xxhash.xxh3_128_hexdigest(data)


def folded_hashes(values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> list[str]:
    """Return the digest of each folded text, as signatures hold it."""
    return [f"{high:016x}{low:016x}" for high, low in exact_digest(values, offsets).tolist()]


@dataclass(frozen=True, slots=True)
class Person:
    """Documents that speak of somebody, by an identifier of his."""

    subject: Subject
    by: Way = "subject"

    def in_documents(self, table: pa.Table) -> Bits:
        """Look for it in text, URL and fields."""
        return self.subject.in_documents(whole_documents(table))

    def in_folded(self, values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> Bits:
        """Look for its characters."""
        return self.subject.in_folded(values, offsets)

    def selector(self, salt: bytes) -> str:
        """Hash it."""
        return self.subject.token(salt)

    def bans(self, salt: bytes) -> frozenset[Ban]:
        """Keep out what speaks of him."""
        return frozenset({Ban("subject", self.subject.token(salt))})
