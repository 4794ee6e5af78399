"""Languages and lects: hard cases, floors on sentences of our own and on real ones, and the laws of counting."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.characters import Kind
from filters.language import LECT_CHARS, LECT_WINDOWS, LETTERS_NEEDED, LID_CHARS, LID_WINDOWS, Language
from filters.lect import MODEL_FILE, model_version
from filters.region import HONG_KONG_WORDS, TAIWAN_WORDS, WORD_WEIGHT, count_variants
from filters.sample import spread, strings
from filters.script import count_kinds
from filters.segments import CODE_WEIGHT, HAN_SHARE, LATIN_WEIGHT, LETTER_KINDS, OTHER_WEIGHT, Writing, count_letters
from filters.texts import Texts
from tests.benchmarks.language import CLASSES, OWN, chosen, f1, joined, ours, unseen

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LINES = {path.stem: path.read_text("utf-8").splitlines() for path in sorted(OWN.glob("*.txt"))}
CMN, EN, JA, KO = (LINES[name] for name in ("cmn_Hans", "en", "ja", "ko"))

HARD = {
    "kanji only": ("東京都知事選挙立候補者一覧", "ja", None),
    "a shop's の in Chinese": ("今天我去了優の良品買零食，很好吃。", "zh", "cmn_Hant"),
    "a Japanese word in Chinese": ("我在日本的超市买过一种叫ふりかけ的拌饭料。", "zh", "cmn_Hans"),
    "hanja with particles": ("大韓民國은 民主共和國이다。主權은 國民에게 있다", "ko", None),
    "classical, Simplified": ("民饥则盗起，盗起则国危，为政者不可不察也。", "lzh", "lzh"),
    "classical, Traditional": ("是歲大旱，赤地千里，流民相屬於道，餓莩盈野。", "lzh", "lzh"),
    "classical without marks": ("吾聞之古之人有言曰民惟邦本本固邦寧是以聖王重農", "lzh", "lzh"),
    "a poem": ("白日依山盡黃河入海流欲窮千里目更上一層樓", "lzh", "lzh"),
    "Mandarin quoting the classics": ("孔子说过“学而时习之，不亦说乎”，我觉得很有道理。", "zh", "cmn_Hans"),
    "Cantonese in Simplified": ("你做乜唔早啲讲呀，而家先话畀我知。", "yue", "yue"),
    "Hong Kong's Mandarin": ("政府宣布下月起調整隧道收費，市民可在網上查閱詳情。", "zh", "cmn_Hant"),
    "Wu": ("侬今朝哪能介晏转来，夜饭侪冷脱了。", "wuu", "wuu"),
    "pinyin": ("ni hao wo jiao xiao ming, jintian tianqi hen hao", "und", None),
    "Chinese with terms": ("打开Python的官方文档，搜索一下这个函数就知道了。", "zh", "cmn_Hans"),
    "a quarter Chinese": ("请看 the quick brown fox jumps 之后", "mixed", None),
    "too little": ("中国人", None, None),
    "enough": ("中国人民", "zh", "cmn_Hans"),
}


def measure(texts):
    return Language()(Texts(pa.array(texts, pa.large_string()))).to_pylist()


@pytest.mark.parametrize("case", HARD)
def test_hard_cases(case):
    text, label, lect = HARD[case]
    row = measure([text])[0]

    assert (row["language.label"], row["language.lect"]) == (label, lect)


def macro_f1(labels, size):
    pairs = [(lect, text) for lect in CLASSES if lect in labels for text in joined(labels[lect], size)]
    scores = f1([lect for lect, _ in pairs], ours([text for _, text in pairs]))
    return sum(scores.values()) / len(scores)


def own_sentences():
    labels = {}
    for name, lines in LINES.items():
        labels.setdefault("_".join(name.split("_")[:2]), []).extend(lines)
    return labels


def test_sentences_of_our_own_never_trained_on():
    labels = own_sentences()

    assert {lect: len(lines) >= 60 for lect, lines in labels.items()} == dict.fromkeys(labels, True)
    assert macro_f1(labels, 1) >= 0.985
    assert macro_f1(labels, 5) >= 0.99
    assert ours(labels["wuu"]).count("wuu") >= 57


def test_twenty_characters_are_enough():
    short = {lect: [line[:20] for line in lines] for lect, lines in own_sentences().items()}

    assert macro_f1(short, 1) >= 0.975


@pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not on this machine")
def test_real_sentences_and_documents_of_sources_never_trained_on():
    labels = chosen(unseen(DATA))

    assert macro_f1(labels, 1) >= 0.98
    assert macro_f1(labels, 5) >= 0.99


def test_the_score_says_how_often_it_is_right():
    labels = own_sentences()
    rows = [
        (row["language.score"], (row["language.lect"] or row["language.label"]) == lect)
        for lect, lines in labels.items()
        for row in measure(lines)
    ]
    sure = [right for score, right in rows if score >= 0.9]
    unsure = [right for score, right in rows if score < 0.7]

    assert sum(sure) / len(sure) >= 0.99
    assert 0.4 <= sum(unsure) / len(unsure) <= 0.95
    assert len(sure) >= 0.8 * len(rows)


@pytest.mark.parametrize(
    ("texts", "label", "share"),
    [
        (CMN[:30], "zh", 0.0),
        (CMN[:40] + EN[:8], "zh", 0.30),
        (CMN[:30] + EN[:14], "zh", 0.54),
        (CMN[:40] + JA[:10], "zh", 0.22),
        (CMN[:25] + JA[:25], "mixed", 0.52),
        (CMN[:25] + KO[:25], "mixed", 0.49),
        (JA[:40], "ja", 0.0),
        (JA[-6:], "ja", 0.0),
        (EN[:20], "en", 0.0),
        (EN[:20] + CMN[:4], "en", 0.08),
    ],
)
def test_a_part_in_another_language_is_measured(texts, label, share):
    row = measure(["\n".join(texts)])[0]

    assert row["language.label"] == label
    assert row["language.foreign_ratio"] == pytest.approx(share, abs=0.04)


def test_an_english_half_is_seen_wherever_it_stands():
    chinese, english = CMN[:24], EN[:12]
    mixed = [line for pair in zip(chinese[:12], english, strict=True) for line in pair] + chinese[12:]

    shares = [measure(["\n".join(lines)])[0]["language.foreign_ratio"] for lines in (chinese + english, mixed)]

    latin = sum(char.isalpha() for line in english for char in line)
    letters = sum(char.isalpha() for line in chinese + english for char in line)
    assert shares == pytest.approx([latin / letters] * 2, abs=0.03)


def test_regions_by_characters_and_words():
    for name, region, others in (("cmn_Hant_TW", "TW", 0), ("cmn_Hant_HK", "HK", 1)):
        documents = Counter(row["language.region"] for row in measure(joined(LINES[name], 5)))
        sentences = Counter(row["language.region"] for row in measure(LINES[name]))

        assert documents[region] >= 11
        assert sentences[region] >= 20
        assert sum(sentences.values()) - sentences[region] - sentences[None] == others
    assert {row["language.region"] for row in measure(CMN + LINES["yue"] + LINES["lzh"])} == {None}


@pytest.mark.parametrize(("words", "sign"), [(TAIWAN_WORDS, 1), (HONG_KONG_WORDS, -1)])
def test_every_word_of_a_region_is_found(words, sign):
    texts = Texts(pa.array(words.split()))
    leads = count_variants(texts.code_points, texts.offsets)[:, 2]

    assert dict(zip(words.split(), (leads * sign >= WORD_WEIGHT).tolist(), strict=True)) == dict.fromkeys(
        words.split(), True
    )


@given(st.lists(st.text(st.sampled_from("中文的かなカ한글abcéЖ，。.\n 1"), max_size=400), max_size=5))
def test_letters_are_counted_once_by_kind_and_once_by_segment(texts):
    views = Texts(pa.array(texts, pa.large_string()))
    by_kind, by_writing, _ = count_letters(views)

    assert by_kind.tolist() == count_kinds(views.kinds, views.offsets, len(Kind))[:, list(LETTER_KINDS)].tolist()
    assert by_writing.sum(axis=1).tolist() == by_kind.sum(axis=1).tolist()


CODE = """
```sql
CREATE TABLE orders (id BIGINT PRIMARY KEY AUTO_RANDOM, total DECIMAL(10, 2), note VARCHAR(255));
SELECT id, total FROM orders WHERE total >= 100.00 AND note <> '' ORDER BY id LIMIT 10;
[2026/01/02 03:04:05.678 +08:00] [INFO] [server.go:123] ["connection closed"] [conn=17]
curl -X POST https://example.com/api/v1/orders/batch_import --data @orders.json
"""


def test_code_does_not_make_a_chinese_document_foreign():
    row = measure(["\n".join([*CMN[:4], CODE, *CMN[4:8], CODE])])[0]

    assert row["language.label"] == "zh"
    assert row["language.han_letter_ratio"] < 0.3
    assert row["language.han_weight_ratio"] > HAN_SHARE


BILINGUAL = """
图书馆星期一闭馆，星期二到星期日上午九点开门，晚上八点关门。
The library is closed on Mondays and opens from nine in the morning until eight in the evening, Tuesday to Sunday.
每位读者一次可以借十本书，借期四个星期，到期以前可以在网上续借一次。
Every reader may borrow ten books at a time for four weeks, and may renew them once online before they are due.
"""


def test_a_document_that_says_all_in_two_languages_is_mixed():
    assert [row["language.label"] for row in measure([BILINGUAL, BILINGUAL * 5])] == ["mixed", "mixed"]


def test_code_does_not_make_an_english_document_chinese():
    rows = measure(["\n".join([*EN[:8], CODE * 5, *CMN[:1]]), "\n".join([*EN[:12], CODE, *CMN[:10]]), CODE])

    assert [row["language.label"] for row in rows[:2]] == ["en", "mixed"]
    assert rows[2]["language.han_weight_ratio"] == 0.0


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("汉字かな한글", 6.0),
        ("two words", 2 * LATIN_WEIGHT),
        ("汉one汉two，three。four", 2 + 4 * LATIN_WEIGHT),
        ("std::vector_of.some-thing/else", LATIN_WEIGHT),
        ("an <by> = {of};", 3 * LATIN_WEIGHT * CODE_WEIGHT),
        ("汉 an <by> = {of};", 1 + 3 * LATIN_WEIGHT),
        ("云图K1 128G 黑 -x-", 3 + 3 * LATIN_WEIGHT / 3),
        ("for word in line\nx[0] == 12", 4 * LATIN_WEIGHT + LATIN_WEIGHT * CODE_WEIGHT / 3),
        ("слово", 5 * OTHER_WEIGHT),
    ],
)
def test_letters_weigh_what_they_say(text, weight):
    assert count_letters(Texts(pa.array([text])))[2].tolist() == [pytest.approx(weight)]


def test_a_segment_ends_with_a_sentence_of_sixteen_letters_or_at_a_hundred_and_twenty_eight():
    texts = ["汉" * 16 + "。" + "a" * 16, "汉" * 15 + "。" + "a" * 16, "汉" * 128 + "a" * 128]
    _, by_writing, _ = count_letters(Texts(pa.array(texts)))

    assert by_writing[:, [Writing.CHINESE, Writing.LATIN]].tolist() == [[16, 16], [31, 0], [128, 128]]


@given(st.lists(st.integers(0, 300), max_size=5), st.integers(2, 5), st.integers(1, 20))
def test_a_sample_is_spread_from_the_first_character_to_the_last(lengths, windows, size):
    values = np.arange(100, 100 + sum(lengths), dtype=np.uint32)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    taken, bounds = spread(values, offsets, windows, size)

    for text, length in enumerate(lengths):
        whole = values[offsets[text] : offsets[text + 1]].tolist()
        starts = [window * (length - size) // (windows - 1) for window in range(windows)]
        expected = whole
        if length > windows * (size + 1):
            expected = [value for start in starts for value in [*whole[start : start + size], 10]]
        assert taken[bounds[text] : bounds[text + 1]].tolist() == expected


def test_what_the_models_read_does_not_grow_with_the_text():
    for windows, size in ((LID_WINDOWS, LID_CHARS), (LECT_WINDOWS, LECT_CHARS)):
        texts = Texts(pa.array(["清源\n" * 1_000, "清源\n" * 100_000]))
        samples = strings(*spread(texts.code_points, texts.offsets, windows, size))

        assert [len(text) for text in samples] == [windows * (size + 1)] * 2
        assert ["\n" in text for text in samples] == [False, False]


def test_too_little_text_has_no_language():
    rows = measure(["汉" * (LETTERS_NEEDED - 1) + "123。", "", None, "中国人民"[:LETTERS_NEEDED]])

    assert [set(row.values()) for row in rows[:3]] == [{None}] * 3
    assert rows[3]["language.label"] == "zh"


def test_the_model_is_small_and_part_of_the_version():
    assert MODEL_FILE.stat().st_size < 300_000
    assert f"lect-{model_version()}" in Language.version
