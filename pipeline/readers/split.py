"""Splitting a compressed stream once into parts that can be read by themselves."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import orjson

from pipeline.readers.cut import Cut
from pipeline.readers.line import PART_SUFFIX
from pipeline.readers.span import Stretch
from pipeline.stream import BrokenStreamError, Digest, zstd_writer

LEVEL = 1
"""zstd level of the parts: they are written once, read once or twice, and thrown away."""

MANIFEST = "manifest.json"
"""Written last: a folder that has it is complete."""


def split_stream(folder: Path, stretches: Iterator[Stretch]) -> list[tuple[Path, Cut]]:
    """Write every stretch as a part of its own, unless that was done before.

    Args:
        folder: of the parts of this file only; its name stands for all that the parts depend on.
        stretches: the decompressed bytes, and where to cut them.

    Returns:
        Each part's path and its place in the decompressed stream.
    """
    done = _finished(folder)
    if done is not None:
        return done
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    parts: list[tuple[Path, Cut]] = []
    writer: _Writer | None = None
    fault = ""
    position = first = 0
    try:
        for piece, following in stretches:
            if writer is None:
                writer = _Writer(folder / f"part-{len(parts):05d}{PART_SUFFIX}", position, first)
            writer.write(piece)
            position += len(piece)
            if following is not None:
                parts.append(writer.close())
                writer, first = None, following
    except BrokenStreamError as error:
        fault = str(error)
        # An empty part bears the fault where the stream broke right behind a cut.
        writer = writer or _Writer(folder / f"part-{len(parts):05d}{PART_SUFFIX}", position, first)
    if writer is not None:
        parts.append(writer.close(fault))
    manifest = [{"part": part.name, "stored": part.stat().st_size, **asdict(cut)} for part, cut in parts]
    partial = folder / f"{MANIFEST}.partial"
    with partial.open("wb") as handle:
        handle.write(orjson.dumps(manifest))
        _sync(handle)
    partial.replace(folder / MANIFEST)
    return parts


class _Writer:
    """One part while it is written."""

    def __init__(self, path: Path, start: int, first_record: int) -> None:
        self._path, self._start, self._first = path, start, first_record
        self._size = 0
        self._digest = Digest()
        self._partial = path.with_name(f"{path.name}.partial")
        self._handle = self._partial.open("wb")
        self._stack = ExitStack()
        self._compressed = self._stack.enter_context(zstd_writer(self._handle, LEVEL))

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self._size += len(data)
        self._compressed.write(data)

    def close(self, fault: str = "") -> tuple[Path, Cut]:
        self._stack.close()
        _sync(self._handle)
        self._handle.close()
        self._partial.replace(self._path)
        end = self._start + self._size
        return self._path, Cut(self._start, end, self._first, self._size, self._digest.hexdigest(), fault)


def _finished(folder: Path) -> list[tuple[Path, Cut]] | None:
    """Return the parts of a complete split, if all of them are still there as they were written."""
    try:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
        if any((folder / entry["part"]).stat().st_size != entry["stored"] for entry in manifest):
            return None
    except FileNotFoundError:
        return None
    names = Cut.__dataclass_fields__
    return [(folder / entry["part"], Cut(**{name: entry[name] for name in names})) for entry in manifest]


def _sync(handle: BinaryIO) -> None:
    handle.flush()
    os.fsync(handle.fileno())
