"""Ids, addresses and fields that are an identifier of somebody: none is released, each document is found still."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.cli import main
from pipeline.gates.candidate import Contents
from pipeline.release.plan import RELEASE_VERSION
from pipeline.release.rows import RELEASED
from pipeline.release.verify import check
from pipeline.removed import LIST, add_removed, load_removed, removed_ids
from pipeline.salt import salt_of
from pipeline.sources.technical import _identified
from pipeline.store import write_json
from pipeline.veiled import hide_addresses, identifiers, is_veiled, likely, veiled_id
from tests.pipeline.conftest import Desk
from tests.pipeline.test_release import ask, recipe, rows_of, text

MOBILE, INNER = "13912345678", "13700001111"
RESIDENT = "11010519491231002X"
MAIL = "zhang.san@example.com"
IDS = (MOBILE, RESIDENT, MAIL, f"user_{INNER}", f"https://example.org/u/{INNER}.html")
ORDINARY = ("20016", "doc-20240101-123456", "a1b2c3d4e5f60718", "1234567890", "web:2024-01-01.jsonl#7")
SECRETS = (MOBILE, INNER, RESIDENT, MAIL, "zhang.san")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run with such ids, addresses and fields; and one of another source that has one of the ids too."""
    desk = Desk(tmp_path_factory.mktemp("veiled"))
    rows = [{"id": one, "text": text(20 + number)} for number, one in enumerate((*IDS, *ORDINARY))]
    rows[5] |= {"url": f"https://example.org/{INNER}/a.html", "phone": MOBILE, "note": f"联系 {MAIL}"}
    rows[6] |= {"url": f"https://example.org/?tel={MOBILE}"}
    rows += [{"id": f"user_{INNER}", "text": text(50)}]  # it gives its id up
    desk.write("in/a.jsonl", rows)
    recipe(desk, "first", 'name = "web"\npath = "in"')
    desk.write("other/a.jsonl", [{"id": MOBILE, "text": text(60)}])
    recipe(desk, "second", 'name = "forum"\npath = "other"')
    return desk.path


@pytest.fixture
def workspace(made, tmp_path):
    shutil.copytree(made, tmp_path / "desk")
    return tmp_path / "desk/ws"


def told(folder):
    """Everything that a release says, decoded."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return "".join(
        str(pq.read_table(path).to_pylist())
        if path.suffix == ".parquet"
        else path.read_bytes().decode(errors="replace")
        for path in files
    )


def new_id(workspace, source, identity):
    return veiled_id(salt_of(workspace), source, identity)


@pytest.mark.parametrize(
    "value", [*IDS, "139-1234-5678", "１３９１２３４５６７８", "A123456(3)", "京A12345", "x%40example.com"]
)
def test_an_identifier_is_seen_as_an_id_or_inside_one(value):
    assert [bool(found) for found in identifiers([value, *ORDINARY])] == [True, *[False] * len(ORDINARY)]
    assert likely(pa.array([value, "20016", "2024/01/00000005.html", None])).tolist() == [0]


def test_what_stands_for_an_id_is_no_identifier_and_needs_the_salt():
    one = veiled_id(b"salt", "web", MOBILE)

    assert (is_veiled(one), is_veiled(MOBILE), identifiers([one])) == (True, False, [[]])
    assert len({one, veiled_id(b"other", "web", MOBILE), veiled_id(b"salt", "forum", MOBILE)}) == 3


def test_an_address_keeps_all_but_the_identifier():
    urls = pa.array(
        [f"https://e.org/{INNER}/a", None, "https://e.org/zhang%40example.com", "https://e.org/20240101/12"]
    )

    assert hide_addresses(urls)[0].to_pylist() == [
        "https://e.org/[手机]/a", None, "https://e.org/[邮箱]", "https://e.org/20240101/12",
    ]  # fmt: skip


def test_no_identifier_is_in_a_release_neither_in_ids_nor_addresses_nor_fields(workspace):
    manifest = ask(workspace)
    folder = workspace / "releases/1"
    rows = rows_of(workspace)
    whole = told(folder)

    assert [secret for secret in SECRETS if secret in whole] == []
    assert check(folder) == []
    ids = {row["id"] for row in rows if row["source"] == "web"}
    assert {new_id(workspace, "web", one) for one in IDS} | set(ORDINARY) < ids
    assert [row["id"] for row in rows if row["source"] == "forum"] == [new_id(workspace, "forum", MOBILE)]
    found = {row["id"]: row for row in rows}
    assert (found["20016"]["url"], found["doc-20240101-123456"]["url"]) == (
        "https://example.org/[手机]/a.html", "https://example.org/?tel=[手机]",
    )  # fmt: skip
    fields = {entry["key"]: entry["value"] for entry in found["20016"]["meta"]}
    assert fields == {"phone": "[手机]", "note": "联系 [邮箱]"}
    assert [entry for row in rows for entry in row["meta"] if entry["key"] == "_input_id"] == []
    stored = json.loads((folder / "statistics.json").read_text())
    assert manifest["veiled"] == stored["veiled"] == {"ids": len(IDS) + 1, "urls": 1}
    assert "The ids of 6 documents were identifiers themselves" in (folder / "README.md").read_text()
    assert RELEASE_VERSION == "4"


def test_the_same_document_has_the_same_id_in_every_release_and_notes_find_no_change(workspace):
    ask(workspace)
    ask(workspace, "2")
    changes = json.loads((workspace / "releases/2/evidence/changes.json").read_text())

    assert {row["id"] for row in rows_of(workspace)} == {row["id"] for row in rows_of(workspace, "2")}
    assert (changes["added"]["documents"], changes["removed"]["documents"]) == (0, 0)


def test_a_row_is_traced_by_what_stands_for_its_id(workspace, capsys):
    ask(workspace)
    code = main(["trace", "--workspace", str(workspace), "--json", "1", new_id(workspace, "web", MAIL)])
    found = json.loads(capsys.readouterr().out)

    assert (code, found["document"]["origin"]["record"], found["document"]["text_accounted_for"]) == (0, 2, True)
    assert main(["trace", "--workspace", str(workspace), "--json", "1", MAIL]) == 0
    assert json.loads(capsys.readouterr().out)["row"] == found["row"]


def takedown(workspace, capsys, *arguments):
    code = main(["takedown", "--workspace", str(workspace), "--json", "--source", "web", *arguments])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else err


@pytest.mark.parametrize("by", ["old", "new"])
def test_it_is_taken_down_by_either_id_and_nothing_written_holds_the_identifier(workspace, capsys, by):
    ask(workspace)
    name = new_id(workspace, "web", RESIDENT)
    code, said = takedown(workspace, capsys, "--id", RESIDENT if by == "old" else name, "--ground", "他本人")

    assert (code, said["documents"]) == (0, [["web", name]])
    assert [(one["release"], one["rows"][0]["id"]) for one in said["releases"]] == [("1", name)]
    kept = (workspace / LIST).read_text() + (workspace / said["proof"]).read_text()
    assert RESIDENT not in kept + json.dumps(said)
    assert removed_ids(workspace) == {("web", name)}
    (workspace / "runs/first/receipts/scan/part-00000.json").unlink()  # so that it is read again
    recipe(Desk(workspace.parent), "first", 'name = "web"\npath = "in"')
    (path,) = (workspace / "runs/first/documents").glob("*")
    ids = pq.read_table(path)["id"].to_pylist()
    assert (RESIDENT in ids, len(ids)) == (False, len(IDS) + len(ORDINARY))
    ask(workspace, "2")
    told_of = (workspace / "releases/2/evidence/removed_ids.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in told_of] == [{"source": "web", "id": name, "why": "taken down"}]
    assert RESIDENT not in told(workspace / "releases/2")


def test_notes_name_a_row_of_an_older_release_by_its_place_where_its_id_is_an_identifier(workspace):
    ask(workspace)
    (path,) = (workspace / "releases/1/data").glob("*")
    table = pq.read_table(path)
    names = {new_id(workspace, "web", one): one for one in IDS}
    old = pa.array([names.get(one, one) for one in table["id"].to_pylist()])  # as releases were before
    pq.write_table(table.set_column(0, "id", old), path)
    manifest = json.loads((workspace / "releases/1/manifest.json").read_text())
    manifest["files"] = [one | {"sha256": "0" * 64} if one["path"].startswith("data/") else one
                         for one in manifest["files"]]  # fmt: skip
    (workspace / "releases/1/manifest.json").write_text(json.dumps(manifest | {"root": "0" * 64}))
    add_removed(workspace, frozenset({("web", MAIL)}))
    ask(workspace, "2")
    (line,) = (workspace / "releases/2/evidence/removed_ids.jsonl").read_text().splitlines()
    row = table["id"].to_pylist().index(new_id(workspace, "web", MAIL))

    assert json.loads(line) == {
        "source": "web", "id": new_id(workspace, "web", MAIL), "file": "data/train-00000.parquet", "row": row,
        "why": "taken down",
    }  # fmt: skip


def test_a_list_of_before_is_read_under_both_names_and_written_under_the_new_one(tmp_path):
    write_json(tmp_path / LIST, {"documents": [{"source": "web", "id": MAIL}, {"source": "web", "id": "7"}]})
    name = new_id(tmp_path, "web", MAIL)

    assert load_removed(tmp_path).documents == {("web", MAIL), ("web", name), ("web", "7")}


def test_the_gate_sees_what_was_taken_down_under_the_new_name(workspace):
    ask(workspace)
    name = new_id(workspace, "web", MAIL)
    contents = Contents(workspace / "releases/1", frozenset({("web", name)}))

    assert contents.taken_down == [("web", name)]


def test_the_technical_sample_looks_at_ids_addresses_and_fields():
    ordinary = {"text": "一", "source": "web", "characters": 1, "run": "r", "meta": []}
    rows = [
        {"id": MOBILE},
        {"id": "1", "url": f"https://e.org/{INNER}"},
        {"id": "2", "meta": [{"key": "phone", "value": MOBILE}]},
        {"id": "3", "meta": [{"key": MAIL, "value": "x"}]},
        {"id": "4", "url": "https://e.org/a", "meta": [{"key": "title", "value": "第 4 号"}]},
    ]
    table = pa.Table.from_pylist([ordinary | row for row in rows], RELEASED)

    assert _identified(table) == {0, 1, 2, 3}
    assert np.array_equal(sorted(_identified(table.slice(3))), [0])


def test_a_document_that_a_run_and_a_release_name_differently_is_found_once(workspace, capsys):
    ask(workspace, runs=["first"])
    code = main(["takedown", "--workspace", str(workspace), "--json", "--source", "web", "--id", MOBILE, "--dry-run"])
    assert (code, json.loads(capsys.readouterr().out)["documents"]) == (0, [["web", new_id(workspace, "web", MOBILE)]])
