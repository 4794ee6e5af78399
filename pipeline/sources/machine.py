"""What machines find in a sample of a run: its rules that are about one of the 29 risks of illegal and bad content."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filters.policy import Rule
from filters.risks import ILLEGAL, RISKS
from pipeline.errors import RecipeError
from pipeline.runs import Run

ILLEGAL_RISKS = tuple(risk.id for risk in RISKS.values() if risk.group in ILLEGAL)
"""违法不良信息: the 29 risks of A.1 to A.4."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a sample, by machines or by people."""

    n: int
    bad: int
    suspected: int
    """Not bad by itself: machines would have a person look."""
    risks: Mapping[str, int]
    """By risk: documents that are bad for it; one document may be bad for several."""
    items: Sequence[Mapping[str, Any]]
    """Each document: id, and why. No texts."""
    basis: Mapping[str, Any] = field(default_factory=dict)
    """What found it: rules, versions, rounds."""


def risk_rules(rules: Iterable[Rule], risks: Sequence[str] = ILLEGAL_RISKS) -> dict[str, Rule]:
    """Return the rules that are about any of some risks, by reason."""
    return {rule.reason: rule for rule in rules if set(rule.risks) & set(risks)}


def find_by_rules(
    ids: Sequence[str], broken: Sequence[Iterable[str]], rules: Mapping[str, Rule], basis: Mapping[str, Any]
) -> Found:
    """Count documents by the rules about risks that they break.

    Bad is what breaks a rule that drops; what breaks only rules that ask for a person is suspected: their bounds are
    set to miss little, and good texts break them too.
    """
    items, counts = [], Counter[str]()
    for identity, reasons in zip(ids, broken, strict=True):
        ours = [reason for reason in reasons if reason in rules]
        drops = [reason for reason in ours if rules[reason].action == "drop"]
        named = sorted({risk for reason in drops for risk in rules[reason].risks})
        counts.update(named)
        items.append({"id": identity, "bad": drops, "suspected": [one for one in ours if one not in drops]})
    bad = sum(bool(item["bad"]) for item in items)
    suspected = sum(bool(item["suspected"]) and not item["bad"] for item in items)
    return Found(len(items), bad, suspected, dict(sorted(counts.items())), items, basis)


def find_in_run(run: Run, rows: NDArray[np.int64]) -> Found:
    """Say what the rules of a run found in some of its documents.

    Raises:
        RecipeError: the run judged by no rule that is about any of these risks, so finding nothing would say nothing.
    """
    rules = risk_rules(run.policy.rules)
    if not rules:
        raise RecipeError(
            f'run "{run.name}" has no rule about any of the {len(ILLEGAL_RISKS)} risks of A.1 to A.4: run its recipe '
            'with a safety pack (without packs = [], or with packs = ["gbt45654"])'
        )
    table = run.parts.take("verdicts", rows, ["id", "verdict.failed", "verdict.review"])
    pairs = zip(table["verdict.failed"].to_pylist(), table["verdict.review"].to_pylist(), strict=True)
    versions = {choice.filter: choice.make().version for choice in run.filters()}
    basis = {"run": run.name, "rules": sorted(rules), "filters": versions}
    return find_by_rules(table["id"].to_pylist(), [[*failed, *review] for failed, review in pairs], rules, basis)
