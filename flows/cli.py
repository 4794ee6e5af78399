"""The command line: `qingyuan VERB …`. Results on stdout, progress on stderr; every library is imported when needed."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from pipeline.errors import QingyuanError

WORKSPACE = "workspace"
"""Where runs lie unless `--workspace` says otherwise: a folder here."""

SAFETY_SCORES = ("offensive", "porn", "gambling", "fraud", "abuse")
"""What `qingyuan train --score` can replace; `filters.safety` has the same, but importing it would delay every verb."""

Perform: TypeAlias = Callable[[argparse.Namespace], int]

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}

_EPILOG = """\
exit codes: 0 done; 2 the request is wrong; 3 some shards, sources or services failed, the rest is done;
4 the numbers do not add up; 5 a gate refused

start with:   qingyuan run recipe.toml
a recipe is:  [recipe]
              name = "web"
              [[sources]]
              name = "crawl"
              path = "corpus.jsonl.zst"
"""


def memory_bytes(text: str) -> int:
    """Read a size such as 1.5GB or 800MiB."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?I?)B?", text.strip().upper())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; say for example 1.5GB")
    return int(float(match[1]) * _UNITS[match[2]])


def positive(text: str) -> int:
    """Read a whole number above 0."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def names(text: str) -> tuple[str, ...]:
    """Read a list with commas; nothing is an empty list."""
    return tuple(name for name in map(str.strip, text.split(",")) if name)


def folder(text: str) -> Path:
    """Read a local folder."""
    if "://" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is a URL; a workspace is a local folder (sources may be URLs)")
    return Path(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qingyuan",
        description="Qingyuan 清源: raw Chinese text in; a clean, traceable pre-training corpus out.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def add(name: str, perform: Perform, summary: str, detail: str) -> argparse.ArgumentParser:
        verb = verbs.add_parser(
            name, help=summary, description=f"{summary.capitalize()}. {detail}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        verb.set_defaults(perform=perform)
        verb.add_argument("--workspace", type=folder, default=Path(WORKSPACE), help="folder of all runs (%(default)s)")
        verb.add_argument("--json", action="store_true", help="print the result as JSON, and nothing else, on stdout")
        return verb

    run = add(
        "run", _run, "clean the sources of a recipe into a corpus",
        "It resumes by itself: what is done already,\nunder the same settings, is not done again.",
    )  # fmt: skip
    run.add_argument("recipe", type=Path, help="TOML file that names the sources and the policy")
    _add_engine(run)
    run.add_argument("--direct", action="store_true", help="without Prefect, which takes some 20 s to start")
    run.add_argument("--quiet", action="store_true", help="no progress on stderr")

    explain = add(
        "explain", _explain, "show one document against every rule",
        "With its origin, edits, attributes and duplicates.",
    )  # fmt: skip
    explain.add_argument("id", help="id of the document; of a quarantined record SOURCE:FILE#RECORD")
    explain.add_argument("--run", help="name of the run (the only one of the workspace by default)")

    replay = add(
        "replay", _replay, "show what another policy would keep",
        "From stored attributes, in seconds; nothing is written.",
    )  # fmt: skip
    replay.add_argument("run", help="name of a finished run, or its folder")
    replay.add_argument("--policy", required=True, help="a shipped policy by name, or a TOML file of [[rules]]")
    replay.add_argument(
        "--packs", type=names, help="packs behind it, with commas between; none for '' (the run's own by default)"
    )

    report = add(
        "report", _report, "write a run's report page again, and show its largest clusters",
        "The page is report.html in the run's folder. Of each cluster the dropped document that\n"
        "resembles its survivor least is shown below it; ⟦ ⟧ stand around what differs. --risks prints\n"
        "the self-assessment by the 31 risks instead.",
    )  # fmt: skip
    report.add_argument(
        "--risks", action="store_true", help="print what looks for each of the 31 risks and what is left"
    )
    report.add_argument("run", help="name of a finished run, or its folder")
    report.add_argument("--clusters", type=int, default=5, metavar="N", help="how many clusters to show (default 5)")

    serve = add(
        "serve", _serve, "run a recipe on a schedule",
        "New files are picked up by the next run, and only they are read.",
    )  # fmt: skip
    serve.add_argument("recipe", type=Path)
    serve.add_argument("--cron", required=True, help='when, as five fields: "0 2 * * *" is every night at two')
    serve.add_argument("--timezone", default="Asia/Shanghai", help="time zone of --cron (%(default)s)")
    _add_engine(serve)

    train = add(
        "train", _train, "train a quality or a safety model from human labels",
        "LABELS is JSONL (.gz, .zst), Parquet, CSV or TSV with the fields text and label (0 or 1, or 0 to 5), perhaps\n"
        "weight. A part of the texts is held out and measured on; the same labels give the same model, byte for byte.",
    )  # fmt: skip
    train.add_argument("labels", type=Path, help="file of labelled texts")
    train.add_argument("--output", type=Path, required=True, help="folder for model.bin, calibration.json and the card")
    train.add_argument(
        "--score", choices=["quality", *SAFETY_SCORES], default="quality",
        help="which score it gives: quality, where 1 is good, or one of safety, where 1 is harmful (%(default)s)",
    )  # fmt: skip
    train.add_argument("--good-from", type=float, default=3, help="of 0 to 5, what makes a text good (%(default)s)")
    train.add_argument("--seed", type=positive, default=1, help="of the training (%(default)s)")
    train.add_argument("--report", type=Path, help="also write the card there, as JSON")

    from flows import takedown, terms  # noqa: PLC0415

    terms.add_arguments(add("terms", _terms, "check word lists and compare their releases", terms.DETAIL))
    takedown.add_arguments(
        add("takedown", _takedown, "take documents out of indexes and runs", takedown.DETAIL), memory_bytes
    )

    from flows import annotate, evidence, release, score, source, trace  # noqa: PLC0415

    source.add_verbs(add, folder)
    annotate.add_verbs(add, folder, _add_engine)
    score.add_verbs(add)
    release.add_verbs(add, memory_bytes, positive)
    trace.add_verbs(add)
    evidence.add_verbs(add)

    add("doctor", _doctor, "say whether everything is here that is needed", "Models, dictionaries, versions, writing.")
    return parser


def _add_engine(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--engine", choices=["local"], default="local", help="where shards are worked on: processes here (%(default)s)"
    )
    verb.add_argument("--workers", type=positive, default=1, help="processes at once (%(default)s)")
    verb.add_argument(
        "--memory", type=memory_bytes, default=memory_bytes("1.5GB"), help="what a worker may use (1.5GB)"
    )  # fmt: skip


def _print_json(result: object) -> None:
    print(json.dumps(result, ensure_ascii=False, indent=2))


def _run(options: argparse.Namespace) -> int:
    from flows import runtime  # noqa: PLC0415

    perform = runtime.run_direct if options.direct else runtime.run_flow
    summary = perform(
        options.recipe, options.workspace, workers=options.workers, memory=options.memory, quiet=options.quiet
    )
    if options.json:
        _print_json(summary)
    else:
        from flows.console import render_summary  # noqa: PLC0415

        print(render_summary(summary))
    return 3 if summary["shards_failed"] or summary["over_quarantined"] else 0


def _explain(options: argparse.Namespace) -> int:
    from flows.inspection import explain_document  # noqa: PLC0415

    return explain_document(options)


def _replay(options: argparse.Namespace) -> int:
    from flows.inspection import replay_policy  # noqa: PLC0415

    return replay_policy(options)


def _report(options: argparse.Namespace) -> int:
    from flows.inspection import report_run  # noqa: PLC0415

    return report_run(options)


def _serve(options: argparse.Namespace) -> int:
    from flows.serve import serve  # noqa: PLC0415
    from pipeline.recipe import load_recipe  # noqa: PLC0415

    load_recipe(options.recipe)  # a recipe that is wrong is said now, not tonight
    serve(
        options.recipe, options.workspace, options.cron, timezone=options.timezone, workers=options.workers,
        memory=options.memory, say=lambda line: print(line, flush=True),
    )  # fmt: skip
    return 0


def _train(options: argparse.Namespace) -> int:
    from pipeline.labels import read_labels  # noqa: PLC0415
    from pipeline.store import write_json  # noqa: PLC0415
    from pipeline.training import render_card, train_model, usage  # noqa: PLC0415

    labelled = read_labels(options.labels, good_from=options.good_from)
    card = train_model(labelled, options.output, seed=options.seed, source=options.labels.name, score=options.score)
    if options.report is not None:
        write_json(options.report, card)
    if options.json:
        _print_json(card)
    else:
        print(render_card(card))
        print(f"Written to {options.output}. In a recipe:\n\n{usage(card, str(options.output.absolute()))}")
    return 0


def _terms(options: argparse.Namespace) -> int:
    from flows.word_lists import perform  # noqa: PLC0415

    return perform(options, print)


def _takedown(options: argparse.Namespace) -> int:
    from flows.takedown import perform  # noqa: PLC0415

    return perform(options, print)


def _doctor(options: argparse.Namespace) -> int:
    from flows.doctor import examine  # noqa: PLC0415

    findings = examine(options.workspace)
    if options.json:
        _print_json([finding.as_json() for finding in findings])
    else:
        print("\n".join(finding.line() for finding in findings))
    return 0 if all(finding.well for finding in findings) else 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.perform(options))
    except QingyuanError as error:
        print(f"qingyuan {options.verb}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"qingyuan {options.verb}: stopped; the same command resumes", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0  # whoever read our output has seen enough


if __name__ == "__main__":
    sys.exit(main())
