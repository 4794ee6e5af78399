"""`qingyuan score`: what answers are worth, who is owed what, and what sources have brought."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flows.contributors import contributor_lines
from pipeline.errors import RecipeError

_DETAIL = """\
Without --advance and --settle it only shows: consensus, everybody's informedness J
and what that comes to; tables go to WORKSPACE/scores/PERIOD. Money is reserved when
work is sent (a policy named in the round's file, or WORKSPACE/incentive.toml) and
never exceeds its budget. Saying the same again pays nothing twice; what was paid is
never taken back.

  qingyuan score                                what November comes to so far
  qingyuan score --advance                      pay by the lower bound of J, as often as you like
  qingyuan score --period 2026-11 --settle      pay the rest by J; again after appeals: only upwards
  qingyuan score --what-if other.toml           what other rates would have paid; writes nothing
  qingyuan score --export pay.csv --bom         all payments of the period, for payroll
  qingyuan score --sources web                  what each source has put into a run (no money)
  qingyuan score --verify                       check the ledger's chain and its sums
"""


def add_verbs(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the verb `score`."""
    verb = add("score", perform, "score people's answers and settle what they are owed", _DETAIL)
    verb.add_argument("--period", help="a month such as 2026-11 (the present one)")
    verb.add_argument("--policy", type=Path, metavar="FILE", help="rules of pay (WORKSPACE/incentive.toml)")
    act = verb.add_mutually_exclusive_group()
    act.add_argument("--advance", action="store_true", help="pay an advance, by the lower bound of J")
    act.add_argument("--settle", action="store_true", help="pay what is owed and not yet paid; with --sources: enter")
    act.add_argument("--what-if", type=Path, metavar="POLICY", help="say what this policy would have paid")
    act.add_argument("--verify", action="store_true", help="check the ledger: chain, sums, budgets")
    act.add_argument("--clear", metavar="NAME", help="decide that somebody suspected of copying has not copied")
    act.add_argument("--confirm", metavar="NAME", help="decide that he has: no floor, pay shared among the copies")
    verb.add_argument("--export", type=Path, metavar="FILE", help="write the period's payments as CSV for payroll")
    verb.add_argument("--bom", action="store_true", help="begin the CSV with a byte order mark, for Excel")
    verb.add_argument("--sources", metavar="RUN", help="measure what each source has put into a run")
    verb.add_argument("--release", metavar="VERSION", help="with --sources: shares in this release too")
    verb.add_argument("--direct", action="store_true", help="without Prefect, which takes some 20 s to start")


def perform(options: argparse.Namespace) -> int:
    """Carry out `qingyuan score`."""
    if options.verify:
        return _verify(options)
    if options.clear or options.confirm:
        return _decide(options)
    if options.sources:
        return _sources(options)
    from flows import annotation_runtime  # noqa: PLC0415

    act: Any = "advance" if options.advance else "settle" if options.settle else "show"
    said = annotation_runtime.score(
        options.workspace, options.period, options.policy, act, options.what_if,
        direct=options.direct or act == "show",
    )  # fmt: skip
    lines = _compared(said) if options.what_if else scored(said)
    if options.export is not None:
        said["export"] = _export(options, said["period"])
        lines.append(f"{said['export']['payments']} payments, {_yuan(said['export']['fen'])} yuan: {options.export}")
    _print(options, said, lines)
    return 0


def _print(options: argparse.Namespace, said: object, lines: list[str]) -> None:
    print(json.dumps(said, ensure_ascii=False, indent=2, default=str) if options.json else "\n".join(lines))


def _yuan(fen: int) -> str:
    from annotation.incentive.budgets import yuan  # noqa: PLC0415

    return yuan(fen)


def scored(said: Mapping[str, Any]) -> list[str]:
    """Return what a period's scoring has come to, as lines: the people, what they are owed, what to look at."""
    where = f"{said['statements']} statements, and operator.html: {said['folder']}"
    return [*contributor_lines(said["contributors"]), *_shown(said), where]


def _shown(said: Mapping[str, Any]) -> list[str]:
    from flows.console import table  # noqa: PLC0415

    rows = [
        [one["contributor"], one["kind"], f"{one['j_bp'] / 10000:.2f}", one["cap"], f"{one['m_bp'] / 10000:.2f}",
         one["items"], _yuan(one["value_fen"]), _yuan(one["floor_fen"]), _yuan(one["entitled_fen"]),
         _yuan(one["due_fen"])]
        for one in said["people"]
    ]  # fmt: skip
    columns = ["person", "kind", "J", "cap", "m", "answers", "value", "floor", "entitled",
               {"show": "due"}.get(said["act"], "paid now")]  # fmt: skip
    lines = [f"period {said['period']}: {said['answers']} answers, {said['scores']} scores (yuan)"]
    lines.append(table(rows, columns, frozenset({2, 4, 5, 6, 7, 8, 9})) if rows else "nothing that is paid for")
    what = {"show": "due now", "advance": "advance", "settle": "settled"}[said["act"]]
    lines.append(f"{what}: {_yuan(said['due_fen'])} yuan in {len(rows)} shares; {said['dividend']}")
    lines += [f"ALARM: {alarm}" for alarm in said["alarms"]]
    held = sum(one["held_fen"] for one in said["people"])
    if held:
        lines.append(f"{_yuan(held)} yuan wait for a decision about copying: --clear NAME or --confirm NAME")
    lines += [f"{month} is not settled: qingyuan score --settle --period {month}" for month in said["unsettled"]]
    if said["unpriced"]:
        lines.append(f"{said['unpriced']} answers have no price: say --policy FILE, or put incentive.toml there")
    if said["late"]:
        lines.append(f"{said['late']} answers were given without a reserve and are priced by today's policy")
    return lines


def _compared(said: Mapping[str, Any]) -> list[str]:
    from flows.console import table  # noqa: PLC0415

    names = ("now_fen", "then_fen", "difference_fen", "dividend_now_fen", "dividend_then_fen")
    rows = [[one["contributor"], *(_yuan(one[name]) for name in names)] for one in said["people"]]
    covers = "covers" if said["covered"] else "does NOT cover"
    return [
        f"{said['period']}: {said['policy'] or 'as agreed'} against {said['what_if']} (yuan); nothing is written",
        table(rows, ["person", "now", "then", "difference", "dividend now", "then"], frozenset(range(1, 6))),
        f"in total {_yuan(said['now_fen'])} now, {_yuan(said['then_fen'])} then",
        f"its budget {_yuan(said['budget_fen'])} {covers} the {_yuan(said['needed_fen'])} that it would set aside",
    ]


def _export(options: argparse.Namespace, period: str) -> dict[str, Any]:
    from annotation.incentive.payroll import payroll_rows, write_payroll  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        rows = payroll_rows(opened, period)
        fen = write_payroll(options.export, rows, bom=options.bom)
    return {"file": str(options.export), "payments": len(rows), "fen": fen}


def _verify(options: argparse.Namespace) -> int:
    from annotation.incentive.ledger import verify  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        said = verify(opened)
    _print(options, said, [f"the ledger is whole: {said['rows']} rows, last seal {said['seal']}"])
    return 0


def _decide(options: argparse.Namespace) -> int:
    from annotation.incentive.policy import Calendar  # noqa: PLC0415
    from annotation.incentive.scores import decide_copying  # noqa: PLC0415
    from pipeline.database import now, open_registry, session  # noqa: PLC0415

    name, period = options.clear or options.confirm, options.period or Calendar().period_at(now())
    Calendar().bounds(period)
    with session(open_registry(options.workspace)) as opened:
        decide_copying(opened, period, name, confirmed=bool(options.confirm))
    said = {"period": period, "contributor": name, "decision": "confirmed" if options.confirm else "cleared"}
    _print(options, said, [f"{name}: {said['decision']} for {period}; the next --settle pays accordingly"])
    return 0


def _sources(options: argparse.Namespace) -> int:
    from annotation.incentive import contributions  # noqa: PLC0415
    from annotation.incentive.ledger import post  # noqa: PLC0415
    from annotation.incentive.policy import Calendar  # noqa: PLC0415
    from flows.console import table  # noqa: PLC0415
    from pipeline.database import now, open_registry, session  # noqa: PLC0415

    if options.advance or options.what_if:
        raise RecipeError("--sources measures inputs; nothing is paid for them: say --settle to enter them, or nothing")
    period = options.period or Calendar().period_at(now())
    Calendar().bounds(period)
    found = contributions.run_contributions(options.workspace, options.sources)
    entries = contributions.run_entries(options.sources, period, found)
    shares: dict[str, int] = {}
    if options.release:
        manifest = contributions.read_manifest(options.workspace, options.release)
        shares = contributions.release_shares(manifest)
        entries += contributions.release_entries(options.release, period, manifest)
    rows = 0
    if options.settle:
        with session(open_registry(options.workspace)) as opened:
            rows = len(post(opened, entries, "operator"))
    said = {
        "run": options.sources, "period": period, "entered": rows,
        "sources": {name: one.amounts() for name, one in found.items()}, "release": options.release,
        "release_ppm": shares,
    }  # fmt: skip
    shown = [[name, *(f"{amount:,}" for amount in one.amounts().values())] for name, one in found.items()]
    columns = ["source", "documents", "characters", "unique characters"]
    lines = ["measured inputs of sources: no money, and no share in any revenue"]
    lines.append(table(shown, columns, frozenset({1, 2, 3})))
    lines += [f"  {name}: {ppm} of a million characters of {options.release}" for name, ppm in shares.items()]
    lines.append(f"{rows} rows entered" if options.settle else "nothing is entered; --settle does that")
    _print(options, said, lines)
    return 0
