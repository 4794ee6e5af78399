import time
import unicodedata

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filters.characters import kind_table
from pipeline.normalize import Edit, cut_lines, has_stray, normalize
from pipeline.readers.records import Repair

HARD = "a\r\n\f\v\u2028\u2029\x85\x00\x1b\x7f\x9f\ufeff\t中\u0301\u0323é가\u1100\u1161\u11a8豈\u0f71\u0f72"
TEXT = st.text(st.one_of(st.sampled_from(HARD), st.characters(exclude_categories=["Cs"])), max_size=40)


def undo(text, edits):
    for edit in reversed(edits):
        text = text[: edit.start] + edit.removed + text[edit.end :]
    return text


@settings(max_examples=300, deadline=None)
@given(TEXT)
@example("\r\n\r\r\n")
@example("e\u0301\x00\u0301")
def test_a_normalised_text_is_clean_stable_and_its_edits_lead_back(text):
    clean, edits = normalize(text)

    assert unicodedata.is_normalized("NFC", clean)
    assert [c for c in clean if c in "\r\u2028\u2029\x85\ufeff" or (ord(c) < 32 and c not in "\t\n")] == []
    assert normalize(clean) == (clean, [])
    assert edits == sorted(edits, key=lambda edit: (edit.start, edit.end))
    assert unicodedata.normalize("NFC", undo(clean, edits)) == unicodedata.normalize("NFC", text)


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_the_fast_look_never_misses_a_stray_character(text):
    codes = np.array([ord(char) for char in text], np.uint32)
    (found,) = has_stray(codes, kind_table()[codes], np.array([0, len(codes)]))

    assert normalize(text, stray=bool(found)) == normalize(text)


def test_edits_say_where_and_what():
    assert normalize("甲\r\n乙\x00丙e\u0301") == (
        "甲\n乙丙é",
        [Edit(1, 2, "line_end", "\r\n"), Edit(3, 3, "control", "\x00"), Edit(4, 5, "nfc", "e\u0301")],
    )


def test_what_the_reader_repaired_moves_along_with_the_text():
    repairs = (Repair(3, 4, "undecodable", "ff"),)

    assert normalize("甲\r\n\ufffd乙", repairs) == (
        "甲\n\ufffd乙",
        [Edit(1, 2, "line_end", "\r\n"), Edit(2, 3, "undecodable", "ff")],
    )


def test_a_cut_line_takes_its_line_end_and_what_had_been_changed_in_it_along():
    text, edits = normalize("菜\x00单\r\n正文e\u0301\r\n页脚")
    assert text == "菜单\n正文é\n页脚"

    assert cut_lines(text, edits, [(0, 2, "template"), (7, 9, "boilerplate_share")]) == (
        "正文é",
        [
            Edit(0, 0, "template", "菜\x00单\r\n"),
            Edit(2, 3, "nfc", "e\u0301"),
            Edit(3, 3, "boilerplate_share", "\r\n页脚"),
        ],
    )


def test_a_line_that_the_reader_repaired_is_not_cut():
    text, edits = normalize("\ufffd菜单\n正文", (Repair(0, 1, "undecodable", "ff"),))

    assert cut_lines(text, edits, [(0, 3, "template")]) == (text, edits)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT, max_size=6).map("\n".join), st.data())
def test_cutting_leaves_the_other_lines_and_its_edits_lead_back(text, data):
    text, edits = normalize(text)
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    chosen = [n for n in range(len(lines)) if data.draw(st.booleans())]
    places = [(starts[n], starts[n] + len(lines[n]), "template") for n in chosen]

    left, changes = cut_lines(text, edits, places)

    kept = [line for number, line in enumerate(lines) if number not in chosen]
    assert left == "\n".join(kept)
    assert changes == sorted(changes, key=lambda edit: (edit.start, edit.end))
    assert undo(left, changes) == undo(text, edits)


def test_text_is_never_brought_to_another_width_or_script():
    text = "２０２６年：國體　ＡＢＣ①㈱"

    assert normalize(text) == (text, [])


def test_a_tower_of_marks_is_cut_before_it_costs_anything():
    tower = "中" + "\u0301\u0323" * 200_000

    clean, edits = normalize(f"甲{tower}乙")

    assert (len(clean), clean[-1]) == (33, "乙")
    assert [edit.kind for edit in edits if edit.kind != "nfc"] == ["marks"]


def test_one_odd_character_does_not_make_a_long_text_slow():
    text = "第一行没有什么特别的。\n" * 200_000 + "豈"

    begun = time.process_time()
    clean, _ = normalize(text)

    assert clean[-1] == "豈"
    assert time.process_time() - begun < 2.0


def test_a_form_feed_ends_a_line():
    assert normalize("上页\f下页\v")[0] == "上页\n下页\n"
