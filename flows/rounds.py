"""What `qingyuan annotate` takes for rounds and people: push, pull, sync, status, people, appeal."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.credential_actions import CREDENTIAL_ACTS, add_credential_actions
from flows.listen import add_listen
from flows.round_actions import ACTS

_ROUND = """\
A round is a TOML file:

  [round]
  name = "quality-1"
  kind = "quality"            # quality, safety, personal, domain, acceptance, preference
  rule_version = "2026-11"    # people work on it who have passed an exam of this kind and version
  run = "web"                 # a finished run of the workspace; for preference two: runs = ["web", "web2"]
  overlap = 3                 # people for each document
  policy = "incentive.toml"   # rules of pay; without one (here or in the workspace) nobody is paid

  [sampling]
  size = 300
  by = ["source", "verdict"]  # strata; also reason and domain
  focus = "thresholds"        # near the rules' bounds; also none, uncertainty, disagreement

  [gold]
  file = "gold.jsonl"         # id, text, label: known answers, put among the others
  rate = 0.05

  [review]
  items = "audit"             # of each batch a part; every: each document (always so for safety)

  [people]
  floor_seconds = 2           # an answer given in less is refused as "too fast" and not paid; 0: none is

domain_locked = "medicine" in [round]: only people with a verified credential get its tasks (annotate people verify).
preference compares the texts that two runs made of the same documents, side by side in random order; its gold
has left and right in the place of text. show_predictions = true in [round] shows what filters measured.

An exam has purpose = "exam" and only gold: it asks everybody named in [people] annotators, and marks their papers.
"""


def add_round_actions(actions: Any, workspace: Callable[[str], Path]) -> None:  # noqa: ANN401 - argparse hides its class
    """Add the actions of rounds; each sets `act`, which carries it out and returns the exit code."""

    def add(name: str, summary: str, detail: str, parent: Any = actions) -> argparse.ArgumentParser:  # noqa: ANN401
        action: argparse.ArgumentParser = parent.add_parser(
            name, help=summary, description=f"{summary.capitalize()}. {detail}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        action.add_argument("--workspace", type=workspace, default=argparse.SUPPRESS, help="folder of all runs")
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="say it as JSON")
        place = name if parent is actions else f"people {name}"
        action.set_defaults(act=(ACTS | CREDENTIAL_ACTS).get(place))
        return action

    server = "The server is named by QINGYUAN_LABELSTUDIO_URL and QINGYUAN_LABELSTUDIO_TOKEN.\n"
    sent = "Opens it if it is new, gives out what can be given out, and sends each\nperson's tasks into a project of"
    sent += f" their own. Run again after anything, also\na kill, it sends nothing twice. {server}\n{_ROUND}"
    push = add("push", "send a round to Label Studio", sent)
    push.add_argument("file", type=Path, help="the round's TOML file")
    pull = add("pull", "fetch all new answers",
               "Of all rounds; each once, edits and deletions too. Marks exams, decides\nappeals, and writes each "
               f"round's tables in WORKSPACE/rounds/NAME. {server}")  # fmt: skip
    sync = add("sync", "fetch answers and send what follows from them",
               "Reviews of what is answered, adjudication of what is disputed, new people\nfor what was refused; with "
               f"--cron again and again. {server}")  # fmt: skip
    sync.add_argument("round", help="the round's name")
    sync.add_argument("--cron", help='on a schedule, as five fields: "*/10 * * * *" is every ten minutes')
    sync.add_argument("--timezone", default="Asia/Shanghai", help="time zone of --cron (%(default)s)")
    add_listen(add, server)
    for action in (push, pull, sync):
        action.add_argument("--direct", action="store_true", help="without Prefect, which takes some 20 s to start")
    status = add("status", "say how far rounds are", "Counts, rates, and when a round will be done.")
    status.add_argument("round", nargs="?", help="the round's name (all by default)")
    close = add(
        "close", "end a round", "Fetches what there is, shuts everybody out, and takes back what is not answered."
    )
    close.add_argument("round")
    people = add("people", "who may work", "See `qingyuan annotate people ACTION --help`.")
    doings = people.add_subparsers(dest="doing", required=True, metavar="ACTION")
    new = add("add", "let people log in",
              "Makes an account under a pseudonym, and prints its password once. Keep whose\nname it is elsewhere. "
              f"{server}", doings)  # fmt: skip
    new.add_argument("names", nargs="+", help="pseudonyms: small letters, digits, - and _")
    new.add_argument("--daily-cap", type=int, help="answers a day, at most (the round's own cap by default)")
    new.add_argument("--reset", action="store_true", help="give a new password to those who have an account")
    add("list", "list people and what they are qualified for", "Everybody who was ever added.", doings)
    out = add("suspend", "let a person work no more",
              "What they have not answered goes to others with the next push.", doings)  # fmt: skip
    out.add_argument("name")
    exam = add("qualify", "enter an exam that was held elsewhere",
               'Exams held in Label Studio (purpose = "exam") are marked by `pull`.', doings)  # fmt: skip
    exam.add_argument("names", nargs="+")
    exam.add_argument("--kind", required=True)
    exam.add_argument("--rule-version", required=True)
    exam.add_argument("--role", choices=["annotator", "reviewer", "adjudicator"], default="annotator")
    exam.add_argument("--score", type=float, default=1.0, help="0 to 1 (%(default)s)")
    exam.add_argument("--failed", action="store_true", help="they did not pass: until the next exam they do not work")
    exam.add_argument("--valid-days", type=int, default=180, help="%(default)s")
    exam.add_argument("--evidence", required=True, help="where the papers lie, or who vouches for it")
    add_credential_actions(lambda name, summary, detail: add(name, summary, detail, doings))
    complaint = add("appeal", "enter an appeal",
                    "Somebody who has not seen the document judges it again; the verdict becomes gold.\nAnnotators and "
                    "reviewers may appeal about what they have answered, once, until the day\nthat their statement "
                    "names; exams and void batches are judged by nobody again.")  # fmt: skip
    complaint.add_argument("round")
    complaint.add_argument("name", help="who appeals")
    complaint.add_argument("document", help="its id, or #NUMBER of the task as the person sees it in Label Studio")
    complaint.add_argument("--ground", required=True, help="what the person says")
    complaint.add_argument("--late", action="store_true", help="hear it though the day in the statement is over")
