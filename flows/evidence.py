"""The verb `evidence`: files by which the operator shows what no program can see, and who stands for them."""

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pipeline.errors import RecipeError

DETAIL = """\
Rows of the self-assessment about people, intellectual property or quality read 不符合 as long as nothing shows them:
a program cannot see them. add keeps a file for such a row (WORKSPACE/papers, by its sha256); every release from then
on has a copy with its digest, note, date and who added it. The row reads 符合, as declared by the operator, only once
a named person has said so (declare, in the audit), and as long as a file holds: neither expired nor withdrawn.
What a gate has refused stays refused. ROW is a name from self_assessment.json, as annotation, property or quality.

  qingyuan evidence add annotation training.pdf --note "plan and records of the training" --until 2027-06-30 --by hr-2
  qingyuan evidence declare annotation --by head-of-labelling --why "all 40 people were trained and examined"
  qingyuan evidence withdraw annotation 3fa9 --by hr-2 --why "an older plan"
"""


def add_verbs(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add("evidence", _evidence, "attach evidence of your own to a release's self-assessment", DETAIL)
    verb.add_argument("action", choices=["add", "declare", "withdraw", "list"])
    verb.add_argument("row", nargs="?", metavar="ROW", help="of the self-assessment")
    verb.add_argument("file", nargs="?", metavar="FILE", help="to add; of withdraw the first digits of its sha256")
    verb.add_argument("--note", default="", help="what the file shows")
    verb.add_argument("--until", metavar="DAY", help="last day on which it holds, as 2027-06-30")
    verb.add_argument("--by", default="operator", metavar="WHO", help="pseudonym of who does it; declare needs one")
    verb.add_argument("--why", default="", help="on what a declaration rests, or why a file is withdrawn")


def _evidence(options: argparse.Namespace) -> int:
    from pipeline.database import now, open_registry, session  # noqa: PLC0415
    from pipeline.release import exhibits  # noqa: PLC0415

    if not options.workspace.is_dir():
        raise RecipeError(f"there is no workspace {options.workspace}; say --workspace")
    if options.action != "list" and options.row is None:
        raise RecipeError(f"evidence {options.action}: for which row of the self-assessment?")
    if options.action in {"add", "withdraw"} and options.file is None:
        raise RecipeError(f"evidence {options.action}: which file?")
    with session(open_registry(options.workspace)) as opened:
        if options.action == "add":
            file, until = Path(options.file), _day(options.until)
            rows = [exhibits.attach(opened, options.workspace, options.row, file, options.note, options.by, until)]
        elif options.action == "declare":
            rows = exhibits.declare(opened, options.workspace, options.row, options.by, options.why)
        elif options.action == "withdraw":
            rows = [exhibits.withdraw_exhibit(opened, options.row, options.file, options.by, options.why)]
        else:
            rows = exhibits.standing(opened, options.row)
        day = now().date()
        said = [exhibits.describe(one, exhibits.faults(options.workspace, one, day)) for one in rows]
    if options.json:
        print(json.dumps(said, ensure_ascii=False, indent=2))
        return 0
    for one in said:
        declared = f"declared by {one['declared_by']}: {one['declared_why']}" if one["declared_by"] else "not declared"
        last = f", until {one['valid_until']}" if one["valid_until"] else ""
        print(f"{one['clause']:<14} {one['sha256'][:12]}  {one['name']}: {one['note']} ({one['added_by']}{last}); "
              f"{one['fault'] or declared}")  # fmt: skip
    if options.action == "add":
        print(f"The row reads 符合 once somebody says so: qingyuan evidence declare {options.row} --by WHO --why …")
    return 0


def _day(said: str | None) -> date | None:
    try:
        return None if said is None else date.fromisoformat(said)
    except ValueError as error:
        raise RecipeError(f"--until {said}: say a day as 2027-06-30") from error
