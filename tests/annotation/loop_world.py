"""The workspace, the server and the people of the loop: what they are asked, and how each of them answers."""

import io
import json
import signal
from contextlib import redirect_stderr, redirect_stdout

import pytest

from annotation.kinds import QUESTIONS, Kind
from annotation.label_studio.client import LabelStudio
from annotation.serving import Server
from flows.cli import main
from flows.runtime import run_direct
from pipeline.database import session
from tests.annotation.crowd import Crowd, chance
from tests.annotation.killed import kill_after
from tests.annotation.small_run import small_recipe

QUALITY = QUESTIONS[Kind.QUALITY]
SENTENCE = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里，轻轻一推，小船便离开了岸边的石阶"
RECIPE = small_recipe("river")
POLICY = """
[[rules]]
reason = "too_short"
attribute = "length.text_chars"
at_least = 50
"""
ROUND = """
[round]
name = "quality-1"
kind = "quality"
rule_version = "7"
run = "river"
overlap = 2
[sampling]
size = 300
by = ["verdict"]
[gold]
file = "gold.jsonl"
rate = 0.08
[review]
batch = 50
share = 0.1
most_wrong = 0.5
[people]
floor_seconds = 0.0
window = 40
"""
EXAM = """
[round]
name = "exam-1"
kind = "quality"
rule_version = "7"
purpose = "exam"
[gold]
file = "exam.jsonl"
[people]
annotators = [{people}]
floor_seconds = 0.0
[exam]
pass_score = 0.6
"""
PEOPLE = [f"p{number:02d}" for number in range(12)]
REVIEWERS = ("r1", "r2", "r3")
HABITS = {**dict.fromkeys(PEOPLE, 0.97), "p08": 0.85, "p09": 0.8, "p10": 0.9, "p11": 0.0}
"""How often each is right; p11 always says the same, and does not pass the exam."""


def truth(text):
    """What a text is: a short one is worth nothing, of the others every fifth is poor."""
    if "坏" in text:
        return "1"
    return "0" if len(text) < 50 else "4"


def text_of(number):
    if number % 4 == 0:
        return f"第{number}篇，太短。"
    return f"第{number}篇。{SENTENCE}，{number}次。" + ("坏坏坏" if number % 5 == 0 else "")


def say(person, text):
    """What somebody answers: the truth as often as his habit has it."""
    right = truth(text)
    if HABITS.get(person) == 0.0:
        score = "4"
    elif chance(person, text) < HABITS.get(person, 1.0):
        score = right
    else:
        score = {"0": "1", "1": "4", "4": "1"}[right]
    label = {"score": score, **({"faults": ["other"]} if score in "0123" else {})}
    return QUALITY.write(label, text)


class World:
    """A workspace, a server, and people at their browsers."""

    def __init__(self, path):
        self.path, self.workspace = path, path / "work"
        self.server = Server(path / "ls").start()
        self.environment = {"QINGYUAN_LABELSTUDIO_URL": self.server.url,
                            "QINGYUAN_LABELSTUDIO_TOKEN": self.server.operator.token}  # fmt: skip
        self.studio = LabelStudio(self.server.url, self.server.operator.token)
        self.crowd = Crowd(self.server, self.workspace, (*PEOPLE, *REVIEWERS))
        self.engine = self.crowd.engine

    def close(self):
        self.studio.transport.close()
        self.crowd.close()
        self.server.stop()

    def _words(self, arguments):
        return ["annotate", *map(str, arguments), "--workspace", str(self.workspace), "--json"]

    def do(self, *arguments, exit_code=0):
        """Carry out a command in this process, which has everything imported; killing wants one of its own."""
        out, error = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(error):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            assert main(self._words(arguments)) == exit_code, error.getvalue()
        return json.loads(out.getvalue()) if exit_code == 0 else error.getvalue()

    def kill(self, place, count, *arguments):
        """Have a command killed the moment it has called `place` for the `count`-th time."""
        assert kill_after(place, count, self._words(arguments), self.environment) == -signal.SIGKILL

    def rows(self, query):
        with session(self.engine) as opened:
            return opened.execute(query).all()

    def work(self, round_name, role, most=10**6):
        """Everybody answers what waits for him."""
        return self.crowd.work(
            lambda name, part, document: say(name if part == "annotator" else "", self.texts(document)),
            round_name, role, most,
        )  # fmt: skip

    def texts(self, document):
        kind, _, number = document.partition("-")
        return text_of(int(number)) if kind == "d" else text_of(int(number) + {"g": 1000, "e": 2000}[kind])

    def tasks_on_server(self):
        return [key for row in self.studio.projects() for key in self.studio.task_keys(row.id)]


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def build_world(path):
    """Write what the loop is about, clean it, and start a server for it."""
    write(path / "river.jsonl", [{"id": f"d-{number}", "text": text_of(number)} for number in range(500)])
    for name, first, number in (("gold", 1000, 40), ("exam", 2000, 6)):
        golds = ({"id": f"{name[0]}-{k}", "text": text_of(first + k)} for k in range(number))
        write(path / f"{name}.jsonl", [{**gold, "label": {"score": truth(gold["text"]), "faults": ["other"]}
                                        if truth(gold["text"]) != "4" else 4} for gold in golds])  # fmt: skip
    (path / "short.toml").write_text(POLICY, "utf-8")
    (path / "recipe.toml").write_text(RECIPE, "utf-8")
    (path / "round.toml").write_text(ROUND, "utf-8")
    (path / "exam.toml").write_text(EXAM.format(people=", ".join(f'"{name}"' for name in PEOPLE)), "utf-8")
    run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)
    return World(path)
