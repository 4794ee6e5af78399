"""Cutting input files into slices: deterministic, at record boundaries, each with a digest of what it holds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson

from pipeline.decode import guess_encoding
from pipeline.encoding import codec_of
from pipeline.readers.cut import Cut
from pipeline.readers.line import UTF16, lines
from pipeline.readers.options import ReadOptions
from pipeline.readers.parquet import cut_parquet
from pipeline.readers.records import Slice
from pipeline.readers.span import Stretch, listed_stretches, newline_stretches, record_places
from pipeline.readers.split import split_stream
from pipeline.readers.table import DELIMITERS, read_header
from pipeline.readers.warc import cut_warc
from pipeline.stream import BrokenStreamError, Digest, blocks, compression_of, stamp_url

HEAD = 1 << 16
"""Bytes at the beginning of a file by which its encoding is guessed."""


def slice_file(
    *,
    source: str,
    path: str,
    file: str,
    format: str,  # noqa: A002 - the word of the recipe
    target_bytes: int,
    split_folder: Path,
    options: ReadOptions,
) -> list[Slice]:
    """Cut one input file into slices of about `target_bytes`, in order; every file has one at least.

    Slices depend on the file's bytes and the arguments only. A compressed file of lines that is longer than
    `target_bytes` is split once into parts, which the next call finds again. A file that cannot be read is one slice
    of no bytes, which says why.

    Args:
        source: name of the source.
        path: local path or fsspec URL.
        file: name that users see.
        format: one of those that `Slice.format` lists.
        target_bytes: decompressed size of a slice; records are never cut, so one may be longer.
        split_folder: local folder for parts of compressed files.
        options: how records will be read.

    Raises:
        ServiceError: the store behind a URL does not answer.
    """
    whole = Slice(source, path, file, format, 0, 0, 0, 0, "")
    try:
        if format == "parquet":
            return [_named(whole, cut) for cut in cut_parquet(path, target_bytes)]
        if format == "warc":
            return [_named(whole, cut) for cut in cut_warc(path, target_bytes)]
        if format in ("text", "html"):
            return [_named(whole, cut) for cut in _digested((block, None) for block in blocks(path))]
        return _slice_lines(whole, target_bytes, split_folder, options)
    except BrokenStreamError as error:
        return [_named(whole, Cut(0, 0, 0, 0, Digest().hexdigest(), str(error)))]


def _slice_lines(whole: Slice, target: int, split_folder: Path, options: ReadOptions) -> list[Slice]:
    whole = replace(whole, encoding=_encoding(whole.path, options))
    if whole.format in DELIMITERS:
        whole = replace(whole, columns=_columns(whole, options))
    # Newlines of UTF-16 are no bytes 0A, so its files stay whole.
    if whole.encoding in UTF16 or (compression_of(whole.path) and _is_short(whole.path, target)):
        return [_named(whole, cut) for cut in _digested((block, None) for block in blocks(whole.path))]
    if whole.format == "jsonl":
        stretches = newline_stretches(blocks(whole.path), target)
    else:
        stretches = listed_stretches(blocks(whole.path), record_places(whole, options, target))
    if compression_of(whole.path) is None:
        return [_named(whole, cut) for cut in _digested(stretches)]
    key = repr((whole.path, stamp_url(whole.path), whole.format, whole.encoding, target, options))
    folder = split_folder / Digest(key.encode()).hexdigest()
    return [_named(replace(whole, path=str(part)), cut) for part, cut in split_stream(folder, stretches)]


def _named(whole: Slice, cut: Cut) -> Slice:
    """Make a slice of a cut. Its digest covers everything but its place that its records depend on."""
    digest = Digest(orjson.dumps([cut.digest, whole.encoding, whole.columns, cut.fault]))
    return replace(
        whole,
        start=cut.start,
        end=cut.end,
        first_record=cut.first_record,
        bytes=cut.bytes,
        digest=digest.hexdigest(),
        fault=cut.fault,
    )


def _digested(stretches: Iterator[Stretch]) -> Iterator[Cut]:
    """Make a cut of every stretch, in one pass over its bytes."""
    digest = Digest()
    start = position = first = 0
    fault = ""
    try:
        for piece, following in stretches:
            digest.update(piece)
            position += len(piece)
            if following is not None:
                yield Cut(start, position, first, position - start, digest.hexdigest())
                digest, start, first = Digest(), position, following
    except BrokenStreamError as error:
        fault = str(error)
    if position > start or position == 0 or fault:
        yield Cut(start, position, first, position - start, digest.hexdigest(), fault)


def _encoding(path: str, options: ReadOptions) -> str:
    """Guess the encoding of a file by its first bytes, or give its UTF-16 a byte order."""
    head = b""
    try:
        for block in blocks(path):
            head += block
            if len(head) >= HEAD:
                break
    except BrokenStreamError as error:
        if str(error).startswith("unreadable_file"):
            raise
    if options.encoding is None:
        return guess_encoding(head[:HEAD])
    stated = codec_of(options.encoding) or options.encoding
    if stated != "utf-16":
        return stated
    guessed = guess_encoding(head[:HEAD])
    return guessed if guessed in UTF16 else "utf-16-le"


def _columns(whole: Slice, options: ReadOptions) -> tuple[str, ...]:
    try:
        return read_header(lines(blocks(whole.path), 0, options.max_record_bytes, whole.encoding), whole, options)
    except BrokenStreamError:
        return ()


def _is_short(path: str, target: int) -> bool:
    """Whether a compressed file is one slice; at most `target` bytes of it are read to know."""
    size = 0
    try:
        for block in blocks(path):
            size += len(block)
            if size > target:
                return False
    except BrokenStreamError:
        pass
    return True
