import csv
import json
import random
import time

import opencc
import pyarrow as pa
import pytest

from filters.benchmark_items import read_items, split_options
from filters.contamination import Contamination
from filters.texts import Texts

PROSE = "渡口的船在雾里靠了岸，卖菜的人先下，挑着两筐水灵灵的萝卜，随后是背书包的孩子。"
# Invented, as all items here: no benchmark is in this repository.
ROWS = [
    ("临溪市的市花是____", ["油桐花", "木芙蓉", "山茶", "栀子"]),
    ("下列说法正确的是", ["水烧到八十度就会在临溪的山上沸腾", "铁的密度比木头小所以浮得起来", "声音在真空里传得最快也最远", "月亮自己不发光只反射太阳的光"]),  # noqa: E501
    ("下列说法正确的是", ["青岑的茶树只在冬天开一次花", "油纸伞的骨架是用老毛竹做成的", "岚屿的灯塔从来没有点亮过", "松陵江是由西向东倒着流的"]),  # noqa: E501
    ("青岑县第一座水力发电站建成于哪一年，它的设计者后来又主持修建了哪一座大桥", ["一九三一年，乌桥", "一九三六年，雁回桥", "一九四一年，锦汀桥", "一九五二年，石埭桥"]),  # noqa: E501
]  # fmt: skip


@pytest.fixture
def ceval(tmp_path):
    path = tmp_path / "ceval_val.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "A", "B", "C", "D", "answer", "explanation"])
        writer.writerows([number, stem, *options, "A", ""] for number, (stem, options) in enumerate(ROWS))
    return str(path)


def measure(paths, *texts, **settings):
    return Contamination(tuple(paths), **settings)(Texts(pa.array(texts, pa.large_string()))).to_pylist()


def exam(row, order=(2, 0, 3, 1), letters="ABCD", mark="．"):
    stem, options = ROWS[row]
    return f"{stem}（　）\n" + "\n".join(f"{x}{mark}{options[at]}" for x, at in zip(letters, order, strict=True))


FORMS = {
    "as it is": lambda text: text,
    "Traditional": opencc.OpenCC("s2t").convert,
    "full width": lambda text: text.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)}),
    "spaces": " ".join,
    "line breaks": "\n".join,
    "no punctuation": lambda text: "".join(char for char in text if char.isalnum()),
    "half-width marks": lambda text: text.replace("．", ") ").replace("（　）", "( )"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", range(len(ROWS)))
def test_an_item_is_found_in_any_order_script_width_and_spacing(ceval, row, form):
    text = PROSE * 3 + FORMS[form](exam(row)) + PROSE * 3

    found = measure([ceval], text)[0]

    assert {name.partition(".")[2]: value for name, value in found.items()} == {
        "benchmark": "ceval_val", "item": str(row), "coverage": pytest.approx(1.0, abs=0.1), "items": 1,
    }  # fmt: skip


def test_a_question_without_its_options_or_with_others_is_not_the_item(ceval):
    others = "下列说法正确的是（　）A．猫比狗睡得多一些 B．柳树的叶子在秋天会变红 C．船总是先靠右边的码头 D．豆腐可以冻起来再煮"  # noqa: E501

    rows = measure([ceval], f"{PROSE}临溪市的市花是油桐花，每年四月开。{PROSE}", PROSE + others, PROSE)

    assert [row["contamination.items"] for row in rows] == [0, 0, 0]
    assert rows[0] == {"contamination.benchmark": None, "contamination.item": None, "contamination.coverage": 0.0,
                       "contamination.items": 0}  # fmt: skip


def test_several_items_are_counted_once_each_and_the_best_is_named(ceval):
    text = exam(0) + PROSE * 9 + exam(3).replace("设计者", "建造人") + PROSE * 9 + exam(0)

    row = measure([ceval], text)[0]

    assert (row["contamination.items"], row["contamination.item"]) == (2, "0")


def test_an_edit_leaves_an_item_findable_until_too_little_is_left(ceval):
    edited, torn = exam(3).replace("第一座", "首座"), exam(3)[: len(exam(3)) // 2]

    assert [row["contamination.items"] for row in measure([ceval], edited, torn)] == [1, 0]


def test_two_texts_side_by_side_do_not_make_an_item(ceval):
    text = exam(3)

    assert [row["contamination.items"] for row in measure([ceval], text[:30], text[30:])] == [0, 0]


def test_without_benchmarks_nothing_is_computed():
    texts = Texts(pa.array([PROSE, None]))

    rows = Contamination()(texts).to_pylist()

    assert [row["contamination.items"] for row in rows] == [0, None]
    assert "folded" not in vars(texts)


SHAPES = {
    "cmmlu.csv": (",Question,A,B,C,D,Answer\n0,渡口有几条船？,一,二,三,四,B\n", "渡口有几条船？", ("一", "二", "三", "四")),  # noqa: E501
    "gaokao.json": (
        json.dumps({"title": "t", "example": [{"year": "2031", "question": "1．渡口有几条船？\nA．一条\nB．两条\nC. 三条", "index": 7}]}),  # noqa: E501
        "1．渡口有几条船？", ("一条", "两条", "三条"),
    ),
    "tnews.json": ('{"label": "1", "sentence": "渡口的船换了新的发动机"}\n{"label": "2", "sentence": "乙"}\n', "渡口的船换了新的发动机", ()),  # noqa: E501
    "afqmc.jsonl": ('{"sentence1": "船什么时候开", "sentence2": "几点开船", "label": "1"}\n', "船什么时候开", ("几点开船",)),  # noqa: E501
    "cmrc.json": (
        json.dumps({"data": [{"paragraphs": [{"context": "很长的文章", "qas": [
            {"id": "Q7", "question": "船在哪里靠岸？", "answers": [{"text": "渡口"}, {"text": "渡口"}]}]}]}]}),
        "船在哪里靠岸？", ("渡口",),
    ),
    "c3.json": (json.dumps([[["对话"], [{"question": "谁先下船？", "choice": ["孩子", "卖菜的人"], "answer": "孩子"}], "m-1"]]),  # noqa: E501
                "谁先下船？", ("孩子", "卖菜的人")),
    "plain.jsonl": ('{"question": "谁先下船？", "options": {"A": "孩子", "B": "卖菜的人"}, "answer": "B"}\n', "谁先下船？", ("孩子", "卖菜的人")),  # noqa: E501
    "letters.jsonl": ('{"题目": "谁先下船？", "A": "A. 孩子", "B": "B. 卖菜的人"}\n', "谁先下船？", ("孩子", "卖菜的人")),  # noqa: E501
    "list.json": ('[{"query": "谁先下船？"}]', "谁先下船？", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_public_formats_are_known_by_their_fields(tmp_path, name):
    content, stem, options = SHAPES[name]
    (tmp_path / name).write_text(content, "utf-8")

    first = read_items(tmp_path / name)[0]

    assert (first.benchmark, first.stem, first.options) == (name.partition(".")[0], stem, options)


def test_an_item_is_named_by_its_own_id_or_its_number(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": "x-9", "question": "甲"}\n{"question": "乙"}\n', "utf-8")

    assert [item.name for item in read_items(tmp_path / "a.jsonl")] == ["x-9", "2"]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.jsonl", '{"foo": 1}\n', "row 1: no question in it"),
        ("a.jsonl", "nonsense\n", "line 1: neither JSON nor JSONL"),
        ("a.json", "[1, 2]", "a row is an object, not int"),
        ("a.json", "3", "rows are wanted, not int"),
        ("a.csv", "", "no questions in it"),
        ("a.txt", "甲", "a benchmark is a .csv, .tsv, .json or .jsonl file"),
    ],
)
def test_an_unknown_shape_is_refused_with_its_place(tmp_path, name, content, fault):
    (tmp_path / name).write_text(content, "utf-8")

    with pytest.raises(ValueError, match=fault):
        read_items(tmp_path / name)


def test_options_in_a_question_are_cut_off_if_there_are_two_in_order():
    assert split_options("甲？A．一 B．二") == ("甲？", ("一", "二"))
    assert split_options("维生素 A. 缺乏时") == ("维生素 A. 缺乏时", ())


def test_cost_does_not_grow_with_the_number_of_items(tmp_path):
    rng = random.Random(3)
    han = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
    rows = [{"question": "".join(rng.choices(han, k=30)), "options": ["".join(rng.choices(han, k=6)) for _ in range(4)]} for _ in range(3000)]  # fmt: skip  # noqa: E501
    texts = Texts(pa.array([PROSE + "".join(rng.choices(han, k=60_000)) for _ in range(10)]))
    seconds = []
    for number in (30, 3000):
        path = tmp_path / f"{number}.jsonl"
        path.write_text("\n".join(map(json.dumps, rows[:number])), "utf-8")
        filled = Contamination((str(path),))
        filled(texts)
        begun = time.process_time()
        for _ in range(5):
            filled(texts)
        seconds.append(time.process_time() - begun)

    assert seconds[1] < 3 * seconds[0]


def test_coverage_asked_for_must_be_more_than_half(ceval):
    with pytest.raises(ValueError, match=r"from 0\.5 to 1"):
        Contamination((ceval,), least=0.2)
