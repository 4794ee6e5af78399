"""No sequence of operations lets a release pass that holds what must not be in it: registry and gates, played."""

import json
import re
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from scipy.special import betaincinv

from pipeline.database import now, open_registry, session
from pipeline.errors import LedgerError, RecipeError
from pipeline.gates import evaluate
from pipeline.gates.candidate import Contents
from pipeline.gates.chinese import in_chinese
from pipeline.gates.samples import technical_size
from pipeline.registry import Audit, Draw, IntegrityError, Release, Request, select
from pipeline.release.manifest import sha256_of
from pipeline.release.sealing import changed, enter_seal
from pipeline.removed import add_removed
from pipeline.request.clock import Clock
from pipeline.request.demand import Ids
from pipeline.request.records import Asked, grant, open_request, refuse
from pipeline.request.waiting import open_file
from pipeline.sources import assessments
from pipeline.sources.assessments import enter_draw, enter_found, least_of_source, rounds_of, standing
from pipeline.sources.drawing import digest_documents, draw_sample, root_of, seed_of, stack
from pipeline.sources.machine import Found
from pipeline.sources.paper_store import keep_paper, paper_path
from pipeline.sources.records import bar, enter, lift
from pipeline.sources.source_file import source_from
from pipeline.store import write_json, write_table

ROW = pa.schema([("id", pa.string()), ("text", pa.large_string()), ("source", pa.string()), ("run", pa.string()),
                 ("meta", pa.map_(pa.string(), pa.string()))])  # fmt: skip
RUN = {
    "run": "r", "parts": [], "parts_done": [], "personal_data": {"disposition": "on"}, "stages": {},
    "sources": {name: {"in": 1000, "kept": 500, "dropped": 500, "quarantined": 0} for name in "abu"},
}  # fmt: skip
RULE = {"reason": "x", "attribute": "lexicon.drop_terms", "at_least": None, "at_most": 0.0, "one_of": None,
        "none_of": None, "when": None, "missing": "fail", "action": "drop", "risks": ["A1-f"]}  # fmt: skip


@dataclass(frozen=True)
class Toy:
    """A candidate as R2's is, without one."""

    folder: Path
    documents: int
    sources: dict
    documents_root: str
    version: str = "1-trial"
    trial: bool = True
    runs: tuple = ("r",)


def make_run(workspace):
    folder = workspace / "runs" / "r"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(RUN))
    rules = [RULE, {**RULE, "reason": "y", "attribute": "safety.porn"}]
    (folder / "policy.json").write_text(json.dumps({"rules": rules}))


def candidate(workspace, documents, **more):
    """Write documents, each (source, id, batch or None), as a candidate."""
    folder = workspace / "releases" / ".candidates" / "1-trial"
    rows = [
        {"id": identity, "text": "清晨", "source": source, "run": "r",
         "meta": [] if batch is None else [("authorisation_batch", batch)]}
        for source, identity, batch in documents
    ]  # fmt: skip
    write_table(folder / "data" / "part-0.parquet", pa.Table.from_pylist(rows, ROW))
    counts = {
        s: SimpleNamespace(documents=sum(row[0] == s for row in documents)) for s in {row[0] for row in documents}
    }
    return Toy(folder, len(documents), counts, Contents(folder, frozenset()).documents_root, **more)


def found(names, bad, suspected=0):
    items = [{"id": name} for name in names]
    return Found(len(names), bad, suspected, {"A1-f": bad} if bad else {}, items)


def assess(opened, workspace, source, phase, n, bad, *, method="people", again="", run="r", suspected=0):
    names = [f"{source}{k}" for k in range(n)]
    draw = enter_draw(opened, phase, source=source, run=run, root=sha256().hexdigest(), population=1000, seed="1" * 64,
                      drawn=names, labels=None, reason=again)  # fmt: skip
    enter_found(opened, workspace, draw, method, found(names, bad, suspected))
    return draw


def accept(opened, workspace, toy, bad=0):
    for phase, n in (("technical", technical_size(toy.documents)), ("acceptance", toy.documents)):
        draw = enter_draw(opened, phase, release=toy.version, root=toy.documents_root, population=toy.documents,
                          seed="1" * 64, drawn=[str(k) for k in range(n)], labels=None, reason="again")  # fmt: skip
        method = "people" if phase == "acceptance" else "machine"
        enter_found(
            opened, workspace, draw, method, found([str(k) for k in range(n)], bad if method == "people" else 0)
        )


def register(opened, workspace, name, *, kind="open", until=None, revoked=None, licence="CC0-1.0", batches=()):
    paper = workspace / "paper.txt"
    paper.write_text(f"of {name} until {until}")
    dates = {key: str(day) for key, day in (("valid_until", until), ("revoked", revoked)) if day is not None}
    kinds = {"open": "licence", "user_input": "user_agreement"}[kind]
    said = {"name": name, "class": kind, "licence": licence, "ip_owner": "x", "ip_review": "cleared",
            "ip_reviewed": "2026-01-01", "papers": [{"kind": kinds, "file": str(paper), **dates}],
            "authorisations": list(batches)}  # fmt: skip
    enter(opened, workspace, source_from({k: v for k, v in said.items() if v is not None}, "test"), workspace)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    open_registry(folder).dispose()
    return folder / "registry.db"


@pytest.fixture
def workspace(tmp_path, empty):
    shutil.copy(empty, tmp_path)
    make_run(tmp_path)
    return tmp_path


def good(opened, workspace, *names):
    for name in names:
        register(opened, workspace, name)
        for phase in ("before", "after"):
            assess(opened, workspace, name, phase, 60, 1)


def refused(opened, workspace, toy):
    return [one.gate for one in evaluate(opened, workspace, toy) if not one.passed]


def test_a_candidate_with_everything_passes_and_a_trial_never_reads_so(workspace):
    toy = candidate(workspace, [("a", str(k), None) for k in range(30)])
    with session(open_registry(workspace)) as opened:
        good(opened, workspace, "a")
        assert refused(opened, workspace, toy) == ["technical_sample", "manual_sample"]
        accept(opened, workspace, toy)
        findings = evaluate(opened, workspace, toy)
        assert [one.gate for one in findings if not one.passed] == []
        assert {one.gate for one in findings if not one.as_json()["passed"]} == {"technical_sample", "manual_sample"}
        assert [one.gate for one in findings if not one.clauses or (not one.passed and not one.remedy)] == []
        whole = evaluate(opened, workspace, replace(toy, trial=False))
        assert [one.gate for one in whole if not one.passed] == ["manual_sample"]
        assert "only be a trial" in whole[-1].reason
        json.dumps([one.as_json() for one in findings])


def test_every_finding_is_said_in_chinese_too_passed_or_refused(workspace):
    toy = candidate(workspace, [("a", str(k), None) for k in range(30)])
    with session(open_registry(workspace)) as opened:

        def said(toy):
            return {one.gate: in_chinese(one.as_json()) for one in evaluate(opened, workspace, toy)}

        before = said(replace(toy, documents=31))
        good(opened, workspace, "a")
        undecided = said(toy)
        accept(opened, workspace, toy, bad=1)
        after, whole = said(toy), said(replace(toy, trial=False))
    everything = [*before.values(), *undecided.values(), *after.values(), *whole.values()]
    assert [one for one in everything if re.search("[a-z]{3}", one) or not re.search("[一-鿿]{4}", one)] == []
    assert (before["papers"], after["papers"]) == ("未登记的来源：a", "1 个来源的证明材料齐备")
    assert before["counted"] == "所称 31 篇，文件中 30 篇，或内容不同"
    assert before["source_rate"] == "未通过来源抽样评估：a（采集前尚未抽样、采集后尚未抽样）"
    assert after["source_rate"] == "1 个来源抽样评估，违法不良信息均未超过 5 %，但并非都达到 95 % 置信度"
    assert undecided["manual_sample"] == "尚未抽样"
    passed = "试用发布，不构成验收；抽检 30 篇，不合格 1 篇，合格率 96.67%，应不低于 96%"
    assert (after["manual_sample"], whole["manual_sample"]) == (passed, "只有 30 篇，不足 4,000 篇，只能试用发布")


def test_more_documents_than_were_assessed_or_of_another_run_are_refused(workspace):
    toy = candidate(workspace, [("a", str(k), None) for k in range(30)])
    with session(open_registry(workspace)) as opened:
        good(opened, workspace, "a")
        accept(opened, workspace, toy)
        assert refused(opened, workspace, toy) == []
        run = workspace / "runs/r/run.json"
        run.write_text(json.dumps({**RUN, "sources": {"a": {"kept": 900, "dropped": 201}}}))
        assert refused(opened, workspace, toy) == ["source_rate"]
        run.write_text(json.dumps(RUN))
        assert refused(opened, workspace, replace(toy, runs=("r", "s"))) == [
            "source_rate", "personal_data", "filtered",
        ]  # fmt: skip


def test_what_its_files_hold_is_what_counts(workspace):
    toy = candidate(workspace, [("a", "1", None), ("b", "2", None)])
    lie = replace(toy, sources={"a": SimpleNamespace(documents=2)})
    with session(open_registry(workspace)) as opened:
        good(opened, workspace, "a")
        assert refused(opened, workspace, lie)[:2] == ["counted", "papers"]
        assert "counted" in refused(opened, workspace, replace(toy, documents=3))
        assert refused(opened, workspace, replace(toy, documents_root="5" * 64))[0] == "counted"


def test_a_sample_too_small_to_say_anything_is_neither_drawn_nor_believed(workspace, monkeypatch):
    toy = candidate(workspace, [("a", str(k), None) for k in range(30)])
    with session(open_registry(workspace)) as opened:
        register(opened, workspace, "a")
        with pytest.raises(RecipeError, match="58 of the 1,000 documents of a says nothing: 59"):
            assess(opened, workspace, "a", "before", 58, 0)
        monkeypatch.setattr(assessments, "LEAST_OF_SOURCE", 1)  # as it was drawn before there was a least
        for phase in ("before", "after"):
            assess(opened, workspace, "a", phase, 1, 0)
        accept(opened, workspace, toy)
        monkeypatch.undo()
        (wrong,) = (one for one in evaluate(opened, workspace, toy) if not one.passed)
        assert (wrong.gate, wrong.reason) == ("source_rate", '"a" before: 1 were looked at, 59 must be')
    assert [least_of_source(population) for population in (7, 59, 60)] == [7, 59, 59]
    assert [betaincinv(1, n, 0.95) <= 0.05 for n in (58, 59)] == [False, True]


def test_reasons_that_name_somebody_reach_no_audit(workspace):
    with session(open_registry(workspace)) as opened:
        register(opened, workspace, "a")
        bar(opened, "a", "asked by 13812345678")
        lift(opened, "a", "13812345678 is content")
        assess(opened, workspace, "a", "after", 60, 0, again="13812345678 asked again")
        told = json.dumps([row.detail for row in opened.scalars(select(Audit))], ensure_ascii=False)
    assert [one in told for one in ("13812345678", "asked by ", " is content", " asked again")] == [
        False,
        True,
        True,
        True,
    ]


def test_users_input_goes_with_its_batch(workspace):
    day = now().date()
    batches = [{"batch": "b1", "granted": "2026-01-01"}, {"batch": "b2", "granted": "2026-01-01", "revoked": str(day)}]
    with session(open_registry(workspace)) as opened:
        register(opened, workspace, "u", kind="user_input", licence=None, batches=batches)

        def gate(*documents):
            return "authorisations" in refused(opened, workspace, candidate(workspace, documents))

        assert gate(("u", "1", "b1")) is False
        assert gate(("u", "1", "b1"), ("u", "2", "b2")) is True  # revoked
        assert gate(("u", "1", "b3")) is True  # unknown
        assert gate(("u", "1", None)) is True  # of which of them?
        register(opened, workspace, "a", kind="user_input", licence=None, batches=batches[:1])
        assert gate(("a", "1", None)) is False


def test_a_run_without_masking_or_without_keywords_or_a_classifier_is_refused(workspace):
    toy = candidate(workspace, [("a", str(k), None) for k in range(30)])
    with session(open_registry(workspace)) as opened:
        good(opened, workspace, "a")
        accept(opened, workspace, toy)
        (workspace / "runs/r/run.json").write_text(json.dumps({**RUN, "personal_data": {"disposition": "off"}}))
        (workspace / "runs/r/policy.json").write_text(json.dumps({"rules": [RULE]}))
        assert refused(opened, workspace, toy) == ["personal_data", "filtered"]


def test_identifiers_that_a_policy_keeps_are_said_and_where_it_keeps_all_refused(workspace):
    toy = candidate(workspace, [("a", str(k), None) for k in range(30)])

    def gate(opened, **done):
        (workspace / "runs/r/run.json").write_text(json.dumps({**RUN, "personal_data": {"disposition": "on", **done}}))
        (one,) = (one for one in evaluate(opened, workspace, toy) if one.gate == "personal_data")
        return one.passed, one.reason.partition(",")[0], bool(one.remedy)

    with session(open_registry(workspace)) as opened:
        whole = (True, "personal data are replaced by placeholders", False)
        assert gate(opened, masked={"mobile": 3}, kept={"uscc": 2, "name_alone": 1}) == whole
        some = (True, "identifiers of some kinds are kept as they were", True)
        assert gate(opened, masked={"email": 3}, kept={"mobile": 2}) == some
        assert gate(opened, kept={"mobile": 2})[::2] == (False, True)


def test_samples_of_other_data_do_not_count_and_a_failed_one_asks_for_confidence(workspace):
    first = candidate(workspace, [("a", str(k), None) for k in range(200)])
    with session(open_registry(workspace)) as opened:
        good(opened, workspace, "a")
        accept(opened, workspace, first, bad=9)
        assert refused(opened, workspace, first) == ["manual_sample"]
        second = candidate(workspace, [("a", str(k), None) for k in range(199)])
        assert refused(opened, workspace, second) == ["technical_sample", "manual_sample"]
        accept(opened, workspace, second, bad=7)  # 3.5 %: to the letter, and not with confidence
        assert refused(opened, workspace, second) == ["manual_sample"]
        third = candidate(workspace, [("a", str(k), None) for k in range(198)])
        accept(opened, workspace, third, bad=2)
        assert refused(opened, workspace, third) == []


def test_another_name_does_not_make_a_failed_sample_forgotten(workspace):
    toy = candidate(workspace, [("a", str(k), None) for k in range(100)])
    with session(open_registry(workspace)) as opened:
        good(opened, workspace, "a")
        accept(opened, workspace, toy, bad=20)
        again = candidate(workspace, [("a", str(k), None) for k in range(1, 101)], version="2-trial")
        accept(opened, workspace, again, bad=4)
        told = [one.as_json() for one in evaluate(opened, workspace, again) if one.trial]
        assert [one["figures"]["verdict"] for one in told] == ["trial", "barred"]
        assert refused(opened, workspace, again) == ["manual_sample"]  # 4 of 100 pass by the letter only
        opened.add(Release(version="2-of-another", trial=False, documents=1, root="0" * 64, data_root="0" * 64,
                           manifest="0" * 64, released_at=now()))  # fmt: skip
        opened.flush()
        later = candidate(workspace, [("a", str(k), None) for k in range(2, 102)], version="3-trial")
        accept(opened, workspace, later, bad=4)
        assert refused(opened, workspace, later) == []


def test_rounds_are_not_drawn_again_without_a_reason_and_all_count(workspace):
    with session(open_registry(workspace)) as opened:
        register(opened, workspace, "a")
        assess(opened, workspace, "a", "after", 100, 6)
        assert standing(opened, "after", source="a").verdict == "barred"
        with pytest.raises(RecipeError, match="not drawn again"):
            assess(opened, workspace, "a", "after", 100, 0)
        assess(opened, workspace, "a", "after", 100, 0, again="the site was cleaned")
        assert standing(opened, "after", source="a").verdict == "barred"  # 6 of 200: 3 %, at most 5.8 %
        assess(opened, workspace, "a", "after", 400, 3, again="and again")
        stands = standing(opened, "after", source="a")
        assert (stands.verdict, stands.pooled.n, stands.pooled.bad) == ("passed", 600, 9)
        assert [one.draw.round for one in stands.rounds] == [1, 2, 3]


def test_a_bad_run_is_not_outweighed_by_samples_of_another_one(workspace):
    toy = candidate(workspace, [("a", str(k), None) for k in range(30)])
    with session(open_registry(workspace)) as opened:
        register(opened, workspace, "a")
        assess(opened, workspace, "a", "before", 60, 0)
        assess(opened, workspace, "a", "after", 60, 20)
        assess(opened, workspace, "a", "after", 900, 0, again="another run", run="clean")
        accept(opened, workspace, toy)
        assert standing(opened, "after", source="a").verdict == "passed"  # the source, all rounds together
        (wrong,) = (one for one in evaluate(opened, workspace, toy) if not one.passed)
        assert (wrong.gate, wrong.reason[:39]) == ("source_rate", '"a" after: of run "r" 20 of 60 are bad,')
        assess(opened, workspace, "a", "after", 900, 10, again="all of it")
        assert refused(opened, workspace, toy) == []


def test_machines_bar_and_only_people_pass_and_an_unfinished_round_is_not_forgotten(workspace):
    with session(open_registry(workspace)) as opened:
        register(opened, workspace, "a")
        draw = assess(opened, workspace, "a", "before", 100, 0, method="machine", suspected=50)
        assert standing(opened, "before", source="a").verdict == "undecided"
        enter_found(opened, workspace, draw, "people", found([f"a{k}" for k in range(100)], 5))
        assert standing(opened, "before", source="a").verdict == "passed"  # 5 % is not above 5 %
        enter_draw(opened, "before", source="a", root="0" * 64, population=1000, seed="1" * 64,
                   drawn=[str(k) for k in range(59)], labels="before-a-2", reason="more")  # fmt: skip
        assert standing(opened, "before", source="a").verdict == "undecided"
        assess(opened, workspace, "a", "after", 100, 6, method="machine")
        assert standing(opened, "after", source="a").verdict == "barred"
        (one,) = rounds_of(opened, "after", source="a")
        enter_found(opened, workspace, one.draw, "people", found([f"a{k}" for k in range(100)], 2))
        assert standing(opened, "after", source="a").verdict == "passed"  # people know better than rules


def test_what_was_looked_at_is_what_was_drawn_and_nothing_of_it_changes(workspace):
    engine = open_registry(workspace)
    with session(engine) as opened:
        register(opened, workspace, "a")
        draw = assess(opened, workspace, "a", "after", 100, 4, method="machine")
        with pytest.raises(LedgerError, match="not its sample"):
            enter_found(opened, workspace, draw, "people", found([f"b{k}" for k in range(100)], 0))
    with pytest.raises(IntegrityError, match="append-only"), session(engine) as opened:
        opened.scalars(select(Draw)).one().seed = "2" * 64
    (path,) = (workspace / "assessments").iterdir()
    with session(engine) as opened:
        (one,) = rounds_of(opened, "after", source="a")
        assert one.found["machine"].evidence == sha256(path.read_bytes()).hexdigest()


def test_samples_are_of_the_documents_alone_and_every_one_has_its_chance():
    digests = stack([sha256(str(k).encode()).digest() for k in range(2000)])
    seed = seed_of(root_of(digests), "after", 1)
    rows = draw_sample(digests, 100, seed)
    backwards = 1999 - draw_sample(digests[::-1], 100, seed_of(root_of(digests[::-1]), "after", 1))
    assert sorted(rows) == sorted(backwards)
    assert list(draw_sample(digests, 100, seed)) == list(rows)
    assert len({seed_of(root_of(digests), phase, k) for phase in ("", "before", "after") for k in (1, 2)}) == 6
    times = sum((1 * (draw_sample(digests, 100, f"{k:064x}") == row).any() for k in range(200) for row in (7,)), 0)
    assert 2 <= times <= 25  # 10 expected, of 200 seeds


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=9)), max_size=12), st.integers(0, 5))
def test_documents_are_digested_as_their_parts_joined(rows, begin):
    """As formulas say it, a row at a time; the rows of a table lie in chunks and slices."""
    half = pa.table({"id": pa.array([one for one, _ in rows], pa.string()),
                     "text": pa.array([one for _, one in rows], pa.large_string())})  # fmt: skip
    table = pa.concat_tables([half, half.slice(1)]).slice(begin)
    pairs = zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True)
    plain = b"".join(sha256(f"{one}\0{text}".encode()).digest() for one, text in pairs)
    assert digest_documents(table, ["id", "text"]) == plain


SOURCES = ("a", "b")


class Playing(RuleBasedStateMachine):
    """Whatever is done, the gates say what a plain account of it says."""

    @initialize()
    def start(self):
        self.folder = Path(Playing.base.mktemp("played"))
        shutil.copy(Playing.empty, self.folder)
        make_run(self.folder)
        self.engine = open_registry(self.folder)
        self.papers, self.lost = {}, set()
        self.rates = {(name, phase): [] for name in SOURCES for phase in ("before", "after")}
        self.barred, self.out, self.waiting = set(), set(), {}
        self.toy, self.held, self.accepted, self.tampered = None, [], {}, False

    def teardown(self):
        if hasattr(self, "engine"):
            self.engine.dispose()

    @rule(name=st.sampled_from(SOURCES), state=st.sampled_from(["good", "good", "good", "bare", "expired", "revoked"]))
    def enter(self, name, state):
        day = now().date()
        with session(self.engine) as opened:
            if state == "bare":
                enter(opened, self.folder, source_from({"name": name, "class": "open"}, "test"), self.folder)
                self.papers.setdefault(name, {})["cleared"] = False
                return
            dates = {"expired": {"until": day - timedelta(1)}, "revoked": {"revoked": day}}.get(state, {})
            register(opened, self.folder, name, **dates)
        mine = self.papers.setdefault(name, {})
        mine["cleared"] = True
        digest = keep_paper(self.folder, self.folder / "paper.txt")
        before = mine.get(digest)
        mine[digest] = "revoked" if before == "revoked" else state
        self.lost.discard(digest)

    @rule(name=st.sampled_from(SOURCES))
    def lose_a_paper(self, name):
        for digest in self.papers.get(name, {}):
            if digest != "cleared":
                paper_path(self.folder, digest).unlink(missing_ok=True)
                self.lost.add(digest)

    @rule(name=st.sampled_from(SOURCES), phase=st.sampled_from(["before", "after"]), n=st.sampled_from([60, 400]),
          share=st.sampled_from([0, 0, 0.02, 0.05, 0.06]))  # fmt: skip
    def look(self, name, phase, n, share):
        if name in self.papers:
            bad = round(n * share)
            with session(self.engine) as opened:
                assess(opened, self.folder, name, phase, n, bad, again="one more")
            self.rates[name, phase].append((n, bad))

    @rule(name=st.sampled_from(SOURCES), lifted=st.booleans())
    def bar(self, name, lifted):
        if name in self.papers and lifted == (name in self.barred):
            with session(self.engine) as opened:
                (lift if lifted else bar)(opened, name, "because")
            (self.barred.discard if lifted else self.barred.add)(name)

    @rule(name=st.sampled_from(SOURCES), number=st.integers(0, 5))
    def take_down(self, name, number):
        add_removed(self.folder, frozenset({(name, str(number))}))
        self.out.add((name, str(number)))

    @rule(name=st.sampled_from(SOURCES), number=st.integers(0, 50), state=st.sampled_from(["", "", "late", "half"]))
    def ask_to_take_down(self, name, number, state):
        with session(self.engine) as opened:
            request = open_request(opened, self.folder, Ids(frozenset({(name, str(number))})), Asked("", "x", "test"),
                                   Clock(), twins=False, banned=False)  # fmt: skip
            if state == "late":
                opened.get_one(Request, request).deadline = now() - timedelta(1)
        named = {"documents": [[name, str(number)]], "twins": False}
        write_json(open_file(self.folder, request), named | {"begun": state == "half"})
        self.waiting[request] = (name, str(number)), state

    @rule(granted=st.booleans(), data=st.data())
    def decide(self, granted, data):
        if not self.waiting:
            return
        request = data.draw(st.sampled_from(sorted(self.waiting)))
        document, _ = self.waiting.pop(request)
        with session(self.engine) as opened:
            if granted:
                add_removed(self.folder, frozenset({document}))
                self.out.add(document)
                grant(opened, request, "test", documents=1, proof="0", digest="0")
            else:
                refuse(opened, request, "test", "")

    @rule(names=st.sets(st.sampled_from(SOURCES), min_size=1), first=st.integers(0, 4))
    def write(self, names, first):
        self.held = [(name, str(k), None) for name in sorted(names) for k in range(first, first + 40)]
        self.toy, self.tampered = candidate(self.folder, self.held), False
        self.describe(enter=True)

    @rule(name=st.sampled_from((*SOURCES, "no-papers")), fits=st.booleans())
    def tamper(self, name, fits):
        """Slip a document in, which the manifest says nothing of, or that it was made to fit."""
        if self.toy is None:
            return
        self.held = [*self.held, (name, f"slipped-in-{len(self.held)}", None)]
        there = candidate(self.folder, self.held)
        self.tampered = True
        if fits:
            self.toy = there
            self.describe(enter=False)

    def describe(self, *, enter):
        """Write what a manifest says of a candidate; enter it as built."""
        (path,) = (self.toy.folder / "data").iterdir()
        entry = {"path": f"data/{path.name}", "sha256": sha256_of(path), "bytes": path.stat().st_size, "rows": 1}
        said = {"documents": self.toy.documents, "documents_root": self.toy.documents_root, "files": [entry]}
        write_json(self.toy.folder / "statistics.json", {})
        write_json(self.toy.folder / "manifest.json", said)
        if enter:
            with session(self.engine) as opened:
                enter_seal(opened, "test", self.toy.version, self.toy.folder, said)

    @rule(bad=st.sampled_from([0, 0, 4]))
    def accept(self, bad):
        if self.toy is not None:
            with session(self.engine) as opened:
                accept(opened, self.folder, self.toy, bad)
            self.accepted.setdefault(self.toy.documents_root, []).append((self.toy.documents, bad))

    @rule()
    def make_all_well(self):
        for name in SOURCES:
            self.enter(name, "good")
            for phase in ("before", "after"):
                self.look(name, phase, 400, 0)
        for request in sorted(self.waiting):
            with session(self.engine) as opened:
                refuse(opened, request, "test", "")
        self.waiting = {}
        if self.toy is not None:
            self.accept(0)

    @rule()
    def judge(self):
        if self.toy is None:
            return
        with session(self.engine) as opened:
            said = {one.gate: one.passed for one in evaluate(opened, self.folder, self.toy)}
            built = changed(opened, self.toy.version, self.toy.folder) is None
        names = {name for name, _, _ in self.held}
        there = {(name, identity) for name, identity, _ in self.held}
        wanted = {
            "papers": all(self.has_papers(name) for name in names),
            "source_rate": all(
                self.low(self.rates.get((name, phase), []), 0.05) for name in names for phase in ("before", "after")
            ),
            "barred": not names
            & (self.barred | {name for (name, _), r in self.rates.items() if r and not self.low(r, 0.05)}),
            "taken_down": not there & self.out,
            "requests": not any(state or document in there for document, state in self.waiting.values()),
            "manual_sample": self.is_accepted(),
            "counted": len(self.held) == self.toy.documents,
        }
        assert built != self.tampered
        assert {gate: said[gate] for gate in wanted} == wanted
        assert all(said.values()) == all(wanted.values())
        if built and all(said.values()):  # all that lets it go: nothing in it may have been kept from going
            assert there & (self.out | {document for document, _ in self.waiting.values()}) == set()
            assert names & self.barred == set()
            assert "no-papers" not in names

    def has_papers(self, name):
        mine = dict(self.papers.get(name, {}))
        return mine.pop("cleared", False) and any(
            state == "good" and digest not in self.lost for digest, state in mine.items()
        )

    @staticmethod
    def low(rounds, limit, confident=False):
        n, bad = sum(one[0] for one in rounds), sum(one[1] for one in rounds)
        failed = confident or any(one[1] / one[0] > limit for one in rounds)
        return bool(rounds) and (not failed or (bad < n and betaincinv(bad + 1, n - bad, 0.95) <= limit))

    def is_accepted(self):
        others = [one for root, rounds in self.accepted.items() if root != self.toy.documents_root for one in rounds]
        failed = any(bad / n > 0.04 for n, bad in others)
        return self.low(self.accepted.get(self.toy.documents_root, []), 0.04, failed)


@pytest.mark.usefixtures("empty")
def test_no_sequence_of_operations_releases_what_must_not_be(tmp_path_factory, empty):
    Playing.base, Playing.empty = tmp_path_factory, empty
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Playing, settings=settings(max_examples=12, stateful_step_count=25, deadline=None))
