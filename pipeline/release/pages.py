"""What two releases have in common, byte for byte: files, and inside Parquet files the pages.

A page is the least thing in Parquet whose bytes do not say where it lies. Who stores by content (or copies with rsync)
keeps a page that has only moved; who stores whole files keeps only files. Both are counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import xxhash

_SIZE = 3
"""Field of a page's header, in Thrift's compact form, with the compressed size of what follows."""

_ZSTD = b"\x28\xb5\x2f\xfd"
"""What a frame of zstd begins with."""


@dataclass(slots=True)
class _Reader:
    """Reads just enough of Thrift's compact protocol to step over a page's header."""

    data: memoryview
    at: int

    def _number(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 - the top bit says that more follows
                return value

    def _skip(self, kind: int) -> None:
        if kind == 3:  # noqa: PLR2004 - a byte
            self.at += 1
        elif kind in {4, 5, 6}:
            self._number()
        elif kind == 7:  # noqa: PLR2004 - a double
            self.at += 8
        elif kind == 8:  # noqa: PLR2004 - bytes
            self.at += self._number()
        elif kind in {9, 10}:
            self._skip_list()
        elif kind == 12:  # noqa: PLR2004 - a struct
            for _, inner in self._fields():
                self._skip(inner)

    def _skip_list(self) -> None:
        head = self.data[self.at]
        self.at += 1
        count = self._number() if head >> 4 == 0xF else head >> 4  # noqa: PLR2004
        for _ in range(count):
            if head & 0xF in {1, 2}:
                self.at += 1
            else:
                self._skip(head & 0xF)

    def _fields(self) -> Iterator[tuple[int, int]]:
        """Yield number and type of each field of a struct; whoever takes one reads its value."""
        number = 0
        while head := self.data[self.at]:
            self.at += 1
            if head >> 4:
                number += head >> 4
            else:
                raw = self._number()
                number = (raw >> 1) ^ -(raw & 1)
            yield number, head & 0xF
        self.at += 1

    def page(self) -> memoryview:
        """Return the page that begins here, header included, and go behind it."""
        begin, size = self.at, 0
        for number, kind in self._fields():
            if number == _SIZE:
                raw = self._number()
                size = (raw >> 1) ^ -(raw & 1)
            else:
                self._skip(kind)
        self.at += size
        return self.data[begin : self.at]


def pages_of(path: Path) -> Iterator[memoryview]:
    """Yield the pages of a Parquet file."""
    data = memoryview(path.read_bytes())
    with pq.ParquetFile(path) as file:
        metadata = file.metadata
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            starts = [column.data_page_offset, column.dictionary_page_offset]
            reader = _Reader(data, min(start for start in starts if start))
            end = reader.at + column.total_compressed_size
            while reader.at < end:
                yield reader.page()


def frames_of(path: Path) -> Iterator[memoryview]:
    """Yield the frames of a file of zstd, by what they begin with (inside one that stands once in 4 GB by chance)."""
    data = path.read_bytes()
    begin = 0
    while begin < len(data):
        end = data.find(_ZSTD, begin + 1)
        end = len(data) if end < 0 else end
        yield memoryview(data)[begin:end]
        begin = end


def compare(old: Path, old_files: Mapping[str, str], new: Path, new_files: Mapping[str, str]) -> dict[str, Any]:
    """Say how much of a release stands in the one before.

    Args:
        old: folder of the one before.
        old_files: paths of its data and their sha256.
        new: folder of the release.
        new_files: likewise.

    Returns:
        Files and bytes in all, in files that are the same, and in pages that are the same.
    """
    known = set(old_files.values())
    same = {path for path, digest in new_files.items() if digest in known}
    changed = [path for path in new_files if path not in same]
    before: set[int] = set()
    if changed:
        before = {xxhash.xxh3_128_intdigest(one) for path, digest in old_files.items()
                  if digest not in set(new_files.values()) for one in _pieces(old / path)}  # fmt: skip
    whole = sum((new / path).stat().st_size for path in new_files)
    in_files = sum((new / path).stat().st_size for path in same)
    in_pages = in_files + sum(
        len(one) for path in changed for one in _pieces(new / path) if xxhash.xxh3_128_intdigest(one) in before
    )
    return {
        "files": len(new_files), "files_kept": len(same), "bytes": whole, "bytes_in_kept_files": in_files,
        "bytes_in_kept_pages": in_pages,
    }  # fmt: skip


def _pieces(path: Path) -> Iterator[memoryview]:
    return pages_of(path) if path.suffix == ".parquet" else frames_of(path)
