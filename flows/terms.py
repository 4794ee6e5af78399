"""The verb `terms`: what word lists cover, whether they flag what is good, and how two releases differ."""

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filters.lexicon import compile_library
from filters.term_list import TermList, read_terms, starter_list
from flows.console import table
from pipeline.benign import MOST_DROP, MOST_REVIEW, measure_benign, read_texts, shipped_texts
from pipeline.coverage import cover, differences, failed_samples
from pipeline.errors import GateError, RecipeError

DETAIL = """\
LIST is TOML with every field of a term, CSV, or a term a line; "starter" is the list that comes with Qingyuan.

  check LIST…   coverage of the 31 risks beside what the standard asks, the texts in which each term must and must
                not be found, and the benign gate: a list that flags texts known to be good ends with exit code 5
  diff OLD NEW  terms added, removed and changed between two releases
"""
_SHOWN = 20
_STATE = 'the standard\'s numbers are from secondary sources, not checked against its own text; its wording is "should"'


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Give the verb its two commands."""
    commands = verb.add_subparsers(dest="command", required=True, metavar="check|diff")
    check = commands.add_parser("check", help="coverage, samples and benign gate")
    check.add_argument("lists", nargs="+", metavar="LIST", help='files of terms, or "starter"')
    check.add_argument(
        "--benign", type=Path, metavar="PATH", help="texts known to be good, besides those that come with Qingyuan"
    )
    check.add_argument(
        "--most-drop", type=_share, default=MOST_DROP, help="share of benign texts with a drop term (%(default)s)"
    )
    check.add_argument(
        "--most-review", type=_share, default=MOST_REVIEW, help="the same with a review term (%(default)s)"
    )
    diff = commands.add_parser("diff", help="what changed between two releases")
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    for command in (check, diff):
        command.add_argument("--category", help="of the terms that do not state one (A1-f, or a name of your own)")
        command.add_argument("--action", choices=["drop", "review", "measure"], help="likewise (review)")
        command.add_argument(
            "--json", action="store_true", help="print the result as JSON, and nothing else, on stdout"
        )


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share from 0 to 1")
    return value


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
