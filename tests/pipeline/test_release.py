"""A release of several runs: what is in it, what the manifest says, and that it is whole or not there."""

import json
import math
import os
import shutil
import signal
import warnings
from collections import Counter
from datetime import timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from flows.cli import main
from pipeline.database import check_audit, now, open_registry, session
from pipeline.errors import GateError, LedgerError, RecipeError
from pipeline.executor import nowhere
from pipeline.gates import Finding
from pipeline.gates.candidate import Contents
from pipeline.pool import InProcess
from pipeline.registry import Audit, Release, Source, select
from pipeline.release import building, publishing, shards, staging
from pipeline.release.form import Merging, Mixture, ReleaseFile, Selection, Shaping
from pipeline.release.plan import read_form
from pipeline.release.staging import Request, release
from pipeline.release.verify import check
from pipeline.takedown import take_down
from tests.pipeline.conftest import SENTENCES, Desk, Quiet

CHARS = sorted(set("".join(SENTENCES)) - set("，。"))
NUMBERS = [3, 5, 6, 8, 11, 14, 16, 21, 24, 29]
POLICY = """\
[[rules]]
reason = "duplicate"
attribute = "dedup.rank"
at_most = 0
[personal_data.actions]
name_alone = "keep"
"""
FILTERS = ["length", "script", "language", "words", "quality", "domain", "notices", "personal"]
"""Those that a release reads."""
MASKED = "张三的手机号是13812345678，邮箱zhang.san@example.com，住在港口路上，平日里在码头工作，周末才有空。"
SHARED = "渡轮公司在码头贴出通知：明天风大，所有班次停航一天，已经买票的旅客可以到窗口退票，也可以改到后天。"


def near(one):
    return one.replace("已经买票", "买票")


def text(number):
    """A text that resembles no other."""
    random = np.random.default_rng(number)
    return "".join("".join(random.choice(CHARS, 12)) + mark for mark in "，。，。，。")


def recipe(desk, name, *sources, filters=FILTERS):
    private = "on" if "personal" in filters else "off"
    blocks = "".join(f"[[sources]]\n{source}\n" for source in sources)
    head = f'[recipe]\nname = "{name}"\npolicy = "policy.toml"\npacks = []\npersonal_data = "{private}"\n'
    head += f"filters = {json.dumps(filters)}\n"
    policy = POLICY if "personal" in filters else POLICY.partition("[personal")[0]
    (desk.path / "policy.toml").write_text(policy, "utf-8")
    (desk.path / "recipe.toml").write_text(head + blocks, "utf-8")
    desk.run()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with two runs."""
    desk = Desk(tmp_path_factory.mktemp("release"))
    desk.write("web/a.jsonl", [{"id": f"w{n}", "text": text(n), "url": f"https://example.org/{n}",
                                "title": f"第{n}号"} for n in NUMBERS])  # fmt: skip
    desk.write(
        "forum/a.jsonl", [{"id": "m", "text": MASKED}, {"id": "s", "text": SHARED}, {"id": "v", "text": text(1)}]
    )
    recipe(desk, "first", 'name = "web"\npath = "web"\nlicence = "CC-BY-4.0"', 'name = "forum"\npath = "forum"')
    desk.write("later/a.jsonl", [{"id": "v", "text": text(2) + "这是同一篇的新版本。"}])
    desk.write("news/a.jsonl", [{"id": "n", "text": near(SHARED)}, {"id": "m", "text": text(4)},
                                {"id": "w", "text": text(3)}])  # fmt: skip
    recipe(desk, "second", 'name = "forum"\npath = "later"', 'name = "news"\npath = "news"')
    return desk.path


@pytest.fixture
def workspace(made, tmp_path):
    shutil.copytree(made / "ws", tmp_path / "ws")
    return tmp_path / "ws"


def passing(_opened, _workspace, candidate):
    return [Finding("all_well", (), True, "all is well", {"documents": candidate.documents})]


def refusing(opened, workspace, candidate):
    return [*passing(opened, workspace, candidate), Finding("never", (), False, "it may not", {}, "give up")]


def ask(workspace, version="1", runs=("first", "second"), gates=passing, form=None, **more):
    trial = "trial" in version
    request = Request(version, tuple(runs), workspace, form or ReleaseFile(), trial, gates, "somebody", **more)
    return release(request, InProcess(nowhere), Quiet(), 10**9)


def rows_of(workspace, version="1"):
    files = sorted((workspace / "releases" / version / "data").glob("*"))
    return [row for path in files for row in pq.read_table(path).to_pylist()]


def test_how_documents_are_cut_into_files_changes_nothing_that_samples_are_drawn_by(workspace):
    one = ask(workspace, "1", form=ReleaseFile(shards=Shaping(page_kb=1)))
    other = ask(workspace, "2", form=ReleaseFile(shards=Shaping(page_kb=8)))
    assert one["data_root"] != other["data_root"]
    assert one["documents_root"] == other["documents_root"]
    assert one["documents_root"] == Contents(workspace / "releases/1", frozenset()).documents_root
    news = ask(workspace, "3", form=ReleaseFile(selection=Selection(sources=("news",))))
    assert news["documents_root"] != one["documents_root"]


def test_runs_are_merged_and_each_document_stays_once(workspace):
    manifest = ask(workspace)
    rows = rows_of(workspace)
    assert [(row["source"], row["id"]) for row in rows] == [
        ("forum", "m"), ("forum", "s"), ("forum", "v"), ("news", "second/news/m"), *(("web", f"w{n}") for n in NUMBERS),
    ]  # fmt: skip
    found = {row["id"]: row for row in rows}
    assert "新版本" in found["v"]["text"]  # of the run that is named last
    assert {entry["key"]: entry["value"] for entry in found["second/news/m"]["meta"]} == {"_input_id": "m"}
    assert found["w3"]["meta"] == [{"key": "title", "value": "第3号"}]
    assert (found["w3"]["licence"], found["s"]["licence"]) == ("CC-BY-4.0", None)
    assert "[手机]" in found["m"]["text"]
    assert "138" not in found["m"]["text"]
    assert manifest["removed"]["duplicates_across_runs"] == 2  # news/n resembles forum/s, news/w is web/w3
    assert manifest["removed"]["replaced_by_later_runs"] == 1
    assert manifest["removed"]["renamed"] == 1
    assert manifest["removed"]["left_out"] == {"another run's document stands for it": 3}
    assert manifest["documents"] == len(rows) == 14
    assert {name: one["documents"] for name, one in manifest["sources"].items()} == {"forum": 3, "news": 1, "web": 10}
    assert {row["script"] for row in rows} == {"Hans"}


def test_the_one_that_stays_is_the_preferred_one(workspace):
    form = ReleaseFile(merge=Merging(prefer=("id",)))
    ask(workspace, form=form)
    assert near(SHARED) in [row["text"] for row in rows_of(workspace) if row["source"] == "news"]
    assert SHARED not in [row["text"] for row in rows_of(workspace)]
    ask(workspace, "kept", form=ReleaseFile(merge=Merging(duplicates="keep")))
    assert len(rows_of(workspace, "kept")) == 16
    ask(workspace, "exact", form=ReleaseFile(merge=Merging(duplicates="exact")))
    assert len(rows_of(workspace, "exact")) == 15


def test_nothing_that_stays_out_stands_for_another(workspace, monkeypatch):
    ask(workspace, form=ReleaseFile(selection=Selection(sources=("news",))))
    assert {row["text"] for row in rows_of(workspace)} == {near(SHARED), text(4), text(3)}
    monkeypatch.setattr(staging, "barred", lambda _, names: {"forum": "why"} if "forum" in names else {})
    ask(workspace, "2")
    assert near(SHARED) in {row["text"] for row in rows_of(workspace, "2")}
    (workspace / "takedowns.json").write_text(json.dumps({"documents": [{"source": "web", "id": "w3"}]}))
    ask(workspace, "3")
    assert [row["source"] for row in rows_of(workspace, "3") if row["text"] == text(3)] == ["news"]


def test_the_same_request_gives_the_same_bytes(workspace, made, tmp_path):
    first = ask(workspace)
    shutil.copytree(made / "ws", tmp_path / "elsewhere")
    second = ask(tmp_path / "elsewhere")
    assert first == second
    before = {path: path.stat().st_mtime_ns for path in (workspace / "releases/1").rglob("*")}
    assert ask(workspace) == first
    assert before == {path: path.stat().st_mtime_ns for path in (workspace / "releases/1").rglob("*")}


def test_statistics_are_those_of_the_rows(workspace):
    ask(workspace)
    stored = json.loads((workspace / "releases/1/statistics.json").read_text())
    rows = rows_of(workspace)
    lengths = sorted(len(row["text"]) for row in rows)
    assert [row["characters"] for row in rows] == [len(row["text"]) for row in rows]
    assert stored["characters"] == sum(lengths)
    assert stored["bytes"] == sum(len(row["text"].encode()) for row in rows)
    assert stored["lengths"]["mean"] == round(sum(lengths) / len(rows), 3)
    assert (stored["lengths"]["least"], stored["lengths"]["most"]) == (lengths[0], lengths[-1])
    for share, value in stored["lengths"]["quantiles"].items():
        assert value == lengths[max(1, math.ceil(float(share) * len(rows))) - 1]
    for group in ("source", "domain", "script", "licence", "run"):
        counted = Counter(row[group] or "" for row in rows)
        assert {name: one["documents"] for name, one in stored[f"{group}s"].items()} == counted
    for band in stored["quality"]["bands"]:
        inside = [row for row in rows if row["quality"] is not None and band["from"] <= row["quality"]
                  and (row["quality"] < band["below"] or band["below"] == row["quality"] == 1)]  # fmt: skip
        assert band["documents"] == len(inside)
    shares = [sum(row["characters"] for row in rows if row["source"] == name) / sum(lengths)
              for name in ("forum", "news", "web")]  # fmt: skip
    measured = stored["concentration"]["source by characters"]
    entropy = -sum(share * math.log2(share) for share in shares)
    assert measured["entropy_bits"] == pytest.approx(entropy, abs=1e-6)
    assert measured["effective"] == pytest.approx(2**entropy, abs=1e-5)
    assert measured["hhi"] == pytest.approx(sum(share**2 for share in shares), abs=1e-6)
    assert measured["largest"] == pytest.approx(max(shares), abs=1e-6)


def test_a_licence_is_the_documents_own_else_its_recipes_else_the_registrys(tmp_path):
    desk = Desk(tmp_path)
    own = text(5) + "本文采用知识共享署名-相同方式共享 4.0 国际许可协议（CC BY-SA 4.0）进行许可。"
    desk.write("in/a.jsonl", [{"id": "own", "text": own}, {"id": "plain", "text": text(6)}])
    desk.write("other/a.jsonl", [{"id": "other", "text": text(7)}])
    desk.write("none/a.jsonl", [{"id": "none", "text": text(8)}])
    recipe(
        desk, "first", 'name = "said"\npath = "other"\nlicence = "MIT"', 'name = "kept"\npath = "in"',
        'name = "bare"\npath = "none"',
    )  # fmt: skip
    with session(open_registry(desk.path / "ws")) as opened:
        about = {"kind": "open", "language": "zh", "domain": "mixed", "jurisdiction": "domestic", "personal": "none",
                 "ip_review": "pending", "licence": "CC0-1.0", "added_at": now()}  # fmt: skip
        opened.add_all([Source(name=name, **about) for name in ("said", "kept")])
    manifest = ask(desk.path / "ws", runs=["first"])
    found = {row["id"]: row["licence"] for row in rows_of(desk.path / "ws")}
    assert found == {"own": "CC-BY-SA-4.0", "plain": "CC0-1.0", "other": "MIT", "none": None}
    said = {name: one["licence"] for name, one in manifest["sources"].items()}
    assert said == {"said": "MIT", "kept": "CC-BY-SA-4.0 AND CC0-1.0", "bare": None}
    head = (desk.path / "ws/releases/1/README.md").read_text()
    assert 'license: "other"\nlicense_name: "unknown AND CC-BY-SA-4.0 AND MIT AND CC0-1.0"' in head
    assert "| said | open | MIT（登记 registry: CC0-1.0） | 1 |" in head
    stored = json.loads((desk.path / "ws/releases/1/statistics.json").read_text())["licences"]
    counted = Counter(row["licence"] or "" for row in rows_of(desk.path / "ws"))
    assert {name: one["documents"] for name, one in stored.items()} == counted
    table = [line for line in head.partition("许可 Licences")[2].splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[:2] for line in table[2:6]] == [
        ["| unknown", "1"], ["| CC-BY-SA-4.0", "1"], ["| MIT", "1"], ["| CC0-1.0", "1"],
    ]  # fmt: skip
    croissant = json.loads((desk.path / "ws/releases/1/croissant.json").read_text())
    assert [one.rpartition("/")[2] for one in croissant["license"]] == [
        "LicenseRef-unknown", "CC-BY-SA-4.0.html", "MIT.html", "CC0-1.0.html"
    ]  # fmt: skip


def test_words_are_those_of_jieba_also_where_texts_were_masked(workspace):
    import jieba

    ask(workspace, runs=["first"])
    stored = json.loads((workspace / "releases/1/statistics.json").read_text())
    counted = [sum(word[0].isalnum() for word in jieba.lcut(row["text"])) for row in rows_of(workspace)]
    assert stored["words"] == sum(counted)
    for column in ("source", "domain", "script", "licence", "run"):
        parts = Counter()
        for row, words in zip(rows_of(workspace), counted, strict=True):
            parts[row[column] or ""] += words
        assert {name: one["words"] for name, one in stored[f"{column}s"].items()} == parts


def test_a_subset_and_a_mixture_take_what_they_say(workspace):
    form = read_form(None, ["source=web,news"], ["source:web=0.5"], None)
    ask(workspace, "half", form=form)
    half = {row["id"] for row in rows_of(workspace, "half")}
    assert {row["source"] for row in rows_of(workspace, "half")} == {"web", "news"}
    assert 0 < len(half - {"second/news/m"}) < len(NUMBERS)
    ask(workspace, "more", form=read_form(None, ["source=web,news"], ["source:web=0.8"], None))
    assert half < {row["id"] for row in rows_of(workspace, "more")}  # a larger share takes the same and more
    ask(workspace, "all")
    whole = rows_of(workspace, "all")
    middle = sorted(row["quality"] for row in whole)[5]
    for version, band in (("low", Selection(quality_below=middle)), ("high", Selection(quality_from=middle))):
        ask(workspace, version, form=ReleaseFile(selection=band))
    low, high = ({row["id"] for row in rows_of(workspace, version)} for version in ("low", "high"))
    assert (low | high, low & high) == ({row["id"] for row in whole}, set())


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"version": "a/b"}, "is no version"),
        ({"version": "1", "trial": True}, "1-trial"),
        ({"version": "TRIAL-9", "trial": False}, "--trial"),
        ({"runs": ["frist"]}, 'did you mean "first"'),
        ({"runs": ["first", "first"]}, "named twice"),
        ({"form": ReleaseFile(selection=Selection(sources=("webb",)))}, 'did you mean "web"'),
        ({"form": ReleaseFile(selection=Selection(domains=("laws",)))}, 'did you mean "law"'),
        ({"form": ReleaseFile(mixture=Mixture(domains={"med": 0.5}))}, "no document can be of the domain"),
        ({"form": ReleaseFile(selection=Selection(scripts=("Hant",)))}, "not selected"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_written(workspace, said, fault):
    given = {"version": "1", "runs": ["first"], "form": ReleaseFile(), "trial": False} | said
    request = Request(
        given["version"], tuple(given["runs"]), workspace, given["form"], given["trial"], passing, "somebody"
    )  # fmt: skip
    with pytest.raises(RecipeError, match=fault):
        release(request, InProcess(nowhere), Quiet(), 10**9)
    assert not list((workspace / "releases").glob("[!.]*"))


@pytest.mark.parametrize("said", ["source", "quality=high", "mood=good"])
def test_an_option_that_makes_no_sense_says_what_would(said):
    with pytest.raises(RecipeError, match="say source=NAME"):
        read_form(None, [said], [], None)
    with pytest.raises(RecipeError, match="domain:NAME"):
        read_form(None, [], [said], None)


def test_a_number_that_an_option_cannot_have_is_said_in_its_authors_words():
    with pytest.raises(
        RecipeError, match=r"the release's options, mixture\.sources\.web: must be at most 1, not 1\.5$"
    ):
        read_form(None, [], ["source:web=1.5"], None)


@pytest.mark.parametrize(
    ("band", "fault"), [("0.9..0.5", r"from 0\.9 to below 0\.5 is empty.*say quality=0\.5\.\.0\.9$"),
                        ("0.5..0.5", r"from 0\.5 to below 0\.5 is empty: no document lies in it$")],
)  # fmt: skip
def test_a_band_in_which_nothing_lies_is_said_to_be_empty(band, fault):
    with pytest.raises(RecipeError, match=fault):
        read_form(None, [f"quality={band}"], [], None)


def test_a_release_is_compared_with_the_last_one_of_its_kind(workspace):
    def notes(version):
        return (workspace / "releases" / version / "RELEASE_NOTES.md").read_text()

    ask(workspace, "1-trial", form=read_form(None, ["source=web"], [], None))
    first = ask(workspace, "1")
    ask(workspace, "2-trial", form=read_form(None, ["source=news"], [], None))
    second = ask(workspace, "2", runs=["first"])
    assert (first["previous"], second["previous"]["version"]) == (None, "1")
    assert ("the first release" in notes("1"), "the first trial" in notes("1-trial")) == (True, True)
    told = notes("2-trial")
    assert "compared with 1-trial" in told
    assert ("the selection, mixture or merging is another" in told, "no reason to delete" in told) == (True, True)
    assert "compared with 1: " in notes("2")
    third = ask(workspace, "3")  # of the same selection as 1, which its holders compare with
    assert third["previous"]["version"] == "1"
    assert ask(workspace, "4", runs=["first"])["previous"]["version"] == "2"
    shutil.rmtree(workspace / "releases/3")
    assert ask(workspace, "3") == third  # the registry knows which came before


def test_a_gate_that_refuses_leaves_a_candidate_and_its_reasons(workspace):
    with pytest.raises(GateError, match="it may not"):
        ask(workspace, gates=refusing)
    candidate = workspace / "releases/.candidates/1"
    assert not (workspace / "releases/1").exists()
    gates = json.loads((candidate / "evidence/gates.json").read_text())["gates"]
    assert [(gate["gate"], gate["passed"]) for gate in gates] == [("all_well", True), ("never", False)]
    assert json.loads((candidate / "manifest.json").read_text())["state"] == "candidate"
    assert check(candidate) == []
    (data,) = (candidate / "data").glob("*")
    written = data.stat()
    manifest = ask(workspace)  # gates pass by now
    assert (manifest["state"], [one["gate"] for one in manifest["gates"]]) == ("released", ["all_well"])
    (released,) = (workspace / "releases/1/data").glob("*")
    assert (released.stat().st_ino, released.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    assert not candidate.exists()
    with session(open_registry(workspace)) as opened:
        actions = [row.action for row in opened.scalars(select(Audit))]
        assert actions == ["candidate built", "release refused", "release"]
        assert check_audit(opened) == 3


def test_a_candidate_of_other_runs_or_with_a_changed_byte_is_made_again(workspace):
    with pytest.raises(GateError):
        ask(workspace, gates=refusing)
    (path,) = (workspace / "releases/.candidates/1/data").glob("*")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert check(ask(workspace) and workspace / "releases/1") == []
    with pytest.raises(GateError):
        ask(workspace, "2", gates=refusing)
    ask(workspace, "2", runs=["first"])
    assert len(rows_of(workspace, "2")) == 13


def test_a_version_is_given_once(workspace):
    ask(workspace)
    with pytest.raises(RecipeError, match="released already, of the runs first, second"):
        ask(workspace, runs=["first"])
    with pytest.raises(RecipeError, match="selected otherwise"):
        ask(workspace, form=ReleaseFile(selection=Selection(sources=("web",))))
    shutil.rmtree(workspace / "releases/1")
    with pytest.raises(RecipeError, match="released with other content"):
        ask(workspace, runs=["first"])


def test_a_release_whose_folder_is_gone_is_made_again_as_it_was(workspace, monkeypatch):
    first = ask(workspace)
    ask(workspace, "2", runs=["first"])
    shutil.rmtree(workspace / "releases/1")
    later = staging.now() + timedelta(40)
    monkeypatch.setattr(staging, "now", lambda: later)
    assert ask(workspace) == first
    assert check(workspace / "releases/1") == []
    with session(open_registry(workspace)) as opened:
        assert list(opened.scalars(select(Release.version).order_by(Release.seq))) == ["1", "2"]
        actions = list(opened.scalars(select(Audit.action).order_by(Audit.seq)))
    assert actions == [*["candidate built", "release"] * 2, "release made again"]


def test_only_what_was_released_under_a_name_stands_there(workspace):
    ask(workspace)
    shutil.copytree(workspace / "releases/1", workspace / "releases/2")
    with pytest.raises(LedgerError, match="holds the released 1"):
        ask(workspace, "2")
    with pytest.raises(GateError):
        ask(workspace, "3", gates=refusing)
    (workspace / "releases/.candidates/3").rename(workspace / "releases/3")
    with pytest.raises(LedgerError, match="holds the candidate 3"):
        ask(workspace, "3")
    shutil.copytree(workspace / "releases/1", workspace / "elsewhere")
    with pytest.raises(RecipeError, match="is no version"):
        ask(workspace, "../elsewhere", gates=refusing)
    assert (workspace / "elsewhere").is_dir()
    with session(open_registry(workspace)) as opened:
        assert list(opened.scalars(select(Release.version))) == ["1"]


def test_barred_sources_stay_out_and_a_ban_in_the_meantime_stops_it(workspace, monkeypatch):
    monkeypatch.setattr(staging, "barred", lambda _, names: {"forum": "why"} if "forum" in names else {})
    manifest = ask(workspace)
    assert set(manifest["sources"]) == {"news", "web"}
    assert manifest["removed"]["left_out"]["its source is barred"] == 3
    answers = iter([{}, {"web": "since now"}])
    monkeypatch.setattr(staging, "barred", lambda *_: next(answers))
    with pytest.raises(RecipeError, match="while it was written"):
        ask(workspace, "2")
    assert not (workspace / "releases/2").exists()


def test_what_was_taken_down_is_gone_and_the_rest_keeps_its_bytes(made, tmp_path):
    shutil.copytree(made, tmp_path / "desk")
    desk = Desk(tmp_path / "desk")
    form = ReleaseFile(shards=Shaping(target_mb=0.0002, row_group_mb=0.0002, page_kb=1))
    workspace = desk.path / "ws"
    before = ask(workspace, "1", form=form)
    take_down(workspace, frozenset({("web", "w11"), ("forum", "s")}), None, 10**9)
    with pytest.raises(RecipeError, match=r"it was begun .* run its recipe again: qingyuan run RECIPE"):
        ask(workspace, "2", form=form)
    for name in ("first", "second"):
        shutil.copy(workspace / "runs" / name / "recipe.toml", desk.path / "recipe.toml")
        desk.run()
    after = ask(workspace, "2", form=form)
    ids = {row["id"]: row for row in rows_of(workspace, "2")}
    assert {"w11", "s"} & set(ids) == set()
    assert ids["n"]["text"] == near(SHARED)  # what resembled it comes back
    files = [
        {one["sha256"] for one in manifest["files"] if one["path"].startswith("data/")} for manifest in (before, after)
    ]
    assert len(files[0]) > 5
    assert len(files[1] - files[0]) <= 3  # each removed row its file, and the one that came back
    assert after["previous"] == {"version": "1", "root": before["root"]}
    assert after["kept"]["files_kept"] == len(files[1] & files[0])


def test_a_document_on_the_list_stays_out_though_its_run_has_it_still(workspace):
    (workspace / "takedowns.json").write_text(json.dumps({"documents": [{"source": "web", "id": "w3"}]}))
    manifest = ask(workspace, runs=["first"])
    assert "w3" not in {row["id"] for row in rows_of(workspace)}
    assert manifest["removed"]["taken_down"] == 1


@pytest.fixture(scope="module")
def expected(made, tmp_path_factory):
    """Root over the data of the release of both runs."""
    shutil.copytree(made / "ws", tmp_path_factory.mktemp("expected") / "ws")
    return ask(tmp_path_factory.getbasetemp() / "expected0" / "ws")["data_root"]


POINTS = {
    "in the first file": (shards._Parquet, "close"),
    "between data and manifest": (building, "describe"),
    "between gates and evidence": (publishing, "write_evidence"),
    "between evidence and registry": (staging, "enter"),
    "between registry and rename": (staging, "give_name"),
    "between rename and commit": (staging, "flush_after_rename"),
}


@pytest.mark.parametrize("point", POINTS)
def test_who_is_killed_leaves_the_release_before_or_the_new_one_whole(workspace, expected, point):
    ask(workspace, "0", runs=["first"])
    die_at(workspace, *POINTS[point])
    released = workspace / "releases/1"
    assert released.exists() == (point == "between rename and commit")
    if released.exists():
        assert check(released) == []
    with session(open_registry(workspace)) as opened:
        assert [row.version for row in opened.scalars(select(Release))] == ["0"]
    assert check(workspace / "releases/0") == []
    again = ask(workspace, "1")
    assert again["data_root"] == expected
    assert check(released) == []
    with session(open_registry(workspace)) as opened:
        assert [row.version for row in opened.scalars(select(Release))] == ["0", "1"]
        assert check_audit(opened) == 4
    assert list((workspace / "releases/.candidates").iterdir()) == []


def die_at(workspace, place, name):
    """Make the release in a child process that is killed at a point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child does nothing with threads of ours
        child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        return

    def kill(*_arguments, **_more):
        os.kill(os.getpid(), signal.SIGKILL)

    try:
        if name == "flush_after_rename":
            give = staging.give_name
            staging.give_name = lambda *paths: (give(*paths), kill())
        else:
            setattr(place, name, kill)
        ask(workspace, "1")
    finally:
        os._exit(1)


def test_two_at_once_do_not_meet(workspace):
    with staging._alone(workspace / "releases", "a release"), pytest.raises(RecipeError, match="another process"):
        ask(workspace)
    with staging._alone(workspace / "takedowns", "a takedown"), pytest.raises(RecipeError, match="at a takedown"):
        ask(workspace)


def test_a_changed_corpus_is_no_release(workspace):
    (path,) = (workspace / "runs/first/corpus").glob("part-00001*")
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="not what the run wrote"):
        ask(workspace)


def test_the_command_line_says_what_stands_in_the_way(workspace, capsys):
    common = ["--workspace", str(workspace), "--quiet"]
    assert main(["release", "1-trial", "first", "--trial", *common]) == 5
    told = capsys.readouterr().err
    assert "papers: not registered" in told
    assert "qingyuan source add" in told
    candidate = workspace / "releases/.candidates/1-trial"
    assert [path.name for path in (candidate / "data").iterdir()] == ["trial-00000.parquet"]
    assert main(["verify", str(candidate), *common]) == 0
    assert "a candidate, not released" in capsys.readouterr().out
    (candidate / "statistics.json").write_bytes(b"{}")
    assert main(["verify", str(candidate), "--json", *common]) == 4
    assert [one["path"] for one in json.loads(capsys.readouterr().out)["faults"]] == ["statistics.json"]
    assert main(["release", "1", "frist", *common]) == 2
    assert main(["release", "1-trial", "first", "--trial", "--by", "zhang.san@example.com", *common]) == 2
    assert "must be a pseudonym" in capsys.readouterr().err
    assert main(["release", "1-trial", "first", "--trial", "--by", "case-7", *common]) == 5
    with session(open_registry(workspace)) as opened:
        said = [(row.action, row.actor) for row in opened.scalars(select(Audit).order_by(Audit.seq))]
    assert said == [("candidate built", "operator"), *(("release refused", who) for who in ("operator", "case-7"))]


def test_what_is_released_already_is_said_to_be(workspace, capsys, monkeypatch):
    monkeypatch.setattr("pipeline.gates.evaluate", passing)
    said = ["release", "1-trial", "first", "--trial", "--workspace", str(workspace), "--quiet"]
    told = []
    for _ in range(2):
        assert main(said) == 0
        told.append(capsys.readouterr().out.partition(" 1-trial")[0])
    assert told == ["Released", "Already released:"]
    common = ["--workspace", str(workspace), "--quiet"]
    assert main(["verify", "1-trial", "--rows", *common]) == 0
    assert "files as released, all 13 documents too" in capsys.readouterr().out


def test_lines_hold_the_same_rows(workspace):
    from pipeline.stream import blocks

    ask(workspace, form=read_form(None, [], [], "jsonl"))
    assert check(workspace / "releases/1") == []
    files = sorted((workspace / "releases/1/jsonl").glob("*.jsonl.zst"))
    lines = [json.loads(line) for path in files for line in b"".join(blocks(str(path))).splitlines()]
    rows = rows_of(workspace)
    for row in rows:
        row["meta"] = {entry["key"]: entry["value"] for entry in row["meta"]}
    assert lines == rows


def test_tokens_of_a_named_tokenizer_are_counted(workspace, tmp_path):
    tokenizers = pytest.importorskip("tokenizers", reason="not among what Qingyuan needs")
    from pipeline.release.tokenizer import load_tokenizer

    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Split("，", "removed")
    made.save(str(tmp_path / "tokenizer.json"))
    ask(workspace, tokenizer=load_tokenizer(tmp_path / "tokenizer.json"))
    stored = json.loads((workspace / "releases/1/statistics.json").read_text())
    assert stored["tokens"] == sum(len([one for one in row["text"].split("，") if one]) for row in rows_of(workspace))
    assert stored["units"]["tokens"].startswith("tokenizer.json, sha256 ")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_tokenizer(tmp_path / "none.json")


def test_a_row_that_measured_nothing_is_released_all_the_same(made, tmp_path):
    shutil.copytree(made, tmp_path / "desk")
    desk = Desk(tmp_path / "desk")
    recipe(desk, "bare", 'name = "web"\npath = "web"', filters=["length"])
    ask(desk.path / "ws", runs=["bare"])
    row = rows_of(desk.path / "ws")[0]
    assert [row[name] for name in ("domain", "script", "quality")] == [None, None, None]
    with pytest.raises(RecipeError, match=r"did not measure domain\.top"):
        ask(desk.path / "ws", "2", runs=["bare"], form=read_form(None, ["domain=law"], [], None))
    assert np.isfinite(json.loads((desk.path / "ws/releases/1/statistics.json").read_text())["words"])
