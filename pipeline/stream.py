"""The door to fsspec and zstandard: bytes from any path, decompressed, a block at a time."""

import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, cast

import fsspec
import xxhash
import zstandard

from pipeline.errors import ServiceError

BLOCK = 1 << 20
"""Bytes of a block: large enough that the loop around it costs nothing, small beside a worker's memory."""

ZSTD_STEP = 1 << 10
"""Compressed bytes handed to zstd at a time. A block of 128 KiB can be four bytes long, so a step may give 32 MiB at
worst; 1 KiB reads 317 MB/s of text, 64 KiB would read 383."""

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}

GONE = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
"""What no second attempt will change, wherever the file is."""

Digest = xxhash.xxh3_128


class BrokenStreamError(Exception):
    """The bytes of a file end before they should, or cannot be had; what came before is good.

    `offset`, `record` and `raw` are filled in by whoever knows which record the break fell into.
    """

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(f"{kind}: {sentence}")
        self.offset = -1
        self.record = -1
        self.raw = b""


def is_url(path: str) -> bool:
    """Whether a path is an fsspec URL (`s3://…`, `memory://…`) and not a local path."""
    return "://" in path


def list_url(path: str) -> list[tuple[str, str, int, str]]:
    """List the files at a URL: one file, all files below a folder, or what a glob matches.

    Returns:
        URL, name relative to the root (the folder, or what comes before the first wildcard), size in bytes, and a stamp
        that changes with the file; sorted by URL. Nothing where nothing is there.

    Raises:
        ServiceError: the store does not answer.
    """
    try:
        system, inner = fsspec.core.url_to_fs(path)
        if any(sign in inner for sign in "*?["):
            found = system.glob(inner, detail=True)
            fixed = inner[: min(inner.find(sign) for sign in "*?[" if sign in inner)]
            root = fixed.rpartition("/")[0]
        elif system.isfile(inner):
            found = {inner: system.info(inner)}
            root = inner.rpartition("/")[0]
        else:
            found = system.find(inner, detail=True)
            root = inner.rstrip("/")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ServiceError(f"{path}: {_reason(error)}") from error
    files = [(name, info) for name, info in sorted(found.items()) if info["type"] == "file"]
    return [
        (system.unstrip_protocol(name), name[len(root) :].lstrip("/"), int(info["size"]), _stamp(info))
        for name, info in files
    ]


def stamp_url(path: str) -> tuple[int, str]:
    """Return the size in bytes of one file, local or not, and a stamp that changes with it.

    Raises:
        BrokenStreamError: there is no such file, or it may not be read.
    """
    with _readable(path):
        system, inner = fsspec.core.url_to_fs(path)
        info = system.info(inner)
        return int(info["size"]), _stamp(info)


def compression_of(name: str) -> str | None:
    """Say by its name how a file is compressed: gzip, zstd or None."""
    return next((kind for suffix, kind in COMPRESSIONS.items() if name.lower().endswith(suffix)), None)


@contextmanager
def open_bytes(path: str) -> Iterator[BinaryIO]:
    """Open a file as it lies there, for reading and seeking.

    Raises:
        BrokenStreamError: it is not there or may not be read.
        ServiceError: the store behind a URL does not answer.
    """
    with _readable(path):
        handle = cast("BinaryIO", fsspec.open(path, "rb").open() if is_url(path) else open(path, "rb"))  # noqa: PTH123, SIM115 - closed below; a path may be a URL
    with closing(handle):
        yield handle


def blocks(path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the decompressed bytes of a file in blocks, none of them empty.

    Args:
        path: local path or URL; its name says how it is compressed.
        start: first byte; of a compressed file always the whole stream is read.
        end: byte behind the last one; None for all there are.

    Raises:
        BrokenStreamError: after the last good byte, where an archive is cut off or damaged, or the file grew shorter.
    """
    with open_bytes(path) as handle:
        kind = compression_of(path)
        if kind == "gzip":
            yield from _gunzip(_raw(handle, path))
        elif kind == "zstd":
            yield from _unzstd(_raw(handle, path))
        else:
            yield from _raw(handle, path, start, end)


def raw_blocks(path: str, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes [start, end) of a file as they lie there, compressed or not."""
    with open_bytes(path) as handle:
        yield from _raw(handle, path, start, end)


def _raw(handle: BinaryIO, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    with _readable(path):
        if start:
            handle.seek(start)
    left = end - start if end is not None else None
    while left is None or left > 0:
        with _readable(path):
            block = handle.read(BLOCK if left is None else min(BLOCK, left))
        if not block:
            if left is not None:
                raise BrokenStreamError("truncated_file", f"the file ends {left} bytes before it did when it was cut")
            return
        if left is not None:
            left -= len(block)
        yield block


def _gunzip(source: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress all members of a gzip file; zero bytes behind a member are padding (tapes, block devices)."""
    member = None
    for block in source:
        data = block
        while data := data if member else data.lstrip(b"\0"):
            member = member or zlib.decompressobj(wbits=31)  # a gzip header, and the largest window
            yield from _inflate(member, data)
            data = member.unused_data
            if member.eof:
                member = None
    if member is not None:
        raise BrokenStreamError("truncated_archive", "the gzip stream ends before its end mark")


def _inflate(member: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """Decompress all of `data` or up to the member's end, never more than a block at a time."""
    while True:
        try:
            out = member.decompress(data, BLOCK)
        except zlib.error as error:
            raise BrokenStreamError("corrupt_archive", f"the gzip stream is damaged ({error})") from error
        if out:
            yield out
        data = member.unconsumed_tail
        # All input may be taken and output still wait inside: only a short answer says that there is no more.
        if member.eof or (not data and len(out) < BLOCK):
            return


def _unzstd(source: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress all frames of a zstd file, skippable ones included."""
    frame = None
    for block in source:
        for at in range(0, len(block), ZSTD_STEP):
            data = block[at : at + ZSTD_STEP]
            while data:
                if frame is None:
                    frame = zstandard.ZstdDecompressor().decompressobj()
                try:
                    out = frame.decompress(data)
                except zstandard.ZstdError as error:
                    raise BrokenStreamError("corrupt_archive", f"the zstd stream is damaged ({error})") from error
                if out:
                    yield out
                data = frame.unused_data if frame.eof else b""
                if frame.eof:
                    frame = None
    if frame is not None:
        raise BrokenStreamError("truncated_archive", "the zstd stream ends before its end mark")


@contextmanager
def zstd_writer(handle: BinaryIO, level: int) -> Iterator[BinaryIO]:
    """Compress what is written into `handle`, which stays open."""
    with zstandard.ZstdCompressor(level=level).stream_writer(handle, closefd=False) as writer:
        yield cast("BinaryIO", writer)


def _stamp(info: dict[str, object]) -> str:
    """What a store says about the state of a file, the most telling first."""
    keys = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created")
    return next((str(info[key]) for key in keys if info.get(key)), "")


@contextmanager
def _readable(path: str) -> Iterator[None]:
    """Turn what can go wrong with a file into a broken stream, and what goes wrong with a store into ServiceError."""
    try:
        yield
    except GONE as error:
        raise BrokenStreamError("unreadable_file", _reason(error)) from error
    except OSError as error:
        if is_url(path):
            raise ServiceError(f"{path}: {_reason(error)}") from error
        raise BrokenStreamError("unreadable_file", _reason(error)) from error


def _reason(error: OSError) -> str:
    # Without the path: it differs between machines, and the message is stored beside the file's name.
    return error.strerror or type(error).__name__
