"""Web archives: pages and texts, cut at members, and what breaks costs what it breaks."""

import gzip

import pytest

from pipeline.readers.reading import ReadOptions, read
from pipeline.readers.records import Unread
from pipeline.readers.slicing import slice_file

ARTICLE = "今天的会议改到下午三点，请大家准时参加。会上将讨论明年的预算，以及新办公楼的装修方案。"


def record(number, payload, kind="response", content_type="text/html; charset=gbk", http="HTTP/1.1 200 OK", extra=""):
    block = payload
    outer = content_type
    if kind == "response":
        head = f"{http}\r\nContent-Type: {content_type}\r\n{extra}\r\n"
        block = head.encode() + payload
        outer = "application/http; msgtype=response"
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Date: 2024-01-02T03:04:05Z\r\n"
        f"WARC-Target-URI: http://e.cn/{number}\r\nContent-Type: {outer}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def html(number):
    return f"<html><head><title>{number}</title></head><body><article><p>{number} {ARTICLE}</p></article></body></html>"


RECORDS = [
    record(0, b"software: test\r\n", "warcinfo", "application/warc-fields"),
    record(1, b"GET / HTTP/1.1\r\n\r\n", "request", "application/http; msgtype=request"),
    record(2, html(2).encode("gbk")),
    record(3, b"\x89PNG", content_type="image/png"),
    record(4, f"4 {ARTICLE}".encode(), content_type="text/plain"),
    record(5, gzip.compress(html(5).encode()), content_type="text/html", extra="Content-Encoding: gzip\r\n"),
    record(6, f"6 {ARTICLE}".encode(), "conversion", "text/plain"),
    record(7, b"via: x\r\n", "metadata", "application/warc-fields"),
    record(8, html(8).encode(), content_type="text/html; charset=utf-8", http="HTTP/1.1 404 Not Found"),
]
PAGES = [2, 4, 5, 6, 8]


def read_all(path, target=1 << 20, options=None):
    options = options or ReadOptions()
    slices = slice_file(
        source="s",
        path=str(path),
        file="f",
        format="warc",
        target_bytes=target,
        split_folder=path.parent,
        options=options,
    )
    return slices, [item for piece in slices for item in read(piece, options)]


def packed(tmp_path, records, how):
    data = {
        "members": b"".join(map(gzip.compress, records)),
        "one": gzip.compress(b"".join(records)),
        "plain": b"".join(records),
    }
    path = tmp_path / ("f.warc" if how == "plain" else "f.warc.gz")
    path.write_bytes(data[how])
    return path


@pytest.mark.parametrize("how", ["members", "one", "plain"])
@pytest.mark.parametrize("target", [1 << 20, 1, 700])
def test_pages_and_texts_are_read_and_nothing_else(tmp_path, how, target):
    slices, items = read_all(packed(tmp_path, RECORDS, how), target)

    assert [*range(5)] == [item.record for item in items]
    expected = [(f"urn:uuid:{n}", f"http://e.cn/{n}", f"{n} {ARTICLE}") for n in PAGES]
    assert expected == [(item.id, item.url, item.text) for item in items]
    assert [item.encoding for item in items] == ["gb18030", "utf-8", "utf-8", "utf-8", "utf-8"]
    expected = {"title": "8", "warc_date": "2024-01-02T03:04:05Z", "content_type": "text/html", "http_status": "404"}
    assert expected == items[4].meta
    # Within one member there is no place to cut.
    assert (len(slices) > 1) == (target < 1000 and how != "one")


@pytest.mark.parametrize("how", ["members", "plain"])
def test_cutting_changes_nothing_and_offsets_are_those_of_the_file(tmp_path, how):
    path = packed(tmp_path, RECORDS * 3, how)
    whole = read_all(path)[1]
    stored = path.read_bytes()

    assert whole == read_all(path, 1500)[1]
    begin = b"\x1f\x8b\x08" if how == "members" else b"WARC/"
    assert [begin] * 15 == [stored[item.offset : item.offset + len(begin)] for item in whole]


@pytest.mark.parametrize("how", ["members", "plain"])
@pytest.mark.parametrize("target", [1 << 20, 1])
def test_a_truncated_archive_gives_its_whole_records_and_one_account(tmp_path, how, target):
    path = packed(tmp_path, RECORDS, how)
    path.write_bytes(path.read_bytes()[:-150])
    *whole, last = read_all(path, target)[1]

    assert [f"{n} {ARTICLE}" for n in PAGES[:-1]] == [item.text for item in whole]
    assert isinstance(last, Unread)
    assert (last.error.partition(":")[0], last.record, last.lost) == ("truncated_archive", 4, None)


@pytest.mark.parametrize("target", [1 << 20, 1])
def test_a_damaged_member_is_one_account(tmp_path, target):
    members = [bytearray(gzip.compress(part)) for part in RECORDS]
    members[4][60:64] = b"\xff\xff\xff\xff"
    path = tmp_path / "f.warc.gz"
    path.write_bytes(b"".join(members))
    items = read_all(path, target)[1]

    assert f"2 {ARTICLE}" == items[0].text
    assert (items[1].error.partition(":")[0], items[1].lost) == ("corrupt_archive", None)


def test_a_file_that_is_no_archive_is_one_account(tmp_path):
    path = tmp_path / "f.warc"
    path.write_bytes(b"hello world\n" * 100)
    (item,) = read_all(path)[1]

    assert isinstance(item, Unread)
    assert item.error.partition(":")[0] == "corrupt_archive"


def test_a_bad_record_costs_itself(tmp_path):
    records = [
        RECORDS[2],
        record(1, b"x" * 5000, content_type="text/plain"),
        record(2, b"no gzip", content_type="text/html", extra="Content-Encoding: gzip\r\n"),
        record(3, bytes(range(128, 256)), content_type="text/plain"),
        RECORDS[8],
    ]
    items = read_all(packed(tmp_path, records, "members"), options=ReadOptions(max_record_bytes=2000))[1]

    expected = ["", "record_too_long", "malformed_http", "undecodable", ""]
    assert expected == [item.error.partition(":")[0] if isinstance(item, Unread) else "" for item in items]


def test_a_page_that_unpacks_beyond_the_limit_is_quarantined(tmp_path):
    bomb = record(1, gzip.compress(b"a" * 5_000_000), content_type="text/html", extra="Content-Encoding: gzip\r\n")
    (item,) = read_all(packed(tmp_path, [bomb], "members"), options=ReadOptions(max_record_bytes=1_000_000))[1]

    assert isinstance(item, Unread)
    assert item.error.partition(":")[0] == "record_too_long"
