"""Cutting a stream of bytes into stretches of about the same size, at the beginnings of records."""

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from pipeline.readers.line import lines
from pipeline.readers.options import ReadOptions
from pipeline.readers.records import Slice
from pipeline.readers.table import DELIMITERS, read_header, rows
from pipeline.readers.text import paragraphs
from pipeline.stream import BrokenStreamError, blocks

Stretch: TypeAlias = tuple[bytes, int | None]
"""Some bytes, and the number of the record that follows if the stream is cut behind them."""


def newline_stretches(source: Iterator[bytes], target_bytes: int) -> Iterator[Stretch]:
    """Cut behind the first newline at which a stretch has `target_bytes` or more; record numbers count newlines."""
    number = size = 0
    for block in source:
        rest = block
        while rest:
            at = rest.find(b"\n", max(target_bytes - size - 1, 0))
            if at < 0:
                number += rest.count(b"\n")
                size += len(rest)
                yield rest, None
                break
            piece, rest = rest[: at + 1], rest[at + 1 :]
            number += piece.count(b"\n")
            size = 0
            yield piece, number


def listed_stretches(source: Iterator[bytes], places: Iterator[tuple[int, int]]) -> Iterator[Stretch]:
    """Cut at the given byte offsets; each comes with the number of the record that begins there."""
    waiting = deque(places)
    position = 0
    for block in source:
        rest = block
        while waiting and waiting[0][0] <= position + len(rest):
            offset, number = waiting.popleft()
            piece, rest = rest[: offset - position], rest[offset - position :]
            position = offset
            yield piece, number
        if rest:
            position += len(rest)
            yield rest, None


def record_places(piece: Slice, options: ReadOptions, target_bytes: int) -> Iterator[tuple[int, int]]:
    """Find where to cut what has records of several lines: offset and number of the first record behind each cut.

    Args:
        piece: the whole file as one slice; its format is csv, tsv or paragraphs.
        options: the reader's, for the longest record that it holds.
        target_bytes: least distance between cuts.
    """
    limit = options.max_record_bytes
    source = lines(blocks(piece.path), 0, limit, piece.encoding)
    if piece.format in DELIMITERS:
        columns = read_header(source, piece, options)
        offsets = (row[0] for row in rows(source, DELIMITERS[piece.format], len(columns), limit))
    else:
        offsets = (block[0] for block in paragraphs(source, limit))
    begin = 0
    try:
        for number, offset in enumerate(offsets):
            if offset - begin >= target_bytes:
                yield offset, number
                begin = offset
    except BrokenStreamError:
        return  # whoever reads the last slice comes to it too
