"""The gate `source_rate`: every source was assessed before and after collection and found not above 5 %."""

from typing import Any

from pipeline.clauses import clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection, listed
from pipeline.registry import Draw
from pipeline.registry.sources import OF_SOURCES
from pipeline.runs import open_run
from pipeline.sources.assessments import Standing, least_of_source, stand, standing
from pipeline.sources.drawing import count_new, source_population

GROWTH = 1.1
"""How many times the documents that its sample was drawn from a source may hold now: ours, no standard says."""


def source_rate(look: Inspection) -> Finding:
    """Look at all rounds of both phases of every source.

    Machines can bar a source; only people's verdicts pass it, for what machines do not know they do not find. What was
    found after collection must be about these very runs, and these must not have grown since; what was found in one run
    is not outweighed by samples of another.
    """
    figures: dict[str, Any] = {}
    wrong: list[str] = []
    for name in look.names:
        stands = {phase: standing(look.opened, phase, source=name) for phase in OF_SOURCES}
        faults = [f"{phase}: {one.why}" for phase, one in stands.items() if one.verdict != "passed"]
        faults += [fault for phase, one in stands.items() for fault in _small(phase, one)]
        faults += _outweighed(look, stands["after"]) + _stale(look, name, stands["after"])
        figures[name] = {**{phase: one.as_json() for phase, one in stands.items()}, "faults": faults}
        if faults:
            wrong.append(f'"{name}" {faults[0]}')
    confident = all(
        figures[name][phase]["pooled"]["confident_pass"] for name in figures for phase in OF_SOURCES
    )  # fmt: skip
    sure = "with" if confident else "not all with"
    passed = bool(look.names) and not wrong
    reason = listed(wrong) if wrong else f"all {len(look.names)} source(s) are not above 5 %, {sure} confidence of 95 %"
    first = wrong[0].split('"')[1] if wrong else ""
    remedy = (
        f"qingyuan source assess {first} --run RUN --phase before (and after); `source show {first}`" if wrong else ""
    )
    rests = clauses("before", "before_old", "after", "after_old")
    return Finding("source_rate", rests, passed, reason, {"sources": figures}, remedy)


def _small(phase: str, one: Standing) -> list[str]:
    """Refuse samples of earlier versions of the program that could be of any size."""
    least = max((least_of_source(round_.draw.population) for round_ in one.rounds), default=0)
    small = one.verdict == "passed" and one.pooled.n < least
    return [f"{phase}: {one.pooled.n} were looked at, {least} must be"] if small else []


def _outweighed(look: Inspection, after: Standing) -> list[str]:
    """Name the runs of a release that are too bad by their own rounds, where only others make the source pass."""
    if after.verdict != "passed":
        return []
    alone = {run: stand("after", [one for one in after.rounds if one.draw.run == run]) for run in look.candidate.runs}
    return [f'after: of run "{run}" {one.why}' for run, one in alone.items() if one.verdict == "barred"]


def _stale(look: Inspection, name: str, after: Standing) -> list[str]:
    if after.verdict != "passed":
        return []
    faults = []
    newest = {one.draw.run: one.draw for one in after.rounds}
    for run in look.runs_with(name):
        draw = newest.get(run)
        if draw is None:
            faults.append(f'after: its documents of run "{run}" were not assessed')
            continue
        summary = look.summaries[run]
        account = {} if summary is None else summary.get("sources", {}).get(name, {})
        documents = account.get("kept", 0) + account.get("dropped", 0)
        if documents > GROWTH * draw.population:
            faults.append(
                f'after: run "{run}" has {documents:,} documents of it, {draw.population:,} when it was assessed'
            )
        elif summary is not None:
            faults += _changed(look, name, draw)
    held = look.candidate.sources.get(name)
    assessed = sum(draw.population for run, draw in newest.items() if run in look.candidate.runs)
    if held is not None and held.documents > GROWTH * assessed and not faults:
        faults.append(f"after: {held.documents:,} documents of it are in the release, {assessed:,} were assessed")
    return faults


def _changed(look: Inspection, name: str, draw: Draw) -> list[str]:
    """Hold the documents of a run against those that its sample was drawn from: numbers alone stay when texts go."""
    new = count_new(look.workspace, draw.root, source_population(open_run(str(draw.run), look.workspace), name))
    if new is None:
        return [f'after: documents of run "{draw.run}" are others than those that were assessed; assess it --again']
    if new > (GROWTH - 1) * draw.population:
        among = f"not among the {draw.population:,} that were assessed"
        return [f'after: {new:,} documents of run "{draw.run}" were {among}; assess it --again']
    return []
