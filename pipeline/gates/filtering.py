"""The gates `filtered` and `keywords`: keywords and classifiers have looked at everything; how far keywords reach."""

from pipeline.clauses import clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection, listed
from pipeline.lexicon_report import LEXICON_FILE
from pipeline.runs import open_run
from pipeline.sources.machine import risk_rules
from pipeline.store import read_json

JUDGES = {"lexicon": "keywords", "safety": "a classifier"}
"""Filters that must have measured, and whose attributes a rule about a risk must read."""


def filtered(look: Inspection) -> Finding:
    """Check that in every run keywords and a classifier measured all documents, and that rules read them."""
    figures: dict[str, dict[str, bool]] = {}
    wrong = []
    for run, summary in look.summaries.items():
        if summary is None:
            wrong.append(f'run "{run}" is not there any more')
            continue
        rules = risk_rules(open_run(run, look.workspace).policy.rules).values()
        read = {name.partition(".")[0] for rule in rules for name in rule.attributes}
        figures[run] = {name: name in read for name in JUDGES}
        wrong += [
            f'run "{run}": no rule about a risk reads {word}' for name, word in JUDGES.items() if name not in read
        ]
    passed = bool(figures) and not wrong
    reason = listed(wrong) if wrong else f"keywords and a classifier looked at all documents of {len(figures)} run(s)"
    remedy = (
        "" if passed else "run the recipe again with a safety pack (not packs = []) and the filters lexicon and safety"
    )
    return Finding("filtered", clauses("filtered", "filtered_by", "classifier"), passed, reason, figures, remedy)


def keywords(look: Inspection) -> Finding:
    """Say how far the word lists of the runs come short; the standard says "should", so nothing is refused for it."""
    unmet = {}
    for run in look.candidate.runs:
        coverage = read_json(look.workspace / "runs" / run / LEXICON_FILE)
        unmet[run] = ["no word list was loaded"] if coverage is None else list(coverage["unmet"])
    short = {run: lacks for run, lacks in unmet.items() if lacks}
    if short:
        first = next(iter(short.values()))
        reason = f"asked as 应/宜 (should), so nothing is refused: {len(first)} numbers are not met, first: {first[0]}"
    else:
        reason = "the word lists have the numbers that the standard asks for"
    figures = {"met": not short, "unmet": short}
    remedy = (
        "load word lists of your own ([filters.lexicon] lists); `qingyuan terms` says what is missing" if short else ""
    )
    return Finding("keywords", clauses("keywords"), True, reason, figures, remedy)
