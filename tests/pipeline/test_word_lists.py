"""Lists in a recipe, the benign gate, coverage beside the standard, and the section of the report."""

import json
from datetime import date

import pytest

from filters.lexicon import compile_library
from filters.risks import GROUPS, LEAST_OF_GROUP, LEAST_TERMS, RISKS
from filters.term_list import read_terms, starter_list
from flows.cli import _parser, main
from pipeline.benign import MOST_DROP, MOST_REVIEW, measure_benign, shipped_texts
from pipeline.coverage import cover, differences, failed_samples
from pipeline.errors import GateError, RecipeError
from pipeline.recipe import load_recipe

RECIPE = """\
[recipe]
name = "lists"
policy = "own.toml"
filters = ["length", "lexicon"]
personal_data = "off"

[[sources]]
name = "own"
path = "texts.jsonl"

[filters.lexicon]
lists = ["brand.txt"]
"""
DEFAULTS = '[filters.lexicon.defaults."brand.txt"]\ncategory = "brand"\naction = "%s"\nreleased = 2026-11-20\n'


@pytest.fixture
def recipe(tmp_path):
    def write(terms, action="review", more=""):
        (tmp_path / "brand.txt").write_text(terms, "utf-8")
        texts = ["渡口的船在雾里靠了岸，卖菜的人先下，霜月牌的萝卜最甜。" * 3, "同城约炮，加vx详谈。" * 12]
        lines = [json.dumps({"id": str(n), "text": text}, ensure_ascii=False) for n, text in enumerate(texts)]
        (tmp_path / "texts.jsonl").write_text("\n".join(lines), "utf-8")
        rule = '[[rules]]\nreason = "harmful"\nattribute = "lexicon.drop_terms"\nat_most = 0\n'
        (tmp_path / "own.toml").write_text(rule, "utf-8")
        path = tmp_path / "recipe.toml"
        path.write_text(RECIPE + more + DEFAULTS % action, "utf-8")
        return path

    return write


def lexicon_of(path):
    return next(choice for choice in load_recipe(path).filters if choice.filter == "lexicon")


def test_a_recipe_names_lists_that_are_known_by_their_content(recipe):
    first = lexicon_of(recipe("霜月牌\n"))
    second = lexicon_of(recipe("霜月牌\n松陵牌\n"))

    assert [one.name for one in first.make().library().lists] == ["starter.toml", "brand.txt"]
    assert first.identity() != second.identity()


@pytest.mark.parametrize(
    ("terms", "more", "fault"),
    [
        ("的\n", "", "brand.txt: line 1: '的' has one character"),
        ("霜月牌\n", '[filters.lexicon.defaults."brnd.txt"]\naction = "drop"\n', "defaults for 'brnd.txt'"),
    ],
)
def test_a_list_that_is_wrong_is_a_wrong_recipe(recipe, terms, more, fault):
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe(terms, more=more))

    assert fault in str(caught.value)


def test_a_run_refuses_a_list_that_flags_what_is_good_and_names_the_worst_terms(recipe):
    with pytest.raises(GateError) as caught:
        load_recipe(recipe("法律\n霜月牌\n警方\n", "drop"))

    assert "brand.txt finds terms with the action drop in" in str(caught.value)
    assert "警方 (" in str(caught.value)
    assert "霜月牌" not in str(caught.value)
    assert lexicon_of(recipe("法律\n", "drop", "ungated = true\n")).arguments["ungated"] is True
    assert lexicon_of(recipe("法律\n", "measure")).filter == "lexicon"


def test_the_starter_list_passes_its_own_gate_and_samples():
    benign = measure_benign(starter_list(), shipped_texts(), "shipped")

    assert (benign.refusal(), benign.flagged, benign.documents >= 100) == (None, dict.fromkeys(benign.flagged, 0), True)
    assert failed_samples(compile_library([starter_list()])) == []


def test_coverage_counts_a_term_once_and_says_what_is_missing(tmp_path):
    (tmp_path / "a.csv").write_text(
        "term,category,expires\n六合彩,A3-e,\n甲乙丙丁,A1-f,2026-11-01\n霜月牌,brand,\n", "utf-8"
    )
    (tmp_path / "b.txt").write_text("6合彩\n", "utf-8")
    lists = [
        read_terms(tmp_path / "a.csv", {"released": "2026-11-02"}),
        read_terms(tmp_path / "b.txt", {"category": "A2-d"}),
    ]

    found = cover(lists, date(2026, 11, 12))

    assert found["total"] == {"terms": 2, "expired": 1, "at_least": 10_000, "wording": "不宜少于", "state": "secondary"}
    assert {name: row["terms"] for name, row in found["risks"].items() if row["terms"]} == {"A2-d": 1}
    assert found["own"] == {"brand": 1}
    assert found["unmet"][0] == "2 of 10,000 terms in all"
    assert "A2-d: 1 of 100 terms" in found["unmet"]
    assert found["unmet"][-2:] == ["a.csv: 10 days old, 7 at most", "b.txt: no date of release, so no age"]


def test_the_risks_are_31_in_five_groups_and_no_number_is_called_read():
    sizes = {group: sum(risk.group == group for risk in RISKS.values()) for group in GROUPS}

    assert sizes == {"A1": 8, "A2": 9, "A3": 5, "A4": 7, "A5": 2}
    assert {demand.state for demand in (LEAST_TERMS, *LEAST_OF_GROUP.values())} == {"secondary"}


def test_two_releases_differ_by_what_was_added_removed_and_changed(tmp_path):
    (tmp_path / "old.csv").write_text("term,category,action\n甲乙,own,review\n丙丁,own,review\n", "utf-8")
    (tmp_path / "new.csv").write_text("term,category,action\n甲乙,own,drop\n戊己,own,review\n", "utf-8")

    found = differences(*(read_terms(tmp_path / name) for name in ("old.csv", "new.csv")))

    assert [row["term"] for row in found["added"]] == ["戊己"]
    assert [row["term"] for row in found["removed"]] == ["丙丁"]
    assert found["changed"] == {"甲乙": {"action": ["review", "drop"]}}


def test_the_report_shows_coverage_and_hits_and_no_term(recipe, tmp_path, capsys):
    path = str(recipe("霜月牌\n"))

    assert main(["run", path, "--workspace", str(tmp_path / "w"), "--direct", "--quiet", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    page = (tmp_path / "w/runs/lists/report.html").read_text("utf-8")
    assert main(["explain", "1", "--workspace", str(tmp_path / "w")]) == 0
    explained = capsys.readouterr().out

    assert (summary["documents"]["in"], summary["reasons"]) == (2, {"harmful": 1})
    assert "<td>A1-a 煽动颠覆国家政权、推翻社会主义制度</td><td>未加载词表 no terms loaded</td>" in page
    assert "<td>brand.txt</td>" in page
    assert "2026-11-20" in page
    assert [term for term in ("霜月牌", "同城约炮") if term in page] == []
    assert "24: 0–4 A1-f:drop, 5–8 A3-e:review, 11–15 A1-f:drop …" in explained


def test_terms_check_says_what_a_list_covers_and_refuses_it_with_5(tmp_path, capsys):
    (tmp_path / "good.txt").write_text("船在雾里靠了岸。\n萝卜很甜。\n", "utf-8")
    (tmp_path / "own.txt").write_text("萝卜很甜\n", "utf-8")
    check = ["terms", "check", str(tmp_path / "own.txt"), "--category", "brand", "--action", "drop", "--json"]

    assert main(check) == 0
    assert json.loads(capsys.readouterr().out)["refused"] == []
    assert main([*check, "--benign", str(tmp_path / "good.txt")]) == 5
    answer = capsys.readouterr()
    assert "1 of 2 benign texts" in answer.err
    assert json.loads(answer.out)["benign"][1]["worst"] == [{"term": "萝卜很甜", "action": "drop", "documents": 1}]


def test_terms_shows_tables_and_differences(tmp_path, capsys):
    (tmp_path / "old.txt").write_text("甲乙丙\n", "utf-8")
    (tmp_path / "new.txt").write_text("甲乙丙\n丁戊己\n", "utf-8")
    files = [str(tmp_path / "old.txt"), str(tmp_path / "new.txt")]

    assert main(["terms", "check", "starter"]) == 0
    assert "no terms loaded" in capsys.readouterr().out
    assert main(["terms", "diff", *files, "--category", "own"]) == 0
    assert "+ 丁戊己  own review\n1 added, 0 removed, 0 changed" in capsys.readouterr().out
    assert main(["terms", "diff", *files]) == 2
    assert "no category; say it in every row, once under [defaults]" in capsys.readouterr().err


def test_a_sample_that_fails_is_refused_by_name(tmp_path, capsys):
    (tmp_path / "own.toml").write_text(
        'terms = [{ term = "甲乙丙", category = "own", positives = ["甲丙"], hard_negatives = ["甲 乙 丙"] }]', "utf-8"
    )

    assert main(["terms", "check", str(tmp_path / "own.toml")]) == 5
    assert (
        "甲乙丙: not found in its positive '甲丙'; 甲乙丙: found in its hard negative '甲 乙 丙'"
        in capsys.readouterr().err
    )


def test_the_command_lines_limits_are_those_of_the_gate():
    limits = _parser().parse_args(["terms", "check", "starter"])

    assert (limits.most_drop, limits.most_review) == (MOST_DROP, MOST_REVIEW)


def test_one_list_may_be_named_without_brackets(recipe):
    path = recipe("霜月牌\n")
    path.write_text(path.read_text("utf-8").replace('lists = ["brand.txt"]', 'lists = "brand.txt"'), "utf-8")

    assert [one.name for one in lexicon_of(path).make().library().lists] == ["starter.toml", "brand.txt"]
