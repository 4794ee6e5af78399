"""Plain text: a file is a document, or every block between blank lines is."""

import gzip
from pathlib import Path

import pytest

from pipeline.readers.reading import ReadOptions, read
from pipeline.readers.records import Record, Repair, Unread
from pipeline.readers.slicing import slice_file


def read_all(path, form, options=None, target=1 << 20):
    options = options or ReadOptions()
    slices = slice_file(
        source="s", path=str(path), file="f", format=form, target_bytes=target,
        split_folder=Path(path).parent / "split", options=options,
    )  # fmt: skip
    return [item for piece in slices for item in read(piece, options)]


@pytest.mark.parametrize(
    ("codec", "name"),
    [("utf-8", "utf-8"), ("gb18030", "gb18030"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16"), ("utf-8-sig", "utf-8")],
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_file_is_a_document(tmp_path, codec, name, ending):
    text = "今天的会议改到下午三点。\r\n\r\n请大家准时参加。\n"
    data = text.encode(codec)
    path = tmp_path / f"f.txt{ending}"
    path.write_bytes(gzip.compress(data) if ending else data)

    assert [Record(0, 0, text, name)] == read_all(path, "text")


def test_an_empty_file_is_an_empty_document(tmp_path):
    path = tmp_path / "f.txt"
    path.touch()

    assert [Record(0, 0, "", "utf-8")] == read_all(path, "text")


def test_a_file_over_the_limit_is_quarantined(tmp_path):
    path = tmp_path / "f.txt"
    path.write_bytes(b"a" * 100_000)
    (item,) = read_all(path, "text", ReadOptions(max_record_bytes=90_000))

    assert isinstance(item, Unread)
    expected = ("record_too_long", 65_536, 1)
    assert expected == (item.error.partition(":")[0], len(item.raw), item.lost)


def test_bytes_that_are_no_text_are_quarantined(tmp_path):
    path = tmp_path / "f.txt"
    path.write_bytes(bytes(range(128, 256)) * 4)
    (item,) = read_all(path, "text")

    assert isinstance(item, Unread)
    expected = ("undecodable", path.read_bytes())
    assert expected == (item.error.partition(":")[0], item.raw)


def test_a_truncated_archive_of_one_document_is_one_account(tmp_path):
    data = gzip.compress(bytes(n * 7 % 251 for n in range(50_000)))
    path = tmp_path / "f.txt.gz"
    path.write_bytes(data[:-9])
    (item,) = read_all(path, "text")

    assert isinstance(item, Unread)
    expected = ("truncated_archive", 0, 0, None)
    assert expected == (item.error.partition(":")[0], item.record, item.offset, item.lost)


def test_bad_bytes_are_repaired_with_their_place(tmp_path):
    text = "今天的会议改到下午三点。" * 20
    path = tmp_path / "f.txt"
    path.write_bytes(text[:30].encode() + b"\xff" + text[30:].encode())
    expected = [Record(0, 0, text[:30] + "\ufffd" + text[30:], "utf-8", repairs=(Repair(30, 31, "undecodable", "ff"),))]

    assert expected == read_all(path, "text")


def test_blank_lines_separate_documents(tmp_path):
    path = tmp_path / "f.txt"
    path.write_bytes("\n \n第一段\n还是第一段\n\t\r\n\n第二段\r\n".encode())
    expected = [Record(0, 3, "第一段\n还是第一段", "utf-8"), Record(1, 33, "第二段", "utf-8")]

    assert expected == read_all(path, "paragraphs")


def test_each_block_has_its_own_encoding(tmp_path):
    path = tmp_path / "f.txt"
    blocks = [("今天的会议", "utf-8"), ("改到下午三点", "gb18030"), ("會議改到下午三點", "big5")]
    path.write_bytes(b"\n\n".join(text.encode(codec) for text, codec in blocks))
    expected = [("今天的会议", "utf-8"), ("改到下午三点", "gb18030"), ("會議改到下午三點", "big5-hkscs")]

    assert expected == [(item.text, item.encoding) for item in read_all(path, "paragraphs")]


def test_a_block_over_the_limit_is_quarantined_and_reading_goes_on(tmp_path):
    path = tmp_path / "f.txt"
    path.write_bytes(b"a\n\n" + b"bbbbbbbbb\n" * 20 + b"\nc\n")
    items = read_all(path, "paragraphs", ReadOptions(max_record_bytes=100))

    assert [(x.record, x.offset, x.error[:15] if isinstance(x, Unread) else x.text) for x in items] == [
        (0, 0, "a"),
        (1, 3, "record_too_long"),
        (2, 204, "c"),
    ]


@pytest.mark.parametrize("target", [1 << 20, 3_000])
def test_a_truncated_archive_gives_its_whole_blocks_and_one_account(tmp_path, target):
    blocks = [f"{n}\n{n * 7**40 % 11**30}" for n in range(400)]
    packed = gzip.compress("\n\n".join(blocks).encode())
    path = tmp_path / "f.txt.gz"
    path.write_bytes(packed[: len(packed) // 2])

    *whole, last = read_all(path, "paragraphs", target=target)

    assert blocks[: len(whole)] == [item.text for item in whole]
    begin = sum(len(block) + 2 for block in blocks[: len(whole)])
    expected = ("truncated_archive", None, len(whole), begin, True)
    cut_off = blocks[len(whole)].encode().startswith(last.raw)
    assert expected == (last.error.partition(":")[0], last.lost, last.record, last.offset, cut_off)
