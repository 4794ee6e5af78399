"""`qingyuan source …` and `qingyuan accept`: sources with their papers, and samples of them and of releases."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.source_actions import ACTS
from flows.source_fields import FIELDS

_ADD = """\
Said again for a source that is there, it changes what is said and leaves the rest. Papers are copied into
WORKSPACE/papers and known by their sha256; none is ever removed, only revoked.

  qingyuan source add laws --class open --domain law --licence CC0-1.0 --paper licence=LICENSE.txt \\
      --ip-owner legal --ip-review cleared --ip-reviewed 2026-11-01
  qingyuan source check laws          # what is still missing, and until when the rest holds
"""

_ASSESS = """\
Draws a random sample of what RUN has of the source, by a seed made of the documents themselves, and counts what
the rules about the 29 risks of A.1 to A.4 find. Then people are asked: it writes a round for `qingyuan annotate
push`, and said again after `annotate pull` it enters their verdicts. Machines can bar a source, only people pass
it. Above 5 % it is barred: no run reads it and no release holds it. Nothing is drawn again until it passes:
another round takes a reason (--again), all rounds count together, and after a failed one only with confidence.
Before collection RUN is a run of a trial crawl; after it, of all that was collected.
"""

_ACCEPT = """\
Draws the two samples of a release's candidate, by seeds made of its data: a tenth for keywords and classifiers
(98 % must be free of risks), 4,000 documents for people (96 %; fewer than 4,000 documents: all, and only as a
trial). Said again after `annotate pull` it enters people's verdicts; then `qingyuan release` says whether it passed.
"""

_EXIT_5 = "\nexit code 5: what was found bars it"


def add_verbs(add: Callable[..., argparse.ArgumentParser], workspace: Callable[[str], Path]) -> None:
    """Add the verbs `source` and `accept`."""
    source = add(
        "source", lambda options: options.act(options), "register sources, their papers and what samples of them found",
        "Say `qingyuan source ACTION --help` for each.",
    )  # fmt: skip
    add_actions(source, workspace)
    accept = add("accept", ACTS["accept"], "draw the samples of a release and enter what was found", _ACCEPT + _EXIT_5)
    accept.add_argument("version", help="version of the candidate that `qingyuan release` made")
    accept.add_argument("--terms", type=Path, action="append", default=[], help="word list for the technical sample")
    _add_asking(accept)


def add_actions(verb: argparse.ArgumentParser, workspace: Callable[[str], Path]) -> None:
    """Add what `source` can do; each action sets `act`, which carries it out and returns the exit code."""
    actions: Any = verb.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name: str, summary: str, detail: str, takes: str = "one of the registry") -> argparse.ArgumentParser:
        action: argparse.ArgumentParser = actions.add_parser(
            name, help=summary, description=f"{summary.capitalize()}. {detail}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        action.add_argument("--workspace", type=workspace, default=argparse.SUPPRESS, help="folder of all runs")
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="say it as JSON")
        if takes:
            action.add_argument("source", help=takes)
        action.set_defaults(act=ACTS[name])
        return action

    entered = add("add", "enter a source, or change it", _ADD, "its name, as recipes have it")
    for name, meaning in FIELDS:
        entered.add_argument(f"--{name}", help=meaning)
    entered.add_argument(
        "--paper", action="append", default=[], metavar="KIND=FILE",
        help="licence, collection_record, robots, terms, contract, commitments, user_agreement, authorisation, "
        "registration, generator_record, generator_licence, safety_assessment, impact_assessment, separate_consent, "
        "ip_review or other",
    )  # fmt: skip
    entered.add_argument("--valid-from", help="first day of the papers that are named here")
    entered.add_argument("--valid-until", help="their last day, or that of the batch")
    entered.add_argument(
        "--revoke", action="append", default=[], metavar="SHA256",
        help="a paper (the first digits of its sha256 will do) or a batch that does not hold from today on",
    )  # fmt: skip
    entered.add_argument("--authorise", metavar="BATCH", help="a batch of users who allow training on their input")
    entered.add_argument("--granted", help="day of that (today)")
    add("list", "list all sources", "With their class, what they lack, and how their samples stand.", "")
    add("show", "show a source", "With its papers, authorisations and every round of every sample.")
    check = add(
        "check", "say what sources lack", "And until when what they have holds. Ends with 5 if one lacks anything.", ""
    )
    check.add_argument("source", nargs="?", help="one of the registry (all by default)")
    check.add_argument("--on", help="on another day than today, as 2027-01-31")
    assess = add("assess", "assess a source by a sample", _ASSESS + _EXIT_5)
    assess.add_argument("--run", required=True, help="a finished run that read it")
    assess.add_argument("--phase", choices=["before", "after"], default="after", help="of collection (%(default)s)")
    assess.add_argument(
        "--n",
        type=int,
        default=400,
        help="documents of the sample, at least 59 or all (%(default)s: 12 may be bad)",
    )
    _add_asking(assess)
    export = add(
        "export", "write all sources to a file", "By its ending TOML or CSV; read in again they are the same.", ""
    )
    export.add_argument("file", type=Path)
    read = add(
        "import", "read sources from a file",
        "By its ending TOML or CSV. What it says of a source replaces what was said; papers and authorisations are\n"
        "added or revoked, never removed, and no bar is lifted. Samples and what they found are not in such files.", "",
    )  # fmt: skip
    read.add_argument("file", type=Path)
    bar = add("bar", "bar a source", "No run reads it any more, and no release holds it.")
    bar.add_argument("why", help="the reason, for the audit")
    bar.add_argument("--lift", action="store_true", help="lift the bar that was put on it by hand, for this reason")


def _add_asking(action: argparse.ArgumentParser) -> None:
    action.add_argument("--again", default="", metavar="REASON", help="draw another round, for this reason")
    action.add_argument(
        "--rule-version", default="1", help="of the instructions that people were examined on (%(default)s)"
    )
    action.add_argument(
        "--kind", choices=["acceptance", "safety"], default="acceptance", help="of question (%(default)s)"
    )
    action.add_argument("--overlap", type=int, default=1, help="people who answer each document (%(default)s)")
    action.add_argument("--gold", type=Path, help="JSONL of known answers to put among the documents")
