"""Web pages: the main text, in the encoding that the bytes are in, whatever the page says."""

import gzip

import pytest

from pipeline.readers.reading import ReadOptions, read
from pipeline.readers.records import Record, Repair, Unread
from pipeline.readers.slicing import slice_file

ARTICLE = "今天的会议改到下午三点，请大家准时参加。会上将讨论明年的预算，以及新办公楼的装修方案。"
PARAGRAPHS = [f"{ARTICLE}第{number}项，{ARTICLE[::-1]}" for number in "一二三四五"]
BODY = (
    "<nav><ul><li><a href='/'>首页</a></li><li><a href='/about'>关于</a></li></ul></nav>"
    f"<article><h1>通知</h1>{''.join(f'<p>{paragraph}</p>' for paragraph in PARAGRAPHS)}</article>"
)


def page(charset, body=BODY, head=""):
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">' if charset else ""
    return f"<!DOCTYPE html><html><head>{meta}<title> 会议 &amp;\n通知 </title>{head}</head><body>{body}</body></html>"


def read_page(tmp_path, data, options=None, ending=""):
    path = tmp_path / f"f.html{ending}"
    path.write_bytes(data)
    options = options or ReadOptions()
    (piece,) = slice_file(
        source="s", path=str(path), file="f", format="html", target_bytes=1, split_folder=tmp_path, options=options
    )
    (item,) = read(piece, options)
    return item


@pytest.mark.parametrize(
    ("declared", "codec", "name"),
    [
        ("utf-8", "utf-8", "utf-8"),
        ("gb2312", "gb18030", "gb18030"),
        ("gb2312", "utf-8", "utf-8"),  # wrong, and common
        ("utf-8", "gb18030", "gb18030"),
        ("", "gb18030", "gb18030"),
        ("utf-16", "utf-16", "utf-16"),
    ],
)
def test_the_encoding_that_a_page_declares_is_verified(tmp_path, declared, codec, name):
    item = read_page(tmp_path, page(declared).encode(codec))

    assert isinstance(item, Record)
    expected = (name, {"title": "会议 & 通知"}, [True, True, False])
    assert expected == (
        item.encoding,
        item.meta,
        [words in item.text for words in (PARAGRAPHS[0], PARAGRAPHS[4], "首页")],
    )


@pytest.mark.parametrize(("declared", "title"), [("gb2312", "覆靛"), ("big5", "葡萄"), ("nonsense", "葡萄")])
def test_what_a_page_declares_breaks_a_tie(tmp_path, declared, title):
    item = read_page(tmp_path, f'<meta charset="{declared}"><title>'.encode() + "葡萄".encode("big5") + b"</title>")

    assert isinstance(item, Record)
    expected = {"title": title}
    assert expected == item.meta


def test_a_foreign_page_is_read_as_it_declares_where_nothing_chinese_fits(tmp_path):
    text = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。" * 3
    body = f"<article><p>{text}</p></article>"
    data = page("Shift_JIS", body).replace("会议 &amp;\n通知", "人権").encode("shift_jis")
    item = read_page(tmp_path, data)

    assert isinstance(item, Record)
    assert (text, "shift_jis") == (item.text, item.encoding)


def test_the_date_is_taken_from_where_it_is_cheap(tmp_path):
    head = '<meta property="article:published_time" content="2024-05-06T07:08:09+08:00"/>'
    item = read_page(tmp_path, page("utf-8", head=head).encode())

    assert isinstance(item, Record)
    assert item.meta == {"title": "会议 & 通知", "date": "2024-05-06T07:08:09+08:00"}


@pytest.mark.parametrize("data", [b"", b"\n", b"<html></html>", b"<html><body><script>x</script></body></html>", b"<"])
def test_a_page_without_main_text_is_an_empty_record(tmp_path, data):
    assert [Record(0, 0, "", "utf-8")] == [read_page(tmp_path, data)]


def test_bytes_that_are_no_page_are_quarantined(tmp_path):
    item = read_page(tmp_path, bytes(range(128, 256)) * 4)

    assert isinstance(item, Unread)
    assert item.error.partition(":")[0] == "undecodable"


def test_repaired_bytes_are_found_again_in_the_main_text(tmp_path):
    data = page("utf-8").encode()
    at = data.index("会上".encode())
    item = read_page(tmp_path, data[:at] + b"\xff" + data[at:])

    assert isinstance(item, Record)
    place = item.text.index("\ufffd")
    assert (Repair(place, place + 1, "undecodable", "ff"),) == item.repairs


def test_a_compressed_page_is_read(tmp_path):
    item = read_page(tmp_path, gzip.compress(page("utf-8").encode()), ending=".gz")

    assert isinstance(item, Record)
    assert item.meta == {"title": "会议 & 通知"}


def test_a_page_over_the_limit_is_quarantined(tmp_path):
    item = read_page(tmp_path, page("utf-8").encode(), ReadOptions(max_record_bytes=100))

    assert isinstance(item, Unread)
    assert item.error.partition(":")[0] == "record_too_long"


def test_deeply_nested_markup_is_no_crash(tmp_path):
    item = read_page(tmp_path, b"<div>" * 20_000 + ARTICLE.encode() + b"</div>" * 20_000)

    assert item.record == 0
