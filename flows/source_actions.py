"""What the commands of sources do and print; libraries are imported when they are needed."""

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.source_fields import FIELDS

if TYPE_CHECKING:
    from annotation.acceptance import Said

REFUSED = 5
"""Exit code where something is lacking or barred."""


def _print(options: argparse.Namespace, result: object, lines: Sequence[str]) -> None:
    print(json.dumps(result, ensure_ascii=False, indent=2, default=str) if options.json else "\n".join(lines))


def _day(text: str | None, option: str) -> date | None:
    from pipeline.errors import RecipeError  # noqa: PLC0415

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise RecipeError(f"--{option}: {text!r} is no day; say it as 2026-11-30") from error


def _today() -> date:
    from pipeline.database import now  # noqa: PLC0415

    return now().date()


def _add(options: argparse.Namespace) -> int:
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.registry import Source  # noqa: PLC0415
    from pipeline.sources.records import check_papers, enter, entry_of  # noqa: PLC0415
    from pipeline.sources.source_file import plain, source_from  # noqa: PLC0415

    for name in ("valid-from", "valid-until", "granted"):
        _day(getattr(options, name.replace("-", "_")), name)
    with session(open_registry(options.workspace)) as opened:
        there = opened.get(Source, options.source)
        said: dict[str, Any] = {"name": options.source} if there is None else plain(entry_of(opened, there))
        for field, _ in FIELDS:
            given = getattr(options, field.replace("-", "_"))
            if given is not None:
                said[field.replace("-", "_")] = given
        said["papers"] = _papers(options, said.get("papers", []))
        said["authorisations"] = _batches(options, said.get("authorisations", []))
        _revoke(options, said)
        changed = enter(opened, options.workspace, source_from(said, f'source "{options.source}"'), Path())
        checked = check_papers(opened, options.workspace, options.source, _today())
    lines = [f"{options.source}: {', '.join(changed) or 'nothing new'}"]
    lines += [f"  still lacks {lack.line}: {lack.demand.what}" for lack in checked.lacks]
    _print(options, {"source": options.source, "changed": changed, **checked.as_json()}, lines)
    return 0


def _papers(options: argparse.Namespace, there: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from pipeline.errors import RecipeError  # noqa: PLC0415

    until = {"valid_from": options.valid_from, "valid_until": options.valid_until}
    for given in options.paper:
        kind, equals, file = given.partition("=")
        if not equals:
            raise RecipeError(f"--paper {given}: say KIND=FILE, as licence=LICENSE.txt")
        path = str(Path(file).absolute())
        there.append({"kind": kind, "file": path, **{key: day for key, day in until.items() if day is not None}})
    return there


def _batches(options: argparse.Namespace, there: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if options.authorise is None:
        return there
    granted = options.granted or _today().isoformat()
    until = {} if options.valid_until is None else {"valid_until": options.valid_until}
    kept = [one for one in there if one["batch"] != options.authorise]
    return [*kept, {"batch": options.authorise, "granted": granted, **until}]


def _revoke(options: argparse.Namespace, said: dict[str, Any]) -> None:
    from pipeline.errors import RecipeError  # noqa: PLC0415

    for name in options.revoke:
        papers = [one for one in said["papers"] if name and one.get("sha256", "").startswith(name)]
        batches = [one for one in said["authorisations"] if one["batch"] == name]
        if len(papers) + len(batches) != 1:
            known = [one["sha256"][:12] for one in said["papers"] if "sha256" in one]
            known += [one["batch"] for one in said["authorisations"]]
            raise RecipeError(f"--revoke {name}: names not one paper or batch; there are: {', '.join(known) or 'none'}")
        (papers or batches)[0]["revoked"] = _today().isoformat()


def _list(options: argparse.Namespace) -> int:
    from flows.console import table  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.registry.sources import OF_SOURCES  # noqa: PLC0415
    from pipeline.sources.assessments import standing  # noqa: PLC0415
    from pipeline.sources.barring import barred  # noqa: PLC0415
    from pipeline.sources.records import check_papers, list_sources  # noqa: PLC0415

    found, rows = [], []
    with session(open_registry(options.workspace)) as opened:
        for entry in list_sources(opened):
            checked = check_papers(opened, options.workspace, entry.name, _today())
            stands = {phase: standing(opened, phase, source=entry.name).verdict for phase in OF_SOURCES}
            why = barred(opened, [entry.name]).get(entry.name)
            papers = "complete" if not checked.lacks else f"lacks {len(checked.lacks)}"
            until = "-" if checked.until is None else str(checked.until)
            found.append({"source": entry.name, "class": entry.kind, "domain": entry.domain, "barred": why,
                          **stands, "papers": checked.as_json()})  # fmt: skip
            rows.append(
                [entry.name, entry.kind, entry.domain, papers, until, *stands.values(), "BARRED" if why else ""]
            )
    columns = ["source", "class", "domain", "papers", "until", *OF_SOURCES, ""]
    lines = [table(rows, columns)] if rows else ["no sources yet; `qingyuan source add` enters one"]
    _print(options, found, lines)
    return 0


def _show(options: argparse.Namespace) -> int:
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.registry.sources import OF_SOURCES  # noqa: PLC0415
    from pipeline.sources.assessments import read_standing, standing  # noqa: PLC0415
    from pipeline.sources.barring import barred  # noqa: PLC0415
    from pipeline.sources.records import check_papers, entry_of, find_source  # noqa: PLC0415
    from pipeline.sources.source_file import plain, to_toml  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        entry = entry_of(opened, find_source(opened, options.source))
        checked = check_papers(opened, options.workspace, options.source, _today())
        stands = [standing(opened, phase, source=options.source) for phase in OF_SOURCES]
        why = barred(opened, [options.source]).get(options.source)
    lines = [to_toml([entry])]
    lines += [f"lacks {lack.line}: {lack.demand.what}" for lack in checked.lacks] or ["shows all papers of its class"]
    for one in stands:
        lines += read_standing(one)
    lines += [f"BARRED: {why}"] if why else []
    _print(options, {**plain(entry), "check": checked.as_json(), "standings": [one.as_json() for one in stands],
                     "barred_because": why}, lines)  # fmt: skip
    return 0


def _check(options: argparse.Namespace) -> int:
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.sources.records import check_papers, list_sources  # noqa: PLC0415

    day = _day(options.on, "on") or _today()
    with session(open_registry(options.workspace)) as opened:
        names = [options.source] if options.source else [entry.name for entry in list_sources(opened)]
        checked = [check_papers(opened, options.workspace, name, day) for name in names]
    lines = []
    for one in checked:
        until = "" if one.until is None else f", until {one.until}"
        lines.append(f"{one.source}: {'complete' + until if not one.lacks else 'LACKS'}")
        for lack in one.lacks:
            cited = "; ".join(f"{clause.cited} [{clause.verified}]" for clause in lack.demand.clauses)
            lines += [f"  {lack.line}: {lack.demand.what}", f"    rests on {cited}",
                      f"    qingyuan source add {one.source} {lack.demand.remedy}"]  # fmt: skip
        lines += [f"  {name} holds until {last}" for name, last in sorted(one.ends.items())]
    _print(options, [one.as_json() for one in checked], lines or ["no sources yet; `qingyuan source add` enters one"])
    return REFUSED if any(one.lacks for one in checked) else 0


def _assess(options: argparse.Namespace) -> int:
    from annotation.acceptance import Asking, assess_source  # noqa: PLC0415
    from pipeline.errors import RecipeError  # noqa: PLC0415

    if options.n < 1 or options.overlap < 1:
        raise RecipeError("--n and --overlap are at least 1")
    asking = Asking(options.rule_version, options.kind, options.overlap, options.gold)
    said = assess_source(
        options.workspace, options.source, options.run, options.phase, options.n, asking, again=options.again
    )
    if options.phase == "before" and not options.json:
        _warn_late(options)
    return _say(options, said, f"qingyuan source assess {options.source} --run {options.run} --phase {options.phase}")


def _warn_late(options: argparse.Namespace) -> None:
    """Say where a sample of before collection cannot be one any more."""
    from pipeline.database import now, open_registry, session  # noqa: PLC0415
    from pipeline.sources.records import find_source  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        begun = find_source(opened, options.source).collected_from
    if begun is not None and now().date() > begun:
        print(
            f"{options.source} is collected since {begun}: a sample drawn now bars or passes it, but does not show "
            "that it was assessed before (采集后才抽样，该条自评估为不符合)"
        )


def _accept(options: argparse.Namespace) -> int:
    from annotation.acceptance import Asking, accept_release  # noqa: PLC0415
    from flows.progress import choose  # noqa: PLC0415

    asking = Asking(options.rule_version, options.kind, options.overlap, options.gold)
    progress = choose()
    progress.stage("technical sample", 0, "documents")
    try:
        said = accept_release(
            options.workspace, options.version, asking, options.terms, progress.advance, again=options.again
        )
    finally:
        progress.finish()
    return _say(options, said, f"qingyuan accept {options.version}")


def _say(options: argparse.Namespace, said: "Said", command: str) -> int:
    from pipeline.sources.assessments import read_standing  # noqa: PLC0415

    lines = [line for one in said.standings for line in read_standing(one, trial=said.trial)]
    if said.round_file is not None:
        lines += ["People are to be asked:", f"  qingyuan annotate push {said.round_file}",
                  f"and when all is answered and pulled, again: {command}"]  # fmt: skip
    _print(options, said.as_json(), lines)
    return REFUSED if any(one.verdict == "barred" for one in said.standings) else 0


def _export(options: argparse.Namespace) -> int:
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.errors import RecipeError  # noqa: PLC0415
    from pipeline.sources.records import list_sources  # noqa: PLC0415
    from pipeline.sources.source_file import to_csv, to_toml  # noqa: PLC0415
    from pipeline.store import write_bytes  # noqa: PLC0415

    if options.file.suffix not in {".toml", ".csv"}:
        raise RecipeError(f"{options.file}: sources are written to .toml or .csv")
    with session(open_registry(options.workspace)) as opened:
        sources = list_sources(opened)
    write_bytes(options.file, (to_toml if options.file.suffix == ".toml" else to_csv)(sources).encode())
    _print(options, {"file": str(options.file), "sources": len(sources)}, [f"{len(sources)} sources in {options.file}"])
    return 0


def _import(options: argparse.Namespace) -> int:
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.sources.records import enter  # noqa: PLC0415
    from pipeline.sources.source_file import read_sources  # noqa: PLC0415

    entries = read_sources(options.file)
    with session(open_registry(options.workspace)) as opened:
        changed = {one.name: enter(opened, options.workspace, one, options.file.parent) for one in entries}
    lines = [f"{name}: {', '.join(what) or 'nothing new'}" for name, what in changed.items()]
    _print(options, changed, lines or ["the file names no source"])
    return 0


def _bar(options: argparse.Namespace) -> int:
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.sources.barring import barred  # noqa: PLC0415
    from pipeline.sources.records import bar, lift  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        (lift if options.lift else bar)(opened, options.source, options.why)
        why = barred(opened, [options.source]).get(options.source)
    state = f"is barred: {why}" if why else "is not barred any more"
    _print(options, {"source": options.source, "barred": why}, [f"{options.source} {state}"])
    return 0


ACTS: dict[str, Callable[[argparse.Namespace], int]] = {
    "add": _add, "list": _list, "show": _show, "check": _check, "assess": _assess, "accept": _accept,
    "export": _export, "import": _import, "bar": _bar,
}  # fmt: skip
"""By the words of the command line; each returns the exit code."""
