"""Slices: however a file is cut, its records are the same, in the same order, with the same numbers and offsets."""

import gzip
from dataclasses import asdict
from pathlib import Path
from unittest import mock

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import stream
from pipeline.errors import RecipeError, ShardError
from pipeline.readers.reading import ReadOptions, guess_format, read
from pipeline.readers.records import Slice, Unread
from pipeline.readers.slicing import slice_file

OPTIONS = ReadOptions(max_record_bytes=300)
WHOLE = 1 << 30


def cut(path, form, target, options=OPTIONS):
    return slice_file(
        source="s", path=str(path), file="f", format=form, target_bytes=target,
        split_folder=path.parent / "split", options=options,
    )  # fmt: skip


def read_slices(slices, options=OPTIONS):
    return [
        item for piece in slices for item in read(Slice(**{**asdict(piece), "columns": list(piece.columns)}), options)
    ]


def stored(path, data):
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix == ".zst":
        data = zstandard.ZstdCompressor().compress(data)
    path.write_bytes(data)
    return path


JSON_LINES = st.sampled_from([
    '{"text": "今天的会议改到下午三点", "id": 3}'.encode(),
    '{"text": "今天的会议改到下午三点"}'.encode("gb18030"),
    '{"text": "會議改到下午三點"}'.encode("big5"),
    '{"text": "中"}'.encode("gb18030"),
    b'{"text": "a\\nb"}', b"", b" ", b"\r", b"{broken", b'{"no": 1}',
    b'{"text": "' + b"x" * 400 + b'"}', b"\xff\xfe\xfd",
])  # fmt: skip

TABLE_LINES = st.sampled_from([
    '1,今天的会议改到下午三点,"a ""b"", c"'.encode(),
    '2,"会议改到\n\n下午三点",x'.encode(),
    '3,會議改到下午三點,"x\r\ny"'.encode("big5"),
    b'4,"never closed,x',
    b'5,5" wide,"y"', b"6,too,many,columns", b"7,few", b"", b"\r", b"8,ok,\r",
    b'"9",' + b"x" * 400 + b",",
    b'10,"' + b"x\n" * 200 + b'",y', b'11,"a"b,"c', b'12,a,"b"\r',
])  # fmt: skip

TEXT_LINES = st.sampled_from([
    "今天的会议改到下午三点".encode(), "今天的会议改到下午三点".encode("gb18030"), b"", b"", b" \t",
    b"\r", b"a\r", b"x" * 400, b"y" * 90,
])  # fmt: skip

FILES = st.one_of(
    st.tuples(st.just("jsonl"), st.lists(JSON_LINES, max_size=12)),
    st.tuples(st.just("csv"), st.lists(TABLE_LINES, max_size=12).map(lambda lines: [b"id,text,note", *lines])),
    st.tuples(st.just("paragraphs"), st.lists(TEXT_LINES, max_size=16)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    file=FILES,
    target=st.integers(1, 500),
    newline=st.sampled_from([b"\n", b"\r\n"]),
    final=st.booleans(),
    mark=st.booleans(),
    ending=st.sampled_from(["", "", ".gz", ".zst"]),
    block=st.integers(1, 600),
)
def test_cutting_changes_nothing(tmp_path_factory, file, target, newline, final, mark, ending, block):
    form, lines = file
    data = b"\xef\xbb\xbf" * mark + newline.join(lines) + newline * final
    path = stored(tmp_path_factory.mktemp("cut") / f"f.{form}{ending}", data)
    whole = cut(path, form, WHOLE)
    expected = read_slices(whole)
    # Small files in small blocks: a line, a newline and a quote may be cut anywhere.
    with mock.patch.object(stream, "BLOCK", block):
        pieces = cut(path, form, target)
        items = read_slices(pieces)

    assert expected == items
    assert [piece.digest for piece in cut(path, form, target)] == [piece.digest for piece in pieces]
    places = [(piece.start, piece.end) for piece in pieces]
    assert [0, *(end for _, end in places)] == [*(start for start, _ in places), len(data)]
    assert [end - start for start, end in places] == [piece.bytes for piece in pieces]
    assert [piece.bytes >= target for piece in pieces[:-1]] == [True] * (len(pieces) - 1)


@settings(max_examples=30, deadline=None)
@given(
    lines=st.lists(JSON_LINES, max_size=12), codec=st.sampled_from(["utf-16", "utf-16-be"]), target=st.integers(1, 500)
)
def test_utf16_is_not_cut_and_read_the_same_in_blocks_of_any_size(tmp_path_factory, lines, codec, target):
    text = "\n".join(line.decode("utf-8", "ignore") for line in ['{"text": "今天的会议改到下午三点"}'.encode(), *lines])
    path = stored(tmp_path_factory.mktemp("wide") / "f.jsonl", text.encode(codec))

    pieces = cut(path, "jsonl", target)
    expected = read_slices(pieces)
    with mock.patch.object(stream, "BLOCK", target % 40 + 1):
        items = read_slices(pieces)

    assert [(0, len(text.encode(codec)))] == [(piece.start, piece.end) for piece in pieces]
    assert expected == items


@pytest.mark.parametrize("block", [1, 7, 15, 1 << 20])
def test_a_slice_ends_with_the_line_that_fills_it(tmp_path, block):
    path = stored(tmp_path / "f.jsonl", b'{"text": "abc"}\n' * 9)
    with mock.patch.object(stream, "BLOCK", block):
        pieces = cut(path, "jsonl", 32)

    assert [(piece.start, piece.end, piece.first_record) for piece in pieces] == [
        (0, 32, 0),
        (32, 64, 2),
        (64, 96, 4),
        (96, 128, 6),
        (128, 144, 8),
    ]


def test_every_record_stands_where_its_offset_says(tmp_path):
    lines = [b'{"text": "%d"}' % n for n in range(50)]
    path = stored(tmp_path / "f.jsonl", b"\r\n".join(lines))
    data = path.read_bytes()
    items = read_slices(cut(path, "jsonl", 100))

    assert [(n, lines[n]) for n in range(50)] == [(x.record, data[x.offset :].split(b"\r\n")[0]) for x in items]


def test_the_same_bytes_have_the_same_digest_and_others_another(tmp_path):
    lines = [b'{"text": "%d"}\n' % n for n in range(100)]
    one = cut(stored(tmp_path / "a.jsonl", b"".join(lines)), "jsonl", 300)
    packed = cut(stored(tmp_path / "b.jsonl.zst", b"".join(lines)), "jsonl", 300)
    lines[-1] = b'{"text": "x"}\n'
    other = cut(stored(tmp_path / "c.jsonl", b"".join(lines)), "jsonl", 300)

    assert [piece.digest for piece in one] == [piece.digest for piece in packed]
    assert [piece.digest for piece in one][:-1] == [piece.digest for piece in other][:-1]
    assert one[-1].digest != other[-1].digest


def test_a_split_is_done_once(tmp_path):
    path = stored(tmp_path / "f.jsonl.zst", b"".join(b'{"text": "%d"}\n' % n for n in range(100)))
    first = cut(path, "jsonl", 300)
    stamps = {part: part.stat().st_mtime_ns for part in (tmp_path / "split").rglob("*")}
    second = cut(path, "jsonl", 300)

    assert first == second
    assert stamps == {part: part.stat().st_mtime_ns for part in (tmp_path / "split").rglob("*")}


@pytest.mark.parametrize("harm", ["manifest.json", "part-00001.slice.zst"])
def test_an_incomplete_split_is_done_again(tmp_path, harm):
    path = stored(tmp_path / "f.jsonl.zst", b"".join(b'{"text": "%d"}\n' % n for n in range(100)))
    first = cut(path, "jsonl", 300)
    (folder,) = (tmp_path / "split").iterdir()
    (folder / harm).unlink()
    (folder / "part-00009.slice.zst.partial").write_bytes(b"left behind")
    second = cut(path, "jsonl", 300)

    assert first == second
    assert ["manifest.json", *(f"part-{n:05d}.slice.zst" for n in range(len(first)))] == sorted(
        x.name for x in folder.iterdir()
    )
    assert [str(n) for n in range(100)] == [item.text for item in read_slices(second)]


def test_a_part_that_is_gone_is_a_failed_shard_not_a_bad_record(tmp_path):
    path = stored(tmp_path / "f.jsonl.zst", b"".join(b'{"text": "%d"}\n' % n for n in range(100)))
    pieces = cut(path, "jsonl", 300)
    Path(pieces[1].path).unlink()

    with pytest.raises(ShardError, match="part-00001"):
        read_slices(pieces)


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "text", "paragraphs", "html", "warc", "parquet"])
def test_a_file_that_cannot_be_read_is_one_account_in_every_format(tmp_path, form):
    pieces = cut(tmp_path / "gone", form, 100)
    (item,) = read_slices(pieces)

    assert isinstance(item, Unread)
    expected = ("unreadable_file", None, 0)
    assert expected == (item.error.partition(":")[0], item.lost, item.record)


@pytest.mark.parametrize("form", ["jsonl", "csv", "paragraphs", "warc"])
def test_an_empty_file_has_one_slice_and_no_records(tmp_path, form):
    pieces = cut(stored(tmp_path / "f", b""), form, 100)

    assert (len(pieces), read_slices(pieces)) == (1, [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b.jsonl", ("jsonl", None)),
        ("b.JSONL.GZ", ("jsonl", "gzip")),
        ("b.ndjson.zst", ("jsonl", "zstd")),
        ("CC-MAIN-2024.warc.gz", ("warc", "gzip")),
        ("x.warc.wet.gz", ("warc", "gzip")),
        ("x.parquet", ("parquet", None)),
        ("x.csv", ("csv", None)),
        ("x.tsv.gz", ("tsv", "gzip")),
        ("x.txt", ("text", None)),
        ("index.htm", ("html", None)),
    ],
)
def test_the_name_of_a_file_says_its_format(name, expected):
    assert expected == guess_format(name)


@pytest.mark.parametrize(
    ("name", "message"), [("a/b.jsnl", r'did you mean "\.jsonl"'), ("data", "guessed are"), ("x.gz", "no format")]
)
def test_an_unknown_name_is_an_error_that_names_the_known(name, message):
    with pytest.raises(RecipeError, match=message):
        guess_format(name)
