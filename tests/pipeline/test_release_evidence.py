"""The evidence beside a release: every page from the manifest, valid where others define the form, nothing claimed."""

import json
import logging
import re
from datetime import date, timedelta

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.audit import check_extract, extract
from pipeline.clauses import CLAUSES
from pipeline.database import now, open_registry, record, session
from pipeline.errors import LedgerError
from pipeline.registry import Removal, Request, Source
from pipeline.release import manifest as manifests
from pipeline.release.assessed import Artefact, Conforms, Fails, NotApplicable
from pipeline.release.card import card, front_matter, size_category
from pipeline.release.croissant import _semantic, croissant
from pipeline.release.evidence import write_evidence
from pipeline.release.manifest import licences_of
from pipeline.release.rows import RELEASED
from pipeline.release.self_assessment import _collected_first, _items
from pipeline.removed import add_removed
from pipeline.sources.records import enter
from pipeline.sources.source_file import source_from

DIGEST = "ab" * 32


def rows(*ids, run="web"):
    one = {"text": "港务局昨天公布了新的潮汐表。", "source": "crawl", "url": None, "licence": "CC-BY-4.0",
           "domain": None, "script": "Hans", "quality": 0.5, "characters": 14, "run": run, "meta": []}  # fmt: skip
    return pa.Table.from_pylist([{"id": identity, **one} for identity in ids], RELEASED)


def gate(name, *, passed=True, trial=False):
    return {"gate": name, "clauses": [], "passed": passed, "trial": trial, "reason": f"{name} says so", "figures": {},
            "remedy": "" if passed else "do this"}  # fmt: skip


GATES = ("papers", "authorisations", "barred", "source_rate", "taken_down", "personal_data", "filtered", "keywords",
         "technical_sample", "manual_sample")  # fmt: skip


def describe(version, *, trial=False, gates=None, previous=None, documents=2):
    run = {"name": "web", "policy": "web", "packs": [], "versions": {"qingyuan": "0.1"}, "filters": {"length": "1"},
           "models": {"quality": "1"}, "lexicons": [], "recipe_sha256": DIGEST,
           "personal_data": {"disposition": "on", "masked": {"mobile": 3}}}  # fmt: skip
    source = {"documents": documents, "characters": 28, "share": 1.0, "licence": "CC-BY-4.0"}
    return {
        "format": manifests.FORMAT, "version": version, "state": "candidate", "trial": trial, "created_from": "0",
        "runs": [run],
        "previous": previous, "code": {}, "selection": {}, "data_root": DIGEST, "documents": documents,
        "characters": 28, "sources": {"crawl": source}, "gates": gates or [gate(name) for name in GATES],
        "removed": {"taken_down": 0, "listed": 1, "barred_sources": []},
    }  # fmt: skip


STATISTICS = {"units": {"characters": "code points"}, "lengths": {"quantiles": {"0.5": 14}}, "scripts": {"Hans": {}}}


def candidate(workspace, manifest, *ids, where=".candidates/"):
    folder = workspace / "releases" / f"{where}{manifest['version']}"
    (folder / "data").mkdir(parents=True)
    pq.write_table(rows(*ids), folder / "data/train-00000.parquet")
    data = manifests.describe_files(folder, {"data/train-00000.parquet": len(ids)}, {})
    (folder / "manifest.json").write_bytes(orjson.dumps({**manifest, "files": data}))
    (folder / "statistics.json").write_bytes(orjson.dumps(STATISTICS))
    return folder


@pytest.fixture
def registry(tmp_path):
    engine = open_registry(tmp_path)
    with session(engine) as opened:
        opened.add(
            Source(name="crawl", kind="self_crawled", language="zh", domain="mixed", jurisdiction="domestic",
                   personal="none", ip_review="pending", collected_from=date(2026, 1, 2), collector="c", added_at=now())
        )  # fmt: skip
        record(opened, "operator", "source.added", name="crawl")
        record(opened, "operator", "qualification", contributor="p-17")
    yield engine
    engine.dispose()


def made(tmp_path, registry, manifest, *ids):
    folder = candidate(tmp_path, manifest, *ids)
    with session(registry) as opened:
        write_evidence(folder, manifest, STATISTICS, opened, now())
    return folder


@pytest.fixture
def trial(tmp_path, registry):
    gates = [gate(name, trial="sample" in name, passed="sample" not in name) for name in GATES]
    return made(tmp_path, registry, describe("2026.11-trial", trial=True, gates=gates), "a", "b")


def lines(folder):
    stored = json.loads((folder / "evidence/self_assessment.json").read_text())
    return {one["id"]: one for one in stored["lines"]}, stored


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: Conforms("all is well", ()), "takes a file"),
        (lambda: Artefact("evidence/x.json", ""), "with its sha256"),
        (lambda: Fails("no", ""), "what is to be done"),
        (lambda: NotApplicable(""), "takes a reason"),
    ],
)
def test_nothing_conforms_without_a_file_and_nothing_fails_without_a_plan(make, fault):
    with pytest.raises(ValueError, match=fault):
        make()


def test_an_artefact_is_a_file_that_is_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Artefact.of(tmp_path, "evidence/gates.json")


def test_every_evidence_of_every_line_stands_beside_it_with_its_digest(trial):
    found, _ = lines(trial)
    pointed = [(one["path"], one["sha256"]) for line in found.values() for one in line["evidence"]]

    assert len(found) == len(_items())
    assert [(path, manifests.sha256_of(trial / path)) for path, _ in pointed] == pointed
    assert {line["id"] for line in found.values() if line["result"] == "符合" and not line["evidence"]} == set()
    page = (trial / "evidence/self_assessment.html").read_text()
    assert sorted(set(re.findall(r'href="\.\./([^"]+)"', page))) == sorted({path for path, _ in pointed})


def test_what_only_people_can_show_never_conforms_and_what_is_not_there_does_not_apply(trial):
    found, _ = lines(trial)

    assert {
        name: found[name]["result"] for name in ("property", "annotation", "classifier", "quality")
    } == dict.fromkeys(("property", "annotation", "classifier", "quality"), "不符合")
    assert {name: found[name]["result"] for name in ("commercial", "user_input", "collected", "diversity")} == {
        "commercial": "不适用", "user_input": "不适用", "collected": "符合", "diversity": "不符合",
    }  # fmt: skip


def test_a_trial_says_so_everywhere_and_its_samples_never_pass(trial):
    found, stored = lines(trial)

    assert {found[name]["result"] for name in ("manual_sample", "technical_sample")} == {"不符合"}
    assert "不作总体结论" in stored["conclusion"]
    pages = ("README.md", "croissant.json", "RELEASE_NOTES.md", "evidence/self_assessment.md",
             "evidence/self_assessment.html", "evidence/gates.json")  # fmt: skip
    assert [name for name in pages if "trial" not in (trial / name).read_text().lower()] == []


def test_even_gates_that_say_passed_do_not_let_a_trials_samples_conform(tmp_path, registry):
    found, _ = lines(made(tmp_path, registry, describe("1-trial", trial=True), "a"))

    assert found["manual_sample"]["result"] == "不符合"


def test_a_refused_gate_or_one_that_was_not_asked_is_a_clause_not_met(tmp_path, registry):
    gates = [gate(name, passed=name != "papers") for name in GATES if name != "filtered"]
    found, stored = lines(made(tmp_path, registry, describe("2026.11", gates=gates), "a", "b"))

    assert (found["collected"]["result"], found["collected"]["plan"]) == ("不符合", "do this")
    assert "nothing shows it: filtered" in found["filtered"]["reason"]
    assert (found["manual_sample"]["result"], stored["totals"]["符合"] > 0) == ("符合", True)


def test_a_clause_that_a_gate_lets_pass_short_of_what_is_asked_is_not_met(tmp_path, registry):
    short = {**gate("keywords"), "figures": {"met": False}, "remedy": "load more"}
    gates = [short, *(gate(name) for name in GATES if name != "keywords")]
    found, _ = lines(made(tmp_path, registry, describe("2026.11", gates=gates), "a"))

    assert (found["keywords"]["result"], found["keywords"]["plan"]) == ("不符合", "load more")


def test_a_clause_about_a_class_speaks_of_its_sources_only(tmp_path, registry):
    with session(registry) as opened:
        common = {"language": "zh", "domain": "mixed", "jurisdiction": "domestic", "personal": "none",
                  "ip_review": "pending", "added_at": now()}  # fmt: skip
        opened.add_all([Source(name="bought", kind="commercial", **common), Source(name="laws", kind="open", **common)])
    lack = {"what": "a contract", "remedy": "qingyuan source add bought --paper contract=FILE"}
    papers = {**gate("papers", passed=False), "figures": {"lacking": [{"source": "bought", "lacks": [lack]}]}}
    manifest = describe("2026.11", gates=[papers, *(gate(name) for name in GATES if name != "papers")])
    entry = manifest["sources"]["crawl"]
    found, _ = lines(
        made(tmp_path, registry, {**manifest, "sources": dict.fromkeys(("bought", "crawl", "laws"), entry)}, "a")
    )

    said = {name: (found[name]["result"], found[name]["reason"], found[name]["plan"])
            for name in ("open_licence", "collected", "commercial", "traceable")}  # fmt: skip
    assert said == {
        "open_licence": ("符合", "文件齐备 the papers are there: laws", ""),
        "collected": ("符合", "文件齐备 the papers are there: crawl", ""),
        "commercial": ("不符合", '缺少材料 "bought" lacks a contract', lack["remedy"]),
        "traceable": ("不符合", "papers says so", "do this"),
    }
    assert found["diversity"]["reason"] == (
        "3 个来源 source(s)，语言 by language: zh 3，类别 by class: commercial 1, open 1, self_crawled 1"
    )


def test_a_number_that_was_read_nowhere_is_not_printed(trial):
    text = (trial / "evidence/self_assessment.md").read_text()
    found, _ = lines(trial)

    assert [c["number"] for line in found.values() for c in line["clauses"] if c["verified"] == "R"] == [""] * sum(
        c["verified"] == "R" for line in found.values() for c in line["clauses"]
    )
    assert "未核实 not verified" in text
    assert {name for item in _items() for name in item.clauses} <= set(CLAUSES)
    assert "不是认证" in text


def test_the_card_is_what_the_hub_reads(trial):
    yaml = pytest.importorskip("yaml")
    text = (trial / "README.md").read_text()
    head = yaml.safe_load(text.split("---\n")[1])

    assert head == front_matter(describe("2026.11-trial", trial=True), STATISTICS)
    assert (head["license"], head["size_categories"], head["language"]) == ("cc-by-4.0", ["n<1K"], ["zh"])
    assert head["configs"] == [{"config_name": "default", "data_files": [{"split": "trial", "path": "data/*.parquet"}]}]
    assert [part in text for part in ("试用发布", "Trial release", "## 概述", "## Summary")] == [True] * 4


def test_the_card_counts_as_masked_only_what_was_masked():
    manifest = describe("2026.11")
    manifest["runs"][0]["personal_data"]["kept"] = {"public_role": 2}
    said = card(manifest, STATISTICS, {"sources": {}})
    assert ("共处理 3 处" in said, "另有 2 处按策略识别后保留原文" in said) == (True, True)
    assert ("3 places in all" in said, "Found and left as they are, as policies say: 2 places." in said) == (True, True)


def test_the_card_names_the_licence_in_the_registry_where_no_row_has_one():
    manifest = describe("2026.11")
    source = {**manifest["sources"]["crawl"], "licence": None}
    facts = {"sources": {"crawl": {"class": "open", "licence": "CC0-1.0"}}}
    said = card({**manifest, "sources": {"crawl": source}}, STATISTICS, facts)
    assert "| crawl | open | CC0-1.0 | 2 |" in said
    assert "| crawl | open | CC-BY-4.0（登记 registry: CC0-1.0） | 2 |" in card(manifest, STATISTICS, facts)


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        ("CC-BY-4.0 AND CC0-1.0 AND CC-BY-NC-4.0", ["cc-by-nc-4.0", "cc-by-4.0", "cc0-1.0"]),
        ("CC-BY-4.0 AND 公司内部", {"license_name": "公司内部 AND CC-BY-4.0"}),
        ("MIT AND CC-BY-4.0 AND unknown", {"license_name": "unknown AND CC-BY-4.0 AND MIT"}),
        (None, {"license_name": "unknown"}),
    ],
)
def test_mixed_licences_are_all_said_the_least_free_first(licence, told):
    manifest = describe("2026.11")
    manifest["sources"]["crawl"] |= {"licence": licence}
    head = front_matter(manifest, STATISTICS)
    named = told if isinstance(told, list) else None

    said = {"license": named} if named else {"license": "other", **told}
    assert {key: head[key] for key in said} == said
    said = croissant(manifest, [], {"sources": {}}, "2026-11-01")["license"]
    other = {"公司内部": "LicenseRef-u516cu53f8u5185u90e8", "unknown": "LicenseRef-unknown"}
    names = [one.rpartition("/")[2].removesuffix(".html") for one in said]
    assert names == [other.get(one, one) for one in licences_of(manifest)]


@pytest.mark.parametrize(
    ("documents", "name"), [(999, "n<1K"), (1_000, "1K<n<10K"), (10**6, "1M<n<10M"), (10**13, "n>1T")]
)
def test_sizes_are_named_as_the_hub_does(documents, name):
    assert size_category(documents) == name


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # inside rdflib
def test_croissant_is_valid_by_its_own_library(trial, caplog):
    croissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed: a development dependency")
    with caplog.at_level(logging.WARNING):
        dataset = croissant.Dataset(jsonld=str(trial / "croissant.json"))

    assert (list(dataset.metadata.ctx.issues.errors), list(dataset.metadata.ctx.issues.warnings)) == ([], [])
    assert caplog.messages == []
    assert [one["documents/id"].decode() for one in dataset.records("documents")] == ["a", "b"]


@pytest.mark.parametrize(
    ("version", "semantic"), [("2026.11", "2026.11.0"), ("2026.11-trial", "2026.11.0"), ("7", "7.0.0")]
)
def test_versions_are_semantic_for_croissant(version, semantic):
    assert _semantic(version) == semantic


def test_the_audit_beside_a_release_is_checked_without_the_registry(trial):
    path = trial / "evidence/audit.jsonl"
    told = [orjson.loads(line) for line in path.read_bytes().splitlines()]

    assert check_extract(path) == 2
    assert [one.get("action") for one in told] == ["source.added", None]  # of people: the seal alone
    assert b"p-17" not in path.read_bytes()


def test_no_audit_beside_a_release_names_the_parties_of_a_source(tmp_path):
    entry = {"name": "s", "class": "open", "collector": "张三", "contract_party": "李四公司", "ip_owner": "王五"}
    with session(open_registry(tmp_path)) as opened:
        enter(opened, tmp_path, source_from(entry, "test"), tmp_path)
        record(opened, "operator", "source entered", source="s", entry={"contract_party": "李四公司"})  # an older one
        extract(opened, tmp_path / "audit.jsonl")
    told = [orjson.loads(line) for line in (tmp_path / "audit.jsonl").read_bytes().splitlines()]

    assert [one.get("action") for one in told] == ["source entered", None]
    assert told[0]["detail"]["changed"] == ["entered"]
    assert not any(name in (tmp_path / "audit.jsonl").read_text() for name in ("张三", "李四", "王五"))
    assert check_extract(tmp_path / "audit.jsonl") == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"crawl", b"crowl"),
        lambda data: b"\n".join(data.splitlines()[1:]),
        lambda data: b"\n".join(reversed(data.splitlines())),
        lambda data: data.replace(b'"seq":2', b'"seq":3'),
        lambda data: data[:-9],
    ],
)
def test_a_changed_audit_is_found(trial, change):
    path = trial / "evidence/audit.jsonl"
    path.write_bytes(change(path.read_bytes()))

    with pytest.raises(LedgerError, match="line"):
        check_extract(path)


def test_a_request_past_its_deadline_is_a_clause_not_met(tmp_path, registry):
    with session(registry) as opened:
        late = now() - timedelta(days=40)
        opened.add(
            Request(kind="takedown", ground="g", opened_at=late, deadline=late + timedelta(days=20), decision="pending")
        )
        opened.flush()
        opened.add(Removal(request=1, way="id", asked_by="case-1", selector=DIGEST, basis="b"))
    folder = made(tmp_path, registry, describe("2026.11"), "a", "b")

    assert lines(folder)[0]["deletion"]["result"] == "不符合"
    assert "case-1" not in (folder / "evidence/requests.json").read_text()


def test_notes_say_what_was_added_and_removed_and_why(tmp_path, registry):
    candidate(tmp_path, describe("2026.10", documents=3), "a", "b", "gone", where="")
    add_removed(tmp_path, frozenset({("crawl", "a")}))
    verdicts = tmp_path / "runs/web/verdicts"
    verdicts.mkdir(parents=True)
    pq.write_table(
        pa.table({"id": ["b"], "source": ["crawl"], "verdict.keep": [False], "verdict.reason": ["too_short"]}),
        verdicts / "part-00000.parquet",
    )
    folder = made(
        tmp_path, registry, describe("2026.11", previous={"version": "2026.10", "root": DIGEST}), "new", "newer"
    )
    changes = json.loads((folder / "evidence/changes.json").read_text())

    assert (changes["added"]["documents"], changes["removed"]["documents"]) == (2, 3)
    assert changes["removed"]["why"] == {
        "taken down": 1, "dropped by its run: too_short": 1, "not in its run any more": 1,
    }  # fmt: skip
    listed = [orjson.loads(line) for line in (folder / "evidence/removed_ids.jsonl").read_bytes().splitlines()]
    assert [(one["id"], one["why"]) for one in listed] == [
        ("a", "taken down"), ("b", "dropped by its run: too_short"), ("gone", "not in its run any more"),
    ]  # fmt: skip
    assert "移除 Removed: 3" in (folder / "RELEASE_NOTES.md").read_text()
    assert (folder / "README.md").read_text().count("evidence/removed_ids.jsonl") == 2


def test_notes_tell_another_selection_from_other_files(tmp_path, registry):
    asked = {"selection": {"sources": []}, "mixture": {}, "merge": {}, "shards": {"format": "parquet"}}
    candidate(tmp_path, describe("1") | {"selection": asked}, "a", where="")
    changed = {}
    for version, change in (("2", {"shards": {"format": "jsonl"}}), ("3", {"selection": {"sources": ["crawl"]}})):
        manifest = describe(version, previous={"version": "1", "root": DIGEST}) | {"selection": asked | change}
        folder = made(tmp_path, registry, manifest, "a")
        changed[version] = "选择条件" in (folder / "RELEASE_NOTES.md").read_text()
    assert changed == {"2": False, "3": True}


def test_the_card_of_a_first_release_points_to_no_file_that_is_not_there(trial):
    text = (trial / "README.md").read_text()
    named = {name for name in re.findall(r"`([a-zA-Z_/]+\.[a-z]+)`", text) if name != "manifest.json"}
    assert [name for name in sorted(named) if not (trial / name).is_file()] == []
    assert "1 source in 1 cleaning run." in text
    assert ("首次发布" in text, "the first release" in text) == (True, True)


def test_the_card_counts_what_was_masked_and_not_what_was_kept():
    manifest = describe("1")
    manifest["runs"][0]["personal_data"] |= {"kept": {"uscc": 900}, "pseudonymised": {"email": 1}}

    said = card(manifest, {}, {"sources": {}})

    assert ("共处理 4 处" in said, "corpora: 4 places" in said) == (True, True)


@pytest.mark.parametrize(
    ("collected", "drawn", "root", "says"),
    [("2026-09-01", "2026-08-30", "r1", ""), ("2026-09-01", "2026-09-01", "r1", ""),
     ("2026-09-01", "2026-11-22", "r1", "crawl：2026-09-01 起采集，2026-11-22 才抽样"),
     (None, "2026-08-30", "r2", "crawl：与采集后的抽样出自同一批文档"),
     (None, "2026-08-30", "r1", "crawl：没有登记采集日期")],
)  # fmt: skip
def test_what_was_sampled_once_it_was_there_was_not_assessed_before_collection(collected, drawn, root, says):
    samples = [{"source": "crawl", "phase": "before", "drawn_at": f"{drawn}T08:00:00", "root": root},
               {"source": "crawl", "phase": "after", "drawn_at": "2026-11-22T09:00:00", "root": "r2"}]  # fmt: skip
    said = _collected_first({"sources": {"crawl": {"collected": [collected, None]}}, "samples": samples})
    assert (says in said, bool(said)) == (True, bool(says))
