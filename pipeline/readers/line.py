"""Lines of a stream of bytes, in bounded memory, whatever their length."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from pipeline.errors import ShardError
from pipeline.readers.records import RAW_LIMIT, Slice
from pipeline.stream import BrokenStreamError, blocks, compression_of

Line: TypeAlias = tuple[int, bytes, int]
"""Offset, bytes without the newline, length in bytes. Of a line over the limit only the first bytes are there."""

PART_SUFFIX = ".slice.zst"
"""Ending of the parts that a stream was split into: a missing one is our loss, not the input's."""

UTF16 = {"utf-16-le": "<u2", "utf-16-be": ">u2"}
"""Codec to the code unit that NumPy sees."""


def slice_blocks(piece: Slice) -> Iterator[bytes]:
    """Yield the decompressed bytes of a slice.

    Raises:
        BrokenStreamError: behind the last good byte, if the file is broken there.
        ShardError: a part that was split off is gone.
    """
    plain = compression_of(piece.path) is None
    try:
        yield from blocks(piece.path, piece.start, piece.end) if plain else blocks(piece.path)
    except BrokenStreamError as error:
        if piece.path.endswith(PART_SUFFIX):
            raise ShardError(f"{piece.file}: its part {piece.path} cannot be read ({error})") from error
        raise
    if piece.fault:
        kind, _, sentence = piece.fault.partition(": ")
        raise BrokenStreamError(kind, sentence)


def slice_lines(piece: Slice, limit: int) -> Iterator[Line]:
    """Yield the lines of a slice, as `lines` does."""
    return lines(slice_blocks(piece), piece.start, limit, piece.encoding)


def lines(source: Iterator[bytes], offset: int, limit: int, encoding: str = "") -> Iterator[Line]:
    r"""Cut a stream at newlines; `\r` stays at the end of its line.

    Args:
        source: blocks of bytes.
        offset: of the first byte, in the file.
        limit: bytes of a line up to which it is held whole; of a longer one there are RAW_LIMIT.
        encoding: utf-16-le or utf-16-be: newlines are code units then, and the lines that come out are UTF-8 (offsets
            and lengths count the bytes of the file). In all other encodings the byte 0A is a newline and nothing else.

    Raises:
        BrokenStreamError: where the stream breaks; it bears the offset and the bytes of the line that was cut off.
    """
    if encoding not in UTF16:
        yield from _cut(source, offset, limit, 1, _split)
        return

    def split(block: bytes) -> list[bytes]:
        ends = np.flatnonzero(np.frombuffer(block, dtype=UTF16[encoding]) == ord("\n")) * 2
        starts = [0, *(ends + 2).tolist()]
        return [block[start:end] for start, end in zip(starts, [*ends.tolist(), len(block)], strict=True)]

    for at, line, length in _cut(_even(source), offset, limit, 2, split):
        whole = line[: len(line) - len(line) % 2]
        text = whole.decode(encoding, "surrogatepass")
        yield at, (text.removeprefix("\ufeff") if at == 0 else text).encode("utf-8", "surrogatepass"), length


def _split(block: bytes) -> list[bytes]:
    return block.split(b"\n")


def _cut(
    source: Iterator[bytes], offset: int, limit: int, width: int, split: Callable[[bytes], list[bytes]]
) -> Iterator[Line]:
    """Cut at newlines of `width` bytes; `split` takes a block apart at them."""
    held: list[bytes] = []  # the beginning of a line whose end has not come
    size = 0
    try:
        for block in source:
            pieces = split(block)
            if size:
                held.append(pieces.pop(0))
                size += len(held[-1])
                if size > limit:
                    held = [b"".join(held)[:RAW_LIMIT]]
                if not pieces:
                    continue
                yield offset, b"".join(held), size
                offset += size + width
            last = pieces.pop()
            for line in pieces:
                length = len(line)
                yield offset, line if length <= limit else line[:RAW_LIMIT], length
                offset += length + width
            held = [last]
            size = len(last)
    except BrokenStreamError as error:
        error.offset = offset
        error.raw = b"".join(held)[:RAW_LIMIT]
        raise
    if size:
        yield offset, b"".join(held) if size <= limit else b"".join(held)[:RAW_LIMIT], size


def _even(source: Iterator[bytes]) -> Iterator[bytes]:
    """Regroup blocks to even lengths; an odd last byte of the file is half a code unit, and left out."""
    odd = b""
    for block in source:
        whole = odd + block
        cut = len(whole) - len(whole) % 2
        odd = whole[cut:]
        if cut:
            yield whole[:cut]
