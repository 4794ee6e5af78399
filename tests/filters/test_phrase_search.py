import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filters.phrase_search import search, table_of
from filters.texts import Texts

PHRASES = ("甲乙", "甲乙丙", "乙丙丁戊", "丁丁", "ab甲")
TABLE = table_of(PHRASES)


def naive(text):
    """The longest phrase at each place, without overlap."""
    at, found = 0, []
    while at < len(text):
        here = max((phrase for phrase in PHRASES if text.startswith(phrase, at)), key=len, default="")
        if here:
            found.append((here, at))
        at += len(here) or 1
    return found


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text("甲乙丙丁戊ab", max_size=12), max_size=4))
@example(texts=["丁丁丁", "甲乙丙丁戊", "ab甲乙丙"])
def test_it_finds_what_a_plain_search_finds(texts):
    hits = search(Texts(pa.array(texts, pa.string())).folded, TABLE).tolist()

    expected = [(number, phrase, at) for number, text in enumerate(texts) for phrase, at in naive(text)]
    assert [(text, PHRASES[phrase], at) for text, phrase, at in hits] == expected


@pytest.mark.parametrize("phrases", [["甲"], ["甲乙", "甲 乙"]])
def test_phrases_too_short_or_twice_are_refused(phrases):
    with pytest.raises(ValueError, match="a phrase"):
        table_of(phrases)
