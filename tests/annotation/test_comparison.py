"""Two runs over one source, compared: what is asked, what people see of it, and what their answers say of the runs."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from annotation.comparison import compare
from annotation.estimates import Design
from annotation.kinds import Kind
from annotation.opening import open_round
from annotation.questions import Reader, RoundPage, question_of, read_label
from annotation.round_file import load_round
from annotation.round_tables import read_right_texts, read_suggestions, read_texts
from annotation.rounds import pull_rounds
from annotation.status import find_round, status_of
from flows.runtime import run_direct
from pipeline.database import open_registry, session
from pipeline.errors import RecipeError
from pipeline.registry import Item, select
from tests.annotation.board import Quiet, answer_all
from tests.annotation.small_run import recipe_of

SENTENCE = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里。"
MENU = "上一篇：河边 下一篇：山上\n"
PHONE = "13912345678"
POLICY = '[[rules]]\nreason = "too_short"\nattribute = "length.text_chars"\nat_least = {least}\n'
ROUND = """
[round]
name = "{name}"
kind = "preference"
rule_version = "1"
runs = ["plain", "cut"]
seed = 3
overlap = 1
consensus = "majority"
[sampling]
size = {size}
[review]
items = "none"
"""


def text_of(number):
    lines = [f"{number}。" + SENTENCE * (number % 4 + 1), f"联系人手机：{PHONE}。"]
    return MENU + "\n".join(lines) if number % 2 else "\n".join(lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("comparison")
    rows = ({"id": f"doc-{k}", "text": text_of(k), "url": f"https://example.invalid/{k}", "author": "某某"}
            for k in range(60))  # fmt: skip
    (path / "a.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    for name, cut, least in (("plain", "false", 20), ("cut", "true", 80)):
        (path / f"{name}.toml").write_text(POLICY.format(least=least), "utf-8")
        (path / f"recipe-{name}.toml").write_text(recipe_of(name, cut), "utf-8")
        run_direct(path / f"recipe-{name}.toml", path / "work", workers=1, memory=10**9, quiet=True)
    return path


@pytest.fixture
def opened(folder, tmp_path, monkeypatch):
    """Opens a round; returns its items as stored."""
    monkeypatch.setenv("QINGYUAN_REGISTRY", f"sqlite:///{tmp_path / 'registry.db'}")
    engine = open_registry(tmp_path)

    def draw(text, name="r"):
        (folder / "round.toml").write_text(text, "utf-8")
        plan = load_round(folder / "round.toml")
        question = question_of(plan.form.round.kind)
        with session(engine) as registry:
            open_round(registry, plan, folder / "work", lambda value, shown: read_label(question, value, shown),
                       review="none", masked=question.masked, fields=question.texts)  # fmt: skip
        items = pq.read_table(folder / f"work/rounds/{name}/items.parquet").to_pylist()
        return {row["document"]: row for row in items}

    draw.engine = engine
    yield draw
    engine.dispose()


def test_only_documents_that_differ_are_compared_each_in_an_order_of_its_own(opened):
    items = opened(ROUND.format(name="r", size=30))
    assert set(items) == {f"doc-{k}" for k in range(1, 60, 2)}
    for row in items.values():
        left, right = (row["text"], row["right"]) if row["left_run"] == "plain" else (row["right"], row["text"])
        assert left.replace(MENU, "") == right
    left = [row["left_run"] for row in items.values()]
    assert 6 <= left.count("plain") <= 24
    with session(opened.engine) as registry:
        pairs = find_round(registry, "r").design["pairs"]
        probabilities = registry.scalars(select(Item.probability)).all()
    assert pairs == {"both": 60, "alike": 30, "different": 30, "only plain": 0, "only cut": 0, "drawn": 30,
                     "asked about": 30}  # fmt: skip
    assert sum(1 / p for p in probabilities) == pytest.approx(30)


@pytest.mark.parametrize(
    ("runs", "said"),
    [('runs = ["plain"]', "two runs"), ('runs = ["plain", "plain"]', "two runs"), ('run = "plain"', "two runs"),
     ('runs = ["plain", "cat"]', 'did you mean "cut"')],
)  # fmt: skip
def test_a_comparison_without_two_runs_is_a_wrong_request(opened, runs, said):
    with pytest.raises(RecipeError, match=said):
        opened(ROUND.format(name="r", size=5).replace('runs = ["plain", "cut"]', runs))


def test_a_comparison_of_a_run_with_itself_under_another_name_has_nothing_to_ask(opened, folder):
    (folder / "recipe-same.toml").write_text(recipe_of("plain", "false").replace(
        'name = "plain"', 'name = "same"'), "utf-8")  # fmt: skip
    run_direct(folder / "recipe-same.toml", folder / "work", workers=1, memory=10**9, quiet=True)
    with pytest.raises(RecipeError, match="no documents"):
        opened(ROUND.format(name="s", size=5).replace('"cut"', '"same"'), "s")


def test_gold_of_a_comparison_has_two_texts(opened, folder):
    gold = {"id": "g", "left": f"手机：{PHONE}。\r\n上一篇", "right": f"手机：{PHONE}。", "label": "right"}
    (folder / "gold.jsonl").write_text(json.dumps(gold, ensure_ascii=False), "utf-8")
    items = opened(ROUND.format(name="g", size=5) + '[gold]\nfile = "gold.jsonl"\n', "g")
    assert (items["g"]["text"], items["g"]["right"]) == ("手机：[手机]。\n上一篇", "手机：[手机]。")
    with session(opened.engine) as registry:
        assert registry.scalars(select(Item.gold).where(Item.is_gold)).all() == [{"better": "right"}]


@pytest.mark.parametrize("kind", Kind)
def test_people_see_the_text_masked_unless_the_round_is_about_it_and_nothing_else_of_the_document(opened, folder, kind):
    text = ROUND.format(name=f"see-{kind}", size=8)
    if kind != Kind.PREFERENCE:
        text = text.replace("preference", kind).replace('runs = ["plain", "cut"]', 'run = "plain"')
    items = opened(text, f"see-{kind}")
    question, workspace = question_of(kind), folder / "work"
    texts, rights = read_texts(workspace, f"see-{kind}"), read_right_texts(workspace, f"see-{kind}")
    page = RoundPage(question, "1", read_suggestions(workspace, f"see-{kind}"), "", rights)
    tasks = [page.task(name, texts[name], "k", role, None) for name in items for role in ("annotator", "adjudicator")]
    assert {tuple(sorted(task)) for task in tasks} == {("data",)}
    assert {tuple(task["data"]) for task in tasks} == {(*question.data(*question.texts), "key")}
    said = json.dumps([tasks, [page.project(role) for role in ("annotator", "reviewer")]], ensure_ascii=False)
    assert (PHONE in said) == (kind == Kind.PERSONAL)
    assert [word for word in ("example.invalid", "doc-", "某某", '"plain', '"cut"', "a.jsonl") if word in said] == []
    assert sum("手机" in task["data"][name] for task in tasks for name in question.texts) >= 16


def test_answers_become_shares_that_prefer_each_run(opened, folder):
    """Everybody likes what was cut, but for two documents; which side it stands on has no part in it."""
    items = opened(ROUND.format(name="p", size=30), "p")

    def say(document):
        number, row = int(document[4:]), items[document]
        liked = {1: "tie", 3: "plain"}.get(number, "cut")
        return liked if liked == "tie" else "left" if row["left_run"] == liked else "right"

    answer_all(opened.engine, "p", lambda document, _: {"better": say(document)})
    assert pull_rounds(folder / "work", Quiet(), lambda _: None)["rounds"]["p"]["labels"]["tie"] == 1
    results = json.loads((folder / "work/rounds/p/results.json").read_text("utf-8"))
    prefer = results["estimates"]["comparison"]["prefer"]
    assert {name: round(one["value"] * 30) for name, one in prefer.items()} == {"plain": 1, "cut": 28, "tie": 1}
    # The stricter policy of the second run calls documents too short whose text it has cut: people like them cut.
    (rule,) = results["estimates"]["comparison"]["rules"].items()
    assert (rule[0], list(rule[1])) == ("too_short", ["cut"])
    attributes = pq.read_table(folder / "work/rounds/p/attributes.parquet").to_pylist()
    assert {row["id"]: row["human.preference"] for row in attributes if row["id"] in {"doc-1", "doc-3", "doc-5"}} == {
        "doc-1": "tie", "doc-3": "plain", "doc-5": "cut"
    }  # fmt: skip
    assert not (folder / "work/rounds/p/training.parquet").exists()
    assert status_of(folder / "work", "p")[0]["left"] == 0
    reader = Reader(folder / "work")
    with session(opened.engine) as registry:
        result = [{"from_name": "better", "to_name": "left", "type": "choices", "value": {"choices": ["left"]}}]
        assert reader(find_round(registry, "p"), "doc-1", result) == ({"better": "left"}, None)


def test_shares_are_weighed_and_kept_apart_by_the_rule_that_fired_in_one_run():
    rows = [
        {"left_run": left, "failed": mine, "other_failed": theirs}
        for left, mine, theirs in (("a", ["x"], []), ("b", ["x"], ["x"]), ("b", [], ["y"]), ("a", ["x"], []))
    ]
    design = Design(np.array([0.5, 0.25, 0.5, 0.25]), np.zeros(4, np.int64))
    found = compare(design, ["left", "left", "right", "neither"], rows, ("a", "b"))
    assert {name: one["value"] for name, one in found["prefer"].items()} == {
        "a": 4 / 12,
        "b": 4 / 12,
        "neither": 4 / 12,
    }
    assert {reason: list(by_run) for reason, by_run in found["rules"].items()} == {"x": ["a"], "y": ["b"]}
    assert found["rules"]["x"]["a"]["prefer"]["a"]["value"] == 2 / 6
