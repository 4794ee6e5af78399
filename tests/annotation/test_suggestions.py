"""What filters suggest: spans and risks where they lie in the text that is shown, of which version, if asked."""

import json

import pyarrow.parquet as pq
import pytest

from annotation.kinds import QUESTIONS, Kind
from annotation.kinds.personal_choice import BEYOND, PERSONAL, is_private
from annotation.questions import RoundPage, question_of
from annotation.round_file import load_round
from annotation.round_tables import read_suggestions, read_texts
from annotation.rounds import find_round, push_round
from annotation.suggestions import SUGGESTERS
from filters.personal_lexicon import categories
from flows.runtime import run_direct
from pipeline.database import open_registry, session
from pipeline.errors import RecipeError
from tests.annotation.board import Quiet

TERM = "紫色章鱼馅饼"
PHONE = "13912345678"
TEXTS = {
    "both": f"😀𠮷甲。\n手机：{PHONE}，卖{TERM}，热线12345。",
    "term": f"他们说{TERM}。",
    "none": "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里。",
}
RECIPE = """
[recipe]
name = "octopus"
policy = "octopus.toml"
filters = ["personal", "lexicon"]
packs = []
[[sources]]
name = "a"
path = "a.jsonl"
[filters.lexicon]
lists = ["terms.csv"]
starter = false
[dedup]
near = false
"""
POLICY = (
    '[[rules]]\nreason = "terms"\nattribute = "lexicon.drop_terms"\nat_most = 0\nrisks = ["A1-d", "A1-f", "A3-e"]\n'
)
ROUND = '[round]\nname = "{kind}"\nkind = "{kind}"\nrule_version = "1"\nrun = "octopus"\nshow_predictions = {shown}\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("suggestions")
    rows = (json.dumps({"id": name, "text": text}, ensure_ascii=False) + "\n" for name, text in TEXTS.items())
    (path / "a.jsonl").write_text("".join(rows), "utf-8")
    (path / "terms.csv").write_text(f"term,category,action\n{TERM},A2-d,drop\n", "utf-8")
    (path / "octopus.toml").write_text(POLICY, "utf-8")
    (path / "recipe.toml").write_text(RECIPE, "utf-8")
    run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)
    return path


@pytest.fixture
def pushed(folder, tmp_path, monkeypatch):
    """Pushes a round of a kind; returns each document's text, its suggestion, and its task."""
    monkeypatch.setenv("QINGYUAN_REGISTRY", f"sqlite:///{tmp_path / 'registry.db'}")

    def push(kind, *, shown=True):
        (folder / "round.toml").write_text(ROUND.format(kind=kind, shown=str(shown).lower()), "utf-8")
        push_round(folder / "work", load_round(folder / "round.toml"), Quiet(), lambda _: None)
        engine = open_registry(folder / "work")
        with session(engine) as opened:
            by = find_round(opened, kind).design["suggested_by"]
        engine.dispose()
        texts, labels = read_texts(folder / "work", kind), read_suggestions(folder / "work", kind)
        page = RoundPage(question_of(kind), "1", labels, by)
        return texts, labels, {name: page.task(name, texts[name], "k", "annotator", None) for name in texts}

    return push


def words(texts, spans):
    return [(texts[start:end], code) for start, end, code in spans]


def test_personal_data_are_suggested_where_they_stand(pushed):
    texts, labels, tasks = pushed("personal")
    assert texts == TEXTS
    assert words(texts["both"], labels["both"]["spans"]) == [(PHONE, "mobile"), ("12345", "service_number")]
    assert {name: label["verdict"] for name, label in labels.items()} == {
        "both": "some",
        "term": "none",
        "none": "none",
    }
    (prediction,) = tasks["both"]["predictions"]
    assert prediction["model_version"].startswith("personal ")
    assert QUESTIONS[Kind.PERSONAL].read(prediction["result"], TEXTS["both"]) == labels["both"]


def test_terms_are_suggested_where_they_stand_behind_what_is_masked(pushed):
    texts, labels, tasks = pushed("safety")
    assert texts["both"] == f"😀𠮷甲。\n手机：[手机]，卖{TERM}，热线[服务热线]。"
    assert words(texts["both"], labels["both"]["evidence"]) == [(TERM, "A2")]
    # The rule is about risks of the whole list; the term says itself which one it is.
    assert labels["term"] == {"evidence": [[3, 9, "A2"]], "verdict": "risky", "risk_A2": ["A2-d"]}
    assert labels["none"] == {"verdict": "safe"}
    assert tasks["none"]["predictions"][0]["model_version"].startswith("lexicon ")


def test_a_round_that_hides_them_stores_and_sends_none(pushed, folder):
    _, labels, tasks = pushed("safety", shown=False)
    stored = pq.read_table(folder / "work/rounds/safety/items.parquet")["suggestion"].to_pylist()
    assert (labels, stored, [name for name in tasks if "predictions" in tasks[name]]) == ({}, [None] * 3, [])


def test_a_score_suggests_the_risk_of_its_rule_and_one_about_many_only_that_there_is_some():
    make = SUGGESTERS[Kind.SAFETY].make
    nothing = {"lexicon.spans": None}
    assert make({**nothing, "fired": True, "risks": {"A1-f"}}) == {"verdict": "risky", "risk_A1": ["A1-f"]}
    assert make({**nothing, "fired": True, "risks": set()}) == {"verdict": "risky"}
    spans = [{"start": 1, "end": 4, "kind": kind} for kind in ("A3-e:measure", "brand:drop", "A1-f:pinyin")]
    assert make({"lexicon.spans": spans, "fired": False, "risks": set()}) == {"verdict": "safe"}
    assert make({"lexicon.spans": spans, "fired": True, "risks": set()})["evidence"] == [[1, 4, "A1"]]


@pytest.mark.parametrize("kind", ["acceptance", "quality"])
def test_what_cannot_be_suggested_is_refused_before_anything_is_drawn(pushed, folder, kind):
    with pytest.raises(RecipeError, match=r"nothing that is measured|did not measure"):
        pushed(kind)
    assert not (folder / f"work/rounds/{kind}/items.parquet").exists()


def test_the_page_asks_for_the_filters_own_categories_and_open_ones_are_no_personal_data():
    codes = [option.code for option in PERSONAL]
    own = [option.code for option in PERSONAL if option.group == BEYOND]
    assert sorted(set(codes) - set(own)) == sorted(categories())
    assert set(own) & set(categories()) == set()
    assert {option.words for option in PERSONAL if not is_private(option.code)} >= {"单位电话", "服务热线"}
    assert len({option.words for option in PERSONAL}) == len(codes)  # an answer may say the words
    read, write = QUESTIONS[Kind.PERSONAL].read, QUESTIONS[Kind.PERSONAL].write
    public = {"spans": [[0, 2, "uscc"]], "verdict": "none"}
    assert read(write(public, TEXTS["none"]), TEXTS["none"]) == public
    with pytest.raises(ValueError, match="none marked"):
        read(write({**public, "verdict": "some"}, TEXTS["none"]), TEXTS["none"])
