"""Samples and what was found in them: entered once, never drawn again, and what all rounds together say."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import orjson

from pipeline.database import now, record
from pipeline.errors import LedgerError, RecipeError
from pipeline.proportion import Rate
from pipeline.registry import Assessment, Draw, Session, func, select
from pipeline.request.records import veiled
from pipeline.sources.drawing import list_digest
from pipeline.sources.machine import Found
from pipeline.store import write_bytes

FOLDER = "assessments"
LIMITS_BP = {"before": 500, "after": 500, "acceptance": 400, "technical": 200}
"""Most bad ones in 10,000, by phase: 5 % of a source, 4 % by hand and 2 % by machine of a release."""

LEAST_OF_SOURCE = 59
"""Documents of a source that a sample holds, at least: 0 bad of 59 is the least that shows, at 95 %, that not more than
5 % are."""

Verdict = Literal["none", "passed", "undecided", "barred"]


@dataclass(frozen=True, slots=True)
class RoundOf:
    """A sample and what was found in it."""

    draw: Draw
    found: dict[str, Assessment]
    """By method: machine, people."""

    @property
    def counted(self) -> Assessment | None:
        """What counts: people's word where it is there, else the machines' where they may have the last one."""
        if "people" in self.found or self.draw.phase == "technical":
            return self.found.get("people", self.found.get("machine"))
        machine = self.found.get("machine")
        return machine if machine is not None and machine.decision == "barred" else None

    def as_json(self) -> dict[str, Any]:
        """Return it for evidence."""
        draw = self.draw
        return {
            "phase": draw.phase, "round": draw.round, "run": draw.run, "root": draw.root, "seed": draw.seed,
            "population": draw.population, "n": draw.n, "reason": draw.reason, "labels": draw.labels,
            "sample_sha256": draw.sample_sha256, "drawn_at": draw.drawn_at.isoformat(),
            "found": {
                method: {
                    **Rate(one.n, one.bad, one.limit_bp).as_json(), "suspected": one.suspected,
                    "decision": one.decision, "risks": one.risks, "evidence_sha256": one.evidence,
                }
                for method, one in sorted(self.found.items())
            },
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """What all rounds of a phase say together."""

    phase: str
    verdict: Verdict
    pooled: Rate
    """Of all rounds that were decided, none left out."""
    rounds: tuple[RoundOf, ...]
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return it for evidence."""
        return {
            "phase": self.phase, "verdict": self.verdict, "why": self.why, "pooled": self.pooled.as_json(),
            "rounds": [one.as_json() for one in self.rounds],
        }  # fmt: skip


def rounds_of(
    opened: Session, phase: str, *, source: str | None = None, release: str | None = None
) -> tuple[RoundOf, ...]:
    """Return the rounds of a phase of a source or of a release, in order."""
    wanted = Draw.source == source if source is not None else Draw.release == release
    draws = opened.scalars(select(Draw).where(Draw.phase == phase, wanted).order_by(Draw.round)).all()
    found = opened.scalars(select(Assessment).where(Assessment.draw.in_([draw.id for draw in draws]))).all()
    return tuple(RoundOf(draw, {one.method: one for one in found if one.draw == draw.id}) for draw in draws)


def stand(phase: str, rounds: Sequence[RoundOf], *, after_failure: bool = False) -> Standing:
    """Say what the rounds of a phase come to.

    A round that was drawn must be finished, so that none can be dropped quietly. Once a round has failed, drawing
    more of them until one passes must not help: then only all rounds together count, and only with confidence: the
    upper bound of 95 % of the share of bad ones must not be above the limit.

    Args:
        phase: before, after, acceptance or technical.
        rounds: all of them.
        after_failure: whether an earlier state of the same thing has failed, so that only confidence counts here too.
    """
    decided = [one.counted for one in rounds if one.counted is not None]
    limit = LIMITS_BP[phase]
    pooled = Rate(sum(one.n for one in decided), sum(one.bad for one in decided), limit)
    failed = [one for one in decided if one.decision == "barred"]
    waiting = [one for one in rounds if one.counted is None]
    if not rounds:
        verdict: Verdict = "none"
        why = "no sample has been drawn"
    elif failed and not (pooled.confident_pass and not waiting):
        verdict = "barred"
        first = failed[0]
        why = f"{first.bad} of {first.n} are bad, more than {limit / 100:g} %; all rounds together: {_said(pooled)}"
    elif waiting:
        verdict = "undecided"
        why = f"round {waiting[0].draw.round} waits for people's verdicts"
    elif after_failure and not pooled.confident_pass:
        verdict = "barred"
        why = f"it has failed before, so it must pass with confidence now: {_said(pooled)}"
    else:
        verdict = "passed"
        why = _said(pooled)
    return Standing(phase, verdict, pooled, tuple(rounds), why)


def _said(rate: Rate) -> str:
    confident = "with" if rate.confident_pass else "without"
    return (
        f"{rate.bad} of {rate.n} bad, {rate.bad / rate.n:.2%} where {rate.limit_bp / 100:g} % may be; "
        f"at most {rate.upper:.2%} at 95 %, so {confident} confidence"
        if rate.n else "nothing is decided"
    )  # fmt: skip


def least_of_source(population: int) -> int:
    """Return how many documents of a source must be looked at: all, where it has fewer than the least."""
    return min(population, LEAST_OF_SOURCE)


def standing(opened: Session, phase: str, *, source: str | None = None, release: str | None = None) -> Standing:
    """Return how a source or a release stands in a phase."""
    return stand(phase, rounds_of(opened, phase, source=source, release=release))


def enter_draw(
    opened: Session, phase: str, *, source: str | None = None, release: str | None = None, run: str | None = None,
    root: str, population: int, seed: str, drawn: Sequence[str], labels: str | None, reason: str,
) -> Draw:  # fmt: skip
    """Enter a sample as it is drawn; its number is the next one.

    Args:
        opened: the transaction.
        phase: before, after, acceptance or technical.
        source: whose sample it is, or
        release: of which release.
        run: the documents are of.
        root: of all documents it was drawn from.
        population: how many they are.
        seed: by which it was drawn.
        drawn: names of what was drawn.
        labels: name of the round of labelling that asks about them.
        reason: why there is another round.

    Raises:
        RecipeError: it is another round, and no reason is given; or the sample of a source says nothing.
    """
    if source is not None and len(drawn) < least_of_source(population):
        raise RecipeError(
            f"a sample of {len(drawn)} of the {population:,} documents of {source} says nothing: "
            f"{least_of_source(population)} are the least (where none of {LEAST_OF_SOURCE} is bad, "
            "at most 5 % are, at 95 %)"
        )
    reason = veiled(reason)
    wanted = Draw.source == source if source is not None else Draw.release == release
    number = (opened.scalars(select(func.max(Draw.round)).where(Draw.phase == phase, wanted)).one() or 0) + 1
    if number > 1 and not reason:
        raise RecipeError(
            f"{source or release} has {number - 1} round(s) of phase {phase} already, and a sample is not drawn again "
            "until it passes; if there is a reason for another one, say it (--again REASON): all rounds count together"
        )
    draw = Draw(
        phase=phase, source=source, release=release, round=number, run=run, root=root, population=population,
        seed=seed, n=len(drawn), reason=reason, labels=labels, sample_sha256=list_digest(drawn), drawn_at=now(),
    )  # fmt: skip
    opened.add(draw)
    opened.flush()
    record(opened, "operator", "sample drawn", phase=phase, source=source, release=release, round=number, root=root,
           seed=seed, n=draw.n, population=population, reason=reason, sample=draw.sample_sha256)  # fmt: skip
    return draw


def enter_found(opened: Session, workspace: Path, draw: Draw, method: str, found: Found) -> Assessment:
    """Enter what was found in a sample, with the file that says it item by item; once and for all.

    Raises:
        LedgerError: what was looked at is not the sample that was drawn.
    """
    if list_digest([item["id"] for item in found.items]) != draw.sample_sha256 or found.n != draw.n:
        raise LedgerError(f"round {draw.round} of {draw.source or draw.release}: what was looked at is not its sample")
    rate = Rate(found.n, found.bad, LIMITS_BP[draw.phase])
    if not rate.letter_pass:
        decision = "barred"
    elif Rate(found.n, found.bad + found.suspected, rate.limit_bp).letter_pass or method == "people":
        decision = "passed"
    else:
        decision = "undecided"
    if draw.phase == "technical" and decision == "undecided":
        decision = "passed"  # suspicions are for the people of the manual sample
    evidence = {
        "phase": draw.phase, "source": draw.source, "release": draw.release, "round": draw.round, "root": draw.root,
        "seed": draw.seed, "population": draw.population, "method": method, "risks": found.risks,
        "suspected": found.suspected, **rate.as_json(), "basis": found.basis, "items": list(found.items),
    }  # fmt: skip
    data = orjson.dumps(evidence, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    digest = sha256(data).hexdigest()
    write_bytes(evidence_path(workspace, draw, method), data)
    low, high = rate.interval
    row = Assessment(
        draw=draw.id, method=method, n=found.n, bad=found.bad, suspected=found.suspected, limit_bp=rate.limit_bp,
        low=low, high=high, upper=rate.upper, decision=decision, risks=dict(found.risks), evidence=digest, at=now(),
    )  # fmt: skip
    opened.add(row)
    opened.flush()
    record(opened, "qingyuan", "sample assessed", phase=draw.phase, source=draw.source, release=draw.release,
           round=draw.round, method=method, n=found.n, bad=found.bad, decision=decision, evidence=digest)  # fmt: skip
    return row


def evidence_path(workspace: Path, draw: Draw, method: str) -> Path:
    """Return the file that says what was found in a sample, item by item."""
    return workspace / FOLDER / f"{draw.phase}-{draw.source or draw.release}-{draw.round}-{method}.json"


def read_standing(one: Standing, *, trial: bool = False) -> list[str]:
    """Say in lines how it stands: every round, with its machines' and people's findings; a trial never passed."""
    verdict = "TRIAL, NO ACCEPTANCE" if trial and one.verdict == "passed" else one.verdict.upper()
    lines = [f"{one.phase}: {verdict} ({one.why})"]
    for round_ in one.rounds:
        draw = round_.draw
        again = f"; because: {draw.reason}" if draw.reason else ""
        lines.append(f"  round {draw.round}: {draw.n:,} of {draw.population:,}, seed {draw.seed[:12]}…{again}")
        for method, found in sorted(round_.found.items()):
            rate = Rate(found.n, found.bad, found.limit_bp)
            letter, sure = "yes" if rate.letter_pass else "NO", "yes" if rate.confident_pass else "no"
            lines.append(
                f"    {method:<8} {found.bad} bad of {found.n} ({found.bad / found.n:.2%}), 95 %: {found.low:.2%} to "
                f"{found.high:.2%}, one-sided at most {found.upper:.2%}; letter_pass {letter}, confident_pass {sure}"
                + (f"; {found.suspected} more for people to look at" if found.suspected else "")
            )
            if found.risks:
                lines.append("             " + ", ".join(f"{risk} {number}" for risk, number in found.risks.items()))
    return lines
