"""What the commands of rounds and people do and print; libraries are imported when they are needed."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def _print(options: argparse.Namespace, result: object, lines: Sequence[str]) -> None:
    print(json.dumps(result, ensure_ascii=False, indent=2, default=str) if options.json else "\n".join(lines))


def warn(*said: Mapping[str, Any]) -> None:
    """Say on stderr, where no table hides it, what makes work worthless if it goes on."""
    for one in dict.fromkeys(warning for found in said for warning in found.get("warnings", ())):
        print(f"WARNING: {one}", file=sys.stderr, flush=True)


def _push(options: argparse.Namespace) -> int:
    from flows import annotation_runtime  # noqa: PLC0415

    said = annotation_runtime.push(options.file, options.workspace, direct=options.direct)
    _print(options, said, pushed_lines(said))
    warn(said)
    return 0


def _pull(options: argparse.Namespace) -> int:
    from flows import annotation_runtime  # noqa: PLC0415

    said = annotation_runtime.pull(options.workspace, direct=options.direct)
    _print(options, said, pulled_lines(said))
    warn(*(one["status"] for one in said["rounds"].values()))
    return 0


def _sync(options: argparse.Namespace) -> int:
    from flows import annotation_runtime  # noqa: PLC0415

    if options.cron:
        annotation_runtime.serve_sync(
            options.workspace, options.round, options.cron, options.timezone, lambda line: print(line, flush=True)
        )
        return 0
    said = annotation_runtime.sync(options.workspace, options.round, direct=options.direct)
    _print(options, said, [*pulled_lines(said["pulled"]), *pushed_lines(said["pushed"])])
    warn(*(one["status"] for one in said["pulled"]["rounds"].values()), said["pushed"])
    return 0


def pushed_lines(said: Mapping[str, Any]) -> list[str]:
    """Return what a person reads of a push."""
    issued = ", ".join(f"{number} {role}" for role, number in said["issued"].items() if number) or "nothing new"
    waiting = f"{said['waiting']} wait until their people are through with what they have"
    lines = [
        f'round "{said["round"]}": given out: {issued}',
        f"sent {said['tasks']} tasks, {said['projects']} new projects; {waiting}",
    ]
    if said.get("reserved_fen"):
        lines.append(f"set aside for them: {said['reserved_fen'] / 100:,.2f} yuan")
    if said.get("budget"):
        lines.append(f"WARNING: {said['budget']}")
    if said["found"]:
        lines.append(f"{said['found']} tasks were there already: an earlier push was interrupted")
    lines += [
        f"WARNING: nobody is left who may take {number} assignments as {role}: qualify more people"
        for role, number in said["short"].items()
    ]
    lines += [f"{person}: no credential in force any more; {number} open tasks are taken back"
              for person, number in said["lapsed"].items()]  # fmt: skip
    lines += [f"batch {batch}: VOID, it holds illegal content; none of its labels counts" for batch in said["void"]]
    lines += [f"batch {batch}: goes back, its audit found too much that is wrong" for batch in said["returned"]]
    return lines


def pulled_lines(said: Mapping[str, Any]) -> list[str]:
    """Return what a person reads of a pull."""
    lines = [f"{said['revisions']} revisions, {said['answers']} valid answers"]
    lines += [f"  refused: {number} {reason}" for reason, number in said["refused"].items()]
    for name, found in said["rounds"].items():
        labels = ", ".join(f"{label} {number}" for label, number in sorted(found["labels"].items())) or "none yet"
        lines.append(f'round "{name}": decided: {labels}')
        lines += [f"  exam: {person} {'passed' if passed else 'FAILED'}" for person, passed in found["exams"].items()]
        lines += [f"  appeal of {person}: {decision}" for person, decision in found["appeals"].items()]
    return lines


def _status(options: argparse.Namespace) -> int:
    from annotation.status import status_of  # noqa: PLC0415
    from flows.console import table  # noqa: PLC0415

    found = status_of(options.workspace, options.round)
    lines = []
    for one in found:
        rate = "-" if one["per_hour"] is None else f"{one['per_hour']:,.0f} answers an hour"
        left = f"{one['left']} assignments left, end expected {one['expected_end'] or '-'}"
        head = f'round "{one["round"]}" ({one["kind"]}, {one["purpose"]}): {one["state"]}, {one["people"]} people'
        counts = [[role, *numbers.values()] for role, numbers in one["roles"].items()]
        columns = ["role", "answered", "in Label Studio", "waiting", "withdrawn"]
        lines += [f"{head}, {rate}, {left}", table(counts, columns, frozenset({1, 2, 3, 4}))]
        lines += [f"  refused: {number} {reason}" for reason, number in one["answers"]["refused"].items()]
        lines += [f"  LOOK AT {person}: {number} answers forged or changed after they were judged"
                  for person, number in one["tampering"].items()]  # fmt: skip
        lines += [
            f"  LOOK AT {person}: {', '.join(flags)} (qingyuan score)" for person, flags in one["look_at"].items()
        ]
        if one["appeals_pending"]:
            lines.append(f"  {one['appeals_pending']} appeals are pending")
    _print(options, found, lines or ["no rounds yet; `qingyuan annotate push ROUND.toml` opens one"])
    warn(*found)
    return 0


def _add(options: argparse.Namespace) -> int:
    from annotation.label_studio.client import LabelStudio  # noqa: PLC0415
    from annotation.people import add_person, check_pseudonym  # noqa: PLC0415
    from flows.console import table  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415

    for name in options.names:
        check_pseudonym(name)  # all of them, before anybody has an account
    made = []
    engine = open_registry(options.workspace)
    with LabelStudio.from_environment() as studio:
        studio.server()
        for name in options.names:
            account = studio.contributor(name, reset=options.reset)
            with session(engine) as opened:
                add_person(opened, name, daily_cap=options.daily_cap).account = account.id
            made.append({"name": name, "email": account.email, "password": account.password})
            print(f"{name} has an account", file=sys.stderr, flush=True)
    shown = [[one["name"], one["email"], one["password"] or "(as before)"] for one in made]
    _print(options, made, [table(shown, ["person", "logs in as", "password, said only now"])])
    return 0


def _list(options: argparse.Namespace) -> int:
    from annotation.people import list_people  # noqa: PLC0415
    from flows.console import table  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        found = list_people(opened)
    rows = [[one["name"], "active" if one["active"] else "suspended", ", ".join(one["qualified"]),
             ", ".join(one["credentials"])] for one in found]  # fmt: skip
    _print(options, found, [table(rows, ["person", "state", "qualified for", "credentials"])])
    return 0


def _suspend(options: argparse.Namespace) -> int:
    from annotation.people import suspend  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        number = suspend(opened, options.name)
    _print(options, {"name": options.name, "withdrawn": number}, [
        f"{options.name} is suspended; {number} assignments go to others with the next push, which also shuts the door"
    ])  # fmt: skip
    return 0


def _qualify(options: argparse.Namespace) -> int:
    from annotation.people import qualify  # noqa: PLC0415
    from annotation.questions import question_of  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415

    question_of(options.kind)
    with session(open_registry(options.workspace)) as opened:
        for name in options.names:
            exam = qualify(
                opened, name, kind=options.kind, rule_version=options.rule_version, role=options.role,
                score=options.score, passed=not options.failed, valid_days=options.valid_days,
                evidence=options.evidence,
            )  # fmt: skip
    until = str(exam.valid_until.date())
    _print(options, {"names": options.names, "role": options.role, "until": until},
           [f"{', '.join(options.names)}: {options.role} of {options.kind} until {until}"])  # fmt: skip
    return 0


def _appeal(options: argparse.Namespace) -> int:
    from annotation.appeals import appeal  # noqa: PLC0415
    from annotation.status import find_round  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        request = appeal(
            opened, find_round(opened, options.round), options.name, options.document, options.ground,
            late=options.late,
        )  # fmt: skip
    deadline = str(request.deadline.date())
    _print(options, {"request": request.id, "deadline": deadline}, [
        f"appeal {request.id} is entered; it is to be decided by {deadline}",
        f"a third person gets it with: qingyuan annotate sync {options.round}",
    ])  # fmt: skip
    return 0


def run_campaign(options: argparse.Namespace) -> int:
    """Carry out `qingyuan campaign`."""
    from annotation.round_file import load_round  # noqa: PLC0415
    from flows import annotation_runtime  # noqa: PLC0415
    from flows.console import render_summary  # noqa: PLC0415
    from flows.release import propose  # noqa: PLC0415
    from flows.score import scored  # noqa: PLC0415

    load_round(options.round)
    said = annotation_runtime.campaign(
        options.recipe, options.round, options.workspace, policy=options.policy, wait=options.wait,
        workers=options.workers, memory=options.memory, direct=options.direct,
    )  # fmt: skip
    synced = said["synced"]
    if options.release is not None and synced["through"]:
        said["release"] = propose(
            options.release, said["run"]["run"], options.workspace, options.workers, options.memory
        )  # fmt: skip
    left = "everybody is through" if synced["through"] else f"{synced['status']['left']} assignments are left"
    _print(options, said, [
        render_summary(said["run"]),
        *pushed_lines(said["pushed"]), *pulled_lines(synced["pulled"]), *pushed_lines(synced["pushed"]),
        f'round "{synced["status"]["round"]}": {left}', *(line for one in said["scores"] for line in scored(one)),
        *_proposed(said.get("release")),
    ])  # fmt: skip
    warn(synced["status"], synced["pushed"])
    return 3 if said["run"]["shards_failed"] else 0


def _proposed(said: Mapping[str, Any] | None) -> list[str]:
    if said is None:
        return []
    return [f"released {said['version']}, root {said['root']}" if said["released"] else said["refused"]]


def _close(options: argparse.Namespace) -> int:
    from annotation.label_studio.client import LabelStudio  # noqa: PLC0415
    from annotation.rounds import close_round  # noqa: PLC0415

    with LabelStudio.from_environment() as studio:
        said = close_round(options.workspace, options.round, studio)
    _print(options, said, [f'round "{options.round}" is closed; {said["withdrawn"]} assignments were taken back'])
    return 0


ACTS: dict[str, Callable[[argparse.Namespace], int]] = {
    "push": _push, "pull": _pull, "sync": _sync, "status": _status, "close": _close, "appeal": _appeal,
    "people add": _add, "people list": _list,
    "people suspend": _suspend, "people qualify": _qualify,
}  # fmt: skip
"""By the words of the command line; each returns the exit code."""
