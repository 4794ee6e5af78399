"""`qingyuan train`: from labels to a model that a recipe can name."""

import json
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters.texts import Texts
from flows.cli import main
from pipeline.errors import RecipeError
from pipeline.labels import read_labels
from pipeline.plan import Shard
from pipeline.readers.reading import ReadOptions
from pipeline.recipe import FilterChoice, load_recipe, stored_filters
from pipeline.scan import ScanSettings
from pipeline.signing import Signing
from pipeline.training import split
from tests.pipeline.test_recipe import MINIMAL

WHO, DID, WHAT = "我们他们大家孩子老师", "看见想起写下听说记得", "故事问题道理消息日子"


def sentence(random):
    draw = random.choice
    return "".join(f"{draw(WHO)}{draw(DID)}了{draw(WHAT)}，{draw(WHAT)}很好。" for _ in range(8))


def rubbish(random):
    return " ".join(random.choice(["首页", "登录", "注册", "更多", "下载", "返回顶部"]) for _ in range(20))


def records(number=120):
    random = Random(11)
    return [{"text": make(random), "label": label} for _ in range(number) for make, label in
            ((sentence, 1), (rubbish, 0))]  # fmt: skip


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    labels = write(folder / "labels.jsonl", records())
    assert main(["train", str(labels), "--output", str(folder / "model"), "--json"]) == 0
    return folder


def recipe(folder, filters):
    path = folder / "recipe.toml"
    path.write_text(f"{MINIMAL}\n{filters}", "utf-8")
    return path


def test_the_card_says_what_was_measured_on_texts_not_trained_on(trained):
    card = json.loads((trained / "model/card.json").read_text("utf-8"))

    assert card["counts"]["good"] + card["counts"]["bad"] == card["counts"]["texts"] == 240
    assert sum(card["counts"][part] for part in ("train", "calibrate", "test")) == 240
    assert card["metrics"]["auc"] == 1.0
    assert (card["proposed"]["precision"], card["proposed"]["recall"] > 0.8) == (1.0, True)


def test_a_recipe_can_name_the_model_relative_to_itself(trained):
    digest = json.loads((trained / "model/card.json").read_text("utf-8"))["digest"]
    chosen = load_recipe(recipe(trained, f'[filters.quality]\nmodel = "model"\ndigest = "{digest}"')).filters
    quality = next(choice for choice in chosen if choice.filter == "quality")

    assert quality.arguments["model"] == str(trained / "model")
    assert quality.identity() == ("quality", {"digest": digest})
    assert quality.make().version.endswith(digest[:16])


@pytest.mark.parametrize(
    ("model", "digest", "said"),
    [("none", "0" * 64, "no quality model in"), ("model", "0" * 64, "has the digest"), ("model", "", "digest")],
)
def test_a_recipe_with_a_missing_or_another_model_fails_before_reading(trained, model, digest, said):
    path = recipe(trained, f'[filters.quality]\nmodel = "{model}"\ndigest = "{digest}"')

    with pytest.raises(RecipeError, match=said):
        load_recipe(path)
    # A finished run's copy is opened for its names only: the model may have moved meanwhile.
    assert "quality" in [choice.filter for choice in stored_filters(path, ())]


def test_the_same_labels_give_the_same_bytes_in_any_order(trained, tmp_path, capsys):
    labels = write(tmp_path / "labels.jsonl", sorted(records(), key=lambda row: row["text"], reverse=True))
    assert main(["train", str(labels), "--output", str(tmp_path / "model"), "--report", str(tmp_path / "r.json")]) == 0

    for name in ("model.bin", "calibration.json", "card.json", "README.md"):
        assert (tmp_path / "model" / name).read_bytes() == (trained / "model" / name).read_bytes()
    assert (tmp_path / "r.json").read_bytes() == (tmp_path / "model/card.json").read_bytes()
    assert "[filters.quality]" in capsys.readouterr().out


def test_where_a_model_lies_is_no_part_of_a_scans_fingerprint():
    def scan(model, digest):
        choice = FilterChoice("quality", {"model": model, "digest": digest})
        return ScanSettings(ReadOptions(), (choice,), Signing()).fingerprint(Shard(0, "crawl", ()))

    assert scan("/here", "1" * 64) == scan("/there", "1" * 64)
    assert scan("/here", "1" * 64) != scan("/here", "2" * 64)


def test_parquet_scores_weights_and_several_labels_of_one_text(tmp_path):
    rows = [{"text": f"第{n}段文字，各不相同。", "label": 5.0 if n % 2 else 1.0, "weight": 1.0} for n in range(120)]
    rows += [
        {"text": "几个人看过", "label": 2.0, "weight": 1.0},
        {"text": "幾個人看過", "label": 4.0, "weight": 3.0},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "labels.parquet")

    labelled = read_labels(tmp_path / "labels.parquet", good_from=3)

    found = labelled.texts.index("几个人看过")
    assert (labelled.read, len(labelled.texts), bool(labelled.good[found])) == (122, 121, True)  # (2 + 3 * 4) / 4
    assert labelled.weights[found] == pytest.approx(4 * labelled.weights[found - 1])


def test_a_draw_is_left_out_and_counted(tmp_path):
    rows = [*records(60), {"text": "说不清", "label": 0}, {"text": "说不清", "label": 1}]
    labelled = read_labels(write(tmp_path / "l.jsonl", rows), good_from=3)

    assert (labelled.undecided, "说不清" in labelled.texts) == (1, False)


def test_the_split_holds_each_text_once_and_both_kinds_everywhere(tmp_path):
    labelled = read_labels(write(tmp_path / "l.jsonl", records()), good_from=3)
    parts = split(labelled)

    assert sorted([*parts.train, *parts.calibrate, *parts.test]) == list(range(240))
    assert [int(labelled.good[rows].sum()) for rows in (parts.train, parts.calibrate, parts.test)] == [84, 18, 18]


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("l.jsonl", [{"text": "好"}], "record 1: no label; there are no other fields"),
        ("l.jsonl", [{"text": "好", "label": 7}], "record 1: label is '7'; a number from 0 to 5 is needed"),
        ("l.jsonl", [{"text": "好", "label": "good"}], "label is 'good'"),
        ("l.jsonl", [{"text": "好", "label": 1, "weight": 0}], "weight is '0'; a number above 0"),
        ("l.jsonl", [{"text": " ", "label": 1}], "record 1: the text is empty"),
        ("l.jsonl", [{"label": 1}], "record 1: missing_text"),
        ("l.jsonl", [{"text": "好", "label": 1}], "0 of 1 texts are bad"),
        ("l.jsonl", [], "0 of 0 texts are good"),
        ("l.txt", [], "labels come as jsonl, parquet, csv, tsv, not as text"),
    ],
)
def test_labels_that_are_wrong_are_told_where(tmp_path, name, rows, said):
    if said.startswith("0 of 1"):
        rows = [{"text": f"好{number}", "label": 1} for number in range(60)]
        said = "0 of 60 texts are bad"

    with pytest.raises(RecipeError, match=said.replace("(", r"\(")):
        read_labels(write(tmp_path / name, rows), good_from=3)


def test_a_missing_file_is_the_requests_fault(tmp_path, capsys):
    assert main(["train", str(tmp_path / "none.jsonl"), "--output", str(tmp_path / "m")]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_a_model_for_a_safety_score_is_trained_and_named_by_a_recipe(tmp_path):
    rows = [{"text": row["text"], "label": 1 - row["label"]} for row in records()]
    labels = write(tmp_path / "labels.jsonl", rows)
    assert main(["train", str(labels), "--output", str(tmp_path / "model"), "--score", "abuse", "--json"]) == 0
    card = json.loads((tmp_path / "model/card.json").read_text("utf-8"))
    usage = (tmp_path / "model/README.md").read_text("utf-8").split("```")[1].removeprefix("toml")

    path = recipe(tmp_path, usage.replace("path/of/this/folder", "model"))
    chosen = next(choice for choice in load_recipe(path).filters if choice.filter == "safety")

    assert (card["score"], card["metrics"]["auc"]) == ("abuse", 1.0)
    texts = Texts(pa.array([row["text"] for row in rows[:2]], pa.large_string()))
    good, bad = chosen.make()(texts)["safety.abuse"].to_pylist()
    assert (good < 0.5, bad > 0.5) == (True, True)
    assert chosen.identity()[1] == {"digests": {"abuse": card["digest"]}}
