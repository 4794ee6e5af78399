"""Plain arrays on disk: what deduplication puts aside because it does not fit into memory, without copies of its own.

No file here outlives the stage that it belongs to, or an index that says which files it has: there is no header.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

_GAP = 8 << 10
"""Bytes between two wanted rows that are rather read than skipped: a call costs as much as reading a few kilobytes."""

_SPAN = 4 << 20
"""Bytes read at once."""


class ArrayWriter:
    """Appends arrays to a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.rows = 0

    def add(self, array: NDArray[Any]) -> None:
        """Append an array's rows."""
        np.ascontiguousarray(array).tofile(self._file)
        self.rows += len(array)


@contextmanager
def array_writer(path: Path) -> Iterator[ArrayWriter]:
    """Write a file that appears when it is whole; its name must have been made durable by whatever names it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        yield ArrayWriter(file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write one array."""
    with array_writer(path) as writer:
        writer.add(array)


def map_array(path: Path, dtype: DTypeLike, width: int | None = None) -> NDArray[Any]:
    """Open a file as an array that is read where it is touched; with a width as rows of so many numbers."""
    shape = (0,) if width is None else (0, width)
    if path.stat().st_size == 0:
        return np.empty(shape, dtype)
    flat = np.memmap(path, dtype, "r")
    return flat if width is None else flat.reshape(-1, width)


def read_array(path: Path, dtype: DTypeLike, begin: int = 0, end: int | None = None) -> NDArray[Any]:
    """Read the numbers [begin, end) of a file into memory."""
    size = np.dtype(dtype).itemsize
    count = -1 if end is None else end - begin
    return np.fromfile(path, dtype, count, offset=begin * size)


def gather(path: Path, width: int, rows: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
    """Read some rows, given in ascending order, of a file of rows of `width` bytes into `out`, uint8[rows, width].

    By calls instead of a map: pages of a map would count as this process's memory, however few bytes of them it reads.
    """
    if not len(rows):
        return
    near = np.diff(rows) * width > _GAP
    place = rows // max(1, _SPAN // width)
    starts = np.concatenate([[0], np.flatnonzero(near | (np.diff(place) > 0)) + 1, [len(rows)]]).tolist()
    first = rows[starts[:-1]].tolist()
    with path.open("rb", buffering=0) as file:
        handle = file.fileno()
        for run, low in enumerate(first):
            begin, end = starts[run], starts[run + 1]
            if end - begin == 1:
                done = os.preadv(handle, [memoryview(out[begin])], low * width)
                wanted = width
            else:
                inside = rows[begin:end] - low
                wanted = (int(inside[-1]) + 1) * width
                data = os.pread(handle, wanted, low * width)
                done = len(data)
                if done == wanted:
                    out[begin:end] = np.frombuffer(data, np.uint8).reshape(-1, width)[inside]
            if done != wanted:
                raise OSError(f"{path}: ends before row {low + 1}")


def gather_pieces(path: Path, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Read the bytes low[i] to high[i] of a file, for ascending pieces that do not overlap, end to end."""
    found = np.empty(int((high - low).sum()), np.uint8)
    if not len(found):
        return found
    at = np.cumsum(np.concatenate([[0], high - low]))
    new = (low[1:] - high[:-1] > _GAP) | (np.diff(low // _SPAN) > 0)
    starts = np.concatenate([[0], np.flatnonzero(new) + 1, [len(low)]])
    begins, ends = low[starts[:-1]].tolist(), high[starts[1:] - 1].tolist()
    view = memoryview(found.data)
    places, firsts = at[starts].tolist(), starts.tolist()
    with path.open("rb", buffering=0) as file:
        handle = file.fileno()
        for run, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            if end - begin == places[run + 1] - places[run]:  # nothing lies between the pieces
                done = os.preadv(handle, [view[places[run] : places[run + 1]]], begin)
            else:
                data = np.frombuffer(os.pread(handle, end - begin, begin), np.uint8)
                done = len(data)
                inside = slice(firsts[run], firsts[run + 1])
                for piece, start, size in zip(at[inside].tolist(), (low[inside] - begin).tolist(),
                                              (high[inside] - low[inside]).tolist(), strict=True):  # fmt: skip
                    found[piece : piece + size] = data[start : start + size]
            if done != end - begin:
                raise OSError(f"{path}: ends before byte {end}")
    return found
