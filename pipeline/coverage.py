"""What word lists cover of the 31 risks, beside what the standard asks; and how two releases of a list differ."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import pyarrow as pa

from filters.lexicon import Library, compile_library
from filters.risks import LEAST_OF_GROUP, LEAST_TERMS, LIBRARY_CLAUSE, MOST_DAYS, RISKS, Demand
from filters.term import Term
from filters.term_list import TermList
from filters.texts import Texts


def cover(lists: Sequence[TermList], today: date) -> dict[str, Any]:
    """Count terms by risk, each once however it may be spelt; what has expired does not count.

    Returns:
        A JSON object: `lists` with digest and age, `total`, `risks` and `own` with their numbers, `unmet`: what the
        standard asks and is not there. No clause that nobody has read is named as read: see `state`.
    """
    terms = compile_library(list(lists)).finder.terms
    valid = [term for term in terms if term.expires is None or term.expires > today]
    counted = Counter(term.category for term in valid)
    risks = {
        risk.id: {"zh": risk.zh, "en": risk.en, "terms": counted[risk.id], **_asked(LEAST_OF_GROUP.get(risk.group))}
        for risk in RISKS.values()
    }
    shown = [_about(one, today) for one in lists]
    unmet = [f"{name}: {row['terms']} of {row['at_least']} terms" for name, row in risks.items() if _short(row)]
    if len(valid) < LEAST_TERMS.number:
        unmet.insert(0, f"{len(valid):,} of {LEAST_TERMS.number:,} terms in all")
    for row in shown:
        if row["age_days"] is None:
            unmet.append(f"{row['name']}: no date of release, so no age")
        elif row["age_days"] > MOST_DAYS.number:
            unmet.append(f"{row['name']}: {row['age_days']} days old, {MOST_DAYS.number} at most")
    return {
        "clause": LIBRARY_CLAUSE,
        "lists": shown,
        "total": {"terms": len(valid), "expired": len(terms) - len(valid), **_asked(LEAST_TERMS)},
        "age_days": {"at_most": MOST_DAYS.number, "wording": MOST_DAYS.wording, "state": MOST_DAYS.state},
        "risks": risks,
        "own": {name: number for name, number in sorted(counted.items()) if name not in RISKS},
        "unmet": unmet,
    }


def _asked(demand: Demand | None) -> dict[str, Any]:
    if demand is None:
        return {"at_least": None}
    return {"at_least": demand.number, "wording": demand.wording, "state": demand.state}


def _short(row: dict[str, Any]) -> bool:
    return row["at_least"] is not None and row["terms"] < row["at_least"]


def _about(one: TermList, today: date) -> dict[str, Any]:
    return {
        "name": one.name, "digest": one.digest, "terms": len(one.terms),
        "released": None if one.released is None else one.released.isoformat(),
        "age_days": None if one.released is None else (today - one.released).days,
    }  # fmt: skip


def failed_samples(library: Library) -> list[str]:
    """Return which positives are not found, and which hard negatives are found by a direct channel."""
    rows = [(number, text, True) for number, term in enumerate(library.finder.terms) for text in term.positives]
    rows += [(number, text, False) for number, term in enumerate(library.finder.terms) for text in term.hard_negatives]
    hits = library.finder.find(Texts(pa.array([text for _, text, _ in rows], pa.large_string())))
    found: dict[int, set[int]] = defaultdict(set)
    direct: dict[int, set[int]] = defaultdict(set)
    for text, term, channel in zip(hits.text.tolist(), hits.term.tolist(), hits.channel.tolist(), strict=True):
        found[text].add(term)
        if channel == 0:
            direct[text].add(term)
    wrong = []
    for place, (number, text, wanted) in enumerate(rows):
        name = library.finder.terms[number].term
        if wanted and number not in found[place]:
            wrong.append(f"{name}: not found in its positive {text!r}")
        if not wanted and number in direct[place]:
            wrong.append(f"{name}: found in its hard negative {text!r}")
    return wrong


def differences(old: TermList, new: TermList) -> dict[str, Any]:
    """Return what changed between two releases of a list, by term."""
    before, after = ({term.term: term for term in one.terms} for one in (old, new))
    changed = {
        name: _changes(before[name], after[name]) for name in before if name in after and before[name] != after[name]
    }
    return {
        "old": {"name": old.name, "digest": old.digest, "terms": len(before)},
        "new": {"name": new.name, "digest": new.digest, "terms": len(after)},
        "added": [_named(term) for name, term in after.items() if name not in before],
        "removed": [_named(term) for name, term in before.items() if name not in after],
        "changed": changed,
    }  # fmt: skip


def _named(term: Term) -> dict[str, str]:
    return {"term": term.term, "category": term.category, "action": term.action}


def _changes(old: Term, new: Term) -> dict[str, list[Any]]:
    before, after = asdict(old), asdict(new)
    return {key: [_plain(before[key]), _plain(after[key])] for key in before if before[key] != after[key]}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
