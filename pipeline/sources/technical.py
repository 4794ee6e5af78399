"""The technical sample of a release: keywords and classifiers measure its texts anew, as they would be trained on."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.catalogue import CATALOGUE
from filters.contract import Filter, Modelled
from filters.lexicon import Lexicon
from filters.personal import Personal, find_personal
from filters.personal_lexicon import categories
from filters.policy import Rule, broken
from filters.texts import Texts
from pipeline.benign import pass_gate
from pipeline.errors import RecipeError
from pipeline.gates.candidate import read_data
from pipeline.packs import load_pack
from pipeline.sources.machine import Found, find_by_rules

PACK = "gbt45654"
"""Whose rules judge; those of it that are about a risk."""
LEFT = Rule(reason="personal_data_left", attribute="personal.total", at_most=0, risks=("A4-f",))
"""An identifier that masking should have replaced."""
BATCH_DOCUMENTS = 500


def released_names(folder: Path) -> list[str]:
    """Return the names of all documents of a candidate, in its order: run and id."""
    names: list[str] = []
    for table in read_data(folder, ["run", "id"]):
        pairs = zip(table["run"].to_pylist(), table["id"].to_pylist(), strict=True)
        names += [f"{run}/{identity}" for run, identity in pairs]
    return names


def read_released(folder: Path, rows: NDArray[np.int64], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Read some documents of a candidate, rows ascending, piece by piece."""
    begin = 0
    for table in read_data(folder, columns):
        low, high = np.searchsorted(rows, [begin, begin + table.num_rows])
        if high > low:
            yield table.take(rows[low:high] - begin)
        begin += table.num_rows


def judge_released(
    folder: Path, names: Sequence[str], rows: NDArray[np.int64], lists: Sequence[Path], advance: Callable[[int], None]
) -> Found:
    """Measure some documents of a release with keywords and classifiers, and say which are bad.

    Args:
        folder: of the candidate.
        names: of all its documents.
        rows: which are looked at, ascending.
        lists: word lists beside the one that ships.
        advance: told of every document that is done.

    Raises:
        RecipeError: a word list cannot be read.
        GateError: one flags texts that are known to be good.
    """
    every = [rule for rule in load_pack(PACK, Path()).rules if rule.risks]
    makers: dict[str, Filter] = {name: make() for name, make in CATALOGUE.items() if name != "lexicon"}
    try:
        lexicon = makers["lexicon"] = Lexicon(lists=tuple(map(str, lists)))
        chosen = {name: one for name, one in makers.items() if any(_measures(one, rule) for rule in every)}
        for one in chosen.values():
            if isinstance(one, Modelled):
                one.open()
                pass_gate(one, "the technical sample")
    except (OSError, ValueError) as error:
        raise RecipeError(f"the technical sample: {error}") from error
    known = {field for one in chosen.values() for field in one.schema.names}
    rules = {rule.reason: rule for rule in every if set(rule.attributes) <= known} | {LEFT.reason: LEFT}
    found: list[list[str]] = []
    for texts in _texts(folder, rows):
        found += _broken(texts, list(chosen.values()), rules)
        advance(len(texts))
    basis = {
        "pack": PACK, "rules": sorted(rules), "filters": {name: one.version for name, one in sorted(chosen.items())},
        "personal": Personal.version,
        "lists": {one.name: one.digest for one in lexicon.library().lists},
    }  # fmt: skip
    return find_by_rules([names[row] for row in rows.tolist()], found, rules, basis)


def _measures(one: Filter, rule: Rule) -> bool:
    return any(name in one.schema.names for name in rule.attributes)


def _texts(folder: Path, rows: NDArray[np.int64]) -> Iterator[Texts]:
    for table in read_released(folder, rows, ["text"]):
        column = table["text"].combine_chunks().cast(pa.large_string())
        for begin in range(0, len(column), BATCH_DOCUMENTS):
            yield Texts(column.slice(begin, BATCH_DOCUMENTS))


def _broken(texts: Texts, chosen: Sequence[Filter], rules: dict[str, Rule]) -> list[list[str]]:
    """Return which rules each text breaks."""
    attributes: dict[str, pa.Array] = {}
    for one in chosen:
        measured = one(texts)
        attributes |= dict(zip(measured.schema.names, measured.columns, strict=True))
    applied = [rule for rule in rules.values() if rule is not LEFT]
    table = broken(applied, attributes, len(texts))
    found = [[applied[place].reason for place in np.flatnonzero(row)] for row in table]
    for number, spans in find_personal(texts).items():
        if any(not categories()[kind].open for _, _, kind in spans):
            found[number].append(LEFT.reason)
    return found
