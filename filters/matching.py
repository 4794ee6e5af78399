"""Which lines are made of phrases: the candidates of a batch, matched and judged one by one."""

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.candidates import candidate_lines
from filters.characters import Kind
from filters.fold import plain_table
from filters.phrases import HALF, Phrases, Setting
from filters.texts import Texts

MATCHING_VERSION = "1"

LINE_POINTS = 6
"""Points that make a line boilerplate."""
RUN_POINTS = 9
"""Points that neighbouring lines need together: one word of a menu, such as 登录, is a heading as often as not."""
LIST_ITEMS = 4
LIST_ITEM_LETTERS = 6
"""A line of at least four items of at most six letters on average is a list: half of its letters may be words that no
phrase holds, for half of the points, since channels have all sorts of names."""
AT_SIGN_DIGITS = 6
"""An address such as a@example.com counts like a number."""

_ASCII_END = 0x80

# Settings of a group, as kernels name them.
_KIND, _POINTS, _AT_START, _MOST_CHARS, _MOST_UNKNOWN, _MOST_ENDS, _MOST_COMMAS, _LEAST_DIGITS = map(int, Setting)

# Roles of characters.
_SPACE, _LETTER, _DIGIT, _END, _COMMA, _AT, _MARK, _CODE = range(8)
"""_CODE: marks that a line of a page's machinery does not begin with, but one of Markdown or a program does."""


@cache
def _roles() -> NDArray[np.uint8]:
    """uint8[kinds]: the role of a character by its kind."""
    roles = np.full(len(Kind), _MARK, np.uint8)
    roles[Kind.SPACE] = _SPACE
    roles[Kind.DIGIT] = _DIGIT
    roles[[Kind.HAN, Kind.LATIN, Kind.KANA, Kind.HANGUL, Kind.LETTER]] = _LETTER
    return roles


@cache
def _marks() -> NDArray[np.uint8]:
    """uint8[65536]: the role of folded marks that count in themselves, 0 for every other character."""
    marks = np.zeros(0x10000, np.uint8)
    for role, chars in ((_END, "。!?;｡"), (_COMMA, ",、､"), (_AT, "@"), (_CODE, "#\"'\\/%${}`")):
        marks[[ord(char) for char in chars]] = role
    return marks


@njit(cache=True, nogil=True)
def _lay_out(
    values: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    plain: NDArray[np.uint32],
    roles: NDArray[np.uint8],
    marks: NDArray[np.uint8],
    buffer: NDArray[np.uint32],
    role: NDArray[np.uint8],
    gap: NDArray[np.bool_],
) -> None:
    """Write a line's characters without white space: folded, their roles, and whether there was a gap before."""
    n = 0
    blank = False
    for i in range(len(values)):
        if kinds[i] == _SPACE:
            blank = True
            continue
        code = plain[values[i]]
        mark = marks[code] if code < len(marks) else np.uint8(0)
        buffer[n], role[n], gap[n] = code, mark or roles[kinds[i]], blank
        blank = False
        n += 1


@njit(cache=True, nogil=True)
def _match(
    buffer: NDArray[np.uint32],
    role: NDArray[np.uint8],
    gap: NDArray[np.bool_],
    i: int,
    n: int,
    root: NDArray[np.int32],
    char: NDArray[np.uint32],
    child: NDArray[np.int32],
    sibling: NDArray[np.int32],
    entry: NDArray[np.int32],
) -> tuple[int, int]:
    """Find the longest phrase that begins at i: its node and the place behind it; node 0 if there is none.

    A phrase does not begin or end inside a word of Latin letters.
    """
    best, behind = 0, i
    bound_before = i == 0 or gap[i] or role[i - 1] != _LETTER
    if not bound_before and buffer[i] < _ASCII_END and role[i] == _LETTER and buffer[i - 1] < _ASCII_END:
        return best, behind
    node = root[buffer[i]]
    j = i + 1
    while node:
        if entry[node] >= 0:
            inside_word = j < n and not gap[j] and role[j] == _LETTER and buffer[j] < _ASCII_END
            whole = not (inside_word and role[j - 1] == _LETTER and buffer[j - 1] < _ASCII_END)
            if whole:
                best, behind = node, j
        if j == n:
            break
        node = child[node]
        while node and char[node] != buffer[j]:
            node = sibling[node]
        j += 1
    return best, behind


@njit(cache=True, nogil=True)
def _shape(
    role: NDArray[np.uint8],
    gap: NDArray[np.bool_],
    n: int,
    hits: NDArray[np.int64],
    found: int,
    entries: NDArray[np.int32],
    groups: NDArray[np.int64],
) -> tuple[int, int, int, int, int, int]:
    """Count a line's letters, those in no phrase, its digits, ends, commas, and items (what marks and gaps divide)."""
    letters, unknown, digits, ends, commas, items, hit = 0, 0, 0, 0, 0, 0, 0
    for i in range(n):
        while hit < found and i >= hits[hit, 2]:
            hit += 1
        inside = hit < found and i >= hits[hit, 1] and groups[entries[hits[hit, 0], 0], _KIND] >= 0
        if role[i] == _LETTER:
            letters += 1
            unknown += not inside
            items += i == 0 or gap[i] or role[i - 1] != _LETTER
        elif role[i] == _DIGIT:
            digits += 1
        elif role[i] == _AT:
            digits += AT_SIGN_DIGITS
        elif not inside:
            ends += role[i] == _END
            commas += role[i] == _COMMA
    return letters, unknown, digits, ends, commas, items


@njit(cache=True, nogil=True)
def _at_start(role: NDArray[np.uint8], gap: NDArray[np.bool_], n: int, start: int, end: int) -> bool:
    """Say whether nothing but marks stand before [start, end), and a mark, a gap or the line's end behind it."""
    for i in range(start):
        if role[i] != _MARK and role[i] != _COMMA and role[i] != _END:
            return False
    return end == n or gap[end] or role[end] != _LETTER or role[end - 1] != _LETTER


@njit(cache=True, nogil=True)
def _judge(
    role: NDArray[np.uint8],
    gap: NDArray[np.bool_],
    n: int,
    hits: NDArray[np.int64],
    found: int,
    entries: NDArray[np.int32],
    groups: NDArray[np.int64],
    kind_points: NDArray[np.int64],
) -> tuple[int, bool]:
    """Add up what a line's phrases bring: points (their kinds' in `kind_points`), and whether it holds nothing else.

    A heading (## 相关阅读) or a line of a program has none.
    """
    kind_points[:] = 0
    if role[0] == _CODE:
        return 0, False
    letters, unknown, digits, ends, commas, items = _shape(role, gap, n, hits, found, entries, groups)
    grown = items == 1 and (found > 1 or unknown > 0)  # 软件包活动日志: words of a menu in one are a word of their own
    listed = items >= LIST_ITEMS and letters <= LIST_ITEM_LETTERS * items and 2 * unknown <= letters
    for hit in range(found):
        row = hits[hit, 0]
        if hit and row == hits[hit - 1, 0]:
            continue  # the same phrase again is a chant
        first = unknown == 0 or _at_start(role, gap, n, hits[hit, 1], hits[hit, 2])
        most, kind = 0, 0
        while row >= 0:
            group = groups[entries[row, 0]]
            row = entries[row, 1]
            fits = n <= group[_MOST_CHARS] and ends <= group[_MOST_ENDS] and commas <= group[_MOST_COMMAS]
            if fits and digits >= group[_LEAST_DIGITS] and (first or not group[_AT_START]):
                points = group[_POINTS]
                if 100 * unknown > group[_MOST_UNKNOWN] * letters:
                    points = points // 2 if listed else 0
                elif grown and points < LINE_POINTS and group[_MOST_UNKNOWN] < HALF:
                    points //= 2
                if points > most:
                    most, kind = points, group[_KIND]
        kind_points[kind] += most
    return kind_points.sum(), unknown == 0 and digits == 0  # 12. 帮助 is a heading


@njit(cache=True, nogil=True)
def _judge_lines(
    values: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    plain: NDArray[np.uint32],
    roles: NDArray[np.uint8],
    marks: NDArray[np.uint8],
    root: NDArray[np.int32],
    char: NDArray[np.uint32],
    child: NDArray[np.int32],
    sibling: NDArray[np.int32],
    entry: NDArray[np.int32],
    entries: NDArray[np.int32],
    groups: NDArray[np.int64],
    lines: NDArray[np.int64],
    judged: NDArray[np.int64],
) -> int:
    """Write judged[·] = kind, points and row in `lines`, of the lines that have points; return how many.

    A line whose points do not suffice is written where it holds nothing but phrases: its neighbours may help it.
    """
    longest = groups[:, _MOST_CHARS].max()
    buffer = np.empty(longest, np.uint32)
    role = np.empty(longest, np.uint8)
    gap = np.empty(longest, np.bool_)
    hits = np.empty((longest, 3), np.int64)  # row in entries, start, end
    kind_points = np.zeros(groups[:, _KIND].max() + 1, np.int64)
    written = 0
    for line in range(len(lines)):
        begin = offsets[lines[line, 0]]
        start, end, n = begin + lines[line, 1], begin + lines[line, 2], lines[line, 3]
        _lay_out(values[start:end], kinds[start:end], plain, roles, marks, buffer, role, gap)
        found = i = 0
        while i < n:
            node, behind = 0, i
            if buffer[i] < len(root) and root[buffer[i]]:
                node, behind = _match(buffer, role, gap, i, n, root, char, child, sibling, entry)
            if node:
                hits[found, 0], hits[found, 1], hits[found, 2] = entry[node], i, behind
                found += 1
            i = max(behind, i + 1)
        points, nothing_else = 0, False
        if found:
            points, nothing_else = _judge(role, gap, n, hits, found, entries, groups, kind_points)
        if points >= LINE_POINTS or (nothing_else and points):
            judged[written, 0], judged[written, 1], judged[written, 2] = kind_points.argmax(), points, line
            written += 1
    return written


@njit(cache=True, nogil=True)
def _settle(lines: NDArray[np.int64], points: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which lines are boilerplate: by their own points, or by those of all their neighbours together."""
    settled = np.zeros(len(lines), np.bool_)
    begin = 0
    for i in range(1, len(lines) + 1):
        if i < len(lines) and lines[i, 0] == lines[i - 1, 0] and lines[i, 4] == lines[i - 1, 4] + 1:
            continue
        together = 0
        for k in range(begin, i):
            together += min(points[k], LINE_POINTS)
        for k in range(begin, i):
            settled[k] = points[k] >= LINE_POINTS or together >= RUN_POINTS
        begin = i
    return settled


def match_lines(texts: Texts, phrases: Phrases) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the boilerplate lines of a batch.

    Returns:
        int64[found, 5]: text, start, end (in code points of the text, the line feed not included), kind, characters
        that are not white space; int64[texts, 2]: lines that are not blank, and characters that are not white space.
    """
    lines, totals = candidate_lines(texts, phrases)
    judged = np.empty((len(lines), 3), np.int64)
    written = _judge_lines(
        texts.code_points, texts.kinds, texts.offsets, plain_table(), _roles(), _marks(), phrases.root,
        phrases.char, phrases.child, phrases.sibling, phrases.entry, phrases.entries, phrases.groups, lines, judged,
    )  # fmt: skip
    kind, points, row = judged[:written].T
    settled = _settle(lines[row], points)
    text, start, end, chars, _ = lines[row][settled].T
    return np.stack([text, start, end, kind[settled], chars], axis=1), totals
