"""CSV and TSV: newlines in quotes, and a quote that is never closed costs one line."""

import gzip
from pathlib import Path

import pytest

from pipeline.readers.reading import ReadOptions, read
from pipeline.readers.records import Record, Unread
from pipeline.readers.slicing import slice_file


def read_all(path, form="csv", options=None, target=1 << 20):
    options = options or ReadOptions()
    slices = slice_file(
        source="s", path=str(path), file="f", format=form, target_bytes=target,
        split_folder=Path(path).parent / "split", options=options,
    )  # fmt: skip
    return [item for piece in slices for item in read(piece, options)]


def texts(items):
    return [item.error.partition(":")[0] if isinstance(item, Unread) else item.text for item in items]


@pytest.mark.parametrize(("form", "comma"), [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_rows_become_records_numbered_behind_the_header(tmp_path, form, comma, codec):
    rows = [["id", "正文", "备注"], ["1", '"第一行\n\n第二行，写着""引号""的"', "甲"], ["", "上海", ""]]
    path = tmp_path / f"f.{form}"
    path.write_bytes("\r\n".join(comma.join(row) for row in rows).encode(codec))
    name = {"utf-8-sig": "utf-8"}.get(codec, codec)
    expected = [
        Record(0, path.read_bytes().index(b"1"), '第一行\n\n第二行，写着"引号"的', name, "1", None, {"备注": "甲"}),
        (1, "上海", None, {"备注": ""}),
    ]

    first, second = read_all(path, form)

    assert expected == [first, (second.record, second.text, second.id, second.meta)]


BAD = {
    "a,b\n1,2,3\n4,5\n": ["wrong_column_count", "missing_text"],
    "text,b\nx,1\ny\nz,2\n": ["x", "wrong_column_count", "z"],
    'text,b\nx,1\n"open,2\ny,3\nz,4\n': ["x", "malformed_csv", "y", "z"],
    'text,b\nx,1\n"open,2\ny,3\n"quoted",4\n': ["x", "malformed_csv", "y", "quoted"],
    'text,b\nx,"1\n2\n"\ny,3\n': ["x", "y"],
    'text,b\n5" wide,1\ny,2\n': ['5" wide', "y"],
    'text,b\n"a"b,1\n': ["ab"],
    "text,b\na\rb,1\ny,2\n": ["malformed_csv", "y"],
    "text,text\na,b\n": ["a"],
    "text,b\n\n \na,b\n": ["a"],
    "text\n": [],
    "": [],
    "title,b\nx,y\n": ["missing_text"],
}


@pytest.mark.parametrize(("data", "expected"), BAD.items())
def test_a_bad_row_costs_one_line(tmp_path, data, expected):
    path = tmp_path / "f.csv"
    path.write_bytes(data.encode())

    assert expected == texts(read_all(path))


def test_columns_without_a_name_or_with_the_same_are_numbered(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"text,,text\na,b,c\n")
    expected = [Record(0, 11, "a", "utf-8", meta={"column 2": "b", "text 3": "c"})]

    assert expected == read_all(path)


def test_a_row_over_the_limit_is_quarantined_and_reading_goes_on(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"text,b\nx,1\n" + b"y" * 200 + b",2\n" + b'"' + b"z\n" * 80 + b'",3\nw,4\n')
    items = read_all(path, options=ReadOptions(max_record_bytes=100))

    # The quoted field is too long to be one: its lines are rows of too few columns then.
    assert texts(items) == ["x", "record_too_long", "malformed_csv", *["wrong_column_count"] * 79, "malformed_csv", "w"]


@pytest.mark.parametrize("target", [1 << 20, 60])
def test_a_truncated_archive_gives_its_whole_rows_and_one_account(tmp_path, target):
    rows = ["id,text", *(f'{n},"line\n{n * 7**40 % 11**30}"' for n in range(300))]
    packed = gzip.compress("\n".join(rows).encode())
    path = tmp_path / "f.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])

    *whole, last = read_all(path, target=target)

    assert texts(whole) == [f"line\n{n * 7**40 % 11**30}" for n in range(len(whole))]
    expected = ("truncated_archive", None, len(whole))
    assert expected == (last.error.partition(":")[0], last.lost, last.record)


def test_an_undecodable_row_costs_itself(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"text,b\nx,1\n" + bytes(range(128, 256)) + b",2\ny,3\n")

    assert texts(read_all(path)) == ["x", "undecodable", "y"]
