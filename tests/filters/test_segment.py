"""rjieba against jieba itself, on real sentences where the data is there, and an operator's own words."""

import logging
import random
import re
from itertools import pairwise

import jieba
import numpy as np
import pyarrow as pa
import pytest

from filters.segment import Entry, Segmenter, parse_dictionary, plain_segmenter
from filters.texts import Texts
from filters.variants import to_simplified_table
from tests.benchmarks.sources import available, load

SENTENCES = 6_000
WORDS = 800

CASES = [
    "我来到北京清华大学。",
    "数据库 utf8mb4_bin 与 dev.example.com/a-b.html#c，版本 v2.1.6，占 3.14% 与 50%，C++ 和 AT&T，c#",
    "2024-01-02 12:33:44 a--b _x_ x. y- 1.2.3 1_000 A股 T恤 e.g.",
    "䡾䡾坳上𠮷野家㐂㐂屋",
    "　　他说：“走吧！”——\n\n然后……走了\r\n",
    "",
    "café naïve 한국어 テスト №1 １２３ＡＢ",
]


@pytest.fixture(scope="module")
def oracle():
    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    return tokenizer


def cut(segmenter, texts):
    codes = [np.frombuffer(text.encode("utf-32-le"), "<u4") for text in texts]
    offsets = np.concatenate([[0], np.cumsum(list(map(len, codes)))])
    words = segmenter.cut(np.concatenate(codes).astype(np.uint32), offsets)
    found = []
    for text, start, end in zip(texts, words.offsets, words.offsets[1:], strict=False):
        ends = np.concatenate([[0], np.cumsum(words.lengths[start:end])])
        found.append([text[a:b] for a, b in pairwise(ends.tolist())])
    return found


def sentences():
    if not available():
        pytest.skip("the shared data is not here: set QINGYUAN_DATA")
    rng = random.Random(20)
    texts = [row["text"][:4000] for source in available() for row in load(source)[::9]]
    parts = [part for text in texts for part in re.split(r"(?<=[。！？\n])", text) if 8 <= len(part) <= 300]
    return rng.sample(parts, SENTENCES)


def test_words_are_jiebas_in_every_corner_that_we_know_of(oracle):
    assert cut(plain_segmenter(), CASES) == [list(oracle.cut(text)) for text in CASES]


def test_words_are_jiebas_on_real_sentences(oracle):
    real = sentences()

    found = cut(plain_segmenter(), real)

    differing = [(ours, theirs) for ours, theirs in zip(found, map(list, map(oracle.cut, real)), strict=True)
                 if ours != theirs]  # fmt: skip
    assert differing == []


def test_words_are_jiebas_with_an_operators_dictionary_on_real_sentences():
    table = to_simplified_table()
    real = ["".join(chr(table[ord(char)]) for char in text) for text in sentences()[:2_000]]
    rng = random.Random(21)
    chosen = {}
    for text in real[:WORDS]:
        for run in re.findall(r"[\u4e00-\u9fd5]{4,}", text)[:1]:
            start, size = rng.randint(0, len(run) - 4), rng.randint(2, 4)
            chosen[run[start : start + size]] = rng.choice([None, None, 3, 1000])
    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    plain = [list(tokenizer.cut(text)) for text in real]
    for word, frequency in chosen.items():
        tokenizer.add_word(word, frequency)
    theirs = [list(tokenizer.cut(text)) for text in real]

    found = cut(Segmenter([Entry(word, frequency) for word, frequency in chosen.items()]), real)

    assert sum(a != b for a, b in zip(plain, theirs, strict=True)) >= 200  # the words do matter
    assert [(a, b) for a, b in zip(found, theirs, strict=True) if a != b] == []


def test_traditional_words_of_a_dictionary_are_found_in_both_scripts():
    segmenter = Segmenter([Entry("雲圖庫")])
    texts = Texts(pa.array(["用雲圖庫查詢", "用云图库查询"]), segmenter)

    assert texts.words.lengths.tolist() == [1, 3, 2, 1, 3, 2]


def test_a_word_of_the_dictionary_is_never_cut_further():
    assert cut(Segmenter([Entry("utf8mb4_bin", 100)]), ["用utf8mb4_bin排序"]) == [["用", "utf8mb4_bin", "排序"]]


def test_a_dictionary_has_jiebas_format():
    entries = parse_dictionary("\ufeff云图库 30 n\n\n清源\n大模型 nz\n生成式 7\n")

    assert entries == (Entry("云图库", 30), Entry("清源"), Entry("大模型"), Entry("生成式", 7))


@pytest.mark.parametrize("line", ["云图库 0", "a b c d", "云图库 三 n"])
def test_what_a_dictionary_cannot_say_is_refused(line):
    with pytest.raises(ValueError, match="line 2"):
        parse_dictionary(f"清源\n{line}\n")
