import io
import json
import random
from pathlib import Path

import numpy as np
import pytest
import xxhash
import zstandard
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.signing import (
    EMPTY_DIGEST,
    EMPTY_HASH,
    Signing,
    exact_digest,
    shingle_counts,
    shingle_hash,
    shingle_hashes,
    sign,
)

DOCS = Path(__file__).resolve().parents[2] / "../shared/data/docs"
SUPPLEMENTARY = "𠮷𡃁𬺰😀𪚥〇\ue000\U0010fffe"  # Extension B and E, emoji, private use, a noncharacter

# Few characters, so that shingles repeat; some beyond the basic plane; no surrogates, which no text of Arrow has.
TEXTS = st.lists(st.text(st.sampled_from("清源語料a1 。") | st.sampled_from(SUPPLEMENTARY), max_size=40), max_size=6)


def pack(texts):
    """Lay texts end to end, as the folding does: code points and offsets."""
    values = np.frombuffer("".join(texts).encode("utf-32-le"), "<u4").astype(np.uint32)
    return values, np.cumsum([0, *map(len, texts)], dtype=np.int64)


def by_datasketch(text, signing):
    minhash = MinHash(num_perm=signing.permutations, seed=signing.seed, scheme="affine32", hashfunc=shingle_hash)
    width = signing.shingle
    minhash.update_batch({text[i : i + width].encode() for i in range(len(text) - width + 1)})
    return minhash.hashvalues.tolist()


@settings(deadline=None)  # the first call compiles
@given(TEXTS, st.integers(1, 7))
def test_signatures_are_those_of_datasketch_on_random_texts(texts, shingle):
    signing = Signing(permutations=24, seed=7, shingle=shingle, bands=3, rows=8)

    assert sign(*pack(texts), signing).tolist() == [by_datasketch(text, signing) for text in texts]


@pytest.mark.skipif(not DOCS.is_dir(), reason="the real documents are not part of the repository")
def test_signatures_are_those_of_datasketch_on_real_texts():
    texts = []
    for path in sorted(DOCS.glob("*.jsonl.zst")):
        with path.open("rb") as raw:
            lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8")
            texts += [json.loads(next(lines))["text"][:4000] for _ in range(5)]
    texts[0] = SUPPLEMENTARY + texts[0] + SUPPLEMENTARY
    assert len(texts) == 50

    assert sign(*pack(texts), Signing()).tolist() == [by_datasketch(text, Signing()) for text in texts]


def test_a_text_longer_than_the_kernel_holds_at_a_time_is_signed_whole():
    text = "".join(random.Random(3).choices("天地玄黄宇宙洪荒日月盈昃", k=5000))

    assert sign(*pack([text]), Signing()).tolist() == [by_datasketch(text, Signing())]


def test_signatures_never_change_silently():
    text = "清源把原始文本变成干净的语料𠮷"
    found = (shingle_hash("清源把原始".encode()), xxhash.xxh3_64_hexdigest(sign(*pack([text]), Signing()).tobytes()))

    assert found == (3347774353, "7dfa54610a5c0d67")


def test_the_kernel_rolls_the_very_hash_that_datasketch_is_given():
    text = "一二三四五六七八九十𠮷𡃁"
    hashes, offsets = shingle_hashes(*pack([text[:4], text]), 5)

    assert (hashes >> np.uint64(32)).tolist() == [shingle_hash(text[i : i + 5].encode()) for i in range(8)]
    assert offsets.tolist() == [0, 0, 8]


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(UnicodeDecodeError):
        shingle_hash(b"\xff\xfe")


@settings(deadline=None)  # the first call compiles
@given(TEXTS, st.integers(0, 6))
def test_cutting_the_batch_changes_nothing(texts, cut):
    parts = [sign(*pack(part), Signing()).tolist() for part in (texts[:cut], texts[cut:])]

    assert parts[0] + parts[1] == sign(*pack(texts), Signing()).tolist()


def test_a_text_shorter_than_a_shingle_has_none():
    values, offsets = pack(["", "四个字。", "五个字啊。"])
    signatures = sign(values, offsets, Signing())

    assert shingle_counts(offsets, 5).tolist() == [0, 0, 1]
    assert [bool(np.all(row == EMPTY_HASH)) for row in signatures] == [True, True, False]


def test_texts_may_begin_anywhere_in_the_values():
    values, offsets = pack(["前言不算数", "天地玄黄宇宙洪荒", "日月盈昃辰宿列张"])

    assert sign(values, offsets[1:], Signing()).tolist() == sign(values, offsets, Signing()).tolist()[1:]
    assert exact_digest(values, offsets[1:]).tolist() == exact_digest(values, offsets).tolist()[1:]


def test_the_exact_digest_is_xxh3_of_utf_32():
    texts = ["", "清源", "清源𠮷", "清源"]
    digests = exact_digest(*pack(texts))
    expected = [divmod(xxhash.xxh3_128_intdigest(text.encode("utf-32-le")), 1 << 64) for text in texts]

    assert [tuple(row) for row in digests.tolist()] == expected
    assert digests[0].tolist() == EMPTY_DIGEST.tolist()


def test_no_texts_have_no_signatures():
    values, offsets = pack([])

    assert (sign(values, offsets, Signing()).shape, exact_digest(values, offsets).shape) == ((0, 112), (0, 2))


def test_the_header_names_all_that_makes_signatures_differ():
    assert Signing().header("1/unicode-16") == {
        "family": "affine32",
        "seed": "1",
        "permutations": "112",
        "shingle": "5 characters",
        "fold": "1/unicode-16",
        "version": "1",
    }
    assert Signing(bands=7).header("1") == Signing().header("1")


@pytest.mark.parametrize("wrong", [{"permutations": 111}, {"shingle": 0}, {"bands": 0}, {"rows": -8}, {"bands": 15}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="permutations"):
        Signing(**wrong)


@pytest.mark.parametrize(("jaccard", "chance"), [(0.0, 0.0), (0.685, 0.501), (0.8, 0.924), (0.86, 0.993), (1.0, 1.0)])
def test_the_chance_of_becoming_candidates_follows_the_bands(jaccard, chance):
    assert round(Signing().probability(jaccard), 3) == chance
