"""The technical sample of a release: keywords and classifiers measure its texts anew, as they would be trained on.

What stands beside a text is released too: its id, its address and its fields are looked through for identifiers and for
keywords; classifiers, which know running text, judge the text alone.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

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
from pipeline.request.subject import entries
from pipeline.sources.machine import Found, find_by_rules
from pipeline.veiled import TOLD_BY_WORDS, identifiers, likely

PACK = "gbt45654"
"""Whose rules judge; those of it that are about a risk."""
BESIDE = ("lexicon", "context")
"""Filters that judge what stands beside a text: keywords, and what they are said for."""
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
    beside = [one for name, one in chosen.items() if name in BESIDE]
    told = {field for one in beside for field in one.schema.names}
    of_words = {rule.reason: rule for rule in rules.values() if rule is not LEFT and set(rule.attributes) <= told}
    found: list[list[str]] = []
    for texts, table in _documents(folder, rows):
        said = _broken(texts, list(chosen.values()), rules)
        fields = pa.array(map(_fields, table.to_pylist()), pa.large_string())
        also = _broken(Texts(fields), beside, of_words)
        left = _identified(table)
        found += [
            [*one, *(reason for reason in (*other, *([LEFT.reason] if row in left else [])) if reason not in one)]
            for row, (one, other) in enumerate(zip(said, also, strict=True))
        ]
        advance(len(texts))
    basis = {
        "pack": PACK, "rules": sorted(rules), "filters": {name: one.version for name, one in sorted(chosen.items())},
        "personal": Personal.version,
        "lists": {one.name: one.digest for one in lexicon.library().lists},
    }  # fmt: skip
    return find_by_rules([names[row] for row in rows.tolist()], found, rules, basis)


def _measures(one: Filter, rule: Rule) -> bool:
    return any(name in one.schema.names for name in rule.attributes)


def _documents(folder: Path, rows: NDArray[np.int64]) -> Iterator[tuple[Texts, pa.Table]]:
    """Yield texts, and what is released beside them."""
    for table in read_released(folder, rows, ["id", "url", "text", "meta"]):
        for begin in range(0, table.num_rows, BATCH_DOCUMENTS):
            some = table.slice(begin, BATCH_DOCUMENTS)
            yield Texts(some["text"].combine_chunks().cast(pa.large_string())), some.drop_columns(["text"])


def _fields(row: dict[str, Any]) -> str:
    return "\n".join([row["url"] or "", *(value or "" for _, value in entries(row["meta"]))])


def _identified(table: pa.Table) -> set[int]:
    """Return the rows whose id, address or fields hold an identifier."""
    found: set[int] = set()
    for name in ("id", "url"):
        some = likely(table[name])
        values = table[name].take(pa.array(some)).to_pylist()
        found |= {row for row, ours in zip(some.tolist(), identifiers(values), strict=True) if ours}
    pairs = [(row, f"{key}：{value}") for row, meta in enumerate(table["meta"].to_pylist())
             for key, value in entries(meta)]  # fmt: skip
    for number, spans in find_personal(Texts(pa.array([said for _, said in pairs], pa.large_string()))).items():
        if any(kind not in TOLD_BY_WORDS and not categories()[kind].open for _, _, kind in spans):
            found.add(pairs[number][0])
    return found


def _broken(texts: Texts, chosen: Sequence[Filter], rules: dict[str, Rule]) -> list[list[str]]:
    """Return which rules each text breaks."""
    attributes: dict[str, pa.Array] = {}
    for one in chosen:
        measured = one(texts)
        attributes |= dict(zip(measured.schema.names, measured.columns, strict=True))
    applied = [rule for rule in rules.values() if rule is not LEFT]
    table = broken(applied, attributes, len(texts))
    found = [[applied[place].reason for place in np.flatnonzero(row)] for row in table]
    for number, spans in find_personal(texts).items() if LEFT.reason in rules else ():
        if any(not categories()[kind].open for _, _, kind in spans):
            found[number].append(LEFT.reason)
    return found
