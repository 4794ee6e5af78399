"""Whom one would rather keep among duplicates: the order that a recipe states, worked out for every document."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import RecipeError
from pipeline.form import PreferenceKey, Source
from pipeline.parts import Parts
from pipeline.store import read_batches, read_schema

PREFERENCE_VERSION = "1"

LICENCE, QUALITY = "notices.licence", "quality.score"

QUALITY_STEPS = 10
"""Steps that quality is compared in. Of two copies the better by a hair is not better, and may be the shorter."""

_OPEN = (
    ("CC0", "PDDL", "Unlicense", "WTFPL", "0BSD", "PDM"),
    ("CC-BY", "MIT", "BSD", "Apache", "MulanPSL", "ODC-BY", "OGL"),
    ("CC-BY-SA", "GFDL", "GPL", "LGPL", "AGPL", "MPL", "ODbL"),
    ("CC-BY-ND",),
    ("CC-BY-NC", "CC-BY-NC-SA"),
    ("CC-BY-NC-ND",),
)
"""Licences by what they leave free: everything; with the name said; passed on alike; unchanged; not for money."""

_NEVER = np.iinfo(np.int64).max
_DATE = (
    r"^\s*(?P<year>[12]\d{3})(?:[-/.年]?\s?(?P<month>0[1-9]|1[0-2]|[1-9]))?(?:[-/.月]?\s?(?P<day>0[1-9]|[12]\d|3[01]|[1-9])日?"
    r"(?:[T\s]*(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]?\d)(?::(?P<second>[0-6]?\d))?)?)?(?:[^\d].*)?$"
)
_EPOCH = r"^\s*\d{9,10}(?:\d{3})?(?:\.\d+)?\s*$"
_SECONDS_OF_SHANGHAI = 8 * 3600
_MILLISECONDS_FROM = 10**11


@dataclass(frozen=True)
class Preference:
    """What makes one document better than another, the weightiest first; the last word has the smaller id."""

    keys: tuple[PreferenceKey, ...]
    sources: tuple[Source, ...]

    def fingerprint(self) -> list[Any]:
        """Return what the order depends on besides the documents."""
        dated = {"earliest", "latest"} & set(self.keys)
        said = [
            [s.name, s.priority if "priority" in self.keys else 0, s.licence if "licence" in self.keys else None,
             s.date if dated else None]
            for s in self.sources
        ]  # fmt: skip
        return [PREFERENCE_VERSION, list(self.keys), sorted(said, key=str)]

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attributes that it reads."""
        return tuple(name for key, name in (("licence", LICENCE), ("quality", QUALITY)) if key in self.keys)


def choose_preference(
    said: Sequence[PreferenceKey] | None, sources: Sequence[Source], measured: Iterable[str], where: str
) -> Preference:
    """Check the preference of a recipe; one that says nothing has the usual keys that its filters and sources allow.

    Quality is none of those: which of two near copies has the better score is mostly chance, and the shorter one may.

    Args:
        said: the recipe's keys.
        sources: of the recipe.
        measured: the attributes of its filters.
        where: what to call the recipe in an error.

    Raises:
        RecipeError: a key that nothing here can answer, one that comes twice, or one behind `id`.
    """
    names = set(measured)
    dated = any(source.date for source in sources)
    licensed = any(source.licence for source in sources)
    lacking: dict[PreferenceKey, str] = {}
    if LICENCE not in names and not licensed:
        lacking["licence"] = 'the filter "notices", which this recipe leaves out, or a source with licence = "…"'
    if QUALITY not in names:
        lacking["quality"] = 'the filter "quality", which this recipe leaves out'
    if not dated:
        lacking["earliest"] = lacking["latest"] = 'a source with date = "…", the field that holds it'
    if said is None:
        usual: tuple[PreferenceKey, ...] = ("priority", "licence", "length", "earliest", "id")
        return Preference(tuple(key for key in usual if key not in lacking), tuple(sources))
    place = f"{where}, dedup.prefer"
    for key in said:
        if key in lacking:
            raise RecipeError(f'{place}: "{key}" needs {lacking[key]}')
    if len(set(said)) < len(said) or {"earliest", "latest"} <= set(said):
        raise RecipeError(f"{place}: each key once, and earliest or latest, not both")
    if "id" in said[:-1]:
        raise RecipeError(f'{place}: behind "id" nothing is left to decide; put it last, or leave it away')
    return Preference(tuple(said), tuple(sources))


def openness(licence: str | None) -> int:
    """Say how open a licence is, by its SPDX name: 0 for the public domain, more for less, most for none known."""
    if licence is None:
        return len(_OPEN) + 1
    best = (-1, len(_OPEN))  # a licence of some name leaves more free than none
    for rank, names in enumerate(_OPEN):
        for name in names:
            if licence == name or licence.startswith(f"{name}-"):
                best = max(best, (len(name), rank))  # the longest name that fits: CC-BY-NC, not CC-BY
    return best[1]


def order_keys(parts: Parts, preference: Preference) -> NDArray[np.int64]:
    """Work the preference out: int64[documents, keys but id], smaller is better, the weightiest key first.

    A number means the same in every run with the same preference.
    """
    keys = [key for key in preference.keys if key != "id"]
    values = np.empty((parts.rows, len(keys)), np.int64)
    for place, key in enumerate(keys):
        begin = 0
        for batch in _KEYS[key](parts, preference):
            values[begin : begin + len(batch), place] = batch
            begin += len(batch)
    return values


def base_order(parts: Parts, preference: Preference) -> NDArray[np.int64]:
    """Rank the documents of a run."""
    return rank(order_keys(parts, preference))


def rank(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank documents by `order_keys`: int64[documents], smaller is better; those that no key tells apart are equal."""
    place = np.zeros(len(keys), np.int64)
    if not keys.size:
        return place
    order = np.lexsort(keys.T[::-1])
    differs = np.zeros(len(keys), np.bool_)
    for column in keys.T:
        differs[1:] |= column[order[1:]] != column[order[:-1]]
    place[order] = np.cumsum(differs)
    return place


def _batches(parts: Parts, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    for number in parts.numbers:
        yield from read_batches(parts.folder.part(table, number), columns)


def _by_source(column: pa.ChunkedArray, values: dict[str, int]) -> NDArray[np.int64]:
    encoded = column.combine_chunks().dictionary_encode()
    of_source = np.array([values[name] for name in encoded.dictionary.to_pylist()], np.int64)
    return of_source[encoded.indices.to_numpy()] if len(encoded) else np.empty(0, np.int64)


def _priorities(parts: Parts, preference: Preference) -> Iterator[NDArray[np.int64]]:
    priority = {source.name: source.priority for source in preference.sources}
    for table in _batches(parts, "documents", ["source"]):
        yield _by_source(table["source"], priority)


def _licences(parts: Parts, preference: Preference) -> Iterator[NDArray[np.int64]]:
    """Rank by the licence that a document names itself, else by that of its source."""
    general = {source.name: openness(source.licence) for source in preference.sources}
    for number in parts.numbers:
        path = parts.folder.part("attributes", number)
        documents = _batches(Parts(parts.folder, (number,)), "documents", ["source"])
        columns = [name for name in read_schema(path).names if name in {"id", LICENCE}]
        for table, attributes in zip(documents, read_batches(path, columns), strict=True):
            ranks = _by_source(table["source"], general)
            if LICENCE in attributes.column_names:
                own = attributes[LICENCE].combine_chunks().dictionary_encode()
                named = np.array([openness(name) for name in own.dictionary.to_pylist()], np.int64)
                there = own.is_valid().to_numpy(zero_copy_only=False)
                ranks[there] = named[own.indices.drop_null().to_numpy()]
            yield ranks


def _qualities(parts: Parts, _: Preference) -> Iterator[NDArray[np.int64]]:
    for table in _batches(parts, "attributes", [QUALITY]):
        scores = table[QUALITY].combine_chunks().fill_null(-1.0).to_numpy()
        yield -np.floor(scores * QUALITY_STEPS).astype(np.int64)


def _lengths(parts: Parts, _: Preference) -> Iterator[NDArray[np.int64]]:
    for table in _batches(parts, "signatures", ["chars"]):
        yield -table["chars"].to_numpy()


def _earliest(parts: Parts, preference: Preference) -> Iterator[NDArray[np.int64]]:
    yield from _dates(parts, preference)


def _latest(parts: Parts, preference: Preference) -> Iterator[NDArray[np.int64]]:
    for dates in _dates(parts, preference):
        yield np.where(dates == _NEVER, _NEVER, -dates)


_KEYS: dict[str, Callable[[Parts, Preference], Iterator[NDArray[np.int64]]]] = {
    "priority": _priorities, "licence": _licences, "quality": _qualities, "length": _lengths, "earliest": _earliest,
    "latest": _latest,
}  # fmt: skip


def _dates(parts: Parts, preference: Preference) -> Iterator[NDArray[np.int64]]:
    """Read each document's date from the field of its source; the largest number where there is none."""
    fields = {source.name: source.date for source in preference.sources if source.date}
    for table in _batches(parts, "documents", ["source", "meta"]):
        dates = np.full(table.num_rows, _NEVER, np.int64)
        sources, meta = table["source"].combine_chunks(), table["meta"].combine_chunks()
        for name, key in fields.items():
            mine = np.flatnonzero(pc.equal(sources, name).to_numpy(zero_copy_only=False))
            if len(mine):
                dates[mine] = read_dates(pc.map_lookup(meta.take(pa.array(mine)), key, "last"))
        yield dates


def read_dates(written: pa.Array) -> NDArray[np.int64]:
    """Read dates as they are commonly written: int64, YYYYMMDDhhmmss, the largest number where it is none.

    2023-05-01, 2023/5/1 12:30, 2023年5月1日, 20230501, 2023-05-01T12:30:00Z; seconds or milliseconds since 1970
    are read as a clock in Shanghai shows them. What is left away is 0; time zones are not looked at.
    """
    numbers = np.full(len(written), _NEVER, np.int64)
    told = pc.extract_regex(written, _DATE)
    epoch = pc.match_substring_regex(written, _EPOCH).fill_null(False).to_numpy(zero_copy_only=False)
    there = told.is_valid().to_numpy(zero_copy_only=False) & ~epoch
    if there.any():
        parts = told.filter(pa.array(there)).flatten()
        total = np.zeros(int(there.sum()), np.int64)
        for part in parts:
            digits = pc.if_else(pc.equal(part, ""), "0", part).cast(pa.int64()).to_numpy()
            total = total * 100 + digits
        numbers[there] = total
    if epoch.any():
        values = pc.utf8_trim_whitespace(written.filter(pa.array(epoch))).cast(pa.float64()).to_numpy()
        seconds = np.where(values >= _MILLISECONDS_FROM, values / 1000, values).astype(np.int64) + _SECONDS_OF_SHANGHAI
        clock = np.datetime_as_string(seconds.astype("datetime64[s]"))
        numbers[epoch] = [int("".join(filter(str.isdigit, one))) for one in clock]
    return numbers
