"""Changing a text once, before any measuring: NFC, line ends, control characters, and lines that the recipe has cut.

Every change is recorded.

Stored text is never put through NFKC and never converted to another script.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import Kind
from pipeline.readers.records import Repair

NORMALIZE_VERSION = f"3/unicode-{unicodedata.unidata_version}"

_STRAY = re.compile("(\r\n?|[\x0b\x0c\u2028\u2029\x85])|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff]+")
"""Group 1: a line end that is no line feed; else control characters."""


_MARK = int(Kind.MARK)

READER_KINDS = frozenset({"undecodable", "lone_surrogate"})
"""Edits that the reader made: they removed bytes or surrogates, which no text can hold."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Code points [start, end) of the new text stand where `removed` stood."""

    start: int
    end: int
    kind: str
    """`undecodable` and `lone_surrogate` (the reader's), `line_end`, `control`, `marks`, `nfc`; `boilerplate_<kind>`
    and `template` for a line that was cut with its line end."""
    removed: str


@dataclass(frozen=True, slots=True)
class _Change:
    """Code points [start, end) of the old text become `text`."""

    start: int
    end: int
    kind: str
    text: str


MOST_MARKS = 30
"""Combining marks in a row that are kept (Unicode's Stream-Safe Text Format, UAX #15): no script needs more, and
normalising a longer run takes time that grows with its square."""


@njit(cache=True, nogil=True)
def has_stray(values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each text whether `normalize` finds a stray character in it (true a little too often, never too rarely).

    The regular expression takes 14 ms for a megabyte, this pass 1 ms; hardly any text needs the former.

    Args:
        values: code points of all texts, uint32[total].
        kinds: their `Kind`, uint8[total].
        offsets: int64[texts + 1].
    """
    found = np.zeros(len(offsets) - 1, np.bool_)
    for text in range(len(offsets) - 1):
        marks = 0
        for i in range(offsets[text], offsets[text + 1]):
            code = values[i]
            marks = marks + 1 if kinds[i] == _MARK else 0
            if code < 0xA0:  # noqa: PLR2004 - the end of the C1 controls
                if (code < 0x20 and code not in (0x09, 0x0A)) or code >= 0x7F:  # noqa: PLR2004 - C0, DEL and C1
                    found[text] = True
                    break
            elif marks > MOST_MARKS or code in (0x2028, 0x2029, 0xFEFF):
                found[text] = True
                break
    return found


def compiled_before() -> bool:
    """Return whether the kernel above, which every run needs, lies in numba's cache; then nearly all others do too.

    Where the cache is, numba says: beside this file, in `NUMBA_CACHE_DIR`, or in the user's own if that is read-only.
    """
    folder = has_stray.stats.cache_path
    return folder is not None and any(Path(folder).glob("normalize.has_stray-*.nbi"))


def normalize(text: str, repairs: tuple[Repair, ...] = (), *, stray: bool = True) -> tuple[str, list[Edit]]:
    """Normalise one text.

    Args:
        text: as decoded.
        repairs: what the reader had to put in place of something else, in code points of `text`.
        stray: False if `has_stray` found nothing.

    Returns:
        The text in NFC, with line feeds as its only line ends and without control characters other than tab and
        line feed; and the edits in ascending order. Putting every edit's `removed` back gives the input again
        (a reader's repair as the bytes or surrogate that it stands for).
    """
    edits = [Edit(repair.start, repair.end, repair.kind, repair.removed) for repair in repairs]
    if stray:
        if _STRAY.search(text):
            text, edits = _apply(text, edits, _stray(text))
        text, edits = _apply(text, edits, _surplus_marks(text))
    if not unicodedata.is_normalized("NFC", text):
        text, edits = _apply(text, edits, _compositions(text))
    return text, edits


def cut_lines(text: str, edits: list[Edit], lines: Sequence[tuple[int, int, str]]) -> tuple[str, list[Edit]]:
    """Cut whole lines out of a normalised text.

    Args:
        text: as `normalize` returned it.
        edits: with it.
        lines: (start, end, kind of the edit), ascending, in code points, without their line feeds.

    Returns:
        The text without these lines and their line ends (of the last lines: the line ends before them), and the edits,
        which lead back as before. A line that the reader repaired stays: its repair would have no place left.
    """
    repaired = [edit for edit in edits if edit.kind in READER_KINDS]
    changes: list[_Change] = []
    ends = False
    for start, end, kind in lines:
        if any(start <= edit.start <= end for edit in repaired):
            continue
        changes.append(_Change(start, min(end + 1, len(text)), kind, ""))
        ends = end == len(text)
    if ends:
        _take_line_ends_before(changes)
    return _apply(text, edits, iter(changes)) if changes else (text, edits)


def _take_line_ends_before(changes: list[_Change]) -> None:
    """Let the last line, and all cut lines right before it, take the line end before instead of the one behind."""
    first = len(changes) - 1
    while first and changes[first - 1].end == changes[first].start:
        first -= 1
    if changes[first].start == 0:
        return
    for number in range(first, len(changes)):
        old, last = changes[number], number == len(changes) - 1
        changes[number] = _Change(old.start - 1, old.end if last else old.end - 1, old.kind, old.text)


def _stray(text: str) -> Iterator[_Change]:
    """Find line ends that are not a line feed, and control characters."""
    for match in _STRAY.finditer(text):
        if match[1] is None:
            yield _Change(match.start(), match.end(), "control", "")
        else:
            yield _Change(match.start(), match.end(), "line_end", "\n")


def _surplus_marks(text: str) -> Iterator[_Change]:
    """Find what stands behind the first MOST_MARKS of a run of combining marks."""
    run = 0
    for place, char in enumerate(text):
        if unicodedata.category(char)[0] == "M":
            run += 1
            continue
        if run > MOST_MARKS:
            yield _Change(place - run + MOST_MARKS, place, "marks", "")
        run = 0
    if run > MOST_MARKS:
        yield _Change(len(text) - run + MOST_MARKS, len(text), "marks", "")


def _compositions(text: str) -> Iterator[_Change]:
    """Find the segments that NFC changes; only lines that it changes are looked at character by character."""
    begin = 0
    for line in text.split("\n"):
        if not unicodedata.is_normalized("NFC", line):
            yield from _line_compositions(line, begin)
        begin += len(line) + 1


def _line_compositions(line: str, offset: int) -> Iterator[_Change]:
    """Find the segments of a line: a starter with what follows it up to the next safe one."""
    begin = 0
    for end in range(1, len(line) + 1):
        if end < len(line) and not _starts_segment(line[end]):
            continue
        old = line[begin:end]
        new = unicodedata.normalize("NFC", old)
        if new != old:
            yield _Change(offset + begin, offset + end, "nfc", new)
        begin = end


def _starts_segment(char: str) -> bool:
    """Say whether NFC can cut in front of a character: nothing before it can combine with it."""
    if char < "\u0300":
        return True
    first = unicodedata.normalize("NFD", char)[0]
    if unicodedata.combining(first) or "\u1161" <= first <= "\u1175" or "\u11a8" <= first <= "\u11c2":
        return False
    return unicodedata.category(first)[0] != "M"


def _apply(text: str, edits: list[Edit], changes: Iterator[_Change]) -> tuple[str, list[Edit]]:
    """Make the changes and move the earlier edits along; one inside a changed stretch becomes part of its edit."""
    pieces, made, waiting = [], [], list(reversed(edits))
    read, shift = 0, 0
    for change in changes:
        while waiting and waiting[-1].end <= change.start:
            made.append(_moved(waiting.pop(), shift))
        removed = text[change.start : change.end]
        inside = []
        while waiting and waiting[-1].start < change.end:
            inside.append(waiting.pop())
        for edit in reversed(inside):
            if edit.kind in READER_KINDS:
                made.append(_moved(edit, shift))  # what it removed is no text: it stays an edit of its own
            else:
                low, high = edit.start - change.start, edit.end - change.start
                removed = removed[:low] + edit.removed + removed[high:]
        pieces += [text[read : change.start], change.text]
        start = change.start + shift
        made.append(Edit(start, start + len(change.text), change.kind, removed))
        shift += len(change.text) - (change.end - change.start)
        read = change.end
    pieces.append(text[read:])
    made += [_moved(edit, shift) for edit in reversed(waiting)]
    return "".join(pieces), sorted(made, key=lambda edit: (edit.start, edit.end))


def _moved(edit: Edit, shift: int) -> Edit:
    return Edit(edit.start + shift, edit.end + shift, edit.kind, edit.removed)
