"""Boilerplate lines: what is one, what only looks like one, and that cutting them makes no others."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.boilerplate import Boilerplate, find_batch, find_lines
from filters.phrases import KINDS, boilerplate_phrases, fold_phrase, plant
from filters.texts import Texts

LABELLED = Path(__file__).resolve().parents[1] / "data/boilerplate_lines.jsonl"


KNOWN = [
    ("👇扫码领取新人红包👇", "advertising", None),  # one call, grown together with what it promises
    ("薇信号：kkk5566，免费领取减肥资料", "advertising", None),
    ("本次活动名额有限，先到先得，报名截止到周五，请各支部抓紧组织。", None, "advertising"),
]
"""Lines that are taken for what they are not; each here on purpose, so that a change is seen."""


def labelled():
    return [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()]


def kind(line):
    return next((kind for _, _, kind in find_lines(line)), None)


def measure(text):
    return Boilerplate()(Texts(pa.array([text]))).to_pylist()[0]


def cut(text):
    for start, end, _ in reversed(find_lines(text)):
        text = text[:start] + text[end + 1 :]
    return text


def test_labelled_lines_are_found_and_prose_about_them_is_not():
    wrong = [(row["line"], row["kind"], kind(row["line"])) for row in labelled() if kind(row["line"]) != row["kind"]]

    assert wrong == KNOWN


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("首页 > 新闻 > 国内新闻 > 正文", "navigation"),
        ("上一篇：春天来了，万物复苏", "navigation"),
        ("展开全文", "expand"),
        ("分享到： 微信 微博 QQ空间", "share"),
        ("京ICP备12345678号-1 京公网安备 11010802012345号", "registration"),
        ("Copyright © 2015-2024 example.com All Rights Reserved.", "copyright"),
        ("扫码关注我们，获取更多精彩内容", "advertising"),
        ("客服热线：400-800-1234", "contact"),
        ("根据规定，网站应当办理ICP备案。", None),
        ("## 相关阅读", None),
        ("12. 帮助", None),
        ("", None),
        (" \t　", None),
    ],
)
def test_each_kind_of_line(line, expected):
    assert kind(line) == expected


@pytest.mark.parametrize(
    "line", ["首页>财经频道>股票", "登录 | 注册 | 忘记密码", "分享到：微信 微博 QQ空间", "粤ICP备09876543号"]
)
def test_width_case_spacing_and_script_change_nothing(line):
    wide = line.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    spaced = " ".join(line)

    assert {kind(one) for one in (line, wide, spaced, line.lower(), f"  {line}　")} == {kind(line)} - {None}


def test_traditional_lines_are_found_by_simplified_phrases():
    assert kind("設為首頁 | 加入收藏 | 聯絡我們") == "navigation"
    assert kind("版權所有 © 2019 山海文化出版社") == "copyright"


def test_a_line_is_found_where_it_stands_whole_and_without_its_line_feed():
    text = "正文第一行。\n  返回顶部 \n正文第二行，𠮷。\n版权所有：某镇政府"

    assert find_lines(text) == [(7, 14, "navigation"), (24, 33, "copyright")]
    assert [text[start:end] for start, end, _ in find_lines(text)] == ["  返回顶部 ", "版权所有：某镇政府"]


def test_one_word_of_a_menu_is_a_heading_and_several_lines_of_them_are_a_menu():
    assert find_lines("登录\n打开页面，输入账号。\n搜索\n输入关键词。") == []
    assert [k for *_, k in find_lines("登录\n\n注册\n搜索\n这是正文。")] == ["navigation"] * 3


def test_a_longer_phrase_takes_the_match_from_a_shorter_one():
    assert kind("版权所有 某公司") == "copyright"
    assert kind("版权所有者 某公司") is None


def test_the_same_word_again_and_again_is_a_chant():
    assert kind("首页 首页 首页") is None
    assert kind("首页 登录 首页") == "navigation"


def test_shares_and_counts():
    row = measure("正文十个字的一行啊。\n\n返回顶部\n京ICP备12345678号\n第二行正文也是十个字。")

    assert row["boilerplate.line_ratio"] == 2 / 4
    assert row["boilerplate.char_ratio"] == (4 + 14) / (10 + 4 + 14 + 11)
    counts = {name: value for name, value in row.items() if name.endswith("_lines") and value}
    assert counts == {"boilerplate.navigation_lines": 1, "boilerplate.registration_lines": 1}


def test_a_batch_is_a_row_of_single_texts():
    texts = ["返回顶部", None, "正文。", "正文。\n展开全文\n"]

    found = find_batch(Texts(pa.array(texts, pa.large_string())))

    assert found == {0: find_lines(texts[0]), 3: find_lines(texts[3])}


PIECES = [row["line"] for row in labelled()] + [
    "",
    " ",
    "首页",
    "登录",
    "新闻",
    "视频",
    "正文写到这里。",
    "#",
    "\u3000返回",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("\n".join))
def test_cutting_makes_no_other_line_into_boilerplate(text):
    assert find_lines(cut(text)) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("\n".join))
def test_lines_are_whole_in_order_and_of_a_known_kind(text):
    found = find_lines(text)
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]

    assert found == sorted(found)
    whole = {(at, at + len(line)) for at, line in zip(starts, lines, strict=True)}
    assert {(start, end) for start, end, _ in found} - whole == set()
    assert {kind for _, _, kind in found} - set(KINDS) == set()


def test_phrases_are_compared_in_folded_form():
    assert fold_phrase("Ｉｃｐ 備") == tuple(map(ord, "icp备"))
    assert int((boilerplate_phrases().entry >= 0).sum()) > 500


@pytest.mark.parametrize(
    "groups",
    [
        [{"kind": "share", "phrases": ["分享", "分 享"]}],
        [{"kind": "none", "phrases": ["分享会"]}, {"kind": "share", "phrases": ["分享会"]}],
        [{"kind": "share", "phrases": [" "]}],
        [{"kind": "share", "phrases": ["\U00020bb7野"]}],
    ],
)
def test_a_phrase_that_can_never_count_is_refused(groups):
    with pytest.raises(ValueError, match="phrase"):
        plant(groups, "")
