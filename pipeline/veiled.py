"""Ids and addresses that are somebody's identifier: what stands for them wherever a workspace's data leave it.

A run keeps the ids of its input. A release, the list of what was taken out and the proofs have a keyed hash in the
place of an id that is, or holds, a number or an address of a person: the same document has the same one in every
release, and nobody without the workspace's salt can try numbers out on it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.personal import find_personal
from filters.personal_lexicon import categories
from filters.texts import Texts
from pipeline.identity import place_id
from pipeline.salt import salt_of, salted
from pipeline.schema import INPUT_ID
from pipeline.store import read_batches

Named: TypeAlias = frozenset[tuple[str, str]]
"""Source and id of documents."""

Column: TypeAlias = pa.Array | pa.ChunkedArray

PREFIX = "veiled-"
_FORM = re.compile(PREFIX + "[a-p]{32}")
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
"""Letters alone: what stands for an identifier must not look like one."""

_LIKELY = r"[@＠]|%40|(?:\p{Nd}[-–. _]?){9}|[A-Z]\p{Nd}{6}[(（]|\p{Han}[A-Z]"
"""All others are left as they are without a closer look: an address has a sign, a number that is an identifier without
a word beside it nine digits in a row (from Taiwan; others more), or the form of Hong Kong's, or a plate's."""
_PIECE = re.compile(r"(?<!\d)\d{7,}[Xx]?(?!\d)|[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")
"""Numbers and addresses that stand inside: in user_139… or a path no filter of texts takes them for identifiers."""
TOLD_BY_WORDS = ("name", "name_alone")
"""Kinds that are told by the words around them, of which an id has none."""


def veiled_id(salt: bytes, source: str, identity: str) -> str:
    """Return what stands for the id of a document."""
    return PREFIX + salted(salt, "released id", source, identity)[:32].translate(_LETTERS)


def is_veiled(identity: str) -> bool:
    """Say whether an id stands for another one."""
    return _FORM.fullmatch(identity) is not None


def likely(values: Column) -> NDArray[np.int64]:
    """Return the rows that may hold an identifier: those worth a closer look."""
    return np.flatnonzero(pc.fill_null(pc.match_substring_regex(values, _LIKELY), False).to_numpy(zero_copy_only=False))


def identifiers(values: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Return of each string the identifiers in it, with their kinds: of the whole, and of numbers that stand inside."""
    looked = [(row, one) for row, value in enumerate(values) for one in _pieces(value)]
    found: list[list[tuple[str, str]]] = [[] for _ in values]
    for number, spans in find_personal(Texts(pa.array([one for _, one in looked], pa.large_string()))).items():
        row, one = looked[number]
        ours = [(one[start:end], kind) for start, end, kind in spans if kind not in TOLD_BY_WORDS]
        found[row] += [(value, kind) for value, kind in ours if not categories()[kind].open]
    return found


def _pieces(value: str) -> Iterable[str]:
    yield value
    plain = unicodedata.normalize("NFKC", unquote(value))
    if plain != value:
        yield plain
    yield from (one for one in _PIECE.findall(plain) if one != value)


def hidden_ids(salt: bytes, sources: Column, ids: Column) -> dict[int, str]:
    """Return, by row, what stands for those ids that are or hold an identifier."""
    rows = likely(ids)
    if not len(rows):
        return {}
    names, values = (column.take(pa.array(rows)).to_pylist() for column in (sources, ids))
    return {
        row: veiled_id(salt, source, value)
        for row, source, value, found in zip(rows.tolist(), names, values, identifiers(values), strict=True) if found
    }  # fmt: skip


def hidden(workspace: Path, documents: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return, by document, under which names they may be written down."""
    pairs = list(documents)
    sources, ids = (pa.array([pair[place] for pair in pairs], pa.string()) for place in (0, 1))
    stands = hidden_ids(salt_of(workspace), sources, ids) if len(likely(ids)) else {}
    return {pair: (pair[0], stands.get(row, pair[1])) for row, pair in enumerate(pairs)}


def with_hidden(workspace: Path, documents: Named) -> Named:
    """Return documents under both names."""
    return documents | frozenset(hidden(workspace, documents).values())


def veiled_in(path: Path, documents: Named, salt: bytes) -> Named:
    """Return the documents of a part of a run that are among some under what stands for their ids, by their own names.

    Ids that they gave up and their places count too: a document may have been named by any of them.
    """
    wanted = {pair for pair in documents if is_veiled(pair[1])}
    found: set[tuple[str, str]] = set()
    for batch in read_batches(path, ["source", "id", "file", "record", "meta"]) if wanted else ():
        for row in batch.to_pylist():
            names = {row["id"], *(value for key, value in row["meta"] if key == INPUT_ID)}
            names.add(place_id(row["source"], row["file"], row["record"]))
            pairs = {(row["source"], one) for one in names}
            found |= {pair for pair in pairs if (pair[0], veiled_id(salt, *pair)) in wanted}
    return frozenset(found)


def hide_addresses(urls: pa.Array) -> tuple[pa.Array, int]:
    """Put placeholders in the place of identifiers that a page's address holds; return it and how many rows changed.

    Those that a key names (`?tel=`) a run has masked; here go numbers that stand in a path.
    """
    rows = likely(urls)
    values = urls.take(pa.array(rows)).to_pylist()
    changed: dict[int, str] = {}
    for row, value, found in zip(rows.tolist(), values, identifiers(values), strict=True):
        if found:
            changed[row] = _without(value, dict(found))
    if not changed:
        return urls, 0
    mask = np.zeros(len(urls), np.bool_)
    mask[list(changed)] = True
    return pc.replace_with_mask(urls, pa.array(mask), pa.array(list(changed.values()), urls.type)), len(changed)


def _without(url: str, found: Mapping[str, str]) -> str:
    """Replace identifiers; an address that writes them otherwise, as in bytes (%40), is written plainly first."""
    if any(one not in url for one in found):
        url = unicodedata.normalize("NFKC", unquote(url))
    for one in sorted(found, key=len, reverse=True):
        url = url.replace(one, f"[{categories()[found[one]].placeholder}]")
    return url
