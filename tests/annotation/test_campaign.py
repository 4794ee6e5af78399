"""The whole chain in one command: raw text in, people at a real Label Studio, statements out."""

import io
import json
import re
import threading
import time
from contextlib import redirect_stderr, redirect_stdout

import pyarrow.parquet as pq
import pytest

from annotation.incentive.ledger import verify
from annotation.kinds import QUESTIONS, Kind
from flows.cli import main
from pipeline.database import session
from pipeline.registry import Ledger, select
from tests.annotation.crowd import Crowd, chance
from tests.annotation.small_run import small_recipe

pytestmark = [pytest.mark.service, pytest.mark.slow]

PERSONAL = QUESTIONS[Kind.PERSONAL]
RECIPE = small_recipe("river")
RULES = """
[[rules]]
reason = "too_short"
attribute = "length.text_chars"
at_least = 10
"""
ROUND = """
[round]
name = "personal-1"
kind = "personal"
rule_version = "3"
run = "river"
overlap = 3
consensus = "majority"  # two against one is always decided by a third, whenever their answers are fetched
[sampling]
size = 24
include = "kept"
[gold]
file = "gold.jsonl"
rate = 0.45
[review]
items = "none"
[people]
floor_seconds = 0.0
"""
PAY = """
[policy]
name = "campaign"
version = "1"
[rates]
default = 60000
[floor]
wmin_fen_h = 2800
[[norms]]
kind = "default"
seconds = 30
[budget]
period_fen = 2000000
"""
HONEST, LAZY, THIRD = ("c-an", "c-bo", "c-du", "c-fu"), "c-li", "c-zhu"
LIMIT = 240
"""Seconds for everything, on a machine that does six other things."""


def text_of(number):
    """Every third text names somebody who is not there."""
    return f"第{number}篇，河边的石阶上坐着一个人。" + ("联系人王某某。" if number % 3 == 0 else "他在看书。")


def say(person, text):
    """The truth, nearly always; one always says that there is nothing."""
    some = "王某某" in text
    if person == LAZY:
        some = False
    elif person != THIRD and chance(person, text) < 0.05:
        some = not some
    if not some:
        return PERSONAL.write({"verdict": "none"}, text)
    start = text.find("王某某")
    start = max(start, 0)
    return PERSONAL.write({"verdict": "some", "spans": [[start, start + 3, "name"]]}, text)


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


@pytest.fixture
def crowd(label_studio, tmp_path, monkeypatch):
    write(tmp_path / "river.jsonl", [{"id": f"d{k}", "text": text_of(k)} for k in range(60)])
    golds = [{"id": f"g{k}", "text": text_of(k), "label": "none"} for k in range(1001, 1031, 3)]
    golds += [{"id": f"g{k}", "text": text_of(k), "label": {"verdict": "some", "spans": [[22, 25, "name"]]}}
              for k in range(1002, 1032, 3)]  # fmt: skip
    write(tmp_path / "gold.jsonl", golds)
    for name, words in (("recipe", RECIPE), ("short", RULES), ("round", ROUND), ("pay", PAY)):
        (tmp_path / f"{name}.toml").write_text(words, "utf-8")
    monkeypatch.setenv("QINGYUAN_LABELSTUDIO_URL", label_studio.url)
    monkeypatch.setenv("QINGYUAN_LABELSTUDIO_TOKEN", label_studio.operator.token)
    made = Crowd(label_studio, tmp_path / "work", (*HONEST, LAZY, THIRD))
    made.enter("personal", "3", annotator=(*HONEST, LAZY), adjudicator=(THIRD,))
    yield made
    made.close()


def campaign(path, *more):
    command = ["campaign", path / "recipe.toml", "--round", path / "round.toml", "--policy", path / "pay.toml",
               "--direct", "--json", "--workspace", path / "work", *more]  # fmt: skip
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        code = main([*map(str, command)])
    assert code == 0, error.getvalue()
    return json.loads(out.getvalue())


def test_one_command_leads_from_raw_text_to_statements(crowd, tmp_path):
    texts = {f"{letter}{k}": text_of(k) for letter, k in [*(("d", k) for k in range(60)),
                                                          *(("g", k) for k in range(1000, 1040))]}  # fmt: skip
    found = {}
    command = threading.Thread(target=lambda: found.update(campaign(tmp_path, "--wait", "3")), daemon=True)
    command.start()
    deadline, answers = time.monotonic() + LIMIT, 0
    while command.is_alive() and time.monotonic() < deadline:
        answers += crowd.work(lambda person, _, document: say(person, texts[document]))
        time.sleep(0.5)
    command.join(5)
    assert found["synced"]["through"] is True
    assert answers == found["synced"]["status"]["answers"]["valid"] > 24 * 3 + 20

    # Pay follows the truth: the one who always says the same has as many answers, and nothing for them.
    with session(crowd.engine) as opened:
        rows = opened.scalars(select(Ledger).where(Ledger.kind == "settlement")).all()
        assert verify(opened)["fen"]["settlement"] == sum(row.amount for row in rows)
    paid = {row.party: row.amount for row in rows}
    assert sorted(paid) == sorted((*HONEST, LAZY, THIRD))
    fair = sum(paid[name] for name in HONEST) / len(HONEST)
    assert fair > 5000
    assert paid[LAZY] <= 0.02 * fair

    # Metrics, and the operator's page.
    folder = next((tmp_path / "work/scores").glob("20*"))
    metrics = {row["contributor"]: row for row in pq.read_table(folder / "contributors.parquet").to_pylist()}
    assert sum(row["answers"] for row in metrics.values()) == answers
    assert metrics[LAZY]["j_bp"] < 1000
    assert min(metrics[name]["j_bp"] for name in HONEST) > 4000
    operator = (folder / "operator.html").read_text("utf-8")
    assert re.findall(r"https?://(?!www\.w3\.org)", operator) == []
    assert "c-li" in operator

    # Everybody's statement is his own, says what the ledger says, and shows no text and no gold.
    pages = {page.stem: page.read_text("utf-8") for page in (folder / "statements").glob("*.html")}
    assert sorted(pages) == sorted(paid)
    for name, page in pages.items():
        assert f"{paid[name] // 100:,}.{paid[name] % 100:02d} 元" in page
        assert [other for other in paid if other != name and other in page] == []
        assert re.findall(r"王某某|石阶|\b[dg]\d+\b", page) == []

    # Saying the same again does nothing twice.
    again = campaign(tmp_path, "--release", "1-trial")
    (score,) = again["scores"]
    assert (again["pushed"]["tasks"], score["rows"], score["due_fen"]) == (0, 0, 0)

    # The candidate of a release stands there, and its gates say what is still to be shown.
    assert (again["release"]["released"], "release" in found) == (False, False)
    assert "papers: not registered: river" in again["release"]["refused"]
    manifest = json.loads((tmp_path / "work/releases/.candidates/1-trial/manifest.json").read_bytes())
    assert manifest["documents"] == again["run"]["documents"]["kept"]
    assert not (tmp_path / "work/releases/1-trial").exists()
