"""The verbs that look at a finished run: explain, replay, report."""

import argparse
import json
from pathlib import Path

from flows.console import render_clusters, render_explanation, render_replay, render_risks
from pipeline.errors import RecipeError
from pipeline.explain import explain
from pipeline.packs import DISCLAIMER, add_packs, assess, merge
from pipeline.policy_file import check_policy, load_policy
from pipeline.replay import replay
from pipeline.report import write_report
from pipeline.runs import Run, list_runs, open_run
from pipeline.twins import largest_clusters


def print_json(result: object) -> None:
    """Print a result for machines."""
    print(json.dumps(result, ensure_ascii=False, indent=2))


def explain_document(options: argparse.Namespace) -> int:
    """Print one document against every rule."""
    names = [options.run] if options.run else list_runs(options.workspace)
    if len(names) != 1:
        runs = f"the runs {', '.join(names)}; say which by --run" if names else "no finished run"
        raise RecipeError(f"{options.workspace} has {runs}")
    explanation = explain(open_run(names[0], options.workspace), options.id)
    print_json(explanation) if options.json else print(render_explanation(explanation))
    return 0


def replay_policy(options: argparse.Namespace) -> int:
    """Print what another policy would keep."""
    run = open_run(options.run, options.workspace)
    policy = load_policy(options.policy, Path())
    if options.packs is None:
        policy = merge(policy, run.pack_rules)
    else:
        policy = add_packs(policy, options.packs, Path(), ()).policy
    check_policy(policy, [choice.make() for choice in run.filters()], f"policy {options.policy}", run.surveyed)
    result = replay(run, policy)
    print_json(result) if options.json else print(render_replay(result))
    return 0


def report_run(options: argparse.Namespace) -> int:
    """Write a run's report page again, and print its largest clusters or its self-assessment."""
    run = open_run(options.run, options.workspace)
    path = str(write_report(run))
    if options.risks:
        return _print_risks(run, path, as_json=options.json)
    clusters = largest_clusters(run, options.clusters)
    if options.json:
        print_json({"report": path, "clusters": clusters})
    else:
        print("\n".join([render_clusters(clusters), path]) if clusters else path)
    return 0


def _print_risks(run: Run, report: str, *, as_json: bool) -> int:

    lines = [line.as_json() for line in assess(run.policy, run.risks)]
    if as_json:
        print_json({"report": report, "self_assessment": DISCLAIMER, "risks": lines})
    else:
        print(render_risks(run.name, lines, DISCLAIMER))
    return 0
