"""Push and pull at size: `python -m tests.benchmarks.annotation [DOCUMENTS]`, 5,000 documents by three people each.

A real Label Studio is started on an empty folder. Each document becomes one task for each of three people, so 15,000
tasks are pushed. Their answers are put into the server's database while it is stopped, with the rows that its journal
would have written (submitting them one by one takes 15 minutes and is not what is measured); then they are pulled.
"""

import json
import os
import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from annotation.kinds import QUESTIONS, Kind
from annotation.label_studio.client import LabelStudio
from annotation.people import add_person
from annotation.round_file import load_round
from annotation.rounds import pull_rounds, push_round
from annotation.serving import Server
from pipeline.database import open_registry, session
from pipeline.registry import Assignment, Contributor, select

PEOPLE = ("b1", "b2", "b3")
TEXT = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里，轻轻一推，小船便离开了岸边的石阶。岸上的人还在挥手。"
ROUND = """
[round]
name = "size"
kind = "quality"
rule_version = "1"
purpose = "exam"
[gold]
file = "gold.jsonl"
[people]
window = 100000
daily_cap = 100000
floor_seconds = 0.0
"""


def timed(what, act, number):
    wall, cpu = time.monotonic(), time.process_time()
    result = act()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    rate = f", {number / wall:,.0f} a second" if number else ""
    print(f"{what:50s} {wall:7.1f} s, of which ours {cpu:.1f} s CPU{rate}", flush=True)
    return result


def answer_everything(database, engine):
    """Write one annotation and its row of the journal for every task."""
    result = json.dumps(QUESTIONS[Kind.QUALITY].write({"score": "5"}, TEXT))
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    with session(engine) as opened:
        tasks = opened.execute(select(Assignment.task, Assignment.project, Contributor.account).join(Contributor)).all()
    with sqlite3.connect(database) as server:
        known = {row[1]: row for row in server.execute("PRAGMA table_info(task_completion)")}
        for number, (task, project, account) in enumerate(tasks, 1):
            row = {
                "id": number, "result": result, "was_cancelled": 0, "ground_truth": 0, "created_at": moment,
                "updated_at": moment, "lead_time": 3.0, "task_id": task, "project_id": project,
                "completed_by_id": account, "updated_by_id": account, "result_count": 1, "bulk_created": 0,
                "unique_id": f"{number:032x}", "draft_created_at": None, "import_id": None, "last_action": None,
                "last_created_by_id": None, "parent_annotation_id": None, "parent_prediction_id": None,
                "prediction": "{}",
            }  # fmt: skip
            row = {name: value for name, value in row.items() if name in known}
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            server.execute(f"INSERT INTO task_completion ({names}) VALUES ({marks})", list(row.values()))
            server.execute(
                "INSERT INTO blinding_revision (action, project, task, annotation, user, completed_by, result, "
                "was_cancelled, lead_time, served_at, at) VALUES ('created', ?, ?, ?, ?, ?, ?, 0, 3.0, ?, ?)",
                (project, task, number, account, account, result, moment, moment),
            )
    return len(tasks)


def requests_of(studio, act):
    """How many requests an act sends."""
    sent, ask = [], studio.transport._client.request
    studio.transport._client.request = lambda *more, **named: (sent.append(more), ask(*more, **named))[1]
    act()
    studio.transport._client.request = ask
    return len(sent)


def main():
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        rows = ({"id": f"g{k}", "text": f"第{k}篇。{TEXT}", "label": 5} for k in range(documents))
        (path / "gold.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        (path / "round.toml").write_text(ROUND, "utf-8")
        engine = open_registry(path)
        with session(engine) as opened:
            for name in PEOPLE:
                add_person(opened, name)
        plan, total = load_round(path / "round.toml"), documents * len(PEOPLE)
        server = Server(path / "ls").start()
        try:
            with LabelStudio(server.url, server.operator.token) as studio:
                pushed = timed(f"push {total:,} tasks", lambda: push_round(path, plan, studio, lambda _: None), total)
                assert pushed["tasks"] == total
                again = timed("push again: nothing new", lambda: push_round(path, plan, studio, lambda _: None), 0)
                assert again["tasks"] == 0
                server.stop()
                answer_everything(path / "ls/label_studio.sqlite3", engine)
                server.start()

                def pull():
                    return pull_rounds(path, studio, lambda _: None)

                assert timed(f"pull {total:,} answers, with tables", pull, total)["answers"] == total
                timed("pull again: nothing new", pull, 0)
                print(f"requests of a pull with nothing new: {requests_of(studio, pull)}")
        finally:
            server.stop()
        engine.dispose()
    print(f"our peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
