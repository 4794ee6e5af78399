"""The files of a release: where they are cut, the tree over them, what a check finds, and who can read them."""

import json
import os
import shutil
import tempfile
from hashlib import sha256

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import RecipeError
from pipeline.release import merkle
from pipeline.release.cutting import Cutting, marks_of
from pipeline.release.form import Mixture, Shaping
from pipeline.release.manifest import FORMAT, digests, finish, seal_of, sha256_of
from pipeline.release.pages import compare, frames_of, pages_of
from pipeline.release.rows import RELEASED
from pipeline.release.selection import drawn, places
from pipeline.release.shards import ShardWriter
from pipeline.release.verify import check
from pipeline.sources.drawing import root_of, stack
from pipeline.store import write_json

RNG = np.random.default_rng(7)
WORDS = ["潮汐", "码头", "渡轮", "班次", "旅客", "广播", "雾气", "渔民", "审计", "报告", "隧道", "螺栓", "吊桥", "桂花"]
SMALL = Shaping(target_mb=0.06, row_group_mb=0.1, page_kb=1)


def rows(count, start=0):
    """Made-up rows of a release; a row is the same whatever stands beside it."""
    made = []
    for number in range(start, start + count):
        random = np.random.default_rng(number)
        text = "".join(random.choice(WORDS, 20 + number % 150))
        made.append({
            "id": f"web:a.jsonl#{number}", "text": text, "source": f"s{number * 3 // max(1, count)}",
            "url": f"https://example.org/{number}", "licence": None if number % 3 else "CC0-1.0", "domain": "law",
            "script": "Hans", "quality": None if number % 7 == 0 else float(random.random()), "characters": len(text),
            "run": "r", "meta": [{"key": "title", "value": text[:4]}],
        })  # fmt: skip
    return made


def write(folder, made, shaping=SMALL, kind="parquet", batch=1000):
    folder.mkdir(parents=True)
    writer = ShardWriter(folder, "train", shaping, kind)
    for begin in range(0, len(made), batch):
        writer.write(pa.Table.from_pylist(made[begin : begin + batch], RELEASED))
    return writer.close()


@pytest.fixture(scope="module")
def made():
    return rows(2000)


def test_files_do_not_know_in_which_batches_rows_came(made, tmp_path):
    for batch in (1000, 77):
        write(tmp_path / str(batch), made, batch=batch)
    one, other = ({path.name: path.read_bytes() for path in (tmp_path / str(n)).iterdir()} for n in (1000, 77))
    assert len(one) > 3
    assert one == other
    assert [row for name in sorted(one) for row in pq.read_table(pa.BufferReader(one[name])).to_pylist()] == made


def test_sizes_stay_near_the_target(made, tmp_path):
    done = write(tmp_path / "a", made)
    assert sum(count for _, count in done) == len(made)
    sizes = [path.stat().st_size for path, _ in done[:-1]]
    assert all(0.75 * 60_000 <= size <= 1.5 * 60_000 + 80_000 for size in sizes)  # a file ends with a row group
    for path, count in done:
        metadata = pq.read_metadata(path)
        assert metadata.num_rows == count
        text = [metadata.row_group(n).column(1).total_uncompressed_size for n in range(metadata.num_row_groups)]
        assert all(size <= 1.5 * 100_000 + 3000 for size in text)


def test_columns_one_searches_by_have_statistics_and_a_page_index(made, tmp_path):
    path, _ = write(tmp_path / "a", made)[0]
    metadata = pq.read_metadata(path)
    for place in range(metadata.num_columns):
        column = metadata.row_group(0).column(place)
        searched = column.path_in_schema not in {"text", "url"} and not column.path_in_schema.startswith("meta")
        assert (column.has_offset_index, column.has_column_index) == (True, searched)
        assert (column.compression, column.is_stats_set) == ("ZSTD", searched)


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_removed_row_leaves_all_other_pages_as_they_were(made, tmp_path, kind):
    shaping = Shaping(target_mb=10, row_group_mb=10, page_kb=1)
    gone = set(RNG.choice(len(made), 3, replace=False).tolist())
    old = write(tmp_path / "old", made, shaping, kind)
    new = write(tmp_path / "new", [row for number, row in enumerate(made) if number not in gone], shaping, kind)
    named = [{str(path.relative_to(tmp_path / where)): sha256_of(path) for path, _ in files}
             for where, files in (("old", old), ("new", new))]  # fmt: skip
    kept = compare(tmp_path / "old", named[0], tmp_path / "new", named[1])
    assert kept["bytes_in_kept_files"] == 0
    rewritten = 1 - kept["bytes_in_kept_pages"] / kept["bytes"]
    assert 0 < rewritten < 0.5  # so few rows have few pages; without content-defined ones it is nearly all
    assert compare(tmp_path / "old", named[0], tmp_path / "old", named[0])["files_kept"] == len(old)


@pytest.mark.parametrize(("kind", "pieces"), [("parquet", pages_of), ("jsonl", frames_of)])
def test_pages_cover_the_file_but_what_says_where_they_lie(made, tmp_path, kind, pieces):
    ((path, _),) = write(tmp_path / "a", made, Shaping(target_mb=10, row_group_mb=0.1, page_kb=1), kind)
    sizes = [len(one) for one in pieces(path)]
    metadata = pq.read_metadata(path) if kind == "parquet" else None
    if metadata is None:
        assert sum(sizes) == path.stat().st_size
    else:
        groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
        assert sum(sizes) == sum(g.column(c).total_compressed_size for g in groups for c in range(g.num_columns))
    assert len(sizes) > 50


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=300), st.integers(0, 299), st.integers(1, 60))
def test_a_cut_moves_only_beside_what_was_removed(sizes, which, step):
    sizes = np.array(sizes, np.int64)
    marks = marks_of(["s"] * len(sizes), [str(number) for number in range(len(sizes))])
    which %= len(sizes)

    def cut(keep):
        cutting, begin, cuts, seen = Cutting(1500), 0, [], step
        names = np.flatnonzero(keep)
        while begin < len(names):
            here = names[begin : max(seen, begin)]
            size = cutting.next_cut(marks[here], sizes[here])
            if size is None:
                if seen >= len(names):
                    break
                seen += step
                continue
            assert sizes[names[begin : begin + size - 1]].sum() < 1.5 * 1500
            assert sizes[names[begin : begin + size]].sum() >= 0.75 * 1500
            begin += size
            cuts.append(int(names[begin - 1]))
        return cuts

    keep = np.ones(len(sizes), np.bool_)
    whole = cut(keep)
    keep[which] = False
    less = cut(keep)
    assert [end for end in less if end < which] == [end for end in whole if end < which]
    common = [end for end in set(less) & set(whole) if end > which]
    if common:  # from the first cut that both have they agree
        assert [end for end in less if end >= min(common)] == [end for end in whole if end >= min(common)]


def test_the_tree_is_that_of_the_standard():
    # Leaves and roots that implementations of RFC 6962 are tested by.
    data = [b"", b"\0", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"]
    leaves = [sha256(b"\0" + one).digest() for one in data]
    known = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    assert {count: merkle.root(leaves[:count]).hex() for count in known} == known


def test_a_proof_proves_its_file_at_its_place_and_no_other():
    for count in range(1, 20):
        leaves = [merkle.leaf(f"data/{number}", "00" * 32) for number in range(count)]
        root = merkle.root(leaves)
        for number in range(count):
            path = merkle.proof(leaves, number)
            proven = [place for place in range(-1, count + 1)
                      if merkle.proves(path, leaves[number], place, count, root)]  # fmt: skip
            assert proven == [number]
            assert not merkle.proves(path, merkle.leaf("data/x", "00" * 32), number, count, root)
            assert not merkle.proves([*path, root], leaves[number], number, count, root)
            if path:
                assert not merkle.proves(path[:-1], leaves[number], number, count, root)


@pytest.fixture
def release(made, tmp_path):
    folder = tmp_path / "copy" / "2026.11"
    files = write(folder / "data", made[:400])
    (folder / "evidence").mkdir()
    (folder / "evidence" / "gates.json").write_text("{}")
    data = [
        {"path": path.relative_to(folder).as_posix(), "sha256": sha256_of(path), "rows": count} for path, count in files
    ]
    said = {"format": FORMAT, "version": "2026.11", "state": "released", "trial": False, "documents": 400, "share": 0.1,
            "data_root": merkle.root_of(digests(data))}  # fmt: skip
    write_json(folder / "manifest.json", finish(said, folder, data))
    assert check(folder) == []
    return folder


def test_every_changed_byte_is_found_and_named(release):
    for path in sorted(release.rglob("*")):
        if path.is_dir():
            continue
        whole = path.read_bytes()
        step = max(1, len(whole) // 60)
        for place in {0, len(whole) - 1, *range(0, len(whole), step)}:
            changed = bytearray(whole)
            changed[place] ^= 0x20
            path.write_bytes(changed)
            try:
                named = {fault.path for fault in check(release)}
            except RecipeError as error:  # the manifest can no longer be read
                named = {"manifest.json"} if "manifest.json" in str(error) else set()
            assert path.relative_to(release).as_posix() in named, (path, place)
        path.write_bytes(whole)
    assert check(release) == []


def test_missing_added_and_linked_files_are_found(release, tmp_path):
    (release / "evidence" / "note.txt").write_text("more")
    assert [str(fault) for fault in check(release)] == ["evidence/note.txt: is not in the manifest"]
    (release / "evidence" / "note.txt").unlink()
    for name in ("manifest.json.bak", "manifest.json.d/more.bin"):
        (release / name).parent.mkdir(exist_ok=True)
        (release / name).write_text("more")
        assert [str(fault) for fault in check(release)] == [f"{name}: is not in the manifest"]
        (release / name).unlink()
    first = min((release / "data").iterdir())
    shutil.move(first, tmp_path / "elsewhere")
    assert [str(fault) for fault in check(release)] == [f"data/{first.name}: is missing"]
    first.symlink_to(tmp_path / "elsewhere")
    assert [str(fault) for fault in check(release)] == [f"data/{first.name}: is a link, not a file"]
    first.unlink()
    shutil.move(tmp_path / "elsewhere", first)
    with first.open("ab") as file:
        file.write(b"\0")
    (fault,) = check(release)
    assert "bytes, not" in str(fault)
    (release / "manifest.json").unlink()
    with pytest.raises(RecipeError, match="is no release"):
        check(release)


def test_a_manifest_whose_digests_were_all_made_to_fit_still_has_another_root(release):
    manifest = json.loads((release / "manifest.json").read_text())
    root = manifest["root"]
    (release / "evidence" / "gates.json").write_text('{"gates": []}')
    data = [one for one in manifest["files"] if "rows" in one]
    forged = finish(
        {key: value for key, value in manifest.items() if key not in {"files", "root", "seal"}}, release, data
    )
    write_json(release / "manifest.json", forged)
    assert check(release) == []
    assert forged["root"] != root
    forged["documents"] = 399
    forged["seal"] = seal_of(forged)
    (release / "manifest.json").write_bytes(orjson.dumps(forged, option=orjson.OPT_INDENT_2))
    assert [str(fault) for fault in check(release)] == [
        "manifest.json: its root is not that of the files it lists and of what it says",
        "manifest.json: says 399 documents, its data files have 400",
    ]


def forged(folder, change):
    """Change what a manifest says, and make all its digests fit."""
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    data = [one for one in manifest["files"] if "rows" in one]
    for one in data:
        one["sha256"] = sha256_of(folder / one["path"])
    said = {key: value for key, value in manifest.items() if key not in {"files", "root", "seal"}}
    said["data_root"] = merkle.root_of(digests(data))
    write_json(folder / "manifest.json", finish(said, folder, data))


def test_rows_are_counted_by_the_footers(release):
    def swap(manifest):
        one, other = [one for one in manifest["files"] if "rows" in one][:2]
        one["rows"], other["rows"] = one["rows"] + 1, other["rows"] - 1

    before = [pq.read_metadata(path).num_rows for path in sorted((release / "data").iterdir())]
    forged(release, swap)
    assert [str(fault) for fault in check(release)] == [
        f"data/train-00000.parquet: has {before[0]} rows, not {before[0] + 1}",
        f"data/train-00001.parquet: has {before[1]} rows, not {before[1] - 1}",
    ]


def test_a_parquet_that_was_cut_off_is_found_though_its_digest_fits(release):
    path = release / "data/train-00000.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    forged(release, lambda _: None)
    (fault,) = check(release)
    assert str(fault).startswith("data/train-00000.parquet: is no Parquet that can be read")


def test_the_root_over_the_documents_is_derived_from_the_rows(release, made):
    def said(text=None, sources=None):
        def change(manifest):
            digest = [
                sha256("\0".join((row["source"], row["id"], text or row["text"])).encode()).digest()
                for row in made[:400]
            ]
            counts = {name: sum(row["source"] == name for row in made[:400]) for name in ("s0", "s1")}
            manifest["documents_root"] = root_of(stack(digest))
            manifest["sources"] = {name: {"documents": count} for name, count in (sources or counts).items()}

        return change

    forged(release, said())
    assert (check(release), check(release, rows=True)) == ([], [])
    forged(release, said(text="清晨"))
    assert check(release) == []
    (fault,) = check(release, rows=True)
    assert str(fault).startswith(
        "manifest.json: its documents_root is not that of the documents in its files, which is "
    )
    forged(release, said(sources={"s0": 399, "s2": 1}))
    counts = [row["source"] for row in made[:400]]
    assert [str(fault) for fault in check(release, rows=True)] == [
        f"manifest.json: says {number} documents of {name}, its files have {counts.count(name)}"
        for name, number in (("s0", 399), ("s2", 1)) if counts.count(name) != number
    ]  # fmt: skip


def test_what_a_manifest_says_is_under_its_root(release):
    manifest = json.loads((release / "manifest.json").read_text())
    for forged in ({"trial": True}, {"version": "2026.12"}, {"state": "candidate"}):
        said = manifest | forged
        (release / "manifest.json").write_bytes(
            orjson.dumps(said | {"seal": seal_of(said)}, option=orjson.OPT_INDENT_2)
        )
        assert [fault.path for fault in check(release)] == ["manifest.json"]


def test_a_path_that_leads_out_is_refused(release):
    manifest = json.loads((release / "manifest.json").read_text())
    manifest["files"].append({"path": "../secret", "sha256": "00" * 32, "bytes": 1})
    (release / "manifest.json").write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    assert "../secret: is a path that leads out of the release" in map(str, check(release))


@given(st.lists(st.text(max_size=8), unique=True, max_size=40), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_larger_share_takes_the_same_and_more(ids, one, other):
    table = pa.table({"id": pa.array(ids, pa.string()), "source": pa.array(["s"] * len(ids), pa.string()),
                      "domain": pa.nulls(len(ids), pa.string())})  # fmt: skip
    small, large = (drawn(table, Mixture(sources={"s": share})) for share in sorted([one, other]))
    assert not (small & ~large).any()
    assert [bool(drawn(table.slice(n, 1), Mixture(sources={"s": one}))[0]) for n in range(len(ids))] == (
        drawn(table, Mixture(sources={"s": one})).tolist()
    )


def test_a_share_is_met():
    lies = places(["s"] * 20_000, [str(number) for number in range(20_000)], "salt")
    for share in (0.1, 0.5, 0.9):
        assert np.mean(lies < share) == pytest.approx(share, abs=0.015)


def test_training_engineers_read_it_with_what_they_have(made, tmp_path):
    datasets = pytest.importorskip("datasets", reason="a development dependency")
    duckdb = pytest.importorskip("duckdb", reason="a development dependency")
    polars = pytest.importorskip("polars", reason="a development dependency")
    write(tmp_path / "data", made[:600])
    pattern = str(tmp_path / "data" / "*.parquet")
    assert len(list((tmp_path / "data").iterdir())) > 1

    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory() as cache:
        read = datasets.load_dataset("parquet", data_files=pattern, split="train", cache_dir=cache)
        assert read.column_names == RELEASED.names
        assert list(read) == made[:600]
        streamed = datasets.load_dataset("parquet", data_files=pattern, split="train", streaming=True)
        assert next(iter(streamed)) == made[0]
    assert polars.read_parquet(pattern).to_dicts() == made[:600]
    said = duckdb.sql(f"SELECT source, count(*), sum(characters) FROM '{pattern}' GROUP BY ALL ORDER BY ALL").fetchall()
    sources = sorted({row["source"] for row in made[:600]})
    mine = [[row for row in made[:600] if row["source"] == name] for name in sources]
    assert said == [
        (name, len(own), sum(row["characters"] for row in own)) for name, own in zip(sources, mine, strict=True)
    ]
    import pyarrow.dataset as ds

    assert ds.dataset(str(tmp_path / "data")).to_table().to_pylist() == made[:600]
