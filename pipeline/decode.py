"""From bytes to text, Chinese first: which encoding they are in, and what had to be repaired."""

import re
from dataclasses import dataclass

from pipeline.encoding import BAD_SHARE, CODECS, MARKS, codec_of, ranked_codecs
from pipeline.readers.records import Repair

LONGEST_PREFIX = 3
"""Bytes of a four-byte character whose last byte is missing."""

WEAK_BYTES = 64
"""Up to this length two-byte UTF-8 sequences alone may be GB18030 by accident; each character makes it unlikelier."""

SURROGATES = re.compile("[\ud800-\udfff]+")
ESCAPES = re.compile("[\udc00-\udcff]+")


class UndecodableError(ValueError):
    """The bytes are text in none of the encodings that are looked for."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the encoding it was in, and what in it stands for bytes that were no text."""

    text: str
    encoding: str
    repairs: tuple[Repair, ...] = ()


def decode(data: bytes, hint: str | None = None) -> Decoded:
    """Decide the encoding of one record and decode it.

    In order: a byte order mark; valid UTF-8; then UTF-16 without a mark, GB18030 and Big5-HKSCS by how Chinese the
    outcome is. Text with few bad bytes (BAD_SHARE, or one character cut off at the end) is repaired: U+FFFD for each
    run. UTF-8 text that was once decoded as GBK is valid, and stays as it is.

    Args:
        data: the whole record.
        hint: encoding of the file, or what a page declares; it breaks ties only.

    Raises:
        UndecodableError: none of the encodings gives Chinese text.
    """
    text, encoding = decode_escaped(data, hint)
    return _mended(text, encoding)


def guess_encoding(head: bytes) -> str:
    """Guess the codec of a file from its first bytes: a hint for each of its records.

    Returns:
        A Python codec, with its byte order where it has one; "" for plain ASCII, and where nothing fits.
    """
    for mark, codec in MARKS:
        if head.startswith(mark):
            return codec
    whole = head[: head.rfind(b"\n") + 1] or head
    if b"\0" not in head and whole.isascii():
        return ""
    try:
        encoding = decode_escaped(whole)[1]
    except UndecodableError:
        return ""
    if encoding == "utf-16":
        return next(codec for codec in ranked_codecs(whole, None) if codec.startswith("utf-16"))
    return next(codec for codec, name in CODECS.items() if name == encoding)


def decode_as(data: bytes, encoding: str) -> Decoded:
    """Decode as an encoding that the recipe states, with the same repairs.

    Raises:
        UndecodableError: more than a few bytes are no text in it.
    """
    return _mended(*decode_escaped_as(data, encoding))


def decode_escaped(data: bytes, hint: str | None = None) -> tuple[str, str]:
    """As `decode`, with every bad byte left in the text as a lone surrogate (U+DC80 to U+DCFF), for `mend` to replace.

    A JSON line can be parsed in between, so that repairs count code points of its text field, not of the line.
    """
    for mark, codec in MARKS:
        if data.startswith(mark) and (codec != "utf-32-le" or len(data) % 4 == 0):
            text = _attempt(data[len(mark) :], codec)
            if text is not None:
                return text, CODECS[codec]
    # NUL is valid UTF-8, but what holds it is more often ASCII in UTF-16.
    if b"\0" not in data:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            if len(data) > WEAK_BYTES or text.isascii() or max(text) >= "\u0800":
                return text, "utf-8"
    for codec in ranked_codecs(data, None if hint is None else codec_of(hint)):
        text = _attempt(data, codec)
        if text is not None:
            return text, CODECS[codec]
    raise UndecodableError(
        "the bytes are neither UTF-8 nor UTF-16, and neither GB18030 nor Big5-HKSCS makes them Chinese"
    )


def decode_escaped_as(data: bytes, encoding: str) -> tuple[str, str]:
    """As `decode_as`, with every bad byte left in the text as a lone surrogate, for `mend` to replace."""
    codec = codec_of(encoding) or encoding
    for mark, marked in MARKS:
        if marked.startswith(codec) and data.startswith(mark):
            data, codec = data[len(mark) :], marked
            break
    text = _attempt(data, codec)
    if text is None:
        raise UndecodableError(f"more than {BAD_SHARE:.1%} of the bytes are no text in {encoding}")
    return text, CODECS.get(codec, codec)


def mend(text: str, *, escaped: bool = True) -> tuple[str, tuple[Repair, ...]]:
    """Replace every run of lone surrogates by one U+FFFD, and say what stood there.

    Args:
        text: may hold U+DC80 to U+DCFF for bad bytes, and other lone surrogates.
        escaped: False where no bytes were bad, so that every surrogate is one that the input spelt out.
    """
    parts: list[str] = []
    repairs: list[Repair] = []
    end = length = 0
    for run in SURROGATES.finditer(text):
        pieces = ESCAPES.finditer(run.group()) if escaped else iter(())
        bad = next(pieces, None)
        if bad is not None and bad.span() == (0, len(run.group())):
            kind, removed = "undecodable", bytes(ord(escape) - 0xDC00 for escape in run.group()).hex()
        else:
            kind, removed = "lone_surrogate", " ".join(f"{ord(surrogate):04X}" for surrogate in run.group())
        parts += [text[end : run.start()], "\ufffd"]
        length += run.start() - end + 1
        repairs.append(Repair(length - 1, length, kind, removed))
        end = run.end()
    if not repairs:
        return text, ()
    return "".join([*parts, text[end:]]), tuple(repairs)


def has_surrogates(text: str) -> bool:
    """Whether a text holds lone surrogates: encoding it is ten times as fast as looking for them."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _mended(text: str, encoding: str) -> Decoded:
    if not has_surrogates(text):
        return Decoded(text, encoding)
    text, repairs = mend(text)
    return Decoded(text, encoding, repairs)


def _attempt(data: bytes, codec: str) -> str | None:
    """The text, its bad bytes as surrogates; None where they are too many to be accidents."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        pass
    if codec.startswith(("utf-16", "utf-32")):
        return _attempt_wide(data, codec)
    text = data.decode(codec, "surrogateescape")
    bad = sum(len(run.group()) for run in ESCAPES.finditer(text))
    cut_off = len(text) - len(text.rstrip("".join(map(chr, range(0xDC80, 0xDD00)))))
    few = bad <= BAD_SHARE * len(data) or (bad == cut_off <= LONGEST_PREFIX and bad < len(text))
    return text if few else None


def _attempt_wide(data: bytes, codec: str) -> str | None:
    """UTF-16 and UTF-32: lone surrogates pass as they are, a unit cut off at the end becomes escaped bytes."""
    unit = 2 if codec.startswith("utf-16") else 4
    whole = len(data) - len(data) % unit
    try:
        text = data[:whole].decode(codec, "surrogatepass")
    except UnicodeDecodeError:
        return None
    bad = sum(len(run.group()) for run in SURROGATES.finditer(text))
    tail = "".join(chr(0xDC00 + byte) for byte in data[whole:])
    return text + tail if bad * unit <= max(BAD_SHARE * len(data), unit) else None
