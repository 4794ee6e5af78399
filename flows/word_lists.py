"""What word lists cover, whether they flag what is good, and how two releases differ: the verb `terms`, carried out."""

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filters.lexicon import compile_library
from filters.term_list import TermList, read_terms, starter_list
from flows.console import table
from pipeline.benign import measure_benign, read_texts, shipped_texts
from pipeline.coverage import cover, differences, failed_samples
from pipeline.errors import GateError, RecipeError

_SHOWN = 20
_STATE = 'the standard\'s numbers are from secondary sources, not checked against its own text; its wording is "should"'


def perform(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Carry out `terms check` or `terms diff`; `say` prints the result.

    Raises:
        RecipeError: a list or the benign texts cannot be read.
        GateError: a list flags too much of what is good, or a term fails a text of its own.
    """
    defaults = {name: value for name in ("category", "action") if (value := getattr(options, name))}
    if options.command == "diff":
        found = differences(_load(options.old, defaults), _load(options.new, defaults))
        say(json.dumps(found, ensure_ascii=False, indent=2) if options.json else render_differences(found))
        return 0
    lists = [_load(name, defaults) for name in options.lists]
    report, refused = _check(lists, options)
    say(json.dumps(report, ensure_ascii=False, indent=2) if options.json else render_check(report))
    if refused:
        raise GateError("\n  ".join(refused))
    return 0


def _load(name: str, defaults: dict[str, Any]) -> TermList:
    if name == "starter":
        return starter_list()
    try:
        return read_terms(Path(name), defaults)
    except (OSError, ValueError) as error:
        raise RecipeError(f"terms: {error}") from error


def _check(lists: Sequence[TermList], options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    report = cover(lists, datetime.now(UTC).date())
    refused, measured = [], []
    for one in lists:
        corpora = [("those that come with Qingyuan", shipped_texts())]
        if options.benign is not None:
            corpora.append((str(options.benign), list(read_texts(options.benign))))
        for corpus, texts in corpora:
            benign = measure_benign(one, texts, corpus)
            measured.append({
                "list": one.name, "corpus": corpus, "documents": benign.documents, "flagged": benign.flagged,
                "worst": [{"term": t, "action": a, "documents": n} for t, a, n in benign.worst[:_SHOWN]],
            })  # fmt: skip
            refusal = benign.refusal(options.most_drop, options.most_review)
            refused += [refusal] if refusal else []
    failed = failed_samples(compile_library(list(lists)))
    if failed:
        refused.append(f"{len(failed)} samples fail: " + "; ".join(failed[:_SHOWN]))
    return report | {"benign": measured, "failed_samples": failed, "refused": refused}, refused


def render_check(report: dict[str, Any]) -> str:
    """Show lists, coverage and benign texts as tables."""
    lists = [[o["name"], o["digest"][:12], o["terms"], o["released"] or "unknown"] for o in report["lists"]]
    risks = [
        [name, risk["zh"], risk["terms"] or "no terms loaded", "" if risk["at_least"] is None else risk["at_least"]]
        for name, risk in report["risks"].items()
    ]
    risks += [[name, "", number, ""] for name, number in report["own"].items()]
    benign = [
        [b["list"], b["corpus"], b["documents"], *(b["flagged"][a] for a in ("drop", "review", "measure"))]
        for b in report["benign"]
    ]
    total = report["total"]
    unmet = report["unmet"]
    return "\n".join([
        table(lists, ["list", "digest", "terms", "released"], frozenset({2})), "",
        table(risks, ["risk", "", "terms", "asked"], frozenset({2, 3})), "",
        f"{total['terms']:,} terms in all, {total['at_least']:,} asked ({total['wording']}, {report['clause']})",
        _STATE,
        f"{len(unmet)} of its numbers are not met" + (f", such as {'; '.join(unmet[:3])}" if unmet else ""), "",
        table(benign, ["list", "benign texts", "texts", "drop", "review", "measure"], frozenset({2, 3, 4, 5})),
        "refused" if report["refused"] else "accepted: no list flags too many of them, and every sample is as it says",
    ])  # fmt: skip


def render_differences(found: dict[str, Any]) -> str:
    """Show what changed, a term a line."""
    old, new = found["old"], found["new"]
    lines = [f"{o['name']} {o['digest'][:12]}, {o['terms']:,} terms" for o in (old, new)]
    lines += [f"+ {row['term']}  {row['category']} {row['action']}" for row in found["added"]]
    lines += [f"- {row['term']}  {row['category']} {row['action']}" for row in found["removed"]]
    for name, changes in found["changed"].items():
        lines.append(f"~ {name}  " + "; ".join(f"{key}: {was} → {now}" for key, (was, now) in changes.items()))
    lines.append(f"{len(found['added'])} added, {len(found['removed'])} removed, {len(found['changed'])} changed")
    return "\n".join(lines)
