"""An operator's dictionaries: files that a recipe names, known by digest, and the segmenter that cuts with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from filters.segment import Entry, Segmenter, parse_dictionary
from pipeline.errors import RecipeError, ShardError


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A dictionary as it was when the recipe was loaded."""

    path: Path
    digest: str
    """sha256 of the file: what the scan's fingerprint knows of it."""


def load_dictionaries(names: Sequence[str], beside: Path, where: str) -> tuple[Dictionary, ...]:
    """Read and check the dictionaries of a recipe, paths relative to `beside`.

    Raises:
        RecipeError: one cannot be read, is no UTF-8, or holds a line that is no entry; says which.
    """
    found = []
    for number, name in enumerate(names, start=1):
        path = beside / name
        place = f"{where}, segment.dictionaries[{number}]"
        try:
            data = path.read_bytes()
            parse_dictionary(data.decode("utf-8"))
        except OSError as error:
            raise RecipeError(f"{place}: cannot be read: {error}") from error
        except ValueError as error:  # UnicodeDecodeError among them
            raise RecipeError(f"{place}, {name}: {error}") from error
        found.append(Dictionary(path.resolve(), sha256(data).hexdigest()))
    return tuple(found)


@cache
def segmenter(dictionaries: tuple[Dictionary, ...]) -> Segmenter | None:
    """Make the segmenter of a run, once a process; None, the shared one, without any dictionary.

    Raises:
        ShardError: a file is gone or no longer what the recipe was loaded with.
    """
    if not dictionaries:
        return None
    entries: list[Entry] = []
    for dictionary in dictionaries:
        try:
            data = dictionary.path.read_bytes()
        except OSError as error:
            raise ShardError(f"dictionary {dictionary.path}: cannot be read: {error}") from error
        if sha256(data).hexdigest() != dictionary.digest:
            raise ShardError(f"dictionary {dictionary.path}: changed since the run began")
        entries += parse_dictionary(data.decode("utf-8"))
    return Segmenter(entries)
