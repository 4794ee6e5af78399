import xml.etree.ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.gold_file import read_gold
from annotation.kinds import QUESTIONS, InvalidAnswerError, Kind
from annotation.kinds.controls import Note, One, Some, Spans
from annotation.kinds.difference import show_difference
from annotation.kinds.risk_choice import LINES
from annotation.questions import read_label
from filters.risks import RISKS
from pipeline.errors import RecipeError

TEXT = "😀𠮷联系人张某某，电话 010-00000000，住某市某区某路1号。"


def said(question, **values):
    return [item for control in question.controls if control.name in values
            for item in control.write(values[control.name], question.texts[0], TEXT)]  # fmt: skip


def value_of(control):
    codes = st.sampled_from([option.code for option in control.options]) if control.options else None
    if isinstance(control, One):
        return codes
    if isinstance(control, Some):
        return st.sets(codes, min_size=1).map(lambda chosen: [one for one in control.codes if one in chosen])
    if isinstance(control, Spans):
        places = st.tuples(st.integers(0, 9), st.integers(1, 9), codes).map(lambda p: (p[0], p[0] + p[1], p[2]))
        return st.sets(places, min_size=1, max_size=4).map(lambda spans: [list(span) for span in sorted(spans)])
    assert isinstance(control, Note)
    return st.text("很好ab", min_size=1, max_size=20)


@st.composite
def answers(draw):
    question = QUESTIONS[draw(st.sampled_from(list(Kind)))]
    label = {}
    for control in question.controls:
        if (control.when is None or control.when.holds(label)) and (control.required or draw(st.booleans())):
            label[control.name] = draw(value_of(control))
    return question, label


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first draw of personal data loads the filter's words
@given(answers())
def test_what_is_written_reads_back(answer):
    question, label = answer
    if question.check(label) is None:
        assert question.read(question.write(label, TEXT), TEXT) == label
        assert question.category(label) in question.classes
    else:
        with pytest.raises(InvalidAnswerError):
            question.read(question.write(label, TEXT), TEXT)


@pytest.mark.parametrize("kind", Kind)
def test_an_answer_of_nothing_is_none(kind):
    with pytest.raises(InvalidAnswerError, match="not answered"):
        QUESTIONS[kind].read([], TEXT)


def item(name="score", value=None, kind="choices", to="text"):
    return {"from_name": name, "to_name": to, "type": kind, "value": value or {"choices": ["5"]}}


@pytest.mark.parametrize(
    ("result", "why"),
    [
        ({"choices": []}, "no list"),
        ([item(name="stars")], "unknown control 'stars'"),
        (["5"], "unknown control None"),
        ([item(kind="rating")], "'rating'"),
        ([item(to="elsewhere")], "'elsewhere'"),
        ([item(value={"choices": ["99"]})], "unknown choice '99'"),
        ([item(value={"choices": []})], "no choice"),
        ([item(value={"choices": ["5", "4"]})], "2 choices"),
        ([item(), item()], "answered 2 times"),
        ([item(value={"choices": ["2"]})], "faults: not answered"),
        ([item(value={"rating": 5})], "no choice"),
    ],
)
def test_what_is_no_answer_is_refused_with_its_reason(result, why):
    with pytest.raises(InvalidAnswerError, match=why):
        QUESTIONS[Kind.QUALITY].read(result, TEXT)


@pytest.mark.parametrize("place", [(-1, 2), (3, 3), (5, 999), ("1", "2"), (None, 4)])
def test_a_place_outside_the_text_is_no_span(place):
    value = {"start": place[0], "end": place[1], "labels": ["name"]}
    result = [item("spans", value, "labels"), *said(QUESTIONS[Kind.PERSONAL], verdict="some")]
    with pytest.raises(InvalidAnswerError, match="no place"):
        QUESTIONS[Kind.PERSONAL].read(result, TEXT)


def test_a_span_of_another_text_is_refused():
    value = {"start": 2, "end": 5, "text": "别的字", "labels": ["name"]}
    with pytest.raises(InvalidAnswerError, match="another"):
        QUESTIONS[Kind.PERSONAL].read([item("spans", value, "labels")], TEXT)


def test_what_was_chosen_and_then_hidden_does_not_count():
    question = QUESTIONS[Kind.QUALITY]
    assert question.read(said(question, score="5", faults=["broken"]), TEXT) == {"score": "5"}


def test_words_are_understood_where_label_studio_leaves_the_alias_out():
    assert QUESTIONS[Kind.QUALITY].read([item(value={"choices": ["5 优"]})], TEXT) == {"score": "5"}


def test_the_gravest_group_is_the_class_and_unlawful_voids_a_batch():
    safety = QUESTIONS[Kind.SAFETY]
    label = {"verdict": "risky", "severity": "3", "risk_A5": ["A5-a"], "risk_A2": ["A2-d"]}
    assert safety.category(label) == "A2"
    assert [safety.illegal(one) for one in safety.classes] == [False, True, True, True, True, False]
    assert QUESTIONS[Kind.QUALITY].category({"score": "5", "report": ["illegal"]}) == "illegal"


def test_all_31_risks_can_be_named():
    for kind in (Kind.SAFETY, Kind.ACCEPTANCE):
        codes = [code for one in QUESTIONS[kind].controls if one.name.startswith("risk_") for code in one.codes]
        assert codes == list(RISKS)


@pytest.mark.parametrize("kind", Kind)
def test_a_page_is_well_formed_and_no_key_means_two_things(kind):
    question = QUESTIONS[kind]
    page = question.page(rule_version="1")
    root = ET.fromstring(page.config)
    keys = [node.get("hotkey") for node in root.iter() if node.get("hotkey")]
    assert sorted(keys) == sorted(set(keys))
    shown = [f"${name}" for name in (*(["difference"] if len(question.texts) > 1 else []), *question.texts)]
    assert [node.get("value") for node in root.iter("Text")] == shown
    assert "$source" not in page.config
    assert "$source" in question.page(show_source=True).config
    assert all(part in page.instruction for part in ("标注目标", "数据格式", "标注方法", "数据质量指标", "中英对照"))


@pytest.mark.parametrize("kind", Kind)
def test_the_page_hides_and_shows_by_words_that_the_page_has(kind):
    root = ET.fromstring(QUESTIONS[kind].page().config)
    words = {node.get("value") for node in root.iter("Choice")}
    named = {word for node in root.iter("View") for word in (node.get("whenChoiceValue") or "").split(",") if word}
    assert named - words == set()


def test_only_personal_data_is_shown_unmasked():
    assert [kind for kind in Kind if not QUESTIONS[kind].masked] == [Kind.PERSONAL]


def test_each_risk_is_explained_in_a_line_and_every_choice_in_the_instructions():
    assert list(LINES) == list(RISKS)
    for kind in Kind:
        text = QUESTIONS[kind].page().instruction
        words = [option.words for control in QUESTIONS[kind].controls for option in control.options]
        assert [one for one in words if one not in text] == []
    assert [line for line in LINES.values() if line not in QUESTIONS[Kind.ACCEPTANCE].page().instruction] == []


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("甲\n乙\n丙", "甲\n丙", "左：乙"),
        ("甲\n丙", "甲\n乙\n丁\n丙", "右：乙⏎丁"),
        ("他在二楼东侧的自习室里坐着等人来开门已经很久了。", "他在二楼西侧的自习室里坐着等人来开门已经很久了。",
         "左：他在二楼东侧的自习室里坐着等人来开…\n右：他在二楼西侧的自习室里坐着等人来开…"),
        ("甲\n\n乙", "甲\n乙", "仅空行不同"),
        ("\n".join(f"左{k}" for k in range(500)), "右", "差异较多：左边 500 行、右边 1 行不同，请通读"),
    ],
)  # fmt: skip
def test_what_differs_stands_in_a_few_lines(left, right, said):
    assert show_difference(left, right) == said


@given(st.text("甲乙\n", max_size=30), st.text("甲乙\n", max_size=30))
def test_whatever_differs_is_said_and_what_is_alike_is_not(left, right):
    assert (show_difference(left, right) == "仅空行不同") == (
        [line for line in left.split("\n") if line] == [line for line in right.split("\n") if line]
    )


def test_a_gold_label_that_is_none_is_named_with_its_line(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text('{"id": "g1", "text": "代办假证", "label": "A3-e"}', "utf-8")

    def read(label, text):
        return read_label(QUESTIONS[Kind.SAFETY], label, text)

    with pytest.raises(
        RecipeError, match=r"line 1: the label: verdict: unknown choice 'A3-e'; known: risky, safe; a label is"
    ):
        read_gold(path, read, ["text"], masked=False)
