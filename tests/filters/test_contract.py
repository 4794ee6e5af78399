"""What every filter promises, once for all of the catalogue."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filters.catalogue import CATALOGUE
from filters.contract import SPANS
from filters.texts import Texts

UNITS = {"ratio", "count", "chars", "lines", "words", "score", "label", "bits", "spans"}
BOUNDED = {"ratio", "score"}

# One character of each kind that breaks text software.
TROUBLE = (
    "的中国國〇々𠀀𠮷𪚥\U0003134aあカｶ한글ABＡ１1,.，。！？…\n\r\t 　\u00a0"
    "\ufdd0\uffff\U0001fffe\U0010ffff"  # noncharacters
    "\ue000\U000f0000\U0010fffd"  # private use
    "\U000e0041\U000e007f"  # tags
    "\x00\x01\x1b\x7f\x85\u200b\u200d\u202e\ufeff\ufffd"
    "👍👨‍👩‍👧🏻🇨🇳\u0301\u3099\u20dd\u0f71\ufe0f\U000e0100ßİΣﬁﷺ"
)
TEXT = st.one_of(
    st.text(st.sampled_from(TROUBLE), max_size=60),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.text(st.sampled_from("的是在了人一我们，。\n"), max_size=300),
    st.sampled_from(["", " ", "\n\n", "国", "a" * 3000, "好" * 3000, "\u0301" * 50, "第一行\n" * 200]),
)
COLUMN = st.lists(st.one_of(st.none(), TEXT), max_size=8)
EVERY_FILTER = pytest.mark.parametrize("name", CATALOGUE)


def measure(name, texts):
    return CATALOGUE[name]()(Texts(pa.array(texts, pa.large_string())))


@EVERY_FILTER
def test_the_schema_declares_name_unit_and_meaning(name):
    for field in CATALOGUE[name]().schema:
        prefix, _, measured = field.name.partition(".")

        assert (prefix, measured != "") == (name, True)
        assert field.metadata[b"unit"].decode() in UNITS
        assert field.metadata[b"meaning"].decode() != ""
        if field.metadata[b"unit"].decode() in BOUNDED:
            assert field.type == pa.float64()
        assert (field.metadata[b"unit"] == b"spans") == (field.type == SPANS)


@EVERY_FILTER
@settings(max_examples=60, deadline=None)
@given(texts=COLUMN, data=st.data())
@example(texts=[], data=None)
def test_cutting_the_batch_anywhere_changes_nothing(name, texts, data):
    cut = 0 if data is None else data.draw(st.integers(0, len(texts)), "cut")

    whole = measure(name, texts)
    halves = [measure(name, texts[:cut]), measure(name, texts[cut:])]

    assert pa.Table.from_batches(halves).combine_chunks() == pa.Table.from_batches([whole])


@EVERY_FILTER
@settings(max_examples=60, deadline=None)
@given(texts=COLUMN)
def test_one_row_a_text_null_for_null_finite_and_within_its_unit(name, texts):
    batch = measure(name, texts)

    assert batch.schema.equals(CATALOGUE[name]().schema, check_metadata=True)
    assert batch.num_rows == len(texts)
    for field, column in zip(batch.schema, batch.columns, strict=True):
        values = column.to_pylist()
        assert [value for value, text in zip(values, texts, strict=True) if text is None] == [None] * texts.count(None)
        if field.type == SPANS:
            for text, spans in zip(texts, values, strict=True):
                places = [(span["start"], span["end"]) for span in spans or ()]
                assert places == sorted(places)
                assert [0 <= start < end <= len(text) for start, end in places] == [True] * len(places)
        if pa.types.is_floating(field.type):
            numbers = np.array([value for value in values if value is not None], np.float64)
            assert np.isfinite(numbers).tolist() == [True] * len(numbers)
            if field.metadata[b"unit"].decode() in BOUNDED:
                assert ((numbers >= 0) & (numbers <= 1)).tolist() == [True] * len(numbers)


@EVERY_FILTER
def test_a_very_long_text_is_measured_like_any_other(name):
    long = "清源把生文本洗成语料。\n" * 200_000

    assert measure(name, [long, "短文。"]).slice(1) == measure(name, ["短文。"])


def test_no_attribute_is_written_by_two_filters():
    names = [column for make in CATALOGUE.values() for column in make().schema.names]

    assert len(names) == len(set(names))
