"""The index across runs: what later runs find of earlier ones, what they put in, and what nothing may damage."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import index as index_module
from pipeline import indexing
from pipeline.cluster_table import read_clusters
from pipeline.dedup import find_duplicates
from pipeline.earlier import find_earlier, joint
from pipeline.election import elect
from pipeline.errors import RecipeError
from pipeline.form import Deduplication
from pipeline.index import GONE, KEPT, at_index, open_index
from pipeline.indexing import merge, put_in
from pipeline.segment import name_of
from pipeline.signing import Signing
from pipeline.store import digest_file
from tests.pipeline.conftest import OTHER, SENTENCES, text
from tests.pipeline.test_clusters import jaccard
from tests.pipeline.test_out_of_core import PREFERENCE, SIGNING, collection, write_run

pytestmark = pytest.mark.slow

MEMORY = 10**9


class Shelf:
    """Runs by hand, without what does not concern deduplication: all documents pass all other rules."""

    def __init__(self, path):
        self.path = path
        self.index = path / "index"
        self.index.mkdir(parents=True)
        self.texts = {}
        self.latest = {}
        self.kept = set()

    def add(self, name, texts, ids):
        parts = write_run(self.path / name, texts, ids, parts=2)
        others = tuple(run for run in open_index(self.index, SIGNING).commits if run != name)
        receipt = find_earlier(parts, self.index, SIGNING, others, "x")
        whole = joint(parts, self.index, SIGNING) if receipt["documents"] else parts
        find_duplicates(whole, Deduplication(), SIGNING, PREFERENCE, "x", MEMORY)
        found = read_clusters(parts.folder)
        passes = found.rows < parts.rows
        election = elect(found.clusters, passes, found.kept)
        keep = np.ones(parts.rows, np.bool_)
        keep[found.rows[passes & (election.of >= 0)]] = False
        for part in parts.numbers:
            begin, end = parts.bounds(part)
            pq.write_table(pa.table({"verdict.keep": keep[begin:end]}), parts.folder.part("verdicts", part))
        commit = {"inputs": "i", "seen": "s", "saw": others, "print": name}
        put_in(parts, self.index, SIGNING, PREFERENCE, commit, MEMORY)
        self.texts |= dict(zip(ids, texts, strict=True))
        tables = [pq.read_table(parts.folder.path / "clusters.parquet", columns=["id", "cluster"])]
        if receipt["documents"]:
            tables.append(pq.read_table(parts.folder.path / "earlier.parquet", columns=["id", "cluster"]))
        self.latest |= {row["id"]: row["cluster"] for row in pa.concat_tables(tables).to_pylist()}
        self.kept |= {one for one, is_kept in zip(ids, keep, strict=True) if is_kept}
        return receipt

    def clusters(self):
        groups = defaultdict(set)
        for one, label in self.latest.items():
            groups[label].add(one)
        return {frozenset(group) for group in groups.values()}

    def held(self):
        """What the index holds: status, text and number of run of every document that is not gone, by its name."""
        found = {}
        for segment in open_index(self.index, SIGNING).open():
            rows = np.flatnonzero(segment.status & GONE == 0)
            known = segment.read(rows)
            for i, row in enumerate(rows):
                words = known.texts[i].astype("<u4").tobytes().decode("utf-32-le")
                found[known.names[i]] = (int(segment.status[row]), words, int(known.runs[i]), known.order[i].tolist())
        return found


def shelves(tmp_path, seed, pieces, *, whole=True, most=None):
    """Put one collection in at once, and the same in pieces."""
    rng = random.Random(seed)
    texts = collection(seed)[:most]
    ids = [f"{number:04d}" for number in rng.sample(range(9998), len(texts))]
    one, many = Shelf(tmp_path / "one"), Shelf(tmp_path / "many")
    if whole:
        one.add("whole", texts, ids)
    cuts = [0, *sorted(rng.sample(range(1, len(texts)), pieces - 1)), len(texts)]
    if not whole:
        cuts = np.linspace(0, len(texts), pieces + 1).astype(int).tolist()  # so that segments are of one size class
    for piece in range(pieces):
        chosen = slice(cuts[piece], cuts[piece + 1])
        many.add(f"piece-{piece}", texts[chosen], ids[chosen])
    return one, many


@pytest.mark.parametrize(("seed", "pieces"), [(1, 10), (2, 3)])
def test_one_large_run_and_many_small_ones_find_the_same_clusters(tmp_path, seed, pieces):
    one, many = shelves(tmp_path, seed, pieces)

    assert many.clusters() == one.clusters()
    assert len(one.clusters()) < len(one.texts) - 100
    dropped = set(many.texts) - many.kept
    for name in dropped:  # nothing is lost for resembling what was lost itself
        own = "".join(many.texts[name].split())
        kept = ("".join(many.texts[other].split()) for other in many.kept)
        assert max(1.0 if other == own else jaccard(own, other) for other in kept) >= 0.7
    assert {name: held[1:2] for name, held in one.held().items()} == {
        name: held[1:2] for name, held in many.held().items()
    }


def test_merging_changes_nothing_that_is_held(tmp_path):
    _, shelf = shelves(tmp_path, seed=4, pieces=5, whole=False, most=60)
    before, segments = shelf.held(), len(open_index(shelf.index, SIGNING).segments)
    done = merge(shelf.index, SIGNING, MEMORY)
    after = len(open_index(shelf.index, SIGNING).segments)

    assert shelf.held() == before
    assert (done["segments"] >= indexing.FAN, after < segments) == (True, True)
    assert indexing.due(open_index(shelf.index, SIGNING)) == []
    named = {one[key] for one in open_index(shelf.index, SIGNING).segments for key in ("name", "status")}
    assert {path.name for path in shelf.index.iterdir()} == named | {"index.json"}


def test_a_merge_that_is_killed_loses_nothing(tmp_path):
    _, shelf = shelves(tmp_path, seed=5, pieces=5, whole=False, most=60)
    before = shelf.held()
    script = (
        "import sys, time; from pathlib import Path; from pipeline import indexing, store;"
        "from pipeline.signing import Signing; indexing.AT_ONCE = 1; proper = indexing.SegmentWriter.add;"
        "indexing.SegmentWriter.add = lambda self, some: (proper(self, some), time.sleep(0.01))[0];"
        "save = indexing.Index.save;"
        "indexing.Index.save = lambda self: (time.sleep(0.2), save(self), print('saved', flush=True), time.sleep(0.2));"
        "print('begun', flush=True); indexing.merge(Path(sys.argv[1]), Signing(), 10**9)"
    )
    for wait in (0.1, 0.5, None):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(shelf.index)], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE
        )
        assert child.stdout.readline() == b"begun\n"
        if wait is None:
            assert child.stdout.readline() == b"saved\n"  # what was merged is still there
        else:
            time.sleep(wait)
        assert child.poll() is None
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()

        assert shelf.held() == before
    merge(shelf.index, SIGNING, MEMORY)
    assert shelf.held() == before
    shelf.add("later", [next(iter(shelf.texts.values()))], ["9999"])  # and it can be gone on with


def test_putting_in_that_is_stopped_changes_nothing(tmp_path, monkeypatch):
    shelf = Shelf(tmp_path)
    shelf.add("first", ["第一篇文章的内容就是这些，没有别的了。"], ["1"])
    before = shelf.held()

    def stop(_self):
        raise KeyboardInterrupt

    monkeypatch.setattr(index_module.Index, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        shelf.add("second", ["第二篇文章说的是另外一件完全不同的事情。"], ["2"])

    assert shelf.held() == before


def test_extension_b_and_empty_texts_come_back_as_they_were(tmp_path):
    shelf = Shelf(tmp_path)
    shelf.add("first", ["𠮷野家" * 9, "", "清源"], ["1", "2", "3"])

    assert {name: held[1] for name, held in shelf.held().items()} == {
        name_of("a", "2"): "", name_of("b", "1"): "𠮷野家" * 9, name_of("b", "3"): "清源",
    }  # fmt: skip


WEB = 'name = "web"\npath = "in"'
INDEXED = '[dedup]\nindex = "all"\n'
NEAR = text(3).replace("，", "，又", 1)


def test_a_later_run_finds_what_an_earlier_one_kept(desk):
    first(desk)
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": NEAR}, {"id": "x", "text": text(3)}, {"id": "o", "text": OTHER}])
    desk.run()

    rows = {row["id"]: row for path in (desk.path / "ws/runs/second/verdicts").glob("*") for row in read(path)}
    assert {name: (row["verdict.reason"], row["dedup.of"], row["dedup.of_run"]) for name, row in rows.items()} == {
        "n": ("near_duplicate", "a", "small"),
        "x": ("duplicate", "a", "small"),
        "o": (None, None, None),
    }
    assert {name: (row["dedup.kind"], row["dedup.rank"], row["dedup.size"]) for name, row in rows.items()} == {
        "n": ("near", 1, 3),
        "x": ("exact", 2, 3),
        "o": ("unique", 0, 1),
    }


def read(path):
    return pq.read_table(path).to_pylist()


def first(desk):
    desk.recipe(WEB, more=INDEXED)
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}, {"id": "b", "text": text(0)}, {"id": "c", "text": "短。"}])
    return desk.run()


def everything(desk):
    files = (path for path in (desk.path / "ws").rglob("*") if path.is_file())
    return {path: digest_file(path) for path in files if path.name not in {"run.json", "report.html"}}


def test_doing_a_run_again_does_nothing_even_after_others(desk):
    first(desk)
    before = everything(desk)
    assert desk.run()[1].done == []
    assert everything(desk) == before
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": NEAR}])
    desk.run()
    assert desk.run()[1].done == []
    before = everything(desk)

    desk.recipe(WEB, more=INDEXED)

    assert desk.run()[1].done == []
    assert everything(desk) == before


def test_the_same_data_cleaned_again_is_no_duplicate_of_itself(desk):
    first(desk)
    desk.recipe(WEB, more=INDEXED, name="again")
    desk.run()

    rows = [row for path in (desk.path / "ws/runs/again/verdicts").glob("*") for row in read(path)]
    assert [(row["dedup.kind"], row["dedup.of"]) for row in rows] == [("unique", None)] * 3
    held = [segment.status.tolist() for segment in open_index(desk.path / "ws/index/all", Signing()).open()]
    assert sorted(status & int(GONE) for one in held for status in one) in ([0, 0, 0], [0, 0, 0, 2, 2, 2])


def test_what_an_earlier_run_dropped_takes_nothing_with_it(desk):
    desk.recipe(WEB, more=INDEXED + '[[rules]]\nreason = "long"\nattribute = "length.chars"\nat_most = 9\n')
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}])
    desk.run()
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": NEAR}])
    desk.run()

    (row,) = [row for path in (desk.path / "ws/runs/second/verdicts").glob("*") for row in read(path)]
    assert (row["verdict.keep"], row["dedup.kind"], row["dedup.size"]) == (True, "survivor", 2)


def test_a_better_document_does_not_displace_what_was_kept(desk):
    first(desk)
    desk.recipe('name = "best"\npath = "later"\npriority = -1', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": NEAR + "而且更长。"}])
    desk.run()

    (row,) = [row for path in (desk.path / "ws/runs/second/verdicts").glob("*") for row in read(path)]
    assert row["dedup.of"] == "a"


def test_a_run_whose_documents_changed_sees_the_others_and_is_put_in_anew(desk):
    first(desk)
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "o", "text": OTHER}])
    desk.run()
    desk.recipe(WEB, more=INDEXED)
    desk.write("in/a.jsonl", [{"id": "a", "text": OTHER + "完。"}, {"id": "b", "text": text(0)}])
    desk.run()

    assert desk.verdicts()["a"]["dedup.of_run"] == "second"
    kept = {}
    for segment in open_index(desk.path / "ws/index/all", Signing()).open():
        rows = np.flatnonzero(segment.status & GONE == 0)
        names = segment.read(rows, texts=False).names
        kept |= {name: bool(segment.status[row] & KEPT) for name, row in zip(names, rows, strict=True)}
    assert kept == {name_of("web", "a"): False, name_of("web", "b"): True, name_of("more", "o"): True}


def test_without_an_index_in_the_recipe_nothing_of_it_is_left(desk):
    first(desk)
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": NEAR}])
    desk.run()
    desk.recipe('name = "more"\npath = "later"', name="second")
    desk.run()

    (row,) = [row for path in (desk.path / "ws/runs/second/verdicts").glob("*") for row in read(path)]
    assert not (desk.path / "ws/runs/second/earlier.parquet").exists()
    assert (row["dedup.kind"], row["verdict.keep"]) == ("unique", True)


@pytest.mark.parametrize(
    ("settings", "says"),
    [("seed = 2", "seed is 1 there and 2 here"), ("shingle = 6", "shingle is 5 characters there and 6 characters here"),
     ("bands = 7", "bands is 14 there and 7 here")],
)  # fmt: skip
def test_an_index_made_in_another_way_is_refused_with_the_difference(desk, settings, says):
    first(desk)
    desk.recipe(WEB, more=INDEXED + settings)

    with pytest.raises(RecipeError, match=f"cannot be compared with: {says}.*name another index"):
        desk.run()


def test_an_index_that_cannot_be_read_is_not_begun_anew(desk):
    first(desk)
    (desk.path / "ws/index/all/index.json").write_text("{")

    with pytest.raises(RecipeError, match="put it back, or remove the index"):
        desk.run()


def test_another_processs_index_is_left_alone(desk):
    first(desk)
    with at_index(desk.path / "ws/index/all"), pytest.raises(RecipeError, match="another process is at this index"):
        desk.run()


def test_the_index_is_closed_to_other_users(desk):
    first(desk)

    assert (desk.path / "ws/index/all").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("unit", ["words", "characters"])
def test_two_runs_find_the_near_twins_that_one_of_everything_finds(desk, unit):
    settings = f'[dedup]\nunit = "{unit}"\nindex = '
    texts = ["\n".join(SENTENCES[:4]), "\n".join(SENTENCES[4:])]
    desk.write("in/a.jsonl", [{"id": f"a{n}", "text": one} for n, one in enumerate(texts)])
    desk.write("later/a.jsonl", [{"id": f"n{n}", "text": one.replace("，", "，又", 1)} for n, one in enumerate(texts)])
    desk.recipe('name = "all"\npath = "*/a.jsonl"', more=settings + '"one"\n')
    desk.run()
    whole = {name[1]: row["dedup.jaccard"] for name, row in desk.verdicts().items() if row["dedup.of"]}
    desk.recipe(WEB, more=settings + '"two"\n', name="first")
    desk.run()
    desk.recipe('name = "more"\npath = "later"', more=settings + '"two"\n', name="second")
    desk.run()

    rows = {row["id"]: row for path in (desk.path / "ws/runs/second/verdicts").glob("*") for row in read(path)}
    assert {name: (row["dedup.of"], row["dedup.of_run"], row["dedup.jaccard"]) for name, row in rows.items()} == {
        f"n{n}": (f"a{n}", "first", whole[str(n)]) for n in range(len(texts))
    }


def test_an_index_that_was_removed_takes_another_preference(desk):
    first(desk)
    desk.recipe(WEB, more=INDEXED + 'prefer = ["id"]\n')
    with pytest.raises(RecipeError, match=r"keeps documents by \['priority', .*, this recipe by \['id'\]"):
        desk.run()
    shutil.rmtree(desk.path / "ws/index/all")
    desk.run()

    assert open_index(desk.path / "ws/index/all", Signing()).prefer == ["id"]
    assert [path.name for path in (desk.path / "ws/index").iterdir()] == ["all"]


@pytest.mark.parametrize("taken", [["clusters.parquet"], ["clusters.parquet", "earlier.parquet"]])
def test_clusters_are_found_again_after_others_have_merged_the_index(desk, taken):
    """A document of the first run lies where one of another did when the second compared itself with it."""
    desk.recipe(WEB, more=INDEXED, name="before")
    desk.write("in/a.jsonl", [{"id": "z", "text": OTHER}])
    desk.run()
    first(desk)
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": NEAR}, {"id": "x", "text": text(3)}])
    desk.run()
    folder = desk.path / "ws/runs/second"
    before = {name: digest_file(folder / name) for name in ("clusters.parquet", "earlier.parquet", "pairs.parquet")}
    for number in range(3):  # each of the class of the second: then there are FAN of them
        desk.recipe(f'name = "w{number}"\npath = "w{number}"', more=INDEXED, name=f"w{number}")
        desk.write(
            f"w{number}/a.jsonl", [{"id": f"{number}-{i}", "text": f"第{number}{i}回。{OTHER}"} for i in range(2)]
        )
        desk.run()
    index = desk.path / "ws/index/all"
    names = [one["name"] for one in open_index(index, Signing()).segments]
    assert sum(name <= "000006" for name in names) < 3  # of the first three are some no more
    for name in taken:
        (folder / name).unlink()
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.run()

    assert {name: digest_file(folder / name) for name in before} == before
