"""Parquet as input: row groups, columns of every kind, and damage that costs what it hits."""

import datetime as dt
from decimal import Decimal

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.readers.reading import ReadOptions, read
from pipeline.readers.records import Record, Repair, Unread
from pipeline.readers.slicing import slice_file


def read_all(path, target=1 << 30, options=None):
    options = options or ReadOptions()
    slices = slice_file(
        source="s", path=str(path), file="f", format="parquet", target_bytes=target, split_folder=path, options=options
    )
    return slices, [item for piece in slices for item in read(piece, options)]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.string())]
)
def test_the_text_may_be_of_any_string_or_bytes_type(tmp_path, kind):
    texts = pa.array(["甲", "乙", None, ""]).cast(kind)
    pq.write_table(pa.table({"id": [1, 2, 3, 4], "content": texts}), tmp_path / "f.parquet")
    items = read_all(tmp_path / "f.parquet")[1]

    expected = [Record(0, -1, "甲", "utf-8", "1"), Record(1, -1, "乙", "utf-8", "2"), Record(3, -1, "", "utf-8", "4")]
    assert expected == [items[0], items[1], items[3]]
    assert items[2].error.partition(":")[0] == "missing_text"


def test_other_columns_become_meta_but_bytes(tmp_path):
    table = pa.table(
        {
            "text": ["甲"],
            "source": ["内部"],
            "at": [dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)],
            "price": [Decimal("1.50")],
            "tags": [["x", None]],
            "part": [{"b": 1, "a": "y"}],
            "none": pa.array([None], pa.int32()),
            "image": [b"\x89PNG"],
            "ok": [True],
        }
    )
    pq.write_table(table, tmp_path / "f.parquet")
    meta = {
        "source": "内部", "at": '"2024-01-02T03:04:05+00:00"', "price": '"1.50"', "tags": '["x",null]',
        "part": '{"a":"y","b":1}', "ok": "true",
    }  # fmt: skip

    assert [Record(0, -1, "甲", "utf-8", meta=meta)] == read_all(tmp_path / "f.parquet")[1]


@pytest.mark.parametrize("target", [1, 300, 1 << 30])
def test_cutting_between_row_groups_changes_nothing(tmp_path, target):
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"text": [str(n) for n in range(1000)]}), path, row_group_size=70)
    slices, items = read_all(path, target)

    assert [(n, str(n)) for n in range(1000)] == [(item.record, item.text) for item in items]
    assert [0, *(piece.end for piece in slices)] == [*(piece.start for piece in slices), 15]
    assert len({piece.digest for piece in slices}) == len(slices)


def test_strings_that_are_no_utf8_are_decoded_like_others(tmp_path):
    text = "今天的会议改到下午三点。" * 20
    raw = [
        "今天的会议改到下午三点".encode("gb18030"),
        text[:9].encode() + b"\xff" + text[9:].encode(),
        bytes(range(128, 256)),
        "上海".encode(),
    ]
    column = pa.array(raw, pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": column}), tmp_path / "f.parquet")
    items = read_all(tmp_path / "f.parquet")[1]
    expected = [
        Record(0, -1, "今天的会议改到下午三点", "gb18030"),
        Record(1, -1, text[:9] + "\ufffd" + text[9:], "utf-8", repairs=(Repair(9, 10, "undecodable", "ff"),)),
        Record(3, -1, "上海", "utf-8"),
    ]

    assert expected == [items[0], items[1], items[3]]
    assert ("undecodable", raw[2]) == (items[2].error.partition(":")[0], items[2].raw)


def test_a_text_over_the_limit_is_quarantined(tmp_path):
    pq.write_table(pa.table({"text": ["a", "b" * 100_000, "c"]}), tmp_path / "f.parquet")
    items = read_all(tmp_path / "f.parquet", options=ReadOptions(max_record_bytes=1000))[1]

    expected = ("a", "record_too_long", 65_536, "c")
    assert expected == (items[0].text, items[1].error.partition(":")[0], len(items[1].raw), items[2].text)


def test_a_damaged_row_group_loses_a_known_number_of_rows(tmp_path):
    path = tmp_path / "f.parquet"
    texts = [str(n * 7**40 % 11**30) for n in range(300)]
    pq.write_table(pa.table({"text": texts}), path, row_group_size=100, compression="zstd", use_dictionary=False)
    column = pq.read_metadata(path).row_group(1).column(0)
    data = bytearray(path.read_bytes())
    begin = column.data_page_offset
    data[begin : begin + 8] = b"\xff" * 8
    path.write_bytes(data)
    one = read_all(path)[1]
    cut = read_all(path, 1)[1]

    assert one == cut
    assert [*texts[:100], 100, *texts[200:]] == [item.lost if isinstance(item, Unread) else item.text for item in one]
    expected = ("corrupt_parquet", 100, 200)
    assert expected == (one[100].error.partition(":")[0], one[100].record, one[101].record)


@pytest.mark.parametrize("data", [b"", b"no parquet", b"PAR1" * 10])
def test_a_file_that_is_not_parquet_is_one_account(tmp_path, data):
    path = tmp_path / "f.parquet"
    path.write_bytes(data)
    (item,) = read_all(path)[1]

    assert isinstance(item, Unread)
    assert (item.error.partition(":")[0], item.lost) == ("unreadable_file", None)


def test_a_file_without_a_text_column_says_so_for_every_row(tmp_path):
    pq.write_table(pa.table({"headline": ["a", "b"]}), tmp_path / "f.parquet")

    assert [item.error.partition(":")[0] for item in read_all(tmp_path / "f.parquet")[1]] == ["missing_text"] * 2


def test_a_page_that_does_not_match_its_checksum_is_refused(tmp_path):
    path = tmp_path / "f.parquet"
    pq.write_table(
        pa.table({"text": ["a" * 50] * 10}), path, compression="none", use_dictionary=False, write_page_checksum=True
    )
    path.write_bytes(path.read_bytes().replace(b"a" * 50, b"b" * 50))
    (item,) = read_all(path)[1]

    assert isinstance(item, Unread)
    expected = ("corrupt_parquet", 10)
    assert expected == (item.error.partition(":")[0], item.lost)


def test_no_rows_are_no_records(tmp_path):
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "f.parquet")
    slices, items = read_all(tmp_path / "f.parquet")

    assert (len(slices), items) == (1, [])


def test_a_url_is_read_like_a_path(tmp_path):
    pq.write_table(pa.table({"text": ["a", "b"]}), tmp_path / "f.parquet")
    with fsspec.open("memory://bucket/f.parquet", "wb") as handle:
        handle.write((tmp_path / "f.parquet").read_bytes())
    expected = [Record(0, -1, "a", "utf-8"), Record(1, -1, "b", "utf-8")]

    assert expected == read_all("memory://bucket/f.parquet")[1]
