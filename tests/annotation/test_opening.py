"""A round is drawn from a finished run: strata, focus, dropped documents too; and kept as it was drawn."""

import json

import pyarrow.parquet as pq
import pytest

from annotation.opening import open_round
from annotation.questions import question_of, read_label, review_of
from annotation.round_file import load_round
from annotation.round_tables import read_suggestions
from annotation.rounds import push_round
from annotation.suggestions import suggester_of
from flows.runtime import run_direct
from pipeline.database import open_registry, session
from pipeline.errors import RecipeError
from pipeline.registry import Item, select
from tests.annotation.small_run import small_recipe

SENTENCE = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里。"
RECIPE = small_recipe("a", "b")
POLICY = '[[rules]]\nreason = "too_short"\nattribute = "length.text_chars"\nat_least = 200\n'
HEAD = '[round]\nname = "r"\nkind = "quality"\nrule_version = "1"\nrun = "river"\nseed = 3\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("opening")
    for name, first, number in (("a", 0, 150), ("b", 150, 50)):
        rows = ({"id": str(k), "text": f"{k}。" + SENTENCE * (k % 20 + 1)} for k in range(first, first + number))
        (path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (path / "short.toml").write_text(POLICY, "utf-8")
    (path / "recipe.toml").write_text(RECIPE, "utf-8")
    run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)
    return path


def gold_label(value, text):
    return read_label(question_of("quality"), value, text)


@pytest.fixture
def draw(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("QINGYUAN_REGISTRY", f"sqlite:///{tmp_path / 'registry.db'}")
    engine = open_registry(tmp_path)

    def drawn(text, name="round.toml", **more):
        (folder / name).write_text(text, "utf-8")
        with session(engine) as opened:
            plan = load_round(folder / name)
            open_round(opened, plan, folder / "work", gold_label, review="none", **more)
            rows = opened.scalars(select(Item).order_by(Item.id)).all()
        items = pq.read_table(folder / "work/rounds/r/items.parquet").to_pylist()
        return rows, {row["document"]: row for row in items}

    yield drawn
    engine.dispose()


def test_dropped_documents_are_drawn_too_and_every_one_has_its_chance(draw):
    rows, items = draw(HEAD + '[sampling]\nsize = 60\nby = ["source", "verdict"]\n[review]\nbatch = 25\n')
    assert len(rows) == 60
    assert {row.stratum for row in rows} == {"a/kept", "a/dropped", "b/kept", "b/dropped"}
    assert sum(1 / row.probability for row in rows) == pytest.approx(200)
    assert {row["reason"] for row in items.values()} == {None, "too_short"}
    assert {tuple(row["failed"]) for row in items.values()} == {(), ("too_short",)}
    assert sorted({row.batch for row in rows}) == [0, 1, 2]


def test_a_round_opens_once_and_another_file_of_its_name_is_refused(draw):
    first, _ = draw(HEAD + "[sampling]\nsize = 20\n")
    again, _ = draw(HEAD + "[sampling]\nsize = 20\n")
    assert [row.document for row in first] == [row.document for row in again]
    with pytest.raises(RecipeError, match="other settings"):
        draw(HEAD + "[sampling]\nsize = 21\n")


def test_documents_near_the_bound_are_drawn_more_often(draw):
    rows, items = draw(HEAD + '[sampling]\nsize = 60\nfocus = "thresholds"\n')
    near = [abs(len(items[row.document]["text"]) - 200) < 50 for row in rows]
    assert sum(near) / 60 > 0.35  # of all documents a quarter is so near
    assert len({round(row.probability, 6) for row in rows}) > 3


def test_only_dropped_documents(draw):
    rows, items = draw(HEAD + '[sampling]\nsize = 30\ninclude = "dropped"\n')
    assert {items[row.document]["kept"] for row in rows} == {False}


def test_gold_lies_among_the_items_without_a_chance_and_is_read_strictly(draw, folder):
    golds = [{"id": "g1", "text": "金标一。", "label": 5},
             {"id": "g2", "text": "金标二。", "label": {"score": "1", "faults": ["broken"]}}]  # fmt: skip
    (folder / "gold.jsonl").write_text("".join(json.dumps(gold) + "\n" for gold in golds), "utf-8")
    rows, items = draw(HEAD + '[sampling]\nsize = 5\n[gold]\nfile = "gold.jsonl"\n')
    assert [(row.document, row.gold, row.probability) for row in rows if row.is_gold] == [
        ("g1", {"score": "5"}, None), ("g2", {"score": "1", "faults": ["broken"]}, None)
    ]  # fmt: skip
    assert items["g1"]["text"] == "金标一。"


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        ('{"id": "g", "text": "甲", "label": 9}', "line 1"),
        ('{"id": "g", "text": "甲", "label": 2}', "faults: not answered"),
        ('{"id": "g", "text": "", "label": 5}', "text is empty"),
        ('{"id": "g", "label": 5}', "text"),
        ("", "holds nothing"),
    ],
)
def test_a_gold_file_that_is_wrong_is_a_wrong_request(draw, folder, gold, said):
    (folder / "wrong.jsonl").write_text(gold + "\n", "utf-8")
    with pytest.raises(RecipeError, match=said):
        draw(HEAD + '[gold]\nfile = "wrong.jsonl"\n')


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[sampling]\nby = ["verdit"]', 'did you mean "verdict"'),
        ("[sampling]\nsise = 3", 'did you mean "size"'),
        ('[sampling]\nfocus = "uncertainty"', "needs 1 attribute"),
        ('[sampling]\nfocus = "uncertainty"\nscores = ["length.tekst_chars"]', 'did you mean "length.text_chars"'),
        ("[people]\nwindow = 0", "must be above 0"),
    ],
)
def test_a_round_file_that_is_wrong_says_what_is_right(draw, more, said):
    with pytest.raises(RecipeError, match=said):
        draw(HEAD + more)


def test_personal_data_is_masked_in_gold_too_unless_it_is_what_is_asked_about(draw, folder):
    gold = {"id": "g1", "text": "联系人手机：13912345678。", "label": 5}
    (folder / "gold.jsonl").write_text(json.dumps(gold), "utf-8")
    head = HEAD + '[sampling]\nsize = 5\n[gold]\nfile = "gold.jsonl"\n'
    assert draw(head)[1]["g1"]["text"] == "联系人手机：[手机]。"
    assert draw(head.replace('"r"', '"s"'), masked=False)[1] != {}
    unmasked = pq.read_table(folder / "work/rounds/s/items.parquet").to_pylist()
    assert [row["text"] for row in unmasked if row["document"] == "g1"] == [gold["text"]]


def test_what_filters_measured_can_be_suggested(draw, folder):
    draw(
        HEAD + "show_predictions = true\n[sampling]\nsize = 5\n",
        suggest=lambda _, rows: ([{"score": "1"}] * len(rows), "length 1"),
    )
    assert list(read_suggestions(folder / "work", "r").values()) == [{"score": "1"}] * 5
    with pytest.raises(RecipeError, match="nothing that is measured"):
        suggester_of("acceptance")


def test_safety_is_always_reviewed_item_by_item():
    assert [review_of("safety", "none"), review_of("quality", None), review_of("quality", "none")] == [
        "every", "audit", "none",
    ]  # fmt: skip
    with pytest.raises(RecipeError, match='did you mean "quality"'):
        question_of("qualty")


def test_a_server_that_does_not_keep_people_blind_is_refused_before_anything_is_drawn(folder, tmp_path):
    class Open:
        def server(self):
            raise RecipeError("does not keep annotators blind")

    (folder / "blind.toml").write_text(HEAD, "utf-8")
    with pytest.raises(RecipeError, match="blind"):
        push_round(tmp_path, load_round(folder / "blind.toml"), Open(), lambda _: None)
    assert not (tmp_path / "registry.db").exists()
