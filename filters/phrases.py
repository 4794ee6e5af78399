"""Phrases to be looked for, as data: groups of them with the points they bring, and the tree they are found by."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from filters.characters import CODE_POINTS, Kind, kind_table
from filters.fold import plain_table

KINDS = ("navigation", "expand", "share", "registration", "copyright", "advertising", "contact")
"""Kinds of boilerplate lines, by the number that stands for them."""
NO_KIND = -1

ROOT_ROOM = 0x10000
HALF = 50
"""Percent of unknown letters up to which a list may come: beyond it a phrase counts among any words."""
PAIR_ROOM = 1 << 16
PAIR_FACTOR = 40_503
"""A pair's slot is (first * factor + second) % room; odd, near 2^16 / golden ratio, so that neighbours spread."""


class Setting(IntEnum):
    """Columns of `Phrases.groups`: what a line must be like for a group's phrases to bring their points."""

    KIND = 0
    """Place in KINDS; NO_KIND for phrases that only take a match away from a shorter one."""
    POINTS = 1
    AT_START = 2
    MOST_CHARS = 3
    MOST_UNKNOWN = 4
    """Percent."""
    MOST_ENDS = 5
    MOST_COMMAS = 6
    LEAST_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Phrases:
    """Folded phrases as a tree of code points; node 0 is none, a node's children are a list of siblings."""

    root: NDArray[np.int32]
    """[ROOT_ROOM]: node of each first character, 0 where no phrase begins with it."""
    char: NDArray[np.uint32]
    child: NDArray[np.int32]
    sibling: NDArray[np.int32]
    entry: NDArray[np.int32]
    """First row in `entries` for the phrase that ends at a node, -1 where none does."""
    entries: NDArray[np.int32]
    """[rows, 2]: a group of the phrase, and the row of its next group or -1."""
    groups: NDArray[np.int64]
    """[groups, len(Setting)]."""
    reach: NDArray[np.int32]
    """Of each node: characters that a line may have so that the phrase counts among words that are in none; else 0."""
    begins: NDArray[np.uint8]
    """[CODE_POINTS], of characters as they are written: 1 where a phrase begins with one, 2 where one is a phrase."""
    pairs: NDArray[np.bool_]
    """[PAIR_ROOM]: False where no phrase begins with two folded characters of that slot."""
    version: str
    """Digest of the data."""


def _settings(entry: Mapping[str, Any]) -> list[int]:
    kind = entry["kind"]
    return [
        NO_KIND if kind == "none" else KINDS.index(kind),
        entry.get("points", 0),
        {"anywhere": 0, "start": 1}[entry.get("place", "anywhere")],
        entry.get("most_chars", 0),
        round(100 * entry.get("most_unknown", 1.0)),
        entry.get("most_ends", 0),
        entry.get("most_commas", 0),
        entry.get("least_digits", 0),
    ]


def fold_phrase(phrase: str) -> tuple[int, ...]:
    """Fold a phrase character by character and drop its white space: code points."""
    codes = np.array([ord(char) for char in phrase], np.uint32)
    kept = codes[kind_table()[codes] != Kind.SPACE]
    return tuple(np.take(plain_table(), kept).tolist())


class _Tree:
    """A tree that phrases are added to."""

    def __init__(self) -> None:
        self.root = np.zeros(ROOT_ROOM, np.int32)
        self.char, self.child, self.sibling, self.entry = [0], [0], [0], [-1]
        self.entries: list[tuple[int, int]] = []

    def _step(self, node: int, code: int) -> int:
        """Return the child of a node (the root, if it is 0) for a character; make it if there is none."""
        found = self.child[node] if node else int(self.root[code])
        while found and self.char[found] != code:
            found = self.sibling[found]
        if not found:
            found = len(self.char)
            self.char.append(code)
            self.child.append(0)
            self.entry.append(-1)
            self.sibling.append(self.child[node] if node else 0)
            if node:
                self.child[node] = found
            else:
                self.root[code] = found
        return found

    def add(self, phrase: str, group: int) -> list[int]:
        """Add a phrase to a group; return the groups that it stands in."""
        folded = fold_phrase(phrase)
        if not folded or folded[0] >= ROOT_ROOM:
            raise ValueError(f"no phrase to look for: {phrase!r}")
        node = 0
        for code in folded:
            node = self._step(node, code)
        self.entries.append((group, self.entry[node]))
        self.entry[node] = len(self.entries) - 1
        return [self.entries[row][0] for row in self.rows(node)]

    def rows(self, node: int) -> Iterator[int]:
        """Yield the rows of `entries` for the phrase that ends at a node."""
        row = self.entry[node]
        while row >= 0:
            yield row
            row = self.entries[row][1]


def plant(groups: Sequence[Mapping[str, Any]], version: str) -> Phrases:
    """Make the tree.

    Args:
        groups: `kind`, the settings of the data file, and `phrases`.
        version: digest of where they come from.

    Raises:
        ValueError: a phrase is empty, begins beyond the Basic Multilingual Plane, or stands twice: in one group, or
            among the guards and elsewhere.
    """
    tree = _Tree()
    settings = np.array([_settings(stated) for stated in groups], np.int64)
    for number, stated in enumerate(groups):
        for phrase in stated["phrases"]:
            standing = tree.add(phrase, number)
            kinds = {int(settings[group, Setting.KIND]) for group in standing}
            if len(set(standing)) < len(standing) or (NO_KIND in kinds and len(standing) > 1):
                raise ValueError(f"a phrase stands twice: {phrase!r}")
    reach = np.zeros(len(tree.char), np.int32)
    for node in range(len(tree.char)):
        for row in tree.rows(node):
            group = settings[tree.entries[row][0]]
            if group[Setting.MOST_UNKNOWN] > HALF:
                reach[node] = max(reach[node], group[Setting.MOST_CHARS])
    begins = np.zeros(CODE_POINTS, np.uint8)
    pairs = np.zeros(PAIR_ROOM, np.bool_)
    for first in tree.root[tree.root > 0].tolist():
        begins[tree.char[first]] = 1 if tree.entry[first] < 0 else 2
        second = tree.child[first]
        while second:
            pairs[(tree.char[first] * PAIR_FACTOR + tree.char[second]) % PAIR_ROOM] = True
            second = tree.sibling[second]
    return Phrases(
        tree.root, np.array(tree.char, np.uint32), np.array(tree.child, np.int32), np.array(tree.sibling, np.int32),
        np.array(tree.entry, np.int32), np.array(tree.entries, np.int32), settings, reach,
        np.take(begins, plain_table()), pairs, version,
    )  # fmt: skip


def _data() -> bytes:
    return (files("filters") / "boilerplate.toml").read_bytes()


def phrases_digest() -> str:
    """Return the digest of the shipped phrases."""
    return xxhash.xxh3_64(_data()).hexdigest()


@cache
def boilerplate_phrases() -> Phrases:
    """Return the shipped phrases."""
    return plant(tomllib.loads(_data().decode("utf-8"))["groups"], phrases_digest())
