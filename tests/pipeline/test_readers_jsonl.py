"""JSON Lines: every bad line costs itself, and the account says why."""

import gzip
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest
import zstandard

from pipeline.readers.reading import ReadOptions, read
from pipeline.readers.records import RAW_LIMIT, Record, Repair, Unread
from pipeline.readers.slicing import slice_file

ROOT = Path(__file__).resolve().parents[2]


def read_all(path, options=None, target=1 << 20, split=None):
    options = options or ReadOptions()
    slices = slice_file(
        source="s", path=str(path), file="f", format="jsonl", target_bytes=target,
        split_folder=split or Path(str(path)).parent / "split", options=options,
    )  # fmt: skip
    return [item for piece in slices for item in read(piece, options)]


def read_line(tmp_path, line, options=None):
    path = tmp_path / "one.jsonl"
    path.write_bytes(line)
    return read_all(path, options)


def kinds(items):
    return [item.error.partition(":")[0] if isinstance(item, Unread) else item.text for item in items]


def test_a_record_has_its_place_its_text_and_its_other_fields(tmp_path):
    line = (
        '{"text": "正文", "id": 7, "url": "http://e.cn/", "source": "内部", "n": 1.5,'
        ' "tags": ["甲", {"b": 2, "a": 1}], "x": null}'
    )
    meta = {"source": "内部", "n": "1.5", "tags": '["甲",{"a":1,"b":2}]'}
    expected = [Record(1, 1, "正文", "utf-8", "7", "http://e.cn/", meta)]

    assert expected == read_line(tmp_path, b"\n" + line.encode() + b"\n \t\r\n")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('"id": "a b"', "a b"),
        ('"id": ""', None),
        ('"id": "  "', None),
        ('"id": 12345678901234567890123', "12345678901234567890123"),
        ('"id": 1.5', "1.5"),
        ('"id": null', None),
        ('"_id": "u"', "u"),
        ('"doc_id": 0', "0"),
        ('"ID": "big"', "big"),
    ],
)
def test_the_id_is_a_string_or_absent(tmp_path, fields, expected):
    (record,) = read_line(tmp_path, b'{"text": "t", %b}' % fields.encode())

    assert expected == record.id


@pytest.mark.parametrize("name", ["text", "content", "正文", "body", "Content", "TEXT"])
def test_the_text_is_found_by_its_usual_names(tmp_path, name):
    expected = [Record(0, 0, "甲", "utf-8")]

    assert expected == read_line(tmp_path, f'{{"{name}": "甲"}}'.encode())


def test_a_usable_text_is_preferred_to_an_empty_field_named_text(tmp_path):
    expected = [Record(0, 0, "甲", "utf-8", meta={"url2": "x"})]

    assert expected == read_line(tmp_path, '{"text": null, "content": "甲", "url2": "x"}'.encode())


def test_a_recipe_names_the_fields(tmp_path):
    options = ReadOptions(text="body", id="key", url="at")
    expected = [Record(0, 0, "甲", "utf-8", "k", "u", {"text": "乙", "id": "3"})]

    assert expected == read_line(
        tmp_path, '{"text": "乙", "body": "甲", "key": "k", "at": "u", "id": 3}'.encode(), options
    )


def test_an_empty_text_is_a_record(tmp_path):
    assert [Record(0, 0, "", "utf-8")] == read_line(tmp_path, b'{"text": ""}')


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"text": "a"', "malformed_json"),
        (b"{'text': 'a'}", "malformed_json"),
        (b"[" * 100_000, "malformed_json"),
        (b'["text"]', "not_an_object"),
        (b"3", "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"title": "a"}', "missing_text"),
        (b"{}", "missing_text"),
        (b'{"text": null}', "missing_text"),
        (b'{"text": 5}', "text_not_a_string"),
        (b'{"text": ["a"]}', "text_not_a_string"),
        (b'{"text": "' + bytes(range(128, 256)) + b'"}', "undecodable"),
    ],
)
def test_a_bad_line_costs_one_record_and_is_kept(tmp_path, line, kind):
    good = b'{"text": "good"}'
    items = read_line(tmp_path, good + b"\n" + line + b"\n" + good)
    unread = items[1]
    expected = (["good", kind, "good"], 1, len(good) + 1, line[:RAW_LIMIT], 1)

    assert expected == (kinds(items), unread.record, unread.offset, unread.raw, unread.lost)


def test_a_line_over_the_limit_is_quarantined(tmp_path):
    line = b'{"text": "' + b"a" * 100 + b'"}'
    items = read_line(tmp_path, b'{"text": "b"}\n' + line + b'\n{"text": "c"}\n', ReadOptions(max_record_bytes=50))

    expected = ["b", "record_too_long", "c"]

    assert expected == kinds(items)


@pytest.mark.parametrize(
    ("line", "text", "meta"),
    [
        (b'{"text": "a", "n": NaN}', "a", {"n": "null"}),
        (b'{"text": "a", "text": "b"}', "b", {}),
        (b'{"text": "a\tb"}', "a\tb", {}),
    ],
)
def test_what_is_no_strict_json_but_plain_is_read(tmp_path, line, text, meta):
    assert [Record(0, 0, text, "utf-8", meta=meta)] == read_line(tmp_path, line)


def test_lone_surrogates_are_replaced_and_recorded(tmp_path):
    line = rb'{"text": "a\ud83d\ude00\ud800b\udc00\udc01", "id": "\ud800", "m\udfff": "\udfff"}'
    repairs = (Repair(2, 3, "lone_surrogate", "D800"), Repair(4, 5, "lone_surrogate", "DC00 DC01"))
    expected = [Record(0, 0, "a😀\ufffdb\ufffd", "utf-8", "\ufffd", None, {"m\ufffd": "\ufffd"}, repairs)]

    assert expected == read_line(tmp_path, line)


def test_bad_bytes_are_recorded_where_they_stand_in_the_text(tmp_path):
    text = "今天的会议改到下午三点。" * 20
    line = f'{{"id": "x", "text": "{text}"}}'.encode()
    at = line.index("会".encode())
    expected = [Record(0, 0, "今天的\ufffd" + text[3:], "utf-8", "x", repairs=(Repair(3, 4, "undecodable", "ff"),))]

    assert expected == read_line(tmp_path, line[:at] + b"\xff" + line[at:])


def test_each_record_of_a_mixed_file_has_its_own_encoding(tmp_path):
    lines = [
        '{"text": "今天的会议改到下午三点"}'.encode(),
        '{"text": "今天的会议改到下午三点"}'.encode("gb18030"),
        '{"text": "會議改到下午三點，功蓋天下"}'.encode("big5"),  # 功 and 蓋 have a backslash as second byte
    ]
    expected = [
        ("今天的会议改到下午三点", "utf-8"),
        ("今天的会议改到下午三点", "gb18030"),
        ("會議改到下午三點，功蓋天下", "big5-hkscs"),
    ]

    assert expected == [(item.text, item.encoding) for item in read_line(tmp_path, b"\n".join(lines))]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "gb18030", "utf-16-be-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_in_another_encoding_has_the_same_records_and_true_offsets(tmp_path, codec, end):
    lines = ['{"text": "今天的会议改到下午三点。"}', "", '{"text": "上海"}', '{"text": "最后一行"}']
    mark = "\ufeff" if codec == "utf-16-be-sig" else ""
    codec = codec.removesuffix("-sig") if mark else codec
    name = {"utf-8-sig": "utf-8"}.get(codec, codec[:6] if codec.startswith("utf-16") else codec)
    data = (mark + end.join(lines)).encode(codec)
    wanted = [
        0,
        *(data.index(x.encode("utf-16-le" if codec == "utf-16" else codec.removesuffix("-sig"))) for x in lines[2:]),
    ]
    expected = [(0, "今天的会议改到下午三点。", name), (2, "上海", name), (3, "最后一行", name)]

    items = read_line(tmp_path, data)

    assert (expected, wanted) == ([(x.record, x.text, x.encoding) for x in items], [x.offset for x in items])


def test_a_stated_encoding_is_used_for_every_line(tmp_path):
    expected = [Record(0, 0, "涓枃", "gb18030")]

    assert expected == read_line(tmp_path, '{"text": "涓枃"}'.encode("gbk"), ReadOptions(encoding="gbk"))


def _archived(kind, data):
    return gzip.compress(data) if kind == "gz" else zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("target", [1 << 20, 3_000])
def test_a_truncated_archive_gives_its_whole_records_and_one_account(tmp_path, kind, target):
    lines = [b'{"text": "%d %b"}' % (n, (b"%x" % (n * 7**40 % 11**30))) for n in range(400)]
    data = _archived(kind, b"\n".join(lines))
    path = tmp_path / f"cut.jsonl.{kind}"
    path.write_bytes(data[: len(data) * 2 // 3])

    *whole, last = read_all(path, target=target)

    assert kinds(whole) == [line[10:-2].decode() for line in lines[: len(whole)]]
    expected = ("truncated_archive", None, len(whole), sum(len(line) + 1 for line in lines[: len(whole)]), True)
    kind = last.error.partition(":")[0]
    assert expected == (kind, last.lost, last.record, last.offset, lines[len(whole)].startswith(last.raw))


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_damaged_archive_is_one_account(tmp_path, kind):
    data = bytearray(_archived(kind, b"".join(b'{"text": "%d"}\n' % (n * 7**40 % 11**30) for n in range(20_000))))
    data[len(data) // 2] ^= 0xFF
    data[len(data) // 2 + 1] ^= 0xFF
    path = tmp_path / f"bad.jsonl.{kind}"
    path.write_bytes(data)

    last = read_all(path)[-1]

    expected = ("corrupt_archive", None)

    assert expected == (last.error.partition(":")[0], last.lost)


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_several_members_are_one_stream(tmp_path, kind):
    path = tmp_path / f"two.jsonl.{kind}"
    path.write_bytes(
        _archived(kind, b'{"text": "a"}\n{"te') + _archived(kind, b'xt": "b"}\n') + b"\0" * 20 * (kind == "gz")
    )

    expected = [(0, 0, "a"), (1, 14, "b")]

    assert expected == [(x.record, x.offset, x.text) for x in read_all(path)]


@pytest.mark.parametrize("scheme", ["memory", "file"])
@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
@pytest.mark.parametrize("target", [1 << 20, 40])
def test_a_url_is_read_like_a_path(tmp_path, scheme, ending, target):
    url = f"{scheme}://{tmp_path}/remote.jsonl{ending}"
    data = b"".join(b'{"text": "%d"}\n' % n for n in range(20))
    with fsspec.open(url, "wb") as handle:
        handle.write(_archived(ending[1:], data) if ending else data)

    assert [(n, str(n)) for n in range(20)] == [
        (x.record, x.text) for x in read_all(url, None, target, tmp_path / "split")
    ]


def test_a_file_that_is_not_there_is_one_account(tmp_path):
    expected = [Unread(0, 0, "unreadable_file: No such file or directory", b"", None)]

    assert expected == read_all(tmp_path / "gone.jsonl")


def test_a_file_that_grew_shorter_after_it_was_cut_is_told(tmp_path):
    path = tmp_path / "f.jsonl"
    path.write_bytes(b'{"text": "a"}\n{"text": "b"}\n')
    (piece,) = slice_file(
        source="s",
        path=str(path),
        file="f",
        format="jsonl",
        target_bytes=99,
        split_folder=tmp_path,
        options=ReadOptions(),
    )
    path.write_bytes(b'{"text": "a"}\n{"te')

    expected = ["a", "truncated_file"]

    assert expected == kinds(read(piece, ReadOptions()))


MEMORY = """
import resource, sys
from pathlib import Path
from pipeline.readers.reading import ReadOptions, read
from pipeline.readers.slicing import slice_file

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
options = ReadOptions(max_record_bytes=8 << 20)
path = Path(sys.argv[1])
pieces = slice_file(source="s", path=str(path), file="f", format="jsonl", target_bytes=64 << 20,
                    split_folder=path.parent / "split", options=options)
for piece in pieces:
    for item in read(piece, options):
        print(item.record, item.offset, getattr(item, "text", None) or (item.error.split(":")[0], len(item.raw)))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_a_line_of_200_mb_is_quarantined_without_being_held(tmp_path, ending):
    path = tmp_path / f"long.jsonl{ending}"
    chunk = b"a" * 1_000_000
    opened = {"": Path.open, ".gz": gzip.open, ".zst": zstandard.open}[ending]
    with opened(path, "wb", **({"compresslevel": 1} if ending == ".gz" else {})) as handle:
        handle.write(b'{"text": "first"}\n{"text": "')
        for _ in range(200):
            handle.write(chunk)
        handle.write(b'"}\n{"text": "last"}\n')

    ran = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    *lines, grown = ran.stdout.splitlines()

    expected = ["0 0 first", f"1 18 ('record_too_long', {RAW_LIMIT})", f"2 {18 + 13 + 200_000_000} last"]
    assert expected == lines
    # MB: blocks, what zstd makes of one step, and twice max_record_bytes while it is joined; never the line.
    assert int(grown) < 120
