"""What the filter `personal` knows: categories, words of context, codes, places and surnames, from one data file."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import xxhash


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of personal data."""

    name: str
    placeholder: str
    """What a masked one is replaced by, in square brackets."""
    meaning: str
    sensitive_35273: bool = False
    sensitive_45574: bool = False
    open: bool = False
    """Public by its nature or by where it stands: not counted as personal, kept unless a policy names it."""


def _bytes() -> bytes:
    return (files("filters.lexicons") / "personal.toml").read_bytes()


@cache
def lexicon_digest() -> str:
    """Return the digest of the data."""
    return xxhash.xxh3_64(_bytes()).hexdigest()


@cache
def lexicon() -> Mapping[str, Any]:
    """Return the data as they stand in the file."""
    return tomllib.loads(_bytes().decode("utf-8"))


@cache
def categories() -> Mapping[str, Category]:
    """Return every category by name, in the order of the file."""
    return {entry["name"]: Category(**entry) for entry in lexicon()["categories"]}


@cache
def context_words() -> Mapping[str, tuple[str, ...]]:
    """Return the words of each context."""
    return {name: tuple(words.split()) for name, words in lexicon()["contexts"].items()}


@cache
def words_of(table: str, key: str) -> tuple[str, ...]:
    """Return a list of words of the data, split at white space."""
    return tuple(lexicon()[table][key].split())


def alternatives(words: Iterable[str]) -> str:
    """Return a pattern for any of some words, the longest that stands there first; Latin ones not inside others."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return "|".join(f"(?<![a-z]){re.escape(w)}" if w.isascii() else re.escape(w) for w in ordered)


@cache
def context_pattern() -> re.Pattern[str]:
    """Return a pattern for every word of context; the groups are the contexts."""
    every = sorted(((word, name) for name, words in context_words().items() for word in words),
                   key=lambda pair: (-len(pair[0]), pair[0]))  # fmt: skip
    groups: dict[int, list[str]] = {}
    # A group may stand in a pattern once, so words are joined by length: the longest is tried first.
    parts = []
    for word, name in every:
        groups.setdefault(len(word), []).append(name)
        guard = r"(?<![a-z])" if word.isascii() else ""
        parts.append(f"{guard}{re.escape(word)}(?![a-z])" if word.isascii() else re.escape(word))
    return re.compile("|".join(parts))


@cache
def context_of_word() -> Mapping[str, str]:
    """Return the context that each word belongs to."""
    return {word: name for name, words in context_words().items() for word in words}


@cache
def surnames() -> tuple[frozenset[str], frozenset[str]]:
    """Return surnames of one character, and of two."""
    table = lexicon()["surnames"]
    return frozenset("".join(table["single"].split())), frozenset(table["double"].split())
