"""Tables of single characters: Simplified forms, characters of one script only, and frequencies."""

import math

import numpy as np
import pytest

from filters.frequency import character_log_frequency
from filters.variants import hans_only, hant_only, to_simplified_table


def convert(text):
    table = to_simplified_table()
    return "".join(chr(table[ord(character)]) for character in text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("裏裡衛衞爲為麽麼說説啓啟後綫線羣群", "里里卫卫为为么么说说启启后线线群群"),
        ("著作 什么 后面 里面 干净 云", "著作 什么 后面 里面 干净 云"),
        ("睪簷敍枱粧", "睾檐叙台妆"),
        ("乾隆", "干隆"),  # one to one, whatever the phrase
        ("abc，１２😀ぁ", "abc，１２😀ぁ"),
    ],
)
def test_traditional_and_variant_characters_become_simplified(text, expected):
    assert expected == convert(text)


def test_the_table_is_idempotent_and_identity_outside_han():
    table = to_simplified_table()
    changed = np.flatnonzero(table != np.arange(0x110000))

    assert np.array_equal(table, table[table])
    assert np.unique((changed >= 0x3400) & (changed < 0x32400)).tolist() == [True]
    assert table.shape == (0x110000,)


def test_characters_of_one_script_only():
    hans, hant = hans_only(), hant_only()

    assert [bool(hans[ord(c)]) for c in "国这说优体龙门话"] == [True] * 8
    assert [bool(hant[ord(c)]) for c in "國這說優體龍門於"] == [True] * 8
    both = "后里干云的著乾徵女一"
    assert [bool(hans[ord(c)] or hant[ord(c)]) for c in both] == [False] * 10
    assert not np.any(hans & hant)


def test_frequencies_are_those_of_the_dictionary_and_alike_in_both_scripts():
    table = character_log_frequency()
    han = table[0x4E00:0xA000]

    assert [table[ord(c)] for c in "說國瑪"] == [table[ord(c)] for c in "说国玛"]
    assert table[ord("国")] > table[ord("玛")] > table[ord("龘")]
    assert bool(np.all(table < 0))
    # What is left to the other blocks, and to the two scripts' sharing, is little.
    simplified = to_simplified_table()[0x4E00:0xA000] == np.arange(0x4E00, 0xA000)
    assert math.isclose(1.0, float(np.exp(han[simplified].astype(np.float64)).sum()), abs_tol=1e-3)
