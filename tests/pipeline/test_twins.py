"""Duplicates side by side: where they differ, in the report, in the terminal and in explain, and for no other eyes."""

import re
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.console import render_clusters, render_explanation
from pipeline import differences
from pipeline.differences import CONTEXT_CHARS, EXCERPT_CHARS, compare, marked, shared_start
from pipeline.explain import explain
from pipeline.report import write_report
from pipeline.runs import open_run
from pipeline.twins import largest_clusters
from tests.pipeline.conftest import OTHER, text

BODY = f"{text(1)}\n{OTHER}\n<script>alert(1)</script>"
ALIKE = BODY.replace("把晒干的桂花", "<b>菊花", 1)


@given(st.text("甲乙丙", max_size=200), st.text("甲乙丙", max_size=200), st.text("甲乙", max_size=100))
def test_excerpts_are_pieces_of_the_texts_and_what_is_not_marked_is_shared(one, other, start):
    one, other = start + one, start + other
    found = compare(one, other)

    for side, whole in (("one", one), ("other", other)):
        excerpt = "".join(piece for piece, _ in found[side])
        assert excerpt == whole[found["start"] : found["start"] + EXCERPT_CHARS]
    same = ["".join(piece for piece, differs in found[side] if not differs) for side in ("one", "other")]
    assert same[0] == same[1]
    if one == other:
        assert (found["start"], [differs for _, differs in found["one"]]) == (0, [False] * bool(one))
    else:
        assert found["start"] == max(0, shared_start(one, other) - CONTEXT_CHARS)


@given(st.text("ab", max_size=30), st.text("ab", max_size=30))
def test_the_shared_start_is_the_longest(one, other):
    blocks = [i for i in range(min(len(one), len(other)) + 1) if one[:i] == other[:i]]

    assert shared_start(one, other) == max(blocks)


def test_marks_stand_around_what_differs_on_one_line():
    found = compare("天地\n玄黄宇宙", "天地\n玄青宇宙\x07")

    assert (marked(found["one"]), marked(found["other"])) == ("天地 玄⟦黄⟧宇宙", "天地 玄⟦青⟧宇宙⟦⟧")


@pytest.fixture
def run(desk):
    desk.write("in/a.jsonl", [
        {"id": "b1", "text": BODY}, {"id": "b2", "text": ALIKE}, {"id": "b3", "text": BODY + "\n"},
        {"id": "c1", "text": text(4) + OTHER[::-1]}, {"id": "c2", "text": text(4) + "\n" + OTHER[::-1]},
        {"id": "d", "text": "".join(reversed(text(2, 5)))},
    ])  # fmt: skip
    desk.recipe('name = "web"\npath = "in"')
    desk.run()
    return open_run("small", desk.path / "ws")


def test_the_largest_clusters_come_first_with_the_pair_that_is_least_alike(run):
    first, second = largest_clusters(run)

    assert (first["cluster"], first["size"], first["kinds"]) == ("b1", 3, {"exact": 1, "near": 1, "survivor": 1})
    kept = first["pair"]["kept"]["id"]
    assert {first["pair"][side]["id"] for side in ("kept", "other")} == {"b2", kept}
    assert 0.7 <= first["jaccard"] < 1
    differing = [piece for side in ("kept", "other") for piece, differs in first["pair"][side]["excerpt"] if differs]
    assert "菊" in "".join(differing)
    assert (second["cluster"], second["size"], second["jaccard"]) == ("c1", 2, 1.0)
    assert largest_clusters(run, 1) == [first]


def test_explain_shows_the_twin_of_a_duplicate_and_of_a_survivor(run):
    first, _ = largest_clusters(run)
    kept = first["pair"]["kept"]["id"]
    dropped, survivor, alone = (explain(run, name) for name in ("b2" if kept != "b2" else "b1", kept, "d"))

    assert dropped["cluster"]["twin"]["id"] == kept
    twin = dropped["cluster"]["twin"]
    assert (twin["is"], twin["source"], twin["jaccard"]) == ("kept", "web", first["jaccard"])
    assert survivor["cluster"]["twin"] == {
        "id": "b2", "source": "web", "is": "dropped", "jaccard": first["jaccard"], "pair": first["pair"],
    }  # fmt: skip
    assert (alone["cluster"]["size"], alone["cluster"]["twin"]) == (1, None)
    assert re.search(r"kept +b[13] +web +.*\n +dropped +b2 +web +.*⟦.*菊.*⟧", render_explanation(survivor)) is not None


def test_the_report_shows_excerpts_only_from_a_folder_that_is_closed_to_others(run):
    page = write_report(run).read_text("utf-8")
    folder = run.folder.path / "excerpts"
    shown = (folder / "clusters.html").read_text("utf-8")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert 'src="excerpts/clusters.html"' in page
    for sentence in BODY.splitlines():
        assert sentence[:8] not in page
    assert "<mark>" in shown
    assert ("<script>" in shown, "<b>菊" in shown) == (False, False)
    assert "b2" in shown


def test_the_terminal_shows_the_same(run):
    lines = render_clusters(largest_clusters(run)).splitlines()

    assert lines[0].startswith("cluster b1: 3 documents (1 exact, 1 near, 1 survivor); least Jaccard 0.")
    assert [line.split()[0] for line in lines] == ["cluster", "kept", "dropped"] * 2


def test_all_excerpts_pass_where_masking_will_be(run, monkeypatch):
    monkeypatch.setattr(differences, "presentable", lambda one: re.sub(".", "*", one, flags=re.DOTALL))

    assert {char for piece, _ in largest_clusters(run)[0]["pair"]["kept"]["excerpt"] for char in piece} == {"*"}
    assert set(explain(run, "d")["excerpt"]) == {"*"}
