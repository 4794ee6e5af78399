"""Samples of sources and releases: drawn, judged by machines, sent to people as a round, and their verdicts entered.

Each command is said again and again: what is drawn stays drawn, what is found stays found, and what is not there yet is
fetched when it is.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.sample_file import write_sample
from annotation.verdicts import check_shown, read_verdicts, round_of
from pipeline.database import open_registry, session
from pipeline.errors import LedgerError, RecipeError
from pipeline.gates.candidate import released_digests, stored_candidate
from pipeline.gates.samples import LEAST_MANUAL, manual_size, stand_of_release, technical_size
from pipeline.registry import Draw, Engine
from pipeline.release.sealing import changed
from pipeline.request.beside import SAMPLES
from pipeline.runs import Run, open_run
from pipeline.sources.assessments import Standing, enter_draw, enter_found, rounds_of, standing
from pipeline.sources.drawing import draw_sample, keep_population, root_of, seed_of, source_population
from pipeline.sources.machine import find_in_run, risk_rules
from pipeline.sources.records import find_source
from pipeline.sources.technical import judge_released, read_released, released_names
from pipeline.store import write_bytes

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Asking:
    """How people are asked about a sample."""

    rule_version: str
    kind: str = "acceptance"
    overlap: int = 1
    gold: Path | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """How things stand after a command."""

    standings: tuple[Standing, ...]
    round_file: Path | None
    """To be pushed, if people are still to be asked."""
    trial: bool = False
    """It is about a release that is only tried out, which nothing accepts."""

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "trial": self.trial,
            "standings": [
                one.as_json() | ({"verdict": "trial"} if self.trial and one.verdict == "passed" else {})
                for one in self.standings
            ],
            "round_file": None if self.round_file is None else str(self.round_file),
        }


def assess_source(
    workspace: Path, name: str, run_name: str, phase: str, n: int, asking: Asking, *, again: str = ""
) -> Said:  # fmt: skip
    """Assess a source by a sample of what a run has of it: draw it, let the run's rules judge, then ask people.

    Args:
        workspace: of the run and the registry.
        name: of the source.
        run_name: a finished run that read it; before collection a run of a trial crawl.
        phase: before or after.
        n: documents of the sample.
        asking: how people are asked.
        again: why another round is drawn; empty to go on with the one that is there.

    Raises:
        RecipeError: source or run are not there, or the run has nothing of it, or another round lacks a reason.
    """
    run = open_run(run_name, workspace)
    engine = open_registry(workspace)
    with session(engine) as opened:
        find_source(opened, name)
        rounds = rounds_of(opened, phase, source=name)
    of_run = [one for one in rounds if one.draw.run == run.name]
    draw = (
        of_run[-1].draw if of_run and not again else _draw_source(engine, workspace, run, name, phase, n, asking, again)
    )
    return _collect(engine, workspace, phase, draw, source=name)


def _draw_source(
    engine: Engine, workspace: Path, run: Run, name: str, phase: str, n: int, asking: Asking, again: str
) -> Draw:
    if not risk_rules(run.policy.rules):
        find_in_run(run, np.zeros(0, np.int64))  # says what is wrong, before anything is drawn
    population = source_population(run, name)
    if not len(population.rows):
        held = ", ".join(sorted(run.summary["sources"]))
        raise RecipeError(f'run "{run.name}" has no document of "{name}"; it has: {held}')
    with session(engine) as opened:
        rounds = rounds_of(opened, phase, source=name)
        number = len(rounds) + 1
        seed = seed_of(population.root, phase, number)
        rows = population.rows[draw_sample(population.digests, n, seed)]
        ids = run.parts.take("documents", rows, ["id"])["id"].to_pylist()
        reason = again or (f'documents of another run, "{run.name}"' if rounds else "")
        draw = enter_draw(
            opened, phase, source=name, run=run.name, root=population.root, population=len(population.rows),
            seed=seed, drawn=ids, labels=_labels(phase, number, name), reason=reason,
        )  # fmt: skip
        keep_population(workspace, population)
        enter_found(opened, workspace, draw, "machine", find_in_run(run, rows))
        _write_round(workspace, draw, asking, _rows_of_run(run, rows, len(population.rows)))
    return draw


def _rows_of_run(run: Run, rows: NDArray[np.int64], population: int) -> list[dict[str, Any]]:
    texts = run.parts.take("documents", rows, ["text"])["text"].to_pylist()
    columns = ["id", "source", "verdict.keep", "verdict.reason", "verdict.failed"]
    return [
        {
            "document": row["id"], "text": text, "source": row["source"], "kept": row["verdict.keep"],
            "reason": row["verdict.reason"], "failed": row["verdict.failed"], "probability": len(rows) / population,
        }
        for row, text in zip(run.parts.take("verdicts", rows, columns).to_pylist(), texts, strict=True)
    ]  # fmt: skip


def accept_release(
    workspace: Path, version: str, asking: Asking, lists: Sequence[Path], advance: Advance, *, again: str = ""
) -> Said:
    """Draw both samples of a release's candidate, let machines judge theirs, and ask people about theirs.

    Args:
        workspace: of the candidate.
        version: of the release.
        asking: how people are asked.
        lists: word lists for the technical sample, beside the one that ships.
        advance: told of every document that machines have judged.
        again: why another round of both is drawn of the same data.

    Raises:
        RecipeError: there is no such candidate, or it is too small for anything but a trial.
        LedgerError: it is not what was built, or people were shown other texts.
    """
    candidate = stored_candidate(workspace, version)
    engine = open_registry(workspace)
    with session(engine) as opened:
        other = changed(opened, version, candidate.folder)
    if other is not None:
        raise LedgerError(f"{candidate.folder}: {other}; make it again: qingyuan release {version} RUN…")
    if candidate.documents < LEAST_MANUAL and not candidate.trial:
        raise RecipeError(
            f"{version} has {candidate.documents:,} documents and a sample is of {LEAST_MANUAL:,}: it can only be a "
            f"trial, of which all are looked at: qingyuan release {version}-trial RUN… --trial"
        )
    names, digests = released_names(candidate.folder), released_digests(candidate.folder)
    root = root_of(digests)
    drawn = {}
    for phase, size in (("technical", technical_size(len(names))), ("acceptance", manual_size(len(names)))):
        with session(engine) as opened:
            rounds = rounds_of(opened, phase, release=version)
        ours = [one for one in rounds if one.draw.root == root]
        if ours and not again:
            drawn[phase] = ours[-1].draw
            continue
        number = len(rounds) + 1
        seed = seed_of(root, "" if phase == "acceptance" else phase, number)
        rows = draw_sample(digests, size, seed)
        found = judge_released(candidate.folder, names, rows, lists, advance) if phase == "technical" else None
        with session(engine) as opened:
            draw = drawn[phase] = enter_draw(
                opened, phase, release=version, root=root, population=len(names), seed=seed,
                drawn=[names[row] for row in rows.tolist()],
                labels=_labels(phase, number, version) if found is None else None,
                reason=again or ("its data are others than those of the round before" if rounds else ""),
            )  # fmt: skip
            if found is not None:
                enter_found(opened, workspace, draw, "machine", found)
            else:
                _write_round(workspace, draw, asking, _rows_of_release(candidate.folder, rows, len(names)))
    with session(engine) as opened:
        waiting = [one.draw for one in rounds_of(opened, "acceptance", release=version) if "people" not in one.found]
    for draw in (one for one in waiting if one.root == root):
        rows = draw_sample(digests, draw.n, draw.seed)
        check_shown(workspace, draw, _rows_of_release(candidate.folder, rows, len(names)))
    said = _collect(engine, workspace, "acceptance", drawn["acceptance"], release=version)
    with session(engine) as opened:
        technical = stand_of_release(opened, version, root, "technical")[0]
    return Said((technical, *said.standings), said.round_file, candidate.trial)


def _rows_of_release(folder: Path, rows: NDArray[np.int64], population: int) -> list[dict[str, Any]]:
    return [
        {
            "document": f"{row['run']}/{row['id']}", "text": row["text"], "source": row["source"], "kept": True,
            "reason": None, "failed": [], "probability": len(rows) / population,
        }
        for table in read_released(folder, rows, ["id", "run", "source", "text"])
        for row in table.to_pylist()
    ]  # fmt: skip


def _labels(phase: str, number: int, name: str) -> str:
    """Return the name of a round of labelling; names of sources may be too long to stand in it whole."""
    short = name if len(name) <= 32 else f"{name[:23]}-{sha256(name.encode()).hexdigest()[:8]}"  # noqa: PLR2004
    return f"{phase}-{short}-{number}"


def _write_round(workspace: Path, draw: Draw, asking: Asking, rows: list[dict[str, Any]]) -> None:
    path = round_file(workspace, draw)
    write_sample(path.with_suffix(".parquet"), rows)
    lines = [
        f"# Written by qingyuan: the sample of {draw.source or draw.release}, {draw.phase}, round {draw.round}.",
        "# Its documents cannot be chosen again; people and gold may be named here before it is pushed.",
        "[round]",
        f'name = "{draw.labels}"',
        f"kind = {_quoted(asking.kind)}",
        f"rule_version = {_quoted(asking.rule_version)}",
        f'sample = "{path.with_suffix(".parquet").name}"',
        *([f'release = "{draw.release}"'] if draw.release is not None else []),
        f"seed = {int(draw.seed[:8], 16)}",
        f"overlap = {asking.overlap}",
        'consensus = "majority"',
        *(["[gold]", f"file = {_quoted(str(asking.gold.absolute()))}"] if asking.gold is not None else []),
    ]
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def _quoted(value: str) -> str:
    """Return a string as TOML writes it; a folder may have a quotation mark in its name."""
    return json.dumps(value, ensure_ascii=False)


def round_file(workspace: Path, draw: Draw) -> Path:
    """Return the file of the round that asks people about a sample."""
    return workspace / SAMPLES / f"{draw.labels}.toml"


def _collect(
    engine: Engine, workspace: Path, phase: str, draw: Draw, *, source: str | None = None, release: str | None = None
) -> Said:
    """Enter people's verdicts, where all of them are there."""
    with session(engine) as opened:
        for one in rounds_of(opened, phase, source=source, release=release):
            if "people" not in one.found:
                found = read_verdicts(opened, one.draw)
                if found is not None:
                    enter_found(opened, workspace, one.draw, "people", found)
        if release is None:
            stands = standing(opened, phase, source=source)
        else:
            stands, _ = stand_of_release(opened, release, draw.root, phase)
        asked = round_of(opened, draw) is not None
    return Said((stands,), None if asked else round_file(workspace, draw))
