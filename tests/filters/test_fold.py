import unicodedata

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filters.fold import fold_segment
from filters.texts import Texts
from filters.variants import to_simplified_table

# Characters that make folding hard: marks that combine or reorder, jamo, half-width kana with sound marks,
# ligatures that spread, compatibility ideographs, everything around the Han blocks.
HARD = (
    "a\u0301\u0323\u0344é가각\u1100\u1161\u11a8ｶﾞﾊﾟﷺﬁ①㈱豈類𠮷丽Ａ１　 \n\t\u00a0ﾞ\u3099İΣßǅ\u200d\ufeff"
    "國体後乾隻〇々﨑\U0002f800\ue000\U000e0041\ufdd0\uffff\x00👨‍👩‍👧🏻\u0f71\u0f72\u0b47\u0b56"
)
TEXT = st.text(st.one_of(st.sampled_from(HARD), st.characters(exclude_categories=["Cs"])), max_size=40)


def folded_by_definition(text):
    table = to_simplified_table()
    lowered = "".join(char.lower() for char in unicodedata.normalize("NFKC", text))
    return [int(table[ord(char)]) for char in lowered if not char.isspace()]


def folded_of(texts):
    folded = Texts(pa.array(texts, pa.large_string())).folded
    return [folded.values[start:end].tolist() for start, end in zip(folded.offsets, folded.offsets[1:], strict=False)]


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT, max_size=6))
@example(["e\u0301", "\u0301", "각\u11a8", "ｶﾞ", "a\u0323\u0301"])
@example(["\u00a8\u0301", "\u0b47\u0b56", "ΣΑΣ"])
def test_folding_equals_its_definition(texts):
    assert folded_of(texts) == [folded_by_definition(text) for text in texts]


def test_every_single_character_folds_as_unicode_says():
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]

    assert folded_of(characters) == [folded_by_definition(char) for char in characters]


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXT, max_size=6))
def test_every_folded_character_comes_from_the_place_the_map_names(texts):
    views = Texts(pa.array(texts, pa.large_string()))
    folded, places = views.folded, views.folded_map
    for text, start, end in zip(texts, folded.offsets, folded.offsets[1:], strict=False):
        spans = list(zip(places.starts[start:end].tolist(), places.ends[start:end].tolist(), strict=True))
        assert spans == sorted(spans)
        for code, (first, last) in zip(folded.values[start:end].tolist(), spans, strict=True):
            assert code in fold_segment(text[first:last])


def test_width_case_script_and_space_fold_away():
    cases = {
        "２０２６年，ＡＢＣ　国": "2026年,abc国",
        "國 家\n圖書館": "国家图书馆",
        "ｱｲｳ": "アイウ",
        "①②": "12",
        "𠮷野家": "𠮷野家",
    }
    assert ["".join(map(chr, row)) for row in folded_of(list(cases))] == list(cases.values())


def test_a_sliced_column_with_nulls_is_read_from_its_own_rows():
    column = pa.array(["前", None, "國家", ""], pa.string()).slice(1)

    views = Texts(column)

    assert views.chars.tolist() == [0, 2, 0]
    assert views.null.tolist() == [True, False, False]
    assert views.folded.values.tolist() == [ord("国"), ord("家")]
    assert np.diff(views.folded.offsets).tolist() == [0, 2, 0]
