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


def alternatives(words: Iterable[str], *, apart: bool = False) -> str:
    """Return a pattern for any of some words, the longest that stands there first; Latin ones not inside others.

    Words with the same first character share it, so that looking is fast however many there are. `apart`: a Latin
    word must end there too.
    """
    begins: dict[str, list[str]] = {}
    for word in sorted(set(words), key=lambda word: (-len(word), word)):
        begins.setdefault(word[0], []).append(word[1:])
    parts = []
    for first, rests in begins.items():
        latin = first.isascii() and first.isalpha()
        behind = "(?![a-z])" if apart else ""
        tails = "|".join(re.escape(rest) + (behind if (first + rest).isascii() else "") for rest in rests)
        parts.append(f"{'(?<![a-z])' if latin else ''}{re.escape(first)}(?:{tails})")
    return "|".join(parts)


@cache
def context_pattern() -> re.Pattern[str]:
    """Return a pattern for every word of context."""
    return re.compile(alternatives(context_of_word(), apart=True))


@cache
def context_of_word() -> Mapping[str, str]:
    """Return the context that each word belongs to."""
    return {word: name for name, words in context_words().items() for word in words}


@cache
def surnames() -> tuple[frozenset[str], frozenset[str]]:
    """Return surnames of one character, and of two."""
    table = lexicon()["surnames"]
    return frozenset("".join(table["single"].split())), frozenset(table["double"].split())
