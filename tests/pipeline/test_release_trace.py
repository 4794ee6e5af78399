"""A released row is traced to its file, run, edits and source; signatures hold, and say when they do not."""

import json
import shutil
from base64 import b64decode
from hashlib import sha256

import pyarrow.parquet as pq
import pytest

from flows.cli import main
from pipeline.database import now, open_registry, session
from pipeline.errors import RecipeError
from pipeline.gates.finding import Finding
from pipeline.pool import InProcess
from pipeline.registry import Answer, Assignment, Contributor, Item, Round, Source
from pipeline.release.form import ReleaseFile
from pipeline.release.manifest import read_manifest
from pipeline.release.signature import check_signature, make_keys, read_private, sign_manifest
from pipeline.release.staging import Request, release
from pipeline.release.trace import mask_places
from pipeline.sources.assessments import enter_draw
from tests.pipeline.conftest import OTHER, Desk, Quiet, text

MOBILE = "13812345678"
VERSION = "1-trial"


def passes(*_):
    return [Finding("papers", (), passed=True, reason="all papers are there")]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A workspace with one run and a trial release of it, labels included."""
    desk = Desk(tmp_path_factory.mktemp("trace"))
    desk.recipe('name = "web"\npath = "in"\nlicence = "CC-BY-4.0"')
    rows = [
        {"id": "a", "text": f"{text(3)}\n联系电话：{MOBILE}。", "url": "https://example.org/a"},
        {"id": "b", "text": OTHER + "\u0007" + OTHER},
        {"id": "c", "text": text(6)},
    ]
    desk.write("in/a.jsonl", rows)
    desk.run()
    with session(open_registry(desk.path / "ws")) as opened:
        opened.add(
            Source(name="web", kind="open", language="zh", domain="mixed", jurisdiction="domestic", personal="none",
                   ip_review="pending", licence="CC-BY-4.0", added_at=now())
        )  # fmt: skip
        opened.add(Contributor(id="p1", since=now()))
        asked = {"kind": "quality", "rule_version": "1", "run": "small", "seed": 1, "design": {}}
        opened.add(Round(id=1, name="r", opened_at=now(), **asked))
        opened.flush()
        opened.add(Item(id=1, round=1, document="a", probability=0.5, overlap=1))
        opened.flush()
        opened.add(Assignment(id=1, item=1, contributor="p1", role="annotator", key="k", place=0, issued_at=now()))
        opened.flush()
        said = {"annotation": 1, "sequence": 1, "revision": 1, "valid": True, "label": {"class": "good"}}
        opened.add(Answer(assignment=1, at=now(), **said))
        opened.add(Round(id=2, name="before-web-1", opened_at=now(), **{**asked, "run": None}))
        enter_draw(opened, "before", source="web", run="small", root="0" * 64, population=1, seed="1" * 64,
                   drawn=["b"], labels="before-web-1", reason="")  # fmt: skip
        opened.flush()
        opened.add(Item(id=2, round=2, document="b", probability=1.0, overlap=1))
        opened.flush()
        opened.add(Assignment(id=2, item=2, contributor="p1", role="annotator", key="k2", place=0, issued_at=now()))
        opened.flush()
        opened.add(Answer(assignment=2, at=now(), **{**said, "annotation": 2, "label": {"verdict": "pass"}}))
    request = Request(VERSION, ("small",), desk.path / "ws", ReleaseFile(), True, passes, "tester")
    release(request, InProcess(), Quiet(), 10**9)
    return desk


def traced(desk, capsys, identity, *more):
    code = main(["trace", "--workspace", str(desk.path / "ws"), "--json", VERSION, identity, *more])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else err


def test_a_row_is_traced_to_its_raw_record_with_every_mask_and_edit_and_no_value(released, capsys):
    code, found = traced(released, capsys, "a")
    document = found["document"]
    origin = document["origin"]

    assert (code, found["file"]["proved"], found["taken_down_since"]) == (0, True, False)
    raw = (released.path / "in/a.jsonl").read_bytes()[origin["offset"] :].splitlines()[0]
    assert (json.loads(raw)["id"], origin["file"], origin["record"]) == ("a", "a.jsonl", 0)
    (mask,) = document["masks"]
    assert (mask["kind"], mask["done"], document["text_accounted_for"]) == ("mobile", "masked", True)
    assert json.loads(raw)["text"][mask["start"] : mask["end"]] == MOBILE
    assert MOBILE not in json.dumps(found, ensure_ascii=False)
    assert [(one["round"], one["label"]) for one in found["labels"]] == [("r", {"class": "good"})]
    assert (found["source"]["now"]["licence"], found["source"]["at_release"]["class"]) == ("CC-BY-4.0", "open")
    assert {rule["reason"] for rule in document["rules"]} >= {"too_short"}
    edits = traced(released, capsys, "b")[1]["document"]["edits"]
    assert [(one["kind"], one["start"]) for one in edits] == [("control", len(OTHER))]


def test_it_is_printed_for_people_too(released, capsys):
    assert main(["trace", "--workspace", str(released.path / "ws"), VERSION, "a"]) == 0
    out = capsys.readouterr().out

    wanted = ("(trial)", "proved", "a.jsonl, record 0", "mobile masked", "source   web: open")
    assert [part for part in wanted if part not in out] == []
    assert MOBILE not in out


def test_what_is_not_there_is_said(released, capsys):
    assert traced(released, capsys, "zzz")[0] == 2
    assert main(["trace", "--workspace", str(released.path / "ws"), "9", "a"]) == 2
    assert "known: 1-trial" in capsys.readouterr().err


def test_a_changed_shard_proves_nothing_and_a_run_that_is_gone_is_said(released, capsys, tmp_path):
    shutil.copytree(released.path / "ws", tmp_path / "ws")
    shutil.rmtree(tmp_path / "ws/runs/small")
    (shard,) = (tmp_path / "ws/releases" / VERSION / "data").glob("*.parquet")
    pq.write_table(pq.read_table(shard), shard)  # the same rows in other bytes
    code, found = traced(Desk(tmp_path), capsys, "c")

    assert "no finished run" in found["document"]["missing"]
    assert (code, found["file"]["proved"]) == (4, False)


@pytest.mark.parametrize(
    ("stored", "spans", "out", "done"),
    [
        ("甲13812345678乙", [(1, 12, "mobile")], "甲[手机]乙", ["masked"]),
        ("甲13812345678乙", [(1, 12, "mobile")], "甲[手机#abcdefghijkl]乙", ["pseudonymised"]),
        ("甲13812345678乙", [(1, 12, "mobile")], "甲13812345678乙", ["kept"]),
        ("甲13812345678乙", [(1, 12, "mobile")], "甲[手机]丙", None),
        ("甲13812345678乙", [(1, 12, "mobile")], "丙[手机]乙", None),
        ("甲13812345678乙", [(1, 12, "mobile")], "甲[护照]乙", None),
        ("甲乙", [], "甲乙", []),
    ],
)
def test_masks_account_for_every_character_or_for_nothing(stored, spans, out, done):
    places = mask_places(stored, spans, out)

    assert (None if places is None else [one["done"] for one in places]) == done
    if places:
        (place,) = places
        assert out[slice(*place["released"])] == out[1:-1]


def verify(folder, *more):
    return main(["verify", str(folder), "--quiet", *map(str, more)])


def test_a_signature_is_checked_where_a_key_is_given(released, tmp_path, capsys):
    folder = tmp_path / "copy"
    shutil.copytree(released.path / "ws/releases" / VERSION, folder)
    private, other = tmp_path / "key.pem", tmp_path / "other.pem"
    public = make_keys(private)
    assert (private.stat().st_mode & 0o777, verify(folder)) == (0o600, 0)
    assert verify(folder, "--key", public) == 4  # unsigned
    sign_manifest(folder, private)

    capsys.readouterr()
    assert verify(folder) == 0
    assert "signature not checked" in capsys.readouterr().out
    assert verify(folder, "--key", public) == 0
    der = b64decode("".join(public.read_text().splitlines()[1:-1]))
    assert f"signed by the key {public}, sha256 {sha256(der).hexdigest()}" in capsys.readouterr().out
    assert verify(folder, "--key", make_keys(other)) == 4
    assert "is not that of the manifest by the key" in capsys.readouterr().out
    manifest = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(manifest + b" ")
    assert check_signature(folder, public) is not None
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "manifest.json.sig").write_text("zz")
    assert "is not that of the manifest" in check_signature(folder, public)
    assert verify(folder, "--key", public) == 4
    capsys.readouterr()


def test_what_people_said_in_samples_is_told_too(released, capsys):
    assert [one["round"] for one in traced(released, capsys, "b")[1]["labels"]] == ["before-web-1"]
    root = read_manifest(released.path / "ws/releases" / VERSION)["documents_root"]
    with session(open_registry(released.path / "ws")) as opened:
        drawn = {"population": 3, "seed": "1" * 64, "drawn": ["small/c"], "reason": "again"}
        for number, of in ((3, root), (4, "0" * 64)):
            enter_draw(opened, "acceptance", release=VERSION, root=of, labels=f"s-{number}", **drawn)
            opened.add(Round(id=number, name=f"s-{number}", kind="acceptance", rule_version="1", run=None, seed=1,
                             design={}, opened_at=now()))  # fmt: skip
            opened.flush()
            opened.add(Item(id=number, round=number, document="small/c", probability=1.0, overlap=1))
            opened.flush()
            opened.add(Assignment(id=number, item=number, contributor="p1", role="annotator", key=f"s{number}", place=0,
                                  issued_at=now()))  # fmt: skip
            opened.flush()
            opened.add(Answer(assignment=number, at=now(), annotation=number, sequence=number, revision=1, valid=True,
                              label={"verdict": "pass"}))  # fmt: skip
    assert [one["round"] for one in traced(released, capsys, "c")[1]["labels"]] == ["s-3"]  # s-4: of other data


def test_a_key_that_others_can_read_is_refused_and_none_is_written_over(tmp_path):
    private = tmp_path / "key.pem"
    public = make_keys(private)
    private.chmod(0o644)
    with pytest.raises(RecipeError, match="chmod 600"):
        read_private(private)
    with pytest.raises(RecipeError, match="never written over"):
        make_keys(private)
    public.chmod(0o600)
    with pytest.raises(RecipeError, match="no private key"):
        read_private(public)


def test_verify_finds_a_broken_chain_in_the_audit(released, tmp_path, capsys):
    folder = tmp_path / "copy"
    shutil.copytree(released.path / "ws/releases" / VERSION, folder)
    path = folder / "evidence/audit.jsonl"
    path.write_bytes(b'{"seq": 7}\n' + path.read_bytes())

    assert verify(folder) == 4
    assert "no row of an audit" in capsys.readouterr().out
    assert main(["audit", "verify", "--file", str(path)]) == 4
    assert main(["audit", "verify", "--workspace", str(released.path / "ws")]) == 0
    assert main(["audit", "verify", "--workspace", str(tmp_path / "nowhere")]) == 2
