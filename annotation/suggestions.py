"""What filters suggest that people answer: shown only where a round says so, for people lean on what they are shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.drawing import attribute_of
from annotation.kinds import Kind
from filters.personal_lexicon import categories
from filters.risks import RISKS
from pipeline.errors import RecipeError
from pipeline.runs import Run

Row = Mapping[str, Any]
"""A document's attributes by name, and under `risks` those that broken rules name, under `fired` whether any did."""

DIRECT = ("drop", "review")
"""What follows the category of a term that was found as it is; of the others only the place is suggested."""
MOST_RISKS = 2
"""Of a rule: one about more of them suggests that there is a risk, and leaves to people which."""


@dataclass(frozen=True, slots=True)
class Suggester:
    """How answers of a kind are made of what filters measured."""

    attributes: tuple[str, ...]
    make: Callable[[Row], dict[str, Any] | None]
    """The answer, as much of it as can be told; None suggests nothing."""


def _personal(row: Row) -> dict[str, Any] | None:
    spans = [[one["start"], one["end"], one["kind"]] for one in row["personal.spans"] or ()]
    private = any(not categories()[kind].open for *_, kind in spans)
    return {"spans": spans, "verdict": "some" if private else "none"} if spans else {"verdict": "none"}


def _safety(row: Row) -> dict[str, Any]:
    evidence, risks = [], set(row["risks"])
    for span in row["lexicon.spans"] or ():
        risk, _, how = span["kind"].partition(":")
        if risk in RISKS and how != "measure":
            evidence.append([span["start"], span["end"], risk[:2]])
            risks |= {risk} if how in DIRECT else set()
    if not risks and not row["fired"]:
        return {"verdict": "safe"}
    label: dict[str, Any] = {"evidence": sorted(evidence)} if evidence else {}
    label["verdict"] = "risky"  # how grave it is and, where a rule is about many risks, which: people say it
    for risk in RISKS:
        if risk in risks:
            label.setdefault(f"risk_{risk[:2]}", []).append(risk)
    return label


SUGGESTERS: Mapping[str, Suggester] = {
    Kind.QUALITY: Suggester(
        ("quality.score",), lambda row: None if row["quality.score"] is None
        else {"score": str(round(5 * row["quality.score"]))},
    ),
    Kind.DOMAIN: Suggester(
        ("domain.top",), lambda row: None if row["domain.top"] is None else {"main": row["domain.top"]}
    ),
    Kind.PERSONAL: Suggester(("personal.spans",), _personal),
    Kind.SAFETY: Suggester(("lexicon.spans",), _safety),
}  # fmt: skip
"""An acceptance sample and a comparison of versions are judged without anything to lean on."""


def suggester_of(kind: str) -> Suggester:
    """Return what suggests answers of a kind.

    Raises:
        RecipeError: nothing that is measured suggests any.
    """
    if kind not in SUGGESTERS:
        raise RecipeError(f"round.show_predictions: nothing that is measured suggests an answer of kind {kind}")
    return SUGGESTERS[kind]


def suggest(
    kind: str, run: Run, rows: NDArray[np.int64], *, needed: bool = True
) -> tuple[list[dict[str, Any] | None], str]:
    """Return the answers that a run's measurements suggest of some of its documents, and by which version of what.

    Raises:
        RecipeError: the run did not measure what they are made of, and they are needed.
    """
    known = {field for choice in run.filters() for field in choice.make().schema.names}
    if not needed and (kind not in SUGGESTERS or not known.issuperset(SUGGESTERS[kind].attributes)):
        return [None] * len(rows), ""
    suggester = suggester_of(kind)
    columns = {name: attribute_of(run, name).take(rows).to_pylist() for name in suggester.attributes}
    named = _fired(run, rows) if kind == Kind.SAFETY else [{}] * len(rows)
    answers = [
        suggester.make({**{name: values[place] for name, values in columns.items()}, **more})
        for place, more in enumerate(named)
    ]
    used = {name.partition(".")[0] for name in suggester.attributes} | ({"safety"} if kind == Kind.SAFETY else set())
    versions = [f"{choice.filter} {choice.make().version}" for choice in run.filters() if choice.filter in used]
    return answers, "; ".join(versions)


def _fired(run: Run, rows: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Say which risks the rules about scores of harm and about terms name that each document breaks."""
    about = {
        rule.reason: rule for rule in run.policy.rules if rule.attribute.startswith(("safety.", "lexicon."))
    }  # fmt: skip
    verdicts = run.parts.take("verdicts", rows, ["verdict.failed", "verdict.review"]).to_pylist()
    broken = [[*row["verdict.failed"], *row["verdict.review"]] for row in verdicts]
    return [
        {
            "fired": any(reason in about for reason in reasons),
            # Terms say themselves of which risk they are; a rule about them names those of the whole list.
            "risks": {risk for reason in reasons if reason in about and about[reason].attribute.startswith("safety.")
                      and len(about[reason].risks) <= MOST_RISKS for risk in about[reason].risks},
        }
        for reasons in broken
    ]  # fmt: skip
