"""Samples of sources and releases: drawn once, asked of people as a round, and their verdicts entered."""

import json
import shutil
from dataclasses import replace
from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.acceptance import Asking, accept_release, assess_source
from annotation.opening import open_round
from annotation.people import add_person, qualify
from annotation.questions import question_of, read_label, review_of
from annotation.round_file import load_round
from annotation.round_tables import ITEMS
from annotation.rounds import _settle
from annotation.sample_file import write_sample
from annotation.stages import advance
from flows.cli import main
from flows.runtime import run_direct
from pipeline.database import now, open_registry, session
from pipeline.errors import GateError, LedgerError, RecipeError
from pipeline.gates.candidate import Contents, released_digests
from pipeline.gates.inspection import Inspection
from pipeline.gates.source_rate import _stale
from pipeline.registry import ANSWERED, Answer, Assignment, Item, Round, select
from pipeline.release.manifest import sha256_of
from pipeline.release.sealing import enter_seal
from pipeline.runs import open_run
from pipeline.sources.assessments import evidence_path, read_standing, rounds_of
from pipeline.sources.drawing import Population, count_new, root_of, source_population
from pipeline.sources.records import enter
from pipeline.sources.source_file import source_from
from pipeline.sources.technical import judge_released, released_names
from pipeline.store import read_table, write_json, write_table
from tests.annotation.small_run import small_recipe

SENTENCE = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里。"
RECIPE = small_recipe("a", policy="p.toml")
RULE = '[[rules]]\nreason = "harmful"\nattribute = "length.text_chars"\nat_least = 60\nrisks = ["A1-f"]\n'
ASKING = Asking("1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("acceptance")
    rows = ({"id": str(k), "text": f"{k}。" + SENTENCE * (k % 20 + 1)} for k in range(150))
    (path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (path / "p.toml").write_text(RULE, "utf-8")
    (path / "recipe.toml").write_text(RECIPE, "utf-8")
    run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)
    return path


@pytest.fixture
def workspace(folder, tmp_path, monkeypatch):
    """A workspace with the run, and a registry of its own that knows the source and one person who may label."""
    monkeypatch.setenv("QINGYUAN_REGISTRY", f"sqlite:///{tmp_path / 'registry.db'}")
    (tmp_path / "runs").symlink_to(folder / "work/runs")
    with session(open_registry(tmp_path)) as opened:
        enter(opened, tmp_path, source_from({"name": "a", "class": "open"}, "test"), tmp_path)
        add_person(opened, "p1")
        add_person(opened, "p2")
        for role in ("annotator", "reviewer"):
            qualify(opened, "p1" if role == "annotator" else "p2", kind="acceptance", rule_version="1", role=role,
                    score=1, passed=True, valid_days=9, evidence="test")  # fmt: skip
    return tmp_path


def people_answer(workspace, file, say):
    """Open a round as `annotate push` does, and have everybody answer as `say` does."""
    plan = load_round(file)
    question = question_of(plan.form.round.kind)
    with session(open_registry(workspace)) as opened:
        round_ = open_round(opened, plan, workspace, lambda value, text: read_label(question, value, text),
                            review=review_of("acceptance", None), masked=question.masked)  # fmt: skip
        name = round_.name
    sequence = 0
    for _ in range(2):  # the annotators, then the reviewers of a part
        with session(open_registry(workspace)) as opened:
            advance(opened, opened.scalars(select(Round).where(Round.name == name)).one(), question, now())
            waiting = opened.execute(select(Assignment, Item).join(Item).where(Assignment.state == "issued")).all()
            for held, item in waiting:
                sequence += 1
                held.state = ANSWERED
                opened.add(Answer(assignment=held.id, annotation=held.id, sequence=sequence, revision=1, at=now(),
                                  valid=True, label=say(item.document)))  # fmt: skip


def assess(workspace, **more):
    return assess_source(workspace, "a", "river", more.pop("phase", "after"), more.pop("n", 100), ASKING, **more)


def test_a_source_is_drawn_judged_by_rules_then_by_people(workspace, folder):
    said = assess(workspace)
    (stands,) = said.standings
    found = stands.rounds[0].found["machine"]
    assert (stands.verdict, found.n, found.bad) == ("barred", 100, found.risks["A1-f"])
    first = stands.rounds[0].draw
    again = assess(workspace)
    assert again.standings[0].rounds[0].draw.sample_sha256 == first.sample_sha256
    assert len(again.standings[0].rounds) == 1
    with pytest.raises(GateError, match='"a" after collection'):
        run_direct(folder / "recipe.toml", workspace, workers=1, memory=10**9, quiet=True)
    bad = {"3", "77"}
    people_answer(
        workspace, said.round_file,
        lambda document: {"verdict": "fail", "risk_A4": ["A4-f"], "risk_A1": ["A1-f"]} if document in bad
        else {"verdict": "fail", "risk_A5": ["A5-a"]} if document == "5" else {"verdict": "pass"},
    )  # fmt: skip
    done = assess(workspace)
    (stands,) = done.standings
    people = stands.rounds[0].found["people"]
    drawn = {item["id"] for item in evidence(workspace, first, "people")["items"]}
    assert (stands.verdict, people.n, people.bad) == ("passed", 100, len(bad & drawn))  # A5 is not illegal
    assert people.risks == ({"A1-f": people.bad, "A4-f": people.bad} if people.bad else {})
    assert done.round_file is None


def test_a_round_file_can_be_read_whatever_the_folder_of_its_gold_is_called(workspace):
    gold = workspace / 'a "b" \\c 金.jsonl'
    said = assess_source(workspace, "a", "river", "after", 100, Asking("1", gold=gold))

    assert load_round(said.round_file).gold_file == gold


def test_a_run_that_changed_after_its_sample_is_assessed_again(workspace, folder):
    assess(workspace)
    run = open_run("river", workspace)
    with session(open_registry(workspace)) as opened:
        (one,) = rounds_of(opened, "after", source="a")
    now_there = source_population(run, "a")
    assert count_new(workspace, one.draw.root, now_there) == 0

    def changed(number):
        digests = now_there.digests.copy()
        digests[:number] += 1
        return Population(root_of(digests), digests, now_there.rows)

    assert count_new(workspace, one.draw.root, changed(15)) == 15
    fewer = now_there.digests[40:]
    assert count_new(workspace, one.draw.root, Population(root_of(fewer), fewer, now_there.rows[40:])) == 0
    toy = SimpleNamespace(runs=("river",), sources={"a": SimpleNamespace(documents=100)}, version="1")
    with session(open_registry(workspace)) as opened:
        look = Inspection(opened, workspace, toy, SimpleNamespace(sources={"a": 100}), now().date())
        passed = SimpleNamespace(verdict="passed", rounds=(one,))
        assert _stale(look, "a", passed) == []
        path = workspace / "changed/runs/river"
        shutil.copytree(folder / "work/runs/river", path)
        (workspace / "assessments").rename(workspace / "changed/assessments")
        elsewhere = replace(look, workspace=workspace / "changed")
        there = open_run("river", elsewhere.workspace)
        for documents in (there.folder.part("documents", number) for number in there.parts.numbers):
            table = pq.read_table(documents)
            texts = pa.array(["换过的" + text for text in table["text"].to_pylist()], table.schema.field("text").type)
            pq.write_table(table.set_column(table.schema.get_field_index("text"), "text", texts), documents)
        assert 'after: 150 documents of run "river" were not among the 150' in _stale(elsewhere, "a", passed)[0]
        shutil.rmtree(workspace / "changed/assessments")
        assert "are others than those" in _stale(elsewhere, "a", passed)[0]


def evidence(workspace, draw, method):
    return json.loads(evidence_path(workspace, draw, method).read_bytes())


def test_both_phases_are_drawn_apart_and_evidence_holds_no_text(workspace):
    before, after = assess(workspace, phase="before"), assess(workspace)
    one, other = before.standings[0].rounds[0].draw, after.standings[0].rounds[0].draw
    assert (one.root, one.population) == (other.root, 150)
    assert one.seed != other.seed
    assert one.sample_sha256 != other.sample_sha256
    assert "竹篙" not in evidence_path(workspace, one, "machine").read_text("utf-8")
    everything = assess(workspace, n=400, again="all of it").standings[0].rounds[1].draw
    assert (everything.n, everything.reason) == (150, "all of it")


def test_a_run_that_looks_for_no_risk_cannot_be_assessed(workspace, folder):
    with pytest.raises(RecipeError, match='no source "b"'):
        assess_source(workspace, "b", "river", "after", 10, ASKING)
    with pytest.raises(RecipeError, match='did you mean "river"'):
        assess_source(workspace, "a", "rivr", "after", 10, ASKING)
    (folder / "none.toml").write_text(RULE.replace('risks = ["A1-f"]\n', ""), "utf-8")
    (folder / "none-recipe.toml").write_text(RECIPE.replace("river", "none").replace("p.toml", "none.toml"), "utf-8")
    run_direct(folder / "none-recipe.toml", folder / "work", workers=1, memory=10**9, quiet=True)
    with pytest.raises(RecipeError, match="no rule about any of the 29 risks"):
        assess_source(workspace, "a", "none", "after", 10, ASKING)


GAMBLING = "澳门赌场线上开户，百家乐、龙虎、老虎机，首存送百分之百彩金，提款秒到账，加客服注册领取。" * 3
LEFT = "联系人王小明，电话13812345678，身份证号11010519491231002X。"


@pytest.fixture
def candidate(workspace):
    texts = [f"{k}。{SENTENCE * 9}" for k in range(28)] + [GAMBLING, LEFT]
    folder = workspace / "releases/.candidates/1-trial"
    meta = pa.array([[] for _ in texts], pa.map_(pa.string(), pa.string()))
    table = pa.table({"id": [str(k) for k in range(30)], "text": pa.array(texts, pa.large_string()),
                      "source": ["a"] * 30, "run": ["river"] * 30, "meta": meta,
                      "url": pa.nulls(30, pa.string())})  # fmt: skip
    write_table(folder / "data/part-0.parquet", table)
    root = root_of(released_digests(folder))
    said = {"version": "1-trial", "trial": True, "documents_root": root, "documents": 30, "runs": [{"name": "river"}]}
    built(workspace, folder, said)
    return folder


def built(workspace, folder, said):
    """Write a candidate's manifest and enter what was built."""
    path = folder / "data/part-0.parquet"
    entry = {"path": "data/part-0.parquet", "sha256": sha256_of(path), "bytes": path.stat().st_size, "rows": 30}
    write_json(folder / "statistics.json", {})
    write_json(folder / "manifest.json", said | {"files": [entry]})
    with session(open_registry(workspace)) as opened:
        enter_seal(opened, "test", "1-trial", folder, said | {"files": [entry]})


def test_both_samples_of_a_release_are_drawn_and_people_see_it_as_it_is(workspace, candidate):
    done = []
    said = accept_release(workspace, "1-trial", ASKING, [], done.append)
    technical, manual = said.standings
    assert (technical.rounds[0].draw.n, manual.rounds[0].draw.n, sum(done)) == (3, 30, 3)
    assert (manual.verdict, manual.phase) == ("undecided", "acceptance")
    root = json.loads((candidate / "manifest.json").read_bytes())["documents_root"]
    assert manual.rounds[0].draw.seed == sha256(bytes.fromhex(root) + b"1").hexdigest()
    shown = []
    people_answer(workspace, said.round_file, lambda document: shown.append(document) or {"verdict": "pass"})
    items = workspace / "rounds" / manual.rounds[0].draw.labels / "items.parquet"
    texts = dict(zip(*(read_table(items)[name].to_pylist() for name in ("document", "text")), strict=True))
    assert texts["river/29"] == LEFT  # what would be released is what is accepted, not a mask of it
    settled = _settle(open_registry(workspace), workspace, manual.rounds[0].draw.labels)  # as `annotate pull` does
    assert settled["labels"] == {"pass": 30}
    again = accept_release(workspace, "1-trial", ASKING, [], done.append)
    assert [one.verdict for one in again.standings][1] == "passed"
    assert again.as_json()["standings"][1]["verdict"] == "trial"
    assert read_standing(again.standings[1], trial=again.trial)[0].startswith("acceptance: TRIAL, NO ACCEPTANCE")
    assert "PASSED" not in str([read_standing(one, trial=again.trial) for one in again.standings])
    assert (sum(done), len(again.standings[1].rounds)) == (3, 1)
    assert Contents(candidate, frozenset()).sources == {"a": 30}


def test_a_candidate_that_was_changed_with_its_manifest_is_not_judged(workspace, candidate):
    accept_release(workspace, "1-trial", ASKING, [], lambda _: None)
    manifest = json.loads((candidate / "manifest.json").read_bytes())
    path = candidate / "data/part-0.parquet"
    before = path.read_bytes()
    rows = read_table(path)
    write_table(path, rows.set_column(1, "text", pa.array(["清晨"] * 30, pa.large_string())))
    with pytest.raises(LedgerError, match=r"data/part-0\.parquet is not what was built; make it again"):
        accept_release(workspace, "1-trial", ASKING, [], lambda _: None)
    root = root_of(released_digests(candidate))
    entry = {**manifest["files"][0], "sha256": sha256_of(path), "bytes": path.stat().st_size}
    write_json(candidate / "manifest.json", {**manifest, "documents_root": root, "files": [entry]})
    with pytest.raises(LedgerError, match=r"manifest\.json or statistics\.json is not what was built; make it again"):
        accept_release(workspace, "1-trial", ASKING, [], lambda _: None)
    path.write_bytes(before)
    write_json(candidate / "manifest.json", manifest)
    (candidate / "data/part-1.parquet").write_bytes(before)
    with pytest.raises(LedgerError, match=r"data/part-1\.parquet is not what was built"):
        accept_release(workspace, "1-trial", ASKING, [], lambda _: None)
    (candidate / "data/part-1.parquet").unlink()
    assert len(accept_release(workspace, "1-trial", ASKING, [], lambda _: None).standings[1].rounds) == 1


@pytest.mark.usefixtures("candidate")
def test_verdicts_on_other_texts_than_those_that_were_drawn_are_not_believed(workspace):
    said = accept_release(workspace, "1-trial", ASKING, [], lambda _: None)
    sample = said.round_file.with_suffix(".parquet")
    rows = read_table(sample).to_pylist()
    bad = rows[3]["text"]
    write_sample(sample, [*rows[:3], {**rows[3], "text": "清晨的雾气还没有散去。"}, *rows[4:]])
    people_answer(workspace, said.round_file, lambda _: {"verdict": "pass"})

    with pytest.raises(LedgerError, match=f"shows of {rows[3]['document']} is not what would be released"):
        accept_release(workspace, "1-trial", ASKING, [], lambda _: None)
    items = workspace / "rounds" / said.round_file.stem / "items.parquet"
    table = read_table(items).to_pylist()
    for text in ("■" * 11, bad):  # taken down, and as it was
        changed = [{**one, "text": text} if one["document"] == rows[3]["document"] else one for one in table]
        write_table(items, pa.Table.from_pylist(changed, ITEMS))
        accept_release(workspace, "1-trial", ASKING, [], lambda _: None)


def test_machines_find_what_advertises_and_what_masking_has_left(candidate):
    names = released_names(candidate)
    found = judge_released(candidate, names, np.arange(30), [], lambda _: None)
    bad = {item["id"]: item["bad"] for item in found.items if item["bad"]}
    assert bad == {"river/28": ["gambling"], "river/29": ["personal_data_left"]}
    assert (found.n, found.bad, found.risks) == (30, 2, {"A1-h": 1, "A3-e": 1, "A4-f": 1})


def test_less_than_a_sample_is_no_release(workspace, candidate):
    manifest = json.loads((candidate / "manifest.json").read_bytes())
    built(workspace, candidate, {**manifest, "trial": False})
    with pytest.raises(RecipeError, match="can only be a trial"):
        accept_release(workspace, "1-trial", ASKING, [], lambda _: None)
    with pytest.raises(RecipeError, match="candidates: 1-trial"):
        accept_release(workspace, "2", ASKING, [], lambda _: None)


def test_the_command_line_registers_checks_assesses_and_bars(workspace, capsys):
    def say(*words):
        code = main([*words, "--workspace", str(workspace)])
        told = capsys.readouterr()
        return code, told.out + told.err

    (workspace / "LICENSE").write_text("CC0")
    paper = f"licence={workspace / 'LICENSE'}"
    assert say("source", "check")[0] == 5
    code, out = say("source", "add", "a", "--licence", "CC0-1.0", "--paper", paper, "--ip-owner", "x", "--ip-review",
                    "cleared", "--ip-reviewed", "2026-11-01", "--valid-until", "2099-01-01")  # fmt: skip
    assert (code, "lacks" in out) == (0, False)
    code, out = say("source", "check", "a", "--json")
    assert (code, [one["until"] for one in json.loads(out)]) == (0, ["2099-01-01"])
    assert say("source", "check", "a", "--on", "2099-01-02")[0] == 5
    code, out = say("source", "assess", "a", "--run", "river")
    assert code == 5
    assert "letter_pass NO" in out
    assert "annotate push" in out
    assert "BARRED" in say("source", "list")[1]
    code, out = say("source", "show", "b")
    assert (code, "known: a" in out) == (2, True)
    for name in ("x.toml", "x.csv"):
        assert say("source", "export", str(workspace / name))[0] == 0
        assert say("source", "import", str(workspace / name))[1].strip().endswith("a: nothing new")
    digest = sha256(b"CC0").hexdigest()
    assert say("source", "add", "a", "--revoke", "ffff")[0] == 2
    assert say("source", "add", "a", "--revoke", digest[:8])[0] == 0
    assert "paper licence: revoked" in say("source", "check", "a")[1]
    assert json.loads(say("source", "bar", "a", "a complaint", "--json")[1])["barred"].endswith(": a complaint")
    assert json.loads(say("source", "bar", "a", "settled", "--lift", "--json")[1])["barred"].startswith("after")
