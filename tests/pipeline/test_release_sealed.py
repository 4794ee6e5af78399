"""A candidate that waits, or a release that was never entered: what was changed in it meanwhile is not released."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.database import check_audit, open_registry, session
from pipeline.errors import GateError, LedgerError
from pipeline.gates.candidate import released_digests
from pipeline.registry import Audit, Release, select
from pipeline.release import merkle, staging
from pipeline.release.manifest import DATA, RELEASED, digests, finish, sha256_of
from pipeline.release.rows import RELEASED as ROWS
from pipeline.release.verify import check
from pipeline.sources.drawing import root_of
from pipeline.store import write_json
from tests.pipeline.test_release import ask, made, passing, refusing, rows_of, workspace  # noqa: F401 - fixtures too


def forge(folder):
    """Slip a document of a source without papers in, tell another batch of one, and make the manifest fit."""
    (path,) = (folder / "data").glob("*")
    rows = pq.read_table(path).to_pylist()
    rows[0]["meta"] = [{"key": "authorisation_batch", "value": "b1"}]
    rows.append({**rows[-1], "id": "slipped-in", "source": "no-papers", "text": "夹带进来的一篇。", "characters": 8})
    pq.write_table(pa.Table.from_pylist(rows, ROWS), path)
    manifest = json.loads((folder / "manifest.json").read_text())
    entry = {"path": f"data/{path.name}", "sha256": sha256_of(path), "bytes": path.stat().st_size, "rows": len(rows)}
    one = {"documents": 1, "characters": 8, "share": 0.01, "licence": None}
    said = {key: value for key, value in manifest.items() if key not in {"files", "root", "seal"}}
    said |= {
        "documents": len(rows), "sources": manifest["sources"] | {"no-papers": one},
        "documents_root": root_of(released_digests(folder)), "data_root": merkle.root_of(digests([entry], DATA)),
    }  # fmt: skip
    write_json(folder / "manifest.json", finish(said, folder, [entry]))
    assert check(folder) == []  # nothing in it contradicts anything else


def forge_meta(folder):
    """Change a field that no gate holds against the documents' root."""
    (path,) = (folder / "data").glob("*")
    rows = pq.read_table(path).to_pylist()
    for row in rows:
        row["licence"] = "CC0-1.0"
    pq.write_table(pa.Table.from_pylist(rows, ROWS), path)
    manifest = json.loads((folder / "manifest.json").read_text())
    entry = {"path": f"data/{path.name}", "sha256": sha256_of(path), "bytes": path.stat().st_size, "rows": len(rows)}
    said = {key: value for key, value in manifest.items() if key not in {"files", "root", "seal"}}
    said["data_root"] = merkle.root_of(digests([entry], DATA))
    write_json(folder / "manifest.json", finish(said, folder, [entry]))


def forge_statistics(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    said = json.loads((folder / "statistics.json").read_text())
    write_json(folder / "statistics.json", said | {"words": 1})
    data = [one for one in manifest["files"] if "rows" in one]
    rest = {key: value for key, value in manifest.items() if key not in {"files", "root", "seal"}}
    write_json(folder / "manifest.json", finish(rest, folder, data))


def forge_nonsense(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    write_json(folder / "manifest.json", manifest | {"files": [1, {"rows": 2}]})


def linked(folder):
    """Let a data file be a link to the same bytes, which can be changed when they were looked at."""
    (path,) = (folder / "data").glob("*")
    shutil.move(path, folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")


@pytest.fixture
def whole(workspace, tmp_path):  # noqa: F811
    """The bytes of the release that nobody tampered with."""
    shutil.copytree(workspace, tmp_path / "whole")
    ask(tmp_path / "whole")
    return tmp_path / "whole/releases/1"


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("change", [forge, forge_meta, forge_statistics, forge_nonsense, linked])
def test_a_candidate_that_was_changed_with_its_manifest_is_made_again(workspace, whole, change):  # noqa: F811
    with pytest.raises(GateError):
        ask(workspace, gates=refusing)
    change(workspace / "releases/.candidates/1")
    held = []
    ask(workspace, gates=lambda *about: held.append(files_of(about[2].folder / "data")) or passing(*about))
    assert files_of(workspace / "releases/1/data") == files_of(whole / "data") == held[0]
    assert (workspace / "releases/1/statistics.json").read_bytes() == (whole / "statistics.json").read_bytes()
    assert not any(path.is_symlink() for path in (workspace / "releases/1").rglob("*"))
    assert check(workspace / "releases/1") == []
    with session(open_registry(workspace)) as opened:
        assert [row.action for row in opened.scalars(select(Audit))] == [
            "candidate built", "release refused", "release",
        ]  # fmt: skip
        assert check_audit(opened) == 3


def test_a_candidate_that_nobody_built_here_is_made_again(workspace):  # noqa: F811
    with pytest.raises(GateError):
        ask(workspace, gates=refusing)
    forge_meta(workspace / "releases/.candidates/1")
    for name in ("registry.db", "registry.db-wal", "registry.db-shm"):
        (workspace / name).unlink(missing_ok=True)
    ask(workspace)
    assert {row["licence"] for row in rows_of(workspace)} == {None, "CC-BY-4.0"}


class KilledError(Exception):
    pass


@pytest.fixture
def named(workspace, monkeypatch):  # noqa: F811
    """A release that stands under its name and that the registry does not know, as a kill leaves it."""

    def give(*paths):
        give_name(*paths)
        raise KilledError

    give_name = staging.give_name
    with monkeypatch.context() as patch:
        patch.setattr(staging, "give_name", give)
        with pytest.raises(KilledError):
            ask(workspace)
    return workspace / "releases/1"


def test_a_release_that_was_never_entered_and_was_changed_is_not_entered(workspace, named):  # noqa: F811
    forge(named)
    with pytest.raises(LedgerError, match="never entered as released, and is not the candidate"):
        ask(workspace)
    with session(open_registry(workspace)) as opened:
        assert list(opened.scalars(select(Release))) == []


def test_what_gates_refuse_by_now_is_a_candidate_again_as_if_they_had_at_once(workspace, named, tmp_path):  # noqa: F811
    shutil.copytree(workspace, tmp_path / "other")
    shutil.rmtree(tmp_path / "other/releases")
    for at in (workspace, tmp_path / "other"):
        with pytest.raises(GateError) as refused:
            ask(at, gates=refusing)
        assert "1 of 2 gates refuse the release 1; nothing was released:\n  never: it may not\n    → give up" in str(
            refused.value
        )
    candidate = workspace / "releases/.candidates/1"
    assert not named.exists()
    assert json.loads((candidate / "manifest.json").read_text())["state"] == "candidate"
    gates = json.loads((candidate / "evidence/gates.json").read_text())["gates"]
    assert [(one["gate"], one["passed"]) for one in gates] == [("all_well", True), ("never", False)]
    assert check(candidate) == []
    assert files_of(candidate) == files_of(tmp_path / "other/releases/.candidates/1")
    with session(open_registry(workspace)) as opened:
        assert [row.action for row in opened.scalars(select(Audit))] == ["candidate built", "release refused"]
    assert ask(workspace)["state"] == RELEASED
