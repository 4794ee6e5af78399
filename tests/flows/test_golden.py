"""The whole run over sample_data against the verdict that its authors meant for every document."""

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.cli import main

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    workspace = tmp_path_factory.mktemp("golden")
    recipe = str(SAMPLE / "recipe.toml")
    assert main(["run", recipe, "--workspace", str(workspace), "--direct", "--quiet", "--json"]) == 0
    return workspace


@pytest.fixture(scope="module")
def run(workspace):
    return workspace / "runs/sample"


def rows(run, table):
    return [row for part in sorted((run / table).glob("part-*.parquet")) for row in pq.read_table(part).to_pylist()]


def expected():
    return [json.loads(line) for line in (SAMPLE / "expected.jsonl").read_text("utf-8").splitlines()]


def place(row):
    return f"{row['source']}:{row['file']}#{row['record']}"


def test_every_document_has_the_verdict_that_was_meant(run):
    meant = {row["id"]: row.get("reason") or "kept" for row in expected() if not row.get("quarantined")}
    given = {row["id"]: row["verdict.reason"] or "kept" for row in rows(run, "verdicts")}

    assert given == meant


def test_every_unreadable_record_is_quarantined_for_what_is_wrong_with_it(run):
    meant = {row["id"]: row["error"] for row in expected() if row.get("quarantined")}
    given = {place(row): row["error"].partition(":")[0] for row in rows(run, "quarantine")}

    assert given == meant


def test_every_duplicate_is_said_to_be_of_the_right_document_and_as_alike_as_it_is(run):
    meant = {row["id"]: (row["of"], row["jaccard"]) for row in expected() if row.get("reason", "") in
             {"duplicate", "near_duplicate"}}  # fmt: skip
    found = {row["id"]: row for row in rows(run, "verdicts")}
    given = {name: (found[name]["dedup.of"], round(found[name]["dedup.jaccard"], 4)) for name in meant}

    assert given == {name: (of, pytest.approx(jaccard, abs=1e-4)) for name, (of, jaccard) in meant.items()}


def test_the_corpus_holds_the_kept_documents_and_nothing_else(run):
    meant = sorted(row["id"] for row in expected() if row.get("keep"))

    assert sorted(row["id"] for row in rows(run, "corpus")) == meant


def test_the_ledger_adds_up_for_every_source(run):
    summary = json.loads((run / "run.json").read_text())

    for account in (summary["documents"], *summary["sources"].values()):
        assert account["in"] == account["kept"] + account["dropped"] + account["quarantined"]
    assert summary["documents"] == {"in": 336, "kept": 155, "dropped": 175, "quarantined": 6}
    assert sum(summary["reasons"].values()) == 175


def test_texts_are_decoded_from_what_they_were_in(run):
    attributes = {row["id"]: row["reading.encoding"] for row in rows(run, "attributes")}
    by_file = {row["file"]: attributes[row["id"]] for row in rows(run, "documents") if row["source"] == "gov"}

    assert set(by_file.values()) == {"gb18030", "utf-16", "big5-hkscs"}
    assert {attributes[row["id"]] for row in rows(run, "documents") if row["file"] == "notice.csv"} == {"gb18030"}


def test_the_report_names_every_reason_and_shows_no_text(run):
    page = (run / "report.html").read_text("utf-8")
    texts = [row["text"][:30] for row in rows(run, "documents") if len(row["text"]) > 60]

    assert [reason for reason in {row.get("reason") for row in expected()} - {None} if reason not in page] == []
    assert [text for text in texts if text in page] == []


def test_explain_and_replay_answer_from_what_is_stored(workspace, capsys):
    asked = (["explain", "b-0000"], ["explain", "forum:forum.jsonl.zst#4"], ["replay", "sample", "--policy", "web"])
    for arguments in asked:
        assert main([*arguments, "--workspace", str(workspace)]) == 0
    out = capsys.readouterr().out

    assert "quarantined" in out
    assert "malformed_json" in out
    assert "no verdict changes" in out


OPEN = {"uscc"}
"""Kinds that `web` measures and keeps."""


def test_planted_personal_data_are_masked_and_ordinary_numbers_stay(run):
    corpus = {row["id"]: row["text"] for row in rows(run, "corpus")}
    planted = [(row["id"], item) for row in expected() for item in row.get("personal", ()) if row["id"] in corpus]
    ordinary = [(row["id"], value) for row in expected() for value in row.get("ordinary", ()) if row["id"] in corpus]

    assert [e for e in planted if (e[1]["value"] in corpus[e[0]]) != (e[1]["kind"] in OPEN)] == []
    assert [entry for entry in ordinary if entry[1] not in corpus[entry[0]]] == []


def test_the_summary_counts_what_was_masked_and_explain_tells_no_value(run, workspace, capsys):
    summary = json.loads((run / "run.json").read_text())
    (name, values), *_ = [(r["id"], [p["value"] for p in r["personal"]]) for r in expected() if r["id"] == "f-1023"]
    assert main(["explain", name, "--json", "--workspace", str(workspace)]) == 0
    told = capsys.readouterr().out
    page = (run / "report.html").read_text("utf-8")

    planted = Counter(item["kind"] for row in expected() if row.get("keep") for item in row.get("personal", ()))
    masked = Counter(summary["personal_data"]["masked"])
    assert {kind: masked[kind] for kind in planted} == {kind: n * (kind not in OPEN) for kind, n in planted.items()}
    assert [value for value in values if value in told or value in page] == []
    assert "personal.spans" in told
