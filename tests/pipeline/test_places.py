"""A takedown by place, and then lines are deleted: the document stays out, and nobody else leaves with it unsaid."""

import json

import pytest

from flows.console import render_summary
from pipeline.removed import LIST, load_removed, removed_ids
from pipeline.takedown import take_down
from tests.pipeline.conftest import text

SOURCE = 'name = "web"\npath = "in"'
NUMBERS = [3, 5, 6, 8, 11, 14]


def rows(numbers):
    return [{"text": text(number, 6)} for number in numbers]


@pytest.fixture
def asked(desk):
    """Records without ids, of which the third was taken down by its place."""
    desk.recipe(SOURCE)
    desk.write("in/a.jsonl", rows(NUMBERS))
    desk.run()
    take_down(desk.path / "ws", frozenset({("web", "web:a.jsonl#2")}), None, 10**9)
    assert {row["text"] for row in desk.rows("documents")} == texts([3, 5, 8, 11, 14])
    return desk


def again(desk, numbers):
    desk.write("in/a.jsonl", rows(numbers))
    summary, _ = desk.run()
    return {row["text"] for row in desk.rows("documents")}, summary["taken_down_places"], summary


def texts(numbers):
    return {text(number, 6) for number in numbers}


def test_its_line_is_deleted_and_who_moves_up_stays_and_that_is_said(asked):
    found, places, summary = again(asked, [3, 5, 8, 11, 14])

    assert found == texts([3, 5, 8, 11, 14])
    assert places == {"others": ["web:a.jsonl#2"], "moved": [], "unknown": []}
    assert "stays: web:a.jsonl#2" in render_summary(summary)
    assert removed_ids(asked.path / "ws") == frozenset()
    again(asked, NUMBERS[:2] + NUMBERS[3:] + [16])
    assert {row["text"] for row in asked.rows("documents")} == texts([3, 5, 8, 11, 14, 16])


def test_a_line_before_it_is_deleted_and_it_stays_out_at_its_new_place(asked):
    found, places, _ = again(asked, [5, 6, 8, 11, 14])

    assert found == texts([5, 8, 11, 14])
    assert places == {"others": ["web:a.jsonl#2"], "moved": ["web:a.jsonl#1"], "unknown": []}
    assert removed_ids(asked.path / "ws") == {("web", "web:a.jsonl#1")}
    found, places, _ = again(asked, NUMBERS)  # and back
    assert found == texts([3, 5, 8, 11, 14])
    assert removed_ids(asked.path / "ws") >= {("web", "web:a.jsonl#2")}


def test_what_nobody_knows_at_its_place_is_left_out_and_that_is_said(asked):
    found, places, summary = again(asked, [3, 5, 24, 8, 11, 14])

    assert found == texts([3, 5, 8, 11, 14])
    assert places == {"others": [], "moved": [], "unknown": ["web:a.jsonl#2"]}
    assert "warning: something else stands at the place" in render_summary(summary)


def test_read_again_as_it_is_it_stays_out_and_nothing_is_said(asked):
    found, places, _ = again(asked, NUMBERS)

    assert found == texts([3, 5, 8, 11, 14])
    assert places == {"others": [], "moved": [], "unknown": []}


def test_the_list_keeps_salted_hashes_only(asked):
    stored = json.loads((asked.path / "ws" / LIST).read_text())["documents"]

    assert [(one["id"], len(one["text"]), len(one["others"])) for one in stored] == [("web:a.jsonl#2", 64, 5)]
    assert load_removed(asked.path / "ws").places["web", "web:a.jsonl#2"].text == stored[0]["text"]
