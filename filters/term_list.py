"""Word lists as files: TOML with every field of a term, CSV, or a term a line; checked, and known by their digest."""

import csv
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from filters.risks import RISKS
from filters.spelling import letters, skeletons
from filters.term import ACTIONS, BOUNDARIES, DIRECT, INDIRECT, SEVEREST, Term
from filters.term_search import BREAK, reduce_terms

MOST_CHARS = 50
"""Characters of a term; what is longer is a sentence."""
SHOWN = 10
"""Faults that one message names."""

_OWN_CATEGORY = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = {field.name for field in fields(Term)}
_LISTS = {"channels", "near", "not_near", "exceptions", "reviewers", "positives", "hard_negatives"}
_DATES = {"added", "expires"}
_CHOICES: Mapping[str, tuple[str, ...]] = {"action": ACTIONS, "boundary": BOUNDARIES}
_CHANNELS: Mapping[str, tuple[str, ...]] = {
    "direct": DIRECT, "indirect": INDIRECT, "all": DIRECT + INDIRECT, **{name: (name,) for name in DIRECT + INDIRECT},
}  # fmt: skip
_STARTER = files("filters.lexicons") / "starter.toml"


@dataclass(frozen=True, slots=True)
class TermList:
    """A release of a word list."""

    name: str
    """Of its file, without folders."""
    digest: str
    """sha256 of the file: its version."""
    released: date | None
    """When it was last brought up to date; None if nothing says so."""
    terms: tuple[Term, ...]


def read_terms(path: Path, defaults: Mapping[str, Any] | None = None) -> TermList:
    """Read a list by its ending: .toml, .csv, or a term a line in any other.

    Args:
        path: of the file.
        defaults: values of fields that a term does not state, and perhaps `released`; those in a TOML file's own
            `[defaults]` go before.

    Raises:
        ValueError: says which lines are wrong, and how.
        OSError: the file cannot be read.
    """
    return _parse(path.name, path.read_bytes(), defaults or {})


def starter_digest() -> str:
    """Return the digest of the list that comes with Qingyuan, without reading its terms."""
    return sha256(_STARTER.read_bytes()).hexdigest()


@cache
def starter_list() -> TermList:
    """Return the small reviewed list that comes with Qingyuan."""
    return _parse(_STARTER.name, _STARTER.read_bytes(), {})


def merge(lists: Iterable[TermList]) -> tuple[Term, ...]:
    """Return the terms of several lists, each once: of terms that are spelt alike the last one counts."""
    terms = [term for one in lists for term in one.terms]
    return tuple(dict(zip(_canonical(terms), terms, strict=True)).values())


def _parse(name: str, data: bytes, defaults: Mapping[str, Any]) -> TermList:
    digest = sha256(data).hexdigest()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(f"{name}, line {line}: not UTF-8; save the list as UTF-8") from error
    settings = dict(defaults)
    ending = name.lower().rpartition(".")[2]
    rows: Iterable[tuple[int, dict[str, Any]]]
    if ending == "toml":
        head, rows = _toml_rows(text, name)
        settings |= head
    else:
        rows = _csv_rows(text) if ending == "csv" else _line_rows(text)
    released = settings.pop("released", None)
    faults: list[str] = []
    released = _value("released", released, faults) if released is not None else None
    terms, lines = [], []
    for line, row in rows:
        wrong: list[str] = []
        term = _term({**settings, **row}, wrong)
        faults += [f"line {line}: {fault}" for fault in wrong]
        if term is not None and not wrong:
            terms.append(term)
            lines.append(line)
    faults += _unfit(terms, lines)
    if not terms and not faults:
        faults = ["no term in it"]
    if faults:
        more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise ValueError(f"{name}: " + "\n  ".join(faults[:SHOWN]) + more)
    return TermList(name, digest, released, tuple(terms))


def _toml_rows(text: str, name: str) -> tuple[dict[str, Any], list[tuple[int, dict[str, Any]]]]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: {error}") from error
    head, rows, settings = content.pop("list", {}), content.pop("terms", []), content.pop("defaults", {})
    if content or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        wrong = f"unknown key {next(iter(content))}" if content else "terms is no list of tables"
        raise ValueError(f"{name}: {wrong}; a list has [list], [defaults] and [[terms]]")
    if "released" in head:
        settings["released"] = head["released"]
    places = [text.count("\n", 0, found.start()) + 1 for found in re.finditer(r"(?m)(^|[{,\s])term\s*=", text)]
    numbered = places if len(places) == len(rows) else range(1, len(rows) + 1)
    return settings, list(zip(numbered, rows, strict=True))


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(text.splitlines())
    for row in reader:
        yield reader.line_num, {key or "": value for key, value in row.items() if value}


def _line_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, {"term": line.strip()}


def _term(row: Mapping[str, Any], faults: list[str]) -> Term | None:
    for key in row.keys() - _KEYS:
        near = get_close_matches(key, _KEYS, 1)
        faults.append(f"unknown field {key!r}" + (f"; did you mean {near[0]}?" if near else ""))
    if not row.get("term"):
        faults.append("no term")
    if not row.get("category"):
        faults.append(
            "no category; say it in every row, once under [defaults], in the recipe's [filters.lexicon.defaults], "
            "or by --category"
        )
    values = {key: _value(key, row[key], faults) for key in row.keys() & _KEYS}
    return None if faults else Term(**values)


def _value(key: str, value: Any, faults: list[str]) -> Any:  # noqa: ANN401, PLR0911 - what a file holds, kind by kind
    if key in _LISTS:
        items = [item.strip() for item in value.split("|")] if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(item, str) and item for item in items):
            faults.append(f"{key} is a list of texts (in CSV divided by |), not {value!r}")
            return ()
        return _channels(items, faults) if key == "channels" else tuple(items)
    if key in _DATES or key == "released":
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except (TypeError, ValueError):
            faults.append(f"{key} is a date such as 2026-11-20, not {value!r}")
            return None
    if key == "severity":
        if not str(value).isdecimal() or not 1 <= int(value) <= SEVEREST:
            faults.append(f"severity is a whole number from 1 to {SEVEREST}, not {value!r}")
            return 1
        return int(value)
    if not isinstance(value, str):
        faults.append(f"{key} is a text, not {value!r}")
    elif key in _CHOICES and value not in _CHOICES[key]:
        faults.append(f"{key} is one of {', '.join(_CHOICES[key])}, not {value!r}")
    elif key == "category" and value not in RISKS and not _OWN_CATEGORY.fullmatch(value):
        faults.append(
            f"category {value!r} is none of the 31 risks (A1-a to A5-b) and no name of your own in a-z, 0-9, _"
        )
    return value


def _channels(names: Iterable[str], faults: list[str]) -> tuple[str, ...]:
    chosen: dict[str, None] = {"exact": None}
    for name in names:
        if name not in _CHANNELS:
            faults.append(f"channel {name!r} is none of {', '.join(_CHANNELS)}")
        chosen |= dict.fromkeys(_CHANNELS.get(name, ()))
    return tuple(chosen)


def _unfit(terms: list[Term], lines: list[int]) -> Iterator[str]:
    """Yield what is wrong with terms once they are reduced to what texts are compared with."""
    seen: dict[tuple[int, ...], int] = {}
    for term, line, canonical in zip(terms, lines, _canonical(terms), strict=True):
        shown = f"line {line}: {term.term!r}"
        if BREAK in canonical[::2]:
            yield f"{shown} has a mark that ends a clause or quotation inside; no term reaches across one"
        elif len(canonical) < 4:  # noqa: PLR2004 - two characters and their numbers
            yield f"{shown} has one character, once or repeated; a term needs two different ones"
        elif len(term.term) > MOST_CHARS:
            yield f"line {line}: a term of {len(term.term)} characters is a sentence; {MOST_CHARS} at most"
        elif canonical in seen:
            yield f"{shown} is spelt like the term of line {seen[canonical]}; variants are found by channels"
        seen.setdefault(canonical, line)


def _canonical(terms: Iterable[Term]) -> list[tuple[int, ...]]:
    """What texts are compared with: skeleton and number of every character."""
    made = reduce_terms([term.term for term in terms], skeletons(), letters())
    flat = list(zip(made.skeleton.tolist(), made.run.tolist(), strict=True))
    at = made.at.tolist()
    return [tuple(x for pair in flat[i:j] for x in pair) for i, j in pairwise(at)]
