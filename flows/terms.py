"""The verb `terms`: its commands and options."""

import argparse
from pathlib import Path

DETAIL = """\
LIST is TOML with every field of a term, CSV, or a term a line; "starter" is the list that comes with Qingyuan.

  check LIST…   coverage of the 31 risks beside what the standard asks, the texts in which each term must and must
                not be found, and the benign gate: a list that flags texts known to be good ends with exit code 5
  diff OLD NEW  terms added, removed and changed between two releases
"""


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Give the verb its two commands."""
    commands = verb.add_subparsers(dest="command", required=True, metavar="check|diff")
    check = commands.add_parser("check", help="coverage, samples and benign gate")
    check.add_argument("lists", nargs="+", metavar="LIST", help='files of terms, or "starter"')
    check.add_argument(
        "--benign", type=Path, metavar="PATH", help="texts known to be good, besides those that come with Qingyuan"
    )
    check.add_argument(
        "--most-drop", type=_share, default=0.005, help="share of benign texts with a drop term (%(default)s)"
    )
    check.add_argument("--most-review", type=_share, default=0.05, help="the same with a review term (%(default)s)")
    diff = commands.add_parser("diff", help="what changed between two releases")
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    for command in (check, diff):
        command.add_argument("--category", help="of the terms that do not state one (A1-f, or a name of your own)")
        command.add_argument("--action", choices=["drop", "review", "measure"], help="likewise (review)")
        command.add_argument(
            "--json", action="store_true", help="print the result as JSON, and nothing else, on stdout"
        )


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share from 0 to 1")
    return value
