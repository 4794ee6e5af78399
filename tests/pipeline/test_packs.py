"""Packs behind a policy, what review and hold do to a run, and the self-assessment by risk."""

import json
from pathlib import Path

import pytest

from filters.policy import Policy, Rule
from flows.cli import main
from pipeline.errors import RecipeError
from pipeline.packs import add_packs, assess, load_pack
from pipeline.policy_form import RiskEntry
from pipeline.recipe import load_recipe
from pipeline.runs import open_run
from tests.pipeline.conftest import text
from tests.pipeline.test_recipe import MINIMAL

SOURCE = 'name = "web"\npath = "in"'
PACK = """
about = "a test's"
[[rules]]
reason = "long"
attribute = "length.chars"
at_most = 120
action = "review"
risks = ["A1-f", "A4-a"]
[[risks]]
risk = "A4-b"
left_to = "records"
note = "a portrait is no text"
"""


def pack(folder, content=PACK, name="own.toml"):
    (folder / name).write_text(content, "utf-8")
    return name


def load(folder, head="", more=""):
    path = folder / "recipe.toml"
    path.write_text(MINIMAL.replace('policy = "web"\n', f'policy = "web"\n{head}\n') + more, "utf-8")
    return load_recipe(path)


def desk_with(desk, head, more=""):
    desk.recipe(SOURCE, more=more)
    path = desk.path / "recipe.toml"
    path.write_text(path.read_text("utf-8").replace('name = "small"\n', f'name = "small"\n{head}\n', 1), "utf-8")
    desk.write("in/a.jsonl", [{"id": "a", "text": text(1)}, {"id": "b", "text": text(2, 8)}])


def test_a_packs_rules_come_behind_the_policys_and_the_recipes_word_is_last(tmp_path):
    pack(tmp_path)
    more = '[[rules]]\nreason = "long"\nattribute = "length.chars"\nat_most = 999\n'

    recipe = load(tmp_path, 'packs = ["own.toml"]', more)

    rules = {rule.reason: rule for rule in recipe.policy.rules}
    assert [*rules][-1] == "long"
    assert (rules["long"].at_most, rules["long"].action, recipe.packs) == (999, "drop", ("own.toml",))
    assert [rule.at_most for rule in recipe.packed.rules] == [120]


def test_no_packs_leaves_the_policy_alone(tmp_path):
    recipe = load(tmp_path, "packs = []")

    assert (recipe.packs, recipe.packed.rules, recipe.packed.policy) == ((), (), recipe.policy)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (PACK.replace("A4-a", "A9-z"), 'there is no risk "A9-z"'),
        (PACK.replace("A4-b", "A9-z"), 'there is no risk "A9-z"'),
        (PACK.replace('"review"', '"ask"'), "rules[1].action"),
        (PACK.replace('reason = "long"', 'reason = "held_for_review"'), 'rule of the action "hold"'),
        (PACK.replace("about", 'extends = "safety_defualt"\nabout'), 'did you mean "safety_default"?'),
        (PACK.replace("records", "courts"), "risks[1].left_to"),
    ],
)
def test_a_pack_that_is_wrong_is_said_before_anything_is_read(tmp_path, content, fault):
    pack(tmp_path, content)

    with pytest.raises(RecipeError) as error:
        load(tmp_path, 'packs = ["own.toml"]')

    assert fault in str(error.value)


def test_an_unknown_pack_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(RecipeError, match='did you mean "safety_strict"'):
        load(tmp_path, 'packs = ["safety_stict"]')


def test_a_named_pack_needs_what_it_reads_and_the_default_one_does_without(tmp_path):
    pack(tmp_path, PACK.replace("length.chars", "words.count"))

    (tmp_path / "bare.toml").write_text("", "utf-8")
    head = 'filters = ["length"]\npacks = ["own.toml"]'
    text = MINIMAL.replace('policy = "web"\n', f'policy = "bare.toml"\n{head}\n')
    (tmp_path / "recipe.toml").write_text(text, "utf-8")

    with pytest.raises(RecipeError, match='the filter "words" measures it, but this recipe leaves it out'):
        load_recipe(tmp_path / "recipe.toml")
    packed = add_packs(Policy(()), None, tmp_path, set())
    assert (packed.rules, packed.left_out) == (
        (),
        tuple(rule.reason for rule in load_pack("safety_default", tmp_path).rules),
    )


@pytest.mark.parametrize(
    ("said", "asked", "action"),
    [
        ("", "", "review"),
        ('review = "hold"\n', "", "hold"),
        ("", "hold", "hold"),
        ('review = "hold"\n', "keep", "review"),
    ],
)
def test_review_becomes_hold_where_the_pack_or_the_recipe_says_so(tmp_path, said, asked, action):
    name = pack(tmp_path, said + PACK)

    packed = add_packs(Policy(()), [name], tmp_path, set(), asked or None)

    assert [rule.action for rule in packed.rules] == [action]


def test_a_reviewed_document_is_in_the_corpus_and_counted(desk, capsys):
    pack(desk.path)
    desk_with(desk, 'packs = ["own.toml"]')

    summary, _ = desk.run()

    assert summary["documents"] == {"in": 2, "kept": 2, "dropped": 0, "quarantined": 0}
    assert summary["review"] == {"documents": 1, "reasons": {"long": 1}}
    assert {name: row["verdict.review"] for name, row in desk.verdicts().items()} == {"a": [], "b": ["long"]}
    workspace = ["--workspace", str(desk.path / "ws")]
    assert main(["explain", "b", *workspace]) == 0
    assert main(["replay", "small", "--policy", "web", "--json", *workspace]) == 0
    assert main(["report", "small", "--risks", *workspace]) == 0
    out = capsys.readouterr().out
    assert "b: kept; for review: long" in out
    assert json.loads(out[out.index("{\n") : out.rindex("}\n") + 2])["review"]["reasons"] == {"long": 1}
    assert "no certification" in out
    page = (desk.folder / "report.html").read_text("utf-8")
    assert [part for part in ("请人复核", "自评估", "a portrait is no text") if part not in page] == []


def test_a_held_document_is_dropped_for_a_reason_of_its_own_and_nothing_is_scanned_again(desk):
    pack(desk.path)
    desk_with(desk, 'packs = ["own.toml"]')
    desk.run()
    recipe = desk.path / "recipe.toml"
    recipe.write_text(recipe.read_text("utf-8").replace("packs", 'review = "hold"\npacks'), "utf-8")

    summary, executor = desk.run()

    assert executor.stages() == {"elect", "judge", "write"}
    assert summary["reasons"] == {"held_for_review": 1}
    assert summary["review"] == {"documents": 1, "reasons": {"long": 1}}
    assert [row["id"] for row in desk.rows("corpus")] == ["a"]
    assert desk.verdicts()["b"]["verdict.failed"] == ["held_for_review"]


def twins(desk, action):
    """Two twins of which the better-ranked one breaks a rule."""
    pack(desk.path, PACK.replace('"review"', f'"{action}"').replace("120", "105"))
    desk_with(desk, 'packs = ["own.toml"]')
    short = text(3)[:100]
    desk.write("in/a.jsonl", [{"id": "c", "text": short}, {"id": "b", "text": short + " \n" * 9}])
    desk.run()
    return {name: (row["dedup.kind"], row["verdict.reason"]) for name, row in desk.verdicts().items()}


def test_a_document_for_review_may_survive_for_its_twins_and_a_held_one_may_not(desk):
    assert twins(desk, "review") == {"b": ("survivor", None), "c": ("exact", "duplicate")}
    assert twins(desk, "hold") == {"b": ("exact", "duplicate"), "c": ("survivor", None)}


def test_a_run_of_an_older_version_can_be_opened(desk):
    pack(desk.path)
    desk_with(desk, 'packs = ["own.toml"]')
    desk.run()
    policy = desk.folder / "policy.json"
    stored = json.loads(policy.read_text("utf-8"))
    rules = [{key: rule[key] for key in rule if key not in {"action", "risks"}} for rule in stored["rules"][:2]]
    policy.write_text(json.dumps({"rules": rules}), "utf-8")

    run = open_run("small", desk.path / "ws")

    assert [(rule.action, rule.risks) for rule in run.policy.rules] == [("drop", ())] * 2
    assert (run.pack_rules, run.risks) == ((), ())


def test_every_risk_has_a_line_with_what_looks_for_it_and_what_is_left():
    rules = (Rule("a", "x.y", at_most=1, risks=("A1-f",)), Rule("b", "x.y", at_most=1, action="hold", risks=("A1-f",)))
    said = [RiskEntry(risk="A1-f", left_to="people", note="n")]

    lines = {line.risk: line for line in assess(Policy(rules), said)}

    assert len(lines) == 31
    assert (lines["A1-f"].drops, lines["A1-f"].reviews, lines["A1-f"].left_to) == (("a",), ("b",), "people")
    assert (lines["A5-b"].drops, lines["A5-b"].reviews, lines["A5-b"].left_to) == ((), (), "nobody")


def test_what_a_run_stores_of_its_packs_is_as_the_recipe_overrode_it():
    own = Rule("gambling", "safety.gambling", at_most=1.0)
    packed = add_packs(Policy(()), ["safety_default"], Path(), ())

    stored = packed.settings(Policy((own,)))["pack_rules"]

    assert [rule["at_most"] for rule in stored if rule["reason"] == "gambling"] == [1.0]
