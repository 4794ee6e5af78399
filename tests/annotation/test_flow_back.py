"""What people said goes back: into the verdicts of a run, into the precision and recall of its rules, into training."""

import json
from functools import partial

import pyarrow.parquet as pq
import pytest

from annotation.kinds import Kind
from annotation.opening import open_round
from annotation.questions import question_of, read_label
from annotation.round_file import load_round
from annotation.rounds import pull_rounds
from annotation.suggestions import suggest
from flows.cli import main
from flows.runtime import run_direct
from pipeline.database import open_registry, session
from pipeline.errors import RecipeError
from pipeline.explain import explain
from pipeline.policy_file import load_policy
from pipeline.replay import replay
from pipeline.runs import open_run
from tests.annotation.board import Quiet, answer_all
from tests.annotation.small_run import small_recipe

GOOD = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里，轻轻一推，小船便离开了岸边的石阶。"
POOR = "点击下载最新版客户端，注册领取优惠，限时活动抢购，更多精彩请关注本站首页。"
RECIPE = small_recipe("a")
SHORT = '[[rules]]\nreason = "too_short"\nattribute = "length.text_chars"\nat_least = 45\n'
SAID = """
[answers]
rounds = ["r"]
[[rules]]
reason = "people_say_no"
attribute = "human.quality_bad"
at_most = 0
missing = "pass"
"""
ROUND = """
[round]
name = "{name}"
kind = "{kind}"
rule_version = "1"
run = "river"
overlap = 2
[sampling]
size = 150
"""


def is_poor(document):
    return int(document) % 2 == 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of 200 texts, of which the odd ones are poor and every fifth is short, and a round about 150 of them."""
    path = tmp_path_factory.mktemp("back")
    rows = ({"id": str(k), "text": f"{k}。" + (POOR if k % 2 else GOOD) + ("" if k % 5 == 0 else f"第{k}回，{k}次。")}
            for k in range(200))  # fmt: skip
    (path / "a.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    (path / "short.toml").write_text(SHORT, "utf-8")
    (path / "recipe.toml").write_text(RECIPE, "utf-8")
    run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)
    ask(path, "r", Kind.QUALITY, lambda document, _: {"score": "1" if is_poor(document) else "4"})
    return path


def ask(path, name, kind, say):
    (path / "round.toml").write_text(ROUND.format(name=name, kind=kind), "utf-8")
    question, engine = question_of(kind), open_registry(path / "work")
    plan = load_round(path / "round.toml")
    with session(engine) as opened:
        open_round(opened, plan, path / "work", lambda value, text: read_label(question, value, text), review="none",
                   masked=question.masked, suggest=partial(suggest, kind, needed=False))  # fmt: skip
    answer_all(engine, name, say, ("p1", "p2"))
    engine.dispose()
    pull_rounds(path / "work", Quiet(), lambda _: None)
    return json.loads((path / f"work/rounds/{name}/results.json").read_text("utf-8"))


def judged(path):
    run = run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)
    rows = pq.read_table(path / "work/runs/river/verdicts").to_pylist()
    return run, {row["id"]: row["verdict.failed"] for row in rows}


def test_a_rule_reads_what_people_said_and_nothing_is_scanned_again(folder):
    asked = {row["id"] for row in pq.read_table(folder / "work/rounds/r/attributes.parquet").to_pylist()}
    (folder / "recipe.toml").write_text(RECIPE + SAID, "utf-8")
    run, failed = judged(folder)
    assert {document for document, reasons in failed.items() if "people_say_no" in reasons} == {
        document for document in asked if is_poor(document)
    }
    assert (run["stages"]["scan"]["reused"], run["stages"]["answers"]["reused"]) == (1, 0)
    assert judged(folder)[0]["stages"]["answers"]["reused"] == 1
    path = folder / "work/rounds/r/attributes.parquet"
    stored = pq.read_table(path)
    poor = [is_poor(document) for document in stored["id"].to_pylist()]
    pq.write_table(stored.slice(poor.index(True) + 1), path)  # the first poor one is gone: judged again, by itself
    assert sum("people_say_no" in reasons for reasons in judged(folder)[1].values()) == sum(poor) - 1
    pq.write_table(stored, path)
    judged(folder)
    opened = open_run("river", folder / "work")
    document = next(document for document in sorted(asked) if is_poor(document))
    rule = next(rule for rule in explain(opened, document)["rules"] if rule["reason"] == "people_say_no")
    assert (rule["value"], rule["broken"]) == (1, True)
    (folder / "strict.toml").write_text(
        SHORT + '[[rules]]\nreason = "best"\nattribute = "human.quality"\none_of = ["4", "5"]\n'
    )
    kept = replay(opened, load_policy("strict.toml", folder))["documents"]["kept"]
    assert kept == sum(1 for document in asked if not is_poor(document) and "too_short" not in failed[document])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (SAID.replace('"r"', '"q"'), 'round "q".*has no answers'),
        (SAID.replace("[answers]\n", "").replace('rounds = ["r"]\n', ""), "say .answers. rounds"),
        (SAID.replace('"r"', '"../r"'), "answers.rounds"),
        (SAID.replace("human.quality_bad", "human.qualty_bad"), 'did you mean "human.quality_bad"'),
    ],
)  # fmt: skip
def test_answers_that_are_not_there_are_a_wrong_request(folder, said, why):
    (folder / "other.toml").write_text(RECIPE.replace('"river"', '"other"') + said, "utf-8")
    with pytest.raises(RecipeError, match=why):
        run_direct(folder / "other.toml", folder / "work", workers=1, memory=10**9, quiet=True)


def test_each_rules_precision_and_recall_are_estimated_and_agreement_in_the_order_of_scores(folder):
    results = json.loads((folder / "work/rounds/r/results.json").read_text("utf-8"))
    rule = results["estimates"]["rules"]["too_short"]
    for name, true in (("precision", 0.5), ("recall", 0.2)):
        assert rule[name]["low"] <= true <= rule[name]["high"]
        assert rule[name]["high"] - rule[name]["low"] < 0.4
    assert (results["agreement"]["nominal"], results["agreement"]["ordinal"]) == (1, 1)


def test_a_model_is_trained_by_what_people_said(folder, capsys):
    labels = folder / "work/rounds/r/training.parquet"
    rows = pq.read_table(labels).to_pylist()
    assert {(row["label"], is_poor(row["id"])) for row in rows} == {(1, False), (0, True)}
    assert main(["train", str(labels), "--output", str(folder / "model"), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert (card["counts"]["labels"], card["metrics"]["auc"] > 0.95) == (150, True)


def test_of_safety_harmful_texts_are_what_a_model_is_to_find(folder):
    risky = {"verdict": "risky", "severity": "2", "risk_A3": ["A3-e"], "evidence": [[0, 3, "A3"]]}
    results = ask(folder, "s", Kind.SAFETY, lambda document, _: risky if is_poor(document) else {"verdict": "safe"})
    rows = pq.read_table(folder / "work/rounds/s/training.parquet").to_pylist()
    assert {(row["label"], row["category"], is_poor(row["id"])) for row in rows} == {
        (1, "A3", True),
        (0, "safe", False),
    }
    assert results["agreement"]["spans"] == {"": 1, "A3": 1}  # both mark the same
    assert results["agreement"]["ordinal"] is None


def test_what_no_model_can_be_trained_by_leaves_no_file(folder):
    ask(folder, "d", Kind.DOMAIN, lambda *_: {"main": "news"})
    assert not (folder / "work/rounds/d/training.parquet").exists()


def test_of_personal_data_each_categorys_precision_and_recall_are_estimated(tmp_path_factory):
    """The filter finds phones; people find them too, and health besides, and one of the phones is none."""
    path = tmp_path_factory.mktemp("personal")
    phone = "手机：13912345678。"
    rows = ({"id": str(k), "text": f"{k}。{GOOD}" + (phone if k % 2 else "他患了感冒。")} for k in range(40))
    (path / "a.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    (path / "short.toml").write_text(SHORT, "utf-8")
    (path / "recipe.toml").write_text(RECIPE.replace('["length"]', '["length", "personal"]'), "utf-8")
    run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)

    def say(document, person):
        number = int(document)
        code = "mobile" if number % 2 else "health"
        if number == 3 or (number == 5 and person == "p1"):  # of two people one is not more than half
            return {"verdict": "some", "spans": [[0, 1, "other"]]}
        return {"verdict": "some", "spans": [[3, 5, code]]}

    results = ask(path, "p", Kind.PERSONAL, say)
    found = {code: (figures["precision"]["value"], figures["recall"]["value"])
             for code, figures in results["estimates"]["categories"].items()}  # fmt: skip
    assert found == {"mobile": (0.9, 1), "health": (None, 0), "other": (None, 0)}
    items = pq.read_table(path / "work/rounds/p/items.parquet").to_pylist()
    assert {row["suggestion"] for row in items} == {None}  # measured against, and shown to nobody
