"""Ids are unique in a run only: what an earlier run calls so may be another document here."""

import shutil

from pipeline.explain import explain
from pipeline.runs import open_run
from pipeline.twins import largest_clusters
from tests.pipeline.conftest import OTHER, text

WEB = 'name = "web"\npath = "in"'
INDEXED = '[dedup]\nindex = "all"\n'


def second_run(desk):
    desk.recipe(WEB, more=INDEXED)
    desk.write("in/a.jsonl", [{"id": "0", "text": text(1)}, {"id": "1", "text": text(2)}])
    desk.run()
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    rows = [{"id": "0", "text": OTHER}, {"id": "1", "text": OTHER + "完。"}, {"id": "2", "text": text(2) + "后来的。"}]
    desk.write("later/a.jsonl", rows)
    desk.run()
    return open_run("second", desk.path / "ws")


def test_a_cluster_is_named_by_an_id_of_the_run_itself(desk):
    run = second_run(desk)

    assert explain(run, "2")["cluster"] | {"twin": None} == {
        "cluster": "2", "size": 2, "of": "1", "of_run": "small", "jaccard": explain(run, "2")["cluster"]["jaccard"],
        "members": ["2"], "twin": None,
    }  # fmt: skip
    assert explain(run, "1")["cluster"]["members"] == ["0", "1"]


def test_a_document_of_another_run_is_not_shown_as_one_of_this(desk):
    run = second_run(desk)

    twin = explain(run, "2")["cluster"]["twin"]
    assert (twin["id"], twin["source"]) == ("1", "web")
    assert twin["pair"]["kept"]["excerpt"][0][0] in text(2)
    shown = {one["cluster"]: one["pair"]["kept"]["source"] for one in largest_clusters(run)}
    assert shown == {"0": "more", "2": "web"}

    shutil.rmtree(desk.path / "ws/runs/small")

    assert explain(run, "2")["cluster"]["twin"]["pair"] is None
