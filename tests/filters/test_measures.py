"""Tables of truth: a text, an attribute, its value."""

import pyarrow as pa
import pytest

from filters import CATALOGUE
from filters.texts import Texts

CASES = [
    ("length.chars", "清源\n𠮷 ", 5),
    ("length.text_chars", "清源\n𠮷　 ", 3),
    ("length.lines", "一\n\n 二\n", 2),
    ("length.mean_line_chars", "一二\n三四五六", 3.0),
    ("length.mean_line_chars", "", 0.0),
    ("script.han_ratio", "〇々𠮷國ab", 4 / 6),
    ("script.han_ratio", " \n　", 0.0),
    ("script.latin_ratio", "ａbÉ中", 3 / 4),
    ("script.kana_ratio", "カｶひ中", 3 / 4),
    ("script.hangul_ratio", "한글中中", 1 / 2),
    ("script.digit_ratio", "１2٣中", 3 / 4),
    ("script.punctuation_ratio", "中，。,", 3 / 4),
    ("script.symbol_ratio", "中👍＋$", 3 / 4),
    ("script.broken_ratio", "中\ufffd\ue000\u200b\uffff", 4 / 5),
    ("script.hant_ratio", "國家", 1.0),
    ("script.hant_ratio", "国家", 0.0),
    ("script.hant_ratio", "人民", 0.5),
    ("script.rare_han_ratio", "锟斤拷的", 0.5),
    ("script.rare_han_ratio", "他的书〇", 0.0),
    ("lines.terminal_ratio", "完了。\n首页\n真的吗？\n关于我们", 0.5),
    ("lines.terminal_ratio", "", 0.0),
    ("lines.short_ratio", "首页\n这一行一共有十二个字长", 0.5),
    ("lines.sentence_mark_ratio", "你好，世界。", 2 / 6),
    ("lines.sentence_mark_ratio", "你好,世界", 1 / 5),
    ("lines.sentence_mark_ratio", "1,234.56 a.b", 0.0),
    ("lines.sentence_mark_ratio", "你好\n,世界", 0.0),
    ("lines.sentence_mark_ratio", "你好 ,世界", 1 / 5),
    ("repetition.duplicate_line_ratio", "同\n同\n不", 1 / 3),
    ("repetition.duplicate_line_char_ratio", "同一行字\n同 一行字\n不", 4 / 9),
    ("repetition.top_2gram_char_ratio", "买买", 0.0),
    ("repetition.top_2gram_char_ratio", "好的好的好的", 1.0),
    ("repetition.top_4gram_char_ratio", "一二三四五六七八九", 0.0),
    ("repetition.duplicate_5gram_char_ratio", "一二三四五六一二三四五七", 5 / 12),
    ("repetition.duplicate_10gram_char_ratio", "一二三四五六七八九十" * 2, 10 / 20),
    ("repetition.duplicate_10gram_char_ratio", "一二三四五六七八九十", 0.0),
    ("repetition.duplicate_5gram_char_ratio", "一二三四五六七八" * 2 + "九十百千万亿甲乙丙丁", 8 / 26),
    ("words.count", "我来到北京清华大学。", 4),
    ("words.count", "，。！", 0),
    ("words.mean_chars", "我来到北京清华大学", 9 / 4),
    ("words.single_han_ratio", "我来到北京清华大学", 1 / 4),
    ("words.count", "我來到北京清華大學", 4),
    ("language.label", "今天天气很好，我们去公园散步吧。", "zh"),
    ("language.label", "佢哋喺度食嘢，唔知點解咁開心。", "yue"),
    ("language.label", "吾生也有涯，而知也無涯。以有涯隨無涯，殆已！", "lzh"),
    ("language.label", "今日は天気がいいので、公園を散歩しましょう。", "ja"),
    ("language.label", "오늘은 날씨가 좋으니 공원을 산책합시다.", "ko"),
    ("language.label", "The weather is fine today, so let us take a walk in the park.", "en"),
    ("language.label", "Погода сегодня хорошая, пойдём гулять в парк.", "ru"),
    ("language.label", "12345 。。！", None),
    ("language.lect", "今天天气很好，我们去公园散步吧。", "cmn_Hans"),
    ("language.lect", "今天天氣很好，我們去公園散步吧。", "cmn_Hant"),
    ("language.lect", "Hello, world of ours.", None),
]


@pytest.mark.parametrize(("name", "text", "expected"), CASES, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(CASES)])
def test_measure(name, text, expected):
    batch = CATALOGUE[name.partition(".")[0]]()(Texts(pa.array([text])))

    assert batch[name][0].as_py() == (pytest.approx(expected) if isinstance(expected, float) else expected)
